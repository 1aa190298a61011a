/* statistics: what is counted of replies, retries, reuse and audits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/dh_primes.h"
#include "tests/tools/counted.h"
#include "tests/tools/synth.h"
#include "tools/mta_rules.h"
#include "tools/report.h"

#define DAY      INT64_C(86400)
#define EHLO     "250-mx.example.com\r\n250-SIZE 10485760\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n"
#define INSIDE   "250-mx.example.com\r\n250-SIZE 10485760\r\n250-REQUIRETLS\r\n250 XYZZY\r\n"
#define GREETING "220 mx.example.com ESMTP Postfix\r\n"
#define REACHED  .stage = STAGE_DONE, .cause = CAUSE_OK, .greeting = GREETING, .ehlo = EHLO
#define DONE     REACHED, .starttls = "220 go\r\n", .ehlo_tls = INSIDE, .handshake_done = true
#define REFUSED(code_and_text)                                                                     \
    .stage = STAGE_GREETING, .cause = CAUSE_REJECTED, .greeting = code_and_text

static const struct synth_cert one = {.issuer_cn = "CA",
                                      .subject_cn = "a",
                                      .not_before = SYNTH_START_S - DAY,
                                      .not_after = SYNTH_START_S + 88 * DAY,
                                      .key_number = 1};
static const struct synth_cert two = {.issuer_cn = "b",
                                      .subject_cn = "b",
                                      .not_before = SYNTH_START_S - DAY,
                                      .not_after = SYNTH_START_S + 4000 * DAY,
                                      .key = SYNTH_P256,
                                      .key_number = 2};

struct figure {
    const char *id, *label;
    uint64_t count;
};

static const struct statistic_row *find(const struct statistics *all, const char *id,
                                        const char *label)
{
    const struct statistic *s = statistics_find(all, id);
    if (s == NULL)
        fail_msg("no statistic %s", id);
    for (size_t i = 0; i < s->num_rows; i++)
        if (bytes_equal(s->rows[i].label, bytes_text(label)))
            return &s->rows[i];
    return NULL;
}

static void check_sums(const struct statistics *all)
{
    for (size_t i = 0; i < all->num; i++) {
        const struct statistic *s = &all->list[i];
        uint64_t sum = 0, of = all->sets[s->def->denominator];
        for (size_t k = 0; k < s->num_rows; k++) {
            sum += s->rows[k].count;
            assert_true(s->rows[k].count <= of);
            assert_true(s->rows[k].conclusive <= of);
        }
        if (s->def->shape == SHAPE_PARTITION && sum != of)
            fail_msg("%s: rows sum to %llu of %llu", s->def->id, (unsigned long long)sum,
                     (unsigned long long)of);
    }
}

static size_t num_found(const char *text, size_t len, const char *what)
{
    size_t num = 0;
    for (const char *at = text; (at = memmem(at, len - (size_t)(at - text), what, strlen(what)));
         at++)
        num++;
    return num;
}

/* without a store V is not 0 but not known; and intervals are of targets only */
static void check_json(const struct statistics *all)
{
    struct report r = {.statistics = *all, .sampled = 0.5};
    struct json j;
    size_t sampled = 0;
    json_init(&j);
    report_json(&j, &r);
    assert_false(j.bad);
    assert_false(statistics_has_set(all, SET_V));
    assert_true(statistics_has_set(all, SET_L));
    assert_int_equal(num_found(j.text, j.len, "session's start\",\"count\":null"), 1);
    assert_int_equal(num_found(j.text, j.len, "\"denominator_count\":null"),
                     1); /* issuer_trusted */
    for (size_t i = 0; i < all->num; i++)
        if (set_is_sampled(all->list[i].def->denominator))
            sampled += all->list[i].num_rows * (all->list[i].def->shape == SHAPE_FUNNEL ? 2 : 1);
    assert_int_equal(num_found(j.text, j.len, "\"interval\":"), sampled);
    json_cleanup(&j);
}

static void check(const struct synth_class *classes, size_t num_classes,
                  const struct figure *figures, size_t num_figures)
{
    char path[64], err[RULES_ERR_MAX];
    struct counted c;
    struct counted_how how = {.num_parts = 3};
    struct rules *mta, *rejection, *certificate;
    struct statistics all;
    assert_int_equal(mta_rules_open(&mta, err, NULL), 0);
    assert_int_equal(rejection_rules_open(&rejection, err, NULL), 0);
    assert_int_equal(certificate_rules_open(&certificate, err, NULL), 0);
    how.setup.mta = mta;
    how.setup.rejection = rejection;
    how.setup.certificate = certificate;
    snprintf(path, sizeof path, "statistics-%d.mxs.zst", (int)getpid());
    synth_write(path, &(struct synth){.classes = classes,
                                      .num_classes = num_classes,
                                      .block_len = 7,
                                      .streamed = true,
                                      .reason = DATASET_COMPLETE});
    counted_open(&c, (const char *const[]){path}, 1, how);
    remove(path);
    assert_int_equal(statistics_make(&all, c.aggregate, 0), 0);
    for (size_t i = 0; i < num_figures; i++) {
        const struct statistic_row *row = find(&all, figures[i].id, figures[i].label);
        if ((row != NULL ? row->count : 0) != figures[i].count)
            fail_msg("%s, %s: expected %llu, got %lld", figures[i].id, figures[i].label,
                     (unsigned long long)figures[i].count,
                     row == NULL ? -1 : (long long)row->count);
    }
    check_sums(&all);
    check_json(&all);
    statistics_cleanup(&all);
    counted_close(&c);
    rules_free(mta);
    rules_free(rejection);
    rules_free(certificate);
}
#define CHECK(classes, figures)                                                                    \
    check(classes, sizeof(classes) / sizeof *(classes), figures,                                   \
          sizeof(figures) / sizeof *(figures))

static void replies(void **state)
{
    (void)state;
    static const struct synth_class classes[] = {
        {.count = 9, DONE, .version = 0x0303, .suite = 0xc02f, .group = 23, .chain = {&one}},
        {.count = 3, DONE, .version = 0x0304, .suite = 0x1301, .group = 0x11ec, .chain = {&two}},
        {.count = 4, REFUSED("554 5.7.1 no reverse DNS\r\n")},
        {.count = 2, REFUSED("421 4.7.0 too many connections\r\n")},
        {.count = 1, REFUSED("550 go away\r\n")},
        {.count = 5,
         .stage = STAGE_EHLO,
         .cause = CAUSE_REJECTED,
         .greeting = "220 localhost\r\n",
         .ehlo = "502 what\r\n",
         .helo = "250 hi\r\n"},
        {.count = 6,
         .stage = STAGE_STARTTLS,
         .cause = CAUSE_NOT_OFFERED,
         .greeting = "220 ***************\r\n",
         .ehlo = "250-bare\r\n250 XXXXXXXA\r\n"},
        {.count = 7, .stage = STAGE_GREETING, .cause = CAUSE_TIMEOUT},
        {.count = 8,
         .stage = STAGE_GREETING,
         .cause = CAUSE_MALFORMED,
         .greeting = "SSH-2.0-x\r\n"},
        {.count = 2, .stage = STAGE_GREETING, .cause = CAUSE_MALFORMED, .greeting = "\x15\x03\x01"},
    };
    static const struct figure figures[] = {
        {"not_smtp", "greeted", 30},
        {"not_smtp", "silent", 7},
        {"not_smtp", "SSH", 8},
        {"not_smtp", "TLS", 2},
        {"greeting_enhanced", "5.7.1", 4},
        {"greeting_enhanced", "4.7.0", 2},
        {"greeting_enhanced", "none", 24},
        {"greeting_name", "a full name", 12},
        {"greeting_name", "localhost", 5},
        {"greeting_name", "no name", 6},
        {"refusal", "no PTR", 4},
        {"refusal", "too many connections", 2},
        {"refusal", "no rule says", 6},
        {"throttled", "greeting 421", 2},
        {"throttled", "no 4xx", 28},
        {"helo", "EHLO refused, HELO accepted", 5},
        {"helo", "EHLO answered with 250", 18},
        {"stripping", "any of these", 6},
        {"stripping", "greeting-masked", 6},
        {"stripping", "starttls-masked", 6},
        {"mta", "Postfix", 12},
        {"mta_identified", "Postfix", 12},
        {"extensions", "SIZE", 12},
        {"extensions", "STARTTLS", 12},
        {"extensions_unregistered", "XXXXXXXA", 6},
        {"extensions_tls", "REQUIRETLS", 12},
        {"size", "up to 10 MiB", 12},
        {"size", "not offered", 6},
        {"auth", "PLAIN", 12},
        {"auth_before", "yes", 12},
        {"requiretls", "yes", 12},
        {"requiretls_outside", "yes", 0},
        {"keywords_changed", "some added, some removed", 12},
        {"keywords_added", "XYZZY", 12},
        {"keywords_removed", "AUTH", 12},
        {"keywords_removed", "STARTTLS", 0},
        {"key_exchange", "ECDHE secp256r1", 9},
        {"key_exchange", "hybrid post-quantum X25519MLKEM768", 3},
        {"forward_secrecy", "yes", 12},
        {"aead", "yes", 12},
        {"pq", "negotiated", 3},
        {"pq", "unknown: not offered, and not audited", 9},
        {"pq_tls13", "negotiated", 3},
        {"validity_ca", "up to 90 days", 1},
        {"validity_self", "over 10 years", 1},
        {"leaf_reuse", "5 to 9", 1},
        {"key_reuse_targets", "3 to 4", 3},
        {"key_as", "unknown: no database", 2},
        {"concentration_key", "the largest", 9},
        {"concentration_key", "the next, to rank 10", 3},
        {"concentration_domain", "the largest", 12},
        {"greet_delay", "up to 0.1 s", 30},
    };
    CHECK(classes, figures);
}

static void retries(void **state)
{
    (void)state;
    static const struct attempt later = {
        .stage = STAGE_GREETING, .cause = CAUSE_THROTTLED, .smtp_code = 450};
    static const struct attempt lost = {.stage = STAGE_CONNECT, .cause = CAUSE_TIMEOUT};
    const struct synth_class classes[] = {
        {.count = 5, DONE, .chain = {&one}, .attempt = later},
        {.count = 4,
         .stage = STAGE_GREETING,
         .cause = CAUSE_THROTTLED,
         .greeting = "450 later\r\n",
         .attempt = later},
        {.count = 2, .stage = STAGE_CONNECT, .cause = CAUSE_TIMEOUT, .attempt = later},
        {.count = 3, DONE, .chain = {&one}, .attempt = lost},
        {.count = 6, DONE, .chain = {&one}},
    };
    static const struct figure figures[] = {
        {"first_outcome", "greeting/throttled", 11},
        {"first_outcome", "connect/timeout", 3},
        {"first_outcome", "done/ok", 6},
        {"retry", "greeting/throttled, then done/ok", 5},
        {"retry", "connect/timeout, then done/ok", 3},
        {"greylisted", "4xx at first, then got further", 5},
        {"greylisted", "4xx at first and at last", 4},
        {"greylisted", "4xx at first, then failed otherwise", 2},
        {"greylisted", "no 4xx at first", 3},
        {"throttled", "greeting of another 4xx", 4},
    };
    CHECK(classes, figures);
}

/* an audit's findings, encoded */
static struct bytes encode(uint8_t out[AUDIT_ENCODED_MAX], const struct audit *a)
{
    struct cbor_writer w;
    cbor_writer_init(&w, AUDIT_ENCODED_MAX);
    audit_encode(&w, a);
    assert_false(w.bad);
    size_t len = w.len;
    memcpy(out, w.data, len);
    cbor_writer_cleanup(&w);
    return bytes_of(out, len);
}

static void audits(void **state)
{
    (void)state;
    static uint8_t octets[2][AUDIT_ENCODED_MAX];
    struct audit a, b;
    audit_init(&a);
    a.asked = a.finished = AUDIT_BIT_VERSIONS | AUDIT_BIT_LEGACY | AUDIT_BIT_SUITES | AUDIT_BIT_PQ;
    for (size_t i = 0; i < NUM_AUDIT_VERSIONS; i++)
        a.version[i] = i >= AUDIT_TLS12 ? TRI_YES : TRI_NO;
    a.class[AUDIT_CLASS_RC4].accepted = TRI_YES;
    a.class[AUDIT_CLASS_EXPORT].accepted = TRI_NO;
    a.class[AUDIT_CLASS_DHE].accepted = TRI_YES;
    a.dh[0] = (struct audit_dh){0x0033, 1024, DH_PRIME_OWN};
    a.num_dh = 1;
    a.suites[0] = (struct audit_list){0x0304, AUDIT_ORDER_SERVER, true, 1, {0x1301}};
    a.suites[1] = (struct audit_list){0x0303, AUDIT_ORDER_SERVER, true, 2, {0xc02f, 0x0005}};
    a.num_suites = 2;
    for (size_t i = 0; i < NUM_AUDIT_HYBRIDS; i++)
        a.hybrid[i] = TRI_NO;
    a.hybrid[0] = TRI_YES;
    audit_init(&b);
    b.asked = AUDIT_BIT_VERSIONS;
    b.version[AUDIT_TLS10] = TRI_YES;
    const struct synth_class classes[] = {
        {.count = 7, DONE, .chain = {&one}, .group = 29, .audit = encode(octets[0], &a)},
        {.count = 2, DONE, .chain = {&one}, .group = 29, .audit = encode(octets[1], &b)},
        {.count = 1, DONE, .chain = {&one}, .group = 29, .audit = bytes_text("no audit")},
        {.count = 5, DONE, .chain = {&one}, .group = 29},
    };
    static const struct figure figures[] = {
        {"audit_versions", "TLSv1.2", 7},
        {"audit_versions", "TLSv1.0", 2},
        {"audit_version_sets", "TLSv1.2 TLSv1.3", 7},
        {"audit_legacy", "rc4", 7},
        {"audit_legacy", "export", 0},
        {"audit_dhe", "1024 bits, a prime of its own", 7},
        {"audit_suites", "TLS_AES_128_GCM_SHA256", 7},
        {"audit_suites", "TLS_RSA_WITH_RC4_128_SHA", 7},
        {"audit_pq", "X25519MLKEM768", 7},
        {"pq", "asked for by a retry request", 7},
        {"pq", "unknown: not offered, and not audited", 8},
        {"pq_key", "yes", 1},
    };
    CHECK(classes, figures);
}

/* a box in front of a network; where one leaf names its host, or there are two, there is none */
static void one_certificate_for_a_network(void **state)
{
    (void)state;
    static const struct synth_class classes[] = {
        {.count = 6, DONE, .chain = {&one}, .network = 0xc0000200, .host = "mx.example.org"},
        {.count = 6, DONE, .chain = {&one}, .network = 0xc6336400, .host = "mx.example.org"},
        {.count = 1, DONE, .chain = {&two}, .network = 0xc6336400, .host = "mx.example.org"},
        {.count = 4, DONE, .chain = {&two}, .network = 0xcb007100, .host = "mx.example.org"},
        {.count = 9, DONE, .network = 0x0a010000},
    };
    static const struct figure figures[] = {
        {"foreign_leaf", "yes", 6},
        {"foreign_leaf", "no", 20},
        {"concentration_network", "the largest", 9},
        {"concentration_network", "the next, to rank 10", 17},
        {"pq_key", "unknown: not offered, and not audited", 2},
    };
    CHECK(classes, figures);
}

/* the same key, greeting but for the host's name, and keywords but for their values and order */
static void clusters(void **state)
{
    (void)state;
#define SHOOK                                                                                      \
    .stage = STAGE_DONE, .cause = CAUSE_OK, .starttls = "220 go\r\n", .handshake_done = true
    static const struct synth_class classes[] = {
        {.count = 4,
         SHOOK,
         .chain = {&one},
         .greeting = "220 mx1.example.com ESMTP Postfix\r\n",
         .ehlo = "250-mx1.example.com\r\n250-SIZE 1\r\n250 STARTTLS\r\n"},
        {.count = 3,
         SHOOK,
         .chain = {&one},
         .greeting = "220 [192.0.2.9] ESMTP Postfix\r\n",
         .ehlo = "250-b\r\n250-starttls\r\n250 SIZE 99\r\n"},
        {.count = 2,
         SHOOK,
         .chain = {&one},
         .greeting = "220 mx1.example.com ESMTP Postfix\r\n",
         .ehlo = "250-b\r\n250 STARTTLS\r\n"},
        {.count = 2,
         SHOOK,
         .chain = {&one},
         .greeting = "220 mx1.example.com ESMTP Exim 4.96\r\n",
         .ehlo = "250-b\r\n250 STARTTLS\r\n"},
        {.count = 1,
         SHOOK,
         .chain = {&two},
         .greeting = "220 mx1.example.com ESMTP Postfix\r\n",
         .ehlo = "250-b\r\n250 STARTTLS\r\n",
         .version = 0x0304,
         .group = 0x11ec},
        {.count = 1,
         SHOOK,
         .chain = {&one},
         .greeting = "220 mx7.example.com ESMTP Exim 4.96\r\n",
         .ehlo = "250-b\r\n250 STARTTLS\r\n",
         .version = 0x0304,
         .group = 0x11ec},
        {.count = 5,
         SHOOK,
         .greeting = "220 mx1.example.com ESMTP Postfix\r\n",
         .ehlo = "250-b\r\n250 STARTTLS\r\n"}, /* without a certificate: not in L */
    };
    static const struct figure figures[] = {
        {"cluster_size", "1", 1},
        {"cluster_size", "2", 1},
        {"cluster_size", "3 to 4", 1},
        {"cluster_size", "5 to 9", 1},
        {"cluster_size_targets", "1", 1},
        {"cluster_size_targets", "3 to 4", 3},
        {"cluster_size_targets", "5 to 9", 7},
        {"cluster_top", "other", 1},
        {"concentration_cluster", "the largest", 7},
        {"concentration_cluster", "the next, to rank 10", 6},
        {"pq_cluster", "yes", 2},
        {"pq_cluster", "unknown: not offered, and not audited", 2},
        {"pq_key", "yes", 2},
    };
    CHECK(classes, figures);
}

/* a default's key may be in one network, in several, at one target; one of its certificates is
 * enough to tell */
static void defaults(void **state)
{
    (void)state;
    static const struct synth_cert plesk = {
        .issuer_org = "Plesk", .issuer_cn = "Plesk", .subject_cn = "Plesk", .key_number = 1};
    static const struct synth_cert named = {.issuer_cn = "CA", .subject_cn = "a", .key_number = 1};
    static const struct synth_cert dummy = {
        .issuer_org = "SomeOrganization", .issuer_cn = "a", .subject_cn = "a", .key_number = 2};
    static const struct synth_cert mailcow = {
        .issuer_org = "mailcow", .issuer_cn = "a", .subject_cn = "a", .key_number = 3};
    static const struct synth_cert other = {.issuer_cn = "b", .subject_cn = "b", .key_number = 4};
    static const struct synth_class classes[] = {
        {.count = 4, DONE, .chain = {&plesk}, .network = 0xc0000200},
        {.count = 3, DONE, .chain = {&named}, .network = 0xc6336400},
        {.count = 5, DONE, .chain = {&dummy}, .network = 0xcb007100},
        {.count = 1, DONE, .chain = {&mailcow}, .network = 0xcb007100},
        {.count = 6, DONE, .chain = {&other}, .network = 0xcb007100},
    };
    static const struct figure figures[] = {
        {"default_cert", "Plesk", 4},
        {"default_cert", "make-dummy-cert (Red Hat)", 5},
        {"default_cert", "mailcow", 1},
        {"default_cert", "no rule says", 9},
        {"default_key", "Plesk", 1},
        {"default_key", "no rule says", 1},
        {"default_key_spread", "several networks, of one AS as far as known", 1},
        {"default_key_spread", "several targets of one /24 or /48", 1},
        {"default_key_spread", "one target", 1},
        {"default_key_targets", "several networks, of one AS as far as known", 7},
        {"default_key_targets", "several targets of one /24 or /48", 5},
        {"default_key_targets", "one target", 1},
        {"key_networks", "in two or more", 1},
        {"key_networks", "in one", 3},
    };
    CHECK(classes, figures);
}

/* ---- the funnel ---- */

/* what each step is a part of; V is there only where chains were judged */
static void steps(void **state)
{
    (void)state;
    static const struct {
        enum set set, before;
    } expected[] = {
        {SET_P, SET_P}, {SET_T, SET_P}, {SET_G, SET_T},  {SET_G220, SET_G}, {SET_E, SET_G220},
        {SET_S, SET_E}, {SET_Q, SET_S}, {SET_R, SET_Q},  {SET_H, SET_R},    {SET_L, SET_H},
        {SET_V, SET_L}, {SET_N, SET_L}, {SET_E2, SET_H},
    };
    enum { NUM = sizeof expected / sizeof expected[0] };
    assert_string_equal(statistic_defs[0].id, "funnel");
    for (int judged = 0; judged < 2; judged++) {
        struct catalog catalog = {.judged = judged != 0};
        struct aggregate a = {.catalog = &catalog};
        struct statistics list = {.num = 1, .list = calloc(1, sizeof list.list[0])};
        struct statistic *s = list.list;
        assert_non_null(s);
        s->def = &statistic_defs[0];
        assert_int_equal(s->def->fill(s, &a), 0);
        assert_int_equal(s->num_rows, judged ? NUM : NUM - 1);
        for (size_t i = 0, row = 0; i < NUM; i++) {
            if (expected[i].set == SET_V && !judged)
                continue;
            assert_int_equal(s->rows[row].set, expected[i].set);
            assert_int_equal(s->rows[row++].before, expected[i].before);
        }
        statistics_cleanup(&list);
    }
}

/* 95 % intervals: Brown, Cai, DasGupta 2001 give Wilson's of 0 and 5 of 10 */
static void wilson_intervals(void **state)
{
    (void)state;
    double low, high;
    wilson(&low, &high, 0, 10, 1e-12);
    assert_true(low < 1e-9 && high > 27.75 && high < 27.76);
    wilson(&low, &high, 5, 10, 1e-12);
    assert_true(low > 23.65 && low < 23.66 && high > 76.34 && high < 76.35);
    wilson(&low, &high, 5, 10, 1); /* all were drawn */
    assert_true(low > 49.999 && high < 50.001);
    wilson(&low, &high, 0, 0, 0.5);
    assert_true(low != low && high != high);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies),          cmocka_unit_test(retries),
        cmocka_unit_test(audits),           cmocka_unit_test(one_certificate_for_a_network),
        cmocka_unit_test(wilson_intervals), cmocka_unit_test(clusters),
        cmocka_unit_test(defaults),         cmocka_unit_test(steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
