/*
 * name_match: does a certificate name a host, as SMTP clients ask it (RFC 6125, RFC 7817).
 *
 * Rules      ASCII case does not matter; IDNs are compared as A-labels. A wildcard is the whole
 *            left-most label of a dNSName, stands for exactly one label, and needs two labels
 *            behind it. Addresses match iPAddress names only. The subject's common name counts only
 *            where there is no dNSName, never for addresses, never as a wildcard, and is told
 *            apart.
 * Promise    a name with a NUL, an empty or overlong label, or any octet but letters, digits, '-',
 *            '_' and '.' matches nothing. Work is linear in the certificate.
 * Ownership  plain values; bytes given out point into the certificate.
 * Errors     parse functions return false and leave the output untouched.
 */
#ifndef MXSWEEP_CORE_NAME_MATCH_H
#define MXSWEEP_CORE_NAME_MATCH_H

#include "core/addr.h"
#include "core/cert.h"

enum { NAME_REF_MAX = 253 };   /* octets of a host name, without a dot at its end */

/* X(code, NAME, slug, text) */
#define NAME_MATCHES(X)                                                                            \
    X(0, NO_NAMES, "no-names", "the certificate has no name that a host could have")               \
    X(1, NO,       "no",       "the certificate has other names")                                  \
    X(2, CN_ONLY,  "cn-only",  "only the common name, which RFC 9525 does away with, matches")     \
    X(3, WILDCARD, "wildcard", "a name with a wildcard matches")                                   \
    X(4, EXACT,    "exact",    "a name matches")

enum name_match {
#define X(code, NAME, slug, text) NAME_MATCH_##NAME = code,
    NAME_MATCHES(X)
#undef X
};
#define X(code, NAME, slug, text) +1
enum { NUM_NAME_MATCHES = 0 NAME_MATCHES(X) };
#undef X

const char *name_match_slug(unsigned code);   /* of a code that is not known: "unknown" */
const char *name_match_text(unsigned code);

/* a reference identity: what the host is called by the one who connects */
struct name_ref {
    bool is_addr;
    struct addr addr;
    uint8_t len;
    char host[NAME_REF_MAX + 1];   /* lower case, no dot at its end, NUL */
};

/* name_ref_host reads a host name (A-labels; one dot at the end is allowed); name_ref_parse that,
 * or an address, maybe in brackets or after "IPv6:" as SMTP writes them (RFC 5321, 4.1.3). */
bool name_ref_host(struct name_ref *out, struct bytes text);
bool name_ref_parse(struct name_ref *out, struct bytes text);

void name_ref_addr(struct name_ref *out, struct addr addr);

/* name_match tells whether the certificate names ref; the best match counts. *which, if not NULL,
 * is the name that matched (content octets), else empty. */
enum name_match name_match(const struct name_ref *ref, struct bytes *which,
                           const struct cert_facts *facts);

/* what of a certificate could name a host */
enum name_pattern { NAME_PATTERN_HOST, NAME_PATTERN_WILDCARD, NAME_PATTERN_ADDR, NAME_PATTERN_CN };

/* name_walk_next gives the names that name_match compares, one by one, the common name last and
 * only where it counts; false at the end. Start with facts, and san theirs. */
struct name_walk {
    const struct cert_facts *facts;
    struct bytes san;
    bool has_dns, done;
};
bool name_walk_next(struct name_walk *w, enum name_pattern *pattern, struct bytes *name);

/* name_match_ok: a match that RFC 6125 lets count without reserve. */
static inline bool name_match_ok(enum name_match match)
{
    return match == NAME_MATCH_WILDCARD || match == NAME_MATCH_EXACT;
}

#endif
