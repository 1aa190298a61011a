#include <ctype.h>

#include "core/names.h"
#include "core/suite_class.h"
#include "scanner/show_parts.h"

enum { TLS13 = 0x0304 };

/* ---- audits ---- */

static void tri_row(const struct show *s, const char *label, uint8_t tri, const char *yes,
                    const char *no)
{
    if (tri != TRI_UNKNOWN)
        show_row(s, label, tri == TRI_YES ? yes : no);
}

/* "TLSv1.2, TLSv1.3": those of which tri is what was found */
static void add_versions(struct show_text *t, const struct audit *a, uint8_t tri)
{
    for (unsigned i = 0; i < NUM_AUDIT_VERSIONS; i++)
        if (a->version[i] == tri)
            show_add(t, "%s%s", t->len > 0 ? ", " : "",
                     tls_version_name(audit_version_code((enum audit_version)i)));
}

static void add_classes(struct show_text *t, const struct audit *a, uint8_t tri)
{
    for (unsigned i = 0; i < NUM_AUDIT_CLASSES; i++) {
        const char *suite = a->class[i].suite != 0 ? tls_suite_name(a->class[i].suite) : NULL;
        if (a->class[i].accepted != tri)
            continue;
        show_add(t, "%s%s", t->len > 0 ? ", " : "", audit_class_slug(i));
        if (suite != NULL)
            show_add(t, " (%s)", suite);
    }
}

static void add_hybrids(struct show_text *t, const struct audit *a, uint8_t tri)
{
    for (unsigned i = 0; i < NUM_AUDIT_HYBRIDS; i++) {
        uint16_t group = audit_hybrid_group((enum audit_hybrid)i);
        const char *name = tls_group_name(group);
        if (a->hybrid[i] == tri)
            show_add(t, "%s%s", t->len > 0 ? ", " : "", name != NULL ? name : "a hybrid group");
    }
}

/* a row of what is accepted, one of what is refused, and one of what was asked and is not known */
static void sets_rows(const struct show *s, const char *label, const struct audit *a, unsigned bit,
                      void (*add)(struct show_text *t, const struct audit *a, uint8_t tri))
{
    struct show_text yes = {0}, no = {0}, unknown = {0};
    add(&yes, a, TRI_YES);
    add(&no, a, TRI_NO);
    if ((a->asked & bit) != 0)
        add(&unknown, a, TRI_UNKNOWN);
    if (yes.len > 0 || no.len > 0 || unknown.len > 0)
        show_row(s, label, yes.len > 0 ? yes.text : no.len > 0 ? "none" : "unknown");
    if (no.len > 0)
        show_row(s, "  refused", no.text);
    if (unknown.len > 0 && (yes.len > 0 || no.len > 0))
        show_row(s, "  unknown", unknown.text);
}

static void ssl2_row(const struct show *s, const struct audit *a)
{
    struct show_text t = {0};
    const char *name;
    for (unsigned bit = 0; (name = ssl2_kind_name(bit)) != NULL; bit++)
        if (a->ssl2_kinds >> bit & 1)
            show_add(&t, "%s%s", t.len > 0 ? ", " : "", name);
    if (t.len > 0)
        show_row(s, "  SSLv2 has", t.text);
}

static void list_row(const struct show *s, const char *what, const struct audit_list *l,
                     const char *(*name_of)(uint16_t))
{
    struct show_text t = {0};
    char label[32];
    const char *version = tls_version_name(l->version);
    for (size_t i = 0; i < l->num; i++) {
        const char *name = name_of(l->value[i]);
        show_add(&t, "%s", i > 0 ? ", " : "");
        if (name != NULL)
            show_add(&t, "%s", name);
        else
            show_add(&t, "0x%04x", l->value[i]);
    }
    if (l->num == 0)
        show_add(&t, "none");
    if (l->order != AUDIT_ORDER_UNKNOWN)
        show_add(&t, "; in the %s's order", audit_order_slug(l->order));
    if (!l->complete)
        show_add(&t, "; there may be more");
    snprintf(label, sizeof label, "%s %s", what, version != NULL ? version : "");
    show_row(s, label, t.text);
}

static void leaves_row(const struct show *s, const struct audit *a)
{
    tri_row(s, "certificate", a->other_leaf, "depends on the name that is asked for",
            "is the same whatever name is asked for");
    tri_row(s, "unknown name", a->name_refused, "ends the handshake", "does not end the handshake");
}

static void dh_row(const struct show *s, const struct audit *a)
{
    struct show_text t = {0};
    for (size_t i = 0; i < a->num_dh; i++)
        show_add(&t, "%s%u bits", i > 0 ? ", " : "", a->dh[i].bits);
    if (a->num_dh > 0)
        show_row(s, "DHE groups", t.text);
}

static void explain_row(const struct show *s, const struct audit *a)
{
    const struct audit_reply *e = &a->explain;
    struct show_text t = {0};
    if ((a->finished & AUDIT_BIT_EXPLAIN) == 0)
        return;
    const char *offered = tls_version_name(e->offered);
    show_add(&t, "asked with everything %s%s: ", e->offered < TLS13 ? "from SSLv3 to " : "of ",
             offered != NULL ? offered : "TLS");
    if (e->alert_level == 0)
        show_add(&t, "%s", audit_reply_slug(e->kind));
    if (e->version != 0 && tls_version_name(e->version) != NULL)
        show_add(&t, ", %s", tls_version_name(e->version));
    if (e->suite != 0 && tls_suite_name(e->suite) != NULL)
        show_add(&t, ", %s", tls_suite_name(e->suite));
    if (e->dh_bits != 0)
        show_add(&t, ", DH of %u bits", e->dh_bits);
    if (e->alert_level != 0 && tls_alert_name(e->alert_number) == NULL)
        show_add(&t, "alert %u", e->alert_number);
    else if (e->alert_level != 0)
        show_add(&t, "alert %s", tls_alert_name(e->alert_number));
    show_row(s, "explained", t.text);
}

static void connections_row(const struct show *s, const struct audit *a)
{
    struct show_text t = {0};
    show_add(&t, "%u more", a->num_connections);
    if (a->stopped_cause != CAUSE_OK && a->stopped_cause != CAUSE_NONE)
        show_add(&t, "; stopped early: %s; what is not known stays unknown",
                 cause_text(a->stopped_cause));
    show_row(s, "connections", t.text);
}

void show_audit(const struct show *s, const struct view *v)
{
    const struct audit *a = &v->judged->audit;
    if (!v->judged->has_audit)
        return;
    show_heading(s, "Audits");
    sets_rows(s, "versions", a, AUDIT_BIT_VERSIONS, add_versions);
    ssl2_row(s, a);
    tri_row(s, "fallback", a->fallback, "a downgrade is refused (RFC 7507)",
            "a downgrade is not refused");
    tri_row(s, "compression", a->compression, "accepted", "refused");
    sets_rows(s, "legacy", a, AUDIT_BIT_LEGACY, add_classes);
    dh_row(s, a);
    sets_rows(s, "post-quantum", a, AUDIT_BIT_PQ, add_hybrids);
    tri_row(s, "large hellos", a->large_intolerant, "get no answer", "are understood");
    tri_row(s, "ticket", a->ticket, "given", "not given");
    tri_row(s, "resumption", a->resumed, "works", "does not work");
    leaves_row(s, a);
    for (size_t i = 0; i < a->num_suites; i++)
        list_row(s, "suites", &a->suites[i], tls_suite_name);
    for (size_t i = 0; i < a->num_groups; i++)
        list_row(s, "groups", &a->groups[i], tls_group_name);
    explain_row(s, a);
    connections_row(s, a);
}

/* ---- the verdict ---- */

static enum show_color color_of(enum verdict_class c)
{
    switch (c) {
    case VERDICT_CLASS_WELL: return SHOW_GOOD;
    case VERDICT_CLASS_NOTE:
    case VERDICT_CLASS_UNKNOWN: return SHOW_NOTE;
    case VERDICT_CLASS_WRONG:
    case VERDICT_CLASS_NO_SMTP:
    case VERDICT_CLASS_BROKEN: return SHOW_BAD;
    case NUM_VERDICT_CLASSES: break;
    }
    return SHOW_PLAIN;
}

static void say(const struct show *s, const char *label, const char *text)
{
    char first[24];
    snprintf(first, sizeof first, "     %-4s  ", label);
    if (text[0] != '\0')
        show_wrapped(s, first, SHOW_FAINT, text);
}

static void show_finding(const struct show *s, const struct finding *f)
{
    struct chain_words words = finding_words(f);
    struct show_text t = {0};
    show_add(&t, "%c%s%s%s", toupper((unsigned char)words.text[0]), words.text + 1,
             f->detail[0] != '\0' ? ": " : "", f->detail);
    show_wrapped(s, finding_class(f) == VERDICT_CLASS_NOTE ? "  ~  " : "  X  ",
                 color_of(finding_class(f)), t.text);
    say(s, "why", words.why);
    say(s, "mend", words.mend);
}

void show_verdict(const struct show *s, const struct view *v)
{
    const struct findings *f = v->findings;
    enum verdict_class class = findings_class(f);
    struct show_text t = {0};
    fputc('\n', s->out);
    show_add(&t, "%s", verdict_class_text(class));
    show_wrapped(s, "Verdict: ", color_of(class), t.text);
    for (size_t i = 0; i < f->num; i++)
        show_finding(s, &f->list[i]);
}

void show_all(const struct show *s, const struct view *v)
{
    show_target(s, v);
    show_dialogue(s, v);
    if (v->transcript)
        show_transcript(s, v);
    show_keywords(s, v);
    show_tls(s, v);
    show_chain(s, v);
    show_audit(s, v);
    show_verdict(s, v);
}
