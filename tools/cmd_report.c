#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "tools/commands.h"
#include "tools/mta_rules.h"
#include "tools/page_files.h"
#include "tools/parallel.h"
#include "tools/report_caches.h"
#include "tools/report_read.h"
#include "tools/spill.h"
#include "tools/statistics_only.h"

enum {
    OPTION_JSON,
    OPTION_TOP,
    OPTION_TRUST_STORE,
    OPTION_MTA_RULES,
    OPTION_CERTIFICATE_RULES,
    OPTION_BY,
    OPTION_COUNTRY_DB,
    OPTION_ASN_DB,
    OPTION_WHERE,
    OPTION_WEIGHTS,
    OPTION_SAMPLED,
    OPTION_MIN_CELL,
    OPTION_THREADS,
    OPTION_CACHE,
    OPTION_NO_CACHE,
    OPTION_PARTIAL,
    OPTION_HTML,
    OPTION_SVG,
    OPTION_CSV,
    OPTION_MEMORY_LIMIT,
    OPTION_TEMP_DIR,
    OPTION_ONLY,
    NUM_OPTIONS
};
enum { TOP_DEFAULT = 20, MEMORY_LIMIT_DEFAULT = 2000000000, MEMORY_LIMIT_MIN = 20000 };

/* ---- options ---- */

static bool read_count(size_t *out, char err[COMMAND_ERR_MAX], const struct args *args,
                       unsigned option, const char *name, const char *expected)
{
    const char *text = args->values[option];
    if (text == NULL || args_count(out, text))
        return true;
    snprintf(err, COMMAND_ERR_MAX, "--%s %.32s: expected is %s", name, text, expected);
    return false;
}

/* opens the trust store that was named, or the system's if there is one */
static int open_store(struct trust_store **out, char err[COMMAND_ERR_MAX], const char *path)
{
    char why[TRUST_STORE_ERR_MAX] = "";
    if (path == NULL && access(TRUST_STORE_DEFAULT, F_OK) != 0)
        return 0;
    int rc = trust_store_open(out, why, path != NULL ? path : TRUST_STORE_DEFAULT);
    if (rc != 0)
        snprintf(err, COMMAND_ERR_MAX, "--trust-store: %s", why);
    return rc;
}

/* ---- printing ---- */

static enum exit_code print(const struct report *r, char err[COMMAND_ERR_MAX], bool as_json)
{
    if (!as_json) {
        report_text(stdout, r);
        return EXIT_GOOD;
    }
    struct json j;
    json_init(&j);
    report_json(&j, r);
    bool good = !j.bad;
    if (good)
        fwrite(j.text, 1, j.len, stdout);
    else
        snprintf(err, COMMAND_ERR_MAX, "no memory for the report");
    json_cleanup(&j);
    return good ? EXIT_GOOD : EXIT_FAULT;
}

/* the page, the charts and the tables stand for the text, but not for JSON */
static enum exit_code write_report(const struct report *r, char err[COMMAND_ERR_MAX],
                                   const struct args *args, struct page_files *pages)
{
    bool has_pages = args->values[OPTION_HTML] != NULL || args->values[OPTION_SVG] != NULL ||
                     args->values[OPTION_CSV] != NULL;
    bool as_json = args->values[OPTION_JSON] != NULL;
    if (!page_files_write(pages, err, r))
        return EXIT_FAULT;
    return has_pages && !as_json ? EXIT_GOOD : print(r, err, as_json);
}

/* what is opened for a report, and its numbers */
struct wanted {
    struct trust_store *store;
    struct rules *mta, *rejection, *certificate;
    struct geo *geo;
    struct where *where;
    struct weights *weights;
    size_t top, num_threads, min_cell;
    uint64_t memory_limit;
    const char *temp_folder;
    unsigned dimensions, needs; /* needs: enum need */
    double sampled;
    bool is_part; /* only some statistics are asked for */
    struct statistics_only only;
};

static int make_breakdowns(struct report *r, const struct aggregate *a, const struct wanted *w)
{
    int rc = 0;
    r->breakdowns = calloc(NUM_DIMENSIONS, sizeof r->breakdowns[0]);
    if (r->breakdowns == NULL)
        return -ENOMEM;
    for (unsigned i = 0; rc == 0 && i < NUM_DIMENSIONS; i++)
        if (w->dimensions >> i & 1)
            rc = breakdown_make(&r->breakdowns[r->num_breakdowns++], a, i, w->top, w->min_cell,
                                &r->statistics);
    return rc;
}

static void cleanup(struct report *r)
{
    for (size_t i = 0; i < r->num_breakdowns; i++)
        breakdown_cleanup(&r->breakdowns[i]);
    free(r->breakdowns);
    statistics_cleanup(&r->statistics);
}

static int make(struct report *r, struct aggregate *a, const struct wanted *w)
{
    struct statistics *all = &r->statistics;
    int rc = statistics_make(all, a, w->top);
    if (rc == 0 && w->min_cell > 0)
        rc = statistics_suppress(&all, 1, w->min_cell, NULL);
    if (rc == 0)
        rc = make_breakdowns(r, a, w);
    return rc;
}

static enum exit_code make_and_write(const struct report_read *read, char err[COMMAND_ERR_MAX],
                                     const struct args *args, const struct wanted *w,
                                     struct page_files *pages)
{
    static const unsigned databases[NUM_GEO_KINDS] = {
        [GEO_COUNTRY] = OPTION_COUNTRY_DB, [GEO_AS] = OPTION_ASN_DB};
    const char *path = args->values[OPTION_TRUST_STORE];
    struct report report = {
        .files = read->files,
        .num_files = read->num_files,
        .store_path = (w->needs & NEED_VERDICTS) == 0 ? NULL
                      : path != NULL                  ? path
                                                      : TRUST_STORE_DEFAULT,
        .store = w->store != NULL && (w->needs & NEED_VERDICTS) != 0 ? trust_store_facts(w->store)
                                                                     : NULL,
        .mta_rules = rules_version(w->mta),
        .certificate_rules = rules_version(w->certificate),
        .where = args->values[OPTION_WHERE],
        .weights_path = args->values[OPTION_WEIGHTS],
        .num_weights = w->weights != NULL ? weights_num(w->weights) : 0,
        .sampled = w->sampled,
        .min_cell = w->min_cell,
        .is_part = w->is_part,
    };
    for (unsigned i = 0; i < NUM_GEO_KINDS; i++)
        if (w->geo != NULL && geo_describe(w->geo, &report.geo[i], i))
            report.geo_paths[i] = args->values[databases[i]];
    enum exit_code code = EXIT_FAULT;
    if (make(&report, read->aggregate, w) != 0)
        snprintf(err, COMMAND_ERR_MAX, "no memory for the statistics");
    else
        code = write_report(&report, err, args, pages);
    cleanup(&report);
    return code;
}

/* ---- what is opened ---- */

static bool read_where(struct wanted *w, char err[COMMAND_ERR_MAX], const struct args *args)
{
    const char *text = args->values[OPTION_WHERE];
    if (text == NULL)
        return true;
    if (where_parse(&w->where, err, text) != 0)
        return false;
    const char *lacks = where_lacks(w->where, args->values[OPTION_COUNTRY_DB] != NULL,
                                    args->values[OPTION_ASN_DB] != NULL);
    if (lacks != NULL)
        snprintf(err, COMMAND_ERR_MAX, "%s", lacks);
    return lacks == NULL;
}

/* a folder that was named is tried before anything is read; the other may never be needed */
static bool try_folder(char err[COMMAND_ERR_MAX], const char *folder)
{
    char why[SPILL_ERR_MAX] = "";
    int fd = folder != NULL ? spill_open(why, folder) : -1;
    if (fd >= 0)
        close(fd);
    if (why[0] != '\0')
        snprintf(err, COMMAND_ERR_MAX, "--temp-dir: %s", why);
    return why[0] == '\0';
}

static enum exit_code open_all(struct wanted *w, char err[COMMAND_ERR_MAX], const struct args *args)
{
    char why[COMMAND_ERR_MAX / 2] = "";
    const char *const *value = args->values;
    const char *what = "";
    if (!read_where(w, err, args))
        return EXIT_USAGE;
    if (!try_folder(err, value[OPTION_TEMP_DIR]))
        return EXIT_FAULT;
    bool places = (w->needs & NEED_PLACES) != 0 || w->where != NULL ||
                  (w->dimensions & (1U << DIMENSION_COUNTRY | 1U << DIMENSION_AS)) != 0;
    if ((w->needs & NEED_CERTS) != 0 && open_store(&w->store, err, value[OPTION_TRUST_STORE]) != 0)
        return EXIT_FAULT;
    int rc = mta_rules_open(&w->mta, why, value[OPTION_MTA_RULES]);
    if (rc == 0)
        rc = rejection_rules_open(&w->rejection, why, NULL);
    if (rc != 0)
        what = "--mta-rules";
    if (rc == 0 &&
        (rc = certificate_rules_open(&w->certificate, why, value[OPTION_CERTIFICATE_RULES])) != 0)
        what = "--certificate-rules";
    if (rc == 0 && places && (value[OPTION_COUNTRY_DB] != NULL || value[OPTION_ASN_DB] != NULL) &&
        (rc = geo_open(&w->geo, why, value[OPTION_COUNTRY_DB], value[OPTION_ASN_DB])) != 0)
        what = "--country-db, --asn-db";
    if (rc == 0 && value[OPTION_WEIGHTS] != NULL &&
        (rc = weights_open(&w->weights, why, value[OPTION_WEIGHTS])) != 0)
        what = "--weights";
    if (rc != 0)
        snprintf(err, COMMAND_ERR_MAX, "%s: %s", what, why);
    return rc == 0 ? EXIT_GOOD : EXIT_FAULT;
}

static void close_all(struct wanted *w)
{
    trust_store_free(w->store);
    rules_free(w->mta);
    rules_free(w->rejection);
    rules_free(w->certificate);
    geo_close(w->geo);
    where_free(w->where);
    weights_free(w->weights);
}

/* ---- what is asked for ---- */

static bool read_dimensions(struct wanted *w, char err[COMMAND_ERR_MAX], const struct args *args)
{
    struct bytes bad;
    const char *list = args->values[OPTION_BY];
    if (list == NULL)
        return true;
    if (!dimensions_parse(&w->dimensions, &bad, list)) {
        snprintf(err, COMMAND_ERR_MAX,
                 "--by %.32s: expected are, with commas: country, as, prefix, "
                 "network, family, mta, tag, port, source, attempt, version, issuer, key, cluster",
                 list);
        return false;
    }
    if (w->dimensions & 1U << DIMENSION_COUNTRY && args->values[OPTION_COUNTRY_DB] == NULL) {
        snprintf(err, COMMAND_ERR_MAX, "--by country: needs a database; name one by --country-db");
        return false;
    }
    if (w->dimensions & 1U << DIMENSION_AS && args->values[OPTION_ASN_DB] == NULL) {
        snprintf(err, COMMAND_ERR_MAX, "--by as: needs a database; name one by --asn-db");
        return false;
    }
    return true;
}

static bool read_sampled(struct wanted *w, char err[COMMAND_ERR_MAX], const struct args *args)
{
    const char *text = args->values[OPTION_SAMPLED];
    char *end;
    if (text == NULL)
        return true;
    w->sampled = strtod(text, &end);
    if (text[0] == '\0' || *end != '\0' || !(w->sampled > 0 && w->sampled <= 1)) {
        snprintf(err, COMMAND_ERR_MAX,
                 "--sampled %.32s: expected is the fraction that was drawn, over 0 up to 1", text);
        return false;
    }
    if (args->values[OPTION_WEIGHTS] != NULL) {
        snprintf(err, COMMAND_ERR_MAX,
                 "--sampled and --weights: weighted shares have no such intervals; leave one out");
        return false;
    }
    return true;
}

/* a weight says nothing of how few targets a row is about */
static bool check_min_cell(const struct wanted *w, char err[COMMAND_ERR_MAX],
                           const struct args *args)
{
    bool both = w->min_cell > 0 && args->values[OPTION_WEIGHTS] != NULL;
    if (both)
        snprintf(err, COMMAND_ERR_MAX,
                 "--min-cell and --weights: weighted counts tell not how many targets they are "
                 "about; leave one out");
    return !both;
}

static bool read_memory(struct wanted *w, char err[COMMAND_ERR_MAX], const struct args *args)
{
    const char *text = args->values[OPTION_MEMORY_LIMIT], *folder = args->values[OPTION_TEMP_DIR];
    if (folder == NULL)
        folder = getenv("TMPDIR");
    w->temp_folder = folder != NULL && folder[0] != '\0' ? folder : "/tmp";
    if (text == NULL ||
        (args_octets(&w->memory_limit, text) && w->memory_limit >= MEMORY_LIMIT_MIN))
        return true;
    snprintf(err, COMMAND_ERR_MAX,
             "--memory-limit %.32s: expected is a number of octets such as 500M or 4G, %dk or more",
             text, MEMORY_LIMIT_MIN / 1000);
    return false;
}

static bool read_only(struct wanted *w, char err[COMMAND_ERR_MAX], const struct args *args)
{
    struct bytes bad;
    const char *list = args->values[OPTION_ONLY];
    w->needs = NEED_ALL;
    if (list == NULL)
        return true;
    if (!statistics_only_parse(&w->only, &bad, list)) {
        char word[64];
        text_for_terminal(word, sizeof word, bad);
        snprintf(err, COMMAND_ERR_MAX,
                 "--only: \"%s\" is no statistic; --only help lists those there are", word);
        return false;
    }
    w->is_part = true;
    if ((w->dimensions & GROUPS_OF_LEAVES) != 0)
        w->only.needs |= NEED_CERTS;
    w->needs = w->only.needs;
    return true;
}

static bool read_wanted(struct wanted *w, char err[COMMAND_ERR_MAX], const struct args *args)
{
    return read_count(&w->top, err, args, OPTION_TOP, "top", "a number of rows, or 0 for all") &&
           read_count(&w->num_threads, err, args, OPTION_THREADS, "threads",
                      "a number of threads") &&
           read_count(&w->min_cell, err, args, OPTION_MIN_CELL, "min-cell",
                      "a number of targets") &&
           check_min_cell(w, err, args) && read_memory(w, err, args) &&
           read_dimensions(w, err, args) && read_sampled(w, err, args) && read_only(w, err, args);
}

/* ---- the command ---- */

/* pages are opened before anything is read: what is there is not written over */
static enum exit_code read_and_write(struct report_read *read, char err[COMMAND_ERR_MAX],
                                     const struct args *args, const struct wanted *w)
{
    struct page_files pages;
    const struct page_paths paths = {.html = args->values[OPTION_HTML],
                                     .svg = args->values[OPTION_SVG],
                                     .csv = args->values[OPTION_CSV]};
    if (!page_files_open(&pages, err, &paths))
        return EXIT_FAULT;
    enum exit_code code = report_read(read, err);
    if (code == EXIT_GOOD && w->weights != NULL && read->aggregate->funnel[FUNNEL_P] == 0)
        report_note(
            read, "--weights: none of its addresses is a target that was probed; all counts are 0");
    if (code == EXIT_GOOD)
        code = make_and_write(read, err, args, w, &pages);
    if (!page_files_close(&pages, err, code == EXIT_GOOD))
        code = EXIT_FAULT;
    return code;
}

/* a partial has what any report of it may ask for */
static enum exit_code write_partial(struct report_read *read, char err[COMMAND_ERR_MAX],
                                    const struct args *args)
{
    for (unsigned i = 0; i < NUM_OPTIONS; i++)
        if (args->values[i] != NULL && i != OPTION_PARTIAL && i != OPTION_TRUST_STORE &&
            i != OPTION_THREADS) {
            snprintf(err, COMMAND_ERR_MAX,
                     "--partial: --%s is for the report that is made of it; leave it out",
                     cmd_report.rows[i].name);
            return EXIT_USAGE;
        }
    if (read->num_files != 1 || read->store == NULL) {
        snprintf(err, COMMAND_ERR_MAX,
                 read->store == NULL
                     ? "--partial: chains must be judged; name a trust store by --trust-store"
                     : "--partial: expected is one FILE; make a partial of each");
        return EXIT_USAGE;
    }
    return report_read_partial(read, err, args->values[OPTION_PARTIAL]);
}

static enum exit_code read_and_print(const struct wanted *w, char err[COMMAND_ERR_MAX],
                                     const struct args *args)
{
    size_t threads = w->num_threads < 1                      ? 1
                     : w->num_threads < PARALLEL_THREADS_MAX ? w->num_threads
                                                             : PARALLEL_THREADS_MAX;
    struct report_read read = {
        .paths = args->files,
        .num_files = args->num_files,
        .store = w->store,
        .num_threads = (unsigned)threads,
        .no_cache = args->values[OPTION_NO_CACHE] != NULL,
        .today = (uint16_t)(time(NULL) / 86400),
        .cache_folder = args->values[OPTION_CACHE],
        .top = w->top,
        .memory_limit = w->memory_limit,
        .temp_folder = w->temp_folder,
        .top_countries = args->values[OPTION_TOP] != NULL ? w->top : 0,
        .setup = {.only = w->is_part ? &w->only : NULL,
                  .mta = w->mta,
                  .rejection = w->rejection,
                  .certificate = w->certificate,
                  .select = {.dimensions = w->dimensions,
                             .geo = w->geo,
                             .mta = w->mta,
                             .where = w->where,
                             .weights = w->weights}},
    };
    enum exit_code code = args->values[OPTION_PARTIAL] != NULL
                              ? write_partial(&read, err, args)
                              : read_and_write(&read, err, args, w);
    if (code == EXIT_GOOD && read.torn[0] != '\0') {
        memcpy(err, read.torn, COMMAND_ERR_MAX);
        code = EXIT_FAULT; /* a file is torn: the report is of what is whole, and says so */
    }
    report_read_cleanup(&read);
    return code;
}

static enum exit_code run(const struct args *args, char err[COMMAND_ERR_MAX])
{
    struct wanted wanted = {
        .top = TOP_DEFAULT,
        .num_threads = parallel_threads(),
        .memory_limit = MEMORY_LIMIT_DEFAULT,
    };
    const char *only = args->values[OPTION_ONLY];
    if (only != NULL && strcmp(only, "help") == 0) {
        statistics_only_help(stdout);
        return EXIT_GOOD;
    }
    if (!read_wanted(&wanted, err, args))
        return EXIT_USAGE;
    enum exit_code code = open_all(&wanted, err, args);
    if (code == EXIT_GOOD)
        code = read_and_print(&wanted, err, args);
    close_all(&wanted);
    return code;
}

const struct command cmd_report = {
    .name = "report",
    .about = "Prints the statistics of datasets: of one file, or of all shards or parts together.",
    .rows =
        {[OPTION_JSON] = {"json", 0, NULL,
                          "as JSON, unrounded, with definitions (doc/statistics.md)"},
         [OPTION_TOP] = {"top", 0, "N",
                         "rows of tables without bound, such as issuers, and groups; 0: all (20, "
                         "but all countries)"},
         [OPTION_TRUST_STORE] = {"trust-store", 0, "FILE",
                                 "roots in PEM to judge chains by (" TRUST_STORE_DEFAULT ")"},
         [OPTION_MTA_RULES] = {"mta-rules", 0, "FILE",
                               "rules that name mail software, in place of those built in"},
         [OPTION_CERTIFICATE_RULES] =
             {"certificate-rules", 0, "FILE",
              "rules that name products by their default certificates, likewise"},
         [OPTION_BY] = {"by", 0, "LIST",
                        "the same by groups: country, as, prefix, network, family, mta, tag, port, "
                        "source, attempt, version, issuer, key, cluster"},
         [OPTION_COUNTRY_DB] = {"country-db", 0, "FILE",
                                "countries of addresses, in MaxMind's format"},
         [OPTION_ASN_DB] = {"asn-db", 0, "FILE", "ASes of addresses, in MaxMind's format"},
         [OPTION_WHERE] = {"where", 0, "FILTER", "only targets that it selects; doc/where.md"},
         [OPTION_WEIGHTS] = {"weights", 0, "FILE",
                             "lines of ADDRESS,WEIGHT: how much targets count, others nothing"},
         [OPTION_SAMPLED] = {"sampled", 0, "FRACTION",
                             "the targets are such a sample: intervals beside shares"},
         [OPTION_MIN_CELL] = {"min-cell", 0, "N", "tells no row of fewer targets apart"},
         [OPTION_THREADS] = {"threads", 'T', "N", "threads (all cores)"},
         [OPTION_CACHE] = {"cache", 0, "DIR",
                           "where to keep what was judged (beside FILE, if it is much)"},
         [OPTION_NO_CACHE] = {"no-cache", 0, NULL, "judge all chains, and keep nothing"},
         [OPTION_PARTIAL] = {"partial", 0, "OUT",
                             "writes what reports need of FILE, smaller; doc/partial.md"},
         [OPTION_HTML] = {"html", 0, "FILE",
                          "writes a page instead of the text: charts and tables in one file"},
         [OPTION_SVG] = {"svg", 0, "DIR", "writes each chart as DIR/ID.svg, for papers"},
         [OPTION_CSV] = {"csv", 0, "DIR", "writes each statistic as a table, DIR/ID.csv"},
         [OPTION_MEMORY_LIMIT] = {"memory-limit", 0, "SIZE",
                                  "for what grows with FILE; what has no room waits (2G)"},
         [OPTION_TEMP_DIR] = {"temp-dir", 0, "DIR",
                              "where files for what has no room are made ($TMPDIR, /tmp)"},
         [OPTION_ONLY] = {"only", 0, "LIST",
                          "only these statistics, by their ids; help: lists those"}},
    .asks = "only",
    .run = run,
};
