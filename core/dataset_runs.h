/*
 * dataset_runs: sets of positions, kept as runs.
 *
 * Promise    memory is in the number of runs; runs that touch are joined, so a set of all
 *            positions is one run.
 * Ownership  run_set: the caller's storage; run_set_cleanup frees it.
 */
#ifndef MXSWEEP_CORE_DATASET_RUNS_H
#define MXSWEEP_CORE_DATASET_RUNS_H

#include "core/dataset_private.h"

struct run_set {
    struct dataset_run *runs;   /* sorted and disjoint up to num_sorted, the rest as it came */
    size_t num, cap, num_sorted;
    uint32_t step;              /* between neighbours of a run */
};

void run_set_init(struct run_set *set, uint32_t step);
void run_set_cleanup(struct run_set *set);

/* run_set_add takes one more run. -ENOMEM, or -EBADMSG if some run was there already. */
int run_set_add(struct run_set *set, struct dataset_run run);

/* run_set_seal sorts and joins what was added. -EBADMSG if a position was added twice: *twice. */
int run_set_seal(struct run_set *set, uint64_t *twice);

/* run_set_insert takes num runs, sorted and disjoint, all or none of them: -EEXIST if a position
 * of theirs is there already, -ENOMEM. The set is sealed before and after. */
int run_set_insert(struct run_set *set, const struct dataset_run *runs, size_t num);

/* reads the runs of a block: slots as gap, count, gap, count, ... */
struct run_cursor {
    size_t left;
    uint64_t slot;
    bool begun;
};

struct run_cursor run_cursor_begin(struct cbor_reader *r);

/* run_cursor_next gives the next run; false at the end, or if r is bad. */
bool run_cursor_next(struct run_cursor *c, struct dataset_run *run, struct cbor_reader *r,
                     const struct shard_space *shard);

#endif
