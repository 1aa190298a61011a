/*
 * fake_net: a kernel that fails where a script says so, and peers that say what it says; and what was
 * asked of it.
 *
 * Ownership  the script is the caller's and outlives the sweep. One fake at a time.
 * Threads    any number of workers; fake_net_begin and what looks at it while no sweep runs.
 */
#ifndef MXSWEEP_TESTS_SCANNER_FAKE_NET_H
#define MXSWEEP_TESTS_SCANNER_FAKE_NET_H

#include <stdbool.h>
#include <stdint.h>

#include "scanner/net.h"

enum { FAKE_STEPS_MAX = 8, FAKE_CONNECTIONS_MAX = 4096 };

/* what one read gives; a NULL text with errnum 0 is the end of the stream */
struct fake_step {
    const char *text;
    int errnum;
};

struct fake_script {
    /* the first num_failures calls that can fail do; 0: that call does not fail */
    int socket_errnum, option_errnum, bind_errnum, connect_errnum;
    unsigned num_failures;
    uint32_t fails_for; /* connect fails only for this IPv4 address; 0: for all */
    int pending_errnum; /* of an asynchronous connect; the real one is refused */
    int send_errnum;
    struct fake_step steps[FAKE_STEPS_MAX]; /* of all reads, one after another */
    /* Or, if not NULL: what connection number n (from 0) to an address is greeted with, before its
     * peer is gone; "": nothing; NULL: nothing, and its peer stays. */
    const char *(*greet)(struct addr to, unsigned n);
};

/* a connection that was asked for, in the order in which they were */
struct fake_connection {
    struct addr to, from;
    bool is_bound;
    bool shares_port; /* IP_BIND_ADDRESS_NO_PORT, before it was bound */
    int syncnt;       /* TCP_SYNCNT; 0: not set */
};

extern const struct net fake_net;

void fake_net_begin(const struct fake_script *script);

/* fake_net_connections gives all connections asked for so far. */
size_t fake_net_connections(const struct fake_connection **out);

/* fake_net_most_open tells how many sockets were connected to one address at once, at most. */
unsigned fake_net_most_open(struct addr to);

/* fake_net_most_open_of_all tells the same of all addresses together. */
unsigned fake_net_most_open_of_all(void);

/* fake_net_num_open tells how many sockets are open. */
unsigned fake_net_num_open(void);

#endif
