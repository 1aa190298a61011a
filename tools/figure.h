/*
 * figure: a statistic made ready to be shown: its rows bounded, each with its share, and how it is
 * drawn.
 *
 * Promise    the rows of a partition still sum to the denominator: what is beyond the bound becomes
 *            part of "other".
 * Ownership  figure_make fills the caller's storage, figure_cleanup frees; labels stay those of the
 *            statistic, which must outlive the figure.
 * Errors     -ENOMEM.
 */
#ifndef MXSWEEP_TOOLS_FIGURE_H
#define MXSWEEP_TOOLS_FIGURE_H

#include "tools/statistics.h"

enum figure_kind {
    FIGURE_BARS,      /* a bar for each row, by its share */
    FIGURE_STACK,     /* one bar of 100 %; of a partition with few rows, else BARS */
    FIGURE_FUNNEL,    /* shares of the denominator and of the step before */
    FIGURE_QUANTILES, /* on a logarithmic axis of time */
    FIGURE_QUESTIONS, /* a bar for each row, by its share of those that answered it */
    FIGURE_COLUMNS,   /* rows side by side in the order of their meaning */
    FIGURE_CUMULATED  /* the sum of the rows so far, in the order of their meaning */
};

struct figure {
    const struct statistics *all;
    const struct statistic *statistic;
    enum figure_kind kind;
    struct statistic_row *rows;
    size_t num_rows;
    uint64_t of;        /* the denominator's count */
    uint64_t not_shown; /* rows left out that nothing sums up */
    uint64_t folded;    /* rows that went into "other" here */
};

/* rows, not empty, that a stack may have; that rows side by side must have */
enum { FIGURE_STACK_MAX = 8, FIGURE_GRID_MIN = 4 };

/* figure_make takes at most max_rows rows (at least 1), those unknown and "other" not counted. The
 * kind is a wish: where the statistic has not that shape, it is drawn as its shape is. */
int figure_make(struct figure *f, const struct statistics *all, const struct statistic *s,
                enum figure_kind wish, size_t max_rows);
void figure_cleanup(struct figure *f);

/* figure_of returns what a row's share is of: the denominator; for questions, those that it could
 * be told of. */
uint64_t figure_of(const struct figure *f, const struct statistic_row *row);

/* figure_share returns that share, 0 to 1; 0 of nothing. */
double figure_share(const struct figure *f, const struct statistic_row *row);

/* figure_share_before returns a funnel step's part of the step before. */
double figure_share_before(const struct figure *f, const struct statistic_row *row);

/* figure_series returns which of the rows that are not empty row i is, from 0: its letter and its
 * colour in a stack. */
size_t figure_series(const struct figure *f, size_t i);

/* figure_axis_end returns where the axis of the rows' shares ends. */
double figure_axis_end(const struct figure *f);

/* figure_cumulated returns the part of the denominator that rows 0 to i together have; rows unknown
 * and "other" add nothing. */
double figure_cumulated(const struct figure *f, size_t i);

#endif
