/* preflight: facts about a host, from a /proc of the test's own and a DNS server on its loop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scanner/preflight.h"
#include "tests/scanner/dns_peer.h"

#define LENGTH(a) (sizeof(a) / sizeof(a)[0])
#define S         UINT64_C(1000000000)

static struct preflight_facts facts; /* too large for a stack */

static struct addr addr_of(const char *text)
{
    struct addr a;
    assert_true(addr_parse(&a, text, strlen(text)));
    return a;
}

/* ---- gathering ---- */

struct proc {
    char folder[64];
};

static void put_file(const struct proc *p, const char *name, const char *text)
{
    char path[300];
    snprintf(path, sizeof path, "%s/%s", p->folder, name);
    for (char *at = path + strlen(p->folder) + 1; (at = strchr(at, '/')) != NULL; *at++ = '/') {
        *at = '\0';
        mkdir(path, 0700);
    }
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static struct proc make_proc(void)
{
    struct proc p = {"/tmp/mxsweep-preflight-XXXXXX"};
    assert_non_null(mkdtemp(p.folder));
    return p;
}

static void remove_proc(const struct proc *p)
{
    char command[100];
    snprintf(command, sizeof command, "rm -r %s", p->folder);
    assert_int_equal(system(command), 0);
}

static void require_number(struct preflight_number n, bool is_known, uint64_t value)
{
    assert_int_equal(n.is_known, is_known);
    if (is_known)
        assert_int_equal(n.value, value);
}

static void host(void **state)
{
    (void)state;
    struct proc p = make_proc();
    struct preflight_plan plan = {.proc = p.folder};
    struct rlimit limit;

    assert_int_equal(preflight_gather(&facts, &plan), 0); /* an empty folder: nothing is known */
    require_number(facts.num_ports, false, 0);
    require_number(facts.tracked_max, false, 0);
    require_number(facts.syn_linear, false, 0);
    require_number(facts.memory_available, false, 0);
    require_number(facts.tcp_pages, false, 0);
    assert_int_equal(facts.num_sources, 0);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    require_number(facts.descriptors_hard, true, limit.rlim_max);

    put_file(&p, "sys/net/ipv4/ip_local_port_range", "32768\t60999\n");
    put_file(&p, "sys/net/netfilter/nf_conntrack_max", "262144\n");
    put_file(&p, "sys/net/netfilter/nf_conntrack_count", "12\n");
    put_file(&p, "sys/net/netfilter/nf_conntrack_tcp_timeout_syn_sent", "60\n");
    put_file(&p, "sys/net/netfilter/nf_conntrack_tcp_timeout_time_wait", "121\n");
    put_file(&p, "sys/net/ipv4/tcp_syn_linear_timeouts", "4\n");
    put_file(&p, "sys/net/ipv4/tcp_mem", "188355\t251143\t376710\n");
    put_file(&p, "meminfo", "MemTotal:  16000 kB\nMemFree:  1 kB\nMemAvailable:   12345 kB\n");
    assert_int_equal(preflight_gather(&facts, &plan), 0);
    require_number(facts.num_ports, true, 28232);
    require_number(facts.tracked_max, true, 262144);
    require_number(facts.tracked, true, 12);
    require_number(facts.tracked_syn_s, true, 60);
    require_number(facts.tracked_wait_s, true, 121);
    require_number(facts.syn_linear, true, 4);
    require_number(facts.tcp_pages, true, 251143);
    require_number(facts.memory_available, true, 12345 * 1024);
    remove_proc(&p);
}

static void ports(void **state)
{
    (void)state;
    static const struct {
        const char *range, *reserved;
        bool is_known;
        uint64_t num;
    } cases[] = {
        {"1000 1999", "", true, 1000},
        {"1000 1999", "\n", true, 1000},
        {"1000 1999", "1000\n", true, 999},
        {"1000 1999", "1000-1009,1500,3000-4000\n", true, 989},
        {"1000 1999", "1-65535\n", true, 0},
        {"1000 1999", "900-1009,1990-5000", true, 980},
        {"1000 1999", "x,1-,-,,5-4,1001", true, 999},
        {"1999 1000", "", false, 0},
        {"1000 70000", "", false, 0},
        {"1000", "", false, 0},
        {"many few", "", false, 0},
        {"99999999999999999999 99999999999999999999", "", false, 0},
        {"", "", false, 0},
    };
    struct proc p = make_proc();
    struct preflight_plan plan = {.proc = p.folder};
    for (size_t i = 0; i < LENGTH(cases); i++) {
        put_file(&p, "sys/net/ipv4/ip_local_port_range", cases[i].range);
        put_file(&p, "sys/net/ipv4/ip_local_reserved_ports", cases[i].reserved);
        assert_int_equal(preflight_gather(&facts, &plan), 0);
        require_number(facts.num_ports, cases[i].is_known, cases[i].num);
    }
    remove_proc(&p);
}

static void sources(void **state)
{
    (void)state;
    static const char *const names[] = {"one.example.com", "two.example.com"};
    struct addr many[PREFLIGHT_SOURCES_MAX + 3];
    struct preflight_plan plan = {
        .sources = many, .num_sources = 3, .ehlo_names = names, .num_ehlo_names = 2};
    many[0] = addr_of("127.0.0.1");
    many[1] = addr_of("127.9.9.9");
    many[2] = addr_of("192.0.2.1");   /* nobody's */
    plan.dns_servers = "127.0.0.1:1"; /* where nobody listens, if it is asked at all */
    assert_int_equal(preflight_gather(&facts, &plan), 0);
    assert_int_equal(facts.num_sources, 3);
    assert_int_equal(facts.sources[0].error, 0);
    assert_string_equal(facts.sources[0].ehlo, "one.example.com");
    assert_string_equal(facts.sources[1].ehlo, "two.example.com");
    assert_string_equal(facts.sources[2].ehlo, "one.example.com");
    assert_int_equal(facts.sources[2].error, EADDRNOTAVAIL);
    assert_false(facts.sources[0].names_asked); /* loopback */

    for (size_t i = 0; i < LENGTH(many); i++)
        many[i] = addr_of("127.0.0.1");
    plan.num_sources = LENGTH(many);
    assert_int_equal(preflight_gather(&facts, &plan), 0);
    assert_int_equal(facts.num_sources, PREFLIGHT_SOURCES_MAX);
    assert_int_equal(facts.num_sources_left_out, 3);

    plan.num_sources = 0;
    plan.reach[0] = addr_of("127.80.0.9");
    plan.num_reach = 1;
    assert_int_equal(preflight_gather(&facts, &plan), 0);
    assert_int_equal(facts.num_sources, 1);
    assert_true(facts.sources[0].by_route);
    assert_int_equal(facts.sources[0].error, 0);
    assert_int_equal(addr_cmp(facts.sources[0].addr, addr_of("127.0.0.1")), 0);
}

/* ---- names ---- */

static const struct dns_rule name_rules[] = {
    {"1.2.0.192.in-addr.arpa", "PTR", .records = "@ PTR scanner.example.com"},
    {"scanner.example.com", "A", .records = "@ A 192.0.2.1; @ A 192.0.2.4"},
    {"scanner.example.com", "AAAA", .records = "@ AAAA 2001:db8::1"},
    {"2.2.0.192.in-addr.arpa", "PTR",
     .records = "@ PTR a.example.net; @ PTR b.example.net; @ PTR c.example.net"},
    {"b.example.net", "A", .records = "@ A 192.0.2.2"},
    {"b.example.net", "AAAA", .rcode = 0},
    {"3.2.0.192.in-addr.arpa", "PTR", .records = "@ PTR astray.example.net"},
    {"astray.example.net", "*", .records = "@ A 192.0.2.99"},
    {"4.2.0.192.in-addr.arpa", "PTR", .records = "@ PTR a.example.net; @ PTR SCANNER.Example.com"},
    {"5.2.0.192.in-addr.arpa", "PTR", .records = "@ PTR broken.example.net"},
    {"broken.example.net", "*", .rcode = 2},
    {"6.2.0.192.in-addr.arpa", "PTR", .rcode = 2},
    {"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", "PTR",
     .records = "@ PTR scanner.example.com"},
};

static const struct names_case {
    const char *addr, *ehlo;
    enum resolved ptr, ehlo_as;
    const char *name;
    bool is_ehlo, leads_back, unsure, ehlo_leads_here;
} names_cases[] = {
    {"192.0.2.1", "scanner.example.com", RESOLVED_OK, RESOLVED_OK, "scanner.example.com", true,
     true, false, true},
    {"192.0.2.1", "Scanner.Example.COM.", RESOLVED_OK, RESOLVED_OK, "scanner.example.com", true,
     true, false, true},
    {"192.0.2.1", NULL, RESOLVED_OK, 0, "scanner.example.com", false, true, false, false},
    {"192.0.2.1", "[192.0.2.1]", RESOLVED_OK, 0, "scanner.example.com", false, true, false, false},
    {"192.0.2.1", "nowhere.example.com", RESOLVED_OK, RESOLVED_NO_ADDRESS, "scanner.example.com",
     false, true, false, false},
    {"192.0.2.2", "scanner.example.com", RESOLVED_OK, RESOLVED_OK, "b.example.net", false, true,
     false, false},
    {"192.0.2.3", "scanner.example.com", RESOLVED_OK, RESOLVED_OK, "astray.example.net", false,
     false, false, false},
    {"192.0.2.4", "scanner.example.com", RESOLVED_OK, RESOLVED_OK, "SCANNER.Example.com", true,
     true, false, true},
    {"192.0.2.5", "broken.example.net", RESOLVED_OK, RESOLVED_FAILURE, "broken.example.net", true,
     false, true, false},
    {"192.0.2.6", "scanner.example.com", RESOLVED_FAILURE, RESOLVED_OK, "", false, false, false,
     false},
    {"192.0.2.7", "scanner.example.com", RESOLVED_NO_ADDRESS, RESOLVED_OK, "", false, false, false,
     false},
    {"2001:db8::1", "scanner.example.com", RESOLVED_OK, RESOLVED_OK, "scanner.example.com", true,
     true, false, true},
};

static void names(void **state)
{
    (void)state;
    uv_loop_t loop;
    struct dns_peer *peer;
    char servers[40];
    struct preflight_source list[LENGTH(names_cases) + 2];
    memset(list, 0, sizeof list);
    for (size_t i = 0; i < LENGTH(names_cases); i++)
        list[i] = (struct preflight_source){.addr = addr_of(names_cases[i].addr),
                                            .ehlo = names_cases[i].ehlo};
    list[LENGTH(names_cases)] = (struct preflight_source){.addr = addr_of("10.0.0.1")};
    list[LENGTH(names_cases) + 1] =
        (struct preflight_source){.addr = addr_of("192.0.2.1"), .error = EADDRNOTAVAIL};

    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(dns_peer_new(&peer, &loop, name_rules, LENGTH(name_rules)), 0);
    snprintf(servers, sizeof servers, "127.0.0.1:%u", dns_peer_port(peer));
    struct preflight_plan plan = {.dns_servers = servers, .dns_timeout_ns = 60 * S};
    assert_int_equal(preflight_names(list, LENGTH(list), &loop, &plan), 0);
    assert_int_equal(preflight_names(list, 0, &loop, &plan), 0);
    plan.dns_servers = "nonsense";
    assert_true(preflight_names(list, 1, &loop, &plan) < 0);

    for (size_t i = 0; i < LENGTH(names_cases); i++) {
        const struct names_case *c = &names_cases[i];
        const struct preflight_source *s = &list[i];
        if (!s->names_asked || s->ptr != c->ptr || s->ehlo_as != c->ehlo_as ||
            strcmp(s->ptr_name, c->name) != 0 || s->ptr_is_ehlo != c->is_ehlo ||
            s->ptr_leads_back != c->leads_back || s->ptr_unsure != c->unsure ||
            s->ehlo_leads_here != c->ehlo_leads_here)
            fail_msg("%s as %s: PTR %d \"%s\" %d %d %d, EHLO %d %d", c->addr, c->ehlo, s->ptr,
                     s->ptr_name, s->ptr_is_ehlo, s->ptr_leads_back, s->ptr_unsure, s->ehlo_as,
                     s->ehlo_leads_here);
    }
    assert_false(list[LENGTH(names_cases)].names_asked);
    assert_false(list[LENGTH(names_cases) + 1].names_asked);
    dns_peer_free(peer);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(host),
        cmocka_unit_test(ports),
        cmocka_unit_test(sources),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
