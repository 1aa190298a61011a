/* deadline: first in, first due; dropping from anywhere; one deadline in one list at a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>

#include "scanner/deadline.h"

enum { NUM = 64, LISTS = 3 };

static uint64_t next_random(uint64_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x;
}

static void empty(void **state)
{
    (void)state;
    struct deadline_list list;
    struct deadline d = {0};
    deadline_list_init(&list, 100);
    assert_null(deadline_first(&list));
    deadline_drop(&d); /* not set: nothing happens */
    deadline_drop(&d);
    assert_null(deadline_first(&list));
}

static void in_order(void **state)
{
    (void)state;
    struct deadline_list list;
    struct deadline d[NUM] = {0};
    deadline_list_init(&list, 100);
    for (uint64_t i = 0; i < NUM; i++) {
        deadline_set(&list, &d[i], 1000 + i / 2); /* two at a time at the same time */
        assert_true(d[i].due_ns == 1100 + i / 2);
        assert_ptr_equal(deadline_first(&list), &d[0]);
    }
    for (size_t i = 0; i < NUM; i++) {
        assert_ptr_equal(deadline_first(&list), &d[i]);
        deadline_drop(&d[i]);
        assert_null(d[i].next);
    }
    assert_null(deadline_first(&list));
}

static void from_anywhere(void **state)
{
    (void)state;
    for (size_t gone = 0; gone < 3; gone++) {
        struct deadline_list list;
        struct deadline d[3] = {0};
        deadline_list_init(&list, 5);
        for (size_t i = 0; i < 3; i++)
            deadline_set(&list, &d[i], i);
        deadline_drop(&d[gone]);
        for (size_t i = 0; i < 3; i++) {
            if (i == gone)
                continue;
            assert_ptr_equal(deadline_first(&list), &d[i]);
            deadline_drop(&d[i]);
        }
        assert_null(deadline_first(&list));
    }
}

static void set_again_goes_to_the_end(void **state)
{
    (void)state;
    struct deadline_list list;
    struct deadline a = {0}, b = {0};
    deadline_list_init(&list, 10);
    deadline_set(&list, &a, 1);
    deadline_set(&list, &b, 2);
    deadline_set(&list, &a, 3);
    assert_ptr_equal(deadline_first(&list), &b);
    assert_true(a.due_ns == 13);
    deadline_set(&list, &b, 4);
    assert_ptr_equal(deadline_first(&list), &a);
    deadline_drop(&a);
    deadline_drop(&b);
    assert_null(deadline_first(&list));
}

static void moves_between_lists(void **state)
{
    (void)state;
    struct deadline_list brief, lasting;
    struct deadline d = {0};
    deadline_list_init(&brief, 10);
    deadline_list_init(&lasting, 1000);
    deadline_set(&brief, &d, 5);
    deadline_set(&lasting, &d, 6);
    assert_null(deadline_first(&brief));
    assert_ptr_equal(deadline_first(&lasting), &d);
    assert_true(d.due_ns == 1006);
    deadline_drop(&d);
    assert_null(deadline_first(&lasting));
}

/* against a model: which list each is in, and the turn in which it was set */
struct model {
    struct deadline_list lists[LISTS];
    struct deadline d[NUM];
    int in[NUM]; /* -1: none */
    uint64_t turn[NUM];
};

static void check_model(const struct model *m)
{
    for (int list = 0; list < LISTS; list++) {
        const struct deadline *expected = NULL;
        uint64_t lowest = UINT64_MAX;
        for (size_t i = 0; i < NUM; i++) {
            if (m->in[i] == list && m->turn[i] < lowest) {
                lowest = m->turn[i];
                expected = &m->d[i];
            }
        }
        const struct deadline *first = deadline_first(&m->lists[list]);
        assert_ptr_equal(first, expected);
        for (size_t i = 0; first != NULL && i < NUM; i++)
            assert_true(m->in[i] != list || m->d[i].due_ns >= first->due_ns);
    }
}

static void at_random(void **state)
{
    (void)state;
    struct model m = {0};
    uint64_t x = 99, now = 0;
    for (int i = 0; i < LISTS; i++)
        deadline_list_init(&m.lists[i], (uint64_t)i * 1000 + 1);
    for (size_t i = 0; i < NUM; i++)
        m.in[i] = -1;
    for (uint64_t turn = 0; turn < 20000; turn++) {
        size_t i = next_random(&x) % NUM;
        now += next_random(&x) % 3;
        if (next_random(&x) % 3 == 0) {
            deadline_drop(&m.d[i]);
            m.in[i] = -1;
        } else {
            m.in[i] = (int)(next_random(&x) % LISTS);
            m.turn[i] = turn;
            deadline_set(&m.lists[m.in[i]], &m.d[i], now);
            assert_true(m.d[i].due_ns == now + (uint64_t)m.in[i] * 1000 + 1);
        }
        check_model(&m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty),
        cmocka_unit_test(in_order),
        cmocka_unit_test(from_anywhere),
        cmocka_unit_test(set_again_goes_to_the_end),
        cmocka_unit_test(moves_between_lists),
        cmocka_unit_test(at_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
