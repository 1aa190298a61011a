#include "core/block_private.h"

#include <stdlib.h>

struct block *block_new(const struct dataset_header *header)
{
    struct block *b = calloc(1, sizeof *b);
    if (b == NULL)
        return NULL;
    b->header = header;
    b->shard = shard_space_of(header);
    due_init(&b->due, header, header->space);
    due_hint(&b->due);
    return b;
}

void block_free(struct block *b)
{
    if (b == NULL)
        return;
    struct block_table *const tables[] = {&b->payload, &b->certs,    &b->texts, &b->chains,
                                    &b->hashes,  &b->shapes,   &b->rows,  &b->connects,
                                    &b->runs,    &b->unrecorded, &b->column, &b->attempts};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        free(tables[i]->items);
    due_cleanup(&b->due);
    free(b);
}

size_t block_num_records(const struct block *b)
{
    return b->rows.num + b->connects.num;
}

/* host and tag: the sweep knows them by position, but for a streamed one */
static void take_host(const struct block *b, struct record *out, const struct block_row *row)
{
    if (b->due.streamed) {
        out->host = row->host != NONE_ID ? texts_of(b)[row->host] : out->host;
        out->tag = row->tag != NONE_ID ? texts_of(b)[row->tag] : out->tag;
    } else if (b->header->space->num_texts > 1) {
        struct target t = due_at(&b->due, out->position);
        out->host = t.host;
        out->tag = t.tag;
    }
}

static void take_row(const struct block *b, struct record *out, const struct block_row *row)
{
    out->position = slot_position(&b->shard, row->slot);
    out->addr = row->addr;
    out->port = row->port;
    out->start_us = row->start_us;
    memcpy(out->timing_us, row->timing_us, sizeof out->timing_us);
    memcpy(out->text_id, row->text, sizeof out->text_id);
    for (size_t i = 0; i < NUM_TEXTS; i++)
        if (row->text[i] != NONE_ID)
            out->text[i] = texts_of(b)[row->text[i]];
    out->chain_id = row->chain;
    if (row->chain != NONE_ID)
        out->chain = block_chain(b, row->chain, &out->num_chain, &out->chain_cut);
    out->num_attempts = row->num_attempts;
    if (row->num_attempts > 0)
        memcpy(out->attempts, &attempts_of(b)[row->attempts],
               row->num_attempts * sizeof out->attempts[0]);
    out->tls_in = row->tls_in;
    out->tls_out = row->tls_out;
    out->shape_id = row->shape;
    shape_apply(out, &shapes_of(b)[row->shape]);
    take_host(b, out, row);
}

static void take_connect(const struct block *b, struct record *out, const struct block_connect *c)
{
    out->position = slot_position(&b->shard, c->slot);
    out->start_us = c->start_us;
    out->timing_us[TIMING_CONNECT] = c->connect_us;
    out->timing_us[TIMING_TOTAL] = c->total_us;
    out->shape_id = c->shape;
    shape_apply(out, &shapes_of(b)[c->shape]);
    struct target t = due_at(&b->due, out->position);
    out->addr = b->due.streamed ? addr_v4(c->v4) : t.addr;
    out->port = t.port;
    out->host = t.host;
    out->tag = t.tag;
}

void block_record(const struct block *b, struct record *out, size_t i)
{
    record_init(out);
    if (i < b->rows.num)
        take_row(b, out, &rows_of(b)[i]);
    else
        take_connect(b, out, &connects_of(b)[i - b->rows.num]);
}

bool block_glance(const struct block *b, struct block_glance *out, size_t i)
{
    if (i >= b->rows.num)
        return false;
    const struct block_row *row = &rows_of(b)[i];
    *out = (struct block_glance){row->addr, row->has_addr, row->chain};
    return true;
}

size_t block_num_in_full(const struct block *b)
{
    return b->rows.num;
}

size_t block_num_shapes(const struct block *b)
{
    return b->shapes.num;
}

size_t block_num_texts(const struct block *b)
{
    return b->texts.num;
}

struct bytes block_text(const struct block *b, size_t i)
{
    return texts_of(b)[i];
}

size_t block_num_chains(const struct block *b)
{
    return b->chains.num;
}

const uint8_t (*block_chain(const struct block *b, size_t i, uint16_t *num, bool *cut))[32]
{
    const struct block_chain *chain = &chains_of(b)[i];
    *num = chain->num;
    *cut = chain->cut;
    return (const uint8_t(*)[HASH_LEN])&hashes_of(b)[chain->first];
}

size_t block_num_certs(const struct block *b)
{
    return b->certs.num;
}

struct bytes block_cert(const struct block *b, size_t i, uint8_t sha256[32])
{
    memcpy(sha256, certs_of(b)[i].sha256, HASH_LEN);
    return certs_of(b)[i].der;
}

const struct dataset_run *block_runs(const struct block *b, size_t *num)
{
    *num = b->runs.num;
    return b->runs.items;
}

const struct block_unrecorded *block_unrecorded(const struct block *b, size_t *num)
{
    *num = b->unrecorded.num;
    return b->unrecorded.items;
}

uint64_t block_num_skipped(const struct block *b)
{
    return b->num_skipped;
}

bool block_consumed(const struct block *b, uint64_t *lines, uint8_t sha256[32])
{
    if (b->consumed.lines == 0)
        return false;
    *lines = b->consumed.lines;
    memcpy(sha256, b->consumed.sha256, HASH_LEN);
    return true;
}
