/* 20,000 flights of a real server, changed at random: whatever comes of it, the session ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/ssl.h>

#include "scanner/session/tls_client.h"
#include "tests/session/peer.h"

struct fixture {
    struct session_config config;
    struct peer_keys keys;
};

/* ---- 20,000 flights of a real server, changed at random: whatever comes of it, the session ends
 * ---- */

static uint32_t next_random(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*seed >> 33);
}

static void mutate(uint8_t *data, size_t *len, uint64_t *seed)
{
    for (uint32_t n = 1 + next_random(seed) % 3; n > 0 && *len > 0; n--) {
        size_t at =
            next_random(seed) % (next_random(seed) % 4 == 0 ? *len : (*len < 200 ? *len : 200));
        switch (next_random(seed) % 4) {
        case 0: data[at] = (uint8_t)next_random(seed); break;
        case 1: data[at] ^= (uint8_t)(1u << next_random(seed) % 8); break;
        case 2: *len = at; break;
        case 3: memmove(data + at, data + at + 1, *len - at - 1); --*len; break;
        }
    }
}

static void play_mutated(struct fixture *f, SSL_CTX *ctx, uint64_t *seed)
{
    struct session s;
    struct outbuf out;
    struct peer peer;
    static const char plain[] = "220 a\r\n", offer[] = "250 STARTTLS\r\n";
    uint8_t buf[16384];
    outbuf_init(&out);
    peer_init(&peer, ctx);
    session_init(&s, &f->config, &out, NULL, 0);
    session_connected(&s, 1);
    session_receive(&s, (const uint8_t *)plain, 7, 2);
    session_receive(&s, (const uint8_t *)offer, 14, 3);
    session_receive(&s, (const uint8_t *)plain, 7, 4);
    out.len = 0;
    session_drained(&s, NULL, 0, 5);
    for (int round = 0; round < 3 && s.want == SESSION_READ; round++) {
        peer_receive(&peer, out.data, out.len);
        out.len = 0;
        size_t len = peer_take(&peer, buf, sizeof buf);
        if (next_random(seed) % 3 == 0 || round == 0)
            mutate(buf, &len, seed);
        size_t half = len > 0 ? next_random(seed) % len : 0;
        session_receive(&s, buf, half, 6);
        session_receive(&s, buf + half, len - half, 6);
    }
    session_timeout(&s, 7);
    assert_int_equal(s.want, SESSION_CLOSE);
    assert_int_not_equal(s.cause, CAUSE_NONE);
    session_cleanup(&s);
    peer_cleanup(&peer);
    outbuf_cleanup(&out);
}

static void test_mutated_flights(void **state)
{
    struct fixture *f = *state;
    uint64_t seed = 1;
    enum { FLIGHTS = 20000, SERVERS = 4 };
    SSL_CTX *ctx[SERVERS];
    for (size_t i = 0; i < SERVERS; i++) {
        struct peer_options options = {
            .identity = IDENTITY_P256,
            .num_extra = i,
            .version = (uint16_t)(i % 2 == 0 ? TLS1_2_VERSION : TLS1_3_VERSION)};
        ctx[i] = peer_context_new(&f->keys, &options);
    }
    for (size_t i = 0; i < FLIGHTS; i++)
        play_mutated(f, ctx[i % SERVERS], &seed);
    for (size_t i = 0; i < SERVERS; i++)
        SSL_CTX_free(ctx[i]);
}

int main(void)
{
    struct fixture f = {.config = {.ehlo_name = bytes_text("scanner.test")}};
    const struct CMUnitTest tests[] = {cmocka_unit_test_prestate(test_mutated_flights, &f)};
    CRYPTO_BUFFER_POOL *pool = CRYPTO_BUFFER_POOL_new();
    f.config.tls = tls_context_new(pool);
    peer_keys_init(&f.keys);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    peer_keys_cleanup(&f.keys);
    tls_context_free(f.config.tls);
    CRYPTO_BUFFER_POOL_free(pool);
    return failed;
}
