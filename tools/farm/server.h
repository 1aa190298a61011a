/*
 * server: the listening socket of the farm and what its connections share.
 *
 * What       one dual-stack socket (0.0.0.0 alone where the kernel has no IPv6) that answers on
 * every local address; the behaviour is chosen by the address that the client called. Units times
 * in ms of the loop's clock, log stamps in us since 1970-01-01 UTC. Ownership
 * server_open/server_close; the loop is the caller's, and must run until it is empty after
 * server_stop. Errors     negative UV_E*.
 */
#ifndef MXSWEEP_TOOLS_FARM_SERVER_H
#define MXSWEEP_TOOLS_FARM_SERVER_H

#include <stdio.h>
#include <uv.h>

#include "tools/farm/population.h"
#include "tools/farm/tls_server.h"

struct conn;

enum { SERVER_READ_MAX = 65536 };

struct server_config {
    const struct population *population;
    struct pki *pki;
    int64_t now_s;         /* the date of the farm */
    uint16_t port;         /* 0: the kernel chooses */
    uint64_t idle_exit_ms; /* stop after so long without a connection; 0: never */
    FILE *log;             /* NULL: none */
};

struct server {
    struct server_config config;
    uv_loop_t *loop;
    uv_tcp_t listener;
    uv_timer_t idle;
    uint16_t port; /* as bound */
    struct tls_servers *tls;
    struct sendbuf out; /* of the connection whose event is being handled */
    struct conn *conns; /* all that are open */
    bool stopping;
    uint8_t in[SERVER_READ_MAX];
};

int server_open(struct server *s, uv_loop_t *loop, const struct server_config *config);

/* server_stop closes the listener and all connections; the loop then runs empty. Idempotent. */
void server_stop(struct server *s);

/* server_cleanup frees what is left after the loop has run empty. */
void server_cleanup(struct server *s);

/* server_conn_gone is told by a connection that it has closed. */
void server_conn_gone(struct server *s);

/* server_log writes one line of the log. */
void server_log(struct server *s, struct addr a, const char *event, const struct behaviour *b);

#endif
