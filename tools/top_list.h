/*
 * top_list: the first rows of many, as a comparison orders them.
 *
 * Promise    what is kept does not depend on the order of additions, if compare tells all rows
 *            apart; memory is in the rows that are wanted, not in those that are added.
 * Ownership  the caller's storage; rows are of one size and copied.
 * Errors     sticky `bad` without memory.
 */
#ifndef MXSWEEP_TOOLS_TOP_LIST_H
#define MXSWEEP_TOOLS_TOP_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef int top_list_compare(const void *a, const void *b);

struct top_list {
    uint8_t *rows;
    size_t row_len, top, num, cap; /* top 0: all are wanted */
    top_list_compare *compare;
    bool bad;
};

void top_list_init(struct top_list *t, size_t row_len, size_t top, top_list_compare *compare);
void top_list_cleanup(struct top_list *t);
void top_list_add(struct top_list *t, const void *row);

/* top_list_end puts what is wanted in order: rows[0 .. num * row_len); more may be added after. */
void top_list_end(struct top_list *t);

#endif
