#include "core/ocsp.h"

#include <openssl/digest.h>

#include "core/cert.h"
#include "core/cert_oid.h"
#include "core/ocsp_private.h"

#define OID(octets)                                                                                \
    {                                                                                              \
        (const uint8_t *)(octets), sizeof(octets) - 1                                              \
    }
#define COUNT(table) (sizeof(table) / sizeof(table)[0])

struct name {
    const char *slug, *text;
};

static const struct name outcomes[] = {
#define X(code, NAME, slug, text) [code] = {slug, text},
    OCSP_OUTCOMES(X)
#undef X
};

static const struct name faults[] = {
#define X(code, NAME, slug, text) [code] = {slug, text},
    OCSP_FAULTS(X)
#undef X
};

static const struct hash_alg {
    struct bytes oid;
    const char *name;
    const EVP_MD *(*digest)(void);
} hash_algs[] = {
    {OID("\x2b\x0e\x03\x02\x1a"), "SHA-1", EVP_sha1},
    {OID("\x60\x86\x48\x01\x65\x03\x04\x02\x01"), "SHA-256", EVP_sha256},
    {OID("\x60\x86\x48\x01\x65\x03\x04\x02\x02"), "SHA-384", EVP_sha384},
    {OID("\x60\x86\x48\x01\x65\x03\x04\x02\x03"), "SHA-512", EVP_sha512},
};

static const struct name unknown_code = {"unknown-code", "a code that this version does not know"};

static const struct name *lookup(const struct name *table, size_t num, unsigned code)
{
    return code < num && table[code].slug != NULL ? &table[code] : &unknown_code;
}

const char *ocsp_outcome_slug(unsigned code)
{
    return lookup(outcomes, COUNT(outcomes), code)->slug;
}

const char *ocsp_outcome_text(unsigned code)
{
    return lookup(outcomes, COUNT(outcomes), code)->text;
}

const char *ocsp_fault_slug(unsigned code)
{
    return lookup(faults, COUNT(faults), code)->slug;
}

const char *ocsp_fault_text(unsigned code)
{
    return lookup(faults, COUNT(faults), code)->text;
}

const char *ocsp_status_name(unsigned status)
{
    static const char *const names[] = {
        "successful", "malformedRequest", "internalError", "tryLater",
        NULL,         "sigRequired",      "unauthorized"};
    return status < COUNT(names) ? names[status] : NULL;
}

const char *ocsp_reason_name(int reason)
{
    static const char *const names[] = {
        "unspecified",   "keyCompromise",        "cACompromise",    "affiliationChanged",
        "superseded",    "cessationOfOperation", "certificateHold", NULL,
        "removeFromCRL", "privilegeWithdrawn",   "aACompromise"};
    return reason >= 0 && (size_t)reason < COUNT(names) ? names[reason] : NULL;
}

/* what a response is judged against */
struct subject {
    bool has_leaf, has_issuer;
    struct cert_facts leaf, issuer;
};

/* is_issuer tells whether the key of issuer made the leaf's signature. */
static bool is_issuer(const struct subject *s, struct bytes leaf)
{
    struct signed_der parts;
    if (!signed_der_read(&parts, leaf))
        return false;
    switch (signature_check(&parts, s->issuer.spki)) {
    case SIGNATURE_GOOD: return true;
    case SIGNATURE_BAD: return false;
    case SIGNATURE_UNSUPPORTED: break;
    }
    return bytes_equal(s->leaf.issuer, s->issuer.subject);
}

static void subject_init(struct subject *s, struct bytes leaf, struct bytes issuer)
{
    s->has_leaf = leaf.len > 0 && cert_parse(&s->leaf, leaf);
    s->has_issuer =
        s->has_leaf && issuer.len > 0 && cert_parse(&s->issuer, issuer) && is_issuer(s, leaf);
}

static const struct hash_alg *find_hash_alg(struct bytes oid)
{
    for (size_t i = 0; i < COUNT(hash_algs); i++)
        if (bytes_equal(hash_algs[i].oid, oid))
            return &hash_algs[i];
    return NULL;
}

/* is_about tells whether a single answer is about the leaf: its serial, and by what they hash to,
 * its issuer's name and key. */
static enum ocsp_answer is_about(const struct ocsp_single *single, const struct subject *s)
{
    const struct hash_alg *alg = find_hash_alg(single->hash_oid);
    if (!s->has_leaf)
        return OCSP_UNTOLD;
    if (!bytes_equal(single->serial, s->leaf.serial))
        return OCSP_NO;
    if (alg == NULL)
        return OCSP_UNTOLD;
    if (!ocsp_hash_is(single->name_hash, alg->digest(), s->leaf.issuer))
        return OCSP_NO;
    if (!s->has_issuer)
        return OCSP_UNTOLD;
    return ocsp_key_hash_is(single->key_hash, alg->digest(), s->issuer.spki) ? OCSP_YES : OCSP_NO;
}

static unsigned rank(enum ocsp_answer about)
{
    switch (about) {
    case OCSP_NO: return 1;
    case OCSP_UNTOLD: return 2;
    case OCSP_YES: break;
    }
    return 3;
}

static void keep_single(struct ocsp_judgement *out, const struct ocsp_single *single,
                        enum ocsp_answer about, int64_t time_s)
{
    const struct hash_alg *alg = find_hash_alg(single->hash_oid);
    out->this_cert = about;
    out->hash_alg = alg != NULL ? alg->name : NULL;
    out->cert_status = single->status;
    out->revoked_at = single->revoked_at;
    out->reason = single->reason;
    out->has_next_update = single->has_next_update;
    out->this_update = single->this_update;
    out->next_update = single->next_update;
    out->begun = time_s >= single->this_update ? OCSP_YES : OCSP_NO;
    out->fresh = !single->has_next_update        ? OCSP_UNTOLD
                 : time_s <= single->next_update ? OCSP_YES
                                                 : OCSP_NO;
    out->sct_list = single->sct_list;
}

/* judge_singles keeps the answer that is most about the leaf; false if one cannot be read. Of two
 * about it the first counts. */
static bool judge_singles(struct ocsp_judgement *out, struct bytes singles, const struct subject *s,
                          int64_t time_s)
{
    unsigned best = 0;
    while (singles.len > 0 && out->num_singles < OCSP_SINGLES_MAX) {
        struct ocsp_single single;
        if (!ocsp_single_next(&single, &singles))
            return false;
        out->num_singles++;
        enum ocsp_answer about = is_about(&single, s);
        if (rank(about) <= best)
            continue;
        best = rank(about);
        keep_single(out, &single, about, time_s);
    }
    if (singles.len > 0 && out->this_cert == OCSP_NO)
        out->this_cert = OCSP_UNTOLD; /* one that was not looked at may be */
    return true;
}

static void judge_signature(struct ocsp_judgement *out, const struct ocsp_response *response,
                            const struct subject *s, int64_t time_s)
{
    struct ocsp_signature signature;
    if (!s->has_issuer)
        return;
    ocsp_signature_judge(&signature, response, &s->issuer, time_s);
    out->signature = signature.valid;
    out->signer = signature.signer;
    out->fault = signature.fault;
    out->num_certs = signature.num_certs;
}

/* outcome_of goes through the outcomes of a response that could be read, in their order. */
static enum ocsp_outcome outcome_of(const struct ocsp_judgement *j)
{
    if (j->status != OCSP_SUCCESSFUL)
        return OCSP_ERROR_STATUS;
    if (j->num_singles == 0 || j->this_cert == OCSP_NO)
        return OCSP_OTHER_CERT;
    if (j->signature == OCSP_NO)
        return OCSP_BAD_SIGNATURE;
    if (j->signature == OCSP_UNTOLD || j->this_cert == OCSP_UNTOLD)
        return OCSP_UNVERIFIED;
    if (j->fresh == OCSP_NO)
        return OCSP_STALE;
    if (j->begun == OCSP_NO)
        return OCSP_NOT_YET;
    switch (j->cert_status) {
    case OCSP_CERT_REVOKED: return OCSP_REVOKED;
    case OCSP_CERT_GOOD: return OCSP_GOOD;
    case OCSP_CERT_UNKNOWN:
    case OCSP_CERT_UNTOLD: break;
    }
    return OCSP_UNKNOWN;
}

static void keep_response(struct ocsp_judgement *out, const struct ocsp_response *response)
{
    out->has_status = true;
    out->status = response->status;
    if (response->status != OCSP_SUCCESSFUL)
        return;
    out->has_produced_at = true;
    out->produced_at = response->produced_at;
    out->responder_name = response->responder_name;
    out->responder_key = response->responder_key;
    out->sig_alg_oid = response->basic.algorithm_oid;
    out->sig_alg = cert_oid_sig_alg(out->sig_alg_oid);
}

void ocsp_judge(struct ocsp_judgement *out, struct bytes staple, struct bytes leaf,
                struct bytes issuer, int64_t time_s)
{
    struct ocsp_judgement j = {.outcome = OCSP_ABSENT, .reason = -1};
    struct ocsp_response response;
    struct subject s = {0};
    *out = j;
    if (staple.len == 0)
        return;
    out->outcome = OCSP_UNPARSABLE;
    if (!ocsp_response_read(&response, staple))
        return;
    keep_response(&j, &response);
    if (response.status == OCSP_SUCCESSFUL) {
        subject_init(&s, leaf, issuer);
        if (!judge_singles(&j, response.singles, &s, time_s))
            return;
        judge_signature(&j, &response, &s, time_s);
    }
    j.outcome = outcome_of(&j);
    *out = j;
}
