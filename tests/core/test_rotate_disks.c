/* A sweep in parts on disks that fail, and on disks that lose power at any moment: of what was written
 * since the last sync of each file, the disk has all, nothing, or a part; files whose name is not
 * durable may not be there. Whatever is there is gone on with. */
#include "core/dataset_write.h"
#include "tests/core/parts.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cmocka.h>

enum { FILE_LEN = 1 << 13 };

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { STRIDE = 41 }; /* octets at which a write is cut: slow builds see a part of them */
#else
enum { STRIDE = 3 };
#endif

/* ---- failing disks ---- */

static void test_failed_rotations_lose_nothing(void **state)
{
    (void)state;
    static const struct {
        enum op_kind kind;
        int rc;
        size_t count, short_len;
    } cases[] = {
        {OP_WRITE, -ENOSPC, 1, 0}, {OP_WRITE, -EIO, 2, 60},   {OP_SYNC, -EIO, 1, 0},
        {OP_SYNC, -EIO, 3, 0},     {OP_SYNC_DIR, -EIO, 1, 0}, {OP_SYNC_DIR, -EIO, 3, 0},
    };
    char *want = parts_whole_records();
    size_t num_failed = 0;
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++)
        for (size_t from = 1; from < 60; from++)
            for (int gives_up = 0; gives_up < 2; gives_up++) {
                struct parts s;
                parts_init(&s, "failing");
                s.gives_up = gives_up;
                s.layer.short_len = cases[c].short_len;
                s.layer.faults[cases[c].kind].from = from;
                s.layer.faults[cases[c].kind].count = cases[c].count;
                s.layer.faults[cases[c].kind].rc = cases[c].rc;
                /* what cannot be written is not cut back at once either, now and then */
                s.layer.faults[OP_TRUNCATE].count = from % 3 == 0;
                s.layer.faults[OP_TRUNCATE].rc = -EROFS;
                while (parts_create(&s) != 0)
                    ;
                parts_visit(&s, NULL, SLOTS, 2, 1);
                if (parts_finish(&s, DATASET_COMPLETE) != 0) {
                    memset(s.layer.faults, 0, sizeof s.layer.faults);
                    parts_complete(&s, 0);
                }
                num_failed += s.num_failed;
                parts_assert_whole("failing", want);
                parts_cleanup(&s);
            }
    assert_true(num_failed > 100);
    free(want);
}

/* a part that was begun for a rotation that did not come about is gone in the end */
static void test_given_up(void **state)
{
    (void)state;
    char err[DATASET_ERR_MAX], *want = parts_whole_records();
    struct parts s;
    parts_init(&s, "given-up");
    parts_begin(&s);
    parts_visit(&s, NULL, 5, 5, 0);
    s.layer.faults[OP_SYNC].from = s.layer.calls[OP_SYNC] + 1; /* that of the trailer */
    s.layer.faults[OP_SYNC].count = 1;
    s.layer.faults[OP_SYNC].rc = -EIO;
    assert_int_equal(dataset_rotate(s.w, err, 5), -EIO);
    assert_true(part_exists("given-up", 1));
    struct record r;
    for (uint64_t slot = 5; slot < SLOTS; slot++) {
        golden_record(&s.golden, &r, slot);
        assert_int_equal(dataset_add(s.w, &r, s.golden.ders), 0);
    }
    assert_int_equal(parts_finish(&s, DATASET_COMPLETE), 0);
    parts_assert_whole("given-up", want);
    assert_false(part_exists("given-up", 1));
    parts_cleanup(&s);
    free(want);
}

/* of each file that is closed it is told if that went wrong */
static void test_close_is_reported(void **state)
{
    (void)state;
    for (size_t from = 0; from < 4; from++) {
        struct parts s;
        parts_init(&s, "close");
        s.layer.faults[OP_CLOSE].from = from;
        s.layer.faults[OP_CLOSE].count = 1;
        s.layer.faults[OP_CLOSE].rc = -EIO;
        parts_begin(&s);
        parts_visit(&s, NULL, SLOTS, 4, 1); /* four parts: two are closed on the way */
        assert_int_equal(parts_finish(&s, DATASET_COMPLETE), -EIO);
        assert_int_equal(parts_chain("close"), 4);
        parts_cleanup(&s);
    }
}

/* ---- power cuts ---- */

/* what a disk may have of a sweep */
struct disk {
    struct {
        uint8_t data[FILE_LEN];
        size_t len;
        bool exists;
    } file[8];
};
enum { DISK_FILES = 8 };

static void apply(struct disk *d, const struct op *op, const uint32_t *parts, size_t len)
{
    uint32_t part = parts[op->file];
    assert_true(part < DISK_FILES && op->offset + len <= FILE_LEN);
    size_t end = (size_t)op->offset + (op->kind == OP_WRITE ? len : 0);
    if (op->kind == OP_WRITE)
        memcpy(d->file[part].data + op->offset, op->data, len);
    if (op->kind == OP_WRITE || op->kind == OP_TRUNCATE) {
        if (op->kind == OP_TRUNCATE || end > d->file[part].len)
            d->file[part].len = end;
        memset(d->file[part].data + d->file[part].len, 0, FILE_LEN - d->file[part].len);
    }
}

struct cuts {
    const struct parts *sweep;
    const char *want;
    struct disk before, durable;
    uint32_t parts[LAYER_FILES]; /* which part a file of the log is */
    uint64_t positions;          /* that are durable */
    uint64_t num_disks;
};

static void map_files(struct cuts *c)
{
    const struct layer *l = &c->sweep->layer;
    for (uint32_t part = 0; part_exists(c->sweep->name, part); part++) {
        struct stat st;
        assert_int_equal(stat(part_path(c->sweep->name, part), &st), 0);
        for (unsigned i = 0; i < l->num_files; i++)
            if (l->inodes[i] == st.st_ino)
                c->parts[i] = part;
    }
}

/* gone on with, whatever is there: every record once, in parts that are complete */
static void try_disk(struct cuts *c, const struct disk *d)
{
    struct parts next;
    struct dataset_found found;
    parts_init(&next, "next");
    for (uint32_t i = 0; i < DISK_FILES; i++)
        if (d->file[i].exists)
            spill(part_path("next", i), d->file[i].data, d->file[i].len);
    parts_go_on(&next, &found, 0);
    if (found.num_done_positions < c->positions)
        fail_msg("%llu positions are durable, %llu are there", (unsigned long long)c->positions,
                 (unsigned long long)found.num_done_positions);
    parts_tell(&next);
    parts_visit(&next, &found, SLOTS, 3, 1 + c->num_disks % 3);
    assert_int_equal(parts_finish(&next, DATASET_COMPLETE), 0);
    parts_assert_whole("next", c->want);
    parts_cleanup(&next);
    c->num_disks++;
}

/* with the files whose names are not durable, and without them */
static void try_names(struct cuts *c, struct disk *d, uint32_t first_new)
{
    try_disk(c, d);
    for (uint32_t i = first_new; i < DISK_FILES; i++)
        d->file[i].exists = false;
    if (first_new < DISK_FILES)
        try_disk(c, d);
}

/* the power goes after num_ops operations */
static void cut_after(struct cuts *c, size_t num_ops)
{
    const struct layer *l = &c->sweep->layer;
    size_t loose[8], num_loose = 0;
    bool named[DISK_FILES] = {false};
    c->durable = c->before;
    c->positions = 0;
    for (size_t i = 0; i < c->sweep->num_sealed; i++)
        if (c->sweep->sealed[i].num_ops <= num_ops)
            c->positions = c->sweep->sealed[i].positions;
    for (size_t i = 0; i < num_ops; i++) {
        bool is_durable = false;
        for (size_t k = i; k < num_ops; k++)
            is_durable |= l->log[k].kind == OP_SYNC && l->log[k].file == l->log[i].file;
        if (l->log[i].kind != OP_WRITE && l->log[i].kind != OP_TRUNCATE) {
            for (uint32_t f = 0; l->log[i].kind == OP_SYNC_DIR && f < DISK_FILES; f++)
                named[f] = c->durable.file[f].exists;
            continue;
        }
        c->durable.file[c->parts[l->log[i].file]].exists = true;
        if (is_durable)
            apply(&c->durable, &l->log[i], c->parts, l->log[i].len);
        else
            loose[num_loose++] = i;
    }
    uint32_t first_new = 0;
    while (first_new < DISK_FILES && (c->before.file[first_new].exists || named[first_new] ||
                                      !c->durable.file[first_new].exists))
        first_new++;
    for (unsigned kept = 0; kept < 1U << num_loose; kept++) {
        struct disk d = c->durable;
        for (size_t i = 0; i < num_loose; i++)
            if ((kept >> i & 1) != 0)
                apply(&d, &l->log[loose[i]], c->parts, l->log[loose[i]].len);
        try_names(c, &d, first_new);
    }
    if (num_loose == 0 || l->log[loose[num_loose - 1]].kind != OP_WRITE)
        return;
    const struct op *last = &l->log[loose[num_loose - 1]];
    for (size_t len = 1; len < last->len; len += STRIDE) {
        struct disk d = c->durable;
        apply(&d, last, c->parts, last->len);
        memset(d.file[c->parts[last->file]].data + last->offset + len, 0, last->len - len);
        try_names(c, &d, first_new); /* the length came first */
        d = c->durable;
        apply(&d, last, c->parts, len);
        try_names(c, &d, first_new);
    }
}

static void test_power_cuts_at_every_operation(void **state)
{
    (void)state;
    static struct cuts c;
    char *want = parts_whole_records();
    struct parts s;
    size_t from = 0;
    parts_init(&s, "cuts");
    parts_begin(&s);
    parts_visit(&s, NULL, SLOTS, 3, 1);
    assert_int_equal(parts_finish(&s, DATASET_COMPLETE), 0);
    c = (struct cuts){.sweep = &s, .want = want};
    map_files(&c);
    while (s.layer.log[from].kind != OP_SYNC_DIR) /* before, nothing was promised */
        from++;
    for (size_t i = from + 1; i <= s.layer.num; i++)
        cut_after(&c, i);
    print_message("%llu disks\n", (unsigned long long)c.num_disks);
    parts_cleanup(&s);
    free(want);
}

/* and once more, while what was cut is gone on with: the last part torn, the next begun */
static void test_power_cuts_while_it_is_gone_on_with(void **state)
{
    (void)state;
    static struct cuts c;
    char *want = parts_whole_records();
    struct parts s;
    struct dataset_found found;
    size_t len, head_len, told;
    parts_make(&s, "again");
    c = (struct cuts){.sweep = &s, .want = want};
    head_len = header_len(part_path("again", 2));
    for (uint32_t i = 0; i < 3; i++) {
        uint8_t *data = slurp(part_path("again", i), &len);
        len = i == 0 ? len : i == 1 ? len - 9 : head_len;
        memcpy(c.before.file[i].data, data, len);
        c.before.file[i].len = len;
        c.before.file[i].exists = true;
        free(data);
    }
    parts_cleanup(&s);
    parts_init(&s, "again");
    for (uint32_t i = 0; i < 3; i++)
        spill(part_path("again", i), c.before.file[i].data, c.before.file[i].len);
    parts_go_on(&s, &found, 0);
    assert_int_equal(found.num_done_positions, 6);
    assert_true(found.torn_bytes > 0);
    assert_true(part_exists("again", 2)); /* as long as the part before may point to it */
    parts_tell(&s);
    assert_false(part_exists("again", 2));
    told = s.layer.num;
    parts_visit(&s, &found, SLOTS, 3, 1);
    assert_int_equal(parts_finish(&s, DATASET_COMPLETE), 0);
    map_files(&c);
    for (size_t i = 0; i <= s.layer.num; i++)
        cut_after(&c, i);
    memset(&c.before.file[2], 0, sizeof c.before.file[2]); /* its removal was durable */
    for (size_t i = told; i <= s.layer.num; i++)
        cut_after(&c, i);
    print_message("%llu disks\n", (unsigned long long)c.num_disks);
    parts_cleanup(&s);
    free(want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_failed_rotations_lose_nothing),
        cmocka_unit_test(test_given_up),
        cmocka_unit_test(test_close_is_reported),
        cmocka_unit_test(test_power_cuts_at_every_operation),
        cmocka_unit_test(test_power_cuts_while_it_is_gone_on_with),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
