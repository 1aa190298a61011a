/*
 * report_read: the files of a report, read as often as it takes: for the catalog of certificates
 * and chains, for judging those, and for counting targets.
 *
 * Memory     where the catalog has no room, the same is done for ranges of leaves
 *            (tools/catalog.h), one after the other; each record is counted in one. What is
 *            counted does not depend on how they are parted.
 * Ownership  the caller's storage; _cleanup frees.
 * Errors     err says "FILE: what, where, mend". EXIT_USAGE: a file is named twice. Of a torn file
 *            what is whole is taken, and `torn` says so.
 */
#ifndef MXSWEEP_TOOLS_REPORT_READ_H
#define MXSWEEP_TOOLS_REPORT_READ_H

#include "tools/args.h"
#include "tools/gauge.h"
#include "tools/judge_cache.h"
#include "tools/parallel.h"
#include "tools/report.h"
#include "tools/verdict_book.h"

/* beside a file a cache is kept where it saves about a second: from so many chains on */
enum { REPORT_CACHE_CHAINS_MIN = 20000 };

struct report_read {
    char *const *paths;
    size_t num_files;
    const struct trust_store *store; /* NULL: chains are not judged */
    unsigned num_threads;            /* 1 to PARALLEL_THREADS_MAX */
    bool for_all_times;              /* chains are judged for all times, not those of sessions */
    bool no_cache;                   /* judged chains are neither looked for nor kept */
    uint16_t today;                  /* days since 1970: when verdicts are kept */
    const char *cache_folder;        /* NULL: beside the first file */
    size_t top, top_countries;       /* groups of each dimension, and of that; 0: all */
    uint64_t memory_limit;           /* octets; 0: none, all is held at once */
    const char *temp_folder;         /* for what does not fit */
    struct aggregate_setup setup;    /* catalog and groups are put there */
    struct report_file *files;
    char *
        *origins; /* of files that are partials, how what they were made of was called; else NULL */
    struct judge_cache_key key; /* the files, as they are read */
    struct gauge gauge;
    struct verdict_book *book; /* while chains are judged; NULL: none */
    struct catalog *catalog;
    struct groups *groups;
    struct aggregate *aggregate; /* in the end, of all */
    struct overflow *overflow;
    void *parts[PARALLEL_THREADS_MAX]; /* aggregates of threads; the first is `aggregate` */
    struct leaf_range held;            /* what the catalog has; empty: nothing yet */
    uint64_t width;                    /* of a range that there is room for, as far as is known */
    size_t num_ranges;                 /* of leaves, that were counted one after the other */
    uint64_t spilled;                  /* octets that went to files */
    uint64_t most_octets;              /* that the catalog took of any range */
    bool changed;                      /* a file did, from one pass to the next */
    char torn[COMMAND_ERR_MAX];        /* empty: no file is */
};

enum exit_code report_read(struct report_read *r, char err[COMMAND_ERR_MAX]);

/* report_read_heads takes what the headers of all files say; a part of report_read. */
enum exit_code report_read_heads(struct report_read *r, char err[COMMAND_ERR_MAX]);

/* report_read_partial makes a partial of the one file, which must not exist. The store is there. */
enum exit_code report_read_partial(struct report_read *r, char err[COMMAND_ERR_MAX],
                                   const char *out);
void report_read_cleanup(struct report_read *r);

#endif
