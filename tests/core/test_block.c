#include "core/block_column.h"
#include "core/block_private.h"
#include "tests/core/block_bench.h"
#include "tests/core/golden.h"

#include <errno.h>
#include <openssl/sha.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* ---- blocks made by hand: a sweep of 10 addresses, one port, one shard ---- */

#define HEAD    "00 01 01 # 02 19 03e8 "                       /* kind, previous, base 1000 */
#define RUNS    "03 82 00 02 04 02 "                           /* slots 0 and 1; two records */
#define TABLES  "06 81 43 323230 07 81 82 f4 # 08 81 a2 00 07 01 01 "
#define ROW0    "a5 00 00 01 00 02 a1 00 00 03 00 04 @0 "
#define ROW1    "a3 00 01 01 00 04 @1 "
#define TIMES   "0a 82 00 42 0005 0b a1 06 82 00 42 0009 "     /* starts 0, +5; total absent, 8 */
/* TABLES, its shape with all that a handshake shows; and octets of TLS */
#define TABLES7 "06 81 43 323230 07 81 82 f4 # 08 81 a3 00 07 01 01 07 a9 00 f5 01 00 "          \
                "07 19 0fff 08 05 09 19 1c20 0a 18 1d 0b 01 0c 04 0d 82 18 2b 18 33 "
#define OCTETS  "10 a2 00 82 19 0bb8 42 0001 01 81 19 0258 "
#define CONNECT "0c a4 00 02 01 82 00 42 0001 02 81 00 03 81 03 "

static void test_blocks_by_hand(void **state)
{
    (void)state;
    static const struct bench_case cases[] = {
        {"two records", true, HEAD RUNS TABLES "09 82" ROW0 ROW1 TIMES},
        {"two in columns", true, HEAD RUNS "08 81 a2 00 01 01 02" CONNECT},
        {"unknown keys", true, HEAD RUNS "08 81 a3 00 01 01 02 18 63 8101" CONNECT
         "18 64 a1 01 80"},
        {"only counted", true, HEAD "03 82 00 02 04 00 0d 81 83 01 02 02"},
        {"no positions", false, HEAD "03 80 04 00"},
        {"a run of none", false, HEAD "03 82 00 00 04 00 0d 81 83 01 02 02"},
        {"runs that touch", false, HEAD "03 84 00 01 00 01 04 00 0d 81 83 01 02 02"},
        {"a gap without a run", false, HEAD "03 81 00 04 00 0d 81 83 01 02 02"},
        {"behind the last slot", false, HEAD "03 82 09 02 04 00 0d 81 83 01 02 02"},
        {"a run over 2^64", false, HEAD "03 82 01 1bffffffffffffffff 04 00 0d 81 83 01 02 02"},
        {"counted too few", false, HEAD "03 82 00 02 04 00 0d 81 83 01 02 01"},
        {"counted none", false, HEAD "03 82 00 02 04 00 0d 82 83 01 02 02 83 01 03 00"},
        {"no outcome", false, HEAD "03 82 00 02 04 00 0d 81 83 00 02 02"},
        {"wrong number of records", false, HEAD "03 82 00 02 04 01 08 81 a2 00 01 01 02" CONNECT},
        {"no shapes", false, HEAD RUNS CONNECT},
        {"a shape without outcome", false, HEAD RUNS "08 81 a1 00 01" CONNECT},
        {"columns of none", false, HEAD RUNS
         "08 81 a2 00 01 01 02 0c a4 00 00 01 81 00 02 81 00 03 81 00"},
        {"a column too long", false,
         HEAD RUNS "08 81 a2 00 01 01 02 0c a4 00 02 01 82 00 43 000101 02 81 00 03 81 03"},
        {"a column too short", false,
         HEAD RUNS "08 81 a2 00 01 01 02 0c a4 00 02 01 82 00 41 00 02 81 00 03 81 03"},
        {"a column missing", false, HEAD RUNS
         "08 81 a2 00 01 01 02 0c a3 00 02 01 82 00 42 0001 02 81 00"},
        {"columns before their number", false,
         HEAD RUNS "08 81 a2 00 01 01 02 0c a4 01 82 00 42 0001 00 02 02 81 00 03 81 03"},
        {"one slot twice in columns", false,
         HEAD RUNS "08 81 a2 00 01 01 02 0c a4 00 02 01 81 00 02 81 00 03 81 03"},
        {"a slot that is not done", false,
         HEAD RUNS "08 81 a2 00 01 01 02 0c a4 00 02 01 82 00 42 0002 02 81 00 03 81 03"},
        {"a start before the start", false,
         HEAD RUNS "08 81 a2 00 01 01 02 0c a4 00 02 01 82 00 42 0001 02 81 00 03 81 39 03e8"},
        {"a start too late", false,
         HEAD RUNS
             "08 81 a2 00 01 01 02 0c a4 00 02 01 82 00 42 0001 02 81 00 03 81 1b7fffffffffffffff"},
        {"a duration over 32 bits", false,
         HEAD RUNS
             "08 81 a2 00 01 01 02 0c a5 00 02 01 82 00 42 0001 02 81 00 03 81 03 05 81 1b0000000100000000"},
        {"records without starts", false, HEAD RUNS "08 81 a2 00 07 01 01 09 82"
         "a3 00 00 01 00 04 @0" ROW1},
        {"another target's address", false, HEAD RUNS TABLES "09 82 a3 00 00 01 00 04 @1" ROW1
         TIMES},
        {"an address of five octets", false,
         HEAD RUNS TABLES "09 82 a3 00 00 01 00 04 45 0000000000" ROW1 TIMES},
        {"no address", false, HEAD RUNS TABLES "09 82 a2 00 00 01 00" ROW1 TIMES},
        {"another port", false, HEAD RUNS TABLES "09 82 a4 00 00 01 00 04 @0 05 18 1a" ROW1 TIMES},
        {"an unknown text", false, HEAD RUNS TABLES "09 82 a4 00 00 01 00 02 a1 00 01 04 @0" ROW1
         TIMES},
        {"an unknown chain", false, HEAD RUNS TABLES "09 82 a4 00 00 01 00 03 01 04 @0" ROW1 TIMES},
        {"an unknown shape", false, HEAD RUNS TABLES "09 82 a3 00 00 01 01 04 @0" ROW1 TIMES},
        {"an empty text", false, HEAD RUNS "06 81 40 07 81 82 f4 # 08 81 a2 00 07 01 01 09 82" ROW0
         ROW1 TIMES},
        {"an empty chain", false, HEAD RUNS "06 81 41 30 07 81 81 f4 08 81 a2 00 07 01 01 09 82"
         ROW0 ROW1 TIMES},
        {"a hash of 31", false, HEAD RUNS "06 81 41 30 07 81 82 f4 58 1f"
         "00000000000000000000000000000000"
         "000000000000000000000000000000" "08 81 a2 00 07 01 01 09 82" ROW0 ROW1 TIMES},
        {"a certificate of another hash", false, HEAD RUNS "05 81 82 # 41 00 08 81 a2 00 01 01 02"
         CONNECT},
        {"starts without records", false, HEAD RUNS "08 81 a2 00 07 01 01 0a 81 00" CONNECT},
        {"timings without records", false, HEAD RUNS "08 81 a2 00 07 01 01 0b a1 06 81 00" CONNECT},
        {"what a handshake showed", true, HEAD RUNS TABLES7 "09 82" ROW0 ROW1 TIMES OCTETS},
        {"keys and columns of later versions", true, HEAD RUNS "06 81 43 323230 07 81 82 f4 #"
         "08 81 a3 00 07 01 01 07 a3 00 f5 01 00 18 63 80 09 82" ROW0 ROW1 TIMES
         "10 a1 02 81 00"},
        {"flags that are not known", false, HEAD RUNS "06 81 43 323230 07 81 82 f4 #"
         "08 81 a3 00 07 01 01 07 a4 00 f5 01 00 07 01 08 02 09 82" ROW0 ROW1 TIMES},
        {"33 extensions", false, HEAD RUNS "06 81 43 323230 07 81 82 f4 #"
         "08 81 a3 00 07 01 01 07 a3 00 f5 01 00 0d 98 21"
         "0000000000000000000000000000000000000000000000000000000000000000 00"
         "09 82" ROW0 ROW1 TIMES},
        {"a lifetime over 32 bits", false, HEAD RUNS "06 81 43 323230 07 81 82 f4 #"
         "08 81 a3 00 07 01 01 07 a3 00 f5 01 00 09 1b 0000000100000000 09 82" ROW0 ROW1 TIMES},
        {"octets of TLS without records", false, HEAD RUNS "08 81 a2 00 01 01 02" CONNECT
         "10 a1 00 81 05"},
        {"octets of TLS over 32 bits", false, HEAD RUNS TABLES "09 82" ROW0 ROW1 TIMES
         "10 a1 00 81 1b 0000000100000000"},
        {"octets of TLS of three records", false, HEAD RUNS TABLES "09 82" ROW0 ROW1 TIMES
         "10 a1 00 82 00 43 000102"},
        {"a ServerHello before our hello", false, HEAD RUNS TABLES "09 82" ROW0 ROW1
         "0a 82 00 42 0005 0b a2 04 81 05 07 81 06"},
        {"a ServerHello of no handshake", true, HEAD RUNS TABLES "09 82" ROW0 ROW1
         "0a 82 00 42 0005 0b a1 07 81 06"},
        {"keys out of order", false, HEAD "04 02 03 82 00 02 08 81 a2 00 01 01 02" CONNECT},
        {"another kind", false, "00 02 01 # 02 19 03e8" RUNS "08 81 a2 00 01 01 02" CONNECT},
        {"an octet too many", false, HEAD RUNS "08 81 a2 00 01 01 02" CONNECT "00"},
        {"nothing", false, ""},
    };
    struct bench bench;
    bench_init(&bench, 10);
    struct block *b = block_new(&bench.header);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        bench_check(b, &bench, &cases[i]);
    block_free(b);
}

/* ---- columns ---- */

static void test_columns(void **state)
{
    (void)state;
    static const struct {
        uint64_t values[4];
        bool is_signed;
        size_t len;   /* encoded */
    } cases[] = {
        {{7, 7, 7, 7}, false, 2},
        {{0, 1, 2, 3}, false, 2 + 5},
        {{1000, 1255, 1000, 1001}, false, 4 + 5},
        {{1000, 1256, 1000, 1001}, false, 4 + 10},
        {{0, UINT64_MAX, 5, 6}, false, 2 + 8 * 5},
        {{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}, false, 10},
        {{(uint64_t)-5, 5, 0, 1}, true, 2 + 5},
        {{(uint64_t)INT64_MIN, INT64_MAX, 0, 1}, true, 10 + 8 * 5},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct cbor_writer w;
        uint64_t got[4];
        cbor_writer_init(&w, 100);
        column_put(&w, cases[i].values, 4, cases[i].is_signed);
        assert_int_equal(w.len, cases[i].len);
        struct cbor_reader r = cbor_reader_of(bytes_of(w.data, w.len));
        column_get(&r, got, 4, cases[i].is_signed);
        assert_true(cbor_at_end(&r));
        assert_memory_equal(got, cases[i].values, sizeof got);
        for (size_t cut = 0; cut < w.len; cut++) {
            r = cbor_reader_of(bytes_of(w.data, cut));
            column_get(&r, got, 4, cases[i].is_signed);
            assert_true(r.bad);
        }
        cbor_writer_cleanup(&w);
    }
    /* a sum over 2^64, a sum over 2^63, no base, nine planes */
    static const struct {
        const char *octets;
        size_t len;
        bool is_signed;
    } bad[] = {
        {"\x82\x1b\xff\xff\xff\xff\xff\xff\xff\xff\x41\x01", 12, false},
        {"\x82\x1b\x7f\xff\xff\xff\xff\xff\xff\xff\x41\x01", 12, true},
        {"\x80", 1, false},
        {"\x8a\x00\x41\x00\x41\x00\x41\x00\x41\x00\x41\x00\x41\x00\x41\x00\x41\x00\x41\x00", 20,
         false},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint64_t got[1];
        struct cbor_reader r = cbor_reader_of(bytes_of(bad[i].octets, bad[i].len));
        column_get(&r, got, 1, bad[i].is_signed);
        assert_true(r.bad);
    }
}

/* ---- what is added comes back ---- */

static uint64_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005U + 1442695040888963407U;
    return *state >> 20;
}

struct drawn {
    struct record r;
    uint8_t texts[NUM_TEXTS][40];
    uint8_t chain[4][32];
    struct bytes ders[4];
    uint8_t der[4][8];
};

static void draw_texts(struct drawn *d, uint64_t *rnd)
{
    for (size_t t = 0; t < NUM_TEXTS; t++) {
        size_t len = next_random(rnd) % 3 == 0 ? 1 + next_random(rnd) % 40 : 0;
        memset(d->texts[t], (int)(next_random(rnd) % 5), 40);
        d->r.text[t] = bytes_of(d->texts[t], len);
    }
}

static void draw_tls(struct drawn *d, uint64_t *rnd)
{
    struct record *r = &d->r;
    r->has_tls = true;
    r->handshake_done = next_random(rnd) % 2 == 0;
    r->hello = (uint8_t)next_random(rnd);
    r->version = (uint16_t)next_random(rnd);
    r->suite = (uint16_t)(next_random(rnd) % 3);
    r->tls_known = (uint16_t)next_random(rnd);
    r->tls_flags = (uint16_t)(next_random(rnd) & r->tls_known);
    r->ticket_lifetime_s = (uint32_t)(next_random(rnd) >> next_random(rnd) % 40);
    r->retry_group = (uint16_t)(next_random(rnd) % 4 * 0x11ec);
    r->compression = (uint8_t)(next_random(rnd) % 3);
    r->flights = (uint8_t)next_random(rnd);
    r->num_server_exts = (uint8_t)(next_random(rnd) % (RECORD_EXTS_MAX + 1));
    for (size_t i = 0; i < r->num_server_exts; i++)
        r->server_exts[i] = (uint16_t)next_random(rnd);
    r->tls_in = (uint32_t)(next_random(rnd) >> next_random(rnd) % 40);
    r->tls_out = (uint32_t)(next_random(rnd) % 1000);
    r->num_alerts = (uint8_t)(next_random(rnd) % (RECORD_ALERTS_MAX + 1));
    for (size_t i = 0; i < r->num_alerts; i++)
        r->alerts[i] = (struct alert){next_random(rnd) % 2 == 0, (uint8_t)next_random(rnd), 40, 5};
    r->num_chain = (uint16_t)(next_random(rnd) % 5);
    r->chain_cut = r->num_chain > 0 && next_random(rnd) % 2 == 0;
    for (size_t i = 0; i < r->num_chain; i++) {
        d->der[i][0] = (uint8_t)next_random(rnd);
        d->ders[i] = bytes_of(d->der[i], 8);
        SHA256(d->der[i], 8, d->chain[i]);
    }
    r->chain = (const uint8_t(*)[32])d->chain;
}

static void draw(struct drawn *d, const struct bench *b, uint64_t slot)
{
    uint64_t rnd = slot * 977 + 5;
    memset(d, 0, sizeof *d);
    struct record *r = &d->r;
    record_init(r);
    r->position = slot;
    r->addr = addr_add(b->segments[0].first, permutation_at(&b->perm, slot));
    r->port = 25;
    r->start_us = next_random(&rnd);
    r->stage = (uint8_t)(1 + next_random(&rnd) % (NUM_STAGES - 1));
    do
        r->cause = (uint8_t)(1 + next_random(&rnd) % (NUM_CAUSES - 1));
    while (!record_has_addr(r));
    r->errnum = (int32_t)(next_random(&rnd) % 130);
    r->smtp_code = (uint16_t)(next_random(&rnd) % 600);
    r->source = (uint8_t)next_random(&rnd);
    r->num_attempts = (uint8_t)(next_random(&rnd) % 8 == 0 ? 1 + next_random(&rnd) % 3 : 0);
    for (size_t i = 0; i < r->num_attempts; i++)
        r->attempts[i] = (struct attempt){r->start_us / (i + 1), STAGE_GREETING, CAUSE_THROTTLED,
                                          (uint16_t)(next_random(&rnd) % 600)};
    for (size_t t = 0; t < NUM_TIMINGS; t++)
        if (next_random(&rnd) % 2 == 0)
            r->timing_us[t] = (uint32_t)(next_random(&rnd) >> next_random(&rnd) % 32) - 1U;
    if (r->timing_us[TIMING_SERVER_HELLO] > r->timing_us[TIMING_HANDSHAKE])
        r->timing_us[TIMING_SERVER_HELLO] = r->timing_us[TIMING_HANDSHAKE] / 2;
    if (r->stage == STAGE_CONNECT)
        return;
    draw_texts(d, &rnd);
    if (r->stage >= STAGE_HANDSHAKE)
        draw_tls(d, &rnd);
}

static void assert_same(const struct record *a, const struct record *b)
{
    assert_true(a->position == b->position && addr_cmp(a->addr, b->addr) == 0);
    assert_true(a->port == b->port && a->start_us == b->start_us && a->source == b->source);
    assert_true(a->stage == b->stage && a->cause == b->cause && a->errnum == b->errnum);
    assert_int_equal(a->smtp_code, b->smtp_code);
    assert_memory_equal(a->timing_us, b->timing_us, sizeof a->timing_us);
    for (size_t t = 0; t < NUM_TEXTS; t++)
        assert_true(bytes_equal(a->text[t], b->text[t]));
    assert_true(a->has_tls == b->has_tls && a->handshake_done == b->handshake_done);
    assert_true(a->hello == b->hello && a->version == b->version && a->suite == b->suite);
    assert_true(a->tls_known == b->tls_known && a->tls_flags == b->tls_flags);
    assert_int_equal(a->ticket_lifetime_s, b->ticket_lifetime_s);
    assert_true(a->retry_group == b->retry_group && a->compression == b->compression);
    assert_true(a->flights == b->flights && a->num_server_exts == b->num_server_exts);
    assert_memory_equal(a->server_exts, b->server_exts, sizeof a->server_exts);
    assert_true(a->tls_in == b->tls_in && a->tls_out == b->tls_out);
    assert_int_equal(a->num_alerts, b->num_alerts);
    for (size_t i = 0; i < a->num_alerts; i++)
        assert_true(a->alerts[i].sent == b->alerts[i].sent &&
                    a->alerts[i].level == b->alerts[i].level &&
                    a->alerts[i].number == b->alerts[i].number &&
                    a->alerts[i].during == b->alerts[i].during);
    assert_int_equal(a->num_attempts, b->num_attempts);
    for (size_t i = 0; i < a->num_attempts; i++)
        assert_true(a->attempts[i].start_us == b->attempts[i].start_us &&
                    a->attempts[i].stage == b->attempts[i].stage &&
                    a->attempts[i].cause == b->attempts[i].cause &&
                    a->attempts[i].smtp_code == b->attempts[i].smtp_code);
    assert_true(a->num_chain == b->num_chain && a->chain_cut == b->chain_cut);
    if (a->num_chain > 0)
        assert_memory_equal(a->chain, b->chain, a->num_chain * 32U);
}

static int add_one(struct block_builder *b, const struct record *r, const struct bytes *ders)
{
    return block_builder_add(b, &r, &ders, 1);
}

static void test_random_records_come_back(void **state)
{
    (void)state;
    enum { NUM = 3000 };
    static const uint8_t previous[32] = {9};
    struct bench bench;
    struct block_builder builder;
    struct block_summary sum;
    struct cbor_writer w;
    char err[DATASET_ERR_MAX];
    static struct drawn d;
    bench_init(&bench, NUM + 7);
    assert_int_equal(block_builder_init(&builder, &bench.header, &bench.space), 0);
    for (uint64_t i = 0; i < NUM; i++) {
        draw(&d, &bench, i * 7 % NUM);   /* out of order: 7 and NUM share no factor */
        assert_int_equal(add_one(&builder, &d.r, d.ders), 0);
    }
    for (uint64_t i = NUM; i < NUM + 7; i++)
        assert_int_equal(block_builder_count(&builder, i, STAGE_CONNECT, CAUSE_REFUSED), 0);
    cbor_writer_init(&w, DATASET_ITEM_MAX);
    assert_int_equal(block_builder_encode(&builder, &w, &sum, previous), 0);
    assert_true(w.len <= builder.bound + 8192);   /* a bound that is promised */
    assert_int_equal(sum.num_records, NUM);
    assert_int_equal(sum.num_positions, NUM + 7);
    struct block *b = block_new(&bench.header);
    assert_int_equal(block_decode(b, bytes_of(w.data, w.len), err), 0);
    assert_int_equal(block_num_records(b), NUM);
    uint64_t last = 0;
    for (size_t i = 0; i < NUM; i++) {
        struct record r;
        block_record(b, &r, i);
        draw(&d, &bench, r.position);
        assert_same(&r, &d.r);
        assert_true(i == 0 || r.position > last || r.stage == STAGE_CONNECT);
        last = r.position;
    }
    size_t num;
    assert_true(block_runs(b, &num)->count == NUM + 7 && num == 1);
    assert_true(block_unrecorded(b, &num)->count == 7 && num == 1);
    block_free(b);
    cbor_writer_cleanup(&w);
    block_builder_cleanup(&builder);
}

/* every octet of a block changed to every value, with no checksum that helps: an error, or records
 * that can be read */
static void test_decode_never_trusts(void **state)
{
    (void)state;
    char err[DATASET_ERR_MAX];
    struct dataset_reader *reader;
    struct dataset_item item;
    assert_int_equal(dataset_open(&reader, err, TEST_DATA "/golden-1.mxs.zst"), 0);
    assert_int_equal(dataset_next(reader, &item, err), 1);
    struct block *b = block_new(dataset_reader_header(reader));
    uint8_t *data = malloc(item.payload.len);
    memcpy(data, item.payload.data, item.payload.len);
    for (size_t i = 0; i < item.payload.len; i++) {
        for (unsigned change = 1; change < 256; change += 2) {
            data[i] ^= (uint8_t)change;
            if (block_decode(b, bytes_of(data, item.payload.len), err) == 0)
                for (size_t n = 0; n < block_num_records(b); n++) {
                    struct record r;
                    block_record(b, &r, n);
                    assert_true(r.stage != 0 && r.cause != 0 && r.num_chain <= RECORD_CHAIN_MAX);
                }
            data[i] ^= (uint8_t)change;
        }
    }
    free(data);
    block_free(b);
    dataset_close(reader);
}

/* our own bugs are not written: a reader would refuse them */
static void test_what_no_reader_takes(void **state)
{
    (void)state;
    struct bench bench;
    struct block_builder builder;
    static struct drawn d;
    bench_init(&bench, 100);
    assert_int_equal(block_builder_init(&builder, &bench.header, &bench.space), 0);
#define REFUSED(...)                                                                      \
    do {                                                                                  \
        draw(&d, &bench, 0);                                                              \
        d.r.has_tls = true;                                                               \
        __VA_ARGS__;                                                                      \
        assert_int_equal(add_one(&builder, &d.r, d.ders), -EINVAL);                       \
    } while (0)
    REFUSED(d.r.num_server_exts = RECORD_EXTS_MAX + 1);
    REFUSED(d.r.tls_known = 1, d.r.tls_flags = 2);
    REFUSED(d.r.timing_us[TIMING_HANDSHAKE] = 5, d.r.timing_us[TIMING_SERVER_HELLO] = 6);
    REFUSED(d.r.num_alerts = RECORD_ALERTS_MAX + 1);
#undef REFUSED
    draw(&d, &bench, 0);
    assert_int_equal(add_one(&builder, &d.r, d.ders), 0);
    block_builder_cleanup(&builder);
}

/* a certificate is written once, and again after its place in the table went to another */
static void test_certificates_are_written_once(void **state)
{
    (void)state;
    struct bench bench;
    struct block_builder builder;
    static struct drawn d;
    bench_init(&bench, 100);
    assert_int_equal(block_builder_init(&builder, &bench.header, &bench.space), 0);
    for (uint64_t slot = 0; slot < 5; slot++) {
        draw(&d, &bench, slot);
        d.r.stage = STAGE_DONE;
        d.r.num_chain = 1;
        d.ders[0] = bytes_text("certificate");
        SHA256(d.ders[0].data, d.ders[0].len, d.chain[0]);
        d.r.chain = (const uint8_t(*)[32])d.chain;
        assert_int_equal(add_one(&builder, &d.r, d.ders), 0);
        assert_int_equal(builder.num_certs_written, slot < 4 ? 1 : 2);
        if (slot == 1)
            block_builder_reset(&builder);   /* a new block of the same file */
        if (slot == 3)                       /* evicted */
            memset(builder.certs.written[d.chain[0][0] << 8 | d.chain[0][1]], 1, 32);
    }
    assert_int_equal(builder.certs.num, 1);
    block_builder_cleanup(&builder);
}

static void test_intern(void **state)
{
    (void)state;
    static const uint64_t key[2] = {1, 2};
    struct intern t;
    uint32_t id;
    intern_init(&t, key);
    for (int round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < 5000; i++) {
            char text[16];
            int len = snprintf(text, sizeof text, "%u", i % 2500);
            assert_int_equal(intern_add(&t, &id, bytes_of(text, (size_t)len)), 0);
            assert_int_equal(id, i % 2500);
        }
        assert_int_equal(t.num, 2500);
        assert_true(bytes_equal(intern_get(&t, 1234), bytes_text("1234")));
        intern_reset(&t);
        assert_int_equal(t.num, 0);
    }
    intern_cleanup(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks_by_hand),
        cmocka_unit_test(test_columns),
        cmocka_unit_test(test_random_records_come_back),
        cmocka_unit_test(test_decode_never_trusts),
        cmocka_unit_test(test_what_no_reader_takes),
        cmocka_unit_test(test_certificates_are_written_once),
        cmocka_unit_test(test_intern),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
