/*
 * options: the command line of mxfarm.
 *
 * Errors     farm_options_parse returns 0, or -EINVAL with err written: what is wrong and how to
 * mend it.
 */
#ifndef MXSWEEP_TOOLS_FARM_OPTIONS_H
#define MXSWEEP_TOOLS_FARM_OPTIONS_H

#include "tools/farm/front.h"
#include "tools/farm/latency.h"
#include "tools/farm/throttle.h"
#include "tools/farm/truth.h"

enum { FARM_PROCESSES_MAX = 64 };

enum farm_job { JOB_SERVE, JOB_TRUTH, JOB_LIST, JOB_ROOT, JOB_HELP, JOB_VERSION };

struct farm_options {
    enum farm_job job;
    uint16_t port;
    uint64_t seed;
    int64_t now_s;                                 /* midnight UTC */
    const char *population_file, *only, *log_file; /* NULL: none */
    struct addr_range truth;
    struct time_outs time_outs;
    uint64_t idle_exit_ms;         /* 0: never */
    uint32_t num_processes;        /* at least 1 */
    struct throttle_spec throttle; /* limit 0: none */
    struct latency latency;
    struct fronts fronts; /* in the order given; addresses differ */
};

/* farm_options_parse reads argv; today_s is the default of --now. */
int farm_options_parse(struct farm_options *o, char *err, size_t err_len, int argc, char **argv,
                       int64_t today_s);

extern const char farm_options_help[];

#endif
