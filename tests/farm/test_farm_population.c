/* population: weights from files, and who lives where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/outcome.h"
#include "tools/farm/population.h"

enum { BLOCK = POPULATION_BLOCK };

static struct population with_seed(uint64_t seed)
{
    struct population p;
    assert_int_equal(population_init(&p, seed), 0);
    return p;
}

static size_t index_of(const struct behaviour *b)
{
    return (size_t)(b - behaviour_at(0));
}

/* count_block counts how often each behaviour lives in the block that begins at first; the caller
 * frees. */
static unsigned *count_block(const struct population *p, struct addr first)
{
    unsigned *counts = calloc(num_behaviours(), sizeof counts[0]);
    assert_non_null(counts);
    for (uint64_t i = 0; i < BLOCK; i++)
        counts[index_of(population_choose(p, addr_add(first, i)))]++;
    return counts;
}

static void test_blocks_hold_everybody_in_proportion(void **state)
{
    (void)state;
    static const uint64_t seeds[] = {0, 1, 7, UINT64_MAX};
    for (size_t s = 0; s < 4; s++) {
        struct population p = with_seed(seeds[s]);
        assert_true(p.sum <= BLOCK); /* so that no weight is too small for a block */
        for (uint32_t block = 0; block < 8; block++) {
            unsigned *counts = count_block(&p, addr_v4(0x7f000000U + block * BLOCK));
            for (size_t i = 0; i < num_behaviours(); i++) {
                uint64_t floor = (uint64_t)p.weights[i] * BLOCK / p.sum;
                assert_in_range(counts[i], floor, p.weights[i] == 0 ? 0 : floor + 1);
                assert_true(p.weights[i] == 0 || counts[i] > 0);
            }
            free(counts);
        }
        population_cleanup(&p);
    }
}

static void test_ipv6_blocks(void **state)
{
    (void)state;
    struct population p = with_seed(3);
    struct addr first;
    assert_true(addr_parse(&first, "fd00::7000", 10));
    unsigned *counts = count_block(&p, first);
    for (size_t i = 0; i < num_behaviours(); i++)
        assert_true((counts[i] > 0) == (p.weights[i] > 0));
    free(counts);
    population_cleanup(&p);
}

static unsigned num_equal(const struct population *p, struct addr a, const struct population *q,
                          struct addr b)
{
    unsigned equal = 0;
    for (uint64_t i = 0; i < BLOCK; i++)
        equal += population_choose(p, addr_add(a, i)) == population_choose(q, addr_add(b, i));
    return equal;
}

static void test_seed_and_block_shuffle(void **state)
{
    (void)state;
    struct population p = with_seed(1), same = with_seed(1), other = with_seed(2);
    struct addr here = addr_v4(0x7f100000), there = addr_v4(0x7f200000);
    assert_int_equal(num_equal(&p, here, &same, here), BLOCK);
    assert_true(num_equal(&p, here, &other, here) < BLOCK / 4);
    assert_true(num_equal(&p, here, &p, there) < BLOCK / 4);
    population_cleanup(&p);
    population_cleanup(&same);
    population_cleanup(&other);
}

/* the same seed means the same farm for ever: datasets and reports name it */
static void test_frozen(void **state)
{
    (void)state;
    static const struct {
        uint32_t addr;
        const char *name;
    } cases[] = {
        {0x7f000000, "fin-ehlo"}, {0x7f000001, "expired"}, {0x7f000002, "fin-ehlo"},
        {0x7f000003, "expired"},  {0x7f000004, "expired"}, {0x7f000005, "expired"},
    };
    struct population p = with_seed(1);
    assert_true(population_only(&p, "fin-ehlo"));
    p.weights[behaviour_find("bench", 5)] = 1;
    p.weights[behaviour_find("expired", 7)] = 2;
    p.sum = 4;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(population_choose(&p, addr_v4(cases[i].addr))->name, cases[i].name);
    population_cleanup(&p);
}

static void test_only(void **state)
{
    (void)state;
    struct population p = with_seed(9);
    assert_false(population_only(&p, "no-such-behaviour"));
    assert_false(population_only(&p, ""));
    assert_true(p.sum > 1);
    assert_true(population_only(&p, "bench"));
    for (uint32_t i = 0; i < 1000; i++)
        assert_string_equal(population_choose(&p, addr_v4(0x7f000001 + i * 77))->name, "bench");
    population_cleanup(&p);
}

/* ---- files ---- */

static void write_file(char path[], const char *text, size_t len)
{
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, len), (ssize_t)len);
    close(fd);
}

static void test_files_that_are_right(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned bench, expired;
        uint64_t sum;
    } cases[] = {
        {"bench 1\n", 1, 0, 1},
        {"bench 1", 1, 0, 1},
        {"# all of it\n\n  bench\t12 # twelve\r\nexpired 3\r\n", 12, 3, 15},
        {"bench 1000000\nexpired 0\n", 1000000, 0, 1000000},
        {"expired 7#bench 9\n", 0, 7, 7},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char path[] = "/tmp/population-XXXXXX", err[256];
        write_file(path, cases[i].text, strlen(cases[i].text));
        struct population p = with_seed(1);
        assert_int_equal(population_load(&p, err, sizeof err, path), 0);
        assert_int_equal(p.weights[behaviour_find("bench", 5)], cases[i].bench);
        assert_int_equal(p.weights[behaviour_find("expired", 7)], cases[i].expired);
        assert_int_equal(p.sum, cases[i].sum);
        population_cleanup(&p);
        unlink(path);
    }
}

#define LONG_1                                                                                     \
    "############################################################################################"
#define LONG_8 LONG_1 LONG_1 LONG_1 LONG_1 LONG_1 LONG_1 LONG_1 LONG_1
#define LONG   LONG_8 LONG_8 LONG_8 LONG_8 LONG_8 LONG_8
#define CASE(text, line, word)                                                                     \
    {                                                                                              \
        text, sizeof(text) - 1, line, word                                                         \
    }

static void test_files_with_specs(void **state)
{
    (void)state;
    static const char text[] = "bench 1\nrote:versions=ssl3;suites=0x0004 2 # old\n"
                               "rote:versions=tls12+tls13;complete;name=good-one 3\n"
                               "rote:versions=tls12 0\n";
    char path[] = "/tmp/population-XXXXXX", err[256];
    write_file(path, text, sizeof text - 1);
    struct population p = with_seed(1);
    assert_int_equal(population_load(&p, err, sizeof err, path), 0);
    assert_int_equal(p.num_made, 3);
    assert_int_equal(p.sum, 6);
    unsigned bench = 0, old = 0, good = 0;
    for (uint32_t i = 0; i < BLOCK; i++) {
        const struct behaviour *b = population_choose(&p, addr_v4(0x7f000000 + i));
        bench += strcmp(b->name, "bench") == 0;
        old += strcmp(b->name, "rote-1") == 0 && b->cause == CAUSE_ALERT_RECEIVED &&
               strcmp(b->rote, "rote:versions=ssl3;suites=0x0004") == 0;
        good += strcmp(b->name, "good-one") == 0 && b->cause == CAUSE_OK;
    }
    assert_int_equal(bench + old + good, BLOCK);
    assert_in_range(bench, BLOCK / 6, BLOCK / 6 + 1);
    assert_in_range(old, BLOCK / 3, BLOCK / 3 + 1);
    population_cleanup(&p);
    unlink(path);
}

static void test_one_spec(void **state)
{
    (void)state;
    char err[256];
    struct population p = with_seed(1);
    assert_true(population_rote(&p, err, sizeof err, "rote:versions=tls14") < 0);
    assert_non_null(strstr(err, "tls14"));
    assert_int_equal(p.weights[0], behaviour_at(0)->weight);
    assert_int_equal(population_rote(&p, err, sizeof err, "rote:versions=tls12"), 0);
    for (uint32_t i = 0; i < 1000; i++)
        assert_string_equal(population_choose(&p, addr_v4(0x7f000001 + i * 77))->name, "rote-1");
    population_cleanup(&p);
}

static void test_files_that_are_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t len;
        const char *line, *word;
    } cases[] = {
        CASE("bench 1\nbanch 1\n", ":2: ", "--list"),
        CASE("bench\n", ":1: ", "no weight"),
        CASE("bench one\n", ":1: ", "no weight"),
        CASE("bench -1\n", ":1: ", "no weight"),
        CASE("bench 1000001\n", ":1: ", "1000000"),
        CASE("bench 99999999999999999999\n", ":1: ", "1000000"),
        CASE("bench 1 2\n", ":1: ", "after the weight"),
        CASE("\n\nbench 1\nexpired 1\nbench 1\n", ":5: ", "twice"),
        CASE("bench 1\n" LONG "\n", ":2: ", "too long"),
        CASE("bench 1\0\nexpired 1\n", ":1: ", "NUL"),
        CASE("bench 1\nrote: 1\n", ":2: ", "versions"),
        CASE("rote:versions=tls12;complte 1\n", ":1: ", "complte"),
        CASE("rote:versions=tls12\n", ":1: ", "no weight"),
        CASE("rote:versions=tls12;name=bench 1\n", ":1: ", "bench"),
        CASE("rote:versions=tls12;name=a 1\nrote:versions=tls11;name=a 1\n", ":2: ", "called a"),
        CASE("rote:versions=tls12;name=rote-2 1\nrote:versions=tls11 1\n", ":2: ", "rote-2"),
        CASE("bench 0\n", ": ", "above 0"),
        CASE("", ": ", "above 0"),
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char path[] = "/tmp/population-XXXXXX", err[256];
        write_file(path, cases[i].text, cases[i].len);
        struct population p = with_seed(1);
        uint64_t sum = p.sum;
        assert_true(population_load(&p, err, sizeof err, path) < 0);
        assert_ptr_equal(strstr(err, path), err); /* the file is named first, then the line */
        assert_ptr_equal(strstr(err, cases[i].line), err + strlen(path));
        assert_non_null(strstr(err, cases[i].word));
        assert_int_equal(p.sum, sum);
        assert_int_equal(p.weights[0], behaviour_at(0)->weight);
        population_cleanup(&p);
        unlink(path);
    }
}

static void test_file_that_is_not_there(void **state)
{
    (void)state;
    char err[256];
    struct population p = with_seed(1);
    assert_true(population_load(&p, err, sizeof err, "/nonexistent/population") < 0);
    assert_non_null(strstr(err, "/nonexistent/population: "));
    assert_true(population_load(&p, err, sizeof err, "/") < 0); /* opens, but cannot be read */
    assert_non_null(strstr(err, "readable"));
    population_cleanup(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks_hold_everybody_in_proportion),
        cmocka_unit_test(test_ipv6_blocks),
        cmocka_unit_test(test_seed_and_block_shuffle),
        cmocka_unit_test(test_frozen),
        cmocka_unit_test(test_only),
        cmocka_unit_test(test_files_that_are_right),
        cmocka_unit_test(test_files_with_specs),
        cmocka_unit_test(test_one_spec),
        cmocka_unit_test(test_files_that_are_wrong),
        cmocka_unit_test(test_file_that_is_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
