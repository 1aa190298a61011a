#include "scanner/session/tls_client.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/bytestring.h>
#include <openssl/err.h>
#include <openssl/mem.h>
#include <openssl/pool.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <stdlib.h>

#include "scanner/session/hello.h"
#include "scanner/session/offer.h"

enum { MSG_SERVER_HELLO = 2, MSG_CERTIFICATE = 11 };

struct tls_context {
    SSL_CTX *ssl;
    BIO_METHOD *method;
    BIO *bio;                       /* one for all clients: it serves `current` */
    CRYPTO_BUFFER_POOL *pool;
    struct tls_client *current;     /* whose call is running */
};

struct tls_client {
    struct tls_context *ctx;
    SSL *ssl;
    struct outbuf *out;
    const uint8_t *in;              /* borrowed: octets not yet read */
    size_t in_len;
    size_t left;                    /* octets that may still be read */
    CRYPTO_BUFFER **certs;
    uint16_t num_certs;
    uint16_t version, suite;        /* of the ServerHello */
    uint8_t hello;
    uint8_t during;                 /* enum stage of the call that is running */
    uint8_t num_alerts;
    bool done, over, fault;
    bool closed;                    /* close_notify came, of whatever level */
    bool ended;                     /* close_notify sent, or failed */
    bool chain_cut;
    bool alerted, alert_sent;       /* since the handshake began, or was completed */
    struct alert alerts[RECORD_ALERTS_MAX];
};

/* ---- the way of the octets ---- */

static int on_bio_read(BIO *bio, char *buf, int len)
{
    struct tls_client *t = ((struct tls_context *)BIO_get_data(bio))->current;
    BIO_clear_retry_flags(bio);
    size_t n = len < 0 ? 0 : (size_t)len;
    n = n < t->in_len ? n : t->in_len;
    if (n > t->left) {
        t->over = true;
        n = t->left;
    }
    if (n == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    memcpy(buf, t->in, n);
    t->in += n;
    t->in_len -= n;
    t->left -= n;
    return (int)n;
}

static int on_bio_write(BIO *bio, const char *data, int len)
{
    struct tls_client *t = ((struct tls_context *)BIO_get_data(bio))->current;
    outbuf_put(t->out, data, (size_t)len);
    return t->out->bad ? -1 : len;
}

static long on_bio_ctrl(BIO *bio, int cmd, long num, void *ptr)
{
    (void)bio;
    (void)num;
    (void)ptr;
    return cmd == BIO_CTRL_FLUSH;
}

/* ---- what the messages tell ---- */

/* walks a list of certificates (RFC 5246, 7.4.2; RFC 8446, 4.4.2), keeping up to max in certs
 * (NULL: none); returns how many there are before its end or its first fault */
static size_t walk_certs(struct tls_client *t, CRYPTO_BUFFER **certs, size_t max, CBS list)
{
    CBS cert, extensions;
    size_t num = 0;
    while (CBS_len(&list) > 0) {
        if (!CBS_get_u24_length_prefixed(&list, &cert) || CBS_len(&cert) == 0)
            break;
        if (num < max && certs != NULL) {
            certs[num] = CRYPTO_BUFFER_new_from_CBS(&cert, t->ctx->pool);
            if (certs[num] == NULL) {
                t->fault = true;
                break;
            }
        }
        num++;
        if (t->version >= 0x0304 && !CBS_get_u16_length_prefixed(&list, &extensions))
            break;
    }
    return num;
}

static void on_certificate(struct tls_client *t, CBS message)
{
    CBS body, context, list;
    uint8_t type;
    if (t->certs != NULL || t->version == 0 || !CBS_get_u8(&message, &type) ||
        !CBS_get_u24_length_prefixed(&message, &body) ||
        (t->version >= 0x0304 && !CBS_get_u8_length_prefixed(&body, &context)) ||
        !CBS_get_u24_length_prefixed(&body, &list))
        return;
    size_t num = walk_certs(t, NULL, 0, list);
    t->chain_cut = num > RECORD_CHAIN_MAX;
    num = t->chain_cut ? RECORD_CHAIN_MAX : num;
    if (num == 0)
        return;
    t->certs = calloc(num, sizeof *t->certs);
    if (t->certs == NULL) {
        t->fault = true;
        return;
    }
    walk_certs(t, t->certs, num, list);
    while (t->num_certs < num && t->certs[t->num_certs] != NULL)
        t->num_certs++;
}

static void on_handshake(struct tls_client *t, const uint8_t *data, size_t len)
{
    CBS message;
    CBS_init(&message, data, len);
    if (len > 0 && data[0] == MSG_SERVER_HELLO)
        server_hello_read(&t->version, &t->suite, bytes_of(data, len));
    if (len > 0 && data[0] == MSG_CERTIFICATE)
        on_certificate(t, message);
}

static void on_alert(struct tls_client *t, bool sent, const uint8_t *data)
{
    struct alert alert = {.sent = sent, .level = data[0], .number = data[1], .during = t->during};
    if (sent && alert.number == SSL_AD_CLOSE_NOTIFY)
        return;
    if (sent)
        t->alert_sent = true;
    else if (alert.number == SSL_AD_CLOSE_NOTIFY)
        t->closed = true;
    else
        t->alerted = true;
    if (t->during == STAGE_DONE)
        return;
    if (t->num_alerts < RECORD_ALERTS_MAX)
        t->num_alerts++;
    t->alerts[t->num_alerts - 1] = alert;
}

static void on_message(int sent, int version, int type, const void *data, size_t len, SSL *ssl,
                       void *arg)
{
    struct tls_client *t = ((struct tls_context *)arg)->current;
    (void)version;
    (void)ssl;
    if (type == SSL3_RT_ALERT && len == 2)
        on_alert(t, sent != 0, data);
    else if (type == SSL3_RT_HANDSHAKE && !sent)
        on_handshake(t, data, len);
}

/* ---- the context ---- */

static enum ssl_verify_result_t accept_any(SSL *ssl, uint8_t *alert)
{
    (void)ssl;
    (void)alert;
    return ssl_verify_ok;   /* judged offline */
}

static bool set_groups(SSL_CTX *ssl)
{
#if BORINGSSL_API_VERSION >= 22
#define X(id, nid) id,
    static const uint16_t groups[] = {OFFER_GROUPS(X)};
#undef X
    return SSL_CTX_set1_group_ids(ssl, groups, sizeof groups / sizeof groups[0]);
#else
#define X(id, nid) nid,
    static const int groups[] = {OFFER_GROUPS(X)};
#undef X
    return SSL_CTX_set1_curves(ssl, groups, sizeof groups / sizeof groups[0]);
#endif
}

static bool set_offer(SSL_CTX *ssl)
{
#define X(id, name) ":" name
    static const char suites[] = OFFER_SUITES(X);
#undef X
#define X(id) id,
    static const uint16_t schemes[] = {OFFER_SIGSCHEMES(X)};
#undef X
    return SSL_CTX_set_min_proto_version(ssl, OFFER_VERSION_MIN) &&
           SSL_CTX_set_max_proto_version(ssl, OFFER_VERSION_MAX) &&
           SSL_CTX_set_strict_cipher_list(ssl, suites + 1) && set_groups(ssl) &&
           SSL_CTX_set_verify_algorithm_prefs(ssl, schemes, sizeof schemes / sizeof schemes[0]);
}

static bool make_bio(struct tls_context *ctx)
{
    ctx->method = BIO_meth_new(0, "session");
    if (ctx->method == NULL)
        return false;
    BIO_meth_set_read(ctx->method, on_bio_read);
    BIO_meth_set_write(ctx->method, on_bio_write);
    BIO_meth_set_ctrl(ctx->method, on_bio_ctrl);
    ctx->bio = BIO_new(ctx->method);
    if (ctx->bio == NULL)
        return false;
    BIO_set_data(ctx->bio, ctx);
    BIO_set_init(ctx->bio, 1);
    return true;
}

struct tls_context *tls_context_new(CRYPTO_BUFFER_POOL *pool)
{
    struct tls_context *ctx = calloc(1, sizeof *ctx);
    if (ctx == NULL)
        return NULL;
    ctx->pool = pool;
    ctx->ssl = SSL_CTX_new(TLS_with_buffers_method());
    if (ctx->ssl == NULL || !make_bio(ctx) || !set_offer(ctx->ssl)) {
        ERR_clear_error();
        tls_context_free(ctx);
        return NULL;
    }
    SSL_CTX_set0_buffer_pool(ctx->ssl, pool);
    SSL_CTX_set_custom_verify(ctx->ssl, SSL_VERIFY_PEER, accept_any);
    SSL_CTX_set_session_cache_mode(ctx->ssl, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_max_cert_list(ctx->ssl, TLS_MESSAGE_MAX);
    SSL_CTX_set_grease_enabled(ctx->ssl, 0);
    SSL_CTX_set_permute_extensions(ctx->ssl, 0);
    SSL_CTX_set_msg_callback(ctx->ssl, on_message);
    SSL_CTX_set_msg_callback_arg(ctx->ssl, ctx);
    return ctx;
}

void tls_context_free(struct tls_context *ctx)
{
    if (ctx == NULL)
        return;
    SSL_CTX_free(ctx->ssl);
    BIO_free(ctx->bio);
    BIO_meth_free(ctx->method);
    free(ctx);
}

/* ---- the client ---- */

struct tls_client *tls_client_new(struct tls_context *ctx, struct outbuf *out, const char *host)
{
    struct tls_client *t = calloc(1, sizeof *t);
    if (t == NULL)
        return NULL;
    t->ctx = ctx;
    t->out = out;
    t->left = TLS_HANDSHAKE_MAX;
    t->hello = host != NULL ? HELLO_SNI : HELLO_PLAIN;
    t->ssl = SSL_new(ctx->ssl);
    if (t->ssl == NULL || (host != NULL && !SSL_set_tlsext_host_name(t->ssl, host))) {
        ERR_clear_error();
        tls_client_free(t);
        return NULL;
    }
    BIO_up_ref(ctx->bio);
    SSL_set_bio(t->ssl, ctx->bio, ctx->bio);
    SSL_set_shed_handshake_config(t->ssl,
                                  1); /* half of the memory is not needed after the handshake */
    SSL_set_connect_state(t->ssl);
    return t;
}

void tls_client_free(struct tls_client *t)
{
    if (t == NULL)
        return;
    SSL_free(t->ssl);
    for (size_t i = 0; i < t->num_certs; i++)
        CRYPTO_BUFFER_free(t->certs[i]);
    free(t->certs);
    free(t);
}

static void enter(struct tls_client *t, uint8_t during)
{
    t->ctx->current = t;
    t->during = during;
}

/* turns what an SSL function returned, which was no success, into a status */
static enum tls_status status_of(struct tls_client *t, int ret)
{
    int error = SSL_get_error(t->ssl, ret);
    if (t->fault || t->out->bad)
        return TLS_FAULT;
    if (error == SSL_ERROR_WANT_READ && !t->over)
        return TLS_MORE;
    if (error == SSL_ERROR_ZERO_RETURN)
        return TLS_CLOSED;
    int reason = ERR_GET_REASON(ERR_peek_error());
    bool no_memory = reason == ERR_R_MALLOC_FAILURE;
    t->over |= reason == SSL_R_EXCESSIVE_MESSAGE_SIZE;
    ERR_clear_error();
    t->ended = true;
    if (no_memory)
        return TLS_FAULT;
    return t->closed && !t->alert_sent && !t->over ? TLS_CLOSED : TLS_FAILED;
}

enum tls_status tls_client_handshake(struct tls_client *t, const uint8_t *in, size_t in_len,
                                     uint8_t during)
{
    enter(t, during);
    t->in = in;
    t->in_len = in_len;
    int ret = SSL_do_handshake(t->ssl);
    if (ret <= 0)
        return status_of(t, ret);
    if (t->fault || t->out->bad)
        return TLS_FAULT;
    t->done = true;
    t->alerted = t->alert_sent = false;
    t->left = TLS_DATA_MAX;
    return TLS_DONE;
}

void tls_client_feed(struct tls_client *t, const uint8_t *in, size_t in_len)
{
    t->in = in;
    t->in_len = in_len;
}

enum tls_status tls_client_read(struct tls_client *t, uint8_t *buf, size_t *len, size_t cap,
                                uint8_t during)
{
    enter(t, during);
    int ret = SSL_read(t->ssl, buf, cap < INT32_MAX ? (int)cap : INT32_MAX);
    if (ret <= 0)
        return status_of(t, ret);
    *len = (size_t)ret;
    return TLS_DONE;
}

enum tls_status tls_client_write(struct tls_client *t, const void *data, size_t len)
{
    enter(t, t->during);
    int ret = SSL_write(t->ssl, data, (int)len);
    return ret > 0 ? TLS_DONE : status_of(t, ret);
}

void tls_client_close(struct tls_client *t)
{
    if (!t->done || t->ended)
        return;
    t->ended = true;
    enter(t, STAGE_DONE);
    if (SSL_shutdown(t->ssl) < 0)
        ERR_clear_error();
}

bool tls_client_alerted(const struct tls_client *t)
{
    return t->alerted;
}

enum cause tls_client_failure(const struct tls_client *t)
{
    if (t->alerted)
        return CAUSE_ALERT_RECEIVED;
    if (t->over)
        return CAUSE_TOO_LONG;
    return t->alert_sent ? CAUSE_ALERT_SENT : CAUSE_TLS_ERROR;
}

void tls_client_record(const struct tls_client *t, struct record *r)
{
    r->has_tls = true;
    r->handshake_done = t->done;
    r->hello = t->hello;
    r->version = t->version;
    r->suite = t->suite;
    if (t->done) {
#if BORINGSSL_API_VERSION >= 22
        r->group = SSL_get_group_id(t->ssl);
#else
        r->group = SSL_get_curve_id(t->ssl);
#endif
        /* before TLS 1.2 there is none on the wire: BoringSSL reports what it used in its own
         * numbers */
        r->sigscheme = t->version >= 0x0303 ? SSL_get_peer_signature_algorithm(t->ssl) : 0;
    }
    memcpy(r->alerts, t->alerts, sizeof r->alerts);
    r->num_alerts = t->num_alerts;
    r->num_chain = t->num_certs;
    r->chain_cut = t->chain_cut;
}

CRYPTO_BUFFER *const *tls_client_certs(const struct tls_client *t, size_t *num)
{
    *num = t->num_certs;
    return t->certs;
}

/* ---- the hello for the header ---- */

enum { RECORD_HEADER_LEN = 5 };

static int describe(struct dataset_hello *out, uint8_t **scratch, const struct outbuf *record,
                    const char *name)
{
    if (record->len <= RECORD_HEADER_LEN)
        return -EINVAL;
    size_t len = record->len - RECORD_HEADER_LEN;
    uint8_t *copy = OPENSSL_malloc(len + JA4_LEN + 1);
    if (copy == NULL)
        return -ENOMEM;
    char *ja4 = (char *)copy + len;
    memcpy(copy, record->data + RECORD_HEADER_LEN, len);
    if (!client_hello_normalise(copy, len) || !client_hello_ja4(ja4, bytes_of(copy, len))) {
        OPENSSL_free(copy);
        return -EINVAL;
    }
    out->name = bytes_text(name);
    out->ja4 = bytes_text(ja4);
    out->body = bytes_of(copy, len);
    SHA256(copy, len, out->sha256);
    *scratch = copy;
    return 0;
}

int tls_hello_describe(struct dataset_hello *out, uint8_t **scratch, struct tls_context *ctx,
                       unsigned hello)
{
    static const char *const names[NUM_HELLOS] = {[HELLO_PLAIN] = "plain", [HELLO_SNI] = "sni"};
    struct outbuf record;
    int rc = -EINVAL;
    if (hello >= NUM_HELLOS)
        return rc;
    outbuf_init(&record);
    struct tls_client *t = tls_client_new(ctx, &record, hello == HELLO_SNI ? "host.invalid" : NULL);
    if (t == NULL)
        rc = -ENOMEM;
    else if (tls_client_handshake(t, NULL, 0, STAGE_HANDSHAKE) == TLS_MORE)
        rc = describe(out, scratch, &record, names[hello]);
    tls_client_free(t);
    outbuf_cleanup(&record);
    return rc;
}
