#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scanner/session/hello.h"

/* ---- a ClientHello from lists ---- */

struct hello {
    uint8_t data[2048];
    size_t len;
};

static void put(struct hello *h, const void *data, size_t len)
{
    memcpy(h->data + h->len, data, len);
    h->len += len;
}

static void put_u16(struct hello *h, unsigned value)
{
    const uint8_t octets[2] = {(uint8_t)(value >> 8), (uint8_t)value};
    put(h, octets, 2);
}

static void put_extension(struct hello *h, unsigned type, const char *data, size_t len)
{
    put_u16(h, type);
    put_u16(h, (unsigned)len);
    put(h, data, len);
}

static void begin(struct hello *h, const uint16_t *suites, size_t num)
{
    memset(h, 0, sizeof *h);
    put(h, "\x01\0\0\0\x03\x03", 6);
    put(h, "RANDOMrandomRANDOMrandomRANDOMra", 32);
    put(h, "\x04SESS", 5);
    put_u16(h, (unsigned)(2 * num));
    for (size_t i = 0; i < num; i++)
        put_u16(h, suites[i]);
    put(h, "\x01\0\0\0", 4);   /* no compression; room for the length of the extensions */
}

static void finish(struct hello *h, size_t num_suites)
{
    size_t exts_at = 4 + 2 + 32 + 5 + 2 + 2 * num_suites + 2;
    h->data[exts_at] = (uint8_t)((h->len - exts_at - 2) >> 8);
    h->data[exts_at + 1] = (uint8_t)(h->len - exts_at - 2);
    h->data[2] = (uint8_t)((h->len - 4) >> 8);
    h->data[3] = (uint8_t)(h->len - 4);
}

#define EXT(h, type, data) put_extension(h, type, data, sizeof(data) - 1)

/* the published example: a browser's hello, GREASE included */
static void make_browser(struct hello *h)
{
    static const uint16_t suites[] = {0x2a2a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f,
                                      0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014,
                                      0x009c, 0x009d, 0x002f, 0x0035};
    size_t num = sizeof suites / sizeof suites[0];
    begin(h, suites, num);
    EXT(h, 0x0a0a, "");
    EXT(h, 0x001b, "\x02\0\x02");
    EXT(h, 0x0000, "\0\x0a\0\0\x07mx.test");
    EXT(h, 0x0033, "\0\x0b\x8a\x8a\0\x01\0\0\x1d\0\x02KE");
    EXT(h, 0x0010, "\0\x0c\x02h2\x08http/1.1");
    EXT(h, 0x4469, "\0\x03\x02h2");
    EXT(h, 0x0017, "");
    EXT(h, 0x002d, "\x01\x01");
    EXT(h, 0x000d, "\0\x10\x04\x03\x08\x04\x04\x01\x05\x03\x08\x05\x05\x01\x08\x06\x06\x01");
    EXT(h, 0x0005, "\x01\0\0\0\0");
    EXT(h, 0x0023, "");
    EXT(h, 0x0012, "");
    EXT(h, 0x002b, "\x06\x7a\x7a\x03\x04\x03\x03");
    EXT(h, 0xff01, "\0");
    EXT(h, 0x000b, "\x01\0");
    EXT(h, 0x000a, "\0\x04\0\x1d\0\x17");
    EXT(h, 0x0015, "\0\0\0");
    EXT(h, 0xfafa, "\0");
    finish(h, num);
}

static void test_ja4_published(void **state)
{
    struct hello h;
    char ja4[JA4_LEN + 1];
    (void)state;
    make_browser(&h);
    assert_true(client_hello_ja4(ja4, bytes_of(h.data, h.len)));
    assert_string_equal(ja4, "t13d1516h2_8daaf6152771_e5627efa2ab1");
}

static const struct ja4_case {
    const char *alpn;
    size_t alpn_len;
    const char *want;      /* the first part of the fingerprint */
} ja4_cases[] = {
    {NULL, 0, "t12i010000_"},
    {"\0\x03\x02h2", 5, "t12i0101h2_"},
    {"\0\x09\x08http/1.1", 11, "t12i0101h1_"},
    {"\0\x02\x01x", 4, "t12i0101xx_"},
    {"\0\x03\x02\xab\xcd", 5, "t12i0101ad_"},
    {"\0\x03\x02x\xcd", 5, "t12i01017d_"},
};

static void test_ja4_parts(void **state)
{
    static const uint16_t suites[] = {0xc02b};
    (void)state;
    for (size_t i = 0; i < sizeof ja4_cases / sizeof ja4_cases[0]; i++) {
        struct hello h;
        char ja4[JA4_LEN + 1];
        begin(&h, suites, 1);
        if (ja4_cases[i].alpn != NULL)
            put_extension(&h, 16, ja4_cases[i].alpn, ja4_cases[i].alpn_len);
        finish(&h, 1);
        assert_true(client_hello_ja4(ja4, bytes_of(h.data, h.len)));
        ja4[strlen(ja4_cases[i].want)] = '\0';
        assert_string_equal(ja4, ja4_cases[i].want);
    }
}

static void test_empty_lists(void **state)
{
    struct hello h;
    char ja4[JA4_LEN + 1];
    (void)state;
    begin(&h, NULL, 0);
    finish(&h, 0);
    assert_true(client_hello_ja4(ja4, bytes_of(h.data, h.len)));
    assert_string_equal(ja4, "t12i000000_000000000000_000000000000");
}

static void test_normalise(void **state)
{
    struct hello h, before;
    (void)state;
    make_browser(&h);
    before = h;
    assert_true(client_hello_normalise(h.data, h.len));
    static const uint8_t zeros[32];
    assert_memory_equal(h.data + 6, zeros, 32);
    assert_memory_equal(h.data + 39, zeros, 4);
    assert_null(memmem(h.data, h.len, "KE", 2));
    assert_null(memmem(h.data, h.len, "mx.test", 7));
    size_t changed = 0;
    for (size_t i = 0; i < h.len; i++)
        changed += h.data[i] != before.data[i];
    assert_int_equal(changed, 32 + 4 + 2 + 7);   /* the GREASE share was zero */
}

/* every truncation is refused, and leaves nothing read behind its end */
static void test_truncations(void **state)
{
    struct hello h;
    char ja4[JA4_LEN + 1];
    (void)state;
    make_browser(&h);
    for (size_t len = 0; len < h.len; len++) {
        uint8_t *cut = malloc(len + 1);
        memcpy(cut, h.data, len);
        assert_false(client_hello_ja4(ja4, bytes_of(cut, len)));
        assert_false(client_hello_normalise(cut, len));
        free(cut);
    }
}

#define SH(exts) "\x02\0\0%\x03\x03" "rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr" "\0\xc0\x2b\0" exts

static const struct server_case {
    const char *message;
    size_t len;
    bool ok;
    uint16_t version, suite;
} server_cases[] = {
    {SH(""), sizeof SH("") - 1, true, 0x0303, 0xc02b},
    {SH("\0\0"), sizeof SH("\0\0") - 1, true, 0x0303, 0xc02b},
    {SH("\0\x06\0\x2b\0\x02\x03\x04"), sizeof SH("\0\x06\0\x2b\0\x02\x03\x04") - 1, true, 0x0304,
     0xc02b},
    {SH("\0\x05\xff\x01\0\x01\0"), sizeof SH("\0\x05\xff\x01\0\x01\0") - 1, true, 0x0303, 0xc02b},
    {SH("\0\x06\0\x2b\0\x02\x03"), sizeof SH("\0\x06\0\x2b\0\x02\x03") - 1, false, 0, 0},
    {SH("\0\x03\0\x2b\0"), sizeof SH("\0\x03\0\x2b\0") - 1, false, 0, 0},
};

static void test_server_hello(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof server_cases / sizeof server_cases[0]; i++) {
        uint8_t message[128];
        struct server_hello hello = {.version = 0}, none;
        size_t len = server_cases[i].len;
        memcpy(message, server_cases[i].message, len);
        message[3] = (uint8_t)(len - 4);
        bool ok = server_hello_read(&hello, bytes_of(message, len));
        if (ok != server_cases[i].ok || hello.version != server_cases[i].version ||
            hello.suite != server_cases[i].suite)
            fail_msg("case %zu: %d, version %04x, suite %04x", i, ok, hello.version, hello.suite);
        for (size_t cut = 0; cut < len; cut++)
            assert_false(server_hello_read(&none, bytes_of(message, cut)));
        message[0] = 1;
        assert_false(server_hello_read(&none, bytes_of(message, len)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ja4_published), cmocka_unit_test(test_ja4_parts),
        cmocka_unit_test(test_empty_lists),   cmocka_unit_test(test_normalise),
        cmocka_unit_test(test_truncations),   cmocka_unit_test(test_server_hello),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
