/* anonymizer: addresses, positions, texts, lines and key files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/anonymizer.h"

#define LENGTH(a) (sizeof(a) / sizeof(a)[0])

/* the key of the sample that came with Crypto-PAn 1.0 */
static const uint8_t sample_key[ANONYMIZER_KEY_LEN] = {
    21,  34,  23,  141, 51,  164, 207, 128, 19, 10, 91, 22, 73, 144, 125, 16,
    216, 152, 143, 131, 121, 121, 101, 39,  98, 87, 76, 45, 42, 132, 34,  2};

static struct addr addr_of(const char *text)
{
    struct addr a;
    assert_true(addr_parse(&a, text, strlen(text)));
    return a;
}

/* ---- addresses ---- */

/* the sample's trace, and what its authors made of it */
static void published(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"128.11.68.132", "135.242.180.132"},   {"129.118.74.4", "134.136.186.123"},
        {"130.132.252.244", "133.68.164.234"},  {"141.223.7.43", "141.167.8.160"},
        {"141.233.145.108", "141.129.237.235"}, {"152.163.225.39", "151.140.114.167"},
        {"156.29.3.236", "147.225.12.42"},      {"165.247.96.84", "162.9.99.234"},
        {"166.107.77.190", "160.132.178.185"},  {"192.102.249.13", "252.138.62.131"},
        {"192.215.32.125", "252.43.47.189"},
    };
    struct anonymizer *a = anonymizer_new(sample_key);
    assert_non_null(a);
    for (size_t i = 0; i < LENGTH(pairs); i++) {
        char text[ADDR_TEXT_MAX];
        addr_format(text, anonymizer_addr(a, addr_of(pairs[i][0])));
        assert_string_equal(text, pairs[i][1]);
    }
    anonymizer_free(a);
}

/* leading bits in common, of the 128 of both */
static unsigned common(struct addr x, struct addr y)
{
    uint64_t hi = x.hi ^ y.hi, lo = x.lo ^ y.lo;
    return hi != 0   ? (unsigned)__builtin_clzll(hi)
           : lo != 0 ? 64 + (unsigned)__builtin_clzll(lo)
                     : 128;
}

static void prefixes(void **state)
{
    (void)state;
    static const char *const bases[] = {"192.0.2.77", "203.0.113.0", "2001:db8::25",
                                        "2001:db8:ffff::1", "::1"};
    struct anonymizer *a = anonymizer_new(sample_key);
    for (size_t i = 0; i < LENGTH(bases); i++) {
        struct addr base = addr_of(bases[i]), name = anonymizer_addr(a, base);
        assert_int_equal(addr_is_v4(name), addr_is_v4(base));
        assert_int_not_equal(addr_cmp(name, base), 0);
        for (unsigned bit = addr_is_v4(base) ? 96 : 0; bit < 128; bit++) {
            struct addr other = base;
            if (bit < 64)
                other.hi ^= UINT64_C(1) << (63 - bit);
            else
                other.lo ^= UINT64_C(1) << (127 - bit);
            if (addr_is_v4(other) != addr_is_v4(base))
                continue;
            assert_int_equal(common(name, anonymizer_addr(a, other)), common(base, other));
        }
    }
    anonymizer_free(a);
}

/* ---- positions ---- */

static int compare(const void *x, const void *y)
{
    const uint64_t *a = x, *b = y;
    return (*a > *b) - (*a < *b);
}

static void positions(void **state)
{
    (void)state;
    enum { NUM = 20000 };
    uint64_t *names = malloc(NUM * sizeof *names);
    struct anonymizer *a = anonymizer_new(sample_key);
    size_t ascending = 0;
    assert_non_null(names);
    for (uint64_t i = 0; i < NUM; i++) {
        /* the first and the last of all */
        names[i] = anonymizer_position(a, i < NUM / 2 ? i : ANONYMIZER_POSITIONS - 1 - i);
        assert_true(names[i] < ANONYMIZER_POSITIONS);
        ascending += i > 0 && names[i] > names[i - 1];
    }
    assert_in_range(ascending, NUM * 45 / 100, NUM * 55 / 100);
    qsort(names, NUM, sizeof *names, compare);
    for (size_t i = 1; i < NUM; i++)
        assert_true(names[i] != names[i - 1]);
    anonymizer_free(a);
    free(names);
}

/* ---- texts and lines ---- */

static void texts(void **state)
{
    (void)state;
    uint8_t key[ANONYMIZER_KEY_LEN];
    char x[ANONYMIZER_TEXT_LEN], y[ANONYMIZER_TEXT_LEN];
    struct anonymizer *a = anonymizer_new(sample_key), *again = anonymizer_new(sample_key);
    memcpy(key, sample_key, sizeof key);
    key[31] ^= 1;
    struct anonymizer *other = anonymizer_new(key);
    anonymizer_text(a, x, bytes_text("mx.example.com"));
    anonymizer_text(again, y, bytes_text("mx.example.com"));
    assert_memory_equal(x, y, sizeof x);
    anonymizer_text(a, y, bytes_text("mx.example.org"));
    assert_memory_not_equal(x, y, sizeof x);
    anonymizer_text(other, y, bytes_text("mx.example.com"));
    assert_memory_not_equal(x, y, sizeof x);
    anonymizer_free(a);
    anonymizer_free(again);
    anonymizer_free(other);
}

static void lines(void **state)
{
    (void)state;
    static const char line[] =
        "{\"position\":3,\"addr\":\"192.0.2.1\",\"port\":25,\"host\":\"mx.example.com\",\"tag\":"
        "\"pool\","
        "\"source\":\"192.0.2.99\",\"start\":\"2026-11-26T06:15:28.123456Z\",\"new_field\":\"mx."
        "example.com"
        "\",\"stage\":\"done\",\"greeting\":\"220 "
        "mx.example.com\",\"ehlo\":[\"mx.example.com\",\"SIZE\"],"
        "\"tls\":{\"version\":\"TLSv1.3\",\"ocsp_staple\":\"AAAA\",\"octets\":{\"in\":1,\"out\":2},"
        "\"new\":1},"
        "\"keywords_added\":[\"X-MX1\"],\"chain\":[\"00ff\"],\"ms\":{\"total\":1.000},\"asn\":"
        "64496,"
        "\"as_org\":\"Example\",\"country\":\"DE\",\"certs\":[{\"sha256\":\"00ff\"}]}";
    static const char *const kept[] = {"\"port\":25",
                                       "\"stage\":\"done\"",
                                       "\"tls\":{\"version\":\"TLSv1.3\"}",
                                       "\"start\":\"2026-11-26T00:00:00.000000Z\"",
                                       "\"country\":\"DE\"",
                                       "\"ms\":{\"total\":1.000}",
                                       "\"host\":\"",
                                       "\"tag\":\"",
                                       "\"greeting\":\"",
                                       "\"ehlo\":[\"",
                                       "\"chain\":[\"",
                                       "\"position\":"};
    static const char *const gone[] = {
        "192.0.2", "example", "pool",  "06:15",  "123456", "SIZE", "AAAA",   "octets",
        "X-MX1",   "00ff",    "64496", "as_org", "certs",  "new",  "source", "\"position\":3,"};
    struct anonymizer *a = anonymizer_new(sample_key);
    struct json out;
    json_init(&out);
    anonymizer_line(a, &out, bytes_text(line));
    json_newline(&out);
    assert_false(out.bad);
    out.text[out.len - 1] = '\0';
    for (size_t i = 0; i < LENGTH(kept); i++)
        if (strstr(out.text, kept[i]) == NULL)
            fail_msg("lost %s: %s", kept[i], out.text);
    for (size_t i = 0; i < LENGTH(gone); i++)
        if (strstr(out.text, gone[i]) != NULL)
            fail_msg("kept %s: %s", gone[i], out.text);
    json_cleanup(&out);
    anonymizer_free(a);
}

/* ---- key files ---- */

static void write_file(const char *path, const void *data, size_t len)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static void key_files(void **state)
{
    (void)state;
    char hex[80] = "";
    for (size_t i = 0; i < sizeof sample_key; i++)
        sprintf(hex + 2 * i, i % 2 == 0 ? "%02x" : "%02X", sample_key[i]);
    char with_line[96], too_long[160], no_digit[80];
    snprintf(with_line, sizeof with_line, "%s\r\n", hex);
    snprintf(too_long, sizeof too_long, "%s%s", hex, hex);
    snprintf(no_digit, sizeof no_digit, "%.63sg", hex);
    static const uint8_t zeros[ANONYMIZER_KEY_LEN] = {0};
    const struct {
        const void *data;
        size_t len;
        const char *says; /* NULL: the sample's key */
    } cases[] = {
        {sample_key, 32, NULL},
        {hex, 64, NULL},
        {with_line, 66, NULL},
        {sample_key, 31, "expected are 32 octets, or 64 hex digits"},
        {"", 0, "expected are 32 octets"},
        {hex, 63, "expected are 32 octets"},
        {no_digit, 64, "expected are 32 octets"},
        {too_long, 128, "expected are 32 octets"},
        {zeros, 32, "all of it is one octet"},
    };
    char path[] = "test_anonymizer.key.XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    for (size_t i = 0; i < LENGTH(cases); i++) {
        char err[ANONYMIZER_ERR_MAX] = "";
        write_file(path, cases[i].data, cases[i].len);
        struct anonymizer *a = anonymizer_open(err, path);
        if ((a != NULL) != (cases[i].says == NULL) ||
            (a == NULL && strstr(err, cases[i].says) == NULL))
            fail_msg("case %zu: %s", i, err);
        if (a != NULL) {
            struct addr name = anonymizer_addr(a, addr_of("192.0.2.1"));
            struct anonymizer *sample = anonymizer_new(sample_key);
            assert_int_equal(addr_cmp(name, anonymizer_addr(sample, addr_of("192.0.2.1"))), 0);
            anonymizer_free(sample);
        } else {
            assert_non_null(strstr(err, "head -c 32 /dev/urandom >KEYFILE"));
        }
        anonymizer_free(a);
    }
    unlink(path);
    char err[ANONYMIZER_ERR_MAX] = "";
    assert_null(anonymizer_open(err, path));
    assert_non_null(
        strstr(err, "No such file or directory; make one with: head -c 32 /dev/urandom >KEYFILE"));
    assert_null(anonymizer_open(err, "/"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published), cmocka_unit_test(prefixes), cmocka_unit_test(positions),
        cmocka_unit_test(texts),     cmocka_unit_test(lines),    cmocka_unit_test(key_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
