#include "core/mmdb_check.h"

#include <errno.h>
#include <stdlib.h>

enum {
    SEPARATOR_LEN = 16,       /* octets between search tree and data */
    METADATA_MAX = 128 * 1024 /* octets at the end of the file where its marker is looked for */
};
static const uint8_t MARKER[] = "\xab\xcd\xefMaxMind.com";
#define MARKER_LEN (sizeof MARKER - 1)

/* types of values; codes of the format */
enum {
    TYPE_EXTENDED = 0,
    TYPE_POINTER = 1,
    TYPE_STRING = 2,
    TYPE_DOUBLE = 3,
    TYPE_BYTES = 4,
    TYPE_UINT16 = 5,
    TYPE_UINT32 = 6,
    TYPE_MAP = 7,
    TYPE_INT32 = 8,
    TYPE_UINT64 = 9,
    TYPE_UINT128 = 10,
    TYPE_ARRAY = 11,
    TYPE_BOOLEAN = 14,
    TYPE_FLOAT = 15,
    NUM_TYPES = 16
};

struct value {
    unsigned type;
    size_t size;    /* octets of its contents; of a map or an array: entries */
    size_t content; /* where it begins */
    size_t target;  /* of a pointer */
};

/* one section of the file, and what one walk through it has come by */
struct walk {
    struct bytes section;
    unsigned num_values;
};

/* ---- values ---- */

static size_t read_big_endian(const uint8_t *octets, size_t len)
{
    size_t value = 0;
    for (size_t i = 0; i < len; i++)
        value = value << 8 | octets[i];
    return value;
}

static bool read_pointer(struct value *v, struct bytes section, uint8_t control, size_t at)
{
    static const size_t base[] = {0, 2048, 526336, 0};
    size_t len = (size_t)(control >> 3 & 3) + 1;
    if (section.len - at < len)
        return false;
    size_t upper = len < 4 ? (size_t)(control & 7) << (8 * len) : 0;
    v->target = base[len - 1] + upper + read_big_endian(section.data + at, len);
    v->content = at;
    v->size = len;
    return true;
}

/* the sizes that do not fit into the control octet */
static bool read_size(struct value *v, struct bytes section, uint8_t control, size_t at)
{
    static const size_t base[] = {29, 285, 65821};
    v->size = control & 31;
    v->content = at;
    if (v->size < 29)
        return true;
    size_t len = v->size - 28;
    if (section.len - at < len)
        return false;
    v->size = base[len - 1] + read_big_endian(section.data + at, len);
    v->content = at + len;
    return true;
}

static bool size_is_right(const struct value *v, struct bytes section)
{
    static const struct {
        bool known;
        size_t least, most;
    } sizes[NUM_TYPES] = {
        [TYPE_STRING] = {true, 0, SIZE_MAX}, [TYPE_DOUBLE] = {true, 8, 8},
        [TYPE_BYTES] = {true, 0, SIZE_MAX},  [TYPE_UINT16] = {true, 0, 2},
        [TYPE_UINT32] = {true, 0, 4},        [TYPE_MAP] = {true, 0, MMDB_VALUES_MAX},
        [TYPE_INT32] = {true, 0, 4},         [TYPE_UINT64] = {true, 0, 8},
        [TYPE_UINT128] = {true, 0, 16},      [TYPE_ARRAY] = {true, 0, MMDB_VALUES_MAX},
        [TYPE_BOOLEAN] = {true, 0, 1},       [TYPE_FLOAT] = {true, 4, 4},
    };
    if (v->type >= NUM_TYPES || !sizes[v->type].known || v->size < sizes[v->type].least ||
        v->size > sizes[v->type].most)
        return false;
    bool has_contents = v->type != TYPE_MAP && v->type != TYPE_ARRAY && v->type != TYPE_BOOLEAN;
    return !has_contents || v->size <= section.len - v->content;
}

static bool read_value(struct value *v, struct bytes section, size_t at)
{
    if (at >= section.len)
        return false;
    uint8_t control = section.data[at++];
    v->type = control >> 5;
    if (v->type == TYPE_POINTER)
        return read_pointer(v, section, control, at);
    if (v->type == TYPE_EXTENDED) {
        if (at == section.len)
            return false;
        v->type = 7u + section.data[at++];
    }
    return read_size(v, section, control, at) && size_is_right(v, section);
}

/* a value, or what a pointer leads to, which is no pointer itself */
static bool read_followed(struct value *v, struct bytes section, size_t at)
{
    if (!read_value(v, section, at))
        return false;
    return v->type != TYPE_POINTER ||
           (read_value(v, section, v->target) && v->type != TYPE_POINTER);
}

static bool check_value(struct walk *w, size_t *next, size_t at, unsigned depth);

static bool check_key(struct walk *w, size_t *next, size_t at, unsigned depth)
{
    struct value key;
    return read_followed(&key, w->section, at) && key.type == TYPE_STRING &&
           check_value(w, next, at, depth);
}

static bool check_entries(struct walk *w, size_t *next, const struct value *v, unsigned depth)
{
    size_t at = v->content;
    for (size_t i = 0; i < v->size; i++) {
        if (v->type == TYPE_MAP && !check_key(w, &at, at, depth))
            return false;
        if (!check_value(w, &at, at, depth))
            return false;
    }
    *next = at;
    return true;
}

/* checks the value at `at`, with all that is in it; *next is where it ends */
static bool check_value(struct walk *w, size_t *next, size_t at, unsigned depth)
{
    struct value v, target;
    size_t ignored;
    if (depth > MMDB_DEPTH_MAX || w->num_values == MMDB_VALUES_MAX ||
        !read_value(&v, w->section, at))
        return false;
    w->num_values++;
    if (v.type == TYPE_MAP || v.type == TYPE_ARRAY)
        return check_entries(w, next, &v, depth + 1);
    *next = v.content + (v.type == TYPE_BOOLEAN ? 0 : v.size);
    if (v.type != TYPE_POINTER)
        return true;
    return read_value(&target, w->section, v.target) && target.type != TYPE_POINTER &&
           check_value(w, &ignored, v.target, depth + 1);
}

/* ---- metadata ---- */

/* what the library counts on; it takes the first of a key: one that comes twice is refused */
enum { NODE_COUNT = 1, RECORD_SIZE = 2, LANGUAGES = 4, DESCRIPTION = 8, ALL_KEYS = 15 };

struct metadata {
    size_t node_count, record_len; /* nodes; octets of one */
    unsigned keys;
};

static bool is_string_list(struct walk *w, const struct value *v, unsigned type)
{
    size_t at = v->content, num = type == TYPE_MAP ? 2 * v->size : v->size;
    if (v->type != type)
        return false;
    for (size_t i = 0; i < num; i++) {
        struct value item;
        if (!read_followed(&item, w->section, at) || item.type != TYPE_STRING ||
            !check_value(w, &at, at, 0))
            return false;
    }
    return true;
}

static size_t number_of(const struct value *v, struct bytes section, unsigned type)
{
    return v->type == type ? read_big_endian(section.data + v->content, v->size) : 0;
}

static unsigned key_of(const struct value *key, struct bytes section)
{
    static const struct {
        const char *name;
        unsigned key;
    } keys[] = {{"node_count", NODE_COUNT},
                {"record_size", RECORD_SIZE},
                {"languages", LANGUAGES},
                {"description", DESCRIPTION}};
    struct bytes name = bytes_of(section.data + key->content, key->size);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (bytes_equal(name, bytes_text(keys[i].name)))
            return keys[i].key;
    return 0;
}

static bool take_entry(struct metadata *m, struct walk *w, unsigned key, const struct value *v)
{
    if ((m->keys & key) != 0)
        return false;
    m->keys |= key;
    switch (key) {
    case NODE_COUNT:
        m->node_count = number_of(v, w->section, TYPE_UINT32);
        return m->node_count > 0;
    case RECORD_SIZE:
        m->record_len = number_of(v, w->section, TYPE_UINT16) / 4; /* two records of so many bits */
        return m->record_len == 6 || m->record_len == 7 || m->record_len == 8;
    case LANGUAGES: return is_string_list(w, v, TYPE_ARRAY);
    case DESCRIPTION: return is_string_list(w, v, TYPE_MAP);
    default: return true;
    }
}

static bool read_metadata(struct metadata *m, struct bytes section)
{
    struct walk w = {.section = section};
    struct value map, key, v;
    size_t at, end;
    if (!check_value(&w, &end, 0, 0) || !read_value(&map, section, 0) || map.type != TYPE_MAP)
        return false;
    at = map.content;
    for (size_t i = 0; i < map.size; i++) {
        struct walk entry = {.section = section};
        if (!read_followed(&key, section, at) || !check_value(&entry, &at, at, 0) ||
            !read_followed(&v, section, at) || !take_entry(m, &entry, key_of(&key, section), &v) ||
            !check_value(&entry, &at, at, 0))
            return false;
    }
    return m->keys == ALL_KEYS;
}

/* as MaxMind's and DB-IP's are fetched */
static bool is_gzip(struct bytes file)
{
    return file.len >= 2 && file.data[0] == 0x1f && file.data[1] == 0x8b;
}

/* where the last marker ends; 0: there is none */
static size_t find_metadata(struct bytes file)
{
    size_t least = file.len > METADATA_MAX ? file.len - METADATA_MAX : 0;
    for (size_t at = file.len; at >= least + MARKER_LEN; at--)
        if (memcmp(file.data + at - MARKER_LEN, MARKER, MARKER_LEN) == 0)
            return at;
    return 0;
}

/* ---- search tree ---- */

static uint64_t read_record(const uint8_t *node, size_t record_len, bool right)
{
    switch (record_len) {
    case 6: return read_big_endian(node + (right ? 3 : 0), 3);
    case 7:
        return right ? read_big_endian(node + 3, 4) & 0xfffffff
                     : read_big_endian(node, 3) | (uint64_t)(node[3] & 0xf0) << 20;
    default: return read_big_endian(node + (right ? 4 : 0), 4);
    }
}

/* the records that were looked at already, a bit for each octet of the data */
static bool is_new(uint8_t *seen, size_t offset)
{
    uint8_t bit = (uint8_t)(1u << (offset & 7));
    bool is = (seen[offset / 8] & bit) == 0;
    seen[offset / 8] |= bit;
    return is;
}

static bool check_record(struct bytes data, uint8_t *seen, uint64_t record, size_t node_count)
{
    struct walk w = {.section = data};
    size_t end;
    if (record <= node_count)
        return true;
    if (record - node_count < SEPARATOR_LEN)
        return false;
    uint64_t offset = record - node_count - SEPARATOR_LEN;
    return offset < data.len && (!is_new(seen, offset) || check_value(&w, &end, offset, 0));
}

static int check_tree(const char **why, struct bytes tree, struct bytes data,
                      const struct metadata *m)
{
    uint8_t *seen = calloc(data.len / 8 + 1, 1);
    int rc = seen != NULL ? 0 : -ENOMEM;
    for (size_t i = 0; rc == 0 && i < m->node_count; i++) {
        const uint8_t *node = tree.data + i * m->record_len;
        if (!check_record(data, seen, read_record(node, m->record_len, false), m->node_count) ||
            !check_record(data, seen, read_record(node, m->record_len, true), m->node_count)) {
            *why = "its search tree leads to what is no data";
            rc = -EINVAL;
        }
    }
    free(seen);
    return rc;
}

static int refuse(const char **why, const char *text)
{
    *why = text;
    return -EINVAL;
}

int mmdb_check(const char **why, struct bytes file)
{
    struct metadata m = {.node_count = 0};
    if (file.len > MMDB_FILE_MAX)
        return refuse(why, "it is larger than 2 GiB");
    size_t metadata = find_metadata(file);
    if (metadata == 0)
        return refuse(why, is_gzip(file) ? "it is packed by gzip, and must be unpacked"
                                         : "it has no marker of a MaxMind database");
    if (!read_metadata(&m, bytes_of(file.data + metadata, file.len - metadata)))
        return refuse(why, "its metadata cannot be read");
    size_t before_metadata = metadata - MARKER_LEN;
    if (before_metadata < SEPARATOR_LEN ||
        m.node_count > (before_metadata - SEPARATOR_LEN) / m.record_len)
        return refuse(why, "it is shorter than its metadata says");
    size_t tree_len = m.node_count * m.record_len, data_at = tree_len + SEPARATOR_LEN;
    return check_tree(why, bytes_of(file.data, tree_len),
                      bytes_of(file.data + data_at, before_metadata - data_at), &m);
}
