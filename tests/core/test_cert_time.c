/* cert_time: what a date in a certificate means, and which mean nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/cert_time.h"

static const struct {
    const char *text;
    bool generalized, ok;
    int64_t seconds;
} time_cases[] = {
    {"700101000000Z", false, true, 0},
    {"691231235959Z", false, true, -1},
    {"500101000000Z", false, true, -631152000},
    {"491231235959Z", false, true, 2524607999},
    {"000229120000Z", false, true, 951825600},
    {"240101000000+0100", false, true, 1704063600},
    {"240101000000-0130", false, true, 1704072600},
    {"2401010000Z", false, true, 1704067200}, /* X.509 of 1988: no seconds */
    {"2401010000+0100", false, true, 1704063600},
    {"240101000000", false, false, 0}, /* local time: whose? */
    {"24010100Z", false, false, 0},
    {"240230000000Z", false, false, 0},
    {"230229000000Z", false, false, 0},
    {"240100000000Z", false, false, 0},
    {"240001000000Z", false, false, 0},
    {"241301000000Z", false, false, 0},
    {"240101240000Z", false, false, 0},
    {"240101006000Z", false, false, 0},
    {"240101000060Z", false, false, 0},
    {"240101000000.5Z", false, false, 0},
    {"240101000000Zx", false, false, 0},
    {"240101000000z", false, false, 0},
    {"240101000000+01", false, false, 0},
    {"240101000000+2400", false, false, 0},
    {"-40101000000Z", false, false, 0},
    {"2 0101000000Z", false, false, 0},
    {"", false, false, 0},
    {"Z", false, false, 0},
    {"20240101000000Z", false, false, 0}, /* the other kind's digits */
    {"20240101000000Z", true, true, 1704067200},
    {"202401010000Z", true, true, 1704067200},
    {"2024010100Z", true, true, 1704067200},
    {"20240101Z", true, false, 0},
    {"20240101000000.123Z", true, true, 1704067200},
    {"20240101000000,9+0100", true, true, 1704063600},
    {"20240101000000.Z", true, false, 0},
    {"202401010000.5Z", true, false, 0},
    {"20240101000000", true, false, 0},
    {"240101000000Z", true, false, 0},
    {"99991231235959Z", true, true, 253402300799},
    {"00000101000000Z", true, true, -62167219200},
    {"00000229000000+2359", true, true, -62162121600 - (23 * 60 + 59) * 60},
    {"00010101000000Z", true, true, -62135596800},
    {"19000228235959Z", true, true, -2203891201},
    {"19000229000000Z", true, false, 0},
    {"20000229000000Z", true, true, 951782400},
    {"21000228000000Z", true, true, 4107456000},
    {"21000229000000Z", true, false, 0},
    {"20240101000000.0000000000000000000000000000000000000000000000000Z", true, false, 0},
};

static void times(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof time_cases / sizeof *time_cases; i++) {
        int64_t seconds = 42;
        bool ok =
            cert_time_parse(&seconds, bytes_text(time_cases[i].text), time_cases[i].generalized);
        if (ok != time_cases[i].ok || seconds != (ok ? time_cases[i].seconds : 42))
            fail_msg("%s: %d, %lld", time_cases[i].text, ok, (long long)seconds);
    }
}

/* Two calendars that agree on every day: seconds go up by one day from one valid date to the next.
 */
static void every_day_follows_the_one_before(void **state)
{
    (void)state;
    int64_t last = -62167219200 - 86400, seconds;
    unsigned num_days = 0;
    for (int day = 0; day < 10000 * 12 * 31; day++) {
        char text[32];
        snprintf(text, sizeof text, "%04d%02d%02d000000Z", day / 372, day / 31 % 12 + 1,
                 day % 31 + 1);
        if (!cert_time_parse(&seconds, bytes_text(text), true))
            continue;
        assert_int_equal(seconds, last + 86400);
        last = seconds;
        num_days++;
    }
    assert_int_equal(num_days, 146097 * 25);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times),
        cmocka_unit_test(every_day_follows_the_one_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
