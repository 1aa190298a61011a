/*
 * aggregate: what blocks of records add up to; the counts behind every statistic.
 *
 * What       blocks are added one by one, each on its own: what a block's tables hold is resolved
 *            once per block. What is known of certificates and chains is the catalog's, which was
 *            made of all blocks before. Parts (other blocks, other threads) are added up apart and
 *            merged.
 * Promise    the result does not depend on the order of blocks, nor on how they were parted. Memory
 *            is in the number of distinct things, not of records.
 * Ownership  _new/_free; what the setup points to outlives it. Nothing of a block is kept.
 * Errors     -ENOMEM; the aggregate is then of no use.
 */
#ifndef MXSWEEP_TOOLS_AGGREGATE_H
#define MXSWEEP_TOOLS_AGGREGATE_H

#include "core/dataset.h"
#include "tools/aggregate_keys.h"
#include "tools/answer.h"
#include "tools/catalog.h"
#include "tools/ehlo_table.h"
#include "tools/groups.h"
#include "tools/histogram.h"
#include "tools/network_table.h"
#include "tools/rules.h"
#include "tools/tally.h"

/* Sets of targets, in the order of the funnel; statistics.c defines them in words. */
enum funnel {
    FUNNEL_P,
    FUNNEL_T,
    FUNNEL_G,
    FUNNEL_G220,
    FUNNEL_E,
    FUNNEL_S,
    FUNNEL_Q,
    FUNNEL_R,
    FUNNEL_H,
    FUNNEL_L,
    FUNNEL_V,
    FUNNEL_N,
    FUNNEL_E2,
    NUM_FUNNEL
};

/* expiry_at says how a certificate stands at a moment (s since 1970). */
enum expiry expiry_at(const struct cert_entry *cert, int64_t now_s);

/* expiry_week_at says how many weeks are left then; EXPIRY_WEEK_MAX: so many or more. */
unsigned expiry_week_at(const struct cert_entry *cert, int64_t now_s);

/* enhanced_key returns an enhanced code (RFC 3463) as a number, 0 if it is none. */
uint32_t enhanced_key(unsigned class, unsigned subject, unsigned detail);

/* network_key returns the /24 or /48 of an address as a number. */
uint64_t network_key(struct addr addr);

/* greet_delay_label says in words how long a greeting took. */
const char *greet_delay_label(unsigned delay);

/* what targets are counted by; NULL, but for the catalog: not asked */
struct aggregate_setup {
    const struct catalog *catalog;
    const struct rules *mta, *rejection;
    struct group_setup select;   /* which records count, how much, and what they are joined with */
    const struct groups *groups; /* sealed; by which targets are broken down */
};

/* what is counted of a group: a part of the tallies (aggregate_is_grouped) */
struct group_counts {
    uint64_t funnel[NUM_FUNNEL];
    struct tally cells; /* enum aggregate_tally << CELL_BITS | key; of NUM_TALLIES: latency, enum
                         * timing << 32 | us */
};
enum { CELL_BITS = 48 };

struct aggregate {
    uint64_t positions_given; /* of the files' shards, those that hold a target */
    uint64_t positions_done;
    uint64_t funnel[NUM_FUNNEL];
    struct tally tally[NUM_TALLIES];
    struct histogram latency[NUM_TIMINGS];
    struct ehlo_table ehlo;
    struct network_table networks; /* of H */
    uint64_t num_audited;          /* of R: with the findings of an audit */
    uint64_t num_versions_known, num_suites_known, num_groups_known, num_dh_known; /* of those */
    uint64_t no_leaf;                                            /* of H: sent no certificate */
    uint64_t flag_yes[NUM_TLS_FLAGS], flag_known[NUM_TLS_FLAGS]; /* of H */
    const struct catalog *catalog;                               /* that of the setup */
    struct aggregate_setup setup;
    struct group_counts *groups[NUM_DIMENSIONS]; /* by slot */
    uint8_t *key_pq;                             /* of H: by number of the key, bits 1 << enum pq */
    struct key_place *keys;                      /* by number of the key; NULL: no database */
    struct leaf_counts *leaves;                  /* by index of the catalog's certificates */
    uint64_t *of_span;             /* of L: by index of the span in which the chain was judged */
    uint64_t *of_unjudged;         /* of L: by index of the chain */
    struct block_scratch *scratch; /* private */
};

/* where the targets of a key are; what is not known does not count */
struct key_place {
    uint32_t as_number; /* of one of them; 0: none known */
    char country[3];
    bool several_as, several_countries;
};

/* targets that sent a certificate as the leaf */
struct leaf_counts {
    uint64_t done, failed, trusted; /* completed a handshake; did not; of those done, V */
};

struct aggregate *aggregate_new(const struct aggregate_setup *setup); /* NULL: no memory */
void aggregate_free(struct aggregate *a);

/* aggregate_add_file counts the positions that a file is about; of a stream, they are counted block
 * by block. */
void aggregate_add_file(struct aggregate *a, const struct dataset_header *header);

int aggregate_add_block(struct aggregate *a, const struct dataset_header *header,
                        const struct block *block);

/* aggregate_is_grouped tells whether a tally is kept of each group. */
bool aggregate_is_grouped(enum aggregate_tally tally);

/* aggregate_of_group makes an aggregate of what is kept of some slots of a dimension together, for
 * statistics; the catalog is the whole's. NULL: no memory. */
struct aggregate *aggregate_of_group(const struct aggregate *a, unsigned dimension,
                                     const size_t *slots, size_t num);

/* aggregate_merge adds what from holds, which was set up alike. */
int aggregate_merge(struct aggregate *into, const struct aggregate *from);

/* was_probed tells whether a target of that cause was connected to: not one that was blocked, or
 * had no address. */
bool was_probed(unsigned cause);

/* shard_positions returns how many positions the shard of a header has; 0 of a stream. */
uint64_t shard_positions(const struct dataset_header *header);

#endif
