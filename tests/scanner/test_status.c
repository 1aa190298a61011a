/* status: from figures to the line that a person is shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "scanner/status.h"

#define S         UINT64_C(1000000000)
#define LENGTH(a) (sizeof(a) / sizeof(a)[0])

struct line_case {
    const char *name;
    struct status before;
    struct engine_figures figures;
    uint64_t now_ns;
    const char *line;
};

static const struct line_case cases[] = {
    {"nothing has happened yet",
     {.num_targets = 100},
     {.in_flight = 0},
     0,
     "0/100 0.0%, left ? | in flight 0 | 0/s now, 0/s avg | open 0, STARTTLS 0, TLS "
     "0, throttled 0, ours 0"},
    {"started, none done: no guess",
     {.num_targets = 100},
     {.count = {[COUNT_STARTED] = 50}, .in_flight = 50},
     S,
     "0/100 0.0%, left ? | in flight 50 | 50/s now, 50/s avg | open 0, STARTTLS 0, "
     "TLS 0, throttled 0, ours 0"},
    {"halfway",
     {.num_targets = 4096, .last_ns = 19 * S, .last_started = 2000},
     {.count = {[COUNT_STARTED] = 2100,
                [COUNT_DONE] = 2048,
                [COUNT_OPEN] = 1800,
                [COUNT_STARTTLS] = 1500,
                [COUNT_TLS] = 1400,
                [COUNT_THROTTLED] = 30,
                [COUNT_OURS] = 2},
      .in_flight = 52},
     20 * S,
     "2048/4096 50.0%, left 20s | in flight 52 | 100/s now, 105/s avg | open 1800, "
     "STARTTLS 1500, TLS 1400, throttled 30, ours 2"},
    {"what earlier runs did counts as done, but not as this run's speed",
     {.num_targets = 1000, .done_before = 900},
     {.count = {[COUNT_STARTED] = 10, [COUNT_DONE] = 10}},
     10 * S,
     "910/1000 91.0%, left 1m30s | in flight 0 | 1/s now, 1/s avg | open 0, STARTTLS "
     "0, TLS 0, throttled 0, ours 0"},
    {"all done",
     {.num_targets = 10, .last_ns = S, .last_started = 10},
     {.count = {[COUNT_STARTED] = 10, [COUNT_DONE] = 10, [COUNT_OPEN] = 10}},
     2 * S,
     "10/10 100.0%, left 0.0s | in flight 0 | 0/s now, 5/s avg | open 10, STARTTLS 0, "
     "TLS 0, throttled 0, ours 0"},
    {"more done than there are targets: never a negative time left",
     {.num_targets = 10},
     {.count = {[COUNT_STARTED] = 11, [COUNT_DONE] = 11}},
     S,
     "11/10 110.0%, left 0.0s | in flight 0 | 11/s now, 11/s avg | open 0, STARTTLS "
     "0, TLS 0, throttled 0, ours 0"},
    {"no targets at all",
     {.num_targets = 0},
     {.in_flight = 0},
     S,
     "0/0 100.0%, left 0.0s | in flight 0 | 0/s now, 0/s avg | open 0, STARTTLS 0, "
     "TLS 0, throttled 0, ours 0"},
    {"two lines at the same moment",
     {.num_targets = 10, .last_ns = S, .last_started = 5},
     {.count = {[COUNT_STARTED] = 5, [COUNT_DONE] = 5}},
     S,
     "5/10 50.0%, left 1.0s | in flight 0 | 0/s now, 5/s avg | open 0, STARTTLS 0, "
     "TLS 0, throttled 0, ours 0"},
    {"a time that nobody lives to see",
     {.num_targets = UINT64_MAX},
     {.count = {[COUNT_STARTED] = 1, [COUNT_DONE] = 1}},
     3600 * S,
     "1/18446744073709551615 0.0%, left years | in flight 0 | 0/s now, 0/s avg | open "
     "0, STARTTLS 0, TLS 0, throttled 0, ours 0"},
};

static void lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        char out[STATUS_LINE_MAX];
        struct status s = cases[i].before;
        status_line(&s, out, &cases[i].figures, cases[i].now_ns);
        if (strcmp(out, cases[i].line) != 0)
            fail_msg("%s:\n  %s\ninstead of\n  %s", cases[i].name, out, cases[i].line);
        assert_true(s.last_ns == cases[i].now_ns);
        assert_true(s.last_started == cases[i].figures.count[COUNT_STARTED]);
        assert_true(s.num_targets == cases[i].before.num_targets &&
                    s.done_before == cases[i].before.done_before);
    }
}

/* "now" is since the line before, "avg" since the start */
static void speeds(void **state)
{
    (void)state;
    char out[STATUS_LINE_MAX];
    struct status s = {.num_targets = 10000};
    struct engine_figures f = {.count = {[COUNT_STARTED] = 100}};
    status_line(&s, out, &f, S);
    assert_non_null(strstr(out, "| 100/s now, 100/s avg |"));
    f.count[COUNT_STARTED] = 400;
    status_line(&s, out, &f, 2 * S);
    assert_non_null(strstr(out, "| 300/s now, 200/s avg |"));
    status_line(&s, out, &f, 4 * S);
    assert_non_null(strstr(out, "| 0/s now, 100/s avg |"));
}

/* whatever the figures are, the line has an end */
static void extremes(void **state)
{
    (void)state;
    static const uint64_t values[] = {0, 1, UINT64_MAX / 2, UINT64_MAX};
    for (size_t a = 0; a < LENGTH(values); a++) {
        for (size_t b = 0; b < LENGTH(values); b++) {
            char out[STATUS_LINE_MAX + 1];
            struct status s = {.num_targets = values[a]};
            struct engine_figures f = {.in_flight = values[b]};
            for (size_t c = 0; c < NUM_ENGINE_COUNTERS; c++)
                f.count[c] = values[b];
            memset(out, 'x', sizeof out);
            status_line(&s, out, &f, values[a] + 1);
            assert_true(memchr(out, '\0', STATUS_LINE_MAX) != NULL);
            assert_int_equal(out[STATUS_LINE_MAX], 'x');
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines),
        cmocka_unit_test(speeds),
        cmocka_unit_test(extremes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
