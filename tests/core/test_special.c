/* special: the edges of every special-purpose range, and IPv4 inside 6to4 and NAT64. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/prefix_set.h"

#define LEN(a) (sizeof(a) / sizeof *(a))

static struct addr parse(const char *text)
{
    struct addr a;
    if (!addr_parse(&a, text, strlen(text)))
        fail_msg("%s is no address", text);
    return a;
}

/* all maximal special ranges, in the order of the addresses: what lies between them is ordinary */
static const struct {
    const char *first, *last;
} special[] = {
    {"::", "::ffff:ffff"},
    {"0.0.0.0", "0.255.255.255"},
    {"10.0.0.0", "10.255.255.255"},
    {"100.64.0.0", "100.127.255.255"},
    {"127.0.0.0", "127.255.255.255"},
    {"169.254.0.0", "169.254.255.255"},
    {"172.16.0.0", "172.31.255.255"},
    {"192.0.0.0", "192.0.0.8"},
    {"192.0.0.11", "192.0.0.255"},
    {"192.0.2.0", "192.0.2.255"},
    {"192.88.99.0", "192.88.99.255"},
    {"192.168.0.0", "192.168.255.255"},
    {"198.18.0.0", "198.19.255.255"},
    {"198.51.100.0", "198.51.100.255"},
    {"203.0.113.0", "203.0.113.255"},
    {"224.0.0.0", "255.255.255.255"},
    {"64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff"},
    {"100::", "100::1:ffff:ffff:ffff:ffff"},
    {"2001::", "2001:1::"},
    {"2001:1::4", "2001:2:ffff:ffff:ffff:ffff:ffff:ffff"},
    {"2001:4::", "2001:4:111:ffff:ffff:ffff:ffff:ffff"},
    {"2001:4:113::", "2001:1f:ffff:ffff:ffff:ffff:ffff:ffff"},
    {"2001:40::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff"},
    {"2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"},
    {"3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff"},
    {"5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
    {"fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
    {"fe80::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
};

static void edges(void **state)
{
    struct prefix_set set;
    (void)state;
    prefix_set_init(&set);
    assert_int_equal(special_purpose(&set), 0);
    assert_int_equal(set.num, LEN(special)); /* these and no others */
    for (size_t i = 0; i < LEN(special); i++) {
        struct addr first = parse(special[i].first), last = parse(special[i].last);
        assert_int_equal(addr_cmp(set.ranges[i].first, first), 0);
        assert_int_equal(addr_cmp(set.ranges[i].last, last), 0);
        assert_true(addr_refused(&set, first) && addr_refused(&set, last));
    }
    prefix_set_cleanup(&set);
}

static const struct {
    const char *addr;
    bool refused;
} addresses[] = {
    {"8.8.8.8", false},
    {"1.0.0.0", false},
    {"9.255.255.255", false},
    {"11.0.0.0", false},
    {"192.0.0.9", false},
    {"192.0.0.10", false},
    {"192.0.1.0", false},
    {"192.31.196.1", false},
    {"192.175.48.1", false},
    {"223.255.255.255", false},
    {"255.255.255.255", true},
    {"::ffff:10.0.0.1", true},
    {"::ffff:8.8.8.8", false},
    {"::1", true},
    {"fe80::1", true},
    {"febf:ffff::", true},
    {"fec0::1", true},
    {"ff02::1", true},
    {"fd00::25", true},
    {"2001::1", true}, /* Teredo */
    {"2001:1::1", false},
    {"2001:1::3", false},
    {"2001:2::1", true},
    {"2001:3::1", false},
    {"2001:4:112::1", false},
    {"2001:10::1", true},
    {"2001:20::1", false},
    {"2001:2f:ffff::", false},
    {"2001:30::1", false},
    {"2001:200::1", false},
    {"2606:4700::1111", false},
    {"2620:4f:8000::1", false},
    {"2003::1", false},
    {"2002:808:808::1", false},   /* 6to4 of 8.8.8.8 */
    {"2002:a00:1::1", true},      /* of 10.0.0.1 */
    {"2002:7f00:1:ffff::", true}, /* of 127.0.0.1 */
    {"2002:e000::", true},        /* of 224.0.0.0 */
    {"2002:dfff:ffff::", false},  /* of 223.255.255.255 */
    {"64:ff9b::8.8.8.8", false},
    {"64:ff9b::127.0.0.1", true},
    {"64:ff9b::192.168.1.1", true},
    {"64:ff9b:0:0:0:1:808:808", false}, /* outside the /96 */
    {"64:ff9b:1::1", true},
    {"100::1", true},
    {"100:0:0:1::1", true},
    {"100:0:0:2::1", false},
};

static void refuses(void **state)
{
    struct prefix_set set, all;
    (void)state;
    prefix_set_init(&set);
    prefix_set_init(&all);
    assert_int_equal(special_purpose(&set), 0);
    assert_int_equal(prefix_set_add_refused(&all, &set), 0);
    for (size_t i = 0; i < LEN(addresses); i++) {
        struct addr a = parse(addresses[i].addr);
        if (addr_refused(&set, a) != addresses[i].refused)
            fail_msg("%s", addresses[i].addr);
        if (prefix_set_contains(&all, a) != addresses[i].refused)
            fail_msg("%s, in the set of all that is refused", addresses[i].addr);
    }
    prefix_set_cleanup(&set);
    prefix_set_cleanup(&all);
}

/* a set of one range, and whether it refuses addr */
static const struct {
    const char *first, *last, *addr;
    bool refused;
} blocked[] = {
    {"8.8.8.8", "8.8.8.8", "2002:808:808:1:2:3:4:5", true},
    {"8.8.8.8", "8.8.8.8", "2002:808:809::", false},
    {"8.8.8.8", "8.8.8.8", "2002:808:807:ffff:ffff:ffff:ffff:ffff", false},
    {"8.8.8.8", "8.8.8.8", "64:ff9b::808:808", true},
    {"8.8.8.8", "8.8.8.8", "64:ff9b::808:807", false},
    {"8.8.8.8", "8.8.8.8", "64:ff9b::1:808:808", false},
    {"8.8.8.8", "8.8.8.8", "::ffff:8.8.8.8", true},
    {"8.8.8.8", "8.8.8.8", "2003:808:808::", false},
    {"2002:808:808::", "2002:808:808::ffff", "8.8.8.8", false},
    {"2002:808:808::", "2002:808:808::ffff", "2002:808:808::1", true},
    {"2002:808:808::", "2002:808:808::ffff", "64:ff9b::808:808", false},
    {"0.0.0.0", "255.255.255.255", "2002:ffff:ffff:ffff::1", true},
    {"0.0.0.0", "255.255.255.255", "2001:ffff::", false},
    {"0.0.0.0", "255.255.255.255", "64:ff9b::", true},
    {"::", "1::", "64:ff9b::ffff:ffff", true},
    {"::", "1::", "2002::1", true},
    {"::", "1::", "2002:ffff:ffff::1", true},
    {"::", "1::", "2001:db8::1", false},
};

static void looks_inside(void **state)
{
    (void)state;
    for (size_t i = 0; i < LEN(blocked); i++) {
        struct prefix_set set, all;
        struct addr a = parse(blocked[i].addr);
        prefix_set_init(&set);
        prefix_set_init(&all);
        prefix_set_add(&set, (struct addr_range){parse(blocked[i].first), parse(blocked[i].last)});
        prefix_set_seal(&set);
        assert_int_equal(prefix_set_add_refused(&all, &set), 0);
        if (addr_refused(&set, a) != blocked[i].refused ||
            prefix_set_contains(&all, a) != blocked[i].refused)
            fail_msg("%s in %s-%s", blocked[i].addr, blocked[i].first, blocked[i].last);
        prefix_set_cleanup(&set);
        prefix_set_cleanup(&all);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edges),
        cmocka_unit_test(refuses),
        cmocka_unit_test(looks_inside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
