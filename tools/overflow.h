/*
 * overflow: rows of tables that outgrow their memory, put in files, summed up by key in the end.
 *
 * What       a row begins with its key, and rows of a key are summed up; each kind of row has a
 *            sorter (tools/sorter.h) of its own, made when the first row comes.
 * Promise    what is summed up depends on no order. Memory is what was given to each kind that is
 *            used.
 * Use        any number of threads may add; _each comes after, once for a kind.
 * Ownership  _new/_free, NULL is fine; the folder outlives it.
 * Errors     negative; overflow_error says "FOLDER: what; mend". After an error it is of no use but
 *            to be freed.
 */
#ifndef MXSWEEP_TOOLS_OVERFLOW_H
#define MXSWEEP_TOOLS_OVERFLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum overflow_kind {
    OVERFLOW_NETWORKS, /* struct network */
    OVERFLOW_DOMAINS,  /* struct tally_row: hash of a domain, targets */
    OVERFLOW_KEYS,     /* struct key_row */
    OVERFLOW_GROUPS,   /* struct group_row */
    OVERFLOW_CLUSTERS, /* struct cluster */
    NUM_OVERFLOW
};

struct overflow;

/* overflow_new: octets for each sorter, and for a table before its rows go here. NULL: no
 * memory. */
struct overflow *overflow_new(const char *folder, size_t sorter_len, size_t table_len);
void overflow_free(struct overflow *o);

/* overflow_is_due tells whether a table that takes so many octets is to be put here; of NULL:
 * no. */
bool overflow_is_due(const struct overflow *o, size_t table_len);

int overflow_add(struct overflow *o, enum overflow_kind kind, const void *row);

/* overflow_has tells whether rows of a kind were added; of NULL: no. */
bool overflow_has(const struct overflow *o, enum overflow_kind kind);

/* overflow_each gives each key's sum to take, in the order of keys. */
typedef void overflow_take(void *context, const void *row);
int overflow_each(struct overflow *o, enum overflow_kind kind, overflow_take *take, void *context);

/* overflow_spilled returns how many octets went to files, overflow_error what is wrong; "":
 * nothing. */
uint64_t overflow_spilled(const struct overflow *o);
const char *overflow_error(const struct overflow *o);

#endif
