#include <errno.h>
#include <stdlib.h>

#include "tools/commands.h"
#include "tools/diff_page.h"
#include "tools/diff_print.h"
#include "tools/new_file.h"

enum { OPTION_JSON, OPTION_LINES, OPTION_HTML };
enum { LINES_DEFAULT = 20 };

/* reads both files; *torn is what is to be said of those that are torn */
static int add_sides(struct diff *d, char err[COMMAND_ERR_MAX], char torn[COMMAND_ERR_MAX],
                     char *const *files)
{
    for (enum diff_side side = 0; side < NUM_DIFF_SIDES; side++) {
        int rc = diff_add(d, err, side, files[side]);
        if (rc == -ENODATA) {
            memcpy(torn, err, COMMAND_ERR_MAX);
            err[0] = '\0';
        } else if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

/* where differences go: the page stands for the text, but not for JSON */
struct sinks {
    struct diff_printer printer;
    struct diff_page page;
    struct new_file file;
    bool has_page, prints;
};

static int take_change(void *ctx, char err[DIFF_ERR_MAX], struct diff *d,
                       const struct diff_change *change)
{
    struct sinks *s = ctx;
    int rc = s->prints ? diff_print_change(&s->printer, err, d, change) : 0;
    return rc == 0 && s->has_page ? diff_page_change(&s->page, err, d, change) : rc;
}

static int write_page(struct sinks *s, char err[COMMAND_ERR_MAX], const struct diff_sum *sum,
                      const char *const paths[NUM_DIFF_SIDES])
{
    struct html h;
    html_init(&h);
    int rc = diff_page_write(&h, &s->page, sum, paths);
    if (rc != 0)
        snprintf(err, COMMAND_ERR_MAX, "%s: no memory for it", s->file.path);
    else if (!new_file_write(&s->file, err, bytes_of(h.text, h.len)))
        rc = -EIO;
    html_cleanup(&h);
    return rc;
}

static int write_sum(struct sinks *s, char err[COMMAND_ERR_MAX], const struct diff_sum *sum,
                     const char *const paths[NUM_DIFF_SIDES])
{
    int rc = s->has_page ? write_page(s, err, sum, paths) : 0;
    return rc == 0 && s->prints ? diff_print_sum(&s->printer, err, sum, paths) : rc;
}

/* *whole: what was compared has been written, whatever is wrong with the files */
static enum exit_code compare(struct diff *d, char err[COMMAND_ERR_MAX], struct sinks *s,
                              bool *whole, char *const *files)
{
    const char *const paths[NUM_DIFF_SIDES] = {files[DIFF_OLD], files[DIFF_NEW]};
    char torn[COMMAND_ERR_MAX] = "";
    struct diff_sum sum;
    if (add_sides(d, err, torn, files) != 0)
        return EXIT_FAULT;
    int rc = diff_run(d, &sum, err, take_change, s);
    if (rc == 0)
        rc = write_sum(s, err, &sum, paths);
    bool same = sum.changed + sum.appeared + sum.vanished == 0;
    diff_sum_cleanup(&sum);
    if (rc == -EIO && err[0] == '\0')
        snprintf(err, COMMAND_ERR_MAX, "standard output: cannot write");
    *whole = rc == 0;
    if (rc != 0)
        return EXIT_FAULT;
    if (torn[0] != '\0') {
        memcpy(err, torn, sizeof torn);
        return EXIT_FAULT;
    }
    return same ? EXIT_GOOD : EXIT_DIFFERS;
}

/* the page is opened before anything is read: what is there is not written over */
static enum exit_code compare_into(struct diff *d, char err[COMMAND_ERR_MAX],
                                   const struct args *args, size_t lines)
{
    const char *page = args->values[OPTION_HTML];
    bool as_json = args->values[OPTION_JSON] != NULL, whole = false;
    struct sinks s = {.printer = {.out = stdout, .json = as_json, .max_lines = lines},
                      .has_page = page != NULL,
                      .prints = page == NULL || as_json};
    if (page != NULL && !new_file_open(&s.file, err, page))
        return EXIT_FAULT;
    json_init(&s.printer.line);
    diff_page_init(&s.page);
    enum exit_code code = compare(d, err, &s, &whole, args->files);
    if (!new_file_close(&s.file, err, whole))
        code = EXIT_FAULT;
    diff_page_cleanup(&s.page);
    json_cleanup(&s.printer.line);
    return code;
}

static enum exit_code run(const struct args *args, char err[COMMAND_ERR_MAX])
{
    size_t lines = LINES_DEFAULT;
    if (args->values[OPTION_LINES] != NULL && !args_count(&lines, args->values[OPTION_LINES])) {
        snprintf(err, COMMAND_ERR_MAX, "--lines %.32s: expected is a number, or 0 for all",
                 args->values[OPTION_LINES]);
        return EXIT_USAGE;
    }
    if (args->num_files != NUM_DIFF_SIDES) {
        snprintf(err, COMMAND_ERR_MAX,
                 "diff: two files are compared, OLD and NEW, and %zu are given; of a sweep in "
                 "several files make one with mxstat merge",
                 args->num_files);
        return EXIT_USAGE;
    }
    const char *folder = getenv("TMPDIR");
    struct diff *d =
        diff_new(DIFF_MEMORY_LEN, folder != NULL && folder[0] != '\0' ? folder : "/tmp");
    if (d == NULL) {
        snprintf(err, COMMAND_ERR_MAX, "no memory for the comparison");
        return EXIT_FAULT;
    }
    enum exit_code code = compare_into(d, err, args, lines);
    diff_free(d);
    return code;
}

const struct command cmd_diff = {
    .name = "diff",
    .about =
        "Compares two sweeps, OLD and NEW: which targets appeared, vanished, changed, and how.",
    .text = "A target is address, port and host name. A field that one of its two records does not "
            "have\nis no change of that field. Rows that do not fit into memory go to files in "
            "TMPDIR (/tmp).\nExit status 4: the sweeps differ.",
    .rows = {[OPTION_JSON] = {"json", 0, NULL,
                              "a JSON object for each change, and one with the sums last"},
             [OPTION_LINES] = {"lines", 0, "N", "targets shown of those that differ; 0: all (20)"},
             [OPTION_HTML] = {"html", 0, "FILE",
                              "writes a page instead of the text: summary, fields, targets"}},
    .run = run,
};
