/*
 * merge: several files of one sweep into one: its shards, or parts of one shard.
 *
 * What       records are decoded and written anew, in the order of positions as far as the blocks
 *            in hand reach, so that blocks are full, and texts and certificates come once. Start
 *            times count from the earliest start. What was done of the sweep stays what it is:
 *            parts that are unfinished make a file that can be gone on with. Each file is named by
 *            an event `part`, and its own events are kept, with its name. Keys of blocks that this
 *            version does not know are lost.
 * Promise    the new file is synced and whole when merge_files returns 0, and does not stay
 *            otherwise. Memory: for each file one frame and one decoded block (about 6 MiB as
 *            mxsweep writes them), one block that is built, the hashes of all certificates, and the
 *            runs of what is done.
 * Errors     as walk.h; -EINVAL: the files are not of one sweep, or do something twice.
 */
#ifndef MXSWEEP_TOOLS_MERGE_H
#define MXSWEEP_TOOLS_MERGE_H

#include "tools/walk.h"

struct merged {
    uint64_t records, positions, blocks, certificates;
    uint64_t blocks_before, octets_before, octets; /* of all files, and of the new one */
    uint64_t missing;                              /* positions of the sweep, or of the shard */
    enum dataset_reason reason;                    /* that the new file ends with */
    size_t num_torn;                               /* files whose last block was torn */
};

/* merge_files reads num files and writes out_path, which must not exist. */
int merge_files(struct merged *out, char err[WALK_ERR_MAX], const char *out_path,
                char *const *paths, size_t num);

#endif
