/*
 * rote_suites: what a suite's number says of its handshake; and primes for Diffie-Hellman.
 *
 * Promise    pure. A table of the farm's own: what audits find is compared with it.
 * Sources    IANA "TLS Cipher Suites"; RFC 2409, 3526, 7919 (primes).
 */
#ifndef MXSWEEP_TOOLS_FARM_ROTE_SUITES_H
#define MXSWEEP_TOOLS_FARM_ROTE_SUITES_H

#include "tools/farm/rote_config.h"

/* how the key is exchanged, and by whom that is signed */
enum rote_kx {
    ROTE_KX_STATIC, /* by what the certificate holds, or what both know: no ServerKeyExchange */
    ROTE_KX_RSA_EXPORT,
    ROTE_KX_DHE,
    ROTE_KX_DH_ANON,
    ROTE_KX_ECDHE_RSA,
    ROTE_KX_ECDHE_ECDSA,
    ROTE_KX_ECDH_ANON,
    ROTE_KX_TLS13
};

enum rote_kx rote_suite_kx(uint16_t suite);

/* rote_suite_fits tells whether a version is meant to have a suite. */
bool rote_suite_fits(uint16_t suite, enum rote_version version);

/* rote_suite_export_bits returns the size of keys of an export suite; 0: it is none. */
uint16_t rote_suite_export_bits(uint16_t suite);

/* rote_group_share_len returns the octets of a server's key share; 0: a group that is not known. */
size_t rote_group_share_len(uint16_t group);

/* rote_group_is_pq tells whether a group is a hybrid with ML-KEM or Kyber. */
bool rote_group_is_pq(uint16_t group);

/* rote_group_find returns a group by its name, or 0. */
uint16_t rote_group_find(const char *name, size_t len);

struct rote_prime {
    const char *name; /* "own", or as published */
    uint16_t bits;
    const char *hex;
};

/* rote_prime_find reads "1024" (a prime of nobody else's) or a published one's name; NULL: none. */
const struct rote_prime *rote_prime_find(const char *text, size_t len);

enum { ROTE_PRIME_MAX = 512 };
/* rote_prime_octets writes the prime, most significant octet first, and returns its octets. */
size_t rote_prime_octets(uint8_t out[ROTE_PRIME_MAX], const struct rote_prime *prime);

#endif
