#include <stdio.h>

#include "core/names.h"
#include "core/suite_class.h"
#include "scanner/finding.h"
#include "scanner/session/keywords.h"

enum { SSL30 = 0x0300, TLS10 = 0x0301, TLS11 = 0x0302, TLS12 = 0x0303, TLS13 = 0x0304 };
enum { NAMES_MAX = 240, DH_BITS_MIN = 2048 };

/* ---- lists in words ---- */

struct words {
    size_t len;
    char text[NAMES_MAX];
};

static void words_add(struct words *w, const char *word)
{
    int n =
        snprintf(w->text + w->len, sizeof w->text - w->len, "%s%s", w->len > 0 ? ", " : "", word);
    if (n > 0 && (size_t)n < sizeof w->text - w->len)
        w->len += (size_t)n;
    else
        w->text[w->len] = '\0'; /* the list is cut, between words */
}

/* ---- what the handshake shows ---- */

/* known, and as asked */
static bool shows(const struct record *r, enum tls_flag flag, bool yes)
{
    return (r->tls_known & flag) != 0 && ((r->tls_flags & flag) != 0) == yes;
}

static void of_version(struct findings *f, const struct record *r)
{
    const char *name = tls_version_name(r->version);
    if (r->version != 0 && r->version < TLS12)
        findings_add(f, VERDICT_OLD_VERSION, "%s was chosen", name != NULL ? name : "an old one");
    if (r->version >= TLS13)
        return; /* what follows went away with it */
    if (shows(r, TLS_FLAG_SECURE_RENEGOTIATION, false))
        findings_add(f, VERDICT_UNSAFE_RENEGOTIATION, "%s", "");
    if (shows(r, TLS_FLAG_EMS, false))
        findings_add(f, VERDICT_NO_EMS, "%s", "");
    if (r->compression != 0)
        findings_add(f, VERDICT_COMPRESSION, "method %u was chosen", r->compression);
}

/* what ends a handshake, if TLS libraries see it: told whether ours came to its end or not */
static void of_breaches(struct findings *f, const struct record *r)
{
    const char *name = tls_version_name(r->version);
    if (shows(r, TLS_FLAG_DOWNGRADE_12, true) || shows(r, TLS_FLAG_DOWNGRADE_11, true))
        findings_add(f, VERDICT_DOWNGRADED, "%s was chosen", name != NULL ? name : "an old one");
    if (shows(r, TLS_FLAG_ALPN, true))
        findings_add(f, VERDICT_ALPN_UNASKED, "%s", "");
}

static void of_suite(struct findings *f, const struct record *r)
{
    unsigned class = suite_class(r->suite);
    const char *name = tls_suite_name(r->suite);
    unsigned weak = SUITE_EXPORT | SUITE_RC4 | SUITE_3DES | SUITE_NULL | SUITE_ANON | SUITE_DES |
                    SUITE_OLD_CIPHER;
    if ((class & weak) != 0)
        findings_add(f, VERDICT_WEAK_SUITE, "%s", name);
    if ((class & (SUITE_STATIC_RSA | SUITE_STATIC_DH)) != 0)
        findings_add(f, VERDICT_NO_FORWARD_SECRECY, "%s", name);
}

static void of_alerts(struct findings *f, const struct record *r)
{
    enum { WARNING = 1 };
    for (size_t i = 0; i < r->num_alerts; i++) {
        const struct alert *a = &r->alerts[i];
        const char *name = tls_alert_name(a->number);
        if (a->sent || a->level != WARNING || a->number == 0)
            continue;
        findings_add(f, VERDICT_WARNING_ALERT, "%s", name != NULL ? name : "unknown");
        return;
    }
}

static void of_early(struct findings *f, const struct record *r)
{
    char line[REPLY_LINE_TEXT_MAX];
    if (r->early_len == 0)
        return;
    reply_line(line, r->text[TEXT_EARLY]);
    findings_add(f, VERDICT_EARLY_PLAINTEXT, "%u octets: \"%s\"", (unsigned)r->early_len, line);
}

static void of_keywords(struct findings *f, const struct record *r)
{
    if (keyword_offered(r->text[TEXT_EHLO_TLS], bytes_text("STARTTLS")))
        findings_add(f, VERDICT_STARTTLS_AGAIN, "%s", "");
    if (keyword_offered(r->text[TEXT_EHLO], bytes_text("AUTH")))
        findings_add(f, VERDICT_AUTH_PLAIN, "%s", "");
}

void findings_of_handshake(struct findings *f, const struct record *r)
{
    of_keywords(f, r);
    of_breaches(f, r);
    if (!r->handshake_done)
        return;
    of_version(f, r);
    of_suite(f, r);
    of_alerts(f, r);
    of_early(f, r);
}

/* ---- what audits found ---- */

static void of_versions(struct findings *f, const struct audit *a)
{
    struct words ssl = {0}, old = {0};
    for (unsigned i = 0; i < NUM_AUDIT_VERSIONS; i++) {
        uint16_t code = audit_version_code((enum audit_version)i);
        const char *name = tls_version_name(code);
        if (a->version[i] == TRI_YES && code < TLS12)
            words_add(code <= SSL30 ? &ssl : &old, name);
    }
    bool newer = a->version[AUDIT_TLS12] == TRI_YES || a->version[AUDIT_TLS13] == TRI_YES;
    if (ssl.len > 0)
        findings_add(f, VERDICT_SSL_ACCEPTED, "%s", ssl.text);
    if (old.len > 0 && newer)
        findings_add(f, VERDICT_OLD_ACCEPTED, "%s", old.text);
    if (a->fallback == TRI_NO)
        findings_add(f, VERDICT_NO_FALLBACK_SCSV, "%s", "");
    if (a->compression == TRI_YES)
        findings_add(f, VERDICT_COMPRESSION, "DEFLATE was chosen where it was offered");
}

static const char *proof_word(const struct audit *a, uint8_t class)
{
    const char *suite = a->class[class].suite != 0 ? tls_suite_name(a->class[class].suite) : NULL;
    return suite != NULL ? suite : audit_class_slug(class);
}

/* whether the suite that proves class i of the list has proved one before it */
static bool is_told(const struct audit *a, const uint8_t *list, size_t i)
{
    uint16_t suite = a->class[list[i]].suite;
    for (size_t k = 0; k < i; k++)
        if (suite != 0 && a->class[list[k]].suite == suite)
            return true;
    return false;
}

static void of_classes(struct findings *f, const struct audit *a)
{
    static const uint8_t broken[] = {AUDIT_CLASS_EXPORT, AUDIT_CLASS_RC4, AUDIT_CLASS_3DES,
                                     AUDIT_CLASS_NULL};
    struct words w = {0};
    for (size_t i = 0; i < sizeof broken; i++)
        if (a->class[broken[i]].accepted == TRI_YES && !is_told(a, broken, i))
            words_add(&w, proof_word(a, broken[i]));
    if (w.len > 0)
        findings_add(f, VERDICT_BROKEN_CIPHERS, "%s", w.text);
    if (a->class[AUDIT_CLASS_ANON].accepted == TRI_YES)
        findings_add(f, VERDICT_ANONYMOUS, "%s", proof_word(a, AUDIT_CLASS_ANON));
    for (size_t i = 0; i < a->num_dh; i++)
        if (a->dh[i].bits > 0 && a->dh[i].bits < DH_BITS_MIN) {
            findings_add(f, VERDICT_WEAK_DH, "%u bits", a->dh[i].bits);
            return;
        }
}

static void of_hybrids(struct findings *f, const struct audit *a)
{
    bool any = false, all_known = true;
    for (size_t i = 0; i < NUM_AUDIT_HYBRIDS; i++) {
        any |= a->hybrid[i] == TRI_YES;
        all_known &= a->hybrid[i] != TRI_UNKNOWN;
    }
    if (all_known && !any)
        findings_add(f, VERDICT_NO_PQ, "%s", "");
    if (a->large_intolerant == TRI_YES)
        findings_add(f, VERDICT_INTOLERANT, "%s", "");
}

void findings_of_audit(struct findings *f, const struct audit *audit)
{
    of_versions(f, audit);
    of_classes(f, audit);
    of_hybrids(f, audit);
}
