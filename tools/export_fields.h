/*
 * export_fields: the fields of an exported line by their paths, and what becomes of each in an
 * export that names nobody.
 *
 * Paths      members are joined by dots ("tls.version"); "*" is any element of a list
 *            ("tls.alerts.*.name"). doc/export.schema.json has the same fields in the same order; a
 *            test compares them.
 * Hiding     what is not in the table is left out of an anonymous export: a field that is new stays
 *            secret until somebody decides otherwise.
 */
#ifndef MXSWEEP_TOOLS_EXPORT_FIELDS_H
#define MXSWEEP_TOOLS_EXPORT_FIELDS_H

#include "core/bytes.h"

enum export_hide {
    HIDE_NOT,
    HIDE_DROP,     /* left out */
    HIDE_ADDR,     /* prefix-preserving */
    HIDE_POSITION, /* another number for each */
    HIDE_DAY,      /* of a moment only the day */
    HIDE_TEXT,     /* a keyed hash of the text */
    HIDE_SHA256    /* a keyed hash of the hash, as long */
};

struct export_field {
    const char *path;
    enum export_hide hide; /* of a field with fields in it: HIDE_NOT, theirs count */
};

enum { EXPORT_PATH_MAX = 64, EXPORT_NEAR_MAX = 3 };

/* export_field_at returns the fields one by one in the order of a line; NULL after the last. */
const struct export_field *export_field_at(size_t i);

/* export_field_has_fields tells whether the fields that follow are inside of the one at i. */
bool export_field_has_fields(size_t i);

/* export_field_find takes a path with "*" or with the numbers of elements; NULL: no such field. */
const struct export_field *export_field_find(struct bytes path);

/* export_field_near fills near with the paths most like a mistaken one, and returns how many. */
size_t export_field_near(const char *near[EXPORT_NEAR_MAX], struct bytes path);

#endif
