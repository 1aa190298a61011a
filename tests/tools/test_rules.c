/* rules: the language of rules files: what a pattern finds, which rule wins, what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/rules.h"
#include "tools/rules_find.h"
#include "tools/rules_pattern.h"

#define LENGTH(a) (sizeof(a) / sizeof(a)[0])

/* ---- patterns ---- */

static const struct {
    const char *pattern, *line;
    bool found;
    const char *version; /* NULL: none */
} patterns[] = {
    {"postfix", "mx ESMTP Postfix", true, NULL},
    {"POSTFIX", "mx ESMTP Postfix", true, NULL},
    {"postfix", "mx ESMTP Postfix (Debian)", true, NULL},
    {"postfix", "mx ESMTP Postfixed", false, NULL},
    {"postfix", "mx ESMTP xPostfix", false, NULL},
    {"postfix", "xPostfix Postfix", true, NULL},
    {"postfix", "Postfix/1", true, NULL},
    {"postfix", "", false, NULL},
    {"postfix", "Postfi", false, NULL},
    {"postfix*", "mx ESMTP Postfixed", true, NULL},
    {"*fix", "mx ESMTP Postfix", true, NULL},
    {"*fix", "mx ESMTP Postfixed", false, NULL},
    {"*stfi*", "mx ESMTP Postfixed", true, NULL},
    {" postfix", "Postfix ESMTP", false, NULL},
    {" postfix", "ESMTP Postfix", true, NULL},
    {"^mx", "mx ESMTP", true, NULL},
    {"^mx", "an mx", false, NULL},
    {"^mx$", "mx", true, NULL},
    {"^mx$", "mxx", false, NULL},
    {"gsmtp$", "mx ESMTP 12 - gsmtp", true, NULL},
    {"gsmtp$", "mx gsmtp ESMTP gsmtp", true, NULL},
    {"gsmtp$", "mx gsmtp ESMTP", false, NULL},
    {"a*b", "a b", true, NULL},
    {"a*b", "b a", false, NULL},
    {"a*b", "ab", true, NULL},
    {"^a*b*c$", "a b b c c", true, NULL},
    {"^a*b*c$", "a c b", false, NULL},
    {"aab", "aaab aab", true, NULL},
    {"\\*\\*", "x ** y", true, NULL},
    {"\\^a\\$", "^a$", true, NULL},
    {"\\\"a\\\\\\<", "\"a\\<", true, NULL},
    {"\\x41b", "ab", true, NULL},
    {"\\xe9", "\xe9", true, NULL},
    {"exim <v>", "mx ESMTP Exim 4.96.2 Thu", true, "4.96.2"},
    {"exim <v>", "mx ESMTP Exim 4.96. Thu", true, "4.96"},
    {"exim <v>", "mx ESMTP Exim four", false, NULL},
    {"exim <v>", "mx ESMTP Exim .4", false, NULL},
    {"exim <v>", "Exim x Exim 4", true, "4"},
    {"exim <v>", "Exim ", false, NULL},
    {"exim <v>", "Exim 4...", true, "4"},
    {"(v<v>)", "mx (v5.0)", true, "5.0"},
    {"(v<v>)", "mx (v5.0r1)", false, NULL},
    {"(v<v>", "mx (v5.0r1)", true, "5.0"},
    {"a <v>*b", "a 1 x b", true, "1"},
    {"a <v>$", "a 1 a 2", true, "2"},
    {"a*b <v>", "a 1 b 2", true, "2"},
    {"v <v>", "v 1234567890123456789012345678901234567890", true,
     "12345678901234567890123456789012"},
};

static void finds(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(patterns); i++) {
        struct pattern p;
        struct bytes version = {NULL, 0};
        const char *why = NULL;
        size_t at = 0, len = strlen(patterns[i].line);
        if (!pattern_parse(&p, &why, &at, bytes_text(patterns[i].pattern)))
            fail_msg("%s: %zu: %s", patterns[i].pattern, at, why);
        uint8_t *copy = malloc(len + 1); /* of its own size: a read past it is seen */
        memcpy(copy, patterns[i].line, len);
        copy = realloc(copy, len > 0 ? len : 1);
        bool found = pattern_find(&p, &version, bytes_of(copy, len));
        struct bytes expected =
            patterns[i].version != NULL ? bytes_text(patterns[i].version) : bytes_of(NULL, 0);
        if (found != patterns[i].found || !bytes_equal(version, expected))
            fail_msg("%s in \"%s\": %d \"%.*s\"", patterns[i].pattern, patterns[i].line, found,
                     (int)version.len, (const char *)version.data);
        free(copy);
    }
}

static void bad_patterns(void **state)
{
    (void)state;
    static const struct {
        const char *pattern;
        size_t at;
        const char *why;
    } cases[] = {
        {"", 0, "no text to look for"},
        {"^", 1, "no text to look for"},
        {"*", 1, "no text to look for"},
        {"^*a", 1, "adds nothing"},
        {"a**b", 2, "adds nothing"},
        {"a^", 1, "write \\^"},
        {"a$b", 1, "write \\$"},
        {"a*$", 3, "no text to look for"},
        {"a\\", 1, "no such escape"},
        {"a\\q", 1, "no such escape"},
        {"a\\x4", 1, "no such escape"},
        {"a\\xg0", 1, "no such escape"},
        {"a\\x0a", 1, "a control character"},
        {"a\tb", 1, "a control character"},
        {"<v>", 0, "nothing before"},
        {"a*<v>", 2, "nothing before"},
        {"a<x>", 1, "write \\<"},
        {"a<v", 1, "write \\<"},
        {"a<v>1", 4, "would be part of it"},
        {"a<v>.", 4, "would be part of it"},
        {"a<v>b<v>", 5, "a second"},
        {"a*b*c*d*e*f*g*h*i", 16, "too many parts"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct pattern p;
        const char *why = NULL;
        size_t at = 99;
        if (pattern_parse(&p, &why, &at, bytes_text(cases[i].pattern)))
            fail_msg("%s: read", cases[i].pattern);
        if (at != cases[i].at || strstr(why, cases[i].why) == NULL)
            fail_msg("%s: %zu, %s", cases[i].pattern, at, why);
    }
    char text[PATTERN_MAX + 1];
    memset(text, 'a', sizeof text);
    struct pattern p;
    const char *why;
    size_t at;
    assert_true(pattern_parse(&p, &why, &at, bytes_of(text, PATTERN_MAX)));
    assert_false(pattern_parse(&p, &why, &at, bytes_of(text, PATTERN_MAX + 1)));
}

/* ---- finding words ---- */

/* against looking for each word apart, over all short texts of three letters */
static void finder(void **state)
{
    (void)state;
    static const char *const words[] = {"a", "ab", "bab", "bc", "bca", "c", "caa", "aaa"};
    struct finder_word list[LENGTH(words)];
    struct finder f;
    for (unsigned i = 0; i < LENGTH(words); i++)
        list[i] = (struct finder_word){bytes_text(words[i]), 70 * i};
    assert_int_equal(finder_init(&f, list, LENGTH(words)), 0);
    for (unsigned n = 0; n < 4 * 4 * 4 * 4 * 4 * 4; n++) {
        char text[7] = "";
        for (unsigned i = 0, rest = n; i < 6; i++, rest /= 4)
            text[i] = "aBcd"[rest % 4];
        struct finder_set set;
        finder_scan(&f, &set, bytes_text(text));
        for (unsigned i = 0; i < LENGTH(words); i++) {
            bool in = strcasestr(text, words[i]) != NULL;
            bool told = (set.bits[70 * i / 64] >> (70 * i % 64) & 1) != 0;
            if (in != told)
                fail_msg("%s in %s: %d", words[i], text, told);
        }
    }
    finder_cleanup(&f);
    assert_int_equal(finder_init(&f, NULL, 0), 0);
    struct finder_set set;
    finder_scan(&f, &set, bytes_text("abc"));
    assert_int_equal(set.bits[0], 0);
    finder_cleanup(&f);
}

/* what is remembered is what is found, wherever texts are parted, and though the table is small */
static void finder_recalls(void **state)
{
    (void)state;
    static const char *const words[] = {"a", "ab", "bab", "bc", "bca", "c", "caa", "aaa"};
    static struct finder_memo memo;
    struct finder_word list[LENGTH(words)];
    struct finder f;
    for (unsigned i = 0; i < LENGTH(words); i++)
        list[i] = (struct finder_word){bytes_text(words[i]), 70 * i};
    assert_int_equal(finder_init(&f, list, LENGTH(words)), 0);
    for (unsigned n = 0; n < 4 * 4 * 4 * 4 * 4 * 4; n++) {
        char text[7] = "";
        for (unsigned i = 0, rest = n; i < 6; i++, rest /= 4)
            text[i] = "aBcd"[rest % 4];
        for (size_t at = 0; at <= 6; at++) {
            struct finder_set set, recalled;
            finder_scan(&f, &set, bytes_text(text));
            finder_recall(&f, &memo, &recalled, bytes_text(text), at);
            assert_memory_equal(&set, &recalled, sizeof set);
        }
    }
    static uint8_t octets[FINDER_TAIL_MAX + 2];
    memset(octets, 'd', sizeof octets);
    memcpy(octets + FINDER_TAIL_MAX - 1, "bab", 3);
    for (size_t at = 0; at < 4; at++) /* longer than is remembered, and as long */
        for (int again = 0; again < 2; again++) {
            struct finder_set set, recalled;
            finder_scan(&f, &set, bytes_of(octets, sizeof octets));
            finder_recall(&f, &memo, &recalled, bytes_of(octets, sizeof octets), at);
            assert_memory_equal(&set, &recalled, sizeof set);
        }
    finder_cleanup(&f);
}

static void finder_too_large(void **state)
{
    (void)state;
    static uint8_t octets[FINDER_STATES_MAX];
    struct finder f;
    memset(octets, 'a', sizeof octets);
    struct finder_word word = {bytes_of(octets, sizeof octets - 1), 0};
    assert_int_equal(finder_init(&f, &word, 1), 0);
    finder_cleanup(&f);
    word.text.len++;
    assert_int_equal(finder_init(&f, &word, 1), -E2BIG);
}

/* ---- files ---- */

#define HEAD "rules 1 mta 7\n"

static struct rules *parse_good(const char *text)
{
    struct rules *r = NULL;
    char err[RULES_ERR_MAX] = "";
    if (rules_parse(&r, err, bytes_text(text), "mta", "test") != 0)
        fail_msg("%s", err);
    return r;
}

/* name, or name and version with a slash; "": nothing */
static const char *matched(const struct rules *r, const char *greeting, const char *ehlo)
{
    static char out[200];
    struct rule_match m;
    struct bytes texts[NUM_RULE_FIELDS] = {
        [RULE_GREETING] = bytes_text(greeting), [RULE_EHLO] = bytes_text(ehlo)};
    struct rules_memo *memo = rules_memo_new();
    bool found = rules_match(r, &m, texts);
    for (int again = 0; again < 2; again++) { /* remembered, the same */
        struct rule_match recalled = {0};
        assert_int_equal(rules_recall(r, memo, &recalled, texts), found);
        assert_true(!found ||
                    (recalled.name == m.name && bytes_equal(recalled.version, m.version)));
    }
    rules_memo_free(memo);
    if (!found)
        return "";
    snprintf(out, sizeof out, "%s%s%.*s", rules_name(r, m.name), m.version.len > 0 ? "/" : "",
             (int)m.version.len, (const char *)m.version.data);
    return out;
}

static void which_wins(void **state)
{
    (void)state;
    static const char file[] = "\xef\xbb\xbf# comment\r\n\r\n  rules 1 mta 2026.1 \r\n"
                               "Early: ehlo \"EARLY\"\n"
                               "A One:greeting \"one\"and ehlo \"two\"\n"
                               "\tB : greeting \"one <v>\" and not greeting \"bad\" \n"
                               "A One: greeting \"one\" and not ehlo \"off\"\n"
                               "Late: greeting \"two\" and reply \"x\"\n"
                               "Quote: greeting \"say \\\"hi\\\" and not\"\n"
                               "C: ehlo \"^SIZE *\"";
    struct rules *r = parse_good(file);
    assert_string_equal(rules_version(r), "2026.1");
    assert_int_equal(rules_num_names(r), 6);
    assert_string_equal(rules_name(r, 1), "A One");
    static const struct {
        const char *greeting, *ehlo, *expected;
    } cases[] = {
        {"220 mx one", "250 two", "A One"},
        {"220 mx one 1.2", "250 two", "A One"},
        {"220 mx one 1.2", "250 x", "B/1.2"},
        {"220 mx one 1.2", "", "B/1.2"},
        {"220-mx one 1.2\r\n220 bad", "", ""}, /* no EHLO: nobody knows that it has not "off" */
        {"220-mx one 1.2\r\n220 bad", "250 off", ""},
        {"220-mx one 1.2\r\n220 bad", "250 on", "A One"},
        {"220 mx one", "250-mx\r\n250 EARLY\r\n", "Early"},
        {"", "250-mx\r\n250 EARLY\r\n", "Early"},
        {"220 mx", "250-mx\r\n250 SIZE 10\r\n", "C"},
        {"220 mx", "250-mx\n250-size 10\n250 X", "C"},
        {"220 mx", "250-mx\r\n250 XSIZE 10\r\n", ""},
        {"220 two", "250 x", ""},
        {"220 say \"hi\" and not", "", "Quote"},
        {"220 on\r\n220 e", "250 two", ""}, /* a word does not go on in the next line */
        {"mx one 9", "", "B/9"},            /* a line without a code is taken whole */
        {"", "", ""},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        const char *got = matched(r, cases[i].greeting, cases[i].ehlo);
        if (strcmp(got, cases[i].expected) != 0)
            fail_msg("case %zu: \"%s\"", i, got);
    }
    rules_free(r);
    rules_free(NULL);
}

static void refused(void **state)
{
    (void)state;
    static const struct {
        const char *file, *err;
    } cases[] = {
        {"", "test: no rules in it"},
        {HEAD, "test: no rules in it"},
        {"A: greeting \"x\"\n", "test:1: column 1: the first line must say"},
        {"rules 2 mta 7\n", "test:1: column 8: another format of rules"},
        {"rules 1 rejection 7\n", "test:1: column 18: rules of another kind; \"mta\""},
        {"rules 1 mta\n", "test:1: column 12: one word"},
        {"rules 1 mta 7 8\n", "test:1: column 15: one word"},
        {HEAD "greeting \"x\"\n", "test:2: column 1: no name"},
        {HEAD ": greeting \"x\"\n", "test:2: column 1: no name"},
        {HEAD "A\x01: greeting \"x\"\n", "test:2: column 1: a name is at most 64"},
        {HEAD "A: banner \"x\"\n", "test:2: column 4: a condition is expected"},
        {HEAD "A:\n", "test:2: column 3: a condition is expected"},
        {HEAD "A: not\n", "test:2: column 7: a condition is expected"},
        {HEAD "A: greeting x\n", "test:2: column 13: a pattern in double quotes"},
        {HEAD "A: greeting \"x\n", "test:2: column 13: no closing quote"},
        {HEAD "A: greeting \"x\\\"\n", "test:2: column 13: no closing quote"},
        {HEAD "\n\nA: greeting \"x**y\"\n", "test:4: column 16: `*` that adds nothing"},
        {HEAD "A: greeting \"x\" or ehlo \"y\"\n", "test:2: column 19: \"and\" or the end"},
        {HEAD "A: greeting \"x\" and\n", "test:2: column 20: a condition is expected"},
        {HEAD "A: not greeting \"x\"\n", "test:2: column 1: every condition has \"not\""},
        {HEAD "A: ehlo \"1\" and ehlo \"2\" and ehlo \"3\" and ehlo \"4\" and ehlo \"5\" and "
              "ehlo \"6\" and ehlo \"7\" and ehlo \"8\" and ehlo \"9\"\n",
         "more than 8 conditions"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct rules *r = NULL;
        char err[RULES_ERR_MAX] = "";
        assert_int_equal(rules_parse(&r, err, bytes_text(cases[i].file), "mta", "test"), -EINVAL);
        assert_null(r);
        if (strstr(err, cases[i].err) == NULL)
            fail_msg("case %zu: %s", i, err);
    }
}

static void bounds(void **state)
{
    (void)state;
    static char text[RULES_FILE_MAX + 2];
    char err[RULES_ERR_MAX] = "";
    struct rules *r = NULL;
    size_t len = (size_t)sprintf(text, HEAD);
    for (int i = 0; i < RULES_MAX; i++)
        len += (size_t)sprintf(text + len, "N%d: greeting \"word%d\"\n", i, i);
    r = parse_good(text);
    assert_string_equal(matched(r, "220 x word511", ""), "N511");
    assert_string_equal(matched(r, "220 word9 word8", ""), "N8");
    rules_free(r);
    r = NULL;
    sprintf(text + len, "A: greeting \"x\"\n");
    assert_int_equal(rules_parse(&r, err, bytes_text(text), "mta", "test"), -EINVAL);
    assert_non_null(strstr(err, "test:514: column 1: more than 512 rules"));

    len = (size_t)sprintf(text, HEAD "%0*d: greeting \"x\"\n", RULES_NAME_MAX, 7);
    rules_free(parse_good(text));
    sprintf(text, HEAD "%0*d: greeting \"x\"\n", RULES_NAME_MAX + 1, 7);
    assert_int_equal(rules_parse(&r, err, bytes_text(text), "mta", "test"), -EINVAL);

    memset(text, '\n', sizeof text);
    assert_int_equal(rules_parse(&r, err, bytes_of(text, RULES_FILE_MAX), "mta", "test"), -EINVAL);
    assert_int_equal(rules_parse(&r, err, bytes_of(text, RULES_FILE_MAX + 1), "mta", "test"),
                     -EFBIG);
    memset(text, 'x', 2000);
    assert_int_equal(rules_parse(&r, err, bytes_of(text, 2000), "mta", "test"), -EINVAL);
    assert_non_null(strstr(err, "longer than 1024 octets"));
    assert_null(r);
}

/* only the beginning of a text counts */
static void long_texts(void **state)
{
    (void)state;
    static char text[1 << 16];
    struct rules *r = parse_good(HEAD "A: greeting \"a*a*a*a*b\"\nB: greeting \"end\"");
    memset(text, 'a', sizeof text - 1);
    assert_string_equal(matched(r, text, text), "");
    memset(text, ' ', sizeof text - 1);
    memcpy(text + RULES_TEXT_MAX - 4, " end", 4);
    assert_string_equal(matched(r, text, ""), "B");
    memset(text, ' ', sizeof text - 1);
    memcpy(text + RULES_TEXT_MAX - 3, " end", 4);
    assert_string_equal(matched(r, text, ""), "");
    rules_free(r);
}

static void loaded(void **state)
{
    (void)state;
    char path[] = "/tmp/test_rules_XXXXXX", err[RULES_ERR_MAX] = "";
    int fd = mkstemp(path);
    struct rules *r = NULL;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, HEAD "A: ehlo \"x\"", strlen(HEAD) + 11), strlen(HEAD) + 11);
    assert_int_equal(rules_load(&r, err, path, "mta"), 0);
    assert_string_equal(matched(r, "", "250 x"), "A");
    rules_free(r);
    r = NULL;
    assert_int_equal(write(fd, "\nB", 2), 2);
    assert_int_equal(rules_load(&r, err, path, "mta"), -EINVAL);
    assert_non_null(strstr(err, path));
    assert_non_null(strstr(err, ":3: column 1: no name"));
    close(fd);
    unlink(path);
    assert_int_equal(rules_load(&r, err, path, "mta"), -ENOENT);
    assert_non_null(strstr(err, "cannot be opened"));
    assert_int_equal(rules_load(&r, err, "/", "mta"), -EISDIR);
    assert_null(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds),          cmocka_unit_test(bad_patterns),
        cmocka_unit_test(finder),         cmocka_unit_test(finder_too_large),
        cmocka_unit_test(finder_recalls), cmocka_unit_test(which_wins),
        cmocka_unit_test(refused),        cmocka_unit_test(bounds),
        cmocka_unit_test(long_texts),     cmocka_unit_test(loaded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
