#include "core/name_match.h"

enum { LABEL_MAX = 63 };

static const struct {
    const char *slug, *text;
} words[] = {
#define X(code, NAME, slug, text) [code] = {slug, text},
    NAME_MATCHES(X)
#undef X
};

const char *name_match_slug(unsigned code)
{
    return code < NUM_NAME_MATCHES ? words[code].slug : "unknown";
}

const char *name_match_text(unsigned code)
{
    return code < NUM_NAME_MATCHES ? words[code].text : "unknown";
}

/* ---- host names ---- */

static bool is_host_octet(uint8_t c)
{
    c = ascii_lower(c);
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static bool is_number(struct bytes label)
{
    for (size_t i = 0; i < label.len; i++)
        if (label.data[i] < '0' || label.data[i] > '9')
            return false;
    return true;
}

/* is_host tells whether text is a host name without a dot at its end: labels of 1 to 63 octets, the
 * last of which is no number, as it is in an address. */
static bool is_host(struct bytes text)
{
    if (text.len == 0 || text.len > NAME_REF_MAX)
        return false;
    size_t first = 0;
    for (size_t i = 0; i <= text.len; i++) {
        if (i < text.len && is_host_octet(text.data[i]))
            continue;
        if ((i < text.len && text.data[i] != '.') || i == first || i - first > LABEL_MAX)
            return false;
        if (i == text.len)
            return !is_number(bytes_of(text.data + first, i - first));
        first = i + 1;
    }
    return false;
}

static struct bytes skip(struct bytes b, size_t num)
{
    return bytes_of(b.data + num, b.len - num);
}

/* ---- reference identities ---- */

bool name_ref_host(struct name_ref *out, struct bytes text)
{
    if (text.len > 1 && text.data[text.len - 1] == '.')
        text.len--;
    if (!is_host(text))
        return false;
    *out = (struct name_ref){.len = (uint8_t)text.len};
    for (size_t i = 0; i < text.len; i++)
        out->host[i] = (char)ascii_lower(text.data[i]);
    return true;
}

void name_ref_addr(struct name_ref *out, struct addr addr)
{
    *out = (struct name_ref){.is_addr = true, .addr = addr};
}

static bool starts_with(struct bytes text, const char *prefix)
{
    size_t len = strlen(prefix);
    for (size_t i = 0; i < len; i++)
        if (i >= text.len || ascii_lower(text.data[i]) != (uint8_t)prefix[i])
            return false;
    return true;
}

bool name_ref_parse(struct name_ref *out, struct bytes text)
{
    struct bytes inner = text;
    struct addr addr;
    if (inner.len >= 2 && inner.data[0] == '[' && inner.data[inner.len - 1] == ']')
        inner = bytes_of(inner.data + 1, inner.len - 2);
    if (starts_with(inner, "ipv6:"))
        inner = skip(inner, strlen("ipv6:"));
    if (inner.len > 0 && addr_parse(&addr, (const char *)inner.data, inner.len)) {
        name_ref_addr(out, addr);
        return true;
    }
    return name_ref_host(out, text);
}

/* ---- what a certificate presents ---- */

static bool same_host(const char *host, struct bytes name)
{
    for (size_t i = 0; i < name.len; i++)
        if (ascii_lower(name.data[i]) != (uint8_t)host[i])
            return false;
    return true;
}

static bool is_wildcard(struct bytes name)
{
    return name.len > 2 && name.data[0] == '*' && name.data[1] == '.' && is_host(skip(name, 2)) &&
           memchr(name.data + 2, '.', name.len - 2) != NULL;
}

static enum name_match match_dns(const struct name_ref *ref, struct bytes name)
{
    if (ref->is_addr)
        return is_host(name) || is_wildcard(name) ? NAME_MATCH_NO : NAME_MATCH_NO_NAMES;
    if (is_host(name))
        return name.len == ref->len && same_host(ref->host, name) ? NAME_MATCH_EXACT
                                                                  : NAME_MATCH_NO;
    if (!is_wildcard(name))
        return NAME_MATCH_NO_NAMES;
    const char *dot = memchr(ref->host, '.', ref->len);
    struct bytes suffix = skip(name, 1); /* from its dot on */
    return dot != NULL && suffix.len == ref->len - (size_t)(dot - ref->host) &&
                   same_host(dot, suffix)
               ? NAME_MATCH_WILDCARD
               : NAME_MATCH_NO;
}

static enum name_match match_ip(const struct name_ref *ref, struct bytes name)
{
    uint8_t octets[16];
    if (name.len != 4 && name.len != 16)
        return NAME_MATCH_NO_NAMES;
    if (!ref->is_addr)
        return NAME_MATCH_NO;
    return bytes_equal(name, bytes_of(octets, addr_to_bytes(octets, ref->addr))) ? NAME_MATCH_EXACT
                                                                                 : NAME_MATCH_NO;
}

static enum name_match match_cn(const struct name_ref *ref, struct bytes cn)
{
    if (!is_host(cn) || memchr(cn.data, '.', cn.len) == NULL) /* "Postfix" is no host's name */
        return NAME_MATCH_NO_NAMES;
    return !ref->is_addr && cn.len == ref->len && same_host(ref->host, cn) ? NAME_MATCH_CN_ONLY
                                                                           : NAME_MATCH_NO;
}

static enum name_match match_one(const struct name_ref *ref, enum cert_name_type type,
                                 struct bytes name)
{
    switch (type) {
    case CERT_NAME_DNS: return match_dns(ref, name);
    case CERT_NAME_IP: return match_ip(ref, name);
    case CERT_NAME_EMAIL:
    case CERT_NAME_URI:
    case CERT_NAME_OTHER: break;
    }
    return NAME_MATCH_NO_NAMES;
}

enum name_match name_match(const struct name_ref *ref, struct bytes *which,
                           const struct cert_facts *facts)
{
    enum name_match best = NAME_MATCH_NO_NAMES;
    struct bytes san = facts->san, name, best_name = {NULL, 0};
    enum cert_name_type type;
    bool has_dns = false;
    while (best != NAME_MATCH_EXACT && cert_san_next(&san, &type, &name)) {
        enum name_match match = match_one(ref, type, name);
        has_dns |= type == CERT_NAME_DNS;
        if (match > best) {
            best = match;
            best_name = name;
        }
    }
    if (!has_dns && best < NAME_MATCH_CN_ONLY) {
        enum name_match match = match_cn(ref, facts->subject_cn);
        if (match > best) {
            best = match;
            best_name = facts->subject_cn;
        }
    }
    if (which != NULL)
        *which = best > NAME_MATCH_NO ? best_name : (struct bytes){NULL, 0};
    return best;
}

/* ---- names one by one ---- */

static bool has_pattern(enum name_pattern *out, enum cert_name_type type, struct bytes name)
{
    bool host = type == CERT_NAME_DNS && is_host(name);
    bool wildcard = type == CERT_NAME_DNS && is_wildcard(name);
    bool addr = type == CERT_NAME_IP && (name.len == 4 || name.len == 16);
    *out = host ? NAME_PATTERN_HOST : wildcard ? NAME_PATTERN_WILDCARD : NAME_PATTERN_ADDR;
    return host || wildcard || addr;
}

bool name_walk_next(struct name_walk *w, enum name_pattern *pattern, struct bytes *name)
{
    enum cert_name_type type;
    while (cert_san_next(&w->san, &type, name)) {
        w->has_dns |= type == CERT_NAME_DNS;
        if (has_pattern(pattern, type, *name))
            return true;
    }
    *name = w->facts->subject_cn;
    *pattern = NAME_PATTERN_CN;
    bool more = !w->done && !w->has_dns && is_host(*name) &&
                memchr(name->data, '.', name->len) != NULL;
    w->done = true;
    return more;
}
