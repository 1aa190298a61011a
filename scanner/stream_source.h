/*
 * stream_source: where a list comes from: a file, a pipe, standard input; read in a way that can be
 * broken off.
 *
 * Ownership  the caller's storage; stream_source_close closes what was opened, and never standard
 *            input itself.
 * Threads    stream_source_wake from any; the rest from one.
 * Errors     negative errno.
 */
#ifndef MXSWEEP_SCANNER_STREAM_SOURCE_H
#define MXSWEEP_SCANNER_STREAM_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct stream_source {
    const char *name; /* for messages: the path, or "standard input" */
    int fd, wake_fd;
    bool is_file;        /* a regular one: it ends where its writer wanted it to */
    uint64_t octets_len; /* of a file, from where it is read; else 0 */
};

/* stream_source_open opens path ("-": standard input), which outlives the source. -EINVAL: it
 * cannot be read, and err says why. A named pipe without a writer is opened at once. */
int stream_source_open(struct stream_source *source, char *err, size_t err_len, const char *path);
void stream_source_close(struct stream_source *source);

/* stream_source_read waits for octets and returns how many, 0 at the end, -ECANCELED once
 * stream_source_wake was called, or another error. */
ssize_t stream_source_read(struct stream_source *source, char *out, size_t out_len);
void stream_source_wake(struct stream_source *source);

#endif
