#include "tools/network_table.h"

#include <stdlib.h>

enum { CAP_MIN = 64 };

void network_table_cleanup(struct network_table *t)
{
    free(t->slots);
    *t = (struct network_table){0};
}

static size_t first_slot(size_t cap, uint64_t key)
{
    uint64_t h = (key ^ key >> 32) * UINT64_C(0xd6e8feb86659fd93);
    return (h ^ h >> 32) & (cap - 1);
}

static struct network *slot_of(struct network *slots, size_t cap, uint64_t key)
{
    size_t i = first_slot(cap, key);
    while (slots[i].targets > 0 && slots[i].key != key)
        i = (i + 1) & (cap - 1);
    return &slots[i];
}

static bool grow(struct network_table *t)
{
    size_t cap = t->cap > 0 ? 2 * t->cap : CAP_MIN;
    struct network *slots = calloc(cap, sizeof slots[0]);
    if (slots == NULL)
        return false;
    for (size_t i = 0; i < t->cap; i++)
        if (t->slots[i].targets > 0)
            *slot_of(slots, cap, t->slots[i].key) = t->slots[i];
    free(t->slots);
    t->slots = slots;
    t->cap = cap;
    return true;
}

void network_sum(struct network *into, const struct network *n)
{
    into->targets += n->targets;
    into->mixed |= n->mixed || n->leaf != into->leaf;
    into->own |= n->own;
}

void network_table_add(struct network_table *t, const struct network *n)
{
    if (n->targets == 0)
        return;
    if (2 * t->num >= t->cap && !grow(t)) {
        t->bad = true;
        return;
    }
    struct network *ours = slot_of(t->slots, t->cap, n->key);
    if (ours->targets == 0) {
        *ours = *n;
        t->num++;
        return;
    }
    network_sum(ours, n);
}

void network_table_near(const struct network_table *t, uint64_t key)
{
    if (t->cap > 0)
        __builtin_prefetch(&t->slots[first_slot(t->cap, key)]);
}

void network_table_merge(struct network_table *into, const struct network_table *from)
{
    for (size_t i = 0; i < from->cap; i++)
        network_table_add(into, &from->slots[i]);
    into->bad |= from->bad;
}
