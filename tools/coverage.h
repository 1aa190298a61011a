/*
 * coverage: which positions of one sweep its files hold as done, how often, and which are missing.
 *
 * Units      a position p of shard s of n is slot (p - s) / n of that shard.
 * Streams    how many positions a streamed sweep has is told by the file that read its list to the
 *            end; until then there are as many as the last one done needs.
 * Promise    memory is in the number of runs that do not touch; the answer depends on no order.
 * Ownership  the caller's storage, zeroed; coverage_cleanup frees.
 * Errors     -ENOMEM.
 */
#ifndef MXSWEEP_TOOLS_COVERAGE_H
#define MXSWEEP_TOOLS_COVERAGE_H

#include "core/dataset.h"

/* slots first .. end - 1 of a shard */
struct span {
    uint32_t shard;
    uint64_t first, end;
};

struct coverage {
    uint8_t sweep_id[32];
    uint64_t count; /* positions of the sweep; of a stream without an end: so far */
    uint32_t num_shards;
    size_t num_ports;
    bool streamed, has_end, has_list_hash;
    uint8_t list_sha256[32]; /* of the whole list, if has_list_hash */
    struct span *spans;
    size_t num, cap, num_sorted;
    uint64_t duplicates; /* of the sorted spans: positions over once */
};

void coverage_init(struct coverage *c, const struct dataset_header *header);
void coverage_cleanup(struct coverage *c);

/* coverage_end says how many lines a stream had and, unless NULL, the hash of them all; false: a
 * file before said otherwise. */
bool coverage_end(struct coverage *c, uint64_t lines, const uint8_t *sha256);

/* coverage_add takes the runs of a block of that shard. */
int coverage_add(struct coverage *c, uint32_t shard, const struct dataset_run *runs, size_t num);

/* a run of missing positions: first, first + num_shards, ..., `count` of them */
struct missing {
    uint64_t first, count;
};

struct coverage_sum {
    uint64_t done, missing, duplicates;
    uint64_t num_missing_runs;
    uint64_t beyond; /* done, and behind the end of the stream */
};

/* coverage_sum adds up, and writes the first max missing runs (shard by shard) to out. */
void coverage_sum(struct coverage *c, struct coverage_sum *sum, struct missing *out, size_t max);

/* coverage_missing tells each run of missing positions, shard by shard, until `each` returns false.
 */
void coverage_missing(struct coverage *c, bool (*each)(void *context, struct missing run),
                      void *context);

#endif
