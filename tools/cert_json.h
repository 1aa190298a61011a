/*
 * cert_json: a certificate as a JSON object: what an export shows of it (doc/export.schema.json).
 *
 * Promise    hostile DER gives a valid object, with its hash at least; at most CERT_JSON_NAMES_MAX
 *            names are shown.
 */
#ifndef MXSWEEP_TOOLS_CERT_JSON_H
#define MXSWEEP_TOOLS_CERT_JSON_H

#include "core/cert.h"
#include "core/json.h"

enum { CERT_JSON_NAMES_MAX = 1024 };

/* cert_json_parsed writes names, validity, key and signature algorithm. */
void cert_json_parsed(struct json *j, const uint8_t sha256[32], struct bytes der);

/* cert_json_pem writes the whole of it, as PEM. */
void cert_json_pem(struct json *j, const uint8_t sha256[32], struct bytes der);

/* cert_json_names writes a list of the names of that type, but for those beyond the limit, which is
 * *left; nothing if there are none. */
void cert_json_names(struct json *j, const char *key, struct bytes san, enum cert_name_type type,
                     size_t *left);

/* cert_json_rsa finds modulus and exponent of an RSA key, without the zeros before them. */
bool cert_json_rsa(struct bytes *modulus, struct bytes *exponent, const struct cert_facts *facts);

/* cert_key_type_name returns "RSA", "EC", ...; NULL: not known. */
const char *cert_key_type_name(enum cert_key_type type);

#endif
