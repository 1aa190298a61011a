/*
 * finding: records and judgements made here, and what must be found in them: which verdicts, in
 * which order, in which words, and the exit status that they come to.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/scanner/probe_world.h"

#define LENGTH(a) (sizeof(a) / sizeof(a)[0])

static struct record record_of(enum stage stage, enum cause cause)
{
    struct record r;
    record_init(&r);
    r.stage = (uint8_t)stage;
    r.cause = (uint8_t)cause;
    r.has_tls = stage >= STAGE_HANDSHAKE;
    r.handshake_done = stage >= STAGE_EHLO_TLS;
    return r;
}

/* ---- how it ended ---- */

static void outcomes(void **state)
{
    static const struct {
        enum stage stage;
        enum cause cause;
        enum verdict what;
        int exit_code;
    } cases[] = {
        {STAGE_CONNECT, CAUSE_TIMEOUT, VERDICT_CONNECT_TIMEOUT, 6},
        {STAGE_CONNECT, CAUSE_REFUSED, VERDICT_CONNECT_REFUSED, 6},
        {STAGE_CONNECT, CAUSE_NET_UNREACHABLE, VERDICT_CONNECT_UNREACHABLE, 6},
        {STAGE_CONNECT, CAUSE_HOST_UNREACHABLE, VERDICT_CONNECT_UNREACHABLE, 6},
        {STAGE_CONNECT, CAUSE_ADMIN_PROHIBITED, VERDICT_CONNECT_UNREACHABLE, 6},
        {STAGE_CONNECT, CAUSE_RESET, VERDICT_CONNECT_LOST, 6},
        {STAGE_CONNECT, CAUSE_NO_ADDRESS, VERDICT_NO_ADDRESS, 6},
        {STAGE_CONNECT, CAUSE_DNS_FAILURE, VERDICT_DNS_FAILURE, 6},
        {STAGE_CONNECT, CAUSE_BLOCKED, VERDICT_BLOCKED, 6},
        {STAGE_GREETING, CAUSE_TIMEOUT, VERDICT_GREETING_SILENT, 6},
        {STAGE_GREETING, CAUSE_CLOSED, VERDICT_GREETING_LOST, 6},
        {STAGE_GREETING, CAUSE_RESET, VERDICT_GREETING_LOST, 6},
        {STAGE_GREETING, CAUSE_HOST_UNREACHABLE, VERDICT_GREETING_LOST, 6},
        {STAGE_GREETING, CAUSE_MALFORMED, VERDICT_NOT_SMTP, 6},
        {STAGE_GREETING, CAUSE_TOO_LONG, VERDICT_ENDLESS, 6},
        {STAGE_GREETING, CAUSE_REJECTED, VERDICT_REFUSED, 7},
        {STAGE_GREETING, CAUSE_THROTTLED, VERDICT_LATER, 7},
        {STAGE_EHLO, CAUSE_TIMEOUT, VERDICT_EHLO_LOST, 6},
        {STAGE_EHLO, CAUSE_CLOSED, VERDICT_EHLO_LOST, 6},
        {STAGE_EHLO, CAUSE_RESET, VERDICT_EHLO_LOST, 6},
        {STAGE_EHLO, CAUSE_MALFORMED, VERDICT_NOT_SMTP, 6},
        {STAGE_EHLO, CAUSE_TOO_LONG, VERDICT_ENDLESS, 6},
        {STAGE_EHLO, CAUSE_REJECTED, VERDICT_REFUSED, 7},
        {STAGE_EHLO, CAUSE_THROTTLED, VERDICT_LATER, 7},
        {STAGE_STARTTLS, CAUSE_NOT_OFFERED, VERDICT_NOT_OFFERED, 5},
        {STAGE_STARTTLS, CAUSE_REJECTED, VERDICT_STARTTLS_REFUSED, 5},
        {STAGE_STARTTLS, CAUSE_THROTTLED, VERDICT_LATER, 7},
        {STAGE_STARTTLS, CAUSE_MALFORMED, VERDICT_STARTTLS_BAD, 5},
        {STAGE_STARTTLS, CAUSE_TOO_LONG, VERDICT_STARTTLS_BAD, 5},
        {STAGE_STARTTLS, CAUSE_TIMEOUT, VERDICT_STARTTLS_LOST, 5},
        {STAGE_STARTTLS, CAUSE_CLOSED, VERDICT_STARTTLS_LOST, 5},
        {STAGE_STARTTLS, CAUSE_RESET, VERDICT_STARTTLS_LOST, 5},
        {STAGE_HANDSHAKE, CAUSE_EARLY_PLAINTEXT, VERDICT_INJECTED, 5},
        {STAGE_HANDSHAKE, CAUSE_NOT_TLS, VERDICT_NOT_TLS, 5},
        {STAGE_HANDSHAKE, CAUSE_TIMEOUT, VERDICT_TLS_SILENT, 5},
        {STAGE_HANDSHAKE, CAUSE_CLOSED, VERDICT_TLS_LOST, 5},
        {STAGE_HANDSHAKE, CAUSE_RESET, VERDICT_TLS_LOST, 5},
        {STAGE_HANDSHAKE, CAUSE_ALERT_RECEIVED, VERDICT_TLS_ALERT, 5},
        {STAGE_HANDSHAKE, CAUSE_ALERT_SENT, VERDICT_TLS_BAD, 5},
        {STAGE_HANDSHAKE, CAUSE_TLS_ERROR, VERDICT_TLS_BAD, 5},
        {STAGE_EHLO_TLS, CAUSE_REJECTED, VERDICT_INSIDE_REFUSED, 5},
        {STAGE_EHLO_TLS, CAUSE_THROTTLED, VERDICT_LATER, 7},
        {STAGE_EHLO_TLS, CAUSE_TIMEOUT, VERDICT_INSIDE_LOST, 5},
        {STAGE_EHLO_TLS, CAUSE_CLOSED, VERDICT_INSIDE_LOST, 5},
        {STAGE_EHLO_TLS, CAUSE_MALFORMED, VERDICT_INSIDE_LOST, 5},
        {STAGE_EHLO_TLS, CAUSE_ALERT_RECEIVED, VERDICT_INSIDE_LOST, 5},
    };
    (void)state;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct findings f = {0};
        struct record r = record_of(cases[i].stage, cases[i].cause);
        findings_of_outcome(&f, &r);
        if (f.num != 1 || f.list[0].what != cases[i].what)
            fail_msg("%s/%s: found %s", stage_slug(r.stage), cause_slug(r.cause),
                     f.num > 0 ? finding_words(&f.list[0]).slug : "nothing");
        assert_int_equal(finding_exit_code(findings_class(&f)), cases[i].exit_code);
    }
}

static void done_is_well(void **state)
{
    struct findings f = {0};
    struct record r = record_of(STAGE_DONE, CAUSE_OK);
    (void)state;
    findings_of_outcome(&f, &r);
    findings_of_handshake(&f, &r);
    assert_int_equal(f.num, 0);
    assert_int_equal(findings_class(&f), VERDICT_CLASS_WELL);
    assert_int_equal(finding_exit_code(findings_class(&f)), 0);
}

/* what a reply, an alert or an error adds: a verdict of its own, and the words that came */
static void details(void **state)
{
    static const struct {
        enum stage stage;
        enum cause cause;
        enum text which;
        const char *text;
        enum verdict what;
        const char *detail;
    } cases[] = {
        {STAGE_GREETING, CAUSE_REJECTED, TEXT_GREETING, "554 5.7.1 no\r\n", VERDICT_REFUSED,
         "it said \"554 5.7.1 no\""},
        {STAGE_GREETING, CAUSE_REJECTED, TEXT_GREETING, "554-a\r\n554-b\r\n554 c\r\n",
         VERDICT_REFUSED, "it said \"554-a (and 2 lines)\""},
        {STAGE_GREETING, CAUSE_MALFORMED, TEXT_GREETING, "\x1b[31mSSH-2.0\n", VERDICT_NOT_SMTP,
         "it said \"\\x1B[31mSSH-2.0\""},
        {STAGE_GREETING, CAUSE_MALFORMED, TEXT_GREETING,
         "\xe2\x80\xae"
         "abc",
         VERDICT_NOT_SMTP,
         "it said \"\\xE2\\x80\\xAE"
         "abc\""},
        {STAGE_EHLO, CAUSE_REJECTED, TEXT_EHLO, "550 go away\r\n", VERDICT_REFUSED,
         "it said \"550 go away\""},
        {STAGE_EHLO, CAUSE_REJECTED, TEXT_HELO, "250 hello\r\n", VERDICT_NO_EHLO, ""},
        {STAGE_EHLO, CAUSE_REJECTED, TEXT_HELO, "550 no\r\n", VERDICT_REFUSED, ""},
        {STAGE_STARTTLS, CAUSE_REJECTED, TEXT_STARTTLS, "454 TLS not available\r\n",
         VERDICT_STARTTLS_REFUSED, "it said \"454 TLS not available\""},
        {STAGE_STARTTLS, CAUSE_NOT_OFFERED, TEXT_EHLO, "250-mx\r\n250-XXXXXXXA\r\n250 HELP\r\n",
         VERDICT_STRIPPED, ""},
        {STAGE_STARTTLS, CAUSE_NOT_OFFERED, TEXT_EHLO, "250-mx\r\n250 HELP\r\n",
         VERDICT_NOT_OFFERED, ""},
        {STAGE_STARTTLS, CAUSE_NOT_OFFERED, TEXT_GREETING,
         "220 ****************************************\r\n", VERDICT_STRIPPED, ""},
        {STAGE_HANDSHAKE, CAUSE_NOT_TLS, TEXT_NOT_TLS, "500 what?\r\n", VERDICT_NOT_TLS,
         "it said \"500 what?\""},
        {STAGE_HANDSHAKE, CAUSE_EARLY_PLAINTEXT, TEXT_EARLY, "250 ok\r\n", VERDICT_INJECTED,
         "8 octets: \"250 ok\""},
        {STAGE_EHLO_TLS, CAUSE_REJECTED, TEXT_EHLO_TLS, "503 no\r\n", VERDICT_INSIDE_REFUSED,
         "it said \"503 no\""},
    };
    (void)state;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct findings f = {0};
        struct record r = record_of(cases[i].stage, cases[i].cause);
        r.text[cases[i].which] = bytes_text(cases[i].text);
        r.early_len = (uint32_t)r.text[TEXT_EARLY].len;
        findings_of_outcome(&f, &r);
        assert_int_equal(f.num, 1);
        if (f.list[0].what != cases[i].what)
            fail_msg("%s: found %s", cases[i].text, finding_words(&f.list[0]).slug);
        if (cases[i].detail[0] != '\0')
            assert_string_equal(f.list[0].detail, cases[i].detail);
    }
}

static void alerts(void **state)
{
    static const struct {
        enum cause cause;
        bool sent;
        uint8_t number;
        enum verdict what;
        const char *detail;
    } cases[] = {
        {CAUSE_ALERT_RECEIVED, false, 80, VERDICT_TLS_ALERT, "it sent alert 80, internal_error"},
        {CAUSE_ALERT_RECEIVED, false, 40, VERDICT_TLS_NO_COMMON,
         "it sent alert 40, handshake_failure"},
        {CAUSE_ALERT_RECEIVED, false, 70, VERDICT_TLS_NO_COMMON,
         "it sent alert 70, protocol_version"},
        {CAUSE_ALERT_RECEIVED, false, 71, VERDICT_TLS_NO_COMMON,
         "it sent alert 71, insufficient_security"},
        {CAUSE_ALERT_RECEIVED, false, 200, VERDICT_TLS_ALERT, "it sent alert 200, unknown"},
        {CAUSE_ALERT_SENT, true, 50, VERDICT_TLS_BAD, "we sent alert 50, decode_error"},
        {CAUSE_ALERT_SENT, true, 70, VERDICT_TLS_NO_COMMON, "we sent alert 70, protocol_version"},
        {CAUSE_ALERT_SENT, false, 70, VERDICT_TLS_BAD, ""}, /* not ours */
    };
    (void)state;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct findings f = {0};
        struct record r = record_of(STAGE_HANDSHAKE, cases[i].cause);
        r.alerts[0] = (struct alert){cases[i].sent, 2, cases[i].number, STAGE_HANDSHAKE};
        r.alerts[1] = (struct alert){cases[i].sent, 1, 0, STAGE_HANDSHAKE}; /* close_notify */
        r.num_alerts = 2;
        findings_of_outcome(&f, &r);
        assert_int_equal(f.num, 1);
        assert_int_equal(f.list[0].what, cases[i].what);
        assert_string_equal(f.list[0].detail, cases[i].detail);
    }
}

/* ---- what a handshake shows ---- */

struct shown {
    const char *name;
    uint16_t version, suite, known, flags;
    uint8_t compression;
    int what; /* the first found; -1: nothing */
};

static void handshakes(void **state)
{
    static const struct shown cases[] = {
        {"TLS 1.3", 0x0304, 0x1301, 0, 0, 0, -1},
        {"TLS 1.2", 0x0303, 0xc02f, 0, 0, 0, -1},
        {"TLS 1.1", 0x0302, 0xc013, 0, 0, 0, VERDICT_OLD_VERSION},
        {"TLS 1.0", 0x0301, 0xc013, 0, 0, 0, VERDICT_OLD_VERSION},
        {"static RSA", 0x0303, 0x009c, 0, 0, 0, VERDICT_NO_FORWARD_SECRECY},
        {"3DES", 0x0303, 0xc012, 0, 0, 0, VERDICT_WEAK_SUITE},
        {"RC4", 0x0303, 0xc011, 0, 0, 0, VERDICT_WEAK_SUITE},
        {"no EMS", 0x0303, 0xc02f, TLS_FLAG_EMS, 0, 0, VERDICT_NO_EMS},
        {"EMS", 0x0303, 0xc02f, TLS_FLAG_EMS, TLS_FLAG_EMS, 0, -1},
        {"EMS unknown", 0x0303, 0xc02f, 0, TLS_FLAG_EMS, 0, -1},
        {"EMS went away", 0x0304, 0x1301, TLS_FLAG_EMS, 0, 0, -1},
        {"no secure renegotiation", 0x0303, 0xc02f, TLS_FLAG_SECURE_RENEGOTIATION, 0, 0,
         VERDICT_UNSAFE_RENEGOTIATION},
        {"downgrade from 1.3", 0x0303, 0xc02f, TLS_FLAG_DOWNGRADE_12, TLS_FLAG_DOWNGRADE_12, 0,
         VERDICT_DOWNGRADED},
        {"downgrade from 1.2", 0x0303, 0xc02f, TLS_FLAG_DOWNGRADE_11, TLS_FLAG_DOWNGRADE_11, 0,
         VERDICT_DOWNGRADED},
        {"no downgrade", 0x0303, 0xc02f, TLS_FLAG_DOWNGRADE_12, 0, 0, -1},
        {"compression", 0x0303, 0xc02f, 0, 0, 1, VERDICT_COMPRESSION},
        {"ALPN", 0x0304, 0x1301, TLS_FLAG_ALPN, TLS_FLAG_ALPN, 0, VERDICT_ALPN_UNASKED},
    };
    (void)state;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        const struct shown *c = &cases[i];
        struct findings f = {0};
        struct record r = record_of(STAGE_DONE, CAUSE_OK);
        r.version = c->version;
        r.suite = c->suite;
        r.tls_known = c->known;
        r.tls_flags = c->flags;
        r.compression = c->compression;
        findings_of_handshake(&f, &r);
        if ((f.num > 0 ? (int)f.list[0].what : -1) != c->what)
            fail_msg("%s: found %s", c->name, f.num > 0 ? f.list[0].detail : "nothing");
    }
}

static void replies(void **state)
{
    struct findings f = {0};
    struct record r = record_of(STAGE_DONE, CAUSE_OK);
    (void)state;
    r.text[TEXT_EHLO] = bytes_text("250-mx\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n");
    r.text[TEXT_EHLO_TLS] = bytes_text("250-mx\r\n250 StartTLS\r\n");
    r.text[TEXT_EARLY] = bytes_text("250 2.1.0 hi\r\n");
    r.early_len = 300;
    r.alerts[0] = (struct alert){false, 1, 112, STAGE_HANDSHAKE};
    r.num_alerts = 1;
    findings_of_handshake(&f, &r);
    assert_int_equal(f.num, 4);
    assert_int_equal(f.list[0].what, VERDICT_EARLY_PLAINTEXT);
    assert_string_equal(f.list[0].detail, "300 octets: \"250 2.1.0 hi\"");
    assert_int_equal(f.list[1].what, VERDICT_STARTTLS_AGAIN);
    assert_int_equal(f.list[2].what, VERDICT_WARNING_ALERT);
    assert_string_equal(f.list[2].detail, "unrecognized_name");
    assert_int_equal(f.list[3].what, VERDICT_AUTH_PLAIN);
    assert_int_equal(finding_exit_code(findings_class(&f)), 4);
}

/* ---- what audits found ---- */

static void audits(void **state)
{
    struct findings f = {0};
    struct audit a;
    (void)state;
    audit_init(&a);
    findings_of_audit(&f, &a);
    assert_int_equal(f.num, 0); /* unknown is no finding */
    a.version[AUDIT_SSL2] = a.version[AUDIT_SSL3] = a.version[AUDIT_TLS10] = TRI_YES;
    a.version[AUDIT_TLS11] = TRI_NO;
    a.version[AUDIT_TLS12] = TRI_YES;
    a.fallback = TRI_NO;
    a.compression = TRI_YES;
    a.class[AUDIT_CLASS_RC4] = (struct audit_proof){TRI_YES, 0x0303, 0x0005};
    a.class[AUDIT_CLASS_EXPORT] = (struct audit_proof){TRI_YES, 0x0303, 0x0003};
    a.class[AUDIT_CLASS_3DES] = (struct audit_proof){TRI_YES, 0x0303, 0x0005}; /* told once */
    a.class[AUDIT_CLASS_ANON] = (struct audit_proof){TRI_YES, 0x0303, 0x0018};
    a.class[AUDIT_CLASS_NULL] = (struct audit_proof){TRI_YES, 0, 0};
    a.class[AUDIT_CLASS_STATIC_RSA] = (struct audit_proof){TRI_YES, 0, 0}; /* no fault */
    a.dh[0].bits = 2048;
    a.dh[1].bits = 1024;
    a.num_dh = 2;
    a.hybrid[0] = a.hybrid[1] = a.hybrid[2] = TRI_NO;
    a.large_intolerant = TRI_YES;
    findings_of_audit(&f, &a);
    static const struct {
        enum verdict what;
        const char *detail;
    } want[] = {
        {VERDICT_SSL_ACCEPTED, "SSLv2, SSLv3"},
        {VERDICT_BROKEN_CIPHERS,
         "TLS_RSA_EXPORT_WITH_RC4_40_MD5, TLS_RSA_WITH_RC4_128_SHA, null"},
        {VERDICT_WEAK_DH, "1024 bits"},
        {VERDICT_COMPRESSION, "DEFLATE was chosen where it was offered"},
        {VERDICT_INTOLERANT, ""},
        {VERDICT_OLD_ACCEPTED, "TLSv1.0"},
        {VERDICT_ANONYMOUS, "TLS_DH_anon_WITH_RC4_128_MD5"},
        {VERDICT_NO_FALLBACK_SCSV, ""},
        {VERDICT_NO_PQ, ""},
    };
    assert_int_equal(f.num, LENGTH(want));
    for (size_t i = 0; i < LENGTH(want); i++) {
        assert_int_equal(f.list[i].what, want[i].what);
        assert_string_equal(f.list[i].detail, want[i].detail);
    }
}

static void unknown_hybrids(void **state)
{
    struct findings f = {0};
    struct audit a;
    (void)state;
    audit_init(&a);
    a.hybrid[0] = a.hybrid[1] = TRI_NO; /* the third is not known */
    a.large_intolerant = TRI_NO;
    findings_of_audit(&f, &a);
    assert_int_equal(f.num, 0);
    a.hybrid[2] = TRI_YES;
    findings_of_audit(&f, &a);
    assert_int_equal(f.num, 0);
}

/* ---- certificates ---- */

#define AT_2026 INT64_C(1767225600)
#define DAY     86400

static void certificates(void **state)
{
    static const struct {
        const char *root, *chain, *host;
        const char *first; /* slug of the weightiest finding */
        enum verdict_class class;
    } cases[] = {
        {"ca.der", "wildcard.der", "mx.example.test", "", VERDICT_CLASS_WELL},
        {"ca.der", "wildcard.der", "mx.example.com", "name-mismatch", VERDICT_CLASS_WRONG},
        {"ca.der", "wildcard.der", "a.b.example.test", "name-mismatch", VERDICT_CLASS_WRONG},
        {"ca.der", "wildcard.der", NULL, "no-name-checked", VERDICT_CLASS_WELL},
        {"ca.der", "wildcard.der ca.der", "mx.example.test", "chain-root-included",
         VERDICT_CLASS_WELL},
        {"p-256.der", "wildcard.der", "mx.example.test", "chain-incomplete", VERDICT_CLASS_WRONG},
        {"p-256.der", "wildcard.der ca.der", "mx.example.test", "chain-untrusted-root",
         VERDICT_CLASS_WRONG},
        {"ca.der", "expired.der", "expired.example.test", "chain-expired", VERDICT_CLASS_WRONG},
        {"ca.der", "future.der", "future.example.test", "chain-not-yet-valid", VERDICT_CLASS_WRONG},
        {"ca.der", "p-384.der", NULL, "chain-self-signed", VERDICT_CLASS_WRONG},
        {"ca.der", "rsa1024.der", NULL, "chain-weak-key", VERDICT_CLASS_WRONG},
        {"ca.der", "no-san.der", "nosan.example.test", "chain-no-san", VERDICT_CLASS_WELL},
    };
    (void)state;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct probe_world w;
        char slug[FINDING_SLUG_MAX] = "";
        struct record r = record_of(STAGE_DONE, CAUSE_OK);
        probe_world_init(&w, cases[i].root);
        probe_world_chain(&w, &r, cases[i].chain);
        probe_world_view(&w, &r, cases[i].host, AT_2026);
        if (w.findings.num > 0)
            finding_slug(slug, &w.findings.list[0]);
        if (strcmp(slug, cases[i].first) != 0 || findings_class(&w.findings) != cases[i].class)
            fail_msg("%s for %s: found %s: %s", cases[i].chain,
                     cases[i].host != NULL ? cases[i].host : "nobody", slug,
                     w.findings.num > 0 ? w.findings.list[0].detail : "");
        probe_world_cleanup(&w);
    }
}

/* the days before the end: none at 21 and more, a note, then a fault in the last week */
static void days_left(void **state)
{
    static const struct {
        int64_t left_s;
        const char *slug, *detail;
    } cases[] = {
        {(int64_t)30 * DAY, "", ""},
        {(int64_t)21 * DAY, "", ""},
        {(int64_t)21 * DAY - 1, "expires-this-month", "20 days left"},
        {(int64_t)7 * DAY, "expires-this-month", "7 days left"},
        {(int64_t)7 * DAY - 1, "expires-soon", "6 days left"},
        {(int64_t)1 * DAY, "expires-soon", "1 day left"},
        {1, "expires-soon", "0 days left"},
        {0, "", ""}, /* it has expired: see below */
    };
    (void)state;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct probe_world w;
        struct cert_facts leaf;
        char slug[FINDING_SLUG_MAX] = "";
        struct record r = record_of(STAGE_DONE, CAUSE_OK);
        probe_world_init(&w, "ca.der");
        probe_world_chain(&w, &r, "wildcard.der");
        assert_true(cert_parse(&leaf, w.ders[0]));
        probe_world_view(&w, &r, "mx.example.test", leaf.not_after - cases[i].left_s);
        for (size_t k = 0; k < w.findings.num; k++)
            if (w.findings.list[k].what == VERDICT_EXPIRES_SOON ||
                w.findings.list[k].what == VERDICT_EXPIRES_MONTH) {
                finding_slug(slug, &w.findings.list[k]);
                assert_string_equal(w.findings.list[k].detail, cases[i].detail);
            }
        assert_string_equal(slug, cases[i].slug);
        probe_world_cleanup(&w);
    }
}

/* the second in which it ends is past the end */
static void ends_now(void **state)
{
    struct probe_world w;
    struct cert_facts leaf;
    char slug[FINDING_SLUG_MAX];
    struct record r = record_of(STAGE_DONE, CAUSE_OK);
    (void)state;
    probe_world_init(&w, "ca.der");
    probe_world_chain(&w, &r, "wildcard.der");
    assert_true(cert_parse(&leaf, w.ders[0]));
    probe_world_view(&w, &r, "mx.example.test", leaf.not_after);
    assert_int_not_equal(w.findings.num, 0);
    finding_slug(slug, &w.findings.list[0]);
    assert_string_equal(slug, "chain-expired");
    assert_non_null(strstr(w.findings.list[0].detail, "expired 0 days ago"));
    probe_world_cleanup(&w);
}

/* ---- the list ---- */

static void order_and_bound(void **state)
{
    struct findings f = {0};
    (void)state;
    for (size_t i = 0; i < 3 * FINDINGS_MAX; i++)
        findings_add(&f, (enum verdict)(i * 7 % NUM_VERDICTS), "%zu", i);
    assert_int_equal(f.num, FINDINGS_MAX);
    for (size_t i = 1; i < f.num; i++) {
        assert_true(f.list[i - 1].what <= f.list[i].what);
        if (f.list[i - 1].what == f.list[i].what) /* as they were added */
            assert_true(atoi(f.list[i - 1].detail) < atoi(f.list[i].detail));
    }
}

static void worst_of_several(void **state)
{
    static const enum verdict_class order[] = {VERDICT_CLASS_BROKEN, VERDICT_CLASS_NO_SMTP,
                                               VERDICT_CLASS_WRONG, VERDICT_CLASS_UNKNOWN,
                                               VERDICT_CLASS_WELL};
    (void)state;
    for (size_t i = 0; i < LENGTH(order); i++)
        for (size_t k = 0; k < LENGTH(order); k++)
            assert_int_equal(finding_worse(order[i], order[k]), i < k);
}

static void first_lines(void **state)
{
    static const struct {
        const char *reply, *line;
    } cases[] = {
        {"", ""},
        {"220 a\r\n", "220 a"},
        {"220 a\n", "220 a"},
        {"220 a", "220 a"},
        {"220-a\r\n220 b\r\n", "220-a (and 1 line)"},
        {"\r\n", ""},
        {"a\x01\tb\n", "a\\x01\\x09"
                       "b"},
    };
    char line[REPLY_LINE_TEXT_MAX];
    uint8_t lots[4000];
    (void)state;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        reply_line(line, bytes_text(cases[i].reply));
        assert_string_equal(line, cases[i].line);
    }
    memset(lots, 0x1b, sizeof lots);
    reply_line(line, bytes_of(lots, sizeof lots));
    assert_true(strlen(line) < sizeof line);
    assert_non_null(strstr(line, "..."));
    memset(lots, '\n', sizeof lots);
    reply_line(line, bytes_of(lots, sizeof lots));
    assert_string_equal(line, " (and 3999 lines)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outcomes),        cmocka_unit_test(done_is_well),
        cmocka_unit_test(details),         cmocka_unit_test(alerts),
        cmocka_unit_test(handshakes),      cmocka_unit_test(replies),
        cmocka_unit_test(audits),          cmocka_unit_test(unknown_hybrids),
        cmocka_unit_test(certificates),    cmocka_unit_test(days_left),
        cmocka_unit_test(ends_now),
        cmocka_unit_test(order_and_bound), cmocka_unit_test(worst_of_several),
        cmocka_unit_test(first_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
