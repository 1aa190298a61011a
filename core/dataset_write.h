/*
 * dataset_write: the writer's state, shared by those who make a file and those who go on with one.
 *
 * Promise    `end` is the end of what is durable. What lies behind it is cut off before anything
 *            is written.
 */
#ifndef MXSWEEP_CORE_DATASET_WRITE_H
#define MXSWEEP_CORE_DATASET_WRITE_H

#include "core/block_private.h"
#include "core/dataset_frame.h"

/* what stays from part to part */
struct writer_sweep {
    struct dataset_reader *reader;        /* of a resumed sweep: owns the header */
    struct run_set done;                  /* of a resumed sweep, and of a copy */
    char *first_path;                     /* of the first part, where `path` is another; or NULL */
    struct file first;                    /* ... which stays open: its lock is the sweep's */
    struct dataset_totals earlier;        /* of the parts before */
    bool has_lines;
    uint64_t lines;                       /* of the whole stream, if has_lines */
    int close_rc;                         /* what went wrong when a part before was closed */
};

struct dataset_writer {
    struct file file;
    char *path;
    uint32_t part;
    struct dataset_writer *next;          /* the part that was begun and is not gone on in yet */
    char *begun_path;                     /* of a part that a writer before began in vain */
    struct writer_sweep sweep;
    struct frame_codec codec;
    struct cbor_writer item;
    struct block_builder builder;
    uint64_t end;
    bool dirty;                           /* there may be octets behind end */
    uint8_t previous[HASH_LEN];           /* of the last frame */
    struct dataset_totals totals;
    struct dataset_index_entry *blocks;   /* of the whole file */
    size_t num_blocks, blocks_cap;
    bool ended;                           /* trailer and index are written */
};

/* writer_new makes a writer for a file that is open; writer_free closes the file, if it is open,
 * unasked. */
struct dataset_writer *writer_new(const char *path);
void writer_free(struct dataset_writer *w);

/* writer_append writes whole frames at the end and syncs them; `end` moves only if all of that
 * succeeds. */
int writer_append(struct dataset_writer *w, struct bytes frames, char err[DATASET_ERR_MAX]);

/* writer_append_item packs `item` and appends it. */
int writer_append_item(struct dataset_writer *w, size_t *frame_len, char err[DATASET_ERR_MAX]);

/* writer_note_block makes room for one more block in the index, and fills it in. */
int writer_note_block(struct dataset_writer *w, struct dataset_index_entry block);

/* writer_add_totals counts what is in this part among the parts before. */
void writer_add_totals(struct dataset_writer *w);

/* ---- parts ---- */

/* part_next_path returns the name of the part after w's; the caller frees it. NULL: no memory. */
char *part_next_path(const struct dataset_writer *w);

/* part_first_path returns the name of the first part of the sweep whose part number `part` is at
 * path; the caller frees it. NULL: such a part has another name; or no memory. */
char *part_first_path(const char *path, uint32_t part);

/* part_is_begun tells whether the file at path holds nothing but h, the header of a part, or of a
 * file that has none yet a piece of it: what a writer leaves that was stopped while it began that
 * part. Octets that did not get to the disk are 0. w lends its memory. */
bool part_is_begun(struct dataset_writer *w, const struct dataset_header *h, const char *path);

/* part_follows tells whether a part with header h is the one that `next` (header_next_part)
 * announces. */
bool part_follows(const struct dataset_header *next, const struct dataset_header *h);

#endif
