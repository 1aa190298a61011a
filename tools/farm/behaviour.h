/*
 * behaviour: the one table of what the farm's servers do, and of the record that each must lead to.
 *
 * What       a row says at which phase a server leaves the straight path and how, what certificate
 * and TLS it has, and the stage, cause and SMTP code that a correct scanner records. Truth is
 * printed from these rows, servers act by them. Promise    names are what population files, truth
 * and logs say: they keep their meaning. Ownership  constants.
 */
#ifndef MXSWEEP_TOOLS_FARM_BEHAVIOUR_H
#define MXSWEEP_TOOLS_FARM_BEHAVIOUR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/bytes.h"

enum phase {
    PHASE_NONE,
    PHASE_GREETING,
    PHASE_EHLO,
    PHASE_STARTTLS,
    PHASE_HANDSHAKE,
    PHASE_EHLO_TLS,
    PHASE_QUIT
};

/* what a server does at its phase instead of answering as it should; `octets` and `arg` are the
 * row's */
enum act {
    ACT_NORMAL,
    ACT_SEND,     /* sends octets instead, and goes on */
    ACT_SEND_FIN, /* sends octets instead, then FIN */
    ACT_SILENT,   /* never says anything again */
    ACT_FIN,
    ACT_RST,           /* after arg ms: the client must have seen its connection succeed */
    ACT_DELAY,         /* answers as it should, arg ms late */
    ACT_TEASER,        /* octets at once, the answer arg ms later */
    ACT_DRIBBLE,       /* octets one by one, one every DRIBBLE_MS, then 'x' for ever */
    ACT_ENDLESS_LINE,  /* octets, then 'x' without end */
    ACT_ENDLESS_REPLY, /* octets (one line) over and over */
    ACT_CLOSE_NOTIFY,  /* inside TLS: close_notify, FIN */
    ACT_TLS_ALERT,     /* inside TLS: the fatal alert arg, FIN */
    ACT_RAW,           /* inside TLS: octets past the TLS layer */
    ACT_WARN,          /* handshake: octets (a warning), then goes on as it should */
    ACT_ROTE,          /* handshake: answered by the rules of `rote` (rote.h) */
    ACT_FLIGHT_SILENT, /* handshake: ServerHello (TLS 1.2) and Certificate, then nothing */
    ACT_FLIGHT_FIN,
    ACT_FLIGHT_RST,          /* after arg ms */
    ACT_FLIGHT_ALERT,        /* then the fatal alert arg, FIN */
    ACT_FLIGHT_BAD_SIGNATURE /* then a ServerKeyExchange whose signature is wrong */
};

enum { DRIBBLE_MS = 200 };

enum key_kind { KEY_P256, KEY_P384, KEY_P521, KEY_ED25519, KEY_RSA2048, KEY_RSA4096 };

enum cert_kind {
    CERT_GOOD, /* as many certificates as `depth` says (0: two), leaf first, root left out */
    CERT_EXPIRED,
    CERT_NOT_YET_VALID,
    CERT_EXPIRING,
    CERT_WRONG_NAME,
    CERT_SELF_SIGNED,
    CERT_NO_INTERMEDIATE,
    CERT_WRONG_ORDER,
    CERT_ROOT_INCLUDED,
    CERT_LEAF_TWICE,
    CERT_SIXTY,
    CERT_GARBAGE /* the leaf is no DER */
};

/* who shares a certificate */
enum cert_scope { SCOPE_ADDRESS, SCOPE_NETWORK /* a /24 or /48 */, SCOPE_FARM };

/* versions, suites and groups; see tls_server.c */
enum tls_profile {
    TLS_ANY,
    TLS_13,
    TLS_13_P256,
    TLS_13_P384,
    TLS_13_P521,
    TLS_12,
    TLS_12_RSA,
    TLS_12_RSA_CBC,
    TLS_12_CBC,
    TLS_12_CHACHA,
    TLS_12_P256,
    TLS_11,
    TLS_10,
    NUM_TLS_PROFILES
};

/* whose texts; see texts.c */
enum mta {
    MTA_ANY,
    MTA_POSTFIX,
    MTA_EXIM,
    MTA_SENDMAIL,
    MTA_EXCHANGE,
    MTA_QMAIL,
    MTA_HARAKA,
    MTA_BENCH,
    NUM_MTAS
};

enum {
    FLAG_LF_ONLY = 1,        /* lines end in LF */
    FLAG_PIECES = 2,         /* every octet is a segment (plain) or a record (TLS) of its own */
    FLAG_NULS = 4,           /* NULs in greeting and EHLO texts */
    FLAG_EIGHT_BIT = 8,      /* octets above 0x7f, no UTF-8, in greeting and EHLO texts */
    FLAG_LONG_GREETING = 16, /* a greeting of several lines */
    FLAG_OTHER_INSIDE = 32,  /* more and other keywords inside TLS */
    FLAG_EARLY = 64,         /* octets right behind the 220 to STARTTLS, in its segment */
    FLAG_HELO_OK = 128,      /* HELO is accepted although EHLO was not */
    FLAG_MASKED = 256,       /* STARTTLS is masked among the keywords */
    FLAG_NO_TLS = 512        /* STARTTLS is refused if it comes all the same */
};

/* what a handshake by BoringSSL shows besides; see tls_extras.c */
enum {
    EXTRA_TICKET = 1,        /* session tickets, and resumption by them */
    EXTRA_SCT = 2,           /* signed certificate timestamps in TLS */
    EXTRA_CERT_REQUEST = 4,  /* a client certificate is asked for, CAs named; none is fine */
    EXTRA_CERT_REQUIRED = 8, /* and none is not */
    EXTRA_SNI = 16           /* who names the server gets its certificate, others another */
};

/* the OCSP response that is stapled */
enum staple {
    STAPLE_NONE,
    STAPLE_GOOD,
    STAPLE_REVOKED,
    STAPLE_UNKNOWN,
    STAPLE_EXPIRED,       /* its nextUpdate has passed */
    STAPLE_BAD_SIGNATURE, /* signed by another key than the issuer's */
    STAPLE_OTHER,         /* of another certificate */
    STAPLE_TRY_LATER,     /* an error: tryLater */
    STAPLE_GARBAGE,       /* no DER */
    NUM_STAPLES
};

struct behaviour {
    const char *name, *text;
    unsigned weight; /* in the built-in population */
    uint8_t stage,
        cause; /* enum stage, enum cause: of the record, unless a delay is beyond the time-outs */
    uint16_t code;      /* SMTP code of the record; 0: none */
    uint8_t phase, act; /* enum phase, enum act */
    uint16_t arg;
    uint8_t tls, key, cert, scope, depth, mta;
    uint16_t flags;
    const char *shown; /* version that the ServerHello of a handshake that fails names; or NULL */
    struct bytes octets;
    uint8_t extras, staple; /* EXTRA_*, enum staple */
    const char *rote;       /* ACT_ROTE: its spec (rote_config.h) */
};

/* staple_name: "bad-signature" */
const char *staple_name(enum staple staple);

size_t num_behaviours(void);

/* behaviour_at returns row index < num_behaviours(). */
const struct behaviour *behaviour_at(size_t index);

/* behaviour_find returns the index of a name of len octets, or num_behaviours(). */
size_t behaviour_find(const char *name, size_t len);

/* behaviour_handshakes tells whether the scanner's handshake completes; behaviour_shows_chain
 * whether it sees a Certificate message. */
bool behaviour_handshakes(const struct behaviour *b);
bool behaviour_shows_chain(const struct behaviour *b);

/* behaviour_code_before returns the SMTP code of the last whole reply before phase; 0: none. */
uint16_t behaviour_code_before(enum phase phase);

#endif
