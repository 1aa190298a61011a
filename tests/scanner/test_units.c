/* units: durations, counts, rates and shares as people write them; and durations as people read them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "scanner/units.h"

#define MS        UINT64_C(1000000)
#define S         UINT64_C(1000000000)
#define UNTOUCHED UINT64_C(0xdead)
#define LENGTH(a) (sizeof(a) / sizeof(a)[0])

struct good {
    const char *text;
    uint64_t value;
};

typedef bool unit_reader(uint64_t *out, const char *text);

static void accepts(unit_reader *read, const struct good *cases, size_t num)
{
    for (size_t i = 0; i < num; i++) {
        uint64_t value = UNTOUCHED;
        if (!read(&value, cases[i].text))
            fail_msg("\"%s\" is refused", cases[i].text);
        if (value != cases[i].value)
            fail_msg("\"%s\" is %llu instead of %llu", cases[i].text, (unsigned long long)value,
                     (unsigned long long)cases[i].value);
    }
}

static void refuses(unit_reader *read, const char *const *texts, size_t num)
{
    for (size_t i = 0; i < num; i++) {
        uint64_t value = UNTOUCHED;
        if (read(&value, texts[i]))
            fail_msg("\"%s\" is accepted as %llu", texts[i], (unsigned long long)value);
        if (value != UNTOUCHED)
            fail_msg("\"%s\" is refused, but the output was written", texts[i]);
    }
}

/* what no unit makes sense of */
static const char *const nonsense[] = {
    "",
    " ",
    "s",
    "-1",
    "-1s",
    "+1",
    "+1s",
    " 1",
    "1 ",
    " 1s",
    "1s ",
    "1 s",
    "1.",
    "1.s",
    ".5",
    ".5s",
    "1..5",
    "1,5",
    "1,5s",
    "0x10",
    "0x1s",
    "1e3",
    "nan",
    "inf",
    "one",
    "1S",
    "1sm",
    "1m1s",
    "1K",
    "1K/s",
    "1\n",
    "1s\n",
    "1.0000000000",
    "1.0000000000s",
    "\xd9\xa1s",
    "99999999999999999999999999",
    "99999999999999999999999999s",
    "18446744073709551616",
    "18446744073709551616s",
    "18446744073709551617k",
};

static void durations(void **state)
{
    (void)state;
    static const struct good cases[] = {
        {"0s", 0},
        {"0ms", 0},
        {"1ms", MS},
        {"250ms", 250 * MS},
        {"10s", 10 * S},
        {"010s", 10 * S},
        {"5m", 300 * S},
        {"2h", 7200 * S},
        {"1.5s", 1500 * MS},
        {"0.25s", 250 * MS},
        {"0.001s", MS},
        {"1.5m", 90 * S},
        {"0.5h", 1800 * S},
        {"1.000s", S},
        {"1.000000000s", S},
        {"10000h", 36000000 * S},
        {"600000m", 36000000 * S},
        {"36000000000ms", 36000000 * S},
    };
    static const char *const bad[] = {
        "1",           "0",           "10",
        "1.5", /* of what? */
        "1us",         "1ns",         "1d",
        "1w",          "1sec",        "1min",
        "1H",          "1M",          "1MS",
        "1k",          "1/s",         "0.5ms",
        "0.0005s",     "1.0001s", /* not whole in ms */
        "10001h",      "10000.001h",  "36000000001ms",
        "5124095576h", "5124095577h", "18446744073709551615ms",
    };
    accepts(unit_duration, cases, LENGTH(cases));
    refuses(unit_duration, bad, LENGTH(bad));
    refuses(unit_duration, nonsense, LENGTH(nonsense));
}

static void counts(void **state)
{
    (void)state;
    static const struct good cases[] = {
        {"0", 0},
        {"1", 1},
        {"007", 7},
        {"5000", 5000},
        {"20k", 20000},
        {"0k", 0},
        {"1M", 1000000},
        {"1.5M", 1500000},
        {"1.5k", 1500},
        {"0.001k", 1},
        {"1.0", 1},
        {"0.000001M", 1},
        {"4294967296", UINT64_C(4294967296)},
        {"1000000000000000000", UINT64_C(1000000000000000000)},
        {"1000000000000M", UINT64_C(1000000000000000000)},
    };
    static const char *const bad[] = {
        "1.5",
        "0.5",
        "1.0005k",
        "0.0000001M", /* not whole */
        "1m",
        "1g",
        "1G",
        "1kk",
        "1kM",
        "1k/s",
        "1%",
        "1ms",
        "18446744073709552k",
        "18446744073710M",
        "184467440737095517k", /* beyond 64 bits */
    };
    accepts(unit_count, cases, LENGTH(cases));
    refuses(unit_count, bad, LENGTH(bad));
    refuses(unit_count, nonsense, LENGTH(nonsense));
}

/* as counts, and "G" */
static void octets(void **state)
{
    (void)state;
    static const struct good cases[] = {
        {"0", 0},
        {"65536", 65536},
        {"500M", 500000000},
        {"4G", UINT64_C(4000000000)},
        {"1.5G", 1500000000},
        {"0.000000001G", 1},
        {"18446744073G", UINT64_C(18446744073000000000)},
    };
    static const char *const bad[] = {"1T", "1g", "1GB", "1.0000000001G", "18446744074G"};
    accepts(unit_octets, cases, LENGTH(cases));
    refuses(unit_octets, bad, LENGTH(bad));
    refuses(unit_octets, nonsense, LENGTH(nonsense));
}

static void rates(void **state)
{
    (void)state;
    static const struct good cases[] = {
        {"0", 0},
        {"0/s", 0},
        {"0/m", 0},
        {"0k/h", 0},
        {"1", S},
        {"1/s", S},
        {"1000", MS},
        {"1k", MS},
        {"10k/s", 100000},
        {"50000", 20000},
        {"1M/s", 1000},
        {"1/m", 60 * S},
        {"2/m", 30 * S},
        {"30/m", 2 * S},
        {"60/m", S},
        {"90/h", 40 * S},
        {"1/h", 3600 * S},
        {"3600/h", S},
        {"1.5k/m", 40 * MS},
        {"1000M", 1},
        {"1000000000/s", 1},
        {"1000M/h", 3600},
    };
    static const char *const bad[] = {
        "/s",
        "/",
        "1/",
        "1/d",
        "1/sec",
        "1/ss",
        "1/s/s",
        "1//s",
        "1/ s",
        "1 /s",
        "1/S",
        "1/M",
        "k/s",
        "1s",
        "0.5",
        "1.5/m",
        "1001M",
        "1000000001",
        "1000000001/h", /* under 1 ns, or nobody's rate */
        "00000000000000000000000000000001",
        "1/k",
    };
    accepts(unit_rate, cases, LENGTH(cases));
    refuses(unit_rate, bad, LENGTH(bad));
    refuses(unit_rate, nonsense, LENGTH(nonsense));
}

struct share {
    const char *text;
    uint32_t ppm;
};

static void percents(void **state)
{
    (void)state;
    static const struct share cases[] = {
        {"1%", 10000},           {"5%", 50000},        {"100%", 1000000},    {"0.05%", 500},
        {"0.0001%", 1},          {"99.9999%", 999999}, {"33.3333%", 333333}, {"1.0%", 10000},
        {"007%", 70000},         {"0.5%", 5000},       {"100.0%", 1000000},  {"12.5%", 125000},
        {"1.000000000%", 10000},
    };
    static const char *const bad[] = {
        "0%",
        "0.0%",
        "0.00001%",
        "100.0001%",
        "101%",
        "1000000%",
        "33.33333%", /* finer than a millionth */
        "5",
        "0.05",
        "%",
        "5%%",
        "5 %",
        "%5",
        "-5%",
        "+5%",
        ".5%",
        "5.%",
        "5k%",
        "5%k",
        "1844674407370955161%",
        "1844674407370956%", /* times 10,000 that is 4 once more */
        "18446744073709551616%",
        "5pct",
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        uint32_t ppm = 7;
        if (!unit_percent(&ppm, cases[i].text) || ppm != cases[i].ppm)
            fail_msg("\"%s\" is %u", cases[i].text, ppm);
    }
    for (size_t i = 0; i < LENGTH(bad) + LENGTH(nonsense); i++) {
        const char *text = i < LENGTH(bad) ? bad[i] : nonsense[i - LENGTH(bad)];
        uint32_t ppm = 7;
        if (unit_percent(&ppm, text) || ppm != 7)
            fail_msg("\"%s\" is accepted as %u, or the output was written", text, ppm);
    }
}

/* every share that can be written with four decimals comes back as it is */
static void every_percent(void **state)
{
    (void)state;
    for (uint32_t ppm = 1; ppm <= 1000000; ppm += ppm < 20000 || ppm > 990000 ? 1 : 997) {
        char text[24];
        uint32_t back = 0;
        snprintf(text, sizeof text, "%u.%04u%%", ppm / 10000, ppm % 10000);
        assert_true(unit_percent(&back, text));
        assert_int_equal(back, ppm);
    }
}

static void seconds(void **state)
{
    (void)state;
    static const struct {
        uint64_t ns;
        const char *text;
    } cases[] = {
        {0, "0.0s"},
        {300 * MS, "0.3s"},
        {9 * S, "9.0s"},
        {9900 * MS, "9.9s"},
        {10 * S, "10s"},
        {12 * S, "12s"},
        {12999 * MS, "12s"},
        {59999 * MS, "59s"},
        {60 * S, "1m00s"},
        {185 * S, "3m05s"},
        {3599 * S, "59m59s"},
        {3600 * S, "1h00m"},
        {7800 * S, "2h10m"},
        {86400 * S, "24h00m"},
        {36000000 * S, "10000h00m"},
        {UINT64_MAX, "5124095h34m"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        char out[24];
        assert_ptr_equal(unit_seconds(out, sizeof out, cases[i].ns), out);
        assert_string_equal(out, cases[i].text);
    }
    char little[4];
    assert_string_equal(unit_seconds(little, sizeof little, 185 * S),
                        "3m0"); /* cut, never beyond */
}

/* every duration that is printed whole is read back as what it was */
static void round_trip(void **state)
{
    (void)state;
    for (uint64_t s = 10; s < 60; s++) {
        char out[24];
        uint64_t ns = 0;
        assert_true(unit_duration(&ns, unit_seconds(out, sizeof out, s * S)));
        assert_true(ns == s * S);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations),     cmocka_unit_test(counts),     cmocka_unit_test(rates),
        cmocka_unit_test(seconds),       cmocka_unit_test(round_trip), cmocka_unit_test(percents),
        cmocka_unit_test(every_percent), cmocka_unit_test(octets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
