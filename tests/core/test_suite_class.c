/* suite_class and group_class: what each is made of, that no named one is left out, and the order
 * of the lists. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/group_class.h"
#include "core/names.h"
#include "core/suite_class.h"

struct suite_case {
    uint16_t suite;
    unsigned bits;
};

static const struct suite_case suites[] = {
    {0x0000, SUITE_SIGNAL},
    {0x00ff, SUITE_SIGNAL},
    {0x5600, SUITE_SIGNAL},
    {0x0001, SUITE_STATIC_RSA | SUITE_NULL},
    {0x0003, SUITE_STATIC_RSA | SUITE_EXPORT | SUITE_RC4},
    {0x0005, SUITE_STATIC_RSA | SUITE_RC4},
    {0x0006, SUITE_STATIC_RSA | SUITE_EXPORT | SUITE_OLD_CIPHER | SUITE_CBC},
    {0x0007, SUITE_STATIC_RSA | SUITE_OLD_CIPHER | SUITE_CBC},
    {0x0008, SUITE_STATIC_RSA | SUITE_EXPORT | SUITE_DES | SUITE_CBC},
    {0x0009, SUITE_STATIC_RSA | SUITE_DES | SUITE_CBC},
    {0x000a, SUITE_STATIC_RSA | SUITE_3DES | SUITE_CBC},
    {0x000d, SUITE_STATIC_DH | SUITE_3DES | SUITE_CBC},
    {0x0014, SUITE_DHE | SUITE_EXPORT | SUITE_DES | SUITE_CBC},
    {0x0016, SUITE_DHE | SUITE_3DES | SUITE_CBC},
    {0x0017, SUITE_ANON | SUITE_EXPORT | SUITE_RC4},
    {0x0018, SUITE_ANON | SUITE_RC4},
    {0x001e, SUITE_SHARED_KEY | SUITE_DES | SUITE_CBC},
    {0x0026, SUITE_SHARED_KEY | SUITE_EXPORT | SUITE_DES | SUITE_CBC},
    {0x002d, SUITE_SHARED_KEY | SUITE_DHE | SUITE_NULL},
    {0x002e, SUITE_SHARED_KEY | SUITE_NULL},   /* RSA_PSK: no RSA without the secret */
    {0x002f, SUITE_STATIC_RSA | SUITE_CBC},
    {0x0034, SUITE_ANON | SUITE_CBC},
    {0x0060, SUITE_STATIC_RSA | SUITE_EXPORT | SUITE_RC4},
    {0x0063, SUITE_DHE | SUITE_EXPORT | SUITE_DES | SUITE_CBC},
    {0x0066, SUITE_DHE | SUITE_RC4},
    {0x0081, SUITE_GOST},
    {0x0083, SUITE_GOST | SUITE_NULL},
    {0x0096, SUITE_STATIC_RSA | SUITE_CBC},
    {0x009c, SUITE_STATIC_RSA | SUITE_AEAD},
    {0x009e, SUITE_DHE | SUITE_AEAD},
    {0x00a6, SUITE_ANON | SUITE_AEAD},
    {0x00c6, SUITE_TLS13 | SUITE_AEAD},
    {0x1301, SUITE_TLS13 | SUITE_AEAD},
    {0x1303, SUITE_TLS13 | SUITE_AEAD},
    {0x1307, SUITE_TLS13 | SUITE_AEAD},
    {0xc001, SUITE_STATIC_DH | SUITE_CURVE | SUITE_NULL},
    {0xc007, SUITE_ECDHE | SUITE_CURVE | SUITE_RC4},
    {0xc012, SUITE_ECDHE | SUITE_CURVE | SUITE_3DES | SUITE_CBC},
    {0xc013, SUITE_ECDHE | SUITE_CURVE | SUITE_CBC},
    {0xc015, SUITE_ANON | SUITE_CURVE | SUITE_NULL},
    {0xc01b, SUITE_SHARED_KEY | SUITE_3DES | SUITE_CBC},
    {0xc02f, SUITE_ECDHE | SUITE_CURVE | SUITE_AEAD},
    {0xc037, SUITE_SHARED_KEY | SUITE_ECDHE | SUITE_CURVE | SUITE_CBC},
    {0xc0aa, SUITE_SHARED_KEY | SUITE_DHE | SUITE_AEAD},   /* PSK_DHE: so it is registered */
    {0xc0ae, SUITE_ECDHE | SUITE_CURVE | SUITE_AEAD},
    {0xc0b0, SUITE_SHARED_KEY | SUITE_AEAD},
    {0xc0b4, SUITE_TLS13 | SUITE_NULL},   /* RFC 9150: integrity alone */
    {0xc100, SUITE_GOST},
    {0xc103, SUITE_TLS13 | SUITE_AEAD},
    {0xcc13, SUITE_ECDHE | SUITE_CURVE | SUITE_AEAD},
    {0xccaa, SUITE_DHE | SUITE_AEAD},
    {0xfeff, SUITE_STATIC_RSA | SUITE_3DES | SUITE_CBC},
    {0x0a0a, 0},
    {0xffff, 0},
};

static void test_classes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++)
        assert_int_equal(suite_class(suites[i].suite), suites[i].bits);
}

/* by words of the name, told another way: a name says each class by itself */
static void test_every_name(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        unsigned bit;
    } words[] = {
        {"EXPORT", SUITE_EXPORT}, {"_RC4_", SUITE_RC4},  {"_3DES_", SUITE_3DES},
        {"_NULL", SUITE_NULL},    {"_anon_", SUITE_ANON}, {"TLS_ECDHE_", SUITE_ECDHE},
        {"TLS_DHE_", SUITE_DHE},  {"_CBC_", SUITE_CBC},   {"_GCM_", SUITE_AEAD},
        {"TLS_RSA_WITH_", SUITE_STATIC_RSA},
    };
    uint16_t suite;
    size_t i;
    for (i = 0; tls_suite_at(&suite, i); i++) {
        const char *name = tls_suite_name(suite);
        unsigned bits = suite_class(suite);
        assert_int_not_equal(bits, 0);
        for (size_t w = 0; bits != SUITE_SIGNAL && w < sizeof words / sizeof words[0]; w++)
            if (strstr(name, words[w].word) != NULL)
                assert_true(bits & words[w].bit);
        if (!(bits & (SUITE_SIGNAL | SUITE_TLS13)))   /* keys come from somewhere */
            assert_true(bits & (SUITE_STATIC_RSA | SUITE_STATIC_DH | SUITE_DHE | SUITE_ECDHE |
                                SUITE_ANON | SUITE_SHARED_KEY | SUITE_GOST));
    }
    assert_true(i > 360 && i <= SUITES_MAX);
}

static size_t place(const uint16_t *list, size_t num, uint16_t suite)
{
    for (size_t i = 0; i < num; i++)
        if (list[i] == suite)
            return i;
    fail_msg("0x%04x is not in the list", suite);
    return num;
}

static void test_order(void **state)
{
    (void)state;
    static const uint16_t weakest_first[] = {
        0xc015 /* anonymous NULL */, 0x0017 /* anonymous export RC4 */,
        0x0018 /* anonymous RC4 */,  0x0003 /* export RC4 */,
        0x0014 /* export DHE DES */, 0x0009 /* DES */,
        0x0005 /* RC4 */,            0x0066 /* DHE RC4 */,
        0x0007 /* IDEA */,           0x000a /* 3DES */,
        0xc012 /* ECDHE 3DES */,     0x002f /* AES 128 CBC */,
        0x0035 /* AES 256 CBC */,    0xc013 /* ECDHE AES 128 CBC */,
        0x009c /* AES 128 GCM */,    0x009d /* AES 256 GCM */,
        0xc02f /* ECDHE AES 128 GCM */,
    };
    uint16_t list[SUITES_MAX];
    size_t num = suite_all_legacy(list), before = 0;
    for (size_t i = 0; i < sizeof weakest_first / sizeof weakest_first[0]; i++) {
        size_t at = place(list, num, weakest_first[i]);
        assert_true(i == 0 || at > before);
        before = at;
    }
    for (size_t i = 1; i < num; i++)
        assert_true(suite_rank(list[i - 1]) <= suite_rank(list[i]));
    assert_true(suite_rank(0x1301) > suite_rank(0xc030));
}

static void test_select(void **state)
{
    (void)state;
    uint16_t legacy[SUITES_MAX], tls13[SUITES_MAX], list[SUITES_MAX], suite;
    size_t num_legacy = suite_all_legacy(legacy), num_tls13 = suite_all_tls13(tls13), all;
    for (all = 0; tls_suite_at(&suite, all);)
        all++;
    assert_int_equal(num_legacy + num_tls13 + 3, all);   /* two signals, and the null suite */
    place(tls13, num_tls13, 0x1301);
    place(tls13, num_tls13, 0x1305);
    place(tls13, num_tls13, 0x00c6);
    for (size_t i = 0; i < num_legacy; i++)
        assert_false(suite_class(legacy[i]) & (SUITE_TLS13 | SUITE_SIGNAL));

    size_t num = suite_select(list, SUITE_RC4, SUITE_EXPORT | SUITE_ANON | SUITE_SHARED_KEY);
    static const uint16_t rc4[] = {0x0004, 0x0005, 0xc002, 0xc00c, 0x0066, 0xc007, 0xc011};
    assert_int_equal(num, sizeof rc4 / sizeof rc4[0]);
    assert_memory_equal(list, rc4, sizeof rc4);
    assert_int_equal(suite_select(list, 0, 0), 0);
}

static void test_ssl2(void **state)
{
    (void)state;
    assert_string_equal(ssl2_kind_name(0), "SSL_CK_RC4_128_EXPORT40_WITH_MD5");
    assert_string_equal(ssl2_kind_name(8), "SSL_CK_DES_192_EDE3_CBC_WITH_MD5");
    assert_null(ssl2_kind_name(10));
}

static void test_groups(void **state)
{
    (void)state;
    static const struct {
        uint16_t group;
        unsigned bits;
    } cases[] = {
        {1, GROUP_TLS12},
        {19, GROUP_TLS12},
        {22, GROUP_TLS12},
        {23, GROUP_TLS12 | GROUP_TLS13},
        {26, GROUP_TLS12},
        {29, GROUP_TLS12 | GROUP_TLS13},
        {31, GROUP_TLS13},
        {41, GROUP_TLS13},
        {256, GROUP_TLS12 | GROUP_TLS13 | GROUP_FF},
        {512, GROUP_TLS13 | GROUP_PQ},
        {0x11eb, GROUP_TLS13 | GROUP_PQ},
        {0x11ec, GROUP_TLS13 | GROUP_PQ},
        {0x11ed, GROUP_TLS13 | GROUP_PQ},
        {0x6399, GROUP_TLS13 | GROUP_PQ | GROUP_DRAFT},
        {0xff01, GROUP_TLS12 | GROUP_EXPLICIT},
        {0, 0},
        {42, 0},
        {0x0a0a, 0},
        {0xffff, 0},
    };
    uint16_t list[GROUPS_MAX], group;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(group_class(cases[i].group), cases[i].bits);
    size_t num = 0, named = 0;
    for (unsigned code = 0; code <= 0xffff; code++) {   /* what has a name has bits, and vice versa */
        assert_int_equal(group_class((uint16_t)code) != 0, tls_group_name((uint16_t)code) != NULL);
        named += tls_group_name((uint16_t)code) != NULL;
    }
    while (tls_group_at(&group, num))
        num++;
    assert_int_equal(num, named);
    assert_int_equal(group_select(list, 0, 0), num);
    for (size_t i = 1; i < num; i++)
        assert_true(list[i - 1] < list[i]);

    static const uint16_t ffdhe[] = {256, 257, 258, 259, 260};
    assert_int_equal(group_select(list, GROUP_FF, 0), 5);
    assert_memory_equal(list, ffdhe, sizeof ffdhe);
    static const uint16_t hybrids[] = {512, 513, 514, 0x11eb, 0x11ec, 0x11ed, 0x11ee};
    assert_int_equal(group_select(list, GROUP_PQ | GROUP_TLS13, GROUP_DRAFT), 7);
    assert_memory_equal(list, hybrids, sizeof hybrids);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_classes), cmocka_unit_test(test_every_name),
        cmocka_unit_test(test_order),   cmocka_unit_test(test_select),
        cmocka_unit_test(test_ssl2),    cmocka_unit_test(test_groups),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
