/*
 * again: positions whose attempt failed by a fault of our own, in the order in which they are tried
 * again.
 *
 * Promise    first in, first out; O(1). Memory is in the positions held at once: a worker that has
 *            AGAIN_MANY takes no new ones, so only sessions already under way come on top.
 * Ownership  the caller's storage; again_cleanup frees the ring. Errors  negative UV_E*.
 */
#ifndef MXSWEEP_SCANNER_AGAIN_H
#define MXSWEEP_SCANNER_AGAIN_H

#include <stddef.h>
#include <stdint.h>

enum { AGAIN_MANY = 1024 };

/* one position on its way through a worker */
struct visit {
    uint64_t position;
    uint64_t started;   /* of its address family by the engine, when it failed first */
    uint32_t tries;     /* attempts that failed by a fault of ours */
};

struct again {
    struct visit *ring;
    size_t first, num, cap;
};

int again_put(struct again *again, const struct visit *visit);

/* again_take takes the oldest; there must be one. */
struct visit again_take(struct again *again);

void again_cleanup(struct again *again);

#endif
