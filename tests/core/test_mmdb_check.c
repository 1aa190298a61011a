/* mmdb_check: which files are MaxMind databases that may be handed on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mmdb_check.h"

#define LENGTH(a) (sizeof(a) / sizeof(a)[0])
#define M(text)                                                                                    \
    {                                                                                              \
        (const uint8_t *)(text), sizeof(text) - 1                                                  \
    }

enum { FILE_MAX_LEN = 1 << 20 };

static int check(const char **why, struct bytes file)
{
    void *copy = malloc(file.len > 0 ? file.len : 1); /* of its own size: a read past it is seen */
    assert_non_null(copy);
    if (file.len > 0)
        memcpy(copy, file.data, file.len);
    int rc = mmdb_check(why, bytes_of(copy, file.len));
    free(copy);
    return rc;
}

/* ---- files of the real writer ---- */

static const char *const files[] = {"asn.mmdb",    "asn-28.mmdb",     "asn-32.mmdb", "asn-v4.mmdb",
                                    "ipinfo.mmdb", "enterprise.mmdb", "country.mmdb"};

static struct bytes load(const char *name)
{
    static uint8_t octets[FILE_MAX_LEN];
    char path[300];
    snprintf(path, sizeof path, "%s/mmdb/%s", TEST_DATA, name);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    size_t len = fread(octets, 1, sizeof octets, f);
    fclose(f);
    return bytes_of(octets, len);
}

static void whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(files); i++) {
        const char *why = NULL;
        assert_int_equal(check(&why, load(files[i])), 0);
        assert_null(why);
    }
}

static void cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(files); i++) {
        struct bytes file = load(files[i]);
        for (size_t len = 0; len < file.len; len++) {
            const char *why = NULL;
            assert_int_equal(check(&why, bytes_of(file.data, len)), -EINVAL);
            assert_non_null(why);
        }
    }
}

/* ---- files made here ---- */

struct made {
    uint8_t octets[FILE_MAX_LEN];
    size_t len;
};

static void put(struct made *m, struct bytes b)
{
    assert_true(b.len <= sizeof m->octets - m->len);
    memcpy(m->octets + m->len, b.data, b.len);
    m->len += b.len;
}

#define MARKER   "\xab\xcd\xefMaxMind.com"
#define NODES(n) "\x4anode_count\xc1" n
#define SIZE(n)  "\x4brecord_size\xa1" n
#define LANGUAGES                                                                                  \
    "\x49languages\x01\x04\x42"                                                                    \
    "en"
#define DESCRIPTION                                                                                \
    "\x4b"                                                                                         \
    "description\xe1\x42"                                                                          \
    "en\x41x"
#define GOOD_META "\xe4" NODES("\1") SIZE("\x18") LANGUAGES DESCRIPTION

/* a tree of one node with 24-bit records: left leads to the data at offset 0, right to nothing */
#define LEFT_AT_0 "\0\0\x11\0\0\1"

struct made_case {
    const char *name;
    struct bytes tree, data, metadata;
    const char *why; /* part of it; NULL: it is good */
};

static const char NO_DATA[] = "leads to what is no data", NO_METADATA[] = "metadata cannot be read";

static const struct made_case made_cases[] = {
    {"one record", M(LEFT_AT_0),
     M("\xe1\x43"
       "asn\xa1\7"),
     M(GOOD_META), NULL},
    {"a pointer to the key", M(LEFT_AT_0),
     M("\xe1\x20\5\xa1\7\x43"
       "asn"),
     M(GOOD_META), NULL},
    {"a pointer to the value", M(LEFT_AT_0),
     M("\xe1\x43"
       "asn\x20\7\xa1\7"),
     M(GOOD_META), NULL},
    {"other keys of the metadata", M(LEFT_AT_0), M("\xa1\7"),
     M("\xe5"
       "\x44type\xe1\x41x\x41y" NODES("\1") SIZE("\x18") LANGUAGES DESCRIPTION),
     NULL},
    {"no language, no description", M(LEFT_AT_0), M("\xa1\7"),
     M("\xe4" NODES("\1") SIZE("\x18") "\x49languages\0\4"
                                       "\x4b"
                                       "description\xe0"),
     NULL},
    {"the last marker counts", M(LEFT_AT_0), M("\xa1\7" MARKER "\xe0"), M(GOOD_META), NULL},
    {"a tree that leads round", M("\0\0\0\0\0\0"), M("\xa1\7"), M(GOOD_META), NULL},

    {"a record in the separator", M("\0\0\x10\0\0\1"), M("\xa1\7"), M(GOOD_META), NO_DATA},
    {"a record behind the data", M("\0\0\x13\0\0\1"), M("\xa1\7"), M(GOOD_META), NO_DATA},
    {"the right one, far behind", M("\0\0\1\xff\xff\xff"), M("\xa1\7"), M(GOOD_META), NO_DATA},
    {"no data", M(LEFT_AT_0), M(""), M(GOOD_META), NO_DATA},
    {"half a string", M(LEFT_AT_0),
     M("\x43"
       "as"),
     M(GOOD_META), NO_DATA},
    {"half a map", M(LEFT_AT_0),
     M("\xe2\x43"
       "asn\xa1\7"),
     M(GOOD_META), NO_DATA},
    {"half an array", M(LEFT_AT_0), M("\2\4\xa1\7"), M(GOOD_META), NO_DATA},
    {"half a size", M(LEFT_AT_0), M("\x5e\1"), M(GOOD_META), NO_DATA},
    {"half a pointer", M(LEFT_AT_0), M("\x38\0\0"), M(GOOD_META), NO_DATA},
    {"half an extended type", M(LEFT_AT_0), M("\1"), M(GOOD_META), NO_DATA},
    {"a key that is a number", M(LEFT_AT_0), M("\xe1\xa1\1\xa1\7"), M(GOOD_META), NO_DATA},
    {"a key that points at a number", M(LEFT_AT_0), M("\xe1\x20\3\xa1\7"), M(GOOD_META), NO_DATA},
    {"a number too long", M(LEFT_AT_0), M("\xa3\1\2\3"), M(GOOD_META), NO_DATA},
    {"a double of four octets", M(LEFT_AT_0), M("\x64\1\2\3\4"), M(GOOD_META), NO_DATA},
    {"a container", M(LEFT_AT_0), M("\0\5"), M(GOOD_META), NO_DATA},
    {"an end marker", M(LEFT_AT_0), M("\0\6"), M(GOOD_META), NO_DATA},
    {"a type from the future", M(LEFT_AT_0), M("\0\x20"), M(GOOD_META), NO_DATA},
    {"a pointer to itself", M(LEFT_AT_0), M("\x20\0"), M(GOOD_META), NO_DATA},
    {"a pointer to a pointer", M(LEFT_AT_0), M("\x20\2\x20\4\xa1\7"), M(GOOD_META), NO_DATA},
    {"a pointer behind the data", M(LEFT_AT_0), M("\x20\x10"), M(GOOD_META), NO_DATA},
    {"a map that holds itself", M(LEFT_AT_0), M("\xe1\x41x\x20\0"), M(GOOD_META), NO_DATA},
    {"a map that holds itself twice", M(LEFT_AT_0), M("\xe2\x41x\x20\0\x41y\x20\0"), M(GOOD_META),
     NO_DATA},

    {"too few nodes", M(LEFT_AT_0), M(""), M("\xe4" NODES("\5") SIZE("\x18") LANGUAGES DESCRIPTION),
     "shorter than its metadata says"},
    {"no node", M(LEFT_AT_0), M("\xa1\7"), M("\xe4" NODES("\0") SIZE("\x18") LANGUAGES DESCRIPTION),
     NO_METADATA},
    {"a record of 20 bits", M(LEFT_AT_0), M("\xa1\7"),
     M("\xe4" NODES("\1") SIZE("\x14") LANGUAGES DESCRIPTION), NO_METADATA},
    {"a key twice", M(LEFT_AT_0), M("\xa1\7"),
     M("\xe5" NODES("\x7f") NODES("\1") SIZE("\x18") LANGUAGES DESCRIPTION), NO_METADATA},
    {"no languages", M(LEFT_AT_0), M("\xa1\7"), M("\xe3" NODES("\1") SIZE("\x18") DESCRIPTION),
     NO_METADATA},
    {"a language that is a number", M(LEFT_AT_0), M("\xa1\7"),
     M("\xe4" NODES("\1") SIZE("\x18") "\x49languages\1\4\xa1\1" DESCRIPTION), NO_METADATA},
    {"languages that are a string", M(LEFT_AT_0), M("\xa1\7"),
     M("\xe4" NODES("\1") SIZE("\x18") "\x49languages\x42"
                                       "en" DESCRIPTION),
     NO_METADATA},
    {"a description that is a number", M(LEFT_AT_0), M("\xa1\7"),
     M("\xe4" NODES("\1") SIZE("\x18") LANGUAGES "\x4b"
                                                 "description\xe1\x42"
                                                 "en\xa1\1"),
     NO_METADATA},
    {"metadata that is no map", M(LEFT_AT_0), M("\xa1\7"), M("\xa1\7"), NO_METADATA},
    {"no metadata", M(LEFT_AT_0), M("\xa1\7"), M(""), NO_METADATA},
};

static void make(struct made *m, const struct made_case *c)
{
    m->len = 0;
    put(m, c->tree);
    put(m, bytes_of("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16));
    put(m, c->data);
    put(m, bytes_text(MARKER));
    put(m, c->metadata);
}

static void made_here(void **state)
{
    (void)state;
    static struct made m;
    for (size_t i = 0; i < LENGTH(made_cases); i++) {
        const struct made_case *c = &made_cases[i];
        const char *why = NULL;
        make(&m, c);
        int rc = check(&why, bytes_of(m.octets, m.len));
        bool right = c->why == NULL ? rc == 0 && why == NULL
                                    : rc == -EINVAL && why != NULL && strstr(why, c->why) != NULL;
        if (!right)
            fail_msg("%s: %d, %s", c->name, rc, why != NULL ? why : "good");
    }
}

static void no_databases(void **state)
{
    (void)state;
    static const struct bytes cases[] = {
        {NULL, 0},
        M("hello"),
        M(MARKER),
        M("\xab\xcd\xefMaxMind.co"),
        M(MARKER "\xe0"),
        M(MARKER GOOD_META),
        M("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" MARKER GOOD_META),
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        const char *why = NULL;
        assert_int_equal(check(&why, cases[i]), -EINVAL);
        assert_non_null(why);
    }
}

/* arrays in arrays, so many: as the library recurses, so deep */
static int check_nested(size_t depth)
{
    static struct made m;
    static uint8_t data[FILE_MAX_LEN / 2];
    const char *why = NULL;
    struct made_case c = {.tree = M(LEFT_AT_0), .metadata = M(GOOD_META)};
    for (size_t i = 0; i < depth; i++) {
        data[2 * i] = 1;
        data[2 * i + 1] = 4;
    }
    memcpy(data + 2 * depth, "\xa1\7", 2);
    c.data = bytes_of(data, 2 * depth + 2);
    make(&m, &c);
    return check(&why, bytes_of(m.octets, m.len));
}

static void nested(void **state)
{
    (void)state;
    assert_int_equal(check_nested(MMDB_DEPTH_MAX), 0);
    assert_int_equal(check_nested(MMDB_DEPTH_MAX + 1), -EINVAL);
    assert_int_equal(check_nested(200000), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole),        cmocka_unit_test(cut),    cmocka_unit_test(made_here),
        cmocka_unit_test(no_databases), cmocka_unit_test(nested),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
