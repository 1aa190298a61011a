/*
 * plan: our own addresses, the limits of networks and their shares, control targets, and what is
 * filtered late because no target space was cleaned of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "attempt.h"

#define S         UINT64_C(1000000000)
#define LENGTH(a) (sizeof(a) / sizeof(a)[0])

static void put_addresses(const char *name, unsigned num)
{
    char text[ATTEMPT_COMMAND_MAX];
    size_t len = 0;
    for (unsigned i = 0; i < num; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "127.0.1.%u\n", i);
    assert_true(len < sizeof text);
    attempt_put_file(name, text);
}

static int set_up(void **state)
{
    if (attempt_set_up(state) != 0)
        return -1;
    attempt_put_file("empty", "");
    attempt_put_file("bad", "127.0.0.1\nnonsense,,,\n");
    attempt_put_file("names", "127.0.0.1\nmx.example.com\n");
    attempt_put_file("twice", "127.0.0.8\n127.0.0.9\n127.0.0.8\n::1 # and this\n");
    attempt_put_file("wide", "127.0.1.0/24\n");
    attempt_put_file("endless", "2001:db8::/32\n");
    attempt_put_file("odd-port", "open tcp 587 127.0.0.1 1700000000\n");
    attempt_put_file("one", "127.0.0.8,mx.example.com\n");
    attempt_put_file("block", "198.51.100.0/24\n2001:db8:1::/48\n");
    attempt_put_file("allow", "198.51.100.0/25\n203.0.113.0/24\n127.0.0.1\n");
    attempt_put_file("list", "127.0.0.1\n");
    put_addresses("most", 64);
    put_addresses("too-many", 65);
    return mkdir(attempt_path("folder"), 0700);
}

/* ---- our own addresses ---- */

static void bad_sources(void **state)
{
    (void)state;
    static const struct refusal cases[] = {
        {"-o @out --include-special 127.0.0.1 --source-ip 192.0.2.1",
         "--source-ip 192.0.2.1:", "addresses of this host"},
        {"-o @out --include-special 127.0.0.1 --source-ip 127.0.0.2,192.0.2.1",
         "--source-ip 192.0.2.1:", "addresses of this host"},
        {"-o @out --include-special 127.0.0.1 --source-ip here",
         "--source-ip here:", "is no address"},
        {"-o @out --include-special 127.0.0.1 --source-ip 127.0.0.2,127.0.0.2",
         "--source-ip 127.0.0.2:", "twice"},
        {"-o @out --include-special 127.0.0.1 ::1 --source-ip 127.0.0.2", "none of them is IPv6",
         "add one"},
        {"-o @out --include-special 127.0.0.1 ::1 --source-ip ::1", "none of them is IPv4",
         "add one"},
        {"-o @out --include-special 127.0.0.1 --ehlo-name a,b --source-ip 127.0.0.2",
         "2 names for 1 addresses", "in the same order"},
        {"-o @out --include-special 127.0.0.1 --ehlo-name a,b", "2 names for 0 addresses",
         "one name for all"},
        /* off loopback names are qualified, each of them */
        {"-o @out --include-special 192.0.2.1 --ehlo-name a.b,c --source-ip 127.0.0.2,127.0.0.3",
         "--ehlo-name c:", "fully qualified"},
        {"-o @out --stream -i @list", "--ehlo-name: not given", "resolves to"},
        {"-o @out --stream -i @list --ehlo-name box", "--ehlo-name box:", "fully qualified"},
        {"-o @out mx.example.com", "--ehlo-name: not given", "resolves to"},
        {"-o @out --stream -i @list --ehlo-name a.b --source-ip 192.0.2.1",
         "--source-ip 192.0.2.1:", "addresses of this host"},
        {"-o @out mx.example.com --ehlo-name a.b --dns-servers nonsense",
         "--dns-servers: ", "nonsense"},
        {"-o @out 127.0.0.1 --include-special --dns-servers 192.0.2.1,192.0.2.2:0",
         "--dns-servers: ", "192.0.2.2:0"},
    };
    attempt_refused(cases, LENGTH(cases), true);
}

/* which families host names are resolved to is what we can connect from */
static void good_sources(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        size_t num, num_names;
        bool want4, want6;
    } cases[] = {
        {"127.0.0.1", 0, 1, true, true},
        {"127.0.0.1 --source-ip 127.0.0.2", 1, 1, true, false},
        {"127.0.0.1 --source-ip 127.0.0.2,127.0.0.3 --ehlo-name a,b", 2, 2, true, false},
        {"127.0.0.1 ::1 --source-ip 127.0.0.2,::1", 2, 1, true, true},
        {"::1 --source-ip ::1", 1, 1, false, true},
        {"mx.example.com --ehlo-name a.b --source-ip ::1", 1, 1, false, true},
        {"mx.example.com --ehlo-name a.b", 0, 1, true, true},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct attempted a;
        char line[ATTEMPT_COMMAND_MAX];
        snprintf(line, sizeof line, "-o @out --include-special --dns-servers 192.0.2.53 %s",
                 cases[i].line);
        attempt_good(&a, line);
        if (a.plan.sources.num != cases[i].num || a.plan.sources.num_names != cases[i].num_names ||
            a.plan.resolver.want4 != cases[i].want4 || a.plan.resolver.want6 != cases[i].want6)
            fail_msg("%s: is something else", line);
        assert_string_equal(a.plan.resolver.servers, "192.0.2.53");
        attempt_end(&a);
        attempt_remove("out");
    }
}

/* who only looks need not be able to connect */
static void dry_runs_need_little(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "--dry-run 8.8.8.8",
        "--dry-run 8.8.8.8 --source-ip 192.0.2.1",
        "--dry-run 8.8.8.8 --control @nothing-here",
        "--dry-run 8.8.8.8 --asn-db @nothing-here --as-rate 5",
        "--dry-run --stream -i @list",
    };
    for (size_t i = 0; i < LENGTH(lines); i++) {
        struct attempted a;
        attempt_good(&a, lines[i]);
        assert_null(a.plan.dataset);
        assert_null(a.plan.control);
        assert_null(a.plan.asdb);
        attempt_end(&a);
    }
}

/* ---- limits ---- */

struct limits_case {
    const char *line;
    uint64_t step_ns, prefix_step_ns, as_step_ns;
    uint32_t host_in_flight, prefix_in_flight;
};

static void limits(void **state)
{
    (void)state;
    static const struct limits_case cases[] = {
        {"127.0.0.0/29", S / 100, S / 10, 0, 0, 64},
        {"127.0.0.0/29 -r 5 --prefix-rate 2/m --prefix-in-flight 3", S / 5, 30 * S, 0, 0, 3},
        {"127.0.0.0/29 -r 0 --prefix-rate 0 --prefix-in-flight 0", 0, 0, 0, 0, 0},
        /* shards share what is meant for the sweep */
        {"127.0.0.0/29 --shards 4 --shard 0", S / 25, 4 * S / 10, 0, 0, 16},
        {"127.0.0.0/29 --shards 3 --shard 0 --prefix-in-flight 4", 3 * S / 100, 3 * S / 10, 0, 0,
         2},
        {"127.0.0.0/29 --shards 3 --shard 1 --prefix-in-flight 4", 3 * S / 100, 3 * S / 10, 0, 0,
         1},
        {"127.0.0.0/29 --shards 8 --shard 7 --prefix-in-flight 2", 8 * S / 100, 8 * S / 10, 0, 0,
         1},
        {"127.0.0.0/29 --shards 4294967295 --shard 0 -r 1/h --prefix-rate 1/h", INT64_MAX,
         INT64_MAX, 0, 0, 1},
        /* one session at a time where a host may be there twice */
        {"127.0.0.0/29 -p 25,587", S / 100, S / 10, 0, 1, 64},
        {"127.0.0.1,a.example.com 127.0.0.1,b.example.com", S / 100, S / 10, 0, 1, 64},
        {"127.0.0.1,a.example.com 127.0.0.2,a.example.com", S / 100, S / 10, 0, 0, 64},
        {"127.0.0.1,a.example.com,x 127.0.0.2,a.example.com,y", S / 100, S / 10, 0, 0, 64},
        {"127.0.0.1 127.0.0.1,b.example.com", S / 100, S / 10, 0, 1, 64},
        {"127.0.0.1 mx.example.com --ehlo-name a.b", S / 100, S / 10, 0, 1, 64},
        {"mx.example.com --ehlo-name a.b", S / 100, S / 10, 0, 1, 64},
        {"--stream -i @list --ehlo-name a.b", S / 100, S / 10, 0, 1, 64},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        const struct limits_case *c = &cases[i];
        struct attempted a;
        char line[ATTEMPT_COMMAND_MAX];
        snprintf(line, sizeof line, "-o @out --include-special %s", c->line);
        attempt_good(&a, line);
        const struct network_limit *l = a.plan.networks.limit;
        if (a.plan.step_ns != c->step_ns || l[NETWORK_PREFIX].step_ns != c->prefix_step_ns ||
            l[NETWORK_AS].step_ns != c->as_step_ns ||
            l[NETWORK_HOST].max_in_flight != c->host_in_flight ||
            l[NETWORK_PREFIX].max_in_flight != c->prefix_in_flight)
            fail_msg("%s: %llu, %llu, %u, %u", line, (unsigned long long)a.plan.step_ns,
                     (unsigned long long)l[NETWORK_PREFIX].step_ns, l[NETWORK_HOST].max_in_flight,
                     l[NETWORK_PREFIX].max_in_flight);
        assert_true(l[NETWORK_HOST].step_ns == 0 && l[NETWORK_AS].max_in_flight == 0);
        attempt_end(&a);
        attempt_remove("out");
    }
}

static void networks(void **state)
{
    (void)state;
    struct attempted a;
    attempt_good(&a, "-o @out --include-special 127.0.0.1 --prefix-len 16,64 --retry-delay 90s");
    assert_int_equal(a.plan.networks.prefix_len4, 16);
    assert_int_equal(a.plan.networks.prefix_len6, 64);
    assert_true(a.plan.networks.retry_delay_ns == 90 * S);
    assert_true(a.plan.networks.max_entries >= NETWORKS_ENTRIES_MIN);
    assert_true(a.plan.networks.max_parked > 0);
    attempt_end(&a);
    attempt_remove("out");
    attempt_good(&a, "-o @out --include-special 127.0.0.1 --retries 0 --retry-delay 0");
    assert_true(a.plan.networks.retry_delay_ns >= 1000000); /* as networks want it */
    attempt_end(&a);
    attempt_remove("out");
}

static void bad_asn_db(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "-o @out --include-special 127.0.0.1 --as-rate 5 --asn-db @nothing-here",
        "-o @out --include-special 127.0.0.1 --as-rate 5 --asn-db @folder",
        "-o @out --include-special 127.0.0.1 --as-rate 5 --asn-db @list",
        "-o @out --include-special 127.0.0.1 --as-rate 5 --asn-db @empty",
    };
    for (size_t i = 0; i < LENGTH(lines); i++) {
        struct attempted a;
        attempt(&a, lines[i]);
        attempt_end(&a);
        if (a.rc >= 0 || strstr(a.err, "test_attempt.") == NULL)
            fail_msg("%s: %d, \"%s\"", lines[i], a.rc, a.err);
        assert_false(attempt_exists("out"));
    }
}

/* ---- control targets ---- */

static void bad_control(void **state)
{
    (void)state;
    static const struct refusal cases[] = {
        {"-o @out --include-special 127.0.0.1 --control @empty", "--control", "1 to 64 addresses"},
        {"-o @out --include-special 127.0.0.1 --control @names", "--control", "1 to 64 addresses"},
        {"-o @out --include-special 127.0.0.1 --control @wide", "--control", "1 to 64 addresses"},
        {"-o @out --include-special 127.0.0.1 --control @too-many", "--control",
         "1 to 64 addresses"},
        {"-o @out --include-special 127.0.0.1 --control @endless", "--control",
         "1 to 64 addresses"},
        {"-o @out --include-special 127.0.0.1 --control @bad", "bad:2:", ""},
        {"-o @out --include-special 127.0.0.1 --control @odd-port", "odd-port:1:", "port 587"},
    };
    attempt_refused(cases, LENGTH(cases), true);
    static const char *const unreadable[] = {
        "-o @out --include-special 127.0.0.1 --control @nothing-here",
        "-o @out --include-special 127.0.0.1 --control @folder",
    };
    for (size_t i = 0; i < LENGTH(unreadable); i++) {
        struct attempted a;
        attempt(&a, unreadable[i]);
        attempt_end(&a);
        assert_true(a.rc < 0);
        assert_non_null(strstr(a.err, "test_attempt."));
        assert_false(attempt_exists("out"));
    }
}

/* each address once, at the first port of the sweep; whatever is blocked, they are visited */
static void good_control(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        size_t num;
        uint16_t port;
    } cases[] = {
        {"127.0.0.1 --control @one", 1, 25},
        {"127.0.0.1 --control @one -p 2525,25", 1, 2525},
        {"127.0.0.1 --control @twice", 3, 25},
        {"127.0.0.1 --control @most", 64, 25},
        {"127.0.0.1 --control @most -w @list", 64, 25},
        {"--stream -i @list --ehlo-name a.b --control @one -p 587", 1, 587},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct attempted a;
        char line[ATTEMPT_COMMAND_MAX];
        size_t num = 0, asked;
        snprintf(line, sizeof line, "-o @out --include-special %s", cases[i].line);
        attempt_good(&a, line);
        assert_non_null(a.plan.control);
        for (struct errand *e; (e = control_take(a.plan.control, 5)) != NULL; num++)
            assert_int_equal(e->target.port, cases[i].port);
        assert_int_equal(num, cases[i].num);
        control_num_answered(a.plan.control, &asked);
        assert_int_equal(asked, cases[i].num);
        attempt_end(&a);
        attempt_remove("out");
    }
}

/* ---- filters ---- */

struct filter_case {
    const char *line;
    bool is_needed;          /* at the start */
    const char *refused[5];  /* then, and when the blocklist is read again */
    const char *allowed[5];  /* then */
    const char *reread_only; /* refused when it is read again, and only then */
};

static const struct filter_case filter_cases[] = {
    /* a space that was cleaned needs no filter; one that comes later holds the blocklist */
    {"203.0.113.1 --include-special", false, {NULL}, {"198.51.100.1", "127.0.0.1"}, NULL},
    {"203.0.113.1 --include-special -b @block", false, {NULL}, {"203.0.113.1"}, "198.51.100.1"},
    {"203.0.113.1 --include-special -w @allow", false, {NULL}, {"198.51.100.200"}, NULL},
    /* what comes from a stream, or from the DNS, was never looked at */
    {"--stream -i @list",
     true,
     {"127.0.0.1", "10.0.0.1", "::1", "fe80::1", "64:ff9b::127.0.0.1"},
     {"8.8.8.8", "2606:4700::1"},
     NULL},
    {"--stream -i @list --include-special", true, {NULL}, {"127.0.0.1", "198.51.100.1"}, NULL},
    {"--stream -i @list --include-special -b @block",
     true,
     {"198.51.100.1", "2001:db8:1::1", "2002:c633:6401::1"},
     {"127.0.0.1", "203.0.113.1"},
     NULL},
    {"--stream -i @list --include-special -w @allow",
     true,
     {"198.51.100.200", "8.8.8.8", "2001:db8::1"},
     {"198.51.100.1", "203.0.113.9", "127.0.0.1"},
     NULL},
    {"--stream -i @list -b @block -w @allow",
     true,
     {"198.51.100.1", "127.0.0.1", "8.8.8.8", "203.0.113.1"}, /* documentation is special */
     {NULL},
     NULL},
    {"mx.example.com", true, {"127.0.0.1", "::1"}, {"8.8.8.8"}, NULL},
    {"mx.example.com 8.8.8.8 -b @block", true, {"127.0.0.1", "198.51.100.1"}, {"8.8.8.8"}, NULL},
    {"mx.example.com --include-special -w @allow", true, {"8.8.8.8"}, {"203.0.113.1"}, NULL},
};

static bool refuses(const struct filter *f, const char *text)
{
    struct addr a = {0, 0};
    assert_true(addr_parse(&a, text, strlen(text)));
    return filter_refuses(f, a);
}

static void check_filter(const struct filter_case *c, struct attempted *a, bool reread)
{
    struct filter *f = NULL;
    uint8_t sha256[32];
    if (plan_filter(&a->plan, &f, sha256, a->err, &a->o, reread) != 0)
        fail_msg("%s: %s", c->line, a->err);
    assert_int_equal(f != NULL, c->is_needed || reread);
    assert_memory_equal(sha256, a->plan.block_sha256, 32);
    for (size_t i = 0; i < LENGTH(c->refused) && c->refused[i] != NULL; i++)
        if (!refuses(f, c->refused[i]))
            fail_msg("%s: %s is not refused", c->line, c->refused[i]);
    for (size_t i = 0; i < LENGTH(c->allowed) && c->allowed[i] != NULL; i++)
        if (refuses(f, c->allowed[i]))
            fail_msg("%s: %s is refused", c->line, c->allowed[i]);
    if (c->reread_only != NULL)
        assert_int_equal(refuses(f, c->reread_only), reread);
    filter_unref(f);
}

static void filters(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(filter_cases); i++) {
        struct attempted a;
        char line[ATTEMPT_COMMAND_MAX];
        snprintf(line, sizeof line, "-o @out --ehlo-name a.example.com %s", filter_cases[i].line);
        attempt_good(&a, line);
        check_filter(&filter_cases[i], &a, false);
        check_filter(&filter_cases[i], &a, true);
        attempt_end(&a);
        attempt_remove("out");
    }
}

/* the file as it is now, or an error and no filter */
static void filter_of_a_changed_file(void **state)
{
    (void)state;
    struct attempted a;
    struct filter *f = NULL;
    uint8_t sha256[32];
    attempt_put_file("changing", "198.51.100.0/24\n");
    attempt_good(&a, "-o @out --include-special 203.0.113.0/24 --ehlo-name a.b -b @changing");
    attempt_put_file("changing", "203.0.113.0/25\n");
    assert_int_equal(plan_filter(&a.plan, &f, sha256, a.err, &a.o, true), 0);
    assert_true(refuses(f, "203.0.113.1") && !refuses(f, "198.51.100.1"));
    assert_memory_not_equal(sha256, a.plan.block_sha256, 32);
    filter_unref(f);
    attempt_put_file("changing", "203.0.113.0/25\nnonsense\n");
    f = NULL;
    assert_true(plan_filter(&a.plan, &f, sha256, a.err, &a.o, true) < 0);
    assert_null(f);
    assert_non_null(strstr(a.err, "changing:2:"));
    attempt_end(&a);
    attempt_remove("out");
}

/* the blocklist is read once at the start: a pipe would be empty the second time */
static void filter_as_it_was_read(void **state)
{
    (void)state;
    struct attempted a;
    attempt_put_file("changing", "198.51.100.0/24\n");
    attempt_good(&a, "-o @out --stream -i @list --include-special --ehlo-name a.b -b @changing");
    attempt_put_file("changing", "");
    for (int i = 0; i < 2; i++) {
        struct filter *f = NULL;
        uint8_t sha256[32];
        assert_int_equal(plan_filter(&a.plan, &f, sha256, a.err, &a.o, false), 0);
        assert_true(refuses(f, "198.51.100.1") && !refuses(f, "203.0.113.1"));
        assert_memory_equal(sha256, a.plan.block_sha256, 32);
        filter_unref(f);
    }
    attempt_end(&a);
    attempt_remove("out");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_sources),
        cmocka_unit_test(good_sources),
        cmocka_unit_test(dry_runs_need_little),
        cmocka_unit_test(limits),
        cmocka_unit_test(networks),
        cmocka_unit_test(bad_asn_db),
        cmocka_unit_test(bad_control),
        cmocka_unit_test(good_control),
        cmocka_unit_test(filters),
        cmocka_unit_test(filter_of_a_changed_file),
        cmocka_unit_test(filter_as_it_was_read),
    };
    return cmocka_run_group_tests(tests, set_up, attempt_tear_down);
}
