/*
 * judge_cert: a certificate as libcrypto and as core/cert.h see it. Private to judge.
 *
 * Ownership  the octets are copied once and shared with the X509. judge_cert_cleanup frees all but
 *            the struct; judge_cache_get's are shared and counted, judge_cache_drop gives one back.
 * Errors     -ENOMEM, -EINVAL: libcrypto cannot read it.
 */
#ifndef MXSWEEP_CORE_JUDGE_CERT_H
#define MXSWEEP_CORE_JUDGE_CERT_H

#include <openssl/base.h>

#include "core/cert.h"

struct judge_cert {
    CRYPTO_BUFFER *buffer;
    X509 *x509;
    struct cert_facts facts;            /* points into the buffer */
    uint32_t subject_hash, issuer_hash; /* of the canonical names: equal names, equal hash */
    bool has_bad_extension;
    struct bytes signature; /* once hidden, in the buffer */
    unsigned num_users;     /* of the cache: the cache itself is one */
};

int judge_cert_parse(struct judge_cert *out, struct bytes der);
void judge_cert_cleanup(struct judge_cert *c);
struct bytes judge_cert_der(const struct judge_cert *c);

/* judge_cert_hide_signature leaves the X509 without its signature: libcrypto, which would check it
 * whenever it meets the certificate, then fails at once, and judge_pairs.h knows better. One whose
 * signature is no whole octets stays as it is. The X509 must not be shared among threads.
 * judge_cert_show_signature shows a hidden one, or hides it again; without memory it stays. */
void judge_cert_hide_signature(struct judge_cert *c);
void judge_cert_show_signature(const struct judge_cert *c, bool shown);

/* judge_cert_key_fits tells whether the key of issuer is of the kind that the signature of c was
 * made with; true if either kind is not known. */
bool judge_cert_key_fits(const struct judge_cert *c, const struct judge_cert *issuer);

/* judge_cert_self_issued: subject and issuer are the same name, and neither the key identifiers nor
 * the kinds of key say that it is another key. */
bool judge_cert_self_issued(const struct judge_cert *c);

/* judge_cert_valid_at: not before its beginning, not at its end or later, as libcrypto has it. */
bool judge_cert_valid_at(const struct judge_cert *c, int64_t time_s);

/* a bounded cache of certificates that many chains have in common. What is found in it is what
 * parsing again would give, so it changes no verdict. */
struct judge_cache;

struct judge_cache *judge_cache_new(void);        /* NULL: no memory */
void judge_cache_free(struct judge_cache *cache); /* NULL is allowed */

/* judge_cert_new parses der as judge_cache_get does, but keeps it nowhere; to be given back. */
int judge_cert_new(struct judge_cert **out, struct bytes der);

/* judge_cache_get finds or parses der, whose SHA-256 is given; to be given back. */
int judge_cache_get(struct judge_cache *cache, struct judge_cert **out, struct bytes der,
                    const uint8_t sha256[32]);
void judge_cache_drop(struct judge_cert *c);

#endif
