/*
 * block_column: a column of numbers as [base, plane, plane, ...]: the smallest number, and of each
 * number's distance from it the lowest octets of all, then the next octets of all, as many planes
 * as it takes. A column of equal numbers is [base].
 */
#ifndef MXSWEEP_CORE_BLOCK_COLUMN_H
#define MXSWEEP_CORE_BLOCK_COLUMN_H

#include "core/cbor.h"

/* values are unsigned, or two's complement where is_signed */
void column_put(struct cbor_writer *w, const uint64_t *values, size_t num, bool is_signed);

/* column_get reads num values into out; r is bad if there are not as many, or if one is out of
 * range. */
void column_get(struct cbor_reader *r, uint64_t *out, size_t num, bool is_signed);

#endif
