#include "tools/geo_tree.h"

#include <errno.h>
#include <stdlib.h>

#include "tools/tally.h"

enum {
    UPPER_BITS = 16,
    NUM_UPPER = 1 << UPPER_BITS,
    FINE_BITS = 8,
    FEW_RANGES = 8, /* are found as fast without an index of their own */
    V4_BITS = 32,
    V4_DEPTH = 96,
    VISITS_PER_NODE = 16 /* of a tree that is none, as nodes are led to from several places */
};

/* ---- making ---- */

/* returns the number of the record at that offset, GEO_NO_RECORD without memory; numbers has
 * those that were met, less 1 */
static uint32_t number_of(struct geo_tree *t, struct tally *numbers, uint32_t offset)
{
    uint64_t known = tally_get(numbers, offset);
    if (known > 0)
        return (uint32_t)(known - 1);
    if (t->num_records == t->cap_records) {
        uint32_t cap = t->cap_records > 0 ? 2 * t->cap_records : 1024;
        uint32_t *offsets = realloc(t->offsets, cap * sizeof offsets[0]);
        if (offsets == NULL)
            return GEO_NO_RECORD;
        t->offsets = offsets;
        t->cap_records = cap;
    }
    t->offsets[t->num_records] = offset;
    tally_add(numbers, offset, (uint64_t)t->num_records + 1);
    return numbers->bad ? GEO_NO_RECORD : t->num_records++;
}

static int unpack(uint32_t *out, struct geo_tree *t, struct tally *numbers, uint8_t type,
                  uint64_t value, uint32_t offset)
{
    switch (type) {
    case MMDB_RECORD_TYPE_SEARCH_NODE: *out = (uint32_t)value; return 0;
    case MMDB_RECORD_TYPE_EMPTY: *out = t->num_nodes; return 0;
    case MMDB_RECORD_TYPE_DATA: break;
    default: return -EINVAL;
    }
    uint32_t number = number_of(t, numbers, offset);
    if (number == GEO_NO_RECORD)
        return -ENOMEM;
    *out = t->num_nodes + 1 + number;
    return 0;
}

static int unpack_node(struct geo_tree *t, struct tally *numbers, const MMDB_s *mmdb, uint32_t i)
{
    MMDB_search_node_s node;
    if (MMDB_read_node(mmdb, i, &node) != MMDB_SUCCESS)
        return -EINVAL;
    int rc = unpack(&t->nodes[i][0], t, numbers, node.left_record_type, node.left_record,
                    node.left_record_entry.offset);
    return rc != 0 ? rc
                   : unpack(&t->nodes[i][1], t, numbers, node.right_record_type, node.right_record,
                            node.right_record_entry.offset);
}

/* follows the upper num bits of bits, which are at its top */
static uint32_t follow(const struct geo_tree *t, uint32_t node, uint64_t bits, unsigned num)
{
    for (; num > 0 && node < t->num_nodes; num--) {
        node = t->nodes[node][bits >> 63];
        bits <<= 1;
    }
    return node;
}

/* ---- ranges of IPv4 ---- */

/* a part of the tree that is still to be visited */
struct part {
    uint32_t first, node;
    unsigned bits; /* of the addresses below it */
};

static int add_range(struct geo_ranges *r, uint32_t first, uint32_t target)
{
    if (r->num > 0 && r->list[r->num - 1].target == target)
        return 0;
    if (r->num == r->cap) {
        size_t cap = r->cap > 0 ? 2 * r->cap : 1024;
        struct geo_range *list = realloc(r->list, cap * sizeof list[0]);
        if (list == NULL)
            return -ENOMEM;
        r->list = list;
        r->cap = cap;
    }
    r->list[r->num++] = (struct geo_range){first, target};
    return 0;
}

/* walks through the tree from the lowest address on; -E2BIG: there is too much of it */
static int collect_ranges(struct geo_ranges *r, const struct geo_tree *t)
{
    struct part stack[V4_BITS + 2];
    uint64_t visits = (uint64_t)t->num_nodes * VISITS_PER_NODE;
    size_t depth = 0;
    int rc = 0;
    stack[depth++] = (struct part){0, t->v4_root, V4_BITS};
    while (rc == 0 && depth > 0) {
        struct part p = stack[--depth];
        if (p.bits == 0 || p.node >= t->num_nodes) {
            rc = add_range(r, p.first, p.node < t->num_nodes ? t->num_nodes : p.node);
            continue;
        }
        uint32_t half = UINT32_C(1) << --p.bits;
        stack[depth++] = (struct part){p.first + half, t->nodes[p.node][1], p.bits};
        stack[depth++] = (struct part){p.first, t->nodes[p.node][0], p.bits};
        if (visits-- == 0)
            rc = -E2BIG;
    }
    return rc;
}

static void cleanup_ranges(struct geo_ranges *r)
{
    free(r->list);
    free(r->index);
    free(r->fine);
    free(r->fines);
    *r = (struct geo_ranges){.num = 0};
}

/* the ranges that addresses with these upper 16 bits may be in, less one */
static uint32_t ranges_below(const struct geo_ranges *r, uint32_t upper)
{
    return r->index[upper + 1] - r->index[upper];
}

static void fill_fine(struct geo_ranges *r, uint32_t upper)
{
    uint16_t *fines = &r->fines[(size_t)(r->fine[upper] - 1) * GEO_FINE_LEN];
    uint32_t base = r->index[upper], at = base;
    for (uint32_t i = 0; i + 1 < GEO_FINE_LEN; i++) {
        uint32_t first = upper << UPPER_BITS | i << FINE_BITS;
        while (at < r->index[upper + 1] && r->list[at + 1].first <= first)
            at++;
        fines[i] = (uint16_t)(at - base);
    }
    fines[GEO_FINE_LEN - 1] = (uint16_t)ranges_below(r, upper);
}

/* of more ranges than 16 bits can count, there is no such index */
static int make_fines(struct geo_ranges *r)
{
    uint32_t num = 0;
    r->fine = calloc(NUM_UPPER, sizeof r->fine[0]);
    for (uint32_t i = 0; r->fine != NULL && i < NUM_UPPER; i++)
        if (ranges_below(r, i) > FEW_RANGES && ranges_below(r, i) <= UINT16_MAX)
            r->fine[i] = ++num;
    r->fines = malloc((size_t)(num + 1) * GEO_FINE_LEN * sizeof r->fines[0]);
    if (r->fine == NULL || r->fines == NULL)
        return -ENOMEM;
    for (uint32_t i = 0; i < NUM_UPPER; i++)
        if (r->fine[i] != 0)
            fill_fine(r, i);
    return 0;
}

static int make_ranges(struct geo_tree *t)
{
    struct geo_ranges *r = &t->v4;
    int rc = collect_ranges(r, t);
    if (rc == 0 && (r->index = malloc((NUM_UPPER + 1) * sizeof r->index[0])) == NULL)
        rc = -ENOMEM;
    uint32_t at = 0;
    for (uint32_t i = 0; rc == 0 && i < NUM_UPPER; i++) {
        while (at + 1 < r->num && r->list[at + 1].first <= i << UPPER_BITS)
            at++;
        r->index[i] = at;
    }
    if (rc == 0) {
        r->index[NUM_UPPER] = (uint32_t)r->num - 1;
        rc = make_fines(r);
    }
    if (rc != 0)
        cleanup_ranges(r);
    return rc == -E2BIG ? 0 : rc;
}

int geo_tree_init(struct geo_tree *t, const MMDB_s *mmdb)
{
    struct tally numbers;
    tally_init(&numbers);
    *t = (struct geo_tree){
        .num_nodes = mmdb->metadata.node_count,
        .has_v6 = mmdb->metadata.ip_version == 6,
    };
    t->nodes = malloc(t->num_nodes * sizeof t->nodes[0]);
    int rc = t->nodes != NULL ? 0 : -ENOMEM;
    for (uint32_t i = 0; rc == 0 && i < t->num_nodes; i++)
        rc = unpack_node(t, &numbers, mmdb, i);
    tally_cleanup(&numbers);
    if (rc == 0) {
        t->v4_root = t->has_v6 ? follow(t, follow(t, 0, 0, 64), 0, V4_DEPTH - 64) : 0;
        rc = make_ranges(t);
    }
    if (rc != 0)
        geo_tree_cleanup(t);
    return rc;
}

void geo_tree_cleanup(struct geo_tree *t)
{
    free(t->nodes);
    cleanup_ranges(&t->v4);
    free(t->offsets);
    *t = (struct geo_tree){0};
}

/* ---- looking up ---- */

/* the ranges that an address is in one of: from *at to *at + what is returned */
static uint32_t narrow(const struct geo_ranges *r, uint32_t *at, uint32_t v4)
{
    uint32_t upper = v4 >> UPPER_BITS, fine = r->fine[upper];
    *at = r->index[upper];
    if (fine == 0)
        return ranges_below(r, upper);
    const uint16_t *fines = &r->fines[(size_t)(fine - 1) * GEO_FINE_LEN + (v4 >> FINE_BITS & 0xff)];
    *at += fines[0];
    return (uint32_t)(fines[1] - fines[0]);
}

/* what the tree leads to at an IPv4 address: the last range that begins at it or before */
static uint32_t find_v4(const struct geo_tree *t, uint32_t v4)
{
    const struct geo_ranges *r = &t->v4;
    if (r->num == 0)
        return follow(t, t->v4_root, (uint64_t)v4 << V4_BITS, V4_BITS);
    uint32_t at, left = narrow(r, &at, v4);
    while (left > 0) {
        uint32_t half = (left + 1) / 2;
        at += r->list[at + half].first <= v4 ? half : 0;
        left -= half;
    }
    return r->list[at].target;
}

void geo_tree_near(const struct geo_tree *t, struct addr a, unsigned near)
{
    const struct geo_ranges *r = &t->v4;
    uint32_t v4 = (uint32_t)a.lo, upper = v4 >> UPPER_BITS, at;
    if (!addr_is_v4(a) || r->num == 0)
        return;
    if (near == 0) {
        __builtin_prefetch(&r->index[upper]);
        __builtin_prefetch(&r->fine[upper]);
    } else if (near == 1 && r->fine[upper] != 0) {
        __builtin_prefetch(
            &r->fines[(size_t)(r->fine[upper] - 1) * GEO_FINE_LEN + (v4 >> FINE_BITS & 0xff)]);
    } else {
        uint32_t num = narrow(r, &at, v4);
        __builtin_prefetch(&r->list[at]);
        __builtin_prefetch(&r->list[at + (num + 1) / 2]);
    }
}

uint32_t geo_tree_find(const struct geo_tree *t, struct addr a)
{
    uint32_t node;
    if (addr_is_v4(a))
        node = find_v4(t, (uint32_t)a.lo);
    else if (t->has_v6)
        node = follow(t, follow(t, 0, a.hi, 64), a.lo, 64);
    else
        return GEO_NO_RECORD;
    return node > t->num_nodes ? node - t->num_nodes - 1 : GEO_NO_RECORD;
}
