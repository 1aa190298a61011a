/* resolver_servers: lists of DNS servers as users write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

#include "scanner/resolver_servers.h"

#define LENGTH(a) (sizeof(a) / sizeof(a)[0])

static void good(void **state)
{
    (void)state;
    static const struct {
        const char *text, *shown; /* address, blank, port, semicolon */
    } cases[] = {
        {"192.0.2.53", "192.0.2.53 53;"},
        {"192.0.2.53:5353", "192.0.2.53 5353;"},
        {"2001:db8::53", "2001:db8::53 53;"},
        {"[2001:db8::53]", "2001:db8::53 53;"},
        {"[2001:db8::53]:65535", "2001:db8::53 65535;"},
        {"[192.0.2.53]:1", "192.0.2.53 1;"},
        {"::ffff:192.0.2.53", "192.0.2.53 53;"},
        {"192.0.2.1,192.0.2.2:54,::1", "192.0.2.1 53;192.0.2.2 54;::1 53;"},
        {"::1,::1,::1,::1,::1,::1,::1,::1",
         "::1 53;::1 53;::1 53;::1 53;::1 53;::1 53;::1 53;::1 53;"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct resolver_server out[RESOLVER_SERVERS_MAX];
        char err[200] = "", shown[1000] = "", addr[ADDR_TEXT_MAX];
        int num = resolver_servers_parse(out, err, sizeof err, cases[i].text);
        size_t len = 0;
        for (int k = 0; k < num; k++) {
            addr_format(addr, out[k].addr);
            len += (size_t)snprintf(shown + len, sizeof shown - len, "%s %u;", addr, out[k].port);
        }
        if (strcmp(shown, cases[i].shown) != 0 || err[0] != '\0')
            fail_msg("%s: %s %s", cases[i].text, shown, err);
    }
}

static void bad(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        ",",
        "192.0.2.53,",
        ",192.0.2.53",
        "192.0.2.53, 192.0.2.54",
        "dns.example.com",
        "192.0.2.53:",
        "192.0.2.53:0",
        "192.0.2.53:65536",
        "192.0.2.53:053053",
        "192.0.2.53:53x",
        "192.0.2.53:-1",
        "192.0.2",
        "[2001:db8::53",
        "[2001:db8::53]53",
        "[2001:db8::53]:",
        "[]:53",
        "[",
        "2001:db8::53]:53",
        "fe80::1%eth0",
        "\033[31m",
        "::1,::1,::1,::1,::1,::1,::1,::1,::1",
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct resolver_server out[RESOLVER_SERVERS_MAX];
        char err[200] = "";
        int num = resolver_servers_parse(out, err, sizeof err, cases[i]);
        if (num != UV_EINVAL || err[0] == '\0')
            fail_msg("\"%s\": %d", cases[i], num);
        for (const char *c = err; *c != '\0'; c++)
            assert_true(*c >= 0x20 && *c < 0x7f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(good), cmocka_unit_test(bad)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
