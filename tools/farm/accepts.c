#include "tools/farm/accepts.h"

#include "tools/farm/pki.h"
#include "tools/farm/rote_suites.h"
#include "tools/farm/tls_extras.h"
#include "tools/farm/tls_profile.h"

enum { ERROR_MAX = 256 };

static void print_codes(FILE *out, const uint16_t *codes, size_t num)
{
    for (size_t i = 0; i < num; i++)
        fprintf(out, "%s\"0x%04x\"", i == 0 ? "" : ",", codes[i]);
}

static void print_flag(FILE *out, const char *key, bool value)
{
    fprintf(out, ",\"%s\":%s", key, value ? "true" : "false");
}

/* ---- by rote ---- */

static bool has_exchange(const struct rote_config *c, unsigned exchanges)
{
    for (unsigned v = ROTE_SSL3; v < NUM_ROTE_VERSIONS; v++)
        for (size_t i = 0; rote_has_version(c, (enum rote_version)v) && i < c->suites[v].num; i++)
            if (exchanges >> rote_suite_kx(c->suites[v].items[i]) & 1 &&
                rote_suite_export_bits(c->suites[v].items[i]) == 0)
                return true;
    return false;
}

static void print_rote_versions(FILE *out, const struct rote_config *c)
{
    const char *comma = "";
    fputs("\"versions\":[", out);
    for (unsigned v = 0; v < NUM_ROTE_VERSIONS; v++)
        if (rote_has_version(c, (enum rote_version)v)) {
            fprintf(out, "%s\"%s\"", comma, rote_version_name((enum rote_version)v));
            comma = ",";
        }
    fputc(']', out);
}

static void print_rote_suites(FILE *out, const struct rote_config *c)
{
    const char *comma = "";
    fputs(",\"suites\":{", out);
    for (unsigned v = 0; v < NUM_ROTE_VERSIONS; v++) {
        if (!rote_has_version(c, (enum rote_version)v))
            continue;
        fprintf(out, "%s\"%s\":[", comma, rote_version_name((enum rote_version)v));
        for (size_t i = 0; v == ROTE_SSL2 && i < c->num_kinds; i++)
            fprintf(out, "%s\"0x%06x\"", i == 0 ? "" : ",", c->kinds[i]);
        print_codes(out, c->suites[v].items, v == ROTE_SSL2 ? 0 : c->suites[v].num);
        fputc(']', out);
        comma = ",";
    }
    fprintf(out, "},\"order\":\"%s\"", c->client_order ? "client" : "server");
}

/* groups of no use to any version and suite that the server has are left out */
static void print_rote_groups(FILE *out, const struct rote_config *c)
{
    struct rote_list used = {.num = 0}, hybrids = {.num = 0};
    bool tls13 = rote_has_version(c, ROTE_TLS13);
    bool curves = has_exchange(c, 1U << ROTE_KX_ECDHE_RSA | 1U << ROTE_KX_ECDHE_ECDSA |
                                      1U << ROTE_KX_ECDH_ANON);
    for (size_t i = 0; i < c->groups.num; i++) {
        uint16_t group = c->groups.items[i];
        if (tls13 || (curves && group < 0x0100))
            used.items[used.num++] = group;
        if (tls13 && rote_group_is_pq(group))
            hybrids.items[hybrids.num++] = group;
    }
    fputs(",\"groups\":[", out);
    print_codes(out, used.items, used.num);
    fputs("],\"pq\":[", out);
    print_codes(out, hybrids.items, hybrids.num);
    fputc(']', out);
}

static void print_manner(FILE *out, const char *key, unsigned manner)
{
    fprintf(out, ",\"%s\":", key);
    if (manner == ROTE_BEAR)
        fputs("null", out);
    else
        fprintf(out, "\"%s\"", rote_manner_name((enum rote_manner)manner));
}

static void print_rote(FILE *out, const struct rote_config *c, struct addr a)
{
    char host[HOST_NAME_MAX_LEN];
    host_name(host, a);
    print_rote_versions(out, c);
    print_rote_suites(out, c);
    print_rote_groups(out, c);
    if (has_exchange(c, 1U << ROTE_KX_DHE | 1U << ROTE_KX_DH_ANON))
        fprintf(out, ",\"dh_bits\":%u,\"dh_prime\":\"%s\"", c->prime->bits, c->prime->name);
    print_manner(out, "large", c->large);
    print_manner(out, "split", c->split);
    print_manner(out, "refuse", c->refuse);
    if (c->large != ROTE_BEAR)
        fprintf(out, ",\"limit\":%u", c->limit);
    print_flag(out, "compression", c->compression);
    print_flag(out, "scsv", c->scsv);
    print_flag(out, "ticket", c->ticket);
    fprintf(out, ",\"sni\":\"%s\",\"host\":\"%s\"", rote_sni_name((enum rote_sni)c->sni), host);
    print_flag(out, "complete", c->complete);
}

/* ---- by BoringSSL ---- */

static const char *name_of(uint16_t version)
{
    return rote_version_name((enum rote_version)(ROTE_SSL3 + version - 0x0300));
}

static void print_profile_suites(FILE *out, const struct behaviour *b, uint16_t version)
{
    static const uint16_t tls13[] = {0x1301, 0x1302, 0x1303};
    const struct tls_profile_facts *p = tls_profile_facts((enum tls_profile)b->tls);
    uint16_t has[PROFILE_SUITES_MAX];
    size_t num = 0;
    for (size_t i = 0; i < PROFILE_SUITES_MAX; i++)
        if (p->suites[i] != 0 &&
            tls_profile_has((enum tls_profile)b->tls, (enum key_kind)b->key, p->suites[i], version))
            has[num++] = p->suites[i];
    fprintf(out, "\"%s\":[", name_of(version));
    if (version == 0x0304)
        print_codes(out, tls13, sizeof tls13 / sizeof tls13[0]);
    else
        print_codes(out, has, num);
    fputc(']', out);
}

static bool uses_groups(const struct behaviour *b)
{
    const struct tls_profile_facts *p = tls_profile_facts((enum tls_profile)b->tls);
    return p->max == 0x0304 || rote_suite_kx(p->suites[0]) != ROTE_KX_STATIC;
}

static void print_profile(FILE *out, const struct behaviour *b, struct addr a)
{
    const struct tls_profile_facts *p = tls_profile_facts((enum tls_profile)b->tls);
    size_t num_groups = 0;
    char host[HOST_NAME_MAX_LEN];
    host_name(host, a);
    while (uses_groups(b) && num_groups < PROFILE_GROUPS_MAX && p->groups[num_groups] != 0)
        num_groups++;
    fputs("\"versions\":[", out);
    for (uint16_t v = p->min; v <= p->max; v++)
        fprintf(out, "%s\"%s\"", v == p->min ? "" : ",", name_of(v));
    fputs("],\"suites\":{", out);
    for (uint16_t v = p->min; v <= p->max; v++) {
        fputs(v == p->min ? "" : ",", out);
        print_profile_suites(out, b, v);
    }
    fputs("},\"order\":\"server\",\"groups\":[", out);
    print_codes(out, p->groups, num_groups);
    fputs("],\"pq\":[],\"large\":null,\"split\":null,\"refuse\":\"alert\"", out);
    print_flag(out, "compression", false);
    if (p->min < p->max) /* with one version there is nothing to fall back to */
        print_flag(out, "scsv", true);
    print_flag(out, "ticket", (b->extras & EXTRA_TICKET) != 0);
    fprintf(out, ",\"sni\":\"%s\",\"host\":\"%s\"", b->extras & EXTRA_SNI ? "certificate" : "any",
            host);
}

static void print_shown(FILE *out, const struct behaviour *b)
{
    fputs(",\"shows\":{", out);
    fprintf(out, "\"ticket_lifetime_s\":%u",
            b->extras & EXTRA_TICKET ? (unsigned)TICKET_LIFETIME_S : 0U);
    if (b->staple != STAPLE_NONE)
        fprintf(out, ",\"ocsp\":\"%s\"", staple_name((enum staple)b->staple));
    if (b->extras & EXTRA_SCT)
        fprintf(out, ",\"sct\":%u", (unsigned)EXTRAS_NUM_SCTS);
    if (b->extras & (EXTRA_CERT_REQUEST | EXTRA_CERT_REQUIRED))
        fprintf(out, ",\"client_ca_names\":%u", (unsigned)EXTRAS_NUM_CAS);
    fputc('}', out);
}

/* ---- both ---- */

bool accepts_known(const struct behaviour *b)
{
    return b->rote != NULL || behaviour_handshakes(b) || b->extras != 0;
}

void accepts_print(FILE *out, const struct behaviour *b, struct addr a)
{
    char err[ERROR_MAX];
    struct rote_config c;
    fputs("\"accepts\":{", out);
    if (b->rote == NULL)
        print_profile(out, b, a);
    else if (rote_config_parse(&c, err, sizeof err, b->rote))
        print_rote(out, &c, a);
    fputc('}', out);
    if (b->extras != 0 || b->staple != STAPLE_NONE)
        print_shown(out, b);
}
