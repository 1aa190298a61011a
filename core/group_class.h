/*
 * group_class: what a key exchange group is, as bits, and lists of groups.
 *
 * Sources    IANA "TLS Supported Groups"; RFC 8422 and 8446 (which versions may use which),
 *            7027 and 8734 (brainpool), 7919 (ffdhe), 9189 and 9367 (GC), 8998 (SM2), and
 *            draft-ietf-tls-ecdhe-mlkem.
 */
#ifndef MXSWEEP_CORE_GROUP_CLASS_H
#define MXSWEEP_CORE_GROUP_CLASS_H

#include <stddef.h>
#include <stdint.h>

enum group_class {
    GROUP_TLS12 = 1 << 0,      /* may be chosen up to TLS 1.2 */
    GROUP_TLS13 = 1 << 1,      /* may be chosen in TLS 1.3 */
    GROUP_FF = 1 << 2,         /* finite field */
    GROUP_PQ = 1 << 3,         /* ML-KEM or Kyber, hybrid or alone */
    GROUP_DRAFT = 1 << 4,      /* Kyber: never standardised */
    GROUP_EXPLICIT = 1 << 5    /* arbitrary_explicit_*: no group but leave to send a curve */
};

/* group_class returns the bits of a group; 0 when it has no name. */
unsigned group_class(uint16_t group);

enum { GROUPS_MAX = 80 };   /* more than have names */

/* group_select lists, by ascending code point, the groups that have all bits of all_of and none of
 * none_of. Returns how many; tls_group_name names each. */
size_t group_select(uint16_t out[GROUPS_MAX], unsigned all_of, unsigned none_of);

#endif
