/*
 * limiter: the limits of a whole sweep, over all workers: starts per second and sessions in flight.
 *
 * Units      step_ns between two starts; times in ns of one monotonic clock. 0 means no limit.
 * Promise    over any window of d ns at most 1 + (d + 10 ms) / step_ns starts are granted, whoever
 *            asks; never more than max_in_flight sessions between grant and end.
 * Threads    lock-free, any thread. Ownership  plain value, no cleanup. Errors  none.
 */
#ifndef MXSWEEP_SCANNER_LIMITER_H
#define MXSWEEP_SCANNER_LIMITER_H

#include <stdatomic.h>
#include <stdint.h>

enum { LIMITER_CREDIT_NS = 10000000 }; /* what may be caught up with after a pause */

struct limiter {
    _Atomic uint64_t step_ns;
    uint64_t max_in_flight;
    _Atomic uint64_t next_ns; /* the next start is due then */
    _Atomic uint64_t in_flight;
};

enum grant {
    GRANT_OK,   /* start now; limiter_end when the session is over */
    GRANT_WAIT, /* *wait_ns from now there may be one */
    GRANT_FULL  /* when a session has ended there may be one */
};

void limiter_init(struct limiter *l, uint64_t step_ns, uint64_t max_in_flight, uint64_t now_ns);
enum grant limiter_start(struct limiter *l, uint64_t *wait_ns, uint64_t now_ns);
void limiter_end(struct limiter *l);

/* limiter_set_step changes the rate from now on: the next start comes no later than step_ns from
 * now_ns. Any thread. */
void limiter_set_step(struct limiter *l, uint64_t step_ns, uint64_t now_ns);

#endif
