/* dh_primes: those of the RFCs computed anew from pi and e; those of RFC 5114 and of software from
 * tests/data/dh_primes.txt, which holds their octets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/bn.h>
#include <openssl/dh.h>

#include "core/dh_primes.h"

/* ---- pi and e, in fixed point ---- */

enum { GUARD = 64 };   /* bits that rounding may spoil */

/* sum += sign * scale / x^k / k for odd k, with alternating signs: scale * atan(1 / x) * factor */
static void add_arctan(BIGNUM *sum, BN_ULONG x, BN_ULONG factor, int sign, int bits)
{
    BIGNUM *power = BN_new(), *term = BN_new();
    assert_true(BN_set_word(power, factor) && BN_lshift(power, power, bits));
    BN_div_word(power, x);
    for (BN_ULONG k = 1; !BN_is_zero(power); k += 2, sign = -sign) {
        assert_non_null(BN_copy(term, power));
        BN_div_word(term, k);
        assert_true(sign > 0 ? BN_add(sum, sum, term) : BN_sub(sum, sum, term));
        BN_div_word(power, x * x);
    }
    BN_free(power);
    BN_free(term);
}

/* Machin: pi = 16 atan(1/5) - 4 atan(1/239) */
static void pi_bits(BIGNUM *out, int bits)
{
    BN_zero(out);
    add_arctan(out, 5, 16, 1, bits + GUARD);
    add_arctan(out, 239, 4, -1, bits + GUARD);
    assert_true(BN_rshift(out, out, GUARD));
}

static void e_bits(BIGNUM *out, int bits)
{
    BIGNUM *term = BN_new();
    assert_true(BN_one(term) && BN_lshift(term, term, bits + GUARD));
    BN_zero(out);
    for (BN_ULONG k = 1; !BN_is_zero(term); k++) {
        assert_true(BN_add(out, out, term));
        BN_div_word(term, k);
    }
    assert_true(BN_rshift(out, out, GUARD));
    BN_free(term);
}

/* 2^n - 2^(n - 64) - 1 + 2^64 * ([2^(n - 130) * c] + x): RFC 2409, 3526 and 7919 alike */
static void compute(BIGNUM *p, int n, void (*constant)(BIGNUM *, int), BN_ULONG x)
{
    BIGNUM *t = BN_new();
    constant(p, n - 130);
    assert_true(BN_add_word(p, x) && BN_lshift(p, p, 64));
    assert_true(BN_one(t) && BN_lshift(t, t, n) && BN_add(p, p, t));
    assert_true(BN_one(t) && BN_lshift(t, t, n - 64) && BN_sub(p, p, t));
    assert_true(BN_sub_word(p, 1));
    BN_free(t);
}

struct published {
    enum dh_prime prime;
    int bits;
    void (*constant)(BIGNUM *, int);
    BN_ULONG x;
};

static const struct published rfcs[] = {
    {DH_PRIME_MODP768, 768, pi_bits, 149686},
    {DH_PRIME_MODP1024, 1024, pi_bits, 129093},
    {DH_PRIME_MODP1536, 1536, pi_bits, 741804},
    {DH_PRIME_MODP2048, 2048, pi_bits, 124476},
    {DH_PRIME_MODP3072, 3072, pi_bits, 1690314},
    {DH_PRIME_MODP4096, 4096, pi_bits, 240904},
    {DH_PRIME_MODP6144, 6144, pi_bits, 929484},
    {DH_PRIME_MODP8192, 8192, pi_bits, 4743158},
    {DH_PRIME_FFDHE2048, 2048, e_bits, 560316},
    {DH_PRIME_FFDHE3072, 3072, e_bits, 2625351},
    {DH_PRIME_FFDHE4096, 4096, e_bits, 5736041},
    {DH_PRIME_FFDHE6144, 6144, e_bits, 15705020},
    {DH_PRIME_FFDHE8192, 8192, e_bits, 10965728},
};

static void assert_known(const BIGNUM *p, enum dh_prime want)
{
    uint8_t octets[1 + 1024] = {0}, sha256[DH_PRIME_SHA256_LEN], again[DH_PRIME_SHA256_LEN];
    size_t len = BN_num_bytes(p);
    assert_true(len < sizeof octets);
    BN_bn2bin(p, octets + 1);
    assert_int_equal(dh_prime_find(sha256, bytes_of(octets + 1, len)), want);
    assert_int_equal(dh_prime_find(again, bytes_of(octets, len + 1)), want);   /* a zero in front */
    assert_memory_equal(sha256, again, sizeof sha256);
    octets[len] ^= 2;
    assert_int_equal(dh_prime_find(again, bytes_of(octets + 1, len)), DH_PRIME_OWN);
    assert_memory_not_equal(sha256, again, sizeof sha256);
    assert_int_equal(dh_prime_bits(want), BN_num_bits(p));
}

static void test_rfcs(void **state)
{
    (void)state;
    BIGNUM *p = BN_new();
    for (size_t i = 0; i < sizeof rfcs / sizeof rfcs[0]; i++) {
        compute(p, rfcs[i].bits, rfcs[i].constant, rfcs[i].x);
        assert_known(p, rfcs[i].prime);
    }
    BN_free(p);
}

/* the same from another hand, as far as BoringSSL has them */
static void test_boringssl(void **state)
{
    (void)state;
    BIGNUM *p = BN_get_rfc3526_prime_1536(NULL);
    DH *dh = DH_get_rfc7919_2048();
    assert_known(p, DH_PRIME_MODP1536);
    assert_known(DH_get0_p(dh), DH_PRIME_FFDHE2048);
    DH_free(dh);
    BN_free(p);
}

static enum dh_prime prime_of_slug(const char *slug)
{
    for (unsigned code = 0; dh_prime_slug(code) != NULL; code++)
        if (strcmp(dh_prime_slug(code), slug) == 0)
            return (enum dh_prime)code;
    return DH_PRIME_NONE;
}

static bool is_prime(const BIGNUM *p)
{
    int probably;
    BN_CTX *ctx = BN_CTX_new();
    assert_true(BN_primality_test(&probably, p, 8, ctx, 1, NULL));
    BN_CTX_free(ctx);
    return probably != 0;
}

static void test_software(void **state)
{
    (void)state;
    FILE *in = fopen(TEST_DATA "/dh_primes.txt", "r");
    char slug[64], hex[2049];
    size_t num = 0;
    assert_non_null(in);
    while (fscanf(in, "%63s %2048s", slug, hex) == 2) {
        BIGNUM *p = NULL;
        assert_true(BN_hex2bn(&p, hex));
        enum dh_prime prime = prime_of_slug(slug);
        assert_true(prime > DH_PRIME_OWN);
        assert_known(p, prime);
        assert_true(is_prime(p));
        assert_int_equal(dh_prime_group(prime), 0);
        BN_free(p);
        num++;
    }
    fclose(in);
    assert_int_equal(num, DH_PRIME_IRONPORT_1024 - DH_PRIME_RFC5114_1024 + 1);
}

static void test_none(void **state)
{
    (void)state;
    static const uint8_t zeros[200], no_hash[DH_PRIME_SHA256_LEN];
    uint8_t sha256[DH_PRIME_SHA256_LEN];
    memset(sha256, 1, sizeof sha256);
    assert_int_equal(dh_prime_find(sha256, bytes_of(NULL, 0)), DH_PRIME_NONE);
    assert_memory_equal(sha256, no_hash, sizeof sha256);
    memset(sha256, 1, sizeof sha256);
    assert_int_equal(dh_prime_find(sha256, bytes_of(zeros, sizeof zeros)), DH_PRIME_NONE);
    assert_memory_equal(sha256, no_hash, sizeof sha256);
    assert_int_equal(dh_prime_find(sha256, bytes_of("\x0b", 1)), DH_PRIME_OWN);
}

static void test_slugs(void **state)
{
    (void)state;
    unsigned code;
    for (code = 0; dh_prime_slug(code) != NULL; code++)
        assert_int_equal(prime_of_slug(dh_prime_slug(code)), code);   /* each is told apart */
    assert_int_equal(code, DH_PRIME_IRONPORT_1024 + 1);
    assert_int_equal(dh_prime_group(DH_PRIME_FFDHE2048), 256);
    assert_int_equal(dh_prime_group(DH_PRIME_FFDHE8192), 260);
    assert_int_equal(dh_prime_group(DH_PRIME_MODP2048), 0);
    assert_int_equal(dh_prime_group(DH_PRIME_OWN), 0);
    assert_int_equal(dh_prime_bits(DH_PRIME_OWN), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfcs),
        cmocka_unit_test(test_boringssl),
        cmocka_unit_test(test_software),
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_slugs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
