/*
 * trust_store: the roots that chains are judged by, read once from a file of PEM certificates.
 *
 * Promise    what is no certificate in the file is counted and left out. The same file gives the
 *            same store. A store never changes once it is open: any number of threads may read it.
 * Bounds     TRUST_STORE_FILE_MAX octets, TRUST_STORE_ROOTS_MAX certificates; a regular file only.
 * Ownership  the caller's; trust_store_free after all judges that use it. Bytes given out belong to
 *            the store.
 * Units      mtime_s in s since 1970-01-01 UTC.
 * Errors     negative errno, and err says file, place and mend: -EINVAL if no certificate is left.
 * Source     RFC 7468, 2, 5.
 */
#ifndef MXSWEEP_CORE_TRUST_STORE_H
#define MXSWEEP_CORE_TRUST_STORE_H

#include "core/cert.h"

#define TRUST_STORE_DEFAULT "/etc/ssl/certs/ca-certificates.crt" /* Debian's ca-certificates */

enum {
    TRUST_STORE_FILE_MAX = 32 << 20,
    TRUST_STORE_ROOTS_MAX = 16384,
    TRUST_STORE_ERR_MAX = 512 /* octets, NUL included */
};

struct trust_store;

struct trust_store_facts {
    size_t num_roots;      /* distinct certificates */
    size_t num_bad;        /* entries that are no certificate */
    size_t first_bad_line; /* where the first of them begins, from 1; 0: there is none */
    uint8_t sha256[32];    /* of the file's octets */
    int64_t mtime_s;       /* when the file was last changed */
};

/* trust_store_open reads path. On failure *out is untouched. */
int trust_store_open(struct trust_store **out, char err[TRUST_STORE_ERR_MAX], const char *path);

/* trust_store_read does the same with the octets of a file; name is for err, mtime_s for facts. */
int trust_store_read(struct trust_store **out, char err[TRUST_STORE_ERR_MAX], struct bytes pem,
                     const char *name, int64_t mtime_s);

void trust_store_free(struct trust_store *store); /* NULL is allowed */

const struct trust_store_facts *trust_store_facts(const struct trust_store *store);

/* trust_store_der returns the i-th certificate, in the order of the file. */
struct bytes trust_store_der(const struct trust_store *store, size_t i);

/* trust_store_has tells whether the store holds that very certificate. */
bool trust_store_has(const struct trust_store *store, const uint8_t sha256[32]);

#endif
