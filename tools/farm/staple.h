/*
 * staple: makes OCSP responses and lists of certificate timestamps, byte for byte the same.
 *
 * Units      times in s since 1970-01-01 UTC.
 * Ownership  octets are the caller's: OPENSSL_free. Certificates and keys are borrowed.
 * Errors     false: no memory, or a certificate that the mint did not make.
 * Sources    RFC 6960, 5019 (OCSP); RFC 6962, 3.3 (timestamps).
 */
#ifndef MXSWEEP_TOOLS_FARM_STAPLE_H
#define MXSWEEP_TOOLS_FARM_STAPLE_H

#include <openssl/base.h>

#include "tools/farm/behaviour.h"

struct staple_request {
    const CRYPTO_BUFFER *leaf, *issuer;
    EVP_PKEY *signer; /* the issuer's RSA key */
    EVP_PKEY *other;  /* another RSA key, for what is wrongly signed */
    int64_t now_s;
};

/* staple_make writes the response of a kind that is not STAPLE_NONE. */
bool staple_make(uint8_t **out, size_t *len, const struct staple_request *r, enum staple kind);

/* staple_timestamps writes a list of num timestamps by logs that nobody runs. */
bool staple_timestamps(uint8_t **out, size_t *len, size_t num, int64_t now_s);

#endif
