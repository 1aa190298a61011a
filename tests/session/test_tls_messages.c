/* Messages by rote: what each tells, in each version, and that no cut of them tells anything else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scanner/session/tls_messages.h"

enum { MESSAGE_MAX = 1024, MESSAGES_MAX = 8 };

struct message {
    uint8_t data[MESSAGE_MAX];
    size_t len;
};

/* makes a message of "hex and |text|": its type, then its body */
static void make(struct message *m, const char *text)
{
    bool quoted = false;
    m->len = 0;
    for (const char *c = text; *c != '\0'; c++) {
        unsigned octet = (uint8_t)*c;
        if (*c == '|')
            quoted = !quoted;
        if (*c == '|' || (*c == ' ' && !quoted))
            continue;
        if (!quoted)
            assert_int_equal(sscanf(c++, "%2x", &octet), 1);
        m->data[m->len++] = (uint8_t)octet;
        m->len += m->len == 1 ? 3 : 0;   /* room for the length */
    }
    m->data[1] = 0;
    m->data[2] = (uint8_t)((m->len - 4) >> 8);
    m->data[3] = (uint8_t)(m->len - 4);
}

#define R24       "|rrrrrrrrrrrrrrrrrrrrrrrr|"
#define RANDOM    R24 "|rrrrrrrr|"
#define SENTINEL1 R24 "|DOWNGRD| 01"
#define SENTINEL0 R24 "|DOWNGRD| 00"
#define RETRY                                                                            \
    "cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c"
#define HELLO12(exts)       "02 0303" RANDOM "00 c02b 00" exts
#define HELLO13             "02 0303" RANDOM "00 1301 00 0006 002b 0002 0304"
#define KEY_EXCHANGE        "0c 03"
#define DONE                "0e"
#define FINISHED            "14 |hash|"
#define CERT12              "0b 000007 000004 |leaf|"
#define STATUS              "16 01 000003 |ocs|"
#define REQUEST12           "0d 01 01 0002 0403 0000"
#define TICKET12            "04 0000012c 0006 |ticket|"
#define SAYS(k, f)          .known = (k), .flags = (f)
#define AT_HELLO12                                                                       \
    (TLS_FLAG_EMS | TLS_FLAG_SECURE_RENEGOTIATION | TLS_FLAG_ALPN | TLS_FLAG_SCT |       \
     TLS_FLAG_DOWNGRADE_12 | TLS_FLAG_DOWNGRADE_11 | TLS_FLAG_HELLO_RETRY |              \
     TLS_FLAG_COMPRESSION)
#define AT_HELLO13 (TLS_FLAG_HELLO_RETRY | TLS_FLAG_COMPRESSION)

static const struct messages_case {
    const char *name, *messages[MESSAGES_MAX];
    uint16_t version;
    unsigned known, flags;
    uint32_t ticket_s;
    uint16_t retry_group;
    uint8_t compression;
    const char *certs, *ocsp, *scts, *request;   /* the last of each, as text */
} cases[] = {
    {"nothing", {NULL}, .version = 0},
    {"a bare ServerHello", {HELLO12("")}, 0x0303, SAYS(AT_HELLO12, 0)},
    {"no extensions", {HELLO12("0000")}, 0x0303, SAYS(AT_HELLO12, 0)},
    {"TLS 1.0", {"02 0301" RANDOM "00 002f 00"}, 0x0301, SAYS(AT_HELLO12, 0)},
    {"extended master secret", {HELLO12("0004 0017 0000")}, 0x0303,
     SAYS(AT_HELLO12, TLS_FLAG_EMS)},
    {"secure renegotiation", {HELLO12("0005 ff01 0001 00")}, 0x0303,
     SAYS(AT_HELLO12, TLS_FLAG_SECURE_RENEGOTIATION)},
    {"ALPN that nobody asked for", {HELLO12("0009 0010 0005 0003 02 |h2|")}, 0x0303,
     SAYS(AT_HELLO12, TLS_FLAG_ALPN)},
    {"SCTs", {HELLO12("0007 0012 0003 |sct|")}, 0x0303, SAYS(AT_HELLO12, TLS_FLAG_SCT),
     .scts = "sct"},
    {"compression", {"02 0303" RANDOM "00 c02b 01"}, 0x0303,
     SAYS(AT_HELLO12, TLS_FLAG_COMPRESSION), .compression = 1},
    {"could do TLS 1.3", {"02 0303" SENTINEL1 "00 c02b 00"}, 0x0303,
     SAYS(AT_HELLO12, TLS_FLAG_DOWNGRADE_12)},
    {"could do TLS 1.2", {"02 0301" SENTINEL0 "00 c009 00"}, 0x0301,
     SAYS(AT_HELLO12, TLS_FLAG_DOWNGRADE_11)},
    {"extensions cut", {HELLO12("0006 0017 0000")}, .version = 0},
    {"an extension cut", {HELLO12("0005 0017 0002 00")}, .version = 0},
    {"the first ServerHello counts", {HELLO12(""), HELLO13}, 0x0303, SAYS(AT_HELLO12, 0)},

    {"no version", {"02 0000" RANDOM "00 c02b 00", CERT12}, .version = 0},

    {"nothing before the ServerHello",
     {CERT12, STATUS, REQUEST12, DONE, TICKET12, FINISHED, "08 0000"}, .version = 0},

    {"a certificate", {HELLO12(""), CERT12}, 0x0303, SAYS(AT_HELLO12, 0), .certs = "leaf"},
    {"one chain counts", {HELLO12(""), "0b 000008 000005 |first|", CERT12}, 0x0303,
     SAYS(AT_HELLO12, 0), .certs = "first"},
    {"a staple", {HELLO12(""), CERT12, STATUS, KEY_EXCHANGE, DONE}, 0x0303,
     SAYS(AT_HELLO12 | TLS_FLAG_OCSP | TLS_FLAG_CERT_REQUEST, TLS_FLAG_OCSP), .certs = "leaf",
     .ocsp = "ocs"},
    {"no staple", {HELLO12(""), CERT12, KEY_EXCHANGE}, 0x0303,
     SAYS(AT_HELLO12 | TLS_FLAG_OCSP, 0), .certs = "leaf"},
    {"no staple, static RSA", {HELLO12(""), CERT12, DONE}, 0x0303,
     SAYS(AT_HELLO12 | TLS_FLAG_OCSP | TLS_FLAG_CERT_REQUEST, 0), .certs = "leaf"},
    {"no certificate, no staple to have", {HELLO12(""), KEY_EXCHANGE, DONE}, 0x0303,
     SAYS(AT_HELLO12 | TLS_FLAG_CERT_REQUEST, 0)},
    {"an empty staple", {HELLO12(""), CERT12, "16 01 000000"}, 0x0303, SAYS(AT_HELLO12, 0),
     .certs = "leaf"},
    {"a status of another type", {HELLO12(""), CERT12, "16 02 000003 |ocs|"}, 0x0303,
     SAYS(AT_HELLO12, 0), .certs = "leaf"},
    {"a certificate request", {HELLO12(""), CERT12, REQUEST12, DONE}, 0x0303,
     SAYS(AT_HELLO12 | TLS_FLAG_OCSP | TLS_FLAG_CERT_REQUEST, TLS_FLAG_CERT_REQUEST),
     .certs = "leaf", .request = "\1\1\0\2\4\3\0"},
    {"a ticket", {HELLO12(""), TICKET12, FINISHED}, 0x0303,
     SAYS(AT_HELLO12 | TLS_FLAG_TICKET, TLS_FLAG_TICKET), .ticket_s = 300},
    {"an empty ticket", {HELLO12(""), "04 0000012c 0000", FINISHED}, 0x0303,
     SAYS(AT_HELLO12 | TLS_FLAG_TICKET, 0)},
    {"no ticket", {HELLO12(""), FINISHED}, 0x0303, SAYS(AT_HELLO12 | TLS_FLAG_TICKET, 0)},
    {"a ticket cut", {HELLO12(""), "04 0000012c 0007 |ticket|"}, 0x0303, SAYS(AT_HELLO12, 0)},

    {"TLS 1.3", {HELLO13}, 0x0304, SAYS(AT_HELLO13, 0)},
    {"a retry", {"02 0303" RETRY "00 1301 00 000c 002b 0002 0304 0033 0002 0018"}, 0x0304,
     SAYS(TLS_FLAG_HELLO_RETRY, TLS_FLAG_HELLO_RETRY), .retry_group = 24},
    {"a retry, then a ServerHello",
     {"02 0303" RETRY "00 1301 00 000c 002b 0002 0304 0033 0002 0018", HELLO13}, 0x0304,
     SAYS(AT_HELLO13, TLS_FLAG_HELLO_RETRY), .retry_group = 24},
    {"a retry for a cookie",
     {"02 0303" RETRY "00 1301 00 000d 002b 0002 0304 002c 0003 0001 63"}, 0x0304,
     SAYS(TLS_FLAG_HELLO_RETRY, TLS_FLAG_HELLO_RETRY)},
    {"the retry's random in TLS 1.2", {"02 0303" RETRY "00 c02b 00"}, 0x0303,
     SAYS(AT_HELLO12, 0)},
    {"sentinels say nothing in TLS 1.3",
     {"02 0303" SENTINEL1 "00 1301 00 0006 002b 0002 0304"}, 0x0304, SAYS(AT_HELLO13, 0)},
    {"encrypted extensions", {HELLO13, "08 0004 000a 0000"}, 0x0304,
     SAYS(AT_HELLO13 | TLS_FLAG_ALPN, 0)},
    {"ALPN in TLS 1.3", {HELLO13, "08 0009 0010 0005 0003 02 |h2|"}, 0x0304,
     SAYS(AT_HELLO13 | TLS_FLAG_ALPN, TLS_FLAG_ALPN)},
    {"encrypted extensions in TLS 1.2", {HELLO12(""), "08 0004 000a 0000"}, 0x0303,
     SAYS(AT_HELLO12, 0)},
    {"a certificate in TLS 1.3", {HELLO13, "0b 00 000009 000004 |leaf| 0000"}, 0x0304,
     SAYS(AT_HELLO13 | TLS_FLAG_CERT_REQUEST | TLS_FLAG_OCSP | TLS_FLAG_SCT, 0), .certs = "leaf"},
    {"staple and SCTs in TLS 1.3",
     {HELLO13, "0b 00 00001b 000004 |leaf| 0012 0005 0007 01 000003 |ocs| 0012 0003 |sct|"},
     0x0304,
     SAYS(AT_HELLO13 | TLS_FLAG_CERT_REQUEST | TLS_FLAG_OCSP | TLS_FLAG_SCT,
          TLS_FLAG_OCSP | TLS_FLAG_SCT),
     .certs = "leaf", .ocsp = "ocs", .scts = "sct"},
    {"of the leaf alone",
     {HELLO13,
      "0b 00 000018 000004 |leaf| 0000 000002 |ca| 0008 0012 0004 |scts|"}, 0x0304,
     SAYS(AT_HELLO13 | TLS_FLAG_CERT_REQUEST | TLS_FLAG_OCSP | TLS_FLAG_SCT, 0), .certs = "leaf"},
    {"a request in TLS 1.3", {HELLO13, "0d 00 0008 000d 0004 0002 0403", "0b 00 000000"}, 0x0304,
     SAYS(AT_HELLO13 | TLS_FLAG_CERT_REQUEST, TLS_FLAG_CERT_REQUEST),
     .request = "?"},
    {"a ticket in TLS 1.3", {HELLO13, FINISHED, "04 00001c20 00000001 01 6e 0001 74 0000"}, 0x0304,
     SAYS(AT_HELLO13 | TLS_FLAG_TICKET, TLS_FLAG_TICKET), .ticket_s = 7200},
    {"the first ticket's lifetime",
     {HELLO13, FINISHED, "04 00001c20 00000001 01 6e 0001 74 0000",
      "04 00000001 00000001 01 6e 0001 74 0000"}, 0x0304,
     SAYS(AT_HELLO13 | TLS_FLAG_TICKET, TLS_FLAG_TICKET), .ticket_s = 7200},
    {"no ticket yet", {HELLO13, FINISHED}, 0x0304, SAYS(AT_HELLO13, 0)},
    {"a request behind the end", {HELLO13, FINISHED, "0d 00 0000"}, 0x0304, SAYS(AT_HELLO13, 0)},
    {"an unknown message", {HELLO13, "63 |what|"}, 0x0304, SAYS(AT_HELLO13, 0)},
};

static bool is_text(struct bytes got, const char *want)
{
    if (want == NULL)
        return got.len == 0;
    return want[0] == '?' ? got.len > 0 : got.len >= strlen(want) &&
                                              memcmp(got.data, want, strlen(want)) == 0;
}

static struct bytes later(struct bytes before, struct bytes now)
{
    return now.len > 0 ? now : before;
}

static void run(const struct messages_case *c)
{
    static struct message m[MESSAGES_MAX];
    struct tls_facts f = {0};
    struct tls_parts all = {.certs = {NULL, 0}}, parts;
    for (size_t i = 0; i < MESSAGES_MAX && c->messages[i] != NULL; i++) {
        make(&m[i], c->messages[i]);
        tls_message_read(&f, &parts, bytes_of(m[i].data, m[i].len));
        all.certs = later(all.certs, parts.certs);
        all.ocsp = later(all.ocsp, parts.ocsp);
        all.scts = later(all.scts, parts.scts);
        all.request = later(all.request, parts.request);
    }
    struct bytes first = bytes_of(NULL, 0), left = all.certs;
    tls_cert_next(&left, &first, f.version);
    if (f.version != c->version || f.known != c->known || f.flags != c->flags)
        fail_msg("%s: version %04x, known %03x, flags %03x", c->name, f.version, f.known, f.flags);
    if (f.ticket_lifetime_s != c->ticket_s || f.retry_group != c->retry_group ||
        f.compression != c->compression)
        fail_msg("%s: ticket %u, group %d, compression %d", c->name, f.ticket_lifetime_s,
                 f.retry_group, f.compression);
    if (!is_text(first, c->certs) || !is_text(all.ocsp, c->ocsp) || !is_text(all.scts, c->scts) ||
        (c->request == NULL) != (all.request.len == 0))
        fail_msg("%s: %zu/%zu/%zu/%zu octets", c->name, first.len, all.ocsp.len, all.scts.len,
                 all.request.len);
}

static void test_messages(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        run(&cases[i]);
}

/* a message that is cut, or followed by an octet, tells nothing at all */
static void test_cuts(void **state)
{
    (void)state;
    static struct message m;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tls_facts f = {0}, before;
        struct tls_parts parts;
        for (size_t k = 0; k < MESSAGES_MAX && cases[i].messages[k] != NULL; k++) {
            make(&m, cases[i].messages[k]);
            memcpy(&before, &f, sizeof f);
            for (size_t cut = 0; cut <= m.len + 1; cut++) {
                if (cut == m.len)
                    continue;
                uint8_t *copy = calloc(1, cut + 1);
                memcpy(copy, m.data, cut < m.len ? cut : m.len);
                tls_message_read(&f, &parts, bytes_of(copy, cut));
                assert_memory_equal(&f, &before, sizeof f);
                assert_true(parts.certs.len + parts.ocsp.len + parts.scts.len +
                                parts.request.len == 0);
                free(copy);
            }
            tls_message_read(&f, &parts, bytes_of(m.data, m.len));
        }
    }
}

/* types in their order, those of EncryptedExtensions behind those of the ServerHello; 32 at most */
static void test_extension_types(void **state)
{
    (void)state;
    struct message m;
    struct tls_facts f = {0};
    struct tls_parts parts;
    make(&m, "02 0303" RANDOM "00 1301 00 000c 0033 0002 0018 002b 0002 0304");
    tls_message_read(&f, &parts, bytes_of(m.data, m.len));
    make(&m, "08 0008 0000 0000 000a 0000");
    tls_message_read(&f, &parts, bytes_of(m.data, m.len));
    static const uint16_t want[] = {51, 43, 0, 10};
    assert_int_equal(f.num_exts, 4);
    assert_memory_equal(f.exts, want, sizeof want);

    f = (struct tls_facts){0};
    char text[1024] = HELLO12("00a0");   /* 40 of them, 1 to 40 */
    for (unsigned i = 1; i <= 40; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%04x0000", i + 100);
    make(&m, text);
    tls_message_read(&f, &parts, bytes_of(m.data, m.len));
    assert_int_equal(f.num_exts, RECORD_EXTS_MAX);
    assert_int_equal(f.exts[RECORD_EXTS_MAX - 1], 132);
}

static void test_certs(void **state)
{
    (void)state;
    static const struct {
        const char *list;
        size_t len, num;
        uint16_t version;
    } lists[] = {
        {"", 0, 0, 0x0303},
        {"\0\0\2ab\0\0\1c", 9, 2, 0x0303},
        {"\0\0\2ab\0\0\2c", 9, 1, 0x0303},
        {"\0\0\2ab\0\0\0\0\0\1c", 12, 1, 0x0303},
        {"\0\0\2ab\0\0\0\0\1c\0\0", 13, 2, 0x0304},
        {"\0\0\2ab\0\3??\0\0\1c\0\0", 15, 1, 0x0304},
        {"\0\0\2ab", 5, 1, 0x0304},
    };
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        struct bytes left = bytes_of((const uint8_t *)lists[i].list, lists[i].len), cert;
        size_t num = 0;
        while (tls_cert_next(&left, &cert, lists[i].version))
            num++;
        if (num != lists[i].num)
            fail_msg("list %zu: %zu certificates", i, num);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_cuts),
        cmocka_unit_test(test_extension_types),
        cmocka_unit_test(test_certs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
