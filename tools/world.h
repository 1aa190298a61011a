/*
 * world: the outlines of countries, for maps.
 *
 * What       tools/data/world.txt, read as it was built in: Natural Earth 1:110m (public domain) in
 *            Equal Earth projection, made by scripts/make_world.py. A country that is too small
 *            for an outline has a middle instead.
 * Units      those of the map: WORLD_WIDTH across, WORLD_HEIGHT down.
 * Promise    code and outline are constants of ours, fit to be written as markup: letters, digits,
 *            blanks and minus signs; a name is text. Each code comes once, in its order; land
 *            without a code ("--") comes first.
 * Ownership  plain values; texts live as long as the program. No errors: a test reads all of it.
 */
#ifndef MXSWEEP_TOOLS_WORLD_H
#define MXSWEEP_TOOLS_WORLD_H

#include "core/bytes.h"

enum { WORLD_WIDTH = 1000, WORLD_HEIGHT = 469 };

struct world_country {
    struct bytes code; /* ISO 3166-1 alpha-2, "XK" or "--" */
    struct bytes name;
    struct bytes outline; /* an SVG path; empty: a dot at x, y */
    double x, y;
};

/* world_next fills *out with the country that stands at *at, 0 at the beginning, and moves *at on;
 * false: there is no more. */
bool world_next(struct world_country *out, size_t *at);

/* world_name returns the name of a country, empty: no such code. */
struct bytes world_name(struct bytes code);

#endif
