/*
 * plan: what the options ask for becomes a plan, or an error that says what and how to mend it,
 * with nothing left behind; the targets of a plan are each visited once, whatever seed and shards.
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

#include "scanner/header.h"

#define LENGTH(a) (sizeof(a) / sizeof(a)[0])
#define NOW_US    INT64_C(1767225600000000) /* 2026-01-01 */

enum { WORDS_MAX = 40, COMMAND_MAX = 2048 };

static char dir[] = "test_plan.XXXXXX"; /* in the build tree */

/* ---- files ---- */

static const char *path_of(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static void put_file(const char *name, const char *text)
{
    FILE *f = fopen(path_of(name), "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static bool exists(const char *name)
{
    return access(path_of(name), F_OK) == 0;
}

static int set_up(void **state)
{
    (void)state;
    if (mkdtemp(dir) == NULL)
        return -1;
    put_file("empty", "");
    put_file("comments", "# nobody\n\n   # here\r\n");
    put_file("bad-line", "# pool\n192.0.2.1\nmx,mx,mx,mx\n");
    put_file("bad-block", "198.51.100.0/24\n10.1.2.3/8\n");
    put_file("loopback", "127.0.0.0/8\n::1\n");
    put_file("elsewhere", "198.51.100.0/24\n");
    put_file("some", "127.0.0.4/31 # these two\n127.0.0.7\n");
    put_file("pool", "127.0.0.1,mx1.example.com,a\n127.0.0.1,mx2.example.com,b\n127.0.0.9\n");
    put_file("text", "this is no dataset\n");
    return mkdir(path_of("folder"), 0700);
}

static int tear_down(void **state)
{
    static const char *const files[] = {"empty",    "comments",  "bad-line", "bad-block",
                                        "loopback", "elsewhere", "some",     "pool",
                                        "text",     "out",       "resumed"};
    (void)state;
    for (size_t i = 0; i < LENGTH(files); i++)
        unlink(path_of(files[i]));
    rmdir(path_of("folder"));
    return rmdir(dir);
}

/* ---- command lines ---- */

struct attempt {
    struct options o;
    struct plan plan;
    char err[PLAN_ERR_MAX];
    char words[COMMAND_MAX];
    int rc;
};

/* plans what "mxsweep LINE" asks for; "@name" is a file of the test's */
static void attempt(struct attempt *a, const char *line)
{
    char err[OPTIONS_ERR_MAX], name[] = "mxsweep", copy[COMMAND_MAX];
    char *argv[WORDS_MAX + 1] = {name};
    int argc = 1;
    size_t len = 0;
    assert_true(strlen(line) < sizeof copy);
    strcpy(copy, line);
    for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " ")) {
        assert_true(argc < WORDS_MAX);
        argv[argc++] = a->words + len;
        len += (size_t)snprintf(a->words + len, sizeof a->words - len, "%s",
                                word[0] == '@' ? path_of(word + 1) : word) +
               1;
        assert_true(len < sizeof a->words);
    }
    if (options_parse(&a->o, err, argc, argv) != 0)
        fail_msg("%s: %s", line, err);
    a->rc = plan_make(&a->plan, a->err, &a->o, NOW_US);
}

static void end_attempt(struct attempt *a)
{
    plan_cleanup(&a->plan);
    options_cleanup(&a->o);
}

/* ---- refusals ---- */

struct refusal {
    const char *line;
    const char *what, *mend; /* both must be in the message */
};

/* -EINVAL is exit code 2; anything else 1 */
static void check_refusals(const struct refusal *cases, size_t num, bool usage)
{
    for (size_t i = 0; i < num; i++) {
        struct attempt a;
        bool was_there = exists("out");
        attempt(&a, cases[i].line);
        end_attempt(&a);
        if (a.rc >= 0 || (a.rc == -EINVAL) != usage)
            fail_msg("%s: returns %d", cases[i].line, a.rc);
        if (strstr(a.err, cases[i].what) == NULL || strstr(a.err, cases[i].mend) == NULL)
            fail_msg("%s: the message is \"%s\"", cases[i].line, a.err);
        if (exists("out") != was_there)
            fail_msg("%s: leaves a file behind", cases[i].line);
    }
}

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
    check_refusals(cases, LENGTH(cases), true);
}

static void bad_lists(void **state)
{
    (void)state;
    static const struct refusal cases[] = {
        {"-o @out --include-special -b @bad-block 127.0.0.1", "bad-block:2:", "10.0.0.0/8"},
        {"-o @out --include-special -w @bad-block 127.0.0.1", "bad-block:2:", "10.0.0.0/8"},
    };
    check_refusals(cases, LENGTH(cases), true);
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
        struct attempt a;
        attempt(&a, lines[i]);
        end_attempt(&a);
        if (a.rc >= 0)
            fail_msg("%s: is accepted", lines[i]);
        if (strstr(a.err, dir) == NULL)
            fail_msg("%s: the message names no file: \"%s\"", lines[i], a.err);
        assert_false(exists("out"));
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
    check_refusals(&none, 1, true);
    for (size_t i = 0; i < LENGTH(bad); i++) {
        char line[COMMAND_MAX];
        snprintf(line, sizeof line, "%s --ehlo-name %s", outside, bad[i]);
        struct refusal r = {line, "--ehlo-name", "fully qualified"};
        check_refusals(&r, 1, true);
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
        struct attempt a;
        char line[COMMAND_MAX];
        snprintf(line, sizeof line, "-o @out --include-special %s", cases[i].line);
        attempt(&a, line);
        if (a.rc != 0)
            fail_msg("%s: %s", line, a.err);
        assert_true(bytes_equal(a.plan.ehlo_name, bytes_text(cases[i].name)));
        end_attempt(&a);
        assert_int_equal(unlink(path_of("out")), 0);
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
    check_refusals(cases, LENGTH(cases), true);
}

/* ---- dry runs ---- */

static char *printed(const char *line)
{
    struct attempt a;
    char *text = NULL;
    size_t len = 0;
    attempt(&a, line);
    if (a.rc != 0)
        fail_msg("%s: %s", line, a.err);
    assert_null(a.plan.dataset);
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    plan_print(&a.plan, out);
    assert_int_equal(fclose(out), 0);
    end_attempt(&a);
    return text;
}

static size_t count_of(const char *text, const char *line)
{
    size_t num = 0;
    for (const char *at = text; (at = strstr(at, line)) != NULL; at++)
        num += at == text || at[-1] == '\n';
    return num;
}

static size_t count_lines(const char *text)
{
    size_t num = 0;
    for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++)
        num++;
    return num;
}

static void dry_run_lists(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        const char *lines[6]; /* each once, and no other */
    } cases[] = {
        {"127.0.0.1", {"127.0.0.1\t25\t\t\n"}},
        {"127.0.0.1 127.0.0.1", {"127.0.0.1\t25\t\t\n"}},
        {"127.0.0.1 -p 25,587", {"127.0.0.1\t25\t\t\n", "127.0.0.1\t587\t\t\n"}},
        {"2001:db8::/127", {"2001:db8::\t25\t\t\n", "2001:db8::1\t25\t\t\n"}},
        {"127.0.0.8-127.0.0.10 -b @some",
         {"127.0.0.8\t25\t\t\n", "127.0.0.9\t25\t\t\n", "127.0.0.10\t25\t\t\n"}},
        {"127.0.0.0/29 -b @some",
         {"127.0.0.0\t25\t\t\n", "127.0.0.1\t25\t\t\n", "127.0.0.2\t25\t\t\n",
          "127.0.0.3\t25\t\t\n", "127.0.0.6\t25\t\t\n"}},
        {"127.0.0.0/24 -w @some",
         {"127.0.0.4\t25\t\t\n", "127.0.0.5\t25\t\t\n", "127.0.0.7\t25\t\t\n"}},
        {"-i @pool",
         {"127.0.0.1\t25\tmx1.example.com\ta\n", "127.0.0.1\t25\tmx2.example.com\tb\n",
          "127.0.0.9\t25\t\t\n"}},
        {"127.0.0.2,mx.example.com,c", {"127.0.0.2\t25\tmx.example.com\tc\n"}},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        char line[COMMAND_MAX];
        size_t num = 0;
        snprintf(line, sizeof line, "--dry-run --include-special %s", cases[i].line);
        char *text = printed(line);
        for (; num < 6 && cases[i].lines[num] != NULL; num++)
            if (count_of(text, cases[i].lines[num]) != 1)
                fail_msg("%s: not once %s in\n%s", line, cases[i].lines[num], text);
        if (count_lines(text) != num)
            fail_msg("%s: is\n%s", line, text);
        free(text);
    }
}

/* the seed alone decides on the order, which is not that of the addresses */
static void order(void **state)
{
    (void)state;
    static const char line[] = "--dry-run --include-special 127.0.0.0/24 --seed";
    char one[COMMAND_MAX], two[COMMAND_MAX];
    snprintf(one, sizeof one, "%s 1", line);
    snprintf(two, sizeof two, "%s 2", line);
    char *a = printed(one), *again = printed(one), *b = printed(two);
    assert_string_equal(a, again);
    assert_string_not_equal(a, b);
    assert_memory_not_equal(a, "127.0.0.0\t25\t\t\n127.0.0.1\t25", 28);
    assert_int_equal(strlen(a), strlen(b));
    free(a);
    free(again);
    free(b);
}

/* shards together visit what one machine would, each target once */
static void shards(void **state)
{
    (void)state;
    enum { SHARDS = 7, ADDRESSES = 256 };
    unsigned visits[ADDRESSES] = {0};
    for (int shard = 0; shard < SHARDS; shard++) {
        char line[COMMAND_MAX];
        snprintf(line, sizeof line,
                 "--dry-run --include-special 127.0.0.0/24 --seed 5 --shards 7 --shard %d", shard);
        char *text = printed(line), *rest = NULL;
        for (char *at = strtok_r(text, "\n", &rest); at != NULL; at = strtok_r(NULL, "\n", &rest)) {
            unsigned last;
            assert_int_equal(sscanf(at, "127.0.0.%u\t25\t\t", &last), 1);
            assert_true(last < ADDRESSES);
            visits[last]++;
        }
        free(text);
    }
    for (size_t i = 0; i < ADDRESSES; i++)
        assert_int_equal(visits[i], 1);
}

/* ---- datasets ---- */

static void output_exists(void **state)
{
    (void)state;
    static const struct refusal cases[] = {
        {"-o @text --include-special 127.0.0.1", "exists", "--resume"},
        {"-o @folder --include-special 127.0.0.1", "exists", "--resume"},
    };
    check_refusals(cases, LENGTH(cases), true);
    char text[64] = "";
    FILE *f = fopen(path_of("text"), "r");
    assert_non_null(f);
    assert_non_null(fgets(text, sizeof text, f));
    fclose(f);
    assert_string_equal(text, "this is no dataset\n"); /* untouched */
}

static void begin_sweep(struct attempt *a)
{
    attempt(a,
            "-o @resumed --include-special 127.0.0.0/24 -p 25,587 --seed 42 --shards 2 --shard 1 "
            "--ehlo-name scan.example.com --starttls-anyway --record responsive");
    if (a->rc != 0)
        fail_msg("%s", a->err);
    assert_non_null(a->plan.dataset);
    assert_int_equal(a->plan.num_positions, 256);
}

static void check_resumed(const struct attempt *a, uint64_t num_done)
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
    assert_true(bytes_equal(a->plan.ehlo_name, bytes_text("scan.example.com")));
    assert_true(a->plan.start_us == NOW_US);
}

/* what was sealed is done; what was not is open; all else is as it was */
static void resume(void **state)
{
    (void)state;
    static const uint64_t done[] = {1, 3, 5, 101, 511};
    struct attempt a;
    char err[DATASET_ERR_MAX];
    begin_sweep(&a);
    struct target first = target_space_at(a.plan.space, permutation_at(&a.plan.order, 7));
    for (size_t i = 0; i < LENGTH(done); i++)
        assert_int_equal(dataset_count(a.plan.dataset, done[i], STAGE_CONNECT, CAUSE_TIMEOUT), 0);
    assert_int_equal(dataset_seal(a.plan.dataset, err), 0);
    assert_int_equal(dataset_count(a.plan.dataset, 9, STAGE_CONNECT, CAUSE_TIMEOUT), 0);
    end_attempt(&a);

    attempt(&a, "--resume @resumed -b @some -r 5");
    check_resumed(&a, LENGTH(done));
    assert_false(a.plan.finished);
    assert_ptr_equal(a.plan.filter, &a.plan.block);
    assert_int_equal(lease_position(&a.plan.leases, 0), 7);
    struct target same = target_space_at(a.plan.space, permutation_at(&a.plan.order, 7));
    assert_true(addr_cmp(first.addr, same.addr) == 0 && first.port == same.port);
    for (uint64_t i = 0; i < a.plan.leases.num_open; i++)
        for (size_t k = 0; k < LENGTH(done); k++)
            assert_true(lease_position(&a.plan.leases, i) != done[k]);
    end_attempt(&a);
    assert_int_equal(unlink(path_of("resumed")), 0);
}

/* two at once would write over each other */
static void locked(void **state)
{
    (void)state;
    struct attempt a, b;
    begin_sweep(&a);
    attempt(&b, "--resume @resumed");
    assert_true(b.rc < 0);
    assert_non_null(strstr(b.err, "resumed"));
    end_attempt(&b);
    end_attempt(&a);

    attempt(&b, "--resume @resumed");
    check_resumed(&b, 0);
    assert_null(b.plan.filter);
    end_attempt(&b);
    assert_int_equal(unlink(path_of("resumed")), 0);
}

static void finished(void **state)
{
    (void)state;
    struct attempt a;
    char err[DATASET_ERR_MAX];
    begin_sweep(&a);
    for (uint64_t p = 1; p < 512; p += 2)
        assert_int_equal(dataset_count(a.plan.dataset, p, STAGE_CONNECT, CAUSE_REFUSED), 0);
    assert_int_equal(dataset_finish(a.plan.dataset, err, 5, DATASET_COMPLETE), 0);
    a.plan.dataset = NULL;
    end_attempt(&a);

    attempt(&a, "--resume @resumed");
    check_resumed(&a, 256);
    assert_true(a.plan.finished);
    end_attempt(&a);
    assert_int_equal(unlink(path_of("resumed")), 0);
}

/* the name in a header is from a file, and goes to servers as it is */
static void name_from_a_file(void **state)
{
    (void)state;
    static const char *const names[] = {"a.example.com\r\nMAIL FROM:<>", "", "a b", "a..b"};
    for (size_t i = 0; i < LENGTH(names); i++) {
        struct attempt a;
        attempt(&a, "--dry-run --include-special 127.0.0.0/24");
        a.plan.file = a.o.output_file = path_of("resumed");
        a.plan.ehlo_name = bytes_text(names[i]);
        assert_int_equal(header_create(&a.plan, a.err, &a.o), 0);
        end_attempt(&a);

        attempt(&a, "--resume @resumed");
        assert_int_equal(a.rc, -EINVAL);
        assert_non_null(strstr(a.err, "EHLO name"));
        end_attempt(&a);
        assert_int_equal(unlink(path_of("resumed")), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_targets),      cmocka_unit_test(bad_lists),
        cmocka_unit_test(unreadable_files), cmocka_unit_test(bad_names),
        cmocka_unit_test(good_names),       cmocka_unit_test(shard_without_targets),
        cmocka_unit_test(dry_run_lists),    cmocka_unit_test(order),
        cmocka_unit_test(shards),           cmocka_unit_test(output_exists),
        cmocka_unit_test(resume),           cmocka_unit_test(locked),
        cmocka_unit_test(finished),         cmocka_unit_test(name_from_a_file),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
