/*
 * histogram: durations in fixed logarithmic bins, so that merged parts give what the whole would.
 *
 * Units      us.
 * Promise    below 64 us bins are exact; above, each power of two has 64 bins: a quantile is the
 *            middle of its bin, within 0.8 % of the value that sorting would give. Independent of
 *            order.
 * Ownership  plain value, no allocation. No errors.
 */
#ifndef MXSWEEP_TOOLS_HISTOGRAM_H
#define MXSWEEP_TOOLS_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

enum {
    HISTOGRAM_STEPS = 64, /* bins of one power of two */
    HISTOGRAM_BINS = HISTOGRAM_STEPS + (32 - 6) * HISTOGRAM_STEPS,
    HISTOGRAM_COARSE_STEPS = 8, /* of one power of two, of bins that are shown */
    HISTOGRAM_COARSE_BINS = HISTOGRAM_COARSE_STEPS + (32 - 3) * HISTOGRAM_COARSE_STEPS
};

struct histogram {
    uint64_t bins[HISTOGRAM_BINS];
    uint64_t count;
};

void histogram_init(struct histogram *h);
void histogram_add(struct histogram *h, uint32_t us, uint64_t count);

/* histogram_round returns the smallest value of the bin that a value is in. */
uint32_t histogram_round(uint32_t us);

void histogram_merge(struct histogram *into, const struct histogram *from);

/* histogram_quantile returns the value in us that `share` per mille of the count do not exceed; 0
 * if there is none. */
double histogram_quantile(const struct histogram *h, unsigned per_mille);

/* values from from_us on, to_us not included */
struct histogram_bin {
    uint64_t from_us, to_us, count;
};

/* histogram_bins writes the bins that are not empty, eight to each power of two, in ascending
 * order, and returns how many there are. */
size_t histogram_bins(struct histogram_bin out[HISTOGRAM_COARSE_BINS], const struct histogram *h);

/* histogram_join makes one bin of neighbours until each has min or more, or all are one; returns
 * how many are left. */
size_t histogram_join(struct histogram_bin *bins, size_t num, uint64_t min);

#endif
