/*
 * networks, over random demand: a world of hosts, prefixes and ASes with a clock that the test
 * moves, from one thread beside a model of what may be, and from four threads. Whatever is asked:
 * the starts of a network are apart, its sessions few enough, each visit ends once, memory stays
 * bounded.
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
#define LENGTH(a) (sizeof(a) / sizeof(a)[0])

enum {
    NUM_HOSTS = 64, /* half of them IPv6 */
    NUM_PREFIXES = 16,
    NUM_AS = 4, /* the first is unknown */
    VISITS = 3000,
    THREADS = 4,
    RUNNING_MAX = 64
};

static uint64_t next_random(uint64_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x;
}

/* ---- who is where: a few hosts have most of the visits ---- */

static unsigned host_of(uint64_t ref)
{
    uint64_t x = ref * 0x9e3779b97f4a7c15U + 1;
    unsigned host = (unsigned)(next_random(&x) >> 20) % NUM_HOSTS;
    return next_random(&x) % 2 == 0 ? host : host % 7;
}

static unsigned id_of(enum network_level level, unsigned host)
{
    switch (level) {
    case NETWORK_HOST: return host;
    case NETWORK_PREFIX: return host % NUM_PREFIXES;
    case NETWORK_AS: return host % NUM_AS;
    case NUM_NETWORK_LEVELS: break;
    }
    return 0;
}

static uint32_t asn_of(unsigned host)
{
    return id_of(NETWORK_AS, host) == 0 ? 0 : 64496 + id_of(NETWORK_AS, host);
}

/* prefixes of 28 bits in 203.0.113.0/24, of 48 bits in 2001:db8::/32 */
static struct addr addr_of(unsigned host)
{
    uint64_t prefix = id_of(NETWORK_PREFIX, host);
    if (prefix % 2 == 0)
        return addr_v4(0xcb007100U | (uint32_t)(prefix << 4 | host / NUM_PREFIXES));
    return (struct addr){0x20010db800000000U | prefix << 16, host};
}

/* ---- the model ---- */

struct told {
    uint64_t last_ns;
    uint32_t in_flight;
    bool any;
    uint32_t last_arrival;
};

enum state { FRESH, RUNNING, PARKED, DONE };

struct session {
    struct visit visit;
    uint64_t start_ns;
};

struct world {
    struct networks_config config;
    struct networks *networks;
    uint64_t now_ns, random;
    unsigned throttled_percent, unused_percent;
    struct told told[NUM_NETWORK_LEVELS][NUM_HOSTS];
    enum state state[VISITS];
    uint64_t not_before_ns[VISITS];
    uint32_t arrival[VISITS], num_arrivals; /* in the order in which they first asked, from 1 */
    bool is_fifo;                           /* one level alone is limited, and nobody throttles */
    struct session running[RUNNING_MAX];
    size_t num_running;
    uint64_t next_fresh;
    unsigned num_done, num_full;
};

static bool applies(const struct world *w, enum network_level level, unsigned host)
{
    return level_is_limited(w->networks, level) && (level != NETWORK_AS || asn_of(host) != 0);
}

/* how long a target waits after an attempt */
static uint64_t delay_after(const struct networks_config *config, const struct visit *v)
{
    return config->retry_delay_ns << (visit_num_attempts(v) - 1);
}

/* a grant: is it within all limits, and in its turn? */
static void check_start(struct world *w, uint64_t ref)
{
    unsigned host = host_of(ref);
    assert_true(w->now_ns + 16 * MS >= w->not_before_ns[ref]);
    for (unsigned level = 0; level < NUM_NETWORK_LEVELS; level++) {
        if (!applies(w, level, host))
            continue;
        struct told *t = &w->told[level][id_of(level, host)];
        const struct network_limit *limit = &w->config.limit[level];
        assert_true(!t->any || w->now_ns - t->last_ns >= limit->step_ns);
        assert_true(++t->in_flight <= limit->max_in_flight || limit->max_in_flight == 0);
        assert_true(!w->is_fifo || w->arrival[ref] > t->last_arrival);
        t->last_arrival = w->arrival[ref];
        t->last_ns = w->now_ns;
        t->any = true;
    }
}

static void check_bounds(const struct world *w)
{
    struct networks_figures figures;
    networks_figures(w->networks, &figures);
    assert_true(figures.num_entries <= w->config.max_entries);
    assert_true(figures.num_parked <= w->config.max_parked);
}

/* what is counted in flight is what the model counts: refusals leave nothing behind */
static void check_in_flight(struct world *w)
{
    for (unsigned level = 0; level < NUM_NETWORK_LEVELS; level++)
        for (unsigned host = 0; host < NUM_HOSTS; host++) {
            if (!applies(w, level, host))
                continue;
            struct addr key = level == NETWORK_AS ? (struct addr){0, asn_of(host)} : addr_of(host);
            if (level == NETWORK_PREFIX)
                key = addr_network(key, w->config.prefix_len4, w->config.prefix_len6);
            struct place place = place_of(w->networks, level, key);
            uint32_t counted = place_find(&place) ? place_network(&place)->in_flight : 0;
            assert_int_equal(counted, w->told[level][id_of(level, host)].in_flight);
        }
}

/* ---- what happens ---- */

/* false: no room */
static bool start(struct world *w, const struct visit *v, bool again)
{
    uint64_t wait_ns = 0;
    unsigned host = host_of(v->ref);
    assert_int_equal(w->state[v->ref], again ? PARKED : FRESH);
    if (!again && w->arrival[v->ref] == 0)
        w->arrival[v->ref] = w->num_arrivals + 1;
    switch (
        networks_start(w->networks, &wait_ns, v, again, addr_of(host), asn_of(host), w->now_ns)) {
    case NETWORK_OK:
        check_start(w, v->ref);
        w->state[v->ref] = RUNNING;
        w->running[w->num_running++] = (struct session){*v, w->now_ns};
        break;
    case NETWORK_PARKED: w->state[v->ref] = PARKED; break;
    case NETWORK_FULL:
        assert_true(wait_ns == NETWORKS_WAIT_NS);
        assert_false(again && w->is_fifo); /* its own place has just become free */
        w->state[v->ref] = FRESH;
        w->num_full++;
        return false;
    }
    w->num_arrivals += !again;
    return true;
}

static void end(struct world *w, size_t i)
{
    struct session s = w->running[i];
    unsigned host = host_of(s.visit.ref), chance = (unsigned)(next_random(&w->random) % 100);
    enum network_end throttled =
        visit_num_attempts(&s.visit) > 0 ? NETWORK_THROTTLED_AGAIN : NETWORK_THROTTLED;
    enum network_end how = chance < w->throttled_percent                       ? throttled
                           : chance < w->throttled_percent + w->unused_percent ? NETWORK_UNUSED
                                                                               : NETWORK_WENT_WELL;
    w->running[i] = w->running[--w->num_running];
    networks_end(w->networks, addr_of(host), asn_of(host), how, s.start_ns, w->now_ns);
    for (unsigned level = 0; level < NUM_NETWORK_LEVELS; level++)
        if (applies(w, level, host))
            w->told[level][id_of(level, host)].in_flight--;
    bool retried = how == throttled &&
                   visit_add_attempt(&s.visit, STAGE_GREETING, CAUSE_THROTTLED, 421, s.start_ns) &&
                   networks_park(w->networks, &s.visit, w->now_ns);
    if (retried)
        w->not_before_ns[s.visit.ref] = s.start_ns + delay_after(&w->config, &s.visit);
    w->state[s.visit.ref] = retried ? PARKED : DONE;
    w->num_done += !retried;
}

/* takes what may be taken, as far as there is room to run it; tells when to look again */
static uint64_t take_all(struct world *w)
{
    struct visit v;
    uint64_t due_ns = NEVER;
    while (w->num_running < RUNNING_MAX && networks_take(w->networks, &v, &due_ns, w->now_ns)) {
        assert_true(v.ref < VISITS);
        while (!start(w, &v, true)) { /* no room for its networks: some must end, or time pass */
            w->state[v.ref] = PARKED;
            if (w->num_running > 0)
                end(w, next_random(&w->random) % w->num_running);
            w->now_ns += NETWORKS_WAIT_NS;
        }
    }
    return due_ns;
}

static void start_fresh(struct world *w)
{
    if (w->next_fresh == VISITS || w->num_running == RUNNING_MAX)
        return;
    struct visit v = {.ref = w->next_fresh};
    w->next_fresh += start(w, &v, false);
}

/* clocks move by all scales */
static void let_time_pass(struct world *w)
{
    uint64_t bits = next_random(&w->random) % 31;
    w->now_ns += next_random(&w->random) & ((UINT64_C(1) << bits) - 1);
}

static void do_something(struct world *w)
{
    switch (next_random(&w->random) % 8) {
    case 0:
    case 1:
    case 2: start_fresh(w); break;
    case 3: take_all(w); break;
    case 4:
    case 5:
        if (w->num_running > 0)
            end(w, next_random(&w->random) % w->num_running);
        break;
    default: let_time_pass(w);
    }
}

/* no more chance: until all is done, sessions end and the clock moves to when something is due */
static void finish(struct world *w)
{
    for (int i = 0; w->num_done < VISITS; i++) {
        assert_true(i < 100 * VISITS);
        uint64_t due_ns = take_all(w);
        start_fresh(w);
        if (w->num_running > 0)
            end(w, next_random(&w->random) % w->num_running);
        else if (due_ns != NEVER && due_ns > w->now_ns)
            w->now_ns = due_ns;
        else
            w->now_ns += NETWORKS_WAIT_NS;
    }
}

static void run(struct world *w, const struct networks_config *config, uint64_t seed)
{
    static const uint64_t key[2] = {3, 4};
    w->config = *config;
    w->random = seed * 0x9e3779b97f4a7c15U + 1;
    w->now_ns = next_random(&w->random) % 2 * 1000 * S;
    assert_int_equal(networks_new_keyed(&w->networks, config, key), 0);
    for (int i = 0; i < 20000; i++) {
        do_something(w);
        check_bounds(w);
        if (i % 100 == 0)
            check_in_flight(w);
    }
    finish(w);
    check_in_flight(w);
    for (size_t i = 0; i < VISITS; i++)
        assert_int_equal(w->state[i], DONE);
    assert_int_equal(networks_num_parked(w->networks), 0);
    networks_free(w->networks, NULL, NULL);
}

static const struct {
    struct network_limit limit[NUM_NETWORK_LEVELS];
    uint32_t max_entries, max_parked;
    unsigned throttled_percent, unused_percent;
    bool is_fifo, may_be_full;
} worlds[] = {
    {{{0, 1}, {0, 0}, {0, 0}}, 1024, 2 * VISITS, 0, 0, true, false}, /* one level alone */
    {{{S, 0}, {0, 0}, {0, 0}}, 1024, 2 * VISITS, 0, 5, true, false},
    {{{0, 0}, {0, 3}, {0, 0}}, 1024, 2 * VISITS, 0, 0, true, false},
    {{{0, 0}, {30 * MS, 2}, {0, 0}}, 1024, 2 * VISITS, 0, 5, true, false},
    {{{0, 0}, {0, 0}, {MS, 0}}, 1024, 2 * VISITS, 0, 0, true, false},
    {{{0, 0}, {0, 0}, {5 * MS, 7}}, 1024, 2 * VISITS, 0, 0, true, false},
    {{{0, 1}, {10 * MS, 4}, {MS, 0}}, 1024, 2 * VISITS, 0, 5, false, false}, /* all together */
    {{{300 * MS, 1}, {50 * MS, 2}, {20 * MS, 9}}, 1024, 2 * VISITS, 0, 5, false, false},
    {{{0, 1}, {0, 2}, {0, 5}}, 1024, 2 * VISITS, 0, 0, false, false},
    {{{0, 1}, {10 * MS, 4}, {MS, 0}}, 1024, 2 * VISITS, 10, 5, false, false}, /* with throttling */
    {{{0, 0}, {0, 0}, {0, 0}}, 1024, 2 * VISITS, 3, 0, false, false},
    {{{0, 1}, {0, 0}, {MS, 9}}, 1024, 2 * VISITS, 30, 0, false, false},
    {{{0, 1}, {10 * MS, 4}, {MS, 0}}, 64, 2 * VISITS, 0, 5, false, true}, /* with little memory */
    {{{S, 1}, {50 * MS, 4}, {MS, 0}}, 64, 5, 0, 5, false, true},
    {{{0, 1}, {0, 0}, {0, 0}}, 64, 1, 0, 0, false, true},
    {{{S, 1}, {10 * MS, 4}, {MS, 20}}, 64, 20, 10, 5, false, true},
};

static void all_worlds(void **state)
{
    (void)state;
    struct world *w = malloc(sizeof *w);
    assert_non_null(w);
    for (size_t i = 0; i < LENGTH(worlds); i++)
        for (uint64_t seed = 1; seed <= 5; seed++) {
            struct networks_config config = {.prefix_len4 = 28,
                                             .prefix_len6 = 48,
                                             .retry_delay_ns = S,
                                             .max_entries = worlds[i].max_entries,
                                             .max_parked = worlds[i].max_parked};
            for (size_t k = 0; k < NUM_NETWORK_LEVELS; k++)
                config.limit[k] = worlds[i].limit[k];
            *w = (struct world){.throttled_percent = worlds[i].throttled_percent,
                                .unused_percent = worlds[i].unused_percent,
                                .is_fifo = worlds[i].is_fifo};
            run(w, &config, seed);
            assert_int_equal(w->num_full > 0, worlds[i].may_be_full);
        }
    free(w);
}

/* ---- no time is lost: all ask at once, sessions take none, and the busiest network is never left
 * alone ---- */

static uint64_t busiest_ns(const struct world *w)
{
    uint64_t most_ns = 0;
    for (unsigned level = 0; level < NUM_NETWORK_LEVELS; level++) {
        uint64_t total_ns[NUM_HOSTS] = {0};
        for (uint64_t ref = 0; ref < VISITS; ref++) {
            unsigned host = host_of(ref);
            uint64_t *at = &total_ns[id_of(level, host)];
            if (applies(w, level, host))
                *at += w->config.limit[level].step_ns;
            most_ns = *at > most_ns ? *at : most_ns;
        }
    }
    return most_ns;
}

static void no_time_is_lost(void **state)
{
    (void)state;
    static const uint64_t steps[][NUM_NETWORK_LEVELS] = {
        {S, 0, 0},
        {0, S, 0},
        {0, 0, S},
        {200 * MS, 100 * MS, 0},
        {0, 100 * MS, 40 * MS},
        {0, 100 * MS, 10 * MS},
        {300 * MS, 0, 40 * MS},
        {200 * MS, 100 * MS, 40 * MS},
        {50 * MS, 51 * MS, 49 * MS},
    };
    struct world *w = malloc(sizeof *w);
    assert_non_null(w);
    for (size_t i = 0; i < LENGTH(steps); i++) {
        *w = (struct world){.config = {.prefix_len4 = 28,
                                       .prefix_len6 = 48,
                                       .retry_delay_ns = S,
                                       .max_entries = 1024,
                                       .max_parked = 2 * VISITS},
                            .random = 1};
        for (unsigned level = 0; level < NUM_NETWORK_LEVELS; level++)
            w->config.limit[level].step_ns = steps[i][level];
        assert_int_equal(networks_new(&w->networks, &w->config), 0);
        while (w->next_fresh < VISITS) {
            start_fresh(w);
            if (w->num_running > 0)
                end(w, 0);
        }
        finish(w);
        if (w->now_ns > busiest_ns(w) / 5 * 6)
            fail_msg("case %zu: %.2f times as long as the busiest network takes", i,
                     (double)w->now_ns / (double)busiest_ns(w));
        networks_free(w->networks, NULL, NULL);
    }
    free(w);
}

/* ---- four threads: they share the clock, and each has visits of its own to begin with ---- */

struct crowd {
    struct networks *networks;
    struct networks_config config;
    _Atomic uint64_t clock_ns;
    _Atomic uint32_t in_flight[NUM_NETWORK_LEVELS][NUM_HOSTS];
    _Atomic uint32_t num_done, ended[VISITS];
    _Atomic bool failed;
};

struct member {
    struct crowd *crowd;
    uint64_t random, next_fresh, end_fresh;
    struct session running[RUNNING_MAX];
    size_t num_running, num_starts;
    struct session starts[4 * VISITS]; /* retries included */
};

static void count(struct crowd *c, unsigned host, int by)
{
    for (unsigned level = 0; level < NUM_NETWORK_LEVELS; level++) {
        uint32_t limit = c->config.limit[level].max_in_flight;
        uint32_t before = atomic_fetch_add(&c->in_flight[level][id_of(level, host)], (uint32_t)by);
        if (by > 0 && limit != 0 && before >= limit && (level != NETWORK_AS || asn_of(host) != 0))
            atomic_store(&c->failed, true);
    }
}

static bool member_start(struct member *m, const struct visit *v, bool again)
{
    struct crowd *c = m->crowd;
    unsigned host = host_of(v->ref);
    uint64_t wait_ns, now_ns = atomic_load(&c->clock_ns);
    enum network_grant grant =
        networks_start(c->networks, &wait_ns, v, again, addr_of(host), asn_of(host), now_ns);
    if (grant != NETWORK_OK)
        return grant == NETWORK_PARKED;
    count(c, host, 1);
    if (visit_num_attempts(v) > 0 &&
        now_ns + 16 * MS < v->attempt_start_ns + delay_after(&c->config, v))
        atomic_store(&c->failed, true);
    m->starts[m->num_starts++] = m->running[m->num_running++] = (struct session){*v, now_ns};
    return true;
}

static void member_end(struct member *m)
{
    struct crowd *c = m->crowd;
    struct session s = m->running[--m->num_running];
    unsigned host = host_of(s.visit.ref);
    bool throttled = next_random(&m->random) % 10 == 0, again = visit_num_attempts(&s.visit) > 0;
    uint64_t now_ns = atomic_load(&c->clock_ns);
    count(c, host, -1);
    networks_end(c->networks, addr_of(host), asn_of(host),
                 !throttled ? NETWORK_WENT_WELL
                 : again    ? NETWORK_THROTTLED_AGAIN
                            : NETWORK_THROTTLED,
                 s.start_ns, now_ns);
    if (throttled &&
        visit_add_attempt(&s.visit, STAGE_GREETING, CAUSE_THROTTLED, 421, s.start_ns) &&
        networks_park(c->networks, &s.visit, now_ns))
        return;
    atomic_fetch_add(&c->ended[s.visit.ref], 1);
    atomic_fetch_add(&c->num_done, 1);
}

static void *hammer(void *arg)
{
    struct member *m = arg;
    struct crowd *c = m->crowd;
    struct visit v, held = {0};
    bool holds = false;
    uint64_t due_ns;
    for (long i = 0; i < 20000000 && atomic_load(&c->num_done) < VISITS; i++) {
        atomic_fetch_add(&c->clock_ns, next_random(&m->random) % MS);
        if (m->num_running == RUNNING_MAX ||
            (m->num_running > 0 && next_random(&m->random) % 3 == 0))
            member_end(m);
        else if (holds)
            holds = !member_start(m, &held, true);
        else if (networks_take(c->networks, &v, &due_ns, atomic_load(&c->clock_ns))) {
            holds = !member_start(m, &v, true);
            held = v;
        } else if (m->next_fresh < m->end_fresh)
            m->next_fresh += member_start(m, &(struct visit){.ref = m->next_fresh}, false);
    }
    return NULL;
}

static int by_time(const void *a, const void *b)
{
    uint64_t x = ((const struct session *)a)->start_ns, y = ((const struct session *)b)->start_ns;
    return (x > y) - (x < y);
}

/* starts is sorted */
static void check_rates(const struct crowd *c, const struct session *starts, size_t num)
{
    static struct told told[NUM_NETWORK_LEVELS][NUM_HOSTS];
    for (size_t i = 0; i < num; i++) {
        unsigned host = host_of(starts[i].visit.ref);
        for (unsigned level = 0; level < NUM_NETWORK_LEVELS; level++) {
            struct told *t = &told[level][id_of(level, host)];
            if (level == NETWORK_AS && asn_of(host) == 0)
                continue;
            assert_true(!t->any ||
                        starts[i].start_ns - t->last_ns >= c->config.limit[level].step_ns);
            *t = (struct told){.any = true, .last_ns = starts[i].start_ns};
        }
    }
}

static void many_threads(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    struct member *members = calloc(THREADS, sizeof *members);
    struct session *starts = calloc(THREADS * 4 * VISITS, sizeof *starts);
    struct crowd *c = calloc(1, sizeof *c);
    size_t num = 0;
    assert_true(members != NULL && starts != NULL && c != NULL);
    c->config = (struct networks_config){.limit = {{0, 1}, {2 * MS, 4}, {MS, 0}},
                                         .prefix_len4 = 28,
                                         .prefix_len6 = 48,
                                         .retry_delay_ns = 100 * MS,
                                         .max_entries = 256,
                                         .max_parked = 500};
    assert_int_equal(networks_new(&c->networks, &c->config), 0);
    atomic_init(&c->clock_ns, S);
    for (unsigned i = 0; i < THREADS; i++) {
        members[i] = (struct member){.crowd = c,
                                     .random = 77 + i,
                                     .next_fresh = i * VISITS / THREADS,
                                     .end_fresh = (i + 1) * VISITS / THREADS};
        assert_int_equal(pthread_create(&threads[i], NULL, hammer, &members[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        for (size_t k = 0; k < members[i].num_starts; k++)
            starts[num++] = members[i].starts[k];
    }
    assert_int_equal(atomic_load(&c->num_done), VISITS);
    assert_false(atomic_load(&c->failed));
    assert_int_equal(networks_num_parked(c->networks), 0);
    for (size_t i = 0; i < VISITS; i++)
        assert_int_equal(atomic_load(&c->ended[i]), 1);
    qsort(starts, num, sizeof *starts, by_time);
    check_rates(c, starts, num);
    networks_free(c->networks, NULL, NULL);
    free(c);
    free(starts);
    free(members);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_worlds),
        cmocka_unit_test(no_time_is_lost),
        cmocka_unit_test(many_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
