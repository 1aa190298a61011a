/*
 * json_valid: what RFC 8259 allows is valid, what it does not is refused with the reason and the
 * place; nothing that is cut short is valid unless it should be.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/json_valid.h"

#define LENGTH(a) (sizeof(a) / sizeof(a)[0])

/* ---- valid ---- */

static const char *const valid[] = {
    "null",
    "true",
    "false",
    "0",
    "-0",
    "7",
    "1234567890123456789012345678901234567890",
    "-1.5",
    "0.0001",
    "1e9",
    "1E+9",
    "-0.5e-07",
    "\"\"",
    "\"text\"",
    "\"a\\\"b\\\\c\\/d\\b\\f\\n\\r\\t\"",
    "\"\\u0000\\uABCD\\uabcd\"",
    "\"\\uD83D\\uDE00\"", /* a pair of surrogates */
    "\"\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\"",
    "\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"", /* first and last character of four octets */
    "[]",
    "{}",
    "[ ]",
    "{ }",
    " \t\r\n[ \t\r\n1 \t\r\n, \t\r\n2 \t\r\n] \t\r\n",
    " { \"a\" : 1 , \"b\" : [ { } , { \"c\" : null } ] } ",
    "{\"a\":1,\"a\":2}", /* twice: valid, and what it means is the reader's affair */
    "{\"\":\"\"}",
    "[[],[[]],{\"a\":{}},[{}]]",
    "{\"operator\":\"A. B. M\xc3\xbcller\",\"vantages\":[\"FRA\",\"AMS\"],\"weight\":0.5}",
};

static void valid_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(valid); i++) {
        size_t at = 0;
        const char *fault = json_fault(&at, bytes_text(valid[i]));
        if (fault != NULL)
            fail_msg("%s: %s at %zu", valid[i], fault, at);
        assert_true(json_is_valid(bytes_text(valid[i])));
    }
}

/* ---- not valid ---- */

struct bad {
    const char *text;
    size_t at;
    const char *fault; /* how it begins */
};

static const struct bad bad_values[] = {
    {"", 0, "no value"},
    {" ", 1, "no value"},
    {"nul", 0, "no value"},
    {"nULL", 0, "no value"},
    {"True", 0, "no value"},
    {"'a'", 0, "no value"},
    {"a", 0, "no value"},
    {"NaN", 0, "no value"},
    {"// none\n1", 0, "no value"},
    {"\xef\xbb\xbf{}", 0, "no value"}, /* a byte order mark */
    {"nullnull", 4, "something after the end"},
    {"1 2", 2, "something after the end"},
    {"{}{}", 2, "something after the end"},
    {"{} x", 3, "something after the end"},
    {"[1]]", 3, "something after the end"},
    {"01", 1, "something after the end"},
    {"0x10", 1, "something after the end"},
    {"1.2.3", 3, "something after the end"},
    {"+1", 0, "no value"},
    {".5", 0, "no value"},
    {"-", 1, "no digit after the minus"},
    {"-a", 1, "no digit after the minus"},
    {"-Infinity", 1, "no digit after the minus"},
    {"1.", 2, "no digit after the point"},
    {"1.e5", 2, "no digit after the point"},
    {"1e", 2, "no digit in the exponent"},
    {"1e+", 3, "no digit in the exponent"},
    {"1e+-1", 3, "no digit in the exponent"},
};

static const struct bad bad_strings[] = {
    {"\"", 1, "the end inside a string"},
    {"\"abc", 4, "the end inside a string"},
    {"\"abc\\", 5, "after a backslash"},
    {"\"a\\\"", 4, "the end inside a string"},
    {"\"a\nb\"", 2, "a control character"},
    {"\"\x1f\"", 1, "a control character"},
    {"\"\\a\"", 2, "after a backslash"},
    {"\"\\x41\"", 2, "after a backslash"},
    {"\"\\u12\"", 2, "after a backslash"},
    {"\"\\u12g4\"", 2, "after a backslash"},
    {"\"\\U0041\"", 2, "after a backslash"},
    {"\"\\uD83D\"", 7, "half of a surrogate pair"},
    {"\"\\uDE00\"", 7, "half of a surrogate pair"},
    {"\"\\uD83Dx\"", 7, "half of a surrogate pair"},
    {"\"\\uD83D\\n\"", 8, "half of a surrogate pair"},
    {"\"\\uD83D\\uD83D\"", 13, "half of a surrogate pair"},
    {"\"\\uD83D\\u0041\"", 13, "half of a surrogate pair"},
    {"\"\x80\"", 1, "octets that are no UTF-8"},
    {"\"ab\xff\"", 3, "octets that are no UTF-8"},
    {"\"\xc0\xaf\"", 1, "octets that are no UTF-8"},         /* overlong */
    {"\"\xc1\xbf\"", 1, "octets that are no UTF-8"},         /* overlong */
    {"\"\xe0\x9f\xbf\"", 1, "octets that are no UTF-8"},     /* overlong */
    {"\"\xed\xa0\x80\"", 1, "octets that are no UTF-8"},     /* a surrogate */
    {"\"\xf0\x8f\xbf\xbf\"", 1, "octets that are no UTF-8"}, /* overlong */
    {"\"\xf4\x90\x80\x80\"", 1, "octets that are no UTF-8"}, /* above U+10FFFF */
    {"\"\xf5\x80\x80\x80\"", 1, "octets that are no UTF-8"},
    {"\"\xc3\"", 1, "octets that are no UTF-8"},
    {"\"\xe2\x82\"", 1, "octets that are no UTF-8"},
    {"\"\xf0\x9f\x98\"", 1, "octets that are no UTF-8"},
    {"\"\xe2\x82\x41\"", 1, "octets that are no UTF-8"},
    {"{\"\xff\":1}", 2, "octets that are no UTF-8"},
};

static const struct bad bad_nesting[] = {
    {"[", 1, "no value"},
    {"[1", 2, "no comma or ]"},
    {"[1,", 3, "no value"},
    {"[1,]", 3, "no value"},
    {"[,1]", 1, "no value"},
    {"[1 2]", 3, "no comma or ]"},
    {"[1}", 2, "no comma or ]"},
    {"]", 0, "no value"},
    {"}", 0, "no value"},
    {"{", 1, "no string where a key"},
    {"{\"a\"", 4, "no colon"},
    {"{\"a\" 1}", 5, "no colon"},
    {"{\"a\":", 5, "no value"},
    {"{\"a\":}", 5, "no value"},
    {"{\"a\":1", 6, "no comma or }"},
    {"{\"a\":1,", 7, "no string where a key"},
    {"{\"a\":1,}", 7, "no string where a key"},
    {"{\"a\":1]", 6, "no comma or }"},
    {"{\"a\":1 \"b\":2}", 7, "no comma or }"},
    {"{1:2}", 1, "no string where a key"},
    {"{a:2}", 1, "no string where a key"},
    {"{,}", 1, "no string where a key"},
    {"[{]}", 2, "no string where a key"},
    {"[{}", 3, "no comma or ]"},
};

static void check_bad(const struct bad *cases, size_t num)
{
    for (size_t i = 0; i < num; i++) {
        const struct bad *c = &cases[i];
        size_t at = SIZE_MAX;
        const char *fault = json_fault(&at, bytes_text(c->text));
        if (fault == NULL)
            fail_msg("%s: is not refused", c->text);
        if (strncmp(fault, c->fault, strlen(c->fault)) != 0 || at != c->at)
            fail_msg("%s: %s at %zu instead of %s at %zu", c->text, fault, at, c->fault, c->at);
    }
}

static void bad_texts(void **state)
{
    (void)state;
    check_bad(bad_values, LENGTH(bad_values));
    check_bad(bad_strings, LENGTH(bad_strings));
    check_bad(bad_nesting, LENGTH(bad_nesting));
}

/* a NUL is an octet like any other, and no end */
static void nul(void **state)
{
    (void)state;
    size_t at = SIZE_MAX;
    assert_non_null(json_fault(&at, bytes_of("1\0", 2)));
    assert_int_equal(at, 1);
    assert_non_null(json_fault(&at, bytes_of("\"\0\"", 3)));
    assert_int_equal(at, 1);
    assert_non_null(json_fault(&at, bytes_of("\"\\\0\"", 4)));
    assert_int_equal(at, 2);
    assert_non_null(json_fault(&at, bytes_of(NULL, 0)));
    assert_int_equal(at, 0);
}

/* what is cut short ends at the cut, or is a shorter number; nothing is read beyond it */
static void every_truncation(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(valid); i++) {
        for (size_t len = 0; len < strlen(valid[i]); len++) {
            char *copy = malloc(len + 1); /* its own size: the sanitizer sees a read past it */
            assert_non_null(copy);
            memcpy(copy, valid[i], len);
            size_t at = SIZE_MAX;
            const char *fault = json_fault(&at, bytes_of(copy, len));
            if (fault != NULL && at > len)
                fail_msg("%s: cut at %zu: a fault at %zu", valid[i], len, at);
            if (fault == NULL && (valid[i][0] == '[' || valid[i][0] == '{' || valid[i][0] == '"'))
                fail_msg("%s: cut at %zu: is valid", valid[i], len);
            free(copy);
        }
    }
}

/* so many levels of open, then a value, then as many closers */
static bool nested_is_valid(char open, size_t depth)
{
    char text[8 * (JSON_DEPTH_MAX + 2)];
    size_t len = 0;
    for (size_t i = 0; i < depth; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%s", open == '[' ? "[" : "{\"\":");
    text[len++] = '0';
    memset(text + len, open == '[' ? ']' : '}', depth);
    return json_is_valid(bytes_of(text, len + depth));
}

static void depth(void **state)
{
    (void)state;
    for (size_t i = 0; i <= JSON_DEPTH_MAX + 1; i++) {
        assert_int_equal(nested_is_valid('[', i), i <= JSON_DEPTH_MAX);
        assert_int_equal(nested_is_valid('{', i), i <= JSON_DEPTH_MAX);
    }
    static char brackets[1 << 20]; /* no recursion: the stack does not mind */
    size_t at;
    memset(brackets, '[', sizeof brackets);
    const char *fault = json_fault(&at, bytes_of(brackets, sizeof brackets));
    assert_non_null(fault);
    assert_string_equal(fault, "arrays and objects nested too deeply");
    assert_int_equal(at, JSON_DEPTH_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(valid_texts),      cmocka_unit_test(bad_texts), cmocka_unit_test(nul),
        cmocka_unit_test(every_truncation), cmocka_unit_test(depth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
