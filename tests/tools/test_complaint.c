/* What is said to a person steers no terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tools/args.h"
#include "tools/complaint.h"

static void expect(const char *text, const char *expected)
{
    char *printed = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&printed, &len);
    assert_non_null(out);
    complaint_print(out, text);
    assert_int_equal(fclose(out), 0);
    assert_string_equal(printed, expected);
    free(printed);
}

static void texts(void **state)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"", "\n"},
        {"a.mxs.zst: is damaged", "a.mxs.zst: is damaged\n"},
        {"--where, character 1: what?\n  x y\n  ^", "--where, character 1: what?\n  x y\n  ^\n"},
        {"\x1b[31m.mxs\x07\x7f", "\\x1B[31m.mxs\\x07\\x7F\n"},
        {"\tb\r", "\\x09b\\x0D\n"},
        {"gr\xc3\xbc\xc3\x9f\xe2\x80\xae", "gr\xc3\xbc\xc3\x9f\\xE2\\x80\\xAE\n"},
        {"\xff\xc3", "\\xFF\\xC3\n"},
        {"escaped once: \\x1B\\\\", "escaped once: \\x1B\\\\\n"},
        {"\\", "\\\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        expect(cases[i].text, cases[i].expected);
}

static void nothing_is_cut(void **state)
{
    char text[COMMAND_ERR_MAX], expected[4 * COMMAND_ERR_MAX + 1] = "";
    (void)state;
    memset(text, '\x1b', sizeof text);
    text[sizeof text - 1] = '\0';
    for (size_t i = 0; i + 1 < sizeof text; i++)
        memcpy(expected + 4 * i, "\\x1B", 5);
    memcpy(expected + 4 * (sizeof text - 1), "\n", 2);
    expect(text, expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts),
        cmocka_unit_test(nothing_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
