/*
 * metrics: the figures of a sweep in the text exposition format of Prometheus, version 0.0.4.
 *
 * Units      base units, as is the custom: seconds, bytes, shares of 1.
 * Promise    pure but for the stream. Counters are of this run and only grow while it lasts; every
 *            metric has its HELP and TYPE; what is not known is NaN.
 */
#ifndef MXSWEEP_SCANNER_METRICS_H
#define MXSWEEP_SCANNER_METRICS_H

#include <stdio.h>

#include "scanner/progress.h"

/* METRICS_FIRST_LINE is how a text of ours begins, and no other. */
#define METRICS_FIRST_LINE "# HELP mxsweep_info "

/* metrics_print writes all metrics. utc_us: now, since 1970; shard of num_shards: which this is. */
void metrics_print(FILE *out, const struct status *s, int64_t utc_us, uint32_t num_shards,
                   uint32_t shard);

#endif
