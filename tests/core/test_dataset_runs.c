#include "core/dataset_runs.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_runs_join(void **state)
{
    (void)state;
    static const struct {
        uint32_t step;
        struct dataset_run in[5], want[5];
        int rc;
    } cases[] = {
        {1, {{0, 5}}, {{0, 5}}, 0},
        {1, {{5, 5}, {0, 5}}, {{0, 10}}, 0},
        {1, {{6, 5}, {0, 5}}, {{0, 5}, {6, 5}}, 0},
        {1, {{4, 5}, {0, 5}}, {{0}}, -EBADMSG},
        {1, {{3, 1}, {3, 1}}, {{0}}, -EBADMSG},
        {3, {{1, 2}, {7, 1}, {13, 4}}, {{1, 3}, {13, 4}}, 0},
        {3, {{1, 2}, {4, 1}}, {{0}}, -EBADMSG},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct run_set set;
        uint64_t twice;
        run_set_init(&set, cases[i].step);
        for (size_t j = 0; j < 5 && cases[i].in[j].count > 0; j++)
            assert_int_equal(run_set_add(&set, cases[i].in[j]), 0);
        assert_int_equal(run_set_seal(&set, &twice), cases[i].rc);
        for (size_t j = 0; cases[i].rc == 0 && cases[i].want[j].count > 0; j++) {
            assert_true(j < set.num);
            assert_true(set.runs[j].first == cases[i].want[j].first);
            assert_true(set.runs[j].count == cases[i].want[j].count);
        }
        run_set_cleanup(&set);
    }
}

/* a sweep of 2^32 positions, its ends out of order within a window of 1,000: memory stays in runs
 * */
static void test_memory_is_in_runs(void **state)
{
    (void)state;
    enum { BLOCKS = 1 << 16, STEP = 7 };
    const uint64_t len = (UINT64_C(1) << 32) / BLOCKS;
    struct run_set set;
    uint64_t twice;
    run_set_init(&set, STEP);
    for (uint64_t b = 0; b < BLOCKS; b++) {
        uint64_t first = b * len;
        /* each block leaves holes for the next one */
        for (uint64_t hole = 0; hole < 10; hole++) {
            struct dataset_run body = {(first + hole * 100) * STEP, hole < 9 ? 99 : len - 900 - 1};
            assert_int_equal(run_set_add(&set, body), 0);
        }
        for (uint64_t hole = 0; hole < 10 && b > 0; hole++) {
            uint64_t slot = first - len + (hole < 9 ? hole * 100 + 99 : len - 1);
            assert_int_equal(run_set_add(&set, (struct dataset_run){slot * STEP, 1}), 0);
        }
    }
    assert_int_equal(run_set_seal(&set, &twice), 0);
    assert_int_equal(set.num, 10);   /* the holes of the last block are open */
    assert_true(set.runs[0].count == (BLOCKS - 1) * len + 99);
    assert_true(set.cap < 1 << 18);
    run_set_cleanup(&set);
}

static void test_insert_is_all_or_nothing(void **state)
{
    (void)state;
    static const struct {
        uint32_t step;
        struct dataset_run there[4], in[3], want[5];
        int rc;
    } cases[] = {
        {1, {{0}}, {{3, 2}}, {{3, 2}}, 0},
        {1, {{0, 3}}, {{3, 2}}, {{0, 5}}, 0},
        {1, {{5, 5}}, {{0, 3}}, {{0, 3}, {5, 5}}, 0},
        {1, {{0, 2}, {4, 2}}, {{2, 2}}, {{0, 6}}, 0},
        {1, {{0, 2}, {4, 2}, {8, 1}}, {{2, 1}, {6, 2}}, {{0, 3}, {4, 5}}, 0},
        {1, {{0, 2}, {4, 2}}, {{2, 1}, {5, 2}}, {{0, 2}, {4, 2}}, -EEXIST},
        {1, {{4, 2}}, {{0, 9}}, {{4, 2}}, -EEXIST},
        {1, {{0, 9}}, {{4, 2}}, {{0, 9}}, -EEXIST},
        {1, {{4, 2}}, {{3, 2}}, {{4, 2}}, -EEXIST},
        {3, {{1, 2}}, {{7, 1}}, {{1, 3}}, 0},
        {3, {{1, 2}, {10, 1}}, {{7, 1}}, {{1, 4}}, 0},
        {3, {{1, 2}}, {{4, 1}}, {{1, 2}}, -EEXIST},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct run_set set;
        size_t num = 0, num_in = 0, num_want = 0;
        run_set_init(&set, cases[i].step);
        while (num < 4 && cases[i].there[num].count > 0)
            num++;
        while (num_in < 3 && cases[i].in[num_in].count > 0)
            num_in++;
        assert_int_equal(run_set_insert(&set, cases[i].there, num), 0);
        assert_int_equal(run_set_insert(&set, cases[i].in, num_in), cases[i].rc);
        for (; num_want < 5 && cases[i].want[num_want].count > 0; num_want++) {
            assert_true(num_want < set.num);
            assert_true(set.runs[num_want].first == cases[i].want[num_want].first);
            assert_true(set.runs[num_want].count == cases[i].want[num_want].count);
        }
        assert_int_equal(set.num, num_want);
        run_set_cleanup(&set);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_runs_join),
        cmocka_unit_test(test_insert_is_all_or_nothing),
        cmocka_unit_test(test_memory_is_in_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
