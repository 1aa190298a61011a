/*
 * network_table: of each network (/24, /48), how many targets of H it has, and whether all of them
 * send one certificate that is none of theirs: what a box in front of a whole network does.
 *
 * Promise    two leaves are held for one if 64 bits of their hashes are equal. Sums and findings do
 *            not depend on the order of additions. Memory is in the number of networks.
 * Ownership  the caller's storage, zeroed; _cleanup frees.
 * Errors     sticky `bad` without memory.
 */
#ifndef MXSWEEP_TOOLS_NETWORK_TABLE_H
#define MXSWEEP_TOOLS_NETWORK_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct network {
    uint64_t key, targets; /* key: network_key(); targets 0: an empty slot */
    uint64_t leaf;         /* first octets of its hash; 0: none */
    bool mixed;            /* there are several leaves */
    bool own;              /* a leaf names its target, or it is not known whether it does */
};

struct network_table {
    struct network *slots;
    size_t num, cap; /* networks; slots, a power of two or 0 */
    bool bad;
};

void network_table_cleanup(struct network_table *t);

/* network_sum adds what n says to what is known of the same network. */
void network_sum(struct network *into, const struct network *n);

/* network_table_add adds what n says of its network. */
void network_table_add(struct network_table *t, const struct network *n);

/* network_table_near brings near what adding to a network will look at. */
void network_table_near(const struct network_table *t, uint64_t key);
void network_table_merge(struct network_table *into, const struct network_table *from);

#endif
