#include "core/cbor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* octets of a hex text, spaces left out */
static size_t from_hex(uint8_t *out, const char *hex)
{
    size_t len = 0;
    for (; *hex != '\0'; hex += 2) {
        while (*hex == ' ')
            hex++;
        unsigned octet;
        assert_int_equal(sscanf(hex, "%2x", &octet), 1);
        out[len++] = (uint8_t)octet;
    }
    return len;
}

static void assert_written(struct cbor_writer *w, const char *hex)
{
    uint8_t want[64];
    size_t len = from_hex(want, hex);
    assert_false(w->bad);
    assert_int_equal(w->len, len);
    assert_memory_equal(w->data, want, len);
    cbor_writer_reset(w);
}

/* the examples of RFC 8949, appendix A, that we use; both ways */
static void test_uint(void **state)
{
    (void)state;
    static const struct {
        uint64_t value;
        const char *hex;
    } cases[] = {
        {0, "00"}, {1, "01"}, {10, "0a"}, {23, "17"}, {24, "1818"}, {25, "1819"}, {100, "1864"},
        {255, "18ff"}, {256, "190100"}, {1000, "1903e8"}, {65535, "19ffff"}, {65536, "1a00010000"},
        {1000000, "1a000f4240"}, {UINT32_MAX, "1affffffff"}, {UINT64_C(1) << 32,
            "1b0000000100000000"},
        {1000000000000, "1b000000e8d4a51000"}, {UINT64_MAX, "1bffffffffffffffff"},
    };
    struct cbor_writer w;
    cbor_writer_init(&w, 100);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t in[16];
        size_t len = from_hex(in, cases[i].hex);
        struct cbor_reader r = cbor_reader_of(bytes_of(in, len));
        cbor_put_uint(&w, cases[i].value);
        assert_written(&w, cases[i].hex);
        assert_true(cbor_get_uint(&r, UINT64_MAX) == cases[i].value);
        assert_true(cbor_at_end(&r));
        if (cases[i].value > 0) {   /* over its limit */
            r = cbor_reader_of(bytes_of(in, len));
            assert_int_equal(cbor_get_uint(&r, cases[i].value - 1), 0);
            assert_true(r.bad);
        }
        for (size_t cut = 0; cut < len; cut++) {
            r = cbor_reader_of(bytes_of(in, cut));
            assert_int_equal(cbor_get_uint(&r, UINT64_MAX), 0);
            assert_true(r.bad);
        }
    }
    cbor_writer_cleanup(&w);
}

static void test_int(void **state)
{
    (void)state;
    static const struct {
        int64_t value;
        const char *hex;
    } cases[] = {
        {0, "00"}, {-1, "20"}, {-10, "29"}, {-100, "3863"}, {-1000, "3903e7"}, {1000, "1903e8"},
        {INT64_MAX, "1b7fffffffffffffff"}, {INT64_MIN, "3b7fffffffffffffff"},
    };
    struct cbor_writer w;
    cbor_writer_init(&w, 100);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t in[16];
        struct cbor_reader r = cbor_reader_of(bytes_of(in, from_hex(in, cases[i].hex)));
        cbor_put_int(&w, cases[i].value);
        assert_written(&w, cases[i].hex);
        assert_true(cbor_get_int(&r) == cases[i].value);
        assert_true(cbor_at_end(&r));
    }
    static const char *const too_large[] = {"1b8000000000000000", "3b8000000000000000",
                                            "3bffffffffffffffff", "3800", "40"};
    for (size_t i = 0; i < sizeof too_large / sizeof *too_large; i++) {
        uint8_t in[16];
        struct cbor_reader r = cbor_reader_of(bytes_of(in, from_hex(in, too_large[i])));
        assert_int_equal(cbor_get_int(&r), 0);
        assert_true(r.bad);
    }
    cbor_writer_cleanup(&w);
}

static void test_strings_and_counts(void **state)
{
    (void)state;
    struct cbor_writer w;
    cbor_writer_init(&w, 100);
    cbor_put_bytes(&w, bytes_of("\x01\x02\x03\x04", 4));
    assert_written(&w, "44 01020304");
    cbor_put_bytes(&w, bytes_of(NULL, 0));
    assert_written(&w, "40");
    cbor_put_text(&w, bytes_text("\xc3\xbc"));
    assert_written(&w, "62 c3bc");
    cbor_put_array(&w, 25);
    cbor_put_map(&w, 2);
    cbor_put_bool(&w, true);
    cbor_put_bool(&w, false);
    assert_written(&w, "9819 a2 f5 f4");
    memset(cbor_put_space(&w, 3), 7, 3);
    assert_written(&w, "43 070707");
    cbor_put_text(&w, bytes_text("\xff"));
    assert_true(w.bad);
    cbor_writer_cleanup(&w);

    uint8_t in[] = {0x44, 1, 2, 3, 4, 0x62, 0xc3, 0xbc, 0xf5, 0xf4, 0x42, 9, 8};
    struct cbor_reader r = cbor_reader_of(bytes_of(in, sizeof in));
    uint8_t two[2];
    assert_true(bytes_equal(cbor_get_bytes(&r, 4), bytes_of("\x01\x02\x03\x04", 4)));
    assert_true(bytes_equal(cbor_get_text(&r, 2), bytes_text("\xc3\xbc")));
    assert_true(cbor_get_bool(&r));
    assert_false(cbor_get_bool(&r));
    cbor_get_exactly(&r, two, 2);
    assert_memory_equal(two, "\x09\x08", 2);
    assert_true(cbor_at_end(&r));
}

static void test_writer_is_bounded(void **state)
{
    (void)state;
    struct cbor_writer w;
    cbor_writer_init(&w, 10);
    cbor_put_bytes(&w, bytes_text("123456789"));
    assert_false(w.bad);
    assert_int_equal(w.len, 10);
    cbor_put_uint(&w, 1);
    assert_true(w.bad);
    assert_int_equal(w.len, 10);
    assert_null(cbor_put_space(&w, 1));
    cbor_writer_reset(&w);
    assert_null(cbor_put_space(&w, 10));   /* with its head 11 */
    cbor_writer_cleanup(&w);
}

/* what a reader that skips takes, and what it does not */
static void test_skip(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        bool good;
    } cases[] = {
        {"00", true}, {"1818", true}, {"3903e7", true}, {"43010203", true}, {"6161", true},
        {"80", true}, {"83010203", true}, {"a0", true}, {"a201020304", true}, {"c100", true},
        {"f4", true}, {"f6", true}, {"f7", true}, {"f93c00", true}, {"fa47c35000", true},
        {"fb3ff199999999999a", true}, {"a2 01 a101a0 0280", true}, {"a2 20 00 40 00", true},
        {"8181818181818180", true},
        {"", false}, {"18", false}, {"1817", false}, {"190017", false}, {"1900ff", false},
        {"1a0000ffff", false}, {"1b00000000ffffffff", false}, {"1c", false}, {"1f", false},
        {"4201", false}, {"5f4100ff", false}, {"61ff", false}, {"62c0af", false}, {"63eda080",
         false},
        {"64f4908080", false}, {"9f00ff", false}, {"8201", false}, {"bf0000ff", false},
        {"a10000 00", true /* one item, then another */}, {"a2 0100 0000", false},
        {"a2 0100 0100", false}, {"a2 40 00 20 00", false}, {"a1 00", false}, {"ff", false},
        {"f8ff", false}, {"f0", false}, {"f93c", false}, {"81818181818181818180", false},
        {"9bffffffffffffffff", false}, {"bbffffffffffffffff", false}, {"5bffffffffffffffff", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t in[64];
        struct cbor_reader r = cbor_reader_of(bytes_of(in, from_hex(in, cases[i].hex)));
        cbor_skip(&r);
        if (r.bad == cases[i].good)
            fail_msg("%s", cases[i].hex);
    }
}

static void test_map(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        bool good;
        unsigned keys;   /* a digit each */
    } cases[] = {
        {"a0", true, 0}, {"a1 01 00", true, 1}, {"a3 01 00 02 00 05 00", true, 125},
        {"a2 02 00 01 00", false, 2}, {"a2 01 00 01 00", false, 1}, {"a1 20 00", false, 0},
        {"a1 1801 00", false, 0}, {"a2 01 00", false, 0}, {"80", false, 0}, {"a1", false, 0},
        {"a1 1bffffffffffffffff 00", false, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t in[64];
        struct cbor_reader r = cbor_reader_of(bytes_of(in, from_hex(in, cases[i].hex)));
        struct cbor_map map = cbor_get_map(&r);
        unsigned keys = 0;
        for (uint64_t key; cbor_map_next(&r, &map, &key); cbor_skip(&r))
            keys = keys * 10 + (unsigned)key;
        assert_int_equal(keys, cases[i].keys);
        assert_int_equal(cbor_at_end(&r), cases[i].good);
    }
}

static void test_array_is_bounded(void **state)
{
    (void)state;
    uint8_t in[] = {0x83, 1, 2, 3};
    struct cbor_reader r = cbor_reader_of(bytes_of(in, 4));
    assert_int_equal(cbor_get_array(&r, 3), 3);
    r = cbor_reader_of(bytes_of(in, 4));
    assert_int_equal(cbor_get_array(&r, 2), 0);
    assert_true(r.bad);
    r = cbor_reader_of(bytes_of(in, 3));   /* more items than octets */
    assert_int_equal(cbor_get_array(&r, 3), 0);
    assert_true(r.bad);
    assert_int_equal(cbor_peek(&r), CBOR_SIMPLE);
    assert_int_equal(cbor_get_uint(&r, 9), 0);   /* sticky */
    r = cbor_reader_of(bytes_of(NULL, 0));
    assert_true(cbor_at_end(&r));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uint),
        cmocka_unit_test(test_int),
        cmocka_unit_test(test_strings_and_counts),
        cmocka_unit_test(test_writer_is_bounded),
        cmocka_unit_test(test_skip),
        cmocka_unit_test(test_map),
        cmocka_unit_test(test_array_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
