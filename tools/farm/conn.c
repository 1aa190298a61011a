#include "tools/farm/conn.h"

#include <stdlib.h>

#include "tools/farm/texts.h"

enum { LINE_CAP = 128, RECORD_HEADER = 5, FLOOD_CHUNK = 4096 };

/* what is being waited for */
enum state {
    STATE_COMMANDS,           /* SMTP lines, plain */
    STATE_HELLO,              /* one TLS record, to be answered by hand */
    STATE_TLS,                /* a handshake, then SMTP lines inside */
    STATE_SINK                /* nothing: what comes is thrown away until the client closes */
};

struct conn {
    uv_tcp_t tcp;
    uv_timer_t timer;         /* initialised when first needed */
    uv_shutdown_t shutdown;
    struct server *server;
    struct conn *prev, *next;
    const struct behaviour *b;
    struct addr addr;         /* that the client called */
    struct tls_server *tls;
    uint8_t state;            /* enum state */
    uint8_t waiting;          /* enum phase whose late answer the timer brings */
    uint8_t open_handles;
    bool has_timer, closing, said_fin;
    bool warned;              /* ACT_WARN is done */
    uint16_t line_len, record_left;
    uint32_t dribbled;
    char line[LINE_CAP];      /* of a command, or the header of a record */
    char client[LINE_CAP];    /* what it called itself */
};

/* octets that could not be written at once; they follow it */
struct pending {
    uv_write_t req;
    struct conn *conn;
    uint8_t data[];
};

static void flood(struct conn *c);

/* ---- the end ---- */

static void on_closed(uv_handle_t *handle)
{
    struct conn *c = handle->data;
    if (--c->open_handles > 0)
        return;
    tls_server_free(c->tls);
    free(c);
}

/* leave takes the connection off the list and closes what is beside the socket. False: that was done before. */
static bool leave(struct conn *c)
{
    struct server *s = c->server;
    if (c->closing)
        return false;
    c->closing = true;
    if (c->b != NULL)
        server_log(s, c->addr, "close", c->b);
    if (c->prev != NULL)
        c->prev->next = c->next;
    else
        s->conns = c->next;
    if (c->next != NULL)
        c->next->prev = c->prev;
    if (c->has_timer)
        uv_close((uv_handle_t *)&c->timer, on_closed);
    server_conn_gone(s);
    return true;
}

void conn_close(struct conn *c)
{
    if (leave(c))
        uv_close((uv_handle_t *)&c->tcp, on_closed);
}

static void conn_reset(struct conn *c)
{
    if (leave(c) && uv_tcp_close_reset(&c->tcp, on_closed) < 0)
        uv_close((uv_handle_t *)&c->tcp, on_closed);
}

static void on_shutdown(uv_shutdown_t *req, int status)
{
    struct conn *c = req->data;
    if (status < 0)
        conn_close(c);
}

/* conn_fin sends FIN after all that was written, and waits for the client's: so that TIME_WAIT is here and nobody is reset. */
static void conn_fin(struct conn *c)
{
    c->state = STATE_SINK;
    if (c->closing || c->said_fin)
        return;
    c->said_fin = true;
    c->shutdown.data = c;
    if (uv_shutdown(&c->shutdown, (uv_stream_t *)&c->tcp, on_shutdown) < 0)
        conn_close(c);
}

/* ---- writing ---- */

static void on_written(uv_write_t *req, int status)
{
    struct pending *pending = (struct pending *)req;
    struct conn *c = pending->conn;
    free(pending);
    if (status < 0)
        conn_close(c);
    else if (!c->closing)
        flood(c);
}

static void write_later(struct conn *c, const uint8_t *data, size_t len)
{
    struct pending *pending = malloc(sizeof *pending + len);
    if (pending == NULL) {
        conn_close(c);
        return;
    }
    pending->conn = c;
    memcpy(pending->data, data, len);
    uv_buf_t buf = uv_buf_init((char *)pending->data, (unsigned)len);
    if (uv_write(&pending->req, (uv_stream_t *)&c->tcp, &buf, 1, on_written) < 0) {
        free(pending);
        conn_close(c);
    }
}

/* write_now writes what the socket takes and leaves the rest to the loop; false: the connection is gone. */
static bool write_now(struct conn *c, const uint8_t *data, size_t len)
{
    uv_buf_t buf = uv_buf_init((char *)data, (unsigned)len);
    int n = uv_try_write((uv_stream_t *)&c->tcp, &buf, 1);
    if (n < 0 && n != UV_EAGAIN) {
        conn_close(c);
        return false;
    }
    size_t done = n < 0 ? 0 : (size_t)n;
    if (done < len)
        write_later(c, data + done, len - done);
    return !c->closing;
}

/* flush sends what was emitted; a conn in pieces sends it octet by octet. */
static void flush(struct conn *c)
{
    struct sendbuf *out = &c->server->out;
    size_t piece = (c->b->flags & FLAG_PIECES) && c->tls == NULL ? 1 : out->len;
    if (out->bad)
        conn_close(c);
    for (size_t at = 0; at < out->len && !c->closing; at += piece)
        if (!write_now(c, out->data + at, piece))
            break;
    out->len = 0;
    out->bad = false;
}

/* emit puts octets to the client into the server's buffer, through TLS once that runs. */
static void emit(struct conn *c, const void *data, size_t len)
{
    const uint8_t *octets = data;
    size_t piece = (c->b->flags & FLAG_PIECES) ? 1 : len;
    if (c->tls == NULL)
        sendbuf_put(&c->server->out, data, len);
    else
        for (size_t at = 0; at < len; at += piece)
            tls_server_write(c->tls, octets + at, piece);
}

static void emit_reply(struct conn *c, enum reply_kind kind)
{
    uint8_t text[REPLY_TEXT_MAX];
    struct speaker who = {c->b, c->addr, c->server->config.now_s, c->client};
    emit(c, text, text_reply(text, &who, kind));
}

static void emit_alert(struct conn *c, uint16_t number)
{
    uint8_t alert[] = {21, 3, 3, 0, 2, 2, (uint8_t)number};
    sendbuf_put(&c->server->out, alert, sizeof alert);
}

/* ---- the straight path ---- */

static void start_tls(struct conn *c)
{
    const struct behaviour *b = c->b;
    emit_reply(c, REPLY_STARTTLS);
    if (b->flags & FLAG_EARLY)
        emit(c, b->octets.data, b->octets.len);
    flush(c);
    c->line_len = c->record_left = 0;
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
    emit_reply(c, REPLY_QUIT);
    if (c->tls != NULL)
        tls_server_close(c->tls);
    flush(c);
    conn_fin(c);
}

/* answer_well gives the answer that belongs to phase. */
static void answer_well(struct conn *c, enum phase phase)
{
    switch (phase) {
    case PHASE_NONE:
    case PHASE_HANDSHAKE: break;   /* TLS answers */
    case PHASE_GREETING: emit_reply(c, REPLY_GREETING); break;
    case PHASE_EHLO: emit_reply(c, REPLY_EHLO); break;
    case PHASE_STARTTLS: start_tls(c); break;
    case PHASE_EHLO_TLS: emit_reply(c, REPLY_EHLO_TLS); break;
    case PHASE_QUIT: say_goodbye(c); break;
    }
    flush(c);
}

/* ---- leaving it ---- */

static void on_late(uv_timer_t *timer)
{
    struct conn *c = timer->data;
    answer_well(c, c->waiting);
}

static void on_late_reset(uv_timer_t *timer)
{
    conn_reset(timer->data);
}

static void on_dribble(uv_timer_t *timer)
{
    struct conn *c = timer->data;
    const struct bytes *octets = &c->b->octets;
    emit(c, c->dribbled < octets->len ? &octets->data[c->dribbled] : (const uint8_t *)"x", 1);
    c->dribbled++;
    flush(c);
}

static void set_timer(struct conn *c, uv_timer_cb cb, uint64_t first_ms, uint64_t then_ms)
{
    if (!c->has_timer) {
        uv_timer_init(c->server->loop, &c->timer);
        c->timer.data = c;
        c->has_timer = true;
        c->open_handles++;
    }
    uv_timer_start(&c->timer, cb, first_ms, then_ms);
}

/* flood sends one more chunk of a line or reply without end; each write that is done brings the next. */
static void flood(struct conn *c)
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
    emit(c, chunk, len);
    struct sendbuf *out = &c->server->out;
    write_later(c, out->data, out->len);
    out->len = 0;
}

static void begin_flood(struct conn *c)
{
    c->state = STATE_SINK;
    if (c->b->act == ACT_ENDLESS_LINE)
        emit(c, c->b->octets.data, c->b->octets.len);
    flood(c);
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
    flush(c);
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
    case ACT_WARN: answer_well(c, phase); break;
    case ACT_SEND: emit(c, b->octets.data, b->octets.len); flush(c); break;
    case ACT_SEND_FIN: emit(c, b->octets.data, b->octets.len); flush(c); conn_fin(c); break;
    case ACT_SILENT: c->state = STATE_SINK; break;
    case ACT_FIN: conn_fin(c); break;
    case ACT_RST: reset_after(c, b->arg); break;
    case ACT_TEASER: emit(c, b->octets.data, b->octets.len); flush(c);   /* fall through */
    case ACT_DELAY: c->waiting = (uint8_t)phase; set_timer(c, on_late, b->arg, 0); break;
    case ACT_DRIBBLE: c->state = STATE_SINK; set_timer(c, on_dribble, 0, DRIBBLE_MS); break;
    case ACT_ENDLESS_LINE:
    case ACT_ENDLESS_REPLY: begin_flood(c); break;
    case ACT_CLOSE_NOTIFY: tls_server_close(c->tls); flush(c); conn_fin(c); break;
    case ACT_TLS_ALERT: tls_server_alert(c->tls, (uint8_t)b->arg); flush(c); conn_fin(c); break;
    case ACT_RAW: sendbuf_put(out, b->octets.data, b->octets.len); flush(c); c->state = STATE_SINK; break;
    case ACT_FLIGHT_SILENT:
    case ACT_FLIGHT_FIN:
    case ACT_FLIGHT_RST:
    case ACT_FLIGHT_ALERT:
    case ACT_FLIGHT_BAD_SIGNATURE: send_flight(c); break;
    }
}

static void answer(struct conn *c, enum phase phase)
{
    if (c->b->phase == phase)
        misbehave(c, phase);
    else
        answer_well(c, phase);
}

/* ---- commands ---- */

static bool is_verb(const char *line, const char *verb)
{
    size_t len = strlen(verb);
    return strncasecmp(line, verb, len) == 0 && (line[len] == '\0' || line[len] == ' ');
}

/* keep_client keeps what the client calls itself, as far as it is a name. */
static void keep_client(struct conn *c, const char *name)
{
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._[]:");
    memcpy(c->client, name, len);
    c->client[len] = '\0';
}

static void on_helo(struct conn *c)
{
    const struct behaviour *b = c->b;
    bool refused = b->act == ACT_SEND && (b->phase == PHASE_EHLO || b->phase == PHASE_EHLO_TLS) &&
                   b->octets.data[0] == '5' && !(b->flags & FLAG_HELO_OK);
    if (refused)
        emit(c, b->octets.data, b->octets.len);
    else
        emit_reply(c, REPLY_HELO);
    flush(c);
}

static void on_command(struct conn *c, const char *line)
{
    if (is_verb(line, "EHLO")) {
        keep_client(c, line + 4 + strspn(line + 4, " "));
        answer(c, c->tls == NULL ? PHASE_EHLO : PHASE_EHLO_TLS);
    } else if (is_verb(line, "HELO")) {
        keep_client(c, line + 4 + strspn(line + 4, " "));
        on_helo(c);
    } else if (is_verb(line, "STARTTLS") && c->tls == NULL) {
        answer(c, PHASE_STARTTLS);
    } else if (is_verb(line, "QUIT")) {
        answer(c, PHASE_QUIT);
    } else {
        emit_reply(c, is_verb(line, "NOOP") || is_verb(line, "RSET") ? REPLY_OK : REPLY_UNKNOWN);
        flush(c);
    }
}

/* take_lines reads commands as long as the state it began with lasts: after STARTTLS what follows is no SMTP. */
static void take_lines(struct conn *c, const uint8_t *in, size_t in_len)
{
    enum state state = c->state;
    for (size_t i = 0; i < in_len && !c->closing && c->state == state; i++) {
        if (in[i] != '\n') {
            if (c->line_len < LINE_CAP - 1)   /* what is too long is cut */
                c->line[c->line_len++] = (char)in[i];
            continue;
        }
        if (c->line_len > 0 && c->line[c->line_len - 1] == '\r')
            c->line_len--;
        c->line[c->line_len] = '\0';
        c->line_len = 0;
        on_command(c, c->line);
    }
}

/* take_hello counts the octets of one record, which is answered when it is whole. */
static void take_hello(struct conn *c, const uint8_t *in, size_t in_len)
{
    for (size_t i = 0; i < in_len && c->state == STATE_HELLO && !c->closing; i++) {
        if (c->line_len < RECORD_HEADER) {
            c->line[c->line_len++] = (char)in[i];
            c->record_left = (uint16_t)((uint8_t)c->line[3] << 8 | (uint8_t)c->line[4]);
            continue;
        }
        if (c->record_left > 0 && --c->record_left == 0) {
            c->state = STATE_SINK;
            misbehave(c, PHASE_HANDSHAKE);
        }
    }
}

static void take_tls(struct conn *c, const uint8_t *in, size_t in_len)
{
    uint8_t text[512];
    size_t len;
    enum tls_state state = TLS_READ;
    if (c->b->act == ACT_WARN && !c->warned) {
        c->warned = true;
        sendbuf_put(&c->server->out, c->b->octets.data, c->b->octets.len);
    }
    tls_server_feed(c->tls, in, in_len);
    while (state == TLS_READ && c->state == STATE_TLS && !c->closing) {
        state = tls_server_read(c->tls, text, &len, sizeof text);
        if (state == TLS_READ)
            take_lines(c, text, len);
    }
    if (c->closing)
        return;
    if (state == TLS_OVER)
        tls_server_close(c->tls);
    flush(c);
    if (state == TLS_OVER)
        conn_fin(c);
}

/* ---- the socket ---- */

static void on_alloc(uv_handle_t *handle, size_t hint, uv_buf_t *buf)
{
    struct conn *c = handle->data;
    (void)hint;
    *buf = uv_buf_init((char *)c->server->in, SERVER_READ_MAX);
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf)
{
    struct conn *c = stream->data;
    const uint8_t *in = (const uint8_t *)buf->base;
    if (len < 0) {
        conn_close(c);
        return;
    }
    switch ((enum state)c->state) {
    case STATE_COMMANDS: take_lines(c, in, (size_t)len); break;
    case STATE_HELLO: take_hello(c, in, (size_t)len); break;
    case STATE_TLS: take_tls(c, in, (size_t)len); break;
    case STATE_SINK: break;
    }
}

/* find_place learns which address was called, and so who lives here. */
static int find_place(struct conn *c)
{
    struct sockaddr_storage name;
    int len = sizeof name;
    int rc = uv_tcp_getsockname(&c->tcp, (struct sockaddr *)&name, &len);
    if (rc < 0)
        return rc;
    if (name.ss_family == AF_INET6)
        addr_from_bytes(&c->addr, ((const struct sockaddr_in6 *)&name)->sin6_addr.s6_addr, 16);
    else
        addr_from_bytes(&c->addr, (const uint8_t *)&((const struct sockaddr_in *)&name)->sin_addr, 4);
    c->b = population_choose(c->server->config.population, c->addr);
    return 0;
}

void conn_accept(struct server *s)
{
    struct conn *c = calloc(1, sizeof *c);
    if (c == NULL)
        return;
    uv_tcp_init(s->loop, &c->tcp);
    c->tcp.data = c;
    c->open_handles = 1;
    c->server = s;
    c->next = s->conns;
    if (c->next != NULL)
        c->next->prev = c;
    s->conns = c;
    if (uv_accept((uv_stream_t *)&s->listener, (uv_stream_t *)&c->tcp) < 0 || find_place(c) < 0 ||
        uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read) < 0) {
        conn_close(c);
        return;
    }
    server_log(s, c->addr, "open", c->b);
    if (c->b->act == ACT_DRIBBLE || (c->b->flags & FLAG_PIECES))
        uv_tcp_nodelay(&c->tcp, 1);
    answer(c, PHASE_GREETING);
}
