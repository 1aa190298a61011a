/*
 * diff_rows: the records of a dataset file as rows that can be compared.
 *
 * What       what a block's tables hold is resolved once per block. The facts of certificates are
 *            kept, as a chain's certificates may come in an earlier block.
 * Ownership  the caller's storage, zeroed by _init; _cleanup frees.
 * Errors     negative; err as walk.h and spill.h.
 */
#ifndef MXSWEEP_TOOLS_DIFF_ROWS_H
#define MXSWEEP_TOOLS_DIFF_ROWS_H

#include "tools/diff.h"

/* what is known of a certificate */
struct leaf_facts {
    uint8_t sha256[16]; /* the first half */
    struct text_ref key, issuer;
};

/* what a text or a chain of the block stands for */
struct row_memo {
    bool done;
    struct text_ref refs[2];
};

struct diff_rows {
    struct text_store *texts;
    struct leaf_facts *leaves;
    uint32_t *slots; /* index into leaves + 1; 0: empty */
    size_t num_leaves, cap_leaves, num_slots;
    struct row_memo *greetings, *replies, *chains; /* by number in the block */
    size_t cap_greetings, cap_replies, cap_chains;
};

void diff_rows_init(struct diff_rows *s, struct text_store *texts);
void diff_rows_cleanup(struct diff_rows *s);

/* diff_rows_begin takes in the certificates of a block, before its records. */
int diff_rows_begin(struct diff_rows *s, char err[DIFF_ERR_MAX], const struct block *block);

int diff_rows_make(struct diff_rows *s, char err[DIFF_ERR_MAX], struct diff_row *out,
                   const struct block *block, const struct record *record);

#endif
