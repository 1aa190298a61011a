#include "tools/report.h"

#include "core/times.h"

enum { PERCENT_DECIMALS = 6, MS_DECIMALS = 3, FIGURE_DECIMALS = 9 };

static void put_text(struct json *j, const char *key, const char *text)
{
    json_key(j, key);
    json_string(j, text);
}

static void put_uint(struct json *j, const char *key, uint64_t value)
{
    json_key(j, key);
    json_uint(j, value);
}

/* the size of a set; null if it is not known */
static void put_size(struct json *j, const char *key, const struct statistics *all, enum set set)
{
    json_key(j, key);
    if (statistics_has_set(all, set))
        json_uint(j, all->sets[set]);
    else
        json_null(j);
}

static void put_time(struct json *j, const char *key, int64_t us)
{
    char text[TIME_TEXT_MAX];
    time_rfc3339(text, us);
    put_text(j, key, text);
}

static void put_file(struct json *j, const struct report_file *f)
{
    json_object(j);
    json_key(j, "file");
    json_octets(j, bytes_text(f->path));
    json_key(j, "id");
    json_hex(j, f->id, sizeof f->id);
    json_key(j, "sweep_id");
    json_hex(j, f->sweep_id, sizeof f->sweep_id);
    put_text(j, "tool", f->tool);
    put_time(j, "start", f->start_us);
    if (f->has_end)
        put_time(j, "end", f->end_us);
    put_text(j, "state", walk_end_slug(f->end));
    put_text(j, "sources", f->sources);
    put_text(j, "ehlo_names", f->ehlo_names);
    if (f->streamed) {
        json_key(j, "streamed");
        json_bool(j, true);
    } else {
        put_uint(j, "targets", f->targets);
        put_uint(j, "shard_targets", f->shard_targets);
    }
    if (f->sample_ppm > 0)
        put_uint(j, "sample_ppm", f->sample_ppm);
    put_uint(j, "shard", f->shard);
    put_uint(j, "shards", f->num_shards);
    if (f->part > 0)
        put_uint(j, "part", f->part);
    put_text(j, "record", f->record_mode == RECORD_RESPONSIVE ? "responsive" : "all");
    put_uint(j, "records", f->records);
    put_uint(j, "blocks", f->blocks);
    put_uint(j, "events", f->events);
    json_object_end(j);
}

static void put_sets(struct json *j, const struct statistics *s)
{
    json_key(j, "sets");
    json_array(j);
    for (size_t i = 0; i < NUM_SETS; i++) {
        if (s->lacks[i])
            continue;
        json_object(j);
        put_text(j, "name", set_name((enum set)i));
        put_text(j, "definition", set_definition((enum set)i));
        put_size(j, "count", s, (enum set)i);
        json_object_end(j);
    }
    json_array_end(j);
}

static void put_store(struct json *j, const struct report *r)
{
    json_key(j, "trust_store");
    if (r->store == NULL) {
        json_null(j);
        return;
    }
    json_object(j);
    json_key(j, "file");
    json_octets(j, bytes_text(r->store_path));
    json_key(j, "sha256");
    json_hex(j, r->store->sha256, sizeof r->store->sha256);
    put_time(j, "modified", r->store->mtime_s * 1000000);
    put_uint(j, "roots", r->store->num_roots);
    put_uint(j, "bad_entries", r->store->num_bad);
    json_object_end(j);
}

/* a count's share of a set, in full */
static void put_percent(struct json *j, uint64_t count, uint64_t of, double sampled)
{
    double low, high;
    json_key(j, "percent");
    json_fixed(j, percent_of(count, of), PERCENT_DECIMALS);
    if (sampled == 0)
        return;
    wilson(&low, &high, count, of, sampled);
    json_key(j, "interval");
    json_array(j);
    json_fixed(j, low, PERCENT_DECIMALS);
    json_fixed(j, high, PERCENT_DECIMALS);
    json_array_end(j);
}

static void put_share(struct json *j, const struct statistics *all, uint64_t count, enum set of,
                      double sampled)
{
    put_text(j, "denominator", set_name(of));
    put_size(j, "denominator_count", all, of);
    put_percent(j, count, all->sets[of], set_is_sampled(of) ? sampled : 0);
}

/* the same of those that a question was answered for */
static void put_conclusive(struct json *j, const struct statistics *all, const struct statistic *s,
                           const struct statistic_row *row, double sampled)
{
    put_text(j, "denominator", "conclusive");
    put_uint(j, "denominator_count", row->conclusive);
    put_percent(j, row->count, row->conclusive, set_is_sampled(s->def->denominator) ? sampled : 0);
    put_uint(j, "unknown", all->sets[s->def->denominator] - row->conclusive);
}

static void put_quantiles(struct json *j, const struct statistic_row *row)
{
    json_key(j, "ms");
    json_object(j);
    for (size_t i = 0; i < NUM_QUANTILES; i++) {
        json_key(j, quantile_names[i]);
        json_fixed(j, row->quantile_us[i] / 1000, MS_DECIMALS);
    }
    json_object_end(j);
}

static void put_bins(struct json *j, const struct statistic_row *row)
{
    json_key(j, "bins");
    json_array(j);
    for (size_t i = 0; i < row->num_bins; i++) {
        json_object(j);
        put_uint(j, "from_us", row->bins[i].from_us);
        put_uint(j, "to_us", row->bins[i].to_us);
        put_uint(j, "count", row->bins[i].count);
        json_object_end(j);
    }
    json_array_end(j);
}

static void put_row(struct json *j, const struct statistics *all, const struct statistic *s,
                    const struct statistic_row *row, double sampled)
{
    json_object(j);
    json_key(j, "label");
    json_octets(j, row->label);
    put_uint(j, "count", row->count);
    if (s->def->shape == SHAPE_CONCLUSIVE)
        put_conclusive(j, all, s, row, sampled);
    else
        put_share(j, all, row->count, s->def->denominator, sampled);
    if (row->kind != ROW_VALUE)
        put_text(j, "kind", row->kind == ROW_OTHER ? "other" : "unknown");
    if (row->kind == ROW_OTHER)
        put_uint(j, "labels", row->num_labels);
    if (s->def->shape == SHAPE_LATENCY)
        put_quantiles(j, row);
    if (row->bins != NULL)
        put_bins(j, row);
    if (s->def->shape == SHAPE_FUNNEL) {
        json_key(j, "step_before");
        json_object(j);
        put_share(j, all, row->count, row->before, sampled);
        json_object_end(j);
    }
    json_object_end(j);
}

static void put_statistic(struct json *j, const struct statistics *all, const struct statistic *s,
                          double sampled)
{
    static const char *const shapes[] = {
        [SHAPE_PARTITION] = "partition",   [SHAPE_CHOICES] = "choices",
        [SHAPE_FUNNEL] = "funnel",         [SHAPE_LATENCY] = "latency",
        [SHAPE_CONCLUSIVE] = "conclusive",
    };
    json_object(j);
    put_text(j, "id", s->def->id);
    put_text(j, "name", s->def->name);
    put_text(j, "definition", s->def->definition);
    put_text(j, "denominator", set_name(s->def->denominator));
    put_text(j, "denominator_definition", set_definition(s->def->denominator));
    put_size(j, "denominator_count", all, s->def->denominator);
    put_text(j, "shape", shapes[s->def->shape]);
    if (s->def->shape == SHAPE_CHOICES)
        put_uint(j, "not_shown", s->not_shown);
    for (size_t i = 0; i < s->num_figures; i++) {
        json_key(j, s->figures[i].name);
        json_fixed(j, s->figures[i].value, FIGURE_DECIMALS);
    }
    json_key(j, "rows");
    json_array(j);
    for (size_t i = 0; i < s->num_rows; i++)
        put_row(j, all, s, &s->rows[i], sampled);
    json_array_end(j);
    json_object_end(j);
}

static void put_statistics(struct json *j, const struct statistics *all, double sampled)
{
    json_key(j, "statistics");
    json_array(j);
    for (size_t i = 0; i < all->num; i++)
        put_statistic(j, all, &all->list[i], sampled);
    json_array_end(j);
}

static void put_breakdown(struct json *j, const struct breakdown *b, double sampled)
{
    json_object(j);
    put_text(j, "by", dimension_slug(b->dimension));
    put_text(j, "definition", dimension_definition(b->dimension));
    json_key(j, "groups");
    json_array(j);
    for (size_t i = 0; i < b->num; i++) {
        const struct breakdown_group *g = &b->groups[i];
        json_object(j);
        json_key(j, "label");
        json_octets(j, g->label);
        if (g->kind != ROW_VALUE)
            put_text(j, "kind", g->kind == ROW_OTHER ? "other" : "unknown");
        if (g->kind == ROW_OTHER)
            put_uint(j, "labels", g->num_labels);
        put_uint(j, "targets", g->statistics.sets[SET_P]);
        put_statistics(j, &g->statistics, sampled);
        json_object_end(j);
    }
    json_array_end(j);
    json_object_end(j);
}

static void put_database(struct json *j, const char *key, const char *path,
                         const struct geo_facts *f)
{
    json_key(j, key);
    json_object(j);
    json_key(j, "file");
    json_octets(j, bytes_text(path));
    put_text(j, "type", f->type);
    put_text(j, "schema", f->schema);
    put_time(j, "built", (int64_t)f->built_s * 1000000);
    json_key(j, "sha256");
    json_hex(j, f->sha256, sizeof f->sha256);
    json_object_end(j);
}

/* which records count, and what they are joined with; only what was asked for */
static void put_selection(struct json *j, const struct report *r)
{
    static const char *const keys[NUM_GEO_KINDS] = {
        [GEO_COUNTRY] = "country_db", [GEO_AS] = "asn_db"};
    for (size_t i = 0; i < NUM_GEO_KINDS; i++)
        if (r->geo_paths[i] != NULL)
            put_database(j, keys[i], r->geo_paths[i], &r->geo[i]);
    if (r->where != NULL) {
        json_key(j, "where");
        json_octets(j, bytes_text(r->where));
    }
    if (r->weights_path != NULL) {
        json_key(j, "weights");
        json_octets(j, bytes_text(r->weights_path));
    }
    if (r->sampled > 0) {
        json_key(j, "sampled");
        json_fixed(j, r->sampled, FIGURE_DECIMALS);
    }
    if (r->min_cell > 0)
        put_uint(j, "min_cell", r->min_cell);
}

void report_json(struct json *j, const struct report *r)
{
    json_object(j);
    put_text(j, "tool", "mxstat " MXSWEEP_VERSION);
    json_key(j, "files");
    json_array(j);
    for (size_t i = 0; i < r->num_files; i++)
        put_file(j, &r->files[i]);
    json_array_end(j);
    put_store(j, r);
    if (r->mta_rules != NULL)
        put_text(j, "mta_rules", r->mta_rules);
    if (r->certificate_rules != NULL)
        put_text(j, "certificate_rules", r->certificate_rules);
    put_selection(j, r);
    put_sets(j, &r->statistics);
    put_statistics(j, &r->statistics, r->sampled);
    json_key(j, "breakdowns");
    json_array(j);
    for (size_t i = 0; i < r->num_breakdowns; i++)
        put_breakdown(j, &r->breakdowns[i], r->sampled);
    json_array_end(j);
    json_object_end(j);
    json_newline(j);
}
