/*
 * session_private: what the files of a session share: session.c (SMTP, events, the record) and
 * session_tls.c (what follows the 220 to STARTTLS).
 */
#ifndef MXSWEEP_SCANNER_SESSION_SESSION_PRIVATE_H
#define MXSWEEP_SCANNER_SESSION_SESSION_PRIVATE_H

#include "scanner/session/session.h"

/* what the peer is expected to do next */
enum state {
    ST_CONNECT,
    ST_GREETING,
    ST_EHLO,
    ST_HELO,          /* the outcome is decided; its answer is evidence */
    ST_STARTTLS,
    ST_DRAIN,         /* nothing: what it said before our hello is to be read */
    ST_HANDSHAKE,
    ST_CRAFTED,       /* an answer to a crafted hello: all that is wanted of it */
    ST_EHLO_TLS,
    ST_QUIT,          /* the outcome is decided from here on */
    ST_FIN,
    ST_END
};

/* ---- session.c ---- */

size_t session_smaller(size_t a, size_t b);

/* session_keep_first keeps the first octets of what is counted in *count. */
void session_keep_first(struct session *s, enum text which, uint32_t *count, const uint8_t *in,
                        size_t in_len);

void session_begin_phase(struct session *s, enum state state, enum session_wait wait,
                         uint64_t now_ns);
void session_end_phase(struct session *s, enum timing timing, uint64_t now_ns);

void session_decide(struct session *s, enum cause cause, uint64_t now_ns);

/* session_ask sends the command that the answer to which `state` awaits. */
void session_ask(struct session *s, enum state state, enum stage stage, uint64_t now_ns);

/* session_feed_text reads replies, plain or from inside TLS. */
void session_feed_text(struct session *s, const uint8_t *in, size_t in_len, uint64_t now_ns);

/* session_stop: nothing more happens. session_end says farewell in TLS before. session_lost does
 * both, and decides the outcome, if it is not yet. */
void session_stop(struct session *s, enum session_want want);
void session_end(struct session *s);
void session_lost(struct session *s, enum cause cause, uint64_t now_ns);

/* ---- session_tls.c ---- */

/* session_tls_begin sends the hello. session_tls_receive takes octets from then on, until the
 * peer's close_notify. */
void session_tls_begin(struct session *s, uint64_t now_ns);
void session_tls_receive(struct session *s, const uint8_t *in, size_t in_len, uint64_t now_ns);

#endif
