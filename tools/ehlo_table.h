/*
 * ehlo_table: the distinct things that replies to EHLO offer, each with a number, a class.
 *
 * What       a class is a list of lines in order: "PIPELINING" a keyword, "SIZE=1000" and
 *            "AUTH=PLAIN" also with each value, "?" words that are no keyword or value, "!SLUG" an
 *            anomaly of masked keywords (core/anomalies.h). What the server calls itself in the
 *            first line is not in it, so that millions of replies make few classes.
 * Promise    a class depends on the reply alone; its number on the order of additions.
 * Ownership  the caller's storage; numbers stay.
 * Errors     sticky `bad` without memory, and beyond 1 << EHLO_CLASS_BITS classes.
 */
#ifndef MXSWEEP_TOOLS_EHLO_TABLE_H
#define MXSWEEP_TOOLS_EHLO_TABLE_H

#include "core/extensions.h"
#include "tools/tally.h"

enum { EHLO_NONE = UINT32_MAX, EHLO_CLASS_BITS = 24 };

/* what is asked of a class for every target */
struct ehlo_facts {
    bool starttls;
    uint32_t anomalies; /* 1 << ANOMALY_* */
    uint64_t keywords;  /* cluster_keywords() */
};

struct ehlo_table {
    struct word_tally classes, tails; /* tails: replies without their first line */
    struct ehlo_facts *facts;         /* by class */
    uint32_t *class_of_tail;
    size_t facts_cap, tails_cap;
    struct extensions scratch;
    bool bad;
};

void ehlo_table_init(struct ehlo_table *t);
void ehlo_table_cleanup(struct ehlo_table *t);

/* ehlo_table_add returns the class of a reply to EHLO, EHLO_NONE without memory. */
uint32_t ehlo_table_add(struct ehlo_table *t, struct bytes reply);

/* ehlo_table_merge adds from's classes; indexes[i] becomes into's number of from's class i. */
void ehlo_table_merge(struct ehlo_table *into, uint32_t *indexes, const struct ehlo_table *from);

/* ehlo_line_next takes a line off a class; false at the end. */
bool ehlo_line_next(struct bytes *class, struct bytes *line);

/* ehlo_class_has tells whether a class has that line. */
bool ehlo_class_has(struct bytes class, struct bytes line);

#endif
