/* flight: what OpenSSL 3.0 and GnuTLS 3.7 said to crafted hellos (tests/data/flights), whole, cut
 * at each point, truncated at each octet, and in records of other sizes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "scanner/session/flight.h"
#include "tests/session/hex.h"

struct recorded {
    const char *name;
    enum flight_kind kind;
    uint16_t version, suite, group, sigscheme;
    uint16_t dh_bits;
    enum dh_prime dh_prime;
    uint8_t alert;
    unsigned downgrade;   /* 12, 11 or 0 */
};
#define HELLO(name, version, suite, group, scheme) \
    {name, FLIGHT_SERVER_HELLO, version, suite, group, scheme, 0, DH_PRIME_NONE, 0, 0}
#define HELLO_DOWN(name, version, suite, group, scheme, down) \
    {name, FLIGHT_SERVER_HELLO, version, suite, group, scheme, 0, DH_PRIME_NONE, 0, down}
#define HELLO_DH(name, version, suite, group, scheme, bits, prime, down) \
    {name, FLIGHT_SERVER_HELLO, version, suite, group, scheme, bits, DH_PRIME_##prime, 0, down}
#define RETRY(name, suite, group) \
    {name, FLIGHT_RETRY, 0x0304, suite, group, 0, 0, DH_PRIME_NONE, 0, 0}
#define ALERT(name, number) {name, FLIGHT_ALERT, 0, 0, 0, 0, 0, DH_PRIME_NONE, number, 0}

static const struct recorded recorded[] = {
    HELLO("openssl-12-ecdhe-x25519", 0x0303, 0xc02f, 29, 0x0804),
    HELLO("openssl-12-ecdhe-p256", 0x0303, 0xc02f, 23, 0x0804),
    HELLO("openssl-12-ecdhe-ecdsa-x448", 0x0303, 0xc02b, 30, 0x0403),
    HELLO("openssl-12-ecdhe-sect283k1", 0x0303, 0xc02f, 9, 0x0804),
    HELLO("openssl-12-brainpool", 0x0303, 0xc009, 26, 0x0403),
    HELLO("openssl-12-ed25519", 0x0303, 0xc02b, 29, 0x0807),
    HELLO_DH("openssl-12-dhe-2048-postfix", 0x0303, 0x009e, 0, 0x0804, 2048, POSTFIX_37_2048, 0),
    HELLO_DH("openssl-12-dhe-1024-mod-ssl", 0x0303, 0x009e, 0, 0x0804, 1024, MOD_SSL_22_1024, 0),
    HELLO_DH("openssl-12-dhe-auto", 0x0303, 0x009e, 0, 0x0804, 2048, MODP2048, 0),
    HELLO_DH("openssl-12-dhe-dss", 0x0303, 0x0032, 0, 0x0602, 2048, MODP2048, 0),
    HELLO("openssl-12-rsa", 0x0303, 0x009c, 0, 0),
    HELLO_DH("openssl-12-anon-dh", 0x0303, 0x00a6, 0, 0, 1024, MODP1024, 0),
    HELLO("openssl-12-anon-ecdh", 0x0303, 0xc018, 23, 0),
    HELLO("openssl-12-null-rsa", 0x0303, 0x003b, 0, 0),
    HELLO_DH("openssl-12-psk-dhe", 0x0303, 0x00aa, 0, 0, 1024, MODP1024, 0),
    HELLO("openssl-12-psk-ecdhe", 0x0303, 0xc035, 23, 0),
    HELLO("openssl-12-psk", 0x0303, 0x00a8, 0, 0),
    HELLO_DH("openssl-10-dhe", 0x0301, 0x0033, 0, 0, 2048, MODP2048, 0),
    HELLO("openssl-10-ecdhe", 0x0301, 0xc013, 23, 0),
    HELLO("openssl-11-rsa", 0x0302, 0x002f, 0, 0),
    HELLO("openssl-12-ask-cert", 0x0303, 0xc02f, 23, 0x0804),
    HELLO_DOWN("openssl-12-of-13-sentinel", 0x0303, 0xc02f, 29, 0x0804, 12),
    HELLO_DOWN("openssl-11-of-13-sentinel", 0x0302, 0x002f, 0, 0, 11),
    RETRY("openssl-13-retry-x25519", 0x1301, 29),
    RETRY("openssl-13-retry-p384", 0x1301, 24),
    ALERT("openssl-13-no-group", 40),
    ALERT("openssl-13-only-to-12", 70),
    ALERT("openssl-ssl3", 40),
    ALERT("openssl-ssl2", 70),
    ALERT("openssl-fallback", 86),
    HELLO_DOWN("gnutls-12-rc4", 0x0303, 0x0005, 0, 0, 12),
    HELLO_DOWN("gnutls-10-rc4-md5", 0x0301, 0x0004, 0, 0, 11),
    HELLO_DOWN("gnutls-12-3des", 0x0303, 0x000a, 0, 0, 12),
    HELLO_DOWN("gnutls-12-ecdhe-rc4", 0x0303, 0xc011, 23, 0x0804, 12),
    HELLO("gnutls-12-null", 0x0303, 0x0002, 0, 0),
    HELLO_DH("gnutls-12-anon-dh-rc4", 0x0301, 0x0018, 256, 0, 2048, FFDHE2048, 11),
    HELLO_DOWN("gnutls-12-anon-ecdh", 0x0303, 0xc018, 23, 0, 12),
    HELLO_DH("gnutls-12-dhe-ffdhe3072", 0x0303, 0x009e, 257, 0x0804, 3072, FFDHE3072, 12),
    HELLO_DH("gnutls-12-dhe-default", 0x0303, 0x009e, 256, 0x0804, 2048, FFDHE2048, 12),
    HELLO_DOWN("gnutls-12-secp192r1", 0x0303, 0xc02f, 19, 0x0804, 12),
    RETRY("gnutls-13-retry-ffdhe2048", 0x1301, 256),
    RETRY("gnutls-13-retry", 0x1301, 23),
    ALERT("gnutls-ssl2", 70),
};
enum { NUM_RECORDED = sizeof recorded / sizeof recorded[0], CAP = 8192 };

static size_t load(uint8_t *out, const struct recorded *r)
{
    char name[128];
    snprintf(name, sizeof name, "flights/%s.hex", r->name);
    return hex_read(out, CAP, name);
}

static uint16_t offered(const struct recorded *r)
{
    return strstr(r->name, "ssl2") != NULL ? 0x0002 : 0x0304;
}

static bool has_ext(const struct flight *f, uint16_t type)
{
    for (size_t i = 0; i < f->num_exts; i++)
        if (f->exts[i] == type)
            return true;
    return false;
}

static void assert_recorded(const struct recorded *r, const struct flight *f)
{
    if (f->kind != r->kind)
        fail_msg("%s: %s", r->name, flight_kind_slug(f->kind));
    assert_int_equal(f->complete, r->kind != FLIGHT_ALERT);
    assert_int_equal(f->version, r->version);
    assert_int_equal(f->suite, r->suite);
    assert_int_equal(f->group, r->group);
    assert_int_equal(f->sigscheme, r->sigscheme);
    assert_int_equal(f->dh_bits, r->dh_bits);
    assert_int_equal(f->dh_prime, r->dh_prime);
    assert_int_equal(f->curve_type, r->kind == FLIGHT_SERVER_HELLO && r->group != 0 &&
                                            r->dh_bits == 0 ? FLIGHT_CURVE_NAMED : 0);
    assert_int_equal(f->alert_level, r->kind == FLIGHT_ALERT ? 2 : 0);
    assert_int_equal(f->alert_number, r->alert);
    assert_int_equal(f->downgrade_12, r->downgrade == 12);
    assert_int_equal(f->downgrade_11, r->downgrade == 11);
    bool below_13 = r->kind == FLIGHT_SERVER_HELLO;   /* all of them have these */
    assert_true(f->ems == below_13 && f->ticket == below_13 && f->secure_renegotiation == below_13);
    assert_true(has_ext(f, 23) == below_13 && has_ext(f, 35) == below_13);
    assert_int_equal(has_ext(f, 0xff01), below_13);
    assert_int_equal(has_ext(f, 43), r->kind == FLIGHT_RETRY);
    assert_int_equal(has_ext(f, 51), r->kind == FLIGHT_RETRY);
}

static void assert_same(const struct flight *a, const struct flight *b)
{
    assert_memory_equal(a, b, offsetof(struct flight, offered));
}

static void test_whole(void **state)
{
    (void)state;
    uint8_t in[CAP];
    struct flight f;
    for (size_t i = 0; i < NUM_RECORDED; i++) {
        size_t len = load(in, &recorded[i]);
        flight_init(&f, offered(&recorded[i]));
        assert_int_equal(flight_feed(&f, in, len), FLIGHT_DONE);
        assert_recorded(&recorded[i], &f);
        assert_int_equal(flight_feed(&f, in, len), FLIGHT_DONE);   /* of no interest */
        flight_end(&f);
        assert_recorded(&recorded[i], &f);
    }
}

static void test_cut(void **state)
{
    (void)state;
    uint8_t in[CAP];
    struct flight whole, cut;
    for (size_t i = 0; i < NUM_RECORDED; i++) {
        size_t len = load(in, &recorded[i]);
        flight_init(&whole, offered(&recorded[i]));
        flight_feed(&whole, in, len);
        for (size_t at = 0; at <= len; at++) {
            flight_init(&cut, offered(&recorded[i]));
            flight_feed(&cut, in, at);
            flight_feed(&cut, in + at, len - at);
            assert_same(&whole, &cut);
        }
        flight_init(&cut, offered(&recorded[i]));
        for (size_t at = 0; at < len; at++)
            flight_feed(&cut, in + at, 1);
        assert_same(&whole, &cut);
    }
}

/* A flight that breaks off is never complete, and says what its messages said so far. */
static void test_truncated(void **state)
{
    (void)state;
    uint8_t in[CAP];
    struct flight f;
    for (size_t i = 0; i < NUM_RECORDED; i++) {
        size_t len = load(in, &recorded[i]), at = 0;
        const struct recorded *r = &recorded[i];
        bool hello = false;
        for (;; at++) {
            flight_init(&f, offered(r));
            enum flight_status status = flight_feed(&f, in, at);
            if (status == FLIGHT_DONE)
                break;
            assert_true(at < len);
            flight_end(&f);
            assert_false(f.complete);
            assert_int_equal(f.alert_level, 0);
            assert_true(f.kind == FLIGHT_NOTHING || f.kind == FLIGHT_SERVER_HELLO);
            assert_int_equal(f.kind == FLIGHT_SERVER_HELLO, f.version != 0);
            assert_true(!hello || f.version == r->version);   /* once known it stays */
            assert_true(f.group == 0 && f.dh_bits == 0 && f.sigscheme == 0);
            hello = f.version != 0;
        }
        assert_recorded(r, &f);
    }
}

/* the same messages in records of at most step octets, or (0) as few as possible */
static size_t cut_records(uint8_t *out, const uint8_t *in, size_t in_len, size_t step)
{
    static uint8_t messages[CAP];
    size_t len = 0, out_len = 0;
    for (size_t at = 0; at + 5 <= in_len;) {
        size_t record = (size_t)in[at + 3] << 8 | in[at + 4];
        memcpy(messages + len, in + at + 5, record);
        len += record;
        at += 5 + record;
    }
    for (size_t at = 0; at < len;) {
        size_t part = step != 0 && len - at > step ? step : len - at;
        const uint8_t header[] = {in[0], in[1], in[2], (uint8_t)(part >> 8), (uint8_t)part};
        memcpy(out + out_len, header, sizeof header);
        memcpy(out + out_len + sizeof header, messages + at, part);
        out_len += sizeof header + part;
        at += part;
    }
    return out_len;
}

static void test_records(void **state)
{
    (void)state;
    static const size_t steps[] = {0, 3, 4, 5, 7, 100, 1000};
    uint8_t in[CAP], out[4 * CAP];
    struct flight whole, other;
    for (size_t i = 0; i < NUM_RECORDED; i++) {
        size_t len = load(in, &recorded[i]);
        flight_init(&whole, offered(&recorded[i]));
        flight_feed(&whole, in, len);
        for (size_t s = 0; s < sizeof steps / sizeof steps[0]; s++) {
            size_t out_len = cut_records(out, in, len, steps[s]);
            flight_init(&other, offered(&recorded[i]));
            assert_int_equal(flight_feed(&other, out, out_len), FLIGHT_DONE);
            assert_same(&whole, &other);
        }
    }
}

/* Each octet changed in turn: no more than that the end is reached is asked. */
static void test_flipped(void **state)
{
    (void)state;
    static const uint8_t flips[] = {0x01, 0x80, 0xff};
    uint8_t in[CAP];
    struct flight f;
    for (size_t i = 0; i < NUM_RECORDED; i++) {
        size_t len = load(in, &recorded[i]);
        for (size_t at = 0; at < len; at++)
            for (size_t k = 0; k < sizeof flips; k++) {
                in[at] ^= flips[k];
                flight_init(&f, offered(&recorded[i]));
                flight_feed(&f, in, len);
                flight_end(&f);
                assert_int_equal(flight_feed(&f, in, len), FLIGHT_DONE);
                assert_non_null(flight_kind_slug(f.kind));
                assert_true(f.num_exts <= FLIGHT_EXTS_MAX);
                in[at] ^= flips[k];
            }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),   cmocka_unit_test(test_cut),
        cmocka_unit_test(test_records), cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_flipped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
