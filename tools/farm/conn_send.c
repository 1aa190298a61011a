#include "tools/farm/conn_private.h"

#include <stdlib.h>

/* octets that could not be written at once; they follow it */
struct pending {
    uv_write_t req;
    struct conn *conn;
    uint8_t data[];
};

static void on_written(uv_write_t *req, int status)
{
    struct pending *pending = (struct pending *)req;
    struct conn *c = pending->conn;
    free(pending);
    if (status < 0)
        conn_close(c);
    else if (!c->closing)
        conn_flood(c);
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

/* write_now writes what the socket takes and leaves the rest to the loop; false: the connection is
 * gone. */
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

void conn_flush(struct conn *c)
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

void conn_emit(struct conn *c, const void *data, size_t len)
{
    const uint8_t *octets = data;
    size_t piece = (c->b->flags & FLAG_PIECES) ? 1 : len;
    if (c->tls == NULL)
        sendbuf_put(&c->server->out, data, len);
    else
        for (size_t at = 0; at < len; at += piece)
            tls_server_write(c->tls, octets + at, piece);
}

void conn_emit_reply(struct conn *c, enum reply_kind kind)
{
    uint8_t text[REPLY_TEXT_MAX];
    struct speaker who = {c->b, c->addr, c->server->config.now_s,
                          c->talk == NULL ? "" : c->talk->client};
    conn_emit(c, text, text_reply(text, &who, kind));
}

void conn_flush_then_more(struct conn *c)
{
    struct sendbuf *out = &c->server->out;
    if (out->bad)
        conn_close(c);
    else
        write_later(c, out->data, out->len);
    out->len = 0;
    out->bad = false;
}
