/* geo: country and AS of an address, from small databases of all makers (tests/data/mmdb). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <maxminddb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "benchmarks/big_mmdb.h"
#include "tests/core/mmdb_files.h"
#include "tools/geo.h"

#define LENGTH(a) (sizeof(a) / sizeof(a)[0])

enum { NAME_LEN = 300 };

static const char *path_of(char out[NAME_LEN], const char *name)
{
    if (name != NULL)
        snprintf(out, NAME_LEN, "%s/mmdb/%s", TEST_DATA, name);
    return name != NULL ? out : NULL;
}

static struct geo *open_good(const char *country, const char *as)
{
    struct geo *g = NULL;
    char err[GEO_ERR_MAX] = "", a[NAME_LEN], b[NAME_LEN];
    if (geo_open(&g, err, path_of(a, country), path_of(b, as)) != 0)
        fail_msg("%s", err);
    assert_string_equal(err, "");
    return g;
}

static struct addr addr_of(const char *text)
{
    struct addr a;
    assert_true(addr_parse(&a, text, strlen(text)));
    return a;
}

static struct geo_place place_of(const struct geo *g, const char *addr)
{
    struct geo_place p;
    geo_find(g, &p, addr_of(addr));
    return p;
}

/* ---- look-ups ---- */

static const char *const addrs[] = {
    "192.0.2.1",   "192.0.2.127", "192.0.2.128",    "198.51.100.9",   "203.0.113.7",
    "203.0.113.8", "203.0.113.9", "203.0.113.10",   "2001:db8:1::25", "2001:db8::25",
    "::",          "ffff::",      "255.255.255.255"};

static void countries(void **state)
{
    (void)state;
    static const struct {
        const char *file, *schema;
        const char *country[LENGTH(addrs)];
    } cases[] = {
        {"country-maxmind.mmdb",
         "country.iso_code, registered_country.iso_code",
         {"DE", "DE", "", "CH", "", "", "AT", "", "NL", "", "", "", ""}},
        {"country-dbip.mmdb",
         "country.iso_code, registered_country.iso_code",
         {"DE", "DE", "", "CH", "", "", "AT", "", "NL", "", "", "", ""}},
        {"country-ipinfo.mmdb",
         "country",
         {"DE", "DE", "", "CH", "", "", "AT", "", "NL", "", "", "", ""}},
        {"lite-ipinfo.mmdb",
         "country_code",
         {"DE", "DE", "", "CH", "", "", "AT", "", "NL", "", "", "", ""}},
        {"country-flat-v4.mmdb",
         "country_code",
         {"DE", "DE", "", "CH", "", "", "AT", "", "", "", "", "", ""}},
        {"enterprise.mmdb",
         "country.iso_code, registered_country.iso_code",
         {"DE", "DE", "", "", "", "", "", "", "", "", "", "", ""}},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct geo *g = open_good(cases[i].file, NULL);
        struct geo_facts f;
        assert_true(geo_describe(g, &f, GEO_COUNTRY));
        assert_string_equal(f.schema, cases[i].schema);
        for (size_t k = 0; k < LENGTH(addrs); k++) {
            struct geo_place p = place_of(g, addrs[k]);
            if (strcmp(p.country, cases[i].country[k]) != 0)
                fail_msg("%s: %s is in \"%s\"", cases[i].file, addrs[k], p.country);
            assert_int_equal(p.as_number, 0);
            assert_int_equal(p.as_name.len, 0);
        }
        geo_close(g);
    }
}

static void numbers(void **state)
{
    (void)state;
    static const struct {
        const char *file, *schema, *name; /* of 192.0.2.1 */
        uint32_t as[LENGTH(addrs)];
    } cases[] = {
        {"asn.mmdb",
         "autonomous_system_number",
         "Example One",
         {64496, 64496, 0, 64497, 4294967294, 0, 0, 0, 64498, 0, 0, 0, 0}},
        {"asn-28.mmdb",
         "autonomous_system_number",
         "Example One",
         {64496, 64496, 0, 64497, 4294967294, 0, 0, 0, 64498, 0, 0, 0, 0}},
        {"asn-32.mmdb",
         "autonomous_system_number",
         "Example One",
         {64496, 64496, 0, 64497, 4294967294, 0, 0, 0, 64498, 0, 0, 0, 0}},
        {"asn-v4.mmdb",
         "autonomous_system_number",
         "Example One",
         {64496, 64496, 0, 64497, 4294967294, 0, 0, 0, 0, 0, 0, 0, 0}},
        {"ipinfo.mmdb",
         "asn",
         "Example One",
         {64496, 64496, 0, 64497, 4294967294, 0, 0, 0, 64498, 0, 0, 0, 0}},
        {"lite-ipinfo.mmdb",
         "asn",
         "Example One",
         {64496, 64496, 0, 64497, 0, 0, 0, 0, 64498, 0, 0, 0, 0}},
        {"enterprise.mmdb",
         "traits.autonomous_system_number",
         "",
         {64496, 64496, 0, 64497, 0, 0, 0, 0, 0, 0, 0, 0, 0}},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct geo *g = open_good(NULL, cases[i].file);
        struct geo_facts f;
        assert_true(geo_describe(g, &f, GEO_AS));
        assert_string_equal(f.schema, cases[i].schema);
        for (size_t k = 0; k < LENGTH(addrs); k++) {
            struct geo_place p = place_of(g, addrs[k]);
            if (p.as_number != cases[i].as[k])
                fail_msg("%s: %s is in %u", cases[i].file, addrs[k], p.as_number);
            assert_string_equal(p.country, "");
            assert_true(p.as_number != 0 || p.as_name.len == 0);
        }
        assert_true(bytes_equal(place_of(g, addrs[0]).as_name, bytes_text(cases[i].name)));
        geo_close(g);
    }
}

static void mapped(void **state)
{
    (void)state;
    struct geo *g = open_good("country-maxmind.mmdb", "asn.mmdb");
    struct geo_place p = place_of(g, "::ffff:192.0.2.1");
    assert_string_equal(p.country, "DE");
    assert_int_equal(p.as_number, 64496);
    geo_close(g);
}

/* one file for both, and none at all */
static void both_and_none(void **state)
{
    (void)state;
    struct geo *g = open_good("lite-ipinfo.mmdb", "lite-ipinfo.mmdb");
    struct geo_place p = place_of(g, "2001:db8:1::25");
    struct geo_facts f;
    assert_string_equal(p.country, "NL");
    assert_int_equal(p.as_number, 64498);
    assert_true(bytes_equal(p.as_name, bytes_text("Example Six")));
    geo_close(g);
    g = open_good(NULL, NULL);
    p = place_of(g, "192.0.2.1");
    assert_string_equal(p.country, "");
    assert_int_equal(p.as_number, 0);
    assert_false(geo_describe(g, &f, GEO_COUNTRY));
    assert_false(geo_describe(g, &f, GEO_AS));
    geo_close(g);
    geo_close(NULL);
}

static void facts(void **state)
{
    (void)state;
    struct geo *g = open_good("country-maxmind.mmdb", "asn-v4.mmdb");
    struct geo_facts c, a;
    assert_true(geo_describe(g, &c, GEO_COUNTRY));
    assert_true(geo_describe(g, &a, GEO_AS));
    assert_string_equal(c.type, "GeoLite2-Country");
    assert_string_equal(a.type, "GeoLite2-ASN");
    assert_true(c.has_v6 && !a.has_v6);
    assert_true(c.built_s > 1600000000 && a.built_s > 1600000000);
    assert_int_equal(c.num_records, 6);
    assert_int_equal(c.num_known, 4);
    assert_int_equal(a.num_records, 3);
    assert_int_equal(a.num_known, 3);
    assert_memory_not_equal(a.sha256, c.sha256, 32);
    geo_close(g);
}

/* ---- against the library ---- */

static uint32_t number_by_library(const MMDB_s *mmdb, struct addr a)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    MMDB_entry_data_s data;
    int error = 0;
    v4.sin_addr.s_addr = htonl((uint32_t)a.lo);
    addr_to_bytes(v6.sin6_addr.s6_addr, a);
    MMDB_lookup_result_s found =
        MMDB_lookup_sockaddr(mmdb, addr_is_v4(a) ? (const void *)&v4 : (const void *)&v6, &error);
    if (error != MMDB_SUCCESS || !found.found_entry ||
        MMDB_get_value(&found.entry, &data, "autonomous_system_number", NULL) != MMDB_SUCCESS)
        return 0;
    return data.uint32;
}

static void as_the_library(void **state)
{
    (void)state;
    static const char *const files[] = {"asn.mmdb", "asn-28.mmdb", "asn-32.mmdb", "asn-v4.mmdb"};
    for (size_t f = 0; f < LENGTH(files); f++) {
        char path[NAME_LEN];
        MMDB_s mmdb;
        struct geo *g = open_good(NULL, files[f]);
        assert_int_equal(MMDB_open(path_of(path, files[f]), MMDB_MODE_MMAP, &mmdb), MMDB_SUCCESS);
        uint64_t x = 88172645463325252;
        for (size_t i = 0; i < 20000; i++) {
            x ^= x << 13; /* Marsaglia, xorshift */
            x ^= x >> 7;
            x ^= x << 17;
            uint32_t v4 = i < 1024    ? 0xc0000100 + (uint32_t)i /* around 192.0.2.0/25 */
                          : i < 2048  ? 0xcb007100 + (uint32_t)i - 1536
                          : i % 2 > 0 ? 0xc6336400 + (uint32_t)(x % 1024)
                                      : (uint32_t)x;
            struct addr six = {0x20010db800000000 + (i % 3 << 16), x};
            struct geo_place p;
            geo_find(g, &p, addr_v4(v4));
            assert_int_equal(p.as_number, number_by_library(&mmdb, addr_v4(v4)));
            geo_find(g, &p, six);
            assert_int_equal(p.as_number, number_by_library(&mmdb, six));
        }
        MMDB_close(&mmdb);
        geo_close(g);
    }
}

enum { NUM_RANGES = 3000 };

/* ranges of all lengths, so that some upper 16 bits have few of them, and some many */
static void make_ranges(struct big_range list[NUM_RANGES])
{
    uint32_t at = 0x0a000000;
    uint64_t x = 88172645463325252;
    for (size_t i = 0; i < NUM_RANGES; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        uint32_t len = i % 50 == 0 ? 70000 : i % 7 == 0 ? 256 - at % 256 : (uint32_t)(1 + x % 100);
        list[i] = (struct big_range){at, at + len - 1, (uint32_t)(1 + i), "DE"};
        at += len + (uint32_t)(x >> 32 & 3); /* some gaps */
    }
}

static void many_ranges(void **state)
{
    (void)state;
    static struct big_range list[NUM_RANGES];
    char path[64], err[GEO_ERR_MAX] = "";
    MMDB_s mmdb;
    struct geo *g;
    make_ranges(list);
    snprintf(path, sizeof path, "geo-%d.mmdb", (int)getpid());
    big_mmdb_write(path, BIG_MMDB_AS, list, NUM_RANGES);
    assert_int_equal(geo_open(&g, err, NULL, path), 0);
    assert_int_equal(MMDB_open(path, MMDB_MODE_MMAP, &mmdb), MMDB_SUCCESS);
    for (size_t i = 0; i < NUM_RANGES; i++) {
        const uint32_t tried[] = {list[i].first - 1, list[i].first, list[i].last, list[i].last + 1};
        for (size_t k = 0; k < LENGTH(tried); k++) {
            struct addr a = addr_v4(tried[k]);
            struct geo_place p, told;
            struct geo_found found;
            for (unsigned near = 0; near < GEO_NEAR; near++)
                geo_near(g, a, near);
            geo_look(g, &found, a);
            geo_tell(g, &told, &found);
            geo_find(g, &p, a);
            assert_int_equal(p.as_number, number_by_library(&mmdb, a));
            assert_int_equal(told.as_number, p.as_number);
        }
    }
    MMDB_close(&mmdb);
    geo_close(g);
    remove(path);
}

/* ---- what is refused ---- */

static void require_refused(const char *country, const char *as, int code, const char *words)
{
    struct geo *g = NULL;
    char err[GEO_ERR_MAX] = "";
    const char *path = country != NULL ? country : as;
    int rc = geo_open(&g, err, country, as);
    if (rc != code || strstr(err, words) == NULL || strncmp(err, path, strlen(path)) != 0)
        fail_msg("%s: %d, %s", path, rc, err);
    assert_null(g);
    for (const char *c = err; *c != '\0'; c++)
        assert_true(*c >= 0x20 && *c < 0x7f);
}

static void refused(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        enum geo_kind kind;
        int code;
        const char *words;
    } cases[] = {
        {"asn.mmdb", GEO_COUNTRY, -EINVAL, "\"GeoLite2-ASN\", in which no countries"},
        {"asn.mmdb", GEO_COUNTRY, -EINVAL, "such as GeoLite2-Country"},
        {"country.mmdb", GEO_AS, -EINVAL, "\"GeoLite2-Country\", in which no AS numbers"},
        {"make_mmdb.pl", GEO_COUNTRY, -EINVAL, "no marker of a MaxMind database; fetch it again"},
        {"make_mmdb.pl", GEO_AS, -EINVAL, "no marker of a MaxMind database; fetch it again"},
        {"missing.mmdb", GEO_COUNTRY, -ENOENT, "a country database: No such file"},
        {"missing.mmdb", GEO_AS, -ENOENT, "an AS database: No such file"},
        {"", GEO_AS, -EISDIR, "directory"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        char path[NAME_LEN];
        path_of(path, cases[i].file);
        require_refused(cases[i].kind == GEO_COUNTRY ? path : NULL,
                        cases[i].kind == GEO_AS ? path : NULL, cases[i].code, cases[i].words);
    }
    struct scratch empty = scratch_of("", 0);
    require_refused(empty.path, NULL, -EINVAL, "it is empty");
    close(empty.fd);
}

/* the second is bad: the first is freed, and the error names the second */
static void second_refused(void **state)
{
    (void)state;
    char a[NAME_LEN], b[NAME_LEN], err[GEO_ERR_MAX] = "";
    struct geo *g = NULL;
    path_of(a, "country.mmdb");
    path_of(b, "missing.mmdb");
    assert_int_equal(geo_open(&g, err, a, b), -ENOENT);
    assert_non_null(strstr(err, "missing.mmdb: "));
    assert_null(g);
}

static void wrong_ip_version(void **state)
{
    (void)state;
    static uint8_t octets[MMDB_TEST_MAX];
    size_t len = mmdb_load(octets, "asn-v4.mmdb");
    uint8_t *key = memmem(octets, len, "ip_version", 10);
    assert_non_null(key);
    key[11] = 5; /* behind the control octet of a number of one octet */
    struct scratch s = scratch_of(octets, len);
    require_refused(NULL, s.path, -EINVAL, "contains invalid metadata; fetch it again");
    close(s.fd);
}

/* two nodes, of which the left half of the second is itself: as ranges it would have no end */
static void leads_round(void **state)
{
    (void)state;
    static const char file[] =
        "\0\0\1\0\0\x12\0\0\1\0\0\x12"
        "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
        "\xe1\x43"
        "asn\xa1\7"
        "\xab\xcd\xefMaxMind.com\xe9\x4anode_count\xc1\2\x4brecord_size\xa1\x18"
        "\x49languages\0\4\x4b"
        "description\xe0\x4aip_version\xa1\4\x4d"
        "database_type\x41x\x5b"
        "binary_format_major_version\xa1\2\x5b"
        "binary_format_minor_version\xa0\x4b"
        "build_epoch\1\2\7";
    struct scratch s = scratch_of(file, sizeof file - 1);
    struct geo *g = NULL;
    char err[GEO_ERR_MAX] = "";
    if (geo_open(&g, err, NULL, s.path) != 0)
        fail_msg("%s", err);
    assert_int_equal(place_of(g, "255.0.0.0").as_number, 7);
    assert_int_equal(place_of(g, "0.0.0.1").as_number, 7);
    assert_int_equal(place_of(g, "0.0.0.0").as_number, 0);
    assert_int_equal(place_of(g, "0.0.0.1").as_name.len, 0);
    close(s.fd);
    geo_close(g);
}

static void require_cut_refused(const char *path)
{
    require_refused(path, NULL, -EINVAL, "no whole MaxMind database");
}

static void cut(void **state)
{
    (void)state;
    mmdb_each_cut("country-maxmind.mmdb", require_cut_refused);
    mmdb_each_cut("lite-ipinfo.mmdb", require_cut_refused);
}

/* opened or refused, and looked up in without harm */
static void require_harmless(const char *country, const char *as)
{
    char err[GEO_ERR_MAX] = "";
    struct geo *g = NULL;
    int rc = geo_open(&g, err, country, as);
    assert_true((rc == 0) == (err[0] == '\0') && (rc == 0) == (g != NULL));
    for (size_t k = 0; rc == 0 && k < LENGTH(addrs); k++) {
        struct geo_place p = place_of(g, addrs[k]);
        assert_true(p.country[0] == '\0' || strlen(p.country) == 2);
        for (size_t n = 0; n < p.as_name.len; n++)
            assert_true(p.as_name.data[n] <= 0xff);
    }
    geo_close(g);
}

static void country_is_harmless(const char *path)
{
    require_harmless(path, NULL);
}

static void both_are_harmless(const char *path)
{
    require_harmless(path, path);
}

static void changed(void **state)
{
    (void)state;
#ifdef __SANITIZE_THREAD__ /* one thread has nothing to show there, and takes a minute */
    skip();
#endif
    mmdb_each_change("country-maxmind.mmdb", country_is_harmless);
    mmdb_each_change("country-flat-v4.mmdb", country_is_harmless);
    mmdb_each_change("lite-ipinfo.mmdb", both_are_harmless);
}

/* the file is cut to nothing while it is in use */
static void gone_meanwhile(void **state)
{
    (void)state;
    static uint8_t octets[MMDB_TEST_MAX];
    size_t len = mmdb_load(octets, "lite-ipinfo.mmdb");
    struct scratch s = scratch_of(octets, len);
    struct geo *g = NULL;
    char err[GEO_ERR_MAX] = "";
    assert_int_equal(geo_open(&g, err, s.path, s.path), 0);
    assert_int_equal(ftruncate(s.fd, 0), 0);
    assert_string_equal(place_of(g, "192.0.2.1").country, "DE");
    assert_int_equal(place_of(g, "192.0.2.1").as_number, 64496);
    close(s.fd);
    geo_close(g);
}

/* ---- threads ---- */

static void *look_up_often(void *arg)
{
    const struct geo *g = arg;
    uintptr_t wrong = 0;
    for (uint32_t i = 0; i < 2000; i++) {
        struct geo_place p;
        geo_find(g, &p, addr_v4(0xc0000200 + i % 256));
        wrong += p.as_number != (i % 256 < 128 ? 64496u : 0);
        wrong += strcmp(p.country, i % 256 < 128 ? "DE" : "") != 0;
    }
    return (void *)wrong;
}

static void threads(void **state)
{
    (void)state;
    struct geo *g = open_good("country-maxmind.mmdb", "ipinfo.mmdb");
    pthread_t thread[4];
    for (size_t i = 0; i < LENGTH(thread); i++)
        assert_int_equal(pthread_create(&thread[i], NULL, look_up_often, g), 0);
    for (size_t i = 0; i < LENGTH(thread); i++) {
        void *wrong;
        assert_int_equal(pthread_join(thread[i], &wrong), 0);
        assert_null(wrong);
    }
    geo_close(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(countries),      cmocka_unit_test(numbers),
        cmocka_unit_test(mapped),         cmocka_unit_test(both_and_none),
        cmocka_unit_test(facts),          cmocka_unit_test(refused),
        cmocka_unit_test(second_refused), cmocka_unit_test(wrong_ip_version),
        cmocka_unit_test(as_the_library), cmocka_unit_test(many_ranges),
        cmocka_unit_test(leads_round),    cmocka_unit_test(cut),
        cmocka_unit_test(changed),        cmocka_unit_test(gone_meanwhile),
        cmocka_unit_test(threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
