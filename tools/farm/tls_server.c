#include "tools/farm/tls_server.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/nid.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/farm/tls_extras.h"
#include "tools/farm/tls_profile.h"

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

enum { SUITES_TEXT_MAX = 512 };

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
    struct tls_owner owner;
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

static int nid_of(uint16_t group)
{
    switch (group) {
    case 23: return NID_X9_62_prime256v1;
    case 24: return NID_secp384r1;
    case 25: return NID_secp521r1;
    default: return NID_X25519;
    }
}

/* list_suites writes BoringSSL's list of the suites up to the first 0. */
static void list_suites(char out[SUITES_TEXT_MAX], const uint16_t *suites, size_t num)
{
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < num && suites[i] != 0 && len < SUITES_TEXT_MAX; i++) {
        const SSL_CIPHER *suite = SSL_get_cipher_by_value(suites[i]);
        if (suite != NULL)
            len += (size_t)snprintf(out + len, SUITES_TEXT_MAX - len, "%s%s", len == 0 ? "" : ":",
                                    SSL_CIPHER_get_name(suite));
    }
}

static bool set_groups(SSL_CTX *ctx, const uint16_t *groups)
{
    int nids[PROFILE_GROUPS_MAX];
    size_t num = 0;
    while (num < PROFILE_GROUPS_MAX && groups[num] != 0) {
        nids[num] = nid_of(groups[num]);
        num++;
    }
    return SSL_CTX_set1_curves(ctx, nids, num) == 1;
}

static SSL_CTX *context_new(enum tls_profile profile)
{
    const struct tls_profile_facts *p = tls_profile_facts(profile);
    char suites[SUITES_TEXT_MAX];
    SSL_CTX *ctx = SSL_CTX_new(TLS_with_buffers_method());
    if (ctx == NULL)
        return NULL;
    list_suites(suites, p->suites, PROFILE_SUITES_MAX);
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    if (SSL_CTX_set_min_proto_version(ctx, p->min) && SSL_CTX_set_max_proto_version(ctx, p->max) &&
        SSL_CTX_set_strict_cipher_list(ctx, suites) &&
        SSL_CTX_set_signing_algorithm_prefs(ctx, signing, sizeof signing / sizeof signing[0]) &&
        set_groups(ctx, p->groups) && tls_extras_prepare(ctx))
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
        all->profiles[i] = context_new((enum tls_profile)i);
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
    SSL_CTX *ctx = chain == NULL ? NULL : context_new((enum tls_profile)b->tls);
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

/* wrap takes ssl in any case. */
static struct tls_server *wrap(struct tls_servers *all, SSL *ssl)
{
    struct tls_server *t = calloc(1, sizeof *t);
    BIO *bio = BIO_new(all->method);
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

struct tls_server *tls_server_new(struct tls_servers *all, const struct behaviour *b, struct addr a)
{
    struct tls_server *t = wrap(all, ssl_new(all, b, a));
    if (t == NULL || (b->extras == 0 && b->staple == STAPLE_NONE))
        return t;
    t->owner = (struct tls_owner){all->pki, b, a};
    if (tls_extras_set(t->ssl, &t->owner))
        return t;
    ERR_clear_error();
    tls_server_free(t);
    return NULL;
}

struct tls_server *tls_server_new_by(struct tls_servers *all, const struct tls_terms *terms,
                                     const struct chain *chain)
{
    char suites[SUITES_TEXT_MAX];
    int nid = nid_of(terms->group);
    SSL *ssl = SSL_new(all->profiles[TLS_ANY]);
    list_suites(suites, &terms->suite, 1);
    if (ssl != NULL && SSL_set_chain_and_key(ssl, chain->certs, chain->num, chain->key, NULL) &&
        SSL_set_min_proto_version(ssl, terms->version_min) &&
        SSL_set_max_proto_version(ssl, terms->version_max) &&
        (suites[0] == '\0' || terms->version_min > 0x0303 ||
         SSL_set_strict_cipher_list(ssl, suites)) &&
        (terms->group == 0 || SSL_set1_curves(ssl, &nid, 1))) {
        if (terms->ticket)
            SSL_clear_options(ssl, SSL_OP_NO_TICKET);
        return wrap(all, ssl);
    }
    SSL_free(ssl);
    return NULL;
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
