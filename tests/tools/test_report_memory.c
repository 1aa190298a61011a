/* report_read, aggregate, groups: with as little memory as there may be, the JSON is the same to
 * the octet, and what is held keeps below the ceiling */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/core/golden.h"
#include "tests/tools/synth.h"
#include "tools/report_read.h"

enum { CLASSES = 400, SUBS = 3, ROWS_MAX = 4096 };

#define EHLO "250-mx.example.com\r\n250-SIZE 1000\r\n250 STARTTLS\r\n"

struct world {
    char path[2][128], greetings[CLASSES][64], tags[CLASSES][16], names[CLASSES][16];
    struct synth_cert leaves[CLASSES], subs[SUBS];
    struct synth_class classes[CLASSES];
};

/* leaves that differ, some of one key, in networks and domains of their own; a few without octets
 * that can be read */
static void make_class(struct world *w, size_t i)
{
    struct synth_cert *leaf = &w->leaves[i];
    struct synth_class *c = &w->classes[i];
    snprintf(w->names[i], sizeof w->names[i], "CA %zu", i % 7);
    snprintf(w->tags[i], sizeof w->tags[i], "tag %zu", i % 40);
    snprintf(w->greetings[i], sizeof w->greetings[i], "220 mx.example.h%zu ESMTP\r\n", i % 211);
    *leaf = (struct synth_cert){.issuer_cn = w->names[i],
                                .subject_cn = i % 9 == 0 ? w->names[i] : "mx.example.com",
                                .not_before = SYNTH_START_S - 86400,
                                .not_after = SYNTH_START_S + (int64_t)(i % 60) * 86400 * 20,
                                .key = i % 3 == 0 ? SYNTH_P256 : SYNTH_RSA_2048,
                                .key_number = (uint32_t)(i % 170),
                                .garbage = i % 50 == 49};
    leaf->not_before -= (int64_t)i; /* so that none is that of another class */
    *c = (struct synth_class){.count = 1 + i % 4,
                              .stage = i % 20 == 19 ? STAGE_HANDSHAKE : STAGE_DONE,
                              .cause = i % 20 == 19 ? CAUSE_RESET : CAUSE_OK,
                              .greeting = w->greetings[i],
                              .ehlo = EHLO,
                              .starttls = "220 go\r\n",
                              .ehlo_tls = i % 20 == 19 ? NULL : EHLO,
                              .handshake_done = i % 20 != 19,
                              .version = 0x0304,
                              .suite = 0x1301,
                              .group = i % 5 == 0 ? 0x11ec : 29,
                              .chain = {leaf, i % 9 == 0 ? NULL : &w->subs[i % SUBS]},
                              .tag = w->tags[i],
                              .network = 0x0a000000 + 256 * (uint32_t)(i % 333)};
    if (i % 10 == 3)
        *c = (struct synth_class){.count = 2, .stage = STAGE_CONNECT, .cause = CAUSE_REFUSED};
}

static void write_world(struct world *w)
{
    for (size_t i = 0; i < 2; i++) {
        char name[32];
        snprintf(name, sizeof name, "memory-%zu.mxs.zst", i);
        golden_path(w->path[i], name);
        unlink(w->path[i]);
        synth_write(w->path[i], &(struct synth){.classes = w->classes + i * 150,
                                                .num_classes = CLASSES - 150,
                                                .block_len = 23,
                                                .seed = 3 + (uint32_t)i,
                                                .streamed = true,
                                                .reason = DATASET_COMPLETE});
    }
}

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    for (size_t i = 0; i < SUBS; i++)
        w->subs[i] = (struct synth_cert){.issuer_cn = "root",
                                         .subject_cn = "sub",
                                         .not_after = SYNTH_START_S + 1000,
                                         .key_number = 1000 + (uint32_t)i};
    for (size_t i = 0; i < CLASSES; i++)
        make_class(w, i);
    write_world(w);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    for (size_t i = 0; i < 2; i++)
        unlink(w->path[i]);
    free(w);
    return 0;
}

/* ---- reports ---- */

struct bound {
    uint64_t limit;
    unsigned num_threads;
    size_t top, ranges_min, ranges_max;
    bool spills;
    bool is_over; /* a leaf alone is larger than the limit */
};

static const char *folder(void)
{
    const char *tmp = getenv("TMPDIR");
    return tmp != NULL ? tmp : "/tmp";
}

static struct report_read reading(struct world *w, char *paths[2], const struct bound *b)
{
    paths[0] = w->path[0];
    paths[1] = w->path[1];
    return (struct report_read){.paths = paths,
                                .num_files = 2,
                                .num_threads = b->num_threads,
                                .no_cache = true,
                                .top = b->top,
                                .memory_limit = b->limit,
                                .temp_folder = folder(),
                                .setup.select.dimensions =
                                    1U << DIMENSION_PREFIX | 1U << DIMENSION_TAG |
                                    1U << DIMENSION_ISSUER | 1U << DIMENSION_KEY};
}

static char *json_of(struct report_read *r, size_t top)
{
    struct report report = {.files = r->files, .num_files = r->num_files};
    report.breakdowns = calloc(NUM_DIMENSIONS, sizeof report.breakdowns[0]);
    assert_non_null(report.breakdowns);
    assert_int_equal(statistics_make(&report.statistics, r->aggregate, top), 0);
    for (unsigned i = 0; i < NUM_DIMENSIONS; i++)
        if (r->setup.select.dimensions >> i & 1)
            assert_int_equal(breakdown_make(&report.breakdowns[report.num_breakdowns++],
                                            r->aggregate, i, top, 0, NULL),
                             0);
    struct json j;
    json_init(&j);
    report_json(&j, &report);
    assert_false(j.bad);
    char *text = strndup((const char *)j.text, j.len);
    assert_non_null(text);
    json_cleanup(&j);
    for (size_t i = 0; i < report.num_breakdowns; i++)
        breakdown_cleanup(&report.breakdowns[i]);
    free(report.breakdowns);
    statistics_cleanup(&report.statistics);
    return text;
}

static char *report_of(struct world *w, const struct bound *b)
{
    char *paths[2], err[COMMAND_ERR_MAX] = "";
    struct report_read r = reading(w, paths, b);
    assert_int_equal(report_read(&r, err), EXIT_GOOD);
    assert_string_equal(err, "");
    if (r.num_ranges < b->ranges_min || r.num_ranges > b->ranges_max)
        fail_msg("%llu octets: %zu ranges", (unsigned long long)b->limit, r.num_ranges);
    assert_int_equal(r.spilled > 0, b->spills);
    if (b->limit > 0 && !b->is_over)
        assert_true(r.most_octets <= b->limit / 16 * 13);
    char *text = json_of(&r, b->top);
    report_read_cleanup(&r);
    return text;
}

static void the_same_however_little(void **state)
{
    static const struct bound bounds[] = {
        {.limit = 100000000, .ranges_min = 1, .ranges_max = 1},
        {.limit = 120000, .ranges_min = 2, .ranges_max = 4, .spills = true},
        {.limit = 50000, .ranges_min = 4, .ranges_max = 16, .spills = true},
        {.limit = 20000, .ranges_min = 8, .ranges_max = 64, .spills = true},
    };
    struct world *w = *state;
    for (size_t top = 0; top <= 4; top += 4) {
        char *want = report_of(
            w, &(struct bound){.top = top, .num_threads = 1, .ranges_min = 1, .ranges_max = 1});
        for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++)
            for (unsigned threads = 1; threads <= 4; threads += 3) {
                struct bound b = bounds[i];
                b.top = top;
                b.num_threads = threads;
                char *got = report_of(w, &b);
                assert_string_equal(got, want);
                free(got);
            }
        free(want);
    }
}

/* one leaf with more chains than there is room for is a range alone, and those behind it are none the
 * narrower */
static void a_leaf_of_many_chains(void **state)
{
    struct world *w = *state;
    struct bound b = {.num_threads = 2, .top = 4, .ranges_min = 1, .ranges_max = 1};
    struct synth_cert *leaf = &w->leaves[0];
    struct synth_cert subs[CLASSES];
    for (size_t i = 0; i < CLASSES; i++) {
        subs[i] = w->subs[0];
        subs[i].key_number = 2000 + (uint32_t)i;
        w->classes[i].chain[0] = w->classes[i].handshake_done && i % 8 != 0 ? leaf : NULL;
        w->classes[i].chain[1] = w->classes[i].chain[0] != NULL ? &subs[i] : NULL;
        if (w->classes[i].handshake_done && i % 8 == 0)
            w->classes[i].chain[0] = &w->leaves[i];
    }
    write_world(w);
    char *want = report_of(w, &b);
    b = (struct bound){.limit = 20000,
                       .num_threads = 2,
                       .top = 4,
                       .ranges_min = 4,
                       .ranges_max = 200,
                       .spills = true,
                       .is_over = true};
    char *got = report_of(w, &b);
    assert_string_equal(got, want);
    free(got);
    free(want);
}

static void no_folder_no_report(void **state)
{
    struct world *w = *state;
    char *paths[2], err[COMMAND_ERR_MAX] = "";
    struct report_read r =
        reading(w, paths, &(struct bound){.limit = 20000, .num_threads = 2, .top = 4});
    r.temp_folder = "/nonexistent";
    assert_int_equal(report_read(&r, err), EXIT_FAULT);
    assert_non_null(strstr(err, "/nonexistent: cannot make a temporary file"));
    report_read_cleanup(&r);
}

/* ---- what is held ---- */

/* tables of networks, domains and groups go to the overflow once a block has made them too large */
static void tables_keep_below(void **state)
{
    enum { TABLE_LEN = 4096 };
    struct world *w = *state;
    struct catalog *c = catalog_new();
    struct overflow *o = overflow_new(folder(), 2000, TABLE_LEN);
    struct aggregate *a = aggregate_new(&(struct aggregate_setup){.catalog = c, .overflow = o});
    struct groups *g = groups_new(&(struct group_setup){.dimensions = 1U << DIMENSION_PREFIX});
    char err[WALK_ERR_MAX];
    struct walk walk;
    assert_true(c != NULL && o != NULL && a != NULL && g != NULL);
    groups_bound(g, o);
    assert_int_equal(walk_open(&walk, err, w->path[0]), 0);
    while (walk_next(&walk, err) == 1) {
        if (walk.item.kind != DATASET_BLOCK)
            continue;
        assert_int_equal(aggregate_add_block(a, walk.header, walk.block), 0);
        assert_int_equal(groups_add_block(g, walk.header, walk.block), 0);
        assert_true(a->networks.cap * sizeof a->networks.slots[0] <= TABLE_LEN);
        assert_true(a->tally[TALLY_DOMAIN].cap * sizeof(struct tally_row) <= TABLE_LEN);
    }
    walk_close(&walk);
    assert_true(overflow_has(o, OVERFLOW_NETWORKS));
    assert_true(overflow_has(o, OVERFLOW_DOMAINS));
    assert_true(overflow_has(o, OVERFLOW_GROUPS));
    groups_free(g);
    aggregate_free(a);
    overflow_free(o);
    catalog_free(c);
}

/* ---- the overflow alone ---- */

static void take_row(void *context, const void *row)
{
    const struct tally_row *r = row;
    uint64_t *sums = context;
    assert_true(r->key < ROWS_MAX && r->key >= sums[ROWS_MAX]); /* in order, each once */
    sums[ROWS_MAX] = r->key + 1;
    sums[r->key] = r->count;
}

static void rows_are_summed(void **state)
{
    static const struct {
        size_t num, keys, sorter_len;
        bool spills;
    } cases[] = {{0, 1, 0, false},         {1, 1, 0, false},        {3000, 1, 1000, true},
                 {5000, 40, 1000, true},   {5000, 4096, 800, true}, {5000, 4096, 1 << 20, false},
                 {40000, 4096, 600, true}, {31, 31, 0, false},      {33, 33, 0, true}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t want[ROWS_MAX] = {0}, got[ROWS_MAX + 1] = {0};
        struct overflow *o = overflow_new(folder(), cases[i].sorter_len, 0);
        assert_non_null(o);
        for (size_t k = 0; k < cases[i].num; k++) {
            struct tally_row row = {(k * 2654435761u) % cases[i].keys, 1 + k % 5};
            want[row.key] += row.count;
            assert_int_equal(overflow_add(o, OVERFLOW_DOMAINS, &row), 0);
        }
        assert_int_equal(overflow_each(o, OVERFLOW_DOMAINS, take_row, got), 0);
        assert_memory_equal(want, got, sizeof want);
        assert_int_equal(overflow_spilled(o) > 0, cases[i].spills);
        assert_false(overflow_has(o, OVERFLOW_DOMAINS));
        assert_int_equal(overflow_each(o, OVERFLOW_DOMAINS, take_row, got), 0);
        overflow_free(o);
    }
    overflow_free(NULL);
    assert_false(overflow_has(NULL, OVERFLOW_KEYS));
    assert_false(overflow_is_due(NULL, SIZE_MAX));
}

/* sums of rows of one key, in both orders */
static void keys_and_networks_are_summed(void **state)
{
    (void)state;
    static const struct {
        struct key_row a, b, sum;
    } keys[] = {
        {{.targets = 1}, {.targets = 2}, {.targets = 3}},
        {{.targets = 1, .as_number = 5}, {.targets = 1}, {.targets = 2, .as_number = 5}},
        {{.targets = 1, .as_number = 5, .country = 7, .bits = 1},
         {.targets = 1, .as_number = 5, .country = 7, .bits = 4},
         {.targets = 2, .as_number = 5, .country = 7, .bits = 5}},
        {{.targets = 1, .country = 7, .bits = KEY_SEVERAL_AS},
         {.targets = 1, .country = 8},
         {.targets = 2, .bits = KEY_SEVERAL_AS | KEY_SEVERAL_COUNTRIES}},
    };
    static const struct {
        struct network a, b;
        bool mixed, own;
    } networks[] = {
        {{0, 1, 9, false, false}, {0, 2, 9, false, false}, false, false},
        {{0, 1, 9, false, false}, {0, 2, 8, false, true}, true, true},
        {{0, 1, 9, true, false}, {0, 2, 9, false, false}, true, false},
        {{0, 1, 0, false, true}, {0, 2, 9, false, false}, true, true},
    };
    for (size_t i = 0; i < 2 * sizeof keys / sizeof keys[0]; i++) {
        struct key_row into = i % 2 ? keys[i / 2].a : keys[i / 2].b;
        const struct key_row *sum = &keys[i / 2].sum;
        key_row_sum(&into, i % 2 ? &keys[i / 2].b : &keys[i / 2].a);
        assert_int_equal(into.targets, sum->targets);
        assert_int_equal(into.bits, sum->bits);
        assert_int_equal(into.as_number, sum->as_number);
        if (!(sum->bits & KEY_SEVERAL_COUNTRIES)) /* else any of them */
            assert_int_equal(into.country, sum->country);
    }
    for (size_t i = 0; i < 2 * sizeof networks / sizeof networks[0]; i++) {
        struct network into = i % 2 ? networks[i / 2].a : networks[i / 2].b;
        network_sum(&into, i % 2 ? &networks[i / 2].b : &networks[i / 2].a);
        assert_int_equal(into.targets, 3);
        assert_int_equal(into.mixed, networks[i / 2].mixed);
        assert_int_equal(into.own, networks[i / 2].own);
    }
}

static void ranges_have_each_leaf_once(void **state)
{
    (void)state;
    static const uint8_t leaves[][32] = {{0},
                                         {0, 0, 0, 1},
                                         {0x7f, 0xff, 0xff, 0xff, 0xff},
                                         {0x80},
                                         {0xff, 0xff, 0xff, 0xfe},
                                         {0xff, 0xff, 0xff, 0xff, 0xff}};
    static const uint64_t widths[] = {LEAVES_END, LEAVES_END / 2, LEAVES_END / 64, LEAVES_END / 3};
    for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++) {
        size_t times[6] = {0};
        for (uint64_t first = 0; first < LEAVES_END; first += widths[i])
            for (size_t k = 0; k < 6; k++)
                times[k] +=
                    leaf_range_has(&(struct leaf_range){first, first + widths[i]}, leaves[k]);
        for (size_t k = 0; k < 6; k++)
            assert_int_equal(times[k], 1);
    }
    assert_true(leaf_range_is_all(&(struct leaf_range){0, LEAVES_END}));
    assert_false(leaf_range_is_all(&(struct leaf_range){0, LEAVES_END - 1}));
    assert_false(leaf_range_is_all(&(struct leaf_range){1, LEAVES_END}));
}

/* ---- the largest ---- */

static int descending(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x < y) - (x > y);
}

static void the_largest_are_kept(void **state)
{
    static const size_t tops[] = {0, 1, 2, 31, 32, 33, 64, 1000, 5000};
    (void)state;
    for (size_t i = 0; i < sizeof tops / sizeof tops[0]; i++)
        for (size_t num = 0; num <= 4000; num = 3 * num + 1) {
            struct top_list t;
            top_list_init(&t, sizeof(uint32_t), tops[i], descending);
            for (size_t k = 0; k < num; k++) {
                uint32_t row = (uint32_t)(k * 7919 % num); /* each below num once */
                top_list_add(&t, &row);
            }
            top_list_end(&t);
            size_t kept = tops[i] > 0 && tops[i] < num ? tops[i] : num;
            assert_int_equal(t.num, kept);
            assert_false(t.bad);
            for (size_t k = 0; k < kept; k++)
                assert_int_equal(((uint32_t *)(void *)t.rows)[k], num - 1 - k);
            assert_true(tops[i] == 0 || t.cap <= 128 || t.cap <= 4 * tops[i]);
            top_list_cleanup(&t);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_however_little),
        cmocka_unit_test(no_folder_no_report),
        cmocka_unit_test(tables_keep_below),
        cmocka_unit_test(rows_are_summed),
        cmocka_unit_test(keys_and_networks_are_summed),
        cmocka_unit_test(ranges_have_each_leaf_once),
        cmocka_unit_test(the_largest_are_kept),
        cmocka_unit_test(a_leaf_of_many_chains), /* writes the files anew */
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
