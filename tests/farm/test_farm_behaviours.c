/* behaviour, truth: the table is whole, agrees with itself, and leads to what truth prints. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/outcome.h"
#include "tools/farm/pki.h"
#include "tools/farm/rote_truth.h"
#include "tools/farm/truth.h"

static const struct time_outs patient = {60000, 60000, 60000, 120000};
static const struct latency at_once = {0};
static const struct addr here = {0, 0xffff7f000001};

static void test_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < num_behaviours(); i++) {
        const struct behaviour *b = behaviour_at(i);
        size_t len = strlen(b->name);
        assert_in_range(len, 1, 40);
        assert_int_equal(strspn(b->name, "abcdefghijklmnopqrstuvwxyz0123456789-"), len);
        assert_int_equal(behaviour_find(b->name, len), i); /* and so: no name twice */
        assert_true(strlen(b->text) > 0 && strchr(b->text, '|') == NULL);
    }
    assert_int_equal(behaviour_find("bench", 4), num_behaviours());
    assert_int_equal(behaviour_find("", 0), num_behaviours());
}

static void test_outcomes_are_real(void **state)
{
    (void)state;
    for (size_t i = 0; i < num_behaviours(); i++) {
        const struct behaviour *b = behaviour_at(i);
        assert_in_range(b->stage, STAGE_GREETING, NUM_STAGES - 1);
        assert_in_range(b->cause, CAUSE_OK, NUM_CAUSES - 1);
        assert_int_equal(stage_find(stage_slug(b->stage)), b->stage);
        assert_int_equal(cause_find(cause_slug(b->cause)), b->cause);
        assert_int_equal(b->stage == STAGE_DONE, b->cause == CAUSE_OK);
    }
}

/* the code is that of the reply that decided, else of the last whole one before */
static void test_codes_follow_from_stages(void **state)
{
    (void)state;
    static const uint16_t before[NUM_STAGES] = {[STAGE_EHLO] = 220,
                                                [STAGE_STARTTLS] = 250,
                                                [STAGE_HANDSHAKE] = 220,
                                                [STAGE_EHLO_TLS] = 220,
                                                [STAGE_DONE] = 250};
    for (size_t i = 0; i < num_behaviours(); i++) {
        const struct behaviour *b = behaviour_at(i);
        if (b->cause != CAUSE_REJECTED && b->cause != CAUSE_THROTTLED) {
            assert_int_equal(b->code, before[b->stage]);
            continue;
        }
        assert_in_range(b->code, 400, 599);
        char code[8];
        snprintf(code, sizeof code, "%u", b->code);
        assert_memory_equal(b->octets.data, code, 3);
    }
}

static void test_acts_have_what_they_need(void **state)
{
    (void)state;
    for (size_t i = 0; i < num_behaviours(); i++) {
        const struct behaviour *b = behaviour_at(i);
        bool speaks = b->act == ACT_SEND || b->act == ACT_SEND_FIN || b->act == ACT_TEASER ||
                      b->act == ACT_DRIBBLE || b->act == ACT_ENDLESS_LINE ||
                      b->act == ACT_ENDLESS_REPLY || b->act == ACT_RAW || b->act == ACT_WARN;
        assert_int_equal(b->octets.len > 0, speaks || (b->flags & FLAG_EARLY));
        assert_int_equal(b->phase == PHASE_NONE, b->act == ACT_NORMAL);
        if (b->act == ACT_DELAY || b->act == ACT_TEASER || b->act == ACT_TLS_ALERT ||
            b->act == ACT_FLIGHT_ALERT)
            assert_int_not_equal(b->arg, 0);
        assert_int_equal(b->act == ACT_ROTE, b->rote != NULL);
        if (b->act >= ACT_ROTE)
            assert_int_equal(b->phase, PHASE_HANDSHAKE);
        if (b->act == ACT_CLOSE_NOTIFY || b->act == ACT_TLS_ALERT || b->act == ACT_RAW)
            assert_int_equal(b->phase, PHASE_EHLO_TLS);
        if (b->cert == CERT_SELF_SIGNED) /* signatures must be deterministic: no ECDSA */
            assert_true(b->key == KEY_RSA2048 || b->key == KEY_RSA4096 || b->key == KEY_ED25519);
    }
}

/* what a row by rote says of the record follows from its rules */
static void test_rows_by_rote_say_what_they_do(void **state)
{
    (void)state;
    unsigned num = 0;
    for (size_t i = 0; i < num_behaviours(); i++) {
        const struct behaviour *b = behaviour_at(i);
        struct rote_outlook outlook;
        if (b->rote == NULL)
            continue;
        assert_true(rote_foresee(&outlook, b->rote));
        assert_int_equal(b->stage, outlook.stage);
        assert_int_equal(b->cause, outlook.cause);
        assert_int_equal(b->code, outlook.code);
        assert_int_equal(b->shown == NULL, outlook.version == NULL);
        if (b->shown != NULL)
            assert_string_equal(b->shown, outlook.version);
        assert_int_equal(b->weight, 0);
        num++;
    }
    assert_true(num >= 30);
}

static bool has(enum stage stage, enum cause cause)
{
    for (size_t i = 0; i < num_behaviours(); i++)
        if (behaviour_at(i)->stage == stage && behaviour_at(i)->cause == cause)
            return true;
    return false;
}

static void test_every_phase_goes_wrong_every_way(void **state)
{
    (void)state;
    for (enum stage stage = STAGE_GREETING; stage <= STAGE_EHLO_TLS; stage++) {
        assert_true(has(stage, CAUSE_TIMEOUT));
        assert_true(has(stage, CAUSE_CLOSED));
        assert_true(has(stage, CAUSE_RESET));
        if (stage == STAGE_HANDSHAKE)
            continue;
        assert_true(has(stage, CAUSE_MALFORMED));
        assert_true(has(stage, CAUSE_TOO_LONG));
        assert_true(has(stage, CAUSE_REJECTED));
        assert_true(has(stage, CAUSE_THROTTLED));
    }
    assert_true(has(STAGE_STARTTLS, CAUSE_NOT_OFFERED));
    assert_true(has(STAGE_HANDSHAKE, CAUSE_EARLY_PLAINTEXT));
    assert_true(has(STAGE_HANDSHAKE, CAUSE_NOT_TLS));
    assert_true(has(STAGE_HANDSHAKE, CAUSE_ALERT_RECEIVED));
    assert_true(has(STAGE_HANDSHAKE, CAUSE_ALERT_SENT));
}

/* IANA, TLS Alerts: all that are assigned but close_notify */
static void test_every_alert(void **state)
{
    (void)state;
    static const uint8_t alerts[] = {10,  20,  21,  22,  30,  40,  41,  42,  43,  44,  45,  46,
                                     47,  48,  49,  50,  51,  52,  60,  70,  71,  80,  86,  90,
                                     100, 109, 110, 111, 112, 113, 114, 115, 116, 117, 120, 121};
    for (size_t k = 0; k < sizeof alerts; k++) {
        const uint8_t record[] = {21, 3, 3, 0, 2, 2, alerts[k]};
        unsigned found = 0;
        for (size_t i = 0; i < num_behaviours(); i++)
            found += behaviour_at(i)->phase == PHASE_HANDSHAKE &&
                     bytes_equal(behaviour_at(i)->octets, bytes_of(record, sizeof record));
        assert_int_equal(found, 1);
    }
}

static void test_keys_chains_and_versions_are_all_there(void **state)
{
    (void)state;
    bool keys[KEY_RSA4096 + 1] = {0}, certs[CERT_GARBAGE + 1] = {0}, tls[NUM_TLS_PROFILES] = {0},
                            depths[5] = {0};
    bool scopes[SCOPE_FARM + 1] = {0};
    for (size_t i = 0; i < num_behaviours(); i++) {
        const struct behaviour *b = behaviour_at(i);
        if (b->weight == 0)
            continue;
        keys[b->key] = certs[b->cert] = tls[b->tls] = depths[b->depth] = scopes[b->scope] = true;
    }
    for (size_t i = 0; i < sizeof keys; i++)
        assert_true(keys[i]);
    for (size_t i = 0; i < sizeof certs; i++)
        assert_true(certs[i]);
    for (size_t i = 0; i < sizeof tls; i++)
        assert_true(tls[i]);
    for (size_t i = 0; i < sizeof scopes; i++)
        assert_true(scopes[i]);
    assert_true(depths[0] && depths[1] && depths[3] && depths[4]);
}

/* ---- truth ---- */

static const struct behaviour *named(const char *name)
{
    size_t index = behaviour_find(name, strlen(name));
    assert_true(index < num_behaviours());
    return behaviour_at(index);
}

static void test_verdicts_under_time_outs(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct time_outs t;
        const char *stage, *cause;
        uint16_t code;
    } cases[] = {
        {"greeting-delay-1s", {9, 1001, 9, 9000}, "done", "ok", 250},
        {"greeting-delay-1s", {9, 1000, 9, 9000}, "greeting", "timeout", 0},
        {"greeting-delay-1s", {9, 5000, 9, 900}, "greeting", "timeout", 0},
        {"greeting-delay-10s", {9, 3000, 9, 90000}, "greeting", "timeout", 0},
        {"greeting-delay-10s", {9, 30000, 9, 90000}, "done", "ok", 250},
        {"greeting-teaser", {9, 500, 9, 9000}, "greeting", "timeout", 0},
        {"ehlo-delay-1s", {9, 500, 9, 9000}, "ehlo", "timeout", 220},
        {"starttls-delay-1s", {9, 500, 9, 9000}, "starttls", "timeout", 250},
        {"starttls-delay-1s", {9, 1500, 9, 9000}, "done", "ok", 250},
        {"rst-greeting", {9, 3000, 9, 9000}, "greeting", "reset", 0},
        {"rst-greeting", {9, 200, 9, 9000}, "greeting", "timeout", 0},
        {"certificate-rst", {9, 3000, 200, 9000}, "handshake", "timeout", 220},
        {"certificate-rst", {9, 200, 3000, 9000}, "handshake", "reset", 220},
        {"rst-ehlo", {9, 1, 1, 1}, "ehlo", "reset", 220}, /* comes at once */
        {"quit-rst", {9, 1000, 1000, 5000}, "done", "ok", 250},
        {"quit-silent", {9, 1000, 1000, 5000}, "done", "ok", 250},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct verdict v = truth_verdict(named(cases[i].name), &cases[i].t, &at_once, 1, here);
        assert_string_equal(stage_slug(v.stage), cases[i].stage);
        assert_string_equal(cause_slug(v.cause), cases[i].cause);
        assert_int_equal(v.code, cases[i].code);
    }
}

/* each reply takes 100 ms: what a row does at its own phase it times by itself */
static void test_verdicts_with_latency(void **state)
{
    (void)state;
    static const struct latency l = {LATENCY_FIXED, 100, 100, 0};
    static const struct {
        const char *name;
        struct time_outs t;
        const char *stage, *cause;
        uint16_t code;
    } cases[] = {
        {"bench", {9, 101, 9, 401}, "done", "ok", 250},
        {"bench", {9, 100, 9, 9000}, "greeting", "timeout", 0},
        {"bench", {9, 9000, 9, 100}, "greeting", "timeout", 0},
        {"bench", {9, 9000, 9, 101}, "ehlo", "timeout", 220},
        {"bench", {9, 9000, 9, 300}, "starttls", "timeout", 250},
        {"bench", {9, 9000, 9, 301}, "ehlo-tls", "timeout", 220},
        {"bench", {9, 9000, 9, 400}, "ehlo-tls", "timeout", 220},
        {"greeting-554", {9, 50, 9, 50}, "greeting", "rejected", 554},
        {"silent-ehlo", {9, 100, 9, 9000}, "greeting", "timeout", 0},
        {"no-starttls", {9, 9000, 9, 101}, "starttls", "not-offered", 250},
        {"masked-greeting", {9, 9000, 9, 101}, "starttls", "not-offered", 250},
        {"masked-greeting", {9, 9000, 9, 100}, "ehlo", "timeout", 220},
        {"starttls-454", {9, 9000, 9, 201}, "starttls", "rejected", 454},
        {"ehlo-delay-1s", {9, 1001, 9, 1101}, "starttls", "timeout", 250},
        {"ehlo-delay-1s", {9, 1001, 9, 1100}, "ehlo", "timeout", 220},
        {"certificate-rst", {9, 101, 251, 551}, "handshake", "reset", 220},
        {"certificate-rst", {9, 101, 251, 550}, "handshake", "timeout", 220},
        {"quit-silent", {9, 101, 9, 401}, "done", "ok", 250},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct verdict v = truth_verdict(named(cases[i].name), &cases[i].t, &l, 1, here);
        assert_string_equal(stage_slug(v.stage), cases[i].stage);
        assert_string_equal(cause_slug(v.cause), cases[i].cause);
        assert_int_equal(v.code, cases[i].code);
    }
}

static void test_patient_scanners_see_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < num_behaviours(); i++) {
        const struct behaviour *b = behaviour_at(i);
        struct verdict v = truth_verdict(b, &patient, &at_once, 1, here);
        assert_true(v.stage == b->stage && v.cause == b->cause && v.code == b->code);
        bool completes = b->stage == STAGE_EHLO_TLS || b->stage == STAGE_DONE;
        assert_true(truth_version(b) != NULL || !completes);
        if (!completes && truth_version(b) != NULL) /* a ServerHello chose it */
            assert_int_equal(b->stage, STAGE_HANDSHAKE);
    }
}

/* line_of prints the truth of one behaviour everywhere, at 127.0.0.1 port 25; the caller frees. */
static char *line_of(const char *name, const struct time_outs *t, const struct latency *l,
                     struct pki *pki)
{
    char *text = NULL;
    size_t len;
    struct population p;
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    assert_int_equal(population_init(&p, 1), 0);
    assert_true(population_only(&p, name));
    assert_true(truth_print(out, &p, pki, t, l, here, 25));
    population_cleanup(&p);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void test_lines(void **state)
{
    (void)state;
    static const struct time_outs hasty = {100, 100, 100, 100};
    static const struct {
        const char *name;
        const struct time_outs *t;
        const char *has, *has_not;
    } cases[] = {
        {"silent-greeting", &patient,
         "{\"addr\":\"127.0.0.1\",\"port\":25,\"stage\":\"greeting\",\"cause\":\"timeout\","
         "\"behaviour\":\"silent-greeting\"}\n",
         "chain"},
        {"greeting-554", &patient, "\"cause\":\"rejected\",\"smtp_code\":554,", "tls"},
        {"tls12-p256", &patient,
         "\"stage\":\"done\",\"cause\":\"ok\",\"smtp_code\":250,\"tls\":{\"version\":\"TLSv1.2\"},"
         "\"chain\":[\"",
         "early"},
        {"tls10", &patient, "\"tls\":{\"version\":\"TLSv1.0\"}", "early"},
        {"tls11", &patient, "\"tls\":{\"version\":\"TLSv1.1\"}", "early"},
        {"certificate-garbage", &patient,
         "\"cause\":\"alert-sent\",\"smtp_code\":220,\"tls\":{\"version\":\"TLSv1.2\"},\"chain\":[",
         "early"},
        {"certificate-rst", &hasty,
         "\"stage\":\"handshake\",\"cause\":\"timeout\",\"smtp_code\":220,"
         "\"tls\":{\"version\":\"TLSv1.2\"},\"chain\":[",
         "early"},
        {"hello-sslv3", &patient, "\"smtp_code\":220,\"tls\":{\"version\":\"SSLv3\"}", "chain"},
        {"greeting-delay-1s", &hasty, "\"stage\":\"greeting\",\"cause\":\"timeout\",\"behaviour\"",
         "chain"},
        {"early-plaintext", &patient, "\"early_plaintext\":20,", "timeout"},
        {"tls12-p256", &patient,
         "\"accepts\":{\"versions\":[\"TLSv1.2\"],\"suites\":{\"TLSv1.2\":[\"0xc02b\","
         "\"0xc02c\"]},\"order\":\"server\",\"groups\":[\"0x001d\",\"0x0017\",\"0x0018\"],"
         "\"pq\":[],\"large\":null,\"split\":null,\"refuse\":\"alert\",\"compression\":false,"
         "\"ticket\":false,\"sni\":\"any\",",
         "shows"},
        {"tls12-rsa-kx", &patient, "\"suites\":{\"TLSv1.2\":[\"0x009c\",\"0x009d\"]},", "0x001d"},
        {"any-rsa2048", &patient, "\"TLSv1.0\":[\"0xc013\",\"0xc014\"],", "0xc02b"},
        {"any-rsa2048", &patient, "\"TLSv1.3\":[\"0x1301\",\"0x1302\",\"0x1303\"]}", "0xc009"},
        {"all-at-once", &patient,
         "\"shows\":{\"ticket_lifetime_s\":7200,\"ocsp\":\"good\",\"sct\":2,"
         "\"client_ca_names\":2}}\n",
         "complete"},
        {"rote-dhe-768", &patient, "\"dh_bits\":768,\"dh_prime\":\"oakley1-modp768\",", "chain"},
        {"rote-ssl2", &patient, "\"suites\":{\"SSLv2\":[\"0x010080\",", "dh_bits"},
        {"rote-ssl3", &patient, "\"cause\":\"alert-sent\",\"smtp_code\":220,", "chain"},
        {"rote-pq", &patient,
         "\"groups\":[\"0x11ec\",\"0x001d\",\"0x0017\",\"0x0018\"],\"pq\":[\"0x11ec\"],",
         "dh_bits"},
        {"rote-large-reset", &patient, "\"large\":\"reset\",\"split\":null,", "dh_bits"},
        {"rote-rsa", &patient, "\"tls\":{\"version\":\"TLSv1.2\"},\"chain\":[\"", "shows"},
        {"client-certificate-required-tls12", &patient,
         "\"cause\":\"alert-received\",\"smtp_code\":220,\"tls\":{\"version\":\"TLSv1.2\"},"
         "\"chain\":[\"",
         "complete"},
        {"early-plaintext-fails", &patient,
         "\"cause\":\"early-plaintext\",\"smtp_code\":220,\"early_plaintext\":20,", "chain"},
    };
    struct pki *pki = pki_new(1, 1767225600);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *line = line_of(cases[i].name, cases[i].t, &at_once, pki);
        assert_non_null(strstr(line, cases[i].has));
        assert_null(strstr(line, cases[i].has_not));
        free(line);
    }
    pki_free(pki);
}

static void test_lines_with_latency(void **state)
{
    (void)state;
    static const struct time_outs hasty = {100, 100, 100, 100};
    static const struct {
        const char *name;
        struct latency l;
        const char *has, *has_not;
    } cases[] = {
        {"early-plaintext",
         {LATENCY_FIXED, 100, 100, 0},
         "\"stage\":\"greeting\",\"cause\":\"timeout\",",
         "early_"},
        {"bench",
         {LATENCY_FIXED, 30, 30, 0},
         "\"stage\":\"ehlo-tls\",\"cause\":\"timeout\",\"smtp_code\":220,"
         "\"tls\":{\"version\":\"TLSv1.3\"},\"chain\":[\"",
         "early_"},
    };
    struct pki *pki = pki_new(1, 1767225600);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *line = line_of(cases[i].name, &hasty, &cases[i].l, pki);
        assert_non_null(strstr(line, cases[i].has));
        assert_null(strstr(line, cases[i].has_not));
        free(line);
    }
    pki_free(pki);
}

static void test_list_has_a_row_for_each(void **state)
{
    (void)state;
    char *text = NULL;
    size_t len, lines = 0;
    struct population p;
    FILE *out = open_memstream(&text, &len);
    assert_int_equal(population_init(&p, 1), 0);
    truth_list(out, &p);
    population_cleanup(&p);
    assert_int_equal(fclose(out), 0);
    for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++)
        lines++;
    assert_int_equal(lines, num_behaviours() + 2);
    assert_non_null(
        strstr(text, "\n| `alert-handshake-failure` | 1 | handshake | alert-received | 220 | "));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_outcomes_are_real),
        cmocka_unit_test(test_codes_follow_from_stages),
        cmocka_unit_test(test_acts_have_what_they_need),
        cmocka_unit_test(test_rows_by_rote_say_what_they_do),
        cmocka_unit_test(test_every_phase_goes_wrong_every_way),
        cmocka_unit_test(test_every_alert),
        cmocka_unit_test(test_keys_chains_and_versions_are_all_there),
        cmocka_unit_test(test_verdicts_under_time_outs),
        cmocka_unit_test(test_verdicts_with_latency),
        cmocka_unit_test(test_patient_scanners_see_the_table),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_lines_with_latency),
        cmocka_unit_test(test_list_has_a_row_for_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
