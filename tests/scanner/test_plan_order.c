/*
 * plan: which targets are visited, and in which order, as a dry run prints them: each once, over all
 * shards, whatever seed, ranges, lists and names; a sample and a limit are the first of the order.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attempt.h"

#define LENGTH(a) (sizeof(a) / sizeof(a)[0])

static uint64_t next_random(uint64_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x;
}

static int set_up(void **state)
{
    if (attempt_set_up(state) != 0)
        return -1;
    attempt_put_file("some", "127.0.0.4/31 # these two\n127.0.0.7\n");
    attempt_put_file("pool",
                     "127.0.0.1,mx1.example.com,a\n127.0.0.1,mx2.example.com,b\n127.0.0.9\n");
    return 0;
}

/* ---- lists ---- */

static size_t count_of(const char *text, const char *line)
{
    size_t num = 0;
    for (const char *at = text; (at = strstr(at, line)) != NULL; at++)
        num += at == text || at[-1] == '\n';
    return num;
}

static size_t count_lines(const char *text)
{
    size_t num = 0;
    for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++)
        num++;
    return num;
}

static void lists(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        const char *lines[6]; /* each once, and no other */
    } cases[] = {
        {"127.0.0.1", {"127.0.0.1\t25\t\t\n"}},
        {"127.0.0.1 127.0.0.1", {"127.0.0.1\t25\t\t\n"}},
        {"127.0.0.1 -p 25,587", {"127.0.0.1\t25\t\t\n", "127.0.0.1\t587\t\t\n"}},
        {"2001:db8::/127", {"2001:db8::\t25\t\t\n", "2001:db8::1\t25\t\t\n"}},
        {"127.0.0.8-127.0.0.10 -b @some",
         {"127.0.0.8\t25\t\t\n", "127.0.0.9\t25\t\t\n", "127.0.0.10\t25\t\t\n"}},
        {"127.0.0.0/29 -b @some",
         {"127.0.0.0\t25\t\t\n", "127.0.0.1\t25\t\t\n", "127.0.0.2\t25\t\t\n",
          "127.0.0.3\t25\t\t\n", "127.0.0.6\t25\t\t\n"}},
        {"127.0.0.0/24 -w @some",
         {"127.0.0.4\t25\t\t\n", "127.0.0.5\t25\t\t\n", "127.0.0.7\t25\t\t\n"}},
        {"-i @pool",
         {"127.0.0.1\t25\tmx1.example.com\ta\n", "127.0.0.1\t25\tmx2.example.com\tb\n",
          "127.0.0.9\t25\t\t\n"}},
        {"127.0.0.2,mx.example.com,c", {"127.0.0.2\t25\tmx.example.com\tc\n"}},
        /* a host name stands where the address would */
        {"MX.example.com. -p 25,465",
         {"mx.example.com\t25\tmx.example.com\t\n", "mx.example.com\t465\tmx.example.com\t\n"}},
        {"127.0.0.1 mx.example.com",
         {"127.0.0.1\t25\t\t\n", "mx.example.com\t25\tmx.example.com\t\n"}},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        char line[ATTEMPT_COMMAND_MAX];
        size_t num = 0;
        snprintf(line, sizeof line, "--dry-run --include-special %s", cases[i].line);
        char *text = attempt_printed(line);
        for (; num < 6 && cases[i].lines[num] != NULL; num++)
            if (count_of(text, cases[i].lines[num]) != 1)
                fail_msg("%s: not once %s in\n%s", line, cases[i].lines[num], text);
        if (count_lines(text) != num)
            fail_msg("%s: is\n%s", line, text);
        free(text);
    }
}

/* the seed alone decides on the order, which is not that of the addresses */
static void order(void **state)
{
    (void)state;
    static const char line[] = "--dry-run --include-special 127.0.0.0/24 --seed";
    char one[ATTEMPT_COMMAND_MAX], two[ATTEMPT_COMMAND_MAX];
    snprintf(one, sizeof one, "%s 1", line);
    snprintf(two, sizeof two, "%s 2", line);
    char *a = attempt_printed(one), *again = attempt_printed(one), *b = attempt_printed(two);
    assert_string_equal(a, again);
    assert_string_not_equal(a, b);
    assert_memory_not_equal(a, "127.0.0.0\t25\t\t\n127.0.0.1\t25", 28);
    assert_int_equal(strlen(a), strlen(b));
    free(a);
    free(again);
    free(b);
}

/* who names no seed gets another order each time */
static void random_seed(void **state)
{
    (void)state;
    char *a = attempt_printed("--dry-run --include-special 127.0.0.0/24");
    char *b = attempt_printed("--dry-run --include-special 127.0.0.0/24");
    assert_string_not_equal(a, b);
    free(a);
    free(b);
}

/* ---- ranges at random ----
 *
 * A little Internet: 512 IPv4 addresses, 256 IPv6, 8 host names. */
enum { NUM_V4 = 512, NUM_V6 = 256, NUM_NAMES = 8, NUM_ADDRS = NUM_V4 + NUM_V6 };
enum { NUM_HERE = NUM_ADDRS + NUM_NAMES };

static void format_here(char *out, size_t cap, size_t at)
{
    if (at < NUM_V4)
        snprintf(out, cap, "10.9.%zu.%zu", 8 + at / 256, at % 256);
    else if (at < NUM_ADDRS)
        snprintf(out, cap, at == NUM_V4 ? "2001:db8::" : "2001:db8::%zx", at - NUM_V4);
    else
        snprintf(out, cap, "n%zu.example.com", at - NUM_ADDRS);
}

/* an address, a prefix or FIRST-LAST, of either family; marks what is in it */
static void random_piece(char *out, size_t cap, bool is_in[NUM_HERE], uint64_t *x)
{
    char first[48], last[48];
    bool six = next_random(x) % 3 == 0;
    size_t begin = six ? NUM_V4 : 0, size = six ? NUM_V6 : NUM_V4;
    size_t at = next_random(x) % size, count = 1;
    unsigned kind = (unsigned)(next_random(x) % 3), bits = (unsigned)(next_random(x) % 7);
    if (kind == 1) {
        count = (size_t)1 << bits;
        at &= ~(count - 1);
    } else if (kind == 2) {
        count = 1 + next_random(x) % (size - at < 50 ? size - at : 50);
    }
    format_here(first, sizeof first, begin + at);
    format_here(last, sizeof last, begin + at + count - 1);
    if (kind == 0)
        snprintf(out, cap, "%s", first);
    else if (kind == 1)
        snprintf(out, cap, "%s/%u", first, (six ? 128 : 32) - bits);
    else
        snprintf(out, cap, "%s-%s", first, last);
    memset(is_in + begin + at, true, count);
}

/* what a sweep is asked for, and which targets that must be */
struct world {
    bool is_target[NUM_HERE];
    size_t num; /* of targets at one port */
    unsigned num_ports;
    char line[ATTEMPT_COMMAND_MAX];
};

static void append(char *out, size_t cap, const char *before, const char *text)
{
    size_t len = strlen(out);
    assert_true((size_t)snprintf(out + len, cap - len, "%s%s", before, text) < cap - len);
}

/* a file of some pieces; marks what is in them */
static void random_list(const char *name, bool is_in[NUM_HERE], uint64_t *x)
{
    char text[4096] = "# by chance\n", piece[100];
    memset(is_in, false, NUM_HERE);
    for (uint64_t i = 1 + next_random(x) % 8; i > 0; i--) {
        random_piece(piece, sizeof piece, is_in, x);
        append(text, sizeof text, "", piece);
        append(text, sizeof text, "", "\n");
    }
    attempt_put_file(name, text);
}

/* lists say nothing about names, whose addresses nobody knows yet */
static void exclude(struct world *w, const bool is_listed[NUM_HERE], bool is_blocklist)
{
    for (size_t i = 0; i < NUM_ADDRS; i++)
        w->is_target[i] = w->is_target[i] && is_listed[i] != is_blocklist;
}

static void random_world(struct world *w, uint64_t *x)
{
    char piece[100];
    bool is_listed[NUM_HERE];
    *w = (struct world){.num_ports = 1 + next_random(x) % 2};
    snprintf(w->line, sizeof w->line, "--dry-run --include-special -p %s",
             w->num_ports == 1 ? "25" : "25,587");
    for (uint64_t i = 1 + next_random(x) % 20; i > 0; i--) {
        random_piece(piece, sizeof piece, w->is_target, x);
        append(w->line, sizeof w->line, " ", piece);
    }
    for (size_t i = NUM_ADDRS; i < NUM_HERE; i++) {
        if (next_random(x) % 4 != 0)
            continue;
        format_here(piece, sizeof piece, i);
        append(w->line, sizeof w->line, " ", piece);
        w->is_target[i] = true;
    }
    if (next_random(x) % 2 == 0) {
        random_list("block", is_listed, x);
        append(w->line, sizeof w->line, " -b ", "@block");
        exclude(w, is_listed, true);
    }
    if (next_random(x) % 3 == 0) {
        random_list("allow", is_listed, x);
        append(w->line, sizeof w->line, " -w ", "@allow");
        exclude(w, is_listed, false);
    }
    snprintf(piece, sizeof piece, "%llu", (unsigned long long)next_random(x));
    append(w->line, sizeof w->line, " --seed ", piece);
    for (size_t i = 0; i < NUM_HERE; i++)
        w->num += w->is_target[i];
}

/* ---- what is printed ---- */

struct printed {
    char *text;
    const char **lines;
    size_t num;
};

static void print(struct printed *p, const struct world *w, const char *options)
{
    char line[ATTEMPT_COMMAND_MAX];
    snprintf(line, sizeof line, "%s", w->line);
    append(line, sizeof line, " ", options);
    p->text = attempt_printed(line);
    p->lines = malloc((NUM_HERE * 2 + 1) * sizeof p->lines[0]);
    p->num = 0;
    assert_non_null(p->lines);
    char *rest = NULL;
    for (char *at = strtok_r(p->text, "\n", &rest); at != NULL; at = strtok_r(NULL, "\n", &rest)) {
        assert_true(p->num < NUM_HERE * 2);
        p->lines[p->num++] = at;
    }
}

static void drop(struct printed *p)
{
    free(p->text);
    free(p->lines);
}

/* every target of the world at every port, each once */
static void check_world(const struct world *w, const struct printed *p)
{
    static const unsigned ports[] = {25, 587};
    unsigned visits[NUM_HERE][2] = {{0}};
    for (size_t i = 0; i < p->num; i++) {
        char here[48];
        unsigned a, b, port;
        size_t at = NUM_HERE;
        assert_int_equal(sscanf(p->lines[i], "%47[^\t]\t%u\t", here, &port), 2);
        if (sscanf(here, "10.9.%u.%u", &a, &b) == 2)
            at = (a - 8) * 256 + b;
        else if (strcmp(here, "2001:db8::") == 0)
            at = NUM_V4;
        else if (sscanf(here, "2001:db8::%x", &a) == 1)
            at = NUM_V4 + a;
        else if (sscanf(here, "n%u.", &a) == 1)
            at = NUM_ADDRS + a;
        assert_true(at < NUM_HERE && (port == ports[0] || port == ports[1]));
        visits[at][port == ports[1]]++;
    }
    for (size_t i = 0; i < NUM_HERE; i++)
        for (unsigned k = 0; k < 2; k++)
            if (visits[i][k] != (w->is_target[i] && k < w->num_ports ? 1U : 0U))
                fail_msg("%s: number %zu is visited %u times", w->line, i, visits[i][k]);
}

/* a world with targets in it; one without is refused, and says so */
static void next_world(struct world *w, uint64_t *x)
{
    for (random_world(w, x); w->num == 0; random_world(w, x)) {
        struct attempted a;
        attempt(&a, w->line);
        assert_int_equal(a.rc, -EINVAL);
        assert_non_null(strstr(a.err, "no target"));
        attempt_end(&a);
    }
}

static void each_once(void **state)
{
    (void)state;
    uint64_t x = 20260101;
    for (int i = 0; i < 300; i++) {
        struct world w;
        struct printed p;
        next_world(&w, &x);
        print(&p, &w, "");
        check_world(&w, &p);
        drop(&p);
    }
}

/* line k of shard I of N is line k * N + I of the one machine that does it all */
static void shards(void **state)
{
    (void)state;
    uint64_t x = 7;
    for (int i = 0; i < 40; i++) {
        struct world w;
        struct printed all;
        next_world(&w, &x);
        print(&all, &w, "");
        for (size_t num = 1; num <= 7; num++) {
            size_t sum = 0;
            for (size_t shard = 0; shard < num && shard < all.num; shard++) {
                char options[64];
                struct printed p;
                snprintf(options, sizeof options, "--shards %zu --shard %zu", num, shard);
                print(&p, &w, options);
                for (size_t k = 0; k < p.num; k++) {
                    assert_true(k * num + shard < all.num);
                    assert_string_equal(p.lines[k], all.lines[k * num + shard]);
                }
                sum += p.num;
                drop(&p);
            }
            assert_int_equal(sum, all.num);
        }
        drop(&all);
    }
}

/* ---- parts ---- */

static void check_first(const struct world *w, const struct printed *all, const char *options,
                        size_t num)
{
    struct printed p;
    print(&p, w, options);
    if (p.num != num)
        fail_msg("%s %s: %zu of %zu instead of %zu", w->line, options, p.num, all->num, num);
    for (size_t i = 0; i < num; i++)
        assert_string_equal(p.lines[i], all->lines[i]);
    drop(&p);
}

/* a sample in millionths, rounded up; a limit, rounded down: whoever asks for some gets one at
 * least */
static size_t share_of(size_t num, size_t ppm)
{
    return (num * ppm + 999999) / 1000000;
}

static size_t limit_of(size_t num, size_t ppm)
{
    return num * ppm >= 1000000 ? num * ppm / 1000000 : 1;
}

/* a sample is the beginning of the order, for all shards together; a limit that of one shard's */
static void samples_and_limits(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t ppm;
    } shares[] = {{"100%", 1000000}, {"50%", 500000}, {"33.3333%", 333333},
                  {"1%", 10000},     {"0.0001%", 1},  {"99.9999%", 999999}};
    uint64_t x = 77;
    for (int i = 0; i < 40; i++) {
        struct world w;
        struct printed all;
        char options[100];
        next_world(&w, &x);
        print(&all, &w, "");
        for (size_t k = 0; k < LENGTH(shares); k++) {
            size_t num = share_of(all.num, shares[k].ppm);
            snprintf(options, sizeof options, "--sample %s", shares[k].text);
            check_first(&w, &all, options, num);
            snprintf(options, sizeof options, "--max-targets %s", shares[k].text);
            check_first(&w, &all, options, limit_of(all.num, shares[k].ppm));
            snprintf(options, sizeof options, "--sample %s --max-targets 50%%", shares[k].text);
            check_first(&w, &all, options, limit_of(num, 500000));
        }
        for (size_t max = 1; max <= all.num + 1; max += 1 + all.num / 5) {
            snprintf(options, sizeof options, "--max-targets %zu", max);
            check_first(&w, &all, options, max < all.num ? max : all.num);
        }
        drop(&all);
    }
}

/* shards of a sample are those of the whole, cut short; so are shards with a limit, each its own */
static void parts_of_shards(void **state)
{
    (void)state;
    uint64_t x = 4711;
    for (int i = 0; i < 20; i++) {
        struct world w;
        struct printed all;
        next_world(&w, &x);
        print(&all, &w, "");
        size_t num = share_of(all.num, 300000), sum = 0;
        for (size_t shard = 0; shard < 3 && shard < num; shard++) {
            struct printed p;
            char options[100];
            snprintf(options, sizeof options, "--sample 30%% --shards 3 --shard %zu", shard);
            print(&p, &w, options);
            for (size_t k = 0; k < p.num; k++)
                assert_string_equal(p.lines[k], all.lines[k * 3 + shard]);
            sum += p.num;
            size_t of_shard = p.num;
            drop(&p);

            snprintf(options, sizeof options,
                     "--sample 30%% --shards 3 --shard %zu --max-targets 40%%", shard);
            print(&p, &w, options);
            assert_int_equal(p.num, limit_of(of_shard, 400000));
            drop(&p);
        }
        assert_int_equal(sum, num);
        drop(&all);
    }
}

/* a shard for which a sample leaves nothing is told so */
static void empty_shard(void **state)
{
    (void)state;
    static const struct refusal cases[] = {
        {"--dry-run --include-special 127.0.0.0/24 --sample 1% --shards 7 --shard 3", "--shard 3",
         "only 3 targets for 7 shards"},
        {"-o @out --include-special 127.0.0.0/24 --sample 1% --shards 7 --shard 3", "--shard 3",
         "only 3 targets for 7 shards"},
        {"-o @out --include-special 127.0.0.1 --shards 2 --shard 1", "--shard 1",
         "only 1 targets for 2 shards"},
    };
    attempt_refused(cases, LENGTH(cases), true);
}

/* what a sample left out is no part of the sweep: a resumed one is finished without it */
static void sampled_dataset(void **state)
{
    (void)state;
    struct attempted a;
    char err[DATASET_ERR_MAX];
    attempt_good(&a, "-o @sampled --include-special 127.0.0.0/24 --seed 9 --sample 10%");
    assert_int_equal(a.plan.limit, 26);
    assert_int_equal(a.plan.num_positions, 26);
    assert_int_equal(a.plan.space->count, 256);
    for (uint64_t p = 0; p < 25; p++)
        assert_int_equal(dataset_count(a.plan.dataset, p, STAGE_CONNECT, CAUSE_TIMEOUT), 0);
    assert_int_equal(dataset_seal(a.plan.dataset, err), 0);
    attempt_end(&a);

    attempt_good(&a, "--resume @sampled --max-targets 5");
    assert_int_equal(a.plan.limit, 26);
    assert_int_equal(a.plan.sample_ppm, 100000);
    assert_int_equal(a.plan.num_positions, 26);
    assert_int_equal(a.plan.num_done, 25);
    assert_int_equal(a.plan.leases.num_leased, 1);
    assert_int_equal(lease_position(&a.plan.leases, 0), 25);
    assert_int_equal(dataset_count(a.plan.dataset, 25, STAGE_CONNECT, CAUSE_TIMEOUT), 0);
    assert_int_equal(dataset_finish(a.plan.dataset, err, 9, DATASET_COMPLETE), 0);
    a.plan.dataset = NULL;
    attempt_end(&a);

    attempt_good(&a, "--resume @sampled");
    assert_true(a.plan.finished);
    assert_int_equal(a.plan.num_done, 26);
    attempt_end(&a);
    attempt_remove("sampled");
}

/* --max-targets is of this run: what is left is for the next */
static void limited_dataset(void **state)
{
    (void)state;
    struct attempted a;
    char err[DATASET_ERR_MAX];
    attempt_good(&a, "-o @limited --include-special 127.0.0.0/24 --seed 9 --max-targets 100");
    assert_int_equal(a.plan.num_positions, 256);
    assert_int_equal(a.plan.leases.num_open, 256);
    assert_int_equal(a.plan.leases.num_leased, 100);
    for (uint64_t p = 0; p < 100; p++)
        assert_int_equal(dataset_count(a.plan.dataset, p, STAGE_CONNECT, CAUSE_TIMEOUT), 0);
    assert_int_equal(dataset_finish(a.plan.dataset, err, 9, DATASET_LIMIT), 0);
    a.plan.dataset = NULL;
    attempt_end(&a);

    attempt_good(&a, "--resume @limited --max-targets 50%");
    assert_false(a.plan.finished);
    assert_int_equal(a.plan.num_positions, 256);
    assert_int_equal(a.plan.leases.num_open, 156);
    assert_int_equal(a.plan.leases.num_leased, 128);
    assert_int_equal(lease_position(&a.plan.leases, 0), 100);
    attempt_end(&a);

    char *text = attempt_printed("--resume @limited --dry-run");
    assert_int_equal(count_lines(text), 156);
    free(text);
    attempt_remove("limited");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists),           cmocka_unit_test(order),
        cmocka_unit_test(random_seed),     cmocka_unit_test(each_once),
        cmocka_unit_test(shards),          cmocka_unit_test(samples_and_limits),
        cmocka_unit_test(parts_of_shards), cmocka_unit_test(empty_shard),
        cmocka_unit_test(sampled_dataset), cmocka_unit_test(limited_dataset),
    };
    return cmocka_run_group_tests(tests, set_up, attempt_tear_down);
}
