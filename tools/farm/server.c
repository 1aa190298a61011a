#include "tools/farm/server.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/time.h>

#include "tools/farm/conn.h"

enum { BACKLOG = 65535 }; /* the kernel cuts it to net.core.somaxconn */

static void on_connection(uv_stream_t *listener, int status)
{
    struct server *s = listener->data;
    /* on a failure (no descriptors) libuv has already dropped what waited: nothing to accept, and
     * no spinning */
    if (status == 0 && !s->stopping)
        conn_accept(s);
}

static void on_idle(uv_timer_t *timer)
{
    struct server *s = timer->data;
    if (s->conns == NULL)
        server_stop(s);
}

static void idle_restart(struct server *s)
{
    if (s->config.idle_exit_ms > 0 && !s->stopping)
        uv_timer_start(&s->idle, on_idle, s->config.idle_exit_ms, 0);
}

/* bind_and_listen takes the dual-stack address, or IPv4 alone. */
static int bind_and_listen(struct server *s)
{
    struct sockaddr_in6 six;
    struct sockaddr_in four;
    uv_ip6_addr("::", s->config.port, &six);
    uv_ip4_addr("0.0.0.0", s->config.port, &four);
    int rc = uv_tcp_bind(&s->listener, (const struct sockaddr *)&six, 0);
    if (rc == UV_EAFNOSUPPORT || rc == UV_EADDRNOTAVAIL)
        rc = uv_tcp_bind(&s->listener, (const struct sockaddr *)&four, 0);
    if (rc == 0)
        rc = uv_listen((uv_stream_t *)&s->listener, BACKLOG, on_connection);
    return rc;
}

static int find_port(struct server *s)
{
    struct sockaddr_storage name;
    int len = sizeof name;
    int rc = uv_tcp_getsockname(&s->listener, (struct sockaddr *)&name, &len);
    if (rc == 0) /* the port is at the same place in both families */
        s->port = ntohs(((const struct sockaddr_in *)&name)->sin_port);
    return rc;
}

int server_open(struct server *s, uv_loop_t *loop, const struct server_config *config)
{
    s->config = *config;
    s->loop = loop;
    s->conns = NULL;
    s->stopping = false;
    s->out = (struct sendbuf){0};
    s->tls = tls_servers_new(config->pki, &s->out);
    if (s->tls == NULL)
        return UV_ENOMEM;
    int rc = uv_tcp_init(loop, &s->listener);
    if (rc < 0)
        return rc;
    s->listener.data = s;
    uv_timer_init(loop, &s->idle);
    s->idle.data = s;
    rc = bind_and_listen(s);
    if (rc == 0)
        rc = find_port(s);
    if (rc < 0) {
        server_stop(s);
        return rc;
    }
    idle_restart(s);
    return 0;
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

void server_conn_gone(struct server *s)
{
    if (s->conns == NULL)
        idle_restart(s);
}

void server_log(struct server *s, struct addr a, const char *event, const struct behaviour *b)
{
    if (s->config.log == NULL)
        return;
    struct timeval now;
    char text[ADDR_TEXT_MAX];
    gettimeofday(&now, NULL);
    addr_format(text, a);
    fprintf(s->config.log, "%" PRIu64 " %s %s %s\n",
            (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_usec, text, event, b->name);
}
