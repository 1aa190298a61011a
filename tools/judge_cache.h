/*
 * judge_cache: a judged catalog (tools/catalog.h) kept beside the dataset, so that the next report
 * need neither parse certificates nor judge chains.
 *
 * What       one file for a set of dataset files, a trust store and a version of this program
 *            (doc/report-cache.md): what their certificates say, the distinct chains, and what was
 *            judged of them. Dataset files are named by their id, their length and the SHA-256 of
 *            their last frame, in which that of every frame before it has gone.
 * Promise    nothing in it can change a figure: it is written only of what was read to the end, is
 *            held against files that are read to the end again, and one that is damaged, or of
 *            other files, is not used. Every reference in it is checked.
 * Ownership  the caller's storage; names are the caller's.
 * Errors     a cache is never needed: why one was not used or written is a text, for a note.
 */
#ifndef MXSWEEP_TOOLS_JUDGE_CACHE_H
#define MXSWEEP_TOOLS_JUDGE_CACHE_H

#include "tools/cache_file.h"
#include "tools/catalog.h"

/* a dataset file, as it was when it was read to the end */
struct judge_cache_file {
    uint8_t id[16];
    uint64_t len;       /* octets */
    uint8_t digest[32]; /* of its last frame */
};

struct judge_cache_key {
    struct judge_cache_file *files; /* in any order */
    size_t num_files;
    bool has_store;
    uint8_t store_sha256[32]; /* of the trust store, if there is one */
};

/* judge_cache_path makes the name of the cache of files of which `first` comes first: in `folder`,
 * or beside it (NULL). The caller frees it; NULL: no memory. */
char *judge_cache_path(const struct judge_cache_key *key, const char *first, const char *folder);

/* judge_cache_load reads the catalog of the key's files; digests are taken from the cache. 1: *out
 * is the caller's; 0: there is none; negative: there is one that is of no use, and why says so. */
int judge_cache_load(struct catalog **out, struct judge_cache_key *key,
                     char why[CACHE_WHY_MAX], const char *path);

/* judge_cache_save writes a catalog that is sealed and, with a store, judged; all or nothing. */
int judge_cache_save(const struct catalog *c, const struct judge_cache_key *key,
                     char why[CACHE_WHY_MAX], const char *path);

#endif
