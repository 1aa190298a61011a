/*
 * chart_private: the parts of charts that page and paper have in common.
 *
 * Private to chart*.c.
 */
#ifndef MXSWEEP_TOOLS_CHART_PRIVATE_H
#define MXSWEEP_TOOLS_CHART_PRIVATE_H

#include "tools/chart.h"
#include "tools/svg.h"

/* chart_segments draws the rows as parts of one bar, each with the letter of its row. */
void chart_segments(struct svg *s, const struct figure *f, double y, double height);

/* chart_bins draws how the durations of a row are distributed, up to height above y: an area, its
 * highest bin as high as that; nothing if the row has no bins. */
void chart_bins(struct svg *s, const struct scale_log *scale, const struct statistic_row *row,
                double y, double height);

/* chart_range draws the quantiles of a row, centred at y. */
void chart_range(struct svg *s, const struct scale_log *scale, const struct statistic_row *row,
                 double y);

/* chart_grid draws the rows side by side (columns or a cumulated line) between top and bottom, with
 * both axes and at most max_labels labels below. */
void chart_grid(struct svg *s, const struct figure *f, double top, double bottom,
                size_t max_labels);

/* chart_num_steps returns in how many parts an axis up to end is divided. */
size_t chart_num_steps(double end);

#endif
