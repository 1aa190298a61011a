/*
 * diff_page: the differences of two sweeps as one HTML file.
 *
 * What       summary in words, how many targets changed in each field, what fields went from and
 *            to, and the first targets that differ. doc/diff.md says the same in full.
 * Promise    as page.h: one file that loads nothing and runs nothing, at most DIFF_PAGE_MAX octets;
 *            text of servers stays text (html.h).
 * Ownership  the caller's storage; _init begins, _cleanup frees.
 * Errors     -ENOMEM, or what diff_text says.
 */
#ifndef MXSWEEP_TOOLS_DIFF_PAGE_H
#define MXSWEEP_TOOLS_DIFF_PAGE_H

#include "tools/diff.h"
#include "tools/html.h"

enum { DIFF_PAGE_MAX = 500 * 1000, DIFF_PAGE_TARGETS_MAX = 200 };

struct diff_page {
    struct html list; /* the targets so far */
    uint64_t num_changes, num_shown;
    bool is_full;
};

void diff_page_init(struct diff_page *p);
void diff_page_cleanup(struct diff_page *p);

/* diff_page_change is a diff_each, of a struct diff_page. */
diff_each diff_page_change;

/* diff_page_write appends the page; paths are those of the old and the new file. */
int diff_page_write(struct html *out, const struct diff_page *p, const struct diff_sum *sum,
                    const char *const paths[NUM_DIFF_SIDES]);

#endif
