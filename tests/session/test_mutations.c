/* Flights of real servers, changed at random: whatever comes of it, the session ends, and its record
 * is one that a dataset takes. test_mutations [FLIGHTS]: 20,000 unless it says how many. */
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
#include "tests/session/peer.h"

struct fixture {
    struct session_config config;
    struct peer_keys keys;
    unsigned long num_flights;
};

/* with all that a server may show, so that each reader gets its share */
static const struct peer_options servers[] = {
    {.version = TLS1_2_VERSION},
    {.version = TLS1_3_VERSION, .num_extra = 1},
    {.version = TLS1_2_VERSION, .num_extra = 2, .want_client_cert = true,
     .client_ca = {(const uint8_t *)"\x30\x00", 2}, .ocsp = {(const uint8_t *)"staple", 6},
     .scts = {(const uint8_t *)"\0\5\0\3sct", 7}},
    {.version = TLS1_3_VERSION, .want_client_cert = true, .group = NID_secp384r1,
     .ocsp = {(const uint8_t *)"staple", 6}, .scts = {(const uint8_t *)"\0\5\0\3sct", 7}},
    {.version = TLS1_VERSION, .ocsp = {(const uint8_t *)"staple", 6}},
};
enum { NUM_SERVERS = sizeof servers / sizeof servers[0] };

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

/* what the writer of a dataset asks for */
static void check_record(const struct session *s)
{
    struct record r;
    record_init(&r);
    session_record(s, &r);
    assert_int_equal(r.tls_flags & ~r.tls_known, 0);
    assert_true(r.num_server_exts <= RECORD_EXTS_MAX && r.num_chain <= RECORD_CHAIN_MAX);
    assert_true(r.text[TEXT_OCSP].len <= OCSP_STAPLE_MAX);
    assert_true(r.text[TEXT_SCT].len <= SCT_LIST_MAX);
    assert_true(r.text[TEXT_CERT_REQUEST].len <= CERT_REQUEST_MAX);
    assert_true(r.timing_us[TIMING_SERVER_HELLO] == TIMING_ABSENT ||
                r.timing_us[TIMING_SERVER_HELLO] <= r.timing_us[TIMING_HANDSHAKE]);
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
    check_record(&s);
    session_cleanup(&s);
    peer_cleanup(&peer);
    outbuf_cleanup(&out);
}

static void test_mutated_flights(void **state)
{
    struct fixture *f = *state;
    uint64_t seed = 1;
    SSL_CTX *ctx[NUM_SERVERS];
    for (size_t i = 0; i < NUM_SERVERS; i++) {
        struct peer_options options = servers[i];
        options.identity = IDENTITY_P256;
        ctx[i] = peer_context_new(&f->keys, &options);
    }
    for (unsigned long i = 0; i < f->num_flights; i++)
        play_mutated(f, ctx[i % NUM_SERVERS], &seed);
    for (size_t i = 0; i < NUM_SERVERS; i++)
        SSL_CTX_free(ctx[i]);
}

int main(int argc, char **argv)
{
    struct fixture f = {.config = {.ehlo_name = bytes_text("scanner.test")},
                        .num_flights = argc > 1 ? strtoul(argv[1], NULL, 10) : 20000};
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
