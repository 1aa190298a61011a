/* The certificates of tests/data/chains, by name, for the tests of judging. */
#ifndef MXSWEEP_TESTS_CORE_CHAINS_H
#define MXSWEEP_TESTS_CORE_CHAINS_H

#include "core/judge.h"

#define CHAINS_TIME                                                                                \
    INT64_C(1767225600) /* 2026-01-01: all but those named -old and -new are valid */

enum { CHAINS_CERTS_MAX = 256, CHAINS_OCTETS_MAX = 1 << 18 };

struct chains {
    struct bytes certs[CHAINS_CERTS_MAX];
    size_t num;
    uint8_t octets[CHAINS_OCTETS_MAX];
    size_t num_octets;
};

/* chains_add appends the certificates named in words: "leaf sub". A "~" before a name changes the
 * last octet, which is one of the signature; a "/" cuts the last octet off. */
void chains_add(struct chains *c, const char *words);

/* chains_store opens a trust store of the certificates named. */
struct trust_store *chains_store(const char *words);

/* chains_pem writes one as PEM and returns its length. */
size_t chains_pem(char *out, size_t out_len, struct bytes der);

#endif
