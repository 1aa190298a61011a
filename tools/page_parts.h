/*
 * page_parts: what pages have in common: head and foot, notices, tiles, counts in sentences.
 *
 * Promise    the head forbids everything but the style that it holds, by its SHA-256. Words are
 *            constants of ours.
 */
#ifndef MXSWEEP_TOOLS_PAGE_PARTS_H
#define MXSWEEP_TOOLS_PAGE_PARTS_H

#include "tools/html.h"

/* page_open begins a page up to its body, page_close ends it. */
void page_open(struct html *h, const char *title);
void page_close(struct html *h);

/* page_notice writes what the reader must know first. */
void page_notice(struct html *h, const char *text);

/* page_tile writes a large share with its bar, in a list of class "ti". */
void page_tile(struct html *h, uint64_t count, uint64_t of, const char *what, const char *of_what);

/* page_say_count writes "1,234", page_say_share "1,234 (12.3 % WHAT)". */
void page_say_count(struct html *h, uint64_t count);
void page_say_share(struct html *h, uint64_t count, uint64_t of, const char *what);

#endif
