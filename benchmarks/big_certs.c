#include "benchmarks/big_certs.h"

#include <openssl/evp.h>
#include <openssl/mem.h>
#include <openssl/nid.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "benchmarks/bench.h"
#include "benchmarks/bench_key.h"

enum {
    NUM_KEYS = 2, /* RSA, EC */
    PLACES_MAX = 8,
    SERIAL_LEN = 16,
    DATE_LEN = 13, /* UTCTime */
    DAY_S = 86400
};

#define NAME_DIGITS "0000000000"
#define LEAF_NAME   "mx" NAME_DIGITS ".example.com"
#define OLD_DATE    "500101000000Z" /* stands where a date goes: 1950 */
#define LATE_DATE   "491231235959Z"

/* where something stands, in a template */
struct place {
    size_t at[PLACES_MAX], num;
};

struct template
{
    uint8_t *der;
    size_t len, key_len;
    struct place names, serial, not_before, not_after, key;
};

struct big_certs {
    uint64_t seed;
    int64_t now_s;
    EVP_PKEY *ca_key, *leaf_key[NUM_KEYS];
    struct bytes issuers[BIG_ISSUERS], root;
    struct template leaves[NUM_KEYS][BIG_ISSUERS + 1];
};

static const uint8_t serial_mark[SERIAL_LEN] = {0x5a, 0x5a, 0x5a, 0x5a, 0x5a, 0x5a, 0x5a, 0x5a,
                                                0x5a, 0x5a, 0x5a, 0x5a, 0x5a, 0x5a, 0x5a, 0x5a};

static void must(bool good, const char *what)
{
    if (!good)
        bench_die(what);
}

/* ---- templates ---- */

static void set_name(X509_NAME *name, const char *org, const char *cn)
{
    if (org != NULL)
        must(X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8, (const uint8_t *)org, -1, -1, 0),
             "a name");
    must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const uint8_t *)cn, -1, -1, 0),
         "a name");
}

static void add_extension(X509 *cert, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, cert, cert, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_nconf_nid(NULL, &ctx, nid, value);
    must(extension != NULL && X509_add_ext(cert, extension, -1), "an extension");
    X509_EXTENSION_free(extension);
}

static X509 *new_cert(EVP_PKEY *key, uint32_t issuer, const char *cn)
{
    char issuer_org[32], issuer_cn[32];
    X509 *cert = X509_new();
    BIGNUM *serial = BN_bin2bn(serial_mark, sizeof serial_mark, NULL);
    must(X509_set_version(cert, 2) && BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(cert)) &&
             X509_set_pubkey(cert, key),
         "a certificate");
    BN_free(serial);
    set_name(X509_get_subject_name(cert), NULL, cn);
    snprintf(issuer_org, sizeof issuer_org, "Example Trust %u", issuer / 3);
    snprintf(issuer_cn, sizeof issuer_cn, "Example CA %u", issuer);
    if (issuer == BIG_SELF_SIGNED)
        set_name(X509_get_issuer_name(cert), NULL, cn);
    else
        set_name(X509_get_issuer_name(cert), issuer_org, issuer_cn);
    return cert;
}

static void set_dates(X509 *cert, const char *from, const char *until)
{
    must(ASN1_UTCTIME_set_string(X509_getm_notBefore(cert), from) &&
             ASN1_UTCTIME_set_string(X509_getm_notAfter(cert), until),
         "dates");
}

/* signs, encodes and frees */
static uint8_t *finish(X509 *cert, EVP_PKEY *key, size_t *len)
{
    uint8_t *der = NULL;
    must(X509_sign(cert, key, EVP_sha256()) > 0, "signing");
    int n = i2d_X509(cert, &der);
    must(n > 0 && n <= BIG_DER_MAX, "encoding");
    *len = (size_t)n;
    X509_free(cert);
    return der;
}

static void find(struct place *out, const struct template *t, const void *what, size_t len)
{
    *out = (struct place){.num = 0};
    for (size_t at = 0; at + len <= t->len && out->num < PLACES_MAX; at++)
        if (memcmp(t->der + at, what, len) == 0)
            out->at[out->num++] = at;
    must(out->num > 0, "finding a place in a template");
}

static void find_key(struct template *t, EVP_PKEY *key)
{
    uint8_t *spki = NULL;
    int len = i2d_PUBKEY(key, &spki);
    bool is_rsa = EVP_PKEY_id(key) == EVP_PKEY_RSA;
    t->key_len = is_rsa ? 256 - 8 : 64; /* what stays makes it odd, and as long as it is */
    size_t tail = t->key_len + (is_rsa ? 5 + 4 : 0);
    must(len > (int)tail, "a key");
    find(&t->key, t, spki + (size_t)len - tail, t->key_len);
    OPENSSL_free(spki);
}

static void make_leaf(struct template *t, struct big_certs *c, EVP_PKEY *key, uint32_t issuer)
{
    X509 *cert = new_cert(key, issuer, LEAF_NAME);
    set_dates(cert, OLD_DATE, LATE_DATE);
    add_extension(cert, NID_basic_constraints, "CA:FALSE");
    add_extension(cert, NID_key_usage, "critical,digitalSignature,keyEncipherment");
    add_extension(cert, NID_subject_alt_name, "DNS:" LEAF_NAME ",DNS:mail.example.com");
    if (issuer != BIG_SELF_SIGNED) {
        add_extension(cert, NID_ext_key_usage, "serverAuth,clientAuth");
        add_extension(cert, NID_subject_key_identifier, "hash");
        add_extension(
            cert, NID_info_access,
            "OCSP;URI:http://ocsp.example.com/,caIssuers;URI:http://ca.example.com/ca.der");
        add_extension(cert, NID_certificate_policies, "2.23.140.1.2.1");
    }
    t->der = finish(cert, issuer == BIG_SELF_SIGNED ? key : c->ca_key, &t->len);
    find(&t->names, t, NAME_DIGITS, sizeof NAME_DIGITS - 1);
    find(&t->serial, t, serial_mark, SERIAL_LEN);
    find(&t->not_before, t, OLD_DATE, DATE_LEN);
    find(&t->not_after, t, LATE_DATE, DATE_LEN);
    find_key(t, key);
}

/* a CA certificate by the root, which has the same key */
static struct bytes make_ca(const struct big_certs *c, const char *org, const char *cn,
                            int64_t serial)
{
    size_t len;
    X509 *cert = X509_new();
    must(X509_set_version(cert, 2) && ASN1_INTEGER_set(X509_get_serialNumber(cert), serial) &&
             X509_set_pubkey(cert, c->ca_key),
         "an issuer");
    set_name(X509_get_subject_name(cert), org, cn);
    set_name(X509_get_issuer_name(cert), "Example Trust", "Example Root");
    set_dates(cert, "200101000000Z", "400101000000Z");
    add_extension(cert, NID_basic_constraints, "critical,CA:TRUE");
    add_extension(cert, NID_key_usage, "critical,keyCertSign,cRLSign");
    add_extension(cert, NID_subject_key_identifier, "hash");
    const uint8_t *der = finish(cert, c->ca_key, &len);
    return bytes_of(der, len);
}

static void make_issuer(struct big_certs *c, uint32_t issuer)
{
    char org[32], cn[32];
    snprintf(org, sizeof org, "Example Trust %u", issuer / 3);
    snprintf(cn, sizeof cn, "Example CA %u", issuer);
    c->issuers[issuer] = make_ca(c, org, cn, (int64_t)issuer + 2);
}

struct big_certs *big_certs_new(uint64_t seed, int64_t now_s)
{
    struct big_certs *c = calloc(1, sizeof *c);
    must(c != NULL, "memory");
    c->seed = seed;
    c->now_s = now_s;
    c->ca_key = bench_key_new(true);
    for (size_t k = 0; k < NUM_KEYS; k++)
        c->leaf_key[k] = bench_key_new(k == 0);
    c->root = make_ca(c, "Example Trust", "Example Root", 1);
    for (uint32_t i = 0; i < BIG_ISSUERS; i++)
        make_issuer(c, i);
    for (size_t k = 0; k < NUM_KEYS; k++)
        for (uint32_t i = 0; i <= BIG_ISSUERS; i++)
            make_leaf(&c->leaves[k][i], c, c->leaf_key[k], i);
    return c;
}

void big_certs_free(struct big_certs *c)
{
    if (c == NULL)
        return;
    for (size_t k = 0; k < NUM_KEYS; k++) {
        for (size_t i = 0; i <= BIG_ISSUERS; i++)
            OPENSSL_free(c->leaves[k][i].der);
        EVP_PKEY_free(c->leaf_key[k]);
    }
    for (size_t i = 0; i < BIG_ISSUERS; i++)
        OPENSSL_free((void *)(uintptr_t)c->issuers[i].data);
    OPENSSL_free((void *)(uintptr_t)c->root.data);
    EVP_PKEY_free(c->ca_key);
    free(c);
}

/* ---- leaves ---- */

static void put(uint8_t *der, const struct place *places, const void *what, size_t len)
{
    for (size_t i = 0; i < places->num; i++)
        memcpy(der + places->at[i], what, len);
}

static void put_noise(uint8_t *out, size_t len, uint64_t seed, uint64_t stream)
{
    for (size_t i = 0; i < len; i += 8) {
        uint64_t noise = big_random(seed, stream, i);
        memcpy(out + i, &noise, len - i < 8 ? len - i : 8);
    }
}

static void put_date(uint8_t *der, const struct place *places, int64_t s)
{
    char text[32];
    struct tm tm;
    time_t t = (time_t)s;
    gmtime_r(&t, &tm);
    must(strftime(text, sizeof text, "%y%m%d%H%M%SZ", &tm) == DATE_LEN, "a date");
    put(der, places, text, DATE_LEN);
}

/* skewed, as issuers are: the first has a third */
static uint32_t issuer_of(uint64_t r)
{
    if (r % 100 < 28)
        return BIG_SELF_SIGNED;
    uint32_t i = 0;
    for (r /= 100; i + 1 < BIG_ISSUERS && r % 100 >= 45; r /= 100, i++)
        if (r < 100)
            break;
    return i;
}

struct bytes big_certs_leaf(const struct big_certs *c, uint8_t out[BIG_DER_MAX], uint32_t *issuer,
                            uint64_t number)
{
    uint64_t r = big_random(c->seed, 1, number), own = big_random(c->seed, 2, number);
    char digits[sizeof NAME_DIGITS];
    uint8_t noise[256];
    *issuer = issuer_of(r >> 8);
    const struct template *t = &c->leaves[r % 100 < 22][*issuer];
    memcpy(out, t->der, t->len);
    snprintf(digits, sizeof digits, "%010llu",
             (unsigned long long)(number % UINT64_C(10000000000)));
    put(out, &t->names, digits, sizeof digits - 1);
    put_noise(noise, SERIAL_LEN, own, 3);
    noise[0] = noise[0] % 127 + 1;
    put(out, &t->serial, noise, SERIAL_LEN);
    bool own_key = r >> 40 & 7; /* an eighth shares keys */
    put_noise(noise, t->key_len, own_key ? own : big_random(c->seed, 4, number % 4096), 5);
    put(out, &t->key, noise, t->key_len);
    size_t signature_len = *issuer != BIG_SELF_SIGNED || t->key_len > 64 ? 256 : 32;
    put_noise(out + t->len - signature_len, signature_len, own, 6);
    int64_t age_s = (int64_t)(own % 80) * DAY_S, life_s = *issuer == BIG_SELF_SIGNED ? 3650 : 90;
    put_date(out, &t->not_before, c->now_s - age_s - (int64_t)(own >> 8) % DAY_S);
    put_date(out, &t->not_after, c->now_s - age_s + life_s * DAY_S);
    return bytes_of(out, t->len);
}

struct bytes big_certs_root(const struct big_certs *c)
{
    return c->root;
}

struct bytes big_certs_issuer(const struct big_certs *c, uint32_t issuer)
{
    return c->issuers[issuer];
}
