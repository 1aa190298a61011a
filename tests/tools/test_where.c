/* where: which records a filter means, and how it says what it does not understand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/where.h"

#define LENGTH(a) (sizeof(a) / sizeof(a)[0])

/* ---- rows ---- */

static const uint8_t chain[3][32];
static const struct addr sources[] = {{0, 0xffffc0000263ULL}}; /* 192.0.2.99 */
static const struct dataset_hello hellos[] = {{.name = {(const uint8_t *)"plain", 5}}};
static const struct dataset_header header = {
    .start_us = INT64_C(1795671267000000), /* 2026-11-26 05:34:27 */
    .sources = sources,
    .num_sources = 1,
    .hellos = hellos,
    .num_hellos = 1,
};

static struct addr addr_of(const char *text)
{
    struct addr a;
    assert_true(addr_parse(&a, text, strlen(text)));
    return a;
}

/* a record of all there is */
static void fill_full(struct record *r)
{
    record_init(r);
    r->position = 42;
    r->addr = addr_of("192.0.2.7");
    r->port = 25;
    r->host = bytes_text("mx.example.com");
    r->tag = bytes_text("a'b");
    r->start_us = 1500000;
    r->stage = STAGE_DONE;
    r->cause = CAUSE_OK;
    r->smtp_code = 250;
    r->errnum = 0;
    for (size_t i = 0; i < NUM_TIMINGS; i++)
        r->timing_us[i] = 1000 * (uint32_t)(i + 1);
    r->text[TEXT_GREETING] = bytes_text("220 mx.example.com ESMTP Postfix\r\n");
    r->text[TEXT_EHLO] = bytes_text("250-mx.example.com\r\n250 STARTTLS\r\n");
    r->has_tls = r->handshake_done = true;
    r->version = 0x0304;
    r->suite = 0x1301;
    r->group = 4588;
    r->sigscheme = 0x7777;
    r->chain = chain;
    r->num_chain = 3;
    r->num_attempts = 1;
}

/* one that timed out in connect */
static void fill_bare(struct record *r)
{
    record_init(r);
    r->addr = addr_of("2001:db8::1");
    r->port = 25;
    r->source = 3; /* the header has none such */
    r->stage = STAGE_CONNECT;
    r->cause = CAUSE_TIMEOUT;
    r->errnum = 110;
}

static const struct {
    const char *filter;
    enum answer full, bare;
} cases[] = {
#define Y ANSWER_YES
#define N ANSWER_NO
#define U ANSWER_UNKNOWN
    {"stage = 'done'", Y, N},
    {"stage != 'done'", N, Y},
    {"stage='connect'", N, Y},
    {"cause in ('ok', 'timeout')", Y, Y},
    {"cause not in ('ok', 'reset')", N, Y},
    {"cause in ('reset')", N, N},
    {"position = 42", Y, N},
    {"position < 42", N, Y},
    {"position <= 42", Y, Y},
    {"position > 41", Y, N},
    {"position >= 43", N, N},
    {"position in (1, 42)", Y, N},
    {"port = 25 and stage = 'done'", Y, N},
    {"port != 25 or stage = 'done'", Y, N},
    {"not port = 25", N, N},
    {"not not port = 25", Y, Y},
    {"not (port = 25 and stage = 'done')", N, Y},
    {"port = 25 or port = 26 and port = 27", Y, Y}, /* and binds closer */
    {"(port = 25 or port = 26) and port = 27", N, N},
    {"not port = 26 and port = 25", Y, Y}, /* not binds closest */

    /* what is not there is not known */
    {"smtp_code = 250", Y, U},
    {"smtp_code != 250", N, U},
    {"not smtp_code = 250", N, U},
    {"smtp_code in (250)", Y, U},
    {"smtp_code not in (250)", N, U},
    {"smtp_code = 250 or stage = 'connect'", Y, Y},
    {"stage = 'connect' or smtp_code = 250", Y, Y},
    {"smtp_code = 250 and stage = 'connect'", N, U},
    {"smtp_code = 250 and stage = 'done'", Y, N},
    {"stage = 'done' and smtp_code = 250", Y, N},
    {"smtp_code = 1 or smtp_code = 2", N, U},
    {"smtp_code", Y, N},
    {"not smtp_code", N, Y},
    {"smtp_code and smtp_code != 250 or not smtp_code", N, Y},

    /* presence */
    {"tls", Y, N},
    {"not tls", N, Y},
    {"chain", Y, N},
    {"attempts", Y, N},
    {"host", Y, N},
    {"addr", Y, Y},
    {"greeting and not early_plaintext", Y, N},
    {"helo", N, N},
    {"starttls_reply", N, N},
    {"ehlo_tls or not_tls", N, N},
    {"country", Y, N},
    {"source", Y, N},

    /* booleans are what they are */
    {"tls.handshake_done", Y, U},
    {"not tls.handshake_done", N, U},
    {"tls.handshake_done = true", Y, U},
    {"tls.handshake_done != true", N, U},
    {"tls.handshake_done = false", N, U},

    /* texts */
    {"host = 'mx.example.com'", Y, U},
    {"host = 'MX.example.com'", N, U},
    {"host ~ 'EXAMPLE'", Y, U},
    {"host ~ ''", Y, U},
    {"host ~ 'example.org'", N, U},
    {"host >= 'mx'", Y, U},
    {"host < 'mx'", N, U},
    {"host < 'mx.example.com2'", Y, U},
    {"tag = 'a''b'", Y, U},
    {"greeting ~ 'postfix'", Y, U},
    {"ehlo ~ 'starttls'", Y, U},
    {"enhanced_code = '5.7.1'", U, U},
    {"errno = 'ETIMEDOUT'", U, Y},

    /* TLS by name */
    {"tls.version = 'TLSv1.3'", Y, U},
    {"tls.version < 'TLSv1.2'", N, U},
    {"tls.version >= 'TLSv1.2'", Y, U},
    {"tls.suite = 'TLS_AES_128_GCM_SHA256'", Y, U},
    {"tls.suite ~ 'GCM'", Y, U},
    {"tls.group in ('x25519', 'X25519MLKEM768')", Y, U},
    {"tls.sigscheme = '0x7777'", Y, U},
    {"tls.hello = 'plain'", Y, U},

    /* addresses */
    {"addr = 192.0.2.7", Y, N},
    {"addr = '192.0.2.7'", Y, N},
    {"addr = ::ffff:192.0.2.7", Y, N},
    {"addr != 192.0.2.7", N, Y},
    {"addr in 192.0.2.0/24", Y, N},
    {"addr in '192.0.2.0/24'", Y, N},
    {"addr not in 192.0.2.0/24", N, Y},
    {"addr in (198.51.100.0/24, 192.0.2.1-192.0.2.9)", Y, N},
    {"addr in (192.0.2.6, 192.0.2.8)", N, N},
    {"addr in 2001:db8::/32", N, Y},
    {"source = 192.0.2.99", Y, U},

    /* durations and moments */
    {"ms.connect = 1", Y, U},
    {"ms.connect >= 1ms", Y, U},
    {"ms.connect < 0.001s", N, U},
    {"ms.connect <= 1000us", Y, U},
    {"ms.total > 6.999", Y, U},
    {"ms.total < 1m", Y, U},
    {"ms.handshake in (5, 6)", Y, U},
    {"start > '2026-11-26'", Y, Y},
    {"start >= '2026-11-26T05:34:28Z'", Y, N},
    {"start < '2026-11-26T05:34Z'", N, N},

    /* counts */
    {"attempts.count = 1", Y, N},
    {"attempts.count < 1", N, Y},
    {"chain.length > 2", Y, U},

    /* what is joined */
    {"country = 'DE'", Y, U},
    {"country in ('FR', 'DE')", Y, U},
    {"as = 64496", Y, U},
    {"as_name ~ 'one'", Y, U},
    {"asn = 64496 and as_org ~ 'one'", Y, U},
    {"mta = 'Postfix'", Y, U},
    {"mta_version >= '3'", Y, U},
#undef Y
#undef N
#undef U
};

static struct where *parse_good(const char *filter)
{
    struct where *w = NULL;
    char err[WHERE_ERR_MAX] = "";
    if (where_parse(&w, err, filter) != 0)
        fail_msg("%s", err);
    return w;
}

static void selects(void **state)
{
    (void)state;
    struct record full, bare;
    fill_full(&full);
    fill_bare(&bare);
    struct where_row rows[] = {
        {.header = &header,
         .record = &full,
         .country = bytes_text("DE"),
         .as_number = 64496,
         .as_name = bytes_text("Example One"),
         .mta = bytes_text("Postfix"),
         .mta_version = bytes_text("3.4.13")},
        {.header = &header, .record = &bare},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct where *w = parse_good(cases[i].filter);
        enum answer a = where_eval(w, &rows[0]), b = where_eval(w, &rows[1]);
        if (a != cases[i].full || b != cases[i].bare)
            fail_msg("%s: %d %d", cases[i].filter, a, b);
        where_free(w);
    }
    where_free(NULL);
}

static void has_field(void **state)
{
    (void)state;
    static const char *const joined[] = {"country", "as", NULL};
    static const struct {
        const char *filter;
        bool has;
    } filters[] = {{"country", true},
                   {"port = 25 and (not tls or as in (1, 2))", true},
                   {"port = 25 and not tls", false},
                   {"as_name = 'country'", false}};
    for (size_t i = 0; i < LENGTH(filters); i++) {
        struct where *w = parse_good(filters[i].filter);
        assert_int_equal(where_has_field(w, joined), filters[i].has);
        where_free(w);
    }
}

/* ---- what is refused ---- */

static void refused(void **state)
{
    (void)state;
    static const struct {
        const char *filter;
        size_t at; /* from 1 */
        const char *why;
    } bad[] = {
        {"", 1, "a field is expected"},
        {"   ", 4, "a field is expected"},
        {"stag = 'done'", 1, "no such field"},
        {"stage = done", 9, "in single quotes"},
        {"stage = \"done\"", 9, "single quotes"},
        {"stage = 'dine'", 9, "never that"},
        {"cause in ('ok', 'okay')", 17, "never that"},
        {"tls.version = 'TLS1.3'", 15, "never that"},
        {"tls.suite != 'AES'", 14, "never that"},
        {"country = 'de'", 11, "never that"},
        {"stage = 'done", 9, "no closing quote"},
        {"stage =", 8, "in single quotes"},
        {"stage = 'done' cause = 'ok'", 16, "and, or, or the end"},
        {"stage = 'done' and", 19, "a field is expected"},
        {"and stage", 1, "a field is expected"},
        {"not", 4, "a field is expected"},
        {"(stage = 'done'", 16, "`)` is expected"},
        {"stage = 'done')", 15, "and, or, or the end"},
        {"()", 2, "a field is expected"},
        {"stage == 'done'", 8, "in single quotes"},
        {"stage ! 'done'", 7, "nothing begins so"},
        {"stage & cause", 7, "nothing begins so"},
        {"port = 'x'", 8, "a number"},
        {"port = 25x", 8, "a number"},
        {"port = 1234567890123456789", 8, "a number of at most 18"},
        {"port ~ 25", 6, "looks for a part of a text"},
        {"port in 25", 9, "a list is expected"},
        {"port in (25", 12, "`,` and a further value"},
        {"port in (25 26)", 13, "`,` and a further value"},
        {"port in ()", 10, "a number"},
        {"port not 25", 10, "`in` is expected"},
        {"tls = 'x'", 5, "only be asked for"},
        {"tls in (1)", 5, "only be asked for"},
        {"tls.handshake_done = 1", 22, "true or false"},
        {"tls.handshake_done > true", 20, "no order"},
        {"addr < 192.0.2.1", 6, "no order"},
        {"addr = 192.0.2.0/24", 8, "for networks write in"},
        {"addr in 192.0.2.1/24", 9, "host bits"},
        {"addr in ::/0", 9, ""},
        {"addr in )", 9, "an address is expected"},
        {"ms.connect > 1h", 14, "a duration"},
        {"ms.connect > 1.2345", 14, "a duration"},
        {"ms.connect > 123456789", 14, "a duration"},
        {"ms.connect > 1.7777777777777777777777777777", 14, "a duration"},
        {"ms.connect > .5", 14, "a duration"},
        {"start > 2026-11-26", 9, "a moment"},
        {"start > '26.11.2026'", 9, "a moment"},
        {"start > ''", 9, "a moment"},
    };
    for (size_t i = 0; i < LENGTH(bad); i++) {
        struct where *w = NULL;
        char err[WHERE_ERR_MAX] = "", place[40];
        assert_int_equal(where_parse(&w, err, bad[i].filter), -EINVAL);
        assert_null(w);
        snprintf(place, sizeof place, "--where, character %zu: ", bad[i].at);
        if (strncmp(err, place, strlen(place)) != 0 || strstr(err, bad[i].why) == NULL)
            fail_msg("%s: %s", bad[i].filter, err);
    }
}

static void caret(void **state)
{
    (void)state;
    struct where *w = NULL;
    char err[WHERE_ERR_MAX] = "";
    assert_int_equal(where_parse(&w, err, "stage = 'done' or\tfoo = 1"), -EINVAL);
    assert_string_equal(err, "--where, character 19: no such field; doc/where.md lists them\n"
                             "  stage = 'done' or?foo = 1\n"
                             "                    ^");
    static char filter[300];
    memset(filter, ' ', 200);
    memcpy(filter + 200, "bad\x1b[31m and more that does not fit into the line that is shown", 60);
    assert_int_equal(where_parse(&w, err, filter), -EINVAL);
    assert_null(strchr(err, '\x1b'));
    const char *mark = strrchr(err, '\n'), *line = strchr(err, '\n');
    assert_int_equal(line[strlen(mark) - 1], 'b');
}

static void bounds(void **state)
{
    (void)state;
    static char filter[WHERE_TEXT_MAX + 100];
    char err[WHERE_ERR_MAX] = "";
    struct where *w = NULL;
    struct record r;
    fill_full(&r);
    struct where_row row = {.header = &header, .record = &r};

    for (size_t depth = WHERE_DEPTH_MAX; depth <= WHERE_DEPTH_MAX + 1; depth++) {
        memset(filter, '(', depth);
        memcpy(filter + depth, "tls", 3);
        memset(filter + depth + 3, ')', depth);
        filter[2 * depth + 3] = '\0';
        int rc = where_parse(&w, err, filter);
        assert_int_equal(rc, depth > WHERE_DEPTH_MAX ? -EINVAL : 0);
        if (rc == 0) {
            assert_int_equal(where_eval(w, &row), ANSWER_YES);
            where_free(w);
            w = NULL;
        }
    }
    assert_non_null(strstr(err, "more than 32 parentheses"));

    size_t len = 0;
    for (size_t i = 0; i < WHERE_NODES_MAX / 2; i++)
        len += (size_t)sprintf(filter + len, "%stls", i > 0 ? " and " : "");
    w = parse_good(filter);
    assert_int_equal(where_eval(w, &row), ANSWER_YES);
    where_free(w);
    w = NULL;
    sprintf(filter + len, " and tls");
    assert_int_equal(where_parse(&w, err, filter), -EINVAL);
    assert_non_null(strstr(err, "more than 256"));

    len = (size_t)sprintf(filter, "port in (25");
    for (size_t i = 1; i < WHERE_VALUES_MAX; i++)
        len += (size_t)sprintf(filter + len, ",1");
    sprintf(filter + len, ")");
    w = parse_good(filter);
    assert_int_equal(where_eval(w, &row), ANSWER_YES);
    where_free(w);
    w = NULL;
    sprintf(filter + len, ",1)");
    assert_int_equal(where_parse(&w, err, filter), -EINVAL);
    assert_non_null(strstr(err, "more than 512 values"));

    memset(filter, ' ', sizeof filter - 1);
    memcpy(filter + WHERE_TEXT_MAX - 3, "tls", 4);
    where_free(parse_good(filter));
    memcpy(filter + WHERE_TEXT_MAX - 2, "tls", 4);
    assert_int_equal(where_parse(&w, err, filter), -EINVAL);
    assert_non_null(strstr(err, "longer than 4096"));
}

/* each beginning of a filter is understood or refused, with the place within it */
static void cut(void **state)
{
    (void)state;
    static const char whole[] =
        "not (stage in ('done', 'ehlo') or addr not in (192.0.2.0/24, ::1)) "
        "and ms.total >= 1.5s and tls.handshake_done = true";
    for (size_t len = 0; len < sizeof whole; len++) {
        char *part = strndup(whole, len), err[WHERE_ERR_MAX] = "";
        struct where *w = NULL;
        size_t at;
        int rc = where_parse(&w, err, part);
        assert_true((rc == 0) == (err[0] == '\0') && (rc == 0) == (w != NULL));
        if (rc != 0) {
            assert_int_equal(sscanf(err, "--where, character %zu:", &at), 1);
            assert_true(at >= 1 && at <= len + 1);
        }
        where_free(w);
        free(part);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(selects), cmocka_unit_test(has_field), cmocka_unit_test(refused), cmocka_unit_test(caret),
        cmocka_unit_test(bounds),  cmocka_unit_test(cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
