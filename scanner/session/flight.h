/*
 * flight: reads what answers a crafted hello, up to the octet at which enough is known.
 *
 * Promise    pure, no allocation; any octets are safe; any split of a stream gives the same answer.
 *            Messages may span records and share them. At most FLIGHT_RECORDS_MAX records and
 *            FLIGHT_LEN_MAX octets are read, FLIGHT_MESSAGE_MAX of a message that is kept, and
 *            FLIGHT_WARNINGS_MAX warnings. Certificates are passed over.
 * Sources    draft-hickman-netscape-ssl-00 (SSLv2); RFC 6101, 2246 (SSLv3, TLS 1.0, export keys),
 *            5246, 8422, 4279 and 5489 (ServerKeyExchange), 8446 (TLS 1.3).
 */
#ifndef MXSWEEP_SCANNER_SESSION_FLIGHT_H
#define MXSWEEP_SCANNER_SESSION_FLIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/dh_primes.h"

enum {
    FLIGHT_RECORDS_MAX = 1024,
    FLIGHT_LEN_MAX = 128 * 1024,
    FLIGHT_MESSAGE_MAX = 8192,
    FLIGHT_WARNINGS_MAX = 8,
    FLIGHT_EXTS_MAX = 32
};

enum flight_status { FLIGHT_MORE, FLIGHT_DONE };

enum flight_kind {
    FLIGHT_NOTHING,        /* the peer said nothing, or no whole message */
    FLIGHT_SERVER_HELLO,   /* it chose version and suite */
    FLIGHT_RETRY,          /* HelloRetryRequest: it chose version, suite and group */
    FLIGHT_SSL2,           /* SSLv2 SERVER-HELLO: speaks it, with whatever ciphers */
    FLIGHT_ALERT,          /* a fatal alert, or a warning and nothing else; an SSLv2 ERROR */
    FLIGHT_NOT_TLS,        /* its first octets are no record */
    FLIGHT_MALFORMED,      /* records, or messages in them, that break the protocol */
    FLIGHT_TOO_LONG        /* past a bound */
};

/* curve_type of a ServerKeyExchange (RFC 8422, 5.4) */
enum flight_curve { FLIGHT_CURVE_NONE, FLIGHT_CURVE_PRIME, FLIGHT_CURVE_CHAR2, FLIGHT_CURVE_NAMED };

/* After a hello, an alert or bad octets before the flight is complete give the kind; what the hello
 * said stays, and of a message that breaks the protocol nothing is kept. A peer that fell silent
 * there leaves SERVER_HELLO (SSL2) and complete unset. */
struct flight {
    enum flight_kind kind;
    bool complete;           /* the flight came to the message that told the last of the below */
    uint16_t version;        /* SERVER_HELLO, RETRY, SSL2: chosen; 0: no hello seen */
    uint16_t suite;          /* SERVER_HELLO, RETRY */
    uint8_t compression;
    uint8_t alert_level;     /* 1 warning, 2 fatal; 0: no alert. The fatal one, else the last */
    uint8_t alert_number;
    uint16_t ssl2_error;     /* of an SSLv2 ERROR: 1 no cipher; 0: none */
    uint16_t ssl2_kinds;     /* SSL2: bits of SSL2_KINDS (core/suite_class.h) it would take */

    /* of the hello's extensions */
    uint16_t exts[FLIGHT_EXTS_MAX];   /* types in order */
    uint8_t num_exts;                 /* kept: further ones are left out */
    bool ems, secure_renegotiation, ticket;
    bool downgrade_12, downgrade_11;  /* RFC 8446, 4.1.3: chose 1.2, chose 1.1 or less, can more */

    /* of key share or ServerKeyExchange; 0: not seen, or not of this kind */
    uint16_t group;          /* RETRY: asked for; named curve; ffdhe group whose prime was sent */
    uint8_t curve_type;      /* enum flight_curve */
    uint16_t dh_bits;        /* size of the prime of finite-field Diffie-Hellman */
    enum dh_prime dh_prime;
    uint8_t dh_prime_sha256[32];
    uint16_t rsa_bits;       /* size of an ephemeral RSA modulus (export) */
    uint16_t sigscheme;      /* TLS 1.2 */

    /* private to flight.c */
    uint16_t offered;
    uint8_t state;
    uint8_t header[13];      /* of a record, or of an SSLv2 message */
    uint8_t header_len;
    uint8_t type;            /* of the record */
    uint16_t record_left;    /* octets of it to come */
    uint16_t num_records;
    uint32_t len;            /* octets read */
    uint8_t alert[2];
    uint8_t alert_len, num_warnings;
    uint32_t skip;           /* octets of a message that is passed over */
    uint32_t message_len;    /* so far, header included */
    uint8_t message[4 + FLIGHT_MESSAGE_MAX];
};

/* flight_init begins to read the answer to a hello whose highest version was offered_version;
 * SSLv2 is read only where it is 0x0002. */
void flight_init(struct flight *f, uint16_t offered_version);

/* flight_feed takes in_len octets; FLIGHT_DONE: kind is settled, further octets are of no
 * interest. */
enum flight_status flight_feed(struct flight *f, const uint8_t *in, size_t in_len);

/* flight_end says that the peer will say no more (end, reset, time-out): settles kind. */
void flight_end(struct flight *f);

/* flight_kind_slug: "server-hello" */
const char *flight_kind_slug(enum flight_kind kind);

#endif
