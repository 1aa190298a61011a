/*
 * big_certs: certificates by the million: a few that BoringSSL made, with other octets in the places
 * that differ from one to the next.
 *
 * What       leaves below some intermediates, and self-signed ones; RSA-2048 and P-256. Names, serial
 *            numbers, dates, keys and signatures follow from seed and number. Keys and signatures are
 *            noise: parsers read them, no signature verifies.
 * Ownership  _new/_free; leaves are written to the caller's storage, issuers belong to the certs.
 */
#ifndef MXSWEEP_BENCHMARKS_BIG_CERTS_H
#define MXSWEEP_BENCHMARKS_BIG_CERTS_H

#include "core/bytes.h"

enum { BIG_DER_MAX = 4096, BIG_ISSUERS = 24, BIG_SELF_SIGNED = BIG_ISSUERS };

struct big_certs;

struct big_certs *big_certs_new(uint64_t seed, int64_t now_s);
void big_certs_free(struct big_certs *c);

/* big_certs_leaf writes leaf `number`; *issuer is its issuer, or BIG_SELF_SIGNED. */
struct bytes big_certs_leaf(const struct big_certs *c, uint8_t out[BIG_DER_MAX], uint32_t *issuer,
                            uint64_t number);

/* big_certs_root returns the root above them. */
struct bytes big_certs_root(const struct big_certs *c);

/* big_certs_issuer returns an intermediate. */
struct bytes big_certs_issuer(const struct big_certs *c, uint32_t issuer);

/* big_random returns noise that follows from its arguments only. */
static inline uint64_t big_random(uint64_t seed, uint64_t stream, uint64_t number)
{
    uint64_t x =
        seed + stream * UINT64_C(0x9e3779b97f4a7c15) + number * UINT64_C(0xd1342543de82ef95);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

#endif
