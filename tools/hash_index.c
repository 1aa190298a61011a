#include "tools/hash_index.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CAP_MIN = 1 << 12 };

void hash_index_init(struct hash_index *x)
{
    *x = (struct hash_index){NULL, 0, 0};
}

void hash_index_cleanup(struct hash_index *x)
{
    free(x->slots);
    hash_index_init(x);
}

static bool is_empty(const struct hash_slot *slot)
{
    return (slot->hash[0] | slot->hash[1]) == 0;
}

/* the slot of a hash, or the empty one where it belongs */
static struct hash_slot *slot_of(struct hash_slot *slots, size_t cap, const uint64_t hash[2])
{
    size_t at = (size_t)hash[0] & (cap - 1);
    while (!is_empty(&slots[at]) && memcmp(slots[at].hash, hash, sizeof slots[at].hash) != 0)
        at = (at + 1) & (cap - 1);
    return &slots[at];
}

static int grow(struct hash_index *x)
{
    size_t cap = x->cap > 0 ? 2 * x->cap : CAP_MIN;
    struct hash_slot *slots = calloc(cap, sizeof *slots);
    if (slots == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < x->cap; i++)
        if (!is_empty(&x->slots[i]))
            *slot_of(slots, cap, x->slots[i].hash) = x->slots[i];
    free(x->slots);
    x->slots = slots;
    x->cap = cap;
    return 0;
}

int hash_index_put(struct hash_index *x, const uint8_t sha256[32], uint64_t value)
{
    struct hash_slot new = {.value = value};
    memcpy(new.hash, sha256, sizeof new.hash);
    if (4 * x->num >= 3 * x->cap && x->num < HASH_INDEX_MAX) {
        int rc = grow(x);
        if (rc != 0)
            return rc;
    }
    struct hash_slot *slot = slot_of(x->slots, x->cap, new.hash);
    if (is_empty(slot) && x->num == HASH_INDEX_MAX)
        return -ENOSPC;
    x->num += is_empty(slot);
    *slot = new;
    return 0;
}

bool hash_index_get(const struct hash_index *x, uint64_t *value, const uint8_t sha256[32])
{
    uint64_t hash[2];
    memcpy(hash, sha256, sizeof hash);
    const struct hash_slot *slot = x->cap > 0 ? slot_of(x->slots, x->cap, hash) : NULL;
    if (slot == NULL || is_empty(slot))
        return false;
    *value = slot->value;
    return true;
}

int hash_index_error(char *err, size_t err_len, int rc)
{
    if (rc == -ENOSPC)
        snprintf(err, err_len,
                 "more than %d distinct certificates or keys: export the files one by "
                 "one",
                 HASH_INDEX_MAX);
    else
        snprintf(err, err_len, "no memory for the certificates");
    return rc;
}
