#include "tests/core/ocsp_make.h"

#include <stdlib.h>

#include <openssl/bytestring.h>
#include <openssl/curve25519.h>
#include <openssl/mem.h>
#include <openssl/sha.h>

#define FIELD(n) (CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | (n))
#define PLAIN(n) (CBS_ASN1_CONTEXT_SPECIFIC | (n))

static const uint8_t ed25519[] = {0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70};
static const uint8_t ed448[] = {0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x71};
static const uint8_t sha1[] = {0x2b, 0x0e, 0x03, 0x02, 0x1a};
static const uint8_t sha256[] = {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01};
static const uint8_t basic[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x01};
static const uint8_t nonce[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x02};
static const uint8_t eku[] = {0x55, 0x1d, 0x25};
static const uint8_t ocsp_signing[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x09};
static const uint8_t server_auth[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01};
static const uint8_t any_purpose[] = {0x55, 0x1d, 0x25, 0x00};
static const uint8_t scts[] = {0x2b, 0x06, 0x01, 0x04, 0x01, 0xd6, 0x79, 0x02, 0x04, 0x05};

static void must(bool condition)
{
    if (!condition)
        abort();
}

static void put(CBB *cbb, const void *data, size_t len)
{
    must(CBB_add_bytes(cbb, data, len));
}

static void put_element(CBB *cbb, unsigned tag, const void *data, size_t len)
{
    CBB child;
    must(CBB_add_asn1(cbb, &child, tag));
    put(&child, data, len);
    must(CBB_flush(cbb));
}

static void put_time(CBB *cbb, unsigned tag, const char *text)
{
    put_element(cbb, tag, text, strlen(text));
}

static void key_pair(uint8_t public_key[32], uint8_t private_key[64], enum made_key key)
{
    uint8_t seed[32];
    memset(seed, (int)key, sizeof seed);
    ED25519_keypair_from_seed(public_key, private_key, seed);
}

static struct bytes finish(CBB *cbb)
{
    uint8_t *der, *copy;
    size_t len;
    must(CBB_finish(cbb, &der, &len));
    copy = malloc(len);
    must(copy != NULL);
    memcpy(copy, der, len);
    OPENSSL_free(der);
    return bytes_of(copy, len);
}

static void put_name(CBB *cbb, const char *cn)
{
    static const uint8_t cn_oid[] = {0x55, 0x04, 0x03};
    CBB name, set, attribute;
    must(CBB_add_asn1(cbb, &name, CBS_ASN1_SEQUENCE) && CBB_add_asn1(&name, &set, CBS_ASN1_SET) &&
         CBB_add_asn1(&set, &attribute, CBS_ASN1_SEQUENCE));
    put_element(&attribute, CBS_ASN1_OBJECT, cn_oid, sizeof cn_oid);
    put_element(&attribute, CBS_ASN1_UTF8STRING, cn, strlen(cn));
    must(CBB_flush(cbb));
}

static void put_spki(CBB *cbb, enum made_key key)
{
    CBB spki, bits;
    uint8_t public_key[32], private_key[64];
    key_pair(public_key, private_key, key);
    must(CBB_add_asn1(cbb, &spki, CBS_ASN1_SEQUENCE));
    put(&spki, ed25519, sizeof ed25519);
    must(CBB_add_asn1(&spki, &bits, CBS_ASN1_BITSTRING) && CBB_add_u8(&bits, 0));
    put(&bits, public_key, sizeof public_key);
    must(CBB_flush(cbb));
}

/* put_signed writes body, algorithm and signature into out. */
static void put_signed(CBB *out, CBB *body, enum made_key signer, bool spoil, bool odd_algorithm)
{
    uint8_t public_key[32], private_key[64], signature[64];
    struct bytes der = finish(body);
    CBB bits;
    key_pair(public_key, private_key, signer);
    must(ED25519_sign(signature, der.data, der.len, private_key));
    signature[5] ^= spoil ? 1 : 0;
    put(out, der.data, der.len);
    put(out, odd_algorithm ? ed448 : ed25519, sizeof ed25519);
    must(CBB_add_asn1(out, &bits, CBS_ASN1_BITSTRING) && CBB_add_u8(&bits, 0));
    put(&bits, signature, sizeof signature);
    must(CBB_flush(out));
    free((void *)(uintptr_t)der.data);
}

static void put_purpose(CBB *tbs, enum made_purpose purpose)
{
    CBB field, list, extension, value, purposes;
    if (purpose == MADE_NO_PURPOSE)
        return;
    must(CBB_add_asn1(tbs, &field, FIELD(3)) && CBB_add_asn1(&field, &list, CBS_ASN1_SEQUENCE) &&
         CBB_add_asn1(&list, &extension, CBS_ASN1_SEQUENCE));
    put_element(&extension, CBS_ASN1_OBJECT, eku, sizeof eku);
    must(CBB_add_asn1(&extension, &value, CBS_ASN1_OCTETSTRING) &&
         CBB_add_asn1(&value, &purposes, CBS_ASN1_SEQUENCE));
    if (purpose == MADE_OCSP_AND_MORE)
        put_element(&purposes, CBS_ASN1_OBJECT, server_auth, sizeof server_auth);
    if (purpose == MADE_ANY_PURPOSE)
        put_element(&purposes, CBS_ASN1_OBJECT, any_purpose, sizeof any_purpose);
    else
        put_element(&purposes, CBS_ASN1_OBJECT, ocsp_signing, sizeof ocsp_signing);
    must(CBB_flush(tbs));
}

static void put_cert(CBB *cbb, const struct made_cert *c)
{
    CBB certificate, body, tbs, validity;
    must(CBB_init(&body, 256) && CBB_add_asn1(&body, &tbs, CBS_ASN1_SEQUENCE));
    put(&tbs, "\xa0\x03\x02\x01\x02", 5);
    put_element(&tbs, CBS_ASN1_INTEGER, &c->serial, 1);
    put(&tbs, ed25519, sizeof ed25519);
    put_name(&tbs, c->issuer);
    must(CBB_add_asn1(&tbs, &validity, CBS_ASN1_SEQUENCE));
    put_time(&validity, CBS_ASN1_UTCTIME, c->not_before != NULL ? c->not_before : "200101000000Z");
    put_time(&validity, CBS_ASN1_UTCTIME, c->not_after != NULL ? c->not_after : "400101000000Z");
    put_name(&tbs, c->subject);
    put_spki(&tbs, c->key);
    put_purpose(&tbs, c->has_purpose ? c->purpose : MADE_NO_PURPOSE);
    must(CBB_add_asn1(cbb, &certificate, CBS_ASN1_SEQUENCE));
    put_signed(&certificate, &body, c->signer, false, false);
    must(CBB_flush(cbb));
}

struct bytes make_cert(const struct made_cert *c)
{
    CBB cbb;
    must(CBB_init(&cbb, 256));
    put_cert(&cbb, c);
    return finish(&cbb);
}

static void put_hash(CBB *cbb, bool is_sha256, const void *data, size_t len)
{
    uint8_t hash[SHA256_DIGEST_LENGTH];
    if (is_sha256)
        SHA256(data, len, hash);
    else
        SHA1(data, len, hash);
    put_element(cbb, CBS_ASN1_OCTETSTRING, hash, is_sha256 ? sizeof hash : SHA_DIGEST_LENGTH);
}

static void put_cert_id(CBB *single, const struct made_single *s)
{
    CBB id, algorithm, name_cbb;
    uint8_t public_key[32], private_key[64], serial = s->serial != 0 ? s->serial : 7;
    must(CBB_init(&name_cbb, 64));
    put_name(&name_cbb, s->wrong_name ? "other ca" : "ca");
    struct bytes name = finish(&name_cbb);
    key_pair(public_key, private_key, s->wrong_key ? MADE_OTHER_CA : MADE_CA);
    must(CBB_add_asn1(single, &id, CBS_ASN1_SEQUENCE) &&
         CBB_add_asn1(&id, &algorithm, CBS_ASN1_SEQUENCE));
    if (s->hash != NULL)
        put_element(&algorithm, CBS_ASN1_OBJECT, s->hash, s->hash_len);
    else
        put_element(&algorithm, CBS_ASN1_OBJECT, s->sha256 ? sha256 : sha1,
                    s->sha256 ? sizeof sha256 : sizeof sha1);
    put_hash(&id, s->sha256, name.data, name.len);
    put_hash(&id, s->sha256, public_key, sizeof public_key);
    put_element(&id, CBS_ASN1_INTEGER, &serial, 1);
    must(CBB_flush(single));
    free((void *)(uintptr_t)name.data);
}

static void put_status(CBB *single, const struct made_single *s)
{
    CBB revoked, field;
    uint8_t reason = (uint8_t)s->reason;
    switch (s->status) {
    case MADE_GOOD: put_element(single, PLAIN(0), NULL, 0); return;
    case MADE_UNKNOWN: put_element(single, PLAIN(2), NULL, 0); return;
    case MADE_ODD_STATUS: put_element(single, PLAIN(3), NULL, 0); return;
    case MADE_REVOKED: break;
    }
    must(CBB_add_asn1(single, &revoked, FIELD(1)));
    put_time(&revoked, CBS_ASN1_GENERALIZEDTIME, "20251224180000Z");
    if (s->reason != 0) {
        must(CBB_add_asn1(&revoked, &field, FIELD(0)));
        put_element(&field, CBS_ASN1_ENUMERATED, &reason, 1);
    }
    must(CBB_flush(single));
}

/* another extension stands before the list, so that it has to be looked for */
static void put_scts(CBB *single, struct bytes list)
{
    CBB field, extensions, extension, value;
    must(CBB_add_asn1(single, &field, FIELD(1)) &&
         CBB_add_asn1(&field, &extensions, CBS_ASN1_SEQUENCE) &&
         CBB_add_asn1(&extensions, &extension, CBS_ASN1_SEQUENCE));
    put_element(&extension, CBS_ASN1_OBJECT, nonce, sizeof nonce);
    put_element(&extension, CBS_ASN1_BOOLEAN, "\xff", 1);
    put_element(&extension, CBS_ASN1_OCTETSTRING, "abc", 3);
    must(CBB_flush(&extensions) && CBB_add_asn1(&extensions, &extension, CBS_ASN1_SEQUENCE));
    put_element(&extension, CBS_ASN1_OBJECT, scts, sizeof scts);
    must(CBB_add_asn1(&extension, &value, CBS_ASN1_OCTETSTRING));
    put_element(&value, CBS_ASN1_OCTETSTRING, list.data, list.len);
    must(CBB_flush(single));
}

static void put_single(CBB *singles, const struct made_single *s)
{
    CBB single, field;
    must(CBB_add_asn1(singles, &single, CBS_ASN1_SEQUENCE));
    put_cert_id(&single, s);
    put_status(&single, s);
    put_time(&single, CBS_ASN1_GENERALIZEDTIME,
             s->this_update != NULL ? s->this_update : "20260101000000Z");
    if (s->next_update == NULL || s->next_update[0] != '\0') {
        must(CBB_add_asn1(&single, &field, FIELD(0)));
        put_time(&field, CBS_ASN1_GENERALIZEDTIME,
                 s->next_update != NULL ? s->next_update : "20260108000000Z");
    }
    if (s->sct_list.len > 0)
        put_scts(&single, s->sct_list);
    must(CBB_flush(singles));
}

static void put_responder_id(CBB *data, const struct made_response *r, enum made_key signer)
{
    CBB field;
    uint8_t public_key[32], private_key[64];
    must(CBB_add_asn1(data, &field, FIELD(r->by_key ? 2 : 1)));
    if (r->by_key) {
        key_pair(public_key, private_key, signer);
        put_hash(&field, false, public_key, sizeof public_key);
    } else {
        put_name(&field, r->responder != NULL ? r->responder : "ca");
    }
    must(CBB_flush(data));
}

/* place returns which of the three stands at place i of num: the last two are the last. */
static unsigned place(unsigned i, unsigned num)
{
    return num <= 3 ? i : i + 3 > num ? i + 3 - num : 0;
}

static void put_basic(CBB *out, const struct made_response *r)
{
    enum made_key signer = r->signer != 0 ? r->signer : MADE_CA;
    unsigned num_singles = r->num_singles == 0            ? 1
                           : r->num_singles == NO_SINGLES ? 0
                                                          : r->num_singles;
    CBB response, body, data, singles, field, certs;
    must(CBB_init(&body, 256) && CBB_add_asn1(&body, &data, CBS_ASN1_SEQUENCE));
    put_responder_id(&data, r, signer);
    put_time(&data, CBS_ASN1_GENERALIZEDTIME, "20260101000001Z");
    must(CBB_add_asn1(&data, &singles, CBS_ASN1_SEQUENCE));
    for (unsigned i = 0; i < num_singles; i++)
        put_single(&singles, &r->singles[place(i, num_singles)]);
    must(CBB_add_asn1(out, &response, CBS_ASN1_SEQUENCE));
    put_signed(&response, &body, signer, r->spoil_signature, r->other_algorithm);
    if (r->num_certs > 0) {
        must(CBB_add_asn1(&response, &field, FIELD(0)) &&
             CBB_add_asn1(&field, &certs, CBS_ASN1_SEQUENCE));
        for (unsigned i = 0; i < r->num_certs; i++)
            put_cert(&certs, &r->certs[place(i, r->num_certs)]);
    }
    must(CBB_flush(out));
}

struct bytes make_response(const struct made_response *r)
{
    CBB cbb, response, field, bytes, octets;
    must(CBB_init(&cbb, 512) && CBB_add_asn1(&cbb, &response, CBS_ASN1_SEQUENCE));
    put_element(&response, CBS_ASN1_ENUMERATED, &r->status, 1);
    if (r->status == 0) {
        must(CBB_add_asn1(&response, &field, FIELD(0)) &&
             CBB_add_asn1(&field, &bytes, CBS_ASN1_SEQUENCE));
        put_element(&bytes, CBS_ASN1_OBJECT, r->other_type ? nonce : basic, sizeof basic);
        must(CBB_add_asn1(&bytes, &octets, CBS_ASN1_OCTETSTRING));
        put_basic(&octets, r);
    }
    must(CBB_flush(&cbb));
    if (r->trailing)
        put(&cbb, "x", 1);
    return finish(&cbb);
}
