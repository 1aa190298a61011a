/*
 * block_intern: a table of distinct octet strings, each with its number in the order of arrival.
 *
 * Promise    look-ups are keyed: whoever sends the strings cannot make them slow.
 * Ownership  the caller's storage; intern_cleanup frees it. Strings are copied; views live until
 *            the next add.
 * Errors     -ENOMEM; what was there stays.
 */
#ifndef MXSWEEP_CORE_BLOCK_INTERN_H
#define MXSWEEP_CORE_BLOCK_INTERN_H

#include "core/bytes.h"

struct intern {
    uint64_t key[2];
    uint8_t *octets;          /* of all strings, one after the other */
    size_t octets_len, octets_cap;
    struct intern_entry *entries;
    size_t num, entries_cap;
    uint32_t *slots;          /* number + 1; 0: free. Their number is a power of two */
    size_t num_slots;
};

void intern_init(struct intern *t, const uint64_t key[2]);
void intern_cleanup(struct intern *t);
void intern_reset(struct intern *t);   /* empties, keeps the memory */

/* intern_add gives the number of octets, a new one if they are not there yet. */
int intern_add(struct intern *t, uint32_t *id, struct bytes octets);

struct bytes intern_get(const struct intern *t, size_t id);

#endif
