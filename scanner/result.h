/*
 * result: a finished target, or an event, on its way from a worker to the writer; and the queue
 * between them.
 *
 * Units      credit and sizes in octets.
 * Promise    the queue is bounded: a session starts only after result_queue_credit has set aside
 *            RESULT_CREDIT for what it may collect; what it really collected is settled when it is
 *            pushed, or given back. So beyond the bound there is at most what sessions that run
 *            already collect over their credit (session.h bounds that: some 200 KiB each).
 * Ownership  result_new copies everything but, unless it is told to, host and tag (which belong to
 *            the target space then) and takes references of the certificates; result_push hands it
 *            over; result_free by whoever took it.
 * Threads    any number push, one takes.
 */
#ifndef MXSWEEP_SCANNER_RESULT_H
#define MXSWEEP_SCANNER_RESULT_H

#include <openssl/base.h>
#include <pthread.h>
#include <stdbool.h>

#include "core/dataset.h"
#include "scanner/visit.h"

enum result_kind {
    RESULT_RECORD,
    RESULT_SKIP, /* a position of a stream that holds no target */
    RESULT_EVENT
};

enum { RESULT_PAIRS_MAX = 4, RESULT_TEXT_MAX = 80 };

/* Leaves, and the octets of one: those of all addresses of a host name fit into a block with its
 * records, however large the peers make both. */
enum { RESULT_LEAVES_MAX = 2, RESULT_LEAF_MAX = 64 << 10 };

/* something that happened to the sweep */
struct result_event {
    uint64_t at_us; /* from the dataset's start */
    char what[16];
    size_t num_pairs;
    struct {
        char key[24], value[RESULT_TEXT_MAX];
    } pairs[RESULT_PAIRS_MAX];
};

struct result {
    struct result *next;
    struct result *also; /* the next record of the same position; NULL: this is the last one */
    enum result_kind kind;
    bool is_group;              /* all records of a host name's position */
    size_t size;                /* octets, certificates included */
    struct visit visit;         /* to be made again, if it turns out that we were cut off */
    uint64_t start_ns, end_ns;  /* of the attempt, or of the group's; of the engine's clock */
    struct result_event *event; /* RESULT_EVENT */
    struct record record;       /* texts point behind this struct; chain hashes are not filled */
    uint8_t *audit;             /* of record, for it came later; NULL: none */
    CRYPTO_BUFFER *leaves[RESULT_LEAVES_MAX]; /* that audits name, besides the chain's */
    size_t num_leaves;
    size_t num_certs;
    CRYPTO_BUFFER *certs[]; /* then the texts */
};

struct result *result_new(const struct record *record, CRYPTO_BUFFER *const *certs,
                          size_t num_certs, bool copy_names);
/* result_set_audit copies what audits found, once, into the record. -ENOMEM. result_add_leaf takes
 * a reference of a certificate that it names; those over RESULT_LEAVES_MAX are left out, and one
 * over RESULT_LEAF_MAX. */
int result_set_audit(struct result *r, struct bytes audit);
void result_add_leaf(struct result *r, CRYPTO_BUFFER *leaf);
/* result_new_event takes texts of our own, cut to what fits. */
struct result *result_new_event(uint64_t at_us, const char *what);
void result_add_pair(struct result *r, const char *key, const char *value);
/* result_free frees one; what hangs on `also` is left. */
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
    size_t max;           /* of bytes */
    _Atomic size_t bytes; /* set aside and queued and not yet released */
};

/* result_queue_init makes room for the credit of num_sessions at once, and RESULT_QUEUE_MAX. */
int result_queue_init(struct result_queue *q, size_t num_sessions);
void result_queue_cleanup(struct result_queue *q);

/* result_queue_credit sets aside RESULT_CREDIT; false: the queue is full. */
bool result_queue_credit(struct result_queue *q);
/* result_queue_overdraw does so whether there is room or not: for what makes room. */
void result_queue_overdraw(struct result_queue *q);
bool result_queue_is_full(const struct result_queue *q);
/* result_queue_release gives back octets: a credit not used, or results that were stored. */
void result_queue_release(struct result_queue *q, size_t len);

/* result_hold counts r in place of a credit, before it is pushed: others of its position are to
 * come. */
void result_hold(struct result_queue *q, struct result *r);
/* result_push puts r, held, into the queue, with all that hangs on its `also`. */
void result_push(struct result_queue *q, struct result *r);
/* result_push_event puts in an event: whatever the bound, for they are few. */
void result_push_event(struct result_queue *q, struct result *r);
/* result_queue_close: nothing is pushed any more. */
void result_queue_close(struct result_queue *q);

/* result_take waits until there is much, or wait_ns has passed, or the queue is closed; takes all
 * that is there (a list, or NULL). *closed tells that nothing more will come. Release their size
 * when they are stored. */
struct result *result_take(struct result_queue *q, bool *closed, uint64_t wait_ns);

#endif
