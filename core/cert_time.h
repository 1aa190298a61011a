/*
 * cert_time: UTCTime and GeneralizedTime as certificates hold them. Private to cert.
 *
 * Promise    RFC 5280's forms, and where there is only one reading: no seconds (for
 *            GeneralizedTime no minutes either), a fraction (dropped), an offset from UTC. Local
 *            time is refused, so are dates that the calendar does not have.
 */
#ifndef MXSWEEP_CORE_CERT_TIME_H
#define MXSWEEP_CORE_CERT_TIME_H

#include "core/bytes.h"

/* cert_time_parse reads the content octets of a time; generalized tells which of the two it is.
 * *out is in seconds since 1970-01-01 UTC, negative before, untouched on false. */
bool cert_time_parse(int64_t *out, struct bytes text, bool generalized);

#endif
