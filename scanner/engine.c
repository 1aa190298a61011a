#include "scanner/engine.h"

#include <openssl/pool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "scanner/worker.h"
#include "scanner/writer.h"

/* ---- grants ---- */

static enum grant try_grant(struct engine *e, uint64_t *wait_ns, uint64_t now_ns)
{
    if (!result_queue_credit(&e->queue))
        return GRANT_FULL;
    enum grant grant = limiter_start(&e->limiter, wait_ns, now_ns);
    if (grant != GRANT_OK)
        result_queue_release(&e->queue, RESULT_CREDIT);
    return grant;
}

enum grant engine_grant(struct engine *e, uint64_t *wait_ns, unsigned who, uint64_t now_ns)
{
    uint64_t bit = UINT64_C(1) << who;
    if ((atomic_load(&e->waiting) & bit) != 0)
        atomic_fetch_and(&e->waiting, ~bit);
    enum grant grant = try_grant(e, wait_ns, now_ns);
    if (grant == GRANT_FULL) {
        atomic_fetch_or(&e->waiting, bit);
        grant = try_grant(e, wait_ns, now_ns); /* room that was made before the bit was seen */
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
    engine_room(e, who);
}

/* ---- stopping ---- */

static void wake_all(struct engine *e)
{
    for (unsigned i = 0; i < e->config.num_workers; i++)
        worker_wake(e->workers[i]);
}

void engine_stop(struct engine *e, enum engine_stop stop)
{
    int now = atomic_load(&e->stop);
    while (now < (int)stop && !atomic_compare_exchange_weak(&e->stop, &now, (int)stop))
        ;
    wake_all(e);
}

void engine_fault(struct engine *e, int code, const char *text)
{
    pthread_mutex_lock(&e->fault_lock);
    if (e->fault == 0) {
        e->fault = code != 0 ? code : UV_UNKNOWN;
        snprintf(e->fault_text, sizeof e->fault_text, "%s", text);
    }
    pthread_mutex_unlock(&e->fault_lock);
    engine_stop(e, ENGINE_ABORT);
}

void engine_thread_ended(struct engine *e)
{
    unsigned left = atomic_fetch_sub(&e->num_running, 1) - 1;
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
    out->step_ns = e->limiter.step_ns;
    out->stop = (enum engine_stop)atomic_load(&e->stop);
    out->in_flight = atomic_load(&e->limiter.in_flight);
    out->queue_bytes = atomic_load(&e->queue.bytes);
}

/* ---- start and end ---- */

static void engine_free(struct engine *e)
{
    for (unsigned i = 0; i < e->config.num_workers; i++)
        worker_free(e->workers[i]);
    result_queue_cleanup(&e->queue);
    CRYPTO_BUFFER_POOL_free(e->pool);
    pthread_mutex_destroy(&e->fault_lock);
    if (e->ended_fd >= 0)
        close(e->ended_fd);
    free(e);
}

static int engine_new(struct engine **out, const struct engine_config *config)
{
    struct engine *e = calloc(1, sizeof *e);
    if (e == NULL)
        return UV_ENOMEM;
    e->config = *config;
    e->start_ns = uv_hrtime();
    limiter_init(&e->limiter, config->step_ns, config->max_in_flight, e->start_ns);
    int rc = result_queue_init(&e->queue, config->max_in_flight);
    if (rc != 0) {
        free(e);
        return rc;
    }
    pthread_mutex_init(&e->fault_lock, NULL);
    e->ended_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    e->pool = CRYPTO_BUFFER_POOL_new();
    rc = e->ended_fd < 0 || e->pool == NULL ? UV_ENOMEM : 0;
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
    rc = writer_start(&e->writer, e);
    if (rc != 0) {
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
    int rc = e->fault;
    memcpy(fault, e->fault_text, ENGINE_FAULT_MAX);
    engine_free(e);
    return rc;
}
