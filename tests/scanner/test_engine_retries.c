/*
 * engine: targets that say "later" are visited again, with what was before in their record, and end
 * as throttled when there is no retry left, or no room to wait; one host is visited by one at a
 * time; a stop leaves those that wait open, and nothing behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sched.h>
#include <string.h>

#include "fake_net.h"
#include "small_sweep.h"

#define S         UINT64_C(1000000000)
#define LENGTH(a) (sizeof(a) / sizeof(a)[0])

/* ---- one target ---- */

static const char *always_421(struct addr to, unsigned n)
{
    (void)to;
    (void)n;
    return "421 4.7.0 later\r\n";
}

static const char *once_421(struct addr to, unsigned n)
{
    (void)to;
    return n == 0 ? "421 later\r\n" : "554 no\r\n";
}

static const char *twice_450(struct addr to, unsigned n)
{
    (void)to;
    return n == 0 ? "450 busy\r\n" : n == 1 ? "421 still busy\r\n" : "";
}

static const char *never_again(struct addr to, unsigned n)
{
    (void)to;
    (void)n;
    return "554 5.7.1 listed\r\n";
}

static const char *too_many(struct addr to, unsigned n)
{
    (void)to;
    return n == 0 ? "554 too many connections from you\r\n" : "554 no\r\n";
}

struct retry_case {
    const char *name;
    const char *(*greet)(struct addr to, unsigned n);
    unsigned retries;
    unsigned num_attempts; /* before the last one */
    enum cause cause;
    uint16_t code, codes[3]; /* of the last one, and of those before */
};

static const struct retry_case retry_cases[] = {
    {"no retries", always_421, 0, 0, CAUSE_THROTTLED, 421, {0}},
    {"one, and it is still busy", always_421, 1, 1, CAUSE_THROTTLED, 421, {421}},
    {"two", always_421, 2, 2, CAUSE_THROTTLED, 421, {421, 421}},
    {"three, which are all that are kept", always_421, 3, 3, CAUSE_THROTTLED, 421, {421, 421, 421}},
    {"the second goes well", once_421, 3, 1, CAUSE_REJECTED, 554, {421}},
    {"the third goes another way", twice_450, 3, 2, CAUSE_CLOSED, 0, {450, 421}},
    {"no is no", never_again, 3, 0, CAUSE_REJECTED, 554, {0}},
    {"the text says it", too_many, 3, 1, CAUSE_REJECTED, 554, {554}},
};

static void check_attempts(const struct retry_case *c, const struct record *r)
{
    uint64_t before_us = 0;
    if (r->num_attempts != c->num_attempts || r->cause != c->cause || r->smtp_code != c->code)
        fail_msg("%s: %s, %u after %u attempts", c->name, cause_slug(r->cause), r->smtp_code,
                 r->num_attempts);
    for (size_t i = 0; i < c->num_attempts; i++) {
        const struct attempt *a = &r->attempts[i];
        assert_int_equal(a->stage, STAGE_GREETING);
        assert_int_equal(a->cause, CAUSE_THROTTLED);
        assert_int_equal(a->smtp_code, c->codes[i]);
        assert_true(a->start_us >= before_us && a->start_us <= r->start_us);
        before_us = a->start_us;
    }
}

static void one_target(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(retry_cases); i++) {
        const struct retry_case *c = &retry_cases[i];
        for (unsigned streamed = 0; streamed < 2; streamed++) {
            struct fake_script script = {.greet = c->greet};
            struct small_sweep s;
            struct engine_figures figures;
            struct record r;
            char fault[ENGINE_FAULT_MAX];
            fake_net_begin(&script);
            if (streamed == 1)
                small_sweep_begin_stream(&s, "127.0.0.64\n");
            else
                small_sweep_begin(&s, "127.0.0.64", NULL);
            s.config.retries = c->retries;
            assert_int_equal(small_sweep_run(&s, &figures, fault), 0);
            small_sweep_records(&s, &r, 1);
            check_attempts(c, &r);
            assert_int_equal(figures.count[COUNT_STARTED], c->num_attempts + 1);
            assert_int_equal(figures.count[COUNT_RETRIED], c->num_attempts);
            assert_int_equal(figures.count[COUNT_THROTTLED], c->cause == CAUSE_THROTTLED);
            assert_int_equal(figures.count[COUNT_OPEN], 1); /* a target, not an attempt */
            assert_int_equal(figures.count[COUNT_DONE], 1);
            assert_int_equal(figures.num_parked, 0);
            assert_int_equal(figures.num_unsettled, 0);
            small_sweep_end(&s);
        }
    }
}

/* ---- many ---- */

/* one record for each target, whatever it takes */
static void check_all(struct small_sweep *s, struct record *records, size_t num, uint32_t first)
{
    bool seen[SMALL_SWEEP_RECORDS_MAX] = {false};
    small_sweep_records(s, records, num);
    for (size_t i = 0; i < num; i++) {
        uint64_t at = addr_distance(addr_v4(first), records[i].addr);
        assert_true(at < num && !seen[at]);
        seen[at] = true;
    }
}

static void many_targets(void **state)
{
    (void)state;
    static const struct {
        unsigned num_workers;
        uint64_t max_in_flight;
    } cases[] = {{1, 10}, {1, 1}, {4, 10}, {4, 64}};
    static struct record records[64];
    static const struct fake_script script = {.greet = once_421};
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct small_sweep s;
        struct engine_figures figures;
        char fault[ENGINE_FAULT_MAX];
        fake_net_begin(&script);
        small_sweep_begin(&s, "127.0.0.64/26", NULL);
        s.config.retries = 2;
        s.config.num_workers = cases[i].num_workers;
        s.config.max_in_flight = cases[i].max_in_flight;
        assert_int_equal(small_sweep_run(&s, &figures, fault), 0);
        assert_true(fake_net_most_open_of_all() <= cases[i].max_in_flight);
        assert_int_equal(figures.count[COUNT_STARTED], 128);
        assert_int_equal(figures.count[COUNT_RETRIED], 64);
        assert_int_equal(figures.count[COUNT_DONE], 64);
        check_all(&s, records, 64, 0x7f000040);
        for (size_t k = 0; k < 64; k++) {
            assert_int_equal(records[k].cause, CAUSE_REJECTED);
            assert_int_equal(records[k].num_attempts, 1);
        }
        small_sweep_end(&s);
    }
}

/* where there is no room to wait, a target ends as throttled at once */
static void no_room_to_wait(void **state)
{
    (void)state;
    static struct record records[64];
    static const struct fake_script script = {.greet = always_421};
    struct small_sweep s;
    struct engine_figures figures;
    char fault[ENGINE_FAULT_MAX];
    unsigned num_short = 0;
    fake_net_begin(&script);
    small_sweep_begin(&s, "127.0.0.64/26", NULL);
    s.config.retries = 2;
    s.networks.max_parked = 4;
    assert_int_equal(small_sweep_run(&s, &figures, fault), 0);
    assert_int_equal(figures.count[COUNT_DONE], 64);
    assert_int_equal(figures.count[COUNT_THROTTLED], 64);
    check_all(&s, records, 64, 0x7f000040);
    uint64_t attempts = 0;
    for (size_t k = 0; k < 64; k++) {
        assert_int_equal(records[k].cause, CAUSE_THROTTLED);
        attempts += records[k].num_attempts;
        num_short += records[k].num_attempts < 2;
    }
    assert_true(num_short > 0);
    assert_true(attempts == figures.count[COUNT_RETRIED]);
    assert_true(figures.count[COUNT_STARTED] == 64 + attempts);
    small_sweep_end(&s);
}

/* ---- limits of networks ---- */

static const struct fake_script all_close = {.num_failures = 0};
static const char FOUR_NAMES[] =
    "127.0.0.64,a.example.com 127.0.0.64,b.example.com 127.0.0.64,c.example.com "
    "127.0.0.64,d.example.com 127.0.0.65";

/* one address under many names is one host */
static void one_host_at_a_time(void **state)
{
    (void)state;
    static const struct {
        uint32_t max;
        unsigned most;
    } cases[] = {{1, 1}, {2, 2}, {0, 4}};
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct small_sweep s;
        struct engine_figures figures;
        struct record records[5];
        char fault[ENGINE_FAULT_MAX];
        fake_net_begin(&all_close);
        small_sweep_begin(&s, FOUR_NAMES, NULL);
        s.networks.limit[NETWORK_HOST].max_in_flight = cases[i].max;
        assert_int_equal(small_sweep_run(&s, &figures, fault), 0);
        assert_int_equal(fake_net_most_open(addr_v4(0x7f000040)), cases[i].most);
        assert_int_equal(figures.count[COUNT_DONE], 5);
        small_sweep_records(&s, records, 5);
        for (size_t k = 0; k < 5; k++)
            assert_int_equal(records[k].cause, CAUSE_CLOSED);
        small_sweep_end(&s);
    }
}

static void few_in_one_prefix(void **state)
{
    (void)state;
    for (unsigned workers = 1; workers <= 4; workers += 3)
        for (uint32_t max = 1; max <= 3; max++) {
            static struct record records[64];
            struct small_sweep s;
            struct engine_figures figures;
            char fault[ENGINE_FAULT_MAX];
            fake_net_begin(&all_close);
            small_sweep_begin(&s, "127.0.0.64/26", NULL);
            s.networks.limit[NETWORK_PREFIX].max_in_flight = max;
            s.config.num_workers = workers;
            assert_int_equal(small_sweep_run(&s, &figures, fault), 0);
            assert_true(fake_net_most_open_of_all() <= max);
            assert_int_equal(figures.count[COUNT_DONE], 64);
            check_all(&s, records, 64, 0x7f000040);
            small_sweep_end(&s);
        }
}

/* ---- a stop while some wait ---- */

/* waits until so many are parked, some after an attempt; each look gives the workers their turn */
static void wait_for_parked(struct engine *e, uint64_t num, uint64_t num_retried)
{
    struct engine_figures figures;
    for (;;) {
        engine_figures(e, &figures);
        if (figures.num_parked >= num && figures.in_flight == 0 &&
            figures.count[COUNT_RETRIED] >= num_retried)
            return;
        sched_yield();
    }
}

static void check_all_open(struct small_sweep *s)
{
    struct dataset_found found;
    char err[DATASET_ERR_MAX];
    assert_int_equal(dataset_finish(s->dataset, err, 1, DATASET_STOPPED), 0);
    assert_int_equal(dataset_resume(&s->dataset, &found, err, s->file), 0);
    assert_int_equal(found.num_done_positions, 0);
    assert_false(found.finished);
}

static void stopped(bool streamed, unsigned num_workers, enum engine_stop stop)
{
    static const struct fake_script script = {.greet = always_421};
    struct small_sweep s;
    struct engine_figures figures;
    struct dataset_totals totals;
    char fault[ENGINE_FAULT_MAX];
    fake_net_begin(&script);
    if (streamed)
        small_sweep_begin_stream(&s, "127.0.0.64\n127.0.0.65,mx.example.com,tag\n127.0.0.66\n"
                                     "127.0.1.1\n127.0.1.2\n127.0.1.3\n127.0.2.1\n127.0.2.2\n");
    else
        small_sweep_begin(&s, "127.0.0.64/29", NULL);
    s.config.retries = 2;
    s.config.num_workers = num_workers;
    s.networks.retry_delay_ns = 3600 * S;
    if (!streamed) /* the fourth in a row blocks the network, and the others wait for that */
        s.networks.limit[NETWORK_PREFIX].max_in_flight = 1;
    struct engine *e = small_sweep_start(&s);
    wait_for_parked(e, 8, streamed ? 8 : 4);
    engine_stop(e, stop);
    assert_int_equal(small_sweep_join(e, &figures, fault), 0);
    assert_int_equal(figures.count[COUNT_DONE], 0);
    assert_int_equal(figures.num_parked, 8);
    assert_int_equal(figures.num_unsettled, 8);
    assert_int_equal(figures.num_backed_off, streamed ? 0 : 1);
    assert_int_equal(figures.count[COUNT_RETRIED], streamed ? 8 : 4);
    dataset_writer_totals(s.dataset, &totals);
    assert_int_equal(totals.positions, 0);
    check_all_open(&s);
    small_sweep_end(&s);
}

/* their positions stay open; their errands are freed, as the leak checker sees */
static void stop_with_parked(void **state)
{
    (void)state;
    for (unsigned workers = 1; workers <= 3; workers += 2) {
        stopped(false, workers, ENGINE_DRAIN);
        stopped(false, workers, ENGINE_ABORT);
        stopped(true, workers, ENGINE_DRAIN);
        stopped(true, workers, ENGINE_ABORT);
    }
}

static const char *stays(struct addr to, unsigned n)
{
    (void)to;
    (void)n;
    return NULL;
}

/* sessions under way: what they are about is freed with them */
static void abort_with_running(void **state)
{
    (void)state;
    for (unsigned workers = 1; workers <= 3; workers += 2) {
        static const struct fake_script script = {.greet = stays};
        struct small_sweep s;
        struct engine_figures figures;
        char fault[ENGINE_FAULT_MAX];
        fake_net_begin(&script);
        small_sweep_begin_stream(&s, "127.0.0.64\n127.0.0.65,mx.example.com,tag\n");
        s.config.num_workers = workers;
        struct engine *e = small_sweep_start(&s);
        do {
            sched_yield();
            engine_figures(e, &figures);
        } while (figures.in_flight < 2);
        engine_stop(e, ENGINE_ABORT);
        assert_int_equal(small_sweep_join(e, &figures, fault), 0);
        assert_int_equal(figures.num_unsettled, 2);
        check_all_open(&s);
        small_sweep_end(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_target),        cmocka_unit_test(many_targets),
        cmocka_unit_test(no_room_to_wait),   cmocka_unit_test(one_host_at_a_time),
        cmocka_unit_test(few_in_one_prefix), cmocka_unit_test(stop_with_parked),
        cmocka_unit_test(abort_with_running),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
