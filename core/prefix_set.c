#include "core/prefix_set.h"

#include <errno.h>
#include <stdlib.h>

#include "core/lines.h"

void prefix_set_init(struct prefix_set *set)
{
    *set = (struct prefix_set){NULL, 0, 0};
}

void prefix_set_cleanup(struct prefix_set *set)
{
    free(set->ranges);
    prefix_set_init(set);
}

int prefix_set_add(struct prefix_set *set, struct addr_range range)
{
    if (set->num == set->cap) {
        size_t cap = set->cap > 0 ? set->cap * 2 : 16;
        struct addr_range *ranges = reallocarray(set->ranges, cap, sizeof *ranges);
        if (ranges == NULL)
            return -ENOMEM;
        set->ranges = ranges;
        set->cap = cap;
    }
    set->ranges[set->num++] = range;
    return 0;
}

static int compare_ranges(const void *a, const void *b)
{
    const struct addr_range *ra = a, *rb = b;
    return addr_cmp(ra->first, rb->first);
}

/* tells whether next, which begins no earlier, overlaps or touches r */
static bool joins(struct addr_range r, struct addr_range next)
{
    return addr_cmp(next.first, r.last) <= 0 || addr_cmp(addr_add(r.last, 1), next.first) == 0;
}

void prefix_set_seal(struct prefix_set *set)
{
    if (set->num == 0)
        return;
    qsort(set->ranges, set->num, sizeof *set->ranges, compare_ranges);
    size_t last = 0;
    for (size_t i = 1; i < set->num; i++) {
        struct addr_range *into = &set->ranges[last], next = set->ranges[i];
        if (!joins(*into, next))
            set->ranges[++last] = next;
        else if (addr_cmp(next.last, into->last) > 0)
            into->last = next.last;
    }
    set->num = last + 1;
}

size_t prefix_set_lower(const struct prefix_set *set, struct addr a)
{
    size_t low = 0, high = set->num;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (addr_cmp(set->ranges[mid].last, a) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

bool prefix_set_contains(const struct prefix_set *set, struct addr a)
{
    size_t i = prefix_set_lower(set, a);
    return i < set->num && addr_cmp(set->ranges[i].first, a) <= 0;
}

bool prefix_set_cut(const struct prefix_set *set, size_t *at, struct addr_range *piece,
                    bool *inside, struct addr_range *left)
{
    const struct addr_range *r = *at < set->num ? &set->ranges[*at] : NULL;
    *piece = *left;
    *inside = r != NULL && addr_cmp(r->first, left->first) <= 0;
    if (*inside && addr_cmp(r->last, left->last) < 0) {
        piece->last = r->last;
        ++*at;
    } else if (!*inside && r != NULL && addr_cmp(r->first, left->last) <= 0) {
        piece->last = (struct addr){r->first.hi - (r->first.lo == 0), r->first.lo - 1};
    }
    left->first = addr_add(piece->last, 1);
    return addr_cmp(piece->last, left->last) < 0;
}

/* adds those parts of a that lie inside (or outside) of b to out */
static int clip(struct prefix_set *out, const struct prefix_set *a, const struct prefix_set *b,
                bool keep_inside)
{
    size_t before = out->num;
    for (size_t i = 0; i < a->num; i++) {
        struct addr_range left = a->ranges[i], piece;
        size_t at = prefix_set_lower(b, left.first);
        bool more = true, inside;
        while (more) {
            more = prefix_set_cut(b, &at, &piece, &inside, &left);
            if (inside != keep_inside)
                continue;
            int rc = prefix_set_add(out, piece);
            if (rc < 0) {
                out->num = before;
                return rc;
            }
        }
    }
    return 0;
}

int prefix_set_subtract(struct prefix_set *out, const struct prefix_set *a,
                        const struct prefix_set *b)
{
    return clip(out, a, b, false);
}

int prefix_set_intersect(struct prefix_set *out, const struct prefix_set *a,
                         const struct prefix_set *b)
{
    return clip(out, a, b, true);
}

uint64_t prefix_set_count(const struct prefix_set *set)
{
    uint64_t count = 0;
    for (size_t i = 0; i < set->num; i++)
        if (__builtin_add_overflow(count, addr_range_count(set->ranges[i]), &count))
            return UINT64_MAX;
    return count;
}

static int add_line(void *ctx, char *err, size_t err_len, const char *line, size_t line_len,
                    const char *source, uint64_t line_no)
{
    struct bytes item = line_strip(line, line_len, line_no);
    struct addr_range range;
    if (item.len == 0)
        return 0;
    int rc = line_range(&range, err, err_len, item, source, line_no);
    if (rc < 0)
        return rc;
    rc = prefix_set_add(ctx, range);
    return rc < 0 ? line_error(err, err_len, rc, source, line_no, "out of memory") : 0;
}

int prefix_set_load(struct prefix_set *set, uint8_t sha256[32], char *err, size_t err_len,
                    const char *path)
{
    size_t before = set->num;
    int rc = lines_load(path, sha256, err, err_len, add_line, set);
    if (rc < 0)
        set->num = before;
    return rc;
}
