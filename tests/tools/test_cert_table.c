#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>
#include <openssl/sha.h>

#include "tests/tools/synth.h"
#include "tools/cert_table.h"

struct made {
    uint8_t der[SYNTH_DER_MAX], sha256[32];
    size_t len;
};

static void make(struct made *m, const char *org, uint32_t number, bool garbage)
{
    struct synth_cert c = {.issuer_org = org,
                           .issuer_cn = "CN",
                           .not_after = 1000,
                           .key = SYNTH_P256,
                           .key_number = number,
                           .garbage = garbage};
    m->len = synth_der(m->der, &c);
    SHA256(m->der, m->len, m->sha256);
}

static uint32_t learn(struct cert_table *t, const struct made *m)
{
    return cert_table_learn(t, m->sha256, bytes_of(m->der, m->len));
}

static void facts_come_before_or_after_the_name(void **state)
{
    (void)state;
    struct cert_table t;
    struct made a, b, bad;
    make(&a, "A", 1, false);
    make(&b, NULL, 2, false);
    make(&bad, "C", 3, true);
    cert_table_init(&t);
    uint32_t first = cert_table_find(&t, a.sha256);
    assert_int_equal(t.entries[first].state, CERT_UNSEEN);
    assert_int_equal(t.entries[first].issuer, WORD_NONE);
    assert_int_equal(learn(&t, &a), first);
    assert_int_equal(t.entries[first].state, CERT_PARSED);
    assert_int_equal(t.entries[first].not_after, 1000);
    struct bytes curve = t.algorithms.words[t.entries[first].curve].text;
    assert_true(bytes_equal(curve, bytes_text("P-256")));
    uint32_t second = learn(&t, &b);
    assert_int_equal(cert_table_find(&t, b.sha256), second);
    assert_true(bytes_equal(t.issuers.words[t.entries[first].issuer].text, bytes_text("A")));
    assert_true(bytes_equal(t.issuers.words[t.entries[second].issuer].text, bytes_text("CN")));
    uint32_t third = learn(&t, &bad);
    assert_int_equal(t.entries[third].state, CERT_UNPARSABLE);
    assert_int_equal(t.num, 3);
    assert_false(t.bad);
    cert_table_cleanup(&t);
}

static void many_are_found_again(void **state)
{
    (void)state;
    struct cert_table t;
    cert_table_init(&t);
    for (unsigned round = 0; round < 2; round++)
        for (uint32_t i = 0; i < 5000; i++) {
            uint8_t sha256[32];
            SHA256((const uint8_t *)&i, sizeof i, sha256);
            assert_int_equal(cert_table_find(&t, sha256), i);
        }
    assert_int_equal(t.num, 5000);
    cert_table_cleanup(&t);
}

/* facts are in either part or in both: merged either way, nothing is lost */
static void merged_parts_are_the_whole(void **state)
{
    (void)state;
    for (unsigned knows = 0; knows < 4; knows++) {
        struct cert_table a, b;
        struct made pad, m;
        uint32_t indexes[2];
        make(&pad, "Z", 8, false);
        make(&m, "A", 9, false);
        cert_table_init(&a);
        cert_table_init(&b);
        learn(&a, &pad); /* so that indexes differ */
        uint32_t in_a = knows & 1 ? learn(&a, &m) : cert_table_find(&a, m.sha256);
        uint32_t in_b = knows & 2 ? learn(&b, &m) : cert_table_find(&b, m.sha256);
        cert_table_merge(&a, indexes, &b);
        assert_int_equal(indexes[in_b], in_a);
        assert_int_equal(a.num, 2);
        assert_int_equal(a.entries[in_a].state, knows == 0 ? CERT_UNSEEN : CERT_PARSED);
        assert_int_equal(a.num_keys, knows == 0 ? 1 : 2);
        assert_int_equal(a.entries[in_a].key, knows == 0 ? CERT_NONE : 1);
        if (knows != 0)
            assert_true(bytes_equal(a.issuers.words[a.entries[in_a].issuer].text, bytes_text("A")));
        cert_table_cleanup(&a);
        cert_table_cleanup(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(facts_come_before_or_after_the_name),
        cmocka_unit_test(many_are_found_again),
        cmocka_unit_test(merged_parts_are_the_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
