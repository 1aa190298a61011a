/*
 * plan: streams: what a dry run prints of a list, in its order; shards, samples and limits of it; and
 * that a streamed sweep, or one with host names, is gone on with only with the same lists.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attempt.h"

#define LENGTH(a) (sizeof(a) / sizeof(a)[0])

enum { LINES = 500 };

static const char TEN_LINES[] = "192.0.2.1\n"
                                "# a comment\n"
                                "192.0.2.2,mx.example.com,a tag\n"
                                "\n"
                                "2001:db8::1\r\n"
                                "MX.example.com\n"
                                "192.0.2.1\n" /* again: as many targets */
                                "open tcp 587 192.0.2.9 1700000000\n"
                                "# the end\n"
                                "192.0.2.10\n";

/* complaints about lines are for the user, not for who reads this test's output */
static int hide_stderr(void)
{
    int was = dup(STDERR_FILENO), null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    assert_true(was >= 0 && null >= 0 && dup2(null, STDERR_FILENO) >= 0);
    close(null);
    return was;
}

static void show_stderr(int was)
{
    assert_true(dup2(was, STDERR_FILENO) >= 0);
    close(was);
}

static int set_up(void **state)
{
    if (attempt_set_up(state) != 0)
        return -1;
    static char many[32 * LINES];
    size_t len = 0;
    for (unsigned i = 0; i < LINES; i++)
        len += (size_t)snprintf(many + len, sizeof many - len,
                                i % 7 == 3 ? "# %u\n" : "10.0.%u.%u\n", i / 250, i % 250);
    attempt_put_file("ten", TEN_LINES);
    attempt_put_file("many", many);
    attempt_put_file("empty", "");
    attempt_put_file("bad", "192.0.2.1\nnonsense,,,\n192.0.2.0/24\n192.0.2.999\n192.0.2.3\n");
    attempt_put_file("no-end", "192.0.2.1\n192.0.2.2");
    attempt_put_file("allow", "198.51.100.0/24\n");
    attempt_put_file("allow-again", "198.51.100.0/24\n");
    attempt_put_file("allow-other", "198.51.100.0/25\n");
    return mkdir(attempt_path("folder"), 0700);
}

/* ---- dry runs ---- */

static void lists(void **state)
{
    (void)state;
    static const struct {
        const char *line, *printed;
    } cases[] = {
        {"-i @empty", ""},
        {"-i @no-end", "192.0.2.1\t25\t\t\n192.0.2.2\t25\t\t\n"},
        {"-i @bad", "192.0.2.1\t25\t\t\n192.0.2.3\t25\t\t\n"},
        {"-i @ten",
         "192.0.2.1\t25\t\t\n192.0.2.2\t25\tmx.example.com\ta tag\n2001:db8::1\t25\t\t\n"
         "mx.example.com\t25\tmx.example.com\t\n192.0.2.1\t25\t\t\n192.0.2.10\t25\t\t\n"},
        {"-i @ten -p 587",
         "192.0.2.1\t587\t\t\n192.0.2.2\t587\tmx.example.com\ta tag\n2001:db8::1\t587\t\t\n"
         "mx.example.com\t587\tmx.example.com\t\n192.0.2.1\t587\t\t\n192.0.2.9\t587\t\t\n"
         "192.0.2.10\t587\t\t\n"},
        /* a line that says its port is for that port alone */
        {"-i @ten -p 25,587 --max-targets 12",
         "192.0.2.1\t25\t\t\n192.0.2.1\t587\t\t\n192.0.2.2\t25\tmx.example.com\ta tag\n"
         "192.0.2.2\t587\tmx.example.com\ta tag\n2001:db8::1\t25\t\t\n2001:db8::1\t587\t\t\n"
         "mx.example.com\t25\tmx.example.com\t\nmx.example.com\t587\tmx.example.com\t\n"
         "192.0.2.1\t25\t\t\n192.0.2.1\t587\t\t\n192.0.2.9\t587\t\t\n192.0.2.10\t25\t\t\n"},
        {"-i @ten --max-targets 2", "192.0.2.1\t25\t\t\n192.0.2.2\t25\tmx.example.com\ta tag\n"},
        {"-i @ten --sample 100%  --max-targets 1", "192.0.2.1\t25\t\t\n"},
        /* position = line * ports + port: of the first port are the even ones */
        {"-i @ten -p 587,25 --shards 2 --shard 1 --max-targets 3",
         "192.0.2.1\t25\t\t\n192.0.2.2\t25\tmx.example.com\ta tag\n2001:db8::1\t25\t\t\n"},
        {"-i @ten --shards 2 --shard 1",
         "mx.example.com\t25\tmx.example.com\t\n192.0.2.10\t25\t\t\n"},
    };
    int was = hide_stderr();
    for (size_t i = 0; i < LENGTH(cases); i++) {
        char line[ATTEMPT_COMMAND_MAX];
        snprintf(line, sizeof line, "--dry-run --stream --include-special %s", cases[i].line);
        char *text = attempt_printed(line);
        if (strcmp(text, cases[i].printed) != 0) {
            show_stderr(was);
            fail_msg("%s: is\n%s", line, text);
        }
        free(text);
    }
    show_stderr(was);
}

static void bad_lists(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "-o @out --ehlo-name a.b --stream -i @nothing-here",
        "-o @out --ehlo-name a.b --stream -i @folder",
        "--dry-run --stream -i @nothing-here",
        "--dry-run --stream -i @folder",
    };
    for (size_t i = 0; i < LENGTH(lines); i++) {
        struct attempted a;
        attempt(&a, lines[i]);
        attempt_end(&a);
        if (a.rc != -EINVAL || strstr(a.err, "test_attempt.") == NULL)
            fail_msg("%s: %d, \"%s\"", lines[i], a.rc, a.err);
        assert_false(attempt_exists("out"));
    }
}

/* which lines of "many" were printed, each once */
static size_t read_many(bool seen[LINES], const char *options)
{
    char line[ATTEMPT_COMMAND_MAX], *rest = NULL;
    size_t num = 0;
    unsigned last = 0;
    snprintf(line, sizeof line, "--dry-run --include-special --stream -i @many %s", options);
    char *text = attempt_printed(line);
    for (char *at = strtok_r(text, "\n", &rest); at != NULL; at = strtok_r(NULL, "\n", &rest)) {
        unsigned a, b;
        assert_int_equal(sscanf(at, "10.0.%u.%u\t25\t", &a, &b), 2);
        unsigned number = a * 250 + b;
        assert_true(number < LINES && !seen[number]);
        assert_true(num++ == 0 || number > last); /* in the list's own order */
        last = number;
        seen[number] = true;
    }
    free(text);
    return num;
}

/* every line that holds a target in one shard, and in one alone */
static void shards(void **state)
{
    (void)state;
    for (unsigned num = 1; num <= 7; num++) {
        bool seen[LINES] = {false};
        for (unsigned shard = 0; shard < num; shard++) {
            char options[64];
            snprintf(options, sizeof options, "--shards %u --shard %u", num, shard);
            read_many(seen, options);
        }
        for (unsigned i = 0; i < LINES; i++)
            assert_int_equal(seen[i], i % 7 != 3);
    }
}

/* a sample depends on the seed and the line's number alone, so that shards draw from the same */
static void samples(void **state)
{
    (void)state;
    bool ten[LINES] = {false}, again[LINES] = {false}, other[LINES] = {false},
         both[LINES] = {false};
    size_t num = read_many(ten, "--sample 10% --seed 5");
    assert_true(num > 10 && num < 100);
    assert_int_equal(read_many(again, "--sample 10% --seed 5"), num);
    assert_memory_equal(ten, again, sizeof ten);
    read_many(other, "--sample 10% --seed 6");
    assert_memory_not_equal(ten, other, sizeof ten);
    read_many(both, "--sample 10% --seed 5 --shards 2 --shard 0");
    read_many(both, "--sample 10% --seed 5 --shards 2 --shard 1");
    assert_memory_equal(ten, both, sizeof ten);

    bool all[LINES] = {false};
    assert_int_equal(read_many(all, "--sample 100%"), LINES - (LINES + 3) / 7);
}

/* ---- datasets ---- */

/* a streamed sweep of the list, whose first num_lines lines were consumed and are done, but for one
 * position; it was stopped then */
static void begin_stream(const char *options, const char *text, size_t num_lines, uint64_t but)
{
    struct attempted a;
    char line[ATTEMPT_COMMAND_MAX], err[DATASET_ERR_MAX];
    uint8_t sha256[32];
    const char *end = text;
    snprintf(line, sizeof line, "-o @begun --ehlo-name a.example.com --stream --seed 3 %s",
             options);
    attempt_good(&a, line);
    assert_true(a.plan.streamed && a.plan.stream != NULL);
    assert_int_equal(a.plan.num_positions, 0);
    for (size_t i = 0; i < num_lines; i++) {
        end = strchr(end, '\n') + 1;
        if (i != but)
            assert_int_equal(dataset_skip(a.plan.dataset, i), 0);
    }
    SHA256((const uint8_t *)text, (size_t)(end - text), sha256);
    dataset_consumed(a.plan.dataset, num_lines, sha256);
    assert_int_equal(dataset_finish(a.plan.dataset, err, 9, DATASET_STOPPED), 0);
    a.plan.dataset = NULL;
    attempt_end(&a);
}

/* what is open of what was consumed, and what comes after it */
static void resumed(void **state)
{
    (void)state;
    begin_stream("-i @ten --include-special", TEN_LINES, 6, 2);
    struct attempted a;
    attempt_good(&a, "--resume @begun -i @ten");
    assert_true(a.plan.streamed && a.plan.include_special && a.plan.filters_late);
    assert_false(a.plan.finished);
    assert_int_equal(a.plan.seed, 3);
    assert_int_equal(a.plan.num_done, 5);
    attempt_end(&a);

    char *text = attempt_printed("--resume @begun -i @ten --dry-run");
    assert_string_equal(text, "192.0.2.2\t25\tmx.example.com\ta tag\n192.0.2.1\t25\t\t\n"
                              "192.0.2.10\t25\t\t\n");
    free(text);
    text = attempt_printed("--resume @begun -i @ten --dry-run --max-targets 1");
    assert_string_equal(text, "192.0.2.2\t25\tmx.example.com\ta tag\n");
    free(text);
    attempt_remove("begun");
}

/* the lines that were consumed must be the same; those after them may be others, or more */
static void another_list(void **state)
{
    (void)state;
    begin_stream("-i @ten --include-special", TEN_LINES, 3, 99);
    static char changed[sizeof TEN_LINES + 64];
    struct attempted a;
    static const struct {
        const char *first, *rest;
        bool good;
    } cases[] = {
        {"192.0.2.1\n# a comment\n192.0.2.2,mx.example.com,a tag\n", "192.0.2.77\n", true},
        {"192.0.2.1\n# a comment\n192.0.2.2,mx.example.com,a tag\n", "", true},
        {"192.0.2.1\n# A comment\n192.0.2.2,mx.example.com,a tag\n", "192.0.2.77\n", false},
        {"192.0.2.1\n# a comment\n192.0.2.3,mx.example.com,a tag\n", "192.0.2.77\n", false},
        {"192.0.2.1\n# a comment\n", "", false},
        {"", "", false},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        snprintf(changed, sizeof changed, "%s%s", cases[i].first, cases[i].rest);
        attempt_put_file("changed", changed);
        attempt_good(&a, "--resume @begun -i @changed --dry-run"); /* it is read as it comes */
        char *text = NULL;
        size_t len = 0;
        FILE *out = open_memstream(&text, &len);
        assert_non_null(out);
        int rc = plan_print(&a.plan, a.err, &a.o, out);
        assert_int_equal(fclose(out), 0);
        if (cases[i].good) {
            assert_int_equal(rc, 0);
            assert_int_equal(len > 0, cases[i].rest[0] != '\0');
        } else {
            assert_int_equal(rc, -EINVAL);
            assert_non_null(strstr(a.err, "changed"));
            assert_int_equal(len, 0); /* before any target is given */
        }
        free(text);
        attempt_end(&a);
    }
    attempt_remove("begun");
}

/* a streamed sweep needs its list again, and one list; any other sweep needs none */
static void list_rules(void **state)
{
    (void)state;
    static const struct refusal streamed[] = {
        {"--resume @begun", "streamed", "-i FILE"},
        {"--resume @begun -i @ten -i @ten", "streamed", "-i FILE"},
    };
    static const struct refusal ranged[] = {
        {"--resume @begun -i @ten", "says itself", "leave out -i"},
    };
    begin_stream("-i @ten --include-special", TEN_LINES, 3, 99);
    attempt_refused(streamed, LENGTH(streamed), true);
    attempt_remove("begun");
    struct attempted a;
    attempt_good(&a, "-o @begun --include-special 127.0.0.0/24");
    attempt_end(&a);
    attempt_refused(ranged, LENGTH(ranged), true);
    attempt_remove("begun");
}

/* a stream that was read to its end, and done, is finished: nobody needs its list any more */
static void finished(void **state)
{
    (void)state;
    struct attempted a;
    char err[DATASET_ERR_MAX];
    attempt_good(&a, "-o @begun --ehlo-name a.b --stream -i @ten --include-special");
    for (uint64_t i = 0; i < 10; i++)
        assert_int_equal(dataset_skip(a.plan.dataset, i), 0);
    dataset_stream_end(a.plan.dataset, 10);
    assert_int_equal(dataset_finish(a.plan.dataset, err, 9, DATASET_COMPLETE), 0);
    a.plan.dataset = NULL;
    attempt_end(&a);
    attempt_good(&a, "--resume @begun");
    assert_true(a.plan.finished && a.plan.stream == NULL);
    assert_int_equal(a.plan.num_done, 10);
    attempt_end(&a);
    attempt_remove("begun");
}

/* which part of the list it was stays as it was */
static void kept(void **state)
{
    (void)state;
    struct attempted a;
    attempt_good(&a, "-o @begun --ehlo-name a.b --stream -i @many --sample 5% --shards 3 --shard 2 "
                     "-p 25,587 --record responsive --source-ip 127.0.0.2");
    attempt_end(&a);
    attempt_good(&a, "--resume @begun -i @many -r 7");
    assert_true(a.plan.streamed);
    assert_int_equal(a.plan.sample_ppm, 50000);
    assert_int_equal(a.plan.limit, 0);
    assert_int_equal(a.plan.num_shards, 3);
    assert_int_equal(a.plan.shard, 2);
    assert_int_equal(a.plan.space->num_ports, 2);
    assert_int_equal(a.plan.record_mode, RECORD_RESPONSIVE);
    assert_int_equal(a.plan.sources.num, 1);
    attempt_end(&a);
    attempt_remove("begun");
}

/* ---- allowlists: needed again where addresses come in late, and then the same ---- */

struct allow_case {
    const char *begin, *resume;
    const char *what, *mend; /* NULL: it goes on */
};

static void allowlists(void **state)
{
    (void)state;
    static const struct allow_case cases[] = {
        {"--stream -i @ten -w @allow", "-i @ten -w @allow", NULL, NULL},
        {"--stream -i @ten -w @allow", "-i @ten -w @allow-again", NULL, NULL},
        {"--stream -i @ten -w @allow", "-i @ten -w @allow-other", "with an allowlist", "unchanged"},
        {"--stream -i @ten -w @allow", "-i @ten", "with an allowlist", "the same file again"},
        {"--stream -i @ten", "-i @ten -w @allow", "no use for an allowlist", "leave it out"},
        {"--stream -i @ten", "-i @ten", NULL, NULL},
        {"198.51.100.1 mx.example.com -w @allow", "-w @allow", NULL, NULL},
        {"198.51.100.1 mx.example.com -w @allow", "", "with an allowlist", "the same file again"},
        {"198.51.100.1 -w @allow", "", NULL, NULL},
        {"198.51.100.1 -w @allow", "-w @allow", "no use for an allowlist", "leave it out"},
        {"198.51.100.1", "-w @allow", "no use for an allowlist", "leave it out"},
        /* a blocklist may change at any time */
        {"--stream -i @ten -b @allow", "-i @ten -b @allow-other", NULL, NULL},
        {"--stream -i @ten -b @allow", "-i @ten", "begun with a blocklist", "with -b"},
        {"198.51.100.0/24 203.0.113.0/24 -b @allow-other", "", "begun with a blocklist", "with -b"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct attempted a;
        char line[ATTEMPT_COMMAND_MAX];
        snprintf(line, sizeof line, "-o @begun --include-special --ehlo-name a.b %s",
                 cases[i].begin);
        attempt_good(&a, line);
        attempt_end(&a);
        snprintf(line, sizeof line, "--resume @begun %s", cases[i].resume);
        if (cases[i].what == NULL) {
            attempt_good(&a, line);
            attempt_end(&a);
        } else {
            attempt_refused(&(struct refusal){line, cases[i].what, cases[i].mend}, 1, true);
        }
        attempt_remove("begun");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists),      cmocka_unit_test(bad_lists), cmocka_unit_test(shards),
        cmocka_unit_test(samples),    cmocka_unit_test(resumed),   cmocka_unit_test(another_list),
        cmocka_unit_test(list_rules), cmocka_unit_test(finished),  cmocka_unit_test(kept),
        cmocka_unit_test(allowlists),
    };
    return cmocka_run_group_tests(tests, set_up, attempt_tear_down);
}
