/*
 * repair: writes what is readable of a damaged dataset to a new file, and says what was lost.
 *
 * What       blocks and events are copied word for word (core/dataset_salvage.h says what can be
 *            believed), chained anew; each loss is told by an event `repaired` in its place, so
 *            that readers know why certificates and positions are missing. Trailers and indexes are
 *            left out: one of each is written for what there is. The new file can be gone on with:
 *            what was lost is visited again.
 * Promise    the new file is synced and whole when repair_file returns 0, and does not stay
 *            otherwise. Memory: that of salvage, of one block, and the hashes of all certificates.
 * Errors     as walk.h. -EILSEQ: the header is damaged, so nothing can be done.
 */
#ifndef MXSWEEP_TOOLS_REPAIR_H
#define MXSWEEP_TOOLS_REPAIR_H

#include "core/file.h"
#include "tools/walk.h"

enum { REPAIR_LOSSES_MAX = 4096 }; /* that are listed; more are counted */

enum repair_why {
    REPAIR_UNREADABLE, /* octets that are no whole frames */
    REPAIR_GONE,       /* no octets: the frame that comes next does not follow the one before */
    REPAIR_MALFORMED,  /* a whole frame, and what is in it breaks the format */
    REPAIR_TWICE,      /* a block that has a position of a block before it */
    REPAIR_NO_CERT /* no octets: a chain of the next block names a certificate that never came */
};
const char *repair_why_text(enum repair_why why);

struct repair_loss {
    enum repair_why why;
    uint64_t offset, len; /* octets of the damaged file */
};

struct repaired {
    struct repair_loss *losses; /* in the order of the file */
    size_t num_losses, num_listed;
    uint64_t lost_octets;
    uint64_t blocks, records, positions; /* that were copied */
    uint64_t missing_certs;              /* that chains name and no block has */
    bool complete;                       /* no position of the shard is missing */
    struct dataset_index_entry *index;   /* the blocks that the damaged file had, if it says so */
    size_t num_index;
};
void repaired_cleanup(struct repaired *r);

/* repair_file reads path and writes out_path, which must not exist. now_us: UTC since 1970.
 * Cleans *out up itself after an error. */
int repair_file(struct repaired *out, char err[WALK_ERR_MAX], const char *out_path,
                const char *path, int64_t now_us);

#endif
