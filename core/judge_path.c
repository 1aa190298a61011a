#include "core/judge_path.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "core/judge_constraints.h"

/* for libcrypto. One version takes it for the most certificates below the root, another for the
 * most between leaf and root: the one more that this allows is refused here. */
enum { DEPTH_MAX = JUDGE_PATH_MAX - 1 };

/* beyond them libcrypto has no calendar; no certificate begins or ends there either */
#define TIME_FIRST INT64_C(-62135596800) /* 0001-01-01 */
#define TIME_LAST  INT64_C(253402300798) /* 9999-12-31, a second before the last */

/* ---- candidates ---- */

bool candidates_add(struct candidates *c, struct candidate one)
{
    if (c->num == CANDIDATES_MAX)
        return false;
    c->list[c->num++] = one;
    return true;
}

bool candidates_have(const struct candidates *c, const struct judge_cert *cert)
{
    for (size_t i = 0; i < c->num; i++)
        if (c->list[i].cert == cert)
            return true;
    return false;
}

void candidates_remove(struct candidates *c, const struct judge_cert *cert)
{
    size_t kept = 0;
    for (size_t i = 0; i < c->num; i++)
        if (c->list[i].cert != cert)
            c->list[kept++] = c->list[i];
    c->num = kept;
}

/* comes_before tells whether a is to be tried before b, which was added first. */
static bool comes_before(const struct judge_cert *a, const struct judge_cert *b, int64_t time_s)
{
    bool a_valid = judge_cert_valid_at(a, time_s), b_valid = judge_cert_valid_at(b, time_s);
    if (a_valid || b_valid)
        return a_valid && !b_valid;
    return a->facts.not_after > b->facts.not_after;
}

void candidates_sort(struct candidates *c, int64_t time_s)
{
    for (size_t i = 1; i < c->num; i++) { /* few, and nearly always in order */
        struct candidate one = c->list[i];
        size_t to = i;
        for (; to > 0 && comes_before(one.cert, c->list[to - 1].cert, time_s); to--)
            c->list[to] = c->list[to - 1];
        c->list[to] = one;
    }
}

/* ---- the search ---- */

static struct stack_st_X509 *stack_of(const struct candidates *c)
{
    STACK_OF(X509) *stack = sk_X509_new_null();
    for (size_t i = 0; stack != NULL && i < c->num; i++)
        if (!sk_X509_push(stack, c->list[i].cert->x509)) {
            sk_X509_free(stack); /* not the certificates, which it does not own */
            return NULL;
        }
    return stack;
}

/* what the callback of a search needs */
struct searching {
    struct search *out;
    struct judge_pairs *pairs;
    const struct candidate *leaf;
    const struct candidates *untrusted, *trusted;
};

static struct candidate find(const struct searching *s, const X509 *x509)
{
    for (size_t i = 0; i < s->trusted->num; i++)
        if (s->trusted->list[i].cert->x509 == x509)
            return s->trusted->list[i];
    for (size_t i = 0; i < s->untrusted->num; i++)
        if (s->untrusted->list[i].cert->x509 == x509)
            return s->untrusted->list[i];
    return *s->leaf;
}

/* what is true of a signature that libcrypto could not check, since it is hidden */
static enum pair_verdict check_signature(const struct searching *s, X509_STORE_CTX *ctx)
{
    STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(ctx);
    size_t at = (size_t)X509_STORE_CTX_get_error_depth(ctx);
    if (at + 1 >= sk_X509_num(chain))
        return PAIR_BAD;
    struct candidate one = find(s, sk_X509_value(chain, at));
    struct candidate issuer = find(s, sk_X509_value(chain, at + 1));
    return judge_pairs_check(s->pairs, one.cert, issuer.cert);
}

/* on_verify notes an error and goes on. */
static int on_verify(int ok, X509_STORE_CTX *ctx)
{
    const struct searching *s = X509_STORE_CTX_get_app_data(ctx);
    struct search *out = s->out;
    struct note note = {.code = X509_STORE_CTX_get_error(ctx),
                        .depth = X509_STORE_CTX_get_error_depth(ctx)};
    if (ok)
        return 1;
    if (note.code == X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY)
        note.is_unsupported = true;
    if (note.code == X509_V_ERR_CERT_SIGNATURE_FAILURE) {
        enum pair_verdict verdict = check_signature(s, ctx);
        if (verdict == PAIR_GOOD)
            return 1;
        note.is_unsupported = verdict == PAIR_UNSUPPORTED;
    }
    if (out->num_notes < NOTES_MAX)
        out->notes[out->num_notes++] = note;
    return 1;
}

static int verify(struct searching *searching, X509_STORE_CTX *ctx, int64_t time_s)
{
    struct search *s = searching->out;
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
    X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_TRUSTED_FIRST);
    X509_VERIFY_PARAM_set_time(param, time_s < TIME_FIRST  ? TIME_FIRST
                                      : time_s > TIME_LAST ? TIME_LAST
                                                           : time_s);
    X509_VERIFY_PARAM_set_depth(param, DEPTH_MAX);
    if (!X509_STORE_CTX_set_purpose(ctx, X509_PURPOSE_SSL_SERVER) ||
        !X509_STORE_CTX_set_app_data(ctx, searching))
        return -ENOMEM;
    X509_STORE_CTX_set_verify_cb(ctx, on_verify);
    if (X509_verify_cert(ctx) > 0)
        return 0;
    int code = X509_STORE_CTX_get_error(ctx);
    if (code == X509_V_ERR_OUT_OF_MEM)
        return -ENOMEM;
    if (s->num_notes < NOTES_MAX) /* an error that it will not go on after */
        s->notes[s->num_notes++] = (struct note){.code = code};
    return 0;
}

/* take_path: the leaf stays the one that was sent, also where the store has the same. */
static void take_path(const struct searching *searching, X509_STORE_CTX *ctx)
{
    STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(ctx);
    struct search *s = searching->out;
    s->path[0] = *searching->leaf;
    s->num_path = 1;
    for (size_t i = 1; i < sk_X509_num(chain) && i < JUDGE_PATH_MAX; i++)
        s->path[s->num_path++] = find(searching, sk_X509_value(chain, i));
    s->is_too_long = sk_X509_num(chain) > JUDGE_PATH_MAX;
}

int search_run(struct search *out, X509_STORE *store_param, struct judge_pairs *pairs,
               const struct candidate *leaf, const struct candidates *untrusted,
               const struct candidates *trusted, int64_t time_s)
{
    struct searching searching = {out, pairs, leaf, untrusted, trusted};
    int rc = -ENOMEM;
    out->num_path = out->num_notes = 0;
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    STACK_OF(X509) *sent = stack_of(untrusted), *roots = stack_of(trusted);
    ERR_clear_error();
    if (ctx == NULL || sent == NULL || roots == NULL ||
        !X509_STORE_CTX_init(ctx, store_param, leaf->cert->x509, sent))
        goto out;
    X509_STORE_CTX_trusted_stack(ctx, roots);
    rc = verify(&searching, ctx, time_s);
    if (rc == 0)
        take_path(&searching, ctx);
out:
    X509_STORE_CTX_free(ctx);
    sk_X509_free(sent);
    sk_X509_free(roots);
    ERR_clear_error();
    return rc;
}

/* ---- what was found ---- */

static bool is_missing_issuer(int code)
{
    return code == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT ||
           code == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
           code == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE;
}

size_t search_misfit(const struct search *s)
{
    for (size_t i = 1; i < s->num_path; i++)
        if (!judge_cert_key_fits(s->path[i - 1].cert, s->path[i].cert))
            return i;
    return 0;
}

bool search_lacks_issuer(const struct search *s)
{
    for (size_t i = 0; i < s->num_notes; i++)
        if (is_missing_issuer(s->notes[i].code))
            return true;
    return false;
}

void search_append(struct search *s, struct candidate issuer)
{
    size_t kept = 0;
    if (s->num_path == JUDGE_PATH_MAX)
        return;
    for (size_t i = 0; i < s->num_notes; i++)
        if (!is_missing_issuer(s->notes[i].code))
            s->notes[kept++] = s->notes[i];
    s->num_notes = kept;
    if (kept < NOTES_MAX)
        s->notes[s->num_notes++] =
            (struct note){X509_V_ERR_KEYUSAGE_NO_CERTSIGN, (int)s->num_path, false};
    s->path[s->num_path++] = issuer;
}

static uint32_t purpose_fault(const struct candidate *link, size_t depth)
{
    const struct cert_facts *f = &link->cert->facts;
    if (link->cert->has_bad_extension)
        return CHAIN_FLAG(BAD_EXTENSION);
    if (f->has_eku && !(f->eku & CERT_EKU_SERVER_AUTH))
        return CHAIN_FLAG(EKU);
    return depth == 0 ? CHAIN_FLAG(KEY_USAGE) : CHAIN_FLAG(NOT_A_CA);
}

static uint32_t fault_of(const struct search *s, const struct note *note, size_t depth)
{
    bool is_self_issued = judge_cert_self_issued(s->path[depth].cert);
    switch (note->code) {
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        return is_self_issued ? CHAIN_FLAG(SELF_SIGNED_LEAF) : CHAIN_FLAG(INCOMPLETE);
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        return is_self_issued ? CHAIN_FLAG(UNTRUSTED_ROOT) : CHAIN_FLAG(INCOMPLETE);
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        return s->num_path == JUDGE_PATH_MAX ? CHAIN_FLAG(PATH_TOO_LONG) : CHAIN_FLAG(INCOMPLETE);
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE: return 0; /* it follows from another */
    case X509_V_ERR_NAME_CONSTRAINTS_WITHOUT_SANS: return 0;   /* constraint_faults knows better */
    case X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
        return note->is_unsupported ? CHAIN_FLAG(UNSUPPORTED) : CHAIN_FLAG(BAD_SIGNATURE);
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return depth == 0 ? CHAIN_FLAG(LEAF_EXPIRED) : CHAIN_FLAG(OTHER_EXPIRED);
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return depth == 0 ? CHAIN_FLAG(LEAF_NOT_YET_VALID) : CHAIN_FLAG(OTHER_NOT_YET_VALID);
    case X509_V_ERR_ERROR_IN_CERT_NOT_BEFORE_FIELD:
    case X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD: return CHAIN_FLAG(BAD_VALIDITY);
    case X509_V_ERR_KEYUSAGE_NO_CERTSIGN:
    case X509_V_ERR_INVALID_CA: return CHAIN_FLAG(NOT_A_CA);
    case X509_V_ERR_INVALID_PURPOSE: return purpose_fault(&s->path[depth], depth);
    case X509_V_ERR_PATH_LENGTH_EXCEEDED: return CHAIN_FLAG(PATH_LENGTH);
    case X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION: return CHAIN_FLAG(CRITICAL_EXTENSION);
    case X509_V_ERR_UNSPECIFIED: /* names and constraints so many that they are not compared */
    case X509_V_ERR_PERMITTED_VIOLATION:
    case X509_V_ERR_EXCLUDED_VIOLATION:
    case X509_V_ERR_SUBTREE_MINMAX:
    case X509_V_ERR_UNSUPPORTED_CONSTRAINT_TYPE:
    case X509_V_ERR_UNSUPPORTED_CONSTRAINT_SYNTAX:
    case X509_V_ERR_UNSUPPORTED_NAME_SYNTAX: return CHAIN_FLAG(NAME_CONSTRAINTS);
    default: return CHAIN_FLAG(BAD_EXTENSION);
    }
}

/* signature_faults: MD5 and older prove nothing. One version of libcrypto checks them, another does
 * not: neither is asked. */
static uint32_t signature_faults(const struct search *s, size_t i, uint32_t faults)
{
    const char *name = s->path[i].cert->facts.sig_alg;
    if (i + 1 == s->num_path || name == NULL || strncmp(name, "md", 2) != 0)
        return faults;
    return (faults & ~CHAIN_FLAG(BAD_SIGNATURE)) | CHAIN_FLAG(UNSUPPORTED);
}

static uint32_t validity_faults(const struct cert_facts *f, size_t depth, int64_t time_s)
{
    if (!f->has_validity)
        return CHAIN_FLAG(BAD_VALIDITY);
    uint32_t faults = 0;
    if (time_s < f->not_before)
        faults |= depth == 0 ? CHAIN_FLAG(LEAF_NOT_YET_VALID) : CHAIN_FLAG(OTHER_NOT_YET_VALID);
    if (time_s >= f->not_after)
        faults |= depth == 0 ? CHAIN_FLAG(LEAF_EXPIRED) : CHAIN_FLAG(OTHER_EXPIRED);
    return faults;
}

/* leaf_faults: libcrypto leaves them out where the leaf itself is in the store. */
static uint32_t leaf_faults(const struct candidate *leaf)
{
    return X509_check_purpose(leaf->cert->x509, X509_PURPOSE_SSL_SERVER, 0) == 1
               ? 0
               : purpose_fault(leaf, 0);
}

/* anchor_faults: what a root of the store forbids itself, which libcrypto leaves out. */
static uint32_t anchor_faults(const struct judge_cert *c, unsigned num_below)
{
    const struct cert_facts *f = &c->facts;
    uint32_t faults = 0;
    bool is_old_root = /* as some are: its key usage alone tells what it is */
        judge_cert_self_issued(c) && !f->has_basic_constraints && f->has_key_usage;
    if (f->version == 3 && !f->is_ca && !is_old_root)
        faults |= CHAIN_FLAG(NOT_A_CA);
    if (f->has_path_len && num_below > f->path_len)
        faults |= CHAIN_FLAG(PATH_LENGTH);
    if (f->has_eku && !(f->eku & CERT_EKU_SERVER_AUTH))
        faults |= CHAIN_FLAG(EKU);
    return faults;
}

/* constraint_faults: the constraints that libcrypto leaves out. Where it gave up on a kind of
 * constraint that it does not know, all are checked again. */
static uint32_t constraint_faults(const struct search *s, bool gave_up)
{
    const struct cert_facts *leaf = &s->path[0].cert->facts;
    for (size_t i = 1; i < s->num_path; i++) {
        const struct cert_facts *ca = &s->path[i].cert->facts;
        if (ca->name_constraints.len == 0)
            continue;
        if (!constraints_allow_cn(ca, leaf) || (gave_up && !constraints_allow(ca, leaf)))
            return CHAIN_FLAG(NAME_CONSTRAINTS);
    }
    return 0;
}

void search_faults(uint32_t faults[JUDGE_PATH_MAX], const struct search *s, int64_t time_s)
{
    bool gave_up = false;
    unsigned num_below = 0; /* CAs below this one that count for its path length */
    memset(faults, 0, JUDGE_PATH_MAX * sizeof *faults);
    for (size_t i = 0; i < s->num_notes; i++) {
        size_t depth = (size_t)s->notes[i].depth;
        if (depth == 0 && s->notes[i].code == X509_V_ERR_UNSUPPORTED_CONSTRAINT_TYPE)
            gave_up = true;
        else if (depth < s->num_path)
            faults[depth] |= fault_of(s, &s->notes[i], depth);
    }
    if (s->is_too_long)
        faults[JUDGE_PATH_MAX - 1] |= CHAIN_FLAG(PATH_TOO_LONG);
    faults[0] |= leaf_faults(&s->path[0]) | constraint_faults(s, gave_up);
    for (size_t i = 0; i < s->num_path; i++) {
        const struct judge_cert *c = s->path[i].cert;
        faults[i] = signature_faults(s, i, faults[i]) | validity_faults(&c->facts, i, time_s);
        if (c->has_bad_extension)
            faults[i] |= CHAIN_FLAG(BAD_EXTENSION);
        if (X509_get_extension_flags(c->x509) & EXFLAG_CRITICAL)
            faults[i] |= CHAIN_FLAG(CRITICAL_EXTENSION);
        if (i > 0 && s->path[i].origin == CHAIN_STORE)
            faults[i] |= anchor_faults(c, num_below);
        if (i > 0 && !(X509_get_extension_flags(c->x509) & EXFLAG_SI))
            num_below++;
    }
}
