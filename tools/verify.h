/*
 * verify: proves that a dataset file is whole: frames, references, counts; and gathers what it
 * covers.
 *
 * What       frames, checksums and the chain of hashes are checked by reading, tables by decoding;
 *            here: that the certificates of every chain came in the same block or an earlier one,
 *            that each position of a record is marked done in its block, that a trailer counts
 *            what there is, that whoever went on after a trailer said so in an event, and that the
 *            index points to the blocks. In a file that was repaired, certificates may be missing
 *            after the first event that says so; they are counted.
 * Errors     as walk.h.
 */
#ifndef MXSWEEP_TOOLS_VERIFY_H
#define MXSWEEP_TOOLS_VERIFY_H

#include "tools/coverage.h"
#include "tools/walk.h"

struct verified {
    uint8_t id[16];
    uint32_t shard;
    uint64_t frames, blocks, records, positions, certificates, bytes;
    uint64_t events, repairs; /* repairs: events that tell of a loss */
    uint64_t missing_certs;   /* named by chains, and lost when the file was repaired */
    enum walk_end end;
};

/* a sweep that files belong to */
struct sweep {
    struct coverage coverage;
    const char *path; /* of its first file */
};

/* grows as files are verified */
struct sweeps {
    struct sweep *list;
    size_t num;
};
void sweeps_cleanup(struct sweeps *s);

/* verify_file reads path, which outlives sweeps, from end to end. -ENODATA: torn, out says what
 * came before. */
int verify_file(struct verified *out, struct sweeps *sweeps, char err[WALK_ERR_MAX],
                const char *path);

#endif
