#include <errno.h>

#include "core/json.h"
#include "core/times.h"
#include "tools/commands.h"
#include "tools/merge.h"

enum { OPTION_OUTPUT };

static void print_merged(const char *path, size_t num_files, const struct merged *m)
{
    char name[256], a[COUNT_TEXT_MAX], b[COUNT_TEXT_MAX], c[COUNT_TEXT_MAX], d[COUNT_TEXT_MAX];
    text_for_terminal(name, sizeof name, bytes_text(path));
    printf("%s: %zu files: %s records of %s targets, %s certificates; ", name, num_files,
           count_text(a, m->records), count_text(b, m->positions), count_text(c, m->certificates));
    if (m->reason == DATASET_COMPLETE)
        printf("complete\n");
    else
        printf("%s targets are missing: mxsweep --resume goes on with it\n",
               count_text(a, m->missing));
    printf("  %s blocks became %s, %s octets %s\n", count_text(a, m->blocks_before),
           count_text(b, m->blocks), count_text(c, m->octets_before), count_text(d, m->octets));
}

static enum exit_code run(const struct args *args, char err[COMMAND_ERR_MAX])
{
    const char *path = args->values[OPTION_OUTPUT];
    struct merged m;
    if (path == NULL) {
        snprintf(err, COMMAND_ERR_MAX,
                 "--output-file: not given; name the file to write; see mxstat merge --help");
        return EXIT_USAGE;
    }
    int rc = merge_files(&m, err, path, args->files, args->num_files);
    if (rc != 0)
        return EXIT_FAULT;
    print_merged(path, args->num_files, &m);
    return m.num_torn > 0 ? EXIT_FAULT : EXIT_GOOD; /* err says what is not there */
}

const struct command cmd_merge = {
    .name = "merge",
    .about = "Writes one dataset of the files of a sweep: its shards, or parts of one of them.",
    .text =
        "Blocks become full, certificates and texts come once, times count from the earliest "
        "start.\nEach file is named in an event, and its own events are kept. Of one file: packs "
        "it anew.",
    .rows = {[OPTION_OUTPUT] = {"output-file", 'o', "FILE",
                                "the file to write; it must not exist"}},
    .run = run,
};
