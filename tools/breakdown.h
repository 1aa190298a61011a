/*
 * breakdown: the same statistics of each group of targets: by country, AS, software and so on.
 *
 * Promise    groups come in the order of their targets of P, those that share a row (other,
 *            unknown) last; together they have each target of P once, so that each count of a
 *            group's partition is a part of the whole's.
 * Min        with a smallest cell, a group is not told apart if any set of its funnel has 1 to
 *            min - 1 targets, and no row of its statistics can be told either
 *            (statistics_suppress); nor can one be had by subtracting those that are shown.
 * Ownership  _make fills, _cleanup frees.
 * Errors     -ENOMEM.
 */
#ifndef MXSWEEP_TOOLS_BREAKDOWN_H
#define MXSWEEP_TOOLS_BREAKDOWN_H

#include "tools/statistics.h"

struct breakdown_group {
    struct bytes label; /* owned; may be octets of others */
    enum row_kind kind;
    uint64_t num_labels; /* ROW_OTHER: how many groups it sums */
    struct statistics statistics;
};

struct breakdown {
    unsigned dimension; /* enum dimension */
    struct breakdown_group *groups;
    size_t num;
};

/* breakdown_make makes that of one dimension; top: rows of open tables; min: 0: all is shown, else
 * nothing that is not told of the whole. */
int breakdown_make(struct breakdown *out, const struct aggregate *a, unsigned dimension, size_t top,
                   uint64_t min, const struct statistics *whole);
void breakdown_cleanup(struct breakdown *b);

#endif
