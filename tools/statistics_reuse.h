/*
 * statistics_reuse: rows about things that targets share: how many targets each has.
 *
 * Units      sizes: of each number of targets, how many things have so many.
 *
 * Private to statistics*.c.
 */
#ifndef MXSWEEP_TOOLS_STATISTICS_REUSE_H
#define MXSWEEP_TOOLS_STATISTICS_REUSE_H

#include "tools/statistics_fill.h"

/* sizes_put_bins adds rows by how many targets a thing has: of things, or of their targets. */
int sizes_put_bins(struct statistic *s, const struct tally *sizes, bool targets);

/* sizes_put_concentration adds rows of what is above the last, so that they are a partition of
 * `of`, and the Herfindahl-Hirschman index over all that are known; -ENOMEM. */
int sizes_put_concentration(struct statistic *s, const struct tally *sizes, uint64_t of);

/* pq_seen_put adds rows of things of whose targets post-quantum is: not known, no, yes. */
void pq_seen_put(struct statistic *s, const uint64_t counts[3]);

#endif
