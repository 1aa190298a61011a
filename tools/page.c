#include "tools/page.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "core/times.h"
#include "tools/chart.h"
#include "tools/page_parts.h"
#include "tools/page_plan.h"
#include "tools/page_private.h"

enum { ROWS_MAX = 48 };

static const double WHOLE_MAX = 9e15; /* below it a double is exact */

/* ---- one statistic ---- */

static void put_denominator(struct html *h, const struct figure *f)
{
    const struct statistic_def *def = f->statistic->def;
    char count[COUNT_TEXT_MAX];
    html_format(h, "<p class=\"of\">of <b>%s %s</b>: ", count_text(count, f->of),
                set_name(def->denominator));
    html_text(h, set_definition(def->denominator));
    html_put(h, "</p>\n");
}

static void put_folded(struct html *h, const struct figure *f)
{
    if (f->folded > 0)
        html_format(h,
                    "<p class=\"of\">%llu rows more than fit on the page are not shown apart; "
                    "--json has them.</p>\n",
                    (unsigned long long)f->folded);
}

static void put_value(struct html *h, double value)
{
    char count[COUNT_TEXT_MAX];
    if (value >= 0 && value < WHOLE_MAX && value == floor(value))
        html_format(h, ": <b>%s</b>", count_text(count, (uint64_t)value));
    else
        html_format(h, ": <b>%.4g</b>", value);
}

/* what is said of the whole table */
static void put_numbers(struct html *h, const struct statistic *s)
{
    for (size_t i = 0; i < s->num_figures; i++) {
        html_put(h, i == 0 ? "<p class=\"of\">" : ", ");
        html_text(h, s->figures[i].name);
        put_value(h, s->figures[i].value);
    }
    html_put(h, s->num_figures > 0 ? "</p>\n" : "");
}

static void put_figure(struct html *h, const struct figure *f, const struct page_item *item,
                       double sampled)
{
    const struct statistic_def *def = f->statistic->def;
    html_format(h, "<article class=\"fi\" id=\"%s\"><h3 id=\"h-%s\">", def->id, def->id);
    html_text(h, def->name);
    html_put(h, "</h3>\n<p class=\"de\">");
    html_text(h, def->definition);
    html_put(h, ".</p>\n");
    put_denominator(h, f);
    if (item != NULL && item->text != NULL) {
        html_put(h, "<p class=\"tx\">");
        html_text(h, item->text);
        html_put(h, "</p>\n");
    }
    if (f->of == 0) {
        html_put(h, "<p class=\"of\">Nothing to count: the set is empty.</p></article>\n");
        return;
    }
    chart_image(h, f);
    page_table(h, f, set_is_sampled(def->denominator) ? sampled : 0);
    put_numbers(h, f->statistic);
    put_folded(h, f);
    html_put(h, "</article>\n");
}

static void put_statistic(struct html *h, const struct page_view *v, const struct statistic *s,
                          const struct page_item *item)
{
    struct figure f;
    enum figure_kind wish = item != NULL ? item->kind : FIGURE_BARS;
    if (figure_make(&f, &v->report->statistics, s, wish, v->max_rows) != 0)
        h->bad = true;
    else
        put_figure(h, &f, item, v->report->sampled);
    figure_cleanup(&f);
}

/* ---- sections ---- */

/* whether the report has the statistic or the break-down of that id */
static bool is_collected(const struct report *r, const char *id)
{
    for (size_t i = 0; i < r->num_breakdowns; i++)
        if (strcmp(dimension_slug(r->breakdowns[i].dimension), id) == 0)
            return true;
    return statistics_find(&r->statistics, id) != NULL;
}

/* what the plan names and the report lacks */
static void put_missing(struct html *h, const struct report *r, const struct page_section *section)
{
    size_t num = 0;
    for (size_t i = 0; i < PAGE_ITEMS_MAX && section->items[i].id != NULL; i++) {
        const struct page_item *item = &section->items[i];
        if (item->name == NULL || r->is_part || is_collected(r, item->id))
            continue;
        html_put(h, num++ == 0 ? "<p class=\"nc\">Not collected: " : ", ");
        html_text(h, item->name);
    }
    html_put(h, num > 0 ? ".</p>\n" : "");
}

/* the statistic of an item, if there is anything to show of it */
static const struct statistic *find_shown(const struct statistics *all,
                                          const struct page_item *item)
{
    const struct statistic *s = statistics_find(all, item->id);
    return s != NULL && all->sets[s->def->denominator] > 0 ? s : NULL;
}

static size_t count_items(const struct statistics *all, const struct page_section *section,
                          enum page_place place)
{
    size_t num = 0;
    for (size_t i = 0; i < PAGE_ITEMS_MAX && section->items[i].id != NULL; i++)
        num += section->items[i].place == place && find_shown(all, &section->items[i]) != NULL;
    return num;
}

/* statistics whose denominator is empty */
static void put_empty(struct html *h, const struct statistics *all,
                      const struct page_section *section)
{
    size_t num = 0;
    for (size_t i = 0; i < PAGE_ITEMS_MAX && section->items[i].id != NULL; i++) {
        const struct statistic *s = statistics_find(all, section->items[i].id);
        if (s == NULL || all->sets[s->def->denominator] > 0)
            continue;
        html_put(h, num++ == 0 ? "<p class=\"nc\">Nothing to count: " : "; ");
        html_text(h, s->def->name);
        html_format(h, " (0 %s)", set_name(s->def->denominator));
    }
    html_put(h, num > 0 ? ".</p>\n" : "");
}

static void put_items(struct html *h, const struct page_view *v, const struct page_section *section,
                      enum page_place place)
{
    static const char *const ends[] = {
        [PAGE_CARD] = "</div>\n", [PAGE_WIDE] = "", [PAGE_MORE] = "</div></details>\n"};
    const struct statistics *all = &v->report->statistics;
    size_t num = count_items(all, section, place);
    if (num == 0)
        return;
    if (place == PAGE_MORE)
        html_format(h, "<details class=\"mo\"><summary>More on this: %zu table%s</summary>\n", num,
                    num == 1 ? "" : "s");
    html_put(h, place == PAGE_WIDE ? "" : "<div class=\"gr\">\n");
    for (size_t i = 0; i < PAGE_ITEMS_MAX && section->items[i].id != NULL; i++) {
        const struct page_item *item = &section->items[i];
        const struct statistic *s = find_shown(all, item);
        if (s != NULL && item->place == place)
            put_statistic(h, v, s, item);
    }
    html_put(h, ends[place]);
}

/* statistics that no section names */
static void put_rest(struct html *h, const struct page_view *v)
{
    const struct statistics *all = &v->report->statistics;
    html_put(h, "<div class=\"gr\">\n");
    for (size_t i = 0; i < all->num; i++)
        if (page_item_find(all->list[i].def->id) == NULL)
            put_statistic(h, v, &all->list[i], NULL);
    html_put(h, "</div>\n");
}

static bool is_rest(const struct page_section *section)
{
    return section->items[0].id == NULL && section->dimensions == 0;
}

static bool is_in(const struct page_section *section, const struct breakdown *b)
{
    return (section->dimensions >> b->dimension & 1) != 0;
}

/* whether there is anything to say under this heading */
static bool has_content(const struct report *r, const struct page_section *section)
{
    const struct statistics *all = &r->statistics;
    for (size_t i = 0; i < r->num_breakdowns; i++)
        if (is_in(section, &r->breakdowns[i]))
            return true;
    for (size_t i = 0; is_rest(section) && i < all->num; i++)
        if (page_item_find(all->list[i].def->id) == NULL)
            return true;
    for (size_t i = 0; i < PAGE_ITEMS_MAX && section->items[i].id != NULL; i++)
        if ((section->items[i].name != NULL && !r->is_part) ||
            statistics_find(all, section->items[i].id) != NULL)
            return true;
    return false;
}

static void put_section(struct html *h, const struct page_view *v,
                        const struct page_section *section)
{
    const struct report *r = v->report;
    html_format(h, "<section id=\"s-%s\">\n<h2>", section->slug);
    html_text(h, section->heading);
    html_put(h, "</h2>\n");
    if (section->text != NULL) {
        html_put(h, "<p class=\"mu\">");
        html_text(h, section->text);
        html_put(h, "</p>\n");
    }
    put_items(h, v, section, PAGE_WIDE);
    put_items(h, v, section, PAGE_CARD);
    put_items(h, v, section, PAGE_MORE);
    for (size_t i = 0; i < r->num_breakdowns; i++)
        if (is_in(section, &r->breakdowns[i]))
            page_groups(h, v, &r->breakdowns[i]);
    if (is_rest(section))
        put_rest(h, v);
    put_empty(h, &r->statistics, section);
    put_missing(h, r, section);
    html_put(h, "</section>\n");
}

/* ---- head and foot ---- */

static void put_span(struct html *h, const struct report *r)
{
    int64_t first = INT64_MAX, last = INT64_MIN;
    char from[TIME_TEXT_MAX], to[TIME_TEXT_MAX];
    for (size_t i = 0; i < r->num_files; i++) {
        const struct report_file *f = &r->files[i];
        int64_t end = f->has_end ? f->end_us : f->start_us;
        first = f->start_us < first ? f->start_us : first;
        last = end > last ? end : last;
    }
    if (r->num_files == 0)
        return;
    time_words(from, first);
    time_words(to, last);
    html_format(h, ", swept from %s to %s", from, to);
}

static void put_header(struct html *h, const struct report *r)
{
    char count[COUNT_TEXT_MAX];
    html_put(h, "<a class=\"skip\" href=\"#summary\">To the summary</a>\n<div class=\"w\">\n"
                "<header>\n<p class=\"eb\">Sweep report</p>\n"
                "<h1>Mail servers and their encryption</h1>\n<p class=\"mu\">");
    html_format(h, "%s targets", count_text(count, r->statistics.sets[SET_D]));
    put_span(h, r);
    html_format(h, ", from %zu file%s.</p>\n", r->num_files, r->num_files == 1 ? "" : "s");
    page_selection(h, r);
    html_put(h, "</header>\n");
    html_put(h, "<nav aria-label=\"Sections\"><ul>\n<li><a href=\"#summary\">Summary</a></li>\n");
    for (size_t i = 0; i < num_page_sections; i++)
        if (has_content(r, &page_sections[i]))
            html_format(h, "<li><a href=\"#s-%s\">%s</a></li>\n", page_sections[i].slug,
                        page_sections[i].heading);
    html_put(h, "<li><a href=\"#method\">Method</a></li>\n</ul></nav>\n<main>\n");
}

static void put_summary(struct html *h, const struct report *r)
{
    html_put(h, "<section id=\"summary\">\n<h2>Summary</h2>\n");
    page_notices(h, r);
    page_words(h, r);
    html_put(h, "</section>\n");
}

static void put_method(struct html *h, const struct report *r, size_t max_rows)
{
    html_put(h,
             "<section id=\"method\">\n<h2>Method</h2>\n<p class=\"mu\">The unit is a target: an "
             "address and port. Every attribute is yes, no or unknown; what could not be told is "
             "unknown and never no. Rows of a partition sum to their denominator; of choices, a "
             "target may be in several. Shares are rounded for display only.</p>\n"
             "<article class=\"fi\"><h3 id=\"h-sets\">Sets</h3>\n"
             "<p class=\"de\">The denominators that the figures name.</p>\n");
    page_set_table(h, &r->statistics);
    html_put(h, "</article>\n<article class=\"fi\"><h3 id=\"h-files\">Files</h3>\n"
                "<p class=\"de\">The datasets that were counted, all as one population.</p>\n");
    page_file_table(h, r, max_rows);
    page_store(h, r);
    html_put(h, "</article>\n</section>\n");
}

static void put_page(struct html *h, const struct page_view *v)
{
    const struct report *r = v->report;
    page_open(h, "Mail servers and their encryption: sweep report");
    put_header(h, r);
    put_summary(h, r);
    for (size_t i = 0; i < num_page_sections; i++)
        if (has_content(r, &page_sections[i]))
            put_section(h, v, &page_sections[i]);
    put_method(h, r, v->max_rows);
    page_close(h);
}

int page_write(struct html *out, const struct report *r)
{
    size_t before = out->len;
    for (struct page_view v = {.report = r, .max_rows = ROWS_MAX};; v.max_rows /= 2) {
        put_page(out, &v);
        if (out->bad)
            return -ENOMEM;
        if (out->len - before <= PAGE_MAX || v.max_rows <= 1)
            return 0;
        out->len = before;
    }
}
