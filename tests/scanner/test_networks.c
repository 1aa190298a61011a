/*
 * networks: what its header promises, case by case with a clock that the test moves. The same over
 * random demand is in test_networks_model.c, throttling in test_networks_backoff.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "core/outcome.h"
#include "scanner/networks_private.h"

#define MS        UINT64_C(1000000)
#define S         UINT64_C(1000000000)
#define LENGTH(a) (sizeof(a) / sizeof(a)[0])

static const uint64_t test_key[2] = {1, 2};

static struct networks_config config_of(struct network_limit host, struct network_limit prefix,
                                        struct network_limit as)
{
    return (struct networks_config){.limit = {host, prefix, as},
                                    .prefix_len4 = 24,
                                    .prefix_len6 = 48,
                                    .retry_delay_ns = 60 * S,
                                    .max_entries = 1024,
                                    .max_parked = 1024};
}

static const struct network_limit none = {0, 0};

static struct networks *new_of(const struct networks_config *config)
{
    struct networks *n = NULL;
    assert_int_equal(networks_new_keyed(&n, config, test_key), 0);
    return n;
}

static struct networks *new_with(struct network_limit host, struct network_limit prefix,
                                 struct network_limit as)
{
    struct networks_config config = config_of(host, prefix, as);
    return new_of(&config);
}

static struct addr addr(const char *text)
{
    struct addr a;
    assert_true(addr_parse(&a, text, strlen(text)));
    return a;
}

static enum network_grant start(struct networks *n, uint64_t ref, const char *at, uint32_t asn,
                                uint64_t now_ns)
{
    uint64_t wait_ns = 0;
    enum network_grant grant =
        networks_start(n, &wait_ns, &(struct visit){.ref = ref}, false, addr(at), asn, now_ns);
    assert_true(wait_ns == (grant == NETWORK_FULL ? NETWORKS_WAIT_NS : 0));
    return grant;
}

static bool end(struct networks *n, const char *at, uint32_t asn, uint64_t now_ns)
{
    return networks_end(n, addr(at), asn, NETWORK_WENT_WELL, now_ns, now_ns);
}

/* takes one, which must be ref, and starts it */
static enum network_grant take_and_start(struct networks *n, uint64_t ref, const char *at,
                                         uint32_t asn, uint64_t now_ns)
{
    struct visit v;
    uint64_t due_ns, wait_ns;
    assert_true(networks_take(n, &v, &due_ns, now_ns));
    assert_int_equal(v.ref, ref);
    return networks_start(n, &wait_ns, &v, true, addr(at), asn, now_ns);
}

/* asserts that none can be taken before due_ns */
static void none_before(struct networks *n, uint64_t due_ns, uint64_t now_ns)
{
    struct visit v;
    uint64_t told_ns;
    assert_false(networks_take(n, &v, &told_ns, now_ns));
    assert_true(told_ns == due_ns);
    if (due_ns != NEVER && due_ns > now_ns + 1)
        assert_false(networks_take(n, &v, &told_ns, due_ns - 1));
}

static uint64_t num_entries(struct networks *n)
{
    struct networks_figures figures;
    networks_figures(n, &figures);
    return figures.num_entries;
}

/* ---- what is one network ---- */

static void which_share_a_limit(void **state)
{
    (void)state;
    static const struct {
        const char *first, *second;
        uint32_t asn[2];
        unsigned len4, len6;
        bool share[NUM_NETWORK_LEVELS];
    } cases[] = {
        {"192.0.2.1", "192.0.2.1", {7, 7}, 24, 48, {true, true, true}},
        {"192.0.2.1", "::ffff:192.0.2.1", {7, 7}, 24, 48, {true, true, true}},
        {"192.0.2.1", "192.0.2.2", {7, 7}, 24, 48, {false, true, true}},
        {"192.0.2.1", "192.0.2.254", {7, 7}, 25, 48, {false, false, true}},
        {"192.0.2.1", "192.0.2.1", {7, 7}, 32, 48, {true, true, true}},
        {"192.0.2.1", "192.0.2.0", {7, 7}, 32, 48, {false, false, true}},
        {"192.0.2.1", "198.51.100.1", {7, 7}, 24, 48, {false, false, true}},
        {"192.0.2.1", "198.51.100.1", {7, 8}, 24, 48, {false, false, false}},
        {"192.0.2.1", "198.51.100.1", {0, 0}, 24, 48, {false, false, false}},
        {"192.0.2.1", "203.0.113.1", {7, 8}, 0, 48, {false, true, false}},
        {"2001:db8:1::1", "2001:db8:1:ffff::1", {7, 7}, 24, 48, {false, true, true}},
        {"2001:db8:1::1", "2001:db8:2::1", {7, 7}, 24, 48, {false, false, true}},
        {"2001:db8:1::1", "2001:db8:2::1", {7, 7}, 24, 32, {false, true, true}},
        {"2001:db8:1::", "2001:db8:1::1", {7, 7}, 24, 128, {false, false, true}},
        {"2001:db8::7", "192.0.2.7", {7, 7}, 0, 1, {false, false, true}},
    };
    for (size_t i = 0; i < LENGTH(cases); i++)
        for (unsigned level = 0; level < NUM_NETWORK_LEVELS; level++) {
            struct networks_config config = config_of(none, none, none);
            config.prefix_len4 = cases[i].len4;
            config.prefix_len6 = cases[i].len6;
            config.limit[level].max_in_flight = 1;
            struct networks *n = new_of(&config);
            assert_int_equal(start(n, 1, cases[i].first, cases[i].asn[0], S), NETWORK_OK);
            enum network_grant grant = start(n, 2, cases[i].second, cases[i].asn[1], S);
            if ((grant == NETWORK_PARKED) != cases[i].share[level])
                fail_msg("case %zu, level %u", i, level);
            networks_free(n, NULL, NULL);
        }
}

static void without_limits_nothing_is_kept(void **state)
{
    (void)state;
    struct networks *n = new_with(none, none, none);
    for (uint64_t i = 0; i < 1000; i++)
        assert_int_equal(start(n, i, "192.0.2.1", 7, S), NETWORK_OK);
    assert_int_equal(num_entries(n), 0);
    for (uint64_t i = 0; i < 1000; i++)
        assert_false(end(n, "192.0.2.1", 7, S));
    none_before(n, NEVER, S);
    networks_free(n, NULL, NULL);
}

/* ---- limits ---- */

static void in_flight(void **state)
{
    (void)state;
    struct networks *n = new_with(none, (struct network_limit){0, 2}, none);
    assert_int_equal(start(n, 1, "192.0.2.1", 0, S), NETWORK_OK);
    assert_int_equal(start(n, 2, "192.0.2.2", 0, S), NETWORK_OK);
    assert_int_equal(start(n, 3, "192.0.2.3", 0, S), NETWORK_PARKED);
    assert_int_equal(networks_num_parked(n), 1);
    none_before(n, NEVER, S);
    assert_true(end(n, "192.0.2.1", 0, S));
    assert_int_equal(take_and_start(n, 3, "192.0.2.3", 0, S), NETWORK_OK);
    assert_int_equal(networks_num_parked(n), 0);
    assert_false(end(n, "192.0.2.2", 0, S));
    assert_false(end(n, "192.0.2.3", 0, S));
    assert_int_equal(num_entries(n), 0);
    networks_free(n, NULL, NULL);
}

static void rate(void **state)
{
    (void)state;
    struct networks *n = new_with(none, none, (struct network_limit){100 * MS, 0});
    assert_int_equal(start(n, 1, "192.0.2.1", 7, S), NETWORK_OK);
    assert_int_equal(start(n, 2, "198.51.100.1", 7, S), NETWORK_PARKED);
    assert_int_equal(start(n, 3, "198.51.100.1", 8, S), NETWORK_OK);
    none_before(n, S + 100 * MS, S);
    assert_int_equal(take_and_start(n, 2, "198.51.100.1", 7, S + 130 * MS), NETWORK_OK);
    /* no credit for having been late, nor for a pause */
    assert_int_equal(start(n, 4, "192.0.2.4", 7, S + 200 * MS), NETWORK_PARKED);
    none_before(n, S + 230 * MS, S + 200 * MS);
    assert_int_equal(take_and_start(n, 4, "192.0.2.4", 7, 9 * S), NETWORK_OK);
    assert_int_equal(start(n, 5, "192.0.2.4", 7, 9 * S), NETWORK_PARKED);
    none_before(n, 9 * S + 100 * MS, 9 * S);
    networks_free(n, NULL, NULL);
}

static void a_clock_at_zero(void **state)
{
    (void)state;
    struct networks *n = new_with((struct network_limit){S, 0}, none, none);
    assert_int_equal(start(n, 1, "192.0.2.1", 0, 0), NETWORK_OK);
    assert_int_equal(start(n, 2, "192.0.2.1", 0, 0), NETWORK_PARKED);
    none_before(n, S, 0);
    networks_free(n, NULL, NULL);
}

static void an_end_while_the_rate_binds(void **state)
{
    (void)state;
    struct networks *n = new_with(none, (struct network_limit){S, 1}, none);
    assert_int_equal(start(n, 1, "192.0.2.1", 0, S), NETWORK_OK);
    assert_int_equal(start(n, 2, "192.0.2.2", 0, S), NETWORK_PARKED);
    none_before(n, NEVER, S);
    assert_true(end(n, "192.0.2.1", 0, S + MS)); /* later */
    none_before(n, 2 * S, S + MS);
    assert_int_equal(take_and_start(n, 2, "192.0.2.2", 0, 2 * S), NETWORK_OK);
    networks_free(n, NULL, NULL);
}

static void all_levels_or_none(void **state)
{
    (void)state;
    struct networks *n = new_with((struct network_limit){10 * S, 1},
                                  (struct network_limit){5 * S, 1}, (struct network_limit){0, 1});
    assert_int_equal(start(n, 1, "192.0.2.1", 7, S), NETWORK_OK);
    assert_int_equal(start(n, 2, "198.51.100.1", 7, S), NETWORK_PARKED); /* by the AS */
    assert_int_equal(num_entries(n), 3);
    assert_true(end(n, "192.0.2.1", 7, S));
    /* its host and prefix were not charged */
    assert_int_equal(take_and_start(n, 2, "198.51.100.1", 7, S), NETWORK_OK);
    assert_false(end(n, "198.51.100.1", 7, S));
    /* refused by the host, and the AS is not charged */
    assert_int_equal(start(n, 3, "192.0.2.1", 7, 7 * S), NETWORK_PARKED);
    assert_int_equal(start(n, 4, "203.0.113.1", 7, 7 * S), NETWORK_OK);
    networks_free(n, NULL, NULL);
}

/* ---- order ---- */

static void first_in_first_out(void **state)
{
    (void)state;
    struct visit v, w;
    uint64_t due_ns, wait_ns;
    struct networks *n = new_with(none, (struct network_limit){0, 1}, none);
    assert_int_equal(start(n, 0, "192.0.2.1", 0, S), NETWORK_OK);
    for (uint64_t i = 1; i <= 4; i++)
        assert_int_equal(start(n, i, "192.0.2.1", 0, S), NETWORK_PARKED);
    assert_true(end(n, "192.0.2.1", 0, S));
    /* a fresh one waits behind them, though there is room */
    assert_int_equal(start(n, 5, "192.0.2.1", 0, S), NETWORK_PARKED);
    /* of two that were taken at once, the one that comes too late is first again */
    assert_true(networks_take(n, &v, &due_ns, S) && networks_take(n, &w, &due_ns, S));
    assert_int_equal(networks_start(n, &wait_ns, &v, true, addr("192.0.2.1"), 0, S), NETWORK_OK);
    assert_int_equal(networks_start(n, &wait_ns, &w, true, addr("192.0.2.1"), 0, S),
                     NETWORK_PARKED);
    for (uint64_t i = 2; i <= 5; i++) {
        assert_true(end(n, "192.0.2.1", 0, S));
        assert_int_equal(take_and_start(n, i, "192.0.2.1", 0, S), NETWORK_OK);
    }
    none_before(n, NEVER, S);
    networks_free(n, NULL, NULL);
}

static void networks_take_turns(void **state)
{
    (void)state;
    struct networks *n = new_with(none, (struct network_limit){0, 1}, none);
    static const char *const at[] = {"192.0.2.1", "198.51.100.1", "203.0.113.1"};
    for (uint64_t i = 0; i < 12; i++)
        start(n, i, at[i % 3], 0, S);
    for (uint64_t i = 0; i < 3; i++)
        assert_true(end(n, at[i], 0, (2 + i) * S));
    for (uint64_t i = 3; i < 12; i++) { /* the one that has been ready for longest */
        assert_int_equal(take_and_start(n, i, at[i % 3], 0, (2 + i) * S), NETWORK_OK);
        assert_int_equal(end(n, at[i % 3], 0, (2 + i) * S), i + 3 < 12);
    }
    networks_free(n, NULL, NULL);
}

/* one that may be tried keeps its turn, whatever else comes to wait there */
static void a_turn_is_kept(void **state)
{
    (void)state;
    struct networks *n = new_with(none, (struct network_limit){0, 1}, none);
    static const char *const at[] = {"192.0.2.1", "198.51.100.1"};
    for (uint64_t i = 0; i < 4; i++)
        start(n, i, at[i % 2], 0, S);
    assert_true(end(n, at[0], 0, 2 * S));
    assert_true(end(n, at[1], 0, 3 * S));
    assert_int_equal(start(n, 4, at[0], 0, 4 * S), NETWORK_PARKED);
    assert_int_equal(take_and_start(n, 2, at[0], 0, 5 * S), NETWORK_OK);
    assert_int_equal(take_and_start(n, 3, at[1], 0, 5 * S), NETWORK_OK);
    networks_free(n, NULL, NULL);
}

/* one that has been through the queue of its AS, and is tried again, is no longer first there */
static void a_retry_goes_through_the_queues_again(void **state)
{
    (void)state;
    struct networks *n = new_with(none, none, (struct network_limit){S, 0});
    struct visit v = {.ref = 1};
    uint64_t due_ns;
    assert_int_equal(start(n, 0, "192.0.2.1", 7, S), NETWORK_OK);
    assert_int_equal(start(n, 1, "192.0.2.1", 7, S), NETWORK_PARKED);
    assert_true(networks_take(n, &v, &due_ns, 2 * S));
    assert_int_equal(networks_start(n, &due_ns, &v, true, addr("192.0.2.1"), 7, 2 * S), NETWORK_OK);
    networks_end(n, addr("192.0.2.1"), 7, NETWORK_THROTTLED, 2 * S, 2 * S);
    assert_true(visit_add_attempt(&v, STAGE_GREETING, CAUSE_THROTTLED, 421, 2 * S));
    assert_true(networks_park(n, &v, 2 * S));
    assert_int_equal(start(n, 5, "198.51.100.1", 7, 62 * S - 1), NETWORK_OK);
    assert_int_equal(start(n, 6, "198.51.100.1", 7, 62 * S - 1), NETWORK_PARKED);
    assert_int_equal(take_and_start(n, 1, "192.0.2.1", 7, 62 * S), NETWORK_PARKED);
    assert_int_equal(take_and_start(n, 6, "198.51.100.1", 7, 63 * S), NETWORK_OK);
    assert_int_equal(take_and_start(n, 1, "192.0.2.1", 7, 64 * S), NETWORK_OK);
    networks_free(n, NULL, NULL);
}

/* those that wait for their AS, and then for their prefix, keep their order in both */
static void from_queue_to_queue(void **state)
{
    (void)state;
    struct networks *n =
        new_with(none, (struct network_limit){10 * S, 0}, (struct network_limit){S, 0});
    assert_int_equal(start(n, 0, "192.0.2.1", 7, S), NETWORK_OK);
    for (uint64_t i = 1; i <= 3; i++)
        assert_int_equal(start(n, i, "192.0.2.1", 7, S), NETWORK_PARKED); /* AS */
    for (uint64_t i = 1; i <= 3; i++)
        assert_int_equal(take_and_start(n, i, "192.0.2.1", 7, 2 * S), NETWORK_PARKED); /* prefix */
    none_before(n, 11 * S, 2 * S);
    assert_int_equal(start(n, 4, "198.51.100.1", 7, 11 * S - 1), NETWORK_OK);
    assert_int_equal(start(n, 5, "198.51.100.1", 7, 11 * S - 1), NETWORK_PARKED); /* AS */
    /* the first stands for its prefix in the queue of the AS; the others stay where they are */
    assert_int_equal(take_and_start(n, 1, "192.0.2.1", 7, 11 * S), NETWORK_PARKED);
    none_before(n, 12 * S - 1, 11 * S);
    /* it had been there first */
    assert_int_equal(take_and_start(n, 1, "192.0.2.1", 7, 12 * S - 1), NETWORK_OK);
    none_before(n, 13 * S - 1, 12 * S - 1);
    assert_int_equal(take_and_start(n, 5, "198.51.100.1", 7, 13 * S), NETWORK_PARKED);
    assert_int_equal(take_and_start(n, 5, "198.51.100.1", 7, 21 * S), NETWORK_OK);
    assert_int_equal(take_and_start(n, 2, "192.0.2.1", 7, 22 * S), NETWORK_OK);
    networks_free(n, NULL, NULL);
}

/* one that stood for its queue and is never started does not hold that up for long */
static void one_that_stood_for_others_goes(void **state)
{
    (void)state;
    struct visit v;
    uint64_t due_ns;
    struct networks *n =
        new_with((struct network_limit){0, 1}, none, (struct network_limit){5 * S, 0});
    assert_int_equal(start(n, 0, "192.0.2.1", 7, S), NETWORK_OK);
    assert_int_equal(start(n, 1, "192.0.2.1", 7, 6 * S), NETWORK_PARKED); /* host */
    assert_int_equal(start(n, 2, "192.0.2.1", 7, 6 * S), NETWORK_PARKED);
    assert_int_equal(start(n, 3, "192.0.2.2", 7, 6 * S), NETWORK_OK);
    assert_true(end(n, "192.0.2.1", 7, 7 * S));
    assert_int_equal(take_and_start(n, 1, "192.0.2.1", 7, 7 * S), NETWORK_PARKED); /* AS */
    none_before(n, 8 * S, 7 * S);
    assert_true(networks_take(n, &v, &due_ns, 11 * S) && networks_take(n, &v, &due_ns, 11 * S));
    none_before(n, NEVER, 11 * S);
    networks_free(n, NULL, NULL);
}

/* ---- bounds ---- */

/* fresh ones are given half of the room, and their places back */
static void no_room_to_park(void **state)
{
    (void)state;
    for (uint32_t max = 1; max <= 7; max++) {
        struct networks_config config = config_of((struct network_limit){0, 1}, none, none);
        config.max_parked = max;
        struct networks *n = new_of(&config);
        struct visit retry = {.ref = 99};
        uint64_t due_ns, half = (max + 1) / 2, ref;
        assert_true(visit_add_attempt(&retry, STAGE_GREETING, CAUSE_THROTTLED, 421, S));
        assert_int_equal(start(n, 0, "192.0.2.1", 0, S), NETWORK_OK);
        for (ref = 1; ref <= half; ref++)
            assert_int_equal(start(n, ref, "192.0.2.1", 0, S), NETWORK_PARKED);
        assert_int_equal(start(n, ref, "192.0.2.1", 0, S), NETWORK_FULL);
        assert_int_equal(start(n, ref, "192.0.2.2", 0, S), NETWORK_OK);
        for (uint64_t i = half; i < max; i++) /* in a queue or by themselves */
            if (i % 2 == 0)
                assert_true(networks_park(n, &retry, S));
            else
                assert_int_equal(networks_start(n, &due_ns, &retry, false, addr("192.0.2.1"), 0, S),
                                 NETWORK_PARKED);
        assert_false(networks_park(n, &retry, S));
        assert_int_equal(networks_num_parked(n), max);
        assert_true(end(n, "192.0.2.1", 0, S));
        assert_int_equal(take_and_start(n, 1, "192.0.2.1", 0, S), NETWORK_OK);
        assert_int_equal(start(n, ref, "192.0.2.1", 0, S), NETWORK_PARKED);
        assert_int_equal(start(n, ref + 1, "192.0.2.1", 0, S), NETWORK_FULL);
        networks_free(n, NULL, NULL);
    }
}

static void no_room_for_a_network(void **state)
{
    (void)state;
    struct networks_config config = config_of((struct network_limit){S, 1}, none, none);
    config.max_entries = NETWORKS_ENTRIES_MIN;
    struct networks *n = new_of(&config);
    struct addr first = addr("2001:db8::");
    bool running[1000];
    uint64_t wait_ns = 0, num_running = 0;
    for (uint64_t i = 0; i < 1000; i++) {
        running[i] = networks_start(n, &wait_ns, &(struct visit){.ref = i}, false,
                                    addr_add(first, i), 0, S) == NETWORK_OK;
        num_running += running[i];
    }
    /* so many hosts are more than enough to fill each stripe */
    assert_int_equal(num_running, NETWORKS_ENTRIES_MIN);
    assert_int_equal(num_entries(n), NETWORKS_ENTRIES_MIN);
    assert_true(wait_ns == NETWORKS_WAIT_NS);
    for (uint64_t i = 0; i < 1000; i++)
        if (running[i])
            networks_end(n, addr_add(first, i), 0, NETWORK_WENT_WELL, S, S);
    /* they have ended, but not been forgotten: their rate binds */
    assert_int_equal(num_entries(n), NETWORKS_ENTRIES_MIN);
    for (uint64_t i = 0; i < 1000; i++)
        assert_int_not_equal(networks_start(n, &wait_ns, &(struct visit){.ref = i}, false,
                                            addr_add(first, i), 0, 2 * S - 1),
                             NETWORK_OK);
    networks_free(n, NULL, NULL);
}

/* many hosts one after another, of which ten are not idle at a time: few are kept */
static void the_idle_are_forgotten(void **state)
{
    (void)state;
    struct networks *n = new_with((struct network_limit){S, 1}, none, none);
    struct addr first = addr("2001:db8::");
    uint64_t wait_ns, most = 0;
    for (uint64_t i = 0; i < 100000; i++) {
        struct addr host = addr_add(first, i);
        struct visit v = {.ref = i};
        uint64_t now_ns = S + i * 100 * MS;
        assert_int_equal(networks_start(n, &wait_ns, &v, false, host, 0, now_ns), NETWORK_OK);
        networks_end(n, host, 0, NETWORK_WENT_WELL, now_ns, now_ns);
        most = num_entries(n) > most ? num_entries(n) : most;
    }
    assert_in_range(most, 10, 100);
    networks_free(n, NULL, NULL);
}

/* in a full table one that is idle is found at once among many that are not */
static void one_idle_among_many(void **state)
{
    (void)state;
    struct networks *n = new_with((struct network_limit){S, 1}, none, none);
    struct addr first = addr("2001:db8::");
    struct visit v = {.ref = 1};
    bool has_idle[NUM_STRIPES] = {false};
    uint64_t wait_ns;
    for (uint64_t i = 0; i < 3000; i++)
        networks_start(n, &wait_ns, &v, false, addr_add(first, i), 0, S);
    assert_int_equal(num_entries(n), 1024);
    for (uint64_t i = 0; i < 3000; i++) {
        struct place place = place_of(n, NETWORK_HOST, addr_add(first, i));
        bool *has = &has_idle[place.stripe - n->stripes];
        if (!place_find(&place) || *has)
            continue;
        assert_false(networks_end(n, addr_add(first, i), 0, NETWORK_WENT_WELL, S, S));
        *has = true;
    }
    for (uint64_t i = 3000; i < 4000; i++) {
        struct place place = place_of(n, NETWORK_HOST, addr_add(first, i));
        bool *has = &has_idle[place.stripe - n->stripes];
        assert_int_equal(networks_start(n, &wait_ns, &v, false, addr_add(first, i), 0, 2 * S),
                         *has ? NETWORK_OK : NETWORK_FULL);
        *has = false;
    }
    networks_free(n, NULL, NULL);
}

/* a thread whose clock was read before another saw a start be due, and forgot its network */
static void an_old_clock(void **state)
{
    (void)state;
    struct networks *n = new_with((struct network_limit){S, 0}, none, none);
    assert_int_equal(start(n, 1, "192.0.2.1", 0, S), NETWORK_OK);
    assert_false(end(n, "192.0.2.1", 0, 2 * S));
    assert_int_equal(num_entries(n), 0);
    assert_int_equal(start(n, 2, "192.0.2.1", 0, 2 * S - 1), NETWORK_PARKED);
    none_before(n, 2 * S, 2 * S - 1);
    networks_free(n, NULL, NULL);
    /* where there is no rate there is nothing to be early for */
    n = new_with((struct network_limit){0, 2}, none, none);
    assert_int_equal(start(n, 1, "192.0.2.1", 0, 2 * S), NETWORK_OK);
    assert_int_equal(start(n, 2, "192.0.2.1", 0, S), NETWORK_OK);
    networks_free(n, NULL, NULL);
}

/* ---- what is parked is as it was ---- */

static void count_and_mark(void *arg, const struct visit *v)
{
    uint64_t *seen = arg;
    assert_int_equal(*seen >> v->ref & 1, 0);
    *seen |= UINT64_C(1) << v->ref;
}

static void free_drops_what_waits(void **state)
{
    (void)state;
    uint64_t seen = 0;
    struct networks *n = new_with((struct network_limit){S, 0}, (struct network_limit){0, 3}, none);
    start(n, 0, "192.0.2.1", 0, S);
    start(n, 1, "192.0.2.2", 0, S);
    for (uint64_t i = 2; i < 40; i++)
        assert_int_equal(start(n, i, i % 3 != 0 ? "192.0.2.1" : "192.0.2.2", 0, S), NETWORK_PARKED);
    networks_free(n, count_and_mark, &seen);
    assert_true(seen == (UINT64_C(1) << 40) - 4);
    networks_free(NULL, count_and_mark, &seen);
}

static void a_visit_comes_back_whole(void **state)
{
    (void)state;
    struct networks *n = new_with((struct network_limit){S, 0}, none, none);
    struct visit v = {.ref = VISIT_REF_TAG | 12345}, out;
    uint64_t wait_ns, due_ns;
    visit_add_attempt(&v, 2, 12, 421, 100 * S);
    visit_set_gap(&v, 64 * S);
    visit_add_attempt(&v, 4, 12, 450, 164 * S);
    start(n, 1, "192.0.2.1", 0, 200 * S);
    assert_int_equal(networks_start(n, &wait_ns, &v, false, addr("192.0.2.1"), 0, 200 * S),
                     NETWORK_PARKED);
    assert_true(networks_take(n, &out, &due_ns, 201 * S));
    assert_true(out.ref == v.ref && out.attempt_start_ns == v.attempt_start_ns);
    assert_memory_equal(out.attempts, v.attempts, sizeof v.attempts);
    networks_free(n, NULL, NULL);
}

static void keys_are_random(void **state)
{
    (void)state;
    struct networks_config config = config_of(none, none, none);
    struct networks *a = NULL, *b = NULL;
    assert_int_equal(networks_new(&a, &config), 0);
    assert_int_equal(networks_new(&b, &config), 0);
    assert_memory_not_equal(a->key, b->key, sizeof a->key);
    networks_free(a, NULL, NULL);
    networks_free(b, NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(which_share_a_limit),
        cmocka_unit_test(without_limits_nothing_is_kept),
        cmocka_unit_test(in_flight),
        cmocka_unit_test(rate),
        cmocka_unit_test(a_clock_at_zero),
        cmocka_unit_test(an_end_while_the_rate_binds),
        cmocka_unit_test(all_levels_or_none),
        cmocka_unit_test(first_in_first_out),
        cmocka_unit_test(networks_take_turns),
        cmocka_unit_test(a_turn_is_kept),
        cmocka_unit_test(a_retry_goes_through_the_queues_again),
        cmocka_unit_test(from_queue_to_queue),
        cmocka_unit_test(one_that_stood_for_others_goes),
        cmocka_unit_test(no_room_to_park),
        cmocka_unit_test(no_room_for_a_network),
        cmocka_unit_test(the_idle_are_forgotten),
        cmocka_unit_test(one_idle_among_many),
        cmocka_unit_test(an_old_clock),
        cmocka_unit_test(free_drops_what_waits),
        cmocka_unit_test(a_visit_comes_back_whole),
        cmocka_unit_test(keys_are_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
