/*
 * progress: figures along a clock that the test moves, second by second: rates, share, phases, and
 * above all the time left, with limits, shards, resumed runs, pauses, streams and ends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "scanner/progress.h"

#define S         UINT64_C(1000000000)
#define LENGTH(a) (sizeof(a) / sizeof(a)[0])

enum { UNKNOWN = -1, STRETCHES_MAX = 4 };

/* so many seconds at so many starts and ends a second */
struct stretch {
    unsigned seconds;
    uint64_t started, done;
};

struct left_case {
    const char *name;
    uint64_t num_targets, done_before, num_open; /* num_open 0: the rest */
    uint64_t step_ns;                            /* the limit; 0: none */
    struct stretch stretches[STRETCHES_MAX];
    enum engine_stop stop;
    double left_s; /* after all stretches, within 1 % */
};

static const struct left_case cases[] = {
    /* nothing to go by */
    {"nothing has happened", 100, 0, 0, 0, {{0, 0, 0}}, ENGINE_RUN, UNKNOWN},
    {"nothing has happened, though there is a limit", 100, 0, 0, S, {{0}}, ENGINE_RUN, UNKNOWN},
    {"none done, no limit", 1000, 0, 0, 0, {{5, 10, 0}}, ENGINE_RUN, UNKNOWN},

    /* the limit holds the sweep back */
    {"limit, nothing is done yet", 1000, 0, 0, S / 10, {{20, 10, 0}}, ENGINE_RUN, 100},
    {"limit, the first ones are done",
     1000,
     0,
     0,
     S / 10,
     {{40, 10, 0}, {10, 10, 10}},
     ENGINE_RUN,
     90},
    {"limit, from the first second on", 60000, 0, 0, S / 100, {{1, 100, 80}}, ENGINE_RUN, 599.2},
    {"limit, with the gaps that sessions in bursts leave",
     1000,
     0,
     0,
     S / 10,
     {{50, 9, 8}},
     ENGINE_RUN,
     60},
    {"limit of two a minute", 20, 0, 0, 30 * S, {{45, 0, 0}, {1, 2, 1}}, ENGINE_RUN, 570},
    {"limit of one an hour", 24, 0, 0, 3600 * S, {{90, 0, 0}}, ENGINE_RUN, 24 * 3600},
    {"limit, changed just now to twice the rate",
     10000,
     0,
     0,
     S / 20,
     {{30, 20, 20}},
     ENGINE_RUN,
     470},

    /* something else does: sessions in flight, networks, this host */
    {"no limit", 1000, 0, 0, 0, {{10, 50, 50}}, ENGINE_RUN, 10},
    {"a limit far away", 1000, 0, 0, S / 10000, {{10, 50, 50}}, ENGINE_RUN, 10},
    {"the pace of the last minute, not of the whole run",
     20000,
     0,
     0,
     0,
     {{100, 100, 100}, {60, 10, 10}},
     ENGINE_RUN,
     940},
    {"faster than before", 20000, 0, 0, 0, {{100, 10, 10}, {60, 100, 100}}, ENGINE_RUN, 130},
    {"half of the minute fast, half slow",
     20000,
     0,
     0,
     0,
     {{50, 100, 100}, {30, 20, 20}},
     ENGINE_RUN,
     (20000 - 5600) / 60.0},
    {"a limit that bound, then did not",
     20000,
     0,
     0,
     S / 100,
     {{100, 100, 100}, {60, 10, 10}},
     ENGINE_RUN,
     940},
    {"nothing in the last minute",
     20000,
     0,
     0,
     0,
     {{100, 100, 100}, {61, 0, 0}},
     ENGINE_RUN,
     UNKNOWN},

    /* shards and resumed runs: the limit given is that of the shard, the targets are its own */
    {"what earlier runs did is no pace", 1000, 900, 0, 0, {{10, 1, 1}}, ENGINE_RUN, 90},
    {"resumed under a limit", 1000, 900, 0, S, {{10, 1, 0}}, ENGINE_RUN, 100},
    {"a run that is to do only a part", 1000, 0, 100, 0, {{10, 5, 5}}, ENGINE_RUN, 10},
    {"such a run under a limit", 1000, 500, 100, S, {{10, 1, 1}}, ENGINE_RUN, 90},

    /* the end */
    {"all started: the limit no longer matters", 100, 0, 0, S, {{100, 1, 0}}, ENGINE_RUN, UNKNOWN},
    {"all started: the pace of the last 10 s",
     1000,
     0,
     0,
     S / 10,
     {{100, 10, 9}, {10, 0, 2}},
     ENGINE_RUN,
     40},
    {"all started, and only the silent ones are left",
     1000,
     0,
     0,
     0,
     {{10, 100, 99}, {11, 0, 0}},
     ENGINE_RUN,
     UNKNOWN},
    {"done", 1000, 0, 0, S / 10, {{100, 10, 10}}, ENGINE_RUN, 0},
    {"done, though it was being stopped", 1000, 0, 0, S / 10, {{100, 10, 10}}, ENGINE_DRAIN, 0},
    {"more done than there are", 10, 0, 0, 0, {{1, 11, 11}}, ENGINE_RUN, 0},
    {"no targets", 0, 0, 0, 0, {{1, 0, 0}}, ENGINE_RUN, 0},
    {"being stopped", 1000, 0, 0, S / 10, {{10, 10, 10}}, ENGINE_DRAIN, UNKNOWN},
    {"being stopped at once", 1000, 0, 0, S / 10, {{10, 10, 10}}, ENGINE_ABORT, UNKNOWN},
};

/* a sweep that is looked at once a second */
struct run {
    struct progress progress;
    struct engine_figures figures;
    struct status status;
    uint64_t now_ns;
};

static void start(struct run *r, uint64_t num_targets, uint64_t done_before, uint64_t num_open)
{
    memset(r, 0, sizeof *r);
    progress_init(&r->progress, num_targets, done_before, num_open);
    progress_take(&r->progress, &r->status, &r->figures, 0);
}

static void pass(struct run *r, uint64_t ns, uint64_t started, uint64_t done)
{
    r->now_ns += ns;
    r->figures.count[COUNT_STARTED] += started;
    r->figures.count[COUNT_DONE] += done;
    uint64_t num_started = r->figures.count[COUNT_STARTED], num_done = r->figures.count[COUNT_DONE];
    r->figures.in_flight = num_started > num_done ? num_started - num_done : 0;
    progress_take(&r->progress, &r->status, &r->figures, r->now_ns);
}

static void check_left(const char *name, const struct status *s, double left_s)
{
    double got = s->knows_left ? (double)s->left_ns / 1e9 : UNKNOWN;
    if (s->knows_left != (left_s >= 0) || (left_s >= 0 && fabs(got - left_s) > left_s / 100))
        fail_msg("%s: %.2f s left instead of %.2f", name, got, left_s);
}

static void time_left(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        const struct left_case *c = &cases[i];
        struct run r;
        start(&r, c->num_targets, c->done_before,
              c->num_open > 0 ? c->num_open : c->num_targets - c->done_before);
        r.figures.step_ns = c->step_ns;
        r.figures.stop = c->stop;
        for (size_t n = 0; n < LENGTH(c->stretches); n++)
            for (unsigned s = 0; s < c->stretches[n].seconds; s++)
                pass(&r, S, c->stretches[n].started, c->stretches[n].done);
        if (r.now_ns == 0)
            progress_take(&r.progress, &r.status, &r.figures, 0);
        check_left(c->name, &r.status, c->left_s);
    }
}

/* Under a limit the time left shrinks by a second each second, to the end. */
static void counts_down(void **state)
{
    (void)state;
    struct run r;
    start(&r, 1000, 0, 1000);
    r.figures.step_ns = S / 10;
    for (unsigned s = 1; s <= 99; s++) {
        pass(&r, S, 10, 10);
        check_left("counting down", &r.status, 100.0 - s);
    }
}

/* Statuses that come more often than once a second, as signals make them, or less often, as when
 * the process is held up, change nothing about the last minute. */
static void odd_intervals(void **state)
{
    (void)state;
    struct run r;
    start(&r, 100000, 0, 100000);
    for (unsigned i = 0; i < 6000; i++)
        pass(&r, S / 100, 1, 1); /* a minute of 100 a second */
    check_left("often", &r.status, 940);
    for (unsigned i = 0; i < 12; i++)
        pass(&r, 5 * S, 50, 50); /* a minute of 10 a second */
    check_left("seldom", &r.status, 9340);
    pass(&r, 3600 * S, 36000, 36000); /* an hour in one go */
    check_left("held up", &r.status, (100000 - 6000 - 600 - 36000) / 10.0);
    pass(&r, 0, 0, 0); /* twice at one moment, and what is older is too old */
    assert_true(r.status.rate_now == 0);
    check_left("at once", &r.status, UNKNOWN);
    pass(&r, S, 10, 10);
    check_left("and on", &r.status, (100000 - 6000 - 600 - 36010) / 10.0);
}

/* over many samples: the ring goes round, and the window stays a minute */
static void long_runs(void **state)
{
    (void)state;
    struct run r;
    start(&r, 10000000, 0, 10000000);
    for (unsigned s = 0; s < 1000; s++)
        pass(&r, S, s, s);
    /* of the last 60 s: 940 to 999 a second */
    double pace = (940 + 999) / 2.0;
    check_left("growing", &r.status, (10000000 - 999 * 500) / pace);
}

static void rates(void **state)
{
    (void)state;
    struct run r;
    start(&r, 1000, 500, 500);
    assert_true(r.status.rate_now == 0 && r.status.rate_avg == 0 && r.status.rate_limit == 0);
    assert_true(r.status.num_done == 500 && r.status.num_targets == 1000 && r.status.share == 0.5);
    r.figures.step_ns = S / 250;
    pass(&r, S, 100, 50);
    assert_true(r.status.rate_now == 100 && r.status.rate_avg == 100);
    assert_true(r.status.rate_limit == 250);
    assert_true(r.status.num_done == 550 && r.status.share == 0.55);
    pass(&r, S / 2, 100, 50);
    assert_true(r.status.rate_now == 200);
    assert_true(fabs(r.status.rate_avg - 200 / 1.5) < 1e-9);
    pass(&r, 2 * S, 0, 350);
    assert_true(r.status.rate_now == 0);
    assert_true(r.status.num_done == 950 && r.status.run_ns == 3 * S + S / 2);
    assert_true(r.status.figures.in_flight == 0);
}

static void phases(void **state)
{
    (void)state;
    static const struct {
        enum engine_stop stop;
        enum phase phase;
        const char *slug;
    } rows[] = {
        {ENGINE_RUN, PHASE_RUNNING, "running"},
        {ENGINE_DRAIN, PHASE_DRAINING, "draining"},
        {ENGINE_ABORT, PHASE_ABORTING, "aborting"},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct run r;
        start(&r, 10, 0, 10);
        r.figures.stop = rows[i].stop;
        pass(&r, S, 1, 1);
        assert_int_equal(r.status.phase, rows[i].phase);
        assert_string_equal(phase_slug(r.status.phase), rows[i].slug);
    }
    assert_string_equal(phase_slug(PHASE_WAITING), "waiting");
    assert_string_equal(phase_slug(PHASE_PAUSED), "paused");
    assert_string_equal(phase_slug(PHASE_COMPLETE), "complete");
    assert_string_equal(phase_slug(PHASE_STOPPED), "stopped");
    assert_string_equal(phase_slug(PHASE_FAILED), "failed");
}

/* running, or is there nothing to do but wait? */
static void waiting_and_paused(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint64_t done, unsettled, parked; /* of 100 targets */
        bool paused, streamed, ended;
        enum engine_stop stop;
        enum phase phase;
    } rows[] = {
        {"nothing is parked", 50, 10, 0, false, false, false, ENGINE_RUN, PHASE_RUNNING},
        {"some are parked, and new ones begun", 50, 10, 5, false, false, false, ENGINE_RUN,
         PHASE_RUNNING},
        {"all that are begun are parked, but there are new ones", 50, 10, 10, false, false, false,
         ENGINE_RUN, PHASE_RUNNING},
        {"all are begun, one of them is under way", 90, 10, 9, false, false, false, ENGINE_RUN,
         PHASE_RUNNING},
        {"all are begun and parked", 90, 10, 10, false, false, false, ENGINE_RUN, PHASE_WAITING},
        {"all but one are done, and that waits", 99, 1, 1, false, false, false, ENGINE_RUN,
         PHASE_WAITING},
        {"all done", 100, 0, 0, false, false, false, ENGINE_RUN, PHASE_RUNNING},
        {"cut off", 50, 10, 0, true, false, false, ENGINE_RUN, PHASE_PAUSED},
        {"cut off while all wait", 90, 10, 10, true, false, false, ENGINE_RUN, PHASE_PAUSED},
        {"being stopped while cut off", 50, 10, 0, true, false, false, ENGINE_DRAIN,
         PHASE_DRAINING},
        {"being stopped while all wait", 90, 10, 10, false, false, false, ENGINE_ABORT,
         PHASE_ABORTING},
        {"a stream that goes on", 50, 10, 10, false, true, false, ENGINE_RUN, PHASE_RUNNING},
        {"a stream at its end, some under way", 50, 10, 9, false, true, true, ENGINE_RUN,
         PHASE_RUNNING},
        {"a stream at its end, all parked", 50, 10, 10, false, true, true, ENGINE_RUN,
         PHASE_WAITING},
        {"a stream, cut off", 50, 10, 10, true, true, false, ENGINE_RUN, PHASE_PAUSED},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct run r;
        start(&r, rows[i].streamed ? 0 : 100, 0, rows[i].streamed ? 0 : 100);
        r.figures.num_unsettled = rows[i].unsettled;
        r.figures.num_parked = rows[i].parked;
        r.figures.cut_off = rows[i].paused;
        r.figures.streamed = rows[i].streamed;
        r.figures.stream_ended = rows[i].ended;
        r.figures.stop = rows[i].stop;
        pass(&r, S, rows[i].done, rows[i].done);
        if (r.status.phase != rows[i].phase)
            fail_msg("%s: %s", rows[i].name, phase_slug(r.status.phase));
    }
}

/* ---- streams, of which nobody knows how many targets they hold ---- */

struct stream_case {
    const char *name;
    unsigned seconds;
    uint64_t octets, octets_total; /* read; 0: a pipe */
    bool ended;
    uint64_t unsettled;
    enum engine_stop stop;
    double share, left_s; /* negative: not known */
};

static const struct stream_case stream_cases[] = {
    {"a pipe", 10, 5000, 0, false, 10, ENGINE_RUN, -1, UNKNOWN},
    {"a pipe that has ended, some under way", 10, 5000, 0, true, 10, ENGINE_RUN, -1, UNKNOWN},
    {"a pipe, done", 10, 5000, 0, true, 0, ENGINE_RUN, 1, 0},
    {"an empty pipe", 1, 0, 0, true, 0, ENGINE_RUN, 1, 0},
    {"a file that nothing was read of", 1, 0, 1000, false, 0, ENGINE_RUN, 0, UNKNOWN},
    {"a tenth of a file", 10, 100, 1000, false, 10, ENGINE_RUN, 0.1, 90},
    {"half of a file", 60, 500, 1000, false, 0, ENGINE_RUN, 0.5, 60},
    {"nearly all of a file", 990, 990, 1000, false, 10, ENGINE_RUN, 0.99, 10},
    {"all of a file is read, the last are under way", 100, 1000, 1000, false, 10, ENGINE_RUN, 1,
     UNKNOWN},
    {"all of a file is read, and not all of it taken", 100, 1000, 1000, false, 0, ENGINE_RUN, 1,
     UNKNOWN},
    {"all of a file is taken, the last are under way", 100, 1000, 1000, true, 10, ENGINE_RUN, 1,
     UNKNOWN},
    {"a file, done", 100, 1000, 1000, true, 0, ENGINE_RUN, 1, 0},
    {"an empty file", 1, 0, 0, true, 0, ENGINE_RUN, 1, 0},
    {"a file that has grown", 100, 3000, 1000, false, 10, ENGINE_RUN, 1, UNKNOWN},
    {"a file, being stopped", 10, 100, 1000, false, 10, ENGINE_DRAIN, 0.1, UNKNOWN},
    {"a file, done while being stopped", 10, 1000, 1000, true, 0, ENGINE_DRAIN, 1, 0},
    {"at the very start", 0, 100, 1000, false, 10, ENGINE_RUN, 0.1, UNKNOWN},
};

static void streams(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(stream_cases); i++) {
        const struct stream_case *c = &stream_cases[i];
        struct run r;
        start(&r, 0, 7, 0);
        r.figures.streamed = true;
        for (unsigned s = 0; s < c->seconds; s++) {
            r.figures.stream.octets = c->octets * (s + 1) / c->seconds;
            r.figures.stream.octets_total = c->octets_total;
            if (s + 1 == c->seconds) {
                r.figures.stream_ended = c->ended;
                r.figures.stop = c->stop;
            }
            pass(&r, S, 3, 2);
            r.figures.num_unsettled = c->unsettled;
        }
        r.figures.stream =
            (struct stream_figures){.octets = c->octets, .octets_total = c->octets_total};
        pass(&r, 0, 0, 0);
        check_left(c->name, &r.status, c->left_s);
        if (fabs(r.status.share - c->share) > 1e-9)
            fail_msg("%s: a share of %f", c->name, r.status.share);
        assert_false(r.status.knows_total);
        assert_true(r.status.num_done == 7 + 2 * c->seconds); /* with those of earlier runs */
    }
}

/* of a range it is known how many there are */
static void knows_total(void **state)
{
    (void)state;
    struct run r;
    start(&r, 100, 0, 100);
    assert_true(r.status.knows_total);
    pass(&r, S, 5, 5);
    assert_true(r.status.knows_total && r.status.num_targets == 100);
}

/* whatever the figures are: no overflow, no negative time, no share that is no number */
static void extremes(void **state)
{
    (void)state;
    static const uint64_t values[] = {0, 1, S, INT64_MAX, UINT64_MAX};
    for (size_t a = 0; a < LENGTH(values); a++)
        for (size_t b = 0; b < LENGTH(values); b++)
            for (size_t c = 0; c < LENGTH(values); c++) {
                struct run r;
                start(&r, values[a], 0, values[a]);
                r.figures.step_ns = values[b];
                pass(&r, values[c], values[a] / 2, values[b] / 2);
                pass(&r, values[c] / 2, 1, values[c] / 2);
                assert_true(isfinite(r.status.share) && isfinite(r.status.rate_now) &&
                            isfinite(r.status.rate_avg) && isfinite(r.status.rate_limit));
                assert_true(r.status.rate_now >= 0 && r.status.share >= 0);
                r.figures.streamed = true;
                r.figures.stream.octets = values[b];
                r.figures.stream.octets_total = values[c];
                r.figures.num_unsettled = values[a];
                pass(&r, values[a] / 4, values[a] / 4, values[b] / 4);
                assert_true(r.status.share <= 1 && r.status.share >= -1);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_left),     cmocka_unit_test(counts_down),
        cmocka_unit_test(odd_intervals), cmocka_unit_test(long_runs),
        cmocka_unit_test(rates),         cmocka_unit_test(phases),
        cmocka_unit_test(extremes),      cmocka_unit_test(waiting_and_paused),
        cmocka_unit_test(streams),       cmocka_unit_test(knows_total),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
