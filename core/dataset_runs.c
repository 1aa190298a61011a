#include "core/dataset_runs.h"

#include <errno.h>
#include <stdlib.h>

enum { UNSORTED_MAX = 1 << 16 };   /* runs that may wait, at the least, before they are sorted in */

void run_set_init(struct run_set *set, uint32_t step)
{
    *set = (struct run_set){.step = step};
}

void run_set_cleanup(struct run_set *set)
{
    free(set->runs);
    run_set_init(set, set->step);
}

int run_set_add(struct run_set *set, struct dataset_run run)
{
    uint64_t twice;
    size_t waiting = set->num - set->num_sorted;
    if (waiting >= UNSORTED_MAX && waiting >= set->num_sorted) {   /* sorting stays n log n */
        int rc = run_set_seal(set, &twice);
        if (rc != 0)
            return rc;
    }
    if (set->num == set->cap) {
        size_t cap = set->cap == 0 ? 64 : 2 * set->cap;
        struct dataset_run *runs = realloc(set->runs, cap * sizeof *runs);
        if (runs == NULL)
            return -ENOMEM;
        set->runs = runs;
        set->cap = cap;
    }
    set->runs[set->num++] = run;
    return 0;
}

static int compare_runs(const void *a, const void *b)
{
    const struct dataset_run *x = a, *y = b;
    return x->first < y->first ? -1 : x->first > y->first;
}

int run_set_seal(struct run_set *set, uint64_t *twice)
{
    size_t num = 0;
    if (set->num == 0)
        return 0;
    qsort(set->runs, set->num, sizeof *set->runs, compare_runs);
    for (size_t i = 1; i < set->num; i++) {
        struct dataset_run *last = &set->runs[num], run = set->runs[i];
        uint64_t distance = (run.first - last->first) / set->step;   /* in positions of the set */
        if (distance < last->count) {
            *twice = run.first;
            return -EBADMSG;
        }
        if (distance == last->count)
            last->count += run.count;
        else
            set->runs[++num] = run;
    }
    set->num = set->num_sorted = num + 1;
    return 0;
}

/* whether the end of a touches or overlaps b, where a does not begin after b; *overlap: more than
 * that */
static bool meets(const struct run_set *set, bool *overlap, const struct dataset_run *a,
                  const struct dataset_run *b)
{
    uint64_t distance = (b->first - a->first) / set->step;
    *overlap = distance < a->count;
    return distance <= a->count;
}

int run_set_insert(struct run_set *set, const struct dataset_run *runs, size_t num)
{
    struct dataset_run *merged = malloc((set->num + num + 1) * sizeof *merged);
    size_t n = 0, i = 0, j = 0;
    if (merged == NULL)
        return -ENOMEM;
    while (i < set->num || j < num) {
        bool from_set = j == num || (i < set->num && set->runs[i].first <= runs[j].first);
        const struct dataset_run *next = from_set ? &set->runs[i++] : &runs[j++];
        bool overlap = false;
        if (n == 0 || !meets(set, &overlap, &merged[n - 1], next)) {
            merged[n++] = *next;
        } else if (!overlap) {
            merged[n - 1].count += next->count;
        } else {
            free(merged);
            return -EEXIST;
        }
    }
    free(set->runs);
    set->runs = merged;
    set->cap = set->num + num + 1;
    set->num = set->num_sorted = n;
    return 0;
}

struct run_cursor run_cursor_begin(struct cbor_reader *r)
{
    size_t num = cbor_get_array(r, 2 * (size_t)DATASET_BLOCK_ROWS_MAX);
    if (num == 0 || num % 2 != 0)
        cbor_fail(r);
    return (struct run_cursor){num / 2, 0, false};
}

bool run_cursor_next(struct run_cursor *c, struct dataset_run *run, struct cbor_reader *r,
                     const struct shard_space *shard)
{
    if (c->left == 0 || r->bad)
        return false;
    uint64_t left = shard->num_slots - c->slot;
    uint64_t gap = cbor_get_uint(r, left);
    uint64_t count = cbor_get_uint(r, left - gap);
    if (r->bad || count == 0 || (gap == 0 && c->begun)) {   /* runs that touch are one */
        cbor_fail(r);
        return false;
    }
    *run = (struct dataset_run){slot_position(shard, c->slot + gap), count};
    c->slot += gap + count;
    c->begun = true;
    c->left--;
    return true;
}
