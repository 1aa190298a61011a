#include "tests/session/audit_model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/names.h"
#include "core/suite_class.h"
#include "scanner/session/offer.h"

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

enum { MODEL_HOST_LEAF = 1, LARGE = 1600, CONNECTIONS_MAX = 1000 };

static bool is_among(const uint16_t *list, size_t num, uint16_t value)
{
    for (size_t i = 0; i < num; i++)
        if (list[i] == value)
            return true;
    return false;
}

/* the first of mine that is among theirs, or the first of theirs that is among mine */
static uint16_t choose(const uint16_t *mine, size_t num_mine, const uint16_t *theirs,
                       size_t num_theirs, bool own_order)
{
    const uint16_t *a = own_order ? mine : theirs, *b = own_order ? theirs : mine;
    size_t num_a = own_order ? num_mine : num_theirs, num_b = own_order ? num_theirs : num_mine;
    for (size_t i = 0; i < num_a; i++)
        if (is_among(b, num_b, a[i]))
            return a[i];
    return 0;
}

static int index_of(uint16_t version)
{
    for (int i = 0; i < NUM_AUDIT_VERSIONS; i++)
        if (audit_version_code((enum audit_version)i) == version)
            return i;
    abort();
}

static void refuse(struct flight *f, enum cause *cause, enum model_refusal how, uint8_t alert)
{
    *f = (struct flight){.kind = FLIGHT_NOTHING};
    *cause = how == REFUSE_TIMEOUT ? CAUSE_TIMEOUT : CAUSE_CLOSED;
    if (how == REFUSE_ALERT || how == REFUSE_40) {
        f->kind = FLIGHT_ALERT;
        f->alert_level = 2;
        f->alert_number = how == REFUSE_40 ? 40 : alert;
        *cause = CAUSE_ALERT_RECEIVED;
    }
}

static int highest_of(const struct model *m, int from, int to)
{
    for (int i = from; i >= to; i--)
        if (m->version[i])
            return i;
    return -1;
}

/* whether it cannot sign, as the curve of its key is not offered */
static bool misses_key(const struct model *m, int v, uint16_t suite, const struct crafted_hello *h)
{
    if (m->key_curve == 0 || v == AUDIT_TLS13 || strstr(tls_suite_name(suite), "_ECDSA_") == NULL)
        return false;
    for (size_t i = 0; i < h->num_groups; i++)
        if (h->groups[i] == m->key_curve)
            return false;
    return true;
}

/* the suite and group that it takes under a version; 0: none */
static uint16_t choose_suite(uint16_t *group, const struct model *m, int v,
                             const struct crafted_hello *h)
{
    uint16_t usable[SUITES_MAX];
    size_t num = 0;
    const uint16_t *groups = v == AUDIT_TLS13 ? m->groups13 : m->curves;
    size_t num_groups = v == AUDIT_TLS13 ? m->num_groups13 : m->num_curves;
    *group = choose(groups, num_groups, h->groups, h->num_groups, m->own_order);
    for (size_t i = 0; i < m->num_suites[v]; i++) {
        unsigned bits = suite_class(m->suites[v][i]);
        bool needs = (bits & (SUITE_TLS13 | SUITE_ECDHE)) != 0 ||
                     ((bits & SUITE_CURVE) && (bits & SUITE_ANON));
        if ((!needs || *group != 0) && !misses_key(m, v, m->suites[v][i], h))
            usable[num++] = m->suites[v][i];
    }
    return choose(usable, num, h->suites, h->num_suites, m->own_order);
}

static void serve(struct flight *f, enum cause *cause, const struct model *m,
                  const struct crafted_hello *h)
{
    int asked = index_of(h->version);
    int lowest = asked == AUDIT_TLS13 ? index_of(h->version_min != 0 ? h->version_min : h->version)
                                      : AUDIT_SSL3;
    *cause = CAUSE_OK;
    if (m->choke_large && h->padded_len > LARGE) {
        refuse(f, cause, m->choke, 50);
        return;
    }
    if (m->highest_hello != 0 && asked > m->highest_hello) {
        refuse(f, cause, m->refusal, 40);
        return;
    }
    if (asked == AUDIT_SSL2) {
        if (m->version[AUDIT_SSL2])
            *f = (struct flight){
                .kind = FLIGHT_SSL2, .version = h->version, .ssl2_kinds = m->ssl2_kinds};
        else
            refuse(f, cause, m->refusal, 70);
        return;
    }
    if (h->fallback && m->scsv && highest_of(m, AUDIT_TLS13, asked + 1) >= 0) {
        refuse(f, cause, REFUSE_ALERT, 86);
        return;
    }
    int v = highest_of(m, asked, lowest);
    uint16_t group = 0, suite = v < 0 ? 0 : choose_suite(&group, m, v, h);
    if (suite == 0) {
        refuse(f, cause, m->refusal, v < 0 ? 70 : 40);
        return;
    }
    unsigned bits = suite_class(suite);
    *f = (struct flight){
        .kind = v == AUDIT_TLS13 ? FLIGHT_RETRY : FLIGHT_SERVER_HELLO,
        .complete = true,
        .version = audit_version_code((enum audit_version)v),
        .suite = m->pick_unoffered ? 0x0001 : suite,
        .group = bits & (SUITE_TLS13 | SUITE_ECDHE) ? group : 0,
        .compression = m->compression && h->compression,
    };
    if (bits & SUITE_DHE) {
        f->dh_bits = bits & SUITE_EXPORT ? 512 : m->dh_bits;
        f->dh_prime = DH_PRIME_OWN;
    }
}

/* ---- what BoringSSL would do ---- */

void model_first(struct record *r, const struct model *m)
{
    static const uint16_t suites[] = {0x1301, 0x1302, 0x1303,
#define X(code, name) code,
                                      OFFER_SUITES(X)
#undef X
    };
    static const uint16_t groups[] = {29, 23, 24, 25};
    struct crafted_hello h = {.version = OFFER_VERSION_MAX,
                              .version_min = OFFER_VERSION_MIN,
                              .suites = suites,
                              .num_suites = COUNT(suites),
                              .groups = groups,
                              .num_groups = COUNT(groups)};
    struct flight f;
    enum cause cause;
    serve(&f, &cause, m, &h);
    record_init(r);
    r->has_tls = true;
    r->host = bytes_text("mx.example.com");
    r->stage = STAGE_HANDSHAKE;
    r->cause = (uint8_t)cause;
    if (cause != CAUSE_OK)
        return;
    r->stage = STAGE_DONE;
    r->version = f.version;
    r->suite = f.suite;
    r->group = f.group;
    r->handshake_done = true;
    r->tls_known = TLS_FLAG_TICKET;
    r->tls_flags = m->ticket ? TLS_FLAG_TICKET : 0;
}

static void answer_handshake(struct audit_answer *out, struct record *r, uint8_t sha256[32],
                             const struct model *m, enum audit_step step, const char *host)
{
    bool named = host != NULL && strcmp(host, "mx.example.com") == 0;
    model_first(r, m);
    out->record = r;
    out->cause = r->cause;
    if (!r->handshake_done)
        return;
    if (step == AUDIT_RESUME) {
        r->tls_known |= TLS_FLAG_RESUMED;
        r->tls_flags |= (uint16_t)(m->resumes ? TLS_FLAG_RESUMED : 0);
        return;
    }
    if (host != NULL && !named && m->refuses_name) {
        r->handshake_done = false;
        r->cause = out->cause = CAUSE_ALERT_RECEIVED;
        return;
    }
    memset(sha256, named ? m->leaf : m->default_leaf, 32);
    out->leaf_sha256 = sha256;
}

void model_answer(struct audit_answer *out, struct flight *f, struct record *r,
                  uint8_t leaf_sha256[32], const struct model *m, enum audit_step step,
                  const struct audit_connection *c, unsigned num)
{
    *out = (struct audit_answer){.stage = STAGE_HANDSHAKE};
    if (m->throttle_at != 0 && num >= m->throttle_at) {
        out->stage = STAGE_GREETING;
        out->cause = CAUSE_THROTTLED;
    } else if (m->lose_every != 0 && num % m->lose_every == 0) {
        out->stage = STAGE_CONNECT;
        out->cause = CAUSE_REFUSED;
    } else if (step == AUDIT_CRAFTED) {
        enum cause cause;
        serve(f, &cause, m, &c->hello);
        out->cause = (uint8_t)cause;
        out->flight = f;
    } else {
        answer_handshake(out, r, leaf_sha256, m, step, c->host);
    }
}

/* ---- a whole plan ---- */

/* a hello that the composer takes, in one record: no server has reason to choke on it */
static void check_writable(const struct crafted_hello *h)
{
    struct outbuf out;
    outbuf_init(&out);
    assert_true(crafted_hello_write(&out, h));
    assert_in_range(out.len, 20, 4096);
    assert_true(h->padded_len == 0 || out.len > LARGE);
    outbuf_cleanup(&out);
}

static unsigned num_listed(const struct audit_list *lists, size_t num)
{
    unsigned total = 0;
    for (size_t i = 0; i < num; i++)
        total += lists[i].num;
    return total;
}

static void check_budgets(const unsigned num[NUM_AUDIT_KINDS], const struct audit *a)
{
    unsigned total = 0, classes = 0;
    for (size_t i = 0; i < NUM_AUDIT_CLASSES; i++)
        classes += a->class[i].accepted == TRI_YES;
    assert_in_range(num[AUDIT_KIND_VERSIONS], 0, 6);
    assert_in_range(num[AUDIT_KIND_PQ], 0, 2);
    assert_in_range(num[AUDIT_KIND_RESUME], 0, 1);
    assert_in_range(num[AUDIT_KIND_SNI], 0, 2);
    assert_in_range(num[AUDIT_KIND_EXPLAIN], 0, 1);
    assert_in_range(num[AUDIT_KIND_LEGACY], 0, 1 + classes + 1);
    assert_in_range(num[AUDIT_KIND_SUITES], 0,
                    num_listed(a->suites, a->num_suites) + NUM_AUDIT_VERSIONS);
    assert_in_range(num[AUDIT_KIND_GROUPS], 0, num_listed(a->groups, a->num_groups) + 2);
    for (size_t i = 0; i < NUM_AUDIT_KINDS; i++) {
        total += num[i];
        if (!(a->asked >> i & 1))
            assert_int_equal(num[i], 0);
    }
    assert_int_equal(total, a->num_connections);
}

const struct audit *model_run(struct audit_plan *p, unsigned num[NUM_AUDIT_KINDS],
                              const struct model *m, uint16_t audits, uint64_t seed)
{
    struct record first, r;
    struct audit_connection c;
    struct audit_answer answer;
    struct flight *f = malloc(sizeof *f);
    enum audit_step step;
    uint8_t sha256[32];
    assert_non_null(f);
    memset(num, 0, NUM_AUDIT_KINDS * sizeof *num);
    model_first(&first, m);
    memset(sha256, m->leaf, sizeof sha256);
    audit_plan_init(p, audits, &first, bytes_text("mx.example.com"),
                    first.handshake_done ? sha256 : NULL, seed);
    audit_plan_key(p, m->known_curve);
    for (unsigned i = 1; (step = audit_plan_next(p, &c)) != AUDIT_END; i++) {
        assert_in_range(i, 1, CONNECTIONS_MAX);
        assert_in_range(c.kind, 0, NUM_AUDIT_KINDS - 1);
        num[c.kind]++;
        if (step == AUDIT_CRAFTED)
            check_writable(&c.hello);
        model_answer(&answer, f, &r, sha256, m, step, &c, i);
        audit_plan_take(p, &answer);
    }
    free(f);
    const struct audit *a = audit_plan_result(p);
    check_budgets(num, a);
    return a;
}

const struct audit_list *model_list(const struct audit_list *lists, size_t num, int version)
{
    for (size_t i = 0; i < num; i++)
        if (lists[i].version == audit_version_code((enum audit_version)version))
            return &lists[i];
    return NULL;
}
