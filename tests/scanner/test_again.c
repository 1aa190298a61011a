/* The ring of positions to be tried again: first in, first out, whatever its size and turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "scanner/again.h"

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
            struct visit v = {.position = put, .started = put * 3, .tries = (uint32_t)n};
            assert_int_equal(again_put(&again, &v), 0);
        }
        for (unsigned n = 0; n < turns[i].takes; n++, taken++) {
            struct visit v = again_take(&again);
            assert_int_equal(v.position, taken);
            assert_int_equal(v.started, taken * 3);
        }
        assert_int_equal(again.num, put - taken);
    }
    assert_int_equal(again.num, 0);
    again_cleanup(&again);
    assert_int_equal(again.cap, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_order)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
