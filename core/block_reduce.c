#include "core/block_reduce.h"

#include <errno.h>

#include "core/block_private.h"

enum { KEYS_MAX = 64 };

/* a key of the block and its value, as it lies there */
struct part {
    uint64_t key;
    struct bytes value;
};

struct bytes block_reduced(const struct block *b)
{
    return b->reduced;
}

struct bytes block_verdicts(const struct block *b)
{
    return b->verdicts;
}

/* takes the block apart; how many keys it has, but for those that are written anew */
static size_t take_apart(struct part parts[KEYS_MAX], struct cbor_reader *r, struct cbor_map *map)
{
    size_t num = 0;
    for (uint64_t key; cbor_map_next(r, map, &key);) {
        const uint8_t *start = r->at;
        cbor_skip(r);
        if (key == BLOCK_REDUCED || key == BLOCK_VERDICTS)
            continue;
        if (num == KEYS_MAX) {
            cbor_fail(r);
            break;
        }
        parts[num++] = (struct part){key, bytes_of(start, (size_t)(r->at - start))};
    }
    if (!cbor_at_end(r))
        cbor_fail(r);
    return num;
}

/* writes the certificates that are kept to kept; how many there are */
static size_t keep_certs(struct cbor_writer *kept, struct cbor_reader *r, const bool *keep)
{
    size_t num = cbor_get_array(r, DATASET_BLOCK_ROWS_MAX), num_kept = 0;
    for (size_t i = 0; i < num && !r->bad; i++) {
        const uint8_t *start = r->at;
        cbor_skip(r);
        if (!keep[i])
            continue;
        cbor_put_raw(kept, bytes_of(start, (size_t)(r->at - start)));
        num_kept++;
    }
    return num_kept;
}

static void put_extra(struct cbor_writer *w, uint64_t key, struct bytes octets)
{
    if (octets.len == 0)
        return;
    cbor_put_uint(w, key);
    cbor_put_bytes(w, octets);
}

static void put_parts(struct cbor_writer *w, const struct part *parts, size_t num,
                      const struct cbor_writer *kept, size_t num_kept)
{
    for (size_t i = 0; i < num; i++) {
        if (parts[i].key == BLOCK_CERTS && num_kept == 0)
            continue;
        cbor_put_uint(w, parts[i].key);
        if (parts[i].key == BLOCK_CERTS) {
            cbor_put_array(w, num_kept);
            cbor_put_raw(w, bytes_of(kept->data, kept->len));
        } else {
            cbor_put_raw(w, parts[i].value);
        }
    }
}

int block_reduce(struct cbor_writer *w, struct bytes item, const bool *keep, struct bytes reduced,
                 struct bytes verdicts)
{
    struct cbor_reader r = cbor_reader_of(item);
    struct part parts[KEYS_MAX];
    struct cbor_writer kept;
    enum dataset_kind kind;
    const uint8_t *previous;
    size_t num_kept = 0, before = 0, has_certs = 0;
    struct cbor_map map = item_open(&r, &kind, &previous);
    size_t num = take_apart(parts, &r, &map);
    if (r.bad || kind != DATASET_BLOCK)
        return -EBADMSG;
    cbor_writer_init(&kept, DATASET_ITEM_MAX);
    for (size_t i = 0; i < num; i++) {
        before += parts[i].key < BLOCK_REDUCED;
        if (parts[i].key != BLOCK_CERTS)
            continue;
        struct cbor_reader certs = cbor_reader_of(parts[i].value);
        num_kept = keep_certs(&kept, &certs, keep);
        has_certs = 1;
    }
    size_t num_more =
        num - (has_certs > 0 && num_kept == 0) + (reduced.len > 0) + (verdicts.len > 0);
    item_begin(w, DATASET_BLOCK, previous, num_more);
    put_parts(w, parts, before, &kept, num_kept);
    put_extra(w, BLOCK_REDUCED, reduced);
    put_extra(w, BLOCK_VERDICTS, verdicts);
    put_parts(w, parts + before, num - before, &kept, num_kept);
    int rc = w->bad || kept.bad ? -ENOMEM : 0;
    cbor_writer_cleanup(&kept);
    return rc;
}
