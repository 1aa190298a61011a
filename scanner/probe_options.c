#include "scanner/probe_options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>

#include "core/audit.h"
#include "core/times.h"
#include "scanner/options_table.h"

enum { FIRST_LONG = 256, LETTERS_MAX = 64, SMTP_PORT = 25 };

/* ---- the table ---- */

static bool set_once(const char **field, const char *value)
{
    if (*field != NULL || value[0] == '\0')
        return false;
    *field = value;
    return true;
}

static bool set_host(struct probe_options *o, const char *v)
{
    return set_once(&o->host, v);
}

static bool set_trust_store(struct probe_options *o, const char *v)
{
    return set_once(&o->trust_store, v);
}

static bool set_time(struct probe_options *o, const char *v)
{
    o->has_time = true;
    return probe_time_parse(&o->time_s, v);
}

static bool set_color(struct probe_options *o, const char *v)
{
    static const char *const words[] = {[PROBE_COLOR_AUTO] = "auto",
                                        [PROBE_COLOR_ALWAYS] = "always",
                                        [PROBE_COLOR_NEVER] = "never"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(v, words[i]) == 0) {
            o->color = (enum probe_color)i;
            return true;
        }
    return false;
}

#define FLAG_SETTER(field)                                                                         \
    static bool set_##field(struct probe_options *o, const char *v)                                \
    {                                                                                              \
        (void)v;                                                                                   \
        return o->field = true;                                                                    \
    }
FLAG_SETTER(verbose)
FLAG_SETTER(json)
FLAG_SETTER(certs)
FLAG_SETTER(help)
FLAG_SETTER(version)

struct row {
    const char *name;
    char letter;
    const char *arg, *help;
    bool (*set)(struct probe_options *o, const char *value);
    const char *expects;
};

static const struct row rows[] = {
    {"host", 0, "NAME", "the name to ask for in TLS (SNI), and to find in the certificate",
     set_host, "one host name, given once"},
    {"verbose", 'v', NULL, "what was said, line by line", set_verbose, NULL},
    {"json", 0, NULL, "all of it as JSON, an object for each address", set_json, NULL},
    {"certs", 0, NULL, "the certificates as they were sent, as PEM", set_certs, NULL},
    {"trust-store", 0, "FILE", "roots to trust, as PEM (the system's)", set_trust_store,
     "one file name, given once"},
    {"time", 0, "TIME", "judge certificates as of TIME, such as 2026-01-31T12:00:00Z (now)",
     set_time, "a time in UTC such as 2026-01-31T12:00:00Z, or a date such as 2026-01-31"},
    {"color", 0, "WHEN", "auto, always or never (auto: on a terminal, unless NO_COLOR is set)",
     set_color, "auto, always or never"},
    {"help", 'h', NULL, "this text", set_help, NULL},
    {"version", 'V', NULL, "versions of mxprobe and its libraries", set_version, NULL},
};

/* those of mxsweep that make sense of one target: same name, same meaning, same row */
static const char *const shared[] = {
    "ehlo-name",       "source-ip",     "dns-servers",      "starttls-anyway",
    "connect-timeout", "reply-timeout", "tls-timeout",      "session-timeout",
    "audit",           "audit-delay",   "explain-failures",
};

enum {
    NUM_ROWS = sizeof rows / sizeof rows[0],
    NUM_SHARED = sizeof shared / sizeof shared[0],
    NUM_LONGS = NUM_ROWS + NUM_SHARED
};

static const struct option_row *shared_row(size_t i)
{
    for (size_t k = 0; k < NUM_OPTION_ROWS; k++)
        if (strcmp(option_rows[k].name, shared[i]) == 0)
            return &option_rows[k];
    return NULL; /* cannot be: a test asks for each of them */
}

/* ---- --help ---- */

static void help_row(FILE *out, char letter, const char *name, const char *arg, const char *help)
{
    char left[40];
    snprintf(left, sizeof left, "%c%c%s --%s %s", letter != 0 ? '-' : ' ',
             letter != 0 ? letter : ' ', letter != 0 ? "," : " ", name, arg != NULL ? arg : "");
    fprintf(out, "  %-28s %s\n", left, help);
}

static void help_audits(FILE *out)
{
    static const struct {
        const char *name, *text, *budget;
    } audits[] = {
#define X(bit, NAME, slug, text, budget) {slug, text, budget},
        AUDITS(X)
#undef X
    };
    fputs("\nAudits, and how many more connections each makes at most:\n", out);
    for (size_t i = 0; i < sizeof audits / sizeof audits[0]; i++)
        if ((AUDIT_BITS_LIST >> i & 1) != 0)
            fprintf(out, "  %-9s %s: %s\n", audits[i].name, audits[i].text, audits[i].budget);
}

void probe_options_help(FILE *out)
{
    fputs("usage: mxprobe [OPTION...] ADDRESS[:PORT]\n"
          "Visits one mail server (a host name: each of its addresses in turn; port 25) and says "
          "how\n"
          "it does STARTTLS: the dialogue, TLS, the certificates, what is wrong and how to mend "
          "it.\n\n",
          out);
    for (size_t i = 0; i < NUM_ROWS; i++)
        help_row(out, rows[i].letter, rows[i].name, rows[i].arg, rows[i].help);
    fputs("As those of mxsweep:\n", out);
    for (size_t i = 0; i < NUM_SHARED; i++) {
        const struct option_row *r = shared_row(i);
        help_row(out, 0, r->name, r->arg, r->help);
    }
    help_audits(out);
    fprintf(out,
            "\nDurations: 500ms, 10s, 5m. IPv6 with a port: [2001:db8::25]:25.\n"
            "Exit status, of several addresses the worst, in the order 5, 6, 4, 7, 0:\n"
            "  0 all is well\n"
            "  1 a fault of ours\n"
            "  2 usage\n"
            "  %d STARTTLS works, but something is wrong: the certificate, for one\n"
            "  %d STARTTLS is not offered, or does not work\n"
            "  %d no connection, or no SMTP on it\n"
            "  %d unknown: the server refused us, or asked us to come back later\n",
            PROBE_EXIT_WRONG, PROBE_EXIT_BROKEN, PROBE_EXIT_NO_SMTP, PROBE_EXIT_UNKNOWN);
}

/* ---- times ---- */

static bool digits(unsigned *out, const char *text, size_t len, unsigned low, unsigned high)
{
    unsigned value = 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        value = 10 * value + (unsigned)(text[i] - '0');
    }
    *out = value;
    return value >= low && value <= high;
}

bool probe_time_parse(int64_t *seconds, const char *text)
{
    unsigned year, month, day, hour = 0, minute = 0, second = 0;
    size_t len = strlen(text);
    if ((len != 10 && len != 20) || text[4] != '-' || text[7] != '-' ||
        !digits(&year, text, 4, 1970, 9999) || !digits(&month, text + 5, 2, 1, 12) ||
        !digits(&day, text + 8, 2, 1, 31) ||
        day > (unsigned)time_days_in_month((int)year, (int)month))
        return false;
    if (len == 20 &&
        (text[10] != 'T' || text[13] != ':' || text[16] != ':' || text[19] != 'Z' ||
         !digits(&hour, text + 11, 2, 0, 23) || !digits(&minute, text + 14, 2, 0, 59) ||
         !digits(&second, text + 17, 2, 0, 59)))
        return false;
    int64_t days = time_days((int)year, (int)month, (int)day);
    *seconds = days * 86400 + hour * 3600 + minute * 60 + second;
    return true;
}

/* ---- the target ---- */

static int complain(char err[OPTIONS_ERR_MAX], const char *which, const char *what,
                    const char *mend)
{
    snprintf(err, OPTIONS_ERR_MAX, "%.64s: %s; %s", which, what, mend);
    return -EINVAL;
}

/* addresses of no host */
int probe_refused(struct prefix_set *set)
{
    static const char *const texts[] = {"0.0.0.0", "224.0.0.0/4", "255.255.255.255",
                                        "::", "ff00::/8"};
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < sizeof texts / sizeof texts[0]; i++) {
        struct addr_range range;
        rc = addr_range_parse(&range, NULL, texts[i], strlen(texts[i])) ? prefix_set_add(set, range)
                                                                        : -EINVAL;
    }
    return rc;
}

static int check_addr(char err[OPTIONS_ERR_MAX], const char *which, struct addr a)
{
    struct prefix_set none;
    prefix_set_init(&none);
    int rc = probe_refused(&none);
    prefix_set_seal(&none);
    bool refused = rc == 0 && addr_refused(&none, a);
    prefix_set_cleanup(&none);
    if (rc != 0)
        return complain(err, which, "no memory", "try again");
    return refused ? complain(err, which, "is an address of no host",
                              "name an address that a server has")
                   : 0;
}

/* where the port begins in "ADDRESS:PORT", behind its colon; NULL: there is none. An IPv6 address
 * with a port is in brackets. */
static const char *find_port(const char *text)
{
    const char *colon = strchr(text, ':');
    if (text[0] != '[')
        return colon != NULL && strchr(colon + 1, ':') == NULL ? colon + 1 : NULL;
    const char *end = strchr(text, ']');
    return end != NULL && end[1] == ':' ? end + 2 : NULL;
}

static int take_port(struct probe_options *o, char err[OPTIONS_ERR_MAX], const char *text,
                     const char *port)
{
    unsigned value = SMTP_PORT;
    size_t len = port != NULL ? strlen(port) : 0;
    if (port != NULL && (len == 0 || len > 5 || !digits(&value, port, len, 1, UINT16_MAX)))
        return complain(err, text, "the port is no such number", "give a number from 1 to 65535");
    o->sweep.ports[0] = (uint16_t)value;
    o->sweep.num_ports = 1;
    return 0;
}

static int take_item(struct probe_options *o, char err[OPTIONS_ERR_MAX], const char *text,
                     const char *name, size_t len)
{
    static const char mend[] = "name one address or host name; many are for mxsweep";
    char why[OPTIONS_ERR_MAX];
    for (size_t i = 0; i < len; i++)
        if (name[i] <= ' ' || strchr(",#", name[i]) != NULL)
            return complain(err, "ADDRESS", "holds an octet that no address has", mend);
    if (target_item_parse(&o->item, why, sizeof why, name, len, "ADDRESS", 0) != 0) {
        snprintf(err, OPTIONS_ERR_MAX, "%s", why);
        return -EINVAL;
    }
    if (o->item.kind == TARGET_ITEM_NONE)
        return complain(err, text, "is no address", mend);
    if (o->item.kind == TARGET_ITEM_NAME)
        return 0;
    if (addr_cmp(o->item.range.first, o->item.range.last) != 0)
        return complain(err, text, "is more than one address", mend);
    return check_addr(err, text, o->item.range.first);
}

/* the line of a target list that says the same; --host goes with an address only: a host name is
 * what is asked for itself */
static int make_line(struct probe_options *o, char err[OPTIONS_ERR_MAX])
{
    struct target_item with_host;
    char text[ADDR_TEXT_MAX], why[OPTIONS_ERR_MAX];
    if (o->item.kind == TARGET_ITEM_NAME) {
        if (o->host != NULL)
            return complain(err, "--host", "is for an address; a host name is asked for itself",
                            "leave it out, or give the address");
        snprintf(o->line, sizeof o->line, "%s", o->item.host);
        o->host = o->item.host;
        return 0;
    }
    addr_format(text, o->item.range.first);
    if (o->host == NULL) {
        snprintf(o->line, sizeof o->line, "%s", text);
        return 0;
    }
    if (strlen(o->host) > TARGET_HOST_MAX + 1 || strpbrk(o->host, ", \t#") != NULL)
        return complain(err, "--host", "is no host name", "give one such as mx.example.com");
    snprintf(o->line, sizeof o->line, "%s,%s", text, o->host);
    if (target_item_parse(&with_host, why, sizeof why, o->line, strlen(o->line), "--host", 0) ==
        0) {
        o->item = with_host;
        o->host = o->item.host;
        return 0;
    }
    snprintf(err, OPTIONS_ERR_MAX, "%s", why);
    return -EINVAL;
}

static int take_target(struct probe_options *o, char err[OPTIONS_ERR_MAX], const char *text)
{
    const char *port = find_port(text), *name = text;
    size_t len = port != NULL ? (size_t)(port - 1 - text) : strlen(text);
    if (len > 2 && name[0] == '[' && name[len - 1] == ']') {
        name++;
        len -= 2;
    }
    int rc = take_port(o, err, text, port);
    if (rc == 0)
        rc = take_item(o, err, text, name, len);
    if (rc == 0)
        rc = make_line(o, err);
    if (rc == 0 && !option_add_text(&o->sweep.targets, o->line))
        rc = complain(err, text, "no memory", "try again");
    return rc;
}

/* ---- reading ---- */

static void make_getopt(struct option longs[NUM_LONGS + 1], char letters[LETTERS_MAX])
{
    size_t n = 0;
    letters[n++] = ':';
    for (size_t i = 0; i < NUM_LONGS; i++) {
        const char *arg = i < NUM_ROWS ? rows[i].arg : shared_row(i - NUM_ROWS)->arg;
        const char *name = i < NUM_ROWS ? rows[i].name : shared[i - NUM_ROWS];
        int has_arg = arg != NULL ? required_argument : no_argument;
        longs[i] = (struct option){name, has_arg, NULL, FIRST_LONG + (int)i};
        if (i < NUM_ROWS && rows[i].letter != 0)
            letters[n++] = rows[i].letter; /* flags, all of them */
    }
    longs[NUM_LONGS] = (struct option){NULL, 0, NULL, 0};
    letters[n] = '\0';
}

static size_t row_of(int c)
{
    for (size_t i = 0; i < NUM_ROWS; i++)
        if (c < FIRST_LONG && rows[i].letter == c)
            return i;
    return (size_t)(c - FIRST_LONG);
}

static int complain_of_getopt(char err[OPTIONS_ERR_MAX], int c, char *const *argv)
{
    char letter[3] = {'-', (char)optopt, '\0'};
    const char *which = optopt > 0 && optopt < FIRST_LONG ? letter : argv[optind - 1];
    const char *what = c == ':'               ? "needs a value"
                       : optopt >= FIRST_LONG ? "takes no value"
                                              : "unknown option";
    return complain(err, which, what, "see mxprobe --help");
}

static int take_option(struct probe_options *o, char err[OPTIONS_ERR_MAX], size_t i,
                       const char *value)
{
    const struct option_row *theirs = i < NUM_ROWS ? NULL : shared_row(i - NUM_ROWS);
    bool good = theirs != NULL ? theirs->set(&o->sweep, value) : rows[i].set(o, value);
    if (good)
        return 0;
    snprintf(err, OPTIONS_ERR_MAX, "--%s %.32s: expected: %s",
             theirs != NULL ? theirs->name : rows[i].name, value,
             theirs != NULL ? theirs->expects : rows[i].expects);
    return -EINVAL;
}

static void set_defaults(struct probe_options *o)
{
    memset(o, 0, sizeof *o);
    options_defaults(&o->sweep);
    o->sweep.include_special = true; /* a person names the address */
    o->sweep.threads = 1;
    o->sweep.in_flight = 1; /* addresses of a name in turn */
    o->sweep.rate_step_ns = 0;
    o->sweep.retries = 0;
    o->sweep.retry_delay_ns = 0;
    o->sweep.quiet = true;
}

int probe_options_parse(struct probe_options *o, char err[OPTIONS_ERR_MAX], int argc,
                        char *const *argv)
{
    struct option longs[NUM_LONGS + 1];
    char letters[LETTERS_MAX];
    make_getopt(longs, letters);
    set_defaults(o);
    optind = 0; /* so that it can be called again */
    opterr = 0;
    for (int c; (c = getopt_long(argc, argv, letters, longs, NULL)) != -1;) {
        int rc = c == '?' || c == ':' ? complain_of_getopt(err, c, argv)
                                      : take_option(o, err, row_of(c), optarg);
        if (rc != 0)
            return rc;
    }
    if (o->help || o->version)
        return 0;
    if (o->json && o->certs)
        return complain(err, "--certs", "writes PEM, and --json writes JSON", "give one of them");
    if (argc - optind != 1)
        return complain(err, "ADDRESS", argc == optind ? "none given" : "more than one given",
                        "name one address or host name");
    return take_target(o, err, argv[optind]);
}

void probe_options_cleanup(struct probe_options *o)
{
    options_cleanup(&o->sweep);
}
