/*
 * cert_oid: what the object identifiers in a certificate stand for. Private to cert.
 *
 * Source     RFC 3279, 4055, 5480, 5639, 5758, 8410, 8692, 9881, 9909; SEC 2; GM/T 0006; RFC 9215.
 * Units      an oid is the content octets of the OBJECT IDENTIFIER.
 */
#ifndef MXSWEEP_CORE_CERT_OID_H
#define MXSWEEP_CORE_CERT_OID_H

#include "core/cert.h"

/* cert_oid_sig_alg returns the name of a signature algorithm, or NULL. */
const char *cert_oid_sig_alg(struct bytes oid);

/* cert_oid_curve returns the name of a curve and sets *bits to the size of its field, or NULL. */
const char *cert_oid_curve(uint32_t *bits, struct bytes oid);

enum cert_key_type cert_oid_key_type(struct bytes oid);

#endif
