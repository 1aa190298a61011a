/*
 * verdict_book: how chains were judged before, by one trust store, in reports of any files.
 *
 * What       verdicts of core/judge.h by chain, each for the times from <= t < until, with what the
 *            judge asked its pool. A chain is known by 128 bits of the SHA-256 of its certificates'
 *            hashes, in order.
 * Promise    what is found is what judging would say: the same chain, store and version of this
 *            program, a time within the span, and a pool that answers the same. A file that is
 *            damaged, or anybody else's to write, is not used.
 * Bounds     BOOK_CHAINS_MAX chains, BOOK_VERDICTS_MAX verdicts of each. What no report has asked
 *            for in BOOK_DAYS days is left out when it is written; in BOOK_DAYS_FULL, when there
 *            are more than half as many chains as it takes.
 * Threads    any number may find while none puts.
 * Ownership  _new/_free.
 * Errors     -ENOMEM; of files: texts for a note, as tools/cache_file.h.
 * Units      days since 1970.
 */
#ifndef MXSWEEP_TOOLS_VERDICT_BOOK_H
#define MXSWEEP_TOOLS_VERDICT_BOOK_H

#include "core/judge.h"
#include "tools/cache_file.h"

enum { BOOK_CHAINS_MAX = 1 << 22, BOOK_VERDICTS_MAX = 64, BOOK_DAYS = 60, BOOK_DAYS_FULL = 7 };

/* where the issuer of the leaf was found, which its OCSP responses are judged by */
enum book_issuer { BOOK_ISSUER_NONE, BOOK_ISSUER_SENT, BOOK_ISSUER_STORE, BOOK_ISSUER_POOL };

struct book_verdict {
    int64_t from, until;
    uint32_t flags;       /* CHAIN_FLAG() */
    uint32_t issuer_at;   /* position as sent, or in the store */
    uint32_t first_asked; /* private to the book */
    uint8_t outcome;      /* enum chain_outcome */
    uint8_t issuer;       /* enum book_issuer */
    uint8_t num_asked;    /* up to JUDGE_ASKED_MAX */
    uint8_t unused;
};

/* a verdict and what was asked for it */
struct book_entry {
    struct book_verdict verdict;
    struct pool_question asked[JUDGE_ASKED_MAX];
};

struct book_key {
    uint8_t octets[16];
};

struct verdict_book;

/* verdict_book_new makes an empty one. NULL: no memory. */
struct verdict_book *verdict_book_new(const uint8_t store_sha256[32], uint16_t today);
void verdict_book_free(struct verdict_book *b); /* NULL is allowed */
size_t verdict_book_num(const struct verdict_book *b);

/* verdict_book_path names the book: in `folder`, or beside the file `first` (NULL). The caller
 * frees it; NULL: no memory. */
char *verdict_book_path(const uint8_t store_sha256[32], const char *first, const char *folder);

/* verdict_book_load fills an empty one. 1; 0: there is none; negative: there is one that is of no
 * use, why says so, and it stays empty. */
int verdict_book_load(struct verdict_book *b, char why[CACHE_WHY_MAX], const char *path);

/* verdict_book_save writes it if there is something new in it; all or nothing. */
int verdict_book_save(struct verdict_book *b, char why[CACHE_WHY_MAX], const char *path);

/* verdict_book_find returns how a chain is judged at a time with that pool; NULL: not known. It
 * lives until the next put. */
const struct book_verdict *verdict_book_find(const struct verdict_book *b,
                                             const struct book_key *key, int64_t time_s,
                                             const struct judge_pool *pool);

/* verdict_book_used says that a report has asked for what is there of a chain. */
void verdict_book_used(struct verdict_book *b, const struct book_key *key);

/* verdict_book_put adds verdicts, in place of those whose times they meet. With BOOK_CHAINS_MAX
 * chains in it no other is taken. */
int verdict_book_put(struct verdict_book *b, const struct book_key *key,
                     const struct book_entry *entries, size_t num);

#endif
