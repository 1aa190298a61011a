/*
 * options: every option of the table takes what it should; --help and the man page name all of them,
 * with their defaults.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scanner/options.h"

#define S         UINT64_C(1000000000)
#define LENGTH(a) (sizeof(a) / sizeof(a)[0])

enum { WORDS_MAX = 80, COMMAND_MAX = 1024, MAN_MAX = 65536 };

/* parses "mxsweep LINE", split at spaces ("\x1f" stands for a space inside a word; '' for an empty
 * word). What options point into stays until the next call. */
static int parse(struct options *o, char err[OPTIONS_ERR_MAX], const char *line)
{
    static char copy[COMMAND_MAX], name[] = "mxsweep";
    char *argv[WORDS_MAX + 1] = {name};
    int argc = 1;
    assert_true(strlen(line) < sizeof copy);
    strcpy(copy, line);
    for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " ")) {
        assert_true(argc < WORDS_MAX);
        for (char *c = word; *c != '\0'; c++)
            *c = *c == '\x1f' ? ' ' : *c;
        argv[argc++] = strcmp(word, "''") == 0 ? word + 2 : word;
    }
    err[0] = '\0';
    return options_parse(o, err, argc, argv);
}

/* ---- good values ---- */

/* where a number of the options lies, and what it must be */
struct field {
    const char *line; /* after "-o OUT TARGET" */
    size_t offset;
    uint64_t value;
};
#define AT(member) offsetof(struct options, member)

static void numbers(void **state)
{
    (void)state;
    static const struct field cases[] = {
        {"", AT(rate_step_ns), S / 100},
        {"", AT(in_flight), 1000},
        {"", AT(threads), 0},
        {"", AT(shards), 1},
        {"", AT(shard), 0},
        {"", AT(num_ports), 0},
        {"", AT(connect_timeout_ns), 10 * S},
        {"", AT(reply_timeout_ns), 45 * S},
        {"", AT(tls_timeout_ns), 30 * S},
        {"", AT(session_timeout_ns), 180 * S},
        {"", AT(flush_ns), 5 * S},
        {"--rate 1k", AT(rate_step_ns), S / 1000},
        {"-r 30/m", AT(rate_step_ns), 2 * S},
        {"-r0", AT(rate_step_ns), 0},
        {"--rate=5 -r 10", AT(rate_step_ns), S / 10},
        {"--in-flight 20k", AT(in_flight), 20000},
        {"-s 0", AT(in_flight), 0},
        {"-s 10M", AT(in_flight), 10000000},
        {"--threads 64", AT(threads), 64},
        {"-T1", AT(threads), 1},
        {"--shards 4294967295 --shard 0", AT(shards), UINT32_MAX},
        {"--shards 4 --shard 3", AT(shard), 3},
        {"--shard 3 --shards 4", AT(shard), 3},
        {"--seed 0", AT(seed), 0},
        {"-e 18446744073709551615", AT(seed), UINT64_MAX},
        {"--seed 0xC0ffee", AT(seed), 0xc0ffee},
        {"--seed 010", AT(seed), 10},
        {"--connect-timeout 500ms", AT(connect_timeout_ns), S / 2},
        {"--reply-timeout 2m", AT(reply_timeout_ns), 120 * S},
        {"--tls-timeout 1ms", AT(tls_timeout_ns), S / 1000},
        {"--session-timeout 24h", AT(session_timeout_ns), 86400 * S},
        {"--flush-interval 1.5s", AT(flush_ns), 1500000000},
        {"", AT(rotate_size), 0},
        {"", AT(rotate_ns), 0},
        {"--rotate-size 4G", AT(rotate_size), 4000000000},
        {"--rotate-size 1", AT(rotate_size), 1},
        {"--rotate-size 0", AT(rotate_size), 0},
        {"--rotate-time 250ms", AT(rotate_ns), S / 4},
        {"--rotate-time 100h", AT(rotate_ns), 360000 * S},
        {"--rotate-time 0", AT(rotate_ns), 0},
        {"--port 1", AT(num_ports), 1},
        {"-p 25,465,587,65535", AT(num_ports), 4},
        {"-p 25 -p 587", AT(num_ports), 2},
        {"", AT(prefix_step_ns), S / 10},
        {"", AT(prefix_in_flight), 64},
        {"", AT(as_step_ns), 0},
        {"", AT(retries), 2},
        {"", AT(retry_delay_ns), 60 * S},
        {"", AT(syns), 0},
        {"", AT(max_targets), 0},
        {"", AT(max_runtime_ns), 0},
        {"", AT(control_interval_ns), 10 * S},
        {"", AT(disk_wait_ns), 60 * S},
        {"--disk-wait 24h", AT(disk_wait_ns), 86400 * S},
        {"--disk-wait 0", AT(disk_wait_ns), 0},
        {"--prefix-rate 2/m", AT(prefix_step_ns), 30 * S},
        {"--prefix-rate 0", AT(prefix_step_ns), 0},
        {"--prefix-in-flight 1", AT(prefix_in_flight), 1},
        {"--prefix-in-flight 10M", AT(prefix_in_flight), 10000000},
        {"--prefix-in-flight 0", AT(prefix_in_flight), 0},
        {"--as-rate 30/m --asn-db as.mmdb", AT(as_step_ns), 2 * S},
        {"--as-rate 0", AT(as_step_ns), 0}, /* no limit: no database */
        {"--retries 0", AT(retries), 0},
        {"--retries 3", AT(retries), 3},
        {"--retry-delay 24h", AT(retry_delay_ns), 86400 * S},
        {"--retry-delay 500ms", AT(retry_delay_ns), S / 2},
        {"--retries 0 --retry-delay 0", AT(retry_delay_ns), 0},
        {"--syns 1", AT(syns), 1},
        {"--syns 127", AT(syns), 127},
        {"--max-targets 1", AT(max_targets), 1},
        {"--max-targets 20k", AT(max_targets), 20000},
        {"--max-targets 1000000000000M", AT(max_targets), UINT64_C(1000000000000000000)},
        {"--max-targets 5%", AT(max_targets), 0},
        {"--max-runtime 8h", AT(max_runtime_ns), 28800 * S},
        {"--max-runtime 10000h", AT(max_runtime_ns), 36000000 * S},
        {"--max-runtime 1ms", AT(max_runtime_ns), S / 1000},
        {"--control hosts --control-interval 1m", AT(control_interval_ns), 60 * S},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        char line[COMMAND_MAX], err[OPTIONS_ERR_MAX];
        struct options o;
        uint64_t value;
        snprintf(line, sizeof line, "-o out.mxs.zst 192.0.2.0/24 %s", cases[i].line);
        if (parse(&o, err, line) != 0)
            fail_msg("%s: %s", line, err);
        memcpy(&value, (char *)&o + cases[i].offset, sizeof value);
        if (value != cases[i].value)
            fail_msg("%s: is %llu", line, (unsigned long long)value);
        options_cleanup(&o);
    }
}

/* those that are kept in 32 bits */
static void small_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        unsigned len4, len6;
        uint32_t max_ppm, sample_ppm;
    } cases[] = {
        {"", 24, 48, 0, 0},
        {"--prefix-len 32,64", 32, 64, 0, 0},
        {"--prefix-len 1,128", 1, 128, 0, 0},
        {"--prefix-len 16,1", 16, 1, 0, 0},
        {"--max-targets 5%", 24, 48, 50000, 0},
        {"--max-targets 0.0001%", 24, 48, 1, 0},
        {"--max-targets 100%", 24, 48, 1000000, 0},
        {"--sample 1%", 24, 48, 0, 10000},
        {"--sample 0.05%", 24, 48, 0, 500},
        {"--sample 100%", 24, 48, 0, 1000000},
        {"--sample 10% --max-targets 50%", 24, 48, 500000, 100000},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        char line[COMMAND_MAX], err[OPTIONS_ERR_MAX];
        struct options o;
        snprintf(line, sizeof line, "-o out.mxs.zst 192.0.2.0/24 %s", cases[i].line);
        if (parse(&o, err, line) != 0)
            fail_msg("%s: %s", line, err);
        if (o.prefix_len4 != cases[i].len4 || o.prefix_len6 != cases[i].len6 ||
            o.max_targets_ppm != cases[i].max_ppm || o.sample_ppm != cases[i].sample_ppm)
            fail_msg("%s: sets something else", line);
        options_cleanup(&o);
    }
}

static void ports_in_order(void **state)
{
    (void)state;
    char err[OPTIONS_ERR_MAX];
    struct options o;
    assert_int_equal(parse(&o, err, "-o out -p 587,25 -p 2525 192.0.2.1"), 0);
    assert_int_equal(o.num_ports, 3);
    assert_int_equal(o.ports[0], 587);
    assert_int_equal(o.ports[1], 25);
    assert_int_equal(o.ports[2], 2525);
    options_cleanup(&o);
}

static void texts(void **state)
{
    (void)state;
    char err[OPTIONS_ERR_MAX];
    struct options o;
    assert_int_equal(
        parse(&o, err,
              "192.0.2.0/28 --output-file out.mxs.zst -i a.txt -b block -w allow "
              "--ehlo-name scan.example.com,b.example.com --source-ip 192.0.2.1,2001:db8::1 "
              "--asn-db as.mmdb --as-rate 5 --control hosts "
              "--dns-servers 192.0.2.53,[2001:db8::53]:5353 --user-metadata {\"a\":\x1f"
              "1} -u status --metrics-file m.prom --input-file - "
              "198.51.100.1-198.51.100.9 -- -odd"),
        0);
    assert_string_equal(o.output_file, "out.mxs.zst");
    assert_string_equal(o.blocklist_file, "block");
    assert_string_equal(o.allowlist_file, "allow");
    assert_string_equal(o.ehlo_name, "scan.example.com,b.example.com");
    assert_string_equal(o.source_ips, "192.0.2.1,2001:db8::1");
    assert_string_equal(o.asn_db, "as.mmdb");
    assert_string_equal(o.control_file, "hosts");
    assert_string_equal(o.dns_servers, "192.0.2.53,[2001:db8::53]:5353");
    assert_string_equal(o.user_metadata, "{\"a\": 1}");
    assert_string_equal(o.status_file, "status");
    assert_string_equal(o.metrics_file, "m.prom");
    assert_int_equal(o.input_files.num, 2);
    assert_string_equal(o.input_files.texts[0], "a.txt");
    assert_string_equal(o.input_files.texts[1], "-");
    assert_int_equal(o.targets.num, 3);
    assert_string_equal(o.targets.texts[0], "192.0.2.0/28");
    assert_string_equal(o.targets.texts[1], "198.51.100.1-198.51.100.9");
    assert_string_equal(o.targets.texts[2], "-odd");
    assert_null(o.resume_file);
    options_cleanup(&o);
}

static void flags(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        bool special, anyway, dry, quiet, help, version, stream, preflight, create;
        enum record_mode mode;
    } cases[] = {
        {.line = "-o out t"},
        {.line = "-o out t --include-special", .special = true},
        {.line = "-o out t --starttls-anyway", .anyway = true},
        {.line = "t --dry-run", .dry = true}, /* needs no output */
        {.line = "-o out t --dry-run", .dry = true},
        {.line = "-o out t --quiet", .quiet = true},
        {.line = "-qo out t", .quiet = true},
        {.line = "-o out t --record all", .mode = RECORD_ALL},
        {.line = "-o out t --record responsive", .mode = RECORD_RESPONSIVE},
        {.line = "-o out --stream -i list", .stream = true},
        {.line = "--stream -i - --dry-run", .stream = true, .dry = true},
        {.line = "-o out t --preflight", .preflight = true},
        {.line = "-o out t --resume-or-create", .create = true},
        {.line = "-h", .help = true},
        {.line = "--help --resume a -o b", .help = true}, /* whatever else is wrong */
        {.line = "-V", .version = true},
        {.line = "--version", .version = true},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        char err[OPTIONS_ERR_MAX];
        struct options o;
        if (parse(&o, err, cases[i].line) != 0)
            fail_msg("%s: %s", cases[i].line, err);
        if (o.include_special != cases[i].special || o.starttls_anyway != cases[i].anyway ||
            o.dry_run != cases[i].dry || o.quiet != cases[i].quiet || o.help != cases[i].help ||
            o.version != cases[i].version || o.record_mode != cases[i].mode ||
            o.stream != cases[i].stream || o.preflight != cases[i].preflight ||
            o.resume_or_create != cases[i].create)
            fail_msg("%s: sets something else", cases[i].line);
        options_cleanup(&o);
    }
}

/* what a resumed sweep may change */
static void resumed(void **state)
{
    (void)state;
    char err[OPTIONS_ERR_MAX];
    struct options o;
    assert_int_equal(
        parse(&o, err,
              "--resume a.mxs.zst -r 5 -s 7 -T 2 --connect-timeout 1s --reply-timeout 1s "
              "--tls-timeout 1s --session-timeout 1m --flush-interval 1s -b block -q --dry-run "
              "-u - --metrics-file m.prom --prefix-rate 1 --prefix-in-flight 2 --prefix-len 32,64 "
              "--as-rate 1 --asn-db as.mmdb --retries 1 --retry-delay 5m --max-targets 100 "
              "--max-runtime 8h --syns 2 --dns-servers 192.0.2.53 --control hosts "
              "--control-interval 1m --disk-wait 5m -w allow -i list --rotate-size 1G "
              "--rotate-time 24h"),
        0);
    assert_string_equal(o.resume_file, "a.mxs.zst");
    assert_null(o.output_file);
    options_cleanup(&o);
}

/* ---- help ---- */

static const char *const all_options[] = {
    "input-file",
    "output-file",
    "resume",
    "resume-or-create",
    "stream",
    "port",
    "blocklist-file",
    "allowlist-file",
    "include-special",
    "rate",
    "in-flight",
    "prefix-rate",
    "prefix-in-flight",
    "prefix-len",
    "as-rate",
    "asn-db",
    "retries",
    "retry-delay",
    "max-targets",
    "max-runtime",
    "sample",
    "threads",
    "shards",
    "shard",
    "seed",
    "source-ip",
    "ehlo-name",
    "dns-servers",
    "starttls-anyway",
    "audit",
    "audit-delay",
    "explain-failures",
    "connect-timeout",
    "syns",
    "reply-timeout",
    "tls-timeout",
    "session-timeout",
    "flush-interval",
    "disk-wait",
    "rotate-size",
    "rotate-time",
    "record",
    "user-metadata",
    "status-updates-file",
    "metrics-file",
    "control",
    "control-interval",
    "preflight",
    "dry-run",
    "quiet",
    "help",
    "version",
};

static char *help_text(void)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    options_help(out);
    assert_int_equal(fclose(out), 0);
    return text;
}

/* other lines are of text, or of audits */
static bool is_option(const char *line)
{
    return strlen(line) > 8 && strncmp(line, "  ", 2) == 0 && strncmp(line + 6, "--", 2) == 0;
}

/* one line for each option and no other, and no two letters alike */
static void help(void **state)
{
    (void)state;
    char *text = help_text();
    size_t num = 0, num_lines = 0;
    char letters[64] = "";
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        char name[40];
        assert_true(strlen(line) <= 100); /* one screen */
        assert_true(++num_lines <= 70);
        if (!is_option(line))
            continue;
        assert_int_equal(sscanf(line + 6, "--%39[a-z-]", name), 1);
        assert_true(num < LENGTH(all_options));
        assert_string_equal(name, all_options[num]);
        num++;
        if (line[2] == ' ')
            continue;
        assert_true(line[2] == '-' && line[4] == ',');
        assert_null(strchr(letters, line[3]));
        strncat(letters, &line[3], 1);
    }
    assert_int_equal(num, LENGTH(all_options));
    free(text);
}

/* what --help says of defaults is what they are */
static void help_states_defaults(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "no limit (100)",
        "descriptors allow (1000)",
        "ports, comma-separated (25)",
        "one /24 or /48; 0: no limit (10)",
        "one /24 or /48; 0: no limit (64)",
        "in bits (24,48)",
        "needs --asn-db; 0: no limit (0)",
        "0 to 3 (2)",
        "twice as long the next time (1m)",
        "as many as the kernel sends (0)",
        "is asked (10s)",
        "0: not at all (1m)",
        "to one target (1s)",
        "TCP connection (10s)",
        "SMTP reply (45s)",
        "handshake (30s)",
        "whole session (3m)",
        "this often (5s)",
        "all, responsive (all)",
        "share the sweep (1)",
        "from 0 (0)",
        "Exit status: 0 complete, 1 a fault of ours, 2 usage",
        "3 stopped early (go on with --resume FILE)",
    };
    char *text = help_text();
    for (size_t i = 0; i < LENGTH(lines); i++)
        if (strstr(text, lines[i]) == NULL)
            fail_msg("--help does not say \"%s\"", lines[i]);
    free(text);
}

/* ---- man page ---- */

static void read_man(char *out, size_t cap)
{
    FILE *in = fopen(TEST_DATA "/../../doc/man/mxsweep.1", "r");
    assert_non_null(in);
    size_t len = fread(out, 1, cap - 1, in);
    assert_true(len > 0 && len < cap - 1);
    out[len] = '\0';
    fclose(in);
}

/* the item of the man page that a line of --help is about, without what follows it */
static char *man_item(const char *man, const char *help_line)
{
    char name[40], head[80];
    assert_int_equal(sscanf(help_line + 6, "--%39[a-z-]", name), 1);
    bool has_arg = help_line[8 + strlen(name)] == ' ' && help_line[9 + strlen(name)] != ' ';
    char letter[16] = "";
    if (help_line[2] == '-')
        snprintf(letter, sizeof letter, "Fl %c , ", help_line[3]);
    snprintf(head, sizeof head, "\n.It %sFl \\-%s%s", letter, name, has_arg ? " Ar " : "\n");
    const char *at = strstr(man, head);
    if (at == NULL)
        fail_msg("the man page has no%s", head);
    const char *end = strstr(at + 1, "\n.It "), *list_end = strstr(at, "\n.El");
    end = end == NULL || end > list_end ? list_end : end;
    return strndup(at, (size_t)(end - at));
}

/* letter, name and argument of each option, and its default, are those of --help; and no other is
 * there */
static void man_page(void **state)
{
    (void)state;
    static char man[MAN_MAX];
    char *text = help_text();
    size_t num = 0;
    read_man(man, sizeof man);
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        const char *fallback = strrchr(line, '(');
        if (!is_option(line))
            continue;
        char *item = man_item(man, line);
        if (fallback != NULL && line[strlen(line) - 1] == ')' && strstr(item, fallback) == NULL)
            fail_msg("the default %s is not in the man page's%s", fallback, item);
        free(item);
    }
    for (const char *at = man; (at = strstr(at, "\n.It Fl ")) != NULL; at++)
        num++;
    assert_int_equal(num, LENGTH(all_options));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers),       cmocka_unit_test(ports_in_order),
        cmocka_unit_test(small_numbers), cmocka_unit_test(texts),
        cmocka_unit_test(flags),         cmocka_unit_test(resumed),
        cmocka_unit_test(help),          cmocka_unit_test(help_states_defaults),
        cmocka_unit_test(man_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
