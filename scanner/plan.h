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
#include "scanner/engine.h"
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
    bool filters_late; /* addresses come in that no target space was cleaned of: streams, names */
    bool include_special, has_allowlist, streamed;
    struct sources sources;
    struct networks_config networks;
    struct resolver_config resolver;
    struct asdb *asdb;       /* NULL: none */
    struct control *control; /* NULL: none */
    struct stream *stream;   /* NULL: targets are in space */
    struct engine_bell bell;
    unsigned linear_syns; /* syns.h: of this kernel */
    uint32_t sample_ppm;
    uint64_t limit;       /* positions of the sweep; 0: all */
    uint64_t max_targets; /* of this run; 0: no limit */
    enum record_mode record_mode;
    bool starttls_anyway;
    uint16_t audits; /* core/audit.h: bits */
    bool finished; /* resumed, and nothing is left to do */
    bool ended;    /* ... and the file says so at its end */
    uint32_t num_shards, shard;
    uint64_t seed;
    unsigned threads;                 /* workers */
    uint64_t in_flight;               /* sessions at once, of this shard */
    uint64_t step_ns;                 /* between two starts of this shard */
    uint64_t num_positions, num_done; /* of this shard (0: a stream, nobody knows); done by the
                                         runs before */
    uint64_t torn_bytes;              /* dropped from the end of a resumed file */
    int64_t start_us;                 /* of the dataset, since 1970 */
};

/* plan_make plans what o asks for. now_us: UTC since 1970, for a new dataset's start. A resumed
 * dataset must name a hello that this build sends alike. */
int plan_make(struct plan *plan, char err[PLAN_ERR_MAX], const struct options *o, int64_t now_us);
void plan_cleanup(struct plan *plan);

/* plan_load_targets puts the targets of arguments and files into list. */
int plan_load_targets(struct target_list *list, char err[PLAN_ERR_MAX], const struct options *o);

/* plan_filter makes the filter that this sweep needs beside what its target space was cleaned of,
 * from the blocklist as it is in the file now if reread, else as it was read when planning; *out
 * NULL: none is needed. sha256 takes the digest of what was read. */
int plan_filter(struct plan *plan, struct filter **out, uint8_t sha256[32], char err[PLAN_ERR_MAX],
                const struct options *o, bool reread);

/* plan_print writes this shard's targets in their order, one a line: address (or host name), port,
 * host name, tag, separated by tabs. An error of out is left to the caller to find; negative: a
 * stream that cannot be read. */
int plan_print(struct plan *plan, char err[PLAN_ERR_MAX], const struct options *o, FILE *out);

#endif
