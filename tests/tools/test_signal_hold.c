/* Signals that wait until what is half has been removed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tools/signal_hold.h"

static volatile sig_atomic_t num_caught;

static void catch (int number)
{
    (void)number;
    num_caught++;
}

static void a_signal_waits(void **state)
{
    static const int numbers[] = {SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM, SIGXCPU, SIGXFSZ};
    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        struct signal_hold hold = {.is_on = false};
        num_caught = 0;
        signal(numbers[i], catch);
        signal_hold_begin(&hold);
        signal_hold_begin(&hold); /* again: nothing */
        assert_false(signal_hold_due());
        raise(numbers[i]);
        assert_true(signal_hold_due());
        assert_int_equal(num_caught, 0);
        signal_hold_end(&hold);
        assert_int_equal(num_caught, 1);
        assert_false(signal_hold_due());
        signal_hold_end(&hold); /* again: nothing */
        raise(numbers[i]);
        assert_int_equal(num_caught, 2);
        signal(numbers[i], SIG_DFL);
    }
}

static void holds_nest(void **state)
{
    struct signal_hold outer = {.is_on = false}, inner = {.is_on = false};
    (void)state;
    num_caught = 0;
    signal(SIGTERM, catch);
    signal_hold_begin(&outer);
    signal_hold_begin(&inner);
    raise(SIGTERM);
    signal_hold_end(&inner);
    assert_int_equal(num_caught, 0);
    assert_true(signal_hold_due());
    signal_hold_end(&outer);
    assert_int_equal(num_caught, 1);
    signal(SIGTERM, SIG_DFL);
}

static void what_is_ignored_is_not_due(void **state)
{
    struct signal_hold hold = {.is_on = false};
    (void)state;
    signal(SIGHUP, SIG_IGN);
    signal_hold_begin(&hold);
    raise(SIGHUP);
    assert_false(signal_hold_due());
    signal_hold_end(&hold);
    signal(SIGHUP, SIG_DFL);
}

static void what_others_hold_stays_held(void **state)
{
    struct signal_hold hold = {.is_on = false};
    sigset_t set, now;
    (void)state;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal_hold_begin(&hold);
    signal_hold_end(&hold);
    pthread_sigmask(SIG_SETMASK, NULL, &now);
    assert_true(sigismember(&now, SIGINT));
    assert_false(sigismember(&now, SIGTERM));
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signal_waits),
        cmocka_unit_test(holds_nest),
        cmocka_unit_test(what_is_ignored_is_not_due),
        cmocka_unit_test(what_others_hold_stays_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
