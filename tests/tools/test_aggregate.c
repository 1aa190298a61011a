#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/tools/counted.h"
#include "tests/tools/synth.h"
#include "tools/report.h"

#define EHLO_TLS   "250-mx\r\n250-SIZE 1000\r\n250 STARTTLS\r\n"
#define EHLO_PLAIN "250-mx\r\n250 SIZE 1000\r\n"
#define INSIDE     "250-mx\r\n250-SIZE 1000\r\n250 AUTH PLAIN\r\n"
#define DAY        INT64_C(86400)

/* what every target that gets so far is like */
#define GREETED   .greeting = "220 mx ESMTP\r\n"
#define OFFERED   GREETED, .ehlo = EHLO_TLS
#define ACCEPTED  OFFERED, .starttls = "220 go\r\n"
#define SHAKEN    ACCEPTED, .handshake_done = true
#define DONE      .stage = STAGE_DONE, .cause = CAUSE_OK, SHAKEN, .ehlo_tls = INSIDE
#define TLS13     .version = 0x0304, .suite = 0x1301, .group = 29, .sigscheme = 0x0403
#define TLS12_RSA .version = 0x0303, .suite = 0x009c

static const struct synth_cert ca = {.issuer_cn = "Root",
                                     .subject_cn = "Example CA",
                                     .not_after = SYNTH_START_S + 9999 * DAY,
                                     .key_number = 1};
static const struct synth_cert rsa = {.issuer_org = "Example Trust",
                                      .issuer_cn = "Example CA",
                                      .subject_cn = "a",
                                      .not_before = SYNTH_START_S - 30 * DAY,
                                      .not_after = SYNTH_START_S + 60 * DAY - 1,
                                      .key_number = 2};
static const struct synth_cert same_key = {.issuer_cn = "Bare CN",
                                           .subject_cn = "b",
                                           .not_before = SYNTH_START_S - 360 * DAY,
                                           .not_after = SYNTH_START_S - DAY,
                                           .key_number = 2};
static const struct synth_cert self = {.issuer_cn = "c",
                                       .subject_cn = "c",
                                       .not_before = SYNTH_START_S + DAY,
                                       .not_after = SYNTH_START_S + 8000 * DAY,
                                       .key = SYNTH_P256,
                                       .key_number = 3};
static const struct synth_cert ed = {.subject_cn = "d",
                                     .not_before = SYNTH_START_S - DAY,
                                     .not_after = SYNTH_START_S + 5 * DAY,
                                     .key = SYNTH_ED25519,
                                     .key_number = 4};
static const struct synth_cert garbage = {.garbage = true, .key_number = 5};

static const struct synth_class population[] = {
    {.count = 11, .stage = STAGE_CONNECT, .cause = CAUSE_REFUSED},
    {.count = 30, .stage = STAGE_CONNECT, .cause = CAUSE_TIMEOUT},
    {.count = 4, .stage = STAGE_CONNECT, .cause = CAUSE_NET_UNREACHABLE, .counted = true},
    {.count = 2, .stage = STAGE_CONNECT, .cause = CAUSE_BLOCKED},
    {.count = 5, .stage = STAGE_GREETING, .cause = CAUSE_TIMEOUT},
    {.count = 3, .stage = STAGE_GREETING, .cause = CAUSE_MALFORMED, .greeting = "SSH-2.0\r\n"},
    {.count = 6, .stage = STAGE_GREETING, .cause = CAUSE_REJECTED, .greeting = "554 5.7.1 no\r\n"},
    {.count = 7, .stage = STAGE_GREETING, .cause = CAUSE_THROTTLED, .greeting = "421 later\r\n"},
    {.count = 8, .stage = STAGE_EHLO, .cause = CAUSE_TIMEOUT, GREETED},
    {.count = 2,
     .stage = STAGE_EHLO,
     .cause = CAUSE_REJECTED,
     GREETED,
     .ehlo = "502 what\r\n",
     .helo = "250 mx\r\n"},
    {.count = 9, .stage = STAGE_STARTTLS, .cause = CAUSE_NOT_OFFERED, GREETED, .ehlo = EHLO_PLAIN},
    {.count = 3,
     .stage = STAGE_STARTTLS,
     .cause = CAUSE_REJECTED,
     OFFERED,
     .starttls = "454 no\r\n"},
    {.count = 2, .stage = STAGE_STARTTLS, .cause = CAUSE_CLOSED, OFFERED},
    {.count = 1,
     .stage = STAGE_HANDSHAKE,
     .cause = CAUSE_TIMEOUT,
     GREETED,
     .ehlo = EHLO_PLAIN,
     .starttls = "220 go\r\n"},
    {.count = 4, .stage = STAGE_HANDSHAKE, .cause = CAUSE_ALERT_RECEIVED, ACCEPTED, .alert = 40},
    {.count = 2,
     .stage = STAGE_HANDSHAKE,
     .cause = CAUSE_ALERT_SENT,
     ACCEPTED,
     .alert = 50,
     .chain = {&garbage}},
    {.count = 3, .stage = STAGE_HANDSHAKE, .cause = CAUSE_RESET, ACCEPTED, .chain = {&rsa, &ca}},
    {.count = 2,
     .stage = STAGE_EHLO_TLS,
     .cause = CAUSE_CLOSED,
     SHAKEN,
     TLS13,
     .chain = {&rsa, &ca}},
    {.count = 40, DONE, TLS13, .chain = {&rsa, &ca}},
    {.count = 10, DONE, TLS12_RSA, .chain = {&same_key, &ca, &rsa}},
    {.count = 5, DONE, TLS13, .chain = {&self}},
    {.count = 5,
     DONE,
     .version = 0x0303,
     .suite = 0xc02f,
     .group = 23,
     .sigscheme = 0x0804,
     .chain = {&ed}},
    {.count = 2, DONE, .version = 0x0301, .suite = 0xc013, .group = 23, .chain = {&ed}},
    {.count = 1, DONE, .version = 0x7f17, .suite = 0x1301, .group = 29},
};
enum { NUM_CLASSES = sizeof population / sizeof population[0], TARGETS = 167 };

/* ---- datasets and aggregates ---- */

static void path_of(char out[64], const char *name)
{
    snprintf(out, 64, "aggregate-%d-%s.mxs.zst", (int)getpid(), name);
}

static struct counted counted_of(const char *name, struct synth s)
{
    char path[64];
    struct counted c;
    path_of(path, name);
    synth_write(path, &s);
    counted_open(&c, (const char *const[]){path}, 1, (struct counted_how){0});
    remove(path);
    return c;
}

/* the whole report but its files, as JSON; for comparisons */
static char *json_of(struct aggregate *a, size_t top)
{
    struct report r = {.num_files = 0};
    struct json j;
    json_init(&j);
    assert_int_equal(statistics_make(&r.statistics, a, top), 0);
    report_json(&j, &r);
    char *text = strndup(j.text, j.len);
    json_cleanup(&j);
    statistics_cleanup(&r.statistics);
    return text;
}

static struct synth whole_population(size_t block_len)
{
    return (struct synth){.classes = population,
                          .num_classes = NUM_CLASSES,
                          .block_len = block_len,
                          .reason = DATASET_COMPLETE,
                          .seed = 7};
}

/* ---- figures ---- */

static void counts(void **state)
{
    (void)state;
    static const struct {
        const char *id, *label;
        uint64_t count;
    } cases[] = {
        {"funnel", "P", 165},
        {"funnel", "T", 120},
        {"funnel", "G", 112},
        {"funnel", "G220", 99},
        {"funnel", "E", 89},
        {"funnel", "S", 79},
        {"funnel", "Q", 80},
        {"funnel", "R", 75},
        {"funnel", "H", 65},
        {"funnel", "L", 64},
        {"funnel", "E2", 63},
        {"coverage", "done", 167},
        {"coverage", "not done", 0},
        {"probed", "probed", 165},
        {"probed", "blocked", 2},
        {"probed", "no-address", 0},
        {"outcome", "connect/timeout", 30},
        {"outcome", "connect/refused", 11},
        {"outcome", "connect/net-unreachable", 4},
        {"outcome", "greeting/rejected", 6},
        {"outcome", "starttls/not-offered", 9},
        {"outcome", "done/ok", 63},
        {"connect", "connected", 120},
        {"connect", "timeout", 30},
        {"connect", "refused", 11},
        {"greeted", "greeted", 112},
        {"greeted", "timeout", 5},
        {"greeted", "malformed", 3},
        {"greeting_code", "220", 99},
        {"greeting_code", "554", 6},
        {"greeting_code", "421", 7},
        {"scanner_rejected", "not rejected", 89},
        {"scanner_rejected", "greeting 4xx", 7},
        {"scanner_rejected", "greeting 5xx", 6},
        {"scanner_rejected", "EHLO 5xx", 2},
        {"scanner_rejected", "unknown: no answer to EHLO", 8},
        {"extensions", "SIZE", 89},
        {"extensions", "STARTTLS", 79},
        {"extensions_tls", "SIZE", 63},
        {"extensions_tls", "AUTH", 63},
        {"starttls_offered", "yes", 79},
        {"starttls_offered", "no", 10},
        {"starttls_offered", "unknown: EHLO not answered with 250", 76},
        {"starttls_reply", "220", 75},
        {"starttls_reply", "454", 3},
        {"starttls_reply", "closed", 2},
        {"starttls_offered_reply", "offered, 220", 74},
        {"starttls_offered_reply", "offered, no 220", 5},
        {"starttls_offered_reply", "not offered, 220", 1},
        {"starttls_offered_reply", "not offered, no 220", 0},
        {"handshake", "completed", 65},
        {"handshake", "alert-received 40 (handshake_failure)", 4},
        {"handshake", "alert-sent 50 (decode_error)", 2},
        {"handshake", "reset", 3},
        {"handshake", "timeout", 1},
        {"tls_version", "TLSv1.3", 47},
        {"tls_version", "TLSv1.2", 15},
        {"tls_version", "0x7f17", 1},
        {"tls_suite", "TLS_AES_128_GCM_SHA256", 48},
        {"tls_suite", "TLS_RSA_WITH_AES_128_GCM_SHA256", 10},
        {"tls_suite_version", "TLSv1.3 TLS_AES_128_GCM_SHA256", 47},
        {"tls_suite_version", "unregistered version TLS_AES_128_GCM_SHA256", 1},
        {"tls_suite_version", "TLSv1.2 TLS_RSA_WITH_AES_128_GCM_SHA256", 10},
        {"key_exchange_version", "TLSv1.2 RSA", 10},
        {"key_exchange_version", "TLSv1.3 ECDHE x25519", 47},
        {"ptr_confirmed", "not collected", 64},
        {"tls_group", "x25519", 48},
        {"tls_group", "secp256r1", 7},
        {"tls_group", "none (RSA key exchange)", 10},
        {"tls_sigscheme", "none (RSA key exchange)", 10},
        {"tls_sigscheme", "unknown", 1},
        {"tls_sigscheme", "none (before TLS 1.2)", 2},
        {"leaf", "parsed", 64},
        {"leaf", "no certificate", 1},
        {"leaf", "unparsable", 0},
        {"leaf_failed", "handshake completed", 65},
        {"leaf_failed", "parsed", 3},
        {"leaf_failed", "unparsable", 2},
        {"leaf_failed", "no certificate", 5},
        {"chain_length", "0", 1},
        {"chain_length", "1", 12},
        {"chain_length", "2", 42},
        {"chain_length", "3", 10},
        {"key", "RSA 2048", 52},
        {"key", "EC P-256", 5},
        {"key", "Ed25519", 7},
        {"key_distinct", "RSA 2048", 1},
        {"key_distinct", "EC P-256", 1},
        {"key_distinct", "Ed25519", 1},
        {"certificate_signature", "sha256WithRSAEncryption", 64},
        {"certificate_signature_distinct", "sha256WithRSAEncryption", 4},
        {"expiry", "expired", 10},
        {"expiry", "up to 7 days left", 7},
        {"expiry", "up to 14 days left", 0},
        {"expiry", "up to 90 days left", 42},
        {"expiry", "not yet valid", 5},
        {"expiry", "more", 0},
        {"validity", "up to 47 days", 1},
        {"validity", "up to 90 days", 1},
        {"validity", "up to 398 days", 1},
        {"validity", "over 10 years", 1},
        {"validity", "negative", 0},
        {"issuer", "Example Trust", 42},
        {"issuer", "Bare CN", 10},
        {"issuer", "c", 5},
        {"issuer", "unknown", 7},
        {"issuer_distinct", "Example Trust", 1},
        {"issuer_distinct", "unknown", 1},
        {"self_issued", "self-issued", 5},
        {"self_issued", "issued by another name", 59},
        {"self_issued_distinct", "self-issued", 1},
        {"latency", "connect", 120},
        {"latency", "ehlo", 91},
    };
    struct counted c = counted_of("counts", whole_population(0));
    struct statistics all;
    assert_int_equal(statistics_make(&all, c.aggregate, 0), 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct statistic *s = statistics_find(&all, cases[i].id);
        assert_non_null(s);
        const struct statistic_row *row = NULL;
        for (size_t k = 0; k < s->num_rows; k++)
            if (bytes_equal(s->rows[k].label, bytes_text(cases[i].label)))
                row = &s->rows[k];
        if (row == NULL || row->count != cases[i].count)
            fail_msg("%s, %s: expected %llu, got %lld", cases[i].id, cases[i].label,
                     (unsigned long long)cases[i].count, row == NULL ? -1 : (long long)row->count);
    }
    assert_int_equal(all.sets[SET_A], TARGETS);
    assert_int_equal(all.sets[SET_CERTS], 4);
    assert_int_equal(all.sets[SET_KEYS], 3);
    assert_null(statistics_find(&all, "no such"));
    statistics_cleanup(&all);
    counted_close(&c);
}

/* every partition has each element of its denominator once; every row of another is within it */
static void check_sums(struct aggregate *a, size_t top)
{
    struct statistics all;
    assert_int_equal(statistics_make(&all, a, top), 0);
    for (size_t i = 0; i < all.num; i++) {
        const struct statistic *s = &all.list[i];
        uint64_t sum = 0, of = all.sets[s->def->denominator];
        for (size_t k = 0; k < s->num_rows; k++) {
            sum += s->rows[k].count;
            assert_true(s->rows[k].count <= of);
        }
        if (s->def->shape == SHAPE_PARTITION && sum != of)
            fail_msg("%s: rows sum to %llu, the denominator is %llu", s->def->id,
                     (unsigned long long)sum, (unsigned long long)of);
        if (s->def->open && top > 0)
            assert_true(s->num_rows <= top + 2);
    }
    statistics_cleanup(&all);
}

static void partitions_sum(void **state)
{
    (void)state;
    struct counted empty;
    counted_open(&empty, NULL, 0, (struct counted_how){0});
    check_sums(empty.aggregate, 0);
    counted_close(&empty);
    for (unsigned seed = 1; seed <= 20; seed++) {
        struct synth_class some[NUM_CLASSES];
        memcpy(some, population, sizeof some);
        uint32_t random = seed * 2654435761u;
        for (size_t i = 0; i < NUM_CLASSES; i++) {
            random = random * 1664525u + 1013904223u;
            some[i].count = random >> 24 & 1 ? 0 : random >> 28;
        }
        some[seed % NUM_CLASSES].count++;
        struct counted c = counted_of(
            "sums", (struct synth){.classes = some, .num_classes = NUM_CLASSES, .block_len = 10});
        for (size_t top = 0; top < 4; top++)
            check_sums(c.aggregate, top);
        counted_close(&c);
    }
}

static void a_record_changes_what_it_is_about(void **state)
{
    (void)state;
    static const struct synth_class refused = {
        .count = 1, .stage = STAGE_CONNECT, .cause = CAUSE_REFUSED};
    struct synth_class more[NUM_CLASSES + 1];
    memcpy(more, population, sizeof population);
    more[NUM_CLASSES] = refused;
    struct counted one = counted_of("one", whole_population(0));
    struct counted two =
        counted_of("more", (struct synth){.classes = more, .num_classes = NUM_CLASSES + 1});
    struct aggregate *a = one.aggregate, *b = two.aggregate;
    assert_int_equal(b->funnel[FUNNEL_P], a->funnel[FUNNEL_P] + 1);
    for (size_t i = FUNNEL_T; i < NUM_FUNNEL; i++)
        assert_int_equal(b->funnel[i], a->funnel[i]);
    for (size_t i = 0; i < NUM_TALLIES; i++)
        assert_int_equal(tally_sum(&b->tally[i]),
                         tally_sum(&a->tally[i]) +
                             (i == TALLY_OUTCOME || i == TALLY_OFFERED || i == TALLY_FIRST));
    counted_close(&one);
    counted_close(&two);
}

/* ---- parts ---- */

/* the report of some files, read in that way */
static char *json_of_files(const char *const *paths, size_t num, struct counted_how how)
{
    struct counted c;
    counted_open(&c, paths, num, how);
    char *json = json_of(c.aggregate, 5);
    counted_close(&c);
    return json;
}

/* A leaf's octets come in its first block only: other parts learn them when they are merged. */
static void any_parts_give_the_same_report(void **state)
{
    (void)state;
    static const size_t block_lens[] = {1, 3, 17, 100, 0};
    struct counted c = counted_of("whole", whole_population(0));
    char *expected = json_of(c.aggregate, 5), path[64];
    counted_close(&c);
    path_of(path, "parts");
    for (size_t i = 0; i < sizeof block_lens / sizeof block_lens[0]; i++) {
        struct synth s = whole_population(block_lens[i]);
        synth_write(path, &s);
        for (unsigned n = 1; n < 2 * COUNTED_PARTS_MAX; n++) {
            struct counted_how how = {.num_parts = (n + 1) / 2, .backwards = n % 2 == 0};
            char *got = json_of_files((const char *const[]){path}, 1, how);
            assert_string_equal(got, expected);
            free(got);
        }
    }
    remove(path);
    free(expected);
}

static void shards_are_the_whole(void **state)
{
    (void)state;
    char names[3][64];
    const char *paths[3];
    struct counted c = counted_of("unsharded", whole_population(0));
    char *expected = json_of(c.aggregate, 5);
    counted_close(&c);
    for (uint32_t shard = 0; shard < 3; shard++) {
        struct synth s = whole_population(20);
        s.num_shards = 3;
        s.shard = shard;
        snprintf(names[shard], sizeof names[shard], "aggregate-%d-%u.mxs.zst", (int)getpid(),
                 shard);
        synth_write(names[shard], &s);
        paths[2 - shard] = names[shard];
    }
    char *got = json_of_files(paths, 3, (struct counted_how){0});
    assert_string_equal(got, expected);
    for (size_t i = 0; i < 3; i++)
        remove(paths[i]);
    free(got);
    free(expected);
}

static void a_leaf_that_never_comes_is_unknown(void **state)
{
    (void)state;
    char path[64];
    struct synth s = whole_population(1);
    path_of(path, "unseen");
    synth_write(path, &s);
    struct counted late; /* the blocks with the octets left out */
    counted_open(&late, (const char *const[]){path}, 1, (struct counted_how){.skip = 100});
    remove(path);
    struct statistics all;
    assert_int_equal(statistics_make(&all, late.aggregate, 0), 0);
    const struct statistic *leaf = statistics_find(&all, "leaf");
    const struct statistic_row *last = &leaf->rows[leaf->num_rows - 1];
    assert_int_equal(last->kind, ROW_UNKNOWN);
    assert_true(last->count > 0);
    statistics_cleanup(&all);
    check_sums(late.aggregate, 0);
    counted_close(&late);
}

static void an_unfinished_file_says_what_is_missing(void **state)
{
    (void)state;
    struct synth s = whole_population(10);
    s.leave_out = 40;
    struct counted c = counted_of("unfinished", s);
    assert_int_equal(c.aggregate->positions_given, TARGETS);
    assert_int_equal(c.aggregate->positions_done, TARGETS - 40);
    check_sums(c.aggregate, 0);
    counted_close(&c);
}

/* ---- moments ---- */

static void expiry_bins(void **state)
{
    (void)state;
    static const struct {
        int64_t left_s;
        enum expiry bin;
    } cases[] = {
        {-1, EXPIRY_PAST},         {0, EXPIRY_7},
        {7 * DAY, EXPIRY_7},       {7 * DAY + 1, EXPIRY_14},
        {14 * DAY, EXPIRY_14},     {14 * DAY + 1, EXPIRY_30},
        {30 * DAY, EXPIRY_30},     {30 * DAY + 1, EXPIRY_90},
        {90 * DAY, EXPIRY_90},     {90 * DAY + 1, EXPIRY_MORE},
        {9999 * DAY, EXPIRY_MORE},
    };
    struct cert_entry cert = {
        .state = CERT_PARSED, .has_validity = true, .not_before = 0, .not_after = 20000 * DAY};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(expiry_at(&cert, cert.not_after - cases[i].left_s), cases[i].bin);
    assert_int_equal(expiry_at(&cert, -1), EXPIRY_NOT_YET);
    assert_int_equal(expiry_week_at(&cert, cert.not_after + 1), EXPIRY_WEEK_PAST);
    assert_int_equal(expiry_week_at(&cert, cert.not_after), EXPIRY_WEEK_0);
    assert_int_equal(expiry_week_at(&cert, cert.not_after - 7 * DAY + 1), EXPIRY_WEEK_0);
    assert_int_equal(expiry_week_at(&cert, cert.not_after - 7 * DAY), EXPIRY_WEEK_0 + 1);
    assert_int_equal(expiry_week_at(&cert, cert.not_after - 26 * 7 * DAY + 1), EXPIRY_WEEK_MAX - 1);
    assert_int_equal(expiry_week_at(&cert, 0), EXPIRY_WEEK_MAX);
    cert.has_validity = false;
    assert_int_equal(expiry_at(&cert, 5), EXPIRY_UNKNOWN);
    assert_int_equal(expiry_week_at(&cert, 5), EXPIRY_WEEK_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts),
        cmocka_unit_test(partitions_sum),
        cmocka_unit_test(a_record_changes_what_it_is_about),
        cmocka_unit_test(any_parts_give_the_same_report),
        cmocka_unit_test(shards_are_the_whole),
        cmocka_unit_test(a_leaf_that_never_comes_is_unknown),
        cmocka_unit_test(an_unfinished_file_says_what_is_missing),
        cmocka_unit_test(expiry_bins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
