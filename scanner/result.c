#include "scanner/result.h"

#include <openssl/pool.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <uv.h>

struct result *result_new(const struct record *record, CRYPTO_BUFFER *const *certs,
                          size_t num_certs)
{
    size_t texts_len = 0, certs_len = 0;
    for (size_t i = 0; i < NUM_TEXTS; i++)
        texts_len += record->text[i].len;
    size_t fixed_len = sizeof(struct result) + num_certs * sizeof certs[0];
    struct result *r = malloc(fixed_len + texts_len);
    if (r == NULL)
        return NULL;

    r->next = NULL;
    r->record = *record;
    uint8_t *at = (uint8_t *)r + fixed_len;
    for (size_t i = 0; i < NUM_TEXTS; i++) {
        size_t len = record->text[i].len;
        if (len > 0)
            memcpy(at, record->text[i].data, len);
        r->record.text[i] = bytes_of(len > 0 ? at : NULL, len);
        at += len;
    }
    r->num_certs = num_certs;
    for (size_t i = 0; i < num_certs; i++) {
        CRYPTO_BUFFER_up_ref(certs[i]);
        r->certs[i] = certs[i];
        certs_len += CRYPTO_BUFFER_len(certs[i]);
    }
    r->size = fixed_len + texts_len + certs_len;
    return r;
}

void result_free(struct result *r)
{
    for (size_t i = 0; i < r->num_certs; i++)
        CRYPTO_BUFFER_free(r->certs[i]);
    free(r);
}

int result_queue_init(struct result_queue *q, size_t num_sessions)
{
    pthread_condattr_t attr;
    memset(q, 0, sizeof *q);
    q->last = &q->first;
    q->max = RESULT_QUEUE_MAX + num_sessions * RESULT_CREDIT;
    atomic_init(&q->bytes, 0);
    if (pthread_mutex_init(&q->lock, NULL) != 0)
        return UV_ENOMEM;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    int rc = pthread_cond_init(&q->ready, &attr);
    pthread_condattr_destroy(&attr);
    if (rc != 0)
        pthread_mutex_destroy(&q->lock);
    return rc == 0 ? 0 : UV_ENOMEM;
}

void result_queue_cleanup(struct result_queue *q)
{
    for (struct result *r = q->first, *next; r != NULL; r = next) {
        next = r->next;
        result_free(r);
    }
    pthread_cond_destroy(&q->ready);
    pthread_mutex_destroy(&q->lock);
}

bool result_queue_credit(struct result_queue *q)
{
    if (atomic_fetch_add(&q->bytes, RESULT_CREDIT) + RESULT_CREDIT <= q->max)
        return true;
    atomic_fetch_sub(&q->bytes, RESULT_CREDIT);
    return false;
}

void result_queue_release(struct result_queue *q, size_t len)
{
    atomic_fetch_sub(&q->bytes, len);
}

void result_push(struct result_queue *q, struct result *r)
{
    atomic_fetch_add(&q->bytes, r->size);
    atomic_fetch_sub(&q->bytes, RESULT_CREDIT);
    pthread_mutex_lock(&q->lock);
    *q->last = r;
    q->last = &r->next;
    q->queued += r->size;
    bool wake = q->queued >= RESULT_QUEUE_WAKE &&
                !q->awake; /* a wake-up each would cost more than the rest */
    q->awake |= wake;
    pthread_mutex_unlock(&q->lock);
    if (wake)
        pthread_cond_signal(&q->ready);
}

void result_queue_close(struct result_queue *q)
{
    pthread_mutex_lock(&q->lock);
    q->closed = true;
    q->awake = true;
    pthread_mutex_unlock(&q->lock);
    pthread_cond_signal(&q->ready);
}

static struct timespec after(uint64_t wait_ns)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    uint64_t ns = (uint64_t)t.tv_nsec + wait_ns;
    t.tv_sec += (time_t)(ns / 1000000000);
    t.tv_nsec = (long)(ns % 1000000000);
    return t;
}

struct result *result_take(struct result_queue *q, bool *closed, uint64_t wait_ns)
{
    struct timespec until = after(wait_ns);
    pthread_mutex_lock(&q->lock);
    while (!q->awake && pthread_cond_timedwait(&q->ready, &q->lock, &until) == 0)
        ;
    struct result *all = q->first;
    q->first = NULL;
    q->last = &q->first;
    q->queued = 0;
    q->awake = q->closed;
    *closed = q->closed;
    pthread_mutex_unlock(&q->lock);
    return all;
}
