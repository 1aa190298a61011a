/* craft: hellos of each version against octets written down by hand from the RFCs; paddings and
 * records; and what BoringSSL's server answers to them, read by flight. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/bytestring.h>
#include <openssl/nid.h>
#include <openssl/ssl.h>

#include "core/group_class.h"
#include "core/suite_class.h"
#include "scanner/session/craft.h"
#include "scanner/session/flight.h"
#include "tests/session/hex.h"
#include "tests/session/peer.h"

#define RANDOM "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define SCHEMES                                                                       \
    "040305030603080708040805080604010501060102010808"                                \
    "0809080a080b081a081b081c030303010203060205020402030202020101"
#define LIST(...) (const uint16_t[]){__VA_ARGS__}, sizeof((uint16_t[]){__VA_ARGS__}) / 2

static struct crafted_hello hello_of(uint16_t version, const uint16_t *suites, size_t num_suites,
                                     const uint16_t *groups, size_t num_groups)
{
    struct crafted_hello h = {.version = version, .suites = suites, .num_suites = num_suites,
                              .groups = groups, .num_groups = num_groups};
    for (uint8_t i = 0; i < sizeof h.random; i++)
        h.random[i] = i;
    return h;
}

static void assert_hello(const struct crafted_hello *h, const char *want_hex)
{
    struct outbuf out;
    uint8_t want[1024];
    size_t want_len = hex_decode(want, sizeof want, want_hex);
    outbuf_init(&out);
    for (int i = 0; i < 2; i++) {   /* appended; and the same again */
        assert_true(crafted_hello_write(&out, h));
        assert_int_equal(out.len, (size_t)(i + 1) * want_len);
        assert_memory_equal(out.data + (size_t)i * want_len, want, want_len);
    }
    outbuf_cleanup(&out);
}

static void test_ssl2(void **state)
{
    (void)state;
    struct crafted_hello h = hello_of(0x0002, NULL, 0, NULL, 0);
    h.host = "mx.example.com";   /* of no use to SSLv2 and SSLv3 */
    h.padded_len = 600;
    assert_hello(&h, "8037" "01" "0002" "001e" "0000" "0010"
                     "020080" "040080" "060040" "060140" "080080"
                     "010080" "030080" "050080" "0700c0" "0701c0"
                     "000102030405060708090a0b0c0d0e0f");
}

static void test_ssl3(void **state)
{
    (void)state;
    struct crafted_hello h = hello_of(0x0300, LIST(0x0005, 0x000a), LIST(23));
    h.host = "mx.example.com";
    h.padded_len = 600;
    assert_hello(&h, "16" "0300" "0031" "01" "00002d" "0300" RANDOM "00"
                     "0006" "0005" "000a" "00ff" "01" "00");
}

static void test_tls10(void **state)
{
    (void)state;
    struct crafted_hello h = hello_of(0x0301, LIST(0x0035), NULL, 0);
    h.compression = h.fallback = true;
    h.host = "";
    assert_hello(&h, "16" "0301" "0045" "01" "000041" "0301" RANDOM "00"
                     "0004" "0035" "5600" "02" "01" "00"
                     "0013" "00170000" "ff01000100" "00230000" "000b00020100");
}

static void test_tls11(void **state)
{
    (void)state;
    struct crafted_hello h = hello_of(0x0302, LIST(0x0035), LIST(24));
    assert_hello(&h, "16" "0301" "004a" "01" "000046" "0302" RANDOM "00"
                     "0002" "0035" "01" "00"
                     "001b" "00170000" "ff01000100" "000a" "0004" "0002" "0018"
                     "00230000" "000b00020100");
}

static void test_tls12(void **state)
{
    (void)state;
    struct crafted_hello h = hello_of(0x0303, LIST(0xc02f, 0x009c), LIST(29, 23));
    h.host = "mx.example.com";
    assert_hello(&h, "16" "0301" "00a1" "01" "00009d" "0303" RANDOM "00"
                     "0004" "c02f" "009c" "01" "00" "0070"
                     "0000" "0013" "0011" "00" "000e" "6d782e6578616d706c652e636f6d"
                     "00170000" "ff01000100" "000a" "0006" "0004" "001d" "0017"
                     "00230000" "000b00020100" "000d" "0038" "0036" SCHEMES);
}

static void test_tls13(void **state)
{
    (void)state;
    struct crafted_hello h = hello_of(0x0304, LIST(0x1301, 0x1303), LIST(0x11ec, 29));
    h.version_min = 0x0303;
    h.compression = true;   /* not to be had in 1.3 */
    assert_hello(&h, "16" "0301" "00bf" "01" "0000bb" "0303" RANDOM "20"
                     "1f1e1d1c1b1a191817161514131211100f0e0d0c0b0a09080706050403020100"
                     "0004" "1301" "1303" "01" "00" "006e"
                     "00170000" "ff01000100" "000a" "0006" "0004" "11ec" "001d"
                     "00230000" "000b00020100" "000d" "0038" "0036" SCHEMES
                     "002b" "0005" "04" "0304" "0303" "002d" "0002" "01" "01"
                     "0033" "0002" "0000");
}

/* what stands in the records, whose lengths are checked */
static size_t unwrap(uint8_t *message, size_t cap, const struct outbuf *out)
{
    CBS all, record;
    uint8_t type;
    uint16_t version;
    size_t len = 0;
    CBS_init(&all, out->data, out->len);
    while (CBS_len(&all) > 0) {
        assert_true(len == 0 || len % 16384 == 0);   /* only the last record is shorter */
        assert_true(CBS_get_u8(&all, &type) && CBS_get_u16(&all, &version) &&
                    CBS_get_u16_length_prefixed(&all, &record));
        assert_true(type == 22 && version == 0x0301 && CBS_len(&record) <= 16384);
        assert_true(len + CBS_len(&record) <= cap);
        memcpy(message + len, CBS_data(&record), CBS_len(&record));
        len += CBS_len(&record);
    }
    return len;
}

static size_t padded(uint8_t *message, size_t cap, uint16_t version, size_t num_suites,
                     unsigned padded_len)
{
    static const uint16_t suites[CRAFT_SUITES_MAX];
    struct crafted_hello h = hello_of(version, suites, num_suites, LIST(29));
    struct outbuf out;
    h.padded_len = (uint16_t)padded_len;
    outbuf_init(&out);
    assert_true(crafted_hello_write(&out, &h));
    size_t len = unwrap(message, cap, &out);
    assert_int_equal(message[1] << 16 | message[2] << 8 | message[3], len - 4);
    outbuf_cleanup(&out);
    return len;
}

static void test_padding(void **state)
{
    (void)state;
    static uint8_t message[70000];
    size_t bare = padded(message, sizeof message, 0x0304, 3, 0);
    assert_true(bare < 256);
    for (size_t i = 1; i <= bare; i++)
        assert_int_equal(padded(message, sizeof message, 0x0304, 3, (unsigned)i), bare);
    for (unsigned i = 1; i <= 4; i++)
        assert_int_equal(padded(message, sizeof message, 0x0304, 3, (unsigned)bare + i), bare + 4);
    static const unsigned lens[] = {255, 256, 300, 512, 1500, 16383, 16384, 16385, 32768, 65535};
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++)
        assert_int_equal(padded(message, sizeof message, 0x0304, 3, lens[i]), lens[i]);
    assert_true(padded(message, sizeof message, 0x0304, CRAFT_SUITES_MAX, 65535) == 65535);
}

/* RFC 7685, 4: some servers fall silent at hellos of 256 to 511 octets */
static void test_no_silent_lengths(void **state)
{
    (void)state;
    static uint8_t message[4096];
    static const uint16_t versions[] = {0x0301, 0x0302, 0x0303, 0x0304};
    for (size_t v = 0; v < sizeof versions / sizeof versions[0]; v++)
        for (size_t num = 1; num < 300; num++) {
            size_t len = padded(message, sizeof message, versions[v], num, 0);
            assert_true(len < 256 || len >= 512);
            len = padded(message, sizeof message, versions[v], num, 600);
            assert_true(len >= 600);
        }
}

static void test_longest(void **state)
{
    (void)state;
    uint16_t suites[CRAFT_SUITES_MAX] = {0}, groups[CRAFT_GROUPS_MAX] = {0};
    static uint8_t message[70000];
    char host[CRAFT_HOST_MAX + 1];
    memset(host, 'a', CRAFT_HOST_MAX);
    host[CRAFT_HOST_MAX] = '\0';
    struct crafted_hello h = hello_of(0x0304, suites, CRAFT_SUITES_MAX, groups, CRAFT_GROUPS_MAX);
    struct outbuf out;
    h.host = host;
    h.padded_len = 65535;
    outbuf_init(&out);
    assert_true(crafted_hello_write(&out, &h));
    assert_int_equal(unwrap(message, sizeof message, &out), 65535);
    outbuf_cleanup(&out);
}

static void test_no_memory(void **state)
{
    (void)state;
    struct crafted_hello h = hello_of(0x0303, LIST(0x002f), LIST(29));
    struct outbuf out;
    outbuf_init(&out);
    out.bad = true;
    assert_false(crafted_hello_write(&out, &h));
    outbuf_cleanup(&out);
}

/* ---- what BoringSSL answers ---- */

struct server_case {
    const char *what;
    struct peer_options peer;
    uint16_t version, version_min;
    const uint16_t *suites;   /* NULL: all below TLS 1.3 */
    size_t num_suites;
    const uint16_t *groups;   /* NULL: all */
    size_t num_groups;
    bool fallback, compression;
    uint16_t padded_len;
    enum flight_kind kind;
    uint16_t want_version, want_suite, want_group, want_sigscheme;
    uint8_t want_alert;
};
#define RSA(...) {.identity = IDENTITY_RSA, __VA_ARGS__}
#define P256(...) {.identity = IDENTITY_P256, __VA_ARGS__}
#define ALL NULL, 0

static const struct server_case cases[] = {
    {"1.2, x25519", RSA(.version = 0x0303), 0x0303, 0, LIST(0xc02f), LIST(29), false, false, 0,
     FLIGHT_SERVER_HELLO, 0x0303, 0xc02f, 29, 0x0804, 0},
    {"1.2, ECDSA on secp256r1", P256(.version = 0x0303), 0x0303, 0, LIST(0xc02b, 0xc02f),
     LIST(23, 29), false, false, 0, FLIGHT_SERVER_HELLO, 0x0303, 0xc02b, 23, 0x0403, 0},
    {"1.2, RSA key transport", RSA(.version = 0x0303), 0x0303, 0, LIST(0x009d), ALL, false, true, 0,
     FLIGHT_SERVER_HELLO, 0x0303, 0x009d, 0, 0, 0},
    {"1.2, a request for a certificate", RSA(.version = 0x0303, .want_client_cert = true), 0x0303, 0,
     LIST(0xc013), LIST(24), false, false, 0, FLIGHT_SERVER_HELLO, 0x0303, 0xc013, 24, 0x0804, 0},
    {"1.2, all suites and groups", RSA(.version = 0x0303), 0x0303, 0, ALL, ALL, false, true, 0,
     FLIGHT_SERVER_HELLO, 0x0303, 0, 0, 0, 0},
    {"1.2, a long chain", RSA(.version = 0x0303, .num_extra = 300), 0x0303, 0, LIST(0xc02f),
     LIST(23), false, false, 0, FLIGHT_SERVER_HELLO, 0x0303, 0xc02f, 23, 0x0804, 0},
    {"1.1", RSA(.version = 0x0302), 0x0302, 0, LIST(0xc013), LIST(23), false, false, 0,
     FLIGHT_SERVER_HELLO, 0x0302, 0xc013, 23, 0, 0},
    {"1.0", RSA(.version = 0x0301), 0x0301, 0, LIST(0x002f), ALL, false, false, 0,
     FLIGHT_SERVER_HELLO, 0x0301, 0x002f, 0, 0, 0},
    {"1.0 of a server that can 1.3", RSA(), 0x0301, 0, LIST(0xc014), LIST(23), false, false, 0,
     FLIGHT_SERVER_HELLO, 0x0301, 0xc014, 23, 0, 0},
    {"1.3, x25519", RSA(.group = NID_X25519), 0x0304, 0, LIST(0x1301), ALL, false, false, 0,
     FLIGHT_RETRY, 0x0304, 0x1301, 29, 0, 0},
    {"1.3, secp384r1 and no session id of ours", P256(.group = NID_secp384r1), 0x0304, 0,
     LIST(0x1303), ALL, false, false, 0, FLIGHT_RETRY, 0x0304, 0x1303, 24, 0, 0},
    {"1.3, a large hello", RSA(.group = NID_X25519), 0x0304, 0, LIST(0x1302), ALL, false, false,
     16000, FLIGHT_RETRY, 0x0304, 0x1302, 29, 0, 0},
    {"1.3, in more than one record: BoringSSL reads no hello above 16 KiB", RSA(), 0x0304, 0,
     LIST(0x1302), ALL, false, false, 20000, FLIGHT_ALERT, 0, 0, 0, 0, 47},
    {"1.3, no group in common", RSA(.group = NID_secp521r1), 0x0304, 0, LIST(0x1301), LIST(29),
     false, false, 0, FLIGHT_ALERT, 0, 0, 0, 0, 40},
    {"1.3 or less, of a server that can 1.2", RSA(.version = 0x0303), 0x0304, 0x0301,
     LIST(0x1301, 0xc030), LIST(29), false, false, 0, FLIGHT_SERVER_HELLO, 0x0303, 0xc030, 29,
     0x0804, 0},
    {"1.3 alone, of a server that can 1.2", RSA(.version = 0x0303), 0x0304, 0, LIST(0x1301), ALL,
     false, false, 0, FLIGHT_ALERT, 0, 0, 0, 0, 70},
    {"1.2, of a server that can 1.3 alone", RSA(.version = 0x0304), 0x0303, 0, ALL, ALL, false,
     false, 0, FLIGHT_ALERT, 0, 0, 0, 0, 70},
    {"a fallback where 1.3 can be had", RSA(), 0x0302, 0, ALL, ALL, true, false, 0, FLIGHT_ALERT, 0,
     0, 0, 0, 86},
    {"a fallback to the best", RSA(.version = 0x0303), 0x0303, 0, LIST(0x009c), ALL, true, false, 0,
     FLIGHT_SERVER_HELLO, 0x0303, 0x009c, 0, 0, 0},
    {"no suite in common", RSA(.version = 0x0303), 0x0303, 0, LIST(0x0005, 0x0033), ALL, false,
     false, 0, FLIGHT_ALERT, 0, 0, 0, 0, 40},
    {"SSLv3", RSA(), 0x0300, 0, ALL, ALL, false, false, 0, FLIGHT_ALERT, 0, 0, 0, 0, 70},
    {"SSLv2", RSA(), 0x0002, 0, ALL, ALL, false, false, 0, FLIGHT_ALERT, 0, 0, 0, 0, 70},
};

static size_t answer(uint8_t *buf, size_t cap, struct peer_keys *keys, const struct server_case *c)
{
    uint16_t suites[SUITES_MAX], groups[GROUPS_MAX];
    size_t num_suites = suite_all_legacy(suites);
    size_t num_groups = group_select(groups, 0, GROUP_EXPLICIT);
    struct crafted_hello h =
        hello_of(c->version, c->suites != NULL ? c->suites : suites,
                 c->suites != NULL ? c->num_suites : num_suites,
                 c->groups != NULL ? c->groups : groups,
                 c->groups != NULL ? c->num_groups : num_groups);
    SSL_CTX *ctx = peer_context_new(keys, &c->peer);
    struct outbuf out;
    struct peer peer;
    h.version_min = c->version_min;
    h.host = "mx.example.com";
    h.fallback = c->fallback;
    h.compression = c->compression;
    h.padded_len = c->padded_len;
    outbuf_init(&out);
    assert_true(crafted_hello_write(&out, &h));
    peer_init(&peer, ctx);
    peer_receive(&peer, out.data, out.len);
    size_t len = peer_take(&peer, buf, cap);
    peer_cleanup(&peer);
    SSL_CTX_free(ctx);
    outbuf_cleanup(&out);
    return len;
}

static void assert_answer(const struct server_case *c, const struct flight *f)
{
    if (f->kind != c->kind || f->alert_number != c->want_alert)
        fail_msg("%s: %s, alert %u", c->what, flight_kind_slug(f->kind), f->alert_number);
    assert_int_equal(f->version, c->want_version);
    if (c->suites != NULL || f->version == 0) {   /* else whatever it likes */
        assert_int_equal(f->suite, c->want_suite);
        assert_int_equal(f->group, c->want_group);
        assert_int_equal(f->sigscheme, c->want_sigscheme);
    }
    assert_int_equal(f->complete, c->kind != FLIGHT_ALERT);
    assert_int_equal(f->compression, 0);
    if (f->kind == FLIGHT_SERVER_HELLO)
        assert_true(f->ems && f->secure_renegotiation && f->ticket);
    bool can_more = c->peer.version == 0 && c->kind == FLIGHT_SERVER_HELLO;
    assert_int_equal(f->downgrade_11, can_more && c->version < 0x0303);
    assert_int_equal(f->downgrade_12, can_more && c->version == 0x0303);
}

static void test_boringssl(void **state)
{
    (void)state;
    static uint8_t buf[200000];
    struct peer_keys keys;
    struct flight f;
    peer_keys_init(&keys);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t len = answer(buf, sizeof buf, &keys, &cases[i]);
        flight_init(&f, cases[i].version);
        if (flight_feed(&f, buf, len) != FLIGHT_DONE)
            fail_msg("%s: %s after %zu octets", cases[i].what, flight_kind_slug(f.kind), len);
        assert_answer(&cases[i], &f);
    }
    peer_keys_cleanup(&keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ssl2),    cmocka_unit_test(test_ssl3),
        cmocka_unit_test(test_tls10),   cmocka_unit_test(test_tls11),
        cmocka_unit_test(test_tls12),   cmocka_unit_test(test_tls13),
        cmocka_unit_test(test_padding), cmocka_unit_test(test_no_silent_lengths),
        cmocka_unit_test(test_longest), cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_boringssl),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
