#include "tools/cert_sums.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/aggregate_keys.h"

enum { S_PER_DAY = 86400 };

/* ---- labels ---- */

static void labels_cleanup(struct label_sums *l)
{
    word_tally_cleanup(&l->words);
    free(l->counts);
}

/* returns the number of a label, to be counted; 0: it has none, or there is no memory */
static uint32_t label_of(struct cert_sums *s, struct label_sums *l, struct bytes text)
{
    uint32_t word = word_tally_add(&l->words, text, 0);
    if (l->words.num + 1 > l->cap) {
        size_t cap = 2 * l->cap;
        void *counts = realloc(l->counts, cap * sizeof l->counts[0]);
        if (counts == NULL) {
            s->bad = true;
            return 0;
        }
        l->counts = counts;
        memset(l->counts + l->cap, 0, (cap - l->cap) * sizeof l->counts[0]);
        l->cap = cap;
    }
    s->bad |= l->words.bad;
    return l->words.bad ? 0 : word + 1;
}

static bool labels_init(struct label_sums *l)
{
    word_tally_init(&l->words);
    l->cap = 16;
    l->counts = calloc(l->cap, sizeof l->counts[0]);
    return l->counts != NULL;
}

/* ---- the sums ---- */

/* by targets, then by hash */
static int compare_hashes(const void *a, const void *b)
{
    const struct hash_row *x = a, *y = b;
    if (x->targets != y->targets)
        return x->targets > y->targets ? -1 : 1;
    return memcmp(x->sha256, y->sha256, sizeof x->sha256);
}

struct cert_sums *cert_sums_new(size_t top, const struct rules *certificate)
{
    struct cert_sums *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    s->certificate = certificate;
    top_list_init(&s->certs.top, sizeof(struct hash_row), top, compare_hashes);
    top_list_init(&s->keys.top, sizeof(struct hash_row), top, compare_hashes);
    bool good = labels_init(&s->key);
    good &= labels_init(&s->signature);
    good &= labels_init(&s->issuer);
    if (good)
        return s;
    cert_sums_free(s);
    return NULL;
}

static void sizes_cleanup(struct sizes *z)
{
    tally_cleanup(&z->num);
    top_list_cleanup(&z->top);
}

void cert_sums_free(struct cert_sums *s)
{
    if (s == NULL)
        return;
    labels_cleanup(&s->key);
    labels_cleanup(&s->signature);
    labels_cleanup(&s->issuer);
    sizes_cleanup(&s->certs);
    sizes_cleanup(&s->keys);
    tally_cleanup(&s->chain_targets);
    tally_cleanup(&s->chain_distinct);
    tally_cleanup(&s->product_targets);
    tally_cleanup(&s->product_keys);
    free(s);
}

static int state_of(struct cert_sums *s)
{
    top_list_end(&s->certs.top);
    top_list_end(&s->keys.top);
    s->bad |= s->product_targets.bad || s->product_keys.bad || s->chain_targets.bad ||
              s->chain_distinct.bad || s->certs.num.bad || s->keys.num.bad || s->certs.top.bad ||
              s->keys.top.bad;
    return s->bad ? -ENOMEM : 0;
}

static void add_size(struct sizes *z, const uint8_t sha256[32], uint64_t targets)
{
    tally_add(&z->num, targets, 1);
    if (targets < 2)
        return;
    struct hash_row row = {.targets = targets};
    memcpy(row.sha256, sha256, sizeof row.sha256);
    top_list_add(&z->top, &row);
    z->targets += targets;
    z->things++;
}

/* ---- one catalog ---- */

struct folding {
    struct cert_sums *s;
    const struct cert_table *certs;
    const struct cert_counts *counts;
    uint64_t *targets, *trusted;    /* of L and V, by index of the certificate */
    uint64_t *of_key;               /* of L, by number of the key */
    uint32_t *products;             /* by number of the key, as struct key_row */
    uint32_t *of_issuers;           /* product of a word of the table, + 1; 0: not asked yet */
    uint32_t *issuers, *signatures; /* label_of() a word of the table, + 1; 0: not asked yet */
    struct tally keys;              /* label_of() a kind of key, + 1 */
    struct overflow *overflow;      /* for keys; NULL: each is here as a whole */
    int rc;
};

static void add_chain(struct folding *f, const struct chain_table *t, size_t i)
{
    const struct chain_entry *e = &t->entries[i];
    uint64_t targets = f->counts->of_unjudged[i], trusted = 0;
    uint32_t seen = UINT32_MAX;
    if (targets > 0)
        tally_add(&f->s->chain_targets, VERDICT_NONE, targets);
    for (uint32_t k = 0; k < e->spans.num; k++) {
        const struct chain_span *span = &t->spans[e->spans.first + k];
        uint64_t count = f->counts->of_span[e->spans.first + k];
        if (count == 0)
            continue;
        seen = seen == UINT32_MAX ? k : seen;
        tally_add(&f->s->chain_targets, verdict_key(span), count);
        targets += count;
        trusted += span->outcome == CHAIN_VALID ? count : 0;
    }
    if (targets == 0)
        return;
    /* as a distinct chain it counts as it was when it was seen first */
    tally_add(&f->s->chain_distinct,
              verdict_key(seen != UINT32_MAX ? &t->spans[e->spans.first + seen] : NULL), 1);
    f->s->num_chains++;
    f->targets[t->certs[e->first_cert]] += targets;
    f->trusted[t->certs[e->first_cert]] += trusted;
}

static uint32_t word_label(struct folding *f, struct label_sums *l, uint32_t *known,
                           const struct word_tally *words, uint32_t word)
{
    if (word == WORD_NONE || words->words[word].text.len == 0)
        return 0;
    if (known[word] == 0)
        known[word] = label_of(f->s, l, words->words[word].text) + 1;
    return known[word] - 1;
}

void cert_key_label(char out[KEY_LABEL_MAX], const struct cert_entry *e,
                    const struct cert_table *certs)
{
    static const char *const names[] = {
        [CERT_KEY_RSA] = "RSA",       [CERT_KEY_EC] = "EC",   [CERT_KEY_ED25519] = "Ed25519",
        [CERT_KEY_ED448] = "Ed448",   [CERT_KEY_DSA] = "DSA", [CERT_KEY_RSA_PSS] = "RSA-PSS",
        [CERT_KEY_ML_DSA] = "ML-DSA",
    };
    const char *name = e->key_type < sizeof names / sizeof names[0] ? names[e->key_type] : NULL;
    bool edwards = e->key_type == CERT_KEY_ED25519 || e->key_type == CERT_KEY_ED448;
    if (name == NULL)
        out[0] = '\0';
    else if (e->curve != WORD_NONE) {
        struct bytes curve = certs->algorithms.words[e->curve].text;
        snprintf(out, KEY_LABEL_MAX, "%s %.*s", name, (int)curve.len, (const char *)curve.data);
    } else if (e->key_bits > 0 && !edwards)
        snprintf(out, KEY_LABEL_MAX, "%s %u", name, (unsigned)e->key_bits);
    else
        snprintf(out, KEY_LABEL_MAX, "%s%s", name, edwards ? "" : " of unknown size");
}

static uint32_t key_label(struct folding *f, const struct cert_entry *e)
{
    enum { CURVE_BITS = 24 };
    char text[KEY_LABEL_MAX];
    uint64_t curve = e->curve != WORD_NONE ? e->curve + UINT64_C(1) : 0;
    uint64_t kind = ((uint64_t)e->key_type << CURVE_BITS | curve) << 32 | e->key_bits;
    uint64_t known = tally_get(&f->keys, kind);
    if (known > 0)
        return (uint32_t)known - 1;
    cert_key_label(text, e, f->certs);
    uint32_t label = text[0] != '\0' ? label_of(f->s, &f->s->key, bytes_text(text)) : 0;
    tally_add(&f->keys, kind, label + UINT64_C(1));
    return label;
}

static enum validity validity_of(const struct cert_entry *e)
{
    static const int64_t days[] = {
        [VALIDITY_47] = 47,   [VALIDITY_90] = 90,   [VALIDITY_100] = 100,  [VALIDITY_200] = 200,
        [VALIDITY_398] = 398, [VALIDITY_825] = 825, [VALIDITY_3653] = 3653};
    if (!e->has_validity)
        return VALIDITY_UNKNOWN;
    if (e->not_after < e->not_before)
        return VALIDITY_NEGATIVE;
    unsigned bin = VALIDITY_47;
    /* RFC 5280: both ends are included */
    while (bin < VALIDITY_MORE && e->not_after - e->not_before >= days[bin] * S_PER_DAY)
        bin++;
    return bin;
}

/* counts a certificate of so many targets */
static void count_units(uint64_t counts[NUM_LABEL_UNITS], uint64_t targets, uint64_t trusted)
{
    counts[LABEL_TARGETS] += targets;
    counts[LABEL_TRUSTED] += trusted;
    counts[LABEL_CERTS]++;
}

static uint32_t product_of(struct folding *f, uint32_t issuer)
{
    if (issuer == WORD_NONE || f->s->certificate == NULL)
        return 0;
    uint32_t *known = &f->of_issuers[issuer];
    if (*known == 0) {
        struct bytes texts[NUM_RULE_FIELDS] = {[RULE_ISSUER] =
                                                   f->certs->issuers.words[issuer].text};
        struct rule_match match;
        *known = rules_match(f->s->certificate, &match, texts) ? match.name + 2 : 1;
    }
    return *known - 1;
}

/* of several certificates with one key, the first product in the order of the rules */
static void add_product(struct folding *f, const struct cert_entry *e, uint64_t targets)
{
    uint32_t product = product_of(f, e->issuer), *of_key = &f->products[e->key];
    tally_add(&f->s->product_targets, product, targets);
    if (product != 0 && (*of_key == 0 || product < *of_key))
        *of_key = product;
}

static void add_cert(struct folding *f, const struct cert_entry *e, uint64_t targets,
                     uint64_t trusted)
{
    struct cert_sums *s = f->s;
    uint32_t issuer = word_label(f, &s->issuer, f->issuers, &f->certs->issuers, e->issuer);
    uint32_t signature =
        word_label(f, &s->signature, f->signatures, &f->certs->algorithms, e->sig_alg);
    uint32_t key = key_label(f, e); /* may move the counts */
    count_units(s->issuer.counts[issuer], targets, trusted);
    count_units(s->signature.counts[signature], targets, trusted);
    count_units(s->key.counts[key], targets, trusted);
    count_units(s->self_issued[e->self_issued], targets, trusted);
    s->validity[e->self_issued][validity_of(e)]++;
    add_size(&s->certs, e->sha256, targets);
    f->of_key[e->key] += targets;
    add_product(f, e, targets);
}

/* ---- keys ---- */

static enum key_spread spread_of(const struct key_row *row)
{
    return row->bits & KEY_SEVERAL_AS         ? SPREAD_ASES
           : row->bits & KEY_SEVERAL_NETWORKS ? SPREAD_NETWORKS
           : row->targets == 1                ? SPREAD_SINGLE
           : row->network == 0                ? SPREAD_UNKNOWN
                                              : SPREAD_NETWORK;
}

static void add_key(struct cert_sums *s, const struct key_row *row)
{
    bool several_as = row->bits & KEY_SEVERAL_AS,
         is_yes = row->bits & (1 << PQ_NEGOTIATED | 1 << PQ_WOULD);
    bool several_countries = row->bits & KEY_SEVERAL_COUNTRIES;
    s->num_keys++;
    s->key.counts[row->label][LABEL_KEYS]++;
    s->keys_as[row->as_number == 0 ? 0 : 1 + several_as]++;
    s->keys_country[row->country == 0 ? 0 : 1 + several_countries]++;
    s->keys_network[row->network == 0 ? 0 : 1 + ((row->bits & KEY_SEVERAL_NETWORKS) != 0)]++;
    tally_add(&s->product_keys, row->product, 1);
    if (row->product != 0) {
        s->default_keys[spread_of(row)]++;
        s->default_targets[spread_of(row)] += row->targets;
    }
    s->keys_pq[is_yes ? 2 : row->bits >> PQ_NOT & 1]++;
    add_size(&s->keys, row->spki_sha256, row->targets);
}

void key_row_sum(struct key_row *into, const struct key_row *row)
{
    bool other_as =
        row->as_number != 0 && into->as_number != 0 && row->as_number != into->as_number;
    bool other_network = row->network != 0 && into->network != 0 && row->network != into->network;
    bool other_country = row->country != 0 && into->country != 0 && row->country != into->country;
    into->targets += row->targets;
    into->bits |= (uint8_t)(row->bits | (other_as ? KEY_SEVERAL_AS : 0) |
                            (other_country ? KEY_SEVERAL_COUNTRIES : 0) |
                            (other_network ? KEY_SEVERAL_NETWORKS : 0));
    into->as_number = into->as_number != 0 ? into->as_number : row->as_number;
    into->country = into->country != 0 ? into->country : row->country;
    into->network = into->network != 0 ? into->network : row->network;
    if (row->product != 0 && (into->product == 0 || row->product < into->product))
        into->product = row->product;
}

/* each key comes with the first certificate that has it */
static void add_key_of(struct folding *f, const struct cert_entry *e)
{
    const struct key_counts *k = &f->counts->keys[e->key];
    struct key_row row = {.targets = f->of_key[e->key],
                          .label = key_label(f, e),
                          .product = f->products[e->key],
                          .network = k->network,
                          .as_number = k->as_number,
                          .country = k->country,
                          .bits = k->bits};
    memcpy(row.spki_sha256, e->spki_sha256, sizeof row.spki_sha256);
    f->of_key[e->key] = 0;
    if (f->overflow == NULL)
        add_key(f->s, &row);
    else if (f->rc == 0)
        f->rc = overflow_add(f->overflow, OVERFLOW_KEYS, &row);
}

/* ---- all ---- */

static int fold(struct folding *f, const struct catalog *c)
{
    for (size_t i = 0; i < c->chains.num; i++)
        add_chain(f, &c->chains, i);
    for (size_t i = 0; i < c->certs.num; i++)
        if (f->targets[i] > 0 && c->certs.entries[i].state == CERT_PARSED)
            add_cert(f, &c->certs.entries[i], f->targets[i], f->trusted[i]);
    for (size_t i = 0; i < c->certs.num; i++)
        if (f->targets[i] > 0 && c->certs.entries[i].state == CERT_PARSED &&
            f->of_key[c->certs.entries[i].key] > 0)
            add_key_of(f, &c->certs.entries[i]);
    int rc = state_of(f->s);
    return rc != 0 ? rc : f->keys.bad ? -ENOMEM : f->rc;
}

int cert_sums_fold(struct cert_sums *s, const struct cert_counts *counts, struct overflow *keys)
{
    const struct catalog *c = counts->catalog;
    struct folding f = {.s = s, .certs = &c->certs, .counts = counts, .overflow = keys};
    f.targets = calloc(c->certs.num + 1, sizeof f.targets[0]);
    f.trusted = calloc(c->certs.num + 1, sizeof f.trusted[0]);
    f.of_key = calloc(c->certs.num_keys + 1, sizeof f.of_key[0]);
    f.products = calloc(c->certs.num_keys + 1, sizeof f.products[0]);
    f.of_issuers = calloc(c->certs.issuers.num + 1, sizeof f.of_issuers[0]);
    f.issuers = calloc(c->certs.issuers.num + 1, sizeof f.issuers[0]);
    f.signatures = calloc(c->certs.algorithms.num + 1, sizeof f.signatures[0]);
    bool good = f.targets != NULL && f.trusted != NULL && f.of_key != NULL && f.issuers != NULL &&
                f.products != NULL && f.of_issuers != NULL && f.signatures != NULL;
    int rc = good ? fold(&f, c) : -ENOMEM;
    free(f.targets);
    free(f.trusted);
    free(f.of_key);
    free(f.issuers);
    free(f.products);
    free(f.of_issuers);
    free(f.signatures);
    tally_cleanup(&f.keys);
    return rc;
}

static void take_key(void *context, const void *row)
{
    add_key(context, row);
}

int cert_sums_end(struct cert_sums *s, struct overflow *keys)
{
    int rc = keys != NULL ? overflow_each(keys, OVERFLOW_KEYS, take_key, s) : 0;
    return rc != 0 ? rc : state_of(s);
}
