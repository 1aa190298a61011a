/*
 * statistics_only: some statistics of a report, asked for by their ids, and what counting them
 * needs.
 *
 * Promise    the figures of a statistic are those of the whole report, whatever else is asked for.
 * Ownership  plain value.
 */
#ifndef MXSWEEP_TOOLS_STATISTICS_ONLY_H
#define MXSWEEP_TOOLS_STATISTICS_ONLY_H

#include <stdio.h>

#include "tools/statistics.h"

enum { STATISTICS_MAX = 256 };

struct statistics_only {
    bool asked[STATISTICS_MAX]; /* by index of statistic_defs */
    unsigned needs;             /* enum need */
};

/* statistics_only_parse reads "outcome,tls_version"; false: *bad is the word that is no id. */
bool statistics_only_parse(struct statistics_only *out, struct bytes *bad, const char *list);

/* NULL: all */
bool statistics_only_has(const struct statistics_only *only, const struct statistic_def *def);
unsigned statistics_needs(const struct statistics_only *only);

/* statistics_only_lacks tells of which sets nothing is known where only these are asked for: all
 * that are no denominators of theirs, but for A, D and P. */
void statistics_only_lacks(bool lacks[NUM_SETS], const struct statistics_only *only);

/* statistics_only_help prints the ids and what they are of. */
void statistics_only_help(FILE *out);

#endif
