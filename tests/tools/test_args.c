#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tools/args.h"
#include "tools/commands.h"

enum { WORDS_MAX = 8 };
enum { FLAG, VALUE, LONG_ONLY };

static const struct command command = {
    .name = "frob",
    .about = "Frobs.",
    .text = "More on it.",
    .asks = "value",
    .rows = {[FLAG] = {"flag", 'f', NULL, "a flag"},
             [VALUE] = {"value", 'v', "V", "a value"},
             [LONG_ONLY] = {"long-only", 0, "L", "no letter"}},
};

static int count(char *const *words)
{
    int n = 0;
    while (words[n] != NULL)
        n++;
    return n;
}

static void what_is_read(void **state)
{
    (void)state;
    static const struct {
        char *words[WORDS_MAX];
        const char *flag, *value, *long_only;
        size_t num_files;
        const char *first;
    } cases[] = {
        {{"frob", "a"}, NULL, NULL, NULL, 1, "a"},
        {{"frob", "-f", "a", "b"}, "", NULL, NULL, 2, "a"},
        {{"frob", "a", "-f", "b"}, "", NULL, NULL, 2, "a"},
        {{"frob", "-ff", "a"}, "", NULL, NULL, 1, "a"},
        {{"frob", "-v", "x", "a"}, NULL, "x", NULL, 1, "a"},
        {{"frob", "-vx", "a"}, NULL, "x", NULL, 1, "a"},
        {{"frob", "--value=x", "--long-only", "y", "a"}, NULL, "x", "y", 1, "a"},
        {{"frob", "--", "-f"}, NULL, NULL, NULL, 1, "-f"},
        {{"frob", "-v", "", "a"}, NULL, "", NULL, 1, "a"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *words[WORDS_MAX];
        struct args args;
        char err[COMMAND_ERR_MAX] = "";
        memcpy(words, cases[i].words, sizeof words);
        assert_true(args_parse(&args, err, &command, count(words), words));
        const char *expected[] = {cases[i].flag, cases[i].value, cases[i].long_only};
        for (size_t k = 0; k < 3; k++) {
            assert_int_equal(args.values[k] == NULL, expected[k] == NULL);
            if (expected[k] != NULL)
                assert_string_equal(args.values[k], expected[k]);
        }
        assert_int_equal(args.num_files, cases[i].num_files);
        assert_string_equal(args.files[0], cases[i].first);
        assert_false(args.help);
    }
}

static void what_is_refused(void **state)
{
    (void)state;
    static const struct {
        char *words[WORDS_MAX];
        const char *says;
    } cases[] = {
        {{"frob"}, "FILE: none given"},
        {{"frob", "-v", "x"}, "FILE: none given"},
        {{"frob", "--long-only", "help"}, "FILE: none given"},
        {{"frob", "-x", "a"}, "-x: unknown option"},
        {{"frob", "--nothing", "a"}, "--nothing: unknown option"},
        {{"frob", "--flag=1", "a"}, "--flag=1: unknown option, or one that takes no value"},
        {{"frob", "a", "-v"}, "-v: needs a value"},
        {{"frob", "a", "--value"}, "--value: needs a value"},
        {{"frob", "-v", "1", "-v", "2", "a"}, "value: given twice"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *words[WORDS_MAX];
        struct args args;
        char err[COMMAND_ERR_MAX] = "";
        memcpy(words, cases[i].words, sizeof words);
        assert_false(args_parse(&args, err, &command, count(words), words));
        if (strstr(err, cases[i].says) == NULL || strstr(err, "see mxstat frob --help") == NULL)
            fail_msg("expected \"%s\", got \"%s\"", cases[i].says, err);
    }
}

static void help_needs_no_file(void **state)
{
    (void)state;
    static char *const forms[] = {"-h", "--help"};
    for (size_t i = 0; i < 2; i++) {
        char *words[] = {"frob", forms[i], NULL}, err[COMMAND_ERR_MAX] = "";
        struct args args;
        assert_true(args_parse(&args, err, &command, 2, words));
        assert_true(args.help);
    }
    char *words[] = {"frob", "-v", "help", NULL}, err[COMMAND_ERR_MAX] = "";
    struct args args;
    assert_true(args_parse(&args, err, &command, 3, words)); /* a value that is a question */
    assert_int_equal(args.num_files, 0);
}

static void help_names_every_option(void **state)
{
    (void)state;
    static const struct command *const all[] = {&command,  &cmd_report, &cmd_export,
                                                &cmd_info, &cmd_verify, &cmd_certs};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        char *text;
        size_t len;
        FILE *out = open_memstream(&text, &len);
        args_help(out, all[i]);
        fclose(out);
        assert_non_null(strstr(text, all[i]->about));
        for (size_t k = 0; k < ARGS_MAX && all[i]->rows[k].name != NULL; k++) {
            char option[64];
            snprintf(option, sizeof option, "--%s ", all[i]->rows[k].name);
            assert_non_null(strstr(text, option));
            assert_non_null(strstr(text, all[i]->rows[k].help));
        }
        free(text);
    }
}

static void numbers(void **state)
{
    (void)state;
    size_t n = 77;
    static const char *const bad[] = {"", "-1", "+1", " 1", "1x", "x", "99999999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(args_count(&n, bad[i]));
    assert_int_equal(n, 77);
    assert_true(args_count(&n, "0"));
    assert_int_equal(n, 0);
    assert_true(args_count(&n, "12345"));
    assert_int_equal(n, 12345);
}

static void octets(void **state)
{
    (void)state;
    uint64_t n = 77;
    static const char *const bad[] = {"",
                                      "-1",
                                      "+1",
                                      " 1",
                                      "1x",
                                      "k",
                                      "1K",
                                      "1kM",
                                      "1.5G",
                                      "1 k",
                                      "18446744073709551616",
                                      "18446744073709551615k"};
    static const struct {
        const char *text;
        uint64_t octets;
    } good[] = {{"0", 0},           {"7", 7},
                {"3k", 3000},       {"256M", 256000000},
                {"2G", 2000000000}, {"18446744073G", UINT64_C(18446744073000000000)}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(args_octets(&n, bad[i]));
    assert_int_equal(n, 77);
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(args_octets(&n, good[i].text));
        assert_int_equal(n, good[i].octets);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_read),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(help_needs_no_file),
        cmocka_unit_test(help_names_every_option),
        cmocka_unit_test(numbers),
        cmocka_unit_test(octets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
