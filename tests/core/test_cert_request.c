#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/bytestring.h>

#include "core/cert_request.h"

/* ---- requests ---- */

#define NAME_A "\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x0c\x01" "A"
#define NAME_B "\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x0a\x13\x01" "B"
#define TWO    "\0\x20\0\x0e" NAME_A "\0\x0e" NAME_B

static const struct request_case {
    const char *name, *body;
    size_t len;
    uint16_t version;
    bool good, cut;
    const char *names;   /* their texts, each behind a blank */
} request_cases[] = {
#define BODY(body) body, sizeof(body) - 1
    {"TLS 1.0", BODY("\2\1\2" TWO), 0x0301, true, false, " CN=A O=B"},
    {"TLS 1.2", BODY("\1\1\0\2\4\3" TWO), 0x0303, true, false, " CN=A O=B"},
    {"TLS 1.2, no names", BODY("\1\1\0\2\4\3\0\0"), 0x0303, true, false, ""},
    {"TLS 1.3", BODY("\0\0\x2e\0\x0d\0\4\0\2\4\3\0\x2f\0\x22" TWO), 0x0304, true, false,
     " CN=A O=B"},
    {"TLS 1.3, no names", BODY("\0\0\x08\0\x0d\0\4\0\2\4\3"), 0x0304, true, false, ""},
    {"TLS 1.3, no extensions", BODY("\0\0\0"), 0x0304, true, false, ""},
    {"nothing", BODY(""), 0x0303, false, false, ""},
    {"nothing in TLS 1.3", BODY(""), 0x0304, false, false, ""},
    {"types cut", BODY("\5\1"), 0x0301, false, false, ""},
    {"schemes cut", BODY("\1\1\0\x09\4\3"), 0x0303, false, false, ""},
    {"cut in the second name", BODY("\1\1\0\2\4\3\0\x20\0\x0e" NAME_A "\0\x0e\x30"), 0x0303, true,
     true, " CN=A"},
    {"cut in TLS 1.3", BODY("\0\0\x2e\0\x0d\0\4\0\2\4\3\0\x2f\0\x22\0\x20\0\x0e" NAME_A "\0\x0e"),
     0x0304, true, true, " CN=A"},
    {"a name that is none", BODY("\1\1\0\2\4\3\0\x13\0\1?\0\x0e" NAME_B), 0x0303, true, false,
     " ? O=B"},
};

static void list_names(char *out, size_t cap, struct bytes names)
{
    struct bytes name;
    uint8_t text[CERT_NAME_TEXT_MAX];
    out[0] = '\0';
    while (cert_request_ca_next(&names, &name)) {
        size_t len = cert_name_text(text, name);
        snprintf(out + strlen(out), cap - strlen(out), " %.*s", len > 0 ? (int)len : 1,
                 len > 0 ? (const char *)text : "?");
    }
}

static void test_requests(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof request_cases / sizeof request_cases[0]; i++) {
        const struct request_case *c = &request_cases[i];
        struct cert_request request = {.cut = false};
        char names[128];
        uint8_t *copy = malloc(c->len + 1);   /* of its own size */
        memcpy(copy, c->body, c->len);
        bool good = cert_request_read(&request, bytes_of(copy, c->len), c->version);
        list_names(names, sizeof names, request.ca_names);
        if (good != c->good || request.cut != c->cut || strcmp(names, c->names) != 0)
            fail_msg("%s: %d, cut %d, names \"%s\"", c->name, good, request.cut, names);
        for (size_t len = 0; len < c->len; len++)   /* any beginning is safe */
            if (cert_request_read(&request, bytes_of(copy, len), c->version))
                list_names(names, sizeof names, request.ca_names);
        free(copy);
    }
}

/* ---- names ---- */

static void test_names(void **state)
{
    (void)state;
    static const struct {
        const char *name, *der;
        size_t len;
        const char *text;
    } names[] = {
        {"empty", BODY("\x30\0"), ""},
        {"one", BODY(NAME_A), "CN=A"},
        {"several", BODY("\x30\x18\x31\x0a\x30\x08\x06\x03\x55\x04\x06\x13\x01" "C"
                         "\x31\x0a\x30\x08\x06\x03\x55\x04\x0b\x0c\x01" "U"), "C=C,OU=U"},
        {"domain", BODY("\x30\x13\x31\x11\x30\x0f\x06\x0a\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19"
                        "\x16\x01" "d"), "DC=d"},
        {"an attribute that has no name", BODY("\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x63\x0c"
                                               "\x01" "A"), ""},
        {"a BMPString", BODY("\x30\x0d\x31\x0b\x30\x09\x06\x03\x55\x04\x03\x1e\x02\0A"), ""},
        {"two in one", BODY("\x30\x16\x31\x14\x30\x08\x06\x03\x55\x04\x06\x13\x01" "C"
                            "\x30\x08\x06\x03\x55\x04\x0b\x0c\x01" "U"), ""},
        {"an octet behind it", BODY(NAME_A "?"), ""},
        {"cut", BODY("\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x0c\x01"), ""},
        {"nothing", BODY(""), ""},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        uint8_t text[CERT_NAME_TEXT_MAX];
        size_t len = cert_name_text(text, bytes_of(names[i].der, names[i].len));
        if (!bytes_equal(bytes_of(text, len), bytes_text(names[i].text)))
            fail_msg("%s: \"%.*s\"", names[i].name, (int)len, (const char *)text);
    }
}

static void put_rdn(CBB *name, size_t value_len)
{
    CBB set, pair, oid, value;
    assert_true(CBB_add_asn1(name, &set, CBS_ASN1_SET) &&
                CBB_add_asn1(&set, &pair, CBS_ASN1_SEQUENCE) &&
                CBB_add_asn1(&pair, &oid, CBS_ASN1_OBJECT) &&
                CBB_add_bytes(&oid, (const uint8_t *)"\x55\x04\x03", 3) &&
                CBB_add_asn1(&pair, &value, CBS_ASN1_UTF8STRING));
    for (size_t i = 0; i < value_len; i++)
        assert_true(CBB_add_u8(&value, 'v'));
    assert_true(CBB_flush(name));
}

/* two values that fill the text to its end, and one octet more */
static void test_long_names(void **state)
{
    (void)state;
    for (size_t over = 0; over < 2; over++) {
        uint8_t der[512], text[CERT_NAME_TEXT_MAX];
        size_t der_len;
        CBB cbb, name;
        assert_true(CBB_init_fixed(&cbb, der, sizeof der) &&
                    CBB_add_asn1(&cbb, &name, CBS_ASN1_SEQUENCE));
        put_rdn(&name, 100);
        put_rdn(&name, CERT_NAME_TEXT_MAX - strlen("CN=,CN=") - 100 + over);
        assert_true(CBB_finish(&cbb, NULL, &der_len));
        size_t len = cert_name_text(text, bytes_of(der, der_len));
        assert_int_equal(len, over == 0 ? CERT_NAME_TEXT_MAX : 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_long_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
