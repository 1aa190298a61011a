/*
 * again: visits that a worker keeps to be made again, in the order in which they came: those whose
 * attempt failed by a fault of our own, and, until they are due, those of which one more connection
 * is wanted.
 *
 * Promise    first in, first out; O(1). Memory is in the visits held at once. Of those that failed:
 *            a worker that has AGAIN_MANY takes no new ones, so only sessions already under way
 *            come on top; of those with one more connection: engine.h bounds targets under audit.
 * Ownership  the caller's storage; again_cleanup frees the ring. Errors  negative UV_E*.
 */
#ifndef MXSWEEP_SCANNER_AGAIN_H
#define MXSWEEP_SCANNER_AGAIN_H

#include <stddef.h>
#include <stdint.h>

#include "scanner/visit.h"

enum { AGAIN_MANY = 1024 };

struct again_visit {
    struct visit visit;
    uint64_t started; /* of its address family by the engine, when it failed first */
    uint32_t tries;   /* attempts that failed by a fault of ours */
    uint64_t due_ns;  /* not before; never less than that of the visit before it */
};

struct again {
    struct again_visit *ring;
    size_t first, num, cap;
};

int again_put(struct again *again, const struct again_visit *visit);

/* again_take takes the oldest; there must be one. */
struct again_visit again_take(struct again *again);

/* again_due_ns is when the oldest is due; UINT64_MAX: there is none. */
uint64_t again_due_ns(const struct again *again);

void again_cleanup(struct again *again);

#endif
