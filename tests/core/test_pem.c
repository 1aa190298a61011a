/* Certificates as text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/base64.h>
#include <openssl/mem.h>

#include "core/pem.h"

enum { OCTETS_MAX = 200 };

/* of each length: lines are full but for the last, and give the octets back */
static void lines(void **state)
{
    uint8_t octets[OCTETS_MAX], back[OCTETS_MAX + 3];
    (void)state;
    for (size_t i = 0; i < OCTETS_MAX; i++)
        octets[i] = (uint8_t)(i * 37 + 5);
    for (size_t len = 0; len < OCTETS_MAX; len++) {
        struct bytes left = bytes_of(octets, len);
        char line[PEM_LINE_MAX];
        size_t num = 0, back_len;
        while (pem_line(line, &left)) {
            assert_true(strlen(line) == PEM_LINE_MAX - 1 || left.len == 0);
            assert_true(EVP_DecodeBase64(back + num, &back_len, sizeof back - num,
                                         (const uint8_t *)line, strlen(line)));
            num += back_len;
        }
        assert_int_equal(num, len);
        assert_memory_equal(back, octets, len);
        assert_false(pem_line(line, &left));
    }
}

static char *text_of(const struct cert_facts *facts, struct bytes der)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    pem_cert(out, "1 of 2", facts, der);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void certificates(void **state)
{
    static const struct cert_facts nameless;
    const struct cert_facts named = {.subject_cn = bytes_text("mx\x1b[2J.example"),
                                     .subject_org = bytes_text("A & <B>")};
    const struct {
        const struct cert_facts *facts;
        const char *der, *expected;
    } cases[] = {
        {NULL, "",
         "# 1 of 2 (cannot be parsed)\n"
         "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"},
        {&nameless, "abc",
         "# 1 of 2\n-----BEGIN CERTIFICATE-----\nYWJj\n-----END CERTIFICATE-----\n"},
        {&named, "ab",
         "# 1 of 2 CN=mx\\x1B[2J.example O=A & <B>\n"
         "-----BEGIN CERTIFICATE-----\nYWI=\n-----END CERTIFICATE-----\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *text = text_of(cases[i].facts, bytes_text(cases[i].der));
        assert_string_equal(text, cases[i].expected);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines),
        cmocka_unit_test(certificates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
