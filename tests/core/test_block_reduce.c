/* a reduced block is the block, less the certificates that are not kept */
#include "core/block_reduce.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/core/golden.h"

enum { CERTS_MAX = 64 };

static const char *const goldens[] = {TEST_DATA "/golden-1.mxs.zst", TEST_DATA "/golden-2.mxs.zst",
                                      TEST_DATA "/golden-2-stream.mxs.zst",
                                      TEST_DATA "/golden-3.mxs.zst"};

static struct bytes extra(const char *text)
{
    return bytes_text(text);
}

/* what is the same whatever was done to certificates */
static void assert_alike(const struct block *a, const struct block *b)
{
    assert_int_equal(block_num_records(a), block_num_records(b));
    assert_int_equal(block_num_texts(a), block_num_texts(b));
    assert_int_equal(block_num_chains(a), block_num_chains(b));
    for (size_t i = 0; i < block_num_texts(a); i++)
        assert_true(bytes_equal(block_text(a, i), block_text(b, i)));
    for (size_t i = 0; i < block_num_records(a); i++) {
        struct record x, y;
        block_record(a, &x, i);
        block_record(b, &y, i);
        assert_int_equal(x.position, y.position);
        assert_int_equal(x.start_us, y.start_us);
        assert_int_equal(x.chain_id, y.chain_id);
        assert_memory_equal(x.timing_us, y.timing_us, sizeof x.timing_us);
        assert_memory_equal(x.text_id, y.text_id, sizeof x.text_id);
    }
}

static void assert_certs(const struct block *whole, const struct block *reduced, const bool *keep)
{
    size_t at = 0;
    for (size_t i = 0; i < block_num_certs(whole); i++) {
        uint8_t want[32], got[32];
        if (!keep[i])
            continue;
        struct bytes der = block_cert(whole, i, want);
        assert_true(at < block_num_certs(reduced));
        assert_true(bytes_equal(der, block_cert(reduced, at, got)));
        assert_memory_equal(want, got, 32);
        assert_true(block_cert_holds(reduced, at++));
    }
    assert_int_equal(at, block_num_certs(reduced));
}

static void check(struct bytes item, const struct dataset_header *header, const bool *keep,
                  const char *reduced, const char *verdicts)
{
    char err[DATASET_ERR_MAX] = "";
    struct cbor_writer w;
    struct block *before = block_new(header), *after = block_new(header);
    assert_non_null(before);
    assert_non_null(after);
    cbor_writer_init(&w, DATASET_ITEM_MAX);
    assert_int_equal(block_decode(before, item, err), 0);
    assert_int_equal(block_reduce(&w, item, keep, extra(reduced), extra(verdicts)), 0);
    assert_int_equal(block_decode_view(after, bytes_of(w.data, w.len), err), 0);
    assert_alike(before, after);
    assert_certs(before, after, keep);
    assert_true(bytes_equal(block_reduced(after), extra(reduced)));
    assert_true(bytes_equal(block_verdicts(after), extra(verdicts)));
    assert_int_equal(block_reduced(before).len, 0);
    block_free(before);
    block_free(after);
    cbor_writer_cleanup(&w);
}

static void test_goldens(void **state)
{
    (void)state;
    size_t num_blocks = 0;
    for (size_t i = 0; i < sizeof goldens / sizeof goldens[0]; i++) {
        char err[DATASET_ERR_MAX];
        struct dataset_reader *r;
        struct dataset_item item;
        assert_int_equal(dataset_open(&r, err, goldens[i]), 0);
        while (dataset_next(r, &item, err) == 1) {
            if (item.kind != DATASET_BLOCK)
                continue;
            num_blocks++;
            for (unsigned nth = 1; nth <= 4; nth++) { /* 4: none is kept */
                bool keep[CERTS_MAX];
                for (size_t k = 0; k < CERTS_MAX; k++)
                    keep[k] = nth < 4 && k % nth == 0;
                check(item.payload, dataset_reader_header(r), keep, "", "");
                check(item.payload, dataset_reader_header(r), keep, "one", "");
                check(item.payload, dataset_reader_header(r), keep, "one", "two");
            }
        }
        dataset_close(r);
    }
    assert_true(num_blocks > 4);
}

/* an item that is cut off anywhere, or is no block, is refused */
static void test_malformed(void **state)
{
    (void)state;
    char err[DATASET_ERR_MAX];
    bool keep[CERTS_MAX] = {true};
    struct dataset_reader *r;
    struct dataset_item item;
    struct cbor_writer w;
    cbor_writer_init(&w, DATASET_ITEM_MAX);
    assert_int_equal(dataset_open(&r, err, goldens[1]), 0);
    while (dataset_next(r, &item, err) == 1) {
        cbor_writer_reset(&w);
        if (item.kind != DATASET_BLOCK) {
            assert_int_equal(block_reduce(&w, item.payload, keep, extra(""), extra("")), -EBADMSG);
            continue;
        }
        for (size_t cut = 0; cut < item.payload.len; cut++) {
            uint8_t *part = malloc(cut > 0 ? cut : 1); /* so that reading on is seen */
            assert_non_null(part);
            memcpy(part, item.payload.data, cut);
            cbor_writer_reset(&w);
            assert_int_equal(block_reduce(&w, bytes_of(part, cut), keep, extra(""), extra("")),
                             -EBADMSG);
            free(part);
        }
    }
    dataset_close(r);
    cbor_writer_cleanup(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_goldens),
        cmocka_unit_test(test_malformed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
