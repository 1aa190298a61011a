#include "tools/farm/mint.h"

#include <openssl/bytestring.h>
#include <openssl/digest.h>
#include <openssl/evp.h>
#include <openssl/mem.h>
#include <openssl/pool.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { KEY_ID_LEN = 20 }; /* octets of a key identifier: RFC 7093, method 1 */

#define TAG_CONTEXT(n)  (CBS_ASN1_CONTEXT_SPECIFIC | (n))
#define TAG_EXPLICIT(n) (CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | (n))

/* object identifiers, without tag and length */
struct oid {
    uint8_t len, octets[9];
};
static const struct oid oid_rsa_sha256 = {9,
                                          {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b}};
static const struct oid oid_ed25519 = {3, {0x2b, 0x65, 0x70}};
static const struct oid oid_common_name = {3, {0x55, 0x04, 0x03}};
static const struct oid oid_organization = {3, {0x55, 0x04, 0x0a}};
static const struct oid oid_subject_key_id = {3, {0x55, 0x1d, 0x0e}};
static const struct oid oid_key_usage = {3, {0x55, 0x1d, 0x0f}};
static const struct oid oid_alt_name = {3, {0x55, 0x1d, 0x11}};
static const struct oid oid_basic_constraints = {3, {0x55, 0x1d, 0x13}};
static const struct oid oid_authority_key_id = {3, {0x55, 0x1d, 0x23}};
static const struct oid oid_ext_key_usage = {3, {0x55, 0x1d, 0x25}};
static const struct oid oid_server_auth = {8, {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01}};

static int put(CBB *out, unsigned tag, const void *data, size_t len)
{
    CBB child;
    return CBB_add_asn1(out, &child, tag) && CBB_add_bytes(&child, data, len) && CBB_flush(out);
}

static int put_oid(CBB *out, const struct oid *oid)
{
    return put(out, CBS_ASN1_OBJECT, oid->octets, oid->len);
}

static int put_signature_algorithm(CBB *out, const EVP_PKEY *signer)
{
    CBB algorithm;
    if (!CBB_add_asn1(out, &algorithm, CBS_ASN1_SEQUENCE))
        return 0;
    if (EVP_PKEY_id(signer) == EVP_PKEY_ED25519)
        return put_oid(&algorithm, &oid_ed25519) && CBB_flush(out);
    return put_oid(&algorithm, &oid_rsa_sha256) && put(&algorithm, CBS_ASN1_NULL, "", 0) &&
           CBB_flush(out);
}

/* ---- names and times ---- */

static int put_attribute(CBB *name, const struct oid *type, const char *value)
{
    CBB set, pair;
    return CBB_add_asn1(name, &set, CBS_ASN1_SET) && CBB_add_asn1(&set, &pair, CBS_ASN1_SEQUENCE) &&
           put_oid(&pair, type) && put(&pair, CBS_ASN1_UTF8STRING, value, strlen(value)) &&
           CBB_flush(name);
}

int mint_put_name(CBB *out, const struct mint_name *n)
{
    CBB name;
    return CBB_add_asn1(out, &name, CBS_ASN1_SEQUENCE) &&
           (n->organization == NULL || put_attribute(&name, &oid_organization, n->organization)) &&
           put_attribute(&name, &oid_common_name, n->common) && CBB_flush(out);
}

/* RFC 5280, 4.1.2.5: UTCTime up to 2049, GeneralizedTime after. */
static int put_time(CBB *out, int64_t at)
{
    time_t t = (time_t)at;
    struct tm tm;
    char text[24];
    if (gmtime_r(&t, &tm) == NULL)
        return 0;
    bool utc = tm.tm_year >= 50 && tm.tm_year < 150;
    size_t len = strftime(text, sizeof text, utc ? "%y%m%d%H%M%SZ" : "%Y%m%d%H%M%SZ", &tm);
    return put(out, utc ? CBS_ASN1_UTCTIME : CBS_ASN1_GENERALIZEDTIME, text, len);
}

/* ---- extensions ---- */

/* open_extension begins an extension; its value goes into *value, and CBB_flush(extensions) ends
 * it. */
static int open_extension(CBB *extensions, CBB *extension, CBB *value, const struct oid *oid,
                          bool critical)
{
    return CBB_add_asn1(extensions, extension, CBS_ASN1_SEQUENCE) && put_oid(extension, oid) &&
           (!critical || CBB_add_asn1_bool(extension, 1)) &&
           CBB_add_asn1(extension, value, CBS_ASN1_OCTETSTRING);
}

static int key_id(uint8_t out[KEY_ID_LEN], const EVP_PKEY *key)
{
    uint8_t *spki = NULL, digest[SHA256_DIGEST_LENGTH];
    size_t len;
    CBB cbb;
    int ok =
        CBB_init(&cbb, 256) && EVP_marshal_public_key(&cbb, key) && CBB_finish(&cbb, &spki, &len);
    if (!ok) {
        CBB_cleanup(&cbb);
        return 0;
    }
    SHA256(spki, len, digest);
    memcpy(out, digest, KEY_ID_LEN);
    OPENSSL_free(spki);
    return 1;
}

static int put_key_ids(CBB *extensions, const struct mint_request *r)
{
    CBB extension, value, sequence;
    uint8_t id[KEY_ID_LEN];
    return key_id(id, r->key) &&
           open_extension(extensions, &extension, &value, &oid_subject_key_id, false) &&
           put(&value, CBS_ASN1_OCTETSTRING, id, sizeof id) && CBB_flush(extensions) &&
           key_id(id, r->signer) &&
           open_extension(extensions, &extension, &value, &oid_authority_key_id, false) &&
           CBB_add_asn1(&value, &sequence, CBS_ASN1_SEQUENCE) &&
           put(&sequence, TAG_CONTEXT(0), id, sizeof id) && CBB_flush(extensions);
}

static int put_key_usage(CBB *extensions, const struct mint_request *r)
{
    /* unused bits, then: keyCertSign and cRLSign; digitalSignature and keyEncipherment;
     * digitalSignature */
    static const uint8_t of_ca[] = {1, 0x06}, of_rsa[] = {5, 0xa0}, of_other[] = {7, 0x80};
    const uint8_t *bits = r->ca ? of_ca : EVP_PKEY_id(r->key) == EVP_PKEY_RSA ? of_rsa : of_other;
    CBB extension, value;
    return open_extension(extensions, &extension, &value, &oid_key_usage, true) &&
           put(&value, CBS_ASN1_BITSTRING, bits, 2) && CBB_flush(extensions);
}

static int put_basic_constraints(CBB *extensions, bool ca)
{
    CBB extension, value, sequence;
    return open_extension(extensions, &extension, &value, &oid_basic_constraints, true) &&
           CBB_add_asn1(&value, &sequence, CBS_ASN1_SEQUENCE) &&
           (!ca || CBB_add_asn1_bool(&sequence, 1)) && CBB_flush(extensions);
}

static int put_server_auth(CBB *extensions)
{
    CBB extension, value, sequence;
    return open_extension(extensions, &extension, &value, &oid_ext_key_usage, false) &&
           CBB_add_asn1(&value, &sequence, CBS_ASN1_SEQUENCE) &&
           put_oid(&sequence, &oid_server_auth) && CBB_flush(extensions);
}

static int put_alt_names(CBB *extensions, const struct mint_request *r)
{
    CBB extension, value, sequence;
    if (!open_extension(extensions, &extension, &value, &oid_alt_name, false) ||
        !CBB_add_asn1(&value, &sequence, CBS_ASN1_SEQUENCE))
        return 0;
    for (size_t i = 0; i < MINT_NAMES_MAX && r->names[i] != NULL; i++)
        if (!put(&sequence, TAG_CONTEXT(2), r->names[i], strlen(r->names[i])))
            return 0;
    return CBB_flush(extensions);
}

static int put_extensions(CBB *tbs, const struct mint_request *r)
{
    CBB outer, extensions;
    return CBB_add_asn1(tbs, &outer, TAG_EXPLICIT(3)) &&
           CBB_add_asn1(&outer, &extensions, CBS_ASN1_SEQUENCE) &&
           put_basic_constraints(&extensions, r->ca) && put_key_usage(&extensions, r) &&
           (r->ca || put_server_auth(&extensions)) &&
           (r->names[0] == NULL || put_alt_names(&extensions, r)) && put_key_ids(&extensions, r) &&
           CBB_flush(tbs);
}

/* ---- the certificate ---- */

static int put_tbs(CBB *out, const struct mint_request *r)
{
    CBB tbs, version, validity;
    uint8_t serial[MINT_SERIAL_LEN];
    memcpy(serial, r->serial, sizeof serial);
    serial[0] = (uint8_t)((serial[0] & 0x7f) | 0x40); /* positive, and minimal in DER */
    return CBB_add_asn1(out, &tbs, CBS_ASN1_SEQUENCE) &&
           CBB_add_asn1(&tbs, &version, TAG_EXPLICIT(0)) && CBB_add_asn1_uint64(&version, 2) &&
           put(&tbs, CBS_ASN1_INTEGER, serial, sizeof serial) &&
           put_signature_algorithm(&tbs, r->signer) && mint_put_name(&tbs, &r->issuer) &&
           CBB_add_asn1(&tbs, &validity, CBS_ASN1_SEQUENCE) && put_time(&validity, r->not_before) &&
           put_time(&validity, r->not_after) && mint_put_name(&tbs, &r->subject) &&
           EVP_marshal_public_key(&tbs, r->key) && put_extensions(&tbs, r) && CBB_flush(out);
}

static int put_signature(CBB *certificate, EVP_PKEY *signer, const uint8_t *tbs, size_t tbs_len)
{
    uint8_t signature[512]; /* RSA 4096 */
    size_t len = sizeof signature;
    CBB bits;
    EVP_MD_CTX ctx;
    EVP_MD_CTX_init(&ctx);
    const EVP_MD *md = EVP_PKEY_id(signer) == EVP_PKEY_ED25519 ? NULL : EVP_sha256();
    int ok = EVP_DigestSignInit(&ctx, NULL, md, NULL, signer) &&
             EVP_DigestSign(&ctx, signature, &len, tbs, tbs_len) &&
             CBB_add_asn1(certificate, &bits, CBS_ASN1_BITSTRING) && CBB_add_u8(&bits, 0) &&
             CBB_add_bytes(&bits, signature, len) && CBB_flush(certificate);
    EVP_MD_CTX_cleanup(&ctx);
    return ok;
}

static int put_certificate(CBB *out, const struct mint_request *r, const uint8_t *tbs,
                           size_t tbs_len)
{
    CBB certificate;
    return CBB_add_asn1(out, &certificate, CBS_ASN1_SEQUENCE) &&
           CBB_add_bytes(&certificate, tbs, tbs_len) &&
           put_signature_algorithm(&certificate, r->signer) &&
           put_signature(&certificate, r->signer, tbs, tbs_len) && CBB_flush(out);
}

CRYPTO_BUFFER *mint_certificate(const struct mint_request *r)
{
    CRYPTO_BUFFER *made = NULL;
    uint8_t *tbs = NULL, *der = NULL;
    size_t tbs_len, der_len;
    CBB cbb;
    int kind = EVP_PKEY_id(r->signer);
    if (kind != EVP_PKEY_RSA && kind != EVP_PKEY_ED25519)
        return NULL;
    CBB_zero(&cbb);
    if (!CBB_init(&cbb, 1024) || !put_tbs(&cbb, r) || !CBB_finish(&cbb, &tbs, &tbs_len))
        goto out;
    if (!CBB_init(&cbb, 2048) || !put_certificate(&cbb, r, tbs, tbs_len) ||
        !CBB_finish(&cbb, &der, &der_len))
        goto out;
    made = CRYPTO_BUFFER_new(der, der_len, NULL);
out:
    CBB_cleanup(&cbb);
    OPENSSL_free(tbs);
    OPENSSL_free(der);
    return made;
}
