/*
 * worker: one thread with one loop, its own TLS context and its probes.
 *
 * Parts      worker.c: thread, loop, time, probes; starts.c: what is started next, and when;
 *            names.c: host names; finish.c: what becomes of an attempt that is over.
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
#include "scanner/errand.h"
#include "scanner/lag.h"
#include "scanner/resolver.h"
#include "scanner/session/tls_client.h"

enum {
    WORKER_READ_MAX = 65536, /* octets of one read */
    WORKER_STARTS_MAX = 16 /* starts in one turn of the loop, so that running sessions get theirs */
};

struct probe;

/* a visit that is about to be made */
struct candidate {
    struct visit visit;
    struct target target;
    uint32_t asn;       /* 0: unknown */
    uint32_t tries;     /* attempts that failed by a fault of ours */
    uint64_t started;   /* again.h */
    enum cause refused; /* not to be connected to, and why; CAUSE_NONE: it is */
    bool from_queue;    /* of its network: it waited there */
};

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
    struct session_config *session_configs; /* by EHLO name, as engine_config.sources has them */
    struct deadline_list waits[NUM_SESSION_WAITS], sessions;
    struct outbuf out;
    uint8_t *in;           /* WORKER_READ_MAX octets */
    struct filter *filter; /* what must not be visited, as far as this worker knows */
    unsigned filter_version;
    struct lease lease;
    struct errand *errands;    /* of the stream, taken and not begun */
    bool no_more;              /* leases and stream have nothing left */
    struct errand_list ready;  /* host names with an address to visit, or without any */
    struct errand *resolving;  /* host names that DNS was asked for */
    struct resolver *resolver; /* NULL: not needed yet */
    struct again again; /* after faults of ours */
    struct again later; /* until their next connection is due */
    struct candidate next; /* the next to be started, if has_next */
    bool has_next;
    struct candidate kept; /* what was the next before a control target came, if has_kept */
    bool has_kept;
    bool has_grant; /* of the engine, for the next; only within one turn */
    uint64_t
        full_until_ns; /* networks had no room: until then only those that wait there; 0: it had */
    uint64_t hold_ns, hold_until_ns, held_since_ns; /* after faults of ours; 0: none */
    struct probe *free_probes;
    struct probe_slab *slabs;
    size_t num_active; /* probes not in free_probes */
    _Atomic uint64_t count[NUM_ENGINE_COUNTERS];
    struct lag lag; /* of the timer */
};

int worker_new(struct worker **out, struct engine *engine, unsigned number);
int worker_start(struct worker *w);
void worker_join(struct worker *w);
void worker_free(struct worker *w);

/* worker_wake makes the worker look for things to do or for a stop. Any thread. */
void worker_wake(struct worker *w);

/* ---- for its parts and probes ---- */

void worker_count(struct worker *w, enum engine_counter which);

/* worker_wake_at makes the timer fire at due_ns or before. */
void worker_wake_at(struct worker *w, uint64_t due_ns);

/* worker_start_soon makes the next turn of the loop start what it may. */
void worker_start_soon(struct worker *w);

/* worker_take_probe returns a probe that is free; NULL: no memory. worker_give_probe takes one back
 * that was not started. */
struct probe *worker_take_probe(struct worker *w);
void worker_give_probe(struct worker *w, struct probe *p);

/* worker_release takes back a probe that is over. The only place where a probe dies. */
void worker_release(struct worker *w, struct probe *p, bool unused);

#endif
