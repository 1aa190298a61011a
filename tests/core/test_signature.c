/* signature: certificates bear the signatures of those who made them, by every algorithm that the
 * header names, and of nobody else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <openssl/err.h>

#include "core/cert.h"
#include "core/signature.h"

enum { FILE_MAX_LEN = 8192 };

/* data: signers of certificates of tests/data/certs (make.sh) */
static const struct {
    const char *file, *signer;
    enum signature_verdict verdict;
} cases[] = {
    {"ca.der", "ca.der", SIGNATURE_GOOD}, /* ECDSA, SHA-256 */
    {"sub-ca.der", "ca.der", SIGNATURE_GOOD},
    {"ecdsa-sha1.der", "ca.der", SIGNATURE_GOOD},
    {"ecdsa-sha384.der", "ca.der", SIGNATURE_GOOD},
    {"ecdsa-sha512.der", "ca.der", SIGNATURE_GOOD},
    {"rsa1024.der", "rsa1024.der", SIGNATURE_BAD}, /* signed by the CA */
    {"rsa1024.der", "ca.der", SIGNATURE_GOOD},
    {"rsa-sha1.der", "rsa2048.der", SIGNATURE_GOOD}, /* RSA, PKCS #1 */
    {"rsa-sha224.der", "rsa2048.der", SIGNATURE_GOOD},
    {"rsa-sha384.der", "rsa2048.der", SIGNATURE_GOOD},
    {"rsa-sha512.der", "rsa2048.der", SIGNATURE_GOOD},
    {"rsa-sha512.der", "rsa4096.der", SIGNATURE_BAD},
    {"rsa-pss-signed.der", "rsa2048.der", SIGNATURE_GOOD},
    {"rsa-pss-signed.der", "rsa4096.der", SIGNATURE_BAD},
    {"p-224.der", "p-224.der", SIGNATURE_GOOD},
    {"p-384.der", "p-384.der", SIGNATURE_GOOD},
    {"p-521.der", "p-521.der", SIGNATURE_GOOD},
    {"ed25519.der", "ed25519.der", SIGNATURE_GOOD},
    {"ed25519.der", "ca.der", SIGNATURE_BAD}, /* another kind of key */
    {"ca.der", "ed25519.der", SIGNATURE_BAD},
    {"rsa-pss-signed.der", "ca.der", SIGNATURE_BAD},
    {"p-256.der", "p-384.der", SIGNATURE_BAD},
    {"rsa-md5.der", "rsa2048.der", SIGNATURE_UNSUPPORTED},
    {"dsa.der", "dsa.der", SIGNATURE_UNSUPPORTED},
    {"ed448.der", "ed448.der", SIGNATURE_UNSUPPORTED},
    {"ed25519.der", "dsa.der", SIGNATURE_UNSUPPORTED}, /* a key that has no algorithm here */
    {"brainpoolp256r1.der", "brainpoolp256r1.der", SIGNATURE_UNSUPPORTED},
    {"rsa-pss-signed.der", "rsa-pss-key.der", SIGNATURE_UNSUPPORTED}, /* a key for PSS only */
};

static struct bytes load(uint8_t *buf, const char *file)
{
    char path[512];
    snprintf(path, sizeof path, "%s/certs/%s", TEST_DATA, file);
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        fail_msg("cannot open %s", path);
    size_t len = fread(buf, 1, FILE_MAX_LEN, f);
    fclose(f);
    return bytes_of(buf, len);
}

static void signatures_are_those_of_their_makers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t buf[FILE_MAX_LEN], signer_buf[FILE_MAX_LEN];
        struct signed_der s;
        struct cert_facts signer;
        print_message("%s by %s\n", cases[i].file, cases[i].signer);
        assert_true(signed_der_read(&s, load(buf, cases[i].file)));
        assert_true(cert_parse(&signer, load(signer_buf, cases[i].signer)));
        assert_int_equal(signature_check(&s, signer.spki), cases[i].verdict);
        assert_int_equal(ERR_peek_error(), 0);
    }
}

static void a_changed_body_is_bad(void **state)
{
    (void)state;
    static const char *const files[] = {"ca.der", "rsa-pss-signed.der", "ed25519.der"};
    static const char *const signers[] = {"ca.der", "rsa2048.der", "ed25519.der"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        uint8_t buf[FILE_MAX_LEN], signer_buf[FILE_MAX_LEN];
        struct signed_der s;
        struct cert_facts signer;
        assert_true(signed_der_read(&s, load(buf, files[i])));
        assert_true(cert_parse(&signer, load(signer_buf, signers[i])));
        assert_int_equal(signature_check(&s, signer.spki), SIGNATURE_GOOD);
        buf[s.body.data - buf + 20] ^= 1;
        assert_int_equal(signature_check(&s, signer.spki), SIGNATURE_BAD);
        buf[s.body.data - buf + 20] ^= 1;
        s.signature.len--;
        assert_int_equal(signature_check(&s, signer.spki), SIGNATURE_BAD);
        s.signature.len = 0;
        assert_int_equal(signature_check(&s, signer.spki), SIGNATURE_BAD);
        s.signature.len = 32;
        signer.spki.len--;
        assert_int_equal(signature_check(&s, signer.spki), SIGNATURE_UNSUPPORTED);
    }
}

/* PSS parameters that are broken, or name what is not known, leave it open whether it is good. */
static void strange_pss_parameters(void **state)
{
    (void)state;
#define PSS(literal)                                                                               \
    {                                                                                              \
        (const uint8_t *)(literal), sizeof(literal) - 1                                            \
    }
    static const struct {
        struct bytes parameters;
        enum signature_verdict verdict;
    } pss_cases[] = {
        {PSS(""), SIGNATURE_UNSUPPORTED},
        {PSS("\x05\x00"), SIGNATURE_UNSUPPORTED},
        {PSS("\x30\x00"), SIGNATURE_BAD}, /* all defaults: SHA-1 */
        {PSS("\x30\x05\xa2\x03\x02\x01\x20"), SIGNATURE_BAD},
        {PSS("\x30\x06\xa2\x04\x02\x02\x03\xe8"), SIGNATURE_UNSUPPORTED}, /* salt of 1000 */
        {PSS("\x30\x05\xa2\x03\x02\x01\xff"), SIGNATURE_UNSUPPORTED},     /* of -1 */
        {PSS("\x30\x07\xa0\x05\x30\x03\x06\x01\x2a"), SIGNATURE_UNSUPPORTED},
        {PSS("\x30\x04\xa0\x02\x05\x00"), SIGNATURE_UNSUPPORTED},
        {PSS("\x30\x07\xa1\x05\x30\x03\x06\x01\x2a"), SIGNATURE_UNSUPPORTED},
        {PSS("\x30\x04\xa1\x02\x30\x00"), SIGNATURE_UNSUPPORTED},
    };
    uint8_t buf[FILE_MAX_LEN], signer_buf[FILE_MAX_LEN];
    struct signed_der s;
    struct cert_facts signer;
    assert_true(signed_der_read(&s, load(buf, "rsa-pss-signed.der")));
    assert_true(cert_parse(&signer, load(signer_buf, "rsa2048.der")));
    for (size_t i = 0; i < sizeof pss_cases / sizeof *pss_cases; i++) {
        s.parameters = pss_cases[i].parameters;
        assert_int_equal(signature_check(&s, signer.spki), pss_cases[i].verdict);
    }
}

static void shapes(void **state)
{
    (void)state;
    uint8_t buf[FILE_MAX_LEN + 1];
    struct signed_der s;
    struct bytes der = load(buf, "p-256.der");
    for (size_t len = 0; len < der.len; len++)
        assert_false(signed_der_read(&s, bytes_of(der.data, len)));
    assert_true(signed_der_read(&s, der) && s.rest.len == 0);
    buf[der.len] = 0;
    assert_false(signed_der_read(&s, bytes_of(buf, der.len + 1)));
    /* a count of unused bits */
    static const uint8_t bits[] = "\x30\x0b\x30\x00\x30\x03\x06\x01\x2a\x03\x02\x00\x80";
    memcpy(buf, bits, sizeof bits - 1);
    assert_true(signed_der_read(&s, bytes_of(buf, sizeof bits - 1)));
    assert_int_equal(s.signature.len, 1);
    buf[11] = 7;
    assert_false(signed_der_read(&s, bytes_of(buf, sizeof bits - 1)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signatures_are_those_of_their_makers),
        cmocka_unit_test(a_changed_body_is_bad),
        cmocka_unit_test(strange_pss_parameters),
        cmocka_unit_test(shapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
