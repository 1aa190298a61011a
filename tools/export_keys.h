/*
 * export_keys: the distinct public keys of datasets, for the study of weak ones.
 *
 * What       a line of JSON for each key, by the SHA-256 of its SubjectPublicKeyInfo, in the order
 *            in which files bring them: modulus and exponent of RSA, the octets of others, and how
 *            many certificates have it and targets sent it.
 * Promise    keys themselves are kept in a temporary file; memory is 24 to 64 octets for each
 *            certificate and 56 to 96 for each key (tools/hash_index.h has the limit).
 * Ownership  the caller's storage, _cleanup frees; the folder outlives it.
 * Errors     negative, as export_certs.h.
 */
#ifndef MXSWEEP_TOOLS_EXPORT_KEYS_H
#define MXSWEEP_TOOLS_EXPORT_KEYS_H

#include "core/dataset.h"
#include "tools/hash_index.h"
#include "tools/spool.h"

struct export_key;

struct export_keys {
    struct hash_index certs; /* to keys by index; those that cannot be parsed to none */
    struct hash_index spkis;
    struct export_key *keys;
    size_t num, cap;
    uint64_t records; /* counted so far */
    struct spool spool;
    struct json scratch;
};

void export_keys_init(struct export_keys *k, const char *folder);
void export_keys_cleanup(struct export_keys *k);

/* export_keys_certs takes the certificates of a block, before its records are counted. */
int export_keys_certs(struct export_keys *k, char err[SPILL_ERR_MAX], const struct block *b);

/* export_keys_count counts a record that sent a chain. */
void export_keys_count(struct export_keys *k, const struct record *r);

/* export_keys_put appends the line of key i < k->num. */
int export_keys_put(const struct export_keys *k, char err[SPILL_ERR_MAX], struct json *out,
                    size_t i);

#endif
