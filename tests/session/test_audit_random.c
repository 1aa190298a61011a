/* Audits of servers configured by chance: what is found is what was configured. */
#include "scanner/session/audit_plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/names.h"
#include "tests/session/audit_model.h"

enum { NUM_RANDOM = 1000, NUM_HOSTILE = 500 };

struct chance {
    uint64_t x;
};

static unsigned below(struct chance *c, unsigned limit)
{
    c->x ^= c->x << 13;
    c->x ^= c->x >> 7;
    c->x ^= c->x << 17;
    return (unsigned)((c->x >> 11) % limit);
}

/* some values of a list, at least one, in an order by chance */
static size_t some_of(struct chance *c, uint16_t *out, const uint16_t *from, size_t num,
                      size_t most)
{
    size_t picked = 0, want = 1 + below(c, (unsigned)most);
    uint16_t *left = malloc(num * sizeof *left);
    assert_non_null(left);
    memcpy(left, from, num * sizeof *left);
    for (; picked < want && num > 0; picked++) {
        size_t i = below(c, (unsigned)num);
        out[picked] = left[i];
        left[i] = left[--num];
    }
    free(left);
    return picked;
}

static void random_suites(struct chance *c, struct model *m, int v, const uint16_t *all, size_t num)
{
    uint16_t usable[SUITES_MAX];
    size_t num_usable = 0;
    for (size_t i = 0; i < num; i++) /* SSLv3 has no extension for curves */
        if (v > AUDIT_SSL3 || !(suite_class(all[i]) & SUITE_CURVE))
            usable[num_usable++] = all[i];
    m->num_suites[v] = some_of(c, m->suites[v], usable, num_usable, below(c, 8) == 0 ? 150 : 8);
}

static void random_model(struct chance *c, struct model *m, const struct audit_plan *tables)
{
    uint16_t groups[GROUPS_MAX];
    memset(m, 0, sizeof *m);
    for (int v = 0; v < NUM_AUDIT_VERSIONS; v++)
        m->version[v] = below(c, 2) != 0;
    for (int v = AUDIT_SSL3; v < AUDIT_TLS13; v++)
        random_suites(c, m, v, tables->legacy, tables->num_legacy);
    random_suites(c, m, AUDIT_TLS13, tables->tls13, tables->num_tls13);
    size_t num = group_select(groups, GROUP_TLS12, GROUP_FF | GROUP_EXPLICIT);
    m->num_curves = some_of(c, m->curves, groups, num, 6);
    num = group_select(groups, GROUP_TLS13, 0);
    m->num_groups13 = some_of(c, m->groups13, groups, num, 8);
    m->own_order = below(c, 2) != 0;
    m->scsv = below(c, 2) != 0;
    m->compression = below(c, 4) == 0;
    m->dh_bits = (uint16_t)(1024 * (1 + below(c, 4)));
    m->ssl2_kinds = (uint16_t)(1 + below(c, 1023));
    m->refusal = (enum model_refusal)below(c, 3);
    m->choke_large = below(c, 4) == 0;
    m->choke = (enum model_refusal)below(c, 4);
    m->leaf = 1;
    m->default_leaf = (uint8_t)(1 + below(c, 2));
    m->ticket = below(c, 2) != 0;
    m->resumes = below(c, 2) != 0;
}

static bool has_value(const uint16_t *list, size_t num, uint16_t value)
{
    for (size_t i = 0; i < num; i++)
        if (list[i] == value)
            return true;
    return false;
}

static bool has_class(const struct model *m, int v, unsigned bits)
{
    for (size_t i = 0; i < m->num_suites[v]; i++)
        if (suite_class(m->suites[v][i]) & bits)
            return true;
    return false;
}

/* whether the rest may have been refused for want of the curve of a key, as far as a plan can see */
static bool has_ecdsa(const struct model *m, int v)
{
    for (size_t i = 0; i < m->num_suites[v]; i++)
        if (strstr(tls_suite_name(m->suites[v][i]), "_ECDSA_") != NULL)
            return true;
    return false;
}

static void check_list(const struct audit_list *list, const struct model *m, const uint16_t *values,
                       size_t num, bool may_be_open)
{
    assert_non_null(list);
    for (size_t i = 0; i < list->num; i++)
        assert_true(has_value(values, num, list->value[i]));
    if (num >= AUDIT_LIST_MAX) { /* no room to see all else refused */
        assert_int_equal(list->num, AUDIT_LIST_MAX);
        assert_false(list->complete);
        return;
    }
    assert_int_equal(list->num, num);
    assert_true(list->complete || may_be_open);
    if (!m->own_order)
        assert_int_not_equal(list->order, AUDIT_ORDER_SERVER);
    if (list->order == AUDIT_ORDER_SERVER || (m->own_order && num == 1))
        assert_memory_equal(list->value, values, num * sizeof *values);
    if (!m->own_order && num >= 3)
        assert_int_equal(list->order, AUDIT_ORDER_CLIENT);
}

static int highest_old(const struct model *m)
{
    int v = AUDIT_TLS12;
    while (v >= AUDIT_SSL3 && !m->version[v])
        v--;
    return v;
}

static void check_lists(const struct audit *a, const struct model *m)
{
    for (int v = AUDIT_SSL3; v < NUM_AUDIT_VERSIONS; v++) {
        const struct audit_list *list = model_list(a->suites, a->num_suites, v);
        if (m->version[v])
            check_list(list, m, m->suites[v], m->num_suites[v], false);
        else
            assert_null(list);
    }
    const struct audit_list *groups = model_list(a->groups, a->num_groups, AUDIT_TLS13);
    if (m->version[AUDIT_TLS13])
        check_list(groups, m, m->groups13, m->num_groups13, false);
    else
        assert_null(groups);
    int old = highest_old(m);
    if (old > AUDIT_SSL3 && has_class(m, old, SUITE_ECDHE))
        check_list(model_list(a->groups, a->num_groups, old), m, m->curves, m->num_curves,
                   has_ecdsa(m, old));
    else
        assert_int_equal(a->num_groups, m->version[AUDIT_TLS13]);
}

static void check_classes(const struct audit *a, const struct model *m)
{
    int old = highest_old(m);
    for (unsigned i = 0; i < NUM_AUDIT_CLASSES; i++) {
        const struct audit_proof *proof = &a->class[i];
        unsigned bit = audit_class_bit((enum audit_class)i);
        bool accepted = old >= AUDIT_SSL3 && has_class(m, old, bit);
        if (proof->accepted == TRI_YES) {
            int v = 0;
            while (audit_version_code((enum audit_version)v) != proof->version)
                v++;
            assert_true(suite_class(proof->suite) & bit);
            assert_true(m->version[v]);
            assert_true(has_value(m->suites[v], m->num_suites[v], proof->suite));
        } else {
            assert_int_equal(proof->accepted, TRI_NO);
            assert_false(accepted);
        }
    }
}

static void check_pq(const struct audit *a, const struct model *m)
{
    unsigned has = 0, yes = 0, unknown = 0;
    for (unsigned i = 0; i < NUM_AUDIT_HYBRIDS; i++) {
        bool accepted =
            m->version[AUDIT_TLS13] &&
            has_value(m->groups13, m->num_groups13, audit_hybrid_group((enum audit_hybrid)i));
        has += accepted;
        yes += a->hybrid[i] == TRI_YES;
        unknown += a->hybrid[i] == TRI_UNKNOWN;
        if (a->hybrid[i] != TRI_UNKNOWN)
            assert_int_equal(a->hybrid[i] == TRI_YES, accepted);
    }
    if (!m->choke_large) {
        assert_int_equal(yes, has < 2 ? has : 2);
        assert_int_equal(unknown, has < 2 ? 0 : 1);
        assert_int_not_equal(a->large_intolerant, TRI_YES);
    } else {
        assert_int_not_equal(a->large_intolerant, TRI_NO);
    }
}

static bool has_any_version(const struct model *m)
{
    for (int v = 0; v < NUM_AUDIT_VERSIONS; v++)
        if (m->version[v])
            return true;
    return false;
}

static void check_all(const struct audit *a, const struct model *m)
{
    unsigned num_tls = 0;
    for (int v = 0; v < NUM_AUDIT_VERSIONS; v++) {
        assert_int_equal(a->version[v], m->version[v] ? TRI_YES : TRI_NO);
        num_tls += v >= AUDIT_SSL3 && m->version[v];
    }
    if (a->fallback != TRI_UNKNOWN)
        assert_int_equal(a->fallback, m->scsv ? TRI_YES : TRI_NO);
    if (a->finished & AUDIT_BIT_VERSIONS) {
        assert_int_equal(a->fallback != TRI_UNKNOWN, num_tls >= 2);
        if (highest_old(m) >= AUDIT_SSL3)
            assert_int_equal(a->compression, m->compression ? TRI_YES : TRI_NO);
    }
    assert_int_equal(a->ssl2_kinds, m->version[AUDIT_SSL2] ? m->ssl2_kinds : 0);
    assert_int_equal(a->stopped_cause, CAUSE_NONE);
    assert_int_equal(a->num_malformed, 0);
    check_lists(a, m);
    check_classes(a, m);
    check_pq(a, m);
}

/* the tables of all suites, made once */
static void set_tables(struct audit_plan *p)
{
    p->num_legacy = suite_select(p->legacy, ~0U, SUITE_TLS13 | SUITE_SHARED_KEY);
    p->num_tls13 = suite_all_tls13(p->tls13);
}

static void test_random(void **state)
{
    (void)state;
    struct audit_plan tables, p;
    struct model m;
    unsigned num[NUM_AUDIT_KINDS];
    set_tables(&tables);
    for (uint64_t seed = 1; seed <= NUM_RANDOM; seed++) {
        struct chance c = {seed * UINT64_C(0x9e3779b97f4a7c15)};
        random_model(&c, &m, &tables);
        const struct audit *a = model_run(&p, num, &m, AUDIT_BITS_ALL, seed);
        if (has_any_version(&m) || m.refusal != REFUSE_CLOSE)
            check_all(a, &m);
    }
}

/* Audits asked alone, or a few, find what they find together; all within their budgets. */
static void test_random_subsets(void **state)
{
    (void)state;
    struct record first;
    struct audit_plan tables, p;
    struct model m;
    unsigned num[NUM_AUDIT_KINDS];
    set_tables(&tables);
    for (uint64_t seed = 1; seed <= NUM_RANDOM; seed++) {
        struct chance c = {seed * UINT64_C(0xd1342543de82ef95)};
        random_model(&c, &m, &tables);
        uint16_t audits = (uint16_t)below(&c, AUDIT_BITS_ALL + 1);
        const struct audit *a = model_run(&p, num, &m, audits, seed);
        model_first(&first, &m);
        bool tls = m.version[AUDIT_TLS13] || highest_old(&m) >= AUDIT_SSL3;
        if (!first.handshake_done && (m.refusal == REFUSE_CLOSE || !tls))
            continue; /* what it refuses, or leaves unanswered, may go unexplained */
        struct audit zero;
        audit_init(&zero);
        if (audits & AUDIT_BIT_LEGACY)
            check_classes(a, &m);
        if (audits & AUDIT_BIT_PQ)
            check_pq(a, &m);
        if ((audits & AUDIT_BIT_SUITES) && (audits & AUDIT_BIT_GROUPS))
            check_lists(a, &m);
        if (!(audits & AUDIT_BIT_VERSIONS))
            assert_memory_equal(a->version, zero.version, sizeof zero.version);
    }
}

/* Servers that drop, throttle, lose connections and choose what was not offered: the plan ends, its
 * budgets hold (model_run), and what it says is true or unknown. */
static void test_random_hostile(void **state)
{
    (void)state;
    struct audit_plan tables, p;
    struct model m;
    unsigned num[NUM_AUDIT_KINDS];
    set_tables(&tables);
    for (uint64_t seed = 1; seed <= NUM_HOSTILE; seed++) {
        struct chance c = {seed * UINT64_C(0xa0761d6478bd642f)};
        random_model(&c, &m, &tables);
        m.refusal = (enum model_refusal)below(&c, 4);
        m.throttle_at = below(&c, 3) == 0 ? 1 + below(&c, 30) : 0;
        m.lose_every = below(&c, 2) == 0 ? 2 + below(&c, 6) : 0;
        m.pick_unoffered = below(&c, 8) == 0;
        const struct audit *a = model_run(&p, num, &m, AUDIT_BITS_ALL, seed);
        for (int v = 0; v < NUM_AUDIT_VERSIONS && !m.pick_unoffered; v++)
            if (a->version[v] != TRI_UNKNOWN)
                assert_int_equal(a->version[v] == TRI_YES, m.version[v]);
        for (size_t i = 0; i < a->num_suites && !m.pick_unoffered; i++)
            for (size_t k = 0; k < a->suites[i].num; k++) {
                int v = 0;
                while (audit_version_code((enum audit_version)v) != a->suites[i].version)
                    v++;
                assert_true(has_value(m.suites[v], m.num_suites[v], a->suites[i].value[k]));
            }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_random_subsets),
        cmocka_unit_test(test_random_hostile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
