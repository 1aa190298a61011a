#include "scanner/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>

#include "core/json_valid.h"
#include "scanner/units.h"

#define NS_PER_S UINT64_C(1000000000)

/* a row sets what it stands for from value; false: value makes no sense */
struct option_row {
    const char *name;
    char letter;     /* 0: none */
    const char *arg; /* NULL: a flag */
    const char *help;
    bool (*set)(struct options *o, const char *value);
    const char *expects; /* what a value must be */
};

/* ---- values ---- */

static bool add_text(struct text_list *list, const char *text)
{
    const char **grown = realloc(list->texts, (list->num + 1) * sizeof list->texts[0]);
    if (grown == NULL)
        return false;
    grown[list->num++] = text;
    list->texts = grown;
    return true;
}

static bool set_text(const char **field, const char *value)
{
    if (*field != NULL || value[0] == '\0') /* a second one would silently replace the first */
        return false;
    *field = value;
    return true;
}

static bool set_flag(bool *field)
{
    *field = true;
    return true;
}

static bool count_between(uint64_t *out, const char *value, uint64_t low, uint64_t high)
{
    uint64_t count;
    if (!unit_count(&count, value) || count < low || count > high)
        return false;
    *out = count;
    return true;
}

static bool time_out(uint64_t *out, const char *value)
{
    uint64_t ns;
    if (!unit_duration(&ns, value) || ns == 0 || ns > 24 * 3600 * NS_PER_S)
        return false;
    *out = ns;
    return true;
}

static bool add_port(struct options *o, const char *text, size_t len)
{
    char copy[8];
    uint64_t port;
    if (len >= sizeof copy)
        return false;
    memcpy(copy, text, len);
    copy[len] = '\0';
    if (strspn(copy, "0123456789") != len || !count_between(&port, copy, 1, 65535) ||
        o->num_ports == TARGET_PORTS_MAX)
        return false;
    for (size_t i = 0; i < o->num_ports; i++)
        if (o->ports[i] == port)
            return false;
    o->ports[o->num_ports++] = (uint16_t)port;
    return true;
}

static bool set_ports(struct options *o, const char *v)
{
    for (;;) {
        size_t len = strcspn(v, ",");
        if (!add_port(o, v, len))
            return false;
        if (v[len] == '\0')
            return true;
        v += len + 1;
    }
}

static bool set_seed(struct options *o, const char *v)
{
    char *end;
    errno = 0;
    int base = v[0] == '0' && (v[1] | 32) == 'x' ? 16 : 10; /* a leading 0 alone is no octal */
    unsigned long long seed = strtoull(v, &end, base);
    if (v[0] < '0' || v[0] > '9' || *end != '\0' || errno != 0)
        return false;
    o->seed = seed;
    return set_flag(&o->has_seed);
}

static bool set_record(struct options *o, const char *v)
{
    if (strcmp(v, "all") != 0 && strcmp(v, "responsive") != 0)
        return false;
    o->record_mode = v[0] == 'a' ? RECORD_ALL : RECORD_RESPONSIVE;
    return set_flag(&o->has_record);
}

static bool set_shards(struct options *o, const char *v)
{
    o->has_shards = true;
    return count_between(&o->shards, v, 1, UINT32_MAX);
}

static bool set_shard(struct options *o, const char *v)
{
    o->has_shards = o->has_shard = true;
    return count_between(&o->shard, v, 0, UINT32_MAX - 1);
}

#define TEXT_SETTER(field)                                                                         \
    static bool set_##field(struct options *o, const char *v)                                      \
    {                                                                                              \
        return set_text(&o->field, v);                                                             \
    }
TEXT_SETTER(output_file)
TEXT_SETTER(resume_file)
TEXT_SETTER(blocklist_file)
TEXT_SETTER(allowlist_file)
TEXT_SETTER(ehlo_name)
TEXT_SETTER(user_metadata)
TEXT_SETTER(status_file)
TEXT_SETTER(metrics_file)

#define FLAG_SETTER(field)                                                                         \
    static bool set_##field(struct options *o, const char *v)                                      \
    {                                                                                              \
        (void)v;                                                                                   \
        return set_flag(&o->field);                                                                \
    }
FLAG_SETTER(include_special)
FLAG_SETTER(starttls_anyway)
FLAG_SETTER(dry_run)
FLAG_SETTER(quiet)
FLAG_SETTER(help)
FLAG_SETTER(version)

#define TIME_SETTER(field)                                                                         \
    static bool set_##field(struct options *o, const char *v)                                      \
    {                                                                                              \
        return time_out(&o->field, v);                                                             \
    }
TIME_SETTER(connect_timeout_ns)
TIME_SETTER(reply_timeout_ns)
TIME_SETTER(tls_timeout_ns)
TIME_SETTER(session_timeout_ns)
TIME_SETTER(flush_ns)

static bool set_input(struct options *o, const char *v)
{
    return v[0] != '\0' && add_text(&o->input_files, v);
}

static bool set_rate(struct options *o, const char *v)
{
    return unit_rate(&o->rate_step_ns, v);
}

static bool set_in_flight(struct options *o, const char *v)
{
    return count_between(&o->in_flight, v, 0, 10000000);
}

static bool set_threads(struct options *o, const char *v)
{
    return count_between(&o->threads, v, 1, 64);
}

/* ---- the table ---- */

static const struct option_row rows[] = {
    {"input-file", 'i', "FILE", "targets, one a line: TARGET[,HOSTNAME[,TAG]]; \"-\" is stdin",
     set_input, "a file name or \"-\""},
    {"output-file", 'o', "FILE", "the dataset to write; it must not exist", set_output_file,
     "one file name, given once"},
    {"resume", 0, "FILE", "go on with the sweep that wrote FILE", set_resume_file,
     "one file name, given once"},
    {"port", 'p', "LIST", "ports, comma-separated (25)", set_ports,
     "ports from 1 to 65535, each once, separated by commas"},
    {"blocklist-file", 'b', "FILE", "never visit these: ADDRESS, PREFIX or RANGE a line",
     set_blocklist_file, "one file name, given once"},
    {"allowlist-file", 'w', "FILE", "visit only these", set_allowlist_file,
     "one file name, given once"},
    {"include-special", 0, NULL, "visit special-purpose ranges too, loopback for one",
     set_include_special, NULL},
    {"rate", 'r', "R", "starts per second of the sweep, or N/m, N/h; 0: no limit (100)", set_rate,
     "a number, or a number followed by /s, /m or /h"},
    {"in-flight", 's', "N", "sessions at once; 0: what descriptors allow (1000)", set_in_flight,
     "a number from 0 to 10M"},
    {"threads", 'T', "N", "workers (one per processor)", set_threads, "a number from 1 to 64"},
    {"shards", 0, "N", "machines that share the sweep (1)", set_shards, "a number from 1"},
    {"shard", 0, "I", "which of them this is, from 0 (0)", set_shard, "a number from 0"},
    {"seed", 'e', "N", "of the order of visits (random)", set_seed, "a number that fits 64 bits"},
    {"ehlo-name", 0, "NAME", "our name in EHLO; required outside loopback", set_ehlo_name,
     "one name, given once"},
    {"starttls-anyway", 0, NULL, "send STARTTLS where it is not offered, too", set_starttls_anyway,
     NULL},
    {"connect-timeout", 0, "D", "for the TCP connection (10s)", set_connect_timeout_ns,
     "a duration up to 24h, such as 500ms, 10s or 2m"},
    {"reply-timeout", 0, "D", "for each SMTP reply (45s)", set_reply_timeout_ns,
     "a duration up to 24h, such as 500ms, 10s or 2m"},
    {"tls-timeout", 0, "D", "for the handshake (30s)", set_tls_timeout_ns,
     "a duration up to 24h, such as 500ms, 10s or 2m"},
    {"session-timeout", 0, "D", "for the whole session (3m)", set_session_timeout_ns,
     "a duration up to 24h, such as 500ms, 10s or 2m"},
    {"flush-interval", 0, "D", "a block is written at least this often (5s)", set_flush_ns,
     "a duration up to 24h, such as 500ms, 10s or 2m"},
    {"record", 0, "WHAT", "keep all, or only count the silent ones: all, responsive (all)",
     set_record, "all or responsive"},
    {"user-metadata", 0, "JSON", "kept in the dataset's header", set_user_metadata,
     "one JSON text, given once"},
    {"status-updates-file", 'u', "FILE", "add a JSON object a second to FILE; \"-\" is stdout",
     set_status_file, "one file name or \"-\", given once"},
    {"metrics-file", 0, "FILE", "keep figures for Prometheus in FILE, renewed each second",
     set_metrics_file, "one file name, given once"},
    {"dry-run", 0, NULL, "print the targets in their order, one a line, and connect to none",
     set_dry_run, NULL},
    {"quiet", 'q', NULL, "no status line, no summary", set_quiet, NULL},
    {"help", 'h', NULL, "this text", set_help, NULL},
    {"version", 'V', NULL, "versions of mxsweep and its libraries", set_version, NULL},
};
enum { NUM_ROWS = sizeof rows / sizeof rows[0], FIRST_LONG = 256 };

void options_help(FILE *out)
{
    fprintf(out, "usage: mxsweep [OPTION...] -o FILE [TARGET...]\n"
                 "Visits the mail servers of TARGETs, an ADDRESS, PREFIX or FIRST-LAST each, and\n"
                 "records how they do STARTTLS.\n\n");
    for (size_t i = 0; i < NUM_ROWS; i++) {
        char left[40];
        const struct option_row *r = &rows[i];
        snprintf(left, sizeof left, "%c%c%s --%s %s", r->letter != 0 ? '-' : ' ',
                 r->letter != 0 ? r->letter : ' ', r->letter != 0 ? "," : " ", r->name,
                 r->arg != NULL ? r->arg : "");
        fprintf(out, "  %-31s %s\n", left, r->help);
    }
    fprintf(out, "\nDurations: 500ms, 10s, 5m, 2h. Counts: 20k, 1M.\nExit status: 0 complete, 1 a "
                 "fault of ours, 2 usage, 3 stopped early (go on with --resume FILE).\n");
}

/* ---- reading ---- */

static void make_getopt(struct option *longs, char *letters)
{
    size_t n = 0;
    letters[n++] = ':'; /* tell a missing argument from an unknown option */
    for (size_t i = 0; i < NUM_ROWS; i++) {
        const struct option_row *r = &rows[i];
        int has_arg = r->arg != NULL ? required_argument : no_argument;
        longs[i] = (struct option){r->name, has_arg, NULL, FIRST_LONG + (int)i};
        if (r->letter == 0)
            continue;
        letters[n++] = r->letter;
        if (r->arg != NULL)
            letters[n++] = ':';
    }
    longs[NUM_ROWS] = (struct option){NULL, 0, NULL, 0};
    letters[n] = '\0';
}

static const struct option_row *row_of(int c)
{
    if (c >= FIRST_LONG)
        return &rows[c - FIRST_LONG];
    for (size_t i = 0; i < NUM_ROWS; i++)
        if (rows[i].letter == c)
            return &rows[i];
    return NULL;
}

static int complain(char err[OPTIONS_ERR_MAX], const char *what, const char *which,
                    const char *mend)
{
    snprintf(err, OPTIONS_ERR_MAX, "%s: %s%s%s", which, what, mend[0] != '\0' ? "; " : "", mend);
    return -EINVAL;
}

/* what getopt did not understand: inside a cluster of letters optind does not tell which one it
 * was */
static int complain_of_getopt(char err[OPTIONS_ERR_MAX], int c, char *const *argv)
{
    char letter[3] = {'-', (char)optopt, '\0'};
    const char *which = optopt > 0 && optopt < FIRST_LONG ? letter : argv[optind - 1];
    const char *what = c == ':'               ? "needs a value"
                       : optopt >= FIRST_LONG ? "takes no value"
                                              : "unknown option";
    return complain(err, what, which, "see mxsweep --help");
}

static int complain_of_value(char err[OPTIONS_ERR_MAX], const struct option_row *r,
                             const char *value)
{
    snprintf(err, OPTIONS_ERR_MAX, "--%s %.32s: expected is %s", r->name, value, r->expects);
    return -EINVAL;
}

static int check_metadata(const char *json, char err[OPTIONS_ERR_MAX])
{
    size_t at;
    const char *fault = json != NULL ? json_fault(&at, bytes_text(json)) : NULL;
    if (fault == NULL)
        return 0;
    snprintf(err, OPTIONS_ERR_MAX, "--user-metadata: is no JSON: octet %zu: %s", at + 1, fault);
    return -EINVAL;
}

static bool same_text(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* what goes into files of our own */
static int check_outputs(const struct options *o, char err[OPTIONS_ERR_MAX])
{
    const char *dataset = o->output_file != NULL ? o->output_file : o->resume_file;
    const char *mend = "give it a file of its own";
    if (same_text(o->status_file, dataset))
        return complain(err, "is the dataset", "--status-updates-file", mend);
    if (same_text(o->metrics_file, dataset))
        return complain(err, "is the dataset", "--metrics-file", mend);
    if (same_text(o->metrics_file, o->status_file))
        return complain(err, "is the file of --status-updates-file", "--metrics-file", mend);
    return check_metadata(o->user_metadata, err);
}

/* what may not stand together, or must */
static int check(const struct options *o, char err[OPTIONS_ERR_MAX])
{
    bool given = o->targets.num > 0 || o->input_files.num > 0;
    if (o->shards > 1 && !o->has_shard)
        return complain(err, "not given", "--shard",
                        "say which of the shards this is, from 0 to --shards less 1");
    if (o->shard >= o->shards)
        return complain(err, "there is no such shard", "--shard",
                        "shards count from 0 to --shards less 1");
    if (o->resume_file != NULL) {
        if (given || o->output_file != NULL || o->num_ports > 0 || o->has_seed || o->has_shards ||
            o->has_record || o->ehlo_name != NULL || o->user_metadata != NULL ||
            o->allowlist_file != NULL || o->include_special || o->starttls_anyway)
            return complain(
                err, "the dataset itself says what is scanned and how", "--resume",
                "leave out targets, -i, -o, -p, -w, -e, --include-special, --shards, --shard, "
                "--ehlo-name, --starttls-anyway, --record and --user-metadata");
        return check_outputs(o, err);
    }
    if (!given)
        return complain(err, "none given", "TARGET",
                        "name an address, prefix or range, or a file of them with -i");
    if (o->output_file == NULL && !o->dry_run)
        return complain(err, "not given", "--output-file",
                        "name the dataset to write with -o FILE");
    return check_outputs(o, err);
}

static void set_defaults(struct options *o)
{
    memset(o, 0, sizeof *o);
    o->rate_step_ns = NS_PER_S / 100;
    o->in_flight = 1000;
    o->shards = 1;
    o->connect_timeout_ns = 10 * NS_PER_S;
    o->reply_timeout_ns = 45 * NS_PER_S;
    o->tls_timeout_ns = 30 * NS_PER_S;
    o->session_timeout_ns = 180 * NS_PER_S;
    o->flush_ns = 5 * NS_PER_S;
}

int options_parse(struct options *o, char err[OPTIONS_ERR_MAX], int argc, char *const *argv)
{
    struct option longs[NUM_ROWS + 1];
    char letters[2 * NUM_ROWS + 2];
    make_getopt(longs, letters);
    set_defaults(o);
    optind = 0; /* so that it can be called again */
    opterr = 0;
    for (int c; (c = getopt_long(argc, argv, letters, longs, NULL)) != -1;) {
        if (c == '?' || c == ':')
            return complain_of_getopt(err, c, argv);
        const struct option_row *r = row_of(c);
        if (!r->set(o, optarg))
            return complain_of_value(err, r, optarg);
    }
    for (int i = optind; i < argc; i++)
        if (!add_text(&o->targets, argv[i]))
            return complain(err, "no memory", argv[i], "");
    return o->help || o->version ? 0 : check(o, err);
}

void options_cleanup(struct options *o)
{
    free(o->targets.texts);
    free(o->input_files.texts);
}
