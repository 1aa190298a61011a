#include "tools/farm/rote_config.h"

#include <stdarg.h>
#include <stdio.h>

#include "tools/farm/rote_suites.h"

static const char *const version_words[NUM_ROTE_VERSIONS] = {"ssl2",  "ssl3",  "tls10",
                                                             "tls11", "tls12", "tls13"};
static const char *const manners[NUM_ROTE_MANNERS] = {"bear", "alert", "close", "reset", "silent"};
static const char *const snis[NUM_ROTE_SNIS] = {"any", "required", "known", "certificate"};

static const uint16_t usual_suites[] = {0xc02b, 0xc02f, 0xc02c, 0xc030, 0xc009, 0xc013, 0xc00a,
                                        0xc014, 0x009c, 0x009d, 0x002f, 0x0035, 0x000a};
static const uint16_t usual_tls13[] = {0x1301, 0x1302, 0x1303};
static const uint16_t usual_groups[] = {29, 23, 24};
static const uint32_t usual_kinds[] = {0x010080, 0x020080, 0x030080, 0x040080,
                                       0x050080, 0x060040, 0x0700c0};

enum {
    NUM_USUAL_SUITES = sizeof usual_suites / sizeof usual_suites[0],
    NUM_USUAL_TLS13 = sizeof usual_tls13 / sizeof usual_tls13[0],
    NUM_USUAL_GROUPS = sizeof usual_groups / sizeof usual_groups[0],
    NUM_USUAL_KINDS = sizeof usual_kinds / sizeof usual_kinds[0],
    X25519_MLKEM768 = 0x11ec
};

/* ---- names ---- */

const char *rote_version_name(enum rote_version version)
{
    static const char *const names[NUM_ROTE_VERSIONS] = {"SSLv2",   "SSLv3",   "TLSv1.0",
                                                         "TLSv1.1", "TLSv1.2", "TLSv1.3"};
    return names[version];
}

uint16_t rote_version_code(enum rote_version version)
{
    return version == ROTE_SSL2 ? 0x0002 : (uint16_t)(0x0300 + version - ROTE_SSL3);
}

const char *rote_manner_name(enum rote_manner manner)
{
    return manners[manner];
}

const char *rote_sni_name(enum rote_sni sni)
{
    return snis[sni];
}

bool rote_has_version(const struct rote_config *c, enum rote_version version)
{
    return (c->versions >> version & 1) != 0;
}

bool rote_list_has(const struct rote_list *list, uint16_t item)
{
    for (size_t i = 0; i < list->num; i++)
        if (list->items[i] == item)
            return true;
    return false;
}

enum rote_version rote_highest(const struct rote_config *c, enum rote_version most)
{
    for (unsigned v = most + 1U; v-- > ROTE_SSL3;)
        if (rote_has_version(c, (enum rote_version)v))
            return (enum rote_version)v;
    return NUM_ROTE_VERSIONS;
}

/* ---- words ---- */

/* what is being read, and where faults are written; bad is sticky */
struct reader {
    struct rote_config *out;
    char *err;
    size_t err_len;
    bool bad, pq;
    bool has_suites[NUM_ROTE_VERSIONS];
    struct rote_list all; /* suites= */
};

__attribute__((format(printf, 2, 3))) static void refuse(struct reader *r, const char *form, ...)
{
    va_list args;
    va_start(args, form);
    if (!r->bad)
        vsnprintf(r->err, r->err_len, form, args);
    va_end(args);
    r->bad = true;
}

static bool is_word(struct bytes text, const char *word)
{
    return bytes_equal(text, bytes_text(word));
}

/* cut takes what is before the first `at` off *rest. */
static struct bytes cut(struct bytes *rest, char at)
{
    const uint8_t *end = memchr(rest->data, at, rest->len);
    struct bytes head = {rest->data, end == NULL ? rest->len : (size_t)(end - rest->data)};
    size_t used = end == NULL ? rest->len : head.len + 1;
    rest->data += used;
    rest->len -= used;
    return head;
}

static int digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* read_number reads decimal, or hexadecimal after 0x. */
static bool read_number(uint32_t *out, struct bytes text, uint32_t most)
{
    bool hex = text.len > 2 && memcmp(text.data, "0x", 2) == 0;
    int base = hex ? 16 : 10;
    uint64_t n = 0;
    for (size_t i = hex ? 2 : 0; i < text.len; i++) {
        int d = digit(text.data[i]);
        if (d < 0 || d >= base)
            return false;
        n = n * (unsigned)base + (unsigned)d;
        if (n > most)
            return false;
    }
    *out = (uint32_t)n;
    return text.len > 0;
}

static uint32_t take_number(struct reader *r, const char *key, struct bytes text, uint32_t most)
{
    uint32_t n = 0;
    if (!read_number(&n, text, most))
        refuse(r, "%s: give a number up to %u, decimal or 0x..., not '%.*s'", key, most,
               (int)text.len, (const char *)text.data);
    return n;
}

static int take_word(struct reader *r, const char *key, struct bytes text, const char *const *words,
                     int num)
{
    for (int i = 0; i < num; i++)
        if (is_word(text, words[i]))
            return i;
    refuse(r, "%s: '%.*s' is not known here; see doc/farm.md", key, (int)text.len,
           (const char *)text.data);
    return 0;
}

static void add(struct reader *r, const char *key, struct rote_list *list, uint16_t item,
                size_t max)
{
    if (list->num >= max)
        refuse(r, "%s: at most %zu may be listed", key, max);
    else if (rote_list_has(list, item))
        refuse(r, "%s: 0x%04x is listed twice; keep one", key, item);
    else
        list->items[list->num++] = item;
}

/* ---- values ---- */

static void take_versions(struct reader *r, struct bytes value)
{
    while (value.len > 0) {
        int v = take_word(r, "versions", cut(&value, '+'), version_words, NUM_ROTE_VERSIONS);
        r->out->versions = (uint8_t)(r->out->versions | 1U << v);
    }
}

static void take_list(struct reader *r, const char *key, struct rote_list *list, struct bytes value)
{
    while (value.len > 0 && !r->bad)
        add(r, key, list, (uint16_t)take_number(r, key, cut(&value, '+'), 0xffff), ROTE_SUITES_MAX);
}

/* take_suites_of reads suites.VERSION=... */
static void take_suites_of(struct reader *r, struct bytes word, struct bytes value)
{
    int v = take_word(r, "suites", word, version_words, NUM_ROTE_VERSIONS);
    if (v == ROTE_SSL2)
        refuse(r, "suites.ssl2: SSLv2 has cipher kinds; give kinds=0x010080");
    r->has_suites[v] = true;
    take_list(r, "suites", &r->out->suites[v], value);
}

static void take_groups(struct reader *r, struct bytes value)
{
    while (value.len > 0 && !r->bad) {
        struct bytes word = cut(&value, '+');
        uint16_t group = rote_group_find((const char *)word.data, word.len);
        if (group == 0)
            group = (uint16_t)take_number(r, "groups", word, 0xffff);
        if (!r->bad && rote_group_share_len(group) == 0)
            refuse(r, "groups: the size of a key share of 0x%04x is not known here; leave it out",
                   group);
        add(r, "groups", &r->out->groups, group, ROTE_GROUPS_MAX);
    }
}

static void take_kinds(struct reader *r, struct bytes value)
{
    while (value.len > 0 && !r->bad) {
        uint32_t kind = take_number(r, "kinds", cut(&value, '+'), 0xffffff);
        if (r->out->num_kinds == ROTE_KINDS_MAX)
            refuse(r, "kinds: at most %d may be listed", ROTE_KINDS_MAX);
        else
            r->out->kinds[r->out->num_kinds++] = kind;
    }
}

static void take_prime(struct reader *r, struct bytes value)
{
    r->out->prime = rote_prime_find((const char *)value.data, value.len);
    if (r->out->prime == NULL)
        refuse(r,
               "dh: give 512, 768, 1024, 1536, 2048, 3072, 4096 or the name of a prime, not "
               "'%.*s'; see doc/farm.md",
               (int)value.len, (const char *)value.data);
}

static void take_name(struct reader *r, struct bytes value)
{
    static const char good[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
    bool ok = value.len > 0 && value.len <= ROTE_NAME_MAX;
    for (size_t i = 0; i < value.len && ok; i++)
        ok = value.data[i] != '\0' && strchr(good, value.data[i]) != NULL;
    if (!ok) {
        refuse(r, "name: give 1 to %d of a-z, 0-9 and -", ROTE_NAME_MAX);
        return;
    }
    memcpy(r->out->name, value.data, value.len);
    r->out->name[value.len] = '\0';
}

/* flag_of returns where a key without a value is kept, or NULL. */
static bool *flag_of(struct rote_config *c, struct bytes key)
{
    const struct {
        const char *word;
        bool *at;
    } flags[] = {
        {"compression", &c->compression},  {"scsv", &c->scsv},         {"ticket", &c->ticket},
        {"sentinel", &c->sentinel},        {"alpn", &c->alpn},         {"noems", &c->no_ems},
        {"noreneg", &c->no_renegotiation}, {"complete", &c->complete},
    };
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        if (is_word(key, flags[i].word))
            return flags[i].at;
    return NULL;
}

static void take_pair(struct reader *r, struct bytes key, struct bytes value)
{
    static const char *const orders[] = {"server", "client"};
    struct rote_config *c = r->out;
    if (is_word(key, "versions"))
        take_versions(r, value);
    else if (is_word(key, "suites"))
        take_list(r, "suites", &r->all, value);
    else if (key.len > 7 && memcmp(key.data, "suites.", 7) == 0)
        take_suites_of(r, bytes_of(key.data + 7, key.len - 7), value);
    else if (is_word(key, "kinds"))
        take_kinds(r, value);
    else if (is_word(key, "groups"))
        take_groups(r, value);
    else if (is_word(key, "order"))
        c->client_order = take_word(r, "order", value, orders, 2) == 1;
    else if (is_word(key, "dh"))
        take_prime(r, value);
    else if (is_word(key, "large"))
        c->large = (uint8_t)take_word(r, "large", value, manners, NUM_ROTE_MANNERS);
    else if (is_word(key, "split"))
        c->split = (uint8_t)take_word(r, "split", value, manners, NUM_ROTE_MANNERS);
    else if (is_word(key, "refuse"))
        c->refuse = (uint8_t)take_word(r, "refuse", value, manners, NUM_ROTE_MANNERS);
    else if (is_word(key, "limit"))
        c->limit = (uint16_t)take_number(r, "limit", value, 16384);
    else if (is_word(key, "alert"))
        c->alert = (uint8_t)take_number(r, "alert", value, 255);
    else if (is_word(key, "sig"))
        c->sigscheme = (uint16_t)take_number(r, "sig", value, 0xffff);
    else if (is_word(key, "sni"))
        c->sni = (uint8_t)take_word(r, "sni", value, snis, NUM_ROTE_SNIS);
    else if (is_word(key, "name"))
        take_name(r, value);
    else
        refuse(r, "'%.*s=' is not known here; see doc/farm.md", (int)key.len,
               (const char *)key.data);
}

static void take_item(struct reader *r, struct bytes item)
{
    bool has_value = memchr(item.data, '=', item.len) != NULL;
    struct bytes value = item, key = cut(&value, '=');
    bool *flag = has_value ? NULL : flag_of(r->out, key);
    if (item.len > 0 && item.data[item.len - 1] == '+')
        refuse(r, "'%.*s': nothing follows the last +", (int)item.len, (const char *)item.data);
    if (flag != NULL)
        *flag = true;
    else if (!has_value && is_word(key, "pq"))
        r->pq = true;
    else if (!has_value || value.len == 0)
        refuse(r, "'%.*s': write KEY=VALUE, or a key that takes none; see doc/farm.md",
               (int)item.len, (const char *)item.data);
    else
        take_pair(r, key, value);
}

/* ---- what was left open ---- */

/* fill_suites takes those of suites= that the version is meant to have, or the usual ones. */
static void fill_suites(struct reader *r, enum rote_version v)
{
    struct rote_list *list = &r->out->suites[v];
    for (size_t i = 0; i < r->all.num; i++)
        if (rote_suite_fits(r->all.items[i], v))
            list->items[list->num++] = r->all.items[i];
    if (list->num == 0 && v == ROTE_TLS13) {
        memcpy(list->items, usual_tls13, sizeof usual_tls13);
        list->num = NUM_USUAL_TLS13;
    }
    for (size_t i = 0; i < NUM_USUAL_SUITES && r->all.num == 0 && v != ROTE_TLS13; i++)
        if (rote_suite_fits(usual_suites[i], v))
            list->items[list->num++] = usual_suites[i];
    if (list->num == 0)
        refuse(r, "suites: none is left for %s; list one that it has", version_words[v]);
}

static void fill_groups(struct reader *r)
{
    struct rote_list *list = &r->out->groups;
    if (list->num == 0) {
        memcpy(list->items, usual_groups, sizeof usual_groups);
        list->num = NUM_USUAL_GROUPS;
    }
    if (!r->pq)
        return;
    add(r, "pq", list, X25519_MLKEM768, ROTE_GROUPS_MAX);
    memmove(list->items + 1, list->items, (list->num - 1U) * sizeof list->items[0]);
    list->items[0] = X25519_MLKEM768;
}

static void check_complete(struct reader *r)
{
    const struct rote_list *list = &r->out->suites[ROTE_TLS13];
    bool all = list->num == NUM_USUAL_TLS13;
    for (size_t i = 0; i < NUM_USUAL_TLS13; i++)
        all = all && rote_list_has(list, usual_tls13[i]);
    if (r->out->complete && rote_has_version(r->out, ROTE_TLS13) && !all)
        refuse(r, "complete: BoringSSL has all of 0x1301+0x1302+0x1303; list these for TLS 1.3");
}

static void fill(struct reader *r)
{
    struct rote_config *c = r->out;
    if (c->versions == 0)
        refuse(r, "versions: name at least one, such as versions=ssl3+tls10");
    for (unsigned v = ROTE_SSL3; v < NUM_ROTE_VERSIONS; v++)
        if (rote_has_version(c, (enum rote_version)v) && !r->has_suites[v])
            fill_suites(r, (enum rote_version)v);
    fill_groups(r);
    if (c->num_kinds == 0) {
        memcpy(c->kinds, usual_kinds, sizeof usual_kinds);
        c->num_kinds = NUM_USUAL_KINDS;
    }
    if (c->refuse == ROTE_BEAR)
        refuse(r, "refuse: give alert, close, reset or silent");
    check_complete(r);
}

bool rote_config_parse(struct rote_config *out, char *err, size_t err_len, const char *spec)
{
    struct reader r = {.out = out, .err = err, .err_len = err_len};
    *out = (struct rote_config){
        .limit = ROTE_LIMIT_DEFAULT, .refuse = ROTE_ALERT, .prime = rote_prime_find("2048", 4)};
    struct bytes rest = bytes_text(spec);
    if (rest.len < sizeof ROTE_PREFIX - 1 || memcmp(spec, ROTE_PREFIX, sizeof ROTE_PREFIX - 1) != 0)
        refuse(&r, "it must begin with " ROTE_PREFIX);
    else
        rest = bytes_of(rest.data + sizeof ROTE_PREFIX - 1, rest.len - (sizeof ROTE_PREFIX - 1));
    while (rest.len > 0 && !r.bad)
        take_item(&r, cut(&rest, ';'));
    if (!r.bad)
        fill(&r);
    return !r.bad;
}
