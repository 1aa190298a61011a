/* datasets of host names, streams and samples: what a writer takes and refuses, what is found when
 * it is gone on with, what a header may say. */
#include "core/dataset_write.h"
#include "tests/core/golden2.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define LEN(a) (sizeof(a) / sizeof *(a))

static struct dataset_writer *create(struct golden2 *g, bool streamed, char path[128])
{
    struct dataset_writer *w;
    char err[DATASET_ERR_MAX] = "";
    golden_path(path, "stream");
    unlink(path);
    golden2_init(g, streamed);
    if (dataset_create(&w, err, path, &g->header) != 0)
        fail_msg("%s", err);
    return w;
}

static void discard(struct golden2 *g, struct dataset_writer *w, const char *path)
{
    dataset_abandon(w);
    unlink(path);
    golden2_cleanup(g);
}

/* ---- host names ---- */

enum { GROUP = 3 };

struct group {
    struct record r[RECORD_NAME_ADDRS_MAX + 1];
    const struct record *records[RECORD_NAME_ADDRS_MAX + 1];
    const struct bytes *ders[RECORD_NAME_ADDRS_MAX + 1];
};

/* records of one host name, each with another address and a certificate */
static void make_group(struct group *out, const struct golden2 *g, uint64_t position, size_t num)
{
    for (size_t i = 0; i < num; i++) {
        golden2_record(g, &out->r[i], position, STAGE_DONE, CAUSE_OK);
        out->r[i].addr = addr_v4((uint32_t)(0xc0000200 + i));
        if (g->header.streamed)
            out->r[i].host = bytes_text("mx.example.com");
        out->records[i] = &out->r[i];
        out->ders[i] = &g->der;
    }
}

static void test_add_all_refuses(void **state)
{
    (void)state;
    static const uint8_t wrong[1][32] = {{1}};
    char path[128], err[DATASET_ERR_MAX];
    struct golden2 g;
    struct group good, bad;
    struct dataset_writer *w = create(&g, false, path);
    uint64_t name = golden2_position(&g, NULL, "mx.example.com", 25);
    uint64_t addr = golden2_position(&g, "192.0.2.2", "", 25);
    make_group(&good, &g, name, GROUP);
#define REFUSED(rc, num, change)                                                                   \
    do {                                                                                           \
        make_group(&bad, &g, name, RECORD_NAME_ADDRS_MAX + 1);                                     \
        change;                                                                                    \
        assert_int_equal(dataset_add_all(w, bad.records, bad.ders, num), rc);                      \
        assert_int_equal(dataset_pending(w), 0);                                                   \
        assert_int_equal(dataset_seal(w, err), 0);                                                 \
    } while (0)
    REFUSED(-EINVAL, 0, (void)bad);
    REFUSED(-EINVAL, RECORD_NAME_ADDRS_MAX + 1, (void)bad);
    REFUSED(-EINVAL, 2, bad.r[1].position = golden2_position(&g, NULL, "mx2.example.com", 25));
    REFUSED(-EINVAL, 2, bad.r[1].addr = bad.r[0].addr);
    REFUSED(-EINVAL, 2, bad.r[0].cause = bad.r[1].cause = CAUSE_NO_ADDRESS);
    REFUSED(-EINVAL, 2, bad.r[1].port = 465);
    REFUSED(-EINVAL, 2, bad.r[1].source = 1);
    REFUSED(-EINVAL, 2, bad.r[1].num_attempts = RECORD_ATTEMPTS_MAX + 1);
    REFUSED(-EINVAL, 2, bad.r[1].num_attempts = 1);   /* of no stage */
    REFUSED(-EINVAL, 2, (bad.r[1].num_attempts = 1, bad.r[1].attempts[0] = (struct attempt){
        bad.r[1].start_us + 1, STAGE_CONNECT, CAUSE_TIMEOUT, 0}));
    REFUSED(-EINVAL, 2, make_group(&bad, &g, addr, 2));   /* one address has one record */
    REFUSED(-EINVAL, 1, (golden2_record(&g, &bad.r[0], addr, STAGE_CONNECT, CAUSE_NO_ADDRESS)));
    /* the last hash is wrong: nothing of those before it stays, no certificate either */
    REFUSED(-EINVAL, GROUP, bad.r[2].chain = wrong);
    assert_int_equal(dataset_add_all(w, good.records, good.ders, GROUP), 0);
    assert_int_equal(w->builder.num_certs_written, 1);
    assert_int_equal(w->builder.certs.num, 1);
    assert_int_equal(w->builder.num_rows, GROUP);

    uint8_t *large = calloc(1, DATASET_ITEM_MAX);   /* does not fit beside these: all or nothing */
    make_group(&bad, &g, golden2_position(&g, NULL, "mx2.example.com", 25), 2);
    for (size_t i = 0; i < 2; i++)
        bad.r[i].text[TEXT_EARLY] = bytes_of(large, DATASET_ITEM_MAX / 2 - 4096 - 800 - i);
    assert_int_equal(dataset_add_all(w, bad.records, bad.ders, 2), -ENOBUFS);
    assert_int_equal(w->builder.num_rows, GROUP);
    bad.r[1].text[TEXT_EARLY].len += 8192;
    assert_int_equal(dataset_add_all(w, bad.records, bad.ders, 2), -E2BIG);
    free(large);

    assert_int_equal(dataset_seal(w, err), 0);
    struct dataset_totals totals;
    dataset_writer_totals(w, &totals);
    assert_true(totals.records == GROUP && totals.positions == 1);
    discard(&g, w, path);
}

static void test_a_name_is_done_once(void **state)
{
    (void)state;
    char path[128], err[DATASET_ERR_MAX];
    struct golden2 g;
    struct group group;
    struct dataset_writer *w = create(&g, false, path);
    make_group(&group, &g, golden2_position(&g, NULL, "mx.example.com", 25), GROUP);
    assert_int_equal(dataset_add_all(w, group.records, group.ders, 2), 0);
    assert_int_equal(dataset_add_all(w, group.records + 2, group.ders + 2, 1), 0);
    assert_int_equal(dataset_seal(w, err), -EINVAL);   /* two groups, though no address is twice */
    assert_non_null(strstr(err, "twice"));
    discard(&g, w, path);
}

/* what never connected is in columns, but for a host name, or with earlier attempts */
static void test_what_goes_to_columns(void **state)
{
    (void)state;
    char path[128];
    struct golden2 g;
    struct record r;
    struct dataset_writer *w = create(&g, false, path);
    golden2_record(&g, &r, golden2_position(&g, "192.0.2.1", "", 25), STAGE_CONNECT, CAUSE_TIMEOUT);
    assert_int_equal(dataset_add(w, &r, NULL), 0);
    assert_true(w->builder.num_connects == 1 && w->builder.num_rows == 0);
    golden2_record(&g, &r, golden2_position(&g, "192.0.2.2", "", 25), STAGE_CONNECT, CAUSE_TIMEOUT);
    r.num_attempts = 1;
    r.attempts[0] = (struct attempt){0, STAGE_CONNECT, CAUSE_TIMEOUT, 0};
    assert_int_equal(dataset_add(w, &r, NULL), 0);
    assert_true(w->builder.num_connects == 1 && w->builder.num_rows == 1);
    golden2_record(&g, &r, golden2_position(&g, NULL, "mx.example.com", 25), STAGE_CONNECT,
                   CAUSE_TIMEOUT);
    r.addr = addr_v4(1);
    assert_int_equal(dataset_add(w, &r, NULL), 0);
    assert_true(w->builder.num_connects == 1 && w->builder.num_rows == 2);
    discard(&g, w, path);
}

/* ---- streams ---- */

static void test_streams_refuse(void **state)
{
    (void)state;
    char path[128], err[DATASET_ERR_MAX], long_name[TARGET_HOST_MAX + 1];
    struct golden2 g;
    struct group group;
    struct record r;
    memset(long_name, 'a', sizeof long_name);
    struct dataset_writer *w = create(&g, true, path);   /* shard 1 of 2: odd positions, port 587 */
    golden2_record(&g, &r, 1, STAGE_CONNECT, CAUSE_TIMEOUT);
    struct record bad = r;
    bad.position = 2;
    assert_int_equal(dataset_add(w, &bad, NULL), -EINVAL);
    bad = r;
    bad.port = 25;
    assert_int_equal(dataset_add(w, &bad, NULL), -EINVAL);
    bad = r;
    bad.position = DATASET_STREAM_POSITIONS_MAX + 1;
    assert_int_equal(dataset_add(w, &bad, NULL), -EINVAL);
    bad = r;
    bad.cause = CAUSE_DNS_FAILURE;   /* of no name */
    assert_int_equal(dataset_add(w, &bad, NULL), -EINVAL);
    bad = r;
    bad.host = bytes_of(long_name, sizeof long_name);
    assert_int_equal(dataset_add(w, &bad, NULL), -EINVAL);
    bad = r;
    bad.tag = bytes_of(long_name, TARGET_TAG_MAX + 1);
    assert_int_equal(dataset_add(w, &bad, NULL), -EINVAL);
    make_group(&group, &g, 1, 2);
    group.r[1].host = bytes_text("mx2.example.com");   /* another name */
    assert_int_equal(dataset_add_all(w, group.records, group.ders, 2), -EINVAL);
    group.r[1].host = group.r[0].host;
    group.r[1].tag = bytes_text("tag");
    assert_int_equal(dataset_add_all(w, group.records, group.ders, 2), -EINVAL);
    group.r[1].tag = group.r[0].tag;
    group.r[0].host = group.r[1].host = bytes_text("");   /* no name */
    assert_int_equal(dataset_add_all(w, group.records, group.ders, 2), -EINVAL);
    assert_int_equal(dataset_skip(w, 2), -EINVAL);
    assert_int_equal(dataset_skip(w, DATASET_STREAM_POSITIONS_MAX + 1), -EINVAL);
    assert_int_equal(dataset_pending(w), 0);
    assert_int_equal(dataset_seal(w, err), 0);
    r.position = DATASET_STREAM_POSITIONS_MAX - 1;
    assert_int_equal(dataset_add(w, &r, NULL), 0);
    assert_int_equal(dataset_skip(w, DATASET_STREAM_POSITIONS_MAX - 1), 0);
    assert_int_equal(dataset_seal(w, err), -EINVAL);   /* twice */
    discard(&g, w, path);
    w = create(&g, false, path);
    assert_int_equal(dataset_skip(w, 0), -EINVAL);   /* only streams have lines without targets */
    discard(&g, w, path);
}

/* whatever the number of lines: memory and octets are those of the runs */
static void test_skipped_runs_are_cheap(void **state)
{
    (void)state;
    char path[128], err[DATASET_ERR_MAX];
    struct golden2 g;
    struct dataset_totals totals;
    struct dataset_writer *w = create(&g, true, path);
    uint64_t before;
    dataset_writer_totals(w, &totals);
    before = totals.bytes;
    for (uint64_t line = 0; line < 1000000; line++)
        assert_int_equal(dataset_skip(w, 2 * line + 1), 0);
    assert_int_equal(w->builder.num_skipped, 1);
    assert_int_equal(dataset_seal(w, err), 0);
    dataset_writer_totals(w, &totals);
    assert_true(totals.positions == 1000000 && totals.records == 0);
    assert_true(totals.bytes - before < 128);
    /* alternately, a block is full in the end, and says so */
    int rc = 0;
    uint64_t line = 1000000;
    for (; rc == 0 && line < 2000000; line += 2)
        rc = dataset_skip(w, 2 * line + 1);
    assert_int_equal(rc, -ENOBUFS);
    assert_int_equal(dataset_seal(w, err), 0);
    assert_int_equal(dataset_skip(w, 2 * line + 1), 0);
    discard(&g, w, path);
}

static struct dataset_writer *go_on(struct dataset_found *found, const char *path)
{
    struct dataset_writer *w;
    char err[DATASET_ERR_MAX] = "";
    if (dataset_resume(&w, found, err, path) != 0)
        fail_msg("%s", err);
    return w;
}

static void add_line(struct dataset_writer *w, const struct golden2 *g, uint64_t line)
{
    struct record r;
    golden2_record(g, &r, 2 * line + 1, STAGE_CONNECT, CAUSE_TIMEOUT);
    r.addr = addr_v4((uint32_t)line);
    assert_int_equal(dataset_add(w, &r, NULL), 0);
}

/* consumed lines are found again, the most that any block said; a stream is finished when its
 * writer said so last */
static void test_consumed_is_found_again(void **state)
{
    (void)state;
    static const uint8_t one[32] = {1}, two[32] = {2}, three[32] = {3};
    char path[128], err[DATASET_ERR_MAX];
    struct golden2 g;
    struct dataset_found found;
    struct dataset_writer *w = create(&g, true, path);
    add_line(w, &g, 0);
    assert_int_equal(dataset_seal(w, err), 0);
    dataset_abandon(w);
    w = go_on(&found, path);
    assert_true(found.consumed_lines == 0 && !found.finished && found.num_done_positions == 1);
    add_line(w, &g, 1);
    dataset_consumed(w, 7, one);
    dataset_consumed(w, 9, two);
    dataset_consumed(w, 8, one);   /* fewer: ignored */
    assert_int_equal(dataset_seal(w, err), 0);
    add_line(w, &g, 2);            /* and not said again */
    assert_int_equal(dataset_finish(w, err, 1, DATASET_STOPPED), 0);
    w = go_on(&found, path);
    assert_true(found.consumed_lines == 9 && !found.finished);
    assert_memory_equal(found.consumed_sha256, two, 32);
    dataset_consumed(w, 5, three); /* reading the prefix anew */
    add_line(w, &g, 3);
    dataset_stream_end(w, 4);
    assert_int_equal(dataset_finish(w, err, 1, DATASET_COMPLETE), 0);
    w = go_on(&found, path);
    assert_true(found.consumed_lines == 9 && found.finished && found.num_done == 1);
    add_line(w, &g, 4);            /* and yet gone on with */
    assert_int_equal(dataset_seal(w, err), 0);
    dataset_abandon(w);
    w = go_on(&found, path);
    assert_false(found.finished);
    discard(&g, w, path);
}

/* the trailer of a stream says its lines, if it is complete */
static void test_trailers_say_lines(void **state)
{
    static const struct {
        bool said;
        enum dataset_reason reason;
        bool has_lines;
    } cases[] = {
        {true, DATASET_COMPLETE, true},
        {false, DATASET_COMPLETE, false},
        {true, DATASET_STOPPED, false},
    };
    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        char path[128], err[DATASET_ERR_MAX];
        struct golden2 g;
        struct dataset_reader *r;
        struct dataset_item item;
        struct dataset_trailer t = {0};
        struct dataset_writer *w = create(&g, true, path);
        if (cases[i].said)
            dataset_stream_end(w, 12345);
        assert_int_equal(dataset_finish(w, err, 1, cases[i].reason), 0);
        assert_int_equal(dataset_open(&r, err, path), 0);
        assert_int_equal(dataset_next(r, &item, err), 1);
        assert_int_equal(dataset_trailer_decode(&t, item.payload, err), 0);
        assert_int_equal(t.has_lines, cases[i].has_lines);
        assert_int_equal(t.lines, t.has_lines ? 12345 : 0);
        dataset_close(r);
        discard(&g, NULL, path);
    }
}

/* ---- samples ---- */

static void test_a_limit_ends_the_sweep(void **state)
{
    (void)state;
    char path[128], err[DATASET_ERR_MAX];
    struct golden2 g;
    struct dataset_found found;
    struct dataset_writer *w = create(&g, false, path);
    assert_int_equal(dataset_num_positions(&g.header), g.header.limit);
    for (uint64_t p = 0; p < g.space.count; p++)
        assert_int_equal(dataset_count(w, p, STAGE_CONNECT, CAUSE_TIMEOUT),
                         p < g.header.limit ? 0 : -EINVAL);
    assert_int_equal(dataset_seal(w, err), 0);
    dataset_abandon(w);
    w = go_on(&found, path);
    assert_true(found.finished && found.header->limit == g.header.limit &&
                found.header->sample_ppm == 900000);
    discard(&g, w, path);
}

static void test_headers_hold(void **state)
{
    (void)state;
    static const struct {
        bool streamed;
        uint64_t limit;
        uint32_t sample_ppm;
        int rc;
    } cases[] = {
        {false, 0, 0, 0},       {false, 22, 0, 0},         {false, 1, 1000000, 0},
        {false, 23, 0, -EINVAL}, {false, 1, 1000001, -EINVAL},
        {true, 0, 0, 0},        {true, 0, 1, 0},           {true, 1, 0, -EINVAL},
    };
    for (size_t i = 0; i < LEN(cases); i++) {
        char err[DATASET_ERR_MAX] = "";
        struct golden2 g;
        struct cbor_writer w;
        struct header_store *st;
        golden2_init(&g, cases[i].streamed);
        g.header.format = DATASET_FORMAT;
        g.header.limit = cases[i].limit;
        g.header.sample_ppm = cases[i].sample_ppm;
        dataset_sweep_id(&g.header);
        cbor_writer_init(&w, DATASET_ITEM_MAX);
        assert_int_equal(header_encode(&w, &g.header), cases[i].rc);
        if (cases[i].rc == 0) {
            assert_int_equal(header_decode(&st, bytes_of(w.data, w.len), err), 0);
            const struct dataset_header *h = header_of(st);
            assert_true(h->streamed == g.header.streamed && h->limit == cases[i].limit &&
                        h->sample_ppm == cases[i].sample_ppm && h->space->count == g.space.count);
            assert_int_equal(h->space->num_ports, 2);
            header_free(st);
        }
        cbor_writer_cleanup(&w);
        golden2_cleanup(&g);
    }
    struct golden2 g, names;   /* a stream of segments */
    struct cbor_writer w;
    golden2_init(&g, true);
    golden2_init(&names, false);
    g.header.space = &names.space;
    cbor_writer_init(&w, DATASET_ITEM_MAX);
    assert_int_equal(header_encode(&w, &g.header), -EINVAL);
    cbor_writer_cleanup(&w);
    golden2_cleanup(&g);
    golden2_cleanup(&names);
}

/* format 1 knows neither names nor extents: a file that says it is of format 1 has none */
static void test_older_headers_have_no_names(void **state)
{
    (void)state;
    for (int streamed = 0; streamed < 2; streamed++) {
        char err[DATASET_ERR_MAX] = "";
        struct golden2 g;
        struct cbor_writer w;
        struct header_store *st;
        golden2_init(&g, streamed != 0);
        g.header.format = 1;
        dataset_sweep_id(&g.header);
        cbor_writer_init(&w, DATASET_ITEM_MAX);
        assert_int_equal(header_encode(&w, &g.header), 0);
        assert_int_equal(header_decode(&st, bytes_of(w.data, w.len), err), -EBADMSG);
        cbor_writer_cleanup(&w);
        golden2_cleanup(&g);
    }
}

static void test_sweep_id_covers_the_extent(void **state)
{
    (void)state;
    struct golden2 g;
    uint8_t first[32];
    golden2_init(&g, false);
    dataset_sweep_id(&g.header);
    memcpy(first, g.header.sweep_id, 32);
    g.header.limit--;
    dataset_sweep_id(&g.header);
    assert_memory_not_equal(first, g.header.sweep_id, 32);
    g.header.limit++;
    g.header.sample_ppm++;
    dataset_sweep_id(&g.header);
    assert_memory_not_equal(first, g.header.sweep_id, 32);
    g.header.sample_ppm--;
    g.header.streamed = true;
    dataset_sweep_id(&g.header);
    assert_memory_not_equal(first, g.header.sweep_id, 32);
    golden2_cleanup(&g);
}

/* every octet of a header's CBOR changed: an error, or a header that holds */
static void test_headers_never_trust(void **state)
{
    (void)state;
    for (int streamed = 0; streamed < 2; streamed++) {
        char err[DATASET_ERR_MAX];
        struct golden2 g;
        struct cbor_writer w;
        golden2_init(&g, streamed != 0);
        g.header.format = DATASET_FORMAT;
        dataset_sweep_id(&g.header);
        cbor_writer_init(&w, DATASET_ITEM_MAX);
        assert_int_equal(header_encode(&w, &g.header), 0);
        for (size_t i = 0; i < w.len; i++) {
            uint8_t was = w.data[i];
            struct header_store *st;
            for (unsigned change = 1; change < 256; change++) {
                w.data[i] = was ^ (uint8_t)change;
                if (header_decode(&st, bytes_of(w.data, w.len), err) != 0)
                    continue;
                const struct dataset_header *h = header_of(st);
                assert_true(h->streamed ? h->space->num_segments == 0 : h->space->count > 0);
                assert_true(dataset_num_positions(h) > 0);
                header_free(st);
            }
            w.data[i] = was;
            assert_int_not_equal(header_decode(&st, bytes_of(w.data, i), err), 0);
        }
        cbor_writer_cleanup(&w);
        golden2_cleanup(&g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_add_all_refuses),
        cmocka_unit_test(test_a_name_is_done_once),
        cmocka_unit_test(test_what_goes_to_columns),
        cmocka_unit_test(test_streams_refuse),
        cmocka_unit_test(test_skipped_runs_are_cheap),
        cmocka_unit_test(test_consumed_is_found_again),
        cmocka_unit_test(test_trailers_say_lines),
        cmocka_unit_test(test_a_limit_ends_the_sweep),
        cmocka_unit_test(test_headers_hold),
        cmocka_unit_test(test_older_headers_have_no_names),
        cmocka_unit_test(test_sweep_id_covers_the_extent),
        cmocka_unit_test(test_headers_never_trust),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
