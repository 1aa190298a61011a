/*
 * metrics: what is written follows the text exposition format: each metric has one HELP, one TYPE
 * and then its samples; names, types and values are as promised.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "scanner/metrics.h"

#define S         UINT64_C(1000000000)
#define LENGTH(a) (sizeof(a) / sizeof(a)[0])

static const struct status halfway = {
    .phase = PHASE_RUNNING,
    .run_ns = 20 * S + S / 4,
    .knows_total = true,
    .num_targets = 4096,
    .num_done = 3000,
    .share = 0.7,
    .rate_now = 100.25,
    .rate_limit = 128,
    .knows_left = true,
    .left_ns = 11 * S,
    .figures = {.count = {[COUNT_STARTED] = 2100,
                          [COUNT_DONE] = 2048,
                          [COUNT_OPEN] = 1800,
                          [COUNT_STARTTLS] = 1500,
                          [COUNT_TLS] = 1400,
                          [COUNT_THROTTLED] = 30,
                          [COUNT_RETRIED] = 41,
                          [COUNT_AUDITS] = 7,
                          [COUNT_OURS] = 2},
                .in_flight = 52,
                .num_parked = 17,
                .num_backed_off = 3,
                .loop_lag_ns = 4 * S / 1000,
                .queue_bytes = 123456},
};

static const struct {
    const char *type, *sample;
} halfway_samples[] = {
    {"mxsweep_info gauge",
     "mxsweep_info{version=\"" MXSWEEP_VERSION "\",shard=\"2\",shards=\"5\"} 1"},
    {"mxsweep_phase gauge", "mxsweep_phase{phase=\"running\"} 1"},
    {"mxsweep_phase gauge", "mxsweep_phase{phase=\"waiting\"} 0"},
    {"mxsweep_phase gauge", "mxsweep_phase{phase=\"paused\"} 0"},
    {"mxsweep_phase gauge", "mxsweep_phase{phase=\"draining\"} 0"},
    {"mxsweep_phase gauge", "mxsweep_phase{phase=\"aborting\"} 0"},
    {"mxsweep_phase gauge", "mxsweep_phase{phase=\"complete\"} 0"},
    {"mxsweep_phase gauge", "mxsweep_phase{phase=\"stopped\"} 0"},
    {"mxsweep_phase gauge", "mxsweep_phase{phase=\"failed\"} 0"},
    {"mxsweep_targets gauge", "mxsweep_targets 4096"},
    {"mxsweep_targets_done gauge", "mxsweep_targets_done 3000"},
    {"mxsweep_starts_total counter", "mxsweep_starts_total 2100"},
    {"mxsweep_done_total counter", "mxsweep_done_total 2048"},
    {"mxsweep_open_total counter", "mxsweep_open_total 1800"},
    {"mxsweep_starttls_total counter", "mxsweep_starttls_total 1500"},
    {"mxsweep_tls_total counter", "mxsweep_tls_total 1400"},
    {"mxsweep_throttled_total counter", "mxsweep_throttled_total 30"},
    {"mxsweep_retried_total counter", "mxsweep_retried_total 41"},
    {"mxsweep_audits_total counter", "mxsweep_audits_total 7"},
    {"mxsweep_own_faults_total counter", "mxsweep_own_faults_total 2"},
    {"mxsweep_in_flight gauge", "mxsweep_in_flight 52"},
    {"mxsweep_parked gauge", "mxsweep_parked 17"},
    {"mxsweep_backed_off_networks gauge", "mxsweep_backed_off_networks 3"},
    {"mxsweep_starts_per_second gauge", "mxsweep_starts_per_second 100.25"},
    {"mxsweep_rate_limit_per_second gauge", "mxsweep_rate_limit_per_second 128"},
    {"mxsweep_left_seconds gauge", "mxsweep_left_seconds 11"},
    {"mxsweep_run_seconds gauge", "mxsweep_run_seconds 20.25"},
    {"mxsweep_loop_lag_seconds gauge", "mxsweep_loop_lag_seconds 0.0040000000000000001"},
    {"mxsweep_queue_bytes gauge", "mxsweep_queue_bytes 123456"},
    {"mxsweep_updated_timestamp_seconds gauge", "mxsweep_updated_timestamp_seconds 1795471415.5"},
};

static char *text_of(const struct status *s)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    metrics_print(out, s, 1795471415500000, 5, 2);
    assert_int_equal(fclose(out), 0);
    assert_true(len > 0 && text[len - 1] == '\n');
    return text;
}

/* every sample in its order, under its type, and no other */
static void samples(void **state)
{
    (void)state;
    char *text = text_of(&halfway);
    char type[80] = "";
    size_t num = 0;
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        if (strncmp(line, "# TYPE ", 7) == 0)
            snprintf(type, sizeof type, "%s", line + 7);
        if (line[0] == '#')
            continue;
        assert_true(num < LENGTH(halfway_samples));
        assert_string_equal(line, halfway_samples[num].sample);
        assert_string_equal(type, halfway_samples[num].type);
        num++;
    }
    assert_int_equal(num, LENGTH(halfway_samples));
    free(text);
}

/* HELP, TYPE and samples of one metric follow each other; a name comes once */
static void heads(void **state)
{
    (void)state;
    char *text = text_of(&halfway), name[80] = "", seen[4096] = " ";
    enum { SAMPLE, HELP, TYPE } before = SAMPLE;
    assert_int_equal(strncmp(text, METRICS_FIRST_LINE, strlen(METRICS_FIRST_LINE)), 0);
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        size_t len = strlen(name);
        if (strncmp(line, "# HELP ", 7) == 0) {
            assert_int_equal(before, SAMPLE);
            assert_int_equal(sscanf(line + 7, "%78[a-z_] ", name), 1);
            assert_true(strlen(line) > 7 + strlen(name) + 10 && line[strlen(line) - 1] == '.');
            strcat(name, " ");
            assert_null(strstr(seen, name));
            strcat(seen, name);
            name[strlen(name) - 1] = '\0';
            before = HELP;
        } else if (strncmp(line, "# TYPE ", 7) == 0) {
            assert_int_equal(before, HELP);
            assert_true(strncmp(line + 7, name, len) == 0 && line[7 + len] == ' ');
            bool counter = strcmp(line + 8 + len, "counter") == 0;
            bool total = strcmp(name + len - 6, "_total") == 0;
            assert_int_equal(counter, total);
            before = TYPE;
        } else {
            assert_true(before != HELP);
            assert_true(strncmp(line, name, len) == 0 && strchr(" {", line[len]) != NULL);
            before = SAMPLE;
        }
    }
    free(text);
}

/* what is not known, or has no end */
static void left(void **state)
{
    (void)state;
    static const struct {
        bool known;
        uint64_t left_ns;
        const char *sample;
    } cases[] = {
        {false, 0, "\nmxsweep_left_seconds NaN\n"},
        {false, S, "\nmxsweep_left_seconds NaN\n"},
        {true, 0, "\nmxsweep_left_seconds 0\n"},
        {true, 90 * S, "\nmxsweep_left_seconds 90\n"},
        {true, UINT64_MAX, "\nmxsweep_left_seconds +Inf\n"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct status s = halfway;
        s.knows_left = cases[i].known;
        s.left_ns = cases[i].left_ns;
        char *text = text_of(&s);
        if (strstr(text, cases[i].sample) == NULL)
            fail_msg("there is no%s", cases[i].sample);
        free(text);
    }
}

/* of a stream nobody knows how many targets there are */
static void total(void **state)
{
    (void)state;
    static const struct {
        bool known;
        uint64_t num;
        const char *sample;
    } cases[] = {
        {true, 0, "\nmxsweep_targets 0\n"},
        {true, 4294967296, "\nmxsweep_targets 4294967296\n"},
        {false, 0, "\nmxsweep_targets NaN\n"},
        {false, 77, "\nmxsweep_targets NaN\n"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct status s = halfway;
        s.knows_total = cases[i].known;
        s.num_targets = cases[i].num;
        char *text = text_of(&s);
        if (strstr(text, cases[i].sample) == NULL)
            fail_msg("there is no%s", cases[i].sample);
        free(text);
    }
}

static void phases(void **state)
{
    (void)state;
    for (int phase = 0; phase < NUM_PHASES; phase++) {
        struct status s = halfway;
        char sample[64];
        s.phase = (enum phase)phase;
        char *text = text_of(&s);
        for (int other = 0; other < NUM_PHASES; other++) {
            snprintf(sample, sizeof sample, "{phase=\"%s\"} %d\n", phase_slug((enum phase)other),
                     other == phase);
            assert_non_null(strstr(text, sample));
        }
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples), cmocka_unit_test(heads),  cmocka_unit_test(left),
        cmocka_unit_test(total),   cmocka_unit_test(phases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
