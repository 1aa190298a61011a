#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tools/histogram.h"

enum { NUM = 5000 };

static uint32_t next_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*seed >> 32);
}

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void is_within(double got, double expected)
{
    if (fabs(got - expected) > 0.008 * expected)
        fail_msg("%f is not within 0.8 %% of %f", got, expected);
}

static void small_values_are_exact(void **state)
{
    (void)state;
    static const struct {
        unsigned per_mille;
        double expected;
    } cases[] = {{0, 0},    {1, 0},    {10, 0},   {11, 1},   {500, 49},
                 {501, 50}, {900, 89}, {990, 98}, {1000, 99}};
    struct histogram h;
    histogram_init(&h);
    assert_true(histogram_quantile(&h, 500) == 0);
    for (uint32_t i = 0; i < 100; i++)
        histogram_add(&h, i, 1);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        is_within(histogram_quantile(&h, cases[i].per_mille), cases[i].expected);
}

static void one_value_is_every_quantile(void **state)
{
    (void)state;
    static const uint32_t values[] = {0, 1, 63, 64, 65, 127, 128, 1000, 1 << 20, UINT32_MAX - 1};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        struct histogram h;
        histogram_init(&h);
        histogram_add(&h, values[i], 1);
        for (unsigned q = 1; q <= 1000; q += 333)
            is_within(histogram_quantile(&h, q), values[i]);
    }
}

static void quantiles_are_those_of_sorting(void **state)
{
    (void)state;
    uint64_t seed = 1;
    uint32_t values[NUM];
    struct histogram h;
    histogram_init(&h);
    for (size_t i = 0; i < NUM; i++) {
        values[i] = next_random(&seed) >> next_random(&seed) % 24;
        histogram_add(&h, values[i], 1);
    }
    qsort(values, NUM, sizeof values[0], compare);
    for (unsigned q = 5; q <= 1000; q += 5)
        is_within(histogram_quantile(&h, q), values[NUM * q / 1000 - 1]);
}

static void merged_parts_are_the_whole(void **state)
{
    (void)state;
    uint64_t seed = 2;
    struct histogram whole, a, b;
    histogram_init(&whole);
    histogram_init(&a);
    histogram_init(&b);
    for (size_t i = 0; i < NUM; i++) {
        uint32_t value = next_random(&seed);
        histogram_add(&whole, value, 1);
        histogram_add(i % 3 == 0 ? &a : &b, value, 1);
    }
    histogram_merge(&a, &b);
    assert_memory_equal(&a, &whole, sizeof a);
}

/* each value is in the bin that has it, and no bin is wider than an eighth of its beginning */
static void bins_hold_their_values(void **state)
{
    (void)state;
    static const struct {
        uint32_t us;
        uint64_t from_us, to_us;
    } cases[] = {{0, 0, 1},
                 {7, 7, 8},
                 {8, 8, 9},
                 {15, 15, 16},
                 {16, 16, 18},
                 {63, 60, 64},
                 {64, 64, 72},
                 {71, 64, 72},
                 {1000, 960, 1024},
                 {1000000, 983040, 1048576},
                 {UINT32_MAX, UINT64_C(15) << 28, UINT64_C(1) << 32}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct histogram h;
        struct histogram_bin bins[HISTOGRAM_COARSE_BINS];
        histogram_init(&h);
        assert_int_equal(histogram_bins(bins, &h), 0);
        histogram_add(&h, cases[i].us, 3);
        assert_int_equal(histogram_bins(bins, &h), 1);
        assert_int_equal(bins[0].from_us, cases[i].from_us);
        assert_int_equal(bins[0].to_us, cases[i].to_us);
        assert_int_equal(bins[0].count, 3);
    }
}

static void bins_sum_to_the_count(void **state)
{
    (void)state;
    uint64_t seed = 3, sum = 0;
    struct histogram h;
    struct histogram_bin bins[HISTOGRAM_COARSE_BINS];
    histogram_init(&h);
    for (size_t i = 0; i < NUM; i++)
        histogram_add(&h, next_random(&seed) >> next_random(&seed) % 32, 1 + i % 3);
    for (size_t i = 0; i < HISTOGRAM_BINS; i++) /* none is empty */
        h.bins[i]++;
    size_t num = histogram_bins(bins, &h);
    assert_int_equal(num, HISTOGRAM_COARSE_BINS);
    for (size_t i = 0; i < num; i++) {
        assert_true(i == 0 || bins[i].from_us == bins[i - 1].to_us);
        assert_true(bins[i].to_us - bins[i].from_us <= 1 + bins[i].from_us / 8);
        sum += bins[i].count;
    }
    uint64_t all = 0;
    for (size_t i = 0; i < HISTOGRAM_BINS; i++)
        all += h.bins[i];
    assert_int_equal(sum, all);
}

static void small_bins_join(void **state)
{
    (void)state;
    static const struct {
        uint64_t min, counts[4], joined[4]; /* up to a 0 */
    } cases[] = {
        {0, {1, 2, 3, 4}, {1, 2, 3, 4}},
        {3, {1, 2, 3, 4}, {3, 3, 4}},
        {3, {9, 9, 1}, {9, 10}},
        {3, {1, 9, 9}, {10, 9}},
        {9, {1, 2}, {3}},
        {9, {5}, {5}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct histogram_bin bins[4];
        size_t num = 0, left = 0;
        for (; num < 4 && cases[i].counts[num] > 0; num++)
            bins[num] = (struct histogram_bin){10 * num, 10 * num + 5, cases[i].counts[num]};
        uint64_t end = bins[num - 1].to_us;
        while (left < 4 && cases[i].joined[left] > 0)
            left++;
        assert_int_equal(histogram_join(bins, num, cases[i].min), left);
        for (size_t k = 0; k < left; k++)
            assert_int_equal(bins[k].count, cases[i].joined[k]);
        assert_int_equal(bins[0].from_us, 0);
        assert_int_equal(bins[left - 1].to_us, end);
    }
    assert_int_equal(histogram_join(NULL, 0, 5), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_values_are_exact),
        cmocka_unit_test(one_value_is_every_quantile),
        cmocka_unit_test(quantiles_are_those_of_sorting),
        cmocka_unit_test(merged_parts_are_the_whole),
        cmocka_unit_test(bins_hold_their_values),
        cmocka_unit_test(bins_sum_to_the_count),
        cmocka_unit_test(small_bins_join),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
