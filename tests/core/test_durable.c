/* what becomes of a dataset when writes and syncs fail, when the power goes, and when it is gone
 * on with */
#include "tests/core/golden.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- a file layer that logs and fails ---- */

enum op_kind { OP_WRITE, OP_SYNC, OP_SYNC_DIR, OP_TRUNCATE, OP_CLOSE, NUM_OPS };

struct op {
    enum op_kind kind;
    uint64_t offset;
    size_t len;
    uint8_t *data;
};

struct layer {
    struct op *log;
    size_t num, cap;
    size_t calls[NUM_OPS];
    struct {
        size_t from, count;   /* from call `from` on, `count` calls fail */
        int rc;
    } faults[NUM_OPS];
    size_t short_len;         /* longest write; 0: any */
};

static int note(struct layer *l, struct op op, const void *data)
{
    size_t call = l->calls[op.kind]++;
    if (call >= l->faults[op.kind].from && call - l->faults[op.kind].from <
        l->faults[op.kind].count)
        return l->faults[op.kind].rc;
    if (l->num == l->cap) {
        l->cap = l->cap == 0 ? 64 : 2 * l->cap;
        l->log = realloc(l->log, l->cap * sizeof *l->log);
    }
    op.data = malloc(op.len + 1);
    if (op.len > 0 && data != NULL)
        memcpy(op.data, data, op.len);
    l->log[l->num++] = op;
    return 0;
}

static ssize_t layer_write(void *context, int fd, const void *data, size_t len, uint64_t offset)
{
    struct layer *l = context;
    if (l->short_len > 0 && len > l->short_len)
        len = l->short_len;
    int rc = note(l, (struct op){OP_WRITE, offset, len, NULL}, data);
    return rc != 0 ? rc : file_system.write(NULL, fd, data, len, offset);
}

static int layer_sync(void *context, int fd)
{
    (void)fd;
    return note(context, (struct op){OP_SYNC, 0, 0, NULL}, NULL);
}

static int layer_sync_dir(void *context, int fd)
{
    (void)fd;
    return note(context, (struct op){OP_SYNC_DIR, 0, 0, NULL}, NULL);
}

static int layer_truncate(void *context, int fd, uint64_t len)
{
    int rc = note(context, (struct op){OP_TRUNCATE, len, 0, NULL}, NULL);
    return rc != 0 ? rc : file_system.truncate(NULL, fd, len);
}

static int layer_close(void *context, int fd)
{
    int rc = note(context, (struct op){OP_CLOSE, 0, 0, NULL}, NULL);
    file_system.close(NULL, fd);
    return rc;
}

static const struct file_ops layer_ops = {layer_write, layer_sync, layer_sync_dir, layer_truncate,
                                          layer_close};

static void layer_cleanup(struct layer *l)
{
    for (size_t i = 0; i < l->num; i++)
        free(l->log[i].data);
    free(l->log);
}

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

/* ---- power cuts ---- */

static void put_at(uint8_t *disk, size_t *len, const struct op *op, size_t num)
{
    if (op->offset + num > *len) {
        memset(disk + *len, 0, (size_t)op->offset + num - *len);
        *len = (size_t)op->offset + num;
    }
    memcpy(disk + op->offset, op->data, num);
}

/* what the disk may hold after the first num operations: what was synced, and of the rest only
 * some: which, mode says */
static size_t disk_after(uint8_t *disk, const struct layer *l, size_t num, unsigned mode)
{
    size_t len = 0, synced = 0;
    for (size_t i = 0; i < num; i++)
        if (l->log[i].kind == OP_SYNC)
            synced = i + 1;
    for (size_t i = 0; i < num; i++) {
        const struct op *op = &l->log[i];
        bool kept = i < synced || (mode & 1) == 0 || (i * 2654435761U >> 7 & 1) == 0;
        if (op->kind == OP_TRUNCATE && kept && op->offset < len)
            len = (size_t)op->offset;
        if (op->kind != OP_WRITE)
            continue;
        size_t part = i < synced ? op->len : op->len * (mode >> 1 & 3) / 3;   /* torn */
        if (kept)
            put_at(disk, &len, op, part);
        else if ((mode & 8) != 0) {   /* the length reached the disk, the octets did not */
            size_t end = (size_t)op->offset + op->len;
            if (end > len)
                memset(disk + len, 0, end - len);
            len = end > len ? end : len;
        }
    }
    return len;
}

/* records that are durable after the first num operations: those of the blocks whose sync had
 * returned */
static size_t whole_frames(const struct layer *l, size_t num)
{
    size_t frames = 0;
    for (size_t i = 0; i < num; i++)
        frames += l->log[i].kind == OP_SYNC;
    return frames;
}

static void test_power_cut_at_every_operation(void **state)
{
    (void)state;
    static const size_t records_after[] = {0, 0, 6, 6, 10, 13};   /* header, block, event, ... */
    char path[128], err[DATASET_ERR_MAX];
    struct golden g;
    struct dataset_writer *w;
    struct layer l = {.short_len = 200};
    uint8_t *disk = malloc(1 << 20);
    golden_init(&g);
    golden_path(path, "power");
    assert_int_equal(dataset_create_on(&w, err, path, &g.header, &layer_ops, &l), 0);
    for (size_t i = 0; i < GOLDEN_STEPS; i++)
        assert_int_equal(golden_step(&g, w, i, err), 0);
    assert_int_equal(dataset_seal(w, err), 0);
    assert_int_equal(dataset_finish(w, err, 9876543, DATASET_COMPLETE), 0);
    for (size_t num = 0; num <= l.num; num++)
        for (unsigned mode = 0; mode < 16; mode++) {
            struct dataset_found found;
            size_t len = disk_after(disk, &l, num, mode), frames = whole_frames(&l, num);
            int rc;
            if (frames == 0)
                continue;   /* no packet has gone out: nothing to go on with */
            spill(path, disk, len);
            size_t want = frames < 6 ? records_after[frames] : 13;
            if (count_records(path, &rc) < want)
                fail_msg("%zu operations, mode %u: a durable block is lost", num, mode);
            complete(&g, path, &found);
            assert_whole(path);
        }
    layer_cleanup(&l);
    free(disk);
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
        cmocka_unit_test(test_failed_sync_is_never_trusted),
        cmocka_unit_test(test_failed_truncate_is_tried_again),
        cmocka_unit_test(test_close_is_reported),
        cmocka_unit_test(test_power_cut_at_every_operation),
        cmocka_unit_test(test_resume_after_every_truncation),
        cmocka_unit_test(test_resume_refuses_damage_in_the_middle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
