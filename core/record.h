/*
 * record: what is kept of one target. The one shape that sessions fill, datasets store and tools
 * read.
 *
 * Units      times in us; offsets from the dataset's start (header: start_us since 1970-01-01 UTC).
 * Absent     len 0 and has_* false mean that the session never got there; a reply of no octets does
 *            not exist.
 * Ownership  a record is a view: its bytes belong to the session or to the block that it was read
 *            from and live as long as that says. Nothing to free.
 */
#ifndef MXSWEEP_CORE_RECORD_H
#define MXSWEEP_CORE_RECORD_H

#include "core/addr.h"
#include "core/bytes.h"
#include "core/outcome.h"

/* the phases whose durations are kept; a phase not finished is absent */
#define TIMINGS(X)             \
    X(CONNECT, "connect")      \
    X(GREETING, "greeting")    \
    X(EHLO, "ehlo")            \
    X(STARTTLS, "starttls")    \
    X(HANDSHAKE, "handshake")  \
    X(EHLO_TLS, "ehlo_tls")    \
    X(TOTAL, "total")
enum timing {
#define X(NAME, slug) TIMING_##NAME,
    TIMINGS(X)
#undef X
    NUM_TIMINGS
};
#define TIMING_ABSENT UINT32_MAX

/* the texts of a session, raw octets as received, line ends included; a reply is whole or, where
 * the outcome says that it was malformed or too long, what had arrived by then */
#define TEXTS(X)                   \
    X(GREETING, "greeting")        \
    X(EHLO, "ehlo")                \
    X(HELO, "helo")                \
    X(STARTTLS, "starttls_reply")  \
    X(EHLO_TLS, "ehlo_tls")        \
    X(EARLY, "early_plaintext")    \
    X(NOT_TLS, "not_tls")
enum text {
#define X(NAME, slug) TEXT_##NAME,
    TEXTS(X)
#undef X
    NUM_TEXTS
};

enum {
    EARLY_TEXT_MAX = 256,      /* octets kept of early plaintext and of what is no TLS */
    RECORD_ALERTS_MAX = 8,     /* alerts kept of one session */
    RECORD_CHAIN_MAX = 128,    /* certificates kept of one chain; chain_cut: there were more */
    RECORD_ATTEMPTS_MAX = 3,   /* earlier attempts kept of one target */
    RECORD_NAME_ADDRS_MAX = 32 /* records of one host name: one for each address */
};

struct alert {
    bool sent;                 /* true: by us; false: by the peer */
    uint8_t level, number;     /* RFC 8446, 6 */
    uint8_t during;            /* enum stage */
};

/* an attempt before the one that the record is about, in short */
struct attempt {
    uint64_t start_us;         /* offset as record.start_us, never after it */
    uint8_t stage, cause;
    uint16_t smtp_code;
};

struct record {
    uint64_t position;         /* in the order of visits */
    struct addr addr;          /* meaningless unless record_has_addr */
    uint16_t port;
    struct bytes host, tag;    /* of the target; empty: none */
    uint64_t start_us;         /* of the attempt, offset from the dataset's start */
    uint8_t source;            /* index into the header's source addresses; 0 where there is none */
    uint8_t stage, cause;      /* enum stage, enum cause */
    uint16_t smtp_code;        /* of the reply that decided, else of the last before; 0: none */
    int32_t errnum;            /* Linux errno that ended the connection; 0: none did */
    uint32_t timing_us[NUM_TIMINGS];
    struct bytes text[NUM_TEXTS];
    uint32_t text_id[NUM_TEXTS];    /* read: index into the block's texts, UINT32_MAX if absent */
    uint32_t early_len, not_tls_len;   /* octets that there were, kept or not */

    bool has_tls;              /* a hello was sent: the fields below mean something */
    bool handshake_done;
    uint8_t hello;             /* which of the header's hellos was sent */
    uint16_t version, suite, group, sigscheme;   /* IANA code points; 0: unknown or none */
    struct alert alerts[RECORD_ALERTS_MAX];
    uint8_t num_alerts;
    const uint8_t (*chain)[32];    /* SHA-256 of each certificate as sent, leaf first */
    uint16_t num_chain;
    bool chain_cut;            /* there were more than RECORD_CHAIN_MAX */
    uint32_t chain_id;         /* read: index into the block's chains, UINT32_MAX if absent */

    struct attempt attempts[RECORD_ATTEMPTS_MAX];   /* earlier ones, oldest first */
    uint8_t num_attempts;
};

/* record_init makes an empty record: timings absent, ids UINT32_MAX, all else zero. */
void record_init(struct record *r);

/* record_has_addr tells whether there is an address: not of a host name that did not resolve. */
bool record_has_addr(const struct record *r);

/* record_enhanced_code finds the enhanced status code (RFC 2034/3463, "5.7.1") of the reply that
 * decided the outcome and writes it with a NUL; false if there is none. */
bool record_enhanced_code(char out[12], const struct record *r);

#endif
