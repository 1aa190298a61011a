/*
 * ocsp: judges a stapled OCSP response (RFC 6960) offline: what it says of a certificate, and
 * whether it may be believed at a given time.
 *
 * Units      seconds since 1970-01-01 UTC, given by the caller; no leeway is added to them.
 * Promise    the DER is hostile: work is bounded (OCSP_SINGLES_MAX, OCSP_CERTS_MAX; two signature
 *            checks for each certificate), and whatever comes has exactly one outcome, the first in
 *            the order of the table that applies. Beside it every finding stands for itself; what
 *            cannot be told is OCSP_UNTOLD, never no.
 * Issuer     counts as known only if its key made the leaf's signature (where that algorithm is not
 *            supported: if it has the name). Else neither the signature nor the hash of the
 *            issuer's key can be checked.
 * Signer     the issuer, or one of the certificates in the response that the issuer signed for
 *            OCSPSigning and that is valid at that time; and the response must name it as its
 *            responder. Names are compared octet by octet.
 * nextUpdate may be left out: there is always newer news then, and the response is not stale.
 * Ownership  a judgement is a view of the staple, which must outlive it.
 */
#ifndef MXSWEEP_CORE_OCSP_H
#define MXSWEEP_CORE_OCSP_H

#include "core/bytes.h"
#include "core/json.h"

enum {
    OCSP_SINGLES_MAX = 64,   /* answers of one response that are looked at */
    OCSP_CERTS_MAX = 8       /* certificates in it that are looked at */
};

/* X(code, NAME, slug, text), in order of precedence */
#define OCSP_OUTCOMES(X)                                                                           \
    X(1,  ABSENT,        "absent",               "no response was stapled")                        \
    X(2,  UNPARSABLE,    "unparsable",           "the staple is no OCSP response")                 \
    X(3,  ERROR_STATUS,  "error-status",         "the responder sent an error, no answer")         \
    X(4,  OTHER_CERT,    "not-this-certificate", "the response is about other certificates")       \
    X(5,  BAD_SIGNATURE, "bad-signature",        "not signed by one who may")                      \
    X(6,  UNVERIFIED,    "unverified",           "could not be checked: no issuer, an unknown "    \
                                                 "algorithm, or over the limits")                  \
    X(7,  STALE,         "stale",                "newer news were due before that time")           \
    X(8,  NOT_YET,       "not-yet",              "made for a later time")                          \
    X(9,  REVOKED,       "revoked",              "the certificate is revoked")                     \
    X(10, UNKNOWN,       "unknown",              "the responder does not know the certificate")    \
    X(11, GOOD,          "good",                 "the certificate is not revoked")

enum ocsp_outcome {   /* codes may be stored: append, never renumber */
#define X(code, NAME, slug, text) OCSP_##NAME = code,
    OCSP_OUTCOMES(X)
#undef X
    NUM_OCSP_OUTCOMES
};

/* X(code, NAME, slug, text): why nobody's signature counts; of several signers that the response
 * could mean, the fault of the one that got furthest */
#define OCSP_FAULTS(X)                                                                             \
    X(0, NONE,            "none",                 "nothing is wrong with the signer")              \
    X(1, NO_SIGNER,       "no-signer",            "it names neither the issuer nor a certificate " \
                                                  "of its own")                                    \
    X(2, NOT_BY_ISSUER,   "responder-not-issued", "the issuer did not sign the responder's "       \
                                                  "certificate")                                   \
    X(3, NO_OCSP_SIGNING, "responder-no-purpose", "the responder's certificate is not for "        \
                                                  "OCSPSigning")                                   \
    X(4, NOT_IN_TIME,     "responder-not-valid",  "the responder's certificate is not valid at "   \
                                                  "that time")                                     \
    X(5, WRONG_SIGNATURE, "wrong-signature",      "the signature is not of the key of the signer " \
                                                  "it names")

enum ocsp_fault {
#define X(code, NAME, slug, text) OCSP_FAULT_##NAME = code,
    OCSP_FAULTS(X)
#undef X
    NUM_OCSP_FAULTS
};

enum ocsp_answer { OCSP_UNTOLD, OCSP_NO, OCSP_YES };

enum ocsp_signer { OCSP_BY_NOBODY, OCSP_BY_ISSUER, OCSP_BY_DELEGATE };

enum ocsp_cert_status {
    OCSP_CERT_UNTOLD,   /* no answer that could be about the certificate */
    OCSP_CERT_GOOD,
    OCSP_CERT_REVOKED,
    OCSP_CERT_UNKNOWN
};

struct ocsp_judgement {
    enum ocsp_outcome outcome;
    bool has_status;
    uint8_t status;                    /* of the response: 0 successful; with has_status */

    /* of the response as a whole */
    bool has_produced_at;
    int64_t produced_at;
    struct bytes responder_name;       /* Name, DER; empty: it goes by its key's hash */
    struct bytes responder_key;        /* SHA-1 of the key; empty: it goes by its name */
    struct bytes sig_alg_oid;          /* content octets of the OID */
    const char *sig_alg;               /* "sha256WithRSAEncryption", ...; NULL: not known */
    enum ocsp_answer signature;        /* made by one who may */
    enum ocsp_signer signer;           /* with signature yes */
    enum ocsp_fault fault;             /* with signature no */
    uint16_t num_singles, num_certs;   /* looked at */

    /* of the answer about this certificate, else of the first that may be, else of the first */
    enum ocsp_answer this_cert;        /* serial, hashes of the issuer's name and key */
    const char *hash_alg;              /* of those hashes: "SHA-1", ...; NULL: none that is known */
    enum ocsp_cert_status cert_status;
    int64_t revoked_at;                /* with OCSP_CERT_REVOKED */
    int reason;                        /* CRLReason; -1: none is given */
    bool has_next_update;
    int64_t this_update, next_update;
    enum ocsp_answer begun;            /* thisUpdate has come */
    enum ocsp_answer fresh;            /* nextUpdate has not passed; untold without one */
    struct bytes sct_list;             /* SignedCertificateTimestampList in it; empty: none */
};

/* ocsp_judge judges staple (empty: there was none) as an answer about leaf, a certificate in DER,
 * that was made by issuer (DER; empty: not known), at time_s. */
void ocsp_judge(struct ocsp_judgement *out, struct bytes staple, struct bytes leaf,
                struct bytes issuer, int64_t time_s);

/* slugs and texts of the tables; "unknown-code" for a code that they do not have */
const char *ocsp_outcome_slug(unsigned code);
const char *ocsp_outcome_text(unsigned code);
const char *ocsp_fault_slug(unsigned code);
const char *ocsp_fault_text(unsigned code);

/* names of RFC 6960 and RFC 5280: "tryLater", "keyCompromise"; NULL for another number */
const char *ocsp_status_name(unsigned status);
const char *ocsp_reason_name(int reason);

/* ocsp_json writes a judgement as one JSON object (doc/ocsp-sct.md): what is untold is left out. */
void ocsp_json(struct json *j, const struct ocsp_judgement *judgement);

#endif
