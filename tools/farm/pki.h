/*
 * pki: the keys, authorities and certificates of the farm's servers.
 *
 * What       seed, date and (behaviour, address) give the chain, with no state: made when first
 * asked for, kept in a table of fixed size, made again when it has been pushed out of it. Units
 * now_s: s since 1970-01-01 UTC; all validities are relative to it. Promise    the same seed, date,
 * behaviour and address give the same octets in every process. Ownership  pki_new/pki_free. A chain
 * is borrowed until the next pki_chain. Errors     NULL: no memory.
 */
#ifndef MXSWEEP_TOOLS_FARM_PKI_H
#define MXSWEEP_TOOLS_FARM_PKI_H

#include <openssl/base.h>

#include "core/addr.h"
#include "tools/farm/behaviour.h"

enum { CHAIN_MAX = 60, PKI_CACHE_SLOTS = 4096, HOST_NAME_MAX_LEN = 64 };

struct pki;

struct chain {
    CRYPTO_BUFFER **certs; /* as sent: leaf first */
    size_t num;
    EVP_PKEY *key; /* of the leaf */
};

struct pki *pki_new(uint64_t seed, int64_t now_s);
void pki_free(struct pki *pki);

const struct chain *pki_chain(struct pki *pki, const struct behaviour *b, struct addr a);

/* pki_root returns the root certificate, borrowed. */
CRYPTO_BUFFER *pki_root(const struct pki *pki);

/* pki_issuer_key returns the key that signs the leaves of chains of two, pki_other_key one that
 * signs nothing; borrowed. */
EVP_PKEY *pki_issuer_key(const struct pki *pki);
EVP_PKEY *pki_other_key(const struct pki *pki);

/* pki_date returns now_s. */
int64_t pki_date(const struct pki *pki);

/* host_name writes the name of the server at a, with a NUL. */
void host_name(char out[HOST_NAME_MAX_LEN], struct addr a);

#endif
