/* lines: every way to end, pad, comment and spoil a line, in files longer than one read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <unistd.h>

#include "core/lines.h"

#define LEN(a) (sizeof(a) / sizeof *(a))

static const struct {
    uint64_t line_no;
    const char *line, *item;
} strips[] = {
    {1, "", ""},
    {1, "a", "a"},
    {1, " \ta \t\r", "a"},
    {1, "#a", ""},
    {1, "a #b", "a"},
    {1, "a\t#b # c", "a"},
    {1, "a#b", "a#b"},
    {1, "a#b #c", "a#b"},
    {1, "  # b", ""},
    {1,
     "\xef\xbb\xbf"
     "a",
     "a"},
    {0,
     "\xef\xbb\xbf"
     "a",
     "a"},
    {2,
     "\xef\xbb\xbf"
     "a",
     "\xef\xbb\xbf"
     "a"},
    {1, "\xef\xbb\xbf#a", ""},
    {1, "\xef\xbb", "\xef\xbb"},
    {1, "a b", "a b"},
    {1, "\r", ""},
};

static void strips_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < LEN(strips); i++) {
        struct bytes item = line_strip(strips[i].line, strlen(strips[i].line), strips[i].line_no);
        assert_int_equal(item.len, strlen(strips[i].item));
        assert_memory_equal(item.data, strips[i].item, item.len);
    }
}

static void writes_errors(void **state)
{
    char err[40], tiny[8] = "intact";
    (void)state;
    assert_int_equal(line_error(err, sizeof err, -7, "f", 12, "no %s", "way"), -7);
    assert_string_equal(err, "f:12: no way");
    line_error(err, sizeof err, -7, "argument", 0, "%d", 5);
    assert_string_equal(err, "argument: 5");
    line_error(err, sizeof err, -7, "a\nb", 1, "\x1b[0m \x7f \xff");
    assert_string_equal(err, "a\\x0Ab:1: \\x1B[0m \\x7F \\xFF");
    line_error(err, sizeof err, -7, "f", 1, "0123456789012345678901234567890123456789");
    assert_string_equal(err, "f:1: 0123456789012345678901234567890123"); /* cut */
    line_error(err, 12, -7, "f", 1, "\x01\x02\x03");
    assert_string_equal(err, "f:1: \\x01"); /* never half an escape */
    line_error(tiny, 0, -7, "f", 1, "x");
    assert_string_equal(tiny, "intact");
    line_error(tiny, 1, -7, "f", 1, "x");
    assert_string_equal(tiny, "");
}

struct seen {
    uint64_t num, stop_at;
    size_t octets, longest;
};

static int count_line(void *ctx, char *err, size_t err_len, const char *line, size_t line_len,
                      const char *source, uint64_t line_no)
{
    struct seen *seen = ctx;
    assert_int_equal(line_no, ++seen->num);
    assert_true(line_len == 0 || line[line_len - 1] != '\n');
    seen->octets += line_len;
    seen->longest = line_len > seen->longest ? line_len : seen->longest;
    if (line_no == seen->stop_at)
        return line_error(err, err_len, -ECANCELED, source, line_no, "enough");
    return 0;
}

static int load(struct seen *seen, char *err, size_t err_len, const char *content, size_t len)
{
    char path[] = "lines-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, len), len);
    close(fd);
    int rc = lines_load(path, NULL, err, err_len, count_line, seen);
    unlink(path);
    return rc;
}

static void counts_lines(void **state)
{
    static const struct {
        const char *content;
        uint64_t num;
    } cases[] = {{"", 0},     {"\n", 1},     {"a", 1},       {"a\n", 1},
                 {"a\nb", 2}, {"\n\n\n", 3}, {"\r\n\r\n", 2}};
    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct seen seen = {0};
        char err[128] = "";
        assert_int_equal(load(&seen, err, sizeof err, cases[i].content, strlen(cases[i].content)),
                         0);
        assert_int_equal(seen.num, cases[i].num);
    }
}

/* lines of every length, many reads: none is lost or cut where a read ends */
static void reads_on(void **state)
{
    size_t len = 0, octets = 0;
    char *content = malloc(2 * 1024 * 1024), err[128] = "";
    struct seen seen = {0};
    (void)state;
    assert_non_null(content);
    for (size_t line_len = 0; line_len <= LINE_MAX_LEN; line_len++) {
        memset(content + len, 'x', line_len);
        len += line_len;
        octets += line_len;
        content[len++] = '\n';
    }
    assert_int_equal(load(&seen, err, sizeof err, content, len), 0);
    assert_int_equal(seen.num, LINE_MAX_LEN + 1);
    assert_int_equal(seen.octets, octets);
    assert_int_equal(seen.longest, LINE_MAX_LEN);
    free(content);
}

static void refuses_long_lines(void **state)
{
    static const struct {
        size_t len;
        const char *end;
        bool ok;
    } cases[] = {{LINE_MAX_LEN, "\n", true},    {LINE_MAX_LEN, "\r\n", true},
                 {LINE_MAX_LEN, "", true},      {LINE_MAX_LEN + 1, "\n", false},
                 {LINE_MAX_LEN + 1, "", false}, {LINE_MAX_LEN + 2, "\n", false},
                 {200000, "\n", false},         {200000, "", false}};
    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct seen seen = {0};
        char *content = malloc(cases[i].len + 8), err[256] = "";
        assert_non_null(content);
        memcpy(content, "a\nb\n", 4);
        memset(content + 4, 'x', cases[i].len);
        memcpy(content + 4 + cases[i].len, cases[i].end, strlen(cases[i].end));
        int rc = load(&seen, err, sizeof err, content, 4 + cases[i].len + strlen(cases[i].end));
        assert_int_equal(rc, cases[i].ok ? 0 : -EINVAL);
        assert_int_equal(strstr(err, ":3: the line is longer than 1024 octets") != NULL,
                         !cases[i].ok);
        free(content);
    }
}

static void refuses_nul(void **state)
{
    static const char utf16[] = "\xff\xfe"
                                "1\0.\0"
                                "1\0\n\0";
    struct seen seen = {0};
    char err[256] = "";
    (void)state;
    assert_int_equal(load(&seen, err, sizeof err, "a\nb\0c\n", 6), -EINVAL);
    assert_non_null(strstr(err, ":2: a NUL octet in the line"));
    assert_int_equal(seen.num, 1);
    seen.num = 0;
    assert_int_equal(load(&seen, err, sizeof err, utf16, sizeof utf16), -EINVAL);
    assert_non_null(
        strstr(err, ":1: a NUL octet in the line; save the list as plain text (not UTF-16)"));
}

static void stops_where_told(void **state)
{
    struct seen seen = {.stop_at = 2};
    char err[256] = "";
    (void)state;
    assert_int_equal(load(&seen, err, sizeof err, "a\nb\nc\n", 6), -ECANCELED);
    assert_int_equal(seen.num, 2);
    assert_non_null(strstr(err, ":2: enough"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strips_lines),       cmocka_unit_test(writes_errors),
        cmocka_unit_test(counts_lines),       cmocka_unit_test(reads_on),
        cmocka_unit_test(refuses_long_lines), cmocka_unit_test(refuses_nul),
        cmocka_unit_test(stops_where_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
