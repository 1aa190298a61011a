/* target_list: bad lines, each with the error that says where and how to mend it. */
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

#define LABEL63 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"

static const struct {
    const char *line, *error; /* error: a part of it */
} bad_lines[] = {
    {"mx.example,192.0.2.1",
     "list:7: \"192.0.2.1\": a HOSTNAME beside a TARGET that is a host name itself"},
    {"192.0.2.300", "\"192.0.2.300\": no address, prefix or range (192.0.2.1, "},
    {"192.0.2.1:25", "no address, prefix or range ("},
    {"[2001:db8::1]", "no address, prefix or range ("},
    {"192.0.2.1 192.0.2.2", "no address, prefix or range ("},
    {",mx.example", "\"\": no address, prefix or range ("},
    {"192.0.2.77/24",
     "\"192.0.2.77/24\": host bits are set behind the prefix length; write 192.0.2.0/24"},
    {"2001:db8::1/64,mx.example",
     "host bits are set behind the prefix length; write 2001:db8::/64"},
    {"192.0.2.0/33", "the prefix length must be 0 to 32"},
    {"192.0.2.9-192.0.2.1", "the range ends before it begins; swap its ends"},
    {"192.0.2.9-2001:db8::1", "begins in one address family and ends in the other; use two lines"},
    {"::/0", "it covers all IPv4 addresses (::ffff:0:0/96) too; the IPv6 Internet is 2000::/3"},
    {"192.0.2.1,mx..example", "\"mx..example\": an empty label"},
    {"192.0.2.1,.", "an empty label"},
    {"192.0.2.1,mx.example..", "an empty label"},
    {"192.0.2.1,-mx.example", "begins or ends with a hyphen"},
    {"192.0.2.1,mx-.example", "begins or ends with a hyphen"},
    {"192.0.2.1,mx example", "host names hold letters"},
    {"192.0.2.1,mx!", "host names hold letters"},
    {"192.0.2.1,m\xc3\xbcnchen.example",
     "\"m\\xC3\\xBCnchen.example\": the host name is not ASCII; write it in A-labels"},
    {"192.0.2.1,192.0.2.1", "an address where the host name goes"},
    {"192.0.2.1,2001:db8::1", "host names hold letters"},
    {"192.0.2.1," LABEL63 "l.example", "longer than 63 octets"},
    {"192.0.2.1," LABEL63 "." LABEL63 "." LABEL63 "." LABEL63, "longer than 253 octets"},
    {"192.0.2.1,,a\x01z", "\"a\\x01z\": a control character in the tag"},
    {"192.0.2.1,,a\tz", "a control character in the tag"},
    {"192.0.2.1,,\x7f", "a control character in the tag"},
    {"192.0.2.1,," LABEL63 LABEL63 "123", "the tag is longer than 128 octets"},
    {"192.0.2.1,mx,a,b", "more than three columns"},
    {"192.0.2.1,,,", "more than three columns"},
    {"\x1b]0;x\x07", "\"\\x1B]0;x\\x07\": no address"},
    {"\xef\xbb\xbf"
     "192.0.2.1",
     "\\xEF\\xBB\\xBF192.0.2.1"}, /* on line 7 it is no mark */
};

static void refuses_lines(void **state)
{
    char long_line[TARGET_LINE_MAX + 2], err[512];
    struct target_list *list = list_of("192.0.2.1");
    struct target_space space;
    struct target_counts counts;
    (void)state;
    for (size_t i = 0; i < LEN(bad_lines); i++) {
        const char *line = bad_lines[i].line;
        err[0] = '\0';
        assert_int_equal(target_list_add(list, err, sizeof err, line, strlen(line), "list", 7),
                         -EINVAL);
        if (strncmp(err, "list:7: ", 8) != 0 || strstr(err, bad_lines[i].error) == NULL)
            fail_msg("%s: %s", line, err);
        assert_int_equal(target_list_add(list, err, 0, line, strlen(line), "list", 7), -EINVAL);
    }
    memset(long_line, ' ', sizeof long_line);
    assert_int_equal(target_list_add(list, err, sizeof err, long_line, TARGET_LINE_MAX, "a", 0), 0);
    assert_int_equal(target_list_add(list, err, sizeof err, long_line, TARGET_LINE_MAX + 1, "a", 0),
                     -EINVAL);
    assert_non_null(strstr(err, "a: the line is longer than 1024 octets"));
    assert_int_equal(target_list_add(list, err, sizeof err, "192.0.2.2\0x", 11, "a", 0), -EINVAL);
    assert_non_null(strstr(err, "a: a NUL octet in the line"));

    assert_int_equal(target_space_build(&space, &counts, list, NULL, NULL, NULL, smtp, 1), 0);
    assert_int_equal(space.count, 1); /* none of the bad lines left anything behind */
    assert_int_equal(space.num_texts, 1);
    target_space_cleanup(&space);
    target_list_free(list);
    target_list_free(NULL);
}

/* ports that masscan says must be those of the sweep, and are then visited all */
static void checks_ports(void **state)
{
    static const uint16_t both[] = {587, 25};
    struct target_list *list = list_of("open tcp 25 192.0.2.1 17\nopen tcp 587 192.0.2.2 17\n"
                                       "open tcp 25 192.0.2.3 17\n192.0.2.4");
    struct target_space space;
    struct target_counts counts;
    char err[256] = "";
    (void)state;
    assert_int_equal(target_list_check_ports(list, err, sizeof err, both, 2), 0);
    assert_string_equal(err, "");
    assert_int_equal(target_list_check_ports(list, err, sizeof err, smtp, 1), -EINVAL);
    assert_string_equal(err, "list:2: port 587 is open there, and the sweep does not visit it; "
                             "name it with --port");
    assert_int_equal(target_space_build(&space, &counts, list, NULL, NULL, NULL, smtp, 1), -EINVAL);
    assert_int_equal(target_space_build(&space, &counts, list, NULL, NULL, NULL, both, 2), 0);
    assert_int_equal(space.count, 8);
    target_space_cleanup(&space);
    target_list_free(list);
}

/* a file that is refused leaves no port behind */
static void takes_ports_back(void **state)
{
    static const char bad[] = "open tcp 587 192.0.2.1\nopen tcp 25 192.0.2.1\nx y\n";
    struct target_list *list = list_of("open tcp 25 192.0.2.1 17");
    char path[] = "ports-XXXXXX", err[256] = "";
    int fd = mkstemp(path);
    (void)state;
    assert_int_equal(write(fd, bad, strlen(bad)), strlen(bad));
    close(fd);
    assert_int_equal(target_list_load(list, err, sizeof err, path), -EINVAL);
    unlink(path);
    assert_int_equal(target_list_check_ports(list, err, sizeof err, smtp, 1), 0);
    target_list_free(list);
    list = list_of("open tcp 587 192.0.2.1 17"); /* and can be said again */
    assert_int_equal(target_list_check_ports(list, err, sizeof err, smtp, 1), -EINVAL);
    target_list_free(list);
}

/* each of 65,535 ports once, whatever the number of lines */
static void ports_are_bounded(void **state)
{
    struct target_list *list = target_list_new();
    char line[64], err[256] = "";
    uint16_t ports[TARGET_PORTS_MAX];
    (void)state;
    for (unsigned i = 0; i < 3 * 65535; i++) {
        int len = snprintf(line, sizeof line, "open tcp %u 192.0.2.1 17", i % 65535 + 1);
        assert_int_equal(target_list_add(list, err, sizeof err, line, (size_t)len, "list", i + 1),
                         0);
    }
    for (size_t i = 0; i < LEN(ports); i++)
        ports[i] = (uint16_t)(i + 1);
    assert_int_equal(target_list_check_ports(list, err, sizeof err, ports, LEN(ports)), -EINVAL);
    assert_non_null(strstr(err, "list:65: port 65 "));
    target_list_free(list);
}

static void names_of_the_greatest_length(void **state)
{
    struct target_list *list =
        list_of("192.0.2.1," LABEL63 "." LABEL63 "." LABEL63 ".abcdefghijklmnopqrstuvwxyz"
                "abcdefghijklmnopqrstuvwxyzabcdefghi," LABEL63 LABEL63 "12");
    struct target_space space;
    struct target_counts counts;
    (void)state;
    assert_int_equal(target_space_build(&space, &counts, list, NULL, NULL, NULL, smtp, 1), 0);
    struct target t = target_space_at(&space, 0);
    assert_int_equal(t.host.len, TARGET_HOST_MAX);
    assert_int_equal(t.tag.len, TARGET_TAG_MAX);
    target_space_cleanup(&space);
    target_list_free(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_lines),
        cmocka_unit_test(checks_ports),
        cmocka_unit_test(takes_ports_back),
        cmocka_unit_test(ports_are_bounded),
        cmocka_unit_test(names_of_the_greatest_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
