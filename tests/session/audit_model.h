/*
 * audit_model: a TLS server as a pure function from a crafted hello to what a flight parser would
 * say of the answer. For tests of the audit planner.
 */
#ifndef MXSWEEP_TESTS_SESSION_AUDIT_MODEL_H
#define MXSWEEP_TESTS_SESSION_AUDIT_MODEL_H

#include "scanner/session/audit_plan.h"

enum model_refusal { REFUSE_ALERT, REFUSE_40, REFUSE_CLOSE, REFUSE_TIMEOUT };

struct model {
    bool version[NUM_AUDIT_VERSIONS];
    uint16_t suites[NUM_AUDIT_VERSIONS][SUITES_MAX]; /* in the server's order */
    size_t num_suites[NUM_AUDIT_VERSIONS];
    uint16_t curves[GROUPS_MAX], groups13[GROUPS_MAX];
    size_t num_curves, num_groups13;
    uint16_t
        key_curve; /* of the key of suites with ECDSA: has to be offered, too; 0: any will do */
    uint16_t known_curve; /* what the plan is told of it; 0: nothing */
    bool own_order;       /* else the client's */
    bool scsv, compression;
    uint16_t dh_bits, ssl2_kinds;
    enum model_refusal refusal; /* ALERT: protocol_version or handshake_failure, as fits */
    bool choke_large;           /* a hello over 1,600 octets is refused in that manner ... */
    enum model_refusal choke;
    int highest_hello;    /* one of a higher version, too; 0: none */
    unsigned throttle_at; /* connection from which it throttles; 0: none */
    unsigned lose_every;  /* every so manieth connection comes to no hello; 0: none */
    bool pick_unoffered;
    uint8_t leaf, default_leaf; /* certificates, as a number; with the right name, else */
    bool refuses_name;          /* of unknown names */
    bool ticket, resumes;
};

/* model_first is the record of a first session, by a hello such as BoringSSL sends. */
void model_first(struct record *r, const struct model *m);

/* model_answer says how connection number num (from 1) ends. What *out points to is in *f and *r. */
void model_answer(struct audit_answer *out, struct flight *f, struct record *r,
                  uint8_t leaf_sha256[32], const struct model *m, enum audit_step step,
                  const struct audit_connection *c, unsigned num);

/* model_run plays a plan to its end and returns the number of connections per audit. It fails the
 * test when there are more than the budgets of core/audit.h allow. */
const struct audit *model_run(struct audit_plan *p, unsigned num[NUM_AUDIT_KINDS],
                              const struct model *m, uint16_t audits, uint64_t seed);

/* model_list finds the list of a version; NULL: there is none. */
const struct audit_list *model_list(const struct audit_list *lists, size_t num, int version);

#endif
