#include "core/judge_pairs.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdlib.h>

enum { PAIR_SLOTS = 4096, LEAF_SLOTS = 16 }; /* the first a power of 2 */

struct pair {
    uint8_t sha256[2][32]; /* of the certificate, of the issuer */
    bool is_set;
    uint8_t verdict; /* enum pair_verdict */
};

struct judge_pairs {
    const struct judge_cert *leaf;
    size_t num_leaf; /* pairs of the leaf so far; beyond LEAF_SLOTS the oldest goes */
    struct pair of_leaf[LEAF_SLOTS];
    struct pair slots[PAIR_SLOTS];
};

struct judge_pairs *judge_pairs_new(void)
{
    return calloc(1, sizeof(struct judge_pairs));
}

void judge_pairs_free(struct judge_pairs *pairs)
{
    free(pairs);
}

void judge_pairs_begin(struct judge_pairs *pairs, const struct judge_cert *leaf)
{
    pairs->leaf = leaf;
    pairs->num_leaf = 0;
}

/* was_unsupported tells from the error that X509_verify left whether it could check at all. */
static bool was_unsupported(void)
{
    uint32_t last = (uint32_t)ERR_peek_last_error();
    int lib = ERR_GET_LIB(last), reason = ERR_GET_REASON(last);
    return (lib == ERR_LIB_ASN1 && (reason == ASN1_R_UNKNOWN_SIGNATURE_ALGORITHM ||
                                    reason == ASN1_R_UNKNOWN_MESSAGE_DIGEST_ALGORITHM)) ||
           (lib == ERR_LIB_X509 && reason == X509_R_INVALID_PSS_PARAMETERS) || lib == ERR_LIB_EVP;
}

static enum pair_verdict check(const struct judge_cert *c, const struct judge_cert *issuer)
{
    enum pair_verdict verdict = PAIR_BAD;
    EVP_PKEY *key = X509_get_pubkey(issuer->x509);
    ERR_clear_error();
    judge_cert_show_signature(c, true);
    if (key == NULL)
        verdict = PAIR_UNSUPPORTED;
    else if (X509_verify(c->x509, key) > 0)
        verdict = PAIR_GOOD;
    else if (was_unsupported())
        verdict = PAIR_UNSUPPORTED;
    judge_cert_show_signature(c, false);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return verdict;
}

static bool is_of(const struct pair *p, const struct judge_cert *c, const struct judge_cert *issuer)
{
    return p->is_set && memcmp(p->sha256[0], c->facts.sha256, 32) == 0 &&
           memcmp(p->sha256[1], issuer->facts.sha256, 32) == 0;
}

/* where a pair is, or is to go */
static struct pair *slot_of(struct judge_pairs *pairs, const struct judge_cert *c,
                            const struct judge_cert *issuer)
{
    if (c != pairs->leaf) {
        unsigned low = c->facts.sha256[0] ^ issuer->facts.sha256[1];
        unsigned high = c->facts.sha256[2] ^ issuer->facts.sha256[3];
        return &pairs->slots[(low | high << 8) & (PAIR_SLOTS - 1)];
    }
    for (size_t i = 0; i < pairs->num_leaf && i < LEAF_SLOTS; i++)
        if (is_of(&pairs->of_leaf[i], c, issuer))
            return &pairs->of_leaf[i];
    return &pairs->of_leaf[pairs->num_leaf++ % LEAF_SLOTS];
}

enum pair_verdict judge_pairs_check(struct judge_pairs *pairs, const struct judge_cert *c,
                                    const struct judge_cert *issuer)
{
    struct pair *p = slot_of(pairs, c, issuer);
    if (!is_of(p, c, issuer)) {
        p->is_set = true;
        p->verdict = (uint8_t)check(c, issuer);
        memcpy(p->sha256[0], c->facts.sha256, 32);
        memcpy(p->sha256[1], issuer->facts.sha256, 32);
    }
    return (enum pair_verdict)p->verdict;
}
