#include "core/times.h"
#include "tools/page_private.h"
#include "tools/scale.h"
#include "tools/share.h"

enum { POWERS = 33 /* of two, in us: what a duration may be */ };

/* how many of a row took from low to high; high not included */
static uint64_t count_between(const struct statistic_row *row, uint64_t low, uint64_t high)
{
    uint64_t count = 0;
    for (size_t i = 0; i < row->num_bins; i++)
        if (row->bins[i].from_us >= low && row->bins[i].from_us < high)
            count += row->bins[i].count;
    return count;
}

/* whether no bin of any row lies on both sides */
static bool is_bound(const struct figure *f, uint64_t us)
{
    for (size_t i = 0; i < f->num_rows; i++)
        for (size_t k = 0; k < f->rows[i].num_bins; k++)
            if (f->rows[i].bins[k].from_us < us && us < f->rows[i].bins[k].to_us)
                return false;
    return true;
}

static bool is_empty(const struct figure *f, uint64_t low, uint64_t high)
{
    for (size_t i = 0; i < f->num_rows; i++)
        if (count_between(&f->rows[i], low, high) > 0)
            return false;
    return true;
}

static void put_head(struct html *h, const struct figure *f)
{
    html_put(h, "<thead><tr><th scope=\"col\">took less than</th>");
    for (size_t i = 0; i < f->num_rows; i++) {
        html_put(h, "<th scope=\"col\">");
        html_octets(h, f->rows[i].label, PAGE_LABEL_MAX);
        html_put(h, "</th>");
    }
    html_put(h, "</tr></thead>\n<tbody>\n");
}

static void put_line(struct html *h, const struct figure *f, uint64_t low, uint64_t high)
{
    char text[SCALE_TEXT_MAX], count[COUNT_TEXT_MAX], share[SHARE_TEXT_MAX];
    html_put(h, "<tr><th scope=\"row\">");
    html_text(h, scale_time_text(text, (double)high));
    html_put(h, "</th>");
    for (size_t i = 0; i < f->num_rows; i++) {
        const struct statistic_row *row = &f->rows[i];
        html_format(h, "<td>%s<span class=\"ci\">",
                    count_text(count, count_between(row, low, high)));
        html_text(h, share_text(share, count_between(row, 0, high), row->count));
        html_put(h, "</span></td>");
    }
    html_put(h, "</tr>\n");
}

void page_bins(struct html *h, const struct figure *f)
{
    if (is_empty(f, 0, UINT64_C(1) << POWERS))
        return;
    html_put(h, "<details><summary>The distributions in numbers</summary>\n<p class=\"of\">How "
                "many took less than so long but not less than the line before, and in small "
                "print which part of those that finished did up to there. The JSON and the CSV "
                "have finer bins.</p>\n");
    html_format(h,
                "<div class=\"sc\" role=\"region\" tabindex=\"0\" aria-labelledby=\"h-%s\">"
                "<table data-table=\"bins\">\n",
                f->statistic->def->id);
    put_head(h, f);
    uint64_t low = 0;
    for (unsigned i = 0; i <= POWERS; i++) {
        uint64_t high = UINT64_C(1) << i;
        if (!is_bound(f, high) || is_empty(f, low, high))
            continue;
        put_line(h, f, low, high);
        low = high;
    }
    html_put(h, "</tbody></table></div></details>\n");
}
