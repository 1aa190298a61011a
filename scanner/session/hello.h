/*
 * hello: reads ClientHello and ServerHello messages (RFC 8446, 4.1; RFC 5246, 7.4.1), with their
 * header of four octets.
 *
 * Promise    pure; any octets are safe; what is read is untouched when false is returned.
 */
#ifndef MXSWEEP_SCANNER_SESSION_HELLO_H
#define MXSWEEP_SCANNER_SESSION_HELLO_H

#include "core/bytes.h"

enum { HELLO_RANDOM_LEN = 32 };

/* hello_random_is_retry tells whether a ServerHello's random says that it is a HelloRetryRequest
 * (RFC 8446, 4.1.3). */
bool hello_random_is_retry(const uint8_t random[HELLO_RANDOM_LEN]);

/* a ServerHello or HelloRetryRequest: views into the message */
struct server_hello {
    uint16_t version, suite;   /* version: that of supported_versions where there is one */
    uint8_t compression;
    bool retry;                /* a HelloRetryRequest */
    const uint8_t *random;
    struct bytes exts;         /* for extension_next: whole */
};
bool server_hello_read(struct server_hello *out, struct bytes message);

/* extension_next takes the next extension off *exts, up to their end or the first that is cut. */
bool extension_next(struct bytes *exts, uint16_t *type, struct bytes *value);

/* client_hello_normalise zeroes random, session id, the octets of the key shares and of the server
 * name in place, so that what is left depends only on what is offered; false: no hello, and of no
 * use any more. */
bool client_hello_normalise(uint8_t *message, size_t len);

enum { JA4_LEN = 36 };   /* t13i171000_ 12 hex _ 12 hex */

/* client_hello_ja4 writes the JA4 fingerprint of a hello over TCP, with a NUL.
 * Source: FoxIO, "JA4: TLS Client Fingerprinting" (technical_details/JA4.md, BSD licence for JA4
 * alone). */
bool client_hello_ja4(char out[JA4_LEN + 1], struct bytes message);

#endif
