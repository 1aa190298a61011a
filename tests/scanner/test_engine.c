/*
 * engine: sweeps that need no network: everything is blocked, or stopped before it began, of ranges
 * and of streams. They end by themselves, with every position done or open, and nothing is left in
 * memory. What is changed while they run counts from then on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "fake_net.h"
#include "scanner/plan.h"
#include "small_sweep.h"

#define S         UINT64_C(1000000000)
#define LENGTH(a) (sizeof(a) / sizeof(a)[0])

enum { TARGETS = 256 };

static const char file[] = "test_engine.out"; /* in the build tree */
static const struct fake_script all_close = {.num_failures = 0};

struct sweep_case {
    const char *name;
    unsigned num_workers;
    uint64_t step_ns, max_in_flight;
    enum engine_stop stop; /* as soon as it runs */
};

static const struct sweep_case cases[] = {
    {"one worker", 1, 0, 0, ENGINE_RUN},
    {"four workers", 4, 0, 0, ENGINE_RUN},
    {"more workers than there are leases", 64, 0, 0, ENGINE_RUN},
    {"one at a time", 4, 0, 1, ENGINE_RUN},
    {"at a rate", 2, S / 50000, 3, ENGINE_RUN},
    {"stopped in order", 4, S / 1000, 0, ENGINE_DRAIN},
    {"stopped at once", 4, S / 1000, 0, ENGINE_ABORT},
};

/* refuses loopback */
static struct filter *special_filter(struct prefix_set *special)
{
    struct prefix_set block;
    prefix_set_init(&block);
    prefix_set_seal(&block);
    prefix_set_init(special);
    assert_int_equal(special_purpose(special), 0);
    struct filter *f = filter_new(special, &block, NULL);
    assert_non_null(f);
    return f;
}

/* ---- a range, as planned ---- */

static void plan_blocked(struct options *o, struct plan *plan)
{
    char name[] = "mxsweep", special[] = "--include-special", out[] = "-o", path[sizeof file],
         range[] = "127.0.0.0/24", err[OPTIONS_ERR_MAX], why[PLAN_ERR_MAX];
    char *argv[] = {name, special, out, path, range, NULL};
    memcpy(path, file, sizeof file);
    unlink(file);
    assert_int_equal(options_parse(o, err, 5, argv), 0);
    o->output_file = file;
    if (plan_make(plan, why, o, 0) != 0)
        fail_msg("%s", why);
    assert_int_equal(plan->num_positions, TARGETS);
}

/* what each case asks for; nothing connects */
static void configure(struct engine_config *config, const struct sweep_case *c)
{
    config->net = &net_kernel;
    config->num_workers = c->num_workers;
    config->num_shards = 1;
    config->step_ns = c->step_ns;
    config->max_in_flight = c->max_in_flight;
    for (size_t i = 0; i < NUM_SESSION_WAITS; i++)
        config->wait_ns[i] = S;
    config->session_ns = config->flush_ns = config->patience_ns = S;
}

/* runs a sweep to its end; returns how many targets were done */
static uint64_t run(const struct engine_config *config, enum engine_stop stop,
                    struct engine_figures *figures)
{
    char fault[ENGINE_FAULT_MAX];
    struct engine *e = NULL;
    assert_int_equal(engine_start(&e, config), 0);
    if (stop != ENGINE_RUN)
        engine_stop(e, stop);
    struct pollfd ended = {.fd = engine_ended_fd(e), .events = POLLIN};
    assert_int_equal(poll(&ended, 1, -1), 1);
    engine_figures(e, figures);
    assert_int_equal(engine_join(e, fault), 0);
    assert_int_equal(figures->in_flight, 0);
    assert_int_equal(figures->queue_bytes, 0);
    assert_int_equal(figures->stop, stop);
    assert_int_equal(figures->num_left_alone, 0);
    assert_int_equal(figures->count[COUNT_STARTED], 0); /* no connection to what is blocked */
    assert_int_equal(figures->count[COUNT_OURS], 0);
    return figures->count[COUNT_DONE];
}

static void sweeps(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct options o;
        struct plan plan;
        struct dataset_totals totals;
        struct engine_figures figures;
        plan_blocked(&o, &plan);
        struct prefix_set special;
        struct engine_config config = {.space = plan.space,
                                       .order = &plan.order,
                                       .leases = &plan.leases,
                                       .filter = special_filter(&special),
                                       .dataset = plan.dataset,
                                       .networks = &plan.networks,
                                       .sources = &plan.sources};
        configure(&config, &cases[i]);
        uint64_t done = run(&config, cases[i].stop, &figures);
        dataset_writer_totals(plan.dataset, &totals);
        if (cases[i].stop == ENGINE_RUN ? done != TARGETS : done > TARGETS)
            fail_msg("%s: %llu done", cases[i].name, (unsigned long long)done);
        if (totals.positions != done || totals.records != done)
            fail_msg("%s: %llu done, %llu stored", cases[i].name, (unsigned long long)done,
                     (unsigned long long)totals.records);
        plan_cleanup(&plan);
        options_cleanup(&o);
        prefix_set_cleanup(&special);
        assert_int_equal(unlink(file), 0);
    }
}

/* ---- a stream: of each ten lines one is a comment, one blank, one cannot be read ---- */

static void write_stream(char *out, size_t cap)
{
    size_t len = 0;
    for (unsigned i = 0; i < TARGETS; i++) {
        const char *format = i % 10 == 3   ? "# number %u\n"
                             : i % 10 == 5 ? "%.0u\n"
                             : i % 10 == 7 ? "127.0.0.0.%u\n"
                                           : "127.0.0.%u\n";
        len += (size_t)snprintf(out + len, cap - len, format, i % 10 == 5 ? 0 : i);
        assert_true(len < cap);
    }
}

static void streams(void **state)
{
    (void)state;
    static char text[16 * TARGETS];
    write_stream(text, sizeof text);
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct small_sweep s;
        struct dataset_totals totals;
        struct engine_figures figures;
        struct prefix_set special;
        fake_net_begin(&all_close);
        small_sweep_begin_stream(&s, text);
        s.config.filter = special_filter(&special);
        configure(&s.config, &cases[i]);
        uint64_t done = run(&s.config, cases[i].stop, &figures);
        dataset_writer_totals(s.dataset, &totals);
        assert_true(figures.streamed);
        assert_true(figures.stream_ended || cases[i].stop != ENGINE_RUN);
        if (cases[i].stop == ENGINE_RUN ? done != TARGETS : done > TARGETS)
            fail_msg("%s: %llu done", cases[i].name, (unsigned long long)done);
        assert_int_equal(totals.positions, done);
        if (cases[i].stop == ENGINE_RUN) { /* 3, 13, ... 253: 26; 5, 15, ...: 26; 7, ...: 25 */
            assert_int_equal(totals.records, TARGETS - 26 - 26 - 25);
            assert_int_equal(figures.stream.bad, 25);
            assert_int_equal(figures.stream.skipped, 52);
            assert_int_equal(figures.stream.lines, TARGETS);
        }
        small_sweep_end(&s);
        prefix_set_cleanup(&special);
    }
}

/* of a stream so many targets are begun, and lines without one do not count */
static void max_targets(void **state)
{
    (void)state;
    static const struct {
        uint64_t max, records;
    } rows[] = {{1, 1}, {3, 3}, {4, 4}, {100, 100}, {179, 179}, {180, 179}, {0, 179}};
    static char text[16 * TARGETS];
    write_stream(text, sizeof text);
    for (size_t i = 0; i < LENGTH(rows); i++)
        for (unsigned workers = 1; workers <= 4; workers += 3) {
            struct small_sweep s;
            struct dataset_totals totals;
            struct engine_figures figures;
            struct prefix_set special;
            fake_net_begin(&all_close);
            small_sweep_begin_stream(&s, text);
            s.config.filter = special_filter(&special);
            configure(&s.config, &(struct sweep_case){.num_workers = workers});
            s.config.max_targets = rows[i].max;
            run(&s.config, ENGINE_RUN, &figures);
            dataset_writer_totals(s.dataset, &totals);
            assert_int_equal(totals.records, rows[i].records);
            /* though another worker may have found its end, when targets were left out */
            assert_int_equal(figures.stream_ended, rows[i].max == 0 || rows[i].max >= 179);
            small_sweep_end(&s);
            prefix_set_cleanup(&special);
        }
}

/* ---- changes under way ---- */

static void wait_for_done(struct engine *e, uint64_t num)
{
    struct engine_figures figures;
    do {
        engine_figures(e, &figures);
        sched_yield();
    } while (figures.count[COUNT_DONE] < num);
}

/* at one start in a thousand hours nothing goes on, until there is another rate */
static void another_rate(void **state)
{
    (void)state;
    struct small_sweep s;
    struct engine_figures figures;
    static struct record records[64];
    char fault[ENGINE_FAULT_MAX];
    fake_net_begin(&all_close);
    small_sweep_begin(&s, "127.0.0.64/26", NULL);
    s.config.step_ns = 3600000 * S;
    s.config.num_workers = 2;
    struct engine *e = small_sweep_start(&s);
    wait_for_done(e, 1);
    engine_figures(e, &figures);
    assert_true(figures.step_ns == 3600000 * S);
    assert_int_equal(figures.count[COUNT_STARTED], 1);
    engine_set_step(e, S / 100000);
    engine_figures(e, &figures);
    assert_true(figures.step_ns == S / 100000);
    assert_int_equal(small_sweep_join(e, &figures, fault), 0);
    assert_int_equal(figures.count[COUNT_DONE], 64);
    small_sweep_records(&s, records, 64);
    small_sweep_end(&s);
}

/* a blocklist that comes later counts at once, for what waits as well as for what was not begun */
static void another_filter(void **state)
{
    (void)state;
    for (unsigned workers = 1; workers <= 3; workers += 2) {
        struct small_sweep s;
        struct engine_figures figures;
        struct prefix_set special;
        static struct record records[64];
        char fault[ENGINE_FAULT_MAX];
        unsigned num_blocked = 0;
        fake_net_begin(&all_close);
        small_sweep_begin(&s, "127.0.0.64/26", NULL);
        s.config.step_ns = 3600000 * S;
        s.config.num_workers = workers;
        struct engine *e = small_sweep_start(&s);
        wait_for_done(e, 1);
        engine_set_filter(e, special_filter(&special));
        assert_int_equal(small_sweep_join(e, &figures, fault), 0);
        small_sweep_records(&s, records, 64);
        for (size_t i = 0; i < 64; i++)
            num_blocked += records[i].cause == CAUSE_BLOCKED;
        assert_int_equal(num_blocked, 63);
        assert_int_equal(figures.count[COUNT_STARTED], 1);
        small_sweep_end(&s);
        prefix_set_cleanup(&special);
    }
}

static void events(void **state)
{
    (void)state;
    struct small_sweep s;
    struct engine_figures figures;
    struct record record;
    char fault[ENGINE_FAULT_MAX], what[2][16];
    fake_net_begin(&all_close);
    small_sweep_begin(&s, "127.0.0.64 127.0.0.65", NULL);
    s.config.step_ns = 3600000 * S;
    struct engine *e = small_sweep_start(&s);
    wait_for_done(e, 1);
    engine_event(e, "rate", "start-interval", "20000ns");
    engine_event(e, "and so on", NULL, NULL);
    engine_stop(e, ENGINE_DRAIN);
    assert_int_equal(small_sweep_join(e, &figures, fault), 0);
    small_sweep_records(&s, &record, 1);
    small_sweep_events(&s, what, 2);
    assert_string_equal(what[0], "rate");
    assert_string_equal(what[1], "and so on");
    small_sweep_end(&s);
}

/* the first fault is the one that is told; a stop is never taken back */
static void faults(void **state)
{
    (void)state;
    struct small_sweep s;
    struct engine_figures figures;
    char fault[ENGINE_FAULT_MAX], text[2 * ENGINE_FAULT_MAX];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    fake_net_begin(&all_close);
    small_sweep_begin(&s, "127.0.0.64/26", NULL);
    s.config.step_ns = 3600000 * S;
    struct engine *e = small_sweep_start(&s);
    engine_fault(e, UV_ENOSPC, text);
    engine_fault(e, UV_ENOMEM, "the second");
    engine_stop(e, ENGINE_DRAIN);
    assert_int_equal(small_sweep_join(e, &figures, fault), UV_ENOSPC);
    assert_int_equal(figures.stop, ENGINE_ABORT);
    assert_int_equal(strlen(fault), ENGINE_FAULT_MAX - 1);
    assert_true(figures.count[COUNT_DONE] <= 1);
    small_sweep_end(&s);
}

/* nobody can be asked for a host name: it is tried again, until that has lasted long enough */
static void no_name_server(void **state)
{
    (void)state;
    static const struct resolver_config nobody = {
        .servers = "127.0.0.1:1", .timeout_ns = S / 100, .tries = 1, .want4 = true, .want6 = true};
    for (unsigned workers = 1; workers <= 2; workers++) {
        struct small_sweep s;
        struct engine_figures figures;
        char fault[ENGINE_FAULT_MAX];
        fake_net_begin(&all_close);
        small_sweep_begin(&s, "mx1.example.com mx2.example.com", NULL);
        s.config.num_workers = workers;
        s.config.resolver = &nobody;
        s.config.patience_ns = S / 20;
        assert_int_equal(small_sweep_run(&s, &figures, fault), UV_ENETUNREACH);
        assert_non_null(strstr(fault, "name server"));
        assert_non_null(strstr(fault, ".example.com"));
        assert_true(figures.count[COUNT_OURS] < 100); /* with pauses */
        assert_int_equal(figures.count[COUNT_DONE], 0);
        small_sweep_end(&s);
    }
}

/* ---- the bell ---- */

/* rung before there is an engine, or when there is none any more: it is heard by who waits */
static void bell(void **state)
{
    (void)state;
    struct engine_bell b;
    engine_bell_init(&b);
    for (int i = 0; i < 3; i++) {
        engine_bell_ring(&b);
        engine_bell_ring(&b);
        engine_bell_wait(&b);
    }
    engine_bell_cleanup(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sweeps), cmocka_unit_test(streams),      cmocka_unit_test(max_targets),
        cmocka_unit_test(events), cmocka_unit_test(another_rate), cmocka_unit_test(another_filter),
        cmocka_unit_test(faults), cmocka_unit_test(bell),
        cmocka_unit_test(no_name_server),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
