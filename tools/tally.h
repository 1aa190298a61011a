/*
 * tally: counts per key: a number (struct tally) or a text (struct word_tally).
 *
 * Promise    memory is in the number of distinct keys; sums do not depend on the order of
 *            additions.
 * Ownership  the caller's storage, zeroed by _init; words are copied. _cleanup frees.
 * Errors     sticky: without memory `bad` is set and the count is lost; whoever adds much tests it
 *            once.
 */
#ifndef MXSWEEP_TOOLS_TALLY_H
#define MXSWEEP_TOOLS_TALLY_H

#include "core/bytes.h"

struct tally_row {
    uint64_t key, count; /* count 0: an empty slot */
};

struct tally {
    struct tally_row *slots;
    size_t num, cap; /* keys; slots, a power of two or 0 */
    bool bad;
};

void tally_init(struct tally *t);
void tally_cleanup(struct tally *t);

/* tally_slot returns where a key is sought first; the table is not empty. */
static inline struct tally_row *tally_slot(const struct tally *t, uint64_t key)
{
    key ^= key >> 32;
    key *= UINT64_C(0xd6e8feb86659fd93);
    return &t->slots[(key ^ key >> 32) & (t->cap - 1)];
}

/* tally_near brings near what adding to a key will look at. */
void tally_near(const struct tally *t, uint64_t key);

/* tally_add_any is tally_add without the look at where most keys are. */
void tally_add_any(struct tally *t, uint64_t key, uint64_t count);

static inline void tally_add(struct tally *t, uint64_t key, uint64_t count)
{
    struct tally_row *slot = t->cap > 0 ? tally_slot(t, key) : NULL;
    if (slot != NULL && slot->count > 0 && slot->key == key)
        slot->count += count;
    else
        tally_add_any(t, key, count);
}

uint64_t tally_get(const struct tally *t, uint64_t key);
uint64_t tally_sum(const struct tally *t);
void tally_merge(struct tally *into, const struct tally *from);

/* tally_next steps through the keys in no particular order: start with *at 0; false at the end. */
bool tally_next(const struct tally *t, size_t *at, struct tally_row *row);

struct word {
    struct bytes text; /* belongs to the tally */
    uint64_t count;
    uint64_t hash;
};

struct word_tally {
    struct word *words; /* in the order of their first addition: an index stays */
    uint32_t *slots;    /* index + 1; 0: empty */
    size_t num, cap, num_slots;
    uint64_t text_octets; /* of all words */
    uint64_t secret[2];   /* of the hashes: nobody can choose words that crowd */
    bool bad;
};

enum { WORD_NONE = UINT32_MAX };

void word_tally_init(struct word_tally *t);
void word_tally_cleanup(struct word_tally *t);

/* word_tally_add adds count (0 is allowed) to a word and returns its index, WORD_NONE without
 * memory. */
uint32_t word_tally_add(struct word_tally *t, struct bytes word, uint64_t count);

/* word_tally_find returns the index of a word, WORD_NONE if it was never added. */
uint32_t word_tally_find(const struct word_tally *t, struct bytes word);

/* word_tally_octets returns how much memory it takes. */
uint64_t word_tally_octets(const struct word_tally *t);
void word_tally_merge(struct word_tally *into, const struct word_tally *from);

#endif
