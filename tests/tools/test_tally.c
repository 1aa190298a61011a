#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "tools/tally.h"

static void counts_by_number(void **state)
{
    (void)state;
    struct tally t;
    tally_init(&t);
    assert_int_equal(tally_get(&t, 7), 0);
    tally_add(&t, 7, 0);
    assert_int_equal(t.num, 0);
    for (uint64_t i = 0; i < 1000; i++)
        tally_add(&t, i % 100 << 40, i);
    assert_int_equal(t.num, 100);
    assert_int_equal(tally_sum(&t), 999 * 1000 / 2);
    assert_int_equal(tally_get(&t, UINT64_C(3) << 40),
                     3 + 103 + 203 + 303 + 403 + 503 + 603 + 703 + 803 + 903);
    assert_int_equal(tally_get(&t, 3), 0);
    tally_cleanup(&t);
    assert_int_equal(tally_sum(&t), 0);
}

/* where a key is sought first may be another's: it is found all the same; looking ahead changes
 * nothing */
static void keys_in_one_place(void **state)
{
    (void)state;
    struct tally t;
    tally_init(&t);
    tally_near(&t, 1);
    tally_add(&t, 1, 0);
    assert_int_equal(t.num, 0);
    uint64_t keys[4], num = 0;
    tally_add(&t, 1, 1);
    for (uint64_t key = 2; num < 4; key++)
        if (tally_slot(&t, key) == tally_slot(&t, 1))
            keys[num++] = key;
    for (unsigned round = 0; round < 3; round++)
        for (size_t i = 0; i < num; i++) {
            tally_near(&t, keys[i]);
            tally_add(&t, keys[i], i + 1);
        }
    for (size_t i = 0; i < num; i++)
        assert_int_equal(tally_get(&t, keys[i]), 3 * (i + 1));
    assert_int_equal(tally_get(&t, 1), 1);
    assert_int_equal(t.num, 5);
    tally_cleanup(&t);
}

static void next_gives_each_key_once(void **state)
{
    (void)state;
    struct tally t;
    struct tally_row row;
    uint64_t keys = 0, sum = 0;
    tally_init(&t);
    size_t at = 0;
    assert_false(tally_next(&t, &at, &row));
    for (uint64_t i = 0; i < 50; i++)
        tally_add(&t, i, i + 1);
    for (at = 0; tally_next(&t, &at, &row); keys++) {
        assert_int_equal(row.count, row.key + 1);
        sum += row.count;
    }
    assert_int_equal(keys, 50);
    assert_int_equal(sum, tally_sum(&t));
    tally_cleanup(&t);
}

static void merged_parts_are_the_whole(void **state)
{
    (void)state;
    struct tally whole, a, b;
    tally_init(&whole);
    tally_init(&a);
    tally_init(&b);
    for (uint64_t i = 0; i < 300; i++) {
        tally_add(&whole, i * i % 37, i);
        tally_add(i % 2 == 0 ? &a : &b, i * i % 37, i);
    }
    tally_merge(&b, &a);
    assert_int_equal(b.num, whole.num);
    for (uint64_t key = 0; key < 37; key++)
        assert_int_equal(tally_get(&b, key), tally_get(&whole, key));
    tally_cleanup(&whole);
    tally_cleanup(&a);
    tally_cleanup(&b);
}

static void counts_by_word(void **state)
{
    (void)state;
    struct word_tally t;
    word_tally_init(&t);
    assert_int_equal(word_tally_find(&t, bytes_text("x")), WORD_NONE);
    for (unsigned i = 0; i < 1000; i++) {
        char word[16];
        snprintf(word, sizeof word, "w%u", i % 100);
        assert_int_equal(word_tally_add(&t, bytes_text(word), i), i % 100);
    }
    assert_int_equal(t.num, 100);
    assert_int_equal(t.words[5].count, 5 + 105 + 205 + 305 + 405 + 505 + 605 + 705 + 805 + 905);
    assert_int_equal(word_tally_find(&t, bytes_text("w42")), 42);
    assert_int_equal(word_tally_find(&t, bytes_text("w4")), 4);
    assert_int_equal(word_tally_find(&t, bytes_text("w")), WORD_NONE);
    word_tally_cleanup(&t);
}

static void words_are_octets(void **state)
{
    (void)state;
    struct word_tally t, other;
    word_tally_init(&t);
    word_tally_init(&other);
    assert_int_equal(word_tally_add(&t, bytes_of(NULL, 0), 1), 0);
    assert_int_equal(word_tally_add(&t, bytes_of("a\0b", 3), 1), 1);
    assert_int_equal(word_tally_add(&t, bytes_of("a\0c", 3), 1), 2);
    assert_int_equal(word_tally_add(&t, bytes_of("a", 1), 1), 3);
    word_tally_add(&other, bytes_of("a\0c", 3), 5);
    word_tally_add(&other, bytes_text("new"), 6);
    word_tally_merge(&t, &other);
    assert_int_equal(t.num, 5);
    assert_int_equal(t.words[2].count, 6);
    assert_int_equal(t.words[4].count, 6);
    word_tally_cleanup(&t);
    word_tally_cleanup(&other);
}

/* words of which each would have the same hash if that were known before */
static void words_do_not_crowd(void **state)
{
    enum { NUM_WORDS = 40000 };
    struct word_tally t;
    (void)state;
    word_tally_init(&t);
    for (uint64_t i = 0; i < NUM_WORDS; i++) {
        uint64_t h = (16 ^ i) * UINT64_C(0x9e3779b97f4a7c15);
        uint64_t parts[2] = {i, h ^ h >> 29};
        assert_int_equal(word_tally_add(&t, bytes_of(parts, sizeof parts), 1), i);
    }
    assert_int_equal(t.num, NUM_WORDS);
    assert_true(t.words[0].hash != t.words[1].hash || t.words[1].hash != t.words[2].hash);
    word_tally_cleanup(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_by_number),         cmocka_unit_test(keys_in_one_place),
        cmocka_unit_test(next_gives_each_key_once), cmocka_unit_test(merged_parts_are_the_whole),
        cmocka_unit_test(words_do_not_crowd),       cmocka_unit_test(counts_by_word),
        cmocka_unit_test(words_are_octets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
