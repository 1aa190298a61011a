/*
 * result: a result keeps what it was made of; the queue keeps order, its bound, and wakes whoever
 * waits for it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/pool.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "scanner/result.h"

#define HOUR_NS (UINT64_C(3600) * 1000000000)

enum { THREADS = 4, EACH = 5000 };

/* ---- results ---- */

static CRYPTO_BUFFER *buffer_of(CRYPTO_BUFFER_POOL *pool, const char *text)
{
    CRYPTO_BUFFER *b = CRYPTO_BUFFER_new((const uint8_t *)text, strlen(text), pool);
    assert_non_null(b);
    return b;
}

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

/* leaves that audits name: a reference of each, and no more than may go into a block together */
static void keeps_leaves(void **state)
{
    (void)state;
    static const uint8_t octets[RESULT_LEAF_MAX + 1];
    CRYPTO_BUFFER *most = CRYPTO_BUFFER_new(octets, RESULT_LEAF_MAX, NULL);
    CRYPTO_BUFFER *over = CRYPTO_BUFFER_new(octets, sizeof octets, NULL);
    assert_true(most != NULL && over != NULL);
    struct result *r = result_at(1, 0);
    size_t size = r->size;
    result_add_leaf(r, over);
    assert_int_equal(r->num_leaves, 0);
    for (size_t i = 0; i < RESULT_LEAVES_MAX + 1; i++)
        result_add_leaf(r, most);
    CRYPTO_BUFFER_free(most);
    CRYPTO_BUFFER_free(over);
    assert_int_equal(r->num_leaves, RESULT_LEAVES_MAX);
    assert_int_equal(r->size, size + RESULT_LEAVES_MAX * (size_t)RESULT_LEAF_MAX);
    assert_memory_equal(CRYPTO_BUFFER_data(r->leaves[0]), octets, RESULT_LEAF_MAX);
    result_free(r);
}

static void keeps_texts(void **state)
{
    (void)state;
    char text[NUM_TEXTS][16];
    struct record record;
    record_init(&record);
    record.position = 7;
    record.port = 25;
    record.host = bytes_text("mx.example.com");
    for (size_t i = 0; i < NUM_TEXTS; i++) {
        int len = snprintf(text[i], sizeof text[i], "text %02zu", i);
        record.text[i] = bytes_of(text[i], (size_t)len);
    }
    record.text[TEXT_HELO] = bytes_of(NULL, 0);          /* absent */
    record.text[TEXT_EARLY] = bytes_of("\0\xff\r\n", 4); /* octets, not text */

    struct result *r = result_new(&record, NULL, 0, false);
    memset(text, 'x', sizeof text); /* the session's memory is used for another one */
    assert_non_null(r);
    assert_null(r->next);
    assert_null(r->also);
    assert_null(r->event);
    assert_int_equal(r->kind, RESULT_RECORD);
    assert_false(r->is_group);
    assert_int_equal(r->record.position, 7);
    assert_int_equal(r->record.port, 25);
    assert_ptr_equal(r->record.host.data,
                     record.host.data); /* of the target space, which outlives it */
    for (size_t i = 0; i < NUM_TEXTS; i++) {
        char expected[16];
        snprintf(expected, sizeof expected, "text %02zu", i);
        struct bytes is = i == TEXT_EARLY ? bytes_of("\0\xff\r\n", 4) : bytes_text(expected);
        if (i == TEXT_HELO)
            assert_true(r->record.text[i].len == 0 && r->record.text[i].data == NULL);
        else
            assert_true(bytes_equal(r->record.text[i], is));
    }
    assert_true(r->size == sizeof *r + 7 * (NUM_TEXTS - 2) + 4);
    result_free(r);
}

static void keeps_certificates(void **state)
{
    (void)state;
    CRYPTO_BUFFER_POOL *pool = CRYPTO_BUFFER_POOL_new();
    assert_non_null(pool);
    CRYPTO_BUFFER *certs[3] = {buffer_of(pool, "leaf"), buffer_of(pool, "issuer"),
                               buffer_of(pool, "leaf")};
    struct record record;
    record_init(&record);
    record.text[TEXT_EHLO] = bytes_text("250 hi\r\n");
    struct result *r = result_new(&record, certs, 3, false);
    assert_non_null(r);
    for (size_t i = 0; i < 3; i++)
        CRYPTO_BUFFER_free(certs[i]); /* the session is over */
    assert_int_equal(r->num_certs, 3);
    assert_ptr_equal(r->certs[0], r->certs[2]); /* equal certificates are one buffer */
    assert_memory_equal(CRYPTO_BUFFER_data(r->certs[1]), "issuer", 6);
    assert_true(bytes_equal(r->record.text[TEXT_EHLO], bytes_text("250 hi\r\n")));
    assert_true(r->size == sizeof *r + 3 * sizeof certs[0] + 8 + 4 + 6 + 4);
    result_free(r);
    CRYPTO_BUFFER_POOL_free(pool);
}

/* names of an errand go with it; those of the target space stay where they are */
static void keeps_names(void **state)
{
    (void)state;
    for (int copy = 0; copy < 2; copy++) {
        char host[] = "mx.example.com", tag[] = "pool 7", greeting[] = "220 hi";
        struct record record;
        record_init(&record);
        record.host = bytes_text(host);
        record.tag = bytes_text(tag);
        record.text[TEXT_GREETING] = bytes_text(greeting);
        struct result *r = result_new(&record, NULL, 0, copy == 1);
        assert_non_null(r);
        assert_int_equal(r->record.host.data == record.host.data, copy == 0);
        assert_int_equal(r->record.tag.data == record.tag.data, copy == 0);
        memset(greeting, 'x', sizeof greeting - 1);
        if (copy == 1) {
            memset(host, 'x', sizeof host - 1);
            memset(tag, 'x', sizeof tag - 1);
        }
        assert_true(bytes_equal(r->record.host, bytes_text("mx.example.com")));
        assert_true(bytes_equal(r->record.tag, bytes_text("pool 7")));
        assert_true(bytes_equal(r->record.text[TEXT_GREETING], bytes_text("220 hi")));
        assert_true(r->size == sizeof *r + 6 + (copy == 1 ? 14 + 6 : 0));
        result_free(r);
    }
    struct record nameless;
    record_init(&nameless);
    struct result *r = result_new(&nameless, NULL, 0, true);
    assert_non_null(r);
    assert_true(r->record.host.len == 0 && r->record.tag.len == 0 && r->size == sizeof *r);
    result_free(r);
}

/* ---- events ---- */

static void events(void **state)
{
    (void)state;
    struct result *r = result_new_event(77, "rate");
    assert_non_null(r);
    assert_int_equal(r->kind, RESULT_EVENT);
    assert_true(r->event->at_us == 77 && r->event->num_pairs == 0);
    assert_string_equal(r->event->what, "rate");
    assert_true(r->size == sizeof *r + sizeof *r->event);
    result_add_pair(r, "start-interval", "20000ns");
    result_add_pair(r, "", "");
    assert_int_equal(r->event->num_pairs, 2);
    assert_string_equal(r->event->pairs[0].key, "start-interval");
    assert_string_equal(r->event->pairs[0].value, "20000ns");
    assert_string_equal(r->event->pairs[1].value, "");
    result_free(r);
}

/* texts that are too long are cut, and pairs that are too many are left out */
static void events_are_bounded(void **state)
{
    (void)state;
    char text[300];
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    struct result *r = result_new_event(0, text);
    assert_non_null(r);
    assert_int_equal(strlen(r->event->what), sizeof r->event->what - 1);
    for (size_t i = 0; i < RESULT_PAIRS_MAX + 3; i++)
        result_add_pair(r, text, text);
    assert_int_equal(r->event->num_pairs, RESULT_PAIRS_MAX);
    for (size_t i = 0; i < RESULT_PAIRS_MAX; i++) {
        assert_int_equal(strlen(r->event->pairs[i].key), sizeof r->event->pairs[i].key - 1);
        assert_int_equal(strlen(r->event->pairs[i].value), RESULT_TEXT_MAX - 1);
    }
    result_free(r);

    r = result_new_event(0, "blocklist"); /* a digest in hex fits */
    text[64] = '\0';
    result_add_pair(r, "sha256", text);
    assert_string_equal(r->event->pairs[0].value, text);
    result_free(r);
}

/* ---- the queue, alone ---- */

static void credit(void **state)
{
    (void)state;
    struct result_queue q;
    size_t num = 0;
    assert_int_equal(result_queue_init(&q, 0), 0);
    while (result_queue_credit(&q))
        num++;
    assert_true(num == RESULT_QUEUE_MAX / RESULT_CREDIT);
    assert_false(result_queue_credit(&q));
    assert_true(atomic_load(&q.bytes) == RESULT_QUEUE_MAX); /* a refusal sets nothing aside */
    result_queue_release(&q, RESULT_CREDIT);
    assert_true(result_queue_credit(&q));
    assert_false(result_queue_credit(&q));
    result_queue_release(&q, RESULT_QUEUE_MAX);
    assert_true(atomic_load(&q.bytes) == 0);
    result_queue_cleanup(&q);
}

/* what a session collected takes the place of what was set aside for it, be it less or more */
static void push_settles(void **state)
{
    (void)state;
    static const size_t lens[] = {0, 10, RESULT_CREDIT, 3 * RESULT_CREDIT, RESULT_QUEUE_MAX};
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        struct result_queue q;
        bool closed = true;
        assert_int_equal(result_queue_init(&q, 0), 0);
        assert_true(result_queue_credit(&q));
        struct result *r = result_at(1, lens[i]);
        push(&q, r);
        assert_true(atomic_load(&q.bytes) == r->size);
        assert_true(result_queue_credit(&q) ==
                    (lens[i] < RESULT_QUEUE_MAX)); /* a full queue starts no session */

        assert_ptr_equal(result_take(&q, &closed, 0), r);
        assert_false(closed);
        assert_true(atomic_load(&q.bytes) >= r->size); /* until it is stored */
        result_queue_release(&q, r->size);
        result_free(r);
        assert_true(result_queue_credit(&q));
        result_queue_cleanup(&q);
    }
}

static void first_in_first_out(void **state)
{
    (void)state;
    struct result_queue q;
    bool closed;
    assert_int_equal(result_queue_init(&q, 0), 0);
    assert_null(result_take(&q, &closed, 0));
    assert_false(closed);
    for (uint64_t turn = 0; turn < 3; turn++) { /* an emptied queue is as good as a new one */
        for (uint64_t i = 0; i < 10; i++) {
            assert_true(result_queue_credit(&q));
            push(&q, result_at(10 * turn + i, i));
        }
        struct result *r = result_take(&q, &closed, 0);
        for (uint64_t i = 0; i < 10; i++) {
            assert_non_null(r);
            assert_true(r->record.position == 10 * turn + i);
            struct result *next = r->next;
            result_queue_release(&q, r->size);
            result_free(r);
            r = next;
        }
        assert_null(r);
        assert_null(result_take(&q, &closed, 0));
    }
    assert_true(atomic_load(&q.bytes) == 0);
    result_queue_cleanup(&q);
}

static void closed_queue(void **state)
{
    (void)state;
    struct result_queue q;
    bool closed = false;
    assert_int_equal(result_queue_init(&q, 0), 0);
    assert_true(result_queue_credit(&q));
    push(&q, result_at(3, 5));
    result_queue_close(&q);
    struct result *r = result_take(&q, &closed, HOUR_NS); /* does not wait */
    assert_non_null(r);
    assert_true(closed);
    result_free(r);
    closed = false;
    assert_null(result_take(&q, &closed, HOUR_NS));
    assert_true(closed);
    result_queue_cleanup(&q);
}

/* what nobody took is freed: the leak checker sees it */
static void cleanup_frees(void **state)
{
    (void)state;
    struct result_queue q;
    assert_int_equal(result_queue_init(&q, 0), 0);
    for (uint64_t i = 0; i < 5; i++) {
        assert_true(result_queue_credit(&q));
        push(&q, result_at(i, 100));
    }
    struct result *group = result_at(7, 10);
    group->also = result_at(7, 20);
    group->also->also = result_at(7, 30);
    for (struct result *one = group; one != NULL; one = one->also) {
        assert_true(result_queue_credit(&q));
        result_hold(&q, one);
    }
    result_push(&q, group);
    result_push_event(&q, result_new_event(1, "rate"));
    result_queue_cleanup(&q);
}

/* much of it is taken at once, without the wait */
static void much_is_taken_at_once(void **state)
{
    (void)state;
    struct result_queue q;
    bool closed;
    assert_int_equal(result_queue_init(&q, 0), 0);
    for (int turn = 0; turn < 3; turn++) {
        assert_true(result_queue_credit(&q));
        struct result *r = result_at(0, RESULT_QUEUE_WAKE);
        push(&q, r);
        assert_ptr_equal(result_take(&q, &closed, HOUR_NS), r);
        result_queue_release(&q, r->size);
        result_free(r);
    }
    result_queue_cleanup(&q);
}

/* ---- the queue between threads; an hour's wait that is not ended by a wake-up fails by ctest's
 * time-out ---- */

struct producer {
    struct result_queue *q;
    uint64_t number;
    size_t text_len;
    _Atomic unsigned *left; /* producers that have not ended; the last one closes */
};

static void *produce(void *arg)
{
    struct producer *p = arg;
    for (uint64_t i = 0; i < EACH; i++) {
        while (!result_queue_credit(p->q))
            ; /* full: the taker makes room */
        push(p->q, result_at(p->number * EACH + i, p->text_len));
    }
    if (atomic_fetch_sub(p->left, 1) == 1)
        result_queue_close(p->q);
    return NULL;
}

/* takes until the queue is closed; every position once, those of one producer in its order */
static void take_all(struct result_queue *q)
{
    uint64_t next[THREADS] = {0};
    for (bool closed = false; !closed;) {
        struct result *following;
        for (struct result *r = result_take(q, &closed, HOUR_NS); r != NULL; r = following) {
            uint64_t who = r->record.position / EACH;
            assert_true(who < THREADS && r->record.position % EACH == next[who]);
            next[who]++;
            following = r->next;
            result_queue_release(q, r->size);
            result_free(r);
        }
    }
    for (size_t i = 0; i < THREADS; i++)
        assert_true(next[i] == EACH);
}

static void many_threads(void **state)
{
    (void)state;
    /* the last one fills the queue: 160 MB go through 64 */
    static const size_t lens[] = {0, 200, 8000};
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        struct result_queue q;
        _Atomic unsigned left = THREADS;
        struct producer producers[THREADS];
        pthread_t threads[THREADS];
        assert_int_equal(result_queue_init(&q, 0), 0);
        for (size_t t = 0; t < THREADS; t++) {
            producers[t] = (struct producer){&q, t, lens[i], &left};
            assert_int_equal(pthread_create(&threads[t], NULL, produce, &producers[t]), 0);
        }
        take_all(&q);
        for (size_t t = 0; t < THREADS; t++)
            pthread_join(threads[t], NULL);
        assert_true(atomic_load(&q.bytes) == 0);
        result_queue_cleanup(&q);
    }
}

static void *close_it(void *arg)
{
    result_queue_close(arg);
    return NULL;
}

static void close_wakes(void **state)
{
    (void)state;
    for (int i = 0; i < 200; i++) {
        struct result_queue q;
        pthread_t thread;
        bool closed = false;
        assert_int_equal(result_queue_init(&q, 0), 0);
        assert_int_equal(pthread_create(&thread, NULL, close_it, &q), 0);
        assert_null(result_take(&q, &closed, HOUR_NS));
        assert_true(closed);
        pthread_join(thread, NULL);
        result_queue_cleanup(&q);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_leaves),
        cmocka_unit_test(keeps_texts),           cmocka_unit_test(keeps_certificates),
        cmocka_unit_test(keeps_names),           cmocka_unit_test(events),
        cmocka_unit_test(events_are_bounded),    cmocka_unit_test(credit),
        cmocka_unit_test(push_settles),          cmocka_unit_test(first_in_first_out),
        cmocka_unit_test(closed_queue),          cmocka_unit_test(cleanup_frees),
        cmocka_unit_test(much_is_taken_at_once), cmocka_unit_test(many_threads),
        cmocka_unit_test(close_wakes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
