/* judge: outcome, flags, fault and path of each kind of chain; that nothing but the input decides;
 * and hostile chains. Agreement with OpenSSL is test_judge_openssl.py's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <pthread.h>

#include "tests/core/chains.h"

#define F(NAME) CHAIN_FLAG(NAME)
#define DAY     INT64_C(86400)

struct judge_case {
    const char *sent, *store, *pool;
    enum chain_outcome outcome;
    int fault_at;
    uint32_t flags;   /* all of them */
    const char *path; /* s: sent, r: root of the store, p: of the pool; and the index */
};

static const struct judge_case cases[] = {
    {"", "root", "", CHAIN_NONE, -1, 0, ""},
    {"leaf sub", "root", "", CHAIN_VALID, -1, 0, "s0 s1 r0"},
    {"leaf-rsa", "root rsa-root", "", CHAIN_VALID, -1, 0, "s0 r1"},
    {"leaf sub root", "root", "", CHAIN_VALID, -1, F(ROOT_INCLUDED), "s0 s1 r0"},
    {"leaf root sub", "root", "", CHAIN_VALID, -1, F(ROOT_INCLUDED) | F(ORDER_WRONG), "s0 s2 r0"},
    {"leaf-low low sub", "root", "", CHAIN_VALID, -1, 0, "s0 s1 s2 r0"},
    {"leaf-low sub low", "root", "", CHAIN_VALID, -1, F(ORDER_WRONG), "s0 s2 s1 r0"},
    {"leaf leaf sub sub", "root", "", CHAIN_VALID, -1, F(DUPLICATE), "s0 s2 r0"},
    {"leaf low sub", "root", "", CHAIN_VALID, -1, F(SURPLUS), "s0 s2 r0"},
    {"leaf /low sub", "root", "", CHAIN_VALID, -1, F(UNPARSABLE), "s0 s2 r0"},
    {"/leaf sub", "root", "", CHAIN_UNPARSABLE, 0, F(UNPARSABLE), ""},
    {"/leaf /leaf", "root", "", CHAIN_UNPARSABLE, 0, F(UNPARSABLE) | F(DUPLICATE), ""},
    {"self", "root", "", CHAIN_SELF_SIGNED, 0, F(SELF_SIGNED_LEAF), "s0"},
    {"~self", "root", "", CHAIN_SELF_SIGNED, 0, F(SELF_SIGNED_LEAF) | F(BAD_SIGNATURE), "s0"},
    {"self-ca", "root", "", CHAIN_SELF_SIGNED, 0,
     F(SELF_SIGNED_LEAF) | F(KEY_USAGE) | F(LEAF_IS_CA) | F(NO_SAN), "s0"},
    {"self", "root self", "", CHAIN_VALID, -1, F(SELF_SIGNED_LEAF), "s0"},
    {"self-ca", "self-ca", "", CHAIN_OTHER, 0,
     F(SELF_SIGNED_LEAF) | F(KEY_USAGE) | F(LEAF_IS_CA) | F(NO_SAN), "s0"},
    {"leaf-old sub", "root", "", CHAIN_EXPIRED, 0, F(LEAF_EXPIRED), "s0 s1 r0"},
    {"leaf sub-old", "root", "", CHAIN_EXPIRED, 1, F(OTHER_EXPIRED), "s0 s1 r0"},
    {"leaf sub-old sub", "root", "", CHAIN_VALID, -1, 0, "s0 s2 r0"},
    {"leaf-new sub", "root", "", CHAIN_NOT_YET_VALID, 0, F(LEAF_NOT_YET_VALID), "s0 s1 r0"},
    {"leaf-new sub-old", "root", "", CHAIN_EXPIRED, 1, F(LEAF_NOT_YET_VALID) | F(OTHER_EXPIRED),
     "s0 s1 r0"},
    {"leaf", "root", "", CHAIN_INCOMPLETE, 0, F(INCOMPLETE), "s0"},
    {"leaf-low low", "root", "", CHAIN_INCOMPLETE, 1, F(INCOMPLETE), "s0 s1"},
    {"leaf-low sub", "root", "", CHAIN_INCOMPLETE, 0, F(INCOMPLETE) | F(SURPLUS), "s0"},
    {"leaf sub", "other-root", "", CHAIN_INCOMPLETE, 1, F(INCOMPLETE), "s0 s1"},
    {"leaf", "root", "low sub", CHAIN_INCOMPLETE, 0, F(INCOMPLETE) | F(COMPLETABLE), "s0 p1 r0"},
    {"leaf-low", "root", "low sub", CHAIN_INCOMPLETE, 0, F(INCOMPLETE) | F(COMPLETABLE),
     "s0 p0 p1 r0"},
    {"leaf-low low", "root", "low sub", CHAIN_INCOMPLETE, 1, F(INCOMPLETE) | F(COMPLETABLE),
     "s0 s1 p1 r0"},
    {"leaf-low", "root", "low", CHAIN_INCOMPLETE, 0, F(INCOMPLETE), "s0"},
    {"leaf", "root", "sub-old", CHAIN_INCOMPLETE, 0, F(INCOMPLETE), "s0"},
    {"leaf", "other-root", "sub", CHAIN_INCOMPLETE, 0, F(INCOMPLETE), "s0"},
    {"leaf-old", "root", "sub", CHAIN_EXPIRED, 0, F(LEAF_EXPIRED) | F(INCOMPLETE), "s0"},
    {"leaf sub root", "other-root", "", CHAIN_UNTRUSTED_ROOT, 2,
     F(UNTRUSTED_ROOT) | F(ROOT_INCLUDED), "s0 s1 s2"},
    {"~leaf sub", "root", "", CHAIN_BAD_SIGNATURE, 0, F(BAD_SIGNATURE), "s0 s1 r0"},
    {"leaf ~sub", "root", "", CHAIN_BAD_SIGNATURE, 1, F(BAD_SIGNATURE), "s0 s1 r0"},
    {"leaf-tight tight", "root", "", CHAIN_OTHER, 0, F(NAME_CONSTRAINTS), "s0 s1 r0"},
    {"leaf-below below short", "root", "", CHAIN_OTHER, 2, F(PATH_LENGTH), "s0 s1 s2 r0"},
    {"leaf-mute mute", "root", "", CHAIN_OTHER, 1, F(NOT_A_CA), "s0 s1"},
    {"leaf-sha1", "rsa-root", "", CHAIN_VALID, -1, F(WEAK_SIGNATURE), "s0 r0"},
    {"leaf-v1", "rsa-root", "", CHAIN_VALID, -1, F(OLD_VERSION) | F(NO_SAN), "s0 r0"},
};

enum { NUM_CASES = sizeof cases / sizeof *cases };

/* a case made ready: its pool's indexes are those of the words */
struct setting {
    struct chains sent, pooled;
    struct trust_store *store;
    struct judge_pool *pool;
    struct judge *judge;
};

static struct judge_pool *make_pool(const struct chains *c, bool backwards)
{
    struct judge_pool *pool = judge_pool_new();
    assert_non_null(pool);
    for (size_t i = 0; i < c->num; i++)
        assert_int_equal(judge_pool_add(pool, c->certs[backwards ? c->num - 1 - i : i]), 1);
    judge_pool_seal(pool);
    return pool;
}

static struct setting *open_case(const struct judge_case *c)
{
    struct setting *s = calloc(1, sizeof *s);
    assert_non_null(s);
    chains_add(&s->sent, c->sent);
    chains_add(&s->pooled, c->pool);
    s->store = chains_store(c->store);
    s->pool = s->pooled.num > 0 ? make_pool(&s->pooled, false) : NULL;
    s->judge = judge_new(s->store, s->pool);
    assert_non_null(s->judge);
    return s;
}

static void close_case(struct setting *s)
{
    judge_free(s->judge);
    judge_pool_free(s->pool);
    trust_store_free(s->store);
    free(s);
}

static void print_flags(uint32_t flags)
{
    for (unsigned bit = 0; bit < NUM_CHAIN_FLAGS; bit++)
        if (flags >> bit & 1)
            print_message(" %s", chain_flag_words(bit)->slug);
    print_message("\n");
}

/* print_path writes the path; a certificate of the pool by its place in the case's words. */
static void print_path(char out[256], const struct chain_path *path, const struct setting *s)
{
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < path->num_links; i++) {
        size_t at = path->links[i].at;
        if (path->links[i].origin == CHAIN_POOL) {
            struct bytes der = judge_pool_der(s->pool, at);
            for (at = 0; !bytes_equal(s->pooled.certs[at], der); at++)
                assert_true(at < s->pooled.num);
        }
        len += (size_t)snprintf(out + len, 256 - len, "%s%c%zu", i > 0 ? " " : "",
                                "srp"[path->links[i].origin], at);
    }
}

static void each_kind_of_chain(void **state)
{
    (void)state;
    for (size_t i = 0; i < NUM_CASES; i++) {
        const struct judge_case *c = &cases[i];
        struct setting *s = open_case(c);
        struct chain_verdict v;
        struct chain_path path;
        char text[256];
        print_message("%s | %s | %s\n", c->sent, c->store, c->pool);
        assert_int_equal(judge_chain(s->judge, &v, &path, s->sent.certs, s->sent.num, CHAINS_TIME),
                         0);
        assert_string_equal(chain_outcome_words(v.outcome)->slug,
                            chain_outcome_words(c->outcome)->slug);
        assert_int_equal(v.fault_at, c->fault_at);
        if (v.flags != c->flags)
            print_flags(v.flags);
        assert_int_equal(v.flags, c->flags);
        print_path(text, &path, s);
        assert_string_equal(text, c->path);
        close_case(s);
    }
}

/* flags_are_where_they_belong: those of links and positions add up to those of the chain. */
static void flags_are_where_they_belong(void **state)
{
    (void)state;
    for (size_t i = 0; i < NUM_CASES; i++) {
        struct setting *s = open_case(&cases[i]);
        struct chain_verdict v;
        struct chain_path path;
        uint32_t all = 0;
        assert_int_equal(judge_chain(s->judge, &v, &path, s->sent.certs, s->sent.num, CHAINS_TIME),
                         0);
        for (size_t k = 0; k < path.num_links; k++) {
            all |= path.links[k].flags;
            if (path.links[k].origin == CHAIN_SENT)
                assert_int_equal(path.links[k].flags, path.sent_flags[path.links[k].at]);
        }
        for (size_t k = 0; k < JUDGE_SENT_MAX; k++) {
            all |= path.sent_flags[k];
            assert_true(k < s->sent.num || path.sent_flags[k] == 0);
        }
        assert_int_equal(all, v.flags);
        if (path.fault_link >= 0 && path.links[path.fault_link].origin == CHAIN_SENT)
            assert_int_equal(path.links[path.fault_link].at, v.fault_at);
        close_case(s);
    }
}

static void order_wrong_is_at_the_early_one(void **state)
{
    (void)state;
    static const struct judge_case c = {.sent = "leaf-low sub low", .store = "root", .pool = ""};
    struct setting *s = open_case(&c);
    struct chain_verdict v;
    struct chain_path path;
    assert_int_equal(judge_chain(s->judge, &v, &path, s->sent.certs, s->sent.num, CHAINS_TIME), 0);
    assert_int_equal(path.sent_flags[1], F(ORDER_WRONG));
    assert_int_equal(path.sent_flags[2], 0);
    close_case(s);
}

/* ---- nothing but the input decides ---- */

static bool same_verdict(const struct chain_verdict *a, const struct chain_verdict *b)
{
    return a->outcome == b->outcome && a->fault_at == b->fault_at && a->flags == b->flags;
}

static void a_verdict_holds_from_until(void **state)
{
    (void)state;
    for (size_t i = 0; i < NUM_CASES; i++) {
        struct setting *s = open_case(&cases[i]);
        struct chain_verdict v, w;
        int64_t time_s = CHAINS_TIME;
        unsigned num_spans = 0;
        do { /* from one span to the next, to the end of time */
            assert_int_equal(judge_chain(s->judge, &v, NULL, s->sent.certs, s->sent.num, time_s),
                             0);
            assert_true(v.from <= time_s && time_s < v.until);
            judge_chain(s->judge, &w, NULL, s->sent.certs, s->sent.num, v.until - 1);
            if (!same_verdict(&v, &w))
                fail_msg("%s: differs within %lld to %lld", cases[i].sent, (long long)v.from,
                         (long long)v.until);
            assert_true(v.from == w.from && v.until == w.until);
            time_s = v.until;
            num_spans++;
        } while (v.until != INT64_MAX);
        assert_true(num_spans <= 12);
        if (cases[i].outcome == CHAIN_VALID) {
            assert_true(num_spans > 1); /* all end one day */
            assert_int_equal(v.outcome, CHAIN_EXPIRED);
        }
        close_case(s);
    }
}

static void ends_are_as_in_openssl(void **state)
{
    (void)state;
    static const struct judge_case c = {.sent = "leaf-old sub", .store = "root", .pool = ""};
    struct setting *s = open_case(&c);
    const int64_t end = CHAINS_TIME - DAY;
    struct chain_verdict v;
    judge_chain(s->judge, &v, NULL, s->sent.certs, s->sent.num, end - 1);
    assert_int_equal(v.outcome, CHAIN_VALID);
    assert_int_equal(v.until, end);
    judge_chain(s->judge, &v, NULL, s->sent.certs, s->sent.num, end);
    assert_int_equal(v.outcome, CHAIN_EXPIRED);
    assert_int_equal(v.from, end);
    close_case(s);
}

/* one judge for all chains: in both directions, twice; and as a fresh one says */
static void earlier_chains_change_nothing(void **state)
{
    (void)state;
    struct trust_store *store = chains_store("root rsa-root");
    struct judge *j = judge_new(store, NULL);
    struct chain_verdict want[NUM_CASES], v;
    struct chains *sent = calloc(NUM_CASES, sizeof *sent);
    assert_non_null(sent);
    for (size_t i = 0; i < NUM_CASES; i++) {
        chains_add(&sent[i], cases[i].sent);
        struct judge *fresh = judge_new(store, NULL);
        judge_chain(fresh, &want[i], NULL, sent[i].certs, sent[i].num, CHAINS_TIME);
        judge_free(fresh);
    }
    for (size_t i = 0; i < (size_t)4 * NUM_CASES; i++) {
        size_t k = i < (size_t)2 * NUM_CASES ? i % NUM_CASES : NUM_CASES - 1 - i % NUM_CASES;
        judge_chain(j, &v, NULL, sent[k].certs, sent[k].num, CHAINS_TIME);
        assert_true(same_verdict(&v, &want[k]));
    }
    free(sent);
    judge_free(j);
    trust_store_free(store);
}

static void *judge_all(void *argument)
{
    const struct trust_store *store = argument;
    struct judge *j = judge_new(store, NULL);
    struct chains *c = calloc(1, sizeof *c);
    struct chain_verdict v;
    chains_add(c, "leaf sub");
    size_t num_valid = 0;
    for (size_t i = 0; i < 200; i++)
        num_valid += judge_chain(j, &v, NULL, c->certs, c->num, CHAINS_TIME) == 0 &&
                     v.outcome == CHAIN_VALID;
    free(c);
    judge_free(j);
    return (void *)num_valid;
}

static void threads_share_a_store(void **state)
{
    (void)state;
    struct trust_store *store = chains_store("root rsa-root");
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, judge_all, store), 0);
    for (size_t i = 0; i < 4; i++) {
        void *num_valid;
        pthread_join(threads[i], &num_valid);
        assert_int_equal((size_t)num_valid, 200);
    }
    trust_store_free(store);
}

static bool same_path(const struct chain_path *a, const struct chain_path *b)
{
    if (a->num_links != b->num_links || a->fault_link != b->fault_link ||
        memcmp(a->sent_flags, b->sent_flags, sizeof a->sent_flags) != 0)
        return false;
    for (size_t i = 0; i < a->num_links; i++)
        if (a->links[i].origin != b->links[i].origin || a->links[i].at != b->links[i].at ||
            a->links[i].flags != b->links[i].flags)
            return false;
    return true;
}

/* a chain that was taken once, at times there and back, is judged as by a judge of its own */
static void a_chain_taken_once_is_judged_the_same(void **state)
{
    (void)state;
    static const int64_t days[] = {0, -40000, 2, -1, 1, -30, 9000, 40, -2, 0, 4000, -4000};
    for (size_t i = 0; i < NUM_CASES; i++) {
        struct setting *s = open_case(&cases[i]);
        assert_int_equal(judge_take(s->judge, s->sent.certs, s->sent.num), 0);
        for (size_t k = 0; k < sizeof days / sizeof *days; k++) {
            struct chain_verdict v, w;
            struct chain_path of_v, of_w;
            struct judge *fresh = judge_new(s->store, s->pool);
            int64_t at = CHAINS_TIME + days[k] * DAY;
            assert_int_equal(judge_at(s->judge, &v, &of_v, at), 0);
            assert_int_equal(judge_chain(fresh, &w, &of_w, s->sent.certs, s->sent.num, at), 0);
            assert_true(same_verdict(&v, &w) && v.from == w.from && v.until == w.until);
            assert_true(same_path(&of_v, &of_w));
            judge_free(fresh);
        }
        close_case(s);
    }
}

/* ---- the pool ---- */

/* a pool of those of the words whose bit is set */
static struct judge_pool *pool_of(const struct chains *c, unsigned bits)
{
    struct judge_pool *pool = judge_pool_new();
    for (size_t i = 0; i < c->num; i++)
        if (bits >> i & 1)
            assert_int_equal(judge_pool_add(pool, c->certs[i]), 1);
    judge_pool_seal(pool);
    return pool;
}

static bool still_holds(const struct judge *j, const struct judge_pool *pool)
{
    const struct pool_question *asked;
    size_t num = judge_asked(j, &asked);
    assert_true(num <= JUDGE_ASKED_MAX);
    for (size_t i = 0; i < num; i++)
        if (!judge_pool_holds(pool, &asked[i]))
            return false;
    return true;
}

/* whatever pool answers what was asked as another did leads to the same verdict; and all that
 * differs between two pools is not asked for each time */
static void what_is_asked_decides(void **state)
{
    (void)state;
    struct chains *c = calloc(1, sizeof *c);
    assert_non_null(c);
    chains_add(c, "low sub sub-old sub-fake tight");
    const unsigned num_pools = 1U << c->num;
    unsigned num_held = 0, num_changed = 0;
    for (size_t i = 0; i < NUM_CASES; i++)
        for (unsigned one = 0; one < num_pools; one++) {
            struct setting *s = open_case(&cases[i]);
            struct chain_verdict v, w;
            unsigned other = (one * 7 + (unsigned)i * 5 + 3) % num_pools;
            struct judge_pool *pools[] = {pool_of(c, one), pool_of(c, other)};
            struct judge *a = judge_new(s->store, pools[0]), *b = judge_new(s->store, pools[1]);
            judge_chain(a, &v, NULL, s->sent.certs, s->sent.num, CHAINS_TIME);
            judge_chain(b, &w, NULL, s->sent.certs, s->sent.num, CHAINS_TIME);
            bool same = same_verdict(&v, &w) && v.from == w.from && v.until == w.until;
            if (still_holds(a, pools[1]) && !same)
                fail_msg("%s: pools %u and %u answer the same", cases[i].sent, one, other);
            num_held += still_holds(a, pools[1]);
            num_changed += !same;
            judge_free(a);
            judge_free(b);
            judge_pool_free(pools[0]);
            judge_pool_free(pools[1]);
            close_case(s);
        }
    assert_true(num_held > 100 && num_changed > 100);
    free(c);
}

static void pools_do_not_know_an_order(void **state)
{
    (void)state;
    struct chains *c = calloc(1, sizeof *c), *sent = calloc(1, sizeof *sent);
    assert_true(c != NULL && sent != NULL);
    chains_add(c, "sub-fake low sub-old sub low sub tight");
    chains_add(sent, "leaf-low");
    struct trust_store *store = chains_store("root");
    struct judge_pool *pools[] = {make_pool(c, false), make_pool(c, true)};
    assert_int_equal(judge_pool_num(pools[0]), 5);
    assert_int_equal(judge_pool_num(pools[1]), 5);
    struct chain_path paths[2];
    for (size_t i = 0; i < 2; i++) {
        struct judge *j = judge_new(store, pools[i]);
        struct chain_verdict v;
        assert_int_equal(judge_chain(j, &v, &paths[i], sent->certs, sent->num, CHAINS_TIME), 0);
        assert_true(v.flags & F(COMPLETABLE));
        assert_int_equal(paths[i].num_links, 4);
        judge_free(j);
    }
    for (size_t i = 0; i < 5; i++)
        assert_true(bytes_equal(judge_pool_der(pools[0], i), judge_pool_der(pools[1], i)));
    assert_int_equal(paths[0].links[2].at, paths[1].links[2].at);
    assert_true(bytes_equal(judge_pool_der(pools[0], paths[0].links[2].at), c->certs[3]));
    judge_pool_free(pools[0]);
    judge_pool_free(pools[1]);
    trust_store_free(store);
    free(c);
    free(sent);
}

static void pools_take_only_what_completes(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        int taken;
    } certs[] = {{"sub", 1}, {"~sub", 1}, {"leaf", 0}, {"root", 0}, {"self-ca", 0}, {"/leaf", 0}};
    struct judge_pool *pool = judge_pool_new();
    struct chains *c = calloc(1, sizeof *c);
    assert_true(pool != NULL && c != NULL);
    for (size_t i = 0; i < sizeof certs / sizeof *certs; i++) {
        chains_add(c, certs[i].word);
        assert_int_equal(judge_pool_add(pool, c->certs[i]), certs[i].taken);
    }
    uint8_t *big = calloc(1, JUDGE_POOL_CERT_MAX + 1);
    memcpy(big, c->certs[0].data, c->certs[0].len);
    assert_int_equal(judge_pool_add(pool, bytes_of(big, JUDGE_POOL_CERT_MAX + 1)), 0);
    assert_int_equal(judge_pool_add(pool, bytes_of(NULL, 0)), 0);
    judge_pool_seal(pool);
    assert_int_equal(judge_pool_num(pool), 2);
    size_t first;
    assert_int_equal(judge_pool_find(pool, &first, bytes_text("no name")), 0);
    judge_pool_free(pool);
    judge_pool_free(NULL);
    free(big);
    free(c);
}

/* fill adds more certificates than a pool holds, all of one subject: sub with other signatures. */
static struct judge_pool *fill(struct bytes der, unsigned first, unsigned step)
{
    enum { NUM = 40009 }; /* prime: any step visits all */
    struct judge_pool *pool = judge_pool_new();
    uint8_t copy[1024];
    memcpy(copy, der.data, der.len);
    for (unsigned i = 0; i < NUM; i++) {
        unsigned n = (first + i * step) % NUM;
        memcpy(copy + der.len - sizeof n, &n, sizeof n);
        assert_int_equal(judge_pool_add(pool, bytes_of(copy, der.len)), 1);
    }
    judge_pool_seal(pool);
    return pool;
}

static void full_pools_do_not_know_an_order_either(void **state)
{
    (void)state;
    struct chains *c = calloc(1, sizeof *c);
    assert_non_null(c);
    chains_add(c, "sub leaf");
    struct judge_pool *a = fill(c->certs[0], 0, 1), *b = fill(c->certs[0], 77, 1234);
    assert_int_equal(judge_pool_num(a), JUDGE_POOL_MAX);
    assert_int_equal(judge_pool_num(b), JUDGE_POOL_MAX);
    for (size_t i = 0; i < JUDGE_POOL_MAX; i++)
        assert_true(bytes_equal(judge_pool_der(a, i), judge_pool_der(b, i)));
    struct trust_store *store = chains_store("root");
    struct judge *j = judge_new(store, a);
    struct chain_verdict v; /* a flood of impostors costs a bounded number of tries */
    assert_int_equal(judge_chain(j, &v, NULL, &c->certs[1], 1, CHAINS_TIME), 0);
    assert_int_equal(v.outcome, CHAIN_INCOMPLETE);
    judge_free(j);
    trust_store_free(store);
    judge_pool_free(a);
    judge_pool_free(b);
    free(c);
}

/* ---- hostile chains ---- */

static void limits_are_flagged(void **state)
{
    (void)state;
    struct trust_store *store = chains_store("root");
    struct judge *j = judge_new(store, NULL);
    struct chains *c = calloc(1, sizeof *c);
    struct bytes sent[JUDGE_SENT_MAX + 1];
    struct chain_verdict v;
    assert_non_null(c);
    chains_add(c, "leaf sub");
    sent[0] = c->certs[0];
    for (size_t i = 1; i < JUDGE_SENT_MAX + 1; i++)
        sent[i] = c->certs[1];
    judge_chain(j, &v, NULL, sent, JUDGE_SENT_MAX, CHAINS_TIME);
    assert_int_equal(v.flags, F(DUPLICATE));
    judge_chain(j, &v, NULL, sent, JUDGE_SENT_MAX + 1, CHAINS_TIME);
    assert_int_equal(v.outcome, CHAIN_VALID);
    assert_int_equal(v.flags, F(DUPLICATE) | F(CUT));
    uint8_t *big = calloc(1, JUDGE_SENT_OCTETS);
    sent[1] = bytes_of(big, JUDGE_SENT_OCTETS - sent[0].len);
    judge_chain(j, &v, NULL, sent, 2, CHAINS_TIME);
    assert_int_equal(v.flags, F(INCOMPLETE) | F(UNPARSABLE));
    judge_chain(j, &v, NULL, sent, 3, CHAINS_TIME);
    assert_int_equal(v.flags, F(INCOMPLETE) | F(UNPARSABLE) | F(CUT));
    sent[1].len++;
    judge_chain(j, &v, NULL, sent, 2, CHAINS_TIME);
    assert_int_equal(v.flags, F(INCOMPLETE) | F(CUT));
    sent[0] = bytes_of(big, JUDGE_SENT_OCTETS + 1);
    judge_chain(j, &v, NULL, sent, 1, CHAINS_TIME);
    assert_int_equal(v.outcome, CHAIN_UNPARSABLE);
    sent[0] = bytes_of(NULL, 0);
    judge_chain(j, &v, NULL, sent, 1, CHAINS_TIME);
    assert_int_equal(v.outcome, CHAIN_UNPARSABLE);
    free(big);
    free(c);
    judge_free(j);
    trust_store_free(store);
}

/* judge_copy judges a copy of exactly its size in place of one certificate. */
static enum chain_outcome judge_copy(struct judge *j, const struct chains *c, size_t at,
                                     struct bytes der)
{
    struct bytes sent[2] = {c->certs[0], c->certs[1]};
    struct chain_verdict v;
    struct chain_path path;
    uint8_t *copy = malloc(der.len > 0 ? der.len : 1);
    assert_non_null(copy);
    if (der.len > 0)
        memcpy(copy, der.data, der.len);
    sent[at] = bytes_of(copy, der.len);
    assert_int_equal(judge_chain(j, &v, &path, sent, 2, CHAINS_TIME), 0);
    free(copy);
    return v.outcome;
}

static void no_changed_chain_is_valid(void **state)
{
    (void)state;
    struct trust_store *store = chains_store("root");
    struct judge *j = judge_new(store, NULL);
    struct chains *c = calloc(1, sizeof *c);
    assert_non_null(c);
    chains_add(c, "leaf sub");
    for (size_t at = 0; at < 2; at++) {
        struct bytes der = c->certs[at];
        uint8_t *octets = c->octets + (der.data - c->octets);
        for (size_t len = 0; len < der.len; len++)
            assert_int_not_equal(judge_copy(j, c, at, bytes_of(octets, len)), CHAIN_VALID);
        for (size_t i = 0; i < der.len; i++) {
            uint8_t was = octets[i];
            for (unsigned bit = 0; bit < 8; bit++) {
                octets[i] = (uint8_t)(was ^ 1u << bit);
                assert_int_not_equal(judge_copy(j, c, at, der), CHAIN_VALID);
            }
            octets[i] = was;
        }
        assert_int_equal(judge_copy(j, c, at, der), CHAIN_VALID);
    }
    free(c);
    judge_free(j);
    trust_store_free(store);
}

/* ---- words ---- */

static void words_are_whole_and_slugs_distinct(void **state)
{
    (void)state;
    for (unsigned i = 0; i < NUM_CHAIN_OUTCOMES; i++) {
        const struct chain_words *w = chain_outcome_words(i);
        assert_true(w->text[0] != '\0' && w->why[0] != '\0' && w->mend[0] != '\0');
        assert_int_equal(chain_outcome_find(w->slug), i);
    }
    for (unsigned i = 0; i < NUM_CHAIN_FLAGS; i++) {
        const struct chain_words *w = chain_flag_words(i);
        assert_true(w->text[0] != '\0' && w->why[0] != '\0' && w->mend[0] != '\0');
        assert_int_equal(chain_flag_find(w->slug), i);
    }
    assert_null(chain_outcome_words(NUM_CHAIN_OUTCOMES));
    assert_null(chain_flag_words(NUM_CHAIN_FLAGS));
    assert_int_equal(chain_outcome_find("fine"), -1);
    assert_int_equal(chain_flag_find(""), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_of_chain),
        cmocka_unit_test(flags_are_where_they_belong),
        cmocka_unit_test(order_wrong_is_at_the_early_one),
        cmocka_unit_test(a_verdict_holds_from_until),
        cmocka_unit_test(ends_are_as_in_openssl),
        cmocka_unit_test(earlier_chains_change_nothing),
        cmocka_unit_test(threads_share_a_store),
        cmocka_unit_test(a_chain_taken_once_is_judged_the_same),
        cmocka_unit_test(what_is_asked_decides),
        cmocka_unit_test(pools_do_not_know_an_order),
        cmocka_unit_test(pools_take_only_what_completes),
        cmocka_unit_test(full_pools_do_not_know_an_order_either),
        cmocka_unit_test(limits_are_flagged),
        cmocka_unit_test(no_changed_chain_is_valid),
        cmocka_unit_test(words_are_whole_and_slugs_distinct),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
