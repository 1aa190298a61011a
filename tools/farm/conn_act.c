#include "tools/farm/conn_private.h"

#include <stdlib.h>

enum { FLOOD_CHUNK = 4096 };

static void emit_alert(struct conn *c, uint16_t number)
{
    uint8_t alert[] = {21, 3, 3, 0, 2, 2, (uint8_t)number};
    sendbuf_put(&c->server->out, alert, sizeof alert);
}

/* ---- the straight path ---- */

static void start_tls(struct conn *c)
{
    const struct behaviour *b = c->b;
    if (c->front != NULL) {
        conn_splice_begin(c);
        return;
    }
    conn_emit_reply(c, REPLY_STARTTLS);
    if (b->flags & FLAG_EARLY)
        conn_emit(c, b->octets.data, b->octets.len);
    conn_flush(c);
    c->talk->line_len = c->talk->held_len = c->talk->record_left = 0;
    if (b->act == ACT_ROTE) {
        c->state = STATE_ROTE;
        if (!conn_rote_begin(c))
            conn_close(c);
        return;
    }
    if (b->phase == PHASE_HANDSHAKE && b->act != ACT_WARN) {
        c->state = STATE_HELLO;
        return;
    }
    c->tls = tls_server_new(c->server->tls, b, c->addr);
    c->state = STATE_TLS;
    if (c->tls == NULL)
        conn_close(c);
}

static void say_goodbye(struct conn *c)
{
    conn_emit_reply(c, REPLY_QUIT);
    if (c->tls != NULL)
        tls_server_close(c->tls);
    conn_flush(c);
    conn_fin(c);
}

/* answer_well gives the answer that belongs to phase. */
static void answer_well(struct conn *c, enum phase phase)
{
    switch (phase) {
    case PHASE_NONE:
    case PHASE_HANDSHAKE: break; /* TLS answers */
    case PHASE_GREETING: conn_emit_reply(c, REPLY_GREETING); break;
    case PHASE_EHLO: conn_emit_reply(c, REPLY_EHLO); break;
    case PHASE_STARTTLS: start_tls(c); break;
    case PHASE_EHLO_TLS: conn_emit_reply(c, REPLY_EHLO_TLS); break;
    case PHASE_QUIT: say_goodbye(c); break;
    }
    conn_flush(c);
}

/* ---- leaving it ---- */

static void on_late(uv_timer_t *timer)
{
    struct conn *c = timer->data;
    enum phase phase = c->waiting;
    c->waiting = PHASE_NONE;
    answer_well(c, phase);
    conn_resume(c);
}

static void on_late_reset(uv_timer_t *timer)
{
    conn_reset(timer->data);
}

static void on_dribble(uv_timer_t *timer)
{
    struct conn *c = timer->data;
    const struct bytes *octets = &c->b->octets;
    conn_emit(c, c->dribbled < octets->len ? &octets->data[c->dribbled] : (const uint8_t *)"x", 1);
    c->dribbled++;
    conn_flush(c);
}

static void set_timer(struct conn *c, uv_timer_cb cb, uint64_t first_ms, uint64_t then_ms)
{
    if (c->timer == NULL) {
        c->timer = malloc(sizeof *c->timer);
        if (c->timer == NULL) {
            conn_close(c);
            return;
        }
        uv_timer_init(c->server->loop, c->timer);
        c->timer->data = c;
        c->open_handles++;
    }
    uv_timer_start(c->timer, cb, first_ms, then_ms);
}

static void answer_late(struct conn *c, enum phase phase, uint64_t ms)
{
    c->waiting = (uint8_t)phase;
    set_timer(c, on_late, ms, 0);
}

/* sends one more chunk; each write that is done brings the next */
void conn_flood(struct conn *c)
{
    uint8_t chunk[FLOOD_CHUNK];
    const struct bytes *octets = &c->b->octets;
    if (c->state != STATE_SINK || c->said_fin)
        return;
    if (c->b->act == ACT_ENDLESS_LINE)
        memset(chunk, 'x', sizeof chunk);
    else if (c->b->act != ACT_ENDLESS_REPLY)
        return;
    size_t len = sizeof chunk;
    if (c->b->act == ACT_ENDLESS_REPLY)
        for (len = 0; sizeof chunk - len >= octets->len; len += octets->len)
            memcpy(chunk + len, octets->data, octets->len);
    conn_emit(c, chunk, len);
    conn_flush_then_more(c);
}

static void begin_flood(struct conn *c)
{
    c->state = STATE_SINK;
    if (c->b->act == ACT_ENDLESS_LINE)
        conn_emit(c, c->b->octets.data, c->b->octets.len);
    conn_flood(c);
}

/* send_flight sends the flight written by hand and does what the row says after it. */
static void send_flight(struct conn *c)
{
    struct sendbuf *out = &c->server->out;
    const struct behaviour *b = c->b;
    const struct chain *chain = pki_chain(c->server->config.pki, b, c->addr);
    c->state = STATE_SINK;
    if (chain == NULL || !tls_flight(out, chain)) {
        conn_close(c);
        return;
    }
    if (b->act == ACT_FLIGHT_ALERT)
        emit_alert(c, b->arg);
    else if (b->act == ACT_FLIGHT_BAD_SIGNATURE)
        tls_flight_bad_signature(out, chain);
    conn_flush(c);
    if (b->act == ACT_FLIGHT_RST && !c->closing)
        set_timer(c, on_late_reset, b->arg, 0);
    else if (b->act == ACT_FLIGHT_FIN || b->act == ACT_FLIGHT_ALERT)
        conn_fin(c);
}

static void reset_after(struct conn *c, uint16_t ms)
{
    c->state = STATE_SINK;
    if (ms == 0)
        conn_reset(c);
    else
        set_timer(c, on_late_reset, ms, 0);
}

/* misbehave does at its phase what the row says. */
static void misbehave(struct conn *c, enum phase phase)
{
    const struct behaviour *b = c->b;
    struct sendbuf *out = &c->server->out;
    switch ((enum act)b->act) {
    case ACT_NORMAL:
    case ACT_ROTE:
    case ACT_WARN: answer_well(c, phase); break;
    case ACT_SEND:
        conn_emit(c, b->octets.data, b->octets.len);
        conn_flush(c);
        break;
    case ACT_SEND_FIN:
        conn_emit(c, b->octets.data, b->octets.len);
        conn_flush(c);
        conn_fin(c);
        break;
    case ACT_SILENT: c->state = STATE_SINK; break;
    case ACT_FIN: conn_fin(c); break;
    case ACT_RST: reset_after(c, b->arg); break;
    case ACT_TEASER: conn_emit(c, b->octets.data, b->octets.len); conn_flush(c); /* fall through */
    case ACT_DELAY: answer_late(c, phase, b->arg); break;
    case ACT_DRIBBLE:
        c->state = STATE_SINK;
        set_timer(c, on_dribble, 0, DRIBBLE_MS);
        break;
    case ACT_ENDLESS_LINE:
    case ACT_ENDLESS_REPLY: begin_flood(c); break;
    case ACT_CLOSE_NOTIFY:
        tls_server_close(c->tls);
        conn_flush(c);
        conn_fin(c);
        break;
    case ACT_TLS_ALERT:
        tls_server_alert(c->tls, (uint8_t)b->arg);
        conn_flush(c);
        conn_fin(c);
        break;
    case ACT_RAW:
        sendbuf_put(out, b->octets.data, b->octets.len);
        conn_flush(c);
        c->state = STATE_SINK;
        break;
    case ACT_FLIGHT_SILENT:
    case ACT_FLIGHT_FIN:
    case ACT_FLIGHT_RST:
    case ACT_FLIGHT_ALERT:
    case ACT_FLIGHT_BAD_SIGNATURE: send_flight(c); break;
    }
}

/* what a row does at its phase it times by itself */
void conn_answer(struct conn *c, enum phase phase)
{
    const struct server_config *config = &c->server->config;
    uint64_t ms = latency_draw(&config->latency, config->population->seed, c->addr, phase);
    if (c->b->phase == phase)
        misbehave(c, phase);
    else if (ms > 0)
        answer_late(c, phase, ms);
    else
        answer_well(c, phase);
}

void conn_turn_away(struct conn *c)
{
    conn_emit_reply(c, REPLY_THROTTLED);
    conn_flush(c);
    conn_fin(c);
}

bool conn_refuses_helo(const struct conn *c)
{
    const struct behaviour *b = c->b;
    return b->act == ACT_SEND && (b->phase == PHASE_EHLO || b->phase == PHASE_EHLO_TLS) &&
           b->octets.data[0] == '5' && !(b->flags & FLAG_HELO_OK);
}

bool conn_refuses_all(const struct conn *c)
{
    const struct behaviour *b = c->b;
    return b->phase == PHASE_GREETING && b->act == ACT_SEND &&
           memcmp(b->octets.data, "220", 3) != 0;
}
