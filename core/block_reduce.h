/*
 * block_reduce: a block without the octets of most of its certificates, and with what a report
 * needs in their place: how partial results are kept (doc/partial.md).
 *
 * Promise    everything else is kept word for word, keys that this code does not know included.
 * Ownership  the writer is the caller's.
 * Errors     -EBADMSG: no block; -ENOMEM.
 */
#ifndef MXSWEEP_CORE_BLOCK_REDUCE_H
#define MXSWEEP_CORE_BLOCK_REDUCE_H

#include "core/cbor.h"
#include "core/dataset.h"

/* what happened, said by the first event of a partial */
#define DATASET_EVENT_REDUCED "reduced"

/* block_reduce writes item anew: of its certificates those that keep says, in their order, and the
 * two byte strings, unless they are empty. */
int block_reduce(struct cbor_writer *w, struct bytes item, const bool *keep, struct bytes reduced,
                 struct bytes verdicts);

/* block_reduced and block_verdicts return the two of a decoded block; empty: it has none. */
struct bytes block_reduced(const struct block *b);
struct bytes block_verdicts(const struct block *b);

#endif
