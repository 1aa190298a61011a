#include "tests/session/peer.h"

#include <openssl/bio.h>
#include <openssl/ec_key.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/nid.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>

#define CHECK(x)                                                                         \
    do {                                                                                 \
        if (!(x)) {                                                                      \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #x);                      \
            abort();                                                                     \
        }                                                                                \
    } while (0)

void peer_keys_init(struct peer_keys *keys)
{
    memset(keys, 0, sizeof *keys);
}

void peer_keys_cleanup(struct peer_keys *keys)
{
    for (size_t i = 0; i < NUM_IDENTITIES; i++) {
        EVP_PKEY_free(keys->key[i]);
        CRYPTO_BUFFER_free(keys->leaf[i]);
    }
}

static EVP_PKEY *make_rsa(void)
{
    EVP_PKEY *key = EVP_PKEY_new();
    RSA *rsa = RSA_new();
    BIGNUM *e = BN_new();
    CHECK(BN_set_word(e, RSA_F4) && RSA_generate_key_ex(rsa, 2048, e, NULL));
    CHECK(EVP_PKEY_assign_RSA(key, rsa));
    BN_free(e);
    return key;
}

static EVP_PKEY *make_ec(int nid)
{
    EVP_PKEY *key = EVP_PKEY_new();
    EC_KEY *ec = EC_KEY_new_by_curve_name(nid);
    CHECK(EC_KEY_generate_key(ec) && EVP_PKEY_assign_EC_KEY(key, ec));
    return key;
}

static EVP_PKEY *make_ed25519(void)
{
    uint8_t seed[32] = {1};
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, sizeof seed);
    CHECK(key != NULL);
    return key;
}

static EVP_PKEY *make_key(enum identity identity)
{
    switch (identity) {
    case IDENTITY_RSA:       return make_rsa();
    case IDENTITY_P384:      return make_ec(NID_secp384r1);
    case IDENTITY_P521:      return make_ec(NID_secp521r1);
    case IDENTITY_ED25519:   return make_ed25519();
    case IDENTITY_P256:
    case IDENTITY_P256_BARE: return make_ec(NID_X9_62_prime256v1);
    case NUM_IDENTITIES:     break;
    }
    abort();
}

static void add_key_usage(X509 *cert)
{
    ASN1_BIT_STRING *usage = ASN1_BIT_STRING_new();
    CHECK(ASN1_BIT_STRING_set_bit(usage, 0, 1));   /* digitalSignature */
    CHECK(ASN1_BIT_STRING_set_bit(usage, 2, 1));   /* keyEncipherment, for static RSA */
    CHECK(X509_add1_ext_i2d(cert, NID_key_usage, usage, 0, X509V3_ADD_DEFAULT) == 1);
    ASN1_BIT_STRING_free(usage);
}

static CRYPTO_BUFFER *make_leaf(enum identity identity, EVP_PKEY *key)
{
    X509 *cert = X509_new();
    X509_NAME *name = X509_get_subject_name(cert);
    CHECK(X509_set_version(cert, 2));
    CHECK(ASN1_INTEGER_set(X509_get_serialNumber(cert), 1 + (long)identity));
    CHECK(X509_gmtime_adj(X509_getm_notBefore(cert), -3600) != NULL);
    CHECK(X509_gmtime_adj(X509_getm_notAfter(cert), 3600) != NULL);
    CHECK(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)"mx.test", -1, -1,
                                     0));
    CHECK(X509_set_issuer_name(cert, name) && X509_set_pubkey(cert, key));
    if (identity != IDENTITY_P256_BARE)
        add_key_usage(cert);
    CHECK(X509_sign(cert, key, identity == IDENTITY_ED25519 ? NULL : EVP_sha256()) > 0);
    uint8_t *der = NULL;
    int len = i2d_X509(cert, &der);
    CHECK(len > 0);
    CRYPTO_BUFFER *leaf = CRYPTO_BUFFER_new(der, (size_t)len, NULL);
    OPENSSL_free(der);
    X509_free(cert);
    return leaf;
}

CRYPTO_BUFFER *peer_leaf(struct peer_keys *keys, enum identity identity)
{
    if (keys->leaf[identity] == NULL) {
        keys->key[identity] = make_key(identity);
        keys->leaf[identity] = make_leaf(identity, keys->key[identity]);
    }
    return keys->leaf[identity];
}

static enum ssl_verify_result_t accept_any(SSL *ssl, uint8_t *alert)
{
    (void)ssl;
    (void)alert;
    return ssl_verify_ok;
}

static void set_chain(SSL_CTX *ctx, struct peer_keys *keys, const struct peer_options *options)
{
    size_t num = 1 + options->num_extra;
    CRYPTO_BUFFER **chain = calloc(num, sizeof *chain);
    chain[0] = peer_leaf(keys, options->identity);
    for (size_t i = 1; i < num; i++) {
        char text[64];
        int len = snprintf(text, sizeof text, "no certificate, number %zu", i);
        chain[i] = CRYPTO_BUFFER_new((const uint8_t *)text, (size_t)len, NULL);
    }
    CHECK(SSL_CTX_set_chain_and_key(ctx, chain, num, keys->key[options->identity], NULL));
    for (size_t i = 1; i < num; i++)
        CRYPTO_BUFFER_free(chain[i]);
    free(chain);
}

/* a clock that stands still: a ticket's lifetime is what was asked for */
static void on_time(const SSL *ssl, struct timeval *now)
{
    (void)ssl;
    *now = (struct timeval){.tv_sec = 1785000000};
}

static void set_extras(SSL_CTX *ctx, const struct peer_options *options)
{
    SSL_CTX_set_current_time_cb(ctx, on_time);
    if (options->ocsp.len > 0)
        CHECK(SSL_CTX_set_ocsp_response(ctx, options->ocsp.data, options->ocsp.len));
    if (options->scts.len > 0)
        CHECK(SSL_CTX_set_signed_cert_timestamp_list(ctx, options->scts.data, options->scts.len));
    if (options->no_tickets)
        SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
    if (options->ticket_s != 0) {
        SSL_CTX_set_timeout(ctx, options->ticket_s);
        SSL_CTX_set_session_psk_dhe_timeout(ctx, options->ticket_s);
    }
    if (options->client_ca.len > 0) {
        STACK_OF(CRYPTO_BUFFER) *names = sk_CRYPTO_BUFFER_new_null();
        CRYPTO_BUFFER *name =
            CRYPTO_BUFFER_new(options->client_ca.data, options->client_ca.len, NULL);
        CHECK(names != NULL && name != NULL && sk_CRYPTO_BUFFER_push(names, name) > 0);
        SSL_CTX_set0_client_CAs(ctx, names);
    }
}

/* a clock that stands still: what a ticket says of its lifetime is what is left of it */
static void stopped_clock(const SSL *ssl, struct timeval *now)
{
    (void)ssl;
    *now = (struct timeval){.tv_sec = 1767225600};   /* 2026-01-01 */
}

SSL_CTX *peer_context_new(struct peer_keys *keys, const struct peer_options *options)
{
    static const uint16_t schemes[] = {
        SSL_SIGN_ECDSA_SECP256R1_SHA256, SSL_SIGN_ECDSA_SECP384R1_SHA384,
        SSL_SIGN_ECDSA_SECP521R1_SHA512, SSL_SIGN_ED25519,
        SSL_SIGN_RSA_PSS_RSAE_SHA256,    SSL_SIGN_RSA_PKCS1_SHA256};
    static const int groups[] = {NID_X25519, NID_X9_62_prime256v1, NID_secp384r1, NID_secp521r1};
    SSL_CTX *ctx = SSL_CTX_new(TLS_with_buffers_method());
    uint16_t version = options->version;
    CHECK(SSL_CTX_set_min_proto_version(ctx, version != 0 ? version : TLS1_VERSION));
    CHECK(SSL_CTX_set_max_proto_version(ctx, version != 0 ? version : TLS1_3_VERSION));
    if (options->suites != NULL)
        CHECK(SSL_CTX_set_strict_cipher_list(ctx, options->suites));
    CHECK(SSL_CTX_set1_curves(ctx, options->group != 0 ? &options->group : groups,
                              options->group != 0 ? 1 : sizeof groups / sizeof groups[0]));
    CHECK(SSL_CTX_set_signing_algorithm_prefs(ctx, schemes, sizeof schemes / sizeof schemes[0]));
    if (options->want_client_cert)
        SSL_CTX_set_custom_verify(ctx, SSL_VERIFY_PEER, accept_any);
    SSL_CTX_set_current_time_cb(ctx, stopped_clock);
    set_chain(ctx, keys, options);
    set_extras(ctx, options);
    return ctx;
}

void peer_init(struct peer *p, SSL_CTX *ctx)
{
    memset(p, 0, sizeof *p);
    p->ssl = SSL_new(ctx);
    p->in = BIO_new(BIO_s_mem());
    p->out = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(p->in, -1);
    BIO_set_mem_eof_return(p->out, -1);
    SSL_set_bio(p->ssl, p->in, p->out);
    SSL_set_accept_state(p->ssl);
}

void peer_cleanup(struct peer *p)
{
    SSL_free(p->ssl);
    ERR_clear_error();
}

void peer_receive(struct peer *p, const void *data, size_t len)
{
    CHECK(len == 0 || BIO_write(p->in, data, (int)len) == (int)len);
    if (p->done || p->failed)
        return;
    int ret = SSL_do_handshake(p->ssl);
    p->done = ret > 0;
    p->failed = ret <= 0 && SSL_get_error(p->ssl, ret) != SSL_ERROR_WANT_READ;
    ERR_clear_error();
}

size_t peer_read(struct peer *p, void *buf, size_t cap)
{
    int ret = p->done ? SSL_read(p->ssl, buf, (int)cap) : 0;
    ERR_clear_error();
    return ret > 0 ? (size_t)ret : 0;
}

void peer_say(struct peer *p, struct bytes text)
{
    CHECK(text.len == 0 || SSL_write(p->ssl, text.data, (int)text.len) == (int)text.len);
}

void peer_close_notify(struct peer *p)
{
    SSL_shutdown(p->ssl);
}

void peer_alert(struct peer *p, uint8_t number)
{
    SSL_send_fatal_alert(p->ssl, number);
    ERR_clear_error();
}

size_t peer_take(struct peer *p, void *buf, size_t cap)
{
    CHECK(BIO_pending(p->out) <= cap);
    int len = BIO_read(p->out, buf, (int)cap);
    return len > 0 ? (size_t)len : 0;
}
