#include "core/judge.h"

#include <errno.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <stdlib.h>

#include "core/judge_cert.h"
#include "core/judge_path.h"
#include "core/judge_remarks.h"
#include "core/trust_store_private.h"

enum {
    MISFIT_TRIES = 8, /* issuers with the wrong kind of key that are passed over */
    UNFIT_TRIES = 8,  /* issuers of which it is asked whether they signed though they may not */
    POOL_ROUNDS = JUDGE_ASKED_MAX, /* certificates that a chain may lack in a row */
    POOL_TRIES = 16 /* certificates of the pool that may be parsed for one that is missing */
};

struct judge {
    const struct trust_store *store;
    const struct judge_pool *pool;
    struct judge_cache *cache;
    struct judge_pairs *pairs;
    X509_STORE *no_roots; /* roots are given with each chain */

    /* the chain being judged */
    size_t num_sent;
    bool is_none, is_cut;
    struct sent sent[JUDGE_SENT_MAX];

    /* at a time */
    int64_t time_s;
    int64_t from, until;
    struct judge_cert *borrowed[POOL_ROUNDS * POOL_TRIES];
    size_t num_borrowed;
    struct pool_question asked[JUDGE_ASKED_MAX];
    size_t num_asked;
    struct candidates untrusted, trusted;
};

/* ---- taking the chain in ---- */

static void note_moment(struct judge *j, int64_t moment_s)
{
    if (moment_s <= j->time_s && moment_s > j->from)
        j->from = moment_s;
    if (moment_s > j->time_s && moment_s < j->until)
        j->until = moment_s;
}

/* note_validity narrows the span in which the verdict holds: within it no certificate that has been
 * looked at begins or ends. */
static void note_validity(struct judge *j, const struct judge_cert *c)
{
    if (!c->facts.has_validity)
        return;
    note_moment(j, c->facts.not_before);
    note_moment(j, c->facts.not_after);
}

/* take_one parses a certificate: a leaf anew, since there are too many of them to keep. */
static int take_one(struct judge *j, size_t i, struct bytes der)
{
    struct sent *s = &j->sent[i];
    *s = (struct sent){.cert = NULL};
    SHA256(der.data, der.len, s->sha256);
    for (size_t k = 0; k < i && !s->is_duplicate; k++)
        s->is_duplicate = memcmp(j->sent[k].sha256, s->sha256, 32) == 0;
    int rc = i == 0 ? judge_cert_new(&s->cert, der)
                    : judge_cache_get(j->cache, &s->cert, der, s->sha256);
    return rc == -EINVAL ? 0 : rc;
}

static int take_sent(struct judge *j, const struct bytes *sent, size_t num)
{
    size_t octets = 0;
    j->sent[0].cert = NULL; /* it may be too long to be taken at all */
    for (size_t i = 0; i < num; i++) {
        if (i == JUDGE_SENT_MAX || sent[i].len > JUDGE_SENT_OCTETS - octets) {
            j->is_cut = true;
            break;
        }
        octets += sent[i].len;
        int rc = take_one(j, i, sent[i]);
        if (rc < 0)
            return rc;
        j->num_sent++;
    }
    return 0;
}

static void give_back(struct judge *j)
{
    for (size_t i = 0; i < j->num_borrowed; i++)
        judge_cache_drop(j->borrowed[i]);
    j->num_borrowed = 0;
}

static void let_go(struct judge *j)
{
    give_back(j);
    for (size_t i = 0; i < j->num_sent; i++)
        judge_cache_drop(j->sent[i].cert);
    j->num_sent = 0;
}

/* ---- a judge ---- */

struct judge *judge_new(const struct trust_store *store, const struct judge_pool *pool)
{
    struct judge *j = calloc(1, sizeof *j);
    if (j == NULL)
        return NULL;
    j->store = store;
    j->pool = pool;
    j->cache = judge_cache_new();
    j->pairs = judge_pairs_new();
    j->no_roots = X509_STORE_new();
    if (j->cache == NULL || j->pairs == NULL || j->no_roots == NULL) {
        judge_free(j);
        return NULL;
    }
    return j;
}

void judge_free(struct judge *j)
{
    if (j == NULL)
        return;
    let_go(j);
    judge_cache_free(j->cache);
    judge_pairs_free(j->pairs);
    X509_STORE_free(j->no_roots);
    free(j);
}

/* ---- candidates ---- */

/* add_issuers adds the roots whose name is that of c's issuer. */
static void add_issuers(struct judge *j, const struct judge_cert *c)
{
    const uint32_t *indexes;
    size_t num = trust_store_find(j->store, &indexes, c->issuer_hash);
    for (size_t i = 0; i < num; i++) {
        const struct judge_cert *root = &j->store->roots[indexes[i]];
        if (candidates_have(&j->trusted, root))
            continue;
        struct candidate one = {.cert = root, .origin = CHAIN_STORE, .at = indexes[i]};
        if (!candidates_add(&j->trusted, one))
            return;
        note_validity(j, root);
    }
}

/* gather lists the certificates that the path may be made of: those sent, and of the store's those
 * that bear the name of an issuer, or of an issuer's issuer. */
static void gather(struct judge *j)
{
    j->untrusted.num = j->trusted.num = 0;
    for (size_t i = 0; i < j->num_sent; i++)
        if (j->sent[i].cert != NULL)
            note_validity(j, j->sent[i].cert);
    for (size_t i = 0; i < j->num_sent; i++) {
        const struct sent *s = &j->sent[i];
        if (s->cert == NULL || s->is_duplicate)
            continue;
        if (i > 0)
            candidates_add(&j->untrusted, (struct candidate){s->cert, CHAIN_SENT, (uint32_t)i});
        add_issuers(j, s->cert);
    }
}

/* search finds a path. An issuer of the right name whose key is of the wrong kind is none:
 * libcrypto would stay with it. */
static int search(struct judge *j, struct search *out)
{
    struct candidate leaf = {j->sent[0].cert, CHAIN_SENT, 0};
    int rc;
    for (size_t i = 0; i < j->trusted.num; i++) /* grows meanwhile, to its bound at most */
        add_issuers(j, j->trusted.list[i].cert);
    candidates_sort(&j->untrusted, j->time_s);
    candidates_sort(&j->trusted, j->time_s);
    for (unsigned tries = 0;; tries++) {
        rc = search_run(out, j->no_roots, j->pairs, &leaf, &j->untrusted, &j->trusted, j->time_s);
        size_t misfit = rc == 0 && tries < MISFIT_TRIES ? search_misfit(out) : 0;
        if (misfit == 0)
            return rc;
        candidates_remove(&j->untrusted, out->path[misfit].cert);
        candidates_remove(&j->trusted, out->path[misfit].cert);
    }
}

/* ---- outcome ---- */

static bool is_signed_by(const struct judge *j, const struct judge_cert *c,
                         const struct judge_cert *issuer)
{
    return judge_pairs_check(j->pairs, c, issuer) == PAIR_GOOD;
}

/* append_unfit_issuer: libcrypto passes over an issuer whose key may not sign certificates as if it
 * had not been sent. It is to be seen. */
static void append_unfit_issuer(const struct judge *j, struct search *s)
{
    const struct judge_cert *top = s->path[s->num_path - 1].cert;
    for (size_t i = 0, tries = 0; i < j->untrusted.num && tries < UNFIT_TRIES; i++) {
        const struct judge_cert *c = j->untrusted.list[i].cert;
        if (c->subject_hash != top->issuer_hash || !c->facts.has_key_usage ||
            c->facts.key_usage & CERT_KU_CERT_SIGN)
            continue;
        tries++;
        if (is_signed_by(j, top, c)) {
            search_append(s, j->untrusted.list[i]);
            return;
        }
    }
}

/* settle_self_signed: libcrypto takes a leaf whose key may not sign certificates for one that is
 * not self-signed, and its issuer for missing. Such a leaf is trusted if it is in the store.
 * Returns the flags that are no faults. */
static uint32_t settle_self_signed(const struct judge *j, const struct search *s, uint32_t *faults)
{
    const struct judge_cert *leaf = s->path[0].cert;
    if (s->num_path > 1 || !judge_cert_self_issued(leaf))
        return 0;
    bool is_trusted = trust_store_has(j->store, leaf->facts.sha256);
    *faults &= ~(CHAIN_FLAG(INCOMPLETE) | CHAIN_FLAG(SELF_SIGNED_LEAF));
    if (is_trusted)
        return CHAIN_FLAG(SELF_SIGNED_LEAF);
    *faults |= CHAIN_FLAG(SELF_SIGNED_LEAF);
    if (!is_signed_by(j, leaf, leaf))
        *faults |= CHAIN_FLAG(BAD_SIGNATURE);
    return 0;
}

/* the faults that make each outcome, in order of precedence */
static const struct {
    uint8_t outcome;
    uint32_t faults;
} causes[] = {
    {CHAIN_SELF_SIGNED, CHAIN_FLAG(SELF_SIGNED_LEAF)},
    {CHAIN_EXPIRED, CHAIN_FLAG(LEAF_EXPIRED) | CHAIN_FLAG(OTHER_EXPIRED)},
    {CHAIN_NOT_YET_VALID, CHAIN_FLAG(LEAF_NOT_YET_VALID) | CHAIN_FLAG(OTHER_NOT_YET_VALID)},
    {CHAIN_INCOMPLETE, CHAIN_FLAG(INCOMPLETE)},
    {CHAIN_UNTRUSTED_ROOT, CHAIN_FLAG(UNTRUSTED_ROOT)},
    {CHAIN_BAD_SIGNATURE, CHAIN_FLAG(BAD_SIGNATURE)},
    {CHAIN_OTHER, UINT32_MAX},
};

/* decide sets outcome and fault from the faults of each link. */
static void decide(struct chain_verdict *out, int *fault_link, const struct search *s,
                   const uint32_t *faults)
{
    uint32_t all = 0;
    for (size_t i = 0; i < s->num_path; i++)
        all |= faults[i];
    out->outcome = CHAIN_VALID;
    out->fault_at = -1;
    *fault_link = -1;
    if (all == 0)
        return;
    size_t cause = 0;
    while (!(all & causes[cause].faults))
        cause++;
    out->outcome = causes[cause].outcome;
    for (size_t i = 0; i < s->num_path; i++)
        if (faults[i] & causes[cause].faults) {
            *fault_link = (int)i;
            if (s->path[i].origin == CHAIN_SENT)
                out->fault_at = (int16_t)s->path[i].at;
            return;
        }
}

/* what is known of a path */
struct finding {
    struct search search;
    uint32_t flags[JUDGE_PATH_MAX]; /* of each link */
    struct chain_verdict verdict;   /* outcome and fault */
    int fault_link;
};

static int find_path(struct judge *j, struct finding *out)
{
    uint32_t faults[JUDGE_PATH_MAX];
    int rc = search(j, &out->search);
    if (rc < 0)
        return rc;
    if (search_lacks_issuer(&out->search))
        append_unfit_issuer(j, &out->search);
    search_faults(faults, &out->search, j->time_s);
    remark_links(out->flags, &out->search);
    out->flags[0] |= settle_self_signed(j, &out->search, &faults[0]);
    decide(&out->verdict, &out->fault_link, &out->search, faults);
    for (size_t i = 0; i < out->search.num_path; i++)
        out->flags[i] |= faults[i];
    return 0;
}

/* ---- completion ---- */

/* may_have_issued: the cheap half of the question, before anything is parsed. */
static bool may_have_issued(struct bytes ski, const struct judge_cert *c)
{
    return c->facts.aki.len == 0 || ski.len == 0 || bytes_equal(c->facts.aki, ski);
}

/* add_from_pool adds the pool's certificates that signed c; 0 if there is none that is new. */
static int add_from_pool(struct judge *j, const struct judge_cert *c)
{
    size_t first, num = judge_pool_find(j->pool, &first, c->facts.issuer), tries = 0;
    int num_added = 0;
    judge_pool_ask(j->pool, &j->asked[j->num_asked++], c->facts.issuer);
    for (size_t i = first; i < first + num && tries < POOL_TRIES; i++) {
        struct bytes der = judge_pool_der(j->pool, i);
        struct judge_cert *issuer;
        uint8_t sha256[32];
        if (!may_have_issued(judge_pool_ski(j->pool, i), c))
            continue;
        tries++;
        SHA256(der.data, der.len, sha256);
        int rc = judge_cache_get(j->cache, &issuer, der, sha256);
        if (rc == -ENOMEM)
            return rc;
        if (rc < 0)
            continue;
        j->borrowed[j->num_borrowed++] = issuer;
        note_validity(j, issuer);
        struct candidate one = {issuer, CHAIN_POOL, (uint32_t)i};
        if (candidates_have(&j->untrusted, issuer) || !is_signed_by(j, c, issuer) ||
            !candidates_add(&j->untrusted, one))
            continue;
        add_issuers(j, issuer);
        num_added++;
    }
    return num_added;
}

/* complete looks for a path that is valid with certificates of the pool; *out changes only if there
 * is one. */
static int complete(struct judge *j, struct finding *out)
{
    struct finding found = *out;
    for (unsigned round = 0; round < POOL_ROUNDS; round++) {
        if (found.verdict.outcome != CHAIN_INCOMPLETE)
            break;
        int rc = add_from_pool(j, found.search.path[found.search.num_path - 1].cert);
        if (rc <= 0)
            return rc;
        if ((rc = find_path(j, &found)) < 0)
            return rc;
    }
    if (found.verdict.outcome != CHAIN_VALID)
        return 0;
    found.flags[out->fault_link] |= CHAIN_FLAG(INCOMPLETE) | CHAIN_FLAG(COMPLETABLE);
    found.verdict = out->verdict;
    found.fault_link = out->fault_link;
    *out = found;
    return 0;
}

/* ---- the verdict ---- */

static void put_path(struct chain_path *out, const struct finding *f, const uint32_t *sent_flags)
{
    out->num_links = (uint8_t)f->search.num_path;
    out->fault_link = (int8_t)f->fault_link;
    for (size_t i = 0; i < f->search.num_path; i++) {
        const struct candidate *c = &f->search.path[i];
        out->links[i] = (struct chain_link){c->origin, c->at, f->flags[i]};
        if (c->origin == CHAIN_SENT)
            out->links[i].flags |= sent_flags[c->at];
    }
    memcpy(out->sent_flags, sent_flags, sizeof out->sent_flags);
}

static void conclude(struct judge *j, struct chain_verdict *out, struct chain_path *path,
                     const struct finding *f)
{
    uint32_t sent_flags[JUDGE_SENT_MAX];
    remark_sent(sent_flags, &f->search, j->sent, j->num_sent);
    *out = f->verdict;
    out->flags = j->is_cut ? CHAIN_FLAG(CUT) : 0;
    for (size_t i = 0; i < f->search.num_path; i++) {
        out->flags |= f->flags[i];
        if (f->search.path[i].origin == CHAIN_SENT)
            sent_flags[f->search.path[i].at] |= f->flags[i];
    }
    for (size_t i = 0; i < j->num_sent; i++)
        out->flags |= sent_flags[i];
    out->from = j->from;
    out->until = j->until;
    if (path != NULL) {
        *path = (struct chain_path){.fault_link = -1};
        put_path(path, f, sent_flags);
    }
}

int judge_take(struct judge *j, const struct bytes *sent, size_t num)
{
    let_go(j);
    j->is_none = num == 0;
    j->is_cut = false;
    int rc = take_sent(j, sent, num);
    judge_pairs_begin(j->pairs, j->num_sent > 0 ? j->sent[0].cert : NULL);
    return rc;
}

int judge_at(struct judge *j, struct chain_verdict *out, struct chain_path *path, int64_t time_s)
{
    struct finding f = {.fault_link = -1, .verdict = {.outcome = CHAIN_NONE, .fault_at = -1}};
    int rc = 0;
    give_back(j);
    j->time_s = time_s;
    j->from = INT64_MIN;
    j->until = INT64_MAX;
    j->num_asked = 0;
    if (!j->is_none && j->sent[0].cert == NULL) {
        f.verdict = (struct chain_verdict){.outcome = CHAIN_UNPARSABLE, .fault_at = 0};
    } else if (!j->is_none) {
        gather(j);
        rc = find_path(j, &f);
        if (rc == 0 && j->pool != NULL && f.verdict.outcome == CHAIN_INCOMPLETE)
            rc = complete(j, &f);
    }
    if (rc == 0)
        conclude(j, out, path, &f);
    return rc;
}

size_t judge_asked(const struct judge *j, const struct pool_question **out)
{
    *out = j->asked;
    return j->num_asked;
}

int judge_chain(struct judge *j, struct chain_verdict *out, struct chain_path *path,
                const struct bytes *sent, size_t num, int64_t time_s)
{
    int rc = judge_take(j, sent, num);
    return rc == 0 ? judge_at(j, out, path, time_s) : rc;
}
