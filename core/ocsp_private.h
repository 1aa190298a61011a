/*
 * ocsp_private: the parts of an OCSP response, and who signed it. Private to ocsp.
 *
 * Ownership  all are views of the DER given.
 */
#ifndef MXSWEEP_CORE_OCSP_PRIVATE_H
#define MXSWEEP_CORE_OCSP_PRIVATE_H

#include <openssl/base.h>

#include "core/cert.h"
#include "core/ocsp.h"
#include "core/signature.h"

enum { OCSP_SUCCESSFUL = 0 };

struct ocsp_response {
    uint8_t status;
    /* below only if OCSP_SUCCESSFUL */
    struct signed_der basic;                     /* BasicOCSPResponse */
    struct bytes responder_name, responder_key;  /* one of them is empty */
    int64_t produced_at;
    struct bytes singles;                        /* SingleResponses, one behind the other */
    struct bytes certs;                          /* certificates, one behind the other */
};

struct ocsp_single {
    struct bytes hash_oid;             /* content octets of the OID */
    struct bytes name_hash, key_hash;  /* of the issuer */
    struct bytes serial;               /* content octets of the INTEGER */
    enum ocsp_cert_status status;
    int64_t revoked_at;
    int reason;                        /* -1: none */
    bool has_next_update;
    int64_t this_update, next_update;
    struct bytes sct_list;
};

/* ocsp_response_read reads an OCSPResponse; false if it is none, or holds another type of answer
 * than id-pkix-ocsp-basic. Its singles are not read yet. */
bool ocsp_response_read(struct ocsp_response *out, struct bytes der);

/* ocsp_single_next takes the next answer off *singles; false at the end, when *singles is empty, or
 * where one is malformed. */
bool ocsp_single_next(struct ocsp_single *out, struct bytes *singles);

/* ocsp_extension finds the value of the first extension with such an OID in extensions, the content
 * of a SEQUENCE OF Extension; false if there is none. */
bool ocsp_extension(struct bytes *value, struct bytes extensions, struct bytes oid);

/* ocsp_hash_is tells whether hash is the digest of octets; ocsp_key_hash_is, whether it is that of
 * the key in a SubjectPublicKeyInfo: of its BIT STRING's content, less the count of unused bits. */
bool ocsp_hash_is(struct bytes hash, const EVP_MD *digest, struct bytes octets);
bool ocsp_key_hash_is(struct bytes hash, const EVP_MD *digest, struct bytes spki);

struct ocsp_signature {
    enum ocsp_answer valid;
    enum ocsp_signer signer;
    enum ocsp_fault fault;
    uint16_t num_certs;
};

/* ocsp_signature_judge tells whether one who may signed the response, given the issuer. */
void ocsp_signature_judge(struct ocsp_signature *out, const struct ocsp_response *response,
                          const struct cert_facts *issuer, int64_t time_s);

#endif
