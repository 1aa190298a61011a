#include "core/target_merge.h"

#include <errno.h>
#include <stdlib.h>

/* a range of one host; of two that overlap, the one with the lower order gives the tag */
struct claim {
    struct addr_range range;
    uint32_t host, tag;
    bool named; /* of the host itself, no range */
    size_t order;
};

/* claims that cover the place of the sweep or did so before it, the lowest order on top: a binary
 * heap */
struct heap {
    const struct claim **at;
    size_t num;
};

static void heap_push(struct heap *heap, const struct claim *claim)
{
    size_t i = heap->num++;
    for (; i > 0 && heap->at[(i - 1) / 2]->order > claim->order; i = (i - 1) / 2)
        heap->at[i] = heap->at[(i - 1) / 2];
    heap->at[i] = claim;
}

static void heap_pop(struct heap *heap)
{
    const struct claim *last = heap->at[--heap->num];
    size_t i = 0;
    for (size_t child = 1; child < heap->num; child = 2 * i + 1) {
        if (child + 1 < heap->num && heap->at[child + 1]->order < heap->at[child]->order)
            child++;
        if (heap->at[child]->order > last->order)
            break;
        heap->at[i] = heap->at[child];
        i = child;
    }
    heap->at[i] = last;
}

int target_segments_add(struct target_segments *segments, struct target_segment segment)
{
    struct target_segment *prev = segments->num > 0 ? &segments->at[segments->num - 1] : NULL;
    if (prev != NULL && prev->host == segment.host && prev->tag == segment.tag && !prev->named &&
        !segment.named && addr_is_v4(prev->last) == addr_is_v4(segment.first) &&
        addr_cmp(addr_add(prev->last, 1), segment.first) == 0) {
        prev->last = segment.last;
        return 0;
    }
    if (segments->num == segments->cap) {
        size_t cap = segments->cap > 0 ? segments->cap * 2 : 64;
        struct target_segment *at = reallocarray(segments->at, cap, sizeof *at);
        if (at == NULL)
            return -ENOMEM;
        segments->at = at;
        segments->cap = cap;
    }
    segments->at[segments->num++] = segment;
    return 0;
}

static struct addr before(struct addr a)
{
    return (struct addr){a.hi - (a.lo == 0), a.lo - 1};
}

/* sweeps over the ranges of one host, which are in the order of their first addresses; heap has
 * room for all of them */
static int merge_ranges(struct target_segments *out, struct heap *heap, const struct claim *claims,
                        size_t num)
{
    struct addr at = {0, 0};
    size_t next = 0;
    heap->num = 0;
    while (next < num || heap->num > 0) {
        if (heap->num == 0)
            at = claims[next].range.first;
        while (next < num && addr_cmp(claims[next].range.first, at) <= 0)
            heap_push(heap, &claims[next++]);
        const struct claim *top = heap->at[0];
        if (addr_cmp(top->range.last, at) < 0) {
            heap_pop(heap);
            continue;
        }
        /* top holds until it ends or a stronger claim begins; weaker ones wait below it */
        struct addr stop = top->range.last;
        while (next < num && addr_cmp(claims[next].range.first, stop) <= 0) {
            if (claims[next].order < top->order) {
                stop = before(claims[next].range.first);
                break;
            }
            heap_push(heap, &claims[next++]);
        }
        int rc = target_segments_add(
            out,
            (struct target_segment){.first = at, .last = stop, .host = top->host, .tag = top->tag});
        if (rc < 0)
            return rc;
        at = addr_add(stop, 1);
        if (at.hi == 0 && at.lo == 0)
            break; /* stop was the last address there is */
    }
    return 0;
}

/* the claims of one host, names first: of those, the first line counts */
static int merge_host(struct target_segments *out, struct heap *heap, const struct claim *claims,
                      size_t num)
{
    size_t num_named = 0;
    int rc = 0;
    while (num_named < num && claims[num_named].named)
        num_named++;
    if (num_named > 0)
        rc = target_segments_add(
            out,
            (struct target_segment){.host = claims[0].host, .tag = claims[0].tag, .named = true});
    return rc < 0 ? rc : merge_ranges(out, heap, claims + num_named, num - num_named);
}

static int compare_claims(const void *a, const void *b)
{
    const struct claim *ca = a, *cb = b;
    if (ca->host != cb->host)
        return ca->host < cb->host ? -1 : 1;
    if (ca->named != cb->named)
        return ca->named ? -1 : 1;
    int cmp = addr_cmp(ca->range.first, cb->range.first);
    return cmp != 0 ? cmp : ca->order < cb->order ? -1 : 1;
}

int target_merge(struct target_segments *out, const struct target_list *list, const uint32_t *ranks)
{
    int rc = 0;
    if (list->num == 0)
        return 0;
    struct claim *claims = calloc(list->num, sizeof *claims);
    struct heap heap = {calloc(list->num, sizeof *heap.at), 0};
    if (claims == NULL || heap.at == NULL) {
        rc = -ENOMEM;
        goto out;
    }
    for (size_t i = 0; i < list->num; i++) {
        const struct target_line *line = &list->lines[i];
        claims[i] =
            (struct claim){line->range, ranks[line->host], ranks[line->tag], line->named, i};
    }
    qsort(claims, list->num, sizeof *claims, compare_claims);
    for (size_t i = 0, end; rc == 0 && i < list->num; i = end) {
        for (end = i + 1; end < list->num && claims[end].host == claims[i].host;)
            end++;
        rc = merge_host(out, &heap, claims + i, end - i);
    }
out:
    free(claims);
    free(heap.at);
    return rc;
}
