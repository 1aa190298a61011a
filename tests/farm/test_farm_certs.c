/* pki, mint: the same certificates everywhere and always, and each as its row says. Judged by
 * BoringSSL's X509, not by core. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/pool.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "tools/farm/mint.h"
#include "tools/farm/pki.h"

enum { NOW = 1767225600 }; /* 2026-01-01 */

static const struct behaviour *named(const char *name)
{
    size_t index = behaviour_find(name, strlen(name));
    assert_true(index < num_behaviours());
    return behaviour_at(index);
}

static void add_chain(SHA256_CTX *ctx, const struct chain *chain)
{
    assert_non_null(chain);
    for (size_t i = 0; i < chain->num; i++)
        SHA256_Update(ctx, CRYPTO_BUFFER_data(chain->certs[i]), CRYPTO_BUFFER_len(chain->certs[i]));
}

/* digest_all hashes the chains of every behaviour at a few addresses, in order or from the end. */
static void digest_all(uint8_t out[SHA256_DIGEST_LENGTH], uint64_t seed, int64_t now_s,
                       bool warm_backwards)
{
    struct pki *pki = pki_new(seed, now_s);
    assert_non_null(pki);
    for (size_t i = num_behaviours(); warm_backwards && i-- > 0;)
        assert_non_null(pki_chain(pki, behaviour_at(i), addr_v4(0x7f010203)));
    SHA256_CTX ctx;
    SHA256_Init(&ctx);
    for (size_t i = 0; i < num_behaviours(); i++)
        add_chain(&ctx, pki_chain(pki, behaviour_at(i), addr_v4(0x7f010203)));
    SHA256_Final(out, &ctx);
    pki_free(pki);
}

static void test_same_inputs_same_octets(void **state)
{
    (void)state;
    uint8_t first[SHA256_DIGEST_LENGTH], again[SHA256_DIGEST_LENGTH], seed[SHA256_DIGEST_LENGTH],
        date[SHA256_DIGEST_LENGTH];
    digest_all(first, 1, NOW, false);
    digest_all(again, 1, NOW, true);
    digest_all(seed, 2, NOW, false);
    digest_all(date, 1, NOW + 86400, false);
    assert_memory_equal(first, again, sizeof first);
    assert_memory_not_equal(first, seed, sizeof first);
    assert_memory_not_equal(first, date, sizeof first);
}

/* pushed out of the cache and made again, a certificate is what it was */
static void test_eviction_changes_nothing(void **state)
{
    (void)state;
    struct pki *pki = pki_new(5, NOW);
    const struct behaviour *b = named("tls13-ed25519");
    uint8_t before[SHA256_DIGEST_LENGTH], after[SHA256_DIGEST_LENGTH];
    for (int round = 0; round < 2; round++) {
        SHA256_CTX ctx;
        SHA256_Init(&ctx);
        add_chain(&ctx, pki_chain(pki, b, addr_v4(0x7f000001)));
        SHA256_Final(round == 0 ? before : after, &ctx);
        for (uint32_t i = 0; i < 600; i++) /* addresses that share slots by the birthday paradox */
            assert_non_null(pki_chain(pki, b, addr_v4(0x7f000100 + i)));
    }
    assert_memory_equal(before, after, sizeof before);
    pki_free(pki);
}

/* ---- one by one ---- */

static X509 *parse(const CRYPTO_BUFFER *der)
{
    const uint8_t *at = CRYPTO_BUFFER_data(der);
    X509 *x509 = d2i_X509(NULL, &at, (long)CRYPTO_BUFFER_len(der));
    assert_non_null(x509);
    assert_ptr_equal(at, CRYPTO_BUFFER_data(der) + CRYPTO_BUFFER_len(der));
    return x509;
}

static X509_STORE *store_of(const CRYPTO_BUFFER *root)
{
    X509_STORE *store = X509_STORE_new();
    X509 *anchor = parse(root);
    assert_true(X509_STORE_add_cert(store, anchor));
    X509_free(anchor);
    return store;
}

/* verify returns the X509_V_ code of chain at NOW for the name host, under the farm's root. */
static int verify(const struct pki *pki, const struct chain *chain, const char *host)
{
    X509_STORE *store = store_of(pki_root(pki));
    STACK_OF(X509) *others = sk_X509_new_null();
    X509 *leaf = parse(chain->certs[0]);
    for (size_t i = 1; i < chain->num; i++)
        assert_true(sk_X509_push(others, parse(chain->certs[i])));
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    assert_true(X509_STORE_CTX_init(ctx, store, leaf, others));
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
    X509_VERIFY_PARAM_set_time(param, NOW);
    assert_true(X509_VERIFY_PARAM_set1_host(param, host, strlen(host)));
    assert_true(X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_SERVER));
    X509_verify_cert(ctx);
    int code = X509_STORE_CTX_get_error(ctx);
    X509_STORE_CTX_free(ctx);
    sk_X509_pop_free(others, X509_free);
    X509_free(leaf);
    X509_STORE_free(store);
    return code;
}

static void test_chains_are_as_the_rows_say(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t num;
        int code;
    } cases[] = {
        {"tls13-p256", 2, X509_V_OK},
        {"tls13-p384", 2, X509_V_OK},
        {"tls13-p521", 2, X509_V_OK},
        {"tls13-ed25519", 2, X509_V_OK},
        {"tls13-rsa2048", 2, X509_V_OK},
        {"tls13-rsa4096", 2, X509_V_OK},
        {"chain-1", 1, X509_V_OK},
        {"chain-3", 3, X509_V_OK},
        {"chain-4", 4, X509_V_OK},
        {"expired", 2, X509_V_ERR_CERT_HAS_EXPIRED},
        {"not-yet-valid", 2, X509_V_ERR_CERT_NOT_YET_VALID},
        {"expiring", 2, X509_V_OK},
        {"wrong-name", 2, X509_V_ERR_HOSTNAME_MISMATCH},
        {"self-signed", 1,
         X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY}, /* may not sign: not its own issuer */
        {"no-intermediate", 1, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY},
        {"wrong-order", 3, X509_V_OK},
        {"root-included", 3, X509_V_OK},
        {"leaf-twice", 3, X509_V_OK},
        {"sixty-certificates", 60, X509_V_OK},
    };
    struct pki *pki = pki_new(1, NOW);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (uint32_t k = 0; k < 8; k++) {
            struct addr a = addr_v4(0x7f000001 + 0x10101 * k);
            char host[HOST_NAME_MAX_LEN];
            host_name(host, a);
            const struct chain *chain = pki_chain(pki, named(cases[i].name), a);
            assert_int_equal(chain->num, cases[i].num);
            assert_int_equal(verify(pki, chain, host), cases[i].code);
        }
    }
    pki_free(pki);
}

static void test_keys_fit_leaves(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int type, bits;
    } cases[] = {
        {"tls13-p256", EVP_PKEY_EC, 256},      {"tls13-p384", EVP_PKEY_EC, 384},
        {"tls13-p521", EVP_PKEY_EC, 521},      {"tls13-ed25519", EVP_PKEY_ED25519, 253},
        {"tls13-rsa2048", EVP_PKEY_RSA, 2048}, {"tls13-rsa4096", EVP_PKEY_RSA, 4096},
        {"bench", EVP_PKEY_EC, 256},
    };
    struct pki *pki = pki_new(1, NOW);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct chain *chain = pki_chain(pki, named(cases[i].name), addr_v4(0x7f000009));
        X509 *leaf = parse(chain->certs[0]);
        EVP_PKEY *key = X509_get_pubkey(leaf);
        assert_int_equal(EVP_PKEY_id(key), cases[i].type);
        if (cases[i].type != EVP_PKEY_ED25519)
            assert_int_equal(EVP_PKEY_bits(key), cases[i].bits);
        assert_int_equal(EVP_PKEY_cmp(key, chain->key), 1);
        EVP_PKEY_free(key);
        X509_free(leaf);
    }
    pki_free(pki);
}

static void leaf_digest(uint8_t out[SHA256_DIGEST_LENGTH], struct pki *pki, const char *name,
                        uint32_t addr)
{
    const struct chain *chain = pki_chain(pki, named(name), addr_v4(addr));
    SHA256(CRYPTO_BUFFER_data(chain->certs[0]), CRYPTO_BUFFER_len(chain->certs[0]), out);
}

static void test_who_shares(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint32_t a, b;
        bool same;
    } cases[] = {
        {"tls13-p256", 0x7f010101, 0x7f010101, true},
        {"tls13-p256", 0x7f010101, 0x7f010102, false},
        {"self-signed", 0x7f010101, 0x7f010102, false},
        {"shared-network", 0x7f010101, 0x7f0101fe, true},
        {"shared-network", 0x7f010101, 0x7f010201, false},
        {"shared-vendor", 0x7f010101, 0x7ff0f0f0, true},
        {"bench", 0x7f000001, 0x7ff0f0f0, true},
    };
    struct pki *pki = pki_new(1, NOW);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t a[SHA256_DIGEST_LENGTH], b[SHA256_DIGEST_LENGTH];
        leaf_digest(a, pki, cases[i].name, cases[i].a);
        leaf_digest(b, pki, cases[i].name, cases[i].b);
        assert_int_equal(memcmp(a, b, sizeof a) == 0, cases[i].same);
    }
    pki_free(pki);
}

static void test_expiring_in_three_days(void **state)
{
    (void)state;
    struct pki *pki = pki_new(1, NOW);
    X509 *leaf = parse(pki_chain(pki, named("expiring"), addr_v4(0x7f000007))->certs[0]);
    time_t just_before = NOW + 3 * 86400 - 1, just_after = NOW + 3 * 86400 + 1;
    assert_int_equal(X509_cmp_time(X509_get0_notAfter(leaf), &just_before), 1);
    assert_int_equal(X509_cmp_time(X509_get0_notAfter(leaf), &just_after), -1);
    X509_free(leaf);
    pki_free(pki);
}

static void test_garbage_is_no_certificate(void **state)
{
    (void)state;
    struct pki *pki = pki_new(1, NOW);
    const struct chain *chain = pki_chain(pki, named("certificate-garbage"), addr_v4(0x7f000007));
    const uint8_t *at = CRYPTO_BUFFER_data(chain->certs[0]);
    assert_null(d2i_X509(NULL, &at, (long)CRYPTO_BUFFER_len(chain->certs[0])));
    assert_int_equal(chain->num, 2);
    X509_free(parse(chain->certs[1]));
    pki_free(pki);
}

/* ---- mint ---- */

static void test_mint_refuses_signers_with_random_signatures(void **state)
{
    (void)state;
    struct pki *pki = pki_new(1, NOW);
    EVP_PKEY *ec = pki_chain(pki, named("tls13-p256"), addr_v4(0x7f000001))->key;
    struct mint_request r = {
        .issuer = {NULL, "a"}, .subject = {NULL, "b"}, .key = ec, .signer = ec, .not_after = NOW};
    assert_null(mint_certificate(&r));
    pki_free(pki);
}

/* RFC 5280, 4.1.2.5: two forms of time, and serials are positive */
static void test_mint_times_and_serials(void **state)
{
    (void)state;
    static const struct {
        int64_t at;
        int type;
    } cases[] = {
        {0, V_ASN1_UTCTIME}, {2524607999, V_ASN1_UTCTIME}, {2524608000, V_ASN1_GENERALIZEDTIME}};
    struct pki *pki = pki_new(1, NOW);
    EVP_PKEY *key = pki_chain(pki, named("tls13-ed25519"), addr_v4(0x7f000001))->key;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mint_request r = {.issuer = {"o", "a"},
                                 .subject = {NULL, "b"},
                                 .key = key,
                                 .signer = key,
                                 .not_before = cases[i].at,
                                 .not_after = cases[i].at,
                                 .names = {"x.example", "y.example"}};
        memset(r.serial, i == 0 ? 0xff : 0, sizeof r.serial);
        CRYPTO_BUFFER *der = mint_certificate(&r);
        X509 *x509 = parse(der);
        assert_int_equal(X509_get0_notAfter(x509)->type, cases[i].type);
        assert_int_equal(ASN1_STRING_type((const ASN1_STRING *)X509_get0_serialNumber(x509)),
                         V_ASN1_INTEGER);
        assert_int_equal(ASN1_STRING_length((const ASN1_STRING *)X509_get0_serialNumber(x509)),
                         MINT_SERIAL_LEN);
        assert_int_equal(X509_check_host(x509, "y.example", 9, 0, NULL), 1);
        assert_int_equal(X509_verify(x509, key), 1);
        X509_free(x509);
        CRYPTO_BUFFER_free(der);
    }
    pki_free(pki);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_inputs_same_octets),
        cmocka_unit_test(test_eviction_changes_nothing),
        cmocka_unit_test(test_chains_are_as_the_rows_say),
        cmocka_unit_test(test_keys_fit_leaves),
        cmocka_unit_test(test_who_shares),
        cmocka_unit_test(test_expiring_in_three_days),
        cmocka_unit_test(test_garbage_is_no_certificate),
        cmocka_unit_test(test_mint_refuses_signers_with_random_signatures),
        cmocka_unit_test(test_mint_times_and_serials),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
