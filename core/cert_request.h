/*
 * cert_request: what a server asks of a client's certificate (RFC 5246, 7.4.4; RFC 8446, 4.3.2),
 * read from the body of its CertificateRequest as a record keeps it: its beginning.
 *
 * Promise    hostile octets are bounded work; lists that were cut give what is whole of them.
 * Ownership  views of the body.
 */
#ifndef MXSWEEP_CORE_CERT_REQUEST_H
#define MXSWEEP_CORE_CERT_REQUEST_H

#include "core/bytes.h"

enum { CERT_NAME_TEXT_MAX = 256 };   /* octets of a name's text */

struct cert_request {
    struct bytes ca_names;   /* for cert_request_ca_next */
    bool cut;                /* there were more than are kept */
};

/* cert_request_read finds the names of the authorities that the server accepts; false: the octets
 * are no CertificateRequest of that version. */
bool cert_request_read(struct cert_request *out, struct bytes body, uint16_t version);

/* cert_request_ca_next takes the next name, DER, off *ca_names; false at the end, or where it is
 * malformed. */
bool cert_request_ca_next(struct bytes *ca_names, struct bytes *name);

/* cert_name_text writes a name as "CN=...,O=...", most specific last, values as they are, not
 * escaped; its length. 0: not a Name, or one that has no such text: an attribute without a short
 * name, several in one RDN, or too long. */
size_t cert_name_text(uint8_t out[CERT_NAME_TEXT_MAX], struct bytes name);

#endif
