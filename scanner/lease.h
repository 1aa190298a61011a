/*
 * lease: hands the open positions of this shard to the workers, a few consecutive ones at a time.
 *
 * What       the positions p = shard + k * num_shards below N, without those that a resumed dataset
 *            lists as done.
 * Promise    every open position is leased exactly once, whoever asks; memory is in the number of
 *            done runs.
 * Threads    lease_take from any thread; the rest from one.
 * Ownership  the caller's storage; lease_cleanup frees the runs. Errors  negative UV_E*.
 */
#ifndef MXSWEEP_SCANNER_LEASE_H
#define MXSWEEP_SCANNER_LEASE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "core/dataset.h"

enum { LEASE_POSITIONS = 64 }; /* in one lease: enough that the counter is not fought for */

struct open_run {
    uint64_t first;  /* position */
    uint64_t before; /* open positions in the runs before this one */
};

struct lease_source {
    uint32_t step; /* between two positions: the number of shards */
    struct open_run *runs;
    size_t num_runs;
    uint64_t num_open;     /* positions that are not done */
    uint64_t num_leased;   /* ... of which so many are leased at most */
    _Atomic uint64_t next; /* ordinal of the next open position */
};

/* a few open positions, by ordinal */
struct lease {
    uint64_t next, end;
};

/* lease_source_init: num_targets is N; done is sorted, disjoint and of this shard (as
 * dataset_resume gives it). */
int lease_source_init(struct lease_source *source, uint64_t num_targets, uint32_t num_shards,
                      uint32_t shard, const struct dataset_run *done, size_t num_done);
void lease_source_cleanup(struct lease_source *source);

/* lease_source_cap leases no more than max positions in all. */
void lease_source_cap(struct lease_source *source, uint64_t max);

/* lease_take takes the next few; false when there are no more. */
bool lease_take(struct lease_source *source, struct lease *out);

/* lease_source_empty tells that there is nothing left to take. */
bool lease_source_empty(const struct lease_source *source);

/* lease_position returns the position of an open ordinal. O(log runs). */
uint64_t lease_position(const struct lease_source *source, uint64_t ordinal);

#endif
