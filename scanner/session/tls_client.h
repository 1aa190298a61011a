/*
 * tls_client: TLS 1.0 to 1.3 as a client on BoringSSL, fed from memory, that accepts and records
 * everything.
 *
 * What       one tls_context per thread (SSL_CTX, offer from offer.h, shared buffer pool, message
 *            callback); one tls_client per session, from the 220 to STARTTLS until its end.
 * Promise    lists of versions, suites, groups and signature schemes are those of offer.h on every
 *            BoringSSL. All that the peer's messages tell (tls_messages.h), certificates and alerts
 *            is taken as they come, and so kept when the handshake fails. What a peer can make us
 *            read is bounded: more than the limits below is a failure, too-long.
 * Ownership  _new/_free; a client lives no longer than its context and outbuf. Octets in are
 *            borrowed for the call; octets out go to the outbuf.
 * Errors     TLS_FAULT: no memory. All else is a finding.
 */
#ifndef MXSWEEP_SCANNER_SESSION_TLS_CLIENT_H
#define MXSWEEP_SCANNER_SESSION_TLS_CLIENT_H

#include <openssl/base.h>

#include "core/dataset.h"
#include "scanner/session/offer.h"
#include "scanner/session/session.h"

enum {
    TLS_HANDSHAKE_MAX = 512 << 10,   /* octets of records until the handshake is complete */
    TLS_DATA_MAX = 256 << 10,        /* octets of records after it */
    TLS_MESSAGE_MAX = 160 << 10      /* octets of one handshake message: of a chain */
};

/* pool is shared by all contexts (and threads) so that equal certificates are one buffer. */
struct tls_context *tls_context_new(CRYPTO_BUFFER_POOL *pool);
void tls_context_free(struct tls_context *ctx);

/* tls_context_keep_sessions makes clients keep what their peers give for a resumption. */
void tls_context_keep_sessions(struct tls_context *ctx);

/* the hellos that this build can send, by the index that records use; see offer.h */
enum { HELLO_PLAIN = 0, HELLO_SNI = 1, HELLO_PQ = 2, HELLO_PQ_SNI = 3 };
enum { NUM_HELLOS = OFFER_HAS_PQ ? 4 : 2 };

/* tls_hello_describe makes the hello of that index and fills *out for the dataset's header; body
 * and ja4 point into *scratch, which the caller frees with OPENSSL_free. Negative on failure. */
int tls_hello_describe(struct dataset_hello *out, uint8_t **scratch, struct tls_context *ctx,
                       unsigned hello);

enum tls_status {
    TLS_MORE,        /* octets of the peer are needed */
    TLS_DONE,        /* handshake: complete. read: see *out_len */
    TLS_CLOSED,      /* close_notify */
    TLS_FAILED,      /* over: see tls_client_failure */
    TLS_FAULT        /* no memory */
};

/* tls_client_new: of hello, `crafted` is not looked at; NULL: a hello without SNI. */
struct tls_client *tls_client_new(struct tls_context *ctx, struct outbuf *out,
                                  const struct session_hello *hello);
void tls_client_free(struct tls_client *t);

/* tls_client_handshake takes octets (none at the start) and drives the handshake. */
enum tls_status tls_client_handshake(struct tls_client *t, const uint8_t *in, size_t in_len,
                                     uint8_t during);
/* tls_client_feed gives octets for reads; those not read are gone after the call that follows with
 * new ones: read until TLS_MORE. Octets that came behind the end of the handshake in one call are
 * there to be read without a feed. */
void tls_client_feed(struct tls_client *t, const uint8_t *in, size_t in_len);
enum tls_status tls_client_read(struct tls_client *t, uint8_t *buf, size_t *len, size_t cap,
                                uint8_t during);
enum tls_status tls_client_write(struct tls_client *t, const void *data, size_t len);
/* tls_client_close sends close_notify, once, if the handshake is complete and nothing has failed
 * since. */
void tls_client_close(struct tls_client *t);
/* tls_client_failure says why the handshake or a read failed: alert-received, too-long, alert-sent
 * or tls-error. */
enum cause tls_client_failure(const struct tls_client *t);
/* tls_client_alerted tells whether the peer sent an alert, close_notify aside, in the handshake or,
 * once that is complete, since. */
bool tls_client_alerted(const struct tls_client *t);
/* tls_client_saw_hello tells whether a ServerHello came, or a HelloRetryRequest. */
bool tls_client_saw_hello(const struct tls_client *t);
/* tls_client_record fills what has to do with TLS: all from has_tls on, texts included, but hashes
 * of the chain and timings; a view into the client. What messages tell is there from each message
 * on, even when the handshake failed later; group and signature scheme when it is complete. A
 * ticket of TLS 1.3 is known not to have come once the peer said anything inside. Alerts: those
 * with `during` before STAGE_DONE, the first seven and the last; close_notify of ours is none. */
void tls_client_record(const struct tls_client *t, struct record *r);
/* tls_client_take_resumable returns the newest session that could be resumed, a reference that is
 * the caller's; NULL: none came, or none are kept. */
SSL_SESSION *tls_client_take_resumable(struct tls_client *t);
/* tls_client_certs returns the certificates of the peer's first Certificate message. */
CRYPTO_BUFFER *const *tls_client_certs(const struct tls_client *t, size_t *num);

#endif
