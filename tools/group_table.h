/*
 * group_table: a break-down made ready to be shown: a line for each group, bounded, and what a
 * statistic says of each.
 *
 * Promise    the lines together have what the groups have: those beyond the bound become part of
 *            "other". The columns of a cross table sum to the denominator in each line.
 * Ownership  _make fills the caller's storage, _cleanup frees; labels stay those of the break-down,
 *            which must outlive both.
 * Errors     -ENOMEM.
 */
#ifndef MXSWEEP_TOOLS_GROUP_TABLE_H
#define MXSWEEP_TOOLS_GROUP_TABLE_H

#include "tools/breakdown.h"

/* group_title returns what a break-down is called: "By country". */
const char *group_title(unsigned dimension);

struct group_line {
    struct bytes label;
    enum row_kind kind;
    uint64_t num_labels; /* ROW_OTHER: groups */
    uint64_t sets[NUM_SETS];
};

struct group_table {
    const struct breakdown *breakdown;
    struct group_line *lines;
    size_t num_lines;
    size_t *line_of; /* of each group */
    uint64_t folded; /* groups that went into "other" here */
};

/* group_table_make takes at most max_lines groups (at least 1), those unknown and "other" not
 * counted. */
int group_table_make(struct group_table *t, const struct breakdown *b, size_t max_lines);
void group_table_cleanup(struct group_table *t);

/* the lines as a statistic: how many targets of P each has */
struct group_sizes {
    struct statistic_def def;
    struct statistic statistic;
    struct statistics all;
};

int group_sizes_make(struct group_sizes *s, const struct group_table *t);
void group_sizes_cleanup(struct group_sizes *s);

/* group_table_count gives what each line has of a row of a statistic; false: with a smallest cell
 * it is not told of any. */
bool group_table_count(uint64_t *out, const struct group_table *t, const char *id,
                       const char *label);

enum { CROSS_VALUES_MAX = 5, CROSS_COLUMNS_MAX = CROSS_VALUES_MAX + 2 };

struct cross_column {
    struct bytes label;
    enum row_kind kind;
    uint64_t count; /* of all lines */
};

struct cross_table {
    const struct statistic_def *def; /* NULL: the groups have no such statistic */
    struct cross_column columns[CROSS_COLUMNS_MAX];
    size_t num_columns;
    uint64_t (*cells)[CROSS_COLUMNS_MAX]; /* by line */
};

/* cross_table_make makes that of a partition: its largest rows a column each, what is beyond in
 * "other", what is unknown in one. */
int cross_table_make(struct cross_table *c, const struct group_table *t, const char *id);
void cross_table_cleanup(struct cross_table *c);

#endif
