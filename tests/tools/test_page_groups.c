/* Break-downs on the page: their tables, their maps, bounded, and nothing of others but text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/tools/paged.h"
#include "tools/page.h"

enum { GROUPS = 3 };

struct grouped {
    struct fake fakes[GROUPS];
    struct breakdown_group groups[GROUPS];
    struct breakdown breakdown;
};

/* two groups and the others, 600, 300 and 100 targets */
static void add_groups(struct grouped *g, struct paged *p, enum dimension dimension,
                       const char *label)
{
    *g =
        (struct grouped){.breakdown = {.dimension = dimension, .groups = g->groups, .num = GROUPS}};
    for (size_t i = 0; i < GROUPS; i++) {
        static const uint64_t targets[GROUPS] = {600, 300, 100};
        fake_init(&g->fakes[i]);
        for (size_t k = 0; k < NUM_SETS; k++)
            g->fakes[i].all.sets[k] = targets[i] / 2;
        g->fakes[i].all.sets[SET_P] = targets[i];
        struct statistic *s = fake_add(&g->fakes[i], "tls_version", SHAPE_PARTITION, SET_H);
        fake_row(s, "TLSv1.3", targets[i] / 4, ROW_VALUE);
        fake_row(s, label, targets[i] / 4, ROW_VALUE);
        g->groups[i] = (struct breakdown_group){.label = bytes_text(i == 0 ? label : "second"),
                                                .kind = i == GROUPS - 1 ? ROW_OTHER : ROW_VALUE,
                                                .num_labels = i == GROUPS - 1 ? 7 : 0,
                                                .statistics = g->fakes[i].all};
    }
    p->report.breakdowns = &g->breakdown;
    p->report.num_breakdowns = 1;
}

static void drop_groups(struct grouped *g)
{
    for (size_t i = 0; i < GROUPS; i++)
        fake_cleanup(&g->fakes[i]);
}

static const char *const hostile[] = {
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "</title></style></svg><script>",
    "\x1b[31m\x07",
    "\xe2\x80\xae\xe2\x81\xa6",
    "\xff\xc0\xaf",
    "]]><!--",
    "&#x3c;b&#x3e;",
    "\xef\xbf\xbe",
};

static void a_break_down(void **state)
{
    (void)state;
    struct paged p;
    struct grouped g;
    paged_init(&p);
    add_groups(&g, &p, DIMENSION_COUNTRY, "DE");
    p.report.geo_paths[GEO_COUNTRY] = "country.mmdb";
    p.report.geo[GEO_COUNTRY] =
        (struct geo_facts){.type = "DBIP-Country-Lite", .built_s = 1700000000};
    paged_write(&p);
    static const char *const expected[] = {
        "<h3 id=\"h-by-country\">By country</h3>",
        "of <b>1,000 P</b>",
        "Database: <b>DBIP-Country-Lite</b>, built 2023-11-14",
        ("Countries are by country.mmdb, type <b>DBIP-Country-Lite</b>, built 2023-11-14 22:13:20 "
         "UTC, SHA-256 00000000"),
        "<td>600</td><td>60.00 %</td><td>50.00 %<span class=\"ci\">300 of 600</span></td>",
        "<td>50.00 %<span class=\"ci\">150 of 300</span></td>", /* TLS 1.3 */
        "<bdi>other (7)</bdi>",
        "<h4>tls_version</h4>",
        "Not collected: networks (--by as).",
    };
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        if (!paged_has(&p, expected[i]))
            fail_msg("the break-down lacks %s", expected[i]);
    assert_false(paged_has(&p, "(--by country)") || paged_has(&p, "valid chain") ||
                 paged_has(&p, "Other groups"));
    struct trust_store_facts store = {0};
    p.report.store = &store;
    p.report.store_path = "roots.pem";
    fake_row(fake_add(&p.fake, "trusted", SHAPE_PARTITION, SET_H), "trusted, matching", 1,
             ROW_VALUE);
    paged_write(&p);
    assert_true(paged_has(&p, "valid chain"));
    assert_true(
        paged_has(&p, "<span class=\"ci\">not told</span>")); /* the groups have no "trusted" */
    drop_groups(&g);
    paged_cleanup(&p);
}

/* the maps, and the names of countries */
static void maps_of_countries(void **state)
{
    (void)state;
    struct paged p;
    struct grouped g;
    paged_init(&p);
    add_groups(&g, &p, DIMENSION_COUNTRY, "DE");
    fake_row(fake_add(&p.fake, "tls_version", SHAPE_PARTITION, SET_H), "TLSv1.3", 1, ROW_VALUE);
    paged_write(&p);
    assert_int_equal(paged_count(&p, "<svg class=\"wm\""), 3);
    assert_int_equal(paged_count(&p, "id=\"w-DE\""), 1);
    static const char *const expected[] = {
        "<h4>Where mail servers are</h4>\n<p class=\"of\">of 500 E: EHLO was answered with 250; 50 "
        "of them are not of a "
        "country that is told apart</p>",
        "<title>Germany: 300</title>",
        "<title>Germany: 150 of 300 (50.00 %)</title>",
        "<bdi>DE</bdi> Germany</span>",
        "Not on the map: 1 more codes.",
        "The numbers of the maps: 2 countries",
    };
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        if (!paged_has(&p, expected[i]))
            fail_msg("the maps lack %s", expected[i]);
    drop_groups(&g);
    add_groups(&g, &p, DIMENSION_AS, "DE");
    paged_write(&p);
    assert_false(paged_has(&p, "class=\"wm\"") || paged_has(&p, "Germany"));
    drop_groups(&g);
    paged_cleanup(&p);
}

static void hostile_groups_are_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++) {
        struct paged p;
        struct grouped g;
        paged_init(&p);
        add_groups(&g, &p, DIMENSION_TAG, hostile[i]);
        p.report.geo_paths[GEO_AS] = hostile[i];
        p.report.where = hostile[i];
        snprintf(p.report.geo[GEO_AS].type, GEO_TYPE_MAX, "%s", "<script>");
        paged_write(&p);
        assert_true(paged_has(&p, "Other groups"));
        assert_false(paged_has(&p, "\xe2\x80\xae") || paged_has(&p, "<script") ||
                     paged_has(&p, "<img") || paged_has(&p, "\x1b"));
        drop_groups(&g);
        paged_cleanup(&p);
    }
}

/* 8 break-downs of 2,000 groups, with long names */
static void many_groups(void **state)
{
    (void)state;
    enum { NUM = 2000 };
    struct paged p;
    struct breakdown breakdowns[NUM_DIMENSIONS];
    struct breakdown_group *groups = calloc(NUM, sizeof groups[0]);
    char label[GROUP_LABEL_MAX];
    assert_non_null(groups);
    memset(label, '"', sizeof label);
    paged_init(&p);
    for (size_t i = 0; i < NUM; i++) {
        groups[i].label = bytes_of(label, sizeof label);
        groups[i].statistics.sets[SET_P] = NUM - i;
    }
    for (unsigned i = 0; i < NUM_DIMENSIONS; i++)
        breakdowns[i] = (struct breakdown){.dimension = i, .groups = groups, .num = NUM};
    p.report.breakdowns = breakdowns;
    p.report.num_breakdowns = NUM_DIMENSIONS;
    paged_write(&p);
    assert_true(p.html.len <= PAGE_MAX);
    assert_int_equal(paged_count(&p, "<bdi>other (1976)</bdi>"), NUM_DIMENSIONS);
    assert_int_equal(paged_count(&p, "1976 groups more than fit on the page"), NUM_DIMENSIONS);
    paged_cleanup(&p);
    free(groups);
}

/* a database may give any two letters, and each has its figures */
static void many_countries(void **state)
{
    (void)state;
    enum { NUM = 26 * 26 };
    struct paged p;
    struct grouped g;
    struct breakdown_group *groups = calloc(NUM, sizeof groups[0]);
    char(*labels)[2] = calloc(NUM, sizeof labels[0]);
    assert_true(groups != NULL && labels != NULL);
    paged_init(&p);
    add_groups(&g, &p, DIMENSION_COUNTRY, "DE");
    fake_row(fake_add(&p.fake, "tls_version", SHAPE_PARTITION, SET_H), "TLSv1.3", 1, ROW_VALUE);
    for (size_t i = 0; i < NUM; i++) {
        labels[i][0] = (char)('A' + i / 26);
        labels[i][1] = (char)('A' + i % 26);
        groups[i] = (struct breakdown_group){.label = bytes_of(labels[i], 2),
                                             .statistics = g.groups[0].statistics};
        for (size_t k = 0; k < NUM_SETS; k++)
            groups[i].statistics.sets[k] = 123456789 - i;
    }
    g.breakdown.groups = groups;
    g.breakdown.num = NUM;
    paged_write(&p);
    assert_true(p.html.len <= PAGE_MAX && p.html.len > PAGE_MAX / 4);
    assert_int_equal(paged_count(&p, "<svg class=\"wm\""), 3);
    assert_true(paged_has(&p, "The numbers of the maps: 256 countries") &&
                paged_has(&p, "Not on the map: 428 more codes."));
    drop_groups(&g);
    paged_cleanup(&p);
    free(groups);
    free(labels);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_break_down),
        cmocka_unit_test(maps_of_countries),
        cmocka_unit_test(hostile_groups_are_text),
        cmocka_unit_test(many_groups),
        cmocka_unit_test(many_countries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
