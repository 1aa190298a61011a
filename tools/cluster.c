#include "tools/cluster.h"

#include <stdlib.h>

enum { CAP_MIN = 64 };

/* ---- what a cluster is ---- */

static uint64_t mix(uint64_t x)
{
    x ^= x >> 32;
    x *= UINT64_C(0xd6e8feb86659fd93);
    x ^= x >> 32;
    x *= UINT64_C(0xd6e8feb86659fd93);
    return x ^ x >> 32;
}

static uint64_t hash_of(struct bytes text)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
    for (size_t i = 0; i < text.len; i++)
        h = (h ^ text.data[i]) * UINT64_C(0x100000001b3);
    return mix(h);
}

uint64_t cluster_keywords(const struct extensions *k)
{
    uint64_t sum = 1;
    for (size_t i = 0; i < k->num; i++)
        sum += hash_of(bytes_of(k->list[i].text, k->list[i].len));
    return sum;
}

uint64_t cluster_greeting(struct bytes greeting_template)
{
    uint64_t hash = hash_of(greeting_template);
    return hash != 0 ? hash : 1;
}

struct cluster_key cluster_key_of(const uint8_t spki_sha256[32], uint64_t greeting,
                                  uint64_t keywords)
{
    uint64_t key[2] = {0};
    for (size_t i = 0; i < 16; i++)
        key[i / 8] = key[i / 8] << 8 | spki_sha256[i];
    return (struct cluster_key){key[0], key[1] + mix(greeting + mix(keywords))};
}

uint64_t cluster_number(struct cluster_key key)
{
    uint64_t number = mix(key.hi + mix(key.lo));
    return number != 0 ? number : 1;
}

/* ---- a table of them ---- */

void cluster_table_init(struct cluster_table *t)
{
    *t = (struct cluster_table){0};
    word_tally_init(&t->templates);
}

void cluster_table_clear(struct cluster_table *t)
{
    free(t->slots);
    t->slots = NULL;
    t->num = t->cap = 0;
}

void cluster_table_cleanup(struct cluster_table *t)
{
    free(t->slots);
    word_tally_cleanup(&t->templates);
    cluster_table_init(t);
}

uint64_t cluster_table_template(struct cluster_table *t, struct bytes greeting_template)
{
    t->bad |= word_tally_add(&t->templates, greeting_template, 0) == WORD_NONE;
    return cluster_greeting(greeting_template);
}

void cluster_sum(struct cluster *into, const struct cluster *c)
{
    into->targets += c->targets;
    into->pq |= c->pq;
}

static struct cluster *slot_of(struct cluster *slots, size_t cap, struct cluster_key key)
{
    size_t i = cluster_number(key) & (cap - 1);
    while (slots[i].targets > 0 && (slots[i].key.hi != key.hi || slots[i].key.lo != key.lo))
        i = (i + 1) & (cap - 1);
    return &slots[i];
}

/* makes room for num clusters; false without memory */
static bool reserve(struct cluster_table *t, size_t num)
{
    size_t cap = t->cap > 0 ? t->cap : CAP_MIN;
    while (cap < num + num / 3 + 1)
        cap *= 2;
    if (cap == t->cap)
        return true;
    struct cluster *slots = calloc(cap, sizeof slots[0]);
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

void cluster_table_add(struct cluster_table *t, const struct cluster *c)
{
    if (c->targets == 0)
        return;
    if (!reserve(t, t->num + 1)) {
        t->bad = true;
        return;
    }
    struct cluster *ours = slot_of(t->slots, t->cap, c->key);
    if (ours->targets == 0) {
        *ours = *c;
        t->num++;
        return;
    }
    cluster_sum(ours, c);
}

void cluster_table_merge(struct cluster_table *into, const struct cluster_table *from)
{
    word_tally_merge(&into->templates, &from->templates);
    into->bad |= from->bad || into->templates.bad;
    /* at once: those of a table come in the order of their slots, and would crowd at the beginning
     * of a smaller one */
    if (into->bad || !reserve(into, into->num + from->num)) {
        into->bad = true;
        return;
    }
    for (size_t i = 0; i < from->cap; i++)
        cluster_table_add(into, &from->slots[i]);
}
