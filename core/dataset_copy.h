/*
 * dataset_copy: a dataset made of the items of another, word for word: what repairing takes.
 *
 * What       header, blocks and events are copied as they are, keys that this code does not know
 *            included; the hashes that chain them, trailer and index are made anew.
 * Ownership  the writer is a dataset_writer: dataset_event, dataset_finish and dataset_abandon go
 *            on as usual. Nothing can be added to it record by record.
 * Errors     as dataset.h.
 */
#ifndef MXSWEEP_CORE_DATASET_COPY_H
#define MXSWEEP_CORE_DATASET_COPY_H

#include "core/dataset.h"
#include "core/file.h"

/* dataset_copy_create makes path as dataset_create does. item: a header as it lies in a file, which
 * h is decoded from; both outlive the writer. ops may put syncing off (file_lazy). */
int dataset_copy_create(struct dataset_writer **out, char err[DATASET_ERR_MAX], const char *path,
                        struct bytes item, const struct dataset_header *h,
                        const struct file_ops *ops, void *context);

/* dataset_copy_block appends a block that b was decoded from. -EEXIST: a position of it is done by
 * a block before it; nothing is written. */
int dataset_copy_block(struct dataset_writer *w, char err[DATASET_ERR_MAX], struct bytes item,
                       const struct block *b);
int dataset_copy_event(struct dataset_writer *w, char err[DATASET_ERR_MAX], struct bytes item);

#endif
