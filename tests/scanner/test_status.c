/* status: from figures to the line that a person is shown, and to the object for a machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "core/json_valid.h"
#include "scanner/status.h"

#define S         UINT64_C(1000000000)
#define LENGTH(a) (sizeof(a) / sizeof(a)[0])

struct status_case {
    const char *name;
    struct status status;
    int64_t utc_us;
    const char *line, *json;
};

static const struct status_case cases[] = {
    {"nothing has happened yet",
     {.num_targets = 100},
     0,
     "0/100 0.0%, left ? | in flight 0 | 0/s now, 0/s avg | open 0, STARTTLS 0, TLS 0, "
     "throttled 0, ours 0 | lag 0 ms, queue 0 kB",
     "{\"time\":\"1970-01-01T00:00:00.000Z\",\"phase\":\"running\",\"done\":0,\"total\":100,"
     "\"share\":0.000000,\"left_s\":null,\"in_flight\":0,\"rate_now\":0.000,\"rate_avg\":0.000,"
     "\"open\":0,\"starttls\":0,\"tls\":0,\"throttled\":0,\"ours\":0,\"queue_bytes\":0,"
     "\"loop_lag_ms\":0.000}"},
    {"halfway",
     {.phase = PHASE_RUNNING,
      .num_targets = 4096,
      .num_done = 2048,
      .share = 0.5,
      .rate_now = 100,
      .rate_avg = 105.5,
      .knows_left = true,
      .left_ns = 20 * S + S / 2,
      .figures = {.count = {[COUNT_STARTED] = 2100,
                            [COUNT_DONE] = 2048,
                            [COUNT_OPEN] = 1800,
                            [COUNT_STARTTLS] = 1500,
                            [COUNT_TLS] = 1400,
                            [COUNT_THROTTLED] = 30,
                            [COUNT_OURS] = 2},
                  .in_flight = 52,
                  .loop_lag_ns = 3456789,
                  .queue_bytes = 123456}},
     1795471415123456,
     "2048/4096 50.0%, left 20s | in flight 52 | 100/s now, 106/s avg | open 1800, "
     "STARTTLS 1500, TLS 1400, throttled 30, ours 2 | lag 3 ms, queue 123 kB",
     "{\"time\":\"2026-11-23T22:03:35.123Z\",\"phase\":\"running\",\"done\":2048,\"total\":4096,"
     "\"share\":0.500000,\"left_s\":20.5,\"in_flight\":52,\"rate_now\":100.000,"
     "\"rate_avg\":105.500,\"open\":1800,\"starttls\":1500,\"tls\":1400,\"throttled\":30,"
     "\"ours\":2,\"queue_bytes\":123456,\"loop_lag_ms\":3.457}"},
    {"being stopped, at two a minute",
     {.phase = PHASE_DRAINING,
      .num_targets = 3,
      .num_done = 2,
      .share = 2 / 3.0,
      .rate_now = 1 / 30.0,
      .rate_avg = 1 / 30.0},
     999,
     "2/3 66.6%, left ? | in flight 0 | 0/s now, 0/s avg | open 0, STARTTLS 0, TLS 0, "
     "throttled 0, ours 0 | lag 0 ms, queue 0 kB",
     "{\"time\":\"1970-01-01T00:00:00.000Z\",\"phase\":\"draining\",\"done\":2,\"total\":3,"
     "\"share\":0.666667,\"left_s\":null,\"in_flight\":0,\"rate_now\":0.033,\"rate_avg\":0.033,"
     "\"open\":0,\"starttls\":0,\"tls\":0,\"throttled\":0,\"ours\":0,\"queue_bytes\":0,"
     "\"loop_lag_ms\":0.000}"},
    {"all done",
     {.phase = PHASE_COMPLETE,
      .num_targets = 10,
      .num_done = 10,
      .share = 1,
      .rate_avg = 5,
      .knows_left = true,
      .figures = {.count = {[COUNT_OPEN] = 10}}},
     951782400000000, /* a leap day */
     "10/10 100.0%, left 0.0s | in flight 0 | 0/s now, 5/s avg | open 10, STARTTLS 0, TLS 0, "
     "throttled 0, ours 0 | lag 0 ms, queue 0 kB",
     "{\"time\":\"2000-02-29T00:00:00.000Z\",\"phase\":\"complete\",\"done\":10,\"total\":10,"
     "\"share\":1.000000,\"left_s\":0.0,\"in_flight\":0,\"rate_now\":0.000,\"rate_avg\":5.000,"
     "\"open\":10,\"starttls\":0,\"tls\":0,\"throttled\":0,\"ours\":0,\"queue_bytes\":0,"
     "\"loop_lag_ms\":0.000}"},
    {"a time that nobody lives to see",
     {.num_targets = UINT64_MAX, .num_done = 1, .knows_left = true, .left_ns = UINT64_MAX},
     0,
     "1/18446744073709551615 0.0%, left years | in flight 0 | 0/s now, 0/s avg | open 0, "
     "STARTTLS 0, TLS 0, throttled 0, ours 0 | lag 0 ms, queue 0 kB",
     "{\"time\":\"1970-01-01T00:00:00.000Z\",\"phase\":\"running\",\"done\":1,"
     "\"total\":18446744073709551615,\"share\":0.000000,\"left_s\":null,\"in_flight\":0,"
     "\"rate_now\":0.000,\"rate_avg\":0.000,\"open\":0,\"starttls\":0,\"tls\":0,"
     "\"throttled\":0,\"ours\":0,\"queue_bytes\":0,\"loop_lag_ms\":0.000}"},
};

static void lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        char out[STATUS_LINE_MAX];
        status_line(out, &cases[i].status);
        if (strcmp(out, cases[i].line) != 0)
            fail_msg("%s:\n  %s\ninstead of\n  %s", cases[i].name, out, cases[i].line);
    }
}

static void objects(void **state)
{
    (void)state;
    struct json j;
    json_init(&j);
    for (size_t i = 0; i < LENGTH(cases); i++) {
        json_reset(&j);
        status_json(&j, &cases[i].status, cases[i].utc_us);
        assert_false(j.bad);
        if (!bytes_equal(bytes_of(j.text, j.len), bytes_text(cases[i].json)))
            fail_msg("%s:\n  %.*s\ninstead of\n  %s", cases[i].name, (int)j.len, j.text,
                     cases[i].json);
    }
    json_cleanup(&j);
}

/* whatever the figures are, the line has an end, the object is JSON and fits into what a pipe takes
 * in one piece */
static void extremes(void **state)
{
    (void)state;
    static const uint64_t values[] = {0, 1, UINT64_MAX / 2, UINT64_MAX};
    static const double numbers[] = {0, 1e-9, 1.8e19, 1.8e28};
    struct json j;
    json_init(&j);
    for (size_t a = 0; a < LENGTH(values); a++) {
        for (size_t b = 0; b < LENGTH(numbers); b++) {
            char out[STATUS_LINE_MAX + 1];
            struct status s = {.num_targets = values[a],
                               .num_done = values[a],
                               .share = numbers[b] < 1e17 ? numbers[b] : 1e17,
                               .rate_now = numbers[b],
                               .rate_avg = numbers[b],
                               .knows_left = true,
                               .left_ns = values[a],
                               .figures = {.in_flight = values[a],
                                           .queue_bytes = values[a],
                                           .loop_lag_ns = values[a]}};
            for (size_t c = 0; c < NUM_ENGINE_COUNTERS; c++)
                s.figures.count[c] = values[a];
            memset(out, 'x', sizeof out);
            status_line(out, &s);
            assert_true(memchr(out, '\0', STATUS_LINE_MAX) != NULL);
            assert_int_equal(out[STATUS_LINE_MAX], 'x');
            json_reset(&j);
            status_json(&j, &s, INT64_MAX);
            assert_true(!j.bad && json_is_valid(bytes_of(j.text, j.len)) && j.len < 4096);
        }
    }
    json_cleanup(&j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines),
        cmocka_unit_test(objects),
        cmocka_unit_test(extremes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
