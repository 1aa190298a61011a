/*
 * dataset_salvage: reads what is whole in a damaged dataset file, and says where the rest was.
 *
 * What       pieces, in the order of the file and without gaps: frames that are whole (unpacked,
 *            their kind known; not yet decoded), and octets in between that are not. Where the
 *            chain of hashes is broken between two whole frames, a piece of no octets says so. The
 *            header must be whole: without it nobody can tell what the rest is about.
 * Promise    a server cannot plant records (dataset_search.h). A damaged frame whose length can
 *            still be told is passed over as a whole; where it cannot, frames that are found by
 *            searching are believed only if they go on for longer than anything that a server can
 *            have sent, or to the end of the file, and an index there lists the blocks among them.
 *            Memory: under 64 MiB. Octets that the disk refuses to give (EIO) count as damaged.
 * Ownership  what salvage_next gave lives until its next call, the header until salvage_close.
 * Errors     as dataset.h.
 */
#ifndef MXSWEEP_CORE_DATASET_SALVAGE_H
#define MXSWEEP_CORE_DATASET_SALVAGE_H

#include "core/dataset.h"

struct salvage;

/* salvage_open opens path and reads its header. */
int salvage_open(struct salvage **out, char err[DATASET_ERR_MAX], const char *path);
void salvage_close(struct salvage *s);

const struct dataset_header *salvage_header(const struct salvage *s);
struct bytes salvage_header_item(const struct salvage *s); /* as it lies in the file: CBOR */

struct salvage_piece {
    bool is_lost;
    uint64_t offset, len;     /* octets of the file; lost and 0: frames that belong here are gone */
    struct dataset_item item; /* of a whole frame; number counts whole frames */
};

/* salvage_next gives the next piece after the header: 1, 0 at the end of the file, or negative. */
int salvage_next(struct salvage *s, struct salvage_piece *out, char err[DATASET_ERR_MAX]);

#endif
