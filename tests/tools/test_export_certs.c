/* export_certs, export_keys, hash_index, spool: certificates and keys that are had back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/tools/synth.h"
#include "tools/cert_json.h"
#include "tools/export_certs.h"
#include "tools/export_keys.h"
#include "tools/walk.h"

#define LENGTH(a) (sizeof(a) / sizeof(a)[0])
#define PATH      "test_export_certs.mxs.zst"

/* ---- hash_index ---- */

static void hash_of(uint8_t out[32], uint32_t number)
{
    SHA256((const uint8_t *)&number, sizeof number, out);
}

static void indexes(void **state)
{
    (void)state;
    enum { NUM = 100000 };
    struct hash_index x;
    uint8_t sha256[32];
    uint64_t value = 7;
    hash_index_init(&x);
    hash_of(sha256, 1);
    assert_false(hash_index_get(&x, &value, sha256));
    for (uint32_t i = 0; i < NUM; i++) {
        hash_of(sha256, i);
        assert_int_equal(hash_index_put(&x, sha256, i), 0);
        assert_int_equal(hash_index_put(&x, sha256, 3 * (uint64_t)i), 0);
    }
    assert_int_equal(x.num, NUM);
    for (uint32_t i = 0; i < 2 * NUM; i++) {
        hash_of(sha256, i);
        assert_int_equal(hash_index_get(&x, &value, sha256), i < NUM);
        assert_true(i >= NUM || value == 3 * (uint64_t)i);
    }
    hash_index_cleanup(&x);
    char err[256];
    assert_int_equal(hash_index_error(err, sizeof err, -ENOSPC), -ENOSPC);
    assert_non_null(strstr(err, "16777216"));
}

/* ---- spool ---- */

static void spools(void **state)
{
    (void)state;
    enum { NUM = 3000, LEN_MAX = 700 };
    uint64_t *places = malloc(NUM * sizeof *places);
    static uint8_t text[LEN_MAX];
    struct spool s;
    struct json out;
    char err[SPILL_ERR_MAX] = "";
    assert_non_null(places);
    memset(text, 'x', sizeof text);
    spool_init(&s, ".");
    json_init(&out);
    for (size_t i = 0; i < NUM; i++) {
        text[0] = (uint8_t)('a' + i % 26);
        assert_int_equal(spool_add(&s, err, &places[i], bytes_of(text, 1 + i % LEN_MAX)), 0);
    }
    assert_true(s.file_len > 0 && s.buffer.len > 0); /* some in the file, some not yet */
    for (size_t i = NUM; i-- > 0;) {
        json_reset(&out);
        assert_int_equal(spool_put(&s, err, &out, places[i]), 0);
        text[0] = (uint8_t)('a' + i % 26);
        assert_int_equal(out.len, 1 + i % LEN_MAX);
        assert_memory_equal(out.text, text, out.len);
    }
    spool_cleanup(&s);
    spool_init(&s, "/nowhere");
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < NUM; i++)
        rc = spool_add(&s, err, &places[i], bytes_of(text, sizeof text));
    assert_int_equal(rc, -ENOENT);
    assert_non_null(strstr(err, "/nowhere: cannot make a temporary file"));
    spool_cleanup(&s);
    json_cleanup(&out);
    free(places);
}

/* ---- datasets ---- */

static const struct synth_cert root = {.subject_cn = "CA", .key_number = 1},
                               cross = {.subject_cn = "CA again", .key_number = 1},
                               leaf = {.subject_cn = "a", .key = SYNTH_P256, .key_number = 2},
                               renewed = {.subject_cn = "a",
                                          .not_after = 5,
                                          .key = SYNTH_P256,
                                          .key_number = 2},
                               other = {.subject_cn = "b", .key = SYNTH_ED25519, .key_number = 3},
                               garbage = {.garbage = true};

#define DONE(num, ...)                                                                             \
    {                                                                                              \
        .count = num, .stage = STAGE_DONE, .cause = CAUSE_OK, .handshake_done = true, .chain = {   \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }

static void write_dataset(void)
{
    static const struct synth_class classes[] = {
        DONE(5, &leaf, &root, &cross),
        DONE(3, &renewed, &root),
        DONE(2, &other),
        DONE(1, &garbage, &root),
        {.count = 4, .stage = STAGE_CONNECT, .cause = CAUSE_REFUSED}};
    struct synth s = {.classes = classes,
                      .num_classes = LENGTH(classes),
                      .block_len = 2,
                      .reason = DATASET_COMPLETE};
    synth_write(PATH, &s);
}

static void open_walk(struct walk *w)
{
    char err[WALK_ERR_MAX] = "";
    if (walk_open(w, err, PATH) != 0)
        fail_msg("%s", err);
}

static bool next_block(struct walk *w)
{
    char err[WALK_ERR_MAX] = "";
    int rc;
    while ((rc = walk_next(w, err)) == 1)
        if (w->item.kind == DATASET_BLOCK)
            return true;
    assert_int_equal(rc, 0);
    return false;
}

static void put_hash(struct json *j, const uint8_t sha256[32], struct bytes der)
{
    uint8_t again[32];
    SHA256(der.data, der.len, again);
    assert_memory_equal(again, sha256, 32);
    json_hex(j, sha256, 32);
}

/* each certificate of each chain, though most came blocks before */
static void certs_of_chains(void **state)
{
    (void)state;
    struct walk w;
    struct export_certs c;
    struct json out, expected;
    char err[SPILL_ERR_MAX] = "";
    size_t num = 0;
    int rc = 0;
    write_dataset();
    open_walk(&w);
    export_certs_init(&c, put_hash, ".");
    json_init(&out);
    json_init(&expected);
    while (next_block(&w)) {
        assert_int_equal(export_certs_add(&c, err, w.block), 0);
        for (size_t i = 0; i < block_num_records(w.block); i++) {
            struct record r;
            block_record(w.block, &r, i);
            for (size_t k = 0; k < r.num_chain; k++, num++) {
                json_reset(&out);
                json_reset(&expected);
                assert_true(export_certs_put(&c, &rc, err, &out, r.chain[k]));
                json_hex(&expected, r.chain[k], 32);
                assert_int_equal(rc, 0);
                assert_int_equal(out.len, expected.len);
                assert_memory_equal(out.text, expected.text, out.len);
            }
        }
    }
    assert_int_equal(num, 5 * 3 + 3 * 2 + 2 + 2);
    assert_int_equal(c.index.num, 6);
    uint8_t unknown[32] = {1};
    assert_false(export_certs_put(&c, &rc, err, &out, unknown));
    json_cleanup(&out);
    json_cleanup(&expected);
    export_certs_cleanup(&c);
    walk_close(&w);
    remove(PATH);
}

static void count_keys(struct export_keys *k)
{
    struct walk w;
    char err[SPILL_ERR_MAX] = "";
    open_walk(&w);
    while (next_block(&w)) {
        assert_int_equal(export_keys_certs(k, err, w.block), 0);
        for (size_t i = 0; i < block_num_records(w.block); i++) {
            struct record r;
            block_record(w.block, &r, i);
            export_keys_count(k, &r);
        }
    }
    walk_close(&w);
}

/* a key counts once for each target, in however many certificates of its chain it is */
static void keys(void **state)
{
    (void)state;
    static const struct {
        const char *begins, *ends;
    } expected[] = {
        {"\"type\":\"RSA\",\"bits\":2048,\"modulus\":\"c1",
         "\"exponent\":\"010001\",\"certificates\":2,\"targets\":9,\"targets_leaf\":0}\n"},
        {"\"type\":\"EC\",\"bits\":256,\"curve\":\"P-256\",\"key\":\"04",
         "\"certificates\":2,\"targets\":8,\"targets_leaf\":8}\n"},
        {"\"type\":\"Ed25519\",\"key\":\"07",
         "\"certificates\":1,\"targets\":2,\"targets_leaf\":2}\n"},
    };
    struct export_keys k;
    struct json out;
    char err[SPILL_ERR_MAX] = "";
    size_t found = 0;
    write_dataset();
    export_keys_init(&k, ".");
    json_init(&out);
    count_keys(&k);
    assert_int_equal(k.num, LENGTH(expected));
    for (size_t i = 0; i < k.num; i++) {
        json_reset(&out);
        assert_int_equal(export_keys_put(&k, err, &out, i), 0);
        char *text = strndup(out.text, out.len);
        for (size_t e = 0; e < LENGTH(expected); e++)
            found +=
                strstr(text, expected[e].begins) != NULL && strstr(text, expected[e].ends) != NULL;
        free(text);
    }
    assert_int_equal(found, LENGTH(expected));
    json_cleanup(&out);
    export_keys_cleanup(&k);
    remove(PATH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(indexes), cmocka_unit_test(spools),
                                       cmocka_unit_test(certs_of_chains), cmocka_unit_test(keys)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
