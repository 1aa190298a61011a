/*
 * status_files: keeps the files that tell machines of a running sweep: --status-updates-file and
 * --metrics-file.
 *
 * Promise    a line is added whole or, if the reader of a pipe is slow, left out: no write waits.
 *            The metrics file is replaced by rename: a reader sees the old or the new one, whole.
 *            Files that hold something else are neither added to nor replaced.
 * Ownership  the caller's storage; names are the caller's and outlive it.
 * Errors     when opening: -EINVAL, with what is wrong in err. When writing: told on stderr, once
 *            for each file; a sweep goes on without.
 */
#ifndef MXSWEEP_SCANNER_STATUS_FILES_H
#define MXSWEEP_SCANNER_STATUS_FILES_H

#include "core/json.h"
#include "scanner/progress.h"

enum { STATUS_FILES_ERR_MAX = 512 };

struct status_files {
    const char *status_name, *metrics_name; /* NULL: not asked for */
    char *scratch_name;                     /* beside metrics_name */
    struct json line;
    int status_fd; /* -1: none */
    bool torn;     /* the last line is not whole */
    bool told_status, told_metrics;
};

/* status_files_open makes sure that what is asked for can be written; either name may be NULL, and
 * status_name "-" is stdout. On failure there is nothing to close. */
int status_files_open(struct status_files *files, char err[STATUS_FILES_ERR_MAX],
                      const char *status_name, const char *metrics_name);
void status_files_close(struct status_files *files);

/* status_files_update writes a status to both. utc_us: now, since 1970. */
void status_files_update(struct status_files *files, const struct status *s, int64_t utc_us,
                         uint32_t num_shards, uint32_t shard);

#endif
