/* units: numbers and durations, and what follows them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tools/farm/units.h"

static void test_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool ok;
        uint64_t n;
        const char *rest;
    } cases[] = {
        {"0", true, 0, ""},
        {"007x", true, 7, "x"},
        {"18446744073709551615/m", true, UINT64_MAX, "/m"},
        {"18446744073709551616", false, 0, NULL},
        {"99999999999999999999", false, 0, NULL},
        {"", false, 0, NULL},
        {"-1", false, 0, NULL},
        {" 1", false, 0, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t n = 12345;
        const char *rest = NULL;
        assert_int_equal(unit_number(&n, &rest, cases[i].text), cases[i].ok);
        assert_true(n == (cases[i].ok ? cases[i].n : 12345));
        if (cases[i].ok)
            assert_string_equal(rest, cases[i].rest);
        else
            assert_null(rest);
    }
}

static void test_durations(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t ms; /* 0: refused */
        const char *rest;
    } cases[] = {
        {"1ms", 1, ""},
        {"20s", 20000, ""},
        {"3m", 180000, ""},
        {"2h", 7200000, ""},
        {"5ms-80ms", 5, "-80ms"},
        {"40m,0.8", 2400000, ",0.8"},
        {"1mx", 60000, "x"},
        {"1000000000h", UINT64_C(3600000000000000), ""},
        {"1000000001ms", 0, NULL},
        {"0s", 0, NULL},
        {"5", 0, NULL},
        {"5 s", 0, NULL},
        {"s", 0, NULL},
        {"", 0, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t ms = 0;
        const char *rest = NULL;
        assert_int_equal(unit_duration(&ms, &rest, cases[i].text), cases[i].ms > 0);
        assert_true(ms == cases[i].ms);
        if (cases[i].ms > 0)
            assert_string_equal(rest, cases[i].rest);
        else
            assert_null(rest);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_durations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
