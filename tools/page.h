/*
 * page: a report as one HTML file, and its charts as SVG files.
 *
 * What       summary in words, then all statistics in the order of page_plan, each with its
 *            denominator, its chart and the table of its numbers. doc/page.md says the same in
 *            full.
 * Promise    one file that loads nothing, runs nothing and needs no script; at most PAGE_MAX
 *            octets: rows beyond what fits become part of "other". Text of servers stays text
 *            (html.h).
 * Errors     -ENOMEM.
 */
#ifndef MXSWEEP_TOOLS_PAGE_H
#define MXSWEEP_TOOLS_PAGE_H

#include "tools/html.h"
#include "tools/report.h"

enum { PAGE_MAX = 500 * 1000 };

/* page_write appends the page. */
int page_write(struct html *out, const struct report *r);

#endif
