/*
 * dns_peer: a DNS server on a loop of the test's, good and bad, by UDP and TCP on one port of
 * 127.0.0.1. It shares no code with the resolver.
 *
 * Ownership  dns_peer_new/dns_peer_free; after dns_peer_free the loop must run until its close
 *            callbacks have been called. Rules are borrowed.
 */
#ifndef MXSWEEP_TESTS_SCANNER_DNS_PEER_H
#define MXSWEEP_TESTS_SCANNER_DNS_PEER_H

#include <stdbool.h>
#include <uv.h>

enum dns_manner {
    DNS_ANSWERS,
    DNS_SILENT,
    DNS_TRUNCATES,       /* by UDP: the TC bit and nothing else; by TCP the answer */
    DNS_CLOSES,          /* truncates, and closes the TCP connection without a word */
    DNS_DRIBBLES,        /* truncates, and answers octet by octet over TCP */
    DNS_ECHOES,          /* sends the query back */
    DNS_GARBLES,         /* sends octets that are no message, then the answer */
    DNS_MISTAKES_ID,     /* sends the answer with a wrong identifier, then the right one */
    DNS_MISTAKES_NAME,   /* sends an answer to another question, then the right one */
    DNS_CUTS,            /* the answer without its last octet */
    DNS_POINTS_AT_ITSELF /* the name of the first record is a pointer to itself */
};

struct dns_rule {
    const char *name; /* of the question, in lower case; "*": any */
    const char *type; /* "A", "AAAA", "PTR"; "*": any */
    enum dns_manner manner;
    unsigned silent_first; /* so many questions are not answered before */
    unsigned rcode;
    bool no_recursion;   /* the RA bit is off */
    const char *records; /* "OWNER TYPE DATA; ..." with A, AAAA, CNAME, PTR; OWNER @: the name asked
                            for; NULL: none */
};

struct dns_peer;

int dns_peer_new(struct dns_peer **out, uv_loop_t *loop, const struct dns_rule *rules,
                 size_t num_rules);
unsigned dns_peer_port(const struct dns_peer *p);
/* dns_peer_asked tells how many questions came by UDP, or by TCP. A question without a rule is
 * answered by NXDOMAIN. */
unsigned dns_peer_asked(const struct dns_peer *p, bool tcp);
void dns_peer_free(struct dns_peer *p);

#endif
