/*
 * one: one target visited as mxsweep visits it, and what was recorded.
 *
 * What       plan, engine and dataset are mxsweep's; the dataset is a temporary file (in TMPDIR,
 *            /tmp) that has no name any more when the engine starts, and is read back.
 * Ownership  the caller's storage; one_cleanup frees all, also after an error. Records and
 *            certificates are views that live until then.
 * Errors     -EINVAL: the user's to mend; any other negative: a fault of ours. err says what.
 */
#ifndef MXSWEEP_SCANNER_ONE_H
#define MXSWEEP_SCANNER_ONE_H

#include "scanner/plan.h"
#include "scanner/probe_options.h"

struct one_cert {
    uint8_t sha256[32];
    struct bytes der;
};

struct one {
    struct plan plan;
    struct dataset_reader *reader;
    const struct dataset_header *header;
    struct block **blocks;
    size_t num_blocks;
    struct record *records; /* one, or of a host name: one for each address */
    size_t num_records;
    struct one_cert *certs; /* all that were sent, by any of them */
    size_t num_certs;
};

/* one_run visits o's target and reads what came of it. show_progress: tell stderr, a line that is
 * overwritten, how long it takes. */
int one_run(struct one *one, char err[PLAN_ERR_MAX], const struct probe_options *o,
            bool show_progress);
void one_cleanup(struct one *one);

/* one_chain fills ders with the certificates of r's chain as sent, at most RECORD_CHAIN_MAX, and
 * returns how many. One whose octets are missing is empty. */
size_t one_chain(struct bytes ders[RECORD_CHAIN_MAX], const struct one *one,
                 const struct record *r);

#endif
