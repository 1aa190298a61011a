/* blocks of host names and of streams, by hand: several records under one position, addresses that
 * follow from no position, skipped positions, lines consumed. */
#include "tests/core/block_bench.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define LEN(a) (sizeof(a) / sizeof *(a))

#define HEAD "00 01 01 # 02 19 03e8 "                /* kind, previous, base 1000 */
/* shapes: 0 done/ok, 1 connect/no-address, 2 connect/dns-failure, 3 connect/timeout */
#define SHAPES "08 84 a2 00 07 01 01 a2 00 01 01 13 a2 00 01 01 15 a2 00 01 01 02 "
#define TIMES(n) "0a 81 00 0b a0 "                    /* all starts at base, no timings */

/* a row: gap, shape, address */
#define ROW(gap, shape, addr) "a3 00 " gap " 01 " shape " 04 44 " addr " "
#define ROW6(gap, shape, addr) "a3 00 " gap " 01 " shape " 04 50 " addr " "
#define BARE(gap, shape) "a2 00 " gap " 01 " shape " "
#define A1 "c0000201"
#define A2 "c0000202"
#define SIX "20010db8000000000000000000000001"
#define MAPPED "00000000000000000000ffffc0000201"

static const struct bench_case names[] = {
    {"two addresses of one name", true, HEAD "03 82 00 01 04 02" SHAPES
     "09 82" ROW("00", "00", A1) ROW("00", "03", A2) TIMES(2)},
    {"IPv4 before IPv6", true, HEAD "03 82 00 01 04 02" SHAPES
     "09 82" ROW("00", "00", A1) ROW6("00", "00", SIX) TIMES(2)},
    {"two names", true, HEAD "03 82 00 02 04 03" SHAPES
     "09 83" ROW("00", "00", A1) ROW("00", "03", A2) ROW("01", "00", A1) TIMES(3)},
    {"no address", true, HEAD "03 82 00 01 04 01" SHAPES "09 81" BARE("00", "01") TIMES(1)},
    {"a failure beside an address", true, HEAD "03 82 00 01 04 02" SHAPES
     "09 82" BARE("00", "02") ROW("00", "00", A1) TIMES(2)},
    {"a name that is only counted", true, HEAD "03 82 00 01 04 00 0d 81 83 01 02 01"},
    {"an unknown key in a row", true, HEAD "03 82 00 01 04 01" SHAPES
     "09 81 a4 00 00 01 00 04 44" A1 "18 63 80" TIMES(1)},
    {"the same address twice", false, HEAD "03 82 00 01 04 02" SHAPES
     "09 82" ROW("00", "00", A1) ROW("00", "03", A1) TIMES(2)},
    {"addresses out of order", false, HEAD "03 82 00 01 04 02" SHAPES
     "09 82" ROW("00", "00", A2) ROW("00", "03", A1) TIMES(2)},
    {"an address before none", false, HEAD "03 82 00 01 04 02" SHAPES
     "09 82" ROW("00", "00", A1) BARE("00", "02") TIMES(2)},
    {"none twice", false, HEAD "03 82 00 01 04 02" SHAPES
     "09 82" BARE("00", "01") BARE("00", "02") TIMES(2)},
    {"an address that did not resolve", false, HEAD "03 82 00 01 04 01" SHAPES
     "09 81" ROW("00", "01", A1) TIMES(1)},
    {"a session without an address", false, HEAD "03 82 00 01 04 01" SHAPES
     "09 81" BARE("00", "00") TIMES(1)},
    {"IPv4 in sixteen octets", false, HEAD "03 82 00 01 04 01" SHAPES
     "09 81" ROW6("00", "00", MAPPED) TIMES(1)},
    {"positions that are not all done", false, HEAD "03 82 00 02 04 02" SHAPES
     "09 82" ROW("00", "00", A1) ROW("00", "03", A2) TIMES(2)},
    {"in columns", false, HEAD "03 82 00 01 04 01" SHAPES
     "0c a4 00 01 01 81 00 02 81 03 03 81 00"},
    {"a host that is not streamed", false, HEAD "03 82 00 01 04 01 06 81 41 61" SHAPES
     "09 81 a4 00 00 01 00 04 44" A1 "07 00" TIMES(1)},
    {"a tag that is not streamed", false, HEAD "03 82 00 01 04 01 06 81 41 61" SHAPES
     "09 81 a4 00 00 01 00 04 44" A1 "08 00" TIMES(1)},
    {"skipped and not streamed", false, HEAD "03 82 00 01 04 00 0f 01"},
    {"consumed and not streamed", false, HEAD "03 82 00 01 04 00 0d 81 83 01 02 01 0e 82 01 #"},
    /* earlier attempts: at 1000 - 16 us, base is 1000 */
    {"an attempt", true, HEAD "03 82 00 01 04 01" SHAPES
     "09 81 a4 00 00 01 00 04 44" A1 "06 81 84 10 02 0c 19 01a5" TIMES(1)},
    {"three attempts", true, HEAD "03 82 00 01 04 01" SHAPES
     "09 81 a4 00 00 01 00 04 44" A1 "06 83 84 10 02 0c 00 84 10 02 0c 00 84 00 02 0c 00" TIMES(1)},
    {"attempts of one without an address", true, HEAD "03 82 00 01 04 01" SHAPES
     "09 81 a3 00 00 01 02 06 81 84 10 01 15 00" TIMES(1)},
    {"no attempts", false, HEAD "03 82 00 01 04 01" SHAPES
     "09 81 a4 00 00 01 00 04 44" A1 "06 80" TIMES(1)},
    {"four attempts", false, HEAD "03 82 00 01 04 01" SHAPES "09 81 a4 00 00 01 00 04 44" A1
     "06 84 84 10 02 0c 00 84 10 02 0c 00 84 10 02 0c 00 84 10 02 0c 00" TIMES(1)},
    {"an attempt before the start", false, HEAD "03 82 00 01 04 01" SHAPES
     "09 81 a4 00 00 01 00 04 44" A1 "06 81 84 19 03e9 02 0c 00" TIMES(1)},
    {"an attempt of no stage", false, HEAD "03 82 00 01 04 01" SHAPES
     "09 81 a4 00 00 01 00 04 44" A1 "06 81 84 00 00 0c 00" TIMES(1)},
    {"an attempt of no cause", false, HEAD "03 82 00 01 04 01" SHAPES
     "09 81 a4 00 00 01 00 04 44" A1 "06 81 84 00 02 00 00" TIMES(1)},
    {"an attempt of three", false, HEAD "03 82 00 01 04 01" SHAPES
     "09 81 a4 00 00 01 00 04 44" A1 "06 81 83 00 02 0c" TIMES(1)},
};

static void test_names_by_hand(void **state)
{
    (void)state;
    struct bench bench;
    bench_init_names(&bench);
    struct block *b = block_new(&bench.header);
    for (size_t i = 0; i < LEN(names); i++)
        bench_check(b, &bench, &names[i]);
    block_free(b);
}

/* the position of an address has one record, and its outcome an address */
static const struct bench_case addresses[] = {
    {"two records of an address", false, HEAD "03 82 00 01 04 02" SHAPES
     "09 82 a3 00 00 01 00 04 @0 a3 00 00 01 03 04 @0" TIMES(2)},
    {"an address and another", false, HEAD "03 82 00 01 04 02" SHAPES
     "09 82 a3 00 00 01 00 04 @0 a3 00 00 01 03 04 @1" TIMES(2)},
    {"no address", false, HEAD "03 82 00 01 04 01" SHAPES "09 81" BARE("00", "01") TIMES(1)},
    {"addresses in columns", false, HEAD "03 82 00 01 04 01" SHAPES
     "0c a5 00 01 01 81 00 02 81 03 03 81 00 06 44" A1},
};

static void test_addresses_by_hand(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench, 10);
    struct block *b = block_new(&bench.header);
    for (size_t i = 0; i < LEN(addresses); i++)
        bench_check(b, &bench, &addresses[i]);
    block_free(b);
}

/* a source that the header does not name */
static void test_sources_are_of_the_header(void **state)
{
    static const struct {
        size_t num;
        const char *source;
        bool good;
    } cases[] = {{0, "00", true}, {0, "01", false}, {1, "00", true}, {1, "01", false},
                 {2, "01", true}, {2, "02", false}};
    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        char hex[256];
        struct bench bench;
        bench_init(&bench, 10);
        bench.header.num_sources = cases[i].num;
        snprintf(hex, sizeof hex,
                 HEAD "03 82 00 01 04 01 08 81 a3 00 07 01 01 04 %s 09 81 a3 00 00 01 00 04 @0"
                 TIMES(1), cases[i].source);
        const struct bench_case c = {"a source", cases[i].good, hex};
        struct block *b = block_new(&bench.header);
        bench_check(b, &bench, &c);
        block_free(b);
    }
}

/* ---- streams: slots are positions; even ones have port 25, odd ones 587 ---- */

#define P25 "05 18 19 "
#define P587 "05 19 024b "
#define SROW(gap, shape, addr, port) "a4 00 " gap " 01 " shape " 04 44 " addr " " port
#define HOSTED(gap, shape, addr, port, host) "a5 00 " gap " 01 " shape " 04 44 " addr " " port \
    "07 " host " "
#define NAMES "06 83 41 61 41 62 41 63 "              /* "a", "b", "c" */
#define CONNECTS "0c a5 00 02 01 82 00 42 0001 02 81 03 03 81 00 06 48 c0000201 08080808 "

static const struct bench_case streams[] = {
    {"in columns", true, HEAD "03 82 00 02 04 02" SHAPES CONNECTS},
    {"in rows", true, HEAD "03 82 00 02 04 02" SHAPES
     "09 82" SROW("00", "00", A1, P25) SROW("01", "00", A1, P587) TIMES(2)},
    {"a host and a tag", true, HEAD "03 82 00 01 04 01" NAMES SHAPES
     "09 81 a6 00 00 01 00 04 44" A1 P25 "07 00 08 01" TIMES(1)},
    {"a tag alone", true, HEAD "03 82 00 01 04 01" NAMES SHAPES
     "09 81 a5 00 00 01 00 04 44" A1 P25 "08 01" TIMES(1)},
    {"two addresses of a name", true, HEAD "03 82 00 01 04 02" NAMES SHAPES
     "09 82" HOSTED("00", "00", A1, P25, "00") HOSTED("00", "00", A2, P25, "00") TIMES(2)},
    {"a name that did not resolve", true, HEAD "03 82 00 01 04 01" NAMES SHAPES
     "09 81 a4 00 00 01 02" P25 "07 00" TIMES(1)},
    {"all skipped", true, HEAD "03 82 00 05 04 00 0f 05"},
    {"far behind, skipped", true,
     HEAD "03 82 1b 0000fffffffffffe 02 04 00 0f 02"},
    {"consumed", true, HEAD "03 82 00 05 04 00 0e 82 03 # 0f 05"},
    {"counted and skipped", true, HEAD "03 82 00 05 04 00 0d 81 83 01 02 03 0f 02"},
    {"behind the bound", false, HEAD "03 82 1b 0000ffffffffffff 02 04 00 0f 02"},
    {"skipped too few", false, HEAD "03 82 00 05 04 00 0f 04"},
    {"skipped too many", false, HEAD "03 82 00 05 04 00 0f 06"},
    {"skipped none", false, HEAD "03 82 00 01 04 00 0d 81 83 01 02 01 0f 00"},
    {"skipped over 2^48", false,
     HEAD "03 82 00 1b 0001000000000000 04 00 0f 1b 0001000000000001"},
    {"consumed nothing", false, HEAD "03 82 00 05 04 00 0e 82 00 # 0f 05"},
    {"consumed without a hash", false, HEAD "03 82 00 05 04 00 0e 81 03 0f 05"},
    {"consumed, a short hash", false, HEAD "03 82 00 05 04 00 0e 82 03 41 00 0f 05"},
    {"columns without addresses", false, HEAD "03 82 00 02 04 02" SHAPES
     "0c a4 00 02 01 82 00 42 0001 02 81 03 03 81 00"},
    {"an address too few", false, HEAD "03 82 00 02 04 02" SHAPES
     "0c a5 00 02 01 82 00 42 0001 02 81 03 03 81 00 06 44 c0000201"},
    {"an address too many", false, HEAD "03 82 00 02 04 02" SHAPES
     "0c a5 00 02 01 82 00 42 0001 02 81 03 03 81 00 06 4c c0000201 c0000201 c0000201"},
    {"addresses before their number", false, HEAD "03 82 00 02 04 02" SHAPES "0c a1 06 48" A1 A1},
    {"in columns, and did not resolve", false, HEAD "03 82 00 02 04 02" SHAPES
     "0c a5 00 02 01 82 00 42 0001 02 81 01 03 81 00 06 48 c0000201 08080808"},
    {"no address and no name", false, HEAD "03 82 00 01 04 01" SHAPES
     "09 81 a3 00 00 01 02" P25 TIMES(1)},
    {"no address and no reason", false, HEAD "03 82 00 01 04 01" NAMES SHAPES
     "09 81 a4 00 00 01 00" P25 "07 00" TIMES(1)},
    {"the other port", false, HEAD "03 82 00 01 04 01" SHAPES
     "09 81" SROW("00", "00", A1, P587) TIMES(1)},
    {"no port", false, HEAD "03 82 01 01 04 01" SHAPES "09 81" ROW("00", "00", A1) TIMES(1)},
    {"two addresses without a name", false, HEAD "03 82 00 01 04 02" SHAPES
     "09 82" SROW("00", "00", A1, P25) SROW("00", "00", A2, P25) TIMES(2)},
    {"two names at one position", false, HEAD "03 82 00 01 04 02" NAMES SHAPES
     "09 82" HOSTED("00", "00", A1, P25, "00") HOSTED("00", "00", A2, P25, "01") TIMES(2)},
    {"an unknown host", false, HEAD "03 82 00 01 04 01" NAMES SHAPES
     "09 81" HOSTED("00", "00", A1, P25, "03") TIMES(1)},
    {"a row and a column", false, HEAD "03 82 00 02 04 03" SHAPES
     "09 81" SROW("01", "00", A1, P587) TIMES(1) CONNECTS},
};

static void test_streams_by_hand(void **state)
{
    (void)state;
    struct bench bench;
    bench_init_stream(&bench);
    struct block *b = block_new(&bench.header);
    for (size_t i = 0; i < LEN(streams); i++)
        bench_check(b, &bench, &streams[i]);
    block_free(b);
}

/* what a good block says */
static void test_streams_say(void **state)
{
    static const uint8_t zeros[32] = {0};
    static const struct bench_case c = {"a stream", true, HEAD "03 82 05 06 04 04" NAMES SHAPES
        "09 82" HOSTED("01", "00", A1, P25, "00")
        "a6 00 00 01 00 04 44" A2 P25 "06 81 84 10 02 0c 19 01a5 07 00" TIMES(2)
        "0c a5 00 02 01 82 00 42 0201 02 81 03 03 81 00 06 48 c0000201 08080808"
        "0d 81 83 01 03 01 0e 82 18 20 # 0f 02"};
    struct bench bench;
    struct record r;
    uint64_t lines;
    uint8_t sha256[32] = {1};
    (void)state;
    bench_init_stream(&bench);
    struct block *b = block_new(&bench.header);
    bench_check(b, &bench, &c);
    assert_int_equal(block_num_records(b), 4);
    assert_int_equal(block_num_skipped(b), 2);
    assert_true(block_consumed(b, &lines, sha256));
    assert_int_equal(lines, 32);
    assert_memory_equal(sha256, zeros, 32);
    block_record(b, &r, 0);
    assert_true(r.position == 6 && r.port == 25 && addr_cmp(r.addr, addr_v4(0xc0000201)) == 0);
    assert_true(bytes_equal(r.host, bytes_text("a")) && r.tag.len == 0 && r.num_attempts == 0);
    block_record(b, &r, 1);
    assert_true(r.position == 6 && r.num_attempts == 1 && r.attempts[0].start_us == 1000 - 16);
    assert_true(r.attempts[0].stage == STAGE_GREETING && r.attempts[0].cause == CAUSE_THROTTLED &&
                r.attempts[0].smtp_code == 421);
    block_record(b, &r, 3);
    assert_true(r.position == 8 && r.port == 25 && addr_cmp(r.addr, addr_v4(0x08080808)) == 0);
    assert_true(r.host.len == 0 && r.stage == STAGE_CONNECT && r.cause == CAUSE_TIMEOUT);
    block_free(b);
}

/* at most RECORD_NAME_ADDRS_MAX records of one name */
static void test_names_are_bounded(void **state)
{
    (void)state;
    for (unsigned num = 31; num <= 33; num++) {
        char hex[4096];
        int n = snprintf(hex, sizeof hex, HEAD "03 82 00 01 04 18 %02x" SHAPES "09 98 %02x", num,
                         num);
        for (unsigned i = 0; i < num; i++)
            n += snprintf(hex + n, sizeof hex - (size_t)n, ROW("00", "00", "c00002%02x"), i);
        snprintf(hex + n, sizeof hex - (size_t)n, TIMES(num));
        const struct bench_case c = {"many", num <= RECORD_NAME_ADDRS_MAX, hex};
        struct bench bench;
        bench_init_names(&bench);
        struct block *b = block_new(&bench.header);
        bench_check(b, &bench, &c);
        block_free(b);
    }
}

/* ---- what is added comes back ---- */

static uint64_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005U + 1442695040888963407U;
    return *state >> 33;
}

enum { LINES = 3000, DRAWN_MAX = 6 };
enum drawn_kind { DRAWN_SKIP, DRAWN_COUNT, DRAWN_PLAIN, DRAWN_NAME, NUM_DRAWN };

struct drawn {
    enum drawn_kind kind;
    struct record r[DRAWN_MAX];
    size_t num;
    char host[16], tag[16];
};

static void draw_record(struct drawn *d, struct record *r, uint64_t position, uint64_t *rnd)
{
    record_init(r);
    r->position = position;
    r->port = position % 2 == 0 ? 25 : 587;
    r->start_us = 1000000 + next_random(rnd) % 1000000;
    r->stage = (uint8_t)(next_random(rnd) % 3 == 0 ? STAGE_GREETING : STAGE_CONNECT);
    r->cause = CAUSE_TIMEOUT;
    r->source = (uint8_t)next_random(rnd);
    r->timing_us[TIMING_TOTAL] = (uint32_t)next_random(rnd);
    r->host = bytes_text(d->host);
    r->tag = bytes_text(d->tag);
    if (r->stage == STAGE_GREETING)
        r->text[TEXT_GREETING] = bytes_text(d->host[0] != '\0' ? d->host : "220");
    r->num_attempts = (uint8_t)(next_random(rnd) % 8 == 0 ? 1 + next_random(rnd) % 3 : 0);
    for (size_t i = 0; i < r->num_attempts; i++)
        r->attempts[i] = (struct attempt){r->start_us - next_random(rnd) % 1000000, STAGE_CONNECT,
                                          CAUSE_TIMEOUT, (uint16_t)(next_random(rnd) % 600)};
}

/* what is at a position: the same each time */
static void draw(struct drawn *d, uint64_t position)
{
    uint64_t rnd = position * 977 + 3;
    *d = (struct drawn){.kind = (enum drawn_kind)(next_random(&rnd) % NUM_DRAWN)};
    if (d->kind == DRAWN_NAME)
        snprintf(d->host, sizeof d->host, "h%u.example", (unsigned)(next_random(&rnd) % 500));
    if (next_random(&rnd) % 3 == 0)
        snprintf(d->tag, sizeof d->tag, "tag %u", (unsigned)(next_random(&rnd) % 5));
    d->num = d->kind == DRAWN_NAME ? 1 + next_random(&rnd) % DRAWN_MAX : 1;
    for (size_t i = 0; i < d->num; i++) {
        draw_record(d, &d->r[i], position, &rnd);
        if (i == 0 && d->kind == DRAWN_NAME && next_random(&rnd) % 2 == 0) {
            d->r[i].stage = STAGE_CONNECT; /* the one without an address is first */
            d->r[i].text[TEXT_GREETING].len = 0;
            d->r[i].cause = CAUSE_DNS_FAILURE;
        } else if (i < 4) { /* in the order of addresses */
            d->r[i].addr = addr_v4((uint32_t)(i << 28 | (next_random(&rnd) & 0xfffffff)));
        } else {
            d->r[i].addr = (struct addr){UINT64_C(0x2001000000000000) + i, next_random(&rnd)};
        }
    }
}

static int add_drawn(struct block_builder *b, const struct drawn *d, uint64_t position)
{
    const struct record *records[DRAWN_MAX];
    const struct bytes *ders[DRAWN_MAX] = {NULL};
    for (size_t i = 0; i < d->num; i++) /* in any order */
        records[i] = &d->r[d->num - 1 - i];
    switch (d->kind) {
    case DRAWN_SKIP:  return block_builder_skip(b, position);
    case DRAWN_COUNT: return block_builder_count(b, position, STAGE_CONNECT, CAUSE_REFUSED);
    case DRAWN_PLAIN:
    case DRAWN_NAME:  return block_builder_add(b, records, ders, d->num);
    case NUM_DRAWN:   break;
    }
    return -EINVAL;
}

static void assert_same(const struct record *a, const struct record *b)
{
    assert_true(a->position == b->position && a->port == b->port && a->start_us == b->start_us);
    assert_true(a->stage == b->stage && a->cause == b->cause && a->source == b->source);
    assert_true(addr_cmp(a->addr, b->addr) == 0 && bytes_equal(a->host, b->host));
    assert_true(bytes_equal(a->tag, b->tag));
    assert_true(bytes_equal(a->text[TEXT_GREETING], b->text[TEXT_GREETING]));
    assert_memory_equal(a->timing_us, b->timing_us, sizeof a->timing_us);
    assert_int_equal(a->num_attempts, b->num_attempts);
    for (size_t i = 0; i < a->num_attempts; i++)
        assert_true(a->attempts[i].start_us == b->attempts[i].start_us &&
                    a->attempts[i].smtp_code == b->attempts[i].smtp_code);
}

/* every record of the block is what was drawn for its position; returns the positions seen */
static uint64_t check_drawn(const struct block *b)
{
    static struct drawn d;
    uint64_t num = 0;
    struct record r;
    for (size_t i = 0; i < block_num_records(b); num++) {
        block_record(b, &r, i);
        uint64_t position = r.position;
        draw(&d, position);
        assert_true(d.kind == DRAWN_PLAIN || d.kind == DRAWN_NAME);
        for (size_t k = 0; k < d.num; k++) {
            block_record(b, &r, i++);
            assert_same(&r, &d.r[k]);
        }
    }
    return num;
}

static void test_drawn_lines_come_back(void **state)
{
    static const uint8_t previous[32] = {9};
    static struct drawn d;
    struct bench bench;
    struct block_builder builder;
    struct block_summary sum;
    struct cbor_writer w;
    char err[DATASET_ERR_MAX] = "";
    uint64_t skipped = 0, counted = 0;
    (void)state;
    bench_init_stream(&bench);
    assert_int_equal(block_builder_init(&builder, &bench.header, &bench.space), 0);
    for (uint64_t i = 0; i < 2 * LINES; i++) {
        uint64_t position = i * 7 % (2 * LINES); /* out of order: they share no factor */
        draw(&d, position);
        assert_int_equal(add_drawn(&builder, &d, position), 0);
        skipped += d.kind == DRAWN_SKIP;
        counted += d.kind == DRAWN_COUNT;
    }
    cbor_writer_init(&w, DATASET_ITEM_MAX);
    assert_int_equal(block_builder_encode(&builder, &w, &sum, previous), 0);
    assert_true(w.len <= builder.bound + 8192); /* a bound that is promised */
    assert_true(sum.num_positions == 2 * LINES && sum.first_position == 0);
    struct block *b = block_new(&bench.header);
    if (block_decode(b, bytes_of(w.data, w.len), err) != 0)
        fail_msg("%s", err);
    assert_int_equal(block_num_records(b), sum.num_records);
    assert_int_equal(block_num_skipped(b), skipped);
    assert_int_equal(check_drawn(b) + counted + skipped, 2 * LINES);
    block_free(b);
    cbor_writer_cleanup(&w);
    block_builder_cleanup(&builder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_by_hand),
        cmocka_unit_test(test_addresses_by_hand),
        cmocka_unit_test(test_sources_are_of_the_header),
        cmocka_unit_test(test_streams_by_hand),
        cmocka_unit_test(test_streams_say),
        cmocka_unit_test(test_names_are_bounded),
        cmocka_unit_test(test_drawn_lines_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
