/*
 * status: what is shown of a sweep that runs, for a person (one line) and for a machine (a JSON
 * object).
 *
 * Promise    pure: text from figures; nothing of the network's octets is in it. What matters most
 *            to a person comes first, as a narrow terminal cuts the end off.
 */
#ifndef MXSWEEP_SCANNER_STATUS_H
#define MXSWEEP_SCANNER_STATUS_H

#include "core/json.h"
#include "scanner/progress.h"

enum { STATUS_LINE_MAX = 384 };

/* status_line writes one line, without its end. */
void status_line(char out[STATUS_LINE_MAX], const struct status *s);

/* status_json writes one object (the man page names its fields), without the end of the line.
 * utc_us: now, since 1970. */
void status_json(struct json *out, const struct status *s, int64_t utc_us);

#endif
