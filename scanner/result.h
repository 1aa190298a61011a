/*
 * result: a finished target on its way from a worker to the writer; and the queue between them.
 *
 * Units      credit and sizes in octets.
 * Promise    the queue is bounded: a session starts only after result_queue_credit has set aside
 *            RESULT_CREDIT for what it may collect; what it really collected is settled when it is
 *            pushed, or given back. So beyond the bound there is at most what sessions that run
 *            already collect over their credit (session.h bounds that: some 200 KiB each).
 * Ownership  result_new copies everything but host and tag (which belong to the target space) and
 *            takes references of the certificates; result_push hands it over; result_free by
 *            whoever took it.
 * Threads    any number push, one takes.
 */
#ifndef MXSWEEP_SCANNER_RESULT_H
#define MXSWEEP_SCANNER_RESULT_H

#include <openssl/base.h>
#include <pthread.h>
#include <stdbool.h>

#include "core/record.h"

struct result {
    struct result *next;
    size_t size;          /* octets, certificates included */
    struct record record; /* texts point behind this struct; chain hashes are not filled */
    size_t num_certs;
    CRYPTO_BUFFER *certs[]; /* then the texts */
};

struct result *result_new(const struct record *record, CRYPTO_BUFFER *const *certs,
                          size_t num_certs);
void result_free(struct result *r);

enum {
    RESULT_CREDIT = 2048,         /* octets set aside for a session */
    RESULT_QUEUE_MAX = 64 << 20,  /* octets queued at which no session starts */
    RESULT_QUEUE_WAKE = 256 << 10 /* octets queued at which the writer is woken before its time */
};

struct result_queue {
    pthread_mutex_t lock;
    pthread_cond_t ready;
    struct result *first, **last;
    size_t queued; /* octets of the results in the queue */
    bool closed, awake;
    size_t max; /* of bytes */
    _Atomic size_t bytes; /* set aside and queued and not yet released */
};

/* result_queue_init makes room for the credit of num_sessions at once, and RESULT_QUEUE_MAX. */
int result_queue_init(struct result_queue *q, size_t num_sessions);
void result_queue_cleanup(struct result_queue *q);

/* result_queue_credit sets aside RESULT_CREDIT; false: the queue is full. */
bool result_queue_credit(struct result_queue *q);
/* result_queue_release gives back octets: a credit not used, or results that were stored. */
void result_queue_release(struct result_queue *q, size_t len);

/* result_push puts r into the queue in place of a credit. */
void result_push(struct result_queue *q, struct result *r);
/* result_queue_close: nothing is pushed any more. */
void result_queue_close(struct result_queue *q);

/* result_take waits until there is much, or wait_ns has passed, or the queue is closed; takes all
 * that is there (a list, or NULL). *closed tells that nothing more will come. Release their size
 * when they are stored. */
struct result *result_take(struct result_queue *q, bool *closed, uint64_t wait_ns);

#endif
