/* server_print: the layout that doc/fingerprint.md defines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/server_print.h"

static const struct {
    uint16_t version, suite, exts[6];
    size_t num_exts;
    const char *text;
} cases[] = {
    {0x0304, 0x1302, {0x2b, 0x33}, 2, "s13-1302-002b.0033"},
    {0x0304, 0x1302, {0x33, 0x2b}, 2, "s13-1302-0033.002b"}, /* order tells */
    {0x0304, 0x1301, {0x2b, 0x33, 0x0a, 0x00}, 4, "s13-1301-002b.0033.000a.0000"},
    {0x0303, 0xc02f, {0xff01, 0x0b, 0x23, 0x17}, 4, "s12-c02f-ff01.000b.0023.0017"},
    {0x0303, 0xc030, {0xff01}, 1, "s12-c030-ff01"},
    {0x0302, 0x002f, {0}, 0, "s11-002f-0"},
    {0x0302, 0x002f, {0}, 1, "s11-002f-0000"}, /* an extension of type 0 is not none */
    {0x0301, 0x0005, {0}, 0, "s10-0005-0"},
    {0x0300, 0x000a, {0}, 0, "s03-000a-0"},
    {0x0002, 0x0000, {0}, 0, "s02-0000-0"},
    {0x7f1c, 0x1303, {0x2b}, 1, "s7f1c-1303-002b"},
    {0x0000, 0xffff, {0xffff}, 1, "s0000-ffff-ffff"},
};

static void layout(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[SERVER_PRINT_MAX];
        size_t len =
            server_print(text, cases[i].version, cases[i].suite, cases[i].exts, cases[i].num_exts);
        assert_string_equal(text, cases[i].text);
        assert_int_equal(len, strlen(text));
    }
}

static void no_extensions_need_no_array(void **state)
{
    (void)state;
    char text[SERVER_PRINT_MAX];
    server_print(text, 0x0301, 0x002f, NULL, 0);
    assert_string_equal(text, "s10-002f-0");
}

static void is_bounded(void **state)
{
    (void)state;
    uint16_t exts[SERVER_PRINT_EXTS_MAX + 2];
    char text[SERVER_PRINT_MAX], longer[SERVER_PRINT_MAX];
    for (size_t i = 0; i < sizeof exts / sizeof *exts; i++)
        exts[i] = (uint16_t)(0xff00 + i);
    size_t len = server_print(text, 0x7777, 0x1302, exts, SERVER_PRINT_EXTS_MAX);
    assert_int_equal(len, strlen(text));
    assert_string_equal(text + len - 5, ".ff1f");
    len = server_print(longer, 0x7777, 0x1302, exts, SERVER_PRINT_EXTS_MAX + 1);
    assert_int_equal(len, SERVER_PRINT_MAX - 1);
    assert_string_equal(longer + len - 6, ".ff1f+");
    assert_memory_equal(longer, text, len - 1);
    len = server_print(longer, 0x7777, 0x1302, exts, SIZE_MAX);
    assert_int_equal(len, SERVER_PRINT_MAX - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layout),
        cmocka_unit_test(no_extensions_need_no_array),
        cmocka_unit_test(is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
