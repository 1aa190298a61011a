/*
 * weights: how much a target counts, by its address: messages, domains, whatever a file says.
 *
 * File       lines of ADDRESS,WEIGHT: a whole number up to WEIGHT_MAX; blank lines and those that
 *            begin with # are passed over. An address that is named twice has the sum.
 * Promise    at most WEIGHTS_MAX addresses; any octets are safe.
 * Ownership  heap; weights_free frees, NULL is fine.
 * Errors     negative errno, with "FILE:LINE: what; mend" in err.
 */
#ifndef MXSWEEP_TOOLS_WEIGHTS_H
#define MXSWEEP_TOOLS_WEIGHTS_H

#include "core/addr.h"

enum { WEIGHTS_ERR_MAX = 512, WEIGHTS_MAX = 1 << 26 };
#define WEIGHT_MAX UINT64_C(1000000000000)

struct weights;

int weights_open(struct weights **out, char err[WEIGHTS_ERR_MAX], const char *path);
void weights_free(struct weights *w);

/* weights_find returns the weight of an address; 0 of one that the file does not name. */
uint64_t weights_find(const struct weights *w, struct addr addr);
size_t weights_num(const struct weights *w);

#endif
