/* What this machine allows: shares of limits add up, and descriptors bound sessions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "scanner/engine.h"
#include "scanner/fit.h"

static void test_shares(void **state)
{
    (void)state;
    static const struct {
        uint64_t limit;
        uint32_t shards;
        uint64_t sum; /* of all shards' parts */
    } cases[] = {{1000, 1, 1000}, {1000, 7, 1000}, {7, 7, 7}, {6, 7, 7}, {1, 3, 3}, {0, 5, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t sum = 0;
        for (uint32_t shard = 0; shard < cases[i].shards; shard++)
            sum += fit_share(cases[i].limit, cases[i].shards, shard);
        assert_int_equal(sum, cases[i].sum);
    }
}

static void test_threads(void **state)
{
    (void)state;
    assert_int_equal(fit_threads(3), 3);
    assert_int_equal(fit_threads(ENGINE_WORKERS_MAX + 1), ENGINE_WORKERS_MAX);
    assert_in_range(fit_threads(0), 1, ENGINE_WORKERS_MAX);
}

/* the limits only sink from case to case: a hard limit cannot be raised again */
static void test_descriptors(void **state)
{
    (void)state;
    static const struct {
        rlim_t limit;
        uint64_t wanted;
        unsigned threads;
        uint64_t fits, needed;
    } cases[] = {
        {300, 100, 2, 100, 27},   {300, 1000, 2, 274, 27}, {300, 0, 2, 274, 27},
        {300, 1000, 50, 34, 267}, {300, 1000, 64, 0, 337}, {100, 1000, 1, 79, 22},
        {27, 1000, 2, 1, 27},     {26, 1000, 2, 0, 27},    {26, 0, 2, 0, 27},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rlimit limit = {cases[i].limit / 2, cases[i].limit}; /* the soft one is raised */
        uint64_t needed;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
        assert_int_equal(fit_in_flight(&needed, cases[i].wanted, cases[i].threads, 1, 0),
                         cases[i].fits);
        assert_int_equal(needed, cases[i].needed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shares),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_descriptors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
