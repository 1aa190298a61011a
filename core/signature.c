#include "core/signature.h"

#include <openssl/bytestring.h>
#include <openssl/digest.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "core/cbs.h"

#define OID(octets)                                                                                \
    {                                                                                              \
        (const uint8_t *)(octets), sizeof(octets) - 1                                              \
    }
#define COUNT(table) (sizeof(table) / sizeof(table)[0])
#define TAG_FIELD(n) (CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | (n))

struct algorithm {
    struct bytes oid;
    int key_type;                  /* EVP_PKEY_* */
    const EVP_MD *(*digest)(void); /* NULL: the key hashes by itself, or PSS parameters say */
};

static const struct algorithm algorithms[] = {
    {OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05"), EVP_PKEY_RSA, EVP_sha1},
    {OID("\x2b\x0e\x03\x02\x1d"), EVP_PKEY_RSA, EVP_sha1},
    {OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0e"), EVP_PKEY_RSA, EVP_sha224},
    {OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b"), EVP_PKEY_RSA, EVP_sha256},
    {OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c"), EVP_PKEY_RSA, EVP_sha384},
    {OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d"), EVP_PKEY_RSA, EVP_sha512},
    {OID("\x2a\x86\x48\xce\x3d\x04\x01"), EVP_PKEY_EC, EVP_sha1},
    {OID("\x2a\x86\x48\xce\x3d\x04\x03\x01"), EVP_PKEY_EC, EVP_sha224},
    {OID("\x2a\x86\x48\xce\x3d\x04\x03\x02"), EVP_PKEY_EC, EVP_sha256},
    {OID("\x2a\x86\x48\xce\x3d\x04\x03\x03"), EVP_PKEY_EC, EVP_sha384},
    {OID("\x2a\x86\x48\xce\x3d\x04\x03\x04"), EVP_PKEY_EC, EVP_sha512},
    {OID("\x2b\x65\x70"), EVP_PKEY_ED25519, NULL},
};

static const uint8_t pss_oid[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a};
static const uint8_t mgf1_oid[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08};

static const struct {
    struct bytes oid;
    const EVP_MD *(*digest)(void);
} digests[] = {
    {OID("\x2b\x0e\x03\x02\x1a"), EVP_sha1},
    {OID("\x60\x86\x48\x01\x65\x03\x04\x02\x04"), EVP_sha224},
    {OID("\x60\x86\x48\x01\x65\x03\x04\x02\x01"), EVP_sha256},
    {OID("\x60\x86\x48\x01\x65\x03\x04\x02\x02"), EVP_sha384},
    {OID("\x60\x86\x48\x01\x65\x03\x04\x02\x03"), EVP_sha512},
};

struct pss {
    const EVP_MD *digest, *mgf1_digest;
    int salt_len;
};

bool signed_der_read(struct signed_der *out, struct bytes der)
{
    struct signed_der t;
    CBS in, whole, body, algorithm, oid, bits;
    uint8_t unused;
    CBS_init(&in, der.data, der.len);
    if (!CBS_get_asn1(&in, &whole, CBS_ASN1_SEQUENCE) || CBS_len(&in) > 0 ||
        !CBS_get_asn1_element(&whole, &body, CBS_ASN1_SEQUENCE) ||
        !CBS_get_asn1(&whole, &algorithm, CBS_ASN1_SEQUENCE) ||
        !CBS_get_asn1(&algorithm, &oid, CBS_ASN1_OBJECT) ||
        !CBS_get_asn1(&whole, &bits, CBS_ASN1_BITSTRING) || !CBS_get_u8(&bits, &unused) ||
        unused != 0)
        return false;
    t.body = bytes_of_cbs(&body);
    t.algorithm_oid = bytes_of_cbs(&oid);
    t.parameters = bytes_of_cbs(&algorithm);
    t.signature = bytes_of_cbs(&bits);
    t.rest = bytes_of_cbs(&whole);
    *out = t;
    return true;
}

static const struct algorithm *find_algorithm(struct bytes oid)
{
    for (size_t i = 0; i < COUNT(algorithms); i++)
        if (bytes_equal(algorithms[i].oid, oid))
            return &algorithms[i];
    return NULL;
}

/* digest_of reads an AlgorithmIdentifier of a hash: its content. */
static const EVP_MD *digest_of(CBS identifier)
{
    CBS oid;
    if (!CBS_get_asn1(&identifier, &oid, CBS_ASN1_OBJECT))
        return NULL;
    for (size_t i = 0; i < COUNT(digests); i++)
        if (bytes_equal(digests[i].oid, bytes_of_cbs(&oid)))
            return digests[i].digest();
    return NULL;
}

static bool mgf1_digest_of(const EVP_MD **out, CBS field)
{
    CBS identifier, oid, hash;
    if (!CBS_get_asn1(&field, &identifier, CBS_ASN1_SEQUENCE) ||
        !CBS_get_asn1(&identifier, &oid, CBS_ASN1_OBJECT) ||
        !CBS_mem_equal(&oid, mgf1_oid, sizeof mgf1_oid) ||
        !CBS_get_asn1(&identifier, &hash, CBS_ASN1_SEQUENCE))
        return false;
    *out = digest_of(hash);
    return *out != NULL;
}

/* pss_read reads RSASSA-PSS-params (RFC 4055, 3.1), each of which has a default. */
static bool pss_read(struct pss *out, struct bytes parameters)
{
    enum { SALT_MAX = 512 };
    CBS in, fields, hash_field, hash, mgf_field, salt_field;
    int has_hash, has_mgf, has_salt;
    *out = (struct pss){EVP_sha1(), EVP_sha1(), 20};
    CBS_init(&in, parameters.data, parameters.len);
    if (!CBS_get_asn1(&in, &fields, CBS_ASN1_SEQUENCE) ||
        !CBS_get_optional_asn1(&fields, &hash_field, &has_hash, TAG_FIELD(0)) ||
        !CBS_get_optional_asn1(&fields, &mgf_field, &has_mgf, TAG_FIELD(1)) ||
        !CBS_get_optional_asn1(&fields, &salt_field, &has_salt, TAG_FIELD(2)))
        return false;
    if (has_hash) {
        if (!CBS_get_asn1(&hash_field, &hash, CBS_ASN1_SEQUENCE))
            return false;
        out->digest = digest_of(hash);
    }
    if (has_mgf && !mgf1_digest_of(&out->mgf1_digest, mgf_field))
        return false;
    if (has_salt) {
        uint64_t salt_len;
        if (!CBS_get_asn1_uint64(&salt_field, &salt_len) || salt_len > SALT_MAX)
            return false;
        out->salt_len = (int)salt_len;
    }
    return out->digest != NULL;
}

static bool set_pss(EVP_PKEY_CTX *key, const struct pss *pss)
{
    return EVP_PKEY_CTX_set_rsa_padding(key, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(key, pss->salt_len) == 1 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md(key, pss->mgf1_digest) == 1;
}

/* pss: NULL unless the algorithm is RSASSA-PSS. */
static enum signature_verdict verify(const struct signed_der *s, EVP_PKEY *key,
                                     const EVP_MD *digest, const struct pss *pss)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *key_ctx; /* belongs to ctx */
    enum signature_verdict verdict = SIGNATURE_UNSUPPORTED;
    if (ctx != NULL && EVP_DigestVerifyInit(ctx, &key_ctx, digest, NULL, key) == 1 &&
        (pss == NULL || set_pss(key_ctx, pss)))
        verdict = EVP_DigestVerify(ctx, s->signature.data, s->signature.len, s->body.data,
                                   s->body.len) == 1
                      ? SIGNATURE_GOOD
                      : SIGNATURE_BAD;
    EVP_MD_CTX_free(ctx);
    return verdict;
}

static EVP_PKEY *read_key(struct bytes spki)
{
    CBS in;
    CBS_init(&in, spki.data, spki.len);
    return EVP_parse_public_key(&in);
}

/* check_with_key: a key of another kind that is known here cannot have made the signature. */
static enum signature_verdict check_with_key(const struct signed_der *s, EVP_PKEY *key,
                                             const struct algorithm *algorithm,
                                             const struct pss *pss)
{
    int want = pss != NULL ? EVP_PKEY_RSA : algorithm->key_type, has = EVP_PKEY_id(key);
    if (has != want)
        return has == EVP_PKEY_RSA || has == EVP_PKEY_EC || has == EVP_PKEY_ED25519
                   ? SIGNATURE_BAD
                   : SIGNATURE_UNSUPPORTED;
    if (pss != NULL)
        return verify(s, key, pss->digest, pss);
    return verify(s, key, algorithm->digest != NULL ? algorithm->digest() : NULL, NULL);
}

enum signature_verdict signature_check(const struct signed_der *s, struct bytes spki)
{
    struct pss pss;
    bool is_pss = bytes_equal(s->algorithm_oid, bytes_of(pss_oid, sizeof pss_oid));
    const struct algorithm *algorithm = is_pss ? NULL : find_algorithm(s->algorithm_oid);
    if (is_pss ? !pss_read(&pss, s->parameters) : algorithm == NULL)
        return SIGNATURE_UNSUPPORTED;
    EVP_PKEY *key = read_key(spki);
    enum signature_verdict verdict = key != NULL
                                         ? check_with_key(s, key, algorithm, is_pss ? &pss : NULL)
                                         : SIGNATURE_UNSUPPORTED;
    EVP_PKEY_free(key);
    ERR_clear_error(); /* BoringSSL's queue would tell the next caller of our failure */
    return verdict;
}
