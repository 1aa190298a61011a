/*
 * rote_truth: what a scanner records of the first handshake with a server by rote.
 *
 * Promise    derived from the rules by which the server answers, for a hello of TLS 1.0 to 1.3 with
 *            the suites and groups that BoringSSL has, a key share of X25519 and no server name.
 * Errors     rote_foresee returns false: no such spec.
 */
#ifndef MXSWEEP_TOOLS_FARM_ROTE_TRUTH_H
#define MXSWEEP_TOOLS_FARM_ROTE_TRUTH_H

#include "tools/farm/rote.h"

struct rote_outlook {
    uint8_t stage, cause; /* enum stage, enum cause */
    uint16_t code;
    const char *version; /* that the ServerHello names; NULL: there is none */
    bool shows_chain;
    bool with_ec, own_certificate; /* which chain */
};

bool rote_foresee(struct rote_outlook *out, const char *spec);

#endif
