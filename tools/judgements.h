/*
 * judgements: judges each distinct chain of a catalog, and each OCSP response that came with it,
 * once for each span of time in which sessions saw it.
 *
 * Use        a sealed catalog; then the blocks of all its files once more, in any order: they have
 *            the certificates' octets. A chain is judged when all of its own have come.
 * Promise    what is judged depends on the catalog and the store alone: not on the order of blocks,
 *            nor on the number of threads. A chain some of whose certificates never come stays
 *            unjudged, and so unknown. In memory are only octets that some chain still waits for,
 *            and one batch (BATCH_OCTETS).
 * Ownership  _new/_free; catalog and store outlive it. The catalog is written to by the thread that
 *            calls.
 * Errors     -ENOMEM, or that of starting a thread.
 */
#ifndef MXSWEEP_TOOLS_JUDGEMENTS_H
#define MXSWEEP_TOOLS_JUDGEMENTS_H

#include "tools/catalog.h"
#include "tools/verdict_book.h"

enum { JUDGE_THREADS_MAX = 256 };

struct judgements;

/* judgements_new: chains whose verdicts are in book (of that store; NULL: there is none) are not
 * judged again, and what is judged is put there. All certificates of the catalog that were seen
 * must have been seen whole. */
int judgements_new(struct judgements **out, struct catalog *c, const struct trust_store *store,
                   struct verdict_book *book, unsigned num_threads);
void judgements_free(struct judgements *j); /* NULL is allowed */

/* judgements_wait tells whether there are chains whose certificates have not all come: if not, no
 * further blocks need be added. */
bool judgements_wait(const struct judgements *j);

/* judgements_add_block: hashes of certificates may be deferred (core/dataset.h); -EBADMSG: one that
 * was does not hold. One thread at a time. */
int judgements_add_block(struct judgements *j, const struct block *block);

/* judgements_finish judges what is left; the catalog is judged. */
int judgements_finish(struct judgements *j);

#endif
