/*
 * networks, back-off, step by step with a clock that the test moves: when a network is believed to
 * throttle, what it is allowed after each throttling, and when targets that throttled come back.
 * Whole sweeps are in test_networks_throttlers.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/outcome.h"
#include "scanner/networks_private.h"
#include <cmocka.h>

#define MS        UINT64_C(1000000)
#define S         UINT64_C(1000000000)
#define LENGTH(a) (sizeof(a) / sizeof(a)[0])

static struct networks *new_with(uint64_t retry_delay_ns, struct network_limit prefix)
{
    static const uint64_t key[2] = {1, 2};
    struct networks_config config = {.limit[NETWORK_PREFIX] = prefix,
                                     .prefix_len4 = 24,
                                     .prefix_len6 = 48,
                                     .retry_delay_ns = retry_delay_ns,
                                     .max_entries = 1024,
                                     .max_parked = 1024};
    struct networks *n = NULL;
    assert_int_equal(networks_new_keyed(&n, &config, key), 0);
    return n;
}

static const struct network_limit none = {0, 0};

enum { DELAY_S = 64 };

static const uint64_t delay = DELAY_S * S;

static struct addr one(void)
{
    return addr_v4(0xc0000201U); /* 192.0.2.1 */
}

static uint64_t num_backed_off(const struct networks *n)
{
    struct networks_figures figures;
    networks_figures(n, &figures);
    return figures.num_backed_off;
}

/* parks one, and returns when it can be taken; it is taken */
static uint64_t next_start(struct networks *n, uint64_t now_ns)
{
    struct visit v = {.ref = 1};
    uint64_t wait_ns, due_ns;
    assert_int_equal(networks_start(n, &wait_ns, &v, false, one(), 0, now_ns), NETWORK_PARKED);
    if (networks_take(n, &v, &due_ns, now_ns))
        return now_ns;
    assert_true(networks_take(n, &v, &due_ns, due_ns));
    return due_ns;
}

static bool start_now(struct networks *n, uint64_t now_ns)
{
    uint64_t wait_ns;
    struct visit v = {.ref = 2, .passed = 1 << NETWORK_PREFIX};
    return networks_start(n, &wait_ns, &v, true, one(), 0, now_ns) == NETWORK_OK;
}

static void end_now(struct networks *n, enum network_end how, uint64_t start_ns, uint64_t now_ns)
{
    networks_end(n, one(), 0, how, start_ns, now_ns);
}

/* makes it be blocked at now_ns: four in a row that are throttled are believed */
static void block(struct networks *n, uint64_t now_ns)
{
    for (int i = 0; i < 4; i++) {
        assert_int_equal(num_backed_off(n), 0);
        assert_true(start_now(n, now_ns));
        end_now(n, NETWORK_THROTTLED, now_ns, now_ns);
    }
    assert_int_equal(num_backed_off(n), 1);
}

/* ---- when it is believed ---- */

/* T: throttled, A: again, W: went well, U: unused; each begins when the one before has ended */
static void what_is_believed(void **state)
{
    (void)state;
    static const struct {
        const char *ends;
        bool believed; /* by the last of them, and not before */
    } cases[] = {
        {"TTT", false},
        {"TTTT", true},
        {"TTTUUUUUUT", true},
        {"TTTWT", false},
        {"TTTWTT", true},
        {"WWWWWWWWTTTT", true}, /* going well is no credit */
        {"TWTWTWTWTWT", true},
        {"TTTWWWTWWWTWWWTWWWTWWWT", false},                          /* comes to 9 each time */
        {"TWWWTWWWTWWWTWWWTWWWTWWWTWWWTWWWTWWWTWWWTWWWTWWW", false}, /* one of four */
        {"AAAAAAAAAAAAAAAA", false},
        {"TATATAT", true},
        {"TTTAAAAWWWWWWWWWTTT", false},
    };
    for (size_t i = 0; i < LENGTH(cases); i++)
        for (unsigned limited = 0; limited < 2; limited++) {
            struct networks *n = new_with(delay, limited ? (struct network_limit){0, 1} : none);
            const char *c = cases[i].ends;
            for (uint64_t now = S; *c != '\0'; c++, now += S) {
                if (num_backed_off(n) > 0)
                    fail_msg("case %zu: blocked too early", i);
                assert_true(start_now(n, now));
                end_now(n,
                        *c == 'T'   ? NETWORK_THROTTLED
                        : *c == 'A' ? NETWORK_THROTTLED_AGAIN
                        : *c == 'W' ? NETWORK_WENT_WELL
                                    : NETWORK_UNUSED,
                        now, now + MS);
            }
            if ((num_backed_off(n) > 0) != cases[i].believed)
                fail_msg("case %zu", i);
            networks_free(n, NULL, NULL);
        }
}

/* those in flight are taken for ones that will go well: until they are not */
static void those_in_flight_may_go_well(void **state)
{
    (void)state;
    for (unsigned limited = 0; limited < 2; limited++) {
        struct networks *n = new_with(delay, limited ? (struct network_limit){0, 1000} : none);
        uint64_t now = 10 * S;
        assert_true(start_now(n, now));
        end_now(n, NETWORK_THROTTLED, now, now);
        for (int i = 0; i < 40; i++)
            assert_true(start_now(n, now));
        for (int i = 0; i < 12; i++) /* 39 of suspicion, 28 in flight: 11 more */
            end_now(n, NETWORK_THROTTLED, now, now + S);
        assert_int_equal(num_backed_off(n), 0);
        end_now(n, NETWORK_THROTTLED, now, now + S);
        assert_int_equal(num_backed_off(n), 1);
        networks_free(n, NULL, NULL);
    }
}

/* Of many that begin at once in a network that is not known, those that are throttled end first: it
 * is not blocked for it, but when their retries come, unless enough went well since. */
static void a_burst_is_judged_by_its_retries(void **state)
{
    (void)state;
    for (int num_well = 0; num_well <= 80; num_well++) {
        struct networks *n = new_with(delay, none);
        struct visit v = {.ref = 5};
        uint64_t now = 10 * S, wait_ns;
        for (int i = 0; i < 20 + num_well; i++)
            assert_true(start_now(n, now));
        for (int i = 0; i < 20; i++)
            end_now(n, NETWORK_THROTTLED, now, now + S);
        assert_int_equal(num_backed_off(n), 0);
        for (int i = 0; i < num_well; i++)
            end_now(n, NETWORK_WENT_WELL, now, now + 2 * S);
        assert_true(visit_add_attempt(&v, STAGE_GREETING, CAUSE_THROTTLED, 421, now));
        assert_int_equal(num_backed_off(n), 0);
        enum network_grant grant = networks_start(n, &wait_ns, &v, false, one(), 0, now + delay);
        assert_int_equal(grant, num_well <= 60 - 12 ? NETWORK_PARKED : NETWORK_OK);
        if (grant == NETWORK_PARKED) /* for as long as if it had been blocked by the last of them */
            assert_true(next_start(n, now + delay) == now + S + delay);
        networks_free(n, NULL, NULL);
    }
}

/* sessions that begin while it is only suspected are counted right: none is left over */
static void a_suspected_network_leaves_nothing(void **state)
{
    (void)state;
    struct networks_figures figures;
    struct networks *n = new_with(delay, none);
    uint64_t now = 10 * S;
    assert_true(start_now(n, now)); /* before it is known */
    assert_true(start_now(n, now));
    end_now(n, NETWORK_THROTTLED, now, now + S);
    for (uint64_t i = 0; i < 50; i++)
        assert_true(start_now(n, now + S + i));
    for (uint64_t i = 0; i < 49; i++)
        end_now(n, i % 2 == 0 ? NETWORK_WENT_WELL : NETWORK_UNUSED, now + S + i, now + 2 * S);
    end_now(n, NETWORK_WENT_WELL, now, now + 2 * S);
    networks_figures(n, &figures);
    assert_int_equal(figures.num_entries, 1);
    end_now(n, NETWORK_UNUSED, now + S + 49, now + 2 * S);
    networks_figures(n, &figures);
    assert_int_equal(figures.num_entries, 0);
    assert_int_equal(atomic_load(&n->num_extra), 0);
    networks_free(n, NULL, NULL);
}

/* nor in the way, when it is blocked after all */
static void those_of_a_suspected_network_are_not_counted_later(void **state)
{
    (void)state;
    struct networks *n = new_with(delay, none);
    uint64_t now = 10 * S;
    assert_true(start_now(n, now));
    end_now(n, NETWORK_THROTTLED, now, now);
    for (int i = 0; i < 3; i++) /* that take long */
        assert_true(start_now(n, now + S));
    for (int i = 0; i < 4; i++) {
        assert_true(start_now(n, now + S));
        end_now(n, NETWORK_THROTTLED, now + S, now + S);
    }
    assert_int_equal(num_backed_off(n), 1);
    uint64_t next = next_start(n, now + S);
    assert_true(next == now + S + delay);
    assert_true(start_now(n, next));
    end_now(n, NETWORK_UNUSED, now + S, next + S);
    end_now(n, NETWORK_UNUSED, now + S, next + S);
    assert_false(start_now(n, next + 100 * S));
    end_now(n, NETWORK_UNUSED, next, next + 100 * S);
    assert_true(start_now(n, next + 100 * S));
    end_now(n, NETWORK_UNUSED, now + S, next + 100 * S);
    assert_false(start_now(n, next + 200 * S));
    networks_free(n, NULL, NULL);
}

/* ---- the ladder ---- */

/* throttled again and again: blocked for 1, 2, ... 16 delays; whoever it is by */
static void blocks_are_doubled(void **state)
{
    (void)state;
    static const unsigned delays[] = {1, 2, 4, 8, 16, 16, 16, 16};
    struct networks *n = new_with(delay, none);
    uint64_t now = 1000 * S;
    block(n, now + S);
    for (size_t i = 0; i < LENGTH(delays); i++) {
        assert_int_equal(num_backed_off(n), 1);
        assert_true(next_start(n, now + S) == now + S + delays[i] * delay);
        now += S + delays[i] * delay;
        assert_true(start_now(n, now));
        end_now(n, i % 2 == 0 ? NETWORK_THROTTLED : NETWORK_THROTTLED_AGAIN, now, now + S);
    }
    networks_free(n, NULL, NULL);
}

/* many under way when it is blocked: they raise nothing, however they end */
static void those_under_way_raise_nothing(void **state)
{
    (void)state;
    struct networks *n = new_with(delay, none);
    for (int i = 0; i < 100; i++)
        assert_true(start_now(n, 10 * S + (uint64_t)i * MS));
    for (int i = 0; i < 30; i++)
        end_now(n, NETWORK_THROTTLED, 10 * S + (uint64_t)i * MS, 11 * S);
    assert_int_equal(num_backed_off(n), 0);
    assert_true(start_now(n, 11 * S));
    end_now(n, NETWORK_THROTTLED, 11 * S, 11 * S);
    assert_int_equal(num_backed_off(n), 1);
    for (int i = 30; i < 50; i++)
        end_now(n, NETWORK_THROTTLED, 10 * S + (uint64_t)i * MS, 11 * S + (uint64_t)i * MS);
    for (int i = 50; i < 100; i++)
        end_now(n, NETWORK_WENT_WELL, 10 * S + (uint64_t)i * MS, 12 * S);
    assert_true(next_start(n, 12 * S) == 11 * S + delay);
    assert_true(start_now(n, 11 * S + delay));
    networks_free(n, NULL, NULL);
}

/* nor are they taken for one that began after the block, when they end */
static void those_under_way_are_not_counted(void **state)
{
    (void)state;
    struct networks *n = new_with(delay, none);
    for (int i = 0; i < 2; i++)
        assert_true(start_now(n, 10 * S));
    block(n, 11 * S);
    uint64_t now = next_start(n, 11 * S);
    assert_true(start_now(n, now));
    end_now(n, NETWORK_WENT_WELL, 10 * S, now + S);
    end_now(n, NETWORK_UNUSED, 10 * S, now + S);
    assert_false(start_now(n, now + 100 * S));
    end_now(n, NETWORK_WENT_WELL, now, now + 100 * S);
    assert_true(start_now(n, now + 100 * S));
    networks_free(n, NULL, NULL);
}

/* one that is throttled again waits behind those that wait for the network then */
static void retries_wait_behind(void **state)
{
    (void)state;
    struct networks *n = new_with(delay, none);
    struct visit v = {.ref = 1}, other = {.ref = 2}, out;
    uint64_t wait_ns, due_ns, now = 10 * S;
    block(n, now);
    assert_true(visit_add_attempt(&v, STAGE_GREETING, CAUSE_THROTTLED, 421, now - S));
    assert_true(networks_park(n, &v, now));
    assert_int_equal(networks_start(n, &wait_ns, &other, false, one(), 0, now), NETWORK_PARKED);
    assert_true(networks_take(n, &out, &due_ns, now + delay - S / 2));
    assert_int_equal(out.ref, 1);
    assert_int_equal(networks_start(n, &wait_ns, &out, true, one(), 0, now + delay - S / 2),
                     NETWORK_PARKED);
    now += delay;
    assert_true(networks_take(n, &out, &due_ns, now));
    assert_int_equal(out.ref, 2);
    /* and so does one that comes back for another reason */
    assert_int_equal(networks_start(n, &wait_ns, &out, false, one(), 0, now), NETWORK_PARKED);
    assert_true(networks_take(n, &out, &due_ns, now));
    assert_int_equal(out.ref, 1);
    assert_int_equal(networks_start(n, &wait_ns, &out, true, one(), 0, now), NETWORK_OK);
    networks_free(n, NULL, NULL);
}

/* one at a time, DELAY * 5 / 4 / 64 apart; a fault of ours says nothing */
static void the_pace_after_a_block(void **state)
{
    (void)state;
    struct networks *n = new_with(delay, none);
    struct visit v = {.ref = 1};
    uint64_t wait_ns, due_ns, now = 10 * S, gap = delay * 5 / 4 / 64;
    block(n, now);
    now = next_start(n, now);
    for (int i = 0; i < 100; i++) {
        assert_true(start_now(n, now));
        assert_int_equal(networks_start(n, &wait_ns, &v, false, one(), 0, now + 100 * gap),
                         NETWORK_PARKED); /* one is in flight */
        assert_false(networks_take(n, &v, &due_ns, now + 100 * gap));
        assert_true(due_ns == NEVER);
        assert_true(networks_end(n, one(), 0, NETWORK_UNUSED, now, now + MS));
        assert_false(networks_take(n, &v, &due_ns, now + gap - 1));
        assert_true(due_ns == now + gap);
        assert_true(networks_take(n, &v, &due_ns, now + gap));
        now += gap;
    }
    assert_int_equal(num_backed_off(n), 1);
    networks_free(n, NULL, NULL);
}

/* as all goes well the pace doubles, and doubles, to where nothing is limited */
static void the_pace_is_relaxed(void **state)
{
    (void)state;
    struct networks *n = new_with(delay, none);
    uint64_t now = 10 * S, gap = delay * 5 / 4 / 64;
    block(n, now);
    now = next_start(n, now);
    for (int step = 0; num_backed_off(n) > 0; step++, gap /= 2) {
        assert_true(step < 20);
        for (int i = 0; i < 16; i++) {
            assert_true(start_now(n, now));
            end_now(n, NETWORK_WENT_WELL, now, now);
            uint64_t next = next_start(n, now);
            assert_true(next == now + gap);
            now = next;
        }
    }
    for (int i = 0; i < 1000; i++)
        assert_true(start_now(n, now));
    networks_free(n, NULL, NULL);
}

/* After many that went well one that is throttled blocks, but changes no pace; a network that has
 * throttled before is slower to be relaxed. */
static void throttled_after_many(void **state)
{
    (void)state;
    static const struct {
        int num_well;
        unsigned delays;
    } cases[] = {{0, 2}, {1, 2}, {31, 2}, {32, 1}, {63, 1}};
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct networks *n = new_with(delay, none);
        uint64_t now = 10 * S;
        block(n, now);
        now = next_start(n, now);
        for (int k = 0; k < 2; k++) { /* thrice in all: it takes 64 to relax it */
            assert_true(start_now(n, now));
            end_now(n, NETWORK_THROTTLED, now, now);
            now = next_start(n, now);
        }
        for (int k = 0; k < cases[i].num_well; k++) {
            assert_true(start_now(n, now));
            end_now(n, NETWORK_WENT_WELL, now, now);
            now = next_start(n, now);
        }
        assert_true(start_now(n, now));
        end_now(n, NETWORK_THROTTLED, now, now);
        assert_true(next_start(n, now) == now + (cases[i].delays == 1 ? 1 : 8) * delay);
        networks_free(n, NULL, NULL);
    }
}

/* others are visited, and so it is looked at now and then */
static void visit_others(struct networks *n, uint64_t now_ns)
{
    uint64_t wait_ns;
    struct visit v = {.ref = 3};
    for (uint32_t i = 0; i < 65536; i++)
        assert_int_equal(networks_start(n, &wait_ns, &v, false, addr_v4(i << 8), 0, now_ns),
                         NETWORK_OK);
}

static void networks_are_forgotten(void **state)
{
    (void)state;
    for (int suspected = 0; suspected < 2; suspected++) {
        struct networks *n = new_with(delay, none);
        struct networks_figures figures;
        block(n, 10 * S);
        if (suspected) {
            networks_free(n, NULL, NULL);
            n = new_with(delay, none);
            assert_true(start_now(n, 10 * S));
            end_now(n, NETWORK_THROTTLED, 10 * S, 10 * S);
        }
        uint64_t last = 10 * S + 32 * delay - 1;
        visit_others(n, last);
        networks_figures(n, &figures);
        assert_int_equal(figures.num_entries, 1);
        assert_int_equal(figures.num_backed_off, !suspected);
        visit_others(n, last + 1);
        networks_figures(n, &figures);
        assert_int_equal(figures.num_entries, 0);
        assert_int_equal(figures.num_backed_off, 0);
        assert_int_equal(atomic_load(&n->num_extra), 0); /* nothing is looked up for nothing */
        /* one that throttles again is no reason to know it */
        end_now(n, NETWORK_THROTTLED_AGAIN, last, last + 1);
        networks_figures(n, &figures);
        assert_int_equal(figures.num_entries, 0);
        networks_free(n, NULL, NULL);
    }
}

/* a suspicion is no reason to have no room for others; a block is */
static void suspected_networks_make_room(void **state)
{
    (void)state;
    struct networks *n = new_with(delay, (struct network_limit){0, 4});
    struct networks_figures figures;
    struct visit v = {.ref = 3};
    uint64_t wait_ns;
    for (uint32_t i = 0; i < 4096; i++) {
        struct addr a = addr_v4(i << 8);
        assert_int_equal(networks_start(n, &wait_ns, &v, false, a, 0, S), NETWORK_OK);
        networks_end(n, a, 0, NETWORK_THROTTLED, S, S);
    }
    networks_figures(n, &figures);
    assert_int_equal(figures.num_entries, 1024);
    networks_free(n, NULL, NULL);
    n = new_with(delay, (struct network_limit){0, 4});
    unsigned num_full = 0;
    for (uint32_t i = 0; i < 4096; i++)
        for (int k = 0; k < 4; k++) {
            struct addr a = addr_v4(i << 8);
            if (networks_start(n, &wait_ns, &v, false, a, 0, S) == NETWORK_OK)
                networks_end(n, a, 0, NETWORK_THROTTLED, S, S);
            else
                num_full++;
        }
    assert_int_equal(num_full, 4 * (4096 - 1024));
    networks_free(n, NULL, NULL);
}

/* a limit that is stricter than the pace of the back-off stays in force, and comes back after it */
static void limits_hold_beside_it(void **state)
{
    (void)state;
    struct networks *n = new_with(delay, (struct network_limit){10 * S, 2});
    uint64_t now = 10 * S;
    for (int i = 0; i < 4; i++, now += 10 * S) {
        assert_true(start_now(n, now));
        end_now(n, NETWORK_THROTTLED, now, now + S);
    }
    assert_true(next_start(n, now) == 41 * S + delay);
    now = 41 * S + delay;
    assert_true(start_now(n, now));
    end_now(n, NETWORK_WENT_WELL, now, now + S);
    assert_true(next_start(n, now + S) == now + 10 * S);
    networks_free(n, NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_believed),
        cmocka_unit_test(those_in_flight_may_go_well),
        cmocka_unit_test(a_burst_is_judged_by_its_retries),
        cmocka_unit_test(a_suspected_network_leaves_nothing),
        cmocka_unit_test(those_of_a_suspected_network_are_not_counted_later),
        cmocka_unit_test(blocks_are_doubled),
        cmocka_unit_test(those_under_way_raise_nothing),
        cmocka_unit_test(those_under_way_are_not_counted),
        cmocka_unit_test(retries_wait_behind),
        cmocka_unit_test(the_pace_after_a_block),
        cmocka_unit_test(the_pace_is_relaxed),
        cmocka_unit_test(throttled_after_many),
        cmocka_unit_test(networks_are_forgotten),
        cmocka_unit_test(suspected_networks_make_room),
        cmocka_unit_test(limits_hold_beside_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
