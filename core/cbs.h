/*
 * cbs: between BoringSSL's cursor and octets of ours.
 *
 * Ownership  views both ways: nothing is copied.
 */
#ifndef MXSWEEP_CORE_CBS_H
#define MXSWEEP_CORE_CBS_H

#include <openssl/bytestring.h>

#include "core/bytes.h"

/* bytes_of_cbs returns what is left of a cursor. */
static inline struct bytes bytes_of_cbs(const CBS *cbs)
{
    return bytes_of(CBS_data(cbs), CBS_len(cbs));
}

/* cbs_of returns a cursor at the first of the octets. */
static inline CBS cbs_of(struct bytes octets)
{
    CBS cbs;
    CBS_init(&cbs, octets.data, octets.len);
    return cbs;
}

#endif
