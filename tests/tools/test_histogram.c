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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_values_are_exact),
        cmocka_unit_test(one_value_is_every_quantile),
        cmocka_unit_test(quantiles_are_those_of_sorting),
        cmocka_unit_test(merged_parts_are_the_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
