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

#include "tests/tools/paged.h"
#include "tools/page.h"
#include "tools/page_plan.h"
#include "tools/page_private.h"

/* ---- what is on it ---- */

static void a_page_of_nothing(void **state)
{
    (void)state;
    struct paged p;
    paged_init(&p);
    memset(p.fake.all.sets, 0, sizeof p.fake.all.sets);
    paged_write(&p);
    assert_true(paged_has(&p, "No target was probed."));
    assert_true(paged_has(&p, "Not collected: "));
    assert_true(paged_has(&p, "<html lang=\"en\">") && paged_has(&p, "<title>") &&
                paged_count(&p, "<h1>") == 1);
    paged_cleanup(&p);
}

static void headings_are_in_order(void **state)
{
    (void)state;
    struct paged p;
    paged_init(&p);
    for (size_t i = 0; i < num_page_sections; i++)
        for (size_t k = 0; k < PAGE_ITEMS_MAX && page_sections[i].items[k].id != NULL; k++)
            if (p.fake.all.num < FAKE_MAX)
                fake_row(fake_add(&p.fake, page_sections[i].items[k].id, SHAPE_PARTITION, SET_P),
                         "row", 1000, ROW_VALUE);
    paged_write(&p);
    int before = 0;
    for (size_t i = 0; i + 3 < p.html.len; i++)
        if (p.html.text[i] == '<' && p.html.text[i + 1] == 'h' && p.html.text[i + 2] >= '1' &&
            p.html.text[i + 2] <= '6') {
            int level = p.html.text[i + 2] - '0';
            assert_true(level <= before + 1);
            before = level;
        }
    assert_int_equal(paged_count(&p, "<th"),
                     paged_count(&p, "<th scope=\"") + paged_count(&p, "<thead"));
    paged_cleanup(&p);
}

static void the_plan_is_sound(void **state)
{
    (void)state;
    for (size_t i = 0; i < num_page_sections; i++)
        for (size_t k = 0; k < PAGE_ITEMS_MAX && page_sections[i].items[k].id != NULL;
             k++) /* no id twice */
            assert_ptr_equal(page_item_find(page_sections[i].items[k].id),
                             &page_sections[i].items[k]);
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
    paged_init(&p);
    paged_write(&p);
    assert_false(paged_has(&p, "Further statistics"));
    fake_row(fake_add(&p.fake, "brand_new", SHAPE_PARTITION, SET_H), "a row", 1000, ROW_VALUE);
    paged_write(&p);
    assert_int_equal(paged_count(&p, "Further statistics"), 2); /* and in the list of sections */
    assert_true(paged_has(&p, "<h3 id=\"h-brand_new\">brand_new</h3>"));
    assert_true(paged_has(&p, "of <b>1,000 H</b>: the TLS handshake was completed"));
    assert_true(paged_has(&p, "<bdi>a row</bdi>") &&
                paged_has(&p, "<td>1,000</td><td>100.00 %</td>"));
    paged_cleanup(&p);
}

static void what_is_not_collected(void **state)
{
    (void)state;
    struct paged p;
    paged_init(&p);
    paged_write(&p);
    assert_true(paged_has(&p, "chain outcomes"));
    fake_row(fake_add(&p.fake, "chain_outcome", SHAPE_PARTITION, SET_L), "valid", 1000, ROW_VALUE);
    paged_write(&p);
    assert_false(paged_has(&p, "chain outcomes"));
    paged_cleanup(&p);
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
        paged_init(&p);
        struct statistic *s = fake_add(&p.fake, "issuer", SHAPE_PARTITION, SET_L);
        for (size_t k = 0; k < lists[i].num_rows; k++)
            fake_row(s, "a row", k < lists[i].num_empty ? 0 : 2, ROW_VALUE);
        paged_write(&p);
        assert_int_equal(paged_count(&p, "<bdi>a row</bdi>"), lists[i].num_rows);
        assert_int_equal(paged_count(&p, "<details>"), lists[i].expected != NULL);
        if (lists[i].expected != NULL && !paged_has(&p, lists[i].expected))
            fail_msg("%s: not %s", lists[i].what, lists[i].expected);
        paged_cleanup(&p);
    }
}

/* below columns and lines, which show all rows, a long table is folded as a whole */
static void tables_below_an_image(void **state)
{
    (void)state;
    for (size_t num_rows = 12; num_rows <= 13; num_rows++) {
        struct paged p;
        paged_init(&p);
        struct statistic *s = fake_add(&p.fake, "chain_length", SHAPE_PARTITION, SET_H);
        for (size_t k = 0; k < num_rows; k++)
            fake_row(s, "a row", 2, ROW_VALUE);
        paged_write(&p);
        assert_int_equal(paged_count(&p, "<details><summary>13 rows</summary>"), num_rows == 13);
        assert_int_equal(paged_count(&p, "<table class=\"t\""), 1);
        paged_cleanup(&p);
    }
}

/* ---- words ---- */

static void the_summary_has_honest_denominators(void **state)
{
    (void)state;
    struct paged p;
    paged_init(&p);
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
    paged_write(&p);
    static const char *const expected[] = {
        "<strong>4,000</strong> targets were probed. <strong>1,000</strong> (<span "
        "class=\"n\">25.0 %</span>) accepted",
        "<strong>800</strong> (<span class=\"n\">80.0 %</span> of those) greeted",
        "<strong>500</strong> (<span class=\"n\">62.5 %</span> of these) answered EHLO",
        "Of the <strong>500</strong> that answered EHLO, <strong>400</strong> (<span "
        "class=\"n\">80.0 %</span>) offered",
        "<strong>200</strong> (<span class=\"n\">66.7 %</span>) completed a TLS handshake",
        "<strong>150</strong> (<span class=\"n\">75.0 %</span>) of them with TLS 1.3",
        "<strong>10</strong> (<span class=\"n\">5.0 %</span>) with TLS 1.1 or older",
        "are <strong>60</strong> distinct ones with <strong>50</strong> distinct keys",
        "<strong>10</strong> (<span class=\"n\">10.0 %</span> of the targets) showed one that had "
        "expired",
        "<strong>5</strong> (<span class=\"n\">5.0 %</span>) one with at most 14 days left",
        "Chains were not judged",
        "<strong>3,500</strong> (<span class=\"n\">87.5 %</span> of those probed) never answered "
        "EHLO",
        "<span class=\"of\">400 of 500 that answered EHLO</span>",
    };
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        if (!paged_has(&p, expected[i]))
            fail_msg("the summary lacks %s", expected[i]);
    paged_cleanup(&p);
}

/* what was summed up is not none */
static void the_summary_of_small_cells(void **state)
{
    (void)state;
    struct paged p;
    paged_init(&p);
    p.fake.all.sets[SET_P] = p.fake.all.sets[SET_H] = 110;
    struct statistic *s = fake_add(&p.fake, "tls_version", SHAPE_PARTITION, SET_H);
    fake_row(s, "other", 110, ROW_OTHER);
    paged_write(&p);
    assert_false(paged_has(&p, "use TLS 1.3"));
    assert_true(paged_has(&p, "Rows of few targets are not told apart"));
    paged_cleanup(&p);
}

static void notices(void **state)
{
    (void)state;
    struct paged p;
    paged_init(&p);
    paged_write(&p);
    assert_false(paged_has(&p, "<p class=\"no\">"));
    p.files[0].end = WALK_TORN;
    p.files[0].sample_ppm = 10000;
    fake_row(fake_add(&p.fake, "coverage", SHAPE_PARTITION, SET_A), "not done", 1, ROW_VALUE);
    paged_write(&p);
    assert_int_equal(paged_count(&p, "<p class=\"no\">"), 3);
    assert_true(paged_has(&p, "A file is torn") &&
                paged_has(&p, "The sweep is unfinished: 1,000 targets") &&
                paged_has(&p, "A random sample was swept"));
    paged_cleanup(&p);
}

/* ---- what decides ---- */

/* a line ends only where no bin lies on both sides */
static void distributions_in_numbers(void **state)
{
    (void)state;
    struct histogram_bin bins[] = {{0, 1, 10}, {3, 5, 20}, {1000, 1024, 70}};
    struct paged p;
    paged_init(&p);
    struct statistic *s = fake_add(&p.fake, "latency", SHAPE_LATENCY, SET_P);
    fake_row(s, "connect", 100, ROW_VALUE);
    fake_row(s, "ehlo", 0, ROW_VALUE);
    paged_write(&p);
    assert_false(paged_has(&p, "The distributions in numbers"));
    s->rows[0].bins = bins;
    s->rows[0].num_bins = 3;
    paged_write(&p);
    static const char *const expected[] = {
        ("<th scope=\"row\">1 µs</th><td>10<span class=\"ci\">10.00 %</span></td><td>0<span "
         "class=\"ci\">-</span></td>"),
        "<th scope=\"row\">8 µs</th><td>20<span class=\"ci\">30.00 %</span></td>",
        "<th scope=\"row\">1.02 ms</th><td>70<span class=\"ci\">100.00 %</span></td>",
    };
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        if (!paged_has(&p, expected[i]))
            fail_msg("the distributions lack %s", expected[i]);
    assert_int_equal(paged_count(&p, "<th scope=\"row\">4 µs</th>"), 0);
    s->rows[0].bins = NULL;
    paged_cleanup(&p);
}

/* what decides of all figures is said first */
static void the_selection(void **state)
{
    (void)state;
    struct paged p;
    paged_init(&p);
    paged_write(&p);
    const char *summary = "<section id=\"summary\">";
    assert_false(paged_has(&p, "class=\"ci\""));
    p.report.where = "tag = '<b>'";
    p.report.weights_path = "<weights>";
    p.report.num_weights = 1234;
    p.report.sampled = 0.25;
    p.report.min_cell = 10;
    fake_row(fake_add(&p.fake, "issuer", SHAPE_PARTITION, SET_L), "a", 500, ROW_VALUE);
    paged_write(&p);
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
    assert_true(paged_has(&p, "<td>50.00 %<span class=\"ci\">47.32 to 52.68</span></td>"));
    paged_cleanup(&p);
}

/* ---- what others send ---- */

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

static void hostile_names_are_text(void **state)
{
    (void)state;
    struct paged p;
    paged_init(&p);
    static const enum statistic_shape shapes[] = {SHAPE_PARTITION, SHAPE_CHOICES, SHAPE_LATENCY,
                                                  SHAPE_CONCLUSIVE};
    static const char *const ids[] = {"issuer", "chain_outcome", "latency", "tls_facts"};
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        struct statistic *s = fake_add(&p.fake, ids[i], shapes[i], SET_L);
        for (size_t k = 0; k < sizeof hostile / sizeof hostile[0]; k++)
            fake_row(s, hostile[k], 10, ROW_VALUE)->conclusive = 20;
    }
    p.files[0].path = hostile[0];
    snprintf(p.files[0].sources, sizeof p.files[0].sources, "%s", hostile[1]);
    snprintf(p.files[0].ehlo_names, sizeof p.files[0].ehlo_names, "%s", hostile[2]);
    paged_write(&p); /* fails if any of it is markup, see markup.h */
    for (size_t i = 0; i < p.html.len; i++)
        assert_true((unsigned char)p.html.text[i] >= 32 || p.html.text[i] == '\n');
    assert_false(paged_has(&p, "\xe2\x80\xae") || paged_has(&p, "\xe2\x81\xa6") ||
                 paged_has(&p, "<script") || paged_has(&p, "<img"));
    assert_true(paged_has(&p, "&lt;script&gt;alert(1)&lt;/script&gt;") &&
                paged_has(&p, "\\xE2\\x80\\xAE\\xE2\\x81\\xA6"));
    paged_cleanup(&p);
}

/* however many rows and files there are */
static void a_page_is_bounded(void **state)
{
    (void)state;
    struct paged p;
    char label[400];
    memset(label, '"', sizeof label - 1);
    label[sizeof label - 1] = '\0';
    paged_init(&p);
    for (size_t i = 0; i < num_statistic_defs && i < FAKE_MAX; i++) {
        struct statistic *s = fake_add(&p.fake, statistic_defs[i].id, SHAPE_PARTITION, SET_P);
        for (size_t k = 0; k < 1000; k++)
            fake_row(s, label, 1, ROW_VALUE);
    }
    paged_write(&p);
    assert_true(p.html.len <= PAGE_MAX && p.html.len > PAGE_MAX / 4);
    assert_true(paged_has(&p, "rows more than fit on the page"));
    paged_cleanup(&p);
}

static void many_files(void **state)
{
    (void)state;
    enum { NUM = 3000 };
    struct paged p;
    struct report_file *files = calloc(NUM, sizeof files[0]);
    assert_non_null(files);
    paged_init(&p);
    for (size_t i = 0; i < NUM; i++)
        files[i] = p.files[0];
    p.report.files = files;
    p.report.num_files = NUM;
    paged_write(&p);
    assert_true(paged_has(&p, "And 2952 more files.") && paged_has(&p, "from 3000 files"));
    paged_cleanup(&p);
    free(files);
}

/* ---- what it may load and run ---- */

static void the_policy_names_the_style(void **state)
{
    (void)state;
    struct paged p;
    uint8_t digest[32], text[64];
    char expected[256];
    paged_init(&p);
    paged_write(&p);
    const char *begin = memmem(p.html.text, p.html.len, "<style>", 7);
    const char *end = memmem(p.html.text, p.html.len, "</style>", 8);
    assert_true(begin != NULL && end != NULL);
    begin += 7;
    SHA256((const uint8_t *)begin, (size_t)(end - begin), digest);
    EVP_EncodeBlock(text, digest, sizeof digest);
    snprintf(expected, sizeof expected,
             "content=\"default-src 'none'; style-src 'sha256-%s'; base-uri 'none'; form-action "
             "'none'\"",
             (char *)text);
    assert_true(paged_has(&p, expected));
    assert_int_equal(paged_count(&p, "<style"), 1);
    assert_false(paged_has(&p, " style=\"") || paged_has(&p, "http://") ||
                 paged_has(&p, "https://") || paged_has(&p, "src=") || paged_has(&p, "@import"));
    assert_int_equal(paged_count(&p, "url("), paged_count(&p, "url(#hatch)"));
    assert_int_equal(paged_count(&p, "href=\""), paged_count(&p, "href=\"#"));
    paged_cleanup(&p);
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
        cmocka_unit_test(distributions_in_numbers),
        cmocka_unit_test(the_selection),
        cmocka_unit_test(hostile_names_are_text),
        cmocka_unit_test(a_page_is_bounded),
        cmocka_unit_test(many_files),
        cmocka_unit_test(the_policy_names_the_style),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
