/*
 * auditing: a target whose record waits while further connections ask it what else it accepts.
 *
 * Ownership  an auditing owns the record's result and the session that may be resumed; the errand
 *            that it belongs to owns it.
 * Errors     -ENOMEM.
 */
#ifndef MXSWEEP_SCANNER_AUDITING_H
#define MXSWEEP_SCANNER_AUDITING_H

#include "scanner/result.h"
#include "scanner/session/audit_plan.h"
#include "scanner/session/session.h"

struct auditing {
    struct result *result; /* of the first session; NULL once it was taken */
    size_t held;           /* octets, the result's included, when it began */
    SSL_SESSION *resumed;  /* NULL: none */
    bool classical;        /* as the first hello was */
    struct audit_plan plan;
    struct audit_connection connection; /* the next one */
    struct session_hello hello;         /* what it says */
};

/* auditing_new plans what audits (bits of core/audit.h) ask of the target of result. *out is NULL
 * if there is nothing to ask: the result is still the caller's then, as after a failure. Takes over
 * the reference to `resumed`, whatever comes of it; it may be NULL. */
int auditing_new(struct auditing **out, struct result *result, SSL_SESSION *resumed,
                 uint16_t audits, uint64_t seed);
void auditing_free(struct auditing *a);

/* auditing_take takes what a connection came to; true: one more is to be made. */
bool auditing_take(struct auditing *a, const struct session *s);

/* auditing_stop: no further connection is made, for that cause. */
void auditing_stop(struct auditing *a, enum cause cause);

/* auditing_finish hands the result over, with what was found; NULL: no memory, and it is freed. */
struct result *auditing_finish(struct auditing *a);

#endif
