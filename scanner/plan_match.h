/*
 * plan_match: --resume-or-create: does a command line that is given again mean the sweep that is in
 * the file?
 *
 * What       all that makes the sweep is compared, but for the blocklist, which may have grown:
 *            those that the sweep has must be among the targets given, and these as many as then.
 * Errors     0, or -EINVAL with the first thing that differs in err.
 */
#ifndef MXSWEEP_SCANNER_PLAN_MATCH_H
#define MXSWEEP_SCANNER_PLAN_MATCH_H

#include "scanner/plan.h"

int plan_match(const struct plan *plan, char err[PLAN_ERR_MAX], const struct options *o,
               const struct dataset_header *h);

#endif
