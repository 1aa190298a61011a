/*
 * record_json: one record as a line of JSON, every field by its name (doc/export.schema.json).
 *
 * Promise    always valid JSON, whatever octets a server sent; and those octets can be had back:
 *            greeting, helo, starttls_reply, early_plaintext and not_tls hold them in full. ehlo
 *            and ehlo_tls list the lines' texts without codes and line ends; where lines of code
 *            250 that end in CRLF would not give the reply back, ehlo_raw and ehlo_tls_raw hold it
 *            in full.
 */
#ifndef MXSWEEP_CORE_RECORD_JSON_H
#define MXSWEEP_CORE_RECORD_JSON_H

#include "core/dataset.h"
#include "core/json.h"

/* record_json appends r, of a dataset with that header, and a newline. */
void record_json(struct json *j, const struct dataset_header *header, const struct record *r);

/* members that may be left out, as they take their time */
enum record_json_part {
    RECORD_JSON_EHLO_TLS = 1, /* ehlo_tls, ehlo_tls_raw */
    RECORD_JSON_KEYWORDS = 2, /* starttls_again, keywords_added, keywords_removed */
    RECORD_JSON_SHOWN = 4,    /* of tls: what is behind alerts in the schema */
    RECORD_JSON_ANOMALIES = 8
};

/* record_json_members appends the same without the braces and the newline, for an object that has
 * more members; left_out: parts that are not wanted. */
void record_json_members(struct json *j, const struct dataset_header *header,
                         const struct record *r, unsigned left_out);

#endif
