#include <math.h>

#include "tools/report.h"
#include "tools/times.h"

enum { LABEL_TEXT_MAX = 64, LABEL_WIDTH_MIN = 24, SHARE_TEXT_MAX = 16, MS_TEXT_MAX = 24 };

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

/* a share for people: what is not all is never 100 %, what is not nothing is never 0 % */
static const char *share_text(char out[SHARE_TEXT_MAX], uint64_t count, uint64_t of)
{
    double percent = percent_of(count, of);
    if (isnan(percent))
        snprintf(out, SHARE_TEXT_MAX, "-");
    else if (count > 0 && percent < 0.005)
        snprintf(out, SHARE_TEXT_MAX, "<0.01 %%");
    else if (count < of && percent >= 99.995)
        snprintf(out, SHARE_TEXT_MAX, ">99.99 %%");
    else
        snprintf(out, SHARE_TEXT_MAX, "%.2f %%", percent);
    return out;
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

static void print_rows(FILE *out, const struct statistics *all, const struct statistic *s)
{
    int width = label_width(s);
    for (size_t i = 0; i < s->num_rows; i++) {
        const struct statistic_row *row = &s->rows[i];
        char label[LABEL_TEXT_MAX], count[COUNT_TEXT_MAX], share[SHARE_TEXT_MAX];
        row_label(label, row);
        fputs("  ", out);
        put_padded(out, label, width);
        fprintf(out, "%14s%12s\n", count_text(count, row->count),
                share_text(share, row->count, all->sets[s->def->denominator]));
    }
    if (s->num_rows == 0)
        fputs("  none\n", out);
    if (s->not_shown > 0)
        fprintf(out, "  and %llu more, see --top\n", (unsigned long long)s->not_shown);
}

static void print_statistic(FILE *out, const struct statistics *all, const struct statistic *s)
{
    char count[COUNT_TEXT_MAX];
    enum set of = s->def->denominator;
    fprintf(out, "\n%s: %s\n", s->def->name, s->def->definition);
    if (s->def->shape == SHAPE_FUNNEL) {
        print_funnel(out, all, s);
        return;
    }
    fprintf(out, "  of %s %s: %s\n", count_text(count, all->sets[of]), set_name(of),
            set_definition(of));
    if (s->def->shape == SHAPE_LATENCY)
        print_latency(out, all, s);
    else
        print_rows(out, all, s);
}

void report_text(FILE *out, const struct report *r)
{
    for (size_t i = 0; i < r->num_files; i++)
        print_file(out, &r->files[i]);
    for (size_t i = 0; i < r->statistics.num; i++)
        print_statistic(out, &r->statistics, &r->statistics.list[i]);
}
