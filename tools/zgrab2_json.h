/*
 * zgrab2_json: a record as a line of zgrab2's smtp module, for programs that read those.
 *
 * Source     zmap/zgrab2 of 2026-07 (processing.go, module.go, status.go, modules/smtp) and
 *            zmap/zcrypto of 2026-07 (tls/tls_handshake.go, x509/json.go).
 * What       facts that a record has, where zgrab2 puts them; doc/export.md says which. Texts are
 *            as Go writes them: what is no UTF-8 is U+FFFD, and their octets cannot be had back.
 */
#ifndef MXSWEEP_TOOLS_ZGRAB2_JSON_H
#define MXSWEEP_TOOLS_ZGRAB2_JSON_H

#include "core/dataset.h"
#include "core/json.h"

/* zgrab2_cert_ref, _parsed and _raw write a certificate as a value of that shape. */
void zgrab2_cert_ref(struct json *j, const uint8_t sha256[32], struct bytes der);
void zgrab2_cert_parsed(struct json *j, const uint8_t sha256[32], struct bytes der);
void zgrab2_cert_raw(struct json *j, const uint8_t sha256[32], struct bytes der);

/* appends certificate i of the record's chain, as one of the above */
typedef void zgrab2_put_cert(void *context, struct json *j, const struct record *r, size_t i);

/* zgrab2_json appends r and a newline. put_cert NULL: no certificates. */
void zgrab2_json(struct json *j, const struct dataset_header *header, const struct record *r,
                 zgrab2_put_cert *put_cert, void *context);

#endif
