/* The TLS floor: what BoringSSL itself costs a client, with our offer and nothing else around it. */
#include <errno.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pool.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

#include "benchmarks/bench.h"
#include "scanner/session/offer.h"
#include "tools/farm/pki.h"

/* octets on their way to one side */
struct wire {
    uint8_t data[16384];
    size_t at, len;
};

struct pair {
    SSL *client, *server;
    struct wire to_client, to_server;
};

/* one end of a pair, for its BIO */
struct end {
    struct wire *in, *out;
};

struct floor {
    SSL_CTX *client_ctx, *server_ctx;
    CRYPTO_BUFFER_POOL *pool;
    BIO_METHOD *method;
    struct pair *pairs;
    struct end *ends;      /* two of each pair: client, server */
    size_t num_pairs;
    uint64_t client_ns;
};

static void need(bool ok, const char *what)
{
    if (ok)
        return;
    errno = 0;
    bench_die(what);
}

static int on_read(BIO *bio, char *buf, int len)
{
    struct wire *in = ((struct end *)BIO_get_data(bio))->in;
    size_t n = in->len - in->at;
    n = n < (size_t)len ? n : (size_t)len;
    BIO_clear_retry_flags(bio);
    if (n == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    memcpy(buf, in->data + in->at, n);
    in->at += n;
    return (int)n;
}

static int on_write(BIO *bio, const char *data, int len)
{
    struct wire *out = ((struct end *)BIO_get_data(bio))->out;
    need((size_t)len <= sizeof out->data - out->len, "wire too short");
    memcpy(out->data + out->len, data, (size_t)len);
    out->len += (size_t)len;
    return len;
}

static long on_ctrl(BIO *bio, int cmd, long num, void *ptr)
{
    (void)bio;
    (void)num;
    (void)ptr;
    return cmd == BIO_CTRL_FLUSH;
}

static enum ssl_verify_result_t accept_any(SSL *ssl, uint8_t *alert)
{
    (void)ssl;
    (void)alert;
    return ssl_verify_ok;
}

static SSL_CTX *client_ctx_new(CRYPTO_BUFFER_POOL *pool)
{
#define X(id, name) ":" name
    static const char suites[] = OFFER_SUITES(X);
#undef X
#define X(id) id,
    static const uint16_t schemes[] = {OFFER_SIGSCHEMES(X)};
#undef X
#define X(id, nid) nid,
    static const int groups[] = {OFFER_GROUPS(X)};
#undef X
    SSL_CTX *ctx = SSL_CTX_new(TLS_with_buffers_method());
    need(ctx != NULL && SSL_CTX_set_min_proto_version(ctx, OFFER_VERSION_MIN) &&
             SSL_CTX_set_max_proto_version(ctx, OFFER_VERSION_MAX) &&
             SSL_CTX_set_strict_cipher_list(ctx, suites + 1) &&
             SSL_CTX_set1_curves(ctx, groups, sizeof groups / sizeof groups[0]) &&
             SSL_CTX_set_verify_algorithm_prefs(ctx, schemes, sizeof schemes / sizeof schemes[0]),
         "client's SSL_CTX");
    SSL_CTX_set0_buffer_pool(ctx, pool);
    SSL_CTX_set_custom_verify(ctx, SSL_VERIFY_PEER, accept_any);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    return ctx;
}

static SSL_CTX *server_ctx_new(const struct chain *chain)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_with_buffers_method());
    need(ctx != NULL && SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) &&
             SSL_CTX_set_chain_and_key(ctx, chain->certs, chain->num, chain->key, NULL),
         "server's SSL_CTX");
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);   /* as mxfarm's */
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    return ctx;
}

static SSL *side_new(const struct floor *f, SSL_CTX *ctx, struct end *end)
{
    SSL *ssl = SSL_new(ctx);
    BIO *bio = BIO_new(f->method);
    need(ssl != NULL && bio != NULL, "SSL_new");
    BIO_set_data(bio, end);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl, bio, bio);
    return ssl;
}

static void say(SSL *ssl, const char *text)
{
    need(SSL_write(ssl, text, (int)strlen(text)) == (int)strlen(text), "SSL_write");
}

static void hear(SSL *ssl, const char *text)
{
    char buf[1024];
    int n = SSL_read(ssl, buf, sizeof buf);
    need(n == (int)strlen(text) && memcmp(buf, text, (size_t)n) == 0, "SSL_read");
}

/* ---- the turns of a session; those of the client are what is measured ---- */

static void client_hello(struct floor *f, size_t i)
{
    struct pair *p = &f->pairs[i];
    p->client = side_new(f, f->client_ctx, &f->ends[2 * i]);
    SSL_set_connect_state(p->client);
    need(SSL_do_handshake(p->client) == -1, "hello");
}

static void server_flight(struct floor *f, size_t i)
{
    struct pair *p = &f->pairs[i];
    p->server = side_new(f, f->server_ctx, &f->ends[2 * i + 1]);
    SSL_set_accept_state(p->server);
    need(SSL_do_handshake(p->server) == -1, "server's flight");
}

static void client_finished(struct floor *f, size_t i)
{
    SSL *client = f->pairs[i].client;
    need(SSL_do_handshake(client) == 1 && SSL_version(client) == TLS1_3_VERSION, "handshake");
    say(client, BENCH_EHLO);
}

static void server_reply(struct floor *f, size_t i)
{
    SSL *server = f->pairs[i].server;
    need(SSL_do_handshake(server) == 1, "server's handshake");
    hear(server, BENCH_EHLO);
    say(server, BENCH_EHLO_TLS_REPLY);
}

static void client_quit(struct floor *f, size_t i)
{
    SSL *client = f->pairs[i].client;
    hear(client, BENCH_EHLO_TLS_REPLY);
    say(client, BENCH_QUIT);
}

static void server_bye(struct floor *f, size_t i)
{
    SSL *server = f->pairs[i].server;
    hear(server, BENCH_QUIT);
    say(server, BENCH_BYE);
    need(SSL_shutdown(server) == 0, "server's close_notify");
}

static void client_close(struct floor *f, size_t i)
{
    SSL *client = f->pairs[i].client;
    char buf[16];
    hear(client, BENCH_BYE);
    need(SSL_read(client, buf, sizeof buf) == 0 && SSL_shutdown(client) == 1, "close_notify");
    SSL_free(client);
}

static void server_close(struct floor *f, size_t i)
{
    SSL_free(f->pairs[i].server);
}

typedef void turn_fn(struct floor *f, size_t i);

/* lets each of the first num pairs take its turn, a client's turns on the clock; returns the octets that the first one sent */
static size_t take_turn(struct floor *f, size_t num, turn_fn *turn, bool client)
{
    uint64_t begin = bench_cpu_ns();
    for (size_t i = 0; i < num; i++)
        turn(f, i);
    if (client)
        f->client_ns += bench_cpu_ns() - begin;
    size_t sent = client ? f->pairs[0].to_server.len : f->pairs[0].to_client.len;
    for (size_t i = 0; i < num; i++) {   /* what was heard is gone, what was said is there */
        struct wire *heard = client ? &f->pairs[i].to_client : &f->pairs[i].to_server;
        need(heard->at == heard->len, "octets not read");
        heard->at = heard->len = 0;
    }
    return sent;
}

static void run_batch(struct floor *f, struct bench_flights *flights, size_t num)
{
    flights->hello = take_turn(f, num, client_hello, true);
    flights->server_flight = take_turn(f, num, server_flight, false);
    flights->finished_ehlo = take_turn(f, num, client_finished, true);
    flights->ehlo_reply = take_turn(f, num, server_reply, false);
    flights->quit = take_turn(f, num, client_quit, true);
    flights->bye = take_turn(f, num, server_bye, false);
    flights->close_notify = take_turn(f, num, client_close, true);
    for (size_t i = 0; i < num; i++) {
        server_close(f, i);
        f->pairs[i].to_server = f->pairs[i].to_client = (struct wire){.len = 0};
    }
}

static void floor_init(struct floor *f, const struct chain *chain, size_t batch)
{
    *f = (struct floor){.num_pairs = batch, .pool = CRYPTO_BUFFER_POOL_new()};
    f->pairs = calloc(batch, sizeof *f->pairs);
    f->ends = calloc(2 * batch, sizeof *f->ends);
    f->method = BIO_meth_new(0, "wire");
    need(f->pool != NULL && f->pairs != NULL && f->ends != NULL && f->method != NULL, "no memory");
    BIO_meth_set_read(f->method, on_read);
    BIO_meth_set_write(f->method, on_write);
    BIO_meth_set_ctrl(f->method, on_ctrl);
    for (size_t i = 0; i < batch; i++) {
        struct pair *p = &f->pairs[i];
        f->ends[2 * i] = (struct end){.in = &p->to_client, .out = &p->to_server};
        f->ends[2 * i + 1] = (struct end){.in = &p->to_server, .out = &p->to_client};
    }
    f->client_ctx = client_ctx_new(f->pool);
    f->server_ctx = server_ctx_new(chain);
}

static void floor_cleanup(struct floor *f)
{
    SSL_CTX_free(f->client_ctx);
    SSL_CTX_free(f->server_ctx);
    CRYPTO_BUFFER_POOL_free(f->pool);
    BIO_meth_free(f->method);
    free(f->pairs);
    free(f->ends);
}

uint64_t floor_tls(struct bench_flights *flights, const struct chain *chain, size_t num_sessions, size_t batch)
{
    struct floor f;
    floor_init(&f, chain, batch);
    run_batch(&f, flights, 1);   /* what is made once */
    f.client_ns = 0;
    for (size_t done = 0; done < num_sessions; done += batch)
        run_batch(&f, flights, num_sessions - done < batch ? num_sessions - done : batch);
    floor_cleanup(&f);
    return f.client_ns;
}
