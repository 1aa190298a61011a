#include "core/outcome.h"

#include <errno.h>
#include <string.h>

struct name {
    const char *slug, *text;
};

static const struct name stages[] = {
#define X(code, NAME, slug, text) [code] = {slug, text},
    STAGES(X)
#undef X
};

static const struct name causes[] = {
#define X(code, NAME, slug, text) [code] = {slug, text},
    CAUSES(X)
#undef X
};

static const struct name unknown = {"unknown", "a code that this version does not know"};

static const struct name *lookup(const struct name *table, size_t num, unsigned code)
{
    return code < num ? &table[code] : &unknown;
}

static unsigned find(const struct name *table, size_t num, const char *slug)
{
    for (unsigned i = 1; i < num; i++)
        if (strcmp(table[i].slug, slug) == 0)
            return i;
    return 0;
}

const char *stage_slug(unsigned code)
{
    return lookup(stages, NUM_STAGES, code)->slug;
}

const char *cause_slug(unsigned code)
{
    return lookup(causes, NUM_CAUSES, code)->slug;
}

const char *stage_text(unsigned code)
{
    return lookup(stages, NUM_STAGES, code)->text;
}

const char *cause_text(unsigned code)
{
    return lookup(causes, NUM_CAUSES, code)->text;
}

enum stage stage_find(const char *slug)
{
    return (enum stage)find(stages, NUM_STAGES, slug);
}

enum cause cause_find(const char *slug)
{
    return (enum cause)find(causes, NUM_CAUSES, slug);
}

bool cause_has_addr(unsigned code)
{
    return code != CAUSE_NO_ADDRESS && code != CAUSE_DNS_FAILURE;
}

bool cause_of_errno(enum cause *out, int errnum)
{
    switch (errnum) {
    case ECONNREFUSED: *out = CAUSE_REFUSED; return true;
    case ETIMEDOUT:    *out = CAUSE_TIMEOUT; return true;
    case ENETUNREACH:  *out = CAUSE_NET_UNREACHABLE; return true;
    case EACCES:       *out = CAUSE_ADMIN_PROHIBITED; return true; /* ICMPv6 code 1 */
    case EHOSTUNREACH:
    case EHOSTDOWN:
    case ENONET:       /* what Linux makes of the other codes of ICMP: routers choose them */
    case EOPNOTSUPP:
    case EMSGSIZE:
    case ENOPROTOOPT:
    case EPROTO:       *out = CAUSE_HOST_UNREACHABLE; return true;
    case ECONNRESET:
    case EPIPE:
    case ECONNABORTED: *out = CAUSE_RESET; return true;
    default:           return false;
    }
}
