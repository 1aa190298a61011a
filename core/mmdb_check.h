/*
 * mmdb_check: tells whether the octets of a file are a MaxMind database (format 2.0) that
 * libmaxminddb can read without harm. The library trusts its file in places: it recurses as deep as
 * a record is nested, and reads a node without a look at the size of the file.
 *
 * Promise    after mmdb_check every node, every record that a node leads to and every pointer in it
 *            lies within its section, no record is nested deeper than MMDB_DEPTH_MAX or, pointers
 *            followed, holds more than MMDB_VALUES_MAX values. Time is linear in the file.
 * Errors     -EINVAL with *why, a constant; -ENOMEM.
 */
#ifndef MXSWEEP_CORE_MMDB_CHECK_H
#define MXSWEEP_CORE_MMDB_CHECK_H

#include "core/bytes.h"

enum {
    MMDB_DEPTH_MAX = 24,
    MMDB_VALUES_MAX = 16384,
    MMDB_FILE_MAX = 0x7fffffff /* octets: what the library counts in 32 bits */
};

/* mmdb_check looks at the whole of a file. */
int mmdb_check(const char **why, struct bytes file);

#endif
