/*
 * page_private: the parts of a page.
 *
 * Private to page*.c.
 */
#ifndef MXSWEEP_TOOLS_PAGE_PRIVATE_H
#define MXSWEEP_TOOLS_PAGE_PRIVATE_H

#include "tools/figure.h"
#include "tools/html.h"
#include "tools/report.h"

enum { PAGE_LABEL_MAX = 72 };

/* what a page is made of, and how long its tables may be */
struct page_view {
    const struct report *report;
    size_t max_rows;
};

/* page_words writes the tiles and the sentences of the summary, page_notices what the reader must
 * know of the files first: a sweep that is unfinished, a sample, a torn file. */
void page_notices(struct html *h, const struct report *r);
void page_words(struct html *h, const struct report *r);

/* page_selection writes what decides of all figures: which targets count, how much, and what is not
 * told. */
void page_selection(struct html *h, const struct report *r);

/* page_interval writes the bounds of a share, below it; nothing if the targets are no sample. */
void page_interval(struct html *h, uint64_t count, uint64_t of, double sampled);

/* page_share_axis writes the axis of the bars of a table, for its head. */
void page_share_axis(struct html *h, const struct figure *f);

/* page_table writes the rows of a figure with their charts; what is beyond the first rows goes into
 * a part that the reader opens. sampled is that of the report. */
void page_table(struct html *h, const struct figure *f, double sampled);

/* page_bins writes how the durations of a latency are distributed, in numbers; nothing if it has no
 * bins. */
void page_bins(struct html *h, const struct figure *f);

/* page_groups writes a break-down: how far each group came, its versions, and whether it is
 * trusted. */
void page_groups(struct html *h, const struct page_view *v, const struct breakdown *b);

/* page_country writes the code of a country and its name. */
void page_country(struct html *h, struct bytes code);

/* page_maps writes the maps of a break-down by country, and the table of their numbers. */
void page_maps(struct html *h, const struct breakdown *b, const struct report *r);

/* page_database writes type and date of a database of addresses. */
void page_database(struct html *h, const struct geo_facts *facts);

/* page_file_table, page_store and page_set_table write what was read, by which roots, rules and
 * databases it was judged, and what the sets are. */
void page_file_table(struct html *h, const struct report *r, size_t max_rows);
void page_store(struct html *h, const struct report *r);
void page_set_table(struct html *h, const struct statistics *all);

#endif
