#include "core/permutation.h"

/* splitmix64 (Steele, Lea, Flood, OOPSLA 2014): the next of a series of well-mixed words */
static uint64_t splitmix64(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15U;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
    z = (z ^ z >> 27) * 0x94d049bb133111ebU;
    return z ^ z >> 31;
}

/* the finalizer of MurmurHash3 over half and key: every bit of the input moves every bit of the
 * output */
static uint64_t mix(uint64_t half, uint64_t key)
{
    uint64_t z = half ^ key;
    z = (z ^ z >> 33) * 0xff51afd7ed558ccdU;
    z = (z ^ z >> 33) * 0xc4ceb9fe1a85ec53U;
    return z ^ z >> 33;
}

static unsigned bit_length(uint64_t v)
{
    unsigned bits = 0;
    for (; v != 0; v >>= 1)
        bits++;
    return bits;
}

void permutation_init(struct permutation *perm, uint64_t n, uint64_t seed)
{
    unsigned bits = bit_length(n - 1);
    if (bits < 2)
        bits = 2; /* so that neither half is empty */
    perm->n = n;
    perm->left_bits = bits / 2;
    perm->right_bits = bits - bits / 2;
    for (unsigned i = 0; i < PERMUTATION_ROUNDS; i++)
        perm->keys[i] = splitmix64(&seed);
}

static uint64_t low_mask(unsigned bits)
{
    return ((uint64_t)1 << bits) - 1;
}

uint64_t permutation_at(const struct permutation *perm, uint64_t position)
{
    const uint64_t left_mask = low_mask(perm->left_bits), right_mask = low_mask(perm->right_bits);
    uint64_t v = position;
    do {
        uint64_t left = v >> perm->right_bits, right = v & right_mask;
        for (unsigned i = 0; i < PERMUTATION_ROUNDS; i += 2) {
            left ^= mix(right, perm->keys[i]) & left_mask;
            right ^= mix(left, perm->keys[i + 1]) & right_mask;
        }
        v = left << perm->right_bits | right;
    } while (v >= perm->n);
    return v;
}

uint64_t permutation_find(const struct permutation *perm, uint64_t index)
{
    const uint64_t left_mask = low_mask(perm->left_bits), right_mask = low_mask(perm->right_bits);
    uint64_t v = index;
    do {
        uint64_t left = v >> perm->right_bits, right = v & right_mask;
        for (unsigned i = PERMUTATION_ROUNDS; i > 0; i -= 2) {
            right ^= mix(left, perm->keys[i - 1]) & right_mask;
            left ^= mix(right, perm->keys[i - 2]) & left_mask;
        }
        v = left << perm->right_bits | right;
    } while (v >= perm->n);
    return v;
}
