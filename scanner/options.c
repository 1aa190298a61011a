#include "scanner/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>

#include "core/audit.h"
#include "core/json_valid.h"
#include "scanner/options_table.h"

#define NS_PER_S UINT64_C(1000000000)

enum { FIRST_LONG = 256 }; /* what getopt returns for row 0 */

void options_help(FILE *out)
{
    fprintf(out, "usage: mxsweep [OPTION...] -o FILE [TARGET...]\n"
                 "Visits the mail servers of TARGETs, an ADDRESS, PREFIX or FIRST-LAST each, and\n"
                 "records how they do STARTTLS.\n\n");
    for (size_t i = 0; i < NUM_OPTION_ROWS; i++) {
        char left[40];
        const struct option_row *r = &option_rows[i];
        snprintf(left, sizeof left, "%c%c%s --%s %s", r->letter != 0 ? '-' : ' ',
                 r->letter != 0 ? r->letter : ' ', r->letter != 0 ? "," : " ", r->name,
                 r->arg != NULL ? r->arg : "");
        fprintf(out, "  %-31s %s\n", left, r->help);
    }
    fprintf(out, "\nAudits, and how many connections to one target each takes at most:\n");
#define X(bit, NAME, slug, text, budget)                                                           \
    if ((AUDIT_BITS_LIST & AUDIT_BIT_##NAME) != 0)                                                 \
        fprintf(out, "    %-9s %s: %s\n", slug, text, budget);
    AUDITS(X)
#undef X
    fprintf(out, "\nDurations: 500ms, 10s, 5m, 2h. Counts: 20k, 1M.\nExit status: 0 complete, 1 a "
                 "fault of ours, 2 usage, 3 stopped early (go on with --resume FILE).\n");
}

/* ---- reading ---- */

static void make_getopt(struct option *longs, char *letters)
{
    size_t n = 0;
    letters[n++] = ':'; /* tell a missing argument from an unknown option */
    for (size_t i = 0; i < NUM_OPTION_ROWS; i++) {
        const struct option_row *r = &option_rows[i];
        int has_arg = r->arg != NULL ? required_argument : no_argument;
        longs[i] = (struct option){r->name, has_arg, NULL, FIRST_LONG + (int)i};
        if (r->letter == 0)
            continue;
        letters[n++] = r->letter;
        if (r->arg != NULL)
            letters[n++] = ':';
    }
    longs[NUM_OPTION_ROWS] = (struct option){NULL, 0, NULL, 0};
    letters[n] = '\0';
}

static const struct option_row *row_of(int c)
{
    if (c >= FIRST_LONG)
        return &option_rows[c - FIRST_LONG];
    for (size_t i = 0; i < NUM_OPTION_ROWS; i++)
        if (option_rows[i].letter == c)
            return &option_rows[i];
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
    snprintf(err, OPTIONS_ERR_MAX, "--%s %.32s: expected: %s", r->name, value, r->expects);
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

static int check_shards(const struct options *o, char err[OPTIONS_ERR_MAX])
{
    if (o->shards > 1 && !o->has_shard)
        return complain(err, "not given", "--shard",
                        "say which of the shards this is, from 0 to --shards less 1");
    if (o->shard >= o->shards)
        return complain(err, "there is no such shard", "--shard",
                        "shards count from 0 to --shards less 1");
    return 0;
}

/* limits that need something, or that say the same thing twice */
static int check_limits(const struct options *o, char err[OPTIONS_ERR_MAX])
{
    if (o->as_step_ns != 0 && o->asn_db == NULL)
        return complain(err, "needs to know which AS an address is in", "--as-rate",
                        "name a database with --asn-db FILE");
    if (o->asn_db != NULL && o->as_step_ns == 0)
        return complain(err, "is for --as-rate, which is not given", "--asn-db",
                        "give --as-rate, or leave both out");
    if (o->retries > 0 && o->retry_delay_ns == 0)
        return complain(err, "would come back at once to who said: later", "--retry-delay 0",
                        "give a delay, or --retries 0");
    if (o->preflight && o->dry_run)
        return complain(err, "asks control targets and the DNS", "--preflight",
                        "leave it out of a --dry-run, which sends no packet");
    if (o->max_targets != 0 && o->max_targets_ppm != 0)
        return complain(err, "is there twice", "--max-targets", "give a number or per cent");
    if (o->stream && o->max_targets_ppm != 0)
        return complain(err, "nobody knows how many a stream holds", "--max-targets",
                        "give a number, or take a sample with --sample");
    return check_outputs(o, err);
}

static int check_resumed(const struct options *o, char err[OPTIONS_ERR_MAX])
{
    if (o->targets.num > 0 || o->output_file != NULL || o->num_ports > 0 || o->has_seed ||
        o->has_shards || o->has_record || o->ehlo_name != NULL || o->source_ips != NULL ||
        o->sample_ppm != 0 || o->user_metadata != NULL || o->include_special || o->stream ||
        o->starttls_anyway || o->audits != 0 || o->explain_failures || o->resume_or_create)
        return complain(
            err, "the dataset itself says what is scanned and how", "--resume",
            "leave out targets, -o, -p, -e, --include-special, --stream, --sample, --shards, "
            "--shard, --source-ip, --ehlo-name, --starttls-anyway, --audit, --explain-failures, "
            "--record and --user-metadata");
    return check_limits(o, err);
}

/* what may not stand together, or must */
static int check(const struct options *o, char err[OPTIONS_ERR_MAX])
{
    bool given = o->targets.num > 0 || o->input_files.num > 0;
    int rc = check_shards(o, err);
    if (rc != 0)
        return rc;
    if (o->resume_file != NULL)
        return check_resumed(o, err);
    if (!given)
        return complain(err, "none given", "TARGET",
                        "name an address, prefix, range or host name, or a file of them with -i");
    if (o->stream && (o->targets.num > 0 || o->input_files.num != 1))
        return complain(err, "reads one list", "--stream",
                        "name it with one -i FILE (\"-\": stdin), and no other targets");
    if (o->resume_or_create && o->dry_run)
        return complain(err, "is for a sweep that is to run", "--resume-or-create", "leave it out");
    if (o->output_file == NULL && !o->dry_run)
        return complain(err, "not given", "--output-file",
                        "name the dataset to write with -o FILE");
    return check_limits(o, err);
}

void options_defaults(struct options *o)
{
    memset(o, 0, sizeof *o);
    o->rate_step_ns = NS_PER_S / 100;
    o->in_flight = 1000;
    o->prefix_step_ns = NS_PER_S / 10;
    o->prefix_in_flight = 64;
    o->prefix_len4 = 24;
    o->prefix_len6 = 48;
    o->retries = 2;
    o->retry_delay_ns = 60 * NS_PER_S;
    o->control_interval_ns = 10 * NS_PER_S;
    o->audit_delay_ns = NS_PER_S;
    o->disk_wait_ns = 60 * NS_PER_S;
    o->shards = 1;
    o->connect_timeout_ns = 10 * NS_PER_S;
    o->reply_timeout_ns = 45 * NS_PER_S;
    o->tls_timeout_ns = 30 * NS_PER_S;
    o->session_timeout_ns = 180 * NS_PER_S;
    o->flush_ns = 5 * NS_PER_S;
}

int options_parse(struct options *o, char err[OPTIONS_ERR_MAX], int argc, char *const *argv)
{
    struct option longs[NUM_OPTION_ROWS + 1];
    char letters[2 * NUM_OPTION_ROWS + 2];
    make_getopt(longs, letters);
    options_defaults(o);
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
        if (!option_add_text(&o->targets, argv[i]))
            return complain(err, "no memory", argv[i], "");
    return o->help || o->version ? 0 : check(o, err);
}

void options_cleanup(struct options *o)
{
    free(o->targets.texts);
    free(o->input_files.texts);
}
