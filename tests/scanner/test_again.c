/* The ring of visits to be made again: first in, first out, whatever its size and turn; a visit comes
 * back as it went in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "core/outcome.h"
#include "scanner/again.h"

/* all of it depends on its number */
static struct again_visit visit_number(uint64_t n)
{
    struct again_visit v = {.started = n * 3, .tries = (uint32_t)n % 100};
    v.visit.ref = n % 7 == 0 ? n | VISIT_REF_TAG : n;
    v.visit.passed = (uint8_t)(n % 8);
    for (unsigned i = 0; i < n % (VISIT_ATTEMPTS_MAX + 1); i++)
        visit_add_attempt(&v.visit, STAGE_EHLO, CAUSE_THROTTLED, (uint16_t)(400 + i), n);
    return v;
}

static void check_visit(const struct again_visit *v, uint64_t n)
{
    struct again_visit expected = visit_number(n);
    assert_true(v->visit.ref == expected.visit.ref && v->started == expected.started);
    assert_int_equal(v->tries, expected.tries);
    assert_int_equal(v->visit.passed, expected.visit.passed);
    assert_int_equal(visit_num_attempts(&v->visit), n % (VISIT_ATTEMPTS_MAX + 1));
    assert_true(v->visit.attempt_start_ns == expected.visit.attempt_start_ns);
    assert_memory_equal(v->visit.attempts, expected.visit.attempts, sizeof v->visit.attempts);
}

/* puts and takes in turns of these lengths: the order stays, the ring grows and wraps */
static void test_order(void **state)
{
    (void)state;
    static const struct {
        unsigned puts, takes;
    } turns[] = {{1, 1}, {15, 3}, {4, 16}, {1000, 999}, {2000, 1}, {0, 2000}, {16, 16}, {17, 17}};
    struct again again = {0};
    uint64_t put = 0, taken = 0;
    for (size_t i = 0; i < sizeof turns / sizeof turns[0]; i++) {
        for (unsigned n = 0; n < turns[i].puts; n++, put++) {
            struct again_visit v = visit_number(put);
            assert_int_equal(again_put(&again, &v), 0);
        }
        for (unsigned n = 0; n < turns[i].takes; n++, taken++) {
            struct again_visit v = again_take(&again);
            check_visit(&v, taken);
        }
        assert_int_equal(again.num, put - taken);
    }
    assert_int_equal(again.num, 0);
    again_cleanup(&again);
    assert_int_equal(again.cap, 0);
}

/* memory is in the visits held at once, not in those that passed through */
static void test_memory(void **state)
{
    (void)state;
    struct again again = {0};
    for (uint64_t n = 0; n < 100000; n++) {
        struct again_visit v = visit_number(n);
        assert_int_equal(again_put(&again, &v), 0);
        if (again.num > 10) {
            v = again_take(&again);
            check_visit(&v, n - 10);
        }
    }
    assert_true(again.cap <= 16);
    again_cleanup(&again);
}

/* an empty one, a used one, one with visits in it: each can be cleaned up, and used again */
static void test_cleanup(void **state)
{
    (void)state;
    struct again again = {0};
    for (uint64_t n = 0; n < 100; n += 25) {
        for (uint64_t i = 0; i < n; i++) {
            struct again_visit v = visit_number(i);
            assert_int_equal(again_put(&again, &v), 0);
        }
        assert_int_equal(again.num, n);
        again_cleanup(&again);
        assert_int_equal(again.num, 0);
        again_cleanup(&again);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_cleanup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
