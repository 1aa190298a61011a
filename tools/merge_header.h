/*
 * merge_header: the header of a dataset that several files are merged into, and how their records
 * must be changed to fit it.
 *
 * What       targets, order and digests are the same in all files, or they cannot be merged. The
 *            start is the earliest; vantages (source address and EHLO name) and hellos are those of
 *            all files, each once; options, libraries and user metadata are kept where all files
 *            agree. All shards become one; several files of one shard stay that shard.
 * Vantage    a file without source addresses beside one that has some, or with another EHLO name,
 *            gets `::`: the kernel chose.
 * Ownership  the caller's storage; the headers outlive it. merge_header_cleanup frees.
 * Errors     -EINVAL: they cannot be merged; -ENOMEM. err says which files and why.
 */
#ifndef MXSWEEP_TOOLS_MERGE_HEADER_H
#define MXSWEEP_TOOLS_MERGE_HEADER_H

#include "core/dataset.h"

enum { MERGE_ERR_MAX = 1024, MERGE_INDEXES = 256 };

/* a file to be merged, and what its records' numbers become */
struct merge_part {
    const char *path;
    const struct dataset_header *header;
    uint64_t later_us; /* its start, from the merged one */
    uint8_t sources[MERGE_INDEXES], hellos[MERGE_INDEXES];
};

struct merge_header {
    struct dataset_header header;
    struct addr sources[MERGE_INDEXES];
    struct bytes names[MERGE_INDEXES]; /* EHLO names, one for each source */
    struct dataset_hello hellos[MERGE_INDEXES];
    struct dataset_pair *options, *libraries;
};

/* merge_header_init makes the header of what num parts become, and fills in the rest of each part.
 */
int merge_header_init(struct merge_header *m, char err[MERGE_ERR_MAX], struct merge_part *parts,
                      size_t num);
void merge_header_cleanup(struct merge_header *m);

#endif
