/*
 * probe: owns one attempt's socket and runs its session.
 *
 * Lifetime   probe_start opens the socket; the probe ends once (with a record, or by
 *            probe_abort) and is given back to its worker from the close callback of its poll
 *            handle.
 * Errors     negative errno: nothing was started, the probe is still the caller's; fd is negative
 *            if that was before connect().
 */
#ifndef MXSWEEP_SCANNER_PROBE_H
#define MXSWEEP_SCANNER_PROBE_H

#include "scanner/worker.h"

struct probe {
    uv_poll_t poll;
    struct worker *worker;
    struct probe *next_free;
    int fd;
    int send_errnum; /* of a failed send; what can still be read is read first */
    bool finished, unused;
    uint8_t source;  /* index of our address; 0 where the kernel chose */
    int poll_events; /* what is being waited for */
    struct candidate at;
    struct deadline wait_deadline, session_deadline;
    struct session session;
    uint8_t *unsent; /* octets that the kernel would not take yet; NULL mostly */
    size_t unsent_len;
};

struct probe_slab {
    struct probe_slab *next;
    struct probe probes[64];
};

/* probe_start begins an attempt at c's target, under a grant of the engine's and of networks at
 * now_ns. */
int probe_start(struct probe *p, const struct candidate *c, uint64_t now_ns);

/* probe_timeout: the deadline of what is being waited for, or that of the whole session, has
 * passed: the probe is finished. */
void probe_timeout(struct probe *p, uint64_t now_ns);

/* probe_abort closes without a record, and frees the errand: the position stays open, and the sweep
 * is at its end. */
void probe_abort(struct probe *p);

/* probe_of_wait and probe_of_session find the probe that embeds a deadline. */
struct probe *probe_of_wait(struct deadline *d);
struct probe *probe_of_session(struct deadline *d);

#endif
