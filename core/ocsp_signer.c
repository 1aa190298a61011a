/* Who signed an OCSP response, and whether he may: RFC 6960, 4.2.2.2. */
#include <openssl/bytestring.h>
#include <openssl/digest.h>

#include "core/cbs.h"
#include "core/ocsp_private.h"

#define TAG_EXTENSIONS (CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 3)

static const uint8_t eku_oid[] = {0x55, 0x1d, 0x25};
static const uint8_t ocsp_signing_oid[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x09};

bool ocsp_hash_is(struct bytes hash, const EVP_MD *digest, struct bytes octets)
{
    uint8_t own[EVP_MAX_MD_SIZE];
    unsigned len;
    return EVP_Digest(octets.data, octets.len, own, &len, digest, NULL) == 1 &&
           bytes_equal(hash, bytes_of(own, len));
}

bool ocsp_key_hash_is(struct bytes hash, const EVP_MD *digest, struct bytes spki)
{
    CBS in = cbs_of(spki), whole, algorithm, key;
    uint8_t unused;
    return CBS_get_asn1(&in, &whole, CBS_ASN1_SEQUENCE) &&
           CBS_get_asn1(&whole, &algorithm, CBS_ASN1_SEQUENCE) &&
           CBS_get_asn1(&whole, &key, CBS_ASN1_BITSTRING) && CBS_get_u8(&key, &unused) &&
           ocsp_hash_is(hash, digest, bytes_of_cbs(&key));
}

/* is_responder tells whether the response names the holder of cert as the one who made it. */
static bool is_responder(const struct ocsp_response *r, const struct cert_facts *cert)
{
    if (r->responder_name.len > 0)
        return bytes_equal(r->responder_name, cert->subject);
    return ocsp_key_hash_is(r->responder_key, EVP_sha1(), cert->spki);
}

/* find_extensions finds the content of a TBSCertificate's SEQUENCE of extensions. */
static bool find_extensions(struct bytes *out, struct bytes tbs)
{
    CBS in = cbs_of(tbs), fields, field, list;
    unsigned tag;
    if (!CBS_get_asn1(&in, &fields, CBS_ASN1_SEQUENCE))
        return false;
    while (CBS_get_any_asn1(&fields, &field, &tag))
        if (tag == TAG_EXTENSIONS) {
            if (!CBS_get_asn1(&field, &list, CBS_ASN1_SEQUENCE))
                return false;
            *out = bytes_of_cbs(&list);
            return true;
        }
    return false;
}

/* is_for_ocsp looks for OCSPSigning itself: anyExtendedKeyUsage does not make a responder. */
static bool is_for_ocsp(struct bytes tbs)
{
    struct bytes extensions, value;
    if (!find_extensions(&extensions, tbs) ||
        !ocsp_extension(&value, extensions, bytes_of(eku_oid, sizeof eku_oid)))
        return false;
    CBS in = cbs_of(value), purposes, purpose;
    if (!CBS_get_asn1(&in, &purposes, CBS_ASN1_SEQUENCE))
        return false;
    while (CBS_get_asn1(&purposes, &purpose, CBS_ASN1_OBJECT))
        if (CBS_mem_equal(&purpose, ocsp_signing_oid, sizeof ocsp_signing_oid))
            return true;
    return false;
}

/* settle turns a check of the response's signature by one who may sign into a finding. */
static struct ocsp_signature settle(enum signature_verdict verdict, enum ocsp_signer signer)
{
    switch (verdict) {
    case SIGNATURE_GOOD: return (struct ocsp_signature){.valid = OCSP_YES, .signer = signer};
    case SIGNATURE_UNSUPPORTED: return (struct ocsp_signature){.valid = OCSP_UNTOLD};
    case SIGNATURE_BAD: break;
    }
    return (struct ocsp_signature){.valid = OCSP_NO, .fault = OCSP_FAULT_WRONG_SIGNATURE};
}

static struct ocsp_signature refused(enum ocsp_fault fault)
{
    return (struct ocsp_signature){.valid = OCSP_NO, .fault = fault};
}

/* judge_delegate judges the response as signed by the holder of a certificate that it brings. */
static struct ocsp_signature judge_delegate(const struct ocsp_response *response,
                                            const struct cert_facts *issuer, struct bytes der,
                                            int64_t time_s)
{
    struct cert_facts cert;
    struct signed_der parts;
    if (!cert_parse(&cert, der) || !signed_der_read(&parts, der) || !is_responder(response, &cert))
        return refused(OCSP_FAULT_NO_SIGNER);
    if (!bytes_equal(cert.issuer, issuer->subject))
        return refused(OCSP_FAULT_NOT_BY_ISSUER);
    switch (signature_check(&parts, issuer->spki)) {
    case SIGNATURE_UNSUPPORTED: return (struct ocsp_signature){.valid = OCSP_UNTOLD};
    case SIGNATURE_BAD: return refused(OCSP_FAULT_NOT_BY_ISSUER);
    case SIGNATURE_GOOD: break;
    }
    if (!is_for_ocsp(parts.body))
        return refused(OCSP_FAULT_NO_OCSP_SIGNING);
    if (!cert.has_validity || time_s < cert.not_before || time_s > cert.not_after)
        return refused(OCSP_FAULT_NOT_IN_TIME);
    return settle(signature_check(&response->basic, cert.spki), OCSP_BY_DELEGATE);
}

/* better keeps the finding that got furthest: yes, then untold, then the later fault. */
static void better(struct ocsp_signature *best, struct ocsp_signature other)
{
    if (best->valid == OCSP_NO && (other.valid != OCSP_NO || other.fault > best->fault))
        *best = other;
    else if (best->valid == OCSP_UNTOLD && other.valid == OCSP_YES)
        *best = other;
}

void ocsp_signature_judge(struct ocsp_signature *out, const struct ocsp_response *response,
                          const struct cert_facts *issuer, int64_t time_s)
{
    struct ocsp_signature best = refused(OCSP_FAULT_NO_SIGNER);
    if (is_responder(response, issuer))
        better(&best, settle(signature_check(&response->basic, issuer->spki), OCSP_BY_ISSUER));
    CBS certs = cbs_of(response->certs), cert;
    uint16_t num_certs = 0;
    while (num_certs < OCSP_CERTS_MAX && CBS_get_asn1_element(&certs, &cert, CBS_ASN1_SEQUENCE)) {
        num_certs++;
        if (best.valid != OCSP_YES)
            better(&best, judge_delegate(response, issuer, bytes_of_cbs(&cert), time_s));
    }
    if (CBS_len(&certs) > 0 && best.valid == OCSP_NO)
        best = (struct ocsp_signature){.valid = OCSP_UNTOLD}; /* one not looked at may be his */
    best.num_certs = num_certs;
    *out = best;
}
