/*
 * limiter: the promise of its header over random demand with a clock that the test moves: for every
 * window of d ns at most 1 + (d + 10 ms) / step starts, never more than max_in_flight; alone, from
 * many threads, and while the rate is changed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "scanner/limiter.h"

#define MS        UINT64_C(1000000)
#define S         UINT64_C(1000000000)
#define LENGTH(a) (sizeof(a) / sizeof(a)[0])

enum { GRANTS_MAX = 20000, THREADS = 4 };

/* from 2 a minute to 50,000 a second */
static const uint64_t steps[] = {30 * S, 2 * S, S, 100 * MS, 10 * MS, MS, MS / 3, 100000, 20000};

static uint64_t next_random(uint64_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x;
}

/* times is sorted. (j - i) * step <= times[j] - times[i] + credit must hold for every i < j: every
 * window that begins and ends with a start, and so every window. With x[k] = k * step - times[k] it
 * says x[j] - min(x[i]) <= credit. */
static void check_windows(const uint64_t *times, size_t num, uint64_t step_ns)
{
    int64_t lowest = 0;
    for (size_t k = 0; k < num; k++) {
        int64_t x = (int64_t)(k * step_ns) - (int64_t)(times[k] - times[0]);
        if (k == 0 || x < lowest)
            lowest = x;
        if (x - lowest > LIMITER_CREDIT_NS)
            fail_msg("step %llu: start %zu is one too many", (unsigned long long)step_ns, k);
    }
}

/* ---- demand: how the clock moves between two askings ---- */

static uint64_t steady(uint64_t *x, uint64_t step)
{
    (void)x;
    return step / 8 + 1;
}

static uint64_t late(uint64_t *x, uint64_t step)
{
    return step / 2 + next_random(x) % (4 * step);
}

static uint64_t in_bursts(uint64_t *x, uint64_t step)
{
    return next_random(x) % 50 == 0 ? 40 * step + 3 * LIMITER_CREDIT_NS : next_random(x) % 50;
}

static uint64_t all_scales(uint64_t *x, uint64_t step)
{
    uint64_t bits = next_random(x) % 40;
    uint64_t jump = next_random(x) & ((UINT64_C(1) << bits) - 1);
    return jump % (100 * step + 1);
}

static uint64_t frozen(uint64_t *x, uint64_t step)
{
    return next_random(x) % 1000 == 0 ? step : 0;
}

typedef uint64_t demand(uint64_t *x, uint64_t step);
static demand *const demands[] = {steady, late, in_bursts, all_scales, frozen};

static void windows(void **state)
{
    (void)state;
    uint64_t *times = malloc(GRANTS_MAX * sizeof *times);
    assert_non_null(times);
    for (size_t s = 0; s < LENGTH(steps); s++) {
        for (size_t d = 0; d < LENGTH(demands); d++) {
            struct limiter l;
            uint64_t x = 1 + s * 31 + d, now = 1000 * S, wait;
            size_t num = 0;
            limiter_init(&l, steps[s], 0, now);
            for (int i = 0; i < 50000 && num < GRANTS_MAX; i++, now += demands[d](&x, steps[s]))
                if (limiter_start(&l, &wait, now) == GRANT_OK)
                    times[num++] = now;
            assert_true(num > 0);
            check_windows(times, num, steps[s]);
        }
    }
    free(times);
}

/* who asks when told gets it, and not a ns before: the whole rate is used, also after a pause */
static void wait_is_exact(void **state)
{
    (void)state;
    for (size_t s = 0; s < LENGTH(steps); s++) {
        struct limiter l;
        uint64_t now = 5 * S, wait, num = 0;
        limiter_init(&l, steps[s], 0, now);
        uint64_t begin = now;
        for (int i = 0; i < 1000; i++) {
            enum grant grant = limiter_start(&l, &wait, now);
            if (grant == GRANT_OK) {
                num++;
                continue;
            }
            assert_int_equal(grant, GRANT_WAIT);
            assert_true(wait > 0 && wait <= steps[s]);
            uint64_t less = 0;
            assert_int_equal(limiter_start(&l, &less, now + wait - 1), GRANT_WAIT);
            assert_true(less == 1);
            now += wait;
        }
        assert_true(num >= (now - begin) / steps[s]);
    }
}

/* a pause is caught up with for 10 ms at most, plus one */
static void credit(void **state)
{
    (void)state;
    for (size_t s = 0; s < LENGTH(steps); s++) {
        struct limiter l;
        uint64_t wait, num = 0;
        limiter_init(&l, steps[s], 0, S);
        while (limiter_start(&l, &wait, 3600 * S) == GRANT_OK)
            num++;
        assert_true(num == 1 + LIMITER_CREDIT_NS / steps[s]);
    }
}

/* the clock may begin at 0 and stand still there */
static void clock_at_zero(void **state)
{
    (void)state;
    struct limiter l;
    uint64_t wait;
    limiter_init(&l, S, 0, 0);
    assert_int_equal(limiter_start(&l, &wait, 0), GRANT_OK);
    assert_int_equal(limiter_start(&l, &wait, 0), GRANT_WAIT);
    assert_true(wait == S);
}

static void in_flight(void **state)
{
    (void)state;
    static const uint64_t limits[] = {1, 2, 7, 1000};
    for (size_t i = 0; i < LENGTH(limits); i++) {
        struct limiter l;
        uint64_t wait, x = 9, running = 0;
        limiter_init(&l, 0, limits[i], 0);
        for (int n = 0; n < 20000; n++) {
            if (next_random(&x) % 3 == 0 && running > 0) {
                limiter_end(&l);
                running--;
                continue;
            }
            enum grant grant = limiter_start(&l, &wait, 0);
            assert_int_equal(grant, running < limits[i] ? GRANT_OK : GRANT_FULL);
            running += grant == GRANT_OK;
        }
    }
}

/* a refusal for one limit takes nothing of the other */
static void refusals_cost_nothing(void **state)
{
    (void)state;
    struct limiter l;
    uint64_t wait;
    limiter_init(&l, S, 1, S);
    assert_int_equal(limiter_start(&l, &wait, S), GRANT_OK);
    for (int i = 0; i < 100; i++)
        assert_int_equal(limiter_start(&l, &wait, 2 * S), GRANT_FULL);
    limiter_end(&l);
    /* FULL has not used up the start of this second */
    assert_int_equal(limiter_start(&l, &wait, 2 * S), GRANT_OK);
    limiter_end(&l);
    for (int i = 0; i < 100; i++)
        assert_int_equal(limiter_start(&l, &wait, 2 * S), GRANT_WAIT);
    /* WAIT has not kept the place in flight */
    assert_int_equal(limiter_start(&l, &wait, 3 * S), GRANT_OK);
}

static void no_limits(void **state)
{
    (void)state;
    struct limiter l;
    uint64_t wait;
    limiter_init(&l, 0, 0, 0);
    for (int i = 0; i < 100000; i++)
        assert_int_equal(limiter_start(&l, &wait, 0), GRANT_OK);
}

/* ---- another rate ---- */

struct change_case {
    uint64_t old_ns, new_ns;
    uint64_t wait_ns; /* of who asks right after a start, and the change */
};

/* a change counts at once: who waits for the old rate's start waits no longer than the new one's */
static void set_step(void **state)
{
    (void)state;
    static const struct change_case rows[] = {
        {S, S, S},
        {S, S / 2, S / 2},
        {3600 * S, MS, MS},
        {UINT64_C(3600000000000000), S, S},
        {INT64_MAX, S, S},
        {S, 2 * S, S}, /* the next one was promised; the one after it comes later */
        {MS, S, MS},
        {S, 1, 1},
        {1, S, 1},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct limiter l;
        uint64_t now = 100 * S, wait = 0;
        limiter_init(&l, rows[i].old_ns, 0, now);
        atomic_store(&l.next_ns, now); /* no credit: a start is due just now */
        assert_int_equal(limiter_start(&l, &wait, now), GRANT_OK);
        atomic_store(&l.next_ns, now + rows[i].old_ns);
        limiter_set_step(&l, rows[i].new_ns, now);
        assert_int_equal(limiter_start(&l, &wait, now), GRANT_WAIT);
        if (wait != rows[i].wait_ns)
            fail_msg("case %zu: waits for %llu ns", i, (unsigned long long)wait);
        now += wait;
        assert_int_equal(limiter_start(&l, &wait, now), GRANT_OK);
        if (rows[i].new_ns <= LIMITER_CREDIT_NS)
            continue; /* credit hides the step */
        assert_int_equal(limiter_start(&l, &wait, now), GRANT_WAIT);
        assert_true(wait == rows[i].new_ns);
    }
}

/* none at all, and a limit again */
static void set_no_step(void **state)
{
    (void)state;
    struct limiter l;
    uint64_t wait = 0;
    limiter_init(&l, S, 0, 100 * S);
    assert_int_equal(limiter_start(&l, &wait, 100 * S), GRANT_OK);
    limiter_set_step(&l, 0, 100 * S);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(limiter_start(&l, &wait, 100 * S), GRANT_OK);
    limiter_set_step(&l, S, 100 * S);
    assert_int_equal(limiter_start(&l, &wait, 100 * S), GRANT_OK);
    assert_int_equal(limiter_start(&l, &wait, 100 * S), GRANT_WAIT);
    assert_true(wait == S);
}

/* whatever the rates, in any window there are no more starts than the fastest of them allows, and
 * between two changes no more than the rate of that time, plus the start that was promised before */
static void windows_of_changes(void **state)
{
    (void)state;
    uint64_t *times = malloc(GRANTS_MAX * sizeof *times);
    assert_non_null(times);
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct limiter l;
        uint64_t x = seed * 31, now = 1000 * S, wait, fastest = S;
        size_t num = 0, begin = 0;
        uint64_t step = S;
        limiter_init(&l, step, 0, now);
        for (int i = 0; i < 40000 && num < GRANTS_MAX; i++) {
            if (next_random(&x) % 2000 == 0) {
                if (num > begin + 1)
                    check_windows(times + begin + 1, num - begin - 1, step);
                begin = num;
                step = steps[2 + next_random(&x) % (LENGTH(steps) - 2)];
                fastest = step < fastest ? step : fastest;
                limiter_set_step(&l, step, now);
            }
            if (limiter_start(&l, &wait, now) == GRANT_OK)
                times[num++] = now;
            else
                now += next_random(&x) % 4 == 0 ? wait : next_random(&x) % (wait + 1);
        }
        assert_true(num > 0);
        check_windows(times, num, fastest);
    }
    free(times);
}

/* the limit of sessions in flight is none of the rate's business */
static void set_step_in_flight(void **state)
{
    (void)state;
    struct limiter l;
    uint64_t wait;
    limiter_init(&l, S, 2, 100 * S);
    assert_int_equal(limiter_start(&l, &wait, 100 * S), GRANT_OK);
    limiter_set_step(&l, 0, 100 * S);
    assert_int_equal(limiter_start(&l, &wait, 100 * S), GRANT_OK);
    assert_int_equal(limiter_start(&l, &wait, 100 * S), GRANT_FULL);
    limiter_end(&l);
    assert_int_equal(limiter_start(&l, &wait, 100 * S), GRANT_OK);
}

/* ---- threads ---- */

struct crowd {
    struct limiter limiter;
    _Atomic uint64_t clock_ns, running, most_running;
    uint64_t end_ns, advance_ns;
    bool keeps; /* holds sessions over several askings */
};

struct member {
    struct crowd *crowd;
    uint64_t seed;
    uint64_t *times;
    size_t num;
};

static void note_start(struct crowd *c)
{
    uint64_t running = atomic_fetch_add(&c->running, 1) + 1;
    uint64_t most = atomic_load(&c->most_running);
    while (running > most && !atomic_compare_exchange_weak(&c->most_running, &most, running))
        ;
}

static void end_one(struct crowd *c)
{
    atomic_fetch_sub(&c->running, 1);
    limiter_end(&c->limiter);
}

static void *hammer(void *arg)
{
    struct member *m = arg;
    struct crowd *c = m->crowd;
    uint64_t x = m->seed, wait, held = 0;
    for (;;) {
        uint64_t now = atomic_fetch_add(&c->clock_ns, next_random(&x) % c->advance_ns);
        if (now >= c->end_ns || m->num == GRANTS_MAX)
            break;
        if (limiter_start(&c->limiter, &wait, now) == GRANT_OK) {
            note_start(c);
            m->times[m->num++] = now;
            held++;
        }
        while (held > 0 && (!c->keeps || next_random(&x) % 3 == 0)) {
            end_one(c);
            held--;
        }
    }
    for (; held > 0; held--)
        end_one(c);
    return NULL;
}

static int by_time(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* runs c with THREADS members; returns how many starts there were */
static size_t run_crowd(struct crowd *c, uint64_t step_ns)
{
    pthread_t threads[THREADS];
    struct member members[THREADS];
    uint64_t *all = malloc(THREADS * GRANTS_MAX * sizeof *all);
    size_t num = 0;
    assert_non_null(all);
    for (size_t i = 0; i < THREADS; i++) {
        members[i] =
            (struct member){.crowd = c, .seed = 77 + i, .times = malloc(GRANTS_MAX * sizeof *all)};
        assert_non_null(members[i].times);
        assert_int_equal(pthread_create(&threads[i], NULL, hammer, &members[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        for (size_t k = 0; k < members[i].num; k++)
            all[num++] = members[i].times[k];
        free(members[i].times);
    }
    qsort(all, num, sizeof *all, by_time);
    if (step_ns != 0)
        check_windows(all, num, step_ns);
    free(all);
    return num;
}

static void many_threads(void **state)
{
    (void)state;
    static const struct {
        uint64_t step_ns, max, end_ns, advance_ns;
        bool keeps;
    } cases[] = {
        {20000, 0, 100 * MS, 2000, false}, /* the rate alone */
        {MS, 0, 20 * S, 400000, false},    {30 * S, 0, 3600 * S, 100 * MS, false},
        {0, 1, 100 * MS, 5000, false},                                       /* in flight alone */
        {0, 3, 100 * MS, 5000, true},      {20000, 2, 100 * MS, 2000, true}, /* both */
        {MS, 5, 5 * S, 100000, true},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct crowd c = {.end_ns = S + cases[i].end_ns,
                          .advance_ns = cases[i].advance_ns,
                          .keeps = cases[i].keeps};
        atomic_init(&c.clock_ns, S);
        limiter_init(&c.limiter, cases[i].step_ns, cases[i].max, S);
        size_t num = run_crowd(&c, cases[i].step_ns);
        assert_true(num > 0);
        if (cases[i].step_ns != 0)
            assert_true(num <= 1 + (cases[i].end_ns + LIMITER_CREDIT_NS) / cases[i].step_ns);
        if (cases[i].max != 0)
            assert_true(atomic_load(&c.most_running) <= cases[i].max);
        assert_true(atomic_load(&c.limiter.in_flight) == 0);
    }
}

/* the rate goes up and down while all ask: the fastest of them is never exceeded */
static void changed_under_way(void **state)
{
    (void)state;
    enum { FASTEST = 50000 };
    struct crowd c = {.end_ns = S + 2 * S, .advance_ns = 20000};
    pthread_t threads[THREADS];
    struct member members[THREADS];
    uint64_t *all = malloc(THREADS * GRANTS_MAX * sizeof *all), x = 3;
    size_t num = 0;
    assert_non_null(all);
    atomic_init(&c.clock_ns, S);
    limiter_init(&c.limiter, FASTEST, 0, S);
    for (size_t i = 0; i < THREADS; i++) {
        members[i] =
            (struct member){.crowd = &c, .seed = 99 + i, .times = malloc(GRANTS_MAX * sizeof *all)};
        assert_non_null(members[i].times);
        assert_int_equal(pthread_create(&threads[i], NULL, hammer, &members[i]), 0);
    }
    for (uint64_t now; (now = atomic_load(&c.clock_ns)) < c.end_ns;)
        limiter_set_step(&c.limiter, FASTEST * (1 + next_random(&x) % 50), now);
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        for (size_t k = 0; k < members[i].num; k++)
            all[num++] = members[i].times[k];
        free(members[i].times);
    }
    assert_true(num > 0 && num <= 1 + (2 * S + LIMITER_CREDIT_NS) / FASTEST);
    assert_true(atomic_load(&c.limiter.in_flight) == 0);
    free(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows),
        cmocka_unit_test(wait_is_exact),
        cmocka_unit_test(credit),
        cmocka_unit_test(clock_at_zero),
        cmocka_unit_test(in_flight),
        cmocka_unit_test(refusals_cost_nothing),
        cmocka_unit_test(no_limits),
        cmocka_unit_test(many_threads),
        cmocka_unit_test(set_step),
        cmocka_unit_test(set_no_step),
        cmocka_unit_test(windows_of_changes),
        cmocka_unit_test(set_step_in_flight),
        cmocka_unit_test(changed_under_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
