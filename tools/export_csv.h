/*
 * export_csv: a record as a row of CSV (RFC 4180), made of its line of JSON.
 *
 * Cells      a text is as doc/export.md escapes it, line ends, tabs and what turns text about
 *            escaped too: a cell is one line, and its octets can be had back. Lists of plain values
 *            have "|" between them, and \x7C for one inside; what has fields in it is its JSON.
 *            What is not there is an empty cell.
 * Promise    no cell can begin a formula: one that would (= + - @, also in their wide forms, and
 *            behind blanks), or that begins with an apostrophe, has an apostrophe before it. Texts
 *            are quoted, rows end in CR LF.
 */
#ifndef MXSWEEP_TOOLS_EXPORT_CSV_H
#define MXSWEEP_TOOLS_EXPORT_CSV_H

#include "tools/export_columns.h"

/* the columns if none are named, and those of the leaf where certificates are shown */
#define EXPORT_CSV_COLUMNS                                                                         \
    "position,addr,port,host,tag,start,stage,cause,smtp_code,enhanced_code,errno,greeting,ehlo,"   \
    "starttls_reply,tls.handshake_done,tls.version,tls.suite,tls.group,tls.sigscheme,anomalies,"   \
    "chain,ms.connect,ms.greeting,ms.ehlo,ms.starttls,ms.handshake,ms.ehlo_tls,ms.total"
#define EXPORT_CSV_CERT_COLUMNS                                                                    \
    "certs.0.subject_cn,certs.0.issuer_org,certs.0.issuer_cn,certs.0.not_before,"                  \
    "certs.0.not_after,certs.0.dns_names,certs.0.key_type,certs.0.key_bits,certs.0.curve,"         \
    "certs.0.spki_sha256,certs.0.signature"

/* csv_header appends the row with the columns' names. */
void csv_header(struct json *out, const struct export_columns *c);

/* csv_row appends the row of a line. */
void csv_row(struct json *out, const struct export_columns *c, struct bytes line);

#endif
