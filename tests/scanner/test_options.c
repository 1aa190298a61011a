/*
 * options: every option of the table takes what it should, refuses what it should, and says which
 * option and the mend; what may not stand together is refused; --help names all of them.
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
        {"--port 1", AT(num_ports), 1},
        {"-p 25,465,587,65535", AT(num_ports), 4},
        {"-p 25 -p 587", AT(num_ports), 2},
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
    assert_int_equal(parse(&o, err,
                           "192.0.2.0/28 --output-file out.mxs.zst -i a.txt -b block -w allow "
                           "--ehlo-name scan.example.com --user-metadata {\"a\":\x1f"
                           "1} -u status --metrics-file m.prom --input-file - "
                           "198.51.100.1-198.51.100.9 -- -odd"),
                     0);
    assert_string_equal(o.output_file, "out.mxs.zst");
    assert_string_equal(o.blocklist_file, "block");
    assert_string_equal(o.allowlist_file, "allow");
    assert_string_equal(o.ehlo_name, "scan.example.com");
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
        bool special, anyway, dry, quiet, help, version;
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
            o.version != cases[i].version || o.record_mode != cases[i].mode)
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
              "-u - --metrics-file m.prom"),
        0);
    assert_string_equal(o.resume_file, "a.mxs.zst");
    assert_null(o.output_file);
    options_cleanup(&o);
}

/* ---- bad values ---- */

/* each line must be refused with a message that has all three texts */
struct bad {
    const char *line;
    const char *option, *what, *mend;
};

static void check_refused(const struct bad *cases, size_t num)
{
    for (size_t i = 0; i < num; i++) {
        char err[OPTIONS_ERR_MAX];
        struct options o;
        int rc = parse(&o, err, cases[i].line);
        options_cleanup(&o);
        if (rc != -EINVAL)
            fail_msg("%s: is not refused", cases[i].line);
        if (strncmp(err, cases[i].option, strlen(cases[i].option)) != 0 ||
            strstr(err, cases[i].what) == NULL || strstr(err, cases[i].mend) == NULL ||
            strchr(err, '\n') != NULL)
            fail_msg("%s: the message is \"%s\"", cases[i].line, err);
    }
}

#define EXPECTED(line, option, mend)                                                               \
    {                                                                                              \
        line, option, "expected is", mend                                                          \
    }
static const char A_DURATION[] = "a duration up to 24h, such as 500ms, 10s or 2m";
static const char A_FILE[] = "one file name, given once";
static const char A_PORT[] = "ports from 1 to 65535, each once, separated by commas";

static void bad_values(void **state)
{
    (void)state;
    const struct bad cases[] = {
        EXPECTED("-i ''", "--input-file ", "a file name or \"-\""),
        EXPECTED("-o ''", "--output-file ", A_FILE),
        EXPECTED("-o a -o b", "--output-file b", A_FILE),
        EXPECTED("--resume a --resume b", "--resume b", A_FILE),
        EXPECTED("-b ''", "--blocklist-file ", A_FILE),
        EXPECTED("-b a -b b", "--blocklist-file b", A_FILE),
        EXPECTED("-w a -w b", "--allowlist-file b", A_FILE),
        EXPECTED("-p 0", "--port 0", A_PORT),
        EXPECTED("-p 65536", "--port 65536", A_PORT),
        EXPECTED("-p 25,25", "--port 25,25", A_PORT),
        EXPECTED("-p 25 -p 25", "--port 25", A_PORT),
        EXPECTED("-p 25,", "--port 25,", A_PORT),
        EXPECTED("-p ,25", "--port ,25", A_PORT),
        EXPECTED("-p 25-30", "--port 25-30", A_PORT),
        EXPECTED("-p smtp", "--port smtp", A_PORT),
        EXPECTED("-p 99999999999999999999", "--port 99999999999999999999", A_PORT),
        EXPECTED("-p ''", "--port ", A_PORT),
        EXPECTED("-r fast", "--rate fast", "a number followed by /s, /m or /h"),
        EXPECTED("--rate=-1", "--rate -1", "a number followed by /s, /m or /h"),
        EXPECTED("-r 5/d", "--rate 5/d", "a number followed by /s, /m or /h"),
        EXPECTED("-s -1", "--in-flight -1", "a number from 0 to 10M"),
        EXPECTED("-s 10000001", "--in-flight 10000001", "a number from 0 to 10M"),
        EXPECTED("-T 0", "--threads 0", "a number from 1 to 64"),
        EXPECTED("-T 65", "--threads 65", "a number from 1 to 64"),
        EXPECTED("--shards 0", "--shards 0", "a number from 1"),
        EXPECTED("--shards 4294967296", "--shards 4294967296", "a number from 1"),
        EXPECTED("--shard x", "--shard x", "a number from 0"),
        EXPECTED("--shard 4294967295", "--shard 4294967295", "a number from 0"),
        EXPECTED("-e -1", "--seed -1", "a number that fits 64 bits"),
        EXPECTED("-e 1.5", "--seed 1.5", "a number that fits 64 bits"),
        EXPECTED("-e 0x", "--seed 0x", "a number that fits 64 bits"),
        EXPECTED("-e ''", "--seed ", "a number that fits 64 bits"),
        EXPECTED("-e \x1f"
                 "1",
                 "--seed  1", "a number that fits 64 bits"),
        EXPECTED("-e 18446744073709551616", "--seed 18446744073709551616",
                 "a number that fits 64 bits"),
        EXPECTED("--ehlo-name a.example.com --ehlo-name b.example.com", "--ehlo-name b.example.com",
                 "one name, given once"),
        EXPECTED("--connect-timeout 10", "--connect-timeout 10", A_DURATION),
        EXPECTED("--connect-timeout 0s", "--connect-timeout 0s", A_DURATION),
        EXPECTED("--reply-timeout 25h", "--reply-timeout 25h", A_DURATION),
        EXPECTED("--tls-timeout -1s", "--tls-timeout -1s", A_DURATION),
        EXPECTED("--session-timeout 1d", "--session-timeout 1d", A_DURATION),
        EXPECTED("--flush-interval soon", "--flush-interval soon", A_DURATION),
        EXPECTED("--record none", "--record none", "all or responsive"),
        EXPECTED("-u ''", "--status-updates-file ", "one file name or \"-\", given once"),
        EXPECTED("-u a -u b", "--status-updates-file b", "one file name or \"-\", given once"),
        EXPECTED("--metrics-file ''", "--metrics-file ", A_FILE),
        EXPECTED("--metrics-file a --metrics-file b", "--metrics-file b", A_FILE),
        EXPECTED("--user-metadata {} --user-metadata {}", "--user-metadata {}",
                 "one JSON text, given once"),
    };
    check_refused(cases, LENGTH(cases));
}

static void no_such_option(void **state)
{
    (void)state;
    static const struct bad cases[] = {
        {"--nope", "--nope", "unknown option", "--help"},
        {"-o out t --bandwidth 5", "--bandwidth", "unknown option", "--help"},
        {"-z", "-z", "unknown option", "--help"},
        {"-zq -o out t", "-z", "unknown option", "--help"}, /* the letter, wherever it stands */
        {"-qz -o out t", "-z", "unknown option", "--help"},
        {"--s", "--s", "unknown option", "--help"}, /* which of them? */
        {"--quiet=1", "--quiet=1", "takes no value", "--help"},
        {"-r", "-r", "needs a value", "--help"},
        {"-qr", "-r", "needs a value", "--help"},
        {"t --rate", "--rate", "needs a value", "--help"},
    };
    check_refused(cases, LENGTH(cases));
}

static void conflicts(void **state)
{
    (void)state;
    static const struct bad cases[] = {
        {"", "TARGET", "none given", "-i"},
        {"-o out", "TARGET", "none given", "-i"},
        {"t", "--output-file", "not given", "-o FILE"},
        {"-i file", "--output-file", "not given", "-o FILE"},
        {"-o out t --shard 1", "--shard", "no such shard", "count from 0"},
        {"-o out t --shards 4", "--shard", "not given", "which of the shards"},
        {"-o out t --shards 4 --shard 4", "--shard", "no such shard", "count from 0"},
        /* files of our own are not each other */
        {"-o out t -u out", "--status-updates-file", "is the dataset", "of its own"},
        {"--resume out -u out", "--status-updates-file", "is the dataset", "of its own"},
        {"-o out t --metrics-file out", "--metrics-file", "is the dataset", "of its own"},
        {"--resume out --metrics-file out", "--metrics-file", "is the dataset", "of its own"},
        {"-o out t -u a --metrics-file a", "--metrics-file", "--status-updates-file", "of its own"},
        /* metadata is JSON, and it is said where it is not */
        {"-o out t --user-metadata {\"a\":1,}", "--user-metadata", "octet 8", "key"},
        {"-o out t --user-metadata name=value", "--user-metadata", "octet 1", "no value"},
        {"-o out t --user-metadata {}{}", "--user-metadata", "octet 3", "after the end"},
        {"-o out t --user-metadata \"\xff\"", "--user-metadata", "octet 2", "no UTF-8"},
        /* what a resumed sweep may not change is in its dataset */
        {"--resume a t", "--resume", "the dataset itself says", "leave out targets"},
        {"--resume a -i file", "--resume", "the dataset itself says", "-i"},
        {"--resume a -o b", "--resume", "the dataset itself says", "-o"},
        {"--resume a -p 25", "--resume", "the dataset itself says", "-p"},
        {"--resume a -w allow", "--resume", "the dataset itself says", "-w"},
        {"--resume a -e 1", "--resume", "the dataset itself says", "-e"},
        {"--resume a --include-special", "--resume", "the dataset itself says",
         "--include-special"},
        {"--resume a --shards 1", "--resume", "the dataset itself says", "--shards"},
        {"--resume a --shard 0", "--resume", "the dataset itself says", "--shard"},
        {"--resume a --ehlo-name b.example.com", "--resume", "the dataset itself says",
         "--ehlo-name"},
        {"--resume a --starttls-anyway", "--resume", "the dataset itself says",
         "--starttls-anyway"},
        {"--resume a --record all", "--resume", "the dataset itself says", "--record"},
        {"--resume a --user-metadata {}", "--resume", "the dataset itself says", "--user-metadata"},
    };
    check_refused(cases, LENGTH(cases));
}

static void too_many_ports(void **state)
{
    (void)state;
    char line[COMMAND_MAX] = "-o out t -p 1", err[OPTIONS_ERR_MAX];
    struct options o;
    for (int i = 2; i <= TARGET_PORTS_MAX; i++)
        snprintf(line + strlen(line), sizeof line - strlen(line), ",%d", i);
    assert_int_equal(parse(&o, err, line), 0);
    assert_int_equal(o.num_ports, TARGET_PORTS_MAX);
    options_cleanup(&o);
    strcat(line, ",25000");
    assert_int_equal(parse(&o, err, line), -EINVAL);
    assert_non_null(strstr(err, "--port"));
    options_cleanup(&o);
}

/* whatever length a value has, the message has an end */
static void long_values(void **state)
{
    (void)state;
    static char value[100000];
    char name[] = "mxsweep", option[] = "--rate", err[OPTIONS_ERR_MAX];
    char *argv[] = {name, option, value, NULL};
    struct options o;
    memset(value, '9', sizeof value - 1);
    assert_int_equal(options_parse(&o, err, 3, argv), -EINVAL);
    assert_true(strlen(err) < 200);
    options_cleanup(&o);
    memset(value, '-', 2);
    argv[1] = value;
    assert_int_equal(options_parse(&o, err, 2, argv), -EINVAL);
    assert_int_equal(strlen(err), OPTIONS_ERR_MAX - 1);
    options_cleanup(&o);
}

/* ---- help ---- */

static const char *const all_options[] = {
    "input-file",     "output-file",    "resume",          "port",
    "blocklist-file", "allowlist-file", "include-special", "rate",
    "in-flight",      "threads",        "shards",          "shard",
    "seed",           "ehlo-name",      "starttls-anyway", "connect-timeout",
    "reply-timeout",  "tls-timeout",    "session-timeout", "flush-interval",
    "record",         "user-metadata",  "status-updates-file", "metrics-file",
    "dry-run",        "quiet",          "help",                "version",
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
        assert_true(++num_lines <= 50);
        if (strncmp(line, "  ", 2) != 0)
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
        if (strncmp(line, "  ", 2) != 0)
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
        cmocka_unit_test(numbers),        cmocka_unit_test(ports_in_order),
        cmocka_unit_test(texts),          cmocka_unit_test(flags),
        cmocka_unit_test(resumed),        cmocka_unit_test(bad_values),
        cmocka_unit_test(no_such_option), cmocka_unit_test(conflicts),
        cmocka_unit_test(too_many_ports), cmocka_unit_test(long_values),
        cmocka_unit_test(help),           cmocka_unit_test(help_states_defaults),
        cmocka_unit_test(man_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
