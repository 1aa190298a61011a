/*
 * missing: writes the targets that no file of a sweep has, as lines that mxsweep takes.
 *
 * What       addresses and ranges, with host name and tag, in the order of the target list. A line
 *            says no port: a sweep of several has a list for each.
 * Promise    8 octets of memory for each missing target, of which there may be MISSING_MAX.
 * Errors     -E2BIG: too many; -EINVAL: streamed, so that nobody knows; -ENOMEM. err says what and
 *            the mend.
 */
#ifndef MXSWEEP_TOOLS_MISSING_H
#define MXSWEEP_TOOLS_MISSING_H

#include <stdio.h>

#include "tools/coverage.h"

enum { MISSING_MAX = 1 << 24, MISSING_ERR_MAX = 256 };

struct missing_targets {
    const struct dataset_header *header;
    uint64_t *indexes; /* of targets, ascending */
    size_t num;
};

/* missing_find finds what c lacks; header is that of one of its files, and outlives out. */
int missing_find(struct missing_targets *out, char err[MISSING_ERR_MAX], struct coverage *c,
                 const struct dataset_header *header);
void missing_cleanup(struct missing_targets *m);

/* missing_write writes the lines of one port of the sweep; returns how many targets they name. */
size_t missing_write(const struct missing_targets *m, uint16_t port, FILE *out);

#endif
