/*
 * aggregate_keys: what targets are counted by: the tallies of an aggregate, and what their keys
 * mean.
 *
 * A part of aggregate.h.
 */
#ifndef MXSWEEP_TOOLS_AGGREGATE_KEYS_H
#define MXSWEEP_TOOLS_AGGREGATE_KEYS_H

#include "core/anomalies.h"
#include "core/audit.h"

/* Counts by a number; what the key is. Code 0 is: unknown. */
enum aggregate_tally {
    TALLY_OUTCOME,        /* stage << 8 | cause, of all targets, probed or not */
    TALLY_GREETED,        /* enum cause of what ended the wait, of T; CAUSE_OK: greeted */
    TALLY_GREETING_CODE,  /* of G */
    TALLY_REJECTED,       /* enum rejected, of G */
    TALLY_OFFERED,        /* enum answer, of P: S */
    TALLY_OFFERED_REPLY,  /* enum answer of S << 1 | R, of Q */
    TALLY_STARTTLS_REPLY, /* code; or 1 << 16 | cause where no whole reply came; of Q */
    TALLY_VERSION,        /* of H, as the next three */
    TALLY_SUITE,          /* version << 32 | suite */
    TALLY_GROUP,          /* version << 32 | group; GROUP_RSA: none, by RSA key exchange */
    TALLY_SIGSCHEME,      /* GROUP_RSA likewise; SIGSCHEME_OLD: TLS 1.1 and older have none */
    TALLY_HANDSHAKE,      /* enum cause << 8 | alert number, of R; CAUSE_OK: completed */
    TALLY_CHAIN_LENGTH,   /* of H; CHAIN_CUT: more than a record keeps */
    TALLY_EXPIRY,         /* enum expiry, of L */
    TALLY_CHAIN_OCTETS,   /* octets of all certificates, of H; OCTETS_UNKNOWN: some did not come */
    TALLY_TRUSTED,        /* enum answer of V << 2 | of N, of H */
    TALLY_TRUSTED_S,      /* the same, of S; TRUSTED_NO_TLS: no handshake was completed */
    TALLY_NAME_HOST, /* enum answer of V << 8 | enum name_match, of the targets of L that have such
                         * a name */
    TALLY_NAME_GREETING,
    TALLY_NAME_EHLO,
    TALLY_OCSP,          /* enum ocsp_outcome, of H; 0: unknown */
    TALLY_MUST_STAPLE,   /* enum must_staple, of L */
    TALLY_SCT,           /* enum sct_where, of L */
    TALLY_TICKET,        /* enum ticket, of H */
    TALLY_PQ,            /* enum pq << 1 | whether it was TLS 1.3, of H */
    TALLY_NOT_SMTP,      /* enum not_smtp, of T */
    TALLY_ENHANCED,      /* enhanced_key() of the greeting, of G; 0: none */
    TALLY_REFUSAL,       /* name of a rejection rule + 1, or 0: none; of those rejected */
    TALLY_HELO,          /* enum helo, of G220 */
    TALLY_GREETING_NAME, /* enum greeting_name, of G220 */
    TALLY_MTA,           /* name of an MTA rule + 1, or 0: none; of G220 */
    TALLY_THROTTLED,     /* enum throttled, of G */
    TALLY_TARPIT,        /* enum answer: a reply took over 30 s; of G */
    TALLY_GREET_DELAY,   /* number of greet_delay_label(), of G */
    TALLY_FIRST,         /* as TALLY_OUTCOME, of the first attempt; of P */
    TALLY_RETRY,         /* outcome of the first attempt << 16 | of the last; of those retried */
    TALLY_GREYLISTED,    /* enum greylisted, of those retried */
    TALLY_EHLO,          /* class of the reply, of E */
    TALLY_EHLO_TLS,      /* the same, of E2 */
    TALLY_EHLO_PAIR,     /* class before TLS << EHLO_CLASS_BITS | inside; of E and E2 */
    TALLY_DOMAIN, /* hash of the last two labels of the greeting's full name, of H; 0: none */
    TALLY_AUDIT,  /* enum audit_fact << 2 | enum tri, of those audited */
    TALLY_AUDIT_VERSIONS, /* bits of the versions that are taken, where all are known */
    TALLY_AUDIT_SUITES,   /* where all are known */
    TALLY_AUDIT_GROUPS,   /* where all are known */
    TALLY_AUDIT_DH,       /* bits << 8 | enum dh_prime, where DHE is known */
    TALLY_VERDICT, /* flags of the chain << 8 | enum chain_outcome + 1, or 0: not judged; of L */
    TALLY_ANOMALY, /* enum anomaly, or NUM_ANOMALIES: any of them; of G, each target at any
                           * number of keys */
    TALLY_EXPIRY_WEEK, /* expiry_week_at(), of L */
    TALLY_KEY,         /* enum cert_key_type << 40 | bits << 16 | curve (word of the catalog's
                           * algorithms + 1, or 0), of L; for groups only */
    TALLY_AS_E,        /* number of the AS, of E; 0: not known */
    TALLY_AS_MARKED,   /* the same, of those of E with any anomaly */
    NUM_TALLIES
};

enum { GROUP_RSA = 1 << 16, SIGSCHEME_OLD = 2 << 16, CHAIN_CUT = 1 << 16 };
enum { OCTETS_UNKNOWN = 1 << 30, TRUSTED_NO_TLS = 1 << 4 };

enum pq { PQ_UNKNOWN, PQ_NOT, PQ_NEGOTIATED, PQ_WOULD, NUM_PQ };

/* what came where a greeting was awaited */
enum not_smtp {
    NOT_SMTP_OTHER_END, /* none of these */
    NOT_SMTP_GREETED,
    NOT_SMTP_SILENT,
    NOT_SMTP_CLOSED,
    NOT_SMTP_SSH,
    NOT_SMTP_HTTP,
    NOT_SMTP_IMAP,
    NOT_SMTP_POP3,
    NOT_SMTP_TLS,
    NOT_SMTP_TEXT,
    NOT_SMTP_BINARY,
    NUM_NOT_SMTP
};

enum helo { HELO_UNKNOWN, HELO_NOT_NEEDED, HELO_ACCEPTED, HELO_REFUSED, HELO_NO_ANSWER, NUM_HELO };

enum greeting_name {
    GREETING_NO_NAME,
    GREETING_FQDN,
    GREETING_BARE,
    GREETING_ADDRESS,
    GREETING_LOCALHOST,
    GREETING_PRIVATE,
    NUM_GREETING_NAMES
};

enum throttled {
    THROTTLED_NOT,
    THROTTLED_GREETING_421,
    THROTTLED_GREETING_4XX,
    THROTTLED_EHLO_421,
    THROTTLED_EHLO_4XX,
    THROTTLED_STARTTLS_4XX,
    NUM_THROTTLED
};

enum greylisted {
    GREYLISTED_OTHER, /* no 4xx at first */
    GREYLISTED_THEN_ACCEPTED,
    GREYLISTED_STILL,
    GREYLISTED_THEN_FAILED,
    NUM_GREYLISTED
};

enum { NUM_GREET_DELAYS = 20 }; /* greet_delay_label() says which; 0: unknown */

/* yes, no or unknown of an audit: X(NAME, slug) beside those of versions, classes and hybrids */
#define AUDIT_FACTS(X)                                                                             \
    X(FALLBACK, "fallback SCSV honoured")                                                          \
    X(COMPRESSION, "compression")                                                                  \
    X(LARGE, "intolerant of large hellos")                                                         \
    X(RESUMED, "resumed by ticket")                                                                \
    X(OTHER_LEAF, "certificate depends on the name")                                               \
    X(NAME_REFUSED, "refuses a name that is not there")
enum audit_fact {
#define X(NAME, slug) AUDIT_FACT_##NAME,
    AUDIT_FACTS(X)
#undef X
        AUDIT_FACT_VERSION, /* and the next ones: enum audit_version */
    AUDIT_FACT_CLASS = AUDIT_FACT_VERSION + NUM_AUDIT_VERSIONS,
    AUDIT_FACT_HYBRID = AUDIT_FACT_CLASS + NUM_AUDIT_CLASSES,
    NUM_AUDIT_FACTS = AUDIT_FACT_HYBRID + NUM_AUDIT_HYBRIDS
};

/* names by which a target may be asked for */
enum identity { IDENTITY_HOST, IDENTITY_GREETING, IDENTITY_EHLO, NUM_IDENTITIES };

enum must_staple {
    STAPLE_UNKNOWN, /* whether a response came */
    STAPLE_NOT_ASKED,
    STAPLE_GOOD,
    STAPLE_OTHER,
    STAPLE_MISSING,
    NUM_MUST_STAPLE
};

enum sct_where { SCT_UNKNOWN, SCT_NOWHERE, SCT_EMBEDDED, SCT_IN_TLS, SCT_BOTH, NUM_SCT_WHERE };

/* session tickets by the lifetime that they hint at; TICKET_n: up to that */
enum ticket {
    TICKET_UNKNOWN,
    TICKET_NOT,
    TICKET_NO_HINT,
    TICKET_5_MINUTES,
    TICKET_HOUR,
    TICKET_2_HOURS,
    TICKET_DAY,
    TICKET_7_DAYS,
    TICKET_MORE,
    NUM_TICKETS
};

enum rejected {
    REJECTED_UNKNOWN,
    REJECTED_NOT,
    REJECTED_GREETING_4XX,
    REJECTED_GREETING_5XX,
    REJECTED_GREETING_OTHER,
    REJECTED_EHLO_4XX,
    REJECTED_EHLO_5XX,
    REJECTED_EHLO_OTHER
};

/* days that a leaf is still valid at the start of the session; EXPIRY_n: up to n days */
enum expiry {
    EXPIRY_UNKNOWN,
    EXPIRY_PAST,
    EXPIRY_7,
    EXPIRY_14,
    EXPIRY_30,
    EXPIRY_90,
    EXPIRY_MORE,
    EXPIRY_NOT_YET,
    NUM_EXPIRY
};

/* full weeks that a leaf is still valid at the start of the session: EXPIRY_WEEK_0 and so many */
enum { EXPIRY_WEEK_UNKNOWN, EXPIRY_WEEK_PAST, EXPIRY_WEEK_0, EXPIRY_WEEK_MAX = EXPIRY_WEEK_0 + 26 };

#endif
