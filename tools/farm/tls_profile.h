/*
 * tls_profile: versions, suites and groups of the servers that BoringSSL serves.
 *
 * Promise    what a profile names is what is set, and what truth says.
 * Ownership  constants.
 */
#ifndef MXSWEEP_TOOLS_FARM_TLS_PROFILE_H
#define MXSWEEP_TOOLS_FARM_TLS_PROFILE_H

#include "tools/farm/behaviour.h"

enum { PROFILE_SUITES_MAX = 12, PROFILE_GROUPS_MAX = 4 };

struct tls_profile_facts {
    uint16_t min, max;                   /* versions: 0x0301 to 0x0304 */
    uint16_t suites[PROFILE_SUITES_MAX]; /* below TLS 1.3, in the server's order, to the first 0 */
    uint16_t groups[PROFILE_GROUPS_MAX]; /* likewise */
};

const struct tls_profile_facts *tls_profile_facts(enum tls_profile profile);

/* tls_profile_has tells whether a server with that profile and key has a suite below TLS 1.3. */
bool tls_profile_has(enum tls_profile profile, enum key_kind key, uint16_t suite, uint16_t version);

#endif
