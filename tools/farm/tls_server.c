#include "tools/farm/tls_server.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/nid.h>
#include <openssl/ssl.h>
#include <stdlib.h>

#define GCM_SUITES                                                                                 \
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"     \
    "ECDHE-RSA-AES256-GCM-SHA384"
#define CBC_SUITES                                                                                 \
    "ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA:ECDHE-RSA-AES256-SHA"

/* suites are those up to TLS 1.2; group NID_undef: any */
static const struct profile {
    uint16_t min, max;
    const char *suites;
    int group;
} profiles[NUM_TLS_PROFILES] = {
    [TLS_ANY] = {TLS1_VERSION, TLS1_3_VERSION, GCM_SUITES ":" CBC_SUITES, NID_undef},
    [TLS_13] = {TLS1_3_VERSION, TLS1_3_VERSION, GCM_SUITES, NID_undef},
    [TLS_13_P256] = {TLS1_3_VERSION, TLS1_3_VERSION, GCM_SUITES, NID_X9_62_prime256v1},
    [TLS_13_P384] = {TLS1_3_VERSION, TLS1_3_VERSION, GCM_SUITES, NID_secp384r1},
    [TLS_13_P521] = {TLS1_3_VERSION, TLS1_3_VERSION, GCM_SUITES, NID_secp521r1},
    [TLS_12] = {TLS1_2_VERSION, TLS1_2_VERSION, GCM_SUITES, NID_undef},
    [TLS_12_RSA] = {TLS1_2_VERSION, TLS1_2_VERSION, "AES128-GCM-SHA256:AES256-GCM-SHA384",
                    NID_undef},
    [TLS_12_RSA_CBC] = {TLS1_2_VERSION, TLS1_2_VERSION, "AES256-SHA:AES128-SHA", NID_undef},
    [TLS_12_CBC] = {TLS1_2_VERSION, TLS1_2_VERSION, "ECDHE-RSA-AES256-SHA:ECDHE-RSA-AES128-SHA",
                    NID_undef},
    [TLS_12_CHACHA] = {TLS1_2_VERSION, TLS1_2_VERSION, "ECDHE-RSA-CHACHA20-POLY1305", NID_undef},
    [TLS_12_P256] = {TLS1_2_VERSION, TLS1_2_VERSION, GCM_SUITES, NID_X9_62_prime256v1},
    [TLS_11] = {TLS1_1_VERSION, TLS1_1_VERSION, CBC_SUITES, NID_undef},
    [TLS_10] = {TLS1_VERSION, TLS1_VERSION, CBC_SUITES ":AES128-SHA", NID_undef},
};

/* in order of preference; which one is used follows from the key */
static const uint16_t signing[] = {
    SSL_SIGN_ED25519,
    SSL_SIGN_ECDSA_SECP256R1_SHA256,
    SSL_SIGN_ECDSA_SECP384R1_SHA384,
    SSL_SIGN_ECDSA_SECP521R1_SHA512,
    SSL_SIGN_RSA_PSS_RSAE_SHA256,
    SSL_SIGN_RSA_PSS_RSAE_SHA384,
    SSL_SIGN_RSA_PKCS1_SHA256,
    SSL_SIGN_RSA_PKCS1_SHA384,
    SSL_SIGN_RSA_PKCS1_SHA1,
    SSL_SIGN_ECDSA_SHA1,
};

struct tls_servers {
    struct pki *pki;
    struct sendbuf *out;
    BIO_METHOD *method;
    SSL_CTX *profiles[NUM_TLS_PROFILES];
    SSL_CTX **shared; /* per behaviour of SCOPE_FARM; made when first needed */
};

struct tls_server {
    struct tls_servers *all;
    SSL *ssl;
    const uint8_t *in;
    size_t in_len;
    bool shaken;
};

/* ---- octets ---- */

void sendbuf_put(struct sendbuf *out, const void *data, size_t len)
{
    if (len > out->cap - out->len) {
        size_t cap = out->cap < 4096 ? 4096 : out->cap;
        while (cap - out->len < len)
            cap *= 2;
        uint8_t *grown = realloc(out->data, cap);
        if (grown == NULL) {
            out->bad = true;
            return;
        }
        out->data = grown;
        out->cap = cap;
    }
    memcpy(out->data + out->len, data, len);
    out->len += len;
}

void sendbuf_cleanup(struct sendbuf *out)
{
    free(out->data);
    memset(out, 0, sizeof *out);
}

static int on_bio_read(BIO *bio, char *data, int len)
{
    struct tls_server *t = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (t->in_len == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    size_t n = (size_t)len < t->in_len ? (size_t)len : t->in_len;
    memcpy(data, t->in, n);
    t->in += n;
    t->in_len -= n;
    return (int)n;
}

static int on_bio_write(BIO *bio, const char *data, int len)
{
    struct tls_server *t = BIO_get_data(bio);
    sendbuf_put(t->all->out, data, (size_t)len);
    return len;
}

static long on_bio_ctrl(BIO *bio, int cmd, long num, void *ptr)
{
    (void)bio;
    (void)num;
    (void)ptr;
    return cmd == BIO_CTRL_FLUSH;
}

/* ---- contexts ---- */

static SSL_CTX *context_new(const struct profile *p)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_with_buffers_method());
    if (ctx == NULL)
        return NULL;
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    if (SSL_CTX_set_min_proto_version(ctx, p->min) && SSL_CTX_set_max_proto_version(ctx, p->max) &&
        SSL_CTX_set_strict_cipher_list(ctx, p->suites) &&
        SSL_CTX_set_signing_algorithm_prefs(ctx, signing, sizeof signing / sizeof signing[0]) &&
        (p->group == NID_undef || SSL_CTX_set1_curves(ctx, &p->group, 1)))
        return ctx;
    SSL_CTX_free(ctx);
    return NULL;
}

struct tls_servers *tls_servers_new(struct pki *pki, struct sendbuf *out)
{
    struct tls_servers *all = calloc(1, sizeof *all);
    if (all == NULL)
        return NULL;
    all->pki = pki;
    all->out = out;
    all->shared = calloc(num_behaviours(), sizeof all->shared[0]);
    all->method = BIO_meth_new(BIO_get_new_index(), "farm");
    bool ok = all->shared != NULL && all->method != NULL &&
              BIO_meth_set_read(all->method, on_bio_read) &&
              BIO_meth_set_write(all->method, on_bio_write) &&
              BIO_meth_set_ctrl(all->method, on_bio_ctrl);
    for (size_t i = 0; i < NUM_TLS_PROFILES && ok; i++) {
        all->profiles[i] = context_new(&profiles[i]);
        ok = all->profiles[i] != NULL;
    }
    if (ok)
        return all;
    tls_servers_free(all);
    return NULL;
}

void tls_servers_free(struct tls_servers *all)
{
    if (all == NULL)
        return;
    for (size_t i = 0; i < NUM_TLS_PROFILES; i++)
        SSL_CTX_free(all->profiles[i]);
    for (size_t i = 0; all->shared != NULL && i < num_behaviours(); i++)
        SSL_CTX_free(all->shared[i]);
    free(all->shared);
    BIO_meth_free(all->method);
    free(all);
}

/* shared_context returns the context of a behaviour whose certificate is the same for the whole
 * farm. */
static SSL_CTX *shared_context(struct tls_servers *all, const struct behaviour *b, struct addr a)
{
    SSL_CTX **slot = &all->shared[b - behaviour_at(0)];
    if (*slot != NULL)
        return *slot;
    const struct chain *chain = pki_chain(all->pki, b, a);
    SSL_CTX *ctx = chain == NULL ? NULL : context_new(&profiles[b->tls]);
    if (ctx != NULL && SSL_CTX_set_chain_and_key(ctx, chain->certs, chain->num, chain->key, NULL)) {
        *slot = ctx;
        return ctx;
    }
    SSL_CTX_free(ctx);
    return NULL;
}

/* ---- connections ---- */

static SSL *ssl_new(struct tls_servers *all, const struct behaviour *b, struct addr a)
{
    if (b->scope == SCOPE_FARM) {
        SSL_CTX *ctx = shared_context(all, b, a);
        return ctx == NULL ? NULL : SSL_new(ctx);
    }
    const struct chain *chain = pki_chain(all->pki, b, a);
    SSL *ssl = chain == NULL ? NULL : SSL_new(all->profiles[b->tls]);
    if (ssl != NULL && SSL_set_chain_and_key(ssl, chain->certs, chain->num, chain->key, NULL))
        return ssl;
    SSL_free(ssl);
    return NULL;
}

struct tls_server *tls_server_new(struct tls_servers *all, const struct behaviour *b, struct addr a)
{
    struct tls_server *t = calloc(1, sizeof *t);
    BIO *bio = BIO_new(all->method);
    SSL *ssl = ssl_new(all, b, a);
    if (t == NULL || bio == NULL || ssl == NULL) {
        ERR_clear_error();
        free(t);
        BIO_free(bio);
        SSL_free(ssl);
        return NULL;
    }
    t->all = all;
    t->ssl = ssl;
    BIO_set_data(bio, t);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl, bio, bio);
    SSL_set_accept_state(ssl);
    return t;
}

void tls_server_free(struct tls_server *t)
{
    if (t == NULL)
        return;
    SSL_free(t->ssl);
    free(t);
}

void tls_server_feed(struct tls_server *t, const uint8_t *in, size_t in_len)
{
    t->in = in;
    t->in_len = in_len;
}

enum tls_state tls_server_read(struct tls_server *t, uint8_t *buf, size_t *len, size_t cap)
{
    int n = SSL_do_handshake(t->ssl);
    if (n == 1) {
        t->shaken = true;
        n = SSL_read(t->ssl, buf, (int)cap);
        if (n > 0) {
            *len = (size_t)n;
            return TLS_READ;
        }
    }
    if (SSL_get_error(t->ssl, n) == SSL_ERROR_WANT_READ)
        return TLS_WANTS_MORE;
    ERR_clear_error();
    return TLS_OVER;
}

void tls_server_write(struct tls_server *t, const void *data, size_t len)
{
    if (t->shaken &&
        SSL_write(t->ssl, data, (int)len) <= 0) /* the BIO takes all: only after a failure */
        ERR_clear_error();
}

void tls_server_close(struct tls_server *t)
{
    if (t->shaken && SSL_shutdown(t->ssl) < 0)
        ERR_clear_error();
}

void tls_server_alert(struct tls_server *t, uint8_t number)
{
    if (SSL_send_fatal_alert(t->ssl, number) <= 0)
        ERR_clear_error();
}
