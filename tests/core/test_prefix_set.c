/* prefix_set: against a bitmap of a small world, and files good and bad. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <openssl/sha.h>
#include <unistd.h>

#include "core/prefix_set.h"

#define LEN(a) (sizeof(a) / sizeof *(a))

static struct addr_range range_of(const char *text)
{
    struct addr_range r;
    if (!addr_range_parse(&r, NULL, text, strlen(text)))
        fail_msg("%s is no range", text);
    return r;
}

/* adds the ranges of a text with blanks between them */
static void add(struct prefix_set *set, const char *text)
{
    while (*text != '\0') {
        struct addr_range r;
        size_t len = strcspn(text, " ");
        assert_true(addr_range_parse(&r, NULL, text, len));
        assert_int_equal(prefix_set_add(set, r), 0);
        text += len + strspn(text + len, " ");
    }
}

/* the ranges of a set as text, with blanks between them */
static void format(char *out, size_t out_len, const struct prefix_set *set)
{
    size_t n = 0;
    out[0] = '\0';
    for (size_t i = 0; i < set->num; i++) {
        char first[ADDR_TEXT_MAX], last[ADDR_TEXT_MAX];
        addr_format(first, set->ranges[i].first);
        addr_format(last, set->ranges[i].last);
        n += (size_t)snprintf(out + n, out_len - n, "%s%s-%s", i > 0 ? " " : "", first, last);
        assert_true(n < out_len);
    }
}

static const struct {
    const char *given, *sealed;
    uint64_t count;
} seals[] = {
    {"", "", 0},
    {"192.0.2.1", "192.0.2.1-192.0.2.1", 1},
    {"192.0.2.1 192.0.2.1", "192.0.2.1-192.0.2.1", 1},
    {"192.0.2.2 192.0.2.1", "192.0.2.1-192.0.2.2", 2},
    {"192.0.2.3 192.0.2.1", "192.0.2.1-192.0.2.1 192.0.2.3-192.0.2.3", 2},
    {"192.0.2.0/24 192.0.2.7", "192.0.2.0-192.0.2.255", 256},
    {"192.0.2.7 192.0.2.0/24 192.0.3.0/24", "192.0.2.0-192.0.3.255", 512},
    {"10.0.0.0-10.0.0.9 10.0.0.5-10.0.0.20 10.0.0.2-10.0.0.3", "10.0.0.0-10.0.0.20", 21},
    {"0.0.0.0/0 ::ffff:0:0/96", "0.0.0.0-255.255.255.255", (uint64_t)1 << 32},
    {"255.255.255.255 ::1:0:0:0", "255.255.255.255-::1:0:0:0", 2},
    {"8000::/1 ffff::", "8000::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", UINT64_MAX},
    {"2001:db8::/65 2001:db8:0:1::/65",
     "2001:db8::-2001:db8::7fff:ffff:ffff:ffff "
     "2001:db8:0:1::-2001:db8:0:1:7fff:ffff:ffff:ffff",
     UINT64_MAX},
    {"2001:db8::/65", "2001:db8::-2001:db8::7fff:ffff:ffff:ffff", (uint64_t)1 << 63},
};

static void seals_and_counts(void **state)
{
    (void)state;
    for (size_t i = 0; i < LEN(seals); i++) {
        struct prefix_set set;
        char text[512];
        prefix_set_init(&set);
        add(&set, seals[i].given);
        prefix_set_seal(&set);
        format(text, sizeof text, &set);
        assert_string_equal(text, seals[i].sealed);
        prefix_set_seal(&set); /* idempotent */
        format(text, sizeof text, &set);
        assert_string_equal(text, seals[i].sealed);
        assert_true(prefix_set_count(&set) == seals[i].count);
        prefix_set_cleanup(&set);
    }
}

static const struct {
    const char *a, *b, *minus, *both;
} pairs[] = {
    {"", "", "", ""},
    {"10.0.0.0/24", "", "10.0.0.0-10.0.0.255", ""},
    {"", "10.0.0.0/24", "", ""},
    {"10.0.0.0/24", "10.0.0.0/24", "", "10.0.0.0-10.0.0.255"},
    {"10.0.0.0/24", "0.0.0.0/0", "", "10.0.0.0-10.0.0.255"},
    {"10.0.0.0/24", "10.0.0.0", "10.0.0.1-10.0.0.255", "10.0.0.0-10.0.0.0"},
    {"10.0.0.0/24", "10.0.0.255", "10.0.0.0-10.0.0.254", "10.0.0.255-10.0.0.255"},
    {"10.0.0.0/24", "10.0.0.9 10.0.0.11",
     "10.0.0.0-10.0.0.8 10.0.0.10-10.0.0.10 10.0.0.12-10.0.0.255",
     "10.0.0.9-10.0.0.9 10.0.0.11-10.0.0.11"},
    {"10.0.0.0/24 10.0.2.0/24", "10.0.0.128-10.0.2.127",
     "10.0.0.0-10.0.0.127 10.0.2.128-10.0.2.255", "10.0.0.128-10.0.0.255 10.0.2.0-10.0.2.127"},
    {"10.0.0.0/24", "10.0.1.0/24", "10.0.0.0-10.0.0.255", ""},
    {"8000::/1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
     "8000::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe",
     "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
    {"2001:db8::/32", "2001:db8:0:1::/64",
     "2001:db8::-2001:db8::ffff:ffff:ffff:ffff "
     "2001:db8:0:2::-2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
     "2001:db8:0:1::-2001:db8:0:1:ffff:ffff:ffff:ffff"},
};

static void subtracts_and_intersects(void **state)
{
    (void)state;
    for (size_t i = 0; i < LEN(pairs); i++) {
        struct prefix_set a, b, minus, both;
        char text[512];
        prefix_set_init(&a);
        prefix_set_init(&b);
        prefix_set_init(&minus);
        prefix_set_init(&both);
        add(&a, pairs[i].a);
        add(&b, pairs[i].b);
        prefix_set_seal(&a);
        prefix_set_seal(&b);
        assert_int_equal(prefix_set_subtract(&minus, &a, &b), 0);
        assert_int_equal(prefix_set_intersect(&both, &a, &b), 0);
        format(text, sizeof text, &minus);
        assert_string_equal(text, pairs[i].minus);
        format(text, sizeof text, &both);
        assert_string_equal(text, pairs[i].both);
        prefix_set_cleanup(&a);
        prefix_set_cleanup(&b);
        prefix_set_cleanup(&minus);
        prefix_set_cleanup(&both);
    }
}

enum { WORLD = 512 }; /* addresses of a small world, from 10.0.0.0 */

static void add_random(struct prefix_set *set, bool in[WORLD], unsigned num)
{
    memset(in, 0, WORLD);
    prefix_set_init(set);
    for (unsigned i = 0; i < num; i++) {
        unsigned first = (unsigned)rand() % WORLD, last = first + (unsigned)rand() % 20;
        last = last < WORLD ? last : WORLD - 1;
        struct addr_range r = {addr_v4(0x0a000000 + first), addr_v4(0x0a000000 + last)};
        assert_int_equal(prefix_set_add(set, r), 0);
        memset(in + first, 1, last - first + 1);
    }
    prefix_set_seal(set);
}

static void check_sealed(const struct prefix_set *set)
{
    for (size_t i = 0; i < set->num; i++) {
        assert_true(addr_cmp(set->ranges[i].first, set->ranges[i].last) <= 0);
        if (i > 0)
            assert_true(addr_cmp(addr_add(set->ranges[i - 1].last, 1), set->ranges[i].first) < 0);
    }
}

static void agrees_with_a_bitmap(void **state)
{
    (void)state;
    srand(1);
    for (unsigned round = 0; round < 300; round++) {
        struct prefix_set a, b, minus, both;
        bool in_a[WORLD], in_b[WORLD];
        uint64_t num_a = 0;
        add_random(&a, in_a, round % 40);
        add_random(&b, in_b, (unsigned)rand() % 40);
        prefix_set_init(&minus);
        prefix_set_init(&both);
        assert_int_equal(prefix_set_subtract(&minus, &a, &b), 0);
        assert_int_equal(prefix_set_intersect(&both, &a, &b), 0);
        for (unsigned i = 0; i < WORLD; i++) {
            struct addr at = addr_v4(0x0a000000 + i);
            assert_int_equal(prefix_set_contains(&a, at), in_a[i]);
            assert_int_equal(prefix_set_contains(&minus, at), in_a[i] && !in_b[i]);
            assert_int_equal(prefix_set_contains(&both, at), in_a[i] && in_b[i]);
            num_a += in_a[i];
        }
        assert_int_equal(prefix_set_count(&a), num_a);
        assert_int_equal(prefix_set_count(&minus) + prefix_set_count(&both), num_a);
        check_sealed(&a);
        check_sealed(&minus);
        check_sealed(&both);
        prefix_set_cleanup(&a);
        prefix_set_cleanup(&b);
        prefix_set_cleanup(&minus);
        prefix_set_cleanup(&both);
    }
}

/* writes a file of its own and loads it */
static int load(struct prefix_set *set, uint8_t sha256[32], char *err, size_t err_len,
                const char *content, size_t len)
{
    char path[] = "prefixes-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, len), len);
    close(fd);
    int rc = prefix_set_load(set, sha256, err, err_len, path);
    unlink(path);
    return rc;
}

static const struct {
    const char *content, *sealed;
} files[] = {
    {"", ""},
    {"\n\n", ""},
    {"# nothing\n", ""},
    {"192.0.2.0/24\n", "192.0.2.0-192.0.2.255"},
    {"192.0.2.0/24", "192.0.2.0-192.0.2.255"},
    {"192.0.2.0/25\r\n192.0.2.128/25\r\n", "192.0.2.0-192.0.2.255"},
    {"\xef\xbb\xbf"
     "192.0.2.0/24\n",
     "192.0.2.0-192.0.2.255"},
    {"  192.0.2.0/24 \t# ours\n\t\n192.0.2.9-192.0.3.0 # and\n#2001:db8::/32\n",
     "192.0.2.0-192.0.3.0"},
    {"2001:db8::1\n10.0.0.1\n", "10.0.0.1-10.0.0.1 2001:db8::1-2001:db8::1"},
};

static void loads_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < LEN(files); i++) {
        struct prefix_set set;
        char err[256] = "", text[512];
        uint8_t digest[32], expected[32];
        size_t len = strlen(files[i].content);
        prefix_set_init(&set);
        if (load(&set, digest, err, sizeof err, files[i].content, len) != 0)
            fail_msg("%s", err);
        prefix_set_seal(&set);
        format(text, sizeof text, &set);
        assert_string_equal(text, files[i].sealed);
        SHA256((const uint8_t *)files[i].content, len, expected);
        assert_memory_equal(digest, expected, 32);
        prefix_set_cleanup(&set);
    }
}

static const struct {
    const char *content, *where, *what;
} bad_files[] = {
    {"10.0.0.0/8\nmx.example\n", ":2: ", "\"mx.example\": no address, prefix or range"},
    {"10.0.0.1/8\n",
     ":1: ", "\"10.0.0.1/8\": host bits are set behind the prefix length; write 10.0.0.0/8"},
    {"\n\n\n10.0.0.0/8 10.0.0.0/8\n", ":4: ", "0 to 32"},
    {"10.0.0.9-10.0.0.1", ":1: ", "ends before it begins; swap its ends"},
    {"::/0\n",
     ":1: ", "covers all IPv4 addresses (::ffff:0:0/96) too; the IPv6 Internet is 2000::/3"},
    {"\x1b[31m\xff\n", ":1: ", "\"\\x1B[31m\\xFF\": no address"},
    {"10.0.0.1\n\xef\xbb\xbf"
     "10.0.0.2\n",
     ":2: ", "\\xEF\\xBB\\xBF10.0.0.2"},
    {"10.0.0.1#x\n", ":1: ", "no address"},
};

static void refuses_bad_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < LEN(bad_files); i++) {
        struct prefix_set set;
        char err[512] = "";
        prefix_set_init(&set);
        add(&set, "192.0.2.1");
        int rc =
            load(&set, NULL, err, sizeof err, bad_files[i].content, strlen(bad_files[i].content));
        assert_int_equal(rc, -EINVAL);
        if (strstr(err, bad_files[i].where) == NULL || strstr(err, bad_files[i].what) == NULL)
            fail_msg("%s", err);
        assert_int_equal(set.num, 1); /* unchanged */
        prefix_set_cleanup(&set);
    }
}

static void refuses_what_cannot_be_read(void **state)
{
    struct prefix_set set;
    char err[256] = "";
    (void)state;
    prefix_set_init(&set);
    assert_int_equal(prefix_set_load(&set, NULL, err, sizeof err, "no/such/file"), -ENOENT);
    assert_string_equal(err, "no/such/file: cannot be opened: No such file or directory");
    assert_int_equal(prefix_set_load(&set, NULL, err, sizeof err, "."), -EISDIR);
    assert_string_equal(err, ".: cannot be read: Is a directory");
    assert_int_equal(set.num, 0);
    prefix_set_cleanup(&set);
}

static void cut_covers_all(void **state)
{
    struct prefix_set set;
    struct addr_range left = range_of("10.0.0.0/24"), piece;
    static const struct {
        unsigned first, last;
        bool inside;
    } expected[] = {
        {0, 9, false}, {10, 19, true}, {20, 29, false}, {30, 30, true}, {31, 255, false}};
    bool inside;
    (void)state;
    prefix_set_init(&set);
    add(&set, "9.0.0.0/8 10.0.0.10-10.0.0.19 10.0.0.30 11.0.0.0/8");
    prefix_set_seal(&set);
    size_t at = prefix_set_lower(&set, left.first);
    for (size_t i = 0; i < LEN(expected); i++) {
        bool more = prefix_set_cut(&set, &at, &piece, &inside, &left);
        assert_int_equal(more, i + 1 < LEN(expected));
        assert_int_equal(piece.first.lo & 255, expected[i].first);
        assert_int_equal(piece.last.lo & 255, expected[i].last);
        assert_int_equal(inside, expected[i].inside);
    }
    prefix_set_cleanup(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seals_and_counts),     cmocka_unit_test(subtracts_and_intersects),
        cmocka_unit_test(agrees_with_a_bitmap), cmocka_unit_test(loads_files),
        cmocka_unit_test(refuses_bad_files),    cmocka_unit_test(refuses_what_cannot_be_read),
        cmocka_unit_test(cut_covers_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
