#include "core/dataset_private.h"

#include <errno.h>
#include <openssl/sha.h>
#include <stdlib.h>

/* keys of the header; the kind is key 0 */
enum {
    HEAD_MAGIC = 2, HEAD_FORMAT = 3, HEAD_ID = 4, HEAD_SWEEP_ID = 5, HEAD_START = 6, HEAD_TOOL = 7,
    HEAD_LIBRARIES = 8, HEAD_OPTIONS = 9, HEAD_SOURCES = 10, HEAD_EHLO_NAMES = 11, HEAD_SEED = 12,
    HEAD_NUM_SHARDS = 13, HEAD_SHARD = 14, HEAD_RECORD_MODE = 15, HEAD_PORTS = 16,
    HEAD_SEGMENTS = 17, HEAD_TEXTS = 18, HEAD_COUNTS = 19, HEAD_SPECIAL = 20, HEAD_BLOCKLIST = 21,
    HEAD_ALLOWLIST = 22, HEAD_HELLOS = 23, HEAD_METADATA = 24,
    /* since format 2; there only if not 0 */
    HEAD_STREAMED = 25, HEAD_LIMIT = 26, HEAD_SAMPLE = 27, HEAD_PART = 28
};

enum {
    HEAD_REQUIRED = 20,   /* keys that are always there, the kind left out */
    PAIRS_MAX = 1024, NAMES_MAX = 256, HELLOS_MAX = 256, TEXT_MAX = 1 << 20
};

struct header_store {
    struct dataset_header h;
    struct target_space space;
    uint8_t *payload;             /* what the views point into */
    struct dataset_pair *libraries, *options;
    struct addr *sources;
    struct bytes *ehlo_names;
    struct dataset_hello *hellos;
    char *texts;                  /* of the space, each with its NUL */
};

/* ---- encoding ---- */

static void put_pairs(struct cbor_writer *w, const struct dataset_pair *pairs, size_t num)
{
    cbor_put_array(w, num);
    for (size_t i = 0; i < num; i++) {
        cbor_put_array(w, 2);
        cbor_put_text(w, pairs[i].key);
        cbor_put_bytes(w, pairs[i].value);
    }
}

static void put_addr(struct cbor_writer *w, struct addr a)
{
    uint8_t octets[16];
    size_t len = addr_to_bytes(octets, a);
    cbor_put_bytes(w, bytes_of(octets, len));
}

static void put_ports(struct cbor_writer *w, const struct target_space *space)
{
    cbor_put_uint(w, HEAD_PORTS);
    cbor_put_array(w, space->num_ports);
    for (size_t i = 0; i < space->num_ports; i++)
        cbor_put_uint(w, space->ports[i]);
}

static void put_segments(struct cbor_writer *w, const struct target_space *space)
{
    cbor_put_uint(w, HEAD_SEGMENTS);
    cbor_put_array(w, space->num_segments);
    for (size_t i = 0; i < space->num_segments; i++) {
        const struct target_segment *s = &space->segments[i];
        cbor_put_array(w, 4);
        if (s->named)
            cbor_put_bytes(w, bytes_of(NULL, 0));
        else
            put_addr(w, s->first);
        cbor_put_uint(w, addr_distance(s->first, s->last));
        cbor_put_uint(w, s->host);
        cbor_put_uint(w, s->tag);
    }
    cbor_put_uint(w, HEAD_TEXTS);
    cbor_put_array(w, space->num_texts > 0 ? space->num_texts - 1 : 0);
    for (size_t i = 1; i < space->num_texts; i++)
        cbor_put_bytes(w, space->texts[i]);
}

static void put_hash(struct cbor_writer *w, uint64_t key, const uint8_t hash[HASH_LEN])
{
    cbor_put_uint(w, key);
    cbor_put_bytes(w, bytes_of(hash, HASH_LEN));
}

/* the lists' digests, where there are lists */
static void put_lists(struct cbor_writer *w, const struct dataset_header *h)
{
    if (h->has_blocklist)
        put_hash(w, HEAD_BLOCKLIST, h->blocklist_sha256);
    if (h->has_allowlist)
        put_hash(w, HEAD_ALLOWLIST, h->allowlist_sha256);
}

static unsigned num_extent(const struct dataset_header *h)
{
    return 0U + h->streamed + (h->limit > 0) + (h->sample_ppm > 0);
}

/* what a sweep is of, if not of all its targets, or not of targets that it knows */
static void put_extent(struct cbor_writer *w, const struct dataset_header *h)
{
    if (h->streamed) {
        cbor_put_uint(w, HEAD_STREAMED);
        cbor_put_bool(w, true);
    }
    if (h->limit > 0) {
        cbor_put_uint(w, HEAD_LIMIT);
        cbor_put_uint(w, h->limit);
    }
    if (h->sample_ppm > 0) {
        cbor_put_uint(w, HEAD_SAMPLE);
        cbor_put_uint(w, h->sample_ppm);
    }
}

/* of the part after that of h: all the same but for number and id */
void header_next_part(struct dataset_header *next, const struct dataset_header *h)
{
    uint8_t seed[sizeof h->id + 4], sha256[HASH_LEN];
    *next = *h;
    next->format = DATASET_FORMAT;
    next->part++;
    memcpy(seed, h->id, sizeof h->id);
    for (size_t i = 0; i < 4; i++)
        seed[sizeof h->id + i] = (uint8_t)(next->part >> (24 - 8 * i));
    SHA256(seed, sizeof seed, sha256);
    memcpy(next->id, sha256, sizeof next->id);
}

/* what the shards of a sweep share, as a map of its own with the header's keys */
void dataset_sweep_id(struct dataset_header *header)
{
    struct cbor_writer w;
    cbor_writer_init(&w, DATASET_ITEM_MAX);
    cbor_put_map(&w, 6U + header->has_blocklist + header->has_allowlist + num_extent(header));
    cbor_put_uint(&w, HEAD_SEED);
    cbor_put_uint(&w, header->seed);
    cbor_put_uint(&w, HEAD_NUM_SHARDS);
    cbor_put_uint(&w, header->num_shards);
    put_ports(&w, header->space);
    put_segments(&w, header->space);
    cbor_put_uint(&w, HEAD_SPECIAL);
    cbor_put_bool(&w, header->include_special);
    put_lists(&w, header);
    put_extent(&w, header);
    /* cut short if there is no memory: then no header can be written either */
    SHA256(w.data, w.len, header->sweep_id);
    cbor_writer_cleanup(&w);
}

static void put_identity(struct cbor_writer *w, const struct dataset_header *h)
{
    cbor_put_uint(w, HEAD_MAGIC);
    cbor_put_text(w, bytes_text(DATASET_MAGIC));
    cbor_put_uint(w, HEAD_FORMAT);
    cbor_put_uint(w, h->format);
    cbor_put_uint(w, HEAD_ID);
    cbor_put_bytes(w, bytes_of(h->id, sizeof h->id));
    put_hash(w, HEAD_SWEEP_ID, h->sweep_id);
    cbor_put_uint(w, HEAD_START);
    cbor_put_int(w, h->start_us);
    cbor_put_uint(w, HEAD_TOOL);
    cbor_put_text(w, h->tool);
    cbor_put_uint(w, HEAD_LIBRARIES);
    put_pairs(w, h->libraries, h->num_libraries);
    cbor_put_uint(w, HEAD_OPTIONS);
    put_pairs(w, h->options, h->num_options);
}

static void put_vantage(struct cbor_writer *w, const struct dataset_header *h)
{
    cbor_put_uint(w, HEAD_SOURCES);
    cbor_put_array(w, h->num_sources);
    for (size_t i = 0; i < h->num_sources; i++)
        put_addr(w, h->sources[i]);
    cbor_put_uint(w, HEAD_EHLO_NAMES);
    cbor_put_array(w, h->num_ehlo_names);
    for (size_t i = 0; i < h->num_ehlo_names; i++)
        cbor_put_bytes(w, h->ehlo_names[i]);
}

static void put_order(struct cbor_writer *w, const struct dataset_header *h)
{
    cbor_put_uint(w, HEAD_SEED);
    cbor_put_uint(w, h->seed);
    cbor_put_uint(w, HEAD_NUM_SHARDS);
    cbor_put_uint(w, h->num_shards);
    cbor_put_uint(w, HEAD_SHARD);
    cbor_put_uint(w, h->shard);
    cbor_put_uint(w, HEAD_RECORD_MODE);
    cbor_put_uint(w, h->record_mode);
}

static void put_counts(struct cbor_writer *w, const struct target_counts *c)
{
    const uint64_t counts[] = {c->given, c->special, c->blocked, c->not_allowed, c->left};
    cbor_put_uint(w, HEAD_COUNTS);
    cbor_put_array(w, 5);
    for (size_t i = 0; i < 5; i++)
        cbor_put_uint(w, counts[i]);
}

static void put_hellos(struct cbor_writer *w, const struct dataset_header *h)
{
    cbor_put_uint(w, HEAD_HELLOS);
    cbor_put_array(w, h->num_hellos);
    for (size_t i = 0; i < h->num_hellos; i++) {
        const struct dataset_hello *hello = &h->hellos[i];
        cbor_put_array(w, 4);
        cbor_put_text(w, hello->name);
        cbor_put_text(w, hello->ja4);
        cbor_put_bytes(w, bytes_of(hello->sha256, HASH_LEN));
        cbor_put_bytes(w, hello->body);
    }
}

/* whether targets, stream and sample go together */
static bool extent_holds(const struct dataset_header *h)
{
    if (h->sample_ppm > DATASET_SAMPLE_ALL)
        return false;
    if (h->streamed)
        return h->space->num_segments == 0 && h->limit == 0;
    return h->space->count > 0 && h->limit <= h->space->count;
}

int header_encode(struct cbor_writer *w, const struct dataset_header *h)
{
    if (h->num_libraries > PAIRS_MAX || h->num_options > PAIRS_MAX || h->num_sources > NAMES_MAX ||
        h->num_ehlo_names > NAMES_MAX || h->num_hellos > HELLOS_MAX || !extent_holds(h) ||
        h->shard >= h->num_shards)
        return -EINVAL;
    bool has_metadata = h->user_metadata.len > 0;
    cbor_put_map(w, 1U + HEAD_REQUIRED + h->has_blocklist + h->has_allowlist + has_metadata +
                        num_extent(h) + (h->part > 0));
    cbor_put_uint(w, ITEM_KIND);
    cbor_put_uint(w, DATASET_HEADER);
    put_identity(w, h);
    put_vantage(w, h);
    put_order(w, h);
    put_ports(w, h->space);
    put_segments(w, h->space);
    put_counts(w, &h->counts);
    cbor_put_uint(w, HEAD_SPECIAL);
    cbor_put_bool(w, h->include_special);
    put_lists(w, h);
    put_hellos(w, h);
    if (has_metadata) {
        cbor_put_uint(w, HEAD_METADATA);
        cbor_put_bytes(w, h->user_metadata);
    }
    put_extent(w, h);
    if (h->part > 0) {
        cbor_put_uint(w, HEAD_PART);
        cbor_put_uint(w, h->part);
    }
    return w->bad ? -E2BIG : 0;
}

/* ---- decoding ---- */

/* room for num things; r is bad if there is none (num is bounded by the octets that are left) */
static void *room(struct cbor_reader *r, size_t num, size_t size)
{
    void *p = r->bad ? NULL : calloc(num > 0 ? num : 1, size);
    if (p == NULL)
        cbor_fail(r);
    return p;
}

static size_t get_pairs(struct cbor_reader *r, struct dataset_pair **out)
{
    size_t num = cbor_get_array(r, PAIRS_MAX);
    *out = room(r, num, sizeof **out);
    for (size_t i = 0; i < num && !r->bad; i++) {
        if (cbor_get_array(r, 2) != 2)
            cbor_fail(r);
        (*out)[i].key = cbor_get_text(r, TEXT_MAX);
        (*out)[i].value = cbor_get_bytes(r, TEXT_MAX);
    }
    return num;
}

static struct addr addr_of(struct cbor_reader *r, struct bytes octets)
{
    struct addr a = {0, 0};
    if (r->bad || !addr_from_bytes(&a, octets.data, octets.len) ||
        (octets.len == 16 && addr_is_v4(a)))   /* IPv4 has one form: four octets */
        cbor_fail(r);
    return a;
}

static struct addr get_addr(struct cbor_reader *r)
{
    return addr_of(r, cbor_get_bytes(r, 16));
}

static size_t get_sources(struct cbor_reader *r, struct addr **out)
{
    size_t num = cbor_get_array(r, NAMES_MAX);
    *out = room(r, num, sizeof **out);
    for (size_t i = 0; i < num && !r->bad; i++)
        (*out)[i] = get_addr(r);
    return num;
}

static size_t get_names(struct cbor_reader *r, struct bytes **out)
{
    size_t num = cbor_get_array(r, NAMES_MAX);
    *out = room(r, num, sizeof **out);
    for (size_t i = 0; i < num && !r->bad; i++)
        (*out)[i] = cbor_get_bytes(r, TEXT_MAX);
    return num;
}

static size_t get_hellos(struct cbor_reader *r, struct dataset_hello **out)
{
    size_t num = cbor_get_array(r, HELLOS_MAX);
    *out = room(r, num, sizeof **out);
    for (size_t i = 0; i < num && !r->bad; i++) {
        struct dataset_hello *hello = &(*out)[i];
        if (cbor_get_array(r, 4) != 4)
            cbor_fail(r);
        hello->name = cbor_get_text(r, TEXT_MAX);
        hello->ja4 = cbor_get_text(r, TEXT_MAX);
        cbor_get_exactly(r, hello->sha256, HASH_LEN);
        hello->body = cbor_get_bytes(r, TEXT_MAX);
    }
    return num;
}

static void get_counts(struct cbor_reader *r, struct target_counts *c)
{
    uint64_t *const fields[] = {&c->given, &c->special, &c->blocked, &c->not_allowed, &c->left};
    if (cbor_get_array(r, 5) != 5)
        cbor_fail(r);
    for (size_t i = 0; i < 5; i++)
        *fields[i] = cbor_get_uint(r, UINT64_MAX);
}

static void get_ports(struct cbor_reader *r, struct target_space *space)
{
    space->num_ports = cbor_get_array(r, TARGET_PORTS_MAX);
    for (size_t i = 0; i < space->num_ports; i++) {
        space->ports[i] = (uint16_t)cbor_get_uint(r, UINT16_MAX);
        for (size_t j = 0; j < i; j++)
            if (space->ports[j] == space->ports[i])
                cbor_fail(r);
        if (space->ports[i] == 0)
            cbor_fail(r);
    }
}

static void get_segment(struct cbor_reader *r, struct target_segment *s, unsigned format)
{
    if (cbor_get_array(r, 4) != 4)
        cbor_fail(r);
    struct bytes first = cbor_get_bytes(r, 16);
    s->named = first.len == 0 && format >= 2;
    if (!s->named)
        s->first = addr_of(r, first);
    s->last = addr_add(s->first, cbor_get_uint(r, s->named ? 0 : UINT64_MAX - 1));
    s->host = (uint32_t)cbor_get_uint(r, UINT32_MAX);
    s->tag = (uint32_t)cbor_get_uint(r, UINT32_MAX);
    if (addr_cmp(s->last, s->first) < 0 || addr_is_v4(s->first) != addr_is_v4(s->last))
        cbor_fail(r);
}

static void get_segments(struct cbor_reader *r, struct target_space *space, unsigned format)
{
    enum { SEGMENT_MIN = 5 };   /* octets that a segment takes at least */
    size_t num = cbor_get_array(r, DATASET_ITEM_MAX / SEGMENT_MIN);
    if (num > (size_t)(r->end - r->at) / SEGMENT_MIN)
        cbor_fail(r);
    space->segments = room(r, num, sizeof *space->segments);
    for (size_t i = 0; i < num && !r->bad; i++)
        get_segment(r, &space->segments[i], format);
    space->num_segments = num;
}

static void get_texts(struct cbor_reader *r, struct header_store *store)
{
    struct target_space *space = &store->space;
    size_t num = cbor_get_array(r, 2 * space->num_segments);   /* each is somebody's host or tag */
    space->texts = room(r, num + 1, sizeof *space->texts);
    /* a text's NUL takes the room of its head */
    store->texts = room(r, (size_t)(r->end - r->at) + 1, 1);
    if (r->bad)
        return;
    char *at = store->texts;
    space->num_texts = num + 1;
    space->texts[0] = bytes_of(at++, 0);
    for (size_t i = 1; i <= num && !r->bad; i++) {
        struct bytes text = cbor_get_bytes(r, TARGET_HOST_MAX);
        if (text.len == 0 || r->bad) {
            cbor_fail(r);
            return;
        }
        memcpy(at, text.data, text.len);
        space->texts[i] = bytes_of(at, text.len);
        at += text.len + 1;
    }
}

static void get_magic(struct cbor_reader *r)
{
    if (!bytes_equal(cbor_get_text(r, 64), bytes_text(DATASET_MAGIC)))
        cbor_fail(r);
}

static void get_list(struct cbor_reader *r, bool *has, uint8_t hash[HASH_LEN])
{
    *has = true;
    cbor_get_exactly(r, hash, HASH_LEN);
}

static void get_streamed(struct cbor_reader *r, bool *out)
{
    *out = cbor_get_bool(r);
    if (!*out)   /* false is: no such key */
        cbor_fail(r);
}

static uint64_t get_nonzero(struct cbor_reader *r, uint64_t max)
{
    uint64_t value = cbor_get_uint(r, max);
    if (value == 0)
        cbor_fail(r);
    return value;
}

/* keys since format 2; false: it is none of them */
static bool get_later_field(struct cbor_reader *r, struct dataset_header *h, uint64_t key)
{
    switch (key) {
    case HEAD_STREAMED: get_streamed(r, &h->streamed); break;
    case HEAD_LIMIT:    h->limit = get_nonzero(r, UINT64_MAX); break;
    case HEAD_SAMPLE:   h->sample_ppm = (uint32_t)get_nonzero(r, DATASET_SAMPLE_ALL); break;
    case HEAD_PART:     h->part = (uint32_t)get_nonzero(r, UINT32_MAX - 1); break;
    default:            return false;
    }
    return true;
}

/* false: the key is none that this version knows */
static bool get_field(struct cbor_reader *r, struct header_store *st, uint64_t key)
{
    struct dataset_header *h = &st->h;
    switch (key) {
    case HEAD_MAGIC:       get_magic(r); break;
    case HEAD_FORMAT:      h->format = (unsigned)cbor_get_uint(r, DATASET_FORMAT); break;
    case HEAD_ID:          cbor_get_exactly(r, h->id, sizeof h->id); break;
    case HEAD_SWEEP_ID:    cbor_get_exactly(r, h->sweep_id, HASH_LEN); break;
    case HEAD_START:       h->start_us = cbor_get_int(r); break;
    case HEAD_TOOL:        h->tool = cbor_get_text(r, TEXT_MAX); break;
    case HEAD_LIBRARIES:   h->num_libraries = get_pairs(r, &st->libraries); break;
    case HEAD_OPTIONS:     h->num_options = get_pairs(r, &st->options); break;
    case HEAD_SOURCES:     h->num_sources = get_sources(r, &st->sources); break;
    case HEAD_EHLO_NAMES:  h->num_ehlo_names = get_names(r, &st->ehlo_names); break;
    case HEAD_SEED:        h->seed = cbor_get_uint(r, UINT64_MAX); break;
    case HEAD_NUM_SHARDS:  h->num_shards = (uint32_t)cbor_get_uint(r, UINT32_MAX); break;
    case HEAD_SHARD:       h->shard = (uint32_t)cbor_get_uint(r, UINT32_MAX); break;
    case HEAD_RECORD_MODE: h->record_mode = (enum record_mode)cbor_get_uint(r, 1); break;
    case HEAD_PORTS:       get_ports(r, &st->space); break;
    case HEAD_SEGMENTS:    get_segments(r, &st->space, h->format); break;
    case HEAD_TEXTS:       get_texts(r, st); break;
    case HEAD_COUNTS:      get_counts(r, &h->counts); break;
    case HEAD_SPECIAL:     h->include_special = cbor_get_bool(r); break;
    case HEAD_BLOCKLIST:   get_list(r, &h->has_blocklist, h->blocklist_sha256); break;
    case HEAD_ALLOWLIST:   get_list(r, &h->has_allowlist, h->allowlist_sha256); break;
    case HEAD_HELLOS:      h->num_hellos = get_hellos(r, &st->hellos); break;
    case HEAD_METADATA:    h->user_metadata = cbor_get_bytes(r, DATASET_ITEM_MAX); break;
    default:               return h->format >= 2 && get_later_field(r, h, key);
    }
    return true;
}

/* ---- what must hold between the fields ---- */

static const char *header_fault(struct header_store *st)
{
    struct dataset_header *h = &st->h;
    if (h->shard >= h->num_shards)
        return "shard and number of shards";
    if (target_space_seal(&st->space) != 0 || !extent_holds(h))
        return "targets";
    if (h->num_ehlo_names > 1 && h->num_ehlo_names != h->num_sources)
        return "EHLO names and source addresses";
    struct dataset_header again = *h;
    dataset_sweep_id(&again);
    return memcmp(again.sweep_id, h->sweep_id, HASH_LEN) == 0 ? NULL : "the sweep's digest";
}

/* tells a file of another kind, or of a newer version, from a damaged one: magic and format come
 * first */
static int check_format(struct bytes payload, char err[DATASET_ERR_MAX])
{
    struct cbor_reader r = cbor_reader_of(payload);
    struct cbor_map map = cbor_get_map(&r);
    uint64_t key = 0;
    if (cbor_map_next(&r, &map, &key) && key == ITEM_KIND)
        cbor_get_uint(&r, DATASET_HEADER);
    if (cbor_map_next(&r, &map, &key) && key == HEAD_MAGIC)
        get_magic(&r);
    if (r.bad || key != HEAD_MAGIC)
        return dataset_fail(err, -EILSEQ, "not a dataset of mxsweep: it begins with no header");
    uint64_t format = cbor_map_next(&r, &map, &key) && key == HEAD_FORMAT
                          ? cbor_get_uint(&r, UINT64_MAX) : 0;
    if (format > DATASET_FORMAT)
        return dataset_fail(err, -EPROTONOSUPPORT,
                            "format %llu is newer than this program, which reads up to %d: "
                            "take a newer one",
                            (unsigned long long)format, DATASET_FORMAT);
    return 0;
}

static int decode(struct header_store *st, struct bytes payload, char err[DATASET_ERR_MAX])
{
    struct cbor_reader r = cbor_reader_of(payload);
    enum dataset_kind kind;
    const uint8_t *previous;
    struct cbor_map map = item_open(&r, &kind, &previous);
    unsigned required = 0;
    for (uint64_t key; cbor_map_next(&r, &map, &key);) {
        if (!get_field(&r, st, key))
            cbor_skip(&r);
        required += key <= HEAD_HELLOS && key != HEAD_BLOCKLIST && key != HEAD_ALLOWLIST;
    }
    if (!cbor_at_end(&r) || required != HEAD_REQUIRED || st->h.format == 0)
        return dataset_fail(err, -EBADMSG, "the header is malformed");
    st->h.libraries = st->libraries;
    st->h.options = st->options;
    st->h.sources = st->sources;
    st->h.ehlo_names = st->ehlo_names;
    st->h.hellos = st->hellos;
    st->h.space = &st->space;
    const char *fault = header_fault(st);
    if (fault != NULL)
        return dataset_fail(err, -EBADMSG, "the header contradicts itself: %s", fault);
    return 0;
}

int header_decode(struct header_store **out, struct bytes payload, char err[DATASET_ERR_MAX])
{
    int rc = check_format(payload, err);
    if (rc != 0)
        return rc;
    struct header_store *st = calloc(1, sizeof *st);
    if (st == NULL || (st->payload = malloc(payload.len)) == NULL) {
        free(st);
        return dataset_fail(err, -ENOMEM, "no memory for the header");
    }
    memcpy(st->payload, payload.data, payload.len);
    rc = decode(st, bytes_of(st->payload, payload.len), err);
    if (rc != 0)
        header_free(st);
    else
        *out = st;
    return rc;
}

void header_free(struct header_store *store)
{
    if (store == NULL)
        return;
    free(store->space.segments);
    free(store->space.texts);
    free(store->texts);
    free(store->libraries);
    free(store->options);
    free(store->sources);
    free(store->ehlo_names);
    free(store->hellos);
    free(store->payload);
    free(store);
}

const struct dataset_header *header_of(const struct header_store *store)
{
    return &store->h;
}
