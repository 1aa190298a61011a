#include "tools/cert_json.h"

#include <openssl/bytestring.h>

#include "core/addr.h"
#include "core/cert_request.h"
#include "core/pem.h"
#include "core/times.h"

#define US_PER_S INT64_C(1000000)

const char *cert_key_type_name(enum cert_key_type type)
{
    switch (type) {
    case CERT_KEY_UNKNOWN: break;
    case CERT_KEY_RSA: return "RSA";
    case CERT_KEY_EC: return "EC";
    case CERT_KEY_ED25519: return "Ed25519";
    case CERT_KEY_ED448: return "Ed448";
    case CERT_KEY_DSA: return "DSA";
    case CERT_KEY_RSA_PSS: return "RSA-PSS";
    case CERT_KEY_ML_DSA: return "ML-DSA";
    }
    return NULL;
}

static bool take_positive(CBS *in, struct bytes *out)
{
    CBS integer;
    if (!CBS_get_asn1(in, &integer, CBS_ASN1_INTEGER))
        return false;
    while (CBS_len(&integer) > 1 && CBS_data(&integer)[0] == 0)
        CBS_skip(&integer, 1);
    *out = bytes_of(CBS_data(&integer), CBS_len(&integer));
    return out->len > 0;
}

bool cert_json_rsa(struct bytes *modulus, struct bytes *exponent, const struct cert_facts *facts)
{
    CBS key, sequence;
    CBS_init(&key, facts->key.data, facts->key.len);
    return (facts->key_type == CERT_KEY_RSA || facts->key_type == CERT_KEY_RSA_PSS) &&
           CBS_get_asn1(&key, &sequence, CBS_ASN1_SEQUENCE) && take_positive(&sequence, modulus) &&
           take_positive(&sequence, exponent);
}

/* ---- members ---- */

static void put_yes(struct json *j, const char *key, bool yes)
{
    if (!yes)
        return;
    json_add_bool(j, key, true);
}

static void put_name(struct json *j, const char *key, struct bytes name)
{
    uint8_t text[CERT_NAME_TEXT_MAX];
    json_add_octets(j, key, bytes_of(text, cert_name_text(text, name)));
}

/* times out of the years 0 to 9999 are clamped, as seconds first: they fit into us then */
static void put_time(struct json *j, const char *key, int64_t s)
{
    char text[TIME_TEXT_MAX];
    const int64_t most = INT64_MAX / US_PER_S;
    time_rfc3339_s(text, (s > most ? most : s < -most ? -most : s) * US_PER_S);
    json_add_string(j, key, text);
}

static void put_san(struct json *j, enum cert_name_type type, struct bytes name)
{
    struct addr addr;
    char text[ADDR_TEXT_MAX];
    if (type == CERT_NAME_IP && addr_from_bytes(&addr, name.data, name.len)) {
        addr_format(text, addr);
        json_string(j, text);
    } else if (type == CERT_NAME_IP) {
        json_hex(j, name.data, name.len);
    } else {
        json_octets(j, name);
    }
}

void cert_json_names(struct json *j, const char *key, struct bytes san, enum cert_name_type type,
                     size_t *left)
{
    enum cert_name_type found;
    struct bytes name;
    bool any = false;
    while (*left > 0 && cert_san_next(&san, &found, &name)) {
        if (found != type)
            continue;
        if (!any) {
            json_key(j, key);
            json_array(j);
            any = true;
        }
        put_san(j, type, name);
        --*left;
    }
    if (any)
        json_array_end(j);
}

static void put_names(struct json *j, const struct cert_facts *f)
{
    size_t left = CERT_JSON_NAMES_MAX;
    cert_json_names(j, "dns_names", f->san, CERT_NAME_DNS, &left);
    cert_json_names(j, "ip_addresses", f->san, CERT_NAME_IP, &left);
    cert_json_names(j, "emails", f->san, CERT_NAME_EMAIL, &left);
    cert_json_names(j, "uris", f->san, CERT_NAME_URI, &left);
    put_yes(j, "names_cut", left == 0);
}

static void put_key(struct json *j, const struct cert_facts *f)
{
    json_add_string(j, "key_type", cert_key_type_name(f->key_type));
    if (f->key_bits > 0)
        json_add_uint(j, "key_bits", f->key_bits);
    json_add_string(j, "curve", f->curve);
    json_add_hex(j, "spki_sha256", bytes_of(f->spki_sha256, 32));
}

static void put_facts(struct json *j, const struct cert_facts *f)
{
    if (f->version > 0)
        json_add_uint(j, "version", f->version);
    json_add_hex(j, "serial", f->serial);
    put_name(j, "subject", f->subject);
    json_add_octets(j, "subject_cn", f->subject_cn);
    json_add_octets(j, "subject_org", f->subject_org);
    put_name(j, "issuer", f->issuer);
    json_add_octets(j, "issuer_cn", f->issuer_cn);
    json_add_octets(j, "issuer_org", f->issuer_org);
    if (f->has_validity) {
        put_time(j, "not_before", f->not_before);
        put_time(j, "not_after", f->not_after);
    }
    put_names(j, f);
    put_key(j, f);
    json_add_string(j, "signature", f->sig_alg);
    put_yes(j, "is_ca", f->has_basic_constraints && f->is_ca);
    put_yes(j, "self_issued", f->self_issued);
    put_yes(j, "must_staple", f->must_staple);
}

/* ---- objects ---- */

void cert_json_parsed(struct json *j, const uint8_t sha256[32], struct bytes der)
{
    struct cert_facts facts;
    json_object(j);
    json_add_hex(j, "sha256", bytes_of(sha256, 32));
    if (cert_parse(&facts, der))
        put_facts(j, &facts);
    else
        put_yes(j, "unparsable", true);
    json_object_end(j);
}

static void append(struct json *j, const char *text)
{
    j->comma = false;
    json_raw(j, bytes_text(text));
}

void cert_json_pem(struct json *j, const uint8_t sha256[32], struct bytes der)
{
    char line[PEM_LINE_MAX];
    json_object(j);
    json_add_hex(j, "sha256", bytes_of(sha256, 32));
    json_key(j, "pem");
    append(j, "\"-----BEGIN CERTIFICATE-----\\n");
    while (pem_line(line, &der)) {
        append(j, line);
        append(j, "\\n");
    }
    append(j, "-----END CERTIFICATE-----\\n\"");
    json_object_end(j);
}
