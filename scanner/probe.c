#include "scanner/probe.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

struct probe *probe_of_wait(struct deadline *d)
{
    return (struct probe *)((char *)d - offsetof(struct probe, wait_deadline));
}

struct probe *probe_of_session(struct deadline *d)
{
    return (struct probe *)((char *)d - offsetof(struct probe, session_deadline));
}

/* ---- the end of a probe ---- */

static void on_closed(uv_handle_t *handle)
{
    struct probe *p = handle->data;
    worker_release(p->worker, p, p->unused);
}

static void close_all(struct probe *p)
{
    deadline_drop(&p->wait_deadline);
    deadline_drop(&p->session_deadline);
    session_cleanup(&p->session);
    free(p->unsent);
    p->unsent = NULL;
    uv_close((uv_handle_t *)&p->poll, on_closed); /* takes fd out of the loop at once */
    p->worker->engine->config.net->close(p->fd);
}

void probe_abort(struct probe *p)
{
    if (p->finished)
        return;
    p->finished = true;
    p->unused = true;
    close_all(p);
}

static uint64_t offset_us(const struct engine *e, uint64_t now_ns)
{
    return e->config.offset_us + (now_ns - e->start_ns) / 1000;
}

static void count_outcome(struct worker *w, const struct record *r)
{
    worker_count(w, COUNT_DONE);
    if (r->stage > STAGE_CONNECT)
        worker_count(w, COUNT_OPEN);
    if (r->stage >= STAGE_HANDSHAKE)
        worker_count(w, COUNT_STARTTLS);
    if (r->handshake_done)
        worker_count(w, COUNT_TLS);
    if (r->cause == CAUSE_THROTTLED)
        worker_count(w, COUNT_THROTTLED);
}

static int push_record(struct worker *w, struct record *r, uint64_t position,
                       const struct target *target, CRYPTO_BUFFER *const *certs, size_t num_certs)
{
    r->position = position;
    r->addr = target->addr;
    r->port = target->port;
    r->host = target->host;
    r->tag = target->tag;
    struct result *result = result_new(r, certs, num_certs);
    if (result == NULL)
        return -ENOMEM;
    count_outcome(w, r);
    result_push(&w->engine->queue, result);
    return 0;
}

/* the session is over: its outcome becomes a record */
static void finish(struct probe *p)
{
    struct worker *w = p->worker;
    struct record r;
    size_t num_certs;
    record_init(&r);
    session_record(&p->session, &r);
    r.start_us = offset_us(w->engine, p->session.start_ns);
    CRYPTO_BUFFER *const *certs = session_certs(&p->session, &num_certs);
    worker_went_well(w);
    if (push_record(w, &r, p->visit.position, &p->target, certs, num_certs) != 0) {
        engine_fault(w->engine, UV_ENOMEM, "no memory for a result");
        probe_abort(p);
        return;
    }
    p->finished = true;
    close_all(p);
}

static bool is_ours(int errnum)
{
    enum cause cause;
    return errnum != 0 && !cause_of_errno(&cause, errnum);
}

/* a fault of ours: unless the outcome stands already, nothing is recorded, and the target is tried
 * again */
static void give_back(struct probe *p, int errnum, uint64_t now_ns)
{
    if (p->session.cause != CAUSE_NONE) {
        finish(p);
        return;
    }
    worker_put_back(p->worker, &p->visit, &p->target, errnum, now_ns);
    probe_abort(p);
}

int probe_record_unvisited(struct worker *w, uint64_t position, const struct target *target,
                           enum cause cause, int errnum, uint64_t now_ns)
{
    struct record r;
    record_init(&r);
    r.stage = STAGE_CONNECT;
    r.cause = (uint8_t)cause;
    r.errnum = errnum;
    r.start_us = offset_us(w->engine, now_ns);
    return push_record(w, &r, position, target, NULL, 0);
}

/* ---- octets out ---- */

static int keep_unsent(struct probe *p, const uint8_t *data, size_t len)
{
    uint8_t *grown = realloc(p->unsent, p->unsent_len + len);
    if (grown == NULL)
        return -ENOMEM;
    memcpy(grown + p->unsent_len, data, len);
    p->unsent = grown;
    p->unsent_len += len;
    return 0;
}

/* sends what it can; *sent is how much. A failed send is kept: what the peer said before is read
 * first. */
static void send_some(struct probe *p, size_t *sent, const uint8_t *data, size_t len)
{
    *sent = 0;
    while (*sent < len) {
        ssize_t n =
            p->worker->engine->config.net->send(p->fd, data + *sent, len - *sent, MSG_NOSIGNAL);
        if (n > 0) {
            *sent += (size_t)n;
        } else if (n == 0 || errno == EAGAIN || errno == EWOULDBLOCK) {
            return;
        } else if (errno != EINTR) {
            p->send_errnum = errno;
            return;
        }
    }
}

static void flush_unsent(struct probe *p)
{
    size_t sent;
    send_some(p, &sent, p->unsent, p->unsent_len);
    p->unsent_len -= sent;
    if (p->send_errnum != 0)
        p->unsent_len = 0;
    if (p->unsent_len > 0) {
        memmove(p->unsent, p->unsent + sent, p->unsent_len);
        return;
    }
    free(p->unsent);
    p->unsent = NULL;
}

/* what the session wants to say leaves in one write, if the kernel takes it */
static int send_out(struct probe *p)
{
    struct outbuf *out = &p->worker->out;
    size_t sent = 0;
    int rc = 0;
    if (p->send_errnum == 0 && p->unsent_len == 0)
        send_some(p, &sent, out->data, out->len);
    if (p->send_errnum == 0 && sent < out->len)
        rc = keep_unsent(p, out->data + sent, out->len - sent);
    out->len = 0;
    return rc;
}

/* ---- events to the session ---- */

static void on_event(uv_poll_t *handle, int status, int events);

static int wait_for(struct probe *p, int events)
{
    if (p->poll_events == events)
        return 0;
    p->poll_events = events;
    return uv_poll_start(&p->poll, events, on_event);
}

/* the session wants the socket read once before it goes on; returns an errno of our own, or 0 */
static int drain(struct probe *p, uint64_t now_ns)
{
    struct worker *w = p->worker;
    ssize_t n = w->engine->config.net->recv(p->fd, w->in, WORKER_READ_MAX, MSG_DONTWAIT);
    int errnum = n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR ? errno : 0;
    if (is_ours(errnum))
        return errnum;
    session_drained(&p->session, w->in, n > 0 ? (size_t)n : 0, now_ns);
    if (n == 0)
        session_eof(&p->session, now_ns);
    else if (errnum != 0)
        session_error(&p->session, errnum, now_ns);
    return 0;
}

/* after each event: sends, drains, sets deadlines, ends */
static void settle(struct probe *p, uint8_t wait_serial, uint64_t now_ns)
{
    struct worker *w = p->worker;
    int rc = send_out(p), errnum = 0;
    if (p->session.want == SESSION_DRAIN) {
        errnum = drain(p, now_ns);
        rc = rc != 0 ? rc : send_out(p);
    }
    if (errnum == 0 && is_ours(p->send_errnum))
        errnum = p->send_errnum;
    if (errnum != 0) {
        give_back(p, errnum, now_ns);
        return;
    }
    if (rc != 0 || p->session.want == SESSION_FAULT) {
        engine_fault(w->engine, UV_ENOMEM, "no memory for a session");
        probe_abort(p);
        return;
    }
    if (p->session.want == SESSION_CLOSE) {
        finish(p);
        return;
    }
    if (p->session.wait_serial != wait_serial) {
        deadline_set(&w->waits[p->session.wait], &p->wait_deadline, now_ns);
        worker_wake_at(w, p->wait_deadline.due_ns);
    }
    rc = wait_for(p, UV_READABLE | (p->unsent_len > 0 ? UV_WRITABLE : 0));
    if (rc != 0)
        give_back(p, -rc, now_ns);
}

static void on_error(struct probe *p, int errnum, uint64_t now_ns)
{
    uint8_t serial = p->session.wait_serial;
    if (is_ours(errnum)) {
        give_back(p, errnum, now_ns);
        return;
    }
    session_error(&p->session, errnum, now_ns);
    settle(p, serial, now_ns);
}

static void on_connected(struct probe *p, uint64_t now_ns)
{
    uint8_t serial = p->session.wait_serial;
    session_connected(&p->session, now_ns);
    settle(p, serial, now_ns);
}

static void on_readable(struct probe *p, uint64_t now_ns)
{
    struct worker *w = p->worker;
    uint8_t serial = p->session.wait_serial;
    ssize_t n = w->engine->config.net->recv(p->fd, w->in, WORKER_READ_MAX, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return;
    if (n < 0 || (n == 0 && p->send_errnum != 0)) {
        on_error(p, n < 0 ? errno : p->send_errnum, now_ns);
        return;
    }
    if (n == 0)
        session_eof(&p->session, now_ns);
    else
        session_receive(&p->session, w->in, (size_t)n, now_ns);
    settle(p, serial, now_ns);
}

/* libuv tells of an error on the socket, but not of which: what was received before it is read
 * first */
static void on_failed(struct probe *p, uint64_t now_ns)
{
    if (p->session.wait == WAIT_CONNECT) {
        int errnum = p->worker->engine->config.net->error(p->fd);
        if (errnum != 0 && errnum != ECONNRESET && errnum != EPIPE) {
            on_error(p, errnum, now_ns);
            return;
        }
        p->send_errnum = ECONNRESET; /* reset, not refused: it was connected, and may have spoken */
        session_connected(&p->session, now_ns);
    }
    p->poll_events = 0; /* libuv has stopped the handle: started again if the session goes on */
    on_readable(p, now_ns);
    int events = UV_READABLE | (p->unsent_len > 0 ? UV_WRITABLE : 0);
    if (!p->finished && p->poll_events == 0 && wait_for(p, events) != 0)
        give_back(p, ENOMEM, now_ns);
}

static void on_event(uv_poll_t *handle, int status, int events)
{
    struct probe *p = handle->data;
    uint64_t now_ns = uv_hrtime();
    if (status < 0) {
        on_failed(p, now_ns);
    } else if (p->session.wait == WAIT_CONNECT) {
        on_connected(p, now_ns);
    } else {
        if ((events & UV_WRITABLE) != 0 && p->unsent_len > 0)
            flush_unsent(p);
        if ((events & UV_READABLE) != 0)
            on_readable(p, now_ns);
        else if (wait_for(p, UV_READABLE | (p->unsent_len > 0 ? UV_WRITABLE : 0)) != 0)
            give_back(p, ENOMEM, now_ns);
    }
}

void probe_timeout(struct probe *p, uint64_t now_ns)
{
    uint8_t serial = p->session.wait_serial;
    deadline_drop(&p->wait_deadline);
    session_timeout(&p->session, now_ns);
    settle(p, serial, now_ns);
}

/* ---- the start of a probe ---- */

static socklen_t to_sockaddr(struct sockaddr_storage *out, const struct target *target)
{
    memset(out, 0, sizeof *out);
    uint8_t octets[16];
    size_t len = addr_to_bytes(octets, target->addr);
    if (len == 4) {
        struct sockaddr_in *in4 = (struct sockaddr_in *)out;
        in4->sin_family = AF_INET;
        in4->sin_port = htons(target->port);
        memcpy(&in4->sin_addr, octets, 4);
        return sizeof *in4;
    }
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons(target->port);
    memcpy(&in6->sin6_addr, octets, 16);
    return sizeof *in6;
}

int probe_start(struct probe *p, const struct visit *visit, const struct target *target,
                uint64_t now_ns)
{
    struct worker *w = p->worker;
    const struct net *net = w->engine->config.net;
    struct sockaddr_storage addr;
    socklen_t addr_len = to_sockaddr(&addr, target);

    p->fd = net->socket(addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (p->fd < 0)
        return -errno;
    int errnum = net->connect(p->fd, (const struct sockaddr *)&addr, addr_len) == 0 ? 0 : errno;
    if (errnum != 0 && errnum != EINPROGRESS && errnum != ECONNREFUSED) {
        net->close(p->fd); /* told at once: no route, no port, no buffer: ours */
        return -errnum;
    }
    int rc = uv_poll_init(&w->loop, &p->poll, p->fd);
    if (rc != 0) {
        net->close(p->fd);
        return rc;
    }
    p->poll.data = p;
    p->poll_events = 0;
    p->send_errnum = 0;
    p->finished = p->unused = false;
    p->visit = *visit;
    p->target = *target;
    p->unsent = NULL;
    p->unsent_len = 0;
    p->wait_deadline.next = p->session_deadline.next = NULL;
    session_init(&p->session, &w->session_config, &w->out,
                 target->host.len > 0 ? (const char *)target->host.data : NULL, now_ns);
    deadline_set(&w->waits[WAIT_CONNECT], &p->wait_deadline, now_ns);
    deadline_set(&w->sessions, &p->session_deadline, now_ns);
    worker_wake_at(w, p->wait_deadline.due_ns);
    worker_wake_at(w, p->session_deadline.due_ns);
    worker_count(w, COUNT_STARTED);
    atomic_fetch_add_explicit(&w->engine->num_started[addr_is_v4(target->addr) ? 0 : 1], 1,
                              memory_order_relaxed);
    if (errnum == ECONNREFUSED)
        on_error(p, errnum, now_ns);
    else if ((rc = wait_for(p, UV_WRITABLE)) != 0)
        give_back(p, -rc, now_ns);
    return 0;
}
