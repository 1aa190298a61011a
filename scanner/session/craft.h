/*
 * craft: composes ClientHellos that BoringSSL would not send: any version from SSLv2 on, any
 * suites, any groups.
 *
 * Promise    pure: the same hello gives the same octets. Records hold at most 2^14 octets; their
 *            version is 0x0300 for SSLv3 and 0x0301 above. From TLS 1.0 on, extended master secret,
 *            renegotiation info, point formats and an empty session ticket are offered, from 1.2 on
 *            signature algorithms old and new; SSLv3 has the signalling suite of secure
 *            renegotiation instead. TLS 1.3: key_share is empty, so that a server must answer with
 *            a HelloRetryRequest, which names version, suite and group. Hellos of 256 to 511
 *            octets, at which some load balancers fall silent, are padded to 512.
 * Ownership  what a hello points to is the caller's and is only read.
 * Sources    draft-hickman-netscape-ssl-00 (SSLv2); RFC 6101 (SSLv3), 5246 (TLS 1.2), 8446 (1.3);
 *            6066, 8422 and 7919, 7627, 5746, 5077 (extensions), 7685 (padding), 7507 (fallback).
 */
#ifndef MXSWEEP_SCANNER_SESSION_CRAFT_H
#define MXSWEEP_SCANNER_SESSION_CRAFT_H

#include "scanner/session/outbuf.h"

enum { CRAFT_SUITES_MAX = 1024, CRAFT_GROUPS_MAX = 1024, CRAFT_HOST_MAX = 255 };

struct crafted_hello {
    uint16_t version;         /* highest offered: 0x0002 (SSLv2), 0x0300 (SSLv3) ... 0x0304 */
    uint16_t version_min;     /* lowest, of use to a 0x0304 hello only; 0: that one alone */
    const uint16_t *suites;   /* in order of preference; SSLv2: unused, all cipher kinds go */
    size_t num_suites;        /* at most CRAFT_SUITES_MAX */
    const uint16_t *groups;   /* in order of preference */
    size_t num_groups;        /* at most CRAFT_GROUPS_MAX; 0: no supported_groups extension */
    const char *host;         /* server name, at most CRAFT_HOST_MAX octets; NULL or "": none */
    bool compression;         /* DEFLATE besides null; unused when 1.3 is the highest */
    bool fallback;            /* TLS_FALLBACK_SCSV, behind the suites */
    uint16_t padded_len;      /* least octets of handshake message (up to 3 more); 0: as it comes */
    uint8_t random[32];       /* SSLv2: the first 16 are the challenge */
};

/* crafted_hello_write appends the hello, in records, to out; false when out is bad (no memory). */
bool crafted_hello_write(struct outbuf *out, const struct crafted_hello *h);

#endif
