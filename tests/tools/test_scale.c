/* Axes and rounded shares. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tools/scale.h"
#include "tools/share.h"

static const struct {
    double max, end;
} ends[] = {{1, 1},       {0.51, 1},      {0.5, 0.5},  {0.1 + 0.2, 0.5},  {0.24, 0.25}, {0.2, 0.2},    {0.201, 0.25},
            {0.1, 0.1},   {0.09, 0.1},    {0.011, 0.02}, {1e-7, 1e-7},   {3e-9, 5e-9},  {0.999, 1},
            {0, 1},       {-1, 1},        {NAN, 1},    {2, 1}};

static void an_axis_of_shares(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        double end = scale_share_end(ends[i].max);
        if (fabs(end - ends[i].end) > 1e-12)
            fail_msg("up to %g: %g, expected %g", ends[i].max, end, ends[i].end);
    }
    for (int i = 1; i <= 10000; i++)
        assert_true(scale_share_end(i / 10000.0) >= i / 10000.0 - 1e-12);
}

static const struct {
    double low, high, begin, end;
    size_t ticks;
} logs[] = {{1000, 1000000, 1000, 1e6, 4}, {1500, 900000, 1000, 1e6, 4}, {0, 0, 1, 10, 2},
            {50, 50, 10, 100, 2},          {100, 100, 100, 1000, 2},     {0.5, 3, 1, 10, 2},
            {1, 1e9, 1, 1e9, 10},          {1, 1e300, 1, 1e15, SCALE_TICKS_MAX}};

static void an_axis_of_times(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof logs / sizeof logs[0]; i++) {
        struct scale_log l;
        scale_log_init(&l, logs[i].low, logs[i].high);
        assert_true(fabs(l.low_us / logs[i].begin - 1) < 1e-9);
        assert_true(fabs(l.high_us / logs[i].end - 1) < 1e-9);
        assert_int_equal(l.num_ticks, logs[i].ticks);
        assert_true(scale_log_at(&l, l.ticks_us[0]) == 0);
        assert_true(fabs(scale_log_at(&l, l.ticks_us[l.num_ticks - 1]) - 1) < 1e-9);
        for (size_t k = 1; k < l.num_ticks; k++)
            assert_true(l.ticks_us[k] > l.ticks_us[k - 1]);
    }
}

static void places_on_an_axis_of_times(void **state)
{
    (void)state;
    struct scale_log l;
    scale_log_init(&l, 1000, 100000);
    assert_true(fabs(scale_log_at(&l, 10000) - 0.5) < 1e-12);
    assert_true(scale_log_at(&l, 1) == 0 && scale_log_at(&l, 0) == 0 && scale_log_at(&l, NAN) == 0);
    assert_true(scale_log_at(&l, 1e9) == 1 && scale_log_at(&l, INFINITY) == 1);
}

static const struct {
    double us;
    const char *text;
} times[] = {{1, "1 µs"},       {999, "999 µs"},  {999.9, "1 ms"},   {1000, "1 ms"},       {61700, "61.7 ms"},
             {999400, "999 ms"}, {999900, "1 s"}, {2.5e6, "2.5 s"},  {1234.5e6, "1234 s"}, {NAN, "-"}};

static void times_in_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        char text[SCALE_TEXT_MAX];
        assert_string_equal(scale_time_text(text, times[i].us), times[i].text);
    }
}

static const struct {
    uint64_t count, of;
    const char *text, *words;
} shares[] = {
    {1, 2, "50.00 %", "50.0 %"},
    {0, 7, "0.00 %", "0 %"},
    {7, 7, "100.00 %", "100 %"},
    {1, 100000, "<0.01 %", "<0.1 %"},
    {99999, 100000, ">99.99 %", ">99.9 %"},
    {6, 100000, "0.01 %", "<0.1 %"},
    {1, 2000, "0.05 %", "0.1 %"},
    {0, 0, "-", "-"},
    {5, 4, "125.00 %", "125.0 %"},
    {UINT64_MAX / 2, UINT64_MAX, "50.00 %", "50.0 %"},
};

static void shares_in_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++) {
        char text[SHARE_TEXT_MAX];
        assert_string_equal(share_text(text, shares[i].count, shares[i].of), shares[i].text);
        assert_string_equal(share_words(text, shares[i].count, shares[i].of), shares[i].words);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_axis_of_shares), cmocka_unit_test(an_axis_of_times),
        cmocka_unit_test(places_on_an_axis_of_times), cmocka_unit_test(times_in_words),
        cmocka_unit_test(shares_in_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
