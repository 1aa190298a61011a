/* resolver: names and addresses asked of a DNS server on the same loop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "scanner/resolver.h"
#include "tests/scanner/dns_peer.h"

#define LENGTH(a) (sizeof(a) / sizeof(a)[0])
#define MS        UINT64_C(1000000)
#define PATIENT   (60000 * MS) /* an answer that comes is never late */

enum { TEXT_MAX = 4096, RULES_PER_CASE = 3 };

/* ---- one loop with a server and a resolver ---- */

struct scene {
    uv_loop_t loop;
    struct dns_peer *peer;
    struct resolver *resolver;
    unsigned num_done;
};

static struct scene *open_scene(const struct dns_rule *rules, size_t num_rules,
                                struct resolver_config config)
{
    struct scene *s = calloc(1, sizeof *s);
    char servers[64], err[200] = "";
    assert_non_null(s);
    assert_int_equal(uv_loop_init(&s->loop), 0);
    assert_int_equal(dns_peer_new(&s->peer, &s->loop, rules, num_rules), 0);
    snprintf(servers, sizeof servers, "127.0.0.1:%u", dns_peer_port(s->peer));
    if (config.servers == NULL)
        config.servers = servers;
    assert_int_equal(resolver_new(&s->resolver, err, sizeof err, &s->loop, &config), 0);
    return s;
}

static void close_scene(struct scene *s)
{
    resolver_free(s->resolver);
    dns_peer_free(s->peer);
    uv_run(&s->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&s->loop), 0);
    free(s);
}

static void one_done(struct scene *s)
{
    s->num_done++;
    uv_stop(&s->loop);
}

/* a question with a place for what was told */
struct asked {
    struct resolution res;
    struct scene *scene;
    unsigned num_calls;
};

static void on_done(struct resolution *res)
{
    struct asked *a = (struct asked *)res;
    a->num_calls++;
    one_done(a->scene);
}

static void ask(struct scene *s, struct asked *a, const char *name)
{
    a->num_calls = 0;
    a->scene = s;
    assert_int_equal(resolver_start(s->resolver, &a->res, name, on_done), 0);
    assert_int_equal(a->num_calls, 0);
}

static void run_until_done(struct scene *s, unsigned num)
{
    while (s->num_done < num)
        uv_run(&s->loop, UV_RUN_DEFAULT);
}

static void show(char out[TEXT_MAX], const struct resolution *res)
{
    static const char *const how[] = {"?", "ok", "no-address", "failure", "ours"};
    size_t len = (size_t)snprintf(out, TEXT_MAX, "%s%s%s", how[res->how],
                                  res->partial ? " partial" : "", res->cut ? " cut" : "");
    for (unsigned i = 0; i < res->num_addrs; i++) {
        char addr[ADDR_TEXT_MAX];
        addr_format(addr, res->addrs[i]);
        len += (size_t)snprintf(out + len, TEXT_MAX - len, " %s", addr);
    }
}

/* ---- what is found ---- */

struct lookup_case {
    const char *name;
    struct dns_rule rules[RULES_PER_CASE];
    const char *host; /* NULL: mx.example.com */
    const char *found;
    uint64_t timeout_ns; /* 0: patient */
    unsigned tries;
    bool only4, only6;
    bool tcp; /* asked by TCP too */
};

#define HOST "mx.example.com"

static const struct lookup_case lookup_cases[] = {
    {"both families, A first",
     {{HOST, "AAAA", .records = "@ AAAA 2001:db8::2; @ AAAA 2001:db8::1"},
      {HOST, "A", .records = "@ A 192.0.2.9; @ A 192.0.2.1"}},
     .found = "ok 192.0.2.9 192.0.2.1 2001:db8::2 2001:db8::1"},
    {"A is late: still first",
     {{HOST, "AAAA", .records = "@ AAAA 2001:db8::1"},
      {HOST, "A", .silent_first = 1, .records = "@ A 192.0.2.1"}},
     .timeout_ns = 50 * MS,
     .tries = 9,
     .found = "ok 192.0.2.1 2001:db8::1"},
    {"IPv4 alone",
     {{HOST, "A", .records = "@ A 192.0.2.1"}, {HOST, "AAAA", .rcode = 0}},
     .found = "ok 192.0.2.1"},
    {"IPv6 alone",
     {{HOST, "A", .rcode = 0}, {HOST, "AAAA", .records = "@ AAAA 2001:db8::1"}},
     .found = "ok 2001:db8::1"},
    {"only IPv4 wanted",
     {{HOST, "A", .records = "@ A 192.0.2.1"}, {HOST, "AAAA", .records = "@ AAAA 2001:db8::1"}},
     .only4 = true,
     .found = "ok 192.0.2.1"},
    {"only IPv6 wanted",
     {{HOST, "A", .records = "@ A 192.0.2.1"}, {HOST, "AAAA", .records = "@ AAAA 2001:db8::1"}},
     .only6 = true,
     .found = "ok 2001:db8::1"},
    {"the same address twice, once inside IPv6",
     {{HOST, "A", .records = "@ A 192.0.2.1; @ A 192.0.2.1; @ A 192.0.2.2"},
      {HOST, "AAAA", .records = "@ AAAA ::ffff:192.0.2.2; @ AAAA ::ffff:192.0.2.3"}},
     .found = "ok 192.0.2.1 192.0.2.2 192.0.2.3"},
    {"aliases",
     {{HOST, "A",
       .records = "@ CNAME a.example.net; a.example.net CNAME b.example.net; "
                  "b.example.net A 192.0.2.1"},
      {HOST, "AAAA", .records = "@ CNAME a.example.net"}},
     .found = "ok 192.0.2.1"},
    {"an alias of itself",
     {{HOST, "*", .records = "@ CNAME mx.example.com; @ CNAME mx.example.com"}},
     .found = "no-address"},
    {"an alias whose target has no address",
     {{HOST, "*", .records = "@ CNAME a.example.net"}},
     .found = "no-address"},
    {"capitals and a dot at the end",
     {{HOST, "A", .records = "@ A 192.0.2.1"}, {HOST, "AAAA", .rcode = 0}},
     .host = "MX.Example.COM.",
     .found = "ok 192.0.2.1"},
    {"no such name", {{"other", "*", .rcode = 0}}, .found = "no-address"},
    {"a name that must not be asked for",
     {{"*", "*", .rcode = 2}},
     .host = "a.onion",
     .found = "no-address"},
    {"no such record", {{HOST, "*", .rcode = 0}}, .found = "no-address"},
    {"no such name for one, no such record for the other",
     {{HOST, "A", .rcode = 3}, {HOST, "AAAA", .rcode = 0}},
     .found = "no-address"},
    {"SERVFAIL", {{HOST, "*", .rcode = 2}}, .found = "failure"},
    {"REFUSED", {{HOST, "*", .rcode = 5}}, .found = "failure"},
    {"FORMERR", {{HOST, "*", .rcode = 1}}, .found = "failure"},
    {"an error nobody knows", {{HOST, "*", .rcode = 9}}, .found = "failure"},
    {"a referral", {{HOST, "*", .no_recursion = true}}, .found = "failure"},
    {"A fails, AAAA answers",
     {{HOST, "A", .rcode = 2}, {HOST, "AAAA", .records = "@ AAAA 2001:db8::1"}},
     .found = "ok partial 2001:db8::1"},
    {"A answers, AAAA is silent",
     {{HOST, "A", .records = "@ A 192.0.2.1"}, {HOST, "AAAA", .manner = DNS_SILENT}},
     .timeout_ns = 20 * MS,
     .found = "ok partial 192.0.2.1"},
    {"A does not exist, AAAA fails: not known",
     {{HOST, "A", .rcode = 0}, {HOST, "AAAA", .rcode = 2}},
     .found = "failure"},
    {"silence", {{HOST, "*", .manner = DNS_SILENT}}, .timeout_ns = 20 * MS, .found = "failure"},
    {"answered when asked again",
     {{HOST, "*", .silent_first = 2, .records = "@ A 192.0.2.1"}},
     .only4 = true,
     .timeout_ns = 50 * MS,
     .tries = 9,
     .found = "ok 192.0.2.1"},
    {"too long for a datagram",
     {{HOST, "A", .manner = DNS_TRUNCATES, .records = "@ A 192.0.2.1"},
      {HOST, "AAAA", .manner = DNS_TRUNCATES, .records = "@ AAAA 2001:db8::1"}},
     .tcp = true,
     .found = "ok 192.0.2.1 2001:db8::1"},
    {"octet by octet",
     {{HOST, "*", .manner = DNS_DRIBBLES, .records = "@ A 192.0.2.1"}},
     .only4 = true,
     .tcp = true,
     .found = "ok 192.0.2.1"},
    {"too long for a datagram, and no word by TCP",
     {{HOST, "*", .manner = DNS_CLOSES}},
     .tcp = false,
     .found = "failure"},
    {"the query comes back", {{HOST, "*", .manner = DNS_ECHOES}}, .found = "failure"},
    {"octets that are no message, before the answer",
     {{HOST, "A", .manner = DNS_GARBLES, .records = "@ A 192.0.2.1"}, {HOST, "AAAA", .rcode = 0}},
     .found = "ok 192.0.2.1"},
    {"an answer under another identifier before the right one",
     {{HOST, "A", .manner = DNS_MISTAKES_ID, .records = "@ A 192.0.2.1"},
      {HOST, "AAAA", .rcode = 0}},
     .found = "ok 192.0.2.1"},
    {"an answer to another question before the right one",
     {{HOST, "A", .manner = DNS_MISTAKES_NAME, .records = "@ A 192.0.2.1"},
      {HOST, "AAAA", .rcode = 0}},
     .found = "ok 192.0.2.1"},
    {"an answer that ends too soon",
     {{HOST, "*", .manner = DNS_CUTS, .records = "@ A 192.0.2.1"}},
     .only4 = true,
     .found = "failure"},
    {"a name that points at itself",
     {{HOST, "*", .manner = DNS_POINTS_AT_ITSELF, .records = "@ A 192.0.2.1"}},
     .only4 = true,
     .found = "failure"},
    {"another's address in the answer",
     {{HOST, "*", .records = "other.example.com A 192.0.2.1"}},
     .found = "no-address"},
};

static void lookups(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(lookup_cases); i++) {
        const struct lookup_case *c = &lookup_cases[i];
        size_t num_rules = 0;
        while (num_rules < RULES_PER_CASE && c->rules[num_rules].name != NULL)
            num_rules++;
        struct scene *s = open_scene(c->rules, num_rules,
                                     (struct resolver_config){
                                         .timeout_ns = c->timeout_ns != 0 ? c->timeout_ns : PATIENT,
                                         .tries = c->tries,
                                         .want4 = !c->only6,
                                         .want6 = !c->only4,
                                     });
        struct asked a;
        char found[TEXT_MAX];
        ask(s, &a, c->host != NULL ? c->host : HOST);
        run_until_done(s, 1);
        show(found, &a.res);
        bool wordless = a.res.how == RESOLVED_FAILURE && a.res.why[0] == '\0';
        if (strcmp(found, c->found) != 0 || wordless || a.num_calls != 1 ||
            (c->tcp && dns_peer_asked(s->peer, true) == 0))
            fail_msg("%s: %s instead of %s (%s)", c->name, found, c->found, a.res.why);
        close_scene(s);
    }
}

/* of 60 addresses in each family 32 are kept, A first */
static void sixty(void **state)
{
    (void)state;
    char a_records[TEXT_MAX], aaaa_records[TEXT_MAX], found[TEXT_MAX], expected[TEXT_MAX];
    size_t a_len = 0, aaaa_len = 0;
    for (int i = 0; i < 60; i++) {
        a_len += (size_t)snprintf(a_records + a_len, TEXT_MAX - a_len, "@ A 192.0.2.%d; ", 200 - i);
        aaaa_len += (size_t)snprintf(aaaa_records + aaaa_len, TEXT_MAX - aaaa_len,
                                     "@ AAAA 2001:db8::%d; ", i + 1);
    }
    const struct dns_rule rules[] = {
        {HOST, "A", .manner = DNS_TRUNCATES, .records = a_records},
        {"few.example.com", "A", .records = "@ A 192.0.2.1; @ A 192.0.2.2"},
        {"*", "AAAA", .manner = DNS_TRUNCATES, .records = aaaa_records},
    };
    struct scene *s =
        open_scene(rules, LENGTH(rules),
                   (struct resolver_config){.timeout_ns = PATIENT, .want4 = true, .want6 = true});
    struct asked many, few;
    ask(s, &many, HOST);
    ask(s, &few, "few.example.com");
    run_until_done(s, 2);

    size_t len = (size_t)snprintf(expected, TEXT_MAX, "ok cut");
    for (int i = 0; i < RESOLVER_ADDRS_MAX; i++)
        len += (size_t)snprintf(expected + len, TEXT_MAX - len, " 192.0.2.%d", 200 - i);
    show(found, &many.res);
    assert_string_equal(found, expected);

    len = (size_t)snprintf(expected, TEXT_MAX, "ok cut 192.0.2.1 192.0.2.2");
    for (int i = 0; i < RESOLVER_ADDRS_MAX - 2; i++)
        len += (size_t)snprintf(expected + len, TEXT_MAX - len, " 2001:db8::%x",
                                (i + 1) % 10 + (i + 1) / 10 * 16);
    show(found, &few.res);
    assert_string_equal(found, expected);
    close_scene(s);
}

/* ---- addresses to names ---- */

struct asked_name {
    struct reverse res;
    struct scene *scene;
};

static void on_name_done(struct reverse *res)
{
    one_done(((struct asked_name *)res)->scene);
}

static void reverses(void **state)
{
    (void)state;
    static const struct dns_rule rules[] = {
        {"1.2.0.192.in-addr.arpa", "PTR", .records = "@ PTR mail.example.com"},
        {"2.2.0.192.in-addr.arpa", "PTR",
         .records = "@ PTR a.example.com; @ PTR b.example.com; @ PTR c.example.com; @ PTR "
                    "d.example.com; @ PTR e.example.com; @ PTR f.example.com; @ PTR g.example.com; "
                    "@ PTR h.example.com; @ PTR i.example.com"},
        {"3.2.0.192.in-addr.arpa", "PTR",
         .records = "@ CNAME 3.0-25.2.0.192.in-addr.arpa; 3.0-25.2.0.192.in-addr.arpa PTR "
                    "mail.example.net"},
        {"4.2.0.192.in-addr.arpa", "PTR", .rcode = 2},
        {"5.2.0.192.in-addr.arpa", "PTR", .records = "@ PTR a\033b.example.com"},
        {"b.0.0.0.a.0.0.0.9.8.7.6.5.4.3.2.1.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", "PTR",
         .records = "@ PTR six.example.com"},
    };
    static const struct {
        const char *addr;
        enum resolved how;
        unsigned num;
        bool cut;
        const char *first;
    } cases[] = {
        {"192.0.2.1", RESOLVED_OK, 1, false, "mail.example.com"},
        {"192.0.2.2", RESOLVED_OK, 8, true, "a.example.com"},
        {"192.0.2.3", RESOLVED_OK, 1, false, "mail.example.net"},
        {"192.0.2.4", RESOLVED_FAILURE, 0, false, ""},
        {"192.0.2.5", RESOLVED_FAILURE, 0, false, ""},
        {"192.0.2.6", RESOLVED_NO_ADDRESS, 0, false, ""},
        {"2001:db8:0:1:2345:6789:a:b", RESOLVED_OK, 1, false, "six.example.com"},
        {"::ffff:192.0.2.1", RESOLVED_OK, 1, false, "mail.example.com"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct scene *s = open_scene(
            rules, LENGTH(rules), (struct resolver_config){.timeout_ns = PATIENT, .want4 = true});
        struct asked_name a = {.scene = s};
        struct addr addr;
        assert_true(addr_parse(&addr, cases[i].addr, strlen(cases[i].addr)));
        assert_int_equal(resolver_reverse(s->resolver, &a.res, addr, on_name_done), 0);
        run_until_done(s, 1);
        if (a.res.how != cases[i].how || a.res.num_names != cases[i].num ||
            a.res.cut != cases[i].cut || strcmp(a.res.names[0], cases[i].first) != 0)
            fail_msg("%s: %d, %u names, \"%s\"", cases[i].addr, a.res.how, a.res.num_names,
                     a.res.names[0]);
        close_scene(s);
    }
}

/* ---- many at once, bounds, cancelling ---- */

static void refusals(void **state)
{
    (void)state;
    static const struct dns_rule rules[] = {{"*", "A", .records = "@ A 192.0.2.1"}};
    struct scene *s = open_scene(
        rules, 1, (struct resolver_config){.timeout_ns = PATIENT, .max_queries = 1, .want4 = true});
    struct asked a, b = {.num_calls = 0};
    static const char *const bad[] = {"", ".", "a..b", "a b", "a\\.b", "caf\303\251.example"};
    for (size_t i = 0; i < LENGTH(bad); i++)
        assert_int_equal(resolver_start(s->resolver, &b.res, bad[i], on_done), UV_EINVAL);
    assert_true(resolver_has_room(s->resolver));
    ask(s, &a, HOST);
    assert_false(resolver_has_room(s->resolver));
    assert_int_equal(resolver_start(s->resolver, &b.res, HOST, on_done), UV_EAGAIN);
    run_until_done(s, 1);
    assert_true(resolver_has_room(s->resolver));
    assert_int_equal(b.num_calls, 0);
    close_scene(s);
}

static void bad_configurations(void **state)
{
    (void)state;
    static const struct resolver_config cases[] = {
        {.want4 = false},
        {.want4 = true, .servers = "dns.example.com"},
        {.want4 = true, .servers = ""},
    };
    uv_loop_t loop;
    assert_int_equal(uv_loop_init(&loop), 0);
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct resolver *r = NULL;
        char err[200] = "";
        assert_int_equal(resolver_new(&r, err, sizeof err, &loop, &cases[i]), UV_EINVAL);
        assert_null(r);
        assert_true(err[0] != '\0');
    }
    assert_int_equal(uv_loop_close(&loop), 0); /* nothing was left open on it */
    resolver_free(NULL);
}

/* the system's own servers are read, whatever they are, and nothing is asked of them */
static void system_servers(void **state)
{
    (void)state;
    uv_loop_t loop;
    struct resolver *r = NULL;
    char err[200] = "";
    const struct resolver_config config = {
        .want4 = true, .timeout_ns = 1, .tries = 1000, .max_queries = UINT32_MAX};
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(resolver_new(&r, err, sizeof err, &loop, &config), 0);
    resolver_free(r);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}

enum { MANY = 1000, AT_ONCE = 64 };

struct crowd {
    struct scene *scene;
    struct crowd_member {
        struct resolution res;
        struct crowd *crowd;
    } members[AT_ONCE];
    unsigned num_started, num_active, most_active, num_found;
};

static void on_member_done(struct resolution *res);

static void start_member(struct crowd_member *m)
{
    struct crowd *c = m->crowd;
    char name[40];
    snprintf(name, sizeof name, "host%u.example.com", c->num_started++);
    c->num_active++;
    if (c->num_active > c->most_active)
        c->most_active = c->num_active;
    assert_int_equal(resolver_start(c->scene->resolver, &m->res, name, on_member_done), 0);
}

static void on_member_done(struct resolution *res)
{
    struct crowd_member *m = (struct crowd_member *)res;
    struct crowd *c = m->crowd;
    c->num_active--;
    one_done(c->scene);
    if (res->how == RESOLVED_OK && res->num_addrs == 2)
        c->num_found++;
    if (c->num_started < MANY)
        start_member(m); /* from within done */
}

static void a_crowd(void **state)
{
    (void)state;
    static const struct dns_rule rules[] = {
        {"*", "A", .records = "@ A 192.0.2.1"},
        {"*", "AAAA", .manner = DNS_TRUNCATES, .records = "@ AAAA 2001:db8::1"},
    };
    struct scene *s = open_scene(
        rules, LENGTH(rules),
        (struct resolver_config){
            .timeout_ns = PATIENT, .max_queries = AT_ONCE, .want4 = true, .want6 = true});
    struct crowd *c = calloc(1, sizeof *c);
    assert_non_null(c);
    c->scene = s;
    for (unsigned i = 0; i < AT_ONCE; i++) {
        c->members[i].crowd = c;
        start_member(&c->members[i]);
    }
    run_until_done(s, MANY);
    assert_int_equal(c->num_found, MANY);
    assert_int_equal(c->most_active, AT_ONCE);
    free(c);
    close_scene(s);
}

/* what is cancelled is not heard of again, and the resolver can be asked anew */
static void cancelling(void **state)
{
    (void)state;
    static const struct dns_rule rules[] = {
        {"silent.example.com", "*", .manner = DNS_SILENT},
        {"*", "*", .records = "@ A 192.0.2.1"},
    };
    struct scene *s =
        open_scene(rules, LENGTH(rules),
                   (struct resolver_config){.timeout_ns = PATIENT, .want4 = true, .want6 = true});
    struct asked asked[3];
    for (int round = 0; round < 3; round++) {
        s->num_done = 0;
        ask(s, &asked[0], "silent.example.com");
        ask(s, &asked[1], "silent.example.com");
        for (int turns = 0; turns < round; turns++)
            uv_run(&s->loop, UV_RUN_NOWAIT);
        resolver_cancel_all(s->resolver);
        memset(asked, 0xff, sizeof asked); /* the caller may do with it what it likes */
        ask(s, &asked[2], HOST);
        run_until_done(s, 1);
        assert_int_equal(asked[2].res.how, RESOLVED_OK);
    }
    resolver_cancel_all(s->resolver);
    close_scene(s);
}

static void on_done_frees(struct resolution *res)
{
    struct asked *a = (struct asked *)res;
    a->num_calls++;
    one_done(a->scene);
    resolver_free(a->scene->resolver);
    a->scene->resolver = NULL;
}

/* freed from within done, with others asked for, and others done */
static void freed_from_within(void **state)
{
    (void)state;
    static const struct dns_rule rules[] = {
        {"silent.example.com", "*", .manner = DNS_SILENT},
        {"*", "*", .manner = DNS_TRUNCATES, .records = "@ A 192.0.2.1"},
    };
    struct scene *s = open_scene(rules, LENGTH(rules),
                                 (struct resolver_config){.timeout_ns = PATIENT, .want4 = true});
    struct asked asked[4];
    for (size_t i = 0; i < LENGTH(asked); i++) {
        asked[i].scene = s;
        asked[i].num_calls = 0;
        assert_int_equal(resolver_start(s->resolver, &asked[i].res,
                                        i == 0 ? "silent.example.com" : HOST, on_done_frees),
                         0);
    }
    run_until_done(s, 1);
    close_scene(s);
}

/* a resolver that is not asked does not keep the loop, nor a socket */
static void idle(void **state)
{
    (void)state;
    static const struct dns_rule rules[] = {{"*", "*", .records = "@ A 192.0.2.1"}};
    struct scene *s = open_scene(
        rules, 1, (struct resolver_config){.timeout_ns = PATIENT, .want4 = true, .want6 = true});
    struct asked a;
    ask(s, &a, HOST);
    run_until_done(s, 1);
    dns_peer_free(s->peer);
    uv_run(&s->loop, UV_RUN_DEFAULT); /* ends, with the server closed and the resolver open */
    assert_false(uv_loop_alive(&s->loop));
    resolver_free(s->resolver);
    uv_run(&s->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&s->loop), 0);
    free(s);
}

/* ---- faults of ours ---- */

/* no descriptor to be had: nothing is said of the name, and not from within the start */
static void no_descriptors(void **state)
{
    (void)state;
    static const struct dns_rule rules[] = {
        {HOST, "*", .records = "@ A 192.0.2.1"},
        {"tcp.example.com", "*", .manner = DNS_TRUNCATES, .records = "@ A 192.0.2.1"},
    };
    struct scene *s = open_scene(rules, LENGTH(rules),
                                 (struct resolver_config){.timeout_ns = PATIENT, .want4 = true});
    struct rlimit old, low;
    struct asked a;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    uv_run(&s->loop, UV_RUN_NOWAIT); /* what the loop needs is open */

    int lowest = dup(0); /* descriptors from here on are refused; for TCP, from the next one on */
    close(lowest);
    for (int more = 0; more < 2; more++) {
        low = (struct rlimit){.rlim_cur = (rlim_t)(lowest + more), .rlim_max = old.rlim_max};
        s->num_done = 0;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
        ask(s, &a, more ? "tcp.example.com" : HOST);
        run_until_done(s, 1);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
        assert_int_equal(a.res.how, RESOLVED_OURS);
        assert_int_equal(a.res.num_addrs, 0);
    }
    s->num_done = 0;
    ask(s, &a, HOST);
    run_until_done(s, 1);
    assert_int_equal(a.res.how, RESOLVED_OK);
    close_scene(s);
}

/* where nobody listens nothing is learnt of a name; where somebody else answers, it is */
static void nobody_listens(void **state)
{
    (void)state;
    static const struct dns_rule rules[] = {{"fails.example.com", "*", .rcode = 2},
                                            {"*", "*", .records = "@ A 192.0.2.1"}};
    struct scene *s = open_scene(rules, LENGTH(rules),
                                 (struct resolver_config){.timeout_ns = PATIENT, .want4 = true});
    struct dns_peer *closed;
    char servers[80], err[200];
    assert_int_equal(dns_peer_new(&closed, &s->loop, NULL, 0), 0);
    unsigned nobody = dns_peer_port(closed);
    dns_peer_free(closed);
    uv_run(&s->loop, UV_RUN_NOWAIT);

    static const struct {
        bool somebody;
        const char *host;
        enum resolved how;
    } cases[] = {
        {false, HOST, RESOLVED_OURS},
        {true, HOST, RESOLVED_OK},
        {true, "fails.example.com", RESOLVED_FAILURE},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct asked a;
        snprintf(servers, sizeof servers, "127.0.0.1:%u,127.0.0.1:%u", nobody,
                 cases[i].somebody ? dns_peer_port(s->peer) : nobody);
        resolver_free(s->resolver);
        const struct resolver_config config = {
            .servers = servers, .timeout_ns = PATIENT, .want4 = true};
        assert_int_equal(resolver_new(&s->resolver, err, sizeof err, &s->loop, &config), 0);
        s->num_done = 0;
        ask(s, &a, cases[i].host);
        run_until_done(s, 1);
        if (a.res.how != cases[i].how)
            fail_msg("case %zu: %d, %s", i, a.res.how, a.res.why);
    }
    close_scene(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lookups),
        cmocka_unit_test(sixty),
        cmocka_unit_test(reverses),
        cmocka_unit_test(refusals),
        cmocka_unit_test(bad_configurations),
        cmocka_unit_test(system_servers),
        cmocka_unit_test(a_crowd),
        cmocka_unit_test(cancelling),
        cmocka_unit_test(freed_from_within),
        cmocka_unit_test(idle),
        cmocka_unit_test(no_descriptors),
        cmocka_unit_test(nobody_listens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
