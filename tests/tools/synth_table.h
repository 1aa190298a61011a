/*
 * synth_table: a table of a few columns, read from CSV or JSON.
 *
 * Form       CSV (RFC 4180) with a line of names first; lines that begin with # are left out. Or
 *            JSON: an array of objects whose members are texts, numbers, true, false or null; the
 *            names of all of them are the columns. The first octet that is no blank tells which.
 * Promise    memory is that of the file and 16 octets a cell; a cell that is not there is empty.
 * Ownership  _read fills the caller's storage, _cleanup frees; cells live until then.
 * Errors     false, and err says "FILE:LINE: what" (JSON: FILE: octet).
 */
#ifndef MXSWEEP_TESTS_TOOLS_SYNTH_TABLE_H
#define MXSWEEP_TESTS_TOOLS_SYNTH_TABLE_H

#include "core/bytes.h"

enum { SYNTH_COLUMNS_MAX = 64, SYNTH_TABLE_MAX = 256 << 20, SYNTH_ERR_MAX = 512 };

struct synth_table {
    struct bytes columns[SYNTH_COLUMNS_MAX];
    size_t num_columns, num_rows;
    struct bytes *cells; /* row by row, num_columns of each */
    uint8_t *octets;     /* of the file, cells unescaped in place */
};

bool synth_table_read(struct synth_table *out, char err[SYNTH_ERR_MAX], const char *path);

/* synth_table_parse does the same with octets, which it takes: malloc'ed, and freed by it or by
 * _cleanup. */
bool synth_table_parse(struct synth_table *out, char err[SYNTH_ERR_MAX], uint8_t *octets,
                       size_t len, const char *name);

void synth_table_cleanup(struct synth_table *t);

/* synth_table_cell returns a cell of a row, by the column's number. */
static inline struct bytes synth_table_cell(const struct synth_table *t, size_t row, size_t column)
{
    return t->cells[row * t->num_columns + column];
}

#endif
