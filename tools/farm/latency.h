/*
 * latency: how long the farm's servers think before they answer.
 *
 * What       a distribution; seed, address and phase draw from it, with no state, so that a server
 *            is as slow in every run as it was in the first.
 * Units      ms.
 * Promise    the delay before a phase depends on seed, address and phase alone, and is at most
 *            LATENCY_MAX_MS. The phases of a server are independent draws.
 * Ownership  plain value; all zero: no latency.
 * Errors     latency_parse returns false and leaves the output untouched.
 */
#ifndef MXSWEEP_TOOLS_FARM_LATENCY_H
#define MXSWEEP_TOOLS_FARM_LATENCY_H

#include "core/addr.h"
#include "tools/farm/behaviour.h"

enum { LATENCY_MAX_MS = 600000, LATENCY_SIGMA_MAX = 4 };

enum latency_kind { LATENCY_NONE, LATENCY_FIXED, LATENCY_UNIFORM, LATENCY_LOGNORMAL };

struct latency {
    enum latency_kind kind;
    uint32_t low_ms, high_ms; /* fixed: both the same; lognormal: low_ms is the median */
    uint32_t sigma_milli;     /* lognormal: thousandths; of the logarithm (natural) */
};

/* latency_parse reads "fixed:D", "uniform:D-D" (both included) or "lognormal:MEDIAN,SIGMA", SIGMA
 * with up to three decimals. */
bool latency_parse(struct latency *out, const char *text);

/* latency_draw returns how long the server at a waits before it answers at phase. A draw above
 * LATENCY_MAX_MS is cut to it. */
uint64_t latency_draw(const struct latency *l, uint64_t seed, struct addr a, enum phase phase);

#endif
