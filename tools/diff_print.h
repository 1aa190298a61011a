/*
 * diff_print: the differences of two sweeps as text or as JSON Lines.
 *
 * Promise    text of servers is escaped; each line of JSON is an object, the last one the sum.
 * Errors     negative, err says what; -EIO: out could not be written.
 */
#ifndef MXSWEEP_TOOLS_DIFF_PRINT_H
#define MXSWEEP_TOOLS_DIFF_PRINT_H

#include <stdio.h>

#include "core/json.h"
#include "tools/diff.h"

struct diff_printer {
    FILE *out;
    bool json;
    uint64_t max_lines; /* of text; 0: all */
    uint64_t num_lines; /* changes so far */
    struct json line;
};

/* diff_print_change is a diff_each, of a struct diff_printer. */
diff_each diff_print_change;

/* diff_print_sum comes last; paths are those of the old and the new file. */
int diff_print_sum(struct diff_printer *p, char err[DIFF_ERR_MAX], const struct diff_sum *sum,
                   const char *const paths[NUM_DIFF_SIDES]);

#endif
