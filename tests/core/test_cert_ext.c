/* cert_ext: each extension by itself, whole, malformed and twice; and all of them in a certificate. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <openssl/bytestring.h>
#include <openssl/mem.h>
#include <openssl/sha.h>

#include "core/cert_ext.h"
#include "tests/core/chains.h"

#define B(text)                                                                                    \
    {                                                                                              \
        (const uint8_t *)(text), sizeof(text) - 1                                                  \
    }

#define SKI        "\x55\x1d\x0e"
#define USAGE      "\x55\x1d\x0f"
#define BASIC      "\x55\x1d\x13"
#define NAMES      "\x55\x1d\x1e"
#define AKI        "\x55\x1d\x23"
#define EKU        "\x55\x1d\x25"
#define ACCESS     "\x2b\x06\x01\x05\x05\x07\x01\x01"
#define FEATURE    "\x2b\x06\x01\x05\x05\x07\x01\x18"
#define SCTS       "\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x02"
#define POISON     "\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x03"
#define ANY        "\x06\x04\x55\x1d\x25\0"
#define SERVER     "\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01"
#define CLIENT     "\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x02"
#define OCSP       "\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x09"
#define ASK(which) "\x30\x0d\x06\x08\x2b\x06\x01\x05\x05\x07\x30" which "\x86\x01x"

/* what a case expects: all of it in one text */
static void print_facts(char out[256], const struct cert_facts *f)
{
    int len = snprintf(out, 256, "%s%s%s%s%s", f->has_basic_constraints ? "basic " : "",
                       f->is_ca ? "ca " : "", f->must_staple ? "staple " : "",
                       f->has_ocsp ? "ocsp " : "", f->has_ca_issuers ? "issuers " : "");
    if (f->has_path_len)
        len += snprintf(out + len, 256 - (size_t)len, "path=%u ", f->path_len);
    if (f->has_key_usage)
        len += snprintf(out + len, 256 - (size_t)len, "usage=%x ", f->key_usage);
    if (f->has_eku)
        len += snprintf(out + len, 256 - (size_t)len, "eku=%x ", f->eku);
    len += snprintf(out + len, 256 - (size_t)len, "%s", f->is_precert ? "poison " : "");
    const struct {
        const char *name;
        struct bytes value;
    } views[] = {
        {"ski", f->ski}, {"aki", f->aki}, {"scts", f->sct_list}, {"names", f->name_constraints}};
    for (size_t i = 0; i < sizeof views / sizeof *views; i++)
        if (views[i].value.len > 0)
            len += snprintf(out + len, 256 - (size_t)len, "%s=%.*s ", views[i].name,
                            (int)views[i].value.len, (const char *)views[i].value.data);
    if (len > 0)
        out[len - 1] = '\0';
}

static void add_extension(CBB *list, struct bytes oid, struct bytes value, bool is_critical)
{
    CBB extension, child;
    assert_true(CBB_add_asn1(list, &extension, CBS_ASN1_SEQUENCE) &&
                CBB_add_asn1(&extension, &child, CBS_ASN1_OBJECT) &&
                CBB_add_bytes(&child, oid.data, oid.len));
    if (is_critical)
        assert_true(CBB_add_asn1_bool(&extension, 1));
    assert_true(CBB_add_asn1(&extension, &child, CBS_ASN1_OCTETSTRING) &&
                CBB_add_bytes(&child, value.data, value.len) && CBB_flush(list));
}

/* parse reads one extension, or two of the same kind if second has octets. */
static void parse(char out[256], struct bytes oid, struct bytes first, struct bytes second)
{
    CBB cbb, list;
    uint8_t *der;
    size_t len;
    struct cert_facts f = {0};
    assert_true(CBB_init(&cbb, 64) && CBB_add_asn1(&cbb, &list, CBS_ASN1_SEQUENCE));
    add_extension(&list, oid, first, true);
    if (second.len > 0)
        add_extension(&list, oid, second, false);
    assert_true(CBB_finish(&cbb, &der, &len));
    cert_ext_parse(&f, bytes_of(der, len));
    print_facts(out, &f);
    OPENSSL_free(der);
}

static const struct {
    struct bytes oid, value;
    const char *facts;
} cases[] = {
    {B(BASIC), B("\x30\0"), "basic"},
    {B(BASIC), B("\x30\x03\x01\x01\xff"), "basic ca"},
    {B(BASIC), B("\x30\x03\x01\x01\0"), "basic"},
    {B(BASIC), B("\x30\x06\x01\x01\xff\x02\x01\0"), "basic ca path=0"},
    {B(BASIC), B("\x30\x07\x01\x01\xff\x02\x02\x01\x02"), "basic ca path=258"},
    {B(BASIC), B("\x30\x03\x02\x01\x05"), "basic path=5"},
    {B(BASIC), B("\x30\x06\x01\x01\xff\x02\x01\x80"), "basic ca"},
    {B(BASIC), B("\x30\x0a\x01\x01\xff\x02\x05\0\xff\xff\xff\xff"), "basic ca path=4294967295"},
    {B(BASIC), B("\x30\x0a\x01\x01\xff\x02\x05\x01\0\0\0\0"), "basic ca path=4294967295"},
    {B(BASIC), B("\x30\x0f\x01\x01\xff\x02\x0a\x01\0\0\0\0\0\0\0\0\0"), "basic ca path=4294967295"},
    {B(BASIC), B("\x30\x05\x01\x01\xff\x02\0"), "basic ca"},
    {B(BASIC), B("\x04\0"), ""},
    {B(USAGE), B("\x03\x02\x05\xa0"), "usage=5"},
    {B(USAGE), B("\x03\x03\x07\0\x80"), "usage=100"},
    {B(USAGE), B("\x03\x02\x01\x06"), "usage=60"},
    {B(USAGE), B("\x03\x01\0"), "usage=0"},
    {B(USAGE), B("\x03\0"), ""},
    {B(USAGE), B("\x03\x02\x05\xff"), ""},
    {B(USAGE), B("\x04\x02\x05\xa0"), ""},
    {B(EKU), B("\x30\x0a" SERVER), "eku=2"},
    {B(EKU), B("\x30\x14" SERVER CLIENT), "eku=6"},
    {B(EKU), B("\x30\x1a" ANY OCSP "\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x03"), "eku=19"},
    {B(EKU), B("\x30\0"), "eku=0"},
    {B(EKU), B("\x30\x0c" SERVER "\x05\0"), "eku=2"},
    {B(EKU), B("\x05\0"), ""},
    {B(SKI), B("\x04\x03key"), "ski=key"},
    {B(SKI), B("\x04\x03ke"), ""},
    {B(AKI), B("\x30\x05\x80\x03key"), "aki=key"},
    {B(AKI), B("\x30\x03\x82\x01x"), ""},
    {B(AKI), B("\x30\0"), ""},
    {B(NAMES), B("\x30\x02\xa0\0"), "names=\xa0"},
    {B(NAMES), B("\x31\x02\xa0\0"), ""},
    {B(ACCESS), B("\x30\x0f" ASK("\x01")), "ocsp"},
    {B(ACCESS), B("\x30\x1e" ASK("\x02") ASK("\x01")), "ocsp issuers"},
    {B(ACCESS), B("\x30\x11\x30\0" ASK("\x02")), "issuers"},
    {B(ACCESS), B("\x30\x0f" ASK("\x05")), ""},
    {B(FEATURE), B("\x30\x03\x02\x01\x05"), "staple"},
    {B(FEATURE), B("\x30\x06\x02\x01\x11\x02\x01\x05"), "staple"},
    {B(FEATURE), B("\x30\x03\x02\x01\x11"), ""},
    {B(FEATURE), B("\x02\x01\x05"), ""},
    {B(SCTS), B("\x04\x03scts"), "scts=sct"},
    {B(SCTS), B("\x30\x03sct"), ""},
    {B(POISON), B("\x05\0"), "poison"},
    {B("\x2a\x03"), B("\x05\0"), ""},
};

static void each_extension(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char facts[256];
        parse(facts, cases[i].oid, cases[i].value, (struct bytes){NULL, 0});
        if (strcmp(facts, cases[i].facts) != 0)
            fail_msg("case %zu: \"%s\", not \"%s\"", i, facts, cases[i].facts);
    }
}

/* A malformed one counts as the first too: a reader that looked on would see what others do not. */
static void the_first_counts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
            char facts[256];
            if (!bytes_equal(cases[i].oid, cases[k].oid))
                continue;
            parse(facts, cases[i].oid, cases[i].value, cases[k].value);
            assert_string_equal(facts, cases[i].facts);
        }
}

static void all_at_once(void **state)
{
    (void)state;
    struct chains *c = calloc(1, sizeof *c);
    struct cert_facts f, issuer;
    uint8_t sha1[20];
    assert_non_null(c);
    chains_add(c, "all sub leaf-v1");
    assert_true(cert_parse(&f, c->certs[0]) && cert_parse(&issuer, c->certs[1]));
    assert_int_equal(f.version, 3);
    assert_true(f.has_basic_constraints && f.is_ca && f.has_path_len && f.path_len == 7);
    assert_int_equal(f.key_usage, CERT_KU_DIGITAL_SIGNATURE | CERT_KU_KEY_AGREEMENT |
                                      CERT_KU_CERT_SIGN | CERT_KU_DECIPHER_ONLY);
    assert_int_equal(f.eku, CERT_EKU_SERVER_AUTH | CERT_EKU_CLIENT_AUTH | CERT_EKU_OCSP_SIGNING |
                                CERT_EKU_OTHER);
    assert_true(f.must_staple && f.has_ocsp && f.has_ca_issuers && f.is_precert);
    assert_int_equal(f.sct_list.len, 5);
    assert_int_equal(f.name_constraints.len, 17);
    assert_true(bytes_equal(f.ski, bytes_of(SHA1(f.spki.data, f.spki.len, sha1), 20)));
    assert_true(bytes_equal(f.aki, issuer.ski));
    assert_true(f.key.len == 65 && f.key.data[0] == 4); /* an uncompressed point */
    assert_true(f.tbs.data == c->certs[0].data + 4);
    assert_true(cert_parse(&f, c->certs[2]));
    assert_int_equal(f.version, 1);
    free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_extension),
        cmocka_unit_test(the_first_counts),
        cmocka_unit_test(all_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
