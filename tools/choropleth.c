#include "tools/choropleth.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/times.h"
#include "tools/share.h"
#include "tools/svg.h"
#include "tools/world.h"

enum { LEGEND_COLUMNS = 4, LEGEND_ROW = 18, LINE_MAX = 112, VALUES_MAX = 1024 };

static const double STEP_MIN = 0.005, EPSILON = 1e-9;

/* ---- classes ---- */

static bool is_share(const struct choropleth_value *v)
{
    return v->of >= CHOROPLETH_MIN;
}

static double share_of(const struct choropleth_value *v)
{
    return (double)v->count / (double)v->of;
}

/* bound number i of a scale with that many to a decade: 1, 10, 100 or 1, 3, 10, 30 */
static double count_bound(int i, int per_decade)
{
    return pow(10, i / per_decade) * (i % per_decade == 1 ? 3 : 1);
}

/* the first bound of the class that a count is in */
static int count_class(uint64_t count, int per_decade)
{
    int i = 0;
    while (count_bound(i + 1, per_decade) <= (double)count)
        i++;
    return i;
}

/* decades from the least to the most, or halves of them if there are few; if there are too many,
 * the lowest are together */
static void class_counts(struct choropleth *c)
{
    uint64_t low = UINT64_MAX, high = 1;
    for (size_t i = 0; i < c->num; i++) {
        uint64_t count = c->values[i].count;
        high = count > high ? count : high;
        low = count > 0 && count < low ? count : low;
    }
    low = low < high ? low : high;
    int per_decade = count_class(high, 2) - count_class(low, 2) < CHOROPLETH_CLASSES_MAX ? 2 : 1;
    int first = count_class(low, per_decade), num = count_class(high, per_decade) + 1 - first;
    int together = num > CHOROPLETH_CLASSES_MAX ? num - CHOROPLETH_CLASSES_MAX : 0;
    c->num_classes = num - together;
    c->bounds[0] = count_bound(first, per_decade);
    for (int i = 1; i <= c->num_classes; i++)
        c->bounds[i] = count_bound(first + together + i, per_decade);
}

static int compare_shares(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* the width of a class: a round number, so that six of them hold the range */
static double step_for(double range)
{
    static const double steps[] = {1, 2, 5, 10};
    double least = range / (CHOROPLETH_CLASSES_MAX - 1);
    double power = pow(10, floor(log10(least > STEP_MIN ? least : STEP_MIN) + EPSILON));
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        if (steps[i] * power >= least - EPSILON && steps[i] * power >= STEP_MIN)
            return steps[i] * power;
    return 10 * power;
}

static void class_range(struct choropleth *c, double low, double high)
{
    double step = step_for(high - low), begin = floor(low / step + EPSILON);
    double end = ceil(high / step - EPSILON);
    if (end <= begin)
        end = begin + 1;
    if (end * step > 1 + EPSILON && begin > 0) {
        begin--;
        end--;
    }
    /* a range may be longer than six by a rounding: the last class is open */
    double num = end - begin;
    c->num_classes = num < CHOROPLETH_CLASSES_MAX ? (int)num : CHOROPLETH_CLASSES_MAX;
    for (int i = 0; i <= c->num_classes; i++)
        c->bounds[i] = (begin + i) * step;
}

static void class_shares(struct choropleth *c)
{
    double shares[VALUES_MAX];
    size_t num = 0;
    for (size_t i = 0; i < c->num && num < VALUES_MAX; i++)
        if (is_share(&c->values[i]))
            shares[num++] = share_of(&c->values[i]);
    if (num == 0)
        return;
    qsort(shares, num, sizeof shares[0], compare_shares);
    class_range(c, shares[num / 20], shares[num - 1 - num / 20]);
    if (c->num_classes == 1) /* no class is open */
        class_range(c, shares[0], shares[num - 1]);
}

void choropleth_make(struct choropleth *c, const struct choropleth_value *values, size_t num,
                     bool is_count)
{
    *c = (struct choropleth){.values = values, .num = num, .is_count = is_count};
    if (is_count)
        class_counts(c);
    else
        class_shares(c);
}

int choropleth_class(const struct choropleth *c, const struct choropleth_value *v)
{
    if (v == NULL || (c->is_count ? v->count : v->of) == 0)
        return CHOROPLETH_NONE;
    if (!c->is_count && !is_share(v))
        return CHOROPLETH_FEW;
    double figure = c->is_count ? (double)v->count : share_of(v);
    int class = 0;
    while (class + 1 < c->num_classes && figure >= c->bounds[class + 1] - EPSILON)
        class ++;
    return class;
}

static const char *share_class_text(char out[CHOROPLETH_TEXT_MAX], const struct choropleth *c,
                                    int class)
{
    double low = 100 * c->bounds[class], high = 100 * c->bounds[class + 1];
    bool several = c->num_classes > 1;
    bool first = several && class == 0 && low > 0;
    bool last = several && class == c->num_classes - 1 && high < 100;
    if (first)
        snprintf(out, CHOROPLETH_TEXT_MAX, "below %g %%", high);
    else if (last)
        snprintf(out, CHOROPLETH_TEXT_MAX, "%g %% and more", low);
    else
        snprintf(out, CHOROPLETH_TEXT_MAX, "%g to %g %%", low, high);
    return out;
}

const char *choropleth_class_text(char out[CHOROPLETH_TEXT_MAX], const struct choropleth *c,
                                  int class)
{
    char low[COUNT_TEXT_MAX], high[COUNT_TEXT_MAX];
    if (class == CHOROPLETH_NONE)
        snprintf(out, CHOROPLETH_TEXT_MAX, "none");
    else if (class == CHOROPLETH_FEW)
        snprintf(out, CHOROPLETH_TEXT_MAX, "of fewer than %d", CHOROPLETH_MIN);
    else if (!c->is_count)
        share_class_text(out, c, class);
    else
        snprintf(out, CHOROPLETH_TEXT_MAX, "%s to %s", count_text(low, (uint64_t)c->bounds[class]),
                 count_text(high, (uint64_t)c->bounds[class + 1] - 1));
    return out;
}

/* ---- countries ---- */

static const struct choropleth_value *value_of(const struct choropleth *c, struct bytes code)
{
    for (size_t i = 0; i < c->num; i++)
        if (bytes_equal(c->values[i].code, code))
            return &c->values[i];
    return NULL;
}

size_t choropleth_count(const struct choropleth *c, int class)
{
    struct world_country country;
    size_t num = 0;
    for (size_t at = 0; world_next(&country, &at);)
        num += choropleth_class(c, value_of(c, country.code)) == class;
    return num;
}

size_t choropleth_not_drawn(const struct choropleth *c)
{
    struct world_country country;
    size_t num = c->num;
    for (size_t at = 0; world_next(&country, &at);)
        num -= value_of(c, country.code) != NULL;
    return num;
}

const char *choropleth_class_name(char out[CHOROPLETH_NAME_MAX], const struct choropleth *c,
                                  int class)
{
    enum { LAST = CHOROPLETH_CLASSES_MAX - 1 };
    if (class == CHOROPLETH_NONE)
        return "mn";
    if (class == CHOROPLETH_FEW)
        return "u";
    /* few classes are as far from each other as colours go */
    int steps = c->num_classes - 1;
    int colour = steps > 0 ? (class * LAST + steps / 2) / steps : LAST / 2;
    snprintf(out, CHOROPLETH_NAME_MAX, "m%d", colour);
    return out;
}

/* "Germany: 1,234 of 1,300 (94.92 %)" */
static void put_title(struct html *h, const struct choropleth *c,
                      const struct world_country *country, const struct choropleth_value *v)
{
    char count[COUNT_TEXT_MAX], of[COUNT_TEXT_MAX], share[SHARE_TEXT_MAX];
    html_put(h, "<title>");
    html_octets(h, country->name, HTML_OCTETS_MAX);
    if (choropleth_class(c, v) == CHOROPLETH_NONE)
        html_put(h, ": none");
    else if (c->is_count)
        html_format(h, ": %s", count_text(count, v->count));
    else {
        html_format(h, ": %s of %s (", count_text(count, v->count), count_text(of, v->of));
        html_text(h, share_text(share, v->count, v->of));
        html_put(h, ")");
    }
    html_put(h, "</title>");
}

static void put_shape(struct html *h, const struct world_country *country)
{
    if (country->outline.len > 0) {
        html_put(h, " d=\"");
        html_put_markup(h, country->outline);
        html_put(h, "\"");
    } else {
        html_format(h, " cx=\"%.0f\" cy=\"%.0f\" r=\"2.8\"", country->x, country->y);
    }
}

static const char *element_of(const struct world_country *country)
{
    return country->outline.len > 0 ? "path" : "circle";
}

/* each country with its colour; by reference to the outlines of the page, or as it is */
static void put_countries(struct html *h, const struct choropleth *c, bool by_reference)
{
    struct world_country country;
    for (int dots = 0; dots <= 1; dots++) /* dots last: nothing hides them */
        for (size_t at = 0; world_next(&country, &at);) {
            const struct choropleth_value *v = value_of(c, country.code);
            char name[CHOROPLETH_NAME_MAX];
            const char *element = by_reference ? "use" : element_of(&country);
            if ((country.outline.len == 0) != (dots == 1))
                continue;
            html_format(h, "<%s class=\"%s\"", element,
                        choropleth_class_name(name, c, choropleth_class(c, v)));
            if (by_reference) {
                html_put(h, " href=\"#w-");
                html_put_markup(h, country.code);
                html_put(h, "\"");
            } else {
                put_shape(h, &country);
            }
            html_put(h, ">");
            put_title(h, c, &country, v);
            html_format(h, "</%s>", element);
        }
}

/* ---- on a page ---- */

void choropleth_outlines(struct html *out)
{
    struct world_country country;
    html_put(out, "<svg class=\"defs\" width=\"0\" height=\"0\" aria-hidden=\"true\"><defs>");
    for (size_t at = 0; world_next(&country, &at);) {
        html_format(out, "<%s id=\"w-", element_of(&country));
        html_put_markup(out, country.code);
        html_put(out, "\"");
        put_shape(out, &country);
        html_put(out, "/>");
    }
    html_put(out, "</defs></svg>\n");
}

void choropleth_draw(struct html *out, const struct choropleth *c, const char *title)
{
    html_format(out, "<svg class=\"wm\" viewBox=\"0 0 %d %d\" role=\"img\"><title>", WORLD_WIDTH,
                WORLD_HEIGHT);
    html_text(out, title);
    html_put(out, "</title><desc>The figures are in the table below.</desc>");
    put_countries(out, c, true);
    html_put(out, "</svg>\n");
}

/* ---- for a paper ---- */

static void put_legend(struct svg *s, const struct choropleth *c, double y)
{
    char text[CHOROPLETH_TEXT_MAX], name[CHOROPLETH_NAME_MAX];
    size_t num = 0;
    for (int class = CHOROPLETH_FEW; class < c->num_classes; class ++) {
        if (class < 0 && choropleth_count(c, class) == 0)
            continue;
        double x = (double)(num % LEGEND_COLUMNS) / LEGEND_COLUMNS;
        double top = y + LEGEND_ROW * (double)(num / LEGEND_COLUMNS);
        svg_rect(s, choropleth_class_name(name, c, class), x, top, 0.03, 12);
        svg_text(s, "", SVG_START, x + 0.04, top + 10, choropleth_class_text(text, c, class));
        num++;
    }
}

void choropleth_paper(struct html *out, const struct choropleth *c, const char *title,
                      const char *subtitle)
{
    static const double margin = 0.02, head = 50, scale = 0.96 * 0.64;
    struct svg s;
    double foot = head + scale * WORLD_HEIGHT;
    svg_open(&s, out, SVG_PAPER, foot + 2 * LEGEND_ROW + 18, title, subtitle);
    svg_plot(&s, margin, 1 - margin);
    svg_text(&s, "h", SVG_START, 0, 20, title);
    svg_octets(&s, "m", SVG_START, 0, 37, bytes_text(subtitle), LINE_MAX);
    html_format(out, "<g class=\"wm\" transform=\"translate(%.1f %.1f) scale(%.4f)\">",
                640 * margin, head, scale);
    put_countries(out, c, false);
    html_put(out, "</g>");
    put_legend(&s, c, foot + 12);
    svg_close(&s);
}
