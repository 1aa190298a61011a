/* whatever octet of a file is damaged, verify finds it, and repair gives back everything else */
#include "tools/repair.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/dataset_frame.h"
#include "tests/core/golden.h"
#include "tools/verify.h"

enum { LINES_MAX = 64, FRAMES_MAX = 16, NOW_S = 1770000000 };
#define NOW_US (NOW_S * INT64_C(1000000))

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { STRIDE = 7 }; /* octets: slow builds see a part of them */
#else
enum { STRIDE = 1 };
#endif

struct image {
    uint8_t *data;
    size_t len;
    size_t at[FRAMES_MAX], num; /* where frames begin */
    char damaged[128], repaired[128];
};

/* of both formats, and of a stream */
static const char *const goldens[] = {TEST_DATA "/golden-1.mxs.zst", TEST_DATA "/golden-2.mxs.zst",
                                      TEST_DATA "/golden-2-stream.mxs.zst"};
enum { NUM_GOLDENS = sizeof goldens / sizeof goldens[0] };

static void image_of(struct image *m, const char *path)
{
    struct frame f;
    *m = (struct image){.num = 0};
    m->data = slurp(path, &m->len);
    for (size_t at = 0; at < m->len; at += f.len) {
        assert_int_equal(frame_measure(&f, bytes_of(m->data + at, m->len - at)), FRAME_OK);
        m->at[m->num++] = at;
    }
    golden_path(m->damaged, "damaged");
    golden_path(m->repaired, "repaired");
}

static int verify(const char *path, struct verified *v, char err[WALK_ERR_MAX])
{
    struct sweeps sweeps = {0};
    int rc = verify_file(v, &sweeps, err, path);
    sweeps_cleanup(&sweeps);
    return rc;
}

static void image_cleanup(struct image *m)
{
    free(m->data);
    unlink(m->damaged);
    unlink(m->repaired);
}

/* ---- what a file says ---- */

/* the lines of a dump that stand for something the file holds, "record" and "event", with the
 * number of the frame in front; a repaired file's own events left out */
static size_t lines_of(char *lines[LINES_MAX], char *text)
{
    char *save = NULL;
    size_t num = 0;
    for (char *l = strtok_r(text, "\n", &save); l != NULL; l = strtok_r(NULL, "\n", &save))
        if (strncmp(l, "record ", 7) == 0 ||
            (strncmp(l, "event ", 6) == 0 && strstr(l, "what=repaired") == NULL)) {
            assert_true(num < LINES_MAX);
            lines[num++] = l;
        }
    return num;
}

/* lines of a golden file, and the frame that each is in */
struct lines {
    char *text, *line[LINES_MAX];
    size_t frame[LINES_MAX], num;
};

static void golden_lines(struct lines *l, const char *path)
{
    int rc;
    size_t frame = 0, num = 0;
    char *text = dump_dataset(path, &rc), *save = NULL;
    assert_int_equal(rc, 0);
    for (char *at = strtok_r(text, "\n", &save); at != NULL; at = strtok_r(NULL, "\n", &save)) {
        bool is_event = strncmp(at, "event ", 6) == 0;
        frame += is_event || strncmp(at, "block", 5) == 0; /* trailer and index are behind all */
        if (is_event || strncmp(at, "record ", 7) == 0)
            l->frame[num++] = frame;
    }
    free(text);
    l->text = dump_dataset(path, &rc);
    l->num = lines_of(l->line, l->text);
    assert_int_equal(l->num, num);
}

/* the repaired file says what the golden one says, but for those frames that `lost` has a bit for;
 * returns how many frames it lacks */
static unsigned lacking(const char *path, const struct lines *golden, unsigned lost)
{
    char *got[LINES_MAX];
    int rc;
    char *text = dump_dataset(path, &rc);
    size_t num = lines_of(got, text), at = 0;
    unsigned missing = 0;
    assert_int_equal(rc, 0);
    for (size_t i = 0; i < golden->num; i++)
        if (at < num && strcmp(got[at], golden->line[i]) == 0)
            at++;
        else
            missing |= 1U << golden->frame[i];
    if (at != num || (missing & ~lost) != 0)
        fail_msg("%s lacks more than was lost: frames %x, lost %x", path, missing, lost);
    free(text);
    return missing;
}

/* goes on with the repaired file: what was lost is open again, and nothing else */
static void assert_resumable(const char *path, uint64_t positions)
{
    char err[DATASET_ERR_MAX] = "";
    struct dataset_writer *w;
    struct dataset_found found;
    int rc = dataset_resume(&w, &found, err, path);
    if (rc != 0)
        fail_msg("%s", err);
    assert_int_equal(found.torn_bytes, 0);
    assert_int_equal(found.num_done_positions, positions);
    dataset_abandon(w);
}

/* repairs what is in m->data, which lost no frame but those of `lost` */
static void check_repair(struct image *m, const struct lines *golden, unsigned lost)
{
    char err[WALK_ERR_MAX] = "";
    struct repaired r;
    struct verified v;
    int rc = repair_file(&r, err, m->repaired, m->damaged, NOW_US);
    if (lost == 1) { /* the header: nothing can be done, and nothing is written */
        assert_int_equal(rc, -EILSEQ);
        assert_non_null(strstr(err, "header"));
        assert_int_equal(access(m->repaired, F_OK), -1);
        return;
    }
    if (rc != 0)
        fail_msg("not repaired: %s", err);
    assert_true(r.num_losses > 0);
    assert_int_equal(r.num_listed, r.num_losses);
    rc = verify(m->repaired, &v, err);
    if (rc != 0)
        fail_msg("repaired, and not whole: %s", err);
    assert_int_equal(v.repairs, r.num_losses);
    assert_int_equal(v.missing_certs, r.missing_certs);
    assert_int_equal(v.records, r.records);
    assert_int_equal(v.end, r.complete ? WALK_COMPLETE : WALK_STOPPED);
    lacking(m->repaired, golden, lost);
    assert_resumable(m->repaired, r.positions);
    repaired_cleanup(&r);
    unlink(m->repaired);
}

/* whether the header says what it said: a change can leave the content of a frame the same */
static bool header_holds(const struct image *m)
{
    char err[DATASET_ERR_MAX];
    struct dataset_reader *r;
    if (dataset_open(&r, err, m->damaged) != 0)
        return false;
    dataset_close(r);
    return true;
}

/* ---- every octet ---- */

static void every_octet_of(const char *path)
{
    static const uint8_t changes[] = {0x01, 0x80, 0xff, 0x28};
    struct image m;
    struct lines golden;
    struct verified v;
    image_of(&m, path);
    golden_lines(&golden, path);
    for (size_t i = 0, frame = 0; i < m.len; i += STRIDE) {
        while (frame + 1 < m.num && m.at[frame + 1] <= i)
            frame++;
        for (size_t c = 0; c < sizeof changes; c++) {
            char err[WALK_ERR_MAX] = "";
            m.data[i] ^= changes[c];
            spill(m.damaged, m.data, m.len);
            int rc = verify(m.damaged, &v, err);
            if (rc == 0 || strstr(err, m.damaged) == NULL)
                fail_msg("octet %zu ^ %02x is not found: %d %s", i, changes[c], rc, err);
            check_repair(&m, &golden, frame == 0 && header_holds(&m) ? 0 : 1U << frame);
            m.data[i] ^= changes[c];
        }
    }
    free(golden.text);
    image_cleanup(&m);
}

static void every_octet(void **state)
{
    (void)state;
    for (size_t i = 0; i < NUM_GOLDENS; i++)
        every_octet_of(goldens[i]);
}

static void every_truncation_of(const char *path)
{
    struct image m;
    struct lines golden;
    struct verified v;
    image_of(&m, path);
    golden_lines(&golden, path);
    for (size_t len = m.at[1]; len < m.len; len += STRIDE) {
        char err[WALK_ERR_MAX] = "";
        size_t whole = 0;
        while (whole < m.num && (whole + 1 < m.num ? m.at[whole + 1] : m.len) <= len)
            whole++;
        spill(m.damaged, m.data, len);
        int rc = verify(m.damaged, &v, err);
        assert_int_equal(rc, m.at[whole] == len ? 0 : -ENODATA);
        assert_int_equal(v.frames, whole); /* read to the last whole one */
        if (rc != 0)
            check_repair(&m, &golden, ~0U << whole);
    }
    free(golden.text);
    image_cleanup(&m);
}

static void every_truncation(void **state)
{
    (void)state;
    for (size_t i = 0; i < NUM_GOLDENS; i++)
        every_truncation_of(goldens[i]);
}

/* ---- frames ---- */

static void frames_lost_and_doubled(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t frames[8], num;
        unsigned lost;
        enum repair_why why;
        size_t num_losses;
        uint64_t missing_certs;
    } cases[] = {
        {"a block gone", {0, 1, 2, 4, 5, 6}, 6, 1U << 3, REPAIR_GONE, 1, 0},
        {"the first block gone", {0, 2, 3, 4, 5, 6}, 6, 1U << 1, REPAIR_GONE, 1, 5},
        {"an event gone", {0, 1, 3, 4, 5, 6}, 6, 1U << 2, REPAIR_GONE, 1, 0},
        {"a block doubled", {0, 1, 2, 3, 3, 4, 5}, 7, 0, REPAIR_GONE, 2, 0},
    };
    struct image m;
    struct lines golden;
    image_of(&m, goldens[0]);
    golden_lines(&golden, goldens[0]);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        FILE *f = fopen(m.damaged, "wb");
        char err[WALK_ERR_MAX] = "";
        struct repaired r;
        for (size_t k = 0; k < cases[i].num; k++) {
            size_t at = m.at[cases[i].frames[k]];
            size_t end = cases[i].frames[k] + 1 < m.num ? m.at[cases[i].frames[k] + 1] : m.len;
            fwrite(m.data + at, 1, end - at, f);
        }
        fclose(f);
        assert_int_equal(repair_file(&r, err, m.repaired, m.damaged, NOW_US), 0);
        assert_int_equal(r.losses[0].why, cases[i].why);
        assert_int_equal(r.num_losses, cases[i].num_losses);
        assert_true(r.missing_certs <= cases[i].missing_certs);
        assert_int_equal(lacking(m.repaired, &golden, cases[i].lost), cases[i].lost);
        repaired_cleanup(&r);
        unlink(m.repaired);
        check_repair(&m, &golden, cases[i].lost);
    }
    free(golden.text);
    image_cleanup(&m);
}

/* a file without an event that says so may not lack certificates; one that a repair could not
 * chain is told, and then may */
static void missing_certificates_are_told(void **state)
{
    (void)state;
    char err[WALK_ERR_MAX] = "";
    struct image m;
    struct repaired r;
    struct verified v;
    image_of(&m, goldens[0]);
    m.data[m.at[1] + 30] ^= 1; /* the block whose certificates later ones name */
    spill(m.damaged, m.data, m.len);
    assert_int_equal(repair_file(&r, err, m.repaired, m.damaged, NOW_US), 0);
    assert_true(r.missing_certs > 0);
    assert_int_equal(r.num_index, 3);
    assert_int_equal(r.losses[0].offset, r.index[0].offset);
    assert_int_equal(r.losses[0].len, r.index[0].frame_len);
    assert_int_equal(r.losses[0].why, REPAIR_UNREADABLE);
    assert_int_equal(verify(m.repaired, &v, err), 0);
    assert_int_equal(v.missing_certs, r.missing_certs);
    repaired_cleanup(&r);
    image_cleanup(&m);
}

static void nothing_is_overwritten(void **state)
{
    (void)state;
    char err[WALK_ERR_MAX] = "";
    struct image m;
    struct repaired r;
    size_t len;
    image_of(&m, goldens[0]);
    spill(m.damaged, m.data, m.len - 3);
    spill(m.repaired, "mine", 4);
    assert_int_equal(repair_file(&r, err, m.repaired, m.damaged, NOW_US), -EEXIST);
    assert_non_null(strstr(err, "exists"));
    uint8_t *there = slurp(m.repaired, &len);
    assert_int_equal(len, 4);
    free(there);
    assert_int_equal(repair_file(&r, err, "/nonexistent/x", m.damaged, NOW_US), -ENOENT);
    assert_int_equal(repair_file(&r, err, m.repaired, "/nonexistent/x", NOW_US), -ENOENT);
    image_cleanup(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_octet),
        cmocka_unit_test(every_truncation),
        cmocka_unit_test(frames_lost_and_doubled),
        cmocka_unit_test(missing_certificates_are_told),
        cmocka_unit_test(nothing_is_overwritten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
