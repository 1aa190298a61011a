/* a copy says what the original says, and is chained anew */
#include "core/dataset_copy.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/dataset_salvage.h"
#include "tests/core/golden.h"

#define GOLDEN TEST_DATA "/golden-1.mxs.zst"

struct copying {
    char path[128];
    struct salvage *from;
    struct dataset_writer *to;
    struct block *block;
};

static void begin(struct copying *c)
{
    static bool lazy = true;
    char err[DATASET_ERR_MAX] = "";
    golden_path(c->path, "copy");
    assert_int_equal(salvage_open(&c->from, err, GOLDEN), 0);
    int rc = dataset_copy_create(&c->to, err, c->path, salvage_header_item(c->from),
                                 salvage_header(c->from), &file_lazy, &lazy);
    if (rc != 0)
        fail_msg("%s", err);
    c->block = block_new(salvage_header(c->from));
}

/* copies blocks and events, but for those that `skip` has a bit for; each block `times` times */
static void copy_items(struct copying *c, unsigned skip, unsigned times)
{
    char err[DATASET_ERR_MAX] = "";
    struct salvage_piece p;
    for (unsigned i = 0; salvage_next(c->from, &p, err) == 1; i++) {
        if ((skip >> i & 1) != 0)
            continue;
        if (p.item.kind == DATASET_EVENT)
            assert_int_equal(dataset_copy_event(c->to, err, p.item.payload), 0);
        if (p.item.kind != DATASET_BLOCK)
            continue;
        assert_int_equal(block_decode(c->block, p.item.payload, err), 0);
        assert_int_equal(dataset_copy_block(c->to, err, p.item.payload, c->block), 0);
        for (unsigned k = 1; k < times; k++) {
            assert_int_equal(dataset_copy_block(c->to, err, p.item.payload, c->block), -EEXIST);
            assert_non_null(strstr(err, "twice"));
        }
    }
}

static void end(struct copying *c)
{
    char err[DATASET_ERR_MAX] = "";
    assert_int_equal(dataset_finish(c->to, err, 9876543, DATASET_COMPLETE), 0);
    salvage_close(c->from);
    block_free(c->block);
}

static void test_copy_is_the_same(void **state)
{
    (void)state;
    struct copying c;
    int rc;
    begin(&c);
    copy_items(&c, 0, 3);
    end(&c);
    char *want = dump_dataset(GOLDEN, &rc);
    char *got = dump_dataset(c.path, &rc);
    assert_int_equal(rc, 0);
    assert_string_equal(got, want);
    free(got);
    free(want);
    unlink(c.path);
}

/* whatever is left out, the rest is whole and can be gone on with */
static void test_parts_are_whole(void **state)
{
    (void)state;
    char err[DATASET_ERR_MAX] = "";
    for (unsigned skip = 0; skip < 16; skip++) {
        struct copying c;
        struct dataset_writer *w;
        struct dataset_found found;
        int rc;
        begin(&c);
        copy_items(&c, skip, 1);
        end(&c);
        free(dump_dataset(c.path, &rc));
        assert_int_equal(rc, 0);
        assert_int_equal(dataset_resume(&w, &found, err, c.path), 0);
        assert_int_equal(found.torn_bytes, 0);
        assert_int_equal(found.finished, (skip & 0xd) == 0); /* bit 1 is the event's */
        dataset_abandon(w);
        unlink(c.path);
    }
}

static void test_errors(void **state)
{
    (void)state;
    struct copying c;
    struct dataset_writer *w;
    char err[DATASET_ERR_MAX] = "";
    bool lazy = true;
    begin(&c);
    assert_int_equal(dataset_copy_create(&w, err, c.path, salvage_header_item(c.from),
                                         salvage_header(c.from), &file_lazy, &lazy),
                     -EEXIST);
    assert_non_null(strstr(err, "exists"));
    assert_int_equal(dataset_copy_event(c.to, err, bytes_text("\xa1\x00\x00")), -EINVAL);
    assert_int_equal(dataset_copy_event(c.to, err, bytes_of(NULL, 0)), -EINVAL);
    copy_items(&c, 0, 1);
    end(&c);
    unlink(c.path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_copy_is_the_same),
        cmocka_unit_test(test_parts_are_whole),
        cmocka_unit_test(test_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
