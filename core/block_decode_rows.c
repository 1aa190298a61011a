#include "core/block_column.h"
#include "core/block_private.h"

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
    row->has_addr = true;
    if (r->bad || !addr_from_bytes(&row->addr, octets.data, octets.len) ||
        (octets.len == 16 && addr_is_v4(row->addr)))   /* IPv4 has one form: four octets */
        cbor_fail(r);
}

static void get_attempt(struct cbor_reader *r, struct attempt *a)
{
    if (cbor_get_array(r, 4) != 4)
        cbor_fail(r);
    a->start_us = cbor_get_uint(r, START_MAX);   /* before the record's, until that is known */
    a->stage = (uint8_t)cbor_get_uint(r, UINT8_MAX);
    a->cause = (uint8_t)cbor_get_uint(r, UINT8_MAX);
    a->smtp_code = (uint16_t)cbor_get_uint(r, UINT16_MAX);
    if (a->stage == STAGE_NONE || a->cause == CAUSE_NONE)
        cbor_fail(r);
}

static void get_attempts(struct cbor_reader *r, struct block *b, struct block_row *row)
{
    size_t num = cbor_get_array(r, RECORD_ATTEMPTS_MAX);
    if (num == 0)
        cbor_fail(r);
    if (!block_room(r, &b->attempts, b->attempts.num + num, sizeof(struct attempt)))
        return;
    row->attempts = (uint32_t)b->attempts.num;
    row->num_attempts = (uint8_t)num;
    for (size_t i = 0; i < num; i++)
        get_attempt(r, &attempts_of(b)[b->attempts.num++]);
}

/* a host name or tag, which only rows of streamed sweeps have */
static uint32_t get_name(struct cbor_reader *r, const struct block *b, size_t max)
{
    uint32_t id = get_ref(r, &b->texts);
    if (r->bad || !b->due.streamed || texts_of(b)[id].len > max)
        cbor_fail(r);
    return id;
}

static uint64_t slot_after(struct cbor_reader *r, uint64_t before, uint64_t distance)
{
    if (distance > UINT64_MAX - before)
        cbor_fail(r);
    return before + distance;
}

static bool target_holds(const struct block *b, const struct block_row *row, const struct target *t)
{
    return due_holds(&b->due, t, row->port, row->has_addr ? &row->addr : NULL,
                     shapes_of(b)[row->shape].cause, row->host != NONE_ID);
}

enum { NEAR_HINT = 24, NEAR_SEGMENT = 12 }; /* rows ahead */

/* whether the rows are about the targets that are due at their positions */
static bool targets_hold(struct cbor_reader *r, struct block *b)
{
    size_t num = b->rows.num;
    if (b->due.streamed || !block_room(r, &b->column, num, sizeof(uint64_t)))
        return !r->bad;
    uint64_t *indices = column_of(b);
    for (size_t i = 0; i < num + NEAR_HINT; i++) {
        if (i < num) {
            uint64_t position = slot_position(&b->shard, rows_of(b)[i].slot);
            indices[i] = permutation_at(&b->due.perm, position);
            due_near_hint(&b->due, indices[i]);
        }
        if (i >= NEAR_SEGMENT && i - NEAR_SEGMENT < num)
            due_near_segment(&b->due, indices[i - NEAR_SEGMENT]);
        if (i < NEAR_HINT)
            continue;
        struct target t = due_of(&b->due, indices[i - NEAR_HINT]);
        if (!target_holds(b, &rows_of(b)[i - NEAR_HINT], &t))
            return false;
    }
    return true;
}

/* the same of one row of a stream, where a position tells the port */
static bool place_holds(const struct block *b, const struct block_row *row)
{
    if (row->slot >= b->shard.num_slots)
        return false;
    if (!b->due.streamed)
        return true;
    struct target t = due_at(&b->due, slot_position(&b->shard, row->slot));
    return target_holds(b, row, &t);
}

/* whether a row may follow the one before it at the same slot: the next address of one host name */
static bool joins(const struct block *b, const struct block_row *before,
                  const struct block_row *row)
{
    if (row_order(before, row) >= 0)
        return false;
    if (b->due.streamed)
        return row->host != NONE_ID && row->host == before->host && row->tag == before->tag;
    return due_at(&b->due, slot_position(&b->shard, row->slot)).named;
}

static void get_row(struct cbor_reader *r, struct block *b, struct block_row *row,
                    uint64_t slot_before)
{
    struct cbor_map map = cbor_get_map(r);
    unsigned required = 0;
    memset(row, 0xff, sizeof *row);   /* timings and ids: absent */
    row->addr = (struct addr){0, 0};
    row->has_addr = false;
    row->num_attempts = 0;
    row->tls_in = row->tls_out = 0;
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
        case ROW_ATTEMPTS: get_attempts(r, b, row); break;
        case ROW_HOST:  row->host = get_name(r, b, TARGET_HOST_MAX); break;
        case ROW_TAG:   row->tag = get_name(r, b, TARGET_TAG_MAX); break;
        default:        cbor_skip(r); break;
        }
        required += key == ROW_SLOT || key == ROW_SHAPE;
    }
    if (required != 2 || r->bad || !place_holds(b, row))
        cbor_fail(r);
}

static uint64_t first_slot(const struct block *b)
{
    return b->runs.num == 0 ? 0 : runs_of(b)[0].first / b->shard.num_shards;
}

void block_get_rows(struct cbor_reader *r, struct block *b)
{
    size_t num = block_table_begin(r, &b->rows, sizeof(struct block_row));
    if (num == 0)
        cbor_fail(r);
    uint64_t slot = first_slot(b);
    for (size_t i = 0, num_joined = 0; i < num && !r->bad; i++) {
        struct block_row *row = &rows_of(b)[b->rows.num++];
        get_row(r, b, row, slot);
        num_joined = i > 0 && row->slot == slot ? num_joined + 1 : 1;
        if (num_joined > RECORD_NAME_ADDRS_MAX ||
            (num_joined > 1 && (r->bad || !joins(b, row - 1, row))))
            cbor_fail(r);
        slot = row->slot;
    }
    if (!r->bad && !targets_hold(r, b))
        cbor_fail(r);
}

/* reads a column of num values to COLUMN */
static bool get_column(struct cbor_reader *r, struct block *b, size_t num, bool is_signed)
{
    if (num == 0)   /* columns of rows that never came */
        cbor_fail(r);
    if (!block_room(r, &b->column, num, sizeof(uint64_t)))
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

/* the starts of a row's attempts, which were read as distances */
static void take_attempt_starts(struct cbor_reader *r, const struct block *b,
                                const struct block_row *row)
{
    for (size_t i = 0; i < row->num_attempts; i++) {
        struct attempt *a = &attempts_of(b)[row->attempts + i];
        if (a->start_us > row->start_us)
            cbor_fail(r);
        a->start_us = row->start_us - a->start_us;
    }
}

void block_get_starts(struct cbor_reader *r, struct block *b)
{
    uint64_t start_us = b->base_us;
    if (!get_column(r, b, b->rows.num, true))
        return;
    for (size_t i = 0; i < b->rows.num && !r->bad; i++) {
        rows_of(b)[i].start_us = start_us = start_after(r, start_us, column_of(b)[i]);
        take_attempt_starts(r, b, &rows_of(b)[i]);
    }
}

/* a duration from its stored form */
static uint32_t timing_of(struct cbor_reader *r, uint64_t stored)
{
    if (stored > UINT32_MAX)
        cbor_fail(r);
    return (uint32_t)(stored - 1);   /* 0: TIMING_ABSENT */
}

/* the ServerHello's durations, which were read as they are stored; those of the handshake have the
 * smaller key and are there */
static void count_back(struct cbor_reader *r, const struct block *b)
{
    for (size_t i = 0; i < b->rows.num; i++) {
        uint32_t *us = &rows_of(b)[i].timing_us[TIMING_SERVER_HELLO];
        uint32_t handshake_us = rows_of(b)[i].timing_us[TIMING_HANDSHAKE];
        if (*us == TIMING_ABSENT || handshake_us == TIMING_ABSENT)
            continue;
        if (*us > handshake_us)
            cbor_fail(r);
        *us = handshake_us - *us;
    }
}

void block_get_timings(struct cbor_reader *r, struct block *b)
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
        if (key == TIMING_SERVER_HELLO)
            count_back(r, b);
    }
}

static uint32_t octets_of(struct cbor_reader *r, uint64_t num)
{
    if (num > UINT32_MAX)
        cbor_fail(r);
    return (uint32_t)num;
}

void block_get_tls(struct cbor_reader *r, struct block *b)
{
    struct cbor_map map = cbor_get_map(r);
    for (uint64_t key; cbor_map_next(r, &map, &key);) {
        if (key > TLS_OCTETS_OUT) {
            cbor_skip(r);
            continue;
        }
        if (!get_column(r, b, b->rows.num, false))
            return;
        for (size_t i = 0; i < b->rows.num; i++) {
            uint32_t octets = octets_of(r, column_of(b)[i]);
            *(key == TLS_OCTETS_IN ? &rows_of(b)[i].tls_in : &rows_of(b)[i].tls_out) = octets;
        }
    }
}

/* ---- columns of those that ended in connect ---- */

static void take_slots(struct cbor_reader *r, struct block *b)
{
    uint64_t slot = first_slot(b);
    for (size_t i = 0; i < b->connects.num && !r->bad; i++) {
        connects_of(b)[i].slot = slot = slot_after(r, slot, column_of(b)[i]);
        /* what a host name resolved to does not follow from its position */
        if (slot >= b->shard.num_slots ||
            (b->due.has_names && due_at(&b->due, slot_position(&b->shard, slot)).named))
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

static void get_connect_addrs(struct cbor_reader *r, struct block *b)
{
    struct bytes octets = cbor_get_bytes(r, 4 * (size_t)DATASET_BLOCK_ROWS_MAX);
    if (r->bad || !b->due.streamed || octets.len != 4 * b->connects.num) {
        cbor_fail(r);
        return;
    }
    for (size_t i = 0; i < b->connects.num; i++) {
        const uint8_t *o = octets.data + 4 * i;
        connects_of(b)[i].v4 =
            (uint32_t)o[0] << 24 | (uint32_t)o[1] << 16 | (uint32_t)o[2] << 8 | o[3];
    }
}

/* whether those whose address is in a column have one */
static bool connects_hold(const struct block *b)
{
    for (size_t i = 0; b->due.streamed && i < b->connects.num; i++)
        if (!cause_has_addr(shapes_of(b)[connects_of(b)[i].shape].cause))
            return false;
    return true;
}

void block_get_connects(struct cbor_reader *r, struct block *b)
{
    static void (*const take[])(struct cbor_reader *, struct block *) = {
        [CONNECT_SLOTS] = take_slots,     [CONNECT_SHAPES] = take_shapes,
        [CONNECT_STARTS] = take_starts,   [CONNECT_CONNECT] = take_connect,
        [CONNECT_TOTAL] = take_total,
    };
    struct cbor_map map = cbor_get_map(r);
    unsigned required = 0;
    for (uint64_t key; cbor_map_next(r, &map, &key);) {
        required += key <= CONNECT_STARTS || (key == CONNECT_ADDRS && b->due.streamed);
        if (key == CONNECT_NUM) {
            size_t num = (size_t)cbor_get_uint(r, DATASET_BLOCK_ROWS_MAX);
            if (num == 0 || !block_room(r, &b->connects, num, sizeof(struct block_connect))) {
                cbor_fail(r);
                return;
            }
            memset(b->connects.items, 0xff, num * sizeof(struct block_connect));
            b->connects.num = num;
        } else if (key == CONNECT_ADDRS) {
            get_connect_addrs(r, b);
        } else if (key > CONNECT_TOTAL) {
            cbor_skip(r);
        } else if (get_column(r, b, b->connects.num, key == CONNECT_STARTS)) {
            take[key](r, b);
        }
    }
    if (required != 4U + b->due.streamed || r->bad || !connects_hold(b))
        cbor_fail(r);
}
