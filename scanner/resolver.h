/*
 * resolver: host names to addresses, and addresses to names, by DNS. One for each loop.
 *
 * What       A and AAAA are asked for at once, each by itself; nothing but DNS is asked: no hosts
 *            file, no search domains. Addresses come as answered, A first, each once, an IPv4 one
 *            inside IPv6 as that IPv4 address.
 * Units      time-outs in ns, of a server's first try; each round through the servers doubles it.
 * Promise    done is called once for each start, from the loop and never from within
 *            resolver_start or resolver_reverse; from it everything may be called, resolver_free
 *            too. While nothing is asked the resolver holds no socket and does not keep the loop
 *            running.
 * Ownership  the caller embeds struct resolution or struct reverse and keeps it until done or
 *            resolver_cancel_all; names are copied. A resolver belongs to its loop's thread; making
 *            and freeing are for one thread at a time (c-ares' own bookkeeping).
 * Errors     negative libuv codes; what is found of a name is data, in `how`.
 */
#ifndef MXSWEEP_SCANNER_RESOLVER_H
#define MXSWEEP_SCANNER_RESOLVER_H

#include <uv.h>

#include "core/addr.h"

enum {
    RESOLVER_ADDRS_MAX = 32,
    RESOLVER_NAMES_MAX = 8,
    RESOLVER_NAME_MAX = 253, /* octets of a host name (RFC 1035) */
    RESOLVER_QUERIES_DEFAULT = 256,
    RESOLVER_QUERIES_MAX = 8192, /* two identifiers of 16 bits each */
    RESOLVER_TRIES_DEFAULT = 3,
    RESOLVER_TRIES_MAX = 10
};
#define RESOLVER_TIMEOUT_DEFAULT_NS UINT64_C(3000000000)

struct resolver_config {
    const char *servers;  /* ADDR[:PORT],... ([ADDR]:PORT for IPv6); NULL: the system's */
    unsigned max_queries; /* names asked for at once; 0: RESOLVER_QUERIES_DEFAULT */
    uint64_t timeout_ns;  /* of a first try; 0: RESOLVER_TIMEOUT_DEFAULT_NS */
    unsigned tries;       /* of each server; 0: RESOLVER_TRIES_DEFAULT */
    bool want4, want6;    /* A, AAAA; one at least */
};

enum resolved {
    RESOLVED_OK = 1,     /* one answer at least; `partial`: the other family is not known */
    RESOLVED_NO_ADDRESS, /* definite: no such name, or it has none of what was asked for */
    RESOLVED_FAILURE,    /* SERVFAIL, REFUSED, silence, nonsense: nothing is known of the name */
    RESOLVED_OURS        /* nobody could be asked: no socket, no memory, no way to any server */
};

/* the resolver's own part of what is being asked */
struct resolver_job {
    struct resolver *resolver;
    struct resolver_job *next; /* of those that are ready */
    unsigned num_open;         /* queries without an answer */
    bool is_reverse, failed, no_memory;
    uint64_t num_faults, num_unreached, num_heard; /* the resolver's, as this was started */
};

struct resolution {
    enum resolved how;
    const char *why; /* a constant: what failed, in words; "" where nothing did */
    struct addr addrs[RESOLVER_ADDRS_MAX];
    unsigned num_addrs;
    bool cut;     /* there were more */
    bool partial; /* the other family's answer failed */
    struct resolver_job job;
    void (*done)(struct resolution *res);
};

struct reverse {
    enum resolved how;
    const char *why;
    char names[RESOLVER_NAMES_MAX][RESOLVER_NAME_MAX + 1]; /* host names, no dot at the end */
    unsigned num_names;
    bool cut;
    struct resolver_job job;
    void (*done)(struct reverse *res);
};

struct resolver;

/* resolver_new: UV_EINVAL (servers cannot be read, no family wanted) or UV_ENOMEM, with words in
 * err. */
int resolver_new(struct resolver **out, char *err, size_t err_len, uv_loop_t *loop,
                 const struct resolver_config *config);

/* resolver_has_room tells whether one more may be started. */
bool resolver_has_room(const struct resolver *r);

/* resolver_start asks for the addresses of a host name (letters, digits, - and _, a dot at the end
 * or none). UV_EINVAL: it is none; UV_EAGAIN: no room. done is not called then. */
int resolver_start(struct resolver *r, struct resolution *res, const char *name,
                   void (*done)(struct resolution *res));

/* resolver_reverse asks for the names of an address (PTR). UV_EAGAIN: no room. */
int resolver_reverse(struct resolver *r, struct reverse *res, struct addr a,
                     void (*done)(struct reverse *res));

/* resolver_cancel_all forgets everything that is asked: done is not called any more. */
void resolver_cancel_all(struct resolver *r);

/* resolver_free cancels all and closes what is open. The memory goes when the loop has called the
 * close callbacks: uv_run(loop, UV_RUN_DEFAULT) before uv_loop_close, as for any handle. NULL is
 * fine. */
void resolver_free(struct resolver *r);

#endif
