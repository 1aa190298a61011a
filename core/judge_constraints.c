#include "core/judge_constraints.h"

#include <openssl/bytestring.h>

#include "core/name_match.h"

#define CONTEXT(n)     (CBS_ASN1_CONTEXT_SPECIFIC | (n))
#define CONSTRUCTED(n) (CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | (n))

/* tags of GeneralName */
#define NAME_DNS       CONTEXT(2)
#define NAME_DIRECTORY CONSTRUCTED(4)
#define NAME_IP        CONTEXT(7)

/* octets of names times octets of constraints: more is not compared, and not allowed */
enum { WORK_MAX = 1 << 26 };

/* a name of the certificate: its tag as a GeneralName, its content */
struct subject_name {
    unsigned tag;
    struct bytes value;
};

/* is_within_domain: base "example.com" holds itself and all below it, ".example.com" only what is
 * below, "" everything. */
static bool is_within_domain(struct bytes name, struct bytes base)
{
    if (base.len == 0)
        return true;
    if (name.len < base.len)
        return false;
    size_t offset = name.len - base.len;
    for (size_t i = 0; i < base.len; i++)
        if (ascii_lower(name.data[offset + i]) != ascii_lower(base.data[i]))
            return false;
    return offset == 0 || base.data[0] == '.' || name.data[offset - 1] == '.';
}

/* is_within_network: base is an address and a mask. */
static bool is_within_network(struct bytes name, struct bytes base)
{
    if ((name.len != 4 && name.len != 16) || base.len != 2 * name.len)
        return false;
    for (size_t i = 0; i < name.len; i++)
        if ((name.data[i] ^ base.data[i]) & base.data[name.len + i])
            return false;
    return true;
}

/* is_within_directory: base is a Name, of which the subject repeats all parts first. */
static bool is_within_directory(struct bytes name, struct bytes base)
{
    CBS in, names, all;
    CBS_init(&in, base.data, base.len);
    CBS_init(&all, name.data, name.len);
    return CBS_get_asn1(&in, &names, CBS_ASN1_SEQUENCE) &&
           CBS_get_asn1(&all, &all, CBS_ASN1_SEQUENCE) && CBS_len(&names) <= CBS_len(&all) &&
           CBS_mem_equal(&names, CBS_data(&all), CBS_len(&names));
}

enum fit { FIT_NO, FIT_YES, FIT_UNKNOWN };

static enum fit fit_of(const struct subject_name *name, struct bytes base)
{
    switch (name->tag) {
    case NAME_DNS: return is_within_domain(name->value, base) ? FIT_YES : FIT_NO;
    case NAME_IP: return is_within_network(name->value, base) ? FIT_YES : FIT_NO;
    case NAME_DIRECTORY: return is_within_directory(name->value, base) ? FIT_YES : FIT_NO;
    default: return FIT_UNKNOWN;
    }
}

/* subtrees_fit looks for one that name is within, of its kind; *has_kind: there are any. */
static enum fit subtrees_fit(bool *has_kind, CBS subtrees, const struct subject_name *name)
{
    CBS subtree, base;
    unsigned tag;
    enum fit fit = FIT_NO;
    *has_kind = false;
    while (CBS_len(&subtrees) > 0) {
        if (!CBS_get_asn1(&subtrees, &subtree, CBS_ASN1_SEQUENCE) ||
            !CBS_get_any_asn1(&subtree, &base, &tag) || CBS_len(&subtree) > 0)
            return FIT_UNKNOWN; /* malformed, or with a depth, which RFC 5280 does away with */
        if (tag != name->tag)
            continue;
        *has_kind = true;
        enum fit one = fit_of(name, bytes_of(CBS_data(&base), CBS_len(&base)));
        if (one != FIT_NO)
            fit = one;
        if (fit == FIT_UNKNOWN)
            return fit;
    }
    return fit;
}

static bool allows(const struct cert_facts *ca, const struct subject_name *name)
{
    CBS constraints, permitted, excluded;
    int has_permitted, has_excluded;
    bool has_kind = false;
    CBS_init(&constraints, ca->name_constraints.data, ca->name_constraints.len);
    if (!CBS_get_optional_asn1(&constraints, &permitted, &has_permitted, CONSTRUCTED(0)) ||
        !CBS_get_optional_asn1(&constraints, &excluded, &has_excluded, CONSTRUCTED(1)))
        return false;
    if (has_permitted) {
        enum fit fit = subtrees_fit(&has_kind, permitted, name);
        if (fit == FIT_UNKNOWN || (has_kind && fit == FIT_NO))
            return false;
    }
    return !has_excluded || subtrees_fit(&has_kind, excluded, name) == FIT_NO;
}

bool constraints_allow(const struct cert_facts *ca, const struct cert_facts *leaf)
{
    CBS names, value;
    unsigned tag;
    struct subject_name subject = {NAME_DIRECTORY, leaf->subject};
    if (leaf->san.len > WORK_MAX / (ca->name_constraints.len + 1))
        return false;
    if (leaf->subject.len > 2 && !allows(ca, &subject))
        return false;
    CBS_init(&names, leaf->san.data, leaf->san.len);
    while (CBS_get_any_asn1(&names, &value, &tag)) {
        struct subject_name name = {tag, bytes_of(CBS_data(&value), CBS_len(&value))};
        if (!allows(ca, &name))
            return false;
    }
    return CBS_len(&names) == 0;
}

static bool has_dns_name(const struct cert_facts *f)
{
    struct bytes san = f->san, name;
    enum cert_name_type type;
    while (cert_san_next(&san, &type, &name))
        if (type == CERT_NAME_DNS)
            return true;
    return false;
}

bool constraints_allow_cn(const struct cert_facts *ca, const struct cert_facts *leaf)
{
    struct name_ref ref;
    struct subject_name name = {NAME_DNS, leaf->subject_cn};
    return has_dns_name(leaf) || !name_ref_host(&ref, leaf->subject_cn) ||
           strchr(ref.host, '.') == NULL || allows(ca, &name);
}
