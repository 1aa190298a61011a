/* Rows bounded, and the shares that are drawn. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/tools/fake.h"
#include "tools/figure.h"

enum { ROWS_MAX = 12 };

static const struct {
    const char *what;
    enum statistic_shape shape;
    const char *rows; /* a digit for each row: its count; "u" and "o" before it: unknown, other of 5 labels */
    size_t max;
    const char *expected;
    uint64_t not_shown, folded, labels;
} bounds[] = {
    {"all fit", SHAPE_PARTITION, "9 5 3", 3, "9 5 3", 0, 0, 0},
    {"one too many", SHAPE_PARTITION, "9 5 3", 2, "9 5 o3", 0, 1, 1},
    {"all but one", SHAPE_PARTITION, "9 5 3 1", 1, "9 o9", 0, 3, 3},
    {"no bound of 0", SHAPE_PARTITION, "9 5", 0, "9 o5", 0, 1, 1},
    {"what is unknown stays", SHAPE_PARTITION, "9 5 3 u2", 2, "9 5 u2 o3", 0, 1, 1},
    {"other is there already", SHAPE_PARTITION, "9 5 3 u2 o4", 2, "9 5 u2 o7", 0, 1, 6},
    {"unknown in between", SHAPE_PARTITION, "9 u2 5 3", 2, "9 u2 5 o3", 0, 1, 1},
    {"choices are not summed up", SHAPE_CHOICES, "9 5 3 1", 2, "9 5", 2, 2, 0},
    {"questions neither", SHAPE_CONCLUSIVE, "9 5 3", 2, "9 5", 1, 1, 0},
    {"nothing", SHAPE_PARTITION, "", 3, "", 0, 0, 0},
};

static void add_rows(struct statistic *s, const char *rows)
{
    for (const char *at = rows; *at != '\0'; at++) {
        char label[2] = {(char)('a' + s->num_rows), '\0'};
        enum row_kind kind = *at == 'u' ? ROW_UNKNOWN : *at == 'o' ? ROW_OTHER : ROW_VALUE;
        at += kind != ROW_VALUE;
        if (*at != ' ')
            fake_row(s, label, (uint64_t)(*at - '0'), kind)->num_labels = kind == ROW_OTHER ? 5 : 0;
    }
}

static void rows_are_bounded(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++) {
        struct fake fake;
        struct figure f;
        char text[4 * ROWS_MAX] = "";
        size_t len = 0;
        uint64_t labels = 0;
        fake_init(&fake);
        struct statistic *s = fake_add(&fake, "x", bounds[i].shape, SET_P);
        add_rows(s, bounds[i].rows);
        assert_int_equal(figure_make(&f, &fake.all, s, FIGURE_BARS, bounds[i].max), 0);
        for (size_t k = 0; k < f.num_rows; k++) {
            const char *kind = f.rows[k].kind == ROW_VALUE ? "" : f.rows[k].kind == ROW_OTHER ? "o" : "u";
            len += (size_t)snprintf(text + len, sizeof text - len, "%s%s%d", k > 0 ? " " : "", kind,
                                    (int)f.rows[k].count);
            labels += f.rows[k].num_labels;
        }
        if (strcmp(text, bounds[i].expected) != 0 || f.not_shown != bounds[i].not_shown ||
            f.folded != bounds[i].folded || labels != bounds[i].labels)
            fail_msg("%s: %s, not shown %d, folded %d", bounds[i].what, text, (int)f.not_shown, (int)f.folded);
        figure_cleanup(&f);
        fake_cleanup(&fake);
    }
}

static const struct {
    enum statistic_shape shape;
    enum figure_kind wish;
    size_t num_rows;
    enum figure_kind expected;
} kinds[] = {
    {SHAPE_PARTITION, FIGURE_STACK, 8, FIGURE_STACK},   {SHAPE_PARTITION, FIGURE_STACK, 9, FIGURE_BARS},
    {SHAPE_PARTITION, FIGURE_BARS, 3, FIGURE_BARS},     {SHAPE_PARTITION, FIGURE_COLUMNS, 4, FIGURE_COLUMNS},
    {SHAPE_PARTITION, FIGURE_COLUMNS, 3, FIGURE_BARS},  {SHAPE_PARTITION, FIGURE_CUMULATED, 5, FIGURE_CUMULATED},
    {SHAPE_PARTITION, FIGURE_FUNNEL, 5, FIGURE_BARS},   {SHAPE_PARTITION, FIGURE_QUANTILES, 5, FIGURE_BARS},
    {SHAPE_PARTITION, FIGURE_QUESTIONS, 5, FIGURE_BARS}, {SHAPE_CHOICES, FIGURE_STACK, 3, FIGURE_BARS},
    {SHAPE_FUNNEL, FIGURE_BARS, 3, FIGURE_FUNNEL},      {SHAPE_LATENCY, FIGURE_BARS, 3, FIGURE_QUANTILES},
    {SHAPE_CONCLUSIVE, FIGURE_BARS, 3, FIGURE_QUESTIONS},
};

static void kinds_follow_the_shape(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct fake fake;
        struct figure f;
        fake_init(&fake);
        struct statistic *s = fake_add(&fake, "x", kinds[i].shape, SET_P);
        for (size_t k = 0; k < kinds[i].num_rows; k++)
            fake_row(s, "row", 1, ROW_VALUE);
        fake_row(s, "empty", 0, ROW_VALUE); /* counts for no stack */
        assert_int_equal(figure_make(&f, &fake.all, s, kinds[i].wish, 20), 0);
        assert_int_equal(f.kind, kinds[i].expected);
        figure_cleanup(&f);
        fake_cleanup(&fake);
    }
}

static void shares(void **state)
{
    (void)state;
    struct fake fake;
    struct figure f;
    fake_init(&fake);
    fake.all.sets[SET_P] = 40;
    struct statistic *s = fake_add(&fake, "x", SHAPE_PARTITION, SET_P);
    add_rows(s, "8 0 4 u8 o6");
    assert_int_equal(figure_make(&f, &fake.all, s, FIGURE_STACK, 9), 0);
    assert_true(figure_share(&f, &f.rows[0]) == 0.2 && figure_share(&f, &f.rows[1]) == 0);
    assert_true(fabs(figure_cumulated(&f, 0) - 0.2) < 1e-12 && fabs(figure_cumulated(&f, 4) - 0.3) < 1e-12);
    assert_int_equal(figure_series(&f, 0), 0);
    assert_int_equal(figure_series(&f, 2), 1);
    assert_int_equal(figure_series(&f, 3), 2);
    assert_true(fabs(figure_axis_end(&f) - 0.2) < 1e-12);
    fake.all.sets[SET_P] = 0;
    f.of = 0;
    assert_true(figure_share(&f, &f.rows[0]) == 0);
    figure_cleanup(&f);
    fake_cleanup(&fake);
}

static void shares_of_steps_and_questions(void **state)
{
    (void)state;
    struct fake fake;
    struct figure f;
    fake_init(&fake);
    fake.all.sets[SET_P] = 40;
    fake.all.sets[SET_T] = 10;
    struct statistic *funnel = fake_add(&fake, "funnel", SHAPE_FUNNEL, SET_P);
    struct statistic_row *row = fake_row(funnel, "G", 5, ROW_VALUE);
    row->set = SET_G;
    row->before = SET_T;
    assert_int_equal(figure_make(&f, &fake.all, funnel, FIGURE_BARS, 9), 0);
    assert_true(figure_share(&f, &f.rows[0]) == 0.125 && figure_share_before(&f, &f.rows[0]) == 0.5);
    figure_cleanup(&f);
    struct statistic *questions = fake_add(&fake, "facts", SHAPE_CONCLUSIVE, SET_P);
    fake_row(questions, "resumed", 5, ROW_VALUE)->conclusive = 20;
    assert_int_equal(figure_make(&f, &fake.all, questions, FIGURE_BARS, 9), 0);
    assert_int_equal(figure_of(&f, &f.rows[0]), 20);
    assert_true(figure_share(&f, &f.rows[0]) == 0.25);
    figure_cleanup(&f);
    fake_cleanup(&fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_bounded),
        cmocka_unit_test(kinds_follow_the_shape),
        cmocka_unit_test(shares),
        cmocka_unit_test(shares_of_steps_and_questions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
