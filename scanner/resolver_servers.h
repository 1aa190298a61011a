/*
 * resolver_servers: the list of DNS servers as a user writes it.
 *
 * Form       ADDR, ADDR:PORT, [ADDR] or [ADDR]:PORT, with commas between; port 53 if none is given.
 * Errors     negative libuv codes, with words in err, always printable.
 */
#ifndef MXSWEEP_SCANNER_RESOLVER_SERVERS_H
#define MXSWEEP_SCANNER_RESOLVER_SERVERS_H

#include <ares.h>

#include "core/addr.h"

enum { RESOLVER_SERVERS_MAX = 8 };

struct resolver_server {
    struct addr addr;
    uint16_t port;
};

/* resolver_servers_parse reads up to RESOLVER_SERVERS_MAX of them: their number, or UV_EINVAL. */
int resolver_servers_parse(struct resolver_server out[RESOLVER_SERVERS_MAX], char *err,
                           size_t err_len, const char *text);

/* resolver_servers_use has a channel ask these servers: 0, UV_EINVAL or UV_ENOMEM. */
int resolver_servers_use(ares_channel channel, char *err, size_t err_len, const char *text);

#endif
