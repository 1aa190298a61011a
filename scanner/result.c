#include "scanner/result.h"

#include <openssl/pool.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <uv.h>

/* what a result copies of a record, all its octet strings */
enum { NUM_COPIED = NUM_TEXTS + 2 };

static size_t copied(struct bytes *fields[NUM_COPIED], struct record *r, bool names)
{
    size_t num = 0;
    for (size_t i = 0; i < NUM_TEXTS; i++)
        fields[num++] = &r->text[i];
    if (names) {
        fields[num++] = &r->host;
        fields[num++] = &r->tag;
    }
    return num;
}

struct result *result_new(const struct record *record, CRYPTO_BUFFER *const *certs,
                          size_t num_certs, bool copy_names)
{
    struct record copy = *record;
    struct bytes *fields[NUM_COPIED];
    size_t num = copied(fields, &copy, copy_names), texts_len = 0;
    for (size_t i = 0; i < num; i++)
        texts_len += fields[i]->len;
    size_t fixed_len = sizeof(struct result) + num_certs * sizeof certs[0];
    struct result *r = malloc(fixed_len + texts_len);
    if (r == NULL)
        return NULL;

    uint8_t *at = (uint8_t *)r + fixed_len;
    for (size_t i = 0; i < num; i++) {
        size_t len = fields[i]->len;
        if (len > 0)
            memcpy(at, fields[i]->data, len);
        *fields[i] = bytes_of(len > 0 ? at : NULL, len);
        at += len;
    }
    size_t certs_len = 0;
    *r = (struct result){.kind = RESULT_RECORD, .record = copy, .num_certs = num_certs};
    for (size_t i = 0; i < num_certs; i++) {
        CRYPTO_BUFFER_up_ref(certs[i]);
        r->certs[i] = certs[i];
        certs_len += CRYPTO_BUFFER_len(certs[i]);
    }
    r->size = fixed_len + texts_len + certs_len;
    return r;
}

int result_set_audit(struct result *r, struct bytes audit)
{
    r->audit = malloc(audit.len);
    if (r->audit == NULL)
        return UV_ENOMEM;
    memcpy(r->audit, audit.data, audit.len);
    r->record.text[TEXT_AUDIT] = bytes_of(r->audit, audit.len);
    r->size += audit.len;
    return 0;
}

void result_add_leaf(struct result *r, CRYPTO_BUFFER *leaf)
{
    if (r->num_leaves == RESULT_LEAVES_MAX || CRYPTO_BUFFER_len(leaf) > RESULT_LEAF_MAX)
        return;
    CRYPTO_BUFFER_up_ref(leaf);
    r->leaves[r->num_leaves++] = leaf;
    r->size += CRYPTO_BUFFER_len(leaf);
}

struct result *result_new_event(uint64_t at_us, const char *what)
{
    struct result *r = calloc(1, sizeof *r);
    struct result_event *event = calloc(1, sizeof *event);
    if (r == NULL || event == NULL) {
        free(event);
        free(r);
        return NULL;
    }
    event->at_us = at_us;
    snprintf(event->what, sizeof event->what, "%s", what);
    r->kind = RESULT_EVENT;
    r->event = event;
    r->size = sizeof *r + sizeof *event;
    return r;
}

void result_add_pair(struct result *r, const char *key, const char *value)
{
    struct result_event *event = r->event;
    if (event->num_pairs == RESULT_PAIRS_MAX)
        return;
    snprintf(event->pairs[event->num_pairs].key, sizeof event->pairs[0].key, "%s", key);
    snprintf(event->pairs[event->num_pairs].value, sizeof event->pairs[0].value, "%s", value);
    event->num_pairs++;
}

void result_free(struct result *r)
{
    for (size_t i = 0; i < r->num_certs; i++)
        CRYPTO_BUFFER_free(r->certs[i]);
    for (size_t i = 0; i < r->num_leaves; i++)
        CRYPTO_BUFFER_free(r->leaves[i]);
    free(r->audit);
    free(r->event);
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
        for (struct result *also; r != NULL; r = also) {
            also = r->also;
            result_free(r);
        }
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

void result_queue_overdraw(struct result_queue *q)
{
    atomic_fetch_add(&q->bytes, RESULT_CREDIT);
}

bool result_queue_is_full(const struct result_queue *q)
{
    return atomic_load(&q->bytes) + RESULT_CREDIT > q->max;
}

void result_queue_release(struct result_queue *q, size_t len)
{
    atomic_fetch_sub(&q->bytes, len);
}

void result_hold(struct result_queue *q, struct result *r)
{
    atomic_fetch_add(&q->bytes, r->size);
    atomic_fetch_sub(&q->bytes, RESULT_CREDIT);
}

void result_push(struct result_queue *q, struct result *r)
{
    size_t size = 0;
    for (const struct result *one = r; one != NULL; one = one->also)
        size += one->size;
    pthread_mutex_lock(&q->lock);
    *q->last = r;
    q->last = &r->next;
    q->queued += size;
    bool wake = q->queued >= RESULT_QUEUE_WAKE &&
                !q->awake; /* a wake-up each would cost more than the rest */
    q->awake |= wake;
    pthread_mutex_unlock(&q->lock);
    if (wake)
        pthread_cond_signal(&q->ready);
}

void result_push_event(struct result_queue *q, struct result *r)
{
    atomic_fetch_add(&q->bytes, r->size);
    result_push(q, r);
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
