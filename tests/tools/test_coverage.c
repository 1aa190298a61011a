#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "tools/coverage.h"

enum { RUNS_MAX = 6, MISSING_MAX = 3 };

struct given {
    uint32_t shard;
    uint64_t first, count;
};

static void begin(struct coverage *c, uint64_t count, uint32_t num_shards)
{
    struct target_space space = {.count = count};
    struct dataset_header h = {.space = &space, .num_shards = num_shards};
    coverage_init(c, &h);
}

static void add(struct coverage *c, uint32_t shard, uint64_t first, uint64_t count)
{
    struct dataset_run run = {first, count};
    assert_int_equal(coverage_add(c, shard, &run, 1), 0);
}

static void sums(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint64_t count;
        uint32_t num_shards;
        struct given given[RUNS_MAX];
        struct coverage_sum sum;
        struct missing missing[MISSING_MAX];
    } cases[] = {
        {"whole", 10, 1, {{0, 0, 10}}, {10, 0, 0, 0, 0}, {{0, 0}}},
        {"nothing", 10, 1, {{0, 0, 0}}, {0, 10, 0, 1, 0}, {{0, 10}}},
        {"in pieces, any order",
         10,
         1,
         {{0, 5, 5}, {0, 0, 3}, {0, 3, 2}},
         {10, 0, 0, 0, 0},
         {{0, 0}}},
        {"gaps", 10, 1, {{0, 8, 1}, {0, 1, 3}}, {4, 6, 0, 3, 0}, {{0, 1}, {4, 4}, {9, 1}}},
        {"twice", 10, 1, {{0, 0, 10}, {0, 2, 3}}, {10, 0, 3, 0, 0}, {{0, 0}}},
        {"three times", 4, 1, {{0, 0, 4}, {0, 0, 4}, {0, 1, 2}}, {4, 0, 6, 0, 0}, {{0, 0}}},
        {"overlaps", 10, 1, {{0, 0, 6}, {0, 4, 6}}, {10, 0, 2, 0, 0}, {{0, 0}}},
        {"shards", 7, 3, {{2, 2, 2}, {0, 0, 3}, {1, 1, 2}}, {7, 0, 0, 0, 0}, {{0, 0}}},
        {"a shard absent", 7, 3, {{0, 0, 3}, {2, 2, 2}}, {5, 2, 0, 1, 0}, {{1, 2}}},
        {"all but one absent", 7, 3, {{1, 1, 2}}, {2, 5, 0, 2, 0}, {{0, 3}, {2, 2}}},
        {"more shards than positions", 2, 5, {{1, 1, 1}}, {1, 1, 0, 1, 0}, {{0, 1}}},
        {"a gap in a shard", 9, 2, {{0, 0, 1}, {0, 6, 2}, {1, 1, 4}}, {7, 2, 0, 1, 0}, {{2, 2}}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct coverage c;
        struct coverage_sum sum;
        struct missing missing[MISSING_MAX] = {{0, 0}};
        begin(&c, cases[i].count, cases[i].num_shards);
        for (size_t k = 0; k < RUNS_MAX && cases[i].given[k].count > 0; k++)
            add(&c, cases[i].given[k].shard, cases[i].given[k].first, cases[i].given[k].count);
        coverage_sum(&c, &sum, missing, MISSING_MAX);
        if (memcmp(&sum, &cases[i].sum, sizeof sum) != 0 ||
            memcmp(missing, cases[i].missing, sizeof missing) != 0)
            fail_msg("%s: done %llu missing %llu twice %llu runs %llu", cases[i].name,
                     (unsigned long long)sum.done, (unsigned long long)sum.missing,
                     (unsigned long long)sum.duplicates, (unsigned long long)sum.num_missing_runs);
        coverage_cleanup(&c);
    }
}

static void more_runs_than_are_listed_are_counted(void **state)
{
    (void)state;
    struct coverage c;
    struct coverage_sum sum;
    struct missing missing[2];
    begin(&c, 1000, 10);
    for (uint64_t slot = 1; slot < 100; slot += 2)
        add(&c, 4, slot * 10 + 4, 1);
    coverage_sum(&c, &sum, missing, 2);
    assert_int_equal(sum.done, 50);
    assert_int_equal(sum.missing, 950);
    assert_int_equal(sum.num_missing_runs, 9 + 50);
    assert_int_equal(missing[1].first, 1);
    coverage_cleanup(&c);
}

/* every position of a large sweep in single runs, backwards and forwards by turns: memory follows
 * what does not touch */
static void many_runs_are_joined(void **state)
{
    (void)state;
    struct coverage c;
    struct coverage_sum sum;
    begin(&c, 200000, 1);
    for (uint64_t i = 0; i < 100000; i++) {
        add(&c, 0, i, 1);
        add(&c, 0, 199999 - i, 1);
    }
    assert_true(c.cap <= 4096);
    coverage_sum(&c, &sum, NULL, 0);
    assert_int_equal(sum.done, 200000);
    assert_int_equal(sum.missing + sum.duplicates, 0);
    coverage_cleanup(&c);
}

static void a_header_with_absurd_shards_is_bounded_work(void **state)
{
    (void)state;
    struct coverage c;
    struct coverage_sum sum;
    struct missing missing[2];
    begin(&c, UINT64_MAX, UINT32_MAX);
    add(&c, UINT32_MAX - 1, UINT32_MAX - 1, 1);
    coverage_sum(&c, &sum, missing, 2);
    assert_int_equal(sum.done, 1);
    assert_true(sum.missing == UINT64_MAX - 1);
    assert_int_equal(sum.num_missing_runs, UINT32_MAX);
    coverage_cleanup(&c);
}

struct told {
    struct missing runs[8];
    size_t num, want;
};

static bool on_missing(void *context, struct missing run)
{
    struct told *t = context;
    t->runs[t->num++] = run;
    return t->num < t->want;
}

static void missing_runs_are_told_until_enough(void **state)
{
    (void)state;
    static const struct missing runs[] = {{0, 1}, {4, 3}, {1, 3}};
    struct coverage c;
    begin(&c, 10, 2);
    add(&c, 0, 2, 1);
    add(&c, 1, 7, 2);
    for (size_t want = 1; want <= 4; want++) {
        struct told t = {.want = want};
        coverage_missing(&c, on_missing, &t);
        assert_int_equal(t.num, want < 3 ? want : 3);
        for (size_t i = 0; i < t.num; i++)
            assert_memory_equal(&t.runs[i], &runs[i], sizeof runs[i]);
    }
    coverage_cleanup(&c);
}

static void streams_end_where_a_file_says(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t num_ports;
        struct given given[RUNS_MAX];
        uint64_t lines; /* 0: no file tells */
        uint64_t count;
        struct coverage_sum sum;
    } cases[] = {
        {"nothing yet", 1, {{0, 0, 0}}, 0, 0, {0, 0, 0, 0, 0}},
        {"so far", 1, {{0, 0, 4}}, 0, 7, {4, 3, 0, 1, 0}},
        {"so far, both", 1, {{0, 0, 4}, {1, 1, 4}}, 0, 8, {8, 0, 0, 0, 0}},
        {"to the end", 1, {{0, 0, 4}, {1, 1, 3}}, 7, 7, {7, 0, 0, 0, 0}},
        {"ports", 3, {{0, 0, 4}, {1, 1, 4}}, 3, 9, {8, 1, 0, 1, 0}},
        {"a gap", 1, {{0, 0, 1}, {0, 4, 2}, {1, 1, 3}}, 7, 7, {6, 1, 0, 1, 0}},
        {"the end is missing", 1, {{0, 0, 4}, {1, 1, 3}}, 10, 10, {7, 3, 0, 2, 0}},
        {"more than there is", 1, {{0, 0, 4}, {1, 1, 3}}, 4, 4, {4, 0, 0, 0, 3}},
        {"all behind the end", 1, {{0, 6, 2}}, 2, 2, {0, 2, 0, 2, 2}},
        {"twice", 1, {{0, 0, 4}, {0, 2, 1}, {1, 1, 3}}, 7, 7, {7, 0, 1, 0, 0}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct target_space space = {.num_ports = cases[i].num_ports};
        struct dataset_header h = {.space = &space, .num_shards = 2, .streamed = true};
        struct coverage c;
        struct coverage_sum sum;
        coverage_init(&c, &h);
        for (size_t k = 0; k < RUNS_MAX && cases[i].given[k].count > 0; k++)
            add(&c, cases[i].given[k].shard, cases[i].given[k].first, cases[i].given[k].count);
        if (cases[i].lines > 0)
            assert_true(coverage_end(&c, cases[i].lines, NULL));
        coverage_sum(&c, &sum, NULL, 0);
        if (memcmp(&sum, &cases[i].sum, sizeof sum) != 0 || c.count != cases[i].count)
            fail_msg("%s: of %llu done %llu missing %llu twice %llu beyond %llu", cases[i].name,
                     (unsigned long long)c.count, (unsigned long long)sum.done,
                     (unsigned long long)sum.missing, (unsigned long long)sum.duplicates,
                     (unsigned long long)sum.beyond);
        coverage_cleanup(&c);
    }
}

static void files_agree_on_the_list(void **state)
{
    (void)state;
    static const uint8_t one[32] = {1}, other[32] = {2};
    struct target_space space = {.num_ports = 2};
    struct dataset_header h = {.space = &space, .num_shards = 2, .streamed = true};
    struct coverage c;
    coverage_init(&c, &h);
    assert_false(coverage_end(&c, UINT64_MAX, one));
    assert_false(c.has_end);
    assert_true(coverage_end(&c, 5, NULL));
    assert_true(coverage_end(&c, 5, one));
    assert_true(coverage_end(&c, 5, NULL));
    assert_true(coverage_end(&c, 5, one));
    assert_false(coverage_end(&c, 5, other));
    assert_false(coverage_end(&c, 6, one));
    assert_int_equal(c.count, 10);
    coverage_cleanup(&c);
}

/* a sweep that was cut short by --max-targets has the positions below its limit */
static void a_limit_is_an_end(void **state)
{
    (void)state;
    struct target_space space = {.num_ports = 1, .count = 1000};
    struct dataset_header h = {.space = &space, .num_shards = 1, .limit = 10};
    struct coverage c;
    struct coverage_sum sum;
    coverage_init(&c, &h);
    add(&c, 0, 0, 9);
    coverage_sum(&c, &sum, NULL, 0);
    assert_int_equal(sum.missing, 1);
    coverage_cleanup(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums),
        cmocka_unit_test(missing_runs_are_told_until_enough),
        cmocka_unit_test(streams_end_where_a_file_says),
        cmocka_unit_test(files_agree_on_the_list),
        cmocka_unit_test(a_limit_is_an_end),
        cmocka_unit_test(more_runs_than_are_listed_are_counted),
        cmocka_unit_test(many_runs_are_joined),
        cmocka_unit_test(a_header_with_absurd_shards_is_bounded_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
