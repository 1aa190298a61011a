/* An OCSP response, read strictly as DER: RFC 6960, 4.2.1. */
#include <openssl/bytestring.h>

#include "core/cbs.h"
#include "core/cert_time.h"
#include "core/ocsp_private.h"

#define TAG_FIELD(n) (CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | (n))
#define TAG_GOOD     (CBS_ASN1_CONTEXT_SPECIFIC | 0)
#define TAG_REVOKED  (CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 1)
#define TAG_UNKNOWN  (CBS_ASN1_CONTEXT_SPECIFIC | 2)
#define TAG_BY_NAME  TAG_FIELD(1)
#define TAG_BY_KEY   TAG_FIELD(2)

static const uint8_t basic_oid[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x01};
static const uint8_t sct_oid[] = {0x2b, 0x06, 0x01, 0x04, 0x01, 0xd6, 0x79, 0x02, 0x04, 0x05};

static bool take_time(int64_t *out, CBS *from)
{
    CBS text;
    return CBS_get_asn1(from, &text, CBS_ASN1_GENERALIZEDTIME) &&
           cert_time_parse(out, bytes_of_cbs(&text), true);
}

static bool take_enumerated(uint8_t *out, CBS *from)
{
    CBS content;
    return CBS_get_asn1(from, &content, CBS_ASN1_ENUMERATED) && CBS_len(&content) == 1 &&
           CBS_get_u8(&content, out);
}

static bool read_responder_id(struct ocsp_response *out, CBS *data)
{
    CBS field, key;
    if (CBS_peek_asn1_tag(data, TAG_BY_NAME)) {
        CBS name;
        if (!CBS_get_asn1(data, &field, TAG_BY_NAME) ||
            !CBS_get_asn1_element(&field, &name, CBS_ASN1_SEQUENCE) || CBS_len(&field) > 0)
            return false;
        out->responder_name = bytes_of_cbs(&name);
        return true;
    }
    if (!CBS_get_asn1(data, &field, TAG_BY_KEY) ||
        !CBS_get_asn1(&field, &key, CBS_ASN1_OCTETSTRING) || CBS_len(&key) == 0 ||
        CBS_len(&field) > 0)
        return false;
    out->responder_key = bytes_of_cbs(&key);
    return true;
}

/* Versions other than v1, which is the default and never written, are read alike. */
static bool read_data(struct ocsp_response *out, struct bytes body)
{
    CBS in = cbs_of(body), data, version, singles;
    if (!CBS_get_asn1(&in, &data, CBS_ASN1_SEQUENCE) ||
        !CBS_get_optional_asn1(&data, &version, NULL, TAG_FIELD(0)) ||
        !read_responder_id(out, &data) || !take_time(&out->produced_at, &data) ||
        !CBS_get_asn1(&data, &singles, CBS_ASN1_SEQUENCE))
        return false;
    out->singles = bytes_of_cbs(&singles);
    return true;
}

static bool read_certs(struct ocsp_response *out, struct bytes rest)
{
    CBS in = cbs_of(rest), field, certs;
    if (CBS_len(&in) == 0)
        return true;
    if (!CBS_get_asn1(&in, &field, TAG_FIELD(0)) || CBS_len(&in) > 0 ||
        !CBS_get_asn1(&field, &certs, CBS_ASN1_SEQUENCE) || CBS_len(&field) > 0)
        return false;
    out->certs = bytes_of_cbs(&certs);
    return true;
}

static bool read_basic(struct ocsp_response *out, CBS *from)
{
    CBS field, bytes, type, basic;
    return CBS_get_asn1(from, &field, TAG_FIELD(0)) &&
           CBS_get_asn1(&field, &bytes, CBS_ASN1_SEQUENCE) &&
           CBS_get_asn1(&bytes, &type, CBS_ASN1_OBJECT) &&
           CBS_mem_equal(&type, basic_oid, sizeof basic_oid) &&
           CBS_get_asn1(&bytes, &basic, CBS_ASN1_OCTETSTRING) && CBS_len(&bytes) == 0 &&
           signed_der_read(&out->basic, bytes_of_cbs(&basic)) && read_data(out, out->basic.body) &&
           read_certs(out, out->basic.rest);
}

bool ocsp_response_read(struct ocsp_response *out, struct bytes der)
{
    struct ocsp_response t = {0};
    CBS in = cbs_of(der), response;
    if (!CBS_get_asn1(&in, &response, CBS_ASN1_SEQUENCE) || CBS_len(&in) > 0 ||
        !take_enumerated(&t.status, &response))
        return false;
    if (t.status == OCSP_SUCCESSFUL && !read_basic(&t, &response))
        return false;
    *out = t;
    return true;
}

static bool read_cert_id(struct ocsp_single *out, CBS *from)
{
    CBS id, algorithm, oid, name_hash, key_hash, serial;
    if (!CBS_get_asn1(from, &id, CBS_ASN1_SEQUENCE) ||
        !CBS_get_asn1(&id, &algorithm, CBS_ASN1_SEQUENCE) ||
        !CBS_get_asn1(&algorithm, &oid, CBS_ASN1_OBJECT) ||
        !CBS_get_asn1(&id, &name_hash, CBS_ASN1_OCTETSTRING) ||
        !CBS_get_asn1(&id, &key_hash, CBS_ASN1_OCTETSTRING) ||
        !CBS_get_asn1(&id, &serial, CBS_ASN1_INTEGER))
        return false;
    out->hash_oid = bytes_of_cbs(&oid);
    out->name_hash = bytes_of_cbs(&name_hash);
    out->key_hash = bytes_of_cbs(&key_hash);
    out->serial = bytes_of_cbs(&serial);
    return true;
}

static bool read_revoked(struct ocsp_single *out, CBS content)
{
    CBS field;
    uint8_t reason;
    int has_reason;
    out->status = OCSP_CERT_REVOKED;
    if (!take_time(&out->revoked_at, &content) ||
        !CBS_get_optional_asn1(&content, &field, &has_reason, TAG_FIELD(0)))
        return false;
    if (!has_reason)
        return true;
    if (!take_enumerated(&reason, &field))
        return false;
    out->reason = reason;
    return true;
}

static bool read_status(struct ocsp_single *out, CBS *from)
{
    CBS content;
    unsigned tag;
    if (!CBS_get_any_asn1(from, &content, &tag))
        return false;
    if (tag == TAG_REVOKED)
        return read_revoked(out, content);
    out->status = tag == TAG_GOOD ? OCSP_CERT_GOOD : OCSP_CERT_UNKNOWN;
    return tag == TAG_GOOD || tag == TAG_UNKNOWN;
}

static bool read_next_update(struct ocsp_single *out, CBS *from)
{
    CBS field;
    int present;
    if (!CBS_get_optional_asn1(from, &field, &present, TAG_FIELD(0)))
        return false;
    out->has_next_update = present != 0;
    return !present || take_time(&out->next_update, &field);
}

/* A list that cannot be taken out of its extension is as good as none. */
static void read_scts(struct ocsp_single *out, CBS *from)
{
    CBS field, extensions, inner, list;
    struct bytes value;
    if (!CBS_get_asn1(from, &field, TAG_FIELD(1)) ||
        !CBS_get_asn1(&field, &extensions, CBS_ASN1_SEQUENCE) ||
        !ocsp_extension(&value, bytes_of_cbs(&extensions), bytes_of(sct_oid, sizeof sct_oid)))
        return;
    inner = cbs_of(value);
    if (CBS_get_asn1(&inner, &list, CBS_ASN1_OCTETSTRING))
        out->sct_list = bytes_of_cbs(&list);
}

bool ocsp_single_next(struct ocsp_single *out, struct bytes *singles)
{
    struct ocsp_single t = {.reason = -1};
    CBS in = cbs_of(*singles), single;
    if (!CBS_get_asn1(&in, &single, CBS_ASN1_SEQUENCE) || !read_cert_id(&t, &single) ||
        !read_status(&t, &single) || !take_time(&t.this_update, &single) ||
        !read_next_update(&t, &single))
        return false;
    read_scts(&t, &single);
    *singles = bytes_of_cbs(&in);
    *out = t;
    return true;
}

bool ocsp_extension(struct bytes *value, struct bytes extensions, struct bytes oid)
{
    CBS in = cbs_of(extensions), extension, id, critical, octets;
    while (CBS_get_asn1(&in, &extension, CBS_ASN1_SEQUENCE)) {
        if (!CBS_get_asn1(&extension, &id, CBS_ASN1_OBJECT) || !bytes_equal(bytes_of_cbs(&id), oid))
            continue;
        if (!CBS_get_optional_asn1(&extension, &critical, NULL, CBS_ASN1_BOOLEAN) ||
            !CBS_get_asn1(&extension, &octets, CBS_ASN1_OCTETSTRING))
            return false;
        *value = bytes_of_cbs(&octets);
        return true;
    }
    return false;
}
