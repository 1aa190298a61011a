#include "tools/report_read.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/times.h"
#include "tools/judgements.h"
#include "tools/parallel.h"
#include "tools/partial.h"

/* ---- files ---- */

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

/* ---- passes ---- */

/* what is known of file i, for the cache of judgements */
static struct judge_cache_file *key_of(const struct report_read *r, size_t i)
{
    struct judge_cache_file *f = r->key.files;
    while (memcmp(f->id, r->files[i].id, sizeof f->id) != 0)
        f++;
    return f;
}

/* what a pass found file i to be must be what those before it found, or its cache says */
static void note_digest(struct report_read *r, size_t i, const uint8_t digest[32])
{
    static const uint8_t none[32];
    struct judge_cache_file *f = key_of(r, i);
    r->changed |= memcmp(f->digest, none, sizeof none) != 0 &&
                  memcmp(f->digest, digest, sizeof f->digest) != 0;
    memcpy(f->digest, digest, sizeof f->digest);
}

static void on_read(void *context, uint64_t octets)
{
    gauge_at(context, octets);
}

/* a pass over all files begins */
static void begin_pass(struct report_read *r, const char *what)
{
    uint64_t total = 0;
    for (size_t i = 0; i < r->num_files; i++)
        total += r->key.files[i].len;
    gauge_begin(&r->gauge, what, total);
}

/* goes through the blocks of a file, each thread with a context of its own. A torn end is no error:
 * the last pass says so. */
static int each_block(struct report_read *r, char err[COMMAND_ERR_MAX], size_t i,
                      parallel_take *take, void *const *contexts)
{
    struct parallel_plan plan = {.num_threads = r->num_threads,
                                 .contexts = contexts,
                                 .take = take,
                                 .defer_certs = true,
                                 .on_read = on_read,
                                 .on_read_context = &r->gauge};
    struct parallel_end end;
    int rc = parallel_read(&end, err, r->paths[i], &plan);
    if (rc != 0 && rc != -ENODATA)
        return rc;
    err[0] = '\0';
    gauge_file(&r->gauge, key_of(r, i)->len);
    note_digest(r, i, end.digest);
    return 0;
}

static int to_catalog(void *context, const struct dataset_header *header,
                      const struct dataset_item *item, const struct block *block)
{
    (void)item;
    return block != NULL ? catalog_hand_add(context, header, block) : 0;
}

static int gather(struct report_read *r, char err[COMMAND_ERR_MAX])
{
    void *hands[PARALLEL_THREADS_MAX] = {NULL};
    int rc = 0;
    for (unsigned i = 0; rc == 0 && i < r->num_threads; i++) {
        hands[i] = catalog_hand_new(r->catalog);
        rc = hands[i] != NULL ? 0 : -ENOMEM;
    }
    if (rc != 0)
        snprintf(err, COMMAND_ERR_MAX, "no memory");
    begin_pass(r, "reading certificates");
    for (size_t i = 0; rc == 0 && i < r->num_files; i++) {
        for (unsigned k = 0; k < r->num_threads; k++)
            catalog_hand_verdicts(hands[k], r->files[i].is_partial);
        rc = each_block(r, err, i, to_catalog, hands);
    }
    for (unsigned i = 0; i < r->num_threads; i++)
        catalog_hand_free(hands[i]);
    catalog_seal(r->catalog);
    return rc;
}

/* judgements take one block at a time; they have threads of their own */
struct to_judge {
    struct judgements *judgements;
    pthread_mutex_t mutex;
};

static int to_judgements(void *context, const struct dataset_header *header,
                         const struct dataset_item *item, const struct block *block)
{
    struct to_judge *to = context;
    (void)header;
    (void)item;
    if (block == NULL)
        return 0;
    pthread_mutex_lock(&to->mutex);
    int rc = judgements_add_block(to->judgements, block);
    pthread_mutex_unlock(&to->mutex);
    return rc;
}

/* the first and the last moment that a session may have */
static void judge_all_times(struct chain_table *t)
{
    for (size_t i = 0; i < t->num; i++)
        if (t->entries[i].first_s <= t->entries[i].last_s) {
            t->entries[i].first_s = 0;
            t->entries[i].last_s = SESSION_START_MAX_S;
        }
}

static int judge(struct report_read *r, char err[COMMAND_ERR_MAX])
{
    if (r->for_all_times)
        judge_all_times(&r->catalog->chains);
    struct to_judge to = {.mutex = PTHREAD_MUTEX_INITIALIZER};
    void *contexts[PARALLEL_THREADS_MAX];
    for (unsigned i = 0; i < r->num_threads; i++)
        contexts[i] = &to;
    int rc = judgements_new(&to.judgements, r->catalog, r->store, r->num_threads);
    if (rc != 0) {
        snprintf(err, COMMAND_ERR_MAX, "no memory to judge chains");
        return rc;
    }
    begin_pass(r, "judging chains");
    for (size_t i = 0; rc == 0 && i < r->num_files; i++)
        rc = each_block(r, err, i, to_judgements, contexts);
    if (rc == 0 && (rc = judgements_finish(to.judgements)) != 0)
        snprintf(err, COMMAND_ERR_MAX, "no memory to judge chains");
    judgements_free(to.judgements);
    pthread_mutex_destroy(&to.mutex);
    return rc;
}

/* one block at a time */
struct to_groups {
    struct groups *groups;
    pthread_mutex_t mutex;
};

static int to_groups(void *context, const struct dataset_header *header,
                     const struct dataset_item *item, const struct block *block)
{
    struct to_groups *to = context;
    (void)item;
    if (block == NULL)
        return 0;
    pthread_mutex_lock(&to->mutex);
    int rc = groups_add_block(to->groups, header, block);
    pthread_mutex_unlock(&to->mutex);
    return rc;
}

/* which groups are the largest takes a pass of its own */
static int take_census(struct report_read *r, char err[COMMAND_ERR_MAX])
{
    struct to_groups to = {.groups = groups_new(&r->setup.select),
                           .mutex = PTHREAD_MUTEX_INITIALIZER};
    void *contexts[PARALLEL_THREADS_MAX];
    int rc = to.groups != NULL ? 0 : -ENOMEM;
    for (unsigned i = 0; i < r->num_threads; i++)
        contexts[i] = &to;
    groups_free(r->groups);
    r->groups = to.groups;
    begin_pass(r, "counting groups");
    for (size_t i = 0; rc == 0 && i < r->num_files; i++)
        rc = each_block(r, err, i, to_groups, contexts);
    if (rc == 0)
        rc = groups_seal(r->groups, r->top);
    if (rc == -ENOMEM)
        snprintf(err, COMMAND_ERR_MAX, "no memory for the groups");
    r->setup.groups = r->groups;
    pthread_mutex_destroy(&to.mutex);
    return rc;
}

/* ---- counting ---- */

static int to_aggregate(void *context, const struct dataset_header *header,
                        const struct dataset_item *item, const struct block *block)
{
    (void)item;
    return block != NULL ? aggregate_add_block(context, header, block) : 0;
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

static void end_file(struct report_file *f, const struct parallel_end *end)
{
    f->end = end->end;
    f->has_end = end->has_trailer;
    f->end_us = time_after(f->start_us, end->trailer.end_us);
    f->blocks = end->blocks;
    f->records = end->records;
    f->events = end->events - f->is_partial; /* less the one that says so */
}

/* adds file i, those before it are added already */
static int add_file(struct report_read *r, char err[COMMAND_ERR_MAX], size_t i, void *const *parts)
{
    struct parallel_plan plan = {.num_threads = r->num_threads,
                                 .contexts = parts,
                                 .take = to_aggregate,
                                 .defer_certs = true,
                                 .on_read = on_read,
                                 .on_read_context = &r->gauge};
    struct parallel_end end;
    struct report_file *f = &r->files[i];
    int rc = parallel_read(&end, err, r->paths[i], &plan);
    if (rc != 0 && rc != -ENODATA)
        return rc;
    if (rc == -ENODATA)
        memcpy(r->torn, err, sizeof r->torn);
    if (!is_further_part(f, r->files, i))
        r->aggregate->positions_given += f->shard_targets;
    end_file(f, &end);
    gauge_file(&r->gauge, key_of(r, i)->len);
    note_digest(r, i, end.digest);
    err[0] = '\0';
    return 0; /* of a torn file, all that is whole */
}

/* each thread has an aggregate of its own; the first is the sum */
static int tally_up(struct report_read *r, char err[COMMAND_ERR_MAX])
{
    void *parts[PARALLEL_THREADS_MAX] = {NULL};
    int rc = 0;
    r->setup.catalog = r->catalog;
    for (unsigned i = 0; rc == 0 && i < r->num_threads; i++) {
        parts[i] = aggregate_new(&r->setup);
        rc = parts[i] != NULL ? 0 : -ENOMEM;
    }
    r->aggregate = parts[0];
    if (rc != 0)
        snprintf(err, COMMAND_ERR_MAX, "no memory");
    begin_pass(r, "counting targets");
    for (size_t i = 0; rc == 0 && i < r->num_files; i++)
        rc = add_file(r, err, i, parts);
    for (unsigned i = 1; i < r->num_threads; i++) {
        if (rc == 0 && (rc = aggregate_merge(r->aggregate, parts[i])) != 0)
            snprintf(err, COMMAND_ERR_MAX, "no memory to count what is in the files");
        aggregate_free(parts[i]);
    }
    return rc;
}

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

/* reads the headers */
static enum exit_code read_heads(struct report_read *r, char err[COMMAND_ERR_MAX])
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

/* ---- the cache of judgements ---- */

static void note(struct report_read *r, const char *why)
{
    gauge_end(&r->gauge);
    fprintf(stderr, "mxstat: note: %s\n", why);
}

static void load_cache(struct report_read *r, const char *path)
{
    char why[JUDGE_CACHE_WHY_MAX];
    if (path != NULL && judge_cache_load(&r->catalog, &r->key, why, path) < 0)
        note(r, why);
}

static void save_cache(struct report_read *r, const char *path)
{
    char why[JUDGE_CACHE_WHY_MAX];
    bool small = r->cache_folder == NULL && r->catalog->chains.num < REPORT_CACHE_CHAINS_MIN;
    if (path != NULL && !r->changed && !small &&
        judge_cache_save(r->catalog, &r->key, why, path) != 0)
        note(r, why);
}

/* ---- all ---- */

static int gather_and_judge(struct report_read *r, char err[COMMAND_ERR_MAX])
{
    r->catalog = catalog_new();
    if (r->catalog == NULL) {
        snprintf(err, COMMAND_ERR_MAX, "no memory");
        return -ENOMEM;
    }
    int rc = gather(r, err);
    return rc == 0 && r->store != NULL ? judge(r, err) : rc;
}

static int read_all(struct report_read *r, char err[COMMAND_ERR_MAX], const char *cache)
{
    load_cache(r, cache);
    bool loaded = r->catalog != NULL;
    int rc = loaded ? 0 : gather_and_judge(r, err);
    if (rc == 0 && r->setup.select.dimensions != 0)
        rc = take_census(r, err);
    if (rc == 0)
        rc = tally_up(r, err);
    if (rc == 0 && loaded && r->changed) { /* and what was loaded is of other octets */
        aggregate_free(r->aggregate);
        catalog_free(r->catalog);
        r->aggregate = NULL;
        r->catalog = NULL;
        r->changed = false;
        return read_all(r, err, NULL);
    }
    if (rc == 0 && r->changed)
        note(r, "a file changed while it was read: what came since may be counted as unknown");
    if (rc == 0 && !loaded)
        save_cache(r, cache);
    return rc;
}

static enum exit_code begin(struct report_read *r, char err[COMMAND_ERR_MAX])
{
    gauge_init(&r->gauge, STDERR_FILENO);
    r->files = calloc(r->num_files + 1, sizeof r->files[0]);
    r->key.files = calloc(r->num_files + 1, sizeof r->key.files[0]);
    r->origins = calloc(r->num_files + 1, sizeof r->origins[0]);
    if (r->files == NULL || r->key.files == NULL || r->origins == NULL) {
        snprintf(err, COMMAND_ERR_MAX, "no memory");
        return EXIT_FAULT;
    }
    r->key.has_store = r->store != NULL;
    if (r->store != NULL)
        memcpy(r->key.store_sha256, trust_store_facts(r->store)->sha256,
               sizeof r->key.store_sha256);
    return read_heads(r, err);
}

enum exit_code report_read(struct report_read *r, char err[COMMAND_ERR_MAX])
{
    enum exit_code code = begin(r, err);
    if (code != EXIT_GOOD)
        return code;
    char *cache = r->no_cache ? NULL : judge_cache_path(&r->key, r->paths[0], r->cache_folder);
    int rc = read_all(r, err, cache);
    free(cache);
    gauge_end(&r->gauge);
    return rc == 0 ? EXIT_GOOD : EXIT_FAULT;
}

enum exit_code report_read_partial(struct report_read *r, char err[COMMAND_ERR_MAX],
                                   const char *out)
{
    enum exit_code code = begin(r, err);
    if (code != EXIT_GOOD)
        return code;
    if (r->files[0].is_partial) {
        snprintf(err, COMMAND_ERR_MAX, "%s: is a partial already; copy it", r->paths[0]);
        return EXIT_USAGE;
    }
    r->for_all_times = true;
    int rc = gather_and_judge(r, err);
    gauge_end(&r->gauge);
    if (rc == 0)
        rc = partial_write(out, r->paths[0], r->catalog, r->key.store_sha256, err);
    return rc == 0 ? EXIT_GOOD : EXIT_FAULT;
}

void report_read_cleanup(struct report_read *r)
{
    aggregate_free(r->aggregate);
    groups_free(r->groups);
    catalog_free(r->catalog);
    free(r->files);
    free(r->key.files);
    for (size_t i = 0; r->origins != NULL && i < r->num_files; i++)
        free(r->origins[i]);
    free(r->origins);
}
