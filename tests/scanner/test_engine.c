/*
 * engine: sweeps that need no network: everything is blocked, or stopped before it began. They end
 * by themselves, with every position done or open, and nothing is left in memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <unistd.h>

#include "scanner/engine.h"
#include "scanner/plan.h"

#define S UINT64_C(1000000000)

enum { TARGETS = 256 };

static const char file[] = "test_engine.out"; /* in the build tree */

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

/* runs c to its end; returns how many targets were done */
static uint64_t run(const struct sweep_case *c, const struct plan *plan,
                    struct lease_source *leases)
{
    char fault[ENGINE_FAULT_MAX];
    struct engine *e = NULL;
    struct engine_figures figures;
    struct engine_config config = {
        .space = plan->space,
        .order = &plan->order,
        .leases = leases,
        .filter = &plan->special, /* loopback is in it */
        .dataset = plan->dataset,
        .net = &net_kernel,
        .num_workers = c->num_workers,
        .step_ns = c->step_ns,
        .max_in_flight = c->max_in_flight,
        .wait_ns = {S, S, S, S},
        .session_ns = S,
        .flush_ns = S,
        .patience_ns = S,
        .ehlo_name = bytes_text("localhost"),
    };
    assert_int_equal(engine_start(&e, &config), 0);
    if (c->stop != ENGINE_RUN)
        engine_stop(e, c->stop);
    struct pollfd ended = {.fd = engine_ended_fd(e), .events = POLLIN};
    assert_int_equal(poll(&ended, 1, -1), 1);
    engine_figures(e, &figures);
    assert_int_equal(engine_join(e, fault), 0);
    assert_int_equal(figures.in_flight, 0);
    assert_int_equal(figures.queue_bytes, 0);
    assert_int_equal(figures.count[COUNT_STARTED], 0); /* no connection to what is blocked */
    return figures.count[COUNT_DONE];
}

static void sweeps(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct options o;
        struct plan plan;
        struct dataset_totals totals;
        plan_blocked(&o, &plan);
        uint64_t done = run(&cases[i], &plan, &plan.leases);
        dataset_writer_totals(plan.dataset, &totals);
        if (cases[i].stop == ENGINE_RUN ? done != TARGETS : done > TARGETS)
            fail_msg("%s: %llu done", cases[i].name, (unsigned long long)done);
        if (totals.positions != done || totals.records != done)
            fail_msg("%s: %llu done, %llu stored", cases[i].name, (unsigned long long)done,
                     (unsigned long long)totals.records);
        plan_cleanup(&plan);
        options_cleanup(&o);
        assert_int_equal(unlink(file), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sweeps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
