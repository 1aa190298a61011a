#include "scanner/dns_answer.h"

#include <ares.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>

enum {
    HEADER_LEN = 12, /* RFC 1035, 4.1.1 */
    LABEL_MAX = 63,
    ADDRS_MAX = 64
};

static const char NONSENSE[] = "an answer that makes no sense";

/* a response to a standard query */
static bool is_response(struct bytes message)
{
    return message.len >= HEADER_LEN && (message.data[2] & 0xf8) == 0x80;
}

/* neither from a server that knows for itself nor from one that asks others for us */
static bool is_referral(struct bytes message)
{
    bool authoritative = (message.data[2] & 0x04) != 0, recursive = (message.data[3] & 0x80) != 0;
    return !authoritative && !recursive;
}

static enum dns_verdict failed(const char **why, const char *text)
{
    *why = text;
    return DNS_FAILED;
}

static enum dns_verdict no_message(const char **why, int status)
{
    switch (status) {
    case ARES_ENOTFOUND: return DNS_NOTHING; /* c-ares knows names that never are in the DNS */
    case ARES_ENOMEM: return DNS_NO_MEMORY;
    case ARES_ETIMEOUT: return failed(why, "no answer in time");
    case ARES_ECONNREFUSED: return failed(why, "SERVFAIL, REFUSED, or no server to be reached");
    default: return failed(why, ares_strerror(status));
    }
}

enum dns_verdict dns_verdict(const char **why, int status, struct bytes message)
{
    if (message.len == 0)
        return no_message(why, status);
    if (!is_response(message))
        return failed(why, NONSENSE);
    switch (status) {
    case ARES_SUCCESS: /* also for response codes that c-ares does not know */
        return (message.data[3] & 0x0f) == 0 ? DNS_RECORDS : failed(why, "an error of the server");
    case ARES_ENODATA: return is_referral(message) ? failed(why, "a referral") : DNS_NOTHING;
    case ARES_ENOTFOUND: return DNS_NOTHING;
    default: return no_message(why, status);
    }
}

static enum dns_verdict unreadable(const char **why, int status)
{
    if (status == ARES_ENODATA)
        return DNS_NOTHING;
    return status == ARES_ENOMEM ? DNS_NO_MEMORY : failed(why, NONSENSE);
}

enum dns_verdict dns_read_addrs(struct addr *out, unsigned *num, bool *cut, const char **why,
                                struct bytes message, bool v4, unsigned max)
{
    struct ares_addrttl a[ADDRS_MAX + 1];
    struct ares_addr6ttl aaaa[ADDRS_MAX + 1];
    int found = ADDRS_MAX + 1;
    if (message.len > INT_MAX)
        return failed(why, NONSENSE);
    int len = (int)message.len;
    int status = v4 ? ares_parse_a_reply(message.data, len, NULL, a, &found)
                    : ares_parse_aaaa_reply(message.data, len, NULL, aaaa, &found);
    if (status != ARES_SUCCESS)
        return unreadable(why, status);
    if (found <= 0) /* an alias of a name without addresses */
        return DNS_NOTHING;
    unsigned all = (unsigned)found, n = 0;
    for (; n < all && n < max && n < ADDRS_MAX; n++) {
        const void *octets = v4 ? (const void *)&a[n].ipaddr : (const void *)&aaaa[n].ip6addr;
        addr_from_bytes(&out[n], octets, v4 ? 4 : 16);
    }
    *num = n;
    *cut = n < all;
    return DNS_RECORDS;
}

bool dns_is_host(const char *text)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    size_t len = strnlen(text, DNS_NAME_MAX + 2);
    if (len > 0 && text[len - 1] == '.')
        len--;
    if (len == 0 || len > DNS_NAME_MAX)
        return false;
    for (size_t at = 0; at <= len;) {
        size_t label = strspn(text + at, allowed);
        if (label == 0 || label > LABEL_MAX)
            return false;
        at += label;
        if (at < len && text[at] != '.')
            return false;
        at++;
    }
    return true;
}

static void copy_name(char out[DNS_NAME_MAX + 1], const char *name)
{
    size_t len = strlen(name);
    if (name[len - 1] == '.')
        len--;
    memcpy(out, name, len);
    out[len] = '\0';
}

enum dns_verdict dns_read_names(char (*out)[DNS_NAME_MAX + 1], unsigned *num, bool *cut,
                                const char **why, struct bytes message, unsigned max)
{
    struct hostent *host = NULL;
    if (message.len > INT_MAX)
        return failed(why, NONSENSE);
    int status = ares_parse_ptr_reply(message.data, (int)message.len, NULL, 0, AF_INET, &host);
    if (status != ARES_SUCCESS)
        return unreadable(why, status);
    unsigned n = 0, all = 0;
    for (char **name = host->h_aliases; *name != NULL; name++) {
        if (!dns_is_host(*name))
            continue;
        if (all++ < max)
            copy_name(out[n++], *name);
    }
    ares_free_hostent(host);
    if (n == 0)
        return failed(why, NONSENSE);
    *num = n;
    *cut = n < all;
    return DNS_RECORDS;
}
