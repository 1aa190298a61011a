/*
 * options: values that make no sense, and options that may not stand together, or must, are refused,
 * with a message that names the option, what is wrong, and the mend.
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

enum { WORDS_MAX = 80, COMMAND_MAX = 1024 };

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
        line, option, "expected:", mend                                                          \
    }
static const char A_DURATION[] = "a duration up to 24h, such as 500ms, 10s or 2m";
static const char A_FILE[] = "one file name, given once";
static const char A_RATE[] = "a number, or a number followed by /s, /m or /h";
static const char A_SAMPLE[] = "per cent above 0 to 100, such as 1% or 0.05%";
static const char NAMES[] = "names separated by commas, given once";
static const char ADDRESSES[] = "addresses separated by commas, given once";
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
                 NAMES),
        EXPECTED("--connect-timeout 10", "--connect-timeout 10", A_DURATION),
        EXPECTED("--connect-timeout 0s", "--connect-timeout 0s", A_DURATION),
        EXPECTED("--reply-timeout 25h", "--reply-timeout 25h", A_DURATION),
        EXPECTED("--tls-timeout -1s", "--tls-timeout -1s", A_DURATION),
        EXPECTED("--session-timeout 1d", "--session-timeout 1d", A_DURATION),
        EXPECTED("--flush-interval soon", "--flush-interval soon", A_DURATION),
        EXPECTED("--rotate-size -1", "--rotate-size -1", "such as 500M or 4G"),
        EXPECTED("--rotate-size 4T", "--rotate-size 4T", "such as 500M or 4G"),
        EXPECTED("--rotate-size 19G9", "--rotate-size 19G9", "such as 500M or 4G"),
        EXPECTED("--rotate-size 18446744074G", "--rotate-size 18446744074G", "such as 500M or 4G"),
        EXPECTED("--rotate-time 0s", "--rotate-time 0s", "such as 30m or 24h, or 0"),
        EXPECTED("--rotate-time 10", "--rotate-time 10", "such as 30m or 24h, or 0"),
        EXPECTED("--rotate-time 10001h", "--rotate-time 10001h", "such as 30m or 24h, or 0"),
        EXPECTED("--record none", "--record none", "all or responsive"),
        EXPECTED("--ehlo-name ''", "--ehlo-name ", NAMES),
        EXPECTED("--source-ip ''", "--source-ip ", ADDRESSES),
        EXPECTED("--source-ip 192.0.2.1 --source-ip 192.0.2.2", "--source-ip 192.0.2.2", ADDRESSES),
        EXPECTED("--dns-servers ''", "--dns-servers ", ADDRESSES),
        EXPECTED("--dns-servers 192.0.2.1 --dns-servers 192.0.2.2", "--dns-servers 192.0.2.2",
                 ADDRESSES),
        EXPECTED("--asn-db ''", "--asn-db ", A_FILE),
        EXPECTED("--asn-db a --asn-db b", "--asn-db b", A_FILE),
        EXPECTED("--control ''", "--control ", A_FILE),
        EXPECTED("--control a --control b", "--control b", A_FILE),
        EXPECTED("--control-interval 0s", "--control-interval 0s", A_DURATION),
        EXPECTED("--control-interval 5", "--control-interval 5", A_DURATION),
        EXPECTED("--prefix-rate slow", "--prefix-rate slow", A_RATE),
        EXPECTED("--prefix-rate ''", "--prefix-rate ", A_RATE),
        EXPECTED("--as-rate 1/w", "--as-rate 1/w", A_RATE),
        EXPECTED("--prefix-in-flight -1", "--prefix-in-flight -1", "a number from 0 to 10M"),
        EXPECTED("--prefix-in-flight 11M", "--prefix-in-flight 11M", "a number from 0 to 10M"),
        EXPECTED("--prefix-len 24", "--prefix-len 24", "two prefix lengths, such as 24,48"),
        EXPECTED("--prefix-len 24,", "--prefix-len 24,", "two prefix lengths, such as 24,48"),
        EXPECTED("--prefix-len ,48", "--prefix-len ,48", "two prefix lengths, such as 24,48"),
        EXPECTED("--prefix-len 0,48", "--prefix-len 0,48", "two prefix lengths, such as 24,48"),
        EXPECTED("--prefix-len 33,48", "--prefix-len 33,48", "two prefix lengths, such as 24,48"),
        EXPECTED("--prefix-len 24,0", "--prefix-len 24,0", "two prefix lengths, such as 24,48"),
        EXPECTED("--prefix-len 24,129", "--prefix-len 24,129", "two prefix lengths, such as 24,48"),
        EXPECTED("--prefix-len 24,48,64", "--prefix-len 24,48,64",
                 "two prefix lengths, such as 24,48"),
        EXPECTED("--prefix-len /24,/48", "--prefix-len /24,/48",
                 "two prefix lengths, such as 24,48"),
        EXPECTED("--prefix-len 0024,48", "--prefix-len 0024,48",
                 "two prefix lengths, such as 24,48"),
        EXPECTED("--retries 4", "--retries 4", "a number from 0 to 3"),
        EXPECTED("--retries -1", "--retries -1", "a number from 0 to 3"),
        EXPECTED("--retry-delay 25h", "--retry-delay 25h", A_DURATION),
        EXPECTED("--retry-delay 0s", "--retry-delay 0s", A_DURATION),
        EXPECTED("--retry-delay 5", "--retry-delay 5", A_DURATION),
        EXPECTED("--disk-wait 25h", "--disk-wait 25h", A_DURATION),
        EXPECTED("--disk-wait 0s", "--disk-wait 0s", A_DURATION),
        EXPECTED("--disk-wait soon", "--disk-wait soon", A_DURATION),
        EXPECTED("--syns 128", "--syns 128", "a number from 0 to 127"),
        EXPECTED("--syns two", "--syns two", "a number from 0 to 127"),
        EXPECTED("--max-targets 0", "--max-targets 0", "a number from 1, or per cent such as 5%"),
        EXPECTED("--max-targets 0%", "--max-targets 0%", "a number from 1, or per cent such as 5%"),
        EXPECTED("--max-targets 101%", "--max-targets 101%",
                 "a number from 1, or per cent such as 5%"),
        EXPECTED("--max-targets -5", "--max-targets -5", "a number from 1, or per cent such as 5%"),
        EXPECTED("--max-targets all", "--max-targets all",
                 "a number from 1, or per cent such as 5%"),
        EXPECTED("--max-runtime 0s", "--max-runtime 0s", "a duration such as 30m or 8h"),
        EXPECTED("--max-runtime 3600", "--max-runtime 3600", "a duration such as 30m or 8h"),
        EXPECTED("--max-runtime 10001h", "--max-runtime 10001h", "a duration such as 30m or 8h"),
        EXPECTED("--sample 5", "--sample 5", A_SAMPLE),
        EXPECTED("--sample 0%", "--sample 0%", A_SAMPLE),
        EXPECTED("--sample 100.1%", "--sample 100.1%", A_SAMPLE),
        EXPECTED("--sample 0.00001%", "--sample 0.00001%", A_SAMPLE),
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
        {"--stream=list", "--stream=list", "takes no value", "--help"},
        {"--pre 1", "--pre", "unknown option", "--help"}, /* flight, fix-rate...? */
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
        /* a limit of an AS takes a database, and that is for nothing else */
        {"-o out t --as-rate 5", "--as-rate", "which AS", "--asn-db FILE"},
        {"-o out t --asn-db as.mmdb", "--asn-db", "is for --as-rate", "leave both out"},
        {"-o out t --asn-db as.mmdb --as-rate 0", "--asn-db", "is for --as-rate", "leave both out"},
        {"--resume a --as-rate 5", "--as-rate", "which AS", "--asn-db FILE"},
        {"-o out t --retry-delay 0", "--retry-delay 0", "at once", "--retries 0"},
        {"-o out t --retry-delay 0 --retries 1", "--retry-delay 0", "at once", "--retries 0"},
        {"t --preflight --dry-run", "--preflight", "asks", "--dry-run"},
        {"--resume a --preflight --dry-run", "--preflight", "asks", "--dry-run"},
        {"-o out t --max-targets 5 --max-targets 5%", "--max-targets", "twice", "per cent"},
        {"-o out t --max-targets 5% --max-targets 5", "--max-targets", "twice", "per cent"},
        /* a stream is one list, of which nobody knows how long it is */
        {"-o out --stream", "TARGET", "none given", "-i"},
        {"-o out --stream t", "--stream", "one list", "-i FILE"},
        {"-o out --stream -i list t", "--stream", "one list", "no other targets"},
        {"-o out --stream -i list -i list2", "--stream", "one list", "one -i FILE"},
        {"-o out --stream -i list --max-targets 5%", "--max-targets", "nobody knows", "--sample"},
        {"--stream -i list", "--output-file", "not given", "-o FILE"},
        {"-o out t --resume-or-create --dry-run", "--resume-or-create", "to run", "leave it out"},
        {"t --resume-or-create", "--output-file", "not given", "-o FILE"},
        /* what a resumed sweep may not change is in its dataset */
        {"--resume a t", "--resume", "the dataset itself says", "leave out targets"},
        {"--resume a -o b", "--resume", "the dataset itself says", "-o"},
        {"--resume a -p 25", "--resume", "the dataset itself says", "-p"},
        {"--resume a -e 1", "--resume", "the dataset itself says", "-e"},
        {"--resume a --include-special", "--resume", "the dataset itself says",
         "--include-special"},
        {"--resume a --shards 1", "--resume", "the dataset itself says", "--shards"},
        {"--resume a --shard 0", "--resume", "the dataset itself says", "--shard"},
        {"--resume a --ehlo-name b.example.com", "--resume", "the dataset itself says",
         "--ehlo-name"},
        {"--resume a --source-ip 192.0.2.1", "--resume", "the dataset itself says", "--source-ip"},
        {"--resume a --stream", "--resume", "the dataset itself says", "--stream"},
        {"--resume a --stream -i list", "--resume", "the dataset itself says", "--stream"},
        {"--resume a --sample 5%", "--resume", "the dataset itself says", "--sample"},
        {"--resume a --resume-or-create", "--resume", "the dataset itself says", "leave out"},
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_values),  cmocka_unit_test(no_such_option),
        cmocka_unit_test(conflicts),   cmocka_unit_test(too_many_ports),
        cmocka_unit_test(long_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
