/* rote: hellos by hand, and what they are answered with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/farm/rote_hellos.h"
#include "tools/farm/rote.h"
#include "tools/farm/rote_suites.h"
#include "tools/farm/tls_server.h"
#include "tools/farm/variant.h"

#define SUITES(...)   .suites = {__VA_ARGS__}
#define GROUPS(...)   .groups = {__VA_ARGS__}
#define SHARES(...)   .shares = {__VA_ARGS__}
#define VERSIONS(...) .versions = {__VA_ARGS__}

static const char host[] = "mx.example.com";

static const uint8_t ssl2_hello[] = {
    0x80, 34,   1,    0,    2,    0,    9,   0,    0,    0,   16,       /* header, lengths */
    0x01, 0x00, 0x80, 0x07, 0x00, 0xc0, 0,   0x00, 0x05,                /* kinds */
    'c',  'h',  'a',  'l',  'l',  'e',  'n', 'g',  'e',  ' ', 'o', 'f', /* challenge */
    ' ',  's',  'i',  'x'};

static const struct hello_spec rich = {.version = 0x0303,
                                       SUITES(0x1301, 0xc02f, 0x00ff),
                                       GROUPS(29, 23),
                                       SHARES(29),
                                       VERSIONS(0x0304, 0x0303),
                                       .host = host,
                                       .deflate = true};

/* ---- choosing ---- */

static struct rote_config config_of(const char *spec)
{
    char err[256];
    struct rote_config c;
    if (!rote_config_parse(&c, err, sizeof err, spec))
        fail_msg("%s: %s", spec, err);
    return c;
}

static struct rote_choice choice_of(const char *spec, const struct hello_spec *hello)
{
    static uint8_t message[HELLO_OCTETS_MAX];
    struct rote_config c = config_of(spec);
    struct rote_choice choice;
    struct rote_hello h;
    size_t len = hello_message(message, hello);
    assert_true(rote_hello_read(&h, bytes_of(message, len), false));
    rote_choose(&choice, &c, &h, host);
    return choice;
}

#define ALL "rote:versions=ssl3+tls10+tls11+tls12+tls13"
#define OLD "rote:versions=ssl3+tls10+tls11+tls12"

struct choosing {
    const char *spec;
    struct hello_spec hello;
    uint8_t answer, version_or_alert;
    uint16_t suite, group;
};

static const struct choosing choosings[] = {
    /* versions */
    {OLD,
     {.version = 0x0300, SUITES(0x002f), .plain = true},
     ROTE_ANSWER_HELLO,
     ROTE_SSL3,
     0x2f,
     0},
    {OLD,
     {.version = 0x0301, SUITES(0x002f), .plain = true},
     ROTE_ANSWER_HELLO,
     ROTE_TLS10,
     0x2f,
     0},
    {OLD, {.version = 0x0303, SUITES(0x002f)}, ROTE_ANSWER_HELLO, ROTE_TLS12, 0x2f, 0},
    {OLD, {.version = 0x0399, SUITES(0x002f)}, ROTE_ANSWER_HELLO, ROTE_TLS12, 0x2f, 0},
    {"rote:versions=tls12", {.version = 0x0302, SUITES(0x002f)}, ROTE_ANSWER_REFUSAL, 70, 0, 0},
    {"rote:versions=ssl3",
     {.version = 0x0303, SUITES(0x002f)},
     ROTE_ANSWER_HELLO,
     ROTE_SSL3,
     0x2f,
     0},
    {"rote:versions=tls10+tls12",
     {.version = 0x0302, SUITES(0x002f)},
     ROTE_ANSWER_HELLO,
     ROTE_TLS10,
     0x2f,
     0},
    {ALL,
     {.version = 0x0303, SUITES(0x1301), GROUPS(29), VERSIONS(0x0304)},
     ROTE_ANSWER_RETRY,
     ROTE_TLS13,
     0x1301,
     29},
    {ALL,
     {.version = 0x0303, SUITES(0x1301), GROUPS(29), SHARES(29), VERSIONS(0x0304)},
     ROTE_ANSWER_HELLO,
     ROTE_TLS13,
     0x1301,
     29},
    {ALL,
     {.version = 0x0303, SUITES(0x1301, 0x2f), GROUPS(29), VERSIONS(0x0302, 0x0301)},
     ROTE_ANSWER_HELLO,
     ROTE_TLS11,
     0x2f,
     0},
    {"rote:versions=tls13",
     {.version = 0x0303, SUITES(0x1301), GROUPS(29)},
     ROTE_ANSWER_REFUSAL,
     70,
     0,
     0},
    {"rote:versions=tls13",
     {.version = 0x0303, SUITES(0x1301), VERSIONS(0x0304)},
     ROTE_ANSWER_REFUSAL,
     109,
     0,
     0},
    {"rote:versions=tls12",
     {.version = 0x0303, SUITES(0x1301), GROUPS(29), VERSIONS(0x0304)},
     ROTE_ANSWER_REFUSAL,
     40,
     0,
     0},
    {"rote:versions=ssl2", {.version = 0x0303, SUITES(0x002f)}, ROTE_ANSWER_REFUSAL, 70, 0, 0},
    /* suites, in whose order */
    {OLD ";suites=0x0004+0x000a",
     {.version = 0x0301, SUITES(0x000a, 0x0004)},
     ROTE_ANSWER_HELLO,
     ROTE_TLS10,
     4,
     0},
    {OLD ";suites=0x0004+0x000a;order=client",
     {.version = 0x0301, SUITES(0x000a, 0x0004)},
     ROTE_ANSWER_HELLO,
     ROTE_TLS10,
     0xa,
     0},
    {OLD ";suites=0x0004", {.version = 0x0303, SUITES(0x002f)}, ROTE_ANSWER_REFUSAL, 40, 0, 0},
    {OLD ";suites=0x009c+0x0004",
     {.version = 0x0301, SUITES(0x009c, 0x0004)},
     ROTE_ANSWER_HELLO,
     ROTE_TLS10,
     4,
     0},
    {OLD ";suites.tls10=0x0005",
     {.version = 0x0301, SUITES(0x002f, 0x0005)},
     ROTE_ANSWER_HELLO,
     ROTE_TLS10,
     5,
     0},
    {OLD ";suites.tls10=0x0005",
     {.version = 0x0303, SUITES(0x002f, 0x0005)},
     ROTE_ANSWER_HELLO,
     ROTE_TLS12,
     0x2f,
     0},
    {OLD ";suites=0xc014+0x0035",
     {.version = 0x0300, SUITES(0xc014, 0x0035)},
     ROTE_ANSWER_HELLO,
     ROTE_SSL3,
     0x35,
     0},
    /* groups */
    {OLD,
     {.version = 0x0303, SUITES(0xc02f, 0x002f), GROUPS(24, 23)},
     ROTE_ANSWER_HELLO,
     ROTE_TLS12,
     0xc02f,
     23},
    {OLD ";order=client",
     {.version = 0x0303, SUITES(0xc02f, 0x002f), GROUPS(24, 23)},
     ROTE_ANSWER_HELLO,
     ROTE_TLS12,
     0xc02f,
     24},
    {OLD,
     {.version = 0x0303, SUITES(0xc02f, 0x002f), GROUPS(30)},
     ROTE_ANSWER_HELLO,
     ROTE_TLS12,
     0x2f,
     0},
    {OLD, {.version = 0x0303, SUITES(0xc02f), GROUPS(30)}, ROTE_ANSWER_REFUSAL, 40, 0, 0},
    {OLD, {.version = 0x0303, SUITES(0xc02f)}, ROTE_ANSWER_HELLO, ROTE_TLS12, 0xc02f, 29},
    {OLD ";groups=0x11ec+p256",
     {.version = 0x0303, SUITES(0xc02f), GROUPS(0x11ec, 23)},
     ROTE_ANSWER_HELLO,
     ROTE_TLS12,
     0xc02f,
     23},
    {ALL ";pq",
     {.version = 0x0303, SUITES(0x1301), GROUPS(29, 0x11ec), SHARES(29), VERSIONS(0x0304)},
     ROTE_ANSWER_RETRY,
     ROTE_TLS13,
     0x1301,
     0x11ec},
    {ALL ";pq",
     {.version = 0x0303, SUITES(0x1301), GROUPS(29), SHARES(29), VERSIONS(0x0304)},
     ROTE_ANSWER_HELLO,
     ROTE_TLS13,
     0x1301,
     29},
    {ALL ";groups=ffdhe2048",
     {.version = 0x0303, SUITES(0x1301), GROUPS(256), VERSIONS(0x0304)},
     ROTE_ANSWER_RETRY,
     ROTE_TLS13,
     0x1301,
     256},
    {ALL ";groups=p384",
     {.version = 0x0303, SUITES(0x1301), GROUPS(29, 23), VERSIONS(0x0304)},
     ROTE_ANSWER_REFUSAL,
     40,
     0,
     0},
    /* fallback, names, size, alerts */
    {OLD ";scsv", {.version = 0x0302, SUITES(0x002f, 0x5600)}, ROTE_ANSWER_REFUSAL, 86, 0, 0},
    {OLD ";scsv",
     {.version = 0x0303, SUITES(0x002f, 0x5600)},
     ROTE_ANSWER_HELLO,
     ROTE_TLS12,
     0x2f,
     0},
    {OLD, {.version = 0x0302, SUITES(0x002f, 0x5600)}, ROTE_ANSWER_HELLO, ROTE_TLS11, 0x2f, 0},
    {OLD ";sni=required", {.version = 0x0303, SUITES(0x002f)}, ROTE_ANSWER_REFUSAL, 112, 0, 0},
    {OLD ";sni=required",
     {.version = 0x0303, SUITES(0x002f), .host = "a.example"},
     ROTE_ANSWER_HELLO,
     ROTE_TLS12,
     0x2f,
     0},
    {OLD ";sni=known",
     {.version = 0x0303, SUITES(0x002f), .host = "a.example"},
     ROTE_ANSWER_REFUSAL,
     112,
     0,
     0},
    {OLD ";sni=known",
     {.version = 0x0303, SUITES(0x002f), .host = "MX.example.com"},
     ROTE_ANSWER_HELLO,
     ROTE_TLS12,
     0x2f,
     0},
    {OLD ";sni=known", {.version = 0x0303, SUITES(0x002f)}, ROTE_ANSWER_HELLO, ROTE_TLS12, 0x2f, 0},
    {OLD ";large=alert",
     {.version = 0x0303, SUITES(0x002f), .padding = 1400},
     ROTE_ANSWER_REFUSAL,
     40,
     0,
     0},
    {OLD ";large=alert",
     {.version = 0x0303, SUITES(0x002f), .padding = 1200},
     ROTE_ANSWER_HELLO,
     ROTE_TLS12,
     0x2f,
     0},
    {OLD ";large=alert;limit=300",
     {.version = 0x0303, SUITES(0x002f), .padding = 300},
     ROTE_ANSWER_REFUSAL,
     40,
     0,
     0},
    {OLD ";alert=80", {.version = 0x0303, SUITES(0x0099)}, ROTE_ANSWER_REFUSAL, 80, 0, 0},
};

static void test_choices(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof choosings / sizeof choosings[0]; i++) {
        const struct choosing *want = &choosings[i];
        struct rote_choice got = choice_of(want->spec, &want->hello);
        unsigned number = got.answer == ROTE_ANSWER_REFUSAL ? got.alert : got.version;
        if (got.answer != want->answer || number != want->version_or_alert ||
            got.suite != want->suite || got.group != want->group)
            fail_msg("case %zu, %s: answer %u, version or alert %u, suite %04x, group %04x", i,
                     want->spec, got.answer, number, got.suite, got.group);
    }
}

static void test_manners(void **state)
{
    (void)state;
    static const struct hello_spec large = {.version = 0x0303, SUITES(0x2f), .padding = 1400};
    static const struct hello_spec alien = {.version = 0x0303, SUITES(0x99)};
    assert_int_equal(choice_of(OLD ";large=reset", &large).refusal, ROTE_RESET);
    assert_int_equal(choice_of(OLD ";large=silent", &large).refusal, ROTE_SILENCE);
    assert_int_equal(choice_of(OLD ";large=close;refuse=reset", &large).refusal, ROTE_CLOSE);
    assert_int_equal(choice_of(OLD ";large=reset", &alien).refusal, ROTE_ALERT);
    assert_int_equal(choice_of(OLD ";refuse=close", &alien).refusal, ROTE_CLOSE);
    assert_int_equal(choice_of("rote:versions=ssl2", &alien).refusal, ROTE_CLOSE);
}

static void test_compression_and_names(void **state)
{
    (void)state;
    struct hello_spec h = {.version = 0x0303, SUITES(0x2f), .deflate = true};
    assert_int_equal(choice_of(OLD ";compression", &h).compression, 1);
    assert_int_equal(choice_of(OLD, &h).compression, 0);
    assert_true(choice_of(OLD, &h).own_certificate);
    assert_false(choice_of(OLD ";sni=certificate", &h).own_certificate);
    h.host = host;
    h.deflate = false;
    assert_int_equal(choice_of(OLD ";compression", &h).compression, 0);
    assert_true(choice_of(OLD ";sni=certificate", &h).own_certificate);
}

/* ---- flights ---- */

struct bench {
    struct pki *pki;
    struct sendbuf out;
    struct rote *rote;
};

static const struct behaviour row = {.name = "rote-test", .key = KEY_RSA2048};

static void begin(struct bench *b, const char *spec)
{
    *b = (struct bench){.pki = pki_new(1, 1767225600), .rote = rote_new(spec, host)};
    assert_true(b->pki != NULL && b->rote != NULL);
}

static void end(struct bench *b)
{
    rote_free(b->rote);
    sendbuf_cleanup(&b->out);
    pki_free(b->pki);
}

/* say feeds a hello and writes what answers it */
static enum rote_step say(struct bench *b, const struct hello_spec *hello)
{
    static uint8_t octets[HELLO_OCTETS_MAX];
    size_t len = hello_records(octets, hello);
    enum rote_step step = rote_feed(b->rote, octets, len);
    b->out.len = 0;
    if (step == ROTE_FLIGHT) {
        const struct rote_choice *choice = rote_choice_of(b->rote);
        const struct chain *chain =
            variant_chain(b->pki, &row, addr_v4(0x7f000001), rote_signs_with_ec(choice), true);
        assert_true(rote_write(b->rote, &b->out, chain));
    }
    return step;
}

/* messages strips the headers of handshake records and lists the types of what is in them */
static size_t messages(uint8_t *types, size_t max, uint8_t *body, size_t *body_len, uint8_t wanted,
                       const struct sendbuf *out)
{
    static uint8_t stream[65536];
    size_t len = 0, num = 0;
    for (size_t at = 0; at + 5 <= out->len;) {
        size_t n = (size_t)(out->data[at + 3] << 8 | out->data[at + 4]);
        if (out->data[at] == 22) {
            memcpy(stream + len, out->data + at + 5, n);
            len += n;
        }
        at += 5 + n;
    }
    for (size_t at = 0; at + 4 <= len && num < max; num++) {
        size_t n = (size_t)(stream[at + 1] << 16 | stream[at + 2] << 8 | stream[at + 3]);
        types[num] = stream[at];
        if (types[num] == wanted && body != NULL) {
            memcpy(body, stream + at + 4, n);
            *body_len = n;
        }
        at += 4 + n;
    }
    return num;
}

static void test_flights_of_messages(void **state)
{
    (void)state;
    static const struct {
        const char *spec;
        uint16_t version, suite;
        const char *types; /* in hexadecimal digits: 2 hello, b certificate, c exchange, e done */
        size_t exchange_len;
    } cases[] = {
        {"rote:versions=ssl3;suites=0x0005", 0x0300, 0x0005, "2be", 0},
        {"rote:versions=tls10;suites=0x002f", 0x0301, 0x002f, "2be", 0},
        {"rote:versions=tls10;suites=0x0033;dh=512", 0x0301, 0x0033, "2bce", 66 + 3 + 66 + 258},
        {"rote:versions=tls12;suites=0x0033;dh=1024", 0x0303, 0x0033, "2bce", 130 + 3 + 130 + 260},
        {"rote:versions=tls12;suites=0x0016;dh=ffdhe4096", 0x0303, 0x0016, "2bce",
         514 + 3 + 514 + 260},
        {"rote:versions=tls10;suites=0x0034;dh=768", 0x0301, 0x0034, "2ce", 98 + 3 + 98},
        {"rote:versions=tls12;suites=0xc018", 0x0303, 0xc018, "2ce", 4 + 32},
        {"rote:versions=tls10;suites=0x0003", 0x0301, 0x0003, "2bce", 66 + 5 + 258},
        {"rote:versions=tls10;suites=0x0062", 0x0301, 0x0062, "2bce", 130 + 5 + 258},
        {"rote:versions=tls10;suites=0x0014;dh=2048", 0x0301, 0x0014, "2bce", 66 + 3 + 66 + 258},
        {"rote:versions=tls12;suites=0xc02f;groups=p521", 0x0303, 0xc02f, "2bce", 4 + 133 + 260},
        {"rote:versions=tls12;suites=0xc02b", 0x0303, 0xc02b, "2bce", 4 + 32 + 4 + 70},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bench b;
        struct hello_spec h = {.version = cases[i].version, GROUPS(29, 25)};
        uint8_t types[8], body[8192] = {0};
        size_t body_len = 0;
        h.suites[0] = cases[i].suite;
        begin(&b, cases[i].spec);
        assert_int_equal(say(&b, &h), ROTE_FLIGHT);
        size_t num = messages(types, 8, body, &body_len, 12, &b.out);
        char text[9] = "";
        for (size_t k = 0; k < num; k++)
            text[k] = "0123456789abcdef"[types[k] & 15];
        assert_string_equal(text, cases[i].types);
        assert_int_equal(body_len, cases[i].exchange_len);
        messages(types, 8, body, &body_len, 2, &b.out);
        assert_int_equal(body[0] << 8 | body[1], cases[i].version);
        assert_int_equal(body[35] << 8 | body[36], cases[i].suite); /* no session id */
        end(&b);
    }
}

static void test_retry_and_then(void **state)
{
    (void)state;
    struct bench b;
    struct hello_spec h = {
        .version = 0x0303, SUITES(0x1302), GROUPS(29, 0x11ec), SHARES(29), VERSIONS(0x0304)};
    uint8_t types[4], body[4096];
    size_t len = 0;
    begin(&b, "rote:versions=tls13;pq");
    assert_int_equal(say(&b, &h), ROTE_FLIGHT);
    assert_int_equal(messages(types, 4, body, &len, 2, &b.out), 1);
    assert_memory_equal(body + 2, "\xcf\x21\xad\x74", 4); /* a HelloRetryRequest's random */
    assert_memory_equal(body + len - 2, "\x11\xec", 2);
    assert_memory_equal(body + 34, "\x07session\x13\x02", 10);
    static const uint8_t change[] = {20, 3, 3, 0, 1, 1};
    assert_int_equal(rote_feed(b.rote, change, sizeof change), ROTE_WAIT);
    h.shares[0] = 0x11ec;
    assert_int_equal(say(&b, &h), ROTE_FLIGHT);
    messages(types, 4, body, &len, 2, &b.out);
    assert_memory_equal(body + 2, "a ServerHello by rote", 20);
    assert_true(len > 1120);
    assert_int_equal(b.out.data[b.out.len - 69], 23); /* what nobody can open */
    end(&b);
}

static void test_retry_that_is_not_heeded(void **state)
{
    (void)state;
    struct bench b;
    const struct hello_spec h = {.version = 0x0303, SUITES(0x1302), GROUPS(29), VERSIONS(0x0304)};
    begin(&b, "rote:versions=tls13");
    assert_int_equal(say(&b, &h), ROTE_FLIGHT);
    assert_int_equal(say(&b, &h), ROTE_REFUSE);
    assert_int_equal(rote_choice_of(b.rote)->alert, 47);
    end(&b);
}

static void test_after_the_flight(void **state)
{
    (void)state;
    static const struct {
        const char *octets;
        size_t len;
        enum rote_step step;
    } cases[] = {
        {"\x15\x03\x01\x00\x02\x02\x28", 7, ROTE_END},
        {"\x16\x03\x01\x00\x02\x10\x00", 7, ROTE_GO_ON},
        {"\x14\x03\x01\x00\x01\x01\x15\x03\x01\x00\x02\x02\x28", 13, ROTE_END},
        {"\x14\x03\x01\x00\x01\x01", 6, ROTE_WAIT},
        {"\x15\x03\x01", 3, ROTE_WAIT},
    };
    const struct hello_spec h = {.version = 0x0303, SUITES(0x2f)};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bench b;
        enum rote_step step = ROTE_WAIT;
        begin(&b, OLD);
        assert_int_equal(say(&b, &h), ROTE_FLIGHT);
        for (size_t at = 0; at < cases[i].len && step == ROTE_WAIT; at++)
            step = rote_feed(b.rote, (const uint8_t *)cases[i].octets + at, 1);
        assert_int_equal(step, cases[i].step);
        end(&b);
    }
}

static void test_ssl2_flights(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, "rote:versions=ssl2+tls10;kinds=0x0700c0+0x020080+0x010080");
    assert_int_equal(rote_feed(b.rote, ssl2_hello, sizeof ssl2_hello), ROTE_FLIGHT);
    const struct chain *chain = variant_chain(b.pki, &row, addr_v4(1), false, true);
    assert_true(rote_write(b.rote, &b.out, chain));
    const uint8_t *at = b.out.data;
    size_t leaf_len = (size_t)(at[7] << 8 | at[8]);
    assert_int_equal((at[0] & 0x7f) << 8 | at[1], b.out.len - 2);
    assert_memory_equal(at + 2, "\x04\x00\x01\x00\x02", 5);
    assert_memory_equal(at + 9, "\x00\x06\x00\x10", 4);
    assert_memory_equal(at + 13 + leaf_len, "\x07\x00\xc0\x01\x00\x80", 6); /* that both have */
    end(&b);
    begin(&b, "rote:versions=ssl2;kinds=0x020080");
    assert_int_equal(rote_feed(b.rote, ssl2_hello, sizeof ssl2_hello), ROTE_FLIGHT);
    chain = variant_chain(b.pki, &row, addr_v4(1), false, true);
    assert_true(rote_write(b.rote, &b.out, chain));
    assert_int_equal(b.out.len, 5);
    assert_memory_equal(b.out.data, "\x80\x03\x00\x00\x01", 5);
    end(&b);
    begin(&b, "rote:versions=tls10");
    assert_int_equal(rote_feed(b.rote, ssl2_hello, sizeof ssl2_hello), ROTE_REFUSE);
    end(&b);
}

static void test_split_hellos(void **state)
{
    (void)state;
    static uint8_t octets[HELLO_OCTETS_MAX];
    size_t len = hello_records(octets, &rich);
    struct rote *r = rote_new("rote:versions=tls12;split=reset", host);
    assert_int_equal(rote_feed(r, octets, len), ROTE_FLIGHT);
    rote_free(r);
    r = rote_new("rote:versions=tls12;split=reset", host);
    assert_int_equal(rote_feed(r, octets, len - 1), ROTE_REFUSE);
    assert_int_equal(rote_choice_of(r)->refusal, ROTE_RESET);
    rote_free(r);
    assert_null(rote_new("rote:versions=tls99", host));
}

/* ---- tables ---- */

static void test_suites_are_told_apart(void **state)
{
    (void)state;
    assert_int_equal(rote_suite_kx(0x002f), ROTE_KX_STATIC);
    assert_int_equal(rote_suite_kx(0x0003), ROTE_KX_RSA_EXPORT);
    assert_int_equal(rote_suite_kx(0x0033), ROTE_KX_DHE);
    assert_int_equal(rote_suite_kx(0xccaa), ROTE_KX_DHE);
    assert_int_equal(rote_suite_kx(0x0018), ROTE_KX_DH_ANON);
    assert_int_equal(rote_suite_kx(0xc02b), ROTE_KX_ECDHE_ECDSA);
    assert_int_equal(rote_suite_kx(0xc013), ROTE_KX_ECDHE_RSA);
    assert_int_equal(rote_suite_kx(0xc018), ROTE_KX_ECDH_ANON);
    assert_int_equal(rote_suite_kx(0x1303), ROTE_KX_TLS13);
    assert_true(rote_suite_fits(0x002f, ROTE_SSL3) && rote_suite_fits(0x002f, ROTE_TLS12));
    assert_false(rote_suite_fits(0x002f, ROTE_TLS13) || rote_suite_fits(0x1301, ROTE_TLS12));
    assert_false(rote_suite_fits(0x009c, ROTE_TLS11) || rote_suite_fits(0xc013, ROTE_SSL3));
    assert_true(rote_suite_fits(0xc013, ROTE_TLS10));
}

static void test_primes(void **state)
{
    (void)state;
    static const char *const names[] = {"512",
                                        "768",
                                        "1024",
                                        "1536",
                                        "2048",
                                        "3072",
                                        "4096",
                                        "oakley1-modp768",
                                        "oakley2-modp1024",
                                        "modp1536",
                                        "modp2048",
                                        "ffdhe2048",
                                        "ffdhe3072",
                                        "ffdhe4096"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        uint8_t octets[ROTE_PRIME_MAX];
        const struct rote_prime *p = rote_prime_find(names[i], strlen(names[i]));
        assert_non_null(p);
        assert_int_equal(strlen(p->hex) * 4, p->bits);
        assert_int_equal(rote_prime_octets(octets, p) * 8, p->bits);
        assert_true(octets[0] >= 0x80 && (octets[p->bits / 8 - 1] & 1));
    }
    assert_null(rote_prime_find("640", 3));
    assert_null(rote_prime_find("own", 3));
    assert_null(rote_prime_find("", 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_choices),
        cmocka_unit_test(test_manners),
        cmocka_unit_test(test_compression_and_names),
        cmocka_unit_test(test_flights_of_messages),
        cmocka_unit_test(test_retry_and_then),
        cmocka_unit_test(test_retry_that_is_not_heeded),
        cmocka_unit_test(test_after_the_flight),
        cmocka_unit_test(test_ssl2_flights),
        cmocka_unit_test(test_split_hellos),
        cmocka_unit_test(test_suites_are_told_apart),
        cmocka_unit_test(test_primes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
