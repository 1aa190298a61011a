#include "core/dataset_frame.h"
#include "tests/core/golden2.h"
#include "tests/core/golden3.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <fcntl.h>
#include <unistd.h>

#include <cmocka.h>

#define GOLDEN TEST_DATA "/golden-1.mxs.zst"

/* ---- the golden files: a dataset of an older version reads the same for ever ---- */

static const char *const goldens[] = {
    TEST_DATA "/golden-1",
    TEST_DATA "/golden-2",
    TEST_DATA "/golden-2-stream",
    TEST_DATA "/golden-3",
};
enum { NUM_GOLDENS = sizeof goldens / sizeof *goldens };

static void golden_name(char out[256], size_t i, const char *ending)
{
    snprintf(out, 256, "%s%s", goldens[i], ending);
}

static void test_golden_reads_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < NUM_GOLDENS; i++) {
        char path[256], text_path[256];
        int rc;
        size_t len;
        golden_name(path, i, ".mxs.zst");
        golden_name(text_path, i, ".txt");
        char *text = dump_dataset(path, &rc), *want = (char *)slurp(text_path, &len);
        assert_int_equal(rc, 0);
        assert_string_equal(text, want);
        free(text);
        free(want);
    }
}

static void write_golden(size_t i, const char *path)
{
    char err[DATASET_ERR_MAX] = "";
    int rc;
    if (i == 0) {
        struct golden g;
        golden_init(&g);
        rc = golden_write(&g, path, err);
        golden_cleanup(&g);
    } else if (i == 3) {
        rc = golden3_write(path, err);
    } else {
        struct golden2 g;
        golden2_init(&g, i == 2);
        rc = golden2_write(&g, path, err);
        golden2_cleanup(&g);
    }
    if (rc != 0)
        fail_msg("%s", err);
}

/* a header as it would be in a file of that format */
static void encode_header(struct cbor_writer *w, const struct dataset_header *h, unsigned format)
{
    struct dataset_header as = *h;
    as.format = format;
    cbor_writer_init(w, DATASET_ITEM_MAX);
    assert_int_equal(header_encode(w, &as), 0);
}

static void assert_written_the_same(const char *golden, const char *path)
{
    char err[DATASET_ERR_MAX];
    struct dataset_reader *a, *b;
    struct dataset_item x, y;
    assert_int_equal(dataset_open(&a, err, golden), 0);
    assert_int_equal(dataset_open(&b, err, path), 0);
    struct cbor_writer wa, wb;
    unsigned format = dataset_reader_header(a)->format;
    encode_header(&wa, dataset_reader_header(a), format);
    encode_header(&wb, dataset_reader_header(b), format);
    assert_int_equal(wa.len, wb.len);
    assert_memory_equal(wa.data, wb.data, wa.len);
    while (dataset_next(a, &x, err) > 0) {
        assert_int_equal(dataset_next(b, &y, err), 1);
        assert_int_equal(x.kind, y.kind);
        assert_int_equal(x.payload.len, y.payload.len);
        size_t skip = x.kind == DATASET_INDEX ? x.payload.len : 38;   /* hash of the frame before */
        assert_memory_equal(x.payload.data + skip, y.payload.data + skip, x.payload.len - skip);
    }
    assert_int_equal(dataset_next(b, &y, err), 0);
    cbor_writer_cleanup(&wa);
    cbor_writer_cleanup(&wb);
    dataset_close(a);
    dataset_close(b);
}

/* compression may differ between versions of zstd, what is compressed may not */
static void test_golden_is_written_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < NUM_GOLDENS; i++) {
        char path[128], golden[256];
        golden_path(path, "same");
        golden_name(golden, i, ".mxs.zst");
        write_golden(i, path);
        assert_written_the_same(golden, path);
        unlink(path);
    }
}

/* ---- damage ---- */

static void change_every_octet(size_t golden)
{
    static const uint8_t changes[] = {0x01, 0x04, 0x20, 0x80, 0xff};
    char path[128], name[256];
    size_t len;
    golden_name(name, golden, ".mxs.zst");
    uint8_t *data = slurp(name, &len);
    golden_path(path, "changed");
    spill(path, data, len);
    int fd = open(path, O_WRONLY);
    for (size_t i = 0; i < len; i++)
        for (size_t c = 0; c < sizeof changes; c++) {
            uint8_t octet = data[i] ^ changes[c];
            int rc;
            assert_int_equal(pwrite(fd, &octet, 1, (off_t)i), 1);
            free(dump_dataset(path, &rc));
            if (rc >= 0)
                fail_msg("octet %zu changed by %02x: not found", i, changes[c]);
            assert_int_equal(pwrite(fd, &data[i], 1, (off_t)i), 1);
        }
    close(fd);
    unlink(path);
    free(data);
}

static void test_every_changed_octet_is_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < NUM_GOLDENS; i++)
        change_every_octet(i);
}

/* the ends of the frames of a golden file */
static size_t frame_ends(size_t ends[16], const char *path)
{
    char err[DATASET_ERR_MAX];
    struct dataset_reader *r;
    struct dataset_item item = {0};
    size_t num = 0;
    assert_int_equal(dataset_open(&r, err, path), 0);
    while (dataset_next(r, &item, err) > 0) {
        if (num == 0)
            ends[num++] = (size_t)item.offset;
        assert_true(num < 16);
        ends[num++] = (size_t)(item.offset + item.frame_len);
    }
    dataset_close(r);
    return num;
}

static void truncate_everywhere(size_t golden)
{
    char path[128], err[DATASET_ERR_MAX], name[256];
    golden_name(name, golden, ".mxs.zst");
    size_t len, ends[16], num = frame_ends(ends, name);
    uint8_t *data = slurp(name, &len);
    golden_path(path, "cut");
    for (size_t cut = 0; cut < len; cut++) {
        size_t want = 0, got = 0;
        while (want < num && ends[want] <= cut)
            want++;
        bool whole = want > 0 && ends[want - 1] == cut;
        struct dataset_reader *r;
        struct dataset_item item;
        spill(path, data, cut);
        int rc = dataset_open(&r, err, path);
        if (want == 0) {
            assert_int_equal(rc, -ENODATA);
            continue;
        }
        assert_int_equal(rc, 0);
        for (got = 1; (rc = dataset_next(r, &item, err)) > 0; got++)
            ;
        assert_int_equal(got, want);
        assert_int_equal(rc, whole ? 0 : -ENODATA);
        assert_int_equal(dataset_next(r, &item, err), rc);   /* and it stays there */
        if (whole)
            assert_int_equal(dataset_reader_finished(r), want >= num - 1);
        dataset_close(r);
    }
    unlink(path);
    free(data);
}

static void test_every_truncation_reads_to_the_last_whole_frame(void **state)
{
    (void)state;
    for (size_t i = 0; i < NUM_GOLDENS; i++)
        truncate_everywhere(i);
}

/* frames left out, doubled, swapped: each frame is whole, but not in its place */
static void test_frames_out_of_place_are_found(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const int8_t order[12];
    } cases[] = {
        {"block lost", {0, 2, 3, 4, 5, 6, -1}},     {"event lost", {0, 1, 3, 4, 5, 6, -1}},
        {"block doubled", {0, 1, 1, 2, 3, 4, 5, 6, -1}}, {"blocks swapped", {0, 3, 2, 1, 4, 5, 6,
         -1}},
        {"trailer lost", {0, 1, 2, 3, 4, 6, -1}},   {"header doubled", {0, 0, 1, 2, 3, 4, 5, 6,
         -1}},
        {"no header", {1, 2, 3, 4, 5, 6, -1}},      {"end first", {0, 6, 1, 2, 3, 4, 5, -1}},
    };
    char path[128];
    size_t len, ends[16], num = frame_ends(ends, GOLDEN);
    uint8_t *data = slurp(GOLDEN, &len), *mixed = malloc(3 * len);
    assert_int_equal(num, 7);
    golden_path(path, "mixed");
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        size_t at = 0;
        int rc;
        for (const int8_t *o = cases[c].order; *o >= 0; o++) {
            size_t first = *o == 0 ? 0 : ends[*o - 1];
            memcpy(mixed + at, data + first, ends[*o] - first);
            at += ends[*o] - first;
        }
        spill(path, mixed, at);
        free(dump_dataset(path, &rc));
        if (rc != -EBADMSG && rc != -EILSEQ)
            fail_msg("%s: %d", cases[c].name, rc);
    }
    unlink(path);
    free(mixed);
    free(data);
}

/* ---- files that are none, or not yet ---- */

/* a header with one octet of its CBOR changed, packed anew */
static void write_patched_header(const char *path, size_t at, uint8_t octet)
{
    struct golden g;
    struct cbor_writer w;
    struct frame_codec codec;
    struct bytes frame;
    golden_init(&g);
    g.header.format = DATASET_FORMAT;
    dataset_sweep_id(&g.header);
    cbor_writer_init(&w, DATASET_ITEM_MAX);
    frame_codec_init(&codec);
    assert_int_equal(header_encode(&w, &g.header), 0);
    if (octet != 0)
        w.data[at] = octet;
    assert_int_equal(frame_pack(&codec, &frame, bytes_of(w.data, w.len)), 0);
    spill(path, frame.data, frame.len);
    frame_codec_cleanup(&codec);
    cbor_writer_cleanup(&w);
    golden_cleanup(&g);
}

static void test_wrong_files(void **state)
{
    (void)state;
    enum { FORMAT_AT = 21 };   /* map, 0, 0, 2, text of 15, 3, format */
    static const struct {
        const char *name, *octets;
        size_t len;
        int rc;
    } cases[] = {
        {"empty", "", 0, -ENODATA},
        {"text", "hello, world\n", 13, -EILSEQ},
        {"half a magic", "\x28\xb5", 2, -ENODATA},
        {"an index first", "\x50\x2a\x4d\x18\x00\x00\x00\x00", 8, -EILSEQ},
        {"gzip", "\x1f\x8b\x08\x00\x00\x00\x00\x00", 8, -EILSEQ},
    };
    char path[128], err[DATASET_ERR_MAX];
    struct dataset_reader *r;
    golden_path(path, "wrong");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        spill(path, cases[i].octets, cases[i].len);
        err[0] = '\0';
        assert_int_equal(dataset_open(&r, err, path), cases[i].rc);
        assert_non_null(strstr(err, path));
    }
    write_patched_header(path, 0, 0);
    assert_int_equal(dataset_open(&r, err, path), 0);
    dataset_close(r);
    write_patched_header(path, FORMAT_AT, DATASET_FORMAT + 1);
    assert_int_equal(dataset_open(&r, err, path), -EPROTONOSUPPORT);
    assert_non_null(strstr(err, "newer"));
    write_patched_header(path, FORMAT_AT - 2, 'T');   /* "mxsweep dataseT" */
    assert_int_equal(dataset_open(&r, err, path), -EILSEQ);
    write_patched_header(path, FORMAT_AT + 5, 'X');   /* of the id: a name only */
    assert_int_equal(dataset_open(&r, err, path), 0);
    dataset_close(r);
    unlink(path);
    assert_int_equal(dataset_open(&r, err, path), -ENOENT);
    assert_int_equal(dataset_open(&r, err, "/"), -EILSEQ);
}

/* every octet of a header's CBOR, changed and packed anew so that no checksum helps: an error, or
 * a header that holds */
static void test_header_never_trusts(void **state)
{
    (void)state;
    struct golden g;
    struct cbor_writer w;
    char err[DATASET_ERR_MAX];
    golden_init(&g);
    g.header.format = DATASET_FORMAT;
    dataset_sweep_id(&g.header);
    cbor_writer_init(&w, DATASET_ITEM_MAX);
    assert_int_equal(header_encode(&w, &g.header), 0);
    for (size_t i = 0; i < w.len; i++) {
        uint8_t was = w.data[i];
        for (unsigned change = 1; change < 256; change++) {
            struct header_store *st;
            w.data[i] = was ^ (uint8_t)change;
            if (header_decode(&st, bytes_of(w.data, w.len), err) != 0)
                continue;
            const struct dataset_header *h = header_of(st);
            assert_true(h->space->count > 0 && h->shard < h->num_shards);
            assert_true(target_space_at(h->space, h->space->count - 1).port > 0);
            header_free(st);
        }
        w.data[i] = was;
        struct header_store *st;
        assert_int_not_equal(header_decode(&st, bytes_of(w.data, i), err), 0);
    }
    cbor_writer_cleanup(&w);
    golden_cleanup(&g);
}

static void test_sweep_id_covers_what_shards_share(void **state)
{
    (void)state;
    struct golden g;
    uint8_t first[32];
    golden_init(&g);
    dataset_sweep_id(&g.header);
    memcpy(first, g.header.sweep_id, 32);
    g.header.shard = 0;
    g.header.id[0]++;
    g.header.start_us++;
    g.header.num_options = 0;
    dataset_sweep_id(&g.header);
    assert_memory_equal(first, g.header.sweep_id, 32);
    g.header.seed++;
    dataset_sweep_id(&g.header);
    assert_memory_not_equal(first, g.header.sweep_id, 32);
    g.header.seed--;
    g.header.blocklist_sha256[31] = 1;
    dataset_sweep_id(&g.header);
    assert_memory_not_equal(first, g.header.sweep_id, 32);
    golden_cleanup(&g);
}

/* ---- adding ---- */

static void test_add_refuses(void **state)
{
    (void)state;
    char path[128], err[DATASET_ERR_MAX];
    struct golden g;
    struct dataset_writer *w;
    struct record good, r;
    golden_init(&g);
    golden_path(path, "refuses");
    assert_int_equal(dataset_create(&w, err, path, &g.header), 0);
    golden_record(&g, &good, 1);
#define REFUSED(rc, change)                                                                        \
    do {                                                                                           \
        r = good;                                                                                  \
        change;                                                                                    \
        assert_int_equal(dataset_add(w, &r, g.ders), rc);                                          \
        assert_int_equal(dataset_pending(w), 0);                                                   \
    } while (0)
    REFUSED(-EINVAL, r.position = 2);                  /* of the other shard */
    REFUSED(-EINVAL, r.position = 29);                 /* behind the last */
    REFUSED(-EINVAL, r.position = UINT64_MAX);
    REFUSED(-EINVAL, r.addr = addr_v4(1));
    REFUSED(-EINVAL, r.port = 26);
    REFUSED(-EINVAL, r.stage = 0);
    REFUSED(-EINVAL, r.cause = NUM_CAUSES);
    REFUSED(-EINVAL, r.errnum = -1);
    REFUSED(-EINVAL, r.start_us = UINT64_MAX);
    REFUSED(-EINVAL, r.num_alerts = RECORD_ALERTS_MAX + 1);
    REFUSED(-EINVAL, r.num_chain = RECORD_CHAIN_MAX + 1);
    uint8_t *large = calloc(1, DATASET_ITEM_MAX);
    REFUSED(-E2BIG, r.text[TEXT_EARLY] = bytes_of(large, DATASET_ITEM_MAX));
    uint8_t wrong[1][32] = {{1}};
    REFUSED(-EINVAL, (r.chain = (const uint8_t(*)[32])wrong, r.num_chain = 1));
    assert_int_equal(dataset_count(w, 0, STAGE_CONNECT, CAUSE_TIMEOUT), -EINVAL);
    assert_int_equal(dataset_count(w, 1, STAGE_NONE, CAUSE_TIMEOUT), -EINVAL);
    assert_int_equal(dataset_seal(w, err), 0);         /* nothing to seal */

    r = good;                                          /* nearly full, and then too full */
    r.text[TEXT_EARLY] = bytes_of(large, DATASET_ITEM_MAX - (64 << 10));
    assert_int_equal(dataset_add(w, &r, g.ders), 0);
    assert_true(dataset_pending(w) > DATASET_BLOCK_TARGET);
    golden_record(&g, &r, 2);
    large[0] = 1;
    r.text[TEXT_EARLY] = bytes_of(large, 128 << 10);
    assert_int_equal(dataset_add(w, &r, g.ders), -ENOBUFS);
    assert_int_equal(dataset_seal(w, err), 0);
    assert_int_equal(dataset_add(w, &r, g.ders), 0);
    assert_int_equal(dataset_add(w, &r, g.ders), 0);   /* twice: seen when sealed */
    assert_int_equal(dataset_seal(w, err), -EINVAL);
    assert_non_null(strstr(err, "twice"));
    dataset_abandon(w);
    free(large);
    unlink(path);
    golden_cleanup(&g);
}

static void test_create_refuses(void **state)
{
    (void)state;
    char path[128], err[DATASET_ERR_MAX];
    struct golden g;
    struct dataset_writer *w;
    golden_init(&g);
    golden_path(path, "create");
    assert_int_equal(dataset_create(&w, err, path, &g.header), 0);
    struct dataset_writer *other;
    assert_int_equal(dataset_create(&other, err, path, &g.header), -EEXIST);
    assert_non_null(strstr(err, "--resume"));
    struct dataset_found found;
    assert_int_equal(dataset_resume(&other, &found, err, path), -EAGAIN);   /* one writer */
    dataset_abandon(w);
    unlink(path);
    /* a header that no reader takes leaves no file behind */
    g.header.shard = g.header.num_shards;
    assert_int_equal(dataset_create(&w, err, path, &g.header), -EINVAL);
    assert_int_equal(access(path, F_OK), -1);
    g.header.shard = 0;
    g.header.tool = bytes_text("\xff");
    assert_int_equal(dataset_create(&w, err, path, &g.header), -E2BIG);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(dataset_create(&w, err, "/nonexistent/x", &g.header), -ENOENT);
    assert_int_equal(dataset_resume(&w, &found, err, path), -ENOENT);
    golden_cleanup(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden_reads_the_same),
        cmocka_unit_test(test_golden_is_written_the_same),
        cmocka_unit_test(test_every_changed_octet_is_found),
        cmocka_unit_test(test_every_truncation_reads_to_the_last_whole_frame),
        cmocka_unit_test(test_frames_out_of_place_are_found),
        cmocka_unit_test(test_wrong_files),
        cmocka_unit_test(test_header_never_trusts),
        cmocka_unit_test(test_sweep_id_covers_what_shards_share),
        cmocka_unit_test(test_add_refuses),
        cmocka_unit_test(test_create_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
