/* cert_oid: identifiers in dotted form, as their documents print them, and their names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/bytestring.h>

#include "core/cert_oid.h"

static const struct {
    const char *oid, *name;
} sig_alg_cases[] = {
    {"1.2.840.113549.1.1.2", "md2WithRSAEncryption"},
    {"1.2.840.113549.1.1.4", "md5WithRSAEncryption"},
    {"1.2.840.113549.1.1.5", "sha1WithRSAEncryption"},
    {"1.2.840.113549.1.1.10", "rsassaPss"},
    {"1.2.840.113549.1.1.11", "sha256WithRSAEncryption"},
    {"1.2.840.113549.1.1.13", "sha512WithRSAEncryption"},
    {"1.3.14.3.2.29", "sha1WithRSA"},
    {"1.2.840.10040.4.3", "dsa-with-sha1"},
    {"2.16.840.1.101.3.4.3.2", "dsa-with-sha256"},
    {"1.2.840.10045.4.1", "ecdsa-with-SHA1"},
    {"1.2.840.10045.4.3.2", "ecdsa-with-SHA256"},
    {"1.2.840.10045.4.3.4", "ecdsa-with-SHA512"},
    {"1.3.101.112", "Ed25519"},
    {"1.3.101.113", "Ed448"},
    {"2.16.840.1.101.3.4.3.17", "ML-DSA-44"},
    {"2.16.840.1.101.3.4.3.18", "ML-DSA-65"},
    {"2.16.840.1.101.3.4.3.19", "ML-DSA-87"},
    {"2.16.840.1.101.3.4.3.20", "SLH-DSA-SHA2-128s"},
    {"1.2.156.10197.1.501", "SM2-with-SM3"},
    {"1.2.840.113549.1.1.1", NULL}, /* a key, no signature */
    {"1.2.3.4", NULL},
};

static struct bytes oid_content(CBB *cbb, const char *text)
{
    assert_true(CBB_init(cbb, 16) && CBB_add_asn1_oid_from_text(cbb, text, strlen(text)));
    return bytes_of(CBB_data(cbb), CBB_len(cbb));
}

static void sig_algs(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof sig_alg_cases / sizeof *sig_alg_cases; i++) {
        CBB cbb;
        const char *name = cert_oid_sig_alg(oid_content(&cbb, sig_alg_cases[i].oid));
        if (name == NULL || sig_alg_cases[i].name == NULL)
            assert_true(name == sig_alg_cases[i].name);
        else
            assert_string_equal(name, sig_alg_cases[i].name);
        CBB_cleanup(&cbb);
    }
    assert_null(cert_oid_sig_alg(bytes_of(NULL, 0)));
}

static void curves(void **state)
{
    (void)state;
    static const struct {
        const char *oid, *name;
        uint32_t bits;
    } cases[] = {
        {"1.2.840.10045.3.1.7", "P-256", 256},
        {"1.2.840.10045.3.1.1", "P-192", 192},
        {"1.3.132.0.33", "P-224", 224},
        {"1.3.132.0.35", "P-521", 521},
        {"1.3.132.0.10", "secp256k1", 256},
        {"1.3.36.3.3.2.8.1.1.7", "brainpoolP256r1", 256},
        {"1.3.36.3.3.2.8.1.1.14", "brainpoolP512t1", 512},
        {"1.2.156.10197.1.301", "SM2", 256},
        {"1.3.132.0.38", "K-571", 571},
        {"1.3.132.0.99", NULL, 7},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CBB cbb;
        uint32_t bits = 7;
        const char *name = cert_oid_curve(&bits, oid_content(&cbb, cases[i].oid));
        assert_int_equal(bits, cases[i].bits);
        assert_string_equal(name != NULL ? name : "", cases[i].name != NULL ? cases[i].name : "");
        CBB_cleanup(&cbb);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sig_algs),
        cmocka_unit_test(curves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
