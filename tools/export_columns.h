/*
 * export_columns: the list of --columns: which fields of a record are exported.
 *
 * List       paths of tools/export_fields.h, with commas between: "addr,tls.version,chain". Lines
 *            of JSON take "*" for all elements of a list ("attempts.*.cause"), tables the number
 *            of one, from 0 ("chain.0").
 * Ownership  a plain value; it points into the list, which outlives it.
 * Errors     export_columns_parse: false, and err says which column is wrong and what may have
 *            been meant.
 */
#ifndef MXSWEEP_TOOLS_EXPORT_COLUMNS_H
#define MXSWEEP_TOOLS_EXPORT_COLUMNS_H

#include "tools/args.h"
#include "tools/export_pick.h"

enum { EXPORT_COLUMNS_MAX = PICK_CELLS_MAX };

struct export_columns {
    struct bytes names[EXPORT_COLUMNS_MAX];
    size_t num;
    struct pick pick; /* numbers are indexes of names */
};

enum export_shape { EXPORT_LINES, EXPORT_TABLE };

bool export_columns_parse(struct export_columns *out, char err[COMMAND_ERR_MAX], const char *list,
                          enum export_shape shape);

/* export_columns_want tells whether a column shows that field, all of it or some. */
bool export_columns_want(const struct export_columns *c, const char *path);

#endif
