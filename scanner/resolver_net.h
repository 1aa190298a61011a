/*
 * resolver_net: the sockets of c-ares, made as a resolver wants them, and what goes wrong with them
 * counted, which c-ares does not tell.
 *
 * Ownership  the counters are the caller's and outlive the channel.
 */
#ifndef MXSWEEP_SCANNER_RESOLVER_NET_H
#define MXSWEEP_SCANNER_RESOLVER_NET_H

#include <ares.h>
#include <stdint.h>

struct resolver_net {
    uint64_t num_faults;    /* descriptors, memory, buffers, ports: this host's */
    uint64_t num_unreached; /* no route to a server, or nobody listens there */
    uint64_t num_heard;     /* datagrams and pieces of streams that came */
};

/* resolver_net_use has a channel use such sockets: before its first query. */
void resolver_net_use(struct resolver_net *net, ares_channel channel);

#endif
