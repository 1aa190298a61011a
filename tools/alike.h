/*
 * alike: whether datasets are of one sweep, and if not, what tells them apart.
 */
#ifndef MXSWEEP_TOOLS_ALIKE_H
#define MXSWEEP_TOOLS_ALIKE_H

#include "core/dataset.h"

/* alike_difference names the first thing that files of one sweep have in common and these two do
 * not, as in "other targets"; NULL: they are of one sweep. */
const char *alike_difference(const struct dataset_header *a, const struct dataset_header *b);

#endif
