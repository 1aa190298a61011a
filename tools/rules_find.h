/*
 * rules_find: which of many words are in a text, in one pass (Aho and Corasick, CACM 1975).
 *
 * Promise    the pass takes one look at a table for each octet, whatever the words.
 * Ownership  the caller's storage, zeroed by _init; _cleanup frees.
 * Errors     -ENOMEM; -E2BIG: too many words.
 */
#ifndef MXSWEEP_TOOLS_RULES_FIND_H
#define MXSWEEP_TOOLS_RULES_FIND_H

#include "core/bytes.h"

enum {
    FINDER_OWNERS_MAX = 512,
    FINDER_WORDS = FINDER_OWNERS_MAX / 64, /* of a set of owners, in 64 bits */
    FINDER_STATES_MAX = 16384
};

struct finder_set {
    uint64_t bits[FINDER_WORDS]; /* a bit for each owner */
};

struct finder {
    uint8_t class_of[256]; /* octets that no word has are of class 0 */
    unsigned num_classes;
    uint32_t
        *next; /* by state and class; once linked: where the row of the next state begins, times
                       2, and 1 if a word ends there */
    uint16_t *sets; /* by state: index into list; 0: no word ends here */
    struct finder_set *list;
    size_t num_states, cap_states, num_sets;
};

/* a word in lower case that belongs to an owner */
struct finder_word {
    struct bytes text;
    unsigned owner; /* below FINDER_OWNERS_MAX */
};

int finder_init(struct finder *f, const struct finder_word *words, size_t num);
void finder_cleanup(struct finder *f);

/* finder_scan fills *out with the owners of the words that are in text, in any case. */
void finder_scan(const struct finder *f, struct finder_set *out, struct bytes text);

/* What was found behind the first words of texts, of one finder: many texts differ in those alone.
 * Zeroed, it is empty; it never grows. */
enum { FINDER_TAILS = 256, FINDER_TAIL_MAX = 256 /* octets */ };
struct finder_memo {
    struct finder_tail {
        uint32_t row; /* of the state before it */
        uint16_t len; /* 0: none */
        struct finder_set set;
        uint8_t text[FINDER_TAIL_MAX];
    } tails[FINDER_TAILS];
};

/* finder_recall does what finder_scan does; all octets of a text from `at` on are a tail. */
void finder_recall(const struct finder *f, struct finder_memo *memo, struct finder_set *out,
                   struct bytes text, size_t at);

#endif
