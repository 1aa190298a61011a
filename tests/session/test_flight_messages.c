/* flight: answers that no server at hand gives, written by hand from the RFCs: SSLv2 and SSLv3,
 * export keys, explicit curves, alerts, what breaks the protocol, and the bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/suite_class.h"
#include "scanner/session/flight.h"
#include "tests/session/hex.h"

struct stream {
    uint8_t data[2 * FLIGHT_LEN_MAX];
    size_t len;
};

static void put(struct stream *s, const void *data, size_t len)
{
    assert_true(s->len + len <= sizeof s->data);
    memcpy(s->data + s->len, data, len);
    s->len += len;
}

static void put_record(struct stream *s, uint8_t type, const void *data, size_t len)
{
    const uint8_t header[] = {type, 3, 1, (uint8_t)(len >> 8), (uint8_t)len};
    put(s, header, sizeof header);
    put(s, data, len);
}

/* a message in a record of its own */
static void put_message(struct stream *s, uint8_t type, const char *body_hex)
{
    uint8_t message[9000];
    size_t len = hex_decode(message + 4, sizeof message - 4, body_hex);
    message[0] = type;
    message[1] = 0;
    message[2] = (uint8_t)(len >> 8);
    message[3] = (uint8_t)len;
    put_record(s, 22, message, 4 + len);
}

/* octet by octet; ended, if it is not done */
static void read_stream(struct flight *f, uint16_t offered, const struct stream *s)
{
    flight_init(f, offered);
    for (size_t i = 0; i < s->len; i++)
        if (flight_feed(f, s->data + i, 1) == FLIGHT_DONE)
            return;
    flight_end(f);
}

#define RANDOM "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"
#define RETRY_RANDOM "cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c"
#define CERTIFICATE "000005" "0000020001"

/* ---- what a flight of some messages comes to ---- */

struct messages_case {
    const char *what;
    const char *hello, *exchange;   /* bodies; NULL: no such message */
    bool done;                      /* a ServerHelloDone behind them */
    enum flight_kind kind;
    bool complete;
    uint16_t version, suite, group, sigscheme;
    uint8_t curve_type;
    uint16_t dh_bits, rsa_bits;
};
#define NO_MORE 0, 0, 0, 0, 0

/* curve a, b, base, order, cofactor */
#define CURVE "0111" "0122" "03041122" "0133" "0101"
#define POINT "03040506"
#define RSA_512                                                                          \
    "0040" "80000000000000000000000000000000000000000000000000000000000000000000000000000000" \
    "000000000000000000000000000000000000000000000001" "0003" "010001"

static const struct messages_case messages[] = {
    {"SSLv3, RSA", "0300" RANDOM "00" "000a" "00", NULL, true, FLIGHT_SERVER_HELLO, true, 0x0300,
     0x000a, NO_MORE},
    {"SSLv3, anonymous export", "0300" RANDOM "00" "0017" "00", "00020201" "000102" "000103", true,
     FLIGHT_SERVER_HELLO, true, 0x0300, 0x0017, 0, 0, 0, 10, 0},
    {"SSLv3, DHE, signed", "0300" RANDOM "00" "0016" "00", "0003000b01" "000102" "000103" "0001aa",
     true, FLIGHT_SERVER_HELLO, true, 0x0300, 0x0016, 0, 0, 0, 12, 0},
    {"export RSA with a key for it", "0301" RANDOM "00" "0003" "00", RSA_512 "0001aa", true,
     FLIGHT_SERVER_HELLO, true, 0x0301, 0x0003, 0, 0, 0, 0, 512},
    {"export RSA whose certificate is small enough", "0301" RANDOM "00" "0003" "00", NULL, true,
     FLIGHT_SERVER_HELLO, true, 0x0301, 0x0003, NO_MORE},
    {"RSA with a key that none asked for", "0303" RANDOM "00" "002f" "00", RSA_512 "0401" "0001aa",
     true, FLIGHT_SERVER_HELLO, true, 0x0303, 0x002f, 0, 0x0401, 0, 0, 512},
    {"an explicit prime curve", "0303" RANDOM "00" "c02f" "00",
     "01" "0107" CURVE POINT "0401" "0001aa", true, FLIGHT_SERVER_HELLO, true, 0x0303, 0xc02f, 0,
     0x0401, FLIGHT_CURVE_PRIME, 0, 0},
    {"an explicit curve, trinomial", "0301" RANDOM "00" "c013" "00",
     "02" "0017" "01" "0103" CURVE POINT "0001aa", true, FLIGHT_SERVER_HELLO, true, 0x0301, 0xc013,
     0, 0, FLIGHT_CURVE_CHAR2, 0, 0},
    {"an explicit curve, pentanomial", "0303" RANDOM "00" "c018" "00",
     "02" "0017" "02" "0103" "0102" "0101" CURVE POINT, true, FLIGHT_SERVER_HELLO, true, 0x0303,
     0xc018, 0, 0, FLIGHT_CURVE_CHAR2, 0, 0},
    {"a suite that has no name", "0303" RANDOM "00" "eeee" "00", "ff", true, FLIGHT_SERVER_HELLO,
     true, 0x0303, 0xeeee, NO_MORE},
    {"PSK with a hint", "0303" RANDOM "00" "008c" "00", "0004deadbeef", true, FLIGHT_SERVER_HELLO,
     true, 0x0303, 0x008c, NO_MORE},
    {"a ServerHello of 1.3", "0303" RANDOM "00" "1301" "00" "000e" "002b0002" "0304"
     "00330004" "001d0000", NULL, false, FLIGHT_SERVER_HELLO, true, 0x0304, 0x1301, 29, 0, 0, 0, 0},
    {"a retry that asks for no group", "0303" RETRY_RANDOM "00" "1301" "00" "0006" "002b0002" "0304",
     NULL, false, FLIGHT_RETRY, true, 0x0304, 0x1301, NO_MORE},
    {"a draft of 1.3", "0303" RANDOM "00" "1301" "00" "0006" "002b0002" "7f1c", NULL, true,
     FLIGHT_MALFORMED, false, 0, 0, NO_MORE},
    {"silence behind the hello", "0303" RANDOM "00" "c02f" "00", NULL, false, FLIGHT_SERVER_HELLO,
     false, 0x0303, 0xc02f, NO_MORE},

    {"a retry in 1.2", "0303" RETRY_RANDOM "00" "1301" "00", NULL, true, FLIGHT_MALFORMED, false, 0,
     0, NO_MORE},
    {"DHE without its keys", "0303" RANDOM "00" "0033" "00", NULL, true, FLIGHT_MALFORMED, false,
     0x0303, 0x0033, NO_MORE},
    {"ECDHE without its keys", "0303" RANDOM "00" "c02f" "00", NULL, true, FLIGHT_MALFORMED, false,
     0x0303, 0xc02f, NO_MORE},
    {"version 2.0", "0200" RANDOM "00" "002f" "00", NULL, true, FLIGHT_MALFORMED, false, 0, 0,
     NO_MORE},
    {"a session id of 33 octets", "0303" RANDOM "21" RANDOM "00" "002f" "00", NULL, true,
     FLIGHT_MALFORMED, false, 0, 0, NO_MORE},
    {"a hello cut short", "0303" RANDOM "00" "002f", NULL, true, FLIGHT_MALFORMED, false, 0, 0,
     NO_MORE},
    {"an empty hello", "", NULL, true, FLIGHT_MALFORMED, false, 0, 0, NO_MORE},
    {"octets behind the extensions", "0303" RANDOM "00" "002f" "00" "0000" "00", NULL, true,
     FLIGHT_MALFORMED, false, 0, 0, NO_MORE},
    {"an extension cut short", "0303" RANDOM "00" "002f" "00" "0005" "00170001" "", NULL, true,
     FLIGHT_MALFORMED, false, 0, 0, NO_MORE},
    {"supported_versions of one octet", "0303" RANDOM "00" "1301" "00" "0005" "002b0001" "03", NULL,
     true, FLIGHT_MALFORMED, false, 0, 0, NO_MORE},
    {"a prime of zeros", "0301" RANDOM "00" "0033" "00", "00020000" "000102" "000103" "0001aa", true,
     FLIGHT_MALFORMED, false, 0x0301, 0x0033, NO_MORE},
    {"no public value", "0301" RANDOM "00" "0033" "00", "00020201" "000102" "0000" "0001aa", true,
     FLIGHT_MALFORMED, false, 0x0301, 0x0033, NO_MORE},
    {"no signature", "0301" RANDOM "00" "0033" "00", "00020201" "000102" "000103", true,
     FLIGHT_MALFORMED, false, 0x0301, 0x0033, NO_MORE},
    {"octets behind the signature", "0301" RANDOM "00" "0033" "00",
     "00020201" "000102" "000103" "0001aa" "00", true, FLIGHT_MALFORMED, false, 0x0301, 0x0033,
     NO_MORE},
    {"a curve of type 4", "0303" RANDOM "00" "c02f" "00", "04" "0017" POINT "0401" "0001aa", true,
     FLIGHT_MALFORMED, false, 0x0303, 0xc02f, NO_MORE},
    {"a basis of type 3", "0303" RANDOM "00" "c02f" "00",
     "02" "0017" "03" "0103" CURVE POINT "0401" "0001aa", true, FLIGHT_MALFORMED, false, 0x0303,
     0xc02f, NO_MORE},
    {"no point", "0303" RANDOM "00" "c02f" "00", "03" "0017" "00" "0401" "0001aa", true,
     FLIGHT_MALFORMED, false, 0x0303, 0xc02f, NO_MORE},
    {"no hint where one must be", "0303" RANDOM "00" "c035" "00", "00", true, FLIGHT_MALFORMED,
     false, 0x0303, 0xc035, NO_MORE},
};

static void assert_message(const struct messages_case *c, const struct flight *f)
{
    if (f->kind != c->kind || f->complete != c->complete)
        fail_msg("%s: %s, complete %d", c->what, flight_kind_slug(f->kind), f->complete);
    assert_int_equal(f->version, c->version);
    assert_int_equal(f->suite, c->suite);
    assert_int_equal(f->group, c->group);
    assert_int_equal(f->sigscheme, c->sigscheme);
    assert_int_equal(f->curve_type, c->curve_type);
    assert_int_equal(f->dh_bits, c->dh_bits);
    assert_int_equal(f->dh_prime, c->dh_bits != 0 ? DH_PRIME_OWN : DH_PRIME_NONE);
    assert_int_equal(f->rsa_bits, c->rsa_bits);
}

static void test_messages(void **state)
{
    (void)state;
    static struct stream s;
    struct flight f;
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        const struct messages_case *c = &messages[i];
        s.len = 0;
        put_message(&s, 0, "");   /* HelloRequest: to be ignored */
        put_message(&s, 2, c->hello);
        if (c->done) {
            put_message(&s, 11, CERTIFICATE);
            put_message(&s, 22, "01000000");
        }
        if (c->exchange != NULL)
            put_message(&s, 12, c->exchange);
        if (c->done) {
            put_message(&s, 13, "010100");
            put_message(&s, 14, "");
        }
        read_stream(&f, 0x0303, &s);
        assert_message(c, &f);
    }
}

/* ---- raw streams ---- */

#define HELLO_12 "16030300" "2a" "02000026" "0303" RANDOM "00" "002f" "00"
#define CIPHERS "010080" "0700c0" "060040" "aabbcc"

struct raw_case {
    const char *what;
    uint16_t offered;
    const char *hex;
    enum flight_kind kind;
    uint8_t alert_level, alert_number;
    uint16_t version, ssl2_kinds, ssl2_error;
};

static const struct raw_case raw[] = {
    {"nothing", 0x0303, "", FLIGHT_NOTHING, 0, 0, 0, 0, 0},
    {"half a header", 0x0303, "160303", FLIGHT_NOTHING, 0, 0, 0, 0, 0},
    {"half an alert", 0x0303, "1503030002" "02", FLIGHT_NOTHING, 0, 0, 0, 0, 0},
    {"a fatal alert", 0x0303, "1503030002" "0228", FLIGHT_ALERT, 2, 40, 0, 0, 0},
    {"a fatal alert in two records", 0x0303, "1503030001" "02" "1503030001" "46", FLIGHT_ALERT, 2,
     70, 0, 0, 0},
    {"a warning and no more", 0x0303, "1503030002" "0170", FLIGHT_ALERT, 1, 112, 0, 0, 0},
    {"close_notify", 0x0303, "1503030002" "0100", FLIGHT_ALERT, 1, 0, 0, 0, 0},
    {"a warning, then a fatal alert", 0x0303, "1503030004" "0170" "0228", FLIGHT_ALERT, 2, 40, 0, 0,
     0},
    {"a warning, then a hello", 0x0303, "1503030002" "0170" HELLO_12, FLIGHT_SERVER_HELLO, 1, 112,
     0x0303, 0, 0},
    {"a hello, then a fatal alert", 0x0303, HELLO_12 "1503030002" "0250", FLIGHT_ALERT, 2, 80, 0x0303,
     0, 0},
    {"an alert of level 3", 0x0303, "1503030002" "0328", FLIGHT_MALFORMED, 0, 0, 0, 0, 0},
    {"nine warnings", 0x0303, "1503030012" "015a" "015a" "015a" "015a" "015a" "015a" "015a" "015a"
     "015a", FLIGHT_TOO_LONG, 1, 90, 0, 0, 0},
    {"empty records, then a hello", 0x0303, "1603030000" "1503030000" HELLO_12, FLIGHT_SERVER_HELLO,
     0, 0, 0x0303, 0, 0},

    {"SMTP", 0x0303, "35303320", FLIGHT_NOT_TLS, 0, 0, 0, 0, 0},
    {"SMTP to SSLv2", 0x0002, "35303320", FLIGHT_NOT_TLS, 0, 0, 0, 0, 0},
    {"a type of record, but no version", 0x0303, "1602", FLIGHT_NOT_TLS, 0, 0, 0, 0, 0},
    {"a heartbeat", 0x0303, "18", FLIGHT_NOT_TLS, 0, 0, 0, 0, 0},
    {"SSLv2 that was not offered", 0x0303, "8005" "00" "0001", FLIGHT_NOT_TLS, 0, 0, 0, 0, 0},
    {"text behind an alert", 0x0303, "1503030002" "0170" "32", FLIGHT_MALFORMED, 1, 112, 0, 0, 0},
    {"no version behind a record", 0x0303, "1603030000" "1602", FLIGHT_MALFORMED, 0, 0, 0, 0, 0},
    {"ChangeCipherSpec first", 0x0303, "1403030001" "01", FLIGHT_MALFORMED, 0, 0, 0, 0, 0},
    {"data first", 0x0303, "1703030001" "01", FLIGHT_MALFORMED, 0, 0, 0, 0, 0},
    {"data behind the hello", 0x0303, HELLO_12 "17", FLIGHT_MALFORMED, 0, 0, 0x0303, 0, 0},
    {"a record of 16385 octets", 0x0303, "1603034001", FLIGHT_MALFORMED, 0, 0, 0, 0, 0},
    {"Certificate first", 0x0303, "1603030004" "0b000003", FLIGHT_MALFORMED, 0, 0, 0, 0, 0},
    {"ServerHelloDone first", 0x0303, "1603030004" "0e000000", FLIGHT_MALFORMED, 0, 0, 0, 0, 0},
    {"ServerHelloDone with a body", 0x0303, HELLO_12 "1603030004" "0e000001", FLIGHT_MALFORMED, 0, 0,
     0x0303, 0, 0},
    {"two hellos", 0x0303, HELLO_12 HELLO_12, FLIGHT_MALFORMED, 0, 0, 0x0303, 0, 0},
    {"Finished", 0x0303, HELLO_12 "1603030004" "14000000", FLIGHT_MALFORMED, 0, 0, 0x0303, 0, 0},
    {"HelloRequest with a body", 0x0303, "1603030004" "00000001", FLIGHT_MALFORMED, 0, 0, 0, 0, 0},
    {"a hello of 16 MB", 0x0303, "1603030004" "02ffffff", FLIGHT_TOO_LONG, 0, 0, 0, 0, 0},
    {"a hello of 8193 octets", 0x0303, "1603030004" "02002001", FLIGHT_TOO_LONG, 0, 0, 0, 0, 0},
    {"a chain of 131073 octets", 0x0303, HELLO_12 "1603030004" "0b020001", FLIGHT_TOO_LONG, 0, 0,
     0x0303, 0, 0},

    {"SSLv2", 0x0002, "801b" "04" "00" "01" "0002" "0004" "000c" "0000" "deadbeef" CIPHERS,
     FLIGHT_SSL2, 0, 0, 0x0002, 1 << 5 | 1 << 8 | 1 << 2, 0},
    {"SSLv2 with a connection id to come", 0x0002,
     "801b" "04" "00" "01" "0002" "0000" "0003" "000d" "020080", FLIGHT_SSL2, 0, 0, 0x0002, 1, 0},
    {"SSLv2 with no cipher in common", 0x0002,
     "800f" "04" "00" "01" "0002" "0004" "0000" "0000", FLIGHT_SSL2, 0, 0, 0x0002, 0, 0},
    {"an SSLv2 error", 0x0002, "8003" "00" "0001", FLIGHT_ALERT, 0, 0, 0, 0, 1},
    {"TLS to an SSLv2 hello", 0x0002, "1503010002" "0246", FLIGHT_ALERT, 2, 70, 0, 0, 0},
    {"SSLv2, cut short", 0x0002, "801b" "04" "00" "01" "0002" "0004" "000c" "0000" "dead",
     FLIGHT_SSL2, 0, 0, 0x0002, 0, 0},
    {"SSLv2 of another version", 0x0002, "800b" "04" "00" "01" "0300" "0000" "0000" "0000",
     FLIGHT_MALFORMED, 0, 0, 0, 0, 0},
    {"SSLv2, lengths that do not add up", 0x0002, "800c" "04" "00" "01" "0002" "0000" "0000" "0000",
     FLIGHT_MALFORMED, 0, 0, 0, 0, 0},
    {"SSLv2, half a cipher", 0x0002, "800f" "04" "00" "01" "0002" "0000" "0004" "0000",
     FLIGHT_MALFORMED, 0, 0, 0, 0, 0},
    {"octets above 127", 0x0002, "c3a4c3b6c3bc", FLIGHT_NOT_TLS, 0, 0, 0, 0, 0},
};

static void test_raw(void **state)
{
    (void)state;
    static struct stream s;
    struct flight f;
    for (size_t i = 0; i < sizeof raw / sizeof raw[0]; i++) {
        const struct raw_case *c = &raw[i];
        s.len = hex_decode(s.data, sizeof s.data, c->hex);
        read_stream(&f, c->offered, &s);
        if (f.kind != c->kind)
            fail_msg("%s: %s", c->what, flight_kind_slug(f.kind));
        assert_int_equal(f.alert_level, c->alert_level);
        assert_int_equal(f.alert_number, c->alert_number);
        assert_int_equal(f.version, c->version);
        assert_int_equal(f.ssl2_kinds, c->ssl2_kinds);
        assert_int_equal(f.ssl2_error, c->ssl2_error);
        assert_int_equal(f.complete, c->kind == FLIGHT_SSL2 && strstr(c->what, "short") == NULL);
    }
}

/* every kind has a bit, and the bit its place in the table */
static void test_ssl2_kinds(void **state)
{
    (void)state;
    static const struct {
        unsigned bit;
        uint32_t code;
    } kinds[] = {
#define X(bit, code, name) {bit, code},
        SSL2_KINDS(X)
#undef X
    };
    static struct stream s;
    struct flight f;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        s.len = hex_decode(s.data, sizeof s.data, "800e" "04" "00" "01" "0002" "0000" "0003" "0000");
        const uint8_t code[] = {(uint8_t)(kinds[i].code >> 16), (uint8_t)(kinds[i].code >> 8),
                                (uint8_t)kinds[i].code};
        put(&s, code, sizeof code);
        read_stream(&f, 0x0002, &s);
        assert_int_equal(f.kind, FLIGHT_SSL2);
        assert_int_equal(f.ssl2_kinds, 1U << kinds[i].bit);
    }
}

/* ---- bounds ---- */

static void test_bounds(void **state)
{
    (void)state;
    static struct stream s;
    static const uint8_t zeros[16384];
    struct flight f;

    s.len = 0;   /* a hello in as many records as may be, and in one more */
    for (int i = 0; i < FLIGHT_RECORDS_MAX; i++)
        put_record(&s, 22, "", 0);
    read_stream(&f, 0x0303, &s);
    assert_int_equal(f.kind, FLIGHT_NOTHING);
    put_record(&s, 22, "", 0);
    read_stream(&f, 0x0303, &s);
    assert_int_equal(f.kind, FLIGHT_TOO_LONG);

    s.len = 0;   /* HelloRequests without end */
    while (s.len < FLIGHT_LEN_MAX)
        put_record(&s, 22, zeros, sizeof zeros);
    read_stream(&f, 0x0303, &s);
    assert_int_equal(f.kind, FLIGHT_TOO_LONG);
    assert_int_equal(f.len, FLIGHT_LEN_MAX + 1);

    s.len = 0;   /* a chain as long as one may be, which with its hello is too long */
    put_message(&s, 2, "0303" RANDOM "00" "002f" "00");
    put_record(&s, 22, "\x0b\x02\x00\x00", 4);
    while (s.len < FLIGHT_LEN_MAX)
        put_record(&s, 22, zeros, sizeof zeros);
    read_stream(&f, 0x0303, &s);
    assert_int_equal(f.kind, FLIGHT_TOO_LONG);
    assert_int_equal(f.version, 0x0303);
}

static void test_many_extensions(void **state)
{
    (void)state;
    static struct stream s;
    struct flight f;
    uint8_t message[4 + 38 + 2 + 40 * 4] = {2, 0, 0, sizeof message - 4, 3, 3};
    message[40] = 0x2f;                      /* suite 0x002f, behind an empty session id */
    message[43] = 40 * 4;                    /* length of the extensions */
    for (size_t i = 0; i < 40; i++)
        message[44 + 4 * i + 1] = (uint8_t)(100 + i);
    s.len = 0;
    put_record(&s, 22, message, sizeof message);
    read_stream(&f, 0x0303, &s);
    assert_int_equal(f.kind, FLIGHT_SERVER_HELLO);
    assert_int_equal(f.suite, 0x002f);
    assert_int_equal(f.num_exts, FLIGHT_EXTS_MAX);
    for (size_t i = 0; i < FLIGHT_EXTS_MAX; i++)
        assert_int_equal(f.exts[i], 100 + i);
}

static void test_end_twice(void **state)
{
    (void)state;
    struct flight f;
    flight_init(&f, 0x0303);
    flight_feed(&f, (const uint8_t *)"\x15\x03\x01\x00\x02\x01\x00", 7);
    flight_end(&f);
    flight_end(&f);
    assert_int_equal(f.kind, FLIGHT_ALERT);
    assert_int_equal(flight_feed(&f, (const uint8_t *)"\x16", 1), FLIGHT_DONE);
    flight_init(&f, 0x0303);
    assert_int_equal(flight_feed(&f, NULL, 0), FLIGHT_MORE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages),        cmocka_unit_test(test_raw),
        cmocka_unit_test(test_ssl2_kinds),      cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_many_extensions), cmocka_unit_test(test_end_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
