/* name_match: references, presented names, wildcards, common names, addresses; odd and many names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/name_match.h"

#define DNS(len, text)  "\x82" len text
#define IP4(octets)     "\x87\x04" octets
#define IP16(octets)    "\x87\x10" octets
#define MAIL(len, text) "\x81" len text
#define URI(len, text)  "\x86" len text
#define B(text)                                                                                    \
    {                                                                                              \
        (const uint8_t *)(text), sizeof(text) - 1                                                  \
    }

#define MX     DNS("\x0e", "mx.example.com")
#define WILD   DNS("\x0d", "*.example.com")
#define OTHER  DNS("\x0f", "www.example.com")
#define V6_DB8 "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"

static const struct {
    const char *what, *reference;
    struct bytes san, cn;
    enum name_match match;
    const char *which; /* the name that matched; NULL: none */
} cases[] = {
    {"the name", "mx.example.com", B(MX), B(""), NAME_MATCH_EXACT, "mx.example.com"},
    {"case", "MX.Example.COM", B(DNS("\x0e", "mX.eXAMPLE.com")), B(""), NAME_MATCH_EXACT,
     "mX.eXAMPLE.com"},
    {"dot at the end of the reference", "mx.example.com.", B(MX), B(""), NAME_MATCH_EXACT,
     "mx.example.com"},
    {"dot at the end of the name", "mx.example.com", B(DNS("\x0f", "mx.example.com.")), B(""),
     NAME_MATCH_NO_NAMES, NULL},
    {"another", "mx.example.com", B(OTHER), B(""), NAME_MATCH_NO, NULL},
    {"the second", "mx.example.com", B(OTHER MX), B(""), NAME_MATCH_EXACT, "mx.example.com"},
    {"longer", "mx.example.com", B(DNS("\x11", "mx.example.com.au")), B(""), NAME_MATCH_NO, NULL},
    {"shorter", "mx.example.com", B(DNS("\x0b", "example.com")), B(""), NAME_MATCH_NO, NULL},
    {"wildcard", "mx.example.com", B(WILD), B(""), NAME_MATCH_WILDCARD, "*.example.com"},
    {"wildcard, case", "mx.example.com", B(DNS("\x0d", "*.EXAMPLE.com")), B(""),
     NAME_MATCH_WILDCARD, "*.EXAMPLE.com"},
    {"the name before the wildcard", "mx.example.com", B(WILD MX), B(""), NAME_MATCH_EXACT,
     "mx.example.com"},
    {"the name after the wildcard", "mx.example.com", B(MX WILD), B(""), NAME_MATCH_EXACT,
     "mx.example.com"},
    {"wildcard for two labels", "a.mx.example.com", B(WILD), B(""), NAME_MATCH_NO, NULL},
    {"wildcard for none", "example.com", B(WILD), B(""), NAME_MATCH_NO, NULL},
    {"wildcard of all", "example.com", B(DNS("\x05", "*.com")), B(""), NAME_MATCH_NO_NAMES, NULL},
    {"only a wildcard", "localhost", B(DNS("\x01", "*")), B(""), NAME_MATCH_NO_NAMES, NULL},
    {"wildcard and dot", "localhost", B(DNS("\x02", "*.")), B(""), NAME_MATCH_NO_NAMES, NULL},
    {"part of a label", "mx.example.com", B(DNS("\x0e", "m*.example.com")), B(""),
     NAME_MATCH_NO_NAMES, NULL},
    {"two wildcards", "mx.example.com", B(DNS("\x0f", "*.*.example.com")), B(""),
     NAME_MATCH_NO_NAMES, NULL},
    {"wildcard in second place", "mx.example.com", B(DNS("\x08", "mx.*.com")), B(""),
     NAME_MATCH_NO_NAMES, NULL},
    {"wildcard for an A-label", "xn--mx-fka.example.com", B(WILD), B(""), NAME_MATCH_WILDCARD,
     "*.example.com"},
    {"wildcard over an address", "192.0.2.1", B(DNS("\x07", "*.0.2.1")), B(""), NAME_MATCH_NO_NAMES,
     NULL},
    {"NUL", "mx.example.com", B(DNS("\x12", "mx.example.com\0.or")), B(""), NAME_MATCH_NO_NAMES,
     NULL},
    {"NUL at the end", "mx.example.com", B(DNS("\x0f", "mx.example.com\0")), B(""),
     NAME_MATCH_NO_NAMES, NULL},
    {"no name", "mx.example.com", B(DNS("\0", "")), B(""), NAME_MATCH_NO_NAMES, NULL},
    {"empty label", "mx.example.com", B(DNS("\x0f", "mx..example.com")), B(""), NAME_MATCH_NO_NAMES,
     NULL},
    {"U-label", "mx.example.com", B(DNS("\x0e", "m\xc3\xbc.example.co")), B(""),
     NAME_MATCH_NO_NAMES, NULL},
    {"underscore", "mx_1.example.com", B(DNS("\x10", "mx_1.example.com")), B(""), NAME_MATCH_EXACT,
     "mx_1.example.com"},
    {"common name", "mx.example.com", B(""), B("mx.example.com"), NAME_MATCH_CN_ONLY,
     "mx.example.com"},
    {"common name, case", "mx.example.com", B(""), B("MX.example.com"), NAME_MATCH_CN_ONLY,
     "MX.example.com"},
    {"common name of another", "mx.example.com", B(""), B("mx.example.org"), NAME_MATCH_NO, NULL},
    {"common name beside a dNSName", "mx.example.com", B(OTHER), B("mx.example.com"), NAME_MATCH_NO,
     NULL},
    {"common name beside a bad dNSName", "mx.example.com", B(DNS("\x01", "*")), B("mx.example.com"),
     NAME_MATCH_NO_NAMES, NULL},
    {"common name beside mail and URI", "mx.example.com",
     B(MAIL("\x05", "a@b.c") URI("\x06", "a://b/")), B("mx.example.com"), NAME_MATCH_CN_ONLY,
     "mx.example.com"},
    {"common name beside an address", "mx.example.com", B(IP4("\xc0\0\x02\x01")),
     B("mx.example.com"), NAME_MATCH_CN_ONLY, "mx.example.com"},
    {"common name with a wildcard", "mx.example.com", B(""), B("*.example.com"),
     NAME_MATCH_NO_NAMES, NULL},
    {"common name in words", "mx.example.com", B(""), B("Example Mail"), NAME_MATCH_NO_NAMES, NULL},
    {"common name of one label", "localhost", B(""), B("localhost"), NAME_MATCH_NO_NAMES, NULL},
    {"common name with a NUL", "mx.example.com", B(""), B("mx.example.com\0x"), NAME_MATCH_NO_NAMES,
     NULL},
    {"nothing", "mx.example.com", B(""), B(""), NAME_MATCH_NO_NAMES, NULL},
    {"address", "192.0.2.1", B(IP4("\xc0\0\x02\x01")), B(""), NAME_MATCH_EXACT, "\xc0\0\x02\x01"},
    {"another address", "192.0.2.1", B(IP4("\xc0\0\x02\x02")), B(""), NAME_MATCH_NO, NULL},
    {"address as SMTP writes it", "[192.0.2.1]", B(IP4("\xc0\0\x02\x01")), B(""), NAME_MATCH_EXACT,
     "\xc0\0\x02\x01"},
    {"address of version 6", "2001:DB8::1", B(MX IP16(V6_DB8)), B(""), NAME_MATCH_EXACT, V6_DB8},
    {"address of version 6 as SMTP writes it", "[IPv6:2001:db8::1]", B(IP16(V6_DB8)), B(""),
     NAME_MATCH_EXACT, V6_DB8},
    {"mapped address", "192.0.2.1", B(IP16("\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\x02\x01")), B(""),
     NAME_MATCH_NO, NULL},
    {"address of 5 octets", "192.0.2.1", B("\x87\x05\xc0\0\x02\x01\0"), B(""), NAME_MATCH_NO_NAMES,
     NULL},
    {"address as a dNSName", "192.0.2.1", B(DNS("\x09", "192.0.2.1")), B(""), NAME_MATCH_NO_NAMES,
     NULL},
    {"address as a common name", "192.0.2.1", B(""), B("192.0.2.1"), NAME_MATCH_NO_NAMES, NULL},
    {"host and only addresses", "mx.example.com", B(IP4("\xc0\0\x02\x01")), B(""), NAME_MATCH_NO,
     NULL},
    {"address and only hosts", "192.0.2.1", B(MX), B("mx.example.com"), NAME_MATCH_NO, NULL},
    {"malformed behind it", "mx.example.com", B(MX "\x82\x7f"), B(""), NAME_MATCH_EXACT,
     "mx.example.com"},
    {"malformed before it", "mx.example.com", B("\x82\x7f" MX), B(""), NAME_MATCH_NO_NAMES, NULL},
};

static void each_rule(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct name_ref ref;
        struct bytes which;
        const struct cert_facts facts = {.san = cases[i].san, .subject_cn = cases[i].cn};
        print_message("%s\n", cases[i].what);
        assert_true(name_ref_parse(&ref, bytes_text(cases[i].reference)));
        enum name_match match = name_match(&ref, &which, &facts);
        assert_string_equal(name_match_slug(match), name_match_slug(cases[i].match));
        assert_int_equal(name_match(&ref, NULL, &facts), match);
        assert_int_equal(which.len > 0, cases[i].which != NULL);
        if (cases[i].which != NULL)
            assert_memory_equal(which.data, cases[i].which, which.len);
        assert_int_equal(name_match_ok(match),
                         match == NAME_MATCH_EXACT || match == NAME_MATCH_WILDCARD);
    }
}

#define LABEL_63 "a23456789-123456789-123456789-123456789-123456789-123456789-123"

static void references(void **state)
{
    (void)state;
    static const struct {
        struct bytes text;
        const char *host; /* NULL: refused */
    } rows[] = {
        {B("mx.example.com"), "mx.example.com"},
        {B("MX.EXAMPLE.com."), "mx.example.com"},
        {B("localhost"), "localhost"},
        {B("_mx.example.com"), "_mx.example.com"},
        {B("4.example.com"), "4.example.com"},
        {B(LABEL_63 "." LABEL_63 "." LABEL_63 "."
                    "a2345678-123456789-123456789-123456789-123456789-12345678901"),
         LABEL_63 "." LABEL_63 "." LABEL_63 "."
                  "a2345678-123456789-123456789-123456789-123456789-12345678901"},
        {B(LABEL_63 "." LABEL_63 "." LABEL_63 "."
                    "a2345678-123456789-123456789-123456789-123456789-12345678901ab"),
         NULL},
        {B("a" LABEL_63 ".com"), NULL},
        {B(""), NULL},
        {B("."), NULL},
        {B(".."), NULL},
        {B("mx..com"), NULL},
        {B(".example.com"), NULL},
        {B("mx.example.com.."), NULL},
        {B("*.example.com"), NULL},
        {B("mx example.com"), NULL},
        {B("mx.example.com\0"), NULL},
        {B("m\xc3\xbc.example.com"), NULL},
        {B("192.0.2.1"), NULL},
        {B("192.0.2"), NULL},
        {B("example.1"), NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct name_ref ref = {.len = 99};
        assert_int_equal(name_ref_host(&ref, rows[i].text), rows[i].host != NULL);
        if (rows[i].host == NULL) {
            assert_int_equal(ref.len, 99);
            continue;
        }
        assert_string_equal(ref.host, rows[i].host);
        assert_int_equal(ref.len, strlen(rows[i].host));
        assert_false(ref.is_addr);
    }
    struct name_ref ref;
    static const char *const bad[] = {"",           "[",     "[]",        "[mx.example.com]",
                                      "[192.0.2.1", "IPv6:", "192.0.2.1."};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(name_ref_parse(&ref, bytes_text(bad[i])));
    assert_true(name_ref_parse(&ref, bytes_text("192.0.2.1")) && ref.is_addr);
    assert_int_equal(addr_cmp(ref.addr, addr_v4(0xc0000201)), 0);
}

static void thousands_of_names(void **state)
{
    (void)state;
    enum { NUM = 8000, LEN = 18 };
    static uint8_t san[NUM * (LEN + 2) + 1];
    for (size_t i = 0; i < NUM; i++)
        snprintf((char *)san + i * (LEN + 2), LEN + 3, "\x82\x12host%04zu.test.test", i);
    const struct cert_facts facts = {.san = bytes_of(san, NUM * (LEN + 2))};
    struct name_ref ref;
    assert_true(name_ref_host(&ref, bytes_text("host7999.test.test")));
    assert_int_equal(name_match(&ref, NULL, &facts), NAME_MATCH_EXACT);
    assert_true(name_ref_host(&ref, bytes_text("host8000.test.test")));
    assert_int_equal(name_match(&ref, NULL, &facts), NAME_MATCH_NO);
}

static void words(void **state)
{
    (void)state;
    for (unsigned i = 0; i < NUM_NAME_MATCHES; i++)
        assert_true(name_match_slug(i)[0] != '\0' && name_match_text(i)[0] != '\0');
    assert_string_equal(name_match_slug(NUM_NAME_MATCHES), "unknown");
    assert_string_equal(name_match_text(99), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule),
        cmocka_unit_test(references),
        cmocka_unit_test(thousands_of_names),
        cmocka_unit_test(words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
