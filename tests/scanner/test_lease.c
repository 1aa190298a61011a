/* lease: every open position of the shard exactly once, whoever asks, whatever was done before; or the
 * first so many of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "scanner/lease.h"

#define LENGTH(a) (sizeof(a) / sizeof(a)[0])

enum { SMALL_MAX = 3000, RUNS_MAX = 200, THREADS = 4 };

static uint64_t next_random(uint64_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x;
}

struct space {
    uint64_t n;
    uint32_t shards, shard;
    struct dataset_run done[RUNS_MAX];
    size_t num_done;
};

/* ordinals within the shard */
static uint64_t num_k(const struct space *s)
{
    return s->n > s->shard ? (s->n - s->shard - 1) / s->shards + 1 : 0;
}

static void add_done(struct space *s, uint64_t first_k, uint64_t count)
{
    s->done[s->num_done++] = (struct dataset_run){first_k * s->shards + s->shard, count};
}

/* disjoint runs in order, some of which touch; from none to all of the shard */
static void random_done(struct space *s, uint64_t *x, uint64_t gap_max, uint64_t count_max)
{
    uint64_t at = next_random(x) % gap_max, end = num_k(s);
    s->num_done = 0;
    while (at < end && s->num_done < RUNS_MAX) {
        uint64_t count = 1 + next_random(x) % count_max;
        count = count > end - at ? end - at : count;
        add_done(s, at, count);
        at += count;
        uint64_t gap = next_random(x) % gap_max;
        if (gap >= end - at)
            break;
        at += gap;
    }
}

static void init(struct lease_source *source, const struct space *s)
{
    assert_int_equal(lease_source_init(source, s->n, s->shards, s->shard, s->done, s->num_done), 0);
}

/* ---- small spaces: position by position ---- */

struct taker {
    struct lease_source *source;
    _Atomic unsigned char *visits;
    uint64_t n;
    bool in_order;
};

static void *take_all(void *arg)
{
    struct taker *t = arg;
    struct lease lease;
    uint64_t last = 0;
    bool first = true;
    t->in_order = true;
    while (lease_take(t->source, &lease)) {
        t->in_order &= lease.next < lease.end && lease.end - lease.next <= LEASE_POSITIONS;
        for (; lease.next < lease.end; lease.next++) {
            uint64_t position = lease_position(t->source, lease.next);
            t->in_order &= first || position > last;
            first = false;
            last = position;
            if (position < t->n)
                atomic_fetch_add(&t->visits[position], 1);
            else
                t->in_order = false;
        }
    }
    return NULL;
}

static void check_visits(const struct space *s, const _Atomic unsigned char *visits)
{
    unsigned char expected[SMALL_MAX] = {0};
    for (uint64_t p = s->shard; p < s->n; p += s->shards)
        expected[p] = 1;
    for (size_t i = 0; i < s->num_done; i++)
        for (uint64_t k = 0; k < s->done[i].count; k++)
            expected[s->done[i].first + k * s->shards] = 0;
    for (uint64_t p = 0; p < s->n; p++)
        if (visits[p] != expected[p])
            fail_msg("n %llu shard %u/%u: position %llu visited %u times instead of %u",
                     (unsigned long long)s->n, s->shard, s->shards, (unsigned long long)p,
                     visits[p], expected[p]);
}

static void visit(const struct space *s, size_t num_threads)
{
    static _Atomic unsigned char visits[SMALL_MAX];
    struct lease_source source;
    struct taker takers[THREADS];
    pthread_t threads[THREADS];
    struct lease none;
    init(&source, s);
    memset((void *)visits, 0, sizeof visits);
    for (size_t i = 0; i < num_threads; i++) {
        takers[i] = (struct taker){.source = &source, .visits = visits, .n = s->n};
        assert_int_equal(pthread_create(&threads[i], NULL, take_all, &takers[i]), 0);
    }
    for (size_t i = 0; i < num_threads; i++) {
        pthread_join(threads[i], NULL);
        assert_true(takers[i].in_order);
    }
    assert_false(lease_take(&source, &none)); /* and stays so */
    check_visits(s, visits);
    lease_source_cleanup(&source);
}

static void by_hand(void **state)
{
    (void)state;
    static const struct space cases[] = {
        {.n = 1, .shards = 1},
        {.n = 63, .shards = 1},
        {.n = 64, .shards = 1},
        {.n = 65, .shards = 1},
        {.n = 0, .shards = 1},
        {.n = 10, .shards = 3, .shard = 0},
        {.n = 10, .shards = 3, .shard = 1},
        {.n = 10, .shards = 3, .shard = 2},
        {.n = 2, .shards = 3, .shard = 2}, /* a shard with nothing to do */
        {.n = 3, .shards = 1000000, .shard = 2},
        {.n = 100, .shards = 1, .done = {{0, 100}}, .num_done = 1}, /* all done */
        {.n = 100, .shards = 1, .done = {{0, 1}}, .num_done = 1},
        {.n = 100, .shards = 1, .done = {{99, 1}}, .num_done = 1},
        {.n = 100, .shards = 1, .done = {{0, 50}, {50, 49}}, .num_done = 2}, /* they touch */
        {.n = 100, .shards = 7, .shard = 5, .done = {{5, 1}, {19, 2}, {96, 1}}, .num_done = 3},
    };
    for (size_t i = 0; i < LENGTH(cases); i++)
        for (size_t threads = 1; threads <= THREADS; threads++)
            visit(&cases[i], threads);
}

static void at_random(void **state)
{
    (void)state;
    uint64_t x = 4711;
    for (int i = 0; i < 400; i++) {
        struct space s = {.n = 1 + next_random(&x) % SMALL_MAX};
        s.shards = 1 + (uint32_t)(next_random(&x) % (i % 2 == 0 ? 3 : 50));
        s.shard = (uint32_t)(next_random(&x) % s.shards);
        random_done(&s, &x, 1 + next_random(&x) % 100, 1 + next_random(&x) % 60);
        visit(&s, 1 + (size_t)i % THREADS);
    }
}

/* ---- no more than so many ---- */

/* takes all that there is with num_threads; returns how many positions that was */
static uint64_t take_with(struct lease_source *source, _Atomic unsigned char *visits, uint64_t n,
                          size_t num_threads)
{
    struct taker takers[THREADS];
    pthread_t threads[THREADS];
    uint64_t num = 0;
    memset((void *)visits, 0, SMALL_MAX);
    for (size_t i = 0; i < num_threads; i++) {
        takers[i] = (struct taker){.source = source, .visits = visits, .n = n};
        assert_int_equal(pthread_create(&threads[i], NULL, take_all, &takers[i]), 0);
    }
    for (size_t i = 0; i < num_threads; i++) {
        pthread_join(threads[i], NULL);
        assert_true(takers[i].in_order);
    }
    for (uint64_t p = 0; p < n; p++) {
        assert_true(visits[p] <= 1);
        num += visits[p];
    }
    return num;
}

/* a cap leases the first ones that are open, and tells as many as there are of what is open */
static void caps(void **state)
{
    (void)state;
    static const struct {
        struct space space;
        uint64_t max, num, last; /* how many are leased; the last position of them */
    } rows[] = {
        {{.n = 1000, .shards = 1}, 1, 1, 0},
        {{.n = 1000, .shards = 1}, 63, 63, 62},
        {{.n = 1000, .shards = 1}, 64, 64, 63},
        {{.n = 1000, .shards = 1}, 65, 65, 64},
        {{.n = 1000, .shards = 1}, 999, 999, 998},
        {{.n = 1000, .shards = 1}, 1000, 1000, 999},
        {{.n = 1000, .shards = 1}, 1001, 1000, 999},
        {{.n = 1000, .shards = 1}, UINT64_MAX, 1000, 999},
        {{.n = 1000, .shards = 1}, 0, 0, 0},
        {{.n = 1000, .shards = 3, .shard = 2}, 10, 10, 29},
        {{.n = 1000, .shards = 3, .shard = 2}, 333, 333, 998},
        {{.n = 100, .shards = 1, .done = {{0, 50}}, .num_done = 1}, 10, 10, 59},
        {{.n = 100, .shards = 1, .done = {{5, 50}}, .num_done = 1}, 10, 10, 59},
        {{.n = 100, .shards = 1, .done = {{0, 100}}, .num_done = 1}, 10, 0, 0},
        {{.n = 100, .shards = 7, .shard = 5, .done = {{5, 1}, {19, 2}}, .num_done = 2}, 2, 2, 33},
    };
    static _Atomic unsigned char visits[SMALL_MAX];
    for (size_t i = 0; i < LENGTH(rows); i++)
        for (size_t threads = 1; threads <= THREADS; threads++) {
            struct lease_source source;
            init(&source, &rows[i].space);
            uint64_t open = source.num_open;
            lease_source_cap(&source, rows[i].max);
            assert_true(source.num_open == open);
            assert_int_equal(lease_source_empty(&source), rows[i].num == 0);
            assert_int_equal(take_with(&source, visits, rows[i].space.n, threads), rows[i].num);
            assert_true(rows[i].num == 0 || visits[rows[i].last] == 1);
            assert_true(lease_source_empty(&source));
            lease_source_cleanup(&source);
        }
}

/* a larger cap after a smaller one leases no more */
static void least_cap(void **state)
{
    (void)state;
    struct lease_source source;
    struct lease lease;
    init(&source, &(struct space){.n = 1000, .shards = 1});
    lease_source_cap(&source, 70);
    lease_source_cap(&source, 500);
    assert_true(lease_take(&source, &lease) && lease.next == 0 && lease.end == LEASE_POSITIONS);
    assert_true(lease_take(&source, &lease) && lease.end == 70);
    assert_false(lease_take(&source, &lease));
    lease_source_cleanup(&source);
}

/* run after run with a cap each, until all is done: each position in one of them */
static void caps_at_random(void **state)
{
    (void)state;
    static _Atomic unsigned char visits[SMALL_MAX];
    uint64_t x = 99;
    for (int i = 0; i < 60; i++) {
        struct space s = {.n = 1 + next_random(&x) % SMALL_MAX};
        s.shards = 1 + (uint32_t)(next_random(&x) % 4);
        s.shard = (uint32_t)(next_random(&x) % s.shards);
        uint64_t all = num_k(&s), sum = 0, max = 1 + next_random(&x) % (all / 4 + 1);
        for (int runs = 0; sum < all; runs++) {
            struct lease_source source;
            assert_true(runs < SMALL_MAX);
            init(&source, &s);
            lease_source_cap(&source, max);
            uint64_t num = take_with(&source, visits, s.n, 1 + (size_t)runs % THREADS);
            assert_int_equal(num, max < all - sum ? max : all - sum);
            lease_source_cleanup(&source);
            sum += num;
            s.num_done = 0; /* the first ones that were open, so one run */
            add_done(&s, 0, sum);
        }
    }
}

/* all shards together are the whole space */
static void shards_are_a_partition(void **state)
{
    (void)state;
    enum { N = 1000, SHARDS = 13 };
    static unsigned char visits[N];
    memset(visits, 0, sizeof visits);
    for (uint32_t shard = 0; shard < SHARDS; shard++) {
        struct lease_source source;
        init(&source, &(struct space){.n = N, .shards = SHARDS, .shard = shard});
        for (uint64_t i = 0; i < source.num_open; i++)
            visits[lease_position(&source, i)]++;
        lease_source_cleanup(&source);
    }
    for (size_t p = 0; p < N; p++)
        assert_int_equal(visits[p], 1);
}

/* ---- large spaces: by random access, against a search without any cleverness ---- */

/* the position of an open ordinal: walks over the done runs */
static uint64_t position_of(const struct space *s, uint64_t ordinal)
{
    uint64_t k = ordinal;
    for (size_t i = 0; i < s->num_done; i++) {
        uint64_t first_k = (s->done[i].first - s->shard) / s->shards;
        if (k < first_k)
            break;
        k += s->done[i].count;
    }
    return k * s->shards + s->shard;
}

static void check_at(const struct lease_source *source, const struct space *s, uint64_t ordinal)
{
    if (ordinal >= source->num_open)
        return;
    uint64_t got = lease_position(source, ordinal), expected = position_of(s, ordinal);
    if (got != expected)
        fail_msg("n %llu shard %u/%u: ordinal %llu is at %llu instead of %llu",
                 (unsigned long long)s->n, s->shard, s->shards, (unsigned long long)ordinal,
                 (unsigned long long)got, (unsigned long long)expected);
    assert_true(got < s->n && got % s->shards == s->shard);
}

static void check_large(const struct space *s, uint64_t *x)
{
    struct lease_source source;
    uint64_t done = 0, open_before = 0, end_k = 0;
    init(&source, s);
    for (size_t i = 0; i < s->num_done; i++) {
        uint64_t first_k = (s->done[i].first - s->shard) / s->shards;
        open_before += first_k - end_k;
        end_k = first_k + s->done[i].count;
        done += s->done[i].count;
        for (uint64_t d = 0; d < 3; d++) /* on both sides of each run */
            if (open_before + d >= 1)
                check_at(&source, s, open_before + d - 1);
    }
    assert_true(source.num_open == num_k(s) - done);
    check_at(&source, s, 0);
    check_at(&source, s, source.num_open - 1);
    for (int i = 0; i < 200; i++)
        check_at(&source, s, next_random(x) % source.num_open);

    struct lease lease;
    assert_true(lease_take(&source, &lease));
    assert_true(lease.next == 0);
    assert_true(lease_take(&source, &lease));
    assert_true(lease.next == LEASE_POSITIONS && lease.end == 2 * LEASE_POSITIONS);
    atomic_store(&source.next, source.num_open - 1); /* near the end */
    assert_true(lease_take(&source, &lease));
    assert_true(lease.next == source.num_open - 1 && lease.end == source.num_open);
    /* beyond, the counter would wrap: after 2^64 starts */
    if (source.num_open < UINT64_MAX - LEASE_POSITIONS)
        assert_false(lease_take(&source, &lease));
    lease_source_cleanup(&source);
}

static void large(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {
        UINT64_C(1) << 32, (UINT64_C(1) << 32) + 1, (UINT64_C(1) << 32) - 1, UINT64_C(3702258432),
        UINT64_C(1) << 40, (UINT64_C(1) << 63) + 5, UINT64_MAX - 1,          UINT64_MAX,
    };
    static const uint32_t shards[] = {1, 2, 3, 256, 1000003, UINT32_MAX};
    uint64_t x = 12345;
    for (size_t i = 0; i < LENGTH(sizes); i++) {
        for (size_t k = 0; k < LENGTH(shards); k++) {
            struct space s = {.n = sizes[i], .shards = shards[k]};
            s.shard = (uint32_t)(next_random(&x) % s.shards);
            if (num_k(&s) < 1000)
                continue;
            check_large(&s, &x);
            random_done(&s, &x, num_k(&s) / 50, num_k(&s) / 300);
            check_large(&s, &x);
            random_done(&s, &x, 100, 100);
            check_large(&s, &x);
            s.shard = s.shards - 1;
            random_done(&s, &x, num_k(&s) / 7, 3);
            check_large(&s, &x);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),
        cmocka_unit_test(at_random),
        cmocka_unit_test(shards_are_a_partition),
        cmocka_unit_test(large),
        cmocka_unit_test(caps),
        cmocka_unit_test(least_cap),
        cmocka_unit_test(caps_at_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
