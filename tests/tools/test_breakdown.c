/* breakdown: groups that sum to the whole, however files are read; small ones cannot be told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/tools/counted.h"
#include "tests/tools/synth.h"
#include "tools/breakdown.h"
#include "tools/mta_rules.h"
#include "tools/report.h"
#include "tools/walk.h"

#define EHLO "250-mx.example.com\r\n250-SIZE 1000\r\n250 STARTTLS\r\n"
#define DONE(banner)                                                                               \
    .stage = STAGE_DONE, .cause = CAUSE_OK, .greeting = banner, .ehlo = EHLO,                      \
    .starttls = "220 go\r\n", .ehlo_tls = EHLO, .handshake_done = true, .version = 0x0304,         \
    .suite = 0x1301, .group = 29, .chain = {&leaf}
#define NET_DE 0xc0000200u /* 192.0.2.0: DE, AS64496 */
#define NET_CH 0xc6336400u /* 198.51.100.0: CH, AS64497 */

static const struct synth_cert leaf = {
    .issuer_cn = "CA", .subject_cn = "a", .not_after = SYNTH_START_S * 2, .key_number = 1};

static const struct synth_class population[] = {
    {.count = 40, DONE("220 mx.example.com ESMTP Postfix\r\n"), .network = NET_DE, .tag = "a"},
    {.count = 30,
     DONE("220 mx.example.com ESMTP Exim 4.96\r\n"),
     .network = NET_CH,
     .tag = "b",
     .attempt = {.stage = STAGE_CONNECT, .cause = CAUSE_TIMEOUT},
     .source = 1},
    {.count = 3, DONE("220 mx.example.com ESMTP Sendmail 8.17\r\n"), .network = NET_CH},
    {.count = 25, .stage = STAGE_CONNECT, .cause = CAUSE_REFUSED, .network = NET_DE, .tag = "c"},
    {.count = 20, .stage = STAGE_CONNECT, .cause = CAUSE_TIMEOUT},
    {.count = 2, .stage = STAGE_GREETING, .cause = CAUSE_TIMEOUT, .network = NET_DE, .tag = "d"},
    {.count = 5, .stage = STAGE_CONNECT, .cause = CAUSE_TIMEOUT, .counted = true},
};
enum { NUM_CLASSES = sizeof population / sizeof population[0], TARGETS = 125 };
static const struct addr sources[] = {{0, UINT64_C(0xffffcb007101)}, {0, UINT64_C(0xffffcb007102)}};
enum { ALL_DIMENSIONS = (1 << NUM_DIMENSIONS) - 1 };

struct setting {
    char path[64];
    struct geo *geo;
    struct rules *mta;
    struct where *where;
    struct groups *groups;
    struct catalog *catalog;
    struct counted counted;
};

static void read_catalog(struct setting *s)
{
    struct walk w;
    char err[WALK_ERR_MAX];
    s->catalog = catalog_new();
    assert_int_equal(walk_open(&w, err, s->path), 0);
    while (walk_next(&w, err) == 1)
        if (w.item.kind == DATASET_BLOCK)
            assert_int_equal(catalog_add_block(s->catalog, w.header, w.block), 0);
    walk_close(&w);
    catalog_seal(s->catalog);
}

static void take_census(struct setting *s, const struct group_setup *select, size_t top)
{
    struct walk w;
    char err[WALK_ERR_MAX];
    s->groups = groups_new(select);
    assert_int_equal(walk_open(&w, err, s->path), 0);
    while (walk_next(&w, err) == 1)
        if (w.item.kind == DATASET_BLOCK)
            assert_int_equal(groups_add_block(s->groups, w.header, w.block), 0);
    walk_close(&w);
    assert_int_equal(groups_seal(s->groups, top, top), 0);
}

static void begin(struct setting *s, struct synth how, struct counted_how read, size_t top,
                  const char *where)
{
    char err[GEO_ERR_MAX];
    *s = (struct setting){0};
    assert_int_equal(
        geo_open(&s->geo, err, TEST_DATA "/mmdb/country-maxmind.mmdb", TEST_DATA "/mmdb/asn.mmdb"),
        0);
    assert_int_equal(mta_rules_open(&s->mta, err, NULL), 0);
    if (where != NULL)
        if (where_parse(&s->where, err, where) != 0)
            fail_msg("%s", err);
    snprintf(s->path, sizeof s->path, "breakdown-%d.mxs.zst", (int)getpid());
    how.classes = population;
    how.num_classes = NUM_CLASSES;
    how.streamed = true;
    how.reason = DATASET_COMPLETE;
    how.sources = sources;
    how.num_sources = 2;
    synth_write(s->path, &how);
    read_catalog(s);
    read.setup.mta = s->mta;
    read.setup.select = (struct group_setup){.dimensions = ALL_DIMENSIONS,
                                             .geo = s->geo,
                                             .mta = s->mta,
                                             .where = s->where,
                                             .catalog = s->catalog};
    take_census(s, &read.setup.select, top);
    read.setup.groups = s->groups;
    counted_open(&s->counted, (const char *const[]){s->path}, 1, read);
}

static void end(struct setting *s)
{
    counted_close(&s->counted);
    catalog_free(s->catalog);
    groups_free(s->groups);
    geo_close(s->geo);
    rules_free(s->mta);
    where_free(s->where);
    remove(s->path);
}

static uint64_t targets_of(const struct breakdown *b, const char *label)
{
    for (size_t i = 0; i < b->num; i++)
        if (bytes_equal(b->groups[i].label, bytes_text(label)))
            return b->groups[i].statistics.sets[SET_P];
    return 0;
}

static const struct statistic_row *row_of(const struct statistic *s, struct bytes label)
{
    for (size_t i = 0; i < s->num_rows; i++)
        if (bytes_equal(s->rows[i].label, label))
            return &s->rows[i];
    return NULL;
}

/* in each group, partitions have each element of their denominator once */
static void check_partitions(const struct statistics *all)
{
    for (size_t i = 0; i < all->num; i++) {
        const struct statistic *s = &all->list[i];
        uint64_t sum = 0;
        for (size_t k = 0; k < s->num_rows; k++)
            sum += s->rows[k].count;
        if (s->def->shape == SHAPE_PARTITION && sum != all->sets[s->def->denominator])
            fail_msg("%s of a group: %llu", s->def->id, (unsigned long long)sum);
    }
}

/* rows of partitions, and sets of the funnel, sum to those of the whole */
static void check_sums(const struct breakdown *b, const struct statistics *whole)
{
    static const enum set sets[] = {SET_P, SET_T, SET_G, SET_E, SET_S, SET_H, SET_L, SET_V, SET_E2};
    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
        uint64_t sum = 0;
        for (size_t g = 0; g < b->num; g++)
            sum += b->groups[g].statistics.sets[sets[i]];
        assert_int_equal(sum, whole->sets[sets[i]]);
    }
    for (size_t g = 0; g < b->num; g++)
        check_partitions(&b->groups[g].statistics);
    for (size_t i = 0; i < whole->num; i++) {
        const struct statistic *s = &whole->list[i];
        if (statistics_find(&b->groups[0].statistics, s->def->id) == NULL)
            continue;
        for (size_t k = 0; k < s->num_rows; k++) {
            uint64_t sum = 0;
            for (size_t g = 0; g < b->num; g++) {
                const struct statistic_row *row =
                    row_of(statistics_find(&b->groups[g].statistics, s->def->id), s->rows[k].label);
                sum += row != NULL ? row->count : 0;
            }
            if (sum != s->rows[k].count)
                fail_msg("%s by %s: %.*s", s->def->id, dimension_slug(b->dimension),
                         (int)s->rows[k].label.len, (const char *)s->rows[k].label.data);
        }
    }
}

static void groups_sum_to_the_whole(void **state)
{
    (void)state;
    static const struct {
        unsigned dimension;
        const char *label;
        uint64_t targets;
    } cases[] = {
        {DIMENSION_COUNTRY, "DE", 67},
        {DIMENSION_COUNTRY, "CH", 33},
        {DIMENSION_COUNTRY, "unknown", 25},
        {DIMENSION_AS, "AS64496 Example One", 67},
        {DIMENSION_AS, "AS64497 Example Two", 33},
        {DIMENSION_PREFIX, "192.0.2.0/24", 67},
        {DIMENSION_PREFIX, "10.0.0.0/24", 20},
        {DIMENSION_NETWORK, "198.51.0.0/16", 33},
        {DIMENSION_FAMILY, "IPv4", 120},
        {DIMENSION_MTA, "Postfix", 40},
        {DIMENSION_MTA, "Exim", 30},
        {DIMENSION_TAG, "a", 40},
        {DIMENSION_TAG, "unknown", 28},
        {DIMENSION_PORT, "25", 120},
        {DIMENSION_FAMILY, "unknown", 5}, /* who was only counted */
        {DIMENSION_PREFIX, "unknown", 5},
        {DIMENSION_SOURCE, "203.0.113.1", 90},
        {DIMENSION_SOURCE, "203.0.113.2", 30},
        {DIMENSION_SOURCE, "unknown", 5},
        {DIMENSION_ATTEMPT, "1", 90},
        {DIMENSION_ATTEMPT, "2", 30},
        {DIMENSION_VERSION, "TLSv1.3", 73},
        {DIMENSION_ISSUER, "CA", 73},
        {DIMENSION_KEY, "unknown", 52},
        {DIMENSION_CLUSTER, "unknown", 52},
    };
    struct setting s;
    struct statistics whole;
    begin(&s, (struct synth){.block_len = 9}, (struct counted_how){.num_parts = 4}, 0, NULL);
    assert_int_equal(statistics_make(&whole, s.counted.aggregate, 0), 0);
    for (unsigned d = 0; d < NUM_DIMENSIONS; d++) {
        struct breakdown b;
        assert_int_equal(breakdown_make(&b, s.counted.aggregate, d, 0, 0, NULL), 0);
        check_sums(&b, &whole);
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
            if (cases[i].dimension == d && targets_of(&b, cases[i].label) != cases[i].targets)
                fail_msg("%s %s: %llu", dimension_slug(d), cases[i].label,
                         (unsigned long long)targets_of(&b, cases[i].label));
        if (d == DIMENSION_CLUSTER || d == DIMENSION_KEY) /* one key, three greetings; unknown */
            assert_int_equal(b.num, d == DIMENSION_KEY ? 2 : 4);
        breakdown_cleanup(&b);
    }
    statistics_cleanup(&whole);
    end(&s);
}

static char *json_of(struct aggregate *a)
{
    struct breakdown b[NUM_DIMENSIONS];
    struct report r = {.store_path = "store", .breakdowns = b, .num_breakdowns = NUM_DIMENSIONS};
    struct json j;
    json_init(&j);
    assert_int_equal(statistics_make(&r.statistics, a, 3), 0);
    for (unsigned i = 0; i < NUM_DIMENSIONS; i++)
        assert_int_equal(breakdown_make(&b[i], a, i, 3, 0, NULL), 0);
    report_json(&j, &r);
    char *text = strndup(j.text, j.len);
    json_cleanup(&j);
    for (unsigned i = 0; i < NUM_DIMENSIONS; i++)
        breakdown_cleanup(&b[i]);
    statistics_cleanup(&r.statistics);
    return text;
}

static void any_way_of_reading_gives_the_same(void **state)
{
    (void)state;
    static const size_t block_lens[] = {1, 13, 0};
    char *expected[2] = {NULL, NULL};
    for (size_t i = 0; i < 3; i++)
        for (unsigned n = 0; n < 8; n++) {
            struct setting s;
            size_t top = n & 1;
            struct counted_how how = {.num_parts = 1 + n / 2, .backwards = n % 3 == 0};
            begin(&s, (struct synth){.block_len = block_lens[i]}, how, top, NULL);
            char *got = json_of(s.counted.aggregate);
            if (expected[top] != NULL)
                assert_string_equal(got, expected[top]);
            else
                expected[top] = strdup(got);
            free(got);
            end(&s);
        }
    free(expected[0]);
    free(expected[1]);
}

static void the_rest_is_one_row(void **state)
{
    (void)state;
    struct setting s;
    struct breakdown b;
    struct statistics whole;
    begin(&s, (struct synth){.block_len = 9}, (struct counted_how){0}, 1, NULL);
    assert_int_equal(statistics_make(&whole, s.counted.aggregate, 0), 0);
    assert_int_equal(breakdown_make(&b, s.counted.aggregate, DIMENSION_TAG, 0, 0, NULL), 0);
    assert_int_equal(b.num, 3); /* a, unknown, other */
    assert_int_equal(b.groups[2].kind, ROW_OTHER);
    assert_int_equal(b.groups[2].num_labels, 3);
    assert_int_equal(targets_of(&b, "other"), 57);
    check_sums(&b, &whole);
    breakdown_cleanup(&b);
    statistics_cleanup(&whole);
    end(&s);
}

/* no row of a break-down is small, nor a label that is shown in some groups and not in others */
static void small_cells_cannot_be_told(void **state)
{
    (void)state;
    for (uint64_t min = 1; min < 50; min += 3) {
        struct setting s;
        begin(&s, (struct synth){.block_len = 9}, (struct counted_how){0}, 0, NULL);
        for (unsigned d = 0; d < NUM_DIMENSIONS; d++) {
            struct breakdown b;
            uint64_t sum = 0;
            assert_int_equal(breakdown_make(&b, s.counted.aggregate, d, 0, min, NULL), 0);
            for (size_t g = 0; g < b.num; g++) {
                const struct statistics *all = &b.groups[g].statistics;
                sum += all->sets[SET_P];
                assert_true(b.groups[g].kind != ROW_OTHER || b.groups[g].num_labels > 0);
                for (size_t i = 0; i < all->num; i++)
                    for (size_t k = 0; k < all->list[i].num_rows; k++) {
                        const struct statistic_row *row = &all->list[i].rows[k];
                        if (all->list[i].def->shape != SHAPE_FUNNEL || b.num > 1)
                            assert_true(row->count == 0 || row->count >= min ||
                                        all->sets[all->list[i].def->denominator] < min);
                    }
            }
            assert_int_equal(sum, TARGETS);
            breakdown_cleanup(&b);
        }
        end(&s);
    }
}

static void a_filter_selects(void **state)
{
    (void)state;
    static const struct {
        const char *where;
        uint64_t targets;
    } cases[] = {
        {"country = 'DE'", 67},     {"as = 64497", 33}, {"mta = 'Postfix'", 40},
        {"not country = 'DE'", 33}, /* where the country is not known, so is this */
        {"tag in ('a', 'b')", 70},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct setting s;
        begin(&s, (struct synth){0}, (struct counted_how){0}, 0, cases[i].where);
        if (s.counted.aggregate->funnel[FUNNEL_P] != cases[i].targets)
            fail_msg("%s: %llu", cases[i].where,
                     (unsigned long long)s.counted.aggregate->funnel[FUNNEL_P]);
        end(&s);
    }
}

static void keys_in_two_places(void **state)
{
    (void)state;
    struct setting s;
    struct statistics all;
    begin(&s, (struct synth){.block_len = 5}, (struct counted_how){.num_parts = 3}, 0, NULL);
    assert_int_equal(statistics_make(&all, s.counted.aggregate, 0), 0);
    const struct statistic *ases = statistics_find(&all, "key_as");
    assert_int_equal(row_of(ases, bytes_text("in two or more"))->count, 1);
    statistics_cleanup(&all);
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_sum_to_the_whole),
        cmocka_unit_test(any_way_of_reading_gives_the_same),
        cmocka_unit_test(the_rest_is_one_row),
        cmocka_unit_test(small_cells_cannot_be_told),
        cmocka_unit_test(a_filter_selects),
        cmocka_unit_test(keys_in_two_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
