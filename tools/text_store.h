/*
 * text_store: texts kept in a file and named by 128 bits: for rows that have to be of one size.
 *
 * Promise    equal texts have equal digests; different ones differ but by chance (2^-64): digests
 *            depend on a key of the store's own, so that nobody can make two that collide. Memory
 *            is fixed: a text that was met long ago may be written once more.
 * Ownership  _new/_free, NULL is fine.
 * Errors     as spill.h.
 */
#ifndef MXSWEEP_TOOLS_TEXT_STORE_H
#define MXSWEEP_TOOLS_TEXT_STORE_H

#include "core/bytes.h"
#include "tools/spill.h"

enum { STORED_TEXT_MAX = 2048 }; /* octets kept of one; the digest is of all */

struct text_ref {
    uint64_t digest; /* 0: no text */
    uint64_t place;
};

struct text_store;

struct text_store *text_store_new(const char *folder); /* NULL: no memory */
void text_store_free(struct text_store *t);

int text_store_put(struct text_store *t, char err[SPILL_ERR_MAX], struct text_ref *out,
                   struct bytes text);

/* text_store_get writes what is kept of a text to out and its length to *len. */
int text_store_get(struct text_store *t, char err[SPILL_ERR_MAX], char out[STORED_TEXT_MAX],
                   size_t *len, struct text_ref ref);

#endif
