/* export_columns, export_fields, export_pick: lists of columns, and what is picked by them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "tools/export_columns.h"
#include "tools/export_fields.h"

#define LENGTH(a) (sizeof(a) / sizeof(a)[0])
#define LINE                                                                                       \
    "{\"position\":7,\"addr\":\"192.0.2.1\",\"attempts\":[{\"start\":\"x\",\"cause\":\"timeout\"}" \
    ","                                                                                            \
    "{\"start\":\"y\",\"cause\":\"reset\",\"smtp_code\":421}],\"stage\":\"done\",\"greeting\":\"a" \
    "\\\"],}b\\\\\",\"ehlo\":[\"mx\",\"\",\"STARTTLS\"],\"tls\":{\"handshake_done\":true,"         \
    "\"version\""                                                                                  \
    ":\"TLSv1.3\",\"alerts\":[],\"octets\":{\"in\":1,\"out\":2}},\"ms\":{\"total\":1.500}}"

/* ---- lists ---- */

static void lists(void **state)
{
    (void)state;
    static const struct {
        const char *list;
        enum export_shape shape;
        const char *says; /* NULL: good */
    } cases[] = {
        {"addr", EXPORT_LINES, NULL},
        {" addr , tls.version ", EXPORT_LINES, NULL},
        {"attempts.*.cause", EXPORT_LINES, NULL},
        {"attempts.0.cause,chain.10", EXPORT_TABLE, NULL},
        {"audit.legacy.3des.accepted", EXPORT_TABLE, NULL},
        {"audit.legacy.3des.accepted", EXPORT_LINES, NULL},
        {"tls,tls.version", EXPORT_TABLE, NULL},
        {"", EXPORT_LINES, "\"\": a name is missing"},
        {"addr,", EXPORT_LINES, "\"\": a name is missing"},
        {"addr,,port", EXPORT_LINES, "\"\": a name is missing"},
        {"addr,addr", EXPORT_LINES, "\"addr\": named twice"},
        {"tls.versoin", EXPORT_LINES, "\"tls.versoin\": no such field; like it are tls.version"},
        {"version", EXPORT_LINES, "no such field; like it are tls.version"},
        {"adr", EXPORT_TABLE, "\"adr\": no such field; like it are addr"},
        {"smtpcode", EXPORT_TABLE, "like it are smtp_code"},
        {"zzzzzzzzzzzzzz", EXPORT_TABLE, "no such field; doc/export.schema.json lists them"},
        {"tls.", EXPORT_TABLE, "no such field"},
        {".tls", EXPORT_TABLE, "no such field"},
        {"tls..version", EXPORT_TABLE, "no such field"},
        {"tls.version.x", EXPORT_TABLE, "no such field"},
        {"chain.x", EXPORT_TABLE, "no such field"},
        {"chain.-1", EXPORT_TABLE, "no such field"},
        {"chain.0", EXPORT_LINES, "\"chain.0\": a single element is for csv"},
        {"attempts.0.cause", EXPORT_LINES, "a single element is for csv"},
        {"chain.*", EXPORT_TABLE, "\"chain.*\": a cell holds one element"},
        {"\x1b[31m", EXPORT_LINES, "\"\\x1B[31m\": no such field"},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
         "aaaaaaa",
         EXPORT_LINES, "...\": no such field; doc"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct export_columns c;
        char err[COMMAND_ERR_MAX] = "";
        bool good = export_columns_parse(&c, err, cases[i].list, cases[i].shape);
        if (good != (cases[i].says == NULL) || (!good && strstr(err, cases[i].says) == NULL))
            fail_msg("\"%s\": %s", cases[i].list, err);
    }
}

static void too_many(void **state)
{
    (void)state;
    char *list = calloc(1, 8000), err[COMMAND_ERR_MAX];
    struct export_columns *c = malloc(sizeof *c);
    assert_non_null(list);
    assert_non_null(c);
    for (int i = 0; i < EXPORT_COLUMNS_MAX; i++)
        sprintf(list + strlen(list), "%schain.%d", i > 0 ? "," : "", i);
    assert_true(export_columns_parse(c, err, list, EXPORT_TABLE));
    assert_int_equal(c->num, EXPORT_COLUMNS_MAX);
    strcat(list, ",addr");
    assert_false(export_columns_parse(c, err, list, EXPORT_TABLE));
    assert_non_null(strstr(err, "256 are the most"));
    free(c);
    free(list);
}

static void wanted(void **state)
{
    (void)state;
    struct export_columns c;
    char err[COMMAND_ERR_MAX];
    assert_true(
        export_columns_parse(&c, err, "tls.octets,chain.0,audit.sni.leaf_with", EXPORT_TABLE));
    assert_true(export_columns_want(&c, "tls"));
    assert_true(export_columns_want(&c, "tls.octets.in"));
    assert_true(export_columns_want(&c, "chain"));
    assert_true(export_columns_want(&c, "audit"));
    assert_false(export_columns_want(&c, "tls.version"));
    assert_false(export_columns_want(&c, "tls.oct"));
    assert_false(export_columns_want(&c, "audit_raw"));
    assert_false(export_columns_want(&c, "chain_cut"));
}

/* ---- fields ---- */

/* each path is found, by itself and with numbers in it; a field in another comes after it */
static void fields(void **state)
{
    (void)state;
    const struct export_field *f;
    for (size_t i = 0; (f = export_field_at(i)) != NULL; i++) {
        char path[EXPORT_PATH_MAX], *star;
        assert_true(strlen(f->path) < sizeof path);
        strcpy(path, f->path);
        assert_ptr_equal(export_field_find(bytes_text(path)), f);
        while ((star = strchr(path, '*')) != NULL)
            *star = '7';
        assert_ptr_equal(export_field_find(bytes_text(path)), f);
        if (export_field_has_fields(i))
            assert_int_equal(f->hide, HIDE_NOT);
    }
}

/* ---- picking ---- */

static void objects(void **state)
{
    (void)state;
    static const struct {
        const char *list, *expected;
    } cases[] = {
        {"addr", "{\"addr\":\"192.0.2.1\"}"},
        {"stage,addr", "{\"addr\":\"192.0.2.1\",\"stage\":\"done\"}"},
        {"tls.version", "{\"tls\":{\"version\":\"TLSv1.3\"}}"},
        {"tls.octets.out,tls.octets.in", "{\"tls\":{\"octets\":{\"in\":1,\"out\":2}}}"},
        {"tls.octets.out,tls.octets", "{\"tls\":{\"octets\":{\"in\":1,\"out\":2}}}"},
        {"tls.alerts", "{\"tls\":{\"alerts\":[]}}"},
        {"tls.alerts.*.name", "{\"tls\":{\"alerts\":[]}}"},
        {"greeting,ms", "{\"greeting\":\"a\\\"],}b\\\\\",\"ms\":{\"total\":1.500}}"},
        {"attempts.*.cause", "{\"attempts\":[{\"cause\":\"timeout\"},{\"cause\":\"reset\"}]}"},
        {"attempts.*.smtp_code", "{\"attempts\":[{\"smtp_code\":421}]}"},
        {"ehlo.*", "{\"ehlo\":[\"mx\",\"\",\"STARTTLS\"]}"},
        {"host", "{}"},
        {"tls.group,audit.sni.leaf_with", "{}"},
        {"tls.group,addr", "{\"addr\":\"192.0.2.1\"}"},
        {"position,addr,attempts,stage,greeting,ehlo,tls,ms", LINE},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct export_columns c;
        struct json out;
        char err[COMMAND_ERR_MAX] = "";
        json_init(&out);
        assert_true(export_columns_parse(&c, err, cases[i].list, EXPORT_LINES));
        pick_object(&c.pick, &out, bytes_text(LINE), NULL, NULL);
        assert_false(out.bad);
        if (out.len != strlen(cases[i].expected) ||
            memcmp(out.text, cases[i].expected, out.len) != 0)
            fail_msg("\"%s\": %.*s", cases[i].list, (int)out.len, out.text);
        json_cleanup(&out);
    }
}

/* whatever the line is cut to, nothing outside of it is read: each copy has no octet to spare */
static void cut_lines(void **state)
{
    (void)state;
    struct export_columns c;
    struct bytes cells[8];
    char err[COMMAND_ERR_MAX] = "";
    assert_true(export_columns_parse(
        &c, err, "addr,attempts.1.smtp_code,ehlo,tls.octets.out,ms.total", EXPORT_TABLE));
    for (size_t len = 1; len < strlen(LINE); len++) {
        uint8_t *copy = malloc(len);
        struct json out;
        json_init(&out);
        assert_non_null(copy);
        memcpy(copy, LINE, len);
        pick_cells(&c.pick, cells, c.num, bytes_of(copy, len));
        pick_object(&c.pick, &out, bytes_of(copy, len), NULL, NULL);
        json_cleanup(&out);
        free(copy);
    }
    pick_cells(&c.pick, cells, c.num, bytes_text(LINE));
    assert_true(bytes_equal(cells[0], bytes_text("\"192.0.2.1\"")));
    assert_true(bytes_equal(cells[1], bytes_text("421")));
    assert_true(bytes_equal(cells[2], bytes_text("[\"mx\",\"\",\"STARTTLS\"]")));
    assert_true(bytes_equal(cells[3], bytes_text("2")));
    assert_true(bytes_equal(cells[4], bytes_text("1.500")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists),  cmocka_unit_test(too_many), cmocka_unit_test(wanted),
        cmocka_unit_test(fields), cmocka_unit_test(objects),  cmocka_unit_test(cut_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
