#include "core/block_column.h"
#include "core/block_private.h"

#include <errno.h>
#include <stdlib.h>

/* what encoding needs beside the builder: the slots in order, and room for a column */
struct order {
    struct slot_run *runs;   /* of all positions, sorted, those that touch joined */
    size_t num;
    uint64_t num_positions;
    uint64_t *column;
};

static int compare_rows(const void *a, const void *b)
{
    return row_order(a, b);
}

static int compare_connects(const void *a, const void *b)
{
    const struct block_connect *x = a, *y = b;
    return x->slot < y->slot ? -1 : x->slot > y->slot;
}

static int compare_runs(const void *a, const void *b)
{
    const struct slot_run *x = a, *y = b;
    return x->first < y->first ? -1 : x->first > y->first;
}

/* the slots of rows, one for those that were added together */
static void list_rows(struct order *o, const struct block_builder *b)
{
    for (size_t i = 0; i < b->num_rows; i++)
        if (i == 0 || b->rows[i].slot != b->rows[i - 1].slot ||
            b->rows[i].group != b->rows[i - 1].group)
            o->runs[o->num++] = (struct slot_run){b->rows[i].slot, 1};
}

/* sorts the runs and joins those that touch. -EINVAL: a slot twice */
static int join_runs(struct order *o)
{
    size_t num = 0;
    if (o->num > 0)
        qsort(o->runs, o->num, sizeof *o->runs, compare_runs);
    for (size_t i = 0; i < o->num; i++) {
        struct slot_run *last = num > 0 ? &o->runs[num - 1] : NULL, run = o->runs[i];
        o->num_positions += run.count;
        if (last != NULL && run.first < last->first + last->count)
            return -EINVAL;
        if (last != NULL && run.first == last->first + last->count)
            last->count += run.count;
        else
            o->runs[num++] = run;
    }
    o->num = num;
    return 0;
}

static int sort_all(struct order *o, struct block_builder *b)
{
    size_t num = b->num_rows + b->num_connects + b->num_counted + b->num_skipped;
    *o = (struct order){.runs = malloc((num + 1) * sizeof *o->runs),
                        .column = malloc((num + 1) * sizeof *o->column)};
    if (o->runs == NULL || o->column == NULL)
        return -ENOMEM;
    if (b->num_rows > 0)
        qsort(b->rows, b->num_rows, sizeof *b->rows, compare_rows);
    if (b->num_connects > 0)
        qsort(b->connects, b->num_connects, sizeof *b->connects, compare_connects);
    list_rows(o, b);
    for (size_t i = 0; i < b->num_connects; i++)
        o->runs[o->num++] = (struct slot_run){b->connects[i].slot, 1};
    for (size_t i = 0; i < b->num_counted; i++)
        o->runs[o->num++] = (struct slot_run){b->counted[i], 1};
    for (size_t i = 0; i < b->num_skipped; i++)
        o->runs[o->num++] = b->skipped[i];
    return join_runs(o);
}

static void put_runs(struct cbor_writer *w, const struct order *o)
{
    cbor_put_uint(w, BLOCK_RUNS);
    cbor_put_array(w, 2 * o->num);
    uint64_t after = 0;
    for (size_t i = 0; i < o->num; i++) {
        cbor_put_uint(w, o->runs[i].first - after);
        cbor_put_uint(w, o->runs[i].count);
        after = o->runs[i].first + o->runs[i].count;
    }
}

/* ---- tables ---- */

static void put_chain(struct cbor_writer *w, struct bytes chain)
{
    size_t num = (chain.len - 1) / HASH_LEN;
    cbor_put_array(w, 1 + num);
    cbor_put_bool(w, chain.data[0] != 0);
    for (size_t i = 0; i < num; i++)
        cbor_put_bytes(w, bytes_of(chain.data + 1 + i * HASH_LEN, HASH_LEN));
}

static void put_table(struct cbor_writer *w, enum block_key key, const struct intern *t,
                      void (*put)(struct cbor_writer *, struct bytes))
{
    if (t->num == 0)
        return;
    cbor_put_uint(w, key);
    cbor_put_array(w, t->num);
    for (size_t i = 0; i < t->num; i++)
        put(w, intern_get(t, i));
}

static void put_tables(struct cbor_writer *w, const struct block_builder *b)
{
    if (b->certs.num > 0) {
        cbor_put_uint(w, BLOCK_CERTS);
        cbor_put_array(w, b->certs.num);
        cbor_put_raw(w, bytes_of(b->certs.items.data, b->certs.items.len));
    }
    put_table(w, BLOCK_TEXTS, &b->texts, cbor_put_bytes);
    put_table(w, BLOCK_CHAINS, &b->chains, put_chain);
    put_table(w, BLOCK_SHAPES, &b->shapes, cbor_put_raw);
}

/* ---- records ---- */

static void put_texts(struct cbor_writer *w, const struct block_row *row)
{
    unsigned num = 0;
    for (size_t i = 0; i < NUM_TEXTS; i++)
        num += row->text[i] != NONE_ID;
    if (num == 0)
        return;
    cbor_put_uint(w, ROW_TEXTS);
    cbor_put_map(w, num);
    for (size_t i = 0; i < NUM_TEXTS; i++) {
        if (row->text[i] == NONE_ID)
            continue;
        cbor_put_uint(w, i);
        cbor_put_uint(w, row->text[i]);
    }
}

static bool has_texts(const struct block_row *row)
{
    for (size_t i = 0; i < NUM_TEXTS; i++)
        if (row->text[i] != NONE_ID)
            return true;
    return false;
}

static void put_addr(struct cbor_writer *w, const struct block_row *row)
{
    uint8_t octets[16];
    if (!row->has_addr)
        return;
    size_t len = addr_to_bytes(octets, row->addr);
    cbor_put_uint(w, ROW_ADDR);
    cbor_put_bytes(w, bytes_of(octets, len));
}

static void put_attempts(struct cbor_writer *w, const struct block_row *row,
                         const struct attempt *attempts)
{
    if (row->num_attempts == 0)
        return;
    cbor_put_uint(w, ROW_ATTEMPTS);
    cbor_put_array(w, row->num_attempts);
    for (const struct attempt *a = attempts; a < attempts + row->num_attempts; a++) {
        cbor_put_array(w, 4);
        cbor_put_uint(w, row->start_us - a->start_us);
        cbor_put_uint(w, a->stage);
        cbor_put_uint(w, a->cause);
        cbor_put_uint(w, a->smtp_code);
    }
}

/* a key and an index, if there is one */
static void put_id(struct cbor_writer *w, enum row_key key, uint32_t id)
{
    if (id == NONE_ID)
        return;
    cbor_put_uint(w, key);
    cbor_put_uint(w, id);
}

static void put_row(struct cbor_writer *w, const struct block_builder *b,
                    const struct block_row *row, uint64_t slot_before)
{
    bool has_ports = b->shard.has_ports;
    cbor_put_map(w, 2U + has_texts(row) + (row->chain != NONE_ID) + row->has_addr + has_ports +
                        (row->num_attempts > 0) + (row->host != NONE_ID) + (row->tag != NONE_ID));
    cbor_put_uint(w, ROW_SLOT);
    cbor_put_uint(w, row->slot - slot_before);
    cbor_put_uint(w, ROW_SHAPE);
    cbor_put_uint(w, row->shape);
    put_texts(w, row);
    put_id(w, ROW_CHAIN, row->chain);
    put_addr(w, row);
    if (has_ports) {
        cbor_put_uint(w, ROW_PORT);
        cbor_put_uint(w, row->port);
    }
    put_attempts(w, row, b->attempts + row->attempts);
    put_id(w, ROW_HOST, row->host);
    put_id(w, ROW_TAG, row->tag);
}

/* of a duration: one more, so that 0 says that it is absent */
static uint64_t stored(uint32_t timing_us)
{
    return timing_us == TIMING_ABSENT ? 0 : (uint64_t)timing_us + 1;
}

/* of a row: the ServerHello's counts back from the handshake's end where there is one, as most
 * servers send both at once */
static uint64_t stored_of(const struct block_row *row, size_t timing)
{
    uint32_t us = row->timing_us[timing], handshake_us = row->timing_us[TIMING_HANDSHAKE];
    bool back = timing == TIMING_SERVER_HELLO && us != TIMING_ABSENT &&
                handshake_us != TIMING_ABSENT;
    return stored(back ? handshake_us - us : us);
}

static void put_timings(struct cbor_writer *w, const struct block_builder *b, uint64_t *column)
{
    bool present[NUM_TIMINGS] = {false};
    unsigned num = 0;
    for (size_t t = 0; t < NUM_TIMINGS; t++) {
        for (size_t i = 0; i < b->num_rows && !present[t]; i++)
            present[t] = b->rows[i].timing_us[t] != TIMING_ABSENT;
        num += present[t];
    }
    cbor_put_uint(w, BLOCK_TIMINGS);
    cbor_put_map(w, num);
    for (size_t t = 0; t < NUM_TIMINGS; t++) {
        if (!present[t])
            continue;
        for (size_t i = 0; i < b->num_rows; i++)
            column[i] = stored_of(&b->rows[i], t);
        cbor_put_uint(w, t);
        column_put(w, column, b->num_rows, false);
    }
}

static bool has_tls_octets(const struct block_builder *b)
{
    for (size_t i = 0; i < b->num_rows; i++)
        if (b->rows[i].tls_in > 0 || b->rows[i].tls_out > 0)
            return true;
    return false;
}

static void put_tls_octets(struct cbor_writer *w, const struct block_builder *b, uint64_t *column)
{
    if (!has_tls_octets(b))
        return;
    cbor_put_uint(w, BLOCK_TLS);
    cbor_put_map(w, 2);
    for (size_t i = 0; i < b->num_rows; i++)
        column[i] = b->rows[i].tls_in;
    cbor_put_uint(w, TLS_OCTETS_IN);
    column_put(w, column, b->num_rows, false);
    for (size_t i = 0; i < b->num_rows; i++)
        column[i] = b->rows[i].tls_out;
    cbor_put_uint(w, TLS_OCTETS_OUT);
    column_put(w, column, b->num_rows, false);
}

static void put_records(struct cbor_writer *w, const struct block_builder *b,
                        const struct order *o, uint64_t base_us)
{
    if (b->num_rows == 0)
        return;
    cbor_put_uint(w, BLOCK_RECORDS);
    cbor_put_array(w, b->num_rows);
    for (size_t i = 0; i < b->num_rows; i++) {
        uint64_t before = i == 0 ? o->runs[0].first : b->rows[i - 1].slot;
        put_row(w, b, &b->rows[i], before);
    }
    for (size_t i = 0; i < b->num_rows; i++)
        o->column[i] = b->rows[i].start_us - (i == 0 ? base_us : b->rows[i - 1].start_us);
    cbor_put_uint(w, BLOCK_STARTS);
    column_put(w, o->column, b->num_rows, true);
    put_timings(w, b, o->column);
}

/* ---- columns of those that ended in connect ---- */

static void put_connect_timings(struct cbor_writer *w, const struct block_builder *b,
                                uint64_t *column, bool has_connect, bool has_total)
{
    for (size_t i = 0; has_connect && i < b->num_connects; i++)
        column[i] = stored(b->connects[i].connect_us);
    if (has_connect) {
        cbor_put_uint(w, CONNECT_CONNECT);
        column_put(w, column, b->num_connects, false);
    }
    for (size_t i = 0; has_total && i < b->num_connects; i++)
        column[i] = stored(b->connects[i].total_us);
    if (has_total) {
        cbor_put_uint(w, CONNECT_TOTAL);
        column_put(w, column, b->num_connects, false);
    }
}

/* the addresses of a streamed sweep's, which do not follow from the position */
static void put_connect_addrs(struct cbor_writer *w, const struct block_builder *b)
{
    if (!b->due.streamed)
        return;
    cbor_put_uint(w, CONNECT_ADDRS);
    uint8_t *at = cbor_put_space(w, 4 * b->num_connects);
    for (size_t i = 0; at != NULL && i < 4 * b->num_connects; i++)
        at[i] = (uint8_t)(b->connects[i / 4].v4 >> (24 - i % 4 * 8));
}

static void put_connects(struct cbor_writer *w, const struct block_builder *b,
                         const struct order *o, uint64_t base_us)
{
    const struct block_connect *c = b->connects;
    size_t num = b->num_connects;
    bool has_connect = false, has_total = false;
    if (num == 0)
        return;
    for (size_t i = 0; i < num; i++) {
        has_connect |= c[i].connect_us != TIMING_ABSENT;
        has_total |= c[i].total_us != TIMING_ABSENT;
    }
    cbor_put_uint(w, BLOCK_CONNECTS);
    cbor_put_map(w, 4U + has_connect + has_total + b->due.streamed);
    cbor_put_uint(w, CONNECT_NUM);
    cbor_put_uint(w, num);
    for (size_t i = 0; i < num; i++)
        o->column[i] = c[i].slot - (i == 0 ? o->runs[0].first : c[i - 1].slot);
    cbor_put_uint(w, CONNECT_SLOTS);
    column_put(w, o->column, num, false);
    for (size_t i = 0; i < num; i++)
        o->column[i] = c[i].shape;
    cbor_put_uint(w, CONNECT_SHAPES);
    column_put(w, o->column, num, false);
    for (size_t i = 0; i < num; i++)
        o->column[i] = c[i].start_us - (i == 0 ? base_us : c[i - 1].start_us);
    cbor_put_uint(w, CONNECT_STARTS);
    column_put(w, o->column, num, true);
    put_connect_timings(w, b, o->column, has_connect, has_total);
    put_connect_addrs(w, b);
}

static unsigned num_unrecorded(const struct block_builder *b)
{
    unsigned num = 0;
    for (size_t s = 0; s < NUM_STAGES; s++)
        for (size_t c = 0; c < NUM_CAUSES; c++)
            num += b->unrecorded[s][c] > 0;
    return num;
}

static void put_unrecorded(struct cbor_writer *w, const struct block_builder *b)
{
    if (b->num_counted == 0)
        return;
    cbor_put_uint(w, BLOCK_UNRECORDED);
    cbor_put_array(w, num_unrecorded(b));
    for (size_t i = 0; i < (size_t)NUM_STAGES * NUM_CAUSES; i++) {
        uint64_t count = b->unrecorded[i / NUM_CAUSES][i % NUM_CAUSES];
        if (count == 0)
            continue;
        cbor_put_array(w, 3);
        cbor_put_uint(w, i / NUM_CAUSES);
        cbor_put_uint(w, i % NUM_CAUSES);
        cbor_put_uint(w, count);
    }
}

/* ---- of a streamed sweep ---- */

static void put_stream(struct cbor_writer *w, const struct block_builder *b)
{
    uint64_t num = 0;
    for (size_t i = 0; i < b->num_skipped; i++)
        num += b->skipped[i].count;
    if (b->consumed.is_new) {
        cbor_put_uint(w, BLOCK_CONSUMED);
        cbor_put_array(w, 2);
        cbor_put_uint(w, b->consumed.lines);
        cbor_put_bytes(w, bytes_of(b->consumed.sha256, HASH_LEN));
    }
    if (num > 0) {
        cbor_put_uint(w, BLOCK_SKIPPED);
        cbor_put_uint(w, num);
    }
}

/* ---- the block ---- */

/* the earliest start of the block: small numbers follow from it */
static uint64_t base_of(const struct block_builder *b)
{
    uint64_t base = b->num_rows + b->num_connects == 0 ? 0 : START_MAX;
    for (size_t i = 0; i < b->num_rows; i++)
        base = b->rows[i].start_us < base ? b->rows[i].start_us : base;
    for (size_t i = 0; i < b->num_connects; i++)
        base = b->connects[i].start_us < base ? b->connects[i].start_us : base;
    return base;
}

static void put_block(struct cbor_writer *w, const struct block_builder *b, const struct order *o,
                      const uint8_t previous[HASH_LEN])
{
    unsigned num_tables = 0U + (b->certs.num > 0) + (b->texts.num > 0) + (b->chains.num > 0) +
                          (b->shapes.num > 0);
    uint64_t base_us = base_of(b);
    item_begin(w, DATASET_BLOCK, previous,
               3U + num_tables + (b->num_rows > 0 ? 3U : 0U) + (b->num_connects > 0) +
                   (b->num_counted > 0) + b->consumed.is_new + (b->num_skipped > 0) +
                   has_tls_octets(b));
    cbor_put_uint(w, BLOCK_BASE);
    cbor_put_uint(w, base_us);
    put_runs(w, o);
    cbor_put_uint(w, BLOCK_NUM_RECORDS);
    cbor_put_uint(w, b->num_rows + b->num_connects);
    put_tables(w, b);
    put_records(w, b, o, base_us);
    put_connects(w, b, o, base_us);
    put_unrecorded(w, b);
    put_stream(w, b);
    put_tls_octets(w, b, o->column);
}

int block_builder_encode(struct block_builder *b, struct cbor_writer *w,
                         struct block_summary *summary, const uint8_t previous[HASH_LEN])
{
    struct order o;
    int rc = sort_all(&o, b);
    if (rc == 0) {
        put_block(w, b, &o, previous);
        rc = w->bad ? -ENOMEM : 0;
    }
    if (rc == 0)
        *summary = (struct block_summary){
            .num_records = b->num_rows + b->num_connects,
            .num_positions = o.num_positions,
            .first_position = slot_position(&b->shard, o.runs[0].first),
        };
    free(o.runs);
    free(o.column);
    return rc;
}
