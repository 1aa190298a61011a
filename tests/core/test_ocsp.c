/* ocsp: one outcome for each response, whatever it says; and hostile DER that says nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/json_valid.h"
#include "core/ocsp.h"
#include "tests/core/ocsp_make.h"

#define DAY 86400
enum { JAN_1 = 1767225600 /* 2026-01-01 */, JAN_4 = JAN_1 + 3 * DAY, JAN_8 = JAN_1 + 7 * DAY };

#define DELEGATE                                                                                   \
    {                                                                                              \
        "responder", "ca", MADE_RESPONDER, MADE_CA, 9, NULL, NULL, true, MADE_OCSP_SIGNING         \
    }
#define BY_DELEGATE .responder = "responder", .signer = MADE_RESPONDER, .num_certs = 1

static const struct made_cert leaf_cert = {"mx.example.com", "ca", MADE_LEAF, MADE_CA, .serial = 7};
static const struct made_cert issuers[] = {
    {"ca", "ca", MADE_CA, MADE_CA, .serial = 1},
    {"other ca", "other ca", MADE_OTHER_CA, MADE_OTHER_CA, .serial = 2},
    {"ca", "ca", MADE_OTHER_CA, MADE_OTHER_CA, .serial = 3},
};

enum issuer { THE_ISSUER, ANOTHER, A_NAMESAKE, NO_ISSUER };

struct ocsp_case {
    const char *what;
    struct made_response in;
    int64_t time_s; /* 0: JAN_4 */
    enum issuer issuer;
    enum ocsp_outcome outcome;
    enum ocsp_answer this_cert, signature, fresh, begun;
    enum ocsp_fault fault;
};

#define FINE    OCSP_YES, OCSP_YES, OCSP_YES, OCSP_YES, OCSP_FAULT_NONE
#define NOTHING OCSP_UNTOLD, OCSP_UNTOLD, OCSP_UNTOLD, OCSP_UNTOLD, OCSP_FAULT_NONE
#define OTHERS  OCSP_NO, OCSP_YES, OCSP_YES, OCSP_YES, OCSP_FAULT_NONE
#define UNTOLD  OCSP_UNTOLD, OCSP_UNTOLD, OCSP_YES, OCSP_YES, OCSP_FAULT_NONE
#define BAD(f)  OCSP_YES, OCSP_NO, OCSP_YES, OCSP_YES, OCSP_FAULT_##f

static const struct ocsp_case cases[] = {
#include "tests/core/ocsp_cases.inc"
};

static void discard(struct bytes made)
{
    free((void *)(uintptr_t)made.data);
}

struct made {
    struct bytes staple, leaf, issuer;
};

static struct made make(const struct made_response *in, enum issuer issuer)
{
    struct made m = {make_response(in), make_cert(&leaf_cert), {0}};
    if (issuer != NO_ISSUER)
        m.issuer = make_cert(&issuers[issuer]);
    return m;
}

static void unmake(const struct made *m)
{
    discard(m->staple);
    discard(m->leaf);
    discard(m->issuer);
}

static void every_response_has_its_outcome(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct ocsp_case *c = &cases[i];
        struct made m = make(&c->in, c->issuer);
        struct ocsp_judgement j;
        print_message("%s\n", c->what);
        ocsp_judge(&j, m.staple, m.leaf, m.issuer, c->time_s != 0 ? c->time_s : JAN_4);
        assert_string_equal(ocsp_outcome_slug(j.outcome), ocsp_outcome_slug(c->outcome));
        assert_int_equal(j.this_cert, c->this_cert);
        assert_int_equal(j.signature, c->signature);
        assert_int_equal(j.fresh, c->fresh);
        assert_int_equal(j.begun, c->begun);
        assert_string_equal(ocsp_fault_slug(j.fault), ocsp_fault_slug(c->fault));
        assert_int_equal(j.signer, c->signature != OCSP_YES         ? OCSP_BY_NOBODY
                                   : c->in.signer == MADE_RESPONDER ? OCSP_BY_DELEGATE
                                                                    : OCSP_BY_ISSUER);
        unmake(&m);
    }
}

/* The outcomes of the table are all met: none is there for show. */
static void every_outcome_and_fault_is_met(void **state)
{
    (void)state;
    unsigned outcomes = 1u << OCSP_ABSENT, faults = 0;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        outcomes |= 1u << cases[i].outcome;
        faults |= 1u << cases[i].fault;
    }
    assert_int_equal(outcomes, (1u << NUM_OCSP_OUTCOMES) - 2);
    assert_int_equal(faults, (1u << NUM_OCSP_FAULTS) - 1);
}

static void facts_of_an_answer(void **state)
{
    (void)state;
    static const uint8_t list[] = {0, 3, 0, 1, 9};
    struct made m = make(&(struct made_response){.by_key = true,
                                                 .singles = {{.status = MADE_REVOKED,
                                                              .reason = 1,
                                                              .sha256 = true,
                                                              .sct_list = {list, sizeof list}}}},
                         THE_ISSUER);
    struct ocsp_judgement j;
    ocsp_judge(&j, m.staple, m.leaf, m.issuer, JAN_4);
    assert_int_equal(j.cert_status, OCSP_CERT_REVOKED);
    assert_int_equal(j.revoked_at, JAN_1 - 8 * DAY + 18 * 3600);
    assert_string_equal(ocsp_reason_name(j.reason), "keyCompromise");
    assert_int_equal(j.produced_at, JAN_1 + 1);
    assert_int_equal(j.this_update, JAN_1);
    assert_true(j.has_next_update);
    assert_int_equal(j.next_update, JAN_8);
    assert_string_equal(j.hash_alg, "SHA-256");
    assert_string_equal(j.sig_alg, "Ed25519");
    assert_int_equal(j.responder_key.len, 20);
    assert_int_equal(j.responder_name.len, 0);
    assert_int_equal(j.num_singles, 1);
    assert_int_equal(j.num_certs, 0);
    assert_true(bytes_equal(j.sct_list, bytes_of(list, sizeof list)));
    unmake(&m);
}

static void assert_json(const struct ocsp_judgement *judgement, const char *want)
{
    struct json j;
    json_init(&j);
    ocsp_json(&j, judgement);
    assert_false(j.bad);
    assert_true(json_is_valid(bytes_of(j.text, j.len)));
    if (!bytes_equal(bytes_of(j.text, j.len), bytes_text(want)))
        fail_msg("%.*s", (int)j.len, j.text);
    json_cleanup(&j);
}

static void as_json(void **state)
{
    (void)state;
    static const struct {
        struct made_response in;
        enum issuer issuer;
        const char *json;
    } json_cases[] = {
        {{0},
         THE_ISSUER,
         "{\"outcome\":\"good\",\"response_status\":\"successful\",\"this_certificate\":true,"
         "\"hash\":\"SHA-1\",\"cert_status\":\"good\",\"this_update\":\"2026-01-01T00:00:00Z\","
         "\"next_update\":\"2026-01-08T00:00:00Z\",\"begun\":true,\"fresh\":true,"
         "\"produced_at\":\"2026-01-01T00:00:01Z\","
         "\"responder_name\":\"300d310b300906035504030c026361\",\"sig_alg\":\"Ed25519\","
         "\"signature\":true,\"signer\":\"issuer\",\"answers\":1}"},
        {{.by_key = true,
          .spoil_signature = true,
          .singles = {{.status = MADE_REVOKED, .reason = 99, .next_update = ""}}},
         THE_ISSUER,
         "{\"outcome\":\"bad-signature\",\"response_status\":\"successful\","
         "\"this_certificate\":true,\"hash\":\"SHA-1\",\"cert_status\":\"revoked\","
         "\"revoked_at\":\"2025-12-24T18:00:00Z\",\"reason\":99,"
         "\"this_update\":\"2026-01-01T00:00:00Z\",\"begun\":true,"
         "\"produced_at\":\"2026-01-01T00:00:01Z\","
         "\"responder_key\":\"9ad19e0f16eef714cb90c6f195dbce66e94580f9\",\"sig_alg\":\"Ed25519\","
         "\"signature\":false,\"fault\":\"wrong-signature\",\"answers\":1}"},
        {{.status = 3},
         THE_ISSUER,
         "{\"outcome\":\"error-status\",\"response_status\":\"tryLater\"}"},
        {{.status = 4}, THE_ISSUER, "{\"outcome\":\"error-status\",\"response_status\":4}"},
        {{.trailing = true}, THE_ISSUER, "{\"outcome\":\"unparsable\"}"},
        {{.num_singles = NO_SINGLES, .other_algorithm = true},
         NO_ISSUER,
         "{\"outcome\":\"not-this-certificate\",\"response_status\":\"successful\","
         "\"produced_at\":\"2026-01-01T00:00:01Z\","
         "\"responder_name\":\"300d310b300906035504030c026361\",\"sig_alg\":\"Ed448\","
         "\"answers\":0}"},
    };
    for (size_t i = 0; i < sizeof json_cases / sizeof *json_cases; i++) {
        struct made m = make(&json_cases[i].in, json_cases[i].issuer);
        struct ocsp_judgement j;
        ocsp_judge(&j, m.staple, m.leaf, m.issuer, JAN_4);
        assert_json(&j, json_cases[i].json);
        unmake(&m);
    }
}

static void absent(void **state)
{
    (void)state;
    struct ocsp_judgement j;
    ocsp_judge(&j, bytes_of(NULL, 0), bytes_of(NULL, 0), bytes_of(NULL, 0), JAN_4);
    assert_int_equal(j.outcome, OCSP_ABSENT);
    assert_json(&j, "{\"outcome\":\"absent\"}");
}

static void a_leaf_that_cannot_be_read_is_told_nothing(void **state)
{
    (void)state;
    struct made m = make(&(struct made_response){0}, THE_ISSUER);
    struct ocsp_judgement j;
    ocsp_judge(&j, m.staple, bytes_of(NULL, 0), m.issuer, JAN_4);
    assert_int_equal(j.outcome, OCSP_UNVERIFIED);
    ocsp_judge(&j, m.staple, bytes_of(m.leaf.data, m.leaf.len - 70), m.issuer, JAN_4);
    assert_int_equal(j.outcome, OCSP_UNVERIFIED);
    assert_int_equal(j.this_cert, OCSP_UNTOLD);
    assert_int_equal(j.signature, OCSP_UNTOLD);
    unmake(&m);
}

/* Cut anywhere it is unparsable; with any octet changed it may be anything but good. */
static void cut_and_changed(void **state)
{
    (void)state;
    struct made m = make(&(struct made_response){BY_DELEGATE, .certs = {DELEGATE}}, THE_ISSUER);
    struct ocsp_judgement j;
    for (size_t len = 1; len < m.staple.len; len++) {
        uint8_t *cut = malloc(len); /* its own size: a read past the end is seen */
        assert_non_null(cut);
        memcpy(cut, m.staple.data, len);
        ocsp_judge(&j, bytes_of(cut, len), m.leaf, m.issuer, JAN_4);
        assert_int_equal(j.outcome, OCSP_UNPARSABLE);
        free(cut);
    }
    uint8_t *changed = malloc(m.staple.len);
    assert_non_null(changed);
    for (size_t at = 0; at < m.staple.len; at++) {
        memcpy(changed, m.staple.data, m.staple.len);
        changed[at] ^= 0x15;
        ocsp_judge(&j, bytes_of(changed, m.staple.len), m.leaf, m.issuer, JAN_4);
        if (j.outcome == OCSP_GOOD)
            fail_msg("good with octet %zu changed", at);
    }
    free(changed);
    unmake(&m);
}

static void names_of_numbers(void **state)
{
    (void)state;
    assert_string_equal(ocsp_status_name(6), "unauthorized");
    assert_null(ocsp_status_name(4));
    assert_null(ocsp_status_name(7));
    assert_string_equal(ocsp_reason_name(10), "aACompromise");
    assert_null(ocsp_reason_name(7));
    assert_null(ocsp_reason_name(11));
    assert_null(ocsp_reason_name(-1));
    assert_string_equal(ocsp_outcome_slug(0), "unknown-code");
    assert_string_equal(ocsp_outcome_slug(NUM_OCSP_OUTCOMES), "unknown-code");
    assert_string_equal(ocsp_outcome_text(OCSP_GOOD), "the certificate is not revoked");
    assert_string_equal(ocsp_fault_slug(OCSP_FAULT_NONE), "none");
    assert_string_equal(ocsp_fault_text(NUM_OCSP_FAULTS), "a code that this version does not know");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_response_has_its_outcome),
        cmocka_unit_test(every_outcome_and_fault_is_met),
        cmocka_unit_test(facts_of_an_answer),
        cmocka_unit_test(as_json),
        cmocka_unit_test(absent),
        cmocka_unit_test(a_leaf_that_cannot_be_read_is_told_nothing),
        cmocka_unit_test(cut_and_changed),
        cmocka_unit_test(names_of_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
