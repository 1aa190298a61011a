#include "tools/report_read.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/times.h"
#include "tools/judgements.h"
#include "tools/partial.h"
#include "tools/report_caches.h"
#include "tools/statistics_only.h"

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

/* of the limit, each sorter has a thirty-second, and so have the tables of a kind that threads
 * hold */
static int make_overflow(struct report_read *r, char err[COMMAND_ERR_MAX])
{
    size_t room = (size_t)(r->memory_limit / 32);
    if (r->memory_limit == 0)
        return 0;
    r->overflow = overflow_new(r->temp_folder, room, room / r->num_threads);
    r->setup.overflow = r->overflow;
    if (r->overflow == NULL)
        snprintf(err, COMMAND_ERR_MAX, "no memory");
    return r->overflow != NULL ? 0 : -ENOMEM;
}

/* what went wrong with a temporary file says more than that something could not be counted */
static int explain(const struct report_read *r, char err[COMMAND_ERR_MAX], int rc)
{
    if (rc != 0 && r->overflow != NULL && overflow_error(r->overflow)[0] != '\0')
        snprintf(err, COMMAND_ERR_MAX, "%s", overflow_error(r->overflow));
    return rc;
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

static int gather_pass(struct report_read *r, char err[COMMAND_ERR_MAX], void *const *hands,
                       enum catalog_pass pass, const char *what)
{
    int rc = 0;
    r->catalog->pass = pass;
    begin_pass(r, what);
    for (size_t i = 0; rc == 0 && i < r->num_files; i++) {
        for (unsigned k = 0; k < r->num_threads; k++)
            catalog_hand_verdicts(hands[k], r->files[i].is_partial);
        rc = each_block(r, err, i, to_catalog, hands);
    }
    return rc;
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
    /* of a range, what certificates are wanted for is known when its chains are */
    bool is_whole = leaf_range_is_all(&r->catalog->range);
    if (rc == 0 && !is_whole)
        rc = gather_pass(r, err, hands, CATALOG_CHAINS, "reading chains");
    if (rc == 0)
        rc = gather_pass(r, err, hands, is_whole ? CATALOG_ALL : CATALOG_FACTS,
                         "reading certificates");
    for (unsigned i = 0; i < r->num_threads; i++)
        catalog_hand_free(hands[i]);
    if (rc == 0)
        catalog_seal(r->catalog);
    uint64_t octets = catalog_octets(r->catalog);
    if (rc == 0 && octets > r->most_octets)
        r->most_octets = octets;
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
    report_open_book(r);
    int rc = judgements_new(&to.judgements, r->catalog, r->store, r->book, r->num_threads);
    if (rc != 0) {
        snprintf(err, COMMAND_ERR_MAX, "no memory to judge chains");
        return rc;
    }
    if (judgements_wait(to.judgements))
        begin_pass(r, "judging chains");
    /* backwards: what is new, and not in the book, is most often in the file named last */
    for (size_t i = r->num_files; rc == 0 && i > 0 && judgements_wait(to.judgements); i--)
        rc = each_block(r, err, i - 1, to_judgements, contexts);
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

/* ---- counting ---- */

static int to_aggregate(void *context, const struct dataset_header *header,
                        const struct dataset_item *item, const struct block *block)
{
    (void)item;
    return block != NULL ? aggregate_add_block(context, header, block) : 0;
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
    if (r->num_ranges == 0 && !report_file_goes_on(r->files, i))
        r->aggregate->positions_given += f->shard_targets;
    end_file(f, &end);
    gauge_file(&r->gauge, key_of(r, i)->len);
    note_digest(r, i, end.digest);
    err[0] = '\0';
    return 0; /* of a torn file, all that is whole */
}

/* each thread has an aggregate of its own; the first is the sum */
static int make_parts(struct report_read *r)
{
    for (unsigned i = 0; i < r->num_threads; i++) {
        r->parts[i] = i == 0 ? aggregate_new(&r->setup) : aggregate_new_beside(r->parts[0]);
        if (r->parts[i] == NULL)
            return -ENOMEM;
        r->aggregate = r->parts[0];
    }
    return 0;
}

/* counts the targets of the catalog's range */
static int tally_up(struct report_read *r, char err[COMMAND_ERR_MAX])
{
    int rc = r->aggregate == NULL ? make_parts(r) : aggregate_turn(r->aggregate);
    if (rc != 0)
        snprintf(err, COMMAND_ERR_MAX, "no memory");
    begin_pass(r, "counting targets");
    for (size_t i = 0; rc == 0 && i < r->num_files; i++)
        rc = add_file(r, err, i, r->parts);
    if (rc == 0 && (rc = aggregate_fold(r->aggregate, r->top)) != 0)
        snprintf(err, COMMAND_ERR_MAX, "no memory for the statistics");
    r->num_ranges++;
    return explain(r, err, rc);
}

static void free_parts(struct report_read *r)
{
    for (unsigned i = r->num_threads; i-- > 0;) { /* the first lends the others its counts */
        aggregate_free(r->parts[i]);
        r->parts[i] = NULL;
    }
    r->aggregate = NULL;
    overflow_free(r->overflow);
    r->overflow = NULL;
}

static int merge_parts(struct report_read *r, char err[COMMAND_ERR_MAX])
{
    int rc = 0;
    for (unsigned i = 1; i < r->num_threads; i++) {
        if (rc == 0 && (rc = aggregate_merge(r->aggregate, r->parts[i])) != 0)
            snprintf(err, COMMAND_ERR_MAX, "no memory to count what is in the files");
        aggregate_free(r->parts[i]);
        r->parts[i] = NULL;
    }
    if (rc == 0 && (rc = aggregate_end(r->aggregate)) != 0)
        snprintf(err, COMMAND_ERR_MAX, "no memory for the statistics");
    r->spilled = r->overflow != NULL ? overflow_spilled(r->overflow) : 0;
    return explain(r, err, rc);
}

/* ---- all ---- */

/* has the catalog hold a range, as far as it is needed; -E2BIG: there is no room for it */
static int hold(struct report_read *r, char err[COMMAND_ERR_MAX], struct leaf_range range)
{
    if (r->held.first == range.first && r->held.end == range.end)
        return 0;
    r->held = (struct leaf_range){0, 0};
    catalog_clear(r->catalog, range);
    int rc = 0;
    if ((statistics_needs(r->setup.only) & NEED_CERTS) != 0)
        rc = gather(r, err);
    else
        catalog_seal(r->catalog);
    if (rc == 0)
        r->held = range;
    return rc;
}

static int hold_judged(struct report_read *r, char err[COMMAND_ERR_MAX], struct leaf_range range)
{
    bool wanted = (statistics_needs(r->setup.only) & NEED_VERDICTS) != 0 && r->store != NULL;
    int rc = hold(r, err, range);
    if (rc == 0 && wanted && !r->catalog->judged)
        rc = judge(r, err);
    if (rc == 0 && range.end == LEAVES_END)
        report_close_book(r, true);
    return rc;
}

typedef int hold_range(struct report_read *r, char err[COMMAND_ERR_MAX], struct leaf_range range);
typedef int take_range(struct report_read *r, char err[COMMAND_ERR_MAX]);

/* all leaves are one range, at first; one that has no room is halved */
static int each_range(struct report_read *r, char err[COMMAND_ERR_MAX], hold_range *hold_one,
                      take_range *take)
{
    int rc = 0;
    for (uint64_t first = 0; rc == 0 && first < LEAVES_END;) {
        uint64_t end = first + r->width < LEAVES_END ? first + r->width : LEAVES_END;
        rc = hold_one(r, err, (struct leaf_range){first, end});
        if (rc == -E2BIG) {
            r->width /= 2;
            rc = 0;
            continue;
        }
        if (rc == 0)
            rc = take(r, err);
        r->width = catalog_next_width(r->catalog, r->width);
        first = end;
    }
    return rc;
}

static int count_groups(struct report_read *r, char err[COMMAND_ERR_MAX])
{
    struct to_groups to = {.groups = r->groups, .mutex = PTHREAD_MUTEX_INITIALIZER};
    void *contexts[PARALLEL_THREADS_MAX];
    int rc = 0;
    for (unsigned i = 0; i < r->num_threads; i++)
        contexts[i] = &to;
    begin_pass(r, "counting groups");
    for (size_t i = 0; rc == 0 && i < r->num_files; i++)
        rc = each_block(r, err, i, to_groups, contexts);
    pthread_mutex_destroy(&to.mutex);
    return rc;
}

/* which groups are the largest takes a pass of its own */
static int take_census(struct report_read *r, char err[COMMAND_ERR_MAX])
{
    struct group_setup setup = r->setup.select;
    bool of_leaves = (setup.dimensions & GROUPS_OF_LEAVES) != 0;
    setup.catalog = of_leaves ? r->catalog : NULL;
    groups_free(r->groups);
    r->groups = groups_new(&setup);
    r->setup.groups = r->groups;
    int rc = r->groups != NULL ? 0 : -ENOMEM;
    if (rc == 0) {
        groups_bound(r->groups, r->overflow);
        rc = of_leaves ? each_range(r, err, hold, count_groups) : count_groups(r, err);
    }
    if (rc == 0)
        rc = groups_seal(r->groups, r->top, r->top_countries);
    if (rc == -ENOMEM)
        snprintf(err, COMMAND_ERR_MAX, "no memory for the groups");
    return explain(r, err, rc);
}

static int begin_catalog(struct report_read *r, char err[COMMAND_ERR_MAX])
{
    r->width = LEAVES_END;
    r->held = (struct leaf_range){0, r->catalog != NULL ? LEAVES_END : 0};
    if (r->catalog == NULL && (r->catalog = catalog_new()) == NULL) {
        snprintf(err, COMMAND_ERR_MAX, "no memory");
        return -ENOMEM;
    }
    r->catalog->octets_max = r->for_all_times ? 0 : report_catalog_room(r);
    r->setup.catalog = r->catalog;
    r->setup.select.catalog = r->catalog;
    return 0;
}

static int read_all(struct report_read *r, char err[COMMAND_ERR_MAX], const char *cache)
{
    unsigned needs = statistics_needs(r->setup.only);
    if ((needs & NEED_CERTS) != 0)
        report_load_catalog(r, cache);
    bool loaded = r->catalog != NULL;
    int rc = begin_catalog(r, err);
    if (rc == 0)
        rc = make_overflow(r, err);
    if (rc == 0 && r->setup.select.dimensions != 0)
        rc = take_census(r, err);
    r->num_ranges = 0;
    if (rc == 0)
        rc = each_range(r, err, hold_judged, tally_up);
    if (rc == 0)
        rc = merge_parts(r, err);
    if (rc == 0 && loaded && r->changed) { /* and what was loaded is of other octets */
        free_parts(r);
        catalog_free(r->catalog);
        r->catalog = NULL;
        r->changed = false;
        return read_all(r, err, NULL);
    }
    if (rc == 0 && r->changed)
        report_note(r,
                    "a file changed while it was read: what came since may be counted as unknown");
    if (rc == 0 && !loaded && (needs & NEED_VERDICTS) != 0 && r->num_ranges == 1)
        report_save_catalog(r, cache);
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
    return report_read_heads(r, err);
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
    struct new_file file; /* that it can be made is known before anything is judged */
    if (!new_file_open(&file, err, out))
        return EXIT_FAULT;
    int rc = 0;
    if (file.state == NEW_FILE_STRAIGHT) {
        snprintf(err, COMMAND_ERR_MAX, "%s: is no file; a partial cannot be piped", out);
        rc = -EINVAL;
    }
    r->for_all_times = true;
    if (rc == 0)
        rc = begin_catalog(r, err);
    if (rc == 0)
        rc = hold_judged(r, err, (struct leaf_range){0, LEAVES_END});
    gauge_end(&r->gauge);
    if (rc == 0)
        rc = partial_write(&file, r->paths[0], r->catalog, r->key.store_sha256, err);
    bool good = new_file_close(&file, err, rc == 0) && rc == 0;
    return good ? EXIT_GOOD : EXIT_FAULT;
}

void report_read_cleanup(struct report_read *r)
{
    free_parts(r);
    groups_free(r->groups);
    catalog_free(r->catalog);
    report_close_book(r, false);
    free(r->files);
    free(r->key.files);
    for (size_t i = 0; r->origins != NULL && i < r->num_files; i++)
        free(r->origins[i]);
    free(r->origins);
}
