/* verdict_book: what is put is found again, at its times and for pools that answer the same; files
 * of it: written and read, damaged, hostile, of others, too old */
#include "tools/verdict_book.h"

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/core/chains.h"
#include "tests/core/golden.h"

enum { TODAY = 20000, NUM_CHAINS = 40 };

static const uint8_t store[32] = {1, 2, 3}, other_store[32] = {3, 2, 1};

static struct book_key key_of(unsigned i)
{
    struct book_key key = {{0}};
    for (size_t k = 0; k < sizeof key.octets; k++)
        key.octets[k] = (uint8_t)(i * 151 + k * 7 + i / 256);
    return key;
}

static struct book_entry entry(int64_t from, int64_t until, enum chain_outcome outcome)
{
    return (struct book_entry){
        .verdict = {.from = from, .until = until, .outcome = (uint8_t)outcome}};
}

static void put(struct verdict_book *b, unsigned chain, struct book_entry e)
{
    struct book_key key = key_of(chain);
    assert_int_equal(verdict_book_put(b, &key, &e, 1), 0);
}

/* the outcome that is found; -1: none */
static int find(const struct verdict_book *b, unsigned chain, int64_t at,
                const struct judge_pool *pool)
{
    struct book_key key = key_of(chain);
    const struct book_verdict *v = verdict_book_find(b, &key, at, pool);
    return v != NULL ? v->outcome : -1;
}

static struct judge_pool *pool_of(const char *words)
{
    struct judge_pool *pool = judge_pool_new();
    struct chains *c = calloc(1, sizeof *c);
    assert_true(pool != NULL && c != NULL);
    chains_add(c, words);
    for (size_t i = 0; i < c->num; i++)
        assert_int_equal(judge_pool_add(pool, c->certs[i]), 1);
    judge_pool_seal(pool);
    free(c);
    return pool;
}

static void test_times(void **state)
{
    (void)state;
    struct judge_pool *pool = pool_of("");
    struct verdict_book *b = verdict_book_new(store, TODAY);
    assert_int_equal(find(b, 1, 0, pool), -1);
    put(b, 1, entry(10, 20, CHAIN_VALID));
    put(b, 1, entry(20, 30, CHAIN_EXPIRED));
    put(b, 2, entry(INT64_MIN, INT64_MAX, CHAIN_SELF_SIGNED));
    static const struct {
        int64_t at;
        int outcome;
    } cases[] = {
        {9, -1},  {10, CHAIN_VALID}, {19, CHAIN_VALID}, {20, CHAIN_EXPIRED}, {29, CHAIN_EXPIRED},
        {30, -1}, {INT64_MIN, -1},   {INT64_MAX, -1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(find(b, 1, cases[i].at, pool), cases[i].outcome);
    assert_int_equal(find(b, 2, INT64_MIN, pool), CHAIN_SELF_SIGNED);
    assert_int_equal(find(b, 3, 15, pool), -1);
    put(b, 1, entry(15, 25, CHAIN_OTHER)); /* in place of both that it meets */
    assert_int_equal(find(b, 1, 15, pool), CHAIN_OTHER);
    assert_int_equal(find(b, 1, 10, pool), -1);
    assert_int_equal(find(b, 1, 25, pool), -1);
    assert_int_equal(verdict_book_num(b), 2);
    verdict_book_free(b);
    verdict_book_free(NULL);
    judge_pool_free(pool);
}

static void test_many_verdicts(void **state)
{
    (void)state;
    struct judge_pool *pool = pool_of("");
    struct verdict_book *b = verdict_book_new(store, TODAY);
    for (int i = 0; i < 3 * BOOK_VERDICTS_MAX; i++)
        put(b, 1, entry(i, i + 1, CHAIN_VALID));
    int num = 0;
    for (int i = 0; i < 3 * BOOK_VERDICTS_MAX; i++)
        num += find(b, 1, i, pool) == CHAIN_VALID;
    assert_int_equal(num, BOOK_VERDICTS_MAX);
    assert_int_equal(find(b, 1, 3 * BOOK_VERDICTS_MAX - 1, pool), CHAIN_VALID);
    verdict_book_free(b);
    judge_pool_free(pool);
}

/* a verdict for which the pool was asked holds for pools that answer the same */
static void test_pools(void **state)
{
    (void)state;
    static const struct {
        const char *words;
        bool has_low_as_asked, has_sub_as_asked;
    } cases[] = {{"low", true, true},          {"low tight", true, true}, {"", false, true},
                 {"low sub-old", true, false}, {"sub", false, false},     {"low sub", true, false}};
    struct chains *c = calloc(1, sizeof *c);
    struct cert_facts low, sub;
    struct judge_pool *asked = pool_of("low");
    struct verdict_book *b = verdict_book_new(store, TODAY);
    assert_non_null(c);
    chains_add(c, "low sub");
    assert_true(cert_parse(&low, c->certs[0]) && cert_parse(&sub, c->certs[1]));
    struct book_entry one = entry(0, 9, CHAIN_INCOMPLETE), two = one;
    one.verdict.num_asked = 1;
    two.verdict.num_asked = 2;
    judge_pool_ask(asked, &one.asked[0], low.subject);
    two.asked[0] = one.asked[0];
    judge_pool_ask(asked, &two.asked[1], sub.subject);
    put(b, 1, one);
    put(b, 2, two);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct judge_pool *pool = pool_of(cases[i].words);
        assert_int_equal(find(b, 1, 3, pool) >= 0, cases[i].has_low_as_asked);
        assert_int_equal(find(b, 2, 3, pool) >= 0,
                         cases[i].has_low_as_asked && cases[i].has_sub_as_asked);
        judge_pool_free(pool);
    }
    verdict_book_free(b);
    judge_pool_free(asked);
    free(c);
}

/* ---- files ---- */

static void path_of(char path[256])
{
    golden_path(path, "book.verdicts");
    unlink(path);
}

/* chains with one to three verdicts, some of which asked */
static struct verdict_book *make(const uint8_t store_sha256[32], uint16_t day)
{
    struct verdict_book *b = verdict_book_new(store_sha256, day);
    for (unsigned i = 0; i < NUM_CHAINS; i++)
        for (unsigned k = 0; k <= i % 3; k++) {
            struct book_entry e = entry(k * 10, k * 10 + 10, (enum chain_outcome)(i % 10));
            e.verdict.num_asked = (uint8_t)(i % 4 > 2 ? 2 : 0);
            memset(e.asked[1].subject, (int)i, sizeof e.asked[1].subject);
            put(b, i, e);
        }
    return b;
}

static void assert_made(const struct verdict_book *b, bool is_there)
{
    struct judge_pool *pool = pool_of("");
    for (unsigned i = 0; i < NUM_CHAINS; i++)
        for (unsigned k = 0; k <= 3; k++)
            assert_int_equal(find(b, i, k * 10 + 5, pool),
                             is_there && k <= i % 3 ? (int)(i % 10) : -1);
    judge_pool_free(pool);
}

static void save(struct verdict_book *b, const char *path)
{
    char why[CACHE_WHY_MAX] = "";
    assert_int_equal(verdict_book_save(b, why, path), 0);
    assert_string_equal(why, "");
}

/* loads as of a day; what it is said to be of no use for, or "" */
static struct verdict_book *load(char why[CACHE_WHY_MAX], int want, const uint8_t sha256[32],
                                 uint16_t day, const char *path)
{
    struct verdict_book *b = verdict_book_new(sha256, day);
    why[0] = '\0';
    int rc = verdict_book_load(b, why, path);
    if ((rc > 0) - (rc < 0) != want)
        fail_msg("%d: %s", rc, why);
    assert_int_equal(rc < 0, why[0] != '\0');
    if (want <= 0)
        assert_int_equal(verdict_book_num(b), 0);
    return b;
}

static void test_saved(void **state)
{
    (void)state;
    char path[256], why[CACHE_WHY_MAX];
    struct stat st, later;
    path_of(path);
    verdict_book_free(load(why, 0, store, TODAY, path));
    struct verdict_book *b = make(store, TODAY);
    save(b, path);
    verdict_book_free(b);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    b = load(why, 1, store, TODAY, path);
    assert_int_equal(verdict_book_num(b), NUM_CHAINS);
    assert_made(b, true);
    save(b, path); /* nothing is new: it is not written */
    assert_int_equal(stat(path, &later), 0);
    assert_int_equal(later.st_ino, st.st_ino);
    put(b, 7, entry(100, 110, CHAIN_VALID));
    save(b, path);
    assert_int_equal(stat(path, &later), 0);
    assert_int_not_equal(later.st_ino, st.st_ino);
    assert_made(b, true);
    verdict_book_free(b);
    b = load(why, 1, store, TODAY, path);
    assert_made(b, true);
    verdict_book_free(b);
    verdict_book_free(load(why, -1, other_store, TODAY, path));
    assert_non_null(strstr(why, "another trust store"));
    unlink(path);
}

static void test_ages(void **state)
{
    (void)state;
    char path[256], why[CACHE_WHY_MAX];
    struct book_key used = key_of(4);
    path_of(path);
    struct verdict_book *b = make(store, TODAY);
    save(b, path);
    verdict_book_free(b);
    static const struct {
        uint16_t day; /* on which the one chain is used, and the book written */
        size_t num;   /* that it has then */
    } cases[] = {{TODAY + 30, NUM_CHAINS},
                 {TODAY + BOOK_DAYS, NUM_CHAINS},
                 {TODAY + BOOK_DAYS + 20, 1},
                 {TODAY - 5, 1},
                 {TODAY + BOOK_DAYS, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        b = load(why, 1, store, cases[i].day, path);
        verdict_book_used(b, &used);
        save(b, path);
        verdict_book_free(b);
        b = load(why, 1, store, cases[i].day, path);
        assert_int_equal(verdict_book_num(b), cases[i].num);
        assert_int_equal(find(b, 4, 5, NULL), 4);
        verdict_book_free(b);
    }
    unlink(path);
}

static void write_file(const char *path, const uint8_t *data, size_t len)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(path, 0600), 0);
}

/* each octet changed, each length, more than there is: nothing of it is used */
static void test_damaged(void **state)
{
    (void)state;
    char path[256], why[CACHE_WHY_MAX];
    size_t len;
    path_of(path);
    struct verdict_book *b = make(store, TODAY);
    save(b, path);
    verdict_book_free(b);
    uint8_t *data = slurp(path, &len);
    for (size_t at = 0; at < len; at++) {
        data[at] ^= (uint8_t)(1U << at % 8);
        write_file(path, data, len);
        verdict_book_free(load(why, -1, store, TODAY, path));
        data[at] ^= (uint8_t)(1U << at % 8);
    }
    for (size_t cut = 0; cut < len; cut += cut < 200 ? 1 : 13) {
        write_file(path, data, cut);
        verdict_book_free(load(why, -1, store, TODAY, path));
    }
    uint8_t *more = calloc(1, len + 8);
    memcpy(more, data, len);
    write_file(path, more, len + 8);
    verdict_book_free(load(why, -1, store, TODAY, path));
    free(more);
    free(data);
    unlink(path);
}

static void test_no_file(void **state)
{
    (void)state;
    char path[256], why[CACHE_WHY_MAX];
    golden_path(path, "book.folder");
    assert_int_equal(mkdir(path, 0700), 0);
    verdict_book_free(load(why, -1, store, TODAY, path));
    struct verdict_book *b = make(store, TODAY);
    assert_int_not_equal(verdict_book_save(b, why, path), 0); /* a folder is in its place */
    assert_non_null(strstr(why, path));
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    verdict_book_free(load(why, -1, store, TODAY, path));
    assert_int_not_equal(verdict_book_save(b, why, path), 0); /* and waits for no reader */
    assert_non_null(strstr(why, path));
    assert_int_equal(unlink(path), 0);
    golden_path(path, "nowhere/book");
    assert_int_not_equal(verdict_book_save(b, why, path), 0);
    assert_non_null(strstr(why, path));
    verdict_book_free(b);
}

static void test_names(void **state)
{
    (void)state;
    char *a = verdict_book_path(store, "x/a.mxs.zst", NULL);
    char *b = verdict_book_path(store, "x/a.mxs.zst", "cache");
    assert_string_equal(a, "x/a.mxs.zst.verdicts");
    assert_string_equal(b, "cache/0102030000000000.verdicts");
    free(a);
    free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_times),   cmocka_unit_test(test_many_verdicts),
        cmocka_unit_test(test_pools),   cmocka_unit_test(test_saved),
        cmocka_unit_test(test_ages),    cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_no_file), cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
