#include "core/audit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include <cmocka.h>

#include "core/dh_primes.h"
#include "core/json_valid.h"
#include "core/names.h"
#include "core/outcome.h"
#include "core/suite_class.h"

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

/* ---- lists of audits ---- */

static void test_parse(void **state)
{
    (void)state;
    static const char some[] = "say all, or some of versions,legacy,pq,resume,sni,suites,groups";
    static const struct {
        const char *list;
        unsigned want;     /* 0: refused */
        const char *error; /* before `some` */
    } cases[] = {
        {"versions", AUDIT_BIT_VERSIONS, NULL},
        {"sni,pq", AUDIT_BIT_SNI | AUDIT_BIT_PQ, NULL},
        {"pq,pq", AUDIT_BIT_PQ, NULL},
        {"all", AUDIT_BITS_LIST, NULL},
        {"groups,all", AUDIT_BITS_LIST, NULL},
        {"versions,legacy,pq,resume,sni,suites,groups", AUDIT_BITS_LIST, NULL},
        {"", 0, "a name of an audit is missing: "},
        {"pq,", 0, "a name of an audit is missing: "},
        {",pq", 0, "a name of an audit is missing: "},
        {"explain", 0, "\"explain\" is no audit: "},
        {"PQ", 0, "\"PQ\" is no audit: "},
        {"pq, sni", 0, "\" sni\" is no audit: "},
        {"version", 0, "\"version\" is no audit: "},
        {"pq,\x1b[31m", 0, "\"\\x1B[31m\" is no audit: "},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 0,
         "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaa...\" is no audit: "},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint16_t got = 0x5555;
        char error[AUDIT_ERROR_MAX] = "", want[AUDIT_ERROR_MAX];
        assert_int_equal(audit_parse(&got, error, cases[i].list), cases[i].want != 0);
        assert_int_equal(got, cases[i].want != 0 ? cases[i].want : 0x5555);
        if (cases[i].error == NULL)
            continue;
        snprintf(want, sizeof want, "%s%s", cases[i].error, some);
        assert_string_equal(error, want);
    }
}

/* The tables say the same as the names and classes that they stand for. */
static void test_tables(void **state)
{
    (void)state;
    static const char *const versions[] = {"SSLv2",   "SSLv3",   "TLSv1.0",
                                           "TLSv1.1", "TLSv1.2", "TLSv1.3"};
    for (unsigned i = 0; i < NUM_AUDIT_VERSIONS; i++)
        assert_string_equal(tls_version_name(audit_version_code((enum audit_version)i)),
                            versions[i]);
    for (unsigned i = 0; i < NUM_AUDIT_HYBRIDS; i++)
        assert_int_equal(strcasecmp(tls_group_name(audit_hybrid_group((enum audit_hybrid)i)),
                                    audit_hybrid_slug(i)),
                         0);
    assert_int_equal(audit_class_bit(AUDIT_CLASS_3DES), SUITE_3DES);
    assert_int_equal(audit_class_bit(AUDIT_CLASS_NULL), SUITE_NULL);
    assert_int_equal(audit_class_bit(AUDIT_CLASS_STATIC_RSA), SUITE_STATIC_RSA);
    assert_string_equal(audit_kind_slug(AUDIT_KIND_EXPLAIN), "explain");
    assert_null(audit_kind_slug(NUM_AUDIT_KINDS));
    assert_null(audit_version_slug(NUM_AUDIT_VERSIONS));
    assert_null(audit_class_slug(NUM_AUDIT_CLASSES));
    assert_null(audit_hybrid_slug(NUM_AUDIT_HYBRIDS));
    assert_null(audit_order_slug(NUM_AUDIT_ORDERS));
    assert_null(audit_reply_slug(NUM_AUDIT_REPLIES));
    assert_null(tri_slug(TRI_YES + 1));
}

/* ---- encoding ---- */

static struct audit full(void)
{
    struct audit a;
    audit_init(&a);
    a.asked = AUDIT_BITS_ALL;
    a.finished = AUDIT_BITS_ALL & ~AUDIT_BIT_SUITES;
    a.stopped_stage = STAGE_GREETING;
    a.stopped_cause = CAUSE_THROTTLED;
    a.num_connections = 300;
    a.num_malformed = 2;
    for (size_t i = 0; i < NUM_AUDIT_VERSIONS; i++)
        a.version[i] = (uint8_t)(i % 3);
    a.ssl2_kinds = 0x21;
    a.fallback = TRI_YES;
    a.compression = TRI_NO;
    a.class[AUDIT_CLASS_RC4] = (struct audit_proof){TRI_YES, 0x0301, 0x0005};
    a.class[AUDIT_CLASS_DHE] = (struct audit_proof){TRI_YES, 0x0303, 0x0033};
    a.class[AUDIT_CLASS_NULL].accepted = TRI_NO;
    a.num_dh = AUDIT_DH_MAX;
    for (size_t i = 0; i < AUDIT_DH_MAX; i++)
        a.dh[i] = (struct audit_dh){0x0033, (uint16_t)(1024 * (i + 1)), DH_PRIME_OWN};
    a.hybrid[0] = TRI_YES;
    a.hybrid[1] = TRI_NO;
    a.large_intolerant = TRI_NO;
    a.ticket = TRI_YES;
    a.resumed = TRI_YES;
    a.resumed_version = 0x0304;
    for (size_t i = 0; i < NUM_AUDIT_LEAVES; i++) {
        a.leaf[i].known = true;
        memset(a.leaf[i].sha256, (int)i + 1, sizeof a.leaf[i].sha256);
    }
    a.other_leaf = TRI_YES;
    a.name_refused = TRI_NO;
    a.num_suites = a.num_groups = AUDIT_LISTS_MAX;
    for (size_t i = 0; i < AUDIT_LISTS_MAX; i++) {
        a.suites[i] = (struct audit_list){.version = (uint16_t)(0x0304 - i),
                                          .order = (uint8_t)(i % NUM_AUDIT_ORDERS),
                                          .complete = i % 2 != 0,
                                          .num = AUDIT_LIST_MAX};
        for (size_t k = 0; k < AUDIT_LIST_MAX; k++)
            a.suites[i].value[k] = (uint16_t)(0xc000 + k);
        a.groups[i] = (struct audit_list){.version = (uint16_t)(0x0304 - i), .num = 1};
        a.groups[i].value[0] = 0x11ec;
    }
    a.explain = (struct audit_reply){AUDIT_REPLY_ALERT, 0x0303, 0x0301, 0x0005, 23, 1024,
                                     DH_PRIME_MODP1024, 2,      40};
    return a;
}

static void encode(struct cbor_writer *w, const struct audit *a)
{
    cbor_writer_init(w, AUDIT_ENCODED_MAX);
    audit_encode(w, a);
    assert_false(w->bad);
}

/* Decoding gives what encodes to the same octets; each truncation, and each octet more, fails and
 * leaves the output alone. */
static void assert_round_trip(const struct audit *a)
{
    struct cbor_writer w, again;
    struct audit back, untouched;
    encode(&w, a);
    assert_true(audit_decode(&back, bytes_of(w.data, w.len)));
    encode(&again, &back);
    assert_int_equal(again.len, w.len);
    assert_memory_equal(again.data, w.data, w.len);
    memset(&back, 0x5a, sizeof back);
    memset(&untouched, 0x5a, sizeof untouched);
    for (size_t len = 0; len < w.len; len++) {
        uint8_t *cut = malloc(len + 1); /* its end is where a reader must stop */
        assert_non_null(cut);
        memcpy(cut, w.data, len);
        assert_false(audit_decode(&back, bytes_of(cut, len)));
        free(cut);
    }
    cbor_put_uint(&w, 0);
    assert_false(audit_decode(&back, bytes_of(w.data, w.len)));
    assert_memory_equal(&back, &untouched, sizeof back);
    cbor_writer_cleanup(&w);
    cbor_writer_cleanup(&again);
}

static void test_round_trip(void **state)
{
    (void)state;
    struct audit a, all = full();
    audit_init(&a);
    assert_round_trip(&a);
    a.asked = a.finished = AUDIT_BIT_VERSIONS;
    a.version[AUDIT_TLS12] = TRI_YES;
    assert_round_trip(&a);
    a.leaf[AUDIT_LEAF_ABSENT].known = true;
    assert_round_trip(&a);
    assert_round_trip(&all);
}

/* doc/audits.md gives this encoding: it does not change. */
static void test_stored(void **state)
{
    (void)state;
    static const uint8_t want[] = {0xa6, 0, 1, 1, 1, 3, 4, 5, 0x86, 1, 1, 1, 1, 2, 2, /* versions */
                                   7,    2, 8, 1}; /* fallback, compression */
    struct audit a;
    struct cbor_writer w;
    audit_init(&a);
    a.asked = a.finished = AUDIT_BIT_VERSIONS;
    a.num_connections = 4;
    memcpy(a.version, (uint8_t[]){1, 1, 1, 1, 2, 2}, NUM_AUDIT_VERSIONS);
    a.fallback = TRI_YES;
    a.compression = TRI_NO;
    encode(&w, &a);
    assert_int_equal(w.len, sizeof want);
    assert_memory_equal(w.data, want, sizeof want);
    cbor_writer_cleanup(&w);
    audit_init(&a); /* nothing: an empty map */
    encode(&w, &a);
    assert_int_equal(w.len, 1);
    assert_int_equal(w.data[0], 0xa0);
    cbor_writer_cleanup(&w);
}

static void test_hostile(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        const char *item;
        size_t len;
        bool good;
    } cases[] = {
        {"an array", "\x80", 1, false},
        {"no map", "\x01", 1, false},
        {"empty", "\xa0", 1, true},
        {"a key that is not known", "\xa1\x18\x40\x82\x01\xa1\x01\x02", 8, true},
        {"keys that descend", "\xa2\x01\x01\x00\x01", 5, false},
        {"a key twice", "\xa2\x00\x01\x00\x01", 5, false},
        {"a longer head than need be", "\xa1\x00\x18\x01", 4, false},
        {"a tri of 3", "\xa1\x07\x03", 3, false},
        {"a row that is too short", "\xa1\x05\x85\x00\x00\x00\x00\x02", 8, false},
        {"a row of a later version", "\xa1\x05\x87\x00\x00\x00\x00\x02\x02\x02", 10, true},
        {"a row of 33", "\xa1\x05\x98\x21", 4, false},
        {"stopped by nothing", "\xa1\x02\x82\x02\x00", 5, false},
        {"too many sizes of DH", "\xa1\x0a\x85\x83\0\0\0\x83\0\0\0\x83\0\0\0\x83\0\0\0\x83\0\0\0",
         23, false},
        {"a leaf that is too short", "\xa1\x10\xa1\x01\x41\x00", 6, false},
        {"a leaf of another kind", "\xa1\x10\xa1\x05\x41\x00", 6, true},
        {"six lists",
         "\xa1\x13\x86\x84\0\0\xf4\x80\x84\0\0\xf4\x80\x84\0\0\xf4\x80\x84\0\0\xf4\x80"
         "\x84\0\0\xf4\x80\x84\0\0\xf4\x80",
         33, false},
        {"a list of a later version", "\xa1\x13\x81\x85\0\0\xf4\x80\xa0", 9, true},
        {"129 values", "\xa1\x13\x81\x84\0\0\xf4\x98\x81", 9, false},
        {"a value over 16 bits", "\xa1\x13\x81\x84\0\0\xf4\x81\x1a\0\x01\0\0", 13, false},
        {"explained by nothing", "\xa1\x15\x89\0\0\0\0\0\0\0\0\0", 12, false},
        {"a reply of a later version", "\xa1\x15\x89\x18\x63\0\0\0\0\0\0\0\0", 13, true},
    };
    struct audit a;
    for (size_t i = 0; i < COUNT(cases); i++) {
        print_message("%s\n", cases[i].what);
        assert_int_equal(audit_decode(&a, bytes_of(cases[i].item, cases[i].len)), cases[i].good);
    }
    uint8_t *large = calloc(1, AUDIT_ENCODED_MAX + 1); /* a map with a text that is too long */
    assert_non_null(large);
    memcpy(large, "\xa1\x18\x63\x59\x3f\xfa", 6); /* 6 + 16378 = 16384 */
    assert_true(audit_decode(&a, bytes_of(large, AUDIT_ENCODED_MAX)));
    memcpy(large, "\xa1\x18\x63\x59\x3f\xfb", 6);
    assert_false(audit_decode(&a, bytes_of(large, AUDIT_ENCODED_MAX + 1)));
    free(large);
}

/* ---- JSON ---- */

static void assert_json(const struct audit *a, const char *want)
{
    struct json j;
    json_init(&j);
    audit_json(&j, a);
    assert_false(j.bad);
    assert_true(json_is_valid(bytes_of(j.text, j.len)));
    if (want != NULL) {
        char *text = malloc(j.len + 1);
        assert_non_null(text);
        memcpy(text, j.text, j.len);
        text[j.len] = '\0';
        assert_string_equal(text, want);
        free(text);
    }
    json_cleanup(&j);
}

static void test_json(void **state)
{
    (void)state;
    struct audit a, all = full();
    audit_init(&a);
    assert_json(&a, "{\"asked\":[],\"finished\":[],\"connections\":0}");
    a.asked = AUDIT_BIT_VERSIONS | AUDIT_BIT_RESUME;
    a.finished = AUDIT_BIT_RESUME;
    a.num_connections = 3;
    a.stopped_stage = STAGE_EHLO;
    a.stopped_cause = CAUSE_TIMEOUT;
    a.version[AUDIT_TLS12] = TRI_YES;
    a.version[AUDIT_SSL3] = TRI_NO;
    a.ssl2_kinds = 1;
    a.ticket = TRI_NO;
    a.resumed = TRI_NO;
    assert_json(&a,
                "{\"asked\":[\"versions\",\"resume\"],\"finished\":[\"resume\"],\"connections\":3,"
                "\"stopped\":{\"stage\":\"ehlo\",\"cause\":\"timeout\"},"
                "\"versions\":{\"ssl2\":\"unknown\",\"ssl3\":\"no\",\"tls1_0\":\"unknown\","
                "\"tls1_1\":\"unknown\",\"tls1_2\":\"yes\",\"tls1_3\":\"unknown\"},"
                "\"fallback_scsv\":\"unknown\",\"compression\":\"unknown\","
                "\"ssl2_kinds\":[\"SSL_CK_RC4_128_EXPORT40_WITH_MD5\"],"
                "\"resume\":{\"ticket\":\"no\",\"resumed\":\"no\"}}");
    assert_json(&all, NULL);
}

static void test_json_lists(void **state)
{
    (void)state;
    struct audit a;
    audit_init(&a);
    a.asked = AUDIT_BIT_GROUPS | AUDIT_BIT_LEGACY | AUDIT_BIT_PQ;
    a.num_groups = 1;
    a.groups[0] = (struct audit_list){.version = 0x0304,
                                      .order = AUDIT_ORDER_SERVER,
                                      .complete = true,
                                      .num = 2,
                                      .value = {0x11ec, 0x9999}};
    a.class[AUDIT_CLASS_RC4] = (struct audit_proof){TRI_YES, 0x0301, 0x0005};
    a.num_dh = 1;
    a.dh[0] = (struct audit_dh){0x0033, 1024, DH_PRIME_MODP1024};
    a.hybrid[AUDIT_HYBRID_X25519MLKEM768] = TRI_YES;
    assert_json(&a,
                "{\"asked\":[\"legacy\",\"pq\",\"groups\"],\"finished\":[],\"connections\":0,"
                "\"legacy\":{\"export\":{\"accepted\":\"unknown\"},\"rc4\":{\"accepted\":\"yes\","
                "\"version\":\"TLSv1.0\",\"suite\":\"TLS_RSA_WITH_RC4_128_SHA\"},"
                "\"3des\":{\"accepted\":\"unknown\"},\"null\":{\"accepted\":\"unknown\"},"
                "\"anonymous\":{\"accepted\":\"unknown\"},\"dhe\":{\"accepted\":\"unknown\"},"
                "\"static_rsa\":{\"accepted\":\"unknown\"}},"
                "\"dh\":[{\"suite\":\"TLS_DHE_RSA_WITH_AES_128_CBC_SHA\",\"dh_bits\":1024,"
                "\"dh_prime\":\"oakley2-modp1024\"}],"
                "\"pq\":{\"x25519mlkem768\":\"yes\",\"secp256r1mlkem768\":\"unknown\","
                "\"secp384r1mlkem1024\":\"unknown\",\"large_hello_intolerant\":\"unknown\"},"
                "\"groups\":[{\"version\":\"TLSv1.3\",\"order\":\"server\",\"complete\":true,"
                "\"accepted\":[\"X25519MLKEM768\",\"0x9999\"]}]}");
}

static void test_json_sni_explain(void **state)
{
    (void)state;
    struct audit a;
    audit_init(&a);
    a.asked = AUDIT_BIT_SNI | AUDIT_BIT_EXPLAIN;
    a.leaf[AUDIT_LEAF_WITH].known = true;
    memset(a.leaf[AUDIT_LEAF_WITH].sha256, 0xab, 32);
    a.name_refused = TRI_YES;
    a.explain = (struct audit_reply){
        .kind = AUDIT_REPLY_ALERT, .offered = 0x0303, .alert_level = 2, .alert_number = 40};
    assert_json(&a, "{\"asked\":[\"sni\",\"explain\"],\"finished\":[],\"connections\":0,\"sni\":{"
                    "\"leaf_with\":"
                    "\"abababababababababababababababababababababababababababababababab\","
                    "\"other_leaf\":\"unknown\",\"name_refused\":\"yes\"},"
                    "\"explain\":{\"reply\":\"alert\",\"offered\":\"TLSv1.2\","
                    "\"alert\":{\"level\":2,\"number\":40,\"name\":\"handshake_failure\"}}}");
    a.explain = (struct audit_reply){.kind = 99,
                                     .offered = 0x0303,
                                     .version = 0x0303,
                                     .suite = 0xeeee,
                                     .dh_bits = 512,
                                     .dh_prime = 250,
                                     .alert_level = 1,
                                     .alert_number = 200};
    a.asked = AUDIT_BIT_EXPLAIN;
    assert_json(&a, "{\"asked\":[\"explain\"],\"finished\":[],\"connections\":0,"
                    "\"explain\":{\"reply\":\"unknown\",\"offered\":\"TLSv1.2\","
                    "\"version\":\"TLSv1.2\",\"suite\":\"0xeeee\",\"dh_bits\":512,"
                    "\"dh_prime\":\"unknown\",\"alert\":{\"level\":1,\"number\":200}}}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),      cmocka_unit_test(test_tables),
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_stored),
        cmocka_unit_test(test_hostile),    cmocka_unit_test(test_json),
        cmocka_unit_test(test_json_lists), cmocka_unit_test(test_json_sni_explain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
