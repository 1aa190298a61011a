/*
 * plan: from options to what a sweep needs: the target space, its order, the open positions, the
 * dataset.
 *
 * What       a new sweep is planned from the options; a resumed one from its dataset's header, with
 *            the options only changing what may change (rates, limits, threads, time-outs,
 *            blocklist, flush interval).
 * Ownership  the caller's storage; plan_cleanup frees all but the dataset, which is closed by
 *            sweep_run's end, or abandoned by plan_cleanup if it is still there.
 * Errors     -EINVAL: the user's to mend (exit code 2); any other negative: a fault (exit code 1).
 *            err says what and how.
 */
#ifndef MXSWEEP_SCANNER_PLAN_H
#define MXSWEEP_SCANNER_PLAN_H

#include "core/dataset.h"
#include "core/permutation.h"
#include "scanner/lease.h"
#include "scanner/options.h"

enum { PLAN_ERR_MAX = 768 };

struct plan {
    struct target_space own_space;    /* of a new sweep */
    const struct target_space *space; /* own_space, or the dataset's */
    struct target_counts counts;
    struct prefix_set special, block, allow;
    uint8_t block_sha256[32], allow_sha256[32];
    struct permutation order;
    struct lease_source leases;
    struct dataset_writer *dataset; /* NULL: dry run */
    const char *file;               /* of the dataset */
    const struct prefix_set
        *filter; /* resumed with a blocklist: what to record as blocked; else NULL */
    struct bytes ehlo_name;
    enum record_mode record_mode;
    bool starttls_anyway;
    bool finished; /* resumed, and nothing is left to do */
    uint32_t num_shards, shard;
    uint64_t seed;
    unsigned threads;                     /* workers */
    uint64_t in_flight;                   /* sessions at once, of this shard */
    uint64_t num_positions, num_done; /* of this shard; done by the runs before */
    uint64_t torn_bytes;              /* dropped from the end of a resumed file */
    int64_t start_us;                 /* of the dataset, since 1970 */
};

/* plan_make plans what o asks for. now_us: UTC since 1970, for a new dataset's start. A resumed
 * dataset must name a hello that this build sends alike. */
int plan_make(struct plan *plan, char err[PLAN_ERR_MAX], const struct options *o, int64_t now_us);
void plan_cleanup(struct plan *plan);

/* plan_print writes this shard's targets in their order, one a line: address, port, host name, tag,
 * separated by tabs. */
void plan_print(const struct plan *plan, FILE *out);

#endif
