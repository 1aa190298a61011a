/* Sessions that send a crafted hello: the same dialogue up to the 220 to STARTTLS, then the hello, then
 * the peer's first flight and the end; whole, octet by octet and cut at every point. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "scanner/session/craft.h"
#include "scanner/session/flight.h"
#include "scanner/session/session.h"

#define GREETING "220 mx.example.com ESMTP\r\n"
#define EHLO     "250-mx.example.com\r\n250 STARTTLS\r\n"
#define GO       "220 go\r\n"
#define ALERT    "\x15\x03\x01\0\x02\x02\x46" /* protocol_version */
#define WARNING  "\x15\x03\x01\0\x02\x01\x70" /* unrecognized_name */
/* TLS 1.0, no session id, TLS_RSA_WITH_AES_128_CBC_SHA; then ServerHelloDone */
#define RANDOM  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HELLO   "\x16\x03\x01\0\x2a\x02\0\0\x26\x03\x01" RANDOM "\0\0\x2f\0"
#define DONE    "\x16\x03\x01\0\x04\x0e\0\0\0"

enum end { END_NOTHING, END_EOF, END_RESET, END_TIMEOUT };

#define SAY(text) {(const uint8_t *)(text), sizeof(text) - 1}

static const struct crafted_case {
    const char *name;
    struct bytes before, answer; /* up to the 220; to the hello */
    enum end end;
    uint8_t stage, cause;
    enum flight_kind kind;
    uint16_t version;
    bool farewell; /* close_notify is sent */
} cases[] = {
    {"a flight", SAY(GO), SAY(HELLO DONE), END_NOTHING, STAGE_HANDSHAKE, CAUSE_OK,
     FLIGHT_SERVER_HELLO, 0x0301, true},
    {"an alert", SAY(GO), SAY(ALERT), END_NOTHING, STAGE_HANDSHAKE, CAUSE_OK, FLIGHT_ALERT, 0, false},
    {"a warning, then a flight", SAY(GO), SAY(WARNING HELLO DONE), END_NOTHING, STAGE_HANDSHAKE,
     CAUSE_OK, FLIGHT_SERVER_HELLO, 0x0301, true},
    {"a warning, then FIN", SAY(GO), SAY(WARNING), END_EOF, STAGE_HANDSHAKE, CAUSE_CLOSED,
     FLIGHT_ALERT, 0, false},
    {"a hello, then silence", SAY(GO), SAY(HELLO), END_TIMEOUT, STAGE_HANDSHAKE, CAUSE_TIMEOUT,
     FLIGHT_SERVER_HELLO, 0x0301, false},
    {"a hello, then RST", SAY(GO), SAY(HELLO), END_RESET, STAGE_HANDSHAKE, CAUSE_RESET,
     FLIGHT_SERVER_HELLO, 0x0301, false},
    {"nothing, then FIN", SAY(GO), SAY(""), END_EOF, STAGE_HANDSHAKE, CAUSE_CLOSED, FLIGHT_NOTHING, 0,
     false},
    {"text", SAY(GO), SAY("220 I know no TLS\r\n"), END_NOTHING, STAGE_HANDSHAKE, CAUSE_OK,
     FLIGHT_NOT_TLS, 0, false},
    {"454 to STARTTLS", SAY("454 not now\r\n"), SAY("221 bye\r\n"), END_EOF, STAGE_STARTTLS,
     CAUSE_REJECTED, FLIGHT_NOTHING, 0, false},
    {"421 to STARTTLS", SAY("421 later\r\n"), SAY(""), END_NOTHING, STAGE_STARTTLS, CAUSE_THROTTLED,
     FLIGHT_NOTHING, 0, false},
};

static const uint16_t suites[] = {0x002f, 0x0035};
static const struct crafted_hello crafted = {.version = 0x0301, .suites = suites, .num_suites = 2};

struct play {
    struct session s;
    struct outbuf out;
    uint8_t sent[4096];
    size_t sent_len;
};

static void collect(struct play *p)
{
    assert_true(p->sent_len + p->out.len <= sizeof p->sent);
    memcpy(p->sent + p->sent_len, p->out.data, p->out.len);
    p->sent_len += p->out.len;
    p->out.len = 0;
}

static void give(struct play *p, struct bytes in)
{
    if (p->s.want == SESSION_READ && in.len > 0)
        session_receive(&p->s, in.data, in.len, 1000);
    collect(p);
    if (p->s.want == SESSION_DRAIN) {
        p->sent_len = 0; /* from here on: what follows STARTTLS */
        session_drained(&p->s, NULL, 0, 1000);
        collect(p);
    }
}

/* in pieces: up to `cut`, the rest; 0: octet by octet */
static void give_cut(struct play *p, struct bytes in, size_t cut)
{
    if (cut == 0) {
        for (size_t i = 0; i < in.len; i++)
            give(p, bytes_of(in.data + i, 1));
        return;
    }
    cut = cut < in.len ? cut : in.len;
    give(p, bytes_of(in.data, cut));
    give(p, bytes_of(in.data + cut, in.len - cut));
}

static void end_it(struct play *p, enum end end)
{
    switch (end) {
    case END_NOTHING: break;
    case END_EOF:     session_eof(&p->s, 2000); break;
    case END_RESET:   session_error(&p->s, 104, 2000); break; /* ECONNRESET */
    case END_TIMEOUT: session_timeout(&p->s, 2000); break;
    }
    collect(p);
}

static void check_sent(const struct play *p, const struct crafted_case *c)
{
    static const uint8_t close_notify[] = {21, 3, 1, 0, 2, 1, 0};
    struct outbuf hello;
    outbuf_init(&hello);
    assert_true(crafted_hello_write(&hello, &crafted));
    size_t farewell_len = c->farewell ? sizeof close_notify : 0;
    if (c->stage == STAGE_HANDSHAKE) {
        assert_int_equal(p->sent_len, hello.len + farewell_len);
        assert_memory_equal(p->sent, hello.data, hello.len);
        if (c->farewell)
            assert_memory_equal(p->sent + hello.len, close_notify, sizeof close_notify);
    }
    outbuf_cleanup(&hello);
}

static void run_case(const struct crafted_case *c, size_t cut)
{
    static const struct session_hello hello = {.crafted = &crafted};
    static const struct session_config config = {.ehlo_name = {(const uint8_t *)"me", 2}};
    struct play p = {.sent_len = 0};
    outbuf_init(&p.out);
    session_init(&p.s, &config, &p.out, &hello, 0);
    session_connected(&p.s, 1000);
    give(&p, bytes_text(GREETING));
    give(&p, bytes_text(EHLO));
    give_cut(&p, c->before, c->before.len);
    give_cut(&p, c->answer, cut);
    end_it(&p, c->end);
    assert_int_equal(p.s.want, SESSION_CLOSE);

    struct record r;
    record_init(&r);
    session_record(&p.s, &r);
    assert_int_equal(r.stage, c->stage);
    assert_int_equal(r.cause, c->cause);
    assert_false(r.has_tls);
    const struct flight *flight = session_flight(&p.s);
    assert_true((flight != NULL) == (c->stage == STAGE_HANDSHAKE));
    if (flight != NULL) {
        assert_int_equal(flight->kind, c->kind);
        assert_int_equal(flight->version, c->version);
    }
    check_sent(&p, c);
    session_cleanup(&p.s);
    outbuf_cleanup(&p.out);
}

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%s\n", cases[i].name);
        for (size_t cut = 0; cut <= cases[i].answer.len; cut++)
            run_case(&cases[i], cut);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
