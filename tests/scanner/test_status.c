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
     {.knows_total = true, .num_targets = 100},
     0,
     "0/100 0.0%, left ? | in flight 0, parked 0 | 0/s now, 0/s avg | open 0, STARTTLS 0, TLS 0, "
     "throttled 0, ours 0 | lag 0 ms, queue 0 kB",
     "{\"time\":\"1970-01-01T00:00:00.000Z\",\"phase\":\"running\",\"done\":0,\"total\":100,"
     "\"share\":0.000000,\"left_s\":null,\"in_flight\":0,\"parked\":0,\"backed_off\":0,\"rate_"
     "now\":0.000,\"rate_avg\":0.000,"
     "\"open\":0,\"starttls\":0,\"tls\":0,\"throttled\":0,\"retried\":0,\"audits\":0,\"ours\":0,\"queue_bytes\":"
     "0,"
     "\"loop_lag_ms\":0.000}"},
    {"halfway",
     {.phase = PHASE_RUNNING,
      .knows_total = true,
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
     "2048/4096 50.0%, left 20s | in flight 52, parked 0 | 100/s now, 106/s avg | open 1800, "
     "STARTTLS 1500, TLS 1400, throttled 30, ours 2 | lag 3 ms, queue 123 kB",
     "{\"time\":\"2026-11-23T22:03:35.123Z\",\"phase\":\"running\",\"done\":2048,\"total\":4096,"
     "\"share\":0.500000,\"left_s\":20.5,\"in_flight\":52,\"parked\":0,\"backed_off\":0,\"rate_"
     "now\":100.000,"
     "\"rate_avg\":105.500,\"open\":1800,\"starttls\":1500,\"tls\":1400,\"throttled\":30,"
     "\"retried\":0,\"audits\":0,"
     "\"ours\":2,\"queue_bytes\":123456,\"loop_lag_ms\":3.457}"},
    {"being stopped, at two a minute",
     {.phase = PHASE_DRAINING,
      .knows_total = true,
      .num_targets = 3,
      .num_done = 2,
      .share = 2 / 3.0,
      .rate_now = 1 / 30.0,
      .rate_avg = 1 / 30.0},
     999,
     "2/3 66.6%, left ? | in flight 0, parked 0 | 0/s now, 0/s avg | open 0, STARTTLS 0, TLS 0, "
     "throttled 0, ours 0 | lag 0 ms, queue 0 kB",
     "{\"time\":\"1970-01-01T00:00:00.000Z\",\"phase\":\"draining\",\"done\":2,\"total\":3,"
     "\"share\":0.666667,\"left_s\":null,\"in_flight\":0,\"parked\":0,\"backed_off\":0,\"rate_"
     "now\":0.033,\"rate_avg\":0.033,"
     "\"open\":0,\"starttls\":0,\"tls\":0,\"throttled\":0,\"retried\":0,\"audits\":0,\"ours\":0,\"queue_bytes\":"
     "0,"
     "\"loop_lag_ms\":0.000}"},
    {"all done",
     {.phase = PHASE_COMPLETE,
      .knows_total = true,
      .num_targets = 10,
      .num_done = 10,
      .share = 1,
      .rate_avg = 5,
      .knows_left = true,
      .figures = {.count = {[COUNT_OPEN] = 10}}},
     951782400000000, /* a leap day */
     "10/10 100.0%, left 0.0s | in flight 0, parked 0 | 0/s now, 5/s avg | open 10, STARTTLS 0, "
     "TLS 0, "
     "throttled 0, ours 0 | lag 0 ms, queue 0 kB",
     "{\"time\":\"2000-02-29T00:00:00.000Z\",\"phase\":\"complete\",\"done\":10,\"total\":10,"
     "\"share\":1.000000,\"left_s\":0.0,\"in_flight\":0,\"parked\":0,\"backed_off\":0,\"rate_now\":"
     "0.000,\"rate_avg\":5.000,"
     "\"open\":10,\"starttls\":0,\"tls\":0,\"throttled\":0,\"retried\":0,\"audits\":0,\"ours\":0,\"queue_"
     "bytes\":0,"
     "\"loop_lag_ms\":0.000}"},
    {"a time that nobody lives to see",
     {.knows_total = true,
      .num_targets = UINT64_MAX,
      .num_done = 1,
      .knows_left = true,
      .left_ns = UINT64_MAX},
     0,
     "1/18446744073709551615 0.0%, left years | in flight 0, parked 0 | 0/s now, 0/s avg | open 0, "
     "STARTTLS 0, TLS 0, throttled 0, ours 0 | lag 0 ms, queue 0 kB",
     "{\"time\":\"1970-01-01T00:00:00.000Z\",\"phase\":\"running\",\"done\":1,"
     "\"total\":18446744073709551615,\"share\":0.000000,\"left_s\":null,\"in_flight\":0,\"parked\":"
     "0,\"backed_off\":0,"
     "\"rate_now\":0.000,\"rate_avg\":0.000,\"open\":0,\"starttls\":0,\"tls\":0,"
     "\"throttled\":0,\"retried\":0,\"audits\":0,\"ours\":0,\"queue_bytes\":0,\"loop_lag_ms\":0.000}"},
    {"networks are left alone for a while",
     {.knows_total = true,
      .num_targets = 200,
      .num_done = 100,
      .share = 0.5,
      .knows_left = true,
      .left_ns = 100 * S,
      .figures = {.count = {[COUNT_THROTTLED] = 1, [COUNT_RETRIED] = 23},
                  .num_parked = 40,
                  .num_backed_off = 3}},
     0,
     "100/200 50.0%, left 1m40s | in flight 0, parked 40 | 0/s now, 0/s avg | open 0, STARTTLS 0, "
     "TLS 0, throttled 1, ours 0 | lag 0 ms, queue 0 kB",
     "{\"time\":\"1970-01-01T00:00:00.000Z\",\"phase\":\"running\",\"done\":100,\"total\":200,"
     "\"share\":0.500000,\"left_s\":100.0,\"in_flight\":0,\"parked\":40,\"backed_off\":3,"
     "\"rate_now\":0.000,\"rate_avg\":0.000,\"open\":0,\"starttls\":0,\"tls\":0,"
     "\"throttled\":1,\"retried\":23,\"audits\":0,\"ours\":0,\"queue_bytes\":0,\"loop_lag_ms\":0.000}"},
    {"all that is left waits",
     {.phase = PHASE_WAITING,
      .knows_total = true,
      .num_targets = 8,
      .num_done = 7,
      .share = 0.875,
      .figures = {.num_parked = 1}},
     0,
     "waiting to retry | 7/8 87.5%, left ? | in flight 0, parked 1 | 0/s now, 0/s avg | open 0, "
     "STARTTLS 0, TLS 0, throttled 0, ours 0 | lag 0 ms, queue 0 kB",
     "{\"time\":\"1970-01-01T00:00:00.000Z\",\"phase\":\"waiting\",\"done\":7,\"total\":8,"
     "\"share\":0.875000,\"left_s\":null,\"in_flight\":0,\"parked\":1,\"backed_off\":0,"
     "\"rate_now\":0.000,\"rate_avg\":0.000,\"open\":0,\"starttls\":0,\"tls\":0,"
     "\"throttled\":0,\"retried\":0,\"audits\":0,\"ours\":0,\"queue_bytes\":0,\"loop_lag_ms\":0.000}"},
    {"a stream in a file, cut off",
     {.phase = PHASE_PAUSED, .num_done = 3, .share = 0.3755},
     0,
     "PAUSED: no control target answers | 3 (37.5% read), left ? | in flight 0, parked 0 | 0/s "
     "now, "
     "0/s avg | open 0, STARTTLS 0, TLS 0, throttled 0, ours 0 | lag 0 ms, queue 0 kB",
     "{\"time\":\"1970-01-01T00:00:00.000Z\",\"phase\":\"paused\",\"done\":3,\"total\":null,"
     "\"share\":0.375500,\"left_s\":null,\"in_flight\":0,\"parked\":0,\"backed_off\":0,"
     "\"rate_now\":0.000,\"rate_avg\":0.000,\"open\":0,\"starttls\":0,\"tls\":0,"
     "\"throttled\":0,\"retried\":0,\"audits\":0,\"ours\":0,\"queue_bytes\":0,\"loop_lag_ms\":0.000}"},
    {"the disk is full",
     {.phase = PHASE_PAUSED,
      .knows_total = true,
      .num_targets = 8,
      .num_done = 4,
      .share = 0.5,
      .figures = {.disk_waits = true, .queue_bytes = 5000000}},
     0,
     "PAUSED: the dataset cannot be written | 4/8 50.0%, left ? | in flight 0, parked 0 | 0/s now, "
     "0/s avg | open 0, STARTTLS 0, TLS 0, throttled 0, ours 0 | lag 0 ms, queue 5000 kB",
     "{\"time\":\"1970-01-01T00:00:00.000Z\",\"phase\":\"paused\",\"done\":4,\"total\":8,"
     "\"share\":0.500000,\"left_s\":null,\"in_flight\":0,\"parked\":0,\"backed_off\":0,"
     "\"rate_now\":0.000,\"rate_avg\":0.000,\"open\":0,\"starttls\":0,\"tls\":0,"
     "\"throttled\":0,\"retried\":0,\"audits\":0,\"ours\":0,\"queue_bytes\":5000000,\"loop_lag_ms\":0.000}"},
    {"a stream in a pipe",
     {.num_done = 123456, .share = -1},
     0,
     "123456, left ? | in flight 0, parked 0 | 0/s now, 0/s avg | open 0, STARTTLS 0, TLS 0, "
     "throttled 0, ours 0 | lag 0 ms, queue 0 kB",
     "{\"time\":\"1970-01-01T00:00:00.000Z\",\"phase\":\"running\",\"done\":123456,"
     "\"total\":null,\"share\":null,\"left_s\":null,\"in_flight\":0,\"parked\":0,"
     "\"backed_off\":0,\"rate_now\":0.000,\"rate_avg\":0.000,\"open\":0,\"starttls\":0,"
     "\"tls\":0,\"throttled\":0,\"retried\":0,\"audits\":0,\"ours\":0,\"queue_bytes\":0,"
     "\"loop_lag_ms\":0.000}"},
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
    static const double numbers[] = {-1, 0, 1e-9, 1.8e19, 1.8e28};
    struct json j;
    json_init(&j);
    for (size_t a = 0; a < LENGTH(values); a++) {
        for (size_t b = 0; b < LENGTH(numbers); b++) {
            char out[STATUS_LINE_MAX + 1];
            struct status s = {.phase = b % 2 == 0 ? PHASE_PAUSED : PHASE_WAITING,
                               .knows_total = b < 3,
                               .num_targets = values[a],
                               .num_done = values[a],
                               .share = numbers[b] < 1e17 ? numbers[b] : 1e17,
                               .rate_now = numbers[b] < 0 ? 0 : numbers[b],
                               .rate_avg = numbers[b] < 0 ? 0 : numbers[b],
                               .knows_left = true,
                               .left_ns = values[a],
                               .figures = {.disk_waits = b < 2,
                                           .in_flight = values[a],
                                           .num_parked = values[a],
                                           .num_backed_off = values[a],
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
