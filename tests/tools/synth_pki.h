/*
 * synth_pki: certificates that are what they claim to be: signed, so that chains are judged for what
 * they are.
 *
 * What       a root, a CA below it for each organisation, a root that is nobody's, a CA that is never
 *            sent. Leaves have any key, but are signed by P-256.
 * Promise    the same arguments give the same octets: keys and nonces follow from numbers. They are
 *            no secrets.
 * Ownership  _new/_free. Certificates are the caller's storage; CAs belong to the pki.
 * Units      s since 1970-01-01 UTC.
 * Errors     a test that cannot have its certificate fails: abort.
 */
#ifndef MXSWEEP_TESTS_TOOLS_SYNTH_PKI_H
#define MXSWEEP_TESTS_TOOLS_SYNTH_PKI_H

#include <stdio.h>

#include "core/bytes.h"

/* X(NAME, slug, text) */
#define SYNTH_CHAINS(X)                                                                            \
    X(NONE, "none", "no certificate is sent")                                                      \
    X(VALID, "valid", "leaf and CA below the root of --roots")                                     \
    X(WRONG_NAME, "wrong-name", "the same, for elsewhere.example.org")                             \
    X(EXPIRED, "expired", "the leaf ended 10 days before the sweep")                               \
    X(NOT_YET_VALID, "not-yet-valid", "the leaf begins 10 days after it")                          \
    X(SELF_SIGNED, "self-signed", "a leaf by itself; its key is p256")                             \
    X(INCOMPLETE, "incomplete", "a leaf of a CA that nobody sends")                                \
    X(COMPLETABLE, "completable", "a leaf of a CA that `valid` sends")                             \
    X(UNTRUSTED_ROOT, "untrusted-root", "leaf and root, which is not one of --roots")              \
    X(BAD_SIGNATURE, "bad-signature", "as valid, one bit of the leaf's signature changed")         \
    X(UNPARSABLE, "unparsable", "octets that are no certificate")
enum synth_chain {
#define X(NAME, slug, text) SYNTH_CHAIN_##NAME,
    SYNTH_CHAINS(X)
#undef X
        NUM_SYNTH_CHAINS
};

/* X(NAME, slug) */
#define SYNTH_KEYS(X)                                                                              \
    X(P256, "p256")                                                                                \
    X(P384, "p384")                                                                                \
    X(RSA1024, "rsa1024") X(RSA2048, "rsa2048") X(RSA4096, "rsa4096") X(ED25519, "ed25519")
enum synth_key_kind {
#define X(NAME, slug) SYNTH_KEY_##NAME,
    SYNTH_KEYS(X)
#undef X
        NUM_SYNTH_KEYS
};

enum { SYNTH_CERT_MAX = 4096, SYNTH_SENT_MAX = 2, SYNTH_CAS_MAX = 4096 };

struct synth_made {
    size_t len;
    uint8_t der[SYNTH_CERT_MAX];
};

struct synth_ca {
    struct bytes org; /* empty: none */
    struct synth_made cert;
    struct synth_signer *signer;
};

struct synth_leaf {
    enum synth_chain chain;
    enum synth_key_kind key;
    uint64_t seed; /* of the row: numbers count within it */
    uint64_t number, key_number;
    const struct synth_ca *ca; /* of the chains that need one */
    struct bytes name;         /* alternative name and common name */
    int64_t not_before, not_after;
};

struct synth_pki *synth_pki_new(int64_t now_s);
void synth_pki_free(struct synth_pki *p);

/* synth_pki_ca returns the CA of an organisation, made if there is none; NULL: SYNTH_CAS_MAX. */
const struct synth_ca *synth_pki_ca(struct synth_pki *p, struct bytes org);

/* synth_pki_leaf makes the leaf; chain NONE: of no octets. */
void synth_pki_leaf(struct synth_made *out, const struct synth_pki *p,
                    const struct synth_leaf *leaf);

/* synth_pki_issuer returns the certificate that is sent behind the leaf, or NULL. */
const struct synth_made *synth_pki_issuer(const struct synth_pki *p, const struct synth_leaf *leaf);

/* synth_pki_roots writes the root in PEM. */
void synth_pki_roots(FILE *out, const struct synth_pki *p);

const char *synth_chain_slug(unsigned chain); /* NULL: there is none */
const char *synth_chain_text(unsigned chain);
const char *synth_key_slug(unsigned key);

#endif
