#include "scanner/writer.h"

#include <openssl/pool.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <uv.h>

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
    uint64_t sealed_ns;
    bool failed;
    struct known_cert known[KNOWN_CERTS];
    uint8_t chain[RECORD_CHAIN_MAX][32];
    struct bytes ders[RECORD_CHAIN_MAX];
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

static void seal(struct writer *w)
{
    char err[DATASET_ERR_MAX];
    w->sealed_ns = uv_hrtime();
    if (dataset_pending(w->engine->config.dataset) == 0)
        return;
    int rc = dataset_seal(w->engine->config.dataset, err);
    if (rc != 0)
        fail(w, rc, err);
}

static int add(struct writer *w, const struct record *r)
{
    struct dataset_writer *dataset = w->engine->config.dataset;
    if (w->engine->config.record_mode == RECORD_RESPONSIVE && r->stage == STAGE_CONNECT)
        return dataset_count(dataset, r->position, (enum stage)r->stage, (enum cause)r->cause);
    return dataset_add(dataset, r, w->ders);
}

static void store(struct writer *w, struct result *result)
{
    struct record *r = &result->record;
    for (size_t i = 0; i < result->num_certs; i++) {
        CRYPTO_BUFFER *cert = result->certs[i];
        memcpy(w->chain[i], hash_of(w, cert), 32);
        w->ders[i] = bytes_of(CRYPTO_BUFFER_data(cert), CRYPTO_BUFFER_len(cert));
    }
    r->chain = w->chain;
    r->num_chain = (uint16_t)result->num_certs;
    int rc = add(w, r);
    if (rc == UV_ENOBUFS) { /* the block is full to the brim */
        seal(w);
        rc = w->failed ? 0 : add(w, r);
    }
    if (rc != 0)
        fail(w, rc, "a result could not be added to the dataset");
    else if (dataset_pending(w->engine->config.dataset) >= DATASET_BLOCK_TARGET)
        seal(w);
}

static void store_all(struct writer *w, struct result *list)
{
    struct engine *e = w->engine;
    for (struct result *next; list != NULL; list = next) {
        next = list->next;
        if (!w->failed)
            store(w, list);
        result_queue_release(&e->queue, list->size);
        result_free(list);
    }
    engine_room(e, ENGINE_WORKERS_MAX);
}

static void run(void *arg)
{
    struct writer *w = arg;
    struct engine *e = w->engine;
    for (bool closed = false; !closed;) {
        store_all(w, result_take(&e->queue, &closed, TAKE_MS * UINT64_C(1000000)));
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
    w->sealed_ns = uv_hrtime();
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
