/*
 * audit: what further connections to a server found out, on request: what it would also accept.
 *
 * Promise    codes, bits and keys are stored: append, never renumber. Every finding is yes, no or
 *            unknown; what was not asked is unknown, and unknown is never no. Equal findings have
 *            equal encodings, at most AUDIT_ENCODED_MAX octets. doc/audits.md says what each
 *            finding means, and gives the encoding.
 * Ownership  plain value: no allocation, no cleanup.
 * Errors     decoding takes hostile octets; false leaves the output as it was.
 */
#ifndef MXSWEEP_CORE_AUDIT_H
#define MXSWEEP_CORE_AUDIT_H

#include "core/bytes.h"
#include "core/cbor.h"
#include "core/json.h"

/* X(bit, NAME, slug, text, connections at most) */
#define AUDITS(X)                                                                                  \
    X(0, VERSIONS, "versions", "SSLv2 to TLS 1.3, fallback SCSV, compression", "6")                \
    X(1, LEGACY, "legacy", "export, RC4, 3DES, NULL, anonymous, DHE, static RSA",                  \
      "1 + classes taken + sizes of DHE")                                            \
    X(2, PQ, "pq", "post-quantum hybrid groups, intolerance of large hellos", "2")                 \
    X(3, RESUME, "resume", "resumption by ticket", "1")                                            \
    X(4, SNI, "sni", "another certificate without a name, or with one that is not there", "2")     \
    X(5, SUITES, "suites", "all suites, in the server's order", "accepted + 1 per version")        \
    X(6, GROUPS, "groups", "all groups, in the server's order", "accepted + 1 per version")        \
    X(7, EXPLAIN, "explain", "why the first handshake failed", "1")

enum audit_kind {
#define X(bit, NAME, slug, text, budget) AUDIT_KIND_##NAME = bit,
    AUDITS(X)
#undef X
    NUM_AUDIT_KINDS
};
enum audit_bit {
#define X(bit, NAME, slug, text, budget) AUDIT_BIT_##NAME = 1 << bit,
    AUDITS(X)
#undef X
    AUDIT_BITS_ALL = (1 << NUM_AUDIT_KINDS) - 1,
    AUDIT_BITS_LIST = AUDIT_BITS_ALL & ~AUDIT_BIT_EXPLAIN /* those that a list may name */
};

enum tri { TRI_UNKNOWN, TRI_NO, TRI_YES };

/* X(index, NAME, slug, version) */
#define AUDIT_VERSIONS(X)                                                                          \
    X(0, SSL2, "ssl2", 0x0002)                                                                     \
    X(1, SSL3, "ssl3", 0x0300)                                                                     \
    X(2, TLS10, "tls1_0", 0x0301)                                                                  \
    X(3, TLS11, "tls1_1", 0x0302)                                                                  \
    X(4, TLS12, "tls1_2", 0x0303)                                                                  \
    X(5, TLS13, "tls1_3", 0x0304)
enum audit_version {
#define X(index, NAME, slug, version) AUDIT_##NAME = index,
    AUDIT_VERSIONS(X)
#undef X
    NUM_AUDIT_VERSIONS
};

/* classes of suites: X(index, NAME, slug); the bits are SUITE_##NAME of core/suite_class.h */
#define AUDIT_CLASSES(X)                                                                           \
    X(0, EXPORT, "export")                                                                         \
    X(1, RC4, "rc4")                                                                               \
    X(2, 3DES, "3des")                                                                             \
    X(3, NULL, "null")                                                                             \
    X(4, ANON, "anonymous")                                                                        \
    X(5, DHE, "dhe")                                                                               \
    X(6, STATIC_RSA, "static_rsa")
enum audit_class {
#define X(index, NAME, slug) AUDIT_CLASS_##NAME = index,
    AUDIT_CLASSES(X)
#undef X
    NUM_AUDIT_CLASSES
};

/* X(index, NAME, slug, group) */
#define AUDIT_HYBRIDS(X)                                                                           \
    X(0, X25519MLKEM768, "x25519mlkem768", 0x11ec)                                                 \
    X(1, SECP256R1MLKEM768, "secp256r1mlkem768", 0x11eb)                                           \
    X(2, SECP384R1MLKEM1024, "secp384r1mlkem1024", 0x11ed)
enum audit_hybrid {
#define X(index, NAME, slug, group) AUDIT_HYBRID_##NAME = index,
    AUDIT_HYBRIDS(X)
#undef X
    NUM_AUDIT_HYBRIDS
};

/* who orders what a server picks from: X(code, NAME, slug) */
#define AUDIT_ORDERS(X)                                                                            \
    X(0, UNKNOWN, "unknown")                                                                       \
    X(1, SERVER, "server")                                                                         \
    X(2, CLIENT, "client")
enum audit_order {
#define X(code, NAME, slug) AUDIT_ORDER_##NAME = code,
    AUDIT_ORDERS(X)
#undef X
    NUM_AUDIT_ORDERS
};

/* what a server said to a crafted hello: X(code, NAME, slug) */
#define AUDIT_REPLIES(X)                                                                           \
    X(0, NONE, "none")                                                                             \
    X(1, SERVER_HELLO, "server-hello")                                                             \
    X(2, RETRY, "retry")                                                                           \
    X(3, SSL2, "sslv2-hello")                                                                      \
    X(4, ALERT, "alert")                                                                           \
    X(5, CLOSED, "closed")                                                                         \
    X(6, TIMEOUT, "timeout")                                                                       \
    X(7, NOT_TLS, "not-tls")                                                                       \
    X(8, MALFORMED, "malformed")                                                                   \
    X(9, TOO_LONG, "too-long")
enum audit_reply_kind {
#define X(code, NAME, slug) AUDIT_REPLY_##NAME = code,
    AUDIT_REPLIES(X)
#undef X
    NUM_AUDIT_REPLIES
};

/* which leaf: of a handshake without a name, with the server's, with one that does not exist */
#define AUDIT_LEAVES(X)                                                                            \
    X(0, WITHOUT, "without")                                                                       \
    X(1, WITH, "with")                                                                             \
    X(2, ABSENT, "absent")
enum audit_leaf_kind {
#define X(index, NAME, slug) AUDIT_LEAF_##NAME = index,
    AUDIT_LEAVES(X)
#undef X
    NUM_AUDIT_LEAVES
};

enum {
    AUDIT_LIST_MAX = 128, /* values of one version */
    AUDIT_LISTS_MAX = 5,  /* SSLv3 to TLS 1.3 */
    AUDIT_DH_MAX = 4,
    AUDIT_ENCODED_MAX = 16384, /* octets */
    AUDIT_ERROR_MAX = 256      /* octets of an error text, with its NUL */
};

/* suites or groups that a server accepts under one version */
struct audit_list {
    uint16_t version;
    uint8_t order; /* enum audit_order */
    bool complete; /* it refused all else that is offered */
    uint8_t num;
    uint16_t value[AUDIT_LIST_MAX]; /* as they were picked: where the order is the server's, that */
};

struct audit_proof {
    uint8_t accepted;        /* enum tri */
    uint16_t version, suite; /* that proved it; 0: none did */
};

struct audit_dh {
    uint16_t suite; /* that it was seen with first */
    uint16_t bits;  /* of the prime */
    uint8_t prime;  /* enum dh_prime of core/dh_primes.h */
};

struct audit_leaf {
    bool known;
    uint8_t sha256[32];
};

struct audit_reply {
    uint8_t kind;            /* enum audit_reply_kind */
    uint16_t offered;        /* highest version of the hello */
    uint16_t version, suite; /* 0: not said */
    uint16_t group, dh_bits;
    uint8_t dh_prime;                  /* enum dh_prime */
    uint8_t alert_level, alert_number; /* level 0: no alert */
};

struct audit {
    uint16_t asked, finished; /* bits AUDIT_BIT_*; finished: nothing of it was left out */
    uint8_t stopped_stage;    /* enum stage, enum cause of the connection that ended the audits */
    uint8_t stopped_cause;    /* early; CAUSE_NONE: none did */
    uint16_t num_connections;
    uint8_t num_malformed; /* answers that chose what was not offered, or made no sense */

    uint8_t version[NUM_AUDIT_VERSIONS]; /* enum tri */
    uint16_t ssl2_kinds;                 /* bits of SSL2_KINDS (core/suite_class.h) */
    uint8_t fallback, compression;       /* enum tri: fallback SCSV honoured; DEFLATE taken */

    struct audit_proof class[NUM_AUDIT_CLASSES];
    struct audit_dh dh[AUDIT_DH_MAX]; /* distinct ones, as they were found */
    uint8_t num_dh;

    uint8_t hybrid[NUM_AUDIT_HYBRIDS]; /* enum tri */
    uint8_t large_intolerant;          /* enum tri: a hello over 1,600 octets gets no answer */

    uint8_t ticket, resumed; /* enum tri: the first session got one; it was taken */
    uint16_t resumed_version;

    struct audit_leaf leaf[NUM_AUDIT_LEAVES];
    uint8_t other_leaf;   /* enum tri: the leaf depends on the name */
    uint8_t name_refused; /* enum tri: a name that is not there ends the handshake */

    struct audit_list suites[AUDIT_LISTS_MAX], groups[AUDIT_LISTS_MAX]; /* highest version first */
    uint8_t num_suites, num_groups;

    struct audit_reply explain;
};

/* audit_init: nothing asked, nothing known. */
void audit_init(struct audit *a);

/* audit_parse reads "versions,sni", or "all"; false, and a text that names fault and mend. */
bool audit_parse(uint16_t *out, char error[AUDIT_ERROR_MAX], const char *list);

/* audit_encode appends one CBOR item; w turns bad when it has no room. */
void audit_encode(struct cbor_writer *w, const struct audit *a);

/* audit_decode reads what audit_encode wrote; keys that it does not know are passed over. */
bool audit_decode(struct audit *out, struct bytes item);

/* audit_json writes one object. */
void audit_json(struct json *j, const struct audit *a);

uint16_t audit_version_code(enum audit_version index); /* AUDIT_TLS12: 0x0303 */
uint16_t audit_hybrid_group(enum audit_hybrid index);
unsigned audit_class_bit(enum audit_class index); /* AUDIT_CLASS_RC4: SUITE_RC4 */

/* slugs; NULL for a code that does not exist */
const char *audit_kind_slug(unsigned kind);
const char *audit_version_slug(unsigned index);
const char *audit_hybrid_slug(unsigned index);
const char *audit_class_slug(unsigned index);
const char *audit_order_slug(unsigned code);
const char *audit_reply_slug(unsigned code);
const char *tri_slug(unsigned code); /* "unknown", "no", "yes" */

#endif
