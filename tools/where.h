/*
 * where: the filter of --where: which records are meant (doc/where.md).
 *
 * What       comparisons of a record's fields, as exported, and of what is joined to it, with and,
 *            or, not. What a record does not have is not known: a comparison with it is neither
 *            true nor false, nor is its negation, and such a record is not selected.
 * Promise    evaluating allocates nothing, and is bounded by the text of the filter. Any number of
 *            threads may.
 * Ownership  heap; where_free frees, NULL is fine.
 * Errors     where_parse: -EINVAL or -ENOMEM; err says what is wrong and how to mend it, and
 *            shows the place with a caret in the line below.
 */
#ifndef MXSWEEP_TOOLS_WHERE_H
#define MXSWEEP_TOOLS_WHERE_H

#include "core/dataset.h"
#include "tools/answer.h"

enum {
    WHERE_ERR_MAX = 512,
    WHERE_TEXT_MAX = 4096,
    WHERE_NODES_MAX = 256,  /* comparisons, and, or, not */
    WHERE_VALUES_MAX = 512, /* that are compared with */
    WHERE_DEPTH_MAX = 32    /* of parentheses and not */
};

/* a record, and what is joined to it; empty and 0: not known */
struct where_row {
    const struct dataset_header *header;
    const struct record *record;
    struct bytes country, as_name, mta, mta_version;
    uint32_t as_number;
};

struct where;
int where_parse(struct where **out, char err[WHERE_ERR_MAX], const char *text);
void where_free(struct where *w);

/* where_eval tells whether the row is meant; ANSWER_YES selects it. */
enum answer where_eval(const struct where *w, const struct where_row *row);

/* where_has_field tells whether the filter asks of one of these fields; NULL ends them. */
bool where_has_field(const struct where *w, const char *const fields[]);

/* where_lacks tells what the filter asks of but nobody joins; NULL: nothing. */
const char *where_lacks(const struct where *w, bool has_country_db, bool has_asn_db);

#endif
