/* targets: good lines, overlaps against a brute-force model, exclusions, and a million
 * lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <unistd.h>

#include "core/targets.h"

#define LEN(a) (sizeof(a) / sizeof *(a))

static const uint16_t smtp[] = {25};

/* adds a text of lines, each of which must be right */
static struct target_list *list_of(const char *lines)
{
    struct target_list *list = target_list_new();
    assert_non_null(list);
    for (uint64_t line_no = 1; *lines != '\0'; line_no++) {
        char err[256];
        size_t len = strcspn(lines, "\n");
        if (target_list_add(list, err, sizeof err, lines, len, "list", line_no) != 0)
            fail_msg("%s", err);
        lines += len + (lines[len] == '\n');
    }
    return list;
}

static void set_of(struct prefix_set *set, const char *text)
{
    prefix_set_init(set);
    while (*text != '\0') {
        struct addr_range r;
        size_t len = strcspn(text, " ");
        assert_true(addr_range_parse(&r, NULL, text, len));
        assert_int_equal(prefix_set_add(set, r), 0);
        text += len + strspn(text + len, " ");
    }
    prefix_set_seal(set);
}

/* a line "FIRST-LAST,HOST,TAG" for each segment */
static void format(char *out, size_t out_len, const struct target_space *space)
{
    size_t n = 0;
    out[0] = '\0';
    for (size_t i = 0; i < space->num_segments; i++) {
        const struct target_segment *s = &space->segments[i];
        char first[ADDR_TEXT_MAX], last[ADDR_TEXT_MAX];
        addr_format(first, s->first);
        addr_format(last, s->last);
        const char *host = (const char *)space->texts[s->host].data;
        const char *tag = (const char *)space->texts[s->tag].data;
        n += (size_t)(s->named ? snprintf(out + n, out_len - n, "name,%s,%s\n", host, tag)
                               : snprintf(out + n, out_len - n, "%s-%s,%s,%s\n", first, last, host,
                                          tag));
        assert_true(n < out_len);
    }
}

/* every index leads to a target that leads back to it; no target twice */
static void check_round_trip(const struct target_space *space)
{
    uint64_t step = space->count < 5000 ? 1 : space->count / 5000;
    for (uint64_t k = 0; k < 5000 && k < space->count; k++) {
        uint64_t back, i = k * step;
        struct target t = target_space_at(space, i);
        assert_true(t.named ? target_space_find_name(space, &back, t.host, t.port)
                            : target_space_find(space, &back, t.addr, t.port, t.host));
        assert_true(back == i);
        assert_int_equal(t.host.data[t.host.len], 0);
        if (step == 1 && i > 0) {
            struct target before = target_space_at(space, i - 1);
            assert_false(addr_cmp(before.addr, t.addr) == 0 && before.port == t.port &&
                         bytes_equal(before.host, t.host) && before.named == t.named);
        }
    }
}

static const struct {
    const char *lines, *segments;
    uint64_t count;
} spaces[] = {
    {"", "", 0},
    {"# none\n\n   \n", "", 0},
    {"192.0.2.1", "192.0.2.1-192.0.2.1,,\n", 1},
    {"192.0.2.1\r", "192.0.2.1-192.0.2.1,,\n", 1},
    {"192.0.2.1\t \r", "192.0.2.1-192.0.2.1,,\n", 1},
    {"\xef\xbb\xbf"
     "192.0.2.1",
     "192.0.2.1-192.0.2.1,,\n", 1},
    {"  192.0.2.0/24 # ours", "192.0.2.0-192.0.2.255,,\n", 256},
    {"2001:db8::/120", "2001:db8::-2001:db8::ff,,\n", 256},
    {"192.0.2.1,mx.example", "192.0.2.1-192.0.2.1,mx.example,\n", 1},
    {"192.0.2.1,MX.Example.", "192.0.2.1-192.0.2.1,mx.example,\n", 1},
    {"192.0.2.1 , mx.example , a tag ", "192.0.2.1-192.0.2.1,mx.example,a tag\n", 1},
    {"192.0.2.1,,tag#1 # x", "192.0.2.1-192.0.2.1,,tag#1\n", 1},
    {"192.0.2.1,,", "192.0.2.1-192.0.2.1,,\n", 1},
    {"192.0.2.1,xn--mnchen-3ya.example,m\xc3\xbc",
     "192.0.2.1-192.0.2.1,xn--mnchen-3ya.example,m\xc3\xbc\n", 1},
    {"192.0.2.1,_mx._tcp.3com.1-2", "192.0.2.1-192.0.2.1,_mx._tcp.3com.1-2,\n", 1},
    /* duplicates collapse, hosts stay apart, the first tag wins */
    {"192.0.2.1\n192.0.2.1\n192.0.2.1", "192.0.2.1-192.0.2.1,,\n", 1},
    {"192.0.2.1,,a\n192.0.2.1,,b", "192.0.2.1-192.0.2.1,,a\n", 1},
    {"192.0.2.1,,b\n192.0.2.1,,a", "192.0.2.1-192.0.2.1,,b\n", 1},
    {"192.0.2.1\n192.0.2.1,,a", "192.0.2.1-192.0.2.1,,\n", 1},
    {"192.0.2.1,b\n192.0.2.1,a\n192.0.2.1\n192.0.2.1,B",
     "192.0.2.1-192.0.2.1,,\n192.0.2.1-192.0.2.1,a,\n192.0.2.1-192.0.2.1,b,\n", 3},
    {"192.0.2.2\n192.0.2.1", "192.0.2.1-192.0.2.2,,\n", 2},
    {"192.0.2.2,,a\n192.0.2.1,,b", "192.0.2.1-192.0.2.1,,b\n192.0.2.2-192.0.2.2,,a\n", 2},
    /* partial overlaps */
    {"10.0.0.0-10.0.0.9,,a\n10.0.0.5-10.0.0.20,,b",
     "10.0.0.0-10.0.0.9,,a\n10.0.0.10-10.0.0.20,,b\n", 21},
    {"10.0.0.5-10.0.0.20,,b\n10.0.0.0-10.0.0.9,,a", "10.0.0.0-10.0.0.4,,a\n10.0.0.5-10.0.0.20,,b\n",
     21},
    {"10.0.0.0-10.0.0.20,,a\n10.0.0.5-10.0.0.9,,b", "10.0.0.0-10.0.0.20,,a\n", 21},
    {"10.0.0.5-10.0.0.9,,b\n10.0.0.0-10.0.0.20,,a",
     "10.0.0.0-10.0.0.4,,a\n10.0.0.5-10.0.0.9,,b\n10.0.0.10-10.0.0.20,,a\n", 21},
    {"10.0.0.7,,c\n10.0.0.5-10.0.0.9,,b\n10.0.0.0-10.0.0.9,,a",
     "10.0.0.0-10.0.0.4,,a\n10.0.0.5-10.0.0.6,,b\n10.0.0.7-10.0.0.7,,c\n10.0.0.8-10.0.0.9,,b\n",
     10},
    {"10.0.0.5-10.0.0.9,h,b\n10.0.0.0-10.0.0.20,,a",
     "10.0.0.0-10.0.0.20,,a\n10.0.0.5-10.0.0.9,h,b\n", 26},
    {"255.255.255.255,,a\n255.255.255.254-255.255.255.255,,b",
     "255.255.255.254-255.255.255.254,,b\n255.255.255.255-255.255.255.255,,a\n", 2},
    {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff,,a\n"
     "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff,,b\n::/"
     "128,,c",
     "::-::,,c\nffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe-ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe,,"
     "b\n"
     "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff,,a\n",
     3},
    {"2001:db8::/65\n", "2001:db8::-2001:db8::7fff:ffff:ffff:ffff,,\n", (uint64_t)1 << 63},
    /* IPv4 ends where it ends, though IPv6 goes on there */
    {"0.0.0.0\n255.255.255.255\n::fffe:ffff:ffff\n::1:0:0:0",
     "::fffe:ffff:ffff-::fffe:ffff:ffff,,\n0.0.0.0-0.0.0.0,,\n"
     "255.255.255.255-255.255.255.255,,\n::1:0:0:0-::1:0:0:0,,\n",
     4},
    /* host names: once each, the first tag wins, before the addresses under the same name */
    {"mx.example", "name,mx.example,\n", 1},
    {"b.example\na.example,,t\nB.example,,late", "name,a.example,t\nname,b.example,\n", 2},
    {"::-::1,mx.example,t\nmx.example,,t\n192.0.2.1\n::2,mx.example,t",
     "192.0.2.1-192.0.2.1,,\nname,mx.example,t\n::-::2,mx.example,t\n", 5},
    {"open tcp 25 192.0.2.2 17\n192.0.2.1\nclosed tcp 25 192.0.2.3 17\nsaddr",
     "192.0.2.1-192.0.2.2,,\n", 2},
};

static void makes_spaces(void **state)
{
    (void)state;
    for (size_t i = 0; i < LEN(spaces); i++) {
        struct target_list *list = list_of(spaces[i].lines);
        struct target_space space;
        struct target_counts counts;
        char text[1024];
        assert_int_equal(target_space_build(&space, &counts, list, NULL, NULL, NULL, smtp, 1), 0);
        target_list_free(list); /* the space lives on */
        format(text, sizeof text, &space);
        assert_string_equal(text, spaces[i].segments);
        assert_true(space.count == spaces[i].count && counts.given == spaces[i].count);
        assert_true(counts.left == counts.given);
        check_round_trip(&space);
        target_space_cleanup(&space);
    }
}

static const struct {
    const char *lines, *special, *block, *allow; /* NULL: none */
    struct target_counts counts;                 /* given, special, blocked, not_allowed, left */
    const char *segments;
} exclusions[] = {
    {"192.0.2.0/24", NULL, NULL, NULL, {256, 0, 0, 0, 256}, "192.0.2.0-192.0.2.255,,\n"},
    {"192.0.2.0/24", "192.0.2.0/24", NULL, NULL, {256, 256, 0, 0, 0}, ""},
    {"192.0.2.0/24",
     "",
     "192.0.2.9",
     NULL,
     {256, 0, 1, 0, 255},
     "192.0.2.0-192.0.2.8,,\n192.0.2.10-192.0.2.255,,\n"},
    {"192.0.2.0/24",
     "192.0.2.0-192.0.2.9",
     "192.0.2.5-192.0.2.19",
     "192.0.2.0-192.0.2.29",
     {256, 10, 10, 226, 10},
     "192.0.2.20-192.0.2.29,,\n"},
    {"192.0.2.0/24", NULL, NULL, "", {256, 0, 0, 256, 0}, ""},
    {"192.0.2.0/24,a\n192.0.2.0/24,b,t",
     NULL,
     "192.0.2.128/25",
     NULL,
     {512, 0, 256, 0, 256},
     "192.0.2.0-192.0.2.127,a,\n192.0.2.0-192.0.2.127,b,t\n"},
    {"192.0.2.0/25,,a\n192.0.2.0/24,,b",
     NULL,
     "192.0.2.126-192.0.2.129",
     NULL,
     {256, 0, 4, 0, 252},
     "192.0.2.0-192.0.2.125,,a\n192.0.2.130-192.0.2.255,,b\n"},
    /* IPv4 inside */
    {"2002:808:808::1\n2002:808:809::1",
     NULL,
     "8.8.8.8",
     NULL,
     {2, 0, 1, 0, 1},
     "2002:808:809::1-2002:808:809::1,,\n"},
    {"64:ff9b::808:800/120",
     NULL,
     "8.8.8.8-8.8.8.9",
     NULL,
     {256, 0, 2, 0, 254},
     "64:ff9b::808:800-64:ff9b::808:807,,\n64:ff9b::808:80a-64:ff9b::808:8ff,,\n"},
    {"::ffff:8.8.8.8\n8.8.8.9", NULL, "8.8.8.8", NULL, {2, 0, 1, 0, 1}, "8.8.8.9-8.8.8.9,,\n"},
    {"2002:a00::/120", "10.0.0.0/8", NULL, NULL, {256, 256, 0, 0, 0}, ""},
    {"2002:808:808::1\n8.8.8.8", NULL, NULL, "8.8.8.8", {2, 0, 0, 1, 1}, "8.8.8.8-8.8.8.8,,\n"},
    /* host names: what they resolve to is not known yet */
    {"mx.example\n192.0.2.1,mx.example\n::",
     "::-::ffff",
     "::/127 192.0.2.1",
     "",
     {3, 1, 1, 0, 1},
     "name,mx.example,\n"},
    /* more than can be counted or visited, until most of it is taken away */
    {"2000::/3",
     NULL,
     NULL,
     "2001:db8::/120",
     {UINT64_MAX, 0, 0, UINT64_MAX, 256},
     "2001:db8::-2001:db8::ff,,\n"},
};

static void subtracts(void **state)
{
    (void)state;
    for (size_t i = 0; i < LEN(exclusions); i++) {
        const char *const texts[3] = {exclusions[i].special, exclusions[i].block,
                                      exclusions[i].allow};
        struct target_list *list = list_of(exclusions[i].lines);
        struct target_counts counts, want = exclusions[i].counts;
        struct target_space space;
        struct prefix_set sets[3];
        char text[1024];
        for (size_t j = 0; j < 3; j++)
            set_of(&sets[j], texts[j] != NULL ? texts[j] : "");
        assert_int_equal(target_space_build(&space, &counts, list,
                                            texts[0] != NULL ? &sets[0] : NULL,
                                            texts[1] != NULL ? &sets[1] : NULL,
                                            texts[2] != NULL ? &sets[2] : NULL, smtp, 1),
                         0);
        format(text, sizeof text, &space);
        assert_string_equal(text, exclusions[i].segments);
        assert_true(counts.given == want.given && counts.special == want.special);
        assert_true(counts.blocked == want.blocked && counts.not_allowed == want.not_allowed);
        assert_true(counts.left == want.left && space.num_addrs == want.left);
        check_round_trip(&space);
        for (size_t j = 0; j < 3; j++)
            prefix_set_cleanup(&sets[j]);
        target_space_cleanup(&space);
        target_list_free(list);
    }
}

static void finds_names(void **state)
{
    static const uint16_t ports[] = {25, 587};
    struct target_list *list = list_of("mx.example,,t\n::1,mx.example\n192.0.2.1");
    struct target_space space;
    struct target_counts counts;
    uint64_t index;
    const struct addr zero = {0, 0}, one = {0, 1};
    (void)state;
    assert_int_equal(target_space_build(&space, &counts, list, NULL, NULL, NULL, ports, 2), 0);
    assert_int_equal(space.count, 6);
    assert_true(target_space_has_names(&space));
    struct target t = target_space_at(&space, 3);
    assert_true(t.named && t.port == 587 && addr_cmp(t.addr, zero) == 0);
    assert_string_equal((const char *)t.host.data, "mx.example");
    assert_string_equal((const char *)t.tag.data, "t");
    assert_true(target_space_find_name(&space, &index, bytes_text("mx.example"), 587));
    assert_int_equal(index, 3);
    assert_true(target_space_find(&space, &index, one, 587, bytes_text("mx.example")));
    assert_int_equal(index, 5);
    assert_false(target_space_find(&space, &index, zero, 25, bytes_text("mx.example")));
    assert_false(target_space_find_name(&space, &index, bytes_text("mx.example"), 26));
    assert_false(target_space_find_name(&space, &index, bytes_text("mx2.example"), 25));
    assert_false(target_space_find_name(&space, &index, bytes_text(""), 25));
    target_space_cleanup(&space);
    target_list_free(list);
    list = list_of("192.0.2.1,mx.example");
    assert_int_equal(target_space_build(&space, &counts, list, NULL, NULL, NULL, ports, 2), 0);
    assert_false(target_space_has_names(&space));
    assert_false(target_space_find_name(&space, &index, bytes_text("mx.example"), 25));
    target_space_cleanup(&space);
    target_list_free(list);
}

static void ports_vary_fastest(void **state)
{
    static const uint16_t ports[] = {25, 587, 465};
    struct target_list *list = list_of("192.0.2.1-192.0.2.2\n192.0.2.1,mx");
    struct target_space space;
    struct target_counts counts;
    uint64_t index;
    (void)state;
    assert_int_equal(target_space_build(&space, &counts, list, NULL, NULL, NULL, ports, 3), 0);
    assert_int_equal(space.count, 9);
    assert_int_equal(space.num_addrs, 3);
    assert_int_equal(counts.left, 3);
    for (uint64_t i = 0; i < 9; i++) {
        struct target t = target_space_at(&space, i);
        assert_int_equal(t.port, ports[i % 3]);
        assert_int_equal(t.addr.lo & 255, i / 3 == 1 ? 2 : 1);
        assert_int_equal(t.host.len, i < 6 ? 0 : 2);
    }
    check_round_trip(&space);
    struct addr one = addr_v4(0xc0000201), two = addr_v4(0xc0000202), none = addr_v4(0xc0000203);
    assert_false(target_space_find(&space, &index, one, 26, bytes_text("")));
    assert_false(target_space_find(&space, &index, none, 25, bytes_text("")));
    assert_false(target_space_find(&space, &index, two, 25, bytes_text("mx")));
    assert_false(target_space_find(&space, &index, one, 25, bytes_text("m")));
    assert_false(target_space_find(&space, &index, one, 25, bytes_text("mx.")));
    assert_true(target_space_find(&space, &index, one, 465, bytes_text("mx")));
    assert_int_equal(index, 8);
    target_space_cleanup(&space);
    target_list_free(list);
}

static void refuses_ports_and_too_many(void **state)
{
    static const struct {
        const char *lines;
        uint16_t ports[3];
        size_t num_ports;
        int rc;
    } cases[] = {
        {"192.0.2.1", {25}, 0, -EINVAL},
        {"192.0.2.1", {25, 0}, 2, -EINVAL},
        {"192.0.2.1", {25, 587, 25}, 3, -EINVAL},
        {"2001:db8::/64", {25}, 1, -EOVERFLOW},
        {"2001:db8::-2001:db8::ffff:ffff:ffff:fffe", {25}, 1, 0},
        {"2001:db8::-2001:db8::ffff:ffff:ffff:fffe\n192.0.2.1", {25}, 1, -EOVERFLOW},
        {"2001:db8::/65", {25, 587}, 2, -EOVERFLOW},
        {"2001:db8::/66", {25, 587, 465}, 3, 0},
        {"2000::/3", {25}, 1, -EOVERFLOW},
    };
    static uint16_t many[TARGET_PORTS_MAX + 1];
    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct target_list *list = list_of(cases[i].lines);
        struct target_space space;
        struct target_counts counts = {7, 7, 7, 7, 7};
        int rc = target_space_build(&space, &counts, list, NULL, NULL, NULL, cases[i].ports,
                                    cases[i].num_ports);
        assert_int_equal(rc, cases[i].rc);
        if (rc < 0)
            assert_true(counts.given == 7 && space.segments == NULL && space.count == 0);
        else
            check_round_trip(&space);
        target_space_cleanup(&space);
        target_list_free(list);
    }
    for (size_t i = 0; i < LEN(many); i++)
        many[i] = (uint16_t)(i + 1);
    struct target_list *list = list_of("192.0.2.1");
    struct target_space space;
    struct target_counts counts;
    assert_int_equal(target_space_build(&space, &counts, list, NULL, NULL, NULL, many, LEN(many)),
                     -EINVAL);
    assert_int_equal(
        target_space_build(&space, &counts, list, NULL, NULL, NULL, many, LEN(many) - 1), 0);
    assert_int_equal(space.count, TARGET_PORTS_MAX);
    target_space_cleanup(&space);
    target_list_free(list);
}

enum { WORLD = 256, HOSTS = 3 };

/* random overlapping lines; which tag each (host, address) must have is kept address by address */
static void random_lines(struct target_list *list, int tags[HOSTS][WORLD], unsigned num)
{
    static const char *const hosts[HOSTS] = {"", "a.example", "b.example"};
    memset(tags, -1, sizeof(int) * HOSTS * WORLD);
    for (unsigned i = 0; i < num; i++) {
        unsigned host = (unsigned)rand() % HOSTS, first = (unsigned)rand() % WORLD;
        unsigned last = first + (unsigned)rand() % 40, tag = (unsigned)rand() % 6;
        char line[128], err[256];
        last = last < WORLD ? last : WORLD - 1;
        int len =
            snprintf(line, sizeof line, "8.0.0.%u-8.0.0.%u,%s,t%u", first, last, hosts[host], tag);
        assert_int_equal(target_list_add(list, err, sizeof err, line, (size_t)len, "list", i), 0);
        for (unsigned a = first; a <= last; a++)
            if (tags[host][a] < 0)
                tags[host][a] = (int)tag;
    }
}

static void agrees_with_a_model(void **state)
{
    static const char *const hosts[HOSTS] = {"", "a.example", "b.example"};
    (void)state;
    srand(1);
    for (unsigned round = 0; round < 400; round++) {
        struct target_list *list = target_list_new();
        struct target_space space;
        struct target_counts counts;
        int tags[HOSTS][WORLD];
        uint64_t expected = 0;
        assert_non_null(list);
        random_lines(list, tags, round % 60);
        assert_int_equal(target_space_build(&space, &counts, list, NULL, NULL, NULL, smtp, 1), 0);
        for (unsigned h = 0; h < HOSTS; h++)
            for (unsigned a = 0; a < WORLD; a++) {
                uint64_t index = 0;
                bool found = target_space_find(&space, &index, addr_v4(0x08000000 + a), 25,
                                               bytes_text(hosts[h]));
                assert_int_equal(found, tags[h][a] >= 0);
                if (!found)
                    continue;
                assert_int_equal(index, expected++); /* by host, then by address */
                struct target t = target_space_at(&space, index);
                assert_int_equal(t.tag.data[1] - '0', tags[h][a]);
            }
        assert_int_equal(space.count, expected);
        for (size_t i = 1; i < space.num_segments; i++) { /* maximal runs */
            const struct target_segment *s = &space.segments[i], *prev = s - 1;
            assert_false(prev->host == s->host && prev->tag == s->tag &&
                         addr_cmp(addr_add(prev->last, 1), s->first) == 0);
        }
        target_space_cleanup(&space);
        target_list_free(list);
    }
}

enum { MILLION = 1000000 };

static void a_million_lines(void **state)
{
    struct target_list *list = target_list_new();
    struct target_space space;
    struct target_counts counts;
    struct prefix_set special;
    (void)state;
    assert_non_null(list);
    for (uint32_t i = 0; i < MILLION; i++) {
        uint32_t v4 = i * 2654435761U; /* odd, so all differ: strangers in no order */
        char line[64], err[256];
        int len = snprintf(line, sizeof line, "%u.%u.%u.%u,mx%u.example,t%u", v4 >> 24,
                           v4 >> 16 & 255, v4 >> 8 & 255, v4 & 255, i % 1000, i % 7);
        assert_int_equal(target_list_add(list, err, sizeof err, line, (size_t)len, "list", i + 1),
                         0);
    }
    prefix_set_init(&special);
    assert_int_equal(special_purpose(&special), 0);
    assert_int_equal(target_space_build(&space, &counts, list, &special, NULL, NULL, smtp, 1), 0);
    assert_int_equal(counts.given, MILLION);
    assert_true(counts.special > 100000 && counts.special + counts.left == MILLION);
    assert_int_equal(space.num_texts, 1 + 1000 + 7);
    check_round_trip(&space);
    prefix_set_cleanup(&special);
    target_space_cleanup(&space);
    target_list_free(list);
}

/* the worst for a sweep: every line overlaps every other, the weakest ones longest */
static void a_million_overlaps(void **state)
{
    struct target_list *list = target_list_new();
    struct target_space space;
    struct target_counts counts;
    (void)state;
    assert_non_null(list);
    for (uint64_t i = 0; i < MILLION / 4; i++) {
        char line[ADDR_TEXT_MAX * 2 + 16], first[ADDR_TEXT_MAX], last[ADDR_TEXT_MAX], err[256];
        addr_format(first, (struct addr){0x2600000000000000, MILLION - i});
        addr_format(last, (struct addr){0x2600000000000000, MILLION + i});
        int len = snprintf(line, sizeof line, "%s-%s,,t%u", first, last, (unsigned)(i % 2));
        assert_int_equal(target_list_add(list, err, sizeof err, line, (size_t)len, "list", i + 1),
                         0);
    }
    assert_int_equal(target_space_build(&space, &counts, list, NULL, NULL, NULL, smtp, 1), 0);
    assert_int_equal(space.count, MILLION / 2 - 1);
    assert_int_equal(space.num_segments, MILLION / 2 - 1);
    target_space_cleanup(&space);
    target_list_free(list);
}

static void loads_files(void **state)
{
    static const char good[] = "\xef\xbb\xbf# list\r\n192.0.2.1,MX.example,t\r\n\r\n2001:db8::1";
    static const char bad[] = "192.0.2.9\nmx..example\n192.0.2.10\n";
    struct target_list *list = target_list_new();
    struct target_space space;
    struct target_counts counts;
    char path[] = "targets-XXXXXX", err[256] = "", text[256], want[256];
    int fd = mkstemp(path);
    (void)state;
    assert_true(fd >= 0 && list != NULL);
    assert_int_equal(write(fd, good, strlen(good)), strlen(good));
    if (target_list_load(list, err, sizeof err, path) != 0)
        fail_msg("%s", err);
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_int_equal(pwrite(fd, bad, strlen(bad), 0), strlen(bad));
    assert_int_equal(target_list_load(list, err, sizeof err, path), -EINVAL);
    snprintf(want, sizeof want, "%s:2: \"mx..example\": an empty label", path);
    assert_int_equal(strncmp(err, want, strlen(want)), 0);
    close(fd);
    unlink(path);
    assert_int_equal(target_list_load(list, err, sizeof err, "no/such/file"), -ENOENT);

    assert_int_equal(target_space_build(&space, &counts, list, NULL, NULL, NULL, smtp, 1), 0);
    format(text, sizeof text, &space); /* nothing of the bad file */
    assert_string_equal(text, "2001:db8::1-2001:db8::1,,\n192.0.2.1-192.0.2.1,mx.example,t\n");
    target_space_cleanup(&space);
    target_list_free(list);
}

/* a space as a dataset might give it */
static void seals_only_what_is_right(void **state)
{
    static const uint8_t a[] = "a", b[] = "b", none[] = "";
    struct bytes texts[] = {{none, 0}, {a, 1}, {b, 1}}, swapped[] = {{none, 0}, {b, 1}, {a, 1}};
    static const uint64_t counts[] = {28, 20, 20, 4}; /* of the first, which are right */
    const struct addr zero = {0, 0}, one = addr_v4(1), five = addr_v4(5), nine = addr_v4(9);
    struct target_segment segments[][2] = {
        {{one, five, 0, 2, 9, false}, {one, nine, 1, 0, 9, false}},
        {{zero, zero, 1, 2, 9, true}, {one, nine, 1, 0, 9, false}},
        {{one, nine, 0, 2, 9, false}, {zero, zero, 2, 0, 9, true}},
        {{zero, zero, 1, 2, 9, true}, {zero, zero, 2, 0, 9, true}},
        {{one, five, 0, 0, 0, false}, {five, nine, 0, 1, 0, false}}, /* overlap */
        {{five, nine, 0, 0, 0, false}, {one, one, 0, 1, 0, false}},  /* no order */
        {{one, five, 2, 0, 0, false}, {one, nine, 1, 0, 0, false}},  /* hosts in no order */
        {{five, one, 0, 0, 0, false}, {nine, nine, 0, 0, 0, false}}, /* reversed */
        {{one, five, 0, 3, 0, false}, {nine, nine, 0, 0, 0, false}}, /* no such tag */
        {{one, five, 0, 0, 0, false}, {nine, nine, 3, 0, 0, false}}, /* no such host */
        {{zero, zero, 0, 0, 0, true}, {one, nine, 1, 0, 0, false}},  /* a name without a name */
        {{zero, one, 1, 0, 0, true}, {one, nine, 2, 0, 0, false}},   /* with addresses */
        {{zero, zero, 1, 0, 0, true}, {zero, zero, 1, 0, 0, true}},  /* twice */
        {{one, nine, 1, 0, 0, false}, {zero, zero, 1, 0, 0, true}},  /* behind its addresses */
        {{one, nine, 1, 0, 0, false}, {zero, zero, 3, 0, 0, true}},  /* no such name */
    };
    (void)state;
    for (size_t i = 0; i < LEN(segments); i++) {
        struct target_space space = {.segments = segments[i],
                                     .num_segments = 2,
                                     .texts = texts,
                                     .num_texts = 3,
                                     .ports = {25, 26},
                                     .num_ports = 2};
        assert_int_equal(target_space_seal(&space), i < LEN(counts) ? 0 : -EINVAL);
        if (i < LEN(counts)) {
            assert_int_equal(space.count, counts[i]);
            check_round_trip(&space);
        }
    }
    static const char *const hosts[] = {"MX", "mx.", "a b", "192.0.2.1", "a..b", "\xff"};
    for (size_t i = 0; i < LEN(hosts); i++) { /* what no resolver is asked for */
        struct bytes name[] = {{none, 0}, bytes_text(hosts[i])};
        struct target_segment named = {.host = 1, .named = true};
        struct target_space space = {.segments = &named,
                                     .num_segments = 1,
                                     .texts = name,
                                     .num_texts = 2,
                                     .ports = {25},
                                     .num_ports = 1};
        assert_int_equal(target_space_seal(&space), -EINVAL);
    }
    struct target_space space = {.segments = segments[0],
                                 .num_segments = 2,
                                 .texts = swapped,
                                 .num_texts = 3,
                                 .ports = {25},
                                 .num_ports = 1};
    assert_int_equal(target_space_seal(&space), -EINVAL);
    space.num_texts = 0;
    assert_int_equal(target_space_seal(&space), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_spaces),
        cmocka_unit_test(subtracts),
        cmocka_unit_test(finds_names),
        cmocka_unit_test(ports_vary_fastest),
        cmocka_unit_test(refuses_ports_and_too_many),
        cmocka_unit_test(agrees_with_a_model),
        cmocka_unit_test(a_million_lines),
        cmocka_unit_test(a_million_overlaps),
        cmocka_unit_test(loads_files),
        cmocka_unit_test(seals_only_what_is_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
