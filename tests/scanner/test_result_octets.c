/*
 * result, the octets of the queue: whatever becomes of a credit, they are counted once and given
 * back once; of single results, of groups, of events.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "scanner/result.h"

#define HOUR_NS (UINT64_C(3600) * 1000000000)

static struct result *result_at(uint64_t position, size_t text_len)
{
    struct record record;
    uint8_t *text = calloc(1, text_len + 1);
    assert_non_null(text);
    record_init(&record);
    record.position = position;
    record.text[TEXT_GREETING] = bytes_of(text, text_len);
    struct result *r = result_new(&record, NULL, 0, false);
    assert_non_null(r);
    free(text);
    return r;
}

/* puts r into the queue, under a credit that was set aside */
static void push(struct result_queue *q, struct result *r)
{
    result_hold(q, r);
    result_push(q, r);
}

static size_t num_octets(const struct result_queue *q)
{
    return atomic_load(&q->bytes);
}

/* a group: all results of a host name, num of them with texts of these lengths */
static struct result *group_of(const size_t *lens, size_t num, size_t *size)
{
    struct result *first = NULL, **last = &first;
    *size = 0;
    for (size_t i = 0; i < num; i++) {
        *last = result_at(9, lens[i]);
        *size += (*last)->size;
        last = &(*last)->also;
    }
    first->is_group = true;
    return first;
}

static void free_list(struct result_queue *q, struct result *list)
{
    for (struct result *next; list != NULL; list = next) {
        next = list->next;
        for (struct result *also; list != NULL; list = also) {
            also = list->also;
            result_queue_release(q, list->size);
            result_free(list);
        }
    }
}

/* each path that a credit can take ends where it began */
static void every_octet_is_given_back(void **state)
{
    (void)state;
    struct result_queue q;
    bool closed;
    assert_int_equal(result_queue_init(&q, 0), 0);

    /* a session that ends without a result: stopped, a fault of ours, to be visited later */
    assert_true(result_queue_credit(&q));
    assert_int_equal(num_octets(&q), RESULT_CREDIT);
    result_queue_release(&q, RESULT_CREDIT);
    assert_int_equal(num_octets(&q), 0);

    /* one that is recorded */
    assert_true(result_queue_credit(&q));
    struct result *r = result_at(1, 5000);
    size_t size = r->size;
    push(&q, r);
    assert_int_equal(num_octets(&q), size);
    free_list(&q, result_take(&q, &closed, 0));
    assert_int_equal(num_octets(&q), 0);

    /* a position without a target */
    assert_true(result_queue_credit(&q));
    r = result_at(2, 0);
    r->kind = RESULT_SKIP;
    push(&q, r);
    r = result_take(&q, &closed, 0);
    assert_int_equal(r->kind, RESULT_SKIP);
    free_list(&q, r);
    assert_int_equal(num_octets(&q), 0);

    /* an event has no credit */
    r = result_new_event(5, "pause");
    size = r->size;
    result_push_event(&q, r);
    assert_int_equal(num_octets(&q), size);
    r = result_take(&q, &closed, 0);
    assert_int_equal(r->kind, RESULT_EVENT);
    free_list(&q, r);
    assert_int_equal(num_octets(&q), 0);
    result_queue_cleanup(&q);
}

/* the results of a host name are held one after the other, and pushed as one */
static void groups(void **state)
{
    (void)state;
    static const size_t lens[] = {10, 0, 3000, RESULT_QUEUE_WAKE, 7};
    struct result_queue q;
    size_t size, held = 0;
    bool closed;
    assert_int_equal(result_queue_init(&q, 0), 0);
    struct result *group = group_of(lens, 5, &size);
    for (struct result *one = group; one != NULL; one = one->also) {
        assert_true(result_queue_credit(&q)); /* of that address's session */
        result_hold(&q, one);
        held += one->size;
        assert_int_equal(num_octets(&q), held);
    }
    assert_null(result_take(&q, &closed, 0)); /* held, not pushed */
    result_push(&q, group);
    assert_int_equal(num_octets(&q), size);
    assert_int_equal(q.queued, size);
    struct result *taken = result_take(&q, &closed, HOUR_NS); /* much: no wait */
    assert_ptr_equal(taken, group);
    assert_null(taken->next);
    assert_int_equal(q.queued, 0);
    assert_int_equal(num_octets(&q), size); /* until it is stored */
    free_list(&q, taken);
    assert_int_equal(num_octets(&q), 0);
    result_queue_cleanup(&q);
}

/* groups, single ones and events keep their order */
static void mixed(void **state)
{
    (void)state;
    static const size_t lens[] = {1, 2, 3};
    struct result_queue q;
    size_t size;
    bool closed;
    assert_int_equal(result_queue_init(&q, 0), 0);
    for (uint64_t i = 0; i < 30; i++) {
        struct result *r = i % 3 == 0   ? group_of(lens, 3, &size)
                           : i % 3 == 1 ? result_at(i, 40)
                                        : result_new_event(i, "go-on");
        if (i % 3 == 2) {
            result_push_event(&q, r);
            continue;
        }
        for (struct result *one = r; one != NULL; one = one->also) {
            assert_true(result_queue_credit(&q));
            result_hold(&q, one);
        }
        r->record.position = i;
        result_push(&q, r);
    }
    struct result *all = result_take(&q, &closed, 0);
    uint64_t num = 0;
    for (const struct result *r = all; r != NULL; r = r->next, num++) {
        assert_int_equal(r->kind, num % 3 == 2 ? RESULT_EVENT : RESULT_RECORD);
        assert_int_equal(r->is_group, num % 3 == 0);
        assert_true(num % 3 == 2 ? r->event->at_us == num : r->record.position == num);
    }
    assert_int_equal(num, 30);
    free_list(&q, all);
    assert_int_equal(num_octets(&q), 0);
    result_queue_cleanup(&q);
}

/* random ways of many credits: what is counted is always what is outstanding */
static void octets_at_random(void **state)
{
    (void)state;
    enum { HELD_MAX = 16 };
    struct result_queue q;
    struct result *held[HELD_MAX];
    size_t num_held = 0, num_credits = 0, size_held = 0, size_queued = 0;
    uint64_t x = 42;
    bool closed;
    assert_int_equal(result_queue_init(&q, 0), 0);
    for (int n = 0; n < 20000; n++) {
        x = x * UINT64_C(6364136223846793005) + 1442695040888963407U;
        unsigned dice = (unsigned)(x >> 60);
        if (dice < 5 && result_queue_credit(&q)) {
            num_credits++;
        } else if (dice < 7 && num_credits > 0) {
            result_queue_release(&q, RESULT_CREDIT);
            num_credits--;
        } else if (dice < 10 && num_credits > 0 && num_held < HELD_MAX) {
            held[num_held] = result_at(1, (size_t)(x >> 40) % 5000);
            result_hold(&q, held[num_held]);
            size_held += held[num_held++]->size;
            num_credits--;
        } else if (dice < 13 && num_held > 0) {
            struct result *r = held[--num_held];
            size_held -= r->size;
            size_queued += r->size;
            result_push(&q, r);
        } else if (dice == 13) {
            struct result *event = result_new_event(0, "rate");
            size_queued += event->size;
            result_push_event(&q, event);
        } else if (dice == 15) {
            free_list(&q, result_take(&q, &closed, 0));
            size_queued = 0;
        }
        assert_int_equal(num_octets(&q), num_credits * RESULT_CREDIT + size_held + size_queued);
        assert_int_equal(q.queued, size_queued);
    }
    while (num_held > 0)
        result_free(held[--num_held]);
    result_queue_cleanup(&q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_octet_is_given_back),
        cmocka_unit_test(groups),
        cmocka_unit_test(mixed),
        cmocka_unit_test(octets_at_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
