/* counted: datasets read as the report reads them: catalog, judgements, counts. */
#ifndef MXSWEEP_TESTS_TOOLS_COUNTED_H
#define MXSWEEP_TESTS_TOOLS_COUNTED_H

#include "tools/aggregate.h"

enum { COUNTED_PARTS_MAX = 8 };

struct counted {
    struct catalog *catalog;
    struct aggregate *aggregate;
};

/* how a file is read */
struct counted_how {
    unsigned num_parts; /* catalogs and aggregates that the blocks are dealt out to, and
                                      * that are merged; 0: one */
    bool backwards;     /* merged from the last one on */
    uint64_t skip;      /* blocks at the beginning that are not read */
    const struct trust_store *store; /* NULL: nothing is judged */
    unsigned num_threads;
    struct aggregate_setup setup; /* but for the catalog */
};

void counted_open(struct counted *c, const char *const *paths, size_t num_paths,
                  struct counted_how how);
void counted_close(struct counted *c);

#endif
