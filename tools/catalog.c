#include "tools/catalog.h"

#include <errno.h>
#include <stdlib.h>

#include "core/times.h"
#include "tools/partial.h"

enum learnt { LEARNT_KNOWN, LEARNT_PARSED, LEARNT_UNPARSABLE };

/* what judging, and after it counting, take: of a certificate, and of a chain with a span */
enum { CERT_WORK = 32, CHAIN_WORK = 32 };

struct catalog_hand {
    struct catalog *c;
    /* of a block: what its certificates say, unless it was known, and the index of its chains */
    struct cert_facts *facts; /* of those that are whole, then of the reduced ones */
    enum learnt *learnt;
    struct reduced_cert *reduced;
    size_t num_reduced, reduced_cap, certs_cap;
    uint32_t *chains;
    size_t chains_cap;
    bool takes_verdicts;
};

struct catalog_hand *catalog_hand_new(struct catalog *c)
{
    struct catalog_hand *h = calloc(1, sizeof *h);
    if (h != NULL)
        *h = (struct catalog_hand){.c = c, .takes_verdicts = true};
    return h;
}

void catalog_hand_verdicts(struct catalog_hand *h, bool taken)
{
    h->takes_verdicts = taken;
}

void catalog_hand_free(struct catalog_hand *h)
{
    if (h == NULL)
        return;
    free(h->facts);
    free(h->learnt);
    free(h->reduced);
    free(h->chains);
    free(h);
}

struct catalog *catalog_new(void)
{
    struct catalog *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    cert_table_init(&c->certs);
    chain_table_init(&c->chains);
    c->range.end = LEAVES_END;
    pthread_mutex_init(&c->mutex, NULL);
    c->pool = judge_pool_new();
    c->own = catalog_hand_new(c);
    if (c->pool != NULL && c->own != NULL)
        return c;
    catalog_free(c);
    return NULL;
}

void catalog_free(struct catalog *c)
{
    if (c == NULL)
        return;
    cert_table_cleanup(&c->certs);
    chain_table_cleanup(&c->chains);
    judge_pool_free(c->pool);
    pthread_mutex_destroy(&c->mutex);
    catalog_hand_free(c->own);
    free(c);
}

void catalog_clear(struct catalog *c, struct leaf_range range)
{
    cert_table_clear(&c->certs);
    chain_table_cleanup(&c->chains);
    c->range = range;
    c->judged = false;
}

uint64_t catalog_octets(const struct catalog *c)
{
    return cert_table_octets(&c->certs) + c->certs.num * CERT_WORK +
           chain_table_octets(&c->chains) + c->chains.num * CHAIN_WORK;
}

uint64_t catalog_next_width(const struct catalog *c, uint64_t width)
{
    uint64_t octets = catalog_octets(c) + 1;
    for (; width < LEAVES_END && octets <= c->octets_max / 4; octets *= 2)
        width *= 2;
    return width;
}

static int state_of(const struct catalog *c)
{
    bool bad = c->certs.bad || c->chains.bad || c->chains.responses.bad;
    bool can_be_parted = c->range.end - c->range.first > 1;
    bool is_full = c->octets_max > 0 && can_be_parted && catalog_octets(c) > c->octets_max;
    return bad ? -ENOMEM : is_full ? -E2BIG : 0;
}

int64_t session_start_s(const struct dataset_header *header, const struct record *r)
{
    int64_t start_s = time_after(header->start_us, r->start_us) / 1000000;
    return start_s < 0 ? 0 : start_s > SESSION_START_MAX_S ? SESSION_START_MAX_S : start_s;
}

/* ---- a block ---- */

/* lists the certificates of which only facts are there (tools/partial.h) */
static int list_reduced(struct catalog_hand *h, const struct block *block)
{
    struct cbor_reader r = cbor_reader_of(block_reduced(block));
    struct reduced_cert cert;
    int rc;
    h->num_reduced = 0;
    while ((rc = reduced_cert_next(&r, &cert)) == 1) {
        if (h->num_reduced == h->reduced_cap) {
            size_t cap = 2 * h->reduced_cap + 64;
            struct reduced_cert *list = realloc(h->reduced, cap * sizeof list[0]);
            if (list == NULL)
                return -ENOMEM;
            h->reduced = list;
            h->reduced_cap = cap;
        }
        h->reduced[h->num_reduced++] = cert;
    }
    return rc;
}

static bool make_room(struct catalog_hand *h, const struct block *block)
{
    size_t num_certs = block_num_certs(block) + h->num_reduced;
    size_t num_chains = block_num_chains(block);
    if (num_certs > h->certs_cap) {
        free(h->facts);
        free(h->learnt);
        h->facts = malloc(num_certs * sizeof h->facts[0]);
        h->learnt = malloc(num_certs * sizeof h->learnt[0]);
        h->certs_cap = h->facts != NULL && h->learnt != NULL ? num_certs : 0;
    }
    if (num_chains > h->chains_cap) {
        free(h->chains);
        h->chains = malloc(num_chains * sizeof h->chains[0]);
        h->chains_cap = h->chains != NULL ? num_chains : 0;
    }
    return h->certs_cap >= num_certs && h->chains_cap >= num_chains;
}

/* of other ranges only the pool's certificates are wanted, once; those of partials are none */
static bool is_wanted(const struct catalog *c, uint32_t index, bool is_reduced)
{
    if (index != CERT_NONE)
        return c->certs.entries[index].state == CERT_UNSEEN;
    return c->pass == CATALOG_ALL || (!c->pool_is_whole && !is_reduced);
}

/* with the mutex: which certificates are known */
static void look_up(struct catalog_hand *h, const struct block *block)
{
    const struct cert_table *t = &h->c->certs;
    size_t num = block_num_certs(block);
    for (size_t i = 0; i < num + h->num_reduced; i++) {
        uint8_t sha256[32];
        if (i < num)
            block_cert(block, i, sha256);
        uint32_t index = cert_table_has(t, i < num ? sha256 : h->reduced[i - num].sha256);
        h->learnt[i] = is_wanted(h->c, index, i >= num) ? LEARNT_UNPARSABLE : LEARNT_KNOWN;
    }
}

/* without it: what the others say */
static int parse(struct catalog_hand *h, const struct block *block)
{
    size_t num = block_num_certs(block);
    for (size_t i = 0; i < num; i++) {
        uint8_t sha256[32];
        struct bytes der = block_cert(block, i, sha256);
        if (h->learnt[i] == LEARNT_KNOWN)
            continue;
        h->learnt[i] = cert_parse(&h->facts[i], der) ? LEARNT_PARSED : LEARNT_UNPARSABLE;
        if (memcmp(h->facts[i].sha256, sha256, sizeof sha256) != 0)
            return -EBADMSG;
    }
    for (size_t i = 0; i < h->num_reduced; i++)
        if (h->learnt[num + i] != LEARNT_KNOWN)
            h->learnt[num + i] = reduced_cert_facts(&h->facts[num + i], &h->reduced[i])
                                     ? LEARNT_PARSED
                                     : LEARNT_UNPARSABLE;
    return 0;
}

static int add_certs(struct catalog_hand *h, const struct block *block)
{
    struct catalog *c = h->c;
    size_t num = block_num_certs(block);
    int rc = 0;
    for (size_t i = 0; rc >= 0 && i < num; i++) {
        uint8_t sha256[32];
        struct bytes der = block_cert(block, i, sha256);
        if (h->learnt[i] == LEARNT_KNOWN)
            continue;
        const struct cert_facts *facts = h->learnt[i] == LEARNT_PARSED ? &h->facts[i] : NULL;
        if (c->pass == CATALOG_ALL || cert_table_has(&c->certs, sha256) != CERT_NONE)
            cert_table_take(&c->certs, sha256, der.len, facts);
        if (!c->pool_is_whole && facts != NULL && facts->is_ca && !facts->self_issued)
            rc = judge_pool_add(c->pool, der);
    }
    for (size_t i = 0; i < h->num_reduced; i++)
        if (h->learnt[num + i] != LEARNT_KNOWN)
            cert_table_take(&c->certs, h->reduced[i].sha256, h->reduced[i].der.len,
                            h->learnt[num + i] == LEARNT_PARSED ? &h->facts[num + i] : NULL);
    return rc < 0 ? rc : 0;
}

static void add_chains(struct catalog_hand *h, const struct block *block)
{
    size_t num_chains = block_num_chains(block);
    for (size_t i = 0; i < num_chains; i++) {
        uint16_t num;
        bool cut;
        const uint8_t(*sha256)[32] = block_chain(block, i, &num, &cut);
        h->chains[i] = leaf_range_has(&h->c->range, sha256[0])
                           ? chain_table_add(&h->c->chains, &h->c->certs, sha256, num, cut)
                           : CHAIN_NONE_KNOWN;
    }
}

/* what partials say of chains */
static int add_verdicts(struct catalog_hand *h, const struct block *block)
{
    struct cbor_reader r = cbor_reader_of(block_verdicts(block));
    struct chain_table *t = &h->c->chains;
    struct partial_verdict v;
    int rc;
    while ((rc = partial_verdict_next(&r, &v, block_num_chains(block))) == 1) {
        uint32_t chain = h->chains[v.chain];
        struct chain_entry *e = chain != CHAIN_NONE_KNOWN ? &t->entries[chain] : NULL;
        if (e != NULL && e->spans.num == 0)
            chain_table_judged(t, &e->spans, v.spans, v.num);
    }
    return rc;
}

static void add_sessions(struct catalog_hand *h, const struct dataset_header *header,
                         const struct block *block)
{
    struct chain_table *t = &h->c->chains;
    size_t num = block_num_in_full(block);
    for (size_t i = 0; i < num; i++) {
        struct record r;
        block_record(block, &r, i);
        if (r.chain_id == UINT32_MAX || !r.handshake_done ||
            h->chains[r.chain_id] == CHAIN_NONE_KNOWN)
            continue;
        int64_t start_s = session_start_s(header, &r);
        chain_table_seen(t, h->chains[r.chain_id], start_s);
        if (r.text[TEXT_OCSP].len > 0)
            chain_table_staple(t, h->chains[r.chain_id], r.text[TEXT_OCSP], start_s);
    }
}

static int learn_certs(struct catalog_hand *h, const struct block *block)
{
    pthread_mutex_lock(&h->c->mutex);
    look_up(h, block);
    pthread_mutex_unlock(&h->c->mutex);
    int rc = parse(h, block);
    if (rc != 0)
        return rc;
    pthread_mutex_lock(&h->c->mutex);
    rc = add_certs(h, block);
    rc = rc != 0 ? rc : state_of(h->c);
    pthread_mutex_unlock(&h->c->mutex);
    return rc;
}

static int take_chains(struct catalog_hand *h, const struct dataset_header *header,
                       const struct block *block)
{
    pthread_mutex_lock(&h->c->mutex);
    add_chains(h, block);
    int rc = state_of(h->c);
    if (rc == 0 && h->takes_verdicts)
        rc = add_verdicts(h, block);
    if (rc == 0)
        add_sessions(h, header, block);
    rc = rc != 0 ? rc : state_of(h->c);
    pthread_mutex_unlock(&h->c->mutex);
    return rc;
}

int catalog_hand_add(struct catalog_hand *h, const struct dataset_header *header,
                     const struct block *block)
{
    int rc = list_reduced(h, block);
    if (rc != 0)
        return rc;
    if (!make_room(h, block))
        return -ENOMEM;
    if (h->c->pass != CATALOG_CHAINS)
        rc = learn_certs(h, block);
    if (rc == 0 && h->c->pass != CATALOG_FACTS)
        rc = take_chains(h, header, block);
    return rc;
}

int catalog_add_block(struct catalog *c, const struct dataset_header *header,
                      const struct block *block)
{
    return catalog_hand_add(c->own, header, block);
}

/* ---- all ---- */

int catalog_merge(struct catalog *into, const struct catalog *from)
{
    uint32_t *certs = malloc((from->certs.num + 1) * sizeof certs[0]);
    if (certs == NULL)
        return -ENOMEM;
    cert_table_merge(&into->certs, certs, &from->certs);
    if (!into->certs.bad)
        chain_table_merge(&into->chains, &from->chains, certs);
    free(certs);
    int rc = state_of(into);
    for (size_t i = 0; rc >= 0 && i < judge_pool_num(from->pool); i++)
        rc = judge_pool_add(into->pool, judge_pool_der(from->pool, i));
    return rc < 0 ? rc : state_of(into);
}

void catalog_seal(struct catalog *c)
{
    chain_table_weigh(&c->chains, &c->certs);
    judge_pool_seal(c->pool);
    c->pool_is_whole = true;
}
