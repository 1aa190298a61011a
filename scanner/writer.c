#include "scanner/writer.h"

#include <openssl/pool.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <time.h>
#include <uv.h>

#include "scanner/disk_wait.h"

enum {
    KNOWN_CERTS = 1024, /* buffers whose hash is remembered */
    TAKE_MS = 200       /* how often the queue is looked at, at the least */
};

struct known_cert {
    CRYPTO_BUFFER *buffer; /* a reference: the address cannot come to mean another certificate */
    uint8_t sha256[32];
};

struct writer {
    struct engine *engine;
    uv_thread_t thread;
    uint64_t sealed_ns, part_began_ns;
    bool failed;
    struct disk_wait disk;
    struct known_cert known[KNOWN_CERTS];
    uint8_t chain[RECORD_NAME_ADDRS_MAX][RECORD_CHAIN_MAX][32];
    struct bytes ders[RECORD_NAME_ADDRS_MAX][RECORD_CHAIN_MAX];
    struct result *doubtful, **last_doubtful; /* silences that may be our own: control.h */
};

static const uint8_t *hash_of(struct writer *w, CRYPTO_BUFFER *buffer)
{
    struct known_cert *known = &w->known[((uintptr_t)buffer >> 4) * 2654435761U % KNOWN_CERTS];
    if (known->buffer != buffer) {
        CRYPTO_BUFFER_free(known->buffer);
        CRYPTO_BUFFER_up_ref(buffer);
        known->buffer = buffer;
        SHA256(CRYPTO_BUFFER_data(buffer), CRYPTO_BUFFER_len(buffer), known->sha256);
    }
    return known->sha256;
}

static void fail(struct writer *w, int rc, const char *text)
{
    w->failed = true;
    engine_fault(w->engine, rc, text);
}

/* ---- into the block ---- */

static void tell_lines(struct writer *w)
{
    uint64_t num_lines;
    uint8_t sha256[32];
    struct engine *e = w->engine;
    if (e->config.stream == NULL)
        return;
    stream_consumed(e->config.stream, &num_lines, sha256);
    dataset_consumed(e->config.dataset, num_lines, sha256);
}

static int write_block(struct writer *w, const struct result_event *none, char err[DATASET_ERR_MAX])
{
    (void)none;
    tell_lines(w);
    return dataset_seal(w->engine->config.dataset, err);
}

static int write_next_part(struct writer *w, const struct result_event *none,
                           char err[DATASET_ERR_MAX])
{
    (void)none;
    return dataset_rotate(w->engine->config.dataset, err, engine_offset_us(w->engine, uv_hrtime()));
}

static int write_event(struct writer *w, const struct result_event *event,
                       char err[DATASET_ERR_MAX])
{
    struct dataset_pair pairs[RESULT_PAIRS_MAX];
    for (size_t i = 0; i < event->num_pairs; i++)
        pairs[i] = (struct dataset_pair){bytes_text(event->pairs[i].key),
                                         bytes_text(event->pairs[i].value)};
    return dataset_event(w->engine->config.dataset, err, event->at_us, event->what, pairs,
                         event->num_pairs);
}

/* false: the sweep is stopped at once, and there is nothing to wait for */
static bool sleep_until(const struct writer *w, uint64_t again_ns)
{
    static const struct timespec nap = {0, 50 * 1000000};
    while (uv_hrtime() < again_ns && atomic_load(&w->engine->stop) != ENGINE_ABORT)
        nanosleep(&nap, NULL);
    return atomic_load(&w->engine->stop) != ENGINE_ABORT;
}

/* writes something, as often as the disk may be waited for; meanwhile nothing is started */
static void persist(struct writer *w,
                    int (*put)(struct writer *, const struct result_event *, char *),
                    const struct result_event *event)
{
    struct engine *e = w->engine;
    char err[DATASET_ERR_MAX] = "";
    uint64_t again_ns = 0;
    bool waited = false;
    for (bool waits = true; waits && !w->failed;) {
        int rc = put(w, event, err);
        enum disk_verdict verdict = disk_wait_note(&w->disk, &again_ns, rc, uv_hrtime());
        waits = verdict == DISK_TRY_AGAIN;
        waited |= waits;
        atomic_store(&e->disk_waits, waits);
        if (verdict == DISK_GIVE_UP || (waits && !sleep_until(w, again_ns)))
            fail(w, rc, err);
    }
    atomic_store(&e->disk_waits, false);
    if (waited)
        engine_wake(e);
}

static void seal(struct writer *w)
{
    w->sealed_ns = uv_hrtime();
    if (w->engine->config.dataset != NULL && dataset_pending(w->engine->config.dataset) > 0)
        persist(w, write_block, NULL);
}

/* A part is full by size or age, and nothing of a block is begun. One without a block is never
 * full: the next would be no better. */
static bool is_part_full(const struct writer *w)
{
    const struct engine_config *c = &w->engine->config;
    struct dataset_part part;
    if ((c->rotate_size == 0 && c->rotate_ns == 0) || dataset_pending(c->dataset) > 0)
        return false;
    dataset_writer_part(c->dataset, &part);
    if (part.blocks == 0)
        return false;
    return (c->rotate_size != 0 && part.bytes >= c->rotate_size) ||
           (c->rotate_ns != 0 && uv_hrtime() - w->part_began_ns >= c->rotate_ns);
}

static void rotate(struct writer *w)
{
    persist(w, write_next_part, NULL);
    w->part_began_ns = uv_hrtime();
}

/* makes the hashes and DERs of record number i of its position */
static void put_chain(struct writer *w, struct result *result, size_t i)
{
    struct record *r = &result->record;
    for (size_t k = 0; k < result->num_certs; k++) {
        CRYPTO_BUFFER *cert = result->certs[k];
        memcpy(w->chain[i][k], hash_of(w, cert), 32);
        w->ders[i][k] = bytes_of(CRYPTO_BUFFER_data(cert), CRYPTO_BUFFER_len(cert));
    }
    r->chain = w->chain[i];
    r->num_chain = (uint16_t)result->num_certs;
}

/* the certificates that audits name come before the record does */
static int add_leaves(struct writer *w, const struct result *result)
{
    int rc = 0;
    for (; result != NULL && rc == 0; result = result->also)
        for (size_t i = 0; i < result->num_leaves && rc == 0; i++) {
            const CRYPTO_BUFFER *leaf = result->leaves[i];
            rc = dataset_add_cert(w->engine->config.dataset,
                                  bytes_of(CRYPTO_BUFFER_data(leaf), CRYPTO_BUFFER_len(leaf)));
        }
    return rc;
}

static int add_group(struct writer *w, struct result *group)
{
    const struct record *records[RECORD_NAME_ADDRS_MAX];
    const struct bytes *ders[RECORD_NAME_ADDRS_MAX];
    size_t num = 0;
    for (struct result *r = group; r != NULL; r = r->also, num++) {
        put_chain(w, r, num);
        records[num] = &r->record;
        ders[num] = w->ders[num];
    }
    return dataset_add_all(w->engine->config.dataset, records, ders, num);
}

static int add(struct writer *w, struct result *result)
{
    const struct engine_config *config = &w->engine->config;
    const struct record *r = &result->record;
    if (result->kind == RESULT_SKIP)
        return dataset_skip(config->dataset, r->position);
    int rc = add_leaves(w, result);
    if (rc != 0)
        return rc;
    if (result->is_group)
        return add_group(w, result);
    if (config->record_mode == RECORD_RESPONSIVE && r->stage == STAGE_CONNECT)
        return dataset_count(config->dataset, r->position, (enum stage)r->stage,
                             (enum cause)r->cause);
    put_chain(w, result, 0);
    return dataset_add(config->dataset, r, w->ders[0]);
}

static void store(struct writer *w, struct result *result)
{
    if (is_part_full(w))
        rotate(w);
    if (w->failed)
        return;
    int rc = add(w, result);
    if (rc == UV_ENOBUFS) { /* the block is full to the brim */
        seal(w);
        rc = w->failed ? 0 : add(w, result);
    }
    if (rc != 0)
        fail(w, rc, "a result could not be added to the dataset");
    else if (dataset_pending(w->engine->config.dataset) >= DATASET_BLOCK_TARGET)
        seal(w);
}

/* ---- results ---- */

/* frees a result with all that hangs on it, whose octets the queue counts no more */
static void discard(struct writer *w, struct result *result)
{
    for (struct result *also; result != NULL; result = also) {
        also = result->also;
        result_queue_release(&w->engine->queue, result->size);
        result_free(result);
    }
}

/* what is stored now, or left out after a failure */
static void settle(struct writer *w, struct result *result)
{
    struct engine *e = w->engine;
    struct visit visit = result->visit;
    if (!w->failed)
        store(w, result);
    if (!w->failed && e->control != NULL)
        engine_count_outcomes(e, result);
    discard(w, result);
    if (e->control != NULL)
        engine_settle(e, &visit, !w->failed);
}

/* a silence: were it not for a control target, nobody could tell whose */
static bool is_silence(const struct record *r)
{
    return r->cause == CAUSE_TIMEOUT || r->cause == CAUSE_NET_UNREACHABLE ||
           r->cause == CAUSE_HOST_UNREACHABLE || r->cause == CAUSE_DNS_FAILURE;
}

static bool is_doubtful(const struct result *result)
{
    for (const struct result *r = result; r != NULL; r = r->also)
        if (r->kind == RESULT_RECORD && is_silence(&r->record))
            return true;
    return false;
}

/* the attempt is made again as if it had not been */
static void visit_again(struct writer *w, struct result *result)
{
    struct visit visit = result->visit;
    struct errand *e = visit_errand(&visit);
    if (e != NULL && e->named != NULL) {
        errand_unname(e);
        engine_name_over(w->engine);
    }
    discard(w, result);
    engine_give_back(w->engine, &visit);
    engine_wake(w->engine);
}

static void take(struct writer *w, struct result *result)
{
    if (result->kind == RESULT_EVENT) {
        if (!w->failed && w->engine->config.dataset != NULL)
            persist(w, write_event, result->event);
        discard(w, result);
    } else if (w->engine->control != NULL && is_doubtful(result)) {
        result->next = NULL;
        *w->last_doubtful = result;
        w->last_doubtful = &result->next;
    } else {
        settle(w, result);
    }
}

static void take_all(struct writer *w, struct result *list)
{
    for (struct result *next; list != NULL; list = next) {
        next = list->next;
        take(w, list);
    }
}

/* decides about silences, as far as that can be done yet */
static void decide(struct writer *w)
{
    struct result **at = &w->doubtful;
    for (struct result *r; (r = *at) != NULL;) {
        enum control_belief belief = control_belief(w->engine->control, r->start_ns, r->end_ns);
        if (belief == CONTROL_WAIT && !w->failed) {
            at = &r->next;
            continue;
        }
        *at = r->next;
        if (belief == CONTROL_AGAIN && !w->failed)
            visit_again(w, r);
        else
            settle(w, r);
    }
    w->last_doubtful = at;
}

/* what is still in doubt at the end is not recorded: its positions stay open */
static void drop_doubtful(struct writer *w)
{
    for (struct result *r = w->doubtful, *next; r != NULL; r = next) {
        struct visit visit = r->visit;
        next = r->next;
        discard(w, r);
        engine_settle(w->engine, &visit, false);
    }
    w->doubtful = NULL;
    w->last_doubtful = &w->doubtful;
}

static void run(void *arg)
{
    struct writer *w = arg;
    struct engine *e = w->engine;
    for (bool closed = false; !closed;) {
        take_all(w, result_take(&e->queue, &closed, TAKE_MS * UINT64_C(1000000)));
        if (w->doubtful != NULL)
            decide(w);
        if (closed)
            drop_doubtful(w);
        engine_room(e, ENGINE_WORKERS_MAX);
        if (!w->failed && (closed || uv_hrtime() - w->sealed_ns >= e->config.flush_ns))
            seal(w);
    }
    engine_thread_ended(e);
}

int writer_start(struct writer **out, struct engine *engine)
{
    struct writer *w = calloc(1, sizeof *w);
    if (w == NULL)
        return UV_ENOMEM;
    w->engine = engine;
    w->sealed_ns = w->part_began_ns = uv_hrtime();
    w->last_doubtful = &w->doubtful;
    disk_wait_init(&w->disk, engine->config.disk_wait_ns);
    int rc = uv_thread_create(&w->thread, run, w);
    if (rc != 0) {
        free(w);
        return rc;
    }
    *out = w;
    return 0;
}

void writer_join(struct writer *w)
{
    uv_thread_join(&w->thread);
    for (size_t i = 0; i < KNOWN_CERTS; i++)
        CRYPTO_BUFFER_free(w->known[i].buffer);
    free(w);
}
