/*
 * tls_extras: what BoringSSL's side of a handshake shows besides: tickets, staples, timestamps,
 * certificate requests, certificates by server name.
 *
 * Promise    staples, timestamps and ticket keys follow from seed, date and certificates.
 * Ownership  an owner outlives its SSL.
 * Sources    RFC 5077, 6066, 6960, 6962, 8446.
 */
#ifndef MXSWEEP_TOOLS_FARM_TLS_EXTRAS_H
#define MXSWEEP_TOOLS_FARM_TLS_EXTRAS_H

#include <openssl/base.h>

#include "tools/farm/pki.h"

enum { TICKET_LIFETIME_S = 7200, EXTRAS_NUM_SCTS = 2, EXTRAS_NUM_CAS = 2 };

/* whose certificates a connection shows */
struct tls_owner {
    struct pki *pki;
    const struct behaviour *b;
    struct addr a;
};

/* tls_extras_prepare sets what all connections of a context share; false: no memory. */
bool tls_extras_prepare(SSL_CTX *ctx);

/* tls_extras_set sets the extras and the staple of a row for one connection, whose certificate is
 * set; false: no memory. */
bool tls_extras_set(SSL *ssl, struct tls_owner *owner);

#endif
