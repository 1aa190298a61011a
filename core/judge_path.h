/*
 * judge_path: one search for a path from a leaf to a trusted root, all faults noted. Private to
 * judge.
 *
 * Ownership  candidates and links borrow their certificates.
 * Errors     -ENOMEM.
 */
#ifndef MXSWEEP_CORE_JUDGE_PATH_H
#define MXSWEEP_CORE_JUDGE_PATH_H

#include "core/judge.h"
#include "core/judge_pairs.h"

enum {
    CANDIDATES_MAX = 512, /* certificates that a path may be made of, on each side */
    NOTES_MAX = 128       /* errors noted of one search */
};

struct candidate {
    const struct judge_cert *cert;
    uint8_t origin; /* enum chain_origin */
    uint32_t at;    /* as in struct chain_link */
};

struct candidates {
    size_t num;
    struct candidate list[CANDIDATES_MAX];
};

/* candidates_add appends one; false: there is no room. */
bool candidates_add(struct candidates *c, struct candidate one);

/* candidates_have tells whether that certificate, by its address, is one. */
bool candidates_have(const struct candidates *c, const struct judge_cert *cert);

/* candidates_remove takes out that certificate, if it is one. */
void candidates_remove(struct candidates *c, const struct judge_cert *cert);

/* candidates_sort puts those that are valid at time_s first, in their order; behind them the
 * others, last to end first. */
void candidates_sort(struct candidates *c, int64_t time_s);

/* an error of libcrypto's: its code and the link that it is about */
struct note {
    int code, depth;
    bool is_unsupported; /* a signature that could not be checked */
};

struct search {
    struct candidate path[JUDGE_PATH_MAX];
    size_t num_path;
    bool is_too_long; /* it goes on beyond its bound */
    struct note notes[NOTES_MAX];
    size_t num_notes;
};

/* search_run finds the path of leaf through untrusted to trusted, at time_s. store_param is an
 * empty X509_STORE. */
int search_run(struct search *out, X509_STORE *store_param, struct judge_pairs *pairs,
               const struct candidate *leaf, const struct candidates *untrusted,
               const struct candidates *trusted, int64_t time_s);

/* search_misfit returns the first link whose key is of another kind than the signature of the one
 * below, 0 if there is none. */
size_t search_misfit(const struct search *s);

/* search_lacks_issuer tells whether the path ended for lack of an issuer. */
bool search_lacks_issuer(const struct search *s);

/* search_append puts a link on the top of a path that lacks it: an issuer that may not be one. */
void search_append(struct search *s, struct candidate issuer);

/* search_faults returns what is wrong with the path, as flags of each link. */
void search_faults(uint32_t faults[JUDGE_PATH_MAX], const struct search *s, int64_t time_s);

#endif
