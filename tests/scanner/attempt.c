#include "attempt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WORDS_MAX = 400, PATH_LEN = 320 };

static char dir[] = "test_attempt.XXXXXX";

const char *attempt_path(const char *name)
{
    static char paths[4][PATH_LEN];
    static unsigned turn;
    char *path = paths[turn++ % 4];
    snprintf(path, PATH_LEN, "%s/%s", dir, name);
    return path;
}

void attempt_put_file(const char *name, const char *text)
{
    FILE *f = fopen(attempt_path(name), "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

bool attempt_exists(const char *name)
{
    return access(attempt_path(name), F_OK) == 0;
}

void attempt_remove(const char *name)
{
    assert_int_equal(unlink(attempt_path(name)), 0);
}

int attempt_set_up(void **state)
{
    (void)state;
    return mkdtemp(dir) != NULL ? 0 : -1;
}

int attempt_tear_down(void **state)
{
    (void)state;
    DIR *d = opendir(dir);
    for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;)
        if (e->d_name[0] != '.')
            remove(attempt_path(e->d_name));
    closedir(d);
    return rmdir(dir);
}

void attempt(struct attempted *a, const char *line)
{
    char err[OPTIONS_ERR_MAX], name[] = "mxsweep", copy[ATTEMPT_COMMAND_MAX];
    char *argv[WORDS_MAX + 1] = {name};
    int argc = 1;
    size_t len = 0;
    assert_true(strlen(line) < sizeof copy);
    strcpy(copy, line);
    for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " ")) {
        assert_true(argc < WORDS_MAX);
        argv[argc++] = a->words + len;
        len += (size_t)snprintf(a->words + len, sizeof a->words - len, "%s",
                                word[0] == '@' ? attempt_path(word + 1) : word) +
               1;
        assert_true(len < sizeof a->words);
    }
    if (options_parse(&a->o, err, argc, argv) != 0)
        fail_msg("%s: %s", line, err);
    if (a->o.resume_or_create && access(a->o.output_file, F_OK) == 0) /* as main does */
        a->o.resume_file = a->o.output_file;
    a->rc = plan_make(&a->plan, a->err, &a->o, ATTEMPT_NOW_US);
}

void attempt_good(struct attempted *a, const char *line)
{
    attempt(a, line);
    if (a->rc != 0)
        fail_msg("%s: %s", line, a->err);
}

void attempt_end(struct attempted *a)
{
    plan_cleanup(&a->plan);
    options_cleanup(&a->o);
}

char *attempt_printed(const char *line)
{
    struct attempted a;
    char *text = NULL;
    size_t len = 0;
    attempt_good(&a, line);
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    if (plan_print(&a.plan, a.err, &a.o, out) != 0)
        fail_msg("%s: %s", line, a.err);
    assert_int_equal(fclose(out), 0);
    attempt_end(&a);
    return text;
}

void attempt_refused(const struct refusal *cases, size_t num, bool usage)
{
    for (size_t i = 0; i < num; i++) {
        struct attempted a;
        bool was_there = attempt_exists("out");
        attempt(&a, cases[i].line);
        attempt_end(&a);
        if (a.rc >= 0 || (a.rc == -EINVAL) != usage)
            fail_msg("%s: returns %d", cases[i].line, a.rc);
        if (strstr(a.err, cases[i].what) == NULL || strstr(a.err, cases[i].mend) == NULL)
            fail_msg("%s: the message is \"%s\"", cases[i].line, a.err);
        if (attempt_exists("out") != was_there)
            fail_msg("%s: leaves a file behind", cases[i].line);
    }
}
