#include "tests/core/parts.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- files ---- */

const char *part_path(const char *name, uint32_t part)
{
    static char out[PART_PATH_LEN];
    char first[128];
    golden_path(first, name);
    char *path = dataset_part_path(first, part);
    snprintf(out, sizeof out, "%s", path);
    free(path);
    return out;
}

bool part_exists(const char *name, uint32_t part)
{
    return access(part_path(name, part), F_OK) == 0;
}

void parts_remove(const char *name)
{
    for (uint32_t i = 0; i < PARTS_MAX; i++)
        unlink(part_path(name, i));
}

/* ---- a sweep ---- */

void parts_init(struct parts *s, const char *name)
{
    memset(s, 0, sizeof *s);
    golden_init(&s->golden);
    s->name = name;
    parts_remove(name);
}

void parts_cleanup(struct parts *s)
{
    layer_cleanup(&s->layer);
    golden_cleanup(&s->golden);
    parts_remove(s->name);
}

/* a tail that could not be cut off yet may be torn */
static void assert_parts_read(const char *name, bool may_be_torn)
{
    for (uint32_t i = 0; part_exists(name, i); i++) {
        int rc;
        free(dump_dataset(part_path(name, i), &rc));
        if (rc != 0 && !(may_be_torn && rc == -ENODATA))
            fail_msg("part %u cannot be read: %d", i, rc);
    }
}

static void note_sealed(struct parts *s)
{
    struct dataset_totals totals;
    dataset_writer_totals(s->w, &totals);
    s->sealed[s->num_sealed].num_ops = s->layer.num;
    s->sealed[s->num_sealed++].positions = totals.positions;
}

static void seal(struct parts *s)
{
    char err[DATASET_ERR_MAX];
    for (size_t i = 0; dataset_seal(s->w, err) != 0; i++)
        assert_true(i < 4);
    note_sealed(s);
}

/* tries until it works, or gives up; after each failure all that there is can be read */
static void rotate(struct parts *s)
{
    char err[DATASET_ERR_MAX] = "";
    for (size_t i = 0; dataset_rotate(s->w, err, 5) != 0; i++) {
        assert_true(i < 4 && err[0] != '\0');
        s->num_failed++;
        assert_parts_read(s->name, s->layer.faults[OP_TRUNCATE].count > 0);
        if (s->gives_up)
            return;
    }
    note_sealed(s);
}

static bool is_done(const struct dataset_found *f, uint64_t position)
{
    for (size_t i = 0; f != NULL && i < f->num_done; i++)
        if (position >= f->done[i].first &&
            position <= f->done[i].first + (f->done[i].count - 1) * 2)
            return true;
    return false;
}

/* does what is not done, a block for every `block_len` slots and a part for every `part_len`
 * blocks, up to slot `end` */
void parts_visit(struct parts *s, const struct dataset_found *found, uint64_t end, size_t block_len,
                 size_t part_len)
{
    size_t in_block = 0, in_part = 0;
    note_sealed(s);
    for (uint64_t slot = 0; slot < end; slot++) {
        struct record r;
        golden_record(&s->golden, &r, slot);
        if (is_done(found, r.position))
            continue;
        if (part_len > 0 && in_part == part_len) {
            rotate(s);
            in_part = 0;
        }
        assert_int_equal(dataset_add(s->w, &r, s->golden.ders), 0);
        if (++in_block % block_len == 0) {
            seal(s);
            in_part++;
        }
    }
    seal(s);
}

int parts_finish(struct parts *s, enum dataset_reason reason)
{
    char err[DATASET_ERR_MAX] = "";
    int rc = dataset_finish(s->w, err, 9, reason);
    s->w = NULL;
    return rc;
}

int parts_create(struct parts *s)
{
    char err[DATASET_ERR_MAX];
    return dataset_create_on(&s->w, err, part_path(s->name, 0), &s->golden.header, &layer_ops,
                             &s->layer);
}

void parts_begin(struct parts *s)
{
    assert_int_equal(parts_create(s), 0);
}

/* goes on with the sweep by the name of one of its parts */
void parts_go_on(struct parts *s, struct dataset_found *found, uint32_t named)
{
    char err[DATASET_ERR_MAX] = "";
    int rc = dataset_resume_on(&s->w, found, err, part_path(s->name, named), &layer_ops, &s->layer);
    if (rc != 0)
        fail_msg("cannot be gone on with: %s", err);
}

void parts_tell(struct parts *s)
{
    char err[DATASET_ERR_MAX];
    while (dataset_event(s->w, err, 7, "resumed", NULL, 0) != 0)
        ;
}

void parts_complete(struct parts *s, uint32_t named)
{
    struct dataset_found found;
    parts_go_on(s, &found, named);
    parts_tell(s);
    parts_visit(s, &found, SLOTS, 3, 1);
    assert_int_equal(parts_finish(s, DATASET_COMPLETE), 0);
}

/* ---- what the parts say ---- */

static int compare_lines(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* the records of all parts, sorted */
static char *records_of(const char *name)
{
    char *lines[64], *texts[PARTS_MAX], *save = NULL;
    size_t num = 0, at = 0, len = 1;
    uint32_t parts = 0;
    for (; part_exists(name, parts); parts++) {
        int rc;
        texts[parts] = dump_dataset(part_path(name, parts), &rc);
        assert_int_equal(rc, 0);
        len += strlen(texts[parts]) + 1;
        for (char *l = strtok_r(texts[parts], "\n", &save); l != NULL;
             l = strtok_r(NULL, "\n", &save))
            if (strncmp(l, "record ", 7) == 0) {
                assert_true(num < 64);
                lines[num++] = l;
            }
    }
    qsort(lines, num, sizeof lines[0], compare_lines);
    char *out = calloc(1, len);
    for (size_t i = 0; i < num; i++)
        at += (size_t)sprintf(out + at, "%s\n", lines[i]);
    for (uint32_t i = 0; i < parts; i++)
        free(texts[i]);
    return out;
}

/* what a sweep in one file says */
char *parts_whole_records(void)
{
    struct parts s;
    parts_init(&s, "whole");
    parts_begin(&s);
    parts_visit(&s, NULL, SLOTS, 5, 0);
    assert_int_equal(parts_finish(&s, DATASET_COMPLETE), 0);
    assert_false(part_exists("whole", 1));
    char *records = records_of("whole");
    parts_cleanup(&s);
    return records;
}

struct dataset_trailer last_trailer(const char *path)
{
    char err[DATASET_ERR_MAX];
    struct dataset_reader *r;
    struct dataset_item item;
    struct dataset_trailer t = {.reason = 0};
    assert_int_equal(dataset_open(&r, err, path), 0);
    while (dataset_next(r, &item, err) > 0)
        if (item.kind == DATASET_TRAILER)
            assert_int_equal(dataset_trailer_decode(&t, item.payload, err), 0);
    assert_true(dataset_reader_finished(r));
    dataset_close(r);
    return t;
}

/* all parts are ended, all but the last with: goes on; none is there behind the last */
uint32_t parts_chain(const char *name)
{
    uint32_t parts = 0;
    while (part_exists(name, parts + 1))
        parts++;
    for (uint32_t i = 0; i <= parts; i++)
        assert_int_equal(last_trailer(part_path(name, i)).reason,
                         i < parts ? DATASET_ROTATED : DATASET_COMPLETE);
    return parts + 1;
}

void parts_assert_whole(const char *name, const char *want)
{
    parts_chain(name);
    char *got = records_of(name);
    assert_string_equal(got, want);
    free(got);
}

/* four parts, of which the last is not complete */
void parts_make(struct parts *s, const char *name)
{
    parts_init(s, name);
    parts_begin(s);
    parts_visit(s, NULL, 10, 3, 1);
    assert_int_equal(parts_finish(s, DATASET_STOPPED), 0);
    assert_true(part_exists(name, 3) && !part_exists(name, 4));
}

size_t header_len(const char *path)
{
    char err[DATASET_ERR_MAX];
    uint8_t hash[32];
    struct dataset_reader *r;
    assert_int_equal(dataset_open(&r, err, path), 0);
    size_t len = (size_t)reader_place(r, hash);
    dataset_close(r);
    return len;
}
