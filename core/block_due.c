#include "core/block_private.h"

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
    return target_space_at(d->space, permutation_at(&d->perm, position));
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
