/* The dialogue up to the answer to the hello: every case whole, octet by octet, and cut at every
 * point. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include "scanner/session/tls_client.h"
#include "tests/session/dialogue.h"

#define GREETING SAY("220 mx.test ESMTP\r\n")
#define EHLO     SAY("250-mx.test hello\r\n250-SIZE 1000\r\n250 STARTTLS\r\n")
#define GO       SAY("220 2.0.0 go ahead\r\n")
#define BYE      SAY("221 bye\r\n")
#define A16      "aaaaaaaaaaaaaaaa"
#define A256     A16 A16 A16 A16 A16 A16 A16 A16 A16 A16 A16 A16 A16 A16 A16 A16
#define LINE     "250-" A256 "\r\n"
#define LINES8   LINE LINE LINE LINE LINE LINE LINE LINE

enum {
    CUT_EACH_MAX = 4000
}; /* octets of a dialogue that is cut at every point; longer ones are at every 41st */

static struct session_config config;

static const struct session_case {
    const char *name;
    struct script script;
    uint8_t stage, cause;
    uint16_t code;
    const char *said;
    uint32_t early_len;
    bool whole_only; /* the peer speaks out of turn where that depends on what one read returns */
    bool try_anyway;
} cases[] = {
    /* greeting */
    {"silence", {{SAY("")}, .end = END_TIMEOUT}, STAGE_GREETING, CAUSE_TIMEOUT, 0, .said = ""},
    {"FIN at once", {{SAY("")}, .end = END_EOF}, STAGE_GREETING, CAUSE_CLOSED, 0, .said = ""},
    {"RST at once", {{SAY("")}, .end = END_RESET}, STAGE_GREETING, CAUSE_RESET, 0, .said = ""},
    {"half a greeting", {{SAY("220 mx")}, .end = END_TIMEOUT},
     STAGE_GREETING, CAUSE_TIMEOUT, 0, .said = ""},
    {"a teaser, then FIN", {{SAY("220-wait\r\n")}, .end = END_EOF},
     STAGE_GREETING, CAUSE_CLOSED, 0, .said = ""},
    {"554", {{SAY("554 5.7.1 no PTR\r\n"), BYE}, .end = END_EOF},
     STAGE_GREETING, CAUSE_REJECTED, 554, .said = "Q"},
    {"521", {{SAY("521 no mail here\r\n"), BYE}, .end = END_EOF},
     STAGE_GREETING, CAUSE_REJECTED, 521, .said = "Q"},
    {"550", {{SAY("550 no\r\n"), BYE}, .end = END_TIMEOUT},
     STAGE_GREETING, CAUSE_REJECTED, 550, .said = "Q"},
    {"451", {{SAY("451 local error\r\n"), BYE}, .end = END_RESET},
     STAGE_GREETING, CAUSE_REJECTED, 451, .said = "Q"},
    {"421", {{SAY("421 too busy\r\n")}, .end = END_NOTHING},
     STAGE_GREETING, CAUSE_THROTTLED, 421, .said = ""},
    {"450", {{SAY("450 too busy\r\n"), BYE}, .end = END_EOF},
     STAGE_GREETING, CAUSE_THROTTLED, 450, .said = "Q"},
    {"554 that says later", {{SAY("554-Too many\r\n554 Connections\r\n"), BYE}, .end = END_EOF},
     STAGE_GREETING, CAUSE_THROTTLED, 554, .said = "Q"},
    {"354 for a greeting", {{SAY("354 go\r\n")}, .end = END_NOTHING},
     STAGE_GREETING, CAUSE_MALFORMED, 354, .said = ""},
    {"250 for a greeting", {{SAY("250 go\r\n")}, .end = END_NOTHING},
     STAGE_GREETING, CAUSE_MALFORMED, 250, .said = ""},
    {"HTTP", {{SAY("HTTP/1.1 400 Bad Request\r\n\r\n")}, .end = END_NOTHING},
     STAGE_GREETING, CAUSE_MALFORMED, 0, .said = ""},
    {"SSH", {{SAY("SSH-2.0-OpenSSH_9.2p1\r\n")}, .end = END_NOTHING},
     STAGE_GREETING, CAUSE_MALFORMED, 0, .said = ""},
    {"TLS at once", {{SAY("\x15\x03\x01\0\x02\x02\x0a")}, .end = END_NOTHING},
     STAGE_GREETING, CAUSE_MALFORMED, 0, .said = ""},
    {"binary", {{SAY("\0\xff\xfe\0")}, .end = END_NOTHING},
     STAGE_GREETING, CAUSE_MALFORMED, 0, .said = ""},
    {"mixed codes", {{SAY("220-hi\r\n250 hi\r\n")}, .end = END_NOTHING},
     STAGE_GREETING, CAUSE_MALFORMED, 0, .said = ""},
    {"an endless line", {{SAY("220 " A256 A256 A256 A256 A256 A256 A256 A256)}, .end = END_NOTHING},
     STAGE_GREETING, CAUSE_TOO_LONG, 0, .said = ""},
    {"an endless reply", {{SAY("220-" A16 "\r\n" LINE)}, .end = END_NOTHING},
     STAGE_GREETING, CAUSE_MALFORMED, 0, .said = ""},

    /* EHLO and HELO */
    {"masked greeting, NULs, 8-bit, LF only",
     {{SAY("220 ****\0\xff**\n"), SAY("250-mx\xe9\0\n250 \0\n"), BYE}, .end = END_EOF},
     STAGE_STARTTLS, CAUSE_NOT_OFFERED, 250, .said = "EQ"},
    {"EHLO ignored", {{GREETING}, .end = END_TIMEOUT}, STAGE_EHLO, CAUSE_TIMEOUT, 220, .said = "E"},
    {"FIN after EHLO", {{GREETING}, .end = END_EOF}, STAGE_EHLO, CAUSE_CLOSED, 220, .said = "E"},
    {"RST in the EHLO reply", {{GREETING, SAY("250-mx\r\n250 ST")}, .end = END_RESET},
     STAGE_EHLO, CAUSE_RESET, 220, .said = "E"},
    {"garbage for EHLO", {{GREETING, SAY("what?\r\n")}, .end = END_NOTHING},
     STAGE_EHLO, CAUSE_MALFORMED, 220, .said = "E"},
    {"354 for EHLO", {{GREETING, SAY("354 go\r\n")}, .end = END_NOTHING},
     STAGE_EHLO, CAUSE_MALFORMED, 354, .said = "E"},
    {"220 for EHLO", {{GREETING, SAY("220 hi\r\n")}, .end = END_NOTHING},
     STAGE_EHLO, CAUSE_MALFORMED, 220, .said = "E"},
    {"an endless EHLO reply",
     {{GREETING, SAY(LINES8 LINES8 LINES8 LINES8 LINES8 LINES8 LINES8 LINES8)}, .end = END_NOTHING},
     STAGE_EHLO, CAUSE_TOO_LONG, 220, .said = "E"},
    {"421 to EHLO", {{GREETING, SAY("421 later\r\n")}, .end = END_NOTHING},
     STAGE_EHLO, CAUSE_THROTTLED, 421, .said = "E"},
    {"450 to EHLO", {{GREETING, SAY("450 later\r\n"), BYE}, .end = END_EOF},
     STAGE_EHLO, CAUSE_THROTTLED, 450, .said = "EQ"},
    {"452 that says later",
     {{GREETING, SAY("452 please try again later\r\n"), BYE}, .end = END_EOF},
     STAGE_EHLO, CAUSE_THROTTLED, 452, .said = "EQ"},
    {"451 to EHLO", {{GREETING, SAY("451 error\r\n"), BYE}, .end = END_EOF},
     STAGE_EHLO, CAUSE_REJECTED, 451, .said = "EQ"},
    {"EHLO refused, HELO accepted",
     {{GREETING, SAY("502 what?\r\n"), SAY("250 mx.test\r\n"), BYE}, .end = END_EOF},
     STAGE_EHLO, CAUSE_REJECTED, 502, .said = "EHQ"},
    {"both refused", {{GREETING, SAY("550 no\r\n"), SAY("421 no\r\n"), BYE}, .end = END_EOF},
     STAGE_EHLO, CAUSE_REJECTED, 550, .said = "EHQ"},
    {"HELO ignored", {{GREETING, SAY("500 no\r\n")}, .end = END_TIMEOUT},
     STAGE_EHLO, CAUSE_REJECTED, 500, .said = "EH"},
    {"FIN after HELO", {{GREETING, SAY("500 no\r\n")}, .end = END_EOF},
     STAGE_EHLO, CAUSE_REJECTED, 500, .said = "EH"},
    {"RST after HELO", {{GREETING, SAY("500 no\r\n")}, .end = END_RESET},
     STAGE_EHLO, CAUSE_REJECTED, 500, .said = "EH"},
    {"garbage for HELO", {{GREETING, SAY("500 no\r\n"), SAY("?\r\n")}, .end = END_NOTHING},
     STAGE_EHLO, CAUSE_REJECTED, 500, .said = "EH"},

    /* STARTTLS */
    {"not offered", {{GREETING, SAY("250-mx\r\n250 SIZE\r\n"), BYE}, .end = END_EOF},
     STAGE_STARTTLS, CAUSE_NOT_OFFERED, 250, .said = "EQ"},
    {"masked by a firewall",
     {{GREETING, SAY("250-mx\r\n250-XXXXXXXA\r\n250 XXXB\r\n"), BYE}, .end = END_EOF},
     STAGE_STARTTLS, CAUSE_NOT_OFFERED, 250, .said = "EQ"},
    {"QUIT ignored", {{GREETING, SAY("250 mx\r\n")}, .end = END_TIMEOUT},
     STAGE_STARTTLS, CAUSE_NOT_OFFERED, 250, .said = "EQ"},
    {"garbage for QUIT", {{GREETING, SAY("250 mx\r\n"), SAY("?")}, .end = END_NOTHING},
     STAGE_STARTTLS, CAUSE_NOT_OFFERED, 250, .said = "EQ"},
    {"endless farewell",
     {{GREETING, SAY("250 mx\r\n"),
       SAY("221 bye\r\n" LINES8 LINES8 LINES8 LINES8 LINES8 LINES8 LINES8 LINES8)
      }, .end = END_NOTHING},
     STAGE_STARTTLS, CAUSE_NOT_OFFERED, 250, .said = "EQ"},
    {"the first line is a keyword", {{GREETING, SAY("250 starttls\r\n")}, .end = END_TIMEOUT},
     STAGE_STARTTLS, CAUSE_TIMEOUT, 250, .said = "ES"},
    {"tried anyway", {{GREETING, SAY("250 mx\r\n"), SAY("502 no\r\n"), BYE}, .end = END_EOF},
     STAGE_STARTTLS, CAUSE_REJECTED, 502, .said = "ESQ", .try_anyway = true},
    {"tried anyway, and it goes on", {{GREETING, SAY("250 mx\r\n"), GO}, .end = END_EOF},
     STAGE_HANDSHAKE, CAUSE_CLOSED, 220, .said = "ES*", .try_anyway = true},
    {"STARTTLS ignored", {{GREETING, EHLO}, .end = END_TIMEOUT},
     STAGE_STARTTLS, CAUSE_TIMEOUT, 250, .said = "ES"},
    {"FIN after STARTTLS", {{GREETING, EHLO}, .end = END_EOF},
     STAGE_STARTTLS, CAUSE_CLOSED, 250, .said = "ES"},
    {"RST after STARTTLS", {{GREETING, EHLO}, .end = END_RESET},
     STAGE_STARTTLS, CAUSE_RESET, 250, .said = "ES"},
    {"454",
     {{GREETING, EHLO, SAY("454 4.7.0 TLS not available, try again later\r\n"), BYE
      }, .end = END_EOF},
     STAGE_STARTTLS, CAUSE_REJECTED, 454, .said = "ESQ"},
    {"502", {{GREETING, EHLO, SAY("502 no\r\n"), BYE}, .end = END_EOF},
     STAGE_STARTTLS, CAUSE_REJECTED, 502, .said = "ESQ"},
    {"421 to STARTTLS", {{GREETING, EHLO, SAY("421 no\r\n")}, .end = END_NOTHING},
     STAGE_STARTTLS, CAUSE_THROTTLED, 421, .said = "ES"},
    {"450 to STARTTLS", {{GREETING, EHLO, SAY("450 no\r\n"), BYE}, .end = END_EOF},
     STAGE_STARTTLS, CAUSE_THROTTLED, 450, .said = "ESQ"},
    {"250 to STARTTLS", {{GREETING, EHLO, SAY("250 ok\r\n")}, .end = END_NOTHING},
     STAGE_STARTTLS, CAUSE_MALFORMED, 250, .said = "ES"},
    {"TLS for a reply", {{GREETING, EHLO, SAY("\x16\x03\x01\0\x04")}, .end = END_NOTHING},
     STAGE_STARTTLS, CAUSE_MALFORMED, 250, .said = "ES"},
    {"an endless answer to STARTTLS",
     {{GREETING, EHLO, SAY("220 " A256 A256 A256 A256 A256 A256 A256 A256)}, .end = END_NOTHING},
     STAGE_STARTTLS, CAUSE_TOO_LONG, 250, .said = "ES"},

    /* the answer to the hello */
    {"hello ignored", {{GREETING, EHLO, GO}, .end = END_TIMEOUT},
     STAGE_HANDSHAKE, CAUSE_TIMEOUT, 220, .said = "ES*"},
    {"FIN for the hello", {{GREETING, EHLO, GO}, .end = END_EOF},
     STAGE_HANDSHAKE, CAUSE_CLOSED, 220, .said = "ES*"},
    {"RST for the hello", {{GREETING, EHLO, GO}, .end = END_RESET},
     STAGE_HANDSHAKE, CAUSE_RESET, 220, .said = "ES*"},
    {"plaintext for the hello", {{GREETING, EHLO, GO, SAY("500 what?\r\n")}, .end = END_NOTHING},
     STAGE_HANDSHAKE, CAUSE_NOT_TLS, 220, .said = "ES*"},
    {"SSLv2", {{GREETING, EHLO, GO, SAY("\x80\x03\0\0\x01")}, .end = END_NOTHING},
     STAGE_HANDSHAKE, CAUSE_NOT_TLS, 220, .said = "ES*"},
    {"ChangeCipherSpec first",
     {{GREETING, EHLO, GO, SAY("\x14\x03\x03\0\x01\x01")}, .end = END_NOTHING},
     STAGE_HANDSHAKE, CAUSE_NOT_TLS, 220, .said = "ES*"},
    {"half a header, then FIN", {{GREETING, EHLO, GO, SAY("\x16\x03\x03")}, .end = END_EOF},
     STAGE_HANDSHAKE, CAUSE_CLOSED, 220, .said = "ES*"},
    {"half a record, then RST",
     {{GREETING, EHLO, GO, SAY("\x16\x03\x03\0\x50\x02\0\0\x4c")}, .end = END_RESET},
     STAGE_HANDSHAKE, CAUSE_RESET, 220, .said = "ES*"},
    {"fatal alert", {{GREETING, EHLO, GO, SAY("\x15\x03\x03\0\x02\x02\x28")}, .end = END_NOTHING},
     STAGE_HANDSHAKE, CAUSE_ALERT_RECEIVED, 220, .said = "ES*"},
    {"warning, then FIN", {{GREETING, EHLO, GO, SAY("\x15\x03\x03\0\x02\x01\x70")}, .end = END_EOF},
     STAGE_HANDSHAKE, CAUSE_ALERT_RECEIVED, 220, .said = "ES*"},
    {"warning, then RST",
     {{GREETING, EHLO, GO, SAY("\x15\x03\x03\0\x02\x01\x70")}, .end = END_RESET},
     STAGE_HANDSHAKE, CAUSE_ALERT_RECEIVED, 220, .said = "ES*"},
    {"warning, then silence",
     {{GREETING, EHLO, GO, SAY("\x15\x03\x03\0\x02\x01\x70")}, .end = END_TIMEOUT},
     STAGE_HANDSHAKE, CAUSE_ALERT_RECEIVED, 220, .said = "ES*"},
    {"warning, then close_notify",
     {{GREETING, EHLO, GO, SAY("\x15\x03\x03\0\x02\x01\x70\x15\x03\x03\0\x02\x01\0")
      }, .end = END_NOTHING},
     STAGE_HANDSHAKE, CAUSE_ALERT_RECEIVED, 220, .said = "ES*"},
    {"close_notify", {{GREETING, EHLO, GO, SAY("\x15\x03\x03\0\x02\x01\0")}, .end = END_NOTHING},
     STAGE_HANDSHAKE, CAUSE_CLOSED, 220, .said = "ES*"},
    {"fatal close_notify",
     {{GREETING, EHLO, GO, SAY("\x15\x03\x03\0\x02\x02\0")}, .end = END_NOTHING},
     STAGE_HANDSHAKE, CAUSE_CLOSED, 220, .said = "ES*"},
    {"an alert of one octet",
     {{GREETING, EHLO, GO, SAY("\x15\x03\x03\0\x01\x02")}, .end = END_NOTHING},
     STAGE_HANDSHAKE, CAUSE_ALERT_SENT, 220, .said = "ES*!"},
    {"a Finished first",
     {{GREETING, EHLO, GO, SAY("\x16\x03\x03\0\x04\x14\0\0\0")}, .end = END_NOTHING},
     STAGE_HANDSHAKE, CAUSE_ALERT_SENT, 220, .said = "ES*!"},

    /* plaintext before the hello */
    {"early plaintext, then nothing",
     {{GREETING, EHLO, SAY("220 go\r\n250 injected\r\n")}, .end = END_TIMEOUT},
     STAGE_HANDSHAKE, CAUSE_EARLY_PLAINTEXT, 220, .said = "ES*", .early_len = 14},
    {"early plaintext, then FIN", {{GREETING, EHLO, SAY("220 go\r\n2")}, .end = END_EOF},
     STAGE_HANDSHAKE, CAUSE_EARLY_PLAINTEXT, 220, .said = "ES*", .early_len = 1},
    {"early plaintext, then RST", {{GREETING, EHLO, SAY("220 go\r\n2")}, .end = END_RESET},
     STAGE_HANDSHAKE, CAUSE_EARLY_PLAINTEXT, 220, .said = "ES*", .early_len = 1},
    {"early plaintext, then an alert",
     {{GREETING, EHLO, SAY("220 go\r\n2"), SAY("\x15\x03\x03\0\x02\x02\x28")}, .end = END_NOTHING},
     STAGE_HANDSHAKE, CAUSE_EARLY_PLAINTEXT, 220, .said = "ES*", .early_len = 1},
    {"early plaintext, then more",
     {{GREETING, EHLO, SAY("220 go\r\n2"), SAY("50 hi\r\n")}, .end = END_NOTHING},
     STAGE_HANDSHAKE, CAUSE_EARLY_PLAINTEXT, 220, .said = "ES*", .early_len = 1},
    {"much early plaintext", {{GREETING, EHLO, SAY("220 go\r\n" A256 A256)}, .end = END_EOF},
     STAGE_HANDSHAKE, CAUSE_EARLY_PLAINTEXT, 220, .said = "ES*", .early_len = 512},
    {"out of turn after the greeting",
     {{SAY("220 hi\r\n250 x\r\n"), SAY("250 mx\r\n"), BYE}, .end = END_EOF},
     STAGE_STARTTLS, CAUSE_NOT_OFFERED, 250, .said = "EQ", .early_len = 7, .whole_only = true},
    {"out of turn twice, then no TLS",
     {{SAY("220 hi\r\n250 x\r\n"), SAY("250 STARTTLS\r\n!"), GO}, .end = END_EOF},
     STAGE_HANDSHAKE, CAUSE_CLOSED, 220, .said = "ES*", .early_len = 8, .whole_only = true},
    {"out of turn, then again after the 220, then no TLS",
     {{SAY("220 hi\r\n250 x\r\n"), SAY("250 STARTTLS\r\n"), SAY("220 go\r\n!")}, .end = END_EOF},
     STAGE_HANDSHAKE, CAUSE_EARLY_PLAINTEXT, 220, .said = "ES*", .early_len = 8, .whole_only = true},
};

static void check_outcome(const struct session_case *c, const struct dialogue *d, int cut)
{
    struct record r;
    record_init(&r);
    session_record(&d->session, &r);
    if (d->session.want != SESSION_CLOSE || r.stage != c->stage || r.cause != c->cause ||
        r.smtp_code != c->code || r.early_len != c->early_len || strcmp(d->said, c->said) != 0)
        fail_msg("%s, cut %d: want %d, %s/%s, code %d, early %u, said \"%s\"", c->name, cut,
                 (int)d->session.want, stage_slug(r.stage), cause_slug(r.cause), r.smtp_code,
                 r.early_len, d->said);
    assert_int_not_equal(r.timing_us[TIMING_TOTAL], TIMING_ABSENT);
    assert_int_equal(r.timing_us[TIMING_GREETING] != TIMING_ABSENT,
                     c->stage != STAGE_GREETING || c->code != 0);
    assert_int_equal(r.timing_us[TIMING_HANDSHAKE], TIMING_ABSENT);
    assert_int_equal(r.has_tls, c->stage == STAGE_HANDSHAKE);
    assert_int_equal(r.errnum, c->script.end == END_RESET && strchr(c->said, 'Q') == NULL &&
                                       strchr(c->said, 'H') == NULL ? ECONNRESET : 0);
}

static size_t run_case(const struct session_case *c, int cut)
{
    struct dialogue d;
    struct session_config with = config;
    with.try_anyway = c->try_anyway;
    dialogue_run(&d, &with, NULL, NULL, &c->script, cut);
    size_t received = d.received;
    check_outcome(c, &d, cut);
    dialogue_cleanup(&d);
    return received;
}

static void test_dialogues(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int len = (int)run_case(&cases[i], CUT_NONE);
        if (cases[i].whole_only)
            continue;
        run_case(&cases[i], CUT_ALL);
        for (int cut = 1; cut < len; cut += len > CUT_EACH_MAX ? 41 : 1)
            run_case(&cases[i], cut);
    }
}

/* the alert's number and level decide, whatever they are: BoringSSL itself goes on after a warning
 */
static void test_every_alert(void **state)
{
    (void)state;
    for (unsigned level = 1; level <= 3; level++) {
        for (unsigned number = 0; number < 256; number++) {
            char alert[] = "\x15\x03\x03\0\x02??";
            alert[5] = (char)level;
            alert[6] = (char)number;
            char name[32];
            snprintf(name, sizeof name, "alert %u, level %u", number, level);
            struct session_case c = {
                name, {{GREETING, EHLO, GO, {TURN_SAY, alert, 7}}, .end = END_EOF}, STAGE_HANDSHAKE,
                number == 0 && level < 3 ? CAUSE_CLOSED : CAUSE_ALERT_RECEIVED, 220, .said = "ES*"};
            if (level == 3)   /* of no known level: we object */
                c.said = "ES*!";
            if (level == 3 && number == 0)
                c.cause = CAUSE_ALERT_SENT;
            struct dialogue d;
            struct record r;
            dialogue_run(&d, &config, NULL, NULL, &c.script, CUT_NONE);
            check_outcome(&c, &d, CUT_NONE);
            record_init(&r);
            session_record(&d.session, &r);
            assert_in_range(r.num_alerts, 1, 2);
            assert_false(r.alerts[0].sent);
            assert_int_equal(r.alerts[0].level, level);
            assert_int_equal(r.alerts[0].number, number);
            assert_int_equal(r.alerts[0].during, STAGE_HANDSHAKE);
            dialogue_cleanup(&d);
            run_case(&c, CUT_ALL);
        }
    }
}

static bool may_be_tls(const uint8_t *h)
{
    unsigned len = (unsigned)h[3] << 8 | h[4];
    return (h[0] == 0x16 || h[0] == 0x15) && h[1] == 3 && h[2] <= 4 && len >= 1 && len <= 16384;
}

/* what is no record is told by its first five octets; each value of each of them */
static void test_every_first_octet(void **state)
{
    (void)state;
    for (unsigned at = 0; at < 5; at++) {
        for (unsigned value = 0; value < 256; value++) {
            uint8_t answer[8] = {0x16, 3, 3, 0x40, 0, 2, 0, 0};
            answer[at] = (uint8_t)value;
            bool tls = may_be_tls(answer);
            /* a record that may be one is waited for, until the peer closes */
            struct session_case c = {"answer",
                                     {{GREETING, EHLO, GO, {TURN_SAY, answer, 8}}, .end = END_EOF},
                                     STAGE_HANDSHAKE,
                                     tls ? CAUSE_CLOSED : CAUSE_NOT_TLS,
                                     220,
                                     .said = "ES*"};
            if (tls && (answer[0] == 0x15 || (answer[3] == 0 && answer[4] <= 3)))
                continue;   /* whole, and bad in other ways */
            for (int cut = CUT_ALL; cut < 80; cut += cut < 0 ? 1 : 7)
                run_case(&c, cut);
        }
    }
}

static void check_text(const struct record *r, enum text which, const char *want)
{
    if (!bytes_equal(r->text[which], bytes_text(want)))
        fail_msg("text %d is \"%.*s\"", (int)which, (int)r->text[which].len,
                 (const char *)r->text[which].data);
}

static void test_texts(void **state)
{
    static const struct script script = {{SAY("220 hi\r\n<1>"),
                                          SAY("250-mx\r\n250 STARTTLS\r\n<2>"),
                                          SAY("220 go\r\n<3>"), SAY("<no TLS>")},
                                         .end = END_NOTHING};
    struct dialogue d;
    struct record r;
    (void)state;
    dialogue_run(&d, &config, NULL, NULL, &script, CUT_NONE);
    record_init(&r);
    session_record(&d.session, &r);
    check_text(&r, TEXT_GREETING, "220 hi\r\n");
    check_text(&r, TEXT_EHLO, "250-mx\r\n250 STARTTLS\r\n");
    check_text(&r, TEXT_STARTTLS, "220 go\r\n");
    check_text(&r, TEXT_EARLY, "<1><2><3>");
    check_text(&r, TEXT_NOT_TLS, "<no TLS>");
    check_text(&r, TEXT_HELO, "");
    check_text(&r, TEXT_EHLO_TLS, "");
    assert_int_equal(r.early_len, 9);
    assert_int_equal(r.not_tls_len, 8);
    dialogue_cleanup(&d);
}

static void test_text_bounds(void **state)
{
    static const struct script malformed = {{SAY("?" A256 A256 A256)}, .end = END_NOTHING};
    static const struct script not_tls = {
        {GREETING, EHLO, SAY("220 go\r\n" A256 A256), SAY(A256 A256)}, .end = END_NOTHING};
    struct dialogue d;
    (void)state;
    dialogue_run(&d, &config, NULL, NULL, &malformed, CUT_NONE);
    assert_int_equal(d.session.text[TEXT_GREETING].len, 513);
    dialogue_cleanup(&d);
    dialogue_run(&d, &config, NULL, NULL, &not_tls, CUT_NONE);
    assert_int_equal(d.session.text[TEXT_EARLY].len, EARLY_TEXT_MAX);
    assert_int_equal(d.session.early_len, 512);
    assert_int_equal(d.session.text[TEXT_NOT_TLS].len, EARLY_TEXT_MAX);
    assert_int_equal(d.session.not_tls_len, 512);
    dialogue_cleanup(&d);
}

/* HELO is evidence; the greeting that waits holds no memory */
static void test_helo_text(void **state)
{
    static const struct script script = {{GREETING, SAY("502 no\r\n"), SAY("250 old\r\n"), BYE},
                                         .end = END_EOF};
    static const struct script waiting = {{SAY("")}, .end = END_NOTHING};
    struct dialogue d;
    struct record r;
    (void)state;
    dialogue_run(&d, &config, NULL, NULL, &script, CUT_NONE);
    record_init(&r);
    session_record(&d.session, &r);
    check_text(&r, TEXT_HELO, "250 old\r\n");
    assert_int_equal(d.serials, 3);   /* EHLO, HELO, QUIT: one deadline each */
    assert_int_equal(d.session.wait, WAIT_QUIT);
    dialogue_cleanup(&d);
    dialogue_run(&d, &config, NULL, NULL, &waiting, CUT_NONE);
    assert_int_equal(d.session.want, SESSION_READ);
    assert_int_equal(d.session.wait, WAIT_REPLY);
    assert_null(d.session.texts);
    assert_null(d.session.tls);
    dialogue_cleanup(&d);
}

static const struct connect_case {
    int errnum;
    enum cause cause;
} connect_cases[] = {
    {ECONNREFUSED, CAUSE_REFUSED},         {ENETUNREACH, CAUSE_NET_UNREACHABLE}, {EHOSTUNREACH, CAUSE_HOST_UNREACHABLE},
    {EACCES, CAUSE_ADMIN_PROHIBITED},      {ECONNRESET, CAUSE_RESET},            {ETIMEDOUT, CAUSE_TIMEOUT},
    {0, CAUSE_TIMEOUT} /* our deadline */,
};

static void test_connect(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof connect_cases / sizeof connect_cases[0]; i++) {
        struct session s;
        struct outbuf out;
        struct record r;
        outbuf_init(&out);
        session_init(&s, &config, &out, NULL, 5000000);
        assert_int_equal(s.wait, WAIT_CONNECT);
        if (connect_cases[i].errnum != 0)
            session_error(&s, connect_cases[i].errnum, 7000000);
        else
            session_timeout(&s, 7000000);
        record_init(&r);
        session_record(&s, &r);
        assert_int_equal(s.want, SESSION_CLOSE);
        assert_int_equal(r.stage, STAGE_CONNECT);
        assert_int_equal(r.cause, connect_cases[i].cause);
        assert_int_equal(r.errnum, connect_cases[i].errnum);
        assert_int_equal(r.timing_us[TIMING_CONNECT], TIMING_ABSENT);
        assert_int_equal(r.timing_us[TIMING_TOTAL], 2000);
        session_eof(&s, 8000000);   /* what comes later changes nothing */
        session_timeout(&s, 8000000);
        assert_int_equal(s.cause, connect_cases[i].cause);
        session_cleanup(&s);
        outbuf_cleanup(&out);
    }
}

/* an errno that is no finding is a fault of ours: nothing to record */
static void test_fault(void **state)
{
    struct session s;
    struct outbuf out;
    (void)state;
    outbuf_init(&out);
    session_init(&s, &config, &out, NULL, 0);
    session_error(&s, EMFILE, 1);
    assert_int_equal(s.want, SESSION_FAULT);
    assert_int_equal(s.cause, CAUSE_NONE);
    session_cleanup(&s);

    session_init(&s, &config, &out, NULL, 0);
    session_connected(&s, 1);
    out.bad = true;   /* as after an allocation that failed */
    session_receive(&s, (const uint8_t *)"220 hi\r\n", 8, 2);
    assert_int_equal(s.want, SESSION_FAULT);
    assert_false(out.bad);
    session_cleanup(&s);
    outbuf_cleanup(&out);
}

static void test_timings(void **state)
{
    struct session s;
    struct outbuf out;
    (void)state;
    outbuf_init(&out);
    session_init(&s, &config, &out, NULL, 1000000);
    session_connected(&s, 3000000);
    session_receive(&s, (const uint8_t *)"220 hi\r\n", 8, 7000000);
    session_receive(&s, (const uint8_t *)"250 STARTTLS\r\n", 14, 15000000);
    session_receive(&s, (const uint8_t *)"220 go\r\n", 8, 31000000);
    session_drained(&s, NULL, 0, 31000000);
    session_timeout(&s, 63000000);
    static const uint32_t want[NUM_TIMINGS] = {[TIMING_CONNECT] = 2000,
                                               [TIMING_GREETING] = 4000,
                                               [TIMING_EHLO] = 8000,
                                               [TIMING_STARTTLS] = 16000,
                                               [TIMING_HANDSHAKE] = TIMING_ABSENT,
                                               [TIMING_EHLO_TLS] = TIMING_ABSENT,
                                               [TIMING_TOTAL] = 62000,
                                               [TIMING_SERVER_HELLO] = TIMING_ABSENT};
    assert_memory_equal(s.timing_us, want, sizeof want);
    session_cleanup(&s);
    outbuf_cleanup(&out);
}

static void test_outbuf(void **state)
{
    struct outbuf out;
    char block[1000];
    (void)state;
    memset(block, 'x', sizeof block);
    outbuf_init(&out);
    outbuf_put(&out, block, 0);
    assert_null(out.data);
    for (int i = 0; i < 100; i++)
        outbuf_put(&out, block, sizeof block);
    assert_int_equal(out.len, 100000);
    assert_in_range(out.cap, 100000, 200000);
    outbuf_cleanup(&out);
    assert_null(out.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dialogues),         cmocka_unit_test(test_every_alert),
        cmocka_unit_test(test_every_first_octet), cmocka_unit_test(test_texts),
        cmocka_unit_test(test_text_bounds),       cmocka_unit_test(test_helo_text),
        cmocka_unit_test(test_connect),           cmocka_unit_test(test_fault),
        cmocka_unit_test(test_timings),           cmocka_unit_test(test_outbuf),
    };
    CRYPTO_BUFFER_POOL *pool = CRYPTO_BUFFER_POOL_new();
    config.tls = tls_context_new(pool);
    config.ehlo_name = bytes_text("scanner.test");
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    tls_context_free(config.tls);
    CRYPTO_BUFFER_POOL_free(pool);
    return failed;
}
