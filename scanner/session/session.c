#include "scanner/session/session.h"

#include <assert.h>
#include <stdlib.h>

#include "scanner/session/flight.h"
#include "scanner/session/keywords.h"
#include "scanner/session/session_private.h"
#include "scanner/session/tls_client.h"

enum {
    TEXTS_FIRST = 1024,       /* octets of the first allocation for texts */
    EVIDENCE_MAX = 512        /* octets kept behind the one that was no reply */
};

/* ---- texts ---- */

static bool texts_reserve(struct session *s, size_t len)
{
    size_t cap = s->texts_cap > 0 ? s->texts_cap : TEXTS_FIRST;
    while (cap - s->texts_len < len)   /* ends: replies are bounded */
        cap *= 2;
    if (cap == s->texts_cap)
        return true;
    uint8_t *texts = realloc(s->texts, cap);
    if (texts == NULL)
        return false;
    s->texts = texts;
    s->texts_cap = (uint32_t)cap;
    return true;
}

void session_stop(struct session *s, enum session_want want)
{
    s->state = ST_END;
    s->want = want;
}

/* appends octets to a text, wherever it is among the others */
static void keep(struct session *s, enum text which, const uint8_t *in, size_t in_len)
{
    if (in_len == 0)
        return;
    if (!texts_reserve(s, in_len)) {
        session_stop(s, SESSION_FAULT);
        return;
    }
    uint32_t len = (uint32_t)in_len;
    if (s->text[which].len == 0)
        s->text[which].at = s->texts_len;
    uint32_t end = s->text[which].at + s->text[which].len;
    memmove(s->texts + end + len, s->texts + end, s->texts_len - end);
    memcpy(s->texts + end, in, len);
    for (size_t i = 0; i < NUM_TEXTS; i++)
        if (i != which && s->text[i].len > 0 && s->text[i].at >= end)
            s->text[i].at += len;
    s->text[which].len += len;
    s->texts_len += len;
}

static struct bytes text_of(const struct session *s, enum text which)
{
    uint32_t len = s->text[which].len;
    return len > 0 ? bytes_of(s->texts + s->text[which].at, len) : bytes_of(NULL, 0);
}

size_t session_smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* keeps the first octets of what is counted in *count */
void session_keep_first(struct session *s, enum text which, uint32_t *count, const uint8_t *in,
                       size_t in_len)
{
    keep(s, which, in, session_smaller(in_len, EARLY_TEXT_MAX - s->text[which].len));
    *count += (uint32_t)session_smaller(in_len, UINT32_MAX - *count);
}

/* ---- times and ends ---- */

static uint32_t elapsed_us(uint64_t since_ns, uint64_t now_ns)
{
    uint64_t us = now_ns > since_ns ? (now_ns - since_ns) / 1000 : 0;
    return us < TIMING_ABSENT ? (uint32_t)us : TIMING_ABSENT - 1;
}

void session_end_phase(struct session *s, enum timing timing, uint64_t now_ns)
{
    s->timing_us[timing] = elapsed_us(s->phase_start_ns, now_ns);
}

void session_begin_phase(struct session *s, enum state state, enum session_wait wait,
                        uint64_t now_ns)
{
    s->state = (uint8_t)state;
    s->wait = wait;
    s->wait_serial++;
    s->phase_start_ns = now_ns;
    smtp_reply_init(&s->reply);
}

void session_decide(struct session *s, enum cause cause, uint64_t now_ns)
{
    assert(s->cause == CAUSE_NONE && cause != CAUSE_NONE);
    s->cause = (uint8_t)cause;
    s->timing_us[TIMING_TOTAL] = elapsed_us(s->start_ns, now_ns);
}

/* decides on a connection or a handshake that came to nothing; what the peer said on the way goes
 * before how it ended */
static void decide_lost(struct session *s, enum cause cause, uint64_t now_ns)
{
    if (s->flight != NULL)
        flight_end(s->flight);
    if (s->stage == STAGE_HANDSHAKE && s->early_len > s->early_len_before)
        cause = CAUSE_EARLY_PLAINTEXT;
    else if (cause != CAUSE_NOT_TLS && s->tls != NULL && tls_client_alerted(s->tls))
        cause = CAUSE_ALERT_RECEIVED;
    session_decide(s, cause, now_ns);
}

void session_end(struct session *s)
{
    if (s->tls != NULL)
        tls_client_close(s->tls);
    session_stop(s, SESSION_CLOSE);
}

void session_lost(struct session *s, enum cause cause, uint64_t now_ns)
{
    if (s->cause == CAUSE_NONE)
        decide_lost(s, cause, now_ns);
    session_end(s);
}

/* every event ends here: octets that could not be kept for sending are a fault */
static void settle(struct session *s)
{
    if (!s->out->bad)
        return;
    s->out->bad = false;
    s->out->len = 0;
    session_stop(s, SESSION_FAULT);
}

/* ---- what we say ---- */

/* one command is one write, and inside TLS one record */
static void command(struct session *s, const char *verb, struct bytes arg)
{
    uint8_t line[SESSION_NAME_MAX + 16];
    size_t len = strlen(verb);
    assert(len + 1 + arg.len + 2 <= sizeof line);
    memcpy(line, verb, len);
    if (arg.len > 0) {
        line[len++] = ' ';
        memcpy(line + len, arg.data, arg.len);
        len += arg.len;
    }
    line[len++] = '\r';
    line[len++] = '\n';
    if (s->tls == NULL)
        outbuf_put(s->out, line, len);
    else if (tls_client_write(s->tls, line, len) != TLS_DONE)
        session_stop(s, SESSION_FAULT);   /* it only writes to memory */
}

void session_ask(struct session *s, enum state state, enum stage stage, uint64_t now_ns)
{
    s->stage = (uint8_t)stage;
    session_begin_phase(s, state, WAIT_REPLY, now_ns);
    if (state == ST_STARTTLS)
        command(s, "STARTTLS", bytes_of(NULL, 0));
    else
        command(s, state == ST_HELO ? "HELO" : "EHLO", s->config->ehlo_name);
}

static void quit(struct session *s, uint64_t now_ns)
{
    session_begin_phase(s, ST_QUIT, WAIT_QUIT, now_ns);
    command(s, "QUIT", bytes_of(NULL, 0));
}

/* ---- what the peer says: replies ---- */

/* judges a reply by its code; text: where "try again later" counts, empty where not */
static enum cause judge(uint16_t code, uint16_t wanted, struct bytes text)
{
    if (code == wanted)
        return CAUSE_OK;
    if (code / 100 != 4 && code / 100 != 5)
        return CAUSE_MALFORMED;
    return code == 421 || code == 450 || reply_says_later(text) ? CAUSE_THROTTLED : CAUSE_REJECTED;
}

static void conclude(struct session *s, enum cause cause, uint64_t now_ns)
{
    session_decide(s, cause, now_ns);
    if (cause == CAUSE_MALFORMED || s->reply.code == 421)
        session_end(s);
    else if (s->state == ST_EHLO && cause == CAUSE_REJECTED && s->reply.code / 100 == 5)
        session_ask(s, ST_HELO, STAGE_EHLO, now_ns);
    else
        quit(s, now_ns);
}

static void on_greeting(struct session *s, uint64_t now_ns)
{
    enum cause cause = judge(s->reply.code, 220, text_of(s, TEXT_GREETING));
    session_end_phase(s, TIMING_GREETING, now_ns);
    if (cause == CAUSE_OK)
        session_ask(s, ST_EHLO, STAGE_EHLO, now_ns);
    else
        conclude(s, cause, now_ns);
}

static void on_ehlo(struct session *s, uint64_t now_ns)
{
    enum cause cause = judge(s->reply.code, 250, text_of(s, TEXT_EHLO));
    session_end_phase(s, TIMING_EHLO, now_ns);
    if (cause != CAUSE_OK) {
        conclude(s, cause, now_ns);
    } else if (s->config->try_anyway ||
               keyword_offered(text_of(s, TEXT_EHLO), bytes_text("STARTTLS"))) {
        s->early_len_before = s->early_len;
        session_ask(s, ST_STARTTLS, STAGE_STARTTLS, now_ns);
    } else {
        s->stage = STAGE_STARTTLS;
        conclude(s, CAUSE_NOT_OFFERED, now_ns);
    }
}

static void on_starttls(struct session *s, uint64_t now_ns)
{
    enum cause cause = judge(s->reply.code, 220, bytes_of(NULL, 0));
    session_end_phase(s, TIMING_STARTTLS, now_ns);
    if (cause != CAUSE_OK) {
        conclude(s, cause, now_ns);
        return;
    }
    s->stage = STAGE_HANDSHAKE;
    s->state = ST_DRAIN;
    s->want = SESSION_DRAIN;
}

static void on_ehlo_tls(struct session *s, uint64_t now_ns)
{
    enum cause cause = judge(s->reply.code, 250, text_of(s, TEXT_EHLO_TLS));
    session_end_phase(s, TIMING_EHLO_TLS, now_ns);
    if (cause == CAUSE_OK)
        s->stage = STAGE_DONE;
    conclude(s, cause, now_ns);
}

static void on_reply(struct session *s, uint64_t now_ns)
{
    if (s->cause == CAUSE_NONE)
        s->smtp_code = s->reply.code;
    switch ((enum state)s->state) {
    case ST_GREETING: on_greeting(s, now_ns); break;
    case ST_EHLO:     on_ehlo(s, now_ns); break;
    case ST_HELO:     quit(s, now_ns); break;
    case ST_STARTTLS: on_starttls(s, now_ns); break;
    case ST_EHLO_TLS: on_ehlo_tls(s, now_ns); break;
    case ST_QUIT:     s->state = ST_FIN; break;
    case ST_CONNECT:
    case ST_DRAIN:
    case ST_HANDSHAKE:
    case ST_CRAFTED:
    case ST_FIN:
    case ST_END:      break;
    }
}

/* where the reply that is expected is kept; NUM_TEXTS: it is not */
static enum text text_of_state(enum state state)
{
    switch (state) {
    case ST_GREETING: return TEXT_GREETING;
    case ST_EHLO:     return TEXT_EHLO;
    case ST_HELO:     return TEXT_HELO;
    case ST_STARTTLS: return TEXT_STARTTLS;
    case ST_EHLO_TLS: return TEXT_EHLO_TLS;
    case ST_CONNECT:
    case ST_DRAIN:
    case ST_HANDSHAKE:
    case ST_CRAFTED:
    case ST_QUIT:
    case ST_FIN:
    case ST_END:      break;
    }
    return NUM_TEXTS;
}

static void no_reply(struct session *s, enum cause cause, uint64_t now_ns)
{
    if (s->cause == CAUSE_NONE)
        session_decide(s, cause, now_ns);
    session_end(s);
}

/* reads on in the reply that is expected; returns how many octets belong to it */
static size_t feed_reply(struct session *s, const uint8_t *in, size_t in_len, uint64_t now_ns)
{
    enum text which = text_of_state((enum state)s->state);
    size_t used;
    enum reply_status status = smtp_reply_feed(&s->reply, &used, in, in_len);
    size_t kept = status == REPLY_BAD ? used + session_smaller(in_len - used, EVIDENCE_MAX) : used;
    if (which != NUM_TEXTS)
        keep(s, which, in, kept);
    if (s->want == SESSION_FAULT)
        return used;
    switch (status) {
    case REPLY_MORE:     break;
    case REPLY_BAD:      no_reply(s, CAUSE_MALFORMED, now_ns); break;
    case REPLY_TOO_LONG: no_reply(s, CAUSE_TOO_LONG, now_ns); break;
    case REPLY_DONE:
        if (s->tls == NULL && s->cause == CAUSE_NONE) /* we never pipeline: it spoke out of turn */
            session_keep_first(s, TEXT_EARLY, &s->early_len, in + used, in_len - used);
        if (s->want != SESSION_FAULT)
            on_reply(s, now_ns);
        break;
    }
    return used;
}

/* octets while the peer's FIN is awaited, or behind its close_notify, say nothing any more, but are
 * bounded */
static void feed_tail(struct session *s, size_t in_len)
{
    s->tail_len += (uint32_t)session_smaller(in_len, REPLY_MAX);
    if (s->tail_len >= REPLY_MAX)
        session_end(s);
}

/* reads replies: in plaintext what follows one was kept as early, inside TLS it is the next one */
void session_feed_text(struct session *s, const uint8_t *in, size_t in_len, uint64_t now_ns)
{
    size_t used = 0;
    if (s->state != ST_FIN)
        used = feed_reply(s, in, in_len, now_ns);
    if (s->tls != NULL && s->state == ST_QUIT && used < in_len)
        used += feed_reply(s, in + used, in_len - used, now_ns);
    if (s->state == ST_FIN)
        feed_tail(s, in_len - used);
}

/* ---- events ---- */

void session_init(struct session *s, const struct session_config *config, struct outbuf *out,
                  const struct session_hello *hello, uint64_t now_ns)
{
    memset(s, 0, sizeof *s);
    s->config = config;
    s->out = out;
    if (hello != NULL)
        s->hello = *hello;
    s->stage = STAGE_CONNECT;
    s->start_ns = s->phase_start_ns = now_ns;
    for (size_t i = 0; i < NUM_TIMINGS; i++)
        s->timing_us[i] = TIMING_ABSENT;
}

void session_cleanup(struct session *s)
{
    tls_client_free(s->tls);
    free(s->flight);
    free(s->texts);
    s->tls = NULL;
    s->flight = NULL;
    s->texts = NULL;
}

void session_connected(struct session *s, uint64_t now_ns)
{
    if (s->state != ST_CONNECT)
        return;
    session_end_phase(s, TIMING_CONNECT, now_ns);
    s->stage = STAGE_GREETING;
    session_begin_phase(s, ST_GREETING, WAIT_REPLY, now_ns);
}

void session_receive(struct session *s, const uint8_t *in, size_t in_len, uint64_t now_ns)
{
    switch ((enum state)s->state) {
    case ST_GREETING:
    case ST_EHLO:
    case ST_HELO:
    case ST_STARTTLS:
    case ST_EHLO_TLS:
    case ST_QUIT:
    case ST_FIN:
        if (s->tls == NULL)
            session_feed_text(s, in, in_len, now_ns);
        else if (s->peer_closed)
            feed_tail(s, in_len);
        else
            session_tls_receive(s, in, in_len, now_ns);
        break;
    case ST_HANDSHAKE:
    case ST_CRAFTED:   session_tls_receive(s, in, in_len, now_ns); break;
    case ST_CONNECT:
    case ST_DRAIN:
    case ST_END:       break;
    }
    settle(s);
}

void session_drained(struct session *s, const uint8_t *in, size_t in_len, uint64_t now_ns)
{
    if (s->state != ST_DRAIN)
        return;
    s->want = SESSION_READ;
    session_keep_first(s, TEXT_EARLY, &s->early_len, in, in_len);
    if (s->want != SESSION_FAULT)
        session_tls_begin(s, now_ns);
    settle(s);
}

void session_eof(struct session *s, uint64_t now_ns)
{
    if (s->state == ST_END)
        return;
    session_lost(s, CAUSE_CLOSED, now_ns);
    settle(s);
}

void session_error(struct session *s, int errnum, uint64_t now_ns)
{
    enum cause cause;
    if (s->state == ST_END)
        return;
    if (s->cause != CAUSE_NONE) {
        session_stop(s, SESSION_CLOSE);
    } else if (cause_of_errno(&cause, errnum)) {
        s->errnum = errnum;
        decide_lost(s, cause, now_ns);
        session_stop(s, SESSION_CLOSE);
    } else {
        session_stop(s, SESSION_FAULT);
    }
}

void session_timeout(struct session *s, uint64_t now_ns)
{
    if (s->state == ST_END)
        return;
    session_lost(s, CAUSE_TIMEOUT, now_ns);
    settle(s);
}

/* ---- the record ---- */

void session_record(const struct session *s, struct record *r)
{
    r->stage = s->stage;
    r->cause = s->cause;
    r->smtp_code = s->smtp_code;
    r->errnum = s->errnum;
    memcpy(r->timing_us, s->timing_us, sizeof r->timing_us);
    for (unsigned i = 0; i < NUM_TEXTS; i++)
        r->text[i] = text_of(s, (enum text)i);
    r->early_len = s->early_len;
    r->not_tls_len = s->not_tls_len;
    if (s->tls != NULL)
        tls_client_record(s->tls, r);
}

CRYPTO_BUFFER *const *session_certs(const struct session *s, size_t *num)
{
    *num = 0;
    return s->tls != NULL ? tls_client_certs(s->tls, num) : NULL;
}

const struct flight *session_flight(const struct session *s)
{
    return s->flight;
}

SSL_SESSION *session_take_resumable(struct session *s)
{
    return s->tls != NULL ? tls_client_take_resumable(s->tls) : NULL;
}
