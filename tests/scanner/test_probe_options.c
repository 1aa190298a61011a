/*
 * probe_options: what is visited, by which name, at which port; what mxsweep is told of it; what is
 * refused, with what is wrong and the mend; times.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/prefix_set.h"
#include "scanner/probe_options.h"

#define S         UINT64_C(1000000000)
#define LENGTH(a) (sizeof(a) / sizeof(a)[0])

enum { WORDS_MAX = 40, COMMAND_MAX = 1024 };

/* parses "mxprobe LINE", split at spaces; '' is an empty word */
static int parse(struct probe_options *o, char err[OPTIONS_ERR_MAX], const char *line)
{
    static char copy[COMMAND_MAX], name[] = "mxprobe";
    char *argv[WORDS_MAX + 1] = {name};
    int argc = 1;
    assert_true(strlen(line) < sizeof copy);
    strcpy(copy, line);
    for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " ")) {
        assert_true(argc < WORDS_MAX);
        argv[argc++] = strcmp(word, "''") == 0 ? word + 2 : word;
    }
    err[0] = '\0';
    return probe_options_parse(o, err, argc, argv);
}

static void parse_well(struct probe_options *o, const char *line)
{
    char err[OPTIONS_ERR_MAX];
    if (parse(o, err, line) != 0)
        fail_msg("%s: is refused: %s", line, err);
}

static void targets(void **state)
{
    static const struct {
        const char *line, *target;
        unsigned port;
        const char *host; /* NULL: none */
    } cases[] = {
        {"192.0.2.7", "192.0.2.7", 25, NULL},
        {"192.0.2.7:2525", "192.0.2.7", 2525, NULL},
        {"127.0.0.1:1", "127.0.0.1", 1, NULL},
        {"10.1.2.3:65535", "10.1.2.3", 65535, NULL},
        {"2001:db8::25", "2001:db8::25", 25, NULL},
        {"[2001:db8::25]", "2001:db8::25", 25, NULL},
        {"[2001:db8::25]:587", "2001:db8::25", 587, NULL},
        {"::1", "::1", 25, NULL},
        {"mx.example.com", "mx.example.com", 25, "mx.example.com"},
        {"MX.Example.COM.:26", "mx.example.com", 26, "mx.example.com"},
        {"192.0.2.7 --host mx.example.com", "192.0.2.7,mx.example.com", 25, "mx.example.com"},
        {"--host MX.example.com. 192.0.2.7:26", "192.0.2.7,MX.example.com.", 26, "mx.example.com"},
        {"--host xn--mx-fka.example [2001:db8::1]:26", "2001:db8::1,xn--mx-fka.example", 26,
         "xn--mx-fka.example"},
    };
    (void)state;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct probe_options o;
        parse_well(&o, cases[i].line);
        assert_int_equal(o.sweep.targets.num, 1);
        assert_string_equal(o.sweep.targets.texts[0], cases[i].target);
        assert_int_equal(o.sweep.num_ports, 1);
        assert_int_equal(o.sweep.ports[0], cases[i].port);
        if (cases[i].host == NULL)
            assert_null(o.host);
        else
            assert_string_equal(o.host, cases[i].host);
        probe_options_cleanup(&o);
    }
}

static void one_visit(void **state)
{
    struct probe_options o;
    (void)state;
    parse_well(&o, "192.0.2.7");
    assert_true(o.sweep.include_special); /* a person names the address */
    assert_int_equal(o.sweep.in_flight, 1);
    assert_int_equal(o.sweep.threads, 1);
    assert_int_equal(o.sweep.rate_step_ns, 0);
    assert_int_equal(o.sweep.retries, 0);
    assert_int_equal(o.sweep.retry_delay_ns, 0);
    assert_int_equal(o.sweep.reply_timeout_ns, 45 * S);
    assert_int_equal(o.sweep.session_timeout_ns, 180 * S);
    assert_false(o.json || o.certs || o.verbose || o.has_time || o.help || o.version);
    assert_int_equal(o.color, PROBE_COLOR_AUTO);
    assert_null(o.trust_store);
    probe_options_cleanup(&o);
}

static void all_options(void **state)
{
    struct probe_options o;
    (void)state;
    parse_well(&o, "-v --json --trust-store roots.pem --time 2026-01-02T03:04:05Z --color never "
                   "--ehlo-name probe.example.com --source-ip 192.0.2.1 --dns-servers 192.0.2.53 "
                   "--starttls-anyway --connect-timeout 1s --reply-timeout 2s --tls-timeout 3s "
                   "--session-timeout 4s --audit versions,pq --audit-delay 5ms "
                   "--explain-failures 192.0.2.7");
    assert_true(o.verbose && o.json && o.has_time && o.sweep.starttls_anyway);
    assert_string_equal(o.trust_store, "roots.pem");
    assert_int_equal(o.time_s, 1767323045);
    assert_int_equal(o.color, PROBE_COLOR_NEVER);
    assert_string_equal(o.sweep.ehlo_name, "probe.example.com");
    assert_string_equal(o.sweep.source_ips, "192.0.2.1");
    assert_string_equal(o.sweep.dns_servers, "192.0.2.53");
    assert_int_equal(o.sweep.connect_timeout_ns, 1 * S);
    assert_int_equal(o.sweep.reply_timeout_ns, 2 * S);
    assert_int_equal(o.sweep.tls_timeout_ns, 3 * S);
    assert_int_equal(o.sweep.session_timeout_ns, 4 * S);
    assert_int_equal(o.sweep.audit_delay_ns, 5000000);
    assert_true(o.sweep.audits != 0 && o.sweep.explain_failures);
    probe_options_cleanup(&o);
    parse_well(&o, "--certs --color always 192.0.2.7");
    assert_true(o.certs);
    assert_int_equal(o.color, PROBE_COLOR_ALWAYS);
    probe_options_cleanup(&o);
}

static void asked_about_itself(void **state)
{
    static const char *const lines[] = {"--help", "-h", "--version", "-V", "--help 1 2 3", "-vh"};
    (void)state;
    for (size_t i = 0; i < LENGTH(lines); i++) {
        struct probe_options o;
        parse_well(&o, lines[i]);
        assert_true(o.help || o.version);
        probe_options_cleanup(&o);
    }
}

static void refused(void **state)
{
    static const struct {
        const char *line, *what, *mend;
    } cases[] = {
        {"", "ADDRESS: none given", "name one"},
        {"192.0.2.1 192.0.2.2", "ADDRESS: more than one given", "name one"},
        {"192.0.2.0/24", "is more than one address", "many are for mxsweep"},
        {"192.0.2.1-192.0.2.9", "is more than one address", "many are for mxsweep"},
        {"192.0.2.1,mx.example.com", "holds an octet that no address has", "name one"},
        {"192.0.2.1#", "holds an octet that no address has", "name one"},
        {"saddr", "is no address", "name one"},
        {"''", "is no address", "name one"},
        {":25", "is no address", "name one"},
        {"192.0.2.1:", "the port is no such number", "from 1 to 65535"},
        {"192.0.2.1:0", "the port is no such number", "from 1 to 65535"},
        {"192.0.2.1:65536", "the port is no such number", "from 1 to 65535"},
        {"192.0.2.1:smtp", "the port is no such number", "from 1 to 65535"},
        {"192.0.2.1:000025", "the port is no such number", "from 1 to 65535"},
        {"192.0.2.999", "192.0.2.999", ""},
        {"-mx.example.com", "unknown option", "--help"},
        {"mx..example.com", "empty label", "one dot"},
        {"0.0.0.0", "is an address of no host", "that a server has"},
        {"::", "is an address of no host", "that a server has"},
        {"224.0.0.1", "is an address of no host", "that a server has"},
        {"239.255.255.255:25", "is an address of no host", "that a server has"},
        {"255.255.255.255", "is an address of no host", "that a server has"},
        {"ff02::1", "is an address of no host", "that a server has"},
        {"[ff02::1]:25", "is an address of no host", "that a server has"},
        {"64:ff9b::e000:1", "is an address of no host", "that a server has"},
        {"--host mx.example.com mx.example.com", "is for an address", "leave it out"},
        {"--host 192.0.2.1 192.0.2.1", "--host", ""},
        {"--host a,b 192.0.2.1", "--host: is no host name", "mx.example.com"},
        {"--host a..b 192.0.2.1", "empty label", "one dot"},
        {"--host '' 192.0.2.1", "--host : expected", "one host name"},
        {"--host a --host b 192.0.2.1", "--host b: expected", "given once"},
        {"--json --certs 192.0.2.1", "--certs", "give one of them"},
        {"--time tomorrow 192.0.2.1", "--time tomorrow: expected", "2026-01-31T12:00:00Z"},
        {"--color blue 192.0.2.1", "--color blue: expected", "auto, always or never"},
        {"--reply-timeout 5 192.0.2.1", "--reply-timeout 5: expected", "a duration"},
        {"--audit everything 192.0.2.1", "--audit everything: expected", "versions"},
        {"--trust-store", "--trust-store: needs a value", "--help"},
        {"--json=yes 192.0.2.1", "takes no value", "--help"},
        {"--rate 5 192.0.2.1", "--rate: unknown option", "--help"},
        {"-x 192.0.2.1", "-x: unknown option", "--help"},
    };
    (void)state;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct probe_options o;
        char err[OPTIONS_ERR_MAX];
        int rc = parse(&o, err, cases[i].line);
        probe_options_cleanup(&o);
        if (rc != -EINVAL)
            fail_msg("%s: is not refused", cases[i].line);
        if (strstr(err, cases[i].what) == NULL || strstr(err, cases[i].mend) == NULL ||
            strchr(err, '\n') != NULL)
            fail_msg("%s: the message is \"%s\"", cases[i].line, err);
    }
}

static void times(void **state)
{
    static const struct {
        const char *text;
        int64_t seconds; /* -1: is none */
    } cases[] = {
        {"1970-01-01", 0},
        {"1970-01-01T00:00:01Z", 1},
        {"2000-02-29", 951782400},
        {"2000-03-01T00:00:00Z", 951868800},
        {"2026-01-01", 1767225600},
        {"2026-12-31T23:59:59Z", 1798761599},
        {"2038-01-19T03:14:08Z", INT64_C(2147483648)},
        {"9999-12-31T23:59:59Z", INT64_C(253402300799)},
        {"2026-02-29", -1},
        {"2100-02-29", -1},
        {"2026-04-31", -1},
        {"2026-13-01", -1},
        {"2026-00-01", -1},
        {"2026-01-00", -1},
        {"1969-12-31", -1},
        {"2026-01-01T24:00:00Z", -1},
        {"2026-01-01T00:60:00Z", -1},
        {"2026-01-01T00:00:60Z", -1},
        {"2026-01-01T00:00:00", -1},
        {"2026-01-01T00:00:00+00:00", -1},
        {"2026-01-01 00:00:00Z", -1},
        {"2026/01/01", -1},
        {"", -1},
    };
    (void)state;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        int64_t seconds = -1;
        bool good = probe_time_parse(&seconds, cases[i].text);
        if (good != (cases[i].seconds >= 0) || seconds != cases[i].seconds)
            fail_msg("%s: %lld", cases[i].text, (long long)seconds);
    }
}

static void no_host_has_them(void **state)
{
    static const struct {
        const char *text;
        bool refused;
    } cases[] = {{"0.0.0.0", true},
                 {"0.0.0.1", false},
                 {"223.255.255.255", false},
                 {"224.0.0.0", true},
                 {"239.255.255.255", true},
                 {"240.0.0.1", false},
                 {"::", true},
                 {"::1", false},
                 {"255.255.255.255", true},
                 {"ff00::", true},
                 {"fe80::1", false},
                 {"127.0.0.1", false}};
    struct prefix_set set;
    (void)state;
    prefix_set_init(&set);
    assert_int_equal(probe_refused(&set), 0);
    prefix_set_seal(&set);
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct addr a;
        assert_true(addr_parse(&a, cases[i].text, strlen(cases[i].text)));
        if (addr_refused(&set, a) != cases[i].refused)
            fail_msg("%s", cases[i].text);
    }
    prefix_set_cleanup(&set);
}

/* every row of the table is told, those of mxsweep too */
static void help(void **state)
{
    static const char *const names[] = {"--host NAME",
                                        "-v, --verbose",
                                        "--json",
                                        "--certs",
                                        "--trust-store FILE",
                                        "--time TIME",
                                        "--color WHEN",
                                        "-h, --help",
                                        "-V, --version",
                                        "--ehlo-name NAMES",
                                        "--source-ip",
                                        "--dns-servers",
                                        "--audit LIST",
                                        "--audit-delay",
                                        "--explain-failures",
                                        "--starttls-anyway",
                                        "--connect-timeout",
                                        "--reply-timeout",
                                        "--tls-timeout",
                                        "--session-timeout",
                                        "versions  ",
                                        "\n  4 ",
                                        "\n  5 ",
                                        "\n  6 ",
                                        "\n  7 "};
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    (void)state;
    probe_options_help(out);
    fclose(out);
    for (size_t i = 0; i < LENGTH(names); i++)
        if (strstr(text, names[i]) == NULL)
            fail_msg("--help does not tell \"%s\"", names[i]);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets),          cmocka_unit_test(one_visit),
        cmocka_unit_test(all_options),      cmocka_unit_test(asked_about_itself),
        cmocka_unit_test(refused),          cmocka_unit_test(times),
        cmocka_unit_test(no_host_has_them), cmocka_unit_test(help),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
