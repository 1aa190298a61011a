/*
 * layer: a file layer for tests, that logs what is written and synced, and fails where it is told
 * to.
 *
 * What       writes go to the real file; syncs only to the log.
 * Ownership  the caller's storage, zeroed; layer_cleanup frees the log.
 */
#ifndef MXSWEEP_TESTS_CORE_LAYER_H
#define MXSWEEP_TESTS_CORE_LAYER_H

#include "core/file.h"

enum { LAYER_FILES = 32 };

enum op_kind { OP_WRITE, OP_SYNC, OP_SYNC_DIR, OP_TRUNCATE, OP_CLOSE, NUM_OPS };

struct op {
    enum op_kind kind;
    unsigned file;   /* number of the file, in the order in which they are seen; not of OP_SYNC_DIR */
    uint64_t offset; /* of a write; length of a truncation */
    size_t len;
    uint8_t *data;
};

struct layer {
    struct op *log; /* of what succeeded */
    size_t num, cap;
    size_t calls[NUM_OPS];
    struct {
        size_t from, count; /* from call `from` on, `count` calls fail */
        int rc;
    } faults[NUM_OPS];
    size_t short_len; /* longest write; 0: any */
    uint64_t inodes[LAYER_FILES]; /* of the files */
    unsigned num_files;
};

extern const struct file_ops layer_ops; /* context: a struct layer */
void layer_cleanup(struct layer *l);

#endif
