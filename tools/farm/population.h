/*
 * population: which behaviour lives at which address.
 *
 * What       weights per behaviour; seed and address give the behaviour, with no state.
 * Promise    every aligned block of POPULATION_BLOCK addresses (a /20, a /116) holds each behaviour
 * in proportion to its weight, and at least once if its weight is not below a POPULATION_BLOCK-th
 * of the sum; where in the block is pseudo-random. The same seed, weights and address give the same
 * behaviour on every machine. Ownership  population_init allocates, population_cleanup frees.
 * Errors     negative errno-like; err says "FILE:LINE: what is wrong; how to mend it".
 */
#ifndef MXSWEEP_TOOLS_FARM_POPULATION_H
#define MXSWEEP_TOOLS_FARM_POPULATION_H

#include "core/addr.h"
#include "tools/farm/behaviour.h"

enum { POPULATION_BLOCK = 4096, POPULATION_WEIGHT_MAX = 1000000, POPULATION_MADE_MAX = 4096 };

struct made; /* a behaviour by rote that is not of the table */

struct population {
    uint64_t seed;
    unsigned *weights; /* per behaviour: those of the table, then those made */
    uint64_t sum;
    struct made **made;
    size_t num_made;
};

/* population_init takes the built-in weights. */
int population_init(struct population *p, uint64_t seed);
void population_cleanup(struct population *p);

/* population_only gives all weight to one behaviour; false if no behaviour is called name. */
bool population_only(struct population *p, const char *name);

/* population_rote gives all weight to a behaviour that a spec describes (rote_config.h). */
int population_rote(struct population *p, char *err, size_t err_len, const char *spec);

/* population_load takes the weights from a file: lines `behaviour weight` or `rote:SPEC weight`, #
 * begins a comment; what it does not name has weight 0. Specs without a name are called rote-1,
 * rote-2 and so on. On failure the population is unchanged. */
int population_load(struct population *p, char *err, size_t err_len, const char *path);

/* population_choose returns the behaviour at address a. */
const struct behaviour *population_choose(const struct population *p, struct addr a);

#endif
