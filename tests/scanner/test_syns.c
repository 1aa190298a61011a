/* syns: the kernel's schedule of SYNs. tests/e2e/test_syns.py holds it against the kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scanner/syns.h"

#define S         UINT64_C(1000000000)
#define MS        UINT64_C(1000000)
#define LENGTH(a) (sizeof(a) / sizeof(a)[0])

static void schedule(void **state)
{
    (void)state;
    static const struct {
        unsigned linear;
        uint64_t at_s[12]; /* of SYN 1, 2, ... */
    } cases[] = {
        {0, {0, 1, 3, 7, 15, 31, 63, 127, 247, 367, 487, 607}},
        {1, {0, 1, 2, 4, 8, 16, 32, 64, 128, 248, 368, 488}},
        {4, {0, 1, 2, 3, 4, 5, 7, 11, 19, 35, 67, 131}},
        {127, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}},
    };
    for (size_t i = 0; i < LENGTH(cases); i++)
        for (unsigned n = 1; n <= LENGTH(cases[i].at_s); n++)
            assert_int_equal(syns_time_ns(n, cases[i].linear), cases[i].at_s[n - 1] * S);
    assert_int_equal(syns_time_ns(0, 4), 0);
    assert_int_equal(syns_time_ns(UINT32_MAX, UINT32_MAX), SYNS_MAX * S);
}

static void within(void **state)
{
    (void)state;
    static const struct {
        uint64_t timeout_ns;
        unsigned linear, num;
    } cases[] = {
        {0, 4, 0},
        {1, 4, 1},
        {S, 4, 1},
        {S + 1, 4, 2},
        {5 * S, 4, 5},
        {5 * S + 1, 4, 6},
        {7 * S, 4, 6},
        {10 * S, 4, 7},
        {10 * S, 0, 4},
        {3 * S, 0, 2},
        {3 * S + 1, 0, 3},
        {130 * S, 4, 11},
        {UINT64_MAX, 0, 127},
        {UINT64_MAX, 127, 127},
    };
    for (size_t i = 0; i < LENGTH(cases); i++)
        assert_int_equal(syns_within(cases[i].timeout_ns, cases[i].linear), cases[i].num);
}

static void sent(void **state)
{
    (void)state;
    static const struct {
        unsigned syncnt, linear, num;
    } cases[] = {
        {1, 0, 2},  {2, 0, 3},     {6, 0, 7},   {7, 0, 8},
        {8, 0, 9},  {127, 0, 128}, {1, 1, 3}, /* at 0, 1, 2 s */
        {2, 1, 4},  {3, 1, 5},     {1, 4, 3}, /* at 0, 1, 2 s; at 3 s it is over */
        {2, 4, 6},                            /* at 0 to 5 s; at 7 s it is over */
        {3, 4, 8},                            /* ..., 7, 11 s */
        {6, 4, 11}, {127, 4, 128}, {1, 127, 3}, {1, UINT32_MAX, 3},
    };
    for (size_t i = 0; i < LENGTH(cases); i++)
        assert_int_equal(syns_sent(cases[i].syncnt, cases[i].linear), cases[i].num);
}

static void syncnt(void **state)
{
    (void)state;
    static const struct {
        unsigned max_syns, linear, syncnt;
    } cases[] = {
        {0, 4, 127}, {0, 0, 127},   {1, 0, 1},      {2, 0, 1},
        {3, 0, 2},   {7, 0, 6},     {1, 4, 1},      {3, 4, 1},
        {4, 4, 2},   {6, 4, 2},     {7, 4, 3},      {8, 4, 3},
        {9, 4, 4},   {127, 0, 126}, {1000, 4, 127}, {UINT32_MAX, UINT32_MAX, 127},
    };
    for (size_t i = 0; i < LENGTH(cases); i++)
        assert_int_equal(syns_syncnt(cases[i].max_syns, cases[i].linear), cases[i].syncnt);
}

static void timeouts(void **state)
{
    (void)state;
    static const struct {
        uint64_t connect_ns;
        unsigned max_syns, linear;
        uint64_t timeout_ns;
    } cases[] = {
        {10 * S, 0, 4, 10 * S},
        {10 * S, 1, 4, 950 * MS},
        {500 * MS, 1, 4, 500 * MS},
        {10 * S, 2, 4, 1950 * MS},
        {10 * S, 2, 0, 2950 * MS},
        {10 * S, 6, 4, 6950 * MS},
        {10 * S, 7, 4, 10 * S},
        {10 * S, 127, 4, 10 * S},
        {UINT64_MAX, UINT32_MAX, 0, UINT64_MAX},
    };
    for (size_t i = 0; i < LENGTH(cases); i++)
        assert_int_equal(syns_timeout_ns(cases[i].connect_ns, cases[i].max_syns, cases[i].linear),
                         cases[i].timeout_ns);
}

/* within the time-out no more SYNs leave than were allowed, and none is lost to it needlessly */
static void agreement(void **state)
{
    (void)state;
    for (unsigned linear = 0; linear < 12; linear++)
        for (unsigned max = 1; max < SYNS_MAX; max++) {
            uint64_t timeout_ns = syns_timeout_ns(UINT64_MAX, max, linear);
            assert_int_equal(syns_within(timeout_ns, linear), max);
            unsigned value = syns_syncnt(max, linear);
            assert_true(syns_sent(value, linear) >= max);
            assert_true(value == 1 || syns_sent(value - 1, linear) < max);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(schedule), cmocka_unit_test(within),   cmocka_unit_test(sent),
        cmocka_unit_test(syncnt),   cmocka_unit_test(timeouts), cmocka_unit_test(agreement),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
