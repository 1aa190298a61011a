/*
 * probe_output: what programs read of mxprobe: JSON, and certificates as PEM.
 *
 * Promise    JSON is valid whatever the server sent; PEM has the certificates as they were sent, in
 *            order, each behind a comment line.
 * Errors     probe_json: j turns bad where memory ends.
 */
#ifndef MXSWEEP_SCANNER_PROBE_OUTPUT_H
#define MXSWEEP_SCANNER_PROBE_OUTPUT_H

#include "core/json.h"
#include "scanner/show_parts.h"

/* probe_json appends one line: the record as mxstat exports it, with "judgement" and "verdict". */
void probe_json(struct json *j, const struct view *v);

/* probe_pem writes the certificates of v's chain. */
void probe_pem(FILE *out, const struct view *v);

#endif
