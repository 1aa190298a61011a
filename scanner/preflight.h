/*
 * preflight: is this host fit for the sweep that is planned? A table of findings.
 *
 * What       preflight_gather reads what the host says of itself (/proc, the limits of the process,
 *            its addresses, the DNS); preflight_judge holds it against the plan, and is pure;
 *            preflight_print shows it. No packet goes to a target: whether port 25 is open from
 *            here is told by control targets, which the caller has probed.
 * Units      ns, octets, seconds where a name says _s.
 * Promise    a finding is a failure only where the sweep could not start, or would surely be
 *            worthless; what cannot be read is "unknown", not bad.
 * Ownership  facts and plans are the caller's; texts in a plan are borrowed and outlive the facts.
 * Errors     preflight_gather: negative errno for faults of ours (no memory).
 */
#ifndef MXSWEEP_SCANNER_PREFLIGHT_H
#define MXSWEEP_SCANNER_PREFLIGHT_H

#include <stdio.h>

#include "core/addr.h"
#include "scanner/resolver.h"

enum {
    PREFLIGHT_SOURCES_MAX = 64, /* looked at; more are counted */
    PREFLIGHT_TEXT_MAX = 320,
    PREFLIGHT_FINDINGS_MAX = 16 + 3 * PREFLIGHT_SOURCES_MAX
};

struct preflight_control {
    unsigned num_asked, num_answered; /* targets known to answer */
};

struct preflight_plan {
    uint64_t in_flight;          /* sessions at once; 0: as many as descriptors allow */
    uint64_t descriptors_beside; /* what the program needs besides */
    uint64_t rate_step_ns;       /* between two starts; 0: no limit */
    uint64_t connect_timeout_ns;
    unsigned max_syns;          /* 0: as many as leave within the connect time-out */
    const struct addr *sources; /* addresses to connect from; none: the routes say */
    size_t num_sources;
    const char *const *ehlo_names; /* one, or one for each source; NULL: none */
    size_t num_ehlo_names;
    struct addr reach[2]; /* a target of each family, to find its route; not connected to */
    size_t num_reach;
    const char *dns_servers; /* as in struct resolver_config */
    uint64_t dns_timeout_ns;
    struct preflight_control control;
    const char *proc; /* NULL: /proc */
};

struct preflight_number {
    bool is_known;
    uint64_t value;
};

struct preflight_source {
    struct addr addr;      /* the source; without a route: the target that cannot be reached */
    const char *ehlo;      /* the name that it says; NULL: none */
    bool by_route;         /* not asked for: what the route gives */
    int error;             /* errno of bind(), or of finding the route; 0: none */
    bool names_asked;      /* of the DNS: what follows is then set */
    enum resolved ptr;     /* what names the address has */
    enum resolved ehlo_as; /* what addresses ehlo has; 0: not asked, it is no host name */
    const char *ptr_why, *ehlo_why;
    char ptr_name[RESOLVER_NAME_MAX +
                  1]; /* the one that is ehlo, or that leads back, or the first */
    bool ptr_is_ehlo;
    bool ptr_leads_back; /* ptr_name has this address */
    bool ptr_unsure;     /* that could not be asked */
    bool ehlo_leads_here;
};

struct preflight_facts {
    struct preflight_number descriptors_soft, descriptors_hard;
    struct preflight_number num_ports; /* local ones that connections may take */
    struct preflight_number tracked_max, tracked, tracked_syn_s, tracked_wait_s; /* conntrack */
    struct preflight_number syn_linear; /* tcp_syn_linear_timeouts */
    struct preflight_number memory_available;
    struct preflight_number tcp_pages; /* from which on TCP saves memory */
    struct preflight_source sources[PREFLIGHT_SOURCES_MAX];
    size_t num_sources, num_sources_left_out;
};

enum preflight_state { PREFLIGHT_OK = 1, PREFLIGHT_WARN, PREFLIGHT_FAIL, PREFLIGHT_UNKNOWN };

struct preflight_finding {
    const char *check;
    enum preflight_state state;
    char found[PREFLIGHT_TEXT_MAX], mend[PREFLIGHT_TEXT_MAX]; /* mend: empty where none is needed */
};

/* preflight_gather takes as long as the DNS does: the time-outs of dns_timeout_ns. */
int preflight_gather(struct preflight_facts *out, const struct preflight_plan *plan);

/* preflight_names asks the DNS about sources that have no error, on a loop that it runs and stops:
 * a part of preflight_gather. 0, or negative. */
int preflight_names(struct preflight_source *sources, size_t num, uv_loop_t *loop,
                    const struct preflight_plan *plan);

/* preflight_is_public tells whether servers see a source as it is: not loopback, nor private (RFC
 * 1918, 6598, 4193), nor link-local. The DNS is asked about no other. */
bool preflight_is_public(struct addr a);

/* preflight_judge writes up to max findings (PREFLIGHT_FINDINGS_MAX are enough) and returns their
 * number. */
size_t preflight_judge(struct preflight_finding *out, size_t max, const struct preflight_facts *f,
                       const struct preflight_plan *plan);

/* preflight_print shows findings and tells whether the sweep would be worthless. */
bool preflight_print(FILE *out, const struct preflight_finding *findings, size_t num);

#endif
