/* options: the command line of mxfarm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tools/farm/options.h"

enum { TODAY = 86400 * 1000, ARGS_MAX = 12 };

struct line {
    const char *args[ARGS_MAX];
};

static int parse(struct farm_options *o, char err[256], const struct line *line)
{
    char *argv[ARGS_MAX + 2] = {(char *)"mxfarm"};
    int argc = 1;
    for (; argc <= ARGS_MAX && line->args[argc - 1] != NULL; argc++)
        argv[argc] = (char *)line->args[argc - 1];
    return farm_options_parse(o, err, 256, argc, argv, TODAY);
}

static struct farm_options good(const struct line *line)
{
    struct farm_options o;
    char err[256];
    assert_int_equal(parse(&o, err, line), 0);
    return o;
}

static void test_defaults(void **state)
{
    (void)state;
    struct farm_options o = good(&(struct line){{NULL}});
    assert_int_equal(o.job, JOB_SERVE);
    assert_int_equal(o.port, 2525);
    assert_int_equal(o.seed, 1);
    assert_int_equal(o.now_s, TODAY);
    assert_int_equal(o.idle_exit_ms, 0);
    assert_true(o.only == NULL && o.population_file == NULL && o.log_file == NULL);
    assert_int_equal(o.time_outs.reply_ms, 30000);
    assert_int_equal(o.num_processes, 1);
    assert_int_equal(o.latency.kind, LATENCY_NONE);
    assert_int_equal(o.throttle.limit, 0);
}

static void test_values(void **state)
{
    (void)state;
    struct farm_options o =
        good(&(struct line){{"--port", "0", "--seed", "18446744073709551615", "--now", "2026-01-01",
                             "--only", "bench", "--log", "x.log"}});
    assert_int_equal(o.port, 0);
    assert_true(o.seed == UINT64_MAX);
    assert_int_equal(o.now_s, 1767225600);
    assert_string_equal(o.only, "bench");
    assert_string_equal(o.log_file, "x.log");
    o = good(&(struct line){{"--connect-timeout", "500ms", "--reply-timeout=2s", "--tls-timeout",
                             "3m", "--session-timeout", "1h", "--idle-exit", "1ms"}});
    assert_int_equal(o.time_outs.connect_ms, 500);
    assert_int_equal(o.time_outs.reply_ms, 2000);
    assert_int_equal(o.time_outs.tls_ms, 180000);
    assert_int_equal(o.time_outs.session_ms, 3600000);
    assert_int_equal(o.idle_exit_ms, 1);
    o = good(&(struct line){
        {"--processes", "64", "--throttle", "60/m", "--latency", "uniform:5ms-80ms"}});
    assert_int_equal(o.num_processes, 64);
    assert_int_equal(o.throttle.limit, 60);
    assert_int_equal(o.throttle.window_us, 60000000);
    assert_int_equal(o.latency.kind, LATENCY_UNIFORM);
}

static void test_fronts(void **state)
{
    (void)state;
    char text[ADDR_TEXT_MAX];
    struct farm_options o = good(
        &(struct line){{"--front", "127.0.0.9=127.0.0.1:4433", "--front=fd00::1=[::1]:65535"}});
    assert_int_equal(o.fronts.num, 2);
    assert_ptr_equal(front_find(&o.fronts, addr_v4(0x7f000009)), &o.fronts.items[0]);
    assert_null(front_find(&o.fronts, addr_v4(0x7f000001)));
    addr_format(text, o.fronts.items[0].host);
    assert_string_equal(text, "127.0.0.1");
    assert_int_equal(o.fronts.items[0].port, 4433);
    addr_format(text, o.fronts.items[1].addr);
    assert_string_equal(text, "fd00::1");
    addr_format(text, o.fronts.items[1].host);
    assert_string_equal(text, "::1");
    assert_int_equal(o.fronts.items[1].port, 65535);
}

static void test_jobs(void **state)
{
    (void)state;
    assert_int_equal(good(&(struct line){{"--list"}}).job, JOB_LIST);
    assert_int_equal(good(&(struct line){{"--root"}}).job, JOB_ROOT);
    assert_int_equal(good(&(struct line){{"--help"}}).job, JOB_HELP);
    assert_int_equal(good(&(struct line){{"--version"}}).job, JOB_VERSION);
    struct farm_options o = good(&(struct line){{"--truth", "127.0.0.0/24"}});
    assert_int_equal(o.job, JOB_TRUTH);
    assert_int_equal(addr_distance(o.truth.first, o.truth.last), 255);
}

static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        struct line line;
        const char *word;
    } cases[] = {
        {{{"--port", "65536"}}, "--port"},
        {{{"--port", "-1"}}, "--port"},
        {{{"--port", ""}}, "--port"},
        {{{"--port", "25x"}}, "--port"},
        {{{"--port"}}, "--port"},
        {{{"--seed", "18446744073709551616"}}, "--seed"},
        {{{"--seed", "0x1"}}, "--seed"},
        {{{"--now", "2026-1-1"}}, "--now"},
        {{{"--now", "2026-02-29"}}, "--now"},
        {{{"--now", "2026-01-01T00:00"}}, "--now"},
        {{{"--now", "1970-01-01"}}, "--now"},
        {{{"--truth", "127.0.0.1/24"}}, "--truth"},
        {{{"--truth", "localhost"}}, "--truth"},
        {{{"--reply-timeout", "0s"}}, "--reply-timeout"},
        {{{"--reply-timeout", "2"}}, "500ms"},
        {{{"--reply-timeout", "2 s"}}, "500ms"},
        {{{"--tls-timeout", "9999999999h"}}, "--tls-timeout"},
        {{{"--idle-exit", "soon"}}, "--idle-exit"},
        {{{"--idle-exit", "1msx"}}, "--idle-exit"},
        {{{"--processes", "0"}}, "--processes"},
        {{{"--processes", "65"}}, "--processes"},
        {{{"--processes", "2x"}}, "--processes"},
        {{{"--throttle", "60"}}, "60/m"},
        {{{"--latency", "20ms"}}, "fixed:20ms"},
        {{{"--front", "127.0.0.9"}}, "127.0.0.9=127.0.0.1:4433"},
        {{{"--front", "127.0.0.9=127.0.0.1"}}, "--front"},
        {{{"--front", "127.0.0.9=127.0.0.1:0"}}, "--front"},
        {{{"--front", "127.0.0.9=127.0.0.1:65536"}}, "--front"},
        {{{"--front", "127.0.0.9=127.0.0.1:25x"}}, "--front"},
        {{{"--front", "127.0.0.9=localhost:25"}}, "--front"},
        {{{"--front", "localhost=127.0.0.1:25"}}, "--front"},
        {{{"--front", "127.0.0.9=::1:25"}}, "--front"},
        {{{"--front", "127.0.0.9=[127.0.0.1]:25"}}, "--front"},
        {{{"--front", "127.0.0.9=[::1:25"}}, "--front"},
        {{{"--front", "127.0.0.9=[]:25"}}, "--front"},
        {{{"--front", "=127.0.0.1:25"}}, "--front"},
        {{{"--front", "127.0.0.9=127.0.0.1:1", "--front", "127.0.0.9=127.0.0.1:2"}}, "once"},
        {{{"--only", ""}}, "--only"},
        {{{"--only", "bench", "--population", "x"}}, "exclude"},
        {{{"--unheard-of"}}, "--unheard-of"},
        {{{"127.0.0.1"}}, "127.0.0.1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct farm_options o;
        char err[256] = "";
        assert_true(parse(&o, err, &cases[i].line) < 0);
        assert_non_null(strstr(err, cases[i].word));
    }
}

static void test_help_fits_a_screen(void **state)
{
    (void)state;
    unsigned lines = 0;
    for (const char *at = farm_options_help; *at != '\0'; lines++) {
        size_t len = strcspn(at, "\n");
        assert_true(len <= 100);
        at += len + 1;
    }
    assert_true(lines <= 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults), cmocka_unit_test(test_values),
        cmocka_unit_test(test_fronts),   cmocka_unit_test(test_jobs),
        cmocka_unit_test(test_refusals), cmocka_unit_test(test_help_fits_a_screen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
