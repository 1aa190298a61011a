#include <strings.h>

#include "core/anomalies.h"
#include "core/extensions.h"
#include "core/json.h"
#include "core/names.h"
#include "core/times.h"
#include "scanner/session/keywords.h"
#include "scanner/show_parts.h"

enum { REPLY_CODE_LEN = 4, KEYWORD_TEXT_MAX = 48, KEYWORDS_MAX = 128, LINE_TEXT_MAX = 400 };

/* ---- who ---- */

void show_target(const struct show *s, const struct view *v)
{
    const struct record *r = v->record;
    struct show_text t = {0};
    char addr[ADDR_TEXT_MAX] = "", when[TIME_TEXT_MAX];
    if (record_has_addr(r))
        addr_format(addr, r->addr);
    if (r->host.len > 0)
        show_add_octets(&t, r->host, LINE_TEXT_MAX);
    if (r->host.len > 0 && addr[0] != '\0')
        show_add(&t, " at ");
    time_words(when, time_after(v->header->start_us, r->start_us));
    show_add(&t, "%s port %u, %s", addr, r->port, when);
    show_on(s, SHOW_BOLD);
    fputs(t.text, s->out);
    show_off(s, SHOW_BOLD);
    fputc('\n', s->out);
}

/* ---- the dialogue ---- */

static void milliseconds(char out[24], uint64_t us)
{
    double ms = (double)us / 1000;
    snprintf(out, 24, ms < 10 ? "%.2f ms" : ms < 1000 ? "%.1f ms" : "%.0f ms", ms);
}

static void line(const struct show *s, const char *label, const char *ms, bool bad,
                 const char *text)
{
    char first[48];
    snprintf(first, sizeof first, "  %-14s %10s  ", label, ms);
    show_wrapped(s, first, bad ? SHOW_BAD : SHOW_PLAIN, text);
}

/* what came in a phase, and how it ended if it ended there */
static void phase(const struct show *s, const struct record *r, const char *label,
                  enum timing timing, enum stage stage, const char *text)
{
    char ms[24] = "";
    struct show_text t = {0};
    bool ended = r->stage == stage && r->cause != CAUSE_OK;
    if (r->timing_us[timing] == TIMING_ABSENT && !ended && text[0] == '\0')
        return;
    if (r->timing_us[timing] != TIMING_ABSENT)
        milliseconds(ms, r->timing_us[timing]);
    show_add(&t, "%s", text);
    if (ended)
        show_add(&t, "%s%s", t.len > 0 ? "; " : "", cause_text(r->cause));
    line(s, label, ms, ended, t.text);
}

static void reply_phase(const struct show *s, const struct record *r, const char *label,
                        enum timing timing, enum stage stage, enum text which)
{
    char text[REPLY_LINE_TEXT_MAX] = "";
    if (r->text[which].len > 0)
        reply_line(text, r->text[which]);
    phase(s, r, label, timing, stage, text);
}

static const char *or_unknown(const char *name)
{
    return name != NULL ? name : "unknown";
}

static void tls_phase(const struct show *s, const struct record *r)
{
    struct show_text t = {0};
    if (r->version != 0)
        show_add(&t, "%s", or_unknown(tls_version_name(r->version)));
    if (r->suite != 0)
        show_add(&t, " %s", or_unknown(tls_suite_name(r->suite)));
    phase(s, r, "TLS", TIMING_HANDSHAKE, STAGE_HANDSHAKE, t.text);
}

static void attempts(const struct show *s, const struct record *r)
{
    for (size_t i = 0; i < r->num_attempts; i++) {
        struct show_text t = {0};
        show_add(&t, "an attempt before: %s", cause_text(r->attempts[i].cause));
        show_row(s, "earlier", t.text);
    }
}

void show_dialogue(const struct show *s, const struct view *v)
{
    const struct record *r = v->record;
    char ms[24], helo[REPLY_LINE_TEXT_MAX], heading[64] = "Dialogue";
    if (r->timing_us[TIMING_TOTAL] != TIMING_ABSENT) {
        milliseconds(ms, r->timing_us[TIMING_TOTAL]);
        snprintf(heading, sizeof heading, "Dialogue, %s in all", ms);
    }
    show_heading(s, heading);
    attempts(s, r);
    phase(s, r, "connect", TIMING_CONNECT, STAGE_CONNECT, "");
    reply_phase(s, r, "greeting", TIMING_GREETING, STAGE_GREETING, TEXT_GREETING);
    reply_phase(s, r, "EHLO", TIMING_EHLO, STAGE_EHLO, TEXT_EHLO);
    if (r->text[TEXT_HELO].len > 0) {
        reply_line(helo, r->text[TEXT_HELO]);
        line(s, "HELO", "", false, helo);
    }
    reply_phase(s, r, "STARTTLS", TIMING_STARTTLS, STAGE_STARTTLS, TEXT_STARTTLS);
    tls_phase(s, r);
    reply_phase(s, r, "EHLO in TLS", TIMING_EHLO_TLS, STAGE_EHLO_TLS, TEXT_EHLO_TLS);
}

/* ---- what was said ---- */

struct telling {
    const struct show *s;
    const struct record *r;
    uint64_t at_us;
};

static void tell(const struct telling *t, char who, const char *text)
{
    char ms[24], first[40];
    milliseconds(ms, t->at_us);
    snprintf(first, sizeof first, "  %10s  %c ", ms, who);
    show_wrapped(t->s, first, who == '>' ? SHOW_BOLD : who == '<' ? SHOW_PLAIN : SHOW_FAINT, text);
}

static void tell_reply(const struct telling *t, struct bytes reply)
{
    char line[LINE_TEXT_MAX];
    while (reply.len > 0) {
        const uint8_t *end = memchr(reply.data, '\n', reply.len);
        size_t len = end != NULL ? (size_t)(end - reply.data) : reply.len;
        size_t used = end != NULL ? len + 1 : len;
        if (len > 0 && end != NULL && reply.data[len - 1] == '\r')
            len--;
        text_for_terminal(line, sizeof line, bytes_of(reply.data, len));
        tell(t, '<', line);
        reply = bytes_of(reply.data + used, reply.len - used);
    }
}

/* a command of ours, and what came back: in a phase of its own */
static void tell_exchange(struct telling *t, const char *command, enum timing timing,
                          enum text which)
{
    const struct record *r = t->r;
    if (command != NULL)
        tell(t, '>', command);
    if (r->timing_us[timing] != TIMING_ABSENT)
        t->at_us += r->timing_us[timing];
    tell_reply(t, r->text[which]);
}

static void ehlo_command(char out[LINE_TEXT_MAX], const struct view *v, const char *verb)
{
    const struct dataset_header *h = v->header;
    size_t i = v->record->source < h->num_ehlo_names ? v->record->source : 0;
    struct bytes name = h->num_ehlo_names > 0 ? h->ehlo_names[i] : bytes_of("", 0);
    snprintf(out, LINE_TEXT_MAX, "%s %.*s", verb, (int)name.len, (const char *)name.data);
}

static void tell_handshake(struct telling *t)
{
    const struct record *r = t->r;
    struct show_text text = {0};
    if (!r->has_tls)
        return;
    if (r->early_len > 0)
        tell(t, '=', "plaintext before the handshake:");
    tell_reply(t, r->text[TEXT_EARLY]);
    tell(t, '=', "TLS: our hello is sent");
    tell_reply(t, r->text[TEXT_NOT_TLS]);
    for (size_t i = 0; i < r->num_alerts; i++)
        if (r->alerts[i].number != 0) {
            struct show_text alert = {0};
            show_add(&alert, "TLS: %s alert %u, %s", r->alerts[i].sent ? "we sent" : "it sent",
                     r->alerts[i].number, or_unknown(tls_alert_name(r->alerts[i].number)));
            tell(t, '=', alert.text);
        }
    if (!r->handshake_done)
        return;
    if (r->timing_us[TIMING_HANDSHAKE] != TIMING_ABSENT)
        t->at_us += r->timing_us[TIMING_HANDSHAKE];
    show_add(&text, "TLS: %s, %s", or_unknown(tls_version_name(r->version)),
             or_unknown(tls_suite_name(r->suite)));
    tell(t, '=', text.text);
}

void show_transcript(const struct show *s, const struct view *v)
{
    const struct record *r = v->record;
    struct telling t = {s, r, 0};
    char ehlo[LINE_TEXT_MAX], helo[LINE_TEXT_MAX];
    if (r->timing_us[TIMING_CONNECT] == TIMING_ABSENT)
        return;
    ehlo_command(ehlo, v, "EHLO");
    ehlo_command(helo, v, "HELO");
    show_heading(s, "Transcript (> we said, < the server said)");
    t.at_us = r->timing_us[TIMING_CONNECT];
    tell(&t, '=', "connected");
    tell_exchange(&t, NULL, TIMING_GREETING, TEXT_GREETING);
    if (r->stage >= STAGE_EHLO)
        tell_exchange(&t, ehlo, TIMING_EHLO, TEXT_EHLO);
    if (r->text[TEXT_HELO].len > 0) {
        tell(&t, '>', helo);
        tell_reply(&t, r->text[TEXT_HELO]);
    }
    if (r->stage >= STAGE_STARTTLS && r->cause != CAUSE_NOT_OFFERED)
        tell_exchange(&t, "STARTTLS", TIMING_STARTTLS, TEXT_STARTTLS);
    tell_handshake(&t);
    if (r->handshake_done)
        tell_exchange(&t, ehlo, TIMING_EHLO_TLS, TEXT_EHLO_TLS);
    t.at_us = r->timing_us[TIMING_TOTAL] != TIMING_ABSENT ? r->timing_us[TIMING_TOTAL] : t.at_us;
    tell(&t, '=', cause_text(r->cause));
}

/* ---- keywords ---- */

static bool same_word(struct bytes a, struct bytes b)
{
    return a.len == b.len && strncasecmp((const char *)a.data, (const char *)b.data, a.len) == 0;
}

/* the keywords of a reply, but for its first line, which names the server; those only that are not
 * in `less` (empty: all) */
static void list_keywords(const struct show *s, const char *label, struct bytes reply,
                          struct bytes less, bool with_params)
{
    struct show_text t = {0};
    struct bytes word, params;
    size_t num = 0;
    bool first = true;
    for (; num < KEYWORDS_MAX && reply_words_next(&reply, &word, &params); first = false) {
        bool named = first && !same_word(word, bytes_text("STARTTLS"));
        if (word.len == 0 || named || (less.len > 0 && keyword_offered(less, word)))
            continue;
        show_add(&t, "%s", num++ > 0 ? ", " : "");
        show_add_octets(&t, word, KEYWORD_TEXT_MAX);
        if (with_params && params.len > 0) {
            show_add(&t, " ");
            show_add_octets(&t, params, KEYWORD_TEXT_MAX);
        }
    }
    if (num > 0)
        show_row(s, label, t.text);
    else if (less.len == 0)
        show_row(s, label, "none");
}

static void show_anomalies(const struct show *s, const struct record *r)
{
    uint32_t found = anomalies_of(r);
    for (unsigned i = 0; i < NUM_ANOMALIES; i++)
        if ((found >> i & 1) != 0)
            show_row(s, "anomaly", anomaly_text((enum anomaly)i));
}

void show_keywords(const struct show *s, const struct view *v)
{
    struct bytes before = v->record->text[TEXT_EHLO], inside = v->record->text[TEXT_EHLO_TLS];
    if (before.len == 0 || before.data[0] != '2') {
        if (anomalies_of(v->record) != 0)
            show_heading(s, "Keywords");
        show_anomalies(s, v->record);
        return;
    }
    show_heading(s, "Keywords");
    list_keywords(s, "before TLS", before, bytes_of(NULL, 0), true);
    if (inside.len > 0 && inside.data[0] == '2') {
        list_keywords(s, "inside TLS", inside, bytes_of(NULL, 0), true);
        list_keywords(s, "gone", before, inside, false);
        list_keywords(s, "new", inside, before, false);
    }
    show_anomalies(s, v->record);
}
