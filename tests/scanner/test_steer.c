/*
 * steer: the steps of the rate; and what each signal does to a sweep that runs: its rate, its
 * blocklist, its end, with an event in the dataset for each change, and a message.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fake_net.h"
#include "scanner/steer.h"

#define S         UINT64_C(1000000000)
#define HOURS     UINT64_C(3600000000000)
#define LENGTH(a) (sizeof(a) / sizeof(a)[0])

enum { TARGETS = 256, TEXT_MAX = 8192 };

/* ---- steps ---- */

static uint64_t next_random(uint64_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x;
}

static void steps(void **state)
{
    (void)state;
    static const struct {
        uint64_t step, raised, lowered;
    } cases[] = {
        {1, 1, 2}, /* a billion a second: no faster */
        {2, 1, 3},
        {19, 18, 20},
        {20, 19, 22},
        {95, 90, 100},
        {105, 100, 111},
        {10000000, 9523809, 10526316}, /* 100 a second: 105, 95 */
        {S, 952380952, 1052631579},
        {3600 * S, UINT64_C(3428571428571), UINT64_C(3789473684211)},
        {1000 * HOURS, UINT64_C(3428571428571428), 1000 * HOURS}, /* as slow as it gets */
        {951 * HOURS, UINT64_C(3260571428571428), 1000 * HOURS},
        {2000 * HOURS, UINT64_C(6857142857142857), 2000 * HOURS}, /* was asked for: no slower */
        {INT64_MAX, UINT64_C(8784163844623596006), INT64_MAX},
        {UINT64_MAX, UINT64_C(17568327689247192014), UINT64_MAX},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        if (steer_step(cases[i].step, true) != cases[i].raised ||
            steer_step(cases[i].step, false) != cases[i].lowered)
            fail_msg("%llu: %llu, %llu", (unsigned long long)cases[i].step,
                     (unsigned long long)steer_step(cases[i].step, true),
                     (unsigned long long)steer_step(cases[i].step, false));
    }
}

/* a step is 5 %, to within a ns, rather slower; never 0, and never the other way */
static void five_per_cent(void **state)
{
    (void)state;
    uint64_t x = 11;
    for (int i = 0; i < 200000; i++) {
        uint64_t step = 1 + (next_random(&x) >> (next_random(&x) % 63 + 1));
        uint64_t up = steer_step(step, true), down = steer_step(step, false);
        assert_true(up >= 1 && up <= step && down >= step);
        if (step > 500 * HOURS)
            continue; /* bounded: see above */
        /* within one ns, by 128 bits */
        unsigned __int128 wide = step;
        assert_true((unsigned __int128)up * 105 <= wide * 100 || up == 1);
        assert_true((unsigned __int128)(up + 2) * 105 > wide * 100);
        assert_true((unsigned __int128)down * 95 >= wide * 100);
        assert_true((unsigned __int128)(down - 1) * 95 <= wide * 100);
        if (step > 1)
            assert_true(up < step && down > step); /* each signal does something */
    }
}

/* up and down again is where it was, but for a quarter of a per cent (1.05 x 0.95) and rounding */
static void there_and_back(void **state)
{
    (void)state;
    uint64_t x = 5;
    for (int i = 0; i < 100000; i++) {
        uint64_t step = 1000 + (next_random(&x) >> (next_random(&x) % 40 + 13));
        uint64_t back[] = {steer_step(steer_step(step, true), false),
                           steer_step(steer_step(step, false), true)};
        for (size_t k = 0; k < 2; k++)
            assert_true(back[k] >= step && back[k] <= step + step / 398 + 2);
    }
}

/* however often: the fastest there is, the slowest there is, and back */
static void many_times(void **state)
{
    (void)state;
    uint64_t step = S / 100;
    for (int i = 0; i < 2000; i++)
        step = steer_step(step, true);
    assert_true(step == 1);
    for (int i = 0; i < 2000; i++)
        step = steer_step(step, false);
    assert_true(step == 1000 * HOURS);
    step = steer_step(step, true);
    assert_true(step < 1000 * HOURS);
}

static void signals(void **state)
{
    (void)state;
    static const int steering[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2};
    sigset_t set;
    size_t num = 0;
    sigfillset(&set);
    steer_signals(&set);
    for (size_t i = 0; i < LENGTH(steering); i++)
        assert_int_equal(sigismember(&set, steering[i]), 1);
    for (int signo = 1; signo < 32; signo++)
        num += sigismember(&set, signo) == 1;
    assert_int_equal(num, LENGTH(steering));
}

/* ---- a sweep to be steered: at one start in a thousand hours only a signal moves it ---- */

struct steered {
    char words[13][24]; /* options point at them */
    struct options o;
    struct plan plan;
    struct steering steering;
    struct engine *engine;
};

static const char dataset[] = "test_steer.out", blocklist[] = "test_steer.block";

static void put_blocklist(const char *text)
{
    FILE *f = fopen(blocklist, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static void wait_for_done(struct engine *e, uint64_t num)
{
    struct engine_figures figures;
    do {
        engine_figures(e, &figures);
        sched_yield();
    } while (figures.count[COUNT_DONE] < num);
}

static void begin(struct steered *s, const char *rate, const char *block_option, bool quiet)
{
    static const struct fake_script all_close = {.num_failures = 0};
    char err[OPTIONS_ERR_MAX], why[PLAN_ERR_MAX];
    const char *const words[] = {"mxsweep", "--include-special", "-o",     dataset, "-r",
                                 rate,      "127.0.0.0/24",      "-T",     "2",     "--prefix-rate",
                                 "0",       block_option,        blocklist};
    char *argv[LENGTH(words) + 1] = {NULL};
    int argc = block_option != NULL ? (int)LENGTH(words) : (int)LENGTH(words) - 2;
    for (int i = 0; i < argc; i++) {
        argv[i] = s->words[i];
        snprintf(s->words[i], sizeof s->words[i], "%s", words[i]);
    }
    unlink(dataset);
    fake_net_begin(&all_close);
    if (options_parse(&s->o, err, argc, argv) != 0)
        fail_msg("%s", err);
    s->o.quiet = quiet;
    s->o.rate_step_ns *= 1000; /* from hours to thousands of them */
    if (plan_make(&s->plan, why, &s->o, 0) != 0)
        fail_msg("%s", why);
    struct engine_config config = {
        .space = s->plan.space,
        .order = &s->plan.order,
        .leases = &s->plan.leases,
        .dataset = s->plan.dataset,
        .net = &fake_net,
        .num_workers = 2,
        .num_shards = 1,
        .step_ns = s->plan.step_ns,
        .max_in_flight = 10,
        .networks = &s->plan.networks,
        .wait_ns = {S, S, S, S},
        .session_ns = S,
        .flush_ns = S,
        .patience_ns = S,
        .sources = &s->plan.sources,
    };
    assert_int_equal(engine_start(&s->engine, &config), 0);
    s->steering =
        (struct steering){.engine = s->engine, .plan = &s->plan, .o = &s->o, .before = ""};
    if (s->plan.step_ns != 0)
        wait_for_done(s->engine, 1);
}

/* what is said on stderr while signal signo is handled, to be freed */
static char *told_by(struct steered *s, int signo)
{
    static const char name[] = "test_steer.told";
    fflush(stderr);
    int was = dup(STDERR_FILENO), fd = open(name, O_CREAT | O_TRUNC | O_RDWR, 0666);
    assert_true(was >= 0 && fd >= 0 && dup2(fd, STDERR_FILENO) >= 0);
    steer_signal(&s->steering, signo);
    fflush(stderr);
    assert_true(dup2(was, STDERR_FILENO) >= 0);
    char *text = calloc(1, TEXT_MAX);
    assert_non_null(text);
    assert_true(pread(fd, text, TEXT_MAX - 1, 0) >= 0);
    close(was);
    close(fd);
    unlink(name);
    return text;
}

static void expect_told(struct steered *s, int signo, const char *text)
{
    char *told = told_by(s, signo);
    if (text == NULL ? told[0] != '\0' : strstr(told, text) == NULL)
        fail_msg("signal %d: told is \"%s\"", signo, told);
    free(told);
}

static void join(struct steered *s, struct engine_figures *figures)
{
    char fault[ENGINE_FAULT_MAX];
    struct pollfd ended = {.fd = engine_ended_fd(s->engine), .events = POLLIN};
    assert_int_equal(poll(&ended, 1, -1), 1);
    engine_figures(s->engine, figures);
    assert_int_equal(engine_join(s->engine, fault), 0);
}

/* an event as "what key=value key=value", one a line */
static void read_events(struct steered *s, char out[TEXT_MAX])
{
    char err[DATASET_ERR_MAX];
    struct dataset_reader *reader;
    struct dataset_item item;
    size_t len = 0;
    out[0] = '\0';
    assert_int_equal(dataset_finish(s->plan.dataset, err, 1, DATASET_STOPPED), 0);
    s->plan.dataset = NULL;
    assert_int_equal(dataset_open(&reader, err, dataset), 0);
    while (dataset_next(reader, &item, err) == 1) {
        struct dataset_event_view e;
        if (item.kind != DATASET_EVENT)
            continue;
        assert_int_equal(dataset_event_decode(&e, item.payload, err), 0);
        len += (size_t)snprintf(out + len, TEXT_MAX - len, "%.*s", (int)e.what.len,
                                (const char *)e.what.data);
        for (size_t i = 0; i < e.num_details; i++)
            len +=
                (size_t)snprintf(out + len, TEXT_MAX - len, " %.*s=%.*s", (int)e.details[i].key.len,
                                 (const char *)e.details[i].key.data, (int)e.details[i].value.len,
                                 (const char *)e.details[i].value.data);
        len += (size_t)snprintf(out + len, TEXT_MAX - len, "\n");
        assert_true(len < TEXT_MAX);
    }
    dataset_close(reader);
}

static void end(struct steered *s)
{
    plan_cleanup(&s->plan);
    options_cleanup(&s->o);
    unlink(dataset);
    unlink(blocklist);
}

/* ---- signals ---- */

static void rate(void **state)
{
    (void)state;
    struct steered s;
    struct engine_figures figures;
    char events[TEXT_MAX];
    begin(&s, "1/h", NULL, false);
    expect_told(&s, SIGUSR1, "mxsweep: rate is now 0.000 starts/s\n");
    engine_figures(s.engine, &figures);
    assert_true(figures.step_ns == steer_step(1000 * HOURS, true));
    expect_told(&s, SIGUSR2, "mxsweep: rate is now");
    engine_figures(s.engine, &figures);
    assert_true(figures.step_ns == 1000 * HOURS);
    engine_set_step(s.engine, S / 100);
    expect_told(&s, SIGUSR1, "mxsweep: rate is now 105.000 starts/s\n");
    engine_stop(s.engine, ENGINE_DRAIN);
    join(&s, &figures);
    read_events(&s, events);
    assert_string_equal(events, "rate start-interval=3428571428571428ns\n"
                                "rate start-interval=3600000000000000ns\n"
                                "rate start-interval=9523809ns\n");
    end(&s);
}

/* nothing to change, and nothing is changed */
static void no_rate(void **state)
{
    (void)state;
    struct steered s;
    struct engine_figures figures;
    char events[TEXT_MAX];
    begin(&s, "0", NULL, false);
    expect_told(&s, SIGUSR1, "there is no limit on starts to raise");
    expect_told(&s, SIGUSR2, "there is no limit on starts to lower");
    join(&s, &figures);
    assert_true(figures.step_ns == 0);
    read_events(&s, events);
    assert_string_equal(events, "");
    end(&s);
}

/* what is blocked now is recorded so, and the rate has nothing to say about it */
static void blocklist_again(void **state)
{
    (void)state;
    struct steered s;
    struct engine_figures figures;
    struct dataset_totals totals;
    char events[TEXT_MAX];
    put_blocklist("198.51.100.0/24\n");
    begin(&s, "1/h", "-b", false);
    put_blocklist("198.51.100.0/24\n127.0.0.0/8 # all\n");
    expect_told(&s, SIGHUP, "mxsweep: test_steer.block: read again, in effect\n");
    join(&s, &figures);
    assert_int_equal(figures.count[COUNT_DONE], TARGETS);
    assert_int_equal(figures.count[COUNT_STARTED], 1);
    dataset_writer_totals(s.plan.dataset, &totals);
    assert_int_equal(totals.positions, TARGETS);
    read_events(&s, events);
    assert_int_equal(strncmp(events, "blocklist sha256=", 17), 0);
    assert_int_equal(strlen(events), 17 + 64 + 1);
    assert_int_equal(strspn(events + 17, "0123456789abcdef"), 64);
    end(&s);
}

/* one that cannot be read leaves the old one in effect: nothing is unblocked by a slip of the pen */
static void bad_blocklist(void **state)
{
    (void)state;
    static const struct {
        const char *text; /* NULL: it has gone */
        const char *told;
    } cases[] = {
        {"127.0.0.0/8\nnonsense\n", "test_steer.block:2:"},
        {"10.1.2.3/8\n", "10.0.0.0/8"},
        {NULL, "test_steer.block"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++)
        for (int quiet = 0; quiet < 2; quiet++) { /* a fault is told in any case */
            struct steered s;
            struct engine_figures figures;
            char events[TEXT_MAX];
            put_blocklist("198.51.100.0/24\n");
            begin(&s, "1/h", "-b", quiet == 1);
            if (cases[i].text != NULL)
                put_blocklist(cases[i].text);
            else
                assert_int_equal(unlink(blocklist), 0);
            char *told = told_by(&s, SIGHUP);
            assert_non_null(strstr(told, cases[i].told));
            assert_non_null(strstr(told, "the blocklist as it was stays in effect\n"));
            free(told);
            engine_figures(s.engine, &figures);
            assert_int_equal(figures.count[COUNT_DONE], 1);
            engine_stop(s.engine, ENGINE_DRAIN);
            join(&s, &figures);
            assert_int_equal(figures.count[COUNT_DONE], 1);
            read_events(&s, events);
            assert_string_equal(events, "");
            end(&s);
        }
}

static void no_blocklist(void **state)
{
    (void)state;
    struct steered s;
    struct engine_figures figures;
    begin(&s, "1/h", NULL, false);
    expect_told(&s, SIGHUP, "there is no --blocklist-file to read again");
    expect_told(&s, SIGTERM, "stopping");
    join(&s, &figures);
    assert_int_equal(figures.count[COUNT_DONE], 1);
    end(&s);
}

/* the first lets sessions end, the second does not */
static void stops(void **state)
{
    (void)state;
    static const int pairs[][2] = {
        {SIGINT, SIGINT}, {SIGTERM, SIGTERM}, {SIGINT, SIGTERM}, {SIGTERM, SIGINT}};
    for (size_t i = 0; i < LENGTH(pairs); i++)
        for (int quiet = 0; quiet < 2; quiet++) {
            struct steered s;
            struct engine_figures figures;
            begin(&s, "1/h", NULL, quiet == 1);
            expect_told(&s, pairs[i][0],
                        quiet ? NULL : "mxsweep: stopping: no more starts, running sessions end");
            engine_figures(s.engine, &figures);
            assert_int_equal(figures.stop, ENGINE_DRAIN);
            expect_told(&s, pairs[i][1], quiet ? NULL : "mxsweep: stopping at once\n");
            expect_told(&s, pairs[i][0], quiet ? NULL : "mxsweep: stopping at once\n");
            join(&s, &figures);
            assert_int_equal(figures.stop, ENGINE_ABORT);
            assert_int_equal(figures.count[COUNT_DONE], 1);
            end(&s);
        }
}

/* a message ends a status line that stands there */
static void after_a_status_line(void **state)
{
    (void)state;
    struct steered s;
    struct engine_figures figures;
    begin(&s, "1/h", NULL, false);
    s.steering.before = "\n";
    char *told = told_by(&s, SIGINT);
    assert_int_equal(strncmp(told, "\nmxsweep: stopping", 18), 0);
    free(told);
    join(&s, &figures);
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps),          cmocka_unit_test(five_per_cent),
        cmocka_unit_test(there_and_back), cmocka_unit_test(many_times),
        cmocka_unit_test(signals),        cmocka_unit_test(rate),
        cmocka_unit_test(no_rate),        cmocka_unit_test(blocklist_again),
        cmocka_unit_test(bad_blocklist),  cmocka_unit_test(no_blocklist),
        cmocka_unit_test(stops),          cmocka_unit_test(after_a_status_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
