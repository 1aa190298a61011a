#include "core/times.h"
#include "tools/chart.h"
#include "tools/page_private.h"
#include "tools/share.h"

enum { ROWS_OPEN = 12, ZEROS_OPEN = 3, FILE_TEXT_MAX = 120 };

/* ---- pieces ---- */

static void put_count(struct html *h, uint64_t count)
{
    char text[COUNT_TEXT_MAX];
    html_format(h, "<td>%s</td>", count_text(text, count));
}

static void put_share(struct html *h, uint64_t count, uint64_t of, double sampled)
{
    char text[SHARE_TEXT_MAX];
    html_put(h, "<td>");
    html_text(h, share_text(text, count, of));
    page_interval(h, count, of, sampled);
    html_put(h, "</td>");
}

void page_interval(struct html *h, uint64_t count, uint64_t of, double sampled)
{
    double low, high;
    if (sampled == 0 || of == 0)
        return;
    wilson(&low, &high, count, of, sampled);
    html_format(h, "<span class=\"ci\">%.2f to %.2f</span>", low, high);
}

static void put_time(struct html *h, double us)
{
    char text[SCALE_TEXT_MAX];
    html_put(h, "<td>");
    html_text(h, scale_time_text(text, us));
    html_put(h, "</td>");
}

static void put_label(struct html *h, const struct figure *f, size_t i)
{
    const struct statistic_row *row = &f->rows[i];
    if (f->kind == FIGURE_STACK && row->count > 0)
        html_format(h, "<span class=\"key %s\">%c</span>", chart_class(f, i), chart_letter(f, i));
    else if (f->kind == FIGURE_STACK)
        html_put(h, "<span class=\"key\">\xc2\xa0</span>");
    if (f->kind == FIGURE_FUNNEL) {
        html_format(h, "<b>%s</b> ", set_name(row->set));
        html_text(h, set_definition(row->set));
        return;
    }
    html_put(h, f->kind == FIGURE_STACK ? "<span><bdi>" : "<bdi>");
    if (row->kind == ROW_OTHER)
        html_format(h, "other (%llu)", (unsigned long long)row->num_labels);
    else
        html_octets(h, row->label, PAGE_LABEL_MAX);
    html_put(h, f->kind == FIGURE_STACK ? "</bdi></span>" : "</bdi>");
}

/* ---- head ---- */

void page_share_axis(struct html *h, const struct figure *f)
{
    char end[SCALE_TEXT_MAX];
    html_put(h, "<span class=\"ax\" aria-hidden=\"true\"><span>0 %</span><span>");
    html_text(h, scale_share_text(end, figure_axis_end(f)));
    html_put(h, "</span></span>");
}

static void put_time_axis(struct html *h, const struct figure *f)
{
    struct scale_log scale;
    chart_time_scale(&scale, f);
    html_put(h, "<span class=\"ax lo\" aria-hidden=\"true\">");
    for (size_t i = 0; i < scale.num_ticks; i++) {
        char text[SCALE_TEXT_MAX];
        html_put(h, "<span>");
        html_text(h, scale_time_text(text, scale.ticks_us[i]));
        html_put(h, "</span>");
    }
    html_put(h, "</span>");
}

static void put_columns(struct html *h, const struct figure *f)
{
    const char *of = set_name(f->statistic->def->denominator);
    if (f->kind == FIGURE_QUESTIONS) {
        html_put(h, "<th scope=\"col\">yes</th><th scope=\"col\">known of</th>"
                    "<th scope=\"col\">of those</th><th scope=\"col\">unknown</th>");
        return;
    }
    html_format(h, "<th scope=\"col\">%s</th><th scope=\"col\">of %s</th>",
                f->kind == FIGURE_QUANTILES ? "finished" : "count", of);
    if (f->kind == FIGURE_FUNNEL)
        html_put(h, "<th scope=\"col\">of step before</th>");
    for (size_t q = 0; f->kind == FIGURE_QUANTILES && q < NUM_QUANTILES; q++)
        html_format(h, "<th scope=\"col\">%s</th>", quantile_names[q]);
}

static void put_head(struct html *h, const struct figure *f)
{
    html_put(h, "<thead><tr><th scope=\"col\">");
    switch (f->kind) {
    case FIGURE_BARS:
    case FIGURE_COLUMNS:
    case FIGURE_CUMULATED:
        html_put(h, "<span class=\"vh\">what</span>");
        page_share_axis(h, f);
        break;
    case FIGURE_STACK: html_put(h, "<span class=\"vh\">what</span>"); break;
    case FIGURE_QUESTIONS:
        html_put(h, "<span class=\"vh\">question</span>");
        page_share_axis(h, f);
        break;
    case FIGURE_FUNNEL:
        html_put(h, "<span class=\"vh\">step</span>");
        page_share_axis(h, f);
        break;
    case FIGURE_QUANTILES:
        html_put(h, "<span class=\"vh\">phase</span>");
        put_time_axis(h, f);
        break;
    }
    html_put(h, "</th>");
    put_columns(h, f);
    html_put(h, "</tr></thead>\n");
}

/* ---- rows ---- */

static void put_row(struct html *h, const struct figure *f, size_t i, double sampled)
{
    const struct statistic_row *row = &f->rows[i];
    html_format(h, "<tr%s><th scope=\"row\">", row->count == 0 ? " class=\"z\"" : "");
    put_label(h, f, i);
    if (row->count > 0)
        chart_strip(h, f, i);
    html_put(h, "</th>");
    put_count(h, row->count);
    if (f->kind == FIGURE_QUESTIONS)
        put_count(h, row->conclusive);
    put_share(h, row->count, figure_of(f, row), f->kind == FIGURE_QUANTILES ? 0 : sampled);
    if (f->kind == FIGURE_QUESTIONS)
        put_count(h, f->of - row->conclusive);
    if (f->kind == FIGURE_FUNNEL)
        put_share(h, row->count, f->all->sets[row->before], sampled);
    for (size_t q = 0; f->kind == FIGURE_QUANTILES && q < NUM_QUANTILES; q++)
        put_time(h, row->quantile_us[q]);
    html_put(h, "</tr>\n");
}

/* ---- what is shown first, and what on request ---- */

static bool hides_zeros(const struct figure *f)
{
    size_t zeros = 0;
    for (size_t i = 0; i < f->num_rows; i++)
        zeros += f->rows[i].count == 0;
    return zeros > ZEROS_OPEN && f->kind != FIGURE_FUNNEL && f->kind != FIGURE_QUANTILES;
}

/* whether row i is among the first, which the reader need not open */
static bool is_first(const struct figure *f, size_t i)
{
    if (f->num_rows > ROWS_OPEN && f->kind != FIGURE_STACK && chart_has_image(f->kind))
        return false; /* the image shows them all */
    bool hide = hides_zeros(f);
    size_t before = 0, all = 0;
    for (size_t k = 0; k < f->num_rows; k++) {
        bool counts = !hide || f->rows[k].count > 0;
        before += k < i && counts;
        all += counts;
    }
    return (!hide || f->rows[i].count > 0) && before < (all > ROWS_OPEN + 3 ? ROWS_OPEN : all);
}

static size_t num_first(const struct figure *f)
{
    size_t num = 0;
    for (size_t i = 0; i < f->num_rows; i++)
        num += is_first(f, i);
    return num;
}

/* whether all that the reader may open is rows of nothing */
static bool are_zeros(const struct figure *f)
{
    for (size_t i = 0; i < f->num_rows; i++)
        if (!is_first(f, i) && f->rows[i].count > 0)
            return false;
    return true;
}

static const char *name_rest(const struct figure *f, size_t first, size_t rest)
{
    if (are_zeros(f))
        return "with a count of 0";
    return first == 0 ? "rows" : rest == 1 ? "more row" : "more rows";
}

static void put_rows(struct html *h, const struct figure *f, bool first, double sampled)
{
    static const char *const classes[] = {
        [FIGURE_BARS] = "",         [FIGURE_STACK] = " st", [FIGURE_FUNNEL] = " fu",
        [FIGURE_QUANTILES] = " qu", [FIGURE_COLUMNS] = "",  [FIGURE_QUESTIONS] = " fu",
        [FIGURE_CUMULATED] = "",
    };
    const char *id = f->statistic->def->id;
    html_format(h,
                "<div class=\"sc\" role=\"region\" tabindex=\"0\" aria-labelledby=\"h-%s\">"
                "<table class=\"t%s\" data-id=\"%s\">\n",
                id, classes[f->kind], id);
    put_head(h, f);
    html_put(h, "<tbody>\n");
    for (size_t i = 0; i < f->num_rows; i++)
        if (is_first(f, i) == first)
            put_row(h, f, i, sampled);
    html_put(h, "</tbody></table></div>\n");
}

static void put_legend(struct html *h)
{
    html_put(h, "<ul class=\"le\" aria-hidden=\"true\">");
    for (size_t q = 0; q < NUM_QUANTILES; q++) {
        struct svg s;
        html_put(h, "<li>");
        svg_open(&s, h, SVG_PAGE, 16, NULL, NULL);
        svg_mark(&s, chart_quantile_mark(q), chart_quantile_class(q), 0.5, 8);
        svg_close(&s);
        html_format(h, "%s</li>", quantile_names[q]);
    }
    html_put(h, "</ul>\n");
}

void page_table(struct html *h, const struct figure *f, double sampled)
{
    size_t first = num_first(f), rest = f->num_rows - first;
    if (f->num_rows == 0) {
        html_put(h, "<p class=\"of\">Nothing to count.</p>\n");
        return;
    }
    if (f->kind == FIGURE_QUANTILES)
        put_legend(h);
    if (first > 0)
        put_rows(h, f, true, sampled);
    if (rest > 0) {
        html_format(h, "<details><summary>%zu %s</summary>\n", rest, name_rest(f, first, rest));
        put_rows(h, f, false, sampled);
        html_put(h, "</details>\n");
    }
    if (f->kind == FIGURE_QUANTILES)
        page_bins(h, f);
    if (f->not_shown > 0)
        html_format(h, "<p class=\"of\">And %llu more, each with fewer targets.</p>\n",
                    (unsigned long long)f->not_shown);
}

/* ---- what was read ---- */

static void put_file(struct html *h, const struct report_file *f)
{
    char start[TIME_TEXT_MAX], end[TIME_TEXT_MAX];
    time_words(start, f->start_us);
    time_words(end, f->end_us);
    html_put(h, "<tr><th scope=\"row\"><bdi>");
    html_octets(h, bytes_text(f->path), FILE_TEXT_MAX);
    html_put(h, "</bdi></th><td>");
    html_text(h, walk_end_text(f->end));
    html_format(h, "</td><td>%s%s%s</td><td>", start, f->has_end ? " to " : "",
                f->has_end ? end : "");
    html_text(h, f->sources[0] != '\0' ? f->sources : "chosen by the kernel");
    html_put(h, "</td><td><bdi>");
    html_text(h, f->ehlo_names[0] != '\0' ? f->ehlo_names : "none");
    html_put(h, "</bdi></td>");
    put_count(h, f->records);
    html_put(h, "</tr>\n");
}

void page_file_table(struct html *h, const struct report *r, size_t max_rows)
{
    size_t num = r->num_files < max_rows ? r->num_files : max_rows;
    html_put(h, "<div class=\"sc\" role=\"region\" tabindex=\"0\" aria-labelledby=\"h-files\">"
                "<table class=\"tx-t\"><thead><tr><th scope=\"col\">file</th>"
                "<th scope=\"col\">state</th><th scope=\"col\">time</th>"
                "<th scope=\"col\">source</th><th scope=\"col\">EHLO name</th>"
                "<th scope=\"col\">records</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < num; i++)
        put_file(h, &r->files[i]);
    html_put(h, "</tbody></table></div>\n");
    if (num < r->num_files)
        html_format(h, "<p class=\"of\">And %zu more files.</p>\n", r->num_files - num);
}

static void put_sha256(struct html *h, const uint8_t sha256[32])
{
    html_put(h, ", SHA-256 ");
    for (size_t i = 0; i < 32; i++)
        html_format(h, "%02x", sha256[i]);
    html_put(h, ".");
}

static void put_store(struct html *h, const struct report *r)
{
    char date[TIME_TEXT_MAX];
    time_words(date, r->store->mtime_s * 1000000);
    html_format(h, "Chains are judged by the %zu roots of <b>", r->store->num_roots);
    html_octets(h, bytes_text(r->store_path), FILE_TEXT_MAX);
    html_format(h, "</b> of %s", date);
    put_sha256(h, r->store->sha256);
}

void page_database(struct html *h, const struct geo_facts *facts)
{
    char date[TIME_TEXT_MAX];
    time_words(date, (int64_t)facts->built_s * 1000000);
    html_put(h, "<b>");
    html_octets(h, bytes_text(facts->type), FILE_TEXT_MAX);
    html_format(h, "</b>, built %s", date);
}

static void put_databases(struct html *h, const struct report *r)
{
    static const char *const what[NUM_GEO_KINDS] = {[GEO_COUNTRY] = "Countries", [GEO_AS] = "ASes"};
    for (size_t i = 0; i < NUM_GEO_KINDS; i++) {
        if (r->geo_paths[i] == NULL)
            continue;
        html_format(h, " %s are by ", what[i]);
        html_octets(h, bytes_text(r->geo_paths[i]), FILE_TEXT_MAX);
        html_put(h, ", type ");
        page_database(h, &r->geo[i]);
        put_sha256(h, r->geo[i].sha256);
    }
}

void page_store(struct html *h, const struct report *r)
{
    html_put(h, "<p class=\"of\">");
    if (r->store != NULL)
        put_store(h, r);
    else if (r->store_path != NULL)
        html_put(h, "Chains were not judged: there is no trust store.");
    if (r->mta_rules != NULL) {
        html_put(h, " Mail software is named by rules of version ");
        html_octets(h, bytes_text(r->mta_rules), FILE_TEXT_MAX);
        html_put(h, ".");
    }
    put_databases(h, r);
    html_put(h, "</p>\n");
}

void page_set_table(struct html *h, const struct statistics *all)
{
    html_put(h, "<div class=\"sc\" role=\"region\" tabindex=\"0\" aria-labelledby=\"h-sets\">"
                "<table><thead><tr><th scope=\"col\">set</th><th scope=\"col\">count</th></tr>"
                "</thead><tbody>\n");
    for (size_t i = 0; i < NUM_SETS; i++) {
        if (all->lacks[i])
            continue;
        html_format(h, "<tr><th scope=\"row\"><b>%s</b> ", set_name((enum set)i));
        html_text(h, set_definition((enum set)i));
        html_put(h, "</th>");
        if (statistics_has_set(all, (enum set)i))
            put_count(h, all->sets[i]);
        else
            html_put(h, "<td>not judged</td>");
        html_put(h, "</tr>\n");
    }
    html_put(h, "</tbody></table></div>\n");
}
