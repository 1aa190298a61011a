/*
 * report_read: the files of a report, read as often as it takes: for the catalog of certificates
 * and chains, for judging those, and for counting targets.
 *
 * Ownership  the caller's storage; _cleanup frees.
 * Errors     err says "FILE: what, where, mend". EXIT_USAGE: a file is named twice. Of a torn file
 *            what is whole is taken, and `torn` says so.
 */
#ifndef MXSWEEP_TOOLS_REPORT_READ_H
#define MXSWEEP_TOOLS_REPORT_READ_H

#include "tools/args.h"
#include "tools/gauge.h"
#include "tools/judge_cache.h"
#include "tools/report.h"

/* beside a file a cache is kept where it saves about a second: from so many chains on */
enum { REPORT_CACHE_CHAINS_MIN = 20000 };

struct report_read {
    char *const *paths;
    size_t num_files;
    const struct trust_store *store; /* NULL: chains are not judged */
    unsigned num_threads;            /* 1 to PARALLEL_THREADS_MAX */
    bool for_all_times;              /* chains are judged for all times, not those of sessions */
    bool no_cache;                   /* judged chains are neither looked for nor kept */
    const char *cache_folder;        /* NULL: beside the first file */
    size_t top;                      /* groups of each dimension; 0: all */
    struct aggregate_setup setup;    /* catalog and groups are put there */
    struct report_file *files;
    char *
        *origins; /* of files that are partials, how what they were made of was called; else NULL */
    struct judge_cache_key key; /* the files, as they are read */
    struct gauge gauge;
    struct catalog *catalog;
    struct groups *groups;
    struct aggregate *aggregate;
    bool changed;               /* a file did, from one pass to the next */
    char torn[COMMAND_ERR_MAX]; /* empty: no file is */
};

enum exit_code report_read(struct report_read *r, char err[COMMAND_ERR_MAX]);

/* report_read_partial makes a partial of the one file, which must not exist. The store is there. */
enum exit_code report_read_partial(struct report_read *r, char err[COMMAND_ERR_MAX],
                                   const char *out);
void report_read_cleanup(struct report_read *r);

#endif
