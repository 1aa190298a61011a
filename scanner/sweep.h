/*
 * sweep: runs a plan: engine, signals, status, trailer, summary.
 *
 * What       the first SIGINT or SIGTERM starts no more and lets sessions end, the second ends at
 *            once; both seal what is there. Text for people goes to stderr.
 * Errors     the exit code of the program: 0 complete, 1 a fault of ours, 3 stopped early,
 *            resumable.
 */
#ifndef MXSWEEP_SCANNER_SWEEP_H
#define MXSWEEP_SCANNER_SWEEP_H

#include "scanner/plan.h"
#include "scanner/status_files.h"

enum { EXIT_COMPLETE = 0, EXIT_FAULT = 1, EXIT_USAGE = 2, EXIT_STOPPED = 3 };

/* sweep_utc_us returns the time now, UTC since 1970. */
int64_t sweep_utc_us(void);

/* sweep_configure fills *c with what an engine is told to do o's sweep as planned; no filter. */
void sweep_configure(struct engine_config *c, struct plan *plan, const struct options *o);

/* sweep_run runs plan to its end and closes plan->dataset; files are kept up to date meanwhile. */
int sweep_run(struct plan *plan, const struct options *o, struct status_files *files);

#endif
