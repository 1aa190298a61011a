#include "core/audit.h"

#include <stdio.h>

#include "core/suite_class.h"

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

enum { NAME_SHOWN_MAX = 32 }; /* octets of a name that an error shows */

static const char *const kind_slugs[] = {
#define X(bit, NAME, slug, text, budget) [bit] = slug,
    AUDITS(X)
#undef X
};

static const char *const version_slugs[] = {
#define X(index, NAME, slug, version) [index] = slug,
    AUDIT_VERSIONS(X)
#undef X
};

static const uint16_t version_codes[] = {
#define X(index, NAME, slug, version) [index] = version,
    AUDIT_VERSIONS(X)
#undef X
};

static const char *const class_slugs[] = {
#define X(index, NAME, slug) [index] = slug,
    AUDIT_CLASSES(X)
#undef X
};

static const unsigned class_bits[] = {
#define X(index, NAME, slug) [index] = SUITE_##NAME,
    AUDIT_CLASSES(X)
#undef X
};

static const char *const hybrid_slugs[] = {
#define X(index, NAME, slug, group) [index] = slug,
    AUDIT_HYBRIDS(X)
#undef X
};

static const uint16_t hybrid_groups[] = {
#define X(index, NAME, slug, group) [index] = group,
    AUDIT_HYBRIDS(X)
#undef X
};

static const char *const order_slugs[] = {
#define X(code, NAME, slug) [code] = slug,
    AUDIT_ORDERS(X)
#undef X
};

static const char *const reply_slugs[] = {
#define X(code, NAME, slug) [code] = slug,
    AUDIT_REPLIES(X)
#undef X
};

static const char *const tri_slugs[] = {"unknown", "no", "yes"};

static const char *slug_of(const char *const *slugs, size_t num, unsigned code)
{
    return code < num ? slugs[code] : NULL;
}

const char *audit_kind_slug(unsigned kind)
{
    return slug_of(kind_slugs, COUNT(kind_slugs), kind);
}

const char *audit_version_slug(unsigned index)
{
    return slug_of(version_slugs, COUNT(version_slugs), index);
}

const char *audit_class_slug(unsigned index)
{
    return slug_of(class_slugs, COUNT(class_slugs), index);
}

const char *audit_hybrid_slug(unsigned index)
{
    return slug_of(hybrid_slugs, COUNT(hybrid_slugs), index);
}

const char *audit_order_slug(unsigned code)
{
    return slug_of(order_slugs, COUNT(order_slugs), code);
}

const char *audit_reply_slug(unsigned code)
{
    return slug_of(reply_slugs, COUNT(reply_slugs), code);
}

const char *tri_slug(unsigned code)
{
    return slug_of(tri_slugs, COUNT(tri_slugs), code);
}

uint16_t audit_version_code(enum audit_version index)
{
    return version_codes[index];
}

uint16_t audit_hybrid_group(enum audit_hybrid index)
{
    return hybrid_groups[index];
}

unsigned audit_class_bit(enum audit_class index)
{
    return class_bits[index];
}

void audit_init(struct audit *a)
{
    memset(a, 0, sizeof *a);
}

/* bits of one name of a list; 0: no such audit */
static unsigned bits_of(struct bytes name)
{
    if (bytes_equal(name, bytes_text("all")))
        return AUDIT_BITS_LIST;
    for (unsigned i = 0; i < NUM_AUDIT_KINDS; i++)
        if (i != AUDIT_KIND_EXPLAIN && bytes_equal(name, bytes_text(kind_slugs[i])))
            return 1U << i;
    return 0;
}

static void complain(char error[AUDIT_ERROR_MAX], struct bytes name)
{
    char shown[NAME_SHOWN_MAX];
    text_for_terminal(shown, sizeof shown, name);
    int len = name.len == 0 ? snprintf(error, AUDIT_ERROR_MAX, "a name of an audit is missing")
                            : snprintf(error, AUDIT_ERROR_MAX, "\"%s\" is no audit", shown);
    len += snprintf(error + len, AUDIT_ERROR_MAX - (size_t)len, ": say all, or some of ");
    for (unsigned i = 0, first = 1; i < NUM_AUDIT_KINDS; i++) {
        if (i == AUDIT_KIND_EXPLAIN)
            continue;
        len += snprintf(error + len, AUDIT_ERROR_MAX - (size_t)len, "%s%s", first ? "" : ",",
                        kind_slugs[i]);
        first = 0;
    }
}

bool audit_parse(uint16_t *out, char error[AUDIT_ERROR_MAX], const char *list)
{
    unsigned bits = 0;
    for (const char *at = list;; at++) {
        size_t len = strcspn(at, ",");
        unsigned more = bits_of(bytes_of(at, len));
        if (more == 0) {
            complain(error, bytes_of(at, len));
            return false;
        }
        bits |= more;
        at += len;
        if (*at == '\0')
            break;
    }
    *out = (uint16_t)bits;
    return true;
}
