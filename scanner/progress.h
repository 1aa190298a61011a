/*
 * progress: how far a sweep is, how fast it goes, and how long it will take: the figures that
 * people and machines are shown.
 *
 * Units      times in ns since the start of this run, from a monotonic clock the caller supplies.
 * Time left  is that of this run and shard. While the limit on starts is what holds the sweep back,
 *            the targets left at that rate; those in flight count, for it takes as long until the
 *            last one started is done. Else at the pace of the last minute, or, when all are
 *            started, of the last 10 s. Unknown while there is nothing to go by, and when the
 *            sweep is being stopped.
 * Promise    pure. Ownership  plain values. Errors  none.
 */
#ifndef MXSWEEP_SCANNER_PROGRESS_H
#define MXSWEEP_SCANNER_PROGRESS_H

#include "scanner/engine.h"

/* what a sweep is doing: name, slug */
#define PHASES(X)                                                                                  \
    X(RUNNING, "running")                                                                          \
    X(WAITING, "waiting")   /* all that is left waits for its network's turn or for a retry */     \
    X(PAUSED, "paused")     /* no control target answers: we are cut off */                        \
    X(DRAINING, "draining") /* no more starts, sessions end */                                     \
    X(ABORTING, "aborting") /* sessions are closed */                                              \
    X(COMPLETE, "complete") /* over: all targets are done */                                       \
    X(STOPPED, "stopped")   /* over: resumable */                                                  \
    X(FAILED, "failed")     /* over: a fault of ours */
enum phase {
#define X(NAME, slug) PHASE_##NAME,
    PHASES(X)
#undef X
        NUM_PHASES
};

const char *phase_slug(enum phase phase);

/* what is shown of one moment */
struct status {
    enum phase phase;
    struct engine_figures figures;  /* of this run */
    uint64_t run_ns;                /* since its start */
    uint64_t num_done, num_targets; /* of this shard, earlier runs included */
    bool knows_total;               /* num_targets; not of a stream */
    double share;                   /* done of targets, or read of a stream; 1: all; negative: not
                                       known */
    double rate_now, rate_avg;      /* starts per second: since the status before; in this run */
    double rate_limit;              /* starts per second; 0: no limit */
    bool knows_left;
    uint64_t left_ns; /* if knows_left; UINT64_MAX: longer than can be said */
};

enum { PROGRESS_SAMPLES = 64 }; /* more than a minute, one a second */

struct progress_sample {
    uint64_t at_ns, started, done;
};

struct progress {
    uint64_t num_targets, done_before, num_open;
    struct progress_sample last;                      /* at the status before */
    struct progress_sample samples[PROGRESS_SAMPLES]; /* a ring: [num % PROGRESS_SAMPLES] is next */
    size_t num;
};

/* progress_init: num_targets are those of this shard (0: a stream, nobody knows), done_before those
 * that earlier runs have done, num_open those that this run is to do. */
void progress_init(struct progress *p, uint64_t num_targets, uint64_t done_before,
                   uint64_t num_open);

/* progress_take makes figures into a status, and remembers what it needs for the next. */
void progress_take(struct progress *p, struct status *out, const struct engine_figures *figures,
                   uint64_t now_ns);

#endif
