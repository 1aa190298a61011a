#include "tools/report.h"

#include "tools/times.h"

enum { PERCENT_DECIMALS = 6, MS_DECIMALS = 3 };

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
        json_object(j);
        put_text(j, "name", set_name((enum set)i));
        put_text(j, "definition", set_definition((enum set)i));
        put_uint(j, "count", s->sets[i]);
        json_object_end(j);
    }
    json_array_end(j);
}

/* a count's share of a set, in full */
static void put_share(struct json *j, const struct statistics *all, uint64_t count, enum set of)
{
    put_text(j, "denominator", set_name(of));
    put_uint(j, "denominator_count", all->sets[of]);
    json_key(j, "percent");
    json_fixed(j, percent_of(count, all->sets[of]), PERCENT_DECIMALS);
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

static void put_row(struct json *j, const struct statistics *all, const struct statistic *s,
                    const struct statistic_row *row)
{
    json_object(j);
    json_key(j, "label");
    json_octets(j, row->label);
    put_uint(j, "count", row->count);
    put_share(j, all, row->count, s->def->denominator);
    if (row->kind != ROW_VALUE)
        put_text(j, "kind", row->kind == ROW_OTHER ? "other" : "unknown");
    if (row->kind == ROW_OTHER)
        put_uint(j, "labels", row->num_labels);
    if (s->def->shape == SHAPE_LATENCY)
        put_quantiles(j, row);
    if (s->def->shape == SHAPE_FUNNEL) {
        json_key(j, "step_before");
        json_object(j);
        put_share(j, all, row->count, row->before);
        json_object_end(j);
    }
    json_object_end(j);
}

static void put_statistic(struct json *j, const struct statistics *all, const struct statistic *s)
{
    static const char *const shapes[] = {
        [SHAPE_PARTITION] = "partition",
        [SHAPE_CHOICES] = "choices",
        [SHAPE_FUNNEL] = "funnel",
        [SHAPE_LATENCY] = "latency",
    };
    json_object(j);
    put_text(j, "id", s->def->id);
    put_text(j, "name", s->def->name);
    put_text(j, "definition", s->def->definition);
    put_text(j, "denominator", set_name(s->def->denominator));
    put_text(j, "denominator_definition", set_definition(s->def->denominator));
    put_uint(j, "denominator_count", all->sets[s->def->denominator]);
    put_text(j, "shape", shapes[s->def->shape]);
    if (s->def->shape == SHAPE_CHOICES)
        put_uint(j, "not_shown", s->not_shown);
    json_key(j, "rows");
    json_array(j);
    for (size_t i = 0; i < s->num_rows; i++)
        put_row(j, all, s, &s->rows[i]);
    json_array_end(j);
    json_object_end(j);
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
    put_sets(j, &r->statistics);
    json_key(j, "statistics");
    json_array(j);
    for (size_t i = 0; i < r->statistics.num; i++)
        put_statistic(j, &r->statistics, &r->statistics.list[i]);
    json_array_end(j);
    json_object_end(j);
    json_newline(j);
}
