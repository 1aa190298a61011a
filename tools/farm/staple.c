#include "tools/farm/staple.h"

#include <openssl/bytestring.h>
#include <openssl/digest.h>
#include <openssl/evp.h>
#include <openssl/mem.h>
#include <openssl/pool.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <time.h>

#define HOUR             ((int64_t)3600)
#define TAG_CONTEXT(n)   (CBS_ASN1_CONTEXT_SPECIFIC | (n))
#define TAG_EXPLICIT(n)  (CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | (n))
#define SERIAL_OF_NOBODY "\x02\x01\x05"

enum { RESPONSE_SUCCESSFUL = 0, RESPONSE_TRY_LATER = 3, SIGNATURE_MAX = 512 };

static const uint8_t oid_basic[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x01};
static const uint8_t oid_sha1[] = {0x2b, 0x0e, 0x03, 0x02, 0x1a};
static const uint8_t oid_rsa_sha256[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b};

/* what of the certificates is hashed or copied */
struct names {
    struct bytes serial; /* with its tag */
    uint8_t issuer_hash[SHA_DIGEST_LENGTH], key_hash[SHA_DIGEST_LENGTH];
};

/* ---- reading what the mint wrote ---- */

/* read_certificate finds serial, issuer and the key's bits of a certificate */
static bool read_certificate(CBS *serial, CBS *issuer, CBS *bits, const CRYPTO_BUFFER *certificate)
{
    CBS der, outer, tbs, spki;
    CRYPTO_BUFFER_init_CBS(certificate, &der);
    return CBS_get_asn1(&der, &outer, CBS_ASN1_SEQUENCE) &&
           CBS_get_asn1(&outer, &tbs, CBS_ASN1_SEQUENCE) &&
           CBS_get_asn1(&tbs, NULL, TAG_EXPLICIT(0)) &&
           CBS_get_asn1_element(&tbs, serial, CBS_ASN1_INTEGER) &&
           CBS_get_asn1(&tbs, NULL, CBS_ASN1_SEQUENCE) /* algorithm */ &&
           CBS_get_asn1_element(&tbs, issuer, CBS_ASN1_SEQUENCE) &&
           CBS_get_asn1(&tbs, NULL, CBS_ASN1_SEQUENCE) /* validity */ &&
           CBS_get_asn1(&tbs, NULL, CBS_ASN1_SEQUENCE) /* subject */ &&
           CBS_get_asn1(&tbs, &spki, CBS_ASN1_SEQUENCE) &&
           CBS_get_asn1(&spki, NULL, CBS_ASN1_SEQUENCE) &&
           CBS_get_asn1(&spki, bits, CBS_ASN1_BITSTRING) && CBS_skip(bits, 1);
}

static bool read_names(struct names *out, const struct staple_request *r)
{
    CBS serial, issuer, bits, unused;
    if (!read_certificate(&serial, &issuer, &unused, r->leaf))
        return false;
    out->serial = bytes_of(CBS_data(&serial), CBS_len(&serial));
    SHA1(CBS_data(&issuer), CBS_len(&issuer), out->issuer_hash);
    if (!read_certificate(&unused, &issuer, &bits, r->issuer))
        return false;
    SHA1(CBS_data(&bits), CBS_len(&bits), out->key_hash);
    return true;
}

/* ---- writing ---- */

static int put(CBB *out, unsigned tag, const void *data, size_t len)
{
    CBB child;
    return CBB_add_asn1(out, &child, tag) && CBB_add_bytes(&child, data, len) && CBB_flush(out);
}

static int put_time(CBB *out, int64_t at)
{
    time_t t = (time_t)at;
    struct tm tm;
    char text[24];
    if (gmtime_r(&t, &tm) == NULL)
        return 0;
    size_t len = strftime(text, sizeof text, "%Y%m%d%H%M%SZ", &tm);
    return put(out, CBS_ASN1_GENERALIZEDTIME, text, len);
}

static int put_algorithm(CBB *out, const uint8_t *oid, size_t oid_len)
{
    CBB algorithm;
    return CBB_add_asn1(out, &algorithm, CBS_ASN1_SEQUENCE) &&
           put(&algorithm, CBS_ASN1_OBJECT, oid, oid_len) &&
           put(&algorithm, CBS_ASN1_NULL, "", 0) && CBB_flush(out);
}

static int put_certificate_id(CBB *out, const struct names *n, enum staple kind)
{
    CBB id;
    struct bytes serial = n->serial;
    if (kind == STAPLE_OTHER)
        serial = bytes_of(SERIAL_OF_NOBODY, 3);
    return CBB_add_asn1(out, &id, CBS_ASN1_SEQUENCE) &&
           put_algorithm(&id, oid_sha1, sizeof oid_sha1) &&
           put(&id, CBS_ASN1_OCTETSTRING, n->issuer_hash, sizeof n->issuer_hash) &&
           put(&id, CBS_ASN1_OCTETSTRING, n->key_hash, sizeof n->key_hash) &&
           CBB_add_bytes(&id, serial.data, serial.len) && CBB_flush(out);
}

static int put_status(CBB *out, enum staple kind, int64_t revoked_s)
{
    CBB revoked;
    if (kind == STAPLE_REVOKED)
        return CBB_add_asn1(out, &revoked, TAG_EXPLICIT(1)) && put_time(&revoked, revoked_s) &&
               CBB_flush(out);
    return put(out, TAG_CONTEXT(kind == STAPLE_UNKNOWN ? 2U : 0U), "", 0);
}

/* a response is of four hours before and good for a week, or was so a month ago */
static int put_response(CBB *out, const struct names *n, enum staple kind, int64_t now_s)
{
    CBB one, next;
    int64_t made_s = now_s - (kind == STAPLE_EXPIRED ? 30 * 24 * HOUR : 4 * HOUR);
    return CBB_add_asn1(out, &one, CBS_ASN1_SEQUENCE) && put_certificate_id(&one, n, kind) &&
           put_status(&one, kind, now_s - 48 * HOUR) && put_time(&one, made_s) &&
           CBB_add_asn1(&one, &next, TAG_EXPLICIT(0)) && put_time(&next, made_s + 168 * HOUR) &&
           CBB_flush(out);
}

static int put_data(CBB *out, const struct names *n, enum staple kind, int64_t now_s)
{
    CBB data, by_key, responses;
    int64_t made_s = now_s - (kind == STAPLE_EXPIRED ? 30 * 24 * HOUR : 4 * HOUR);
    return CBB_add_asn1(out, &data, CBS_ASN1_SEQUENCE) &&
           CBB_add_asn1(&data, &by_key, TAG_EXPLICIT(2)) &&
           put(&by_key, CBS_ASN1_OCTETSTRING, n->key_hash, sizeof n->key_hash) &&
           put_time(&data, made_s) && CBB_add_asn1(&data, &responses, CBS_ASN1_SEQUENCE) &&
           put_response(&responses, n, kind, now_s) && CBB_flush(out);
}

static int put_basic(CBB *out, const struct staple_request *r, const uint8_t *data, size_t data_len,
                     enum staple kind)
{
    uint8_t signature[SIGNATURE_MAX];
    size_t len = sizeof signature;
    EVP_PKEY *signer = kind == STAPLE_BAD_SIGNATURE ? r->other : r->signer;
    CBB basic, bits;
    EVP_MD_CTX ctx;
    EVP_MD_CTX_init(&ctx);
    int ok = EVP_DigestSignInit(&ctx, NULL, EVP_sha256(), NULL, signer) &&
             EVP_DigestSign(&ctx, signature, &len, data, data_len) &&
             CBB_add_asn1(out, &basic, CBS_ASN1_SEQUENCE) &&
             CBB_add_bytes(&basic, data, data_len) &&
             put_algorithm(&basic, oid_rsa_sha256, sizeof oid_rsa_sha256) &&
             CBB_add_asn1(&basic, &bits, CBS_ASN1_BITSTRING) && CBB_add_u8(&bits, 0) &&
             CBB_add_bytes(&bits, signature, len) && CBB_flush(out);
    EVP_MD_CTX_cleanup(&ctx);
    return ok;
}

static int put_success(CBB *out, const struct staple_request *r, const uint8_t *data,
                       size_t data_len, enum staple kind)
{
    static const uint8_t successful = RESPONSE_SUCCESSFUL;
    CBB outer, tagged, octets, basic;
    return CBB_add_asn1(out, &outer, CBS_ASN1_SEQUENCE) &&
           put(&outer, CBS_ASN1_ENUMERATED, &successful, 1) &&
           CBB_add_asn1(&outer, &tagged, TAG_EXPLICIT(0)) &&
           CBB_add_asn1(&tagged, &octets, CBS_ASN1_SEQUENCE) &&
           put(&octets, CBS_ASN1_OBJECT, oid_basic, sizeof oid_basic) &&
           CBB_add_asn1(&octets, &basic, CBS_ASN1_OCTETSTRING) &&
           put_basic(&basic, r, data, data_len, kind) && CBB_flush(out);
}

static int put_failure(CBB *out)
{
    static const uint8_t later = RESPONSE_TRY_LATER;
    CBB outer;
    return CBB_add_asn1(out, &outer, CBS_ASN1_SEQUENCE) &&
           put(&outer, CBS_ASN1_ENUMERATED, &later, 1) && CBB_flush(out);
}

static int put_any(CBB *out, const struct staple_request *r, enum staple kind)
{
    struct names n;
    uint8_t *data = NULL;
    size_t data_len = 0;
    CBB cbb;
    if (kind == STAPLE_GARBAGE)
        return CBB_add_bytes(out, (const uint8_t *)"a staple, but no response", 25);
    if (kind == STAPLE_TRY_LATER)
        return put_failure(out);
    CBB_zero(&cbb);
    if (!read_names(&n, r) || !CBB_init(&cbb, 256) || !put_data(&cbb, &n, kind, r->now_s) ||
        !CBB_finish(&cbb, &data, &data_len)) {
        CBB_cleanup(&cbb);
        return 0;
    }
    int ok = put_success(out, r, data, data_len, kind);
    OPENSSL_free(data);
    return ok;
}

bool staple_make(uint8_t **out, size_t *len, const struct staple_request *r, enum staple kind)
{
    CBB cbb;
    CBB_zero(&cbb);
    if (CBB_init(&cbb, 1024) && put_any(&cbb, r, kind) && CBB_finish(&cbb, out, len))
        return true;
    CBB_cleanup(&cbb);
    return false;
}

/* ---- timestamps ---- */

/* a signature of the form that ECDSA has: SEQUENCE of two INTEGERs */
static int put_ecdsa_form(CBB *out)
{
    CBB sequence;
    uint8_t number[32];
    memset(number, 0x5a, sizeof number);
    return CBB_add_asn1(out, &sequence, CBS_ASN1_SEQUENCE) &&
           put(&sequence, CBS_ASN1_INTEGER, number, sizeof number) &&
           put(&sequence, CBS_ASN1_INTEGER, number, sizeof number) && CBB_flush(out);
}

static int put_timestamp(CBB *list, size_t index, int64_t now_s)
{
    char name[32];
    uint8_t log[SHA256_DIGEST_LENGTH];
    CBB one, signature;
    int len = snprintf(name, sizeof name, "farm log %zu", index + 1);
    SHA256((const uint8_t *)name, (size_t)len, log);
    uint64_t at_ms = (uint64_t)(now_s - 48 * HOUR + (int64_t)index) * 1000;
    return CBB_add_u16_length_prefixed(list, &one) && CBB_add_u8(&one, 0) /* version 1 */ &&
           CBB_add_bytes(&one, log, sizeof log) && CBB_add_u64(&one, at_ms) &&
           CBB_add_u16(&one, 0) /* extensions */ && CBB_add_u16(&one, 0x0403) &&
           CBB_add_u16_length_prefixed(&one, &signature) && put_ecdsa_form(&signature) &&
           CBB_flush(list);
}

bool staple_timestamps(uint8_t **out, size_t *len, size_t num, int64_t now_s)
{
    CBB cbb, list;
    CBB_zero(&cbb);
    int ok = CBB_init(&cbb, 256) && CBB_add_u16_length_prefixed(&cbb, &list);
    for (size_t i = 0; i < num && ok; i++)
        ok = put_timestamp(&list, i, now_s);
    if (ok && CBB_finish(&cbb, out, len))
        return true;
    CBB_cleanup(&cbb);
    return false;
}
