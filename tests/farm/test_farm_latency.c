/* latency: distributions from the command line, and draws that are the same in every run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tools/farm/latency.h"

enum { NUM_DRAWS = 20000 };

static void test_texts_that_are_right(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        struct latency l;
    } cases[] = {
        {"fixed:20ms", {LATENCY_FIXED, 20, 20, 0}},
        {"fixed:10m", {LATENCY_FIXED, 600000, 600000, 0}},
        {"uniform:5ms-80ms", {LATENCY_UNIFORM, 5, 80, 0}},
        {"uniform:1s-1s", {LATENCY_UNIFORM, 1000, 1000, 0}},
        {"lognormal:40ms,0.8", {LATENCY_LOGNORMAL, 40, 0, 800}},
        {"lognormal:1s,0", {LATENCY_LOGNORMAL, 1000, 0, 0}},
        {"lognormal:1s,4", {LATENCY_LOGNORMAL, 1000, 0, 4000}},
        {"lognormal:1s,1.125", {LATENCY_LOGNORMAL, 1000, 0, 1125}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct latency l = {LATENCY_NONE, 1, 2, 3};
        assert_true(latency_parse(&l, cases[i].text));
        assert_int_equal(l.kind, cases[i].l.kind);
        assert_int_equal(l.low_ms, cases[i].l.low_ms);
        assert_int_equal(l.high_ms, cases[i].l.high_ms);
        assert_int_equal(l.sigma_milli, cases[i].l.sigma_milli);
    }
}

static void test_texts_that_are_wrong(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "20ms",
        "fixed",
        "fixed:",
        "fixed:20",
        "fixed:0ms",
        "fixed:11m",
        "fixed:20ms ",
        "Fixed:20ms",
        "uniform:5ms",
        "uniform:80ms-5ms",
        "uniform:5ms-",
        "uniform:5ms-80ms-",
        "uniform:5ms,80ms",
        "lognormal:40ms",
        "lognormal:40ms,",
        "lognormal:40ms,.8",
        "lognormal:40ms,0.",
        "lognormal:40ms,0.1234",
        "lognormal:40ms,4.001",
        "lognormal:40ms,5",
        "lognormal:40ms,-1",
        "lognormal:40ms,1e1",
        "normal:40ms,1",
        "lognormal:40ms,99999999999999999999",
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct latency l = {LATENCY_FIXED, 1, 2, 3};
        assert_false(latency_parse(&l, cases[i]));
        assert_true(l.kind == LATENCY_FIXED && l.low_ms == 1 && l.high_ms == 2 &&
                    l.sigma_milli == 3);
    }
}

static uint64_t draw(const struct latency *l, uint32_t i)
{
    return latency_draw(l, 7, addr_v4(0x7f000000 + i), PHASE_EHLO);
}

static void test_draws_depend_on_seed_address_and_phase_alone(void **state)
{
    (void)state;
    struct latency l = {LATENCY_UNIFORM, 0, 599999, 0};
    struct addr a = addr_v4(0x7f000001), b = addr_v4(0x7f000002), six = {0xfd00, 1};
    uint64_t first = latency_draw(&l, 1, a, PHASE_GREETING);
    assert_int_equal(latency_draw(&l, 1, a, PHASE_GREETING), first);
    assert_int_not_equal(latency_draw(&l, 2, a, PHASE_GREETING), first);
    assert_int_not_equal(latency_draw(&l, 1, b, PHASE_GREETING), first);
    assert_int_not_equal(latency_draw(&l, 1, six, PHASE_GREETING), first);
    assert_int_not_equal(latency_draw(&l, 1, a, PHASE_EHLO), first);
    assert_int_not_equal(latency_draw(&l, 1, a, PHASE_EHLO_TLS),
                         latency_draw(&l, 1, a, PHASE_EHLO));
}

/* the same seed means the same farm for ever */
static void test_frozen(void **state)
{
    (void)state;
    static const struct {
        struct latency l;
        uint32_t addr;
        enum phase phase;
        uint64_t ms;
    } cases[] = {
        {{LATENCY_UNIFORM, 5, 80, 0}, 0x7f000001, PHASE_GREETING, 63},
        {{LATENCY_UNIFORM, 5, 80, 0}, 0x7f000001, PHASE_EHLO, 79},
        {{LATENCY_LOGNORMAL, 40, 0, 800}, 0x7f000001, PHASE_GREETING, 24},
        {{LATENCY_LOGNORMAL, 40, 0, 800}, 0x7f0000ff, PHASE_QUIT, 199},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(latency_draw(&cases[i].l, 1, addr_v4(cases[i].addr), cases[i].phase),
                         cases[i].ms);
}

static void test_none_and_fixed(void **state)
{
    (void)state;
    struct latency none = {0}, fixed = {LATENCY_FIXED, 20, 20, 0};
    for (uint32_t i = 0; i < 100; i++) {
        assert_int_equal(draw(&none, i), 0);
        assert_int_equal(draw(&fixed, i), 20);
    }
}

static void test_uniform_reaches_both_ends_evenly(void **state)
{
    (void)state;
    struct latency l = {LATENCY_UNIFORM, 5, 14, 0};
    unsigned counts[10] = {0};
    for (uint32_t i = 0; i < NUM_DRAWS; i++) {
        uint64_t ms = draw(&l, i);
        assert_in_range(ms, 5, 14);
        counts[ms - 5]++;
    }
    for (size_t i = 0; i < 10; i++)
        assert_in_range(counts[i], NUM_DRAWS / 10 * 9 / 10, NUM_DRAWS / 10 * 11 / 10);
}

/* of a lognormal, half are below the median, and 68.3 % within one sigma of its logarithm */
static void test_lognormal_has_its_median_and_width(void **state)
{
    (void)state;
    struct latency l = {LATENCY_LOGNORMAL, 10000, 0, 693}; /* sigma = ln 2 */
    unsigned below = 0, near = 0;
    for (uint32_t i = 0; i < NUM_DRAWS; i++) {
        uint64_t ms = draw(&l, i);
        below += ms < 10000;
        near += ms > 5000 && ms < 20000;
    }
    assert_in_range(below, NUM_DRAWS * 48 / 100, NUM_DRAWS * 52 / 100);
    assert_in_range(near, NUM_DRAWS * 66 / 100, NUM_DRAWS * 70 / 100);
}

static void test_lognormal_is_bounded(void **state)
{
    (void)state;
    struct latency wild = {LATENCY_LOGNORMAL, 600000, 0, 4000},
                   still = {LATENCY_LOGNORMAL, 50, 0, 0};
    unsigned cut = 0;
    for (uint32_t i = 0; i < NUM_DRAWS; i++) {
        uint64_t ms = draw(&wild, i);
        assert_in_range(ms, 0, LATENCY_MAX_MS);
        cut += ms == LATENCY_MAX_MS;
        assert_int_equal(draw(&still, i), 50);
    }
    assert_in_range(cut, NUM_DRAWS * 48 / 100, NUM_DRAWS * 52 / 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts_that_are_right),
        cmocka_unit_test(test_texts_that_are_wrong),
        cmocka_unit_test(test_draws_depend_on_seed_address_and_phase_alone),
        cmocka_unit_test(test_frozen),
        cmocka_unit_test(test_none_and_fixed),
        cmocka_unit_test(test_uniform_reaches_both_ends_evenly),
        cmocka_unit_test(test_lognormal_has_its_median_and_width),
        cmocka_unit_test(test_lognormal_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
