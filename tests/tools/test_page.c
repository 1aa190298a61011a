/* The page: whole, bounded, with every figure, and nothing of a server's but text. */
#include <math.h>
#include <openssl/base64.h>
#include <openssl/sha.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/tools/fake.h"
#include "tests/tools/markup.h"
#include "tools/page.h"
#include "tools/page_plan.h"
#include "tools/page_private.h"

struct paged {
    struct fake fake;
    struct report_file files[3];
    struct report report;
    struct html html;
};

static void set_up(struct paged *p)
{
    *p = (struct paged){0};
    fake_init(&p->fake);
    html_init(&p->html);
    for (size_t i = 0; i < NUM_SETS; i++)
        p->fake.all.sets[i] = 1000;
    p->files[0] = (struct report_file){.path = "sweep.mxs.zst", .start_us = 1, .end = WALK_COMPLETE, .records = 1000};
    p->report = (struct report){.files = p->files, .num_files = 1};
}

static void make(struct paged *p)
{
    struct markup m;
    p->report.statistics = p->fake.all;
    p->html.len = 0;
    assert_int_equal(page_write(&p->html, &p->report), 0);
    if (!markup_read(&m, p->html.text, p->html.len, NULL))
        fail_msg("the page is not whole: %s", m.why);
}

static void clean_up(struct paged *p)
{
    html_cleanup(&p->html);
    fake_cleanup(&p->fake);
}

static size_t count(const struct paged *p, const char *text)
{
    size_t num = 0, len = strlen(text);
    for (const char *at = p->html.text, *end = at + p->html.len;
         (at = memmem(at, (size_t)(end - at), text, len)) != NULL; at += len)
        num++;
    return num;
}

static bool has(const struct paged *p, const char *text)
{
    return count(p, text) > 0;
}

/* ---- what is on it ---- */

static void a_page_of_nothing(void **state)
{
    (void)state;
    struct paged p;
    set_up(&p);
    memset(p.fake.all.sets, 0, sizeof p.fake.all.sets);
    make(&p);
    assert_true(has(&p, "No target was probed."));
    assert_true(has(&p, "Not collected: "));
    assert_true(has(&p, "<html lang=\"en\">") && has(&p, "<title>") && count(&p, "<h1>") == 1);
    clean_up(&p);
}

static void headings_are_in_order(void **state)
{
    (void)state;
    struct paged p;
    set_up(&p);
    for (size_t i = 0; i < num_page_sections; i++)
        for (size_t k = 0; k < PAGE_ITEMS_MAX && page_sections[i].items[k].id != NULL; k++)
            if (p.fake.all.num < FAKE_MAX)
                fake_row(fake_add(&p.fake, page_sections[i].items[k].id, SHAPE_PARTITION, SET_P), "row", 1000, ROW_VALUE);
    make(&p);
    int before = 0;
    for (size_t i = 0; i + 3 < p.html.len; i++)
        if (p.html.text[i] == '<' && p.html.text[i + 1] == 'h' && p.html.text[i + 2] >= '1' && p.html.text[i + 2] <= '6') {
            int level = p.html.text[i + 2] - '0';
            assert_true(level <= before + 1);
            before = level;
        }
    assert_int_equal(count(&p, "<th"), count(&p, "<th scope=\"") + count(&p, "<thead"));
    clean_up(&p);
}

static void the_plan_is_sound(void **state)
{
    (void)state;
    for (size_t i = 0; i < num_page_sections; i++)
        for (size_t k = 0; k < PAGE_ITEMS_MAX && page_sections[i].items[k].id != NULL; k++) /* no id twice */
            assert_ptr_equal(page_item_find(page_sections[i].items[k].id), &page_sections[i].items[k]);
    assert_null(page_item_find("no such statistic"));
    for (size_t i = 0; i < num_statistic_defs; i++) /* no statistic without a place */
        if (page_item_find(statistic_defs[i].id) == NULL)
            fail_msg("%s is in no section", statistic_defs[i].id);
    assert_null(page_sections[num_page_sections - 1].items[0].id); /* the rest comes last */
}

static void a_statistic_that_no_section_names(void **state)
{
    (void)state;
    struct paged p;
    set_up(&p);
    make(&p);
    assert_false(has(&p, "Further statistics"));
    fake_row(fake_add(&p.fake, "brand_new", SHAPE_PARTITION, SET_H), "a row", 1000, ROW_VALUE);
    make(&p);
    assert_int_equal(count(&p, "Further statistics"), 2); /* and in the list of sections */
    assert_true(has(&p, "<h3 id=\"h-brand_new\">brand_new</h3>"));
    assert_true(has(&p, "of <b>1,000 H</b>: the TLS handshake was completed"));
    assert_true(has(&p, "<bdi>a row</bdi>") && has(&p, "<td>1,000</td><td>100.00 %</td>"));
    clean_up(&p);
}

static void what_is_not_collected(void **state)
{
    (void)state;
    struct paged p;
    set_up(&p);
    make(&p);
    assert_true(has(&p, "chain outcomes"));
    fake_row(fake_add(&p.fake, "chain_outcome", SHAPE_PARTITION, SET_L), "valid", 1000, ROW_VALUE);
    make(&p);
    assert_false(has(&p, "chain outcomes"));
    clean_up(&p);
}

static const struct {
    const char *what;
    size_t num_rows, num_empty;
    const char *expected; /* NULL: all is shown */
} lists[] = {
    {"short", 12, 0, NULL},
    {"three more than a list has are shown", 15, 0, NULL},
    {"long", 16, 0, "<summary>4 more rows</summary>"},
    {"three empty ones are shown", 8, 3, NULL},
    {"four are not", 8, 4, "<summary>4 with a count of 0</summary>"},
    {"long and empty", 25, 5, "<summary>13 more rows</summary>"},
    {"all are empty", 5, 5, "<summary>5 with a count of 0</summary>"},
};

static void long_tables_are_folded(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        struct paged p;
        set_up(&p);
        struct statistic *s = fake_add(&p.fake, "issuer", SHAPE_PARTITION, SET_L);
        for (size_t k = 0; k < lists[i].num_rows; k++)
            fake_row(s, "a row", k < lists[i].num_empty ? 0 : 2, ROW_VALUE);
        make(&p);
        assert_int_equal(count(&p, "<bdi>a row</bdi>"), lists[i].num_rows);
        assert_int_equal(count(&p, "<details>"), lists[i].expected != NULL);
        if (lists[i].expected != NULL && !has(&p, lists[i].expected))
            fail_msg("%s: not %s", lists[i].what, lists[i].expected);
        clean_up(&p);
    }
}

/* below columns and lines, which show all rows, a long table is folded as a whole */
static void tables_below_an_image(void **state)
{
    (void)state;
    for (size_t num_rows = 12; num_rows <= 13; num_rows++) {
        struct paged p;
        set_up(&p);
        struct statistic *s = fake_add(&p.fake, "chain_length", SHAPE_PARTITION, SET_H);
        for (size_t k = 0; k < num_rows; k++)
            fake_row(s, "a row", 2, ROW_VALUE);
        make(&p);
        assert_int_equal(count(&p, "<details><summary>13 rows</summary>"), num_rows == 13);
        assert_int_equal(count(&p, "<table class=\"t\""), 1);
        clean_up(&p);
    }
}

/* ---- words ---- */

static void the_summary_has_honest_denominators(void **state)
{
    (void)state;
    struct paged p;
    set_up(&p);
    uint64_t *sets = p.fake.all.sets;
    sets[SET_P] = 4000;
    sets[SET_T] = 1000;
    sets[SET_G220] = 800;
    sets[SET_E] = 500;
    sets[SET_S] = 400;
    sets[SET_R] = 300;
    sets[SET_H] = 200;
    sets[SET_L] = 100;
    sets[SET_CERTS] = 60;
    sets[SET_KEYS] = 50;
    struct statistic *s = fake_add(&p.fake, "tls_version", SHAPE_PARTITION, SET_H);
    fake_row(s, "TLSv1.3", 150, ROW_VALUE);
    fake_row(s, "TLSv1.1", 7, ROW_VALUE);
    fake_row(s, "TLSv1.0", 3, ROW_VALUE);
    s = fake_add(&p.fake, "expiry", SHAPE_PARTITION, SET_L);
    fake_row(s, "expired", 10, ROW_VALUE);
    fake_row(s, "up to 7 days left", 2, ROW_VALUE);
    fake_row(s, "up to 14 days left", 3, ROW_VALUE);
    make(&p);
    static const char *const expected[] = {
        "<strong>4,000</strong> targets were probed. <strong>1,000</strong> (<span class=\"n\">25.0 %</span>) accepted",
        "<strong>800</strong> (<span class=\"n\">80.0 %</span> of those) greeted",
        "<strong>500</strong> (<span class=\"n\">62.5 %</span> of these) answered EHLO",
        "Of the <strong>500</strong> that answered EHLO, <strong>400</strong> (<span class=\"n\">80.0 %</span>) offered",
        "<strong>200</strong> (<span class=\"n\">66.7 %</span>) completed a TLS handshake",
        "<strong>150</strong> (<span class=\"n\">75.0 %</span>) of them with TLS 1.3",
        "<strong>10</strong> (<span class=\"n\">5.0 %</span>) with TLS 1.1 or older",
        "are <strong>60</strong> distinct ones with <strong>50</strong> distinct keys",
        "<strong>10</strong> (<span class=\"n\">10.0 %</span> of the targets) showed one that had expired",
        "<strong>5</strong> (<span class=\"n\">5.0 %</span>) one with at most 14 days left",
        "Chains were not judged",
        "<strong>3,500</strong> (<span class=\"n\">87.5 %</span> of those probed) never answered EHLO",
        "<span class=\"of\">400 of 500 that answered EHLO</span>",
    };
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        if (!has(&p, expected[i]))
            fail_msg("the summary lacks %s", expected[i]);
    clean_up(&p);
}

/* what was summed up is not none */
static void the_summary_of_small_cells(void **state)
{
    (void)state;
    struct paged p;
    set_up(&p);
    p.fake.all.sets[SET_P] = p.fake.all.sets[SET_H] = 110;
    struct statistic *s = fake_add(&p.fake, "tls_version", SHAPE_PARTITION, SET_H);
    fake_row(s, "other", 110, ROW_OTHER);
    make(&p);
    assert_false(has(&p, "use TLS 1.3"));
    assert_true(has(&p, "Rows of few targets are not told apart"));
    clean_up(&p);
}

static void notices(void **state)
{
    (void)state;
    struct paged p;
    set_up(&p);
    make(&p);
    assert_false(has(&p, "<p class=\"no\">"));
    p.files[0].end = WALK_TORN;
    p.files[0].sample_ppm = 10000;
    fake_row(fake_add(&p.fake, "coverage", SHAPE_PARTITION, SET_A), "not done", 1, ROW_VALUE);
    make(&p);
    assert_int_equal(count(&p, "<p class=\"no\">"), 3);
    assert_true(has(&p, "A file is torn") && has(&p, "The sweep is unfinished: 1,000 targets") &&
                has(&p, "A random sample was swept"));
    clean_up(&p);
}

/* ---- break-downs ---- */

enum { GROUPS = 3 };

struct grouped {
    struct fake fakes[GROUPS];
    struct breakdown_group groups[GROUPS];
    struct breakdown breakdown;
};

/* two groups and the others, 600, 300 and 100 targets */
static void add_groups(struct grouped *g, struct paged *p, enum dimension dimension, const char *label)
{
    *g = (struct grouped){.breakdown = {.dimension = dimension, .groups = g->groups, .num = GROUPS}};
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

static void a_break_down(void **state)
{
    (void)state;
    struct paged p;
    struct grouped g;
    set_up(&p);
    add_groups(&g, &p, DIMENSION_COUNTRY, "DE");
    p.report.geo_paths[GEO_COUNTRY] = "country.mmdb";
    p.report.geo[GEO_COUNTRY] = (struct geo_facts){.type = "DBIP-Country-Lite", .built_s = 1700000000};
    make(&p);
    static const char *const expected[] = {
        "<h3 id=\"h-by-country\">By country</h3>",
        "of <b>1,000 P</b>",
        "Database: <b>DBIP-Country-Lite</b>, built 2023-11-14",
        "Countries are by country.mmdb, type <b>DBIP-Country-Lite</b>, built 2023-11-14 22:13:20 UTC, SHA-256 00000000",
        "<td>600</td><td>60.00 %</td><td>50.00 %<span class=\"ci\">300 of 600</span></td>",
        "<td>50.00 %<span class=\"ci\">150 of 300</span></td>", /* TLS 1.3 */
        "<bdi>other (7)</bdi>",
        "<h4>tls_version</h4>",
        "Not collected: networks (--by as).",
    };
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        if (!has(&p, expected[i]))
            fail_msg("the break-down lacks %s", expected[i]);
    assert_false(has(&p, "(--by country)") || has(&p, "valid chain") || has(&p, "Other groups"));
    struct trust_store_facts store = {0};
    p.report.store = &store;
    p.report.store_path = "roots.pem";
    make(&p);
    assert_true(has(&p, "valid chain"));
    assert_true(has(&p, "<span class=\"ci\">not told</span>")); /* the groups have no "trusted" */
    drop_groups(&g);
    clean_up(&p);
}

/* what decides of all figures is said first */
static void the_selection(void **state)
{
    (void)state;
    struct paged p;
    set_up(&p);
    make(&p);
    const char *summary = "<section id=\"summary\">";
    assert_false(has(&p, "class=\"ci\""));
    p.report.where = "tag = '<b>'";
    p.report.weights_path = "<weights>";
    p.report.num_weights = 1234;
    p.report.sampled = 0.25;
    p.report.min_cell = 10;
    fake_row(fake_add(&p.fake, "issuer", SHAPE_PARTITION, SET_L), "a", 500, ROW_VALUE);
    make(&p);
    static const char *const expected[] = {
        "Counted are only targets where <b>tag = &#39;&lt;b&gt;&#39;</b>",
        "by the weights of 1,234 addresses in <b>&lt;weights&gt;</b>",
        "a sample of 25 % of all",
        "fewer than 10 targets",
    };
    const char *end = memmem(p.html.text, p.html.len, summary, strlen(summary));
    assert_non_null(end);
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        const char *at = memmem(p.html.text, p.html.len, expected[i], strlen(expected[i]));
        if (at == NULL || at > end)
            fail_msg("the head lacks %s", expected[i]);
    }
    assert_true(has(&p, "<td>50.00 %<span class=\"ci\">47.32 to 52.68</span></td>"));
    clean_up(&p);
}

/* ---- what others send ---- */

static const char *const hostile[] = {
    "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "</title></style></svg><script>", "\x1b[31m\x07",
    "\xe2\x80\xae\xe2\x81\xa6", "\xff\xc0\xaf", "]]><!--", "&#x3c;b&#x3e;", "\xef\xbf\xbe",
};

static void hostile_names_are_text(void **state)
{
    (void)state;
    struct paged p;
    set_up(&p);
    static const enum statistic_shape shapes[] = {SHAPE_PARTITION, SHAPE_CHOICES, SHAPE_LATENCY, SHAPE_CONCLUSIVE};
    static const char *const ids[] = {"issuer", "chain_outcome", "latency", "tls_facts"};
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        struct statistic *s = fake_add(&p.fake, ids[i], shapes[i], SET_L);
        for (size_t k = 0; k < sizeof hostile / sizeof hostile[0]; k++)
            fake_row(s, hostile[k], 10, ROW_VALUE)->conclusive = 20;
    }
    p.files[0].path = hostile[0];
    snprintf(p.files[0].sources, sizeof p.files[0].sources, "%s", hostile[1]);
    snprintf(p.files[0].ehlo_names, sizeof p.files[0].ehlo_names, "%s", hostile[2]);
    make(&p); /* fails if any of it is markup, see markup.h */
    for (size_t i = 0; i < p.html.len; i++)
        assert_true((unsigned char)p.html.text[i] >= 32 || p.html.text[i] == '\n');
    assert_false(has(&p, "\xe2\x80\xae") || has(&p, "\xe2\x81\xa6") || has(&p, "<script") || has(&p, "<img"));
    assert_true(has(&p, "&lt;script&gt;alert(1)&lt;/script&gt;") && has(&p, "\\xE2\\x80\\xAE\\xE2\\x81\\xA6"));
    clean_up(&p);
}

static void hostile_groups_are_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++) {
        struct paged p;
        struct grouped g;
        set_up(&p);
        add_groups(&g, &p, DIMENSION_TAG, hostile[i]);
        p.report.geo_paths[GEO_AS] = hostile[i];
        p.report.where = hostile[i];
        snprintf(p.report.geo[GEO_AS].type, GEO_TYPE_MAX, "%s", "<script>");
        make(&p);
        assert_true(has(&p, "Other groups"));
        assert_false(has(&p, "\xe2\x80\xae") || has(&p, "<script") || has(&p, "<img") || has(&p, "\x1b"));
        drop_groups(&g);
        clean_up(&p);
    }
}

/* however many rows and files there are */
static void a_page_is_bounded(void **state)
{
    (void)state;
    struct paged p;
    char label[400];
    memset(label, '"', sizeof label - 1);
    label[sizeof label - 1] = '\0';
    set_up(&p);
    for (size_t i = 0; i < num_statistic_defs && i < FAKE_MAX; i++) {
        struct statistic *s = fake_add(&p.fake, statistic_defs[i].id, SHAPE_PARTITION, SET_P);
        for (size_t k = 0; k < 1000; k++)
            fake_row(s, label, 1, ROW_VALUE);
    }
    make(&p);
    assert_true(p.html.len <= PAGE_MAX && p.html.len > PAGE_MAX / 4);
    assert_true(has(&p, "rows more than fit on the page"));
    clean_up(&p);
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
    set_up(&p);
    for (size_t i = 0; i < NUM; i++) {
        groups[i].label = bytes_of(label, sizeof label);
        groups[i].statistics.sets[SET_P] = NUM - i;
    }
    for (unsigned i = 0; i < NUM_DIMENSIONS; i++)
        breakdowns[i] = (struct breakdown){.dimension = i, .groups = groups, .num = NUM};
    p.report.breakdowns = breakdowns;
    p.report.num_breakdowns = NUM_DIMENSIONS;
    make(&p);
    assert_true(p.html.len <= PAGE_MAX);
    assert_int_equal(count(&p, "<bdi>other (1976)</bdi>"), NUM_DIMENSIONS);
    assert_int_equal(count(&p, "1976 groups more than fit on the page"), NUM_DIMENSIONS);
    clean_up(&p);
    free(groups);
}

static void many_files(void **state)
{
    (void)state;
    enum { NUM = 3000 };
    struct paged p;
    struct report_file *files = calloc(NUM, sizeof files[0]);
    assert_non_null(files);
    set_up(&p);
    for (size_t i = 0; i < NUM; i++)
        files[i] = p.files[0];
    p.report.files = files;
    p.report.num_files = NUM;
    make(&p);
    assert_true(has(&p, "And 2952 more files.") && has(&p, "from 3000 files"));
    clean_up(&p);
    free(files);
}

/* ---- what it may load and run ---- */

static void the_policy_names_the_style(void **state)
{
    (void)state;
    struct paged p;
    uint8_t digest[32], text[64];
    char expected[256];
    set_up(&p);
    make(&p);
    const char *begin = memmem(p.html.text, p.html.len, "<style>", 7);
    const char *end = memmem(p.html.text, p.html.len, "</style>", 8);
    assert_true(begin != NULL && end != NULL);
    begin += 7;
    SHA256((const uint8_t *)begin, (size_t)(end - begin), digest);
    EVP_EncodeBlock(text, digest, sizeof digest);
    snprintf(expected, sizeof expected,
             "content=\"default-src 'none'; style-src 'sha256-%s'; base-uri 'none'; form-action 'none'\"", (char *)text);
    assert_true(has(&p, expected));
    assert_int_equal(count(&p, "<style"), 1);
    assert_false(has(&p, " style=\"") || has(&p, "http://") || has(&p, "https://") || has(&p, "src=") || has(&p, "@import"));
    assert_int_equal(count(&p, "url("), count(&p, "url(#hatch)"));
    assert_int_equal(count(&p, "href=\""), count(&p, "href=\"#"));
    clean_up(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_of_nothing),
        cmocka_unit_test(headings_are_in_order),
        cmocka_unit_test(the_plan_is_sound),
        cmocka_unit_test(a_statistic_that_no_section_names),
        cmocka_unit_test(what_is_not_collected),
        cmocka_unit_test(long_tables_are_folded),
        cmocka_unit_test(tables_below_an_image),
        cmocka_unit_test(the_summary_has_honest_denominators),
        cmocka_unit_test(the_summary_of_small_cells),
        cmocka_unit_test(notices),
        cmocka_unit_test(a_break_down),
        cmocka_unit_test(the_selection),
        cmocka_unit_test(hostile_names_are_text),
        cmocka_unit_test(hostile_groups_are_text),
        cmocka_unit_test(many_groups),
        cmocka_unit_test(a_page_is_bounded),
        cmocka_unit_test(many_files),
        cmocka_unit_test(the_policy_names_the_style),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
