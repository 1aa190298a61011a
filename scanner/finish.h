/*
 * finish: what becomes of an attempt that is over: a retry, or a result on its way to the writer.
 *
 * Ownership  results are the caller's until finish_deliver.
 */
#ifndef MXSWEEP_SCANNER_FINISH_H
#define MXSWEEP_SCANNER_FINISH_H

#include "scanner/worker.h"

/* finish_result makes a result of what an attempt at c's target has found: fills in the record's
 * target, start and earlier attempts, and copies it. NULL: no memory. */
struct result *finish_result(struct worker *w, const struct candidate *c, struct record *r,
                             CRYPTO_BUFFER *const *certs, size_t num_certs, uint64_t start_ns,
                             uint64_t now_ns);

/* finish_later keeps a target that asked to be visited later, if it has a retry left and there is
 * room; the result is freed then. Its network was told before. */
bool finish_later(struct worker *w, const struct candidate *c, struct result *result,
                  uint64_t start_ns, uint64_t now_ns);

/* finish_classically keeps a target whose handshake may have failed for the size of our hello: it
 * is visited once more, without post-quantum groups; the result is freed then. */
bool finish_classically(struct worker *w, const struct candidate *c, struct result *result,
                        uint64_t now_ns);

/* finish_audit keeps a target, of which audits ask more: the result then waits for them. Takes over
 * the reference of `resumed`, the session that its handshake left, NULL: none. */
bool finish_audit(struct worker *w, const struct candidate *c, struct result *result,
                  SSL_SESSION *resumed, uint64_t now_ns);

/* finish_audited: a connection of audits is over, and more says whether one more is to follow.
 * Returns the result, to be delivered; NULL: it waits, or there was no memory. */
struct result *finish_audited(struct worker *w, const struct candidate *c, bool more,
                              uint64_t now_ns);

/* finish_deliver sends a result on its way, for which the caller has a credit. */
void finish_deliver(struct worker *w, struct result *result);

/* finish_unvisited records a target that is not connected to (stage connect) by such a credit.
 * Of a target under audit it ends the audits, and the record is that of the first session.
 * negative: no memory; the credit is still there. */
int finish_unvisited(struct worker *w, const struct candidate *c, enum cause cause, int errnum,
                     uint64_t now_ns);

#endif
