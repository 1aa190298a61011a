/*
 * small_sweep: a sweep of a few targets for tests of the engine: a dataset, a configuration that the
 * test may change, a run to the end, the records.
 *
 * Ownership  the caller's storage; a sweep that was begun is ended with small_sweep_end.
 */
#ifndef MXSWEEP_TESTS_SCANNER_SMALL_SWEEP_H
#define MXSWEEP_TESTS_SCANNER_SMALL_SWEEP_H

#include "scanner/engine.h"

enum { SMALL_SWEEP_RECORDS_MAX = 512 };

struct small_sweep {
    char file[64], list[64]; /* list: what a stream reads; "": none */
    struct target_space space;
    struct permutation order;
    struct lease_source leases;
    struct sources sources;
    struct networks_config networks;
    struct dataset_writer *dataset;
    struct engine_bell bell;
    struct engine_config config;
};

/* small_sweep_begin: lines are targets, separated by blanks; sources as --source-ip has them, or
 * NULL. One worker, ten sessions at once, no other limit, no retries, a fake kernel. */
void small_sweep_begin(struct small_sweep *s, const char *lines, const char *sources);

/* small_sweep_begin_stream: the same of a stream that holds text. */
void small_sweep_begin_stream(struct small_sweep *s, const char *text);

/* small_sweep_start starts the engine. small_sweep_join waits for its end. */
struct engine *small_sweep_start(struct small_sweep *s);
int small_sweep_join(struct engine *e, struct engine_figures *figures,
                     char fault[ENGINE_FAULT_MAX]);

/* small_sweep_run does both. */
int small_sweep_run(struct small_sweep *s, struct engine_figures *figures,
                    char fault[ENGINE_FAULT_MAX]);

/* small_sweep_records finishes the dataset and reads its records, which must be num, without their
 * texts; in no particular order. */
void small_sweep_records(struct small_sweep *s, struct record *records, size_t num);

/* small_sweep_events reads what the events say that happened, after small_sweep_records; there must
 * be num. */
void small_sweep_events(struct small_sweep *s, char (*what)[16], size_t num);

/* small_sweep_end frees and removes all; a dataset that was not finished is abandoned. */
void small_sweep_end(struct small_sweep *s);

#endif
