/*
 * writer: the one thread that takes results from the queue and puts them into the dataset.
 *
 * What       hashes certificates (each distinct buffer once while it is remembered), adds records,
 *            seals blocks by size and by time, and goes on in another part when one is full and
 *            there is more to store. When the queue is closed and empty it seals what is
 *            left; the trailer is its owner's affair.
 * Errors     a fault of the dataset stops the engine (engine_fault) and the thread goes on only to
 *            empty the queue.
 */
#ifndef MXSWEEP_SCANNER_WRITER_H
#define MXSWEEP_SCANNER_WRITER_H

#include "scanner/engine.h"

struct writer;

int writer_start(struct writer **out, struct engine *engine);

/* writer_join waits for the thread, which ends after result_queue_close, and frees the writer. */
void writer_join(struct writer *w);

#endif
