/*
 * rote_hello: reads the ClientHello that a server by rote answers.
 *
 * What       records of TLS, or one of SSLv2, are put together until the hello is whole; then its
 *            parts are looked up. SSLv2 hellos that offer SSLv3 or more (RFC 5246, E.2) are read
 *            too.
 * Promise    pure, no allocation; any octets are safe; any split of them gives the same hello.
 * Ownership  the parts of a rote_hello point into the octets that were read, or are constants.
 * Sources    RFC 5246, 8446, 6066 (server name), 7507; draft-hickman-netscape-ssl-00.
 */
#ifndef MXSWEEP_TOOLS_FARM_ROTE_HELLO_H
#define MXSWEEP_TOOLS_FARM_ROTE_HELLO_H

#include "core/bytes.h"

enum { ROTE_HELLO_MAX = 17000 }; /* octets, with their records */

struct rote_hello {
    uint16_t version;  /* client_version */
    bool ssl2;         /* written as one of SSLv2 */
    uint8_t suite_len; /* octets of each of suites: 2, or 3 of SSLv2 */
    struct bytes suites, compressions, session_id;
    struct bytes groups, shares, versions, sigschemes; /* bodies of their extensions' lists */
    struct bytes host;                                 /* the first of its server names */
    bool has_groups, has_shares, has_versions, has_host;
    bool ems, renegotiation, ticket;
    size_t len; /* of the handshake message */
};

enum rote_read { ROTE_READ_MORE, ROTE_READ_DONE, ROTE_READ_BAD };

/* the octets of a hello as they come; all zero: none yet */
struct rote_reader {
    uint8_t octets[ROTE_HELLO_MAX];  /* as they came */
    uint8_t message[ROTE_HELLO_MAX]; /* less the headers of TLS records */
    size_t len, message_len;
    size_t at;          /* octets of `octets` looked at */
    size_t record_left; /* of the record in hand */
    bool skipping;      /* that record is passed over: ChangeCipherSpec */
};

/* rote_reader_feed takes octets; DONE: *out is the hello. What comes behind it stays in octets. */
enum rote_read rote_reader_feed(struct rote_reader *r, struct rote_hello *out, const uint8_t *in,
                                size_t in_len);

/* rote_hello_read reads a handshake message (TLS), or the body of a record (SSLv2). */
bool rote_hello_read(struct rote_hello *out, struct bytes message, bool ssl2);

/* rote_hello_suite returns suite index of the list, 0 when it is none of TLS; false: no more. */
bool rote_hello_suite(uint32_t *out, const struct rote_hello *h, size_t index);

/* rote_hello_offers tells whether a suite is listed; SSLv2: of a cipher kind. */
bool rote_hello_offers(const struct rote_hello *h, uint32_t suite);

/* rote_hello_lists tells whether a list of 16 bit numbers holds one. */
bool rote_hello_lists(struct bytes list, uint16_t number);

/* rote_hello_has_share tells whether there is a key share of the group. */
bool rote_hello_has_share(const struct rote_hello *h, uint16_t group);

#endif
