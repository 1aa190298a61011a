/* Probes under a kernel that fails: each errno, injected where it happens, ends in the record, or the retry, that it must. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "fake_net.h"
#include "small_sweep.h"

struct finding {
    const char *name;
    struct fake_script script;
    enum stage stage;
    enum cause cause;
    uint16_t smtp_code;
    unsigned num_ours;
};

static const struct finding findings[] = {
    {"refused", {.pending_errnum = ECONNREFUSED}, STAGE_CONNECT, CAUSE_REFUSED, 0, 0},
    {"kernel gives up", {.pending_errnum = ETIMEDOUT}, STAGE_CONNECT, CAUSE_TIMEOUT, 0, 0},
    {"no such network",
     {.pending_errnum = ENETUNREACH},
     STAGE_CONNECT,
     CAUSE_NET_UNREACHABLE,
     0,
     0},
    {"no such host", {.pending_errnum = EHOSTUNREACH}, STAGE_CONNECT, CAUSE_HOST_UNREACHABLE, 0, 0},
    {"prohibited", {.pending_errnum = EACCES}, STAGE_CONNECT, CAUSE_ADMIN_PROHIBITED, 0, 0},
    {"an odd code of ICMP",
     {.pending_errnum = ENONET},
     STAGE_CONNECT,
     CAUSE_HOST_UNREACHABLE,
     0,
     0},
    {"connected and reset at once",
     {.pending_errnum = ECONNRESET, .steps = {{NULL, ECONNRESET}}},
     STAGE_GREETING,
     CAUSE_RESET,
     0,
     0},
    {"connected, told to go away, and reset at once",
     {.pending_errnum = ECONNRESET, .steps = {{"554 go away\r\n", 0}, {NULL, 0}}},
     STAGE_GREETING,
     CAUSE_REJECTED,
     554,
     0},
    {"refused while connecting",
     {.connect_errnum = ECONNREFUSED, .num_failures = 1},
     STAGE_CONNECT,
     CAUSE_REFUSED,
     0,
     0},
    {"reset before the greeting",
     {.steps = {{NULL, ECONNRESET}}},
     STAGE_GREETING,
     CAUSE_RESET,
     0,
     0},
    {"host lost", {.steps = {{NULL, EHOSTUNREACH}}}, STAGE_GREETING, CAUSE_HOST_UNREACHABLE, 0, 0},
    {"interrupted reads",
     {.steps = {{NULL, EINTR}, {NULL, EAGAIN}, {NULL, 0}}},
     STAGE_GREETING,
     CAUSE_CLOSED,
     0,
     0},
    {"reset after EHLO",
     {.steps = {{"220 hi\r\n", 0}, {NULL, ECONNRESET}}},
     STAGE_EHLO,
     CAUSE_RESET,
     220,
     0},
    {"a write fails, then the end",
     {.send_errnum = EPIPE, .steps = {{"220 hi\r\n", 0}, {NULL, 0}}},
     STAGE_EHLO,
     CAUSE_RESET,
     220,
     0},
    {"a write fails, but there was more to read",
     {.send_errnum = ECONNRESET, .steps = {{"220 hi\r\n", 0}, {"421 bye\r\n", 0}, {NULL, 0}}},
     STAGE_EHLO,
     CAUSE_THROTTLED,
     421,
     0},
    {"no descriptors twice",
     {.socket_errnum = EMFILE, .num_failures = 2, .steps = {{NULL, 0}}},
     STAGE_GREETING,
     CAUSE_CLOSED,
     0,
     2},
    {"no descriptors in the system",
     {.socket_errnum = ENFILE, .num_failures = 1, .steps = {{NULL, 0}}},
     STAGE_GREETING,
     CAUSE_CLOSED,
     0,
     1},
    {"no local port",
     {.connect_errnum = EADDRNOTAVAIL, .num_failures = 1, .steps = {{NULL, 0}}},
     STAGE_GREETING,
     CAUSE_CLOSED,
     0,
     1},
    {"no buffers",
     {.connect_errnum = ENOBUFS, .num_failures = 3, .steps = {{NULL, 0}}},
     STAGE_GREETING,
     CAUSE_CLOSED,
     0,
     3},
    {"no route from here",
     {.connect_errnum = ENETUNREACH, .num_failures = 1, .steps = {{NULL, 0}}},
     STAGE_GREETING,
     CAUSE_CLOSED,
     0,
     1},
    {"our own firewall",
     {.connect_errnum = EPERM, .num_failures = 1, .steps = {{NULL, 0}}},
     STAGE_GREETING,
     CAUSE_CLOSED,
     0,
     1},
    {"no memory while reading",
     {.steps = {{NULL, ENOMEM}, {NULL, 0}}},
     STAGE_GREETING,
     CAUSE_CLOSED,
     0,
     1},
};

static void test_findings(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof findings / sizeof findings[0]; i++) {
        const struct finding *c = &findings[i];
        struct small_sweep s;
        struct engine_figures figures;
        char fault[ENGINE_FAULT_MAX];
        print_message("%s\n", c->name);
        fake_net_begin(&c->script);
        small_sweep_begin(&s, "127.0.0.1", NULL);
        assert_int_equal(small_sweep_run(&s, &figures, fault), 0);
        struct record r;
        small_sweep_records(&s, &r, 1);
        assert_string_equal(stage_slug(r.stage), stage_slug(c->stage));
        assert_string_equal(cause_slug(r.cause), cause_slug(c->cause));
        assert_int_equal(r.smtp_code, c->smtp_code);
        assert_int_equal(figures.count[COUNT_OURS], c->num_ours);
        assert_int_equal(figures.count[COUNT_DONE], 1);
        small_sweep_end(&s);
    }
}

/* a host that cannot open any connection stops the sweep; nothing is recorded about the target */
static void test_patience(void **state)
{
    (void)state;
    static const struct fake_script no_ports = {.connect_errnum = EADDRNOTAVAIL,
                                                .num_failures = 1000};
    struct small_sweep s;
    struct engine_figures figures;
    struct dataset_totals totals;
    char fault[ENGINE_FAULT_MAX];
    fake_net_begin(&no_ports);
    small_sweep_begin(&s, "127.0.0.1", NULL);
    s.config.patience_ns = 0;
    assert_int_equal(small_sweep_run(&s, &figures, fault), -EADDRNOTAVAIL);
    assert_non_null(strstr(fault, "address not available"));
    assert_int_equal(figures.count[COUNT_DONE], 0);
    dataset_writer_totals(s.dataset, &totals);
    assert_int_equal(totals.positions, 0);
    small_sweep_end(&s);
}

/* one target that cannot be reached from here, among others that can, is a finding about it in the
 * end; alone, or with a fault that is no route's, it would not be */
static void test_unroutable(void **state)
{
    (void)state;
    static const struct {
        int errnum;
        enum cause cause;
    } cases[] = {{ENETUNREACH, CAUSE_NET_UNREACHABLE},
                 {EHOSTUNREACH, CAUSE_HOST_UNREACHABLE},
                 {EACCES, CAUSE_ADMIN_PROHIBITED},
                 {EPERM, CAUSE_ADMIN_PROHIBITED},
                 {EINVAL, CAUSE_NET_UNREACHABLE}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fake_script script = {
            .connect_errnum = cases[i].errnum, .num_failures = 1000, .fails_for = 0x7f000002};
        struct small_sweep s;
        struct engine_figures figures;
        struct record records[4];
        char fault[ENGINE_FAULT_MAX];
        fake_net_begin(&script);
        small_sweep_begin(&s, "127.0.0.0/30", NULL);
        s.config.max_in_flight = 1;
        assert_int_equal(small_sweep_run(&s, &figures, fault), 0);
        small_sweep_records(&s, records, 4);
        for (size_t k = 0; k < 4; k++) {
            bool bad = addr_cmp(records[k].addr, addr_v4(script.fails_for)) == 0;
            assert_int_equal(records[k].stage, bad ? STAGE_CONNECT : STAGE_GREETING);
            assert_int_equal(records[k].cause, bad ? cases[i].cause : CAUSE_CLOSED);
            assert_int_equal(records[k].errnum, bad ? cases[i].errnum : 0);
        }
        assert_int_equal(figures.count[COUNT_OURS], 3);
        small_sweep_end(&s);
    }
}

/* a target that a later blocklist names is recorded as such and not connected to */
static void test_blocked(void **state)
{
    (void)state;
    static const struct fake_script no_calls = {.socket_errnum = EMFILE, .num_failures = 1000};
    struct small_sweep s;
    struct engine_figures figures;
    struct prefix_set block;
    struct addr_range range = {addr_v4(0x7f000000), addr_v4(0x7f0000ff)};
    char fault[ENGINE_FAULT_MAX];
    prefix_set_init(&block);
    assert_int_equal(prefix_set_add(&block, range), 0);
    prefix_set_seal(&block);
    fake_net_begin(&no_calls);
    small_sweep_begin(&s, "127.0.0.1", NULL);
    s.config.filter = filter_new(NULL, &block, NULL);
    assert_int_equal(small_sweep_run(&s, &figures, fault), 0);
    struct record r;
    small_sweep_records(&s, &r, 1);
    assert_int_equal(r.stage, STAGE_CONNECT);
    assert_int_equal(r.cause, CAUSE_BLOCKED);
    assert_int_equal(figures.count[COUNT_STARTED], 0);
    assert_int_equal(figures.count[COUNT_DONE], 1);
    small_sweep_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_findings),
        cmocka_unit_test(test_patience),
        cmocka_unit_test(test_unroutable),
        cmocka_unit_test(test_blocked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
