#include "core/judge_cert.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pool.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "core/signature.h"

enum { CACHE_SLOTS = 2048 }; /* a power of 2; a certificate takes 5 to 10 KiB */

static int reason_of_failure(void)
{
    uint32_t last = (uint32_t)ERR_peek_last_error();
    ERR_clear_error();
    return ERR_GET_REASON(last) == ERR_R_MALLOC_FAILURE ? -ENOMEM : -EINVAL;
}

int judge_cert_parse(struct judge_cert *out, struct bytes der)
{
    struct judge_cert c = {.buffer = CRYPTO_BUFFER_new(der.data, der.len, NULL)};
    if (c.buffer == NULL)
        return -ENOMEM;
    c.x509 = X509_parse_from_buffer(c.buffer);
    if (c.x509 == NULL) {
        CRYPTO_BUFFER_free(c.buffer);
        return reason_of_failure();
    }
    cert_parse(&c.facts, judge_cert_der(&c));
    c.subject_hash = (uint32_t)X509_NAME_hash(X509_get_subject_name(c.x509));
    c.issuer_hash = (uint32_t)X509_NAME_hash(X509_get_issuer_name(c.x509));
    c.has_bad_extension = (X509_get_extension_flags(c.x509) & EXFLAG_INVALID) != 0;
    ERR_clear_error();
    *out = c;
    return 0;
}

void judge_cert_cleanup(struct judge_cert *c)
{
    X509_free(c->x509);
    CRYPTO_BUFFER_free(c->buffer);
}

struct bytes judge_cert_der(const struct judge_cert *c)
{
    return bytes_of(CRYPTO_BUFFER_data(c->buffer), CRYPTO_BUFFER_len(c->buffer));
}

void judge_cert_hide_signature(struct judge_cert *c)
{
    struct signed_der parts;
    if (!signed_der_read(&parts, judge_cert_der(c)))
        return;
    c->signature = parts.signature;
    judge_cert_show_signature(c, false);
}

void judge_cert_show_signature(const struct judge_cert *c, bool shown)
{
    if (c->signature.data != NULL)
        X509_set1_signature_value(c->x509, c->signature.data, shown ? c->signature.len : 0);
}

/* key_type_of tells from the name of a signature algorithm which keys make it. */
static enum cert_key_type key_type_of(const char *sig_alg)
{
    if (sig_alg == NULL)
        return CERT_KEY_UNKNOWN;
    if (strstr(sig_alg, "WithRSA") != NULL || strcmp(sig_alg, "rsassaPss") == 0)
        return CERT_KEY_RSA;
    if (strncmp(sig_alg, "ecdsa", 5) == 0)
        return CERT_KEY_EC;
    return strcmp(sig_alg, "Ed25519") == 0 ? CERT_KEY_ED25519 : CERT_KEY_UNKNOWN;
}

bool judge_cert_key_fits(const struct judge_cert *c, const struct judge_cert *issuer)
{
    enum cert_key_type made_with = key_type_of(c->facts.sig_alg), has = issuer->facts.key_type;
    if (has == CERT_KEY_RSA_PSS)
        has = CERT_KEY_RSA;
    return made_with == CERT_KEY_UNKNOWN || has == CERT_KEY_UNKNOWN || made_with == has;
}

bool judge_cert_self_issued(const struct judge_cert *c)
{
    const struct cert_facts *f = &c->facts;
    return c->subject_hash == c->issuer_hash &&
           X509_NAME_cmp(X509_get_subject_name(c->x509), X509_get_issuer_name(c->x509)) == 0 &&
           (f->aki.len == 0 || f->ski.len == 0 || bytes_equal(f->aki, f->ski)) &&
           judge_cert_key_fits(c, c);
}

bool judge_cert_valid_at(const struct judge_cert *c, int64_t time_s)
{
    const struct cert_facts *f = &c->facts;
    return f->has_validity && time_s >= f->not_before && time_s < f->not_after;
}

/* ---- the cache: one place for each hash, the newest stays ---- */

struct judge_cache {
    struct judge_cert *slots[CACHE_SLOTS];
};

struct judge_cache *judge_cache_new(void)
{
    return calloc(1, sizeof(struct judge_cache));
}

void judge_cache_free(struct judge_cache *cache)
{
    if (cache == NULL)
        return;
    for (size_t i = 0; i < CACHE_SLOTS; i++)
        judge_cache_drop(cache->slots[i]);
    free(cache);
}

void judge_cache_drop(struct judge_cert *c)
{
    if (c == NULL || --c->num_users > 0)
        return;
    judge_cert_cleanup(c);
    free(c);
}

int judge_cert_new(struct judge_cert **out, struct bytes der)
{
    struct judge_cert *c = malloc(sizeof *c);
    if (c == NULL)
        return -ENOMEM;
    int rc = judge_cert_parse(c, der);
    if (rc < 0) {
        free(c);
        return rc;
    }
    judge_cert_hide_signature(c);
    c->num_users = 1;
    *out = c;
    return 0;
}

int judge_cache_get(struct judge_cache *cache, struct judge_cert **out, struct bytes der,
                    const uint8_t sha256[32])
{
    struct judge_cert **slot =
        &cache->slots[(sha256[0] | (unsigned)sha256[1] << 8) & (CACHE_SLOTS - 1)];
    if (*slot == NULL || memcmp((*slot)->facts.sha256, sha256, 32) != 0) {
        struct judge_cert *c;
        int rc = judge_cert_new(&c, der);
        if (rc < 0)
            return rc;
        judge_cache_drop(*slot);
        *slot = c;
    }
    (*slot)->num_users++;
    *out = *slot;
    return 0;
}
