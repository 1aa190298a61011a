/* sorter, text_store, spill: rows in order and texts back again, in memory and through files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/sorter.h"
#include "tools/text_store.h"

#define LENGTH(a) (sizeof(a) / sizeof(a)[0])

struct row {
    uint64_t key, number;
    char filler[24];
};

static int compare(const void *one, const void *other)
{
    const struct row *a = one, *b = other;
    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    return (a->number > b->number) - (a->number < b->number);
}

static uint64_t mixed(uint64_t i)
{
    uint64_t x = (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
    return x ^ x >> 29;
}

static const char *folder(void)
{
    const char *name = getenv("TMPDIR");
    return name != NULL ? name : "/tmp";
}

/* adds so many rows, of so many keys, and requires them in order, each once */
static uint64_t sort_rows(size_t num, uint64_t num_keys, size_t memory_len)
{
    char err[SPILL_ERR_MAX] = "";
    const void *at = NULL;
    struct row before = {0, 0, ""};
    uint64_t sum = 0;
    struct sorter *s = sorter_new(sizeof(struct row), memory_len, compare, folder());
    assert_non_null(s);
    for (size_t i = 0; i < num; i++) {
        struct row row = {.key = mixed(i) % num_keys + 1, .number = i};
        assert_int_equal(sorter_add(s, err, &row), 0);
        sum += mixed(i);
    }
    assert_int_equal(sorter_finish(s, err), 0);
    for (size_t i = 0; i < num; i++) {
        assert_int_equal(sorter_next(s, err, &at), 1);
        struct row row;
        memcpy(&row, at, sizeof row);
        assert_true(compare(&before, &row) < 0);
        assert_int_equal(row.key, mixed(row.number) % num_keys + 1);
        sum -= mixed(row.number);
        before = row;
    }
    assert_int_equal(sum, 0);
    assert_int_equal(sorter_next(s, err, &at), 0);
    assert_int_equal(sorter_next(s, err, &at), 0);
    uint64_t spilled = sorter_spilled(s);
    sorter_free(s);
    return spilled;
}

static void sorts(void **state)
{
    (void)state;
    static const struct {
        size_t num;
        uint64_t num_keys;
        size_t memory_len;
        bool spills;
    } cases[] = {
        {0, 1, 0, false},
        {1, 1, 0, false},
        {SORTER_ROWS_MIN, 1000, 0, false},
        {SORTER_ROWS_MIN + 1, 1000, 0, true},
        {SORTER_ROWS_MIN * SORTER_RUNS_MAX, 7, 0, true},
        {SORTER_ROWS_MIN * SORTER_RUNS_MAX + 1, 1u << 30, 0, true},
        {SORTER_ROWS_MIN * 100 + 5, 1u << 30, 0, true}, /* runs of runs */
        {20000, 1u << 30, 1000 * sizeof(struct row), true},
        {20000, 1u << 30, 1 << 20, false},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        uint64_t spilled = sort_rows(cases[i].num, cases[i].num_keys, cases[i].memory_len);
        if ((spilled > 0) != cases[i].spills)
            fail_msg("case %zu: %llu octets spilled", i, (unsigned long long)spilled);
    }
    sorter_free(NULL);
}

/* ---- texts ---- */

enum { NUM_TEXTS_PUT = 100000 };

static size_t make_text(char out[64], size_t i)
{
    return (size_t)snprintf(out, 64, "%.*s%zu", (int)(i % 40),
                            "----------------------------------------", i);
}

static void texts(void **state)
{
    (void)state;
    static struct text_ref refs[NUM_TEXTS_PUT];
    char err[SPILL_ERR_MAX] = "", text[64], got[STORED_TEXT_MAX];
    size_t len = 0;
    struct text_store *t = text_store_new(folder());
    assert_non_null(t);
    for (size_t i = 0; i < NUM_TEXTS_PUT; i++) {
        size_t text_len = make_text(text, i);
        assert_int_equal(text_store_put(t, err, &refs[i], bytes_of(text, text_len)), 0);
        assert_true(refs[i].digest != 0);
    }
    for (size_t i = NUM_TEXTS_PUT; i-- > 0;) {
        size_t text_len = make_text(text, i);
        struct text_ref again;
        assert_int_equal(text_store_get(t, err, got, &len, refs[i]), 0);
        assert_true(bytes_equal(bytes_of(got, len), bytes_of(text, text_len)));
        assert_int_equal(text_store_put(t, err, &again, bytes_of(text, text_len)), 0);
        assert_int_equal(again.digest, refs[i].digest);
    }
    text_store_free(t);
    text_store_free(NULL);
}

static void long_and_empty(void **state)
{
    (void)state;
    static char text[3 * STORED_TEXT_MAX];
    char err[SPILL_ERR_MAX] = "", got[STORED_TEXT_MAX];
    struct text_ref one, other, empty;
    size_t len = 99;
    struct text_store *t = text_store_new(folder());
    assert_non_null(t);
    memset(text, 'x', sizeof text);
    assert_int_equal(text_store_put(t, err, &one, bytes_of(text, sizeof text)), 0);
    text[sizeof text - 1] = 'y'; /* not kept, and yet another text */
    assert_int_equal(text_store_put(t, err, &other, bytes_of(text, sizeof text)), 0);
    assert_int_equal(text_store_put(t, err, &empty, bytes_of(NULL, 0)), 0);
    assert_true(one.digest != other.digest && empty.digest != 0);
    assert_int_equal(text_store_get(t, err, got, &len, one), 0);
    assert_int_equal(len, STORED_TEXT_MAX);
    assert_memory_equal(got, text, STORED_TEXT_MAX);
    assert_int_equal(text_store_get(t, err, got, &len, empty), 0);
    assert_int_equal(len, 0);
    text_store_free(t);
}

/* ---- files ---- */

static void no_folder(void **state)
{
    (void)state;
    char err[SPILL_ERR_MAX] = "";
    assert_int_equal(spill_open(err, "/nonexistent/folder"), -ENOENT);
    assert_string_equal(err, "/nonexistent/folder: cannot make a temporary file: No such file or "
                             "directory; set TMPDIR (report: or --temp-dir) to a folder with room");
    struct sorter *s = sorter_new(sizeof(struct row), 0, compare, "/nonexistent");
    struct row row = {.key = 1};
    int rc = 0;
    for (size_t i = 0; rc == 0 && i <= SORTER_ROWS_MIN; i++)
        rc = sorter_add(s, err, &row);
    assert_int_equal(rc, -ENOENT);
    sorter_free(s);
}

/* a folder whose file system is full or small is told as such; /dev/full stands for one */
static void full_disk(void **state)
{
    (void)state;
    char err[SPILL_ERR_MAX] = "";
    FILE *f = fopen("/dev/full", "r+b");
    if (f == NULL)
        skip();
    assert_int_equal(spill_write(err, "/tmp", fileno(f), "x", 1, 0), -ENOSPC);
    assert_non_null(strstr(err, "/tmp: cannot write a temporary file: No space left"));
    fclose(f);
}

static void short_file(void **state)
{
    (void)state;
    char err[SPILL_ERR_MAX] = "", got[8];
    int fd = spill_open(err, folder());
    assert_true(fd >= 0);
    assert_int_equal(spill_write(err, folder(), fd, "abcd", 4, 2), 0);
    assert_int_equal(spill_read(err, folder(), fd, got, 4, 2), 0);
    assert_memory_equal(got, "abcd", 4);
    assert_int_equal(spill_read(err, folder(), fd, got, 5, 2), -EIO);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sorts),     cmocka_unit_test(texts),     cmocka_unit_test(long_and_empty),
        cmocka_unit_test(no_folder), cmocka_unit_test(full_disk), cmocka_unit_test(short_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
