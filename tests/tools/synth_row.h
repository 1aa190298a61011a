/*
 * synth_row: what a row of a population's table says of its targets.
 *
 * What       every column is optional but count; what is not said follows from the outcome, so that a
 *            row "outcome,count" is enough. synth_row_help tells the columns.
 * Ownership  rows point into the table.
 * Errors     false, and err names row, column and mend.
 */
#ifndef MXSWEEP_TESTS_TOOLS_SYNTH_ROW_H
#define MXSWEEP_TESTS_TOOLS_SYNTH_ROW_H

#include <stdio.h>

#include "core/audit.h"
#include "core/record.h"
#include "core/targets.h"
#include "tests/tools/synth_pki.h"
#include "tests/tools/synth_table.h"

enum { SYNTH_TEXT_MAX = 256 << 10, SYNTH_NAME_MAX = 1024, SYNTH_DAYS_ABSENT = INT32_MIN };

struct synth_row {
    uint64_t count;
    enum stage stage;
    enum cause cause;
    bool counted; /* only counted: no record */
    struct bytes text[NUM_TEXTS];
    struct bytes keywords, keywords_tls;
    uint32_t timing_us[NUM_TIMINGS];
    uint16_t version, suite, group, sigscheme;
    uint8_t alert;
    enum synth_chain chain;
    bool chain_given;
    enum synth_key_kind key;
    uint64_t certs, keys; /* distinct ones among the targets */
    struct bytes cert_group, issuer, name;
    int32_t days_left, validity_days;
    bool audited;
    struct audit audit;
    struct attempt attempts[RECORD_ATTEMPTS_MAX];
    uint8_t num_attempts;
    uint64_t variants; /* of {n}; 0: each its own */
    struct bytes address, host, tag;
    uint64_t weight;
    struct addr first; /* of its targets, which follow each other */
};

/* columns of a table, which it must all know */
struct synth_columns {
    int number[SYNTH_COLUMNS_MAX]; /* of the column, in the list of those that there are */
};

bool synth_row_columns(struct synth_columns *out, char err[SYNTH_ERR_MAX],
                       const struct synth_table *t);

/* synth_row_read reads row number `row`. Escapes in its texts are undone where they lie: once. */
bool synth_row_read(struct synth_row *out, char err[SYNTH_ERR_MAX], const struct synth_table *t,
                    const struct synth_columns *columns, size_t row);

/* synth_row_help lists the columns. */
void synth_row_help(FILE *out);

#endif
