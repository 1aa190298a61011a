#include "tools/histogram.h"

#include <string.h>

enum { STEP_BITS = 6, COARSE_STEP_BITS = 3 }; /* log2 of HISTOGRAM_STEPS and the coarse ones */

void histogram_init(struct histogram *h)
{
    memset(h, 0, sizeof *h);
}

static size_t bin_of(uint32_t us)
{
    if (us < HISTOGRAM_STEPS)
        return us;
    unsigned shift = 31u - (unsigned)__builtin_clz(us) - STEP_BITS;
    return (size_t)(shift + 1) * HISTOGRAM_STEPS + ((us >> shift) - HISTOGRAM_STEPS);
}

/* the smallest value of a bin; of the one behind the last, what no value reaches */
static uint64_t first_of(size_t bin)
{
    if (bin < HISTOGRAM_STEPS)
        return bin;
    unsigned shift = (unsigned)(bin / HISTOGRAM_STEPS) - 1;
    return (uint64_t)(bin % HISTOGRAM_STEPS + HISTOGRAM_STEPS) << shift;
}

static double middle_of(size_t bin)
{
    return (double)(first_of(bin) + first_of(bin + 1) - 1) / 2;
}

void histogram_add(struct histogram *h, uint32_t us, uint64_t count)
{
    h->bins[bin_of(us)] += count;
    h->count += count;
}

uint32_t histogram_round(uint32_t us)
{
    if (us < HISTOGRAM_STEPS)
        return us;
    unsigned shift = 31u - (unsigned)__builtin_clz(us) - STEP_BITS;
    return us >> shift << shift;
}

void histogram_merge(struct histogram *into, const struct histogram *from)
{
    for (size_t i = 0; i < HISTOGRAM_BINS; i++)
        into->bins[i] += from->bins[i];
    into->count += from->count;
}

double histogram_quantile(const struct histogram *h, unsigned per_mille)
{
    /* the rank of the nearest-rank method: ceil(count * share), at least 1; in halves, so that it
     * cannot overflow */
    uint64_t rank = h->count / 1000 * per_mille + (h->count % 1000 * per_mille + 999) / 1000;
    uint64_t seen = 0;
    for (size_t i = 0; i < HISTOGRAM_BINS; i++) {
        seen += h->bins[i];
        if (seen > 0 && seen >= rank)
            return middle_of(i);
    }
    return 0;
}

/* ---- bins that are shown ---- */

/* where the bin that is shown begins in which a value is */
static uint64_t coarse_of(uint64_t us)
{
    unsigned shift =
        us < HISTOGRAM_COARSE_STEPS ? 0 : 63u - (unsigned)__builtin_clzll(us) - COARSE_STEP_BITS;
    return us >> shift << shift;
}

static uint64_t coarse_end(uint64_t from_us)
{
    return from_us < HISTOGRAM_COARSE_STEPS
               ? from_us + 1
               : from_us +
                     (UINT64_C(1) << (63u - (unsigned)__builtin_clzll(from_us) - COARSE_STEP_BITS));
}

size_t histogram_bins(struct histogram_bin out[HISTOGRAM_COARSE_BINS], const struct histogram *h)
{
    size_t num = 0;
    for (size_t i = 0; i < HISTOGRAM_BINS; i++) {
        uint64_t from_us = coarse_of(first_of(i));
        if (h->bins[i] == 0)
            continue;
        if (num == 0 || out[num - 1].from_us != from_us)
            out[num++] = (struct histogram_bin){from_us, coarse_end(from_us), 0};
        out[num - 1].count += h->bins[i];
    }
    return num;
}

static void join_next(struct histogram_bin *bin, const struct histogram_bin *next)
{
    bin->to_us = next->to_us;
    bin->count += next->count;
}

size_t histogram_join(struct histogram_bin *bins, size_t num, uint64_t min)
{
    size_t kept = 0;
    for (size_t i = 0; i < num; i++)
        if (kept > 0 && bins[kept - 1].count < min)
            join_next(&bins[kept - 1], &bins[i]);
        else
            bins[kept++] = bins[i];
    if (kept > 1 && bins[kept - 1].count < min) {
        join_next(&bins[kept - 2], &bins[kept - 1]);
        kept--;
    }
    return kept;
}
