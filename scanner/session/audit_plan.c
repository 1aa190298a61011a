#include "scanner/session/audit_plan.h"

#include <assert.h>
#include <stdio.h>

#include "core/suite_class.h"
#include "scanner/session/audit_plan_private.h"
#include "scanner/session/offer.h"

enum {
    LOST_MAX = 2,     /* connections in a row that come to no hello */
    TIMEOUTS_MAX = 2, /* answers of one audit that are waited for in vain */
    ALERT_FATAL = 2,
    ALERT_CLOSE_NOTIFY = 0,
    ALERT_HANDSHAKE_FAILURE = 40,
    ALERT_PROTOCOL_VERSION = 70,
    ALERT_INSUFFICIENT_SECURITY = 71
};

/* cheap and telling first */
static const uint8_t order_of_audits[NUM_AUDIT_KINDS] = {
    AUDIT_KIND_EXPLAIN, AUDIT_KIND_RESUME, AUDIT_KIND_VERSIONS, AUDIT_KIND_PQ,
    AUDIT_KIND_SNI,     AUDIT_KIND_LEGACY, AUDIT_KIND_GROUPS,   AUDIT_KIND_SUITES,
};

/* ---- what the audits share ---- */

int version_index(uint16_t code)
{
    for (int i = 0; i < NUM_AUDIT_VERSIONS; i++)
        if (audit_version_code((enum audit_version)i) == code)
            return i;
    return -1;
}

/* splitmix64: hellos need to differ, not to be secret */
static uint64_t next_random(struct audit_plan *p)
{
    uint64_t x = p->random += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

struct crafted_hello *plan_hello(struct audit_plan *p, int version)
{
    struct crafted_hello *h = &p->connection.hello;
    *h = (struct crafted_hello){
        .version = audit_version_code((enum audit_version)version),
        .suites = p->suites,
        .groups = p->groups,
        .host = p->host[0] != '\0' ? p->host : NULL,
    };
    for (size_t i = 0; i < sizeof h->random; i += sizeof(uint64_t)) {
        uint64_t octets = next_random(p);
        memcpy(h->random + i, &octets, sizeof octets);
    }
    return h;
}

void plan_offer_all(struct audit_plan *p)
{
    struct crafted_hello *h = &p->connection.hello;
    bool tls13 = h->version == audit_version_code(AUDIT_TLS13);
    memcpy(p->suites, p->legacy, p->num_legacy * sizeof p->suites[0]);
    h->num_suites = p->num_legacy;
    if (tls13) {
        memcpy(p->suites + h->num_suites, p->tls13, p->num_tls13 * sizeof p->suites[0]);
        h->num_suites += p->num_tls13;
        h->version_min = audit_version_code(AUDIT_SSL3);
    }
    h->num_groups = group_select(p->groups, tls13 ? GROUP_TLS13 : GROUP_TLS12,
                                 tls13 ? 0 : GROUP_FF | GROUP_EXPLICIT);
}

void plan_cut(struct audit_plan *p, enum audit_kind kind)
{
    p->cut |= (uint16_t)(1U << kind);
}

enum tri plan_version(const struct audit_plan *p, int version)
{
    if (p->known[version] == TRI_UNKNOWN && p->silent[version] && p->answers)
        return TRI_NO;
    return (enum tri)p->known[version];
}

void plan_malformed(struct audit_plan *p)
{
    if (p->result.num_malformed < UINT8_MAX)
        p->result.num_malformed++;
}

bool plan_timeout(struct audit_plan *p, enum audit_kind kind)
{
    if (++p->num_timeouts[kind] < TIMEOUTS_MAX)
        return false;
    plan_cut(p, kind);
    return true;
}

static void note_dh(struct audit *a, const struct flight *f)
{
    for (size_t i = 0; i < a->num_dh; i++)
        if (a->dh[i].bits == f->dh_bits && a->dh[i].prime == f->dh_prime)
            return;
    if (f->dh_bits == 0 || a->num_dh == AUDIT_DH_MAX)
        return;
    a->dh[a->num_dh++] = (struct audit_dh){f->suite, f->dh_bits, (uint8_t)f->dh_prime};
}

void plan_prove(struct audit_plan *p, const struct said *said)
{
    if (said->version == AUDIT_SSL2) {
        p->result.ssl2_kinds = said->flight->ssl2_kinds;
        return;
    }
    legacy_prove(p, said->flight->version, said->flight->suite);
    note_dh(&p->result, said->flight);
}

/* ---- answers to crafted hellos ---- */

static bool is_among(const uint16_t *list, size_t num, uint16_t value)
{
    for (size_t i = 0; i < num; i++)
        if (list[i] == value)
            return true;
    return false;
}

/* whether the server chose from what the hello offered */
static bool was_offered(const struct crafted_hello *h, const struct flight *f)
{
    uint16_t tls13 = audit_version_code(AUDIT_TLS13), ssl2 = audit_version_code(AUDIT_SSL2);
    if (h->version == ssl2)
        return f->version == ssl2;
    uint16_t lowest = h->version != tls13   ? audit_version_code(AUDIT_SSL3)
                      : h->version_min != 0 ? h->version_min
                                            : tls13;
    if (f->version > h->version || f->version < lowest)
        return false;
    bool is_new = (suite_class(f->suite) & SUITE_TLS13) != 0;
    if (is_new != (f->version == tls13) || !is_among(h->suites, h->num_suites, f->suite))
        return false;
    if (f->version == tls13 && f->group != 0 && !is_among(h->groups, h->num_groups, f->group))
        return false;
    return f->compression == 0 || (f->compression == 1 && h->compression);
}

/* An alert of the lower level that ends a connection is a refusal only where it names one. */
static enum said_kind said_by_alert(const struct flight *f, bool timeout)
{
    if (f->alert_level == ALERT_FATAL || f->ssl2_error != 0)
        return SAID_REFUSED;
    if (f->alert_number == ALERT_HANDSHAKE_FAILURE || f->alert_number == ALERT_PROTOCOL_VERSION ||
        f->alert_number == ALERT_INSUFFICIENT_SECURITY)
        return SAID_REFUSED;
    return timeout ? SAID_TIMEOUT : SAID_SILENT;
}

static struct said said_by(struct audit_plan *p, const struct audit_answer *answer)
{
    const struct flight *f = answer->flight;
    struct said said = {.kind = SAID_UNCLEAR, .version = -1, .flight = f};
    bool timeout = answer->cause == CAUSE_TIMEOUT;
    if (f->version != 0) { /* it chose; what came after that does not undo it */
        said.version = version_index(f->version);
        if (said.version >= 0 && was_offered(&p->connection.hello, f))
            said.kind = SAID_HELLO;
        else
            plan_malformed(p);
        return said;
    }
    switch (f->kind) {
    case FLIGHT_NOTHING: said.kind = timeout ? SAID_TIMEOUT : SAID_SILENT; break;
    case FLIGHT_ALERT:
        said.kind = said_by_alert(f, timeout);
        said.alert = f->alert_number;
        break;
    case FLIGHT_MALFORMED:
    case FLIGHT_TOO_LONG: plan_malformed(p); break;
    case FLIGHT_SERVER_HELLO:
    case FLIGHT_RETRY:
    case FLIGHT_SSL2:
    case FLIGHT_NOT_TLS: break;
    }
    return said;
}

static void take_said(struct audit_plan *p, const struct said *said)
{
    if (said->kind == SAID_HELLO) {
        p->answers = true;
        p->known[said->version] = TRI_YES;
        plan_prove(p, said);
    }
    switch ((enum audit_kind)p->kind) {
    case AUDIT_KIND_EXPLAIN: explain_take(p, said); break;
    case AUDIT_KIND_VERSIONS: versions_take(p, said); break;
    case AUDIT_KIND_PQ: pq_take(p, said); break;
    case AUDIT_KIND_LEGACY: legacy_take(p, said); break;
    case AUDIT_KIND_SUITES: suites_take(p, said); break;
    case AUDIT_KIND_GROUPS: groups_take(p, said); break;
    case AUDIT_KIND_RESUME:
    case AUDIT_KIND_SNI: /* ask by handshakes */
    case NUM_AUDIT_KINDS: break;
    }
}

/* ---- the plan ---- */

/* copies a name if it is one: dots and labels of letters, digits, hyphens and underscores */
static void set_name(char out[AUDIT_NAME_LEN_MAX + 1], struct bytes name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "-_.";
    out[0] = '\0';
    if (name.len == 0 || name.len > AUDIT_NAME_LEN_MAX)
        return;
    for (size_t i = 0; i < name.len; i++)
        if (memchr(allowed, name.data[i], sizeof allowed - 1) == NULL)
            return;
    memcpy(out, name.data, name.len);
    out[name.len] = '\0';
}

/* a name in a greeting is worth sending only if it looks like one of the DNS: some dot, and a last
 * label that begins with a letter (an address does not) */
static bool looks_like_host(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot != NULL && dot > name &&
           ((dot[1] >= 'a' && dot[1] <= 'z') || (dot[1] >= 'A' && dot[1] <= 'Z'));
}

/* whether a crafted hello could say why the first handshake failed */
static bool is_explicable(const struct record *first)
{
    if (!first->has_tls || first->handshake_done || first->stage != STAGE_HANDSHAKE)
        return false;
    return first->cause == CAUSE_ALERT_RECEIVED || first->cause == CAUSE_ALERT_SENT ||
           first->cause == CAUSE_TLS_ERROR || first->cause == CAUSE_CLOSED ||
           first->cause == CAUSE_RESET;
}

/* whether the server chose from what our own hello offered, which cannot say how low it would go */
static bool was_offered_first(const struct record *first)
{
#define X(code, name) code,
    static const uint16_t suites[] = {OFFER_SUITES(X)};
#undef X
    bool tls13 = first->version == audit_version_code(AUDIT_TLS13);
    if (first->version < audit_version_code(AUDIT_SSL3) || first->version > OFFER_VERSION_MAX)
        return false;
    return tls13 ? (suite_class(first->suite) & SUITE_TLS13) != 0
                 : is_among(suites, sizeof suites / sizeof suites[0], first->suite);
}

static void take_first(struct audit_plan *p, const struct record *first)
{
    struct audit *a = &p->result;
    p->first_version = first->version;
    p->first_done = first->handshake_done;
    p->first_group = first->group;
    if (first->tls_known & TLS_FLAG_TICKET)
        a->ticket = first->tls_flags & TLS_FLAG_TICKET ? TRI_YES : TRI_NO;
    if (first->version == 0)
        return;
    if (!was_offered_first(first)) {
        plan_malformed(p);
        return;
    }
    p->answers = true;
    versions_first(p, first->version);
    legacy_prove(p, first->version, first->suite);
    for (unsigned i = 0; i < NUM_AUDIT_HYBRIDS; i++)
        if (first->handshake_done && first->group == audit_hybrid_group((enum audit_hybrid)i))
            a->hybrid[i] = TRI_YES;
}

static void end(struct audit_plan *p, unsigned stage, unsigned cause)
{
    p->ended = true;
    p->result.stopped_stage = (uint8_t)stage;
    p->result.stopped_cause = (uint8_t)cause;
}

void audit_plan_init(struct audit_plan *p, uint16_t audits, const struct record *first,
                     struct bytes greeting, const uint8_t *leaf_sha256, uint64_t seed)
{
    memset(p, 0, sizeof *p);
    audit_init(&p->result);
    p->random = seed;
    if (!is_explicable(first))
        audits &= (uint16_t)~AUDIT_BIT_EXPLAIN;
    p->todo = p->result.asked = audits & AUDIT_BITS_ALL;
    set_name(p->host, first->host);
    set_name(p->greeting, greeting);
    if (!looks_like_host(p->greeting))
        p->greeting[0] = '\0';
    snprintf(p->absent, sizeof p->absent, "%016llx.invalid", (unsigned long long)next_random(p));
    p->num_tls13 = suite_all_tls13(p->tls13);
    p->num_legacy = suite_select(p->legacy, ~0U, SUITE_TLS13 | SUITE_SHARED_KEY);
    take_first(p, first);
    if (leaf_sha256 != NULL) {
        struct audit_leaf *leaf =
            &p->result.leaf[p->host[0] != '\0' ? AUDIT_LEAF_WITH : AUDIT_LEAF_WITHOUT];
        leaf->known = true;
        memcpy(leaf->sha256, leaf_sha256, sizeof leaf->sha256);
    }
    if (!first->has_tls || first->cause == CAUSE_THROTTLED)
        end(p, first->stage, first->cause);
}

void audit_plan_key(struct audit_plan *p, uint16_t curve)
{
    p->key_curve = curve;
}

static enum audit_step ask(struct audit_plan *p, enum audit_kind kind)
{
    switch (kind) {
    case AUDIT_KIND_EXPLAIN: return explain_ask(p);
    case AUDIT_KIND_VERSIONS: return versions_ask(p);
    case AUDIT_KIND_PQ: return pq_ask(p);
    case AUDIT_KIND_LEGACY: return legacy_ask(p);
    case AUDIT_KIND_SUITES: return suites_ask(p);
    case AUDIT_KIND_GROUPS: return groups_ask(p);
    case AUDIT_KIND_RESUME: return resume_ask(p);
    case AUDIT_KIND_SNI: return sni_ask(p);
    case NUM_AUDIT_KINDS: break;
    }
    return AUDIT_END;
}

/* the next audit's question, if there is one */
static enum audit_step ask_any(struct audit_plan *p)
{
    for (size_t i = 0; i < NUM_AUDIT_KINDS; i++) {
        unsigned bit = 1U << order_of_audits[i];
        if (!(p->todo & bit))
            continue;
        p->kind = order_of_audits[i];
        p->connection = (struct audit_connection){.kind = p->kind};
        enum audit_step step = ask(p, (enum audit_kind)p->kind);
        if (step != AUDIT_END)
            return step;
        p->todo &= (uint16_t)~bit;
    }
    return AUDIT_END;
}

enum audit_step audit_plan_next(struct audit_plan *p, struct audit_connection *out)
{
    if (p->ended)
        return AUDIT_END;
    if (!p->pending) {
        p->step = (uint8_t)ask_any(p);
        if (p->step == AUDIT_END) {
            p->ended = true;
            return AUDIT_END;
        }
        p->pending = true;
    }
    *out = p->connection;
    return (enum audit_step)p->step;
}

static bool is_lost(const struct audit_plan *p, const struct audit_answer *answer)
{
    if (p->step == AUDIT_CRAFTED)
        return answer->flight == NULL;
    return answer->record == NULL || !answer->record->has_tls;
}

void audit_plan_take(struct audit_plan *p, const struct audit_answer *answer)
{
    assert(p->pending);
    p->pending = false;
    p->used[p->kind]++;
    p->result.num_connections++;
    if (is_lost(p, answer)) {
        if (answer->cause == CAUSE_THROTTLED || ++p->lost == LOST_MAX)
            end(p, answer->stage, answer->cause);
        return;
    }
    p->lost = 0;
    if (p->step == AUDIT_CRAFTED) {
        struct said said = said_by(p, answer);
        take_said(p, &said);
    } else if (p->kind == AUDIT_KIND_RESUME) {
        resume_take(p, answer);
    } else {
        sni_take(p, answer);
    }
    if (answer->cause == CAUSE_THROTTLED) /* after the hello: it had its answer all the same */
        end(p, answer->stage, answer->cause);
}

void audit_plan_stop(struct audit_plan *p, enum stage stage, enum cause cause)
{
    p->pending = false;
    end(p, stage, cause);
}

const struct audit *audit_plan_result(struct audit_plan *p)
{
    struct audit *a = &p->result;
    p->ended = true;
    lists_end(p);
    a->finished = a->asked & (uint16_t) ~(p->todo | p->cut);
    if (a->asked & AUDIT_BIT_VERSIONS)
        for (int i = 0; i < NUM_AUDIT_VERSIONS; i++)
            a->version[i] = (uint8_t)plan_version(p, i);
    if (a->asked & AUDIT_BIT_LEGACY)
        memcpy(a->class, p->classes, sizeof a->class);
    return a;
}
