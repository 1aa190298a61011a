#include "tools/report_csv.h"

#include <math.h>
#include <stdio.h>

#include "tools/export_csv.h"

enum { NAME_MAX_LEN = 80, FLUSH_LEN = 1 << 20, PERCENT_DECIMALS = 6, MS_DECIMALS = 3 };
enum { FIGURE_DECIMALS = 9 };

/* ---- a table ---- */

/* a row is written as a line of JSON first, which the writer of the export makes cells of */
struct table {
    struct new_folder *folder;
    struct new_folder_file file;
    struct export_columns columns;
    struct json line, out;
};

static bool add_columns(struct export_columns *c, const char *const *names)
{
    for (; *names != NULL; names++) {
        struct bytes name = bytes_text(*names);
        if (!pick_add(&c->pick, name, (uint16_t)c->num))
            return false;
        c->names[c->num++] = name;
    }
    return true;
}

static bool no_memory(char err[COMMAND_ERR_MAX], const struct table *t)
{
    snprintf(err, COMMAND_ERR_MAX, "%s: no memory for it", t->folder->path);
    return false;
}

/* lists of columns end with NULL; the last list with one that is NULL itself */
static bool table_open(struct table *t, char err[COMMAND_ERR_MAX], struct new_folder *folder,
                       const char *name, const char *const *const *lists)
{
    *t = (struct table){.folder = folder};
    pick_init(&t->columns.pick);
    json_init(&t->line);
    json_init(&t->out);
    for (; *lists != NULL; lists++)
        if (!add_columns(&t->columns, *lists))
            return no_memory(err, t);
    csv_header(&t->out, &t->columns);
    return new_folder_create(folder, err, &t->file, name);
}

static bool flush(struct table *t, char err[COMMAND_ERR_MAX])
{
    if (t->out.bad || t->line.bad)
        return no_memory(err, t);
    bool good = new_folder_append(t->folder, err, &t->file, bytes_of(t->out.text, t->out.len));
    json_reset(&t->out);
    return good;
}

static bool table_close(struct table *t, char err[COMMAND_ERR_MAX], bool good)
{
    good = good && flush(t, err);
    good = new_folder_finish(t->folder, err, &t->file, good);
    json_cleanup(&t->line);
    json_cleanup(&t->out);
    return good;
}

static struct json *row_begin(struct table *t)
{
    json_reset(&t->line);
    json_object(&t->line);
    return &t->line;
}

static bool row_end(struct table *t, char err[COMMAND_ERR_MAX])
{
    json_object_end(&t->line);
    csv_row(&t->out, &t->columns, bytes_of(t->line.text, t->line.len));
    return t->out.len < FLUSH_LEN || flush(t, err);
}

/* ---- cells ---- */

static void put_text(struct json *j, const char *column, const char *text)
{
    json_key(j, column);
    json_string(j, text);
}

static void put_octets(struct json *j, const char *column, struct bytes octets)
{
    json_key(j, column);
    json_octets(j, octets);
}

static void put_uint(struct json *j, const char *column, uint64_t value)
{
    json_key(j, column);
    json_uint(j, value);
}

/* what is not a number is an empty cell */
static void put_fixed(struct json *j, const char *column, double value, int decimals)
{
    if (!isfinite(value))
        return;
    json_key(j, column);
    json_fixed(j, value, decimals);
}

/* the size of a set; an empty cell if it is not known */
static void put_size(struct json *j, const char *column, const struct statistics *all, enum set set)
{
    if (statistics_has_set(all, set))
        put_uint(j, column, all->sets[set]);
}

static const char *kind_name(enum row_kind kind)
{
    switch (kind) {
    case ROW_VALUE: return "value";
    case ROW_UNKNOWN: return "unknown";
    case ROW_OTHER: return "other";
    }
    return "";
}

/* ---- rows of statistics ---- */

static const char *const group_columns[] = {"group", "group_kind", "group_labels", "statistic",
                                            NULL};
static const char *const row_columns[] = {
    "label", "kind", "count", "denominator", "denominator_count", "percent", "labels", NULL};
static const char *const interval_columns[] = {"percent_low", "percent_high", NULL};
static const char *const funnel_columns[] = {"before", "before_count", "before_percent", NULL};
static const char *const latency_columns[] = {"p50_ms", "p90_ms", "p95_ms", "p99_ms", NULL};
static const char *const conclusive_columns[] = {"unknown", NULL};
static const char *const no_columns[] = {NULL};

static void put_share(struct json *j, double sampled, const char *denominator, uint64_t count,
                      uint64_t of)
{
    double low, high;
    put_text(j, "denominator", denominator);
    put_uint(j, "denominator_count", of);
    put_fixed(j, "percent", percent_of(count, of), PERCENT_DECIMALS);
    if (sampled == 0)
        return;
    wilson(&low, &high, count, of, sampled);
    put_fixed(j, "percent_low", low, PERCENT_DECIMALS);
    put_fixed(j, "percent_high", high, PERCENT_DECIMALS);
}

/* what rows of one shape have beside the rest */
static void put_shape(struct json *j, const struct statistics *all, const struct statistic *s,
                      const struct statistic_row *row)
{
    switch (s->def->shape) {
    case SHAPE_PARTITION:
    case SHAPE_CHOICES: break;
    case SHAPE_FUNNEL:
        put_text(j, "before", set_name(row->before));
        put_uint(j, "before_count", all->sets[row->before]);
        put_fixed(j, "before_percent", percent_of(row->count, all->sets[row->before]),
                  PERCENT_DECIMALS);
        break;
    case SHAPE_LATENCY:
        for (size_t i = 0; i < NUM_QUANTILES; i++)
            put_fixed(j, latency_columns[i], row->quantile_us[i] / 1000, MS_DECIMALS);
        break;
    case SHAPE_CONCLUSIVE:
        put_uint(j, "unknown", all->sets[s->def->denominator] - row->conclusive);
        break;
    }
}

static void put_row(struct json *j, const struct report *r, const struct statistics *all,
                    const struct statistic *s, const struct statistic_row *row)
{
    bool conclusive = s->def->shape == SHAPE_CONCLUSIVE;
    double sampled = set_is_sampled(s->def->denominator) ? r->sampled : 0;
    put_octets(j, "label", row->label);
    put_text(j, "kind", kind_name(row->kind));
    put_uint(j, "count", row->count);
    put_share(j, sampled, conclusive ? "conclusive" : set_name(s->def->denominator), row->count,
              conclusive ? row->conclusive : all->sets[s->def->denominator]);
    if (row->kind == ROW_OTHER)
        put_uint(j, "labels", row->num_labels);
    put_shape(j, all, s, row);
}

/* ---- files ---- */

static const char *const *columns_of(enum statistic_shape shape)
{
    switch (shape) {
    case SHAPE_PARTITION:
    case SHAPE_CHOICES: return no_columns;
    case SHAPE_FUNNEL: return funnel_columns;
    case SHAPE_LATENCY: return latency_columns;
    case SHAPE_CONCLUSIVE: return conclusive_columns;
    }
    return no_columns;
}

static bool write_statistic(struct new_folder *folder, char err[COMMAND_ERR_MAX],
                            const struct report *r, const struct statistic *s)
{
    const char *const *lists[] = {row_columns, r->sampled > 0 ? interval_columns : no_columns,
                                  columns_of(s->def->shape), NULL};
    struct table t;
    char name[NAME_MAX_LEN];
    snprintf(name, sizeof name, "%s.csv", s->def->id);
    bool good = table_open(&t, err, folder, name, lists);
    for (size_t i = 0; good && i < s->num_rows; i++) {
        put_row(row_begin(&t), r, &r->statistics, s, &s->rows[i]);
        good = row_end(&t, err);
    }
    return table_close(&t, err, good);
}

static bool write_group(struct table *t, char err[COMMAND_ERR_MAX], const struct report *r,
                        const struct breakdown_group *g)
{
    for (size_t i = 0; i < g->statistics.num; i++) {
        const struct statistic *s = &g->statistics.list[i];
        for (size_t k = 0; k < s->num_rows; k++) {
            struct json *j = row_begin(t);
            put_octets(j, "group", g->label);
            put_text(j, "group_kind", kind_name(g->kind));
            if (g->kind == ROW_OTHER)
                put_uint(j, "group_labels", g->num_labels);
            put_text(j, "statistic", s->def->id);
            put_row(j, r, &g->statistics, s, &s->rows[k]);
            if (!row_end(t, err))
                return false;
        }
    }
    return true;
}

static bool write_breakdown(struct new_folder *folder, char err[COMMAND_ERR_MAX],
                            const struct report *r, const struct breakdown *b)
{
    const char *const *lists[] = {group_columns,
                                  row_columns,
                                  r->sampled > 0 ? interval_columns : no_columns,
                                  funnel_columns,
                                  latency_columns,
                                  conclusive_columns,
                                  NULL};
    struct table t;
    char name[NAME_MAX_LEN];
    snprintf(name, sizeof name, "by-%s.csv", dimension_slug(b->dimension));
    bool good = table_open(&t, err, folder, name, lists);
    for (size_t i = 0; good && i < b->num; i++)
        good = write_group(&t, err, r, &b->groups[i]);
    return table_close(&t, err, good);
}

static const char *shape_name(enum statistic_shape shape)
{
    switch (shape) {
    case SHAPE_PARTITION: return "partition";
    case SHAPE_CHOICES: return "choices";
    case SHAPE_FUNNEL: return "funnel";
    case SHAPE_LATENCY: return "latency";
    case SHAPE_CONCLUSIVE: return "conclusive";
    }
    return "";
}

static bool write_definitions(struct new_folder *folder, char err[COMMAND_ERR_MAX],
                              const struct statistics *all)
{
    static const char *const columns[] = {"statistic", "name",        "definition",
                                          "shape",     "denominator", "denominator_count",
                                          "not_shown", NULL};
    struct table t;
    bool good =
        table_open(&t, err, folder, "statistics.csv", (const char *const *const[]){columns, NULL});
    for (size_t i = 0; good && i < all->num; i++) {
        const struct statistic *s = &all->list[i];
        struct json *j = row_begin(&t);
        put_text(j, "statistic", s->def->id);
        put_text(j, "name", s->def->name);
        put_text(j, "definition", s->def->definition);
        put_text(j, "shape", shape_name(s->def->shape));
        put_text(j, "denominator", set_name(s->def->denominator));
        put_size(j, "denominator_count", all, s->def->denominator);
        put_uint(j, "not_shown", s->not_shown);
        good = row_end(&t, err);
    }
    return table_close(&t, err, good);
}

static bool write_figures(struct new_folder *folder, char err[COMMAND_ERR_MAX],
                          const struct statistics *all)
{
    static const char *const columns[] = {"statistic", "name", "value", NULL};
    struct table t;
    bool good =
        table_open(&t, err, folder, "figures.csv", (const char *const *const[]){columns, NULL});
    for (size_t i = 0; i < all->num; i++)
        for (size_t k = 0; good && k < all->list[i].num_figures; k++) {
            struct json *j = row_begin(&t);
            put_text(j, "statistic", all->list[i].def->id);
            put_text(j, "name", all->list[i].figures[k].name);
            put_fixed(j, "value", all->list[i].figures[k].value, FIGURE_DECIMALS);
            good = row_end(&t, err);
        }
    return table_close(&t, err, good);
}

static bool write_sets(struct new_folder *folder, char err[COMMAND_ERR_MAX],
                       const struct statistics *all)
{
    static const char *const columns[] = {"set", "definition", "count", NULL};
    struct table t;
    bool good =
        table_open(&t, err, folder, "sets.csv", (const char *const *const[]){columns, NULL});
    for (size_t i = 0; good && i < NUM_SETS; i++) {
        if (all->lacks[i])
            continue;
        struct json *j = row_begin(&t);
        put_text(j, "set", set_name((enum set)i));
        put_text(j, "definition", set_definition((enum set)i));
        put_size(j, "count", all, (enum set)i);
        good = row_end(&t, err);
    }
    return table_close(&t, err, good);
}

/* how the latencies of each phase are distributed */
static bool write_bins(struct new_folder *folder, char err[COMMAND_ERR_MAX],
                       const struct statistics *all)
{
    static const char *const columns[] = {"label", "from_us", "to_us", "count", NULL};
    const struct statistic *s = statistics_find(all, "latency");
    struct table t;
    bool good = table_open(&t, err, folder, "latency_bins.csv",
                           (const char *const *const[]){columns, NULL});
    for (size_t i = 0; s != NULL && i < s->num_rows; i++)
        for (size_t k = 0; good && k < s->rows[i].num_bins; k++) {
            struct json *j = row_begin(&t);
            put_octets(j, "label", s->rows[i].label);
            put_uint(j, "from_us", s->rows[i].bins[k].from_us);
            put_uint(j, "to_us", s->rows[i].bins[k].to_us);
            put_uint(j, "count", s->rows[i].bins[k].count);
            good = row_end(&t, err);
        }
    return table_close(&t, err, good);
}

bool report_csv(struct new_folder *folder, char err[COMMAND_ERR_MAX], const struct report *r)
{
    const struct statistics *all = &r->statistics;
    bool good = write_definitions(folder, err, all) && write_figures(folder, err, all) &&
                write_sets(folder, err, all) && write_bins(folder, err, all);
    for (size_t i = 0; good && i < all->num; i++)
        good = write_statistic(folder, err, r, &all->list[i]);
    for (size_t i = 0; good && i < r->num_breakdowns; i++)
        good = write_breakdown(folder, err, r, &r->breakdowns[i]);
    return good;
}
