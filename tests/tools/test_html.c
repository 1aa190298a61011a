/* What of others becomes in HTML and SVG: text, and nothing but text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/json.h"
#include "tests/tools/markup.h"
#include "tools/html.h"

static const struct {
    const char *what, *text, *expected;
} ours[] = {
    {"plain text", "TLS 1.3", "TLS 1.3"},
    {"nothing", "", ""},
    {"what markup is made of", "<a b=\"c\" d='e'>&amp;</a>",
     "&lt;a b=&#34;c&#34; d=&#39;e&#39;&gt;&amp;amp;&lt;/a&gt;"},
    {"a reference", "&#x3c;", "&amp;#x3c;"},
    {"letters of others", "Jos\xc3\xa9 \xd0\x9f\xf0\x9f\x98\x80", "Jos\xc3\xa9 \xd0\x9f\xf0\x9f\x98\x80"},
    {"no characters of XML", "a\xef\xbf\xbe\xef\xbf\xbf" "b", "a\\xEF\\xBF\\xBE\\xEF\\xBF\\xBF" "b"},
};

static void text_of_ours(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++) {
        struct html h;
        html_init(&h);
        html_text(&h, ours[i].text);
        assert_false(h.bad);
        assert_int_equal(h.len, strlen(ours[i].expected));
        assert_memory_equal(h.text == NULL ? "" : h.text, ours[i].expected, h.len);
        html_cleanup(&h);
    }
}

static const struct {
    const char *what;
    struct bytes octets;
    size_t max;
    const char *expected;
} others[] = {
#define OCTETS(x) {(const uint8_t *)(x), sizeof(x) - 1}
    {"a script", OCTETS("<script>x</script>"), 72, "&lt;script&gt;x&lt;/script&gt;"},
    {"an attribute's end", OCTETS("\"><img src=x onerror=y>"), 72, "&#34;&gt;&lt;img src=x onerror=y&gt;"},
    {"a terminal's colours", OCTETS("\x1b[31mred\x07"), 72, "\\x1B[31mred\\x07"},
    {"NUL and DEL", OCTETS("a\0b\x7f"), 72, "a\\x00b\\x7F"},
    {"line ends", OCTETS("a\r\nb\tc"), 72, "a\\x0D\\x0Ab\\x09c"},
    {"C1 controls", OCTETS("\xc2\x9b"), 72, "\\xC2\\x9B"},
    {"right to left override", OCTETS("\xe2\x80\xae" "abc"), 72, "\\xE2\\x80\\xAE" "abc"},
    {"isolates", OCTETS("\xe2\x81\xa6\xe2\x81\xa9"), 72, "\\xE2\\x81\\xA6\\xE2\\x81\\xA9"},
    {"Arabic letter mark", OCTETS("\xd8\x9c"), 72, "\\xD8\\x9C"},
    {"no UTF-8", OCTETS("\xff\xc0\xaf\xed\xa0\x80"), 72, "\\xFF\\xC0\\xAF\\xED\\xA0\\x80"},
    {"a cut character", OCTETS("a\xe2\x82"), 72, "a\\xE2\\x82"},
    {"a backslash", OCTETS("\\x3C"), 72, "\\\\x3C"},
    {"U+FFFE", OCTETS("\xef\xbf\xbe"), 72, "\\xEF\\xBF\\xBE"},
    {"too long", OCTETS("abcdefghij"), 8, "abcde..."},
    {"as long as may be", OCTETS("abcdefgh"), 8, "abcdefgh"},
    {"cut before an escape, not in it", OCTETS("abcd\x01\x02"), 8, "abcd..."},
    {"references do not count", OCTETS("<<<<<<<<"), 8, "&lt;&lt;&lt;&lt;&lt;&lt;&lt;&lt;"},
#undef OCTETS
};

static void text_of_others(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct html h;
        html_init(&h);
        html_octets(&h, others[i].octets, others[i].max);
        if (h.len != strlen(others[i].expected) || memcmp(h.text, others[i].expected, h.len) != 0)
            fail_msg("%s: %.*s, expected %s", others[i].what, (int)h.len, h.text, others[i].expected);
        html_cleanup(&h);
    }
}

/* every pair of octets between two elements and in an attribute is text there */
static void every_pair_of_octets(void **state)
{
    (void)state;
    struct html h;
    html_init(&h);
    for (unsigned pair = 0; pair < 0x10000; pair++) {
        uint8_t octets[] = {(uint8_t)(pair >> 8), (uint8_t)pair, '<', '"'};
        struct markup m;
        h.len = 0;
        html_put(&h, "<p title=\"");
        html_octets(&h, bytes_of(octets, sizeof octets), 72);
        html_put(&h, "\">");
        html_octets(&h, bytes_of(octets, sizeof octets), 72);
        html_put(&h, "</p>");
        if (!markup_read(&m, h.text, h.len, NULL) || m.num_elements != 1 || m.num_attributes != 1)
            fail_msg("%04x: %s: %.*s", pair, m.why, (int)h.len, h.text);
    }
    html_cleanup(&h);
}

/* what is not cut is the escape of the JSON export, with references instead of markup */
static void the_escapes_of_the_export(void **state)
{
    (void)state;
    for (unsigned c = 0; c < 256; c++) {
        uint8_t octet = (uint8_t)c, back[16];
        char text[8];
        size_t len = text_for_terminal(text, sizeof text, bytes_of(&octet, 1));
        struct html h;
        html_init(&h);
        html_octets(&h, bytes_of(&octet, 1), 72);
        if (strchr("<>&\"'", (int)c) == NULL || c == 0) {
            assert_int_equal(h.len, len);
            assert_memory_equal(h.text, text, len);
        }
        if (c != '\t' && c != '\n' && c != '\r' && c != '\b' && c != '\f') /* which JSON keeps */
            assert_int_equal(json_unescape(back, bytes_of(text, len)), 1);
        html_cleanup(&h);
    }
}

static void a_junk_of_64_kB(void **state)
{
    (void)state;
    enum { LEN = 65536 };
    uint8_t *junk = malloc(LEN);
    uint32_t seed = 3;
    struct html h;
    struct markup m;
    assert_non_null(junk);
    for (size_t i = 0; i < LEN; i++) {
        seed = seed * 1664525 + 1013904223;
        junk[i] = (uint8_t)(seed >> 24);
    }
    html_init(&h);
    html_octets(&h, bytes_of(junk, LEN), SIZE_MAX);
    assert_true(h.len <= 5 * HTML_OCTETS_MAX);
    assert_true(markup_read(&m, h.text, h.len, NULL));
    assert_int_equal(m.num_elements, 0);
    html_cleanup(&h);
    free(junk);
}

static void markup_of_ours(void **state)
{
    (void)state;
    char long_text[1200];
    struct html h;
    html_init(&h);
    html_put(&h, "<b>");
    html_format(&h, "%d %s", 42, "x");
    html_put(&h, "</b>");
    assert_int_equal(h.len, strlen("<b>42 x</b>"));
    assert_memory_equal(h.text, "<b>42 x</b>", h.len);
    for (size_t i = 0; i < 20000; i++)
        html_put(&h, "0123456789");
    assert_int_equal(h.len, strlen("<b>42 x</b>") + 200000);
    assert_false(h.bad);
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    html_format(&h, "%s", long_text);
    assert_true(h.bad); /* not cut in silence */
    html_cleanup(&h);
    assert_null(h.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_of_ours),        cmocka_unit_test(text_of_others),
        cmocka_unit_test(every_pair_of_octets), cmocka_unit_test(the_escapes_of_the_export),
        cmocka_unit_test(a_junk_of_64_kB),     cmocka_unit_test(markup_of_ours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
