/*
 * server: a listening socket of the farm and what its connections share; one in each process.
 *
 * What       answers at every local address; the behaviour is chosen by the address that the client
 *            called. With no descriptor left it accepts no more until a connection ends: clients
 *            wait in the kernel's queue.
 * Units      times in ms of the loop's clock, log stamps in us since 1970-01-01 UTC.
 * Ownership  server_open borrows all that config points to until server_cleanup, and takes the
 *            listening descriptor in any case. The loop is the caller's, and must run until it is
 *            empty after server_stop.
 * Errors     negative UV_E*.
 */
#ifndef MXSWEEP_TOOLS_FARM_SERVER_H
#define MXSWEEP_TOOLS_FARM_SERVER_H

#include <stdatomic.h>
#include <uv.h>

#include "tools/farm/front.h"
#include "tools/farm/latency.h"
#include "tools/farm/log.h"
#include "tools/farm/population.h"
#include "tools/farm/throttle.h"
#include "tools/farm/tls_server.h"

struct conn;

enum { SERVER_READ_MAX = 65536 };

/* what all processes of a farm share, in memory that they share */
struct server_shared {
    _Atomic uint64_t num_conns;      /* open */
    _Atomic uint64_t quiet_since_ms; /* when the last one closed; ms of the loops' clock */
};

struct server_config {
    const struct population *population;
    const struct fronts *fronts;
    struct pki *pki;
    struct farm_log *log;
    struct throttle *throttle; /* NULL: none */
    struct server_shared *shared;
    struct latency latency;
    int64_t now_s;         /* the date of the farm */
    uint16_t port;         /* that the listener is bound to */
    uint32_t max_conns;    /* at once */
    uint64_t idle_exit_ms; /* stop after so long without a connection; 0: never */
};

struct server {
    struct server_config config;
    uv_loop_t *loop;
    uv_tcp_t listener;
    uv_timer_t idle;
    struct tls_servers *tls;
    struct sendbuf out; /* of the connection whose event is being handled */
    struct conn *conns; /* all that are open */
    uint32_t num_conns;
    bool stopping, one_waits; /* at the listener, for a descriptor */
    uint8_t in[SERVER_READ_MAX];
};

int server_open(struct server *s, uv_loop_t *loop, const struct server_config *config,
                int listener);

/* server_stop closes the listener and all connections; the loop then runs empty. Idempotent. */
void server_stop(struct server *s);

/* server_cleanup frees what is left after the loop has run empty. */
void server_cleanup(struct server *s);

/* server_conn_came and server_conn_gone are told by a connection that it has opened, closed. */
void server_conn_came(struct server *s);
void server_conn_gone(struct server *s);

#endif
