/* The dialogue with a TLS server on the other side: what is negotiated, how it ends, what is on the
 * record. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <openssl/nid.h>
#include <openssl/ssl.h>

#include "scanner/session/offer.h"
#include "scanner/session/tls_client.h"
#include "tests/session/dialogue.h"

#define GREETING SAY("220 mx.test ESMTP\r\n")
#define EHLO     SAY("250-mx.test hello\r\n250 STARTTLS\r\n")
#define GO       SAY("220 go\r\n")
#define INSIDE   SAY("250-mx.test\r\n250 SIZE 1000\r\n")
#define BYE      SAY("221 bye\r\n")
#define A16      "aaaaaaaaaaaaaaaa"
#define A256     A16 A16 A16 A16 A16 A16 A16 A16 A16 A16 A16 A16 A16 A16 A16 A16
#define STARTED  GREETING, EHLO, GO, TLS

struct fixture {
    CRYPTO_BUFFER_POOL *pool;
    struct session_config config;
    struct peer_keys keys;
};

static struct fixture *fixture_new(void)
{
    struct fixture *f = calloc(1, sizeof *f);
    peer_keys_init(&f->keys);
    f->pool = CRYPTO_BUFFER_POOL_new();
    f->config.tls = tls_context_new(f->pool);
    f->config.ehlo_name = bytes_text("scanner.test");
    return f;
}

static int setup(void **state)
{
    *state = fixture_new();
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    tls_context_free(f->config.tls);
    CRYPTO_BUFFER_POOL_free(f->pool);
    peer_keys_cleanup(&f->keys);
    free(f);
    return 0;
}

struct want {
    uint8_t stage, cause;
    uint16_t code, version, num_chain;
    uint32_t early_len;
    const char *said;
};

static void check(const char *name, const struct dialogue *d, const struct want *want, int cut)
{
    struct record r;
    record_init(&r);
    session_record(&d->session, &r);
    if (d->session.want != SESSION_CLOSE || r.stage != want->stage || r.cause != want->cause ||
        r.smtp_code != want->code || r.version != want->version || r.num_chain != want->num_chain ||
        r.early_len != want->early_len || strcmp(d->said, want->said) != 0)
        fail_msg(
            "%s, cut %d: want %d, %s/%s, code %d, version %04x, chain %d, early %u, said \"%s\"",
            name, cut, (int)d->session.want, stage_slug(r.stage), cause_slug(r.cause), r.smtp_code,
            r.version, r.num_chain, r.early_len, d->said);
    assert_int_equal(r.timing_us[TIMING_HANDSHAKE] != TIMING_ABSENT, r.handshake_done);
    assert_int_equal(r.handshake_done, want->stage > STAGE_HANDSHAKE);
}

/* runs a script whole, octet by octet, and cut at every step-th point */
static void run(struct fixture *f, const char *name, const struct peer_options *options,
                const struct script *script, const struct want *want, int step)
{
    SSL_CTX *ctx = options != NULL ? peer_context_new(&f->keys, options) : NULL;
    struct dialogue d;
    int len = 0;
    for (int cut = CUT_ALL; cut <= len; cut += cut < 1 ? 1 : step) {
        if (cut == 0)
            continue;
        dialogue_run(&d, &f->config, NULL, ctx, script, cut);
        check(name, &d, want, cut);
        len = (int)d.received - 1;
        dialogue_cleanup(&d);
    }
    SSL_CTX_free(ctx);
}

/* ---- what is negotiated ---- */

static const struct offer_case {
    const char *name;
    struct peer_options peer;
    uint16_t version, suite, group, sigscheme;   /* suite 0: not looked at */
    int step;
} offer_cases[] = {
    {"TLS 1.0", {.identity = IDENTITY_P256, .version = TLS1_VERSION}, 0x0301, 0xc009, 29, 0, 1},
    {"TLS 1.1", {.identity = IDENTITY_P256, .version = TLS1_1_VERSION}, 0x0302, 0xc009, 29, 0, 1},
    {"TLS 1.2", {.identity = IDENTITY_P256, .version = TLS1_2_VERSION},
     0x0303, 0xc02b, 29, 0x0403, 1},
    {"TLS 1.3", {.identity = IDENTITY_P256, .version = TLS1_3_VERSION}, 0x0304, 0, 29, 0x0403, 1},
    {"TLS 1.0, RSA", {.identity = IDENTITY_RSA, .version = TLS1_VERSION},
     0x0301, 0xc013, 29, 0, 211},
    {"TLS 1.3, RSA", {.identity = IDENTITY_RSA, .version = TLS1_3_VERSION},
     0x0304, 0, 29, 0x0804, 211},
    {"no extensions", {.identity = IDENTITY_P256_BARE, .version = TLS1_2_VERSION},
     0x0303, 0xc02b, 29, 0x0403, 97},
    {"P-384 leaf", {.identity = IDENTITY_P384, .version = TLS1_3_VERSION},
     0x0304, 0, 29, 0x0503, 211},
    {"P-521 leaf", {.identity = IDENTITY_P521, .version = TLS1_3_VERSION},
     0x0304, 0, 29, 0x0603, 211},
    {"Ed25519 leaf", {.identity = IDENTITY_ED25519, .version = TLS1_3_VERSION},
     0x0304, 0, 29, 0x0807, 97},
    {"Ed25519 leaf, TLS 1.2", {.identity = IDENTITY_ED25519, .version = TLS1_2_VERSION},
     0x0303, 0xc02b, 29, 0x0807, 97},
    {"P-256", {.identity = IDENTITY_P256, .version = TLS1_2_VERSION, .group = NID_X9_62_prime256v1},
     0x0303, 0xc02b, 23, 0x0403, 97},
    {"P-384", {.identity = IDENTITY_P256, .version = TLS1_2_VERSION, .group = NID_secp384r1},
     0x0303, 0xc02b, 24, 0x0403, 211},
    {"P-521", {.identity = IDENTITY_P256, .version = TLS1_2_VERSION, .group = NID_secp521r1},
     0x0303, 0xc02b, 25, 0x0403, 211},
    {"P-256 by retry",
     {.identity = IDENTITY_P256, .version = TLS1_3_VERSION, .group = NID_X9_62_prime256v1},
     0x0304, 0, 23, 0x0403, 97},
    {"P-384 by retry",
     {.identity = IDENTITY_P256, .version = TLS1_3_VERSION, .group = NID_secp384r1},
     0x0304, 0, 24, 0x0403, 211},
    {"P-521 by retry",
     {.identity = IDENTITY_P256, .version = TLS1_3_VERSION, .group = NID_secp521r1},
     0x0304, 0, 25, 0x0403, 211},
#if OFFER_HAS_PQ
    {"post-quantum",
     {.identity = IDENTITY_P256, .version = TLS1_3_VERSION, .group = NID_X25519MLKEM768},
     0x0304, 0, 0x11ec, 0x0403, 211},
#endif
    {"asks for a certificate",
     {.identity = IDENTITY_P256, .version = TLS1_2_VERSION, .want_client_cert = true},
     0x0303, 0xc02b, 29, 0x0403, 97},
    {"asks for one in TLS 1.3",
     {.identity = IDENTITY_P256, .version = TLS1_3_VERSION, .want_client_cert = true},
     0x0304, 0, 29, 0x0403, 97},
    {"60 certificates", {.identity = IDENTITY_P256, .version = TLS1_3_VERSION, .num_extra = 59},
     0x0304, 0, 29, 0x0403, 499},
    {"128 certificates", {.identity = IDENTITY_P256, .version = TLS1_2_VERSION, .num_extra = 127},
     0x0303, 0xc02b, 29, 0x0403, 499},
    {"129 certificates", {.identity = IDENTITY_P256, .version = TLS1_2_VERSION, .num_extra = 128},
     0x0303, 0xc02b, 29, 0x0403, 499},
    {"200 certificates, TLS 1.3",
     {.identity = IDENTITY_P256, .version = TLS1_3_VERSION, .num_extra = 199},
     0x0304, 0, 29, 0x0403, 499},
};

static const struct script healthy = {{STARTED, INSIDE, BYE}, .end = END_EOF};

static void check_facts(struct fixture *f, const struct offer_case *c)
{
    SSL_CTX *ctx = peer_context_new(&f->keys, &c->peer);
    struct dialogue d;
    struct record r;
    size_t num, sent = 1 + c->peer.num_extra;
    dialogue_run(&d, &f->config, NULL, ctx, &healthy, CUT_NONE);
    record_init(&r);
    session_record(&d.session, &r);
    CRYPTO_BUFFER *const *certs = session_certs(&d.session, &num);
    if (r.suite != c->suite && (c->suite != 0 || (r.suite & 0xff00) != 0x1300))
        fail_msg("%s: suite %04x", c->name, r.suite);
    if (r.group != c->group || r.sigscheme != c->sigscheme)
        fail_msg("%s: group %d, scheme %04x", c->name, r.group, r.sigscheme);
    assert_int_equal(num, sent < RECORD_CHAIN_MAX ? sent : RECORD_CHAIN_MAX);
    assert_int_equal(r.chain_cut, sent > RECORD_CHAIN_MAX);
    CRYPTO_BUFFER *leaf = peer_leaf(&f->keys, c->peer.identity);
    assert_int_equal(CRYPTO_BUFFER_len(certs[0]), CRYPTO_BUFFER_len(leaf));
    assert_memory_equal(CRYPTO_BUFFER_data(certs[0]), CRYPTO_BUFFER_data(leaf),
                        CRYPTO_BUFFER_len(leaf));
    if (num > 2)
        assert_memory_equal(CRYPTO_BUFFER_data(certs[2]), "no certificate, number 2", 24);
    assert_int_equal(r.num_alerts, 0);
    assert_int_equal(r.hello, (OFFER_HAS_PQ ? HELLO_PQ : 0) + HELLO_PLAIN);
    dialogue_cleanup(&d);
    SSL_CTX_free(ctx);
}

static void test_offers(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof offer_cases / sizeof offer_cases[0]; i++) {
        const struct offer_case *c = &offer_cases[i];
        size_t num = 1 + c->peer.num_extra;
        struct want want = {
            STAGE_DONE, CAUSE_OK, 250, c->version, (uint16_t)(num < 128 ? num : 128), 0, "ES*EQ"};
        check_facts(f, c);
        run(f, c->name, &c->peer, &healthy, &want, c->step);
    }
}

/* each suite of the offer for TLS 1.2 and below is one that a handshake can end in */
static void test_every_suite(void **state)
{
#define X(id, name) {id, name},
    static const struct {
        uint16_t id;
        const char *name;
    } suites[] = {OFFER_SUITES(X)};
#undef X
    for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++) {
        bool ecdsa = strstr(suites[i].name, "ECDSA") != NULL,
             ecdhe = strstr(suites[i].name, "ECDHE") != NULL;
        struct offer_case c = {suites[i].name,
                               {.identity = ecdsa ? IDENTITY_P256 : IDENTITY_RSA,
                                .version = TLS1_2_VERSION,
                                .suites = suites[i].name},
                               0x0303,
                               suites[i].id,
                               ecdhe ? 29 : 0,
                               (uint16_t)(!ecdhe  ? 0
                                          : ecdsa ? 0x0403
                                                  : 0x0804),
                               0};
        check_facts(*state, &c);
    }
}

/* ---- how it ends ---- */

static const struct end_case {
    const char *name;
    struct script script;
    struct want want;
    uint16_t version;      /* that the server speaks */
    const char *suites;
} end_cases[] = {
    /* inside TLS */
    {"EHLO inside ignored", {{STARTED}, .end = END_TIMEOUT},
     {STAGE_EHLO_TLS, CAUSE_TIMEOUT, 220, 0x0304, 1, 0, "ES*E"}, .version = TLS1_3_VERSION},
    {"FIN for EHLO inside", {{STARTED}, .end = END_EOF},
     {STAGE_EHLO_TLS, CAUSE_CLOSED, 220, 0x0304, 1, 0, "ES*E"}, .version = TLS1_3_VERSION},
    {"RST for EHLO inside", {{STARTED}, .end = END_RESET},
     {STAGE_EHLO_TLS, CAUSE_RESET, 220, 0x0304, 1, 0, "ES*E"}, .version = TLS1_3_VERSION},
    {"close_notify for EHLO inside", {{STARTED, CLOSE_NOTIFY}, .end = END_NOTHING},
     {STAGE_EHLO_TLS, CAUSE_CLOSED, 220, 0x0304, 1, 0, "ES*E"}, .version = TLS1_3_VERSION},
    {"alert for EHLO inside", {{STARTED, ALERT("\x50")}, .end = END_NOTHING},
     {STAGE_EHLO_TLS, CAUSE_ALERT_RECEIVED, 220, 0x0304, 1, 0, "ES*E"}, .version = TLS1_3_VERSION},
    {"alert for EHLO inside TLS 1.2", {{STARTED, ALERT("\x50")}, .end = END_NOTHING},
     {STAGE_EHLO_TLS, CAUSE_ALERT_RECEIVED, 220, 0x0303, 1, 0, "ES*E"}, .version = TLS1_2_VERSION},
    {"plaintext for EHLO inside", {{STARTED, RAW("250 plain\r\n")}, .end = END_NOTHING},
     {STAGE_EHLO_TLS, CAUSE_ALERT_SENT, 220, 0x0304, 1, 0, "ES*E"}, .version = TLS1_3_VERSION},
    {"a forged record inside",
     {{STARTED, RAW("\x17\x03\x03\0\x14" "aaaaaaaaaaaaaaaaaaaa")}, .end = END_NOTHING},
     {STAGE_EHLO_TLS, CAUSE_ALERT_SENT, 220, 0x0304, 1, 0, "ES*E"}, .version = TLS1_3_VERSION},
    {"454 inside", {{STARTED, SAY("454 no\r\n"), BYE}, .end = END_EOF},
     {STAGE_EHLO_TLS, CAUSE_REJECTED, 454, 0x0304, 1, 0, "ES*EQ"}, .version = TLS1_3_VERSION},
    {"550 inside", {{STARTED, SAY("550 no\r\n"), BYE}, .end = END_EOF},
     {STAGE_EHLO_TLS, CAUSE_REJECTED, 550, 0x0303, 1, 0, "ES*EQ"}, .version = TLS1_2_VERSION},
    {"421 inside", {{STARTED, SAY("421 no\r\n")}, .end = END_NOTHING},
     {STAGE_EHLO_TLS, CAUSE_THROTTLED, 421, 0x0304, 1, 0, "ES*E"}, .version = TLS1_3_VERSION},
    {"450 inside", {{STARTED, SAY("450 no\r\n"), BYE}, .end = END_EOF},
     {STAGE_EHLO_TLS, CAUSE_THROTTLED, 450, 0x0304, 1, 0, "ES*EQ"}, .version = TLS1_3_VERSION},
    {"220 inside", {{STARTED, SAY("220 no\r\n")}, .end = END_NOTHING},
     {STAGE_EHLO_TLS, CAUSE_MALFORMED, 220, 0x0304, 1, 0, "ES*E"}, .version = TLS1_3_VERSION},
    {"garbage inside", {{STARTED, SAY("no\r\n")}, .end = END_NOTHING},
     {STAGE_EHLO_TLS, CAUSE_MALFORMED, 220, 0x0304, 1, 0, "ES*E"}, .version = TLS1_3_VERSION},
    {"an endless line inside",
     {{STARTED, SAY("250 " A256 A256 A256 A256 A256 A256 A256 A256)}, .end = END_NOTHING},
     {STAGE_EHLO_TLS, CAUSE_TOO_LONG, 220, 0x0304, 1, 0, "ES*E"}, .version = TLS1_3_VERSION},
    {"a reply before EHLO inside",
     {{GREETING, EHLO, GO, TLS_SAYING("250 early\r\n"), SAY(""), BYE}, .end = END_EOF},
     {STAGE_DONE, CAUSE_OK, 250, 0x0303, 1, 0, "ES*EQ"}, .version = TLS1_2_VERSION},
    {"a greeting inside", {{GREETING, EHLO, GO, TLS_SAYING("220 again\r\n")}, .end = END_NOTHING},
     {STAGE_EHLO_TLS, CAUSE_MALFORMED, 220, 0x0303, 1, 0, "ES*E"}, .version = TLS1_2_VERSION},

    /* the farewell */
    {"QUIT ignored", {{STARTED, INSIDE}, .end = END_TIMEOUT},
     {STAGE_DONE, CAUSE_OK, 250, 0x0304, 1, 0, "ES*EQ"}, .version = TLS1_3_VERSION},
    {"FIN for QUIT", {{STARTED, INSIDE}, .end = END_EOF},
     {STAGE_DONE, CAUSE_OK, 250, 0x0304, 1, 0, "ES*EQ"}, .version = TLS1_3_VERSION},
    {"RST for QUIT", {{STARTED, INSIDE}, .end = END_RESET},
     {STAGE_DONE, CAUSE_OK, 250, 0x0304, 1, 0, "ES*EQ"}, .version = TLS1_3_VERSION},
    {"221, then silence", {{STARTED, INSIDE, BYE}, .end = END_TIMEOUT},
     {STAGE_DONE, CAUSE_OK, 250, 0x0304, 1, 0, "ES*EQ"}, .version = TLS1_3_VERSION},
    {"221 and close_notify, then FIN",
     {{STARTED, INSIDE, {TURN_CLOSE_NOTIFY, "221 bye\r\n", 9}}, .end = END_EOF},
     {STAGE_DONE, CAUSE_OK, 250, 0x0304, 1, 0, "ES*EQ"}, .version = TLS1_3_VERSION},
    {"close_notify for QUIT, then silence", {{STARTED, INSIDE, CLOSE_NOTIFY}, .end = END_TIMEOUT},
     {STAGE_DONE, CAUSE_OK, 250, 0x0303, 1, 0, "ES*EQ"}, .version = TLS1_2_VERSION},
    {"an alert for QUIT", {{STARTED, INSIDE, ALERT("\x50")}, .end = END_NOTHING},
     {STAGE_DONE, CAUSE_OK, 250, 0x0304, 1, 0, "ES*EQ"}, .version = TLS1_3_VERSION},
    {"garbage for QUIT", {{STARTED, INSIDE, SAY("?")}, .end = END_NOTHING},
     {STAGE_DONE, CAUSE_OK, 250, 0x0304, 1, 0, "ES*EQ"}, .version = TLS1_3_VERSION},

    /* plaintext before a handshake that works */
    {"early plaintext, then TLS",
     {{GREETING, EHLO, SAY("220 go\r\n250 injected\r\n"), TLS, INSIDE, BYE}, .end = END_EOF},
     {STAGE_DONE, CAUSE_OK, 250, 0x0304, 1, 14, "ES*EQ"}, .version = TLS1_3_VERSION},

    /* BoringSSL refuses this leaf without a word */
    {"no digitalSignature", {{STARTED}, .end = END_NOTHING, .wrong_usage = true},
     {STAGE_HANDSHAKE, CAUSE_TLS_ERROR, 220, 0x0303, 1, 0, "ES*"}, .version = TLS1_2_VERSION},
    {"no common suite", {{STARTED}, .end = END_NOTHING},
     {STAGE_HANDSHAKE, CAUSE_ALERT_RECEIVED, 220, 0, 0, 0, "ES*"}, .version = TLS1_2_VERSION,
     .suites = "ECDHE-RSA-AES128-SHA"},
};

static void test_ends(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof end_cases / sizeof end_cases[0]; i++) {
        const struct end_case *c = &end_cases[i];
        struct peer_options options = {.identity = IDENTITY_P256,
                                       .version = c->version,
                                       .suites = c->suites};
        run(f, c->name, &options, &c->script, &c->want, 23);
    }
}

/* under TLS 1.3 the last flight and the next EHLO leave together */
static void test_one_write(void **state)
{
    struct fixture *f = *state;
    struct peer_options options = {.identity = IDENTITY_P256, .version = TLS1_3_VERSION};
    SSL_CTX *ctx = peer_context_new(&f->keys, &options);
    struct script script = {{STARTED}, .end = END_NOTHING};
    struct dialogue d;
    dialogue_run(&d, &f->config, "mx.test", ctx, &script, CUT_NONE);
    assert_string_equal(d.said, "ES*E");
    assert_int_equal(d.session.want, SESSION_READ);
    assert_int_equal(d.session.wait, WAIT_REPLY);
    assert_int_equal(d.serials, 4);   /* EHLO, STARTTLS, handshake, EHLO */
    assert_string_equal(SSL_get_servername(d.peer.ssl, TLSEXT_NAMETYPE_host_name), "mx.test");
    struct record r;
    record_init(&r);
    session_record(&d.session, &r);
    assert_int_equal(r.hello, (OFFER_HAS_PQ ? HELLO_PQ : 0) + HELLO_SNI);
    dialogue_cleanup(&d);
    SSL_CTX_free(ctx);
}

/* equal certificates are one buffer in the shared pool */
static void test_pool(void **state)
{
    struct fixture *f = *state;
    struct peer_options options = {.identity = IDENTITY_P256, .version = TLS1_3_VERSION};
    SSL_CTX *ctx = peer_context_new(&f->keys, &options);
    struct dialogue a, b;
    size_t num;
    dialogue_run(&a, &f->config, NULL, ctx, &healthy, CUT_NONE);
    dialogue_run(&b, &f->config, NULL, ctx, &healthy, CUT_NONE);
    assert_ptr_equal(session_certs(&a.session, &num)[0], session_certs(&b.session, &num)[0]);
    dialogue_cleanup(&a);
    dialogue_cleanup(&b);
    SSL_CTX_free(ctx);
}

/* ---- server flights by rote: what no server of BoringSSL would send ---- */

struct flight {
    uint8_t data[1 << 20];
    size_t len;
};

static void put_record(struct flight *fl, const void *data, size_t len)
{
    const uint8_t head[5] = {0x16, 3, 3, (uint8_t)(len >> 8), (uint8_t)len};
    memcpy(fl->data + fl->len, head, 5);
    memcpy(fl->data + fl->len + 5, data, len);
    fl->len += 5 + len;
}

static void put_message(struct flight *fl, uint8_t type, const void *body, size_t len)
{
    uint8_t message[2048];
    const uint8_t head[4] = {type, (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len};
    memcpy(message, head, 4);
    memcpy(message + 4, body, len);
    put_record(fl, message, 4 + len);
}

/* a ServerHello without extensions */
static void put_server_hello(struct flight *fl, uint16_t version, uint16_t suite)
{
    uint8_t body[38] = {(uint8_t)(version >> 8), (uint8_t)version};
    memset(body + 2, 'r', 32);
    body[35] = (uint8_t)(suite >> 8);
    body[36] = (uint8_t)suite;
    put_message(fl, 2, body, sizeof body);
}

/* a chain of one: octets that are no certificate */
static void put_certificate(struct flight *fl, const char *der, size_t len)
{
    uint8_t body[512] = {0, (uint8_t)((len + 3) >> 8), (uint8_t)(len + 3),
                         0, (uint8_t)(len >> 8),       (uint8_t)len};
    memcpy(body + 6, der, len);
    put_message(fl, 11, body, 6 + len);
}

static void run_flight(struct fixture *f, const char *name, const struct flight *fl,
                       const struct want *want, int step)
{
    struct script script = {{GREETING, EHLO, GO, {TURN_SAY, fl->data, fl->len}}, .end = END_EOF};
    run(f, name, NULL, &script, want, step);
}

static void test_garbage_der(void **state)
{
    struct flight *fl = calloc(1, sizeof *fl);
    put_server_hello(fl, 0x0303, 0xc02b);
    put_certificate(fl, "\x30\x82garbage", 9);
    run_flight(*state, "garbage DER", fl,
               &(struct want){STAGE_HANDSHAKE, CAUSE_ALERT_SENT, 220, 0x0303, 1, 0, "ES*!"}, 1);
    fl->len = 0;
    put_server_hello(fl, 0x0303, 0xc02b);
    put_certificate(fl, "", 0);
    run_flight(*state, "empty leaf", fl,
               &(struct want){STAGE_HANDSHAKE, CAUSE_ALERT_SENT, 220, 0x0303, 0, 0, "ES*!"}, 1);
    fl->len = 0;
    put_certificate(fl, "\x30\x82garbage", 9);
    run_flight(*state, "no hello", fl,
               &(struct want){STAGE_HANDSHAKE, CAUSE_ALERT_SENT, 220, 0, 0, 0, "ES*!"}, 1);
    free(fl);
}

static void test_old_versions(void **state)
{
    static const struct {
        const char *name;
        uint16_t version, suite;
    } hellos[] = {
        {"SSLv3", 0x0300, 0x0005}, {"TLS 1.4", 0x0305, 0x1301}, {"not offered", 0x0303, 0x0005}};
    struct flight *fl = calloc(1, sizeof *fl);
    for (size_t i = 0; i < sizeof hellos / sizeof hellos[0]; i++) {
        fl->len = 0;
        put_server_hello(fl, hellos[i].version, hellos[i].suite);
        run_flight(
            *state, hellos[i].name, fl,
            &(struct want){STAGE_HANDSHAKE, CAUSE_ALERT_SENT, 220, hellos[i].version, 0, 0, "ES*!"},
            1);
    }
    free(fl);
}

/* a certificate that came stays, however the handshake ends after it */
static void test_certificate_then_end(void **state)
{
    struct fixture *f = *state;
    static const enum last_event ends[] = {END_EOF, END_RESET, END_TIMEOUT};
    static const uint8_t causes[] = {CAUSE_CLOSED, CAUSE_RESET, CAUSE_TIMEOUT};
    CRYPTO_BUFFER *leaf = peer_leaf(&f->keys, IDENTITY_P256);
    struct flight *fl = calloc(1, sizeof *fl);
    put_server_hello(fl, 0x0303, 0xc02b);
    put_certificate(fl, (const char *)CRYPTO_BUFFER_data(leaf), CRYPTO_BUFFER_len(leaf));
    for (size_t i = 0; i < 3; i++) {
        struct script script = {{GREETING, EHLO, GO, {TURN_SAY, fl->data, fl->len}},
                                .end = ends[i]};
        struct want want = {STAGE_HANDSHAKE, causes[i], 220, 0x0303, 1, 0, "ES*"};
        run(f, "certificate", NULL, &script, &want, 5);
    }
    memcpy(fl->data + fl->len, "\x15\x03\x03\0\x02\x02\x28", 7);
    fl->len += 7;
    run_flight(f, "certificate, alert", fl,
               &(struct want){STAGE_HANDSHAKE, CAUSE_ALERT_RECEIVED, 220, 0x0303, 1, 0, "ES*"}, 5);
    free(fl);
}

/* octets in a handshake are bounded: a message of 100 kB in records of one octet comes to 600 kB */
static void test_octets_bound(void **state)
{
    struct flight *fl = calloc(1, sizeof *fl);
    static const uint8_t head[4] = {2, 1, 0x8f, 0xf0};
    for (size_t i = 0; i < 0x18ff4 && fl->len + 6 < sizeof fl->data; i++)
        put_record(fl, i < 4 ? &head[i] : &head[3], 1);
    assert_true(fl->len > TLS_HANDSHAKE_MAX);
    run_flight(*state, "a dribble of records", fl,
               &(struct want){STAGE_HANDSHAKE, CAUSE_TOO_LONG, 220, 0, 0, 0, "ES*"}, 200003);
    fl->len = 0;
    put_record(fl, "\x02\xff\xff\xff", 4);
    run_flight(*state, "a message of 16 MB", fl,
               &(struct want){STAGE_HANDSHAKE, CAUSE_TOO_LONG, 220, 0, 0, 0, "ES*!"}, 1);
    free(fl);
}

/* only so many alerts are kept: the first ones and the last */
static void test_many_alerts(void **state)
{
    struct fixture *f = *state;
    char alerts[7 * 4 + 1];
    struct dialogue d;
    struct record r;
    for (size_t i = 0; i < 4; i++) {
        memcpy(alerts + 7 * i, "\x15\x03\x03\0\x02\x01\x70", 7);
        alerts[7 * i + 6] = (char)(100 + i);
    }
    struct script script = {
        {GREETING, EHLO, GO, {TURN_SAY, alerts, 28}, SAY("\x15\x03\x03\0\x02\x02\x28")},
        .end = END_EOF};
    dialogue_run(&d, &f->config, NULL, NULL, &script, CUT_NONE);
    record_init(&r);
    session_record(&d.session, &r);
    assert_int_equal(r.cause, CAUSE_ALERT_RECEIVED);
    assert_int_equal(r.num_alerts, 4);
    assert_int_equal(r.alerts[3].number, 103);
    dialogue_cleanup(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_offers),
        cmocka_unit_test(test_every_suite),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_one_write),
        cmocka_unit_test(test_pool),
        cmocka_unit_test(test_garbage_der),
        cmocka_unit_test(test_old_versions),
        cmocka_unit_test(test_certificate_then_end),
        cmocka_unit_test(test_octets_bound),
        cmocka_unit_test(test_many_alerts),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
