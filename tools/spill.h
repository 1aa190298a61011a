/*
 * spill: files for what does not fit into memory; nobody sees them, and they are gone with us.
 *
 * Errors     negative errno; err says "FOLDER: what; mend".
 */
#ifndef MXSWEEP_TOOLS_SPILL_H
#define MXSWEEP_TOOLS_SPILL_H

#include <stddef.h>
#include <stdint.h>

enum { SPILL_ERR_MAX = 512 };

/* spill_open makes a file without a name in folder; a descriptor, or negative. */
int spill_open(char err[SPILL_ERR_MAX], const char *folder);

/* spill_write and spill_read do all of it, or fail. */
int spill_write(char err[SPILL_ERR_MAX], const char *folder, int fd, const void *data, size_t len,
                uint64_t offset);
int spill_read(char err[SPILL_ERR_MAX], const char *folder, int fd, void *data, size_t len,
               uint64_t offset);

#endif
