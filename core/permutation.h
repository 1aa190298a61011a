/*
 * permutation: a keyed bijection of [0, n), random access both ways.
 *
 * What       an alternating Feistel network over the smallest domain of 2^bits >= n (bits >= 2),
 *            walked until it falls below n (cycle walking; Black and Rogaway, "Ciphers with
 *            Arbitrary Finite Domains", CT-RSA 2002). The left half has bits / 2 bits, rounded
 *            down; the right half has the rest. Even rounds xor mix(right, key) into the left half,
 *            odd rounds mix(left, key) into the right half, cut to its width. mix is the 64-bit
 *            finalizer of MurmurHash3 over half ^ key; the keys are the first outputs of splitmix64
 *            from the seed.
 * Promise    the same n and seed give the same order on every machine, for ever: datasets rely on
 *            it (doc/format.md states rounds and constants). n in 1..UINT64_MAX. Not cryptography.
 * Ownership  plain value. No errors.
 */
#ifndef MXSWEEP_CORE_PERMUTATION_H
#define MXSWEEP_CORE_PERMUTATION_H

#include <stdint.h>

enum { PERMUTATION_ROUNDS = 6 };

struct permutation {
    uint64_t n;
    unsigned left_bits, right_bits;
    uint64_t keys[PERMUTATION_ROUNDS];
};

void permutation_init(struct permutation *perm, uint64_t n, uint64_t seed);

/* permutation_at returns the index visited at position (both < n). */
uint64_t permutation_at(const struct permutation *perm, uint64_t position);

/* permutation_find returns the position at which index is visited: the inverse of permutation_at.
 */
uint64_t permutation_find(const struct permutation *perm, uint64_t index);

#endif
