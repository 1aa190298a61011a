/*
 * again: visits whose attempt failed by a fault of our own, in the order in which they are made
 * again.
 *
 * Promise    first in, first out; O(1). Memory is in the visits held at once: a worker that has
 *            AGAIN_MANY takes no new ones, so only sessions already under way come on top.
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
};

struct again {
    struct again_visit *ring;
    size_t first, num, cap;
};

int again_put(struct again *again, const struct again_visit *visit);

/* again_take takes the oldest; there must be one. */
struct again_visit again_take(struct again *again);

void again_cleanup(struct again *again);

#endif
