/*
 * addr: one Internet address, IPv4 and IPv6 on one line of 128 bits.
 *
 * Shape      hi and lo are the upper and lower half of the IPv6 address; IPv4 a.b.c.d is
 *            ::ffff:a.b.c.d (RFC 4291, 2.5.5.2), so the mapped form of an IPv4 address *is* that
 *            address.
 * Ownership  plain value.
 * Errors     parse functions return false and leave the output untouched.
 */
#ifndef MXSWEEP_CORE_ADDR_H
#define MXSWEEP_CORE_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct addr {
    uint64_t hi, lo;
};

struct addr_range {
    struct addr first, last; /* both included; first <= last */
};

enum {
    ADDR_TEXT_MAX = 46, /* octets of the longest text form, NUL included */
    ADDR_PREFIX_TEXT_MAX = ADDR_TEXT_MAX + 4
};

/* addr_parse reads one address from exactly len octets of text (no spaces, no zone). */
bool addr_parse(struct addr *out, const char *text, size_t len);

/* addr_range_parse reads "ADDR", "ADDR/LEN" (host bits must be 0) or "ADDR-ADDR" of one family.
 * IPv6 that would cover all of IPv4 as well, such as ::/0, is refused. On failure *why (if not
 * NULL) points to a constant that says what is wrong. */
bool addr_range_parse(struct addr_range *out, const char **why, const char *text, size_t len);

/* addr_prefix_meant writes the prefix that an "ADDR/LEN" with host bits must have meant
 * ("10.1.2.3/8": "10.0.0.0/8") and a NUL, and returns its length; 0 if text is nothing of the kind.
 */
size_t addr_prefix_meant(char out[ADDR_PREFIX_TEXT_MAX], const char *text, size_t len);

/* addr_format writes the text form (IPv4 dotted, IPv6 as RFC 5952 has it) and a NUL; returns its
 * length. */
size_t addr_format(char out[ADDR_TEXT_MAX], struct addr a);

/* addr_from_bytes reads 4 or 16 octets in network order; any other len is false. */
bool addr_from_bytes(struct addr *out, const uint8_t *octets, size_t len);

/* addr_to_bytes writes 4 octets for IPv4, 16 for IPv6, and returns how many. */
size_t addr_to_bytes(uint8_t out[16], struct addr a);

/* addr_v4 makes an address of an IPv4 address in host order. */
static inline struct addr addr_v4(uint32_t v4)
{
    return (struct addr){0, 0xffff00000000ULL | v4};
}

/* addr_is_v4 tells whether a lies in ::ffff:0:0/96. */
static inline bool addr_is_v4(struct addr a)
{
    return a.hi == 0 && a.lo >> 32 == 0xffff;
}

/* addr_cmp orders addresses as 128-bit numbers: < 0, 0, > 0. */
static inline int addr_cmp(struct addr a, struct addr b)
{
    if (a.hi != b.hi)
        return a.hi < b.hi ? -1 : 1;
    if (a.lo != b.lo)
        return a.lo < b.lo ? -1 : 1;
    return 0;
}

/* addr_add returns a + n (mod 2^128). */
static inline struct addr addr_add(struct addr a, uint64_t n)
{
    struct addr sum = {a.hi, a.lo + n};
    if (sum.lo < a.lo)
        sum.hi++;
    return sum;
}

/* addr_distance returns b - a, capped at UINT64_MAX; a must not be above b. */
uint64_t addr_distance(struct addr a, struct addr b);

/* addr_range_count returns how many addresses r holds, capped at UINT64_MAX. */
uint64_t addr_range_count(struct addr_range r);

/* addr_network returns the network of a: the upper v4_len bits of an IPv4 address, the upper v6_len
 * bits of an IPv6 address, the rest zero. */
struct addr addr_network(struct addr a, unsigned v4_len, unsigned v6_len);

#endif
