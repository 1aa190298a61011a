/*
 * json_valid: tells whether a text is JSON (RFC 8259), without reading anything into it.
 *
 * Promise    strict: one value with blanks around it, UTF-8 (RFC 3629) without a byte order mark,
 *            no lone surrogate among the escapes, arrays and objects at most JSON_DEPTH_MAX deep.
 *            Neither the size of numbers nor keys that are named twice are looked at.
 * Ownership  allocates nothing. Errors  none: what is wrong is the answer.
 */
#ifndef MXSWEEP_CORE_JSON_VALID_H
#define MXSWEEP_CORE_JSON_VALID_H

#include "core/bytes.h"

enum { JSON_DEPTH_MAX = 64 };

/* json_fault returns NULL if text is valid; else what is wrong (a constant), and *at, the octet
 * where it was seen, from 0. */
const char *json_fault(size_t *at, struct bytes text);

/* json_is_valid is json_fault for those who do not ask why. */
bool json_is_valid(struct bytes text);

#endif
