/* What a handshake shows of real servers, in memory: each thing configured is on the record, cut or
 * whole, and what is not is known not to be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/nid.h>
#include <openssl/ssl.h>

#include "scanner/session/tls_client.h"
#include "tests/session/dialogue.h"

#define STAPLE  "\x30\x03\x0a\x01\x00"
#define SCTS    "\x00\x05\x00\x03sct"
#define CA_NAME "\x30\x11\x31\x0f\x30\x0d\x06\x03\x55\x04\x03\x0c\x06the CA"

struct fixture {
    CRYPTO_BUFFER_POOL *pool;
    struct session_config config;
    struct peer_keys keys;
};

static const struct script healthy = {
    {SAY("220 mx.test ESMTP\r\n"), SAY("250-mx.test hello\r\n250 STARTTLS\r\n"), SAY("220 go\r\n"),
     TLS, SAY("250-mx.test\r\n250 SIZE 1000\r\n"), SAY("221 bye\r\n")},
    .end = END_EOF};

enum {
    OLD = TLS_FLAG_EMS | TLS_FLAG_SECURE_RENEGOTIATION | TLS_FLAG_DOWNGRADE_12 |
          TLS_FLAG_DOWNGRADE_11,   /* that only TLS 1.2 and below tell */
    ALL = TLS_FLAGS_ALL,
    NEW = TLS_FLAGS_ALL & ~OLD
};

static const struct shows_case {
    const char *name;
    struct peer_options peer;
    unsigned known, flags;
    uint32_t ticket_s;
    uint8_t flights;
    uint16_t retry_group, exts[8];   /* up to the first 0xffff; others may follow */
} cases[] = {
    {"TLS 1.0", {.version = TLS1_VERSION}, ALL,
     TLS_FLAG_EMS | TLS_FLAG_SECURE_RENEGOTIATION | TLS_FLAG_TICKET, 7200, 4, 0,
     {23, 0xff01, 11, 35, 0xffff}},
    {"TLS 1.1", {.version = TLS1_1_VERSION, .no_tickets = true}, ALL,
     TLS_FLAG_EMS | TLS_FLAG_SECURE_RENEGOTIATION, 0, 4, 0, {23, 0xff01, 11, 0xffff}},
    {"TLS 1.2", {.version = TLS1_2_VERSION, .ticket_s = 300}, ALL,
     TLS_FLAG_EMS | TLS_FLAG_SECURE_RENEGOTIATION | TLS_FLAG_TICKET, 300, 4, 0,
     {23, 0xff01, 11, 35, 0xffff}},
    {"TLS 1.3", {.version = TLS1_3_VERSION}, NEW, TLS_FLAG_TICKET, 172800, 3, 0,
     {51, 43, 0xffff}},
    {"TLS 1.3, lifetime", {.version = TLS1_3_VERSION, .ticket_s = 77}, NEW, TLS_FLAG_TICKET, 77, 3,
     0, {51, 43, 0xffff}},
    {"TLS 1.3, no tickets", {.version = TLS1_3_VERSION, .no_tickets = true}, NEW, 0, 0, 3, 0,
     {51, 43, 0xffff}},
    {"retry, P-384", {.version = TLS1_3_VERSION, .group = NID_secp384r1}, NEW,
     TLS_FLAG_TICKET | TLS_FLAG_HELLO_RETRY, 172800, 5, 24, {51, 43, 0xffff}},
    {"staple, TLS 1.2", {.version = TLS1_2_VERSION, .ocsp = {(const uint8_t *)STAPLE, 5}}, ALL,
     TLS_FLAG_EMS | TLS_FLAG_SECURE_RENEGOTIATION | TLS_FLAG_TICKET | TLS_FLAG_OCSP, 7200, 4, 0,
     {23, 0xff01, 11, 35, 5, 0xffff}},
    {"staple, TLS 1.3", {.version = TLS1_3_VERSION, .ocsp = {(const uint8_t *)STAPLE, 5}}, NEW,
     TLS_FLAG_TICKET | TLS_FLAG_OCSP, 172800, 3, 0, {51, 43, 0xffff}},
    {"SCTs, TLS 1.2", {.version = TLS1_2_VERSION, .scts = {(const uint8_t *)SCTS, 7}}, ALL,
     TLS_FLAG_EMS | TLS_FLAG_SECURE_RENEGOTIATION | TLS_FLAG_TICKET | TLS_FLAG_SCT, 7200, 4, 0,
     {0xffff}},
    {"SCTs, TLS 1.3", {.version = TLS1_3_VERSION, .scts = {(const uint8_t *)SCTS, 7}}, NEW,
     TLS_FLAG_TICKET | TLS_FLAG_SCT, 172800, 3, 0, {51, 43, 0xffff}},
    {"certificate request, TLS 1.1", {.version = TLS1_1_VERSION, .want_client_cert = true}, ALL,
     TLS_FLAG_EMS | TLS_FLAG_SECURE_RENEGOTIATION | TLS_FLAG_TICKET | TLS_FLAG_CERT_REQUEST, 7200,
     4, 0, {0xffff}},
    {"certificate request, TLS 1.2",
     {.version = TLS1_2_VERSION, .want_client_cert = true,
      .client_ca = {(const uint8_t *)CA_NAME, sizeof CA_NAME - 1}}, ALL,
     TLS_FLAG_EMS | TLS_FLAG_SECURE_RENEGOTIATION | TLS_FLAG_TICKET | TLS_FLAG_CERT_REQUEST, 7200,
     4, 0, {0xffff}},
    {"certificate request, TLS 1.3",
     {.version = TLS1_3_VERSION, .want_client_cert = true,
      .client_ca = {(const uint8_t *)CA_NAME, sizeof CA_NAME - 1}}, NEW,
     TLS_FLAG_TICKET | TLS_FLAG_CERT_REQUEST, 172800, 3, 0, {0xffff}},
    {"all at once, TLS 1.3",
     {.version = TLS1_3_VERSION, .want_client_cert = true, .group = NID_X9_62_prime256v1,
      .ocsp = {(const uint8_t *)STAPLE, 5}, .scts = {(const uint8_t *)SCTS, 7}}, NEW,
     TLS_FLAG_TICKET | TLS_FLAG_CERT_REQUEST | TLS_FLAG_OCSP | TLS_FLAG_SCT | TLS_FLAG_HELLO_RETRY,
     172800, 5, 23, {51, 43, 0xffff}},
};

static void check_exts(const struct shows_case *c, const struct record *r)
{
    for (size_t i = 0; c->exts[i] != 0xffff; i++) {
        bool found = false;
        for (size_t k = 0; k < r->num_server_exts; k++)
            found |= r->server_exts[k] == c->exts[i];
        if (!found)
            fail_msg("%s: no extension %d among %d", c->name, c->exts[i], r->num_server_exts);
    }
}

static void check_text(const char *name, struct bytes got, struct bytes want)
{
    if (!bytes_equal(got, want))
        fail_msg("%s: %zu octets instead of %zu", name, got.len, want.len);
}

static void check(const struct shows_case *c, const struct dialogue *d, int cut)
{
    struct record r;
    record_init(&r);
    session_record(&d->session, &r);
    assert_true(r.handshake_done && r.cause == CAUSE_OK);
    if (r.tls_known != c->known || r.tls_flags != c->flags)
        fail_msg("%s, cut %d: known %03x, flags %03x", c->name, cut, r.tls_known, r.tls_flags);
    if (r.ticket_lifetime_s != c->ticket_s || r.flights != c->flights ||
        r.retry_group != c->retry_group || r.compression != 0)
        fail_msg("%s, cut %d: lifetime %u, %d flights, group %d", c->name, cut,
                 r.ticket_lifetime_s, r.flights, r.retry_group);
    check_exts(c, &r);
    check_text(c->name, r.text[TEXT_OCSP], c->peer.ocsp);
    check_text(c->name, r.text[TEXT_SCT], c->peer.scts);
    bool asked = (c->flags & TLS_FLAG_CERT_REQUEST) != 0;
    assert_int_equal(r.text[TEXT_CERT_REQUEST].len > 0, asked);
    if (c->peer.client_ca.len > 0)
        assert_non_null(memmem(r.text[TEXT_CERT_REQUEST].data, r.text[TEXT_CERT_REQUEST].len,
                               CA_NAME, sizeof CA_NAME - 1));
    uint32_t hello_us = r.timing_us[TIMING_SERVER_HELLO];
    assert_true(hello_us > 0 && hello_us <= r.timing_us[TIMING_HANDSHAKE]);
}

/* octets of both directions, as the peer counts them: up to its last of the handshake, which in TLS
 * 1.3 the client's Finished follows */
static void check_octets(const struct shows_case *c, const struct dialogue *d)
{
    struct record r;
    record_init(&r);
    session_record(&d->session, &r);
    if (r.tls_in < 300 || r.tls_in > d->received || r.tls_out < 200 || r.tls_out > 2000)
        fail_msg("%s: %u octets in, %u out", c->name, r.tls_in, r.tls_out);
}

static void test_shows(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct peer_options options = cases[i].peer;
        options.identity = IDENTITY_P256;
        SSL_CTX *ctx = peer_context_new(&f->keys, &options);
        struct dialogue d;
        for (int cut = CUT_ALL; cut < 1500; cut += 37) {
            dialogue_run(&d, &f->config, NULL, ctx, &healthy, cut);
            check(&cases[i], &d, cut);
            check_octets(&cases[i], &d);
            dialogue_cleanup(&d);
        }
        SSL_CTX_free(ctx);
    }
}

/* a server that could speak TLS 1.3 and answers with less: BoringSSL ends that, and it is kept */
static void test_downgrade(void **state)
{
    struct fixture *f = *state;
    struct peer_options options = {.identity = IDENTITY_P256};
    SSL_CTX *ctx = peer_context_new(&f->keys, &options);
    struct outbuf out;
    struct peer peer;
    struct record r;
    uint8_t flight[8192];
    outbuf_init(&out);
    peer_init(&peer, ctx);
    struct tls_client *t = tls_client_new(f->config.tls, &out, NULL);
    assert_int_equal(tls_client_handshake(t, NULL, 0, STAGE_HANDSHAKE), TLS_MORE);
    assert_false(tls_client_saw_hello(t));
    uint8_t *versions = memmem(out.data, out.len, "\x03\x04\x03\x03", 4);
    assert_non_null(versions);
    memcpy(versions, "\x7a\x7a", 2);   /* somebody on the way takes TLS 1.3 out */
    peer_receive(&peer, out.data, out.len);
    out.len = 0;
    size_t len = peer_take(&peer, flight, sizeof flight);
    assert_int_equal(tls_client_handshake(t, flight, len, STAGE_HANDSHAKE), TLS_FAILED);
    assert_true(tls_client_saw_hello(t));
    assert_int_equal(tls_client_failure(t), CAUSE_ALERT_SENT);
    record_init(&r);
    tls_client_record(t, &r);
    assert_int_equal(r.version, TLS1_2_VERSION);
    assert_int_equal(r.tls_flags & (TLS_FLAG_DOWNGRADE_12 | TLS_FLAG_DOWNGRADE_11),
                     TLS_FLAG_DOWNGRADE_12);
    assert_int_equal(r.tls_known & TLS_FLAG_RESUMED, 0);   /* not complete: not known */
    assert_int_equal(r.flights, 3);                        /* with the alert */
    tls_client_free(t);
    peer_cleanup(&peer);
    outbuf_cleanup(&out);
    SSL_CTX_free(ctx);
}

/* what came before a handshake fails is kept: the leaf's key usage is changed on its way */
static void test_kept_when_it_fails(void **state)
{
    struct fixture *f = *state;
    struct peer_options options = {.identity = IDENTITY_P256,
                                   .version = TLS1_2_VERSION,
                                   .ocsp = {(const uint8_t *)STAPLE, 5},
                                   .scts = {(const uint8_t *)SCTS, 7},
                                   .want_client_cert = true};
    SSL_CTX *ctx = peer_context_new(&f->keys, &options);
    struct script script = healthy;
    struct dialogue d;
    struct record r;
    size_t num;
    script.wrong_usage = true;
    script.end = END_NOTHING;
    dialogue_run(&d, &f->config, NULL, ctx, &script, CUT_NONE);
    record_init(&r);
    session_record(&d.session, &r);
    assert_int_equal(r.stage, STAGE_HANDSHAKE);
    assert_false(r.handshake_done);
    session_certs(&d.session, &num);
    assert_int_equal(num, 1);
    check_text("SCTs", r.text[TEXT_SCT], options.scts);
    assert_int_equal(r.timing_us[TIMING_HANDSHAKE], TIMING_ABSENT);
    assert_int_not_equal(r.timing_us[TIMING_SERVER_HELLO], TIMING_ABSENT);
    dialogue_cleanup(&d);
    SSL_CTX_free(ctx);
}

/* longer than is kept: known to have come, and not on the record; a staple is kept whole or not */
static void test_bounds(void **state)
{
    struct fixture *f = *state;
    static uint8_t long_staple[OCSP_STAPLE_MAX + 1];
    memset(long_staple, 0x30, sizeof long_staple);
    static const size_t over[] = {0, 1};
    for (size_t i = 0; i < 2; i++) {
        struct peer_options options = {
            .identity = IDENTITY_P256,
            .version = i == 0 ? TLS1_2_VERSION : TLS1_3_VERSION,
            .ocsp = {long_staple, OCSP_STAPLE_MAX + over[i]}};
        SSL_CTX *ctx = peer_context_new(&f->keys, &options);
        struct dialogue d;
        struct record r;
        dialogue_run(&d, &f->config, NULL, ctx, &healthy, CUT_NONE);
        record_init(&r);
        session_record(&d.session, &r);
        assert_int_equal(r.cause, CAUSE_OK);
        assert_true((r.tls_flags & TLS_FLAG_OCSP) != 0);
        assert_int_equal(r.text[TEXT_OCSP].len, over[i] == 0 ? OCSP_STAPLE_MAX : 0);
        dialogue_cleanup(&d);
        SSL_CTX_free(ctx);
    }
}

int main(void)
{
    struct fixture f = {.config = {.ehlo_name = bytes_text("scanner.test")}};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(test_shows, &f),
        cmocka_unit_test_prestate(test_downgrade, &f),
        cmocka_unit_test_prestate(test_kept_when_it_fails, &f),
        cmocka_unit_test_prestate(test_bounds, &f),
    };
    peer_keys_init(&f.keys);
    f.pool = CRYPTO_BUFFER_POOL_new();
    f.config.tls = tls_context_new(f.pool);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    tls_context_free(f.config.tls);
    CRYPTO_BUFFER_POOL_free(f.pool);
    peer_keys_cleanup(&f.keys);
    return failed;
}
