/*
 * chart: draws a figure as SVG.
 *
 * What       on a page, bars and quantiles are strips beside the rows of the table that has the
 *            figures; what rows only make up together (a stacked bar, columns, a cumulated line) is
 *            an image above it. For a paper, all is one image with title and denominator.
 * Promise    whatever the labels are, an image of a paper is a whole XML document.
 */
#ifndef MXSWEEP_TOOLS_CHART_H
#define MXSWEEP_TOOLS_CHART_H

#include "tools/figure.h"
#include "tools/html.h"
#include "tools/scale.h"
#include "tools/svg.h"

/* chart_has_image tells whether chart_image draws anything for a figure of this kind. */
bool chart_has_image(enum figure_kind kind);

/* chart_image draws what stands above the table on a page. */
void chart_image(struct html *out, const struct figure *f);

/* chart_strip draws what stands in row i of the table on a page; nothing for a stack's. */
void chart_strip(struct html *out, const struct figure *f, size_t i);

/* chart_paper writes a document. */
void chart_paper(struct html *out, const struct figure *f);

/* chart_class returns the class of row i's colour. */
const char *chart_class(const struct figure *f, size_t i);

/* chart_letter returns the letter of row i in a stack. */
char chart_letter(const struct figure *f, size_t i);

/* what quantile q is drawn as: a shape and a colour */
enum svg_mark chart_quantile_mark(size_t q);
const char *chart_quantile_class(size_t q);

/* chart_time_scale makes the axis that all quantiles of a figure fit on. */
void chart_time_scale(struct scale_log *l, const struct figure *f);

#endif
