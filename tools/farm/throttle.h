/*
 * throttle: which connections come too fast for the network that they call.
 *
 * What       each network (/24, /48 of IPv6) remembers its last `limit` connections; one that comes
 *            while all of these are younger than the window is refused. Refused ones count too, as
 *            they do at real servers: who does not slow down is never let in.
 * Units      us of a monotonic clock that the caller supplies; it must not go back.
 * Promise    exact within memory of at most THROTTLE_OCTETS_MAX octets and THROTTLE_NETWORKS_MAX
 *            networks; beyond that the network that was silent longest is forgotten.
 * Threads    one throttle is shared by all processes that are forked after throttle_new.
 * Ownership  throttle_new/throttle_free.
 * Errors     NULL: no memory. throttle_parse returns false and leaves the output untouched.
 */
#ifndef MXSWEEP_TOOLS_FARM_THROTTLE_H
#define MXSWEEP_TOOLS_FARM_THROTTLE_H

#include "core/addr.h"

enum { THROTTLE_LIMIT_MAX = 10000, THROTTLE_NETWORKS_MAX = 65536, THROTTLE_OCTETS_MAX = 64 << 20 };

struct throttle_spec {
    uint32_t limit; /* connections that one window may hold; 0: no throttling */
    uint64_t window_us;
};

struct throttle;

/* throttle_parse reads "K/s", "K/m" or "K/h", K from 1 to THROTTLE_LIMIT_MAX. */
bool throttle_parse(struct throttle_spec *out, const char *text);

struct throttle *throttle_new(struct throttle_spec spec);
void throttle_free(struct throttle *t);

/* throttle_num_networks returns how many networks it remembers before it must forget one. */
uint32_t throttle_num_networks(struct throttle_spec spec);

/* throttle_admit counts a connection to a at now_us and tells whether it is let in. */
bool throttle_admit(struct throttle *t, uint64_t now_us, struct addr a);

#endif
