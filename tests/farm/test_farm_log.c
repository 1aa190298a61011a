/* log, listener: lines of the log, and the ports that a farm takes. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "tools/farm/listener.h"
#include "tools/farm/log.h"

static void test_lines(void **state)
{
    (void)state;
    static const struct {
        struct farm_event e;
        const char *line;
    } cases[] = {
        {{1, {0, 0xffff7f000001}, "open", "bench", 25, true, {0, 0xffff7f000002}, 40000, NULL},
         "1 127.0.0.1 open bench 25 127.0.0.2 40000 -\n"},
        {{UINT64_C(1767225600123456),
          {0xfd00000000000000, 1},
          "close",
          "tls13-p256",
          65535,
          true,
          {0xfd00000000000000, 2},
          1,
          "client.example"},
         "1767225600123456 fd00::1 close tls13-p256 65535 fd00::2 1 client.example\n"},
        {{1, {0, 0xffff7f000001}, "throttled", "bench", 25, false, {0, 0}, 0, ""},
         "1 127.0.0.1 throttled bench 25 - 0 -\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char line[FARM_LOG_LINE_MAX];
        size_t len = farm_log_format(line, &cases[i].e);
        assert_string_equal(line, cases[i].line);
        assert_int_equal(len, strlen(cases[i].line));
    }
}

static void test_the_longest_line_fits(void **state)
{
    (void)state;
    char line[FARM_LOG_LINE_MAX], client[128], name[41];
    memset(client, 'c', sizeof client);
    memset(name, 'n', sizeof name);
    client[sizeof client - 1] = name[sizeof name - 1] = '\0';
    struct addr longest = {0xffffffffffffffff, 0xffffffffffffffff};
    struct farm_event e = {UINT64_MAX, longest, "throttled", name,  65535,
                           true,       longest, 65535,       client};
    size_t len = farm_log_format(line, &e);
    assert_in_range(len, 1, FARM_LOG_LINE_MAX - 1);
    assert_int_equal(strlen(line), len);
    assert_non_null(strstr(line, client));
    assert_int_equal(line[len - 1], '\n');
}

/* what was there is gone; two writers append to one file, line by line */
static void test_two_writers(void **state)
{
    (void)state;
    char path[] = "/tmp/farm-log-XXXXXX", text[4096] = "";
    int fd = mkstemp(path);
    assert_int_equal(write(fd, "old\n", 4), 4);
    struct farm_log log, other;
    assert_int_equal(farm_log_open(&log, path), 0);
    other = log;
    other.fd = open(path, O_WRONLY | O_APPEND);
    struct farm_event e = {.addr = {0, 0xffff7f000001}, .what = "open", .behaviour = "bench"};
    for (e.time_us = 0; e.time_us < 10; e.time_us++)
        farm_log_write(e.time_us % 2 == 0 ? &log : &other, &e);
    assert_int_equal(farm_log_close(&other), 0);
    assert_int_equal(farm_log_close(&log), 0);
    assert_int_equal(farm_log_close(&log), 0); /* done already */
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    assert_true(read(fd, text, sizeof text - 1) > 0);
    size_t lines = 0;
    for (char *at = text; *at != '\0'; at = strchr(at, '\n') + 1)
        assert_int_equal(strtoull(at, NULL, 10), lines++);
    assert_int_equal(lines, 10);
    close(fd);
    unlink(path);
}

static void test_faults_are_kept(void **state)
{
    (void)state;
    struct farm_log log, none = {.fd = -1};
    struct farm_event e = {.what = "open", .behaviour = "bench"};
    assert_true(farm_log_open(&log, "/nonexistent/log") < 0);
    farm_log_write(&none, &e);
    assert_int_equal(farm_log_close(&none), 0);
    assert_int_equal(farm_log_open(&log, "/dev/full"), 0);
    farm_log_write(&log, &e);
    farm_log_write(&log, &e);
    assert_true(farm_log_close(&log) < 0);
}

static bool listens(int fd)
{
    int value = 0;
    socklen_t len = sizeof value;
    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &len) == 0 && value != 0;
}

static void test_listeners(void **state)
{
    (void)state;
    for (size_t num = 1; num <= 3; num++) {
        int fds[3], others[3];
        uint16_t port = 0, again = 4711;
        assert_int_equal(listener_open(fds, &port, num, 0), 0);
        assert_int_not_equal(port, 0);
        for (size_t i = 0; i < num; i++)
            assert_true(listens(fds[i]));
        for (size_t more = 1; more <= 3; more++) /* taken: not even a farm of several may join */
            assert_int_equal(listener_open(others, &again, more, port), -EADDRINUSE);
        assert_int_equal(again, 4711);
        listener_close(fds, num);
        assert_int_equal(listener_open(fds, &again, num, port), 0); /* free again */
        assert_int_equal(again, port);
        listener_close(fds, num);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),       cmocka_unit_test(test_the_longest_line_fits),
        cmocka_unit_test(test_two_writers), cmocka_unit_test(test_faults_are_kept),
        cmocka_unit_test(test_listeners),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
