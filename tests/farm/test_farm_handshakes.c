/* rote, tls_server, tls_extras: BoringSSL's client, in memory, meets what the table says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <openssl/bio.h>
#include <openssl/bytestring.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pool.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "core/outcome.h"
#include "tools/farm/rote.h"
#include "tools/farm/rote_truth.h"
#include "tools/farm/tls_extras.h"
#include "tools/farm/tls_server.h"
#include "tools/farm/variant.h"

enum { NOW = 1767225600, ROUNDS_MAX = 20 };

static const struct addr here = {0, 0xffff7f010203};

/* ---- the two sides ---- */

struct meeting {
    struct pki *pki;
    struct sendbuf out;
    struct tls_servers *servers;
    SSL_CTX *ctx;
    SSL *ssl;
    struct tls_server *server; /* NULL: not yet, or by rote */
    struct rote *rote;
    SSL_SESSION *session; /* the last that came */
    enum cause cause;     /* CAUSE_OK as long as nothing went wrong */
    uint8_t alert;        /* received */
    bool alert_sent, done;
    size_t num_cas; /* names in the certificate request */
};

static int on_session(SSL *ssl, SSL_SESSION *session)
{
    struct meeting *m = SSL_get_app_data(ssl);
    SSL_SESSION_free(m->session);
    m->session = session;
    return 1;
}

static void on_message(int sent, int version, int type, const void *data, size_t len, SSL *ssl,
                       void *arg)
{
    struct meeting *m = arg;
    (void)version;
    (void)ssl;
    if (type != SSL3_RT_ALERT || len != 2)
        return;
    if (sent)
        m->alert_sent = true;
    else
        m->alert = ((const uint8_t *)data)[1];
}

static enum ssl_verify_result_t on_verify(SSL *ssl, uint8_t *alert)
{
    (void)ssl;
    (void)alert;
    return ssl_verify_ok;
}

static int on_request(SSL *ssl, void *arg)
{
    struct meeting *m = arg;
    const STACK_OF(CRYPTO_BUFFER) *names = SSL_get0_server_requested_CAs(ssl);
    m->num_cas = names == NULL ? 0 : sk_CRYPTO_BUFFER_num(names);
    return 1;
}

static void new_client(struct meeting *m, const char *name)
{
    SSL_free(m->ssl);
    m->ssl = SSL_new(m->ctx);
    assert_non_null(m->ssl);
    SSL_set_app_data(m->ssl, m);
    SSL_set_bio(m->ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(m->ssl);
    SSL_enable_ocsp_stapling(m->ssl);
    SSL_enable_signed_cert_timestamps(m->ssl);
    if (name != NULL)
        assert_int_equal(SSL_set_tlsext_host_name(m->ssl, name), 1);
    m->cause = CAUSE_OK;
    m->alert = 0;
    m->alert_sent = m->done = false;
}

static void begin(struct meeting *m)
{
    *m = (struct meeting){.pki = pki_new(3, NOW), .ctx = SSL_CTX_new(TLS_with_buffers_method())};
    assert_true(m->pki != NULL && m->ctx != NULL);
    m->servers = tls_servers_new(m->pki, &m->out);
    assert_non_null(m->servers);
    assert_int_equal(SSL_CTX_set_min_proto_version(m->ctx, TLS1_VERSION), 1);
    /* what rote_foresee takes for granted */
    assert_int_equal(SSL_CTX_set_strict_cipher_list(m->ctx, "ALL:!3DES:!PSK"), 1);
    SSL_CTX_set_custom_verify(m->ctx, SSL_VERIFY_PEER, on_verify);
    SSL_CTX_set_session_cache_mode(m->ctx, SSL_SESS_CACHE_CLIENT);
    SSL_CTX_sess_set_new_cb(m->ctx, on_session);
    SSL_CTX_set_msg_callback(m->ctx, on_message);
    SSL_CTX_set_msg_callback_arg(m->ctx, m);
    SSL_CTX_set_cert_cb(m->ctx, on_request, m);
    new_client(m, NULL);
}

static void end(struct meeting *m)
{
    tls_server_free(m->server);
    rote_free(m->rote);
    SSL_SESSION_free(m->session);
    SSL_free(m->ssl);
    SSL_CTX_free(m->ctx);
    tls_servers_free(m->servers);
    sendbuf_cleanup(&m->out);
    pki_free(m->pki);
    ERR_clear_error();
}

static const struct behaviour *named(const char *name)
{
    size_t index = behaviour_find(name, strlen(name));
    assert_true(index < num_behaviours());
    return behaviour_at(index);
}

/* ---- octets to and fro ---- */

static void serve_tls(struct meeting *m, const uint8_t *in, size_t len)
{
    uint8_t text[256];
    size_t text_len;
    tls_server_feed(m->server, in, len);
    while (tls_server_read(m->server, text, &text_len, sizeof text) == TLS_READ)
        ;
}

static void hand_over(struct meeting *m, const struct behaviour *b)
{
    const struct rote_choice *choice = rote_choice_of(m->rote);
    uint16_t version = rote_version_code((enum rote_version)choice->version);
    struct tls_terms terms = {version, version, choice->suite, choice->group, false};
    struct bytes octets = rote_octets(m->rote);
    const struct chain *chain =
        variant_chain(m->pki, b, here, rote_signs_with_ec(choice), choice->own_certificate);
    m->server = tls_server_new_by(m->servers, &terms, chain);
    assert_non_null(m->server);
    serve_tls(m, octets.data, octets.len);
}

static void refused(struct meeting *m)
{
    static const enum cause causes[NUM_ROTE_MANNERS] = {
        [ROTE_CLOSE] = CAUSE_CLOSED, [ROTE_RESET] = CAUSE_RESET, [ROTE_SILENCE] = CAUSE_TIMEOUT};
    const struct rote_choice *choice = rote_choice_of(m->rote);
    if (choice->refusal == ROTE_ALERT)
        rote_write_alert(m->rote, &m->out, choice->alert);
    else
        m->cause = causes[choice->refusal];
}

static void serve_rote(struct meeting *m, const struct behaviour *b, const uint8_t *in, size_t len)
{
    const struct rote_choice *choice = rote_choice_of(m->rote);
    switch (rote_feed(m->rote, in, len)) {
    case ROTE_WAIT: break;
    case ROTE_FLIGHT:
        assert_true(rote_write(
            m->rote, &m->out,
            variant_chain(m->pki, b, here, rote_signs_with_ec(choice), choice->own_certificate)));
        break;
    case ROTE_HAND_OVER: hand_over(m, b); break;
    case ROTE_REFUSE: refused(m); break;
    case ROTE_GO_ON: rote_write_alert(m->rote, &m->out, 51); break;
    case ROTE_END: m->cause = CAUSE_CLOSED; break;
    }
}

/* turn lets the client speak, then the server; false: nobody has anything to say */
static bool turn(struct meeting *m, const struct behaviour *b)
{
    uint8_t octets[40000];
    int rc = SSL_do_handshake(m->ssl);
    m->done = rc == 1;
    if (m->done)
        SSL_read(m->ssl, octets, sizeof octets); /* tickets of TLS 1.3, and alerts after all */
    if (m->alert != 0 || m->alert_sent)
        m->cause = m->alert_sent ? CAUSE_ALERT_SENT : CAUSE_ALERT_RECEIVED;
    int len = BIO_read(SSL_get_wbio(m->ssl), octets, sizeof octets);
    if (len <= 0 || m->cause != CAUSE_OK)
        return false;
    m->out.len = 0;
    if (m->server != NULL)
        serve_tls(m, octets, (size_t)len);
    else
        serve_rote(m, b, octets, (size_t)len);
    if (m->out.len > 0)
        BIO_write(SSL_get_rbio(m->ssl), m->out.data, (int)m->out.len);
    return m->cause == CAUSE_OK;
}

static void meet(struct meeting *m, const struct behaviour *b)
{
    tls_server_free(m->server);
    rote_free(m->rote);
    m->server = b->rote == NULL ? tls_server_new(m->servers, b, here) : NULL;
    m->rote = b->rote == NULL ? NULL : rote_new(b->rote, "mx.example.com");
    assert_true(m->server != NULL || m->rote != NULL);
    for (unsigned i = 0; i < ROUNDS_MAX && turn(m, b); i++)
        ;
    if (m->done && m->server != NULL && m->cause == CAUSE_OK) {
        m->out.len = 0;
        tls_server_write(m->server, "250 ok\r\n", 8); /* tickets of TLS 1.3 come with it */
        BIO_write(SSL_get_rbio(m->ssl), m->out.data, (int)m->out.len);
        turn(m, b);
    }
    ERR_clear_error();
}

static const CRYPTO_BUFFER *leaf_of(const struct meeting *m)
{
    const STACK_OF(CRYPTO_BUFFER) *chain = SSL_get0_peer_certificates(m->ssl);
    return chain == NULL ? NULL : sk_CRYPTO_BUFFER_value(chain, 0);
}

static bool same(const CRYPTO_BUFFER *a, const CRYPTO_BUFFER *b)
{
    return bytes_equal(bytes_of(CRYPTO_BUFFER_data(a), CRYPTO_BUFFER_len(a)),
                       bytes_of(CRYPTO_BUFFER_data(b), CRYPTO_BUFFER_len(b)));
}

/* ---- by rote ---- */

static void test_rote_leads_to_what_was_foreseen(void **state)
{
    (void)state;
    unsigned num = 0;
    for (size_t i = 0; i < num_behaviours(); i++) {
        const struct behaviour *b = behaviour_at(i);
        struct meeting m;
        if (b->rote == NULL)
            continue;
        begin(&m);
        meet(&m, b);
        if (m.done != (b->cause == CAUSE_OK) || m.cause != b->cause)
            fail_msg("%s: done %d, %s, not %s", b->name, m.done, cause_slug((uint8_t)m.cause),
                     cause_slug(b->cause));
        if (m.done) {
            assert_string_equal(SSL_get_version(m.ssl), b->shown[5] == '0'   ? ""
                                                        : b->shown[6] == '0' ? "TLSv1"
                                                                             : b->shown);
            num++;
        }
        end(&m);
    }
    assert_true(num >= 10);
}

static void test_rote_completes_as_configured(void **state)
{
    (void)state;
    static const struct {
        const char *spec;
        uint16_t version, suite, group;
    } cases[] = {
        {"rote:versions=tls12;suites=0x0005+0xc014;groups=p384;complete", 0x0303, 0xc014, 24},
        {"rote:versions=tls11+tls12;suites=0xc02b;groups=p521;complete;suites.tls11=0x0035", 0x0303,
         0xc02b, 25},
        {"rote:versions=tls10;suites=0x002f;complete", 0x0301, 0x002f, 0},
        {"rote:versions=tls11;suites=0xc00a;complete", 0x0302, 0xc00a, 29},
        {"rote:versions=tls12;suites=0x009d+0xc02f;complete", 0x0303, 0x009d, 0},
        {"rote:versions=tls13;groups=p256;complete", 0x0304, 0, 23},
        {"rote:versions=ssl3+tls13;groups=x25519mlkem768+x25519;complete", 0x0304, 0, 29},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct meeting m;
        const struct behaviour b = {.name = "t", .key = KEY_RSA2048, .rote = cases[i].spec};
        static const int all[] = {NID_X25519, NID_X9_62_prime256v1, NID_secp384r1, NID_secp521r1};
        begin(&m);
        assert_int_equal(SSL_set1_curves(m.ssl, all, 4), 1);
        meet(&m, &b);
        assert_true(m.done && m.cause == CAUSE_OK);
        assert_int_equal(SSL_version(m.ssl), cases[i].version);
        if (cases[i].suite != 0)
            assert_int_equal(SSL_CIPHER_get_protocol_id(SSL_get_current_cipher(m.ssl)),
                             cases[i].suite);
        assert_int_equal(SSL_get_curve_id(m.ssl), cases[i].group);
        end(&m);
    }
}

/* ---- extras ---- */

static void test_tickets(void **state)
{
    (void)state;
    static const char *const names[] = {"tls12-ticket", "tls13-ticket", "tls13-p256"};
    for (size_t i = 0; i < 3; i++) {
        bool resumes = i < 2;
        struct meeting m;
        begin(&m);
        meet(&m, named(names[i]));
        assert_true(m.done && !SSL_session_reused(m.ssl));
        assert_int_equal(m.session != NULL && SSL_SESSION_has_ticket(m.session), resumes);
        if (resumes) {
            SSL_SESSION *session = m.session;
            m.session = NULL;
            if (SSL_version(m.ssl) == TLS1_2_VERSION)
                assert_int_equal(SSL_SESSION_get_ticket_lifetime_hint(session), TICKET_LIFETIME_S);
            new_client(&m, NULL);
            assert_int_equal(SSL_set_session(m.ssl, session), 1);
            meet(&m, named(names[i]));
            assert_true(m.done && SSL_session_reused(m.ssl));
            SSL_SESSION_free(session);
        }
        end(&m);
    }
}

/* the staple's fields, as far as they matter here; judged without core's reader */
static bool signed_by(const uint8_t *staple, size_t len, EVP_PKEY *key)
{
    CBS der, outer, tagged, octets, basic, inner, data, bits;
    uint8_t pad;
    CBS_init(&der, staple, len);
    if (!CBS_get_asn1(&der, &outer, CBS_ASN1_SEQUENCE) || CBS_len(&der) != 0 ||
        !CBS_get_asn1(&outer, NULL, CBS_ASN1_ENUMERATED) ||
        !CBS_get_asn1(&outer, &tagged, CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 0) ||
        !CBS_get_asn1(&tagged, &octets, CBS_ASN1_SEQUENCE) ||
        !CBS_get_asn1(&octets, NULL, CBS_ASN1_OBJECT) ||
        !CBS_get_asn1(&octets, &basic, CBS_ASN1_OCTETSTRING) ||
        !CBS_get_asn1(&basic, &inner, CBS_ASN1_SEQUENCE) ||
        !CBS_get_asn1_element(&inner, &data, CBS_ASN1_SEQUENCE) ||
        !CBS_get_asn1(&inner, NULL, CBS_ASN1_SEQUENCE) ||
        !CBS_get_asn1(&inner, &bits, CBS_ASN1_BITSTRING) || !CBS_get_u8(&bits, &pad))
        return false;
    EVP_MD_CTX ctx;
    EVP_MD_CTX_init(&ctx);
    bool ok =
        EVP_DigestVerifyInit(&ctx, NULL, EVP_sha256(), NULL, key) &&
        EVP_DigestVerify(&ctx, CBS_data(&bits), CBS_len(&bits), CBS_data(&data), CBS_len(&data));
    EVP_MD_CTX_cleanup(&ctx);
    return ok;
}

static void test_staples(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool is_signed;
    } cases[] = {
        {"staple-good", true},     {"staple-tls12", true},          {"staple-revoked", true},
        {"staple-unknown", true},  {"staple-expired", true},        {"staple-other", true},
        {"staple-garbage", false}, {"staple-bad-signature", false}, {"staple-try-later", false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct meeting m;
        const uint8_t *staple;
        size_t len;
        begin(&m);
        meet(&m, named(cases[i].name));
        assert_true(m.done);
        SSL_get0_ocsp_response(m.ssl, &staple, &len);
        assert_true(len > 0);
        assert_int_equal(signed_by(staple, len, pki_issuer_key(m.pki)), cases[i].is_signed);
        ERR_clear_error();
        end(&m);
    }
}

static void test_timestamps(void **state)
{
    (void)state;
    static const char *const names[] = {"timestamps", "timestamps-tls12", "tls13-p256"};
    for (size_t i = 0; i < 3; i++) {
        struct meeting m;
        const uint8_t *list;
        size_t len, num = 0;
        CBS cbs, items, item;
        begin(&m);
        meet(&m, named(names[i]));
        assert_true(m.done);
        SSL_get0_signed_cert_timestamp_list(m.ssl, &list, &len);
        CBS_init(&cbs, list, len);
        if (CBS_get_u16_length_prefixed(&cbs, &items))
            while (CBS_get_u16_length_prefixed(&items, &item) && CBS_len(&item) > 43)
                num++;
        assert_int_equal(num, i < 2 ? EXTRAS_NUM_SCTS : 0);
        end(&m);
    }
}

static void test_certificate_requests(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool asks, done;
        uint8_t alert;
    } cases[] = {
        {"client-certificate", true, true, 0},
        {"client-certificate-tls12", true, true, 0},
        {"client-certificate-required", true, true, 116},
        {"client-certificate-required-tls12", true, false, 40},
        {"tls13-p256", false, true, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct meeting m;
        begin(&m);
        meet(&m, named(cases[i].name));
        assert_int_equal(m.done, cases[i].done);
        assert_int_equal(m.alert, cases[i].alert);
        assert_int_equal(m.num_cas, cases[i].asks ? EXTRAS_NUM_CAS : 0);
        end(&m);
    }
}

static void test_certificates_by_name(void **state)
{
    (void)state;
    static const char *const rows[] = {"certificate-by-name", "rote-sni-certificate"};
    char host[HOST_NAME_MAX_LEN];
    host_name(host, here);
    for (size_t i = 0; i < 2; i++) {
        const struct behaviour *b = named(rows[i]);
        const char *const names[] = {NULL, "other.example.com", i == 0 ? host : "MX.example.com"};
        for (size_t k = 0; k < 3; k++) {
            struct meeting m;
            begin(&m);
            new_client(&m, names[k]);
            meet(&m, b);
            assert_true(m.done);
            /* a server of the table has RSA alone, one by rote prefers the key on a curve */
            const struct chain *want = variant_chain(m.pki, b, here, i == 1, k == 2);
            const CRYPTO_BUFFER *leaf = leaf_of(&m);
            bool ours = same(leaf, want->certs[0]);
            want = variant_chain(m.pki, b, here, false, k == 2);
            assert_true(ours || same(leaf, want->certs[0]));
            end(&m);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rote_leads_to_what_was_foreseen),
        cmocka_unit_test(test_rote_completes_as_configured),
        cmocka_unit_test(test_tickets),
        cmocka_unit_test(test_staples),
        cmocka_unit_test(test_timestamps),
        cmocka_unit_test(test_certificate_requests),
        cmocka_unit_test(test_certificates_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
