/*
 * file: the few operations by which a dataset is written, with a seam: a test puts its own below,
 * to see what is written and synced when, and to fail it.
 *
 * Promise    file_write_all writes all octets or fails; short writes and EINTR are gone on with.
 * Ownership  the caller's storage; file_close closes the descriptor in any case.
 * Errors     negative errno.
 */
#ifndef MXSWEEP_CORE_FILE_H
#define MXSWEEP_CORE_FILE_H

#include "core/bytes.h"

#include <sys/types.h>

struct file_ops {
    /* NULL: the file is made at path. Else whose descriptor it is, or negative errno. */
    int (*create)(void *context, const char *path);
    /* octets written (maybe fewer than len), or negative errno */
    ssize_t (*write)(void *context, int fd, const void *data, size_t len, uint64_t offset);
    int (*sync)(void *context, int fd);       /* 0: what was written is on the disk */
    int (*sync_dir)(void *context, int fd);   /* fd: of the folder */
    int (*truncate)(void *context, int fd, uint64_t len);
    int (*close)(void *context, int fd);
};

/* the system's own; context is not used */
extern const struct file_ops file_system;

/* as the system's, but nothing is synced before the bool that context points to is true: for files
 * that are of no use until they are whole */
extern const struct file_ops file_lazy;

struct file {
    int fd;
    const struct file_ops *ops;
    void *context;   /* given to the ops */
};

/* file_create makes path, which must not exist, for reading and writing, and locks it: -EEXIST. */
int file_create(struct file *f, const char *path, const struct file_ops *ops, void *context);

/* file_open opens a file that exists for reading and writing, and locks it: -EAGAIN if another has
 * it. */
int file_open(struct file *f, const char *path, const struct file_ops *ops, void *context);

/* file_sync_folder makes the name of path durable. */
int file_sync_folder(struct file *f, const char *path);

int file_write_all(struct file *f, struct bytes data, uint64_t offset);
int file_sync(struct file *f);
int file_truncate(struct file *f, uint64_t len);
int file_close(struct file *f);

#endif
