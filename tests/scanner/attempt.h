/*
 * attempt: command lines of mxsweep up to their plan, for tests of plans.
 *
 * What       a folder of the test's own, in the build tree; "@name" in a command line is a file in
 *            it.
 * Ownership  the caller's storage; an attempt is ended, whatever came of it.
 */
#ifndef MXSWEEP_TESTS_SCANNER_ATTEMPT_H
#define MXSWEEP_TESTS_SCANNER_ATTEMPT_H

#include "scanner/plan.h"

enum { ATTEMPT_COMMAND_MAX = 8192 };
#define ATTEMPT_NOW_US INT64_C(1767225600000000) /* 2026-01-01 */

struct attempted {
    struct options o;
    struct plan plan;
    char err[PLAN_ERR_MAX];
    char words[ATTEMPT_COMMAND_MAX];
    int rc;
};

/* for cmocka's group */
int attempt_set_up(void **state);
int attempt_tear_down(void **state);

/* attempt_path returns the path of a file in the folder, until the next call but three. */
const char *attempt_path(const char *name);
void attempt_put_file(const char *name, const char *text);
bool attempt_exists(const char *name);
void attempt_remove(const char *name);

/* attempt plans what "mxsweep LINE" asks for; attempt_good must succeed. */
void attempt(struct attempted *a, const char *line);
void attempt_good(struct attempted *a, const char *line);
void attempt_end(struct attempted *a);

/* attempt_printed returns what a dry run prints, to be freed. */
char *attempt_printed(const char *line);

struct refusal {
    const char *line;
    const char *what, *mend; /* both must be in the message */
};

/* attempt_refused: each line is refused with such a message, as the user's to mend (exit code 2) if
 * usage, else not, and "out" is neither made nor removed. */
void attempt_refused(const struct refusal *cases, size_t num, bool usage);

#endif
