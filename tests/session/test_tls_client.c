/* The TLS client by itself: its hellos, and its calls one by one. What it does in a dialogue is in
 * test_session_tls.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/mem.h>
#include <openssl/nid.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>

#include "scanner/session/offer.h"
#include "scanner/session/tls_client.h"
#include "tests/session/peer.h"

struct fixture {
    struct tls_context *ctx;
    struct peer_keys keys;
};

/* reads the list of 16-bit values that extension `type` of the hello holds, behind its length of
 * two octets; 0: the suites */
static size_t list_of(uint16_t *out, size_t max, struct bytes hello, unsigned type)
{
    const uint8_t *at = hello.data + 4 + 2 + 32;
    const uint8_t *list = NULL;
    at += 1 + at[0];
    if (type == 0)
        list = at;
    at += 2 + (at[0] << 8 | at[1]);
    at += 1 + at[0];
    const uint8_t *end = hello.data + hello.len;
    for (at += 2; list == NULL && at + 4 <= end; at += 4 + (at[2] << 8 | at[3]))
        if ((unsigned)(at[0] << 8 | at[1]) == type)
            list = at + 4;
    assert_non_null(list);
    size_t num = (size_t)(list[0] << 8 | list[1]) / 2;
    assert_in_range(num, 1, max);
    for (size_t i = 0; i < num; i++)
        out[i] = (uint16_t)(list[2 + 2 * i] << 8 | list[3 + 2 * i]);
    return num;
}

static void check_list(struct bytes hello, unsigned type, const uint16_t *want, size_t num,
                       size_t skip)
{
    uint16_t got[64];
    assert_int_equal(list_of(got, 64, hello, type), num + skip);
    for (size_t i = 0; i < num; i++)
        if (got[skip + i] != want[i])
            fail_msg("extension %u, entry %zu: %04x instead of %04x", type, i, got[skip + i],
                     want[i]);
}

/* the hello offers what offer.h says, in its order, and nothing else; TLS 1.3 suites stand before
 */
static void test_offer(void **state)
{
    struct fixture *f = *state;
    struct dataset_hello hello;
    uint8_t *scratch;
#define X(id, name) id,
    static const uint16_t suites[] = {OFFER_SUITES(X)}, groups[] = {OFFER_GROUPS(X)};
#undef X
#define X(id) id,
    static const uint16_t schemes[] = {OFFER_SIGSCHEMES(X)};
#undef X
    assert_int_equal(tls_hello_describe(&hello, &scratch, f->ctx, HELLO_PLAIN), 0);
    check_list(hello.body, 0, suites, sizeof suites / 2, 3);
    check_list(hello.body, 10, groups, sizeof groups / 2, 0);
    check_list(hello.body, 13, schemes, sizeof schemes / 2, 0);
    OPENSSL_free(scratch);
}

/* staples and SCTs are asked for: empty but for their form */
static void test_asks_for_evidence(void **state)
{
    struct fixture *f = *state;
    for (unsigned i = 0; i < NUM_HELLOS; i++) {
        struct dataset_hello hello;
        uint8_t *scratch;
        assert_int_equal(tls_hello_describe(&hello, &scratch, f->ctx, i), 0);
        assert_non_null(memmem(hello.body.data, hello.body.len, "\0\x05\0\x05\x01\0\0\0\0", 9));
        assert_non_null(memmem(hello.body.data, hello.body.len, "\0\x12\0\0", 4));
        OPENSSL_free(scratch);
    }
}

static void test_describe(void **state)
{
    struct fixture *f = *state;
    static const char *const names[] = {"plain", "sni", "pq", "pq-sni"};
    uint8_t hashes[NUM_HELLOS][32];
    for (unsigned i = 0; i < NUM_HELLOS; i++) {
        struct dataset_hello a, b;
        uint8_t *scratch_a, *scratch_b, hash[32];
        assert_int_equal(tls_hello_describe(&a, &scratch_a, f->ctx, i), 0);
        assert_int_equal(tls_hello_describe(&b, &scratch_b, f->ctx, i), 0);
        assert_true(bytes_equal(a.name, bytes_text(names[i])));
        assert_true(bytes_equal(a.body, b.body));   /* normalised: the same every time */
        assert_true(bytes_equal(a.ja4, b.ja4));
        assert_memory_equal(a.ja4.data, i % 2 == HELLO_SNI ? "t13d17" : "t13i17", 6);
        SHA256(a.body.data, a.body.len, hash);
        assert_memory_equal(a.sha256, hash, 32);
        memcpy(hashes[i], hash, 32);
        OPENSSL_free(scratch_a);
        OPENSSL_free(scratch_b);
    }
    assert_memory_not_equal(hashes[0], hashes[1], 32);
    struct dataset_hello none;
    uint8_t *scratch;
    assert_true(tls_hello_describe(&none, &scratch, f->ctx, NUM_HELLOS) < 0);
}

struct pair {
    SSL_CTX *ctx;
    struct peer peer;
    struct outbuf out;
    struct tls_client *client;
    uint8_t buf[8192];
    size_t len;
};

static void pair_init(struct pair *p, struct fixture *f, uint16_t version, const char *host)
{
    struct peer_options options = {.identity = IDENTITY_P256, .version = version};
    p->ctx = peer_context_new(&f->keys, &options);
    peer_init(&p->peer, p->ctx);
    outbuf_init(&p->out);
    p->client = tls_client_new(f->ctx, &p->out, &(struct session_hello){.host = host});
    assert_non_null(p->client);
}

static void pair_cleanup(struct pair *p)
{
    tls_client_free(p->client);
    peer_cleanup(&p->peer);
    outbuf_cleanup(&p->out);
    SSL_CTX_free(p->ctx);
}

/* what the client wrote goes to the peer, whose answer is in buf */
static void to_peer(struct pair *p)
{
    peer_receive(&p->peer, p->out.data, p->out.len);
    p->out.len = 0;
    p->len = peer_take(&p->peer, p->buf, sizeof p->buf);
}

static void shake_hands(struct pair *p)
{
    enum tls_status status = tls_client_handshake(p->client, NULL, 0, STAGE_HANDSHAKE);
    for (int i = 0; i < 4 && status == TLS_MORE; i++) {
        to_peer(p);
        status = tls_client_handshake(p->client, p->buf, p->len, STAGE_HANDSHAKE);
    }
    assert_int_equal(status, TLS_DONE);
    to_peer(p);
    assert_true(p->peer.done);
    tls_client_feed(p->client, p->buf, p->len);   /* tickets */
    uint8_t data[16];
    size_t len;
    assert_int_equal(tls_client_read(p->client, data, &len, sizeof data, STAGE_EHLO_TLS), TLS_MORE);
}

static void test_calls(void **state)
{
    static const uint16_t versions[] = {TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION,
                                        TLS1_3_VERSION};
    for (size_t i = 0; i < 4; i++) {
        struct pair p;
        char text[64];
        uint8_t data[3];
        size_t len;
        pair_init(&p, *state, versions[i], "mx.test");
        shake_hands(&p);
        assert_int_equal(tls_client_write(p.client, "EHLO", 4), TLS_DONE);
        to_peer(&p);
        assert_int_equal(peer_read(&p.peer, text, sizeof text), 4);
        peer_say(&p.peer, bytes_text("250 ok"));
        p.len = peer_take(&p.peer, p.buf, sizeof p.buf);
        tls_client_feed(p.client, p.buf, p.len);
        for (int part = 0; part < 2; part++) {   /* more than fits is there for the next read */
            assert_int_equal(tls_client_read(p.client, data, &len, sizeof data, STAGE_EHLO_TLS),
                             TLS_DONE);
            assert_int_equal(len, 3);
        }
        assert_int_equal(tls_client_read(p.client, data, &len, sizeof data, STAGE_EHLO_TLS),
                         TLS_MORE);
        tls_client_close(p.client);
        assert_true(p.out.len > 0);
        p.out.len = 0;
        tls_client_close(p.client);   /* once */
        assert_int_equal(p.out.len, 0);
        peer_close_notify(&p.peer);
        p.len = peer_take(&p.peer, p.buf, sizeof p.buf);
        tls_client_feed(p.client, p.buf, p.len);
        assert_int_equal(tls_client_read(p.client, data, &len, sizeof data, STAGE_DONE),
                         TLS_CLOSED);
        assert_false(tls_client_alerted(p.client));
        struct record r;
        record_init(&r);
        tls_client_record(p.client, &r);
        assert_int_equal(r.version, versions[i]);
        assert_int_equal(r.hello, (OFFER_HAS_PQ ? HELLO_PQ : 0) + HELLO_SNI);
        assert_int_equal(r.num_alerts, 0);   /* close_notify of the end is none worth keeping */
        pair_cleanup(&p);
    }
}

/* octets after the handshake are bounded too, whatever is in them */
static void test_data_is_bounded(void **state)
{
    struct pair p;
    uint8_t data[2048];
    size_t len, total = 0;
    enum tls_status status = TLS_MORE;
    char line[1024];
    memset(line, 'a', sizeof line);
    pair_init(&p, *state, TLS1_3_VERSION, NULL);
    shake_hands(&p);
    while (status != TLS_FAILED && total < 2 * TLS_DATA_MAX) {
        peer_say(&p.peer, bytes_of(line, sizeof line));
        p.len = peer_take(&p.peer, p.buf, sizeof p.buf);
        tls_client_feed(p.client, p.buf, p.len);
        while ((status = tls_client_read(p.client, data, &len, sizeof data, STAGE_EHLO_TLS)) ==
               TLS_DONE)
            total += len;
    }
    assert_int_equal(status, TLS_FAILED);
    assert_int_equal(tls_client_failure(p.client), CAUSE_TOO_LONG);
    assert_in_range(total, TLS_DATA_MAX * 9 / 10, TLS_DATA_MAX);
    pair_cleanup(&p);
}

static void test_no_close_before_the_end(void **state)
{
    struct pair p;
    pair_init(&p, *state, TLS1_2_VERSION, NULL);
    assert_int_equal(tls_client_handshake(p.client, NULL, 0, STAGE_HANDSHAKE), TLS_MORE);
    p.out.len = 0;
    tls_client_close(p.client);
    assert_int_equal(p.out.len, 0);
    assert_int_equal(tls_client_failure(p.client), CAUSE_TLS_ERROR);
    pair_cleanup(&p);
}

int main(void)
{
    struct fixture f;
    struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(test_offer, &f),
        cmocka_unit_test_prestate(test_asks_for_evidence, &f),
        cmocka_unit_test_prestate(test_describe, &f),
        cmocka_unit_test_prestate(test_calls, &f),
        cmocka_unit_test_prestate(test_data_is_bounded, &f),
        cmocka_unit_test_prestate(test_no_close_before_the_end, &f),
    };
    CRYPTO_BUFFER_POOL *pool = CRYPTO_BUFFER_POOL_new();
    f.ctx = tls_context_new(pool);
    peer_keys_init(&f.keys);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    peer_keys_cleanup(&f.keys);
    tls_context_free(f.ctx);
    CRYPTO_BUFFER_POOL_free(pool);
    return failed;
}
