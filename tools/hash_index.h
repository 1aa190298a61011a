/*
 * hash_index: from SHA-256 hashes to numbers.
 *
 * What       of a hash the first 128 bits count: two that agree in them and differ elsewhere are
 *            not known to exist.
 * Promise    memory is 24 octets a slot and at most HASH_INDEX_MAX entries: 768 MiB; three of four
 *            slots are used before there are twice as many.
 * Ownership  the caller's storage; _cleanup frees.
 * Errors     hash_index_put: -ENOMEM, -ENOSPC: there are HASH_INDEX_MAX.
 */
#ifndef MXSWEEP_TOOLS_HASH_INDEX_H
#define MXSWEEP_TOOLS_HASH_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HASH_INDEX_MAX = 1 << 24 };

struct hash_slot {
    uint64_t hash[2], value;
    /* a hash of zeros alone is an empty slot; SHA-256 has none that is known */
};

struct hash_index {
    struct hash_slot *slots;
    size_t num, cap;
};

void hash_index_init(struct hash_index *x);
void hash_index_cleanup(struct hash_index *x);

/* hash_index_put adds a hash, or gives the one that is there another value. */
int hash_index_put(struct hash_index *x, const uint8_t sha256[32], uint64_t value);

bool hash_index_get(const struct hash_index *x, uint64_t *value, const uint8_t sha256[32]);

/* hash_index_error says what an error of hash_index_put means, and returns it. */
int hash_index_error(char *err, size_t err_len, int rc);

#endif
