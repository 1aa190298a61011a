/*
 * visit: attempts and their gaps packed and parked, over the whole range, and against the error
 * that the header allows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/outcome.h"
#include "scanner/visit.h"

#define MS        UINT64_C(1000000)
#define S         UINT64_C(1000000000)
#define DAY       (86400 * S)
#define UNIT      (16 * MS)
#define GAP_MAX   ((UINT64_C(2047) << 14) * UNIT) /* 6.2 days */
#define LENGTH(a) (sizeof(a) / sizeof(a)[0])

static uint64_t apart(uint64_t a, uint64_t b)
{
    return a > b ? a - b : b - a;
}

static uint64_t kept_gap(uint64_t gap_ns)
{
    struct visit v = {0};
    struct visit_attempt attempt;
    assert_true(visit_add_attempt(&v, STAGE_GREETING, CAUSE_THROTTLED, 421, 0));
    visit_set_gap(&v, gap_ns);
    visit_attempt(&v, 0, &attempt);
    assert_int_equal(attempt.stage, STAGE_GREETING);
    assert_int_equal(attempt.cause, CAUSE_THROTTLED);
    assert_int_equal(attempt.smtp_code, 421);
    return attempt.gap_ns;
}

static void gaps_of_note(void **state)
{
    (void)state;
    static const struct {
        uint64_t gap_ns, kept_ns;
    } cases[] = {
        {0, 0},
        {8 * MS - 1, 0},
        {8 * MS, 16 * MS},
        {16 * MS, 16 * MS},
        {24 * MS - 1, 16 * MS},
        {1023 * UNIT, 1023 * UNIT},
        {1023 * UNIT + UNIT / 2, 1024 * UNIT},
        {2047 * UNIT, 2047 * UNIT},
        {2047 * UNIT + UNIT / 2 - 1, 2047 * UNIT},
        {2047 * UNIT + UNIT / 2, 2048 * UNIT},
        {2049 * UNIT - 1, 2048 * UNIT},
        {2049 * UNIT, 2050 * UNIT},
        {60 * S, 60 * S},
        {GAP_MAX, GAP_MAX},
        {GAP_MAX + 1, GAP_MAX},
        {7 * DAY, GAP_MAX},
        {UINT64_MAX, GAP_MAX},
    };
    for (size_t i = 0; i < LENGTH(cases); i++)
        if (kept_gap(cases[i].gap_ns) != cases[i].kept_ns)
            fail_msg("case %zu: %llu", i, (unsigned long long)kept_gap(cases[i].gap_ns));
}

/* every number that can be kept comes back, in order; what lies between goes to the nearest */
static void gaps_over_the_whole_range(void **state)
{
    (void)state;
    uint64_t last = 0;
    for (unsigned e = 0; e <= 15; e++)
        for (uint64_t m = 0; m < 1024; m++) {
            uint64_t units = e == 0 ? m : (1024 + m) << (e - 1), gap = units * UNIT;
            assert_true(kept_gap(gap) == gap);
            if (gap == 0)
                continue;
            uint64_t middle = last + (gap - last) / 2;
            assert_true(kept_gap(middle - 1) == last);
            assert_true(kept_gap(middle) == gap);
            last = gap;
        }
    assert_true(last == GAP_MAX);
}

static void the_error_is_small(void **state)
{
    (void)state;
    for (uint64_t gap = 1; gap < GAP_MAX; gap += gap / 997 + 1) {
        uint64_t error = apart(kept_gap(gap), gap);
        assert_true(error <= gap / 2000 || error <= 8 * MS);
    }
}

static void attempts_are_kept_in_order(void **state)
{
    (void)state;
    static const struct visit_attempt cases[] = {
        {STAGE_CONNECT, CAUSE_RESET, 0, 0},
        {STAGE_DONE, NUM_CAUSES - 1, 1023, 61 * S},
        {STAGE_STARTTLS, CAUSE_THROTTLED, 450, GAP_MAX},
    };
    struct visit v = {.ref = 9};
    struct visit_attempt out;
    assert_int_equal(visit_num_attempts(&v), 0);
    visit_set_gap(&v, S); /* of none */
    assert_int_equal(visit_num_attempts(&v), 0);
    for (unsigned i = 0; i < LENGTH(cases); i++) {
        assert_true(
            visit_add_attempt(&v, cases[i].stage, cases[i].cause, cases[i].smtp_code, i * S));
        assert_int_equal(visit_num_attempts(&v), i + 1);
        assert_true(v.attempt_start_ns == i * S);
        visit_attempt(&v, i, &out);
        assert_true(out.gap_ns == 0);
        visit_set_gap(&v, 1234 * S); /* the last one said counts */
        visit_set_gap(&v, cases[i].gap_ns);
    }
    assert_false(visit_add_attempt(&v, STAGE_CONNECT, CAUSE_RESET, 0, 99 * S));
    assert_true(v.attempt_start_ns == 2 * S);
    for (unsigned i = 0; i < LENGTH(cases); i++) {
        visit_attempt(&v, i, &out);
        assert_int_equal(out.stage, cases[i].stage);
        assert_int_equal(out.cause, cases[i].cause);
        assert_int_equal(out.smtp_code, cases[i].smtp_code);
        assert_true(apart(out.gap_ns, cases[i].gap_ns) <= 8 * MS);
    }
}

static struct visit parked(const struct visit *v, uint64_t now_ns)
{
    struct visit_parked p = {.link = 77};
    struct visit out;
    visit_pack(&p, v);
    assert_int_equal(p.link, 77);
    visit_unpack(&out, &p, now_ns);
    return out;
}

static void what_is_parked_comes_back(void **state)
{
    (void)state;
    static const uint64_t refs[] = {0, 1, VISIT_REF_MAX, VISIT_REF_TAG,
                                    VISIT_REF_TAG | VISIT_REF_MAX};
    for (size_t i = 0; i < LENGTH(refs); i++)
        for (unsigned num = 0; num <= VISIT_ATTEMPTS_MAX; num++) {
            struct visit v = {.ref = refs[i]};
            for (unsigned k = 0; k < num; k++) {
                visit_set_gap(&v, 60 * S);
                visit_add_attempt(&v, (uint8_t)(k + 1), CAUSE_THROTTLED, 421, (k + 1) * 60 * S);
            }
            struct visit out = parked(&v, 500 * S);
            assert_true(out.ref == v.ref);
            assert_memory_equal(out.attempts, v.attempts, sizeof v.attempts);
            assert_true(apart(out.attempt_start_ns, v.attempt_start_ns) <= 8 * MS);
            assert_int_equal(out.passed, 0);
        }
}

/* from clocks near zero to far beyond where the stamp wraps, after waits of up to 99 days */
static void the_start_comes_back(void **state)
{
    (void)state;
    static const uint64_t starts[] = {0, 1, 8 * MS - 1, 8 * MS, S, 99 * DAY, 100 * DAY, 5000 * DAY};
    static const uint64_t waits[] = {0,      1,   7 * MS,  9 * MS,   S,
                                     60 * S, DAY, 7 * DAY, 60 * DAY, 99 * DAY};
    for (size_t i = 0; i < LENGTH(starts); i++)
        for (size_t k = 0; k < LENGTH(waits); k++) {
            struct visit v = {.ref = 5};
            visit_add_attempt(&v, STAGE_EHLO, CAUSE_THROTTLED, 421, starts[i]);
            struct visit out = parked(&v, starts[i] + waits[k]);
            assert_true(apart(out.attempt_start_ns, starts[i]) <= 8 * MS);
        }
}

/* the gap of one that was parked: 0.1 % or 16 ms */
static void the_gap_of_one_that_was_parked(void **state)
{
    (void)state;
    for (uint64_t wait = 1, start = 12345; wait < GAP_MAX;
         wait += wait / 97 + 1, start += 7777777) {
        struct visit v = {.ref = 5};
        struct visit_attempt attempt;
        visit_add_attempt(&v, STAGE_EHLO, CAUSE_THROTTLED, 421, start);
        v = parked(&v, start + wait);
        visit_set_gap(&v,
                      start + wait > v.attempt_start_ns ? start + wait - v.attempt_start_ns : 0);
        visit_attempt(&v, 0, &attempt);
        uint64_t error = apart(attempt.gap_ns, wait);
        assert_true(error <= wait / 1000 || error <= 16 * MS);
    }
}

/* one that waits by itself and then in the queues of its networks is parked several times: its start
 * does not drift */
static void parked_again_and_again(void **state)
{
    (void)state;
    for (uint64_t start = 0; start < 100 * MS; start += MS) {
        struct visit v = {.ref = 5};
        visit_add_attempt(&v, STAGE_EHLO, CAUSE_THROTTLED, 421, S + start);
        uint64_t now_ns = S + start;
        v = parked(&v, now_ns);
        uint64_t first_ns = v.attempt_start_ns;
        assert_true(apart(first_ns, S + start) <= 8 * MS);
        for (int i = 0; i < 1000; i++) {
            now_ns += 123456789;
            v = parked(&v, now_ns);
            assert_true(v.attempt_start_ns == first_ns);
        }
    }
}

/* a worker whose clock was read a little earlier than that of the one that began the attempt */
static void a_start_ahead_of_the_clock(void **state)
{
    (void)state;
    struct visit v = {.ref = 5};
    visit_add_attempt(&v, STAGE_EHLO, CAUSE_THROTTLED, 421, 1000 * S);
    struct visit out = parked(&v, 999 * S);
    assert_true(apart(out.attempt_start_ns, 999 * S) <= 8 * MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gaps_of_note),
        cmocka_unit_test(gaps_over_the_whole_range),
        cmocka_unit_test(the_error_is_small),
        cmocka_unit_test(attempts_are_kept_in_order),
        cmocka_unit_test(what_is_parked_comes_back),
        cmocka_unit_test(the_start_comes_back),
        cmocka_unit_test(the_gap_of_one_that_was_parked),
        cmocka_unit_test(parked_again_and_again),
        cmocka_unit_test(a_start_ahead_of_the_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
