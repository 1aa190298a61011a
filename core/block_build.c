#include "core/block_private.h"

#include <errno.h>
#include <openssl/sha.h>
#include <stdlib.h>

enum {
    WRITTEN_CERTS = 1 << 16,
    /* octets of a part when encoded: about, and at most (its share of runs and columns included) */
    ROW_SIZE = 48, ROW_BOUND = 176,
    CONNECT_SIZE = 8, CONNECT_BOUND = 56,
    COUNTED_SIZE = 2, COUNTED_BOUND = 24,
    SHAPE_BOUND = 160, TEXT_HEAD = 5, CHAIN_HEAD = 8, HASH_SIZE = HASH_LEN + 2,
    CERT_HEAD = 1 + HASH_SIZE + 5,
    REST_BOUND = 8192,      /* everything that is there once */
    BOUND_MAX = DATASET_ITEM_MAX - REST_BOUND
};

int block_builder_init(struct block_builder *b, const struct dataset_header *h,
                       const struct target_space *space)
{
    uint64_t key[2];
    memcpy(key, h->id, sizeof key);
    *b = (struct block_builder){.shard = shard_space_of(h), .space = space};
    permutation_init(&b->perm, space->count, h->seed);
    intern_init(&b->texts, key);
    intern_init(&b->chains, key);
    intern_init(&b->shapes, key);
    cbor_writer_init(&b->certs.items, DATASET_ITEM_MAX);
    cbor_writer_init(&b->scratch, DATASET_ITEM_MAX);
    b->certs.written = calloc(WRITTEN_CERTS, HASH_LEN);
    return b->certs.written != NULL ? 0 : -ENOMEM;
}

void block_builder_cleanup(struct block_builder *b)
{
    intern_cleanup(&b->texts);
    intern_cleanup(&b->chains);
    intern_cleanup(&b->shapes);
    cbor_writer_cleanup(&b->certs.items);
    cbor_writer_cleanup(&b->scratch);
    free(b->certs.written);
    free(b->rows);
    free(b->connects);
    free(b->counted);
}

void block_builder_reset(struct block_builder *b)
{
    intern_reset(&b->texts);
    intern_reset(&b->chains);
    intern_reset(&b->shapes);
    cbor_writer_reset(&b->certs.items);
    b->certs.num = 0;
    b->num_rows = b->num_connects = b->num_counted = 0;
    memset(b->unrecorded, 0, sizeof b->unrecorded);
    b->size = b->bound = 0;
}

/* ---- checks and limits ---- */

/* only what a session that never got a connection can have */
static bool fits_columns(const struct record *r)
{
    if (r->stage != STAGE_CONNECT || r->num_chain > 0)
        return false;
    for (size_t i = 0; i < NUM_TEXTS; i++)
        if (r->text[i].len > 0)
            return false;
    for (size_t i = 0; i < NUM_TIMINGS; i++)
        if (r->timing_us[i] != TIMING_ABSENT && i != TIMING_CONNECT && i != TIMING_TOTAL)
            return false;
    return true;
}

static bool outcome_valid(unsigned stage, unsigned cause)
{
    return stage > STAGE_NONE && stage < NUM_STAGES && cause > CAUSE_NONE && cause < NUM_CAUSES;
}

/* whether a reader will take the record: it is our own bug if not */
static bool record_valid(const struct block_builder *b, const struct record *r)
{
    if (!outcome_valid(r->stage, r->cause) || r->start_us > START_MAX || r->errnum < 0 ||
        r->num_alerts > RECORD_ALERTS_MAX || r->num_chain > RECORD_CHAIN_MAX)
        return false;
    struct target t = target_space_at(b->space, permutation_at(&b->perm, r->position));
    return addr_cmp(t.addr, r->addr) == 0 && t.port == r->port;
}

static size_t bound_of(const struct record *r, const struct bytes *ders)
{
    size_t bound = ROW_BOUND + SHAPE_BOUND + CHAIN_HEAD;
    for (size_t i = 0; i < NUM_TEXTS; i++)
        bound += r->text[i].len > 0 ? TEXT_HEAD + r->text[i].len : 0;
    for (size_t i = 0; i < r->num_chain; i++)
        bound += HASH_SIZE + CERT_HEAD + ders[i].len;
    return bound;
}

static bool has_room(const struct block_builder *b, size_t bound)
{
    size_t positions = b->num_rows + b->num_connects + b->num_counted;
    return bound <= BOUND_MAX - b->bound && positions < DATASET_BLOCK_ROWS_MAX &&
           b->texts.num + NUM_TEXTS <= DATASET_BLOCK_ROWS_MAX &&
           b->certs.num + RECORD_CHAIN_MAX <= DATASET_BLOCK_ROWS_MAX;
}

/* ---- adding ---- */

/* the next element of an array that grows, zeroed; NULL: no memory. array: the address of its
 * pointer */
static void *next_of(void *array, size_t num, size_t *cap, size_t size)
{
    uint8_t *items;
    memcpy(&items, array, sizeof items);
    if (num == *cap) {
        size_t more = *cap == 0 ? 64 : 2 * *cap;
        items = realloc(items, more * size);
        if (items == NULL)
            return NULL;
        memcpy(array, &items, sizeof items);
        *cap = more;
    }
    return memset(items + num * size, 0, size);
}

static int add_certs(struct block_builder *b, const struct record *r, const struct bytes *ders)
{
    for (size_t i = 0; i < r->num_chain; i++) {
        const uint8_t *hash = r->chain[i];
        uint8_t *written = b->certs.written[(size_t)hash[0] << 8 | hash[1]];
        uint8_t sha256[HASH_LEN];
        if (memcmp(written, hash, HASH_LEN) == 0)
            continue;
        SHA256(ders[i].data, ders[i].len, sha256);
        if (memcmp(sha256, hash, HASH_LEN) != 0)
            return -EINVAL;
        size_t before = b->certs.items.len;
        cbor_put_array(&b->certs.items, 2);
        cbor_put_bytes(&b->certs.items, bytes_of(hash, HASH_LEN));
        cbor_put_bytes(&b->certs.items, ders[i]);
        if (b->certs.items.bad) {
            b->certs.items.len = before;
            b->certs.items.bad = false;
            return -ENOMEM;
        }
        memcpy(written, hash, HASH_LEN);
        b->certs.num++;
        b->num_certs_written++;
        b->size += b->certs.items.len - before;
        b->bound += CERT_HEAD + ders[i].len;
    }
    return 0;
}

/* intern_add, and what a new string adds to the block */
static int add_string(struct block_builder *b, struct intern *t, uint32_t *id, struct bytes octets,
                      size_t head)
{
    size_t before = t->num;
    int rc = intern_add(t, id, octets);
    if (rc == 0 && t->num > before) {
        b->size += octets.len + head;
        b->bound += octets.len + head;
    }
    return rc;
}

static int add_shape(struct block_builder *b, uint32_t *id, const struct record *r)
{
    cbor_writer_reset(&b->scratch);
    shape_put(&b->scratch, r);
    if (b->scratch.bad)
        return -ENOMEM;
    return add_string(b, &b->shapes, id, bytes_of(b->scratch.data, b->scratch.len), 0);
}

static int add_chain(struct block_builder *b, uint32_t *id, const struct record *r)
{
    uint8_t chain[1 + RECORD_CHAIN_MAX * HASH_LEN];
    *id = NONE_ID;
    if (r->num_chain == 0)
        return 0;
    size_t len = (size_t)r->num_chain * HASH_LEN;
    chain[0] = r->chain_cut;
    memcpy(chain + 1, r->chain, len);
    return add_string(b, &b->chains, id, bytes_of(chain, 1 + len),
                      CHAIN_HEAD + 2U * r->num_chain);
}

static int add_row(struct block_builder *b, uint64_t slot, const struct record *r,
                   const struct bytes *ders)
{
    struct block_row *row = next_of(&b->rows, b->num_rows, &b->rows_cap, sizeof *row);
    if (row == NULL)
        return -ENOMEM;
    int rc = add_certs(b, r, ders);
    if (rc == 0)
        rc = add_chain(b, &row->chain, r);
    if (rc == 0)
        rc = add_shape(b, &row->shape, r);
    for (size_t i = 0; i < NUM_TEXTS && rc == 0; i++) {
        row->text[i] = NONE_ID;
        if (r->text[i].len > 0)
            rc = add_string(b, &b->texts, &row->text[i], r->text[i], TEXT_HEAD);
    }
    if (rc != 0)
        return rc;
    row->slot = slot;
    row->start_us = r->start_us;
    row->addr = r->addr;
    row->port = r->port;
    memcpy(row->timing_us, r->timing_us, sizeof row->timing_us);
    b->num_rows++;
    b->size += ROW_SIZE;
    b->bound += ROW_BOUND;
    return 0;
}

static int add_connect(struct block_builder *b, uint64_t slot, const struct record *r)
{
    struct block_connect *c =
        next_of(&b->connects, b->num_connects, &b->connects_cap, sizeof *c);
    if (c == NULL || add_shape(b, &c->shape, r) != 0)
        return -ENOMEM;
    c->slot = slot;
    c->start_us = r->start_us;
    c->connect_us = r->timing_us[TIMING_CONNECT];
    c->total_us = r->timing_us[TIMING_TOTAL];
    b->num_connects++;
    b->size += CONNECT_SIZE;
    b->bound += CONNECT_BOUND;
    return 0;
}

int block_builder_add(struct block_builder *b, const struct record *r, const struct bytes *ders)
{
    uint64_t slot;
    if (!shard_slot(&b->shard, &slot, r->position) || !record_valid(b, r))
        return -EINVAL;
    size_t bound = bound_of(r, ders);
    if (bound > BOUND_MAX)
        return -E2BIG;
    if (!has_room(b, bound))
        return -ENOBUFS;
    return fits_columns(r) ? add_connect(b, slot, r) : add_row(b, slot, r, ders);
}

int block_builder_count(struct block_builder *b, uint64_t position, enum stage stage,
                        enum cause cause)
{
    uint64_t slot;
    if (!shard_slot(&b->shard, &slot, position) || !outcome_valid(stage, cause))
        return -EINVAL;
    if (!has_room(b, COUNTED_BOUND))
        return -ENOBUFS;
    uint64_t *counted =
        next_of(&b->counted, b->num_counted, &b->counted_cap, sizeof *counted);
    if (counted == NULL)
        return -ENOMEM;
    *counted = slot;
    b->num_counted++;
    b->unrecorded[stage][cause]++;
    b->size += COUNTED_SIZE;
    b->bound += COUNTED_BOUND;
    return 0;
}
