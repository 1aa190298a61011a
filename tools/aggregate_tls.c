#include "tools/aggregate_private.h"

#include "core/group_class.h"
#include "core/names.h"

/* the last alert of the peer's, or of ours, that is no close_notify; 0 if there is none */
static uint8_t last_alert(const struct record *r, bool sent)
{
    uint8_t number = 0;
    for (size_t i = 0; i < r->num_alerts; i++)
        if (r->alerts[i].sent == sent && r->alerts[i].number != 0)
            number = r->alerts[i].number;
    return number;
}

static uint64_t handshake_key(const struct record *r)
{
    if (r->handshake_done)
        return (uint64_t)CAUSE_OK << 8;
    bool alert = r->cause == CAUSE_ALERT_RECEIVED || r->cause == CAUSE_ALERT_SENT;
    return (uint64_t)r->cause << 8 | (alert ? last_alert(r, r->cause == CAUSE_ALERT_SENT) : 0);
}

static bool is_rsa_exchange(const struct record *r)
{
    const char *suite = tls_suite_name(r->suite);
    return r->version < 0x0304 && suite != NULL && strncmp(suite, "TLS_RSA_", 8) == 0;
}

static enum ticket ticket_of(const struct record *r)
{
    static const struct {
        uint32_t s;
        enum ticket bin;
    } bins[] = {{300, TICKET_5_MINUTES},
                {3600, TICKET_HOUR},
                {7200, TICKET_2_HOURS},
                {86400, TICKET_DAY},
                {7 * 86400, TICKET_7_DAYS}};
    if ((r->tls_known & TLS_FLAG_TICKET) == 0)
        return TICKET_UNKNOWN;
    if ((r->tls_flags & TLS_FLAG_TICKET) == 0)
        return TICKET_NOT;
    if (r->ticket_lifetime_s == 0)
        return TICKET_NO_HINT;
    for (size_t i = 0; i < sizeof bins / sizeof bins[0]; i++)
        if (r->ticket_lifetime_s <= bins[i].s)
            return bins[i].bin;
    return TICKET_MORE;
}

static void add_flags(struct adding *add, struct visit *v)
{
    const struct record *r = v->r;
    for (size_t i = 0; i < NUM_TLS_FLAGS; i++) {
        bool known = r->tls_known >> i & 1;
        add->a->flag_known[i] += known ? v->weight : 0;
        add->a->flag_yes[i] += known && (r->tls_flags >> i & 1) ? v->weight : 0;
    }
    count(add, v, TALLY_TICKET, ticket_of(r));
}

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

static void add_pq(struct adding *add, struct visit *v)
{
    const struct chain_facts *chain = chain_of(add, v->r);
    const struct cert_table *certs = &add->a->catalog->certs;
    enum pq pq = pq_of(add, v);
    count(add, v, TALLY_PQ, (uint64_t)pq << 1 | (v->r->version == 0x0304));
    if (chain == NULL || chain->leaf == CERT_NONE)
        return;
    const struct cert_entry *leaf = &certs->entries[chain->leaf];
    if (leaf->state == CERT_PARSED)
        add->a->key_pq[leaf->key] |= (uint8_t)(1 << pq);
}

static void add_network(struct adding *add, struct visit *v)
{
    const struct chain_facts *chain = chain_of(add, v->r);
    if (!record_has_addr(v->r))
        return;
    struct network n = {
        .key = network_key(v->r->addr),
        .targets = v->weight,
        .leaf = chain != NULL ? chain->leaf : CERT_NONE,
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
    count(add, v, TALLY_HANDSHAKE, handshake_key(r));
    if (r->text_id[TEXT_AUDIT] != UINT32_MAX) {
        add->a->num_audited += v->weight;
        add->a->scratch->texts[r->text_id[TEXT_AUDIT]].audited += v->weight;
    }
    add_certs(add, v);
    if (!r->handshake_done)
        return;
    enter(add, v, FUNNEL_H);
    bool rsa = (r->group == 0 || r->sigscheme == 0) && is_rsa_exchange(r);
    bool old = r->version != 0 && r->version < 0x0303;
    count(add, v, TALLY_VERSION, r->version);
    count(add, v, TALLY_SUITE, r->suite);
    count(add, v, TALLY_GROUP, r->group != 0 ? r->group : rsa ? GROUP_RSA : 0);
    count(add, v, TALLY_SIGSCHEME,
          r->sigscheme != 0 ? r->sigscheme
          : rsa             ? GROUP_RSA
          : old             ? SIGSCHEME_OLD
                            : 0);
    add_pq(add, v);
    add_network(add, v);
    count(add, v, TALLY_DOMAIN, v->domain);
    add_flags(add, v);
    add_inside(add, v);
}
