/* json: what is written is valid, and gives the octets back, whatever they were. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>

#include <cmocka.h>

#include "core/json.h"
#include "core/json_valid.h"
#include "tests/core/json_check.h"

#define OCTETS(literal) literal, sizeof(literal) - 1

struct octets_case {
    const char *octets;
    size_t len;
    const char *json;
    const char *terminal;
};

static const struct octets_case octets_cases[] = {
    {OCTETS(""), "\"\"", ""},
    {OCTETS("220 mx ESMTP"), "\"220 mx ESMTP\"", "220 mx ESMTP"},
    {OCTETS("a\"b"), "\"a\\\"b\"", "a\"b"},
    {OCTETS("a\\b"), "\"a\\\\\\\\b\"", "a\\\\b"},
    {OCTETS("\\x41"), "\"\\\\\\\\x41\"", "\\\\x41"},
    {OCTETS("a/b<c>&'"), "\"a/b<c>&'\"", "a/b<c>&'"},
    {OCTETS("a\r\nb\tc"), "\"a\\r\\nb\\tc\"", "a\\x0D\\x0Ab\\x09c"},
    {OCTETS("\b\f"), "\"\\b\\f\"", "\\x08\\x0C"},
    {OCTETS("\0"), "\"\\\\x00\"", "\\x00"},
    {OCTETS("a\0b"), "\"a\\\\x00b\"", "a\\x00b"},
    {OCTETS("\33[31m"), "\"\\\\x1B[31m\"", "\\x1B[31m"},
    {OCTETS("\x01\x0b\x1f\x7f"), "\"\\\\x01\\\\x0B\\\\x1F\\\\x7F\"", "\\x01\\x0B\\x1F\\x7F"},
    /* UTF-8 of each length, and the ends of their ranges */
    {OCTETS("\xc3\xa9"), "\"\xc3\xa9\"", "\xc3\xa9"},
    {OCTETS("\xc2\xa0\xdf\xbf"), "\"\xc2\xa0\xdf\xbf\"", "\xc2\xa0\xdf\xbf"},
    {OCTETS("\xe0\xa0\x80\xef\xbf\xbf"), "\"\xe0\xa0\x80\xef\xbf\xbf\"",
     "\xe0\xa0\x80\xef\xbf\xbf"},
    {OCTETS("\xed\x9f\xbf\xee\x80\x80"), "\"\xed\x9f\xbf\xee\x80\x80\"",
     "\xed\x9f\xbf\xee\x80\x80"},
    {OCTETS("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"), "\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"",
     "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"},
    /* C1 controls: an 8-bit terminal takes U+009B for ESC [ */
    {OCTETS("\xc2\x80"), "\"\\\\xC2\\\\x80\"", "\\xC2\\x80"},
    {OCTETS("\xc2\x9b" "2J"), "\"\\\\xC2\\\\x9B2J\"", "\\xC2\\x9B2J"},
    {OCTETS("\xc2\x9f\xc2\xa0"), "\"\\\\xC2\\\\x9F\xc2\xa0\"", "\\xC2\\x9F\xc2\xa0"},
    /* what turns a line around or breaks it, and the neighbours that do not */
    {OCTETS("\xe2\x80\xae"), "\"\\u202E\"", "\\xE2\\x80\\xAE"},
    {OCTETS("\xe2\x80\xaa\xe2\x80\x8e\xe2\x80\x8f"), "\"\\u202A\\u200E\\u200F\"",
     "\\xE2\\x80\\xAA\\xE2\\x80\\x8E\\xE2\\x80\\x8F"},
    {OCTETS("\xe2\x81\xa6\xe2\x81\xa9\xd8\x9c"), "\"\\u2066\\u2069\\u061C\"",
     "\\xE2\\x81\\xA6\\xE2\\x81\\xA9\\xD8\\x9C"},
    {OCTETS("\xef\xbb\xbf"), "\"\\uFEFF\"", "\\xEF\\xBB\\xBF"},
    {OCTETS("\xe2\x80\xa8\xe2\x80\xa9"), "\"\\u2028\\u2029\"", "\\xE2\\x80\\xA8\\xE2\\x80\\xA9"},
    {OCTETS("\xe2\x80\xaf\xe2\x81\xa5\xe2\x81\xaa"), "\"\xe2\x80\xaf\xe2\x81\xa5\xe2\x81\xaa\"",
     "\xe2\x80\xaf\xe2\x81\xa5\xe2\x81\xaa"},
    /* no UTF-8 */
    {OCTETS("\xe9"), "\"\\\\xE9\"", "\\xE9"},
    {OCTETS("\x80\xbf"), "\"\\\\x80\\\\xBF\"", "\\x80\\xBF"},
    {OCTETS("\xc3"), "\"\\\\xC3\"", "\\xC3"},
    {OCTETS("\xc3("), "\"\\\\xC3(\"", "\\xC3("},
    {OCTETS("\xc0\x80"), "\"\\\\xC0\\\\x80\"", "\\xC0\\x80"},
    {OCTETS("\xc1\xbf"), "\"\\\\xC1\\\\xBF\"", "\\xC1\\xBF"},
    {OCTETS("\xe0\x9f\xbf"), "\"\\\\xE0\\\\x9F\\\\xBF\"", "\\xE0\\x9F\\xBF"},
    {OCTETS("\xe2\x82"), "\"\\\\xE2\\\\x82\"", "\\xE2\\x82"},
    {OCTETS("\xed\xa0\x80"), "\"\\\\xED\\\\xA0\\\\x80\"", "\\xED\\xA0\\x80"},
    {OCTETS("\xed\xbf\xbf"), "\"\\\\xED\\\\xBF\\\\xBF\"", "\\xED\\xBF\\xBF"},
    {OCTETS("\xf0\x8f\xbf\xbf"), "\"\\\\xF0\\\\x8F\\\\xBF\\\\xBF\"", "\\xF0\\x8F\\xBF\\xBF"},
    {OCTETS("\xf4\x90\x80\x80"), "\"\\\\xF4\\\\x90\\\\x80\\\\x80\"", "\\xF4\\x90\\x80\\x80"},
    {OCTETS("\xf8\x88\x80\x80\x80"), "\"\\\\xF8\\\\x88\\\\x80\\\\x80\\\\x80\"",
     "\\xF8\\x88\\x80\\x80\\x80"},
    {OCTETS("\xff\xfe"), "\"\\\\xFF\\\\xFE\"", "\\xFF\\xFE"},
};

static void assert_json(const struct json *j, const char *want)
{
    assert_false(j->bad);
    if (j->len != strlen(want) || memcmp(j->text, want, j->len) != 0)
        fail_msg("wrote %.*s, not %s", (int)j->len, j->text, want);
}

static void octets_are_escaped(void **state)
{
    (void)state;
    struct json j;
    json_init(&j);
    for (size_t i = 0; i < sizeof octets_cases / sizeof *octets_cases; i++) {
        const struct octets_case *c = &octets_cases[i];
        char line[64];
        json_reset(&j);
        json_octets(&j, bytes_of(c->octets, c->len));
        assert_json(&j, c->json);
        assert_true(json_is_valid(bytes_of(j.text, j.len)));
        assert_int_equal(text_for_terminal(line, sizeof line, bytes_of(c->octets, c->len)),
                         strlen(c->terminal));
        assert_string_equal(line, c->terminal);
    }
    json_cleanup(&j);
}

static void assert_round_trip(struct json *j, struct bytes octets)
{
    uint8_t decoded[8192], back[8192];
    json_reset(j);
    json_octets(j, octets);
    assert_false(j->bad);
    assert_true(j->len <= sizeof decoded);
    size_t len = json_string_decode(decoded, j->text, j->len);
    assert_int_not_equal(len, SIZE_MAX);
    assert_int_equal(json_unescape(back, bytes_of(decoded, len)), octets.len);
    assert_memory_equal(back, octets.data, octets.len);
}

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* random_octets mixes what matters: plain text, any octet, and pieces of the cases above. */
static size_t random_octets(uint8_t *out, size_t max, uint64_t *seed)
{
    size_t want = next_random(seed) % max, len = 0;
    while (len < want) {
        uint64_t r = next_random(seed);
        const struct octets_case *c =
            &octets_cases[(r >> 16) % (sizeof octets_cases / sizeof *octets_cases)];
        if (r % 4 == 0 && c->len <= want - len) {
            memcpy(out + len, c->octets, c->len);
            len += c->len;
        } else {
            out[len++] = (uint8_t)(r % 4 == 1 ? r >> 8 : 0x20 + (r >> 8) % 95);
        }
    }
    return len;
}

static void random_octets_come_back(void **state)
{
    (void)state;
    enum { ROUNDS = 100000, MAX = 200 };
    uint64_t seed = 20250101;
    uint8_t octets[MAX];
    char line[64];
    struct json j;
    json_init(&j);
    for (int i = 0; i < ROUNDS; i++) {
        size_t len = random_octets(octets, sizeof octets, &seed);
        assert_round_trip(&j, bytes_of(octets, len));
        for (size_t k = 0; k < j.len; k++)
            assert_true((uint8_t)j.text[k] >= 0x20 && j.text[k] != 0x7f);
        size_t room = 1 + next_random(&seed) % sizeof line;
        size_t line_len = text_for_terminal(line, room, bytes_of(octets, len));
        assert_true(line_len < room && line[line_len] == '\0' && strlen(line) == line_len);
        struct json_check c = {(const uint8_t *)line, (const uint8_t *)line + line_len};
        while (c.at < c.end)
            assert_true(*c.at >= 0x20 && *c.at != 0x7f && json_check_utf8(&c));
    }
    json_cleanup(&j);
}

static void short_octets_come_back(void **state)
{
    (void)state;
    struct json j;
    json_init(&j);
    for (unsigned code = 0; code <= UINT16_MAX; code++) {
        uint8_t octets[2] = {(uint8_t)(code >> 8), (uint8_t)code};
        assert_round_trip(&j, bytes_of(octets, 2));
        if (code <= UINT8_MAX)
            assert_round_trip(&j, bytes_of(octets + 1, 1));
    }
    json_cleanup(&j);
}

/* Every special octet at every place of a word: the run of plain text must end exactly there. */
static void plain_runs_end_at_the_octet(void **state)
{
    (void)state;
    struct json j;
    json_init(&j);
    for (unsigned c = 0; c <= UINT8_MAX; c++)
        for (size_t at = 0; at < 24; at++) {
            uint8_t octets[24];
            memset(octets, 'x', sizeof octets);
            octets[at] = (uint8_t)c;
            assert_round_trip(&j, bytes_of(octets, sizeof octets));
        }
    json_cleanup(&j);
}

static const struct {
    const char *text;
    bool ok;
} unescape_cases[] = {
    {"", true},
    {"plain", true},
    {"\\\\", true},
    {"\\x00\\xFF", true},
    {"\\xC2\\x85", true},
    {"\xc3\xa9", true},
    {"\r\n\t", true},
    {"\\", false},
    {"a\\", false},
    {"\\x", false},
    {"\\x0", false},
    {"\\xg0", false},
    {"\\xff", false},       /* lower case */
    {"\\n", false},
    {"\\u0041", false},
    {"\\x41", false},       /* "A" is never escaped */
    {"\\x5C", false},       /* nor a backslash so */
    {"\\x0A", false},
    {"\\xC3\\xA9", false},  /* nor what is UTF-8 */
    {"\xc3\\xA9", false},
    {"\xff", false},        /* nor does this stay */
    {"\x01", false},
    {"\xc2\x85", false},
};

static void unescape_takes_only_what_was_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof unescape_cases / sizeof *unescape_cases; i++) {
        uint8_t out[64];
        size_t len = json_unescape(out, bytes_text(unescape_cases[i].text));
        if ((len != SIZE_MAX) != unescape_cases[i].ok)
            fail_msg("case %zu: %s", i, unescape_cases[i].text);
    }
}

static const struct {
    const char *octets;
    size_t room;
    const char *line;
} cut_cases[] = {
    {"abcdef", 7, "abcdef"},
    {"abcdef", 6, "ab..."},
    {"abcdef", 4, "..."},
    {"abcdef", 3, ".."},
    {"abcdef", 1, ""},
    {"a\nb", 7, "a\\x0Ab"},
    {"a\nb", 6, "a..."},       /* never in the middle of an escape */
    {"\xc3\xa9\xc3\xa9\xc3\xa9", 7, "\xc3\xa9\xc3\xa9\xc3\xa9"},
    {"\xc3\xa9\xc3\xa9\xc3\xa9", 6, "\xc3\xa9..."},
    {"\xc3\xa9\xc3\xa9\xc3\xa9", 5, "..."},
};

static void long_lines_are_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cut_cases / sizeof *cut_cases; i++) {
        char line[16];
        memset(line, '#', sizeof line);
        size_t len = text_for_terminal(line, cut_cases[i].room, bytes_text(cut_cases[i].octets));
        assert_string_equal(line, cut_cases[i].line);
        assert_int_equal(len, strlen(line));
        for (size_t k = cut_cases[i].room; k < sizeof line; k++)
            assert_int_equal(line[k], '#');
    }
    assert_int_equal(text_for_terminal(NULL, 0, bytes_text("abc")), 0);
}

static void structure(void **state)
{
    (void)state;
    struct json j;
    json_init(&j);
    json_object(&j);
    json_key(&j, "a");
    json_uint(&j, 1);
    json_key(&j, "b");
    json_array(&j);
    json_array_end(&j);
    json_key(&j, "c");
    json_array(&j);
    json_object(&j);
    json_object_end(&j);
    json_object(&j);
    json_key(&j, "d");
    json_null(&j);
    json_object_end(&j);
    json_bool(&j, true);
    json_bool(&j, false);
    json_string(&j, "text \"\\\n\x1b\xff\xc2\x85 \xe2\x80\xae");
    json_hex(&j, (const uint8_t *)"\x00\xab\xff", 3);
    json_hex(&j, NULL, 0);
    json_array_end(&j);
    json_octets_key(&j, bytes_text("k\n\xff"));
    json_int(&j, -1);
    json_object_end(&j);
    assert_true(json_is_valid(bytes_of(j.text, j.len)));
    json_newline(&j);
    json_octets(&j, bytes_of(NULL, 0));
    json_newline(&j);
    assert_json(&j, "{\"a\":1,\"b\":[],\"c\":[{},{\"d\":null},true,false,"
                    "\"text \\\"\\\\\\n\\u001B\\uFFFD\\u0085 \\u202E\",\"00abff\",\"\"],"
                    "\"k\\n\\\\xFF\":-1}\n\"\"\n");
    json_reset(&j);
    json_object(&j);
    assert_json(&j, "{");
    json_cleanup(&j);
    assert_null(j.text);
}

static void numbers(void **state)
{
    (void)state;
    struct json j;
    json_init(&j);
    json_array(&j);
    json_uint(&j, 0);
    json_uint(&j, 9);
    json_uint(&j, 10);
    json_uint(&j, 1234567890);
    json_uint(&j, UINT64_MAX);
    json_int(&j, 0);
    json_int(&j, INT64_MAX);
    json_int(&j, INT64_MIN);
    json_fixed(&j, 1.005, 1);
    json_fixed(&j, -2.5, 3);
    json_fixed(&j, 7, 0);
    json_fixed(&j, 7, -3);
    json_fixed(&j, (double)NAN, 2);
    json_fixed(&j, (double)INFINITY, 2);
    json_fixed(&j, -(double)INFINITY, 2);
    json_array_end(&j);
    assert_json(&j, "[0,9,10,1234567890,18446744073709551615,0,9223372036854775807,"
                    "-9223372036854775808,1.0,-2.500,7,7,null,null,null]");
    assert_true(json_is_valid(bytes_of(j.text, j.len)));
    json_reset(&j);
    json_fixed(&j, -1.7e308, 99);
    assert_int_equal(j.len, 1 + 309 + 1 + 17);
    assert_true(json_is_valid(bytes_of(j.text, j.len)));
    json_cleanup(&j);
}

static void values_that_are_there(void **state)
{
    (void)state;
    struct json j;
    json_init(&j);
    json_object(&j);
    json_raw_key(&j, bytes_text("\"a\""));
    json_raw(&j, bytes_text("[1,2]"));
    json_key(&j, "b");
    json_array(&j);
    json_raw(&j, bytes_text("true"));
    char *room = json_room(&j, 4);
    assert_non_null(room);
    memcpy(room, "null", 4);
    json_text(&j, bytes_text("\xff\\\"\x1b\xe2\x80\xae"));
    json_array_end(&j);
    json_object_end(&j);
    assert_json(&j, "{\"a\":[1,2],\"b\":[true,null,\"\\uFFFD\\\\\\\"\\u001B\\u202E\"]}");
    json_cleanup(&j);
}

static void grows_and_keeps_memory(void **state)
{
    (void)state;
    static uint8_t octets[100000];
    memset(octets, 0xff, sizeof octets);
    struct json j;
    json_init(&j);
    json_octets(&j, bytes_of(octets, sizeof octets));
    assert_false(j.bad);
    assert_int_equal(j.len, 5 * sizeof octets + 2);
    size_t cap = j.cap;
    json_reset(&j);
    json_octets(&j, bytes_of(octets, sizeof octets));
    assert_int_equal(j.cap, cap);
    json_cleanup(&j);
}

static void error_is_sticky(void **state)
{
    (void)state;
    struct json j;
    json_init(&j);
    json_string(&j, "kept");
    j.bad = true;   /* as a failed allocation leaves it */
    size_t len = j.len;
    json_object(&j);
    json_key(&j, "a");
    json_octets(&j, bytes_text("b"));
    json_uint(&j, 1);
    json_object_end(&j);
    json_newline(&j);
    assert_int_equal(j.len, len);
    assert_true(j.bad);
    json_reset(&j);
    json_null(&j);
    assert_json(&j, "null");
    json_cleanup(&j);
}

/* RFC 4648, 10, and octets of every kind */
static void base64(void **state)
{
    (void)state;
    static const struct {
        const char *octets;
        size_t len;
        const char *json;
    } cases[] = {
        {OCTETS(""), "\"\""},
        {OCTETS("f"), "\"Zg==\""},
        {OCTETS("fo"), "\"Zm8=\""},
        {OCTETS("foo"), "\"Zm9v\""},
        {OCTETS("foob"), "\"Zm9vYg==\""},
        {OCTETS("fooba"), "\"Zm9vYmE=\""},
        {OCTETS("foobar"), "\"Zm9vYmFy\""},
        {OCTETS("\0\x10\xfb\xff\xfe"), "\"ABD7//4=\""},
        {OCTETS("\xff"), "\"/w==\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct json j;
        json_init(&j);
        json_base64(&j, bytes_of(cases[i].octets, cases[i].len));
        assert_json(&j, cases[i].json);
        json_cleanup(&j);
    }
}

static void members(void **state)
{
    const uint8_t octets[] = {0x01, 0xff};
    const struct bytes none = bytes_of(NULL, 0);
    struct json j;
    (void)state;
    json_init(&j);
    json_object(&j);
    json_add_string(&j, "absent", NULL);
    json_add_octets(&j, "absent", none);
    json_add_text(&j, "absent", none);
    json_add_hex(&j, "absent", none);
    json_add_base64(&j, "absent", none);
    json_add_string(&j, "string", "");
    json_add_octets(&j, "octets", bytes_of(octets, 2));
    json_add_text(&j, "text", bytes_of(octets, 2));
    json_add_hex(&j, "hex", bytes_of(octets, 2));
    json_add_base64(&j, "base64", bytes_of(octets, 2));
    json_add_uint(&j, "uint", 0);
    json_add_bool(&j, "bool", false);
    json_object_end(&j);
    const char *expected = "{\"string\":\"\",\"octets\":\"\\\\x01\\\\xFF\",\"text\":\"\\u0001\\uFFFD\","
                           "\"hex\":\"01ff\",\"base64\":\"Af8=\",\"uint\":0,\"bool\":false}";
    assert_int_equal(j.len, strlen(expected));
    assert_memory_equal(j.text, expected, j.len);
    json_cleanup(&j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(octets_are_escaped),
        cmocka_unit_test(random_octets_come_back),
        cmocka_unit_test(short_octets_come_back),
        cmocka_unit_test(plain_runs_end_at_the_octet),
        cmocka_unit_test(unescape_takes_only_what_was_written),
        cmocka_unit_test(long_lines_are_cut),
        cmocka_unit_test(structure),
        cmocka_unit_test(base64),
        cmocka_unit_test(numbers),
        cmocka_unit_test(values_that_are_there), cmocka_unit_test(grows_and_keeps_memory),
        cmocka_unit_test(error_is_sticky),
        cmocka_unit_test(members),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
