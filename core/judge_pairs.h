/*
 * judge_pairs: whether a certificate bears the signature of another's key; what was checked of two
 * is remembered. Private to judge.
 *
 * Why        a signature does not depend on time, nor on the rest of a chain: that of an
 *            intermediate by its root is checked once, not for each leaf; that of a leaf once, not
 *            for each moment that the chain is judged at.
 * Promise    what is remembered is what checking again would give: pairs are known by the SHA-256
 *            of both certificates. Bounded: a slot for each hash, the newest stays; beside them a
 *            few for the leaf of the chain being judged, which no other chain will ask for.
 * Ownership  _new/_free; belongs to one thread.
 */
#ifndef MXSWEEP_CORE_JUDGE_PAIRS_H
#define MXSWEEP_CORE_JUDGE_PAIRS_H

#include "core/judge_cert.h"

enum pair_verdict {
    PAIR_UNSUPPORTED, /* cannot be checked: the algorithm */
    PAIR_BAD,
    PAIR_GOOD
};

struct judge_pairs;

struct judge_pairs *judge_pairs_new(void); /* NULL: no memory */
void judge_pairs_free(struct judge_pairs *pairs);

/* judge_pairs_begin says which is the leaf now; NULL: none. */
void judge_pairs_begin(struct judge_pairs *pairs, const struct judge_cert *leaf);

/* judge_pairs_check checks the signature of c by the key of issuer, as X509_verify does. */
enum pair_verdict judge_pairs_check(struct judge_pairs *pairs, const struct judge_cert *c,
                                    const struct judge_cert *issuer);

#endif
