/* whatever the number of threads, and whatever is wrong with a file, what is taken is what a walk
 * through it gives */
#include "tools/parallel.h"

#include <errno.h>
#include <openssl/sha.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/core/golden.h"
#include "tests/tools/synth.h"

enum { THREADS_MAX = 5, SUM_LEN = 32 };

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { STRIDE = 401 }; /* octets: slow builds see a part of them */
#else
enum { STRIDE = 29 };
#endif

static const struct synth_cert leaf = {
    .issuer_cn = "Root", .subject_cn = "a", .not_after = SYNTH_START_S * 2, .key_number = 1};
static const struct synth_class classes[] = {
    {.count = 60, .stage = STAGE_CONNECT, .cause = CAUSE_REFUSED},
    {.count = 40,
     .stage = STAGE_DONE,
     .cause = CAUSE_OK,
     .greeting = "220 mx ESMTP\r\n",
     .ehlo = "250-mx\r\n250 STARTTLS\r\n",
     .starttls = "220 go\r\n",
     .handshake_done = true,
     .chain = {&leaf}},
};

/* what a thread was given: of sums, it does not matter which thread had which part */
struct seen {
    uint64_t items, numbers, records;
    uint8_t sum[SUM_LEN]; /* of the digests of payloads */
    int64_t fail_at;      /* number of the item that a callback fails at; -1: none */
};

static void see(struct seen *s, const struct dataset_item *item, const struct block *block)
{
    uint8_t digest[32];
    SHA256(item->payload.data, item->payload.len, digest);
    for (size_t i = 0; i < SUM_LEN; i++)
        s->sum[i] = (uint8_t)(s->sum[i] + digest[i]);
    s->items++;
    s->numbers += item->number;
    s->records += block != NULL ? block_num_records(block) : 0;
}

static int take(void *context, const struct dataset_header *header, const struct dataset_item *item,
                const struct block *block)
{
    struct seen *s = context;
    assert_non_null(header->space);
    assert_int_equal(block != NULL, item->kind == DATASET_BLOCK);
    if (s->fail_at == (int64_t)item->number)
        return -ENOMEM;
    see(s, item, block);
    return 0;
}

struct result {
    int rc;
    char err[WALK_ERR_MAX];
    struct seen seen;
    struct parallel_end end;
};

static void with_walk(struct result *r, const char *path)
{
    struct walk w;
    *r = (struct result){.seen.fail_at = -1};
    r->rc = walk_open(&w, r->err, path);
    while (r->rc >= 0 && (r->rc = walk_next(&w, r->err)) == 1) {
        if (w.item.kind == DATASET_INDEX)
            continue;
        see(&r->seen, &w.item, w.item.kind == DATASET_BLOCK ? w.block : NULL);
        r->end.events += w.item.kind == DATASET_EVENT;
    }
    r->end.blocks = w.blocks;
    r->end.has_trailer = w.has_trailer;
    r->end.trailer = w.trailer;
    if (r->rc == 0 || r->rc == -ENODATA)
        r->end.end = walk_end_of(&w, r->rc);
    walk_close(&w);
}

static void with_threads(struct result *r, const char *path, unsigned num_threads, int64_t fail_at)
{
    struct seen seen[THREADS_MAX] = {0};
    void *contexts[THREADS_MAX];
    struct parallel_plan plan = {.num_threads = num_threads, .contexts = contexts, .take = take};
    *r = (struct result){.seen.fail_at = -1};
    for (unsigned i = 0; i < num_threads; i++) {
        seen[i].fail_at = fail_at;
        contexts[i] = &seen[i];
    }
    r->rc = parallel_read(&r->end, r->err, path, &plan);
    for (unsigned i = 0; i < num_threads; i++) {
        r->seen.items += seen[i].items;
        r->seen.numbers += seen[i].numbers;
        r->seen.records += seen[i].records;
        for (size_t k = 0; k < SUM_LEN; k++)
            r->seen.sum[k] = (uint8_t)(r->seen.sum[k] + seen[i].sum[k]);
    }
}

static void assert_same(const struct result *a, const struct result *b)
{
    assert_int_equal(a->rc, b->rc);
    if (a->rc < 0)
        assert_string_equal(a->err, b->err);
    if (a->rc < 0 && a->rc != -ENODATA)
        return;
    assert_int_equal(a->seen.items, b->seen.items);
    assert_int_equal(a->seen.numbers, b->seen.numbers);
    assert_int_equal(a->seen.records, b->seen.records);
    assert_memory_equal(a->seen.sum, b->seen.sum, SUM_LEN);
    assert_int_equal(a->end.blocks, b->end.blocks);
    assert_int_equal(a->end.events, b->end.events);
    assert_int_equal(a->end.end, b->end.end);
    assert_int_equal(a->end.has_trailer, b->end.has_trailer);
    if (a->end.has_trailer)
        assert_int_equal(a->end.trailer.records, b->end.trailer.records);
}

static void check(const char *path, unsigned from, unsigned to)
{
    struct result want, got;
    with_walk(&want, path);
    for (unsigned threads = from; threads <= to; threads++) {
        with_threads(&got, path, threads, -1);
        assert_same(&got, &want);
    }
}

static void put(const char *path, const uint8_t *data, size_t len)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

/* a sweep that was stopped, resumed and finished */
static void write_sweep(const char *path)
{
    struct synth s = {.classes = classes,
                      .num_classes = sizeof classes / sizeof classes[0],
                      .block_len = 5,
                      .leave_out = 40,
                      .reason = DATASET_STOPPED,
                      .seed = 3};
    synth_write(path, &s);
    s.leave_out = 0;
    s.resume = true;
    s.reason = DATASET_COMPLETE;
    synth_write(path, &s);
}

static void test_whole(void **state)
{
    (void)state;
    char path[128];
    golden_path(path, "parallel");
    write_sweep(path);
    check(path, 1, THREADS_MAX);
    struct result r;
    with_threads(&r, path, 3, -1);
    assert_int_equal(r.rc, 0);
    assert_int_equal(r.end.end, WALK_COMPLETE);
    assert_int_equal(r.end.blocks, 20);
    assert_int_equal(r.seen.records, 100);
    unlink(path);
}

static void test_damaged(void **state)
{
    (void)state;
    char path[128];
    size_t len;
    golden_path(path, "parallel");
    write_sweep(path);
    uint8_t *data = slurp(path, &len);
    for (size_t at = 0; at < len; at += STRIDE) {
        data[at] ^= 0x10;
        put(path, data, len);
        check(path, 1, 3);
        data[at] ^= 0x10;
    }
    free(data);
    unlink(path);
}

static void test_cut(void **state)
{
    (void)state;
    char path[128];
    size_t len;
    golden_path(path, "parallel");
    write_sweep(path);
    uint8_t *data = slurp(path, &len);
    for (size_t cut = 0; cut < len; cut += STRIDE) {
        put(path, data, cut);
        check(path, 1, 3);
    }
    free(data);
    unlink(path);
}

static void test_callback_fails(void **state)
{
    (void)state;
    char path[128];
    struct result r;
    golden_path(path, "parallel");
    write_sweep(path);
    for (int64_t at = 1; at < 14; at++) /* then comes an index */
        for (unsigned threads = 1; threads <= 4; threads += 3) {
            with_threads(&r, path, threads, at);
            assert_int_equal(r.rc, -ENOMEM);
            assert_non_null(strstr(r.err, path));
        }
    unlink(path);
}

static void test_no_file(void **state)
{
    (void)state;
    for (unsigned threads = 1; threads <= 2; threads++) {
        struct result r;
        with_threads(&r, "/nowhere/at.all", threads, -1);
        assert_int_equal(r.rc, -ENOENT);
    }
    assert_true(parallel_threads() >= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),   cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_cut),     cmocka_unit_test(test_callback_fails),
        cmocka_unit_test(test_no_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
