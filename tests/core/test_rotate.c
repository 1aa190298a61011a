/* A sweep in parts: each is complete in itself, together they have every record once; and it is
 * gone on with by the name of any. */
#include "core/dataset_write.h"
#include "tests/core/golden2.h"
#include "tests/core/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- names ---- */

static void test_names(void **state)
{
    (void)state;
    static const struct {
        const char *first;
        uint32_t part;
        const char *path;
    } cases[] = {
        {"pool.mxs.zst", 1, "pool.0001.mxs.zst"},
        {"pool.mxs.zst", 9999, "pool.9999.mxs.zst"},
        {"pool.mxs.zst", 10000, "pool.10000.mxs.zst"},
        {"pool.mxs.zst", UINT32_MAX - 1, "pool.4294967294.mxs.zst"},
        {"a.b/pool.mxs.zst", 2, "a.b/pool.0002.mxs.zst"},
        {"/x/pool.zst", 2, "/x/pool.0002.zst"},
        {"pool.2025.mxs.zst", 3, "pool.2025.0003.mxs.zst"},
        {"pool.0003.mxs.zst", 3, "pool.0003.0003.mxs.zst"},
        {"pool.0003.mxs.zst", 4, "pool.0003.0004.mxs.zst"},
        {"pool", 1, "pool.0001"},
        {"a.b/pool", 1, "a.b/pool.0001"},
        {"pool.", 1, "pool.0001."},
        {".hidden", 1, ".hidden.0001"},
        {".mxs.zst", 1, ".mxs.0001.zst"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *path = dataset_part_path(cases[i].first, cases[i].part);
        char *first = part_first_path(cases[i].path, cases[i].part);
        char *same = dataset_part_path(cases[i].first, 0);
        assert_string_equal(path, cases[i].path);
        assert_non_null(first);
        assert_string_equal(first, cases[i].first);
        assert_string_equal(same, cases[i].first);
        assert_null(part_first_path(cases[i].path, cases[i].part - 1));
        free(path);
        free(first);
        free(same);
    }
    static const char *const others[] = {"pool.mxs.zst",
                                         "pool.mxs.0001.zst",
                                         "pool.1.mxs.zst",
                                         "pool.0001.mxs.zst.old",
                                         "pool.0001x.mxs.zst",
                                         "",
                                         "/"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_null(part_first_path(others[i], 1));
}

/* ---- headers ---- */

/* the number is kept, changes nothing that the sweep's id is made of, and is not there if it is 0 */
static void test_headers(void **state)
{
    (void)state;
    static const uint32_t numbers[] = {0, 1, 23, 24, 9999, UINT32_MAX - 1};
    char err[DATASET_ERR_MAX];
    struct golden g;
    golden_init(&g);
    g.header.format = DATASET_FORMAT;
    dataset_sweep_id(&g.header);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        struct header_store *store;
        struct cbor_writer w;
        struct dataset_header h = g.header;
        h.part = numbers[i];
        dataset_sweep_id(&h);
        assert_memory_equal(h.sweep_id, g.header.sweep_id, 32);
        cbor_writer_init(&w, DATASET_ITEM_MAX);
        assert_int_equal(header_encode(&w, &h), 0);
        assert_int_equal(header_decode(&store, bytes_of(w.data, w.len), err), 0);
        assert_int_equal(header_of(store)->part, numbers[i]);
        header_free(store);
        if (numbers[i] == 1) { /* a part 0 that says so is malformed */
            w.data[w.len - 1] = 0;
            assert_int_equal(header_decode(&store, bytes_of(w.data, w.len), err), -EBADMSG);
        }
        cbor_writer_cleanup(&w);
    }
    golden_cleanup(&g);
}

/* each part has an id of its own, that follows from the one before and from nothing else */
static void test_ids(void **state)
{
    (void)state;
    struct golden g;
    struct dataset_header ids[5];
    golden_init(&g);
    ids[0] = g.header;
    for (size_t i = 1; i < 5; i++) {
        header_next_part(&ids[i], &ids[i - 1]);
        struct dataset_header again;
        header_next_part(&again, &ids[i - 1]);
        assert_true(part_follows(&again, &ids[i]));
        assert_false(part_follows(&again, &ids[i - 1]));
        for (size_t k = 0; k < i; k++)
            assert_memory_not_equal(ids[i].id, ids[k].id, 16);
    }
    golden_cleanup(&g);
}

/* ---- parts ---- */

/* a header's octets, but for what its part alone has */
static void put_header(struct cbor_writer *w, const struct dataset_header *header)
{
    struct dataset_header h = *header;
    cbor_writer_init(w, DATASET_ITEM_MAX);
    h.part = 0;
    memset(h.id, 0, sizeof h.id);
    assert_int_equal(header_encode(w, &h), 0);
}

/* the headers of two parts: the same, but for number and id */
static void assert_next_header(const char *name, uint32_t part)
{
    char err[DATASET_ERR_MAX];
    struct dataset_reader *a, *b;
    struct dataset_header next;
    struct cbor_writer one, other;
    assert_int_equal(dataset_open(&a, err, part_path(name, part - 1)), 0);
    assert_int_equal(dataset_open(&b, err, part_path(name, part)), 0);
    put_header(&one, dataset_reader_header(a));
    put_header(&other, dataset_reader_header(b));
    assert_int_equal(one.len, other.len);
    assert_memory_equal(one.data, other.data, one.len);
    assert_int_equal(dataset_reader_header(b)->part, part);
    assert_memory_not_equal(dataset_reader_header(a)->id, dataset_reader_header(b)->id, 16);
    header_next_part(&next, dataset_reader_header(a));
    assert_true(part_follows(&next, dataset_reader_header(b)));
    cbor_writer_cleanup(&one);
    cbor_writer_cleanup(&other);
    dataset_close(a);
    dataset_close(b);
}

/* every certificate that a part's chains name is in that part, before */
static void assert_certificates(const char *path)
{
    char err[DATASET_ERR_MAX];
    uint8_t known[64][32];
    size_t num = 0, chains = 0;
    struct dataset_reader *r;
    struct dataset_item item;
    assert_int_equal(dataset_open(&r, err, path), 0);
    struct block *b = block_new(dataset_reader_header(r));
    while (dataset_next(r, &item, err) > 0) {
        if (item.kind != DATASET_BLOCK)
            continue;
        assert_int_equal(block_decode(b, item.payload, err), 0);
        for (size_t i = 0; i < block_num_certs(b); i++)
            block_cert(b, i, known[num++]);
        for (size_t i = 0; i < block_num_chains(b); i++, chains++) {
            uint16_t len;
            bool cut;
            const uint8_t(*chain)[32] = block_chain(b, i, &len, &cut);
            for (size_t k = 0, j; k < len; k++) {
                for (j = 0; j < num && memcmp(known[j], chain[k], 32) != 0; j++)
                    ;
                assert_true(j < num);
            }
        }
    }
    assert_true(chains > 0);
    block_free(b);
    dataset_close(r);
}

/* however often it is rotated: parts that are complete, and every record once */
static void test_rotated_at_every_block(void **state)
{
    (void)state;
    char *want = parts_whole_records();
    for (size_t block_len = 1; block_len <= 7; block_len++)
        for (size_t part_len = 1; part_len <= 4; part_len++) {
            struct parts s;
            struct dataset_totals totals, sum = {0};
            struct dataset_part part;
            parts_init(&s, "every");
            parts_begin(&s);
            parts_visit(&s, NULL, SLOTS, block_len, part_len);
            dataset_writer_totals(s.w, &totals);
            dataset_writer_part(s.w, &part);
            assert_string_equal(part.path, part_path("every", part.number));
            assert_int_equal(parts_finish(&s, DATASET_COMPLETE), 0);
            parts_assert_whole("every", want);
            uint32_t parts = parts_chain("every");
            assert_int_equal(parts, part.number + 1);
            for (uint32_t i = 0; i < parts; i++) {
                struct dataset_trailer t = last_trailer(part_path("every", i));
                sum.records += t.records;
                sum.positions += t.positions;
                sum.blocks += t.blocks;
                assert_true(t.blocks > 0);
                if (i > 0)
                    assert_next_header("every", i);
                if (block_len * part_len >= 3)
                    assert_certificates(part_path("every", i));
            }
            assert_int_equal(sum.records, totals.records);
            assert_int_equal(sum.positions, totals.positions);
            assert_int_equal(sum.blocks, totals.blocks);
            assert_int_equal(totals.positions, SLOTS);
            parts_cleanup(&s);
        }
    free(want);
}

/* what is pending is sealed into the part that ends; events go to the part that they come in */
static void test_pending_and_events(void **state)
{
    (void)state;
    char err[DATASET_ERR_MAX];
    struct parts s;
    struct record r;
    int rc;
    parts_init(&s, "pending");
    parts_begin(&s);
    golden_record(&s.golden, &r, 1);
    assert_int_equal(dataset_add(s.w, &r, s.golden.ders), 0);
    assert_int_equal(dataset_rotate(s.w, err, 5), 0);
    assert_int_equal(dataset_pending(s.w), 0);
    assert_int_equal(dataset_event(s.w, err, 6, "told-in-one", NULL, 0), 0);
    assert_int_equal(dataset_rotate(s.w, err, 7), 0);
    assert_int_equal(parts_finish(&s, DATASET_STOPPED), 0);
    static const char *const says[] = {"record ", "told-in-one", "trailer"};
    for (uint32_t i = 0; i < 3; i++) {
        char *text = dump_dataset(part_path("pending", i), &rc);
        assert_int_equal(rc, 0);
        assert_non_null(strstr(text, says[i]));
        assert_int_equal(strstr(text, "told-in-one") != NULL, i == 1);
        free(text);
    }
    assert_int_equal(last_trailer(part_path("pending", 0)).end_us, 5);
    assert_int_equal(last_trailer(part_path("pending", 0)).records, 1);
    assert_int_equal(last_trailer(part_path("pending", 1)).end_us, 7);
    assert_int_equal(last_trailer(part_path("pending", 1)).records, 0);
    parts_cleanup(&s);
}

/* of a stream, what was read is said in each part that has a block, and the end in the last */
static void test_streams(void **state)
{
    (void)state;
    static const uint8_t sha256[32] = {7};
    char err[DATASET_ERR_MAX];
    struct golden2 g;
    struct dataset_writer *w;
    struct dataset_found found;
    struct dataset_reader *r;
    struct dataset_item item;
    uint64_t lines = 0;
    uint8_t hash[32];
    golden2_init(&g, true);
    parts_remove("stream");
    const uint32_t step = g.header.num_shards, first = g.header.shard;
    assert_int_equal(dataset_create(&w, err, part_path("stream", 0), &g.header), 0);
    dataset_consumed(w, 9, sha256);
    assert_int_equal(dataset_skip(w, first), 0);
    assert_int_equal(dataset_rotate(w, err, 1), 0);
    assert_int_equal(dataset_rotate(w, err, 2), 0); /* nothing in it */
    assert_int_equal(dataset_skip(w, first + step), 0);
    assert_int_equal(dataset_seal(w, err), 0);
    dataset_abandon(w);

    assert_int_equal(dataset_open(&r, err, part_path("stream", 2)), 0);
    struct block *b = block_new(dataset_reader_header(r));
    assert_int_equal(dataset_next(r, &item, err), 1);
    assert_int_equal(block_decode(b, item.payload, err), 0);
    assert_true(block_consumed(b, &lines, hash) && lines == 9 && hash[0] == 7);
    block_free(b);
    dataset_close(r);

    for (uint32_t named = 0; named < 3; named++) {
        assert_int_equal(dataset_resume(&w, &found, err, part_path("stream", named)), 0);
        assert_true(found.consumed_lines == 9 && found.consumed_sha256[0] == 7);
        assert_true(found.num_done_positions == 2 && found.num_done == 1 && !found.finished);
        dataset_abandon(w);
    }
    assert_int_equal(dataset_resume(&w, &found, err, part_path("stream", 1)), 0);
    dataset_stream_end(w, 11);
    assert_int_equal(dataset_event(w, err, 3, "resumed", NULL, 0), 0);
    assert_int_equal(dataset_rotate(w, err, 3), 0);
    assert_int_equal(dataset_finish(w, err, 4, DATASET_COMPLETE), 0);
    assert_false(last_trailer(part_path("stream", 2)).has_lines);
    assert_int_equal(last_trailer(part_path("stream", 3)).lines, 11);
    assert_int_equal(dataset_resume(&w, &found, err, part_path("stream", 0)), 0);
    assert_true(found.finished && found.ended);
    dataset_abandon(w);
    parts_remove("stream");
    golden2_cleanup(&g);
}

/* ---- what is there already ---- */

static void test_a_name_that_is_taken(void **state)
{
    (void)state;
    char err[DATASET_ERR_MAX] = "", *want = parts_whole_records();
    struct parts s;
    size_t len;
    parts_init(&s, "taken");
    parts_begin(&s);
    parts_visit(&s, NULL, 5, 5, 0);
    spill(part_path("taken", 1), "mine", 4);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(dataset_rotate(s.w, err, 5), -EEXIST);
        assert_non_null(strstr(err, part_path("taken", 1)));
    }
    uint8_t *mine = slurp(part_path("taken", 1), &len);
    assert_true(len == 4 && memcmp(mine, "mine", 4) == 0);
    free(mine);
    dataset_abandon(s.w);
    struct dataset_found found;
    parts_go_on(&s, &found, 0); /* it is in nobody's way but of a rotation */
    parts_tell(&s);
    assert_true(part_exists("taken", 1));
    assert_int_equal(dataset_rotate(s.w, err, 5), -EEXIST);
    unlink(part_path("taken", 1));
    parts_visit(&s, &found, SLOTS, 4, 1);
    assert_int_equal(parts_finish(&s, DATASET_COMPLETE), 0);
    parts_assert_whole("taken", want);
    parts_cleanup(&s);
    free(want);
}

static void assert_refused(struct parts *s, uint32_t named, int want, uint32_t about)
{
    char err[DATASET_ERR_MAX] = "";
    struct dataset_found found;
    int rc = dataset_resume(&s->w, &found, err, part_path(s->name, named));
    if (rc != want)
        fail_msg("%d: %s", rc, err);
    if (strstr(err, part_path(s->name, about)) == NULL)
        fail_msg("not about part %u: %s", about, err);
}

/* goes on by any name; parts before the last are not touched */
static void test_resumed_by_any_name(void **state)
{
    (void)state;
    char *want = parts_whole_records();
    for (uint32_t named = 0; named < 4; named++) {
        struct parts s;
        uint8_t *before[3];
        size_t len[3], now_len;
        struct dataset_found found;
        parts_make(&s, "any");
        for (uint32_t i = 0; i < 3; i++)
            before[i] = slurp(part_path("any", i), &len[i]);
        parts_go_on(&s, &found, named);
        assert_int_equal(found.num_done_positions, 10);
        assert_int_equal(found.header->part, 3);
        assert_false(found.finished || found.ended);
        parts_tell(&s);
        parts_visit(&s, &found, SLOTS, 2, 1);
        assert_int_equal(parts_finish(&s, DATASET_COMPLETE), 0);
        parts_assert_whole("any", want);
        for (uint32_t i = 0; i < 3; i++) {
            uint8_t *now = slurp(part_path("any", i), &now_len);
            assert_true(now_len == len[i] && memcmp(now, before[i], now_len) == 0);
            free(now);
            free(before[i]);
        }
        parts_go_on(&s, &found, named);
        assert_true(found.finished && found.ended);
        dataset_abandon(s.w);
        parts_cleanup(&s);
    }
    free(want);
}

static void test_parts_that_are_missing_or_wrong(void **state)
{
    (void)state;
    struct parts s, other;
    char name[PART_PATH_LEN], away[PART_PATH_LEN + 8], err[DATASET_ERR_MAX] = "";
    struct dataset_found found;
    parts_make(&s, "wrong");
    snprintf(away, sizeof away, "%s.away", part_path("wrong", 0));
    for (uint32_t gone = 0; gone < 4; gone++) {
        snprintf(name, sizeof name, "%s", part_path("wrong", gone));
        rename(name, away);
        for (uint32_t named = 0; named < 4; named++)
            assert_refused(&s, named, -ENOENT, gone);
        spill(name, "text", 4);
        assert_refused(&s, gone == 0, gone == 0 ? -EILSEQ : -EILSEQ, gone);
        rename(away, name);
    }
    /* part 2 where part 1 should be, and where the first should be */
    size_t len, kept_len;
    uint8_t *data = slurp(part_path("wrong", 2), &len);
    for (uint32_t to = 0; to < 2; to++) {
        uint8_t *kept = slurp(part_path("wrong", to), &kept_len);
        spill(part_path("wrong", to), data, len);
        assert_refused(&s, 3, -EINVAL, to);
        spill(part_path("wrong", to), kept, kept_len);
        free(kept);
    }
    /* part 1 of a sweep that is like this one, and is not it */
    parts_init(&other, "other");
    memset(other.golden.header.id, 0x55, 16);
    parts_begin(&other);
    parts_visit(&other, NULL, 6, 3, 1);
    assert_int_equal(parts_finish(&other, DATASET_STOPPED), 0);
    free(data);
    uint8_t *own = slurp(part_path("wrong", 1), &kept_len);
    data = slurp(part_path("other", 1), &len);
    spill(part_path("wrong", 1), data, len);
    assert_refused(&s, 0, -EINVAL, 1);
    spill(part_path("wrong", 1), own, kept_len);
    free(own);
    free(data);
    parts_cleanup(&other);
    /* a part that was given another name */
    snprintf(name, sizeof name, "%s", part_path("wrong", 3));
    rename(name, away);
    assert_int_equal(dataset_resume(&s.w, &found, err, away), -EINVAL);
    assert_non_null(strstr(err, ".0003"));
    rename(away, name);
    parts_complete(&s, 2); /* nothing of this did any harm */
    parts_chain("wrong");
    parts_cleanup(&s);
}

static bool is_locked(const char *path)
{
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    bool locked = flock(fd, LOCK_EX | LOCK_NB) != 0;
    close(fd);
    return locked;
}

/* the first part's lock is the sweep's, whichever part is written or named */
static void test_one_writer(void **state)
{
    (void)state;
    char err[DATASET_ERR_MAX] = "";
    struct parts s, second;
    struct dataset_found found;
    parts_init(&s, "locked");
    parts_begin(&s);
    second = s;
    parts_visit(&s, NULL, SLOTS, 5, 1);
    for (int resumed = 0; resumed < 2; resumed++) {
        assert_true(is_locked(part_path("locked", 0)) && is_locked(part_path("locked", 2)));
        assert_false(is_locked(part_path("locked", 1)));
        for (uint32_t named = 0; named < 3; named++) {
            int rc = dataset_resume(&second.w, &found, err, part_path("locked", named));
            assert_int_equal(rc, -EAGAIN);
            assert_non_null(strstr(err, "another process"));
        }
        assert_int_equal(parts_finish(&s, DATASET_STOPPED), 0);
        parts_go_on(&s, &found, 1);
    }
    dataset_abandon(s.w);
    parts_go_on(&s, &found, 2);
    dataset_abandon(s.w);
    parts_cleanup(&s);
}

/* a part that is cut short, or repaired, while later ones are there */
static void test_damage_before_the_last_part(void **state)
{
    (void)state;
    struct parts s;
    size_t len, whole_len = 0;
    parts_make(&s, "damage");
    uint8_t *data = slurp(part_path("damage", 1), &len);
    char err[DATASET_ERR_MAX];
    struct dataset_reader *r;
    struct dataset_item item;
    struct dataset_found found;
    assert_int_equal(dataset_open(&r, err, part_path("damage", 1)), 0);
    while (dataset_next(r, &item, err) > 0)
        if (item.kind == DATASET_BLOCK)
            whole_len = (size_t)(item.offset + item.frame_len);
    dataset_close(r);
    for (size_t cut = whole_len + 1; cut < len; cut += 7) {
        spill(part_path("damage", 1), data, cut);
        char why[DATASET_ERR_MAX] = "";
        struct dataset_trailer t;
        int rc = dataset_resume(&s.w, &found, why, part_path("damage", 0));
        if (rc == 0) { /* a whole trailer, and a torn index, is an end that is torn */
            t = last_trailer(part_path("damage", 1));
            fail_msg("cut at %zu, reason %d, is taken", cut, t.reason);
        }
        assert_int_equal(rc, -EBADMSG);
        assert_non_null(strstr(why, part_path("damage", 1)));
    }
    /* whole, and without its end: as a repaired one may be */
    spill(part_path("damage", 1), data, whole_len);
    parts_go_on(&s, &found, 0);
    assert_int_equal(found.num_done_positions, 10);
    assert_int_equal(found.header->part, 3);
    dataset_abandon(s.w);
    data[len / 3] ^= 1;
    spill(part_path("damage", 1), data, len);
    assert_refused(&s, 0, -EBADMSG, 1);
    free(data);
    parts_cleanup(&s);
}

/* what a writer left that was stopped while it began a part is removed; anything else is not */
static void test_begun_parts(void **state)
{
    (void)state;
    char *want = parts_whole_records();
    struct parts s;
    struct dataset_found found;
    size_t len, head_len;
    parts_make(&s, "begun");
    uint8_t *data = slurp(part_path("begun", 1), &len);
    head_len = header_len(part_path("begun", 1));
    parts_cleanup(&s);

    parts_init(&s, "begun");
    parts_begin(&s);
    parts_visit(&s, NULL, 3, 3, 0);
    dataset_abandon(s.w);
    for (size_t cut = 0; cut <= head_len; cut += cut < 40 ? 1 : 13)
        for (size_t zeros = 0; zeros < 3; zeros++) {
            uint8_t *piece = calloc(1, cut + 1);
            memcpy(piece, data, cut - cut * zeros / 2);
            spill(part_path("begun", 1), piece, cut);
            free(piece);
            parts_go_on(&s, &found, 0);
            assert_true(part_exists("begun", 1)); /* only looked at */
            assert_int_equal(found.num_done_positions, 3);
            parts_tell(&s);
            assert_false(part_exists("begun", 1));
            dataset_abandon(s.w);
        }
    data[30] ^= 0x40; /* not of this header */
    spill(part_path("begun", 1), data, 50);
    parts_go_on(&s, &found, 0);
    parts_tell(&s);
    assert_true(part_exists("begun", 1));
    dataset_abandon(s.w);
    unlink(part_path("begun", 1));
    parts_complete(&s, 0);
    parts_assert_whole("begun", want);
    free(data);
    parts_cleanup(&s);
    free(want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_rotated_at_every_block),
        cmocka_unit_test(test_pending_and_events),
        cmocka_unit_test(test_streams),
        cmocka_unit_test(test_a_name_that_is_taken),
        cmocka_unit_test(test_resumed_by_any_name),
        cmocka_unit_test(test_parts_that_are_missing_or_wrong),
        cmocka_unit_test(test_one_writer),
        cmocka_unit_test(test_damage_before_the_last_part),
        cmocka_unit_test(test_begun_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
