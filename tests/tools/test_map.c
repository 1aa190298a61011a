/* What maps show of a break-down: which there are, what they count, and what has no place on them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/tools/fake.h"
#include "tools/map.h"

enum { GROUPS = 4 };

/* Germany, France, the others, and those that are not known */
struct setting {
    struct fake whole, fakes[GROUPS];
    struct breakdown_group groups[GROUPS];
    struct breakdown breakdown;
};

static void add_statistics(struct fake *f, uint64_t num)
{
    for (size_t i = 0; i < NUM_SETS; i++)
        f->all.sets[i] = num;
    f->all.sets[SET_S] = num / 2;
    fake_row(fake_add(f, "tls_version", SHAPE_PARTITION, SET_H), "TLSv1.3", num / 4, ROW_VALUE);
    fake_row(fake_add(f, "trusted", SHAPE_PARTITION, SET_H), "trusted, matching", num / 10,
             ROW_VALUE);
}

static void set_up(struct setting *s)
{
    static const char *const labels[GROUPS] = {"DE", "FR", "other", "unknown"};
    static const enum row_kind kinds[GROUPS] = {ROW_VALUE, ROW_VALUE, ROW_OTHER, ROW_UNKNOWN};
    *s = (struct setting){
        .breakdown = {.dimension = DIMENSION_COUNTRY, .groups = s->groups, .num = GROUPS}};
    fake_init(&s->whole);
    add_statistics(&s->whole, 1000);
    for (size_t i = 0; i < GROUPS; i++) {
        fake_init(&s->fakes[i]);
        add_statistics(&s->fakes[i], 100 * (GROUPS - i));
        s->groups[i] = (struct breakdown_group){bytes_text(labels[i]), kinds[i],
                                                kinds[i] == ROW_OTHER ? 5 : 0, s->fakes[i].all};
    }
}

static void tear_down(struct setting *s)
{
    for (size_t i = 0; i < GROUPS; i++)
        fake_cleanup(&s->fakes[i]);
    fake_cleanup(&s->whole);
}

static void maps_of_a_breakdown(void **state)
{
    (void)state;
    static const struct {
        const char *slug;
        enum set of;
        uint64_t count; /* of Germany */
    } expected[] = {{"servers", SET_E, 400},
                    {"starttls", SET_E, 200},
                    {"tls13", SET_H, 100},
                    {"trusted", SET_H, 40}};
    struct setting s;
    struct maps m;
    set_up(&s);
    for (int judged = 0; judged <= 1; judged++) {
        assert_int_equal(maps_make(&m, &s.breakdown, &s.whole.all, judged == 1), 0);
        assert_int_equal(m.num, judged == 1 ? 4 : 3);
        for (size_t i = 0; i < m.num; i++) {
            const struct choropleth *c = &m.list[i].choropleth;
            assert_string_equal(m.list[i].slug, expected[i].slug);
            assert_true(m.list[i].of == expected[i].of && m.list[i].total == 1000 &&
                        m.list[i].unplaced == 300);
            assert_true(c->num == 2 && bytes_equal(c->values[0].code, bytes_text("DE")));
            assert_true(c->values[0].count == expected[i].count && c->values[0].of == 400 &&
                        c->is_count == (i == 0));
        }
        char text[MAP_TEXT_MAX];
        assert_string_equal(map_denominator(text, &m.list[2]),
                            "of 1,000 H: the TLS handshake was completed");
        maps_cleanup(&m);
    }
    tear_down(&s);
}

/* what was not asked for, is of nothing, or is not told of small cells has no map */
static void maps_that_are_left_out(void **state)
{
    (void)state;
    struct setting s;
    struct maps m;
    set_up(&s);
    s.whole.all.lacks[SET_E] = true;
    assert_int_equal(maps_make(&m, &s.breakdown, &s.whole.all, true), 0);
    assert_int_equal(m.num, 2);
    maps_cleanup(&m);
    s.whole.all.lacks[SET_E] = false;
    s.whole.all.num = 1; /* no "trusted" */
    assert_int_equal(maps_make(&m, &s.breakdown, &s.whole.all, true), 0);
    assert_int_equal(m.num, 3);
    maps_cleanup(&m);
    s.whole.all.num = 2;
    for (size_t i = 0; i < GROUPS; i++)
        s.groups[i].statistics.sets[SET_H] = 0;
    assert_int_equal(maps_make(&m, &s.breakdown, &s.whole.all, false), 0);
    assert_int_equal(m.num, 2);
    maps_cleanup(&m);
    s.breakdown.num = 0;
    assert_int_equal(maps_make(&m, &s.breakdown, &s.whole.all, true), 0);
    assert_int_equal(m.num, 0);
    maps_cleanup(&m);
    tear_down(&s);
}

static void rates_are_parts_of_their_sets(void **state)
{
    (void)state;
    struct setting s;
    struct group_table t;
    struct group_rates r;
    set_up(&s);
    assert_int_equal(group_table_make(&t, &s.breakdown, 9), 0);
    assert_int_equal(group_rates_make(&r, &t), 0);
    for (enum group_rate i = 0; i < NUM_RATES; i++) {
        assert_true(r.told[i] && group_rate_name(i)[0] != '\0');
        assert_true(group_rate_is_known(i, &s.whole.all, true));
        assert_int_equal(group_rate_is_known(i, &s.whole.all, false),
                         i != RATE_VALID && i != RATE_TRUSTED);
        for (size_t k = 0; k < t.num_lines; k++)
            assert_true(r.counts[i][k] <= t.lines[k].sets[group_rate_of(i)]);
    }
    group_rates_cleanup(&r);
    group_table_cleanup(&t);
    tear_down(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(maps_of_a_breakdown),
        cmocka_unit_test(maps_that_are_left_out),
        cmocka_unit_test(rates_are_parts_of_their_sets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
