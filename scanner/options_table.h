/*
 * options_table: one row for each option of mxsweep: what --help says of it, and what sets it.
 *
 * Ownership  texts that a row keeps are argv's.
 */
#ifndef MXSWEEP_SCANNER_OPTIONS_TABLE_H
#define MXSWEEP_SCANNER_OPTIONS_TABLE_H

#include "scanner/options.h"

/* a row sets what it stands for from value; false: value makes no sense */
struct option_row {
    const char *name;
    char letter;     /* 0: none */
    const char *arg; /* NULL: a flag */
    const char *help;
    bool (*set)(struct options *o, const char *value);
    const char *expects; /* what a value must be */
};

enum { NUM_OPTION_ROWS = 52 };
extern const struct option_row option_rows[NUM_OPTION_ROWS];

/* option_add_text adds to a list; false: no memory. */
bool option_add_text(struct text_list *list, const char *text);

#endif
