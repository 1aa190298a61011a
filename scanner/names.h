/*
 * names: host names among the targets of a worker: from the question to DNS to errands that are
 * ready, address by address.
 */
#ifndef MXSWEEP_SCANNER_NAMES_H
#define MXSWEEP_SCANNER_NAMES_H

#include "scanner/worker.h"

/* names_have_room tells whether one more may be asked for. */
bool names_have_room(const struct worker *w);

/* names_resolve asks for the addresses of e, an errand without a `named` yet; e comes to w->ready
 * when they are known, or are known not to be. Takes e; a fault of ours is told to the engine. */
void names_resolve(struct worker *w, struct errand *e);

#endif
