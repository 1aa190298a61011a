#include "tools/farm/conn_private.h"

#include <stdlib.h>

enum { RECORD_HEADER = 5 };

/* ---- the end ---- */

static void on_closed(uv_handle_t *handle)
{
    struct conn *c = handle->data;
    if (--c->open_handles > 0)
        return;
    tls_server_free(c->tls);
    free(c);
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

void conn_reset(struct conn *c)
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

void conn_fin(struct conn *c)
{
    c->state = STATE_SINK;
    if (c->closing || c->said_fin)
        return;
    c->said_fin = true;
    c->shutdown.data = c;
    if (uv_shutdown(&c->shutdown, (uv_stream_t *)&c->tcp, on_shutdown) < 0)
        conn_close(c);
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
    memcpy(c->client, name, len);
    c->client[len] = '\0';
}

static void on_helo(struct conn *c)
{
    if (conn_refuses_helo(c))
        conn_emit(c, c->b->octets.data, c->b->octets.len);
    else
        conn_emit_reply(c, REPLY_HELO);
    conn_flush(c);
}

static void on_command(struct conn *c, const char *line)
{
    if (is_verb(line, "EHLO")) {
        keep_client(c, line + 4 + strspn(line + 4, " "));
        conn_answer(c, c->tls == NULL ? PHASE_EHLO : PHASE_EHLO_TLS);
    } else if (is_verb(line, "HELO")) {
        keep_client(c, line + 4 + strspn(line + 4, " "));
        on_helo(c);
    } else if (is_verb(line, "STARTTLS") && c->tls == NULL) {
        conn_answer(c, PHASE_STARTTLS);
    } else if (is_verb(line, "QUIT")) {
        conn_answer(c, PHASE_QUIT);
    } else {
        conn_emit_reply(c,
                        is_verb(line, "NOOP") || is_verb(line, "RSET") ? REPLY_OK : REPLY_UNKNOWN);
        conn_flush(c);
    }
}

/* take_lines reads commands as long as the state it began with lasts: after STARTTLS what follows
 * is no SMTP. */
static void take_lines(struct conn *c, const uint8_t *in, size_t in_len)
{
    enum state state = c->state;
    for (size_t i = 0; i < in_len && !c->closing && c->state == state; i++) {
        if (in[i] != '\n') {
            if (c->line_len < CONN_LINE_CAP - 1) /* what is too long is cut */
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
            conn_answer(c, PHASE_HANDSHAKE);
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
        addr_from_bytes(&c->addr, (const uint8_t *)&((const struct sockaddr_in *)&name)->sin_addr,
                        4);
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
    conn_answer(c, PHASE_GREETING);
}
