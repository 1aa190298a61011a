#include "scanner/session/audit_plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/session/audit_model.h"

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

/* ---- servers ---- */

static void add_suites(struct model *m, int v, const uint16_t *suites, size_t num)
{
    m->version[v] = true;
    memcpy(m->suites[v] + m->num_suites[v], suites, num * sizeof *suites);
    m->num_suites[v] += num;
}

/* TLS 1.2 and 1.3, strong suites first, an order of its own; what a test changes is the rest */
static struct model modern(void)
{
    static const uint16_t tls13[] = {0x1302, 0x1303, 0x1301};
    static const uint16_t tls12[] = {0xc030, 0xc02f, 0xc014, 0xc013, 0x0035, 0x002f};
    static const uint16_t curves[] = {29, 23, 24};
    struct model m = {.own_order = true,
                      .scsv = true,
                      .ticket = true,
                      .resumes = true,
                      .leaf = 1,
                      .default_leaf = 1,
                      .dh_bits = 2048};
    add_suites(&m, AUDIT_TLS13, tls13, COUNT(tls13));
    add_suites(&m, AUDIT_TLS12, tls12, COUNT(tls12));
    memcpy(m.curves, curves, sizeof curves);
    memcpy(m.groups13, curves, sizeof curves);
    m.num_curves = m.num_groups13 = COUNT(curves);
    return m;
}

/* SSLv2 to TLS 1.0 with all that was given up since */
static struct model ancient(void)
{
    static const uint16_t suites[] = {0x0003, 0x0004, 0x0005, 0x000a, 0x0002,
                                      0x0018, 0x0014, 0x0033, 0x002f};
    struct model m = {.leaf = 1,
                      .default_leaf = 1,
                      .dh_bits = 1024,
                      .compression = true,
                      .ssl2_kinds = 0x21,
                      .own_order = true};
    m.version[AUDIT_SSL2] = true;
    add_suites(&m, AUDIT_SSL3, suites, COUNT(suites));
    add_suites(&m, AUDIT_TLS10, suites, COUNT(suites));
    return m;
}

static const struct audit *run(struct audit_plan *p, unsigned num[NUM_AUDIT_KINDS],
                               const struct model *m, uint16_t audits)
{
    return model_run(p, num, m, audits, 1);
}

static void assert_versions(const struct audit *a, const char *want)
{
    char got[NUM_AUDIT_VERSIONS + 1] = "";
    for (size_t i = 0; i < NUM_AUDIT_VERSIONS; i++)
        got[i] = "?ny"[a->version[i]];
    assert_string_equal(got, want);
}

/* ---- versions ---- */

static void test_versions(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool has[NUM_AUDIT_VERSIONS];
        enum model_refusal refusal;
        const char *want;
        unsigned connections;
        enum tri fallback, compression;
    } cases[] = {
        /* 1.2, 1.1, 2, fallback */
        {"modern", {0, 0, 0, 0, 1, 1}, REFUSE_ALERT, "nnnnyy", 4, TRI_YES, TRI_NO},
        {"modern, closes", {0, 0, 0, 0, 1, 1}, REFUSE_CLOSE, "nnnnyy", 6, TRI_YES, TRI_NO},
        /* 1.2, 2; there is nothing to fall back to */
        {"1.3 alone", {0, 0, 0, 0, 0, 1}, REFUSE_ALERT, "nnnnny", 2, TRI_UNKNOWN, TRI_NO},
        /* 1.1, 2, compression */
        {"1.2 alone", {0, 0, 0, 0, 1, 0}, REFUSE_ALERT, "nnnnyn", 3, TRI_UNKNOWN, TRI_NO},
        {"1.2 alone, 40", {0, 0, 0, 0, 1, 0}, REFUSE_40, "nnnnyn", 5, TRI_UNKNOWN, TRI_NO},
        {"all", {1, 1, 1, 1, 1, 1}, REFUSE_ALERT, "yyyyyy", 6, TRI_YES, TRI_NO},
        {"1.0 and 1.3", {0, 0, 1, 0, 0, 1}, REFUSE_ALERT, "nnynny", 4, TRI_YES, TRI_NO},
        /* its first handshake fails: 1.3 (answered by SSLv3), 2, compression */
        {"SSLv3 alone", {0, 1, 0, 0, 0, 0}, REFUSE_ALERT, "nynnnn", 3, TRI_UNKNOWN, TRI_NO},
        {"SSLv2 alone", {1, 0, 0, 0, 0, 0}, REFUSE_ALERT, "ynnnnn", 2, TRI_UNKNOWN, TRI_UNKNOWN},
        {"SSLv2 alone, closes",
         {1, 0, 0, 0, 0, 0},
         REFUSE_CLOSE,
         "ynnnnn",
         6,
         TRI_UNKNOWN,
         TRI_UNKNOWN},
        {"none, closes", {0, 0, 0, 0, 0, 0}, REFUSE_CLOSE, "??????", 6, TRI_UNKNOWN, TRI_UNKNOWN},
        /* a time-out says nothing, and two are enough */
        {"1.2, drops", {0, 0, 0, 0, 1, 0}, REFUSE_TIMEOUT, "????yn", 2, TRI_UNKNOWN, TRI_UNKNOWN},
    };
    static const uint16_t old[] = {0x002f, 0x000a};
    static const uint16_t tls13[] = {0x1301};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct model m = modern();
        struct audit_plan p;
        unsigned num[NUM_AUDIT_KINDS];
        memset(m.num_suites, 0, sizeof m.num_suites);
        for (int v = 0; v < NUM_AUDIT_VERSIONS; v++) {
            m.version[v] = false;
            if (cases[i].has[v] && v == AUDIT_TLS13)
                add_suites(&m, v, tls13, COUNT(tls13));
            else if (cases[i].has[v])
                add_suites(&m, v, old, COUNT(old));
        }
        m.refusal = cases[i].refusal;
        const struct audit *a = run(&p, num, &m, AUDIT_BIT_VERSIONS);
        print_message("%s\n", cases[i].name);
        assert_versions(a, cases[i].want);
        assert_int_equal(num[AUDIT_KIND_VERSIONS], cases[i].connections);
        assert_int_equal(a->fallback, cases[i].fallback);
        assert_int_equal(a->compression, cases[i].compression);
    }
}

/* A server that fails at hellos of a version that it does not know. */
static void test_versions_intolerant(void **state)
{
    (void)state;
    struct model m = ancient();
    struct audit_plan p;
    unsigned num[NUM_AUDIT_KINDS];
    m.highest_hello = AUDIT_TLS11;
    m.refusal = REFUSE_CLOSE;
    const struct audit *a = run(&p, num, &m, AUDIT_BIT_VERSIONS | AUDIT_BIT_EXPLAIN);
    assert_versions(a, "yyynnn");
    assert_int_equal(a->compression, TRI_YES);
    assert_int_equal(a->fallback, TRI_NO);
    assert_int_equal(num[AUDIT_KIND_VERSIONS], 5); /* 1.3, 1.1, 3, 2, fallback; not 1.2 */
    assert_int_equal(a->explain.kind, AUDIT_REPLY_CLOSED);
    assert_int_equal(a->finished, AUDIT_BIT_VERSIONS | AUDIT_BIT_EXPLAIN);
}

/* ---- suites, groups ---- */

static void assert_list(const struct audit_list *list, enum audit_order order,
                        const uint16_t *values, size_t num)
{
    assert_non_null(list);
    assert_true(list->complete);
    assert_int_equal(list->order, order);
    assert_int_equal(list->num, num);
    assert_memory_equal(list->value, values, num * sizeof *values);
}

static void test_lists(void **state)
{
    (void)state;
    struct model m = modern();
    struct audit_plan p;
    unsigned num[NUM_AUDIT_KINDS];
    const struct audit *a = run(&p, num, &m, AUDIT_BIT_SUITES | AUDIT_BIT_GROUPS);
    assert_int_equal(a->num_suites, 2);
    assert_list(model_list(a->suites, 2, AUDIT_TLS13), AUDIT_ORDER_SERVER, m.suites[AUDIT_TLS13],
                3);
    assert_list(model_list(a->suites, 2, AUDIT_TLS12), AUDIT_ORDER_SERVER, m.suites[AUDIT_TLS12],
                6);
    assert_int_equal(a->num_groups, 2);
    assert_list(model_list(a->groups, 2, AUDIT_TLS13), AUDIT_ORDER_SERVER, m.groups13, 3);
    assert_list(model_list(a->groups, 2, AUDIT_TLS12), AUDIT_ORDER_SERVER, m.curves, 3);
    assert_int_equal(num[AUDIT_KIND_SUITES], 3 + 1 + 6 + 1 + 1 + 1); /* at most 1.1; SSLv2 */
    assert_int_equal(num[AUDIT_KIND_GROUPS], 3 + 1 + 3 + 1);
    assert_int_equal(a->finished, AUDIT_BIT_SUITES | AUDIT_BIT_GROUPS);
    assert_int_equal(a->version[AUDIT_TLS12], TRI_UNKNOWN); /* was not asked */
}

/* What `versions` has seen is not asked again. */
static void test_lists_share(void **state)
{
    (void)state;
    struct model m = modern();
    struct audit_plan p;
    unsigned num[NUM_AUDIT_KINDS];
    const struct audit *a =
        run(&p, num, &m, AUDIT_BIT_VERSIONS | AUDIT_BIT_SUITES | AUDIT_BIT_GROUPS);
    assert_list(model_list(a->suites, 2, AUDIT_TLS12), AUDIT_ORDER_SERVER, m.suites[AUDIT_TLS12],
                6);
    assert_list(model_list(a->groups, 2, AUDIT_TLS12), AUDIT_ORDER_SERVER, m.curves, 3);
    assert_int_equal(num[AUDIT_KIND_SUITES], 3 + 1 + 5 + 1);
    assert_int_equal(num[AUDIT_KIND_GROUPS], 3 + 1 + 2 + 1);
}

static void test_lists_client(void **state)
{
    (void)state;
    struct model m = modern();
    struct audit_plan p;
    unsigned num[NUM_AUDIT_KINDS];
    m.own_order = false;
    m.num_suites[AUDIT_TLS13] = 2; /* too few to tell */
    const struct audit *a = run(&p, num, &m, AUDIT_BIT_SUITES | AUDIT_BIT_GROUPS);
    assert_int_equal(model_list(a->suites, 2, AUDIT_TLS13)->order, AUDIT_ORDER_UNKNOWN);
    assert_int_equal(model_list(a->suites, 2, AUDIT_TLS12)->order, AUDIT_ORDER_CLIENT);
    assert_int_equal(model_list(a->groups, 2, AUDIT_TLS13)->order, AUDIT_ORDER_CLIENT);
    assert_int_equal(model_list(a->groups, 2, AUDIT_TLS12)->order, AUDIT_ORDER_CLIENT);
    assert_int_equal(model_list(a->suites, 2, AUDIT_TLS12)->num, 6);
}

/* A server with an ECDSA key refuses whoever leaves out the curve that it is on. */
static void test_groups_of_key(void **state)
{
    static const uint16_t suites[] = {0xc02b, 0xc02c, 0xc009}, rsa[] = {0xc02f};
    static const uint16_t curves[] = {23, 24, 25, 29, 30};
    static const struct {
        bool own_order, rsa;
        uint16_t known;
        enum audit_order order;
        bool complete;
        size_t num; /* of groups found, at least */
    } cases[] = {
        {false, false, 23, AUDIT_ORDER_CLIENT, true, 5},  /* it goes last: all others come before */
        {false, false, 0, AUDIT_ORDER_UNKNOWN, false, 1}, /* not known */
        {true, false, 23, AUDIT_ORDER_UNKNOWN, false, 1}, /* comes first, and hides the rest */
        {true, true, 23, AUDIT_ORDER_SERVER, true, 5},    /* which the other key serves */
        {false, true, 23, AUDIT_ORDER_CLIENT, true, 5},
        {false, true, 24, AUDIT_ORDER_CLIENT, true, 5}, /* that of another leaf */
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct model m = modern();
        struct audit_plan p;
        unsigned num[NUM_AUDIT_KINDS];
        m.version[AUDIT_TLS13] = false;
        m.num_suites[AUDIT_TLS12] = 0;
        m.own_order = cases[i].own_order;
        m.key_curve = 23;
        m.known_curve = cases[i].known;
        memcpy(m.curves, curves, sizeof curves);
        m.num_curves = COUNT(curves);
        add_suites(&m, AUDIT_TLS12, suites, COUNT(suites));
        if (cases[i].rsa)
            add_suites(&m, AUDIT_TLS12, rsa, COUNT(rsa));
        const struct audit *a = run(&p, num, &m, AUDIT_BIT_GROUPS);
        assert_int_equal(a->num_groups, 1);
        assert_int_equal(a->groups[0].order, cases[i].order);
        assert_int_equal(a->groups[0].complete, cases[i].complete);
        assert_true(a->groups[0].num >= cases[i].num);
        assert_int_equal(a->finished, AUDIT_BIT_GROUPS);
    }
}

/* More suites than a list holds: cut, said so, within the budget. */
static void test_lists_full(void **state)
{
    (void)state;
    struct model m = modern();
    struct audit_plan p;
    unsigned num[NUM_AUDIT_KINDS];
    m.num_suites[AUDIT_TLS12] =
        suite_select(m.suites[AUDIT_TLS12], ~0U, SUITE_TLS13 | SUITE_SHARED_KEY);
    assert_true(m.num_suites[AUDIT_TLS12] > AUDIT_LIST_MAX);
    const struct audit *a = run(&p, num, &m, AUDIT_BIT_SUITES);
    const struct audit_list *list = model_list(a->suites, a->num_suites, AUDIT_TLS12);
    assert_int_equal(list->num, AUDIT_LIST_MAX);
    assert_false(list->complete);
    assert_int_equal(a->finished, 0);
}

static void test_ssl2(void **state)
{
    (void)state;
    struct model m = ancient();
    struct audit_plan p;
    unsigned num[NUM_AUDIT_KINDS];
    const struct audit *a = run(&p, num, &m, AUDIT_BIT_SUITES);
    assert_int_equal(a->ssl2_kinds, 0x21);
    assert_list(model_list(a->suites, 2, AUDIT_SSL3), AUDIT_ORDER_SERVER, m.suites[AUDIT_SSL3], 9);
    assert_list(model_list(a->suites, 2, AUDIT_TLS10), AUDIT_ORDER_SERVER, m.suites[AUDIT_TLS10],
                9);
}

/* ---- legacy ---- */

static void test_legacy(void **state)
{
    (void)state;
    struct model m = ancient(), new = modern();
    struct audit_plan p;
    unsigned num[NUM_AUDIT_KINDS];
    const struct audit *a = run(&p, num, &m, AUDIT_BIT_LEGACY);
    for (unsigned i = 0; i < NUM_AUDIT_CLASSES; i++) {
        assert_int_equal(a->class[i].accepted, TRI_YES);
        assert_true(suite_class(a->class[i].suite) & audit_class_bit((enum audit_class)i));
        assert_int_equal(a->class[i].version, 0x0301);
    }
    assert_int_equal(a->num_dh, 2);
    assert_int_equal(a->dh[0].bits, 512);
    assert_int_equal(a->dh[1].bits, 1024);

    a = run(&p, num, &new, AUDIT_BIT_LEGACY);
    for (unsigned i = 0; i < NUM_AUDIT_CLASSES; i++)
        assert_int_equal(a->class[i].accepted, i == AUDIT_CLASS_STATIC_RSA ? TRI_YES : TRI_NO);
    assert_int_equal(num[AUDIT_KIND_LEGACY], 2);
    assert_int_equal(a->num_dh, 0);

    new.version[AUDIT_TLS12] = false; /* then nothing old has a version to live in */
    a = run(&p, num, &new, AUDIT_BIT_LEGACY | AUDIT_BIT_VERSIONS);
    assert_int_equal(num[AUDIT_KIND_LEGACY], 0);
    assert_int_equal(a->class[AUDIT_CLASS_RC4].accepted, TRI_NO);

    m.refusal = REFUSE_TIMEOUT;
    m.num_suites[AUDIT_TLS10] = 1; /* an export suite of RC4 */
    a = run(&p, num, &m, AUDIT_BIT_LEGACY);
    assert_int_equal(a->class[AUDIT_CLASS_EXPORT].accepted, TRI_YES);
    assert_int_equal(a->class[AUDIT_CLASS_RC4].accepted, TRI_YES);
    assert_int_equal(a->class[AUDIT_CLASS_NULL].accepted, TRI_UNKNOWN);
    assert_int_equal(a->finished, 0);
}

/* ---- pq ---- */

static void test_pq(void **state)
{
    (void)state;
    enum { A = 0x11ec, B = 0x11eb, C = 0x11ed };
    static const struct {
        const char *name;
        bool tls13;
        uint16_t hybrids[3];
        bool choke;
        enum model_refusal how, refusal;
        const char *want; /* A, B, C, intolerant */
        unsigned connections;
    } cases[] = {
        {"none", true, {0}, false, 0, REFUSE_ALERT, "nnnn", 2},
        {"one", true, {A}, false, 0, REFUSE_ALERT, "ynnn", 2},
        {"two", true, {B, A}, false, 0, REFUSE_ALERT, "yy?n", 2},
        {"all", true, {B, A, C}, false, 0, REFUSE_ALERT, "yy?n", 2},
        {"none, closes", true, {0}, false, 0, REFUSE_CLOSE, "nnn?", 2},
        {"none, drops", true, {0}, false, 0, REFUSE_TIMEOUT, "????", 2},
        {"chokes by alert", true, {A}, true, REFUSE_ALERT, REFUSE_ALERT, "???y", 2},
        {"chokes by closing", true, {A}, true, REFUSE_CLOSE, REFUSE_ALERT, "y??y", 2},
        {"chokes by silence", true, {C}, true, REFUSE_TIMEOUT, REFUSE_ALERT, "??yy", 2},
        {"chokes, has none", true, {0}, true, REFUSE_TIMEOUT, REFUSE_ALERT, "nnny", 2},
        {"old", false, {0}, false, 0, REFUSE_ALERT, "nnnn", 1},
        {"old, chokes", false, {0}, true, REFUSE_TIMEOUT, REFUSE_ALERT, "nnny", 1},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct model m = modern();
        struct audit_plan p;
        unsigned num[NUM_AUDIT_KINDS];
        char got[5] = "";
        m.version[AUDIT_TLS13] = cases[i].tls13;
        m.choke_large = cases[i].choke;
        m.choke = cases[i].how;
        m.refusal = cases[i].refusal;
        for (size_t k = 0; k < 3 && cases[i].hybrids[k] != 0; k++)
            m.groups13[m.num_groups13++] = cases[i].hybrids[k];
        const struct audit *a = run(&p, num, &m, AUDIT_BIT_PQ);
        for (size_t k = 0; k < 3; k++)
            got[k] = "?ny"[a->hybrid[k]];
        got[3] = "?ny"[a->large_intolerant];
        print_message("%s\n", cases[i].name);
        assert_string_equal(got, cases[i].want);
        assert_int_equal(num[AUDIT_KIND_PQ], cases[i].connections);
    }
}

/* ---- sni, resume ---- */

static void test_sni(void **state)
{
    (void)state;
    static const struct {
        uint8_t leaf, default_leaf;
        bool refuses;
        enum tri other, refused;
    } cases[] = {
        {1, 1, false, TRI_NO, TRI_NO},
        {1, 2, false, TRI_YES, TRI_NO},
        {1, 1, true, TRI_NO, TRI_YES},
        {1, 2, true, TRI_YES, TRI_YES},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct model m = modern();
        struct audit_plan p;
        unsigned num[NUM_AUDIT_KINDS];
        m.leaf = cases[i].leaf;
        m.default_leaf = cases[i].default_leaf;
        m.refuses_name = cases[i].refuses;
        const struct audit *a = run(&p, num, &m, AUDIT_BIT_SNI);
        assert_int_equal(num[AUDIT_KIND_SNI], 2);
        assert_int_equal(a->other_leaf, cases[i].other);
        assert_int_equal(a->name_refused, cases[i].refused);
        assert_true(a->leaf[AUDIT_LEAF_WITH].known);
        assert_int_equal(a->leaf[AUDIT_LEAF_WITH].sha256[31], cases[i].leaf);
        assert_int_equal(a->leaf[AUDIT_LEAF_WITHOUT].sha256[0], cases[i].default_leaf);
        assert_int_equal(a->leaf[AUDIT_LEAF_ABSENT].known, !cases[i].refuses);
    }
}

/* Without a host name the greeting's is tried, where it is one. */
static void test_sni_greeting(void **state)
{
    (void)state;
    static const struct {
        const char *greeting, *asked; /* NULL: the absent name comes first */
    } cases[] = {
        {"mx.example.com", "mx.example.com"},
        {"localhost", NULL},
        {"192.0.2.1", NULL},
        {"[192.0.2.1]", NULL},
        {"a b.example", NULL},
        {"", NULL},
        {"mx.example.com.", NULL},
        {".", NULL},
    };
    struct model m = modern();
    struct record first;
    struct audit_connection c;
    struct audit_plan p;
    model_first(&first, &m);
    first.host = bytes_of(NULL, 0);
    for (size_t i = 0; i < COUNT(cases); i++) {
        audit_plan_init(&p, AUDIT_BIT_SNI, &first, bytes_text(cases[i].greeting), NULL, i);
        assert_int_equal(audit_plan_next(&p, &c), AUDIT_HANDSHAKE);
        assert_non_null(c.host);
        if (cases[i].asked != NULL)
            assert_string_equal(c.host, cases[i].asked);
        else
            assert_non_null(strstr(c.host, ".invalid"));
    }
}

static void test_resume(void **state)
{
    (void)state;
    static const struct {
        bool ticket, resumes;
        unsigned connections;
        enum tri want;
        uint16_t version;
    } cases[] = {
        {true, true, 1, TRI_YES, 0x0304},
        {true, false, 1, TRI_NO, 0},
        {false, true, 0, TRI_NO, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct model m = modern();
        struct audit_plan p;
        unsigned num[NUM_AUDIT_KINDS];
        m.ticket = cases[i].ticket;
        m.resumes = cases[i].resumes;
        const struct audit *a = run(&p, num, &m, AUDIT_BIT_RESUME);
        assert_int_equal(num[AUDIT_KIND_RESUME], cases[i].connections);
        assert_int_equal(a->ticket, cases[i].ticket ? TRI_YES : TRI_NO);
        assert_int_equal(a->resumed, cases[i].want);
        assert_int_equal(a->resumed_version, cases[i].version);
    }
}

/* A first session that ended before its peer said anything inside TLS may have had a ticket or not:
 * there is nothing to resume, and that says nothing. */
static void test_resume_untold(void **state)
{
    (void)state;
    struct model m = modern();
    struct record first;
    struct audit_connection c;
    struct audit_plan p;
    model_first(&first, &m);
    first.stage = STAGE_EHLO_TLS;
    first.cause = CAUSE_CLOSED;
    first.tls_known = first.tls_flags = 0;
    audit_plan_init(&p, AUDIT_BIT_RESUME, &first, bytes_of(NULL, 0), NULL, 1);
    assert_int_equal(audit_plan_next(&p, &c), AUDIT_END);
    const struct audit *a = audit_plan_result(&p);
    assert_int_equal(a->ticket, TRI_UNKNOWN);
    assert_int_equal(a->resumed, TRI_UNKNOWN);
    assert_int_equal(a->finished, 0);
}

/* ---- explain ---- */

static void test_explain(void **state)
{
    (void)state;
    static const uint16_t dhe[] = {0x0039};
    struct model m = modern();
    struct audit_plan p;
    unsigned num[NUM_AUDIT_KINDS];
    const struct audit *a = run(&p, num, &m, AUDIT_BIT_EXPLAIN); /* nothing to explain */
    assert_int_equal(a->asked, 0);
    assert_int_equal(a->num_connections, 0);

    memset(m.num_suites, 0, sizeof m.num_suites); /* BoringSSL has no finite-field suites */
    m.version[AUDIT_TLS13] = false;
    add_suites(&m, AUDIT_TLS12, dhe, COUNT(dhe));
    a = run(&p, num, &m, AUDIT_BIT_EXPLAIN | AUDIT_BIT_LEGACY);
    assert_int_equal(a->explain.kind, AUDIT_REPLY_SERVER_HELLO);
    assert_int_equal(a->explain.offered, 0x0303);
    assert_int_equal(a->explain.version, 0x0303);
    assert_int_equal(a->explain.suite, 0x0039);
    assert_int_equal(a->explain.dh_bits, 2048);
    assert_int_equal(a->class[AUDIT_CLASS_DHE].accepted, TRI_YES);
    assert_int_equal(a->class[AUDIT_CLASS_DHE].suite, 0x0039);
    assert_int_equal(num[AUDIT_KIND_LEGACY], 1);

    m.refusal = REFUSE_40;
    m.num_suites[AUDIT_TLS12] = 0;
    a = run(&p, num, &m, AUDIT_BIT_EXPLAIN);
    assert_int_equal(a->explain.kind, AUDIT_REPLY_ALERT);
    assert_int_equal(a->explain.alert_number, 40);
    assert_int_equal(a->explain.suite, 0);
}

/* ---- the plan ---- */

static void test_throttled(void **state)
{
    (void)state;
    for (unsigned at = 1; at <= 40; at++) {
        struct model m = modern();
        struct audit_plan p;
        unsigned num[NUM_AUDIT_KINDS];
        m.throttle_at = at;
        const struct audit *a = run(&p, num, &m, AUDIT_BITS_LIST);
        if (a->num_connections < at)
            break;
        assert_int_equal(a->num_connections, at);
        assert_int_equal(a->stopped_cause, CAUSE_THROTTLED);
        assert_int_equal(a->stopped_stage, STAGE_GREETING);
        assert_int_not_equal(a->finished, a->asked);
    }
}

static void test_lost(void **state)
{
    (void)state;
    struct model m = modern();
    struct audit_plan p;
    unsigned num[NUM_AUDIT_KINDS];
    m.lose_every = 1;
    const struct audit *a = run(&p, num, &m, AUDIT_BITS_LIST);
    assert_int_equal(a->num_connections, 2);
    assert_int_equal(a->stopped_cause, CAUSE_REFUSED);
    assert_int_equal(a->finished, 0);
    for (m.lose_every = 2; m.lose_every < 30; m.lose_every++) { /* within the budgets: model_run */
        a = run(&p, num, &m, AUDIT_BITS_LIST);
        assert_int_equal(a->stopped_cause, CAUSE_NONE);
        if (num[AUDIT_KIND_VERSIONS] < 6)
            assert_versions(a, "nnnnyy");
    }
}

/* A choice that our own hello did not offer proves nothing, of versions or of suites. */
static void test_first_unoffered(void **state)
{
    (void)state;
    static const struct {
        uint16_t version, suite;
        bool offered;
    } cases[] = {
        {0x0303, 0xc02f, true},  {0x0304, 0x1301, true},  {0x0300, 0x002f, true},
        {0x0303, 0x0005, false}, {0x0301, 0x0034, false}, {0x0303, 0x1301, false},
        {0x0304, 0xc02f, false}, {0x0305, 0x1301, false}, {0x0002, 0x002f, false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct model m = modern();
        struct record first;
        struct audit_plan p;
        model_first(&first, &m);
        first.stage = STAGE_HANDSHAKE;
        first.cause = CAUSE_ALERT_SENT;
        first.handshake_done = false;
        first.version = cases[i].version;
        first.suite = cases[i].suite;
        audit_plan_init(&p, AUDIT_BITS_LIST, &first, bytes_of(NULL, 0), NULL, 1);
        const struct audit *a = audit_plan_result(&p);
        bool any = false;
        for (size_t k = 0; k < NUM_AUDIT_VERSIONS; k++)
            any |= a->version[k] != TRI_UNKNOWN;
        for (size_t k = 0; k < NUM_AUDIT_CLASSES && !cases[i].offered; k++)
            any |= a->class[k].accepted != TRI_UNKNOWN;
        assert_int_equal(any, cases[i].offered);
        assert_int_equal(a->num_malformed, !cases[i].offered);
    }
}

/* What ends the audits without a connection is told, and no connection counted. */
static void test_stopped(void **state)
{
    (void)state;
    struct model m = modern();
    struct record first;
    struct audit_connection c;
    struct audit_plan p;
    model_first(&first, &m);
    audit_plan_init(&p, AUDIT_BITS_LIST, &first, bytes_of(NULL, 0), NULL, 1);
    assert_int_not_equal(audit_plan_next(&p, &c), AUDIT_END);
    audit_plan_stop(&p, STAGE_CONNECT, CAUSE_BLOCKED);
    assert_int_equal(audit_plan_next(&p, &c), AUDIT_END);
    const struct audit *a = audit_plan_result(&p);
    assert_int_equal(a->stopped_stage, STAGE_CONNECT);
    assert_int_equal(a->stopped_cause, CAUSE_BLOCKED);
    assert_int_equal(a->num_connections, 0);
    assert_int_equal(a->finished, 0);
}

/* A first session without a hello, or throttled, leads to none. */
static void test_no_first(void **state)
{
    (void)state;
    struct model m = modern();
    struct record first;
    struct audit_plan p;
    struct audit_connection c;
    model_first(&first, &m);
    first.cause = CAUSE_THROTTLED;
    audit_plan_init(&p, AUDIT_BITS_LIST, &first, bytes_text(""), NULL, 1);
    assert_int_equal(audit_plan_next(&p, &c), AUDIT_END);
    assert_int_equal(audit_plan_result(&p)->stopped_cause, CAUSE_THROTTLED);
    record_init(&first);
    first.stage = STAGE_STARTTLS;
    first.cause = CAUSE_NOT_OFFERED;
    audit_plan_init(&p, AUDIT_BITS_ALL, &first, bytes_text(""), NULL, 1);
    assert_int_equal(audit_plan_next(&p, &c), AUDIT_END);
    assert_int_equal(audit_plan_result(&p)->stopped_stage, STAGE_STARTTLS);
    assert_int_equal(audit_plan_result(&p)->num_connections, 0);
}

/* A choice that was not offered is counted, proves nothing and leads nowhere. */
static void test_unoffered(void **state)
{
    (void)state;
    struct model m = modern();
    struct audit_plan p;
    unsigned num[NUM_AUDIT_KINDS];
    struct audit_connection a, b;
    struct record first;
    m.pick_unoffered = true;
    const struct audit *found =
        run(&p, num, &m, AUDIT_BIT_SUITES | AUDIT_BIT_GROUPS | AUDIT_BIT_PQ);
    assert_int_not_equal(found->num_malformed, 0);
    assert_int_equal(found->num_groups, 0);
    assert_null(model_list(found->suites, found->num_suites, AUDIT_TLS13));

    model_first(&first, &m); /* the same connection until its answer is taken */
    audit_plan_init(&p, AUDIT_BIT_VERSIONS, &first, bytes_text(""), NULL, 7);
    assert_int_equal(audit_plan_next(&p, &a), AUDIT_CRAFTED);
    assert_int_equal(audit_plan_next(&p, &b), AUDIT_CRAFTED);
    assert_memory_equal(a.hello.random, b.hello.random, 32);
    assert_ptr_equal(a.hello.suites, b.hello.suites);
    assert_string_equal(a.hello.host, "mx.example.com");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_versions_intolerant),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_lists_share),
        cmocka_unit_test(test_lists_client),
        cmocka_unit_test(test_lists_full),
        cmocka_unit_test(test_groups_of_key),
        cmocka_unit_test(test_ssl2),
        cmocka_unit_test(test_legacy),
        cmocka_unit_test(test_pq),
        cmocka_unit_test(test_sni),
        cmocka_unit_test(test_sni_greeting),
        cmocka_unit_test(test_resume),
        cmocka_unit_test(test_resume_untold),
        cmocka_unit_test(test_explain),
        cmocka_unit_test(test_throttled),
        cmocka_unit_test(test_lost),
        cmocka_unit_test(test_no_first),
        cmocka_unit_test(test_first_unoffered),
        cmocka_unit_test(test_stopped),
        cmocka_unit_test(test_unoffered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
