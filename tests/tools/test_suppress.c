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
    assert_int_equal(statistics_suppress(&all, 1, MIN), 0);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unknown_is_no_cover),
        cmocka_unit_test(test_unknown_at_last),
        cmocka_unit_test(test_choices_of_nearly_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
