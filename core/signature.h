/*
 * signature: whether something signed in DER (a certificate, a basic OCSP response) bears the
 * signature of a given key.
 *
 * Algorithms RSA with PKCS #1 v1.5 and PSS, ECDSA, with SHA-1 to SHA-512; Ed25519. Whether one
 *            should still be trusted is for the caller to say: its name is a fact of its own.
 * Promise    hostile input is bounded work: one hash over what was signed, one operation with a key
 *            of a size that BoringSSL takes. What cannot be told is unsupported, never bad.
 * Ownership  a signed_der is a view of the DER given.
 * Source     RFC 5280, 4.1.1; RFC 4055; RFC 5758; RFC 8410.
 */
#ifndef MXSWEEP_CORE_SIGNATURE_H
#define MXSWEEP_CORE_SIGNATURE_H

#include "core/bytes.h"

enum signature_verdict {
    SIGNATURE_UNSUPPORTED,   /* an algorithm or a key that is not known here */
    SIGNATURE_BAD,
    SIGNATURE_GOOD
};

/* SEQUENCE { body, AlgorithmIdentifier, BIT STRING, rest } */
struct signed_der {
    struct bytes body;            /* whole element: the octets that were signed */
    struct bytes algorithm_oid;   /* content octets of the OID */
    struct bytes parameters;      /* of the algorithm, DER; empty: absent */
    struct bytes signature;       /* without the count of unused bits */
    struct bytes rest;            /* behind the signature; certificates have nothing there */
};

/* signed_der_read finds the parts; false, and nothing touched, if der has another shape or octets
 * behind its end. */
bool signed_der_read(struct signed_der *out, struct bytes der);

/* signature_check checks the signature of s with the key of a SubjectPublicKeyInfo in DER. */
enum signature_verdict signature_check(const struct signed_der *s, struct bytes spki);

#endif
