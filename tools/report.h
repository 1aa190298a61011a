/*
 * report: the statistics of some dataset files, as a page of text or as JSON.
 *
 * Promise    both hold the same figures; JSON has each with its denominator and unrounded. Text of
 *            servers is escaped.
 */
#ifndef MXSWEEP_TOOLS_REPORT_H
#define MXSWEEP_TOOLS_REPORT_H

#include <stdio.h>

#include "core/json.h"
#include "core/trust_store.h"
#include "tools/breakdown.h"
#include "tools/statistics.h"
#include "tools/walk.h"

/* what a report says of a file */
struct report_file {
    const char *path;
    uint8_t id[16], sweep_id[32];
    int64_t start_us, end_us; /* end_us: of the trailer, if has_end */
    bool has_end;
    char tool[64]; /* as the header has it, made printable, like the next two */
    char sources[512], ehlo_names[512]; /* the vantage; empty: not given */
    uint32_t shard, num_shards, part;
    uint64_t targets, shard_targets; /* positions of the sweep, of this shard; streamed: 0 */
    bool streamed;
    uint32_t sample_ppm; /* as the header has it */
    enum record_mode record_mode;
    bool is_partial; /* of what path was, before */
    uint64_t records, blocks, events;
    enum walk_end end;
};

struct report {
    const struct report_file *files;
    size_t num_files;
    const char *store_path;                /* by which chains were judged; NULL: not asked for */
    const struct trust_store_facts *store; /* NULL: they were not, for there is no such file */
    const char *mta_rules, *certificate_rules; /* versions of the rules; NULL: none */
    struct geo_facts geo[NUM_GEO_KINDS];
    const char *geo_paths[NUM_GEO_KINDS]; /* NULL: no such database */
    const char *where;                    /* the filter; NULL: all records */
    const char *weights_path;             /* NULL: each target counts 1 */
    size_t num_weights;                   /* addresses in it */
    double sampled;                       /* fraction that the targets are a sample of; 0: none */
    uint64_t min_cell;                    /* 0: all is shown */
    bool is_part;                         /* only some statistics were asked for */
    struct statistics statistics;
    struct breakdown *breakdowns;
    size_t num_breakdowns;
};

/* report_file_init takes what the header says. */
void report_file_init(struct report_file *f, const char *path, const struct dataset_header *h);

/* report_file_goes_on tells whether a file is a part of the same sweep as one before it, and so of
 * the same targets. */
bool report_file_goes_on(const struct report_file *files, size_t at);

/* wilson gives the bounds of a share in per cent, at 95 %, where the targets are a sample of that
 * fraction of a finite population; NaN of an empty set. */
void wilson(double *low, double *high, uint64_t count, uint64_t of, double sampled);

void report_text(FILE *out, const struct report *r);
void report_json(struct json *j, const struct report *r);

#endif
