/*
 * cert_counts: how many targets there are of each chain and key of a catalog.
 *
 * What       by index of the catalog; all threads that count have one set of these.
 * Promise    sums do not depend on the order of additions, nor on the thread that adds.
 * Ownership  _new/_free, NULL is fine; the catalog outlives it.
 * Errors     -ENOMEM.
 */
#ifndef MXSWEEP_TOOLS_CERT_COUNTS_H
#define MXSWEEP_TOOLS_CERT_COUNTS_H

#include <stdatomic.h>

#include "tools/catalog.h"

/* bits of a key; below them 1 << enum pq */
enum { KEY_SEVERAL_NETWORKS = 1 << 5, KEY_SEVERAL_AS = 1 << 6, KEY_SEVERAL_COUNTRIES = 1 << 7 };

/* where the targets of a key are, and what they do; what is not known does not count */
struct key_counts {
    _Atomic uint32_t network;   /* a hash of that of one of them; 0: none known */
    _Atomic uint32_t as_number; /* of one of them; 0: none known */
    _Atomic uint16_t country;   /* of one of them, two letters; 0: none known */
    _Atomic uint8_t bits;
};

struct cert_counts {
    const struct catalog *catalog;
    bool is_shared;                /* by several threads */
    _Atomic uint64_t *of_span;     /* of L: by index of the span in which the chain was judged */
    _Atomic uint64_t *of_unjudged; /* of L: by index of the chain */
    struct key_counts *keys;       /* of H: by number of the key */
    bool is_folded;                /* into sums (tools/cert_sums.h) */
};

struct cert_counts *cert_counts_new(const struct catalog *catalog); /* NULL: no memory */
void cert_counts_free(struct cert_counts *c);

/* cert_counts_begin makes counts of nothing, of what the catalog holds now. */
int cert_counts_begin(struct cert_counts *c);

/* cert_counts_merge adds what from has, of the same catalog. */
void cert_counts_merge(struct cert_counts *into, const struct cert_counts *from);

/* cert_counts_chain adds targets of L to a chain; verdict: the span that they are in, NULL: none */
static inline void cert_counts_chain(struct cert_counts *c, uint32_t chain,
                                     const struct chain_span *verdict, uint64_t weight)
{
    _Atomic uint64_t *to =
        verdict != NULL ? &c->of_span[verdict - c->catalog->chains.spans] : &c->of_unjudged[chain];
    if (c->is_shared)
        atomic_fetch_add_explicit(to, weight, memory_order_relaxed);
    else
        atomic_store_explicit(to, atomic_load_explicit(to, memory_order_relaxed) + weight,
                              memory_order_relaxed);
}

/* cert_counts_bits sets bits of a key. */
static inline void cert_counts_bits(struct cert_counts *c, uint32_t key, uint8_t bits)
{
    _Atomic uint8_t *to = &c->keys[key].bits;
    if ((atomic_load_explicit(to, memory_order_relaxed) & bits) != bits)
        atomic_fetch_or_explicit(to, bits, memory_order_relaxed);
}

struct key_place {
    uint32_t network, as_number; /* as struct key_counts; 0: not known */
    uint16_t country;
};

/* cert_counts_place says where a target with a key is. */
void cert_counts_place(struct cert_counts *c, uint32_t key, const struct key_place *place);

#endif
