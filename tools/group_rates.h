/*
 * group_rates: the shares that are told of every group of a break-down, beside each other.
 *
 * What       each rate is a part of one of the group's sets: another set, or a row of a statistic.
 * Ownership  group_rates_make fills the caller's storage, _cleanup frees.
 * Errors     -ENOMEM.
 */
#ifndef MXSWEEP_TOOLS_GROUP_RATES_H
#define MXSWEEP_TOOLS_GROUP_RATES_H

#include "tools/group_table.h"

enum group_rate {
    RATE_GREET,
    RATE_OFFER,
    RATE_TLS,
    RATE_TLS13,
    RATE_VALID,
    RATE_TRUSTED,
    NUM_RATES
};

/* what a rate is called, and the set that it is a part of */
const char *group_rate_name(enum group_rate rate);
enum set group_rate_of(enum group_rate rate);

/* group_rate_is_known tells whether a report has what a rate needs: its sets and its statistic, and
 * for trust, chains that were judged. */
bool group_rate_is_known(enum group_rate rate, const struct statistics *all, bool judged);

struct group_rates {
    const struct group_table *table;
    uint64_t *counts[NUM_RATES]; /* of each line */
    bool told[NUM_RATES];        /* false: with a smallest cell it is not told of any */
};

int group_rates_make(struct group_rates *r, const struct group_table *t);
void group_rates_cleanup(struct group_rates *r);

#endif
