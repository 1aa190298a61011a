#include "core/block_private.h"

#include <errno.h>
#include <openssl/sha.h>
#include <stdlib.h>

static void empty(struct block *b)
{
    b->certs.num = b->texts.num = b->chains.num = b->hashes.num = b->shapes.num = 0;
    b->rows.num = b->connects.num = b->runs.num = b->unrecorded.num = b->attempts.num = 0;
    b->base_us = b->num_positions = b->num_records = b->num_counted = b->num_skipped = 0;
    b->consumed = (struct block_consumed){0};
    b->reduced = b->verdicts = (struct bytes){NULL, 0};
}

bool block_room(struct cbor_reader *r, struct block_table *t, size_t num, size_t size)
{
    if (r->bad)
        return false;
    if (num <= t->cap)
        return true;
    size_t cap = num + num / 4 + 16;
    void *grown = realloc(t->items, cap * size);
    if (grown == NULL) {
        cbor_fail(r);
        return false;
    }
    t->items = grown;
    t->cap = cap;
    return true;
}

size_t block_table_begin(struct cbor_reader *r, struct block_table *t, size_t size)
{
    size_t num = cbor_get_array(r, DATASET_BLOCK_ROWS_MAX);
    return block_room(r, t, num, size) ? num : 0;
}

/* ---- tables ---- */

void block_defer_certs(struct block *b)
{
    b->defers_certs = true;
}

bool block_cert_holds(const struct block *b, size_t i)
{
    uint8_t sha256[HASH_LEN];
    const struct block_cert *cert = &certs_of(b)[i];
    SHA256(cert->der.data, cert->der.len, sha256);
    return memcmp(cert->sha256, sha256, HASH_LEN) == 0;
}

static void get_certs(struct cbor_reader *r, struct block *b)
{
    size_t num = block_table_begin(r, &b->certs, sizeof(struct block_cert));
    for (size_t i = 0; i < num && !r->bad; i++) {
        if (cbor_get_array(r, 2) != 2)
            cbor_fail(r);
        struct bytes hash = cbor_get_bytes(r, HASH_LEN);
        struct bytes der = cbor_get_bytes(r, DATASET_ITEM_MAX);
        if (r->bad || hash.len != HASH_LEN) {
            cbor_fail(r);
            return;
        }
        certs_of(b)[b->certs.num++] = (struct block_cert){hash.data, der};
        if (!b->defers_certs && !block_cert_holds(b, b->certs.num - 1))
            cbor_fail(r);
    }
}

static void get_texts(struct cbor_reader *r, struct block *b)
{
    size_t num = block_table_begin(r, &b->texts, sizeof(struct bytes));
    for (size_t i = 0; i < num && !r->bad; i++) {
        struct bytes text = cbor_get_bytes(r, DATASET_ITEM_MAX);
        if (text.len == 0)   /* absent is not empty */
            cbor_fail(r);
        texts_of(b)[b->texts.num++] = text;
    }
}

static void get_chain(struct cbor_reader *r, struct block *b)
{
    size_t num = cbor_get_array(r, 1 + RECORD_CHAIN_MAX);
    struct block_chain *chain = &chains_of(b)[b->chains.num++];
    bool cut = cbor_get_bool(r);
    if (num < 2 || !block_room(r, &b->hashes, b->hashes.num + num, HASH_LEN)) {
        cbor_fail(r);
        return;
    }
    *chain = (struct block_chain){b->hashes.num, (uint16_t)(num - 1), cut};
    for (size_t i = 1; i < num; i++)
        cbor_get_exactly(r, hashes_of(b)[b->hashes.num++], HASH_LEN);
}

static void get_chains(struct cbor_reader *r, struct block *b)
{
    size_t num = block_table_begin(r, &b->chains, sizeof(struct block_chain));
    for (size_t i = 0; i < num && !r->bad; i++)
        get_chain(r, b);
}

static void get_shapes(struct cbor_reader *r, struct block *b)
{
    size_t num = block_table_begin(r, &b->shapes, sizeof(struct block_shape));
    size_t num_sources = b->header->num_sources > 0 ? b->header->num_sources : 1;
    for (size_t i = 0; i < num && !r->bad; i++) {
        struct block_shape *shape = &shapes_of(b)[b->shapes.num++];
        shape_get(r, shape);
        if (shape->source >= num_sources)
            cbor_fail(r);
    }
}

/* ---- what has no record ---- */

static void get_unrecorded(struct cbor_reader *r, struct block *b)
{
    size_t num = cbor_get_array(r, 65536);
    if (!block_room(r, &b->unrecorded, num, sizeof(struct block_unrecorded)))
        return;
    for (size_t i = 0; i < num && !r->bad; i++) {
        struct block_unrecorded *u = &unrecorded_of(b)[b->unrecorded.num++];
        if (cbor_get_array(r, 3) != 3)
            cbor_fail(r);
        u->stage = (uint8_t)cbor_get_uint(r, UINT8_MAX);
        u->cause = (uint8_t)cbor_get_uint(r, UINT8_MAX);
        u->count = cbor_get_uint(r, DATASET_BLOCK_ROWS_MAX);
        b->num_counted += u->count;
        if (u->stage == STAGE_NONE || u->cause == CAUSE_NONE || u->count == 0)
            cbor_fail(r);
    }
}

/* ---- the positions done ---- */

static void get_runs(struct cbor_reader *r, struct block *b)
{
    struct run_cursor cursor = run_cursor_begin(r);
    if (!block_room(r, &b->runs, cursor.left, sizeof(struct dataset_run)))
        return;
    for (struct dataset_run run; run_cursor_next(&cursor, &run, r, &b->shard);) {
        runs_of(b)[b->runs.num++] = run;
        b->num_positions += run.count;
    }
}

/* moves on to the run that ends after slot; whether slot is in it */
static bool slot_done(const struct block *b, size_t *run, uint64_t slot)
{
    const struct dataset_run *runs = runs_of(b);
    uint64_t first = 0;
    for (; *run < b->runs.num; ++*run) {
        first = runs[*run].first / b->shard.num_shards;
        if (slot < first + runs[*run].count)
            break;
    }
    return *run < b->runs.num && slot >= first;
}

/* takes the next row, and those of the same host name */
static uint64_t take_row_slot(const struct block *b, size_t *row)
{
    uint64_t slot = rows_of(b)[*row].slot;
    while (*row < b->rows.num && rows_of(b)[*row].slot == slot)
        ++*row;
    return slot;
}

/* whether each record, or all of a host name, has a slot of its own, all are done, and with those
 * that are only counted or skipped no other is */
static bool slots_hold(const struct block *b)
{
    size_t row = 0, connect = 0, run = 0;
    uint64_t after = 0, num = 0;   /* after: the smallest slot that may follow */
    if (b->rows.num + b->connects.num != b->num_records || b->num_positions == 0)
        return false;
    while (row < b->rows.num || connect < b->connects.num) {
        bool is_row = connect == b->connects.num ||
                      (row < b->rows.num && rows_of(b)[row].slot < connects_of(b)[connect].slot);
        uint64_t slot = is_row ? take_row_slot(b, &row) : connects_of(b)[connect++].slot;
        if (slot < after || !slot_done(b, &run, slot))
            return false;
        after = slot + 1;
        num++;
    }
    return num + b->num_counted + b->num_skipped == b->num_positions;
}

/* ---- of a streamed sweep ---- */

static void get_consumed(struct cbor_reader *r, struct block_consumed *out)
{
    if (cbor_get_array(r, 2) != 2)
        cbor_fail(r);
    out->lines = cbor_get_uint(r, DATASET_STREAM_POSITIONS_MAX);
    cbor_get_exactly(r, out->sha256, HASH_LEN);
    if (out->lines == 0)
        cbor_fail(r);
}

static void get_skipped(struct cbor_reader *r, struct block *b)
{
    b->num_skipped = cbor_get_uint(r, DATASET_STREAM_POSITIONS_MAX);
    if (b->num_skipped == 0)
        cbor_fail(r);
}

/* ---- the block ---- */

static void get_field(struct cbor_reader *r, struct block *b, uint64_t key)
{
    switch (key) {
    case BLOCK_BASE:        b->base_us = cbor_get_uint(r, START_MAX); break;
    case BLOCK_RUNS:        get_runs(r, b); break;
    case BLOCK_NUM_RECORDS: b->num_records = cbor_get_uint(r, DATASET_BLOCK_ROWS_MAX); break;
    case BLOCK_CERTS:       get_certs(r, b); break;
    case BLOCK_TEXTS:       get_texts(r, b); break;
    case BLOCK_CHAINS:      get_chains(r, b); break;
    case BLOCK_SHAPES:      get_shapes(r, b); break;
    case BLOCK_RECORDS:     block_get_rows(r, b); break;
    case BLOCK_STARTS:      block_get_starts(r, b); break;
    case BLOCK_TIMINGS:     block_get_timings(r, b); break;
    case BLOCK_CONNECTS:    block_get_connects(r, b); break;
    case BLOCK_UNRECORDED:  get_unrecorded(r, b); break;
    case BLOCK_CONSUMED:    get_consumed(r, &b->consumed); break;
    case BLOCK_SKIPPED:     get_skipped(r, b); break;
    case BLOCK_TLS:         block_get_tls(r, b); break;
    case BLOCK_REDUCED:     b->reduced = cbor_get_bytes(r, DATASET_ITEM_MAX); break;
    case BLOCK_VERDICTS:    b->verdicts = cbor_get_bytes(r, DATASET_ITEM_MAX); break;
    default:                cbor_skip(r); break;
    }
    if ((key == BLOCK_CONSUMED || key == BLOCK_SKIPPED) && !b->due.streamed)
        cbor_fail(r);
}

/* bits of the keys that were seen */
static bool keys_hold(uint64_t seen)
{
    const uint64_t always = 1U << BLOCK_BASE | 1U << BLOCK_RUNS | 1U << BLOCK_NUM_RECORDS;
    const uint64_t with_rows = 1U << BLOCK_RECORDS | 1U << BLOCK_STARTS | 1U << BLOCK_TIMINGS;
    return (seen & always) == always &&
           ((seen & with_rows) == 0 || (seen & with_rows) == with_rows);
}

int block_decode(struct block *b, struct bytes payload, char err[DATASET_ERR_MAX])
{
    struct cbor_reader r = {NULL, NULL, false};
    empty(b);
    if (!block_room(&r, &b->payload, payload.len, 1))
        return dataset_fail(err, -ENOMEM, "no memory for a block of %zu octets", payload.len);
    if (payload.len > 0)
        memcpy(b->payload.items, payload.data, payload.len);
    return block_decode_view(b, bytes_of(b->payload.items, payload.len), err);
}

int block_decode_view(struct block *b, struct bytes payload, char err[DATASET_ERR_MAX])
{
    struct cbor_reader r = cbor_reader_of(payload);
    empty(b);
    enum dataset_kind kind;
    const uint8_t *previous;
    struct cbor_map map = item_open(&r, &kind, &previous);
    if (kind != DATASET_BLOCK)
        cbor_fail(&r);
    uint64_t seen = 0, key = 0;
    while (cbor_map_next(&r, &map, &key)) {
        get_field(&r, b, key);
        seen |= key < 64 ? UINT64_C(1) << key : 0;
    }
    if (cbor_at_end(&r) && keys_hold(seen) && slots_hold(b))
        return 0;
    size_t at = (size_t)(r.at - payload.data);
    empty(b);
    return dataset_fail(err, -EBADMSG, "the block is malformed near octet %zu (key %llu)", at,
                        (unsigned long long)key);
}

int block_summarise(struct block_summary *out, struct run_set *done, struct bytes payload,
                    const struct shard_space *shard)
{
    struct cbor_reader r = cbor_reader_of(payload);
    struct block_summary sum = {0};
    enum dataset_kind kind;
    const uint8_t *previous;
    struct cbor_map map = item_open(&r, &kind, &previous);
    uint64_t key = 0;
    int rc = kind == DATASET_BLOCK ? 0 : -EBADMSG;
    if (cbor_map_next(&r, &map, &key) && key == BLOCK_BASE)
        cbor_skip(&r);
    if (!cbor_map_next(&r, &map, &key) || key != BLOCK_RUNS)
        cbor_fail(&r);
    struct run_cursor cursor = run_cursor_begin(&r);
    for (struct dataset_run run; rc == 0 && run_cursor_next(&cursor, &run, &r, shard);) {
        if (sum.num_positions == 0)
            sum.first_position = run.first;
        sum.num_positions += run.count;
        rc = run_set_add(done, run);
    }
    if (!cbor_map_next(&r, &map, &key) || key != BLOCK_NUM_RECORDS)
        cbor_fail(&r);
    sum.num_records = cbor_get_uint(&r, DATASET_BLOCK_ROWS_MAX);
    while (shard->streamed && cbor_map_next(&r, &map, &key))
        if (key == BLOCK_CONSUMED)
            get_consumed(&r, &sum.consumed);
        else
            cbor_skip(&r);
    if (rc == 0 && r.bad)
        rc = -EBADMSG;
    if (rc == 0)
        *out = sum;
    return rc;
}
