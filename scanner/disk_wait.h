/*
 * disk_wait: how long a writer that cannot write waits for better times: space that is made, a
 * quota that is raised, a file system that comes back.
 *
 * Units      ns of one monotonic clock, given by the caller.
 * Promise    an error that may pass is tried again once a second, the last time when the wait is
 *            over, and not after it; any other, or a wait of 0, ends it at once. What succeeds in
 *            between begins the wait anew.
 * Ownership  plain value. Errors  none.
 */
#ifndef MXSWEEP_SCANNER_DISK_WAIT_H
#define MXSWEEP_SCANNER_DISK_WAIT_H

#include <stdbool.h>
#include <stdint.h>

struct disk_wait {
    uint64_t wait_ns;
    uint64_t since_ns; /* of the first failure, while `waiting` */
    bool waiting;
};

enum disk_verdict {
    DISK_FINE,
    DISK_TRY_AGAIN, /* at *again_ns */
    DISK_GIVE_UP
};

void disk_wait_init(struct disk_wait *d, uint64_t wait_ns);

/* disk_wait_note takes what a write returned at now_ns: 0, or a negative errno. */
enum disk_verdict disk_wait_note(struct disk_wait *d, uint64_t *again_ns, int rc, uint64_t now_ns);

/* disk_wait_may_pass tells whether an error is of the disk, not of the file: no space, no quota, an
 * I/O error, a file system that is read-only for now. Such a sweep can be gone on with. */
bool disk_wait_may_pass(int rc);

#endif
