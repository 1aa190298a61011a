/*
 * probe, the socket before it is connected: options as configured, our own addresses in turn, each
 * with its index in the record; and what fails on the way to connect() is a fault of ours, whatever
 * the errno: never a finding about the target.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "fake_net.h"
#include "small_sweep.h"

#define LENGTH(a) (sizeof(a) / sizeof(a)[0])

static const struct fake_script all_close = {.num_failures = 0};
static const char THREE[] = "127.0.0.11,127.0.0.12,127.0.0.13";

static const struct fake_connection *only_connection(void)
{
    const struct fake_connection *c;
    assert_int_equal(fake_net_connections(&c), 1);
    return c;
}

/* ---- options ---- */

static void options(void **state)
{
    (void)state;
    static const struct {
        const char *target, *sources;
        int syncnt;
        bool is_bound;
    } cases[] = {
        {"127.0.0.1", NULL, 0, false},
        {"127.0.0.1", NULL, 3, false},
        {"127.0.0.1", "127.0.0.9", 0, true},
        {"127.0.0.1", "127.0.0.9", 1, true},
        {"2001:db8::1", "::1", 2, true},
        {"2001:db8::1", "127.0.0.9,::1", 2, true},
        {"2001:db8::1", NULL, 2, false},
        {"2001:db8::1", "127.0.0.9", 2, false}, /* plan refuses this: none of that family */
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct small_sweep s;
        struct engine_figures figures;
        struct record r;
        char fault[ENGINE_FAULT_MAX];
        fake_net_begin(&all_close);
        small_sweep_begin(&s, cases[i].target, cases[i].sources);
        s.config.syncnt = cases[i].syncnt;
        assert_int_equal(small_sweep_run(&s, &figures, fault), 0);
        const struct fake_connection *c = only_connection();
        assert_int_equal(c->syncnt, cases[i].syncnt);
        assert_int_equal(c->is_bound, cases[i].is_bound);
        assert_int_equal(c->shares_port, cases[i].is_bound); /* peers may share a local port */
        small_sweep_records(&s, &r, 1);
        assert_int_equal(r.cause, CAUSE_CLOSED);
        if (cases[i].is_bound)
            assert_true(addr_cmp(c->from, s.sources.addrs[r.source]) == 0);
        assert_int_equal(figures.count[COUNT_OURS], 0);
        small_sweep_end(&s);
    }
}

/* ---- sources ---- */

/* each address is used for as many targets as the others, and the record says which it was */
static void in_turn(void **state)
{
    (void)state;
    struct small_sweep s;
    struct engine_figures figures;
    static struct record records[30];
    char fault[ENGINE_FAULT_MAX];
    unsigned num[3] = {0};
    fake_net_begin(&all_close);
    small_sweep_begin(&s, "127.0.0.64-127.0.0.93", THREE);
    assert_int_equal(small_sweep_run(&s, &figures, fault), 0);
    const struct fake_connection *c;
    assert_int_equal(fake_net_connections(&c), 30);
    small_sweep_records(&s, records, 30);
    for (size_t i = 0; i < 30; i++) {
        size_t k = 0;
        while (k < 30 && addr_cmp(c[k].to, records[i].addr) != 0)
            k++;
        assert_true(k < 30 && records[i].source < 3);
        assert_true(addr_cmp(c[k].from, s.sources.addrs[records[i].source]) == 0);
        assert_int_equal(records[i].source, records[i].position % 3);
        num[records[i].source]++;
    }
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(num[i], 10);
    small_sweep_end(&s);
}

/* each family has its own turn */
static void both_families(void **state)
{
    (void)state;
    struct small_sweep s;
    struct engine_figures figures;
    static struct record records[16];
    char fault[ENGINE_FAULT_MAX];
    fake_net_begin(&all_close);
    small_sweep_begin(&s, "127.0.0.64/29 2001:db8::40/125", "::1,127.0.0.11,127.0.0.12");
    assert_int_equal(small_sweep_run(&s, &figures, fault), 0);
    const struct fake_connection *c;
    assert_int_equal(fake_net_connections(&c), 16);
    for (size_t i = 0; i < 16; i++)
        assert_true(c[i].is_bound && addr_is_v4(c[i].to) == addr_is_v4(c[i].from));
    small_sweep_records(&s, records, 16);
    for (size_t i = 0; i < 16; i++)
        assert_int_equal(records[i].source,
                         addr_is_v4(records[i].addr) ? 1 + records[i].position % 2 : 0);
    small_sweep_end(&s);
}

static const char *later_twice(struct addr to, unsigned n)
{
    (void)to;
    return n < 2 ? "421 later\r\n" : "554 no\r\n";
}

/* a target that asks to be visited later is visited from the next one */
static void another_in_a_retry(void **state)
{
    (void)state;
    static const struct fake_script later = {.greet = later_twice};
    struct small_sweep s;
    struct engine_figures figures;
    struct record r;
    char fault[ENGINE_FAULT_MAX];
    fake_net_begin(&later);
    small_sweep_begin(&s, "127.0.0.64", THREE);
    s.config.retries = 3;
    assert_int_equal(small_sweep_run(&s, &figures, fault), 0);
    const struct fake_connection *c;
    assert_int_equal(fake_net_connections(&c), 3);
    for (size_t i = 0; i < 3; i++)
        assert_true(addr_cmp(c[i].from, s.sources.addrs[i]) == 0);
    small_sweep_records(&s, &r, 1);
    assert_int_equal(r.source, 2);
    assert_int_equal(r.num_attempts, 2);
    small_sweep_end(&s);
}

/* ---- faults on the way to connect() ---- */

static const int errnums[] = {EADDRNOTAVAIL, EADDRINUSE, EMFILE,     EINVAL,
                              EACCES,        EPERM,      ENETUNREACH};

/* more often than a finding about the target takes */
enum { FAILURES = 4 };

static void check_put_back(const struct fake_script *script, const char *what, int errnum)
{
    struct small_sweep s;
    struct engine_figures figures;
    struct record r;
    char fault[ENGINE_FAULT_MAX];
    fake_net_begin(script);
    small_sweep_begin(&s, "127.0.0.64", "127.0.0.11");
    s.config.syncnt = 2;
    assert_int_equal(small_sweep_run(&s, &figures, fault), 0);
    small_sweep_records(&s, &r, 1);
    if (r.stage != STAGE_GREETING || r.cause != CAUSE_CLOSED || r.errnum != 0)
        fail_msg("%s, %s: is recorded as %s/%s", what, strerror(errnum), stage_slug(r.stage),
                 cause_slug(r.cause));
    assert_int_equal(figures.count[COUNT_OURS], FAILURES);
    assert_int_equal(figures.count[COUNT_STARTED], 1);
    assert_int_equal(figures.count[COUNT_DONE], 1);
    assert_int_equal(r.num_attempts, 0); /* a fault of ours is no attempt */
    only_connection();
    small_sweep_end(&s);
}

static void socket_fails(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(errnums); i++)
        check_put_back(&(struct fake_script){.socket_errnum = errnums[i], .num_failures = FAILURES},
                       "socket", errnums[i]);
}

static void option_fails(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(errnums); i++)
        check_put_back(&(struct fake_script){.option_errnum = errnums[i], .num_failures = FAILURES},
                       "option", errnums[i]);
}

static void bind_fails(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(errnums); i++)
        check_put_back(&(struct fake_script){.bind_errnum = errnums[i], .num_failures = FAILURES},
                       "bind", errnums[i]);
}

/* an address that has gone from this host stops the sweep in the end, and nothing is recorded */
static void source_is_gone(void **state)
{
    (void)state;
    static const int gone[] = {EADDRNOTAVAIL, EACCES, EINVAL};
    for (size_t i = 0; i < LENGTH(gone); i++) {
        struct fake_script script = {.bind_errnum = gone[i], .num_failures = 100000};
        struct small_sweep s;
        struct engine_figures figures;
        char fault[ENGINE_FAULT_MAX];
        fake_net_begin(&script);
        small_sweep_begin(&s, "127.0.0.64/30", "127.0.0.11");
        s.config.patience_ns = 50000000;
        assert_int_equal(small_sweep_run(&s, &figures, fault), -gone[i]);
        assert_non_null(strstr(fault, "no connection can be started from here"));
        assert_int_equal(figures.count[COUNT_DONE], 0);
        small_sweep_records(&s, NULL, 0);
        small_sweep_end(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options),       cmocka_unit_test(in_turn),
        cmocka_unit_test(both_families), cmocka_unit_test(another_in_a_retry),
        cmocka_unit_test(socket_fails),  cmocka_unit_test(option_fails),
        cmocka_unit_test(bind_fails),    cmocka_unit_test(source_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
