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

struct dataset_writer {
    struct file file;
    char *path;
    struct frame_codec codec;
    struct cbor_writer item;
    struct block_builder builder;
    uint64_t end;
    bool dirty;                           /* there may be octets behind end */
    uint8_t previous[HASH_LEN];           /* of the last frame */
    struct dataset_totals totals;
    struct dataset_index_entry *blocks;   /* of the whole file */
    size_t num_blocks, blocks_cap;
    struct dataset_reader *reader;        /* of a resumed file: owns the header */
    struct run_set done;                  /* of a resumed file */
};

/* writer_new makes a writer for a file that is open; writer_free closes the file, if it is open,
 * unasked. */
struct dataset_writer *writer_new(const char *path);
void writer_free(struct dataset_writer *w);

/* writer_append writes whole frames at the end and syncs them; `end` moves only if all of that
 * succeeds. */
int writer_append(struct dataset_writer *w, struct bytes frames, char err[DATASET_ERR_MAX]);

/* writer_note_block makes room for one more block in the index, and fills it in. */
int writer_note_block(struct dataset_writer *w, struct dataset_index_entry block);

#endif
