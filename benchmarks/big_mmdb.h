/*
 * big_mmdb: databases in MaxMind's format for ranges of IPv4 addresses: a tree of version 6, with
 * records of 32 bits, as the makers have them.
 *
 * Sources    MaxMind DB File Format Specification, 2.0.
 */
#ifndef MXSWEEP_BENCHMARKS_BIG_MMDB_H
#define MXSWEEP_BENCHMARKS_BIG_MMDB_H

#include <stddef.h>
#include <stdint.h>

struct big_range {
    uint32_t first, last;
    uint32_t as_number;
    const char *country; /* two letters */
};

enum big_mmdb_kind { BIG_MMDB_COUNTRY, BIG_MMDB_AS };

/* big_mmdb_write writes the ranges, ascending and disjoint. */
void big_mmdb_write(const char *path, enum big_mmdb_kind kind, const struct big_range *ranges,
                    size_t num);

#endif
