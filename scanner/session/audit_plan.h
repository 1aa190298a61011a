/*
 * audit_plan: decides which connections audits make to one server, one after the other, and adds up
 * what the answers mean.
 *
 * Use        audit_plan_init; then audit_plan_next, make that connection, audit_plan_take its
 *            answer, until AUDIT_END; then audit_plan_result. A plan may be left at any moment: the
 *            result is what is known by then.
 * Promise    pure: the same answers give the same connections. Connections per audit are never more
 *            than AUDITS of core/audit.h says, whatever a server answers, lost ones included, so
 *            every plan ends. A throttle, and two connections in a row that come to no hello, end
 *            it; what is not known by then stays unknown.
 * Ownership  the caller's storage, to be kept in one place: connections point into it, until the
 *            next call of audit_plan_next. Nothing to free.
 */
#ifndef MXSWEEP_SCANNER_SESSION_AUDIT_PLAN_H
#define MXSWEEP_SCANNER_SESSION_AUDIT_PLAN_H

#include "core/audit.h"
#include "core/group_class.h"
#include "core/record.h"
#include "core/suite_class.h"
#include "scanner/session/craft.h"
#include "scanner/session/flight.h"

enum {
    AUDIT_LARGE_HELLO = 1700, /* octets of a padded hello: more than one Ethernet frame holds */
    AUDIT_NAME_LEN_MAX = 255,
    AUDIT_OFFER_MAX = SUITES_MAX
};

enum audit_step {
    AUDIT_END,
    AUDIT_CRAFTED,  /* send connection.hello, read the answer with flight.h, close */
    AUDIT_RESUME,   /* BoringSSL, with the session of the first handshake, name connection.host */
    AUDIT_HANDSHAKE /* BoringSSL, with the name connection.host */
};

struct audit_connection {
    uint8_t kind;               /* enum audit_kind: which audit asks */
    struct crafted_hello hello; /* AUDIT_CRAFTED */
    const char *host;           /* RESUME, HANDSHAKE: for SNI; NULL: without */
};

/* how the connection ended. Of a crafted hello that got no answer, the cause tells a time-out from
 * an end; of one that got its answer it does not matter. THROTTLED always ends the plan. A
 * handshake without a record, or whose record has no TLS, came to no hello. */
struct audit_answer {
    uint8_t stage, cause; /* enum stage, enum cause */
    uint16_t smtp_code;
    const struct flight *flight; /* CRAFTED, its hello was sent: after FLIGHT_DONE or flight_end */
    const struct record *record; /* RESUME, HANDSHAKE; else NULL */
    const uint8_t *leaf_sha256;  /* HANDSHAKE: 32 octets; NULL: no certificate came */
};

/* one value that a server picked, and where it stood in the hello */
struct audit_pick {
    uint16_t value;
    uint16_t place; /* in the whole offer, weakest first */
    bool reversed;  /* the hello had it strongest first */
};

/* which suites or groups are accepted under one version: what was picked is left out of the next
 * hello, until all is refused */
struct audit_search {
    bool open;
    uint8_t kind;           /* AUDIT_KIND_SUITES, AUDIT_KIND_GROUPS */
    uint8_t version, found; /* enum audit_version: asked about; of the picks */
    uint16_t offer[AUDIT_OFFER_MAX], place[AUDIT_OFFER_MAX]; /* not yet picked, weakest first */
    size_t num_offer;
    struct audit_pick pick[AUDIT_LIST_MAX];
    size_t num_picks;
    size_t num_used; /* connections */
    uint16_t last;   /* group that goes behind all others: the curve of the key; 0: none */
    bool key_bound;  /* the last pick was signed by a key whose curve had to be offered, too */
};

struct audit_plan {
    /* private */
    struct audit result;
    char host[AUDIT_NAME_LEN_MAX + 1], greeting[AUDIT_NAME_LEN_MAX + 1], absent[32];
    uint64_t random;
    uint16_t first_version, first_group, key_curve;
    bool first_done; /* the first handshake was completed */
    bool answers;    /* it has answered some hello with a hello */
    bool ended;
    uint8_t lost;                   /* connections in a row that came to no hello */
    uint16_t todo, cut;             /* bits AUDIT_BIT_*: not yet ended; ended with questions open */
    uint16_t used[NUM_AUDIT_KINDS]; /* connections */
    uint8_t num_timeouts[NUM_AUDIT_KINDS];

    bool pending;       /* connection is on its way */
    uint8_t step, kind; /* enum audit_step, enum audit_kind */
    struct audit_connection connection;
    uint16_t suites[2 * SUITES_MAX], groups[GROUPS_MAX]; /* of its hello */
    uint16_t legacy[SUITES_MAX], tls13[SUITES_MAX];      /* all there are, weakest first */
    size_t num_legacy, num_tls13;

    uint8_t known[NUM_AUDIT_VERSIONS]; /* enum tri */
    bool probed[NUM_AUDIT_VERSIONS], silent[NUM_AUDIT_VERSIONS];
    uint16_t seen_suite[NUM_AUDIT_VERSIONS]; /* picked from a whole offer, weakest first; 0: none */
    uint16_t seen_group[NUM_AUDIT_VERSIONS];
    bool fallback_asked, ssl2_used;
    uint8_t pq_step, pq_first; /* see audit_plan_pq.c */
    struct audit_proof classes[NUM_AUDIT_CLASSES];
    bool dh_size_now, dh_size_asked, classes_over;
    uint8_t leaf_asked, leaf_now; /* enum audit_leaf_kind: bits, and the one on its way */
    uint8_t searched[2];          /* bits of enum audit_version: done, of suites and of groups */
    struct audit_search search;
};

/* audit_plan_init begins a plan.
 *
 * audits    bits AUDIT_BIT_*; EXPLAIN is dropped where a crafted hello could explain nothing
 * first     record of the session that came first; host is the name that it sent, empty: none
 * greeting  name in the server's greeting, used for SNI where there is no host; empty: none
 * leaf      SHA-256 of the first session's leaf, NULL: none came
 * seed      of the randoms of hellos, and of a name that does not exist */
void audit_plan_init(struct audit_plan *p, uint16_t audits, const struct record *first,
                     struct bytes greeting, const uint8_t *leaf_sha256, uint64_t seed);

/* audit_plan_key names the group that the leaf's key is on. Below TLS 1.3 such a key serves only
 * who offers that group, so that it is the last to be left out. */
void audit_plan_key(struct audit_plan *p, uint16_t curve);

/* audit_plan_next says which connection is next, the same one until its answer is taken. */
enum audit_step audit_plan_next(struct audit_plan *p, struct audit_connection *out);

void audit_plan_take(struct audit_plan *p, const struct audit_answer *answer);

/* audit_plan_stop ends the plan for that stage and cause; a connection that was said to be next is
 * not made. */
void audit_plan_stop(struct audit_plan *p, enum stage stage, enum cause cause);

/* audit_plan_result ends the plan and returns what is known; it belongs to the plan. */
const struct audit *audit_plan_result(struct audit_plan *p);

#endif
