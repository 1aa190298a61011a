/* errand: texts are copied with a NUL behind them; lists keep their order however they are cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "scanner/errand.h"

#define LENGTH(a) (sizeof(a) / sizeof(a)[0])

static const struct {
    const char *host, *tag;
} texts[] = {
    {"", ""},
    {"mx.example.com", ""},
    {"", "a tag"},
    {"mx.example.com", "a tag"},
};

static void copies_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(texts); i++) {
        char *host = strdup(texts[i].host), *tag = strdup(texts[i].tag);
        assert_non_null(host);
        assert_non_null(tag);
        struct target target = {.addr = addr_v4(0xc0000201 + (uint32_t)i),
                                .port = 25,
                                .host = bytes_of(host, strlen(host)),
                                .tag = bytes_of(tag, strlen(tag))};
        struct errand *e = errand_new(i, &target);
        free(host);
        free(tag);
        assert_non_null(e);
        assert_int_equal(e->position, i);
        assert_false(e->skip);
        assert_int_equal(addr_cmp(e->target.addr, target.addr), 0);
        assert_int_equal(e->target.port, 25);
        assert_int_equal(e->target.host.len, strlen(texts[i].host));
        assert_string_equal((const char *)e->target.host.data, texts[i].host);
        assert_int_equal(e->target.tag.len, strlen(texts[i].tag));
        assert_string_equal((const char *)e->target.tag.data, texts[i].tag);
        errand_free(e);
    }
}

/* a text without octets may be NULL */
static void takes_no_texts(void **state)
{
    (void)state;
    struct target target = {.addr = addr_v4(0xc0000201), .port = 25};
    struct errand *e = errand_new(7, &target);
    assert_non_null(e);
    assert_int_equal(e->target.host.len + e->target.tag.len, 0);
    errand_free(e);
}

static void skips(void **state)
{
    (void)state;
    struct errand *e = errand_new(UINT64_C(1) << 47, NULL);
    assert_non_null(e);
    assert_true(e->skip);
    assert_true(e->position == UINT64_C(1) << 47);
    errand_free(e);
}

static void fill(struct errand_list *list, uint64_t first, size_t num)
{
    errand_list_init(list);
    for (size_t i = 0; i < num; i++)
        errand_list_add(list, errand_new(first + i, NULL));
}

/* the list holds positions first, first + 1, ..., and its end is where the next goes */
static void check(struct errand_list *list, uint64_t first, size_t num)
{
    struct errand **at = &list->first;
    assert_int_equal(list->num, num);
    for (size_t i = 0; i < num; i++, at = &(*at)->next) {
        assert_non_null(*at);
        assert_int_equal((*at)->position, first + i);
    }
    assert_null(*at);
    assert_ptr_equal(list->last, at);
}

static void moves(void **state)
{
    enum { MAX = 4 };
    (void)state;
    for (size_t have = 0; have <= MAX; have++) {
        for (size_t come = 0; come <= MAX; come++) {
            for (size_t max = 0; max <= MAX + 1; max++) {
                struct errand_list list, from;
                size_t moved = max < come ? max : come;
                fill(&list, 0, have);
                fill(&from, have, come);
                errand_list_move(&list, &from, max);
                check(&list, 0, have + moved);
                check(&from, have + moved, come - moved);
                errand_list_add(&from, errand_new(have + come, NULL));
                check(&from, have + moved, come - moved + 1);
                errand_list_cleanup(&list);
                check(&list, 0, 0);
                errand_list_cleanup(&from);
            }
        }
    }
}

static void takes(void **state)
{
    enum { NUM = 5 };
    (void)state;
    for (size_t max = 0; max <= NUM + 1; max++) {
        struct errand_list list, taken;
        size_t num = max < NUM ? max : NUM;
        fill(&list, 0, NUM);
        struct errand *first = errand_list_take(&list, max);
        check(&list, num, NUM - num);
        errand_list_init(&taken);
        for (struct errand *next; first != NULL; first = next) {
            next = first->next;
            errand_list_add(&taken, first);
        }
        check(&taken, 0, num);
        errand_list_cleanup(&list);
        errand_list_cleanup(&taken);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_texts), cmocka_unit_test(takes_no_texts), cmocka_unit_test(skips),
        cmocka_unit_test(moves),        cmocka_unit_test(takes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
