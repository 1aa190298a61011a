/* asdb: the AS of an address, from small databases of the usual kinds (tests/data/mmdb). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scanner/asdb.h"
#include "tests/core/mmdb_files.h"

#define LENGTH(a) (sizeof(a) / sizeof(a)[0])

static const char *path_of(const char *name)
{
    static char path[300];
    snprintf(path, sizeof path, "%s/mmdb/%s", TEST_DATA, name);
    return path;
}

static struct asdb *open_good(const char *name)
{
    struct asdb *db = NULL;
    char err[ASDB_ERR_MAX] = "";
    if (asdb_open(&db, err, path_of(name)) != 0)
        fail_msg("%s", err);
    return db;
}

static struct addr addr_of(const char *text)
{
    struct addr a;
    assert_true(addr_parse(&a, text, strlen(text)));
    return a;
}

/* ---- look-ups ---- */

static void numbers(void **state)
{
    (void)state;
    static const char *const addrs[] = {"192.0.2.1",    "192.0.2.127",     "192.0.2.128",
                                        "198.51.100.9", "203.0.113.7",     "203.0.113.8",
                                        "203.0.113.9",  "203.0.113.10",    "2001:db8:1::25",
                                        "2001:db8::25", "::ffff:192.0.2.1"};
    static const struct {
        const char *file;
        uint32_t as[LENGTH(addrs)];
    } cases[] = {
        {"asn.mmdb", {64496, 64496, 0, 64497, 4294967294, 0, 0, 0, 64498, 0, 64496}},
        {"asn-28.mmdb", {64496, 64496, 0, 64497, 4294967294, 0, 0, 0, 64498, 0, 64496}},
        {"asn-32.mmdb", {64496, 64496, 0, 64497, 4294967294, 0, 0, 0, 64498, 0, 64496}},
        {"asn-v4.mmdb", {64496, 64496, 0, 64497, 4294967294, 0, 0, 0, 0, 0, 64496}},
        {"ipinfo.mmdb", {64496, 64496, 0, 64497, 4294967294, 0, 0, 0, 64498, 0, 64496}},
        {"enterprise.mmdb", {64496, 64496, 0, 64497, 0, 0, 0, 0, 0, 0, 64496}},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct asdb *db = open_good(cases[i].file);
        for (size_t k = 0; k < LENGTH(addrs); k++) {
            uint32_t got = asdb_lookup(db, addr_of(addrs[k]));
            if (got != cases[i].as[k])
                fail_msg("%s: %s is in %u", cases[i].file, addrs[k], got);
        }
        asdb_close(db);
    }
}

static void facts(void **state)
{
    (void)state;
    static const struct {
        const char *file, *type;
        bool has_v6;
    } cases[] = {
        {"asn.mmdb", "GeoLite2-ASN", true},
        {"asn-28.mmdb", "DBIP-ASN-Lite (compat=GeoLite2-ASN)", true},
        {"asn-v4.mmdb", "GeoLite2-ASN", false},
    };
    uint8_t before[32] = {0};
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct asdb *db = open_good(cases[i].file);
        struct asdb_facts f;
        asdb_describe(db, &f);
        assert_string_equal(f.type, cases[i].type);
        assert_int_equal(f.has_v6, cases[i].has_v6);
        assert_true(f.built_s > 1600000000);
        assert_memory_not_equal(f.sha256, before, sizeof before);
        memcpy(before, f.sha256, sizeof before);
        asdb_close(db);
    }
    asdb_close(NULL);
}

/* ---- what is refused ---- */

static void require_refused(const char *path, int code, const char *words)
{
    struct asdb *db = NULL;
    char err[ASDB_ERR_MAX] = "";
    int rc = asdb_open(&db, err, path);
    if (rc != code || strstr(err, words) == NULL || strncmp(err, path, strlen(path)) != 0)
        fail_msg("%s: %d, %s", path, rc, err);
    assert_null(db);
    for (const char *c = err; *c != '\0'; c++)
        assert_true(*c >= 0x20 && *c < 0x7f);
}

static void refused(void **state)
{
    (void)state;
    require_refused(path_of("country.mmdb"), -EINVAL, "\"GeoLite2-Country\"");
    require_refused(path_of("make_mmdb.pl"), -EINVAL, "no marker of a MaxMind database");
    require_refused(path_of("missing.mmdb"), -ENOENT, "No such file");
    require_refused(TEST_DATA, -EISDIR, "directory");
    require_refused("/dev/zero", -EINVAL, "cannot be read");
    struct scratch empty = scratch_of("", 0);
    require_refused(empty.path, -EINVAL, "it is empty");
    close(empty.fd);
}

static void require_cut_refused(const char *path)
{
    require_refused(path, -EINVAL, "no whole MaxMind database");
}

static void cut(void **state)
{
    (void)state;
    mmdb_each_cut("asn.mmdb", require_cut_refused);
}

/* opened or refused, and looked up in without harm */
static void require_harmless(const char *path)
{
    static const char *const addrs[] = {
        "192.0.2.1", "203.0.113.7", "0.0.0.0", "255.255.255.255", "2001:db8:1::25", "::", "ffff::"};
    char err[ASDB_ERR_MAX] = "";
    struct asdb *db = NULL;
    int rc = asdb_open(&db, err, path);
    assert_true((rc == 0) == (err[0] == '\0') && (rc == 0) == (db != NULL));
    for (size_t k = 0; rc == 0 && k < LENGTH(addrs); k++)
        (void)asdb_lookup(db, addr_of(addrs[k]));
    asdb_close(db);
}

static void changed(void **state)
{
    (void)state;
    mmdb_each_change("asn.mmdb", require_harmless);
    mmdb_each_change("ipinfo.mmdb", require_harmless);
    mmdb_each_change("enterprise.mmdb", require_harmless);
}

/* the file is cut to nothing, and then written over, while it is in use */
static void gone_meanwhile(void **state)
{
    (void)state;
    static uint8_t octets[MMDB_TEST_MAX];
    size_t len = mmdb_load(octets, "asn.mmdb");
    struct scratch s = scratch_of(octets, len);
    struct asdb *db = NULL;
    char err[ASDB_ERR_MAX] = "";
    assert_int_equal(asdb_open(&db, err, s.path), 0);
    assert_int_equal(ftruncate(s.fd, 0), 0);
    assert_int_equal(asdb_lookup(db, addr_of("192.0.2.1")), 64496);
    assert_int_equal(pwrite(s.fd, "garbage", 7, (off_t)len), 7);
    assert_int_equal(asdb_lookup(db, addr_of("2001:db8:1::25")), 64498);
    close(s.fd);
    asdb_close(db);
}

/* ---- threads ---- */

static void *look_up_often(void *arg)
{
    const struct asdb *db = arg;
    uintptr_t wrong = 0;
    for (uint32_t i = 0; i < 2000; i++)
        wrong += asdb_lookup(db, addr_v4(0xc0000200 + i % 256)) != (i % 256 < 128 ? 64496u : 0);
    return (void *)wrong;
}

static void threads(void **state)
{
    (void)state;
    struct asdb *db = open_good("ipinfo.mmdb");
    pthread_t thread[4];
    for (size_t i = 0; i < LENGTH(thread); i++)
        assert_int_equal(pthread_create(&thread[i], NULL, look_up_often, db), 0);
    for (size_t i = 0; i < LENGTH(thread); i++) {
        void *wrong;
        assert_int_equal(pthread_join(thread[i], &wrong), 0);
        assert_null(wrong);
    }
    asdb_close(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers), cmocka_unit_test(facts),   cmocka_unit_test(refused),
        cmocka_unit_test(cut),     cmocka_unit_test(changed), cmocka_unit_test(gone_meanwhile),
        cmocka_unit_test(threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
