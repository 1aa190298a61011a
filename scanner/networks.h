/*
 * networks: the limits of networks over all workers, and the back-off of those that throttle.
 *
 * What       three levels of network: a host, a prefix, an AS. Each level limits the starts in time
 *            and the sessions in flight of each of its networks. A prefix that throttles is blocked
 *            for a while, longer each time, then visited slowly, then faster as all goes well; a
 *            few hosts that always do so among others that go well do not make it one. Targets that
 *            must wait for their network are parked in its queue, those that throttled by
 *            themselves: for retry_delay_ns, twice that, four times that from the beginning of
 *            their first, second, third attempt, to within 16 ms.
 * Units      times in ns of one monotonic clock.
 * Promise    Two starts of one network are at least step_ns apart: no credit. Never more than
 *            max_in_flight of its sessions between grant and end. A start is granted by all levels
 *            or by none. Each parked visit comes back once; first in, first out in each network:
 *            one that was taken and is refused waits at the front of its queue. None is starved: of
 *            the networks that may be tried the one that has waited longest is next. Before all of
 *            them come those that throttled, when their time has come: of as many attempts in the
 *            order in which they were parked, so no later than if the wait were from the end of the
 *            attempt; if their network has no place for them they wait in its queue, as the last.
 * Memory     At most max_entries networks are known at a time (about 100 octets each) and at most
 *            max_parked visits (24 each), at most half of them of targets without an attempt. A
 *            network is forgotten when that changes nothing: nothing in flight, nobody waiting, the
 *            next start due, no throttling for 32 retry delays; for want of room also if it was
 *            never blocked. If none can be forgotten, NETWORK_FULL: no limit is exceeded for want
 *            of memory.
 * Threads    any, whose now_ns need not agree; networks_new and networks_free one. No call waits,
 *            but for a mutex.
 * Ownership  heap. Errors  negative UV_E*.
 */
#ifndef MXSWEEP_SCANNER_NETWORKS_H
#define MXSWEEP_SCANNER_NETWORKS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/addr.h"
#include "scanner/visit.h"

enum network_level { NETWORK_HOST, NETWORK_PREFIX, NETWORK_AS, NUM_NETWORK_LEVELS };

enum {
    NETWORKS_ENTRIES_MAX = 1 << 19,
    NETWORKS_ENTRIES_MIN = 64,
    NETWORKS_PARKED_MAX = 1 << 20,
    NETWORKS_WAIT_NS = 10000000 /* after NETWORK_FULL */
};

#define NETWORKS_DELAY_MAX_NS (20 * UINT64_C(86400000000000)) /* four times that can be kept */

struct network_limit {
    uint64_t step_ns;       /* between two starts; 0: no limit */
    uint32_t max_in_flight; /* 0: no limit */
};

struct networks_config {
    struct network_limit limit[NUM_NETWORK_LEVELS];
    unsigned prefix_len4, prefix_len6;
    uint64_t retry_delay_ns; /* the first block of a network, or wait of a target, that throttles;
                                1 ms to NETWORKS_DELAY_MAX_NS */
    uint32_t max_entries;    /* at least NETWORKS_ENTRIES_MIN, and more than are in flight */
    uint32_t max_parked;     /* at most 2^28 */
};

struct networks;

int networks_new(struct networks **out, const struct networks_config *config);

/* networks_free hands what is still parked to drop, if that is not NULL: its ref and attempts, but
 * not when the newest began. */
void networks_free(struct networks *n, void (*drop)(void *arg, const struct visit *v), void *arg);

enum network_grant {
    NETWORK_OK,     /* start now; networks_end when the session is over */
    NETWORK_PARKED, /* the visit was copied into the queue of a network: forget it */
    NETWORK_FULL    /* no room to park it or for its network: ask again *wait_ns from now */
};

/* networks_start asks for one start at addr, which AS asn (0: unknown, no limit) announces. again:
 * the visit is as networks_take gave it; any other waits behind those that wait already. v NULL: it
 * is not to be parked; then `again` says that it goes before them. wait_ns is set with
 * NETWORK_FULL only; other visits may be taken meanwhile. */
enum network_grant networks_start(struct networks *n, uint64_t *wait_ns, const struct visit *v,
                                  bool again, struct addr addr, uint32_t asn, uint64_t now_ns);

enum network_end {
    NETWORK_WENT_WELL,
    NETWORK_THROTTLED,
    NETWORK_THROTTLED_AGAIN, /* the same target did so before: if its prefix never was blocked, that
                                tells nothing about it */
    NETWORK_UNUSED /* a fault of ours: nothing was connected, it says nothing about the network */
};

/* networks_end ends what was granted with the same addr and asn at start_ns, which is the now_ns of
 * the grant. True if it lets a visit be taken, now or later: networks_take will tell. A prefix
 * that was never blocked is blocked by the fourth of a row of sessions that are throttled, those in
 * flight being taken for ones that will go well, or when more than one of four are for long, or by
 * networks_start of a retry if that was so and is not refuted; later by each session that began
 * after it was blocked last. */
bool networks_end(struct networks *n, struct addr addr, uint32_t asn, enum network_end how,
                  uint64_t start_ns, uint64_t now_ns);

/* networks_park parks the visit of a target that throttled, its attempt added, until the next one
 * may be made; false: no room. */
bool networks_park(struct networks *n, const struct visit *v, uint64_t now_ns);

/* networks_take gives back one visit whose time has come, or whose network may be tried: it is no
 * grant, networks_start is next. False: none now; *due_ns is when to ask again (UINT64_MAX: when a
 * session has ended). */
bool networks_take(struct networks *n, struct visit *out, uint64_t *due_ns, uint64_t now_ns);

/* networks_num_parked: from any thread, lock-free, as is networks_figures. */
uint64_t networks_num_parked(const struct networks *n);

struct networks_figures {
    uint64_t num_parked;     /* visits */
    uint64_t num_backed_off; /* prefixes that throttled and are not back to normal */
    uint64_t num_entries;    /* networks known */
};

void networks_figures(const struct networks *n, struct networks_figures *out);

#endif
