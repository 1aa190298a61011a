#include "core/dataset_private.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

enum {
    TRAILER_END = 2, TRAILER_REASON = 3, TRAILER_RECORDS = 4, TRAILER_POSITIONS = 5,
    TRAILER_BLOCKS = 6, TRAILER_LINES = 7,
    EVENT_AT = 2, EVENT_WHAT = 3, EVENT_DETAILS = 4,
    INDEX_BLOCKS = 2,
    INDEX_FIELDS = 5,         /* numbers of a block in the index */
    WHAT_MAX = 256            /* octets of what happened, and of a key */
};

int dataset_fail(char err[DATASET_ERR_MAX], int rc, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(err, DATASET_ERR_MAX, format, args);
    va_end(args);
    return rc;
}

void item_begin(struct cbor_writer *w, enum dataset_kind kind, const uint8_t previous[HASH_LEN],
                uint64_t num_more)
{
    cbor_put_map(w, 2 + num_more);
    cbor_put_uint(w, ITEM_KIND);
    cbor_put_uint(w, kind);
    cbor_put_uint(w, ITEM_PREVIOUS);
    cbor_put_bytes(w, bytes_of(previous, HASH_LEN));
}

struct cbor_map item_open(struct cbor_reader *r, enum dataset_kind *kind, const uint8_t **previous)
{
    struct cbor_map map = cbor_get_map(r);
    uint64_t key = 0;
    *kind = DATASET_INDEX;
    *previous = NULL;
    if (!cbor_map_next(r, &map, &key) || key != ITEM_KIND)
        cbor_fail(r);
    *kind = (enum dataset_kind)cbor_get_uint(r, DATASET_INDEX);
    if (*kind == DATASET_HEADER)
        return map;
    if (!cbor_map_next(r, &map, &key) || key != ITEM_PREVIOUS)
        cbor_fail(r);
    struct bytes hash = cbor_get_bytes(r, HASH_LEN);
    if (hash.len != HASH_LEN)
        cbor_fail(r);
    *previous = hash.data;
    return map;
}

/* item_open, of the one kind that it should be */
static struct cbor_map open_kind(struct cbor_reader *r, enum dataset_kind want)
{
    enum dataset_kind kind;
    const uint8_t *previous;
    struct cbor_map map = item_open(r, &kind, &previous);
    if (kind != want)
        cbor_fail(r);
    return map;
}

uint64_t dataset_num_positions(const struct dataset_header *h)
{
    if (h->streamed)
        return DATASET_STREAM_POSITIONS_MAX;
    return h->limit > 0 ? h->limit : h->space->count;
}

struct shard_space shard_space_of(const struct dataset_header *h)
{
    uint64_t n = dataset_num_positions(h);
    return (struct shard_space){
        .num_slots = n > h->shard ? (n - h->shard - 1) / h->num_shards + 1 : 0,
        .num_shards = h->num_shards,
        .shard = h->shard,
        .has_ports = h->space->num_ports > 1,
        .streamed = h->streamed,
    };
}

bool shard_slot(const struct shard_space *s, uint64_t *slot, uint64_t position)
{
    if (position % s->num_shards != s->shard || position / s->num_shards >= s->num_slots)
        return false;
    *slot = position / s->num_shards;
    return true;
}

/* ---- trailer ---- */

void trailer_encode(struct cbor_writer *w, const uint8_t previous[HASH_LEN],
                    const struct dataset_trailer *t)
{
    item_begin(w, DATASET_TRAILER, previous, 5U + t->has_lines);
    cbor_put_uint(w, TRAILER_END);
    cbor_put_uint(w, t->end_us);
    cbor_put_uint(w, TRAILER_REASON);
    cbor_put_uint(w, t->reason);
    cbor_put_uint(w, TRAILER_RECORDS);
    cbor_put_uint(w, t->records);
    cbor_put_uint(w, TRAILER_POSITIONS);
    cbor_put_uint(w, t->positions);
    cbor_put_uint(w, TRAILER_BLOCKS);
    cbor_put_uint(w, t->blocks);
    if (t->has_lines) {
        cbor_put_uint(w, TRAILER_LINES);
        cbor_put_uint(w, t->lines);
    }
}

int dataset_trailer_decode(struct dataset_trailer *out, struct bytes payload,
                           char err[DATASET_ERR_MAX])
{
    struct cbor_reader r = cbor_reader_of(payload);
    struct cbor_map map = open_kind(&r, DATASET_TRAILER);
    struct dataset_trailer t = {0};
    unsigned seen = 0;
    for (uint64_t key; cbor_map_next(&r, &map, &key); seen += key <= TRAILER_BLOCKS) {
        t.has_lines |= key == TRAILER_LINES;
        switch (key) {
        case TRAILER_END:       t.end_us = cbor_get_uint(&r, UINT64_MAX); break;
        case TRAILER_REASON:    t.reason = (enum dataset_reason)cbor_get_uint(&r, 255); break;
        case TRAILER_RECORDS:   t.records = cbor_get_uint(&r, UINT64_MAX); break;
        case TRAILER_POSITIONS: t.positions = cbor_get_uint(&r, UINT64_MAX); break;
        case TRAILER_BLOCKS:    t.blocks = cbor_get_uint(&r, UINT64_MAX); break;
        case TRAILER_LINES:     t.lines = cbor_get_uint(&r, DATASET_STREAM_POSITIONS_MAX); break;
        default:                cbor_skip(&r); break;
        }
    }
    if (!cbor_at_end(&r) || seen != 5 || t.reason == 0)
        return dataset_fail(err, -EBADMSG, "the trailer is malformed");
    *out = t;
    return 0;
}

/* ---- events ---- */

void event_encode(struct cbor_writer *w, const uint8_t previous[HASH_LEN], uint64_t at_us,
                  const char *what, const struct dataset_pair *details, size_t num_details)
{
    item_begin(w, DATASET_EVENT, previous, 3);
    cbor_put_uint(w, EVENT_AT);
    cbor_put_uint(w, at_us);
    cbor_put_uint(w, EVENT_WHAT);
    cbor_put_text(w, bytes_text(what));
    cbor_put_uint(w, EVENT_DETAILS);
    cbor_put_array(w, num_details);
    for (size_t i = 0; i < num_details; i++) {
        cbor_put_array(w, 2);
        cbor_put_text(w, details[i].key);
        cbor_put_bytes(w, details[i].value);
    }
}

static void get_details(struct cbor_reader *r, struct dataset_event_view *e)
{
    e->num_details = cbor_get_array(r, DATASET_DETAILS_MAX);
    for (size_t i = 0; i < e->num_details; i++) {
        if (cbor_get_array(r, 2) != 2)
            cbor_fail(r);
        e->details[i].key = cbor_get_text(r, WHAT_MAX);
        e->details[i].value = cbor_get_bytes(r, DATASET_ITEM_MAX);
    }
}

int dataset_event_decode(struct dataset_event_view *out, struct bytes payload,
                         char err[DATASET_ERR_MAX])
{
    struct cbor_reader r = cbor_reader_of(payload);
    struct cbor_map map = open_kind(&r, DATASET_EVENT);
    struct dataset_event_view e = {0};
    unsigned seen = 0;
    for (uint64_t key; cbor_map_next(&r, &map, &key); seen += key <= EVENT_DETAILS)
        switch (key) {
        case EVENT_AT:      e.at_us = cbor_get_uint(&r, UINT64_MAX); break;
        case EVENT_WHAT:    e.what = cbor_get_text(&r, WHAT_MAX); break;
        case EVENT_DETAILS: get_details(&r, &e); break;
        default:            cbor_skip(&r); break;
        }
    if (!cbor_at_end(&r) || seen != 3)
        return dataset_fail(err, -EBADMSG, "the event is malformed");
    *out = e;
    return 0;
}

/* ---- index ---- */

void index_encode(struct cbor_writer *w, const uint8_t previous[HASH_LEN],
                  const struct dataset_index_entry *entries, size_t num)
{
    item_begin(w, DATASET_INDEX, previous, 1);
    cbor_put_uint(w, INDEX_BLOCKS);
    cbor_put_array(w, num);
    for (size_t i = 0; i < num; i++) {
        cbor_put_array(w, INDEX_FIELDS);
        cbor_put_uint(w, entries[i].offset);
        cbor_put_uint(w, entries[i].frame_len);
        cbor_put_uint(w, entries[i].payload_len);
        cbor_put_uint(w, entries[i].records);
        cbor_put_uint(w, entries[i].first_position);
    }
}

static size_t get_entries(struct cbor_reader *r, struct dataset_index_entry *out, size_t max)
{
    size_t num = cbor_get_array(r, DATASET_ITEM_MAX);
    for (size_t i = 0; i < num && !r->bad; i++) {
        if (cbor_get_array(r, INDEX_FIELDS) != INDEX_FIELDS)
            cbor_fail(r);
        struct dataset_index_entry e;
        e.offset = cbor_get_uint(r, UINT64_MAX);
        e.frame_len = cbor_get_uint(r, UINT64_MAX);
        e.payload_len = cbor_get_uint(r, DATASET_ITEM_MAX);
        e.records = cbor_get_uint(r, DATASET_BLOCK_ROWS_MAX);
        e.first_position = cbor_get_uint(r, UINT64_MAX);
        if (i < max)
            out[i] = e;
    }
    return num;
}

int dataset_index_decode(struct dataset_index_entry *out, size_t max, size_t *num,
                         struct bytes payload, char err[DATASET_ERR_MAX])
{
    struct cbor_reader r = cbor_reader_of(payload);
    struct cbor_map map = open_kind(&r, DATASET_INDEX);
    bool seen = false;
    size_t n = 0;
    for (uint64_t key; cbor_map_next(&r, &map, &key);)
        if (key == INDEX_BLOCKS) {
            n = get_entries(&r, out, max);
            seen = true;
        } else {
            cbor_skip(&r);
        }
    if (!cbor_at_end(&r) || !seen)
        return dataset_fail(err, -EBADMSG, "the index is malformed");
    *num = n;
    return 0;
}
