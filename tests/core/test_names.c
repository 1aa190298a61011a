/* names: the tables against what the RFCs print, and that each entry is found exactly once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/names.h"

struct known {
    unsigned code;
    const char *name;   /* NULL: must be unknown */
};

static const struct known versions[] = {
    {0x0002, "SSLv2"},   {0x0300, "SSLv3"},   {0x0301, "TLSv1.0"}, {0x0302, "TLSv1.1"},
    {0x0303, "TLSv1.2"}, {0x0304, "TLSv1.3"}, {0x0305, NULL},      {0x0000, NULL},
    {0x7f1c, NULL},      {0xfefd, NULL},      {0xffff, NULL},
};

static const struct known suites[] = {
    {0x0000, "TLS_NULL_WITH_NULL_NULL"},
    {0x0003, "TLS_RSA_EXPORT_WITH_RC4_40_MD5"},
    {0x000a, "TLS_RSA_WITH_3DES_EDE_CBC_SHA"},
    {0x0018, "TLS_DH_anon_WITH_RC4_128_MD5"},
    {0x001c, NULL},   /* SSLv3 Fortezza, gone */
    {0x001e, "TLS_KRB5_WITH_DES_CBC_SHA"},
    {0x002f, "TLS_RSA_WITH_AES_128_CBC_SHA"},
    {0x0035, "TLS_RSA_WITH_AES_256_CBC_SHA"},
    {0x003b, "TLS_RSA_WITH_NULL_SHA256"},
    {0x0041, "TLS_RSA_WITH_CAMELLIA_128_CBC_SHA"},
    {0x005f, NULL},
    {0x0060, "TLS_RSA_EXPORT1024_WITH_RC4_56_MD5"},
    {0x0062, "TLS_RSA_EXPORT1024_WITH_DES_CBC_SHA"},
    {0x0081, "TLS_GOSTR341001_WITH_28147_CNT_IMIT"},
    {0x0096, "TLS_RSA_WITH_SEED_CBC_SHA"},
    {0x009c, "TLS_RSA_WITH_AES_128_GCM_SHA256"},
    {0x009f, "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384"},
    {0x00c5, "TLS_DH_anon_WITH_CAMELLIA_256_CBC_SHA256"},
    {0x00c6, "TLS_SM4_GCM_SM3"},
    {0x00c7, "TLS_SM4_CCM_SM3"},
    {0x00c8, NULL},
    {0x00ff, "TLS_EMPTY_RENEGOTIATION_INFO_SCSV"},
    {0x0a0a, NULL},   /* GREASE */
    {0x1301, "TLS_AES_128_GCM_SHA256"},
    {0x1302, "TLS_AES_256_GCM_SHA384"},
    {0x1303, "TLS_CHACHA20_POLY1305_SHA256"},
    {0x1305, "TLS_AES_128_CCM_8_SHA256"},
    {0x1307, "TLS_AEGIS_128L_SHA256"},
    {0x5600, "TLS_FALLBACK_SCSV"},
    {0xc001, "TLS_ECDH_ECDSA_WITH_NULL_SHA"},
    {0xc009, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"},
    {0xc013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"},
    {0xc01d, "TLS_SRP_SHA_WITH_AES_128_CBC_SHA"},
    {0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"},
    {0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"},
    {0xc030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"},
    {0xc03b, "TLS_ECDHE_PSK_WITH_NULL_SHA384"},
    {0xc05c, "TLS_ECDHE_ECDSA_WITH_ARIA_128_GCM_SHA256"},
    {0xc09c, "TLS_RSA_WITH_AES_128_CCM"},
    {0xc0aa, "TLS_PSK_DHE_WITH_AES_128_CCM_8"},
    {0xc0b0, "TLS_ECCPWD_WITH_AES_128_GCM_SHA256"},
    {0xc0b5, "TLS_SHA384_SHA384"},
    {0xc0b6, NULL},
    {0xc100, "TLS_GOSTR341112_256_WITH_KUZNYECHIK_CTR_OMAC"},
    {0xc106, "TLS_GOSTR341112_256_WITH_MAGMA_MGM_S"},
    {0xcc13, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256_OLD"},
    {0xcc16, NULL},
    {0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"},
    {0xcca9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"},
    {0xccae, "TLS_RSA_PSK_WITH_CHACHA20_POLY1305_SHA256"},
    {0xd004, NULL},
    {0xd005, "TLS_ECDHE_PSK_WITH_AES_128_CCM_SHA256"},
    {0xfeff, "SSL_RSA_FIPS_WITH_3DES_EDE_CBC_SHA"},
    {0xffff, NULL},
};

static const struct known groups[] = {
    {0, NULL},
    {1, "sect163k1"},
    {14, "sect571r1"},
    {15, "secp160k1"},
    {19, "secp192r1"},
    {21, "secp224r1"},
    {22, "secp256k1"},
    {23, "secp256r1"},
    {24, "secp384r1"},
    {25, "secp521r1"},
    {26, "brainpoolP256r1"},
    {28, "brainpoolP512r1"},
    {29, "x25519"},
    {30, "x448"},
    {31, "brainpoolP256r1tls13"},
    {34, "GC256A"},
    {40, "GC512C"},
    {41, "curveSM2"},
    {42, NULL},
    {256, "ffdhe2048"},
    {260, "ffdhe8192"},
    {512, "MLKEM512"},
    {514, "MLKEM1024"},
    {4587, "SecP256r1MLKEM768"},
    {4588, "X25519MLKEM768"},
    {4589, "SecP384r1MLKEM1024"},
    {0x2a2a, NULL},   /* GREASE */
    {25497, "X25519Kyber768Draft00"},
    {25498, "SecP256r1Kyber768Draft00"},
    {0xff01, "arbitrary_explicit_prime_curves"},
    {0xffff, NULL},
};

static const struct known sigschemes[] = {
    {0x0000, NULL},
    {0x0101, "rsa_pkcs1_md5"},
    {0x0201, "rsa_pkcs1_sha1"},
    {0x0202, "dsa_sha1"},
    {0x0203, "ecdsa_sha1"},
    {0x0301, "rsa_pkcs1_sha224"},
    {0x0401, "rsa_pkcs1_sha256"},
    {0x0403, "ecdsa_secp256r1_sha256"},
    {0x0420, "rsa_pkcs1_sha256_legacy"},
    {0x0503, "ecdsa_secp384r1_sha384"},
    {0x0601, "rsa_pkcs1_sha512"},
    {0x0603, "ecdsa_secp521r1_sha512"},
    {0x0708, "sm2sig_sm3"},
    {0x0709, "gostr34102012_256a"},
    {0x0804, "rsa_pss_rsae_sha256"},
    {0x0806, "rsa_pss_rsae_sha512"},
    {0x0807, "ed25519"},
    {0x0808, "ed448"},
    {0x0809, "rsa_pss_pss_sha256"},
    {0x081a, "ecdsa_brainpoolP256r1tls13_sha256"},
    {0x0904, "mldsa44"},
    {0x0906, "mldsa87"},
    {0x0911, "slhdsa_sha2_128s"},
    {0x091c, "slhdsa_shake_256f"},
    {0xfafa, NULL},
};

static const struct known alerts[] = {
    {0, "close_notify"},
    {1, NULL},
    {10, "unexpected_message"},
    {20, "bad_record_mac"},
    {21, "decryption_failed"},
    {30, "decompression_failure"},
    {40, "handshake_failure"},
    {42, "bad_certificate"},
    {46, "certificate_unknown"},
    {48, "unknown_ca"},
    {50, "decode_error"},
    {60, "export_restriction"},
    {70, "protocol_version"},
    {71, "insufficient_security"},
    {80, "internal_error"},
    {86, "inappropriate_fallback"},
    {90, "user_canceled"},
    {100, "no_renegotiation"},
    {109, "missing_extension"},
    {112, "unrecognized_name"},
    {116, "certificate_required"},
    {120, "no_application_protocol"},
    {121, "ech_required"},
    {255, NULL},
};

static const char *alert_name(uint16_t code)
{
    return code <= UINT8_MAX ? tls_alert_name((uint8_t)code) : NULL;
}

static const struct {
    const char *what;
    const char *(*find)(uint16_t);
    const struct known *known;
    size_t num_known;
    unsigned num_names;   /* in the whole table: every code point is asked */
} tables[] = {
    {"version", tls_version_name, versions, sizeof versions / sizeof *versions, 6},
    {"suite", tls_suite_name, suites, sizeof suites / sizeof *suites, 370},
    {"group", tls_group_name, groups, sizeof groups / sizeof *groups, 57},
    {"sigscheme", tls_sigscheme_name, sigschemes, sizeof sigschemes / sizeof *sigschemes, 61},
    {"alert", alert_name, alerts, sizeof alerts / sizeof *alerts, 37},
};

enum { NUM_TABLES = sizeof tables / sizeof *tables };

static void known_names(void **state)
{
    (void)state;
    for (size_t t = 0; t < NUM_TABLES; t++)
        for (size_t i = 0; i < tables[t].num_known; i++) {
            const struct known *k = &tables[t].known[i];
            const char *name = tables[t].find((uint16_t)k->code);
            if ((name == NULL) != (k->name == NULL) || (name != NULL && strcmp(name, k->name) != 0))
                fail_msg("%s 0x%04x: \"%s\", not \"%s\"", tables[t].what, k->code,
                         name != NULL ? name : "(none)", k->name != NULL ? k->name : "(none)");
        }
}

/* A table out of order, or with a code point twice, hides entries: counting tells. */
static void every_entry_is_found(void **state)
{
    (void)state;
    for (size_t t = 0; t < NUM_TABLES; t++) {
        unsigned num = 0;
        for (unsigned code = 0; code <= UINT16_MAX; code++)
            num += tables[t].find((uint16_t)code) != NULL;
        if (num != tables[t].num_names)
            fail_msg("%s: %u names are found, not %u", tables[t].what, num, tables[t].num_names);
    }
}

/* Statistics count by name: two code points under one name would be added up. */
static void no_name_twice(void **state)
{
    (void)state;
    for (size_t t = 0; t < NUM_TABLES; t++) {
        const char *seen[512];
        size_t num = 0;
        for (unsigned code = 0; code <= UINT16_MAX; code++) {
            const char *name = tables[t].find((uint16_t)code);
            if (name == NULL)
                continue;
            for (size_t i = 0; i < num; i++)
                assert_string_not_equal(name, seen[i]);
            assert_true(num < sizeof seen / sizeof *seen);
            seen[num++] = name;
        }
    }
}

static void suite_names_are_well_formed(void **state)
{
    (void)state;
    for (unsigned code = 0; code <= UINT16_MAX; code++) {
        const char *name = tls_suite_name((uint16_t)code);
        if (name == NULL)
            continue;
        assert_true(strncmp(name, "TLS_", 4) == 0 || strncmp(name, "SSL_", 4) == 0);
        assert_int_equal(strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_anon"), strlen(name));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_names),
        cmocka_unit_test(every_entry_is_found),
        cmocka_unit_test(no_name_twice),
        cmocka_unit_test(suite_names_are_well_formed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
