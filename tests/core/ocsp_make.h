/*
 * ocsp_make: certificates and OCSP responses to order, signed with Ed25519 keys that are always the
 * same.
 *
 * Ownership  made octets are the caller's, to be freed with free().
 */
#ifndef MXSWEEP_TESTS_CORE_OCSP_MAKE_H
#define MXSWEEP_TESTS_CORE_OCSP_MAKE_H

#include "core/bytes.h"

enum made_key { MADE_CA = 1, MADE_OTHER_CA, MADE_LEAF, MADE_RESPONDER };

enum made_purpose { MADE_OCSP_SIGNING, MADE_NO_PURPOSE, MADE_ANY_PURPOSE, MADE_OCSP_AND_MORE };

struct made_cert {
    const char *subject, *issuer;      /* common names */
    enum made_key key, signer;
    uint8_t serial;
    const char *not_before, *not_after; /* UTCTime; NULL: 2020 to 2040 */
    bool has_purpose;
    enum made_purpose purpose;         /* with has_purpose */
};

enum made_status { MADE_GOOD, MADE_REVOKED, MADE_UNKNOWN, MADE_ODD_STATUS };

struct made_single {
    uint8_t serial;                    /* 0: that of the leaf, 7 */
    const char *hash;                  /* content of the OID; NULL: SHA-1 */
    size_t hash_len;
    bool sha256;
    bool wrong_name, wrong_key;        /* hashes of another issuer */
    enum made_status status;
    int reason;                        /* 0: none */
    const char *this_update, *next_update;   /* NULL: 2026-01-01; 2026-01-08, "": none */
    struct bytes sct_list;             /* empty: no extension */
};

struct made_response {
    uint8_t status;
    bool other_type;                   /* no basic response */
    bool by_key;                       /* the responder is named by its key's hash */
    const char *responder;             /* common name; NULL: "ca" */
    enum made_key signer;              /* 0: MADE_CA */
    struct made_single singles[3];
    uint8_t num_singles;               /* 0: one; NO_SINGLES: none; more than 3: the first often */
    struct made_cert certs[3];
    uint8_t num_certs;                 /* more than 3: the first often */
    bool spoil_signature, other_algorithm, trailing;
};

enum { NO_SINGLES = 255 };

struct bytes make_cert(const struct made_cert *c);
struct bytes make_response(const struct made_response *r);

#endif
