#include "core/cert.h"

#include <openssl/bytestring.h>
#include <openssl/sha.h>

#include "core/cbs.h"
#include "core/cert_ext.h"
#include "core/cert_oid.h"
#include "core/cert_time.h"

#define TAG_VERSION    (CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 0)
#define TAG_EXTENSIONS (CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 3)

enum { BITS_MAX = 1 << 24 };   /* of a modulus: more is no key */

/* take_any takes the next element whatever it is: its whole, its content, its tag. */
static bool take_any(CBS *from, CBS *whole, CBS *content, unsigned *tag)
{
    size_t header_len;
    if (!CBS_get_any_asn1_element(from, whole, tag, &header_len))
        return false;
    *content = *whole;
    return CBS_skip(content, header_len);
}

/* take_of takes the next element; content is empty and the answer false if it is not of that tag. A
 * wrong element is taken all the same, so that those after it keep their places. */
static bool take_of(CBS *from, CBS *whole, CBS *content, unsigned want)
{
    unsigned tag;
    if (take_any(from, whole, content, &tag) && tag == want)
        return true;
    CBS_init(whole, NULL, 0);
    CBS_init(content, NULL, 0);
    return false;
}

/* num_bits returns the bits of an unsigned INTEGER's content, 0 if it is none that a key could
 * have. */
static uint32_t num_bits(CBS integer)
{
    uint8_t first;
    do {
        if (!CBS_get_u8(&integer, &first))
            return 0;
    } while (first == 0);
    if (CBS_len(&integer) >= BITS_MAX / 8)
        return 0;
    uint32_t bits = (uint32_t)CBS_len(&integer) * 8;
    for (; first != 0; first >>= 1)
        bits++;
    return bits;
}

/* first_integer_bits returns the bits of the INTEGER that the SEQUENCE at the start of from begins
 * with. */
static uint32_t first_integer_bits(CBS from)
{
    CBS sequence, integer;
    if (!CBS_get_asn1(&from, &sequence, CBS_ASN1_SEQUENCE) ||
        !CBS_get_asn1(&sequence, &integer, CBS_ASN1_INTEGER))
        return 0;
    return num_bits(integer);
}

/* explicit_field_bits returns the size of a prime field that is written out (RFC 3279, 2.3.5). */
static uint32_t explicit_field_bits(CBS params)
{
    CBS domain, version, field, type, prime;
    if (!CBS_get_asn1(&params, &domain, CBS_ASN1_SEQUENCE) ||
        !CBS_get_asn1(&domain, &version, CBS_ASN1_INTEGER) ||
        !CBS_get_asn1(&domain, &field, CBS_ASN1_SEQUENCE) ||
        !CBS_get_asn1(&field, &type, CBS_ASN1_OBJECT) ||
        !CBS_get_asn1(&field, &prime, CBS_ASN1_INTEGER))
        return 0;
    return num_bits(prime);
}

static void parse_curve(struct cert_facts *out, CBS params)
{
    CBS named = params, oid;
    if (CBS_get_asn1(&named, &oid, CBS_ASN1_OBJECT))
        out->curve = cert_oid_curve(&out->key_bits, bytes_of_cbs(&oid));
    else
        out->key_bits = explicit_field_bits(params);
}

static void parse_key(struct cert_facts *out, CBS spki)
{
    CBS whole, algorithm, oid, key;
    uint8_t unused_bits;
    bool has_algorithm = take_of(&spki, &whole, &algorithm, CBS_ASN1_SEQUENCE);
    if (take_of(&spki, &whole, &key, CBS_ASN1_BITSTRING) && CBS_get_u8(&key, &unused_bits))
        out->key = bytes_of_cbs(&key);
    if (!has_algorithm || !take_of(&algorithm, &whole, &oid, CBS_ASN1_OBJECT))
        return;
    out->key_type = cert_oid_key_type(bytes_of_cbs(&oid));
    switch (out->key_type) {
    case CERT_KEY_RSA:
    case CERT_KEY_RSA_PSS: out->key_bits = first_integer_bits(cbs_of(out->key)); break;
    case CERT_KEY_EC:  parse_curve(out, algorithm); break;
    case CERT_KEY_DSA: out->key_bits = first_integer_bits(algorithm); break;
    case CERT_KEY_ED25519:
    case CERT_KEY_ED448:
    case CERT_KEY_ML_DSA:
    case CERT_KEY_UNKNOWN:
        break;
    }
}

static bool is_attribute(const CBS *oid, uint8_t arc)   /* 2.5.4.arc */
{
    const uint8_t want[] = {0x55, 0x04, arc};
    return CBS_mem_equal(oid, want, sizeof want);
}

/* parse_name keeps the last organization and common name, which is the most specific one. */
static void parse_name(struct bytes *org, struct bytes *cn, CBS name)
{
    CBS set, attribute, oid, whole, value;
    unsigned tag;
    while (CBS_get_asn1(&name, &set, CBS_ASN1_SET))
        while (CBS_get_asn1(&set, &attribute, CBS_ASN1_SEQUENCE)) {
            if (!CBS_get_asn1(&attribute, &oid, CBS_ASN1_OBJECT) ||
                !take_any(&attribute, &whole, &value, &tag))
                continue;
            if (is_attribute(&oid, 10))
                *org = bytes_of_cbs(&value);
            else if (is_attribute(&oid, 3))
                *cn = bytes_of_cbs(&value);
        }
}

static bool take_time(CBS *from, int64_t *out)
{
    CBS whole, content;
    unsigned tag;
    if (!take_any(from, &whole, &content, &tag) ||
        (tag != CBS_ASN1_UTCTIME && tag != CBS_ASN1_GENERALIZEDTIME))
        return false;
    return cert_time_parse(out, bytes_of_cbs(&content), tag == CBS_ASN1_GENERALIZEDTIME);
}

static void parse_validity(struct cert_facts *out, CBS validity)
{
    int64_t not_before, not_after;
    if (!take_time(&validity, &not_before) || !take_time(&validity, &not_after))
        return;
    out->has_validity = true;
    out->not_before = not_before;
    out->not_after = not_after;
}

/* parse_version reads what stands before the serial number; RFC 5280 leaves out version 1. */
static bool parse_version(struct cert_facts *out, CBS *tbs)
{
    CBS explicit_version;
    uint64_t version;
    if (!CBS_peek_asn1_tag(tbs, TAG_VERSION)) {
        out->version = 1;
        return true;
    }
    if (!CBS_get_asn1(tbs, &explicit_version, TAG_VERSION))
        return false;
    if (CBS_get_asn1_uint64(&explicit_version, &version) && version <= 2)
        out->version = (uint8_t)(version + 1);
    return true;
}

/* parse_names_and_key reads the fields of TBSCertificate that every certificate has, in their
 * order. */
static bool parse_names_and_key(struct cert_facts *out, CBS *tbs)
{
    CBS whole, content;
    if (!parse_version(out, tbs))
        return false;
    if (take_of(tbs, &whole, &content, CBS_ASN1_INTEGER))
        out->serial = bytes_of_cbs(&content);
    take_of(tbs, &whole, &content, CBS_ASN1_SEQUENCE);   /* the signature algorithm, said twice */
    if (take_of(tbs, &whole, &content, CBS_ASN1_SEQUENCE)) {
        out->issuer = bytes_of_cbs(&whole);
        parse_name(&out->issuer_org, &out->issuer_cn, content);
    }
    if (take_of(tbs, &whole, &content, CBS_ASN1_SEQUENCE))
        parse_validity(out, content);
    if (take_of(tbs, &whole, &content, CBS_ASN1_SEQUENCE)) {
        out->subject = bytes_of_cbs(&whole);
        parse_name(&out->subject_org, &out->subject_cn, content);
    }
    out->self_issued = out->issuer.len > 0 && bytes_equal(out->issuer, out->subject);
    if (!take_of(tbs, &whole, &content, CBS_ASN1_SEQUENCE))
        return false;
    out->spki = bytes_of_cbs(&whole);
    SHA256(out->spki.data, out->spki.len, out->spki_sha256);
    parse_key(out, content);
    return true;
}

static bool parse_tbs(struct cert_facts *out, CBS tbs)
{
    CBS whole, content;
    unsigned tag;
    if (!parse_names_and_key(out, &tbs))
        return false;
    while (take_any(&tbs, &whole, &content, &tag))   /* unique ids, which nobody uses, in between */
        if (tag == TAG_EXTENSIONS) {
            cert_ext_parse(out, bytes_of_cbs(&content));
            break;
        }
    return true;
}

bool cert_parse(struct cert_facts *out, struct bytes der)
{
    CBS in = cbs_of(der), certificate, tbs, algorithm, oid, signature;
    *out = (struct cert_facts){0};
    SHA256(der.data, der.len, out->sha256);
    if (!CBS_get_asn1(&in, &certificate, CBS_ASN1_SEQUENCE) ||
        !CBS_get_asn1_element(&certificate, &tbs, CBS_ASN1_SEQUENCE))
        return false;
    out->tbs = bytes_of_cbs(&tbs);
    if (!CBS_get_asn1(&tbs, &tbs, CBS_ASN1_SEQUENCE))
        return false;
    bool has_key = parse_tbs(out, tbs);
    if (!CBS_get_asn1(&certificate, &algorithm, CBS_ASN1_SEQUENCE))
        return false;
    if (CBS_get_asn1(&algorithm, &oid, CBS_ASN1_OBJECT)) {
        out->sig_alg_oid = bytes_of_cbs(&oid);
        out->sig_alg = cert_oid_sig_alg(out->sig_alg_oid);
    }
    return CBS_get_asn1(&certificate, &signature, CBS_ASN1_BITSTRING) && has_key;
}

static enum cert_name_type name_type(unsigned tag)
{
    switch (tag) {
    case CBS_ASN1_CONTEXT_SPECIFIC | 1: return CERT_NAME_EMAIL;
    case CBS_ASN1_CONTEXT_SPECIFIC | 2: return CERT_NAME_DNS;
    case CBS_ASN1_CONTEXT_SPECIFIC | 6: return CERT_NAME_URI;
    case CBS_ASN1_CONTEXT_SPECIFIC | 7: return CERT_NAME_IP;
    default:                            return CERT_NAME_OTHER;
    }
}

bool cert_san_next(struct bytes *san, enum cert_name_type *type, struct bytes *name)
{
    CBS names = cbs_of(*san), whole, content;
    unsigned tag;
    if (!take_any(&names, &whole, &content, &tag))
        return false;
    *san = bytes_of_cbs(&names);
    *type = name_type(tag);
    *name = bytes_of_cbs(&content);
    return true;
}
