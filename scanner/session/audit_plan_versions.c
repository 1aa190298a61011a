#include "scanner/session/audit_plan_private.h"
#include "scanner/session/offer.h"

enum { ALERT_PROTOCOL_VERSION = 70, ALERT_INAPPROPRIATE_FALLBACK = 86 };

/* what was offered above the version that was chosen is not accepted: a server takes the highest
 * that both have (RFC 5246, E.1; RFC 8446, 4.2.1) */
static void chosen(struct audit_plan *p, int version, int highest_offered)
{
    p->known[version] = TRI_YES;
    for (int i = version + 1; i <= highest_offered; i++)
        if (p->known[i] == TRI_UNKNOWN)
            p->known[i] = TRI_NO;
}

void versions_first(struct audit_plan *p, uint16_t version)
{
    int index = version_index(version);
    if (index >= 0)
        chosen(p, index, version_index(OFFER_VERSION_MAX));
}

/* ---- the versions themselves ---- */

static int highest_unasked(const struct audit_plan *p)
{
    for (int i = AUDIT_TLS13; i >= AUDIT_SSL2; i--)
        if (p->known[i] == TRI_UNKNOWN && !p->probed[i])
            return i;
    return -1;
}

/* the highest but one of the versions that are accepted: a fallback to it is a downgrade; -1: there
 * is none */
static int second_version(const struct audit_plan *p)
{
    int num = 0;
    for (int i = AUDIT_TLS13; i >= AUDIT_SSL3; i--)
        if (p->known[i] == TRI_YES && ++num == 2)
            return i;
    return -1;
}

/* "at most version": everything up to it is offered */
static enum audit_step ask_version(struct audit_plan *p, int version)
{
    struct crafted_hello *h = plan_hello(p, version);
    if (version != AUDIT_SSL2)
        plan_offer_all(p);
    h->compression = version < AUDIT_TLS13;
    return AUDIT_CRAFTED;
}

static enum audit_step ask_fallback(struct audit_plan *p, int version)
{
    struct crafted_hello *h = plan_hello(p, version);
    plan_offer_all(p);
    h->fallback = true;
    return AUDIT_CRAFTED;
}

/* the version to ask about compression with, where no answer has told of it; -1: none, or asked */
static int version_to_compress(const struct audit_plan *p)
{
    if (p->result.compression != TRI_UNKNOWN)
        return -1;
    for (int i = AUDIT_TLS12; i >= AUDIT_SSL3; i--)
        if (p->known[i] == TRI_YES)
            return p->probed[i] ? -1 : i;
    return -1;
}

enum audit_step versions_ask(struct audit_plan *p)
{
    int version = highest_unasked(p), compress = version_to_compress(p);
    int second = p->fallback_asked ? -1 : second_version(p);
    if ((version < 0 && second < 0 && compress < 0) || (p->cut & AUDIT_BIT_VERSIONS))
        return AUDIT_END;
    if (p->used[AUDIT_KIND_VERSIONS] == BUDGET_VERSIONS) {
        plan_cut(p, AUDIT_KIND_VERSIONS);
        return AUDIT_END;
    }
    if (version < 0 && second >= 0)
        return ask_fallback(p, second);
    return ask_version(p, version >= 0 ? version : compress);
}

static void take_fallback(struct audit_plan *p, const struct said *said)
{
    p->fallback_asked = true;
    if (said->kind == SAID_HELLO)
        p->result.fallback = TRI_NO;
    else if (said->kind == SAID_REFUSED && said->alert == ALERT_INAPPROPRIATE_FALLBACK)
        p->result.fallback = TRI_YES;
}

static void take_compression(struct audit_plan *p, const struct said *said)
{
    uint8_t *compression = &p->result.compression;
    if (!p->connection.hello.compression || said->version == AUDIT_SSL2)
        return;
    if (said->flight->compression != 0)
        *compression = TRI_YES;
    else if (*compression == TRI_UNKNOWN)
        *compression = TRI_NO;
}

static void take_choice(struct audit_plan *p, const struct said *said, int asked)
{
    chosen(p, said->version, asked);
    take_compression(p, said);
    if (asked == AUDIT_TLS13 && said->version != AUDIT_TLS13)
        return; /* groups were those of TLS 1.3: no whole offer to the version that was chosen */
    p->seen_suite[said->version] = said->flight->suite;
    p->seen_group[said->version] = said->flight->group;
}

/* protocol_version says that nothing at or below what was offered will do; any other alert is about
 * the version offered alone, as some servers fail at a hello whose version they do not know */
static void take_refusal(struct audit_plan *p, const struct said *said, int asked)
{
    int lowest = said->alert == ALERT_PROTOCOL_VERSION && asked != AUDIT_SSL2 ? AUDIT_SSL3 : asked;
    for (int i = lowest; i <= asked; i++)
        if (p->known[i] == TRI_UNKNOWN)
            p->known[i] = TRI_NO;
}

/* TLS 1.3 has no compression: whoever speaks nothing older cannot be asked and does not do it */
static void settle_compression(struct audit_plan *p)
{
    if (p->result.compression != TRI_UNKNOWN || plan_version(p, AUDIT_TLS13) != TRI_YES)
        return;
    for (int i = AUDIT_SSL3; i < AUDIT_TLS13; i++)
        if (plan_version(p, i) != TRI_NO)
            return;
    p->result.compression = TRI_NO;
}

void versions_take(struct audit_plan *p, const struct said *said)
{
    int asked = version_index(p->connection.hello.version);
    if (p->connection.hello.fallback) {
        take_fallback(p, said);
        return;
    }
    p->probed[asked] = true;
    switch (said->kind) {
    case SAID_HELLO: take_choice(p, said, asked); break;
    case SAID_REFUSED: take_refusal(p, said, asked); break;
    case SAID_SILENT: p->silent[asked] = true; break;
    case SAID_TIMEOUT: plan_timeout(p, (enum audit_kind)p->kind); break;
    case SAID_UNCLEAR: break;
    }
    settle_compression(p);
}

/* ---- why the first handshake failed ---- */

/* a hello of TLS 1.3 where the server had chosen that, else of TLS 1.2, which everything older
 * understands; it tells what `versions` would ask, too */
enum audit_step explain_ask(struct audit_plan *p)
{
    if (p->used[AUDIT_KIND_EXPLAIN] == BUDGET_EXPLAIN) {
        if (p->result.explain.kind == AUDIT_REPLY_NONE)
            plan_cut(p, AUDIT_KIND_EXPLAIN);
        return AUDIT_END;
    }
    bool tls13 = p->first_version == audit_version_code(AUDIT_TLS13);
    return ask_version(p, tls13 ? AUDIT_TLS13 : AUDIT_TLS12);
}

static enum audit_reply_kind reply_of(const struct said *said)
{
    switch (said->flight->kind) {
    case FLIGHT_NOTHING:
        return said->kind == SAID_TIMEOUT ? AUDIT_REPLY_TIMEOUT : AUDIT_REPLY_CLOSED;
    case FLIGHT_SERVER_HELLO: return AUDIT_REPLY_SERVER_HELLO;
    case FLIGHT_RETRY: return AUDIT_REPLY_RETRY;
    case FLIGHT_SSL2: return AUDIT_REPLY_SSL2;
    case FLIGHT_ALERT: return AUDIT_REPLY_ALERT;
    case FLIGHT_NOT_TLS: return AUDIT_REPLY_NOT_TLS;
    case FLIGHT_MALFORMED: return AUDIT_REPLY_MALFORMED;
    case FLIGHT_TOO_LONG: return AUDIT_REPLY_TOO_LONG;
    }
    return AUDIT_REPLY_NONE;
}

void explain_take(struct audit_plan *p, const struct said *said)
{
    const struct flight *f = said->flight;
    p->result.explain = (struct audit_reply){
        .kind = (uint8_t)reply_of(said),
        .offered = p->connection.hello.version,
        .version = f->version,
        .suite = f->suite,
        .group = f->group,
        .dh_bits = f->dh_bits,
        .dh_prime = (uint8_t)f->dh_prime,
        .alert_level = f->alert_level,
        .alert_number = f->alert_number,
    };
    versions_take(p, said);
}
