#include "scanner/session/tls_client.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/mem.h>
#include <openssl/pool.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <stdlib.h>

#include "scanner/session/hello.h"
#include "scanner/session/offer.h"
#include "scanner/session/tls_messages.h"

enum direction { DIR_NONE, DIR_OUT, DIR_IN };

/* octets of a message that are worth keeping; data is NULL until there are any */
struct kept {
    uint8_t *data;
    uint32_t len;
};

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
    SSL_SESSION *resumable;         /* NULL: none came, or none are kept */
    CRYPTO_BUFFER **certs;
    struct kept ocsp, scts, request;
    struct tls_facts facts;
    uint32_t num_in, num_out;       /* octets of the handshake */
    uint16_t num_certs;
    uint8_t hello;
    uint8_t flights, direction;     /* of the handshake; who spoke last */
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

static void count(struct tls_client *t, enum direction direction, size_t num)
{
    if (t->done)
        return;
    if (t->direction != direction && t->flights < UINT8_MAX)
        t->flights++;
    t->direction = (uint8_t)direction;
    *(direction == DIR_IN ? &t->num_in : &t->num_out) += (uint32_t)num;   /* both are bounded */
}

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
    count(t, DIR_IN, n);
    return (int)n;
}

static int on_bio_write(BIO *bio, const char *data, int len)
{
    struct tls_client *t = ((struct tls_context *)BIO_get_data(bio))->current;
    outbuf_put(t->out, data, (size_t)len);
    count(t, DIR_OUT, (size_t)len);
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

/* keeps up to RECORD_CHAIN_MAX certificates */
static void keep_certs(struct tls_client *t, struct bytes list)
{
    struct bytes left = list, cert;
    size_t num = 0;
    while (tls_cert_next(&left, &cert, t->facts.version))
        num++;
    t->chain_cut = num > RECORD_CHAIN_MAX;
    num = t->chain_cut ? RECORD_CHAIN_MAX : num;
    if (num == 0)
        return;
    t->certs = calloc(num, sizeof *t->certs);
    if (t->certs == NULL) {
        t->fault = true;
        return;
    }
    while (t->num_certs < num && tls_cert_next(&list, &cert, t->facts.version)) {
        CRYPTO_BUFFER *buffer = CRYPTO_BUFFER_new(cert.data, cert.len, t->ctx->pool);
        if (buffer == NULL) {
            t->fault = true;
            return;
        }
        t->certs[t->num_certs++] = buffer;
    }
}

static void keep(struct tls_client *t, struct kept *to, struct bytes octets)
{
    if (octets.len == 0 || to->data != NULL)
        return;
    to->data = malloc(octets.len);
    if (to->data == NULL) {
        t->fault = true;
        return;
    }
    memcpy(to->data, octets.data, octets.len);
    to->len = (uint32_t)octets.len;
}

static struct bytes up_to(struct bytes octets, size_t max)
{
    return bytes_of(octets.data, octets.len <= max ? octets.len : 0);
}

static void on_handshake(struct tls_client *t, const uint8_t *data, size_t len)
{
    struct tls_parts parts;
    tls_message_read(&t->facts, &parts, bytes_of(data, len));
    if (parts.certs.len > 0)
        keep_certs(t, parts.certs);
    keep(t, &t->ocsp, up_to(parts.ocsp, OCSP_STAPLE_MAX));
    keep(t, &t->scts, up_to(parts.scts, SCT_LIST_MAX));
    if (parts.request.len > CERT_REQUEST_MAX)
        parts.request.len = CERT_REQUEST_MAX;
    keep(t, &t->request, parts.request);
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

/* takes over the reference: RFC 8446, 4.6.1: each may be used once, so the newest is as good as
 * any */
static int on_session(SSL *ssl, SSL_SESSION *session)
{
    struct tls_context *ctx = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    SSL_SESSION_free(ctx->current->resumable);
    ctx->current->resumable = session;
    return 1;
}

void tls_context_keep_sessions(struct tls_context *ctx)
{
    SSL_CTX_set_session_cache_mode(ctx->ssl, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ctx->ssl, on_session);
    SSL_CTX_set_app_data(ctx->ssl, ctx);
}

#if BORINGSSL_API_VERSION >= 22
#define X(id, nid) id,
static const uint16_t pq_first_groups[] = {OFFER_PQ_GROUPS(X) OFFER_GROUPS(X)};
static const uint16_t classical_groups[] = {OFFER_GROUPS(X)};
#undef X
#define NUM_OF(list) (sizeof(list) / sizeof(list)[0])

static bool set_groups(SSL_CTX *ssl)
{
    return SSL_CTX_set1_group_ids(ssl, pq_first_groups, NUM_OF(pq_first_groups));
}

static bool set_classical(SSL *ssl)
{
    return SSL_set1_group_ids(ssl, classical_groups, NUM_OF(classical_groups));
}
#else
static bool set_groups(SSL_CTX *ssl)
{
#define X(id, nid) nid,
    static const int groups[] = {OFFER_GROUPS(X)};
#undef X
    return SSL_CTX_set1_curves(ssl, groups, sizeof groups / sizeof groups[0]);
}

static bool set_classical(SSL *ssl)
{
    (void)ssl;
    return true;   /* all that there is */
}
#endif

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
    SSL_CTX_enable_ocsp_stapling(ctx->ssl);
    SSL_CTX_enable_signed_cert_timestamps(ctx->ssl);
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

static bool apply_hello(struct tls_client *t, const struct session_hello *hello)
{
    bool named = hello->host != NULL, classical = !OFFER_HAS_PQ || hello->classical;
    t->hello = (uint8_t)((classical ? HELLO_PLAIN : HELLO_PQ) + (named ? HELLO_SNI : 0));
    return (!named || SSL_set_tlsext_host_name(t->ssl, hello->host)) &&
           (hello->resumed == NULL || SSL_set_session(t->ssl, hello->resumed)) &&
           (!OFFER_HAS_PQ || !classical || set_classical(t->ssl));
}

struct tls_client *tls_client_new(struct tls_context *ctx, struct outbuf *out,
                                  const struct session_hello *hello)
{
    static const struct session_hello plain = {.host = NULL};
    struct tls_client *t = calloc(1, sizeof *t);
    if (t == NULL)
        return NULL;
    t->ctx = ctx;
    t->out = out;
    t->left = TLS_HANDSHAKE_MAX;
    t->ssl = SSL_new(ctx->ssl);
    if (t->ssl == NULL || !apply_hello(t, hello != NULL ? hello : &plain)) {
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
    SSL_SESSION_free(t->resumable);
    for (size_t i = 0; i < t->num_certs; i++)
        CRYPTO_BUFFER_free(t->certs[i]);
    free(t->certs);
    free(t->ocsp.data);
    free(t->scts.data);
    free(t->request.data);
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
    tls_facts_say(&t->facts, TLS_FLAG_RESUMED, SSL_session_reused(t->ssl) != 0);
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
    if (t->facts.version >= OFFER_VERSION_MAX)   /* tickets are sent before an answer */
        tls_facts_say(&t->facts, TLS_FLAG_TICKET, false);
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

bool tls_client_saw_hello(const struct tls_client *t)
{
    return t->facts.version != 0;
}

static void record_facts(const struct tls_facts *f, struct record *r)
{
    r->version = f->version;
    r->suite = f->suite;
    r->tls_known = f->known;
    r->tls_flags = f->flags;
    r->ticket_lifetime_s = f->ticket_lifetime_s;
    r->retry_group = f->retry_group;
    r->compression = f->compression;
    r->num_server_exts = f->num_exts;
    memcpy(r->server_exts, f->exts, sizeof r->server_exts);
}

void tls_client_record(const struct tls_client *t, struct record *r)
{
    r->has_tls = true;
    r->handshake_done = t->done;
    r->hello = t->hello;
    record_facts(&t->facts, r);
    if (t->done) {
#if BORINGSSL_API_VERSION >= 22
        r->group = SSL_get_group_id(t->ssl);
#else
        r->group = SSL_get_curve_id(t->ssl);
#endif
        /* before TLS 1.2 there is none on the wire: BoringSSL reports what it used in its own
         * numbers */
        r->sigscheme = r->version >= 0x0303 ? SSL_get_peer_signature_algorithm(t->ssl) : 0;
    }
    r->flights = t->flights;
    r->tls_in = t->num_in;
    r->tls_out = t->num_out;
    r->text[TEXT_OCSP] = bytes_of(t->ocsp.data, t->ocsp.len);
    r->text[TEXT_SCT] = bytes_of(t->scts.data, t->scts.len);
    r->text[TEXT_CERT_REQUEST] = bytes_of(t->request.data, t->request.len);
    memcpy(r->alerts, t->alerts, sizeof r->alerts);
    r->num_alerts = t->num_alerts;
    r->num_chain = t->num_certs;
    r->chain_cut = t->chain_cut;
}

SSL_SESSION *tls_client_take_resumable(struct tls_client *t)
{
    SSL_SESSION *session = t->resumable;
    t->resumable = NULL;
    return session;
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
    static const char *const names[] = {[HELLO_PLAIN] = "plain",
                                        [HELLO_SNI] = "sni",
                                        [HELLO_PQ] = "pq",
                                        [HELLO_PQ_SNI] = "pq-sni"};
    const struct session_hello said = {
        .host = hello == HELLO_SNI || hello == HELLO_PQ_SNI ? "host.invalid" : NULL,
        .classical = hello < HELLO_PQ};
    struct outbuf record;
    int rc = -EINVAL;
    if (hello >= NUM_HELLOS)
        return rc;
    outbuf_init(&record);
    struct tls_client *t = tls_client_new(ctx, &record, &said);
    if (t == NULL)
        rc = -ENOMEM;
    else if (tls_client_handshake(t, NULL, 0, STAGE_HANDSHAKE) == TLS_MORE)
        rc = describe(out, scratch, &record, names[hello]);
    tls_client_free(t);
    outbuf_cleanup(&record);
    return rc;
}
