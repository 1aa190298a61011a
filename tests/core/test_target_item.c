/* target_item: addresses and host names, what looks like either and is none, and what discovery
 * tools print. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "core/targets.h"

#define LEN(a)  (sizeof(a) / sizeof *(a))
#define LABEL63 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"

/* the item as text: KIND RANGE|- PORT HOST TAG */
static void format(char out[600], const struct target_item *item)
{
    static const char *const kinds[] = {"none", "range", "name"};
    char first[ADDR_TEXT_MAX], last[ADDR_TEXT_MAX];
    addr_format(first, item->range.first);
    addr_format(last, item->range.last);
    assert_int_equal(strlen(item->host), item->host_len);
    int n = snprintf(out, 600, "%s", kinds[item->kind]);
    if (item->kind == TARGET_ITEM_RANGE)
        n += snprintf(out + n, 600 - (size_t)n, " %s-%s", first, last);
    if (item->kind != TARGET_ITEM_NONE)
        snprintf(out + n, 600 - (size_t)n, " %u [%s] [%.*s]", item->port, item->host,
                 (int)item->tag.len, (const char *)item->tag.data);
}

static const struct {
    const char *line, *item;
} good[] = {
    {"", "none"},
    {"  # a comment", "none"},
    {"\t\r", "none"},
    {"192.0.2.1", "range 192.0.2.1-192.0.2.1 0 [] []"},
    {" 192.0.2.0/30 , MX.example. , a tag \r", "range 192.0.2.0-192.0.2.3 0 [mx.example] [a tag]"},
    {"2001:db8::/127,,six", "range 2001:db8::-2001:db8::1 0 [] [six]"},
    {"192.0.2.1,3com,", "range 192.0.2.1-192.0.2.1 0 [3com] []"},
    /* names */
    {"mx.example.com", "name 0 [mx.example.com] []"},
    {"MX.Example.COM.", "name 0 [mx.example.com] []"},
    {"mx.example.com,,pool-a", "name 0 [mx.example.com] [pool-a]"},
    {"mx.example.com,", "name 0 [mx.example.com] []"},
    {"localhost", "name 0 [localhost] []"},
    {"mx1", "name 0 [mx1] []"},
    {"xn--mnchen-3ya.example # x", "name 0 [xn--mnchen-3ya.example] []"},
    {"163.com", "name 0 [163.com] []"},
    {"1.2.3.4.dyn.example", "name 0 [1.2.3.4.dyn.example] []"},
    {"4.2.0.192.in-addr.arpa", "name 0 [4.2.0.192.in-addr.arpa] []"},
    {"1.2.xn--p1ai", "name 0 [1.2.xn--p1ai] []"},
    {"_25._tcp.example", "name 0 [_25._tcp.example] []"},
    {"0xygen", "name 0 [0xygen] []"},
    {"de.a", "name 0 [de.a] []"},
    {"open", "name 0 [open] []"},
    {"closed", "name 0 [closed] []"},
    {"saddr.example", "name 0 [saddr.example] []"},
    /* discovery tools */
    {"saddr", "none"},
    {"saddr\r", "none"},
    {"#masscan", "none"},
    {"# end", "none"},
    {"open tcp 25 192.0.2.1 1700000000", "range 192.0.2.1-192.0.2.1 25 [] []"},
    {"open tcp 65535 2001:db8::1 1700000000\r", "range 2001:db8::1-2001:db8::1 65535 [] []"},
    {"open tcp 587 192.0.2.1", "range 192.0.2.1-192.0.2.1 587 [] []"},
    {"open udp 53 192.0.2.1 1700000000", "none"},
    {"open icmp 0 192.0.2.1 1700000000", "none"},
    {"closed tcp 25 192.0.2.1 1700000000", "none"},
    {"banner tcp 25 192.0.2.1 1700000000 smtp 220 mx,a,b,c,d", "none"},
};

static void takes_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < LEN(good); i++) {
        struct target_item item;
        char err[256] = "", text[600];
        size_t len = strlen(good[i].line);
        char *line = malloc(len + 1); /* its own allocation: a read past its end is seen */
        memcpy(line, good[i].line, len);
        if (target_item_parse(&item, err, sizeof err, line, len, "list", 7) != 0)
            fail_msg("%s: %s", good[i].line, err);
        format(text, &item);
        assert_string_equal(text, good[i].item);
        free(line);
    }
}

static const struct {
    const char *line, *error; /* error: a part of it */
} bad[] = {
    /* mistyped addresses are no names */
    {"192.0.2.300", "\"192.0.2.300\": no address, prefix or range ("},
    {"192.0.2", "no address, prefix or range ("},
    {"300", "no address, prefix or range ("},
    {"192.0.2.x", "\"192.0.2.x\": no address, prefix or range ("},
    {"192.0.2.O1", "no address, prefix or range ("},
    {"192.0.2.1a", "no address, prefix or range ("},
    {"192.0.2.0-24", "\"192.0.2.0-24\": "},
    {"192.0.2.9-192.0.2.1", "the range ends before it begins; swap its ends"},
    {"192.0.2.0-192.0.2.x", "\"192.0.2.0-192.0.2.x\": "},
    {"0x7f000001", "no address, prefix or range ("},
    {"0x7f.0x1", "no address, prefix or range ("},
    {"192.0.2.1.", "no address, prefix or range ("},
    {"192.0.2.1:25", "no address, prefix or range ("},
    {"mx.example:25", "\"mx.example:25\": no address, prefix or range ("},
    {"[2001:db8::1]", "no address, prefix or range ("},
    {"2001:db8::g", "no address, prefix or range ("},
    {"mx.example/24", "\"mx.example/24\": no address before the slash"},
    {"mx.example mx2.example", "no address, prefix or range ("},
    {"saddr,sport", "\"sport\": a HOSTNAME beside a TARGET that is a host name itself"},
    /* names that are none */
    {"mx..example", "\"mx..example\": an empty label in the host name"},
    {"-mx.example", "\"-mx.example\": a label of the host name begins or ends with a hyphen"},
    {"mx!.example", "\"mx!.example\": host names hold letters, digits, "},
    {"m\xc3\xbcnchen.example", "\"m\\xC3\\xBCnchen.example\": the host name is not ASCII"},
    {LABEL63 "l.example", "longer than 63 octets"},
    {LABEL63 "." LABEL63 "." LABEL63 "." LABEL63, "longer than 253 octets"},
    {"mx.example,mx.example", "\"mx.example\": a HOSTNAME beside a TARGET that is a host name"},
    {"mx.example,192.0.2.1", "\"192.0.2.1\": a HOSTNAME beside a TARGET that is a host name"},
    {"mx.example,,a\tb", "a control character in the tag"},
    {"mx.example,,a,b", "more than three columns"},
    /* discovery tools */
    {"open tcp 0 192.0.2.1 17", "\"open tcp 0 192.0.2.1 17\": \"open tcp\" goes before a port"},
    {"open tcp 65536 192.0.2.1 17", "goes before a port, 1 to 65535"},
    {"open tcp 000025 192.0.2.1", "goes before a port"},
    {"open tcp -1 192.0.2.1", "goes before a port"},
    {"open tcp", "goes before a port"},
    {"open tcp 25", "no address behind the port"},
    {"open tcp 25 192.0.2.0/24 17", "no address behind the port"},
    {"open tcp 25 mx.example 17", "no address behind the port"},
};

static void refuses_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < LEN(bad); i++) {
        struct target_item item = {.port = 7};
        char err[512] = "";
        const char *line = bad[i].line;
        assert_int_equal(target_item_parse(&item, err, sizeof err, line, strlen(line), "list", 7),
                         -EINVAL);
        if (strncmp(err, "list:7: ", 8) != 0 || strstr(err, bad[i].error) == NULL)
            fail_msg("%s: %s", line, err);
        assert_int_equal(item.port, 7); /* untouched */
    }
}

/* a line is bounded, and its beginning may have a byte order mark */
static void bounds(void **state)
{
    struct target_item item;
    char line[TARGET_LINE_MAX + 1], err[256] = "";
    (void)state;
    memset(line, ' ', sizeof line);
    assert_int_equal(target_item_parse(&item, err, sizeof err, line, sizeof line - 1, "a", 1), 0);
    assert_int_equal(target_item_parse(&item, err, sizeof err, line, sizeof line, "a", 1), -EINVAL);
    assert_non_null(strstr(err, "a:1: the line is longer than 1024 octets"));
    assert_int_equal(target_item_parse(&item, err, sizeof err, "mx\0x", 4, "a", 1), -EINVAL);
    assert_non_null(strstr(err, "a NUL octet"));
    assert_int_equal(
        target_item_parse(&item, err, sizeof err, "\xef\xbb\xbfmx.example", 13, "a", 1), 0);
    assert_string_equal(item.host, "mx.example");
    assert_int_equal(
        target_item_parse(&item, err, sizeof err, "\xef\xbb\xbfmx.example", 13, "a", 2), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_lines),
        cmocka_unit_test(refuses_lines),
        cmocka_unit_test(bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
