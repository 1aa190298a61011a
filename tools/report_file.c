#include <sys/stat.h>

#include "tools/partial.h"
#include "tools/report_read.h"

/* appends an item behind a blank; "..." stands for those that do not fit */
static void append_item(char *out, size_t out_len, const char *item)
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
        append_item(f->sources, sizeof f->sources, text);
    }
    for (size_t i = 0; i < h->num_ehlo_names; i++) {
        char text[256];
        text_for_terminal(text, sizeof text, h->ehlo_names[i]);
        append_item(f->ehlo_names, sizeof f->ehlo_names, text);
    }
}

bool report_file_goes_on(const struct report_file *files, size_t at)
{
    const struct report_file *f = &files[at];
    for (size_t i = 0; i < at; i++)
        if ((f->part > 0 || files[i].part > 0) && files[i].start_us == f->start_us &&
            files[i].shard == f->shard &&
            memcmp(files[i].sweep_id, f->sweep_id, sizeof f->sweep_id) == 0)
            return true;
    return false;
}

/* ---- the headers of all files ---- */

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

/* looks whether a file is a partial, which its first event says */
static enum exit_code look_at_origin(struct report_read *r, size_t i, struct walk *w,
                                     char err[COMMAND_ERR_MAX])
{
    struct partial_origin origin;
    char why[WALK_ERR_MAX];
    if (walk_next(w, why) != 1 || w->item.kind != DATASET_EVENT ||
        !partial_origin_read(&origin, &w->event))
        return EXIT_GOOD; /* what else is wrong is told by whoever reads on */
    if (r->store != NULL && memcmp(origin.store_sha256, trust_store_facts(r->store)->sha256,
                                   sizeof origin.store_sha256) != 0) {
        snprintf(err, COMMAND_ERR_MAX,
                 "%s: a partial whose chains were judged by another trust store; name that one by "
                 "--trust-store, or make the partial anew",
                 r->paths[i]);
        return EXIT_USAGE;
    }
    r->origins[i] = strndup((const char *)origin.file.data, origin.file.len);
    if (r->origins[i] == NULL) {
        snprintf(err, COMMAND_ERR_MAX, "no memory");
        return EXIT_FAULT;
    }
    r->files[i].path = r->origins[i];
    r->files[i].is_partial = true;
    return EXIT_GOOD;
}

enum exit_code report_read_heads(struct report_read *r, char err[COMMAND_ERR_MAX])
{
    for (size_t i = 0; i < r->num_files; i++) {
        struct judge_cache_file *key = &r->key.files[r->key.num_files++];
        struct stat st = {0};
        struct walk w;
        int rc = walk_open(&w, err, r->paths[i]);
        enum exit_code code = rc == 0 ? EXIT_GOOD : EXIT_FAULT;
        if (rc == 0) {
            report_file_init(&r->files[i], r->paths[i], w.header);
            code = look_at_origin(r, i, &w, err);
        }
        walk_close(&w);
        if (code != EXIT_GOOD)
            return code;
        if (given_twice(err, r->files, i + 1))
            return EXIT_USAGE;
        memcpy(key->id, r->files[i].id, sizeof key->id);
        key->len = stat(r->paths[i], &st) == 0 ? (uint64_t)st.st_size : 0;
    }
    return EXIT_GOOD;
}
