#include <stdio.h>

#include "core/times.h"
#include "tools/chart.h"
#include "tools/group_rates.h"
#include "tools/page_private.h"
#include "tools/share.h"
#include "tools/svg.h"

enum { GROUPS_MAX = 24, GROUPS_OPEN = 12, LETTER_SHARE = 5 /* per cent that have room for one */ };

/* a table of lines, the first shown, the others opened by the reader */
struct lines {
    const struct group_table *table;
    const char *kind; /* what the table is about */
    void (*put_head)(struct html *h, const void *context);
    void (*put_line)(struct html *h, const void *context, size_t line);
    const void *context;
};

/* ---- pieces ---- */

static void put_label(struct html *h, unsigned dimension, const struct group_line *line)
{
    html_put(h, "<tr><th scope=\"row\">");
    if (dimension == DIMENSION_COUNTRY && line->kind == ROW_VALUE) {
        page_country(h, line->label);
        return;
    }
    html_put(h, "<bdi>");
    if (line->kind == ROW_OTHER)
        html_format(h, "other (%llu)", (unsigned long long)line->num_labels);
    else
        html_octets(h, line->label, PAGE_LABEL_MAX);
    html_put(h, "</bdi>");
}

/* a share, and below it what it is of */
static void put_share(struct html *h, uint64_t count, uint64_t of, double sampled)
{
    char share[SHARE_TEXT_MAX], a[COUNT_TEXT_MAX], b[COUNT_TEXT_MAX];
    html_put(h, "<td>");
    html_text(h, share_text(share, count, of));
    if (of > 0)
        html_format(h, "<span class=\"ci\">%s of %s</span>", count_text(a, count),
                    count_text(b, of));
    page_interval(h, count, of, sampled);
    html_put(h, "</td>");
}

static void put_lines(struct html *h, const struct lines *l, size_t begin, size_t end)
{
    const char *by = dimension_slug(l->table->breakdown->dimension);
    html_format(h,
                "<div class=\"sc\" role=\"region\" tabindex=\"0\" aria-labelledby=\"h-by-%s\">"
                "<table class=\"gt\" data-by=\"%s\" data-table=\"%s\">\n<thead><tr>"
                "<th scope=\"col\"><span class=\"vh\">group</span>",
                by, by, l->kind);
    l->put_head(h, l->context);
    html_put(h, "</tr></thead>\n<tbody>\n");
    for (size_t i = begin; i < end; i++) {
        put_label(h, l->table->breakdown->dimension, &l->table->lines[i]);
        l->put_line(h, l->context, i);
        html_put(h, "</tr>\n");
    }
    html_put(h, "</tbody></table></div>\n");
}

static void put_table(struct html *h, const struct lines *l)
{
    size_t num = l->table->num_lines, open = num > GROUPS_OPEN + 3 ? GROUPS_OPEN : num;
    put_lines(h, l, 0, open);
    if (open == num)
        return;
    html_format(h, "<details><summary>%zu more rows</summary>\n", num - open);
    put_lines(h, l, open, num);
    html_put(h, "</details>\n");
}

/* ---- how far each group came ---- */

struct reach {
    const struct group_table *table;
    const struct report *report;
    struct group_sizes sizes;
    struct figure figure; /* of the sizes */
    struct group_rates rates;
};

static bool is_shown(const struct reach *r, enum group_rate rate)
{
    return group_rate_is_known(rate, &r->report->statistics, r->report->store != NULL);
}

static void put_reach_head(struct html *h, const void *context)
{
    const struct reach *r = context;
    page_share_axis(h, &r->figure);
    html_put(h, "</th><th scope=\"col\">targets</th><th scope=\"col\">of P</th>");
    for (enum group_rate i = 0; i < NUM_RATES; i++)
        if (is_shown(r, i))
            html_format(h, "<th scope=\"col\">%s<span class=\"ci\">of %s</span></th>",
                        group_rate_name(i), set_name(group_rate_of(i)));
}

static void put_reach_line(struct html *h, const void *context, size_t line)
{
    const struct reach *r = context;
    const uint64_t *sets = r->table->lines[line].sets;
    char count[COUNT_TEXT_MAX], share[SHARE_TEXT_MAX];
    chart_strip(h, &r->figure, line);
    html_format(h, "</th><td>%s</td><td>", count_text(count, sets[SET_P]));
    html_text(h, share_text(share, sets[SET_P], r->figure.of));
    page_interval(h, sets[SET_P], r->figure.of, r->report->sampled);
    html_put(h, "</td>");
    for (enum group_rate i = 0; i < NUM_RATES; i++) {
        if (!is_shown(r, i))
            continue;
        if (r->rates.told[i])
            put_share(h, r->rates.counts[i][line], sets[group_rate_of(i)], r->report->sampled);
        else
            html_put(h, "<td>-<span class=\"ci\">not told</span></td>");
    }
}

static void put_reach(struct html *h, const struct group_table *t, const struct report *report)
{
    struct reach r = {.table = t, .report = report};
    struct lines lines = {t, "reach", put_reach_head, put_reach_line, &r};
    if (group_sizes_make(&r.sizes, t) != 0 ||
        figure_make(&r.figure, &r.sizes.all, &r.sizes.statistic, FIGURE_BARS, t->num_lines) != 0 ||
        group_rates_make(&r.rates, t) != 0)
        h->bad = true;
    else
        put_table(h, &lines);
    group_rates_cleanup(&r.rates);
    figure_cleanup(&r.figure);
    group_sizes_cleanup(&r.sizes);
}

/* ---- a statistic of each group, as bars of 100 % ---- */

struct cross {
    const struct group_table *table;
    const struct cross_table *cells;
};

static const char *column_class(const struct cross_table *c, size_t i)
{
    static const char *const series[CROSS_VALUES_MAX] = {"s0", "s3", "s1", "s4", "s5"};
    return c->columns[i].kind == ROW_OTHER     ? "o"
           : c->columns[i].kind == ROW_UNKNOWN ? "u"
                                               : series[i];
}

static char column_letter(size_t i)
{
    return (char)('A' + i);
}

static void put_cross_head(struct html *h, const void *context)
{
    const struct cross_table *c = ((const struct cross *)context)->cells;
    html_put(h, "</th>");
    for (size_t i = 0; i < c->num_columns; i++) {
        if (c->columns[i].count == 0)
            continue;
        html_format(h, "<th scope=\"col\"><span class=\"key %s\">%c</span>", column_class(c, i),
                    column_letter(i));
        html_octets(h, c->columns[i].label, PAGE_LABEL_MAX);
        html_format(h, "<span class=\"ci\">of %s</span></th>", set_name(c->def->denominator));
    }
}

static void put_letter(struct svg *s, const struct cross_table *c, size_t i, double x)
{
    char class[8], letter[2] = {column_letter(i), '\0'};
    const char *of = column_class(c, i);
    snprintf(class, sizeof class, "k k%c", of[0] == 's' ? of[1] : '9');
    svg_text(s, class, SVG_MIDDLE, x, 13, letter);
}

static void draw_parts(struct html *h, const struct cross_table *c, size_t line, uint64_t of)
{
    struct svg s;
    double x = 0;
    svg_open(&s, h, SVG_PAGE, 18, NULL, NULL);
    for (size_t i = 0; i < c->num_columns; i++) {
        double width = (double)c->cells[line][i] / (double)of;
        if (c->cells[line][i] == 0)
            continue;
        svg_rect(&s, column_class(c, i), x, 0, width, 18);
        if (x > 0)
            svg_line(&s, "e", x, 0, x, 18);
        if (100 * width >= LETTER_SHARE)
            put_letter(&s, c, i, x + width / 2);
        x += width;
    }
    svg_close(&s);
}

static void put_cross_line(struct html *h, const void *context, size_t line)
{
    const struct cross *x = context;
    const struct cross_table *c = x->cells;
    uint64_t of = x->table->lines[line].sets[c->def->denominator];
    if (of > 0)
        draw_parts(h, c, line, of);
    html_put(h, "</th>");
    for (size_t i = 0; i < c->num_columns; i++)
        if (c->columns[i].count > 0)
            put_share(h, c->cells[line][i], of, 0);
}

static void put_cross(struct html *h, const struct group_table *t, const char *id)
{
    struct cross_table c;
    struct cross x = {t, &c};
    struct lines lines = {t, id, put_cross_head, put_cross_line, &x};
    if (cross_table_make(&c, t, id) != 0) {
        h->bad = true;
        return;
    }
    uint64_t sum = 0;
    for (size_t i = 0; i < c.num_columns; i++)
        sum += c.columns[i].count;
    if (sum > 0) {
        html_put(h, "<h4>");
        html_text(h, c.def->name);
        html_format(h, "</h4>\n<p class=\"of\">of <b>%s</b>: ", set_name(c.def->denominator));
        html_text(h, set_definition(c.def->denominator));
        html_put(h, ".</p>\n");
        put_table(h, &lines);
    }
    cross_table_cleanup(&c);
}

/* ---- a break-down ---- */

static void put_database(struct html *h, const struct report *r, unsigned dimension)
{
    enum geo_kind kind = dimension == DIMENSION_AS ? GEO_AS : GEO_COUNTRY;
    if ((dimension != DIMENSION_AS && dimension != DIMENSION_COUNTRY) || r->geo_paths[kind] == NULL)
        return;
    html_put(h, "<p class=\"of\">Database: ");
    page_database(h, &r->geo[kind]);
    html_put(h, ".</p>\n");
}

static void put_groups(struct html *h, const struct report *r, const struct group_table *t)
{
    char count[COUNT_TEXT_MAX];
    unsigned dimension = t->breakdown->dimension;
    uint64_t of = 0;
    for (size_t i = 0; i < t->num_lines; i++)
        of += t->lines[i].sets[SET_P];
    html_format(h, "<article class=\"fi\" id=\"by-%s\"><h3 id=\"h-by-%s\">%s</h3>\n",
                dimension_slug(dimension), dimension_slug(dimension), group_title(dimension));
    html_put(h, "<p class=\"de\">");
    html_text(h, dimension_definition(dimension));
    html_format(h, ".</p>\n<p class=\"of\">of <b>%s P</b>: %s</p>\n", count_text(count, of),
                set_definition(SET_P));
    put_database(h, r, dimension);
    if (of == 0) {
        html_put(h, "<p class=\"of\">Nothing to count: the set is empty.</p></article>\n");
        return;
    }
    if (dimension == DIMENSION_COUNTRY)
        page_maps(h, t->breakdown, r);
    put_reach(h, t, r);
    put_cross(h, t, "tls_version");
    if (r->store != NULL)
        put_cross(h, t, "trusted");
    if (t->folded > 0)
        html_format(
            h, "<p class=\"of\">%llu groups more than fit on the page are part of other.</p>\n",
            (unsigned long long)t->folded);
    html_put(h, "<p class=\"of\">All statistics of each group are in --json and --csv.</p>\n"
                "</article>\n");
}

void page_groups(struct html *h, const struct page_view *v, const struct breakdown *b)
{
    struct group_table t;
    size_t max_lines = v->max_rows < GROUPS_MAX ? v->max_rows : GROUPS_MAX;
    if (group_table_make(&t, b, max_lines) != 0) {
        h->bad = true;
        return;
    }
    put_groups(h, v->report, &t);
    group_table_cleanup(&t);
}
