/* fuzz_cbor: the input as one item that is skipped, and as a map whose values are taken by their
 * types. What was skipped without an error is deterministic: writing its head values again gives
 * the same octets. */
#include "core/cbor.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void take(struct cbor_reader *r)
{
    const struct cbor_reader before = *r;
    struct bytes b;
    switch (cbor_peek(r)) {
    case CBOR_UINT:     cbor_get_uint(r, UINT64_MAX); break;
    case CBOR_NEGATIVE: cbor_get_int(r); break;
    case CBOR_BYTES:
        b = cbor_get_bytes(r, 1 << 16);
        if (!r->bad && (b.data < before.at || b.data + b.len > before.end))
            abort();
        break;
    case CBOR_TEXT:     cbor_get_text(r, 1 << 16); break;
    case CBOR_ARRAY:
        for (size_t n = cbor_get_array(r, 1 << 16); n > 0 && !r->bad; n--)
            cbor_skip(r);
        break;
    case CBOR_MAP:
    case CBOR_TAG:
    case CBOR_SIMPLE:   cbor_skip(r); break;
    }
    if (r->at < before.at || r->at > r->end)
        abort();
}

/* unsigned numbers have one form only */
static void check_uint(const uint8_t *data, size_t len)
{
    struct cbor_reader r = cbor_reader_of(bytes_of(data, len));
    uint64_t value = cbor_get_uint(&r, UINT64_MAX);
    if (r.bad)
        return;
    struct cbor_writer w;
    cbor_writer_init(&w, 16);
    cbor_put_uint(&w, value);
    if (!bytes_equal(bytes_of(w.data, w.len), bytes_of(data, (size_t)(r.at - data))))
        abort();
    cbor_writer_cleanup(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct cbor_reader r = cbor_reader_of(bytes_of(data, len));
    cbor_skip(&r);
    r = cbor_reader_of(bytes_of(data, len));
    struct cbor_map map = cbor_get_map(&r);
    for (uint64_t key; cbor_map_next(&r, &map, &key);)
        take(&r);
    check_uint(data, len);
    return 0;
}
