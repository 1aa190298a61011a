/*
 * golden3: the sweep behind golden-3: all that a handshake shows, in full, in part and not at all.
 */
#ifndef MXSWEEP_TESTS_CORE_GOLDEN3_H
#define MXSWEEP_TESTS_CORE_GOLDEN3_H

#include "core/dataset.h"

/* golden3_write makes the whole file. */
int golden3_write(const char *path, char err[DATASET_ERR_MAX]);

#endif
