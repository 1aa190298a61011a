/*
 * tls_messages: what a server's handshake messages tell, one after the other as they come, TLS 1.0
 * to 1.3 (RFC 5246, 8446; 5077, 5746, 6066, 6962, 7627).
 *
 * What       facts for the record, and which octets of a message are worth keeping. Messages have
 *            their header of four octets, and are whole.
 * Promise    pure; any octets are safe. What does not read leaves unknown what it would have told:
 *            a flag is known only once its yes or its no was seen. What does not exist in a version
 *            (renegotiation, extended master secret in TLS 1.3) stays unknown.
 * Ownership  plain values; parts are views into the message.
 */
#ifndef MXSWEEP_SCANNER_SESSION_TLS_MESSAGES_H
#define MXSWEEP_SCANNER_SESSION_TLS_MESSAGES_H

#include "core/record.h"

struct tls_facts {
    uint16_t version, suite;   /* of the ServerHello, or of the HelloRetryRequest; 0: none came */
    uint16_t known, flags;     /* TLS_FLAG_*, as in a record, and so the rest */
    uint16_t retry_group;
    uint16_t exts[RECORD_EXTS_MAX];
    uint8_t num_exts, compression;
    uint32_t ticket_lifetime_s;
    bool has_hello;            /* private: the ServerHello came, not only a HelloRetryRequest */
    bool has_certs, finished;  /* private: those messages came */
};

/* what a message has to keep; empty: nothing */
struct tls_parts {
    struct bytes certs;     /* of Certificate: for tls_cert_next */
    struct bytes ocsp;      /* an OCSPResponse, DER */
    struct bytes scts;      /* a SignedCertificateTimestampList */
    struct bytes request;   /* body of CertificateRequest */
};

/* tls_message_read adds what a message of the server's tells to *facts, which begin zeroed. */
void tls_message_read(struct tls_facts *facts, struct tls_parts *parts, struct bytes message);

/* tls_facts_say notes a yes, which stays, or a no. */
void tls_facts_say(struct tls_facts *facts, enum tls_flag flag, bool yes);

/* tls_cert_next takes the next certificate off *certs, up to its end or its first fault. */
bool tls_cert_next(struct bytes *certs, struct bytes *cert, uint16_t version);

#endif
