/* make_page_dataset: writes datasets for test_page_browser.py and for the screenshot of the page.
 * usage: make_page_dataset FILE KIND
 * KIND: plausible, a population like the ones that surveys of mail servers find; groups, the same in networks that
 * the databases of tests/data/mmdb know, with tags; hostile, servers that try to reach the reader's browser and
 * terminal; empty, targets that refuse. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/tools/synth.h"

enum { CLASSES_MAX = 2000, DAY = 86400 };

#define BASE "250-mx.example\r\n250-PIPELINING\r\n250-SIZE 52428800\r\n250-8BITMIME\r\n"
#define TLS  "250-STARTTLS\r\n"
#define MORE "250-ENHANCEDSTATUSCODES\r\n250-DSN\r\n250-CHUNKING\r\n"

struct making {
    struct synth_class classes[CLASSES_MAX];
    struct synth_cert certs[CLASSES_MAX];
    size_t num, num_certs;
    uint32_t seed;
};

static uint32_t draw(struct making *m, uint32_t below)
{
    m->seed = m->seed * 1664525 + 1013904223;
    return (m->seed >> 8) % below;
}

static struct synth_class *add(struct making *m, uint64_t count, enum stage stage, enum cause cause)
{
    struct synth_class *c = &m->classes[m->num++];
    if (m->num == CLASSES_MAX)
        abort();
    *c = (struct synth_class){.count = count, .stage = stage, .cause = cause};
    if (stage > STAGE_CONNECT || cause == CAUSE_OK)
        c->connect_us = 8000 + draw(m, 40000) * (1 + draw(m, 6));
    return c;
}

static void add_plain(struct making *m, uint64_t count, const char *greeting, const char *ehlo)
{
    struct synth_class *c = add(m, count, STAGE_STARTTLS, CAUSE_NOT_OFFERED);
    c->greeting = greeting;
    c->ehlo = ehlo;
}

static const struct synth_cert *add_cert(struct making *m, const char *org, int64_t begin, int64_t days,
                                         enum synth_key key)
{
    struct synth_cert *c = &m->certs[m->num_certs++];
    *c = (struct synth_cert){.issuer_org = org,
                             .issuer_cn = org == NULL ? "mx.example" : "CA",
                             .subject_cn = "mx.example",
                             .not_before = begin,
                             .not_after = begin + days * DAY - 1,
                             .key = key,
                             .key_number = (uint32_t)m->num_certs};
    return c;
}

/* servers with the same certificate */
static struct synth_class *add_tls(struct making *m, uint64_t count, const struct synth_cert *leaf)
{
    static const struct {
        uint32_t percent;
        uint16_t version, suite, group, sigscheme;
    } kinds[] = {{46, 0x0304, 0x1302, 0x001d, 0x0804}, {14, 0x0304, 0x1301, 0x11ec, 0x0403},
                 {8, 0x0304, 0x1303, 0x0017, 0x0804},  {15, 0x0303, 0xc030, 0x0017, 0x0804},
                 {7, 0x0303, 0xc02f, 0x001d, 0x0401},  {4, 0x0303, 0x009d, 0, 0},
                 {2, 0x0302, 0xc014, 0x0017, 0},       {4, 0x0301, 0x002f, 0, 0}};
    static const char *const ehlos[] = {BASE TLS MORE "250 SMTPUTF8\r\n", BASE TLS "250 HELP\r\n",
                                        BASE TLS MORE "250-AUTH PLAIN LOGIN\r\n250 ETRN\r\n"};
    static const char *const inside[] = {BASE MORE "250 SMTPUTF8\r\n", BASE "250 HELP\r\n",
                                         BASE MORE "250-AUTH PLAIN LOGIN\r\n250 REQUIRETLS\r\n"};
    uint32_t at = draw(m, 100), which = draw(m, 3);
    size_t kind = 0;
    while (at >= kinds[kind].percent)
        at -= kinds[kind++].percent;
    struct synth_class *c = add(m, count, STAGE_DONE, CAUSE_OK);
    c->greeting = "220 mx.example ESMTP\r\n";
    c->ehlo = ehlos[which];
    c->starttls = "220 2.0.0 ready\r\n";
    c->ehlo_tls = inside[which];
    c->handshake_done = true;
    c->version = kinds[kind].version;
    c->suite = kinds[kind].suite;
    c->group = kinds[kind].group;
    c->sigscheme = kinds[kind].sigscheme;
    c->chain[0] = leaf;
    return c;
}

static void add_all_tls(struct making *m)
{
    static const struct {
        const char *org;
        uint32_t certs, days;
        enum synth_key key;
    } issuers[] = {{"Let's Encrypt", 260, 90, SYNTH_P256},   {"Let's Encrypt", 180, 90, SYNTH_RSA_2048},
                   {NULL, 120, 3650, SYNTH_RSA_2048},        {"DigiCert Inc", 60, 398, SYNTH_RSA_2048},
                   {"Sectigo Limited", 48, 365, SYNTH_RSA_2048}, {"GlobalSign nv-sa", 22, 397, SYNTH_RSA_2048},
                   {"Google Trust Services", 20, 90, SYNTH_P256}, {"ZeroSSL", 18, 90, SYNTH_P384},
                   {"Actalis S.p.A.", 9, 365, SYNTH_RSA_4096},
                   {"SomeOrganization", 14, 365, SYNTH_RSA_2048}, {"Plesk", 12, 365, SYNTH_RSA_2048},
                   {"Synology Inc.", 6, 7300, SYNTH_RSA_2048},  {"Deutsche Telekom Security GmbH", 5, 365, SYNTH_P384},
                   {"Entrust, Inc.", 4, 397, SYNTH_RSA_2048}, {"Internet Widgits Pty Ltd", 9, 365, SYNTH_RSA_2048},
                   {"\xd0\x9f\xd1\x80\xd0\xb8\xd0\xbc\xd0\xb5\xd1\x80", 3, 365, SYNTH_ED25519}};
    for (size_t i = 0; i < sizeof issuers / sizeof issuers[0]; i++)
        for (uint32_t k = 0; k < issuers[i].certs; k++) {
            int64_t age = draw(m, issuers[i].days * 11 / 10);
            uint64_t hosts = draw(m, 10) == 0 ? 4 + draw(m, 90) : 1 + draw(m, 4);
            add_tls(m, hosts, add_cert(m, issuers[i].org, SYNTH_START_S - age * DAY, issuers[i].days,
                                       issuers[i].key));
        }
}

static void make_plausible(struct making *m)
{
    add(m, 9800, STAGE_CONNECT, CAUSE_TIMEOUT);
    add(m, 4100, STAGE_CONNECT, CAUSE_REFUSED);
    add(m, 310, STAGE_CONNECT, CAUSE_HOST_UNREACHABLE);
    add(m, 120, STAGE_GREETING, CAUSE_TIMEOUT);
    add(m, 95, STAGE_GREETING, CAUSE_CLOSED);
    add(m, 34, STAGE_GREETING, CAUSE_MALFORMED)->greeting = "SSH-2.0-OpenSSH\r\n";
    add(m, 210, STAGE_GREETING, CAUSE_REJECTED)->greeting = "554 5.7.1 no\r\n";
    add(m, 60, STAGE_GREETING, CAUSE_THROTTLED)->greeting = "421 4.7.0 later\r\n";
    struct synth_class *c = add(m, 140, STAGE_EHLO, CAUSE_REJECTED);
    c->greeting = "220 mx ESMTP\r\n";
    c->ehlo = "550 5.7.1 no\r\n";
    add_plain(m, 480, "220 mx ESMTP\r\n", BASE "250 HELP\r\n");
    add_plain(m, 66, "220 ****************\r\n", "250-mx\r\n250-XXXXXXXA\r\n250 SIZE\r\n");
    c = add(m, 38, STAGE_STARTTLS, CAUSE_REJECTED);
    c->greeting = "220 mx ESMTP\r\n";
    c->ehlo = BASE TLS "250 HELP\r\n";
    c->starttls = "454 4.7.0 TLS not available\r\n";
    c = add(m, 71, STAGE_HANDSHAKE, CAUSE_ALERT_RECEIVED);
    c->greeting = "220 mx ESMTP\r\n";
    c->ehlo = BASE TLS "250 HELP\r\n";
    c->starttls = "220 go\r\n";
    c->alert = 40;
    add_all_tls(m);
}

/* ---- hostile ---- */

static char junk[64 * 1024];

static const char *const hostile_names[] = {
    "<script>document.title='owned'</script>",
    "\"><img src=x onerror=document.title='owned'>",
    "'onmouseover='document.title=1",
    "</title></style></svg><script>document.title='owned'</script>",
    "]]><script>document.title='owned'</script><!--",
    "\x1b[31m\x1b]0;owned\x07",
    "\xe2\x80\xae\xe2\x81\xa6moc.elpmaxe",
    "\xef\xbf\xbe\xef\xbf\xbf\x01\x7f\xc2\x9b",
    "\xff\xfe\xc0\xaf not UTF-8",
    "&lt;b&gt; &amp; &#x3c;",
    "=cmd|' /C calc'!A0",
    "http://192.0.2.1/track.png",
    "\\x3Cscript\\x3E",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
};

static void make_hostile(struct making *m)
{
    size_t num = sizeof hostile_names / sizeof hostile_names[0];
    memset(junk, '<', sizeof junk - 1);
    add(m, 5, STAGE_CONNECT, CAUSE_REFUSED);
    for (size_t i = 0; i < num; i++) {
        static char ehlos[32][512];
        snprintf(ehlos[i], sizeof ehlos[i], "250-%s\r\n250-%s\r\n250 STARTTLS\r\n", hostile_names[i], hostile_names[i]);
        struct synth_class *c =
            add_tls(m, 10 + i, add_cert(m, hostile_names[i], SYNTH_START_S - DAY, 90, SYNTH_P256));
        c->greeting = i % 2 == 0 ? junk : hostile_names[i];
        c->ehlo = ehlos[i];
        c->ehlo_tls = ehlos[i];
        c->version = 0x0304;
        c->suite = (uint16_t)(0xfa00 + i);
    }
}

/* ---- groups ---- */

static void make_groups(struct making *m)
{
    static const uint32_t networks[] = {0xc0000200, 0xc6336400, 0xcb007100, 0xc6120000, 0};
    static char tags[40][64];
    size_t num_names = sizeof hostile_names / sizeof hostile_names[0], num_tags = sizeof tags / sizeof tags[0];
    make_plausible(m);
    for (size_t i = 0; i < num_tags; i++)
        if (i < 4)
            snprintf(tags[i], sizeof tags[i], "%s", hostile_names[(i * 3) % num_names]);
        else
            snprintf(tags[i], sizeof tags[i], "survey-%zu", i);
    for (size_t i = 0; i < m->num; i++) {
        m->classes[i].network = networks[draw(m, 5)];
        m->classes[i].tag = tags[draw(m, (uint32_t)num_tags) * draw(m, (uint32_t)num_tags) / num_tags];
    }
}

int main(int argc, char **argv)
{
    static struct making m = {.seed = 7};
    struct synth s = {.classes = m.classes, .reason = DATASET_COMPLETE, .seed = 11};
    if (argc != 3) {
        fprintf(stderr, "usage: make_page_dataset FILE plausible|groups|hostile|empty\n");
        return 2;
    }
    if (argv[2][0] == 'p')
        make_plausible(&m);
    else if (argv[2][0] == 'g')
        make_groups(&m);
    else if (argv[2][0] == 'h')
        make_hostile(&m);
    else
        add(&m, 10, STAGE_CONNECT, CAUSE_REFUSED);
    s.num_classes = m.num;
    s.streamed = argv[2][0] == 'g';
    synth_write(argv[1], &s);
    return 0;
}
