/*
 * fit: what this machine allows of what was asked for.
 *
 * Errors     none: what cannot be found out is taken as allowed.
 */
#ifndef MXSWEEP_SCANNER_FIT_H
#define MXSWEEP_SCANNER_FIT_H

#include <stdint.h>

/* fit_threads returns how many workers to run: wanted, or one per processor if that is 0; at most
 * ENGINE_WORKERS_MAX. */
unsigned fit_threads(uint64_t wanted);

/* fit_in_flight returns this shard's part of `wanted` sessions at once (0: as many as fit), cut to
 * what descriptors allow beside `threads` workers, after raising the soft limit of descriptors as
 * far as it goes. 0: not even one; *needed is the limit that it takes. */
uint64_t fit_in_flight(uint64_t *needed, uint64_t wanted, unsigned threads, uint32_t num_shards,
                       uint32_t shard);

/* fit_descriptors_beside returns how many are needed beside those of sessions. */
uint64_t fit_descriptors_beside(unsigned threads);

/* fit_share returns this shard's part of a limit of the whole sweep: at least 1, if wanted is not
 * 0. */
uint64_t fit_share(uint64_t wanted, uint32_t num_shards, uint32_t shard);

/* fit_linear_syns returns this kernel's net.ipv4.tcp_syn_linear_timeouts; 0 where it has none. */
unsigned fit_linear_syns(void);

#endif
