/*
 * fake: statistics made of numbers, without a dataset.
 *
 * Ownership  fake_cleanup frees what fake_add added; definitions are the caller's.
 */
#ifndef MXSWEEP_TESTS_TOOLS_FAKE_H
#define MXSWEEP_TESTS_TOOLS_FAKE_H

#include "tools/statistics.h"

enum { FAKE_MAX = 160 };

struct fake {
    struct statistics all;
    struct statistic list[FAKE_MAX];
    struct statistic_def defs[FAKE_MAX];
};

void fake_init(struct fake *f);
void fake_cleanup(struct fake *f);

/* fake_add adds an empty statistic; rows are added with statistic_add. */
struct statistic *fake_add(struct fake *f, const char *id, enum statistic_shape shape,
                           enum set denominator);

/* fake_row adds a row whose label is text. */
struct statistic_row *fake_row(struct statistic *s, const char *label, uint64_t count,
                               enum row_kind kind);

#endif
