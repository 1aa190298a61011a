#include <errno.h>
#include <stdlib.h>

#include "tools/commands.h"
#include "tools/export_csv.h"
#include "tools/export_fields.h"
#include "tools/exporter.h"
#include "tools/mta_rules.h"
#include "tools/new_file.h"

enum {
    OPTION_FORMAT,
    OPTION_COLUMNS,
    OPTION_CERTS,
    OPTION_WHERE,
    OPTION_COUNTRY_DB,
    OPTION_ASN_DB,
    OPTION_KEYS,
    OPTION_ANONYMIZE,
    OPTION_OUTPUT
};
enum { LIST_MAX = 1024 };

/* what the options name; cleaned up together */
struct setting {
    struct export_plan plan;
    struct export_columns columns;
    char list[LIST_MAX]; /* of columns, if none are named */
    struct geo *geo;
    struct where *where;
    struct rules *rules;
    struct anonymizer *anonymizer;
};

static bool complain(char err[COMMAND_ERR_MAX], const char *text)
{
    snprintf(err, COMMAND_ERR_MAX, "%s", text);
    return false;
}

/* finds value among the names; -1, and err */
static int choose(char err[COMMAND_ERR_MAX], const char *option, const char *value,
                  const char *const names[], size_t num)
{
    for (size_t i = 0; i < num; i++)
        if (strcmp(value, names[i]) == 0)
            return (int)i;
    int len = snprintf(err, COMMAND_ERR_MAX, "--%s %.32s: expected is ", option, value);
    for (size_t i = 0; i < num; i++)
        len += snprintf(err + len, COMMAND_ERR_MAX - (size_t)len, "%s%s",
                        i == 0         ? ""
                        : i + 1 == num ? " or "
                                       : ", ",
                        names[i]);
    return -1;
}

static bool read_choices(struct export_plan *p, char err[COMMAND_ERR_MAX], const struct args *args)
{
    static const char *const formats[] = {"jsonl", "csv", "zgrab2"};
    static const char *const chains[] = {"none", "ref", "parsed", "pem"};
    const char *format = args->values[OPTION_FORMAT], *certs = args->values[OPTION_CERTS];
    int f = format == NULL ? EXPORT_JSONL : choose(err, "format", format, formats, 3);
    int c = certs == NULL ? CHAINS_REF : choose(err, "certs", certs, chains, 4);
    if (f < 0 || c < 0)
        return false;
    p->format = args->values[OPTION_KEYS] != NULL ? EXPORT_KEYS : (enum export_format)f;
    p->chains = (enum export_chains)c;
    return true;
}

/* what does not go together, and why */
static bool check_together(const struct export_plan *p, char err[COMMAND_ERR_MAX],
                           const struct args *args)
{
    bool columns = args->values[OPTION_COLUMNS] != NULL, keys = args->values[OPTION_KEYS] != NULL;
    bool anonymous = args->values[OPTION_ANONYMIZE] != NULL;
    if (keys && (columns || anonymous || args->values[OPTION_FORMAT] != NULL ||
                 args->values[OPTION_CERTS] != NULL))
        return complain(err, "--keys: writes lines of its own; leave out --format, --columns, "
                             "--certs and --anonymize");
    if (p->format == EXPORT_ZGRAB2 && columns)
        return complain(err, "--columns: not with --format zgrab2, whose fields are fixed");
    if (p->format == EXPORT_ZGRAB2 && anonymous)
        return complain(err, "--anonymize: not with --format zgrab2, which is texts of servers; "
                             "jsonl and csv can");
    if (anonymous && p->chains > CHAINS_REF)
        return complain(err, "--anonymize: certificates name their owners; --certs can be none or "
                             "ref");
    return true;
}

/* ---- columns ---- */

/* those of a table if none are named, with those that what is joined fills */
static const char *default_columns(struct setting *s, const struct args *args)
{
    const struct export_plan *p = &s->plan;
    bool asn = args->values[OPTION_ASN_DB] != NULL && args->values[OPTION_ANONYMIZE] == NULL;
    snprintf(s->list, sizeof s->list, "%s%s%s%s", EXPORT_CSV_COLUMNS,
             args->values[OPTION_COUNTRY_DB] != NULL ? ",country" : "", asn ? ",asn,as_org" : "",
             p->chains == CHAINS_PARSED ? "," EXPORT_CSV_CERT_COLUMNS
             : p->chains == CHAINS_PEM  ? ",certs.0.pem"
                                        : "");
    return s->list;
}

static bool is_in(struct bytes name, const char *field)
{
    size_t len = strlen(field);
    return name.len >= len && memcmp(name.data, field, len) == 0 &&
           (name.len == len || name.data[len] == '.');
}

/* what keeps a column from ever being filled; NULL: nothing does */
static const char *why_empty(const struct export_plan *p, const struct args *args,
                             struct bytes name)
{
    const struct export_field *field = export_field_find(name);
    if (is_in(name, "country") && args->values[OPTION_COUNTRY_DB] == NULL)
        return "needs --country-db";
    if ((is_in(name, "asn") || is_in(name, "as_org")) && args->values[OPTION_ASN_DB] == NULL)
        return "needs --asn-db";
    if (is_in(name, "chain") && p->chains == CHAINS_NONE)
        return "needs --certs ref, parsed or pem";
    if (is_in(name, "certs") && p->chains < CHAINS_PARSED)
        return "needs --certs parsed or pem";
    if (args->values[OPTION_ANONYMIZE] != NULL && field->hide == HIDE_DROP)
        return "left out by --anonymize, as it tells whose it is";
    return NULL;
}

static bool read_columns(struct setting *s, char err[COMMAND_ERR_MAX], const struct args *args)
{
    bool table = s->plan.format == EXPORT_CSV;
    const char *list = args->values[OPTION_COLUMNS];
    if (list == NULL && !table)
        return true;
    s->plan.columns = &s->columns;
    if (!export_columns_parse(&s->columns, err, list != NULL ? list : default_columns(s, args),
                              table ? EXPORT_TABLE : EXPORT_LINES))
        return false;
    for (size_t i = 0; list != NULL && i < s->columns.num; i++) {
        struct bytes name = s->columns.names[i];
        const char *why = why_empty(&s->plan, args, name);
        if (why != NULL) {
            snprintf(err, COMMAND_ERR_MAX, "--columns: \"%.*s\": %s", (int)name.len, name.data,
                     why);
            return false;
        }
    }
    return true;
}

/* ---- files that options name ---- */

/* a database of which neither the lines nor the filter show anything */
static bool check_joined(const struct setting *s, char err[COMMAND_ERR_MAX],
                         const struct args *args)
{
    bool keys = s->plan.format == EXPORT_KEYS;
    if (!keys && s->plan.format != EXPORT_ZGRAB2)
        return true;
    bool country = s->where != NULL && where_lacks(s->where, false, true) != NULL;
    bool as = s->where != NULL && where_lacks(s->where, true, false) != NULL;
    const char *unused = !country && args->values[OPTION_COUNTRY_DB] != NULL ? "country-db"
                         : !as && args->values[OPTION_ASN_DB] != NULL        ? "asn-db"
                                                                             : NULL;
    if (unused != NULL)
        snprintf(err, COMMAND_ERR_MAX,
                 "--%s: %s has no place for what it tells, and no --where asks for it; leave it "
                 "out",
                 unused, keys ? "a line of --keys" : "--format zgrab2");
    return unused == NULL;
}

static bool read_where(struct setting *s, char err[COMMAND_ERR_MAX], const struct args *args)
{
    static const char *const of_rules[] = {"mta", "mta_version", NULL};
    const char *text = args->values[OPTION_WHERE];
    if (text == NULL)
        return true;
    if (where_parse(&s->where, err, text) != 0)
        return false;
    const char *lacks = where_lacks(s->where, args->values[OPTION_COUNTRY_DB] != NULL,
                                    args->values[OPTION_ASN_DB] != NULL);
    if (lacks != NULL)
        return complain(err, lacks);
    s->plan.where = s->where;
    return !where_has_field(s->where, of_rules) || mta_rules_open(&s->rules, err, NULL) == 0;
}

/* what files hold: faults of theirs are no faults of usage */
static bool open_files(struct setting *s, char err[COMMAND_ERR_MAX], const struct args *args)
{
    const char *country = args->values[OPTION_COUNTRY_DB], *as = args->values[OPTION_ASN_DB];
    const char *key = args->values[OPTION_ANONYMIZE], *folder = getenv("TMPDIR");
    if ((country != NULL || as != NULL) && geo_open(&s->geo, err, country, as) != 0)
        return false;
    if (key != NULL && (s->anonymizer = anonymizer_open(err, key)) == NULL)
        return false;
    s->plan.geo = s->geo;
    s->plan.mta = s->rules;
    s->plan.anonymizer = s->anonymizer;
    s->plan.folder = folder != NULL && folder[0] != '\0' ? folder : "/tmp";
    return true;
}

static void clean_up(struct setting *s)
{
    geo_close(s->geo);
    where_free(s->where);
    rules_free(s->rules);
    anonymizer_free(s->anonymizer);
}

/* ---- datasets ---- */

/* writes the records of a file; of one that is damaged or torn, those before that */
static int export_file(struct exporter *e, char err[COMMAND_ERR_MAX],
                       const struct export_plan *plan, const char *path)
{
    struct walk w;
    int rc = walk_open(&w, err, path);
    if (rc == 0 && !exporter_reads_certs(plan))
        block_defer_certs(w.block);
    while (rc == 0 && (rc = walk_next(&w, err)) == 1)
        rc = w.item.kind == DATASET_BLOCK ? exporter_block(e, err, &w) : 0;
    if (rc == 0)
        walk_note(&w, rc, path);
    walk_close(&w);
    return rc;
}

static enum exit_code export_all(const struct export_plan *plan, char err[COMMAND_ERR_MAX],
                                 const struct args *args)
{
    struct new_file out;
    if (!new_file_open(&out, err, args->values[OPTION_OUTPUT]))
        return EXIT_USAGE;
    struct exporter *e = exporter_new(plan, &out);
    int rc = e != NULL ? 0 : -ENOMEM;
    for (size_t i = 0; i < args->num_files && (rc == 0 || rc == -ENODATA); i++)
        rc = export_file(e, err, plan, args->files[i]);
    /* of a torn file, all that is whole is written, and err says what is not */
    bool good = (rc == 0 || rc == -ENODATA) && exporter_finish(e, err) == 0;
    if (!good && err[0] == '\0')
        snprintf(err, COMMAND_ERR_MAX, "no memory for the records");
    bool closed = new_file_close(&out, err, good);
    exporter_free(e);
    return good && closed && err[0] == '\0' ? EXIT_GOOD : EXIT_FAULT;
}

static enum exit_code run(const struct args *args, char err[COMMAND_ERR_MAX])
{
    struct setting s = {.geo = NULL};
    enum exit_code code = EXIT_USAGE;
    if (read_choices(&s.plan, err, args) && check_together(&s.plan, err, args) &&
        read_columns(&s, err, args) && read_where(&s, err, args) && check_joined(&s, err, args))
        code = open_files(&s, err, args) ? export_all(&s.plan, err, args) : EXIT_FAULT;
    clean_up(&s);
    return code;
}

const struct command cmd_export = {
    .name = "export",
    .about = "Writes the records of datasets, one JSON object a line, or in other formats.",
    .text = "doc/export.md and doc/export.schema.json describe lines, columns and escapes, "
            "doc/where.md\nfilters. Targets that the sweep only counted (--record responsive) have "
            "no line. Certificates\nthat are shown are kept in a file in TMPDIR (/tmp).",
    .rows = {[OPTION_FORMAT] = {"format", 0, "FORMAT", "jsonl, csv or zgrab2 (jsonl)"},
             [OPTION_COLUMNS] = {"columns", 0, "LIST",
                                 "only these fields: addr,tls.version,chain.0"},
             [OPTION_CERTS] = {"certs", 0, "HOW",
                               "none, ref, parsed or pem: what of the chain (ref)"},
             [OPTION_WHERE] = {"where", 0, "EXPR", "only the records that EXPR is true of"},
             [OPTION_COUNTRY_DB] = {"country-db", 0, "FILE", "adds country, of a MaxMind database"},
             [OPTION_ASN_DB] = {"asn-db", 0, "FILE", "adds asn and as_org"},
             [OPTION_KEYS] = {"keys", 0, NULL, "the distinct public keys instead, one a line"},
             [OPTION_ANONYMIZE] = {"anonymize", 0, "KEYFILE",
                                   "hides who it is about; 32 octets or 64 hex digits"},
             [OPTION_OUTPUT] = {"output-file", 'o', "FILE",
                                "the file to write; it must not exist (stdout)"}},
    .run = run,
};
