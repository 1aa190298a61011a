/*
 * Two hellos. The first offers hybrid groups alone, without a key share, and is large: a retry
 * request tells both that a group is accepted and that size does no harm. What the second asks
 * follows from that:
 *
 *   first answered by a retry      the hybrids that are left, to find another
 *   refused                        a large hello of all other groups: was it groups or size?
 *   silent, time-out, unclear      the same hybrids, small: was it size or groups?
 *
 * Where no hybrid is open, the only question is a large hello of everything else.
 */
#include "scanner/session/audit_plan_private.h"

enum pq_step { PQ_HYBRIDS_LARGE, PQ_HYBRIDS_LEFT, PQ_REST_LARGE, PQ_HYBRIDS_SMALL, PQ_OVER };

static size_t select_open(const struct audit_plan *p, uint16_t out[NUM_AUDIT_HYBRIDS])
{
    size_t num = 0;
    for (unsigned i = 0; i < NUM_AUDIT_HYBRIDS; i++)
        if (p->result.hybrid[i] == TRI_UNKNOWN)
            out[num++] = audit_hybrid_group((enum audit_hybrid)i);
    return num;
}

static void settle_open(struct audit_plan *p, enum tri value)
{
    for (unsigned i = 0; i < NUM_AUDIT_HYBRIDS; i++)
        if (p->result.hybrid[i] == TRI_UNKNOWN)
            p->result.hybrid[i] = (uint8_t)value;
}

/* a large hello of all versions, suites and groups but the open ones: any server answers it */
static void offer_rest(struct audit_plan *p, struct crafted_hello *h)
{
    uint16_t all[GROUPS_MAX], open[NUM_AUDIT_HYBRIDS];
    size_t num_open = select_open(p, open), num = group_select(all, 0, GROUP_EXPLICIT);
    plan_offer_all(p);
    h->num_groups = 0;
    for (size_t i = 0; i < num; i++) {
        bool is_open = false;
        for (size_t k = 0; k < num_open; k++)
            is_open |= all[i] == open[k];
        if (!is_open)
            p->groups[h->num_groups++] = all[i];
    }
    h->padded_len = AUDIT_LARGE_HELLO;
}

static void offer_hybrids(struct audit_plan *p, struct crafted_hello *h)
{
    memcpy(p->suites, p->tls13, p->num_tls13 * sizeof p->suites[0]);
    h->num_suites = p->num_tls13;
    h->num_groups = select_open(p, p->groups);
    h->padded_len = p->pq_step == PQ_HYBRIDS_LARGE ? AUDIT_LARGE_HELLO : 0;
}

enum audit_step pq_ask(struct audit_plan *p)
{
    if (p->pq_step == PQ_HYBRIDS_LARGE && plan_version(p, AUDIT_TLS13) == TRI_NO) {
        settle_open(p, TRI_NO);
        p->pq_step = PQ_REST_LARGE;
    }
    if (p->pq_step == PQ_OVER)
        return AUDIT_END;
    if (p->used[AUDIT_KIND_PQ] == BUDGET_PQ) {
        plan_cut(p, AUDIT_KIND_PQ);
        return AUDIT_END;
    }
    struct crafted_hello *h = plan_hello(p, AUDIT_TLS13);
    if (p->pq_step == PQ_REST_LARGE)
        offer_rest(p, h);
    else
        offer_hybrids(p, h);
    return AUDIT_CRAFTED;
}

static void take_retry(struct audit_plan *p, const struct flight *f)
{
    for (unsigned i = 0; i < NUM_AUDIT_HYBRIDS; i++)
        if (f->group == audit_hybrid_group((enum audit_hybrid)i))
            p->result.hybrid[i] = TRI_YES;
}

static void take_hybrids_large(struct audit_plan *p, const struct said *said)
{
    uint16_t open[NUM_AUDIT_HYBRIDS];
    p->pq_first = (uint8_t)said->kind;
    if (said->kind == SAID_HELLO) {
        p->result.large_intolerant = TRI_NO;
        take_retry(p, said->flight);
        p->pq_step = select_open(p, open) > 0 ? PQ_HYBRIDS_LEFT : PQ_OVER;
    } else {
        p->pq_step = said->kind == SAID_REFUSED ? PQ_REST_LARGE : PQ_HYBRIDS_SMALL;
    }
}

static void take_hybrids_left(struct audit_plan *p, const struct said *said)
{
    if (said->kind == SAID_HELLO)
        take_retry(p, said->flight);
    else if (said->kind == SAID_REFUSED || said->kind == SAID_SILENT)
        settle_open(p, TRI_NO);
}

static bool speaks_tls(const struct audit_plan *p)
{
    for (int i = AUDIT_SSL3; i < NUM_AUDIT_VERSIONS; i++)
        if (p->known[i] == TRI_YES)
            return true;
    return false;
}

/* A server that answers other hellos of TLS fails at this one for its size. A time-out counts here
 * too: octets that get lost on the way are what the question is about. */
static void take_rest_large(struct audit_plan *p, const struct said *said)
{
    if (said->kind == SAID_HELLO) {
        p->result.large_intolerant = TRI_NO;
        if (p->pq_first == SAID_REFUSED)
            settle_open(p, TRI_NO);
    } else if (said->kind != SAID_UNCLEAR && speaks_tls(p)) {
        p->result.large_intolerant = TRI_YES;
    }
}

/* the same question, but for its size, had no answer */
static void take_hybrids_small(struct audit_plan *p, const struct said *said)
{
    if (said->kind == SAID_HELLO)
        take_retry(p, said->flight);
    if (said->kind == SAID_HELLO || said->kind == SAID_REFUSED)
        p->result.large_intolerant = p->pq_first == SAID_UNCLEAR ? TRI_UNKNOWN : TRI_YES;
    if (said->kind == SAID_REFUSED || (said->kind == SAID_SILENT && p->answers))
        settle_open(p, TRI_NO);
}

void pq_take(struct audit_plan *p, const struct said *said)
{
    switch ((enum pq_step)p->pq_step) {
    case PQ_HYBRIDS_LARGE: take_hybrids_large(p, said); return;
    case PQ_HYBRIDS_LEFT: take_hybrids_left(p, said); break;
    case PQ_REST_LARGE: take_rest_large(p, said); break;
    case PQ_HYBRIDS_SMALL: take_hybrids_small(p, said); break;
    case PQ_OVER: break;
    }
    p->pq_step = PQ_OVER;
}
