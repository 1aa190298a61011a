/*
 * page_plan: in what order a page shows the statistics, how each is drawn, and what it says of
 * them.
 *
 * What       sections with the ids of statistics, and of break-downs. A statistic that no section
 *            names comes into the last section; one that the report lacks is said to be not
 *            collected, if it has a name here, as is a break-down.
 */
#ifndef MXSWEEP_TOOLS_PAGE_PLAN_H
#define MXSWEEP_TOOLS_PAGE_PLAN_H

#include "tools/figure.h"

enum page_place {
    PAGE_CARD, /* beside another */
    PAGE_WIDE, /* over the whole width, before the others */
    PAGE_MORE, /* after the others, and only if the reader opens it */
    NUM_PAGE_PLACES
};

struct page_item {
    const char *id;
    enum page_place place;
    enum figure_kind kind;
    const char *text; /* what to make of it, after the definition; NULL: nothing */
    const char *name; /* what is not collected where the report lacks it; NULL: do not say */
};

enum { PAGE_ITEMS_MAX = 24 };

struct page_section {
    const char *slug, *heading, *text;
    struct page_item items[PAGE_ITEMS_MAX]; /* up to the first without an id */
    unsigned dimensions;                    /* bits: break-downs that are shown in it */
};

extern const struct page_section page_sections[];
extern const size_t num_page_sections;

/* page_item_find returns the item of a statistic, or NULL: no section names it. */
const struct page_item *page_item_find(const char *id);

#endif
