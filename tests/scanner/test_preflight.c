/* preflight: from facts about a host to findings, and how they are shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "scanner/preflight.h"

#define LENGTH(a)  (sizeof(a) / sizeof(a)[0])
#define S          UINT64_C(1000000000)
#define FACT(name) offsetof(struct preflight_facts, name)

/* values of facts, as initialisers */
/* clang-format off */
#define KNOWN(n)  {true, n}
#define UNKNOWN   {false, 0}
/* clang-format on */

static struct addr addr_of(const char *text)
{
    struct addr a;
    assert_true(addr_parse(&a, text, strlen(text)));
    return a;
}

/* ---- judging ---- */

static struct preflight_number known(uint64_t value)
{
    return (struct preflight_number)KNOWN(value);
}

static const struct preflight_plan good_plan = {.in_flight = 10000,
                                                .descriptors_beside = 26,
                                                .rate_step_ns = S / 1000,
                                                .connect_timeout_ns = 5 * S,
                                                .control = {3, 3}};

static const struct preflight_source good_source = {.ehlo = "scanner.example.com",
                                                    .names_asked = true,
                                                    .ptr = RESOLVED_OK,
                                                    .ehlo_as = RESOLVED_OK,
                                                    .ptr_why = "",
                                                    .ehlo_why = "",
                                                    .ptr_name = "scanner.example.com",
                                                    .ptr_is_ehlo = true,
                                                    .ptr_leads_back = true,
                                                    .ehlo_leads_here = true};

/* a host with which nothing is wrong */
static void be_good(struct preflight_facts *f)
{
    memset(f, 0, sizeof *f);
    f->descriptors_soft = known(1024);
    f->descriptors_hard = known(20000);
    f->num_ports = known(28232);
    f->tracked_max = known(262144);
    f->tracked = known(100);
    f->tracked_syn_s = f->tracked_wait_s = known(120);
    f->syn_linear = known(4);
    f->memory_available = known(UINT64_C(8000000000));
    f->tcp_pages = known(200000);
    f->num_sources = 1;
    f->sources[0] = good_source;
    f->sources[0].addr = addr_of("192.0.2.25");
}

/* what one check must say */
struct expected {
    const char *check;
    enum preflight_state state;
    const char *found, *mend; /* parts of them; mend "": there is none */
};

static struct preflight_facts facts; /* too large for a stack */
static struct preflight_finding findings[PREFLIGHT_FINDINGS_MAX];

static const struct preflight_finding *find(const struct preflight_finding *list, size_t num,
                                            const char *check)
{
    for (size_t i = 0; i < num; i++)
        if (strcmp(list[i].check, check) == 0)
            return &list[i];
    return NULL;
}

static void require(const char *name, const struct preflight_plan *plan, const struct expected *e)
{
    size_t num = preflight_judge(findings, LENGTH(findings), &facts, plan);
    const struct preflight_finding *f = find(findings, num, e->check);
    if (f == NULL || f->state != e->state || strstr(f->found, e->found) == NULL ||
        strstr(f->mend, e->mend) == NULL || (e->mend[0] == '\0') != (f->mend[0] == '\0'))
        fail_msg("%s: %d, %s, %s", name, f != NULL ? (int)f->state : 0, f != NULL ? f->found : "-",
                 f != NULL ? f->mend : "-");
}

static void nothing_wrong(void **state)
{
    (void)state;
    static const struct expected expected[] = {
        {"port 25", PREFLIGHT_OK, "all of 3 control targets answer", ""},
        {"descriptors", PREFLIGHT_OK, "20000 may be open: room for 10000", ""},
        {"local ports", PREFLIGHT_OK, "28232: connections to different addresses", ""},
        {"connection tracking", PREFLIGHT_OK,
         "a table of 262144, 100 in use; the sweep may add 130001", ""},
        {"SYNs", PREFLIGHT_OK, "up to 5 to a target that is silent, the last after 4.0s", ""},
        {"memory", PREFLIGHT_OK, "8000 MB available; 10000 in flight that wait take 61 MB", ""},
        {"memory of TCP", PREFLIGHT_OK, "200000 pages", ""},
        {"source", PREFLIGHT_OK, "192.0.2.25", ""},
        {"name of the source", PREFLIGHT_OK, "192.0.2.25 is scanner.example.com, and back", ""},
        {"EHLO name", PREFLIGHT_OK, "scanner.example.com is 192.0.2.25", ""},
    };
    be_good(&facts);
    assert_int_equal(preflight_judge(findings, LENGTH(findings), &facts, &good_plan),
                     LENGTH(expected));
    for (size_t i = 0; i < LENGTH(expected); i++)
        require("nothing wrong", &good_plan, &expected[i]);
}

static void hosts(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t fact;
        struct preflight_number value;
        struct expected expected;
    } cases[] = {
        {"few descriptors",
         FACT(descriptors_hard),
         KNOWN(4096),
         {"descriptors", PREFLIGHT_WARN,
          "4096 may be open, 10026 are needed for 10000 in flight: 4070 will be",
          "--in-flight 4070"}},
        {"no descriptors",
         FACT(descriptors_hard),
         KNOWN(26),
         {"descriptors", PREFLIGHT_FAIL, "no session fits", "ulimit -Hn"}},
        {"descriptors not known",
         FACT(descriptors_hard),
         UNKNOWN,
         {"descriptors", PREFLIGHT_UNKNOWN, "cannot be read", ""}},
        {"few ports",
         FACT(num_ports),
         KNOWN(1000),
         {"local ports", PREFLIGHT_WARN, "1000: no more", "ip_local_port_range"}},
        {"no ports",
         FACT(num_ports),
         KNOWN(0),
         {"local ports", PREFLIGHT_FAIL, "none", "reserve less"}},
        {"ports not known",
         FACT(num_ports),
         UNKNOWN,
         {"local ports", PREFLIGHT_UNKNOWN, "cannot be read", ""}},
        {"no tracking",
         FACT(tracked_max),
         UNKNOWN,
         {"connection tracking", PREFLIGHT_OK, "none on this host", ""}},
        {"a small table",
         FACT(tracked_max),
         KNOWN(65536),
         {"connection tracking", PREFLIGHT_WARN, "a table of 65536", "nf_conntrack_max"}},
        {"a full table",
         FACT(tracked),
         KNOWN(262000),
         {"connection tracking", PREFLIGHT_WARN, "262000 in use", "look silent"}},
        {"more than full",
         FACT(tracked),
         KNOWN(300000),
         {"connection tracking", PREFLIGHT_WARN, "300000 in use", "--rate"}},
        {"use not known",
         FACT(tracked),
         UNKNOWN,
         {"connection tracking", PREFLIGHT_OK, "0 in use", ""}},
        {"a long memory",
         FACT(tracked_syn_s),
         KNOWN(300),
         {"connection tracking", PREFLIGHT_WARN, "may add 310001", "timeout_syn_sent"}},
        {"its time-out not known",
         FACT(tracked_wait_s),
         UNKNOWN,
         {"connection tracking", PREFLIGHT_OK, "may add 130001", ""}},
        {"no linear time-outs", FACT(syn_linear), UNKNOWN, {"SYNs", PREFLIGHT_OK, "up to 3", ""}},
        {"little memory",
         FACT(memory_available),
         KNOWN(100000000),
         {"memory", PREFLIGHT_WARN, "100 MB available", "--in-flight"}},
        {"memory not known",
         FACT(memory_available),
         UNKNOWN,
         {"memory", PREFLIGHT_UNKNOWN, "cannot be read", ""}},
        {"little for TCP",
         FACT(tcp_pages),
         KNOWN(9000),
         {"memory of TCP", PREFLIGHT_WARN, "9000 pages", "net.ipv4.tcp_mem"}},
        {"TCP's not known",
         FACT(tcp_pages),
         UNKNOWN,
         {"memory of TCP", PREFLIGHT_UNKNOWN, "cannot be read", ""}},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        be_good(&facts);
        memcpy((char *)&facts + cases[i].fact, &cases[i].value, sizeof cases[i].value);
        require(cases[i].name, &good_plan, &cases[i].expected);
    }
}

static void plans(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct preflight_plan plan;
        struct expected expected;
    } cases[] = {
        {"no control",
         {.in_flight = 1},
         {"port 25", PREFLIGHT_UNKNOWN, "not checked", "--control"}},
        {"silent control",
         {.control = {3, 0}},
         {"port 25", PREFLIGHT_FAIL, "none of 3 control targets answers",
          "block outgoing port 25"}},
        {"one silent",
         {.control = {3, 2}},
         {"port 25", PREFLIGHT_WARN, "1 of 3 control targets do not answer", "--control"}},
        {"all that fit",
         {.descriptors_beside = 26},
         {"descriptors", PREFLIGHT_OK, "room for 19974", ""}},
        {"slow",
         {.in_flight = 10000, .rate_step_ns = S / 100, .connect_timeout_ns = 5 * S},
         {"connection tracking", PREFLIGHT_OK, "may add 22001", ""}},
        {"no rate",
         {.in_flight = 10000, .connect_timeout_ns = 5 * S},
         {"connection tracking", PREFLIGHT_OK, "may add 260000", ""}},
        {"a short time-out",
         {.connect_timeout_ns = S},
         {"SYNs", PREFLIGHT_WARN, "one to a target, within 1.0s", "--connect-timeout 2s"}},
        {"a long time-out", {.connect_timeout_ns = 10 * S}, {"SYNs", PREFLIGHT_OK, "up to 7", ""}},
        {"two SYNs",
         {.connect_timeout_ns = 5 * S, .max_syns = 2},
         {"SYNs", PREFLIGHT_OK, "up to 2", ""}},
        {"one SYN",
         {.connect_timeout_ns = 5 * S, .max_syns = 1},
         {"SYNs", PREFLIGHT_WARN, "one to a target", "no limit of one SYN"}},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        be_good(&facts);
        require(cases[i].name, &cases[i].plan, &cases[i].expected);
    }
}

#define SCANNER "scanner.example.com"

static const struct source_case {
    const char *name, *addr;
    struct preflight_source source;
    struct expected expected;
} source_cases[] = {
    {"another's",
     "192.0.2.25",
     {.error = EADDRNOTAVAIL},
     {"source", PREFLIGHT_FAIL, "192.0.2.25 cannot be connected from: address not available",
      "--source-ip"}},
    {"by route",
     "192.0.2.25",
     {.by_route = true},
     {"source", PREFLIGHT_OK, "192.0.2.25, by the route", ""}},
    {"no route",
     "192.0.2.25",
     {.by_route = true, .error = ENETUNREACH},
     {"source", PREFLIGHT_FAIL, "no route to 192.0.2.25", "leave them out"}},
    {"private",
     "10.0.0.1",
     {.ehlo = SCANNER},
     {"name of the source", PREFLIGHT_UNKNOWN, "10.0.0.1 is private", "public address"}},
    {"no PTR",
     "192.0.2.25",
     {.ehlo = SCANNER, .names_asked = true, .ptr = RESOLVED_NO_ADDRESS},
     {"name of the source", PREFLIGHT_WARN, "192.0.2.25 has none (PTR)",
      "set its PTR to " SCANNER}},
    {"no PTR, no EHLO",
     "192.0.2.25",
     {.names_asked = true, .ptr = RESOLVED_NO_ADDRESS},
     {"name of the source", PREFLIGHT_WARN, "has none", "a name of yours"}},
    {"no PTR, EHLO no name",
     "192.0.2.25",
     {.ehlo = "[192.0.2.25]", .names_asked = true, .ptr = RESOLVED_NO_ADDRESS},
     {"name of the source", PREFLIGHT_WARN, "has none", "a name of yours"}},
    {"PTR fails",
     "192.0.2.25",
     {.ehlo = SCANNER, .names_asked = true, .ptr = RESOLVED_FAILURE, .ptr_why = "REFUSED"},
     {"name of the source", PREFLIGHT_UNKNOWN, "could not be asked for: REFUSED", "DNS server"}},
    {"PTR leads elsewhere",
     "192.0.2.25",
     {.ehlo = SCANNER,
      .names_asked = true,
      .ptr = RESOLVED_OK,
      .ptr_name = SCANNER,
      .ptr_is_ehlo = true},
     {"name of the source", PREFLIGHT_WARN, "is " SCANNER ", which does not have that address",
      "an address record for 192.0.2.25"}},
    {"PTR leads who knows where",
     "192.0.2.25",
     {.ehlo = SCANNER,
      .names_asked = true,
      .ptr = RESOLVED_OK,
      .ptr_name = SCANNER,
      .ptr_is_ehlo = true,
      .ptr_unsure = true},
     {"name of the source", PREFLIGHT_UNKNOWN, "could not be asked for", "DNS server"}},
    {"PTR is another name",
     "192.0.2.25",
     {.ehlo = SCANNER,
      .names_asked = true,
      .ptr = RESOLVED_OK,
      .ptr_name = "host25.example.net",
      .ptr_leads_back = true},
     {"name of the source", PREFLIGHT_WARN, "is host25.example.net, and says EHLO " SCANNER,
      "--ehlo-name host25.example.net"}},
    {"PTR, no EHLO",
     "192.0.2.25",
     {.names_asked = true,
      .ptr = RESOLVED_OK,
      .ptr_name = "host25.example.net",
      .ptr_leads_back = true},
     {"name of the source", PREFLIGHT_OK, "is host25.example.net, and back", ""}},
    {"EHLO leads elsewhere",
     "192.0.2.25",
     {.ehlo = SCANNER, .names_asked = true, .ptr = RESOLVED_NO_ADDRESS, .ehlo_as = RESOLVED_OK},
     {"EHLO name", PREFLIGHT_WARN, SCANNER " is not 192.0.2.25", "--ehlo-name"}},
    {"EHLO leads nowhere",
     "192.0.2.25",
     {.ehlo = SCANNER,
      .names_asked = true,
      .ptr = RESOLVED_NO_ADDRESS,
      .ehlo_as = RESOLVED_NO_ADDRESS},
     {"EHLO name", PREFLIGHT_WARN, SCANNER " has no address", "--ehlo-name"}},
    {"EHLO fails",
     "192.0.2.25",
     {.ehlo = SCANNER,
      .names_asked = true,
      .ptr = RESOLVED_NO_ADDRESS,
      .ehlo_as = RESOLVED_OURS,
      .ehlo_why = "no way"},
     {"EHLO name", PREFLIGHT_UNKNOWN, SCANNER " could not be asked for: no way", "DNS server"}},
};

static void source_findings(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(source_cases); i++) {
        be_good(&facts);
        facts.sources[0] = source_cases[i].source;
        facts.sources[0].addr = addr_of(source_cases[i].addr);
        require(source_cases[i].name, &good_plan, &source_cases[i].expected);
    }

    /* of two families one has a route */
    static const struct expected one_route = {"source", PREFLIGHT_WARN, "no route to 2001:db8::25",
                                              "leave them out"};
    be_good(&facts);
    facts.sources[1] = facts.sources[0];
    facts.num_sources = 2;
    facts.sources[0] = (struct preflight_source){
        .addr = addr_of("2001:db8::25"), .by_route = true, .error = ENETUNREACH};
    require("one route", &good_plan, &one_route);
}

/* what is not said: names of loopback; more than there is room for */
static void bounds(void **state)
{
    (void)state;
    be_good(&facts);
    facts.sources[0].addr = addr_of("127.0.0.1");
    facts.sources[0].names_asked = false;
    size_t num = preflight_judge(findings, LENGTH(findings), &facts, &good_plan);
    assert_null(find(findings, num, "name of the source"));
    assert_null(find(findings, num, "EHLO name"));

    be_good(&facts);
    facts.num_sources_left_out = 7;
    facts.num_sources = PREFLIGHT_SOURCES_MAX;
    for (size_t i = 1; i < facts.num_sources; i++)
        facts.sources[i] = facts.sources[0];
    num = preflight_judge(findings, LENGTH(findings), &facts, &good_plan);
    assert_true(num <= LENGTH(findings));
    assert_string_equal(findings[num - 1].found, "7 more were not looked at");
    for (size_t max = 0; max < 20; max++)
        assert_int_equal(preflight_judge(findings, max, &facts, &good_plan), max);

    /* figures that are beyond all sense do not wrap round */
    struct preflight_plan plan = good_plan;
    be_good(&facts);
    plan.in_flight = plan.descriptors_beside = plan.connect_timeout_ns = UINT64_MAX;
    facts.descriptors_hard = facts.tracked_syn_s = facts.memory_available = known(UINT64_MAX);
    num = preflight_judge(findings, LENGTH(findings), &facts, &plan);
    assert_int_equal(find(findings, num, "descriptors")->state, PREFLIGHT_FAIL);
}

static void print_to(char *out, size_t out_len, bool *worthless, size_t num)
{
    FILE *f = fmemopen(out, out_len, "w");
    assert_non_null(f);
    *worthless = preflight_print(f, findings, num);
    fclose(f);
}

static void printed(void **state)
{
    (void)state;
    char out[16384];
    bool worthless;
    struct preflight_plan plan = good_plan;
    be_good(&facts);
    facts.sources[0].ehlo = "evil\033[2J\n";
    facts.sources[0].ptr_is_ehlo = false;
    print_to(out, sizeof out, &worthless,
             preflight_judge(findings, LENGTH(findings), &facts, &plan));
    assert_false(worthless);
    assert_non_null(strstr(out, "ok      local ports          28232: connections"));
    assert_non_null(strstr(out, "WARN    name of the source   192.0.2.25 is scanner.example.com, "
                                "and says EHLO evil\\x1B[2J\\x0A\n"));
    assert_non_null(strstr(out, "\n                             -> use --ehlo-name scanner"));
    for (const char *c = out; *c != '\0'; c++)
        assert_true(*c == '\n' || (*c >= 0x20 && *c < 0x7f));

    plan.control.num_answered = 0;
    print_to(out, sizeof out, &worthless,
             preflight_judge(findings, LENGTH(findings), &facts, &plan));
    assert_true(worthless);
    assert_int_equal(strncmp(out, "FAIL    port 25              none of 3", 38), 0);
}

static void public_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *addr;
        bool is_public;
    } cases[] = {
        {"192.0.2.1", true},        {"10.255.0.1", false},   {"11.0.0.0", true},
        {"172.16.0.1", false},      {"172.31.255.1", false}, {"172.32.0.1", true},
        {"192.168.1.1", false},     {"192.169.0.1", true},   {"100.64.0.1", false},
        {"100.127.9.9", false},     {"100.128.0.1", true},   {"169.254.1.1", false},
        {"127.9.9.9", false},       {"::1", false},          {"::2", true},
        {"2001:db8::1", true},      {"fd00::1", false},      {"fc00::1", false},
        {"fe80::1", false},         {"febf::1", false},      {"fec0::1", true},
        {"::ffff:10.0.0.1", false},
    };
    for (size_t i = 0; i < LENGTH(cases); i++)
        if (preflight_is_public(addr_of(cases[i].addr)) != cases[i].is_public)
            fail_msg("%s", cases[i].addr);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_wrong),    cmocka_unit_test(hosts),  cmocka_unit_test(plans),
        cmocka_unit_test(source_findings),  cmocka_unit_test(bounds), cmocka_unit_test(printed),
        cmocka_unit_test(public_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
