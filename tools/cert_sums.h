/*
 * cert_sums: what statistics read of certificates, keys and chains: sums over all of them.
 *
 * Use        a catalog and its counts are folded into the sums; so are those of the next, if the
 *            chains are parted among several (tools/catalog.h). A leaf is in one of these only,
 *            with all chains that it is the leaf of; a key may be in many.
 * Promise    memory is in labels (issuers, algorithms), in different numbers of targets, and in the
 *            rows that are wanted of the largest; not in certificates. The result does not depend
 *            on the order, nor on how chains are parted.
 * Ownership  _new/_free, NULL is fine; nothing of a catalog is kept.
 * Errors     -ENOMEM, or as overflow.h.
 */
#ifndef MXSWEEP_TOOLS_CERT_SUMS_H
#define MXSWEEP_TOOLS_CERT_SUMS_H

#include "tools/cert_counts.h"
#include "tools/overflow.h"
#include "tools/rules.h"
#include "tools/top_list.h"

/* of a label: targets of L, those of V, distinct certificates, distinct keys */
enum label_unit { LABEL_TARGETS, LABEL_TRUSTED, LABEL_CERTS, LABEL_KEYS, NUM_LABEL_UNITS };

struct label_sums {
    struct word_tally words;
    uint64_t (*counts)[NUM_LABEL_UNITS]; /* [0] of what has no label, [i + 1] of word i */
    size_t cap;
};

/* by how long certificates are valid; labels are in statistics_certs.c */
enum validity {
    VALIDITY_47,
    VALIDITY_90,
    VALIDITY_100,
    VALIDITY_200,
    VALIDITY_398,
    VALIDITY_825,
    VALIDITY_3653,
    VALIDITY_MORE,
    VALIDITY_NEGATIVE,
    VALIDITY_UNKNOWN,
    NUM_VALIDITY
};

/* where the targets of a key are; labels are in statistics_defaults.c */
enum key_spread {
    SPREAD_SINGLE,
    SPREAD_NETWORK,
    SPREAD_NETWORKS,
    SPREAD_ASES,
    SPREAD_UNKNOWN,
    NUM_SPREADS
};

struct hash_row {
    uint8_t sha256[32];
    uint64_t targets;
};

/* a distinct key, of the targets of L that have it */
struct key_row {
    uint8_t spki_sha256[32];
    uint64_t targets;
    uint32_t label;   /* of label_sums key; WORD_NONE */
    uint32_t product; /* whose default it is: name of a rule + 1; 0: none */
    uint32_t network;
    uint32_t as_number;
    uint16_t country;
    uint8_t bits; /* struct key_counts */
};

/* how many things have so many targets, and the largest of them */
struct sizes {
    struct tally num;         /* targets of a thing: things */
    struct top_list top;      /* struct hash_row, of 2 targets or more */
    uint64_t targets, things; /* of which top has the largest */
};

struct cert_sums {
    struct label_sums key, signature, issuer;
    uint64_t self_issued[2][NUM_LABEL_UNITS]; /* not, and so */
    uint64_t validity[2][NUM_VALIDITY];       /* distinct certificates, the same two */
    struct sizes certs, keys;
    uint64_t num_keys, num_chains;
    uint64_t keys_as[3], keys_country[3];       /* keys that are: not known, in one, in several */
    uint64_t keys_network[3];                   /* the same */
    const struct rules *certificate;            /* NULL: none */
    struct tally product_targets, product_keys; /* name of a rule + 1; 0: none */
    uint64_t default_keys[NUM_SPREADS], default_targets[NUM_SPREADS]; /* of keys with a product */
    uint64_t keys_pq[3];                                              /* not known, no, yes */
    struct tally chain_targets, chain_distinct;                       /* verdict_key() */
    bool bad;
};

/* top: rows that are wanted, 0: all. Rules, which must outlive the sums, name products by the
 * issuers of their default certificates; NULL: none is known. Returns NULL without memory. */
struct cert_sums *cert_sums_new(size_t top, const struct rules *certificate);
void cert_sums_free(struct cert_sums *s);

/* cert_sums_fold adds a catalog with its counts. Where another catalog may have the same keys,
 * these go to keys (tools/overflow.h), and cert_sums_end adds them after the last one; NULL: there
 * is but one catalog. */
int cert_sums_fold(struct cert_sums *s, const struct cert_counts *counts, struct overflow *keys);
int cert_sums_end(struct cert_sums *s, struct overflow *keys);

/* key_row_sum adds targets to those of the same key. */
void key_row_sum(struct key_row *into, const struct key_row *row);

enum { KEY_LABEL_MAX = 96 };

/* cert_key_label says what a key is: "EC P-256"; empty: not known. */
void cert_key_label(char out[KEY_LABEL_MAX], const struct cert_entry *e,
                    const struct cert_table *certs);

/* chains that are judged alike: outcome << 32 | flags; NULL: not judged */
#define VERDICT_NONE UINT64_MAX
static inline uint64_t verdict_key(const struct chain_span *verdict)
{
    return verdict != NULL ? (uint64_t)verdict->outcome << 32 | verdict->flags : VERDICT_NONE;
}

#endif
