/* record: an empty one is empty, and where the enhanced status code is found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/record.h"

#define LEN(a) (sizeof(a) / sizeof *(a))

static void begins_empty(void **state)
{
    struct record r;
    (void)state;
    memset(&r, 0xa5, sizeof r);
    record_init(&r);
    for (size_t i = 0; i < NUM_TIMINGS; i++)
        assert_int_equal(r.timing_us[i], TIMING_ABSENT);
    for (size_t i = 0; i < NUM_TEXTS; i++) {
        assert_int_equal(r.text_id[i], UINT32_MAX);
        assert_int_equal(r.text[i].len, 0);
        assert_null(r.text[i].data);
    }
    assert_int_equal(r.chain_id, UINT32_MAX);
    assert_int_equal(r.stage, STAGE_NONE);
    assert_int_equal(r.cause, CAUSE_NONE);
    assert_true(r.position == 0 && r.start_us == 0 && r.addr.hi == 0 && r.addr.lo == 0);
    assert_true(r.num_chain == 0 && r.chain == NULL && r.num_alerts == 0 && r.host.len == 0 &&
                r.tag.len == 0);
    assert_false(r.has_tls || r.handshake_done || r.chain_cut);
    assert_int_equal(r.num_attempts, 0);
}

static void names_that_do_not_resolve_have_no_address(void **state)
{
    struct record r;
    (void)state;
    record_init(&r);
    r.stage = STAGE_CONNECT;
    for (unsigned cause = CAUSE_OK; cause < NUM_CAUSES; cause++) {
        r.cause = (uint8_t)cause;
        assert_int_equal(record_has_addr(&r),
                         cause != CAUSE_NO_ADDRESS && cause != CAUSE_DNS_FAILURE);
    }
}

static const struct {
    enum stage stage;
    enum text where;
    const char *text, *code; /* code NULL: none */
} cases[] = {
    {STAGE_GREETING, TEXT_GREETING, "554 5.7.1 no\r\n", "5.7.1"},
    {STAGE_GREETING, TEXT_GREETING, "421 4.3.2 busy\r\n", "4.3.2"},
    {STAGE_GREETING, TEXT_GREETING, "554-5.7.1 no\r\n554 5.7.2 no\r\n", "5.7.1"},
    {STAGE_GREETING, TEXT_GREETING, "554 5.7.1\r\n", "5.7.1"},
    {STAGE_GREETING, TEXT_GREETING, "554 5.7.1\n", "5.7.1"},
    {STAGE_GREETING, TEXT_GREETING, "554 5.7.1", "5.7.1"},
    {STAGE_GREETING, TEXT_GREETING, "554 5.711.999 no\r\n", "5.711.999"},
    {STAGE_GREETING, TEXT_GREETING, "554 5.7111.1 no\r\n", NULL},
    {STAGE_GREETING, TEXT_GREETING, "554 5.7.1111 no\r\n", NULL},
    {STAGE_GREETING, TEXT_GREETING, "554 5.7.1.1 no\r\n", NULL},
    {STAGE_GREETING, TEXT_GREETING, "554 5.7.1: no\r\n", NULL},
    {STAGE_GREETING, TEXT_GREETING, "554 5.7. no\r\n", NULL},
    {STAGE_GREETING, TEXT_GREETING, "554 5..1 no\r\n", NULL},
    {STAGE_GREETING, TEXT_GREETING, "554 3.7.1 no\r\n", NULL},
    {STAGE_GREETING, TEXT_GREETING, "554  5.7.1 no\r\n", NULL},
    {STAGE_GREETING, TEXT_GREETING, "554 x5.7.1\r\n", NULL},
    {STAGE_GREETING, TEXT_GREETING, "554 5.7", NULL},
    {STAGE_GREETING, TEXT_GREETING, "554 5.7.", NULL},
    {STAGE_GREETING, TEXT_GREETING, "554", NULL},
    {STAGE_GREETING, TEXT_GREETING, "", NULL},
    {STAGE_GREETING, TEXT_EHLO, "554 5.7.1 no\r\n", NULL},
    {STAGE_EHLO, TEXT_EHLO, "550 5.7.0 no\r\n", "5.7.0"},
    {STAGE_EHLO, TEXT_GREETING, "220 2.0.0 hi\r\n", NULL},
    {STAGE_STARTTLS, TEXT_STARTTLS, "454 4.7.0 not now\r\n", "4.7.0"},
    {STAGE_STARTTLS, TEXT_EHLO, "250 2.1.0 mx\r\n", "2.1.0"},
    {STAGE_HANDSHAKE, TEXT_STARTTLS, "220 2.0.0 ready\r\n", "2.0.0"},
    {STAGE_EHLO_TLS, TEXT_EHLO_TLS, "502 5.5.1 what\r\n", "5.5.1"},
    {STAGE_DONE, TEXT_EHLO_TLS, "250 2.0.0 fine\r\n", "2.0.0"},
    {STAGE_CONNECT, TEXT_GREETING, "554 5.7.1 no\r\n", NULL},
    {STAGE_NONE, TEXT_GREETING, "554 5.7.1 no\r\n", NULL},
    {NUM_STAGES, TEXT_GREETING, "554 5.7.1 no\r\n", NULL},
};

static void finds_enhanced_codes(void **state)
{
    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct record r;
        char code[12] = "untouched";
        size_t len = strlen(cases[i].text);
        uint8_t *exact = malloc(len > 0 ? len : 1); /* its own size: a read past the end is seen */
        assert_non_null(exact);
        memcpy(exact, cases[i].text, len);
        record_init(&r);
        r.stage = (uint8_t)cases[i].stage;
        r.text[cases[i].where] = bytes_of(exact, len);
        bool found = record_enhanced_code(code, &r);
        assert_int_equal(found, cases[i].code != NULL);
        assert_string_equal(code, found ? cases[i].code : "untouched");
        free(exact);
    }
}

static void starttls_reply_goes_before_ehlo(void **state)
{
    struct record r;
    char code[12];
    (void)state;
    record_init(&r);
    r.stage = STAGE_STARTTLS;
    r.text[TEXT_EHLO] = bytes_text("250 2.1.0 mx\r\n");
    r.text[TEXT_STARTTLS] = bytes_text("554 5.7.3 no\r\n");
    assert_true(record_enhanced_code(code, &r));
    assert_string_equal(code, "5.7.3");
    r.text[TEXT_STARTTLS] = bytes_text("554 no\r\n");
    assert_false(record_enhanced_code(code, &r));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(begins_empty),
        cmocka_unit_test(names_that_do_not_resolve_have_no_address),
        cmocka_unit_test(finds_enhanced_codes),
        cmocka_unit_test(starttls_reply_goes_before_ehlo),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
