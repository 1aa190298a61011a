/*
 * truth: what a correct scanner records of each address of the farm.
 *
 * What       from the behaviour table and the certificates that the pki makes, and from the
 * scanner's time-outs; nothing is connected to, nothing is parsed. Units      time-outs in ms.
 */
#ifndef MXSWEEP_TOOLS_FARM_TRUTH_H
#define MXSWEEP_TOOLS_FARM_TRUTH_H

#include <stdio.h>

#include "tools/farm/latency.h"
#include "tools/farm/population.h"

struct pki;

/* the scanner's. On loopback every connection succeeds at once, so its connect time-out never ends
 * anything. */
struct time_outs {
    uint64_t connect_ms, reply_ms, tls_ms, session_ms;
};

struct verdict {
    uint8_t stage, cause; /* enum stage, enum cause */
    uint16_t code;        /* SMTP code; 0: none */
};

/* truth_verdict says how a session with b at address a ends under these time-outs and with that
 * latency of a farm of that seed. */
struct verdict truth_verdict(const struct behaviour *b, const struct time_outs *t,
                             const struct latency *l, uint64_t seed, struct addr a);

/* truth_version returns the name of the TLS version that the ServerHello chooses, NULL if there is
 * none. */
const char *truth_version(const struct behaviour *b);

/* truth_print writes one JSON object, with its line end, for the server at a; false: no memory, or
 * out cannot be written. */
bool truth_print(FILE *out, const struct population *p, struct pki *pki, const struct time_outs *t,
                 const struct latency *l, struct addr a, uint16_t port);

/* truth_list writes the behaviour table in Markdown: name, weight, record, what it does. */
void truth_list(FILE *out, const struct population *p);

#endif
