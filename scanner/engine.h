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
#include "scanner/again.h"
#include "scanner/control.h"
#include "scanner/filter.h"
#include "scanner/lease.h"
#include "scanner/limiter.h"
#include "scanner/net.h"
#include "scanner/networks.h"
#include "scanner/resolver.h"
#include "scanner/result.h"
#include "scanner/session/session.h"
#include "scanner/source.h"
#include "scanner/stream.h"

enum {
    ENGINE_WORKERS_MAX = 64,
    ENGINE_NAMES_MAX = 8192,       /* host names under way at which no other is begun */
    ENGINE_AUDITS_MAX = 256 << 20, /* octets held for audits at which no other target is begun */
    ENGINE_FAULT_MAX = 512         /* octets of the text of a fault */
};

struct asdb;

/* what a sweep is told; times in ns */
struct engine_config {
    const struct target_space *space;
    const struct permutation *order;
    struct lease_source *leases;
    struct stream *stream;          /* instead of these three; NULL: none */
    struct engine_bell *bell;       /* that the stream rings */
    uint64_t max_targets;           /* of the stream, in this run; 0: no limit */
    struct filter *filter;          /* targets in it are recorded as blocked; NULL: none. The
                                            reference is taken over */
    struct dataset_writer *dataset; /* NULL: only control targets are asked */
    enum record_mode record_mode;
    const struct net *net;
    unsigned num_workers;
    uint32_t num_shards;
    uint64_t step_ns, max_in_flight; /* limiter.h */
    const struct networks_config *networks;
    const struct asdb *asdb;                /* NULL: no AS is known */
    unsigned retries;                       /* of a target that asked to be visited later */
    bool backs_off;                         /* from networks that do */
    const struct resolver_config *resolver; /* of host names */
    struct control *control;                /* NULL: no control targets */
    uint64_t wait_ns[NUM_SESSION_WAITS], session_ns;
    int syncnt; /* TCP_SYNCNT; 0: the kernel's */
    uint64_t flush_ns;
    uint64_t disk_wait_ns;           /* how long a full disk is waited for */
    uint64_t rotate_size, rotate_ns; /* when the dataset goes on in another part; 0: never */
    uint64_t offset_us;              /* of the start of this run from the dataset's start */
    uint64_t patience_ns;            /* how long faults of ours may keep all starts back */
    const struct sources *sources;   /* addresses and EHLO names */
    bool try_anyway;
    uint16_t audits;         /* core/audit.h: bits of what is asked of each target; 0: nothing */
    uint64_t audit_delay_ns; /* between two connections to one target */
};

/* engine_bell: how a stream's reader tells the engine, while there is one, that there is more. */
struct engine;
struct engine_bell {
    pthread_mutex_t lock;
    pthread_cond_t rung;
    bool was_rung;
    struct engine *engine;
};
void engine_bell_init(struct engine_bell *bell);
void engine_bell_cleanup(struct engine_bell *bell);
/* engine_bell_ring: arg is the bell. Any thread. */
void engine_bell_ring(void *arg);
/* engine_bell_wait waits until it was rung since the last wait: for who has no engine. */
void engine_bell_wait(struct engine_bell *bell);

/* counters of one worker; written by it, read by anyone */
#define ENGINE_COUNTERS(X)                                                                         \
    X(STARTED)   /* connections opened */                                                          \
    X(DONE)      /* targets finished: positions; not of a worker, but of all */                    \
    X(OPEN)      /* addresses that got a TCP connection */                                         \
    X(STARTTLS)  /* ... that answered STARTTLS with 220 */                                         \
    X(TLS)       /* ... that completed a handshake */                                              \
    X(THROTTLED) /* ... that asked to come back later, to the end */                               \
    X(RETRIED)   /* attempts after which the target is visited once more */                        \
    X(AUDITS)    /* connections of audits, in STARTED too */                                       \
    X(OURS)      /* attempts that failed by a fault of our own; the target was put back */
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
    struct networks *networks;
    struct result_queue queue;
    struct filter_slot filter;
    struct control *control;
    CRYPTO_BUFFER_POOL *pool; /* equal certificates are one buffer */
    uint64_t start_ns;
    _Atomic int stop;                /* enum engine_stop */
    _Atomic uint64_t waiting;        /* bit i: worker i waits for room */
    _Atomic unsigned num_running;    /* threads that have not ended */
    _Atomic uint64_t num_started[2]; /* connections that could be started: IPv4, IPv6 */
    _Atomic uint64_t num_unsettled;  /* positions that were begun and are not done */
    _Atomic uint64_t num_done;
    _Atomic uint64_t outcomes[NUM_ENGINE_COUNTERS]; /* of all workers: OPEN to THROTTLED */
    _Atomic uint64_t num_left_alone;                /* settled, and not done */
    _Atomic uint64_t num_admitted;                  /* targets of the stream */
    _Atomic uint64_t num_names;                     /* host names asked for and not done */
    _Atomic uint64_t audited;                       /* octets held for audits */
    _Atomic bool stream_ended;
    _Atomic bool stream_cut; /* by max_targets: a target that was read is not begun */
    _Atomic bool disk_waits; /* nothing can be written now: nothing is started */
    int ended_fd;            /* eventfd: readable when all threads have ended */
    struct worker *workers[ENGINE_WORKERS_MAX];
    struct writer *writer;
    pthread_mutex_t lock; /* of what follows, and of making resolvers */
    struct again back;    /* to be visited again: their silence was our own */
    _Atomic size_t num_back;
    int fault; /* the first one; 0: none */
    char fault_text[ENGINE_FAULT_MAX];
};

/* engine_start checks nothing about the config: whoever fills it does. On failure nothing runs. */
int engine_start(struct engine **out, const struct engine_config *config);

/* engine_stop: DRAIN starts no more and lets running sessions end; ABORT closes them, their
 * positions stay open. Any thread; only ever raises. */
void engine_stop(struct engine *e, enum engine_stop stop);

/* engine_set_step changes the time between two starts. engine_set_filter makes filter (a reference
 * that is taken over) count from now on. Any thread. */
void engine_set_step(struct engine *e, uint64_t step_ns);
void engine_set_filter(struct engine *e, struct filter *filter);

/* engine_event puts an event into the dataset, soon: what happened, and a detail (value NULL:
 * none). Any thread. */
void engine_event(struct engine *e, const char *what, const char *key, const char *value);

/* engine_ended_fd is readable once all threads have ended. */
int engine_ended_fd(const struct engine *e);

/* what is shown while it runs */
struct engine_figures {
    uint64_t count[NUM_ENGINE_COUNTERS];
    uint64_t in_flight;
    uint64_t queue_bytes;                /* set aside included */
    uint64_t loop_lag_ns;                /* of the latest timer since figures were asked for */
    uint64_t step_ns;                    /* between two starts, now; 0: no limit */
    uint64_t num_parked, num_backed_off; /* targets, networks: networks.h */
    uint64_t num_unsettled;              /* targets begun and not done */
    bool cut_off;                        /* no control target answers: nothing is started */
    bool disk_waits;
    uint64_t num_left_alone;     /* targets given up for our own faults: not done */
    bool streamed, stream_ended; /* stream_ended: all of it was begun */
    struct stream_figures stream;
    enum engine_stop stop;
};
void engine_figures(struct engine *e, struct engine_figures *out);

/* engine_join waits for the end and frees the engine. Returns 0, or the fault that stopped it, with
 * its text in fault. */
int engine_join(struct engine *e, char fault[ENGINE_FAULT_MAX]);

/* ---- for workers, probes and the writer ---- */

/* engine_grant asks, for worker number `who`, whether one session may start now: engine_release
 * gives it back. makes_room: it needs no room in the queue, which others wait for that it ends. */
enum grant engine_grant(struct engine *e, uint64_t *wait_ns, unsigned who, bool makes_room,
                        uint64_t now_ns);

/* engine_credit asks only for room for a record, for a target that is not connected to: what is
 * pushed uses it up, result_queue_release gives it back. */
bool engine_credit(struct engine *e, unsigned who);

/* engine_release gives back a grant. unused: nothing was or will be pushed for it. */
void engine_release(struct engine *e, bool unused, unsigned who);

/* engine_room wakes the workers that wait for room, but not `who` (ENGINE_WORKERS_MAX: all). Any
 * thread. */
void engine_room(struct engine *e, unsigned who);

/* engine_offset_us is a time of the engine's clock as records have it. */
uint64_t engine_offset_us(const struct engine *e, uint64_t at_ns);

/* engine_count_outcomes counts what a position's records tell, once it is believed. Any thread. */
void engine_count_outcomes(struct engine *e, const struct result *result);

/* engine_unsettle: a position was begun. engine_settle: it is done, or left alone; its errand is
 * freed. Any thread. */
void engine_unsettle(struct engine *e);
void engine_settle(struct engine *e, const struct visit *visit, bool done);
bool engine_is_settled(const struct engine *e);

/* engine_admit tells whether one more target of the stream may be begun. */
bool engine_admit(struct engine *e);

/* engine_name_begun, engine_name_over: a host name was asked for; it is done, or forgotten. */
void engine_name_begun(struct engine *e);
void engine_name_over(struct engine *e);
bool engine_has_room_for_name(const struct engine *e);

/* engine_audit_begun, engine_audit_over: an address is under audit, for which so many octets are
 * held, and not any more. */
void engine_audit_begun(struct engine *e, size_t octets);
void engine_audit_over(struct engine *e, size_t octets);
bool engine_has_room_for_audit(const struct engine *e);

bool engine_is_paused(const struct engine *e);
void engine_control_news(struct engine *e, enum control_news news);

/* engine_give_back: a visit is to be made again, for what came of it was our own fault. Any thread.
 * engine_take_back takes one of them. */
void engine_give_back(struct engine *e, const struct visit *visit);
bool engine_take_back(struct engine *e, struct visit *out);

/* engine_wake makes all workers look for things to do. Any thread. */
void engine_wake(struct engine *e);

/* engine_resolver makes a resolver for a worker's loop. */
int engine_resolver(struct engine *e, struct resolver **out, char err[ENGINE_FAULT_MAX],
                    uv_loop_t *loop);
/* engine_free_resolver frees it again. NULL is allowed. */
void engine_free_resolver(struct engine *e, struct resolver *r);

/* engine_fault keeps the first fault and stops the engine. Any thread. */
void engine_fault(struct engine *e, int code, const char *text);

/* engine_thread_ended is called by each thread as the last thing it does with the engine. */
void engine_thread_ended(struct engine *e);

#endif
