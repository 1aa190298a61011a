#include "core/block_private.h"

#include <errno.h>
#include <openssl/sha.h>
#include <stdlib.h>

enum {
    WRITTEN_CERTS = 1 << 16,
    /* octets of a part when encoded: about, and at most (its share of runs and columns included) */
    ROW_SIZE = 50, ROW_BOUND = 232,
    ATTEMPT_SIZE = 8, ATTEMPT_BOUND = 24,
    CONNECT_SIZE = 8, CONNECT_BOUND = 60,
    COUNTED_SIZE = 2, COUNTED_BOUND = 24,
    SHAPE_BOUND = 288, TEXT_HEAD = 5, CHAIN_HEAD = 8, HASH_SIZE = HASH_LEN + 2,
    CERT_HEAD = 1 + HASH_SIZE + 5,
    REST_BOUND = 8192,      /* everything that is there once */
    BOUND_MAX = DATASET_ITEM_MAX - REST_BOUND
};

int block_builder_init(struct block_builder *b, const struct dataset_header *h,
                       const struct target_space *space)
{
    uint64_t key[2];
    memcpy(key, h->id, sizeof key);
    *b = (struct block_builder){.shard = shard_space_of(h),
                                .num_sources = h->num_sources > 0 ? h->num_sources : 1};
    due_init(&b->due, h, space);
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
    free(b->skipped);
    free(b->attempts);
}

void block_builder_reset(struct block_builder *b)
{
    intern_reset(&b->texts);
    intern_reset(&b->chains);
    intern_reset(&b->shapes);
    cbor_writer_reset(&b->certs.items);
    b->certs.num = 0;
    b->num_rows = b->num_connects = b->num_counted = b->num_skipped = 0;
    b->num_attempts = b->num_groups = 0;
    b->consumed.is_new = false;
    memset(b->unrecorded, 0, sizeof b->unrecorded);
    b->size = b->bound = b->strings = 0;
}

/* ---- checks and limits ---- */

/* only what a session that never got a connection can have; its target follows from the position,
 * or, streamed, from four octets */
static bool fits_columns(const struct block_builder *b, const struct record *r)
{
    if (r->stage != STAGE_CONNECT || r->num_chain > 0 || r->num_attempts > 0 ||
        r->tls_in > 0 || r->tls_out > 0)
        return false;
    if (b->due.streamed && (!addr_is_v4(r->addr) || r->host.len > 0 || r->tag.len > 0))
        return false;
    if (b->due.has_names && due_at(&b->due, r->position).named)
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

static bool attempts_valid(const struct record *r)
{
    if (r->num_attempts > RECORD_ATTEMPTS_MAX)
        return false;
    for (size_t i = 0; i < r->num_attempts; i++)
        if (!outcome_valid(r->attempts[i].stage, r->attempts[i].cause) ||
            r->attempts[i].start_us > r->start_us)
            return false;
    return true;
}

static bool tls_valid(const struct record *r)
{
    uint32_t hello_us = r->timing_us[TIMING_SERVER_HELLO];
    if (hello_us != TIMING_ABSENT && hello_us > r->timing_us[TIMING_HANDSHAKE])
        return false;
    return r->num_alerts <= RECORD_ALERTS_MAX && r->num_chain <= RECORD_CHAIN_MAX &&
           r->num_server_exts <= RECORD_EXTS_MAX && (r->tls_flags & ~r->tls_known) == 0;
}

/* whether a reader will take the record: it is our own bug if not */
static bool record_valid(const struct block_builder *b, const struct target *t,
                         const struct record *r)
{
    return outcome_valid(r->stage, r->cause) && r->start_us <= START_MAX && r->errnum >= 0 &&
           tls_valid(r) && r->source < b->num_sources && attempts_valid(r) &&
           r->host.len <= TARGET_HOST_MAX && r->tag.len <= TARGET_TAG_MAX &&
           due_holds(&b->due, t, r->port, record_has_addr(r) ? &r->addr : NULL, r->cause,
                     r->host.len > 0);
}

static bool same_addr(const struct record *a, const struct record *b)
{
    return record_has_addr(a) == record_has_addr(b) &&
           (!record_has_addr(a) || addr_cmp(a->addr, b->addr) == 0);
}

/* whether several records may have one position: those of a host name, one for each address */
static bool group_valid(const struct block_builder *b, const struct target *t,
                        const struct record *const *records, size_t num)
{
    const struct record *first = records[0];
    if (num > 1 && !(b->due.streamed ? first->host.len > 0 : t->named))
        return false;
    for (size_t i = 1; i < num; i++) {
        if (records[i]->position != first->position ||
            (b->due.streamed && (!bytes_equal(records[i]->host, first->host) ||
                                 !bytes_equal(records[i]->tag, first->tag))))
            return false;
        for (size_t k = 0; k < i; k++)
            if (same_addr(records[i], records[k]))
                return false;
    }
    return true;
}

static size_t bound_of(const struct record *r, const struct bytes *ders)
{
    size_t bound = ROW_BOUND + SHAPE_BOUND + CHAIN_HEAD + r->num_attempts * (size_t)ATTEMPT_BOUND +
                   2 * TEXT_HEAD + r->host.len + r->tag.len;
    for (size_t i = 0; i < NUM_TEXTS; i++)
        bound += r->text[i].len > 0 ? TEXT_HEAD + r->text[i].len : 0;
    for (size_t i = 0; i < r->num_chain; i++)
        bound += HASH_SIZE + (ders != NULL ? CERT_HEAD + ders[i].len : 0);
    return bound;
}

static size_t num_parts(const struct block_builder *b)
{
    return b->num_rows + b->num_connects + b->num_counted + b->num_skipped;
}

bool block_builder_has_positions(const struct block_builder *b)
{
    return num_parts(b) > 0;
}

/* for num parts more that take bound octets together */
static bool has_room(const struct block_builder *b, size_t bound, size_t num)
{
    return bound <= BOUND_MAX - b->bound && num_parts(b) + num <= DATASET_BLOCK_ROWS_MAX &&
           b->texts.num + num * (NUM_TEXTS + 2) <= DATASET_BLOCK_ROWS_MAX &&
           b->certs.num + num * RECORD_CHAIN_MAX <= DATASET_BLOCK_ROWS_MAX;
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

/* where the table has a certificate, or would have it */
static uint8_t *written_of(const struct block_builder *b, const uint8_t *hash)
{
    return b->certs.written[(size_t)hash[0] << 8 | hash[1]];
}

static int put_cert(struct block_builder *b, const uint8_t *hash, struct bytes der)
{
    size_t before = b->certs.items.len;
    cbor_put_array(&b->certs.items, 2);
    cbor_put_bytes(&b->certs.items, bytes_of(hash, HASH_LEN));
    cbor_put_bytes(&b->certs.items, der);
    if (b->certs.items.bad) {
        b->certs.items.len = before;
        b->certs.items.bad = false;
        return -ENOMEM;
    }
    memcpy(written_of(b, hash), hash, HASH_LEN);
    b->certs.num++;
    b->num_certs_written++;
    b->size += b->certs.items.len - before;
    b->bound += CERT_HEAD + der.len;
    return 0;
}

static int add_certs(struct block_builder *b, const struct record *r, const struct bytes *ders)
{
    for (size_t i = 0; ders != NULL && i < r->num_chain; i++) {
        const uint8_t *hash = r->chain[i];
        uint8_t sha256[HASH_LEN];
        if (memcmp(written_of(b, hash), hash, HASH_LEN) == 0)
            continue;
        SHA256(ders[i].data, ders[i].len, sha256);
        int rc = memcmp(sha256, hash, HASH_LEN) == 0 ? put_cert(b, hash, ders[i]) : -EINVAL;
        if (rc != 0)
            return rc;
    }
    return 0;
}

int block_builder_add_cert(struct block_builder *b, struct bytes der)
{
    uint8_t sha256[HASH_LEN];
    size_t bound = CERT_HEAD + der.len;
    SHA256(der.data, der.len, sha256);
    if (memcmp(written_of(b, sha256), sha256, HASH_LEN) == 0)
        return 0;
    if (der.len > BOUND_MAX - CERT_HEAD)
        return -E2BIG;
    return has_room(b, bound, 1) ? put_cert(b, sha256, der) : -ENOBUFS;
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
        b->strings += octets.len + head;
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

/* a text, or NONE_ID for one that is empty */
static int add_text(struct block_builder *b, uint32_t *id, struct bytes text)
{
    *id = NONE_ID;
    return text.len > 0 ? add_string(b, &b->texts, id, text, TEXT_HEAD) : 0;
}

static int add_attempts(struct block_builder *b, struct block_row *row, const struct record *r)
{
    row->attempts = (uint32_t)b->num_attempts;
    row->num_attempts = r->num_attempts;
    for (size_t i = 0; i < r->num_attempts; i++) {
        struct attempt *a = next_of(&b->attempts, b->num_attempts, &b->attempts_cap, sizeof *a);
        if (a == NULL)
            return -ENOMEM;
        *a = r->attempts[i];
        b->num_attempts++;
    }
    return 0;
}

static int add_row(struct block_builder *b, uint64_t slot, const struct record *r)
{
    struct block_row *row = next_of(&b->rows, b->num_rows, &b->rows_cap, sizeof *row);
    if (row == NULL)
        return -ENOMEM;
    row->host = row->tag = NONE_ID;
    int rc = add_chain(b, &row->chain, r);
    if (rc == 0)
        rc = add_shape(b, &row->shape, r);
    if (rc == 0)
        rc = add_attempts(b, row, r);
    for (size_t i = 0; i < NUM_TEXTS && rc == 0; i++)
        rc = add_text(b, &row->text[i], r->text[i]);
    if (rc == 0 && b->due.streamed)
        rc = add_text(b, &row->host, r->host);
    if (rc == 0 && b->due.streamed)
        rc = add_text(b, &row->tag, r->tag);
    if (rc != 0)
        return rc;
    row->slot = slot;
    row->start_us = r->start_us;
    row->has_addr = record_has_addr(r);
    if (row->has_addr)
        row->addr = r->addr;
    row->port = r->port;
    row->tls_in = r->tls_in;
    row->tls_out = r->tls_out;
    row->group = b->num_groups;
    memcpy(row->timing_us, r->timing_us, sizeof row->timing_us);
    b->num_rows++;
    b->size += ROW_SIZE + r->num_attempts * (size_t)ATTEMPT_SIZE;
    b->bound += ROW_BOUND + r->num_attempts * (size_t)ATTEMPT_BOUND;
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
    c->v4 = (uint32_t)r->addr.lo;
    b->num_connects++;
    b->size += CONNECT_SIZE + (b->due.streamed ? 4U : 0U);
    b->bound += CONNECT_BOUND;
    return 0;
}

/* how much there was, to go back to */
struct mark {
    size_t num_rows, num_connects, num_attempts, size, bound, strings, certs_len, num_certs;
    uint64_t num_certs_written;
};

static struct mark mark_of(const struct block_builder *b)
{
    return (struct mark){
        .num_rows = b->num_rows, .num_connects = b->num_connects,
        .num_attempts = b->num_attempts, .size = b->size, .bound = b->bound, .strings = b->strings,
        .certs_len = b->certs.items.len, .num_certs = b->certs.num,
        .num_certs_written = b->num_certs_written,
    };
}

/* takes back what was added since, but for strings in tables: nobody names them, and their octets
 * stay counted */
static void go_back(struct block_builder *b, const struct mark *m,
                    const struct record *const *records, size_t num)
{
    size_t strings = b->strings - m->strings;
    b->num_rows = m->num_rows;
    b->num_connects = m->num_connects;
    b->num_attempts = m->num_attempts;
    b->certs.items.len = m->certs_len;
    b->certs.num = m->num_certs;
    b->num_certs_written = m->num_certs_written;
    b->size = m->size + strings;
    b->bound = m->bound + strings;
    for (size_t i = 0; i < num; i++)     /* written again, if need be */
        for (size_t k = 0; k < records[i]->num_chain; k++) {
            uint8_t *written = written_of(b, records[i]->chain[k]);
            memset(written, 0, HASH_LEN);
        }
}

static int add_records(struct block_builder *b, uint64_t slot,
                       const struct record *const *records, const struct bytes *const *ders,
                       size_t num)
{
    int rc = 0;
    for (size_t i = 0; i < num && rc == 0; i++)
        rc = add_certs(b, records[i], ders[i]);
    for (size_t i = 0; i < num && rc == 0; i++)
        rc = fits_columns(b, records[i]) ? add_connect(b, slot, records[i])
                                         : add_row(b, slot, records[i]);
    return rc;
}

int block_builder_add(struct block_builder *b, const struct record *const *records,
                      const struct bytes *const *ders, size_t num)
{
    uint64_t slot;
    size_t bound = 0;
    if (num == 0 || num > RECORD_NAME_ADDRS_MAX ||
        !shard_slot(&b->shard, &slot, records[0]->position))
        return -EINVAL;
    struct target t = due_at(&b->due, records[0]->position);
    if (!group_valid(b, &t, records, num))
        return -EINVAL;
    for (size_t i = 0; i < num; i++) {
        if (!record_valid(b, &t, records[i]))
            return -EINVAL;
        bound += bound_of(records[i], ders[i]);
    }
    if (bound > BOUND_MAX)
        return -E2BIG;
    if (!has_room(b, bound, num))
        return -ENOBUFS;
    const struct mark before = mark_of(b);
    int rc = add_records(b, slot, records, ders, num);
    if (rc != 0)
        go_back(b, &before, records, num);
    else
        b->num_groups++;
    return rc;
}

int block_builder_count(struct block_builder *b, uint64_t position, enum stage stage,
                        enum cause cause)
{
    uint64_t slot;
    if (!shard_slot(&b->shard, &slot, position) || !outcome_valid(stage, cause))
        return -EINVAL;
    if (!has_room(b, COUNTED_BOUND, 1))
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

int block_builder_skip(struct block_builder *b, uint64_t position)
{
    uint64_t slot;
    if (!b->due.streamed || !shard_slot(&b->shard, &slot, position))
        return -EINVAL;
    struct slot_run *last = b->num_skipped > 0 ? &b->skipped[b->num_skipped - 1] : NULL;
    if (last != NULL && last->first + last->count == slot) {
        last->count++;
        return 0;
    }
    if (!has_room(b, COUNTED_BOUND, 1))
        return -ENOBUFS;
    struct slot_run *run = next_of(&b->skipped, b->num_skipped, &b->skipped_cap, sizeof *run);
    if (run == NULL)
        return -ENOMEM;
    *run = (struct slot_run){slot, 1};
    b->num_skipped++;
    b->size += COUNTED_SIZE;
    b->bound += COUNTED_BOUND;
    return 0;
}
