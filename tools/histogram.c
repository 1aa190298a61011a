#include "tools/histogram.h"

#include <string.h>

enum { STEP_BITS = 6 }; /* log2 of HISTOGRAM_STEPS */

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

static double middle_of(size_t bin)
{
    if (bin < HISTOGRAM_STEPS)
        return (double)bin;
    unsigned shift = (unsigned)(bin / HISTOGRAM_STEPS) - 1;
    uint64_t first = (uint64_t)(bin % HISTOGRAM_STEPS + HISTOGRAM_STEPS) << shift;
    return (double)first + (double)((UINT64_C(1) << shift) - 1) / 2;
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
