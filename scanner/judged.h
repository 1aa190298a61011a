/*
 * judged: what is judged of one record: chain, name, staple, SCTs; with the facts of each
 * certificate that it speaks of.
 *
 * Units      s since 1970-01-01 UTC.
 * Ownership  judged_new, judged_free; a view of the record and its certificates, which outlive it,
 *            as does the judge.
 * Errors     NULL: no memory.
 */
#ifndef MXSWEEP_SCANNER_JUDGED_H
#define MXSWEEP_SCANNER_JUDGED_H

#include "core/audit.h"
#include "core/cert.h"
#include "core/judge.h"
#include "core/name_match.h"
#include "core/ocsp.h"
#include "core/record.h"

/* a certificate, and what can be read of it */
struct judged_cert {
    struct bytes der; /* empty: its octets are missing */
    bool parsed;
    struct cert_facts facts;
};

struct judged {
    int64_t time_s;
    const struct trust_store *store;
    size_t num_sent; /* 0: no certificate came, and nothing below means anything but the audit */
    struct judged_cert *sent; /* as sent */
    struct chain_verdict verdict;
    struct chain_path path;
    bool has_name; /* a name was given, and `match` says whether the leaf has it */
    struct name_ref name;
    enum name_match match;
    struct bytes matched; /* the name of the certificate's that did */
    struct ocsp_judgement ocsp;
    bool has_audit;
    struct audit audit;
};

/* judged_new judges r, whose certificates as sent are ders (r->num_chain of them, empty where they
 * are missing), by a judge over store, at time_s. host: the name to find; NULL: none. */
struct judged *judged_new(struct judge *judge, const struct trust_store *store,
                          const struct record *r, const struct bytes *ders, const char *host,
                          int64_t time_s);
void judged_free(struct judged *judged); /* NULL is allowed */

/* judged_link reads certificate i of the path, sent or not; false: it cannot be read. */
bool judged_link(struct cert_facts *out, const struct judged *judged, size_t i);

#endif
