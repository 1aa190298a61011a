#include <math.h>

#include "core/times.h"
#include "tools/report.h"
#include "tools/share.h"

enum { LABEL_TEXT_MAX = 65 /* a SHA-256 whole */, LABEL_WIDTH_MIN = 24, MS_TEXT_MAX = 24 };

/* ---- pieces ---- */

/* characters of a text that is printable UTF-8 */
static int width_of(const char *text)
{
    int width = 0;
    for (; *text != '\0'; text++)
        width += (*text & 0xc0) != 0x80;
    return width;
}

static void put_padded(FILE *out, const char *text, int width)
{
    int pad = width - width_of(text);
    fprintf(out, "%s%*s", text, pad > 0 ? pad : 0, "");
}

static const char *ms_text(char out[MS_TEXT_MAX], double us)
{
    if (isnan(us))
        snprintf(out, MS_TEXT_MAX, "-");
    else
        snprintf(out, MS_TEXT_MAX, us < 10000 ? "%.2f" : us < 1e6 ? "%.1f" : "%.0f", us / 1000);
    return out;
}

static void row_label(char out[LABEL_TEXT_MAX], const struct statistic_row *row)
{
    text_for_terminal(out, LABEL_TEXT_MAX, row->label);
    if (row->kind == ROW_OTHER)
        snprintf(out, LABEL_TEXT_MAX, "other (%llu)", (unsigned long long)row->num_labels);
}

static int label_width(const struct statistic *s)
{
    int width = LABEL_WIDTH_MIN;
    for (size_t i = 0; i < s->num_rows; i++) {
        char label[LABEL_TEXT_MAX];
        row_label(label, &s->rows[i]);
        width = width_of(label) > width ? width_of(label) : width;
    }
    return width;
}

/* ---- header ---- */

static void print_file(FILE *out, const struct report_file *f)
{
    char path[256], start[TIME_TEXT_MAX], end[TIME_TEXT_MAX], a[COUNT_TEXT_MAX], b[COUNT_TEXT_MAX];
    text_for_terminal(path, sizeof path, bytes_text(f->path));
    time_words(start, f->start_us);
    time_words(end, f->end_us);
    fprintf(out, "%s\n", path);
    fprintf(out, "  %-10s%s\n", "state", walk_end_text(f->end));
    fprintf(out, "  %-10s%s%s%s\n", "time", start, f->has_end ? " to " : "", f->has_end ? end : "");
    fprintf(out, "  %-10sfrom %s, EHLO %s, by %s\n", "vantage",
            f->sources[0] != '\0' ? f->sources : "addresses that the kernel chose",
            f->ehlo_names[0] != '\0' ? f->ehlo_names : "without a name", f->tool);
    if (f->streamed)
        fprintf(out, "  %-10sa stream, of which this is shard %u of %u (from 0)", "targets",
                f->shard, f->num_shards);
    else
        fprintf(out, "  %-10s%s, of which shard %u of %u (from 0) has %s", "targets",
                count_text(a, f->targets), f->shard, f->num_shards,
                count_text(b, f->shard_targets));
    if (f->sample_ppm > 0)
        fprintf(out, "; a sample of %g %%", f->sample_ppm / 1e4);
    fputc('\n', out);
    fprintf(out, "  %-10s%s in %s blocks%s\n", "records", count_text(a, f->records),
            count_text(b, f->blocks),
            f->record_mode == RECORD_RESPONSIVE ? "; who did not connect was only counted" : "");
}

static void print_store(FILE *out, const struct report *r)
{
    char path[256], changed[TIME_TEXT_MAX];
    if (r->store_path == NULL)
        return;
    text_for_terminal(path, sizeof path, bytes_text(r->store_path));
    if (r->store == NULL) {
        fprintf(out,
                "chains are not judged: %s does not exist; name a file of roots by --trust-store\n",
                path);
        return;
    }
    time_words(changed, r->store->mtime_s * 1000000);
    fprintf(out, "%s\n  %-10s%zu roots, by which chains are judged; of %s\n  %-10s", path, "store",
            r->store->num_roots, changed, "SHA-256");
    for (size_t i = 0; i < sizeof r->store->sha256; i++)
        fprintf(out, "%02x", r->store->sha256[i]);
    fputc('\n', out);
    if (r->store->num_bad > 0)
        fprintf(out, "  %-10s%zu entries are no certificates, the first in line %zu\n", "left out",
                r->store->num_bad, r->store->first_bad_line);
}

/* ---- statistics ---- */

static void print_funnel(FILE *out, const struct statistics *all, const struct statistic *s)
{
    fprintf(out, "  %-6s%-70s%14s%14s%14s\n", "", "", "count", "of the step", "of P");
    for (size_t i = 0; i < s->num_rows; i++) {
        const struct statistic_row *row = &s->rows[i];
        char count[COUNT_TEXT_MAX], before[SHARE_TEXT_MAX], of_p[SHARE_TEXT_MAX];
        fprintf(out, "  %-6s%-70s%14s%14s%14s\n", set_name(row->set), set_definition(row->set),
                count_text(count, row->count),
                share_text(before, row->count, all->sets[row->before]),
                share_text(of_p, row->count, all->sets[s->def->denominator]));
        if (row->set == SET_L && all->not_judged)
            fprintf(out, "  %-6s%-70s%14s%14s%14s\n", set_name(SET_V), "chains are not judged", "-",
                    "-", "-");
    }
}

static void print_latency(FILE *out, const struct statistics *all, const struct statistic *s)
{
    fprintf(out, "  %-*s%14s%12s", LABEL_WIDTH_MIN, "ms", "finished", "");
    for (size_t i = 0; i < NUM_QUANTILES; i++)
        fprintf(out, "%12s", quantile_names[i]);
    fputc('\n', out);
    for (size_t i = 0; i < s->num_rows; i++) {
        const struct statistic_row *row = &s->rows[i];
        char label[LABEL_TEXT_MAX], count[COUNT_TEXT_MAX], share[SHARE_TEXT_MAX], ms[MS_TEXT_MAX];
        row_label(label, row);
        fprintf(out, "  %-*s%14s%12s", LABEL_WIDTH_MIN, label, count_text(count, row->count),
                share_text(share, row->count, all->sets[s->def->denominator]));
        for (size_t q = 0; q < NUM_QUANTILES; q++)
            fprintf(out, "%12s", ms_text(ms, row->quantile_us[q]));
        fputc('\n', out);
    }
}

/* the bounds of a share, behind it; nothing if the targets are no sample */
static void put_interval(FILE *out, uint64_t count, uint64_t of, double sampled)
{
    double low, high;
    if (sampled == 0 || of == 0)
        return;
    wilson(&low, &high, count, of, sampled);
    fprintf(out, "  (%.2f to %.2f %%)", low, high);
}

static void print_conclusive(FILE *out, const struct statistics *all, const struct statistic *s,
                             double sampled)
{
    int width = label_width(s);
    fprintf(out, "  %-*s%14s%14s%12s%14s\n", width, "", "yes", "of those told", "", "unknown");
    for (size_t i = 0; i < s->num_rows; i++) {
        const struct statistic_row *row = &s->rows[i];
        char label[LABEL_TEXT_MAX], count[COUNT_TEXT_MAX], share[SHARE_TEXT_MAX];
        char told[COUNT_TEXT_MAX], unknown[COUNT_TEXT_MAX];
        row_label(label, row);
        fputs("  ", out);
        put_padded(out, label, width);
        fprintf(out, "%14s%14s%12s%14s", count_text(count, row->count),
                count_text(told, row->conclusive), share_text(share, row->count, row->conclusive),
                count_text(unknown, all->sets[s->def->denominator] - row->conclusive));
        put_interval(out, row->count, row->conclusive, sampled);
        fputc('\n', out);
    }
    if (s->num_rows == 0)
        fputs("  none\n", out);
}

static void print_rows(FILE *out, const struct statistics *all, const struct statistic *s,
                       double sampled)
{
    int width = label_width(s);
    for (size_t i = 0; i < s->num_rows; i++) {
        const struct statistic_row *row = &s->rows[i];
        char label[LABEL_TEXT_MAX], count[COUNT_TEXT_MAX], share[SHARE_TEXT_MAX];
        row_label(label, row);
        fputs("  ", out);
        put_padded(out, label, width);
        fprintf(out, "%14s%12s", count_text(count, row->count),
                share_text(share, row->count, all->sets[s->def->denominator]));
        put_interval(out, row->count, all->sets[s->def->denominator], sampled);
        fputc('\n', out);
    }
    if (s->num_rows == 0)
        fputs("  none\n", out);
    for (size_t i = 0; i < s->num_figures; i++)
        fprintf(out, "  %s %.6g\n", s->figures[i].name, s->figures[i].value);
    if (s->not_shown > 0)
        fprintf(out, "  and %llu more, see --top\n", (unsigned long long)s->not_shown);
}

static void print_statistic(FILE *out, const struct statistics *all, const struct statistic *s,
                            double sampled)
{
    char count[COUNT_TEXT_MAX];
    enum set of = s->def->denominator;
    fprintf(out, "\n%s: %s\n", s->def->name, s->def->definition);
    if (s->def->shape == SHAPE_FUNNEL) {
        print_funnel(out, all, s);
        return;
    }
    fprintf(out, "  of %s %s: %s\n",
            statistics_has_set(all, of) ? count_text(count, all->sets[of]) : "an unknown number,",
            set_name(of), set_definition(of));
    if (s->def->shape == SHAPE_LATENCY)
        print_latency(out, all, s);
    else if (s->def->shape == SHAPE_CONCLUSIVE)
        print_conclusive(out, all, s, sampled);
    else
        print_rows(out, all, s, set_is_sampled(of) ? sampled : 0);
}

static void print_database(FILE *out, const char *what, const char *path, const struct geo_facts *f)
{
    char name[256], built[TIME_TEXT_MAX];
    text_for_terminal(name, sizeof name, bytes_text(path));
    time_words(built, (int64_t)f->built_s * 1000000);
    fprintf(out, "%s\n  %-10s%s, of %s\n  %-10s", name, what, f->type, built, "SHA-256");
    for (size_t i = 0; i < sizeof f->sha256; i++)
        fprintf(out, "%02x", f->sha256[i]);
    fputc('\n', out);
}

static void print_selection(FILE *out, const struct report *r)
{
    char text[512];
    static const char *const what[NUM_GEO_KINDS] = {[GEO_COUNTRY] = "countries", [GEO_AS] = "ASes"};
    for (size_t i = 0; i < NUM_GEO_KINDS; i++)
        if (r->geo_paths[i] != NULL)
            print_database(out, what[i], r->geo_paths[i], &r->geo[i]);
    if (r->where != NULL) {
        text_for_terminal(text, sizeof text, bytes_text(r->where));
        fprintf(out, "only targets where %s\n", text);
    }
    if (r->weights_path != NULL) {
        text_for_terminal(text, sizeof text, bytes_text(r->weights_path));
        fprintf(out, "targets count by the weights of %zu addresses in %s; others count nothing\n",
                r->num_weights, text);
    }
    if (r->sampled > 0)
        fprintf(out, "a sample of %g of all; in brackets: Wilson intervals, 95 %%\n", r->sampled);
    if (r->min_cell > 0)
        fprintf(out, "rows of fewer than %llu are not told apart\n",
                (unsigned long long)r->min_cell);
}

/* ---- break-downs ---- */

/* the share of a row; where that may be summed up with others: none */
static void row_share(char out[SHARE_TEXT_MAX], const struct statistics *all, const char *id,
                      const char *label)
{
    const struct statistic *s = statistics_find(all, id);
    uint64_t of = s != NULL ? all->sets[s->def->denominator] : 0;
    uint64_t count = 0, others = 0;
    bool found = false;
    for (size_t i = 0; s != NULL && i < s->num_rows; i++) {
        const struct statistic_row *row = &s->rows[i];
        bool is_it = row->kind != ROW_OTHER && bytes_equal(row->label, bytes_text(label));
        count = is_it ? row->count : count;
        others += row->kind == ROW_OTHER ? row->count : 0;
        found |= is_it;
    }
    share_text(out, count, found || others == 0 ? of : 0);
}

/* the share of a set that is a part of another; none where either is not known */
static void set_share(char out[SHARE_TEXT_MAX], const struct statistics *all, enum set part,
                      enum set of)
{
    bool known = statistics_has_set(all, part) && statistics_has_set(all, of);
    share_text(out, all->sets[part], known ? all->sets[of] : 0);
}

/* a line for each group; the JSON has all statistics */
static void print_breakdown(FILE *out, const struct breakdown *b, bool judged)
{
    fprintf(out, "\nBy %s: %s\n  %-40s%12s%11s%11s%11s%11s%11s%11s\n", dimension_slug(b->dimension),
            dimension_definition(b->dimension), "", "targets", "G220 of P", "S of E", "H of R",
            "TLSv1.3", "V of L", "V and N");
    for (size_t i = 0; i < b->num; i++) {
        const struct breakdown_group *g = &b->groups[i];
        const uint64_t *sets = g->statistics.sets;
        char label[LABEL_TEXT_MAX], count[COUNT_TEXT_MAX], text[6][SHARE_TEXT_MAX];
        struct statistic_row row = {
            .label = g->label, .kind = g->kind, .num_labels = g->num_labels};
        row_label(label, &row);
        set_share(text[0], &g->statistics, SET_G220, SET_P);
        set_share(text[1], &g->statistics, SET_S, SET_E);
        set_share(text[2], &g->statistics, SET_H, SET_R);
        row_share(text[3], &g->statistics, "tls_version", "TLSv1.3");
        set_share(text[4], &g->statistics, SET_V, SET_L);
        row_share(text[5], &g->statistics, "trusted", "trusted, matching");
        if (!judged) {
            share_text(text[4], 0, 0);
            share_text(text[5], 0, 0);
        }
        fputs("  ", out);
        put_padded(out, label, 40);
        fprintf(out, "%12s%11s%11s%11s%11s%11s%11s\n", count_text(count, sets[SET_P]), text[0],
                text[1], text[2], text[3], text[4], text[5]);
    }
}

void report_text(FILE *out, const struct report *r)
{
    for (size_t i = 0; i < r->num_files; i++)
        print_file(out, &r->files[i]);
    print_store(out, r);
    if (r->mta_rules != NULL)
        fprintf(out, "mail software is named by rules of version %s\n", r->mta_rules);
    if (r->certificate_rules != NULL)
        fprintf(out, "default certificates are named by rules of version %s\n",
                r->certificate_rules);
    print_selection(out, r);
    for (size_t i = 0; i < r->statistics.num; i++)
        print_statistic(out, &r->statistics, &r->statistics.list[i], r->sampled);
    for (size_t i = 0; i < r->num_breakdowns; i++)
        print_breakdown(out, &r->breakdowns[i], r->store != NULL);
}
