/* net: addresses as the kernel wants them, which of our addresses can be bound, and the kernel's own
 * calls, on sockets of both families. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "scanner/net.h"

#define LENGTH(a) (sizeof(a) / sizeof(a)[0])

static struct addr addr_of(const char *text)
{
    struct addr a = {0, 0};
    if (!addr_parse(&a, text, strlen(text)))
        fail_msg("%s", text);
    return a;
}

static void sockaddrs(void **state)
{
    (void)state;
    static const struct {
        const char *addr;
        uint16_t port;
    } cases[] = {
        {"192.0.2.1", 25}, {"0.0.0.0", 0},           {"255.255.255.255", 65535},
        {"::1", 25},       {"2001:db8:1:2::9", 587}, {"::ffff:192.0.2.1", 25},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct addr a = addr_of(cases[i].addr), back;
        struct sockaddr_storage name;
        memset(&name, 0x5a, sizeof name);
        socklen_t len = net_sockaddr(&name, a, cases[i].port);
        if (addr_is_v4(a)) { /* an IPv4 address is one, however it is written */
            const struct sockaddr_in *four = (const struct sockaddr_in *)&name;
            assert_int_equal(len, sizeof *four);
            assert_int_equal(four->sin_family, AF_INET);
            assert_int_equal(ntohs(four->sin_port), cases[i].port);
            assert_true(addr_from_bytes(&back, (const uint8_t *)&four->sin_addr, 4));
        } else {
            const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&name;
            assert_int_equal(len, sizeof *six);
            assert_int_equal(six->sin6_family, AF_INET6);
            assert_int_equal(ntohs(six->sin6_port), cases[i].port);
            assert_true(six->sin6_scope_id == 0 && six->sin6_flowinfo == 0);
            assert_true(addr_from_bytes(&back, (const uint8_t *)&six->sin6_addr, 16));
        }
        assert_int_equal(addr_cmp(back, a), 0);
    }
}

static void sources(void **state)
{
    (void)state;
    assert_int_equal(net_check_source(addr_of("127.0.0.1")), 0);
    assert_int_equal(net_check_source(addr_of("127.45.6.7")), 0);
    assert_int_equal(net_check_source(addr_of("192.0.2.1")), -EADDRNOTAVAIL);
    int rc = net_check_source(addr_of("2001:db8::1"));
    assert_true(rc == -EADDRNOTAVAIL || rc == -EAFNOSUPPORT);
}

/* the options that probes set, as the kernel has them then; level IP is that of IPv6 sockets too */
static void options(void **state)
{
    (void)state;
    static const int families[] = {AF_INET, AF_INET6};
    for (size_t i = 0; i < LENGTH(families); i++) {
        int value = 0;
        socklen_t len = sizeof value;
        int fd = net_kernel.socket(families[i], SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0 && errno == EAFNOSUPPORT)
            continue;
        assert_true(fd >= 0);
        assert_int_equal(net_kernel.option(fd, IPPROTO_TCP, TCP_SYNCNT, 3), 0);
        assert_int_equal(net_kernel.option(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1), 0);
        assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_SYNCNT, &value, &len), 0);
        assert_int_equal(value, 3);
        assert_int_equal(getsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &value, &len), 0);
        assert_int_equal(value, 1);
        assert_int_equal(net_kernel.error(fd), 0);
        assert_int_equal(net_kernel.option(fd, IPPROTO_TCP, TCP_SYNCNT, 4711), -1);
        assert_int_equal(net_kernel.close(fd), 0);
    }
    assert_int_equal(net_kernel.error(-1), EBADF);
}

/* a bound socket has its address and no port yet: that is chosen when it is connected */
static void bound(void **state)
{
    (void)state;
    struct sockaddr_storage from, is;
    socklen_t len = net_sockaddr(&from, addr_of("127.0.0.9"), 0), is_len = sizeof is;
    int fd = net_kernel.socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(net_kernel.option(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1), 0);
    assert_int_equal(net_kernel.bind(fd, (const struct sockaddr *)&from, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&is, &is_len), 0);
    assert_memory_equal(&((struct sockaddr_in *)&is)->sin_addr,
                        &((struct sockaddr_in *)&from)->sin_addr, 4);
    assert_int_equal(((struct sockaddr_in *)&is)->sin_port, 0);
    assert_int_equal(net_kernel.close(fd), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sockaddrs),
        cmocka_unit_test(sources),
        cmocka_unit_test(options),
        cmocka_unit_test(bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
