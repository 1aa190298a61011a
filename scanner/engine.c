#include "scanner/engine.h"

#include <openssl/pool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "scanner/auditing.h"
#include "scanner/errand.h"
#include "scanner/worker.h"
#include "scanner/writer.h"

/* ---- grants ---- */

static enum grant try_grant(struct engine *e, uint64_t *wait_ns, bool makes_room, uint64_t now_ns)
{
    if (makes_room)
        result_queue_overdraw(&e->queue);
    else if (!result_queue_credit(&e->queue))
        return GRANT_FULL;
    enum grant grant = limiter_start(&e->limiter, wait_ns, now_ns);
    if (grant != GRANT_OK)
        result_queue_release(&e->queue, RESULT_CREDIT);
    return grant;
}

enum grant engine_grant(struct engine *e, uint64_t *wait_ns, unsigned who, bool makes_room,
                        uint64_t now_ns)
{
    uint64_t bit = UINT64_C(1) << who;
    if ((atomic_load(&e->waiting) & bit) != 0)
        atomic_fetch_and(&e->waiting, ~bit);
    enum grant grant = try_grant(e, wait_ns, makes_room, now_ns);
    if (grant == GRANT_FULL) {
        atomic_fetch_or(&e->waiting, bit);
        /* room that was made before the bit was seen */
        grant = try_grant(e, wait_ns, makes_room, now_ns);
    }
    return grant;
}

bool engine_credit(struct engine *e, unsigned who)
{
    if (result_queue_credit(&e->queue))
        return true;
    atomic_fetch_or(&e->waiting, UINT64_C(1) << who);
    return result_queue_credit(&e->queue);
}

void engine_room(struct engine *e, unsigned who)
{
    uint64_t mine = who < ENGINE_WORKERS_MAX ? UINT64_C(1) << who : 0;
    if ((atomic_load(&e->waiting) & ~mine) == 0)
        return;
    uint64_t waiting = atomic_fetch_and(&e->waiting, mine) & ~mine;
    for (; waiting != 0; waiting &= waiting - 1)
        worker_wake(e->workers[__builtin_ctzll(waiting)]);
}

void engine_release(struct engine *e, bool unused, unsigned who)
{
    if (unused)
        result_queue_release(&e->queue, RESULT_CREDIT);
    limiter_end(&e->limiter);
    if (e->control != NULL && atomic_load(&e->limiter.in_flight) == 0)
        worker_wake(e->workers[0]); /* it may be in a hurry */
    engine_room(e, who);
}

/* ---- stopping ---- */

void engine_wake(struct engine *e)
{
    for (unsigned i = 0; i < e->config.num_workers; i++)
        worker_wake(e->workers[i]);
}

void engine_stop(struct engine *e, enum engine_stop stop)
{
    int now = atomic_load(&e->stop);
    while (now < (int)stop && !atomic_compare_exchange_weak(&e->stop, &now, (int)stop))
        ;
    engine_wake(e);
}

void engine_fault(struct engine *e, int code, const char *text)
{
    pthread_mutex_lock(&e->lock);
    if (e->fault == 0) {
        e->fault = code != 0 ? code : UV_UNKNOWN;
        snprintf(e->fault_text, sizeof e->fault_text, "%s", text);
    }
    pthread_mutex_unlock(&e->lock);
    engine_stop(e, ENGINE_ABORT);
}

void engine_set_step(struct engine *e, uint64_t step_ns)
{
    limiter_set_step(&e->limiter, step_ns, uv_hrtime());
    engine_wake(e);
}

void engine_set_filter(struct engine *e, struct filter *filter)
{
    filter_slot_set(&e->filter, filter);
    engine_wake(e);
}

uint64_t engine_offset_us(const struct engine *e, uint64_t at_ns)
{
    return e->config.offset_us + (at_ns > e->start_ns ? at_ns - e->start_ns : 0) / 1000;
}

void engine_event(struct engine *e, const char *what, const char *key, const char *value)
{
    struct result *event = result_new_event(engine_offset_us(e, uv_hrtime()), what);
    if (event == NULL) {
        engine_fault(e, UV_ENOMEM, "no memory for an event");
        return;
    }
    if (value != NULL)
        result_add_pair(event, key, value);
    result_push_event(&e->queue, event);
}

/* ---- a stream's bell ---- */

void engine_bell_init(struct engine_bell *bell)
{
    pthread_mutex_init(&bell->lock, NULL);
    pthread_cond_init(&bell->rung, NULL);
    bell->was_rung = false;
    bell->engine = NULL;
}

void engine_bell_cleanup(struct engine_bell *bell)
{
    pthread_cond_destroy(&bell->rung);
    pthread_mutex_destroy(&bell->lock);
}

static void bell_set(struct engine_bell *bell, struct engine *e)
{
    if (bell == NULL)
        return;
    pthread_mutex_lock(&bell->lock);
    bell->engine = e;
    pthread_mutex_unlock(&bell->lock);
}

void engine_bell_ring(void *arg)
{
    struct engine_bell *bell = arg;
    pthread_mutex_lock(&bell->lock);
    bell->was_rung = true;
    if (bell->engine != NULL)
        engine_wake(bell->engine);
    pthread_cond_signal(&bell->rung);
    pthread_mutex_unlock(&bell->lock);
}

void engine_bell_wait(struct engine_bell *bell)
{
    pthread_mutex_lock(&bell->lock);
    while (!bell->was_rung)
        pthread_cond_wait(&bell->rung, &bell->lock);
    bell->was_rung = false;
    pthread_mutex_unlock(&bell->lock);
}

/* ---- positions ---- */

static void count_if(struct engine *e, enum engine_counter which, bool yes)
{
    if (yes)
        atomic_fetch_add_explicit(&e->outcomes[which], 1, memory_order_relaxed);
}

void engine_count_outcomes(struct engine *e, const struct result *result)
{
    for (; result != NULL; result = result->also) {
        const struct record *r = &result->record;
        count_if(e, COUNT_OPEN, r->stage > STAGE_CONNECT);
        count_if(e, COUNT_STARTTLS, r->stage >= STAGE_HANDSHAKE);
        count_if(e, COUNT_TLS, r->handshake_done);
        count_if(e, COUNT_THROTTLED, r->cause == CAUSE_THROTTLED);
    }
}

void engine_unsettle(struct engine *e)
{
    atomic_fetch_add_explicit(&e->num_unsettled, 1, memory_order_relaxed);
}

void engine_settle(struct engine *e, const struct visit *visit, bool done)
{
    struct errand *errand = visit_errand(visit);
    if (errand != NULL && errand->named != NULL)
        engine_name_over(e);
    if (errand != NULL && errand->auditing != NULL)
        engine_audit_over(e, errand->auditing->held);
    if (errand != NULL)
        errand_free(errand);
    atomic_fetch_add_explicit(done ? &e->num_done : &e->num_left_alone, 1, memory_order_relaxed);
    if (atomic_fetch_sub(&e->num_unsettled, 1) == 1)
        engine_wake(e); /* it may have been the last */
}

void engine_name_begun(struct engine *e)
{
    atomic_fetch_add(&e->num_names, 1);
}

void engine_name_over(struct engine *e)
{
    if (atomic_fetch_sub(&e->num_names, 1) == ENGINE_NAMES_MAX)
        engine_wake(e); /* whoever could begin none */
}

bool engine_has_room_for_name(const struct engine *e)
{
    return atomic_load(&e->num_names) < ENGINE_NAMES_MAX;
}

void engine_audit_begun(struct engine *e, size_t octets)
{
    atomic_fetch_add(&e->audited, octets);
}

void engine_audit_over(struct engine *e, size_t octets)
{
    uint64_t before = atomic_fetch_sub(&e->audited, octets);
    if (before >= ENGINE_AUDITS_MAX && before - octets < ENGINE_AUDITS_MAX)
        engine_wake(e); /* whoever could begin none */
}

bool engine_has_room_for_audit(const struct engine *e)
{
    return atomic_load(&e->audited) < ENGINE_AUDITS_MAX;
}

bool engine_is_settled(const struct engine *e)
{
    return atomic_load(&e->num_unsettled) == 0;
}

bool engine_admit(struct engine *e)
{
    uint64_t max = e->config.max_targets;
    if (max == 0 || atomic_fetch_add(&e->num_admitted, 1) < max)
        return true;
    atomic_fetch_sub(&e->num_admitted, 1);
    return false;
}

void engine_give_back(struct engine *e, const struct visit *visit)
{
    struct again_visit again = {.visit = *visit};
    pthread_mutex_lock(&e->lock);
    int rc = again_put(&e->back, &again);
    if (rc == 0)
        atomic_fetch_add(&e->num_back, 1);
    pthread_mutex_unlock(&e->lock);
    if (rc != 0)
        engine_fault(e, rc, "no memory for a target to be visited again");
}

bool engine_take_back(struct engine *e, struct visit *out)
{
    if (atomic_load_explicit(&e->num_back, memory_order_relaxed) == 0)
        return false;
    pthread_mutex_lock(&e->lock);
    bool any = e->back.num > 0;
    if (any) {
        *out = again_take(&e->back).visit;
        atomic_fetch_sub(&e->num_back, 1);
    }
    pthread_mutex_unlock(&e->lock);
    return any;
}

bool engine_is_paused(const struct engine *e)
{
    return (e->control != NULL && control_is_paused(e->control)) ||
           atomic_load_explicit(&e->disk_waits, memory_order_relaxed);
}

void engine_control_news(struct engine *e, enum control_news news)
{
    size_t num;
    switch (news) {
    case CONTROL_NOTHING: return;
    case CONTROL_GO:
        engine_event(e, "go-on", NULL, NULL);
        engine_wake(e);
        return;
    case CONTROL_CUT_OFF: engine_event(e, "pause", "why", "no control target answers"); return;
    case CONTROL_HOPELESS: break;
    }
    char text[ENGINE_FAULT_MAX];
    control_num_answered(e->control, &num);
    snprintf(text, sizeof text,
             "none of %zu control targets answers: this host cannot reach the port, and every "
             "target would look silent; see to the network (outgoing port 25 is often blocked)",
             num);
    engine_fault(e, UV_ENETUNREACH, text);
}

int engine_resolver(struct engine *e, struct resolver **out, char err[ENGINE_FAULT_MAX],
                    uv_loop_t *loop)
{
    static const struct resolver_config usual = {.want4 = true, .want6 = true};
    const struct resolver_config *config = e->config.resolver != NULL ? e->config.resolver : &usual;
    pthread_mutex_lock(&e->lock);
    int rc = resolver_new(out, err, ENGINE_FAULT_MAX, loop, config);
    pthread_mutex_unlock(&e->lock);
    return rc;
}

void engine_free_resolver(struct engine *e, struct resolver *r)
{
    pthread_mutex_lock(&e->lock);
    resolver_free(r);
    pthread_mutex_unlock(&e->lock);
}

void engine_thread_ended(struct engine *e)
{
    unsigned left = atomic_fetch_sub(&e->num_running, 1) - 1;
    if (left == 2 && e->control != NULL)
        worker_wake(e->workers[0]); /* which asks control targets for the others, so it ends last */
    if (left == 1)
        result_queue_close(&e->queue); /* only the writer is left */
    if (left == 0) {
        uint64_t one = 1;
        ssize_t n = write(e->ended_fd, &one, sizeof one);
        (void)n; /* an eventfd at 0 takes a 1 */
    }
}

int engine_ended_fd(const struct engine *e)
{
    return e->ended_fd;
}

/* ---- looking on ---- */

void engine_figures(struct engine *e, struct engine_figures *out)
{
    memset(out, 0, sizeof *out);
    for (unsigned i = 0; i < e->config.num_workers; i++) {
        struct worker *w = e->workers[i];
        for (size_t c = 0; c < NUM_ENGINE_COUNTERS; c++)
            out->count[c] += atomic_load_explicit(&w->count[c], memory_order_relaxed);
        uint64_t lag_ns = lag_take(&w->lag);
        if (lag_ns > out->loop_lag_ns)
            out->loop_lag_ns = lag_ns;
    }
    struct networks_figures networks;
    networks_figures(e->networks, &networks);
    for (size_t c = 0; c < NUM_ENGINE_COUNTERS; c++)
        out->count[c] += atomic_load_explicit(&e->outcomes[c], memory_order_relaxed);
    out->count[COUNT_DONE] = atomic_load(&e->num_done);
    out->num_parked = networks.num_parked;
    out->num_backed_off = networks.num_backed_off;
    out->num_unsettled = atomic_load(&e->num_unsettled);
    out->cut_off = e->control != NULL && control_is_cut_off(e->control);
    out->disk_waits = atomic_load(&e->disk_waits);
    out->num_left_alone = atomic_load(&e->num_left_alone);
    out->streamed = e->config.stream != NULL;
    out->stream_ended = atomic_load(&e->stream_ended) && !atomic_load(&e->stream_cut);
    if (out->streamed)
        stream_figures(e->config.stream, &out->stream);
    out->step_ns = atomic_load(&e->limiter.step_ns);
    out->stop = (enum engine_stop)atomic_load(&e->stop);
    out->in_flight = atomic_load(&e->limiter.in_flight);
    out->queue_bytes = atomic_load(&e->queue.bytes);
}

/* ---- start and end ---- */

static void drop(void *arg, const struct visit *visit)
{
    (void)arg;
    errand_drop(visit);
}

static void engine_free(struct engine *e)
{
    for (unsigned i = 0; i < e->config.num_workers; i++)
        worker_free(e->workers[i]);
    networks_free(e->networks, drop, NULL);
    for (struct visit visit; engine_take_back(e, &visit);)
        drop(NULL, &visit);
    again_cleanup(&e->back);
    result_queue_cleanup(&e->queue);
    filter_slot_cleanup(&e->filter);
    CRYPTO_BUFFER_POOL_free(e->pool);
    pthread_mutex_destroy(&e->lock);
    if (e->ended_fd >= 0)
        close(e->ended_fd);
    free(e);
}

static int engine_new(struct engine **out, const struct engine_config *config)
{
    struct engine *e = calloc(1, sizeof *e);
    if (e == NULL) {
        filter_unref(config->filter);
        return UV_ENOMEM;
    }
    e->config = *config;
    e->start_ns = uv_hrtime();
    e->control = config->control;
    limiter_init(&e->limiter, config->step_ns, config->max_in_flight, e->start_ns);
    pthread_mutex_init(&e->lock, NULL);
    filter_slot_init(&e->filter, config->filter);
    int rc = result_queue_init(&e->queue, config->max_in_flight);
    e->ended_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    e->pool = CRYPTO_BUFFER_POOL_new();
    if (rc == 0)
        rc = e->ended_fd < 0 || e->pool == NULL ? UV_ENOMEM
                                                : networks_new(&e->networks, config->networks);
    for (unsigned i = 0; rc == 0 && i < config->num_workers; i++)
        rc = worker_new(&e->workers[i], e, i);
    if (rc != 0)
        engine_free(e);
    else
        *out = e;
    return rc;
}

int engine_start(struct engine **out, const struct engine_config *config)
{
    struct engine *e;
    int rc = engine_new(&e, config);
    if (rc != 0)
        return rc;

    atomic_store(&e->num_running, config->num_workers + 1);
    bell_set(config->bell, e); /* before a worker can find the stream empty */
    rc = writer_start(&e->writer, e);
    if (rc != 0) {
        bell_set(config->bell, NULL);
        engine_free(e);
        return rc;
    }
    for (unsigned i = 0; i < config->num_workers; i++) {
        if (rc == 0)
            rc = worker_start(e->workers[i]);
        if (rc != 0) { /* its part of the thread's end, since there is none */
            engine_fault(e, rc, "a thread could not be started");
            engine_thread_ended(e);
        }
    }
    *out = e;
    return 0;
}

int engine_join(struct engine *e, char fault[ENGINE_FAULT_MAX])
{
    for (unsigned i = 0; i < e->config.num_workers; i++)
        worker_join(e->workers[i]);
    writer_join(e->writer);
    bell_set(e->config.bell, NULL);
    int rc = e->fault;
    memcpy(fault, e->fault_text, ENGINE_FAULT_MAX);
    engine_free(e);
    return rc;
}
