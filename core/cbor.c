#include "core/cbor.h"

#include <stdlib.h>

enum { FALSE_OCTET = 0xf4, TRUE_OCTET = 0xf5 };

/* ---- UTF-8 (RFC 3629): shortest form, no surrogates, nothing over U+10FFFF ---- */

/* the length of the character at at, 0 if there is none */
static size_t utf8_len(const uint8_t *at, size_t left)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (at[0] < 0x80)
        return 1;
    size_t len = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;
    if (at[0] < 0xc0 || at[0] > 0xf4 || len > left)
        return 0;
    uint32_t c = at[0] & (0x7fU >> len);
    for (size_t i = 1; i < len; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (at[i] & 0x3fU);
    }
    return c < smallest[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff) ? 0 : len;
}

static bool is_utf8(struct bytes text)
{
    for (size_t i = 0, len; i < text.len; i += len) {
        len = utf8_len(text.data + i, text.len - i);
        if (len == 0)
            return false;
    }
    return true;
}

/* ---- writing ---- */

void cbor_writer_init(struct cbor_writer *w, size_t max)
{
    *w = (struct cbor_writer){.max = max};
}

void cbor_writer_cleanup(struct cbor_writer *w)
{
    free(w->data);
    *w = (struct cbor_writer){.max = w->max};
}

void cbor_writer_reset(struct cbor_writer *w)
{
    w->len = 0;
    w->bad = false;
}

/* makes room for len more octets; false: w is bad */
static bool reserve(struct cbor_writer *w, size_t len)
{
    if (w->bad || len > w->max - w->len) {
        w->bad = true;
        return false;
    }
    if (len <= w->cap - w->len)
        return true;
    size_t cap = w->cap < 256 ? 256 : w->cap;
    while (cap < w->len + len)
        cap *= 2;
    uint8_t *grown = realloc(w->data, cap);
    if (grown == NULL) {
        w->bad = true;
        return false;
    }
    w->data = grown;
    w->cap = cap;
    return true;
}

static void put_head(struct cbor_writer *w, enum cbor_type type, uint64_t value)
{
    uint8_t head[9];
    unsigned width = value < 24 ? 0 : value <= 0xff ? 1 : value <= 0xffff ? 2
                     : value <= 0xffffffff ? 4 : 8;
    unsigned info = width == 0 ? (unsigned)value : width == 1 ? 24 : width == 2 ? 25
                    : width == 4 ? 26 : 27;
    head[0] = (uint8_t)((unsigned)type << 5 | info);
    for (unsigned i = 0; i < width; i++)
        head[1 + i] = (uint8_t)(value >> 8 * (width - 1 - i));
    cbor_put_raw(w, bytes_of(head, 1 + width));
}

void cbor_put_raw(struct cbor_writer *w, struct bytes items)
{
    if (!reserve(w, items.len) || items.len == 0)
        return;
    memcpy(w->data + w->len, items.data, items.len);
    w->len += items.len;
}

void cbor_put_uint(struct cbor_writer *w, uint64_t value)
{
    put_head(w, CBOR_UINT, value);
}

void cbor_put_int(struct cbor_writer *w, int64_t value)
{
    if (value < 0)
        put_head(w, CBOR_NEGATIVE, ~(uint64_t)value);   /* -1 - value */
    else
        put_head(w, CBOR_UINT, (uint64_t)value);
}

void cbor_put_bool(struct cbor_writer *w, bool value)
{
    put_head(w, CBOR_SIMPLE, value ? 21 : 20);
}

void cbor_put_bytes(struct cbor_writer *w, struct bytes octets)
{
    put_head(w, CBOR_BYTES, octets.len);
    cbor_put_raw(w, octets);
}

void cbor_put_text(struct cbor_writer *w, struct bytes text)
{
    if (!is_utf8(text))
        w->bad = true;
    put_head(w, CBOR_TEXT, text.len);
    cbor_put_raw(w, text);
}

void cbor_put_array(struct cbor_writer *w, uint64_t num)
{
    put_head(w, CBOR_ARRAY, num);
}

void cbor_put_map(struct cbor_writer *w, uint64_t num)
{
    put_head(w, CBOR_MAP, num);
}

uint8_t *cbor_put_space(struct cbor_writer *w, size_t len)
{
    put_head(w, CBOR_BYTES, len);
    if (!reserve(w, len))
        return NULL;
    uint8_t *space = w->data + w->len;
    w->len += len;
    return space;
}

/* ---- reading ---- */

/* takes a head of any type but the simple ones with no value; false and bad if there is none */
static bool get_head(struct cbor_reader *r, enum cbor_type *type, uint64_t *value)
{
    if (r->bad || r->at == r->end)
        goto bad;
    unsigned info = *r->at & 0x1f;
    *type = (enum cbor_type)(*r->at >> 5);
    if (info < 24) {
        *value = info;
        r->at++;
        return true;
    }
    if (info > 27)   /* reserved, or an indefinite length */
        goto bad;
    size_t width = (size_t)1 << (info - 24);
    if ((size_t)(r->end - r->at) <= width)
        goto bad;
    uint64_t v = 0;
    for (size_t i = 1; i <= width; i++)
        v = v << 8 | r->at[i];
    if (v < (width == 1 ? 24 : (uint64_t)1 << 4 * width))   /* a shorter head would have done */
        goto bad;
    *value = v;
    r->at += 1 + width;
    return true;
bad:
    r->bad = true;
    return false;
}

static uint64_t get_typed(struct cbor_reader *r, enum cbor_type want, uint64_t max)
{
    enum cbor_type type;
    uint64_t value;
    if (!get_head(r, &type, &value))
        return 0;
    if (type == want && value <= max)
        return value;
    r->bad = true;
    return 0;
}

enum cbor_type cbor_peek(const struct cbor_reader *r)
{
    return r->bad || r->at == r->end ? CBOR_SIMPLE : (enum cbor_type)(*r->at >> 5);
}

uint64_t cbor_get_long_uint(struct cbor_reader *r, uint64_t max)
{
    return get_typed(r, CBOR_UINT, max);
}

int64_t cbor_get_int(struct cbor_reader *r)
{
    if (cbor_peek(r) == CBOR_NEGATIVE) {
        int64_t less = (int64_t)get_typed(r, CBOR_NEGATIVE, INT64_MAX);
        return r->bad ? 0 : -1 - less;
    }
    return (int64_t)get_typed(r, CBOR_UINT, INT64_MAX);
}

bool cbor_get_bool(struct cbor_reader *r)
{
    if (r->bad || r->at == r->end || (*r->at != FALSE_OCTET && *r->at != TRUE_OCTET)) {
        r->bad = true;
        return false;
    }
    return *r->at++ == TRUE_OCTET;
}

static struct bytes get_string(struct cbor_reader *r, enum cbor_type type, size_t max)
{
    size_t len = (size_t)get_typed(r, type, max);
    if (len > (size_t)(r->end - r->at))
        r->bad = true;
    if (r->bad)
        return bytes_of(NULL, 0);
    r->at += len;
    return bytes_of(r->at - len, len);
}

struct bytes cbor_get_bytes(struct cbor_reader *r, size_t max)
{
    return get_string(r, CBOR_BYTES, max);
}

struct bytes cbor_get_text(struct cbor_reader *r, size_t max)
{
    struct bytes text = get_string(r, CBOR_TEXT, max);
    if (is_utf8(text))
        return text;
    r->bad = true;
    return bytes_of(NULL, 0);
}

void cbor_get_exactly(struct cbor_reader *r, uint8_t *out, size_t len)
{
    struct bytes octets = cbor_get_bytes(r, len);
    if (octets.len == len && !r->bad)
        memcpy(out, octets.data, len);
    else
        r->bad = true;
}

size_t cbor_get_array(struct cbor_reader *r, size_t max)
{
    size_t num = (size_t)get_typed(r, CBOR_ARRAY, max);
    if (num > (size_t)(r->end - r->at))
        r->bad = true;
    return r->bad ? 0 : num;
}

struct cbor_map cbor_get_map(struct cbor_reader *r)
{
    size_t num = (size_t)get_typed(r, CBOR_MAP, SIZE_MAX);
    if (num > (size_t)(r->end - r->at) / 2)
        r->bad = true;
    return (struct cbor_map){r->bad ? 0 : num, 0};
}

/* ---- passing over what is not known ---- */

/* orders the encodings of two keys (RFC 8949, 4.2.1) */
static bool ascend(struct bytes a, struct bytes b)
{
    int order = memcmp(a.data, b.data, a.len < b.len ? a.len : b.len);
    return order < 0 || (order == 0 && a.len < b.len);
}

static void skip(struct cbor_reader *r, unsigned depth);

static void skip_map(struct cbor_reader *r, uint64_t num, unsigned depth)
{
    struct bytes last = {NULL, 0};
    for (uint64_t i = 0; i < num && !r->bad; i++) {
        const uint8_t *start = r->at;
        skip(r, depth);
        struct bytes key = bytes_of(start, (size_t)(r->at - start));
        if (last.len > 0 && !ascend(last, key))
            r->bad = true;
        last = key;
        skip(r, depth);
    }
}

/* float and double keep their width here: that they are shortest is not checked */
static void skip_simple(struct cbor_reader *r)
{
    static const uint8_t width_of[] = {[25] = 2, [26] = 4, [27] = 8};
    unsigned info = *r->at & 0x1f;
    size_t len = 1U + (info >= 25 && info <= 27 ? width_of[info] : 0);
    if ((info >= 20 && info <= 23) || (len > 1 && len <= (size_t)(r->end - r->at)))
        r->at += len;
    else
        r->bad = true;
}

static void skip(struct cbor_reader *r, unsigned depth)
{
    enum cbor_type type;
    uint64_t value;
    if (r->bad || r->at == r->end || depth > CBOR_DEPTH_MAX) {
        r->bad = true;
        return;
    }
    if (cbor_peek(r) == CBOR_SIMPLE) {
        skip_simple(r);
        return;
    }
    const struct cbor_reader here = *r;
    if (!get_head(r, &type, &value))
        return;
    switch (type) {
    case CBOR_UINT:
    case CBOR_NEGATIVE: break;
    case CBOR_BYTES:
    case CBOR_TEXT:
        *r = here;
        if (type == CBOR_TEXT)
            cbor_get_text(r, SIZE_MAX);
        else
            cbor_get_bytes(r, SIZE_MAX);
        break;
    case CBOR_ARRAY:
        for (uint64_t i = 0; i < value && !r->bad; i++)
            skip(r, depth + 1);
        break;
    case CBOR_MAP:    skip_map(r, value, depth + 1); break;
    case CBOR_TAG:    skip(r, depth + 1); break;
    case CBOR_SIMPLE: break;   /* taken above */
    }
}

void cbor_skip(struct cbor_reader *r)
{
    skip(r, 0);
}
