/*
 * conn: one connection to the farm: a server that acts by its row of the behaviour table.
 *
 * Ownership  conn_accept makes it; it frees itself in its last close callback.
 */
#ifndef MXSWEEP_TOOLS_FARM_CONN_H
#define MXSWEEP_TOOLS_FARM_CONN_H

#include "tools/farm/server.h"

/* conn_accept takes the connection that is waiting at the listener; false: no memory, it waits on.
 */
bool conn_accept(struct server *s);

/* conn_close closes at once, with FIN or, where data was left unread, RST. Idempotent. */
void conn_close(struct conn *c);

#endif
