#include "tools/farm/pki.h"

#include <openssl/base64.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ec_key.h>
#include <openssl/evp.h>
#include <openssl/nid.h>
#include <openssl/pool.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/farm/keys.h"
#include "tools/farm/mint.h"

#define DAY ((int64_t)86400)

enum { NUM_ISSUERS = 5, NUM_FILLERS = CHAIN_MAX - 2 };

/* who signs leaves: an intermediate below the root. All have the key CA1; names and lifetimes
 * differ. */
static const struct issuer {
    struct mint_name name;
    unsigned days; /* lifetime of its leaves */
} issuers[NUM_ISSUERS] = {
    {{"Farm Encrypt", "R11"}, 90},
    {{"Farm Encrypt", "R12"}, 90},
    {{"Sample Trust Services", "Sample DV TLS CA 3"}, 365},
    {{"Placeholder Ltd", "Placeholder RSA Server CA G2"}, 397},
    {{"Example University", "Example University Mail CA"}, 730},
};

static const struct mint_name root_name = {"Farm Trust", "Farm Root X1"};
static const struct mint_name ca2_name = {"Sample Trust Services", "Sample Issuing CA 2"};
static const struct mint_name ca3_name = {"Sample Trust Services", "Sample Issuing CA 3"};
static const struct mint_name vendor_name = {"Acme Mail Appliances", "appliance.invalid"};

/* what one slot of the cache holds */
struct slot {
    uint8_t id[SHA256_DIGEST_LENGTH];
    struct chain chain; /* certs NULL: empty */
};

struct pki {
    uint64_t seed;
    int64_t now_s;
    EVP_PKEY *keys[NUM_FARM_KEYS];
    CRYPTO_BUFFER *root, *ca1[NUM_ISSUERS], *ca2, *ca3;
    CRYPTO_BUFFER *fillers[NUM_FILLERS]; /* made when first needed */
    struct slot slots[PKI_CACHE_SLOTS];
};

/* ---- names ---- */

void host_name(char out[HOST_NAME_MAX_LEN], struct addr a)
{
    static const char *const domains[] = {"brook",  "harbour", "meadow", "orchard",
                                          "quarry", "ridge",   "summit", "willow"};
    static const char *const suffixes[] = {"example", "example.com", "example.net", "example.org"};
    uint64_t network = addr_is_v4(a) ? a.lo >> 8 : a.hi;
    uint64_t hash = network * UINT64_C(0x9e3779b97f4a7c15);
    snprintf(out, HOST_NAME_MAX_LEN, "mx-%llx.%s%llu.%s", (unsigned long long)(a.lo & 0xffff),
             domains[hash >> 61], (unsigned long long)(hash >> 40 & 0x3f),
             suffixes[hash >> 32 & 3]);
}

/* ---- octets from seed, label and address ---- */

/* derive writes 64 octets that depend on everything that is given. */
static void derive(uint8_t out[SHA512_DIGEST_LENGTH], const struct pki *pki, const char *label,
                   const uint8_t *id, size_t id_len)
{
    uint8_t seed[8];
    for (size_t i = 0; i < sizeof seed; i++)
        seed[i] = (uint8_t)(pki->seed >> (8 * i));
    SHA512_CTX ctx;
    SHA512_Init(&ctx);
    SHA512_Update(&ctx, seed, sizeof seed);
    SHA512_Update(&ctx, label, strlen(label) + 1);
    SHA512_Update(&ctx, id, id_len);
    SHA512_Final(out, &ctx);
}

/* chain_id names the chain of b at a: behaviours with different names or scopes never share one. */
static void chain_id(uint8_t id[SHA256_DIGEST_LENGTH], const struct behaviour *b, struct addr a)
{
    uint8_t octets[16] = {0};
    if (b->scope == SCOPE_NETWORK)
        a = addr_network(a, 24, 48);
    if (b->scope != SCOPE_FARM)
        addr_to_bytes(octets, a);
    SHA256_CTX ctx;
    SHA256_Init(&ctx);
    SHA256_Update(&ctx, b->name, strlen(b->name) + 1);
    SHA256_Update(&ctx, octets, sizeof octets);
    SHA256_Final(id, &ctx);
}

/* ---- keys ---- */

static EVP_PKEY *rsa_key(enum farm_key which)
{
    const char *text = farm_key_base64(which);
    uint8_t der[2560]; /* RSA 4096 has 2350 */
    size_t len;
    EVP_PKEY *key = EVP_PKEY_new();
    RSA *rsa = NULL;
    if (key != NULL && EVP_DecodeBase64(der, &len, sizeof der, (const uint8_t *)text, strlen(text)))
        rsa = RSA_private_key_from_bytes(der, len);
    if (rsa == NULL || !EVP_PKEY_assign_RSA(key, rsa)) {
        RSA_free(rsa);
        EVP_PKEY_free(key);
        return NULL;
    }
    return key;
}

/* scalar_below makes a private key of the group from octets: 1 + octets mod (order - 1). */
static BIGNUM *scalar_below(const EC_GROUP *group, const uint8_t *octets, size_t len)
{
    BIGNUM *scalar = BN_bin2bn(octets, len, NULL);
    BIGNUM *limit = BN_dup(EC_GROUP_get0_order(group));
    BN_CTX *ctx = BN_CTX_new();
    int ok = scalar != NULL && limit != NULL && ctx != NULL && BN_sub_word(limit, 1) &&
             BN_mod(scalar, scalar, limit, ctx) && BN_add_word(scalar, 1);
    BN_CTX_free(ctx);
    BN_free(limit);
    if (ok)
        return scalar;
    BN_free(scalar);
    return NULL;
}

static EVP_PKEY *ec_key(int nid, const uint8_t octets[SHA512_DIGEST_LENGTH])
{
    EC_KEY *ec = EC_KEY_new_by_curve_name(nid);
    EVP_PKEY *key = EVP_PKEY_new();
    BIGNUM *scalar = NULL;
    EC_POINT *point = NULL;
    if (ec == NULL || key == NULL)
        goto fail;
    const EC_GROUP *group = EC_KEY_get0_group(ec);
    scalar = scalar_below(group, octets, SHA512_DIGEST_LENGTH);
    point = EC_POINT_new(group);
    if (scalar == NULL || point == NULL || !EC_POINT_mul(group, point, scalar, NULL, NULL, NULL) ||
        !EC_KEY_set_private_key(ec, scalar) || !EC_KEY_set_public_key(ec, point) ||
        !EVP_PKEY_assign_EC_KEY(key, ec))
        goto fail;
    BN_free(scalar);
    EC_POINT_free(point);
    return key;
fail:
    BN_free(scalar);
    EC_POINT_free(point);
    EC_KEY_free(ec);
    EVP_PKEY_free(key);
    return NULL;
}

static EVP_PKEY *shared_key(EVP_PKEY *key)
{
    EVP_PKEY_up_ref(key);
    return key;
}

/* leaf_key makes the key of a chain's leaf; RSA keys are of the fixed few, as those of vendors'
 * images are. */
static EVP_PKEY *leaf_key(struct pki *pki, enum key_kind kind,
                          const uint8_t id[SHA256_DIGEST_LENGTH])
{
    uint8_t octets[SHA512_DIGEST_LENGTH];
    derive(octets, pki, "key", id, SHA256_DIGEST_LENGTH);
    switch (kind) {
    case KEY_P256: return ec_key(NID_X9_62_prime256v1, octets);
    case KEY_P384: return ec_key(NID_secp384r1, octets);
    case KEY_P521: return ec_key(NID_secp521r1, octets);
    case KEY_ED25519: return EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, octets, 32);
    case KEY_RSA2048:
        return shared_key(pki->keys[octets[0] & 1 ? FARM_KEY_LEAF_A : FARM_KEY_LEAF_B]);
    case KEY_RSA4096: return shared_key(pki->keys[FARM_KEY_LEAF_4096]);
    }
    return NULL;
}

/* ---- authorities ---- */

static CRYPTO_BUFFER *make_ca(const struct pki *pki, struct mint_name subject, enum farm_key key,
                              struct mint_name issuer, enum farm_key signer)
{
    struct mint_request r = {.issuer = issuer,
                             .subject = subject,
                             .key = pki->keys[key],
                             .signer = pki->keys[signer],
                             .not_before = pki->now_s - 1000 * DAY,
                             .not_after = pki->now_s + 2000 * DAY,
                             .ca = true};
    uint8_t octets[SHA512_DIGEST_LENGTH];
    derive(octets, pki, "authority", (const uint8_t *)subject.common, strlen(subject.common));
    memcpy(r.serial, octets, sizeof r.serial);
    return mint_certificate(&r);
}

static bool make_authorities(struct pki *pki)
{
    bool ok = true;
    pki->root = make_ca(pki, root_name, FARM_KEY_ROOT, root_name, FARM_KEY_ROOT);
    for (size_t i = 0; i < NUM_ISSUERS; i++) {
        pki->ca1[i] = make_ca(pki, issuers[i].name, FARM_KEY_CA1, root_name, FARM_KEY_ROOT);
        ok = ok && pki->ca1[i] != NULL;
    }
    pki->ca2 = make_ca(pki, ca2_name, FARM_KEY_CA2, issuers[0].name, FARM_KEY_CA1);
    pki->ca3 = make_ca(pki, ca3_name, FARM_KEY_CA3, ca2_name, FARM_KEY_CA2);
    return ok && pki->root != NULL && pki->ca2 != NULL && pki->ca3 != NULL;
}

static bool make_fillers(struct pki *pki)
{
    for (size_t i = 0; i < NUM_FILLERS; i++) {
        char common[32];
        if (pki->fillers[i] != NULL)
            continue;
        snprintf(common, sizeof common, "Bundled CA %zu", i + 1);
        struct mint_name name = {"Every Authority", common};
        pki->fillers[i] = make_ca(pki, name, FARM_KEY_CA2, root_name, FARM_KEY_ROOT);
        if (pki->fillers[i] == NULL)
            return false;
    }
    return true;
}

/* ---- chains ---- */

/* set_validity chooses times as cert and lifetime say, the age from `random`. */
static void set_validity(struct mint_request *r, enum cert_kind cert, int64_t now_s, unsigned days,
                         unsigned random)
{
    int64_t lifetime = days * DAY;
    int64_t age = (1 + random % (days * 2 / 3)) * DAY;
    if (cert == CERT_EXPIRED)
        age = lifetime + (1 + random % 400) * DAY;
    else if (cert == CERT_NOT_YET_VALID)
        age = -(1 + (int64_t)(random % 30)) * DAY;
    else if (cert == CERT_EXPIRING)
        age = lifetime - 3 * DAY;
    r->not_before = now_s - age;
    r->not_after = r->not_before + lifetime;
}

/* sign_with sets who signs the leaf, by how many certificates the chain has; returns the lifetime
 * in days. */
static unsigned sign_with(struct mint_request *r, const struct pki *pki, const struct behaviour *b,
                          size_t issuer)
{
    if (b->cert == CERT_SELF_SIGNED) {
        r->issuer = r->subject;
        r->signer = r->key;
        return 3650;
    }
    switch (b->depth) {
    case 1:
        r->issuer = root_name;
        r->signer = pki->keys[FARM_KEY_ROOT];
        break;
    case 3:
        r->issuer = ca2_name;
        r->signer = pki->keys[FARM_KEY_CA2];
        break;
    case 4:
        r->issuer = ca3_name;
        r->signer = pki->keys[FARM_KEY_CA3];
        break;
    default:
        r->issuer = issuers[issuer].name;
        r->signer = pki->keys[FARM_KEY_CA1];
        return issuers[issuer].days;
    }
    return 365;
}

static CRYPTO_BUFFER *make_leaf(const struct pki *pki, const struct behaviour *b, struct addr a,
                                EVP_PKEY *key, const uint8_t random[SHA512_DIGEST_LENGTH],
                                size_t issuer)
{
    static const uint8_t garbage[] =
        "\x30\x82\x03\xe8this is no certificate, whatever its first octets say";
    if (b->cert == CERT_GARBAGE)
        return CRYPTO_BUFFER_new(garbage, sizeof garbage - 1, NULL);
    char host[HOST_NAME_MAX_LEN];
    if (b->scope == SCOPE_NETWORK)
        a = addr_network(a, 24, 48);
    host_name(host, a);
    if (b->cert == CERT_WRONG_NAME)
        snprintf(host, sizeof host, "www%u.elsewhere.example", random[20] & 0x3fU);
    struct mint_request r = {.subject = {NULL, host}, .key = key, .names = {host}};
    if (b->scope == SCOPE_FARM) { /* says nothing about the address */
        r.subject = vendor_name;
        r.names[0] = vendor_name.common;
    } else if (random[21] & 1) {
        r.names[1] = strchr(host, '.') + 1;
    }
    memcpy(r.serial, random, sizeof r.serial);
    unsigned days = sign_with(&r, pki, b, issuer);
    set_validity(&r, b->cert, pki->now_s, days, random[22] * 256U + random[23]);
    return mint_certificate(&r);
}

/* chain_above lists the certificates that follow the leaf, borrowed, and returns their number. */
static size_t chain_above(CRYPTO_BUFFER *above[CHAIN_MAX], struct pki *pki,
                          const struct behaviour *b, CRYPTO_BUFFER *leaf, CRYPTO_BUFFER *ca1)
{
    size_t n = 0;
    switch ((enum cert_kind)b->cert) {
    case CERT_SELF_SIGNED:
    case CERT_NO_INTERMEDIATE: return 0;
    case CERT_WRONG_ORDER: above[n++] = pki->root; break;
    case CERT_LEAF_TWICE: above[n++] = leaf; break;
    case CERT_GOOD:
    case CERT_EXPIRED:
    case CERT_NOT_YET_VALID:
    case CERT_EXPIRING:
    case CERT_WRONG_NAME:
    case CERT_ROOT_INCLUDED:
    case CERT_SIXTY:
    case CERT_GARBAGE: break;
    }
    if (b->depth == 1)
        return n;
    if (b->depth == 4)
        above[n++] = pki->ca3;
    if (b->depth >= 3)
        above[n++] = pki->ca2;
    above[n++] = b->depth >= 3 ? pki->ca1[0] : ca1;
    if (b->cert == CERT_ROOT_INCLUDED)
        above[n++] = pki->root;
    for (size_t i = 0; b->cert == CERT_SIXTY && i < NUM_FILLERS; i++)
        above[n++] = pki->fillers[i];
    return n;
}

static void chain_cleanup(struct chain *chain)
{
    for (size_t i = 0; i < chain->num; i++)
        CRYPTO_BUFFER_free(chain->certs[i]);
    free(chain->certs);
    EVP_PKEY_free(chain->key);
    memset(chain, 0, sizeof *chain);
}

static bool chain_make(struct chain *chain, struct pki *pki, const struct behaviour *b,
                       struct addr a, const uint8_t id[SHA256_DIGEST_LENGTH])
{
    CRYPTO_BUFFER *above[CHAIN_MAX];
    uint8_t random[SHA512_DIGEST_LENGTH];
    derive(random, pki, "certificate", id, SHA256_DIGEST_LENGTH);
    size_t issuer = random[24] % NUM_ISSUERS;
    if (b->cert == CERT_SIXTY && !make_fillers(pki))
        return false;
    chain->key = leaf_key(pki, b->key, id);
    CRYPTO_BUFFER *leaf =
        chain->key == NULL ? NULL : make_leaf(pki, b, a, chain->key, random, issuer);
    if (leaf == NULL)
        return false;
    size_t num_above = chain_above(above, pki, b, leaf, pki->ca1[issuer]);
    chain->certs = calloc(1 + num_above, sizeof chain->certs[0]);
    if (chain->certs == NULL) {
        CRYPTO_BUFFER_free(leaf);
        return false;
    }
    chain->certs[chain->num++] = leaf;
    for (size_t i = 0; i < num_above; i++) {
        CRYPTO_BUFFER_up_ref(above[i]);
        chain->certs[chain->num++] = above[i];
    }
    return true;
}

const struct chain *pki_chain(struct pki *pki, const struct behaviour *b, struct addr a)
{
    uint8_t id[SHA256_DIGEST_LENGTH];
    chain_id(id, b, a);
    struct slot *slot = &pki->slots[(id[0] << 8 | id[1]) % PKI_CACHE_SLOTS];
    if (slot->chain.certs != NULL && memcmp(slot->id, id, sizeof id) == 0)
        return &slot->chain;
    chain_cleanup(&slot->chain);
    if (!chain_make(&slot->chain, pki, b, a, id)) {
        chain_cleanup(&slot->chain);
        return NULL;
    }
    memcpy(slot->id, id, sizeof id);
    return &slot->chain;
}

CRYPTO_BUFFER *pki_root(const struct pki *pki)
{
    return pki->root;
}

EVP_PKEY *pki_issuer_key(const struct pki *pki)
{
    return pki->keys[FARM_KEY_CA1];
}

EVP_PKEY *pki_other_key(const struct pki *pki)
{
    return pki->keys[FARM_KEY_LEAF_B];
}

int64_t pki_date(const struct pki *pki)
{
    return pki->now_s;
}

/* ---- life ---- */

struct pki *pki_new(uint64_t seed, int64_t now_s)
{
    struct pki *pki = calloc(1, sizeof *pki);
    if (pki == NULL)
        return NULL;
    pki->seed = seed;
    pki->now_s = now_s;
    bool ok = true;
    for (unsigned i = 0; i < NUM_FARM_KEYS && ok; i++) {
        pki->keys[i] = rsa_key((enum farm_key)i);
        ok = pki->keys[i] != NULL;
    }
    if (!ok || !make_authorities(pki)) {
        pki_free(pki);
        return NULL;
    }
    return pki;
}

void pki_free(struct pki *pki)
{
    if (pki == NULL)
        return;
    for (size_t i = 0; i < PKI_CACHE_SLOTS; i++)
        chain_cleanup(&pki->slots[i].chain);
    for (size_t i = 0; i < NUM_ISSUERS; i++)
        CRYPTO_BUFFER_free(pki->ca1[i]);
    for (size_t i = 0; i < NUM_FILLERS; i++)
        CRYPTO_BUFFER_free(pki->fillers[i]);
    CRYPTO_BUFFER_free(pki->root);
    CRYPTO_BUFFER_free(pki->ca2);
    CRYPTO_BUFFER_free(pki->ca3);
    for (size_t i = 0; i < NUM_FARM_KEYS; i++)
        EVP_PKEY_free(pki->keys[i]);
    free(pki);
}
