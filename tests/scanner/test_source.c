/*
 * source: which names and addresses are taken, and which are refused with what to do about it; turns
 * go round the addresses of a family evenly; what fails leaves the output alone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "scanner/source.h"

#define LENGTH(a) (sizeof(a) / sizeof(a)[0])

/* octets that may hold anything, NUL too */
#define OCTETS(text) bytes_of(text, sizeof(text) - 1)

/* ---- names ---- */

#define LABEL_63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

struct name_case {
    struct bytes name;
    bool qualified, alone; /* sound where a dot is needed; where none is */
};

static void names(void **state)
{
    (void)state;
    const struct name_case cases[] = {
        {OCTETS("scan.example.com"), true, true},
        {OCTETS("a.b"), true, true},
        {OCTETS("A-b.C9.xn--p1ai"), true, true},
        {OCTETS("9.example"), true, true},
        {OCTETS("1-2.3com"), true, true},
        {OCTETS(LABEL_63 ".example.com"), true, true},
        {OCTETS("localhost"), false, true},
        {OCTETS("a"), false, true},
        {OCTETS(LABEL_63), false, true},
        {OCTETS("[192.0.2.9]"), true, true},
        {OCTETS("[IPv6:2001:db8::9]"), true, true},
        {OCTETS("[x-tag:9]"), true, true},
        {OCTETS(""), false, false},
        {OCTETS("."), false, false},
        {OCTETS("scan.example.com."), false, false},
        {OCTETS(".example.com"), false, false},
        {OCTETS("a..example.com"), false, false},
        {OCTETS("-a.example.com"), false, false},
        {OCTETS("a-.example.com"), false, false},
        {OCTETS("a.example.-com"), false, false},
        {OCTETS("a.example.com-"), false, false},
        {OCTETS("a_b.example.com"), false, false},
        {OCTETS("a" LABEL_63 ".example.com"), false, false},
        {OCTETS("192.0.2.1"), false, false}, /* an address wants brackets */
        {OCTETS("1.2"), false, false},
        {OCTETS("25"), false, false},
        {OCTETS("2001:db8::1"), false, false},
        {OCTETS("[]"), false, false},
        {OCTETS("["), false, false},
        {OCTETS("]"), false, false},
        {OCTETS("[192.0.2.1"), false, false},
        {OCTETS("a.b]"), false, false},
        {OCTETS("[192.0.2.1]x"), false, false},
        {OCTETS("[[192.0.2.1]"), false, false},
        {OCTETS("[192.0.2.1 ]"), false, false},
        {OCTETS("[192.0.2.1\0]"), false, false},
        {OCTETS("a.example.com\r\nMAIL FROM:<>"), false, false},
        {OCTETS("a.example.com\n"), false, false},
        {OCTETS("a.example.com\0"), false, false},
        {OCTETS("a\0b.example.com"), false, false},
        {OCTETS("a b.example.com"), false, false},
        {OCTETS("caf\xc3\xa9.example.com"), false, false},
        {OCTETS("a.b!c"), false, false},
        {OCTETS("a.b\x7f"), false, false},
        {OCTETS("a.b\xff"), false, false},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        const struct name_case *c = &cases[i];
        if (source_name_is_sound(c->name, true) != c->qualified ||
            source_name_is_sound(c->name, false) != c->alone)
            fail_msg("case %zu, %.*s: is taken for something else", i, (int)c->name.len,
                     (const char *)c->name.data);
    }
}

/* every octet, alone and in the middle: only letters, digits, hyphens and dots are ever sent */
static void every_octet(void **state)
{
    (void)state;
    static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    for (unsigned c = 0; c < 256; c++) {
        uint8_t inner[] = {'a', (uint8_t)c, 'b', '.', 'c'}, literal[] = {'[', (uint8_t)c, ']'};
        bool is_good = c != 0 && strchr(good, (int)c) != NULL;
        assert_int_equal(source_name_is_sound(bytes_of(inner, sizeof inner), true),
                         is_good || c == '-' || c == '.');
        assert_int_equal(source_name_is_sound(bytes_of(literal, sizeof literal), true),
                         is_good || c == '-' || c == '.' || c == ':');
    }
}

/* 253 octets are the most that a name has */
static void long_names(void **state)
{
    (void)state;
    uint8_t name[300];
    for (size_t i = 0; i < sizeof name; i++)
        name[i] = i % 2 == 0 ? 'a' : '.';
    assert_true(source_name_is_sound(bytes_of(name, 253), true));
    assert_false(source_name_is_sound(bytes_of(name, 255), true));
    assert_false(source_name_is_sound(bytes_of(name, 299), true));
    name[0] = '[';
    name[252] = ']';
    assert_true(source_name_is_sound(bytes_of(name, 253), true));
    name[254] = ']';
    name[252] = 'a';
    assert_false(source_name_is_sound(bytes_of(name, 255), true));
}

/* ---- lists from the command line ---- */

struct good_case {
    const char *addrs, *names;
    bool needs_dot;
    size_t num, num_names, num4, num6;
    const char *last_name;
};

static void good_lists(void **state)
{
    (void)state;
    static const struct good_case cases[] = {
        {NULL, NULL, false, 0, 1, 0, 0, "localhost"},
        {NULL, NULL, true, 0, 1, 0, 0, "localhost"}, /* the default is ours */
        {NULL, "box", false, 0, 1, 0, 0, "box"},
        {NULL, "a.example.com", true, 0, 1, 0, 0, "a.example.com"},
        {"192.0.2.1", "a.example.com", true, 1, 1, 1, 0, "a.example.com"},
        {"2001:db8::1", "a.example.com", true, 1, 1, 0, 1, "a.example.com"},
        {"::ffff:192.0.2.1", "a.example.com", true, 1, 1, 1, 0, "a.example.com"},
        {"192.0.2.1,2001:db8::1,192.0.2.2", "a.example.com", true, 3, 1, 2, 1, "a.example.com"},
        {"192.0.2.1,2001:db8::1", "a.example.com,[IPv6:2001:db8::1]", true, 2, 2, 1, 1,
         "[IPv6:2001:db8::1]"},
        /* one name for two addresses, said twice */
        {"192.0.2.1,192.0.2.2", "a.example.com,a.example.com", true, 2, 2, 2, 0, "a.example.com"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        const struct good_case *c = &cases[i];
        struct sources s;
        char err[SOURCE_ERR_MAX] = "";
        if (sources_parse(&s, err, c->addrs, c->names, "localhost", c->needs_dot) != 0)
            fail_msg("case %zu: %s", i, err);
        assert_int_equal(s.num, c->num);
        assert_int_equal(s.num_names, c->num_names);
        assert_int_equal(s.num_of_family[0], c->num4);
        assert_int_equal(s.num_of_family[1], c->num6);
        assert_true(bytes_equal(s.names[s.num_names - 1], bytes_text(c->last_name)));
    }
}

struct bad_case {
    const char *addrs, *names;
    const char *option, *what; /* of the message; option: its beginning */
};

static void bad_lists(void **state)
{
    (void)state;
    static const struct bad_case cases[] = {
        {"", NULL, "--source-ip :", "is no address"},
        {",", NULL, "--source-ip :", "is no address"},
        {"192.0.2.1,", NULL, "--source-ip :", "is no address"},
        {",192.0.2.1", NULL, "--source-ip :", "is no address"},
        {"192.0.2.1,,192.0.2.2", NULL, "--source-ip :", "is no address"},
        {"192.0.2.256", NULL, "--source-ip 192.0.2.256:", "is no address"},
        {"192.0.2.1, 192.0.2.2", NULL, "--source-ip  192.0.2.2:", "is no address"},
        {"192.0.2.0/24", NULL, "--source-ip 192.0.2.0/24:", "is no address"},
        {"192.0.2.1:25", NULL, "--source-ip 192.0.2.1:25:", "is no address"},
        {"fe80::1%eth0", NULL, "--source-ip fe80::1%eth0:", "is no address"},
        {"eth0", NULL, "--source-ip eth0:", "is no address"},
        {"192.0.2.1,192.0.2.2,192.0.2.1", NULL, "--source-ip 192.0.2.1:", "there twice"},
        {"2001:db8::1,2001:DB8:0::1", NULL, "--source-ip 2001:DB8:0::1:", "there twice"},
        {"192.0.2.1,::ffff:192.0.2.1", NULL, "--source-ip ::ffff:192.0.2.1:", "there twice"},
        {NULL, "", "--ehlo-name :", "fully qualified"},
        {NULL, "a", "--ehlo-name a:", "fully qualified"},
        {NULL, "a.b,", "--ehlo-name :", "fully qualified"},
        {NULL, "a.b,,c.d", "--ehlo-name :", "fully qualified"},
        {NULL, "a.b,c d", "--ehlo-name c d:", "fully qualified"},
        {NULL, "a.b,c.d", "--ehlo-name: 2 names for 0 addresses", "one name for all"},
        {"192.0.2.1", "a.b,c.d", "--ehlo-name: 2 names for 1 addresses", "in the same order"},
        {"192.0.2.1,192.0.2.2,192.0.2.3", "a.b,c.d", "--ehlo-name: 2 names for 3 addresses",
         "in the same order"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        const struct bad_case *c = &cases[i];
        struct sources s, untouched;
        char err[SOURCE_ERR_MAX] = "";
        memset(&s, 0x5a, sizeof s);
        memset(&untouched, 0x5a, sizeof untouched);
        assert_int_equal(sources_parse(&s, err, c->addrs, c->names, "localhost", true), -EINVAL);
        if (strncmp(err, c->option, strlen(c->option)) != 0 || strstr(err, c->what) == NULL)
            fail_msg("case %zu: the message is \"%s\"", i, err);
        assert_memory_equal(&s, &untouched, sizeof s);
    }
}

/* writes num addresses, or names, with commas between them */
static void write_list(char *out, size_t cap, const char *format, unsigned num)
{
    size_t len = 0;
    out[0] = '\0';
    for (unsigned i = 0; i < num; i++) {
        len += (size_t)snprintf(out + len, cap - len, "%s", i > 0 ? "," : "");
        len += (size_t)snprintf(out + len, cap - len, format, i);
        assert_true(len < cap);
    }
}

static void at_most_64(void **state)
{
    (void)state;
    char addrs[4096], names_text[4096], err[SOURCE_ERR_MAX];
    struct sources s;
    write_list(addrs, sizeof addrs, "192.0.2.%u", SOURCES_MAX);
    write_list(names_text, sizeof names_text, "n%u.example.com", SOURCES_MAX);
    assert_int_equal(sources_parse(&s, err, addrs, names_text, NULL, true), 0);
    assert_int_equal(s.num, SOURCES_MAX);
    assert_int_equal(s.num_names, SOURCES_MAX);

    write_list(addrs, sizeof addrs, "192.0.2.%u", SOURCES_MAX + 1);
    assert_int_equal(sources_parse(&s, err, addrs, NULL, "localhost", true), -EINVAL);
    assert_non_null(strstr(err, "--source-ip 192.0.2.64: is one too many"));
    write_list(names_text, sizeof names_text, "n%u.example.com", SOURCES_MAX + 1);
    assert_int_equal(sources_parse(&s, err, NULL, names_text, NULL, true), -EINVAL);
    assert_non_null(strstr(err, "--ehlo-name n64.example.com: is one too many"));
}

/* whatever length a value has, the message has an end and its reason */
static void long_values(void **state)
{
    (void)state;
    static char text[100000];
    char err[SOURCE_ERR_MAX];
    struct sources s;
    memset(text, 'a', sizeof text - 1);
    assert_int_equal(sources_parse(&s, err, text, NULL, "localhost", true), -EINVAL);
    assert_true(strlen(err) < 120 && strstr(err, "is no address") != NULL);
    assert_int_equal(sources_parse(&s, err, NULL, text, "localhost", false), -EINVAL);
    assert_true(strlen(err) < 200 && strstr(err, "fully qualified") != NULL);
}

/* ---- lists from a header, which may hold anything ---- */

struct taken_case {
    size_t num, num_names;
    struct bytes names[3];
    const char *what; /* in the message; NULL: taken */
};

static void from_a_header(void **state)
{
    (void)state;
    const struct addr addrs[] = {addr_v4(0xc0000201), {0x20010db800000000, 1}, addr_v4(0xc0000202)};
    const struct taken_case cases[] = {
        {0, 1, {OCTETS("a.example.com")}, NULL},
        {0, 1, {OCTETS("localhost")}, NULL},
        {3, 1, {OCTETS("a.example.com")}, NULL},
        {3, 3, {OCTETS("a"), OCTETS("b.c"), OCTETS("[192.0.2.9]")}, NULL},
        {0, 0, {{NULL, 0}}, "0 names"}, /* there is nothing that we could say */
        {3, 0, {{NULL, 0}}, "0 names for 3"},
        {1, 3, {OCTETS("a.b"), OCTETS("b.c"), OCTETS("c.d")}, "3 names for 1"},
        {3, 2, {OCTETS("a.b"), OCTETS("b.c")}, "2 names for 3"},
        {0, 1, {OCTETS("")}, "EHLO name"},
        {0, 1, {OCTETS("a.b\r\nMAIL FROM:<>")}, "EHLO name"},
        {0, 1, {OCTETS("a\0.b")}, "EHLO name"},
        {3, 3, {OCTETS("a.b"), OCTETS("b.c"), OCTETS("\x1b[2J")}, "EHLO name"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        const struct taken_case *c = &cases[i];
        struct sources s, untouched;
        char err[SOURCE_ERR_MAX] = "";
        memset(&s, 0x5a, sizeof s);
        memset(&untouched, 0x5a, sizeof untouched);
        int rc = sources_take(&s, err, addrs, c->num, c->names, c->num_names);
        if (rc != (c->what == NULL ? 0 : -EINVAL))
            fail_msg("case %zu: %d, %s", i, rc, err);
        if (c->what == NULL) {
            assert_int_equal(s.num, c->num);
            assert_int_equal(s.num_names, c->num_names);
            continue;
        }
        if (strstr(err, c->what) == NULL || strpbrk(err, "\r\n\x1b") != NULL)
            fail_msg("case %zu: the message is \"%s\"", i, err);
        assert_memory_equal(&s, &untouched, sizeof s);
    }
}

static void too_many_in_a_header(void **state)
{
    (void)state;
    struct addr addrs[SOURCES_MAX + 1];
    struct bytes names_list[SOURCES_MAX + 1];
    struct sources s;
    char err[SOURCE_ERR_MAX];
    for (size_t i = 0; i <= SOURCES_MAX; i++) {
        addrs[i] = addr_v4(0xc0000200 + (uint32_t)i);
        names_list[i] = bytes_text("a.example.com");
    }
    assert_int_equal(sources_take(&s, err, addrs, SOURCES_MAX, names_list, SOURCES_MAX), 0);
    assert_int_equal(sources_take(&s, err, addrs, SOURCES_MAX + 1, names_list, 1), -EINVAL);
    assert_int_equal(sources_take(&s, err, addrs, SOURCES_MAX, names_list, SOURCES_MAX + 1),
                     -EINVAL);
    addrs[7] = addrs[3];
    assert_int_equal(sources_take(&s, err, addrs, SOURCES_MAX, names_list, 1), -EINVAL);
    assert_non_null(strstr(err, "192.0.2.3: is there twice"));
}

/* ---- turns ---- */

/* each address of the family as often as the others, in the order given, and none of the other */
static void turns(void **state)
{
    (void)state;
    static const struct {
        const char *addrs;
        size_t of4[4], num4, of6[4], num6; /* indices */
    } cases[] = {
        {NULL, {0}, 0, {0}, 0},
        {"192.0.2.1", {0}, 1, {0}, 0},
        {"2001:db8::1", {0}, 0, {0}, 1},
        {"192.0.2.1,192.0.2.2,192.0.2.3", {0, 1, 2}, 3, {0}, 0},
        {"2001:db8::2,192.0.2.9,2001:db8::1,192.0.2.1", {1, 3}, 2, {0, 2}, 2},
        {"2001:db8::2,192.0.2.9,2001:db8::1,2001:db8::3", {1}, 1, {0, 2, 3}, 3},
    };
    static const uint64_t first_turns[] = {0, 1, 59, UINT32_MAX, UINT64_MAX - 59};
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct sources s;
        char err[SOURCE_ERR_MAX];
        assert_int_equal(sources_parse(&s, err, cases[i].addrs, NULL, "localhost", false), 0);
        for (size_t k = 0; k < LENGTH(first_turns); k++)
            for (uint64_t turn = first_turns[k]; turn - first_turns[k] < 60; turn++) {
                size_t want4 = cases[i].num4 > 0 ? cases[i].of4[turn % cases[i].num4] : SOURCES_MAX;
                size_t want6 = cases[i].num6 > 0 ? cases[i].of6[turn % cases[i].num6] : SOURCES_MAX;
                assert_int_equal(sources_choose(&s, true, turn), want4);
                assert_int_equal(sources_choose(&s, false, turn), want6);
            }
    }
}

/* the name of the address; the one name, where there is one, and where the kernel chooses */
static void name_of_an_address(void **state)
{
    (void)state;
    struct sources s;
    char err[SOURCE_ERR_MAX];
    assert_int_equal(
        sources_parse(&s, err, "192.0.2.1,2001:db8::1,192.0.2.2", "a.x,b.x,c.x", NULL, true), 0);
    assert_true(bytes_equal(sources_name(&s, 0), bytes_text("a.x")));
    assert_true(bytes_equal(sources_name(&s, 1), bytes_text("b.x")));
    assert_true(bytes_equal(sources_name(&s, 2), bytes_text("c.x")));
    assert_true(bytes_equal(sources_name(&s, SOURCES_MAX), bytes_text("a.x")));

    assert_int_equal(sources_parse(&s, err, "192.0.2.1,2001:db8::1", "a.x", NULL, true), 0);
    for (size_t i = 0; i <= SOURCES_MAX; i++)
        assert_true(bytes_equal(sources_name(&s, i), bytes_text("a.x")));
    assert_int_equal(sources_parse(&s, err, NULL, NULL, "localhost", false), 0);
    assert_true(bytes_equal(sources_name(&s, SOURCES_MAX), bytes_text("localhost")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(every_octet),
        cmocka_unit_test(long_names),
        cmocka_unit_test(good_lists),
        cmocka_unit_test(bad_lists),
        cmocka_unit_test(at_most_64),
        cmocka_unit_test(long_values),
        cmocka_unit_test(from_a_header),
        cmocka_unit_test(too_many_in_a_header),
        cmocka_unit_test(turns),
        cmocka_unit_test(name_of_an_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
