#include "tests/tools/counted.h"

#include <stdio.h>
#include <stdlib.h>

#include "tools/judgements.h"
#include "tools/walk.h"

static void must(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "counted: %s\n", what);
    abort();
}

typedef int on_block(void *ctx, const struct dataset_header *header, const struct block *block);

/* gives those blocks of a file that fall to a part */
static void each_block(const char *path, struct counted_how how, unsigned part, on_block *take,
                       void *ctx)
{
    struct walk w;
    char err[WALK_ERR_MAX] = "";
    int rc = walk_open(&w, err, path);
    while (rc >= 0 && (rc = walk_next(&w, err)) == 1)
        if (w.item.kind == DATASET_BLOCK && w.blocks > how.skip &&
            (w.blocks - 1) % how.num_parts == part)
            must(take(ctx, w.header, w.block) == 0, "a block is not taken");
    must(rc == 0, err);
    walk_close(&w);
}

static int to_catalog(void *ctx, const struct dataset_header *header, const struct block *block)
{
    return catalog_add_block(ctx, header, block);
}

static int to_judgements(void *ctx, const struct dataset_header *header, const struct block *block)
{
    (void)header;
    return judgements_add_block(ctx, block);
}

static int to_aggregate(void *ctx, const struct dataset_header *header, const struct block *block)
{
    return aggregate_add_block(ctx, header, block);
}

static unsigned nth(struct counted_how how, unsigned i)
{
    return how.backwards ? how.num_parts - 1 - i : i;
}

static struct catalog *read_catalog(const char *const *paths, size_t num_paths,
                                    struct counted_how how)
{
    struct catalog *whole = catalog_new();
    must(whole != NULL, "memory");
    for (unsigned i = 0; i < how.num_parts; i++) {
        struct catalog *part = catalog_new();
        for (size_t p = 0; p < num_paths; p++)
            each_block(paths[p], how, nth(how, i), to_catalog, part);
        must(catalog_merge(whole, part) == 0, "catalog_merge");
        catalog_free(part);
    }
    catalog_seal(whole);
    return whole;
}

static void judge(struct catalog *c, const char *const *paths, size_t num_paths,
                  struct counted_how how)
{
    struct judgements *j;
    must(judgements_new(&j, c, how.store, NULL, how.num_threads) == 0, "judgements_new");
    for (unsigned i = 0; i < how.num_parts; i++)
        for (size_t p = 0; p < num_paths; p++)
            each_block(paths[p], how, nth(how, i), to_judgements, j);
    must(judgements_finish(j) == 0, "judgements_finish");
    judgements_free(j);
}

static void add_heads(struct aggregate *a, const char *const *paths, size_t num_paths)
{
    for (size_t p = 0; p < num_paths; p++) {
        struct walk w;
        char err[WALK_ERR_MAX];
        must(walk_open(&w, err, paths[p]) == 0, err);
        aggregate_add_file(a, w.header);
        walk_close(&w);
    }
}

void counted_open(struct counted *c, const char *const *paths, size_t num_paths,
                  struct counted_how how)
{
    how.num_parts = how.num_parts > 0 ? how.num_parts : 1;
    c->catalog = read_catalog(paths, num_paths, how);
    if (how.store != NULL)
        judge(c->catalog, paths, num_paths, how);
    how.setup.catalog = c->catalog;
    c->aggregate = aggregate_new(&how.setup);
    must(c->aggregate != NULL, "memory");
    add_heads(c->aggregate, paths, num_paths);
    for (unsigned i = 0; i < how.num_parts; i++) {
        struct aggregate *part = aggregate_new(&how.setup);
        for (size_t p = 0; p < num_paths; p++)
            each_block(paths[p], how, nth(how, i), to_aggregate, part);
        must(aggregate_merge(c->aggregate, part) == 0, "aggregate_merge");
        aggregate_free(part);
    }
}

void counted_close(struct counted *c)
{
    aggregate_free(c->aggregate);
    catalog_free(c->catalog);
}
