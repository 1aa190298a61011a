#include "tools/gauge.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define S_NS UINT64_C(1000000000)

static const struct {
    uint64_t done, total, elapsed_ns;
    const char *line;
} lines[] = {
    {0, 1000000000, 0, "\rcounting:   0 %, 0 MB/s, 0 s left\x1b[K"},
    {250000000, 1000000000, S_NS, "\rcounting:  25 %, 250 MB/s, 3 s left\x1b[K"},
    {999999999, 1000000000, 2 * S_NS, "\rcounting: 100 %, 500 MB/s, 0 s left\x1b[K"},
    {2000, 1000, S_NS, "\rcounting: 100 %, 0 MB/s, 0 s left\x1b[K"}, /* it grew */
    {5, 0, S_NS, "\rcounting: 100 %, 0 MB/s, 0 s left\x1b[K"},
    {1, UINT64_MAX, S_NS, "\rcounting:   0 %, 0 MB/s, 18446744073709551616 s left\x1b[K"},
};

static void test_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        char out[GAUGE_LINE_MAX];
        size_t len =
            gauge_line(out, "counting", lines[i].done, lines[i].total, lines[i].elapsed_ns);
        assert_string_equal(out, lines[i].line);
        assert_int_equal(len, strlen(out));
    }
}

static void test_long_name(void **state)
{
    (void)state;
    char name[1000], out[GAUGE_LINE_MAX];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    size_t len = gauge_line(out, name, UINT64_MAX - 1, UINT64_MAX, 1);
    assert_int_equal(len, strlen(out));
}

static void run(int fd)
{
    struct gauge p;
    gauge_init(&p, fd);
    gauge_begin(&p, "counting", 100);
    gauge_at(&p, 50);
    gauge_file(&p, 50);
    gauge_at(&p, 50);
    gauge_end(&p);
}

/* to what is no terminal nothing is written, nor to one in the first second */
static void test_silent(void **state)
{
    (void)state;
    int ends[2], master = posix_openpt(O_RDWR | O_NOCTTY);
    char octet;
    assert_int_equal(pipe(ends), 0);
    run(ends[1]);
    close(ends[1]);
    assert_int_equal(read(ends[0], &octet, 1), 0);
    close(ends[0]);
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0)
        skip();
    int terminal = open(ptsname(master), O_RDWR | O_NOCTTY);
    assert_true(terminal >= 0);
    run(terminal);
    assert_int_equal(fcntl(master, F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(read(master, &octet, 1), -1);
    close(terminal);
    close(master);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_long_name),
        cmocka_unit_test(test_silent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
