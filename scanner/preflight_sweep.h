/*
 * preflight_sweep: --preflight: asks the control targets of a plan, gathers what this host says of
 * itself, and prints the findings.
 *
 * Errors     0: go on; 1: the sweep would be worthless, as the table says; negative: a fault.
 */
#ifndef MXSWEEP_SCANNER_PREFLIGHT_SWEEP_H
#define MXSWEEP_SCANNER_PREFLIGHT_SWEEP_H

#include "scanner/plan.h"

/* preflight_sweep prints to out. config is that of the sweep to come; its control targets are asked
 * by an engine that has no others. */
int preflight_sweep(FILE *out, const struct plan *plan, const struct options *o,
                    const struct engine_config *config);

#endif
