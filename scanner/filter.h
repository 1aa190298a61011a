/*
 * filter: the addresses that must not be visited, asked at the last moment: special-purpose ranges,
 * blocklist, allowlist.
 *
 * What       a filter does not change; a newer one takes its place in a slot, while workers still
 *            ask the older one that they hold.
 * Ownership  filters are counted references. special and allow are the caller's and outlive them.
 * Threads    a filter is read by any number; slot functions from any thread.
 */
#ifndef MXSWEEP_SCANNER_FILTER_H
#define MXSWEEP_SCANNER_FILTER_H

#include <pthread.h>
#include <stdatomic.h>

#include "core/prefix_set.h"

struct filter;

/* filter_new takes block (sealed; may be empty) out of the caller's hands, also on failure. special
 * and allow may be NULL: nothing refused; all allowed. NULL: no memory. */
struct filter *filter_new(const struct prefix_set *special, struct prefix_set *block,
                          const struct prefix_set *allow);
void filter_unref(struct filter *f); /* NULL is allowed */

/* filter_refuses tells whether a must not be visited. f NULL: no. */
bool filter_refuses(const struct filter *f, struct addr a);

struct filter_slot {
    pthread_mutex_t lock;
    struct filter *now;
    _Atomic unsigned version;
};

int filter_slot_init(struct filter_slot *slot, struct filter *first); /* takes the reference */
void filter_slot_cleanup(struct filter_slot *slot);

/* filter_slot_set makes f (a reference that is taken over) the one that counts from now on. */
void filter_slot_set(struct filter_slot *slot, struct filter *f);

/* filter_slot_get renews *mine (a reference of the caller's, or NULL) if there is a newer one than
 * *version tells. */
void filter_slot_get(struct filter_slot *slot, struct filter **mine, unsigned *version);

#endif
