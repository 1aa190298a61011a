/* judge_pairs: the signature of one certificate by the key of another is what libcrypto says of the
 * two as they are, asked once or often, hidden or not */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "core/judge_pairs.h"
#include "tests/core/chains.h"

static const char words[] = "leaf sub root leaf-low low leaf-rsa rsa-root self leaf-sha1 ~leaf "
                            "~sub leaf-mute mute other-root sub-fake";

struct world {
    struct chains octets;
    struct judge_cert hidden[32], shown[32];
    size_t num;
};

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    chains_add(&w->octets, words);
    w->num = w->octets.num;
    for (size_t i = 0; i < w->num; i++) {
        assert_int_equal(judge_cert_parse(&w->hidden[i], w->octets.certs[i]), 0);
        assert_int_equal(judge_cert_parse(&w->shown[i], w->octets.certs[i]), 0);
        judge_cert_hide_signature(&w->hidden[i]);
    }
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    for (size_t i = 0; i < w->num; i++) {
        judge_cert_cleanup(&w->hidden[i]);
        judge_cert_cleanup(&w->shown[i]);
    }
    free(w);
    return 0;
}

static bool by_libcrypto(const struct judge_cert *c, const struct judge_cert *issuer)
{
    EVP_PKEY *key = X509_get_pubkey(issuer->x509);
    bool good = key != NULL && X509_verify(c->x509, key) > 0;
    EVP_PKEY_free(key);
    ERR_clear_error();
    return good;
}

/* as any of them is the leaf, or none; in both orders, and again */
static void test_all_pairs(void **state)
{
    struct world *w = *state;
    struct judge_pairs *pairs = judge_pairs_new();
    unsigned num_good = 0;
    assert_non_null(pairs);
    for (size_t leaf = 0; leaf <= w->num; leaf += 5) {
        judge_pairs_begin(pairs, leaf < w->num ? &w->hidden[leaf] : NULL);
        for (size_t i = 0; i < 2 * w->num * w->num; i++) {
            size_t at = leaf % 2 == 0 ? i : 2 * w->num * w->num - 1 - i;
            size_t c = at / w->num % w->num, issuer = at % w->num;
            bool good = by_libcrypto(&w->shown[c], &w->shown[issuer]);
            enum pair_verdict got = judge_pairs_check(pairs, &w->hidden[c], &w->hidden[issuer]);
            assert_int_equal(got == PAIR_GOOD, good);
            num_good += good;
            assert_false(by_libcrypto(&w->hidden[c], &w->shown[issuer])); /* hidden again */
        }
    }
    assert_true(num_good > 40);
    judge_pairs_free(pairs);
    judge_pairs_free(NULL);
}

/* what is hidden is nothing but the signature */
static void test_hidden(void **state)
{
    struct world *w = *state;
    for (size_t i = 0; i < w->num; i++) {
        assert_int_equal(X509_cmp(w->hidden[i].x509, w->shown[i].x509), 0);
        assert_true(bytes_equal(judge_cert_der(&w->hidden[i]), w->octets.certs[i]));
        assert_int_equal(X509_get_extension_flags(w->hidden[i].x509),
                         X509_get_extension_flags(w->shown[i].x509));
    }
}

/* a signature with bits that are not used stays where it is: shown again it would be another */
static void test_odd_bits(void **state)
{
    struct world *w = *state;
    struct bytes der = w->octets.certs[2]; /* root */
    uint8_t copy[4096];
    struct judge_cert c;
    assert_true(der.len < sizeof copy);
    memcpy(copy, der.data, der.len);
    struct judge_cert *root = &w->shown[2];
    const uint8_t *signature = NULL;
    judge_cert_hide_signature(&w->hidden[2]);
    signature = w->hidden[2].signature.data;
    size_t at = (size_t)(signature - judge_cert_der(&w->hidden[2]).data);
    copy[at - 1] = 1; /* of the last octet */
    copy[der.len - 1] &= 0xfe;
    if (judge_cert_parse(&c, bytes_of(copy, der.len)) != 0)
        return; /* a libcrypto that does not even read it */
    judge_cert_hide_signature(&c);
    assert_null(c.signature.data);
    struct judge_pairs *pairs = judge_pairs_new();
    judge_pairs_begin(pairs, &c);
    assert_int_equal(judge_pairs_check(pairs, &c, root), PAIR_BAD);
    judge_pairs_free(pairs);
    judge_cert_cleanup(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_all_pairs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_hidden, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_odd_bits, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
