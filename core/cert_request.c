#include "core/cert_request.h"

#include <openssl/bytestring.h>

#include "core/cbs.h"

enum { TLS_1_2 = 0x0303, TLS_1_3 = 0x0304, EXT_CERTIFICATE_AUTHORITIES = 47 };

/* takes a list behind its length of two octets, or what there is of it */
static bool take_list(CBS *from, CBS *list, bool *cut)
{
    uint16_t len;
    if (!CBS_get_u16(from, &len))
        return false;
    *cut |= len > CBS_len(from);
    return CBS_get_bytes(from, list, len < CBS_len(from) ? len : CBS_len(from));
}

static bool read_old(struct cert_request *out, CBS body, uint16_t version)
{
    CBS types, schemes, names;
    if (!CBS_get_u8_length_prefixed(&body, &types) ||
        (version == TLS_1_2 && !CBS_get_u16_length_prefixed(&body, &schemes)) ||
        !take_list(&body, &names, &out->cut))
        return false;
    out->ca_names = bytes_of_cbs(&names);
    return true;
}

static bool read_new(struct cert_request *out, CBS body)
{
    CBS context, exts, ext, names;
    uint16_t type;
    if (!CBS_get_u8_length_prefixed(&body, &context) || !take_list(&body, &exts, &out->cut))
        return false;
    while (CBS_get_u16(&exts, &type) && take_list(&exts, &ext, &out->cut))
        if (type == EXT_CERTIFICATE_AUTHORITIES && take_list(&ext, &names, &out->cut))
            out->ca_names = bytes_of_cbs(&names);
    return true;
}

bool cert_request_read(struct cert_request *out, struct bytes body, uint16_t version)
{
    struct cert_request request = {.cut = false};
    bool good = version >= TLS_1_3 ? read_new(&request, cbs_of(body))
                                   : read_old(&request, cbs_of(body), version);
    if (good)
        *out = request;
    return good;
}

bool cert_request_ca_next(struct bytes *ca_names, struct bytes *name)
{
    CBS list = cbs_of(*ca_names), one;
    if (!CBS_get_u16_length_prefixed(&list, &one))
        return false;
    *ca_names = bytes_of_cbs(&list);
    *name = bytes_of_cbs(&one);
    return true;
}

/* ---- names ---- */

struct text {
    uint8_t *data;
    size_t len;
    bool bad;
};

static void put(struct text *t, const void *data, size_t len)
{
    t->bad |= len > CERT_NAME_TEXT_MAX - t->len;
    if (t->bad || len == 0)
        return;
    memcpy(t->data + t->len, data, len);
    t->len += len;
}

/* RFC 4514, 3, and what else is common */
static const char *short_name(struct bytes oid)
{
    static const struct {
        const char *oid, *name;
    } names[] = {
        {"\x55\x04\x03", "CN"}, {"\x55\x04\x06", "C"},  {"\x55\x04\x07", "L"},
        {"\x55\x04\x08", "ST"}, {"\x55\x04\x0a", "O"},  {"\x55\x04\x0b", "OU"},
        {"\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19", "DC"},
        {"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01", "emailAddress"},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (bytes_equal(oid, bytes_text(names[i].oid)))
            return names[i].name;
    return NULL;
}

/* whether the octets of a string of that type are its text, one way or the other */
static bool is_plain(unsigned tag)
{
    return tag == CBS_ASN1_UTF8STRING || tag == CBS_ASN1_PRINTABLESTRING ||
           tag == CBS_ASN1_IA5STRING || tag == CBS_ASN1_T61STRING;
}

static bool put_rdn(struct text *t, CBS *name)
{
    CBS set, pair, oid, value;
    unsigned tag;
    if (!CBS_get_asn1(name, &set, CBS_ASN1_SET) ||
        !CBS_get_asn1(&set, &pair, CBS_ASN1_SEQUENCE) || CBS_len(&set) > 0 ||
        !CBS_get_asn1(&pair, &oid, CBS_ASN1_OBJECT) ||
        !CBS_get_any_asn1(&pair, &value, &tag) || !is_plain(tag) || CBS_len(&pair) > 0)
        return false;
    const char *attribute = short_name(bytes_of_cbs(&oid));
    if (attribute == NULL)
        return false;
    put(t, ",", t->len > 0);
    put(t, attribute, strlen(attribute));
    put(t, "=", 1);
    put(t, CBS_data(&value), CBS_len(&value));
    return !t->bad;
}

size_t cert_name_text(uint8_t out[CERT_NAME_TEXT_MAX], struct bytes name)
{
    CBS all = cbs_of(name), content;
    struct text t = {.data = out};
    if (!CBS_get_asn1(&all, &content, CBS_ASN1_SEQUENCE) || CBS_len(&all) > 0)
        return 0;
    while (CBS_len(&content) > 0)
        if (!put_rdn(&t, &content))
            return 0;
    return t.len;
}
