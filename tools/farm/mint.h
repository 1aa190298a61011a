/*
 * mint: makes X.509 certificates, byte for byte the same from the same request.
 *
 * Units      times in s since 1970-01-01 UTC.
 * Promise    signatures are deterministic: signers are RSA (PKCS #1 v1.5, SHA-256) or Ed25519,
 * nothing else. Ownership  keys are borrowed; the certificate is the caller's. Errors     NULL: no
 * memory, or a signer of another kind. Sources    RFC 5280, 8410.
 */
#ifndef MXSWEEP_TOOLS_FARM_MINT_H
#define MXSWEEP_TOOLS_FARM_MINT_H

#include <openssl/base.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MINT_SERIAL_LEN = 16, MINT_NAMES_MAX = 3 };

struct mint_name {
    const char *organization; /* NULL: none */
    const char *common;
};

struct mint_request {
    struct mint_name issuer, subject;
    uint8_t serial[MINT_SERIAL_LEN];
    int64_t not_before, not_after;
    EVP_PKEY *key, *signer;            /* of subject and issuer */
    const char *names[MINT_NAMES_MAX]; /* DNS names, up to the first NULL */
    bool ca;
};

/* mint_put_name writes a Name (RFC 5280, 4.1.2.4); 0: no memory. */
int mint_put_name(CBB *out, const struct mint_name *n);

CRYPTO_BUFFER *mint_certificate(const struct mint_request *r);

#endif
