#include "tools/coverage.h"

#include <errno.h>
#include <stdlib.h>

enum { CAP_MIN = 1024 };

void coverage_init(struct coverage *c, const struct dataset_header *header)
{
    *c = (struct coverage){
        .count = header->streamed ? 0 : dataset_num_positions(header),
        .num_shards = header->num_shards,
        .num_ports = header->space->num_ports,
        .streamed = header->streamed,
    };
    memcpy(c->sweep_id, header->sweep_id, sizeof c->sweep_id);
}

void coverage_cleanup(struct coverage *c)
{
    free(c->spans);
    *c = (struct coverage){0};
}

bool coverage_end(struct coverage *c, uint64_t lines, const uint8_t *sha256)
{
    uint64_t count;
    if (__builtin_mul_overflow(lines, c->num_ports, &count) || (c->has_end && c->count != count) ||
        (sha256 != NULL && c->has_list_hash && memcmp(c->list_sha256, sha256, 32) != 0))
        return false;
    c->count = count;
    c->has_end = true;
    if (sha256 != NULL) {
        memcpy(c->list_sha256, sha256, 32);
        c->has_list_hash = true;
    }
    return true;
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

/* a stream without an end has as many positions as are needed */
static void stretch(struct coverage *c)
{
    if (!c->streamed || c->has_end)
        return;
    for (size_t i = 0; i < c->num; i++) {
        uint64_t end = (c->spans[i].end - 1) * c->num_shards + c->spans[i].shard + 1;
        c->count = end > c->count ? end : c->count;
    }
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

/* where missing runs go: to somebody who is told, for as long as they want to hear, or to a list of
 * the first max */
struct missing_list {
    struct coverage_sum *sum;
    struct missing *out;
    size_t max;
    bool (*each)(void *context, struct missing run);
    void *context;
    bool deaf;
};

static void add_missing(struct missing_list *list, uint64_t first, uint64_t count)
{
    if (count == 0)
        return;
    if (list->each != NULL)
        list->deaf = list->deaf || !list->each(list->context, (struct missing){first, count});
    else if (list->sum->num_missing_runs < list->max)
        list->out[list->sum->num_missing_runs] = (struct missing){first, count};
    list->sum->num_missing_runs++;
}

static bool wants_more(const struct missing_list *list)
{
    return list->each != NULL ? !list->deaf : list->sum->num_missing_runs < list->max;
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
        uint64_t first = spans[i].first < end ? spans[i].first : end;
        uint64_t after = spans[i].end < end ? spans[i].end : end;
        add_missing(list, next * c->num_shards + shard, first - next);
        list->sum->done += after - first;
        list->sum->beyond += spans[i].end - spans[i].first - (after - first);
        next = after;
    }
    if (next < end)
        add_missing(list, next * c->num_shards + shard, end - next);
}

/* counts the shards of which nothing is done, shard to end - 1, and lists as many as are wanted */
static void add_absent(struct missing_list *list, const struct coverage *c, uint64_t shard,
                       uint64_t end)
{
    uint64_t with_slots = c->count < end ? c->count : end;
    for (; shard < with_slots && wants_more(list); shard++)
        add_missing(list, shard, slots_of(c, (uint32_t)shard));
    if (shard < with_slots)
        list->sum->num_missing_runs += with_slots - shard;
}

static void add_all(struct missing_list *list, const struct coverage *c)
{
    uint64_t next = 0;
    for (size_t at = 0; at < c->num;) {
        size_t from = at;
        uint32_t shard = c->spans[from].shard;
        while (at < c->num && c->spans[at].shard == shard)
            at++;
        add_absent(list, c, next, shard);
        add_shard(list, c, shard, c->spans + from, at - from);
        next = (uint64_t)shard + 1;
    }
    add_absent(list, c, next, c->num_shards);
}

void coverage_sum(struct coverage *c, struct coverage_sum *sum, struct missing *out, size_t max)
{
    seal(c);
    stretch(c);
    *sum = (struct coverage_sum){.duplicates = c->duplicates};
    add_all(&(struct missing_list){.sum = sum, .out = out, .max = max}, c);
    sum->missing = c->count - sum->done;
}

void coverage_missing(struct coverage *c, bool (*each)(void *context, struct missing run),
                      void *context)
{
    struct coverage_sum sum = {0};
    seal(c);
    stretch(c);
    add_all(&(struct missing_list){.sum = &sum, .each = each, .context = context}, c);
}
