#include "tools/report_caches.h"

#include <stdlib.h>
#include <sys/stat.h>

/* most of the limit is for the catalog; 0: any */
uint64_t report_catalog_room(const struct report_read *r)
{
    return r->memory_limit / 16 * 13;
}

void report_note(struct report_read *r, const char *why)
{
    gauge_end(&r->gauge);
    fprintf(stderr, "mxstat: note: %s\n", why);
}

static char *book_path(const struct report_read *r)
{
    return verdict_book_path(r->key.store_sha256, r->paths[0], r->cache_folder);
}

/* of partials chains are judged for which some octets are in no file: the book would know them */
static bool has_partials(const struct report_read *r)
{
    for (size_t i = 0; i < r->num_files; i++)
        if (r->files[i].is_partial)
            return true;
    return false;
}

/* what a chain takes in the book, about */
enum { BOOK_CHAIN_LEN = 100 };

/* what is judged goes into it, where there is room for all chains beside it */
void report_open_book(struct report_read *r)
{
    char why[CACHE_WHY_MAX];
    bool has_room = leaf_range_is_all(&r->catalog->range) &&
                    (r->memory_limit == 0 ||
                     catalog_octets(r->catalog) + r->catalog->chains.num * BOOK_CHAIN_LEN <=
                         report_catalog_room(r));
    if (r->book != NULL || r->no_cache || r->for_all_times || has_partials(r) || !has_room)
        return;
    char *path = book_path(r);
    r->book = path != NULL ? verdict_book_new(r->key.store_sha256, r->today) : NULL;
    if (r->book != NULL && verdict_book_load(r->book, why, path) < 0)
        report_note(r, why);
    free(path);
}

/* before targets are counted, which wants the memory */
void report_close_book(struct report_read *r, bool kept)
{
    char why[CACHE_WHY_MAX];
    bool small = r->cache_folder == NULL && r->book != NULL &&
                 verdict_book_num(r->book) < REPORT_CACHE_CHAINS_MIN;
    char *path = r->book != NULL && kept && !small ? book_path(r) : NULL;
    if (path != NULL && verdict_book_save(r->book, why, path) != 0)
        report_note(r, why);
    free(path);
    verdict_book_free(r->book);
    r->book = NULL;
}

/* ---- judged catalogs ---- */

void report_load_catalog(struct report_read *r, const char *path)
{
    char why[CACHE_WHY_MAX];
    struct stat st;
    uint64_t most = report_catalog_room(r);
    if (path != NULL && most > 0 && stat(path, &st) == 0 && (uint64_t)st.st_size > most) {
        snprintf(why, sizeof why, "%.300s: larger than --memory-limit has room for; not used",
                 path);
        report_note(r, why);
        return;
    }
    if (path != NULL && judge_cache_load(&r->catalog, &r->key, why, path) < 0)
        report_note(r, why);
}

void report_save_catalog(struct report_read *r, const char *path)
{
    char why[CACHE_WHY_MAX];
    bool small = r->cache_folder == NULL && r->catalog->chains.num < REPORT_CACHE_CHAINS_MIN;
    if (path != NULL && !r->changed && !small &&
        judge_cache_save(r->catalog, &r->key, why, path) != 0)
        report_note(r, why);
}
