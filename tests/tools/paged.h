/*
 * paged: a report made of numbers, and the page of it.
 *
 * Ownership  paged_cleanup frees what paged_init and paged_write made.
 */
#ifndef MXSWEEP_TESTS_TOOLS_PAGED_H
#define MXSWEEP_TESTS_TOOLS_PAGED_H

#include "tests/tools/fake.h"
#include "tools/html.h"
#include "tools/report.h"

struct paged {
    struct fake fake;
    struct report_file files[3];
    struct report report;
    struct html html;
};

/* paged_init makes a report of one file, whose sets have 1,000 each and that has no statistics. */
void paged_init(struct paged *p);
void paged_cleanup(struct paged *p);

/* paged_write writes the page, and fails the test if it is not whole. */
void paged_write(struct paged *p);

/* paged_count tells how often a text is on the page, paged_has whether it is. */
size_t paged_count(const struct paged *p, const char *text);
bool paged_has(const struct paged *p, const char *text);

#endif
