#include "scanner/probe.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdlib.h>

#include "scanner/auditing.h"
#include "scanner/finish.h"
#include "scanner/starts.h"

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

static void end_at_network(struct probe *p, enum network_end how, uint64_t now_ns)
{
    struct worker *w = p->worker;
    if (networks_end(w->engine->networks, p->at.target.addr, p->at.asn, how, p->session.start_ns,
                     now_ns))
        worker_start_soon(w);
}

/* closes without a record */
static void end_unused(struct probe *p)
{
    p->finished = true;
    p->unused = true;
    close_all(p);
    end_at_network(p, NETWORK_UNUSED, uv_hrtime());
}

void probe_abort(struct probe *p)
{
    if (p->finished)
        return;
    end_unused(p);
    errand_drop(&p->at.visit);
}

/* A connection that was refused or never answered says nothing of how the network likes us, nor
 * does a host that says "later" for the third time: it says so to everyone. */
static enum network_end how_it_went(const struct probe *p, const struct record *r)
{
    unsigned num = visit_num_attempts(&p->at.visit);
    if (r->cause != CAUSE_THROTTLED)
        return r->smtp_code != 0 ? NETWORK_WENT_WELL : NETWORK_UNUSED;
    if (!p->worker->engine->config.backs_off || num > 1)
        return NETWORK_UNUSED;
    return num > 0 ? NETWORK_THROTTLED_AGAIN : NETWORK_THROTTLED;
}

static void no_memory(struct probe *p)
{
    engine_fault(p->worker->engine, UV_ENOMEM, "no memory for a result");
    probe_abort(p);
}

/* a connection of audits is over: the next one follows, or the record that waits for them is
 * whole */
static void finish_of_audit(struct probe *p, struct auditing *auditing, const struct record *r,
                            uint64_t now_ns)
{
    struct worker *w = p->worker;
    enum network_end how = how_it_went(p, r);
    bool more = auditing_take(auditing, &p->session);
    p->finished = true;
    close_all(p);
    end_at_network(p, how, now_ns);
    struct result *result = finish_audited(w, &p->at, more, now_ns);
    p->unused = result == NULL;
    if (result != NULL)
        finish_deliver(w, result);
}

/* the session is over: its outcome becomes a record, or the target is visited again later */
static void finish(struct probe *p, uint64_t now_ns)
{
    struct worker *w = p->worker;
    const struct errand *e = visit_errand(&p->at.visit);
    struct record r;
    size_t num_certs;
    record_init(&r);
    session_record(&p->session, &r);
    starts_went_well(w);
    if (e != NULL && e->auditing != NULL) {
        finish_of_audit(p, e->auditing, &r, now_ns);
        return;
    }
    r.source = p->source;
    CRYPTO_BUFFER *const *certs = session_certs(&p->session, &num_certs);
    enum network_end how = how_it_went(p, &r);
    uint64_t start_ns = p->session.start_ns;
    struct result *result = finish_result(w, &p->at, &r, certs, num_certs, start_ns, now_ns);
    if (result == NULL) {
        no_memory(p);
        return;
    }
    SSL_SESSION *resumed = session_take_resumable(&p->session);
    p->finished = true;
    close_all(p);
    end_at_network(p, how, now_ns);
    p->unused = finish_later(w, &p->at, result, start_ns, now_ns) ||
                finish_classically(w, &p->at, result, now_ns);
    if (p->unused)
        SSL_SESSION_free(resumed);
    else if (finish_audit(w, &p->at, result, resumed, now_ns))
        p->unused = true;
    else
        finish_deliver(w, result);
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
        finish(p, now_ns);
        return;
    }
    starts_put_back(p->worker, &p->at, errnum, now_ns);
    end_unused(p);
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
        finish(p, now_ns);
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

/* which of our addresses it is this target's turn for: evenly, and another one in a retry */
static size_t choose_source(const struct engine_config *config, const struct candidate *c)
{
    const struct errand *e = visit_errand(&c->visit);
    uint64_t turn = visit_position(&c->visit) / config->num_shards;
    turn += visit_num_attempts(&c->visit) + (e != NULL && e->named != NULL ? e->named->at : 0);
    return sources_choose(config->sources, addr_is_v4(c->target.addr), turn);
}

/* a socket as the options want it. Returns it, or a negative errno. */
static int open_socket(const struct engine_config *config, size_t source, int family)
{
    const struct net *net = config->net;
    struct sockaddr_storage from;
    int fd = net->socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    bool good =
        config->syncnt == 0 || net->option(fd, IPPROTO_TCP, TCP_SYNCNT, config->syncnt) == 0;
    if (good && source < SOURCES_MAX) {
        /* the port is chosen at connect(): peers that differ can share it */
        socklen_t len = net_sockaddr(&from, config->sources->addrs[source], 0);
        good = net->option(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1) == 0 &&
               net->bind(fd, (const struct sockaddr *)&from, len) == 0;
    }
    if (good)
        return fd;
    int errnum = errno;
    net->close(fd);
    return -errnum;
}

static bool failed_in_handshake(const struct visit *v)
{
    struct visit_attempt a;
    for (unsigned i = 0; i < visit_num_attempts(v); i++) {
        visit_attempt(v, i, &a);
        if (a.stage == STAGE_HANDSHAKE)
            return true;
    }
    return false;
}

static struct session_hello hello_for(const struct candidate *c)
{
    const struct errand *e = visit_errand(&c->visit);
    if (e != NULL && e->auditing != NULL)
        return e->auditing->hello;
    return (struct session_hello){.host = c->target.host.len > 0 ? (const char *)c->target.host.data
                                                                 : NULL,
                                  .classical = failed_in_handshake(&c->visit)};
}

static void init(struct probe *p, const struct candidate *c, size_t source, uint64_t now_ns)
{
    struct worker *w = p->worker;
    const struct sources *sources = w->engine->config.sources;
    p->poll.data = p;
    p->poll_events = 0;
    p->send_errnum = 0;
    p->finished = p->unused = false;
    p->source = source < SOURCES_MAX ? (uint8_t)source : 0;
    p->at = *c;
    if (visit_num_attempts(&p->at.visit) > 0)
        visit_set_gap(&p->at.visit, now_ns - p->at.visit.attempt_start_ns);
    p->unsent = NULL;
    p->unsent_len = 0;
    p->wait_deadline.next = p->session_deadline.next = NULL;
    struct session_hello hello = hello_for(c);
    session_init(&p->session, &w->session_configs[sources->num_names > 1 ? p->source : 0], &w->out,
                 &hello, now_ns);
}

int probe_start(struct probe *p, const struct candidate *c, uint64_t now_ns)
{
    struct worker *w = p->worker;
    const struct engine_config *config = &w->engine->config;
    struct sockaddr_storage addr;
    socklen_t addr_len = net_sockaddr(&addr, c->target.addr, c->target.port);
    size_t source = choose_source(config, c);

    p->fd = open_socket(config, source, addr.ss_family);
    if (p->fd < 0)
        return p->fd;
    int errnum =
        config->net->connect(p->fd, (const struct sockaddr *)&addr, addr_len) == 0 ? 0 : errno;
    if (errnum != 0 && errnum != EINPROGRESS && errnum != ECONNREFUSED) {
        config->net->close(p->fd); /* told at once: no route, no port, no buffer: ours */
        return -errnum;
    }
    int rc = uv_poll_init(&w->loop, &p->poll, p->fd);
    if (rc != 0) {
        config->net->close(p->fd);
        return rc;
    }
    init(p, c, source, now_ns);
    const struct errand *e = visit_errand(&c->visit);
    if (e != NULL && e->auditing != NULL)
        worker_count(w, COUNT_AUDITS);
    deadline_set(&w->waits[WAIT_CONNECT], &p->wait_deadline, now_ns);
    deadline_set(&w->sessions, &p->session_deadline, now_ns);
    worker_wake_at(w, p->wait_deadline.due_ns);
    worker_wake_at(w, p->session_deadline.due_ns);
    worker_count(w, COUNT_STARTED);
    atomic_fetch_add_explicit(&w->engine->num_started[addr_is_v4(c->target.addr) ? 0 : 1], 1,
                              memory_order_relaxed);
    if (errnum == ECONNREFUSED)
        on_error(p, errnum, now_ns);
    else if ((rc = wait_for(p, UV_WRITABLE)) != 0)
        give_back(p, -rc, now_ns);
    return 0;
}
