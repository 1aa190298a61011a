/*
 * flight_private: readers of the messages that flight keeps.
 *
 * Promise    pure; any octets are safe. false: the message breaks the protocol, and what it says is
 *            not kept.
 */
#ifndef MXSWEEP_SCANNER_SESSION_FLIGHT_PRIVATE_H
#define MXSWEEP_SCANNER_SESSION_FLIGHT_PRIVATE_H

#include "core/bytes.h"
#include "scanner/session/flight.h"

/* flight_read_hello takes version, suite and what extensions say from the body of a ServerHello or
 * HelloRetryRequest. */
bool flight_read_hello(struct flight *f, bool *retry, struct bytes body);

/* what a suite has to say in a ServerKeyExchange */
enum flight_exchange {
    FLIGHT_EXCHANGE_NONE,       /* nothing that is read here */
    FLIGHT_EXCHANGE_OPTIONAL,   /* RSA: a smaller key of its own, for export */
    FLIGHT_EXCHANGE_REQUIRED    /* ephemeral keys */
};
enum flight_exchange flight_exchange_of(uint16_t suite);

/* flight_read_exchange reads the body of a ServerKeyExchange for the suite that was chosen. */
bool flight_read_exchange(struct flight *f, struct bytes body);

#endif
