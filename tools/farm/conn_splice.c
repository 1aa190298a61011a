#include "tools/farm/conn_private.h"

#include <stdlib.h>

/* one direction: what was read from one side is written to the other before more is read */
struct flow {
    struct conn *conn;
    uv_stream_t *from, *to;
    uv_write_t write;
    uv_shutdown_t fin;
    bool ended;
    char data[FRONT_BUFFER];
};

struct splice {
    uv_tcp_t other;
    uv_connect_t connect;
    struct flow out, back; /* from the client, to the client */
};

/* ---- to and fro ---- */

static struct flow *flow_of(struct conn *c, const void *from)
{
    return from == (const void *)&c->tcp ? &c->splice->out : &c->splice->back;
}

/* fail passes on that a side broke off: a client sees a reset for what is no orderly end. */
static void fail(struct flow *flow)
{
    struct conn *c = flow->conn;
    if (flow == &c->splice->back)
        conn_reset(c);
    else
        conn_close(c);
}

static void on_alloc(uv_handle_t *handle, size_t hint, uv_buf_t *buf)
{
    struct flow *flow = flow_of(handle->data, handle);
    (void)hint;
    *buf = uv_buf_init(flow->data, sizeof flow->data);
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf);

static void on_written(uv_write_t *req, int status)
{
    struct flow *flow = req->data;
    if (flow->conn->closing)
        return;
    if (status < 0 || uv_read_start(flow->from, on_alloc, on_read) < 0)
        fail(flow);
}

static void on_fin(uv_shutdown_t *req, int status)
{
    struct flow *flow = req->data;
    struct splice *s = flow->conn->splice;
    if (flow->conn->closing)
        return;
    if (status < 0)
        fail(flow);
    else if (s->out.ended && s->back.ended)
        conn_close(flow->conn);
}

static void end_flow(struct flow *flow)
{
    flow->ended = true;
    flow->fin.data = flow;
    if (uv_shutdown(&flow->fin, flow->to, on_fin) < 0)
        fail(flow);
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf)
{
    struct flow *flow = flow_of(stream->data, stream);
    if (len == 0)
        return;
    uv_read_stop(stream);
    if (len == UV_EOF) {
        end_flow(flow);
        return;
    }
    uv_buf_t octets = uv_buf_init(buf->base, len < 0 ? 0 : (unsigned)len);
    flow->write.data = flow;
    if (len < 0 || uv_write(&flow->write, flow->to, &octets, 1, on_written) < 0)
        fail(flow);
}

/* ---- the beginning ---- */

static void on_connected(uv_connect_t *req, int status)
{
    struct conn *c = req->data;
    if (c->closing)
        return;
    if (status < 0) {
        conn_close(c);
        return;
    }
    conn_emit_reply(c, REPLY_STARTTLS);
    conn_flush(c);
    if (!c->closing && (uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read) < 0 ||
                        uv_read_start((uv_stream_t *)&c->splice->other, on_alloc, on_read) < 0))
        conn_close(c);
}

static void name_of(struct sockaddr_storage *out, const struct front *front)
{
    uint8_t octets[16];
    size_t len = addr_to_bytes(octets, front->host);
    memset(out, 0, sizeof *out);
    if (len == 4) {
        struct sockaddr_in *four = (void *)out;
        four->sin_family = AF_INET;
        four->sin_port = htons(front->port);
        memcpy(&four->sin_addr, octets, 4);
    } else {
        struct sockaddr_in6 *six = (void *)out;
        six->sin6_family = AF_INET6;
        six->sin6_port = htons(front->port);
        memcpy(six->sin6_addr.s6_addr, octets, sizeof octets);
    }
}

static void join(struct flow *flow, struct conn *c, uv_tcp_t *from, uv_tcp_t *to)
{
    flow->conn = c;
    flow->from = (uv_stream_t *)from;
    flow->to = (uv_stream_t *)to;
}

void conn_splice_begin(struct conn *c)
{
    struct sockaddr_storage name;
    struct splice *s = calloc(1, sizeof *s);
    uv_read_stop((uv_stream_t *)&c->tcp); /* until there is somebody to hear it */
    c->state = STATE_SPLICE;
    if (s == NULL || uv_tcp_init(c->server->loop, &s->other) < 0) {
        free(s);
        conn_close(c);
        return;
    }
    c->splice = s;
    c->open_handles++;
    s->other.data = c;
    s->connect.data = c;
    join(&s->out, c, &c->tcp, &s->other);
    join(&s->back, c, &s->other, &c->tcp);
    name_of(&name, c->front);
    if (uv_tcp_connect(&s->connect, &s->other, (const struct sockaddr *)&name, on_connected) < 0)
        conn_close(c);
}

uv_handle_t *conn_splice_handle(struct conn *c)
{
    return c->splice == NULL ? NULL : (uv_handle_t *)&c->splice->other;
}

void conn_splice_free(struct conn *c)
{
    free(c->splice);
}
