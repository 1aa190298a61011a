#include <stdio.h>

#include "core/times.h"
#include "tools/chart_private.h"
#include "tools/share.h"

enum { LABEL_MAX = 32, LINE_MAX = 112, VALUE_MAX = COUNT_TEXT_MAX + SHARE_TEXT_MAX + 8 };

static const double MARGIN = 0.02, HEAD = 52, FOOT = 34, GRID_FOOT = 44, ROW = 19, STEP = 34,
                    BINS = 22, STACK = 28, GRID = 220;

/* ---- pieces ---- */

static void put_value(struct svg *s, enum svg_anchor anchor, double x, double y,
                      const struct figure *f, size_t i)
{
    char count[COUNT_TEXT_MAX], share[SHARE_TEXT_MAX], text[VALUE_MAX];
    snprintf(text, sizeof text, "%s (%s)", count_text(count, f->rows[i].count),
             share_text(share, f->rows[i].count, figure_of(f, &f->rows[i])));
    svg_text(s, "", anchor, x, y, text);
}

static void put_label(struct svg *s, enum svg_anchor anchor, double x, double y,
                      const struct statistic_row *row)
{
    char other[LABEL_MAX];
    snprintf(other, sizeof other, "other (%llu)", (unsigned long long)row->num_labels);
    svg_octets(s, "", anchor, x, y, row->kind == ROW_OTHER ? bytes_text(other) : row->label,
               LABEL_MAX);
}

/* the name of the statistic, and what its figures are parts of */
static void put_head(struct svg *s, const struct figure *f)
{
    const struct statistic_def *def = f->statistic->def;
    char count[COUNT_TEXT_MAX], line[2 * LINE_MAX];
    snprintf(line, sizeof line, "%s %s %s: %s",
             f->kind == FIGURE_QUESTIONS ? "of those that it could be told of, of" : "of",
             count_text(count, f->of), set_name(def->denominator),
             set_definition(def->denominator));
    svg_plot(s, MARGIN, 1 - MARGIN);
    svg_text(s, "h", SVG_START, 0, 20, def->name);
    svg_octets(s, "m", SVG_START, 0, 37, bytes_text(line), LINE_MAX);
}

static void put_share_axis(struct svg *s, double end, double top, double bottom)
{
    size_t steps = chart_num_steps(end);
    for (size_t i = 0; i <= steps; i++) {
        char text[SCALE_TEXT_MAX];
        double x = (double)i / (double)steps;
        svg_line(s, i == 0 ? "x" : "g", x, top, x, bottom);
        svg_text(s, "m", SVG_MIDDLE, x, bottom + 14, scale_share_text(text, x * end));
    }
}

/* ---- kinds ---- */

static void draw_bars(struct svg *s, const struct figure *f)
{
    static const double left = 0.36, right = 0.78;
    double end = figure_axis_end(f), bottom = HEAD + ROW * (double)f->num_rows;
    svg_plot(s, left, right);
    put_share_axis(s, end, HEAD, bottom);
    for (size_t i = 0; i < f->num_rows; i++) {
        double y = HEAD + ROW * (double)i, x = figure_share(f, &f->rows[i]) / end;
        svg_rect(s, chart_class(f, i), 0, y + 3, x, ROW - 6);
        put_label(s, SVG_END, -0.02, y + 13, &f->rows[i]);
        put_value(s, SVG_START, x + 0.015, y + 13, f, i);
    }
}

static void draw_funnel(struct svg *s, const struct figure *f)
{
    double bottom = HEAD + 16 + STEP * (double)f->num_rows;
    svg_text(
        s, "m", SVG_START, 0, HEAD,
        "wide bar, first per cent: of the denominator; narrow bar, second: of the step before");
    svg_plot(s, MARGIN + 0.01, 1 - MARGIN - 0.02);
    put_share_axis(s, 1, HEAD + 8, bottom);
    for (size_t i = 0; i < f->num_rows; i++) {
        const struct statistic_row *row = &f->rows[i];
        double y = HEAD + 10 + STEP * (double)i, before = figure_share_before(f, row);
        char label[2 * LINE_MAX], share[SHARE_TEXT_MAX], of[SHARE_TEXT_MAX], count[COUNT_TEXT_MAX];
        snprintf(label, sizeof label, "%s  %s", set_name(row->set), set_definition(row->set));
        svg_octets(s, "", SVG_START, 0.005, y + 12, bytes_text(label), LINE_MAX - 38);
        snprintf(label, sizeof label, "%s (%s; %s)", count_text(count, row->count),
                 share_text(share, row->count, f->of),
                 share_text(of, row->count, f->all->sets[row->before]));
        svg_text(s, "", SVG_END, 1, y + 12, label);
        svg_rect(s, "s0", 0, y + 16, figure_share(f, row), 8);
        svg_rect(s, "b2", 0, y + 25, before < 1 ? before : 1, 4);
    }
}

/* room above each row for the distribution of its durations, if any has one */
static double bins_height(const struct figure *f)
{
    for (size_t i = 0; i < f->num_rows; i++)
        if (f->rows[i].num_bins > 0)
            return BINS;
    return 0;
}

static void draw_quantiles(struct svg *s, const struct figure *f)
{
    struct scale_log scale;
    double above = bins_height(f), step = ROW + above, bottom = HEAD + step * (double)f->num_rows;
    chart_time_scale(&scale, f);
    svg_plot(s, 0.28, 0.75);
    for (size_t i = 0; i < scale.num_ticks; i++) {
        char text[SCALE_TEXT_MAX];
        double x = scale_log_at(&scale, scale.ticks_us[i]);
        svg_line(s, i == 0 ? "x" : "g", x, HEAD, x, bottom);
        svg_text(s, "m", SVG_MIDDLE, x, bottom + 14, scale_time_text(text, scale.ticks_us[i]));
    }
    for (size_t i = 0; i < f->num_rows; i++) {
        double y = HEAD + step * (double)i + above;
        put_label(s, SVG_END, -0.03, y + 13, &f->rows[i]);
        chart_bins(s, &scale, &f->rows[i], y, above);
        chart_range(s, &scale, &f->rows[i], y + ROW / 2);
        put_value(s, SVG_START, 1.04, y + 13, f, i);
    }
    for (size_t q = 0; q < NUM_QUANTILES; q++) {
        double x = 0.94 + 0.14 * (double)q;
        svg_mark(s, chart_quantile_mark(q), chart_quantile_class(q), x, 16);
        svg_text(s, "", SVG_START, x + 0.02, 20, quantile_names[q]);
    }
}

static void draw_stack(struct svg *s, const struct figure *f)
{
    chart_segments(s, f, HEAD, STACK);
    for (size_t i = 0; i < f->num_rows; i++) {
        double y = HEAD + STACK + 12 + ROW * (double)i;
        char letter[2] = {chart_letter(f, i), '\0'};
        if (f->rows[i].count > 0) {
            svg_rect(s, chart_class(f, i), 0, y, 0.025, 13);
            svg_text(s, "", SVG_START, 0.035, y + 11, letter);
        }
        put_label(s, SVG_START, 0.06, y + 11, &f->rows[i]);
        put_value(s, SVG_END, 1, y + 11, f, i);
    }
}

static double height_of(const struct figure *f)
{
    double rows = (double)f->num_rows;
    switch (f->kind) {
    case FIGURE_BARS:
    case FIGURE_QUESTIONS: return HEAD + ROW * rows + FOOT;
    case FIGURE_QUANTILES: return HEAD + (ROW + bins_height(f)) * rows + FOOT;
    case FIGURE_FUNNEL: return HEAD + 16 + STEP * rows + FOOT;
    case FIGURE_STACK: return HEAD + STACK + 20 + ROW * rows;
    case FIGURE_COLUMNS:
    case FIGURE_CUMULATED: return HEAD + GRID + GRID_FOOT;
    }
    return HEAD;
}

void chart_paper(struct html *out, const struct figure *f)
{
    enum { LABELS_MAX = 8 };
    struct svg s;
    svg_open(&s, out, SVG_PAPER, height_of(f), f->statistic->def->name,
             f->statistic->def->definition);
    put_head(&s, f);
    switch (f->kind) {
    case FIGURE_BARS:
    case FIGURE_QUESTIONS: draw_bars(&s, f); break;
    case FIGURE_FUNNEL: draw_funnel(&s, f); break;
    case FIGURE_QUANTILES: draw_quantiles(&s, f); break;
    case FIGURE_STACK: draw_stack(&s, f); break;
    case FIGURE_COLUMNS:
    case FIGURE_CUMULATED:
        svg_plot(&s, 0.09, 1 - MARGIN);
        chart_grid(&s, f, HEAD + 18, HEAD + GRID, LABELS_MAX);
        break;
    }
    svg_close(&s);
}
