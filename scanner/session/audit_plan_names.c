#include "scanner/session/audit_plan_private.h"

/* ---- resumption by ticket ---- */

enum audit_step resume_ask(struct audit_plan *p)
{
    struct audit *a = &p->result;
    if (!p->first_done || a->resumed != TRI_UNKNOWN)
        return AUDIT_END;
    if (a->ticket == TRI_NO) { /* nothing to resume with */
        a->resumed = TRI_NO;
        return AUDIT_END;
    }
    if (a->ticket == TRI_UNKNOWN || p->used[AUDIT_KIND_RESUME] == BUDGET_RESUME) {
        plan_cut(p, AUDIT_KIND_RESUME);
        return AUDIT_END;
    }
    p->connection.host = p->host[0] != '\0' ? p->host : NULL;
    return AUDIT_RESUME;
}

void resume_take(struct audit_plan *p, const struct audit_answer *answer)
{
    const struct record *r = answer->record;
    if (!(r->tls_known & TLS_FLAG_RESUMED))
        return;
    p->result.resumed = r->tls_flags & TLS_FLAG_RESUMED ? TRI_YES : TRI_NO;
    p->result.resumed_version = p->result.resumed == TRI_YES ? r->version : 0;
}

/* ---- another certificate ---- */

/* the name to send for a leaf; NULL: none. WITH is only asked where there is one */
static const char *name_for(const struct audit_plan *p, unsigned leaf)
{
    if (leaf == AUDIT_LEAF_ABSENT)
        return p->absent;
    return leaf == AUDIT_LEAF_WITHOUT ? NULL : p->greeting;
}

static bool is_open(const struct audit_plan *p, unsigned leaf)
{
    if (p->leaf_asked >> leaf & 1)
        return false;
    switch ((enum audit_leaf_kind)leaf) {
    case AUDIT_LEAF_WITHOUT: return p->host[0] != '\0'; /* else the first session was that */
    case AUDIT_LEAF_WITH: return p->host[0] == '\0' && p->greeting[0] != '\0';
    case AUDIT_LEAF_ABSENT: return true;
    case NUM_AUDIT_LEAVES: break;
    }
    return false;
}

enum audit_step sni_ask(struct audit_plan *p)
{
    unsigned leaf = 0;
    while (leaf < NUM_AUDIT_LEAVES && !is_open(p, leaf))
        leaf++;
    if (leaf == NUM_AUDIT_LEAVES)
        return AUDIT_END;
    if (p->used[AUDIT_KIND_SNI] == BUDGET_SNI) {
        plan_cut(p, AUDIT_KIND_SNI);
        return AUDIT_END;
    }
    p->leaf_now = (uint8_t)leaf;
    p->connection.host = name_for(p, leaf);
    return AUDIT_HANDSHAKE;
}

/* yes as soon as two differ; no where those with and without a name are known and the same, and so
 * is the third if there is one */
static enum tri compare_leaves(const struct audit_leaf leaf[NUM_AUDIT_LEAVES])
{
    for (unsigned i = 0; i < NUM_AUDIT_LEAVES; i++)
        for (unsigned k = i + 1; k < NUM_AUDIT_LEAVES; k++)
            if (leaf[i].known && leaf[k].known &&
                memcmp(leaf[i].sha256, leaf[k].sha256, sizeof leaf[i].sha256) != 0)
                return TRI_YES;
    return leaf[AUDIT_LEAF_WITHOUT].known && leaf[AUDIT_LEAF_WITH].known ? TRI_NO : TRI_UNKNOWN;
}

static enum tri refusal_of(const struct audit_plan *p, const struct record *r)
{
    if (r->handshake_done)
        return TRI_NO;
    bool refused =
        r->cause == CAUSE_ALERT_RECEIVED || r->cause == CAUSE_CLOSED || r->cause == CAUSE_RESET;
    return refused && p->first_done ? TRI_YES : TRI_UNKNOWN;
}

void sni_take(struct audit_plan *p, const struct audit_answer *answer)
{
    struct audit *a = &p->result;
    struct audit_leaf *leaf = &a->leaf[p->leaf_now];
    p->leaf_asked |= (uint8_t)(1U << p->leaf_now);
    if (answer->leaf_sha256 != NULL) {
        leaf->known = true;
        memcpy(leaf->sha256, answer->leaf_sha256, sizeof leaf->sha256);
    }
    if (p->leaf_now == AUDIT_LEAF_ABSENT)
        a->name_refused = (uint8_t)refusal_of(p, answer->record);
    a->other_leaf = (uint8_t)compare_leaves(a->leaf);
}
