/* texts: what servers say when they keep to the straight path. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tools/farm/texts.h"

static struct speaker speaker_of(const struct behaviour *b)
{
    return (struct speaker){b, addr_v4(0x7f010203), 1767225600, "client.example"};
}

/* say returns the reply as a NUL-terminated text in a static buffer of the caller's. */
static size_t say(char out[REPLY_TEXT_MAX + 1], const struct behaviour *b, enum reply_kind kind)
{
    struct speaker who = speaker_of(b);
    size_t len = text_reply((uint8_t *)out, &who, kind);
    assert_in_range(len, 6, REPLY_TEXT_MAX - 1);
    out[len] = '\0';
    return len;
}

static void test_texts_of_all_mtas(void **state)
{
    (void)state;
    static const struct {
        enum reply_kind kind;
        const char *code;
        bool starttls;
    } cases[] = {
        {REPLY_GREETING, "220", false},  {REPLY_EHLO, "250", true},
        {REPLY_EHLO_TLS, "250", false},  {REPLY_HELO, "250", false},
        {REPLY_STARTTLS, "220", false},  {REPLY_QUIT, "221", false},
        {REPLY_OK, "250", false},        {REPLY_UNKNOWN, "502", false},
        {REPLY_THROTTLED, "421", false}, {REPLY_BAD_SEQUENCE, "503", false},
    };
    for (uint8_t mta = MTA_POSTFIX; mta < NUM_MTAS; mta++) {
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
            struct behaviour b = {.name = "x", .mta = mta};
            char text[REPLY_TEXT_MAX + 1];
            size_t len = say(text, &b, cases[i].kind);
            assert_int_equal(strlen(text), len);
            assert_null(strchr(text, '%'));
            assert_memory_equal(text, cases[i].code, 3);
            assert_memory_equal(text + len - 2, "\r\n", 2);
            assert_int_equal(strstr(text, "-STARTTLS\r\n") != NULL ||
                                 strstr(text, " STARTTLS\r\n") != NULL,
                             cases[i].starttls);
        }
    }
}

/* every line has the code, a hyphen on all but the last, and CR LF */
static void test_lines_are_well_formed(void **state)
{
    (void)state;
    for (uint8_t mta = MTA_POSTFIX; mta < NUM_MTAS; mta++) {
        struct behaviour b = {.name = "x", .mta = mta, .flags = FLAG_LONG_GREETING};
        static const enum reply_kind kinds[] = {REPLY_GREETING, REPLY_EHLO};
        for (size_t k = 0; k < 2; k++) {
            char text[REPLY_TEXT_MAX + 1];
            say(text, &b, kinds[k]);
            unsigned lines = 0;
            for (char *line = strtok(text, "\n"), *next; line != NULL; line = next, lines++) {
                next = strtok(NULL, "\n");
                assert_int_equal(line[3], next == NULL ? ' ' : '-');
                assert_int_equal(line[strlen(line) - 1], '\r');
            }
            assert_true(lines >= 2);
        }
    }
}

static void test_flags(void **state)
{
    (void)state;
    char text[REPLY_TEXT_MAX + 1];
    struct behaviour b = {.name = "x", .mta = MTA_EXIM, .flags = FLAG_LF_ONLY};
    say(text, &b, REPLY_EHLO);
    assert_null(strchr(text, '\r'));
    b.flags = FLAG_NULS;
    assert_true(strlen(text) > 0 && say(text, &b, REPLY_GREETING) > strlen(text));
    b.flags = FLAG_EIGHT_BIT;
    say(text, &b, REPLY_EHLO);
    assert_non_null(strchr(text, 0xff));
    assert_non_null(strstr(text, "-STARTTLS\r\n")); /* keywords stay clean */
    b.flags = FLAG_MASKED;
    say(text, &b, REPLY_EHLO);
    assert_null(strstr(text, "STARTTLS"));
    assert_non_null(strstr(text, "-XXXXXXXA\r\n"));
    b.flags = FLAG_OTHER_INSIDE;
    say(text, &b, REPLY_EHLO_TLS);
    assert_non_null(strstr(text, "-REQUIRETLS\r\n"));
}

static void test_names_and_dates(void **state)
{
    (void)state;
    char text[REPLY_TEXT_MAX + 1];
    struct behaviour b = {.name = "x", .mta = MTA_SENDMAIL};
    say(text, &b, REPLY_GREETING);
    assert_non_null(strstr(text, "; Thu, 01 Jan 2026 00:00:00 +0000\r\n"));
    assert_memory_equal(text, "220 mx-203.", 11);
    say(text, &b, REPLY_EHLO);
    assert_non_null(strstr(text, " Hello client.example, pleased"));
}

static void test_bench_says_the_same_everywhere(void **state)
{
    (void)state;
    struct behaviour b = {.name = "x", .mta = MTA_BENCH};
    for (enum reply_kind kind = REPLY_GREETING; kind <= REPLY_UNKNOWN; kind++) {
        uint8_t here[REPLY_TEXT_MAX], there[REPLY_TEXT_MAX];
        struct speaker who = speaker_of(&b);
        size_t len = text_reply(here, &who, kind);
        who.addr = addr_v4(0x7fffff01);
        who.client = "another.example";
        assert_int_equal(text_reply(there, &who, kind), len);
        assert_memory_equal(here, there, len);
    }
}

/* a farm without named manners has several */
static void test_any_is_many(void **state)
{
    (void)state;
    struct behaviour b = {.name = "x", .mta = MTA_ANY};
    unsigned postfix = 0, exim = 0, sendmail = 0, exchange = 0;
    for (uint32_t i = 0; i < 1000; i++) {
        char text[REPLY_TEXT_MAX + 1];
        struct speaker who = speaker_of(&b);
        who.addr = addr_v4(0x7f000000 + i);
        text[text_reply((uint8_t *)text, &who, REPLY_GREETING)] = '\0';
        postfix += strstr(text, "Postfix") != NULL;
        exim += strstr(text, "Exim") != NULL;
        sendmail += strstr(text, "Sendmail") != NULL;
        exchange += strstr(text, "Microsoft") != NULL;
    }
    assert_true(postfix > 300 && exim > 150 && sendmail > 50 && exchange > 80);
    assert_int_equal(postfix + exim + sendmail + exchange, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts_of_all_mtas),
        cmocka_unit_test(test_lines_are_well_formed),
        cmocka_unit_test(test_flags),
        cmocka_unit_test(test_names_and_dates),
        cmocka_unit_test(test_bench_says_the_same_everywhere),
        cmocka_unit_test(test_any_is_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
