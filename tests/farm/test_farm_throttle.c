/* throttle: rolling windows of networks, in bounded memory, shared by processes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tools/farm/throttle.h"

enum { SECOND = 1000000 };

static struct throttle *throttle_of(const char *text)
{
    struct throttle_spec spec;
    assert_true(throttle_parse(&spec, text));
    struct throttle *t = throttle_new(spec);
    assert_non_null(t);
    return t;
}

static void test_specs(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t limit; /* 0: refused */
        uint64_t window_us;
    } cases[] = {
        {"1/s", 1, SECOND},
        {"60/m", 60, 60 * SECOND},
        {"10000/h", 10000, 3600ULL * SECOND},
        {"10001/h", 0, 0},
        {"0/s", 0, 0},
        {"60", 0, 0},
        {"60/", 0, 0},
        {"60/d", 0, 0},
        {"60/min", 0, 0},
        {"60 /m", 0, 0},
        {"/m", 0, 0},
        {"-1/m", 0, 0},
        {"", 0, 0},
        {"99999999999999999999/m", 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct throttle_spec spec = {77, 88};
        bool ok = cases[i].limit > 0;
        assert_int_equal(throttle_parse(&spec, cases[i].text), ok);
        assert_int_equal(spec.limit, ok ? cases[i].limit : 77);
        assert_int_equal(spec.window_us, ok ? cases[i].window_us : 88);
    }
}

/* 3 in a second: what comes when, and whether it is let in; refused ones count */
static void test_window_rolls(void **state)
{
    (void)state;
    static const struct {
        uint64_t at_ms;
        bool admitted;
    } cases[] = {
        {0, true},     {100, true},   {200, true},  {300, false}, /* the 4th within a second */
        {999, false},                                             /* 100, 200 and 300 are within */
        {1100, false},                                            /* 200, 300 and 999 */
        {1200, false},                                            /* 300, 999 and 1100 */
        {2000, true},                                             /* 999 is gone */
        {2099, false}, {2101, false}, {3100, true}, {3101, true}, {3102, true},
        {3103, false}, {4103, true},  {4103, true}, {4103, true}, {4103, false},
    };
    struct throttle *t = throttle_of("3/s");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(throttle_admit(t, cases[i].at_ms * 1000, addr_v4(0x7f000001)),
                         cases[i].admitted);
    throttle_free(t);
}

static void test_limit_of_one(void **state)
{
    (void)state;
    struct throttle *t = throttle_of("1/m");
    struct addr a = addr_v4(0x7f000001);
    assert_true(throttle_admit(t, 0, a)); /* the clock may stand at 0 */
    assert_false(throttle_admit(t, 0, a));
    assert_false(throttle_admit(t, 60 * SECOND - 1, a));
    assert_true(throttle_admit(t, 120 * SECOND - 1, a)); /* just the window later */
    assert_false(throttle_admit(t, 180 * SECOND - 2, a));
    throttle_free(t);
}

static void test_networks_are_apart(void **state)
{
    (void)state;
    struct throttle *t = throttle_of("2/m");
    static const struct {
        struct addr a;
        bool admitted;
    } cases[] = {
        {{0, 0xffff7f000001}, true},      /* 127.0.0.1 */
        {{0, 0xffff7f0000ff}, true},      /* 127.0.0.255 */
        {{0, 0xffff7f000007}, false},     /* 127.0.0.7 */
        {{0, 0xffff7f000101}, true},      /* 127.0.1.1 */
        {{0xfd00000000000000, 1}, true},  /* fd00::1 */
        {{0xfd0000000000ffff, 2}, true},  /* fd00:0:0:ffff::2, of the same /48 */
        {{0xfd00000000000000, 3}, false}, /* fd00::3 */
        {{0xfd00000000010000, 1}, true},  /* fd00:0:1::1 */
        {{0, 0xffff7f000102}, true},      /* 127.0.1.2 */
        {{0, 0xffff7f000103}, false},     /* 127.0.1.3 */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(throttle_admit(t, i, cases[i].a), cases[i].admitted);
    throttle_free(t);
}

static void test_memory_is_bounded(void **state)
{
    (void)state;
    static const struct {
        uint32_t limit, networks_min, networks_max;
    } cases[] = {{1, THROTTLE_NETWORKS_MAX, THROTTLE_NETWORKS_MAX},
                 {60, THROTTLE_NETWORKS_MAX, THROTTLE_NETWORKS_MAX},
                 {1000, 8000, 8400},
                 {THROTTLE_LIMIT_MAX, 800, 840}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct throttle_spec spec = {cases[i].limit, SECOND};
        uint32_t num = throttle_num_networks(spec);
        assert_in_range(num, cases[i].networks_min, cases[i].networks_max);
        assert_true((uint64_t)num * cases[i].limit * 8 < THROTTLE_OCTETS_MAX);
    }
}

static struct addr network(uint32_t i)
{
    return addr_v4((i << 8) + 1);
}

/* More networks than there is room for: the one that was silent longest is forgotten, no other. */
static void test_the_longest_silent_is_forgotten(void **state)
{
    (void)state;
    struct throttle_spec spec = {THROTTLE_LIMIT_MAX, 3600ULL * SECOND};
    struct throttle *t = throttle_new(spec);
    uint32_t num = throttle_num_networks(spec);
    for (uint32_t k = 0; k < THROTTLE_LIMIT_MAX; k++) {
        assert_true(throttle_admit(t, k, network(0)));
        assert_true(throttle_admit(t, k, network(1)));
    }
    for (uint32_t i = 2; i < num; i++)
        assert_true(throttle_admit(t, THROTTLE_LIMIT_MAX, network(i)));
    assert_false(throttle_admit(t, THROTTLE_LIMIT_MAX + 1, network(0))); /* 1 is the oldest now */
    assert_true(throttle_admit(t, THROTTLE_LIMIT_MAX + 2, network(num)));
    assert_false(throttle_admit(t, THROTTLE_LIMIT_MAX + 3, network(0)));
    assert_true(throttle_admit(t, THROTTLE_LIMIT_MAX + 4, network(1)));
    throttle_free(t);
}

/* against the plain definition, over random arrivals at a few networks */
static void test_agrees_with_a_list(void **state)
{
    (void)state;
    enum { NETS = 5, NUM = 4000, LIMIT = 7 };
    struct throttle *t = throttle_of("7/s");
    uint64_t *at = calloc((size_t)NETS * NUM, sizeof at[0]), now = 0;
    size_t num[NETS] = {0};
    uint32_t random = 1;
    for (size_t i = 0; i < NUM; i++) {
        random = random * 1664525 + 1013904223;
        now += random >> 16 & 0xffff;
        size_t n = (random >> 8) % NETS;
        size_t within = 0;
        for (size_t k = 0; k < num[n]; k++)
            within += now - at[n * NUM + k] < SECOND;
        assert_int_equal(throttle_admit(t, now, network((uint32_t)n)), within < LIMIT);
        at[n * NUM + num[n]++] = now;
    }
    free(at);
    throttle_free(t);
}

static void test_processes_share_it(void **state)
{
    (void)state;
    enum { PROCESSES = 4, EACH = 50 };
    struct throttle *t = throttle_of("100/h");
    pid_t pids[PROCESSES];
    int admitted = 0;
    for (int i = 0; i < PROCESSES; i++) {
        pids[i] = fork();
        assert_true(pids[i] >= 0);
        if (pids[i] > 0)
            continue;
        int mine = 0;
        for (int k = 0; k < EACH; k++)
            mine += throttle_admit(t, 5, network(0));
        _exit(mine);
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status;
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_true(WIFEXITED(status));
        admitted += WEXITSTATUS(status);
    }
    assert_int_equal(admitted, 100);
    throttle_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_specs),
        cmocka_unit_test(test_window_rolls),
        cmocka_unit_test(test_limit_of_one),
        cmocka_unit_test(test_networks_are_apart),
        cmocka_unit_test(test_memory_is_bounded),
        cmocka_unit_test(test_the_longest_silent_is_forgotten),
        cmocka_unit_test(test_agrees_with_a_list),
        cmocka_unit_test(test_processes_share_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
