#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/extensions.h"

/* keywords as text: joined by spaces; "?" for a word that is none */
static const char *joined(char out[256], const struct extensions *k)
{
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < k->num; i++)
        len += (size_t)snprintf(out + len, 256 - len, "%s%.*s", i > 0 ? " " : "",
                                k->list[i].len > 0 ? k->list[i].len : 1,
                                k->list[i].len > 0 ? k->list[i].text : "?");
    return out;
}

static void keywords_of_replies(void **state)
{
    (void)state;
    static const struct {
        const char *name, *reply, *expected;
    } cases[] = {
        {"usual", "250-mx.example\r\n250-PIPELINING\r\n250-SIZE 1000\r\n250 STARTTLS\r\n",
         "PIPELINING SIZE STARTTLS"},
        {"any case", "250-mx\r\n250-starttls\r\n250 8BitMime\r\n", "STARTTLS 8BITMIME"},
        {"LF only", "250-mx\n250 STARTTLS\n", "STARTTLS"},
        {"no line end", "250-mx\r\n250 DSN", "DSN"},
        {"first line is a name", "250 PIPELINING\r\n", ""},
        {"first line is STARTTLS", "250-STARTTLS\r\n250 DSN\r\n", "STARTTLS DSN"},
        {"whole words", "250-mx\r\n250-STARTTLSX\r\n250-XSTARTTLS\r\n250 STARTTLS=1\r\n",
         "STARTTLSX XSTARTTLS ?"},
        {"not the second word", "250-mx\r\n250 X STARTTLS\r\n", "X"},
        {"old AUTH", "250-mx\r\n250-auth=LOGIN\r\n250 AUTH PLAIN\r\n", "AUTH"},
        {"twice", "250-mx\r\n250-DSN\r\n250 dsn\r\n", "DSN"},
        {"blanks", "250-mx\r\n250- \t DSN \r\n250   HELP\t\r\n", "DSN HELP"},
        {"empty lines", "250-mx\r\n250-\r\n250 \r\n\r\n", ""},
        {"masked", "250-mx\r\n250 XXXXXXXA\r\n", "XXXXXXXA"},
        {"other octets", "250-mx\r\n250-\x80\xff\r\n250 a_b\r\n", "?"},
        {"at the limit", "250-mx\r\n250 AAAAAAAABBBBBBBBCCCCCCCCDDDDDDDD\r\n",
         "AAAAAAAABBBBBBBBCCCCCCCCDDDDDDDD"},
        {"over the limit", "250-mx\r\n250 AAAAAAAABBBBBBBBCCCCCCCCDDDDDDDDE\r\n", "?"},
        {"nothing", "", ""},
        {"too short", "25", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct extensions k;
        char got[256];
        extensions_read(&k, bytes_text(cases[i].reply));
        if (strcmp(joined(got, &k), cases[i].expected) != 0)
            fail_msg("%s: expected \"%s\", got \"%s\"", cases[i].name, cases[i].expected, got);
    }
}

static void offer_is_a_whole_keyword(void **state)
{
    (void)state;
    struct extensions k;
    extensions_read(&k, bytes_text("250-mx\r\n250-SIZE 1\r\n250 starttls\r\n"));
    assert_true(extensions_offer(&k, "STARTTLS"));
    assert_true(extensions_offer(&k, "SIZE"));
    assert_false(extensions_offer(&k, "START"));
    assert_false(extensions_offer(&k, "MX"));
}

static void any_number_of_keywords_is_bounded(void **state)
{
    (void)state;
    char reply[16384];
    struct extensions k;
    size_t len = 0;
    for (unsigned i = 0; i < 1000; i++)
        len += (size_t)snprintf(reply + len, sizeof reply - len, "250-K%u\r\n", i);
    extensions_read(&k, bytes_of(reply, len));
    assert_int_equal(k.num, EXTENSIONS_MAX);
}

static void every_cut_is_read(void **state)
{
    (void)state;
    const char *reply = "250-mx.example\r\n250-AUTH=PLAIN\r\n250 STARTTLS\r\n";
    for (size_t len = 0; len <= strlen(reply); len++) {
        struct extensions k;
        extensions_read(&k, bytes_of(reply, len));
        assert_true(k.num <= 2);
        assert_int_equal(extensions_offer(&k, "STARTTLS"), len >= strlen(reply) - 2);
    }
}

static void words_and_what_follows(void **state)
{
    static const struct {
        const char *keyword, *params;
    } want[] = {{"mx.test", "at your service"},
                {"SIZE", "1000"},
                {"", ""},
                {"AUTH", "PLAIN  LOGIN"},
                {"HELP", ""}};
    struct bytes reply = bytes_text("250-mx.test at your service\r\n250-SIZE 1000 "
                                    "\r\n250-\r\n250-AUTH  PLAIN  LOGIN\r\n250 HELP");
    struct bytes keyword, params;
    (void)state;
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        assert_true(reply_words_next(&reply, &keyword, &params));
        assert_true(bytes_equal(keyword, bytes_text(want[i].keyword)));
        assert_true(bytes_equal(params, bytes_text(want[i].params)));
    }
    assert_false(reply_words_next(&reply, &keyword, &params));
}

static void codes(void **state)
{
    (void)state;
    static const struct {
        const char *reply;
        uint16_t code;
    } cases[] = {{"220 hi", 220}, {"220", 220},  {"22", 0},      {"", 0},        {"2x0 hi", 0},
                 {"000 hi", 0},   {"099 hi", 0}, {"999-x", 999}, {"SSH-2.0", 0}, {" 220", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(reply_code(bytes_text(cases[i].reply)), cases[i].code);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keywords_of_replies),
        cmocka_unit_test(offer_is_a_whole_keyword),
        cmocka_unit_test(any_number_of_keywords_is_bounded),
        cmocka_unit_test(every_cut_is_read),
        cmocka_unit_test(words_and_what_follows),
        cmocka_unit_test(codes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
