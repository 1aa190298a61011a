#include "scanner/filter.h"

#include <errno.h>
#include <stdlib.h>

struct filter {
    _Atomic unsigned num_refs;
    const struct prefix_set *special, *allow;
    struct prefix_set block;
};

struct filter *filter_new(const struct prefix_set *special, struct prefix_set *block,
                          const struct prefix_set *allow)
{
    struct filter *f = malloc(sizeof *f);
    if (f == NULL) {
        prefix_set_cleanup(block);
    } else {
        f->special = special;
        f->allow = allow;
        f->block = *block;
        atomic_init(&f->num_refs, 1);
    }
    prefix_set_init(block);
    return f;
}

void filter_unref(struct filter *f)
{
    if (f == NULL || atomic_fetch_sub(&f->num_refs, 1) > 1)
        return;
    prefix_set_cleanup(&f->block);
    free(f);
}

bool filter_refuses(const struct filter *f, struct addr a)
{
    if (f == NULL)
        return false;
    return (f->special != NULL && addr_refused(f->special, a)) || addr_refused(&f->block, a) ||
           (f->allow != NULL && !prefix_set_contains(f->allow, a));
}

int filter_slot_init(struct filter_slot *slot, struct filter *first)
{
    if (pthread_mutex_init(&slot->lock, NULL) != 0)
        return -ENOMEM;
    slot->now = first;
    atomic_init(&slot->version, first != NULL ? 1 : 0);
    return 0;
}

void filter_slot_cleanup(struct filter_slot *slot)
{
    filter_unref(slot->now);
    pthread_mutex_destroy(&slot->lock);
}

void filter_slot_set(struct filter_slot *slot, struct filter *f)
{
    pthread_mutex_lock(&slot->lock);
    struct filter *old = slot->now;
    slot->now = f;
    atomic_fetch_add(&slot->version, 1);
    pthread_mutex_unlock(&slot->lock);
    filter_unref(old);
}

void filter_slot_get(struct filter_slot *slot, struct filter **mine, unsigned *version)
{
    if (atomic_load(&slot->version) == *version)
        return;
    pthread_mutex_lock(&slot->lock);
    struct filter *old = *mine;
    *mine = slot->now;
    *version = atomic_load(&slot->version);
    if (*mine != NULL)
        atomic_fetch_add(&(*mine)->num_refs, 1);
    pthread_mutex_unlock(&slot->lock);
    filter_unref(old);
}
