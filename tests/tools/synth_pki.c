#include "tests/tools/synth_pki.h"

#include <openssl/base64.h>
#include <openssl/bn.h>
#include <openssl/bytestring.h>
#include <openssl/curve25519.h>
#include <openssl/ec_key.h>
#include <openssl/ecdsa.h>
#include <openssl/nid.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <time.h>

enum { POINT_MAX = 97, LABEL_MAX = 64 };
static const int64_t day_s = 86400;

/* a key of P-256 that signs */
struct synth_signer {
    uint8_t secret[32];
    EC_KEY *key;
    uint8_t point[65];
};

struct synth_pki {
    int64_t now_s;
    struct synth_ca root, lost, other_root;
    struct synth_ca *cas[SYNTH_CAS_MAX];
    size_t num_cas;
};

static void must(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "synth_pki: %s\n", what);
    abort();
}

static const char *const chain_slugs[] = {
#define X(NAME, slug, text) slug,
    SYNTH_CHAINS(X)
#undef X
};
static const char *const chain_texts[] = {
#define X(NAME, slug, text) text,
    SYNTH_CHAINS(X)
#undef X
};
static const char *const key_slugs[] = {
#define X(NAME, slug) slug,
    SYNTH_KEYS(X)
#undef X
};

const char *synth_chain_slug(unsigned chain)
{
    return chain < NUM_SYNTH_CHAINS ? chain_slugs[chain] : NULL;
}

const char *synth_chain_text(unsigned chain)
{
    return chain < NUM_SYNTH_CHAINS ? chain_texts[chain] : NULL;
}

const char *synth_key_slug(unsigned key)
{
    return key < NUM_SYNTH_KEYS ? key_slugs[key] : NULL;
}

/* ---- keys ---- */

/* 32 octets that follow from a label and two numbers; below the order of P-256 and of P-384 */
static void derive(uint8_t out[32], const char *label, uint64_t a, uint64_t b)
{
    uint8_t in[LABEL_MAX + 16] = {0};
    snprintf((char *)in, LABEL_MAX, "%s", label);
    memcpy(in + LABEL_MAX, &a, 8);
    memcpy(in + LABEL_MAX + 8, &b, 8);
    SHA256(in, sizeof in, out);
    out[0] &= 0x7f;
}

/* the public point of a secret */
static size_t put_point(uint8_t out[POINT_MAX], int curve, const uint8_t secret[32])
{
    EC_GROUP *group = EC_GROUP_new_by_curve_name(curve);
    BIGNUM *n = BN_bin2bn(secret, 32, NULL);
    EC_POINT *point = EC_POINT_new(group);
    must(group != NULL && n != NULL && point != NULL &&
             EC_POINT_mul(group, point, n, NULL, NULL, NULL),
         "point");
    size_t len =
        EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, out, POINT_MAX, NULL);
    EC_POINT_free(point);
    BN_free(n);
    EC_GROUP_free(group);
    must(len > 0, "point");
    return len;
}

static void signer_init(struct synth_signer *s, const char *label, uint64_t a, uint64_t b)
{
    uint8_t point[POINT_MAX];
    derive(s->secret, label, a, b);
    must(put_point(point, NID_X9_62_prime256v1, s->secret) == sizeof s->point, "point");
    memcpy(s->point, point, sizeof s->point);
    BIGNUM *n = BN_bin2bn(s->secret, sizeof s->secret, NULL);
    s->key = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
    must(n != NULL && s->key != NULL && EC_KEY_set_private_key(s->key, n), "key");
    BN_free(n);
}

/* The nonce follows from key and text: the same certificate every time. */
static void sign(CBB *out, const struct synth_signer *s, struct bytes text)
{
    uint8_t digest[32], nonce[32], in[64], signature[80];
    size_t len;
    SHA256(text.data, text.len, digest);
    memcpy(in, s->secret, 32);
    memcpy(in + 32, digest, 32);
    SHA256(in, sizeof in, nonce);
    nonce[0] &= 0x7f;
    ECDSA_SIG *sig = ECDSA_sign_with_nonce_and_leak_private_key_for_testing(
        digest, sizeof digest, s->key, nonce, sizeof nonce);
    CBB fixed;
    must(sig != NULL && CBB_init_fixed(&fixed, signature, sizeof signature) &&
             ECDSA_SIG_marshal(&fixed, sig) && CBB_finish(&fixed, NULL, &len) &&
             CBB_add_bytes(out, signature, len),
         "signature");
    ECDSA_SIG_free(sig);
}

/* ---- DER ---- */

static const uint8_t oid_cn[] = {0x55, 4, 3}, oid_org[] = {0x55, 4, 10};
static const uint8_t oid_ecdsa_sha256[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2};
static const uint8_t spki_p256[] = {0x30, 0x13, 6,    7,    0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1,
                                    6,    8,    0x2a, 0x86, 0x48, 0xce, 0x3d, 3,    1,    7};
static const uint8_t spki_p384[] = {0x30, 0x10, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d,
                                    2,    1,    6, 5, 0x2b, 0x81, 4,    0,    0x22};
static const uint8_t spki_rsa[] = {0x30, 0x0d, 6, 9, 0x2a, 0x86, 0x48, 0x86,
                                   0xf7, 0x0d, 1, 1, 1,    5,    0};
static const uint8_t spki_ed25519[] = {0x30, 5, 6, 3, 0x2b, 0x65, 0x70};

/* the extensions of a CA: basicConstraints, keyUsage; of a leaf: keyUsage, extKeyUsage */
static const uint8_t ca_extensions[] = {0x30, 0x0f, 6, 3, 0x55, 0x1d, 0x13, 1,    1, 0xff, 4,
                                        5,    0x30, 3, 1, 1,    0xff, 0x30, 0x0e, 6, 3,    0x55,
                                        0x1d, 0x0f, 1, 1, 0xff, 4,    4,    3,    2, 1,    6};
static const uint8_t leaf_extensions[] = {
    0x30, 0x0e, 6,    3,    0x55, 0x1d, 0x0f, 1,    1, 0xff, 4,    4, 3, 2, 7, 0x80, 0x30, 0x13, 6,
    3,    0x55, 0x1d, 0x25, 4,    0x0c, 0x30, 0x0a, 6, 8,    0x2b, 6, 1, 5, 5, 7,    3,    1};
static const uint8_t oid_san[] = {0x55, 0x1d, 0x11};

static void put(CBB *out, const uint8_t *octets, size_t len)
{
    must(CBB_add_bytes(out, octets, len), "octets");
}

static void put_oid(CBB *out, const uint8_t *oid, size_t len)
{
    CBB child;
    must(CBB_add_asn1(out, &child, CBS_ASN1_OBJECT) && CBB_add_bytes(&child, oid, len) &&
             CBB_flush(out),
         "oid");
}

static void put_attribute(CBB *name, const uint8_t oid[3], struct bytes value)
{
    CBB set, pair, text;
    if (value.len == 0)
        return;
    must(CBB_add_asn1(name, &set, CBS_ASN1_SET) && CBB_add_asn1(&set, &pair, CBS_ASN1_SEQUENCE),
         "attribute");
    put_oid(&pair, oid, 3);
    must(CBB_add_asn1(&pair, &text, CBS_ASN1_UTF8STRING) &&
             CBB_add_bytes(&text, value.data, value.len) && CBB_flush(name),
         "attribute");
}

struct name {
    struct bytes org, cn;
};

static void put_name(CBB *out, struct name n)
{
    CBB name;
    must(CBB_add_asn1(out, &name, CBS_ASN1_SEQUENCE), "name");
    put_attribute(&name, oid_org, n.org);
    put_attribute(&name, oid_cn, n.cn);
    must(CBB_flush(out), "name");
}

static void put_time(CBB *out, int64_t s)
{
    char text[32];
    time_t t = (time_t)s;
    struct tm tm;
    CBB child;
    gmtime_r(&t, &tm);
    bool utc = tm.tm_year < 150; /* RFC 5280, 4.1.2.5: until 2049 */
    size_t len = strftime(text, sizeof text, utc ? "%y%m%d%H%M%SZ" : "%Y%m%d%H%M%SZ", &tm);
    must(CBB_add_asn1(out, &child, utc ? CBS_ASN1_UTCTIME : CBS_ASN1_GENERALIZEDTIME) &&
             CBB_add_bytes(&child, (const uint8_t *)text, len) && CBB_flush(out),
         "time");
}

static void put_algorithm(CBB *out)
{
    CBB algorithm;
    must(CBB_add_asn1(out, &algorithm, CBS_ASN1_SEQUENCE), "algorithm");
    put_oid(&algorithm, oid_ecdsa_sha256, sizeof oid_ecdsa_sha256);
    must(CBB_flush(out), "algorithm");
}

/* An RSA modulus of any odd octets: nobody signs with it. */
static void put_rsa(CBB *bits, const uint8_t secret[32], size_t len)
{
    CBB key, integer;
    uint8_t n[512], block[32];
    for (size_t i = 0; i < len; i += sizeof block) {
        derive(block, "rsa", i, (uint64_t)secret[0] << 8 | secret[1]);
        for (size_t k = 0; k < sizeof block; k++)
            n[i + k] = block[k] ^ secret[k];
    }
    n[0] |= 0x80;
    n[len - 1] |= 1;
    must(CBB_add_asn1(bits, &key, CBS_ASN1_SEQUENCE) &&
             CBB_add_asn1(&key, &integer, CBS_ASN1_INTEGER) && CBB_add_u8(&integer, 0) &&
             CBB_add_bytes(&integer, n, len) && CBB_add_asn1_uint64(&key, 65537) && CBB_flush(bits),
         "RSA");
}

static void put_key_bits(CBB *bits, enum synth_key_kind kind, const uint8_t secret[32])
{
    uint8_t point[POINT_MAX], pair[64];
    switch (kind) {
    case SYNTH_KEY_P256: put(bits, point, put_point(point, NID_X9_62_prime256v1, secret)); break;
    case SYNTH_KEY_P384: put(bits, point, put_point(point, NID_secp384r1, secret)); break;
    case SYNTH_KEY_RSA1024: put_rsa(bits, secret, 128); break;
    case SYNTH_KEY_RSA2048: put_rsa(bits, secret, 256); break;
    case SYNTH_KEY_RSA4096: put_rsa(bits, secret, 512); break;
    case SYNTH_KEY_ED25519:
        ED25519_keypair_from_seed(point, pair, secret);
        put(bits, point, 32);
        break;
    case NUM_SYNTH_KEYS: break;
    }
}

static void put_spki(CBB *out, enum synth_key_kind kind, const uint8_t secret[32])
{
    static const struct bytes algorithms[] = {
        [SYNTH_KEY_P256] = {spki_p256, sizeof spki_p256},
        [SYNTH_KEY_P384] = {spki_p384, sizeof spki_p384},
        [SYNTH_KEY_RSA1024] = {spki_rsa, sizeof spki_rsa},
        [SYNTH_KEY_RSA2048] = {spki_rsa, sizeof spki_rsa},
        [SYNTH_KEY_RSA4096] = {spki_rsa, sizeof spki_rsa},
        [SYNTH_KEY_ED25519] = {spki_ed25519, sizeof spki_ed25519},
    };
    CBB spki, bits;
    must(CBB_add_asn1(out, &spki, CBS_ASN1_SEQUENCE), "SPKI");
    put(&spki, algorithms[kind].data, algorithms[kind].len);
    must(CBB_add_asn1(&spki, &bits, CBS_ASN1_BITSTRING) && CBB_add_u8(&bits, 0), "SPKI");
    put_key_bits(&bits, kind, secret);
    must(CBB_flush(out), "SPKI");
}

/* what a certificate says */
struct content {
    struct name issuer, subject;
    uint64_t serial;
    int64_t not_before, not_after;
    enum synth_key_kind key;
    const uint8_t *secret;
    bool ca;
    struct bytes san; /* empty: none */
};

static void put_san(CBB *extensions, struct bytes name)
{
    CBB extension, octets, names, dns;
    if (name.len == 0)
        return;
    must(CBB_add_asn1(extensions, &extension, CBS_ASN1_SEQUENCE), "SAN");
    put_oid(&extension, oid_san, sizeof oid_san);
    must(CBB_add_asn1(&extension, &octets, CBS_ASN1_OCTETSTRING) &&
             CBB_add_asn1(&octets, &names, CBS_ASN1_SEQUENCE) &&
             CBB_add_asn1(&names, &dns, CBS_ASN1_CONTEXT_SPECIFIC | 2) &&
             CBB_add_bytes(&dns, name.data, name.len) && CBB_flush(extensions),
         "SAN");
}

static void put_tbs(CBB *out, const struct content *c)
{
    CBB tbs, version, validity, outer, extensions;
    must(CBB_add_asn1(out, &tbs, CBS_ASN1_SEQUENCE) &&
             CBB_add_asn1(&tbs, &version, CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 0) &&
             CBB_add_asn1_uint64(&version, 2) && CBB_add_asn1_uint64(&tbs, c->serial),
         "tbs");
    put_algorithm(&tbs);
    put_name(&tbs, c->issuer);
    must(CBB_add_asn1(&tbs, &validity, CBS_ASN1_SEQUENCE), "validity");
    put_time(&validity, c->not_before);
    put_time(&validity, c->not_after);
    put_name(&tbs, c->subject);
    put_spki(&tbs, c->key, c->secret);
    must(CBB_add_asn1(&tbs, &outer, CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 3) &&
             CBB_add_asn1(&outer, &extensions, CBS_ASN1_SEQUENCE),
         "extensions");
    if (c->ca)
        put(&extensions, ca_extensions, sizeof ca_extensions);
    else
        put(&extensions, leaf_extensions, sizeof leaf_extensions);
    put_san(&extensions, c->san);
    must(CBB_flush(out), "tbs");
}

static void make(struct synth_made *out, const struct content *c, const struct synth_signer *by)
{
    uint8_t tbs[SYNTH_CERT_MAX];
    size_t tbs_len;
    CBB cbb, cert, bits;
    must(CBB_init_fixed(&cbb, tbs, sizeof tbs), "tbs");
    put_tbs(&cbb, c);
    must(CBB_finish(&cbb, NULL, &tbs_len), "tbs");
    must(CBB_init_fixed(&cbb, out->der, sizeof out->der) &&
             CBB_add_asn1(&cbb, &cert, CBS_ASN1_SEQUENCE),
         "certificate");
    put(&cert, tbs, tbs_len);
    put_algorithm(&cert);
    must(CBB_add_asn1(&cert, &bits, CBS_ASN1_BITSTRING) && CBB_add_u8(&bits, 0), "certificate");
    sign(&bits, by, bytes_of(tbs, tbs_len));
    must(CBB_finish(&cbb, NULL, &out->len), "certificate");
}

/* ---- CAs ---- */

static struct name ca_name(const struct synth_ca *ca, const char *cn)
{
    return (struct name){ca->org, bytes_text(cn)};
}

/* issuer NULL: by itself */
static void make_ca(struct synth_ca *ca, const struct synth_pki *p, const char *cn,
                    const struct synth_ca *issuer, uint64_t number)
{
    ca->signer = calloc(1, sizeof *ca->signer);
    must(ca->signer != NULL, "memory");
    signer_init(ca->signer, cn, number, 0);
    struct content c = {
        .issuer = issuer != NULL ? ca_name(issuer, "Synth Root") : ca_name(ca, cn),
        .subject = ca_name(ca, cn),
        .serial = 1 + number,
        .not_before = p->now_s - 3650 * day_s,
        .not_after = p->now_s + 3650 * day_s,
        .secret = ca->signer->secret,
        .ca = true,
    };
    make(&ca->cert, &c, issuer != NULL ? issuer->signer : ca->signer);
}

static void free_ca(struct synth_ca *ca)
{
    EC_KEY_free(ca->signer->key);
    free(ca->signer);
}

struct synth_pki *synth_pki_new(int64_t now_s)
{
    struct synth_pki *p = calloc(1, sizeof *p);
    must(p != NULL, "memory");
    p->now_s = now_s;
    make_ca(&p->root, p, "Synth Root", NULL, 0);
    make_ca(&p->other_root, p, "Nobody's Root", NULL, 1);
    make_ca(&p->lost, p, "Lost CA", &p->root, 2);
    return p;
}

void synth_pki_free(struct synth_pki *p)
{
    free_ca(&p->root);
    free_ca(&p->other_root);
    free_ca(&p->lost);
    for (size_t i = 0; i < p->num_cas; i++) {
        free_ca(p->cas[i]);
        free(p->cas[i]);
    }
    free(p);
}

/* what key and serial number of an organisation's CA follow from */
static uint64_t number_of(struct bytes org)
{
    uint8_t digest[32];
    uint32_t number;
    SHA256(org.data, org.len, digest);
    memcpy(&number, digest, sizeof number);
    return 3 + (uint64_t)number;
}

const struct synth_ca *synth_pki_ca(struct synth_pki *p, struct bytes org)
{
    for (size_t i = 0; i < p->num_cas; i++)
        if (bytes_equal(p->cas[i]->org, org))
            return p->cas[i];
    if (p->num_cas == SYNTH_CAS_MAX)
        return NULL;
    struct synth_ca *ca = calloc(1, sizeof *ca);
    must(ca != NULL, "memory");
    ca->org = org;
    make_ca(ca, p, "Synth CA", &p->root, number_of(org));
    p->cas[p->num_cas++] = ca;
    return ca;
}

/* ---- leaves ---- */

static const struct synth_ca *issuer_of(const struct synth_pki *p, const struct synth_leaf *leaf)
{
    if (leaf->chain == SYNTH_CHAIN_INCOMPLETE)
        return &p->lost;
    if (leaf->chain == SYNTH_CHAIN_UNTRUSTED_ROOT)
        return &p->other_root;
    return leaf->ca;
}

static struct name issuer_name(const struct synth_leaf *leaf, const struct synth_ca *ca)
{
    if (leaf->chain == SYNTH_CHAIN_INCOMPLETE)
        return ca_name(ca, "Lost CA");
    if (leaf->chain == SYNTH_CHAIN_UNTRUSTED_ROOT)
        return ca_name(ca, "Nobody's Root");
    return ca_name(ca, "Synth CA");
}

static void make_signed(struct synth_made *out, const struct synth_pki *p,
                        const struct synth_leaf *leaf)
{
    uint8_t secret[32];
    const struct synth_ca *ca = issuer_of(p, leaf);
    derive(secret, "leaf", leaf->seed, leaf->key_number);
    struct content c = {.subject = {.cn = leaf->name},
                        .serial = ((leaf->seed << 32 | leaf->number) & INT64_MAX) + 1,
                        .not_before = leaf->not_before,
                        .not_after = leaf->not_after,
                        .key = leaf->key,
                        .secret = secret,
                        .san = leaf->name};
    if (leaf->chain == SYNTH_CHAIN_SELF_SIGNED) {
        struct synth_signer self;
        signer_init(&self, "leaf", leaf->seed, leaf->key_number);
        c.issuer = c.subject;
        make(out, &c, &self);
        EC_KEY_free(self.key);
        return;
    }
    c.issuer = issuer_name(leaf, ca);
    make(out, &c, ca->signer);
}

void synth_pki_leaf(struct synth_made *out, const struct synth_pki *p,
                    const struct synth_leaf *leaf)
{
    out->len = 0;
    if (leaf->chain == SYNTH_CHAIN_UNPARSABLE)
        out->len =
            (size_t)snprintf((char *)out->der, sizeof out->der, "no certificate %llu %llu",
                             (unsigned long long)leaf->seed, (unsigned long long)leaf->number);
    else if (leaf->chain != SYNTH_CHAIN_NONE)
        make_signed(out, p, leaf);
    if (leaf->chain == SYNTH_CHAIN_BAD_SIGNATURE)
        out->der[out->len - 1] ^= 1;
}

const struct synth_made *synth_pki_issuer(const struct synth_pki *p, const struct synth_leaf *leaf)
{
    switch (leaf->chain) {
    case SYNTH_CHAIN_NONE:
    case SYNTH_CHAIN_SELF_SIGNED:
    case SYNTH_CHAIN_INCOMPLETE:
    case SYNTH_CHAIN_COMPLETABLE:
    case SYNTH_CHAIN_UNPARSABLE:
    case NUM_SYNTH_CHAINS: return NULL;
    case SYNTH_CHAIN_UNTRUSTED_ROOT: return &p->other_root.cert;
    case SYNTH_CHAIN_VALID:
    case SYNTH_CHAIN_WRONG_NAME:
    case SYNTH_CHAIN_EXPIRED:
    case SYNTH_CHAIN_NOT_YET_VALID:
    case SYNTH_CHAIN_BAD_SIGNATURE: return &leaf->ca->cert;
    }
    return NULL;
}

void synth_pki_roots(FILE *out, const struct synth_pki *p)
{
    uint8_t text[2 * SYNTH_CERT_MAX];
    size_t len = EVP_EncodeBlock(text, p->root.cert.der, p->root.cert.len);
    fputs("-----BEGIN CERTIFICATE-----\n", out);
    for (size_t i = 0; i < len; i += 64)
        fprintf(out, "%.*s\n", (int)(len - i < 64 ? len - i : 64), (const char *)text + i);
    fputs("-----END CERTIFICATE-----\n", out);
}
