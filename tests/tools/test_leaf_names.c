/* leaf_names: says what name_match says, over certificates of all kinds and names of all kinds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>
#include <dirent.h>

#include "tools/leaf_names.h"

static const char *const hosts[] = {
    "mx.example.com",
    "MX.Example.COM",
    "example.com",
    "a.example.com",
    "a.b.example.com",
    "localhost",
    "*.example.com",
    "192.0.2.1",
    "192.97.2.1",
    "[192.0.2.1]",
    "[IPv6:2001:db8::1]",
    "2001:db8::1",
    "xn--bcher-kva.example",
    "mail.example.org",
    "name42.example.com",
    "www.example.com",
    "wild.example.net",
    "example",
    "host",
    "com",
};
enum { NUM_HOSTS = sizeof hosts / sizeof hosts[0] };

/* asks a certificate for each host, both ways; and for each of its own names */
static size_t compare(const struct cert_facts *facts)
{
    struct name_hashes hashes, others;
    struct leaf_names names, copy;
    size_t num_matches = 0;
    name_hashes_init(&hashes);
    name_hashes_init(&others);
    leaf_names_take(&names, &hashes, facts);
    leaf_names_take(&names, &hashes, facts); /* the second is not at the beginning of the list */
    leaf_names_copy(&copy, &others, &names, &hashes);
    for (size_t i = 0; i < NUM_HOSTS; i++) {
        struct name_ref ref;
        struct name_question q;
        if (!name_ref_parse(&ref, bytes_text(hosts[i])))
            continue;
        name_question_of(&q, &ref);
        enum name_match expected = name_match(&ref, NULL, facts);
        assert_int_equal(leaf_names_match(&hashes, &names, &q), expected);
        assert_int_equal(leaf_names_match(&others, &copy, &q), expected);
        num_matches += expected > NAME_MATCH_NO;
    }
    name_hashes_cleanup(&hashes);
    name_hashes_cleanup(&others);
    return num_matches;
}

static size_t compare_file(const char *folder, const char *name)
{
    static uint8_t der[1 << 16];
    char path[512];
    struct cert_facts facts;
    snprintf(path, sizeof path, "%s/%s/%s", TEST_DATA, folder, name);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    size_t len = fread(der, 1, sizeof der, f);
    fclose(f);
    cert_parse(&facts, bytes_of(der, len));
    return compare(&facts);
}

static void agrees_with_name_match(void **state)
{
    (void)state;
    static const char *const folders[] = {"certs", "chains"};
    size_t num_matches = 0;
    for (size_t i = 0; i < 2; i++) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", TEST_DATA, folders[i]);
        DIR *dir = opendir(path);
        assert_non_null(dir);
        for (struct dirent *e; (e = readdir(dir)) != NULL;)
            if (strstr(e->d_name, ".der") != NULL)
                num_matches += compare_file(folders[i], e->d_name);
        closedir(dir);
    }
    assert_true(num_matches > 10);
}

/* made by hand: kinds of names that no certificate of the corpus has */
static void kinds_of_names(void **state)
{
    (void)state;
#define DNS(len, text) "\x82" len text
#define IP4            "\x87\x04\xc0\x00\x02\x01" /* 192.0.2.1 */
#define IP4_UPPER      "\x87\x04\xc0\x41\x02\x01" /* 192.65.2.1: 65 is 'A' */
    static const struct {
        const char *san, *cn;
    } cases[] = {
        {"", ""},
        {"", "mx.example.com"},
        {"", "Postfix"},
        {IP4, ""},
        {IP4_UPPER, "example.com"},
        {DNS("\x0d", "*.example.com"), "mx.example.com"},
        {DNS("\x0d", "*.example.com") DNS("\x0e", "MX.example.COM"), ""},
        {DNS("\x05", "*.com"), "example.com"},
        {DNS("\x03", "a..") IP4, "example.com"},
        {DNS("\x0f", "*.*.example.com"), ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cert_facts facts = {.san = bytes_text(cases[i].san),
                                   .subject_cn = bytes_text(cases[i].cn)};
        if (strstr(cases[i].san, "\x87\x04\xc0") != NULL) /* has a NUL in it */
            facts.san = bytes_of(cases[i].san, cases[i].san[0] == '\x87' ? 6 : 11);
        compare(&facts);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_name_match),
        cmocka_unit_test(kinds_of_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
