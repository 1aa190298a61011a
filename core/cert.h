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

/* KeyUsage (RFC 5280, 4.2.1.3): bit n of the BIT STRING is 1 << n here */
#define CERT_KU_DIGITAL_SIGNATURE 0x001u
#define CERT_KU_NON_REPUDIATION   0x002u
#define CERT_KU_KEY_ENCIPHERMENT  0x004u
#define CERT_KU_DATA_ENCIPHERMENT 0x008u
#define CERT_KU_KEY_AGREEMENT     0x010u
#define CERT_KU_CERT_SIGN         0x020u
#define CERT_KU_CRL_SIGN          0x040u
#define CERT_KU_ENCIPHER_ONLY     0x080u
#define CERT_KU_DECIPHER_ONLY     0x100u

/* purposes of ExtKeyUsage (RFC 5280, 4.2.1.12) */
#define CERT_EKU_ANY          0x01u
#define CERT_EKU_SERVER_AUTH  0x02u
#define CERT_EKU_CLIENT_AUTH  0x04u
#define CERT_EKU_OCSP_SIGNING 0x08u
#define CERT_EKU_OTHER        0x10u   /* one or more that are none of these */

struct cert_facts {
    uint8_t version;                   /* 1, 2, 3; 0: not known */
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
    struct bytes tbs;                  /* TBSCertificate, DER */
    bool has_basic_constraints, is_ca;
    bool has_path_len;
    uint32_t path_len;                 /* pathLenConstraint; UINT32_MAX: that or more */
    bool has_key_usage, has_eku;
    uint16_t key_usage, eku;           /* CERT_KU_*, CERT_EKU_* */
    bool must_staple;                  /* TLS feature status_request (RFC 7633) */
    bool has_ocsp, has_ca_issuers;     /* AuthorityInfoAccess says where to ask */
    bool is_precert;                   /* holds the poison of RFC 6962, 3.1 */
    struct bytes name_constraints;     /* content of NameConstraints; empty: none */
    struct bytes ski, aki;             /* key identifiers, content octets; empty: none */
    struct bytes sct_list;             /* SignedCertificateTimestampList (RFC 6962, 3.3), as it is
                                        * in TLS: its 2 octets of length first; empty: none */
    bool self_issued;                  /* issuer and subject are the same octets */
    struct bytes spki;                 /* SubjectPublicKeyInfo, DER */
    struct bytes key;                  /* content of its BIT STRING, without the octet that counts
                                        * unused bits: what OCSP hashes (RFC 6960, 4.1.1) */
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
