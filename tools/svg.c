#include "tools/svg.h"

#include <math.h>

#include "tools/builtin.h"

static const double PAPER_WIDTH = 640, PAPER_MM = 0.25;

/* ---- the image ---- */

static const char HATCH[] =
    "<defs><pattern id=\"hatch\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" "
    "patternTransform=\"rotate(45)\"><rect class=\"hg\" width=\"6\" height=\"6\"/>"
    "<rect class=\"hl\" width=\"2.4\" height=\"6\"/></pattern></defs>";

void svg_open(struct svg *s, struct html *out, enum svg_medium medium, double height,
              const char *title, const char *description)
{
    *s = (struct svg){.out = out, .medium = medium, .width = 1};
    if (medium == SVG_PAPER)
        html_format(out,
                    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0fmm\" height=\"%.2fmm\" "
                    "viewBox=\"0 0 %.0f %.0f\" role=\"img\" "
                    "font-family=\"Helvetica, Arial, sans-serif\">",
                    PAPER_WIDTH * PAPER_MM, height * PAPER_MM, PAPER_WIDTH, height);
    else
        html_format(out, "<svg class=\"p\" height=\"%.0f\"%s>", height,
                    title != NULL ? " role=\"img\"" : " aria-hidden=\"true\"");
    if (title != NULL) {
        html_put(out, "<title>");
        html_text(out, title);
        html_put(out, "</title>");
    }
    if (description != NULL) {
        html_put(out, "<desc>");
        html_text(out, description);
        html_put(out, "</desc>");
    }
    if (medium == SVG_PAPER) {
        html_put(out, "<style>");
        html_put_markup(out, bytes_of(builtin_paper_css, builtin_paper_css_len));
        html_put(out, "</style>");
        html_put(out, HATCH);
        html_put(out, "\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n");
    }
}

void svg_close(struct svg *s)
{
    html_put(s->out, "</svg>\n");
}

void svg_plot(struct svg *s, double left, double right)
{
    s->left = left;
    s->width = right - left;
}

void svg_hatch(struct html *out)
{
    html_put(out, "<svg class=\"defs\" width=\"0\" height=\"0\" aria-hidden=\"true\">");
    html_put(out, HATCH);
    html_put(out, "</svg>\n");
}

/* ---- what is in it ---- */

/* as short as it can be: a page has thousands; 0 is what SVG takes where nothing is said */
static void put_number(const struct svg *s, const char *name, double value, int decimals,
                       const char *unit)
{
    double power = decimals == 2 ? 100 : 10;
    value = round(value * power) / power;
    if (value != 0)
        html_format(s->out, " %s=\"%.10g%s\"", name, value, unit);
}

static void put_part(const struct svg *s, const char *name, double part)
{
    if (s->medium == SVG_PAGE)
        put_number(s, name, 100 * part, 2, "%");
    else
        put_number(s, name, PAPER_WIDTH * part, 2, "");
}

static void put_y(const struct svg *s, const char *name, double y)
{
    put_number(s, name, y, 1, "");
}

static void put_x(const struct svg *s, const char *name, double x)
{
    put_part(s, name, s->left + x * s->width);
}

void svg_rect(struct svg *s, const char *class, double x, double y, double width, double height)
{
    html_format(s->out, "<rect class=\"%s\"", class);
    put_x(s, "x", x);
    put_part(s, "width", width > 0 ? width * s->width : 0);
    put_y(s, "y", y);
    put_y(s, "height", height > 0 ? height : 0);
    html_put(s->out, "/>");
}

void svg_line(struct svg *s, const char *class, double x0, double y0, double x1, double y1)
{
    html_format(s->out, "<line class=\"%s\"", class);
    put_x(s, "x1", x0);
    put_x(s, "x2", x1);
    put_y(s, "y1", y0);
    put_y(s, "y2", y1);
    html_put(s->out, "/>");
}

/* a path has no per cent: it is drawn on a field of its own, which is stretched */
void svg_steps(struct svg *s, const char *class, const struct svg_step *steps, size_t num, double y,
               double height)
{
    enum { FIELD_WIDTH = 2000, FIELD_HEIGHT = 200 };
    double end = -1;
    html_put(s->out, "<svg");
    put_x(s, "x", 0);
    put_part(s, "width", s->width);
    put_y(s, "y", y - height);
    put_y(s, "height", height);
    html_format(s->out,
                " viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\"><path class=\"%s\" d=\"",
                FIELD_WIDTH, FIELD_HEIGHT, class);
    for (size_t i = 0; i < num; i++) {
        double from = round(steps[i].from * FIELD_WIDTH), to = round(steps[i].to * FIELD_WIDTH);
        if (i == 0)
            html_format(s->out, "M%.0f %d", from, FIELD_HEIGHT);
        else if (from > end)
            html_format(s->out, "V%dH%.0f", FIELD_HEIGHT, from);
        html_format(s->out, "V%.0fH%.0f", round((1 - steps[i].height) * FIELD_HEIGHT), to);
        end = to;
    }
    html_format(s->out, "V%dz\"/></svg>", FIELD_HEIGHT);
}

void svg_mark(struct svg *s, enum svg_mark mark, const char *class, double x, double y)
{
    static const char *const shapes[NUM_SVG_MARKS] = {
        [SVG_CIRCLE] = "<circle r=\"4\"/>",
        [SVG_SQUARE] = "<path d=\"M-3.6-3.6h7.2v7.2h-7.2z\"/>",
        [SVG_DIAMOND] = "<path d=\"M0-5.2 5.2 0 0 5.2-5.2 0z\"/>",
        [SVG_TRIANGLE] = "<path d=\"M0-4.8 4.8 3.8-4.8 3.8z\"/>",
    };
    html_format(s->out, "<svg class=\"%s\" overflow=\"visible\"", class);
    put_x(s, "x", x);
    put_y(s, "y", y);
    html_format(s->out, ">%s</svg>", shapes[mark]);
}

static void text_begin(struct svg *s, const char *class, enum svg_anchor anchor, double x, double y)
{
    static const char *const anchors[] = {[SVG_START] = "",
                                          [SVG_MIDDLE] = " text-anchor=\"middle\"",
                                          [SVG_END] = " text-anchor=\"end\""};
    html_format(s->out, "<text class=\"%s\"", class);
    put_x(s, "x", x);
    put_y(s, "y", y);
    html_format(s->out, "%s>", anchors[anchor]);
}

void svg_text(struct svg *s, const char *class, enum svg_anchor anchor, double x, double y,
              const char *text)
{
    text_begin(s, class, anchor, x, y);
    html_text(s->out, text);
    html_put(s->out, "</text>");
}

void svg_octets(struct svg *s, const char *class, enum svg_anchor anchor, double x, double y,
                struct bytes octets, size_t max)
{
    text_begin(s, class, anchor, x, y);
    html_octets(s->out, octets, max);
    html_put(s->out, "</text>");
}
