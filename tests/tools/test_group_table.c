/* group_table: lines bounded, what they count, and columns that sum to the denominator. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/tools/fake.h"
#include "tools/group_table.h"

enum { GROUPS_MAX = 8 };

/* groups as digits, see figure's test: "9 5 u2 o7"; "o" is a sum of 3 others */
struct setting {
    struct fake fakes[GROUPS_MAX];
    struct breakdown_group groups[GROUPS_MAX];
    char labels[GROUPS_MAX][2];
    struct breakdown breakdown;
};

static void set_up(struct setting *s, const char *groups)
{
    *s = (struct setting){.breakdown = {.dimension = DIMENSION_COUNTRY, .groups = s->groups}};
    for (const char *at = groups; *at != '\0'; at++) {
        size_t i = s->breakdown.num;
        enum row_kind kind = *at == 'u' ? ROW_UNKNOWN : *at == 'o' ? ROW_OTHER : ROW_VALUE;
        at += kind != ROW_VALUE;
        if (*at == ' ')
            continue;
        fake_init(&s->fakes[i]);
        s->fakes[i].all.sets[SET_P] = (uint64_t)(*at - '0');
        s->labels[i][0] = (char)('a' + i);
        s->groups[i] = (struct breakdown_group){.label = bytes_text(s->labels[i]),
                                                .kind = kind,
                                                .num_labels = kind == ROW_OTHER ? 3 : 0};
        s->breakdown.num++;
    }
}

static struct statistic *add(struct setting *s, size_t group, const char *id)
{
    return fake_add(&s->fakes[group], id, SHAPE_PARTITION, SET_H);
}

/* statistics are seen once all are there */
static void ready(struct setting *s)
{
    for (size_t i = 0; i < s->breakdown.num; i++)
        s->groups[i].statistics = s->fakes[i].all;
}

static void tear_down(struct setting *s)
{
    for (size_t i = 0; i < s->breakdown.num; i++)
        fake_cleanup(&s->fakes[i]);
}

/* ---- lines ---- */

static const struct {
    const char *what, *groups;
    size_t max;
    const char *expected; /* kind, targets, labels of "other" */
    uint64_t folded;
} bounds[] = {
    {"all fit", "9 5 3", 3, "v9 v5 v3 ", 0},
    {"one too many", "9 5 3", 2, "v9 v5 o3(1) ", 1},
    {"others are there already", "9 5 3 u4 o7", 1, "v9 u4 o15(5) ", 2},
    {"others fit", "9 u4 o7", 1, "v9 u4 o7(3) ", 0},
    {"no bound of 0", "9 5", 0, "v9 o5(1) ", 1},
    {"nothing", "", 3, "", 0},
};

static void lines_are_bounded(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++) {
        struct setting s;
        struct group_table t;
        struct group_sizes sizes;
        char text[128] = "";
        size_t len = 0;
        uint64_t sum = 0, all = 0;
        set_up(&s, bounds[i].groups);
        ready(&s);
        assert_int_equal(group_table_make(&t, &s.breakdown, bounds[i].max), 0);
        assert_int_equal(group_sizes_make(&sizes, &t), 0);
        assert_int_equal(sizes.statistic.num_rows, t.num_lines);
        for (size_t k = 0; k < t.num_lines; k++) {
            const struct statistic_row *row = &sizes.statistic.rows[k];
            assert_int_equal(row->count, t.lines[k].sets[SET_P]);
            len += (size_t)snprintf(text + len, sizeof text - len, "%c%llu", "vuo"[row->kind],
                                    (unsigned long long)row -> count);
            if (row->kind == ROW_OTHER)
                len += (size_t)snprintf(text + len, sizeof text - len, "(%llu)",
                                        (unsigned long long)row->num_labels);
            len += (size_t)snprintf(text + len, sizeof text - len, " ");
            sum += row->count;
        }
        for (size_t k = 0; k < s.breakdown.num; k++)
            all += s.groups[k].statistics.sets[SET_P];
        if (strcmp(text, bounds[i].expected) != 0)
            fail_msg("%s: %s and not %s", bounds[i].what, text, bounds[i].expected);
        assert_int_equal(sum, all);
        assert_int_equal(sizes.all.sets[SET_P], all);
        assert_int_equal(t.folded, bounds[i].folded);
        group_sizes_cleanup(&sizes);
        group_table_cleanup(&t);
        tear_down(&s);
    }
}

/* ---- one row ---- */

static void rows_are_counted(void **state)
{
    (void)state;
    struct setting s;
    struct group_table t;
    uint64_t counts[GROUPS_MAX];
    set_up(&s, "9 5 3");
    fake_row(add(&s, 0, "tls_version"), "TLSv1.3", 4, ROW_VALUE);
    add(&s, 1, "tls_version");
    fake_row(add(&s, 2, "tls_version"), "TLSv1.3", 2, ROW_VALUE);
    ready(&s);
    assert_int_equal(group_table_make(&t, &s.breakdown, 1), 0);
    assert_true(group_table_count(counts, &t, "tls_version", "TLSv1.3"));
    assert_int_equal(counts[0], 4);
    assert_int_equal(counts[1], 2); /* of the two others */
    assert_true(group_table_count(counts, &t, "tls_version", "TLSv1.0"));
    assert_int_equal(counts[0] + counts[1], 0); /* nobody has it, and nothing is summed up */
    assert_false(group_table_count(counts, &t, "trusted", "trusted, matching"));
    group_table_cleanup(&t);
    tear_down(&s);
}

/* with a smallest cell, "other" may have what no row has */
static void rows_that_are_not_told(void **state)
{
    (void)state;
    struct setting s;
    struct group_table t;
    uint64_t counts[GROUPS_MAX];
    set_up(&s, "9 5");
    fake_row(add(&s, 0, "tls_version"), "TLSv1.3", 4, ROW_VALUE);
    fake_row(add(&s, 1, "tls_version"), "other", 5, ROW_OTHER);
    ready(&s);
    assert_int_equal(group_table_make(&t, &s.breakdown, 9), 0);
    assert_false(group_table_count(counts, &t, "tls_version", "TLSv1.2"));
    assert_true(group_table_count(counts, &t, "tls_version", "TLSv1.3"));
    assert_int_equal(counts[1], 0); /* small in no group, or it were summed up in all */
    group_table_cleanup(&t);
    tear_down(&s);
}

/* ---- columns ---- */

static void columns_sum(void **state)
{
    (void)state;
    static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g"};
    struct setting s;
    struct group_table t;
    struct cross_table c;
    set_up(&s, "9 5 3");
    for (size_t i = 0; i < 3; i++) {
        struct statistic *one = add(&s, i, "x");
        for (size_t k = 0; k < 7; k++) /* g is the largest */
            fake_row(one, names[k], 10 * i + k, ROW_VALUE);
        fake_row(one, "not known", 100, ROW_UNKNOWN);
        fake_row(one, "other", 1000, ROW_OTHER)->num_labels = 2;
    }
    ready(&s);
    for (size_t max = 1; max <= 3; max++) {
        assert_int_equal(group_table_make(&t, &s.breakdown, max), 0);
        assert_int_equal(cross_table_make(&c, &t, "x"), 0);
        assert_int_equal(c.num_columns, CROSS_COLUMNS_MAX);
        assert_true(bytes_equal(c.columns[0].label, bytes_text("g")));
        assert_true(bytes_equal(c.columns[4].label, bytes_text("c")));
        assert_int_equal(c.columns[0].count, 6 + 16 + 26);
        assert_int_equal(c.columns[5].count, 3000 + 0 + 10 + 20 + 1 + 11 + 21); /* a and b too */
        assert_int_equal(c.columns[6].count, 300);
        assert_int_equal(c.cells[0][0], 6);
        for (size_t k = 0; k < c.num_columns; k++) {
            uint64_t sum = 0;
            for (size_t i = 0; i < t.num_lines; i++)
                sum += c.cells[i][k];
            assert_int_equal(sum, c.columns[k].count);
        }
        cross_table_cleanup(&c);
        group_table_cleanup(&t);
    }
    assert_int_equal(group_table_make(&t, &s.breakdown, 3), 0);
    assert_int_equal(cross_table_make(&c, &t, "y"), 0);
    assert_null(c.def);
    cross_table_cleanup(&c);
    group_table_cleanup(&t);
    tear_down(&s);
}

static void titles(void **state)
{
    (void)state;
    for (unsigned i = 0; i < NUM_DIMENSIONS; i++)
        assert_memory_equal(group_title(i), "By ", 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_bounded),
        cmocka_unit_test(rows_are_counted),
        cmocka_unit_test(rows_that_are_not_told),
        cmocka_unit_test(columns_sum),
        cmocka_unit_test(titles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
