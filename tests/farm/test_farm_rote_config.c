/* rote_config: how servers by rote are written down. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tools/farm/rote_config.h"
#include "tools/farm/rote_suites.h"

static struct rote_config good(const char *spec)
{
    char err[256];
    struct rote_config c;
    if (!rote_config_parse(&c, err, sizeof err, spec))
        fail_msg("%s: %s", spec, err);
    return c;
}

static bool list_is(const struct rote_list *list, const uint16_t *want, size_t num)
{
    return list->num == num && memcmp(list->items, want, num * sizeof want[0]) == 0;
}

#define IS(list, ...)                                                                              \
    list_is(&(list), (const uint16_t[]){__VA_ARGS__},                                              \
            sizeof(const uint16_t[]){__VA_ARGS__} / sizeof(uint16_t))

static void test_defaults(void **state)
{
    (void)state;
    struct rote_config c = good("rote:versions=tls13+ssl2");
    assert_int_equal(c.versions, 1 << ROTE_SSL2 | 1 << ROTE_TLS13);
    assert_true(rote_has_version(&c, ROTE_SSL2) && !rote_has_version(&c, ROTE_SSL3));
    assert_true(IS(c.suites[ROTE_TLS13], 0x1301, 0x1302, 0x1303));
    assert_true(IS(c.groups, 29, 23, 24));
    assert_int_equal(c.num_kinds, 7);
    assert_string_equal(c.name, "");
    assert_int_equal(c.prime->bits, 2048);
    assert_int_equal(c.refuse, ROTE_ALERT);
    assert_int_equal(c.limit, 1400);
    assert_int_equal(c.sni, ROTE_SNI_ANY);
    assert_true(c.large == ROTE_BEAR && c.split == ROTE_BEAR && !c.client_order && !c.complete);
    assert_int_equal(rote_highest(&c, ROTE_TLS13), ROTE_TLS13);
    assert_int_equal(rote_highest(&c, ROTE_TLS12), NUM_ROTE_VERSIONS);
    c = good("rote:versions=ssl3+tls12");
    assert_true(IS(c.suites[ROTE_SSL3], 0x2f, 0x35, 0xa));
    assert_int_equal(c.suites[ROTE_TLS12].num, 13);
    assert_int_equal(c.suites[ROTE_TLS11].num, 0);
}

static void test_values(void **state)
{
    (void)state;
    struct rote_config c = good(
        "rote:name=all-1;versions=ssl2+ssl3+tls10+tls11+tls12+tls13;suites=0x0004+10+0x1302+0x009c;"
        "suites.tls11=0x0005+0x009c;kinds=0x010080;order=client;groups=p256+0x11EC+x448;"
        "dh=ffdhe3072;large=reset;limit=500;split=silent;refuse=close;alert=80;sig=0x0201;"
        "sni=known;compression;scsv;ticket;sentinel;alpn;noems;noreneg");
    assert_string_equal(c.name, "all-1");
    assert_int_equal(c.versions, 63);
    assert_true(IS(c.suites[ROTE_SSL3], 4, 10));
    assert_true(IS(c.suites[ROTE_TLS10], 4, 10));
    assert_true(IS(c.suites[ROTE_TLS11], 5, 0x9c)); /* as given, whether it fits or not */
    assert_true(IS(c.suites[ROTE_TLS12], 4, 10, 0x9c));
    assert_true(IS(c.suites[ROTE_TLS13], 0x1302));
    assert_true(IS(c.groups, 23, 0x11ec, 30));
    assert_true(c.num_kinds == 1 && c.kinds[0] == 0x010080);
    assert_string_equal(c.prime->name, "ffdhe3072");
    assert_true(c.large == ROTE_RESET && c.split == ROTE_SILENCE && c.refuse == ROTE_CLOSE);
    assert_true(c.limit == 500 && c.alert == 80 && c.sigscheme == 0x0201);
    assert_int_equal(c.sni, ROTE_SNI_KNOWN);
    assert_true(c.client_order && c.compression && c.scsv && c.ticket && c.sentinel && c.alpn);
    assert_true(c.no_ems && c.no_renegotiation && !c.complete);
    c = good("rote:versions=tls13;pq;complete");
    assert_true(IS(c.groups, 0x11ec, 29, 23, 24) && c.complete);
    c = good("rote:versions=tls13;groups=p384;pq");
    assert_true(IS(c.groups, 0x11ec, 24));
    c = good("rote:versions=tls12;suites=0x1301+0x002f;");
    assert_true(IS(c.suites[ROTE_TLS12], 0x2f));
    c = good("rote:versions=tls13;suites=0x002f"); /* none of it is of TLS 1.3 */
    assert_true(IS(c.suites[ROTE_TLS13], 0x1301, 0x1302, 0x1303));
}

static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *spec, *word;
    } cases[] = {
        {"", "rote:"},
        {"rot:versions=tls12", "rote:"},
        {"rote:", "versions"},
        {"rote:suites=0x0004", "versions"},
        {"rote:versions=", "versions="},
        {"rote:versions", "'versions'"},
        {"rote:versions=tls14", "tls14"},
        {"rote:versions=tls12+", "last +"},
        {"rote:versions=tls12;;scsv", "KEY=VALUE"},
        {"rote:versions=tls12;suites=4++5", "suites"},
        {"rote:versions=tls12;suites=4x", "4x"},
        {"rote:versions=tls12;suites=0x10000", "0x10000"},
        {"rote:versions=tls12;suites=0x", "suites"},
        {"rote:versions=tls12;suites=4+4", "twice"},
        {"rote:versions=tls12;suites=0x1301", "tls12"},
        {"rote:versions=ssl3;suites=0x009c", "ssl3"},
        {"rote:versions=ssl2;suites.ssl2=4", "kinds"},
        {"rote:versions=tls12;suites.tls9=4", "tls9"},
        {"rote:versions=tls12;groups=p192", "p192"},
        {"rote:versions=tls12;groups=0x00ee", "0x00ee"},
        {"rote:versions=tls13;groups=x25519mlkem768;pq", "twice"},
        {"rote:versions=tls12;dh=1000", "1024"},
        {"rote:versions=tls12;large=yes", "yes"},
        {"rote:versions=tls12;refuse=bear", "refuse"},
        {"rote:versions=tls12;limit=16385", "16384"},
        {"rote:versions=tls12;alert=256", "255"},
        {"rote:versions=tls12;sni=some", "some"},
        {"rote:versions=tls12;order=none", "none"},
        {"rote:versions=tls12;scsv=yes", "scsv"},
        {"rote:versions=tls12;name=A", "name"},
        {"rote:versions=tls12;name=a234567890123456789012345678901234567890b", "40"},
        {"rote:versions=tls12;bogus", "bogus"},
        {"rote:versions=tls12;bogus=1", "bogus"},
        {"rote:versions=tls13;suites=0x1301;complete", "0x1303"},
        {"rote:versions=ssl2;kinds=1+2+3+4+5+6+7+8+9+10+11", "10"},
        {"rote:versions=ssl2;kinds=0x1000000", "kinds"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rote_config c;
        char err[256] = "";
        if (rote_config_parse(&c, err, sizeof err, cases[i].spec))
            fail_msg("%s is taken", cases[i].spec);
        if (strstr(err, cases[i].word) == NULL)
            fail_msg("%s: %s", cases[i].spec, err);
    }
}

static void test_lists_are_bounded(void **state)
{
    (void)state;
    static char spec[4096];
    char err[256];
    struct rote_config c;
    for (unsigned most = ROTE_SUITES_MAX; most <= ROTE_SUITES_MAX + 1U; most++) {
        size_t len = (size_t)snprintf(spec, sizeof spec, "rote:versions=tls12;suites=0xff00");
        for (unsigned i = 1; i < most; i++)
            len += (size_t)snprintf(spec + len, sizeof spec - len, "+0x%x", 0xff00 + i);
        assert_int_equal(rote_config_parse(&c, err, sizeof err, spec), most == ROTE_SUITES_MAX);
    }
    assert_non_null(strstr(err, "128"));
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(rote_version_name(ROTE_SSL2), "SSLv2");
    assert_string_equal(rote_version_name(ROTE_TLS13), "TLSv1.3");
    assert_int_equal(rote_version_code(ROTE_SSL2), 2);
    assert_int_equal(rote_version_code(ROTE_SSL3), 0x0300);
    assert_int_equal(rote_version_code(ROTE_TLS13), 0x0304);
    assert_string_equal(rote_manner_name(ROTE_SILENCE), "silent");
    assert_string_equal(rote_sni_name(ROTE_SNI_CERTIFICATE), "certificate");
    assert_int_equal(rote_group_find("p521", 4), 25);
    assert_int_equal(rote_group_find("p52", 3), 0);
    assert_true(rote_group_is_pq(0x11ed) && rote_group_is_pq(0x6399) && !rote_group_is_pq(29));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults), cmocka_unit_test(test_values),
        cmocka_unit_test(test_refusals), cmocka_unit_test(test_lists_are_bounded),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
