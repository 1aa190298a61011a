/*
 * export_pick: takes fields out of a line of JSON that this program wrote.
 *
 * What       a pick is a tree of the paths that are wanted; with each goes a number of the
 *            caller's. It makes of an object one that has only those (pick_object), or finds where
 *            each is (pick_cells).
 * Promise    the line is not checked: it is what core/json.h writes. Still nothing outside of it is
 *            read, whatever it is. Depth is that of the paths.
 * Ownership  a pick is a plain value; names point to the paths, which outlive it.
 * Errors     pick_add: false: too many, or a part of the path is empty.
 */
#ifndef MXSWEEP_TOOLS_EXPORT_PICK_H
#define MXSWEEP_TOOLS_EXPORT_PICK_H

#include "core/json.h"

enum { PICK_NODES_MAX = 1024, PICK_CELLS_MAX = 256 };

/* a part of a path: a member's name, an element's number, or "*", all elements */
struct pick_node {
    struct bytes name;
    uint16_t first_child, last_child, next; /* 0: none */
    uint16_t number;                        /* the caller's, of a whole path */
    bool whole;                             /* a path ends here */
};

struct pick {
    struct pick_node nodes[PICK_NODES_MAX]; /* the first is the object itself */
    uint16_t num;
};

void pick_init(struct pick *p);

/* pick_add adds a path. Inside of one that is wanted whole, others count for nothing. */
bool pick_add(struct pick *p, struct bytes path, uint16_t number);

/* writes the value of a field that is wanted: itself, or another; nothing: it is left out */
typedef void pick_value(const void *context, struct json *out, struct bytes value, uint16_t number);

/* pick_object appends the object with the fields wanted and no others, in the line's order; an
 * object or a list of which nothing is left is left out. NULL for value: each as it is. */
void pick_object(const struct pick *p, struct json *out, struct bytes line, pick_value *value,
                 const void *context);

/* pick_cells sets cells[number] for each field that is wanted, number < num, to where it is in
 * line; those that are not there are empty. "*" is not for this. */
void pick_cells(const struct pick *p, struct bytes *cells, size_t num, struct bytes line);

/* json_skip returns the length of the value that text begins with. */
size_t json_skip(struct bytes text);

#endif
