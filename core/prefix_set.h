/*
 * prefix_set: a set of addresses, kept as sorted, disjoint, non-adjacent ranges.
 *
 * Units      counts are addresses; the set of all IPv6 has more than UINT64_MAX: counts are capped
 *            there.
 * Promise    memory is in the number of ranges, never in addresses. Add in any order, then
 *            prefix_set_seal once; the readers (contains, lower, cut, subtract, intersect, count)
 *            need sealed sets.
 * Ownership  the caller's storage; prefix_set_cleanup frees the ranges.
 * Errors     0, or -ENOMEM; the set is then unchanged.
 */
#ifndef MXSWEEP_CORE_PREFIX_SET_H
#define MXSWEEP_CORE_PREFIX_SET_H

#include "core/addr.h"

struct prefix_set {
    struct addr_range *ranges;
    size_t num, cap;
};

void prefix_set_init(struct prefix_set *set);
void prefix_set_cleanup(struct prefix_set *set);

/* prefix_set_add puts one more range into an unsealed set. */
int prefix_set_add(struct prefix_set *set, struct addr_range range);

/* prefix_set_seal sorts the ranges and joins those that overlap or touch. Idempotent. */
void prefix_set_seal(struct prefix_set *set);

/* prefix_set_contains tells whether a is in the sealed set. O(log ranges). */
bool prefix_set_contains(const struct prefix_set *set, struct addr a);

/* prefix_set_lower returns the index of the first range that ends at a or above; num if there is
 * none. */
size_t prefix_set_lower(const struct prefix_set *set, struct addr a);

/* prefix_set_cut takes from the front of *left the longest piece that lies wholly inside or wholly
 * outside the sealed set, and says which. *at is the index of the first range that ends at
 * left->first or above; it is kept up to date. Returns whether anything is left of *left. */
bool prefix_set_cut(const struct prefix_set *set, size_t *at, struct addr_range *piece,
                    bool *inside, struct addr_range *left);

/* prefix_set_subtract makes *out (an initialised, empty set) = a \ b; prefix_set_intersect = a ∩ b.
 * Sealed in, sealed out. */
int prefix_set_subtract(struct prefix_set *out, const struct prefix_set *a,
                        const struct prefix_set *b);
int prefix_set_intersect(struct prefix_set *out, const struct prefix_set *a,
                         const struct prefix_set *b);

/* prefix_set_count returns how many addresses the sealed set holds, capped at UINT64_MAX. */
uint64_t prefix_set_count(const struct prefix_set *set);

/* prefix_set_load adds every line of a blocklist/allowlist file: ADDR, PREFIX or RANGE, `#`
 * comments, blank lines, LF or CRLF. sha256 (may be NULL) takes the digest of the file's octets. On
 * failure returns negative and writes to err "FILE:LINE: what is wrong, how to mend it". Lines are
 * bounded (core/lines.h); a file that cannot be read is an error. */
int prefix_set_load(struct prefix_set *set, uint8_t sha256[32], char *err, size_t err_len,
                    const char *path);

/* special_purpose fills set (initialised) with what the IANA special-purpose registries (RFC 6890
 * and updates) call not globally reachable, and multicast, reserved and unspecified space; sealed.
 */
int special_purpose(struct prefix_set *set);

/* addr_refused tells whether a, or an IPv4 address inside it (6to4 2002::/16, NAT64 64:ff9b::/96;
 * ::ffff:0:0/96 is IPv4 by itself), is in the sealed set. Every address that is about to be visited
 * is asked here. */
bool addr_refused(const struct prefix_set *set, struct addr a);

/* prefix_set_add_refused adds to out (initialised, empty) every address that addr_refused refuses
 * under the sealed set, so that many can be subtracted at once; sealed. */
int prefix_set_add_refused(struct prefix_set *out, const struct prefix_set *set);

#endif
