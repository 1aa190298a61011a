/*
 * starts: which target a worker starts next, and whether it may: host names that are resolved,
 * targets whose network's turn has come, new ones, and those that failed by a fault of ours; filter
 * and limits.
 *
 * Order      what waited comes before what is new; what failed by a fault of ours comes last.
 */
#ifndef MXSWEEP_SCANNER_STARTS_H
#define MXSWEEP_SCANNER_STARTS_H

#include "scanner/worker.h"

/* starts_fill starts a few targets, as far as the limits let it; true: there may be more at once.
 */
bool starts_fill(struct worker *w, uint64_t now_ns);

/* starts_over tells whether this worker has nothing left to do, now and later. */
bool starts_over(const struct worker *w);

/* starts_went_well: an attempt ended in a record, so this host is able to make them. */
void starts_went_well(struct worker *w);

/* starts_put_back: an attempt failed by a fault of ours (errnum); it is made again, more slowly. */
void starts_put_back(struct worker *w, const struct candidate *c, int errnum, uint64_t now_ns);

#endif
