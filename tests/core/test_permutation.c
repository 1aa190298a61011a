/* permutation: golden values for ever, a bijection for every small n, its own inverse for huge n,
 * well spread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/permutation.h"

#define LEN(a) (sizeof(a) / sizeof *(a))

/* datasets of years ago rely on these: if one of them changes, the change is wrong */
static const struct {
    uint64_t n, seed, position, index;
} golden[] = {
    {1, 0, 0, 0},
    {2, 7, 0, 0},
    {2, 7, 1, 1},
    {3, 1, 0, 1},
    {3, 1, 1, 2},
    {3, 1, 2, 0},
    {10, 42, 0, 1},
    {10, 42, 1, 0},
    {10, 42, 2, 4},
    {10, 42, 9, 2},
    {256, 0, 0, 29},
    {256, 0, 1, 130},
    {256, 0, 255, 2},
    {1000, 1, 0, 172},
    {1000, 1, 1, 773},
    {1000, 1, 999, 966},
    {65537, 123456789, 0, 5411},
    {65537, 123456789, 1, 35974},
    {65537, 123456789, 65536, 32567},
    {16777216, 0, 0, 9738980},
    {16777216, 0, 1, 4890762},
    {16777216, 0, 2, 6844773},
    {16777216, 0, 16777215, 954387},
    {4294967296, 1, 0, 3673115130},
    {4294967296, 1, 1, 2009659101},
    {4294967296, 1, 2, 440336024},
    {4294967296, 1, 4294967295, 2343865742},
    {4294967297, 1, 0, 334431767},
    {4294967297, 1, 1, 4019320541},
    {4294967297, 1, 4294967296, 4142544164},
    {3702258432, 3735928559, 0, 3512053108},
    {3702258432, 3735928559, 1, 1184061967},
    {3702258432, 3735928559, 3702258431, 2547890175},
    {8589934592, 5, 0, 4004498114},
    {8589934592, 5, 1, 3491509255},
    {9223372036854775809U, 18446744073709551615U, 0, 3273542166195468388},
    {9223372036854775809U, 18446744073709551615U, 1, 3798923202051655734},
    {9223372036854775809U, 18446744073709551615U, 9223372036854775808U, 6992285326495107326},
    {18446744073709551615U, 0, 0, 337630883396745994},
    {18446744073709551615U, 0, 1, 10513075762228009766U},
    {18446744073709551615U, 0, 18446744073709551614U, 12611222475429212020U},
    {18446744073709551615U, 18446744073709551615U, 0, 12883411573409636015U},
    {18446744073709551615U, 18446744073709551615U, 12345678901234567890U, 11141304836143794271U},
};

static void same_for_ever(void **state)
{
    (void)state;
    for (size_t i = 0; i < LEN(golden); i++) {
        struct permutation perm;
        permutation_init(&perm, golden[i].n, golden[i].seed);
        assert_true(permutation_at(&perm, golden[i].position) == golden[i].index);
        assert_true(permutation_find(&perm, golden[i].index) == golden[i].position);
    }
}

static void check_bijection(uint64_t n, uint64_t seed)
{
    struct permutation perm;
    uint8_t *seen = calloc(n, 1);
    assert_non_null(seen);
    permutation_init(&perm, n, seed);
    for (uint64_t p = 0; p < n; p++) {
        uint64_t index = permutation_at(&perm, p);
        assert_true(index < n);
        assert_int_equal(seen[index], 0); /* n different ones below n: all of them */
        seen[index] = 1;
        assert_true(permutation_find(&perm, index) == p);
    }
    free(seen);
}

static void bijection_of_small_n(void **state)
{
    static const uint64_t larger[] = {1023, 1024, 1025, 4097, 8191, 32768, 65537, 100000, 131071};
    (void)state;
    for (uint64_t n = 1; n <= 600; n++)
        for (uint64_t seed = 0; seed < 4; seed++)
            check_bijection(n, seed);
    for (size_t i = 0; i < LEN(larger); i++)
        check_bijection(larger[i], UINT64_MAX - i);
}

static void inverse_for_every_width(void **state)
{
    (void)state;
    for (unsigned bits = 1; bits <= 64; bits++) {
        uint64_t top = bits == 64 ? UINT64_MAX : ((uint64_t)1 << bits) - 1;
        const uint64_t sizes[] = {top, top / 2 + 1, top / 2 + 2, top - top / 3};
        for (size_t i = 0; i < LEN(sizes); i++) {
            struct permutation perm;
            permutation_init(&perm, sizes[i], bits);
            for (uint64_t k = 0; k < 64; k++) {
                uint64_t p = k < 32 ? k % sizes[i] : (sizes[i] - 1) - k % sizes[i];
                uint64_t index = permutation_at(&perm, p);
                assert_true(index < sizes[i]);
                assert_true(permutation_find(&perm, index) == p);
                assert_true(permutation_at(&perm, permutation_find(&perm, p)) == p);
            }
        }
    }
}

static void seeds_differ(void **state)
{
    struct permutation a, b;
    unsigned same = 0;
    (void)state;
    permutation_init(&a, 1 << 20, 1);
    permutation_init(&b, 1 << 20, 2);
    for (uint64_t p = 0; p < 1000; p++)
        same += permutation_at(&a, p) == permutation_at(&b, p);
    assert_true(same < 5);
}

/* chi-square of num consecutive positions over 256 equal parts of [0, n): 255 on average, standard
 * deviation 22.6 */
static double chi_square(uint64_t n, uint64_t seed, uint64_t start, unsigned num)
{
    struct permutation perm;
    unsigned parts[256] = {0};
    double expected = num / 256.0, sum = 0;
    permutation_init(&perm, n, seed);
    for (uint64_t p = start; p < start + num; p++)
        parts[permutation_at(&perm, p) / (n / 256)]++;
    for (size_t i = 0; i < 256; i++)
        sum += (parts[i] - expected) * (parts[i] - expected) / expected;
    return sum;
}

static void spreads_over_networks(void **state)
{
    static const uint64_t sizes[] = {1 << 24, 1 << 25, (uint64_t)1 << 32, (uint64_t)1 << 63};
    (void)state;
    for (size_t i = 0; i < LEN(sizes); i++)
        for (uint64_t seed = 0; seed < 8; seed++)
            for (uint64_t start = 0; start < 30000; start += 10000) {
                double sum = chi_square(sizes[i], seed, start, 10000);
                assert_true(sum > 255 - 5 * 22.6 && sum < 255 + 5 * 22.6);
            }
}

/* neighbours in time are strangers in address: of 10,000 pairs about 10,000 * 512 / 2^24 = 0.3 are
 * in one /24 or the next */
static void parts_neighbours(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 8; seed++) {
        struct permutation perm;
        unsigned near = 0;
        permutation_init(&perm, 1 << 24, seed);
        for (uint64_t p = 0; p < 10000; p++) {
            uint64_t a = permutation_at(&perm, p), b = permutation_at(&perm, p + 1);
            near += (a > b ? a - b : b - a) < 256;
        }
        assert_true(near <= 5);
    }
}

/* one bit of the position moves half of the bits of the index */
static void avalanches(void **state)
{
    struct permutation perm;
    (void)state;
    permutation_init(&perm, (uint64_t)1 << 32, 1);
    for (unsigned bit = 0; bit < 32; bit++) {
        unsigned moved = 0;
        for (uint64_t p = 0; p < 1000; p++) {
            uint64_t position = p * 4294967;
            uint64_t diff = permutation_at(&perm, position) ^
                            permutation_at(&perm, position ^ (uint64_t)1 << bit);
            moved += (unsigned)__builtin_popcountll(diff);
        }
        assert_true(moved > 15000 && moved < 17000); /* of 32,000 */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_for_ever),
        cmocka_unit_test(bijection_of_small_n),
        cmocka_unit_test(inverse_for_every_width),
        cmocka_unit_test(seeds_differ),
        cmocka_unit_test(spreads_over_networks),
        cmocka_unit_test(parts_neighbours),
        cmocka_unit_test(avalanches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
