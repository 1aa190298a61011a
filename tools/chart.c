#include "tools/chart_private.h"

#include <math.h>
#include <stdio.h>

enum { AXIS_LABEL_MAX = 14, UNIT_MAX = 64 };

/* a segment narrower than this has no room for its letter */
static const double LETTER_WIDTH_MIN = 0.045;

static const double STACK_HEIGHT = 30, GRID_HEIGHT = 240, STRIP_HEIGHT = 10, FUNNEL_HEIGHT = 15,
                    RANGE_HEIGHT = 16;

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
    svg_text(s, "a", SVG_START, -0.11, top - 12, unit);
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
        if (at % each == 0)
            svg_octets(s, "a", SVG_MIDDLE, ((double)at + 0.5) / (double)num, bottom + 18,
                       f->rows[i].label, AXIS_LABEL_MAX);
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
    svg_open(&s, out, SVG_PAGE, RANGE_HEIGHT, NULL, NULL);
    svg_plot(&s, 0.02, 0.98);
    for (size_t i_tick = 0; i_tick < scale.num_ticks; i_tick++) {
        double x = scale_log_at(&scale, scale.ticks_us[i_tick]);
        svg_line(&s, "g", x, 0, x, RANGE_HEIGHT);
    }
    chart_range(&s, &scale, &f->rows[i], RANGE_HEIGHT / 2);
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
