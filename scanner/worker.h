/*
 * worker: one thread with one loop, its own TLS context and its probes.
 *
 * Ownership  worker_new/worker_free by the engine, from the engine's thread; between worker_start
 *            and worker_join the worker belongs to its thread, but for worker_wake and the
 *            counters.
 */
#ifndef MXSWEEP_SCANNER_WORKER_H
#define MXSWEEP_SCANNER_WORKER_H

#include <uv.h>

#include "scanner/again.h"
#include "scanner/deadline.h"
#include "scanner/engine.h"
#include "scanner/lag.h"
#include "scanner/session/tls_client.h"

enum {
    WORKER_READ_MAX = 65536, /* octets of one read */
    WORKER_STARTS_MAX = 16 /* starts in one turn of the loop, so that running sessions get theirs */
};

struct probe;

struct worker {
    struct engine *engine;
    unsigned number;
    uv_thread_t thread;
    bool thread_started;
    uv_loop_t loop;
    uv_timer_t timer; /* the only one: the earliest of deadlines and starts */
    uv_async_t wake;
    uv_idle_t idle;   /* active: this turn of the loop starts targets, and does not wait */
    bool start_again; /* so does the next */
    uv_check_t check; /* deadlines pass after a look at the sockets */
    bool look_at_deadlines;
    uint64_t timer_due_ns; /* UINT64_MAX: not set */
    struct tls_context *tls;
    struct session_config session_config;
    struct deadline_list waits[NUM_SESSION_WAITS], sessions;
    struct outbuf out;
    uint8_t *in; /* WORKER_READ_MAX octets */
    struct lease lease;
    struct again again;
    struct visit next; /* the next to be started, if has_next */
    struct target next_target;
    bool has_next;
    uint64_t hold_ns, hold_until_ns, held_since_ns; /* after faults of ours; 0: none */
    struct probe *free_probes;
    struct probe_slab *slabs;
    size_t num_active; /* probes not in free_probes */
    _Atomic uint64_t count[NUM_ENGINE_COUNTERS];
    struct lag lag;                              /* of the timer */
};

int worker_new(struct worker **out, struct engine *engine, unsigned number);
int worker_start(struct worker *w);
void worker_join(struct worker *w);
void worker_free(struct worker *w);

/* worker_wake makes the worker look for things to do or for a stop. Any thread. */
void worker_wake(struct worker *w);

/* ---- for its probes ---- */

void worker_count(struct worker *w, enum engine_counter which);

/* worker_wake_at makes the timer fire at due_ns or before. */
void worker_wake_at(struct worker *w, uint64_t due_ns);

/* worker_release takes back a probe that is over. The only place where a probe dies. */
void worker_release(struct worker *w, struct probe *p, bool unused);

/* worker_went_well: an attempt ended in a record, so this host is able to make them. */
void worker_went_well(struct worker *w);

/* worker_put_back: an attempt failed by a fault of ours (errnum); it is made again, more slowly. */
void worker_put_back(struct worker *w, const struct visit *visit, const struct target *target,
                     int errnum, uint64_t now_ns);

#endif
