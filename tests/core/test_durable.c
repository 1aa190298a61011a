/* what becomes of a dataset when writes and syncs fail, when the power goes, and when it is gone
 * on with */
#include "tests/core/golden.h"
#include "tests/core/layer.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- helpers ---- */

static size_t count_records(const char *path, int *rc)
{
    size_t num = 0;
    char *text = dump_dataset(path, rc);
    for (const char *at = text; (at = strstr(at, "\nrecord ")) != NULL; at++)
        num++;
    free(text);
    return num;
}

/* what a whole golden run says, but for certificates that a resumed run writes again and the cut
 * into blocks: its records, sorted */
static int compare_lines(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *sorted_records(const char *path)
{
    int rc;
    char *lines[64], *save = NULL, *text = dump_dataset(path, &rc);
    size_t num = 0, at = 0;
    assert_int_equal(rc, 0);
    char *out = calloc(1, strlen(text) + 2);
    for (char *l = strtok_r(text, "\n", &save); l != NULL; l = strtok_r(NULL, "\n", &save))
        if (strncmp(l, "record ", 7) == 0) {
            assert_true(num < 64);
            lines[num++] = l;
        }
    qsort(lines, num, sizeof *lines, compare_lines);
    for (size_t i = 0; i < num; i++)
        at += (size_t)sprintf(out + at, "%s\n", lines[i]);
    free(text);
    return out;
}

static bool is_done(const struct dataset_found *f, uint64_t position, uint32_t step)
{
    for (size_t i = 0; i < f->num_done; i++)
        if (position >= f->done[i].first &&
            position <= f->done[i].first + (f->done[i].count - 1) * step)
            return true;
    return false;
}

/* goes on with path: records what is not done (all singly), and ends it */
static void complete(struct golden *g, const char *path, struct dataset_found *found)
{
    char err[DATASET_ERR_MAX] = "";
    struct dataset_writer *w;
    struct record r;
    int rc = dataset_resume(&w, found, err, path);
    if (rc != 0)
        fail_msg("%s (%d)", err, rc);
    for (uint64_t slot = 0; slot < 14; slot++) {
        golden_record(g, &r, slot);
        if (is_done(found, r.position, 2))
            continue;
        if (slot == 9)   /* counted in the golden run */
            assert_int_equal(dataset_count(w, r.position, STAGE_CONNECT, CAUSE_REFUSED), 0);
        else
            assert_int_equal(dataset_add(w, &r, g->ders), 0);
    }
    assert_int_equal(dataset_finish(w, err, 1, DATASET_COMPLETE), 0);
}

/* path holds every slot once, as the golden run does */
static void assert_whole(const char *path)
{
    char *got = sorted_records(path), *want = sorted_records(TEST_DATA "/golden-1.mxs.zst");
    assert_string_equal(got, want);
    free(got);
    free(want);
}

/* ---- failing writes ---- */

static void test_failed_writes_lose_nothing(void **state)
{
    (void)state;
    static const struct {
        enum op_kind kind;
        int rc;
        size_t count, short_len;
    } cases[] = {
        {OP_WRITE, -ENOSPC, 1, 0},  {OP_WRITE, -ENOSPC, 3, 7}, {OP_WRITE, -EIO, 1, 50},
        {OP_WRITE, -EDQUOT, 2, 0},  {OP_SYNC, -EIO, 1, 0},     {OP_SYNC, -ENOSPC, 3, 11},
        {OP_WRITE, -EINTR, 5, 100}, {OP_WRITE, 0, 0, 1},
    };
    char path[128], err[DATASET_ERR_MAX];
    struct golden g;
    golden_init(&g);
    golden_path(path, "failing");
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++)
        for (size_t from = 1; from < 40; from++) {   /* 0 is the header's */
            struct layer l = {.short_len = cases[c].short_len};
            l.faults[cases[c].kind].from = from;
            l.faults[cases[c].kind].count = cases[c].count;
            l.faults[cases[c].kind].rc = cases[c].rc;
            struct dataset_writer *w;
            if (dataset_create_on(&w, err, path, &g.header, &layer_ops, &l) != 0) {
                assert_int_equal(access(path, F_OK), -1);   /* nothing half-written */
                layer_cleanup(&l);
                continue;
            }
            for (size_t i = 0; i < GOLDEN_STEPS; i++) {
                int rc;
                while ((rc = golden_step(&g, w, i, err)) != 0) {
                    int read_rc;
                    assert_int_equal(rc, cases[c].rc);
                    assert_non_null(strstr(err, path));
                    count_records(path, &read_rc);
                    assert_int_equal(read_rc, 0);   /* cut back to whole frames at once */
                }
            }
            while (dataset_seal(w, err) != 0)
                ;
            if (dataset_finish(w, err, 9876543, DATASET_COMPLETE) != 0) {
                struct dataset_found found;
                complete(&g, path, &found);   /* only the end was missing */
                assert_true(found.finished);
                assert_int_equal(found.torn_bytes, 0);
            }
            assert_whole(path);
            layer_cleanup(&l);
            unlink(path);
        }
    golden_cleanup(&g);
}

/* a header that is not durable is no file: nothing was visited yet */
static void test_failed_creation_leaves_nothing(void **state)
{
    (void)state;
    static const enum op_kind kinds[] = {OP_WRITE, OP_SYNC, OP_SYNC_DIR};
    char path[128], err[DATASET_ERR_MAX];
    struct golden g;
    golden_init(&g);
    golden_path(path, "creation");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct dataset_writer *w;
        struct layer l = {.short_len = 100};
        l.faults[kinds[i]].count = 1;
        l.faults[kinds[i]].rc = -ENOSPC;
        assert_int_equal(dataset_create_on(&w, err, path, &g.header, &layer_ops, &l), -ENOSPC);
        assert_non_null(strstr(err, path));
        assert_int_equal(access(path, F_OK), -1);
        layer_cleanup(&l);
    }
    golden_cleanup(&g);
}

/* goes on with path on a layer that fails: each seal until it works */
static void go_on_failing(struct golden *g, const char *path, struct layer *l)
{
    char err[DATASET_ERR_MAX] = "";
    struct dataset_found found;
    struct dataset_writer *w;
    struct record r;
    assert_int_equal(dataset_resume_on(&w, &found, err, path, &layer_ops, l), 0);
    while (dataset_event(w, err, 1, "resumed", NULL, 0) != 0)
        ;
    for (uint64_t slot = 0; slot < 14; slot++) {
        golden_record(g, &r, slot);
        if (is_done(&found, r.position, 2))
            continue;
        if (slot == 9)   /* counted in the golden run */
            assert_int_equal(dataset_count(w, r.position, STAGE_CONNECT, CAUSE_REFUSED), 0);
        else
            assert_int_equal(dataset_add(w, &r, g->ders), 0);
        while (dataset_seal(w, err) != 0)
            ;
    }
    if (dataset_finish(w, err, 1, DATASET_COMPLETE) != 0)
        complete(g, path, &found);
}

/* as above, of a file that is gone on with and whose tail is torn: cutting that off may fail too */
static void test_failed_writes_after_a_resumption(void **state)
{
    (void)state;
    static const enum op_kind kinds[] = {OP_WRITE, OP_SYNC, OP_TRUNCATE};
    char path[128];
    size_t len;
    struct golden g;
    uint8_t *data = slurp(TEST_DATA "/golden-1.mxs.zst", &len);
    golden_init(&g);
    golden_path(path, "again");
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        for (size_t from = 0; from < 40; from++) {
            struct layer l = {.short_len = from % 3 == 0 ? 90 : 0};
            l.faults[kinds[k]].from = from;
            l.faults[kinds[k]].count = 1 + from % 2;
            l.faults[kinds[k]].rc = -EIO;
            l.faults[OP_TRUNCATE].from = from % 5;
            l.faults[OP_TRUNCATE].count = 1;
            l.faults[OP_TRUNCATE].rc = -EROFS;
            spill(path, data, 1335 + 23 * from);   /* behind the first block */
            go_on_failing(&g, path, &l);
            assert_whole(path);
            layer_cleanup(&l);
        }
    free(data);
    unlink(path);
    golden_cleanup(&g);
}

/* after a failed sync the whole frame is written again: nothing is believed that a second sync
 * says */
static void test_failed_sync_is_never_trusted(void **state)
{
    (void)state;
    char path[128], err[DATASET_ERR_MAX];
    struct golden g;
    struct dataset_writer *w;
    struct layer l = {.faults = {[OP_SYNC] = {1, 1, -EIO}}};
    golden_init(&g);
    golden_path(path, "sync");
    assert_int_equal(dataset_create_on(&w, err, path, &g.header, &layer_ops, &l), 0);
    size_t before = l.num;
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(golden_step(&g, w, i, err), 0);
    assert_int_equal(dataset_seal(w, err), -EIO);
    assert_int_equal(dataset_seal(w, err), 0);
    assert_int_equal(l.num - before, 4);
    assert_int_equal(l.log[before].kind, OP_WRITE);
    assert_int_equal(l.log[before + 1].kind, OP_TRUNCATE);
    assert_int_equal(l.log[before + 1].offset, l.log[before].offset);
    assert_int_equal(l.log[before + 2].kind, OP_WRITE);
    assert_int_equal(l.log[before + 2].len, l.log[before].len);
    assert_int_equal(l.log[before + 3].kind, OP_SYNC);
    dataset_abandon(w);
    layer_cleanup(&l);
    unlink(path);
    golden_cleanup(&g);
}

/* a file that cannot even be cut back: cut before the next write */
static void test_failed_truncate_is_tried_again(void **state)
{
    (void)state;
    char path[128], err[DATASET_ERR_MAX];
    struct golden g;
    struct dataset_writer *w;
    struct layer l = {.faults = {[OP_SYNC] = {1, 1, -EIO}, [OP_TRUNCATE] = {0, 2, -EROFS}}};
    golden_init(&g);
    golden_path(path, "truncate");
    assert_int_equal(dataset_create_on(&w, err, path, &g.header, &layer_ops, &l), 0);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(golden_step(&g, w, i, err), 0);
    assert_int_equal(dataset_seal(w, err), -EIO);     /* and the cut fails */
    assert_int_equal(dataset_seal(w, err), -EROFS);   /* so nothing is written */
    assert_int_equal(l.calls[OP_WRITE], 2);
    assert_int_equal(dataset_seal(w, err), 0);
    assert_int_equal(l.calls[OP_WRITE], 3);
    dataset_abandon(w);
    layer_cleanup(&l);
    struct dataset_found found;
    complete(&g, path, &found);
    assert_whole(path);
    unlink(path);
    golden_cleanup(&g);
}

/* an end that could not be written is written when it can be, once */
static void test_failed_end_is_tried_again(void **state)
{
    (void)state;
    static const struct {
        enum op_kind kind;
        size_t from;   /* 1: the last block's; 2: the trailer's */
    } cases[] = {{OP_WRITE, 1}, {OP_SYNC, 1}, {OP_WRITE, 2}, {OP_SYNC, 2}};
    char path[128], err[DATASET_ERR_MAX];
    struct golden g;
    golden_init(&g);
    golden_path(path, "end");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct layer l = {.num = 0};
        struct dataset_writer *w;
        struct dataset_reader *r;
        struct dataset_item item;
        struct record record;
        size_t num = 0;
        l.faults[cases[i].kind].from = cases[i].from;
        l.faults[cases[i].kind].count = 2;
        l.faults[cases[i].kind].rc = -ENOSPC;
        assert_int_equal(dataset_create_on(&w, err, path, &g.header, &layer_ops, &l), 0);
        golden_record(&g, &record, 1);
        assert_int_equal(dataset_add(w, &record, g.ders), 0);
        assert_int_equal(dataset_end(w, err, 5, DATASET_STOPPED), -ENOSPC);
        assert_int_equal(dataset_end(w, err, 6, DATASET_STOPPED), -ENOSPC);
        assert_int_equal(dataset_end(w, err, 7, DATASET_STOPPED), 0);
        assert_int_equal(dataset_finish(w, err, 8, DATASET_FAULT), 0);
        assert_int_equal(dataset_open(&r, err, path), 0);
        for (struct dataset_trailer t; dataset_next(r, &item, err) > 0; num++)
            if (item.kind == DATASET_TRAILER) {
                assert_int_equal(dataset_trailer_decode(&t, item.payload, err), 0);
                assert_int_equal(t.end_us, 7);
                assert_int_equal(t.reason, DATASET_STOPPED);
            }
        assert_int_equal(num, 3);   /* block, trailer, index */
        assert_true(dataset_reader_finished(r));
        dataset_close(r);
        layer_cleanup(&l);
        unlink(path);
    }
    golden_cleanup(&g);
}

static void test_close_is_reported(void **state)
{
    (void)state;
    char path[128], err[DATASET_ERR_MAX];
    struct golden g;
    struct dataset_writer *w;
    struct layer l = {.faults = {[OP_CLOSE] = {0, 1, -EIO}}};
    golden_init(&g);
    golden_path(path, "close");
    assert_int_equal(dataset_create_on(&w, err, path, &g.header, &layer_ops, &l), 0);
    assert_int_equal(dataset_finish(w, err, 0, DATASET_STOPPED), -EIO);
    assert_non_null(strstr(err, "close"));
    layer_cleanup(&l);
    unlink(path);
    golden_cleanup(&g);
}

/* ---- going on ---- */

static void test_resume_after_every_truncation(void **state)
{
    (void)state;
    char path[128], err[DATASET_ERR_MAX];
    size_t len;
    struct golden g;
    struct dataset_found found;
    struct dataset_writer *w;
    uint8_t *data = slurp(TEST_DATA "/golden-1.mxs.zst", &len);
    golden_init(&g);
    golden_path(path, "resume");
    for (size_t cut = 0; cut <= len; cut += 3) {
        size_t after;
        spill(path, data, cut);
        int rc = dataset_resume(&w, &found, err, path);
        if (rc == -ENODATA)
            continue;   /* inside the header */
        assert_int_equal(rc, 0);
        dataset_abandon(w);
        free(slurp(path, &after));
        assert_int_equal(after, cut);   /* only looked at */
        complete(&g, path, &found);
        assert_whole(path);
        if (cut % 16 != 0)
            continue;
        complete(&g, path, &found);     /* and once more: finished, with its trailer */
        assert_true(found.finished);
        assert_int_equal(found.num_done, 1);
        assert_int_equal(found.num_done_positions, 14);
        assert_whole(path);
    }
    free(data);
    unlink(path);
    golden_cleanup(&g);
}

/* damage before the end is no torn tail: an error that says where, and nothing is changed */
static void test_resume_refuses_damage_in_the_middle(void **state)
{
    (void)state;
    char path[128], err[DATASET_ERR_MAX] = "";
    size_t len, after;
    struct dataset_writer *w;
    struct dataset_found found;
    uint8_t *data = slurp(TEST_DATA "/golden-1.mxs.zst", &len);
    golden_path(path, "damage");
    for (size_t i = 0; i < len * 3 / 4; i += 3) {
        data[i] ^= 0x55;
        spill(path, data, len);
        int rc = dataset_resume(&w, &found, err, path);
        if (rc != -EBADMSG && rc != -EILSEQ && rc != -ENODATA)
            fail_msg("octet %zu: %d", i, rc);
        assert_non_null(strstr(err, path));
        uint8_t *now = slurp(path, &after);
        assert_int_equal(after, len);
        assert_memory_equal(now, data, len);
        free(now);
        data[i] ^= 0x55;
    }
    free(data);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_failed_writes_lose_nothing),
        cmocka_unit_test(test_failed_creation_leaves_nothing),
        cmocka_unit_test(test_failed_writes_after_a_resumption),
        cmocka_unit_test(test_failed_sync_is_never_trusted),
        cmocka_unit_test(test_failed_truncate_is_tried_again),
        cmocka_unit_test(test_failed_end_is_tried_again),
        cmocka_unit_test(test_close_is_reported),
        cmocka_unit_test(test_resume_after_every_truncation),
        cmocka_unit_test(test_resume_refuses_damage_in_the_middle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
