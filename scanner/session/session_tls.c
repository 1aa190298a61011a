#include <stdlib.h>

#include "scanner/session/craft.h"
#include "scanner/session/flight.h"
#include "scanner/session/session_private.h"
#include "scanner/session/tls_client.h"

enum { TLS_READ_CHUNK = 2048 };   /* octets read from TLS at a time */

static void on_close_notify(struct session *s, uint64_t now_ns)
{
    if (s->cause == CAUSE_NONE) {
        session_lost(s, CAUSE_CLOSED, now_ns);
        return;
    }
    tls_client_close(s->tls);
    s->state = ST_FIN;
    s->peer_closed = true;
}

static void read_tls(struct session *s, uint64_t now_ns)
{
    uint8_t buf[TLS_READ_CHUNK];
    while (s->state != ST_END) {
        size_t len = 0;
        uint8_t during = s->cause == CAUSE_NONE ? s->stage : STAGE_DONE;
        switch (tls_client_read(s->tls, buf, &len, sizeof buf, during)) {
        case TLS_DONE:   session_feed_text(s, buf, len, now_ns); break;
        case TLS_MORE:   return;
        case TLS_CLOSED: on_close_notify(s, now_ns); return;
        case TLS_FAILED: session_lost(s, tls_client_failure(s->tls), now_ns); return;
        case TLS_FAULT:  session_stop(s, SESSION_FAULT); return;
        }
    }
}

static void handshake(struct session *s, const uint8_t *in, size_t in_len, uint64_t now_ns)
{
    enum tls_status status = tls_client_handshake(s->tls, in, in_len, s->stage);
    if (s->timing_us[TIMING_SERVER_HELLO] == TIMING_ABSENT && tls_client_saw_hello(s->tls))
        session_end_phase(s, TIMING_SERVER_HELLO, now_ns);
    switch (status) {
    case TLS_MORE:   break;
    case TLS_CLOSED: session_lost(s, CAUSE_CLOSED, now_ns); break;
    case TLS_FAILED: session_lost(s, tls_client_failure(s->tls), now_ns); break;
    case TLS_FAULT:  session_stop(s, SESSION_FAULT); break;
    case TLS_DONE:
        session_end_phase(s, TIMING_HANDSHAKE, now_ns);
        session_ask(s, ST_EHLO_TLS, STAGE_EHLO_TLS, now_ns);
        read_tls(s, now_ns);
        break;
    }
}

/* tells whether the octets that are there may begin the first, so unprotected, record of an answer
 * to a hello: a handshake or alert record of a version up to 3.4 that is neither empty nor over
 * 2^14 (RFC 8446, 5.1) */
static bool begins_record(const uint8_t *at, size_t len)
{
    if (len > 0 && at[0] != 0x16 && at[0] != 0x15)
        return false;
    if ((len > 1 && at[1] != 3) || (len > 2 && at[2] > 4) || (len > 3 && at[3] > 0x40))
        return false;
    return len < 5 || (at[3] == 0x40 ? at[4] == 0 : (at[3] | at[4]) != 0);
}

static void receive_handshake(struct session *s, const uint8_t *in, size_t in_len, uint64_t now_ns)
{
    size_t old = s->first_len;
    if (old == sizeof s->first) {
        handshake(s, in, in_len, now_ns);
        return;
    }
    size_t n = session_smaller(sizeof s->first - old, in_len);
    memcpy(s->first + old, in, n);
    s->first_len = (uint8_t)(old + n);
    if (!begins_record(s->first, s->first_len)) {
        session_keep_first(s, TEXT_NOT_TLS, &s->not_tls_len, s->first, old);
        session_keep_first(s, TEXT_NOT_TLS, &s->not_tls_len, in, in_len);
        if (s->want != SESSION_FAULT)
            session_lost(s, CAUSE_NOT_TLS, now_ns);
        return;
    }
    if (s->first_len < sizeof s->first)
        return;
    if (old > 0) {
        handshake(s, s->first, sizeof s->first, now_ns);
        in += n;
        in_len -= n;
    }
    if (s->state == ST_HANDSHAKE && in_len > 0)
        handshake(s, in, in_len, now_ns);
}

/* ---- a crafted hello ---- */

/* its answer is all that is wanted: a warning tells the peer that no more will come */
static void on_flight(struct session *s, uint64_t now_ns)
{
    uint8_t close_notify[] = {21, 3, s->flight->version == 0x0300 ? 0 : 1, 0, 2, 1, 0};
    session_end_phase(s, TIMING_HANDSHAKE, now_ns);
    session_decide(s, CAUSE_OK, now_ns);
    if (s->flight->kind == FLIGHT_SERVER_HELLO || s->flight->kind == FLIGHT_RETRY)
        outbuf_put(s->out, close_notify, sizeof close_notify);
    session_stop(s, SESSION_CLOSE);
}

static void begin_crafted(struct session *s, uint64_t now_ns)
{
    s->flight = malloc(sizeof *s->flight);
    if (s->flight == NULL) {
        session_stop(s, SESSION_FAULT);
        return;
    }
    flight_init(s->flight, s->hello.crafted->version);
    session_begin_phase(s, ST_CRAFTED, WAIT_TLS, now_ns);
    crafted_hello_write(s->out, s->hello.crafted);   /* a bad outbuf is found by who called */
}

/* ---- both ---- */

void session_tls_begin(struct session *s, uint64_t now_ns)
{
    if (s->hello.crafted != NULL) {
        begin_crafted(s, now_ns);
        return;
    }
    s->tls = tls_client_new(s->config->tls, s->out, &s->hello);
    if (s->tls == NULL) {
        session_stop(s, SESSION_FAULT);
        return;
    }
    session_begin_phase(s, ST_HANDSHAKE, WAIT_TLS, now_ns);
    handshake(s, NULL, 0, now_ns);
}

void session_tls_receive(struct session *s, const uint8_t *in, size_t in_len, uint64_t now_ns)
{
    if (s->state == ST_HANDSHAKE) {
        receive_handshake(s, in, in_len, now_ns);
    } else if (s->state == ST_CRAFTED) {
        if (flight_feed(s->flight, in, in_len) == FLIGHT_DONE)
            on_flight(s, now_ns);
    } else {
        tls_client_feed(s->tls, in, in_len);
        read_tls(s, now_ns);
    }
}
