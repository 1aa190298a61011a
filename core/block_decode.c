#include "core/block_column.h"
#include "core/block_private.h"

#include <errno.h>
#include <openssl/sha.h>
#include <stdlib.h>

static void empty(struct block *b)
{
    b->certs.num = b->texts.num = b->chains.num = b->hashes.num = b->shapes.num = 0;
    b->rows.num = b->connects.num = b->runs.num = b->unrecorded.num = 0;
    b->base_us = b->num_positions = b->num_records = b->num_counted = 0;
}

/* makes room for num items; what was there stays. r is bad if there is no memory */
static bool room(struct cbor_reader *r, struct block_table *t, size_t num, size_t size)
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

/* the head of an array of at most DATASET_BLOCK_ROWS_MAX items, and room for them */
static size_t get_table(struct cbor_reader *r, struct block_table *t, size_t size)
{
    size_t num = cbor_get_array(r, DATASET_BLOCK_ROWS_MAX);
    return room(r, t, num, size) ? num : 0;
}

/* ---- tables ---- */

static void get_certs(struct cbor_reader *r, struct block *b)
{
    size_t num = get_table(r, &b->certs, sizeof(struct block_cert));
    for (size_t i = 0; i < num && !r->bad; i++) {
        uint8_t sha256[HASH_LEN];
        if (cbor_get_array(r, 2) != 2)
            cbor_fail(r);
        struct bytes hash = cbor_get_bytes(r, HASH_LEN);
        struct bytes der = cbor_get_bytes(r, DATASET_ITEM_MAX);
        SHA256(der.data, der.len, sha256);
        if (r->bad || hash.len != HASH_LEN || memcmp(hash.data, sha256, HASH_LEN) != 0) {
            cbor_fail(r);
            return;
        }
        certs_of(b)[b->certs.num++] = (struct block_cert){hash.data, der};
    }
}

static void get_texts(struct cbor_reader *r, struct block *b)
{
    size_t num = get_table(r, &b->texts, sizeof(struct bytes));
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
    if (num < 2 || !room(r, &b->hashes, b->hashes.num + num, HASH_LEN)) {
        cbor_fail(r);
        return;
    }
    *chain = (struct block_chain){b->hashes.num, (uint16_t)(num - 1), cut};
    for (size_t i = 1; i < num; i++)
        cbor_get_exactly(r, hashes_of(b)[b->hashes.num++], HASH_LEN);
}

static void get_chains(struct cbor_reader *r, struct block *b)
{
    size_t num = get_table(r, &b->chains, sizeof(struct block_chain));
    for (size_t i = 0; i < num && !r->bad; i++)
        get_chain(r, b);
}

static void get_shapes(struct cbor_reader *r, struct block *b)
{
    size_t num = get_table(r, &b->shapes, sizeof(struct block_shape));
    for (size_t i = 0; i < num && !r->bad; i++)
        shape_get(r, &shapes_of(b)[b->shapes.num++]);
}

/* ---- records ---- */

/* an index into a table */
static uint32_t get_ref(struct cbor_reader *r, const struct block_table *t)
{
    if (t->num == 0)
        cbor_fail(r);
    return (uint32_t)cbor_get_uint(r, t->num - 1);
}

static void get_row_texts(struct cbor_reader *r, struct block *b, struct block_row *row)
{
    struct cbor_map map = cbor_get_map(r);
    for (uint64_t key; cbor_map_next(r, &map, &key);)
        if (key < NUM_TEXTS)
            row->text[key] = get_ref(r, &b->texts);
        else
            cbor_skip(r);
}

static void get_row_addr(struct cbor_reader *r, struct block_row *row)
{
    struct bytes octets = cbor_get_bytes(r, 16);
    if (r->bad || !addr_from_bytes(&row->addr, octets.data, octets.len))
        cbor_fail(r);
}

static uint64_t slot_after(struct cbor_reader *r, uint64_t before, uint64_t distance)
{
    if (distance > UINT64_MAX - before)
        cbor_fail(r);
    return before + distance;
}

/* whether the row is about the target that is due at its position */
static bool target_holds(const struct block *b, const struct block_row *row)
{
    if (row->slot >= b->shard.num_slots)
        return false;
    uint64_t position = slot_position(&b->shard, row->slot);
    struct target t = target_space_at(b->header->space, permutation_at(&b->perm, position));
    return addr_cmp(t.addr, row->addr) == 0 && t.port == row->port;
}

static void get_row(struct cbor_reader *r, struct block *b, struct block_row *row,
                    uint64_t slot_before)
{
    struct cbor_map map = cbor_get_map(r);
    unsigned required = 0;
    memset(row, 0xff, sizeof *row);   /* timings and ids: absent */
    row->port = b->header->space->ports[0];
    for (uint64_t key; cbor_map_next(r, &map, &key);) {
        switch (key) {
        case ROW_SLOT:
            row->slot = slot_after(r, slot_before, cbor_get_uint(r, UINT64_MAX));
            break;
        case ROW_SHAPE: row->shape = get_ref(r, &b->shapes); break;
        case ROW_TEXTS: get_row_texts(r, b, row); break;
        case ROW_CHAIN: row->chain = get_ref(r, &b->chains); break;
        case ROW_ADDR:  get_row_addr(r, row); break;
        case ROW_PORT:  row->port = (uint16_t)cbor_get_uint(r, UINT16_MAX); break;
        default:        cbor_skip(r); break;
        }
        required += key == ROW_SLOT || key == ROW_SHAPE || key == ROW_ADDR;
    }
    if (required != 3 || r->bad || !target_holds(b, row))
        cbor_fail(r);
}

static uint64_t first_slot(const struct block *b)
{
    return b->runs.num == 0 ? 0 : runs_of(b)[0].first / b->shard.num_shards;
}

static void get_rows(struct cbor_reader *r, struct block *b)
{
    size_t num = get_table(r, &b->rows, sizeof(struct block_row));
    if (num == 0)
        cbor_fail(r);
    uint64_t slot = first_slot(b);
    for (size_t i = 0; i < num && !r->bad; i++) {
        struct block_row *row = &rows_of(b)[b->rows.num++];
        get_row(r, b, row, slot);
        slot = row->slot;
    }
}

/* reads a column of num values to COLUMN */
static bool get_column(struct cbor_reader *r, struct block *b, size_t num, bool is_signed)
{
    if (num == 0)   /* columns of rows that never came */
        cbor_fail(r);
    if (!room(r, &b->column, num, sizeof(uint64_t)))
        return false;
    column_get(r, column_of(b), num, is_signed);
    return !r->bad;
}

static uint64_t start_after(struct cbor_reader *r, uint64_t before, uint64_t distance)
{
    uint64_t start = before + distance;   /* both are below 2^63, distance in two's complement */
    if (start > START_MAX)
        cbor_fail(r);
    return start;
}

static void get_row_starts(struct cbor_reader *r, struct block *b)
{
    uint64_t start_us = b->base_us;
    if (!get_column(r, b, b->rows.num, true))
        return;
    for (size_t i = 0; i < b->rows.num && !r->bad; i++)
        rows_of(b)[i].start_us = start_us = start_after(r, start_us, column_of(b)[i]);
}

/* a duration from its stored form */
static uint32_t timing_of(struct cbor_reader *r, uint64_t stored)
{
    if (stored > UINT32_MAX)
        cbor_fail(r);
    return (uint32_t)(stored - 1);   /* 0: TIMING_ABSENT */
}

static void get_timings(struct cbor_reader *r, struct block *b)
{
    struct cbor_map map = cbor_get_map(r);
    for (uint64_t key; cbor_map_next(r, &map, &key);) {
        if (key >= NUM_TIMINGS) {
            cbor_skip(r);
            continue;
        }
        if (!get_column(r, b, b->rows.num, false))
            return;
        for (size_t i = 0; i < b->rows.num; i++)
            rows_of(b)[i].timing_us[key] = timing_of(r, column_of(b)[i]);
    }
}

/* ---- columns of those that ended in connect ---- */

static void take_slots(struct cbor_reader *r, struct block *b)
{
    uint64_t slot = first_slot(b);
    for (size_t i = 0; i < b->connects.num && !r->bad; i++) {
        connects_of(b)[i].slot = slot = slot_after(r, slot, column_of(b)[i]);
        if (slot >= b->shard.num_slots)
            cbor_fail(r);
    }
}

static void take_shapes(struct cbor_reader *r, struct block *b)
{
    for (size_t i = 0; i < b->connects.num; i++) {
        if (column_of(b)[i] >= b->shapes.num)
            cbor_fail(r);
        connects_of(b)[i].shape = (uint32_t)column_of(b)[i];
    }
}

static void take_starts(struct cbor_reader *r, struct block *b)
{
    uint64_t start_us = b->base_us;
    for (size_t i = 0; i < b->connects.num && !r->bad; i++)
        connects_of(b)[i].start_us = start_us = start_after(r, start_us, column_of(b)[i]);
}

static void take_connect(struct cbor_reader *r, struct block *b)
{
    for (size_t i = 0; i < b->connects.num; i++)
        connects_of(b)[i].connect_us = timing_of(r, column_of(b)[i]);
}

static void take_total(struct cbor_reader *r, struct block *b)
{
    for (size_t i = 0; i < b->connects.num; i++)
        connects_of(b)[i].total_us = timing_of(r, column_of(b)[i]);
}

static void get_connects(struct cbor_reader *r, struct block *b)
{
    static void (*const take[])(struct cbor_reader *, struct block *) = {
        [CONNECT_SLOTS] = take_slots,     [CONNECT_SHAPES] = take_shapes,
        [CONNECT_STARTS] = take_starts,   [CONNECT_CONNECT] = take_connect,
        [CONNECT_TOTAL] = take_total,
    };
    struct cbor_map map = cbor_get_map(r);
    unsigned required = 0;
    for (uint64_t key; cbor_map_next(r, &map, &key); required += key <= CONNECT_STARTS) {
        if (key == CONNECT_NUM) {
            size_t num = (size_t)cbor_get_uint(r, DATASET_BLOCK_ROWS_MAX);
            if (num == 0 || !room(r, &b->connects, num, sizeof(struct block_connect))) {
                cbor_fail(r);
                return;
            }
            memset(b->connects.items, 0xff, num * sizeof(struct block_connect));
            b->connects.num = num;
        } else if (key > CONNECT_TOTAL) {
            cbor_skip(r);
        } else if (get_column(r, b, b->connects.num, key == CONNECT_STARTS)) {
            take[key](r, b);
        }
    }
    if (required != 4)
        cbor_fail(r);
}

static void get_unrecorded(struct cbor_reader *r, struct block *b)
{
    size_t num = cbor_get_array(r, 65536);
    if (!room(r, &b->unrecorded, num, sizeof(struct block_unrecorded)))
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
    if (!room(r, &b->runs, cursor.left, sizeof(struct dataset_run)))
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

/* whether each record has a slot of its own, all are done, and with those only counted no other is
 * */
static bool slots_hold(const struct block *b)
{
    size_t row = 0, connect = 0, run = 0;
    uint64_t after = 0;   /* the smallest slot that may follow */
    if (b->rows.num + b->connects.num != b->num_records ||
        b->num_records + b->num_counted != b->num_positions || b->num_positions == 0)
        return false;
    while (row < b->rows.num || connect < b->connects.num) {
        bool is_row = connect == b->connects.num ||
                      (row < b->rows.num && rows_of(b)[row].slot < connects_of(b)[connect].slot);
        uint64_t slot = is_row ? rows_of(b)[row++].slot : connects_of(b)[connect++].slot;
        if (slot < after || !slot_done(b, &run, slot))
            return false;
        after = slot + 1;
    }
    return true;
}

/* ---- the block ---- */

static void get_field(struct cbor_reader *r, struct block *b, uint64_t key)
{
    switch (key) {
    case BLOCK_BASE:        b->base_us = cbor_get_uint(r, START_MAX); break;
    case BLOCK_RUNS:        get_runs(r, b); break;
    case BLOCK_NUM_RECORDS: b->num_records = cbor_get_uint(r, UINT32_MAX); break;
    case BLOCK_CERTS:       get_certs(r, b); break;
    case BLOCK_TEXTS:       get_texts(r, b); break;
    case BLOCK_CHAINS:      get_chains(r, b); break;
    case BLOCK_SHAPES:      get_shapes(r, b); break;
    case BLOCK_RECORDS:     get_rows(r, b); break;
    case BLOCK_STARTS:      get_row_starts(r, b); break;
    case BLOCK_TIMINGS:     get_timings(r, b); break;
    case BLOCK_CONNECTS:    get_connects(r, b); break;
    case BLOCK_UNRECORDED:  get_unrecorded(r, b); break;
    default:                cbor_skip(r); break;
    }
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
    if (!room(&r, &b->payload, payload.len, 1))
        return dataset_fail(err, -ENOMEM, "no memory for a block of %zu octets", payload.len);
    if (payload.len > 0)
        memcpy(b->payload.items, payload.data, payload.len);
    r = cbor_reader_of(bytes_of(b->payload.items, payload.len));
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
    size_t at = (size_t)(r.at - (const uint8_t *)b->payload.items);
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
    if (rc == 0 && r.bad)
        rc = -EBADMSG;
    if (rc == 0)
        *out = sum;
    return rc;
}
