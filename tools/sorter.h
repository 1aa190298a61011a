/*
 * sorter: puts rows of one size in order, however many: sorted runs are spilled to a file and
 * merged.
 *
 * Promise    memory is what was given, or SORTER_ROWS_MIN rows if that is less; the order is that
 *            of compare, and of addition where that sees no difference only as compare says: give
 *            it something to tell rows apart by.
 * Ownership  _new/_free, NULL is fine; rows are copied.
 * Errors     as spill.h; -ENOMEM. After an error the sorter is of no use but to be freed.
 */
#ifndef MXSWEEP_TOOLS_SORTER_H
#define MXSWEEP_TOOLS_SORTER_H

#include "tools/spill.h"

enum { SORTER_RUNS_MAX = 16, SORTER_ROWS_MIN = 2 * SORTER_RUNS_MAX };

struct sorter;

typedef int sorter_compare(const void *a, const void *b);

/* sorter_new takes memory_len octets; folder outlives the sorter. NULL: no memory. */
struct sorter *sorter_new(size_t row_len, size_t memory_len, sorter_compare *compare,
                          const char *folder);
void sorter_free(struct sorter *s);

int sorter_add(struct sorter *s, char err[SPILL_ERR_MAX], const void *row);

/* sorter_finish is called once, when all rows are added. */
int sorter_finish(struct sorter *s, char err[SPILL_ERR_MAX]);

/* sorter_next gives the next row: 1, 0 at the end, or negative. It lives until the next call. */
int sorter_next(struct sorter *s, char err[SPILL_ERR_MAX], const void **row);

/* sorter_spilled returns how many octets were written to files so far. */
uint64_t sorter_spilled(const struct sorter *s);

#endif
