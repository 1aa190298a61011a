/*
 * catalog: what the files of a report hold of certificates, chains and OCSP responses, gathered
 * before their targets are counted.
 *
 * Use        blocks of all files are added, the catalog sealed, its chains judged
 *            (tools/judgements.h), then targets counted (tools/aggregate.h): by then all is known
 *            of a target's certificates, whichever file or block had their octets.
 * Ranges     where there is no room for all chains, a catalog holds those of a range of leaves, by
 *            the first 32 bits of their SHA-256, and the certificates that these name: all blocks
 *            are added for their chains, then for the facts of certificates. The next range is
 *            gathered into the same catalog, cleared: words keep their numbers. A record belongs
 *            to the range of its chain's leaf; one without a chain to the first.
 * Promise    what is in it does not depend on the order of blocks, nor on how they were parted
 *            (numbers of entries do). Memory is in the number of distinct certificates, chains and
 *            responses of the range; octets are kept of responses and of CA certificates only. The
 *            pool is of all ranges.
 * Ownership  _new/_free. Nothing of a block is kept. Sealed and judged, it never changes and may be
 *            read by any number of threads.
 * Errors     -ENOMEM; the catalog is then of no use. -E2BIG: there is no room for the range, which
 *            is to be parted; the catalog is to be cleared.
 */
#ifndef MXSWEEP_TOOLS_CATALOG_H
#define MXSWEEP_TOOLS_CATALOG_H

#include <pthread.h>

#include "core/dataset.h"
#include "tools/chain_table.h"

#define LEAVES_END (UINT64_C(1) << 32)

/* leaves by the first 32 bits of their hash: first and more, below end */
struct leaf_range {
    uint64_t first, end;
};

/* what blocks are added for */
enum catalog_pass { CATALOG_ALL, CATALOG_CHAINS, CATALOG_FACTS };

struct catalog {
    struct cert_table certs;
    struct chain_table chains;
    struct leaf_range range; /* at first: all */
    enum catalog_pass pass;
    uint64_t octets_max;      /* of catalog_octets; 0: any */
    struct judge_pool *pool;  /* intermediates seen anywhere */
    bool pool_is_whole;       /* all blocks were added with facts */
    pthread_mutex_t mutex;    /* of all that hands add to */
    bool judged;              /* by a trust store */
    struct catalog_hand *own; /* private */
};

struct catalog *catalog_new(void); /* NULL: no memory */
void catalog_free(struct catalog *c);

/* catalog_add_block: hashes of certificates may be deferred (core/dataset.h); -EBADMSG: one that
 * was does not hold. */
int catalog_add_block(struct catalog *c, const struct dataset_header *header,
                      const struct block *block);

/* a thread that adds blocks to the catalog while others do: certificates are parsed side by side */
struct catalog_hand;
struct catalog_hand *catalog_hand_new(struct catalog *c); /* NULL: no memory */
void catalog_hand_free(struct catalog_hand *h);

/* catalog_hand_verdicts says whether verdicts in blocks are taken (they are, at first): those of a
 * file that does not say by which trust store are not. */
void catalog_hand_verdicts(struct catalog_hand *h, bool taken);
int catalog_hand_add(struct catalog_hand *h, const struct dataset_header *header,
                     const struct block *block);

/* catalog_merge adds what from has, before either is sealed. */
int catalog_merge(struct catalog *into, const struct catalog *from);

/* catalog_seal ends a pass with facts over all blocks. */
void catalog_seal(struct catalog *c);

/* catalog_clear drops all but the pool and the words, for another range. */
void catalog_clear(struct catalog *c, struct leaf_range range);

/* catalog_octets returns how much memory the catalog takes, with what it takes to judge and count
 * its chains. */
uint64_t catalog_octets(const struct catalog *c);

/* catalog_next_width returns how many leaves the range behind one of that width should have: more,
 * if this one left much room. A leaf of so many chains that it had to be alone must not have all
 * those behind it read one by one. */
uint64_t catalog_next_width(const struct catalog *c, uint64_t width);

static inline bool leaf_range_is_all(const struct leaf_range *range)
{
    return range->first == 0 && range->end == LEAVES_END;
}

/* leaf_range_has tells whether chains with that leaf are of the range. */
static inline bool leaf_range_has(const struct leaf_range *range, const uint8_t sha256[32])
{
    uint64_t leaf = (uint64_t)sha256[0] << 24 | (uint64_t)sha256[1] << 16 |
                    (uint64_t)sha256[2] << 8 | sha256[3];
    return leaf >= range->first && leaf < range->end;
}

/* leaf_range_has_record tells whether a record of the block is of the range. */
static inline bool leaf_range_has_record(const struct leaf_range *range, const struct block *block,
                                         const struct record *r)
{
    uint16_t num;
    bool cut;
    if (r->chain_id == UINT32_MAX)
        return range->first == 0;
    return leaf_range_is_all(range) ||
           leaf_range_has(range, block_chain(block, r->chain_id, &num, &cut)[0]);
}

#define SESSION_START_MAX_S ((INT64_C(1) << 33) - 1)

/* session_start_s returns when a record's session began, s since 1970; never before, nor after the
 * year 2242. */
int64_t session_start_s(const struct dataset_header *header, const struct record *r);

#endif
