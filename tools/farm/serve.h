/*
 * serve: runs a farm in one process, or in several below this one, until it is told to stop.
 *
 * What       SIGTERM and SIGINT end all processes of the farm; so does one that falls idle
 *            (server.h) or dies. Processes end with this one, however it ends.
 * Errors     0, or negative UV_E* with *what, a constant, naming what failed; -ECHILD: a process
 *            of the farm died.
 */
#ifndef MXSWEEP_TOOLS_FARM_SERVE_H
#define MXSWEEP_TOOLS_FARM_SERVE_H

#include "tools/farm/options.h"

struct pki;

/* serve_run prints "listening on PORT" once connections are taken. It returns in each process. */
int serve_run(const char **what, const struct farm_options *o, const struct population *p,
              struct pki *pki);

#endif
