/*
 * plan_match: a command line that is given again, with --resume-or-create, goes on with the sweep
 * that is in the file if it means that one; else it is refused, and says what differs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "attempt.h"

#define LENGTH(a) (sizeof(a) / sizeof(a)[0])

static int set_up(void **state)
{
    if (attempt_set_up(state) != 0)
        return -1;
    attempt_put_file("list", "192.0.2.1\n192.0.2.2\n");
    attempt_put_file("same", "192.0.2.2 # in another order\n192.0.2.1\n");
    attempt_put_file("more", "192.0.2.1\n192.0.2.2\n192.0.2.3\n");
    attempt_put_file("bad", "192.0.2.1\nnonsense,,,\n");
    attempt_put_file("allow", "192.0.2.0/24\n127.0.0.0/8\n");
    attempt_put_file("allow-other", "192.0.2.0/25\n127.0.0.0/8\n");
    attempt_put_file("block", "192.0.2.2\n");
    return 0;
}

struct match_case {
    const char *begin, *again; /* again NULL: the same */
    const char *differs;       /* in the message; NULL: it goes on */
};

static const struct match_case cases[] = {
    {"127.0.0.0/24", NULL, NULL},
    {"127.0.0.0/25 127.0.0.128/25", "127.0.0.0/24", NULL},
    {"127.0.0.0/24", "127.0.0.0/24 -r 5 -s 7 --retries 0 --connect-timeout 1s", NULL},
    {"127.0.0.0/24 --seed 5", NULL, NULL},
    {"127.0.0.0/24 --seed 5", "127.0.0.0/24", NULL}, /* whoever names none means any */
    {"127.0.0.0/24 --shards 3 --shard 1 --sample 50% --record responsive", NULL, NULL},
    {"127.0.0.0/24 -p 25,587 --starttls-anyway", NULL, NULL},
    {"192.0.2.0/24 --ehlo-name a.b", NULL, NULL},
    {"127.0.0.0/24 --ehlo-name a,b --source-ip 127.0.0.2,127.0.0.3", NULL, NULL},
    {"-i @list --ehlo-name a.b", NULL, NULL},
    {"-i @list --ehlo-name a.b", "-i @same --ehlo-name a.b", NULL},
    {"-i @list --ehlo-name a.b -w @allow", NULL, NULL},
    {"--stream -i @list --ehlo-name a.b", NULL, NULL},
    {"--stream -i @list --ehlo-name a.b -w @allow", NULL, NULL},
    {"mx.example.com 127.0.0.1 --ehlo-name a.b", NULL, NULL},
    /* a blocklist may have grown */
    {"-i @list --ehlo-name a.b", "-i @list --ehlo-name a.b -b @block", NULL},
    {"-i @list --ehlo-name a.b -b @block", "-i @list --ehlo-name a.b", "--blocklist-file"},

    {"127.0.0.0/24", "127.0.0.0/25", "targets"},
    {"127.0.0.0/24", "127.0.0.0/24 127.0.1.0", "targets"},
    {"-i @list --ehlo-name a.b", "-i @more --ehlo-name a.b", "targets"},
    {"127.0.0.0/24", "127.0.0.0/24 -p 587", "--port"},
    {"127.0.0.0/24 -p 25,587", "127.0.0.0/24 -p 587,25", "--port"},
    {"127.0.0.0/24 -p 25,587", "127.0.0.0/24", "--port"},
    {"127.0.0.0/24 --seed 5", "127.0.0.0/24 --seed 6", "--seed"},
    {"127.0.0.0/24", "127.0.0.0/24 --shards 2 --shard 0", "--shard"},
    {"127.0.0.0/24 --shards 2 --shard 0", "127.0.0.0/24 --shards 2 --shard 1", "--shard"},
    {"127.0.0.0/24", "127.0.0.0/24 --record responsive", "--record"},
    {"127.0.0.0/24 --sample 50%", "127.0.0.0/24 --sample 51%", "--sample"},
    {"127.0.0.0/24 --sample 50%", "127.0.0.0/24", "--sample"},
    {"127.0.0.0/24", "127.0.0.0/24 --starttls-anyway", "--starttls-anyway"},
    {"127.0.0.0/24", "127.0.0.0/24 --source-ip 127.0.0.2", "--source-ip"},
    {"127.0.0.0/24 --source-ip 127.0.0.2", "127.0.0.0/24", "--source-ip"},
    {"127.0.0.0/24 --source-ip 127.0.0.2,127.0.0.3", "127.0.0.0/24 --source-ip 127.0.0.3,127.0.0.2",
     "--source-ip"},
    {"192.0.2.0/24 --ehlo-name a.b", "192.0.2.0/24 --ehlo-name a.c", "--ehlo-name"},
    {"-i @list --ehlo-name a.b -w @allow", "-i @list --ehlo-name a.b", "--allowlist-file"},
    {"-i @list --ehlo-name a.b", "-i @list --ehlo-name a.b -w @allow", "--allowlist-file"},
    {"-i @list --ehlo-name a.b -w @allow", "-i @list --ehlo-name a.b -w @allow-other",
     "--allowlist-file"},
    {"-i @list --ehlo-name a.b", "--stream -i @list --ehlo-name a.b", "--stream"},
    {"--stream -i @list --ehlo-name a.b", "-i @list --ehlo-name a.b", "--stream"},
    {"-i @list --ehlo-name a.b", "-i @bad --ehlo-name a.b", "bad:2:"},
};

static void matches(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        const struct match_case *c = &cases[i];
        struct attempted a;
        char line[ATTEMPT_COMMAND_MAX];
        snprintf(line, sizeof line, "-o @out --include-special --resume-or-create %s", c->begin);
        attempt_good(&a, line); /* there is none: it is begun */
        uint64_t seed = a.plan.seed, num = a.plan.space->count;
        assert_null(a.o.resume_file);
        attempt_end(&a);
        snprintf(line, sizeof line, "-o @out --include-special --resume-or-create %s",
                 c->again != NULL ? c->again : c->begin);
        attempt(&a, line);
        if (c->differs == NULL) {
            if (a.rc != 0)
                fail_msg("%s, then %s: %s", c->begin, line, a.err);
            assert_true(a.plan.seed == seed && a.plan.space->count == num);
        } else if (a.rc != -EINVAL || strstr(a.err, c->differs) == NULL) {
            fail_msg("%s, then %s: %d, \"%s\"", c->begin, line, a.rc, a.err);
        }
        attempt_end(&a);
        attempt_remove("out");
    }
}

/* special-purpose ranges left out or not: as it was begun */
static void special(void **state)
{
    (void)state;
    struct attempted a;
    attempt_good(&a, "-o @out --ehlo-name a.b --resume-or-create 8.8.8.0/24");
    attempt_end(&a);
    attempt_good(&a, "-o @out --ehlo-name a.b --resume-or-create 8.8.8.0/24");
    attempt_end(&a);
    attempt_refused(
        &(struct refusal){"-o @out --ehlo-name a.b --resume-or-create --include-special 8.8.8.0/24",
                          "--include-special", "another file"},
        1, true);
    attempt_remove("out");
}

/* a file that is no dataset is neither gone on with nor written over */
static void other_files(void **state)
{
    (void)state;
    struct attempted a;
    attempt(&a, "-o @list --include-special --resume-or-create 127.0.0.1");
    assert_true(a.rc < 0);
    assert_non_null(strstr(a.err, "list"));
    attempt_end(&a);
    attempt_good(&a, "-o @out --include-special --resume-or-create -i @list --ehlo-name a.b");
    assert_int_equal(a.plan.num_positions, 2); /* the list is as it was */
    attempt_end(&a);
    attempt_remove("out");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matches),
        cmocka_unit_test(special),
        cmocka_unit_test(other_files),
    };
    return cmocka_run_group_tests(tests, set_up, attempt_tear_down);
}
