#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "core/times.h"

static void moments(void **state)
{
    (void)state;
    static const struct {
        int64_t us;
        const char *rfc3339, *words;
    } cases[] = {
        {0, "1970-01-01T00:00:00.000000Z", "1970-01-01 00:00:00 UTC"},
        {1, "1970-01-01T00:00:00.000001Z", "1970-01-01 00:00:00 UTC"},
        {-1, "1969-12-31T23:59:59.999999Z", "1969-12-31 23:59:59 UTC"},
        {INT64_C(951782400000000), "2000-02-29T00:00:00.000000Z", "2000-02-29 00:00:00 UTC"},
        {INT64_C(1767225600123456), "2026-01-01T00:00:00.123456Z", "2026-01-01 00:00:00 UTC"},
        {INT64_C(4107542399999999), "2100-02-28T23:59:59.999999Z", "2100-02-28 23:59:59 UTC"},
        {INT64_C(4107542400000000), "2100-03-01T00:00:00.000000Z", "2100-03-01 00:00:00 UTC"},
        {INT64_C(253402300799999999), "9999-12-31T23:59:59.999999Z", "9999-12-31 23:59:59 UTC"},
        {INT64_C(253402300800000000), "9999-12-31T23:59:59.000000Z", "9999-12-31 23:59:59 UTC"},
        {INT64_C(-62167219200000000), "0000-01-01T00:00:00.000000Z", "0000-01-01 00:00:00 UTC"},
        {INT64_C(-62167219200000001), "0000-01-01T00:00:00.000000Z", "0000-01-01 00:00:00 UTC"},
        {INT64_MIN, "0000-01-01T00:00:00.000000Z", "0000-01-01 00:00:00 UTC"},
        {INT64_MAX, "9999-12-31T23:59:59.000000Z", "9999-12-31 23:59:59 UTC"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[TIME_TEXT_MAX];
        time_rfc3339(text, cases[i].us);
        assert_string_equal(text, cases[i].rfc3339);
        time_words(text, cases[i].us);
        assert_string_equal(text, cases[i].words);
        char ms[TIME_TEXT_MAX]; /* the same, but for the last three digits */
        time_rfc3339(text, cases[i].us);
        time_rfc3339_ms(ms, cases[i].us);
        assert_int_equal(strlen(ms), strlen(text) - 3);
        assert_memory_equal(ms, text, strlen(ms) - 1);
        assert_int_equal(ms[strlen(ms) - 1], 'Z');
        time_rfc3339_s(ms, cases[i].us); /* and but for the fraction */
        assert_int_equal(strlen(ms), strlen("2026-01-01T00:00:00Z"));
        assert_memory_equal(ms, text, strlen(ms) - 1);
        assert_int_equal(ms[strlen(ms) - 1], 'Z');
    }
}

static void dates_are_those_of_the_c_library(void **state)
{
    int64_t expected = INT64_C(-719528); /* 0000-01-01 */
    (void)state;
    for (int year = 0; year < 10000; year++)
        for (int month = 1; month <= 12; month++) {
            int days = time_days_in_month(year, month);
            assert_int_equal(time_days(year, month, 1), expected);
            assert_int_equal(time_days(year, month, days), expected + days - 1);
            expected += days;
        }
    struct tm tm = {.tm_year = 2024 - 1900, .tm_mon = 1, .tm_mday = 29};
    assert_int_equal(timegm(&tm), time_days(2024, 2, 29) * 86400);
    assert_int_equal(time_days(1970, 1, 1), 0);
    assert_int_equal(time_days_in_month(1900, 2), 28);
    assert_int_equal(time_days_in_month(2000, 2), 29);
}

static void days_are_those_of_the_c_library(void **state)
{
    (void)state;
    for (int64_t day = -40000; day < 60000; day += 13) {
        char expected[TIME_TEXT_MAX], got[TIME_TEXT_MAX];
        time_t t = (time_t)(day * 86400 + day % 86400);
        struct tm tm;
        gmtime_r(&t, &tm);
        strftime(expected, sizeof expected, "%Y-%m-%d %H:%M:%S UTC", &tm);
        time_words(got, (int64_t)t * 1000000);
        assert_string_equal(got, expected);
    }
}

static void offsets_stay_in_range(void **state)
{
    (void)state;
    assert_int_equal(time_after(5, 6), 11);
    assert_int_equal(time_after(-5, 6), 1);
    assert_int_equal(time_after(INT64_MAX, 0), INT64_MAX);
    assert_int_equal(time_after(INT64_MAX, 1), INT64_MAX);
    assert_int_equal(time_after(0, UINT64_MAX), INT64_MAX);
    assert_int_equal(time_after(INT64_MIN, INT64_MAX), -1);
}

static void counts(void **state)
{
    (void)state;
    static const struct {
        uint64_t count;
        const char *text;
    } cases[] = {
        {0, "0"},          {999, "999"},           {1000, "1,000"},
        {12345, "12,345"}, {1234567, "1,234,567"}, {UINT64_MAX, "18,446,744,073,709,551,615"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[COUNT_TEXT_MAX];
        assert_string_equal(count_text(text, cases[i].count), cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moments),
        cmocka_unit_test(days_are_those_of_the_c_library),
        cmocka_unit_test(dates_are_those_of_the_c_library),
        cmocka_unit_test(offsets_stay_in_range),
        cmocka_unit_test(counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
