/*
 * choropleth: the countries of the world, each in the colour of its figure.
 *
 * What       a count in classes of decades or halves of them, or a share in classes of equal width
 *            that are laid over what nine of ten countries have: the first and the last class are
 *            open. Shares of fewer than CHOROPLETH_MIN are hatched and belong to no class.
 * Promise    classes are told by how light they are, so that they can be told without colours. Each
 *            country has a title with its figures. Countries that the map has not (Antarctica, no
 *            code of a country) are counted by choropleth_not_drawn.
 * Ownership  plain value; title and values stay the caller's and must outlive it.
 */
#ifndef MXSWEEP_TOOLS_CHOROPLETH_H
#define MXSWEEP_TOOLS_CHOROPLETH_H

#include "core/bytes.h"
#include "tools/html.h"

enum {
    CHOROPLETH_CLASSES_MAX = 6,
    CHOROPLETH_MIN = 10,
    CHOROPLETH_NONE = -1, /* classes of what has none: nothing to count */
    CHOROPLETH_FEW = -2,  /* a share of too few */
    CHOROPLETH_TEXT_MAX = 64,
    CHOROPLETH_NAME_MAX = 16
};

struct choropleth_value {
    struct bytes code;  /* of the country */
    uint64_t count, of; /* is_count: of is not looked at */
};

struct choropleth {
    const struct choropleth_value *values;
    size_t num;
    bool is_count;
    double bounds[CHOROPLETH_CLASSES_MAX + 1]; /* counts, or shares of 0 to 1 */
    int num_classes;
};

void choropleth_make(struct choropleth *c, const struct choropleth_value *values, size_t num,
                     bool is_count);

/* choropleth_class returns the class of a value, from 0, or one of those that are negative. */
int choropleth_class(const struct choropleth *c, const struct choropleth_value *v);

/* choropleth_class_text writes what a class holds: "10 to 99", "60 to 65 %". */
const char *choropleth_class_text(char out[CHOROPLETH_TEXT_MAX], const struct choropleth *c,
                                  int class);

/* choropleth_class_name returns the class of markup that gives a class its colour. */
const char *choropleth_class_name(char out[CHOROPLETH_NAME_MAX], const struct choropleth *c,
                                  int class);

/* choropleth_count returns how many countries of the map are in a class. */
size_t choropleth_count(const struct choropleth *c, int class);

/* choropleth_not_drawn returns how many values have no place on the map. */
size_t choropleth_not_drawn(const struct choropleth *c);

/* choropleth_outlines writes the outlines for a page, once for all its maps. */
void choropleth_outlines(struct html *out);

/* choropleth_draw draws on such a page; title is a constant of ours. */
void choropleth_draw(struct html *out, const struct choropleth *c, const char *title);

/* choropleth_paper writes a document; subtitle says what is counted. */
void choropleth_paper(struct html *out, const struct choropleth *c, const char *title,
                      const char *subtitle);

#endif
