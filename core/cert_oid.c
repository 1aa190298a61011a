/* The object identifiers that certificates name keys, curves and signatures by. */
#include "core/cert_oid.h"

#include <stddef.h>

#define OID(octets) octets, sizeof(octets) - 1
#define COUNT(table) (sizeof(table) / sizeof(table)[0])

struct oid {
    const char *octets;   /* content of the OBJECT IDENTIFIER */
    size_t len;
};

static bool is_oid(struct bytes oid, struct oid entry)
{
    return oid.len == entry.len && memcmp(oid.data, entry.octets, entry.len) == 0;
}

static const struct {
    struct oid oid;
    const char *name;
} sig_algs[] = {
    {{OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x02")},
     "md2WithRSAEncryption"}, /* 1.2.840.113549.1.1.2 */
    {{OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x03")},
     "md4WithRSAEncryption"}, /* 1.2.840.113549.1.1.3 */
    {{OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04")},
     "md5WithRSAEncryption"}, /* 1.2.840.113549.1.1.4 */
    {{OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05")},
     "sha1WithRSAEncryption"}, /* 1.2.840.113549.1.1.5 */
    {{OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a")}, "rsassaPss"}, /* 1.2.840.113549.1.1.10 */
    {{OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b")},
     "sha256WithRSAEncryption"}, /* 1.2.840.113549.1.1.11 */
    {{OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c")},
     "sha384WithRSAEncryption"}, /* 1.2.840.113549.1.1.12 */
    {{OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d")},
     "sha512WithRSAEncryption"}, /* 1.2.840.113549.1.1.13 */
    {{OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0e")},
     "sha224WithRSAEncryption"}, /* 1.2.840.113549.1.1.14 */
    {{OID("\x2b\x0e\x03\x02\x1d")}, "sha1WithRSA"}, /* 1.3.14.3.2.29 */
    {{OID("\x2a\x86\x48\xce\x3d\x04\x01")}, "ecdsa-with-SHA1"}, /* 1.2.840.10045.4.1 */
    {{OID("\x2a\x86\x48\xce\x3d\x04\x03\x01")}, "ecdsa-with-SHA224"}, /* 1.2.840.10045.4.3.1 */
    {{OID("\x2a\x86\x48\xce\x3d\x04\x03\x02")}, "ecdsa-with-SHA256"}, /* 1.2.840.10045.4.3.2 */
    {{OID("\x2a\x86\x48\xce\x3d\x04\x03\x03")}, "ecdsa-with-SHA384"}, /* 1.2.840.10045.4.3.3 */
    {{OID("\x2a\x86\x48\xce\x3d\x04\x03\x04")}, "ecdsa-with-SHA512"}, /* 1.2.840.10045.4.3.4 */
    {{OID("\x2a\x86\x48\xce\x38\x04\x03")}, "dsa-with-sha1"}, /* 1.2.840.10040.4.3 */
    {{OID("\x60\x86\x48\x01\x65\x03\x04\x03\x01")}, "dsa-with-sha224"}, /* 2.16.840.1.101.3.4.3.1 */
    {{OID("\x60\x86\x48\x01\x65\x03\x04\x03\x02")}, "dsa-with-sha256"}, /* 2.16.840.1.101.3.4.3.2 */
    {{OID("\x60\x86\x48\x01\x65\x03\x04\x03\x03")}, "dsa-with-sha384"}, /* 2.16.840.1.101.3.4.3.3 */
    {{OID("\x60\x86\x48\x01\x65\x03\x04\x03\x04")}, "dsa-with-sha512"}, /* 2.16.840.1.101.3.4.3.4 */
    {{OID("\x60\x86\x48\x01\x65\x03\x04\x03\x09")},
     "ecdsa-with-SHA3-224"}, /* 2.16.840.1.101.3.4.3.9 */
    {{OID("\x60\x86\x48\x01\x65\x03\x04\x03\x0a")},
     "ecdsa-with-SHA3-256"}, /* 2.16.840.1.101.3.4.3.10 */
    {{OID("\x60\x86\x48\x01\x65\x03\x04\x03\x0b")},
     "ecdsa-with-SHA3-384"}, /* 2.16.840.1.101.3.4.3.11 */
    {{OID("\x60\x86\x48\x01\x65\x03\x04\x03\x0c")},
     "ecdsa-with-SHA3-512"}, /* 2.16.840.1.101.3.4.3.12 */
    {{OID("\x60\x86\x48\x01\x65\x03\x04\x03\x0d")},
     "rsa-with-SHA3-224"}, /* 2.16.840.1.101.3.4.3.13 */
    {{OID("\x60\x86\x48\x01\x65\x03\x04\x03\x0e")},
     "rsa-with-SHA3-256"}, /* 2.16.840.1.101.3.4.3.14 */
    {{OID("\x60\x86\x48\x01\x65\x03\x04\x03\x0f")},
     "rsa-with-SHA3-384"}, /* 2.16.840.1.101.3.4.3.15 */
    {{OID("\x60\x86\x48\x01\x65\x03\x04\x03\x10")},
     "rsa-with-SHA3-512"}, /* 2.16.840.1.101.3.4.3.16 */
    {{OID("\x60\x86\x48\x01\x65\x03\x04\x03\x11")}, "ML-DSA-44"}, /* 2.16.840.1.101.3.4.3.17 */
    {{OID("\x60\x86\x48\x01\x65\x03\x04\x03\x12")}, "ML-DSA-65"}, /* 2.16.840.1.101.3.4.3.18 */
    {{OID("\x60\x86\x48\x01\x65\x03\x04\x03\x13")}, "ML-DSA-87"}, /* 2.16.840.1.101.3.4.3.19 */
    {{OID("\x2b\x65\x70")}, "Ed25519"}, /* 1.3.101.112 */
    {{OID("\x2b\x65\x71")}, "Ed448"}, /* 1.3.101.113 */
    {{OID("\x2a\x81\x1c\xcf\x55\x01\x83\x75")}, "SM2-with-SM3"}, /* 1.2.156.10197.1.501 */
    {{OID("\x2a\x85\x03\x02\x02\x03")}, "gostR3411-94-with-gostR3410-2001"}, /* 1.2.643.2.2.3 */
    {{OID("\x2a\x85\x03\x07\x01\x01\x03\x02")},
     "gost3410-2012-256-with-gost3411-2012-256"}, /* 1.2.643.7.1.1.3.2 */
    {{OID("\x2a\x85\x03\x07\x01\x01\x03\x03")},
     "gost3410-2012-512-with-gost3411-2012-512"}, /* 1.2.643.7.1.1.3.3 */
    {{OID("\x60\x86\x48\x01\x65\x03\x04\x03\x14")},
     "SLH-DSA-SHA2-128s"}, /* 2.16.840.1.101.3.4.3.20 */
    {{OID("\x60\x86\x48\x01\x65\x03\x04\x03\x15")},
     "SLH-DSA-SHA2-128f"}, /* 2.16.840.1.101.3.4.3.21 */
    {{OID("\x60\x86\x48\x01\x65\x03\x04\x03\x16")},
     "SLH-DSA-SHA2-192s"}, /* 2.16.840.1.101.3.4.3.22 */
    {{OID("\x60\x86\x48\x01\x65\x03\x04\x03\x17")},
     "SLH-DSA-SHA2-192f"}, /* 2.16.840.1.101.3.4.3.23 */
    {{OID("\x60\x86\x48\x01\x65\x03\x04\x03\x18")},
     "SLH-DSA-SHA2-256s"}, /* 2.16.840.1.101.3.4.3.24 */
    {{OID("\x60\x86\x48\x01\x65\x03\x04\x03\x19")},
     "SLH-DSA-SHA2-256f"}, /* 2.16.840.1.101.3.4.3.25 */
    {{OID("\x60\x86\x48\x01\x65\x03\x04\x03\x1a")},
     "SLH-DSA-SHAKE-128s"}, /* 2.16.840.1.101.3.4.3.26 */
    {{OID("\x60\x86\x48\x01\x65\x03\x04\x03\x1b")},
     "SLH-DSA-SHAKE-128f"}, /* 2.16.840.1.101.3.4.3.27 */
    {{OID("\x60\x86\x48\x01\x65\x03\x04\x03\x1c")},
     "SLH-DSA-SHAKE-192s"}, /* 2.16.840.1.101.3.4.3.28 */
    {{OID("\x60\x86\x48\x01\x65\x03\x04\x03\x1d")},
     "SLH-DSA-SHAKE-192f"}, /* 2.16.840.1.101.3.4.3.29 */
    {{OID("\x60\x86\x48\x01\x65\x03\x04\x03\x1e")},
     "SLH-DSA-SHAKE-256s"}, /* 2.16.840.1.101.3.4.3.30 */
    {{OID("\x60\x86\x48\x01\x65\x03\x04\x03\x1f")},
     "SLH-DSA-SHAKE-256f"}, /* 2.16.840.1.101.3.4.3.31 */
};

static const struct {
    struct oid oid;
    const char *name;
    uint32_t bits;   /* of the field */
} curves[] = {
    {{OID("\x2a\x86\x48\xce\x3d\x03\x01\x07")}, "P-256", 256}, /* 1.2.840.10045.3.1.7 */
    {{OID("\x2b\x81\x04\x00\x22")}, "P-384", 384}, /* 1.3.132.0.34 */
    {{OID("\x2b\x81\x04\x00\x23")}, "P-521", 521}, /* 1.3.132.0.35 */
    {{OID("\x2b\x81\x04\x00\x21")}, "P-224", 224}, /* 1.3.132.0.33 */
    {{OID("\x2a\x86\x48\xce\x3d\x03\x01\x01")}, "P-192", 192}, /* 1.2.840.10045.3.1.1 */
    {{OID("\x2b\x81\x04\x00\x0a")}, "secp256k1", 256}, /* 1.3.132.0.10 */
    {{OID("\x2b\x81\x04\x00\x20")}, "secp224k1", 224}, /* 1.3.132.0.32 */
    {{OID("\x2b\x81\x04\x00\x1f")}, "secp192k1", 192}, /* 1.3.132.0.31 */
    {{OID("\x2b\x81\x04\x00\x09")}, "secp160k1", 160}, /* 1.3.132.0.9 */
    {{OID("\x2b\x81\x04\x00\x08")}, "secp160r1", 160}, /* 1.3.132.0.8 */
    {{OID("\x2b\x81\x04\x00\x1e")}, "secp160r2", 160}, /* 1.3.132.0.30 */
    {{OID("\x2a\x81\x1c\xcf\x55\x01\x82\x2d")}, "SM2", 256}, /* 1.2.156.10197.1.301 */
    {{OID("\x2b\x24\x03\x03\x02\x08\x01\x01\x01")},
     "brainpoolP160r1", 160}, /* 1.3.36.3.3.2.8.1.1.1 */
    {{OID("\x2b\x24\x03\x03\x02\x08\x01\x01\x02")},
     "brainpoolP160t1", 160}, /* 1.3.36.3.3.2.8.1.1.2 */
    {{OID("\x2b\x24\x03\x03\x02\x08\x01\x01\x03")},
     "brainpoolP192r1", 192}, /* 1.3.36.3.3.2.8.1.1.3 */
    {{OID("\x2b\x24\x03\x03\x02\x08\x01\x01\x04")},
     "brainpoolP192t1", 192}, /* 1.3.36.3.3.2.8.1.1.4 */
    {{OID("\x2b\x24\x03\x03\x02\x08\x01\x01\x05")},
     "brainpoolP224r1", 224}, /* 1.3.36.3.3.2.8.1.1.5 */
    {{OID("\x2b\x24\x03\x03\x02\x08\x01\x01\x06")},
     "brainpoolP224t1", 224}, /* 1.3.36.3.3.2.8.1.1.6 */
    {{OID("\x2b\x24\x03\x03\x02\x08\x01\x01\x07")},
     "brainpoolP256r1", 256}, /* 1.3.36.3.3.2.8.1.1.7 */
    {{OID("\x2b\x24\x03\x03\x02\x08\x01\x01\x08")},
     "brainpoolP256t1", 256}, /* 1.3.36.3.3.2.8.1.1.8 */
    {{OID("\x2b\x24\x03\x03\x02\x08\x01\x01\x09")},
     "brainpoolP320r1", 320}, /* 1.3.36.3.3.2.8.1.1.9 */
    {{OID("\x2b\x24\x03\x03\x02\x08\x01\x01\x0a")},
     "brainpoolP320t1", 320}, /* 1.3.36.3.3.2.8.1.1.10 */
    {{OID("\x2b\x24\x03\x03\x02\x08\x01\x01\x0b")},
     "brainpoolP384r1", 384}, /* 1.3.36.3.3.2.8.1.1.11 */
    {{OID("\x2b\x24\x03\x03\x02\x08\x01\x01\x0c")},
     "brainpoolP384t1", 384}, /* 1.3.36.3.3.2.8.1.1.12 */
    {{OID("\x2b\x24\x03\x03\x02\x08\x01\x01\x0d")},
     "brainpoolP512r1", 512}, /* 1.3.36.3.3.2.8.1.1.13 */
    {{OID("\x2b\x24\x03\x03\x02\x08\x01\x01\x0e")},
     "brainpoolP512t1", 512}, /* 1.3.36.3.3.2.8.1.1.14 */
    {{OID("\x2b\x81\x04\x00\x01")}, "K-163", 163}, /* 1.3.132.0.1 */
    {{OID("\x2b\x81\x04\x00\x0f")}, "B-163", 163}, /* 1.3.132.0.15 */
    {{OID("\x2b\x81\x04\x00\x1a")}, "K-233", 233}, /* 1.3.132.0.26 */
    {{OID("\x2b\x81\x04\x00\x1b")}, "B-233", 233}, /* 1.3.132.0.27 */
    {{OID("\x2b\x81\x04\x00\x10")}, "K-283", 283}, /* 1.3.132.0.16 */
    {{OID("\x2b\x81\x04\x00\x11")}, "B-283", 283}, /* 1.3.132.0.17 */
    {{OID("\x2b\x81\x04\x00\x24")}, "K-409", 409}, /* 1.3.132.0.36 */
    {{OID("\x2b\x81\x04\x00\x25")}, "B-409", 409}, /* 1.3.132.0.37 */
    {{OID("\x2b\x81\x04\x00\x26")}, "K-571", 571}, /* 1.3.132.0.38 */
    {{OID("\x2b\x81\x04\x00\x27")}, "B-571", 571}, /* 1.3.132.0.39 */
};

static const struct {
    struct oid oid;
    enum cert_key_type type;
} key_types[] = {
    {{OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01")}, CERT_KEY_RSA}, /* 1.2.840.113549.1.1.1 */
    {{OID("\x2a\x86\x48\xce\x3d\x02\x01")}, CERT_KEY_EC}, /* 1.2.840.10045.2.1 */
    {{OID("\x2b\x65\x70")}, CERT_KEY_ED25519}, /* 1.3.101.112 */
    {{OID("\x2b\x65\x71")}, CERT_KEY_ED448}, /* 1.3.101.113 */
    {{OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a")}, CERT_KEY_RSA_PSS}, /* 1.2.840.113549.1.1.10 */
    {{OID("\x2a\x86\x48\xce\x38\x04\x01")}, CERT_KEY_DSA}, /* 1.2.840.10040.4.1 */
    {{OID("\x60\x86\x48\x01\x65\x03\x04\x03\x11")}, CERT_KEY_ML_DSA}, /* 2.16.840.1.101.3.4.3.17 */
    {{OID("\x60\x86\x48\x01\x65\x03\x04\x03\x12")}, CERT_KEY_ML_DSA}, /* 2.16.840.1.101.3.4.3.18 */
    {{OID("\x60\x86\x48\x01\x65\x03\x04\x03\x13")}, CERT_KEY_ML_DSA}, /* 2.16.840.1.101.3.4.3.19 */
};

const char *cert_oid_sig_alg(struct bytes oid)
{
    for (size_t i = 0; i < COUNT(sig_algs); i++)
        if (is_oid(oid, sig_algs[i].oid))
            return sig_algs[i].name;
    return NULL;
}

const char *cert_oid_curve(uint32_t *bits, struct bytes oid)
{
    for (size_t i = 0; i < COUNT(curves); i++)
        if (is_oid(oid, curves[i].oid)) {
            *bits = curves[i].bits;
            return curves[i].name;
        }
    return NULL;
}

enum cert_key_type cert_oid_key_type(struct bytes oid)
{
    for (size_t i = 0; i < COUNT(key_types); i++)
        if (is_oid(oid, key_types[i].oid))
            return key_types[i].type;
    return CERT_KEY_UNKNOWN;
}
