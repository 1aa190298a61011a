#include "tools/merge_source.h"

#include <errno.h>

int merge_source_open(struct merge_source *s, char err[WALK_ERR_MAX], const char *path)
{
    *s = (struct merge_source){.has_block = false};
    return walk_open(&s->walk, err, path);
}

void merge_source_close(struct merge_source *s)
{
    walk_close(&s->walk);
}

/* ---- the block in hand ---- */

static uint64_t position_of(const struct merge_source *s, size_t i, size_t end)
{
    struct record r;
    if (i == end)
        return UINT64_MAX;
    block_record(s->walk.block, &r, i);
    return r.position;
}

static void begin_block(struct merge_source *s)
{
    const struct block *b = s->walk.block;
    s->runs = block_runs(b, &s->num_runs);
    s->run = 0;
    s->in_run = 0;
    s->in_full = block_num_in_full(b);
    s->num = block_num_records(b);
    s->row = 0;
    s->connect = s->in_full;
    s->row_position = position_of(s, s->row, s->in_full);
    s->connect_position = position_of(s, s->connect, s->num);
    s->num_skipped = block_num_skipped(b);
    s->counted = 0;
    s->num_counted = 0;
    s->has_block = s->num_runs > 0;
}

/* reads on to the next block */
static int next_block(struct merge_source *s, char err[WALK_ERR_MAX])
{
    const struct merge_listener *l = &s->listener;
    int rc;
    while ((rc = walk_next(&s->walk, err)) == 1) {
        if (s->walk.item.kind == DATASET_EVENT)
            rc = l->on_event(l->context, &s->walk.event);
        else if (s->walk.item.kind == DATASET_BLOCK)
            rc = l->on_block(l->context, s->walk.block);
        else
            continue;
        if (rc < 0)
            return rc;
        if (s->walk.item.kind != DATASET_BLOCK)
            continue;
        begin_block(s);
        return 1;
    }
    s->is_torn = rc == -ENODATA;
    return s->is_torn ? 0 : rc;
}

int merge_source_peek(struct merge_source *s, uint64_t *position, char err[WALK_ERR_MAX])
{
    int rc = s->has_block ? 1 : next_block(s, err);
    if (rc == 1)
        *position = s->runs[s->run].first + s->in_run * s->walk.header->num_shards;
    return rc;
}

/* ---- one position ---- */

/* all records of the position, which are next in one of the groups; returns what comes then */
static uint64_t take_records(struct merge_source *s, struct merge_done *out, size_t *next,
                             size_t end)
{
    for (; *next < end; ++*next) {
        struct record *r = &out->records[out->num_records];
        if (out->num_records == RECORD_NAME_ADDRS_MAX)
            break;
        block_record(s->walk.block, r, *next);
        if (r->position != out->position)
            break;
        out->num_records++;
    }
    return position_of(s, *next, end);
}

/* a position without a record: which of them was skipped, or had which outcome, is not kept; how
 * many is */
static void take_unrecorded(struct merge_source *s, struct merge_done *out)
{
    size_t num;
    const struct block_unrecorded *u = block_unrecorded(s->walk.block, &num);
    out->kind = s->num_skipped > 0 ? MERGE_SKIPPED : MERGE_COUNTED;
    if (s->num_skipped > 0) {
        s->num_skipped--;
        return;
    }
    out->stage = u[s->counted].stage;
    out->cause = u[s->counted].cause;
    if (++s->num_counted == u[s->counted].count) {
        s->counted++;
        s->num_counted = 0;
    }
}

void merge_source_take(struct merge_source *s, struct merge_done *out)
{
    uint32_t step = s->walk.header->num_shards;
    out->position = s->runs[s->run].first + s->in_run * step;
    out->num_records = 0;
    out->kind = MERGE_RECORDS;
    if (s->row_position == out->position)
        s->row_position = take_records(s, out, &s->row, s->in_full);
    else if (s->connect_position == out->position)
        s->connect_position = take_records(s, out, &s->connect, s->num);
    else
        take_unrecorded(s, out);
    if (++s->in_run == s->runs[s->run].count) {
        s->run++;
        s->in_run = 0;
    }
    s->has_block = s->run < s->num_runs;
}
