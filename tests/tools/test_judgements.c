/* judgements: chains of datasets, judged by the real judge, and the statistics of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/core/chains.h"
#include "tests/tools/counted.h"
#include "tests/tools/synth.h"
#include "tools/report.h"

#define EHLO "250-mx.example.com\r\n250 STARTTLS\r\n"
#define DAY  INT64_C(86400)
#define DONE                                                                                       \
    .stage = STAGE_DONE, .cause = CAUSE_OK, .ehlo = EHLO, .starttls = "220 go\r\n",                \
    .ehlo_tls = EHLO, .handshake_done = true, .version = 0x0304, .suite = 0x1301, .group = 29
#define TO_MX    DONE, .greeting = "220 mx.example.com ESMTP\r\n"
#define TO_OTHER DONE, .greeting = "220 other.example.net ESMTP\r\n"
#define NAMELESS DONE, .greeting = "220 *\r\n"

enum { CLASSES_MAX = 12, CERTS_MAX = 64 };

/* classes with chains of the certificates that words name */
struct population {
    struct chains *octets;
    struct synth_cert certs[CERTS_MAX];
    struct synth_class classes[CLASSES_MAX];
    size_t num_classes;
};

static void add_class(struct population *p, struct synth_class class, const char *words)
{
    size_t before = p->octets->num;
    chains_add(p->octets, words);
    for (size_t i = before; i < p->octets->num; i++) {
        p->certs[i] = (struct synth_cert){.der = p->octets->certs[i]};
        class.chain[i - before] = &p->certs[i];
    }
    p->classes[p->num_classes++] = class;
}

static void init(struct population *p)
{
    *p = (struct population){.octets = calloc(1, sizeof *p->octets)};
    assert_non_null(p->octets);
}

static void path_of(char out[64], unsigned number)
{
    snprintf(out, 64, "judgements-%d-%u.mxs.zst", (int)getpid(), number);
}

static void write_population(const char *path, const struct population *p, struct synth how)
{
    how.classes = p->classes;
    how.num_classes = p->num_classes;
    how.reason = DATASET_COMPLETE;
    synth_write(path, &how);
}

static uint64_t count_of(const struct statistics *all, const char *id, const char *label)
{
    const struct statistic *s = statistics_find(all, id);
    assert_non_null(s);
    for (size_t i = 0; i < s->num_rows; i++)
        if (bytes_equal(s->rows[i].label, bytes_text(label)))
            return s->rows[i].count;
    return 0;
}

struct figure {
    const char *id, *label;
    uint64_t count;
};

static void check(struct aggregate *a, const struct figure *figures, size_t num)
{
    struct statistics all;
    assert_int_equal(statistics_make(&all, a, 0), 0);
    for (size_t i = 0; i < num; i++) {
        uint64_t got = count_of(&all, figures[i].id, figures[i].label);
        if (got != figures[i].count)
            fail_msg("%s, %s: expected %llu, got %llu", figures[i].id, figures[i].label,
                     (unsigned long long)figures[i].count, (unsigned long long)got);
    }
    for (size_t i = 0; i < all.num; i++) {
        const struct statistic *s = &all.list[i];
        uint64_t sum = 0;
        for (size_t k = 0; k < s->num_rows; k++)
            sum += s->rows[k].count;
        if (s->def->shape == SHAPE_PARTITION && sum != all.sets[s->def->denominator])
            fail_msg("%s does not sum", s->def->id);
    }
    statistics_cleanup(&all);
}

/* ---- figures ---- */

static void make_mixture(struct population *p)
{
    init(p);
    add_class(p, (struct synth_class){.count = 20, TO_MX}, "leaf sub");
    add_class(p, (struct synth_class){.count = 7, TO_OTHER}, "leaf sub root");
    add_class(p, (struct synth_class){.count = 5, TO_MX}, "leaf-low low");
    add_class(p, (struct synth_class){.count = 3, NAMELESS}, "leaf-old sub");
    add_class(p, (struct synth_class){.count = 6, TO_MX}, "self");
    add_class(p, (struct synth_class){.count = 2, TO_MX}, "leaf-rsa");
    add_class(p, (struct synth_class){.count = 4, TO_MX}, "leaf-mute mute");
    add_class(p, (struct synth_class){.count = 1, TO_MX}, "/leaf sub");
    add_class(p, (struct synth_class){.count = 3, TO_MX}, "");
    add_class(p,
              (struct synth_class){.count = 8,
                                   .stage = STAGE_STARTTLS,
                                   .cause = CAUSE_REJECTED,
                                   .greeting = "220 x\r\n",
                                   .ehlo = EHLO,
                                   .starttls = "454 no\r\n"},
              "");
}

static const struct figure mixture[] = {
    {"funnel", "H", 51},
    {"funnel", "L", 47},
    {"funnel", "V", 27},
    {"funnel", "N", 47}, /* by the answer to EHLO all are named */
    {"chain_outcome", "valid", 27},
    {"chain_outcome", "expired", 3},
    {"chain_outcome", "self-signed", 6},
    {"chain_outcome", "incomplete", 7}, /* leaf-low low: sub is not sent; leaf-rsa: no such root */
    {"chain_outcome", "other", 4},
    {"chain_outcome_distinct", "valid", 2},
    {"chain_outcome_distinct", "incomplete", 2},
    {"chain_flags", "leaf-expired", 3},
    {"chain_flags", "self-signed-leaf", 6},
    {"chain_flags", "not-a-ca", 4},
    {"chain_flags", "completable", 5},
    {"chain_flags_distinct", "completable", 1},
    {"chain_completable", "incomplete, completable", 5},
    {"chain_completable", "incomplete", 2},
    {"chain_completable", "complete", 40},
    {"chain_sent", "root-included", 7},
    {"chain_sent", "duplicate", 0},
    {"name_greeting", "exact", 37},
    {"name_greeting", "no", 7},
    {"name_ehlo", "exact", 47},
    {"name_host", "exact", 0},
    {"name_ptr", "not collected", 47},
    {"trusted", "trusted, matching", 27},
    {"trusted", "not trusted, matching", 20},
    {"trusted", "not trusted, not matching", 4},
    {"trusted_starttls", "no TLS", 8},
    {"trusted_starttls", "trusted, matching", 27},
};
enum { NUM_FIGURES = sizeof mixture / sizeof mixture[0] };

static void chains_are_counted_as_judged(void **state)
{
    (void)state;
    char path[64];
    struct population p;
    struct counted c;
    struct trust_store *store = chains_store("root");
    make_mixture(&p);
    path_of(path, 0);
    write_population(path, &p, (struct synth){.block_len = 5});
    counted_open(&c, (const char *const[]){path}, 1, (struct counted_how){.store = store});
    check(c.aggregate, mixture, NUM_FIGURES);
    counted_close(&c);
    remove(path);
    trust_store_free(store);
    free(p.octets);
}

/* the report as JSON, for comparisons */
static char *json_of(struct aggregate *a)
{
    struct report r = {.store_path = "store"};
    struct json j;
    json_init(&j);
    assert_int_equal(statistics_make(&r.statistics, a, 3), 0);
    report_json(&j, &r);
    char *text = strndup(j.text, j.len);
    json_cleanup(&j);
    statistics_cleanup(&r.statistics);
    return text;
}

/* in two files, in any parts and order, by any number of threads */
static void any_way_of_reading_gives_the_same(void **state)
{
    (void)state;
    static const size_t block_lens[] = {1, 4, 0};
    char names[2][64], *expected = NULL;
    struct population p;
    struct trust_store *store = chains_store("root");
    make_mixture(&p);
    for (size_t b = 0; b < sizeof block_lens / sizeof block_lens[0]; b++) {
        for (uint32_t i = 0; i < 2; i++) {
            path_of(names[i], i);
            write_population(
                names[i], &p,
                (struct synth){.block_len = block_lens[b], .num_shards = 2, .shard = i});
        }
        for (unsigned n = 0; n < 12; n++) {
            const char *paths[2] = {names[n & 1], names[!(n & 1)]};
            struct counted_how how = {.num_parts = 1 + n % 4,
                                      .backwards = n % 3 == 0,
                                      .store = store,
                                      .num_threads = 1 + n % 5};
            struct counted c;
            counted_open(&c, paths, 2, how);
            check(c.aggregate, mixture, NUM_FIGURES);
            char *got = json_of(c.aggregate);
            if (expected != NULL)
                assert_string_equal(got, expected);
            else
                expected = strdup(got);
            free(got);
            counted_close(&c);
        }
    }
    remove(names[0]);
    remove(names[1]);
    free(expected);
    trust_store_free(store);
    free(p.octets);
}

/* ---- time ---- */

/* leaf-old ends a day before CHAINS_TIME. OpenSSL, which the judge agrees with, lets that second be
 * the first at which it has expired; RFC 5280 the last at which it has not. */
static void a_certificate_ends_during_the_sweep(void **state)
{
    (void)state;
    char path[64];
    struct population p;
    struct counted c;
    struct trust_store *store = chains_store("root");
    init(&p);
    add_class(&p, (struct synth_class){.count = 3000, TO_MX}, "leaf-old sub");
    path_of(path, 0);
    write_population(path, &p, (struct synth){.block_len = 700, .start_s = CHAINS_TIME - DAY - 1});
    counted_open(&c, (const char *const[]){path}, 1, (struct counted_how){.store = store});
    static const struct figure figures[] = {
        {"chain_outcome", "valid", 1000},
        {"chain_outcome", "expired", 2000},
        {"chain_outcome_distinct", "valid", 1},
        {"chain_outcome_distinct", "expired", 0},
        {"expiry", "expired", 1000},
        {"funnel", "V", 1000},
    };
    check(c.aggregate, figures, sizeof figures / sizeof figures[0]);
    counted_close(&c);
    remove(path);
    trust_store_free(store);
    free(p.octets);
}

/* ---- unknown is never no ---- */

static void without_a_store_nothing_is_said(void **state)
{
    (void)state;
    char path[64];
    struct population p;
    struct counted c;
    make_mixture(&p);
    path_of(path, 0);
    write_population(path, &p, (struct synth){.block_len = 5});
    counted_open(&c, (const char *const[]){path}, 1, (struct counted_how){0});
    static const struct figure figures[] = {
        {"funnel", "V", 0},
        {"funnel", "N", 47},
        {"chain_outcome", "valid", 0},
        {"chain_outcome", "not judged: no trust store", 47},
        {"chain_outcome_distinct", "not judged: no trust store", 7},
        {"trusted", "matching, not judged: no trust store", 47},
        {"trusted", "not trusted, not matching", 4}, /* no certificate, or none that can be read */
    };
    check(c.aggregate, figures, sizeof figures / sizeof figures[0]);
    counted_close(&c);
    remove(path);
    free(p.octets);
}

static void octets_that_never_come_are_unknown(void **state)
{
    (void)state;
    char path[64];
    struct population p;
    struct counted c;
    struct trust_store *store = chains_store("root");
    init(&p);
    add_class(&p, (struct synth_class){.count = 50, TO_MX}, "leaf sub");
    add_class(&p, (struct synth_class){.count = 50, TO_MX}, "leaf-rsa");
    path_of(path, 0);
    write_population(path, &p, (struct synth){.block_len = 1});
    counted_open(&c, (const char *const[]){path}, 1,
                 (struct counted_how){.store = store, .skip = 10});
    static const struct figure figures[] = {
        {"funnel", "H", 90},
        {"funnel", "L", 0},
        {"leaf", "unknown: its octets are not in these files", 90},
        {"trusted", "unknown, unknown: octets of a certificate are not in these files", 90},
        {"chain_octets", "unknown: octets of a certificate are not in these files", 90},
    };
    check(c.aggregate, figures, sizeof figures / sizeof figures[0]);
    counted_close(&c);
    remove(path);
    trust_store_free(store);
    free(p.octets);
}

/* ---- host names, responses ---- */

static void what_else_vouches(void **state)
{
    (void)state;
    char path[64];
    struct population p;
    struct counted c;
    struct trust_store *store = chains_store("root");
    uint16_t known = TLS_FLAG_OCSP | TLS_FLAG_SCT | TLS_FLAG_TICKET;
    init(&p);
    add_class(&p,
              (struct synth_class){.count = 4,
                                   TO_MX,
                                   .host = "MX.example.com.",
                                   .tls_known = known,
                                   .tls_flags = TLS_FLAG_OCSP | TLS_FLAG_TICKET,
                                   .ticket_lifetime_s = 7200,
                                   .ocsp = bytes_text("no response")},
              "leaf sub");
    add_class(&p,
              (struct synth_class){.count = 5, TO_MX, .host = "no.example.org", .tls_known = known},
              "leaf sub");
    add_class(&p, (struct synth_class){.count = 6, TO_MX}, "leaf sub");
    path_of(path, 0);
    write_population(path, &p, (struct synth){.block_len = 4, .streamed = true});
    counted_open(&c, (const char *const[]){path}, 1, (struct counted_how){.store = store});
    static const struct figure figures[] = {
        {"name_host", "exact", 4},
        {"name_host", "no", 5},
        {"ocsp", "unparsable", 4},
        {"ocsp", "absent", 5},
        {"ocsp", "could not be told", 6},
        {"must_staple", "not asked for", 15},
        {"sct", "none", 9},
        {"sct", "unknown", 6},
        {"ticket", "no ticket", 5},
        {"ticket", "for up to 2 hours", 4},
        {"ticket", "unknown", 6},
        {"tls_facts", "session_ticket", 4},
        {"tls_facts", "ems", 0},
        {"funnel", "V", 15},
    };
    check(c.aggregate, figures, sizeof figures / sizeof figures[0]);
    counted_close(&c);
    remove(path);
    trust_store_free(store);
    free(p.octets);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chains_are_counted_as_judged),
        cmocka_unit_test(any_way_of_reading_gives_the_same),
        cmocka_unit_test(a_certificate_ends_during_the_sweep),
        cmocka_unit_test(without_a_store_nothing_is_said),
        cmocka_unit_test(octets_that_never_come_are_unknown),
        cmocka_unit_test(what_else_vouches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
