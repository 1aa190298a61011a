/*
 * rote: a server whose handshake is answered by rules, from a hello alone: what BoringSSL does not
 * serve, and what it would not do wrong.
 *
 * What       octets of a client in; what is to be done out: a flight, an alert, an end. It never
 *            completes a handshake: signatures and key shares are octets of the right length. A
 *            server that completes what BoringSSL can hands the hello over.
 * Promise    pure but for the memory of what it writes; any octets are safe.
 * Ownership  rote_new/rote_free.
 * Errors     NULL: no memory, or a spec that rote_config_parse does not take.
 * Sources    RFC 5246, 8446, 8422, 7919, 7507, 5746, 7627; draft-hickman-netscape-ssl-00.
 */
#ifndef MXSWEEP_TOOLS_FARM_ROTE_H
#define MXSWEEP_TOOLS_FARM_ROTE_H

#include "tools/farm/pki.h"
#include "tools/farm/rote_config.h"
#include "tools/farm/rote_hello.h"

struct sendbuf;

enum rote_answer {
    ROTE_ANSWER_REFUSAL, /* in the manner of `refusal` */
    ROTE_ANSWER_HELLO,   /* a ServerHello and what belongs to it */
    ROTE_ANSWER_RETRY,   /* HelloRetryRequest */
    ROTE_ANSWER_SSL2     /* an SSLv2 SERVER-HELLO */
};

struct rote_choice {
    uint8_t answer;  /* enum rote_answer */
    uint8_t refusal; /* enum rote_manner */
    uint8_t alert;
    uint8_t version;       /* enum rote_version */
    uint16_t suite, group; /* group 0: none takes part */
    uint8_t compression;
    bool own_certificate; /* not the one for those who do not name the server */
};

/* rote_choose says how a server called host answers a hello. */
void rote_choose(struct rote_choice *out, const struct rote_config *c, const struct rote_hello *h,
                 const char *host);

/* rote_signs_with_ec tells whether the certificate of a choice has a key on a curve. */
bool rote_signs_with_ec(const struct rote_choice *choice);

/* rote_completes tells whether BoringSSL is to serve a choice. */
bool rote_completes(const struct rote_config *c, const struct rote_choice *choice);

/* rote_flight writes the answer to a hello; false: no memory. */
bool rote_flight(struct sendbuf *out, const struct rote_config *c, const struct rote_hello *h,
                 const struct rote_choice *choice, const struct chain *chain);

/* rote_alert writes a fatal alert in a record that the client understands. */
void rote_alert(struct sendbuf *out, const struct rote_hello *h, uint8_t number);

/* ---- one connection ---- */

struct rote;

enum rote_step {
    ROTE_WAIT,      /* for more octets */
    ROTE_FLIGHT,    /* rote_choice_of says which: rote_write it */
    ROTE_HAND_OVER, /* BoringSSL goes on with rote_octets */
    ROTE_REFUSE,    /* in the manner of the choice */
    ROTE_GO_ON,     /* the client goes on after the flight: an alert, and the end */
    ROTE_END        /* the client gives up: the end */
};

struct rote *rote_new(const char *spec, const char *host);
void rote_free(struct rote *r);

enum rote_step rote_feed(struct rote *r, const uint8_t *in, size_t in_len);

const struct rote_config *rote_config_of(const struct rote *r);
const struct rote_choice *rote_choice_of(const struct rote *r);
/* rote_octets returns all that the client has sent since the last answer. */
struct bytes rote_octets(const struct rote *r);
bool rote_offers_fallback(const struct rote *r);
bool rote_write(struct rote *r, struct sendbuf *out, const struct chain *chain);
void rote_write_alert(const struct rote *r, struct sendbuf *out, uint8_t number);

#endif
