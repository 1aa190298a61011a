/* statistics_suppress: what a reader could work out from what is left */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/tools/fake.h"

enum { MIN = 10 };

static void suppress(struct fake *f)
{
    struct statistics *all = &f->all;
    assert_int_equal(statistics_suppress(&all, 1, MIN, NULL), 0);
}

static uint64_t count_of(const struct statistic *s, const char *label)
{
    for (size_t i = 0; i < s->num_rows; i++)
        if (bytes_equal(s->rows[i].label, bytes_text(label)))
            return s->rows[i].count;
    return 0;
}

/* the size of a set tells what is unknown, and so what is left of other */
static void test_unknown_is_no_cover(void **state)
{
    static const struct {
        uint64_t unknown, other;
    } cases[] = {{5, 29}, {12, 24}, {0, 24}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fake f;
        fake_init(&f);
        struct statistic *s = fake_add(&f, "mta", SHAPE_PARTITION, SET_G220);
        fake_row(s, "small", 7, ROW_VALUE);
        fake_row(s, "large", 17, ROW_VALUE);
        fake_row(s, "larger", 100, ROW_VALUE);
        fake_row(s, "no rule says", cases[i].unknown, ROW_UNKNOWN);
        suppress(&f);
        assert_int_equal(count_of(s, "small"), 0);
        assert_int_equal(count_of(s, "large"), 0);
        assert_int_equal(count_of(s, "larger"), 100);
        assert_int_equal(count_of(s, "other"), cases[i].other);
        fake_cleanup(&f);
    }
}

/* where there is nothing else, it is better than none */
static void test_unknown_at_last(void **state)
{
    struct fake f;
    (void)state;
    fake_init(&f);
    struct statistic *s = fake_add(&f, "mta", SHAPE_PARTITION, SET_G220);
    fake_row(s, "small", 7, ROW_VALUE);
    fake_row(s, "no rule says", 50, ROW_UNKNOWN);
    suppress(&f);
    assert_int_equal(count_of(s, "other"), 57);
    assert_int_equal(s->num_rows, 1);
    fake_cleanup(&f);
}

/* a choice that nearly all make tells of those that do not */
static void test_choices_of_nearly_all(void **state)
{
    struct fake f;
    (void)state;
    fake_init(&f);
    f.all.sets[SET_E] = 100;
    struct statistic *s = fake_add(&f, "extensions", SHAPE_CHOICES, SET_E);
    fake_row(s, "all", 100, ROW_VALUE);
    fake_row(s, "nearly all", 93, ROW_VALUE);
    fake_row(s, "many", 90, ROW_VALUE);
    fake_row(s, "few", 3, ROW_VALUE);
    suppress(&f);
    assert_int_equal(s->num_rows, 2);
    assert_int_equal(count_of(s, "all"), 100);
    assert_int_equal(count_of(s, "many"), 90);
    assert_int_equal(s->not_shown, 2);
    fake_cleanup(&f);
}

/* what is summed up in the whole is so in its groups, though it is large enough in each */
static void test_groups_tell_no_more(void **state)
{
    struct fake whole, groups[2];
    struct statistics *both[2] = {&groups[0].all, &groups[1].all}, *all = &whole.all;
    (void)state;
    fake_init(&whole);
    struct statistic *s = fake_add(&whole, "mta", SHAPE_PARTITION, SET_G220);
    fake_row(s, "small", 7, ROW_VALUE);
    fake_row(s, "cover", 60, ROW_VALUE);
    fake_row(s, "large", 100, ROW_VALUE);
    assert_int_equal(statistics_suppress(&all, 1, MIN, NULL), 0);
    assert_int_equal(count_of(s, "other"), 67);
    for (size_t i = 0; i < 2; i++) {
        fake_init(&groups[i]);
        s = fake_add(&groups[i], "mta", SHAPE_PARTITION, SET_G220);
        fake_row(s, "small", i == 0 ? 7 : 0, ROW_VALUE);
        fake_row(s, "cover", 30, ROW_VALUE);
        fake_row(s, "large", 50, ROW_VALUE);
    }
    assert_int_equal(statistics_suppress(both, 2, MIN, &whole.all), 0);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(count_of(&groups[i].list[0], "cover"), 0);
        assert_int_equal(count_of(&groups[i].list[0], "large"), 50);
        assert_int_equal(count_of(&groups[i].list[0], "other"), i == 0 ? 37 : 30);
        fake_cleanup(&groups[i]);
    }
    fake_cleanup(&whole);
}

/* of two views of the same, one is enough, if something is summed up in either */
static void test_views(void **state)
{
    static const struct {
        uint64_t refused, timeout, detail;
        bool withheld;
    } cases[] = {{50, 40, 30, false}, {5, 40, 30, true}, {50, 40, 3, true}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fake f;
        fake_init(&f);
        struct statistic *connect = fake_add(&f, "connect", SHAPE_PARTITION, SET_P);
        fake_row(connect, "refused", cases[i].refused, ROW_VALUE);
        fake_row(connect, "timeout", cases[i].timeout, ROW_VALUE);
        fake_row(connect, "connected", 60 + cases[i].detail, ROW_VALUE);
        struct statistic *outcome = fake_add(&f, "outcome", SHAPE_PARTITION, SET_P);
        fake_row(outcome, "connect/refused", cases[i].refused, ROW_VALUE);
        fake_row(outcome, "connect/timeout", cases[i].timeout, ROW_VALUE);
        fake_row(outcome, "ehlo/timeout", cases[i].detail, ROW_VALUE);
        fake_row(outcome, "done/ok", 60, ROW_VALUE);
        suppress(&f);
        assert_int_equal(outcome->num_rows, cases[i].withheld ? 1 : 4);
        if (cases[i].withheld) {
            assert_int_equal(outcome->rows[0].count,
                             cases[i].refused + cases[i].timeout + cases[i].detail + 60);
            assert_int_equal(outcome->rows[0].kind, ROW_OTHER);
            assert_int_equal(outcome->rows[0].num_labels, 4);
        }
        fake_cleanup(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unknown_is_no_cover),
        cmocka_unit_test(test_unknown_at_last),
        cmocka_unit_test(test_choices_of_nearly_all),
        cmocka_unit_test(test_groups_tell_no_more),
        cmocka_unit_test(test_views),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
