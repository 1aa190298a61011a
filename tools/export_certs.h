/*
 * export_certs: the certificates of the records that are exported, however long ago in the file
 * their octets came.
 *
 * What       each certificate is made into JSON once, when its block is read, and that is kept in a
 *            temporary file; an index in memory (tools/hash_index.h) tells where.
 * Ownership  the caller's storage, _cleanup frees; the folder outlives it.
 * Errors     negative, as spill.h; -ENOMEM, -ENOSPC: more certificates than the index holds.
 */
#ifndef MXSWEEP_TOOLS_EXPORT_CERTS_H
#define MXSWEEP_TOOLS_EXPORT_CERTS_H

#include "core/dataset.h"
#include "tools/hash_index.h"
#include "tools/spool.h"

/* writes one certificate as a JSON value */
typedef void export_cert_json(struct json *j, const uint8_t sha256[32], struct bytes der);

struct export_certs {
    export_cert_json *json; /* NULL: certificates are not kept */
    struct hash_index index;
    struct spool spool;
    struct json scratch;
};

void export_certs_init(struct export_certs *c, export_cert_json *json, const char *folder);
void export_certs_cleanup(struct export_certs *c);

/* export_certs_add takes the certificates of a block, before its records are written. */
int export_certs_add(struct export_certs *c, char err[SPILL_ERR_MAX], const struct block *b);

/* export_certs_put appends the JSON of a certificate; false: its octets did not come. */
bool export_certs_put(const struct export_certs *c, int *rc, char err[SPILL_ERR_MAX],
                      struct json *out, const uint8_t sha256[32]);

#endif
