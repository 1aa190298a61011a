#include "scanner/session/audit_plan_private.h"

enum { LEGACY_EXTRA = 1 }; /* the connection that everything left is refused on */

void legacy_prove(struct audit_plan *p, uint16_t version, uint16_t suite)
{
    unsigned bits = suite_class(suite);
    if (bits & SUITE_TLS13)
        return;
    for (unsigned i = 0; i < NUM_AUDIT_CLASSES; i++) {
        struct audit_proof *proof = &p->classes[i];
        if ((bits & audit_class_bit((enum audit_class)i)) && proof->accepted != TRI_YES)
            *proof = (struct audit_proof){TRI_YES, version, suite};
    }
}

static unsigned open_classes(const struct audit_plan *p)
{
    unsigned bits = 0;
    for (unsigned i = 0; i < NUM_AUDIT_CLASSES; i++)
        if (p->classes[i].accepted == TRI_UNKNOWN)
            bits |= audit_class_bit((enum audit_class)i);
    return bits;
}

static unsigned num_accepted(const struct audit_plan *p)
{
    unsigned num = 0;
    for (unsigned i = 0; i < NUM_AUDIT_CLASSES; i++)
        num += p->classes[i].accepted == TRI_YES;
    return num;
}

static void settle_open(struct audit_plan *p)
{
    for (unsigned i = 0; i < NUM_AUDIT_CLASSES; i++)
        if (p->classes[i].accepted == TRI_UNKNOWN)
            p->classes[i].accepted = TRI_NO;
}

/* DHE was accepted, but its size is known only of export suites, or not at all */
static bool wants_dh_size(const struct audit_plan *p)
{
    if (p->classes[AUDIT_CLASS_DHE].accepted != TRI_YES || p->dh_size_asked)
        return false;
    for (size_t i = 0; i < p->result.num_dh; i++) {
        unsigned bits = suite_class(p->result.dh[i].suite);
        if ((bits & SUITE_DHE) && !(bits & SUITE_EXPORT))
            return false;
    }
    return true;
}

/* the highest version below TLS 1.3 that may be accepted; -1: none is */
static int highest_old(const struct audit_plan *p)
{
    for (int i = AUDIT_TLS12; i >= AUDIT_SSL3; i--)
        if (plan_version(p, i) != TRI_NO)
            return i;
    return -1;
}

/* the suites with a bit of any_of and none of none_of, weakest first */
static void offer(struct audit_plan *p, int version, unsigned any_of, unsigned none_of)
{
    struct crafted_hello *h = plan_hello(p, version);
    plan_offer_all(p);
    h->num_suites = 0;
    for (size_t i = 0; i < p->num_legacy; i++) {
        unsigned bits = suite_class(p->legacy[i]);
        if ((bits & any_of) && !(bits & none_of))
            p->suites[h->num_suites++] = p->legacy[i];
    }
}

enum audit_step legacy_ask(struct audit_plan *p)
{
    int version = highest_old(p);
    if (version < 0)
        settle_open(p);
    bool more = open_classes(p) != 0 && !p->classes_over, size = !more && wants_dh_size(p);
    if (version < 0 || (!more && !size))
        return AUDIT_END;
    if (p->used[AUDIT_KIND_LEGACY] >= LEGACY_EXTRA + num_accepted(p) + size) {
        plan_cut(p, AUDIT_KIND_LEGACY);
        return AUDIT_END;
    }
    if (size)
        offer(p, version, SUITE_DHE, SUITE_EXPORT);
    else
        offer(p, version, open_classes(p), 0);
    p->dh_size_now = size;
    return AUDIT_CRAFTED;
}

void legacy_take(struct audit_plan *p, const struct said *said)
{
    if (p->dh_size_now) { /* plan_prove kept what it said */
        p->dh_size_asked = true;
        return;
    }
    switch (said->kind) {
    case SAID_HELLO: break;
    case SAID_REFUSED: settle_open(p); break;
    case SAID_SILENT:
        if (p->answers)
            settle_open(p);
        p->classes_over = true;
        break;
    case SAID_TIMEOUT:
    case SAID_UNCLEAR:
        plan_cut(p, AUDIT_KIND_LEGACY);
        p->classes_over = true;
        break;
    }
}
