#include "tools/coverage.h"

#include <errno.h>
#include <stdlib.h>

enum { CAP_MIN = 1024 };

void coverage_init(struct coverage *c, const struct dataset_header *header)
{
    *c = (struct coverage){.count = header->space->count, .num_shards = header->num_shards};
    memcpy(c->sweep_id, header->sweep_id, sizeof c->sweep_id);
}

void coverage_cleanup(struct coverage *c)
{
    free(c->spans);
    *c = (struct coverage){0};
}

static int compare_spans(const void *a, const void *b)
{
    const struct span *x = a, *y = b;
    if (x->shard != y->shard)
        return x->shard < y->shard ? -1 : 1;
    return x->first < y->first ? -1 : x->first > y->first;
}

/* sorts the spans and joins those that touch; what overlaps is counted */
static void seal(struct coverage *c)
{
    if (c->num_sorted == c->num)
        return;
    qsort(c->spans, c->num, sizeof c->spans[0], compare_spans);
    size_t num = 0;
    for (size_t i = 0; i < c->num; i++) {
        struct span s = c->spans[i], *last = num > 0 ? &c->spans[num - 1] : NULL;
        if (last == NULL || last->shard != s.shard || last->end < s.first) {
            c->spans[num++] = s;
            continue;
        }
        uint64_t end = s.end < last->end ? s.end : last->end;
        c->duplicates += end - s.first;
        last->end = s.end > last->end ? s.end : last->end;
    }
    c->num = c->num_sorted = num;
}

/* makes room for one more span; joining first may do */
static bool reserve(struct coverage *c)
{
    if (c->num < c->cap)
        return true;
    seal(c);
    if (2 * c->num < c->cap)
        return true;
    size_t cap = c->cap > 0 ? 2 * c->cap : CAP_MIN;
    struct span *spans = realloc(c->spans, cap * sizeof spans[0]);
    if (spans == NULL)
        return false;
    c->spans = spans;
    c->cap = cap;
    return true;
}

int coverage_add(struct coverage *c, uint32_t shard, const struct dataset_run *runs, size_t num)
{
    for (size_t i = 0; i < num; i++) {
        if (!reserve(c))
            return -ENOMEM;
        uint64_t slot = runs[i].first / c->num_shards;
        c->spans[c->num++] = (struct span){shard, slot, slot + runs[i].count};
    }
    return 0;
}

/* ---- what is missing ---- */

struct missing_list {
    struct coverage_sum *sum;
    struct missing *out;
    size_t max;
};

static void add_missing(struct missing_list *list, uint64_t first, uint64_t count)
{
    if (count == 0)
        return;
    if (list->sum->num_missing_runs < list->max)
        list->out[list->sum->num_missing_runs] = (struct missing){first, count};
    list->sum->num_missing_runs++;
}

static uint64_t slots_of(const struct coverage *c, uint32_t shard)
{
    return c->count / c->num_shards + (shard < c->count % c->num_shards);
}

/* adds what a shard's spans, `num` of them, leave out */
static void add_shard(struct missing_list *list, const struct coverage *c, uint32_t shard,
                      const struct span *spans, size_t num)
{
    uint64_t next = 0, end = slots_of(c, shard);
    for (size_t i = 0; i < num; i++) {
        add_missing(list, next * c->num_shards + shard, spans[i].first - next);
        list->sum->done += spans[i].end - spans[i].first;
        next = spans[i].end;
    }
    if (next < end)
        add_missing(list, next * c->num_shards + shard, end - next);
}

/* counts the shards of which nothing is done, shard to end - 1, and lists as many as are wanted */
static void add_absent(struct missing_list *list, const struct coverage *c, uint64_t shard,
                       uint64_t end)
{
    uint64_t with_slots = c->count < end ? c->count : end;
    for (; shard < with_slots && list->sum->num_missing_runs < list->max; shard++)
        add_missing(list, shard, slots_of(c, (uint32_t)shard));
    if (shard < with_slots)
        list->sum->num_missing_runs += with_slots - shard;
}

void coverage_sum(struct coverage *c, struct coverage_sum *sum, struct missing *out, size_t max)
{
    seal(c);
    *sum = (struct coverage_sum){.duplicates = c->duplicates};
    struct missing_list list = {sum, out, max};
    uint64_t next = 0;
    for (size_t at = 0; at < c->num;) {
        size_t from = at;
        uint32_t shard = c->spans[from].shard;
        while (at < c->num && c->spans[at].shard == shard)
            at++;
        add_absent(&list, c, next, shard);
        add_shard(&list, c, shard, c->spans + from, at - from);
        next = (uint64_t)shard + 1;
    }
    add_absent(&list, c, next, c->num_shards);
    sum->missing = c->count - sum->done;
}
