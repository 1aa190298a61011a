/*
 * stream_errands: from a line of a stream and its number to the errands of its positions.
 *
 * Promise    what a position comes to depends on line, ports, seed and sample alone, so that every
 *            run and every machine finds the same. Lines of which no position is open, or that are
 *            not drawn, are not looked at.
 * Ownership  the caller's storage, no cleanup; what the config points to outlives it, the ports
 *            excepted.
 */
#ifndef MXSWEEP_SCANNER_STREAM_ERRANDS_H
#define MXSWEEP_SCANNER_STREAM_ERRANDS_H

#include "scanner/stream.h"

struct stream_errands {
    const char *source; /* for messages */
    void *arg;
    void (*complain)(void *arg, const char *text);
    uint16_t ports[TARGET_PORTS_MAX];
    size_t num_ports;
    uint32_t num_shards, shard, sample_ppm;
    uint64_t key[2];                /* of the sample */
    const struct dataset_run *done; /* those that can still come */
    size_t num_done;
    uint64_t skipped, bad; /* lines, as struct stream_figures has them */
    struct target_item item;
};

/* stream_errands_init: ports beyond TARGET_PORTS_MAX are the caller's bug. */
void stream_errands_init(struct stream_errands *m, const struct stream_config *config,
                         const char *source);

/* stream_errands_make adds what line number line_no (from 0, rising from call to call) makes to
 * out. -ENOMEM, or -EOVERFLOW if its positions go beyond DATASET_STREAM_POSITIONS_MAX. */
int stream_errands_make(struct stream_errands *m, struct errand_list *out, struct bytes line,
                        uint64_t line_no);

#endif
