/* fuzz_header: a header that is taken has targets, or is streamed, and is written again as the same octets unless
 * it held keys of a newer version. */
#include "core/dataset_private.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char err[DATASET_ERR_MAX] = "";
    struct header_store *st, *again;
    if (header_decode(&st, bytes_of(data, len), err) != 0) {
        if (err[0] == '\0')
            abort();
        return 0;
    }
    const struct dataset_header *h = header_of(st);
    uint16_t port = h->space->ports[0];
    if (!h->streamed)
        port = target_space_at(h->space, dataset_num_positions(h) - 1).port;
    struct cbor_writer w;
    cbor_writer_init(&w, DATASET_ITEM_MAX);
    if (port == 0 || h->shard >= h->num_shards || header_encode(&w, h) != 0 || w.len > len)
        abort();
    if (header_decode(&again, bytes_of(w.data, w.len), err) != 0)
        abort();
    header_free(again);
    cbor_writer_cleanup(&w);
    header_free(st);
    return 0;
}
