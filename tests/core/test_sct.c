/* sct: lists of SCTs, whole, cut and broken; and the names of logs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/ct_logs.h"
#include "core/json_valid.h"
#include "core/sct.h"

#define OCTETS(literal)                                                                            \
    {                                                                                              \
        (const uint8_t *)(literal), sizeof(literal) - 1                                            \
    }

/* Google 'Argon2026h1' log, Cloudflare 'Nimbus2026', and none */
#define ARGON                                                                                      \
    "\x0e\x57\x94\xbc\xf3\xae\xa9\x3e\x33\x1b\x2c\x99\x07\xb3\xf7\x90"                             \
    "\xdf\x9b\xc2\x3d\x71\x32\x25\xdd\x21\xa9\x25\xac\x61\xc5\x4e\x21"
#define NO_LOG                                                                                     \
    "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"                             \
    "\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f"
#define AT_MIDNIGHT "\x00\x00\x01\x9b\x76\xda\xa8\x00" /* 2026-01-01T00:00:00.000 */
#define REST        "\x00\x00\x04\x03\x00\x02\xaa\xbb" /* ECDSA with SHA-256, 2 octets */
#define SCT(id)     "\x00\x31\x00" id AT_MIDNIGHT REST /* 49 octets */

struct list_case {
    const char *what;
    struct bytes list;
    const char *scts; /* one letter each: v well, m malformed */
    bool malformed;   /* the list */
    const char *json;
};

#define JSON_TIME "\"timestamp\":\"2026-01-01T00:00:00.000Z\",\"sigscheme\":"
#define JSON_ARGON                                                                                 \
    "{\"version\":1,\"log_id\":\"DleUvPOuqT4zGyyZB7P3kN+bwj1xMiXdIaklrGHFTiE=\","                  \
    "\"log\":\"Google 'Argon2026h1' log\",\"operator\":\"Google\"," JSON_TIME                      \
    "\"ecdsa_secp256r1_sha256\"}"
#define JSON_NO_LOG                                                                                \
    "{\"version\":1,\"log_id\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\"," JSON_TIME        \
    "\"ecdsa_secp256r1_sha256\"}"

static const struct list_case list_cases[] = {
    {"one", OCTETS("\x00\x33" SCT(ARGON)), "v", false, "{\"scts\":[" JSON_ARGON "],\"count\":1}"},
    {"two", OCTETS("\x00\x66" SCT(ARGON) SCT(NO_LOG)), "vv", false,
     "{\"scts\":[" JSON_ARGON "," JSON_NO_LOG "],\"count\":2}"},
    {"with extensions, another algorithm",
     OCTETS("\x00\x35\x00\x33\x00" NO_LOG AT_MIDNIGHT "\x00\x02\x01\x02\xfe\xfe\x00\x02\xaa\xbb"),
     "v", false,
     "{\"scts\":[{\"version\":1,\"log_id\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
     "\"," JSON_TIME "65278}],\"count\":1}"},
    {"a time that no calendar has",
     OCTETS("\x00\x33\x00\x31\x00" NO_LOG "\xff\xff\xff\xff\xff\xff\xff\xff" REST), "v", false,
     "{\"scts\":[{\"version\":1,\"log_id\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\","
     "\"timestamp\":\"9999-12-31T23:59:59.000Z\",\"sigscheme\":\"ecdsa_secp256r1_sha256\"}],"
     "\"count\":1}"},
    {"a later version, then one", OCTETS("\x00\x38\x00\x03\x01\x02\x03" SCT(ARGON)), "mv", false,
     "{\"scts\":[{\"version\":2,\"malformed\":true}," JSON_ARGON "],\"count\":2}"},
    {"an octet too many", OCTETS("\x00\x34\x00\x32\x00" NO_LOG AT_MIDNIGHT REST "x"), "m", false,
     "{\"scts\":[{\"version\":1,\"malformed\":true}],\"count\":1}"},
    {"an empty SCT, then one", OCTETS("\x00\x35\x00\x00" SCT(ARGON)), "mv", false,
     "{\"scts\":[{\"malformed\":true}," JSON_ARGON "],\"count\":2}"},
    {"no SCT", OCTETS("\x00\x00"), "", true, "{\"scts\":[],\"count\":0,\"malformed\":true}"},
    {"nothing", OCTETS(""), "", true, "{\"scts\":[],\"count\":0,\"malformed\":true}"},
    {"half a length", OCTETS("\x00"), "", true, "{\"scts\":[],\"count\":0,\"malformed\":true}"},
    {"octets behind the list", OCTETS("\x00\x33" SCT(ARGON) "x"), "v", true,
     "{\"scts\":[" JSON_ARGON "],\"count\":1,\"malformed\":true}"},
    {"the second ends too early", OCTETS("\x00\x36" SCT(ARGON) "\x00\x02\x00"), "v", true,
     "{\"scts\":[" JSON_ARGON "],\"count\":1,\"malformed\":true}"},
    {"longer than it is", OCTETS("\x00\x34" SCT(ARGON)), "", true,
     "{\"scts\":[],\"count\":0,\"malformed\":true}"},
};

static void assert_list(const struct list_case *c)
{
    struct sct_list l;
    struct sct sct;
    char scts[8];
    size_t num = 0;
    sct_list_init(&l, c->list);
    while (sct_next(&sct, &l) && num < sizeof scts - 1)
        scts[num++] = sct.malformed ? 'm' : 'v';
    scts[num] = '\0';
    assert_string_equal(scts, c->scts);
    assert_int_equal(l.malformed, c->malformed);
    assert_false(sct_next(&sct, &l));
}

static void lists(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof list_cases / sizeof *list_cases; i++) {
        const struct list_case *c = &list_cases[i];
        struct json j;
        print_message("%s\n", c->what);
        assert_list(c);
        json_init(&j);
        sct_json(&j, c->list);
        assert_true(json_is_valid(bytes_of(j.text, j.len)));
        if (!bytes_equal(bytes_of(j.text, j.len), bytes_text(c->json)))
            fail_msg("%.*s", (int)j.len, j.text);
        json_cleanup(&j);
    }
}

static void facts_of_one(void **state)
{
    (void)state;
    static const struct bytes list =
        OCTETS("\x00\x35\x00\x33\x00" ARGON AT_MIDNIGHT "\x00\x02\x01\x02\x08\x04\x00\x02\xaa\xbb");
    struct sct_list l;
    struct sct sct;
    sct_list_init(&l, list);
    assert_true(sct_next(&sct, &l));
    assert_false(sct.malformed);
    assert_true(sct.has_version && sct.version == 0);
    assert_true(bytes_equal(sct.raw, bytes_of(list.data + 4, list.len - 4)));
    assert_true(bytes_equal(sct.log_id, bytes_of(ARGON, 32)));
    assert_int_equal(sct.timestamp_ms, INT64_C(1767225600000));
    assert_true(bytes_equal(sct.extensions, bytes_of("\x01\x02", 2)));
    assert_int_equal(sct.sigscheme, 0x0804);
    assert_true(bytes_equal(sct.signature, bytes_of("\xaa\xbb", 2)));
}

/* Cut anywhere the list is malformed, and no SCT comes out of it that was not there. */
static void cut_anywhere(void **state)
{
    (void)state;
    static const struct bytes list = OCTETS("\x00\x66" SCT(ARGON) SCT(NO_LOG));
    for (size_t len = 0; len < list.len; len++) {
        uint8_t *cut = malloc(len + 1);
        struct sct_list l;
        struct sct sct;
        assert_non_null(cut);
        memcpy(cut, list.data, len);
        sct_list_init(&l, bytes_of(cut, len));
        while (sct_next(&sct, &l))
            assert_false(sct.malformed);
        assert_true(l.malformed);
        free(cut);
    }
}

static void long_lists_are_cut_in_json_but_counted(void **state)
{
    (void)state;
    enum { NUM = 32767 };
    uint8_t *octets = calloc(1, 2 + 2 * NUM); /* so many empty SCTs */
    struct json j;
    size_t num_objects = 0;
    assert_non_null(octets);
    octets[0] = 2 * NUM >> 8;
    octets[1] = 2 * NUM & 255;
    json_init(&j);
    sct_json(&j, bytes_of(octets, 2 + 2 * NUM));
    assert_true(json_is_valid(bytes_of(j.text, j.len)));
    for (size_t i = 0; i < j.len; i++)
        num_objects += j.text[i] == '{';
    assert_int_equal(num_objects, 1 + SCTS_JSON_MAX);
    assert_memory_equal(j.text + j.len - strlen("\"count\":32767}"), "\"count\":32767}",
                        strlen("\"count\":32767}"));
    json_cleanup(&j);
    free(octets);
}

static void unwrapped(void **state)
{
    (void)state;
    static const struct {
        struct bytes value;
        const char *list; /* NULL: none */
    } unwrap_cases[] = {
        {OCTETS("\x04\x02"
                "ab"),
         "ab"},
        {OCTETS("\x04\x00"), ""},
        {OCTETS("\x04\x02"
                "abc"),
         NULL},
        {OCTETS("\x04\x03"
                "ab"),
         NULL},
        {OCTETS("\x0c\x02"
                "ab"),
         NULL},
        {OCTETS(""), NULL},
    };
    for (size_t i = 0; i < sizeof unwrap_cases / sizeof *unwrap_cases; i++) {
        struct bytes list = bytes_text("untouched");
        bool found = sct_list_unwrap(&list, unwrap_cases[i].value);
        assert_int_equal(found, unwrap_cases[i].list != NULL);
        assert_true(bytes_equal(list, bytes_text(found ? unwrap_cases[i].list : "untouched")));
    }
}

static void logs_have_names(void **state)
{
    (void)state;
    static const struct {
        struct bytes id;
        const char *name, *operator;
    } log_cases[] = {
        {OCTETS(ARGON), "Google 'Argon2026h1' log", "Google"},
        /* long retired: of browsers' lists of all logs that there ever were */
        {OCTETS("\xa4\xb9\x09\x90\xb4\x18\x58\x14\x87\xbb\x13\xa2\xcc\x67\x70\x0a"
                "\x3c\x35\x98\x04\xf9\x1b\xdf\xb8\xe3\x77\xcd\x0e\xc8\x0d\xdc\x10"),
         "Google 'Pilot' log", "Google"},
        {OCTETS(NO_LOG), NULL, NULL},
        {OCTETS("\x0e"), NULL, NULL},
        {OCTETS(""), NULL, NULL},
        {OCTETS(ARGON "x"), NULL, NULL},
    };
    for (size_t i = 0; i < sizeof log_cases / sizeof *log_cases; i++) {
        const struct ct_log *log = ct_log_find(log_cases[i].id);
        if (log_cases[i].name == NULL) {
            assert_null(log);
            continue;
        }
        assert_non_null(log);
        assert_string_equal(log->name, log_cases[i].name);
        assert_string_equal(log->operator, log_cases[i].operator);
    }
    assert_int_equal(strlen(ct_logs_date()), strlen("2026-08-20"));
}

#define X(id, name, operator) {id, sizeof(id) - 1, name, operator},
static const struct {
    const char *id;
    size_t len;
    const char *name, *operator;
} logs[] = {
#include "core/ct_logs.inc"
};
#undef X

/* The search needs strict order; and every log of the file is found. */
static void the_file_of_logs_is_in_order(void **state)
{
    (void)state;
    size_t num = sizeof logs / sizeof *logs;
    assert_true(num > 200);
    for (size_t i = 0; i < num; i++) {
        assert_int_equal(logs[i].len, SCT_LOG_ID_LEN);
        assert_true(i == 0 || memcmp(logs[i - 1].id, logs[i].id, SCT_LOG_ID_LEN) < 0);
        const struct ct_log *log = ct_log_find(bytes_of(logs[i].id, SCT_LOG_ID_LEN));
        assert_non_null(log);
        assert_string_equal(log->name, logs[i].name);
        assert_true(logs[i].name[0] != '\0' && logs[i].operator[0] != '\0');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists),
        cmocka_unit_test(facts_of_one),
        cmocka_unit_test(cut_anywhere),
        cmocka_unit_test(long_lists_are_cut_in_json_but_counted),
        cmocka_unit_test(unwrapped),
        cmocka_unit_test(logs_have_names),
        cmocka_unit_test(the_file_of_logs_is_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
