/*
 * engine: a sweep with control targets: it begins when one of them answers, or not at all; silences
 * are recorded when a later check went well, and visited again when we were cut off; whatever
 * happens to the control targets, the sweep ends, with every target once.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sched.h>
#include <string.h>

#include "fake_net.h"
#include "small_sweep.h"

#define MS        UINT64_C(1000000)
#define LENGTH(a) (sizeof(a) / sizeof(a)[0])

enum { TARGETS = 8, CONTROL = 0x7f0000c8 /* 127.0.0.200, and the next */ };

static const char EIGHT[] = "127.0.0.64/29";

static bool is_control(struct addr a)
{
    return addr_cmp(a, addr_v4(CONTROL)) >= 0;
}

static void begin(struct small_sweep *s, const struct fake_script *script, size_t num_controls)
{
    struct target targets[4];
    fake_net_begin(script);
    small_sweep_begin(s, EIGHT, NULL);
    for (size_t i = 0; i < num_controls; i++)
        targets[i] = (struct target){.addr = addr_v4(CONTROL + (uint32_t)i), .port = 25};
    s->config.control = control_new(targets, num_controls, 20 * MS);
    assert_non_null(s->config.control);
    s->config.wait_ns[WAIT_REPLY] = 30 * MS;
}

static void end(struct small_sweep *s)
{
    control_free(s->config.control);
    small_sweep_end(s);
}

static unsigned num_visits(uint32_t v4)
{
    const struct fake_connection *c;
    unsigned num = 0;
    for (size_t i = fake_net_connections(&c); i-- > 0;)
        num += addr_cmp(c[i].to, addr_v4(v4)) == 0;
    return num;
}

/* ---- the beginning ---- */

static const char *nobody_answers(struct addr to, unsigned n)
{
    (void)to;
    (void)n;
    return NULL;
}

/* no target is visited, none is recorded, and it is said why */
static void hopeless(void **state)
{
    (void)state;
    static const struct fake_script script = {.greet = nobody_answers};
    for (size_t num = 1; num <= 3; num++) {
        struct small_sweep s;
        struct engine_figures figures;
        char fault[ENGINE_FAULT_MAX], text[64];
        begin(&s, &script, num);
        assert_int_equal(small_sweep_run(&s, &figures, fault), -ENETUNREACH);
        snprintf(text, sizeof text, "none of %zu control targets answers", num);
        assert_non_null(strstr(fault, text));
        const struct fake_connection *c;
        assert_int_equal(fake_net_connections(&c), num);
        for (size_t i = 0; i < num; i++)
            assert_true(is_control(c[i].to));
        assert_int_equal(figures.count[COUNT_DONE], 0);
        small_sweep_records(&s, NULL, 0);
        end(&s);
    }
}

static const char *last_of_three_answers(struct addr to, unsigned n)
{
    (void)n;
    return addr_cmp(to, addr_v4(CONTROL + 2)) == 0 ? "220 hi\r\n"
           : is_control(to)                        ? NULL
                                                   : "554 no\r\n";
}

/* control targets in one network, the limits of which let one start at a time: all are asked */
static void controls_in_one_network(void **state)
{
    (void)state;
    static const struct fake_script script = {.greet = last_of_three_answers};
    for (unsigned in_flight = 0; in_flight < 2; in_flight++)
        for (unsigned workers = 1; workers <= 3; workers += 2) {
            struct small_sweep s;
            struct engine_figures figures;
            struct record records[TARGETS];
            char fault[ENGINE_FAULT_MAX];
            begin(&s, &script, 3);
            s.config.num_workers = workers;
            s.networks.limit[NETWORK_PREFIX] =
                (struct network_limit){in_flight == 0 ? 2 * MS : 0, in_flight};
            if (small_sweep_run(&s, &figures, fault) != 0)
                fail_msg("%s", fault);
            assert_int_equal(figures.queue_bytes, 0);
            small_sweep_records(&s, records, TARGETS);
            end(&s);
        }
}

static const char *only_controls_answer(struct addr to, unsigned n)
{
    (void)n;
    return is_control(to) ? "220 hi\r\n" : NULL;
}

/* silent targets among control targets that answer: the silence is theirs */
static void silences_are_believed(void **state)
{
    (void)state;
    static const struct fake_script script = {.greet = only_controls_answer};
    for (unsigned workers = 1; workers <= 3; workers += 2) {
        struct small_sweep s;
        struct engine_figures figures;
        struct record records[TARGETS];
        char fault[ENGINE_FAULT_MAX], what[1][16];
        begin(&s, &script, 2);
        s.config.num_workers = workers;
        assert_int_equal(small_sweep_run(&s, &figures, fault), 0);
        assert_int_equal(figures.count[COUNT_DONE], TARGETS);
        assert_int_equal(figures.count[COUNT_OPEN], TARGETS); /* control targets are not counted */
        assert_false(figures.cut_off);
        small_sweep_records(&s, records, TARGETS);
        for (size_t i = 0; i < TARGETS; i++) {
            assert_false(is_control(records[i].addr));
            assert_int_equal(records[i].stage, STAGE_GREETING);
            assert_int_equal(records[i].cause, CAUSE_TIMEOUT);
            assert_int_equal(num_visits((uint32_t)records[i].addr.lo), 1);
        }
        small_sweep_events(&s, what, 1);
        assert_string_equal(what[0], "go-on");
        end(&s);
    }
}

/* silences in doubt have filled the queue: control targets are asked all the same, before those that
 * wait for room */
static void full_queue(void **state)
{
    (void)state;
    static const struct fake_script script = {.greet = only_controls_answer};
    for (unsigned workers = 1; workers <= 3; workers += 2) {
        struct small_sweep s;
        struct engine_figures figures;
        struct record records[TARGETS];
        char fault[ENGINE_FAULT_MAX];
        begin(&s, &script, 1);
        s.config.num_workers = workers;
        s.config.step_ns = 10 * MS;
        struct engine *e = small_sweep_start(&s);
        atomic_fetch_add(&e->queue.bytes, e->queue.max);
        do {
            engine_figures(e, &figures);
            sched_yield();
        } while (figures.count[COUNT_STARTED] < TARGETS + 3);
        assert_true(figures.count[COUNT_DONE] < TARGETS);
        atomic_fetch_sub(&e->queue.bytes, e->queue.max);
        assert_int_equal(small_sweep_join(e, &figures, fault), 0);
        assert_int_equal(figures.queue_bytes, 0);
        small_sweep_records(&s, records, TARGETS);
        end(&s);
    }
}

/* ---- cut off, for a while ---- */

/* the control target answers at first, then not, then again; a target is silent meanwhile */
static const char *cut_off_for_a_while(struct addr to, unsigned n)
{
    if (is_control(to))
        return n == 0 || n > 3 ? "220 hi\r\n" : NULL;
    return n == 0 ? NULL : "554 no\r\n";
}

static void silences_of_our_own(void **state)
{
    (void)state;
    static const struct fake_script script = {.greet = cut_off_for_a_while};
    struct small_sweep s;
    struct engine_figures figures;
    struct record records[TARGETS];
    char fault[ENGINE_FAULT_MAX], what[3][16];
    begin(&s, &script, 1);
    assert_int_equal(small_sweep_run(&s, &figures, fault), 0);
    assert_int_equal(figures.count[COUNT_DONE], TARGETS);
    small_sweep_records(&s, records, TARGETS);
    for (size_t i = 0; i < TARGETS; i++) {
        assert_int_equal(records[i].cause, CAUSE_REJECTED);
        assert_int_equal(records[i].num_attempts, 0); /* as if it had not been */
        assert_int_equal(num_visits((uint32_t)records[i].addr.lo), 2);
    }
    small_sweep_events(&s, what, 3);
    assert_string_equal(what[0], "go-on");
    assert_string_equal(what[1], "pause");
    assert_string_equal(what[2], "go-on");
    end(&s);
}

/* ---- control targets that cannot be asked ---- */

static const char *all_answer(struct addr to, unsigned n)
{
    (void)to;
    (void)n;
    return "554 no\r\n";
}

/* with no route to any of them nothing could be learned, for ever: that is told as a fault */
static void no_route(void **state)
{
    (void)state;
    static const int errnums[] = {ENETUNREACH, EHOSTUNREACH, EACCES, EADDRNOTAVAIL};
    for (size_t i = 0; i < LENGTH(errnums); i++) {
        struct fake_script script = {.connect_errnum = errnums[i],
                                     .num_failures = 1000000,
                                     .fails_for = CONTROL,
                                     .greet = all_answer};
        struct small_sweep s;
        struct engine_figures figures;
        char fault[ENGINE_FAULT_MAX];
        begin(&s, &script, 1);
        s.config.patience_ns = 50 * MS;
        assert_int_equal(small_sweep_run(&s, &figures, fault), -errnums[i]);
        assert_non_null(strstr(fault, "127.0.0.200"));
        assert_int_equal(figures.count[COUNT_STARTED], 0); /* it never began */
        assert_int_equal(figures.count[COUNT_DONE], 0);
        small_sweep_records(&s, NULL, 0);
        end(&s);
    }
}

/* one of two without a route is passed over */
static void one_without_a_route(void **state)
{
    (void)state;
    static const struct fake_script script = {.connect_errnum = ENETUNREACH,
                                              .num_failures = 1000000,
                                              .fails_for = CONTROL,
                                              .greet = all_answer};
    struct small_sweep s;
    struct engine_figures figures;
    struct record records[TARGETS];
    char fault[ENGINE_FAULT_MAX];
    begin(&s, &script, 2);
    s.config.patience_ns = 50 * MS;
    assert_int_equal(small_sweep_run(&s, &figures, fault), 0);
    assert_int_equal(figures.count[COUNT_DONE], TARGETS);
    small_sweep_records(&s, records, TARGETS);
    end(&s);
}

/* a network that is full has no place for a control target either: it is asked another time */
static void full_network(void **state)
{
    (void)state;
    static const struct fake_script script = {.greet = only_controls_answer};
    struct small_sweep s;
    struct engine_figures figures;
    struct record records[TARGETS];
    char fault[ENGINE_FAULT_MAX];
    begin(&s, &script, 2);
    s.networks.limit[NETWORK_PREFIX].max_in_flight = 1;
    assert_int_equal(small_sweep_run(&s, &figures, fault), 0);
    assert_int_equal(fake_net_most_open_of_all(), 1);
    small_sweep_records(&s, records, TARGETS);
    for (size_t i = 0; i < TARGETS; i++)
        assert_int_equal(records[i].cause, CAUSE_TIMEOUT);
    end(&s);
}

/* ---- stops ---- */

/* silences that nothing was decided about stay open; so does what was not begun */
static void stopped_in_doubt(void **state)
{
    (void)state;
    static const struct fake_script script = {.greet = cut_off_for_a_while};
    struct small_sweep s;
    struct engine_figures figures;
    char fault[ENGINE_FAULT_MAX];
    begin(&s, &script, 1);
    s.config.wait_ns[WAIT_REPLY] = 3600 * UINT64_C(1000) * MS; /* nobody gives up */
    struct engine *e = small_sweep_start(&s);
    do {
        engine_figures(e, &figures);
        sched_yield();
    } while (figures.in_flight < TARGETS + 1);
    engine_stop(e, ENGINE_ABORT);
    assert_int_equal(small_sweep_join(e, &figures, fault), 0);
    assert_int_equal(figures.count[COUNT_DONE], 0);
    small_sweep_records(&s, NULL, 0);
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hopeless),
        cmocka_unit_test(silences_are_believed),
        cmocka_unit_test(controls_in_one_network),
        cmocka_unit_test(full_queue),
        cmocka_unit_test(silences_of_our_own),
        cmocka_unit_test(no_route),
        cmocka_unit_test(one_without_a_route),
        cmocka_unit_test(full_network),
        cmocka_unit_test(stopped_in_doubt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
