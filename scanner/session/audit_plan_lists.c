/*
 * Suites and groups: what a server picks is left out of the next hello, until it refuses what is
 * left. The first hello has the weakest first, the next the strongest, in turns as long as every
 * pick was the first of our order that is accepted. A pick behind one that is accepted shows an
 * order of the server's own; then the picks, one after the other, are that order.
 */
#include "core/names.h"
#include "scanner/session/audit_plan_private.h"

enum {
    REFUSAL = 1,         /* the connection on which all that is left is refused */
    CLIENT_PICKS_MIN = 3 /* picks that follow our order, both ways: an order of the server's own
                              might do that by chance where there are fewer */
};

enum what { WHAT_SUITES, WHAT_GROUPS };

static enum audit_kind kind_of(enum what what)
{
    return what == WHAT_SUITES ? AUDIT_KIND_SUITES : AUDIT_KIND_GROUPS;
}

/* whether all picks so far are the first accepted value of the hello that they answer */
static bool follows_us(const struct audit_search *s)
{
    for (size_t i = 0; i < s->num_picks; i++)
        for (size_t k = i + 1; k < s->num_picks; k++) {
            if (s->pick[k].value == s->last)
                continue; /* stood behind all others, both ways */
            if (s->pick[i].value == s->last ||
                (s->pick[k].place < s->pick[i].place) != s->pick[i].reversed)
                return false;
        }
    return true;
}

static enum audit_order order_of(const struct audit_search *s)
{
    if (!follows_us(s))
        return AUDIT_ORDER_SERVER;
    return s->num_picks >= CLIENT_PICKS_MIN ? AUDIT_ORDER_CLIENT : AUDIT_ORDER_UNKNOWN;
}

/* the hello that follows num_picks picks */
static bool is_reversed(const struct audit_search *s)
{
    return s->num_picks % 2 == 1 && follows_us(s);
}

/* Below TLS 1.3 an ECDSA key serves only who offers the curve that it is on. */
static bool is_key_bound(enum what what, int version, uint16_t suite)
{
    const char *name = tls_suite_name(suite);
    return what == WHAT_GROUPS && version < AUDIT_TLS13 && name != NULL &&
           strstr(name, "_ECDSA_") != NULL;
}

/* Whether a refusal of what is left is about that: not where the key's curve went last, and only
 * because there was nothing else. */
static bool is_left_open(const struct audit_search *s)
{
    if (!s->key_bound)
        return false;
    return s->pick[s->num_picks - 1].value != s->last || order_of(s) != AUDIT_ORDER_CLIENT;
}

/* moves the value at index i of the offer to the picks */
static void pick(struct audit_search *s, size_t i)
{
    s->pick[s->num_picks] = (struct audit_pick){s->offer[i], s->place[i], is_reversed(s)};
    s->num_picks++;
    s->num_offer--;
    memmove(s->offer + i, s->offer + i + 1, (s->num_offer - i) * sizeof s->offer[0]);
    memmove(s->place + i, s->place + i + 1, (s->num_offer - i) * sizeof s->place[0]);
}

static bool pick_value(struct audit_search *s, uint16_t value)
{
    for (size_t i = 0; i < s->num_offer; i++)
        if (s->offer[i] == value) {
            pick(s, i);
            return true;
        }
    return false;
}

static size_t whole_offer(struct audit_plan *p, enum what what, int version, uint16_t *out)
{
    if (what == WHAT_GROUPS)
        return version == AUDIT_TLS13 ? group_select(out, GROUP_TLS13, 0)
                                      : group_select(out, GROUP_TLS12, GROUP_FF | GROUP_EXPLICIT);
    size_t num = version == AUDIT_TLS13 ? p->num_tls13 : p->num_legacy;
    memcpy(out, version == AUDIT_TLS13 ? p->tls13 : p->legacy, num * sizeof *out);
    return num;
}

static void begin(struct audit_plan *p, enum what what, int version)
{
    struct audit_search *s = &p->search;
    uint16_t seen = what == WHAT_SUITES ? p->seen_suite[version] : p->seen_group[version];
    *s =
        (struct audit_search){.open = true, .version = (uint8_t)version, .found = (uint8_t)version};
    s->kind = (uint8_t)kind_of(what);
    s->num_offer = whole_offer(p, what, version, s->offer);
    for (size_t i = 0; i < s->num_offer; i++) {
        s->place[i] = (uint16_t)i;
        if (what == WHAT_GROUPS && version < AUDIT_TLS13 && s->offer[i] == p->key_curve)
            s->last = p->key_curve;
    }
    if (seen != 0 && seen != s->last && pick_value(s, seen))
        s->key_bound = is_key_bound(what, version, p->seen_suite[version]);
}

/* the group of the first session, where the search did not come to it */
static void add_first_group(const struct audit_plan *p, struct audit_list *list)
{
    if (!p->first_done || p->first_version != list->version || list->num == AUDIT_LIST_MAX ||
        (group_class(p->first_group) & GROUP_TLS12) == 0)
        return;
    for (size_t i = 0; i < list->num; i++)
        if (list->value[i] == p->first_group)
            return;
    list->order = AUDIT_ORDER_UNKNOWN;
    list->value[list->num++] = p->first_group;
}

/* ends the search; what was found is kept if there is any */
static void close_search(struct audit_plan *p, enum what what, bool complete)
{
    struct audit *a = &p->result;
    struct audit_search *s = &p->search;
    uint8_t *num = what == WHAT_SUITES ? &a->num_suites : &a->num_groups;
    struct audit_list *list = (what == WHAT_SUITES ? a->suites : a->groups) + *num;
    p->searched[what] |= (uint8_t)(1U << s->version);
    s->open = false;
    if (!complete)
        plan_cut(p, kind_of(what));
    if (s->num_picks == 0 || *num == AUDIT_LISTS_MAX)
        return;
    list->version = audit_version_code((enum audit_version)s->found);
    list->order = (uint8_t)order_of(s);
    list->complete = complete && !is_left_open(s);
    list->num = (uint8_t)s->num_picks;
    for (size_t i = 0; i < s->num_picks; i++)
        list->value[i] = s->pick[i].value;
    if (is_left_open(s))
        add_first_group(p, list);
    ++*num;
}

void lists_end(struct audit_plan *p)
{
    if (p->search.open)
        close_search(p, p->search.kind == AUDIT_KIND_SUITES ? WHAT_SUITES : WHAT_GROUPS, false);
}

/* ---- asking ---- */

static void put_offer(const struct audit_search *s, uint16_t *out)
{
    bool reversed = is_reversed(s);
    size_t num = 0;
    for (size_t i = 0; i < s->num_offer; i++) {
        uint16_t value = s->offer[reversed ? s->num_offer - 1 - i : i];
        if (value != s->last)
            out[num++] = value;
    }
    if (num < s->num_offer)
        out[num] = s->last;
}

static void ask_suites(struct audit_plan *p, struct crafted_hello *h)
{
    plan_offer_all(p);
    h->version_min = 0; /* TLS 1.3 alone, where that is asked about */
    put_offer(&p->search, p->suites);
    h->num_suites = p->search.num_offer;
}

/* suites that need a group, all of them */
static void ask_groups(struct audit_plan *p, struct crafted_hello *h)
{
    bool tls13 = p->search.version == AUDIT_TLS13;
    const uint16_t *all = tls13 ? p->tls13 : p->legacy;
    for (size_t i = 0, num = tls13 ? p->num_tls13 : p->num_legacy; i < num; i++)
        if (suite_class(all[i]) & (SUITE_TLS13 | SUITE_ECDHE))
            p->suites[h->num_suites++] = all[i];
    put_offer(&p->search, p->groups);
    h->num_groups = p->search.num_offer;
}

/* the next version to search, -1: none is left. Groups are the same for all versions below TLS 1.3,
 * so that one of those is enough; SSLv3 has none. */
static int next_version(const struct audit_plan *p, enum what what)
{
    for (int i = AUDIT_TLS13; i >= AUDIT_SSL3; i--) {
        bool done = p->searched[what] >> i & 1;
        if (what == WHAT_GROUPS && done && i < AUDIT_TLS13)
            return -1;
        if (!done && plan_version(p, i) != TRI_NO)
            return what == WHAT_GROUPS && i == AUDIT_SSL3 ? -1 : i;
    }
    return -1;
}

static enum audit_step ask_search(struct audit_plan *p, enum what what)
{
    struct audit_search *s = &p->search;
    for (unsigned bound = 0; bound <= NUM_AUDIT_VERSIONS; bound++) {
        int version = s->open ? s->version : next_version(p, what);
        if (version < 0)
            return AUDIT_END;
        if (!s->open)
            begin(p, what, version);
        bool room = s->num_picks < AUDIT_LIST_MAX && s->num_used < s->num_picks + REFUSAL;
        if (s->num_offer > 0 && room) {
            struct crafted_hello *h = plan_hello(p, version);
            s->num_used++;
            if (what == WHAT_SUITES)
                ask_suites(p, h);
            else
                ask_groups(p, h);
            return AUDIT_CRAFTED;
        }
        close_search(p, what, s->num_offer == 0);
    }
    return AUDIT_END;
}

/* SSLv2 lists all its cipher kinds at once */
static enum audit_step ask_ssl2(struct audit_plan *p)
{
    if (p->probed[AUDIT_SSL2] || p->known[AUDIT_SSL2] != TRI_UNKNOWN)
        return AUDIT_END;
    if (p->ssl2_used) { /* and lost */
        plan_cut(p, AUDIT_KIND_SUITES);
        return AUDIT_END;
    }
    p->ssl2_used = true;
    plan_hello(p, AUDIT_SSL2);
    return AUDIT_CRAFTED;
}

enum audit_step suites_ask(struct audit_plan *p)
{
    enum audit_step step = ask_search(p, WHAT_SUITES);
    return step != AUDIT_END ? step : ask_ssl2(p);
}

enum audit_step groups_ask(struct audit_plan *p)
{
    return ask_search(p, WHAT_GROUPS);
}

/* ---- answers ---- */

/* a lower version than the one asked about: that one is refused, or what was left of it is */
static void take_lower(struct audit_plan *p, enum what what, const struct said *said)
{
    struct audit_search *s = &p->search;
    if (s->num_picks == 0) { /* so it was a whole offer */
        if (p->known[s->version] == TRI_UNKNOWN)
            p->known[s->version] = TRI_NO;
        p->seen_suite[said->version] = said->flight->suite;
    }
    close_search(p, what, true);
}

static void take_pick(struct audit_plan *p, enum what what, const struct said *said)
{
    struct audit_search *s = &p->search;
    if (what == WHAT_SUITES && said->version < s->version) {
        take_lower(p, what, said);
        return;
    }
    uint16_t value = what == WHAT_SUITES ? said->flight->suite : said->flight->group;
    if (value == 0) { /* no group was seen: it fell silent, or sent a curve of its own */
        close_search(p, what, false);
        return;
    }
    if (s->num_picks == 0)
        s->found = (uint8_t)said->version;
    if (pick_value(s, value)) {
        s->key_bound = is_key_bound(what, said->version, said->flight->suite);
        return;
    }
    plan_malformed(p);
    close_search(p, what, false);
}

static void take_refusal(struct audit_plan *p, enum what what, const struct said *said)
{
    enum { ALERT_PROTOCOL_VERSION = 70 };
    struct audit_search *s = &p->search;
    bool whole = s->num_picks == 0 && (what == WHAT_SUITES || s->version == AUDIT_TLS13);
    int lowest =
        s->version < AUDIT_TLS13 && said->alert == ALERT_PROTOCOL_VERSION ? AUDIT_SSL3 : s->version;
    for (int i = lowest; whole && i <= s->version; i++)
        if (p->known[i] == TRI_UNKNOWN)
            p->known[i] = TRI_NO;
    close_search(p, what, true);
}

static void take_silence(struct audit_plan *p, enum what what, const struct said *said)
{
    if (p->answers) {
        take_refusal(p, what, said);
        return;
    }
    if (what == WHAT_SUITES)
        p->silent[p->search.version] = true;
    close_search(p, what, false);
}

static void take_search(struct audit_plan *p, enum what what, const struct said *said)
{
    switch (said->kind) {
    case SAID_HELLO: take_pick(p, what, said); break;
    case SAID_REFUSED: take_refusal(p, what, said); break;
    case SAID_SILENT: take_silence(p, what, said); break;
    case SAID_TIMEOUT:
        close_search(p, what, false);
        if (plan_timeout(p, kind_of(what)))
            p->searched[what] = UINT8_MAX;
        break;
    case SAID_UNCLEAR: close_search(p, what, false); break;
    }
}

void suites_take(struct audit_plan *p, const struct said *said)
{
    if (p->connection.hello.version == audit_version_code(AUDIT_SSL2))
        versions_take(p, said);
    else
        take_search(p, WHAT_SUITES, said);
}

void groups_take(struct audit_plan *p, const struct said *said)
{
    take_search(p, WHAT_GROUPS, said);
}
