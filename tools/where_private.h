/*
 * where_private: how a filter is kept, between reading (where_parse.c), its fields
 * (where_fields.c) and evaluation (where.c).
 *
 * Private to where*.c.
 */
#ifndef MXSWEEP_TOOLS_WHERE_PRIVATE_H
#define MXSWEEP_TOOLS_WHERE_PRIVATE_H

#include "tools/where.h"

/* ---- fields ---- */

enum where_type {
    WHERE_GROUP, /* is there, or not; cannot be compared */
    WHERE_NUMBER,
    WHERE_DURATION, /* number, in us; written in ms */
    WHERE_TIME,     /* number, in us since 1970 */
    WHERE_BOOL,     /* number, 0 or 1 */
    WHERE_TEXT,
    WHERE_ADDR
};

enum { WHERE_SCRATCH_LEN = 16 };

struct where_value {
    int64_t number;
    struct bytes text;
    struct addr_range range;         /* of an address: first == last, but in lists of `in` */
    char scratch[WHERE_SCRATCH_LEN]; /* what text may point to, of a field */
};

struct where_field {
    const char *name;
    enum where_type type;
    /* fills *out; false: the row does not have it */
    bool (*get)(struct where_value *out, const struct where_row *row);
    /* tells whether the field can be equal to text; NULL: to any */
    bool (*can_be)(struct bytes text);
};

const struct where_field *where_field_find(struct bytes name);

/* ---- the tree ---- */

enum where_kind {
    WHERE_AND,
    WHERE_OR,
    WHERE_NOT,
    WHERE_IS, /* a field alone */
    WHERE_COMPARE,
    WHERE_IN
};

enum where_op { WHERE_EQ, WHERE_NE, WHERE_LT, WHERE_LE, WHERE_GT, WHERE_GE, WHERE_CONTAINS };

struct where_node {
    uint8_t kind, op;                /* enum where_kind, enum where_op */
    uint16_t left, right;            /* nodes; of NOT: left */
    const struct where_field *field; /* of the last three kinds */
    uint16_t first, num;             /* values */
};

struct where {
    struct where_node nodes[WHERE_NODES_MAX];
    struct where_value values[WHERE_VALUES_MAX]; /* texts are in octets */
    uint8_t octets[WHERE_TEXT_MAX];
    size_t octets_len;
    uint16_t num_nodes, num_values, root;
};

#endif
