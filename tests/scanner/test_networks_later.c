/*
 * networks: targets that throttled wait by themselves: how long, in which order, whatever the
 * clocks of those that park and take, from one thread and from four; none is lost or comes twice.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>

#include "core/outcome.h"
#include "scanner/networks_private.h"

#define MS        UINT64_C(1000000)
#define S         UINT64_C(1000000000)
#define DAY       (86400 * S)
#define LENGTH(a) (sizeof(a) / sizeof(a)[0])

static const uint64_t delay = 64 * S;

static struct networks *new_with(uint64_t retry_delay_ns)
{
    struct networks_config config = {.prefix_len4 = 24,
                                     .prefix_len6 = 48,
                                     .retry_delay_ns = retry_delay_ns,
                                     .max_entries = 1024,
                                     .max_parked = 4096};
    struct networks *n = NULL;
    assert_int_equal(networks_new(&n, &config), 0);
    return n;
}

/* a target with so many attempts, the newest of which began at start_ns */
static struct visit throttled(uint64_t ref, unsigned num_attempts, uint64_t start_ns)
{
    struct visit v = {.ref = ref, .passed = 7};
    for (unsigned i = 0; i < num_attempts; i++)
        assert_true(visit_add_attempt(&v, STAGE_GREETING, CAUSE_THROTTLED, 421, start_ns));
    return v;
}

static void park(struct networks *n, uint64_t ref, unsigned num_attempts, uint64_t start_ns,
                 uint64_t now_ns)
{
    struct visit v = throttled(ref, num_attempts, start_ns);
    assert_true(networks_park(n, &v, now_ns));
}

/* asserts that ref comes at due_ns and not before, when asked from now_ns on */
static void comes_at(struct networks *n, uint64_t ref, uint64_t due_ns, uint64_t now_ns)
{
    struct visit v;
    uint64_t told_ns;
    if (now_ns < due_ns) {
        assert_false(networks_take(n, &v, &told_ns, now_ns));
        assert_true(told_ns == due_ns);
        assert_false(networks_take(n, &v, &told_ns, due_ns - 1));
    }
    assert_true(networks_take(n, &v, &told_ns, due_ns));
    assert_int_equal(v.ref, ref);
    assert_int_equal(v.passed, 0);
}

static void nobody_comes(struct networks *n)
{
    struct visit v;
    uint64_t told_ns;
    assert_false(networks_take(n, &v, &told_ns, UINT64_MAX / 2));
    assert_true(told_ns == NEVER);
    assert_int_equal(networks_num_parked(n), 0);
}

/* times of whole units of 16 ms come back exactly */
static void each_waits_longer(void **state)
{
    (void)state;
    static const uint64_t delays[] = {16 * MS, S, 64 * S, DAY, NETWORKS_DELAY_MAX_NS};
    for (size_t i = 0; i < LENGTH(delays); i++)
        for (unsigned num = 1; num <= VISIT_ATTEMPTS_MAX; num++) {
            struct networks *n = new_with(delays[i]);
            park(n, 1, num, 16 * S, 17 * S);
            uint64_t due_ns = 16 * S + (delays[i] << (num - 1));
            comes_at(n, 1, due_ns > 17 * S ? due_ns : 17 * S, 17 * S);
            nobody_comes(n);
            networks_free(n, NULL, NULL);
        }
}

static void to_within_16_ms(void **state)
{
    (void)state;
    struct networks *n = new_with(delay);
    for (uint64_t i = 0; i < 100; i++) {
        struct visit v = throttled(1, 1, 16 * S + i * MS), out;
        uint64_t due_ns, exact_ns = 16 * S + i * MS + delay;
        assert_true(networks_park(n, &v, 17 * S));
        assert_false(networks_take(n, &out, &due_ns, 17 * S));
        assert_true(due_ns + 16 * MS >= exact_ns && due_ns <= exact_ns + 16 * MS);
        assert_true(networks_take(n, &out, &due_ns, due_ns));
    }
    networks_free(n, NULL, NULL);
}

static void the_first_that_is_due_comes_first(void **state)
{
    (void)state;
    struct networks *n = new_with(delay);
    park(n, 3, 3, 16 * S, 17 * S);
    park(n, 2, 2, 16 * S, 17 * S);
    park(n, 1, 1, 16 * S, 17 * S);
    park(n, 4, 1, 16 * S + 3 * delay / 2, 18 * S + 3 * delay / 2); /* after 2, before 3 */
    comes_at(n, 1, 16 * S + delay, 17 * S);
    comes_at(n, 2, 16 * S + 2 * delay, 17 * S + delay);
    comes_at(n, 4, 16 * S + 5 * delay / 2, 16 * S + 2 * delay);
    comes_at(n, 3, 16 * S + 4 * delay, 16 * S + 5 * delay / 2);
    nobody_comes(n);
    networks_free(n, NULL, NULL);
}

/* one whose session was long stands behind one that began later: never beyond its own end and the
 * delay */
static void sessions_of_different_lengths(void **state)
{
    (void)state;
    struct networks *n = new_with(delay);
    park(n, 2, 1, 40 * S, 41 * S);
    park(n, 1, 1, 16 * S, 42 * S); /* due at 80 s, behind one that is at 104 */
    comes_at(n, 2, 40 * S + delay, 42 * S);
    comes_at(n, 1, 40 * S + delay, 40 * S + delay);
    nobody_comes(n);
    uint64_t x = 88172645463325252U, ends_ns[200], now_ns = 1000 * S;
    for (uint64_t i = 0; i < 200; i++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        ends_ns[i] = now_ns += x % S;
        park(n, i, 1, now_ns - (x >> 20) % (300 * S), now_ns);
    }
    for (uint64_t i = 0, due_ns; i < 200; i++) {
        struct visit v;
        if (!networks_take(n, &v, &due_ns, now_ns)) {
            now_ns = due_ns;
            assert_true(networks_take(n, &v, &due_ns, now_ns));
        }
        assert_int_equal(v.ref, i); /* as they ended */
        assert_true(now_ns <= 1000 * S + 200 * S || now_ns <= ends_ns[i] + delay + 16 * MS);
        assert_true(now_ns + 16 * MS >= v.attempt_start_ns + delay);
    }
    networks_free(n, NULL, NULL);
}

/* the clock of who parks, or looks, is behind that of who began the attempt */
static void clocks_that_do_not_agree(void **state)
{
    (void)state;
    struct networks *n = new_with(delay);
    struct visit v;
    uint64_t due_ns;
    park(n, 1, 1, 32 * S, 16 * S);
    assert_false(networks_take(n, &v, &due_ns, 16 * S));
    assert_true(due_ns > 16 * S && due_ns <= 32 * S + delay); /* no later than it is due */
    assert_false(networks_take(n, &v, &due_ns, due_ns));
    comes_at(n, 1, 32 * S + delay, 40 * S);
    park(n, 1, 1, 0, 0);
    comes_at(n, 1, delay, 0);
    nobody_comes(n);
    networks_free(n, NULL, NULL);
}

static void a_visit_comes_back_whole(void **state)
{
    (void)state;
    struct networks *n = new_with(delay);
    struct visit v = {.ref = VISIT_REF_TAG | VISIT_REF_MAX}, out;
    uint64_t due_ns;
    for (unsigned i = 0; i < VISIT_ATTEMPTS_MAX; i++) {
        visit_set_gap(&v, 64 * S);
        assert_true(visit_add_attempt(&v, (uint8_t)(i + 1), CAUSE_THROTTLED, (uint16_t)(421 + i),
                                      (i + 1) * 64 * S));
        assert_true(networks_park(n, &v, 300 * S));
        assert_true(networks_take(n, &out, &due_ns, 3000 * S));
        assert_true(out.ref == v.ref && out.attempt_start_ns == v.attempt_start_ns);
        assert_memory_equal(out.attempts, v.attempts, sizeof v.attempts);
    }
    networks_free(n, NULL, NULL);
}

static void count_and_mark(void *arg, const struct visit *v)
{
    uint64_t *seen = arg;
    assert_int_equal(*seen >> v->ref & 1, 0);
    *seen |= UINT64_C(1) << v->ref;
    assert_int_equal(visit_num_attempts(v), v->ref % VISIT_ATTEMPTS_MAX + 1);
}

static void free_drops_what_waits(void **state)
{
    (void)state;
    uint64_t seen = 0;
    for (int drops = 0; drops < 2; drops++) {
        struct networks *n = new_with(delay);
        for (uint64_t i = 0; i < 63; i++)
            park(n, i, (unsigned)(i % VISIT_ATTEMPTS_MAX + 1), S, 2 * S);
        networks_free(n, drops ? count_and_mark : NULL, &seen);
    }
    assert_true(seen == (UINT64_C(1) << 63) - 1);
}

/* ---- four threads ---- */

enum { THREADS = 4, EACH = 2000 };

struct crowd {
    struct networks *networks;
    _Atomic uint64_t clock_ns;
    _Atomic uint32_t came[THREADS * EACH]; /* as often as there are attempts */
    _Atomic uint32_t num_done;
    _Atomic bool failed;
};

struct member {
    pthread_t thread;
    struct crowd *crowd;
    uint64_t next, end;
};

/* parks v with one attempt more; false: it has had them all */
static bool park_again(struct crowd *c, struct visit *v, uint64_t now_ns)
{
    if (!visit_add_attempt(v, STAGE_GREETING, CAUSE_THROTTLED, 421, now_ns))
        return false;
    if (!networks_park(c->networks, v, now_ns))
        atomic_store(&c->failed, true);
    return true;
}

static void came(struct crowd *c, struct visit *v, uint64_t now_ns)
{
    unsigned num = visit_num_attempts(v);
    if (atomic_fetch_add(&c->came[v->ref], 1) != num - 1 ||
        now_ns + 16 * MS < v->attempt_start_ns + (100 * MS << (num - 1)))
        atomic_store(&c->failed, true);
    if (!park_again(c, v, now_ns))
        atomic_fetch_add(&c->num_done, 1);
}

static void *park_and_take(void *arg)
{
    struct member *m = arg;
    struct crowd *c = m->crowd;
    for (long i = 0; i < 20000000 && atomic_load(&c->num_done) < THREADS * EACH; i++) {
        struct visit v = {.ref = m->next};
        uint64_t due_ns, now_ns = atomic_fetch_add(&c->clock_ns, MS);
        if (m->next < m->end && i % 2 == 0) {
            m->next++;
            park_again(c, &v, now_ns);
        } else if (networks_take(c->networks, &v, &due_ns, now_ns))
            came(c, &v, now_ns);
    }
    return NULL;
}

static void many_threads(void **state)
{
    (void)state;
    struct networks_config config = {.prefix_len4 = 24,
                                     .prefix_len6 = 48,
                                     .retry_delay_ns = 100 * MS,
                                     .max_entries = 1024,
                                     .max_parked = THREADS * EACH};
    struct crowd *c = calloc(1, sizeof *c);
    struct member members[THREADS];
    assert_non_null(c);
    assert_int_equal(networks_new(&c->networks, &config), 0);
    atomic_init(&c->clock_ns, S);
    for (uint64_t i = 0; i < THREADS; i++) {
        members[i] = (struct member){.crowd = c, .next = i * EACH, .end = (i + 1) * EACH};
        assert_int_equal(pthread_create(&members[i].thread, NULL, park_and_take, &members[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(members[i].thread, NULL);
    assert_int_equal(atomic_load(&c->num_done), THREADS * EACH);
    assert_false(atomic_load(&c->failed));
    for (size_t i = 0; i < THREADS * EACH; i++)
        assert_int_equal(atomic_load(&c->came[i]), VISIT_ATTEMPTS_MAX);
    nobody_comes(c->networks);
    networks_free(c->networks, NULL, NULL);
    free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_waits_longer),
        cmocka_unit_test(to_within_16_ms),
        cmocka_unit_test(the_first_that_is_due_comes_first),
        cmocka_unit_test(sessions_of_different_lengths),
        cmocka_unit_test(clocks_that_do_not_agree),
        cmocka_unit_test(a_visit_comes_back_whole),
        cmocka_unit_test(free_drops_what_waits),
        cmocka_unit_test(many_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
