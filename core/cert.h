/*
 * cert: facts of one X.509 certificate, read from DER (RFC 5280).
 *
 * Promise    hostile DER is bounded work and never fails a record: a part that cannot be read is
 *            absent or marked, the rest stands. cert_parse returns false only if the outer shape
 *            (tbs, algorithm, signature) or what identifies a key cannot be found.
 * Ownership  facts are a view: bytes point into the DER given, which must outlive them.
 * Times      seconds since 1970-01-01 UTC.
 */
#ifndef MXSWEEP_CORE_CERT_H
#define MXSWEEP_CORE_CERT_H

#include "core/bytes.h"

enum cert_key_type {
    CERT_KEY_UNKNOWN,
    CERT_KEY_RSA,
    CERT_KEY_EC,
    CERT_KEY_ED25519,
    CERT_KEY_ED448,
    CERT_KEY_DSA,
    CERT_KEY_RSA_PSS,
    CERT_KEY_ML_DSA
};

struct cert_facts {
    struct bytes serial;               /* content octets of the INTEGER */
    struct bytes issuer, subject;      /* the whole Name, DER */
    /* value of the last such attribute, raw; may be empty */
    struct bytes issuer_org, issuer_cn, subject_org, subject_cn;
    bool has_validity;
    int64_t not_before, not_after;
    enum cert_key_type key_type;
    const char *curve;                 /* "P-256", ... for EC; NULL if not known or no EC key */
    uint32_t key_bits;                 /* RSA, DSA: of the modulus; EC: of the field; 0: unknown, or
                                        * said by the type */
    const char *sig_alg;               /* "sha256WithRSAEncryption", ...; NULL: not known */
    struct bytes sig_alg_oid;          /* content octets of the OID */
    bool has_basic_constraints, is_ca;
    bool self_issued;                  /* issuer and subject are the same octets */
    struct bytes spki;                 /* SubjectPublicKeyInfo, DER */
    struct bytes san;                  /* content of SubjectAltName's GeneralNames; empty: none */
    uint8_t sha256[32];                /* of the DER */
    uint8_t spki_sha256[32];
};

/* cert_parse fills *out from der; on false out holds what could be read, sha256 always. Of an
 * extension that comes twice the first counts. */
bool cert_parse(struct cert_facts *out, struct bytes der);

enum cert_name_type {
    CERT_NAME_DNS,
    CERT_NAME_IP,   /* 4 or 16 octets, if whoever made it kept to RFC 5280 */
    CERT_NAME_EMAIL,
    CERT_NAME_URI,
    CERT_NAME_OTHER
};

/* cert_san_next takes the next name off *san (start with facts.san); false at the end, when *san
 * is empty, or where it is malformed, and then nothing is touched. */
bool cert_san_next(struct bytes *san, enum cert_name_type *type, struct bytes *name);

#endif
