/*
 * merge_source: one of the files that are merged, as its finished positions, block by block.
 *
 * What       within a block positions ascend; from block to block they may go back. Events, new
 *            certificates and what was consumed of a stream are told as they are come by, before
 *            the positions that follow them in the file.
 * Ownership  the caller's storage; merge_source_close frees. Records and what is told live until
 *            the next call.
 * Errors     as walk.h. A file whose last block is torn ends before it: `is_torn`.
 */
#ifndef MXSWEEP_TOOLS_MERGE_SOURCE_H
#define MXSWEEP_TOOLS_MERGE_SOURCE_H

#include "tools/walk.h"

/* what happened at one position */
struct merge_done {
    enum { MERGE_RECORDS, MERGE_COUNTED, MERGE_SKIPPED } kind;
    uint64_t position;
    struct record records[RECORD_NAME_ADDRS_MAX]; /* of a host name several */
    size_t num_records;
    uint8_t stage, cause; /* MERGE_COUNTED */
};

/* who is told of what lies between positions; negative ends it */
struct merge_listener {
    int (*on_event)(void *context, const struct dataset_event_view *event);
    int (*on_block)(void *context, const struct block *block);
    void *context;
};

struct merge_source {
    struct walk walk;
    struct merge_listener listener;
    bool has_block, is_torn;
    const struct dataset_run *runs;
    size_t num_runs, run;
    uint64_t in_run;                         /* positions of the run that are behind us */
    size_t row, connect, in_full, num;       /* the next record of each group; where they end */
    uint64_t row_position, connect_position; /* of those; UINT64_MAX: none */
    uint64_t num_skipped;                    /* of the block, not yet given */
    size_t counted;                          /* outcome of those that are counted, and of it: */
    uint64_t num_counted;                    /* given so far */
};

int merge_source_open(struct merge_source *s, char err[WALK_ERR_MAX], const char *path);
void merge_source_close(struct merge_source *s);

/* merge_source_peek says which position comes next, reading on if it must: 1, 0 at the end of the
 * file, or negative. */
int merge_source_peek(struct merge_source *s, uint64_t *position, char err[WALK_ERR_MAX]);

/* merge_source_take gives that position, which merge_source_peek has said. */
void merge_source_take(struct merge_source *s, struct merge_done *out);

#endif
