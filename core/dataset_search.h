/*
 * dataset_search: frames that are found by searching octets which may hold what a server sent.
 *
 * Why        a text or certificate may be a whole frame, or many that follow each other, and lie
 *            bare in a block that zstd could not compress. When that block is damaged, or only its
 *            first part was written, nothing but their place tells them from ours.
 * Promise    at most *budget octets are unpacked, over all calls that share it.
 * Errors     -ENOMEM.
 */
#ifndef MXSWEEP_CORE_DATASET_SEARCH_H
#define MXSWEEP_CORE_DATASET_SEARCH_H

#include "core/dataset_frame.h"

enum {
    SEARCH_BARE_MAX = 128 << 10, /* octets of a zstd block: no more of a text lie bare at once */
    SEARCH_BUDGET = 1 << 30
};

enum search_found {
    SEARCH_NOTHING,
    SEARCH_LONG,     /* whole frames that go on for more than SEARCH_BARE_MAX: no server's */
    SEARCH_TO_END,   /* whole frames that go on to the end of the octets */
    SEARCH_EXHAUSTED /* the budget is used up: nobody knows */
};

/* search_frames looks for frames that begin in the first `places` octets of `in`, and says in *at
 * where. An index alone is nothing: it is written with the trailer before it, so that half of a
 * write can hold all of it. */
int search_frames(enum search_found *found, size_t *at, uint64_t *budget, struct frame_codec *codec,
                  struct bytes in, size_t places);

#endif
