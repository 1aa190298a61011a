/*
 * map: what the maps of a break-down by country show: how many mail servers, and which part of them
 * does what.
 *
 * Ownership  maps_make fills the caller's storage, maps_cleanup frees; the break-down must outlive
 *            it.
 * Errors     -ENOMEM.
 */
#ifndef MXSWEEP_TOOLS_MAP_H
#define MXSWEEP_TOOLS_MAP_H

#include "tools/choropleth.h"
#include "tools/group_rates.h"

enum { MAPS_MAX = 4, MAP_TEXT_MAX = 160 };

struct map {
    const char *slug, *title; /* constants */
    enum set of;              /* the denominator; of a count: what is counted */
    uint64_t total, unplaced; /* of that set: all, and those of no country that is told apart */
    struct choropleth_value *values;
    struct choropleth choropleth;
};

struct maps {
    struct group_table table; /* every group a line */
    struct group_rates rates;
    struct map list[MAPS_MAX];
    size_t num;
};

/* maps_make takes a break-down by country of a report with those statistics; maps of what is not
 * known or not told are left out, as is trust unless chains were judged. */
int maps_make(struct maps *m, const struct breakdown *b, const struct statistics *all, bool judged);
void maps_cleanup(struct maps *m);

/* map_denominator writes "of 1,234 H: the TLS handshake was completed". */
const char *map_denominator(char out[MAP_TEXT_MAX], const struct map *m);

#endif
