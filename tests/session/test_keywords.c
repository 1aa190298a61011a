#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "scanner/session/keywords.h"

static const struct offered_case {
    const char *reply;
    bool offered;
} offered_cases[] = {
    {"250-mx.test\r\n250 STARTTLS\r\n", true},
    {"250-mx.test\r\n250-STARTTLS\r\n250 SIZE 1\r\n", true},
    {"250-mx.test\n250-starttls\n250 SIZE\n", true},
    {"250 StartTLS\r\n", true},
    {"250-STARTTLS\r\n250 mx.test\r\n", true},
    {"250-mx.test\r\n250 STARTTLS REQUIRED\r\n", true},
    {"250-mx.test\r\n250- STARTTLS\r\n250 X\r\n", true},
    {"250-mx.test\r\n250 STARTTLS\t\r\n", true},
    {"250 mx.test\r\n", false},
    {"250-mx.test STARTTLS\r\n250 SIZE\r\n", false},
    {"250-mx.test\r\n250 XSTARTTLS\r\n", false},
    {"250-mx.test\r\n250 STARTTLSX\r\n", false},
    {"250-mx.test\r\n250 STARTTL\r\n", false},
    {"250-mx.test\r\n250 XXXXXXXA\r\n", false},
    {"250-mx.test\r\n250 SIZE STARTTLS\r\n", false},
    {"250\r\n", false},
    {"", false},
};

static void test_offered(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof offered_cases / sizeof offered_cases[0]; i++)
        if (keyword_offered(bytes_text(offered_cases[i].reply), bytes_text("STARTTLS")) !=
            offered_cases[i].offered)
            fail_msg("%s", offered_cases[i].reply);
}

static void test_nul_is_no_end(void **state)
{
    static const char reply[] = "250-mx.test\r\n250-A\0B\r\n250 STARTTLS\r\n";
    (void)state;
    assert_true(keyword_offered(bytes_of(reply, sizeof reply - 1), bytes_text("STARTTLS")));
    static const char split[] = "250-mx.test\r\n250 START\0TLS\r\n";
    assert_false(keyword_offered(bytes_of(split, sizeof split - 1), bytes_text("STARTTLS")));
}

static const struct later_case {
    const char *reply;
    bool later;
} later_cases[] = {
    {"452 Too many connections from your host\r\n", true},
    {"554 5.7.1 too MANY Connections\r\n", true},
    {"451 4.7.1 Please try again later\r\n", true},
    {"451-please try\r\n451 again later\r\n", true},
    {"451-please try again\n451 later\n", true},
    {"451-try\r\n451-\r\n451 again later\r\n", true},
    {"550 try  again\tlater", true},
    {"550 tryagain later\r\n", false},
    {"550 try again\r\n", false},
    {"550 try again late\r\n", false},
    {"550 too many recipients\r\n", false},
    {"550-try\r\n", false},
    {"554 no\r\n", false},
    {"554", false},
    {"", false},
};

static void test_later(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof later_cases / sizeof later_cases[0]; i++)
        if (reply_says_later(bytes_text(later_cases[i].reply)) != later_cases[i].later)
            fail_msg("%s", later_cases[i].reply);
}

/* a reply says the same however it is lettered and wherever its blanks or line ends are */
static void test_later_anywhere(void **state)
{
    char reply[128];
    (void)state;
    for (int at = 0; at < 40; at++) {
        int len = snprintf(reply, sizeof reply, "450 %.*sTRY AGAIN LATER%.*s\r\n", at,
                           "------------------------------------------", 40 - at,
                           "                                        ");
        assert_true(reply_says_later(bytes_of(reply, (size_t)len)));
        reply[4 + at + 3] = '_';
        assert_false(reply_says_later(bytes_of(reply, (size_t)len)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_offered),        cmocka_unit_test(test_nul_is_no_end),
        cmocka_unit_test(test_later),
        cmocka_unit_test(test_later_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
