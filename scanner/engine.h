/*
 * engine: one sweep at work: workers, limits, the queue of results and the writer.
 *
 * What       engine_start runs `num_workers` threads, each with a loop of its own, and a writer
 *            thread; they end by themselves when every open position is done, or after engine_stop.
 * Threads    the functions below are the owner's, but for those marked "any thread".
 * Ownership  the config's parts belong to the caller and outlive the engine; the dataset too: the
 *            engine only adds to it.
 * Errors     negative UV_E*; a fault while running stops the engine and is told by engine_join.
 */
#ifndef MXSWEEP_SCANNER_ENGINE_H
#define MXSWEEP_SCANNER_ENGINE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "core/dataset.h"
#include "core/permutation.h"
#include "scanner/lease.h"
#include "scanner/limiter.h"
#include "scanner/net.h"
#include "scanner/result.h"
#include "scanner/session/session.h"

enum {
    ENGINE_WORKERS_MAX = 64,
    ENGINE_FAULT_MAX = 512    /* octets of the text of a fault */
};

/* what a sweep is told; times in ns */
struct engine_config {
    const struct target_space *space;
    const struct permutation *order;
    struct lease_source *leases;
    const struct prefix_set *filter;     /* targets in it are recorded as blocked; NULL: none */
    struct dataset_writer *dataset;
    enum record_mode record_mode;
    const struct net *net;
    unsigned num_workers;
    uint64_t step_ns, max_in_flight;     /* limiter.h */
    uint64_t wait_ns[NUM_SESSION_WAITS], session_ns;
    uint64_t flush_ns;
    uint64_t offset_us;                  /* of the start of this run from the dataset's start */
    uint64_t patience_ns;                /* how long faults of ours may keep all starts back */
    struct bytes ehlo_name;
    bool try_anyway;
};

/* counters of one worker; written by it, read by anyone */
#define ENGINE_COUNTERS(X)                                                                        \
    X(STARTED)    /* connections opened */                                                        \
    X(DONE)       /* targets finished */                                                          \
    X(OPEN)       /* ... that got a TCP connection */                                             \
    X(STARTTLS)   /* ... that answered STARTTLS with 220 */                                       \
    X(TLS)        /* ... that completed a handshake */                                            \
    X(THROTTLED)  /* ... that asked to come back later */                                         \
    X(OURS)       /* attempts that failed by a fault of our own; the target was put back */
enum engine_counter {
#define X(NAME) COUNT_##NAME,
    ENGINE_COUNTERS(X)
#undef X
    NUM_ENGINE_COUNTERS
};

enum engine_stop { ENGINE_RUN = 0, ENGINE_DRAIN = 1, ENGINE_ABORT = 2 };

struct worker;
struct writer;

struct engine {
    struct engine_config config;
    struct limiter limiter;
    struct result_queue queue;
    CRYPTO_BUFFER_POOL *pool;            /* equal certificates are one buffer */
    uint64_t start_ns;
    _Atomic int stop;                    /* enum engine_stop */
    _Atomic uint64_t waiting;            /* bit i: worker i waits for room */
    _Atomic unsigned num_running;        /* threads that have not ended */
    _Atomic uint64_t num_started[2];     /* connections that could be started: IPv4, IPv6 */
    int ended_fd;                        /* eventfd: readable when all threads have ended */
    struct worker *workers[ENGINE_WORKERS_MAX];
    struct writer *writer;
    pthread_mutex_t fault_lock;
    int fault;                           /* the first one; 0: none */
    char fault_text[ENGINE_FAULT_MAX];
};

/* engine_start checks nothing about the config: whoever fills it does. On failure nothing runs. */
int engine_start(struct engine **out, const struct engine_config *config);

/* engine_stop: DRAIN starts no more and lets running sessions end; ABORT closes them, their
 * positions stay open. Any thread; only ever raises. */
void engine_stop(struct engine *e, enum engine_stop stop);

/* engine_ended_fd is readable once all threads have ended. */
int engine_ended_fd(const struct engine *e);

/* what is shown while it runs */
struct engine_figures {
    uint64_t count[NUM_ENGINE_COUNTERS];
    uint64_t in_flight;
    uint64_t queue_bytes;                /* set aside included */
    uint64_t loop_lag_ns;                /* of the latest timer since figures were asked for */
    uint64_t step_ns;                    /* between two starts, now; 0: no limit */
    enum engine_stop stop;
};
void engine_figures(struct engine *e, struct engine_figures *out);

/* engine_join waits for the end and frees the engine. Returns 0, or the fault that stopped it, with
 * its text in fault. */
int engine_join(struct engine *e, char fault[ENGINE_FAULT_MAX]);

/* ---- for workers, probes and the writer ---- */

/* engine_grant asks, for worker number `who`, whether one session may start now: engine_release
 * gives it back. */
enum grant engine_grant(struct engine *e, uint64_t *wait_ns, unsigned who, uint64_t now_ns);

/* engine_credit asks only for room for a record, for a target that is not connected to: what is
 * pushed uses it up, result_queue_release gives it back. */
bool engine_credit(struct engine *e, unsigned who);

/* engine_release gives back a grant. unused: nothing was or will be pushed for it. */
void engine_release(struct engine *e, bool unused, unsigned who);

/* engine_room wakes the workers that wait for room, but not `who` (ENGINE_WORKERS_MAX: all). Any
 * thread. */
void engine_room(struct engine *e, unsigned who);

/* engine_fault keeps the first fault and stops the engine. Any thread. */
void engine_fault(struct engine *e, int code, const char *text);

/* engine_thread_ended is called by each thread as the last thing it does with the engine. */
void engine_thread_ended(struct engine *e);

#endif
