/*
 * walk: a dataset file from its header to its end, everything in it decoded.
 *
 * Ownership  the caller's storage; walk_close frees what walk_open made, also after an error. What
 *            walk_next gave lives until the next call.
 * Errors     as dataset.h: -EBADMSG damaged, -ENODATA torn; err says "FILE: what, where, mend".
 */
#ifndef MXSWEEP_TOOLS_WALK_H
#define MXSWEEP_TOOLS_WALK_H

#include "core/dataset.h"

enum { WALK_ERR_MAX = 2 * DATASET_ERR_MAX };

struct walk {
    const char *path;
    struct dataset_reader *reader;
    const struct dataset_header *header;
    struct dataset_item item;        /* what walk_next found, and it decoded: */
    struct block *block;             /* DATASET_BLOCK */
    struct dataset_event_view event; /* DATASET_EVENT */
    struct dataset_trailer trailer;  /* DATASET_TRAILER; stays: the last one */
    bool has_trailer;                /* the last block is followed by a trailer */
    uint64_t blocks;                 /* so far */
};

int walk_open(struct walk *w, char err[WALK_ERR_MAX], const char *path);
void walk_close(struct walk *w);

/* walk_next goes to the next item: 1, 0 at the end, or negative. */
int walk_next(struct walk *w, char err[WALK_ERR_MAX]);

/* how a file ends, and what that means */
enum walk_end {
    WALK_COMPLETE,
    WALK_STOPPED,
    WALK_LIMIT,
    WALK_FAULT,
    WALK_ROTATED,
    WALK_OPEN,
    WALK_TORN
};

/* walk_end_of tells how the file ends, where rc is what walk_next returned last: 0 or -ENODATA. */
enum walk_end walk_end_of(const struct walk *w, int rc);
const char *walk_end_slug(enum walk_end end);
const char *walk_end_text(enum walk_end end);

/* walk_note tells stderr that path is not complete, where that is so: what is read is whole, but
 * not all that there was to be. A torn end is left to walk_next's err. */
void walk_note(const struct walk *w, int rc, const char *path);

#endif
