/*
 * conn_private: one connection, shared by the files that make it up: conn.c (life and input),
 * conn_send.c (output), conn_act.c (what is answered, and how it goes wrong), conn_rote.c
 * (handshakes by rote) and conn_splice.c (fronts).
 */
#ifndef MXSWEEP_TOOLS_FARM_CONN_PRIVATE_H
#define MXSWEEP_TOOLS_FARM_CONN_PRIVATE_H

#include "tools/farm/conn.h"
#include "tools/farm/texts.h"

enum { CONN_LINE_CAP = 128 };

/* what is being waited for */
enum state {
    STATE_COMMANDS, /* SMTP lines, plain */
    STATE_HELLO,    /* one TLS record, to be answered by hand */
    STATE_ROTE,     /* a hello, to be answered by rote */
    STATE_SPLICE,   /* nothing: client and server behind the front talk to each other */
    STATE_TLS,      /* a handshake, then SMTP lines inside */
    STATE_SINK      /* nothing: what comes is thrown away until the client closes */
};

/* what only a client that says something needs */
struct talk {
    uint16_t line_len, held_len;
    uint16_t record_left;
    char line[CONN_LINE_CAP];    /* of a command, or the header of a record */
    char client[CONN_LINE_CAP];  /* what it called itself */
    uint8_t held[CONN_LINE_CAP]; /* said while an answer is being waited for; the rest is lost */
};

/* A farm holds as many silent connections as it has descriptors: what not all need is on the heap
 * and NULL until it is needed. */
struct conn {
    uv_tcp_t tcp;
    uv_timer_t *timer;
    struct talk *talk;
    struct tls_server *tls;
    struct rote *rote;
    struct splice *splice;
    const struct front *front; /* NULL: the address is none */
    struct server *server;
    struct conn *prev, *next;
    const struct behaviour *b;
    struct addr addr; /* that the client called */
    struct addr peer;
    uint16_t peer_port;
    bool has_peer;
    uint8_t state;   /* enum state */
    uint8_t waiting; /* enum phase whose late answer the timer brings; PHASE_NONE: none */
    uint8_t open_handles;
    bool closing, said_fin;
    bool warned; /* ACT_WARN is done */
    uint32_t dribbled;
};

/* ---- conn.c ---- */

/* conn_fin sends FIN after all that was written, and waits for the client's: so that TIME_WAIT is
 * here and nobody is reset. */
void conn_fin(struct conn *c);
/* conn_reset closes with RST. */
void conn_reset(struct conn *c);
/* conn_resume goes on with what the client said while it was waiting for an answer. */
void conn_resume(struct conn *c);

/* conn_take_tls takes octets of the client inside TLS, or of its handshake. */
void conn_take_tls(struct conn *c, const uint8_t *in, size_t in_len);

/* ---- conn_send.c ---- */

/* conn_emit puts octets to the client into the server's buffer, through TLS once that runs. */
void conn_emit(struct conn *c, const void *data, size_t len);
/* conn_emit_reply emits the reply that belongs to the straight path. */
void conn_emit_reply(struct conn *c, enum reply_kind kind);
/* conn_flush sends what was emitted; FLAG_PIECES: octet by octet. */
void conn_flush(struct conn *c);
/* conn_flush_then_more sends what was emitted, and calls conn_flood when that is done. */
void conn_flush_then_more(struct conn *c);

/* ---- conn_act.c ---- */

/* conn_answer does what this server does at phase, at once or later. */
void conn_answer(struct conn *c, enum phase phase);
/* conn_turn_away greets with 421 and ends. */
void conn_turn_away(struct conn *c);
/* conn_refuses_helo tells whether the refusal of EHLO goes for HELO. */
bool conn_refuses_helo(const struct conn *c);
/* conn_refuses_all tells whether the greeting was no 220, after which only QUIT is answered (RFC
 * 5321, 3.1). */
bool conn_refuses_all(const struct conn *c);
/* conn_flood goes on with a line or reply without end, where there is one. */
void conn_flood(struct conn *c);

/* ---- conn_rote.c ---- */

/* conn_rote_begin makes what answers the hello; false: no memory. */
bool conn_rote_begin(struct conn *c);
void conn_rote_take(struct conn *c, const uint8_t *in, size_t in_len);

/* ---- conn_splice.c ---- */

/* conn_splice_begin connects to the server behind the front, says 220 and lets the two talk. */
void conn_splice_begin(struct conn *c);
/* conn_splice_handle returns the socket to that server, or NULL: it is closed with the client's. */
uv_handle_t *conn_splice_handle(struct conn *c);
void conn_splice_free(struct conn *c);

#endif
