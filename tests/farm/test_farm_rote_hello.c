/* rote_hello: hellos by hand are read whole, octet by octet, cut short and mutated. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/farm/rote_hellos.h"
#include "tools/farm/rote_hello.h"

#define SUITES(...)   .suites = {__VA_ARGS__}
#define GROUPS(...)   .groups = {__VA_ARGS__}
#define SHARES(...)   .shares = {__VA_ARGS__}
#define VERSIONS(...) .versions = {__VA_ARGS__}

static const char host[] = "mx.example.com";

static const struct hello_spec rich = {.version = 0x0303,
                                       SUITES(0x1301, 0xc02f, 0x00ff),
                                       GROUPS(29, 23),
                                       SHARES(29),
                                       VERSIONS(0x0304, 0x0303),
                                       .host = host,
                                       .deflate = true};

static void check_rich(const struct rote_hello *h)
{
    uint32_t suite;
    assert_int_equal(h->version, 0x0303);
    assert_true(rote_hello_suite(&suite, h, 1) && suite == 0xc02f);
    assert_false(rote_hello_suite(&suite, h, 3));
    assert_true(rote_hello_offers(h, 0x1301));
    assert_false(rote_hello_offers(h, 0x01c0)); /* not across two */
    assert_true(rote_hello_lists(h->groups, 23));
    assert_true(rote_hello_has_share(h, 29));
    assert_false(rote_hello_has_share(h, 23));
    assert_true(rote_hello_lists(h->versions, 0x0304));
    assert_true(bytes_equal(h->host, bytes_text(host)));
    assert_true(bytes_equal(h->session_id, bytes_text("session")));
    assert_true(h->ems && h->renegotiation && !h->ticket);
    assert_int_equal(h->compressions.len, 2);
}

/* read feeds octets in pieces of each and returns what the last piece gave */
static enum rote_read read_in(struct rote_reader *r, struct rote_hello *h, const uint8_t *octets,
                              size_t len, size_t each)
{
    enum rote_read last = ROTE_READ_MORE;
    memset(r, 0, sizeof *r);
    for (size_t at = 0; at < len && last == ROTE_READ_MORE; at += each)
        last = rote_reader_feed(r, h, octets + at, each < len - at ? each : len - at);
    return last;
}

static void test_any_split_is_the_same_hello(void **state)
{
    (void)state;
    static uint8_t octets[HELLO_OCTETS_MAX];
    static struct rote_reader r;
    struct rote_hello h;
    struct hello_spec spec = rich;
    for (spec.record = 0; spec.record < 60; spec.record += 7) {
        size_t len = hello_records(octets, &spec);
        for (size_t each = 1; each <= len; each++) {
            assert_int_equal(read_in(&r, &h, octets, len, each), ROTE_READ_DONE);
            check_rich(&h);
        }
        for (size_t cut = 0; cut < len; cut++)
            assert_int_equal(read_in(&r, &h, octets, cut, len), ROTE_READ_MORE);
    }
}

static const uint8_t ssl2_hello[] = {
    0x80, 34,   1,    0,    2,    0,    9,   0,    0,    0,   16,       /* header, lengths */
    0x01, 0x00, 0x80, 0x07, 0x00, 0xc0, 0,   0x00, 0x05,                /* kinds */
    'c',  'h',  'a',  'l',  'l',  'e',  'n', 'g',  'e',  ' ', 'o', 'f', /* challenge */
    ' ',  's',  'i',  'x'};

static void test_ssl2_hellos(void **state)
{
    (void)state;
    static struct rote_reader r;
    struct rote_hello h;
    for (size_t each = 1; each <= sizeof ssl2_hello; each++) {
        assert_int_equal(read_in(&r, &h, ssl2_hello, sizeof ssl2_hello, each), ROTE_READ_DONE);
        assert_true(h.ssl2);
        assert_int_equal(h.version, 2);
        assert_true(rote_hello_offers(&h, 0x010080));
        assert_true(rote_hello_offers(&h, 0x0005));
        assert_false(rote_hello_offers(&h, 0x020080));
    }
    for (size_t cut = 0; cut < sizeof ssl2_hello; cut++)
        assert_int_equal(read_in(&r, &h, ssl2_hello, cut, 99), ROTE_READ_MORE);
}

static void test_what_is_no_hello(void **state)
{
    (void)state;
    static struct rote_reader r;
    static const uint8_t endless[ROTE_HELLO_MAX + 1] = {22, 3, 1, 0x40, 0, 1, 0, 0x80, 0};
    struct rote_hello h;
    static const struct {
        const char *octets;
        size_t len;
    } cases[] = {
        {"EHLO a\r\n", 8},
        {"\x15\x03\x01\x00\x02\x02\x28", 7},
        {"\x16\x02\x00\x00\x04\x01\x00\x00\x00", 9},
        {"\x16\x03\x01\x00\x00", 5},
        {"\x16\x03\x01\x00\x04\x01\x00\x00\x00", 9},                  /* no version */
        {"\x16\x03\x01\x00\x04\x02\x00\x00\x00", 9},                  /* a ServerHello */
        {"\x80\x02\x01\x00", 4},                                      /* cut short by its header */
        {"\x80\x0b\x01\x00\x02\x00\x02\x00\x00\x00\x00\x01\x00", 13}, /* kinds of 2 octets */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const uint8_t *octets = (const uint8_t *)cases[i].octets;
        assert_int_equal(read_in(&r, &h, octets, cases[i].len, 1), ROTE_READ_BAD);
        assert_int_equal(read_in(&r, &h, octets, cases[i].len, 99), ROTE_READ_BAD);
    }
    assert_int_equal(read_in(&r, &h, endless, sizeof endless, sizeof endless), ROTE_READ_BAD);
}

/* every octet of a hello changed, and every length: nothing is read that is not there (ASan) */
static void test_mutated_hellos(void **state)
{
    (void)state;
    static uint8_t octets[HELLO_OCTETS_MAX];
    static struct rote_reader r;
    struct rote_hello h;
    uint32_t suite;
    size_t len = hello_records(octets, &rich);
    for (size_t at = 0; at < len; at++)
        for (unsigned flip = 1; flip < 256; flip += 2) {
            octets[at] ^= (uint8_t)flip;
            if (read_in(&r, &h, octets, len, len) == ROTE_READ_DONE)
                for (size_t i = 0; rote_hello_suite(&suite, &h, i); i++)
                    assert_true(suite <= 0xffffff);
            octets[at] ^= (uint8_t)flip;
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_split_is_the_same_hello),
        cmocka_unit_test(test_ssl2_hellos),
        cmocka_unit_test(test_what_is_no_hello),
        cmocka_unit_test(test_mutated_hellos),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
