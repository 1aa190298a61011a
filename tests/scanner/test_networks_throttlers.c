/*
 * networks, back-off, over whole sweeps with a clock that the test moves: a network that admits so
 * many connections a minute, one in which a few hosts always say "later", both together. Every
 * target ends as what it is: those that would answer get through before their retries run out, the
 * others end as throttled and keep nobody else waiting.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "core/outcome.h"
#include "scanner/networks_private.h"

#define MS        UINT64_C(1000000)
#define S         UINT64_C(1000000000)
#define LENGTH(a) (sizeof(a) / sizeof(a)[0])

enum { TARGETS_MAX = 4096, RETRIES = 3 };

static uint64_t next_random(uint64_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x;
}

/* ---- a network that admits `admits` connections in each window, and sessions with it ---- */

struct session {
    uint64_t start_ns, end_ns;
    struct visit visit;
    bool throttled;
};

struct world {
    struct networks *networks;
    uint64_t now_ns, random;
    unsigned admits, num_targets, retries;
    uint64_t window_ns, arrival_ns; /* between two fresh targets */
    unsigned num_stubborn;          /* targets that are always throttled, spread at random */
    bool counts_refused;            /* those that it throttles count as connections too */
    struct network_limit limit;     /* of the prefix */
    bool is_stubborn[TARGETS_MAX];
    uint64_t seen[TARGETS_MAX * (RETRIES + 1)]; /* times of the connections that count */
    size_t num_seen, first_seen;                /* the first that is still in the window */
    struct session running[TARGETS_MAX];
    size_t num_running;
    unsigned next_fresh, num_done, most_tries, num_exhausted;
    unsigned tries[TARGETS_MAX];
    bool exhausted[TARGETS_MAX];
    uint64_t others_ns; /* when the last that is not stubborn was done */
    bool was_blocked;
};

static struct addr addr_of(const struct visit *v)
{
    return addr_v4(0xc6336400U + (uint32_t)(v->ref & 255)); /* 198.51.100.0/24 */
}

static bool admit(struct world *w, const struct visit *v)
{
    if (w->is_stubborn[v->ref])
        return false;
    while (w->first_seen < w->num_seen && w->seen[w->first_seen] + w->window_ns <= w->now_ns)
        w->first_seen++;
    bool admitted = w->num_seen - w->first_seen < w->admits;
    if (admitted || w->counts_refused)
        w->seen[w->num_seen++] = w->now_ns;
    return admitted;
}

static void start(struct world *w, const struct visit *v, bool again)
{
    uint64_t wait_ns;
    enum network_grant grant =
        networks_start(w->networks, &wait_ns, v, again, addr_of(v), 0, w->now_ns);
    assert_true(grant != NETWORK_FULL);
    if (grant == NETWORK_PARKED)
        return;
    struct session *s = &w->running[w->num_running++];
    *s = (struct session){.start_ns = w->now_ns, .visit = *v, .throttled = !admit(w, v)};
    uint64_t round_trip_ns = 20 * MS + next_random(&w->random) % (60 * MS);
    s->end_ns = w->now_ns + round_trip_ns * (s->throttled ? 2 : 6);
}

static void settle(struct world *w, uint64_t ref, bool exhausted)
{
    w->exhausted[ref] = exhausted;
    w->num_exhausted += exhausted;
    w->num_done++;
    if (!w->is_stubborn[ref])
        w->others_ns = w->now_ns;
}

static void end(struct world *w, size_t i)
{
    struct session s = w->running[i];
    struct networks_figures figures;
    bool again = visit_num_attempts(&s.visit) > 0;
    w->running[i] = w->running[--w->num_running];
    networks_end(w->networks, addr_of(&s.visit), 0,
                 !s.throttled ? NETWORK_WENT_WELL
                 : again      ? NETWORK_THROTTLED_AGAIN
                              : NETWORK_THROTTLED,
                 s.start_ns, w->now_ns);
    networks_figures(w->networks, &figures);
    w->was_blocked |= figures.num_backed_off > 0;
    unsigned tries = ++w->tries[s.visit.ref];
    w->most_tries = tries > w->most_tries ? tries : w->most_tries;
    if (!s.throttled || tries > w->retries) {
        settle(w, s.visit.ref, s.throttled);
        return;
    }
    assert_true(visit_add_attempt(&s.visit, STAGE_GREETING, CAUSE_THROTTLED, 421, s.start_ns));
    assert_true(networks_park(w->networks, &s.visit, w->now_ns));
}

/* lets happen what is due now, and moves the clock to what is due next */
static void turn(struct world *w)
{
    struct visit v;
    uint64_t next_ns;
    for (size_t i = w->num_running; i-- > 0;)
        if (w->running[i].end_ns <= w->now_ns)
            end(w, i);
    while (networks_take(w->networks, &v, &next_ns, w->now_ns))
        start(w, &v, true);
    for (; w->next_fresh < w->num_targets && w->next_fresh * w->arrival_ns <= w->now_ns;
         w->next_fresh++)
        start(w, &(struct visit){.ref = w->next_fresh}, false);
    if (w->next_fresh < w->num_targets && w->next_fresh * w->arrival_ns < next_ns)
        next_ns = w->next_fresh * w->arrival_ns;
    for (size_t i = 0; i < w->num_running; i++)
        if (w->running[i].end_ns < next_ns)
            next_ns = w->running[i].end_ns;
    if (next_ns > w->now_ns && w->num_done < w->num_targets)
        w->now_ns = next_ns;
}

static void spread_stubborn(struct world *w)
{
    for (unsigned num = 0; num < w->num_stubborn;) {
        size_t at = (next_random(&w->random) >> 20) % w->num_targets;
        num += !w->is_stubborn[at];
        w->is_stubborn[at] = true;
    }
}

static void sweep(struct world *w, uint64_t retry_delay_ns)
{
    static const uint64_t key[2] = {1, 2};
    struct networks_config config = {.limit[NETWORK_PREFIX] = w->limit,
                                     .prefix_len4 = 24,
                                     .prefix_len6 = 48,
                                     .retry_delay_ns = retry_delay_ns,
                                     .max_entries = 1024,
                                     .max_parked = 2 * TARGETS_MAX};
    assert_int_equal(networks_new_keyed(&w->networks, &config, key), 0);
    w->random = w->random * 0x9e3779b97f4a7c15U + 1;
    spread_stubborn(w);
    for (int turns = 0; w->num_done < w->num_targets; turns++) {
        assert_true(turns < 1000000);
        turn(w);
    }
    assert_int_equal(networks_num_parked(w->networks), 0);
    networks_free(w->networks, NULL, NULL);
}

static bool all_ended_as_they_are(const struct world *w)
{
    for (unsigned i = 0; i < w->num_targets; i++)
        if (w->exhausted[i] != w->is_stubborn[i])
            return false;
    return true;
}

static struct world *new_world(void)
{
    struct world *w = malloc(sizeof *w);
    assert_non_null(w);
    return w;
}

/* ---- so many a minute ---- */

/* None needs more than two of the three retries, and all takes at most 3 times as long as with the
 * best pace, which is not known beforehand: where sessions are short beside the window. */
static void every_target_gets_through(void **state)
{
    (void)state;
    static const unsigned admits[] = {1,  2,  3,  4,  5,  6,  8,  10, 12,  15, 20,
                                      25, 30, 40, 50, 60, 70, 80, 90, 100, 120};
    static const struct {
        uint64_t window_ns, arrival_ns;
        unsigned num_targets, most_times;
        bool counts_refused;
        struct network_limit limit;
    } cases[] = {
        {60 * S, MS, 256, 3, false, {0, 0}},   {60 * S, MS, 256, 3, true, {0, 0}},
        {S, MS, 256, 8, false, {0, 0}},        {S, MS, 256, 8, true, {0, 0}},
        {60 * S, MS, 4096, 3, false, {0, 0}},  {60 * S, 0, 256, 3, false, {0, 0}},
        {60 * S, 0, 256, 3, true, {0, 0}},     {60 * S, 100 * MS, 256, 3, false, {0, 0}},
        {60 * S, S, 256, 3, false, {0, 0}},    {60 * S, MS, 256, 3, false, {0, 64}},
        {60 * S, MS, 256, 3, false, {MS, 10}},
    };
    struct world *w = new_world();
    for (size_t i = 0; i < LENGTH(cases); i++)
        for (size_t k = 0; k < LENGTH(admits); k++) {
            *w = (struct world){.random = 42 + k,
                                .admits = admits[k],
                                .num_targets = cases[i].num_targets,
                                .retries = RETRIES,
                                .window_ns = cases[i].window_ns,
                                .counts_refused = cases[i].counts_refused,
                                .limit = cases[i].limit,
                                .arrival_ns = cases[i].arrival_ns};
            sweep(w, cases[i].window_ns);
            uint64_t ideal_ns = w->window_ns * w->num_targets / w->admits;
            bool is_hard = w->num_targets > 256 || w->arrival_ns == 0;
            unsigned most_tries = is_hard ? RETRIES + 1 : RETRIES;
            if (!all_ended_as_they_are(w) || w->most_tries > most_tries ||
                w->now_ns > ideal_ns * cases[i].most_times)
                fail_msg("case %zu, %u a window: %u exhausted, %u tries, %.2f times as long", i,
                         w->admits, w->num_exhausted, w->most_tries,
                         (double)w->now_ns / (double)ideal_ns);
        }
    free(w);
}

/* ---- a few that always throttle ---- */

/* the sum of the waits of one that always throttles */
static uint64_t waits_ns(unsigned retries, uint64_t delay_ns)
{
    return delay_ns * ((UINT64_C(1) << retries) - 1);
}

/* The network is not blocked for them, at any rate: the others are done as if they were alone, and
 * they end when they have waited as long as they must. */
static void a_few_are_always_throttled(void **state)
{
    (void)state;
    static const uint64_t arrivals_ns[] = {S, 100 * MS, 20 * MS, 10 * MS, 4 * MS, MS, 0};
    struct world *w = new_world();
    for (unsigned retries = 2; retries <= 3; retries++)
        for (size_t k = 0; k < LENGTH(arrivals_ns); k++)
            for (uint64_t seed = 1; seed <= 100; seed++) {
                *w = (struct world){.random = seed,
                                    .admits = UINT32_MAX,
                                    .num_targets = 256,
                                    .num_stubborn = 1U << seed % 5,
                                    .retries = retries,
                                    .window_ns = 60 * S,
                                    .arrival_ns = arrivals_ns[k]};
                sweep(w, 60 * S);
                assert_true(all_ended_as_they_are(w));
                assert_false(w->was_blocked);
                uint64_t last_ns = 255 * w->arrival_ns + 500 * MS;
                assert_true(w->others_ns <= last_ns);
                assert_true(w->now_ns <= last_ns + waits_ns(retries, 60 * S));
            }
    free(w);
}

/* so many that the network is blocked for them, now and then: they end as they are all the same */
static void many_are_always_throttled(void **state)
{
    (void)state;
    struct world *w = new_world();
    unsigned num_blocked = 0;
    for (unsigned num = 32; num <= 256; num *= 2)
        for (uint64_t seed = 1; seed <= 10; seed++) {
            *w = (struct world){.random = seed,
                                .admits = UINT32_MAX,
                                .num_targets = 256,
                                .num_stubborn = num,
                                .retries = RETRIES,
                                .window_ns = 60 * S,
                                .arrival_ns = 100 * MS};
            sweep(w, 60 * S);
            assert_true(all_ended_as_they_are(w));
            num_blocked += w->was_blocked;
        }
    assert_in_range(num_blocked, 30, 39);
    free(w);
}

/* ---- both ---- */

/* It takes long, for each of those that always throttle is believed, but nobody is lost. */
static void a_few_in_one_that_throttles(void **state)
{
    (void)state;
    static const unsigned admits[] = {1, 3, 10, 30, 60, 120, 200};
    static const uint64_t arrivals_ns[] = {S, 100 * MS, MS, 0};
    struct world *w = new_world();
    for (size_t i = 0; i < LENGTH(admits); i++)
        for (size_t k = 0; k < LENGTH(arrivals_ns); k++)
            for (unsigned num = 1; num <= 16; num *= 2) {
                *w = (struct world){.random = num,
                                    .admits = admits[i],
                                    .num_targets = 256,
                                    .num_stubborn = num,
                                    .retries = RETRIES,
                                    .window_ns = 60 * S,
                                    .arrival_ns = arrivals_ns[k]};
                sweep(w, 60 * S);
                if (!all_ended_as_they_are(w))
                    fail_msg("%u a minute, case %zu, %u stubborn: %u exhausted", w->admits, k, num,
                             w->num_exhausted);
            }
    free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_target_gets_through),
        cmocka_unit_test(a_few_are_always_throttled),
        cmocka_unit_test(many_are_always_throttled),
        cmocka_unit_test(a_few_in_one_that_throttles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
