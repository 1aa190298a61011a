/*
 * header: what a plan says of itself in its dataset: written for a new sweep, compared for a
 * resumed one.
 *
 * Errors     as plan.h.
 */
#ifndef MXSWEEP_SCANNER_HEADER_H
#define MXSWEEP_SCANNER_HEADER_H

#include "scanner/plan.h"

enum { NUM_VARIABLE_OPTIONS = 19 }; /* those that a resumed sweep may change */

/* header_create makes plan->dataset (file o->output_file) with the header of a new sweep. A plan
 * with no number of positions for its shard makes no file. */
int header_create(struct plan *plan, char err[PLAN_ERR_MAX], const struct options *o);

/* header_check takes options that may not change from h, and refuses if this build sends other
 * hellos than h names. */
int header_check(struct plan *plan, char err[PLAN_ERR_MAX], const struct dataset_header *h);

/* texts of the options that may change between runs, as in effect: option, value */
struct option_texts {
    struct dataset_pair pairs[NUM_VARIABLE_OPTIONS];
    char values[NUM_VARIABLE_OPTIONS][65]; /* a digest in hex is the longest */
};
void header_option_texts(struct option_texts *out, const struct plan *plan,
                         const struct options *o);

/* header_print_version writes the versions of a program of ours and of the libraries it was built
 * on. */
void header_print_version(FILE *out, const char *program);

#endif
