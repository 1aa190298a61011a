/* Tables, rows and certificates of synth. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <openssl/sha.h>

#include "core/cert.h"
#include "core/judge.h"
#include "tests/tools/synth_people.h"

#define START_S INT64_C(1767225600)

/* ---- tables ---- */

static bool parse(struct synth_table *t, char err[SYNTH_ERR_MAX], const char *text, size_t len)
{
    uint8_t *octets = malloc(len + 1);
    assert_non_null(octets);
    memcpy(octets, text, len);
    return synth_table_parse(t, err, octets, len, "t");
}

static const struct {
    const char *text, *cells; /* rows end with "|", cells with ","; NULL: an error */
    const char *err;
} tables[] = {
    {"a,b\n1,2\n", "1,2,|", NULL},
    {"a,b\r\n1,2\r\n", "1,2,|", NULL},
    {"# c\n\na,b\n1\n# x,y\n\"2\"\"3\",\"4,\n5\"", "1,,|2\"3,4,\n5,|", NULL},
    {"a,b\n,\n", ",,|", NULL},
    {"[{\"a\":1,\"b\":\"x\"},{\"b\":null},{\"c\":true,\"a\":-2.5}]", "1,x,,|,,,|-2.5,,true,|",
     NULL},
    {" [ {\"a\" : \"\\u00e9\\ud83d\\ude00\\n\\\\\\\"\\/\"}]\n", "\xc3\xa9\xf0\x9f\x98\x80\n\\\"/,|",
     NULL},
    {"[{\"a\":\"1\"},{\"a\":\"\\\"\"},{\"a\":\"\\u0041\\t\"}]", "1,|\",|A\t,|", NULL},
    {"", NULL, "no rows"},
    {"a,b\n", NULL, "no rows"},
    {"[]", NULL, "no rows"},
    {"a,a\n1,2\n", NULL, "t:1: a column has the same name as another"},
    {"a\n1,2\n", NULL, "t:2: more cells than columns"},
    {"a\n\"1\n", NULL, "a quote is not closed"},
    {"a,b\n\"1\"2,3\n", NULL, "a comma or the end of the line is missing"},
    {"[{\"a\":[1]}]", NULL, "a cell is a text or a number"},
    {"[1]", NULL, "an array of objects"},
    {"[{\"a\":1}", NULL, "octet"},
    {"[{\"a\\n\":1}]", NULL, "backslash"},
};

static void reads_tables(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        struct synth_table t;
        char err[SYNTH_ERR_MAX] = "", got[256] = "";
        bool good = parse(&t, err, tables[i].text, strlen(tables[i].text));
        if (good != (tables[i].cells != NULL))
            fail_msg("%s: %s", tables[i].text, err);
        if (!good) {
            if (strstr(err, tables[i].err) == NULL)
                fail_msg("%s: %s", tables[i].text, err);
            continue;
        }
        size_t len = 0;
        for (size_t row = 0; row < t.num_rows; row++) {
            for (size_t column = 0; column < t.num_columns; column++) {
                struct bytes cell = synth_table_cell(&t, row, column);
                len += (size_t)snprintf(got + len, sizeof got - len, "%.*s,", (int)cell.len,
                                        (const char *)cell.data);
            }
            len += (size_t)snprintf(got + len, sizeof got - len, "|");
        }
        assert_string_equal(got, tables[i].cells);
        synth_table_cleanup(&t);
    }
}

static void cut_tables_end(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        for (size_t len = 0; len < strlen(tables[i].text); len++) {
            struct synth_table t;
            char err[SYNTH_ERR_MAX];
            if (parse(&t, err, tables[i].text, len))
                synth_table_cleanup(&t);
        }
}

/* ---- rows ---- */

static struct synth_people *people_of(struct synth_table *t, char err[SYNTH_ERR_MAX],
                                      const char *text)
{
    if (!parse(t, err, text, strlen(text)))
        return NULL;
    struct synth_people *p = synth_people_new(t, START_S, err);
    if (p == NULL)
        synth_table_cleanup(t);
    return p;
}

static void bad_rows_are_named(void **state)
{
    static const struct {
        const char *text, *err;
    } cases[] = {
        {"outcome\ndone/ok\n", "no column count"},
        {"count,colour\n1,red\n", "column 2, colour: no such column"},
        {"count\n-1\n", "row 1, column count"},
        {"count\n99999999999999999999\n", "row 1, column count"},
        {"count,outcome\n1,done/ok\n1,done/fine\n", "row 2, column outcome"},
        {"count,outcome\n1,done/ok/1\n", "row 1, column outcome"},
        {"count,version\n1,TLSv9\n", "row 1, column version"},
        {"count,versions\n1,TLSv1.0+\n", NULL},
        {"count,versions\n1,TLSv1.0+x\n", "row 1, column versions"},
        {"count,chain\n1,good\n", "row 1, column chain"},
        {"count,greeting\n1,\\q\n", "row 1, column greeting"},
        {"count,greeting\n1,\\xzz\n", "row 1, column greeting"},
        {"count,certs\n1,0\n", "row 1, column certs"},
        {"count,attempts\n1,a/b\n", "row 1, column attempts"},
        {"count,outcome,chain\n1,connect/timeout,valid\n", "row 1: a chain needs a handshake"},
        {"count,outcome,versions\n1,connect/timeout,none\n", "row 1: an audit needs"},
        {"count,chain,key\n1,self-signed,rsa2048\n", "row 1: a self-signed leaf"},
        {"count,address\n3,192.0.2.0/31\n", "row 1: address"},
        {"count,address\n1,192.0.2.0/31\n1,192.0.2.0/24\n", "address: two ranges overlap"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct synth_table t;
        char err[SYNTH_ERR_MAX] = "";
        struct synth_people *p = people_of(&t, err, cases[i].text);
        if ((p != NULL) != (cases[i].err == NULL) ||
            (cases[i].err != NULL && strstr(err, cases[i].err) == NULL))
            fail_msg("%s: %s", cases[i].text, err);
        if (p == NULL)
            continue;
        synth_people_free(p);
        synth_table_cleanup(&t);
    }
}

struct sent {
    size_t num;
    uint8_t der[SYNTH_SENT_MAX][SYNTH_CERT_MAX];
    size_t len[SYNTH_SENT_MAX];
};

static void keep(void *ctx, struct bytes der)
{
    struct sent *s = ctx;
    assert_true(s->num < SYNTH_SENT_MAX && der.len <= SYNTH_CERT_MAX);
    memcpy(s->der[s->num], der.data, der.len);
    s->len[s->num++] = der.len;
}

static void a_row_is_a_record(void **state)
{
    struct synth_table t;
    char err[SYNTH_ERR_MAX] = "";
    struct record r;
    struct sent sent = {0};
    uint64_t number;
    (void)state;
    struct synth_people *p =
        people_of(&t, err,
                  "count,outcome,greeting,keywords,variants,attempts,greeting_us,address\n"
                  "5,done/ok,220 mx{n}.example.com\\x00,SIZE 1;X-{n};STARTTLS,3,"
                  "greeting/throttled/451,77,192.0.2.16/28\n"
                  "2,greeting/rejected,,,,,,\n");
    assert_non_null(p);
    assert_int_equal(synth_people_count(p), 7);
    assert_false(synth_people_counted(p));
    assert_null(synth_people_at(p, &number, addr_v4(0xc000020f)));
    assert_null(synth_people_at(p, &number, addr_v4(0xc0000215)));
    const struct synth_row *row = synth_people_at(p, &number, addr_v4(0xc0000214));
    assert_int_equal(number, 4);
    synth_people_record(p, &r, row, number, 9, keep, &sent);
    assert_true(bytes_equal(r.text[TEXT_GREETING], bytes_of("220 mx1.example.com\0\r\n", 22)));
    assert_true(bytes_equal(r.text[TEXT_EHLO],
                            bytes_text("250-mx.example.com\r\n250-SIZE 1\r\n250-X-1\r\n250 "
                                       "STARTTLS\r\n")));
    assert_int_equal(r.timing_us[TIMING_GREETING], 77);
    assert_int_equal(r.num_attempts, 1);
    assert_int_equal(r.attempts[0].smtp_code, 451);
    assert_true(r.attempts[0].start_us < r.start_us && r.handshake_done);
    assert_int_equal(r.num_chain, 2);
    assert_int_equal(sent.num, 2);
    for (size_t i = 0; i < 2; i++) {
        uint8_t digest[32];
        SHA256(sent.der[i], sent.len[i], digest);
        assert_memory_equal(digest, r.chain[i], 32);
    }
    synth_people_record(p, &r, row, 0, 10, keep, &sent); /* the same leaf: not given again */
    assert_int_equal(r.num_chain, 2);
    row = synth_people_at(p, &number, addr_v4(0x0a000001));
    synth_people_record(p, &r, row, number, 1, keep, &sent);
    assert_int_equal(r.smtp_code, 554);
    assert_false(r.has_tls);
    synth_people_free(p);
    synth_table_cleanup(&t);
}

/* ---- certificates ---- */

static struct trust_store *store_of(const struct synth_pki *pki)
{
    struct trust_store *store = NULL;
    char *pem = NULL, err[TRUST_STORE_ERR_MAX];
    size_t len;
    FILE *f = open_memstream(&pem, &len);
    assert_non_null(f);
    synth_pki_roots(f, pki);
    fclose(f);
    assert_int_equal(trust_store_read(&store, err, bytes_of(pem, len), "roots", 0), 0);
    free(pem);
    return store;
}

static void chains_are_what_they_claim(void **state)
{
    static const struct {
        enum synth_chain chain;
        const char *outcome;
        int days_left;
    } cases[] = {
        {SYNTH_CHAIN_VALID, "valid", 60},
        {SYNTH_CHAIN_WRONG_NAME, "valid", 60},
        {SYNTH_CHAIN_EXPIRED, "expired", -10},
        {SYNTH_CHAIN_NOT_YET_VALID, "not-yet-valid", 100},
        {SYNTH_CHAIN_SELF_SIGNED, "self-signed", 60},
        {SYNTH_CHAIN_INCOMPLETE, "incomplete", 60},
        {SYNTH_CHAIN_COMPLETABLE, "incomplete", 60},
        {SYNTH_CHAIN_UNTRUSTED_ROOT, "untrusted-root", 60},
        {SYNTH_CHAIN_BAD_SIGNATURE, "bad-signature", 60},
        {SYNTH_CHAIN_UNPARSABLE, "unparsable", 60},
    };
    (void)state;
    struct synth_pki *pki = synth_pki_new(START_S), *again = synth_pki_new(START_S);
    struct trust_store *store = store_of(pki);
    struct judge *judge = judge_new(store, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (unsigned key = 0; key < NUM_SYNTH_KEYS; key++) {
            struct synth_leaf leaf = {
                .chain = cases[i].chain,
                .key = cases[i].chain == SYNTH_CHAIN_SELF_SIGNED ? SYNTH_KEY_P256
                                                                 : (enum synth_key_kind)key,
                .seed = 7,
                .number = key,
                .key_number = key,
                .ca = synth_pki_ca(pki, bytes_text("Org")),
                .name = bytes_text("mx.example.com"),
                .not_before = START_S + (int64_t)(cases[i].days_left - 90) * 86400 + 1,
                .not_after = START_S + (int64_t)cases[i].days_left * 86400};
            struct synth_made made, twin;
            struct chain_verdict verdict;
            synth_pki_leaf(&made, pki, &leaf);
            const struct synth_made *issuer = synth_pki_issuer(pki, &leaf);
            struct bytes sent[2] = {bytes_of(made.der, made.len)};
            if (issuer != NULL)
                sent[1] = bytes_of(issuer->der, issuer->len);
            assert_int_equal(
                judge_chain(judge, &verdict, NULL, sent, issuer != NULL ? 2 : 1, START_S), 0);
            assert_string_equal(chain_outcome_words(verdict.outcome)->slug, cases[i].outcome);
            leaf.ca = synth_pki_ca(again, bytes_text("Org"));
            synth_pki_leaf(&twin, again, &leaf);
            assert_true(bytes_equal(sent[0], bytes_of(twin.der, twin.len)));
        }
    judge_free(judge);
    trust_store_free(store);
    synth_pki_free(pki);
    synth_pki_free(again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_tables),
        cmocka_unit_test(cut_tables_end),
        cmocka_unit_test(bad_rows_are_named),
        cmocka_unit_test(a_row_is_a_record),
        cmocka_unit_test(chains_are_what_they_claim),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
