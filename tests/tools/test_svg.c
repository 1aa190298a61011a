/* What is drawn where, on a page and on a paper, and that images are whole documents. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/tools/fake.h"
#include "tests/tools/markup.h"
#include "tools/chart.h"
#include "tools/svg.h"

/* ---- shapes ---- */

static void draw(struct svg *s, int what)
{
    switch (what) {
    case 0: svg_rect(s, "s0", 0.5, 3, 0.25, 10); break;
    case 1: svg_line(s, "g", 0, 1, 1, 2); break;
    case 2: svg_text(s, "a", SVG_MIDDLE, 0.5, 9, "a < b"); break;
    case 3: svg_octets(s, "a", SVG_END, 1, 9, bytes_text("\x1b\"><script>"), 40); break;
    case 4: svg_mark(s, SVG_CIRCLE, "s1", 0.25, 4); break;
    case 5: svg_rect(s, "s0", 0, 0, -1, -1); break;
    default: break;
    }
}

static const struct {
    enum svg_medium medium;
    double left, right;
    const char *expected;
} shapes[] = {
    {SVG_PAGE, 0, 1, "<rect class=\"s0\" x=\"50%\" width=\"25%\" y=\"3\" height=\"10\"/>"},
    {SVG_PAGE, 0.2, 0.6, "<line class=\"g\" x1=\"20%\" x2=\"60%\" y1=\"1\" y2=\"2\"/>"},
    {SVG_PAPER, 0.1, 0.9, "<text class=\"a\" x=\"320\" y=\"9\" text-anchor=\"middle\">a &lt; b</text>"},
    {SVG_PAPER, 0, 1, "<text class=\"a\" x=\"640\" y=\"9\" text-anchor=\"end\">\\x1B&#34;&gt;&lt;script&gt;</text>"},
    {SVG_PAPER, 0, 1, "<svg class=\"s1\" overflow=\"visible\" x=\"160\" y=\"4\"><circle r=\"4\"/></svg>"},
    {SVG_PAPER, 0, 1, "<rect class=\"s0\"/>"},
};

static void shapes_are_where_they_should_be(void **state)
{
    (void)state;
    for (int i = 0; i < (int)(sizeof shapes / sizeof shapes[0]); i++) {
        struct html h;
        html_init(&h);
        struct svg s = {.out = &h, .medium = shapes[i].medium};
        svg_plot(&s, shapes[i].left, shapes[i].right);
        draw(&s, i);
        if (h.len != strlen(shapes[i].expected) || memcmp(h.text, shapes[i].expected, h.len) != 0)
            fail_msg("%.*s", (int)h.len, h.text);
        html_cleanup(&h);
    }
}

/* an area of steps: what is between them is empty, and it ends where it began */
static const struct {
    struct svg_step steps[3];
    size_t num;
    const char *path;
} areas[] = {
    {{{0, 0.5, 1}}, 1, "M0 200V0H1000V200z"},
    {{{0, 0.5, 1}, {0.5, 1, 0.5}}, 2, "M0 200V0H1000V100H2000V200z"},
    {{{0.1, 0.2, 1}, {0.8, 0.9, 0.25}}, 2, "M200 200V0H400V200H1600V150H1800V200z"},
    {{{0, 0, 0}}, 1, "M0 200V200H0V200z"},
};

static bool has(const struct html *h, const char *text);

static void areas_follow_their_steps(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof areas / sizeof areas[0]; i++) {
        struct html h;
        struct markup m;
        html_init(&h);
        struct svg s = {.out = &h, .medium = SVG_PAGE};
        svg_plot(&s, 0.02, 0.98);
        svg_steps(&s, "d", areas[i].steps, areas[i].num, 40, 30);
        assert_true(markup_read(&m, h.text, h.len, "path") && m.num_elements == 1);
        assert_true(has(&h, " x=\"2%\" width=\"96%\" y=\"10\" height=\"30\""));
        if (!has(&h, areas[i].path))
            fail_msg("%.*s", (int)h.len, h.text);
        html_cleanup(&h);
    }
}

static bool has(const struct html *h, const char *text)
{
    return memmem(h->text, h->len, text, strlen(text)) != NULL;
}

static void images_say_what_they_are(void **state)
{
    (void)state;
    struct html h;
    struct svg s;
    struct markup m;
    html_init(&h);
    svg_open(&s, &h, SVG_PAPER, 100, "A & B", "of <100>");
    svg_close(&s);
    assert_true(markup_read(&m, h.text, h.len, "svg") && m.num_elements == 1);
    assert_true(has(&h, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" "
                        "width=\"160mm\" height=\"25.00mm\" viewBox=\"0 0 640 100\" role=\"img\""));
    assert_true(has(&h, "<title>A &amp; B</title><desc>of &lt;100&gt;</desc>") && has(&h, "id=\"hatch\""));
    assert_true(has(&h, "fill=\"#fff\""));
    h.len = 0;
    svg_open(&s, &h, SVG_PAGE, 10, "name", NULL);
    svg_close(&s);
    assert_true(has(&h, "role=\"img\"") && has(&h, "<title>name</title>") && !has(&h, "aria-hidden"));
    h.len = 0;
    svg_open(&s, &h, SVG_PAGE, 10, NULL, NULL);
    svg_close(&s);
    assert_true(has(&h, "aria-hidden=\"true\"") && !has(&h, "role"));
    h.len = 0;
    svg_hatch(&h);
    assert_true(markup_read(&m, h.text, h.len, "pattern") && m.num_elements == 1);
    html_cleanup(&h);
}

/* ---- charts ---- */

static const char HOSTILE[] = "</text><script>x</script>\x01\xff\"'&]]>";

static void fill(struct fake *fake, enum statistic_shape shape, size_t num_rows)
{
    struct statistic *s = fake_add(fake, "chart", shape, SET_P);
    for (size_t i = 0; i < NUM_SETS; i++)
        fake->all.sets[i] = 1000;
    for (size_t i = 0; i < num_rows; i++) {
        struct statistic_row *row = fake_row(s, i % 3 == 0 ? HOSTILE : "plain", 10 * i, ROW_VALUE);
        row->set = SET_T;
        row->before = SET_P;
        row->conclusive = 500;
        for (size_t q = 0; q < NUM_QUANTILES; q++)
            row->quantile_us[q] = i == 1 ? NAN : 1000.0 * (double)(i + 1) * pow(4, (double)q);
    }
    fake_row(s, "not known", 5, ROW_UNKNOWN)->quantile_us[0] = NAN;
    fake_row(s, "rest", 5, ROW_OTHER)->quantile_us[0] = NAN;
}

static const struct {
    enum statistic_shape shape;
    enum figure_kind kind;
    size_t num_rows;
    const char *mark; /* what is counted */
    size_t on_page, on_paper;
} charts[] = {
    {SHAPE_PARTITION, FIGURE_BARS, 6, "rect", 7, 8 + 3},     /* a bar for each row; ground and hatch */
    {SHAPE_PARTITION, FIGURE_STACK, 6, "rect", 7, 7 + 7 + 3}, /* segments, and the legend of a paper */
    {SHAPE_PARTITION, FIGURE_COLUMNS, 6, "rect", 8 + 7, 8 + 3},
    {SHAPE_PARTITION, FIGURE_CUMULATED, 6, "line", 6 + 12, 6 + 12},
    {SHAPE_CHOICES, FIGURE_BARS, 6, "rect", 7, 8 + 3},
    {SHAPE_CONCLUSIVE, FIGURE_BARS, 6, "rect", 7, 8 + 3},
    {SHAPE_FUNNEL, FIGURE_BARS, 6, "rect", 14, 16 + 3},
    {SHAPE_LATENCY, FIGURE_BARS, 6, "svg", 4 * NUM_QUANTILES + 7, 5 * NUM_QUANTILES + NUM_QUANTILES + 1},
};

static void draw_page(struct html *h, const struct figure *f)
{
    html_put(h, "<p>");
    chart_image(h, f);
    for (size_t i = 0; i < f->num_rows; i++)
        if (f->rows[i].count > 0)
            chart_strip(h, f, i);
    html_put(h, "</p>");
}

static void charts_have_their_marks(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof charts / sizeof charts[0]; i++) {
        struct fake fake;
        struct figure f;
        struct html h;
        struct markup page, paper;
        fake_init(&fake);
        html_init(&h);
        fill(&fake, charts[i].shape, charts[i].num_rows);
        assert_int_equal(figure_make(&f, &fake.all, &fake.list[0], charts[i].kind, 20), 0);
        draw_page(&h, &f);
        if (!markup_read(&page, h.text, h.len, charts[i].mark))
            fail_msg("page %zu: %s", i, page.why);
        h.len = 0;
        chart_paper(&h, &f);
        if (!markup_read(&paper, h.text, h.len, charts[i].mark))
            fail_msg("paper %zu: %s", i, paper.why);
        if (page.num_elements != charts[i].on_page || paper.num_elements != charts[i].on_paper)
            fail_msg("chart %zu: %zu and %zu of %s", i, page.num_elements, paper.num_elements, charts[i].mark);
        assert_true(has(&h, ">chart</text>") && has(&h, "1,000 P: targets probed"));
        assert_false(has(&h, "nan") || has(&h, "inf"));
        html_cleanup(&h);
        figure_cleanup(&f);
        fake_cleanup(&fake);
    }
}

/* rows of a latency that have bins have an area, and the axis holds all of it */
static void latencies_have_areas(void **state)
{
    (void)state;
    struct histogram_bin bins[] = {{8, 9, 5}, {16000, 32000, 400}, {9000000, 11000000, 5}};
    struct fake fake;
    struct figure f;
    struct scale_log scale;
    struct html h;
    fake_init(&fake);
    html_init(&h);
    fill(&fake, SHAPE_LATENCY, 3);
    fake.list[0].rows[1].bins = bins;
    fake.list[0].rows[1].num_bins = 3;
    assert_int_equal(figure_make(&f, &fake.all, &fake.list[0], FIGURE_BARS, 20), 0);
    chart_time_scale(&scale, &f);
    assert_true(scale.low_us < 1.5 && scale.high_us > 9e7);
    for (int paper = 0; paper <= 1; paper++) {
        struct markup m;
        h.len = 0;
        if (paper)
            chart_paper(&h, &f);
        else
            draw_page(&h, &f);
        assert_true(markup_read(&m, h.text, h.len, "path"));
        assert_true(has(&h, "class=\"d\" d=\"M") && has(&h, "V0H") && !has(&h, "nan"));
    }
    fake.list[0].rows[1].bins = NULL;
    html_cleanup(&h);
    figure_cleanup(&f);
    fake_cleanup(&fake);
}

static void charts_of_nothing(void **state)
{
    (void)state;
    static const enum statistic_shape all[] = {SHAPE_PARTITION, SHAPE_CHOICES, SHAPE_FUNNEL, SHAPE_LATENCY,
                                               SHAPE_CONCLUSIVE};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        for (size_t num_rows = 0; num_rows < 3; num_rows++) {
            struct fake fake;
            struct figure f;
            struct html h;
            struct markup m;
            fake_init(&fake);
            html_init(&h);
            struct statistic *s = fake_add(&fake, "x", all[i], SET_P);
            for (size_t k = 0; k < num_rows; k++)
                fake_row(s, "row", 0, ROW_VALUE)->quantile_us[0] = NAN;
            assert_int_equal(figure_make(&f, &fake.all, s, FIGURE_STACK, 9), 0);
            draw_page(&h, &f);
            chart_paper(&h, &f);
            assert_true(markup_read(&m, h.text, h.len, NULL));
            assert_false(has(&h, "nan") || has(&h, "inf"));
            html_cleanup(&h);
            figure_cleanup(&f);
            fake_cleanup(&fake);
        }
}

static void letters_and_colours(void **state)
{
    (void)state;
    struct fake fake;
    struct figure f;
    fake_init(&fake);
    fill(&fake, SHAPE_PARTITION, 3); /* the first of them is empty */
    assert_int_equal(figure_make(&f, &fake.all, &fake.list[0], FIGURE_STACK, 9), 0);
    assert_string_equal(chart_class(&f, 1), "s0");
    assert_string_equal(chart_class(&f, 2), "s1");
    assert_string_equal(chart_class(&f, 3), "u");
    assert_string_equal(chart_class(&f, 4), "o");
    assert_int_equal(chart_letter(&f, 1), 'A');
    assert_int_equal(chart_letter(&f, 4), 'D');
    figure_cleanup(&f);
    fake_cleanup(&fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes_are_where_they_should_be), cmocka_unit_test(images_say_what_they_are),
        cmocka_unit_test(charts_have_their_marks),         cmocka_unit_test(areas_follow_their_steps),
        cmocka_unit_test(latencies_have_areas),
        cmocka_unit_test(charts_of_nothing),
        cmocka_unit_test(letters_and_colours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
