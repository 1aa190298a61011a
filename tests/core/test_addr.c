/* addr: text forms both ways, with libc's inet_pton and inet_ntop as the second opinion. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>

#include "core/addr.h"

#define LEN(a) (sizeof(a) / sizeof *(a))

static struct addr parse(const char *text)
{
    struct addr a;
    if (!addr_parse(&a, text, strlen(text)))
        fail_msg("%s does not parse", text);
    return a;
}

static const struct {
    const char *text;
    uint64_t hi, lo;
    const char *formatted; /* NULL: the same */
} good[] = {
    {"0.0.0.0", 0, 0xffff00000000, NULL},
    {"192.0.2.1", 0, 0xffffc0000201, NULL},
    {"255.255.255.255", 0, 0xffffffffffff, NULL},
    {"::", 0, 0, NULL},
    {"::1", 0, 1, NULL},
    {"1::", 0x0001000000000000, 0, NULL},
    {"2001:db8::1", 0x20010db800000000, 1, NULL},
    {"2001:DB8::A", 0x20010db800000000, 10, "2001:db8::a"},
    {"2001:0db8:0000:0000:0000:0000:0000:0001", 0x20010db800000000, 1, "2001:db8::1"},
    {"1:2:3:4:5:6:7:8", 0x0001000200030004, 0x0005000600070008, NULL},
    {"1:2:3:4:5:6:7::", 0x0001000200030004, 0x0005000600070000, "1:2:3:4:5:6:7:0"},
    {"::2:3:4:5:6:7:8", 0x0000000200030004, 0x0005000600070008, "0:2:3:4:5:6:7:8"},
    {"1:0:0:2:0:0:0:3", 0x0001000000000002, 3, "1:0:0:2::3"},
    {"1:0:0:2:3:0:0:4", 0x0001000000000002, 0x0003000000000004, "1::2:3:0:0:4"},
    {"::ffff:192.0.2.1", 0, 0xffffc0000201, "192.0.2.1"},
    {"::ffff:c000:201", 0, 0xffffc0000201, "192.0.2.1"},
    {"::192.0.2.1", 0, 0xc0000201, "::c000:201"},
    {"64:ff9b::192.0.2.1", 0x0064ff9b00000000, 0xc0000201, "64:ff9b::c000:201"},
    {"1:2:3:4:5:6:1.2.3.4", 0x0001000200030004, 0x0005000601020304, "1:2:3:4:5:6:102:304"},
    {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", UINT64_MAX, UINT64_MAX, NULL},
};

static void reads_and_writes(void **state)
{
    (void)state;
    for (size_t i = 0; i < LEN(good); i++) {
        char text[ADDR_TEXT_MAX];
        struct addr a = parse(good[i].text);
        assert_true(a.hi == good[i].hi && a.lo == good[i].lo);
        size_t len = addr_format(text, a);
        assert_string_equal(text, good[i].formatted != NULL ? good[i].formatted : good[i].text);
        assert_int_equal(len, strlen(text));
    }
}

static const char *const bad[] = {
    "",
    " ",
    "1",
    "1.2.3",
    "1.2.3.4.5",
    "1.2.3.256",
    "01.2.3.4",
    "1.2.3.04",
    "1.2.3.",
    ".1.2.3",
    "1..2.3",
    "1.2.3.4 ",
    " 1.2.3.4",
    "-1.2.3.4",
    "+1.2.3.4",
    "1.2.3.4/32",
    "1.2.3.1000",
    "0x1.2.3.4",
    "a.b.c.d",
    ":",
    ":::",
    "1:",
    ":1",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7:8::",
    "::1:2:3:4:5:6:7:8",
    "12345::",
    "g::",
    "::1%eth0",
    "[::1]",
    "::1.2.3",
    "1.2.3.4::",
    "::1.2.3.4:5",
    "1:2:3:4:5:6:7:1.2.3.4",
    "::1:2:3:4:5:6:1.2.3.4:7",
    "::ffff:1.2.3.256",
    "1:2:3:4::5:6:7:8:",
    "1::2:",
    "0000000000000000000000000000000000000000000000::1",
    "mx.example",
};

static void refuses(void **state)
{
    (void)state;
    for (size_t i = 0; i < LEN(bad); i++) {
        struct addr a = {7, 7};
        if (addr_parse(&a, bad[i], strlen(bad[i])))
            fail_msg("\"%s\" parses", bad[i]);
        assert_true(a.hi == 7 && a.lo == 7);
    }
    struct addr a;
    assert_false(addr_parse(&a, "1.2.3.4\0", 8));
    assert_false(addr_parse(&a, "::1\0", 4));
    assert_true(addr_parse(&a, "1.2.3.45", 7)); /* exactly len octets */
    assert_int_equal(a.lo & 255, 4);
}

static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15U;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
    z = (z ^ z >> 27) * 0x94d049bb133111ebU;
    return z ^ z >> 31;
}

/* many zero groups, so that :: is met in every place */
static struct addr random_addr(uint64_t *state)
{
    struct addr a = {next_random(state), next_random(state)};
    uint64_t zeros = next_random(state);
    for (unsigned i = 0; i < 4; i++) {
        if (zeros >> i & 1)
            a.hi &= ~((uint64_t)0xffff << 16 * i);
        if (zeros >> (8 + i) & 1)
            a.lo &= ~((uint64_t)0xffff << 16 * i);
    }
    return a;
}

static void agrees_with_libc(void **state)
{
    uint64_t seed = 1;
    (void)state;
    for (unsigned i = 0; i < 20000; i++) {
        struct addr a = random_addr(&seed), back, theirs;
        uint8_t octets[16], libc_octets[16];
        char text[ADDR_TEXT_MAX], libc_text[INET6_ADDRSTRLEN];
        addr_format(text, a);
        assert_true(addr_parse(&back, text, strlen(text)));
        assert_int_equal(addr_cmp(a, back), 0);
        if (addr_is_v4(a))
            continue;
        assert_int_equal(addr_to_bytes(octets, a), 16);
        assert_int_equal(inet_pton(AF_INET6, text, libc_octets), 1);
        assert_memory_equal(octets, libc_octets, 16);
        assert_non_null(inet_ntop(AF_INET6, octets, libc_text, sizeof libc_text));
        assert_true(addr_parse(&theirs, libc_text, strlen(libc_text)));
        assert_int_equal(addr_cmp(a, theirs), 0);
        if (strchr(libc_text, '.') ==
            NULL) /* libc writes ::1.2.3.4 where RFC 5952 leaves the choice */
            assert_string_equal(text, libc_text);
    }
}

/* texts made of the characters of addresses: both parsers must agree which of them are addresses */
static void agrees_with_libc_on_garbage(void **state)
{
    static const char alphabet[] = "0123::::..fFa";
    uint64_t seed = 2;
    unsigned accepted = 0;
    (void)state;
    for (unsigned i = 0; i < 300000; i++) {
        char text[16];
        uint8_t octets[16];
        struct addr a;
        size_t len = 1 + next_random(&seed) % 14;
        for (size_t j = 0; j < len; j++)
            text[j] = alphabet[next_random(&seed) % (sizeof alphabet - 1)];
        text[len] = '\0';
        bool theirs = inet_pton(strchr(text, ':') != NULL ? AF_INET6 : AF_INET, text, octets) == 1;
        bool ours = addr_parse(&a, text, len);
        if (ours != theirs)
            fail_msg("%s: ours %d, libc %d", text, ours, theirs);
        accepted += ours;
    }
    assert_true(accepted > 1000);
}

static const struct {
    const char *text, *first, *last;
} ranges[] = {
    {"192.0.2.5", "192.0.2.5", "192.0.2.5"},
    {"192.0.2.0/24", "192.0.2.0", "192.0.2.255"},
    {"192.0.2.5/32", "192.0.2.5", "192.0.2.5"},
    {"0.0.0.0/0", "0.0.0.0", "255.255.255.255"},
    {"128.0.0.0/1", "128.0.0.0", "255.255.255.255"},
    {"192.0.2.5-192.0.2.40", "192.0.2.5", "192.0.2.40"},
    {"192.0.2.5-192.0.2.5", "192.0.2.5", "192.0.2.5"},
    {"2001:db8::/32", "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"},
    {"2001:db8::/64", "2001:db8::", "2001:db8::ffff:ffff:ffff:ffff"},
    {"2001:db8::/65", "2001:db8::", "2001:db8::7fff:ffff:ffff:ffff"},
    {"2001:db8::1/128", "2001:db8::1", "2001:db8::1"},
    {"2001:db8::1-2001:db8::ff", "2001:db8::1", "2001:db8::ff"},
    {"2000::/3", "2000::", "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
    {"::ffff:192.0.2.0/120", "192.0.2.0", "192.0.2.255"},
    {"::ffff:0:0/96", "0.0.0.0", "255.255.255.255"},
    {"::/96", "::", "::ffff:ffff"},
};

static void reads_ranges(void **state)
{
    (void)state;
    for (size_t i = 0; i < LEN(ranges); i++) {
        struct addr_range r;
        const char *why = NULL;
        if (!addr_range_parse(&r, &why, ranges[i].text, strlen(ranges[i].text)))
            fail_msg("%s: %s", ranges[i].text, why);
        assert_int_equal(addr_cmp(r.first, parse(ranges[i].first)), 0);
        assert_int_equal(addr_cmp(r.last, parse(ranges[i].last)), 0);
    }
}

static const struct {
    const char *text, *why, *meant; /* why: a part of it; meant: NULL: nothing can be told */
} bad_ranges[] = {
    {"", "no address, prefix or range", NULL},
    {"mx.example", "no address, prefix or range", NULL},
    {"192.0.2.1-", "no address, prefix or range", NULL},
    {"-192.0.2.1", "no address, prefix or range", NULL},
    {"192.0.2.1-9", "no address, prefix or range", NULL},
    {"192.0.2.1 - 192.0.2.9", "no address, prefix or range", NULL},
    {"192.0.2.1-192.0.2.9-192.0.2.10", "no address, prefix or range", NULL},
    {"192.0.2.9-192.0.2.1", "ends before it begins", NULL},
    {"192.0.2.9-2001:db8::1", "one address family", NULL},
    {"::1-192.0.2.1", "one address family", NULL},
    {"192.0.2.0/", "0 to 32", NULL},
    {"192.0.2.0/33", "0 to 32", NULL},
    {"192.0.2.0/024", "0 to 32", NULL},
    {"192.0.2.0/-1", "0 to 32", NULL},
    {"192.0.2.0/24/24", "0 to 32", NULL},
    {"192.0.2.0/4294967320", "0 to 32", NULL},
    {"2001:db8::/129", "0 to 128", NULL},
    {"/24", "before the slash", NULL},
    {"mx/24", "before the slash", NULL},
    {"192.0.2.1/24", "host bits", "192.0.2.0/24"},
    {"10.1.2.3/8", "host bits", "10.0.0.0/8"},
    {"255.255.255.255/0", "host bits", "0.0.0.0/0"},
    {"2001:db8::1/64", "host bits", "2001:db8::/64"},
    {"2001:db8:ffff::/33", "host bits", "2001:db8:8000::/33"},
    {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/127", "host bits",
     "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127"},
    {"::ffff:192.0.2.1/120", "host bits", "192.0.2.0/24"},
    {"::ffff:192.0.2.1/64", "host bits", NULL},
    {"::/0", "covers all IPv4", NULL},
    {"::/80", "covers all IPv4", NULL},
    {"::/79", "covers all IPv4", NULL},
    {"::/64", "covers all IPv4", NULL},
    {"::-ffff::", "covers all IPv4", NULL},
};

static void refuses_ranges(void **state)
{
    (void)state;
    for (size_t i = 0; i < LEN(bad_ranges); i++) {
        struct addr_range r = {{7, 7}, {7, 7}};
        const char *text = bad_ranges[i].text, *why = NULL;
        char meant[ADDR_PREFIX_TEXT_MAX] = "";
        if (addr_range_parse(&r, &why, text, strlen(text)))
            fail_msg("%s parses", text);
        assert_false(addr_range_parse(&r, NULL, text, strlen(text)));
        assert_true(r.first.hi == 7 && r.last.lo == 7);
        if (why == NULL || strstr(why, bad_ranges[i].why) == NULL)
            fail_msg("%s: %s", text, why);
        size_t meant_len = addr_prefix_meant(meant, text, strlen(text));
        assert_int_equal(meant_len, strlen(meant));
        assert_string_equal(meant, bad_ranges[i].meant != NULL ? bad_ranges[i].meant : "");
    }
}

static void octets_round_trip(void **state)
{
    static const uint8_t v4[4] = {192, 0, 2, 1};
    static const uint8_t v6[16] = {0x20, 1, 0x0d, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    static const uint8_t mapped[16] = {[10] = 0xff, 0xff, 192, 0, 2, 1};
    struct addr a, before;
    uint8_t out[16];
    (void)state;
    assert_true(addr_from_bytes(&a, v4, 4));
    assert_int_equal(addr_cmp(a, parse("192.0.2.1")), 0);
    assert_int_equal(addr_to_bytes(out, a), 4);
    assert_memory_equal(out, v4, 4);
    assert_true(addr_from_bytes(&a, mapped, 16));
    assert_int_equal(addr_cmp(a, parse("192.0.2.1")), 0);
    assert_true(addr_from_bytes(&a, v6, 16));
    assert_int_equal(addr_cmp(a, parse("2001:db8:102:304:506:708:90a:b0c")), 0);
    assert_int_equal(addr_to_bytes(out, a), 16);
    assert_memory_equal(out, v6, 16);
    before = a;
    for (size_t len = 0; len < 16; len++) {
        if (len != 4)
            assert_false(addr_from_bytes(&a, v6, len));
        assert_int_equal(addr_cmp(a, before), 0);
    }
}

static const struct {
    const char *a, *b;
    uint64_t distance, count;
} distances[] = {
    {"192.0.2.0", "192.0.2.0", 0, 1},
    {"192.0.2.0", "192.0.2.255", 255, 256},
    {"0.0.0.0", "255.255.255.255", UINT32_MAX, (uint64_t)UINT32_MAX + 1},
    {"::ffff:ffff:ffff:ffff", "0:0:0:1::", 1, 2},
    {"::", "::ffff:ffff:ffff:fffe", UINT64_MAX - 1, UINT64_MAX},
    {"::", "::ffff:ffff:ffff:ffff", UINT64_MAX, UINT64_MAX},
    {"::", "0:0:0:1::", UINT64_MAX, UINT64_MAX},
    {"::1", "0:0:0:1::", UINT64_MAX, UINT64_MAX},
    {"::2", "0:0:0:1::", UINT64_MAX - 1, UINT64_MAX},
    {"::", "ffff::", UINT64_MAX, UINT64_MAX},
};

static void arithmetic(void **state)
{
    (void)state;
    for (size_t i = 0; i < LEN(distances); i++) {
        struct addr a = parse(distances[i].a), b = parse(distances[i].b);
        assert_true(addr_distance(a, b) == distances[i].distance);
        assert_true(addr_range_count((struct addr_range){a, b}) == distances[i].count);
        if (distances[i].distance < UINT64_MAX)
            assert_int_equal(addr_cmp(addr_add(a, distances[i].distance), b), 0);
    }
    struct addr last = {UINT64_MAX, UINT64_MAX};
    assert_int_equal(addr_cmp(addr_add(last, 1), parse("::")), 0);
    assert_true(addr_cmp(parse("::1"), parse("192.0.2.1")) < 0);
    assert_true(addr_cmp(parse("192.0.2.1"), parse("2001:db8::")) < 0);
    assert_true(addr_cmp(parse("192.0.2.10"), parse("192.0.2.9")) > 0);
    assert_true(addr_is_v4(addr_v4(0)) && addr_is_v4(addr_v4(UINT32_MAX)));
    assert_false(addr_is_v4(parse("::fffe:ffff:ffff")) || addr_is_v4(parse("::1:0:0:0")));
}

static const struct {
    const char *a;
    unsigned v4_len, v6_len;
    const char *network;
} networks[] = {
    {"192.0.2.77", 24, 48, "192.0.2.0"},
    {"192.0.2.77", 32, 48, "192.0.2.77"},
    {"192.0.2.77", 0, 48, "0.0.0.0"},
    {"2001:db8:1:2:3:4:5:6", 24, 48, "2001:db8:1::"},
    {"2001:db8:1:2:3:4:5:6", 24, 64, "2001:db8:1:2::"},
    {"2001:db8:1:2:3:4:5:6", 24, 80, "2001:db8:1:2:3::"},
    {"2001:db8:1:2:3:4:5:6", 24, 128, "2001:db8:1:2:3:4:5:6"},
    {"2001:db8:1:2:3:4:5:6", 24, 0, "::"},
};

static void finds_networks(void **state)
{
    (void)state;
    for (size_t i = 0; i < LEN(networks); i++) {
        struct addr network =
            addr_network(parse(networks[i].a), networks[i].v4_len, networks[i].v6_len);
        assert_int_equal(addr_cmp(network, parse(networks[i].network)), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_and_writes),  cmocka_unit_test(refuses),
        cmocka_unit_test(agrees_with_libc),  cmocka_unit_test(agrees_with_libc_on_garbage),
        cmocka_unit_test(reads_ranges),      cmocka_unit_test(refuses_ranges),
        cmocka_unit_test(octets_round_trip), cmocka_unit_test(arithmetic),
        cmocka_unit_test(finds_networks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
