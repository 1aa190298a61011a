/*
 * leaf_names: which hosts a certificate names, as hashes: 8 octets a name, so that millions of
 * certificates can be asked for each target, long after their octets are gone.
 *
 * Promise    leaf_names_match says what name_match (core/name_match.h) says; two names are held for
 *            one if their hashes of 62 bits are equal: among 10 million names with 10 million
 *            questions, the chance of one mistake is below 1 in 40,000.
 * Ownership  the hashes of all certificates are in one list, the caller's; leaf_names points into
 *            it by index. Plain values else.
 * Errors     sticky `bad` without memory.
 */
#ifndef MXSWEEP_TOOLS_LEAF_NAMES_H
#define MXSWEEP_TOOLS_LEAF_NAMES_H

#include "core/name_match.h"

struct name_hashes {
    uint64_t *list;
    size_t num, cap;
    bool bad;
};

/* names of one certificate: list[first] on */
struct leaf_names {
    uint32_t first, num;
};

/* what a host is called, as hashes; zeroed: by no name */
struct name_question {
    bool asked;
    uint64_t exact, wildcard, common; /* wildcard 0: none could match */
};

void name_hashes_init(struct name_hashes *h);
void name_hashes_cleanup(struct name_hashes *h);

/* leaf_names_take adds the names of a certificate; leaf_names_copy those of another list. */
void leaf_names_take(struct leaf_names *out, struct name_hashes *into,
                     const struct cert_facts *facts);
void leaf_names_copy(struct leaf_names *out, struct name_hashes *into,
                     const struct leaf_names *names, const struct name_hashes *from);

/* name_question_of makes a question of a reference identity. */
void name_question_of(struct name_question *out, const struct name_ref *ref);

/* leaf_names_match answers it; the question was asked. */
enum name_match leaf_names_match(const struct name_hashes *h, const struct leaf_names *names,
                                 const struct name_question *q);

#endif
