#include <assert.h>
#include <string.h>

#include "core/prefix_set.h"

/* The IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890, RFC 8190, as of 2025): what
 * they call not globally reachable or give no answer for (deprecated); and multicast, reserved and
 * retired space from the other registries. Not here, because the IPv4 address inside decides:
 * ::ffff:0:0/96, 64:ff9b::/96, 2002::/16. */
static const char *const not_global[] = {
    "0.0.0.0/8",       /* this network (RFC 791) */
    "10.0.0.0/8",      /* private use (RFC 1918) */
    "100.64.0.0/10",   /* shared address space (RFC 6598) */
    "127.0.0.0/8",     /* loopback (RFC 1122) */
    "169.254.0.0/16",  /* link local (RFC 3927) */
    "172.16.0.0/12",   /* private use (RFC 1918) */
    "192.0.0.0/24",    /* IETF protocol assignments (RFC 6890), less the exceptions below */
    "192.0.2.0/24",    /* documentation, TEST-NET-1 (RFC 5737) */
    "192.88.99.0/24",  /* 6to4 relay anycast, deprecated (RFC 7526) */
    "192.168.0.0/16",  /* private use (RFC 1918) */
    "198.18.0.0/15",   /* benchmarking (RFC 2544) */
    "198.51.100.0/24", /* documentation, TEST-NET-2 (RFC 5737) */
    "203.0.113.0/24",  /* documentation, TEST-NET-3 (RFC 5737) */
    "224.0.0.0/4",     /* multicast (RFC 5771) */
    "240.0.0.0/4",     /* reserved (RFC 1112), and 255.255.255.255, limited broadcast (RFC 919) */
    "::/96",           /* unspecified, loopback, and IPv4-compatible, deprecated (RFC 4291) */
    "64:ff9b:1::/48",  /* IPv4-IPv6 translation, local use (RFC 8215) */
    "100::/64",        /* discard only (RFC 6666) */
    "100:0:0:1::/64",  /* dummy prefix (RFC 9780) */
    "2001::/23",       /* IETF protocol assignments (RFC 2928), Teredo; less the exceptions below */
    "2001:db8::/32",   /* documentation (RFC 3849) */
    "3fff::/20",       /* documentation (RFC 9637) */
    "5f00::/16",       /* segment routing SIDs (RFC 9602) */
    "fc00::/7",        /* unique local (RFC 4193) */
    "fe80::/10",       /* link local (RFC 4291) */
    "fec0::/10",       /* site local, deprecated (RFC 3879) */
    "ff00::/8",        /* multicast (RFC 4291) */
};

/* globally reachable by the same registries, inside the above */
static const char *const global[] = {
    "192.0.0.9/32",    /* Port Control Protocol anycast (RFC 7723) */
    "192.0.0.10/32",   /* TURN anycast (RFC 8155) */
    "2001:1::1/128",   /* Port Control Protocol anycast (RFC 7723) */
    "2001:1::2/128",   /* TURN anycast (RFC 8155) */
    "2001:1::3/128",   /* DNS-SD Service Registration Protocol anycast (RFC 9665) */
    "2001:3::/32",     /* AMT (RFC 7450) */
    "2001:4:112::/48", /* AS112-v6 (RFC 7535) */
    "2001:20::/28",    /* ORCHIDv2 (RFC 7343) */
    "2001:30::/28",    /* Drone Remote ID entity tags (RFC 9374) */
};

static int add_all(struct prefix_set *set, const char *const *prefixes, size_t num)
{
    for (size_t i = 0; i < num; i++) {
        struct addr_range range;
        bool ok = addr_range_parse(&range, NULL, prefixes[i], strlen(prefixes[i]));
        assert(ok);
        (void)ok;
        int rc = prefix_set_add(set, range);
        if (rc < 0)
            return rc;
    }
    prefix_set_seal(set);
    return 0;
}

int special_purpose(struct prefix_set *set)
{
    struct prefix_set all, exceptions;
    prefix_set_init(&all);
    prefix_set_init(&exceptions);
    int rc = add_all(&all, not_global, sizeof not_global / sizeof *not_global);
    if (rc == 0)
        rc = add_all(&exceptions, global, sizeof global / sizeof *global);
    if (rc == 0)
        rc = prefix_set_subtract(set, &all, &exceptions);
    if (rc == 0)
        prefix_set_seal(set);
    prefix_set_cleanup(&all);
    prefix_set_cleanup(&exceptions);
    return rc;
}

static const struct addr nat64 = {0x0064ff9b00000000, 0};  /* 64:ff9b::/96 (RFC 6052) */
static const struct addr sixto4 = {0x2002000000000000, 0}; /* 2002::/16 (RFC 3056) */

bool addr_refused(const struct prefix_set *set, struct addr a)
{
    if (prefix_set_contains(set, a))
        return true;
    if (a.hi >> 48 == sixto4.hi >> 48)
        return prefix_set_contains(set, addr_v4((uint32_t)(a.hi >> 16)));
    if (a.hi == nat64.hi && a.lo >> 32 == 0)
        return prefix_set_contains(set, addr_v4((uint32_t)a.lo));
    return false;
}

int prefix_set_add_refused(struct prefix_set *out, const struct prefix_set *set)
{
    const struct addr_range v4 = {addr_v4(0), addr_v4(UINT32_MAX)};
    size_t before = out->num;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < set->num; i++)
        rc = prefix_set_add(out, set->ranges[i]);
    for (size_t i = prefix_set_lower(set, v4.first); rc == 0 && i < set->num; i++) {
        struct addr_range r = set->ranges[i];
        if (addr_cmp(r.first, v4.last) > 0)
            break;
        uint64_t first = addr_cmp(r.first, v4.first) < 0 ? 0 : (uint32_t)r.first.lo;
        uint64_t last = addr_cmp(r.last, v4.last) > 0 ? UINT32_MAX : (uint32_t)r.last.lo;
        rc = prefix_set_add(out, (struct addr_range){{nat64.hi, first}, {nat64.hi, last}});
        if (rc == 0)
            rc = prefix_set_add(out,
                                (struct addr_range){{sixto4.hi | first << 16, 0},
                                                    {sixto4.hi | last << 16 | 0xffff, UINT64_MAX}});
    }
    if (rc < 0)
        out->num = before;
    else
        prefix_set_seal(out);
    return rc;
}
