/* stream_lines: the same lines and digests however the octets are cut; no line is too long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scanner/stream_lines.h"

#define LENGTH(a) (sizeof(a) / sizeof(a)[0])

enum { LINES_MAX = 8 };

/* what was cut: the lines, each with a '|' behind it, and the digest after each */
struct cut {
    char text[256];
    size_t len, num;
    uint8_t sha256[LINES_MAX][32];
};

static void note(struct cut *cut, const struct stream_lines *s, struct bytes line)
{
    assert_true(cut->len + line.len + 1 < sizeof cut->text);
    memcpy(cut->text + cut->len, line.data, line.len);
    cut->len += line.len;
    cut->text[cut->len++] = '|';
    assert_true(cut->num < LINES_MAX);
    stream_lines_digest(s, cut->sha256[cut->num++]);
    assert_int_equal(s->num, cut->num);
}

/* the octets are given in a block of their own size, so that a read past their end is seen */
static void feed(struct cut *cut, struct stream_lines *s, const char *octets, size_t len)
{
    char *data = malloc(len > 0 ? len : 1), *at = data;
    struct bytes line;
    size_t used;
    assert_non_null(data);
    memcpy(data, octets, len);
    while (stream_lines_next(s, &line, &used, at, len)) {
        assert_true(used > 0 && used <= len);
        note(cut, s, line);
        at += used;
        len -= used;
    }
    free(data);
}

static void end(struct cut *cut, struct stream_lines *s)
{
    struct bytes line;
    if (stream_lines_end(s, &line))
        note(cut, s, line);
    assert_false(stream_lines_end(s, &line));
}

static const struct {
    const char *octets, *lines;
    bool begun; /* the last one has no line end */
} cases[] = {
    {"", "", false},
    {"\n", "|", false},
    {"\n\n\n", "|||", false},
    {"a", "a|", true},
    {"a\n", "a|", false},
    {"a\nb", "a|b|", true},
    {"a\r\nb\r\n", "a\r|b\r|", false},
    {"a\rb\n", "a\rb|", false},
    {"\r", "\r|", true},
    {"\nabc\n\ndef\n", "|abc||def|", false},
    {"198.51.100.1\n198.51.100.17\n2001:db8::1\n", "198.51.100.1|198.51.100.17|2001:db8::1|",
     false},
};

static void check(const struct cut *cut, size_t i)
{
    const char *octets = cases[i].octets, *at = octets;
    uint8_t sha256[32];
    assert_int_equal(cut->len, strlen(cases[i].lines));
    assert_memory_equal(cut->text, cases[i].lines, cut->len);
    for (size_t k = 0; k < cut->num; k++) {
        const char *lf = strchr(at, '\n');
        at = lf != NULL ? lf + 1 : at + strlen(at);
        SHA256((const uint8_t *)octets, (size_t)(at - octets), sha256);
        assert_memory_equal(cut->sha256[k], sha256, sizeof sha256);
    }
}

static void cuts_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct stream_lines s;
        struct cut cut = {0};
        stream_lines_init(&s);
        feed(&cut, &s, cases[i].octets, strlen(cases[i].octets));
        assert_int_equal(s.is_begun, cases[i].begun);
        end(&cut, &s);
        check(&cut, i);
    }
}

static void cut_at_each_two_points(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        const char *octets = cases[i].octets;
        size_t len = strlen(octets);
        for (size_t a = 0; a <= len; a++) {
            for (size_t b = a; b <= len; b++) {
                struct stream_lines s;
                struct cut cut = {0};
                stream_lines_init(&s);
                feed(&cut, &s, octets, a);
                feed(&cut, &s, octets + a, b - a);
                feed(&cut, &s, octets + b, len - b);
                end(&cut, &s);
                check(&cut, i);
            }
        }
    }
}

static void octet_by_octet(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct stream_lines s;
        struct cut cut = {0};
        stream_lines_init(&s);
        for (const char *at = cases[i].octets; *at != '\0'; at++)
            feed(&cut, &s, at, 1);
        end(&cut, &s);
        check(&cut, i);
    }
}

/* of a line that nobody ended, nothing is in the digest */
static void digests_whole_lines_only(void **state)
{
    (void)state;
    uint8_t expected[32], sha256[32];
    struct stream_lines s;
    struct cut cut = {0};
    stream_lines_init(&s);
    SHA256((const uint8_t *)"", 0, expected);
    feed(&cut, &s, "abc", 3);
    stream_lines_digest(&s, sha256);
    assert_memory_equal(sha256, expected, 32);
    SHA256((const uint8_t *)"abcd\n", 5, expected);
    feed(&cut, &s, "d\nef", 4);
    feed(&cut, &s, "g", 1);
    stream_lines_digest(&s, sha256);
    assert_memory_equal(sha256, expected, 32);
    assert_int_equal(s.num, 1);
}

/* lines around what is kept, in pieces of all sorts: the length given tells line_check what to say,
 * and the line behind is whole */
static void passes_over_long_lines(void **state)
{
    static const size_t lens[] = {LINE_MAX_LEN - 1, LINE_MAX_LEN,     LINE_MAX_LEN + 1,
                                  LINE_MAX_LEN + 2, LINE_MAX_LEN + 3, 10 << 20};
    static const size_t pieces[] = {1000, 1023, 1024, 1025, 4096, 65536, 20 << 20};
    (void)state;
    for (size_t i = 0; i < LENGTH(lens) * LENGTH(pieces) * 2; i++) {
        size_t len = lens[i % LENGTH(lens)], piece = pieces[i / LENGTH(lens) % LENGTH(pieces)];
        bool cr = i >= LENGTH(lens) * LENGTH(pieces);
        size_t octets_len = len + cr + 1, num = 0;
        char err[256], *octets = malloc(octets_len);
        uint8_t expected[32], sha256[32];
        struct stream_lines s;
        struct bytes line;
        assert_non_null(octets);
        memset(octets, 'x', len);
        memcpy(octets + len, cr ? "\r\n" : "\n", (size_t)cr + 1);
        SHA256((const uint8_t *)octets, octets_len, expected);
        stream_lines_init(&s);
        for (size_t at = 0, used; at < octets_len; at += used) {
            size_t give = piece < octets_len - at ? piece : octets_len - at;
            used = give;
            if (!stream_lines_next(&s, &line, &used, octets + at, give))
                continue;
            num++;
            assert_int_equal(line_check(err, sizeof err, (const char *)line.data, line.len, "s", 1),
                             len > LINE_MAX_LEN ? -EINVAL : 0);
            assert_true(line.len <= STREAM_LINE_KEPT);
        }
        assert_int_equal(num, 1);
        stream_lines_digest(&s, sha256);
        assert_memory_equal(sha256, expected, 32);
        free(octets);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cuts_lines),
        cmocka_unit_test(cut_at_each_two_points),
        cmocka_unit_test(octet_by_octet),
        cmocka_unit_test(digests_whole_lines_only),
        cmocka_unit_test(passes_over_long_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
