#include "benchmarks/big_mmdb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "benchmarks/bench.h"
#include "core/bytes.h"

enum { V4_DEPTH = 96, ADDR_BITS = 32, GAP_LEN = 16, SMALL_MAX = 28 };

/* types of the data section */
enum {
    TYPE_STRING = 2,
    TYPE_UINT16 = 5,
    TYPE_UINT32 = 6,
    TYPE_MAP = 7,
    TYPE_UINT64 = 9,
    TYPE_ARRAY = 11
};

struct buffer {
    uint8_t *data;
    size_t len, cap;
};

struct mmdb {
    const struct big_range *ranges;
    const uint32_t *offsets; /* of each range's record, in the data */
    struct buffer data;
    uint32_t (*nodes)[2]; /* of a node, or of data: see LEAF */
    uint32_t num_nodes, cap_nodes;
};

#define LEAF  UINT32_C(0x80000000) /* with an offset into the data, until the nodes are counted */
#define EMPTY UINT32_MAX

static void must(bool good, const char *what)
{
    if (!good)
        bench_die(what);
}

/* ---- data ---- */

static void put(struct buffer *b, const void *data, size_t len)
{
    if (b->len + len > b->cap) {
        b->cap = 2 * (b->len + len);
        b->data = realloc(b->data, b->cap);
        must(b->data != NULL, "memory");
    }
    memcpy(b->data + b->len, data, len);
    b->len += len;
}

static void put_octet(struct buffer *b, unsigned octet)
{
    uint8_t o = (uint8_t)octet;
    put(b, &o, 1);
}

static void put_head(struct buffer *b, unsigned type, size_t size)
{
    size_t small = size > SMALL_MAX ? SMALL_MAX + 1 : size;
    put_octet(b, (unsigned)(type > 7 ? small : type << 5 | small));
    if (type > 7)
        put_octet(b, type - 7);
    if (size > SMALL_MAX)
        put_octet(b, (unsigned)(size - SMALL_MAX - 1));
}

static void put_string(struct buffer *b, const char *text)
{
    put_head(b, TYPE_STRING, strlen(text));
    put(b, text, strlen(text));
}

static void put_number(struct buffer *b, unsigned type, uint64_t value)
{
    size_t len = 0;
    while (len < 8 && value >> 8 * len != 0)
        len++;
    put_head(b, type, len);
    while (len-- > 0)
        put_octet(b, value >> 8 * len & 0xff);
}

static void put_record(struct buffer *b, enum big_mmdb_kind kind, const struct big_range *r)
{
    char name[32];
    if (kind == BIG_MMDB_COUNTRY) {
        put_head(b, TYPE_MAP, 1);
        put_string(b, "country");
        put_head(b, TYPE_MAP, 1);
        put_string(b, "iso_code");
        put_string(b, r->country);
        return;
    }
    snprintf(name, sizeof name, "EXAMPLE-%u", r->as_number);
    put_head(b, TYPE_MAP, 2);
    put_string(b, "autonomous_system_number");
    put_number(b, TYPE_UINT32, r->as_number);
    put_string(b, "autonomous_system_organization");
    put_string(b, name);
}

static uint32_t *put_records(struct buffer *b, enum big_mmdb_kind kind,
                             const struct big_range *ranges, size_t num)
{
    uint32_t *offsets = calloc(num + 1, sizeof offsets[0]);
    must(offsets != NULL, "memory");
    for (size_t i = 0; i < num; i++) {
        offsets[i] = (uint32_t)b->len;
        if (kind == BIG_MMDB_COUNTRY) /* makers write each country once */
            for (size_t j = i > 300 ? i - 300 : 0; j < i && offsets[i] == b->len; j++)
                if (strcmp(ranges[j].country, ranges[i].country) == 0)
                    offsets[i] = offsets[j];
        if (offsets[i] == b->len)
            put_record(b, kind, &ranges[i]);
    }
    return offsets;
}

/* ---- tree ---- */

static uint32_t new_node(struct mmdb *m)
{
    if (m->num_nodes == m->cap_nodes) {
        m->cap_nodes = 2 * m->cap_nodes + 256;
        m->nodes = realloc(m->nodes, m->cap_nodes * sizeof m->nodes[0]);
        must(m->nodes != NULL, "memory");
    }
    m->nodes[m->num_nodes][0] = m->nodes[m->num_nodes][1] = EMPTY;
    return m->num_nodes++;
}

/* the tree of the addresses first to first + 2^bits - 1, in which only ranges [from, to) may lie */
static uint32_t build(struct mmdb *m, uint64_t first, unsigned bits, size_t from, size_t to)
{
    uint64_t last = first + (UINT64_C(1) << bits) - 1;
    while (from < to && m->ranges[from].last < first)
        from++;
    while (from < to && m->ranges[to - 1].first > last)
        to--;
    if (from == to)
        return EMPTY;
    if (m->ranges[from].first <= first && m->ranges[from].last >= last)
        return LEAF | m->offsets[from];
    uint32_t node = new_node(m);
    for (unsigned side = 0; side < 2; side++) {
        uint32_t child = build(m, first + ((uint64_t)side << (bits - 1)), bits - 1, from, to);
        m->nodes[node][side] = child;
    }
    return node;
}

static void build_tree(struct mmdb *m, size_t num)
{
    for (unsigned i = 0; i < V4_DEPTH; i++)
        must(new_node(m) == i, "the tree");
    for (unsigned i = 0; i + 1 < V4_DEPTH; i++)
        m->nodes[i][0] = i + 1;
    uint32_t v4 = build(m, 0, ADDR_BITS, 0, num);
    m->nodes[V4_DEPTH - 1][0] = v4;
}

/* ---- file ---- */

static void put_tree(struct buffer *out, const struct mmdb *m)
{
    for (uint32_t i = 0; i < m->num_nodes; i++)
        for (unsigned side = 0; side < 2; side++) {
            uint32_t value = m->nodes[i][side];
            if (value == EMPTY)
                value = m->num_nodes;
            else if (value & LEAF)
                value = m->num_nodes + GAP_LEN + (value & ~LEAF);
            uint8_t octets[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16),
                                 (uint8_t)(value >> 8), (uint8_t)value};
            put(out, octets, sizeof octets);
        }
}

static void put_metadata(struct buffer *out, enum big_mmdb_kind kind, uint32_t num_nodes)
{
    put(out, "\xab\xcd\xefMaxMind.com", 14);
    put_head(out, TYPE_MAP, 9);
    put_string(out, "node_count");
    put_number(out, TYPE_UINT32, num_nodes);
    put_string(out, "record_size");
    put_number(out, TYPE_UINT16, 32);
    put_string(out, "ip_version");
    put_number(out, TYPE_UINT16, 6);
    put_string(out, "database_type");
    put_string(out, kind == BIG_MMDB_AS ? "Example-ASN" : "Example-Country");
    put_string(out, "languages");
    put_head(out, TYPE_ARRAY, 1);
    put_string(out, "en");
    put_string(out, "binary_format_major_version");
    put_number(out, TYPE_UINT16, 2);
    put_string(out, "binary_format_minor_version");
    put_number(out, TYPE_UINT16, 0);
    put_string(out, "build_epoch");
    put_number(out, TYPE_UINT64, 1767225600);
    put_string(out, "description");
    put_head(out, TYPE_MAP, 1);
    put_string(out, "en");
    put_string(out, "for benchmarks");
}

void big_mmdb_write(const char *path, enum big_mmdb_kind kind, const struct big_range *ranges,
                    size_t num)
{
    static const uint8_t gap[GAP_LEN];
    struct mmdb m = {.ranges = ranges};
    struct buffer out = {0};
    uint32_t *offsets = put_records(&m.data, kind, ranges, num);
    m.offsets = offsets;
    build_tree(&m, num);
    put_tree(&out, &m);
    put(&out, gap, sizeof gap);
    put(&out, m.data.data, m.data.len);
    put_metadata(&out, kind, m.num_nodes);
    FILE *f = fopen(path, "wb");
    must(f != NULL && fwrite(out.data, 1, out.len, f) == out.len && fclose(f) == 0, path);
    free(out.data);
    free(offsets);
    free(m.data.data);
    free(m.nodes);
}
