/*
 * sct: reads lists of signed certificate timestamps (RFC 6962, 3.3), from wherever they came: the
 * TLS extension signed_certificate_timestamp, the certificate's extension
 * 1.3.6.1.4.1.11129.2.4.2, or the extension ...2.4.5 of an OCSP answer (ocsp_judgement.sct_list).
 *
 * Units      timestamps in ms since 1970-01-01 UTC, as the log stated them.
 * Promise    bounded work over hostile octets; an SCT that cannot be read is marked and passed
 *            over, and the rest of the list stands.
 * Unchecked  the signatures: whether a log made an SCT is not told, only which log it names.
 * Ownership  SCTs are views of the list.
 */
#ifndef MXSWEEP_CORE_SCT_H
#define MXSWEEP_CORE_SCT_H

#include "core/bytes.h"
#include "core/json.h"

enum {
    SCT_LOG_ID_LEN = 32,
    SCTS_JSON_MAX = 32   /* SCTs that sct_json writes out */
};

struct sct {
    struct bytes raw;         /* SerializedSCT */
    bool malformed;           /* not to be read, or of a version that is not known: all below is
                               * empty but version */
    bool has_version;
    uint8_t version;          /* as on the wire: 0 is v1 */
    struct bytes log_id;      /* SHA-256 of the log's key */
    uint64_t timestamp_ms;
    struct bytes extensions;
    uint16_t sigscheme;       /* hash and signature: the code points of TLS 1.2, 0x0403 */
    struct bytes signature;
};

struct sct_list {
    struct bytes rest;
    bool malformed;           /* the list's own framing is wrong; settled when sct_next is done */
};

/* sct_list_init begins a SignedCertificateTimestampList: with the length of two octets that it
 * starts with. An empty list is malformed (RFC 6962 wants one SCT at least). */
void sct_list_init(struct sct_list *l, struct bytes list);

/* sct_next takes the next SCT; false at the end. */
bool sct_next(struct sct *out, struct sct_list *l);

/* sct_list_unwrap finds the list in the value of a certificate's extension (what its OCTET STRING
 * holds), where it is wrapped in an OCTET STRING of its own. */
bool sct_list_unwrap(struct bytes *list, struct bytes extension_value);

/* sct_json writes a list as one JSON object (doc/ocsp-sct.md). */
void sct_json(struct json *j, struct bytes list);

#endif
