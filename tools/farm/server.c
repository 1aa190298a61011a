#include "tools/farm/server.h"

#include <unistd.h>

#include "tools/farm/conn.h"
#include "tools/farm/listener.h"

/* libuv polls the listener no more while a connection waits there, so nothing spins. */
static void accept_or_wait(struct server *s)
{
    s->one_waits = s->num_conns >= s->config.max_conns || !conn_accept(s);
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct server *s = listener->data;
    if (status == 0 && !s->stopping)
        accept_or_wait(s);
}

/* ---- idle ---- */

static void on_idle(uv_timer_t *timer)
{
    struct server *s = timer->data;
    uint64_t now_ms = uv_now(s->loop);
    uint64_t due_ms = atomic_load(&s->config.shared->quiet_since_ms) + s->config.idle_exit_ms;
    if (atomic_load(&s->config.shared->num_conns) > 0)
        uv_timer_start(timer, on_idle, s->config.idle_exit_ms, 0);
    else if (due_ms > now_ms)
        uv_timer_start(timer, on_idle, due_ms - now_ms, 0);
    else
        server_stop(s);
}

void server_conn_came(struct server *s)
{
    s->num_conns++;
    atomic_fetch_add(&s->config.shared->num_conns, 1);
}

void server_conn_gone(struct server *s)
{
    s->num_conns--;
    if (atomic_fetch_sub(&s->config.shared->num_conns, 1) == 1)
        atomic_store(&s->config.shared->quiet_since_ms, uv_now(s->loop));
    if (s->one_waits && !s->stopping)
        accept_or_wait(s);
}

/* ---- life ---- */

static int open_listener(struct server *s, int listener)
{
    int rc = uv_tcp_open(&s->listener, listener);
    if (rc < 0)
        close(listener);
    else
        rc = uv_listen((uv_stream_t *)&s->listener, LISTENER_BACKLOG, on_connection);
    return rc;
}

int server_open(struct server *s, uv_loop_t *loop, const struct server_config *config, int listener)
{
    s->config = *config;
    s->loop = loop;
    s->conns = NULL;
    s->num_conns = 0;
    s->one_waits = false;
    s->stopping = true;
    s->out = (struct sendbuf){0};
    s->tls = tls_servers_new(config->pki, &s->out);
    int rc = s->tls == NULL ? UV_ENOMEM : uv_tcp_init(loop, &s->listener);
    if (rc < 0) {
        close(listener);
        return rc;
    }
    s->stopping = false;
    s->listener.data = s;
    uv_timer_init(loop, &s->idle);
    s->idle.data = s;
    rc = open_listener(s, listener);
    if (rc < 0)
        server_stop(s);
    else if (config->idle_exit_ms > 0)
        uv_timer_start(&s->idle, on_idle, config->idle_exit_ms, 0);
    return rc;
}

void server_stop(struct server *s)
{
    if (s->stopping)
        return;
    s->stopping = true;
    uv_close((uv_handle_t *)&s->listener, NULL);
    uv_close((uv_handle_t *)&s->idle, NULL);
    while (s->conns != NULL)
        conn_close(s->conns);
}

void server_cleanup(struct server *s)
{
    tls_servers_free(s->tls);
    sendbuf_cleanup(&s->out);
}
