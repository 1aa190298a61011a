/* lag: the worst since it was last asked, whoever notes and asks at the same time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdbool.h>

#include "scanner/lag.h"

#define LENGTH(a) (sizeof(a) / sizeof(a)[0])

struct note {
    uint64_t due_ns, now_ns;
};

struct lag_case {
    const char *name;
    struct note notes[4]; /* up to the first that is all 0 */
    uint64_t worst_ns;
};

static const struct lag_case cases[] = {
    {"nothing noted", {{0, 0}}, 0},
    {"in time", {{100, 100}}, 0},
    {"before its time", {{100, 40}}, 0},
    {"late", {{100, 107}}, 7},
    {"the worst is first", {{100, 190}, {200, 210}, {300, 300}}, 90},
    {"the worst is last", {{100, 101}, {200, 202}, {300, 345}}, 45},
    {"early ones do not count", {{100, 130}, {200, 1}}, 30},
    {"never due", {{UINT64_MAX, 5}}, 0},
    {"always late", {{0, UINT64_MAX}}, UINT64_MAX},
};

static void worst(void **state)
{
    (void)state;
    struct lag lag = {0};
    for (size_t i = 0; i < LENGTH(cases); i++) {
        const struct lag_case *c = &cases[i];
        for (size_t n = 0; n < LENGTH(c->notes) && (c->notes[n].due_ns | c->notes[n].now_ns); n++)
            lag_note(&lag, c->notes[n].due_ns, c->notes[n].now_ns);
        uint64_t got = lag_take(&lag);
        if (got != c->worst_ns)
            fail_msg("%s: %llu", c->name, (unsigned long long)got);
        assert_true(lag_take(&lag) == 0); /* taken */
    }
}

enum { NOTES = 200000 };

struct shared {
    struct lag lag;
    _Atomic bool ended;
};

static void *note_all(void *arg)
{
    struct shared *s = arg;
    for (uint64_t i = 1; i <= NOTES; i++)
        lag_note(&s->lag, 0, i);
    atomic_store(&s->ended, true);
    return NULL;
}

/* each is later than the one before: what is taken grows, and the last is not lost */
static void while_noted(void **state)
{
    (void)state;
    struct shared s = {.ended = false};
    pthread_t thread;
    uint64_t last = 0;
    bool ended = false;
    assert_int_equal(pthread_create(&thread, NULL, note_all, &s), 0);
    while (!ended) {
        ended = atomic_load(&s.ended);
        uint64_t taken = lag_take(&s.lag);
        assert_true(taken == 0 || taken > last);
        last = taken != 0 ? taken : last;
    }
    pthread_join(thread, NULL);
    assert_true(last == NOTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(worst),
        cmocka_unit_test(while_noted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
