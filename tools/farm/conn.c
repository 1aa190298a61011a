#include "tools/farm/conn_private.h"

#include <stdlib.h>
#include <time.h>

#include "tools/farm/rote.h"

enum { RECORD_HEADER = 5 };

/* ---- the log ---- */

static uint64_t wall_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void log_event(const struct conn *c, const char *what)
{
    struct farm_event e = {.addr = c->addr,
                           .what = what,
                           .behaviour = c->b->name,
                           .port = c->server->config.port,
                           .has_peer = c->has_peer,
                           .peer = c->peer,
                           .peer_port = c->peer_port,
                           .client = c->talk == NULL ? NULL : c->talk->client};
    if (c->server->config.log->fd < 0)
        return;
    e.time_us = wall_us();
    farm_log_write(c->server->config.log, &e);
}

/* ---- the end ---- */

static void on_closed(uv_handle_t *handle)
{
    struct conn *c = handle->data;
    if (--c->open_handles > 0)
        return;
    struct server *s = c->server;
    tls_server_free(c->tls);
    rote_free(c->rote);
    conn_splice_free(c);
    free(c->talk);
    free(c->timer);
    free(c);
    server_conn_gone(s); /* here, where no other connection's event is being handled */
}

/* leave takes the connection off the list and closes what is beside the socket. False: that was
 * done before. */
static bool leave(struct conn *c)
{
    struct server *s = c->server;
    if (c->closing)
        return false;
    c->closing = true;
    if (c->b != NULL)
        log_event(c, "close");
    if (c->prev != NULL)
        c->prev->next = c->next;
    else
        s->conns = c->next;
    if (c->next != NULL)
        c->next->prev = c->prev;
    if (c->timer != NULL)
        uv_close((uv_handle_t *)c->timer, on_closed);
    if (conn_splice_handle(c) != NULL)
        uv_close(conn_splice_handle(c), on_closed);
    return true;
}

void conn_close(struct conn *c)
{
    if (leave(c))
        uv_close((uv_handle_t *)&c->tcp, on_closed);
}

void conn_reset(struct conn *c)
{
    if (leave(c) && uv_tcp_close_reset(&c->tcp, on_closed) < 0)
        uv_close((uv_handle_t *)&c->tcp, on_closed);
}

static void on_shutdown(uv_shutdown_t *req, int status)
{
    struct conn *c = req->data;
    free(req);
    if (status < 0)
        conn_close(c);
}

void conn_fin(struct conn *c)
{
    c->state = STATE_SINK;
    if (c->closing || c->said_fin)
        return;
    c->said_fin = true;
    uv_shutdown_t *req = malloc(sizeof *req);
    if (req != NULL)
        req->data = c;
    if (req == NULL || uv_shutdown(req, (uv_stream_t *)&c->tcp, on_shutdown) < 0) {
        free(req);
        conn_close(c);
    }
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
    size_t len =
        strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._[]:");
    memcpy(c->talk->client, name, len);
    c->talk->client[len] = '\0';
}

static void on_helo(struct conn *c)
{
    if (conn_refuses_helo(c))
        conn_emit(c, c->b->octets.data, c->b->octets.len);
    else
        conn_emit_reply(c, REPLY_HELO);
    conn_flush(c);
}

/* reply says at once what no behaviour is about. */
static void reply(struct conn *c, enum reply_kind kind)
{
    conn_emit_reply(c, kind);
    conn_flush(c);
}

static void on_command(struct conn *c, const char *line)
{
    if (is_verb(line, "QUIT")) {
        conn_answer(c, PHASE_QUIT);
    } else if (conn_refuses_all(c)) {
        reply(c, REPLY_BAD_SEQUENCE);
    } else if (is_verb(line, "EHLO")) {
        keep_client(c, line + 4 + strspn(line + 4, " "));
        conn_answer(c, c->tls == NULL ? PHASE_EHLO : PHASE_EHLO_TLS);
    } else if (is_verb(line, "HELO")) {
        keep_client(c, line + 4 + strspn(line + 4, " "));
        on_helo(c);
    } else if (is_verb(line, "STARTTLS") && c->tls == NULL && !(c->b->flags & FLAG_NO_TLS)) {
        conn_answer(c, PHASE_STARTTLS);
    } else {
        reply(c, is_verb(line, "NOOP") || is_verb(line, "RSET") ? REPLY_OK : REPLY_UNKNOWN);
    }
}

static void hold(struct talk *t, const uint8_t *in, size_t in_len)
{
    size_t room = sizeof t->held - t->held_len;
    size_t len = in_len < room ? in_len : room;
    memcpy(t->held + t->held_len, in, len);
    t->held_len = (uint16_t)(t->held_len + len);
}

/* take_lines reads commands as long as the state it began with lasts: after STARTTLS what follows
 * is no SMTP. */
static void take_lines(struct conn *c, const uint8_t *in, size_t in_len)
{
    struct talk *t = c->talk;
    enum state state = c->state;
    for (size_t i = 0; i < in_len && !c->closing && c->state == state; i++) {
        if (c->waiting != PHASE_NONE) {
            hold(t, in + i, in_len - i);
            return;
        }
        if (in[i] != '\n') {
            if (t->line_len < CONN_LINE_CAP - 1) /* what is too long is cut */
                t->line[t->line_len++] = (char)in[i];
            continue;
        }
        if (t->line_len > 0 && t->line[t->line_len - 1] == '\r')
            t->line_len--;
        t->line[t->line_len] = '\0';
        t->line_len = 0;
        on_command(c, t->line);
    }
}

void conn_resume(struct conn *c)
{
    uint8_t held[sizeof c->talk->held];
    if (c->talk == NULL || c->closing || (c->state != STATE_COMMANDS && c->state != STATE_TLS))
        return;
    size_t len = c->talk->held_len;
    memcpy(held, c->talk->held, len);
    c->talk->held_len = 0;
    take_lines(c, held, len);
}

/* take_hello counts the octets of one record, which is answered when it is whole. */
static void take_hello(struct conn *c, const uint8_t *in, size_t in_len)
{
    struct talk *t = c->talk;
    for (size_t i = 0; i < in_len && c->state == STATE_HELLO && !c->closing; i++) {
        if (t->line_len < RECORD_HEADER) {
            t->line[t->line_len++] = (char)in[i];
            t->record_left = (uint16_t)((uint8_t)t->line[3] << 8 | (uint8_t)t->line[4]);
            continue;
        }
        if (t->record_left > 0 && --t->record_left == 0) {
            c->state = STATE_SINK;
            conn_answer(c, PHASE_HANDSHAKE);
        }
    }
}

void conn_take_tls(struct conn *c, const uint8_t *in, size_t in_len)
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
    conn_flush(c);
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
    if (len > 0 && c->talk == NULL && c->state != STATE_SINK)
        c->talk = calloc(1, sizeof *c->talk);
    if (len < 0 || (c->talk == NULL && c->state != STATE_SINK)) {
        conn_close(c);
        return;
    }
    switch ((enum state)c->state) {
    case STATE_COMMANDS: take_lines(c, in, (size_t)len); break;
    case STATE_HELLO: take_hello(c, in, (size_t)len); break;
    case STATE_TLS: conn_take_tls(c, in, (size_t)len); break;
    case STATE_ROTE: conn_rote_take(c, in, (size_t)len); break;
    case STATE_SPLICE: /* has a reader of its own */
    case STATE_SINK: break;
    }
}

static uint16_t read_name(struct addr *out, const struct sockaddr_storage *name)
{
    const struct sockaddr_in6 *six = (const void *)name;
    const struct sockaddr_in *four = (const void *)name;
    if (name->ss_family == AF_INET6)
        addr_from_bytes(out, six->sin6_addr.s6_addr, 16);
    else
        addr_from_bytes(out, (const uint8_t *)&four->sin_addr, 4);
    return ntohs(name->ss_family == AF_INET6 ? six->sin6_port : four->sin_port);
}

/* find_place learns which address was called, and so who lives here. */
static int find_place(struct conn *c)
{
    struct sockaddr_storage name;
    int len = sizeof name;
    int rc = uv_tcp_getsockname(&c->tcp, (struct sockaddr *)&name, &len);
    if (rc < 0)
        return rc;
    read_name(&c->addr, &name);
    c->front = front_find(c->server->config.fronts, c->addr);
    c->b = c->front != NULL ? front_behaviour()
                            : population_choose(c->server->config.population, c->addr);
    return 0;
}

/* find_peer learns who called, if it is still there. */
static void find_peer(struct conn *c)
{
    struct sockaddr_storage name;
    int len = sizeof name;
    if (c->server->config.log->fd < 0 ||
        uv_tcp_getpeername(&c->tcp, (struct sockaddr *)&name, &len) < 0)
        return;
    c->peer_port = read_name(&c->peer, &name);
    c->has_peer = true;
}

static struct conn *conn_new(struct server *s)
{
    struct conn *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    uv_tcp_init(s->loop, &c->tcp);
    c->tcp.data = c;
    c->open_handles = 1;
    c->server = s;
    c->next = s->conns;
    if (c->next != NULL)
        c->next->prev = c;
    s->conns = c;
    server_conn_came(s);
    return c;
}

bool conn_accept(struct server *s)
{
    struct conn *c = conn_new(s);
    if (c == NULL)
        return false;
    if (uv_accept((uv_stream_t *)&s->listener, (uv_stream_t *)&c->tcp) < 0 || find_place(c) < 0 ||
        uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read) < 0) {
        conn_close(c);
        return true;
    }
    find_peer(c);
    struct throttle *throttle = s->config.throttle;
    bool admitted = throttle == NULL || throttle_admit(throttle, uv_hrtime() / 1000, c->addr);
    log_event(c, admitted ? "open" : "throttled");
    if (c->b->act == ACT_DRIBBLE || (c->b->flags & FLAG_PIECES))
        uv_tcp_nodelay(&c->tcp, 1);
    if (admitted)
        conn_answer(c, PHASE_GREETING);
    else
        conn_turn_away(c);
    return true;
}
