/*
 * catalog: what the files of a report hold of certificates, chains and OCSP responses, gathered
 * before their targets are counted.
 *
 * Use        blocks of all files are added, the catalog sealed, its chains judged
 *            (tools/judgements.h), then targets counted (tools/aggregate.h): by then all is known
 *            of a target's certificates, whichever file or block had their octets.
 * Promise    what is in it does not depend on the order of blocks, nor on how they were parted
 *            (numbers of entries do). Memory is in the number of distinct certificates, chains and
 *            responses; octets are kept of responses and of CA certificates only.
 * Ownership  _new/_free. Nothing of a block is kept. Sealed and judged, it never changes and may be
 *            read by any number of threads.
 * Errors     -ENOMEM; the catalog is then of no use.
 */
#ifndef MXSWEEP_TOOLS_CATALOG_H
#define MXSWEEP_TOOLS_CATALOG_H

#include <pthread.h>

#include "core/dataset.h"
#include "tools/chain_table.h"

struct catalog {
    struct cert_table certs;
    struct chain_table chains;
    struct judge_pool *pool;  /* intermediates seen anywhere */
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
void catalog_seal(struct catalog *c);

#define SESSION_START_MAX_S ((INT64_C(1) << 33) - 1)

/* session_start_s returns when a record's session began, s since 1970; never before, nor after the
 * year 2242. */
int64_t session_start_s(const struct dataset_header *header, const struct record *r);

#endif
