/*
 * cbor: bounded cursors over deterministic CBOR (RFC 8949, 4.2.1), and the writer beside them.
 *
 * Promise    the writer writes shortest heads and definite lengths only; map keys are the caller's
 *            to give in order. The reader accepts nothing else: a head longer than need be, an
 *            indefinite length, keys that do not ascend, text that is no UTF-8, a count with fewer
 *            octets left than items, nesting over CBOR_DEPTH_MAX, are errors.
 * Ownership  cbor_writer: the caller's storage, cbor_writer_cleanup frees its buffer. cbor_reader:
 *            a plain view of octets that outlive it; so are the bytes that it returns.
 * Errors     sticky: after the first, `bad` is set, readers return 0 or nothing and do not move,
 *            writers write no more. Test it once, at the end (or where a count is about to be
 *            used).
 */
#ifndef MXSWEEP_CORE_CBOR_H
#define MXSWEEP_CORE_CBOR_H

#include "core/bytes.h"

enum { CBOR_DEPTH_MAX = 8 };   /* arrays and maps inside each other, in cbor_skip */

/* the three upper bits of an item's first octet */
enum cbor_type {
    CBOR_UINT,
    CBOR_NEGATIVE,
    CBOR_BYTES,
    CBOR_TEXT,
    CBOR_ARRAY,
    CBOR_MAP,
    CBOR_TAG,
    CBOR_SIMPLE
};

/* ---- writing ---- */

struct cbor_writer {
    uint8_t *data;
    size_t len, cap;
    size_t max;   /* octets, at most */
    bool bad;     /* over max, no memory, or text that is no UTF-8 */
};

void cbor_writer_init(struct cbor_writer *w, size_t max);
void cbor_writer_cleanup(struct cbor_writer *w);
void cbor_writer_reset(struct cbor_writer *w);   /* empties, keeps the memory */

void cbor_put_uint(struct cbor_writer *w, uint64_t value);
void cbor_put_int(struct cbor_writer *w, int64_t value);
void cbor_put_bool(struct cbor_writer *w, bool value);
void cbor_put_bytes(struct cbor_writer *w, struct bytes octets);
void cbor_put_text(struct cbor_writer *w, struct bytes text);
void cbor_put_array(struct cbor_writer *w, uint64_t num);   /* num items follow */
void cbor_put_map(struct cbor_writer *w, uint64_t num);     /* num keys and values follow */

/* cbor_put_raw writes octets that are whole items already. */
void cbor_put_raw(struct cbor_writer *w, struct bytes items);

/* cbor_put_space begins a byte string of len octets and returns where they go, NULL if that is too
 * much. */
uint8_t *cbor_put_space(struct cbor_writer *w, size_t len);

/* ---- reading ---- */

struct cbor_reader {
    const uint8_t *at, *end;
    bool bad;
};

static inline struct cbor_reader cbor_reader_of(struct bytes items)
{
    const uint8_t *end = items.len > 0 ? items.data + items.len : items.data;
    return (struct cbor_reader){items.data, end, false};
}

/* cbor_fail makes r bad, for a value that the caller cannot take. */
static inline void cbor_fail(struct cbor_reader *r)
{
    r->bad = true;
}

/* cbor_at_end tells whether r took every octet without an error. */
static inline bool cbor_at_end(const struct cbor_reader *r)
{
    return !r->bad && r->at == r->end;
}

/* cbor_peek returns the type of the next item; CBOR_SIMPLE at the end. */
enum cbor_type cbor_peek(const struct cbor_reader *r);

uint64_t cbor_get_long_uint(struct cbor_reader *r, uint64_t max);   /* the same of any length */

/* over max is an error */
static inline uint64_t cbor_get_uint(struct cbor_reader *r, uint64_t max)
{
    if (!r->bad && r->at < r->end && *r->at < 24 && *r->at <= max)   /* most of them */
        return *r->at++;
    return cbor_get_long_uint(r, max);
}
int64_t cbor_get_int(struct cbor_reader *r);
bool cbor_get_bool(struct cbor_reader *r);
struct bytes cbor_get_bytes(struct cbor_reader *r, size_t max);   /* longer than max is an error */
struct bytes cbor_get_text(struct cbor_reader *r, size_t max);

/* cbor_get_exactly takes a byte string of exactly len octets into out. */
void cbor_get_exactly(struct cbor_reader *r, uint8_t *out, size_t len);

/* cbor_get_array takes the head of an array and returns how many items follow: at most max, and no
 * more than there are octets left. */
size_t cbor_get_array(struct cbor_reader *r, size_t max);

/* a map whose keys are unsigned integers, as all of ours are */
struct cbor_map {
    size_t left;
    uint64_t next;   /* the smallest key that may follow */
};

struct cbor_map cbor_get_map(struct cbor_reader *r);

/* cbor_map_next takes the next key; false at the end of the map or if r is bad. The value is the
 * caller's to take, or to cbor_skip. */
static inline bool cbor_map_next(struct cbor_reader *r, struct cbor_map *map, uint64_t *key)
{
    if (map->left == 0 || r->bad)
        return false;
    uint64_t k = cbor_get_uint(r, UINT64_MAX - 1);
    if (r->bad || k < map->next) {
        r->bad = true;
        return false;
    }
    map->left--;
    map->next = k + 1;
    *key = k;
    return true;
}

/* cbor_skip passes over one item of any type, checking it all the same. */
void cbor_skip(struct cbor_reader *r);

#endif
