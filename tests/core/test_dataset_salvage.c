/* what is found in damaged files, and what is not believed */
#include "core/dataset_salvage.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/dataset_frame.h"
#include "tests/core/golden.h"

enum { FRAMES_MAX = 32 };

/* a file in memory, and where its frames are */
struct image {
    uint8_t *data;
    size_t len;
    struct {
        size_t at, len;
    } frames[FRAMES_MAX];
    size_t num;
};

static void image_measure(struct image *m)
{
    struct frame f;
    m->num = 0;
    for (size_t at = 0; at < m->len; at += f.len) {
        assert_int_equal(frame_measure(&f, bytes_of(m->data + at, m->len - at)), FRAME_OK);
        assert_true(m->num < FRAMES_MAX);
        m->frames[m->num].at = at;
        m->frames[m->num++].len = f.len;
    }
}

static void image_golden(struct image *m)
{
    m->data = slurp(TEST_DATA "/golden-1.mxs.zst", &m->len);
    image_measure(m);
    assert_int_equal(m->num, 7); /* header, block, event, block, block, trailer, index */
}

static struct image image_of(const struct image *from, const size_t *frames, size_t num)
{
    struct image m = {.data = malloc(2 * from->len)};
    for (size_t i = 0; i < num; i++) {
        memcpy(m.data + m.len, from->data + from->frames[frames[i]].at,
               from->frames[frames[i]].len);
        m.len += from->frames[frames[i]].len;
    }
    return m;
}

/* the pieces of a file in short: a letter for each frame by its kind, '-' for octets that are lost,
 * '!' for a break in the chain */
static void read_pieces(char out[128], const void *data, size_t len)
{
    static const char letters[] = {'h', 'b', 'e', 't', 'i'};
    char path[128], err[DATASET_ERR_MAX] = "";
    struct salvage *s;
    struct salvage_piece p;
    uint64_t offset = 0;
    size_t n = 0;
    golden_path(path, "salvage");
    spill(path, data, len);
    int rc = salvage_open(&s, err, path);
    unlink(path);
    if (rc != 0) {
        assert_non_null(strstr(err, path));
        snprintf(out, 128, "%d", rc);
        return;
    }
    struct block *b = block_new(salvage_header(s));
    out[n++] = 'h';
    while ((rc = salvage_next(s, &p, err)) == 1) {
        assert_true(offset == 0 || offset == p.offset);
        assert_true(n < 126);
        offset = p.offset + p.len;
        out[n++] = p.is_lost ? (p.len > 0 ? '-' : '!') : letters[p.item.kind];
        if (!p.is_lost && p.item.kind == DATASET_BLOCK)
            assert_int_equal(block_decode(b, p.item.payload, err), 0);
    }
    assert_int_equal(rc, 0);
    assert_true(offset == len || n == 1);
    assert_int_equal(salvage_next(s, &p, err), 0); /* and again */
    out[n] = '\0';
    block_free(b);
    salvage_close(s);
}

static void expect_pieces(const char *name, const void *data, size_t len, const char *want)
{
    char got[128];
    read_pieces(got, data, len);
    if (strcmp(got, want) != 0)
        fail_msg("%s: %s, expected %s", name, got, want);
}

/* ---- frames that are whole, in other places ---- */

static void test_frames_lost_doubled_swapped(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t frames[10], num;
        const char *want;
    } cases[] = {
        {"whole", {0, 1, 2, 3, 4, 5, 6}, 7, "hbebbti"},
        {"only the header", {0}, 1, "h"},
        {"a block gone", {0, 1, 2, 4, 5, 6}, 6, "hbe!bti"},
        {"two frames gone", {0, 1, 4, 5, 6}, 5, "hb!bti"},
        {"the first block gone", {0, 2, 3, 4}, 4, "h!ebb"},
        {"the end gone", {0, 1, 2, 3}, 4, "hbeb"},
        {"a block doubled", {0, 1, 1, 2, 3}, 5, "hb!beb"},
        {"two swapped", {0, 1, 3, 2, 4}, 5, "hb!b!e!b"},
        {"a second header", {0, 1, 0, 2, 3}, 5, "hb-eb"},
        {"no header", {1, 2, 3}, 3, "-84"},
        {"an index in the middle", {0, 1, 6, 2, 3}, 5, "hb!i!eb"},
    };
    struct image golden;
    image_golden(&golden);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct image m = image_of(&golden, cases[i].frames, cases[i].num);
        expect_pieces(cases[i].name, m.data, m.len, cases[i].want);
        free(m.data);
    }
    free(golden.data);
}

/* ---- octets that are not whole ---- */

static void test_garbage(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t frame, at, num; /* so many octets from there on */
        const char *want;
    } cases[] = {
        {"a block's head", 1, 0, 9, "h-ebbti"},
        {"a whole block", 1, 0, 943, "h-ebbti"},
        {"a block and more", 1, 500, 460, "h-bbti"},
        {"two blocks", 3, 100, 800, "hbe-ti"},
        {"all blocks", 1, 0, 2057, "h-ti"},
        {"the end", 4, 10, 5000, "hbeb-"},
        {"the header", 0, 1, 1, "-84"},
    };
    struct image golden;
    image_golden(&golden);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t *data = malloc(golden.len);
        size_t at = golden.frames[cases[i].frame].at + cases[i].at, left = golden.len - at;
        memcpy(data, golden.data, golden.len);
        memset(data + at, 0x28,
               cases[i].num < left ? cases[i].num : left); /* as zstd's magic begins */
        expect_pieces(cases[i].name, data, golden.len, cases[i].want);
        free(data);
    }
    golden.data = realloc(golden.data, golden.len + 5);
    memset(golden.data + golden.len, 0x28, 5);
    expect_pieces("behind the end", golden.data, golden.len + 5, "hbebbti-");
    free(golden.data);
}

/* any octet of any frame but the header's: that frame is lost, and no other */
static void test_every_octet(void **state)
{
    (void)state;
    static const char *const want[] = {"",        "h-ebbti", "hb-bbti", "hbe-bti",
                                       "hbeb-ti", "hbebb-i", "hbebbt-"};
    static const uint8_t changes[] = {0x01, 0x80, 0xff};
    struct image golden;
    image_golden(&golden);
    for (size_t f = 1; f < golden.num; f++)
        for (size_t i = 0; i < golden.frames[f].len; i++)
            for (size_t c = 0; c < sizeof changes; c++) {
                char got[128];
                uint8_t *octet = &golden.data[golden.frames[f].at + i];
                *octet ^= changes[c];
                read_pieces(got, golden.data, golden.len);
                /* a change that leaves the content the same breaks the chain behind it only */
                if (strcmp(got, want[f]) != 0 && strchr(got, '!') == NULL &&
                    (f != 5 || strcmp(got, "hbebb-") != 0)) /* an index alone is not believed */
                    fail_msg("frame %zu, octet %zu ^ %02x: %s", f, i, changes[c], got);
                *octet ^= changes[c];
            }
    free(golden.data);
}

static void test_every_truncation(void **state)
{
    (void)state;
    struct image golden;
    image_golden(&golden);
    for (size_t len = golden.frames[1].at; len < golden.len; len++) {
        char got[128], want[16];
        size_t whole = 0;
        while (golden.frames[whole].at + golden.frames[whole].len <= len)
            whole++;
        bool torn = golden.frames[whole].at < len;
        snprintf(want, sizeof want, "%.*s%s", (int)whole, "hbebbti", torn ? "-" : "");
        read_pieces(got, golden.data, len);
        assert_string_equal(got, want);
    }
    for (size_t len = 0; len < golden.frames[1].at; len += 7)
        expect_pieces("no header", golden.data, len, "-84");
    free(golden.data);
}

/* ---- what a server sent is never taken for ours ---- */

static uint64_t next_random(uint64_t *random)
{
    return *random = *random * 6364136223846793005U + 1442695040888963407U;
}

/* a frame of a block that counts a slot which nobody visited */
static size_t forge(uint8_t to[1024], struct golden *g)
{
    char path[128], err[DATASET_ERR_MAX];
    struct dataset_writer *w;
    struct image m;
    golden_path(path, "forged");
    assert_int_equal(dataset_create(&w, err, path, &g->header), 0);
    assert_int_equal(dataset_count(w, 13 * 2 + 1, STAGE_CONNECT, CAUSE_REFUSED), 0);
    assert_int_equal(dataset_finish(w, err, 1, DATASET_COMPLETE), 0);
    m.data = slurp(path, &m.len);
    image_measure(&m);
    size_t len = m.frames[1].len;
    assert_true(len <= 1024);
    memcpy(to, m.data + m.frames[1].at, len);
    free(m.data);
    unlink(path);
    return len;
}

enum { TEXT_LEN = 60000, FORGED = 4 }; /* few: zstd finds too little to compress */

/* a text that zstd cannot compress, with frames in it, one after the other, and one that claims to
 * reach far behind it */
static void plant(uint8_t text[TEXT_LEN], struct golden *g)
{
    static const uint8_t far[] = {0x28, 0xb5, 0x2f, 0xfd, 0xa4, 0x00,
                                  0x00, 0x02, 0x00, 0x01, 0x00, 0x10};
    uint8_t forged[1024];
    uint64_t random = 7;
    for (size_t i = 0; i < TEXT_LEN; i++)
        text[i] = (uint8_t)(next_random(&random) >> 56);
    size_t at = 1000, len = forge(forged, g);
    for (size_t i = 0; i < FORGED; i++, at += len)
        memcpy(text + at, forged, len);
    memcpy(text + at, far, sizeof far);
}

/* where the last of the planted frames ends, in that frame of the file */
static size_t planted_end(const struct image *m, size_t frame)
{
    static const uint8_t far[] = {0x28, 0xb5, 0x2f, 0xfd, 0xa4, 0x00, 0x00, 0x02};
    const uint8_t *from = m->data + m->frames[frame].at;
    const uint8_t *at = memmem(from + 9, m->frames[frame].len - 9, far, sizeof far);
    assert_non_null(at);
    return (size_t)(at - m->data);
}

/* a file whose last write was cut short is torn, and no more */
static void expect_resumable(const void *data, size_t len)
{
    char path[128], err[DATASET_ERR_MAX] = "";
    struct dataset_writer *w;
    struct dataset_found found;
    golden_path(path, "cut");
    spill(path, data, len);
    int rc = dataset_resume(&w, &found, err, path);
    if (rc != 0)
        fail_msg("cut at %zu: %s", len, err);
    assert_true(found.torn_bytes > 0);
    dataset_abandon(w);
    unlink(path);
}

static void test_planted_frames_are_not_believed(void **state)
{
    (void)state;
    static uint8_t text[TEXT_LEN];
    char path[128], err[DATASET_ERR_MAX], got[128];
    struct golden g;
    struct dataset_writer *w;
    struct record r;
    struct image m;
    golden_init(&g);
    plant(text, &g);
    golden_path(path, "planted");
    assert_int_equal(dataset_create(&w, err, path, &g.header), 0);
    static const uint64_t slots[] = {1, 2, 4, 7, 8, 10};
    for (size_t i = 0; i < 6; i++) { /* each with that greeting: the far frame has where to end */
        golden_record(&g, &r, slots[i]);
        r.text[TEXT_GREETING] = bytes_of(text, TEXT_LEN);
        assert_int_equal(dataset_add(w, &r, g.ders), 0);
        assert_int_equal(dataset_seal(w, err), 0);
    }
    assert_int_equal(dataset_finish(w, err, 1, DATASET_STOPPED), 0);
    m.data = slurp(path, &m.len);
    image_measure(&m);
    assert_non_null(memmem(m.data, m.len, text + 1000, 1000)); /* bare, as it was planted */
    expect_pieces("whole", m.data, m.len, "hbbbbbbti");
    for (size_t i = 0; i < 14; i++) { /* magic, descriptor, size, head of the first block, ... */
        m.data[m.frames[1].at + i] ^= 0x41;
        expect_pieces("the first", m.data, m.len, "h-bbbbbti");
        m.data[m.frames[2].at + i] ^= 0x41;
        read_pieces(got, m.data, m.len); /* one after the other, or both at once */
        if (strcmp(got, "h-bbbbti") != 0 && strcmp(got, "h--bbbbti") != 0)
            fail_msg("octet %zu of both: %s", i, got);
        m.data[m.frames[1].at + i] ^= 0x41;
        expect_pieces("the second", m.data, m.len, "hb-bbbbti");
        m.data[m.frames[2].at + i] ^= 0x41;
    }
    m.data[m.frames[2].at + 9] ^= 0x41; /* nothing real behind it, not even its own end */
    for (size_t cut = 5; cut < 60000; cut += 971)
        expect_pieces("cut", m.data, m.frames[2].at + m.frames[2].len - cut, "hb-");
    m.data[m.frames[2].at + 9] ^= 0x41;
    size_t end = planted_end(&m, 2);
    expect_pieces("cut where a planted frame ends", m.data, end, "hb-");
    for (size_t cut = 1; cut < 60000;
         cut += 389) /* a crash: nobody can keep it from being resumed */
        expect_resumable(m.data, end + 1000 - cut);
    free(m.data);
    unlink(path);
    golden_cleanup(&g);
}

/* frames that go on for longer than any text are believed wherever they are */
static void test_long_stretches_are_believed(void **state)
{
    (void)state;
    char path[128], err[DATASET_ERR_MAX], got[128];
    static uint8_t noise[50000];
    struct golden g;
    struct dataset_writer *w;
    struct image m;
    uint64_t random = 3;
    golden_init(&g);
    golden_path(path, "long");
    assert_int_equal(dataset_create(&w, err, path, &g.header), 0);
    for (uint64_t slot = 0; slot < 14; slot++) {
        struct record r;
        golden_record(&g, &r, slot);
        for (size_t i = 0; i < sizeof noise; i++)
            noise[i] = (uint8_t)(next_random(&random) >> 56);
        if (r.stage != STAGE_CONNECT)
            r.text[TEXT_GREETING] = bytes_of(noise, sizeof noise);
        assert_int_equal(dataset_add(w, &r, g.ders), 0);
        assert_int_equal(dataset_seal(w, err), 0);
    }
    assert_int_equal(dataset_finish(w, err, 1, DATASET_COMPLETE), 0);
    m.data = slurp(path, &m.len);
    image_measure(&m);
    assert_int_equal(m.num, 17);
    m.data[m.frames[2].at] ^= 1; /* no magic: what follows must be found */
    expect_pieces("one", m.data, m.len, "hb-bbbbbbbbbbbbti");
    m.data[m.frames[12].at + 5] ^= 1;
    read_pieces(got, m.data, m.len);
    assert_string_equal(got, "hb-bbbbbbbbb-bbti");
    m.data[m.frames[12].at + 5] ^= 1;
    size_t garbage = 3 << 20, at = m.frames[3].at; /* more than is searched at once */
    uint8_t *more = malloc(m.len + garbage);
    memcpy(more, m.data, at);
    memset(more + at, 0x28, garbage);
    memcpy(more + at + garbage, m.data + at, m.len - at);
    expect_pieces("far behind", more, m.len + garbage, "hb-bbbbbbbbbbbbti");
    free(more);
    free(m.data);
    unlink(path);
    golden_cleanup(&g);
}

static void test_errors_say_which_file(void **state)
{
    (void)state;
    struct salvage *s;
    char err[DATASET_ERR_MAX] = "";
    assert_int_equal(salvage_open(&s, err, "/nonexistent/x"), -ENOENT);
    assert_non_null(strstr(err, "/nonexistent/x: cannot be opened"));
    assert_int_equal(salvage_open(&s, err, "/tmp"), -EILSEQ);
    assert_int_equal(salvage_open(&s, err, "/dev/null"), -EILSEQ);
    assert_non_null(strstr(err, "/dev/null: no regular file"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frames_lost_doubled_swapped),
        cmocka_unit_test(test_garbage),
        cmocka_unit_test(test_every_octet),
        cmocka_unit_test(test_every_truncation),
        cmocka_unit_test(test_planted_frames_are_not_believed),
        cmocka_unit_test(test_long_stretches_are_believed),
        cmocka_unit_test(test_errors_say_which_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
