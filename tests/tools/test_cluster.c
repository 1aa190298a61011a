/* cluster: what makes targets alike, and tables of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tools/cluster.h"

static uint64_t keywords_of(const char *reply)
{
    struct extensions k;
    extensions_read(&k, bytes_text(reply));
    return cluster_keywords(&k);
}

static void keywords_are_a_set(void **state)
{
    (void)state;
    static const struct {
        const char *reply;
        bool same;
    } cases[] = {
        {"250-b\r\n250-STARTTLS\r\n250-SIZE 9\r\n250 DSN\r\n", true},
        {"250-b\r\n250-dsn\r\n250-size 1000\r\n250-SIZE\r\n250 starttls\r\n", true},
        {"250-b\r\n250-STARTTLS\r\n250 SIZE 9\r\n", false},
        {"250-b\r\n250-STARTTLS\r\n250-SIZE 9\r\n250-DSN\r\n250 X\r\n", false},
        {"250-b\r\n250-STARTTLS\r\n250-SIZEDSN\r\n250 \xff\r\n", false},
        {"250 b\r\n", false},
    };
    uint64_t expected = keywords_of("250-a\r\n250-SIZE 9\r\n250-DSN\r\n250 STARTTLS\r\n");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if ((keywords_of(cases[i].reply) == expected) != cases[i].same)
            fail_msg("%s", cases[i].reply);
}

/* key i of 3, greeting j, keywords k */
static struct cluster_key nth(unsigned i, unsigned j, unsigned k)
{
    uint8_t spki[32] = {(uint8_t)i, 1, 2, 3};
    return cluster_key_of(spki, j, k);
}

static void each_part_tells(void **state)
{
    (void)state;
    struct cluster_key keys[27];
    for (unsigned i = 0; i < 27; i++)
        keys[i] = nth(i / 9, i / 3 % 3, i % 3);
    for (unsigned i = 0; i < 27; i++)
        for (unsigned k = 0; k < i; k++) {
            assert_true(keys[i].hi != keys[k].hi || keys[i].lo != keys[k].lo);
            assert_true(cluster_number(keys[i]) != cluster_number(keys[k]));
        }
    assert_true(cluster_number((struct cluster_key){0, 0}) != 0);
}

static const struct cluster *find(const struct cluster_table *t, struct cluster_key key)
{
    for (size_t i = 0; i < t->cap; i++)
        if (t->slots[i].targets > 0 && t->slots[i].key.hi == key.hi && t->slots[i].key.lo == key.lo)
            return &t->slots[i];
    fail_msg("a cluster is not there");
    return NULL;
}

/* 500 clusters, dealt out to parts that number their templates otherwise */
static void merged_parts_are_the_whole(void **state)
{
    (void)state;
    enum { NUM = 500, PARTS = 3 };
    static const char *const texts[] = {"* ESMTP Postfix", "* ESMTP", ""};
    struct cluster_table whole, parts[PARTS];
    cluster_table_init(&whole);
    for (unsigned p = 0; p < PARTS; p++) {
        cluster_table_init(&parts[p]);
        for (unsigned i = 0; i < NUM; i++) {
            struct cluster c = {.key = nth(i % 256, i / 256, 0), .pq = (uint8_t)(1 << p)};
            c.targets = (i + p) % 4;
            if (i % 7 != 0)
                c.greeting = cluster_table_template(&parts[p], bytes_text(texts[(i + p) % PARTS]));
            cluster_table_add(&parts[p], &c);
        }
        cluster_table_merge(&whole, &parts[p]);
        cluster_table_cleanup(&parts[p]);
    }
    assert_false(whole.bad);
    assert_int_equal(whole.num, NUM);
    assert_int_equal(whole.templates.num, PARTS);
    for (unsigned i = 0; i < NUM; i++) {
        const struct cluster *c = find(&whole, nth(i % 256, i / 256, 0));
        uint64_t targets = 0;
        unsigned pq = 0;
        for (unsigned p = 0; p < PARTS; p++) {
            targets += (i + p) % 4;
            pq |= (i + p) % 4 > 0 ? 1U << p : 0;
        }
        assert_int_equal(c->targets, targets);
        assert_int_equal(c->pq, pq);
        assert_true((c->greeting == 0) == (i % 7 == 0));
    }
    cluster_table_clear(&whole);
    assert_int_equal(whole.num + whole.cap, 0);
    assert_int_equal(whole.templates.num, PARTS);
    cluster_table_cleanup(&whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keywords_are_a_set),
        cmocka_unit_test(each_part_tells),
        cmocka_unit_test(merged_parts_are_the_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
