/*
 * svg: draws rectangles, lines, marks and text as SVG, for a page or for a paper.
 *
 * What       on a page an image is as wide as its place, and text in it does not grow with it: x is
 *            written in per cent. For a paper it is a document of its own, 160 mm wide, with a
 *            white ground and its own style.
 * Units      x and widths: 0 to 1, of the plot's width; y and heights: px on a page, on a paper
 *            quarters of a millimetre.
 * Promise    text goes through html.h. Colours are those of Okabe and Ito, by class:
 *            s0 .. s7 series, u unknown (hatched), o other.
 */
#ifndef MXSWEEP_TOOLS_SVG_H
#define MXSWEEP_TOOLS_SVG_H

#include "tools/html.h"

enum svg_medium { SVG_PAGE, SVG_PAPER };
enum svg_anchor { SVG_START, SVG_MIDDLE, SVG_END };
enum svg_mark { SVG_CIRCLE, SVG_SQUARE, SVG_DIAMOND, SVG_TRIANGLE, NUM_SVG_MARKS };
enum { NUM_SVG_SERIES = 8 };

struct svg {
    struct html *out;
    enum svg_medium medium;
    double left, width; /* of the plot, of the whole image: 0 to 1 */
};

/* svg_open begins an image of that height, its plot as wide as itself. title and description are
 * for those who do not see it; no title (on a page): it only repeats what is beside it. */
void svg_open(struct svg *s, struct html *out, enum svg_medium medium, double height,
              const char *title, const char *description);
void svg_close(struct svg *s);

/* svg_plot sets where x = 0 and x = 1 are, as parts of the image's width. */
void svg_plot(struct svg *s, double left, double right);

/* class is a constant of ours */
void svg_rect(struct svg *s, const char *class, double x, double y, double width, double height);
void svg_line(struct svg *s, const char *class, double x0, double y0, double x1, double y1);

/* part of an area: x from and to, as parts of the plot's width, and its height, 0 to 1 */
struct svg_step {
    double from, to, height;
};

/* svg_steps draws an area of steps that follow one another, up to height px above y. */
void svg_steps(struct svg *s, const char *class, const struct svg_step *steps, size_t num, double y,
               double height);

void svg_mark(struct svg *s, enum svg_mark mark, const char *class, double x, double y);

/* svg_text writes text of ours, svg_octets text of others (see html_octets); y is the baseline's.
 */
void svg_text(struct svg *s, const char *class, enum svg_anchor anchor, double x, double y,
              const char *text);
void svg_octets(struct svg *s, const char *class, enum svg_anchor anchor, double x, double y,
                struct bytes octets, size_t max);

/* svg_hatch writes the pattern that class u needs, once for all images of a page; a paper has its
 * own. */
void svg_hatch(struct html *out);

#endif
