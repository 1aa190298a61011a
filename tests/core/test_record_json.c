#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/record_json.h"

static const struct bytes hello_name = {(const uint8_t *)"plain", 5};

static void header_init(struct dataset_header *h, struct dataset_hello *hello)
{
    *hello = (struct dataset_hello){.name = hello_name};
    *h = (struct dataset_header){
        .start_us = INT64_C(1767225600000000), .hellos = hello, .num_hellos = 1};
}

/* the line of a record, NUL-terminated, to be freed */
static char *line_of(const struct record *r)
{
    struct dataset_hello hello;
    struct dataset_header h;
    struct json j;
    header_init(&h, &hello);
    json_init(&j);
    record_json(&j, &h, r);
    assert_false(j.bad);
    char *line = strndup(j.text, j.len);
    json_cleanup(&j);
    return line;
}

static void refused(struct record *r)
{
    record_init(r);
    r->position = 7;
    r->addr = addr_v4(0xc0000201);
    r->port = 25;
    r->start_us = 1500000;
    r->stage = STAGE_CONNECT;
    r->cause = CAUSE_REFUSED;
}

static void what_is_absent_is_absent(void **state)
{
    (void)state;
    struct record r;
    refused(&r);
    char *line = line_of(&r);
    assert_string_equal(line, "{\"position\":7,\"addr\":\"192.0.2.1\",\"port\":25,"
                              "\"start\":\"2026-01-01T00:00:01.500000Z\",\"stage\":\"connect\","
                              "\"cause\":\"refused\"}\n");
    free(line);
}

static void names_that_do_not_resolve_have_no_address(void **state)
{
    (void)state;
    static const enum cause causes[] = {CAUSE_NO_ADDRESS, CAUSE_DNS_FAILURE};
    for (size_t i = 0; i < 2; i++) {
        struct record r;
        refused(&r);
        r.cause = (uint8_t)causes[i];
        r.host = bytes_text("mx.example.com");
        char *line = line_of(&r);
        assert_null(strstr(line, "\"addr\""));
        assert_non_null(strstr(line, "\"position\":7,\"port\":25,\"host\":\"mx.example.com\""));
        free(line);
    }
}

static void attempts_are_in_short(void **state)
{
    (void)state;
    struct record r;
    refused(&r);
    r.num_attempts = 2;
    r.attempts[0] = (struct attempt){0, STAGE_CONNECT, CAUSE_TIMEOUT, 0};
    r.attempts[1] = (struct attempt){1234567, STAGE_GREETING, CAUSE_THROTTLED, 421};
    char *line = line_of(&r);
    assert_non_null(strstr(
        line, "\"attempts\":[{\"start\":\"2026-01-01T00:00:00.000Z\",\"stage\":\"connect\","
              "\"cause\":\"timeout\"},{\"start\":\"2026-01-01T00:00:01.234Z\",\"stage\":"
              "\"greeting\",\"cause\":\"throttled\",\"smtp_code\":421}],\"stage\":\"connect\""));
    free(line);
}

/* of a merged file: `::` is where the kernel chose */
static void sources_of_the_kernel_are_not_said(void **state)
{
    (void)state;
    static const struct addr sources[] = {{0, 0}, {0, UINT64_C(0xffffc0000207)}};
    for (uint8_t i = 0; i < 2; i++) {
        struct dataset_hello hello;
        struct dataset_header h;
        struct record r;
        struct json j;
        header_init(&h, &hello);
        h.sources = sources;
        h.num_sources = 2;
        refused(&r);
        r.source = i;
        json_init(&j);
        record_json(&j, &h, &r);
        char *line = strndup(j.text, j.len);
        assert_int_equal(strstr(line, "\"source\"") != NULL, i == 1);
        free(line);
        json_cleanup(&j);
    }
}

/* our address, where the header names those that there are */
static void sources_are_of_the_header(void **state)
{
    (void)state;
    static const struct addr sources[2] = {{0, 0xffffc0000263}, {UINT64_C(0x20010db800000000), 1}};
    for (uint8_t i = 0; i < 3; i++) {
        struct dataset_hello hello;
        struct dataset_header h;
        struct record r;
        struct json j;
        header_init(&h, &hello);
        h.sources = sources;
        h.num_sources = i < 2 ? 2 : 0;
        refused(&r);
        r.source = i < 2 ? i : 0;
        json_init(&j);
        record_json(&j, &h, &r);
        char *line = strndup(j.text, j.len);
        const char *found = strstr(line, "\"source\":");
        if (i == 2)
            assert_null(found);
        else
            assert_non_null(
                strstr(line, i == 0 ? "\"source\":\"192.0.2.99\"" : "\"source\":\"2001:db8::1\""));
        free(line);
        json_cleanup(&j);
    }
}

static void errors_have_names(void **state)
{
    (void)state;
    static const struct {
        int32_t errnum;
        const char *expected;
    } cases[] = {{111, "\"errno\":\"ECONNREFUSED\""},
                 {104, "\"errno\":\"ECONNRESET\""},
                 {99999, "\"errno\":99999"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct record r;
        refused(&r);
        r.errnum = cases[i].errnum;
        char *line = line_of(&r);
        assert_non_null(strstr(line, cases[i].expected));
        free(line);
    }
}

static void replies_to_ehlo(void **state)
{
    (void)state;
    static const struct {
        const char *reply, *expected;
    } cases[] = {
        {"250-mx\r\n250-SIZE 1\r\n250 DSN\r\n", "\"ehlo\":[\"mx\",\"SIZE 1\",\"DSN\"]}"},
        {"250 mx\r\n", "\"ehlo\":[\"mx\"]}"},
        {"250-mx\r\n250 \r\n", "\"ehlo\":[\"mx\",\"\"]}"},
        {"250-mx\r\n250 a\r\r\n",
         "\"ehlo\":[\"mx\",\"a\"],\"ehlo_raw\":\"250-mx\\r\\n250 a\\r\\r\\n\"}"},
        {"502 no\r\n", "\"ehlo\":[\"no\"],\"ehlo_raw\":\"502 no\\r\\n\"}"},
        {"250-mx\n250 DSN\n", "\"ehlo\":[\"mx\",\"DSN\"],\"ehlo_raw\":\"250-mx\\n250 DSN\\n\"}"},
        {"250-mx\r\n250-DSN\r\n",
         "\"ehlo\":[\"mx\",\"DSN\"],\"ehlo_raw\":\"250-mx\\r\\n250-DSN\\r\\n\"}"},
        {"250-mx\r\n250 DS", "\"ehlo\":[\"mx\",\"DS\"],\"ehlo_raw\":\"250-mx\\r\\n250 DS\"}"},
        {"what\r\n", "\"ehlo\":[\"what\"],\"ehlo_raw\":\"what\\r\\n\"}"},
        {"250", "\"ehlo\":[\"250\"],\"ehlo_raw\":\"250\"}"},
        {"250 \xff\r\n", "\"ehlo\":[\"\\\\xFF\"]}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct record r;
        refused(&r);
        r.text[TEXT_EHLO] = bytes_text(cases[i].reply);
        char *line = line_of(&r);
        const char *at = strstr(line, "\"ehlo\"");
        assert_non_null(at);
        assert_int_equal(strncmp(at, cases[i].expected, strlen(cases[i].expected)), 0);
        free(line);
    }
}

static void tls_has_names_and_numbers(void **state)
{
    (void)state;
    static const uint8_t chain[1][32] = {{0xab}};
    struct record r;
    refused(&r);
    r.has_tls = r.handshake_done = true;
    r.version = 0x0304;
    r.suite = 0x1301;
    r.group = 0xfefe;
    r.num_alerts = 2;
    r.alerts[0] = (struct alert){false, 2, 40, STAGE_HANDSHAKE};
    r.alerts[1] = (struct alert){true, 1, 200, STAGE_DONE};
    r.chain = chain;
    r.num_chain = 1;
    r.chain_cut = true;
    r.timing_us[TIMING_CONNECT] = 1234;
    r.timing_us[TIMING_TOTAL] = 4000000000;
    char *line = line_of(&r);
    assert_non_null(strstr(
        line, "\"tls\":{\"handshake_done\":true,\"version\":\"TLSv1.3\",\"suite\":"
              "\"TLS_AES_128_GCM_SHA256\",\"group\":\"0xfefe\",\"hello\":\"plain\",\"alerts\":["
              "{\"dir\":\"received\",\"level\":2,\"number\":40,\"name\":"
              "\"handshake_failure\",\"during\":\"handshake\"},{\"dir\":\"sent\","
              "\"level\":1,\"number\":200,\"during\":\"done\"}]}"));
    assert_non_null(strstr(line, "\"chain\":[\"ab000000"));
    assert_non_null(
        strstr(line, "\"chain_cut\":true,\"ms\":{\"connect\":1.234,\"total\":4000000.000}"));
    free(line);
}

/* all that a handshake shows, and nothing that is not known */
static void handshakes_show(void **state)
{
    (void)state;
    static const char request[] = "\1\1\0\2\4\3\0\x10\0\x0e"
                                  "\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x0c\x01" "\xff";
    struct record r;
    refused(&r);
    r.has_tls = true;
    r.version = 0x0303;
    r.tls_known = TLS_FLAG_EMS | TLS_FLAG_TICKET | TLS_FLAG_COMPRESSION | TLS_FLAG_OCSP |
                  TLS_FLAG_ALPN;
    r.tls_flags = TLS_FLAG_EMS | TLS_FLAG_TICKET;
    r.retry_group = 24;
    r.num_server_exts = 2;
    r.server_exts[0] = 23;
    r.server_exts[1] = 65281;
    r.text[TEXT_OCSP] = bytes_text("a");
    r.text[TEXT_SCT] = bytes_text("ab");
    r.text[TEXT_CERT_REQUEST] = bytes_of(request, sizeof request - 1);
    r.flights = 4;
    r.tls_in = 3000;
    r.timing_us[TIMING_SERVER_HELLO] = 1500;
    char *line = line_of(&r);
    assert_non_null(strstr(
        line, "\"hello\":\"plain\",\"ems\":true,\"session_ticket\":true,\"ocsp_stapled\":false,"
              "\"alpn_unasked\":false,\"compressed\":false,\"ticket_lifetime_s\":0,"
              "\"retry_group\":\"secp384r1\",\"server_extensions\":[23,65281],"
              "\"fingerprint\":\"s12-0000-0017.ff01\",\"ocsp_staple\":\"YQ==\",\"sct_list\":\"YWI=\","
              "\"certificate_request\":{\"body\":\"AQEAAgQDABAADjAMMQowCAYDVQQDDAH/\","
              "\"ca_names\":[\"CN=\\\\xFF\"],\"num_ca_names\":1},\"flights\":4,"
              "\"octets\":{\"in\":3000,\"out\":0}}"));
    assert_non_null(strstr(line, "\"ms\":{\"server_hello\":1.500}"));
    free(line);

    r.num_server_exts = 0;   /* a ServerHello that has none */
    r.text[TEXT_CERT_REQUEST] = bytes_text("?");
    line = line_of(&r);
    assert_non_null(strstr(line, "\"server_extensions\":[],\"fingerprint\":\"s12-0000-0\""));
    assert_non_null(strstr(line, "\"certificate_request\":{\"body\":\"Pw==\"}"));
    free(line);
}

static void keywords_and_anomalies(void **state)
{
    (void)state;
    static const struct {
        const char *ehlo, *ehlo_tls, *expected;   /* from ehlo_tls on; NULL: nothing of it */
    } cases[] = {
        {"250-mx\r\n250-SIZE\r\n250 STARTTLS\r\n", "250-mx\r\n250-SIZE 9\r\n250 auth A\r\n",
         "\"starttls_again\":false,\"keywords_added\":[\"AUTH\"]}"},
        {"250-mx\r\n250-DSN\r\n250 STARTTLS\r\n", "250-mx\r\n250 STARTTLS\r\n",
         "\"starttls_again\":true,\"keywords_removed\":[\"DSN\"],"
         "\"anomalies\":[\"starttls-again\"]}"},
        {"250-mx\r\n250 STARTTLS\r\n", "250 mx\r\n", "\"starttls_again\":false}"},
        {"250-mx\r\n250 XXXXXXXA\r\n", "",
         "\"anomalies\":[\"keyword-masked\",\"starttls-masked\"]}"},
        {"250-mx\r\n250 STARTTLS\r\n", "550 no\r\n", NULL},
        {"550 no\r\n", "250-mx\r\n250 A\r\n", "\"starttls_again\":false}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct record r;
        refused(&r);
        r.text[TEXT_EHLO] = bytes_text(cases[i].ehlo);
        r.text[TEXT_EHLO_TLS] = bytes_text(cases[i].ehlo_tls);
        char *line = line_of(&r);
        if (cases[i].expected == NULL)
            assert_null(strstr(line, "starttls_again"));
        else if (strstr(line, cases[i].expected) == NULL)
            fail_msg("case %zu: %s", i, line);
        free(line);
    }
}

/* Any octets of a reply can be had back from the line: greeting as it is, the answer to EHLO from its lines or from ehlo_raw. */
static void octets_can_be_had_back(void **state)
{
    (void)state;
    uint32_t random = 1;
    for (size_t n = 0; n < 2000; n++) {
        uint8_t octets[40], back[sizeof octets * 4];
        char key[] = "\"greeting\":\"";
        size_t len = 1 + n % sizeof octets;
        struct record r;
        for (size_t i = 0; i < len; i++) {
            random = random * 1664525u + 1013904223u;
            octets[i] = n % 2 == 0 ? (uint8_t)(random >> 24)
                                   : (uint8_t) "250- \r\n\\x\"a\xc3\xa9"[(random >> 24) % 13];
        }
        refused(&r);
        r.text[TEXT_GREETING] = bytes_of(octets, len);
        char *line = line_of(&r), text[512];
        size_t text_len = 0;
        const char *at = strstr(line, key);
        assert_non_null(at);
        for (at += strlen(key); *at != '"'; at++) { /* what a JSON parser makes of it */
            if (*at != '\\') {
                text[text_len++] = *at;
                continue;
            }
            const char *from = "btnfr\"\\/", *to = "\b\t\n\f\r\"\\/";
            const char *found = strchr(from, *++at);
            assert_non_null(found); /* no \u among what these octets can give */
            text[text_len++] = to[found - from];
        }
        assert_int_equal(json_unescape(back, bytes_of(text, text_len)), len);
        assert_memory_equal(back, octets, len);
        free(line);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_that_do_not_resolve_have_no_address),
        cmocka_unit_test(attempts_are_in_short),
        cmocka_unit_test(sources_are_of_the_header),
        cmocka_unit_test(sources_of_the_kernel_are_not_said),
        cmocka_unit_test(what_is_absent_is_absent),
        cmocka_unit_test(errors_have_names),
        cmocka_unit_test(replies_to_ehlo),
        cmocka_unit_test(tls_has_names_and_numbers),
        cmocka_unit_test(handshakes_show),
        cmocka_unit_test(keywords_and_anomalies),
        cmocka_unit_test(octets_can_be_had_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
