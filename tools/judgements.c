#include "tools/judgements.h"

#include <errno.h>
#include <openssl/sha.h>
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

/* what is judged of a chain, from moment to moment */
struct judging {
    struct judge *judge;
    const struct chain_entry *chain;
    const struct bytes *sent;
    struct book_key key;      /* with a book */
    struct book_verdict last; /* of the moment before */
    struct bytes issuer;      /* of the leaf then; empty: none */
    bool is_taken, has_staples;
    struct book_entry *noted; /* what was not in the book */
    size_t num_noted;
};

/* a chain of which all is there; what was judged of it and its responses, one after the other */
struct job {
    uint32_t chain;
    struct chain_span *spans;
    size_t num_spans;
    uint32_t *counts;         /* spans of the chain, then of each response */
    struct book_entry *noted; /* for the book */
    size_t num_noted;
    int rc;
};

struct judgements {
    struct catalog *catalog;
    const struct trust_store *store;
    struct verdict_book *book; /* NULL: none */
    size_t num_waiting;        /* chains whose certificates have not all come */
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
    for (size_t i = 0; i < t->num; i++) {
        j->num_waiting += is_wanted(j, i);
        for (size_t k = 0; is_wanted(j, i) && k < t->entries[i].num; k++) {
            j->first_of_cert[t->certs[t->entries[i].first_cert + k] + 2]++;
            j->missing[i]++;
        }
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

/* ---- what is known of before ---- */

static struct book_key key_of(const struct judgements *j, const struct chain_entry *e)
{
    const struct catalog *c = j->catalog;
    struct book_key key;
    uint8_t sha256[32];
    SHA256_CTX ctx;
    SHA256_Init(&ctx);
    for (size_t i = 0; i < e->num; i++)
        SHA256_Update(&ctx, c->certs.entries[c->chains.certs[e->first_cert + i]].sha256, 32);
    SHA256_Final(sha256, &ctx);
    memcpy(key.octets, sha256, sizeof key.octets);
    return key;
}

static void add_span(struct judged *out, const struct chain_entry *e, const struct book_verdict *v)
{
    out->spans[out->num++] = (struct chain_span){
        .until_s = v->until,
        .flags = v->flags | (e->cut ? CHAIN_FLAG(CUT) : 0),
        .outcome = v->outcome,
    };
}

/* whether all times of a chain are in the book */
static bool look_up(struct judged *out, const struct judgements *j, const struct chain_entry *e,
                    const struct book_key *key)
{
    out->num = 0;
    for (int64_t at = e->first_s; at <= e->last_s && out->num < SPANS_MAX;) {
        const struct book_verdict *v = verdict_book_find(j->book, key, at, j->catalog->pool);
        if (v == NULL)
            return false;
        add_span(out, e, v);
        at = v->until;
    }
    out->spans[out->num - 1].until_s = INT64_MAX;
    return true;
}

/* a chain that names a certificate which is nowhere stays unjudged, whatever the book has */
static bool is_whole(const struct judgements *j, const struct chain_entry *e)
{
    const struct catalog *c = j->catalog;
    for (size_t i = 0; i < e->num; i++)
        if (c->certs.entries[c->chains.certs[e->first_cert + i]].state == CERT_UNSEEN)
            return false;
    return true;
}

/* takes what the book has of chains without responses: those want octets */
static int take_from_book(struct judgements *j)
{
    struct chain_table *t = &j->catalog->chains;
    for (size_t i = 0; j->book != NULL && !t->bad && i < t->num; i++) {
        struct judged judged;
        struct chain_entry *e = &t->entries[i];
        if (!is_wanted(j, i) || j->first_staple[i] != j->first_staple[i + 1] || !is_whole(j, e))
            continue;
        struct book_key key = key_of(j, e);
        if (!look_up(&judged, j, e, &key))
            continue;
        verdict_book_used(j->book, &key);
        chain_table_judged(t, &e->spans, judged.spans, judged.num);
    }
    return t->bad ? -ENOMEM : 0;
}

int judgements_new(struct judgements **out, struct catalog *c, const struct trust_store *store,
                   struct verdict_book *book, unsigned num_threads)
{
    struct judgements *j = calloc(1, sizeof *j);
    if (j == NULL)
        return -ENOMEM;
    j->catalog = c;
    j->store = store;
    j->book = book;
    j->num_threads = num_threads < 1                   ? 1
                     : num_threads > JUDGE_THREADS_MAX ? JUDGE_THREADS_MAX
                                                       : num_threads;
    j->batch = calloc(BATCH_CHAINS, sizeof j->batch[0]);
    int rc = j->batch == NULL ? -ENOMEM : index_staples(j);
    if (rc == 0)
        rc = take_from_book(j);
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
        free(j->batch[i].noted);
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

/* where the issuer of the leaf is, for the book */
static void note_issuer(struct book_verdict *v, const struct chain_path *path)
{
    static const uint8_t origins[] = {[CHAIN_SENT] = BOOK_ISSUER_SENT,
                                      [CHAIN_STORE] = BOOK_ISSUER_STORE,
                                      [CHAIN_POOL] = BOOK_ISSUER_POOL};
    v->issuer = BOOK_ISSUER_NONE;
    if (path->num_links < 2)
        return;
    v->issuer = origins[path->links[1].origin];
    v->issuer_at = path->links[1].at;
}

/* whether it says which certificate the issuer is: one of the pool may be at another place now */
static bool knows_issuer(const struct judgements *j, const struct judging *g,
                         const struct book_verdict *v)
{
    switch ((enum book_issuer)v->issuer) {
    case BOOK_ISSUER_NONE: return true;
    case BOOK_ISSUER_SENT: return v->issuer_at < g->chain->num;
    case BOOK_ISSUER_STORE: return v->issuer_at < trust_store_facts(j->store)->num_roots;
    case BOOK_ISSUER_POOL: break;
    }
    return false;
}

static struct bytes issuer_of(const struct judgements *j, const struct judging *g)
{
    switch ((enum book_issuer)g->last.issuer) {
    case BOOK_ISSUER_NONE: break;
    case BOOK_ISSUER_SENT: return g->sent[g->last.issuer_at];
    case BOOK_ISSUER_STORE: return trust_store_der(j->store, g->last.issuer_at);
    case BOOK_ISSUER_POOL: return judge_pool_der(j->catalog->pool, g->last.issuer_at);
    }
    return bytes_of(NULL, 0);
}

static int note_for_book(struct judging *g)
{
    const struct pool_question *asked;
    struct book_entry *noted = realloc(g->noted, (g->num_noted + 1) * sizeof noted[0]);
    if (noted == NULL)
        return -ENOMEM;
    g->noted = noted;
    struct book_entry *e = &noted[g->num_noted++];
    g->last.num_asked = (uint8_t)judge_asked(g->judge, &asked);
    e->verdict = g->last;
    memcpy(e->asked, asked, g->last.num_asked * sizeof asked[0]);
    return 0;
}

static int judge_moment(const struct judgements *j, struct judging *g, int64_t at)
{
    struct chain_verdict v;
    struct chain_path path;
    int rc = g->is_taken ? 0 : judge_take(g->judge, g->sent, g->chain->num);
    if (rc == 0)
        rc = judge_at(g->judge, &v, &path, at);
    if (rc != 0)
        return rc;
    g->is_taken = true;
    g->last = (struct book_verdict){
        .from = v.from, .until = v.until, .flags = v.flags, .outcome = v.outcome};
    note_issuer(&g->last, &path);
    return j->book != NULL ? note_for_book(g) : 0;
}

static int judge_times(struct judged *out, const struct judgements *j, struct judging *g)
{
    const struct chain_entry *e = g->chain;
    int rc = 0;
    out->num = 0;
    for (int64_t at = e->first_s; rc == 0 && at <= e->last_s && out->num < SPANS_MAX;) {
        const struct book_verdict *v =
            j->book != NULL ? verdict_book_find(j->book, &g->key, at, j->catalog->pool) : NULL;
        if (v != NULL && (!g->has_staples || knows_issuer(j, g, v)))
            g->last = *v;
        else
            rc = judge_moment(j, g, at);
        if (rc == 0)
            add_span(out, e, &g->last);
        at = g->last.until;
    }
    if (rc == 0)
        out->spans[out->num - 1].until_s = INT64_MAX;
    return rc;
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

/* judges a chain and the num responses that came with it, from staples[first] on */
static int judge_all(const struct judgements *j, struct judging *g, struct job *job, uint32_t first,
                     uint32_t num)
{
    const struct chain_table *t = &j->catalog->chains;
    struct judged judged;
    int rc = judge_times(&judged, j, g);
    if (rc == 0)
        rc = keep(job, &judged, 0);
    for (uint32_t i = 0; rc == 0 && i < num; i++) {
        const struct staple_entry *s = &t->staples[j->staples[first + i]];
        judge_staple(&judged, s, t->responses.words[s->text].text, g->sent[0], issuer_of(j, g));
        rc = keep(job, &judged, i + 1);
    }
    return rc;
}

static int judge_job(const struct judgements *j, struct judge *judge, struct job *job)
{
    const struct chain_table *t = &j->catalog->chains;
    const struct chain_entry *e = &t->entries[job->chain];
    struct bytes sent[RECORD_CHAIN_MAX];
    uint32_t first = j->first_staple[job->chain], num = j->first_staple[job->chain + 1] - first;
    struct judging g = {.judge = judge, .chain = e, .sent = sent, .has_staples = num > 0};
    job->counts = calloc(num + 1, sizeof job->counts[0]);
    if (job->counts == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < e->num; i++) {
        const struct octets *o = &j->certs[t->certs[e->first_cert + i]];
        sent[i] = bytes_of(o->der, o->len);
    }
    if (j->book != NULL)
        g.key = key_of(j, e);
    int rc = judge_all(j, &g, job, first, num);
    job->noted = g.noted;
    job->num_noted = g.num_noted;
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

static int take_to_book(struct judgements *j, const struct job *job)
{
    struct book_key key = key_of(j, &j->catalog->chains.entries[job->chain]);
    if (job->num_noted > 0)
        return verdict_book_put(j->book, &key, job->noted, job->num_noted);
    verdict_book_used(j->book, &key);
    return 0;
}

/* notes in the catalog, and the book, what was judged */
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
    if (t->bad)
        return -ENOMEM;
    return j->book != NULL ? take_to_book(j, job) : 0;
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
        free(j->batch[i].noted);
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
    j->num_waiting--;
    for (size_t i = 0; i < e->num; i++)
        j->batch_octets += j->certs[t->certs[e->first_cert + i]].len;
    return j->num_batch == BATCH_CHAINS || j->batch_octets >= BATCH_OCTETS ? judge_batch(j) : 0;
}

/* ---- blocks ---- */

bool judgements_wait(const struct judgements *j)
{
    return j->num_waiting > 0;
}

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
