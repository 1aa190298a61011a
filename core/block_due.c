#include "core/block_private.h"

#include <stdlib.h>

enum { HINTS_PER_SEGMENT = 4, HINTS_MAX = 1 << 20, SEGMENTS_FEW = 64 };

void due_init(struct due *d, const struct dataset_header *h, const struct target_space *space)
{
    *d = (struct due){.space = space,
                      .streamed = h->streamed,
                      .has_names = target_space_has_names(space)};
    if (!h->streamed)
        permutation_init(&d->perm, space->count, h->seed);
}

struct target due_at(const struct due *d, uint64_t position)
{
    if (d->streamed)
        return (struct target){.port = d->space->ports[position % d->space->num_ports]};
    return due_of(d, permutation_at(&d->perm, position));
}

static uint64_t hint_of(const struct due *d, uint64_t index)
{
    return index / d->space->num_ports >> d->hint_shift;
}

struct target due_of(const struct due *d, uint64_t index)
{
    if (d->hints == NULL)
        return target_space_at(d->space, index);
    uint64_t at = hint_of(d, index);
    size_t high = at + 1 < d->num_hints ? d->hints[at + 1] + (size_t)1 : d->space->num_segments;
    return target_space_between(d->space, index, d->hints[at], high);
}

void due_near_hint(const struct due *d, uint64_t index)
{
    if (d->hints != NULL)
        __builtin_prefetch(&d->hints[hint_of(d, index)]);
}

void due_near_segment(const struct due *d, uint64_t index)
{
    if (d->hints != NULL)
        __builtin_prefetch(&d->space->segments[d->hints[hint_of(d, index)]]);
}

void due_hint(struct due *d)
{
    const struct target_space *space = d->space;
    size_t max = space->num_segments * HINTS_PER_SEGMENT, segment = 0;
    max = max < HINTS_MAX ? max : HINTS_MAX;
    if (d->streamed || space->num_segments <= SEGMENTS_FEW)
        return;
    while ((space->num_addrs - 1) >> d->hint_shift >= max)
        d->hint_shift++;
    d->num_hints = (size_t)((space->num_addrs - 1) >> d->hint_shift) + 1;
    d->hints = malloc(d->num_hints * sizeof d->hints[0]);
    if (d->hints == NULL)
        return;
    for (size_t i = 0; i < d->num_hints; i++) {
        while (segment + 1 < space->num_segments &&
               space->segments[segment + 1].before <= (uint64_t)i << d->hint_shift)
            segment++;
        d->hints[i] = (uint32_t)segment;
    }
}

void due_cleanup(struct due *d)
{
    free(d->hints);
    d->hints = NULL;
}

bool due_holds(const struct due *d, const struct target *t, uint16_t port, const struct addr *addr,
               uint8_t cause, bool has_host)
{
    if (t->port != port)
        return false;
    if (!d->streamed && !t->named)
        return addr != NULL && addr_cmp(t->addr, *addr) == 0;
    return (addr != NULL) == cause_has_addr(cause) && (addr != NULL || !d->streamed || has_host);
}
