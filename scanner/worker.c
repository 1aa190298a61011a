#include "scanner/worker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "scanner/probe.h"

enum {
    HOLD_FIRST_MS = 10, /* after the first fault of ours; doubled by each that follows */
    HOLD_MAX_MS = 1000,
    UNROUTABLE_TRIES = 3,
    TRIES_MAX = 100 /* of one target, failed by faults of ours; then something is wrong here */
};
#define NEVER     UINT64_MAX
#define NS_PER_MS UINT64_C(1000000)

void worker_count(struct worker *w, enum engine_counter which)
{
    /* one writer: no read-modify-write is needed */
    uint64_t count = atomic_load_explicit(&w->count[which], memory_order_relaxed);
    atomic_store_explicit(&w->count[which], count + 1, memory_order_relaxed);
}

void worker_wake(struct worker *w)
{
    uv_async_send(&w->wake);
}

/* ---- positions ---- */

/* makes w->next the next target to start: a new one first, those that failed fare better later */
static bool find_next(struct worker *w)
{
    const struct engine_config *config = &w->engine->config;
    if (w->has_next)
        return true;
    bool is_new = w->again.num < AGAIN_MANY &&
                  (w->lease.next < w->lease.end || lease_take(config->leases, &w->lease));
    if (is_new)
        w->next = (struct visit){.position = lease_position(config->leases, w->lease.next++)};
    else if (w->again.num > 0)
        w->next = again_take(&w->again);
    else
        return false;
    uint64_t index = permutation_at(config->order, w->next.position);
    w->next_target = target_space_at(config->space, index);
    w->has_next = true;
    return true;
}

void worker_went_well(struct worker *w)
{
    w->hold_ns = w->held_since_ns = 0;
}

/* keeps all starts back for a while, longer each time; not for ever */
static void hold(struct worker *w, const struct target *target, int errnum, uint64_t now_ns)
{
    struct engine *e = w->engine;
    if (w->held_since_ns == 0)
        w->held_since_ns = now_ns;
    w->hold_ns = w->hold_ns == 0 ? HOLD_FIRST_MS * NS_PER_MS : w->hold_ns * 2;
    if (w->hold_ns > HOLD_MAX_MS * NS_PER_MS)
        w->hold_ns = HOLD_MAX_MS * NS_PER_MS;
    w->hold_until_ns = now_ns + w->hold_ns;
    if (now_ns - w->held_since_ns > e->config.patience_ns) {
        char text[ENGINE_FAULT_MAX], addr[ADDR_TEXT_MAX];
        addr_format(addr, target->addr);
        snprintf(text, sizeof text,
                 "no connection can be started from here, nor to %s: %s; mend that, or put what "
                 "cannot be reached on the blocklist",
                 addr, uv_strerror(uv_translate_sys_error(errnum)));
        engine_fault(e, -errnum, text);
    }
}

static uint64_t num_started(const struct worker *w, const struct target *target)
{
    unsigned family = addr_is_v4(target->addr) ? 0 : 1;
    return atomic_load_explicit(&w->engine->num_started[family], memory_order_relaxed);
}

static bool is_route(int errnum)
{
    return errnum == ENETUNREACH || errnum == EHOSTUNREACH;
}

/* A target that has failed TRIES_MAX times for our sake is left alone: its position stays open. */
void worker_put_back(struct worker *w, const struct visit *visit, const struct target *target,
                     int errnum, uint64_t now_ns)
{
    struct visit next = *visit;
    worker_count(w, COUNT_OURS);
    if (next.tries++ == 0)
        next.started = num_started(w, target);
    if (next.tries < TRIES_MAX && again_put(&w->again, &next) != 0)
        engine_fault(w->engine, UV_ENOMEM, "no memory for a target to be tried again");
    /* where there is no route to one, there may be to the next new one: no need to wait */
    bool goes_on = w->again.num < AGAIN_MANY && !lease_source_empty(w->engine->config.leases);
    if (!is_route(errnum) || !goes_on)
        hold(w, target, errnum, now_ns);
}

/* Tells whether connect() failing at once is a finding about the target: it is not for us to visit
 * (broadcast, a firewall, no scope); or there is no route to it, while others of its family could
 * be started since. */
static bool is_unroutable(const struct worker *w, const struct visit *visit,
                          const struct target *target, int errnum, enum cause *cause)
{
    if (visit->tries < UNROUTABLE_TRIES)
        return false;
    if (is_route(errnum) && num_started(w, target) == visit->started)
        return false;
    switch (errnum) {
    case ENETUNREACH:
    case EINVAL: *cause = CAUSE_NET_UNREACHABLE; return true;
    case EHOSTUNREACH: *cause = CAUSE_HOST_UNREACHABLE; return true;
    case EACCES:
    case EPERM: *cause = CAUSE_ADMIN_PROHIBITED; return true;
    default: return false;
    }
}

/* ---- probes ---- */

static struct probe *take_probe(struct worker *w)
{
    if (w->free_probes == NULL) {
        struct probe_slab *slab = calloc(1, sizeof *slab);
        if (slab == NULL)
            return NULL;
        slab->next = w->slabs;
        w->slabs = slab;
        for (size_t i = 0; i < sizeof slab->probes / sizeof slab->probes[0]; i++) {
            slab->probes[i].worker = w;
            slab->probes[i].next_free = w->free_probes;
            w->free_probes = &slab->probes[i];
        }
    }
    struct probe *p = w->free_probes;
    w->free_probes = p->next_free;
    w->num_active++;
    return p;
}

static void give_probe(struct worker *w, struct probe *p)
{
    p->next_free = w->free_probes;
    w->free_probes = p;
    w->num_active--;
}

/* ---- starting ---- */

/* records a target that is not connected to, by the credit that it has */
static void record_unvisited(struct worker *w, enum cause cause, int errnum, uint64_t now_ns)
{
    int rc = probe_record_unvisited(w, w->next.position, &w->next_target, cause, errnum, now_ns);
    if (rc == 0)
        return;
    result_queue_release(&w->engine->queue, RESULT_CREDIT);
    engine_fault(w->engine, UV_ENOMEM, "no memory for a result");
}

/* starts w->next, under a grant */
static void begin(struct worker *w, uint64_t now_ns)
{
    enum cause cause;
    struct probe *p = take_probe(w);
    int rc = p != NULL ? probe_start(p, &w->next, &w->next_target, now_ns) : UV_ENOMEM;
    if (rc == 0)
        return;
    if (p != NULL)
        give_probe(w, p);
    bool finding = is_unroutable(w, &w->next, &w->next_target, -rc, &cause);
    if (finding)
        record_unvisited(w, cause, -rc, now_ns);
    engine_release(w->engine, !finding, w->number);
    if (!finding)
        worker_put_back(w, &w->next, &w->next_target, -rc, now_ns);
}

/* sees to it that the next turn of the loop starts what it may */
static void start_soon(struct worker *w);

static bool over(struct worker *w)
{
    return w->num_active == 0 && (atomic_load(&w->engine->stop) != ENGINE_RUN || !find_next(w));
}

/* starts w->next, or records it, if the limits grant it; else they will be asked again */
static bool start_next(struct worker *w, uint64_t now_ns)
{
    struct engine *e = w->engine;
    uint64_t wait_ns = 0;
    if (w->hold_until_ns > now_ns) {
        worker_wake_at(w, w->hold_until_ns);
        return false;
    }
    if (e->config.filter != NULL && addr_refused(e->config.filter, w->next_target.addr)) {
        if (!engine_credit(e, w->number))
            return false;
        record_unvisited(w, CAUSE_BLOCKED, 0, now_ns);
        w->has_next = false;
        return true;
    }
    enum grant grant = engine_grant(e, &wait_ns, w->number, now_ns);
    if (grant == GRANT_WAIT)
        worker_wake_at(w, now_ns + wait_ns);
    if (grant != GRANT_OK)
        return false;
    w->has_next = false;
    begin(w, now_ns);
    return true;
}

/* starts a few; the rest in the next turn of the loop */
static void fill(struct worker *w)
{
    uint64_t now_ns = uv_hrtime();
    int n = 0;
    while (n < WORKER_STARTS_MAX && atomic_load(&w->engine->stop) == ENGINE_RUN && find_next(w) &&
           start_next(w, now_ns))
        n++;
    if (over(w))
        uv_stop(&w->loop);
    else if (n == WORKER_STARTS_MAX)
        start_soon(w);
}

/* An idle handle keeps the loop from waiting in the turn in which it is active: so it is stopped
 * after the look at the sockets, not here. */
static void on_idle(uv_idle_t *idle)
{
    struct worker *w = idle->data;
    w->start_again = false;
    fill(w);
}

static void start_soon(struct worker *w)
{
    w->start_again = true;
    uv_idle_start(&w->idle, on_idle);
}

void worker_release(struct worker *w, struct probe *p, bool unused)
{
    give_probe(w, p);
    engine_release(w->engine, unused, w->number);
    start_soon(w);
}

/* ---- time ---- */

static void on_timer(uv_timer_t *timer);

void worker_wake_at(struct worker *w, uint64_t due_ns)
{
    if (due_ns >= w->timer_due_ns)
        return;
    w->timer_due_ns = due_ns;
    uint64_t now_ns = uv_now(&w->loop) * NS_PER_MS; /* libuv's clock is uv_hrtime in whole ms */
    uint64_t ms = due_ns > now_ns ? (due_ns - now_ns + NS_PER_MS - 1) / NS_PER_MS : 0;
    uv_timer_start(&w->timer, on_timer, ms, 0);
}

static void expire(struct worker *w, uint64_t now_ns)
{
    struct deadline *d;
    for (size_t i = 0; i < NUM_SESSION_WAITS; i++)
        while ((d = deadline_first(&w->waits[i])) != NULL && d->due_ns <= now_ns)
            probe_timeout(probe_of_wait(d), now_ns);
    while ((d = deadline_first(&w->sessions)) != NULL && d->due_ns <= now_ns)
        probe_timeout(probe_of_session(d), now_ns);
}

static void wake_at_next_deadline(struct worker *w)
{
    struct deadline *d;
    for (size_t i = 0; i < NUM_SESSION_WAITS; i++)
        if ((d = deadline_first(&w->waits[i])) != NULL)
            worker_wake_at(w, d->due_ns);
    if ((d = deadline_first(&w->sessions)) != NULL)
        worker_wake_at(w, d->due_ns);
}

/* Timers come before the sockets in a turn of the loop. A deadline passes only after a look at the
 * sockets: if this process was kept from running, what came in time is there to be read. */
static void on_timer(uv_timer_t *timer)
{
    struct worker *w = timer->data;
    lag_note(&w->lag, w->timer_due_ns, uv_hrtime());
    w->timer_due_ns = NEVER;
    w->look_at_deadlines = true;
    start_soon(w);
}

static void on_check(uv_check_t *check)
{
    struct worker *w = check->data;
    if (!w->start_again)
        uv_idle_stop(&w->idle);
    if (!w->look_at_deadlines)
        return;
    w->look_at_deadlines = false;
    expire(w, uv_hrtime());
    wake_at_next_deadline(w);
}

static void on_wake(uv_async_t *async)
{
    struct worker *w = async->data;
    struct deadline *d;
    if (atomic_load(&w->engine->stop) == ENGINE_ABORT)
        while ((d = deadline_first(&w->sessions)) != NULL)
            probe_abort(probe_of_session(d));
    fill(w);
}

/* ---- the thread ---- */

static void run(void *arg)
{
    struct worker *w = arg;
    fill(w);
    if (!over(w))
        uv_run(&w->loop, UV_RUN_DEFAULT);
    engine_thread_ended(w->engine);
}

int worker_start(struct worker *w)
{
    int rc = uv_thread_create(&w->thread, run, w);
    w->thread_started = rc == 0;
    return rc;
}

void worker_join(struct worker *w)
{
    if (w->thread_started)
        uv_thread_join(&w->thread);
    w->thread_started = false;
}

static void init_deadlines(struct worker *w)
{
    const struct engine_config *config = &w->engine->config;
    for (size_t i = 0; i < NUM_SESSION_WAITS; i++)
        deadline_list_init(&w->waits[i], config->wait_ns[i]);
    deadline_list_init(&w->sessions, config->session_ns);
}

static int init_loop(struct worker *w)
{
    int rc = uv_loop_init(&w->loop);
    if (rc != 0)
        return rc;
    if ((rc = uv_async_init(&w->loop, &w->wake, on_wake)) != 0) {
        uv_loop_close(&w->loop);
        return rc;
    }
    uv_timer_init(&w->loop, &w->timer);
    uv_idle_init(&w->loop, &w->idle);
    uv_check_init(&w->loop, &w->check);
    w->timer.data = w->wake.data = w->idle.data = w->check.data = w;
    uv_check_start(&w->check, on_check);
    w->timer_due_ns = NEVER;
    return 0;
}

int worker_new(struct worker **out, struct engine *engine, unsigned number)
{
    struct worker *w = calloc(1, sizeof *w);
    if (w == NULL)
        return UV_ENOMEM;
    w->engine = engine;
    w->number = number;
    int rc = init_loop(w);
    if (rc != 0) {
        free(w);
        return rc;
    }
    init_deadlines(w);
    outbuf_init(&w->out);
    w->in = malloc(WORKER_READ_MAX);
    w->tls = tls_context_new(engine->pool);
    if (w->in == NULL || w->tls == NULL) {
        worker_free(w);
        return UV_ENOMEM;
    }
    w->session_config.ehlo_name = engine->config.ehlo_name;
    w->session_config.try_anyway = engine->config.try_anyway;
    w->session_config.tls = w->tls;
    *out = w;
    return 0;
}

void worker_free(struct worker *w)
{
    if (w == NULL)
        return;
    uv_close((uv_handle_t *)&w->timer, NULL);
    uv_close((uv_handle_t *)&w->idle, NULL);
    uv_close((uv_handle_t *)&w->check, NULL);
    uv_close((uv_handle_t *)&w->wake, NULL);
    while (uv_loop_close(&w->loop) ==
           UV_EBUSY) /* a stop from before the first run ends a run at once */
        uv_run(&w->loop, UV_RUN_DEFAULT);
    tls_context_free(w->tls);
    outbuf_cleanup(&w->out);
    again_cleanup(&w->again);
    free(w->in);
    for (struct probe_slab *slab = w->slabs, *next; slab != NULL; slab = next) {
        next = slab->next;
        free(slab);
    }
    free(w);
}
