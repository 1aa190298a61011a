/*
 * outcome: how a target's last attempt ended: the stage it reached and the cause that ended it.
 *
 * Promise    codes are stored in datasets: append, never renumber; 0 is never stored. Slugs are
 *            what people see.
 */
#ifndef MXSWEEP_CORE_OUTCOME_H
#define MXSWEEP_CORE_OUTCOME_H

#include <stdbool.h>
#include <stddef.h>

/* X(code, NAME, slug, text) */
#define STAGES(X)                                                                                  \
    X(0, NONE,      "none",      "never begun: a bug if stored")                                   \
    X(1, CONNECT,   "connect",   "waiting for the TCP connection")                                 \
    X(2, GREETING,  "greeting",  "waiting for the greeting")                                       \
    X(3, EHLO,      "ehlo",      "waiting for the answer to EHLO")                                 \
    X(4, STARTTLS,  "starttls",  "looking for STARTTLS or waiting for its answer")                 \
    X(5, HANDSHAKE, "handshake", "in the TLS handshake")                                           \
    X(6, EHLO_TLS,  "ehlo-tls",  "waiting for the answer to EHLO inside TLS")                      \
    X(7, DONE,      "done",      "all of it happened")

#define CAUSES(X)                                                                                  \
    X(0,  NONE,             "none",             "never ended: a bug if stored")                    \
    X(1,  OK,               "ok",               "handshake completed, EHLO answered inside it")    \
    X(2,  TIMEOUT,          "timeout",          "no answer in time")                               \
    X(3,  REFUSED,          "refused",          "connection refused")                              \
    X(4,  NET_UNREACHABLE,  "net-unreachable",  "network unreachable")                             \
    X(5,  HOST_UNREACHABLE, "host-unreachable", "host unreachable")                                \
    X(6,  ADMIN_PROHIBITED, "admin-prohibited", "administratively prohibited, as the kernel told") \
    X(7,  RESET,            "reset",            "connection reset by the peer")                    \
    X(8,  CLOSED,           "closed",           "connection closed by the peer")                   \
    X(9,  MALFORMED,        "malformed",        "no SMTP reply, or one that makes no sense here")  \
    X(10, TOO_LONG,         "too-long",         "a reply over the limits")                         \
    X(11, REJECTED,         "rejected",         "refused by a 4xx or 5xx reply")                   \
    X(12, THROTTLED,        "throttled",        "asked to come back later")                        \
    X(13, NOT_OFFERED,      "not-offered",      "STARTTLS is not among the keywords")              \
    X(14, EARLY_PLAINTEXT,  "early-plaintext",  "plaintext before the handshake, which failed")    \
    X(15, NOT_TLS,          "not-tls",          "the hello was answered with no TLS record")       \
    X(16, ALERT_RECEIVED,   "alert-received",   "the peer sent an alert")                          \
    X(17, ALERT_SENT,       "alert-sent",       "we sent an alert")                                \
    X(18, TLS_ERROR,        "tls-error",        "the handshake failed without an alert")           \
    X(19, NO_ADDRESS,       "no-address",       "the host name has no address")                    \
    X(20, BLOCKED,          "blocked",          "on the blocklist by the time it was due")         \
    X(21, DNS_FAILURE,      "dns-failure",                                                         \
      "the host name could not be resolved: an error, or no answer")

enum stage {
#define X(code, NAME, slug, text) STAGE_##NAME = code,
    STAGES(X)
#undef X
    NUM_STAGES
};

enum cause {
#define X(code, NAME, slug, text) CAUSE_##NAME = code,
    CAUSES(X)
#undef X
    NUM_CAUSES
};

/* stage_slug and cause_slug return the name of a code; of a code this version does not know,
 * "unknown". */
const char *stage_slug(unsigned code);
const char *cause_slug(unsigned code);

/* stage_text and cause_text return the same in words. */
const char *stage_text(unsigned code);
const char *cause_text(unsigned code);

/* stage_find and cause_find return the code of a slug, or 0. */
enum stage stage_find(const char *slug);
enum cause cause_find(const char *slug);

/* cause_has_addr tells whether a target that ended so has an address: a host name that did not
 * resolve has none. */
bool cause_has_addr(unsigned code);

/* cause_of_errno turns an error that an opening or established connection ended with into a finding
 * and returns true: all that a peer, or a router by its ICMP code, can choose; false for a fault of
 * our own (descriptors, local ports, buffers, a firewall of this host). */
bool cause_of_errno(enum cause *out, int errnum);

#endif
