/*
 * cluster: targets that are set up alike: the same leaf key, template of the greeting
 * (tools/greeting.h) and set of EHLO keywords before TLS, values left aside.
 *
 * Promise    a cluster's key and number follow from those three alone, not from what was seen
 *            before; of n clusters two have the same number with a probability of n * n / 2^65.
 *            Sums do not depend on the order of additions. Memory is in the number of clusters and
 *            templates.
 * Ownership  the caller's storage, zeroed by _init; _cleanup frees. Templates are octets of others:
 *            escape them.
 * Errors     sticky `bad` without memory.
 */
#ifndef MXSWEEP_TOOLS_CLUSTER_H
#define MXSWEEP_TOOLS_CLUSTER_H

#include "core/extensions.h"
#include "tools/tally.h"

struct cluster_key {
    uint64_t hi, lo;
};

/* cluster_keywords hashes a set of keywords, whatever their order. */
uint64_t cluster_keywords(const struct extensions *k);

/* cluster_greeting hashes a template; never 0. */
uint64_t cluster_greeting(struct bytes greeting_template);

/* cluster_key_of takes the SHA-256 of the key and both hashes; 0: no greeting, no reply. */
struct cluster_key cluster_key_of(const uint8_t spki_sha256[32], uint64_t greeting,
                                  uint64_t keywords);

/* cluster_number returns what a cluster is called; never 0. */
uint64_t cluster_number(struct cluster_key key);

struct cluster {
    struct cluster_key key;
    uint64_t targets;  /* 0: an empty slot */
    uint64_t greeting; /* cluster_greeting(); 0: no greeting */
    uint8_t pq;        /* 1 << enum pq, of any of the targets */
};

struct cluster_table {
    struct cluster *slots;
    size_t num, cap; /* clusters; slots, a power of two or 0 */
    struct word_tally templates;
    bool bad;
};

void cluster_table_init(struct cluster_table *t);
void cluster_table_cleanup(struct cluster_table *t);

/* cluster_table_clear forgets the clusters, not the templates. */
void cluster_table_clear(struct cluster_table *t);

/* cluster_sum adds targets to those of the same cluster. */
void cluster_sum(struct cluster *into, const struct cluster *c);

/* cluster_table_template remembers a template and returns its hash. */
uint64_t cluster_table_template(struct cluster_table *t, struct bytes greeting_template);

/* cluster_table_add adds what c says of its cluster. */
void cluster_table_add(struct cluster_table *t, const struct cluster *c);
void cluster_table_merge(struct cluster_table *into, const struct cluster_table *from);

#endif
