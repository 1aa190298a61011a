/*
 * plan: what the options ask for becomes a plan, or an error that says what and how to mend it,
 * with nothing left behind; a dataset of a range sweep is gone on with as it was begun.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attempt.h"
#include "scanner/header.h"

#define LENGTH(a) (sizeof(a) / sizeof(a)[0])

static int set_up(void **state)
{
    if (attempt_set_up(state) != 0)
        return -1;
    attempt_put_file("empty", "");
    attempt_put_file("comments", "# nobody\n\n   # here\r\n");
    attempt_put_file("bad-line", "# pool\n192.0.2.1\nmx,mx,mx,mx\n");
    attempt_put_file("bad-block", "198.51.100.0/24\n10.1.2.3/8\n");
    attempt_put_file("loopback", "127.0.0.0/8\n::1\n");
    attempt_put_file("elsewhere", "198.51.100.0/24\n");
    attempt_put_file("some", "127.0.0.4/31 # these two\n127.0.0.7\n");
    attempt_put_file("text", "this is no dataset\n");
    return mkdir(attempt_path("folder"), 0700);
}

/* ---- refusals ---- */

static void bad_targets(void **state)
{
    (void)state;
    static const struct refusal cases[] = {
        {"-o @out 192.0.2.0/33", "argument:1:", ""},
        {"-o @out 127.0.0.1 127.0.0.999", "argument:2:", ""},
        {"-o @out 10.1.2.3/8", "argument:1:", "10.0.0.0/8"},
        {"-o @out 127.0.0.9-127.0.0.1", "argument:1:", ""},
        {"-o @out -i @bad-line", "bad-line:3:", ""},
        {"-o @out -i @empty", "no target", ""},
        {"-o @out -i @comments", "no target", ""},
        {"-o @out 192.0.2.0/24", "256 are special-purpose", "--include-special"},
        {"-o @out 127.0.0.1", "1 are special-purpose", "--include-special"},
        {"-o @out ::1 fe80::/120 2001:db8::/120", "513 are special-purpose", "--include-special"},
        {"-o @out --include-special -b @loopback 127.0.0.0/24 ::1", "257 are on the blocklist", ""},
        {"-o @out --include-special -w @elsewhere 127.0.0.0/24", "256 are not on the allowlist",
         ""},
        {"-o @out --include-special --ehlo-name a.example.com 2001:db8::/32", "64 bits", "smaller"},
    };
    attempt_refused(cases, LENGTH(cases), true);
}

static void bad_lists(void **state)
{
    (void)state;
    static const struct refusal cases[] = {
        {"-o @out --include-special -b @bad-block 127.0.0.1", "bad-block:2:", "10.0.0.0/8"},
        {"-o @out --include-special -w @bad-block 127.0.0.1", "bad-block:2:", "10.0.0.0/8"},
    };
    attempt_refused(cases, LENGTH(cases), true);
}

/* a list that cannot be read is never taken for an empty one; no class of error is promised */
static void unreadable_files(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "-o @out --include-special -b @nothing-here 127.0.0.1",
        "-o @out --include-special -b @folder 127.0.0.1",
        "-o @out --include-special -w @nothing-here 127.0.0.1",
        "-o @out --include-special -i @nothing-here",
        "-o @out --include-special -i @folder",
        "--resume @nothing-here",
        "--resume @folder",
        "--resume @text",
        "--resume @empty",
        "--resume @text -b @nothing-here",
        "-o @nothing-here/out --include-special 127.0.0.1",
        "-o @text/out --include-special 127.0.0.1",
    };
    for (size_t i = 0; i < LENGTH(lines); i++) {
        struct attempted a;
        attempt(&a, lines[i]);
        attempt_end(&a);
        if (a.rc >= 0)
            fail_msg("%s: is accepted", lines[i]);
        if (strstr(a.err, "test_attempt.") == NULL)
            fail_msg("%s: the message names no file: \"%s\"", lines[i], a.err);
        assert_false(attempt_exists("out"));
    }
}

static void bad_names(void **state)
{
    (void)state;
    static const char outside[] = "-o @out --include-special 192.0.2.1";
    static const char *const bad[] = {
        "localhost",
        "a",
        "scan.example.com.",
        ".example.com",
        "a..example.com",
        "-a.example.com",
        "a-.example.com",
        "a_b.example.com",
        "192.0.2.1",
        "1.2",
        "[]",
        "[",
        "[192.0.2.1",
        "a.b]",
        "[192.0.2.1]x",
        "a.example.com\r\nMAIL",
        "caf\xc3\xa9.example.com",
        "a.b!c",
        "::1",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example.com",
    };
    static const struct refusal none = {outside, "--ehlo-name", "its address resolves to"};
    attempt_refused(&none, 1, true);
    for (size_t i = 0; i < LENGTH(bad); i++) {
        char line[ATTEMPT_COMMAND_MAX];
        snprintf(line, sizeof line, "%s --ehlo-name %s", outside, bad[i]);
        struct refusal r = {line, "--ehlo-name", "fully qualified"};
        attempt_refused(&r, 1, true);
    }
}

static void good_names(void **state)
{
    (void)state;
    static const struct {
        const char *line, *name;
    } cases[] = {
        {"127.0.0.1", "localhost"},
        {"127.0.0.0/24 ::1 ::ffff:127.0.0.1", "localhost"},
        {"127.0.0.1 --ehlo-name box", "box"},
        {"192.0.2.1 --ehlo-name scan.example.com", "scan.example.com"},
        {"192.0.2.1 --ehlo-name a-b.c9.xn--p1ai", "a-b.c9.xn--p1ai"},
        {"192.0.2.1 --ehlo-name [192.0.2.9]", "[192.0.2.9]"},
        {"192.0.2.1 --ehlo-name [IPv6:2001:db8::9]", "[IPv6:2001:db8::9]"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct attempted a;
        char line[ATTEMPT_COMMAND_MAX];
        snprintf(line, sizeof line, "-o @out --include-special %s", cases[i].line);
        attempt_good(&a, line);
        assert_int_equal(a.plan.sources.num_names, 1);
        assert_true(bytes_equal(a.plan.sources.names[0], bytes_text(cases[i].name)));
        attempt_end(&a);
        attempt_remove("out");
    }
}

static void shard_without_targets(void **state)
{
    (void)state;
    static const struct refusal cases[] = {
        {"-o @out --include-special 127.0.0.1 --shards 2 --shard 1", "--shard 1", "only 1 targets"},
        {"-o @out --include-special 127.0.0.0/30 --shards 9 --shard 4", "--shard 4",
         "only 4 targets for 9 shards"},
    };
    attempt_refused(cases, LENGTH(cases), true);
}

/* ---- datasets ---- */

static void output_exists(void **state)
{
    (void)state;
    static const struct refusal cases[] = {
        {"-o @text --include-special 127.0.0.1", "exists", "--resume"},
        {"-o @folder --include-special 127.0.0.1", "exists", "--resume"},
    };
    attempt_refused(cases, LENGTH(cases), true);
    char text[64] = "";
    FILE *f = fopen(attempt_path("text"), "r");
    assert_non_null(f);
    assert_non_null(fgets(text, sizeof text, f));
    fclose(f);
    assert_string_equal(text, "this is no dataset\n"); /* untouched */
}

/* whether the filter that this sweep needs refuses an address */
static void check_filter(struct attempted *a, const char *text, bool refused)
{
    struct filter *f = NULL;
    struct addr addr;
    uint8_t sha256[32];
    assert_true(addr_parse(&addr, text, strlen(text)));
    if (plan_filter(&a->plan, &f, sha256, a->err, &a->o, false) != 0)
        fail_msg("%s", a->err);
    assert_memory_equal(sha256, a->plan.block_sha256, 32);
    assert_int_equal(filter_refuses(f, addr), refused);
    filter_unref(f);
}

static void begin_sweep(struct attempted *a)
{
    attempt_good(
        a, "-o @resumed --include-special 127.0.0.0/24 -p 25,587 --seed 42 --shards 2 --shard 1 "
           "--ehlo-name scan.example.com --starttls-anyway --record responsive");
    assert_non_null(a->plan.dataset);
    assert_int_equal(a->plan.num_positions, 256);
}

static void check_resumed(const struct attempted *a, uint64_t num_done)
{
    if (a->rc != 0)
        fail_msg("%s", a->err);
    assert_int_equal(a->plan.seed, 42);
    assert_int_equal(a->plan.num_shards, 2);
    assert_int_equal(a->plan.shard, 1);
    assert_int_equal(a->plan.space->count, 512);
    assert_int_equal(a->plan.num_positions, 256);
    assert_int_equal(a->plan.num_done, num_done);
    assert_int_equal(a->plan.leases.num_open, 256 - num_done);
    assert_int_equal(a->plan.record_mode, RECORD_RESPONSIVE);
    assert_true(a->plan.starttls_anyway);
    assert_true(bytes_equal(a->plan.sources.names[0], bytes_text("scan.example.com")));
    assert_true(a->plan.start_us == ATTEMPT_NOW_US);
}

/* what was sealed is done; what was not is open; all else is as it was */
static void resume(void **state)
{
    (void)state;
    static const uint64_t done[] = {1, 3, 5, 101, 511};
    struct attempted a;
    char err[DATASET_ERR_MAX];
    begin_sweep(&a);
    struct target first = target_space_at(a.plan.space, permutation_at(&a.plan.order, 7));
    for (size_t i = 0; i < LENGTH(done); i++)
        assert_int_equal(dataset_count(a.plan.dataset, done[i], STAGE_CONNECT, CAUSE_TIMEOUT), 0);
    assert_int_equal(dataset_seal(a.plan.dataset, err), 0);
    assert_int_equal(dataset_count(a.plan.dataset, 9, STAGE_CONNECT, CAUSE_TIMEOUT), 0);
    attempt_end(&a);

    attempt(&a, "--resume @resumed -b @some -r 5");
    check_resumed(&a, LENGTH(done));
    assert_false(a.plan.finished);
    check_filter(&a, "127.0.0.4", true);
    check_filter(&a, "127.0.0.6", false); /* was allowed when the sweep began */
    assert_int_equal(lease_position(&a.plan.leases, 0), 7);
    struct target same = target_space_at(a.plan.space, permutation_at(&a.plan.order, 7));
    assert_true(addr_cmp(first.addr, same.addr) == 0 && first.port == same.port);
    for (uint64_t i = 0; i < a.plan.leases.num_open; i++)
        for (size_t k = 0; k < LENGTH(done); k++)
            assert_true(lease_position(&a.plan.leases, i) != done[k]);
    attempt_end(&a);
    attempt_remove("resumed");
}

/* two at once would write over each other */
static void locked(void **state)
{
    (void)state;
    struct attempted a, b;
    begin_sweep(&a);
    attempt(&b, "--resume @resumed");
    assert_true(b.rc < 0);
    assert_non_null(strstr(b.err, "resumed"));
    attempt_end(&b);
    attempt_end(&a);

    attempt(&b, "--resume @resumed");
    check_resumed(&b, 0);
    check_filter(&b, "127.0.0.4", false);
    attempt_end(&b);
    attempt_remove("resumed");
}

static void finished(void **state)
{
    (void)state;
    struct attempted a;
    char err[DATASET_ERR_MAX];
    begin_sweep(&a);
    for (uint64_t p = 1; p < 512; p += 2)
        assert_int_equal(dataset_count(a.plan.dataset, p, STAGE_CONNECT, CAUSE_REFUSED), 0);
    assert_int_equal(dataset_finish(a.plan.dataset, err, 5, DATASET_COMPLETE), 0);
    a.plan.dataset = NULL;
    attempt_end(&a);

    attempt(&a, "--resume @resumed");
    check_resumed(&a, 256);
    assert_true(a.plan.finished);
    attempt_end(&a);
    attempt_remove("resumed");
}

/* what is done in any part is done, whichever part is named */
static void resumed_in_parts(void **state)
{
    (void)state;
    struct attempted a;
    char err[DATASET_ERR_MAX], line[64];
    begin_sweep(&a);
    for (uint64_t i = 0; i < 3; i++) {
        assert_int_equal(dataset_count(a.plan.dataset, 2 * i + 1, STAGE_CONNECT, CAUSE_TIMEOUT), 0);
        assert_int_equal(dataset_rotate(a.plan.dataset, err, 5), 0);
    }
    attempt_end(&a);
    for (int named = 0; named < 4; named++) {
        snprintf(line, sizeof line, named == 0 ? "--resume @resumed" : "--resume @resumed.%04d",
                 named);
        attempt(&a, line);
        check_resumed(&a, 3);
        assert_int_equal(lease_position(&a.plan.leases, 0), 7);
        attempt_end(&a);
    }
    attempt_remove("resumed.0001");
    attempt(&a, "--resume @resumed.0003");
    assert_true(a.rc < 0);
    assert_non_null(strstr(a.err, "resumed.0001: is missing"));
    attempt_end(&a);
    attempt_remove("resumed");
    attempt_remove("resumed.0002");
    attempt_remove("resumed.0003");
}

/* a name that the next part needs is told of before anything is visited */
static void next_part_exists(void **state)
{
    (void)state;
    static const struct refusal cases[] = {
        {"-o @out --include-special 127.0.0.1 --rotate-size 1M", "out.0001", "move it away"},
        {"-o @out --include-special 127.0.0.1 --rotate-time 1h", "out.0001", "move it away"},
        {"--resume @resumed --rotate-time 1h", "resumed.0001", "move it away"},
    };
    struct attempted a;
    begin_sweep(&a);
    attempt_end(&a);
    attempt_put_file("out.0001", "mine");
    attempt_put_file("resumed.0001", "mine");
    attempt_refused(cases, LENGTH(cases), true);
    attempt(&a, "--resume @resumed"); /* nobody needs it */
    check_resumed(&a, 0);
    attempt_end(&a);
    assert_true(attempt_exists("out.0001") && attempt_exists("resumed.0001"));
    attempt_remove("out.0001");
    attempt_remove("resumed.0001");
    attempt_remove("resumed");
}

/* the name in a header is from a file, and goes to servers as it is */
static void name_from_a_file(void **state)
{
    (void)state;
    static const char *const names[] = {"a.example.com\r\nMAIL FROM:<>", "", "a b", "a..b"};
    for (size_t i = 0; i < LENGTH(names); i++) {
        struct attempted a;
        attempt(&a, "--dry-run --include-special 127.0.0.0/24");
        a.plan.file = a.o.output_file = attempt_path("resumed");
        a.plan.sources.names[0] = bytes_text(names[i]);
        a.plan.sources.num_names = 1;
        assert_int_equal(header_create(&a.plan, a.err, &a.o), 0);
        attempt_end(&a);

        attempt(&a, "--resume @resumed");
        assert_int_equal(a.rc, -EINVAL);
        assert_non_null(strstr(a.err, "EHLO name"));
        attempt_end(&a);
        attempt_remove("resumed");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_targets),      cmocka_unit_test(bad_lists),
        cmocka_unit_test(unreadable_files), cmocka_unit_test(bad_names),
        cmocka_unit_test(good_names),       cmocka_unit_test(shard_without_targets),
        cmocka_unit_test(output_exists),    cmocka_unit_test(resume),
        cmocka_unit_test(locked),           cmocka_unit_test(finished),
        cmocka_unit_test(name_from_a_file), cmocka_unit_test(resumed_in_parts),
        cmocka_unit_test(next_part_exists),
    };
    return cmocka_run_group_tests(tests, set_up, attempt_tear_down);
}
