/*
 * audit_plan_private: what the files of the planner share: one pair of functions for each audit.
 *
 * ask    fills p->connection with the audit's next question and returns its step; AUDIT_END when
 *        nothing is left to ask, or its budget does not allow it (then p->cut has its bit)
 * take   takes what was said to that question; a question that was lost is not given to it
 */
#ifndef MXSWEEP_SCANNER_SESSION_AUDIT_PLAN_PRIVATE_H
#define MXSWEEP_SCANNER_SESSION_AUDIT_PLAN_PRIVATE_H

#include "scanner/session/audit_plan.h"

enum { BUDGET_VERSIONS = 6, BUDGET_PQ = 2, BUDGET_RESUME = 1, BUDGET_SNI = 2, BUDGET_EXPLAIN = 1 };

/* what an answer to a crafted hello comes to */
enum said_kind {
    SAID_HELLO,   /* version and suite were chosen, from what was offered */
    SAID_REFUSED, /* a fatal alert */
    SAID_SILENT,  /* closed or reset without a word */
    SAID_TIMEOUT,
    SAID_UNCLEAR /* no TLS, malformed, or a choice that was not offered */
};

struct said {
    enum said_kind kind;
    int version;   /* HELLO: enum audit_version */
    uint8_t alert; /* REFUSED */
    const struct flight *flight;
};

enum audit_step explain_ask(struct audit_plan *p);
void explain_take(struct audit_plan *p, const struct said *said);
enum audit_step versions_ask(struct audit_plan *p);
void versions_take(struct audit_plan *p, const struct said *said);
enum audit_step pq_ask(struct audit_plan *p);
void pq_take(struct audit_plan *p, const struct said *said);
enum audit_step legacy_ask(struct audit_plan *p);
void legacy_take(struct audit_plan *p, const struct said *said);
enum audit_step suites_ask(struct audit_plan *p);
void suites_take(struct audit_plan *p, const struct said *said);
enum audit_step groups_ask(struct audit_plan *p);
void groups_take(struct audit_plan *p, const struct said *said);
/* lists_end keeps what a search found that the end of the plan interrupts. */
void lists_end(struct audit_plan *p);

enum audit_step resume_ask(struct audit_plan *p);
void resume_take(struct audit_plan *p, const struct audit_answer *answer);
enum audit_step sni_ask(struct audit_plan *p);
void sni_take(struct audit_plan *p, const struct audit_answer *answer);

/* plan_hello begins a crafted hello whose highest version is that index, with no suites and no
 * groups. */
struct crafted_hello *plan_hello(struct audit_plan *p, int version);

/* plan_offer_all has the hello offer everything up to its version, weakest first. */
void plan_offer_all(struct audit_plan *p);

/* plan_cut says that the audit leaves questions open. */
void plan_cut(struct audit_plan *p, enum audit_kind kind);

/* plan_version tells whether a version is accepted as far as known: silence counts as no where the
 * server answers other hellos. */
enum tri plan_version(const struct audit_plan *p, int version);

/* plan_malformed counts an answer that chose what was not offered. */
void plan_malformed(struct audit_plan *p);

/* plan_prove notes that a suite was chosen, and the parameters of finite-field Diffie-Hellman. */
void plan_prove(struct audit_plan *p, const struct said *said);

/* legacy_prove notes that the classes which the suite belongs to are accepted. */
void legacy_prove(struct audit_plan *p, uint16_t version, uint16_t suite);

/* plan_timeout counts one, and tells whether the audit has had enough of them. */
bool plan_timeout(struct audit_plan *p, enum audit_kind kind);

/* versions_first takes what the first session showed. */
void versions_first(struct audit_plan *p, uint16_t version);

int version_index(uint16_t code); /* enum audit_version; -1: no such version */

#endif
