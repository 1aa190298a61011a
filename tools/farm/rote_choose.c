#include <strings.h>

#include "tools/farm/rote.h"
#include "tools/farm/rote_suites.h"

enum { FALLBACK_SCSV = 0x5600, COMPRESSION_DEFLATE = 1, GROUP_FFDHE = 0x0100 };

enum {
    ALERT_HANDSHAKE_FAILURE = 40,
    ALERT_PROTOCOL_VERSION = 70,
    ALERT_INAPPROPRIATE_FALLBACK = 86,
    ALERT_MISSING_EXTENSION = 109,
    ALERT_UNRECOGNIZED_NAME = 112
};

static void refuse(struct rote_choice *out, const struct rote_config *c, uint8_t alert)
{
    out->answer = ROTE_ANSWER_REFUSAL;
    out->refusal = c->refuse;
    out->alert = c->alert != 0 ? c->alert : alert;
}

/* ---- version ---- */

/* the highest version that both have; NUM_ROTE_VERSIONS: none. Who does not speak TLS 1.3 knows
 * nothing of supported_versions (RFC 8446, 4.2.1). */
static enum rote_version choose_version(const struct rote_config *c, const struct rote_hello *h)
{
    if (h->has_versions && rote_has_version(c, ROTE_TLS13)) {
        for (unsigned v = NUM_ROTE_VERSIONS; v-- > ROTE_SSL3;)
            if (rote_has_version(c, (enum rote_version)v) &&
                rote_hello_lists(h->versions, rote_version_code((enum rote_version)v)))
                return (enum rote_version)v;
        return NUM_ROTE_VERSIONS;
    }
    if (h->version < 0x0300)
        return NUM_ROTE_VERSIONS;
    unsigned most = ROTE_SSL3 + (h->version - 0x0300U);
    return rote_highest(c, most > ROTE_TLS12 ? ROTE_TLS12 : (enum rote_version)most);
}

static bool is_fallback(const struct rote_config *c, const struct rote_hello *h,
                        enum rote_version version)
{
    return c->scsv && rote_hello_offers(h, FALLBACK_SCSV) && rote_highest(c, ROTE_TLS13) > version;
}

/* ---- group and suite ---- */

static bool usable(uint16_t group, bool tls13)
{
    return group < GROUP_FFDHE || tls13; /* below TLS 1.3 they do not belong to suites of curves */
}

static bool allows(const struct rote_hello *h, uint16_t group)
{
    return !h->has_groups || rote_hello_lists(h->groups, group);
}

/* choose_group returns a group that both have, or 0. A client that names none takes any (RFC 8422,
 * 4). */
static uint16_t choose_group(const struct rote_config *c, const struct rote_hello *h, bool tls13)
{
    for (size_t i = 0; c->client_order && i + 2 <= h->groups.len; i += 2) {
        uint16_t group = (uint16_t)(h->groups.data[i] << 8 | h->groups.data[i + 1]);
        if (rote_list_has(&c->groups, group) && usable(group, tls13))
            return group;
    }
    for (size_t i = 0; i < c->groups.num; i++)
        if (allows(h, c->groups.items[i]) && usable(c->groups.items[i], tls13))
            return c->groups.items[i];
    return 0;
}

static bool needs_group(uint16_t suite)
{
    switch (rote_suite_kx(suite)) {
    case ROTE_KX_STATIC:
    case ROTE_KX_RSA_EXPORT:
    case ROTE_KX_DHE:
    case ROTE_KX_DH_ANON: return false;
    case ROTE_KX_ECDHE_RSA:
    case ROTE_KX_ECDHE_ECDSA:
    case ROTE_KX_ECDH_ANON:
    case ROTE_KX_TLS13: return true;
    }
    return false;
}

/* choose_suite returns a suite that both have, or 0. */
static uint16_t choose_suite(const struct rote_list *list, const struct rote_hello *h,
                             bool client_order, bool has_group)
{
    uint32_t one;
    for (size_t i = 0; client_order && rote_hello_suite(&one, h, i); i++)
        if (one <= 0xffff && rote_list_has(list, (uint16_t)one) &&
            (has_group || !needs_group((uint16_t)one)))
            return (uint16_t)one;
    for (size_t i = 0; !client_order && i < list->num; i++)
        if (rote_hello_offers(h, list->items[i]) && (has_group || !needs_group(list->items[i])))
            return list->items[i];
    return 0;
}

static void choose_rest(struct rote_choice *out, const struct rote_config *c,
                        const struct rote_hello *h)
{
    bool tls13 = out->version == ROTE_TLS13;
    if (tls13 && !h->has_groups) {
        refuse(out, c, ALERT_MISSING_EXTENSION);
        return;
    }
    uint16_t group = choose_group(c, h, tls13);
    out->suite = choose_suite(&c->suites[out->version], h, c->client_order, group != 0);
    if (out->suite == 0) {
        refuse(out, c, ALERT_HANDSHAKE_FAILURE);
        return;
    }
    out->group = needs_group(out->suite) ? group : 0;
    out->answer = tls13 && !rote_hello_has_share(h, group) ? ROTE_ANSWER_RETRY : ROTE_ANSWER_HELLO;
    if (c->compression && !tls13 && h->compressions.len > 0 &&
        memchr(h->compressions.data, COMPRESSION_DEFLATE, h->compressions.len) != NULL)
        out->compression = COMPRESSION_DEFLATE;
}

/* ---- all of it ---- */

static bool names(const struct rote_hello *h, const char *host)
{
    return h->has_host && h->host.len == strlen(host) &&
           strncasecmp((const char *)h->host.data, host, h->host.len) == 0;
}

static bool knows_name(const struct rote_config *c, const struct rote_hello *h, const char *host)
{
    switch ((enum rote_sni)c->sni) {
    case ROTE_SNI_REQUIRED: return h->has_host;
    case ROTE_SNI_KNOWN: return !h->has_host || names(h, host);
    case ROTE_SNI_ANY:
    case ROTE_SNI_CERTIFICATE:
    case NUM_ROTE_SNIS: break;
    }
    return true;
}

static void choose_ssl2(struct rote_choice *out, const struct rote_config *c)
{
    out->version = ROTE_SSL2;
    if (rote_has_version(c, ROTE_SSL2))
        out->answer = ROTE_ANSWER_SSL2;
    else
        refuse(out, c, ALERT_PROTOCOL_VERSION);
}

void rote_choose(struct rote_choice *out, const struct rote_config *c, const struct rote_hello *h,
                 const char *host)
{
    *out =
        (struct rote_choice){.own_certificate = c->sni != ROTE_SNI_CERTIFICATE || names(h, host)};
    if (c->large != ROTE_BEAR && h->len > c->limit) {
        refuse(out, c, ALERT_HANDSHAKE_FAILURE);
        out->refusal = c->large;
        return;
    }
    if (h->ssl2 && h->version < 0x0300) {
        choose_ssl2(out, c);
        return;
    }
    enum rote_version version = choose_version(c, h);
    if (version == NUM_ROTE_VERSIONS) {
        refuse(out, c, ALERT_PROTOCOL_VERSION);
        if (c->versions == 1U << ROTE_SSL2 && out->refusal == ROTE_ALERT)
            out->refusal = ROTE_CLOSE; /* SSLv2 has no alerts */
        return;
    }
    out->version = (uint8_t)version;
    if (is_fallback(c, h, version))
        refuse(out, c, ALERT_INAPPROPRIATE_FALLBACK);
    else if (!knows_name(c, h, host))
        refuse(out, c, ALERT_UNRECOGNIZED_NAME);
    else
        choose_rest(out, c, h);
}

bool rote_signs_with_ec(const struct rote_choice *choice)
{
    return rote_suite_kx(choice->suite) == ROTE_KX_ECDHE_ECDSA;
}

/* what BoringSSL serves with the keys that the farm has */
bool rote_completes(const struct rote_config *c, const struct rote_choice *choice)
{
    static const uint16_t served[] = {0x002f, 0x0035, 0x009c, 0x009d, 0xc009, 0xc00a, 0xc013,
                                      0xc014, 0xc02b, 0xc02c, 0xc02f, 0xc030, 0xcca8, 0xcca9};
    bool curve =
        choice->group == 0 || (choice->group >= 23 && choice->group <= 25) || choice->group == 29;
    if (!c->complete || choice->version < ROTE_TLS10 || choice->compression != 0 || !curve ||
        (choice->answer != ROTE_ANSWER_HELLO && choice->answer != ROTE_ANSWER_RETRY))
        return false;
    for (size_t i = 0; i < sizeof served / sizeof served[0]; i++)
        if (served[i] == choice->suite)
            return true;
    return choice->version == ROTE_TLS13;
}
