#include "tools/aggregate_private.h"

#include "core/group_class.h"

static bool is_pq(uint16_t group)
{
    return group != 0 && (group_class(group) & GROUP_PQ) != 0;
}

static enum pq pq_of(struct adding *add, const struct visit *v)
{
    const struct record *r = v->r;
    if (is_pq(r->group))
        return PQ_NEGOTIATED;
    enum tri audited = audited_hybrid(add, v);
    if (audited == TRI_YES || is_pq(r->retry_group))
        return PQ_WOULD;
    bool offered = r->hello < 64 && (add->a->scratch->pq_hellos >> r->hello & 1);
    return audited == TRI_NO || (offered && r->version != 0) ? PQ_NOT : PQ_UNKNOWN;
}

static enum pq add_pq(struct adding *add, struct visit *v)
{
    const struct chain_facts *chain = chain_of(add, v->r);
    const struct cert_table *certs = &add->a->catalog->certs;
    enum pq pq = pq_of(add, v);
    count(add, v, TALLY_PQ, (uint64_t)pq << 1 | (v->r->version == 0x0304));
    if (chain == NULL || chain->leaf == CERT_NONE)
        return pq;
    const struct cert_entry *leaf = &certs->entries[chain->leaf];
    if (leaf->state == CERT_PARSED)
        cert_counts_bits(add->a->counts, leaf->key, (uint8_t)(1 << pq));
    return pq;
}

/* of L */
static void add_cluster(struct adding *add, const struct visit *v, enum pq pq)
{
    const struct chain_facts *chain = chain_of(add, v->r);
    if ((v->sets >> FUNNEL_L & 1) == 0)
        return;
    const struct cert_entry *leaf = &add->a->catalog->certs.entries[chain->leaf];
    const struct text_facts *greeting = template_of(add, v->r->text_id[TEXT_GREETING]);
    uint64_t keywords = v->ehlo_class != EHLO_NONE ? add->a->ehlo.facts[v->ehlo_class].keywords : 0;
    struct cluster c = {
        .key =
            cluster_key_of(leaf->spki_sha256, greeting != NULL ? greeting->greeting : 0, keywords),
        .targets = v->weight,
        .greeting = greeting != NULL ? greeting->greeting : 0,
        .pq = (uint8_t)(1 << pq),
    };
    cluster_table_add(&add->a->clusters, &c);
}

static uint64_t leaf_hash(struct adding *add, uint32_t leaf)
{
    uint64_t hash = 0;
    if (leaf != CERT_NONE)
        memcpy(&hash, add->a->catalog->certs.entries[leaf].sha256, sizeof hash);
    return hash;
}

static void add_network(struct adding *add, struct visit *v)
{
    const struct chain_facts *chain = chain_of(add, v->r);
    if (!record_has_addr(v->r))
        return;
    struct network n = {
        .key = network_key(v->r->addr),
        .targets = v->weight,
        .leaf = chain != NULL ? leaf_hash(add, chain->leaf) : 0,
        .own = (v->trusted & 3) != ANSWER_NO,
    };
    network_table_add(&add->a->networks, &n);
}

static void add_inside(struct adding *add, struct visit *v)
{
    const struct record *r = v->r;
    const struct text_facts *inside = ehlo_of(add, r->text_id[TEXT_EHLO_TLS]);
    if (r->stage != STAGE_DONE || inside == NULL || inside->class == EHLO_NONE)
        return;
    enter(add, v, FUNNEL_E2);
    count(add, v, TALLY_EHLO_TLS, inside->class);
    if (v->ehlo_class != EHLO_NONE)
        count(add, v, TALLY_EHLO_PAIR, (uint64_t)v->ehlo_class << EHLO_CLASS_BITS | inside->class);
}

void add_tls(struct adding *add, struct visit *v)
{
    const struct record *r = v->r;
    if ((add->needs & NEED_AUDITS) != 0 && r->text_id[TEXT_AUDIT] != UINT32_MAX) {
        add->a->num_audited += v->weight;
        add->a->scratch->texts[r->text_id[TEXT_AUDIT]].audited += v->weight;
    }
    if ((add->needs & NEED_CERTS) != 0)
        add_certs(add, v);
    if (!r->handshake_done)
        return;
    enum pq pq = (add->needs & NEED_AUDITS) != 0 ? add_pq(add, v) : PQ_UNKNOWN;
    if ((add->needs & NEED_CLUSTERS) != 0)
        add_cluster(add, v, pq);
    if ((add->needs & NEED_NETWORKS) != 0)
        add_network(add, v);
    if ((add->needs & NEED_DOMAINS) != 0)
        count(add, v, TALLY_DOMAIN, v->domain);
    if ((add->needs & NEED_DIALOGUE) != 0)
        add_inside(add, v);
}
