/*
 * conn_private: one connection, shared by the three files that make it up: conn.c (life and
 * input), conn_send.c (output) and conn_act.c (what is answered, and how it goes wrong).
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
    STATE_TLS,      /* a handshake, then SMTP lines inside */
    STATE_SINK      /* nothing: what comes is thrown away until the client closes */
};

struct conn {
    uv_tcp_t tcp;
    uv_timer_t timer; /* initialised when first needed */
    uv_shutdown_t shutdown;
    struct server *server;
    struct conn *prev, *next;
    const struct behaviour *b;
    struct addr addr; /* that the client called */
    struct tls_server *tls;
    uint8_t state;   /* enum state */
    uint8_t waiting; /* enum phase whose late answer the timer brings */
    uint8_t open_handles;
    bool has_timer, closing, said_fin;
    bool warned; /* ACT_WARN is done */
    uint16_t line_len, record_left;
    uint32_t dribbled;
    char line[CONN_LINE_CAP];   /* of a command, or the header of a record */
    char client[CONN_LINE_CAP]; /* what it called itself */
};

/* ---- conn.c ---- */

/* conn_fin sends FIN after all that was written, and waits for the client's: so that TIME_WAIT is
 * here and nobody is reset. */
void conn_fin(struct conn *c);
/* conn_reset closes with RST. */
void conn_reset(struct conn *c);

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

/* conn_answer does what this server does at phase. */
void conn_answer(struct conn *c, enum phase phase);
/* conn_refuses_helo tells whether the refusal of EHLO goes for HELO. */
bool conn_refuses_helo(const struct conn *c);
/* conn_flood goes on with a line or reply without end, where there is one. */
void conn_flood(struct conn *c);

#endif
