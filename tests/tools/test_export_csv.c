/* export_csv: cells, as a spreadsheet, a reader of RFC 4180 and a terminal get them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "tools/export_csv.h"

#define LENGTH(a) (sizeof(a) / sizeof(a)[0])

static void expect_row(const char *list, struct bytes line, const char *expected)
{
    struct export_columns c;
    struct json out;
    char err[COMMAND_ERR_MAX] = "";
    json_init(&out);
    if (!export_columns_parse(&c, err, list, EXPORT_TABLE))
        fail_msg("%s", err);
    csv_row(&out, &c, line);
    assert_false(out.bad);
    if (out.len != strlen(expected) || memcmp(out.text, expected, out.len) != 0)
        fail_msg("%.*s: %.*s and not %s", (int)line.len, line.data, (int)out.len, out.text,
                 expected);
    json_cleanup(&out);
}

/* ---- texts of servers ---- */

static void texts(void **state)
{
    (void)state;
    static const struct {
        const char *octets, *cell;
    } cases[] = {
        {"plain", "\"plain\""},
        {"a,b;c", "\"a,b;c\""},
        {"say \"hi\"", "\"say \"\"hi\"\"\""},
        {"two\r\nlines", "\"two\\x0D\\x0Alines\""},
        {"tab\tbs\bff\f", "\"tab\\x09bs\\x08ff\\x0C\""},
        {"back\\slash \\x41", "\"back\\\\slash \\\\x41\""},
        {"\x1b[31m\x7f", "\"\\x1B[31m\\x7F\""},
        {"\xe2\x80\xae\xd8\x9c", "\"\\xE2\\x80\\xAE\\xD8\\x9C\""},
        {"\xff caf\xc3\xa9", "\"\\xFF caf\xc3\xa9\""},
        {"a|b", "\"a|b\""},
        {"=1+1", "\"'=1+1\""},
        {"+1", "\"'+1\""},
        {"-1", "\"'-1\""},
        {"@SUM(A1)", "\"'@SUM(A1)\""},
        {"'=1", "\"''=1\""},
        {"'", "\"''\""},
        {"\t=1", "\"\\x09=1\""},
        {"\r=1", "\"\\x0D=1\""},
        {"  =1", "\"'  =1\""},
        {"\xc2\xa0=1", "\"'\xc2\xa0=1\""},
        {"\xe3\x80\x80\xef\xbc\x9d", "\"'\xe3\x80\x80\xef\xbc\x9d\""},
        {"\xef\xbb\xbf=1", "\"\\xEF\\xBB\\xBF=1\""},
        {"\xef\xbc\x9d"
         "1",
         "\"'\xef\xbc\x9d"
         "1\""},
        {"\xef\xbc\xa0"
         "1",
         "\"'\xef\xbc\xa0"
         "1\""},
        {"220 =1", "\"220 =1\""},
        {"<script>", "\"<script>\""},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct json line;
        char expected[128];
        json_init(&line);
        json_object(&line);
        json_key(&line, "greeting");
        json_octets(&line, bytes_text(cases[i].octets));
        json_object_end(&line);
        snprintf(expected, sizeof expected, "%s\r\n", cases[i].cell);
        expect_row("greeting", bytes_of(line.text, line.len), expected);
        json_cleanup(&line);
    }
}

/* ---- other values ---- */

static void values(void **state)
{
    (void)state;
    static const struct {
        const char *list, *line, *row;
    } cases[] = {
        {"port,addr", "{\"addr\":\"192.0.2.1\",\"port\":25}", "25,\"192.0.2.1\"\r\n"},
        {"addr,host,port", "{\"port\":25}", ",,25\r\n"},
        {"errno", "{\"errno\":-5}", "\"'-5\"\r\n"},
        {"ms.total,tls.handshake_done",
         "{\"tls\":{\"handshake_done\":true},\"ms\":{\"total\":0.001}}", "0.001,true\r\n"},
        {"ehlo", "{\"ehlo\":[\"mx\",\"SIZE 1\",\"STARTTLS\"]}", "\"mx|SIZE 1|STARTTLS\"\r\n"},
        {"ehlo", "{\"ehlo\":[\"=mx\",\"=b\"]}", "\"'=mx|=b\"\r\n"},
        {"ehlo", "{\"ehlo\":[\"a|b\",\"\",\"say \\\"c\\\"\\r\\n\"]}",
         "\"a\\x7Cb||say \"\"c\"\"\\x0D\\x0A\"\r\n"},
        {"ehlo.0,ehlo.1,ehlo.2", "{\"ehlo\":[\"mx\",\"SIZE 1\"]}", "\"mx\",\"SIZE 1\",\r\n"},
        {"ehlo", "{\"ehlo\":[]}", "\"\"\r\n"},
        {"tls.server_extensions", "{\"tls\":{\"server_extensions\":[43,51]}}", "\"43|51\"\r\n"},
        {"attempts", "{\"attempts\":[{\"cause\":\"reset\"}]}",
         "\"[{\"\"cause\"\":\"\"reset\"\"}]\"\r\n"},
        {"attempts.1.cause", "{\"attempts\":[{\"cause\":\"reset\"},{\"cause\":\"=x\"}]}",
         "\"'=x\"\r\n"},
        {"ms", "{\"ms\":{\"total\":1}}", "\"{\"\"total\"\":1}\"\r\n"},
        {"tls,tls.version", "{\"tls\":{\"version\":\"TLSv1.3\"}}",
         "\"{\"\"version\"\":\"\"TLSv1.3\"\"}\",\"TLSv1.3\"\r\n"},
        {"host", "{\"host\":\"\\u0000\\ufffd\"}", "\"\\x00\\xEF\\xBF\\xBD\"\r\n"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++)
        expect_row(cases[i].list, bytes_text(cases[i].line), cases[i].row);
}

static void headers(void **state)
{
    (void)state;
    struct export_columns c;
    struct json out;
    char err[COMMAND_ERR_MAX] = "";
    json_init(&out);
    assert_true(export_columns_parse(&c, err, " addr, chain.0 ,tls.version", EXPORT_TABLE));
    csv_header(&out, &c);
    assert_int_equal(out.len, strlen("addr,chain.0,tls.version\r\n"));
    assert_memory_equal(out.text, "addr,chain.0,tls.version\r\n", out.len);
    assert_true(export_columns_parse(&c, err, EXPORT_CSV_COLUMNS, EXPORT_TABLE));
    assert_true(export_columns_parse(&c, err, EXPORT_CSV_CERT_COLUMNS, EXPORT_TABLE));
    json_cleanup(&out);
}

/* every octet there is, alone and behind others, as a text and in a list: one line, no formula, and
 * the room that was taken is enough (asan tells) */
static void all_octets(void **state)
{
    (void)state;
    struct export_columns c;
    struct json line, out;
    char err[COMMAND_ERR_MAX] = "";
    json_init(&line);
    json_init(&out);
    assert_true(export_columns_parse(&c, err, "greeting,ehlo", EXPORT_TABLE));
    for (unsigned i = 0; i < 65536; i++) {
        uint8_t octets[2] = {(uint8_t)i, (uint8_t)(i >> 8)};
        json_reset(&line);
        json_reset(&out);
        json_object(&line);
        json_key(&line, "greeting");
        json_octets(&line, bytes_of(octets, 2));
        json_key(&line, "ehlo");
        json_array(&line);
        json_octets(&line, bytes_of(octets, 1));
        json_octets(&line, bytes_of(octets, 2));
        json_array_end(&line);
        json_object_end(&line);
        csv_row(&out, &c, bytes_of(line.text, line.len));
        assert_int_equal(out.text[0], '"');
        assert_null(memchr("=+-@\t\r", out.text[1], 6));
        assert_memory_equal(out.text + out.len - 2, "\r\n", 2);
        for (size_t k = 0; k + 2 < out.len; k++)
            assert_true((uint8_t)out.text[k] >= 0x20 && out.text[k] != 0x7f);
    }
    json_cleanup(&line);
    json_cleanup(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(texts), cmocka_unit_test(values),
                                       cmocka_unit_test(headers), cmocka_unit_test(all_octets)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
