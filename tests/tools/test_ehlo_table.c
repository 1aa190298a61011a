/* ehlo_table: what a reply offers makes its class; what it says beside makes none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/anomalies.h"
#include "tools/ehlo_table.h"

static const struct {
    const char *reply, *class;
    bool starttls;
} cases[] = {
    {"250 mx\r\n", "", false},
    {"250-mx\r\n250 STARTTLS\r\n", "STARTTLS\n", true},
    {"250-mx\r\n250-starttls\r\n250 8bitmime\r\n", "8BITMIME\nSTARTTLS\n", true},
    {"250 STARTTLS\r\n", "STARTTLS\n", true},
    {"250-mx\r\n250-SIZE\r\n250 DSN\r\n", "DSN\nSIZE\nSIZE=\n", false},
    {"250-mx\r\n250-SIZE 0\r\n250 DSN\r\n", "DSN\nSIZE\nSIZE=0\n", false},
    {"250-mx\r\n250 SIZE 0035882577\r\n", "SIZE\nSIZE=35882577\n", false},
    {"250-mx\r\n250 SIZE many\r\n", "SIZE\nSIZE=?\n", false},
    {"250-mx\r\n250 SIZE 123456789012345678901\r\n", "SIZE\nSIZE=?\n", false},
    {"250-mx\r\n250 AUTH LOGIN plain LOGIN\r\n", "AUTH\nAUTH=LOGIN\nAUTH=PLAIN\n", false},
    {"250-mx\r\n250-AUTH=LOGIN\r\n250 AUTH PLAIN\r\n", "AUTH\nAUTH=LOGIN\nAUTH=PLAIN\n", false},
    {"250-mx\r\n250 AUTH \x1b[2J\r\n", "AUTH\nAUTH=?\n", false},
    {"250-mx\r\n250-\x80\x9b\r\n250 HELP\r\n", "?\nHELP\n", false},
    {"250-mx\r\n250-XXXXXXXA\r\n250 HELP\r\n",
     "!keyword-masked\n!starttls-masked\nHELP\nXXXXXXXA\n", false},
    {"250-mx\n250 SIZE 5", "SIZE\nSIZE=5\n", false},
};
enum { NUM_CASES = sizeof cases / sizeof cases[0] };

static void classes(void **state)
{
    (void)state;
    struct ehlo_table t;
    ehlo_table_init(&t);
    for (unsigned round = 0; round < 2; round++)
        for (size_t i = 0; i < NUM_CASES; i++) {
            uint32_t class = ehlo_table_add(&t, bytes_text(cases[i].reply));
            struct bytes text = t.classes.words[class].text;
            if (!bytes_equal(text, bytes_text(cases[i].class)))
                fail_msg("%s: %.*s", cases[i].reply, (int)text.len, (const char *)text.data);
            assert_int_equal(t.facts[class].starttls, cases[i].starttls);
        }
    ehlo_table_cleanup(&t);
}

static void names_make_no_class(void **state)
{
    (void)state;
    struct ehlo_table t;
    ehlo_table_init(&t);
    for (unsigned i = 0; i < 1000; i++) {
        char reply[128];
        snprintf(reply, sizeof reply,
                 "250-mx%u.example.com hello\r\n250-STARTTLS\r\n250 SIZE 10\r\n", i);
        assert_int_equal(ehlo_table_add(&t, bytes_text(reply)), 0);
    }
    assert_int_equal(t.classes.num, 1);
    assert_int_equal(t.tails.num, 1);
    ehlo_table_cleanup(&t);
}

static void merged_tables_keep_their_classes(void **state)
{
    (void)state;
    struct ehlo_table a, b;
    uint32_t indexes[NUM_CASES];
    ehlo_table_init(&a);
    ehlo_table_init(&b);
    for (size_t i = 0; i < NUM_CASES; i++)
        ehlo_table_add(i % 2 ? &a : &b, bytes_text(cases[i].reply));
    ehlo_table_merge(&a, indexes, &b);
    for (size_t i = 0; i < b.classes.num; i++) {
        assert_true(bytes_equal(a.classes.words[indexes[i]].text, b.classes.words[i].text));
        assert_int_equal(a.facts[indexes[i]].starttls, b.facts[i].starttls);
        assert_int_equal(a.facts[indexes[i]].anomalies, b.facts[i].anomalies);
    }
    assert_false(a.bad);
    ehlo_table_cleanup(&a);
    ehlo_table_cleanup(&b);
}

/* values without number crowd out no anomaly: each class has one answer */
static void anomalies_are_of_the_class(void **state)
{
    (void)state;
    static const char *const firsts[] = {"250-mx\r\n250-****\r\n250 AUTH",
                                         "250-mx\r\n250-$$$$\r\n250 AUTH"};
    struct ehlo_table t;
    uint32_t classes[2];
    ehlo_table_init(&t);
    for (size_t i = 0; i < 2; i++) {
        char reply[8192];
        size_t len = (size_t)snprintf(reply, sizeof reply, "%s", firsts[i]);
        for (unsigned k = 0; k < 600; k++)
            len += (size_t)snprintf(reply + len, sizeof reply - len, " A%u", k);
        classes[i] = ehlo_table_add(&t, bytes_of(reply, len));
    }
    assert_int_not_equal(classes[0], classes[1]);
    assert_int_not_equal(t.facts[classes[0]].anomalies, 0);
    assert_int_equal(t.facts[classes[1]].anomalies, 0);
    ehlo_table_cleanup(&t);
}

/* any octets, cut anywhere: bounded, and the same each time */
static void hostile_replies(void **state)
{
    (void)state;
    static uint8_t junk[1 << 16];
    struct ehlo_table t, u;
    uint32_t random = 7;
    ehlo_table_init(&t);
    ehlo_table_init(&u);
    for (size_t i = 0; i < sizeof junk; i++) {
        random = random * 1664525u + 1013904223u;
        junk[i] = (uint8_t)(random >> 16);
        if (random >> 24 < 40)
            junk[i] = (uint8_t) "250- \r\nSIZE=AUTH"[random >> 20 & 15];
    }
    for (size_t len = 0; len < sizeof junk; len = len < 512 ? len + 1 : 2 * len + 1) {
        uint8_t *copy = malloc(len + 1); /* so that a sanitizer sees what is read beyond */
        memcpy(copy, junk, len);
        uint32_t first = ehlo_table_add(&t, bytes_of(copy, len));
        uint32_t second = ehlo_table_add(&u, bytes_of(junk, len));
        assert_true(bytes_equal(t.classes.words[first].text, u.classes.words[second].text));
        free(copy);
    }
    for (size_t i = 0; i < NUM_CASES; i++)
        for (size_t len = 0; len <= strlen(cases[i].reply); len++)
            ehlo_table_add(&t, bytes_of(cases[i].reply, len));
    assert_false(t.bad);
    ehlo_table_cleanup(&t);
    ehlo_table_cleanup(&u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes),
        cmocka_unit_test(names_make_no_class),
        cmocka_unit_test(merged_tables_keep_their_classes),
        cmocka_unit_test(anomalies_are_of_the_class),
        cmocka_unit_test(hostile_replies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
