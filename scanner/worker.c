#include "scanner/worker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/audit.h"
#include "scanner/probe.h"
#include "scanner/starts.h"

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

/* ---- probes ---- */

struct probe *worker_take_probe(struct worker *w)
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

void worker_give_probe(struct worker *w, struct probe *p)
{
    p->next_free = w->free_probes;
    w->free_probes = p;
    w->num_active--;
}

/* ---- starting ---- */

/* starts a few; the rest in the next turn of the loop */
static void fill(struct worker *w)
{
    bool more = starts_fill(w, uv_hrtime());
    if (starts_over(w))
        uv_stop(&w->loop);
    else if (more)
        worker_start_soon(w);
}

/* An idle handle keeps the loop from waiting in the turn in which it is active: so it is stopped
 * after the look at the sockets, not here. */
static void on_idle(uv_idle_t *idle)
{
    struct worker *w = idle->data;
    w->start_again = false;
    fill(w);
}

void worker_start_soon(struct worker *w)
{
    w->start_again = true;
    uv_idle_start(&w->idle, on_idle);
}

void worker_release(struct worker *w, struct probe *p, bool unused)
{
    worker_give_probe(w, p);
    engine_release(w->engine, unused, w->number);
    worker_start_soon(w);
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
    worker_start_soon(w);
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
    if (!starts_over(w))
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

/* one for each EHLO name */
static bool init_sessions(struct worker *w)
{
    const struct engine_config *config = &w->engine->config;
    size_t num = config->sources->num_names;
    w->session_configs = calloc(num, sizeof w->session_configs[0]);
    for (size_t i = 0; w->session_configs != NULL && i < num; i++)
        w->session_configs[i] = (struct session_config){.ehlo_name = config->sources->names[i],
                                                        .tls = w->tls,
                                                        .try_anyway = config->try_anyway};
    return w->session_configs != NULL;
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
    errand_list_init(&w->ready);
    w->in = malloc(WORKER_READ_MAX);
    w->tls = tls_context_new(engine->pool);
    if (w->in == NULL || w->tls == NULL || !init_sessions(w)) {
        worker_free(w);
        return UV_ENOMEM;
    }
    if ((engine->config.audits & AUDIT_BIT_RESUME) != 0)
        tls_context_keep_sessions(w->tls);
    *out = w;
    return 0;
}

static void free_errands(struct errand *list)
{
    for (struct errand *next; list != NULL; list = next) {
        next = list->next;
        errand_free(list);
    }
}

static void free_again(struct again *again)
{
    while (again->num > 0) {
        struct again_visit again_visit = again_take(again);
        errand_drop(&again_visit.visit);
    }
    again_cleanup(again);
}

/* what was begun and is not over, when a sweep is stopped */
static void free_visits(struct worker *w)
{
    if (w->has_next)
        errand_drop(&w->next.visit);
    if (w->has_kept)
        errand_drop(&w->kept.visit);
    free_again(&w->again);
    free_again(&w->later);
    errand_list_cleanup(&w->ready);
    free_errands(w->errands);
    free_errands(w->resolving);
}

void worker_free(struct worker *w)
{
    if (w == NULL)
        return;
    engine_free_resolver(w->engine, w->resolver);
    uv_close((uv_handle_t *)&w->timer, NULL);
    uv_close((uv_handle_t *)&w->idle, NULL);
    uv_close((uv_handle_t *)&w->check, NULL);
    uv_close((uv_handle_t *)&w->wake, NULL);
    while (uv_loop_close(&w->loop) ==
           UV_EBUSY) /* a stop from before the first run ends a run at once */
        uv_run(&w->loop, UV_RUN_DEFAULT);
    tls_context_free(w->tls);
    outbuf_cleanup(&w->out);
    free_visits(w);
    filter_unref(w->filter);
    free(w->session_configs);
    free(w->in);
    for (struct probe_slab *slab = w->slabs, *next; slab != NULL; slab = next) {
        next = slab->next;
        free(slab);
    }
    free(w);
}
