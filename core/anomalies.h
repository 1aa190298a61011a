/*
 * anomalies: what in a session's plaintext is as no mail server would say it by itself: somebody on
 * the way took STARTTLS out, or spoke out of turn, or there is no TLS behind the 220.
 *
 * What       fingerprints in the texts of one record. Each is a finding about the path as much as
 *            about the server: a filter near the scanner puts it on every record.
 * Promise    pure; any octets are bounded work. What did not happen tells nothing: a bit that is
 *            not set is no "no".
 */
#ifndef MXSWEEP_CORE_ANOMALIES_H
#define MXSWEEP_CORE_ANOMALIES_H

#include "core/record.h"

#define ANOMALIES(X)                                                                              \
    X(EARLY_PLAINTEXT, "early-plaintext", "octets came before TLS that nobody had asked for")     \
    X(GREETING_MASKED, "greeting-masked", "the greeting is asterisks")                            \
    X(KEYWORD_MASKED, "keyword-masked", "a keyword of the reply to EHLO is filler (XXXXXXXA)")    \
    X(STARTTLS_MASKED, "starttls-masked",                                                         \
      "STARTTLS is not offered, and a keyword as long as it is filler")                           \
    X(EHLO_GARBLED, "ehlo-garbled", "EHLO was refused, and the server quotes it as XXXX")         \
    X(STARTTLS_GARBLED, "starttls-garbled",                                                       \
      "STARTTLS was refused, and the server quotes it as XXXXXXXX")                               \
    X(NO_TLS, "no-tls", "our hello, after 220 to STARTTLS, was answered in plaintext")            \
    X(TLS_SILENCE, "tls-silence", "nothing answered our hello, after 220 to STARTTLS")            \
    X(STARTTLS_AGAIN, "starttls-again", "STARTTLS is offered again inside TLS")
enum anomaly {
#define X(NAME, slug, text) ANOMALY_##NAME,
    ANOMALIES(X)
#undef X
    NUM_ANOMALIES
};

/* anomalies_of returns those of a record: bit 1 << ANOMALY_*. */
uint32_t anomalies_of(const struct record *r);

const char *anomaly_slug(enum anomaly a);
const char *anomaly_text(enum anomaly a);

#endif
