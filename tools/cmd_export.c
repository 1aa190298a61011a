#include <errno.h>

#include "tools/commands.h"
#include "tools/output.h"
#include "tools/record_json.h"
#include "tools/walk.h"

enum { OPTION_FORMAT, OPTION_OUTPUT };
enum { CHUNK_LEN = 256 << 10 }; /* octets that are written at once, about */

static bool flush(struct json *j, FILE *out)
{
    bool good = !j->bad && (j->len == 0 || fwrite(j->text, 1, j->len, out) == j->len);
    json_reset(j);
    return good;
}

static bool export_block(struct json *j, FILE *out, const struct walk *w)
{
    size_t num = block_num_records(w->block);
    for (size_t i = 0; i < num; i++) {
        struct record r;
        block_record(w->block, &r, i);
        record_json(j, w->header, &r);
        if (j->len >= CHUNK_LEN && !flush(j, out))
            return false;
    }
    return true;
}

/* writes the records of a file; of one that is damaged or torn, those before that */
static int export_file(struct json *j, FILE *out, char err[COMMAND_ERR_MAX], const char *path)
{
    struct walk w;
    int rc = walk_open(&w, err, path);
    while (rc == 0 && (rc = walk_next(&w, err)) == 1)
        rc = w.item.kind != DATASET_BLOCK || export_block(j, out, &w) ? 0 : -EIO;
    if (rc == 0)
        walk_note(&w, rc, path);
    walk_close(&w);
    return rc;
}

static enum exit_code run(const struct args *args, char err[COMMAND_ERR_MAX])
{
    const char *format = args->values[OPTION_FORMAT];
    struct output o;
    struct json j;
    if (format != NULL && strcmp(format, "jsonl") != 0) {
        snprintf(err, COMMAND_ERR_MAX, "--format %.32s: expected is jsonl", format);
        return EXIT_USAGE;
    }
    if (!output_open(&o, err, args->values[OPTION_OUTPUT]))
        return EXIT_USAGE;
    json_init(&j);
    int rc = 0;
    for (size_t i = 0; i < args->num_files && (rc == 0 || rc == -ENODATA); i++)
        rc = export_file(&j, o.file, err, args->files[i]);
    /* of a torn file, all that is whole is written, and err says what is not */
    bool good = (rc == 0 || rc == -ENODATA) && flush(&j, o.file);
    if (!good && err[0] == '\0' && !ferror(o.file))
        snprintf(err, COMMAND_ERR_MAX, "no memory for the records");
    bool closed = output_close(&o, err, good || args->values[OPTION_OUTPUT] == NULL);
    json_cleanup(&j);
    return good && closed && err[0] == '\0' ? EXIT_GOOD : EXIT_FAULT;
}

const struct command cmd_export = {
    .name = "export",
    .about = "Writes the records of datasets, one JSON object a line.",
    .text =
        "doc/export.schema.json describes a line, doc/export.md how octets that are no UTF-8 are "
        "escaped.\nTargets that the sweep only counted (--record responsive) have no line.",
    .rows = {[OPTION_FORMAT] = {"format", 0, "FORMAT", "jsonl, the only one (jsonl)"},
             [OPTION_OUTPUT] = {"output-file", 'o', "FILE",
                                "the file to write; it must not exist (stdout)"}},
    .run = run,
};
