/*
 * report_caches: what reports keep of chains for the next one: the judged catalog of their files
 * (tools/judge_cache.h), and the book of verdicts (tools/verdict_book.h); doc/report-cache.md.
 *
 * Promise    what is kept is only read and written where there is room for it within the memory
 *            limit. That one is of no use, or cannot be written, is a note on stderr.
 */
#ifndef MXSWEEP_TOOLS_REPORT_CACHES_H
#define MXSWEEP_TOOLS_REPORT_CACHES_H

#include "tools/report_read.h"

/* report_catalog_room returns the octets of the limit that are the catalog's; 0: any. */
uint64_t report_catalog_room(const struct report_read *r);

/* report_note says something on stderr; the gauge gives way. */
void report_note(struct report_read *r, const char *why);

/* report_load_catalog sets the catalog, if there is one at path (NULL: none is looked for). */
void report_load_catalog(struct report_read *r, const char *path);
void report_save_catalog(struct report_read *r, const char *path);

/* report_open_book sets the book, into which goes what is judged; it stays NULL where none may be
 * used. report_close_book is called before targets are counted, which wants the memory; kept: what
 * is new is written. */
void report_open_book(struct report_read *r);
void report_close_book(struct report_read *r, bool kept);

#endif
