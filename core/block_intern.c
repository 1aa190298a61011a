#include "core/block_intern.h"

#include <errno.h>
#include <openssl/siphash.h>
#include <stdlib.h>

struct intern_entry {
    uint64_t hash;
    size_t at;
    uint32_t len;
};

enum { FIRST_SLOTS = 256, FIRST_OCTETS = 4096 };

void intern_init(struct intern *t, const uint64_t key[2])
{
    *t = (struct intern){.key = {key[0], key[1]}};
}

void intern_cleanup(struct intern *t)
{
    free(t->octets);
    free(t->entries);
    free(t->slots);
    intern_init(t, t->key);
}

void intern_reset(struct intern *t)
{
    t->num = t->octets_len = 0;
    if (t->slots != NULL)
        memset(t->slots, 0, t->num_slots * sizeof *t->slots);
}

struct bytes intern_get(const struct intern *t, size_t id)
{
    return bytes_of(t->octets + t->entries[id].at, t->entries[id].len);
}

/* the slot where octets are, or the free one where they belong */
static uint32_t *find_slot(const struct intern *t, struct bytes octets, uint64_t hash)
{
    for (size_t i = hash & (t->num_slots - 1);; i = (i + 1) & (t->num_slots - 1)) {
        uint32_t *slot = &t->slots[i];
        if (*slot == 0 || (t->entries[*slot - 1].hash == hash &&
                           bytes_equal(intern_get(t, *slot - 1), octets)))
            return slot;
    }
}

/* twice as many slots, half of them free at the least */
static int grow_slots(struct intern *t)
{
    size_t num_slots = t->num_slots == 0 ? FIRST_SLOTS : 2 * t->num_slots;
    uint32_t *slots = calloc(num_slots, sizeof *slots);
    struct intern_entry *entries = realloc(t->entries, num_slots / 2 * sizeof *entries);
    if (entries != NULL)
        t->entries = entries;
    if (slots == NULL || entries == NULL) {
        free(slots);
        return -ENOMEM;
    }
    free(t->slots);
    t->slots = slots;
    t->num_slots = num_slots;
    t->entries_cap = num_slots / 2;
    for (size_t id = 0; id < t->num; id++) {
        size_t i = t->entries[id].hash & (num_slots - 1);
        while (slots[i] != 0)
            i = (i + 1) & (num_slots - 1);
        slots[i] = (uint32_t)id + 1;
    }
    return 0;
}

static int grow_octets(struct intern *t, size_t len)
{
    size_t cap = t->octets_cap == 0 ? FIRST_OCTETS : t->octets_cap;
    while (cap - t->octets_len < len)
        cap *= 2;
    uint8_t *octets = cap == t->octets_cap ? t->octets : realloc(t->octets, cap);
    if (octets == NULL)
        return -ENOMEM;
    t->octets = octets;
    t->octets_cap = cap;
    return 0;
}

int intern_add(struct intern *t, uint32_t *id, struct bytes octets)
{
    if (t->num == t->entries_cap && grow_slots(t) != 0)
        return -ENOMEM;
    uint64_t hash = SIPHASH_24(t->key, octets.data, octets.len);
    uint32_t *slot = find_slot(t, octets, hash);
    if (*slot == 0) {
        if (grow_octets(t, octets.len) != 0)
            return -ENOMEM;
        memcpy(t->octets + t->octets_len, octets.data, octets.len);
        t->entries[t->num] = (struct intern_entry){hash, t->octets_len, (uint32_t)octets.len};
        t->octets_len += octets.len;
        *slot = (uint32_t)++t->num;
    }
    *id = *slot - 1;
    return 0;
}
