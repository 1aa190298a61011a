/* dns_answer: a status of c-ares and a message: what they say of a name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <ares.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scanner/dns_answer.h"

#define LENGTH(a) (sizeof(a) / sizeof(a)[0])
#define M(text)                                                                                    \
    {                                                                                              \
        (const uint8_t *)(text), sizeof(text) - 1                                                  \
    }

/* header: identifier, flags, one question, so many answers */
#define HEAD(flags, num) "\x12\x34" flags "\0\1\0" num "\0\0\0\0"
#define ASKED_A          "\1a\7example\3com\0\0\1\0\1"
#define ASKED_AAAA       "\1a\7example\3com\0\0\x1c\0\1"
#define ASKED_PTR        "\1a\7example\3com\0\0\x0c\0\1"
#define A(a, b, c, d)    "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" a b c d
#define AAAA(n)          "\xc0\x0c\0\x1c\0\1\0\0\0\x3c\0\x10\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0" n
#define MAPPED           "\xc0\x0c\0\x1c\0\1\0\0\0\x3c\0\x10\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\2\1"
#define CNAME            "\xc0\x0c\0\5\0\1\0\0\0\x3c\0\4\1b\xc0\x0e"
#define PTR(len, name)   "\xc0\x0c\0\x0c\0\1\0\0\0\x3c\0" len name

static void verdicts(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int status;
        struct bytes message;
        enum dns_verdict verdict;
    } cases[] = {
        {"records", ARES_SUCCESS, M(HEAD("\x81\x80", "\1")), DNS_RECORDS},
        {"no such name", ARES_ENOTFOUND, M(HEAD("\x81\x83", "\0")), DNS_NOTHING},
        {"no such record", ARES_ENODATA, M(HEAD("\x81\x80", "\0")), DNS_NOTHING},
        {"the same, from who knows", ARES_ENODATA, M(HEAD("\x85\0", "\0")), DNS_NOTHING},
        {"a referral", ARES_ENODATA, M(HEAD("\x81\0", "\0")), DNS_FAILED},
        {"the query come back", ARES_ENODATA, M(HEAD("\1\0", "\0")), DNS_FAILED},
        {"an answer to a NOTIFY", ARES_SUCCESS, M(HEAD("\xa1\x80", "\1")), DNS_FAILED},
        {"an error that is new to c-ares", ARES_SUCCESS, M(HEAD("\x81\x89", "\0")), DNS_FAILED},
        {"SERVFAIL", ARES_ESERVFAIL, M(HEAD("\x81\x82", "\0")), DNS_FAILED},
        {"FORMERR", ARES_EFORMERR, M(HEAD("\x81\x81", "\0")), DNS_FAILED},
        {"half a header", ARES_SUCCESS, M("\x12\x34\x81\x80\0\1"), DNS_FAILED},
        {"names without a DNS", ARES_ENOTFOUND, {NULL, 0}, DNS_NOTHING},
        {"silence", ARES_ETIMEOUT, {NULL, 0}, DNS_FAILED},
        {"nobody there", ARES_ECONNREFUSED, {NULL, 0}, DNS_FAILED},
        {"success without a message", ARES_SUCCESS, {NULL, 0}, DNS_FAILED},
        {"no record without a message", ARES_ENODATA, {NULL, 0}, DNS_FAILED},
        {"no memory", ARES_ENOMEM, {NULL, 0}, DNS_NO_MEMORY},
        {"a status from the future", 1000, {NULL, 0}, DNS_FAILED},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        const char *why = "";
        enum dns_verdict got = dns_verdict(&why, cases[i].status, cases[i].message);
        if (got != cases[i].verdict || (got == DNS_FAILED) != (why[0] != '\0'))
            fail_msg("%s: %d, \"%s\"", cases[i].name, got, why);
    }
}

struct addrs_case {
    const char *name;
    struct bytes message;
    bool v4;
    unsigned max;
    enum dns_verdict verdict;
    unsigned num;
    bool cut;
    const char *first;
};

static const struct addrs_case addrs_cases[] = {
    {"one", M(HEAD("\x81\x80", "\1") ASKED_A A("\xc0", "\0", "\2", "\1")), true, 8, DNS_RECORDS, 1,
     false, "192.0.2.1"},
    {"two",
     M(HEAD("\x81\x80", "\2") ASKED_A A("\xc0", "\0", "\2", "\2") A("\xc0", "\0", "\2", "\1")),
     true, 8, DNS_RECORDS, 2, false, "192.0.2.2"},
    {"two, and room for one",
     M(HEAD("\x81\x80", "\2") ASKED_A A("\xc0", "\0", "\2", "\2") A("\xc0", "\0", "\2", "\1")),
     true, 1, DNS_RECORDS, 1, true, "192.0.2.2"},
    {"IPv6", M(HEAD("\x81\x80", "\1") ASKED_AAAA AAAA("\x25")), false, 8, DNS_RECORDS, 1, false,
     "2001:db8::25"},
    {"IPv4 in IPv6", M(HEAD("\x81\x80", "\1") ASKED_AAAA MAPPED), false, 8, DNS_RECORDS, 1, false,
     "192.0.2.1"},
    {"an alias of nothing", M(HEAD("\x81\x80", "\1") ASKED_A CNAME), true, 8, DNS_NOTHING, 0, false,
     NULL},
    {"only the other family", M(HEAD("\x81\x80", "\1") ASKED_A AAAA("\1")), true, 8, DNS_NOTHING, 0,
     false, NULL},
    {"another's address", M(HEAD("\x81\x80", "\1") ASKED_A "\1z\0\0\1\0\1\0\0\0\x3c\0\4\1\2\3\4"),
     true, 8, DNS_NOTHING, 0, false, NULL},
    {"fewer than it says", M(HEAD("\x81\x80", "\3") ASKED_A A("\xc0", "\0", "\2", "\1")), true, 8,
     DNS_FAILED, 0, false, NULL},
    {"a name that points at itself",
     M(HEAD("\x81\x80", "\1") ASKED_A "\xc0\x1f\0\1\0\1\0\0\0\x3c\0\4\1\2\3\4"), true, 8,
     DNS_FAILED, 0, false, NULL},
    {"an empty message", {NULL, 0}, true, 8, DNS_FAILED, 0, false, NULL},
};

static void addresses(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(addrs_cases); i++) {
        const struct addrs_case *c = &addrs_cases[i];
        struct addr out[8];
        unsigned num = 0;
        bool cut = false;
        const char *why = "";
        char first[ADDR_TEXT_MAX] = "";
        enum dns_verdict got = dns_read_addrs(out, &num, &cut, &why, c->message, c->v4, c->max);
        if (num > 0)
            addr_format(first, out[0]);
        if (got != c->verdict || num != c->num || cut != c->cut ||
            strcmp(first, c->first != NULL ? c->first : "") != 0)
            fail_msg("%s: %d, %u addresses, %s", c->name, got, num, first);
    }
}

/* as the network gives it: of its own size, so that a read past its end is seen */
static void *own_copy(struct bytes b)
{
    void *copy = malloc(b.len > 0 ? b.len : 1);
    assert_non_null(copy);
    if (b.len > 0)
        memcpy(copy, b.data, b.len);
    return copy;
}

/* cut anywhere, it gives no address that was not in it whole */
static void cut_addresses(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(addrs_cases); i++) {
        const struct addrs_case *c = &addrs_cases[i];
        for (size_t len = 0; len < c->message.len; len++) {
            struct addr out[8];
            unsigned num = 0;
            bool cut = false;
            const char *why = "";
            void *octets = own_copy(bytes_of(c->message.data, len));
            enum dns_verdict got =
                dns_read_addrs(out, &num, &cut, &why, bytes_of(octets, len), c->v4, 8);
            free(octets);
            assert_int_not_equal(got, DNS_RECORDS);
            assert_int_equal(num, 0);
        }
    }
}

/* 100 addresses, and what is kept of them */
static void many(void **state)
{
    (void)state;
    uint8_t message[4096] = HEAD("\x81\x80", "\x64") ASKED_A;
    size_t len = sizeof(HEAD("\x81\x80", "\x64") ASKED_A) - 1;
    for (unsigned i = 0; i < 100; i++) {
        memcpy(message + len, A("\xc0", "\0", "\2", "\0"), 16);
        message[len + 15] = (uint8_t)i;
        len += 16;
    }
    struct addr out[64];
    static const struct {
        unsigned max, num;
    } cases[] = {{1, 1}, {32, 32}, {64, 64}};
    for (size_t i = 0; i < LENGTH(cases); i++) {
        unsigned num = 0;
        bool cut = false;
        const char *why = "";
        assert_int_equal(
            dns_read_addrs(out, &num, &cut, &why, bytes_of(message, len), true, cases[i].max),
            DNS_RECORDS);
        assert_int_equal(num, cases[i].num);
        assert_true(cut);
        assert_int_equal(out[num - 1].lo, addr_v4(0xc0000200 + num - 1).lo);
    }
}

struct names_case {
    const char *name;
    struct bytes message;
    unsigned max;
    enum dns_verdict verdict;
    unsigned num;
    bool cut;
    const char *first;
};

static const struct names_case names_cases[] = {
    {"one", M(HEAD("\x81\x80", "\1") ASKED_PTR PTR("\7", "\4mail\xc0\x0e")), 4, DNS_RECORDS, 1,
     false, "mail.example.com"},
    {"two", M(HEAD("\x81\x80", "\2") ASKED_PTR PTR("\4", "\1x\xc0\x0e") PTR("\4", "\1y\xc0\x0e")),
     4, DNS_RECORDS, 2, false, "x.example.com"},
    {"two, and room for one",
     M(HEAD("\x81\x80", "\2") ASKED_PTR PTR("\4", "\1x\xc0\x0e") PTR("\4", "\1y\xc0\x0e")), 1,
     DNS_RECORDS, 1, true, "x.example.com"},
    {"a bell", M(HEAD("\x81\x80", "\1") ASKED_PTR PTR("\4", "\1\7\xc0\x0e")), 4, DNS_FAILED, 0,
     false, NULL},
    {"the root", M(HEAD("\x81\x80", "\1") ASKED_PTR PTR("\1", "\0")), 4, DNS_FAILED, 0, false,
     NULL},
    {"an address instead", M(HEAD("\x81\x80", "\1") ASKED_PTR A("\1", "\2", "\3", "\4")), 4,
     DNS_NOTHING, 0, false, NULL},
};

static void names(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(names_cases); i++) {
        const struct names_case *c = &names_cases[i];
        for (size_t len = 0; len <= c->message.len; len++) {
            char out[4][DNS_NAME_MAX + 1] = {""};
            unsigned num = 0;
            bool cut = false;
            const char *why = "";
            void *octets = own_copy(bytes_of(c->message.data, len));
            enum dns_verdict got =
                dns_read_names(out, &num, &cut, &why, bytes_of(octets, len), c->max);
            free(octets);
            if (len < c->message.len) {
                assert_int_not_equal(got, DNS_RECORDS);
                continue;
            }
            if (got != c->verdict || num != c->num || cut != c->cut ||
                strcmp(out[0], c->first != NULL ? c->first : "") != 0)
                fail_msg("%s: %d, %u names, \"%s\"", c->name, got, num, out[0]);
        }
    }
}

#define L63 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"

static void hosts(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_host;
    } cases[] = {
        {"a", true},
        {"mx.example.com", true},
        {"mx.example.com.", true},
        {"_dmarc.Example.COM", true},
        {"xn--bcher-kva.example", true},
        {"192.0.2.1", true},
        {L63 ".example", true},
        {L63 "." L63 "." L63 "."
             "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghi",
         true},
        {L63 "." L63 "." L63 "."
             "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghi.",
         true},
        {L63 "." L63 "." L63 "."
             "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghij",
         false},
        {L63 "l.example", false},
        {"", false},
        {".", false},
        {"..", false},
        {".a", false},
        {"a..", false},
        {"a..b", false},
        {"a b", false},
        {"a\\.b", false},
        {"a\n", false},
        {"b\303\274cher.example", false},
        {"a/b", false},
    };
    for (size_t i = 0; i < LENGTH(cases); i++)
        if (dns_is_host(cases[i].text) != cases[i].is_host)
            fail_msg("\"%s\"", cases[i].text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdicts), cmocka_unit_test(addresses), cmocka_unit_test(cut_addresses),
        cmocka_unit_test(many),     cmocka_unit_test(names),     cmocka_unit_test(hosts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
