/*
 * session: the whole protocol of one connection as a pure machine: greeting, EHLO (HELO), STARTTLS,
 * TLS, EHLO, QUIT.
 *
 * What       events in (connected, octets, drained, eof, error, time-out), one `want` out, octets
 *            to send in `out`. No socket, no clock, no callback to the outside. The caller sends
 *            what is in `out` after every call, whatever `want` says, and empties it.
 * Units      now_ns: a monotonic clock of the caller's.
 * Promise    any split of the octets gives the same outcome, but for what a peer says out of turn,
 *            which is early plaintext if it comes before our next command is in `out`, and for how
 *            much is kept as evidence of what is no reply or no TLS: what that read held; every
 *            session ends: replies are bounded in line length, lines and octets, TLS in octets; a
 *            session that waits for its greeting holds no memory but this struct.
 * Ownership  the caller's storage; session_cleanup frees what the session holds (text, TLS state,
 *            certificates). config outlives the session.
 * Errors     findings about the peer are outcomes. A fault of ours (no memory) sets want
 *            SESSION_FAULT.
 * Farewell   QUIT follows an outcome decided by a reply, but for a 421 (the peer closes) and a
 *            reply that makes no sense; a refused EHLO is followed by HELO first, as evidence. Then
 *            one deadline holds for the 221 and the peer's FIN. close_notify of ours goes out when
 *            the peer's came, or at the end. All else closes at once.
 * Sources    RFC 5321, 3207, 8446, 5246, 2034.
 */
#ifndef MXSWEEP_SCANNER_SESSION_SESSION_H
#define MXSWEEP_SCANNER_SESSION_SESSION_H

#include <openssl/base.h>

#include "core/record.h"
#include "scanner/session/outbuf.h"
#include "scanner/session/reply.h"

struct tls_context;   /* scanner/session/tls_client.h */
struct tls_client;

struct crafted_hello;  /* scanner/session/craft.h */
struct flight;         /* scanner/session/flight.h */

enum { SESSION_NAME_MAX = 255 };   /* octets of an EHLO name */

struct session_config {
    struct bytes ehlo_name;   /* at most SESSION_NAME_MAX octets, no control characters */
    struct tls_context *tls;
    bool try_anyway;          /* send STARTTLS even where it is not offered */
};

/* the hello that follows the 220 to STARTTLS; what it points to outlives the session */
struct session_hello {
    const char *host;                      /* for SNI; NUL-terminated; NULL: none */
    const struct crafted_hello *crafted;   /* instead of a handshake, which then is none: the
                                              session ends with the peer's first flight */
    SSL_SESSION *resumed;                  /* to be resumed; NULL: none */
    bool classical;                        /* no post-quantum group is offered */
};

enum session_want {
    SESSION_READ,             /* octets of the peer: session_receive */
    SESSION_DRAIN,            /* read the socket once, now, without waiting: session_drained, even
                                 with no octets */
    SESSION_CLOSE,            /* close the connection; the outcome stands */
    SESSION_FAULT             /* close; a fault of ours, nothing to record */
};

/* what is being waited for; a new deadline starts whenever `wait_serial` changes */
enum session_wait {
    WAIT_CONNECT, WAIT_REPLY, WAIT_TLS, WAIT_QUIT,
    NUM_SESSION_WAITS
};

struct session {
    const struct session_config *config;
    struct outbuf *out;
    struct session_hello hello;
    enum session_want want;
    enum session_wait wait;
    uint8_t wait_serial;
    uint8_t state;                /* private: see session.c */
    uint8_t stage, cause;         /* cause != CAUSE_NONE: decided */
    uint16_t smtp_code;
    int32_t errnum;
    uint64_t phase_start_ns, start_ns;
    uint32_t timing_us[NUM_TIMINGS];
    struct smtp_reply reply;      /* of the reply that is being read */
    uint8_t *texts;               /* all texts, one after the other; NULL until the first octet */
    uint32_t texts_len, texts_cap;
    struct { uint32_t at, len; } text[NUM_TEXTS];
    uint32_t early_len, not_tls_len;
    uint32_t early_len_before;    /* private: of early_len, what came before STARTTLS was sent */
    bool peer_closed;             /* private: its close_notify came */
    uint8_t first[5];             /* private: of the answer to the hello, until 5 are there */
    uint8_t first_len;
    uint32_t tail_len;            /* private: octets that came after QUIT */
    struct tls_client *tls;       /* from the 220 to STARTTLS until the end */
    struct flight *flight;        /* instead: the answer to a crafted hello */
};

/* session_init begins a session whose connection is being opened at now_ns. hello NULL: a handshake
 * without SNI. */
void session_init(struct session *s, const struct session_config *config, struct outbuf *out,
                  const struct session_hello *hello, uint64_t now_ns);
void session_cleanup(struct session *s);

void session_connected(struct session *s, uint64_t now_ns);
void session_receive(struct session *s, const uint8_t *in, size_t in_len, uint64_t now_ns);
void session_drained(struct session *s, const uint8_t *in, size_t in_len, uint64_t now_ns);
void session_eof(struct session *s, uint64_t now_ns);
/* session_error: connect, read or write failed with errnum, which cause_of_errno knows. */
void session_error(struct session *s, int errnum, uint64_t now_ns);
/* session_timeout: the deadline of the current wait, or of the whole session, has passed. */
void session_timeout(struct session *s, uint64_t now_ns);

/* session_record fills what the session knows (outcome, code, errno, timings, texts, TLS, chain);
 * the rest of *r is untouched. A view into the session. chain hashes are left to who stores: see
 * session_certs. */
void session_record(const struct session *s, struct record *r);

/* session_certs returns the certificates that the peer sent, leaf first, and their number (at most
 * RECORD_CHAIN_MAX). Buffers are the session's: CRYPTO_BUFFER_up_ref to keep one. */
CRYPTO_BUFFER *const *session_certs(const struct session *s, size_t *num);

/* session_flight returns the answer to a crafted hello that was sent; else NULL. */
const struct flight *session_flight(const struct session *s);

/* session_take_resumable returns the newest that the peer gave for a resumption, a reference that
 * is the caller's; NULL: none, or none was wanted. */
SSL_SESSION *session_take_resumable(struct session *s);

#endif
