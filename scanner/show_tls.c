#include "core/cert_request.h"
#include "core/ct_logs.h"
#include "core/names.h"
#include "core/sct.h"
#include "core/server_print.h"
#include "core/suite_class.h"
#include "core/times.h"
#include "scanner/show_parts.h"

enum { TLS13 = 0x0304, SCTS_SHOWN_MAX = 8, CA_NAMES_SHOWN_MAX = 4 };

/* ---- names ---- */

static void add_code(struct show_text *t, const char *name, uint16_t code)
{
    if (name != NULL)
        show_add(t, "%s", name);
    else
        show_add(t, "0x%04x", code);
}

static void code_row(const struct show *s, const char *label, const char *name, uint16_t code)
{
    struct show_text t = {0};
    if (code == 0)
        return;
    add_code(&t, name, code);
    show_row(s, label, t.text);
}

/* ---- what was negotiated ---- */

static void key_exchange(const struct show *s, const struct record *r)
{
    struct show_text t = {0};
    if (r->group != 0) {
        add_code(&t, tls_group_name(r->group), r->group);
        if ((r->tls_flags & TLS_FLAG_HELLO_RETRY) != 0)
            show_add(&t, ", asked for by a retry request");
    } else if ((suite_class(r->suite) & SUITE_STATIC_RSA) != 0) {
        show_add(&t, "the certificate's RSA key");
    }
    if (t.len > 0)
        show_row(s, "key exchange", t.text);
}

/* one word of several, each said only if it is known */
static void add_flag(struct show_text *t, const struct record *r, enum tls_flag flag,
                     const char *yes, const char *no)
{
    if ((r->tls_known & flag) == 0)
        return;
    const char *word = (r->tls_flags & flag) != 0 ? yes : no;
    if (word[0] != '\0')
        show_add(t, "%s%s", t->len > 0 ? ", " : "", word);
}

static void features(const struct show *s, const struct record *r)
{
    struct show_text t = {0};
    if (r->version < TLS13) {
        add_flag(&t, r, TLS_FLAG_EMS, "extended master secret", "no extended master secret");
        add_flag(&t, r, TLS_FLAG_SECURE_RENEGOTIATION, "secure renegotiation",
                 "no secure renegotiation");
    }
    if ((r->tls_known & r->tls_flags & TLS_FLAG_TICKET) != 0)
        show_add(&t, "%ssession ticket for %u s", t.len > 0 ? ", " : "",
                 (unsigned)r->ticket_lifetime_s);
    else
        add_flag(&t, r, TLS_FLAG_TICKET, "", "no session ticket");
    add_flag(&t, r, TLS_FLAG_DOWNGRADE_12, "DOWNGRADE SENTINEL (1.2)", "");
    add_flag(&t, r, TLS_FLAG_DOWNGRADE_11, "DOWNGRADE SENTINEL (1.1)", "");
    add_flag(&t, r, TLS_FLAG_ALPN, "ALPN though none was offered", "");
    if (r->compression != 0)
        show_add(&t, "%scompression %u", t.len > 0 ? ", " : "", r->compression);
    if (t.len > 0)
        show_row(s, "session", t.text);
}

static void amounts(const struct show *s, const struct record *r)
{
    struct show_text t = {0};
    if (r->flights > 0)
        show_add(&t, "%u flight%s, ", r->flights, r->flights == 1 ? "" : "s");
    if (r->tls_in > 0 || r->tls_out > 0) {
        show_add(&t, "%u octets in, %u out", (unsigned)r->tls_in, (unsigned)r->tls_out);
        if (r->timing_us[TIMING_SERVER_HELLO] != TIMING_ABSENT)
            show_add(&t, ", the ServerHello after %.1f ms",
                     (double)r->timing_us[TIMING_SERVER_HELLO] / 1000);
        show_row(s, "handshake", t.text);
    }
}

static void alerts(const struct show *s, const struct record *r)
{
    struct show_text t = {0};
    for (size_t i = 0; i < r->num_alerts; i++) {
        const struct alert *a = &r->alerts[i];
        show_add(&t, "%s%s ", t.len > 0 ? "; " : "", a->sent ? "sent" : "received");
        add_code(&t, tls_alert_name(a->number), a->number);
        show_add(&t, " (%s %u, %s)", a->level == 1 ? "warning" : "fatal", a->number,
                 stage_slug(a->during));
    }
    if (t.len > 0)
        show_row(s, "alerts", t.text);
}

static void print_row(const struct show *s, const struct record *r)
{
    char print[SERVER_PRINT_MAX];
    if ((r->tls_known & TLS_FLAG_ALPN) == 0) /* not all extensions came */
        return;
    server_print(print, r->version, r->suite, r->server_exts, r->num_server_exts);
    show_row(s, "fingerprint", print);
}

/* ---- certificate request ---- */

static void cert_request(const struct show *s, const struct record *r)
{
    struct show_text t = {0};
    struct cert_request request;
    struct bytes name;
    size_t num = 0;
    if ((r->tls_flags & TLS_FLAG_CERT_REQUEST) == 0)
        return;
    show_add(&t, "asks for a certificate of ours");
    if (cert_request_read(&request, r->text[TEXT_CERT_REQUEST], r->version))
        while (cert_request_ca_next(&request.ca_names, &name)) {
            uint8_t text[CERT_NAME_TEXT_MAX];
            size_t len = cert_name_text(text, name);
            if (num++ >= CA_NAMES_SHOWN_MAX || len == 0)
                continue;
            show_add(&t, "%s", num == 1 ? ", of " : "; ");
            show_add_octets(&t, bytes_of(text, len), CERT_NAME_TEXT_MAX);
        }
    if (num > CA_NAMES_SHOWN_MAX)
        show_add(&t, "; and %zu more", num - CA_NAMES_SHOWN_MAX);
    show_row(s, "client", t.text);
}

/* ---- staple and SCTs ---- */

static void staple(const struct show *s, const struct view *v)
{
    const struct ocsp_judgement *o = &v->judged->ocsp;
    struct show_text t = {0};
    char until[TIME_TEXT_MAX];
    if (v->judged->num_sent == 0 || o->outcome == OCSP_ABSENT) {
        if ((v->record->tls_known & TLS_FLAG_OCSP) != 0)
            show_row(s, "OCSP staple", "none");
        return;
    }
    show_add(&t, "%s: %s", ocsp_outcome_slug(o->outcome), ocsp_outcome_text(o->outcome));
    if (o->has_next_update) {
        time_words(until, o->next_update * 1000000);
        show_add(&t, "; until %.16s UTC", until);
    }
    show_row(s, "OCSP staple", t.text);
}

static void scts_from(const struct show *s, const char *where, struct bytes list)
{
    struct show_text t = {0};
    struct sct_list l;
    struct sct sct;
    size_t num = 0;
    if (list.len == 0)
        return;
    for (sct_list_init(&l, list); sct_next(&sct, &l); num++) {
        char when[TIME_TEXT_MAX];
        if (num >= SCTS_SHOWN_MAX)
            continue;
        show_add(&t, "%s", num > 0 ? ", " : "");
        if (sct.malformed) {
            show_add(&t, "one that cannot be read");
            continue;
        }
        const struct ct_log *log = ct_log_find(sct.log_id);
        show_add(&t, "%s", log != NULL ? log->name : "an unknown log");
        if (sct.timestamp_ms < INT64_MAX / 1000) {
            time_words(when, (int64_t)sct.timestamp_ms * 1000);
            show_add(&t, " (%.10s)", when);
        }
    }
    if (num > SCTS_SHOWN_MAX)
        show_add(&t, ", and %zu more", num - SCTS_SHOWN_MAX);
    if (l.malformed)
        show_add(&t, "%sa list that is cut short", t.len > 0 ? ", " : "");
    show_add(&t, "; %s, signatures unchecked", where);
    show_row(s, "SCTs", t.text);
}

static void scts(const struct show *s, const struct view *v)
{
    scts_from(s, "in TLS", v->record->text[TEXT_SCT]);
    if (v->judged->num_sent == 0)
        return;
    scts_from(s, "in the certificate", v->judged->sent[0].facts.sct_list);
    scts_from(s, "in the staple", v->judged->ocsp.sct_list);
}

void show_tls(const struct show *s, const struct view *v)
{
    const struct record *r = v->record;
    if (!r->has_tls)
        return;
    show_heading(s, r->handshake_done ? "TLS" : "TLS (the handshake was not completed)");
    code_row(s, "version", tls_version_name(r->version), r->version);
    code_row(s, "suite", tls_suite_name(r->suite), r->suite);
    key_exchange(s, r);
    code_row(s, "signed with", tls_sigscheme_name(r->sigscheme), r->sigscheme);
    features(s, r);
    cert_request(s, r);
    staple(s, v);
    scts(s, v);
    alerts(s, r);
    amounts(s, r);
    print_row(s, r);
}
