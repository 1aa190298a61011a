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
 * Errors     -ENOMEM, or as overflow.h; the aggregate is then of no use.
 */
#ifndef MXSWEEP_TOOLS_AGGREGATE_H
#define MXSWEEP_TOOLS_AGGREGATE_H

#include "core/dataset.h"
#include "tools/aggregate_keys.h"
#include "tools/answer.h"
#include "tools/cert_sums.h"
#include "tools/cluster.h"
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

/* what counting takes time for; what no statistic that is asked for needs is left undone */
enum need {
    NEED_DIALOGUE = 1 << 0, /* greetings, replies to EHLO and HELO */
    NEED_MTA = 1 << 1,      /* rules that name the software */
    NEED_REFUSALS = 1 << 2, /* rules that say why */
    NEED_RETRIES = 1 << 3,
    NEED_TIMINGS = 1 << 4,
    NEED_AUDITS = 1 << 5,   /* findings of audits, and the hybrid groups in hellos */
    NEED_CERTS = 1 << 6,    /* the catalog of certificates and chains */
    NEED_VERDICTS = 1 << 7, /* its chains, judged */
    NEED_NAMES = 1 << 8,    /* whether leaves name their targets */
    NEED_PLACES = 1 << 9,   /* ASes and countries of keys */
    NEED_NETWORKS = 1 << 10,
    NEED_DOMAINS = 1 << 11,
    NEED_CLUSTERS = 1 << 12, /* targets that are set up alike */
    NEED_ALL = (1 << 13) - 1
};

struct statistics_only; /* statistics_only.h */

/* what targets are counted by; NULL, but for the catalog: not asked */
struct aggregate_setup {
    const struct catalog *catalog;
    const struct rules *mta, *rejection;
    const struct rules *certificate; /* names products by the issuers of leaves */
    struct group_setup select;   /* which records count, how much, and what they are joined with */
    const struct groups *groups; /* sealed; by which targets are broken down */
    struct overflow *overflow;   /* for what has no room; NULL: all has */
    const struct statistics_only *only; /* what is asked for; NULL: all */
};

/* what is counted of a group: a part of the tallies (aggregate_is_grouped) */
struct group_counts {
    uint64_t funnel[NUM_FUNNEL];
    struct tally cells; /* enum aggregate_tally << CELL_BITS | key; of NUM_TALLIES: latency, enum
                         * timing << 32 | us */
};
enum { CELL_BITS = 48 };

/* how many networks, domains have so many targets of H */
struct size_sums {
    struct tally clusters;                 /* of L: targets of a cluster: clusters */
    struct top_list top_clusters;          /* struct cluster, of 2 targets or more */
    uint64_t num_clusters, clusters_pq[3]; /* not known, no, yes */
    struct tally networks, domains;        /* targets: things */
    uint64_t foreign; /* targets in networks with one leaf, that is none of theirs */
    bool are_known;
};

struct aggregate {
    uint64_t positions_given; /* of the files' shards, those that hold a target */
    uint64_t positions_done;
    uint64_t funnel[NUM_FUNNEL];
    struct tally tally[NUM_TALLIES];
    struct histogram latency[NUM_TIMINGS];
    struct ehlo_table ehlo;
    struct network_table networks; /* of H; those that had room */
    struct cluster_table clusters; /* of L */
    struct size_sums sizes;        /* once all is counted */
    uint64_t num_audited;          /* of R: with the findings of an audit */
    uint64_t num_versions_known, num_suites_known, num_groups_known, num_dh_known; /* of those */
    uint64_t no_leaf, no_leaf_failed; /* sent no certificate; of H, and of R without H */
    uint64_t flag_yes[NUM_TLS_FLAGS], flag_known[NUM_TLS_FLAGS]; /* of H */
    const struct catalog *catalog;                               /* that of the setup */
    struct aggregate_setup setup;
    struct group_counts *groups[NUM_DIMENSIONS]; /* by slot */
    uint64_t leaf_done[3], leaf_failed[3]; /* of R, by enum cert_state of the leaf: completed a
                                            * handshake; did not */
    struct cert_counts *counts;    /* by what the catalog holds; NULL: of a group, not kept */
    bool counts_are_lent;          /* by the aggregate that it was made beside */
    struct cert_sums *sums;        /* of those that were folded; NULL: none yet */
    struct block_scratch *scratch; /* private */
};

struct aggregate *aggregate_new(const struct aggregate_setup *setup); /* NULL: no memory */
void aggregate_free(struct aggregate *a);

/* aggregate_new_beside makes one for another thread, to be merged into `first`; both count what is
 * by certificate, chain and key into that one's, which outlives it. NULL: no memory. */
struct aggregate *aggregate_new_beside(struct aggregate *first);

/* aggregate_fold adds what was counted by certificate, chain and key to the sums that statistics
 * read, of the largest so many rows (0: all; the first call says so). Once for a catalog. */
int aggregate_fold(struct aggregate *a, size_t top);

/* aggregate_end makes what statistics read of all that was folded and counted. */
int aggregate_end(struct aggregate *a);

/* aggregate_turn goes on with what the catalog holds now, after aggregate_fold. */
int aggregate_turn(struct aggregate *a);

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
