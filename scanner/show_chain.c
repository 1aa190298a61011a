#include "core/times.h"
#include "scanner/show_parts.h"

enum {
    DAY_S = 86400,
    NAME_TEXT_MAX = 120,
    NAMES_SHOWN_MAX = 12,
    SURPLUS_SHOWN_MAX = 8,
    HASH_TEXT_MAX = 65
};

/* ---- facts in words ---- */

static void add_name(struct show_text *t, struct bytes cn, struct bytes org, struct bytes name)
{
    if (cn.len > 0) {
        show_add(t, "CN=");
        show_add_octets(t, cn, NAME_TEXT_MAX);
    }
    if (org.len > 0) {
        show_add(t, "%sO=", cn.len > 0 ? ", " : "");
        show_add_octets(t, org, NAME_TEXT_MAX);
    }
    if (cn.len == 0 && org.len == 0)
        show_add(t, "%s", name.len > 2 ? "a name without CN and O" : "an empty name");
}

static void add_validity(struct show_text *t, const struct cert_facts *c, int64_t time_s)
{
    char from[TIME_TEXT_MAX], to[TIME_TEXT_MAX];
    if (!c->has_validity) {
        show_add(t, "cannot be read");
        return;
    }
    time_words(from, c->not_before * 1000000);
    time_words(to, c->not_after * 1000000);
    show_add(t, "%.10s to %.10s, ", from, to);
    if (time_s < c->not_before)
        show_add(t, "begins in %lld days", (long long)((c->not_before - time_s) / DAY_S));
    else if (time_s >= c->not_after)
        show_add(t, "ended %lld days ago", (long long)((time_s - c->not_after) / DAY_S));
    else
        show_add(t, "%lld days left", (long long)((c->not_after - time_s) / DAY_S));
}

static const char *key_name(enum cert_key_type type)
{
    static const char *const names[] = {
        [CERT_KEY_UNKNOWN] = "unknown", [CERT_KEY_RSA] = "RSA",      [CERT_KEY_EC] = "EC",
        [CERT_KEY_ED25519] = "Ed25519", [CERT_KEY_ED448] = "Ed448",  [CERT_KEY_DSA] = "DSA",
        [CERT_KEY_RSA_PSS] = "RSA-PSS", [CERT_KEY_ML_DSA] = "ML-DSA"};
    return names[type];
}

static void add_key(struct show_text *t, const struct cert_facts *c)
{
    if (c->curve != NULL)
        show_add(t, "%s", c->curve);
    else
        show_add(t, "%s", key_name(c->key_type));
    if (c->curve == NULL && c->key_bits > 0)
        show_add(t, " %u", (unsigned)c->key_bits);
    show_add(t, ", signed with %s",
             c->sig_alg != NULL ? c->sig_alg : "an algorithm that is not known");
}

static void add_addr(struct show_text *t, struct bytes octets)
{
    char text[ADDR_TEXT_MAX] = "an address that cannot be read";
    struct addr a;
    if (addr_from_bytes(&a, octets.data, octets.len))
        addr_format(text, a);
    show_add(t, "%s", text);
}

static void add_names(struct show_text *t, const struct cert_facts *c)
{
    struct bytes rest = c->san, name;
    enum cert_name_type type;
    size_t num = 0;
    while (cert_san_next(&rest, &type, &name)) {
        if ((type != CERT_NAME_DNS && type != CERT_NAME_IP) || num++ >= NAMES_SHOWN_MAX)
            continue;
        show_add(t, "%s", num > 1 ? ", " : "");
        if (type == CERT_NAME_IP)
            add_addr(t, name);
        else
            show_add_octets(t, name, NAME_TEXT_MAX);
    }
    if (num > NAMES_SHOWN_MAX)
        show_add(t, ", and %zu more", num - NAMES_SHOWN_MAX);
    if (num == 0)
        show_add(t, "none of hosts");
}

/* ---- one certificate ---- */

static void detail(const struct show *s, const char *rail, const char *label, const char *text)
{
    char first[48];
    snprintf(first, sizeof first, "   %s    %-7s  ", rail, label);
    show_wrapped(s, first, SHOW_PLAIN, text);
}

static void mark(const struct show *s, const char *rail, bool wrong, const char *text)
{
    char first[48];
    snprintf(first, sizeof first, "   %s  %s ", rail, wrong ? "X" : "~");
    show_wrapped(s, first, wrong ? SHOW_BAD : SHOW_NOTE, text);
}

/* all that is wrong at this certificate */
static void marks(const struct show *s, const char *rail, uint32_t flags)
{
    for (unsigned bit = 0; bit < NUM_CHAIN_FLAGS; bit++)
        if ((flags >> bit & 1) != 0)
            mark(s, rail, finding_flag_is_wrong(bit), chain_flag_words(bit)->text);
}

/* the name is the leaf's fault, beside the chain's */
static void mark_name(const struct show *s, const char *rail, const struct judged *judged)
{
    if (judged->has_name && judged->sent[0].parsed && !name_match_ok(judged->match))
        mark(s, rail, judged->match != NAME_MATCH_CN_ONLY, name_match_text(judged->match));
}

static void head(const struct show *s, const char *tag, enum show_color color, const char *text)
{
    char first[32];
    snprintf(first, sizeof first, "  [%s] ", tag);
    show_wrapped(s, first, color, text);
}

static void hash_text(char out[HASH_TEXT_MAX], const uint8_t sha256[32])
{
    for (size_t i = 0; i < 32; i++)
        snprintf(out + 2 * i, 3, "%02x", sha256[i]);
}

static void details(const struct show *s, const char *rail, const struct cert_facts *c,
                    int64_t time_s, bool leaf)
{
    struct show_text issuer = {0}, valid = {0}, key = {0}, names = {0};
    char hash[HASH_TEXT_MAX];
    add_name(&issuer, c->issuer_cn, c->issuer_org, c->issuer);
    add_validity(&valid, c, time_s);
    add_key(&key, c);
    detail(s, rail, "issuer", c->self_issued ? "itself" : issuer.text);
    detail(s, rail, "valid", valid.text);
    detail(s, rail, "key", key.text);
    if (leaf) {
        add_names(&names, c);
        detail(s, rail, "names", names.text);
    }
    hash_text(hash, c->sha256);
    detail(s, rail, "SHA-256", hash);
}

/* ---- the path ---- */

static void link_of(const struct show *s, const struct view *v, size_t i)
{
    const struct chain_link *l = &v->judged->path.links[i];
    bool last = i + 1 == v->judged->path.num_links, store = l->origin == CHAIN_STORE;
    bool gap = (v->judged->verdict.flags & CHAIN_FLAG(INCOMPLETE)) != 0;
    const char *rail = last && !gap ? " " : "|";
    struct cert_facts facts;
    struct show_text name = {0};
    char tag[16];
    bool parsed = judged_link(&facts, v->judged, i);
    snprintf(tag, sizeof tag, store ? "root" : "%u", (unsigned)l->at + 1);
    if (parsed)
        add_name(&name, facts.subject_cn, facts.subject_org, facts.subject);
    else
        show_add(&name, "a certificate that cannot be read");
    if (store)
        show_add(&name, "; from the trust store");
    head(s, tag, (int)i == v->judged->path.fault_link ? SHOW_BAD : SHOW_BOLD, name.text);
    if (parsed && !store)
        details(s, rail, &facts, v->judged->time_s, i == 0);
    marks(s, rail, l->flags);
    if (i == 0)
        mark_name(s, rail, v->judged);
    if (!last)
        fputs("   |\n", s->out);
}

/* an issuer that nobody has: drawn where it would be */
static void gap(const struct show *s, const struct judged *judged)
{
    struct cert_facts last;
    struct show_text t = {0};
    if ((judged->verdict.flags & CHAIN_FLAG(INCOMPLETE)) == 0 || judged->path.num_links == 0)
        return;
    show_add(&t, "MISSING: ");
    if (judged_link(&last, judged, judged->path.num_links - 1u))
        add_name(&t, last.issuer_cn, last.issuer_org, last.issuer);
    show_add(&t, " was not sent, and is not in the trust store");
    fputs("   :\n", s->out);
    head(s, "?", SHOW_BAD, t.text);
}

/* ---- what else was sent ---- */

static bool in_path(const struct chain_path *path, size_t at)
{
    for (size_t i = 0; i < path->num_links; i++)
        if (path->links[i].origin == CHAIN_SENT && path->links[i].at == at)
            return true;
    return false;
}

static void beside(const struct show *s, const struct judged *judged, size_t at)
{
    const struct judged_cert *c = &judged->sent[at];
    struct show_text name = {0};
    char tag[24];
    snprintf(tag, sizeof tag, "%zu", at + 1);
    if (c->parsed)
        add_name(&name, c->facts.subject_cn, c->facts.subject_org, c->facts.subject);
    else
        show_add(&name, "%zu octets that are no certificate", c->der.len);
    show_add(&name, at == 0 ? "; the server's" : "; in no path from the server's");
    head(s, tag, at == 0 ? SHOW_BAD : SHOW_PLAIN, name.text);
    uint32_t flags = at < JUDGE_SENT_MAX ? judged->path.sent_flags[at] : 0;
    marks(s, " ", flags & ~CHAIN_FLAG(SURPLUS)); /* that was just said */
}

static void others(const struct show *s, const struct judged *judged)
{
    size_t num = 0;
    for (size_t at = 0; at < judged->num_sent; at++)
        if (!in_path(&judged->path, at) && num++ < SURPLUS_SHOWN_MAX) {
            fputc('\n', s->out);
            beside(s, judged, at);
        }
    if (num > SURPLUS_SHOWN_MAX)
        fprintf(s->out, "\n  and %zu more\n", num - SURPLUS_SHOWN_MAX);
}

/* ---- the name ---- */

static void name_row(const struct show *s, const struct judged *judged)
{
    struct show_text t = {0};
    if (!judged->sent[0].parsed)
        return;
    if (!judged->has_name) {
        show_add(&t, "none was checked: --host says which the certificate should have");
    } else {
        show_add(&t, "%s: %s", judged->name.host, name_match_text(judged->match));
        if (judged->matched.len > 0) {
            show_add(&t, " (");
            show_add_octets(&t, judged->matched, NAME_TEXT_MAX);
            show_add(&t, ")");
        }
    }
    fputc('\n', s->out);
    show_row(s, "name", t.text);
}

void show_chain(const struct show *s, const struct view *v)
{
    const struct judged *judged = v->judged;
    struct show_text heading = {0}, outcome = {0};
    char when[TIME_TEXT_MAX];
    if (judged->num_sent == 0)
        return;
    time_words(when, judged->time_s * 1000000);
    show_add(&heading, "Certificates: %zu sent", judged->num_sent);
    show_heading(s, heading.text);
    const struct chain_words *words = chain_outcome_words(judged->verdict.outcome);
    show_add(&outcome, "%s: %s", words->slug, words->text);
    for (size_t i = 0; i < judged->path.num_links; i++)
        link_of(s, v, i);
    gap(s, judged);
    others(s, judged);
    name_row(s, judged);
    show_row(s, "chain", outcome.text);
    struct show_text store = {0};
    show_add(&store, "%s, roots of ", when);
    show_add_octets(&store, bytes_text(v->store_name), NAME_TEXT_MAX);
    show_row(s, "judged by", store.text);
}
