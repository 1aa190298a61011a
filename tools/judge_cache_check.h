/*
 * judge_cache_check: what is in a cache of judgements: its head, the arrays of a catalog, and
 * whether all that refers from one to another does so within its bounds. All is as it lies in
 * memory: a cache is for the machine that made it.
 *
 * Ownership  arrays point into the catalog and the texts; texts are freed by _cleanup.
 * Errors     -ENOMEM, -EBADMSG.
 */
#ifndef MXSWEEP_TOOLS_JUDGE_CACHE_CHECK_H
#define MXSWEEP_TOOLS_JUDGE_CACHE_CHECK_H

#include "tools/cache_file.h"
#include "tools/catalog.h"

/* word lists are kept as lengths and octets, one after the other */
enum { TEXTS_ISSUERS, TEXTS_ALGORITHMS, TEXTS_RESPONSES, NUM_CACHE_TEXTS };

struct cache_texts {
    uint32_t *lens;
    uint8_t *octets;
    size_t num, num_octets;
};

enum { NUM_CACHE_ARRAYS = 10 + 2 * NUM_CACHE_TEXTS };

struct cache_array {
    void **data;
    size_t *num;
    size_t size; /* of an item */
};

/* what a cache begins with; then judge_cache_file by file, then the arrays, one after the other */
struct cache_head {
    char magic[16];
    char version[32];
    uint8_t store_sha256[32];
    uint64_t has_store, num_files, is_judged;
    uint64_t entry_len, chain_len; /* of this build */
    uint64_t num[NUM_CACHE_ARRAYS];
    uint64_t num_keys;
    uint64_t sum; /* of all that follows */
};

size_t cache_array_size(size_t i);
void cache_arrays_of(struct cache_array out[NUM_CACHE_ARRAYS], struct catalog *c,
                     struct cache_texts texts[NUM_CACHE_TEXTS]);

int cache_texts_of(struct cache_texts out[NUM_CACHE_TEXTS], const struct catalog *c);
int cache_texts_take(struct catalog *c, const struct cache_texts texts[NUM_CACHE_TEXTS]);
void cache_texts_cleanup(struct cache_texts texts[NUM_CACHE_TEXTS]);

/* cache_holds checks a catalog that was read: hostile octets are refused. */
bool cache_holds(const struct catalog *c);

#endif
