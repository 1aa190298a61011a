#include "core/judge_remarks.h"

enum { RSA_BITS_MIN = 2048, EC_BITS_MIN = 224 };

static bool has_weak_key(const struct cert_facts *f)
{
    switch (f->key_type) {
    case CERT_KEY_RSA:
    case CERT_KEY_RSA_PSS:
    case CERT_KEY_DSA: return f->key_bits > 0 && f->key_bits < RSA_BITS_MIN;
    case CERT_KEY_EC: return f->key_bits > 0 && f->key_bits < EC_BITS_MIN;
    case CERT_KEY_ED25519:
    case CERT_KEY_ED448:
    case CERT_KEY_ML_DSA:
    case CERT_KEY_UNKNOWN: break;
    }
    return false;
}

/* has_weak_signature goes by the names of core/cert_oid.c: md5WithRSAEncryption, dsa-with-SHA1. */
static bool has_weak_signature(const struct cert_facts *f)
{
    static const char *const weak[] = {"md2With", "md4With", "md5With", "sha1With", "SHA1"};
    for (size_t i = 0; f->sig_alg != NULL && i < sizeof weak / sizeof *weak; i++)
        if (strstr(f->sig_alg, weak[i]) != NULL)
            return true;
    return false;
}

static bool has_host_names(const struct cert_facts *f)
{
    struct bytes san = f->san, name;
    enum cert_name_type type;
    while (cert_san_next(&san, &type, &name))
        if (type == CERT_NAME_DNS || type == CERT_NAME_IP)
            return true;
    return false;
}

void remark_links(uint32_t flags[JUDGE_PATH_MAX], const struct search *s)
{
    memset(flags, 0, JUDGE_PATH_MAX * sizeof *flags);
    for (size_t i = 0; i < s->num_path; i++) {
        const struct judge_cert *c = s->path[i].cert;
        const struct cert_facts *f = &c->facts;
        if (s->path[i].origin == CHAIN_STORE)
            continue; /* trusted as it is */
        if (f->version == 1 || f->version == 2)
            flags[i] |= CHAIN_FLAG(OLD_VERSION);
        if (has_weak_key(f))
            flags[i] |= CHAIN_FLAG(WEAK_KEY);
        if (has_weak_signature(f) && !judge_cert_self_issued(c)) /* its own proves nothing */
            flags[i] |= CHAIN_FLAG(WEAK_SIGNATURE);
    }
    const struct cert_facts *leaf = &s->path[0].cert->facts;
    if (leaf->is_ca)
        flags[0] |= CHAIN_FLAG(LEAF_IS_CA);
    if (!has_host_names(leaf))
        flags[0] |= CHAIN_FLAG(NO_SAN);
}

/* belongs tells whether c has the name of a certificate in the path, or of the issuer of one. */
static bool belongs(const struct search *s, const struct judge_cert *c)
{
    for (size_t i = 0; i < s->num_path; i++)
        if (c->subject_hash == s->path[i].cert->subject_hash ||
            c->subject_hash == s->path[i].cert->issuer_hash)
            return true;
    return false;
}

/* sent_at returns where a link was sent, -1 if it was not: one of the store's may have been. */
static int sent_at(const struct candidate *link, const struct sent *sent, size_t num_sent)
{
    if (link->origin == CHAIN_SENT)
        return (int)link->at;
    for (size_t i = 0; i < num_sent; i++)
        if (memcmp(sent[i].sha256, link->cert->facts.sha256, 32) == 0)
            return (int)i;
    return -1;
}

static void remark_order(uint32_t *flags, const struct search *s, const struct sent *sent,
                         size_t num_sent)
{
    int before = 0;
    for (size_t i = 1; i < s->num_path; i++) {
        int at = sent_at(&s->path[i], sent, num_sent);
        if (at < 0)
            continue;
        if (at < before)
            flags[at] |= CHAIN_FLAG(ORDER_WRONG);
        before = at;
    }
}

static bool is_in_path(const struct search *s, size_t at)
{
    for (size_t i = 0; i < s->num_path; i++)
        if (s->path[i].origin == CHAIN_SENT && s->path[i].at == at)
            return true;
    return false;
}

void remark_sent(uint32_t flags[JUDGE_SENT_MAX], const struct search *s, const struct sent *sent,
                 size_t num_sent)
{
    memset(flags, 0, JUDGE_SENT_MAX * sizeof *flags);
    for (size_t i = 0; i < num_sent; i++) {
        const struct judge_cert *c = sent[i].cert;
        if (c == NULL)
            flags[i] |= CHAIN_FLAG(UNPARSABLE);
        if (sent[i].is_duplicate)
            flags[i] |= CHAIN_FLAG(DUPLICATE);
        if (c == NULL || sent[i].is_duplicate || i == 0)
            continue;
        if (c->has_bad_extension)
            flags[i] |= CHAIN_FLAG(BAD_EXTENSION);
        if (judge_cert_self_issued(c))
            flags[i] |= CHAIN_FLAG(ROOT_INCLUDED);
        if (s->num_path > 0 && !is_in_path(s, i) && !belongs(s, c))
            flags[i] |= CHAIN_FLAG(SURPLUS);
    }
    remark_order(flags, s, sent, num_sent);
}
