/* greeting: what is left of a greeting when what is one server's own is taken away. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "tools/greeting.h"

#define LENGTH(a) (sizeof(a) / sizeof(a)[0])

static const struct {
    const char *greeting, *expected;
} cases[] = {
    {"220 mx.example.com ESMTP Postfix\r\n", "* ESMTP Postfix"},
    {"220 mx.example.com ESMTP Postfix (Debian/GNU)\r\n", "* ESMTP Postfix (Debian/GNU)"},
    {"220 mx ESMTP\r\n", "mx ESMTP"},
    {"220 mx.example.com ESMTP Exim 4.96 Thu, 26 Nov 2026 05:34:27 +0000\r\n",
     "* ESMTP Exim 4.96 *"},
    {"220 mx.example.com ESMTP Exim 4.96.2 #2 Thu, 26 Nov 2026 05:34:27 +0000\r\n",
     "* ESMTP Exim 4.96.2 *"},
    {"220 mx.example.com ESMTP Sendmail 8.15.2/8.15.2; Thu, 26 Nov 2026 05:34:27 GMT\r\n",
     "* ESMTP Sendmail 8.15.2/8.15.2; *"},
    {"220 mx.example.com ESMTP Sendmail 8.17.1/8.17.1; Thu, 5 Jun 2026 05:34:27 +0200 (CEST)\r\n",
     "* ESMTP Sendmail 8.17.1/8.17.1; *"},
    {"220 mx.google.com ESMTP d9443c01a7336-29d1f0a1b2csi1234567ad.123 - gsmtp\r\n",
     "* ESMTP * - gsmtp"},
    {"220 mx.example.com Microsoft ESMTP MAIL Service ready at Thu, 26 Nov 2026 05:34:27 +0000",
     "* Microsoft ESMTP MAIL Service ready at *"},
    {"220 mx.example.com Microsoft ESMTP MAIL Service, Version: 6.0.3790.4675 ready at Thu",
     "* Microsoft ESMTP MAIL Service, Version: 6.0.3790.4675 ready at *"},
    {"220 mx.example.com ESMTP Service (HCL Domino Release 8.5.3FP6) ready",
     "* ESMTP Service (HCL Domino Release 8.5.3FP6) ready"},
    {"220 mx.example.com ESMTP Haraka/2.8.28 ready", "* ESMTP Haraka/2.8.28 ready"},
    {"220 mx.example.com (PowerMTA(TM) v4.5r1) ESMTP", "* (PowerMTA(TM) v4.5r1) ESMTP"},
    {"220 mx.example.com MailEnable Service, Version: 10.42-- ready at 11/26/26 05:34:27 AM",
     "* MailEnable Service, Version: * ready at *"},
    {"220 [192.0.2.1] ESMTP 192.0.2.1 255.255.255.255 256.1.1.1",
     "* ESMTP * 256.1.1.1"}, /* 256 is in no address */
    {"220-mx.example.com ESMTP Postfix\r\n220 you are <me@example.com>\r\n",
     "* ESMTP Postfix you are *"},
    {"220 a.b c. .d e@f (Debian) 1.x v1 v1.2 1.2abcde 1.2abcd",
     "* c. .d * (Debian) * v1.2 * 1.2abcd"},
    {"220-\r\n220 \r\n", ""},
    {"220\r\n", "*"},
    {"hello there", "hello there"},
    {"", ""},
};

static void templates(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        char out[GREETING_TEMPLATE_MAX];
        size_t len = strlen(cases[i].greeting);
        uint8_t *copy = malloc(len > 0 ? len : 1); /* of its own size: a read past it is seen */
        assert_non_null(copy);
        memcpy(copy, cases[i].greeting, len);
        size_t got = greeting_template(out, bytes_of(copy, len));
        free(copy);
        if (!bytes_equal(bytes_of(out, got), bytes_text(cases[i].expected)))
            fail_msg("%s: \"%.*s\"", cases[i].greeting, (int)got, out);
    }
}

static void bounds(void **state)
{
    (void)state;
    static char text[1 << 16];
    char out[GREETING_TEMPLATE_MAX];
    memset(text, 'a', sizeof text);
    assert_int_equal(greeting_template(out, bytes_of(text, sizeof text)), 0);
    assert_int_equal(greeting_template(out, bytes_of(text, sizeof out)), sizeof out);
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = i % 2 == 0 ? 'a' : ' ';
    assert_int_equal(greeting_template(out, bytes_of(text, sizeof text)), sizeof out - 1);
    memset(text, 0, sizeof text);
    assert_true(greeting_template(out, bytes_of(text, 100)) <= sizeof out);
    for (size_t c = 0; c < 256; c++) {
        memset(text, (int)c, 8);
        assert_true(greeting_template(out, bytes_of(text, 8)) <= 8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(templates), cmocka_unit_test(bounds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
