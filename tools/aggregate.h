/*
 * aggregate: what blocks of records add up to; the counts behind every statistic.
 *
 * What       blocks are added one by one, each on its own: what a block's tables hold is resolved
 *            once per block. Parts (other blocks, other threads, other files) are added up apart
 *            and merged.
 * Promise    the result does not depend on the order of blocks, on how they were parted, or on
 *            whether a certificate's octets came before the chains that name it. Memory is in the
 *            number of distinct things, not of records.
 * Ownership  _new/_free. Nothing of a block is kept.
 * Errors     -ENOMEM; the aggregate is then of no use.
 */
#ifndef MXSWEEP_TOOLS_AGGREGATE_H
#define MXSWEEP_TOOLS_AGGREGATE_H

#include "core/dataset.h"
#include "tools/cert_table.h"
#include "tools/histogram.h"
#include "tools/tally.h"

enum answer { ANSWER_UNKNOWN, ANSWER_NO, ANSWER_YES };

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
    FUNNEL_E2,
    NUM_FUNNEL
};

/* Counts by a number; what the key is. Code 0 is: unknown. */
enum aggregate_tally {
    TALLY_OUTCOME,        /* stage << 8 | cause, of all targets, probed or not */
    TALLY_GREETED,        /* enum cause of what ended the wait, of T; CAUSE_OK: greeted */
    TALLY_GREETING_CODE,  /* of G */
    TALLY_REJECTED,       /* enum rejected, of G */
    TALLY_OFFERED,        /* enum answer, of P: S */
    TALLY_OFFERED_REPLY,  /* enum answer of S << 1 | R, of Q */
    TALLY_STARTTLS_REPLY, /* code; or 1 << 16 | cause where no whole reply came; of Q */
    TALLY_VERSION,        /* of H, as the next three */
    TALLY_SUITE,
    TALLY_GROUP,        /* GROUP_RSA: none, by RSA key exchange */
    TALLY_SIGSCHEME,    /* GROUP_RSA likewise; SIGSCHEME_OLD: TLS 1.1 and older have none */
    TALLY_HANDSHAKE,    /* enum cause << 8 | alert number, of R; CAUSE_OK: completed */
    TALLY_CHAIN_LENGTH, /* of H; CHAIN_CUT: more than a record keeps */
    TALLY_EXPIRY,       /* enum expiry, of L; what the certificates that were known then said */
    NUM_TALLIES
};

enum { GROUP_RSA = 1 << 16, SIGSCHEME_OLD = 2 << 16, CHAIN_CUT = 1 << 16 };

enum rejected {
    REJECTED_UNKNOWN,
    REJECTED_NOT,
    REJECTED_GREETING_4XX,
    REJECTED_GREETING_5XX,
    REJECTED_GREETING_OTHER,
    REJECTED_EHLO_4XX,
    REJECTED_EHLO_5XX,
    REJECTED_EHLO_OTHER
};

/* days that a leaf is still valid at the start of the session; EXPIRY_n: up to n days */
enum expiry {
    EXPIRY_UNKNOWN,
    EXPIRY_PAST,
    EXPIRY_7,
    EXPIRY_14,
    EXPIRY_30,
    EXPIRY_90,
    EXPIRY_MORE,
    EXPIRY_NOT_YET,
    NUM_EXPIRY
};

/* a leaf and the start of a session (s since 1970), as a key of expiry_open has them */
struct open_expiry {
    uint32_t leaf;
    int64_t start_s;
};
struct open_expiry open_expiry(uint64_t key);

/* expiry_at says how a certificate stands at a moment (s since 1970). */
enum expiry expiry_at(const struct cert_entry *cert, int64_t now_s);

struct aggregate {
    uint64_t positions_given; /* of the files' shards, those that hold a target */
    uint64_t positions_done;
    uint64_t funnel[NUM_FUNNEL];
    struct tally tally[NUM_TALLIES];
    struct histogram latency[NUM_TIMINGS];
    struct word_tally ehlo,
        ehlo_tls; /* targets of E and of E2 that offer a keyword; empty: no keyword */
    struct cert_table certs;
    uint64_t no_leaf;              /* of H: sent no certificate */
    struct tally expiry_open;      /* see open_expiry: leaves whose octets had not come */
    struct block_scratch *scratch; /* private */
};

struct aggregate *aggregate_new(void); /* NULL: no memory */
void aggregate_free(struct aggregate *a);

/* aggregate_add_file counts the positions that a file is about; of a stream, they are counted block
 * by block. */
void aggregate_add_file(struct aggregate *a, const struct dataset_header *header);

int aggregate_add_block(struct aggregate *a, const struct dataset_header *header,
                        const struct block *block);

/* aggregate_merge adds what from holds. */
int aggregate_merge(struct aggregate *into, const struct aggregate *from);

/* was_probed tells whether a target of that cause was connected to: not one that was blocked, or
 * had no address. */
bool was_probed(unsigned cause);

/* shard_positions returns how many positions the shard of a header has; 0 of a stream. */
uint64_t shard_positions(const struct dataset_header *header);

#endif
