#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "scanner/session/reply.h"

#define LIT(text) text, sizeof(text) - 1

static const struct reply_case {
    const char *name;
    const char *in;
    size_t in_len;
    enum reply_status status;
    uint16_t code;
    size_t used;           /* by the reply, with REPLY_DONE and REPLY_BAD */
} cases[] = {
    {"one line", LIT("220 hi\r\n"), REPLY_DONE, 220, 8},
    {"two lines", LIT("250-a\r\n250 b\r\n"), REPLY_DONE, 250, 14},
    {"LF alone", LIT("250-a\n250 b\n"), REPLY_DONE, 250, 12},
    {"a last line of nothing but its code", LIT("250-a\r\n250\r\n"), REPLY_DONE, 250, 12},
    {"code and LF", LIT("354\n"), REPLY_DONE, 354, 4},
    {"empty text", LIT("220 \r\n"), REPLY_DONE, 220, 6},
    {"NUL and 8-bit", LIT("220 a\0b\xff\xfe\r\n"), REPLY_DONE, 220, 11},
    {"CR inside the text", LIT("220 a\rb\r\r\n"), REPLY_DONE, 220, 10},
    {"what follows is not taken", LIT("220 hi\r\n250 you\r\n"), REPLY_DONE, 220, 8},
    {"masked", LIT("220 ****************\r\n"), REPLY_DONE, 220, 22},
    {"teaser, then nothing", LIT("220-wait\r\n"), REPLY_MORE, 220, 0},
    {"not yet a code", LIT("22"), REPLY_MORE, 0, 0},
    {"nothing", LIT(""), REPLY_MORE, 0, 0},
    {"mixed codes", LIT("220-hi\r\n250 hi\r\n"), REPLY_BAD, 220, 11},
    {"1xx", LIT("150 wait\r\n"), REPLY_BAD, 0, 1},
    {"6xx", LIT("650 no\r\n"), REPLY_BAD, 0, 1},
    {"no digit", LIT("2x0 no\r\n"), REPLY_BAD, 0, 2},
    {"two digits", LIT("22 hi\r\n"), REPLY_BAD, 0, 3},
    {"four digits", LIT("2200 hi\r\n"), REPLY_BAD, 220, 4},
    {"tab", LIT("220\thi\r\n"), REPLY_BAD, 220, 4},
    {"SSH", LIT("SSH-2.0-OpenSSH_9.2\r\n"), REPLY_BAD, 0, 1},
    {"HTTP", LIT("HTTP/1.1 400 Bad Request\r\n"), REPLY_BAD, 0, 1},
    {"TLS", LIT("\x15\x03\x01\x00\x02\x02\x0a"), REPLY_BAD, 0, 1},
    {"empty line", LIT("\r\n220 hi\r\n"), REPLY_BAD, 0, 1},
    {"empty line in between", LIT("220-hi\r\n\r\n220 hi\r\n"), REPLY_BAD, 220, 9},
};

static void check(const struct reply_case *c, size_t cut, size_t step)
{
    struct smtp_reply r;
    enum reply_status status = REPLY_MORE;
    size_t at = 0, used = 0;
    smtp_reply_init(&r);
    while (status == REPLY_MORE && at < c->in_len) {
        size_t n = at < cut ? cut - at : c->in_len - at;
        n = step > 0 && n > step ? step : n;
        status = smtp_reply_feed(&r, &used, (const uint8_t *)c->in + at, n);
        if (status == REPLY_MORE)
            assert_int_equal(used, n);
        at += used;
    }
    if (status != c->status || r.code != c->code || (status != REPLY_MORE && at != c->used))
        fail_msg("%s, cut %zu, step %zu: status %d, code %d, used %zu", c->name, cut, step,
                 (int)status, r.code, at);
}

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        check(&cases[i], 0, 0);
        check(&cases[i], 0, 1);
        for (size_t cut = 1; cut < cases[i].in_len; cut++)
            check(&cases[i], cut, 0);
    }
}

static enum reply_status feed(struct smtp_reply *r, size_t *total, const char *text, size_t len)
{
    size_t used;
    enum reply_status status = smtp_reply_feed(r, &used, (const uint8_t *)text, len);
    *total += used;
    return status;
}

static void test_line_limit(void **state)
{
    char line[REPLY_LINE_MAX + 8];
    struct smtp_reply r;
    size_t total = 0;
    (void)state;
    memset(line, 'a', sizeof line);
    memcpy(line, "220 ", 4);
    line[REPLY_LINE_MAX - 1] = '\n';
    smtp_reply_init(&r);
    assert_int_equal(feed(&r, &total, line, sizeof line), REPLY_DONE);
    assert_int_equal(total, REPLY_LINE_MAX);

    line[REPLY_LINE_MAX - 1] = 'a';
    line[REPLY_LINE_MAX] = '\n';
    total = 0;
    smtp_reply_init(&r);
    assert_int_equal(feed(&r, &total, line, sizeof line), REPLY_TOO_LONG);
    assert_int_equal(total, REPLY_LINE_MAX + 1);
}

static void test_lines_limit(void **state)
{
    struct smtp_reply r;
    size_t total = 0;
    (void)state;
    smtp_reply_init(&r);
    for (int i = 0; i < REPLY_LINES_MAX - 1; i++)
        assert_int_equal(feed(&r, &total, "250-a\n", 6), REPLY_MORE);
    assert_int_equal(feed(&r, &total, "250 a\n", 6), REPLY_DONE);

    smtp_reply_init(&r);
    for (int i = 0; i < REPLY_LINES_MAX; i++)
        assert_int_equal(feed(&r, &total, "250-a\n", 6), REPLY_MORE);
    assert_int_equal(feed(&r, &total, "250 a\n", 6), REPLY_TOO_LONG);
}

static void test_octets_limit(void **state)
{
    char line[1024];
    struct smtp_reply r;
    size_t total = 0;
    (void)state;
    memset(line, 'a', sizeof line);
    memcpy(line, "250-", 4);
    line[sizeof line - 1] = '\n';
    for (int over = 0; over < 2; over++) {
        smtp_reply_init(&r);
        for (size_t i = 0; i + 1 < REPLY_MAX / sizeof line; i++)
            assert_int_equal(feed(&r, &total, line, sizeof line), REPLY_MORE);
        line[3] = ' ';
        if (over) {
            assert_int_equal(feed(&r, &total, line, sizeof line - 1), REPLY_MORE);
            assert_int_equal(feed(&r, &total, "aa", 1), REPLY_MORE);
            assert_int_equal(feed(&r, &total, "\n", 1), REPLY_TOO_LONG);
        } else {
            assert_int_equal(feed(&r, &total, line, sizeof line), REPLY_DONE);
            assert_int_equal(r.len, REPLY_MAX);
        }
        line[3] = '-';
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_line_limit),
        cmocka_unit_test(test_lines_limit),
        cmocka_unit_test(test_octets_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
