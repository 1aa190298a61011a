#include "tools/aggregate_private.h"

enum { S_PER_DAY = 86400 };

enum expiry expiry_at(const struct cert_entry *cert, int64_t now_s)
{
    static const struct {
        int days;
        enum expiry bin;
    } bins[] = {{7, EXPIRY_7}, {14, EXPIRY_14}, {30, EXPIRY_30}, {90, EXPIRY_90}};
    if (cert->state != CERT_PARSED || !cert->has_validity)
        return EXPIRY_UNKNOWN;
    if (now_s > cert->not_after)
        return EXPIRY_PAST;
    if (now_s < cert->not_before)
        return EXPIRY_NOT_YET;
    for (size_t i = 0; i < sizeof bins / sizeof bins[0]; i++)
        if (cert->not_after - bins[i].days * (int64_t)S_PER_DAY <= now_s)
            return bins[i].bin;
    return EXPIRY_MORE;
}

unsigned expiry_week_at(const struct cert_entry *cert, int64_t now_s)
{
    const int64_t weeks_max = EXPIRY_WEEK_MAX - EXPIRY_WEEK_0;
    if (cert->state != CERT_PARSED || !cert->has_validity)
        return EXPIRY_WEEK_UNKNOWN;
    if (now_s > cert->not_after)
        return EXPIRY_WEEK_PAST;
    int64_t weeks = (cert->not_after - now_s) / (7 * (int64_t)S_PER_DAY);
    return EXPIRY_WEEK_0 + (unsigned)(weeks < weeks_max ? weeks : weeks_max);
}

/* ---- chain, response, names ---- */

/* the span of the chain's judgement that the session was in; NULL: not judged */
static const struct chain_span *verdict_of(struct adding *add, const struct visit *v,
                                           const struct chain_facts *chain)
{
    const struct chain_table *t = &add->a->catalog->chains;
    if (!add->a->catalog->judged || chain == NULL || chain->chain == CHAIN_NONE_KNOWN)
        return NULL;
    return span_at(t, &t->entries[chain->chain].spans, v->start_s);
}

static void add_verdict(struct adding *add, struct visit *v, uint32_t chain,
                        const struct chain_span *verdict)
{
    if (chain != CHAIN_NONE_KNOWN)
        cert_counts_chain(add->a->counts, chain, verdict, v->weight);
}

/* N; each identity is counted apart */
static enum answer add_names(struct adding *add, struct visit *v, const struct cert_entry *leaf,
                             enum answer trusted)
{
    enum answer named = ANSWER_UNKNOWN;
    for (size_t i = 0; i < NUM_IDENTITIES; i++) {
        if (!v->names[i].asked)
            continue;
        enum name_match match =
            leaf_names_match(&add->a->catalog->certs.names, &leaf->names, &v->names[i]);
        count(add, v, (enum aggregate_tally)(TALLY_NAME_HOST + i), (uint64_t)trusted << 8 | match);
        if (name_match_ok(match))
            named = ANSWER_YES;
        else if (named == ANSWER_UNKNOWN)
            named = ANSWER_NO;
    }
    return named;
}

/* what came of the certificate's status: 0 where it is not known */
static unsigned ocsp_of(struct adding *add, const struct visit *v, uint32_t chain)
{
    const struct chain_table *t = &add->a->catalog->chains;
    const struct record *r = v->r;
    if ((r->tls_known & TLS_FLAG_OCSP) == 0)
        return 0;
    if ((r->tls_flags & TLS_FLAG_OCSP) == 0)
        return OCSP_ABSENT;
    if (!add->a->catalog->judged || chain == CHAIN_NONE_KNOWN || r->text[TEXT_OCSP].len == 0)
        return 0;
    uint32_t staple = chain_table_response(t, chain, r->text[TEXT_OCSP]);
    if (staple == CHAIN_NONE_KNOWN)
        return 0;
    const struct chain_span *span = span_at(t, &t->staples[staple].spans, v->start_s);
    return span != NULL ? span->outcome : 0;
}

static enum must_staple must_staple_of(const struct cert_entry *leaf, unsigned ocsp)
{
    if (!leaf->must_staple)
        return STAPLE_NOT_ASKED;
    return ocsp == 0             ? STAPLE_UNKNOWN
           : ocsp == OCSP_ABSENT ? STAPLE_MISSING
           : ocsp == OCSP_GOOD   ? STAPLE_GOOD
                                 : STAPLE_OTHER;
}

static enum sct_where sct_of(const struct record *r, const struct cert_entry *leaf)
{
    if ((r->tls_known & TLS_FLAG_SCT) == 0)
        return SCT_UNKNOWN;
    if (r->tls_flags & TLS_FLAG_SCT)
        return leaf->has_scts ? SCT_BOTH : SCT_IN_TLS;
    return leaf->has_scts ? SCT_EMBEDDED : SCT_NOWHERE;
}

/* ---- where keys are ---- */

/* a hash of a network; never 0 */
static uint32_t network_hash(struct addr addr)
{
    uint32_t hash = (uint32_t)(network_key(addr) * UINT64_C(0x9e3779b97f4a7c15) >> 32);
    return hash != 0 ? hash : 1;
}

static void add_place(struct adding *add, const struct visit *v, const struct cert_entry *leaf)
{
    const char *country = v->joined->place.country;
    struct key_place place = {
        .network = record_has_addr(v->r) ? network_hash(v->r->addr) : 0,
        .as_number = v->joined->place.as_number,
        .country = (uint16_t)((uint8_t)country[0] << 8 | (uint8_t)country[1]),
    };
    if (leaf->key != CERT_NONE)
        cert_counts_place(add->a->counts, leaf->key, &place);
}

static uint64_t key_kind(const struct cert_entry *leaf)
{
    uint64_t curve = leaf->curve < UINT16_MAX ? leaf->curve + 1 : 0;
    return (uint64_t)leaf->key_type << 40 | (uint64_t)(leaf->key_bits & 0xffffff) << 16 | curve;
}

/* of L */
static void add_leaf(struct adding *add, struct visit *v, const struct chain_facts *chain,
                     enum answer *trusted, enum answer *named)
{
    const struct cert_entry *leaf = &add->a->catalog->certs.entries[chain->leaf];
    const struct chain_span *verdict = verdict_of(add, v, chain);
    unsigned ocsp = ocsp_of(add, v, chain->chain);
    enter(add, v, FUNNEL_L);
    add_place(add, v, leaf);
    if (verdict != NULL)
        *trusted = verdict->outcome == CHAIN_VALID ? ANSWER_YES : ANSWER_NO;
    *named = add_names(add, v, leaf, *trusted);
    add_verdict(add, v, chain->chain, verdict);
    count(add, v, TALLY_VERDICT,
          verdict != NULL ? (uint64_t)verdict->flags << 8 | (verdict->outcome + 1U) : 0);
    if (v->grouped)
        count(add, v, TALLY_KEY, key_kind(leaf));
    count(add, v, TALLY_EXPIRY, expiry_at(leaf, v->start_s));
    count(add, v, TALLY_EXPIRY_WEEK, expiry_week_at(leaf, v->start_s));
    count(add, v, TALLY_MUST_STAPLE, must_staple_of(leaf, ocsp));
    count(add, v, TALLY_SCT, sct_of(v->r, leaf));
    if (*trusted == ANSWER_YES)
        enter(add, v, FUNNEL_V);
    if (*named == ANSWER_YES)
        enter(add, v, FUNNEL_N);
}

/* of H */
static void add_chain(struct adding *add, struct visit *v, const struct chain_facts *chain)
{
    const struct catalog *c = add->a->catalog;
    enum answer trusted = ANSWER_UNKNOWN, named = ANSWER_UNKNOWN;
    bool none = chain == NULL || chain->length == 0;
    bool known = !none && chain->leaf != CERT_NONE;
    enum cert_state state =
        known ? (enum cert_state)c->certs.entries[chain->leaf].state : CERT_UNSEEN;
    count(add, v, TALLY_CHAIN_LENGTH, none ? 0 : chain->length);
    count(add, v, TALLY_CHAIN_OCTETS, none ? 0 : chain->octets);
    count(add, v, TALLY_OCSP, ocsp_of(add, v, none ? CHAIN_NONE_KNOWN : chain->chain));
    if (state == CERT_PARSED)
        add_leaf(add, v, chain, &trusted, &named);
    else if (none || state == CERT_UNPARSABLE)
        trusted = named = ANSWER_NO;
    v->trusted = (uint64_t)trusted << 2 | named;
    count(add, v, TALLY_TRUSTED, v->trusted);
}

void add_certs(struct adding *add, struct visit *v)
{
    struct aggregate *a = add->a;
    const struct chain_facts *chain = chain_of(add, v->r);
    bool done = v->r->handshake_done;
    if (done)
        add_chain(add, v, chain);
    if (chain == NULL || chain->length == 0)
        *(done ? &a->no_leaf : &a->no_leaf_failed) += v->weight;
    if (chain == NULL || chain->leaf == CERT_NONE)
        return;
    uint8_t state = a->catalog->certs.entries[chain->leaf].state;
    *(done ? &a->leaf_done[state] : &a->leaf_failed[state]) += v->weight;
}
