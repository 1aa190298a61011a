/*
 * block_bench: small sweeps, and blocks written by hand as hex, for tests of the block decoder.
 */
#ifndef MXSWEEP_TESTS_CORE_BLOCK_BENCH_H
#define MXSWEEP_TESTS_CORE_BLOCK_BENCH_H

#include "core/block_private.h"

enum { BENCH_NAMES = 4 };

struct bench {
    struct target_segment segments[BENCH_NAMES];
    struct bytes texts[1 + BENCH_NAMES];
    struct target_space space;
    struct addr sources[256];
    struct dataset_header header;
    struct permutation perm;
};

/* bench_init makes a sweep of num addresses from 10.0.0.0 on, one port, one shard. */
void bench_init(struct bench *b, uint64_t num);

/* bench_init_names makes one of BENCH_NAMES host names, bench_init_stream one that is streamed, with
 * ports 25 and 587. */
void bench_init_names(struct bench *b);
void bench_init_stream(struct bench *b);

/* bench_put_block writes a block of the keys and values that hex lists, and their number before
 * them. "@3" is the address of slot 3 as a byte string; "#" is a hash of 32 octets. */
void bench_put_block(struct cbor_writer *w, const struct bench *b, const char *hex);

/* a block by hand, and whether a decoder takes it */
struct bench_case {
    const char *name;
    bool good;
    const char *hex;
};

/* bench_check decodes the block of a case: as it says, and of a good one, no truncation. The decoded
 * block is left in out. */
void bench_check(struct block *out, const struct bench *b, const struct bench_case *c);

#endif
