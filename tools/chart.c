#include "tools/chart_private.h"

#include <math.h>
#include <stdio.h>

enum { AXIS_LABEL_MAX = 14, UNIT_MAX = 64 };

/* a segment narrower than this has no room for its letter */
static const double LETTER_WIDTH_MIN = 0.045;

static const double STACK_HEIGHT = 30, GRID_HEIGHT = 240, STRIP_HEIGHT = 10, FUNNEL_HEIGHT = 15,
                    RANGE_HEIGHT = 16, BINS_HEIGHT = 30;

const char *chart_class(const struct figure *f, size_t i)
{
    static const char *const series[NUM_SVG_SERIES] = {"s0", "s1", "s2", "s3",
                                                       "s4", "s5", "s6", "s7"};
    switch (f->rows[i].kind) {
    case ROW_UNKNOWN: return "u";
    case ROW_OTHER: return "o";
    case ROW_VALUE: break;
    }
    return series[f->kind == FIGURE_STACK ? figure_series(f, i) % NUM_SVG_SERIES : 0];
}

size_t chart_num_steps(double end)
{
    double digit = end / pow(10, floor(log10(end) + 1e-9));
    return digit > 1.5 && digit < 2.2 ? 4 : 5;
}

/* ---- a stacked bar ---- */

char chart_letter(const struct figure *f, size_t i)
{
    return (char)('A' + figure_series(f, i) % 26);
}

static void put_letter(struct svg *s, const struct figure *f, size_t i, double x, double y)
{
    char class[8], letter[2] = {chart_letter(f, i), '\0'};
    size_t series = f->rows[i].kind == ROW_VALUE ? figure_series(f, i) % NUM_SVG_SERIES : 9;
    snprintf(class, sizeof class, "k k%zu", series);
    svg_text(s, class, SVG_MIDDLE, x, y, letter);
}

void chart_segments(struct svg *s, const struct figure *f, double y, double height)
{
    double x = 0;
    for (size_t i = 0; i < f->num_rows; i++) {
        double width = figure_share(f, &f->rows[i]);
        if (f->rows[i].count == 0)
            continue;
        svg_rect(s, chart_class(f, i), x, y, width, height);
        x += width;
    }
    x = 0;
    for (size_t i = 0; i < f->num_rows; i++) {
        double width = figure_share(f, &f->rows[i]);
        if (x > 0 && f->rows[i].count > 0)
            svg_line(s, "e", x, y, x, y + height);
        if (width >= LETTER_WIDTH_MIN)
            put_letter(s, f, i, x + width / 2, y + height / 2 + 4);
        x += width;
    }
}

/* ---- quantiles ---- */

void chart_time_scale(struct scale_log *l, const struct figure *f)
{
    double low = INFINITY, high = 0;
    for (size_t i = 0; i < f->num_rows; i++)
        for (size_t q = 0; q < NUM_QUANTILES; q++) {
            double us = f->rows[i].quantile_us[q];
            low = us < low ? us : low; /* false for NaN */
            high = us > high ? us : high;
        }
    for (size_t i = 0; i < f->num_rows; i++) {
        const struct statistic_row *row = &f->rows[i];
        if (row->num_bins == 0)
            continue;
        double first = (double)row->bins[0].from_us;
        double last = (double)row->bins[row->num_bins - 1].to_us;
        low = first < low ? first : low;
        high = last > high ? last : high;
    }
    scale_log_init(l, low < INFINITY ? low : 0, high);
}

enum svg_mark chart_quantile_mark(size_t q)
{
    return (enum svg_mark)(q % NUM_SVG_MARKS);
}

const char *chart_quantile_class(size_t q)
{
    static const char *const classes[NUM_SVG_MARKS] = {"s0", "s1", "s4", "s5"};
    return classes[q % NUM_SVG_MARKS];
}

/* how many there are in a bin for its width on the axis */
static double density_of(const struct svg_step *step, const struct histogram_bin *bin)
{
    return step->to > step->from ? (double)bin->count / (step->to - step->from) : 0;
}

void chart_bins(struct svg *s, const struct scale_log *scale, const struct statistic_row *row,
                double y, double height)
{
    struct svg_step steps[HISTOGRAM_COARSE_BINS];
    size_t num = row->num_bins < HISTOGRAM_COARSE_BINS ? row->num_bins : HISTOGRAM_COARSE_BINS;
    double max = 0;
    for (size_t i = 0; i < num; i++) {
        const struct histogram_bin *bin = &row->bins[i];
        steps[i].from = scale_log_at(scale, (double)bin->from_us);
        steps[i].to = scale_log_at(scale, (double)bin->to_us);
        steps[i].height = density_of(&steps[i], bin);
        max = steps[i].height > max ? steps[i].height : max;
    }
    for (size_t i = 0; i < num; i++)
        steps[i].height = max > 0 ? steps[i].height / max : 0;
    if (num > 0)
        svg_steps(s, "d", steps, num, y, height);
}

void chart_range(struct svg *s, const struct scale_log *scale, const struct statistic_row *row,
                 double y)
{
    if (isnan(row->quantile_us[0]))
        return;
    double first = scale_log_at(scale, row->quantile_us[0]);
    double last = scale_log_at(scale, row->quantile_us[NUM_QUANTILES - 1]);
    svg_line(s, "r", first, y, last, y);
    for (size_t q = NUM_QUANTILES; q-- > 0;)
        svg_mark(s, chart_quantile_mark(q), chart_quantile_class(q),
                 scale_log_at(scale, row->quantile_us[q]), y);
}

/* ---- rows side by side ---- */

static void draw_shares_axis(struct svg *s, double end, double top, double bottom)
{
    size_t steps = chart_num_steps(end);
    for (size_t i = 0; i <= steps; i++) {
        char text[SCALE_TEXT_MAX];
        double part = (double)i / (double)steps, y = bottom - part * (bottom - top);
        svg_line(s, i == 0 ? "x" : "g", 0, y, 1, y);
        svg_text(s, "a", SVG_END, -0.012, y + 4, scale_share_text(text, part * end));
    }
}

static void draw_columns(struct svg *s, const struct figure *f, double end, double top,
                         double bottom)
{
    double width = 1 / (double)f->num_rows;
    for (size_t i = 0; i < f->num_rows; i++) {
        double height = figure_share(f, &f->rows[i]) / end * (bottom - top);
        svg_rect(s, chart_class(f, i), (double)i * width + 0.1 * width, bottom - height,
                 0.8 * width, height);
    }
}

static void draw_line(struct svg *s, const struct figure *f, size_t num, double top, double bottom)
{
    double width = 1 / (double)num, before = bottom;
    for (size_t i = 0, at = 0; i < f->num_rows; i++) {
        if (f->rows[i].kind != ROW_VALUE)
            continue;
        double y = bottom - figure_cumulated(f, i) * (bottom - top), x = (double)at++ * width;
        svg_line(s, "c", x, before, x, y);
        svg_line(s, "c", x, y, x + width, y);
        before = y;
    }
}

static size_t num_values(const struct figure *f)
{
    size_t num = 0;
    for (size_t i = 0; i < f->num_rows; i++)
        num += f->rows[i].kind == ROW_VALUE;
    return num;
}

/* each so many columns have a label, and the last one; none stands too close before it */
static bool has_label(size_t at, size_t num, size_t each)
{
    size_t left = num - 1 - at;
    return left == 0 || (at % each == 0 && 3 * left >= 2 * each);
}

/* in the middle of its column; the last one ends with the plot */
static void put_label(struct svg *s, const struct statistic_row *row, size_t at, size_t num,
                      double y)
{
    bool last = at > 0 && at == num - 1;
    svg_octets(s, "a", last ? SVG_END : SVG_MIDDLE, last ? 1 : ((double)at + 0.5) / (double)num, y,
               row->label, AXIS_LABEL_MAX);
}

void chart_grid(struct svg *s, const struct figure *f, double top, double bottom, size_t max_labels)
{
    bool cumulated = f->kind == FIGURE_CUMULATED;
    size_t num = cumulated ? num_values(f) : f->num_rows;
    if (num == 0)
        return;
    double end = cumulated ? 1 : figure_axis_end(f);
    char unit[UNIT_MAX];
    snprintf(unit, sizeof unit, cumulated ? "part of %s, summed up" : "part of %s",
             set_name(f->statistic->def->denominator));
    svg_text(s, "a", SVG_START, -0.075, top - 12, unit);
    svg_text(s, "a", SVG_MIDDLE, 0.5, bottom + 34, f->statistic->def->name);
    draw_shares_axis(s, end, top, bottom);
    if (cumulated)
        draw_line(s, f, num, top, bottom);
    else
        draw_columns(s, f, end, top, bottom);
    size_t each = (num + max_labels - 1) / max_labels;
    for (size_t i = 0, at = 0; i < f->num_rows; i++) {
        if (cumulated && f->rows[i].kind != ROW_VALUE)
            continue;
        if (has_label(at, num, each))
            put_label(s, &f->rows[i], at, num, bottom + 18);
        at++;
    }
}

/* ---- on a page ---- */

bool chart_has_image(enum figure_kind kind)
{
    switch (kind) {
    case FIGURE_STACK:
    case FIGURE_COLUMNS:
    case FIGURE_CUMULATED: return true;
    case FIGURE_BARS:
    case FIGURE_FUNNEL:
    case FIGURE_QUESTIONS:
    case FIGURE_QUANTILES: return false;
    }
    return false;
}

void chart_image(struct html *out, const struct figure *f)
{
    enum { LABELS_MAX = 4 };
    struct svg s;
    const struct statistic_def *def = f->statistic->def;
    if (!chart_has_image(f->kind))
        return;
    bool stack = f->kind == FIGURE_STACK;
    svg_open(&s, out, SVG_PAGE, stack ? STACK_HEIGHT : GRID_HEIGHT, def->name,
             "The figures are in the table below.");
    if (stack) {
        chart_segments(&s, f, 0, STACK_HEIGHT);
    } else {
        svg_plot(&s, 0.11, 1);
        chart_grid(&s, f, 26, GRID_HEIGHT - 42, LABELS_MAX);
    }
    svg_close(&s);
}

static void draw_bar(struct html *out, const struct figure *f, size_t i)
{
    struct svg s;
    double share = figure_share(f, &f->rows[i]);
    svg_open(&s, out, SVG_PAGE, STRIP_HEIGHT, NULL, NULL);
    svg_rect(&s, chart_class(f, i), 0, 0, share / figure_axis_end(f), STRIP_HEIGHT);
    svg_close(&s);
}

static void draw_step(struct html *out, const struct figure *f, size_t i)
{
    struct svg s;
    svg_open(&s, out, SVG_PAGE, FUNNEL_HEIGHT, NULL, NULL);
    double before = figure_share_before(f, &f->rows[i]);
    svg_rect(&s, "s0", 0, 0, figure_share(f, &f->rows[i]), 9);
    svg_rect(&s, "b2", 0, 11, before < 1 ? before : 1, 4);
    svg_close(&s);
}

static void draw_range(struct html *out, const struct figure *f, size_t i)
{
    struct svg s;
    struct scale_log scale;
    chart_time_scale(&scale, f);
    double above = f->rows[i].num_bins > 0 ? BINS_HEIGHT : 0, height = above + RANGE_HEIGHT;
    svg_open(&s, out, SVG_PAGE, height, NULL, NULL);
    svg_plot(&s, 0.02, 0.98);
    for (size_t i_tick = 0; i_tick < scale.num_ticks; i_tick++) {
        double x = scale_log_at(&scale, scale.ticks_us[i_tick]);
        svg_line(&s, "g", x, 0, x, height);
    }
    chart_bins(&s, &scale, &f->rows[i], above, above);
    chart_range(&s, &scale, &f->rows[i], above + RANGE_HEIGHT / 2);
    svg_close(&s);
}

void chart_strip(struct html *out, const struct figure *f, size_t i)
{
    switch (f->kind) {
    case FIGURE_BARS:
    case FIGURE_QUESTIONS:
    case FIGURE_COLUMNS:
    case FIGURE_CUMULATED: draw_bar(out, f, i); break;
    case FIGURE_FUNNEL: draw_step(out, f, i); break;
    case FIGURE_QUANTILES: draw_range(out, f, i); break;
    case FIGURE_STACK: break;
    }
}
