#include <errno.h>
#include <stdlib.h>

#include "tools/commands.h"
#include "tools/report.h"
#include "tools/times.h"

enum { OPTION_JSON, OPTION_TOP };
enum { TOP_DEFAULT = 20 };

/* ---- files ---- */

/* appends an item behind a blank; "..." stands for those that do not fit */
static void join(char *out, size_t out_len, const char *item)
{
    static const char more[] = " ...";
    size_t used = strlen(out), len = strlen(item);
    if (used >= strlen(more) && strcmp(out + used - strlen(more), more) == 0)
        return;
    if (used + 1 + len + sizeof more > out_len) {
        memcpy(out + used, more, sizeof more);
        return;
    }
    if (used > 0)
        out[used++] = ' ';
    memcpy(out + used, item, len + 1);
}

void report_file_init(struct report_file *f, const char *path, const struct dataset_header *h)
{
    *f = (struct report_file){.path = path,
                              .start_us = h->start_us,
                              .shard = h->shard,
                              .num_shards = h->num_shards,
                              .part = h->part,
                              .targets = h->streamed ? 0 : dataset_num_positions(h),
                              .streamed = h->streamed,
                              .sample_ppm = h->sample_ppm,
                              .shard_targets = shard_positions(h),
                              .record_mode = h->record_mode};
    memcpy(f->id, h->id, sizeof f->id);
    memcpy(f->sweep_id, h->sweep_id, sizeof f->sweep_id);
    text_for_terminal(f->tool, sizeof f->tool, h->tool);
    for (size_t i = 0; i < h->num_sources; i++) {
        char text[ADDR_TEXT_MAX];
        addr_format(text, h->sources[i]);
        join(f->sources, sizeof f->sources, text);
    }
    for (size_t i = 0; i < h->num_ehlo_names; i++) {
        char text[256];
        text_for_terminal(text, sizeof text, h->ehlo_names[i]);
        join(f->ehlo_names, sizeof f->ehlo_names, text);
    }
}

static int add_item(struct aggregate *a, struct report_file *f, const struct walk *w)
{
    if (w->item.kind == DATASET_EVENT)
        f->events++;
    if (w->item.kind != DATASET_BLOCK)
        return 0;
    f->blocks++;
    f->records += block_num_records(w->block);
    return aggregate_add_block(a, w->header, w->block);
}

/* whether f is a part of the same sweep as one of the num files before, and so of the same targets
 */
static bool is_further_part(const struct report_file *f, const struct report_file *before,
                            size_t num)
{
    for (size_t i = 0; i < num; i++)
        if ((f->part > 0 || before[i].part > 0) && before[i].start_us == f->start_us &&
            before[i].shard == f->shard &&
            memcmp(before[i].sweep_id, f->sweep_id, sizeof f->sweep_id) == 0)
            return true;
    return false;
}

/* adds files[i], those before it are added already */
static int add_file(struct aggregate *a, struct report_file *files, size_t i,
                    char err[COMMAND_ERR_MAX], const char *path)
{
    struct report_file *f = &files[i];
    struct walk w;
    int rc = walk_open(&w, err, path);
    if (rc != 0)
        goto out;
    report_file_init(f, path, w.header);
    if (!is_further_part(f, files, i))
        aggregate_add_file(a, w.header);
    while ((rc = walk_next(&w, err)) == 1) {
        rc = add_item(a, f, &w);
        if (rc != 0) {
            snprintf(err, COMMAND_ERR_MAX, "%s: no memory to count what is in it", path);
            goto out;
        }
    }
    if (rc != 0 && rc != -ENODATA)
        goto out;
    rc = 0; /* of a torn file, all that is whole */
    f->end = walk_end_of(&w, err[0] != '\0' ? -ENODATA : 0);
    f->has_end = w.has_trailer;
    f->end_us = time_after(w.header->start_us, w.trailer.end_us);
out:
    walk_close(&w);
    return rc;
}

/* ---- the command ---- */

static bool given_twice(char err[COMMAND_ERR_MAX], const struct report_file *files, size_t num)
{
    for (size_t i = 0; i + 1 < num; i++) {
        if (memcmp(files[i].id, files[num - 1].id, sizeof files[i].id) != 0)
            continue;
        snprintf(err, COMMAND_ERR_MAX,
                 "%s: is the same dataset as %s, and would be counted twice; name it once",
                 files[num - 1].path, files[i].path);
        return true;
    }
    return false;
}

static enum exit_code add_files(struct aggregate *a, struct report_file *files,
                                char err[COMMAND_ERR_MAX], const struct args *args)
{
    char torn[COMMAND_ERR_MAX] = "";
    for (size_t i = 0; i < args->num_files; i++) {
        err[0] = '\0';
        if (add_file(a, files, i, err, args->files[i]) != 0)
            return EXIT_FAULT;
        if (err[0] != '\0')
            memcpy(torn, err, sizeof torn);
        if (given_twice(err, files, i + 1))
            return EXIT_USAGE;
    }
    memcpy(err, torn, sizeof torn);
    return EXIT_GOOD;
}

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

static enum exit_code make_and_print(struct report *r, char err[COMMAND_ERR_MAX],
                                     const struct aggregate *a, size_t top, bool as_json)
{
    if (statistics_make(&r->statistics, a, top) == 0)
        return print(r, err, as_json);
    snprintf(err, COMMAND_ERR_MAX, "no memory for the statistics");
    return EXIT_FAULT;
}

static enum exit_code run(const struct args *args, char err[COMMAND_ERR_MAX])
{
    size_t top = TOP_DEFAULT;
    if (args->values[OPTION_TOP] != NULL && !args_count(&top, args->values[OPTION_TOP])) {
        snprintf(err, COMMAND_ERR_MAX, "--top %.32s: expected is a number of rows, or 0 for all",
                 args->values[OPTION_TOP]);
        return EXIT_USAGE;
    }
    enum exit_code code = EXIT_FAULT;
    struct report_file *files = calloc(args->num_files, sizeof files[0]);
    struct aggregate *a = aggregate_new();
    struct report report = {.files = files, .num_files = args->num_files};
    if (files == NULL || a == NULL)
        snprintf(err, COMMAND_ERR_MAX, "no memory");
    else
        code = add_files(a, files, err, args);
    if (code == EXIT_GOOD)
        code = make_and_print(&report, err, a, top, args->values[OPTION_JSON] != NULL);
    if (err[0] != '\0' && code == EXIT_GOOD)
        code = EXIT_FAULT; /* a file is torn: the report is of what is whole, and says so */
    statistics_cleanup(&report.statistics);
    aggregate_free(a);
    free(files);
    return code;
}

const struct command cmd_report = {
    .name = "report",
    .about = "Prints the statistics of datasets: of one file, or of all shards or parts together.",
    .text = "Every figure names its denominator; doc/statistics.md defines them.",
    .rows = {[OPTION_JSON] = {"json", 0, NULL, "as JSON, unrounded, with definitions"},
             [OPTION_TOP] = {"top", 0, "N",
                             "rows of tables without bound, such as issuers; 0: all (20)"}},
    .run = run,
};
