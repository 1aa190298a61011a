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

/* finish_deliver sends a result on its way, for which the caller has a credit. */
void finish_deliver(struct worker *w, struct result *result);

/* finish_unvisited records a target that is not connected to (stage connect) by such a credit.
 * negative: no memory, and nothing was done. */
int finish_unvisited(struct worker *w, const struct candidate *c, enum cause cause, int errnum,
                     uint64_t now_ns);

#endif
