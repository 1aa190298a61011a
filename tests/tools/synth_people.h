/*
 * synth_people: a population: the rows of a table with their addresses, and the record of each target.
 *
 * Promise    a target's record follows from row, number in the row and position alone.
 * Ownership  _new takes the table's rows; a record lives until the next one is made.
 * Errors     NULL, and err names the row.
 */
#ifndef MXSWEEP_TESTS_TOOLS_SYNTH_PEOPLE_H
#define MXSWEEP_TESTS_TOOLS_SYNTH_PEOPLE_H

#include "core/targets.h"
#include "tests/tools/synth_row.h"

struct synth_people;

struct synth_people *synth_people_new(const struct synth_table *t, int64_t start_s,
                                      char err[SYNTH_ERR_MAX]);
void synth_people_free(struct synth_people *p);

uint64_t synth_people_count(const struct synth_people *p);
bool synth_people_counted(const struct synth_people *p); /* a target is only counted */
const struct synth_pki *synth_people_pki(const struct synth_people *p);

/* synth_people_targets adds the targets to a list. */
bool synth_people_targets(const struct synth_people *p, struct target_list *list,
                          char err[SYNTH_ERR_MAX]);

/* synth_people_at returns the row of an address, and its number in that row; NULL: none has it. */
const struct synth_row *synth_people_at(const struct synth_people *p, uint64_t *number,
                                        struct addr addr);

/* takes a certificate that no record had before */
typedef void synth_take_cert(void *ctx, struct bytes der);

/* synth_people_record makes a record, after it gave the certificates that are new to take. */
void synth_people_record(struct synth_people *p, struct record *out, const struct synth_row *row,
                         uint64_t number, uint64_t position, synth_take_cert *take, void *ctx);

/* synth_people_weights writes "ADDRESS,WEIGHT" of each target. */
void synth_people_weights(const struct synth_people *p, FILE *out);

#endif
