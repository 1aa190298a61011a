/* fuzz_partial: what a partial says in place of certificates (first octet 0) and of chains (1), and a
 * block that is to be reduced (2), of which every third certificate is kept. */
#include <stdlib.h>

#include "tools/partial.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(bool good)
{
    if (!good)
        abort();
}

static void read_certs(struct bytes in)
{
    struct cbor_reader r = cbor_reader_of(in);
    struct reduced_cert cert;
    struct cert_facts facts;
    int rc;
    while ((rc = reduced_cert_next(&r, &cert)) == 1) {
        require(cert.der.len <= in.len);
        reduced_cert_facts(&facts, &cert);
        require(memcmp(facts.sha256, cert.sha256, 32) == 0);
    }
    require((rc == 0) == cbor_at_end(&r));
}

static void read_verdicts(struct bytes in)
{
    struct cbor_reader r = cbor_reader_of(in);
    struct partial_verdict v;
    int rc;
    while ((rc = partial_verdict_next(&r, &v, 7)) == 1) {
        require(v.chain < 7 && v.num > 0 && v.num <= PARTIAL_SPANS_MAX);
        require(v.spans[v.num - 1].until_s == INT64_MAX);
    }
    require((rc == 0) == cbor_at_end(&r));
}

static void keep_every(bool *keep, size_t nth)
{
    for (size_t i = 0; i < DATASET_BLOCK_ROWS_MAX; i++)
        keep[i] = i % nth == 0;
}

static void reduce(struct bytes item)
{
    static bool keep[DATASET_BLOCK_ROWS_MAX];
    static const uint8_t extra[] = {0x83, 0x00};
    struct cbor_writer w, again;
    struct bytes two = bytes_of(extra, sizeof extra), none = {NULL, 0};
    keep_every(keep, 3);
    cbor_writer_init(&w, DATASET_ITEM_MAX);
    cbor_writer_init(&again, DATASET_ITEM_MAX);
    if (block_reduce(&w, item, keep, two, none) == 0) {
        /* what is reduced can be reduced again, to the same if all is kept */
        keep_every(keep, 1);
        require(block_reduce(&again, bytes_of(w.data, w.len), keep, two, none) == 0);
        require(bytes_equal(bytes_of(w.data, w.len), bytes_of(again.data, again.len)));
    }
    cbor_writer_cleanup(&w);
    cbor_writer_cleanup(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len == 0)
        return 0;
    struct bytes in = bytes_of(data + 1, len - 1);
    if (data[0] % 3 == 0)
        read_certs(in);
    else if (data[0] % 3 == 1)
        read_verdicts(in);
    else
        reduce(in);
    return 0;
}
