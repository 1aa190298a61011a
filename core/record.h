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

/* the phases whose durations are kept; a phase not finished is absent. Codes are stored.
 *
 * SERVER_HELLO   from our hello to the ServerHello: a part of the handshake */
#define TIMINGS(X)             \
    X(CONNECT, "connect")      \
    X(GREETING, "greeting")    \
    X(EHLO, "ehlo")            \
    X(STARTTLS, "starttls")    \
    X(HANDSHAKE, "handshake")  \
    X(EHLO_TLS, "ehlo_tls")    \
    X(TOTAL, "total")          \
    X(SERVER_HELLO, "server_hello")
enum timing {
#define X(NAME, slug) TIMING_##NAME,
    TIMINGS(X)
#undef X
    NUM_TIMINGS
};
#define TIMING_ABSENT UINT32_MAX

/* the texts of a session, raw octets as received, line ends included; a reply is whole or, where
 * the outcome says that it was malformed or too long, what had arrived by then. Codes are stored.
 *
 * OCSP           OCSPResponse of the staple (RFC 6960), DER
 * SCT            SignedCertificateTimestampList of the TLS extension (RFC 6962, 3.3)
 * CERT_REQUEST   body of the CertificateRequest message
 * AUDIT          what further connections found: core/audit.h */
#define TEXTS(X)                   \
    X(GREETING, "greeting")        \
    X(EHLO, "ehlo")                \
    X(HELO, "helo")                \
    X(STARTTLS, "starttls_reply")  \
    X(EHLO_TLS, "ehlo_tls")        \
    X(EARLY, "early_plaintext")    \
    X(NOT_TLS, "not_tls")          \
    X(OCSP, "ocsp_staple")         \
    X(SCT, "sct_list")             \
    X(CERT_REQUEST, "certificate_request")  \
    X(AUDIT, "audit")
enum text {
#define X(NAME, slug) TEXT_##NAME,
    TEXTS(X)
#undef X
    NUM_TEXTS
};

/* what a handshake shows of a server, each yes, no or unknown. Bits are stored.
 *
 * EMS                    extended master secret (RFC 7627)
 * SECURE_RENEGOTIATION   RFC 5746
 * TICKET                 a session ticket came
 * OCSP, SCT              a staple, a list of SCTs came in TLS
 * DOWNGRADE_*            sentinels in the ServerHello's random (RFC 8446, 4.1.3)
 * ALPN                   a protocol was chosen, though none was offered */
#define TLS_FLAGS(X)                                   \
    X(EMS, "ems")                                      \
    X(SECURE_RENEGOTIATION, "secure_renegotiation")    \
    X(TICKET, "session_ticket")                        \
    X(OCSP, "ocsp_stapled")                            \
    X(SCT, "sct_sent")                                 \
    X(CERT_REQUEST, "certificate_requested")           \
    X(HELLO_RETRY, "hello_retry")                      \
    X(DOWNGRADE_12, "downgrade_tls12")                 \
    X(DOWNGRADE_11, "downgrade_tls11")                 \
    X(ALPN, "alpn_unasked")                            \
    X(COMPRESSION, "compressed")                       \
    X(RESUMED, "resumed")
enum tls_flag_bit {
#define X(NAME, slug) TLS_FLAG_BIT_##NAME,
    TLS_FLAGS(X)
#undef X
    NUM_TLS_FLAGS
};
enum tls_flag {
#define X(NAME, slug) TLS_FLAG_##NAME = 1 << TLS_FLAG_BIT_##NAME,
    TLS_FLAGS(X)
#undef X
    TLS_FLAGS_ALL = (1 << NUM_TLS_FLAGS) - 1
};

enum {
    EARLY_TEXT_MAX = 256,      /* octets kept of early plaintext and of what is no TLS */
    RECORD_ALERTS_MAX = 8,     /* alerts kept of one session */
    RECORD_CHAIN_MAX = 128,    /* certificates kept of one chain; chain_cut: there were more */
    RECORD_EXTS_MAX = 32,      /* types of extensions kept of one server */
    OCSP_STAPLE_MAX = 16384,   /* octets of a staple that is kept */
    SCT_LIST_MAX = 8192,       /* octets of a list of SCTs that is kept */
    CERT_REQUEST_MAX = 4096,   /* octets kept of a CertificateRequest: its beginning */
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
    uint32_t shape_id;         /* read: index into the block's shapes, UINT32_MAX if in no block */
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
    uint16_t tls_known, tls_flags;   /* TLS_FLAG_*: known; of those, yes. Unknown is never no */
    uint32_t ticket_lifetime_s;      /* hint of the ticket (RFC 5077; 8446, 4.6.1) */
    uint16_t retry_group;            /* that a HelloRetryRequest asked for; 0: none */
    uint8_t compression;             /* of the ServerHello */
    uint8_t flights;                 /* of the handshake, ours and the peer's; 255: or more */
    uint8_t num_server_exts;
    uint16_t server_exts[RECORD_EXTS_MAX];   /* types, in order: of the ServerHello, then of
                                                EncryptedExtensions; more are not kept */
    uint32_t tls_in, tls_out;        /* octets of TLS records until the handshake's end */
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
