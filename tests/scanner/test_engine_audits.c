/*
 * engine: a target's record waits for its audits, and is there once, with what they found; a stop
 * among them leaves the target open, and nothing behind. The fake peer's handshakes are reset: one
 * is enough for a record that audits can go on from.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <sched.h>

#include "core/audit.h"
#include "fake_net.h"
#include "small_sweep.h"

#define S UINT64_C(1000000000)

/* a session up to its handshake; then nobody greets any more */
#define FIRST_SESSION                                                                              \
    {"220 mx.example.com\r\n", 0}, {"250-mx.example.com\r\n250 STARTTLS\r\n", 0},                  \
        {"220 go ahead\r\n", 0}, {NULL, EAGAIN},                                                   \
    {                                                                                              \
        NULL, ECONNRESET                                                                           \
    }

static void begin(struct small_sweep *s, bool streamed, uint64_t delay_ns)
{
    if (streamed)
        small_sweep_begin_stream(s, "127.0.0.64,mx.example.com,tag\n");
    else
        small_sweep_begin(s, "127.0.0.64", NULL);
    s->config.audits = AUDIT_BITS_LIST;
    s->config.audit_delay_ns = delay_ns;
}

/* two connections in a row that come to no hello end the audits; the record is the first session's */
static void to_the_end(void **state)
{
    (void)state;
    static const struct fake_script script = {.steps = {FIRST_SESSION, {NULL, 0}, {NULL, 0}}};
    for (unsigned streamed = 0; streamed < 2; streamed++) {
        struct small_sweep s;
        struct engine_figures figures;
        struct record r;
        char fault[ENGINE_FAULT_MAX];
        fake_net_begin(&script);
        begin(&s, streamed == 1, S / 1000);
        assert_int_equal(small_sweep_run(&s, &figures, fault), 0);
        small_sweep_records(&s, &r, 1);
        assert_int_equal(r.stage, STAGE_HANDSHAKE);
        assert_int_equal(r.cause, CAUSE_RESET);
        assert_int_equal(figures.count[COUNT_STARTED], 3);
        assert_int_equal(figures.count[COUNT_AUDITS], 2);
        assert_int_equal(figures.count[COUNT_STARTTLS], 1);
        assert_int_equal(figures.count[COUNT_DONE], 1);
        assert_int_equal(figures.num_unsettled, 0);
        small_sweep_end(&s);
    }
}

static void wait_for_pending(struct engine *e)
{
    struct engine_figures figures;
    do {
        sched_yield();
        engine_figures(e, &figures);
    } while (figures.count[COUNT_STARTED] < 1 || figures.in_flight > 0);
}

/* what waits is freed, as the leak checker sees, and the target is open */
static void stopped(bool streamed, enum engine_stop stop)
{
    static const struct fake_script script = {.steps = {FIRST_SESSION}};
    struct small_sweep s;
    struct engine_figures figures;
    struct dataset_totals totals;
    char fault[ENGINE_FAULT_MAX];
    fake_net_begin(&script);
    begin(&s, streamed, 3600 * S);
    struct engine *e = small_sweep_start(&s);
    wait_for_pending(e);
    engine_stop(e, stop);
    assert_int_equal(small_sweep_join(e, &figures, fault), 0);
    assert_int_equal(figures.count[COUNT_DONE], 0);
    assert_int_equal(figures.num_unsettled, 1);
    dataset_writer_totals(s.dataset, &totals);
    assert_int_equal(totals.positions, 0);
    small_sweep_end(&s);
}

static void stopped_among_them(void **state)
{
    (void)state;
    for (unsigned streamed = 0; streamed < 2; streamed++) {
        stopped(streamed == 1, ENGINE_DRAIN);
        stopped(streamed == 1, ENGINE_ABORT);
    }
}

/* after a fault of ours in mid-audit the same connection is made once more */
static void fault_of_ours(void **state)
{
    (void)state;
    static const struct fake_script script = {
        .steps = {FIRST_SESSION, {NULL, ENOMEM}, {NULL, 0}, {NULL, 0}}};
    for (unsigned streamed = 0; streamed < 2; streamed++) {
        struct small_sweep s;
        struct engine_figures figures;
        struct record r;
        char fault[ENGINE_FAULT_MAX];
        fake_net_begin(&script);
        begin(&s, streamed == 1, S / 1000);
        assert_int_equal(small_sweep_run(&s, &figures, fault), 0);
        small_sweep_records(&s, &r, 1);
        assert_int_equal(figures.count[COUNT_OURS], 1);
        assert_int_equal(figures.count[COUNT_STARTED], 4);
        assert_int_equal(figures.count[COUNT_DONE], 1);
        small_sweep_end(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(to_the_end),
        cmocka_unit_test(stopped_among_them),
        cmocka_unit_test(fault_of_ours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
