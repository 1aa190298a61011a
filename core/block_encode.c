#include "core/block_column.h"
#include "core/block_private.h"

#include <errno.h>
#include <stdlib.h>

/* what encoding needs beside the builder: the slots in order, and room for a column */
struct order {
    uint64_t *slots;    /* of all positions, sorted */
    size_t num;
    uint64_t *column;
};

static int compare_rows(const void *a, const void *b)
{
    const struct block_row *x = a, *y = b;
    return x->slot < y->slot ? -1 : x->slot > y->slot;
}

static int compare_connects(const void *a, const void *b)
{
    const struct block_connect *x = a, *y = b;
    return x->slot < y->slot ? -1 : x->slot > y->slot;
}

static int compare_slots(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static int sort_all(struct order *o, struct block_builder *b)
{
    *o = (struct order){.num = b->num_rows + b->num_connects + b->num_counted};
    o->slots = malloc((o->num + 1) * sizeof *o->slots);
    o->column = malloc((o->num + 1) * sizeof *o->column);
    if (o->slots == NULL || o->column == NULL)
        return -ENOMEM;
    if (b->num_rows > 0)
        qsort(b->rows, b->num_rows, sizeof *b->rows, compare_rows);
    if (b->num_connects > 0)
        qsort(b->connects, b->num_connects, sizeof *b->connects, compare_connects);
    size_t n = 0;
    for (size_t i = 0; i < b->num_rows; i++)
        o->slots[n++] = b->rows[i].slot;
    for (size_t i = 0; i < b->num_connects; i++)
        o->slots[n++] = b->connects[i].slot;
    for (size_t i = 0; i < b->num_counted; i++)
        o->slots[n++] = b->counted[i];
    qsort(o->slots, n, sizeof *o->slots, compare_slots);
    for (size_t i = 1; i < n; i++)
        if (o->slots[i] == o->slots[i - 1])
            return -EINVAL;
    return 0;
}

/* the index after the last slot of the run that begins at i */
static size_t run_end(const struct order *o, size_t i)
{
    do
        i++;
    while (i < o->num && o->slots[i] == o->slots[i - 1] + 1);
    return i;
}

static void put_runs(struct cbor_writer *w, const struct order *o)
{
    size_t num_runs = 0;
    for (size_t i = 0; i < o->num; i = run_end(o, i))
        num_runs++;
    cbor_put_uint(w, BLOCK_RUNS);
    cbor_put_array(w, 2 * num_runs);
    uint64_t after = 0;
    for (size_t i = 0, end; i < o->num; i = end) {
        end = run_end(o, i);
        cbor_put_uint(w, o->slots[i] - after);
        cbor_put_uint(w, end - i);
        after = o->slots[i] + (end - i);
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

static void put_row(struct cbor_writer *w, const struct block_row *row, uint64_t slot_before,
                    bool has_ports)
{
    uint8_t octets[16];
    size_t len = addr_to_bytes(octets, row->addr);
    cbor_put_map(w, 3U + has_texts(row) + (row->chain != NONE_ID) + has_ports);
    cbor_put_uint(w, ROW_SLOT);
    cbor_put_uint(w, row->slot - slot_before);
    cbor_put_uint(w, ROW_SHAPE);
    cbor_put_uint(w, row->shape);
    put_texts(w, row);
    if (row->chain != NONE_ID) {
        cbor_put_uint(w, ROW_CHAIN);
        cbor_put_uint(w, row->chain);
    }
    cbor_put_uint(w, ROW_ADDR);
    cbor_put_bytes(w, bytes_of(octets, len));
    if (has_ports) {
        cbor_put_uint(w, ROW_PORT);
        cbor_put_uint(w, row->port);
    }
}

/* of a duration: one more, so that 0 says that it is absent */
static uint64_t stored(uint32_t timing_us)
{
    return timing_us == TIMING_ABSENT ? 0 : (uint64_t)timing_us + 1;
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
            column[i] = stored(b->rows[i].timing_us[t]);
        cbor_put_uint(w, t);
        column_put(w, column, b->num_rows, false);
    }
}

static void put_records(struct cbor_writer *w, const struct block_builder *b,
                        const struct order *o, uint64_t base_us)
{
    if (b->num_rows == 0)
        return;
    cbor_put_uint(w, BLOCK_RECORDS);
    cbor_put_array(w, b->num_rows);
    for (size_t i = 0; i < b->num_rows; i++) {
        uint64_t before = i == 0 ? o->slots[0] : b->rows[i - 1].slot;
        put_row(w, &b->rows[i], before, b->shard.has_ports);
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
    cbor_put_map(w, 4U + has_connect + has_total);
    cbor_put_uint(w, CONNECT_NUM);
    cbor_put_uint(w, num);
    for (size_t i = 0; i < num; i++)
        o->column[i] = c[i].slot - (i == 0 ? o->slots[0] : c[i - 1].slot);
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
                   (b->num_counted > 0));
    cbor_put_uint(w, BLOCK_BASE);
    cbor_put_uint(w, base_us);
    put_runs(w, o);
    cbor_put_uint(w, BLOCK_NUM_RECORDS);
    cbor_put_uint(w, b->num_rows + b->num_connects);
    put_tables(w, b);
    put_records(w, b, o, base_us);
    put_connects(w, b, o, base_us);
    put_unrecorded(w, b);
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
        *summary = (struct block_summary){b->num_rows + b->num_connects, o.num,
                                          slot_position(&b->shard, o.slots[0])};
    free(o.slots);
    free(o.column);
    return rc;
}
