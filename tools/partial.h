/*
 * partial: what a report needs of a dataset, smaller than that: a dataset whose blocks have, in
 * place of most certificates, what they say and how their chains are judged (doc/partial.md).
 *
 * What       of a reduced certificate are kept its hash, that of its public key, and its DER with
 *            zeros in place of key and signature: whoever parses that learns all else. Kept whole
 *            are CA certificates, and those of chains that another dataset may complete.
 * Promise    a report of partials is that of the datasets they were made of, to the octet.
 * Ownership  views point into the block. Plain values else.
 * Errors     -EBADMSG: malformed.
 */
#ifndef MXSWEEP_TOOLS_PARTIAL_H
#define MXSWEEP_TOOLS_PARTIAL_H

#include "core/block_reduce.h"
#include "tools/catalog.h"
#include "tools/new_file.h"

enum { PARTIAL_SPANS_MAX = 60, PARTIAL_ERR_MAX = 1024 };

/* ---- reading ---- */

struct reduced_cert {
    uint8_t sha256[32], spki_sha256[32];
    struct bytes der; /* with zeros */
};

/* reduced_cert_next takes the next: 1, 0 at the end, or -EBADMSG. */
int reduced_cert_next(struct cbor_reader *r, struct reduced_cert *out);

/* reduced_cert_facts parses it, as if it were whole. */
bool reduced_cert_facts(struct cert_facts *out, const struct reduced_cert *cert);

struct partial_verdict {
    uint32_t chain; /* of the block */
    struct chain_span spans[PARTIAL_SPANS_MAX];
    size_t num; /* from the first moment to the last */
};

/* partial_verdict_next takes the next: 1, 0 at the end, or -EBADMSG. */
int partial_verdict_next(struct cbor_reader *r, struct partial_verdict *out, size_t num_chains);

/* what the first event of a partial says */
struct partial_origin {
    struct bytes file;        /* as it was named */
    uint8_t store_sha256[32]; /* of the trust store that chains were judged by */
};

/* partial_origin_read tells whether an event is that of a partial. */
bool partial_origin_read(struct partial_origin *out, const struct dataset_event_view *event);

/* ---- writing ---- */

/* partial_write writes to `out` (open, and a file) what is made of the dataset path, whose catalog
 * c is judged by the store for all times. -ENODATA: the dataset is torn; out is not to be kept
 * then, nor after any other error. */
int partial_write(struct new_file *out, const char *path, const struct catalog *c,
                  const uint8_t store_sha256[32], char err[PARTIAL_ERR_MAX]);

#endif
