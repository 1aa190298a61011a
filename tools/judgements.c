#include "tools/judgements.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum {
    BATCH_CHAINS = 1 << 14,
    BATCH_OCTETS = 64 << 20,
    SPANS_MAX = 64 /* of one chain or response; the last one stands for what follows */
};

/* octets of a certificate that some chain waits for */
struct octets {
    uint8_t *der;
    uint32_t len, waiting; /* places in chains that are not judged yet */
};

struct judged {
    struct chain_span spans[SPANS_MAX];
    size_t num;
};

/* a chain of which all is there; what was judged of it and its responses, one after the other */
struct job {
    uint32_t chain;
    struct chain_span *spans;
    size_t num_spans;
    uint32_t *counts; /* spans of the chain, then of each response */
    int rc;
};

struct judgements {
    struct catalog *catalog;
    const struct trust_store *store;
    unsigned num_threads;
    struct octets *certs; /* by index of the certificate table */
    uint32_t
        *first_of_cert; /* certificate i is in chains of_cert[first_of_cert[i]] up to the next */
    uint32_t *of_cert;
    uint16_t *missing;      /* by chain: places whose octets have not come */
    uint32_t *first_staple; /* by chain: responses staples[first_staple[i]] up to the next */
    uint32_t *staples;
    struct job *batch;
    size_t num_batch, batch_octets;
    _Atomic size_t next; /* of the batch, to be judged */
};

/* ---- which chains a certificate is in ---- */

/* a partial says how a chain is judged, but not of responses that came with it elsewhere */
static bool is_wanted(const struct judgements *j, size_t chain)
{
    const struct chain_entry *e = &j->catalog->chains.entries[chain];
    bool is_judged = e->spans.num > 0 && j->first_staple[chain] == j->first_staple[chain + 1];
    return e->first_s <= e->last_s && e->num > 0 && !is_judged;
}

/* turns counts behind [0] into where each begins */
static void sum_up(uint32_t *first, size_t num)
{
    for (size_t i = 0; i < num; i++)
        first[i + 1] += first[i];
}

static int index_certs(struct judgements *j)
{
    const struct chain_table *t = &j->catalog->chains;
    size_t num_certs = j->catalog->certs.num;
    j->certs = calloc(num_certs + 1, sizeof j->certs[0]);
    j->first_of_cert = calloc(num_certs + 2, sizeof j->first_of_cert[0]);
    j->of_cert = malloc((t->num_certs + 1) * sizeof j->of_cert[0]);
    j->missing = calloc(t->num + 1, sizeof j->missing[0]);
    if (j->certs == NULL || j->first_of_cert == NULL || j->of_cert == NULL || j->missing == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < t->num; i++)
        for (size_t k = 0; is_wanted(j, i) && k < t->entries[i].num; k++) {
            j->first_of_cert[t->certs[t->entries[i].first_cert + k] + 2]++;
            j->missing[i]++;
        }
    sum_up(j->first_of_cert + 1, num_certs);
    for (size_t i = 0; i < t->num; i++)
        for (size_t k = 0; is_wanted(j, i) && k < t->entries[i].num; k++) {
            uint32_t cert = t->certs[t->entries[i].first_cert + k];
            j->of_cert[j->first_of_cert[cert + 1]++] = (uint32_t)i;
            j->certs[cert].waiting++;
        }
    return 0;
}

static int index_staples(struct judgements *j)
{
    const struct chain_table *t = &j->catalog->chains;
    j->first_staple = calloc(t->num + 2, sizeof j->first_staple[0]);
    j->staples = malloc((t->num_staples + 1) * sizeof j->staples[0]);
    if (j->first_staple == NULL || j->staples == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < t->num_staples; i++)
        j->first_staple[t->staples[i].chain + 2]++;
    sum_up(j->first_staple + 1, t->num);
    for (size_t i = 0; i < t->num_staples; i++)
        j->staples[j->first_staple[t->staples[i].chain + 1]++] = (uint32_t)i;
    return 0;
}

int judgements_new(struct judgements **out, struct catalog *c, const struct trust_store *store,
                   unsigned num_threads)
{
    struct judgements *j = calloc(1, sizeof *j);
    if (j == NULL)
        return -ENOMEM;
    j->catalog = c;
    j->store = store;
    j->num_threads = num_threads < 1                   ? 1
                     : num_threads > JUDGE_THREADS_MAX ? JUDGE_THREADS_MAX
                                                       : num_threads;
    j->batch = calloc(BATCH_CHAINS, sizeof j->batch[0]);
    int rc = j->batch == NULL ? -ENOMEM : index_staples(j);
    if (rc == 0)
        rc = index_certs(j);
    if (rc != 0) {
        judgements_free(j);
        return rc;
    }
    *out = j;
    return 0;
}

void judgements_free(struct judgements *j)
{
    if (j == NULL)
        return;
    for (size_t i = 0; j->certs != NULL && i < j->catalog->certs.num; i++)
        free(j->certs[i].der);
    for (size_t i = 0; j->batch != NULL && i < j->num_batch; i++) {
        free(j->batch[i].spans);
        free(j->batch[i].counts);
    }
    free(j->certs);
    free(j->first_of_cert);
    free(j->of_cert);
    free(j->missing);
    free(j->first_staple);
    free(j->staples);
    free(j->batch);
    free(j);
}

/* ---- one chain ---- */

/* puts what was judged behind what the job has */
static int keep(struct job *job, const struct judged *judged, size_t which)
{
    size_t num = job->num_spans + judged->num;
    struct chain_span *spans = realloc(job->spans, num * sizeof spans[0]);
    if (spans == NULL)
        return -ENOMEM;
    memcpy(spans + job->num_spans, judged->spans, judged->num * sizeof spans[0]);
    job->spans = spans;
    job->num_spans = num;
    job->counts[which] = (uint32_t)judged->num;
    return 0;
}

static struct bytes issuer_of(const struct chain_path *path, const struct bytes *sent,
                              const struct judgements *j)
{
    const struct chain_link *link = &path->links[1];
    if (path->num_links < 2)
        return bytes_of(NULL, 0);
    switch ((enum chain_origin)link->origin) {
    case CHAIN_SENT: return sent[link->at];
    case CHAIN_STORE: return trust_store_der(j->store, link->at);
    case CHAIN_POOL: break;
    }
    return judge_pool_der(j->catalog->pool, link->at);
}

static int judge_times(struct judged *out, struct chain_path *path, struct judge *judge,
                       const struct bytes *sent, const struct chain_entry *e)
{
    out->num = 0;
    for (int64_t at = e->first_s; at <= e->last_s && out->num < SPANS_MAX;) {
        struct chain_verdict v;
        int rc = judge_chain(judge, &v, path, sent, e->num, at);
        if (rc != 0)
            return rc;
        out->spans[out->num++] = (struct chain_span){
            .until_s = v.until,
            .flags = v.flags | (e->cut ? CHAIN_FLAG(CUT) : 0),
            .outcome = v.outcome,
        };
        at = v.until;
    }
    out->spans[out->num - 1].until_s = INT64_MAX;
    return 0;
}

static uint8_t ocsp_at(struct bytes staple, struct bytes leaf, struct bytes issuer, int64_t time_s)
{
    struct ocsp_judgement judgement;
    ocsp_judge(&judgement, staple, leaf, issuer, time_s);
    return (uint8_t)judgement.outcome;
}

/* the spans of a response, whose outcome changes a few times at most: not yet, good, stale */
static void judge_staple(struct judged *out, const struct staple_entry *e, struct bytes staple,
                         struct bytes leaf, struct bytes issuer)
{
    uint8_t last = ocsp_at(staple, leaf, issuer, e->last_s);
    out->num = 0;
    for (int64_t at = e->first_s; at <= e->last_s && out->num < SPANS_MAX;) {
        uint8_t outcome = ocsp_at(staple, leaf, issuer, at);
        int64_t same = at, other = e->last_s + 1; /* outcome at same, another at other or beyond */
        if (outcome == last)
            same = other - 1;
        while (other - same > 1) {
            int64_t middle = same + (other - same) / 2;
            if (ocsp_at(staple, leaf, issuer, middle) == outcome)
                same = middle;
            else
                other = middle;
        }
        out->spans[out->num++] = (struct chain_span){.until_s = other, .outcome = outcome};
        at = other;
    }
    out->spans[out->num - 1].until_s = INT64_MAX;
}

static int judge_job(struct judgements *j, struct judge *judge, struct job *job)
{
    const struct chain_table *t = &j->catalog->chains;
    const struct chain_entry *e = &t->entries[job->chain];
    struct bytes sent[RECORD_CHAIN_MAX];
    struct chain_path path = {0};
    struct judged judged;
    uint32_t first = j->first_staple[job->chain], num = j->first_staple[job->chain + 1] - first;
    job->counts = calloc(num + 1, sizeof job->counts[0]);
    if (job->counts == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < e->num; i++) {
        const struct octets *o = &j->certs[t->certs[e->first_cert + i]];
        sent[i] = bytes_of(o->der, o->len);
    }
    int rc = judge_times(&judged, &path, judge, sent, e);
    if (rc == 0)
        rc = keep(job, &judged, 0);
    for (uint32_t i = 0; rc == 0 && i < num; i++) {
        const struct staple_entry *s = &t->staples[j->staples[first + i]];
        judge_staple(&judged, s, t->responses.words[s->text].text, sent[0],
                     issuer_of(&path, sent, j));
        rc = keep(job, &judged, i + 1);
    }
    return rc;
}

/* ---- a batch ---- */

static void *judge_some(void *arg)
{
    struct judgements *j = arg;
    struct judge *judge = judge_new(j->store, j->catalog->pool);
    for (size_t i; (i = atomic_fetch_add(&j->next, 1)) < j->num_batch;)
        j->batch[i].rc = judge != NULL ? judge_job(j, judge, &j->batch[i]) : -ENOMEM;
    judge_free(judge);
    return NULL;
}

static void release(struct judgements *j, uint32_t cert)
{
    struct octets *o = &j->certs[cert];
    if (--o->waiting > 0)
        return;
    free(o->der);
    o->der = NULL;
}

/* notes in the catalog what was judged */
static int take_job(struct judgements *j, const struct job *job)
{
    struct chain_table *t = &j->catalog->chains;
    struct chain_entry *e = &t->entries[job->chain];
    uint32_t first = j->first_staple[job->chain], num = j->first_staple[job->chain + 1] - first;
    size_t at = 0;
    if (job->rc != 0)
        return job->rc;
    for (uint32_t i = 0; i <= num; i++) {
        struct span_list *out = i == 0 ? &e->spans : &t->staples[j->staples[first + i - 1]].spans;
        chain_table_judged(t, out, job->spans + at, job->counts[i]);
        at += job->counts[i];
    }
    for (size_t i = 0; i < e->num; i++)
        release(j, t->certs[e->first_cert + i]);
    return t->bad ? -ENOMEM : 0;
}

static int judge_batch(struct judgements *j)
{
    pthread_t threads[JUDGE_THREADS_MAX];
    unsigned num_started = 0;
    int rc = 0;
    atomic_store(&j->next, 0);
    /* fewer threads than asked for do the same, later */
    while (num_started + 1 < j->num_threads && num_started + 1 < j->num_batch &&
           pthread_create(&threads[num_started], NULL, judge_some, j) == 0)
        num_started++;
    judge_some(j);
    for (unsigned i = 0; i < num_started; i++)
        pthread_join(threads[i], NULL);
    for (size_t i = 0; i < j->num_batch; i++) {
        if (rc == 0)
            rc = take_job(j, &j->batch[i]);
        free(j->batch[i].spans);
        free(j->batch[i].counts);
        j->batch[i] = (struct job){0};
    }
    j->num_batch = 0;
    j->batch_octets = 0;
    return rc;
}

static int push(struct judgements *j, uint32_t chain)
{
    const struct chain_table *t = &j->catalog->chains;
    const struct chain_entry *e = &t->entries[chain];
    j->batch[j->num_batch++] = (struct job){.chain = chain};
    for (size_t i = 0; i < e->num; i++)
        j->batch_octets += j->certs[t->certs[e->first_cert + i]].len;
    return j->num_batch == BATCH_CHAINS || j->batch_octets >= BATCH_OCTETS ? judge_batch(j) : 0;
}

/* ---- blocks ---- */

static bool is_awaited(const struct judgements *j, uint32_t cert)
{
    return j->certs[cert].waiting > 0 && j->certs[cert].der == NULL;
}

static int take_cert(struct judgements *j, uint32_t cert, struct bytes der)
{
    struct octets *o = &j->certs[cert];
    o->der = malloc(der.len > 0 ? der.len : 1);
    if (o->der == NULL)
        return -ENOMEM;
    if (der.len > 0)
        memcpy(o->der, der.data, der.len);
    o->len = (uint32_t)der.len;
    int rc = 0;
    for (uint32_t i = j->first_of_cert[cert]; rc == 0 && i < j->first_of_cert[cert + 1]; i++)
        if (--j->missing[j->of_cert[i]] == 0)
            rc = push(j, j->of_cert[i]);
    return rc;
}

int judgements_add_block(struct judgements *j, const struct block *block)
{
    size_t num = block_num_certs(block);
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < num; i++) {
        uint8_t sha256[32];
        struct bytes der = block_cert(block, i, sha256);
        uint32_t cert = cert_table_has(&j->catalog->certs, sha256);
        if (cert == CERT_NONE || !is_awaited(j, cert))
            continue;
        rc = block_cert_holds(block, i) ? take_cert(j, cert, der) : -EBADMSG;
    }
    return rc;
}

int judgements_finish(struct judgements *j)
{
    int rc = j->num_batch > 0 ? judge_batch(j) : 0;
    if (rc == 0)
        j->catalog->judged = true;
    return rc;
}
