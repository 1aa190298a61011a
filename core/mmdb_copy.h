/*
 * mmdb_copy: a copy of a MaxMind database that nobody else writes to, looked through before it is
 * used: a file that is cut while it is mapped would end us.
 *
 * Ownership  the copy is in memory, behind a descriptor that the caller closes.
 * Errors     negative errno, with "FILE: what; mend" in err, always printable.
 */
#ifndef MXSWEEP_CORE_MMDB_COPY_H
#define MXSWEEP_CORE_MMDB_COPY_H

#include "core/bytes.h"

enum { MMDB_NAME_MAX = 40 };

/* mmdb_copy makes the copy and the digest of its octets, and sees to it that mmdb_check likes it;
 * what names its kind in errors: "an AS database". */
int mmdb_copy(int *fd, uint8_t sha256[32], char *err, size_t err_len, const char *path,
              const char *what);

/* mmdb_copy_name writes the name by which the library can open the copy, and a NUL. */
void mmdb_copy_name(char out[MMDB_NAME_MAX], int fd);

#endif
