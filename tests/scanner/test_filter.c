/*
 * filter: what special-purpose ranges, blocklist and allowlist refuse, alone and together; and a
 * slot whose filter is renewed while others ask: each has the newest, an older one lives as long as
 * somebody holds it, and none is left behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "scanner/filter.h"

#define LENGTH(a) (sizeof(a) / sizeof(a)[0])

enum { READERS = 4, GENERATIONS = 2000 };

/* adds comma-separated ranges; "" leaves set empty */
static void fill(struct prefix_set *set, const char *ranges)
{
    prefix_set_init(set);
    while (*ranges != '\0') {
        struct addr_range range;
        const char *why = "";
        size_t len = strcspn(ranges, ",");
        if (!addr_range_parse(&range, &why, ranges, len))
            fail_msg("%s: %s", ranges, why);
        assert_int_equal(prefix_set_add(set, range), 0);
        ranges += len + (ranges[len] == ',');
    }
    prefix_set_seal(set);
}

static struct addr addr_of(const char *text)
{
    struct addr a = {0, 0};
    if (!addr_parse(&a, text, strlen(text)))
        fail_msg("%s", text);
    return a;
}

/* ---- one filter ---- */

struct filter_case {
    const char *special, *block, *allow; /* NULL: there is none; of the blocklist: empty */
    const char *refused[6], *allowed[6];
};

static const struct filter_case cases[] = {
    {NULL, "", NULL, {NULL}, {"192.0.2.1", "0.0.0.0", "2001:db8::1", "::"}},
    {NULL,
     "192.0.2.0/24,2001:db8:1::/48",
     NULL,
     {"192.0.2.0", "192.0.2.255", "2001:db8:1::", "2001:db8:1:ffff::1"},
     {"192.0.1.255", "192.0.3.0", "2001:db8:2::1"}},
    /* an address with a blocked one inside it goes to the same network */
    {NULL,
     "192.0.2.0/24",
     NULL,
     {"::ffff:192.0.2.1", "2002:c000:201::1", "64:ff9b::192.0.2.1"},
     {"2002:c000:301::1", "64:ff9b::192.0.3.1"}},
    {"127.0.0.0/8,::1",
     "",
     NULL,
     {"127.0.0.1", "::1", "2002:7f00:1::1", "64:ff9b::127.0.0.1"},
     {"192.0.2.1", "::2"}},
    {"127.0.0.0/8",
     "192.0.2.0/24",
     NULL,
     {"127.0.0.1", "192.0.2.1", "2002:7f00:1::1", "2002:c000:201::1"},
     {"198.51.100.1"}},
    {NULL,
     "",
     "198.51.100.0/24,2001:db8::/32",
     {"192.0.2.1", "198.51.101.0", "2001:db9::1"},
     {"198.51.100.0", "198.51.100.255", "2001:db8::1"}},
    {NULL, "", "", {"192.0.2.1", "::1", "2001:db8::1"}, {NULL}}, /* nothing is allowed */
    /* what is allowed may be blocked, and special */
    {"198.51.100.7",
     "198.51.100.0/28",
     "198.51.100.0/24",
     {"198.51.100.0", "198.51.100.15", "198.51.100.7", "192.0.2.1"},
     {"198.51.100.16", "198.51.100.255"}},
    {"0.0.0.0/0", "", "198.51.100.0/24", {"198.51.100.1", "192.0.2.1"}, {NULL}},
};

static struct filter *filter_of(struct prefix_set sets[2], const struct filter_case *c)
{
    struct prefix_set block;
    fill(&block, c->block);
    fill(&sets[0], c->special != NULL ? c->special : "");
    fill(&sets[1], c->allow != NULL ? c->allow : "");
    struct filter *f = filter_new(c->special != NULL ? &sets[0] : NULL, &block,
                                  c->allow != NULL ? &sets[1] : NULL);
    assert_non_null(f);
    assert_int_equal(block.num, 0); /* it was taken: freeing it again does no harm */
    prefix_set_cleanup(&block);
    return f;
}

static void refusals(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        const struct filter_case *c = &cases[i];
        struct prefix_set sets[2];
        struct filter *f = filter_of(sets, c);
        for (size_t k = 0; k < LENGTH(c->refused) && c->refused[k] != NULL; k++)
            if (!filter_refuses(f, addr_of(c->refused[k])))
                fail_msg("case %zu: %s is not refused", i, c->refused[k]);
        for (size_t k = 0; k < LENGTH(c->allowed) && c->allowed[k] != NULL; k++)
            if (filter_refuses(f, addr_of(c->allowed[k])))
                fail_msg("case %zu: %s is refused", i, c->allowed[k]);
        filter_unref(f);
        prefix_set_cleanup(&sets[0]);
        prefix_set_cleanup(&sets[1]);
    }
}

/* every address around every edge: refused as the three sets say by themselves */
static void edges(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct prefix_set sets[2], block;
        struct filter *f = filter_of(sets, &cases[i]);
        fill(&block, cases[i].block);
        for (uint32_t a = 0; a < 4 * 256; a++) {
            struct addr addr = addr_v4(0xc633637f + a); /* from 198.51.99.127 on */
            bool special = cases[i].special != NULL && prefix_set_contains(&sets[0], addr);
            bool allowed = cases[i].allow == NULL || prefix_set_contains(&sets[1], addr);
            bool blocked = prefix_set_contains(&block, addr);
            assert_int_equal(filter_refuses(f, addr), special || blocked || !allowed);
        }
        filter_unref(f);
        prefix_set_cleanup(&block);
        prefix_set_cleanup(&sets[0]);
        prefix_set_cleanup(&sets[1]);
    }
}

static void none(void **state)
{
    (void)state;
    assert_false(filter_refuses(NULL, addr_of("127.0.0.1")));
    filter_unref(NULL);
}

/* ---- a slot ---- */

/* of generation n: refuses 10.(n / 256).(n % 256).1, and no other of that kind */
static struct filter *filter_number(unsigned n)
{
    struct prefix_set block;
    struct addr a = addr_v4(0x0a000001 | n << 8);
    prefix_set_init(&block);
    assert_int_equal(prefix_set_add(&block, (struct addr_range){a, a}), 0);
    prefix_set_seal(&block);
    struct filter *f = filter_new(NULL, &block, NULL);
    assert_non_null(f);
    return f;
}

static bool is_number(const struct filter *f, unsigned n)
{
    return filter_refuses(f, addr_v4(0x0a000001 | n << 8));
}

static void slot(void **state)
{
    (void)state;
    struct filter_slot s;
    struct filter *mine = NULL;
    unsigned version = 0;
    assert_int_equal(filter_slot_init(&s, filter_number(0)), 0);
    filter_slot_get(&s, &mine, &version);
    assert_true(is_number(mine, 0));

    struct filter *same = mine;
    filter_slot_get(&s, &mine, &version);
    assert_ptr_equal(mine, same); /* there is no newer one */

    filter_slot_set(&s, filter_number(1));
    assert_true(is_number(mine, 0)); /* until it is asked for */
    filter_slot_get(&s, &mine, &version);
    assert_true(is_number(mine, 1) && !is_number(mine, 0));

    filter_slot_set(&s, filter_number(2));
    filter_slot_set(&s, filter_number(3));
    filter_slot_get(&s, &mine, &version);
    assert_true(is_number(mine, 3)); /* the newest, not the next */
    filter_slot_cleanup(&s);
    assert_true(is_number(mine, 3)); /* lives as long as it is held */
    filter_unref(mine);
}

/* a sweep may need no filter at first, and none any more */
static void empty_slot(void **state)
{
    (void)state;
    struct filter_slot s;
    struct filter *mine = NULL;
    unsigned version = 0;
    assert_int_equal(filter_slot_init(&s, NULL), 0);
    filter_slot_get(&s, &mine, &version);
    assert_null(mine);
    filter_slot_set(&s, filter_number(5));
    filter_slot_get(&s, &mine, &version);
    assert_true(is_number(mine, 5));
    filter_slot_set(&s, NULL);
    filter_slot_get(&s, &mine, &version);
    assert_null(mine);
    filter_slot_cleanup(&s);
}

/* what was never asked for is freed with the slot: the leak checker sees it */
static void unread_slot(void **state)
{
    (void)state;
    struct filter_slot s;
    assert_int_equal(filter_slot_init(&s, filter_number(1)), 0);
    filter_slot_set(&s, filter_number(2));
    filter_slot_cleanup(&s);
}

/* ---- threads ---- */

struct reader {
    struct filter_slot *slot;
    _Atomic unsigned *newest;
    unsigned last; /* generation that was seen last */
    size_t num_wrong;
};

/* Asks until the last generation is there. What it gets is whole, never older than the one before,
 * nor than what was set before it asked. */
static void *read_slot(void *arg)
{
    struct reader *r = arg;
    struct filter *mine = NULL;
    unsigned version = 0;
    while (r->last != GENERATIONS) {
        unsigned set_before = atomic_load(r->newest);
        filter_slot_get(r->slot, &mine, &version);
        unsigned n = r->last > set_before ? r->last : set_before;
        while (n <= GENERATIONS && !is_number(mine, n))
            n++;
        if (n > GENERATIONS || (n > 0 && is_number(mine, n - 1))) {
            r->num_wrong++;
            break;
        }
        r->last = n;
    }
    filter_unref(mine);
    return NULL;
}

static void threads(void **state)
{
    (void)state;
    struct filter_slot s;
    struct reader readers[READERS];
    pthread_t ids[READERS];
    _Atomic unsigned newest;
    atomic_init(&newest, 0);
    assert_int_equal(filter_slot_init(&s, filter_number(0)), 0);
    for (size_t i = 0; i < READERS; i++) {
        readers[i] = (struct reader){.slot = &s, .newest = &newest};
        assert_int_equal(pthread_create(&ids[i], NULL, read_slot, &readers[i]), 0);
    }
    for (unsigned n = 1; n <= GENERATIONS; n++) {
        filter_slot_set(&s, filter_number(n));
        atomic_store(&newest, n);
    }
    for (size_t i = 0; i < READERS; i++) {
        pthread_join(ids[i], NULL);
        assert_int_equal(readers[i].num_wrong, 0);
        assert_int_equal(readers[i].last, GENERATIONS);
    }
    filter_slot_cleanup(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refusals), cmocka_unit_test(edges),      cmocka_unit_test(none),
        cmocka_unit_test(slot),     cmocka_unit_test(empty_slot), cmocka_unit_test(unread_slot),
        cmocka_unit_test(threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
