#include "scanner/finding.h"

#include <stdarg.h>
#include <stdio.h>

#include "core/anomalies.h"
#include "core/json.h"
#include "core/names.h"
#include "scanner/probe_options.h"
#include "scanner/sweep.h"

/* ---- the list ---- */

static struct finding *insert(struct findings *f, enum verdict what)
{
    size_t at = f->num;
    if (f->num == FINDINGS_MAX)
        return NULL;
    while (at > 0 && f->list[at - 1].what > what)
        at--;
    memmove(&f->list[at + 1], &f->list[at], (f->num - at) * sizeof f->list[0]);
    f->num++;
    f->list[at] = (struct finding){.what = what};
    return &f->list[at];
}

void findings_add(struct findings *f, enum verdict what, const char *format, ...)
{
    struct finding *new = insert(f, what);
    va_list args;
    if (new == NULL)
        return;
    va_start(args, format);
    vsnprintf(new->detail, sizeof new->detail, format, args);
    va_end(args);
}

struct chain_words finding_words(const struct finding *f)
{
    const struct verdict_text *t = verdict_text(f->what);
    return f->chain != NULL ? *f->chain : (struct chain_words){t->slug, t->what, t->why, t->mend};
}

void finding_slug(char out[FINDING_SLUG_MAX], const struct finding *f)
{
    snprintf(out, FINDING_SLUG_MAX, "%s%s", f->chain != NULL ? "chain-" : "",
             finding_words(f).slug);
}

enum verdict_class finding_class(const struct finding *f)
{
    return verdict_text(f->what)->class;
}

enum verdict_class findings_class(const struct findings *f)
{
    for (size_t i = 0; i < f->num; i++)
        if (finding_class(&f->list[i]) != VERDICT_CLASS_NOTE)
            return finding_class(&f->list[i]);
    return VERDICT_CLASS_WELL;
}

int finding_exit_code(enum verdict_class c)
{
    switch (c) {
    case VERDICT_CLASS_WELL:
    case VERDICT_CLASS_NOTE: return EXIT_COMPLETE;
    case VERDICT_CLASS_WRONG: return PROBE_EXIT_WRONG;
    case VERDICT_CLASS_UNKNOWN: return PROBE_EXIT_UNKNOWN;
    case VERDICT_CLASS_NO_SMTP: return PROBE_EXIT_NO_SMTP;
    case VERDICT_CLASS_BROKEN: return PROBE_EXIT_BROKEN;
    case NUM_VERDICT_CLASSES: break;
    }
    return EXIT_FAULT;
}

bool finding_worse(enum verdict_class a, enum verdict_class b)
{
    static const uint8_t rank[NUM_VERDICT_CLASSES] = {
        [VERDICT_CLASS_WELL] = 0,  [VERDICT_CLASS_NOTE] = 0,    [VERDICT_CLASS_UNKNOWN] = 1,
        [VERDICT_CLASS_WRONG] = 2, [VERDICT_CLASS_NO_SMTP] = 3, [VERDICT_CLASS_BROKEN] = 4};
    return rank[a] > rank[b];
}

/* ---- words of the server's ---- */

void reply_line(char out[REPLY_LINE_TEXT_MAX], struct bytes reply)
{
    enum { MORE_MAX = 28 };
    size_t len = 0, num_more = 0;
    while (len < reply.len && reply.data[len] != '\n')
        len++;
    for (size_t i = len; i + 1 < reply.len; i++)
        num_more += reply.data[i] == '\n';
    while (len > 0 && reply.data[len - 1] == '\r')
        len--;
    size_t used = text_for_terminal(out, REPLY_LINE_TEXT_MAX - MORE_MAX, bytes_of(reply.data, len));
    if (num_more > 0)
        snprintf(out + used, REPLY_LINE_TEXT_MAX - used, " (and %zu line%s)", num_more,
                 num_more == 1 ? "" : "s");
}

static void add_reply(struct findings *f, enum verdict what, struct bytes reply)
{
    char line[REPLY_LINE_TEXT_MAX];
    if (reply.len == 0) {
        findings_add(f, what, "%s", "");
        return;
    }
    reply_line(line, reply);
    findings_add(f, what, "it said \"%s\"", line);
}

/* ---- the outcome ---- */

/* how a session ends, and what that is called; cause NONE: any other */
static const struct {
    uint8_t stage, cause;
    enum verdict what;
} ends[] = {
    {STAGE_CONNECT, CAUSE_BLOCKED, VERDICT_BLOCKED},
    {STAGE_CONNECT, CAUSE_NO_ADDRESS, VERDICT_NO_ADDRESS},
    {STAGE_CONNECT, CAUSE_DNS_FAILURE, VERDICT_DNS_FAILURE},
    {STAGE_CONNECT, CAUSE_TIMEOUT, VERDICT_CONNECT_TIMEOUT},
    {STAGE_CONNECT, CAUSE_REFUSED, VERDICT_CONNECT_REFUSED},
    {STAGE_CONNECT, CAUSE_RESET, VERDICT_CONNECT_LOST},
    {STAGE_CONNECT, CAUSE_CLOSED, VERDICT_CONNECT_LOST},
    {STAGE_CONNECT, CAUSE_NONE, VERDICT_CONNECT_UNREACHABLE},
    {STAGE_GREETING, CAUSE_TIMEOUT, VERDICT_GREETING_SILENT},
    {STAGE_GREETING, CAUSE_MALFORMED, VERDICT_NOT_SMTP},
    {STAGE_GREETING, CAUSE_TOO_LONG, VERDICT_ENDLESS},
    {STAGE_GREETING, CAUSE_REJECTED, VERDICT_REFUSED},
    {STAGE_GREETING, CAUSE_THROTTLED, VERDICT_LATER},
    {STAGE_GREETING, CAUSE_NONE, VERDICT_GREETING_LOST},
    {STAGE_EHLO, CAUSE_MALFORMED, VERDICT_NOT_SMTP},
    {STAGE_EHLO, CAUSE_TOO_LONG, VERDICT_ENDLESS},
    {STAGE_EHLO, CAUSE_REJECTED, VERDICT_REFUSED},
    {STAGE_EHLO, CAUSE_THROTTLED, VERDICT_LATER},
    {STAGE_EHLO, CAUSE_NONE, VERDICT_EHLO_LOST},
    {STAGE_STARTTLS, CAUSE_NOT_OFFERED, VERDICT_NOT_OFFERED},
    {STAGE_STARTTLS, CAUSE_REJECTED, VERDICT_STARTTLS_REFUSED},
    {STAGE_STARTTLS, CAUSE_THROTTLED, VERDICT_LATER},
    {STAGE_STARTTLS, CAUSE_MALFORMED, VERDICT_STARTTLS_BAD},
    {STAGE_STARTTLS, CAUSE_TOO_LONG, VERDICT_STARTTLS_BAD},
    {STAGE_STARTTLS, CAUSE_NONE, VERDICT_STARTTLS_LOST},
    {STAGE_HANDSHAKE, CAUSE_EARLY_PLAINTEXT, VERDICT_INJECTED},
    {STAGE_HANDSHAKE, CAUSE_NOT_TLS, VERDICT_NOT_TLS},
    {STAGE_HANDSHAKE, CAUSE_TIMEOUT, VERDICT_TLS_SILENT},
    {STAGE_HANDSHAKE, CAUSE_ALERT_RECEIVED, VERDICT_TLS_ALERT},
    {STAGE_HANDSHAKE, CAUSE_ALERT_SENT, VERDICT_TLS_BAD},
    {STAGE_HANDSHAKE, CAUSE_TLS_ERROR, VERDICT_TLS_BAD},
    {STAGE_HANDSHAKE, CAUSE_NONE, VERDICT_TLS_LOST},
    {STAGE_EHLO_TLS, CAUSE_REJECTED, VERDICT_INSIDE_REFUSED},
    {STAGE_EHLO_TLS, CAUSE_THROTTLED, VERDICT_LATER},
    {STAGE_EHLO_TLS, CAUSE_NONE, VERDICT_INSIDE_LOST},
};

static enum verdict end_of(const struct record *r)
{
    size_t i = 0;
    while (
        i + 1 < sizeof ends / sizeof ends[0] &&
        (ends[i].stage != r->stage || (ends[i].cause != CAUSE_NONE && ends[i].cause != r->cause)))
        i++;
    return ends[i].what;
}

/* what becomes of STARTTLS where somebody on the way takes it out */
static bool is_masked(const struct record *r)
{
    uint32_t found = anomalies_of(r);
    uint32_t mask = 1u << ANOMALY_GREETING_MASKED | 1u << ANOMALY_KEYWORD_MASKED |
                    1u << ANOMALY_STARTTLS_MASKED;
    return (r->cause == CAUSE_NOT_OFFERED && (found & mask) != 0) ||
           (found & 1u << ANOMALY_STARTTLS_GARBLED) != 0;
}

/* the reply that decided: the last one that there is, of the stage that it ended in */
static struct bytes deciding_reply(const struct record *r)
{
    static const uint8_t of_stage[NUM_STAGES] = {
        [STAGE_GREETING] = TEXT_GREETING, [STAGE_EHLO] = TEXT_EHLO,
        [STAGE_STARTTLS] = TEXT_STARTTLS, [STAGE_HANDSHAKE] = TEXT_NOT_TLS,
        [STAGE_EHLO_TLS] = TEXT_EHLO_TLS,
    };
    bool has_one = r->stage >= STAGE_GREETING && r->stage <= STAGE_EHLO_TLS;
    return has_one ? r->text[of_stage[r->stage]] : bytes_of(NULL, 0);
}

static const struct alert *last_alert(const struct record *r, bool sent)
{
    for (size_t i = r->num_alerts; i-- > 0;)
        if (r->alerts[i].sent == sent && r->alerts[i].number != 0)
            return &r->alerts[i];
    return NULL;
}

/* alerts that mean: nothing in common */
static bool is_no_common(uint8_t number)
{
    enum { HANDSHAKE_FAILURE = 40, PROTOCOL_VERSION = 70, INSUFFICIENT_SECURITY = 71 };
    return number == HANDSHAKE_FAILURE || number == PROTOCOL_VERSION ||
           number == INSUFFICIENT_SECURITY;
}

static void add_alert(struct findings *f, enum verdict what, const struct record *r)
{
    const struct alert *a = last_alert(r, r->cause == CAUSE_ALERT_SENT);
    if (a == NULL) {
        findings_add(f, what, "%s", "");
        return;
    }
    const char *name = tls_alert_name(a->number);
    findings_add(f, is_no_common(a->number) ? VERDICT_TLS_NO_COMMON : what, "%s alert %u, %s",
                 a->sent ? "we sent" : "it sent", a->number, name != NULL ? name : "unknown");
}

static void add_injected(struct findings *f, enum verdict what, const struct record *r)
{
    char line[REPLY_LINE_TEXT_MAX];
    reply_line(line, r->text[TEXT_EARLY]);
    findings_add(f, what, "%u octets: \"%s\"", (unsigned)r->early_len, line);
}

static void add_errno(struct findings *f, enum verdict what, const struct record *r)
{
    findings_add(f, what, "%s", r->errnum != 0 ? strerror(r->errnum) : "");
}

void findings_of_outcome(struct findings *f, const struct record *r)
{
    if (r->stage == STAGE_DONE && r->cause == CAUSE_OK)
        return;
    enum verdict what = end_of(r);
    if (r->stage == STAGE_STARTTLS && is_masked(r))
        what = VERDICT_STRIPPED;
    if (what == VERDICT_REFUSED && r->stage == STAGE_EHLO && r->text[TEXT_HELO].len > 0 &&
        r->text[TEXT_HELO].data[0] == '2')
        what = VERDICT_NO_EHLO;
    if (r->stage == STAGE_CONNECT)
        add_errno(f, what, r);
    else if (what == VERDICT_TLS_ALERT || what == VERDICT_TLS_BAD)
        add_alert(f, what, r);
    else if (what == VERDICT_INJECTED)
        add_injected(f, what, r);
    else
        add_reply(f, what, deciding_reply(r));
}

void findings_of(struct findings *f, const struct record *r, const struct judged *judged)
{
    f->num = 0;
    findings_of_outcome(f, r);
    findings_of_handshake(f, r);
    if (judged->num_sent > 0)
        findings_of_certificates(f, judged);
    if (judged->has_audit)
        findings_of_audit(f, &judged->audit);
}
