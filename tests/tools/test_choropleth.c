/* The outlines are what maps can be drawn from; classes hold what they say; maps are whole and inert. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/tools/markup.h"
#include "tools/choropleth.h"
#include "tools/world.h"

enum { LIST_MAX = 16 };

/* ---- outlines ---- */

static bool is_code(struct bytes code)
{
    return code.len == 2 &&
           ((isupper(code.data[0]) && isupper(code.data[1])) || memcmp(code.data, "--", 2) == 0);
}

/* letters of a path, digits, blanks, minus: nothing that markup knows; from what is drawn, inside the map */
static void check_outline(const struct world_country *c)
{
    double x = 0, y = 0, number = 0, sign = 1;
    size_t num = 0, rings = 0;
    bool in_number = false, relative = false;
    for (size_t i = 0; i <= c->outline.len; i++) {
        char at = i < c->outline.len ? (char)c->outline.data[i] : 'z';
        if (in_number && !isdigit((unsigned char)at)) {
            double *into = num++ % 2 == 0 ? &x : &y;
            *into = sign * number + (relative ? *into : 0);
            if (*into < 0 || *into > (into == &x ? WORLD_WIDTH : WORLD_HEIGHT))
                fail_msg("%.2s: %g, %g is not on the map", (const char *)c->code.data, x, y);
            in_number = false;
            sign = 1;
        }
        if (isdigit((unsigned char)at)) {
            number = (in_number ? 10 * number : 0) + (at - '0');
            in_number = true;
        } else if (at == '-') {
            sign = -1;
        } else {
            assert_non_null(strchr("Mlz ", at));
            rings += at == 'M';
            if (at != ' ')
                relative = at == 'l';
        }
    }
    assert_true(rings > 0 && num % 2 == 0 && num >= 6);
}

static void the_world(void **state)
{
    (void)state;
    struct world_country c, before = {0};
    size_t num = 0, dots = 0, at = 0;
    for (; world_next(&c, &at); before = c) {
        if (!is_code(c.code) || c.name.len < 4)
            fail_msg("line %zu: \"%.*s\"", num, (int)c.name.len, (const char *)c.name.data);
        assert_true(num == 0 || memcmp(before.code.data, c.code.data, 2) < 0);
        num++;
        if (c.outline.len > 0) {
            check_outline(&c);
            continue;
        }
        dots++;
        assert_true(c.x > 0 && c.x < WORLD_WIDTH && c.y > 0 && c.y < WORLD_HEIGHT);
    }
    assert_false(world_next(&c, &at));
    assert_true(num > 240 && num < 260 && dots > 60 && dots < 90);
}

static const struct {
    const char *code, *name;
} names[] = {{"DE", "Germany"},
             {"SG", "Singapore"},
             {"GF", "French Guiana"},
             {"XK", "Kosovo"},
             {"CI", "Côte d'Ivoire"},
             {"AQ", ""},
             {"--", ""},
             {"de", ""},
             {"", ""},
             {"<b>", ""}};

static void names_of_countries(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (!bytes_equal(world_name(bytes_text(names[i].code)), bytes_text(names[i].name)))
            fail_msg("%s is not %s", names[i].code, names[i].name);
}

/* ---- classes ---- */

/* "DE5/10 FR7/10" */
struct listed {
    struct choropleth_value values[LIST_MAX];
    size_t num;
};

static void read_list(struct listed *l, const char *text)
{
    *l = (struct listed){0};
    while (*text != '\0') {
        unsigned long long count, of;
        int len;
        assert_int_equal(sscanf(text + 2, "%llu/%llu %n", &count, &of, &len), 2);
        l->values[l->num++] = (struct choropleth_value){bytes_of(text, 2), count, of};
        text += 2 + len;
    }
}

static const struct {
    const char *what, *list;
    bool is_count;
    const char *classes; /* what they say, and of each value, which */
} cases[] = {
    {"nothing", "", true, "1 to 2; "},
    {"one count", "DE5/5", true, "3 to 9; 0"},
    {"halves of decades", "DE1/1 FR3/3 NL99/99", true, "1 to 2; 3 to 9; 10 to 29; 30 to 99; 013"},
    {"decades", "DE1/1 FR99/99 NL100/100 GB54321/54321", true,
     "1 to 9; 10 to 99; 100 to 999; 1,000 to 9,999; 10,000 to 99,999; 0124"},
    {"small ones left out", "DE2000/1 FR30000/1", true,
     "1,000 to 2,999; 3,000 to 9,999; 10,000 to 29,999; 30,000 to 99,999; 03"},
    {"more decades than classes", "DE1/1 FR10000000/1 NL999/1", true,
     "1 to 999; 1,000 to 9,999; 10,000 to 99,999; 100,000 to 999,999; 1,000,000 to 9,999,999; "
     "10,000,000 to 99,999,999; 050"},
    {"none", "DE0/0 FR5/5", true, "3 to 9; n0"},
    {"shares", "DE10/100 FR50/100 NL55/100", false,
     "below 20 %; 20 to 30 %; 30 to 40 %; 40 to 50 %; 50 % and more; 044"},
    {"close to each other", "DE901/1000 FR905/1000 NL909/1000", false,
     "below 90.5 %; 90.5 % and more; 011"},
    {"all of them", "DE100/100 FR100/100", false, "99.5 to 100 %; 00"},
    {"none of them", "DE0/100 FR0/100", false, "0 to 0.5 %; 00"},
    {"too few to say", "DE5/9 FR5/10 NL0/0", false, "50 to 50.5 %; f0n"},
    {"only too few", "DE5/9", false, "f"},
    {"a class and a bit more than six", "DE99999999/10000000000 FR600000030/10000000000", false,
     "0 to 1 %; 1 to 2 %; 2 to 3 %; 3 to 4 %; 4 to 5 %; 5 % and more; 15"},
    {"all there is", "DE0/10 FR10/10", false,
     "0 to 20 %; 20 to 40 %; 40 to 60 %; 60 to 80 %; 80 to 100 %; 04"},
};

static void classes_hold_what_they_say(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct listed l;
        struct choropleth c;
        char out[512] = "", text[CHOROPLETH_TEXT_MAX];
        size_t len = 0;
        read_list(&l, cases[i].list);
        choropleth_make(&c, l.values, l.num, cases[i].is_count);
        for (int k = 0; k < c.num_classes; k++)
            len += (size_t)snprintf(out + len, sizeof out - len, "%s; ",
                                    choropleth_class_text(text, &c, k));
        for (size_t k = 0; k < l.num; k++) {
            int class = choropleth_class(&c, &l.values[k]);
            out[len++] = class == CHOROPLETH_NONE  ? 'n'
                         : class == CHOROPLETH_FEW ? 'f'
                                                   : (char)('0' + class);
            out[len] = '\0';
        }
        if (strcmp(out, cases[i].classes) != 0)
            fail_msg("%s: \"%s\" is not \"%s\"", cases[i].what, out, cases[i].classes);
    }
}

/* whatever the shares are: classes follow one another, and each share is in its own */
static void classes_of_any_shares(void **state)
{
    (void)state;
    uint32_t seed = 1;
    for (size_t round = 0; round < 20000; round++) {
        struct choropleth_value v[LIST_MAX];
        struct choropleth c;
        for (size_t i = 0; i < LIST_MAX; i++) {
            seed = seed * 1664525 + 1013904223;
            v[i] = (struct choropleth_value){bytes_text("DE"), 0,
                                             10 + (seed >> 8) % (1U << round % 20)};
            seed = seed * 1664525 + 1013904223;
            v[i].count = (seed >> 8) % (v[i].of + 1);
        }
        choropleth_make(&c, v, 1 + round % LIST_MAX, false);
        assert_in_range(c.num_classes, 1, CHOROPLETH_CLASSES_MAX);
        for (int k = 0; k < c.num_classes; k++)
            assert_true(c.bounds[k] < c.bounds[k + 1] && c.bounds[k] >= 0 &&
                        c.bounds[k + 1] < 1 + 1e-6);
        for (size_t i = 0; i < 1 + round % LIST_MAX; i++) {
            int class = choropleth_class(&c, &v[i]);
            double share = (double)v[i].count / (double)v[i].of;
            assert_in_range(class, 0, c.num_classes - 1);
            assert_true(class == 0 || share >= c.bounds[class] - 1e-6);
            assert_true(class == c.num_classes - 1 || share < c.bounds[class + 1] + 1e-6);
        }
    }
}

static void colours_are_apart(void **state)
{
    (void)state;
    static const char *const expected[] = {"m2",          "m0 m5",          "m0 m3 m5",
                                           "m0 m2 m3 m5", "m0 m1 m3 m4 m5", "m0 m1 m2 m3 m4 m5"};
    for (int num = 1; num <= CHOROPLETH_CLASSES_MAX; num++) {
        struct choropleth c = {.num_classes = num};
        char out[64] = "", name[CHOROPLETH_NAME_MAX];
        for (int k = 0; k < num; k++)
            snprintf(out + strlen(out), sizeof out - strlen(out), k > 0 ? " %s" : "%s",
                     choropleth_class_name(name, &c, k));
        assert_string_equal(out, expected[num - 1]);
        assert_string_equal(choropleth_class_name(name, &c, CHOROPLETH_NONE), "mn");
        assert_string_equal(choropleth_class_name(name, &c, CHOROPLETH_FEW), "u");
    }
}

/* ---- maps ---- */

static size_t count(const struct html *h, const char *text)
{
    size_t num = 0, len = strlen(text);
    for (const char *at = h->text;
         (at = memmem(at, h->len - (size_t)(at - h->text), text, len)) != NULL; at += len)
        num++;
    return num;
}

static void maps_are_whole(void **state)
{
    (void)state;
    struct listed l;
    struct choropleth c;
    struct markup m;
    struct html h;
    read_list(&l, "DE90/100 SG20/100 CI5/9 AQ3/100 <>1/100");
    choropleth_make(&c, l.values, l.num, false);
    assert_int_equal(choropleth_not_drawn(&c), 2);
    assert_int_equal(choropleth_count(&c, CHOROPLETH_FEW), 1);
    html_init(&h);
    html_put(&h, "<p>");
    choropleth_outlines(&h);
    choropleth_draw(&h, &c, "a title");
    html_put(&h, "</p>");
    if (!markup_read(&m, h.text, h.len, "use"))
        fail_msg("%s", m.why);
    assert_true(m.num_elements > 240 && count(&h, "<title>") == m.num_elements + 1);
    assert_int_equal(count(&h, "href=\"#w-DE\""), 1);
    assert_int_equal(count(&h, "<title>Germany: 90 of 100 (90.00 %)</title>"), 1);
    assert_int_equal(count(&h, "<title>Singapore: 20 of 100 (20.00 %)</title>"), 1);
    assert_int_equal(count(&h, "<title>Côte d&#39;Ivoire: 5 of 9 (55.56 %)</title>"), 1);
    assert_int_equal(count(&h, "<title>France: none</title>"), 1);
    assert_int_equal(count(&h, "id=\"w-"), m.num_elements);
    h.len = 0;
    choropleth_paper(&h, &c, "a <title>", "of 3 things");
    if (!markup_read(&m, h.text, h.len, "path"))
        fail_msg("%s", m.why);
    assert_true(m.num_elements > 160 && count(&h, "<circle") > 60 &&
                count(&h, "a &lt;title&gt;") == 2);
    assert_int_equal(count(&h, "<use"), 0);
    assert_int_equal(count(&h, ">of fewer than 10</text>"), 1);
    html_cleanup(&h);
}

static void maps_of_counts_and_of_nothing(void **state)
{
    (void)state;
    struct choropleth_value v = {bytes_text("FR"), 1234, 0};
    for (size_t num = 0; num <= 1; num++)
        for (int is_count = 0; is_count <= 1; is_count++) {
            struct choropleth c;
            struct markup m;
            struct html h;
            html_init(&h);
            choropleth_make(&c, &v, num, is_count != 0);
            choropleth_draw(&h, &c, "title");
            assert_true(markup_read(&m, h.text, h.len, "use"));
            assert_int_equal(count(&h, "<title>France: 1,234</title>"),
                             num == 1 && is_count ? 1 : 0);
            h.len = 0;
            choropleth_paper(&h, &c, "title", "of nothing");
            assert_true(markup_read(&m, h.text, h.len, "path"));
            html_cleanup(&h);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_world),
        cmocka_unit_test(names_of_countries),
        cmocka_unit_test(classes_hold_what_they_say),
        cmocka_unit_test(classes_of_any_shares),
        cmocka_unit_test(colours_are_apart),
        cmocka_unit_test(maps_are_whole),
        cmocka_unit_test(maps_of_counts_and_of_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
