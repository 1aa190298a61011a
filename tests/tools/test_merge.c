/* files that are merged say the same as before, and as one file would have said */
#include "tools/merge.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/json.h"
#include "tests/core/golden.h"
#include "tests/tools/synth.h"
#include "tools/merge_header.h"
#include "core/record_json.h"
#include "tools/verify.h"

#define EHLO "250-mx\r\n250 STARTTLS\r\n"

static const struct synth_cert ca = {
    .issuer_cn = "Root", .subject_cn = "CA", .not_after = SYNTH_START_S * 2, .key_number = 1};
static const struct synth_cert leaf = {
    .issuer_cn = "CA", .subject_cn = "mx", .not_after = SYNTH_START_S + 86400, .key_number = 2};
static const struct synth_cert other = {
    .issuer_cn = "x", .not_after = SYNTH_START_S * 2, .key = SYNTH_P256, .key_number = 3};

static const struct synth_class classes[] = {
    {.count = 1501, .stage = STAGE_CONNECT, .cause = CAUSE_REFUSED},
    {.count = 500, .stage = STAGE_CONNECT, .cause = CAUSE_TIMEOUT, .counted = true},
    {.count = 200, .stage = STAGE_CONNECT, .cause = CAUSE_REFUSED, .counted = true},
    {.count = 300, .stage = STAGE_GREETING, .cause = CAUSE_REJECTED, .greeting = "554 no\r\n"},
    {.count = 300,
     .stage = STAGE_HANDSHAKE,
     .cause = CAUSE_ALERT_RECEIVED,
     .greeting = "220 x\r\n",
     .ehlo = EHLO,
     .starttls = "220 go\r\n",
     .alert = 40,
     .chain = {&other}},
    {.count = 200,
     .stage = STAGE_DONE,
     .cause = CAUSE_OK,
     .greeting = "220 x\r\n",
     .ehlo = EHLO,
     .starttls = "220 go\r\n",
     .ehlo_tls = EHLO,
     .handshake_done = true,
     .version = 0x0304,
     .chain = {&leaf, &ca}},
};
enum { NUM_CLASSES = sizeof classes / sizeof classes[0], SHARDS = 7, FILES_MAX = SHARDS };

struct paths {
    char name[FILES_MAX][128], out[128], one[128];
    char *list[FILES_MAX];
};

static void make_paths(struct paths *p)
{
    for (size_t i = 0; i < FILES_MAX; i++) {
        char name[16];
        snprintf(name, sizeof name, "shard%zu", i);
        golden_path(p->name[i], name);
        p->list[i] = p->name[i];
    }
    golden_path(p->out, "merged");
    golden_path(p->one, "one");
}

static void remove_paths(const struct paths *p)
{
    for (size_t i = 0; i < FILES_MAX; i++)
        unlink(p->name[i]);
    unlink(p->out);
    unlink(p->one);
}

/* ---- what a file says ---- */

struct said {
    char *lines[4096]; /* each record as JSON */
    size_t num;
    uint64_t counted[NUM_STAGES][NUM_CAUSES], skipped;
    size_t events, certs, blocks;
};

static int compare_lines(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void note_block(struct said *s, const struct walk *w)
{
    struct json j;
    size_t num;
    json_init(&j);
    for (size_t i = 0; i < block_num_records(w->block); i++) {
        struct record r;
        block_record(w->block, &r, i);
        json_reset(&j);
        record_json(&j, w->header, &r);
        assert_true(s->num < 4096);
        s->lines[s->num++] = strndup(j.text, j.len);
    }
    const struct block_unrecorded *u = block_unrecorded(w->block, &num);
    for (size_t i = 0; i < num; i++)
        s->counted[u[i].stage][u[i].cause] += u[i].count;
    s->skipped += block_num_skipped(w->block);
    s->certs += block_num_certs(w->block);
    s->blocks++;
    json_cleanup(&j);
}

static void read_said(struct said *s, const char *path)
{
    struct walk w;
    char err[WALK_ERR_MAX] = "";
    int rc = walk_open(&w, err, path);
    memset(s, 0, sizeof *s);
    while (rc == 0 && (rc = walk_next(&w, err)) == 1) {
        if (w.item.kind == DATASET_BLOCK)
            note_block(s, &w);
        s->events += w.item.kind == DATASET_EVENT;
        rc = 0;
    }
    if (rc != 0)
        fail_msg("%s", err);
    walk_close(&w);
    qsort(s->lines, s->num, sizeof s->lines[0], compare_lines);
}

static void free_said(struct said *s)
{
    for (size_t i = 0; i < s->num; i++)
        free(s->lines[i]);
}

/* the same records, at the same times, and the same counts */
static void assert_same(const char *a, const char *b)
{
    static struct said x, y;
    read_said(&x, a);
    read_said(&y, b);
    assert_int_equal(x.num, y.num);
    for (size_t i = 0; i < x.num; i++)
        assert_string_equal(x.lines[i], y.lines[i]);
    assert_memory_equal(x.counted, y.counted, sizeof x.counted);
    assert_int_equal(x.skipped, y.skipped);
    free_said(&x);
    free_said(&y);
}

/* the file is whole, and has every position once; returns its end */
static enum walk_end assert_whole(const char *path, uint64_t missing)
{
    struct sweeps sweeps = {0};
    struct verified v;
    struct coverage_sum sum;
    char err[WALK_ERR_MAX] = "";
    int rc = verify_file(&v, &sweeps, err, path);
    if (rc != 0)
        fail_msg("%s", err);
    coverage_sum(&sweeps.list[0].coverage, &sum, NULL, 0);
    assert_int_equal(sum.duplicates, 0);
    assert_int_equal(sum.missing, missing);
    sweeps_cleanup(&sweeps);
    return v.end;
}

static void merge_or_fail(struct merged *m, const char *out, char *const *list, size_t num)
{
    char err[WALK_ERR_MAX] = "";
    int rc = merge_files(m, err, out, list, num);
    if (rc != 0)
        fail_msg("%s", err);
}

/* ---- shards ---- */

static struct synth population(uint32_t num_shards, uint32_t shard)
{
    return (struct synth){.classes = classes,
                          .num_classes = NUM_CLASSES,
                          .num_shards = num_shards,
                          .shard = shard,
                          .block_len = 40 + shard,
                          .reason = DATASET_COMPLETE,
                          .early_us = 1000 * (uint64_t)shard,
                          .seed = 5};
}

/* killed in the middle of a write, and gone on with */
static void crash_and_resume(const char *path, const struct synth *whole)
{
    struct synth s = *whole;
    size_t len;
    s.reason = 0;
    s.leave_out = 1600;
    synth_write(path, &s);
    uint8_t *data = slurp(path, &len);
    spill(path, data, len - 100);
    free(data);
    s = *whole;
    s.resume = true;
    synth_write(path, &s);
}

static void shards_become_one(void **state)
{
    (void)state;
    struct paths p;
    struct merged m;
    static struct said said;
    make_paths(&p);
    for (uint32_t i = 0; i < SHARDS; i++) {
        struct synth s = population(SHARDS, i);
        if (i == 2 || i == 5)
            crash_and_resume(p.name[i], &s);
        else
            synth_write(p.name[i], &s);
    }
    struct synth one = population(1, 0);
    synth_write(p.one, &one);
    merge_or_fail(&m, p.out, p.list, SHARDS);
    assert_int_equal(m.positions, 3001);
    assert_int_equal(m.records, 2301);
    assert_int_equal(m.certificates, 3);
    assert_int_equal(m.missing, 0);
    assert_int_equal(m.reason, DATASET_COMPLETE);
    assert_int_equal(assert_whole(p.out, 0), WALK_COMPLETE);
    assert_same(p.out, p.one);
    read_said(&said, p.out);
    assert_int_equal(said.events, SHARDS + 2);
    assert_int_equal(said.blocks, 1);
    assert_int_equal(said.certs, 3);
    free_said(&said);
    remove_paths(&p);
}

static void one_file_is_packed_anew(void **state)
{
    (void)state;
    struct paths p;
    struct merged m;
    struct synth s = population(1, 0);
    make_paths(&p);
    s.block_len = 1;
    synth_write(p.one, &s);
    char *list[] = {p.one};
    merge_or_fail(&m, p.out, list, 1);
    assert_int_equal(m.blocks_before, 3001);
    assert_int_equal(m.blocks, 1);
    assert_true(m.octets < m.octets_before / 20);
    assert_same(p.out, p.one);
    assert_whole(p.out, 0);
    remove_paths(&p);
}

static void parts_of_a_shard_stay_that_shard(void **state)
{
    (void)state;
    struct paths p;
    struct merged m;
    struct dataset_writer *w;
    struct dataset_found found;
    char err[DATASET_ERR_MAX] = "";
    struct synth s = population(3, 2);
    make_paths(&p);
    s.leave_out = 100;
    s.reason = DATASET_STOPPED;
    synth_write(p.one, &s);
    char *list[] = {p.one};
    merge_or_fail(&m, p.out, list, 1);
    assert_int_equal(m.reason, DATASET_STOPPED);
    assert_int_equal(m.missing, 33);
    assert_int_equal(assert_whole(p.out, 2001 + 33), WALK_STOPPED);
    assert_same(p.out, p.one);
    assert_int_equal(dataset_resume(&w, &found, err, p.out), 0);
    assert_int_equal(found.header->num_shards, 3);
    assert_int_equal(found.header->shard, 2);
    assert_int_equal(found.num_done_positions, 967);
    dataset_abandon(w);
    remove_paths(&p);
}

static void ends_are_the_worst_of_all(void **state)
{
    (void)state;
    static const struct {
        enum dataset_reason reasons[2]; /* 0: no trailer */
        uint64_t leave_out;
        enum dataset_reason want;
    } cases[] = {
        {{DATASET_COMPLETE, DATASET_COMPLETE}, 0, DATASET_COMPLETE},
        {{DATASET_COMPLETE, DATASET_COMPLETE}, 7, DATASET_STOPPED},
        {{DATASET_COMPLETE, DATASET_STOPPED}, 7, DATASET_STOPPED},
        {{DATASET_LIMIT, DATASET_COMPLETE}, 7, DATASET_LIMIT},
        {{DATASET_LIMIT, DATASET_FAULT}, 7, DATASET_FAULT},
        {{0, DATASET_COMPLETE}, 7, DATASET_STOPPED},
        {{0, 0}, 0, DATASET_STOPPED},
        {{DATASET_ROTATED, DATASET_COMPLETE}, 0, DATASET_COMPLETE},
        {{DATASET_ROTATED, DATASET_ROTATED}, 7, DATASET_STOPPED},
        {{DATASET_LIMIT, DATASET_ROTATED}, 7, DATASET_LIMIT},
    };
    struct paths p;
    make_paths(&p);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct merged m;
        for (uint32_t k = 0; k < 2; k++) {
            struct synth s = population(2, k);
            s.reason = cases[i].reasons[k];
            s.leave_out = cases[i].leave_out;
            synth_write(p.name[k], &s);
        }
        merge_or_fail(&m, p.out, p.list, 2);
        assert_int_equal(m.reason, cases[i].want);
        assert_int_equal(m.missing, cases[i].leave_out);
        assert_whole(p.out, cases[i].leave_out);
        unlink(p.out);
    }
    remove_paths(&p);
}

/* of a stream, lines that hold no target are done too; the merged file says how long the list is */
static void shards_of_a_stream_become_one(void **state)
{
    (void)state;
    struct paths p;
    struct merged m;
    struct dataset_writer *w;
    struct dataset_found found;
    char err[DATASET_ERR_MAX] = "";
    make_paths(&p);
    for (uint32_t i = 0; i < 3; i++) {
        struct synth s = population(3, i);
        s.streamed = true;
        s.blank_every = 10;
        if (i == 1)
            crash_and_resume(p.name[i], &s);
        else
            synth_write(p.name[i], &s);
    }
    struct synth one = population(1, 0);
    one.streamed = true;
    one.blank_every = 10;
    synth_write(p.one, &one);
    merge_or_fail(&m, p.out, p.list, 3);
    assert_int_equal(m.positions, 3001);
    assert_int_equal(m.reason, DATASET_COMPLETE);
    assert_int_equal(assert_whole(p.out, 0), WALK_COMPLETE);
    assert_same(p.out, p.one);
    assert_int_equal(dataset_resume(&w, &found, err, p.out), 0);
    assert_true(found.finished && found.ended);
    assert_int_equal(found.consumed_lines, 3001);
    dataset_abandon(w);
    remove_paths(&p);
}

/* ---- the golden files: names, attempts, ports, streams, certificates that are cut ---- */

static void golden_files_say_the_same(void **state)
{
    (void)state;
    static const char *const names[] = {TEST_DATA "/golden-1.mxs.zst",
                                        TEST_DATA "/golden-2.mxs.zst",
                                        TEST_DATA "/golden-2-stream.mxs.zst"};
    struct paths p;
    make_paths(&p);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct merged m;
        char *list[] = {(char *)(uintptr_t)names[i]};
        merge_or_fail(&m, p.out, list, 1);
        assert_same(p.out, names[i]);
        unlink(p.out);
    }
    remove_paths(&p);
}

/* ---- what cannot be merged ---- */

static void expect_refusal(const struct paths *p, size_t num, const char *says)
{
    char err[WALK_ERR_MAX] = "";
    struct merged m;
    assert_true(merge_files(&m, err, p->out, p->list, num) < 0);
    if (strstr(err, says) == NULL)
        fail_msg("%s, expected %s", err, says);
    assert_int_equal(access(p->out, F_OK), -1);
}

static void what_is_not_of_one_sweep_is_refused(void **state)
{
    (void)state;
    struct paths p;
    make_paths(&p);
    struct synth a = population(3, 0), b = population(3, 1), c = population(3, 0);
    synth_write(p.name[0], &a);
    synth_write(p.name[1], &b);
    expect_refusal(&p, 2, "of 3 shards 2 are given; name all of them, or files of one. Missing: 2");
    b.seed = 6;
    synth_write(p.name[1], &b);
    expect_refusal(&p, 2, "cannot be merged: another seed");
    synth_write(p.name[1], &c); /* the same shard, once more */
    expect_refusal(&p, 2, "1001 targets are done in more than one of the files");
    p.list[1] = p.name[0];
    expect_refusal(&p, 2, "are the same dataset; name it once");
    p.list[1] = "/nonexistent/x";
    expect_refusal(&p, 2, "/nonexistent/x");
    p.list[1] = p.name[1];
    c.num_shards = 400;
    synth_write(p.name[0], &c);
    c.shard = 7;
    synth_write(p.name[1], &c);
    expect_refusal(&p, 2,
                   "of 400 shards 2 are given; name all of them, or files of one. "
                   "Missing: 1 2 3 4 5 ...");
    remove_paths(&p);
}

static void damage_ends_it_and_a_torn_end_does_not(void **state)
{
    (void)state;
    char err[WALK_ERR_MAX] = "";
    struct paths p;
    struct merged m;
    size_t len;
    make_paths(&p);
    struct synth s = population(1, 0);
    synth_write(p.name[0], &s);
    uint8_t *data = slurp(p.name[0], &len);
    spill(p.name[0], data, len / 2);
    assert_int_equal(merge_files(&m, err, p.out, p.list, 1), 0);
    assert_int_equal(m.num_torn, 1);
    assert_non_null(strstr(err, p.name[0]));
    assert_true(m.missing > 0 && m.positions + m.missing == 3001);
    assert_whole(p.out, m.missing);
    unlink(p.out);
    data[len / 2] ^= 1;
    spill(p.name[0], data, len);
    expect_refusal(&p, 1, p.name[0]);
    free(data);
    remove_paths(&p);
}

static void certificates_of_a_repaired_file_may_be_missing(void **state)
{
    (void)state;
    struct paths p;
    struct merged m;
    struct dataset_writer *w;
    struct verified v;
    struct sweeps sweeps = {0};
    char err[WALK_ERR_MAX] = "";
    struct golden g;
    struct record r;
    golden_init(&g);
    make_paths(&p);
    assert_int_equal(dataset_create(&w, err, p.one, &g.header), 0);
    assert_int_equal(dataset_event(w, err, 0, DATASET_EVENT_REPAIRED, NULL, 0), 0);
    golden_record(&g, &r, 1);
    assert_true(r.num_chain > 0);
    assert_int_equal(dataset_add(w, &r, NULL), 0); /* the octets are lost */
    assert_int_equal(dataset_finish(w, err, 1, DATASET_STOPPED), 0);
    char *list[] = {p.one};
    merge_or_fail(&m, p.out, list, 1);
    assert_same(p.out, p.one);
    assert_int_equal(verify_file(&v, &sweeps, err, p.out), 0);
    assert_int_equal(v.missing_certs, r.num_chain);
    sweeps_cleanup(&sweeps);
    golden_cleanup(&g);
    remove_paths(&p);
}

/* ---- headers ---- */

struct case_header {
    struct addr sources[2];
    size_t num_sources;
    const char *names[2];
    const char *metadata;
    int64_t start_us;
    const char *rate;
};

/* the header of shard i of n, as the case has it */
static void make_header(struct dataset_header *h, const struct case_header *c, struct bytes *names,
                        struct dataset_pair *options, const struct target_space *space, uint32_t i,
                        uint32_t n)
{
    *h = (struct dataset_header){.id = {(uint8_t)(i + 1)},
                                 .start_us = c->start_us,
                                 .sources = c->sources,
                                 .num_sources = c->num_sources,
                                 .ehlo_names = names,
                                 .options = options,
                                 .num_options = 2,
                                 .num_shards = n,
                                 .shard = i,
                                 .space = space,
                                 .user_metadata = bytes_text(c->metadata)};
    for (size_t k = 0; k < 2 && c->names[k] != NULL; k++)
        names[h->num_ehlo_names++] = bytes_text(c->names[k]);
    options[0] = (struct dataset_pair){bytes_text("rate"), bytes_text(c->rate)};
    options[1] = (struct dataset_pair){bytes_text("record"), bytes_text("all")};
    dataset_sweep_id(h);
}

static void headers_are_joined(void **state)
{
    (void)state;
#define A                                                                                          \
    {                                                                                              \
        0, UINT64_C(0xffffc0000201)                                                                \
    }
#define B                                                                                          \
    {                                                                                              \
        0, UINT64_C(0xffffc0000202)                                                                \
    }
    static const struct {
        const char *name;
        struct case_header in[2];
        size_t num_sources, num_names, num_options;
        uint8_t source_of[2][2]; /* of each file: what its first and second source become */
        uint64_t later_us[2];
        const char *metadata;
    } cases[] = {
        {"all alike",
         {{{A}, 1, {"a"}, "{}", 5, "1"}, {{A}, 1, {"a"}, "{}", 5, "1"}},
         1,
         1,
         2,
         {{0, 0}, {0, 0}},
         {0, 0},
         "{}"},
        {"the kernel chose",
         {{{A}, 0, {"a"}, "", 5, "1"}, {{A}, 0, {"a"}, "", 9, "1"}},
         0,
         1,
         2,
         {{0, 0}, {0, 0}},
         {0, 4},
         ""},
        {"other addresses",
         {{{A}, 1, {"a"}, "{}", 9, "1"}, {{B}, 1, {"a"}, "", 5, "2"}},
         2,
         1,
         1,
         {{0, 0}, {1, 0}},
         {4, 0},
         ""},
        {"other names",
         {{{A}, 0, {"a"}, "{}", 5, "1"}, {{A}, 0, {"b"}, "{}", 5, "1"}},
         2,
         2,
         2,
         {{0, 0}, {1, 0}},
         {0, 0},
         "{}"},
        {"in another order",
         {{{A, B}, 2, {"a", "b"}, "{}", 5, "1"}, {{B, A}, 2, {"b", "a"}, "{}", 5, "1"}},
         2,
         2,
         2,
         {{0, 1}, {1, 0}},
         {0, 0},
         "{}"},
        {"one of them chose",
         {{{A}, 1, {"a"}, "{}", 5, "1"}, {{A}, 0, {"a"}, "{}", 5, "1"}},
         2,
         1,
         2,
         {{0, 0}, {1, 0}},
         {0, 0},
         "{}"},
        {"no name",
         {{{A}, 1, {NULL}, "{}", 5, "1"}, {{B}, 1, {NULL}, "{}", 5, "1"}},
         2,
         0,
         2,
         {{0, 0}, {1, 0}},
         {0, 0},
         "{}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        static struct merge_header m;
        static struct merge_part parts[2];
        char err[MERGE_ERR_MAX] = "";
        struct bytes names[2][2], no_text = {(const uint8_t *)"", 0};
        struct dataset_pair options[2][2];
        struct dataset_header h[2];
        struct target_segment segment = {.first = addr_v4(1), .last = addr_v4(9)};
        struct target_space space = {.segments = &segment,
                                     .num_segments = 1,
                                     .texts = &no_text,
                                     .num_texts = 1,
                                     .ports = {25},
                                     .num_ports = 1};
        assert_int_equal(target_space_seal(&space), 0);
        for (uint32_t k = 0; k < 2; k++) {
            make_header(&h[k], &cases[i].in[k], names[k], options[k], &space, k, 2);
            parts[k] = (struct merge_part){.path = "x", .header = &h[k]};
        }
        int rc = merge_header_init(&m, err, parts, 2);
        if (rc != 0 || m.header.num_sources != cases[i].num_sources ||
            m.header.num_ehlo_names != cases[i].num_names ||
            m.header.num_options != cases[i].num_options || m.header.num_shards != 1)
            fail_msg("%s: %s", cases[i].name, err);
        assert_true(bytes_equal(m.header.user_metadata, bytes_text(cases[i].metadata)));
        assert_int_equal(m.header.start_us, 5);
        for (size_t k = 0; k < 2; k++) {
            assert_memory_equal(parts[k].sources, cases[i].source_of[k], 2);
            assert_int_equal(parts[k].later_us, cases[i].later_us[k]);
        }
        merge_header_cleanup(&m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shards_become_one),
        cmocka_unit_test(one_file_is_packed_anew),
        cmocka_unit_test(parts_of_a_shard_stay_that_shard),
        cmocka_unit_test(ends_are_the_worst_of_all),
        cmocka_unit_test(shards_of_a_stream_become_one),
        cmocka_unit_test(golden_files_say_the_same),
        cmocka_unit_test(what_is_not_of_one_sweep_is_refused),
        cmocka_unit_test(damage_ends_it_and_a_torn_end_does_not),
        cmocka_unit_test(certificates_of_a_repaired_file_may_be_missing),
        cmocka_unit_test(headers_are_joined),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
