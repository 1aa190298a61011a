/* The power goes at any moment: of what was written since the last sync, the disk has all, nothing,
 * or any part, in any order. Then the file reads to its last sealed block, and is gone on with. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/dataset_on.h"
#include "tests/core/golden.h"
#include "tests/core/layer.h"

enum {
    SLOTS = 14,
    NOISE_LEN = 3000, /* octets of a text that no compression makes shorter: several sectors */
    SECTOR = 512,
    DISK_LEN = 1 << 16,
    SECTORS_ALL = 7, /* all subsets of so many sectors are tried; of more, a sample */
    SAMPLE = 64,
    OPS_ALL = 6 /* all subsets of so many operations */
};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { STRIDE = 17 }; /* octets at which a write is cut: slow builds see a part of them */
#else
enum { STRIDE = 1 };
#endif

struct disk {
    uint8_t data[DISK_LEN];
    size_t len;
};

/* a run of a writer: what it did to the disk, and what was durable when */
struct run {
    struct golden golden;
    struct layer layer;
    char path[128];
    struct {
        size_t num_ops;
        uint64_t positions;
    } sealed[32];
    size_t num_sealed;
};

/* ---- the sweep ---- */

static const uint8_t *noise_of(uint64_t slot)
{
    static uint8_t noise[NOISE_LEN];
    uint64_t random = slot + 1;
    for (size_t i = 0; i < NOISE_LEN; i++) {
        random = random * 6364136223846793005U + 1442695040888963407U;
        noise[i] = (uint8_t)(random >> 56);
    }
    return noise;
}

static void make_record(struct golden *g, struct record *r, uint64_t slot)
{
    golden_record(g, r, slot);
    if (slot == 4 || slot == 10)
        r->text[TEXT_GREETING] = bytes_of(noise_of(slot), NOISE_LEN);
}

/* notes what is durable now */
static void note_sealed(struct run *r, const struct dataset_writer *w)
{
    struct dataset_totals totals;
    dataset_writer_totals(w, &totals);
    r->sealed[r->num_sealed].num_ops = r->layer.num;
    r->sealed[r->num_sealed++].positions = totals.positions;
}

static uint64_t durable(const struct run *r, size_t num_ops)
{
    uint64_t positions = 0;
    for (size_t i = 0; i < r->num_sealed; i++)
        if (r->sealed[i].num_ops <= num_ops)
            positions = r->sealed[i].positions;
    return positions;
}

/* seals until it works: the layer fails only so often */
static void seal(struct run *r, struct dataset_writer *w)
{
    char err[DATASET_ERR_MAX];
    for (size_t i = 0; dataset_seal(w, err) != 0; i++)
        assert_true(i < 4);
    note_sealed(r, w);
}

static bool is_done(const struct dataset_found *f, uint64_t position)
{
    for (size_t i = 0; i < f->num_done; i++)
        if (position >= f->done[i].first &&
            position <= f->done[i].first + (f->done[i].count - 1) * 2)
            return true;
    return false;
}

/* does what is not done, a block for every `block_len` slots, and ends the file */
static void sweep(struct run *r, struct dataset_writer *w, const struct dataset_found *found,
                  size_t block_len)
{
    char err[DATASET_ERR_MAX];
    size_t in_block = 0;
    note_sealed(r, w);
    for (uint64_t slot = 0; slot < SLOTS; slot++) {
        struct record record;
        make_record(&r->golden, &record, slot);
        if (found != NULL && is_done(found, record.position))
            continue;
        assert_int_equal(dataset_add(w, &record, r->golden.ders), 0);
        if (++in_block % block_len == 0)
            seal(r, w);
    }
    seal(r, w);
    int rc = dataset_finish(w, err, 1, DATASET_COMPLETE);
    if (rc != 0)
        fail_msg("%s", err);
}

static void run_init(struct run *r, const char *name)
{
    memset(r, 0, sizeof *r);
    golden_init(&r->golden);
    golden_path(r->path, name);
}

static void run_cleanup(struct run *r)
{
    layer_cleanup(&r->layer);
    golden_cleanup(&r->golden);
    unlink(r->path);
}

static void run_new(struct run *r)
{
    char err[DATASET_ERR_MAX];
    struct dataset_writer *w;
    assert_int_equal(dataset_create_on(&w, err, r->path, &r->golden.header, &layer_ops, &r->layer),
                     0);
    sweep(r, w, NULL, 5);
}

/* goes on with what a disk has; the event is that of a scanner */
static void run_on(struct run *r, const struct disk *d, uint64_t durable_positions)
{
    char err[DATASET_ERR_MAX] = "";
    struct dataset_writer *w;
    struct dataset_found found;
    spill(r->path, d->data, d->len);
    int rc = dataset_resume_on(&w, &found, err, r->path, &layer_ops, &r->layer);
    if (rc != 0)
        fail_msg("cannot be gone on with: %s", err);
    if (found.num_done_positions < durable_positions)
        fail_msg("%llu positions are durable, %llu are there",
                 (unsigned long long)durable_positions,
                 (unsigned long long)found.num_done_positions);
    assert_int_equal(dataset_event(w, err, 7, "resumed", NULL, 0), 0);
    sweep(r, w, &found, 3);
}

/* ---- what a file says ---- */

static int compare_lines(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* the records of a file, sorted */
static char *records_of(const char *path)
{
    int rc;
    char *lines[SLOTS + 1], *save = NULL, *text = dump_dataset(path, &rc);
    size_t num = 0, at = 0;
    assert_int_equal(rc, 0);
    char *out = calloc(1, strlen(text) + 2);
    for (char *l = strtok_r(text, "\n", &save); l != NULL; l = strtok_r(NULL, "\n", &save))
        if (strncmp(l, "record ", 7) == 0) {
            assert_true(num < SLOTS);
            lines[num++] = l;
        }
    qsort(lines, num, sizeof lines[0], compare_lines);
    for (size_t i = 0; i < num; i++)
        at += (size_t)sprintf(out + at, "%s\n", lines[i]);
    free(text);
    return out;
}

/* what a run without a cut says */
static char *whole_records(void)
{
    struct run r;
    run_init(&r, "whole");
    run_new(&r);
    char *records = records_of(r.path);
    run_cleanup(&r);
    return records;
}

/* whoever reads the disk gets every durable block, and no error but that the end is torn */
static void assert_readable(const struct disk *d, uint64_t durable_positions)
{
    char path[128];
    int rc;
    uint64_t num = 0;
    golden_path(path, "readable");
    spill(path, d->data, d->len);
    char *text = dump_dataset(path, &rc);
    if (rc != 0 && rc != -ENODATA)
        fail_msg("unreadable: %d", rc);
    for (const char *at = text; (at = strstr(at, "\nrecord ")) != NULL; at++)
        num++;
    if (num < durable_positions)
        fail_msg("%llu records are durable, %llu can be read",
                 (unsigned long long)durable_positions, (unsigned long long)num);
    free(text);
    unlink(path);
}

/* ---- disks ---- */

static void apply(struct disk *d, const struct op *op, size_t part)
{
    size_t end = (size_t)op->offset + part;
    if (op->kind == OP_TRUNCATE) {
        if (op->offset > d->len)
            memset(d->data + d->len, 0, (size_t)op->offset - d->len);
        d->len = (size_t)op->offset;
    }
    if (op->kind != OP_WRITE)
        return;
    assert_true(end <= DISK_LEN);
    if (op->offset > d->len)
        memset(d->data + d->len, 0, (size_t)op->offset - d->len);
    memcpy(d->data + op->offset, op->data, part);
    d->len = end > d->len ? end : d->len;
}

/* a moment at which the power goes: what is durable, and what is not */
struct moment {
    const struct run *run;
    const struct disk *before; /* of the whole run */
    size_t num_ops;            /* that were done */
    size_t first;              /* of those: the first that was not synced */
    struct disk durable, all;  /* with none and with all of the others */
    uint64_t positions;        /* durable */
    uint64_t num_disks;        /* tried so far, over all moments */
    const char *want;
};

static void moment_init(struct moment *m, size_t num_ops)
{
    const struct layer *l = &m->run->layer;
    m->num_ops = num_ops;
    m->first = 0;
    for (size_t i = 0; i < num_ops; i++)
        if (l->log[i].kind == OP_SYNC)
            m->first = i + 1;
    m->durable = *m->before;
    for (size_t i = 0; i < m->first; i++)
        apply(&m->durable, &l->log[i], l->log[i].len);
    m->all = m->durable;
    for (size_t i = m->first; i < num_ops; i++)
        apply(&m->all, &l->log[i], l->log[i].len);
    m->positions = durable(m->run, num_ops);
}

/* the disk reads, is gone on with, and then has every record once */
static void try_disk(struct moment *m, const struct disk *d)
{
    struct run next;
    run_init(&next, "next");
    assert_readable(d, m->positions);
    run_on(&next, d, m->positions);
    char *got = records_of(next.path);
    if (strcmp(got, m->want) != 0)
        fail_msg("after %zu operations: other records than without a cut", m->num_ops);
    free(got);
    run_cleanup(&next);
    m->num_disks++;
}

/* each subset of what was not synced, and none, whole */
static void try_dropped(struct moment *m)
{
    size_t num = m->num_ops - m->first;
    if (num > OPS_ALL)
        num = OPS_ALL;
    for (unsigned kept = 0; kept < 1U << num; kept++) {
        struct disk d = m->durable;
        for (size_t i = 0; i < num; i++)
            if ((kept >> i & 1) != 0)
                apply(&d, &m->run->layer.log[m->first + i], m->run->layer.log[m->first + i].len);
        try_disk(m, &d);
    }
}

/* the last write cut at every octet, what came before it whole */
static void try_torn(struct moment *m)
{
    if (m->num_ops == m->first || m->run->layer.log[m->num_ops - 1].kind != OP_WRITE)
        return;
    const struct op *last = &m->run->layer.log[m->num_ops - 1];
    struct disk before = m->durable;
    for (size_t i = m->first; i + 1 < m->num_ops; i++)
        apply(&before, &m->run->layer.log[i], m->run->layer.log[i].len);
    for (size_t part = 1; part < last->len; part += STRIDE) {
        struct disk d = before;
        apply(&d, last, part);
        try_disk(m, &d);
    }
}

static void try_sectors_of(struct moment *m, const size_t *sectors, size_t num, uint64_t kept)
{
    struct disk d = m->all;
    size_t end = m->durable.len;
    for (size_t i = 0; i < num; i++) {
        size_t at = sectors[i] * SECTOR, old = m->durable.len > at ? m->durable.len - at : 0;
        size_t after = at + SECTOR < m->all.len ? at + SECTOR : m->all.len;
        if ((kept >> i & 1) != 0) {
            end = after > end ? after : end;
            continue;
        }
        memset(d.data + at, 0, SECTOR);
        memcpy(d.data + at, m->durable.data + at, old < SECTOR ? old : SECTOR);
    }
    try_disk(m, &d); /* the length came first */
    d.len = end < d.len ? end : d.len;
    try_disk(m, &d); /* or with the last sector */
}

/* any of the sectors that differ, in any order */
static void try_sectors(struct moment *m)
{
    size_t sectors[DISK_LEN / SECTOR], num = 0;
    size_t len = m->all.len > m->durable.len ? m->all.len : m->durable.len;
    for (size_t at = 0; at < len; at += SECTOR) {
        size_t old = m->durable.len > at ? m->durable.len - at : 0;
        size_t new = m->all.len > at ? m->all.len - at : 0;
        size_t n = new < SECTOR ? new : SECTOR;
        if (old < n || memcmp(m->all.data + at, m->durable.data + at, n) != 0)
            sectors[num++] = at / SECTOR;
    }
    uint64_t random = 1;
    for (uint64_t i = 0; i < (num <= SECTORS_ALL ? UINT64_C(1) << num : SAMPLE); i++) {
        random = random * 6364136223846793005U + 1442695040888963407U;
        try_sectors_of(m, sectors, num, num <= SECTORS_ALL ? i : random >> 20);
    }
}

/* every moment of a run that began with a disk; from_ops: before, nothing was promised */
static uint64_t try_all(const struct run *run, const struct disk *before, size_t from_ops,
                        const char *want, bool torn)
{
    static struct moment m;
    m = (struct moment){.run = run, .before = before, .want = want};
    for (size_t num_ops = from_ops; num_ops <= run->layer.num; num_ops++) {
        moment_init(&m, num_ops);
        try_dropped(&m);
        try_sectors(&m);
        if (torn)
            try_torn(&m);
    }
    return m.num_disks;
}

/* ---- tests ---- */

static const struct disk empty;

/* the operations until the header and its name are durable: until then no packet goes out */
static size_t ops_of_header(const struct run *r)
{
    size_t n = 0;
    while (r->layer.log[n].kind != OP_SYNC_DIR)
        n++;
    return n + 1;
}

static void test_cuts_of_a_new_file(void **state)
{
    (void)state;
    struct run r;
    char *want = whole_records();
    run_init(&r, "new");
    run_new(&r);
    print_message("%llu disks\n",
                  (unsigned long long)try_all(&r, &empty, ops_of_header(&r), want, true));
    run_cleanup(&r);
    free(want);
}

/* frames begin anywhere in a sector: trailer and index, one write, fall apart in any way */
static void test_cuts_of_the_end_at_any_place(void **state)
{
    (void)state;
    char metadata[SECTOR + 3], *want = whole_records();
    uint64_t num = 0;
    for (size_t len = 2; len < SECTOR + 2; len += 9) {
        struct run r;
        run_init(&r, "place");
        memset(metadata, ' ', len);
        for (size_t i = 0; i < len; i++)
            metadata[i] = (char)(33 + noise_of(len)[i] % 90);
        r.golden.header.user_metadata = bytes_of(metadata, len);
        run_new(&r);
        num += try_all(&r, &empty, r.layer.num - 2, want, false);
        run_cleanup(&r);
    }
    print_message("%llu disks\n", (unsigned long long)num);
    free(want);
}

/* what is cut off is gone, however little comes after it */
static void test_torn_tails_are_cut_off(void **state)
{
    (void)state;
    char err[DATASET_ERR_MAX];
    struct run r, next;
    struct dataset_writer *w;
    struct dataset_found found;
    int rc;
    run_init(&r, "tail");
    run_new(&r);
    for (size_t i = 1; i < r.layer.num; i++) {
        struct disk d = empty;
        if (r.layer.log[i].kind != OP_WRITE)
            continue;
        for (size_t k = 0; k <= i; k++)
            apply(&d, &r.layer.log[k], r.layer.log[k].len - (k == i));
        run_init(&next, "next");
        spill(next.path, d.data, d.len);
        assert_int_equal(dataset_resume_on(&w, &found, err, next.path, &layer_ops, &next.layer), 0);
        assert_in_range(found.torn_bytes, 1, r.layer.log[i].len - 1); /* a trailer may be whole */
        assert_int_equal(dataset_finish(w, err, 1, DATASET_STOPPED), 0);
        free(dump_dataset(next.path, &rc));
        assert_int_equal(rc, 0);
        run_cleanup(&next);
    }
    run_cleanup(&r);
}

/* a disk that takes writes in pieces, and fails to sync now and then */
static void test_cuts_of_a_failing_disk(void **state)
{
    (void)state;
    struct run r;
    char *want = whole_records();
    run_init(&r, "failing");
    r.layer.short_len = 700;
    r.layer.faults[OP_SYNC].from = 2;
    r.layer.faults[OP_SYNC].count = 2;
    r.layer.faults[OP_SYNC].rc = -EIO;
    r.layer.faults[OP_WRITE].from = 9;
    r.layer.faults[OP_WRITE].count = 2;
    r.layer.faults[OP_WRITE].rc = -ENOSPC;
    run_new(&r);
    print_message("%llu disks\n",
                  (unsigned long long)try_all(&r, &empty, ops_of_header(&r), want, false));
    run_cleanup(&r);
    free(want);
}

/* the power goes again while a file is gone on with, whose tail is torn already, or whose end holds
 * a trailer */
static void test_cuts_of_a_resumed_file(void **state)
{
    (void)state;
    static const size_t cuts[] = {1, 300, 1200, 3100};
    struct run r;
    char *want = whole_records();
    uint64_t num = 0;
    run_init(&r, "first");
    run_new(&r);
    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
        static struct moment m;
        struct run second;
        m = (struct moment){.run = &r, .before = &empty};
        moment_init(&m, r.layer.num - 4 * (i % 2)); /* the end, or a block before it */
        struct disk d = m.all;
        d.len -= cuts[i] < d.len / 2 ? cuts[i] : 0;
        run_init(&second, "second");
        run_on(&second, &d, 0);
        num += try_all(&second, &d, 0, want, i == 1);
        run_cleanup(&second);
    }
    print_message("%llu disks\n", (unsigned long long)num);
    run_cleanup(&r);
    free(want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cuts_of_a_new_file),
        cmocka_unit_test(test_cuts_of_the_end_at_any_place),
        cmocka_unit_test(test_torn_tails_are_cut_off),
        cmocka_unit_test(test_cuts_of_a_failing_disk),
        cmocka_unit_test(test_cuts_of_a_resumed_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
