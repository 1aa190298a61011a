/*
 * auditing: what a record that waits is at the end, whatever ended its audits.
 */
#include "scanner/auditing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* of a session whose handshake was completed, or reset */
static struct result *first_result(bool done)
{
    struct record r;
    record_init(&r);
    r.stage = done ? STAGE_DONE : STAGE_HANDSHAKE;
    r.cause = done ? CAUSE_OK : CAUSE_RESET;
    r.has_tls = true;
    r.handshake_done = done;
    r.version = done ? 0x0303 : 0;
    r.suite = done ? 0xc02f : 0;
    r.tls_known = TLS_FLAG_TICKET;
    r.text[TEXT_GREETING] = bytes_text("220 mx.example.com ESMTP\r\n");
    struct result *result = result_new(&r, NULL, 0, true);
    assert_non_null(result);
    return result;
}

static void finish(struct audit *out, struct auditing *a)
{
    size_t size = a->result->size;
    struct result *result = auditing_finish(a);
    assert_non_null(result);
    assert_true(audit_decode(out, result->record.text[TEXT_AUDIT]));
    assert_int_equal(result->size, size + result->record.text[TEXT_AUDIT].len);
    result_free(result);
    auditing_free(a);
}

/* audits that nothing can be asked for leave the result to the caller */
static void nothing_to_ask(void **state)
{
    (void)state;
    struct result *result = first_result(true);
    struct auditing *a;
    assert_int_equal(auditing_new(&a, result, NULL, AUDIT_BIT_RESUME, 1), 0);
    assert_null(a); /* no ticket came */
    assert_int_equal(auditing_new(&a, result, NULL, AUDIT_BIT_EXPLAIN, 1), 0);
    assert_null(a); /* nothing failed */
    result_free(result);
}

/* why no further connection is made stands in the record, which is else as it was */
static void stopped(void **state)
{
    (void)state;
    static const enum cause causes[] = {CAUSE_BLOCKED, CAUSE_NET_UNREACHABLE, CAUSE_NO_ADDRESS};
    for (size_t i = 0; i < sizeof causes / sizeof causes[0]; i++) {
        struct auditing *a;
        struct audit audit;
        assert_int_equal(auditing_new(&a, first_result(true), NULL, AUDIT_BITS_LIST, 1), 0);
        assert_non_null(a);
        assert_non_null(a->hello.crafted);
        auditing_stop(a, causes[i]);
        finish(&audit, a);
        assert_int_equal(audit.stopped_stage, STAGE_CONNECT);
        assert_int_equal(audit.stopped_cause, causes[i]);
        assert_int_equal(audit.num_connections, 0);
        assert_int_equal(audit.asked, AUDIT_BITS_LIST);
        assert_int_equal(audit.version[AUDIT_TLS12], TRI_YES); /* by the first session */
        assert_int_equal(audit.version[AUDIT_TLS13], TRI_NO);
        assert_int_equal(audit.version[AUDIT_TLS10], TRI_UNKNOWN);
    }
}

/* what is left alone is freed with all that it holds */
static void left_alone(void **state)
{
    (void)state;
    struct auditing *a;
    assert_int_equal(auditing_new(&a, first_result(false), NULL, AUDIT_BITS_ALL, 1), 0);
    assert_non_null(a);
    assert_int_equal(a->connection.kind, AUDIT_KIND_EXPLAIN);
    auditing_free(a);
    auditing_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_to_ask),
        cmocka_unit_test(stopped),
        cmocka_unit_test(left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
