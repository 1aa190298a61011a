#include <openssl/bn.h>
#include <openssl/bytestring.h>
#include <openssl/mem.h>
#include <string.h>

#include "core/times.h"
#include "tools/cert_json.h"
#include "tools/zgrab2_json.h"

enum { SERIAL_MAX = 64, EXPONENT_MAX = 8 }; /* octets of those shown */
#define US_PER_S INT64_C(1000000)

static void put_hash(struct json *j, const char *key, const uint8_t sha256[32])
{
    json_key(j, key);
    json_hex(j, sha256, 32);
}

/* ---- what is parsed ---- */

/* zcrypto's names of the signature algorithms that it has names for */
static const char *algorithm_name(const char *name)
{
    static const char *const names[][2] = {
        {"md5WithRSAEncryption", "MD5-RSA"},       {"sha1WithRSAEncryption", "SHA1-RSA"},
        {"sha256WithRSAEncryption", "SHA256-RSA"}, {"sha384WithRSAEncryption", "SHA384-RSA"},
        {"sha512WithRSAEncryption", "SHA512-RSA"}, {"ecdsa-with-SHA1", "ECDSA-SHA1"},
        {"ecdsa-with-SHA256", "ECDSA-SHA256"},     {"ecdsa-with-SHA384", "ECDSA-SHA384"},
        {"ecdsa-with-SHA512", "ECDSA-SHA512"},     {"Ed25519", "Ed25519"},
    };
    for (size_t i = 0; name != NULL && i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i][0], name) == 0)
            return names[i][1];
    return NULL;
}

static void put_algorithm(struct json *j, const struct cert_facts *f)
{
    CBS oid;
    CBS_init(&oid, f->sig_alg_oid.data, f->sig_alg_oid.len);
    char *text = CBS_asn1_oid_to_text(&oid);
    json_key(j, "signature_algorithm");
    json_object(j);
    if (algorithm_name(f->sig_alg) != NULL)
        json_add_string(j, "name", algorithm_name(f->sig_alg));
    if (text != NULL)
        json_add_string(j, "oid", text);
    json_object_end(j);
    OPENSSL_free(text);
}

static void put_serial(struct json *j, struct bytes serial)
{
    BIGNUM *number = serial.len > 0 && serial.len <= SERIAL_MAX
                         ? BN_bin2bn(serial.data, serial.len, NULL)
                         : NULL;
    char *text = number != NULL ? BN_bn2dec(number) : NULL;
    if (text != NULL)
        json_add_string(j, "serial_number", text);
    OPENSSL_free(text);
    BN_free(number);
}

static void put_list_of_one(struct json *j, const char *key, struct bytes text)
{
    if (text.len == 0)
        return;
    json_key(j, key);
    json_array(j);
    json_text(j, text);
    json_array_end(j);
}

static void put_name(struct json *j, const char *key, struct bytes common, struct bytes org)
{
    json_key(j, key);
    json_object(j);
    put_list_of_one(j, "common_name", common);
    put_list_of_one(j, "organization", org);
    json_object_end(j);
}

static void put_validity(struct json *j, const struct cert_facts *f)
{
    char text[TIME_TEXT_MAX];
    const int64_t most = INT64_MAX / US_PER_S;
    if (!f->has_validity || f->not_before < -most || f->not_after > most || f->not_before > most ||
        f->not_after < -most)
        return;
    json_key(j, "validity");
    json_object(j);
    time_rfc3339_s(text, f->not_before * US_PER_S);
    json_add_string(j, "start", text);
    time_rfc3339_s(text, f->not_after * US_PER_S);
    json_add_string(j, "end", text);
    json_key(j, "length");
    json_int(j, f->not_after - f->not_before);
    json_object_end(j);
}

static void put_rsa(struct json *j, const struct cert_facts *f)
{
    struct bytes modulus, exponent;
    uint64_t e = 0;
    if (!cert_json_rsa(&modulus, &exponent, f) || exponent.len > EXPONENT_MAX)
        return;
    for (size_t i = 0; i < exponent.len; i++)
        e = e << 8 | exponent.data[i];
    json_key(j, "rsa_public_key");
    json_object(j);
    json_add_uint(j, "exponent", e);
    json_key(j, "modulus");
    json_base64(j, modulus);
    json_add_uint(j, "length", 8 * modulus.len);
    json_object_end(j);
}

static void put_key(struct json *j, const struct cert_facts *f)
{
    const char *name = f->key_type == CERT_KEY_EC ? "ECDSA" : cert_key_type_name(f->key_type);
    json_key(j, "subject_key_info");
    json_object(j);
    json_key(j, "key_algorithm");
    json_object(j);
    json_add_string(j, "name", name != NULL ? name : "unknown");
    json_object_end(j);
    put_rsa(j, f);
    if (f->key_type == CERT_KEY_EC) {
        json_key(j, "ecdsa_public_key");
        json_object(j);
        if (f->curve != NULL)
            json_add_string(j, "curve", f->curve);
        if (f->key_bits > 0)
            json_add_uint(j, "length", f->key_bits);
        json_key(j, "pub");
        json_base64(j, f->key);
        json_object_end(j);
    }
    put_hash(j, "fingerprint_sha256", f->spki_sha256);
    json_object_end(j);
}

static void put_extensions(struct json *j, const struct cert_facts *f)
{
    size_t left = CERT_JSON_NAMES_MAX;
    json_key(j, "extensions");
    json_object(j);
    if (f->has_basic_constraints) {
        json_key(j, "basic_constraints");
        json_object(j);
        json_add_bool(j, "is_ca", f->is_ca);
        json_object_end(j);
    }
    if (f->san.len > 0) {
        json_key(j, "subject_alt_name");
        json_object(j);
        cert_json_names(j, "dns_names", f->san, CERT_NAME_DNS, &left);
        cert_json_names(j, "ip_addresses", f->san, CERT_NAME_IP, &left);
        json_object_end(j);
    }
    json_object_end(j);
}

static void put_parsed(struct json *j, const struct cert_facts *f)
{
    if (f->version > 0)
        json_add_uint(j, "version", f->version);
    put_serial(j, f->serial);
    put_algorithm(j, f);
    put_name(j, "issuer", f->issuer_cn, f->issuer_org);
    put_validity(j, f);
    put_name(j, "subject", f->subject_cn, f->subject_org);
    put_key(j, f);
    put_extensions(j, f);
}

/* ---- shapes ---- */

static void put_cert(struct json *j, const uint8_t sha256[32], const struct cert_facts *f)
{
    json_object(j);
    json_key(j, "parsed");
    json_object(j);
    if (f != NULL)
        put_parsed(j, f);
    put_hash(j, "fingerprint_sha256", sha256);
    json_object_end(j);
    json_object_end(j);
}

void zgrab2_cert_ref(struct json *j, const uint8_t sha256[32], struct bytes der)
{
    (void)der;
    put_cert(j, sha256, NULL);
}

void zgrab2_cert_parsed(struct json *j, const uint8_t sha256[32], struct bytes der)
{
    struct cert_facts facts;
    put_cert(j, sha256, cert_parse(&facts, der) ? &facts : NULL);
}

void zgrab2_cert_raw(struct json *j, const uint8_t sha256[32], struct bytes der)
{
    (void)sha256;
    json_object(j);
    json_key(j, "raw");
    json_base64(j, der);
    json_object_end(j);
}
