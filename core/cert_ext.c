#include "core/cert_ext.h"

#include <openssl/bytestring.h>

#include "core/cbs.h"

#define OID(octets)  octets, sizeof(octets) - 1
#define COUNT(table) (sizeof(table) / sizeof(table)[0])

static bool is_oid(const CBS *oid, const char *octets, size_t len)
{
    return CBS_mem_equal(oid, (const uint8_t *)octets, len);
}

/* small_integer returns an INTEGER's value, UINT32_MAX if it is that or more; false if negative. */
static bool small_integer(uint32_t *out, CBS content)
{
    if (CBS_len(&content) == 0 || CBS_data(&content)[0] >= 0x80)
        return false;
    *out = 0;
    uint8_t octet;
    while (CBS_get_u8(&content, &octet))
        *out = *out > UINT32_MAX >> 8 ? UINT32_MAX : *out << 8 | octet;
    return true;
}

static void parse_basic_constraints(struct cert_facts *out, CBS value)
{
    CBS sequence, is_ca, path_len;
    if (!CBS_get_asn1(&value, &sequence, CBS_ASN1_SEQUENCE))
        return;
    out->has_basic_constraints = true;
    uint8_t octet;
    if (CBS_peek_asn1_tag(&sequence, CBS_ASN1_BOOLEAN) &&
        CBS_get_asn1(&sequence, &is_ca, CBS_ASN1_BOOLEAN) && CBS_get_u8(&is_ca, &octet))
        out->is_ca = octet != 0; /* BER's true: any octet but 0 */
    if (CBS_get_asn1(&sequence, &path_len, CBS_ASN1_INTEGER))
        out->has_path_len = small_integer(&out->path_len, path_len);
}

static void parse_san(struct cert_facts *out, CBS value)
{
    CBS names;
    if (CBS_get_asn1(&value, &names, CBS_ASN1_SEQUENCE))
        out->san = bytes_of_cbs(&names);
}

static void parse_key_usage(struct cert_facts *out, CBS value)
{
    CBS bits;
    if (!CBS_get_asn1(&value, &bits, CBS_ASN1_BITSTRING) || !CBS_is_valid_asn1_bitstring(&bits))
        return;
    out->has_key_usage = true;
    for (unsigned bit = 0; bit < 9; bit++)
        if (CBS_asn1_bitstring_has_bit(&bits, bit))
            out->key_usage |= (uint16_t)(1u << bit);
}

static void parse_eku(struct cert_facts *out, CBS value)
{
    static const struct {
        const char *octets;
        size_t len;
        uint16_t bit;
    } purposes[] = {
        {OID("\x55\x1d\x25\x00"), CERT_EKU_ANY},
        {OID("\x2b\x06\x01\x05\x05\x07\x03\x01"), CERT_EKU_SERVER_AUTH},
        {OID("\x2b\x06\x01\x05\x05\x07\x03\x02"), CERT_EKU_CLIENT_AUTH},
        {OID("\x2b\x06\x01\x05\x05\x07\x03\x09"), CERT_EKU_OCSP_SIGNING},
    };
    CBS list, oid;
    if (!CBS_get_asn1(&value, &list, CBS_ASN1_SEQUENCE))
        return;
    out->has_eku = true;
    while (CBS_get_asn1(&list, &oid, CBS_ASN1_OBJECT)) {
        uint16_t bit = CERT_EKU_OTHER;
        for (size_t i = 0; i < COUNT(purposes); i++)
            if (is_oid(&oid, purposes[i].octets, purposes[i].len))
                bit = purposes[i].bit;
        out->eku |= bit;
    }
}

static void parse_name_constraints(struct cert_facts *out, CBS value)
{
    CBS sequence;
    if (CBS_get_asn1(&value, &sequence, CBS_ASN1_SEQUENCE))
        out->name_constraints = bytes_of_cbs(&sequence);
}

static void parse_ski(struct cert_facts *out, CBS value)
{
    CBS id;
    if (CBS_get_asn1(&value, &id, CBS_ASN1_OCTETSTRING))
        out->ski = bytes_of_cbs(&id);
}

static void parse_aki(struct cert_facts *out, CBS value)
{
    CBS sequence, id;
    if (CBS_get_asn1(&value, &sequence, CBS_ASN1_SEQUENCE) &&
        CBS_get_asn1(&sequence, &id, CBS_ASN1_CONTEXT_SPECIFIC | 0))
        out->aki = bytes_of_cbs(&id);
}

static void parse_info_access(struct cert_facts *out, CBS value)
{
    CBS list, access, method;
    if (!CBS_get_asn1(&value, &list, CBS_ASN1_SEQUENCE))
        return;
    while (CBS_get_asn1(&list, &access, CBS_ASN1_SEQUENCE)) {
        if (!CBS_get_asn1(&access, &method, CBS_ASN1_OBJECT))
            continue;
        out->has_ocsp |= is_oid(&method, OID("\x2b\x06\x01\x05\x05\x07\x30\x01"));
        out->has_ca_issuers |= is_oid(&method, OID("\x2b\x06\x01\x05\x05\x07\x30\x02"));
    }
}

static void parse_tls_feature(struct cert_facts *out, CBS value)
{
    enum { STATUS_REQUEST = 5 }; /* RFC 6066, 8 */
    CBS list;
    uint64_t feature;
    if (!CBS_get_asn1(&value, &list, CBS_ASN1_SEQUENCE))
        return;
    while (CBS_get_asn1_uint64(&list, &feature))
        out->must_staple |= feature == STATUS_REQUEST;
}

static void parse_sct_list(struct cert_facts *out, CBS value)
{
    CBS list;
    if (CBS_get_asn1(&value, &list, CBS_ASN1_OCTETSTRING))
        out->sct_list = bytes_of_cbs(&list);
}

static void parse_poison(struct cert_facts *out, CBS value)
{
    (void)value;
    out->is_precert = true;
}

static const struct {
    const char *octets;
    size_t len;
    void (*parse)(struct cert_facts *out, CBS value);
} kinds[] = {
    {OID("\x55\x1d\x0e"), parse_ski},
    {OID("\x55\x1d\x0f"), parse_key_usage},
    {OID("\x55\x1d\x11"), parse_san},
    {OID("\x55\x1d\x13"), parse_basic_constraints},
    {OID("\x55\x1d\x1e"), parse_name_constraints},
    {OID("\x55\x1d\x23"), parse_aki},
    {OID("\x55\x1d\x25"), parse_eku},
    {OID("\x2b\x06\x01\x05\x05\x07\x01\x01"), parse_info_access},
    {OID("\x2b\x06\x01\x05\x05\x07\x01\x18"), parse_tls_feature},
    {OID("\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x02"), parse_sct_list},
    {OID("\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x03"), parse_poison},
};

static void parse_one(struct cert_facts *out, unsigned *seen, CBS extension)
{
    CBS oid, critical, value;
    if (!CBS_get_asn1(&extension, &oid, CBS_ASN1_OBJECT))
        return;
    if (CBS_peek_asn1_tag(&extension, CBS_ASN1_BOOLEAN) &&
        !CBS_get_asn1(&extension, &critical, CBS_ASN1_BOOLEAN))
        return;
    if (!CBS_get_asn1(&extension, &value, CBS_ASN1_OCTETSTRING))
        return;
    for (size_t i = 0; i < COUNT(kinds); i++)
        if (is_oid(&oid, kinds[i].octets, kinds[i].len) && !(*seen >> i & 1)) {
            *seen |= 1u << i;
            kinds[i].parse(out, value);
        }
}

void cert_ext_parse(struct cert_facts *out, struct bytes extensions)
{
    CBS in, list, extension;
    unsigned seen = 0;
    CBS_init(&in, extensions.data, extensions.len);
    if (!CBS_get_asn1(&in, &list, CBS_ASN1_SEQUENCE))
        return;
    while (CBS_get_asn1(&list, &extension, CBS_ASN1_SEQUENCE))
        parse_one(out, &seen, extension);
}
