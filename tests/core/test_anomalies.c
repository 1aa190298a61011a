/* Anomalies of one record after the other: what boxes on the way are known to do, and what servers
 * do that looks like it and is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/anomalies.h"

#define A(name) (1U << ANOMALY_##name)

static const struct texts_case {
    const char *name, *greeting, *ehlo, *starttls, *ehlo_tls;
    uint32_t want;
} cases[] = {
    {"usual", "220 mx ESMTP\r\n", "250-mx\r\n250-SIZE\r\n250 STARTTLS\r\n", "220 go\r\n",
     "250-mx\r\n250 SIZE\r\n", 0},
    {"nothing", "", "", "", "", 0},

    {"PIX", "220 ****************************************2******20******0*00\r\n", "", "", "",
     A(GREETING_MASKED)},
    {"eight asterisks", "220 ********\r\n", "", "", "", A(GREETING_MASKED)},
    {"seven", "220 *******\r\n", "", "", "", 0},
    {"a banner with a frame", "220 ********** mx.example.com ESMTP **********\r\n", "", "", "", 0},
    {"asterisks in the second line", "220-mx.example.com\r\n220 ***********\r\n", "", "", "", 0},
    {"masked, but no greeting", "554 **************\r\n", "", "", "", 0},

    {"ASA", "", "250-mx\r\n250-PIPELINING\r\n250-XXXXXXXA\r\n250 8BITMIME\r\n", "", "",
     A(KEYWORD_MASKED) | A(STARTTLS_MASKED)},
    {"ASA, several", "", "250-mx\r\n250-XXXXXXXXXXA\r\n250-XXXXXXXB\r\n250 XXXC\r\n", "", "",
     A(KEYWORD_MASKED) | A(STARTTLS_MASKED)},
    {"X all along", "", "250-mx\r\n250 XXXXXXXX\r\n", "", "",
     A(KEYWORD_MASKED) | A(STARTTLS_MASKED)},
    {"asterisks", "", "250-mx\r\n250 ********\r\n", "", "", A(KEYWORD_MASKED) | A(STARTTLS_MASKED)},
    {"of another length", "", "250-mx\r\n250 XXXXXXXXXXXX\r\n", "", "", A(KEYWORD_MASKED)},
    {"STARTTLS is there all the same", "", "250-mx\r\n250-XXXXXXXA\r\n250 STARTTLS\r\n", "", "",
     A(KEYWORD_MASKED)},
    {"with parameters", "", "250-mx\r\n250 XXXXXXXA 10\r\n", "", "",
     A(KEYWORD_MASKED) | A(STARTTLS_MASKED)},
    {"a name like filler", "", "250-XXXXXXXX\r\n250 SIZE\r\n", "", "", 0},
    {"X as keywords have it", "", "250-mx\r\n250-X-EXPS\r\n250-XEXCH50\r\n250 XXX\r\n", "", "", 0},
    {"a digit at the end", "", "250-mx\r\n250 XXXXXXX1\r\n", "", "", 0},
    {"filler of a letter", "", "250-mx\r\n250 AAAAAAAA\r\n", "", "", 0},
    {"filler in a refusal", "", "550-mx\r\n550 XXXXXXXA\r\n", "", "", 0},

    {"EHLO garbled", "", "500 5.5.1 Command unrecognized: \"XXXX scan.example.org\"\r\n", "", "",
     A(EHLO_GARBLED)},
    {"at the beginning", "", "502 XXXX not implemented\r\n", "", "", A(EHLO_GARBLED)},
    {"at the end", "", "500 what is XXXX", "", "", A(EHLO_GARBLED)},
    {"more of them", "", "500 XXXXX\r\n", "", "", 0},
    {"in a word", "", "500 XXXXL and aXXXX\r\n", "", "", 0},
    {"EHLO refused", "", "500 5.5.1 unknown\r\n", "", "", 0},
    {"in an answer", "", "250 XXXX\r\n", "", "", 0},
    {"STARTTLS garbled", "", "", "500 5.5.1 Command unrecognized: \"XXXXXXXX\"\r\n", "",
     A(STARTTLS_GARBLED)},
    {"STARTTLS refused", "", "", "502 5.5.1 no\r\n", "", 0},

    {"again", "", "", "", "250-mx\r\n250 STARTTLS\r\n", A(STARTTLS_AGAIN)},
    {"again, refused", "", "", "", "550-mx\r\n550 STARTTLS\r\n", 0},
};

static void test_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct texts_case *c = &cases[i];
        struct record r;
        record_init(&r);
        r.text[TEXT_GREETING] = bytes_text(c->greeting);
        r.text[TEXT_EHLO] = bytes_text(c->ehlo);
        r.text[TEXT_STARTTLS] = bytes_text(c->starttls);
        r.text[TEXT_EHLO_TLS] = bytes_text(c->ehlo_tls);
        uint32_t got = anomalies_of(&r);
        if (got != c->want)
            fail_msg("%s: %x instead of %x", c->name, got, c->want);
    }
}

static void test_behind_the_220(void **state)
{
    (void)state;
    static const struct {
        enum stage stage;
        enum cause cause;
        uint32_t early_len, not_tls_len, tls_in;
        uint16_t version;
        uint8_t num_alerts;
        uint32_t want;
    } ends[] = {
        {STAGE_DONE, CAUSE_OK, 0, 0, 3000, 0x0304, 0, 0},
        {STAGE_DONE, CAUSE_OK, 7, 0, 3000, 0x0304, 0, A(EARLY_PLAINTEXT)},
        {STAGE_HANDSHAKE, CAUSE_EARLY_PLAINTEXT, 7, 0, 0, 0, 0, A(EARLY_PLAINTEXT)},
        {STAGE_HANDSHAKE, CAUSE_NOT_TLS, 0, 9, 0, 0, 0, A(NO_TLS)},
        {STAGE_HANDSHAKE, CAUSE_TIMEOUT, 0, 0, 0, 0, 0, A(TLS_SILENCE)},
        {STAGE_HANDSHAKE, CAUSE_CLOSED, 0, 0, 0, 0, 0, A(TLS_SILENCE)},
        {STAGE_HANDSHAKE, CAUSE_RESET, 0, 0, 0, 0, 0, A(TLS_SILENCE)},
        {STAGE_HANDSHAKE, CAUSE_RESET, 0, 0, 100, 0x0303, 0, 0},
        {STAGE_HANDSHAKE, CAUSE_TIMEOUT, 0, 0, 0, 0x0303, 0, 0},   /* of a file without octets */
        {STAGE_HANDSHAKE, CAUSE_TIMEOUT, 0, 0, 5, 0, 0, 0},
        {STAGE_HANDSHAKE, CAUSE_CLOSED, 0, 0, 0, 0, 1, 0},
        {STAGE_HANDSHAKE, CAUSE_ALERT_RECEIVED, 0, 0, 7, 0, 1, 0},
        {STAGE_STARTTLS, CAUSE_TIMEOUT, 0, 0, 0, 0, 0, 0},
        {STAGE_CONNECT, CAUSE_TIMEOUT, 0, 0, 0, 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        struct record r;
        record_init(&r);
        r.stage = (uint8_t)ends[i].stage;
        r.cause = (uint8_t)ends[i].cause;
        r.early_len = ends[i].early_len;
        r.not_tls_len = ends[i].not_tls_len;
        r.tls_in = ends[i].tls_in;
        r.version = ends[i].version;
        r.num_alerts = ends[i].num_alerts;
        if (anomalies_of(&r) != ends[i].want)
            fail_msg("end %zu: %x", i, anomalies_of(&r));
    }
}

/* cut anywhere, from memory of just that size: no read behind the end */
static void test_cuts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *texts[] = {cases[i].greeting, cases[i].ehlo, cases[i].starttls};
        for (size_t t = 0; t < 3; t++)
            for (size_t len = 0; len < strlen(texts[t]); len++) {
                uint8_t *copy = malloc(len + 1);
                struct record r;
                record_init(&r);
                memcpy(copy, texts[t], len);
                memset(copy + len, '*', 1);
                r.text[t == 0 ? TEXT_GREETING : t == 1 ? TEXT_EHLO : TEXT_STARTTLS] =
                    bytes_of(copy, len);
                uint32_t found = anomalies_of(&r);
                assert_true(found < 1U << NUM_ANOMALIES);
                free(copy);
            }
    }
}

static void test_words(void **state)
{
    (void)state;
    for (unsigned i = 0; i < NUM_ANOMALIES; i++) {
        assert_true(strlen(anomaly_slug((enum anomaly)i)) > 3);
        assert_true(strlen(anomaly_text((enum anomaly)i)) > 10);
        for (unsigned k = 0; k < i; k++)
            assert_string_not_equal(anomaly_slug((enum anomaly)i), anomaly_slug((enum anomaly)k));
    }
    assert_string_equal(anomaly_slug(ANOMALY_STARTTLS_AGAIN), "starttls-again");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_behind_the_220),
        cmocka_unit_test(test_cuts),
        cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
